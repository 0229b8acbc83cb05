"""The stages in order: from a scenario and its heights to plans that are judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from sarhad.border import BorderCells, LinePlane, cut_into_cells, lay_out
from sarhad.mobility import TravelTimes, compute_travel_times
from sarhad.patrols import PatrolNetwork, build_patrol_network
from sarhad.plan import Result
from sarhad.risk import (
    AttackHarm,
    AttackPaths,
    IncidentRisk,
    estimate_risk,
    find_attack_paths,
    measure_harm,
    measure_to_sites,
)
from sarhad.scenario import Scenario
from sarhad.solvers.generate import SearchSettings, solve
from sarhad.terrain import Terrain
from sarhad.visibility import Visibility, compute_visibility

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """What holds for every option of a scenario: sight, movement, risk, ways of attack.

    Attributes
    ----------
    scenario : Scenario
        What it was made from.
    cells, plane : BorderCells, LinePlane
        The line in cells, and in the plane of its heights.
    sight, times, risk : Visibility, TravelTimes, IncidentRisk
        Who sees what, who gets where when, where and when it may happen.
    paths, harm : AttackPaths, AttackHarm
        Ways of attack and the harm of each.
    """

    scenario: Scenario
    cells: BorderCells
    plane: LinePlane
    sight: Visibility
    times: TravelTimes
    risk: IncidentRisk
    paths: AttackPaths
    harm: AttackHarm


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """A survey, and for each option its patrol network and its plan with proof."""

    survey: Survey
    networks: dict[str, PatrolNetwork]
    results: dict[str, Result]


def survey(
    scenario: Scenario,
    terrain: Terrain,
    *,
    seed: int = 0,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Survey:
    """Return what holds for every option of a scenario.

    Parameters
    ----------
    scenario, terrain : Scenario, Terrain
        What a person entered, and heights on one grid.
    seed : int
        Of the draws of the risk.
    executor : Executor, optional
        Threads for sight and movement.
    progress : callable, optional
        Called with (stages done, stages in all).
    """
    tell = progress or (lambda _done, _total: None)
    cells = cut_into_cells(scenario.border, scenario.cell_m)
    plane = lay_out(scenario.border, terrain.grid.project)
    sight = compute_visibility(scenario, cells, plane, terrain, executor=executor)
    tell(1, 3)
    times = compute_travel_times(scenario, cells, plane, terrain, executor=executor)
    tell(2, 3)
    risk = estimate_risk(scenario, cells, terrain, rng=np.random.default_rng(seed))
    distance_m = measure_to_sites(risk.strip, scenario.sites)
    paths = find_attack_paths(scenario.attackers, scenario.sites, distance_m, times.intruder.site_s)
    harm = measure_harm(
        paths, scenario.attackers, scenario.sites, scenario.incidents, scenario.risk
    )
    tell(3, 3)
    return Survey(scenario, cells, plane, sight, times, risk, paths, harm)


def lay_network(found: Survey, option: str) -> PatrolNetwork:
    """Return the patrol network of one option of a surveyed scenario."""
    return build_patrol_network(
        found.scenario,
        option,
        found.cells,
        found.sight,
        found.times,
        found.risk,
        found.paths,
        found.harm,
    )


def run_study(
    scenario: Scenario,
    terrain: Terrain,
    options: Iterable[str],
    settings: SearchSettings | None = None,
    *,
    executor: Executor | None = None,
) -> Study:
    """Return a plan with proof for each option of a scenario, and all that it rests on.

    Parameters
    ----------
    scenario, terrain : Scenario, Terrain
        What a person entered, and heights on one grid.
    options : iterable of str
        Names of the options to plan.
    settings : SearchSettings, optional
        How long to search for each, and the seed.
    executor : Executor, optional
        Threads.
    """
    chosen = settings or SearchSettings()
    found = survey(scenario, terrain, seed=chosen.seed, executor=executor)
    networks = {option: lay_network(found, option) for option in options}
    results = {
        option: solve(network, scenario.plan.adaptivity, chosen, executor=executor)
        for option, network in networks.items()
    }
    return Study(found, networks, results)
