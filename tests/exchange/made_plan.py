"""A small made border with nasty names, two parties, three teams, and a plan for two days."""

from __future__ import annotations

from functools import cache

import numpy as np

from sarhad.border import BorderCells, build_border, cut_into_cells, lay_out, places_beside
from sarhad.exchange.places import Places
from sarhad.exchange.routes import PatrolRoute, make_routes
from sarhad.grid import Grid, choose_grid
from sarhad.patrols import (
    Duty,
    Flight,
    GroundReach,
    Limits,
    Member,
    PatrolNetwork,
    Sortie,
    Team,
    WeatherState,
    passes_of,
)
from sarhad.plan import Plan, Schedule
from sarhad.scenario import Horizon, Incident, Option, Party, Post, Scenario, Sector, Site, Unit

# A zigzag: the straight way between many stations would cross the line.
LINE = [[70.0 + 0.05 * k, 38.0 + 0.04 * (k % 2)] for k in range(11)]
CELLS = 62
NASTY_POST = "<script>alert(\"x\")</script> & 'post'"
NASTY_UNIT = "=cmd()|' /C calc'!A0, \"quoted\"; semi\nnew line \\ 🚁"
PERSIAN = "پاسگاه مرزی نی‌چَر"
TAJIK = "Қаровулхонаи Ҷилға"
CHINESE = "边防站"


@cache
def scenario() -> Scenario:
    illustrative = {"source": "made up"}
    return Scenario(
        name="made",
        title=f"Made {NASTY_POST}",
        time_zone="Asia/Dushanbe",
        default_option="all",
        border=build_border([LINE], own_side="left"),
        horizon=Horizon(start="2025-12-08T00:00+05:00", days=3),  # type: ignore[arg-type]
        parties=(
            Party(id="TJ", name=f"{TAJIK} <b>", role="own", liaison_officers=4),
            Party(id="RU", name=f"{PERSIAN} {CHINESE}", role="ally", stand_off_km=0.2),
        ),
        sectors=(
            Sector(id="west", name="West & <i>low</i>", from_km=0, to_km=30),
            Sector(id="east", name="@SUM(East)", from_km=30, to_km=62),
        ),
        posts=(
            Post(id="one", name=NASTY_POST, party="TJ", kind="post", lon=70.1, lat=38.06),
            Post(id="two", name=PERSIAN, party="RU", kind="post", lon=70.3, lat=38.08),
            Post(
                id="air", name=CHINESE, party="RU", kind="airfield", lon=70.2, lat=38.2, fuel_kg=900
            ),
        ),
        units=(
            _unit("foot", NASTY_UNIT, "TJ", "foot", "one", 2, 10.0),
            _unit("car", "Vehicle", "RU", "vehicle", "two", 1, 50.0),
            _unit("watch", "Watch", "TJ", "watch", "one", 1, 0.0),
            Unit(
                id="heli", name="Mi-8", party="RU", kind="helicopter", base="air", speed_km_h=220,
                fuel_kg=2000, burn_kg_h=700, reserve_min=30, ceiling_m=5000, flying_hours=5,
                turnaround_min=30, **illustrative,
            ),
        ),
        sites=(
            Site(id="camp", name="Camp; \"A\", 'B'", kind="camp", lon=70.2, lat=38.1,
                 people_day=50, people_night=20),
        ),
        incidents=(
            Incident(
                id="raid", start="2025-11-01T18:00+05:00", end="2025-11-02T06:00+05:00",  # type: ignore[arg-type]
                kind="armed_raid", place="<place>", lon=70.2, lat=38.05, precision="village",
                radius_km=5.0, source="press & radio",
            ),
        ),
        options=(Option(name="all", title="All", units=("*",)),),
    )  # fmt: skip


def _unit(unit: str, name: str, party: str, kind: str, base: str, count: int, speed: float) -> Unit:
    return Unit(id=unit, name=name, party=party, kind=kind, base=base, count=count,  # type: ignore[arg-type]
                speed_km_h=speed)  # fmt: skip


@cache
def grid() -> Grid:
    lon, lat = np.array(LINE).T
    return choose_grid(lon, lat, 30_000.0, 250.0)[0]


@cache
def cells() -> BorderCells:
    made = cut_into_cells(scenario().border, scenario().cell_m)
    assert len(made) == CELLS
    return made


@cache
def places() -> Places:
    plane = lay_out(scenario().border, grid().project)
    middle_m = (cells().edges_m[:-1] + cells().edges_m[1:]) / 2
    east, north, reached = places_beside(plane, middle_m, 300.0, cells().length_m)
    assert reached.all()
    stations = np.column_stack([east, north, np.full(CELLS, 800.0)])
    track = np.column_stack([east, north, np.full(CELLS, 1200.0)])
    posts = {
        post.id: np.array([*map(float, grid().project(post.lon, post.lat)), 900.0])
        for post in scenario().posts
    }
    ground = {(kind, party): stations for kind in ("foot", "vehicle") for party in ("TJ", "RU")}
    return Places(grid(), plane, posts, ground, {"heli": track}, {"TJ": 0.0, "RU": 200.0})


def _reach() -> GroundReach:
    """Return a reach that leads anywhere in an hour: three quarters of it are the way."""
    ones = np.ones(CELLS, np.uint8)
    low, high = np.zeros((5, CELLS), np.int32), np.full((5, CELLS), CELLS - 1, np.int32)
    return GroundReach(0, ones, ones, ones, low, high)


def _team(name: str, units: tuple[tuple[str, str], ...], kind: str, base: str) -> Team:
    known = {unit.id: unit for unit in scenario().units}
    return Team(
        name=name,
        members=tuple(Member(u, 0, p, known[u].name, 3, 20.0) for u, p in units),
        kind=kind, base=base, looks=(), duty_hours=10, rest_hours=10,
        working=np.ones(24, bool), open=np.ones(CELLS, bool), officers=0, group=0,
        reach=None if kind == "helicopter" else _reach(), flight=0 if kind == "helicopter" else -1,
    )  # fmt: skip


@cache
def flight() -> Flight:
    nodes = np.arange(0, CELLS, 20, dtype=np.int32)
    up = np.array([1, 2, 3, -1], np.int32)
    one = np.ones((1, 4), np.uint8)
    return Flight("heli", nodes, up, up[::-1].copy(), ("air",), one, one.T, 8, 20, 2, 175.0,
                  np.ones(96, bool), np.array([900.0]))  # fmt: skip


@cache
def network() -> PatrolNetwork:
    teams = (
        _team("foot#1", (("foot", "TJ"),), "foot", "one"),
        _team("heli#1", (("heli", "RU"),), "helicopter", "air"),
    )
    return PatrolNetwork(
        option="all", cells=CELLS, start_hour=0, days=3,
        states=(WeatherState(1.0, "clear", True),), looks=(), teams=teams, flights=(flight(),),
        attacks=None,  # type: ignore[arg-type]
        unwatched=np.ones((CELLS, 24, 2), np.float32),
        sector_of=np.repeat(np.array([0, 1], np.int32), CELLS // 2), sectors=("west", "east"),
        limits=Limits(4, {}, {}, {}, 0.0), mixed_parties=(("TJ", "RU"),), host="TJ",
    )  # fmt: skip


@cache
def plan() -> Plan:
    mixed = _team("car#1+foot#2", (("car", "RU"), ("foot", "TJ")), "vehicle", "two")
    teams = (*network().teams, mixed)
    sorties = (Sortie(24, 0, 0, (0, 1, 2), 4),)
    passed = passes_of(sorties, flight())
    none = np.zeros(len(passed[0]), np.int8)
    # The vehicle goes from one arm of the zigzag to the next: straight it would cross the line.
    first = Schedule((
        _duty(0, 4, 5, [14, 14, 17], [4, 5, 6], [1, 4, 2]),
        Duty(1, 5, 3, *passed, none, sorties),
        _duty(2, 20, 4, [33, 45], [20, 21], [1, 3]),
    ))  # fmt: skip
    second = Schedule((_duty(0, 8, 2, [], [], []),))
    shares = np.array([0.25, 0.75])
    return Plan("all", "made", teams, (first, second), shares, np.zeros(3, np.int8),
                np.full(3, 24, np.int8), 0)  # fmt: skip


def _duty(
    team: int, start: int, hours: int, station: list[int], hour: list[int], quarters: list[int]
) -> Duty:
    at = np.array(station, np.int16)
    return Duty(team, start, hours, at, np.array(hour, np.int8), np.array(quarters, np.int8))


@cache
def routes() -> tuple[PatrolRoute, ...]:
    days = list(enumerate(plan().schedules))
    return make_routes(days, plan().teams, network(), scenario(), places())
