"""Measures how a round of the search grows with the line: ten times as long, ten times the teams.

Run: python benchmarks/plan_growth.py [--times TIMES]

The network of the reference case is laid end to end: cells, looks, teams, helicopters, attacks and
budgets. A round is one joint sweep over all teams and one bound. To reach: 15 times the time.
"""

from __future__ import annotations

import argparse
import resource
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from sarhad.exchange.heights import read_heights
from sarhad.exchange.scenario_folder import find_folder, read_scenario
from sarhad.patrols import Attacks, Flight, Look, PatrolNetwork, Team
from sarhad.solvers.bound import bound_harm, choose_lines
from sarhad.solvers.game import attack_weights, build_game, left_harm, price_fields, respond
from sarhad.solvers.sweep import new_roster, sweep
from sarhad.study import lay_network, survey


def reference() -> PatrolNetwork:
    """Return the patrol network of the reference case."""
    folder = find_folder("tajik-afghan")
    scenario = read_scenario(folder)
    with ThreadPoolExecutor(2) as executor:
        heights = read_heights(scenario, folder, None, executor)
        found = survey(scenario, heights.terrain, executor=executor)
    return lay_network(found, scenario.default_option)


def tiled(network: PatrolNetwork, times: int) -> PatrolNetwork:
    """Return a network laid end to end so many times."""
    shift = [network.cells * number for number in range(times)]
    groups = 1 + max(team.group for team in network.teams)
    classes = len(network.flights)
    limits = network.limits
    return replace(
        network, cells=network.cells * times, looks=tuple(_look(k, shift) for k in network.looks),
        teams=tuple(
            _team(team, number, groups, classes, network.cells, times)
            for number in range(times) for team in network.teams
        ),
        flights=tuple(_flight(f, first) for first in shift for f in network.flights),
        attacks=_attacks(network.attacks, shift),
        unwatched=np.tile(network.unwatched, (times, 1, 1)),
        sector_of=np.full(network.cells * times, -1, np.int32), sectors=(),
        limits=replace(
            limits, officers=limits.officers * times, presence_hours=0.0,
            air_blocks={p: n * times for p, n in limits.air_blocks.items()},
            air_kg={p: n * times for p, n in limits.air_kg.items()},
            pad_kg={p: n * times for p, n in limits.pad_kg.items()},
        ),
    )  # fmt: skip


def _look(look: Look, shift: list[int]) -> Look:
    times, pairs = len(shift), len(look.cells)
    starts = np.concatenate(
        [look.starts[:-1] + pairs * k for k in range(times)] + [[pairs * times]]
    )
    return replace(
        look, starts=starts.astype(np.int32),
        cells=np.concatenate([look.cells + first for first in shift]).astype(np.int32),
        chance=np.tile(look.chance, (times, 1, 1)), effort=np.tile(look.effort, (1, times, 1, 1)),
    )  # fmt: skip


def _team(team: Team, number: int, groups: int, classes: int, cells: int, times: int) -> Team:
    open_cells = np.zeros(cells * times, bool)
    open_cells[cells * number : cells * (number + 1)] = team.open
    reach = team.reach
    members = tuple(replace(m, number=m.number + 1000 * number) for m in team.members)
    return replace(
        team, name=f"{team.name}/{number}", members=members, open=open_cells,
        group=team.group + groups * number,
        reach=None if reach is None else replace(reach, first=reach.first + cells * number),
        flight=-1 if team.flight < 0 else team.flight + classes * number,
    )  # fmt: skip


def _flight(flight: Flight, first: int) -> Flight:
    return replace(flight, nodes=(flight.nodes + first).astype(np.int32))


def _attacks(attacks: Attacks, shift: list[int]) -> Attacks:
    times = len(shift)
    fields = ("hour", "site", "attacker", "target", "harm", "timely", "appeal", "reachable")
    return replace(
        attacks, cell=np.concatenate([attacks.cell + first for first in shift]),
        pattern=np.tile(attacks.pattern, times) / times,
        **{name: np.tile(getattr(attacks, name), times) for name in fields},
    )  # fmt: skip


def round_of(network: PatrolNetwork, executor: ThreadPoolExecutor) -> tuple[float, float]:
    """Return the time of a sweep over all teams, and that of a bound [s]: the best of three."""
    game = build_game(network, 0.5)
    adaptive = respond(game, left_harm(game, game.posts), 0.05)
    weights = attack_weights(game, adaptive)
    price, _ = price_fields(game, weights)
    roster, rng = new_roster(game, network.teams), np.random.default_rng(0)
    none = np.zeros_like(game.open_share)
    sweeps, bounds = [], []
    for _ in range(3):
        began = time.perf_counter()
        sweep(game, roster, price, rng)
        swept = time.perf_counter()
        bound_harm(game, weights, choose_lines(game.strongest, none, roster.effort), executor)
        sweeps.append(swept - began)
        bounds.append(time.perf_counter() - swept)
    return min(sweeps), min(bounds)


def main() -> None:
    """Print the time of a round on the line, and on one so many times as long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10)
    times = parser.parse_args().times
    network = reference()
    with ThreadPoolExecutor(2) as executor:
        one = round_of(network, executor)
        many = round_of(tiled(network, times), executor)
    for name, a, b in (("sweep", one[0], many[0]), ("bound", one[1], many[1]),
                       ("round", sum(one), sum(many))):  # fmt: skip
        print(f"{name}: {a:.2f} s, {times} times the line {b:.2f} s: {b / a:.1f} times")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{network.cells} and {network.cells * times} cells, {len(network.teams)} and "
          f"{len(network.teams) * times} teams, {peak:,.0f} MiB")  # fmt: skip


if __name__ == "__main__":
    main()
