"""Detection rates against the closed forms of search theory."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from sarhad.scenario import DetectionSettings
from sarhad.visibility import (
    LIGHTS,
    SENSORS,
    TARGETS,
    WEATHERS,
    cube_rate,
    cube_strength,
    cube_sweep_width,
    detection_rate,
    effort_of_pass,
    effort_of_stay,
    noticed,
    noticed_share,
    pass_effort,
    sweep_width,
)

SETTINGS = DetectionSettings()
ways = st.tuples(*map(st.sampled_from, (TARGETS, LIGHTS, SENSORS, WEATHERS)))
distances = st.floats(0, 1e5)


def rate(distance_m, way, settings=SETTINGS):
    target, light, sensor, weather = way
    return detection_rate(distance_m, target, light, sensor, settings, weather)


def test_lateral_range_curve_integrates_to_koopmans_sweep_width():
    # W = 2 sqrt(2 pi c / w) with c = 36e9 m3/h and w = 72 km/h: 2 sqrt(pi 1e6) = 3,544.9 m
    strength, speed = 36e9, 72.0
    area = quad(lambda x: float(noticed(pass_effort(x, strength, speed))), 0, np.inf, limit=200)[0]
    assert cube_sweep_width(strength, speed) == pytest.approx(2 * np.sqrt(np.pi * 1e6))
    assert 2 * area == pytest.approx(cube_sweep_width(strength, speed), rel=1e-6)


# Places to the millimetre: scipy's quadrature gives up on a pass of 1e-308 m.
PLACES_M = st.integers(-8_000_000, 8_000_000).map(lambda millimetres: millimetres / 1000)


@given(st.floats(100, 5000), st.floats(1, 300), PLACES_M, PLACES_M)
def test_effort_of_a_pass_is_the_integral_of_the_rate(lateral, speed, one, other):
    start, end = sorted((one, other))
    strength = cube_strength(700.0, 166.7)
    metres_per_hour = speed * 1000
    turning = [0.0] if start < 0 < end else None
    integral = quad(
        lambda y: float(cube_rate(np.hypot(lateral, y), strength)) / metres_per_hour,
        start,
        end,
        points=turning,
        limit=200,
    )[0]
    closed = float(pass_effort(lateral, strength, speed, start, end))
    assert closed == pytest.approx(integral, rel=1e-6, abs=1e-12)


@given(st.floats(1, 1e4), st.floats(1, 1e3))
def test_strength_gives_its_sweep_width_back(sweep_m, speed):
    assert cube_sweep_width(cube_strength(sweep_m, speed), speed) == pytest.approx(sweep_m)


def test_definite_range_sweeps_twice_its_range():
    lateral = np.linspace(0, 500, 50_001)
    certain = np.where(lateral <= 300, 1e3, 0.0)
    assert sweep_width(lateral, certain) == pytest.approx(600, abs=0.1)


def test_halfway_chance_of_the_inverse_cube_law_is_koopmans():
    # p(x) = 1 - exp(-(W / x)^2 / (4 pi)); at x = W / 2 this is 1 - exp(-1 / pi) = 0.2726
    strength = cube_strength(1000.0, 100.0)
    assert float(noticed(pass_effort(500.0, strength, 100.0))) == pytest.approx(0.27262, abs=1e-5)


def test_settings_keep_the_sweep_width_they_name():
    settings = replace(SETTINGS, cover_factor=1.0, looks_per_minute=600.0)
    lateral, along = np.arange(5.0, 12_000, 10), np.arange(-30_000.0, 30_000, 10)
    per_hour = detection_rate(np.hypot(lateral[:, None], along), "person", "day", "eye", settings)
    effort = effort_of_pass(per_hour.mean(axis=1), along.size * 10.0, settings.sweep_speed_km_h)
    width_m = 2 * 10 * noticed(effort).sum()
    # The limit of ten looks a second and the end of the track take away little.
    assert width_m == pytest.approx(700, rel=0.01)


@pytest.mark.parametrize(("light", "factor"), [("twilight", 0.5), ("moon", 0.1), ("dark", 0.02)])
def test_light_factor_scales_the_sweep_width(light, factor):
    day = detection_rate(2000.0, "person", "day", "eye", SETTINGS)
    dim = detection_rate(2000.0, "person", light, "eye", SETTINGS)
    assert float(dim / day) == pytest.approx(factor**2)


def test_one_line_pair_is_noticed_half_the_time():
    # 0.75 m over one pair of 0.28 mrad pixels: 0.75 / 0.56e-3 = 1,339 m
    assert float(noticed_share(0.75 / 0.56e-3, 0.75, 0.28, 1.0)) == pytest.approx(0.5)


# Target transfer probability function as printed by Ratches et al. (1975), ECOM-7043:
# N/N50 of 2, 1.5, 1, 0.75, 0.5, 0.25 go with 0.95, 0.80, 0.50, 0.30, 0.10, 0.02.
@pytest.mark.parametrize(
    ("ratio", "printed"), [(2, 0.95), (1.5, 0.8), (1, 0.5), (0.75, 0.3), (0.5, 0.1), (0.25, 0.02)]
)
def test_share_noticed_follows_the_printed_table(ratio, printed):
    # The formula is a fit of the table: within 4 points.
    assert float(noticed_share(1000.0 / ratio, 0.56, 0.28, 1.0)) == pytest.approx(printed, abs=0.04)


@given(ways, distances, distances)
def test_nearer_is_never_noticed_less(way, one, other):
    near, far = sorted((one, other))
    assert rate(near, way) >= rate(far, way)


@given(st.sampled_from(TARGETS), st.sampled_from(SENSORS), distances)
def test_brighter_and_clearer_is_never_noticed_less(target, sensor, distance):
    rates = [[rate(distance, (target, light, sensor, sky)) for light in LIGHTS] for sky in WEATHERS]
    assert (np.diff(rates, axis=1) <= 0).all()
    assert (np.diff(rates, axis=0) <= 0).all()


@given(ways, distances)
def test_rates_are_finite_and_an_imager_takes_nothing_away(way, distance):
    target, light, _, weather = way
    eye, thermal = (rate(distance, (target, light, sensor, weather)) for sensor in SENSORS)
    assert 0 <= eye <= thermal < np.inf


def test_no_cover_factor_means_never_noticed():
    settings = replace(SETTINGS, cover_factor=0.0)
    assert rate(10.0, ("person", "day", "thermal", "clear"), settings) == 0


def test_stay_and_pass_of_the_same_time_have_the_same_effort():
    # 1 km at 4 km/h is a quarter of an hour
    assert effort_of_pass(8.0, 1000.0, 4.0) == pytest.approx(2.0)
    assert effort_of_stay(8.0, 900.0) == pytest.approx(2.0)


def test_misuse_is_refused_by_rule():
    with pytest.raises(ValueError, match="at least 0"):
        rate(-1.0, ("person", "day", "eye", "clear"))
    with pytest.raises(ValueError, match="at least 0"):
        rate(np.nan, ("person", "day", "eye", "clear"))
    with pytest.raises(ValueError, match="light is one of day, twilight, moon, dark, not 'dawn'"):
        rate(1.0, ("person", "dawn", "eye", "clear"))
    with pytest.raises(ValueError, match="above 0"):
        effort_of_pass(1.0, 1000.0, 0.0)
