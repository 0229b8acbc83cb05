import numpy as np
import pytest

from sarhad.mobility.aircraft import Aircraft, aircraft_of, burn_factor, leg_cost
from sarhad.scenario import Movement, Unit

MI8 = Unit(
    id="mi8",
    name="Mi-8MTV class",
    party="own",
    kind="helicopter",
    base="base",
    speed_km_h=220,
    fuel_kg=1900,
    burn_kg_h=700,
    reserve_min=30,
    ceiling_m=5000,
    flying_hours=6,
    turnaround_min=40,
)


def test_the_class_has_the_printed_range_on_its_usable_fuel():
    # 1,900 kg less half an hour of 700 kg/h, at 220 km/h: 487 km; printed 450-500 km.
    assert aircraft_of(MI8, Movement()).range_m == pytest.approx(487_143, abs=1)


def test_a_level_leg_takes_its_length_at_cruise():
    craft = aircraft_of(MI8, Movement(clearance_m=0))
    seconds, fuel_kg = leg_cost(craft, 110_000, 0.0, 0.0)
    assert seconds == pytest.approx(1800)
    assert fuel_kg == pytest.approx(350)


def test_a_climb_takes_time_and_extra_fuel():
    craft = aircraft_of(MI8, Movement(clearance_m=0, climb_m_s=4, climb_burn=0.2))
    seconds, fuel_kg = leg_cost(craft, 1_000, 2_400.0, 0.0)
    # 2,400 m at 4 m/s are 600 s, more than 1 km at cruise.
    assert seconds == pytest.approx(600)
    burn = 700 / 3600 * float(burn_factor(2_400))
    assert fuel_kg == pytest.approx(600 * burn + 0.2 * 600 * 700 / 3600)


def test_a_leg_over_ground_above_the_ceiling_less_clearance_is_not_flown():
    craft = aircraft_of(MI8, Movement(clearance_m=150))
    seconds, _ = leg_cost(craft, 10_000, [4_849.0, 4_851.0], 3_000.0)
    assert np.isfinite(seconds).tolist() == [True, False]


def test_a_leg_beyond_the_usable_fuel_is_not_flown():
    seconds, fuel_kg = leg_cost(aircraft_of(MI8, Movement(clearance_m=0)), 500_000, 0.0, 0.0)
    assert np.isinf(seconds)
    assert np.isinf(fuel_kg)


def test_ways_that_are_not_there_stay_infinite():
    seconds, _ = leg_cost(aircraft_of(MI8, Movement()), np.inf, np.nan, 0.0)
    assert np.isinf(seconds)


def test_burn_is_the_given_one_at_sea_level_and_grows_with_weight():
    assert burn_factor(0.0) == pytest.approx(1.0)
    assert burn_factor(3_000.0, weight_share=1.2) > burn_factor(3_000.0)


def test_burn_at_height_by_hand():
    # s = 0.736116 / 1.225 = 0.600911: 0.3 + 0.7 (0.75 s + 0.25 / s) = 0.90671.
    assert burn_factor(5_000.0) == pytest.approx(0.90671, abs=1e-5)


def test_warm_air_lowers_the_ceiling():
    assert aircraft_of(MI8, Movement(temperature_offset_c=20)).ceiling_m < 4_400


def test_a_foot_team_is_no_aircraft():
    team = Unit(id="t", name="t", party="own", kind="foot", base="base", speed_km_h=4)
    with pytest.raises(ValueError, match="t is no helicopter"):
        aircraft_of(team, Movement())


def test_an_aircraft_that_does_not_move_is_refused():
    with pytest.raises(ValueError, match="cruise_m_s"):
        Aircraft("x", 0.0, 4, 1, 0.2, 100, 5000, 3000, 150)
