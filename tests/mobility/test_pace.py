import numpy as np
import pytest
from tests.mobility.made_land import degrees_of, make_land, make_terrain

from sarhad.mobility.pace import (
    FLAT_KM_H,
    Pace,
    friction,
    pace_of,
    reference_km_h,
    tobler_km_h,
)
from sarhad.scenario import Movement


def test_tobler_printed_speed_on_flat_ground_is_5_037_km_h():
    # Tobler (1993): "on flat terrain this works out to 5.037 km/hr".
    assert tobler_km_h(0.0) == pytest.approx(5.037, abs=5e-4)


def test_tobler_is_fastest_at_6_km_h_down_a_slope_of_2_86_degrees():
    slopes = np.tan(np.radians(np.linspace(-20, 20, 40_001)))
    fastest = slopes[tobler_km_h(slopes).argmax()]
    assert np.degrees(np.arctan(fastest)) == pytest.approx(-2.862, abs=0.002)
    assert tobler_km_h(slopes).max() == pytest.approx(6.0, abs=1e-3)


def test_a_pace_keeps_the_units_speed_on_flat_ground():
    assert 1 / Pace("foot", 4.5).seconds_per_metre(0.0) == pytest.approx(4.5 / 3.6)


def test_going_up_takes_longer_than_going_down():
    pace = Pace("horse", 8.0)
    assert pace.seconds_per_metre(0.2) > pace.seconds_per_metre(-0.2)


def test_horses_are_a_quarter_faster_than_people():
    assert reference_km_h("horse") == pytest.approx(1.25 * FLAT_KM_H)


def test_vehicles_go_the_same_up_and_down_and_keep_a_fifth_of_their_speed():
    pace = pace_of("vehicle", 50.0, Movement())
    assert pace.seconds_per_metre(0.1) == pace.seconds_per_metre(-0.1)
    assert pace.seconds_per_metre(5.0) == pytest.approx(5 * pace.seconds_per_metre(0.0))


@pytest.mark.parametrize("speed", [0.0, -1.0, np.inf, np.nan])
def test_a_speed_is_finite_and_above_zero(speed):
    with pytest.raises(ValueError, match="flat_km_h"):
        Pace("foot", speed)


def test_a_pace_of_a_boat_is_refused():
    with pytest.raises(ValueError, match="foot, horse, vehicle"):
        Pace("boat", 5.0)


def test_paths_are_faster_than_open_ground_by_toblers_factor():
    heights = np.zeros((32, 32))
    road = degrees_of(make_terrain(heights).grid, [10, 10], [2, 28])
    land = make_land(heights, roads=[road])
    factor = friction(land, "foot", Movement(), 7)[0]
    assert factor[10, 15] == 1.0
    assert factor[20, 15] == pytest.approx(1 / 0.6)


def test_steep_ground_is_closed_except_where_a_road_is_graded():
    heights = np.tile(np.arange(32) * 50.0, (32, 1))  # 26.6 degrees
    road = degrees_of(make_terrain(heights).grid, [10, 10], [2, 28])
    land = make_land(heights, roads=[road])
    vehicle = friction(land, "vehicle", Movement(), 7)[0]
    assert np.isinf(vehicle[20, 15])
    assert vehicle[10, 15] == 1.0
    assert np.isfinite(friction(land, "foot", Movement(), 7)[0, 20, 15])


def test_snow_slows_above_its_line_in_its_month_alone():
    heights = np.zeros((32, 32))
    heights[:, 16:] = 10.0
    land = make_land(heights)
    movement = Movement(snow_line_m=(5.0,) * 6 + (9000.0,) * 6, snow_factor=0.5)
    january, july = (friction(land, "foot", movement, month)[0] for month in (1, 7))
    assert january[8, 20] == pytest.approx(2 * july[8, 20])
    assert january[8, 4] == july[8, 4]


def test_voids_heights_above_the_limit_and_rivers_are_closed():
    heights = np.zeros((32, 32))
    heights[3, 3], heights[8, 8] = np.nan, 6000.0
    river = degrees_of(make_terrain(heights).grid, [20, 20], [2, 28])
    factor = friction(make_land(heights, rivers=[river]), "foot", Movement(), 7)[0]
    assert np.isinf([factor[3, 3], factor[8, 8], factor[20, 10]]).all()


def test_twelve_values_for_twelve_months():
    with pytest.raises(ValueError, match="12 months"):
        Movement(snow_line_m=(3000.0, 3000.0))
