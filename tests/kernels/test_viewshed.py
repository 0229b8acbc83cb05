"""Witnesses: a slow twin, all sight lines, flat earth, a ridge by hand, the horizon, GDAL."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from benchmarks.sight_peers import GdalRaster, PeerMissingError
from numpy.typing import NDArray
from tests.kernels import twins

from sarhad.kernels import prepare_heights, sight_clearance, viewshed_counts, viewsheds
from sarhad.kernels.library import VARIANTS, supported

EAST_M, NORTH_M = twins.SIDES_M
HERE = [variant for variant in VARIANTS if supported(variant)]


def view(z: NDArray[np.float32], place: tuple[int, int], **given: Any) -> NDArray[np.bool_]:
    words = {"eye": 2.0, "target": 0.0, "reach": 1e5, "east": EAST_M, "north": NORTH_M}
    words |= {"refraction": twins.REFRACTION} | given
    order = [words.pop(w) for w in ("eye", "target", "reach", "east", "north", "refraction")]
    field = prepare_heights(z)
    [window] = viewsheds(field, [place[0]], [place[1]], *order, **words)  # type: ignore[arg-type]
    return window.on_raster((field.rows, field.columns))


@pytest.mark.parametrize("variant", HERE)
@pytest.mark.parametrize(
    ("seed", "place"), list(enumerate([(22, 30), (0, 0), (44, 60), (10, 59), (1, 31), (40, 2)]))
)
def test_exact_view_equals_the_twin(
    monkeypatch: pytest.MonkeyPatch, variant: str, seed: int, place: tuple[int, int]
) -> None:
    monkeypatch.setenv("SARHAD_KERNELS", variant)
    z = twins.hills(45, 61, seed, void_share=0.03 * (seed % 2))
    z[place] = 510
    target = 1.7 * (seed % 3)
    found = view(z, place, eye=3.0, target=target, reach=1400.0, exact=True)
    assert np.array_equal(found, twins.viewshed(z, place, 3.0, target, 1400.0))


@pytest.mark.parametrize("variant", HERE)
@pytest.mark.parametrize("place", [(350, 350), (3, 690), (600, 20)])
def test_exact_view_equals_its_sight_lines_in_mountains(
    monkeypatch: pytest.MonkeyPatch, variant: str, place: tuple[int, int]
) -> None:
    monkeypatch.setenv("SARHAD_KERNELS", variant)
    z = twins.mountains(700)
    found = view(z, place, eye=10.0, target=1.7, reach=9e3, exact=True)
    rows, columns = np.indices(z.shape)
    near = np.hypot((rows - place[0]) * NORTH_M, (columns - place[1]) * EAST_M) <= 9e3
    near[place] = False
    tops = np.column_stack([*np.nonzero(near), z[near].astype(float) + 1.7])
    eye = np.array([[*place, float(z[place]) + 10.0]])
    pairs = np.column_stack([np.zeros(len(tops), np.int32), np.arange(len(tops), dtype=np.int32)])
    clear = sight_clearance(prepare_heights(z), eye, tops, pairs, EAST_M, NORTH_M, 0.13)
    assert np.array_equal(found[near], clear >= 0)
    assert 0.001 < found[near].mean() < 0.9


@pytest.mark.parametrize("rays", [2, 3])
@pytest.mark.parametrize("exact", [False, True])
def test_variants_and_skipping_give_the_same_bits(
    monkeypatch: pytest.MonkeyPatch, rays: int, exact: bool
) -> None:
    z = twins.mountains(400, 3)
    z[100:120, 200:260] = np.nan
    rows, columns = np.random.default_rng(0).integers(0, 90, (2, 8)) * 4 + 1
    field = prepare_heights(z)
    place = (field, rows, columns, 5.0, 1.7, 9e3, 30.0, 41.0, 0.13)
    bits = []
    for variant in HERE:
        monkeypatch.setenv("SARHAD_KERNELS", variant)
        for skip in (True, False):
            found = viewsheds(*place, rays_per_cell=rays, skip=skip, exact=exact)
            bits.append(np.array([window.bits for window in found]))
    assert all(np.array_equal(bits[0], other) for other in bits[1:])


def test_fast_view_is_within_the_promised_share_of_exact() -> None:
    field = prepare_heights(twins.mountains(900, 5))
    rows, columns = np.random.default_rng(1).integers(300, 600, (2, 10))
    place = (field, rows, columns, 10.0, 1.7, 9e3, 30.0, 30.0, 0.13)
    fast, exact = viewsheds(*place), viewsheds(*place, exact=True)
    off = [(a.unpack() != b.unpack()).mean() for a, b in zip(fast, exact, strict=True)]
    assert np.mean(off) <= 0.0006


def test_flat_earth_is_all_in_view() -> None:
    flat = np.full((50, 70), 100, np.float32)
    assert view(flat, (20, 30), eye=1.0, refraction=1.0, reach=1e7).all()


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize(("target", "seen"), [(29.9, False), (30.1, True)])
def test_one_ridge_hides_what_lies_below_its_shadow(target: float, seen: bool, exact: bool) -> None:
    # Eye 10 m, ridge 20 m high 10 cells away: the line rises 1 m per cell, to 30 m at 20 cells.
    z = np.zeros((1, 31), np.float32)
    z[0, 10] = 20
    assert view(z, (0, 0), eye=10.0, target=target, refraction=1.0, exact=exact)[0, 20] == seen


@pytest.mark.parametrize("refraction", [0.0, 0.13])
def test_horizon_distance_follows_the_formula(refraction: float) -> None:
    # An eye h above a smooth sphere sees the ground to sqrt(2 R h / (1 - k)): 17.1 km for 20 m.
    sea = np.zeros((3, 1000), np.float32)
    cells = view(sea, (1, 0), eye=20.0, east=30.0, refraction=refraction, exact=True)[1].sum()
    horizon_m = math.sqrt(2 * twins.EARTH_RADIUS_M * 20 / (1 - refraction))
    assert cells * 30.0 == pytest.approx(horizon_m, abs=60)


def test_sight_between_equal_heights_is_symmetric() -> None:
    z = twins.mountains(200, 8)
    places = [tuple(p) for p in np.random.default_rng(3).integers(0, 200, (25, 2))]
    views = [view(z, p, eye=4.0, target=4.0, exact=True) for p in places]
    there = np.array([[seen[q] for q in places] for seen in views])
    assert np.array_equal(there, there.T)
    assert 0.05 < there.mean() < 0.95


@pytest.mark.parametrize(
    "flip", [(slice(None, None, -1), slice(None)), (slice(None), slice(None, None, -1))]
)
def test_mirrored_ground_gives_the_mirrored_view(flip: tuple[slice, slice]) -> None:
    z = twins.mountains(151, 6)
    mirrored = view(np.ascontiguousarray(z[flip]), (75, 75), exact=True)
    assert np.array_equal(mirrored[flip], view(z, (75, 75), exact=True))


def test_counts_are_the_sum_of_the_windows() -> None:
    z = twins.mountains(200, 4)
    rows, columns = np.random.default_rng(0).integers(0, 200, (2, 37))
    place = (prepare_heights(z), rows, columns, 5.0, 1.7, 2500.0, 30.0, 40.0, 0.13)
    with ThreadPoolExecutor(3) as threads:
        counts = viewshed_counts(*place, executor=threads)
        windows = list(viewsheds(*place, executor=threads))
    total = np.sum([w.on_raster(z.shape).astype(int) for w in windows], axis=0)
    assert np.array_equal(counts, total)
    assert [(w.row, w.column) for w in windows] == list(zip(rows, columns, strict=True))


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (1, 200), (130, 1), (17, 16)])
def test_ten_thousand_kilometres_over_a_tiny_raster(shape: tuple[int, int]) -> None:
    z = twins.hills(*shape)
    place = shape[0] // 2, shape[1] // 2
    assert np.array_equal(
        view(z, place, reach=1e7, exact=True), twins.viewshed(z, place, 2.0, 0.0, 1e7)
    )
    assert view(z, place, reach=1e7)[place]


def test_range_zero_sees_its_own_cell_only() -> None:
    assert np.argwhere(view(twins.hills(5, 5), (2, 2), reach=0.0)).tolist() == [[2, 2]]


def test_voids_neither_block_nor_are_seen() -> None:
    z = np.zeros((1, 31), np.float32)
    z[0, 10] = np.nan
    seen = view(z, (0, 0), refraction=1.0, exact=True)[0]
    assert np.nonzero(~seen)[0].tolist() == [10]


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (r"observer 0 \(row -1, column 1\) is outside the raster of 20 x 20", {"row": -1}),
        ("outside", {"column": 20}),
        (r"observer 0 \(row 3, column 3\) stands in a void", {"row": 3, "column": 3}),
        ("at least 0 m above ground, not -1.0 m", {"eye": -1.0}),
        ("above ground", {"eye": math.nan}),
        ("target_height_m", {"target": -1.0}),
        ("range_m", {"reach": -1.0}),
        ("range_m", {"reach": math.nan}),
        ("range_m", {"reach": math.inf}),
        ("sides above 0", {"east": 0.0}),
        ("refraction", {"refraction": 2.0}),
        ("rays_per_cell", {"rays_per_cell": 1}),
    ],
)
def test_nonsense_is_refused_with_the_rule(words: str, given: dict[str, Any]) -> None:
    z = twins.hills(20, 20)
    z[3, 3] = np.nan
    place = given.pop("row", 1), given.pop("column", 1)
    with pytest.raises(ValueError, match=words):
        view(z, place, **given)


def test_gdal_agrees_within_its_known_difference() -> None:
    # GDAL's viewshed carries heights from ring to ring: 0.3 % of cells off exact R3, ours none.
    z = twins.mountains(500, 12, relief_m=300.0)
    try:
        peer = GdalRaster(z, 30.0)
    except PeerMissingError as missing:
        pytest.skip(str(missing))
    for place in ((250, 250), (200, 310)):
        theirs = peer.viewshed(*place, 10.0, 1.7, 4500.0)
        ours = view(z, place, eye=10.0, target=1.7, reach=4500.0, east=30.0, north=30.0, exact=True)
        assert 0.01 < ours.mean() < 0.5
        assert (theirs != ours).mean() <= 0.005
