"""Judging the five options of the embedded case and four stand-ins for baselines.

Plans here are lotteries over duties that are best for random worths: legal, and as many visits as
real ones. Only the judgement is timed: exact figures, 1,000 simulated weeks each, comparison.

Run it: python benchmarks/judge.py [schedules of each plan] [weeks] [threads]
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sarhad.border import cut_into_cells, lay_out
from sarhad.evaluation import SimulationSettings, compare, evaluate
from sarhad.exchange.heights import read_heights
from sarhad.exchange.scenario_folder import find_folder, read_scenario
from sarhad.kernels import AirSpace, best_sorties, flying_day, ground_duty, sortie_route
from sarhad.mobility import compute_travel_times
from sarhad.patrols import (
    TAKE_OFF_BLOCKS,
    Duty,
    PatrolNetwork,
    Sortie,
    Team,
    build_patrol_network,
    passes_of,
)
from sarhad.plan import Plan, Schedule
from sarhad.risk import estimate_risk, find_attack_paths, measure_harm, measure_to_sites
from sarhad.visibility import compute_visibility

CASE = "tajik-afghan"
BEGIN = 5


def main() -> None:
    schedules, weeks, threads = (
        int(sys.argv[k + 1]) if len(sys.argv) > k + 1 else usual
        for k, usual in enumerate((100, 1000, 2))
    )
    scenario, networks, risk = open_case(threads)
    plans = {
        name: random_plan(network, schedules, seed)
        for seed, (name, network) in enumerate(networks.items())
    }
    work = [(name, plans[name], networks[name]) for name in networks]
    default = networks[scenario.default_option]
    work += [(f"baseline-{k}", random_plan(default, schedules, 10 + k), default) for k in range(4)]
    print(f"before judging: peak {peak_gib():.2f} GiB")
    settings = SimulationSettings(weeks=weeks)
    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as executor:
        entries = []
        for name, plan, network in work:
            begun = time.perf_counter()
            entry = evaluate(
                name, plan, network, scenario.plan.adaptivity, settings, executor=executor
            )
            entries.append(entry)
            mean = float((entry.simulation.weights @ entry.simulation.harm).mean())
            print(
                f"{name:14} {time.perf_counter() - begun:5.1f} s, harm {entry.metrics.harm:.4f}, "
                f"simulated {mean:.4f}, breaches {len(entry.metrics.breaches)}"
            )
        evaluated = time.perf_counter()
        found = compare(
            entries,
            scenario.uncertainty,
            "alone",
            draws=risk.draws,
            usual=risk.weekly,
            seed=1,
            executor=executor,
        )
    done = time.perf_counter()
    print(f"evaluated in {evaluated - started:.1f} s, compared in {done - evaluated:.1f} s")
    print(f"all: {done - started:.1f} s (to reach 60), peak {peak_gib():.2f} GiB (to reach 4)")
    for each in found.standings:
        print(f"{each.rank} {each.name:14} holds with {each.rank_probability:.2f}")


def open_case(threads: int) -> tuple:
    folder = find_folder(CASE)
    scenario = read_scenario(folder)
    with ThreadPoolExecutor(threads) as executor:
        terrain = read_heights(scenario, folder, None, executor).terrain
        cells = cut_into_cells(scenario.border, scenario.cell_m)
        plane = lay_out(scenario.border, terrain.grid.project)
        sight = compute_visibility(scenario, cells, plane, terrain, executor=executor)
        times = compute_travel_times(scenario, cells, plane, terrain, executor=executor)
    risk = estimate_risk(scenario, cells, terrain, rng=np.random.default_rng(0))
    distance_m = measure_to_sites(risk.strip, scenario.sites)
    paths = find_attack_paths(scenario.attackers, scenario.sites, distance_m, times.intruder.site_s)
    harm = measure_harm(
        paths, scenario.attackers, scenario.sites, scenario.incidents, scenario.risk
    )
    networks = {
        option.name: build_patrol_network(
            scenario, option.name, cells, sight, times, risk, paths, harm
        )
        for option in scenario.options
    }
    return scenario, networks, risk


def random_plan(network: PatrolNetwork, schedules: int, seed: int) -> Plan:
    rng = np.random.default_rng(seed)
    drawn = [Schedule(tuple(random_duties(network, rng))) for _ in range(schedules)]
    until = [min(24, BEGIN + 24 - team.rest_hours) for team in network.teams]
    return Plan(
        option=network.option,
        name="random",
        teams=network.teams,
        schedules=tuple(drawn),
        probabilities=rng.dirichlet(np.ones(schedules)),
        day_from=np.full(len(until), BEGIN, np.int8),
        day_until=np.array(until, np.int8),
        seed=seed,
    )


def random_duties(network: PatrolNetwork, rng: np.random.Generator) -> Iterator[Duty]:
    officers = network.limits.officers
    aloft = dict(network.limits.air_blocks)
    for number, team in enumerate(network.teams):
        if team.officers > officers:
            continue
        party = team.members[0].party
        duty = (
            ground(number, team, rng)
            if team.reach is not None
            else flown(network, number, team, rng, aloft.get(party, 96.0))
        )
        if duty is not None:
            officers -= team.officers
            if party in aloft:
                aloft[party] -= duty.blocks_aloft
            yield duty


def longest_from(team: Team) -> np.ndarray:
    until = min(24, BEGIN + 24 - team.rest_hours)
    longest = np.zeros(24, np.int8)
    for hour in range(BEGIN, until):
        run = 0
        while run < min(team.duty_hours, until - hour) and team.working[hour + run]:
            run += 1
        longest[hour] = run
    return longest


def ground(number: int, team: Team, rng: np.random.Generator) -> Duty | None:
    reach = team.reach
    worth = rng.random((1, 24, len(reach)), dtype=np.float32)
    best = ground_duty(
        worth,
        longest_from(team),
        team.duty_hours,
        reach.out_hours,
        reach.out_quarters,
        reach.home_hours,
        reach.low,
        reach.high,
    )
    if best.hours == 0:
        return None
    station = (best.station + reach.first).astype(np.int16)
    return Duty(number, best.start, best.hours, station, best.hour, best.quarters)


def flown(
    network: PatrolNetwork, number: int, team: Team, rng: np.random.Generator, most: float
) -> Duty | None:
    flight = network.flights[team.flight]
    blocks = int(min(flight.day_blocks, most))
    if blocks < 1:
        return None
    space = AirSpace(
        flight.up, flight.down, np.ascontiguousarray(flight.out),
        np.ascontiguousarray(flight.home), flight.open_blocks.astype(np.uint8),
        TAKE_OFF_BLOCKS, flight.most_blocks, flight.turn_blocks, blocks,
    )  # fmt: skip
    worth = np.cumsum(rng.random((24, network.cells), dtype=np.float32), axis=1)
    passed = np.ascontiguousarray(
        np.concatenate([np.zeros((24, 1), np.float32), worth], axis=1)[:, flight.nodes]
    )
    best = best_sorties(space, passed, np.ones(len(flight.pads), np.uint8))
    longest = longest_from(team)
    by_aloft, _, _ = flying_day(space, best, team.duty_hours, longest)
    wanted = int(by_aloft.argmax())
    if wanted < 1 or by_aloft[wanted] <= 0:
        return None
    _, landed, rows = flying_day(space, best, team.duty_hours, longest, wanted)
    sorties = tuple(
        Sortie(
            int(slot) * TAKE_OFF_BLOCKS, int(pad), int(to),
            tuple(int(node) for node in sortie_route(
                space, passed, int(slot) * TAKE_OFF_BLOCKS, int(pad), int(to), int(n))),
            int(n),
        )
        for slot, pad, to, n in rows
    )  # fmt: skip
    if not sorties:
        return None
    start = sorties[0].block // 4
    cells, hours = passes_of(sorties, flight)
    length = min(-(-landed // 4) - start, team.duty_hours)
    return Duty(number, start, length, cells, hours, np.zeros(len(cells), np.int8), sorties)


def peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
