"""The command that compares all options and baselines, and writes the brief."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from sarhad.cli.opening import heights_option, seed_option
from sarhad.cli.plan import solve_shown
from sarhad.cli.planning import Surveyed, gap_option, refuse_breaches, survey_scenario
from sarhad.cli.scheduler import open_executor, scheduler_option
from sarhad.cli.terminal import OK, json_option, print_json, result, say, showing

if TYPE_CHECKING:
    from sarhad.evaluation import Comparison, Contribution, Entry
    from sarhad.patrols import PatrolNetwork
    from sarhad.plan import Result
    from sarhad.report.brief import UnitOrders
    from sarhad.scenario import Option


@click.command()
@click.argument("scenario")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that the brief and the plans are written to; made where it is not there.",
)
@click.option(
    "--time-limit",
    "time_limit_s",
    type=click.FloatRange(min=5.0),
    default=60.0,
    show_default=True,
    help="Time for solving, shared by all options [s].",
)
@gap_option
@click.option(
    "--weeks",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    help="Simulated weeks for each option and baseline.",
)
@click.option(
    "--language",
    type=click.Choice(["en", "ru", "fa"]),
    default="en",
    show_default=True,
    help="Language that the brief opens in.",
)
@seed_option
@scheduler_option
@heights_option
@json_option
def compare(
    scenario: str,
    out: Path,
    time_limit_s: float,
    gap: float,
    weeks: int,
    language: str,
    seed: int,
    scheduler: str | None,
    rasters: Path | None,
    as_json: bool,
) -> int:
    """Plan all options of a SCENARIO, judge them beside plans by hand, and write the brief."""
    with open_executor() as threads:
        surveyed = survey_scenario(scenario, rasters, None, seed, threads)
        plans = _plan_all(surveyed, time_limit_s, gap, seed, threads)
        more = _contributions(surveyed, plans)
        with open_executor(scheduler) as spread:
            entries = _judge_all(surveyed, plans, weeks, seed, spread)
            found = _put_side_by_side(surveyed, entries, more, seed, threads)
    files = _write(out, surveyed, plans, found, language, scenario, seed)
    figures = _as_object(found)
    if as_json:
        print_json({**result(), **figures, "files": [str(path) for path in files]})
    else:
        say(describe_comparison(figures))
        for path in files:
            say(f"wrote {path}")
    return OK


Plans = Mapping[str, "tuple[PatrolNetwork, Result]"]


def _plan_all(
    surveyed: Surveyed, time_limit_s: float, gap: float, seed: int, executor: Executor
) -> dict[str, tuple[PatrolNetwork, Result]]:
    from sarhad.study import lay_network

    options = surveyed.opened.scenario.options
    share = time_limit_s / len(options)
    networks = _within_the_same_reach(
        {option.name: lay_network(surveyed.survey, option.name) for option in options}
    )
    plans: dict[str, tuple[PatrolNetwork, Result]] = {}
    for option in _parents_first(options):
        network = networks[option.name]
        # What an option adds to another can only help: begin where that one ended.
        start = plans[option.extends][1].plan if option.extends else None
        found = solve_shown(surveyed, network, share, gap, seed, executor, start)
        refuse_breaches(found.plan, network)
        plans[option.name] = (network, found)
    return {option.name: plans[option.name] for option in options}


def _within_the_same_reach(networks: Mapping[str, PatrolNetwork]) -> dict[str, PatrolNetwork]:
    """Return the networks with an attack in reach in all of them if it is so in any.

    An attacker that adapts is reckoned with among attacks in reach alone: an option that brings
    more of them into reach must not be worse for it beside one that leaves them out.
    """
    from dataclasses import replace

    common = np.any([of.attacks.reachable for of in networks.values()], axis=0)
    return {
        name: replace(of, attacks=replace(of.attacks, reachable=common))
        for name, of in networks.items()
    }


def _parents_first(options: Sequence[Option]) -> list[Option]:
    """Return the options, each after the one that it extends."""
    done: dict[str, Option] = {}
    waiting = list(options)
    while waiting:
        ready = [o for o in waiting if o.extends is None or o.extends in done]
        done |= {option.name: option for option in ready}
        waiting = [option for option in waiting if option.name not in done]
    return list(done.values())


def _contributions(surveyed: Surveyed, plans: Plans) -> tuple[Contribution, ...]:
    """Return what one contribution more is worth at the least: nobody of the plan is moved."""
    from sarhad.evaluation import value_contributions
    from sarhad.solvers.again import harm_with

    scenario = surveyed.opened.scenario
    network, found = plans[scenario.default_option]
    changed = _changed_networks(surveyed, network)

    def harm(of: PatrolNetwork) -> float:
        return harm_with(of, scenario.plan.adaptivity, found.plan)

    return value_contributions(changed, harm(network), harm)


def _changed_networks(surveyed: Surveyed, network: PatrolNetwork) -> dict[str, PatrolNetwork]:
    from dataclasses import replace

    from sarhad.evaluation import with_hotline, with_more_officers, with_more_units
    from sarhad.study import lay_network

    flying = next((t.members[0].unit for t in network.teams if t.flight >= 0), None)
    changed: dict[str, PatrolNetwork] = {}
    if flying is not None:
        changed["One more helicopter"] = with_more_units(network, flying)
    if any(team.officers for team in network.teams):
        changed["Ten liaison officers"] = with_more_officers(network, 10)
    hotline = with_hotline(surveyed.opened.scenario, network.option, 20.0)
    quicker = lay_network(replace(surveyed.survey, scenario=hotline), network.option)
    # The same attacks in reach, or a hotline would be blamed for those that it brings there.
    same = replace(quicker.attacks, reachable=network.attacks.reachable)
    changed["Hotline with the neighbour"] = replace(quicker, attacks=same)
    return changed


def _judge_all(
    surveyed: Surveyed, plans: Plans, weeks: int, seed: int, executor: Executor
) -> list[Entry]:
    from sarhad.evaluation import SimulationSettings, evaluate
    from sarhad.solvers.baselines import all_baselines

    scenario = surveyed.opened.scenario
    settings = SimulationSettings(weeks=weeks, seed=seed + 1)
    network, _ = plans[scenario.default_option]
    baselines = all_baselines(
        network, seed, surveyed.survey.risk.weekly, surveyed.survey.cells.length_m
    )
    tasks: list[tuple[str, Any, PatrolNetwork, float | None, bool]] = [
        (name, found.plan, of, found.gap, False) for name, (of, found) in plans.items()
    ]
    tasks += [(each.plan.name, each.plan, network, None, True) for each in baselines]
    entries = []
    with showing("judging") as progress:
        for done, (name, plan, of, gap, by_hand) in enumerate(tasks, start=1):
            entries.append(
                evaluate(
                    name,
                    plan,
                    of,
                    scenario.plan.adaptivity,
                    settings,
                    gap=gap,
                    is_baseline=by_hand,
                    executor=executor,
                )
            )
            progress(done, len(tasks))
    return entries


def _put_side_by_side(
    surveyed: Surveyed,
    entries: list[Entry],
    more: tuple[Contribution, ...],
    seed: int,
    executor: Executor,
) -> Comparison:
    from sarhad.evaluation import compare as side_by_side

    scenario, risk = surveyed.opened.scenario, surveyed.survey.risk
    names = [option.name for option in scenario.options]
    today = "alone" if "alone" in names else names[0]
    return side_by_side(
        entries,
        scenario.uncertainty,
        today,
        draws=risk.draws,
        usual=risk.weekly,
        seed=seed,
        contributions=more,
        executor=executor,
    )


def _as_object(found: Comparison) -> dict[str, Any]:
    from sarhad.evaluation import comparison_as_json

    return comparison_as_json(found)


def _write(
    out: Path,
    surveyed: Surveyed,
    plans: Plans,
    found: Comparison,
    language: str,
    name: str,
    seed: int,
) -> list[Path]:
    from sarhad.exchange.atomic import write_atomically
    from sarhad.exchange.brief_parts import read_brief_parts
    from sarhad.exchange.kept_surveys import fingerprint_folder
    from sarhad.exchange.plan_file import write_plan
    from sarhad.exchange.scenario_folder import find_folder
    from sarhad.report.brief import build_brief, survey_ground
    from sarhad.report.comparison_brief import Findings, fill_brief

    out.mkdir(parents=True, exist_ok=True)
    opened = surveyed.opened
    terrain = opened.heights.terrain
    findings = Findings(
        scenario=opened.scenario,
        risk=surveyed.survey.risk,
        ground=survey_ground(opened.scenario, terrain, terrain.grid),
        comparison=found,
        response_min=_responses(surveyed, plans),
        fingerprint=surveyed.fingerprint,
        seed=seed,
        version=version("sarhad"),
        commands=(f"sarhad compare {name} --seed {seed} --out {out.name}",),
        orders=_sample_orders(surveyed, plans),
        notices=opened.notices,
        credits=opened.named,
        made_at=datetime.now(UTC),
        changed_since=fingerprint_folder(find_folder(name)) != surveyed.fingerprint,
    )
    page = build_brief(fill_brief(findings), read_brief_parts(), language)
    files = [out / "brief.html"]
    write_atomically(files[0], page.encode() if isinstance(page, str) else page)
    for option, (_, solved) in plans.items():
        files.append(out / f"plan-{option}.json")
        write_plan(files[-1], solved, surveyed.fingerprint)
    return files


def _responses(surveyed: Surveyed, plans: Plans) -> dict[str, Any]:
    from sarhad.evaluation import help_minutes
    from sarhad.mobility.response import find_response

    scenario, survey = surveyed.opened.scenario, surveyed.survey
    grid = surveyed.opened.heights.terrain.grid
    cooperation = {option.name: option.cooperation for option in scenario.options}
    return {
        name: help_minutes(
            find_response(scenario, name, survey.cells, survey.plane, grid, survey.times),
            scenario.plan,
            cooperation[name],
        )
        for name in plans
    }


def _sample_orders(surveyed: Surveyed, plans: Plans) -> tuple[UnitOrders, ...]:
    """Return the first day's orders of one team of each kind, drawn with a public seed."""
    from sarhad.plan.calendar import draw_calendar
    from sarhad.plan.order_words import say_order
    from sarhad.plan.orders import gather_places, write_orders
    from sarhad.report.brief import UnitOrders

    opened, survey = surveyed.opened, surveyed.survey
    network, found = plans[opened.scenario.default_option]
    start = opened.scenario.horizon.start
    calendar = draw_calendar(found.plan, network, start, 1, b"sample of a brief, not secret")
    places = gather_places(
        opened.scenario, survey.cells, survey.sight.observers, opened.heights.terrain.grid
    )
    orders = write_orders(calendar, found.plan, network, places)
    parties = {party.id: party.name for party in opened.scenario.parties}
    kinds = {team.name: team.kind for team in found.plan.teams}
    samples: dict[str, UnitOrders] = {}
    for order in orders:
        kind = kinds[order.team]
        text = say_order(order).splitlines()
        if kind not in samples and len(text) > 4:
            samples[kind] = UnitOrders(order.team, parties[order.parties[0]], tuple(text))
    return tuple(samples.values())


def describe_comparison(figures: Mapping[str, Any]) -> str:
    """Return the ranking in words, a line each."""
    lines = [f"best: {figures['best']}; harm in persons per attack"]
    by_rank: Callable[[Mapping[str, Any]], int] = lambda row: row["rank"]  # noqa: E731
    for row in sorted(figures["options"], key=by_rank):
        gap = f", gap {row['gap']:.1%}" if row["gap"] is not None else ""
        lines.append(
            f"  {row['rank']}. {row['name']:<16} {row['expected_harm']:.4f}"
            f" (holds its rank with {row['rank_probability']:.0%}),"
            f" interception {row['interception']:.1%}{gap}"
        )
    return "\n".join(lines)
