"""Small made worlds: a patrol network of a dozen cells, and plans drawn at random on it."""

from __future__ import annotations

import numpy as np

from sarhad.patrols import (
    Attacks,
    Duty,
    GroundReach,
    Limits,
    Look,
    Member,
    PatrolNetwork,
    Team,
    WeatherState,
    make_look,
)
from sarhad.plan import Plan, Schedule

CLEAR = WeatherState(1.0, "clear", True)
TWO_STATES = (WeatherState(0.8, "clear", True), WeatherState(0.2, "poor", False))


def look(cells: int, chance: float, states: tuple[WeatherState, ...], width: int = 1) -> Look:
    """A look from each cell on itself and `width` neighbours on both sides, half as sure there.

    In poor weather everything is half as sure.
    """
    seen = [np.arange(max(0, s - width), min(cells, s + width + 1)) for s in range(cells)]
    starts = np.concatenate([[0], np.cumsum([len(part) for part in seen])])
    station = np.repeat(np.arange(cells), np.diff(starts))
    column = np.concatenate(seen)
    near = np.where(column == station, chance, chance / 2)
    clear = np.array([1.0 if state.sight == "clear" else 0.5 for state in states])
    table = np.tile(near[:, None, None] * np.tile(clear, 2), (1, 24, 1))
    return make_look("ground-eye", False, starts, column, table.astype(np.float32))


def reach(cells: int) -> GroundReach:
    """One cell in a quarter of an hour; half an hour from the base to any cell, an hour home."""
    here = np.arange(cells, dtype=np.int32)
    moved = np.arange(4, -1, -1, dtype=np.int32)[:, None]
    return GroundReach(
        first=0,
        out_hours=np.full(cells, 1, np.uint8),
        out_quarters=np.full(cells, 2, np.uint8),
        home_hours=np.full(cells, 1, np.uint8),
        low=np.maximum(here - moved, 0).astype(np.int32),
        high=np.minimum(here + moved, cells - 1).astype(np.int32),
    )


def team(number: int, cells: int, party: str = "own") -> Team:
    return Team(
        name=f"{party}-foot#{number}",
        members=(Member(f"{party}-foot", number, party, "Foot", 4, 10.0),),
        kind="foot",
        base="post",
        looks=(0,),
        duty_hours=8,
        rest_hours=8,
        working=np.ones(24, bool),
        open=np.ones(cells, bool),
        officers=0,
        group=0,
        reach=reach(cells),
    )


def attacks(cells: int, timely: float = 0.9) -> Attacks:
    """A raid on every cell and hour and a drone on every second; harm grows with the cell."""
    cell = np.concatenate([np.repeat(np.arange(cells), 24), np.repeat(np.arange(0, cells, 2), 24)])
    hour = np.arange(len(cell)) % 24
    kind = (np.arange(len(cell)) >= cells * 24).astype(np.int64)
    often = 1.0 + (cell % 5) + 0.1 * hour
    return Attacks(
        cell=cell,
        hour=hour,
        site=np.where(kind == 0, -1, 0),
        attacker=kind,
        target=kind,
        harm=1.0 + cell / cells + 0.02 * hour + kind,
        timely=np.full(len(cell), timely),
        appeal=1.0 - 0.2 * (cell % 3),
        pattern=often / often.sum(),
        reachable=np.ones(len(cell), bool),
        weights=np.array([0.7, 0.3]),
        names=("raid", "drone"),
    )


def network(
    cells: int = 12,
    teams: int = 3,
    chance: float = 0.6,
    states: tuple[WeatherState, ...] = TWO_STATES,
    posts: float = 0.0,
) -> PatrolNetwork:
    """A line in two sectors; posts notice a crossing of the first third with chance `posts`."""
    unwatched = np.ones((cells, 24, 2 * len(states)), np.float32)
    unwatched[: cells // 3] -= posts
    return PatrolNetwork(
        option="made",
        cells=cells,
        start_hour=6,
        days=7,
        states=states,
        looks=(look(cells, chance, states),),
        teams=tuple(team(n, cells, ("own", "ally")[n % 2]) for n in range(teams)),
        flights=(),
        attacks=attacks(cells),
        unwatched=unwatched,
        sector_of=(np.arange(cells) >= cells // 2).astype(np.int32),
        sectors=("west", "east"),
        limits=Limits(99, {}, {}, {}, 0.0),
        mixed_parties=(),
        host="own",
    )


def walk(number: int, start: int, stations: list[int], quarters: list[int], home: int = 1) -> Duty:
    """A duty from station to station, hour by hour."""
    hours = len(stations)
    return Duty(
        team=number,
        start=start,
        hours=hours + home,
        station=np.array(stations, np.int16),
        hour=np.arange(start, start + hours, dtype=np.int8),
        quarters=np.array(quarters, np.int8),
    )


def random_duty(number: int, cells: int, first: int, until: int, rng: np.random.Generator) -> Duty:
    """A legal duty of 2 to 8 hours within a window of the day."""
    hours = int(rng.integers(2, min(8, until - first) + 1))
    start = int(rng.integers(first, until - hours + 1))
    stations, quarters = [int(rng.integers(cells))], [2]
    for _ in range(hours - 2):
        stay = int(rng.integers(1, 5))
        step = int(rng.integers(-(4 - stay), 4 - stay + 1))
        stations.append(int(np.clip(stations[-1] + step, 0, cells - 1)))
        quarters.append(stay)
    return walk(number, start, stations, quarters)


def random_plan(world: PatrolNetwork, schedules: int = 5, seed: int = 1) -> Plan:
    """A lottery over random schedules in which each team goes out on three days of four."""
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(schedules):
        out = [n for n in range(len(world.teams)) if rng.random() < 0.75]
        drawn.append(Schedule(tuple(random_duty(n, world.cells, 4, 20, rng) for n in out)))
    return plan_of(world, drawn, rng.dirichlet(np.ones(schedules)))


def plan_of(world: PatrolNetwork, schedules: list[Schedule], chances: object) -> Plan:
    count = len(world.teams)
    return Plan(
        option=world.option,
        name="made",
        teams=world.teams,
        schedules=tuple(schedules),
        probabilities=np.asarray(chances, float),
        day_from=np.full(count, 4, np.int8),
        day_until=np.full(count, 20, np.int8),
        seed=0,
    )
