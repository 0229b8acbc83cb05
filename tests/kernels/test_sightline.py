"""Witnesses: a slow twin on any raster, symmetry, a ridge by hand, GDAL's line of sight."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.sight_peers import GdalRaster, PeerMissingError
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.kernels import twins

from sarhad.kernels import pairs_within, prepare_heights, sight_clearance
from sarhad.kernels.library import VARIANTS, supported

SIGHT = (*twins.SIDES_M, twins.REFRACTION)


def points(z: NDArray[np.float32], count: int, seed: int) -> NDArray[np.float64]:
    """Return points above the raster, every third one over a cell's centre."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, np.array(z.shape) - 1, (count, 2))
    places[::3] = np.round(places[::3])
    ground = np.nanmean(z)
    return np.column_stack([places, rng.normal(ground + 5, 15, count)])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 10**6))
def test_clearance_equals_the_twin_on_any_raster(rows: int, columns: int, seed: int) -> None:
    z = twins.hills(rows, columns, seed, 0.05)
    z[0, 0] = 500
    field, ends = prepare_heights(z), points(z, 12, seed)
    pairs = np.random.default_rng(seed).integers(0, 12, (30, 2))
    found = sight_clearance(field, ends, ends, pairs, *SIGHT)
    sign = sight_clearance(field, ends, ends, pairs, *SIGHT, only_sign=True)
    padded = np.pad(z, ((0, 1), (0, 1)), mode="edge")
    for (a, b), clear, free in zip(pairs, found, sign, strict=True):
        if not np.isnan(clear):
            assert clear == pytest.approx(twins.clearance(padded, ends[a], ends[b]), abs=1e-4)
            assert (clear < 0) == (free < 0)


def test_variants_give_the_same_clearances(monkeypatch: pytest.MonkeyPatch) -> None:
    z = twins.mountains(600, 2)
    ends, pairs = points(z, 200, 0), np.random.default_rng(0).integers(0, 200, (20_000, 2))
    ends[:, 2] += 600
    found = []
    for variant in filter(supported, VARIANTS):
        monkeypatch.setenv("SARHAD_KERNELS", variant)
        found.append(sight_clearance(prepare_heights(z), ends, ends, pairs, *SIGHT))
    assert all(np.array_equal(found[0], other, equal_nan=True) for other in found[1:])
    assert 0.1 < (found[0] < 0).mean() < 0.9


def test_long_lines_through_all_levels_of_blocks_equal_the_twin() -> None:
    # 1,500 cells cross twelve coarse blocks; heights near the ground make pruning work hard.
    z = twins.mountains(1500, 9, relief_m=300.0)
    rng = np.random.default_rng(4)
    ends = np.column_stack([rng.integers(0, 1500, (60, 2)), np.zeros(60)]).astype(float)
    ends[:, 2] = z[ends[:, 0].astype(int), ends[:, 1].astype(int)] + rng.uniform(2, 300, 60)
    pairs = rng.integers(0, 60, (150, 2))
    found = sight_clearance(prepare_heights(z), ends, ends, pairs, *SIGHT)
    right = [twins.clearance(z, ends[a], ends[b]) for a, b in pairs]
    assert np.allclose(found, right, rtol=1e-6, atol=1e-4)
    assert np.array_equal(found < 0, np.array(right) < 0)


def test_sight_is_symmetric() -> None:
    z = twins.mountains(300, 7)
    ends, pairs = points(z, 400, 2), np.random.default_rng(2).integers(0, 400, (5000, 2))
    ends[:, 2] += np.random.default_rng(3).uniform(0, 900, 400)
    there, back = (
        sight_clearance(prepare_heights(z), ends, ends, way, *SIGHT)
        for way in (pairs, pairs[:, ::-1])
    )
    assert np.allclose(there, back, atol=1e-4)
    assert np.array_equal(there < 0, back < 0)


def test_clearance_over_one_ridge_by_hand() -> None:
    # From 10 m to 40 m over 30 cells the line stands at 20 m above the ridge's cell, 10 cells on.
    z = np.zeros((1, 31), np.float32)
    z[0, 10] = 17.5
    ends = np.array([[0, 0, 10], [0, 30, 40]], float)
    [clear] = sight_clearance(prepare_heights(z), ends, ends, np.array([[0, 1]]), 30.0, 30.0, 1.0)
    assert clear == pytest.approx(2.5)


def test_round_earth_lowers_the_middle_of_a_line_by_the_formula() -> None:
    # Half way between the ends of a chord of length L the earth stands L^2 (1 - k) / (8 R) higher.
    z = np.zeros((1, 1001), np.float32)
    ends = np.array([[0, 0, 50], [0, 1000, 50]], float)
    [clear] = sight_clearance(prepare_heights(z), ends, ends, np.array([[0, 1]]), 30.0, 30.0, 0.13)
    assert clear == pytest.approx(50 - 30_000**2 * 0.87 / (8 * 6_371_000), abs=1e-4)


def test_target_above_the_rasters_edge_is_reached_and_one_beyond_is_not() -> None:
    z = np.zeros((9, 9), np.float32)
    ends = np.array([[4, 4, 20], [0, 0, 20], [8, 8, 20], [8.0001, 4, 20], [4, -0.0001, 20]])
    pairs = np.array([[0, i] for i in range(1, 5)])
    clear = sight_clearance(prepare_heights(z), ends, ends, pairs, *SIGHT)
    assert clear[:2] == pytest.approx(20, abs=0.01)
    assert np.isnan(clear[2:]).all()


@pytest.mark.parametrize(
    "point", [(4, 4, 600), (3.5, 4, 600), (9, 1, 600), (np.nan, 1, 600), (1, 1, np.nan)]
)
def test_points_outside_in_voids_or_without_height_have_no_clearance(
    point: tuple[float, float, float],
) -> None:
    z = twins.hills(9, 9)
    z[4, 4] = np.nan
    ends = np.array([[1, 2, 600], point])
    field = prepare_heights(z)
    assert np.isnan(sight_clearance(field, ends, ends, np.array([[0, 1], [1, 0]]), *SIGHT)).all()


def test_pairs_within_are_those_within() -> None:
    rng = np.random.default_rng(5)
    eyes, tops = rng.uniform(0, 100, (40, 3)), rng.uniform(0, 100, (70, 3))
    east, north = ((tops[None, :, i] - eyes[:, None, i]) for i in (1, 0))
    near = np.hypot(east * 30, north * 25) <= 700
    assert pairs_within(eyes, tops, 700.0, 30.0, 25.0).tolist() == np.argwhere(near).tolist()


@pytest.mark.parametrize(
    ("words", "pairs"),
    [
        ("observers below 2", np.array([[2, 0]])),
        ("targets below 2", np.array([[0, -1]])),
        ("whole numbers", np.array([[0.0, 1.0]])),
        ("shape", np.array([0, 1])),
    ],
)
def test_pairs_that_name_no_point_are_refused(words: str, pairs: NDArray[np.int32]) -> None:
    ends = np.zeros((2, 3))
    with pytest.raises(ValueError, match=words):
        sight_clearance(prepare_heights(twins.hills(5, 5)), ends, ends, pairs, *SIGHT)


def test_gdals_line_of_sight_agrees_but_for_grazing_lines() -> None:
    # GDAL follows cells instead of interpolating between them: lines that graze may differ.
    z = twins.mountains(400, 13, relief_m=300.0)
    try:
        peer = GdalRaster(z, 30.0)
    except PeerMissingError as missing:
        pytest.skip(str(missing))
    rng = np.random.default_rng(1)
    ends = np.column_stack([rng.integers(0, 400, (300, 2)), np.zeros(300)]).astype(float)
    ends[:, 2] = z[ends[:, 0].astype(int), ends[:, 1].astype(int)] + 20.0
    pairs = rng.integers(0, 300, (3000, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    clear = sight_clearance(prepare_heights(z), ends, ends, pairs, 30.0, 30.0, 1.0)
    theirs = np.array([peer.in_sight(ends[a], ends[b]) for a, b in pairs])
    assert ((clear >= 0) == theirs).mean() > 0.98
    far_off = np.abs(clear) > 25
    assert np.array_equal((clear >= 0)[far_off], theirs[far_off])
