"""Measures the plan of the reference case: proven gap against time from the loaded scenario.

Run: python benchmarks/plan_speed.py [--time-limit SECONDS] [--gap GAP]

The clock begins when the scenario and its heights are read; sight, movement, risk and the patrol
network are inside it. To reach on 2 cores and 4 GiB: a proven gap of 5 % in 60 s, 1 % in 600 s,
with avoidable harm at least 5 % of the harm with posts alone. The gap is the larger of that in
harm and that in avoidable harm.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor

from sarhad.exchange.heights import read_heights
from sarhad.exchange.scenario_folder import find_folder, read_scenario
from sarhad.plan import Result, find_plan_breaches, gaps
from sarhad.solvers.generate import SearchSettings, solve
from sarhad.study import lay_network, survey

STEPS = (0.2, 0.1, 0.05, 0.03, 0.02, 0.01)


def main() -> None:
    """Print when each gap was proven, and what the plan is worth in the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--time-limit", type=float, default=60.0)
    parser.add_argument("--gap", type=float, default=0.0)
    asked = parser.parse_args()
    folder = find_folder("tajik-afghan")
    scenario = read_scenario(folder)
    with ThreadPoolExecutor(2) as executor:
        heights = read_heights(scenario, folder, None, executor)
        began = time.perf_counter()
        found = survey(scenario, heights.terrain, executor=executor)
        option = scenario.default_option
        network = lay_network(found, option)
        laid_s = time.perf_counter() - began
        print(f"option {option}: survey and network {laid_s:.1f} s, {len(network.teams)} teams")
        clock = Clock(began)
        settings = SearchSettings(gap=asked.gap, time_limit_s=asked.time_limit - laid_s)
        result = solve(
            network, scenario.plan.adaptivity, settings, executor=executor, progress=clock.tell
        )
    clock.say(result)
    report(result, time.perf_counter() - began)
    print("breaches:", find_plan_breaches(result.plan, network) or "none")


class Clock:
    """Notes harm and bound against time."""

    def __init__(self, began: float) -> None:
        self.began = began
        self.notes: list[tuple[float, float, float]] = []

    def tell(self, _spent: float, harm: float, bound: float) -> None:
        """Note where the search stands."""
        self.notes.append((time.perf_counter() - self.began, harm, bound))

    def say(self, result: Result) -> None:
        """Print when each gap was first proven."""
        for step in STEPS:
            when = next(
                (s for s, harm, bound in self.notes
                 if max(gaps(harm, bound, result.harm_posts_alone)) <= step), None
            )  # fmt: skip
            print(f"  gap {step:4.0%}: {'not proven' if when is None else f'{when:6.1f} s'}")


def report(result: Result, seconds: float) -> None:
    """Print the end of a search."""
    avoidable = 1 - result.harm_bound / result.harm_posts_alone
    print(
        f"harm {result.harm:.4f}, bound {result.harm_bound:.4f}, with posts alone "
        f"{result.harm_posts_alone:.4f} persons an attack; avoidable at most {avoidable:.1%}\n"
        f"gap {result.gap:.2%} (in harm {result.gap_harm:.2%}, in avoidable harm "
        f"{result.gap_avoidable:.2%}), drawn together against alone "
        f"{result.coordination_value:.2%}\n"
        f"{result.gap_avoidable:.2%}), "
        f"drawn together against alone {result.coordination_value:.2%}\n"
        f"{result.status} after {seconds:.1f} s, {result.rounds} rounds, "
        f"{len(result.plan.schedules)} schedules, {result.peak_mib:,.0f} MiB"
    )


if __name__ == "__main__":
    main()
