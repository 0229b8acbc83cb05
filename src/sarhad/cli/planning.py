"""What the commands that plan share: the survey of a scenario, options, writing a plan."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sarhad.cli.opening import Opened, choose_option, open_for_planning
from sarhad.cli.terminal import say, showing

if TYPE_CHECKING:
    from sarhad.patrols import PatrolNetwork
    from sarhad.plan import Plan, Result
    from sarhad.study import Survey

time_option = click.option(
    "--time-limit",
    "time_limit_s",
    type=click.FloatRange(min=1.0),
    default=60.0,
    show_default=True,
    help="Stop the search after this time [s].",
)
gap_option = click.option(
    "--gap",
    type=click.FloatRange(0.0, 1.0),
    default=0.05,
    show_default=True,
    help="Stop when both gaps are proven to be at most this [1].",
)


@dataclass(frozen=True, slots=True)
class Surveyed:
    """An opened scenario, its survey, and the fingerprint of what it was made from."""

    opened: Opened
    survey: Survey
    fingerprint: str


def survey_scenario(
    name: str, rasters: Path | None, option: str | None, seed: int, executor: Executor
) -> Surveyed:
    """Return the survey of a scenario, one that was kept where nothing has changed since."""
    from sarhad.exchange.kept_surveys import (
        fingerprint_code,
        fingerprint_folder,
        keep_survey,
        load_survey,
    )
    from sarhad.exchange.scenario_folder import find_folder
    from sarhad.study import survey

    folder = find_folder(name)
    fingerprint = fingerprint_folder(folder)
    of_heights = "" if rasters is None else fingerprint_folder(rasters)
    key = fingerprint_folder(folder, fingerprint_code(), of_heights, str(seed))
    kept = load_survey(key)
    if kept is not None:
        opened, found = kept
        for notice in opened.notices:
            say(f"NOTE: {notice}", err=True)
        return Surveyed(_chosen(opened, option), found, fingerprint)
    opened = open_for_planning(name, rasters, None, executor)
    with showing("sight and movement") as progress:
        found = survey(
            opened.scenario,
            opened.heights.terrain,
            seed=seed,
            executor=executor,
            progress=progress,
        )
    keep_survey(key, (opened, found))
    return Surveyed(_chosen(opened, option), found, fingerprint)


def _chosen(opened: Opened, option: str | None) -> Opened:
    return replace(opened, option=choose_option(opened.scenario, option))


def plan_as_object(surveyed: Surveyed, network: PatrolNetwork, result: Result) -> dict[str, Any]:
    """Return the figures of a plan under the keys of `sarhad plan --json`."""
    scenario = surveyed.opened.scenario
    teams = {duty.team for schedule in result.plan.schedules for duty in schedule.duties}
    parties = {m.party for team in result.plan.teams for m in team.members}
    return {
        "option": result.plan.option,
        "harm": result.harm,
        "harm_bound": result.harm_bound,
        "harm_posts_alone": result.harm_posts_alone,
        "unreachable_harm": result.unreachable_harm,
        "gap": result.gap,
        "gap_harm": result.gap_harm,
        "gap_avoidable": result.gap_avoidable,
        "coordination_value": result.coordination_value,
        "status": result.status,
        "runtime_s": result.runtime_s,
        "peak_mib": result.peak_mib,
        "cells": network.cells,
        "periods": scenario.horizon.periods,
        "days": scenario.horizon.days,
        "units": sum(unit.count for unit in _units(scenario, result.plan.option)),
        "mobile_units": len(network.teams),
        "teams_on_duty": len(teams),
        "parties": len(parties),
        "schedules": len(result.plan.schedules),
        "rounds": result.rounds,
        "seed": result.plan.seed,
        "marginal": {
            team.name: float(value)
            for team, value in zip(result.plan.teams, result.marginal, strict=True)
        },
        "notes": [*network.notes, *surveyed.opened.notices],
    }


def _units(scenario: Any, option: str) -> Sequence[Any]:
    from sarhad.scenario import option_units

    return option_units(scenario, option)


def refuse_breaches(plan: Plan, network: PatrolNetwork) -> None:
    """Stop with every rule that a plan would break: it has no legal schedule for some of them.

    Raises
    ------
    ScenarioError
        With a fault for each, and the least change that cures it.
    """
    from sarhad.errors import ScenarioError
    from sarhad.plan import find_plan_breaches
    from sarhad.plan.conflicts import explain_conflicts

    breaches = find_plan_breaches(plan, network)
    if breaches:
        raise ScenarioError(explain_conflicts(breaches, network))
