"""The command that plans again after something changed: a lost unit, weather, an order by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sarhad.cli.opening import heights_option
from sarhad.cli.plan import write_plan_files
from sarhad.cli.planning import plan_as_object, refuse_breaches, survey_scenario
from sarhad.cli.terminal import OK, json_option, print_json, result, say

if TYPE_CHECKING:
    from sarhad.cli.planning import Surveyed
    from sarhad.patrols import PatrolNetwork


@click.command()
@click.argument("scenario")
@click.option(
    "--plan",
    "before_file",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="plan.json of the plan before.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that the new plan, calendar and orders are written to.",
)
@click.option("--lost", multiple=True, help="Unit or team that is not there any more; repeatable.")
@click.option("--grounded", is_flag=True, help="Bad weather: nobody flies.")
@click.option(
    "--stay",
    multiple=True,
    metavar="TEAM=KM",
    help="Order by hand: this team stays at this kilometre of the line; repeatable.",
)
@click.option(
    "--time-limit",
    "time_limit_s",
    type=click.FloatRange(min=0.5),
    default=2.5,
    show_default=True,
    help="Stop the search after this time [s].",
)
@heights_option
@json_option
def replan(
    scenario: str,
    before_file: Path,
    out: Path,
    lost: tuple[str, ...],
    grounded: bool,
    stay: tuple[str, ...],
    time_limit_s: float,
    rasters: Path | None,
    as_json: bool,
) -> int:
    """Plan a SCENARIO again, from an earlier plan: warm, with the gap stated anew.

    New incidents, posts or rules are read from the scenario itself; what else has changed is said
    by the options. The cost of every order by hand is shown.
    """
    import json
    import secrets
    from dataclasses import asdict

    from sarhad.cli.scheduler import open_executor
    from sarhad.exchange.plan_file import read_plan
    from sarhad.solvers.again import list_changes
    from sarhad.solvers.again import replan as plan_again
    from sarhad.solvers.generate import SearchSettings
    from sarhad.study import lay_network

    entered = json.loads(before_file.read_text(encoding="utf-8"))
    option = entered.get("option") if isinstance(entered, dict) else None
    with open_executor() as executor:
        surveyed = survey_scenario(scenario, rasters, option, 0, executor)
        usual = lay_network(surveyed.survey, surveyed.opened.option)
        before, _ = read_plan(before_file, usual)
        settings = SearchSettings(gap=0.0, time_limit_s=time_limit_s, seed=before.seed)
        adaptivity = surveyed.opened.scenario.plan.adaptivity
        network = _changed(usual, lost, grounded)
        held = _held(surveyed, network, stay)
        found = plan_again(held, adaptivity, before, settings, executor=executor)
        free = found if held is network else plan_again(
            network, adaptivity, before, settings, executor=executor
        )  # fmt: skip
    refuse_breaches(found.plan, held)
    changes = list_changes(before, found.plan)
    files = write_plan_files(out, surveyed, held, found, secrets.token_bytes(32))
    figures = plan_as_object(surveyed, held, found)
    cost = found.harm - free.harm if stay else 0.0
    if as_json:
        more = {"changes": [asdict(change) for change in changes], "override_cost": cost}
        print_json({**result(), **figures, **more, "files": [str(path) for path in files]})
        return OK
    say(
        f"planned again for {figures['option']}: harm {found.harm:.4f}, bound"
        f" {found.harm_bound:.4f}, gap {found.gap:.2%}, in {found.runtime_s:.1f} s"
    )
    if stay:
        say(f"the orders by hand cost {max(cost, 0.0):.4f} persons per attack")
    for change in changes:
        say(f"  {change.team}: {change.before or 'no duty'} -> {change.after or 'no duty'}")
    for path in files:
        say(f"wrote {path}")
    return OK


def _changed(network: PatrolNetwork, lost: tuple[str, ...], grounded: bool) -> PatrolNetwork:
    from sarhad.exchange.plan_file import match_teams
    from sarhad.solvers.again import in_bad_weather, without_teams

    names: list[str] = []
    for wanted in lost:
        places = match_teams(network.teams, wanted)
        if not places:
            raise click.BadParameter(f"no unit or team is called {wanted!r}", param_hint="--lost")
        names += [network.teams[place].name for place in places]
    if names:
        network = without_teams(network, names)
    return in_bad_weather(network) if grounded else network


def _held(surveyed: Surveyed, network: PatrolNetwork, stay: tuple[str, ...]) -> PatrolNetwork:
    from sarhad.solvers.again import Stay, hold_stay

    for order in stay:
        name, _, km = order.partition("=")
        try:
            cell = int(float(km) * 1000.0 / surveyed.survey.cells.length_m)
            network = hold_stay(network, Stay(name, cell))
        except ValueError as error:
            raise click.BadParameter(f"{order!r}: {error}", param_hint="--stay") from None
    return network
