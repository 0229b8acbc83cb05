"""Routes of a plan: places and times, on the own side, for whoever may see them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import shapely
from tests.exchange import made_plan as made

from sarhad.exchange import ways
from sarhad.exchange.routes import PatrolRoute, RoutePoint, make_routes, of_party
from sarhad.scenario import Horizon

START = datetime(2025, 12, 8, tzinfo=ZoneInfo("Asia/Dushanbe"))


def foot() -> PatrolRoute:
    return made.routes()[0]


def test_each_duty_becomes_a_route_with_a_name_that_lasts() -> None:
    assert [(r.number, r.team) for r in made.routes()] == [
        (1, "foot#1"), (1, "heli#1"), (1, "car#1+foot#2"), (2, "foot#1"),
    ]  # fmt: skip
    assert foot().uid == "made-all-1-foot#1"


def test_stops_follow_the_duty_hour_by_hour() -> None:
    # A quarter at the end of hour 4, all of hour 5 in the same place, half an hour in cell 17;
    # the way out takes three quarters of an hour, the way home an hour.
    stops = [(f"{p.start:%H:%M}", f"{p.until:%H:%M}", p.cell) for p in foot().stops]
    assert stops == [
        ("04:00", "04:00", -1), ("04:45", "05:00", 14), ("05:00", "06:00", 14),
        ("06:30", "07:00", 17), ("08:00", "09:00", -1),
    ]  # fmt: skip


def test_a_flight_passes_the_cells_of_its_sortie_in_order() -> None:
    # Take-off at block 24 (06:00), a block to node 0, then 20 cells a block to cell 40, home.
    route = made.routes()[1]
    cells = [p.cell for p in route.points if p.role == "pass"]
    assert cells == list(range(41))
    times = {p.cell: f"{p.start:%H:%M}" for p in route.points}
    assert (times[0], times[20], times[40]) == ("06:15", "06:30", "06:45")
    assert f"{route.points[-1].start:%H:%M}" == "07:00"


def test_no_route_touches_the_line() -> None:
    places = made.places()
    line = shapely.LineString(np.column_stack([places.plane.east_m, places.plane.north_m]))
    for route in made.routes():
        lon, lat = [p.lon for p in route.points], [p.lat for p in route.points]
        way = np.column_stack(places.grid.project(lon, lat))
        assert len(way) < 2 or shapely.distance(shapely.LineString(way), line) > 0


def test_straight_way_between_two_arms_would_have_crossed() -> None:
    barrier = ways.Barrier(made.places().plane, made.CELLS)
    stations = made.places().ground["vehicle", "TJ"]
    assert ways.is_crossed(barrier, stations[[33, 45]])
    led = ways.find_way(barrier, stations[33], stations[45], stations, (33, 45))
    assert len(led) >= 13
    assert not ways.is_crossed(barrier, led)


def test_far_places_are_joined_along_the_stations() -> None:
    barrier = ways.Barrier(made.places().plane, made.CELLS)
    stations = made.places().ground["foot", "TJ"]
    # Both on the outside of a bend: the straight way crosses nothing.
    near = ways.find_way(barrier, stations[1], stations[4], stations, (1, 4), straight_m=5_000.0)
    far = ways.find_way(barrier, stations[1], stations[4], stations, (1, 4), straight_m=2_000.0)
    assert len(near) == 2
    assert {tuple(row) for row in stations[1:5]} <= {tuple(row) for row in far}


def test_a_stand_off_bends_a_straight_way_that_comes_nearer() -> None:
    barrier = ways.Barrier(made.places().plane, made.CELLS)
    # Two places of one arm: straight between them is as far off as they are.
    stations = made.places().ground["foot", "TJ"]
    assert len(ways.find_way(barrier, stations[1], stations[3], stations, (1, 3), 200.0)) == 2
    near = ways.comes_near(barrier, stations[[1, 3]], 400.0)
    assert not near


def test_a_mixed_team_belongs_to_both_parties_and_no_other_does() -> None:
    assert [r.team for r in of_party(made.routes(), "TJ")] == ["foot#1", "car#1+foot#2", "foot#1"]
    assert [r.team for r in of_party(made.routes(), "RU")] == ["heli#1", "car#1+foot#2"]


def test_hours_of_a_day_are_elapsed_hours_when_the_clocks_change() -> None:
    # In New York clocks go forward at 02:00 on 9 March 2025: hour 4 of the day begins at 05:00.
    zone = ZoneInfo("America/New_York")
    horizon = Horizon(start=datetime(2025, 3, 9, tzinfo=zone), days=1)
    changed = replace(made.scenario(), time_zone="America/New_York", horizon=horizon)
    days = [(0, made.plan().schedules[0])]
    route = make_routes(days, made.plan().teams, made.network(), changed, made.places())[0]
    assert f"{route.start:%H:%M%z}" == "05:00-0400"
    assert route.until.astimezone(UTC) - route.start.astimezone(UTC) == timedelta(hours=5)


def test_a_stay_over_the_hour_that_comes_twice_is_no_step_back() -> None:
    zone = ZoneInfo("America/New_York")
    start = datetime(2025, 11, 2, 1, 45, tzinfo=zone)
    until = datetime(2025, 11, 2, 1, 15, tzinfo=zone, fold=1)
    assert RoutePoint(0.0, 0.0, None, start, until).quarters == 2


def test_day_outside_the_horizon_is_refused() -> None:
    with pytest.raises(ValueError, match="day 3 lies outside"):
        make_routes([(3, made.plan().schedules[0])], made.plan().teams, made.network(),
                    made.scenario(), made.places())  # fmt: skip


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"lon": 181.0}, "is no place"),
        ({"start": datetime(2025, 12, 8)}, "offset from UTC"),  # noqa: DTZ001
        ({"until": START - timedelta(1)}, "ends after it begins"),
        ({"height_m": float("nan")}, "a number, or None"),
    ],
)
def test_point_refuses_nonsense(change: dict[str, object], rule: str) -> None:
    point = RoutePoint(70.0, 38.0, None, START, START)
    with pytest.raises(ValueError, match=rule):
        replace(point, **change)  # type: ignore[arg-type]


def test_route_refuses_points_outside_its_duty() -> None:
    with pytest.raises(ValueError, match="within its duty"):
        replace(foot(), until=foot().start + timedelta(hours=1))
