"""The command that plans: joint schedules with a proof, a drawn calendar, orders."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sarhad.cli.export import FORMATS
from sarhad.cli.opening import heights_option, option_option, seed_option
from sarhad.cli.planning import (
    Surveyed,
    gap_option,
    plan_as_object,
    refuse_breaches,
    survey_scenario,
    time_option,
)
from sarhad.cli.terminal import OK, json_option, print_json, result, say, showing

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from sarhad.patrols import PatrolNetwork
    from sarhad.plan import Plan, Result


LISTED = 12
"""Files that are named one by one."""


@click.command()
@click.argument("scenario")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that plan, calendar and orders are written to; made where it is not there.",
)
@option_option
@time_option
@gap_option
@seed_option
@click.option(
    "--calendar-seed",
    metavar="HEX",
    help="Secret of the draw of days, 32 hexadecimal digits or more; drawn anew where left out.",
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(FORMATS),
    help="Write the plan in this format too, for planners and party by party; repeatable.",
)
@heights_option
@json_option
def plan(
    scenario: str,
    out: Path,
    option: str | None,
    time_limit_s: float,
    gap: float,
    seed: int,
    calendar_seed: str | None,
    formats: tuple[str, ...],
    rasters: Path | None,
    as_json: bool,
) -> int:
    """Plan the joint patrols of a SCENARIO, with a proof of how good the plan is."""
    from sarhad.cli.scheduler import open_executor
    from sarhad.study import lay_network

    secret = _secret(calendar_seed)
    with open_executor() as executor:
        surveyed = survey_scenario(scenario, rasters, option, seed, executor)
        network = lay_network(surveyed.survey, surveyed.opened.option)
        found = solve_shown(surveyed, network, time_limit_s, gap, seed, executor)
    refuse_breaches(found.plan, network)
    files = write_plan_files(out, surveyed, network, found, secret)
    if formats:
        files += _export(out, surveyed, network, found, secret, formats)
    figures = plan_as_object(surveyed, network, found)
    _show(figures, files, as_json)
    return OK


def _secret(given: str | None) -> bytes:
    if given is None:
        return secrets.token_bytes(32)
    try:
        secret = bytes.fromhex(given)
    except ValueError:
        secret = b""
    if len(secret) < 16:
        raise click.BadParameter("32 hexadecimal digits or more", param_hint="--calendar-seed")
    return secret


def solve_shown(
    surveyed: Surveyed,
    network: PatrolNetwork,
    time_limit_s: float,
    gap: float,
    seed: int,
    executor: Executor,
    start: Plan | None = None,
) -> Result:
    """Return the plan of a network, showing how the search comes on; it may begin from another."""
    from sarhad.solvers.generate import SearchSettings, solve

    settings = SearchSettings(gap=gap, time_limit_s=time_limit_s, seed=seed)
    adaptivity = surveyed.opened.scenario.plan.adaptivity
    with showing(f"planning {network.option}") as progress:
        return solve(
            network,
            adaptivity,
            settings,
            start=start,
            executor=executor,
            progress=lambda spent, _harm, _bound: progress(int(1000 * spent), 1000),
        )


def write_plan_files(
    out: Path, surveyed: Surveyed, network: PatrolNetwork, found: Result, secret: bytes
) -> list[Path]:
    """Write a plan, its calendar and each party's orders, each file whole or not at all."""
    from sarhad.exchange.atomic import write_atomically
    from sarhad.exchange.plan_file import write_plan
    from sarhad.plan.calendar import draw_calendar
    from sarhad.plan.order_words import say_order
    from sarhad.plan.orders import gather_places, orders_for, write_orders

    opened, survey = surveyed.opened, surveyed.survey
    out.mkdir(parents=True, exist_ok=True)
    write_plan(out / "plan.json", found, surveyed.fingerprint)
    horizon = opened.scenario.horizon
    calendar = draw_calendar(found.plan, network, horizon.start, horizon.days, secret)
    places = gather_places(
        opened.scenario, survey.cells, survey.sight.observers, opened.heights.terrain.grid
    )
    orders = write_orders(calendar, found.plan, network, places)
    files = [out / "plan.json", out / "commitment.txt", out / "calendar-seed.txt"]
    write_atomically(files[1], (calendar.commitment.whole + "\n").encode())
    write_atomically(files[2], (secret.hex() + "\n").encode())
    for party in opened.scenario.parties:
        own = orders_for(party.id, orders)
        if own:
            path = out / f"orders-{party.id}.txt"
            text = "\n\n".join(say_order(order) for order in own)
            write_atomically(path, (text + "\n").encode())
            files.append(path)
    return files


def _export(
    out: Path,
    surveyed: Surveyed,
    network: PatrolNetwork,
    found: Result,
    secret: bytes,
    formats: tuple[str, ...],
) -> list[Path]:
    """Write the drawn days in the formats asked for: all for planners, each party its own."""
    from datetime import UTC, datetime

    from sarhad.cli.export import Drawn, write_exports
    from sarhad.exchange.places import find_places
    from sarhad.plan import cover_of_plan
    from sarhad.plan.calendar import draw_calendar

    opened, survey = surveyed.opened, surveyed.survey
    horizon = opened.scenario.horizon
    calendar = draw_calendar(found.plan, network, horizon.start, horizon.days, secret)
    drawn = Drawn(
        plan=found.plan,
        network=network,
        scenario=opened.scenario,
        cells=survey.cells,
        places=find_places(
            opened.scenario,
            survey.times,
            survey.sight.observers,
            survey.plane,
            opened.heights.terrain,
        ),
        days=tuple(enumerate(calendar.days_of(found.plan))),
        cover=cover_of_plan(found.plan, network),
        risk=survey.risk.intensity.reshape(network.cells, 7, 24).mean(axis=1),
        issued=datetime.now(UTC),
        notices=tuple(opened.notices),
    )
    with showing("writing files") as progress:
        return write_exports(out, drawn, formats, progress)


def _show(figures: dict[str, Any], files: list[Path], as_json: bool) -> None:
    if as_json:
        print_json({**result(), **figures, "files": [str(path) for path in files]})
        return
    say(describe_plan(figures))
    for path in files[:LISTED]:
        say(f"wrote {path}")
    if len(files) > LISTED:
        say(f"and {len(files) - LISTED:,} more beside them")


def describe_plan(figures: dict[str, Any]) -> str:
    """Return the figures of a plan in words."""
    avoided = 1 - figures["harm"] / figures["harm_posts_alone"]
    return "\n".join(
        (
            f"plan for {figures['option']}: {figures['teams_on_duty']} teams of"
            f" {figures['parties']} parties, {figures['schedules']} joint schedules",
            f"  harm left       {figures['harm']:.4f} persons per attack, {avoided:.1%} below"
            f" posts alone ({figures['harm_posts_alone']:.4f})",
            f"  no plan is below {figures['harm_bound']:.4f}: gap {figures['gap_avoidable']:.2%}"
            f" of what can be avoided, {figures['gap_harm']:.2%} of the harm",
            f"  out of reach    {figures['unreachable_harm']:.4f} of the harm by habit",
            f"  drawn together  {figures['coordination_value']:.3%} less harm than each party"
            " drawing alone",
            f"  search          {figures['runtime_s']:.1f} s, {figures['peak_mib']:,.0f} MiB,"
            f" stopped by {figures['status']}; seed {figures['seed']}",
        )
    )
