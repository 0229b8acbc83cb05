"""Sight lines: the horizon, a ridge by hand, and windows that change nothing."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.visibility.flatland import lay_land

from sarhad.visibility import sight_from, sightlines
from sarhad.visibility.sightlines import group_pairs

FLAT = lay_land()


def ends(*rows):
    return np.array(rows, np.float64)


# Two points h1 and h2 above a bare round earth see each other to sqrt(2 R' h1) + sqrt(2 R' h2) with
# R' = R / (1 - k): without refraction, 2 m and 2 m: 2 x sqrt(2 x 6,371,000 x 2) = 10,096 m.
@pytest.mark.parametrize(("refraction", "horizon_m"), [(0.0, 10_096.1), (0.13, 10_824.0)])
def test_flat_earth_hides_what_lies_beyond_the_horizon(refraction, horizon_m):
    along = np.arange(9000.0, 12_000.0, 10.0)
    targets = np.column_stack([along - 6000, np.full(along.size, 50.0), np.full(along.size, 2.0)])
    lines = sight_from(ends((-6000, 50, 2)), targets, FLAT, 20_000.0, refraction)
    farthest_m = lines.distance_m[lines.in_sight].max()
    # The terrain is looked at every 100 m: at worst 50 m from the tangent point, 0.2 mm too low.
    assert farthest_m == pytest.approx(horizon_m, abs=15)


# A wall of 30 m half-way over 4 km. Eyes at 10 m and a target at h: the line passes the middle at
# (10 + h) / 2 - 4000^2 / (8 R) = (10 + h) / 2 - 0.314 m (no refraction): free from h = 50.63 m.
@pytest.mark.parametrize(("target_m", "clearance_m"), [(50.0, -0.314), (51.0, 0.186), (70, 9.686)])
def test_one_ridge_by_hand(target_m, clearance_m):
    land = lay_land(lambda east, north: np.where(np.abs(east - 50) < 1, 30.0, 0 * north))
    lines = sight_from(ends((-1950, 50, 10)), ends((2050, 50, target_m)), land, 5000.0, 0.0)
    assert float(lines.clearance_m[0]) == pytest.approx(clearance_m, abs=0.001)


def rolling(east_m, north_m):
    return 60 * np.sin(east_m / 900) * np.cos(north_m / 700) + 25 * np.sin((east_m + north_m) / 333)


HILLS = lay_land(rolling)


def scattered(seed, count, above_m):
    rng = np.random.default_rng(seed)
    places = rng.uniform(-12_000, 12_000, (count, 2))
    return np.column_stack([places, rolling(*places.T) + above_m])


def test_windows_and_threads_change_no_sight_line(monkeypatch):
    observers, targets = scattered(1, 80, 30.0), scattered(2, 120, 5.0)
    whole = sight_from(observers, targets, HILLS, 6000.0, 0.13)
    monkeypatch.setattr(sightlines, "WINDOW_CELLS", 6000)
    assert max(g.cells for g in group_pairs(observers, targets, HILLS, 6000.0)) <= 6000
    with ThreadPoolExecutor(2) as executor:
        parts = sight_from(observers, targets, HILLS, 6000.0, 0.13, executor=executor)
    orders = [np.lexsort((lines.target, lines.observer)) for lines in (whole, parts)]
    for name in ("observer", "target", "clearance_m", "distance_m"):
        one, other = (getattr(w, name)[o] for w, o in zip((whole, parts), orders, strict=True))
        np.testing.assert_array_equal(one, other)


def test_pairs_are_all_within_the_range_and_none_is_missed():
    observers, targets = scattered(3, 60, 2.0), scattered(4, 90, 2.0)
    lines = sight_from(observers, targets, HILLS, 3000.0, 0.13)
    apart_m = np.hypot(*(observers[:, None, :2] - targets[None, :, :2]).transpose(2, 0, 1))
    expected = set(map(tuple, np.argwhere(apart_m <= 3000.0)))
    assert set(zip(lines.observer, lines.target, strict=True)) == expected


@given(st.integers(0, 10_000), st.floats(500, 5000), st.floats(0, 5000))
@settings(max_examples=25, deadline=None)
def test_a_longer_range_never_shows_less(seed, range_m, more_m):
    observers, targets = scattered(seed, 15, 10.0), scattered(seed + 1, 15, 5.0)
    short, long = (
        sight_from(observers, targets, HILLS, reach_m, 0.13)
        for reach_m in (range_m, range_m + more_m)
    )
    seen = [
        {*zip(w.observer[w.in_sight], w.target[w.in_sight], strict=True)} for w in (short, long)
    ]
    assert seen[0] <= seen[1]


def test_sight_of_equal_heights_is_mutual():
    points = scattered(7, 60, 20.0)
    lines = sight_from(points, points, HILLS, 5000.0, 0.13)
    seen = {*zip(lines.observer[lines.in_sight], lines.target[lines.in_sight], strict=True)}
    assert {(target, observer) for observer, target in seen} == seen


def test_progress_ends_with_all_pairs():
    told = []
    observers, targets = scattered(5, 40, 2.0), scattered(6, 40, 2.0)
    lines = sight_from(
        observers, targets, HILLS, 4000.0, 0.13, progress=lambda *done: told.append(done)
    )
    assert told[-1] == (len(lines.observer), len(lines.observer))
    assert told == sorted(told)


def test_no_range_means_no_sight_line_between_different_places():
    lines = sight_from(ends((0, 0, 1)), ends((10, 0, 1)), FLAT, 0.0, 0.13)
    assert len(lines.observer) == 0


def test_point_outside_the_land_is_not_in_sight():
    lines = sight_from(ends((15_000, 50, 9)), ends((17_000, 50, 9)), FLAT, 9000.0, 0.13)
    assert np.isnan(lines.clearance_m).all()
    assert not lines.in_sight.any()


@pytest.mark.parametrize("range_m", [np.nan, np.inf, -1.0])
def test_range_that_is_none_is_refused(range_m):
    with pytest.raises(ValueError, match="range_m is finite and at least 0"):
        sight_from(ends((0, 0, 1)), ends((9, 9, 1)), FLAT, range_m, 0.13)


def test_not_a_number_is_refused_as_a_point():
    with pytest.raises(ValueError, match="points are finite"):
        sight_from(ends((0, np.nan, 1)), ends((9, 9, 1)), FLAT, 100.0, 0.13)


def test_sight_line_across_a_continent_is_refused():
    far = ends((2e6, 2e6, 1e5))
    with pytest.raises(ValueError, match="shorten the range or take larger terrain cells"):
        sight_from(ends((0, 0, 1)), far, FLAT, 1e7, 0.13)
