"""Small made patrol networks for the tests of patrols, plan and solvers: a straight line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sarhad.mobility.ground import GroundTimes
from sarhad.mobility.stations import Stations
from sarhad.patrols import (
    BLOCKS,
    HOURS,
    Attacks,
    Flight,
    Limits,
    Member,
    PatrolNetwork,
    Team,
    WeatherState,
    build_reach,
    make_look,
)
from sarhad.patrols.flights import _nearest_home

KM_H = 4.0
STATES = (WeatherState(0.8, "clear", True), WeatherState(0.2, "poor", False))


def ground_times(out_s, home_s, along_s, found=None) -> GroundTimes:
    """Return the times of one post over n stations; the stations stand on a line."""
    n = len(out_s)
    row = np.where(np.ones(n, bool) if found is None else found, 0, -1)
    place = np.arange(n) * 1000.0 + 500
    stations = Stations(row, np.arange(n), place, np.zeros(n), np.zeros(n))
    as_rows = [np.asarray(a, np.float32)[None] for a in (out_s, home_s)]
    return GroundTimes(
        KM_H, stations, *as_rows, np.asarray(along_s, np.float32), np.zeros((1, 0), np.float32)
    )


def walking_times(cells, base_cell, km_h=KM_H) -> GroundTimes:
    """Return times at one speed from a post 1 km behind a cell."""
    step_s = 3600.0 / km_h
    away = (np.abs(np.arange(cells) - base_cell) + 1) * step_s
    return ground_times(away, away, np.full((2, cells - 1), step_s))


def ground_team(
    name, times, cells, *, party="TJ", duty_h=8, rest_h=10, look=0, group=0, officers=0, base="a",
    open_cells=None, working=None, partner=None,
) -> Team:  # fmt: skip
    open_cells = np.ones(cells, bool) if open_cells is None else open_cells
    working = np.ones(HOURS, bool) if working is None else working
    unit, number = name.split("#")
    members = (Member(unit, int(number) - 1, party, f"Team {unit}", 5, 25.0),)
    if partner:
        members += (partner,)
    reach = build_reach(times, 0, KM_H, open_cells, duty_h)
    return Team(
        name=name, members=members, kind="foot", base=base, looks=(look,), duty_hours=duty_h,
        rest_hours=rest_h, working=working, open=open_cells, officers=officers, group=group,
        reach=reach,
    )  # fmt: skip


def made_flight(cells, step=2, out=None, **changes) -> Flight:
    """Return a class of helicopters over nodes every `step` cells; one block flies two nodes."""
    nodes = np.arange(0, cells, step, dtype=np.int32)
    k = len(nodes)
    up = np.minimum(np.arange(k) + 2, k - 1).astype(np.int32)
    down = np.maximum(np.arange(k) - 2, 0).astype(np.int32)
    up[-1] = down[0] = -1
    if out is None:
        out = np.stack([1 + np.arange(k) // 2, 1 + np.arange(k)[::-1] // 2]).astype(np.uint8)
    open_blocks = np.ones(BLOCKS, bool)
    open_blocks[88:] = open_blocks[:20] = False
    flight = Flight(
        unit="heli", nodes=nodes, up=up, down=down, pads=("airfield", "forward"), out=out,
        home=_nearest_home(out), most_blocks=8, day_blocks=16, turn_blocks=2, block_kg=100.0,
        open_blocks=open_blocks, pad_kg=np.array([5000.0, 1000.0]),
    )  # fmt: skip
    return replace(flight, **changes)


def air_team(name="heli#1", cells=12, *, party="RU", look=1, flight=0, group=9, officers=1) -> Team:
    unit, number = name.split("#")
    return Team(
        name=name, members=(Member(unit, int(number) - 1, party, "Helicopter", 4, 3000.0),),
        kind="helicopter", base="airfield", looks=(look,), duty_hours=8, rest_hours=10,
        working=np.ones(HOURS, bool), open=np.ones(cells, bool), officers=officers, group=group,
        reach=None, flight=flight,
    )  # fmt: skip


def made_looks(cells, states=STATES, near=0.3, beside=0.1):
    """Return a look of stays and one of passes, each over a cell and its neighbours."""
    pairs = [(s, c) for s in range(cells) for c in (s - 1, s, s + 1) if 0 <= c < cells]
    starts = np.concatenate([[0], np.cumsum(np.bincount([s for s, _ in pairs]))])
    seen = np.array([c for _, c in pairs])
    best = np.where(seen == [s for s, _ in pairs], near, beside)
    chance = np.empty((len(pairs), HOURS, 2 * len(states)), np.float32)
    chance[:] = best[:, None, None]
    flown = np.tile([state.flown for state in states], 2)
    return (
        make_look("ground-eye", False, starts, seen, chance),
        make_look("air-eye", True, starts, seen, chance * flown / 2),
    )


def made_attacks(cells) -> Attacks:
    """Return one attack for each cell and hour; harm and habit grow along the line."""
    cell, hour = np.repeat(np.arange(cells), HOURS), np.tile(np.arange(HOURS), cells)
    pattern = 1.0 + cell + (hour >= 18)
    return Attacks(
        cell=cell, hour=hour, site=np.full(len(cell), -1), attacker=np.zeros(len(cell), np.int64),
        target=np.zeros(len(cell), np.int64), harm=1.0 + cell / cells,
        timely=np.full(len(cell), 0.9), appeal=np.ones(len(cell)),
        pattern=pattern / pattern.sum(), reachable=np.ones(len(cell), bool),
        weights=np.ones(1), names=("raid",),
    )  # fmt: skip


def made_network(teams, cells=12, flights=(), limits=None, **changes) -> PatrolNetwork:
    limits = limits or Limits(
        4, {"RU": 40.0}, {"RU": 6000.0}, {"airfield": 5000.0, "forward": 1000.0}, 0.0
    )
    network = PatrolNetwork(
        option="joint", cells=cells, start_hour=6, days=7, states=STATES, looks=made_looks(cells),
        teams=tuple(teams), flights=tuple(flights), attacks=made_attacks(cells),
        unwatched=np.ones((cells, HOURS, 2 * len(STATES)), np.float32),
        sector_of=(np.arange(cells) >= cells // 2).astype(np.int32), sectors=("west", "east"),
        limits=limits, mixed_parties=(("TJ", "RU"),), host="TJ",
    )  # fmt: skip
    return replace(network, **changes)


def joint_network(cells=12, **changes) -> PatrolNetwork:
    """Return three foot teams of the host, one of an ally with an officer, and a helicopter."""
    middle = walking_times(cells, cells // 2)
    teams = [
        ground_team("tj-foot#1", middle, cells, group=0),
        ground_team("tj-foot#2", middle, cells, group=0),
        ground_team("tj-west#1", walking_times(cells, 1), cells, group=1, base="b"),
        ground_team("ru-foot#1", middle, cells, party="RU", group=2, officers=1),
        air_team(cells=cells),
    ]
    return made_network(teams, cells, (made_flight(cells),), **changes)
