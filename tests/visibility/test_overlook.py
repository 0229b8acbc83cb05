"""From how high a cell is seen: the curve of the earth, and agreement with exact sight lines."""

import numpy as np
import pytest
from tests.visibility.flatland import draw_line, lay_land

from sarhad.scenario import DetectionSettings
from sarhad.terrain import elevation_at
from sarhad.visibility import SamplePoints, overlook_cell, sample_targets, sight_from


def one_point(east_m, north_m, ground_m=0.0):
    places = (np.array([value], float) for value in (east_m, north_m, ground_m))
    return SamplePoints(*places, cell=np.zeros(1, np.int32), cells=1, dropped=0)


def test_flat_earth_asks_for_the_height_of_the_horizon():
    # A target of 2 m is over the horizon sqrt(2 R 2) = 5,048 m away; beyond it, at d,
    # (d - 5,048)^2 / (2 R) is needed: at 10,000 m 1.92 m.
    land = lay_land()
    over = overlook_cell(one_point(-6050, 50), 0, land, 12_000.0, 2.0, 0.0)
    assert over.at(-1550, 50) == 0
    assert over.at(3950, 50) == pytest.approx((10_000 - 5048) ** 2 / (2 * 6_371_000), abs=0.03)
    assert over.at(6050, 50) == np.inf


def hills(east_m, north_m):
    return 80 * np.sin(east_m / 900) * np.cos(north_m / 700)


HILLS = lay_land(hills, cell_m=50.0, half_m=6000.0)


def test_least_heights_agree_with_exact_sight_lines():
    ground_m = float(elevation_at(HILLS, [25.0], [-25.0])[0])
    over = overlook_cell(one_point(25.0, -25.0, ground_m), 0, HILLS, 3000.0, 1.5, 0.13)
    rng = np.random.default_rng(8)
    places = np.round(rng.uniform(-55, 55, (1500, 2))) * 50 + 25
    least_m = over.at(*places.T)
    known = np.isfinite(least_m) & (least_m > 0)
    target = np.array([[25.0, -25.0, ground_m + 1.5]])
    below, above = (
        sight_from(
            np.column_stack([places, elevation_at(HILLS, *places.T) + least_m * share + more_m])[
                known
            ],
            target,
            HILLS,
            3000.0,
            0.13,
        ).in_sight
        for share, more_m in ((0.9, -0.5), (1.1, 0.5))
    )
    assert known.sum() > 300
    assert above.mean() > 0.99
    assert below.mean() < 0.01


def test_seeing_the_whole_cell_asks_for_no_less_than_seeing_some_of_it():
    _, cells, plane = draw_line(HILLS, ((-5000.0, 0.0), (5000.0, 0.0)))
    points = sample_targets(cells, plane, HILLS, DetectionSettings())
    some, whole = (
        overlook_cell(points, 4, HILLS, 2500.0, 1.5, 0.13, whole=whole).height_m
        for whole in (False, True)
    )
    assert (whole >= some).all()
    assert np.isfinite(some).sum() > np.isfinite(whole).sum() > 0


def test_cell_without_points_is_refused():
    with pytest.raises(ValueError, match="cell 1 has no sample point"):
        overlook_cell(one_point(0, 0), 1, HILLS, 100.0, 1.5, 0.13)


@pytest.mark.parametrize("range_m", [0.0, np.nan, np.inf])
def test_range_that_is_none_is_refused(range_m):
    with pytest.raises(ValueError, match="range_m is finite and above 0"):
        overlook_cell(one_point(0, 0), 0, HILLS, range_m, 1.5, 0.13)
