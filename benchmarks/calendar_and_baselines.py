"""Measures the baselines and the calendar on the embedded case.

Run: python benchmarks/calendar_and_baselines.py

Prints for each baseline its time, the rules that it breaks, its harm and its chance to repeat
itself within a week; then, for the random lottery, the greatest |z| of the cover of cells, and of
cells and hours, over 1,000 drawn weeks beside the Bonferroni limit, the rules that those 7,000 days
break, and what a watcher could say. About two minutes on two cores; nothing is written.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sarhad.border import cut_into_cells, lay_out
from sarhad.exchange.heights import read_heights
from sarhad.exchange.scenario_folder import find_folder, read_scenario
from sarhad.mobility import compute_travel_times
from sarhad.patrols import PatrolNetwork, build_patrol_network
from sarhad.plan import (
    Plan,
    bonferroni_limit,
    cover_by_schedule,
    cover_of_plan,
    cover_z,
    draw_weeks,
    expected_harm,
    find_plan_breaches,
    find_week_breaches,
    gather_places,
    measure_predictability,
    repeat_chance,
    write_orders,
)
from sarhad.plan.calendar import draw_calendar, verify_calendar
from sarhad.risk import estimate_risk, find_attack_paths, measure_harm, measure_to_sites
from sarhad.scenario import Scenario
from sarhad.solvers.baselines import fixed_timetable, hot_spot, posts_alone, uniform_random
from sarhad.visibility import compute_visibility

CASE, WEEKS, SEED = "tajik-afghan", 1000, bytes(range(32))


def main() -> None:
    scenario = read_scenario(find_folder(CASE))
    with ThreadPoolExecutor(2) as executor:
        terrain = read_heights(scenario, find_folder(CASE), None, executor).terrain
        cells = cut_into_cells(scenario.border, scenario.cell_m)
        plane = lay_out(scenario.border, terrain.grid.project)
        sight = compute_visibility(scenario, cells, plane, terrain, executor=executor)
        times = compute_travel_times(scenario, cells, plane, terrain, executor=executor)
    risk = estimate_risk(scenario, cells, terrain, rng=np.random.default_rng(0))
    to_sites = measure_to_sites(risk.strip, scenario.sites)
    paths = find_attack_paths(scenario.attackers, scenario.sites, to_sites, times.intruder.site_s)
    harm = measure_harm(
        paths, scenario.attackers, scenario.sites, scenario.incidents, scenario.risk
    )
    network = build_patrol_network(
        scenario, scenario.default_option, cells, sight, times, risk, paths, harm
    )
    for make in (
        lambda: fixed_timetable(network),
        lambda: uniform_random(network, 1),
        lambda: hot_spot(network, 1, risk.weekly, cell_m=cells.length_m),
        lambda: posts_alone(network),
    ):
        begin = time.perf_counter()
        plan = make().plan
        judge(plan, network, scenario, time.perf_counter() - begin)
    places = gather_places(scenario, cells, sight.observers, terrain.grid)
    random = uniform_random(network, 1).plan
    draw(random, network, scenario, places)


def judge(plan: Plan, network: PatrolNetwork, scenario: Scenario, seconds: float) -> None:
    harm = expected_harm(network.attacks, cover_of_plan(plan, network), scenario.plan.adaptivity)
    broken = len(find_plan_breaches(plan, network))
    print(
        f"{plan.name}: {seconds:.1f} s, {len(plan.schedules)} schedules, {broken} rules broken, "
        f"harm {harm:.4f}, repeats itself {repeat_chance(plan, network):.3f}"
    )


def draw(plan: Plan, network: PatrolNetwork, scenario: Scenario, places) -> None:
    start, days = scenario.horizon.start, scenario.horizon.days
    begin = time.perf_counter()
    calendar = draw_calendar(plan, network, start, days, SEED, scenario.plan.predictability)
    wrong = verify_calendar(calendar, plan, SEED, calendar.commitment.whole)
    orders = write_orders(calendar, plan, network, places)
    print(f"calendar drawn and verified, {len(orders)} orders: {time.perf_counter() - begin:.2f} s")
    assert not wrong
    weeks = draw_weeks(plan, WEEKS, np.random.default_rng(1))
    cover = cover_by_schedule(plan, network)
    for what, fields in (
        ("cells", cover.any(axis=2)),
        ("cell-hours", cover.reshape(len(cover), -1)),
    ):
        z = cover_z(weeks, fields, plan.probabilities)
        print(f"{z.size} {what}: |z| at most {np.abs(z).max():.2f}, {bonferroni_limit(z.size):.2f}")
    stream = [plan.schedules[number] for number in weeks.ravel()]
    broken = find_week_breaches(stream, plan, network, scenario)
    print(f"{len(stream)} days in a row: {len(broken)} rules broken")
    print(measure_predictability(plan, network, 20_000, np.random.default_rng(2)))


if __name__ == "__main__":
    main()
