"""A height field holds its raster, its transpose and their maxima, whatever the raster's shape."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.kernels import twins

from sarhad.kernels import prepare_heights
from sarhad.kernels.heights import PAD
from sarhad.kernels.library import VARIANTS, kernel, supported

SHAPES = [(1, 1), (5, 3), (64, 17), (300, 513), (513, 300), (257, 256)]


def blocks(plane: NDArray[np.float32], lines: int, side: int) -> NDArray[np.float32]:
    """Return the greatest height of each block, its first neighbours included, in plain numpy."""
    down, across = -(-lines // side), -(-plane.shape[1] // side)
    cut = [
        plane[i * side : min((i + 1) * side, lines) + 1, j * side : (j + 1) * side + 1].max()
        for i in range(down)
        for j in range(across)
    ]
    return np.array(cut).reshape(down, across)


@pytest.mark.parametrize("variant", list(filter(supported, VARIANTS)))
@pytest.mark.parametrize("shape", SHAPES)
def test_field_holds_raster_transpose_and_maxima(
    monkeypatch: pytest.MonkeyPatch, variant: str, shape: tuple[int, int]
) -> None:
    monkeypatch.setenv("SARHAD_KERNELS", variant)
    z = twins.hills(*shape, seed=1, void_share=0.1)
    with ThreadPoolExecutor(2) as threads:
        field = prepare_heights(z, executor=threads)
    assert field.voids == np.isnan(z).sum()
    for raster, arrays in ((z, field.arrays[:4]), (z.T, field.arrays[4:])):
        lines, places = raster.shape
        plane, small, fine, coarse = arrays
        held = np.where(np.isnan(raster), np.float32(-1e30), raster)
        assert np.array_equal(plane[:lines, PAD : PAD + places], held)
        assert np.array_equal(plane[lines], plane[lines - 1])
        assert np.array_equal(small, blocks(plane, lines, 4))
        assert np.array_equal(fine, blocks(plane, lines, 16))
        assert np.array_equal(coarse, blocks(plane, lines, 128))


@pytest.mark.parametrize("cut", [np.s_[::-1], np.s_[:, ::2], np.s_[::3, 5:]])
def test_views_of_a_raster_are_taken_as_they_are(cut: tuple[slice, slice]) -> None:
    z = twins.hills(40, 50)[cut]
    assert np.array_equal(prepare_heights(z).z, z)


def test_infinite_heights_are_voids() -> None:
    z = np.array([[1, np.inf], [-np.inf, np.nan]], np.float32)
    assert prepare_heights(z).voids == 3


@pytest.mark.parametrize(
    "z", [np.zeros((3, 3)), np.zeros((0, 3), np.float32), np.zeros(3, np.float32)]
)
def test_what_is_no_raster_is_refused(z: NDArray[np.float32]) -> None:
    with pytest.raises(ValueError, match="float32 raster of at least one cell"):
        prepare_heights(z)


def test_raster_beyond_the_machines_memory_is_refused_at_once() -> None:
    huge = np.broadcast_to(np.float32(0), (10**7, 10**7))
    with pytest.raises(MemoryError, match=r"10000000 x 10000000 cells takes .* prepare windows"):
        prepare_heights(huge)


@pytest.mark.parametrize("name", ["sse9", "AVX2"])
def test_unknown_variant_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("SARHAD_KERNELS", name)
    with pytest.raises(ValueError, match="SARHAD_KERNELS must be one of avx2, portable"):
        kernel("fill_rows")
