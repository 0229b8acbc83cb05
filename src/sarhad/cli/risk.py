"""The command that says where and when incidents are to be expected."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sarhad.cli.opening import (
    heights_option,
    lines_option,
    read_lines,
    seed_option,
    write_files,
)
from sarhad.cli.terminal import OK, json_option, print_json, result, say, showing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sarhad.risk import IncidentRisk
    from sarhad.scenario import Scenario


def _read_terrain(read: Scenario, folder: Path, rasters: Path | None) -> tuple[Any, list[str]]:
    """Return the terrain, or None where there are no heights, and what is worth knowing of it."""
    from sarhad.exchange.heights import read_heights
    from sarhad.terrain import STAND_IN_NOTICE

    with showing("reading heights") as progress:
        heights = read_heights(read, folder, progress, instead=rasters)
    if not heights.found:
        return None, []
    return heights.terrain, [STAND_IN_NOTICE] if heights.terrain.stand_in else []


@click.command()
@click.argument("scenario")
@click.option("--at", "kilometre", type=float, help="Explain the figure of the cell at this km.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the plot (risk.png, risk.svg) and the tables (risk_*.csv).",
)
@heights_option
@lines_option("--roads", "Roads and paths, which draw incidents")
@seed_option
@json_option
def risk(
    scenario: str,
    kilometre: float | None,
    out: Path | None,
    rasters: Path | None,
    roads: Path | None,
    seed: int,
    as_json: bool,
) -> int:
    """Estimate where and when incidents are to be expected along the line of a SCENARIO."""
    from zoneinfo import ZoneInfo

    import numpy as np

    from sarhad.border import cut_into_cells
    from sarhad.exchange.heights import read_credits
    from sarhad.exchange.scenario_folder import find_folder, read_scenario
    from sarhad.report.risk_words import describe_risk, summarise_risk
    from sarhad.risk import estimate_risk, explain_cell, find_record_notes

    folder = find_folder(scenario)
    read = read_scenario(folder)
    ground, notices = _read_terrain(read, folder, rasters)
    cells = cut_into_cells(read.border, read.cell_m)
    parts = read_lines(roads)
    found = estimate_risk(read, cells, ground, rng=np.random.default_rng(seed), roads=parts)
    zone = ZoneInfo(read.time_zone)
    look = find_record_notes(read.incidents, zone, datetime.now(UTC))
    notes = [*found.notes, *look, *found.covariates.left_out, *notices]
    explained = None
    if kilometre is not None:
        try:
            explained = explain_cell(found, found.cell_at_km(kilometre))
        except ValueError as error:
            raise click.UsageError(str(error)) from None
    files = []
    if out is not None:
        files = _write_risk(found, read.title, out, notices, read_credits(read, folder))
    if as_json:
        why = None if explained is None else asdict(explained)
        content = {**summarise_risk(found), "seed": seed, "explanation": why, "notes": notes}
        print_json({**result(), **content, "files": [str(path) for path in files]})
    else:
        for line in describe_risk(read.title, found):
            say(line)
        for line in (*(explained.sentences if explained else ()), *map(str, files)):
            say(f"  {line}")
        for note in notes:
            say(f"  note: {note}")
    return OK


def _write_risk(
    found: IncidentRisk, title: str, out: Path, notices: Sequence[str], named: Sequence[str]
) -> list[Path]:
    from sarhad.exchange.risk_tables import tabulate_risk
    from sarhad.report.page import write_png, write_svg
    from sarhad.report.risk_map import draw_risk

    figure = draw_risk(found, title, notices=notices, attributions=named)
    files = {"risk.png": write_png(figure, 150), "risk.svg": write_svg(figure)}
    return write_files({**files, **tabulate_risk(found, "; ".join(notices))}, out)
