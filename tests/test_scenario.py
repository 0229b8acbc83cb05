from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pyproj import Geod

from sarhad.border import build_border
from sarhad.scenario import (
    Cooperation,
    Draft,
    Horizon,
    Incident,
    Option,
    Party,
    Post,
    Rules,
    Scenario,
    Sector,
    Site,
    Unit,
    find_contradictions,
    find_notes,
    option_units,
)

START = datetime(2026, 3, 2, tzinfo=UTC)
LINE = np.array([[67.0, 37.0], [68.0, 37.0], [69.0, 37.5]])


def own() -> Party:
    return Party(id="own", name="Own", role="own")


def post(name: str = "p1", **changes: Any) -> Post:
    keys: dict[str, Any] = {"name": name, "party": "own", "kind": "post", "lon": 67.5, "lat": 37.1}
    return Post(id=name, **{**keys, **changes})


def unit(name: str = "foot-1", **changes: Any) -> Unit:
    keys = {"name": name, "party": "own", "kind": "foot", "base": "p1", "speed_km_h": 4}
    return Unit(id=name, **{**keys, **changes})


def option(name: str = "alone", **changes: Any) -> Option:
    return Option(name=name, **{"title": name, "units": ("*",), **changes})


def scenario(**changes: Any) -> Scenario:
    keys: dict[str, Any] = {
        "name": "small",
        "title": "Small",
        "time_zone": "UTC",
        "default_option": "alone",
        "border": build_border([LINE], "left"),
        "horizon": Horizon(start=START),
        "parties": (own(),),
        "posts": (post(),),
        "units": (unit(),),
        "options": (option(),),
    }
    return Scenario(**{**keys, **changes})


def refused(**changes: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        scenario(**changes)
    return str(caught.value)


def test_small_scenario_stands() -> None:
    assert scenario().horizon.periods == 7 * 24


def test_unknown_party_of_a_post_is_named_with_the_closest_id() -> None:
    text = refused(posts=(post(party="ovn"),))
    assert "posts[0].party: found 'ovn'" in text
    assert "Did you mean 'own'?" in text


def test_unknown_base_of_a_unit_is_named() -> None:
    assert "units[0].base: found 'p9'" in refused(units=(unit(base="p9"),))


def test_duplicate_id_names_both_rows() -> None:
    assert "posts[1].id: found 'p1', also at posts[0]" in refused(posts=(post(), post()))


def test_own_party_is_needed() -> None:
    assert "no party with role own" in refused(parties=(Party(id="own", name="X", role="ally"),))


def test_default_option_must_exist() -> None:
    assert "default_option: found 'alonee'" in refused(default_option="alonee")


def test_pattern_that_takes_no_unit_is_refused() -> None:
    assert "options[0].units: found 'air*'" in refused(options=(option(units=("air*",)),))


def test_circle_of_options_is_told_once_with_its_way_round() -> None:
    ring = (option("alone", extends="b"), option("b", extends="c"), option("c", extends="alone"))
    text = refused(options=ring)
    assert text.count("->") == 3
    assert "alone -> b -> c -> alone" in text


def test_option_outside_a_circle_that_leads_into_it_does_not_hang() -> None:
    ring = (option("alone", extends="b"), option("b", extends="c"), option("c", extends="b"))
    assert "b -> c -> b" in refused(options=ring)


def test_overlapping_sectors_are_refused() -> None:
    a, b = (
        Sector(id="a", name="a", from_km=0, to_km=50),
        Sector(id="b", name="b", from_km=40, to_km=90),
    )
    assert "sectors[1].from_km: found 40 km, inside sector 'a'" in refused(sectors=(b, a)[::-1])


def test_sector_past_the_end_of_the_line_is_refused_beyond_one_cell() -> None:
    length_km = scenario().border.length_m / 1000
    good = Sector(id="a", name="a", from_km=0, to_km=length_km + 0.9)
    assert scenario(sectors=(good,)).sectors == (good,)
    long = Sector(id="a", name="a", from_km=0, to_km=length_km + 1.1)
    assert "sectors[0].to_km" in refused(sectors=(long,))


def test_post_500_km_away_is_refused_and_a_base_is_not() -> None:
    lon, lat, _ = Geod(ellps="WGS84").fwd(68.0, 37.0, 180.0, 500_000)
    # The mean sphere is 0.3 % off along a meridian.
    text = refused(posts=(post(lon=lon, lat=lat),))
    assert re.search(r"posts\[0\]\.lon: found .*, (49[89]|50[012]) km from the line", text)
    assert scenario(posts=(post(kind="base", lon=lon, lat=lat),))


def test_swapped_lon_and_lat_are_recognised() -> None:
    text = refused(posts=(post(lon=37.1, lat=67.5),))
    assert "lon and lat are swapped" in text


def test_far_place_beside_the_antimeridian_is_near_to_a_line_across_it() -> None:
    line = build_border([np.array([[179.0, 60.0], [-179.0, 60.0]])], "left")
    assert scenario(border=line, posts=(post(lon=-179.9, lat=60.1),))


@given(st.floats(-60, 60), st.floats(5, 2000))
def test_distance_limit_agrees_with_the_geodesic(lat: float, away_km: float) -> None:
    # A meridian line: due east of its middle the nearest vertex is near the same latitude.
    line = build_border([np.array([[20.0, lat - 20], [20.0, lat], [20.0, lat + 20]])], "left")
    lon, at, _ = Geod(ellps="WGS84").fwd(20.0, lat, 90.0, away_km * 1000)
    site = Site(id="s", name="s", kind="town", lon=lon, lat=at, people_day=1, people_night=1)
    draft = Draft(
        border=line, cell_m=1000, default_option=None, parties=(own(),),
        options=(option(units=()),), sites=(site,),
    )  # fmt: skip
    if not 0.97 < away_km / 300 < 1.03:
        assert bool(find_contradictions(draft)) == (away_km > 300)


def test_option_takes_what_it_extends() -> None:
    units = (unit("foot-1"), unit("foot-2"), unit("car-1", kind="vehicle", speed_km_h=40))
    chain = (option("alone", units=("foot-1",)), option("more", extends="alone", units=("car*",)))
    built = scenario(units=units, options=chain)
    assert [u.id for u in option_units(built, "alone")] == ["foot-1"]
    assert [u.id for u in option_units(built, "more")] == ["foot-1", "car-1"]


def test_option_units_refuses_an_unknown_option_with_the_closest_name() -> None:
    with pytest.raises(ValueError, match="Did you mean 'alone'"):
        option_units(scenario(), "alon")


def test_clock_change_within_the_horizon_is_noted_not_refused() -> None:
    # Europe/Berlin springs forward on 2026-03-29.
    horizon = Horizon(start=datetime(2026, 3, 27, tzinfo=UTC))
    notes = find_notes(scenario(horizon=horizon, time_zone="Europe/Berlin"))
    assert any("clocks of Europe/Berlin change" in note for note in notes)
    assert find_notes(scenario()) == ()


def test_naive_and_numeric_times_are_refused() -> None:
    for start in ("2026-03-02T00:00", datetime(2026, 3, 2), 1_772_409_600, "20260302"):  # noqa: DTZ001
        with pytest.raises(ValidationError):
            Horizon(start=start)


def test_negative_speed_is_refused() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        unit(speed_km_h=-4)


def test_helicopter_needs_all_flight_fields_and_nothing_else_may_have_them() -> None:
    with pytest.raises(ValidationError, match="a helicopter needs fuel_kg, burn_kg_h"):
        unit(kind="helicopter", speed_km_h=220)
    with pytest.raises(ValidationError, match="only a helicopter has fuel_kg"):
        unit(fuel_kg=100)


def test_watch_stays_and_others_move() -> None:
    assert not unit(kind="watch", speed_km_h=0).mobile
    for kind, speed in (("watch", 4), ("foot", 0)):
        with pytest.raises(ValidationError, match="speed_km_h"):
            unit(kind=kind, speed_km_h=speed)


def test_duty_and_rest_must_fit_into_a_day() -> None:
    with pytest.raises(ValidationError, match="fit into a day"):
        Rules(duty_hours=16, rest_hours=10)


def test_period_must_divide_the_day() -> None:
    with pytest.raises(ValidationError, match="must divide a day"):
        Horizon(start=START, period_minutes=7)


def test_incident_ranges_run_from_low_to_high_and_forwards_in_time() -> None:
    keys: dict[str, Any] = {
        "id": "i", "kind": "raid", "start": START, "end": START, "precision": "unknown",
        "radius_km": 10, "source": "press",
    }  # fmt: skip
    assert Incident(**keys).lon is None
    for change in ({"killed_low": 2}, {"end": START.replace(year=2025)}, {"lon": 67.0}):
        with pytest.raises(ValidationError):
            Incident(**{**keys, **change})


def test_numbers_that_are_no_numbers_are_refused() -> None:
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValidationError):
            Cooperation(hotline_minutes=value)
