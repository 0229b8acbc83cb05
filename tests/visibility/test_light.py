"""Sun, twilight and moon against almanacs."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sarhad.border import build_border, cut_into_cells
from sarhad.errors import ScenarioError
from sarhad.scenario import DetectionSettings, Horizon
from sarhad.visibility import LIGHTS, compute_light, light_at, sky_at

ATLANTA = -84.4, 33.8


def seconds(*instant):
    return datetime(*instant, tzinfo=UTC).timestamp()


# U.S. Naval Observatory, complete sun data for Atlanta on 6 September 2009 (W84 24, N33 48), in
# eastern daylight time: civil twilight begins 6:50, sunrise 7:15, sunset 19:56, civil twilight
# ends 20:21. Each is rounded to the minute: the sun crosses within half a minute of it.
@pytest.mark.parametrize(
    ("hour", "minute", "height_deg"),
    [(10, 50, -6.0), (11, 15, -50 / 60), (23, 56, -50 / 60), (24, 21, -6.0)],
)
def test_sun_crosses_the_almanac_heights_in_the_printed_minute(hour, minute, height_deg):
    instant = seconds(2009, 9, 6) + hour * 3600 + minute * 60
    around = sky_at([instant - 32, instant + 32], *ATLANTA)[0][:, 0]
    assert around.min() < height_deg < around.max()


# The same print: moonrise at 20:17 on the preceding day, moonset at 10:05 on the following day. The
# upper limb shows 34' + 16' below; seen from here the moon is up to a degree lower than from the
# earth's centre.
@pytest.mark.parametrize(("day", "hour", "minute"), [(6, 0, 17), (7, 14, 5)])
def test_moon_crosses_the_horizon_in_the_printed_minute(day, hour, minute):
    instant = seconds(2009, 9, day, hour, minute)
    around = sky_at([instant - 75, instant + 75], *ATLANTA)[1][:, 0]
    assert around.min() < -50 / 60 < around.max()


# Time Almanac 1996, lunations 903 and 904, universal time.
def test_moon_is_full_and_new_at_the_printed_times():
    full, new = seconds(1996, 1, 5, 20, 51), seconds(1996, 1, 20, 12, 50)
    for printed, best in ((full, np.argmax), (new, np.argmin)):
        hours = np.arange(-48, 49)
        lit = sky_at(printed + 3600.0 * hours, 0.0, 0.0)[2]
        # The lit share is largest in opposition, a few hours from equal longitude off the nodes.
        assert abs(hours[best(lit)]) <= 8


# Time Almanac 1996: first quarter 27 January 11:14, last quarter 13 January 20:45.
@pytest.mark.parametrize("quarter", [(1996, 1, 13, 20, 45), (1996, 1, 27, 11, 14)])
def test_half_the_moon_is_lit_in_its_quarters(quarter):
    assert sky_at(seconds(*quarter), 0.0, 0.0)[2][0] == pytest.approx(0.5, abs=0.005)


# Meeus, Astronomical algorithms (1998), example 47.a: 12 April 1992 0h TD, distance 368,409.7 km,
# right ascension 134.688 degrees, declination +13.768 degrees.
def test_moon_stands_overhead_where_meeus_puts_it():
    instant = seconds(1992, 4, 12) - 59  # TD - UT was 59 s
    # Greenwich mean sidereal time then: 200.0 degrees (280.46062 + 360.98564737 * -2820.5 days).
    sidereal = (280.46062 + 360.98564737 * (-2820.5 - 59 / 86400)) % 360
    longitude = (134.688 - sidereal + 180) % 360 - 180
    assert sky_at(instant, longitude, 13.768)[1][0, 0] > 89.8


# Equinox of March 1996: the 20th at 08:03 (Time Almanac): the sun crosses the equator northwards.
def test_sun_crosses_the_equator_at_the_printed_equinox():
    poles = sky_at([seconds(1996, 3, 20, 7, 48), seconds(1996, 3, 20, 8, 18)], 0.0, 90.0)[0]
    assert poles[0, 0] < 0 < poles[1, 0]


def horizon(start, days=1, minutes=60):
    return Horizon(start=start, days=days, period_minutes=minutes)


CELLS = cut_into_cells(build_border([[(68.0, 37.0), (69.0, 37.0)]], "left"), 1000.0)


def test_day_of_the_equinox_is_half_light():
    light = compute_light(horizon("2025-09-22T00:00Z"), CELLS, DetectionSettings())
    # Sunrise counts the upper limb and 34' of refraction: 2 x 50' / cos(37) more than 180 degrees.
    expected = 0.5 + 2 * (50 / 60) / np.cos(np.radians(37)) / 360
    assert light.of("day").mean() == pytest.approx(expected, abs=0.002)


def test_night_of_new_moon_is_dark_and_of_full_moon_is_not():
    # New moon 21 November 2025, full moon 4 December 2025: both on public calendars.
    settings_ = DetectionSettings()
    new = compute_light(horizon("2025-11-20T12:00Z"), CELLS, settings_)
    full = compute_light(horizon("2025-12-04T12:00Z"), CELLS, settings_)
    assert new.of("moon").max() == 0
    assert full.of("moon").sum() > 10 * full.of("dark").sum()


@given(
    year=st.integers(1902, 2097),
    day=st.integers(1, 28),
    month=st.integers(1, 12),
    minutes=st.sampled_from([15, 60, 240, 1440]),
)
@settings(max_examples=25, deadline=None)
def test_shares_of_every_period_add_up_to_one(year, month, day, minutes):
    start = f"{year}-{month:02}-{day:02}T00:00+05:00"
    shares = compute_light(horizon(start, minutes=minutes), CELLS, DetectionSettings()).shares
    assert shares.shape[0] == 1440 // minutes
    np.testing.assert_allclose(shares.sum(axis=-1), 1.0, rtol=1e-6)
    assert (shares >= 0).all()


def test_sun_rises_in_the_east_first():
    noon_before = seconds(2025, 12, 8)
    times = noon_before + 60.0 * np.arange(180)
    classes = light_at(times, [67.7, 74.0], [37.0, 37.0], DetectionSettings())
    first = (classes == LIGHTS.index("day")).argmax(axis=0)
    # 6.3 degrees of longitude at 4 minutes each
    assert first[0] - first[1] == pytest.approx(25, abs=1)


def test_year_without_an_earth_orbit_is_a_fault():
    with pytest.raises(ScenarioError, match=r"horizon\.start: found 1850, expected a year from"):
        compute_light(horizon("1850-01-01T00:00Z"), CELLS, DetectionSettings())
