"""Small whole games, and their optimum over all joint schedules by exhaustive enumeration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, combinations_with_replacement, product

import numpy as np
from scipy.optimize import linprog
from tests.patrols.made_network import STATES, ground_team, ground_times, made_flight, made_network

from sarhad.patrols import (
    BLOCKS,
    HOURS,
    LEAD_HOURS,
    Attacks,
    Duty,
    Limits,
    Member,
    PatrolNetwork,
    Sortie,
    Team,
    covered,
    effort_of,
    find_breaches,
    make_look,
    passes_of,
)
from sarhad.plan import presence_of, use_of_air
from sarhad.solvers.bound import may_mix, mix_teams

CELLS, OPEN_HOURS = 3, 3


def small_game(seed: int, *, strength: float, officers: int = 9, presence: float = 0.0,
               mixed: bool = False, air: bool = False) -> PatrolNetwork:  # fmt: skip
    """Return a random network of two or three teams over three cells and three or four hours."""
    rng = np.random.default_rng(seed)
    first = int(rng.choice([0, 9, HOURS - 2]))
    working = np.isin(np.arange(HOURS), (first + np.arange(OPEN_HOURS + 1) - 1) % HOURS)
    teams = [_team(rng, number, working, mixed=mixed) for number in range(2 if air else 3)]
    flights = ()
    if air:
        flights = (_flight(first),)
        teams.append(_helicopter(working))
    blocks = float(rng.integers(3, 9)) if air else np.inf
    limits = Limits(officers, {"RU": blocks}, {}, {"airfield": 1e6}, presence)
    return made_network(
        teams, CELLS, flights, limits, looks=_looks(rng, strength), attacks=_attacks(rng),
        unwatched=rng.uniform(0.5, 1.0, (CELLS, HOURS, 2 * len(STATES))).astype(np.float32),
        sector_of=np.array([0, 0, 1], np.int32),
    )  # fmt: skip


def _team(rng, number: int, working, *, mixed: bool) -> Team:
    out_s, home_s = rng.uniform(200, 2400, (2, CELLS))
    along_s = rng.uniform(600, 3000, (2, CELLS - 1))
    guest = bool(number) and bool(mixed or rng.random() < 0.5)
    open_cells = np.ones(CELLS, bool)
    open_cells[int(rng.integers(CELLS))] = rng.random() < 0.7
    return ground_team(
        f"{'ru' if guest else 'tj'}-{number}#1", ground_times(out_s, home_s, along_s), CELLS,
        party="RU" if guest else "TJ", duty_h=3, rest_h=12, group=number, officers=int(guest),
        working=working, open_cells=open_cells,
    )  # fmt: skip


def _flight(first: int):
    open_blocks = np.zeros(BLOCKS, bool)
    open_blocks[4 * first : 4 * (first + OPEN_HOURS)] = True
    out = np.array([[1, 1], [1, 2]], np.uint8)
    return replace(
        made_flight(CELLS, out=out), pads=("airfield",), out=out[:1], home=out[:1].T.copy(),
        up=np.array([1, -1], np.int32), down=np.array([-1, 0], np.int32), most_blocks=3,
        day_blocks=6, turn_blocks=1, open_blocks=open_blocks, pad_kg=np.array([1e6]),
    )  # fmt: skip


def _helicopter(working) -> Team:
    return Team(
        name="heli#1", members=(Member("heli", 0, "RU", "Helicopter", 4, 3000.0),),
        kind="helicopter", base="airfield", looks=(1,), duty_hours=3, rest_hours=12,
        working=working, open=np.ones(CELLS, bool), officers=1, group=9, reach=None, flight=0,
    )  # fmt: skip


def _looks(rng, strength: float):
    pairs = [(s, c) for s in range(CELLS) for c in range(CELLS) if abs(s - c) < 2]
    starts = np.concatenate([[0], np.cumsum(np.bincount([s for s, _ in pairs]))])
    seen = np.array([c for _, c in pairs])
    stay, fly = strength * rng.random((2, len(pairs), HOURS, 2 * len(STATES)))
    flown = np.tile([state.flown for state in STATES], 2)
    return (
        make_look("ground-eye", False, starts, seen, stay.astype(np.float32)),
        make_look("air-eye", True, starts, seen, (fly * flown / 2).astype(np.float32)),
    )


def _attacks(rng) -> Attacks:
    cell, hour, kind = (a.ravel() for a in np.indices((CELLS, HOURS, 2)))
    pattern = rng.dirichlet(np.full(len(cell), 0.3))
    weight = rng.random()
    return Attacks(
        cell=cell, hour=hour, site=np.full(len(cell), -1), attacker=kind, target=kind,
        harm=rng.pareto(1.5, len(cell)) + 0.1, timely=rng.uniform(0.5, 1.0, len(cell)),
        appeal=rng.uniform(0.2, 1.0, len(cell)), pattern=pattern,
        reachable=rng.random(len(cell)) < 0.9, weights=np.array([weight, 1 - weight]),
        names=("raid", "drone"),
    )  # fmt: skip


def with_mixed_teams(network: PatrolNetwork) -> tuple[Team, ...]:
    """Return the single units and every mixed team that two of them may form."""
    pairs = {frozenset(pair) for pair in network.mixed_parties}
    teams, group = list(network.teams), 100
    for host, guest in product(network.teams, repeat=2):
        if not host.officers and guest.officers and may_mix(host, guest, pairs):
            group += 1
            teams.append(mix_teams(host, guest, group))
    return tuple(teams)


def legal_duties(place: int, team: Team, network: PatrolNetwork) -> list[Duty]:
    """Return every legal duty of a team that adds something, by asking `find_breaches` of all.

    Stays are as long as they can be: shorter ones notice less, and are present for less.
    """
    tried = _flying(place, team, network) if team.flight >= 0 else _walking(place, team, network)
    return [duty for duty in tried if not find_breaches(duty, team, network)]


def _spans(team: Team) -> Iterator[tuple[int, int]]:
    for start in range(-LEAD_HOURS, HOURS + LEAD_HOURS):
        for hours in range(1, team.duty_hours + 1):
            inside = start + hours <= HOURS + LEAD_HOURS
            if inside and team.working[np.arange(start, start + hours) % HOURS].all():
                yield start, hours


def _walking(place: int, team: Team, network: PatrolNetwork) -> Iterator[Duty]:
    for start, hours in _spans(team):
        visible = [h for h in range(start, start + hours) if 0 <= h < HOURS]
        for count in range(1, len(visible) + 1):
            for first in range(len(visible) - count + 1):
                hour = np.array(visible[first : first + count], np.int8)
                for stations in product(range(network.cells), repeat=count):
                    yield from _longest_stays(place, team, network, start, hours, stations, hour)


def _longest_stays(place, team, network, start, hours, stations, hour) -> Iterator[Duty]:
    quarters = np.zeros(len(hour), np.int8)

    def duty() -> Duty:
        return Duty(place, start, hours, np.array(stations, np.int16), hour, quarters.copy())

    if find_breaches(duty(), team, network):
        return
    # What a stay may last depends on where the team was before, not on other stays.
    for visit in range(len(hour)):
        while quarters[visit] < 4:
            quarters[visit] += 1
            if find_breaches(duty(), team, network):
                quarters[visit] -= 1
                break
    yield duty()


def _flying(place: int, team: Team, network: PatrolNetwork) -> Iterator[Duty]:
    flight = network.flights[team.flight]
    single = [
        Sortie(block, 0, 0, nodes, int(flight.out[0, nodes[0]] + 1 + flight.home[nodes[1], 0]))
        for block in range(-16, BLOCKS + 16, 2)
        for nodes in ((0, 1), (1, 0))
    ]
    days = [(sortie,) for sortie in single]
    days += [(a, b) for a, b in combinations_with_replacement(single, 2) if a.block < b.block]
    days = [day for day in days if flight.open_blocks[[s.block % BLOCKS for s in day]].all()]
    for start, hours in _spans(team):
        for sorties in days:
            if sorties[0].block // 4 == start:
                station, hour = passes_of(sorties, flight)
                stays = np.zeros(len(station), np.int8)
                yield Duty(place, start, hours, station, hour, stays, sorties)


def joint_schedules(network: PatrolNetwork, teams: tuple[Team, ...]) -> Iterator[list[Duty]]:
    """Yield every joint schedule that keeps what couples teams, duties that add nothing left out."""
    choices = [_undominated(legal_duties(i, team, network), teams, network)
               for i, team in enumerate(teams)]  # fmt: skip
    for size in range(len(teams) + 1):
        for crew in combinations(range(len(teams)), size):
            units = [(m.unit, m.number) for i in crew for m in teams[i].members]
            officers = sum(teams[i].officers for i in crew)
            if len(set(units)) == len(units) and officers <= network.limits.officers:
                for duties in product(*(choices[i] for i in crew)):
                    if _keeps_limits(list(duties), teams, network):
                        yield list(duties)


def _undominated(duties: list[Duty], teams, network: PatrolNetwork) -> list[Duty]:
    """Leave out duties that notice no more anywhere than another of the same use."""
    gains = [
        np.concatenate([
            effort_of([duty], teams, network).ravel(),
            presence_of([duty], teams, network), [-duty.blocks_aloft],
        ])
        for duty in duties
    ]  # fmt: skip
    kept: list[int] = []
    for i, gain in enumerate(gains):
        if any((gains[k] >= gain).all() for k in kept):
            continue
        kept = [k for k in kept if not (gain >= gains[k]).all()] + [i]
    return [duties[k] for k in kept]


def _keeps_limits(duties: list[Duty], teams: tuple[Team, ...], network: PatrolNetwork) -> bool:
    limits = network.limits
    blocks, _, _ = use_of_air(duties, teams, network)
    here = presence_of(duties, teams, network) >= limits.presence_hours
    return bool(here.all()) and all(n <= limits.air_blocks[p] for p, n in blocks.items())


def best_lottery(network: PatrolNetwork, adaptivity: float, teams: tuple[Team, ...]) -> float:
    """Return the least harm of all lotteries over all joint schedules; infinite for none [persons].

    One linear program over every schedule and every attack, written from the definition of harm.
    """
    efforts = [effort_of(duties, teams, network) for duties in joint_schedules(network, teams)]
    if not efforts:
        return np.inf
    attacks = network.attacks
    place = (attacks.cell, attacks.hour, attacks.target)
    left = np.array([
        attacks.harm * (1 - attacks.timely * covered(np.exp(-e), network)[place].astype(float))
        for e in efforts
    ])  # fmt: skip
    kinds = [k for k in range(len(attacks.weights))
             if (attacks.reachable & (attacks.attacker == k)).any()]  # fmt: skip
    weights = attacks.weights[kinds] / attacks.weights[kinds].sum()
    cost = np.concatenate([adaptivity * weights, (1 - adaptivity) * left @ attacks.pattern])
    rows = np.flatnonzero(attacks.reachable)
    above = np.zeros((len(rows), len(cost)))
    above[np.arange(len(rows)), [kinds.index(k) for k in attacks.attacker[rows]]] = -1.0
    above[:, len(kinds) :] = (attacks.appeal[rows] * left[:, rows]).T
    whole = np.concatenate([np.zeros(len(kinds)), np.ones(len(efforts))])[None]
    found = linprog(cost, above, np.zeros(len(rows)), whole, [1.0], method="highs")
    assert found.status == 0
    return float(found.fun)
