"""The commands that import records of incidents and score forecasts of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from sarhad.cli.opening import seed_option, write_files
from sarhad.cli.terminal import OK, json_option, print_json, result, say, showing

if TYPE_CHECKING:
    from sarhad.exchange.incident_import import Format
    from sarhad.exchange.ucdp import Import
    from sarhad.scenario import Scenario


def events_options(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options that say which file of events is read, and how."""
    for option in (
        click.option("--columns", help="FIELD=COLUMN,... of an own table; FIELD==VALUE for all."),
        click.option(
            "--format",
            "form",
            type=click.Choice(["ucdp", "csv", "geojson"]),
            help="Of the file; told by its content where left out.",
        ),
        click.option(
            "--events",
            required=True,
            type=click.Path(path_type=Path),
            help="UCDP GED, CSV or GeoJSON; packed by gzip or not.",
        ),
    ):
        command = option(command)
    return command


def read_events_of(read: Scenario, events: Path, form: str | None, columns: str | None) -> Import:
    """Return the incidents of a file of events, in the time zone of the scenario."""
    from zoneinfo import ZoneInfo

    from sarhad.exchange.incident_import import parse_columns, read_events

    try:
        named = parse_columns(columns or "")
    except ValueError as error:
        raise click.UsageError(f"--columns: {error}") from None
    zone, now = ZoneInfo(read.time_zone), datetime.now(UTC)
    return read_events(events, cast("Format | None", form), named, zone, now)


@click.group()
def incidents() -> None:
    """Work on the record of incidents."""


@incidents.command("import")
@click.argument("scenario")
@events_options
@click.option("--within-km", type=float, help="Keep what lies this near; all where left out.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Table to write.")
@json_option
def import_incidents(
    scenario: str,
    events: Path,
    form: str | None,
    columns: str | None,
    within_km: float | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """Turn a file of events into a table like incidents.csv; merges and overwrites nothing."""
    from zoneinfo import ZoneInfo

    from sarhad.exchange.incident_import import write_incidents
    from sarhad.exchange.scenario_folder import read_scenario
    from sarhad.risk import find_record_notes, gather_records, lay_strip

    read = read_scenario(scenario)
    found = read_events_of(read, events, form, columns)
    zone, kept = ZoneInfo(read.time_zone), found.incidents
    outside: tuple[str, ...] = ()
    if within_km is not None:
        strip = lay_strip(read.border, 1, within_km * 1000)
        records, outside = gather_records(kept, strip, zone)
        near = set(records.ids)
        kept = tuple(row for row in kept if row.id in near)
    notes = [*found.notes, *find_record_notes((*read.incidents, *kept), zone, datetime.now(UTC))]
    if outside:
        notes.append(f"{len(outside)} incidents lie farther than {within_km:g} km: left out")
    if out is not None:
        if out.exists():
            raise click.UsageError(f"{out} is there already: give a new name")
        write_files({out.name: write_incidents(kept)}, out.parent)
    if as_json:
        print_json({**result(), "incidents": len(kept), "notes": notes})
    else:
        say(f"{events}: {len(kept)} incidents" + (f", written to {out}" if out else ""))
        for note in notes[:40]:
            say(f"  note: {note}")
    return OK


@click.command()
@click.argument("scenario")
@events_options
@click.option("--within-km", default=50.0, show_default=True, help="Events this near count [km].")
@click.option(
    "--from", "first", type=click.DateTime(["%Y-%m-%d"]), help="Score from; the last third."
)
@click.option(
    "--to", "last", type=click.DateTime(["%Y-%m-%d"]), help="Score to, that day included."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for every forecast per cell, week and model, the events and the counts.",
)
@seed_option
@json_option
def backtest(
    scenario: str,
    events: Path,
    form: str | None,
    columns: str | None,
    within_km: float,
    first: datetime | None,
    last: datetime | None,
    out: Path | None,
    seed: int,
    as_json: bool,
) -> int:
    """Score forecasts of past incidents along the line of a SCENARIO against simple ones."""
    from zoneinfo import ZoneInfo

    import numpy as np

    from sarhad.exchange.risk_tables import tabulate_backtest
    from sarhad.exchange.scenario_folder import read_scenario
    from sarhad.report.risk_words import describe_backtest
    from sarhad.risk import gather_covariates, gather_records, lay_strip, prove

    read = read_scenario(scenario)
    found = read_events_of(read, events, form, columns)
    cells = max(1, round(read.border.length_m / read.cell_m))
    strip = lay_strip(read.border, cells, within_km * 1000)
    records, outside = gather_records(found.incidents, strip, ZoneInfo(read.time_zone))
    covariates, rng = gather_covariates(strip, read), np.random.default_rng(seed)
    try:
        with showing("forecasting") as progress:
            proof = prove(strip, records, covariates, read.risk, (first, last), rng, progress)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    files: dict[str, bytes] = {}
    for label, (past, chosen) in proof.forecasts.items() if out is not None else ():
        files |= tabulate_backtest(past, chosen, label)
    written = [str(path) for path in (write_files(files, out) if out is not None else [])]
    far = f"{len(outside)} events lie farther than {within_km:g} km from the line: left out"
    notes = [*found.notes, *covariates.left_out, *proof.notes, far]
    about = {"seed": seed, "within_km": within_km, "cells": cells, "notes": notes}
    content = {**proof.scores, **about, "covariates": list(covariates.names), "files": written}
    if as_json:
        print_json({**result(), **content})
    else:
        say("\n".join(describe_backtest(read.title, content)))
    return OK
