"""The commands that make, check and show a scenario."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from sarhad.cli.opening import (
    heights_option,
    open_scenario,
    out_option,
    say_files,
    write_figure,
)
from sarhad.cli.terminal import (
    FAULTS,
    OK,
    describe_border,
    json_option,
    measure,
    print_json,
    result,
    say,
)
from sarhad.errors import Fault, ScenarioError

if TYPE_CHECKING:
    from sarhad.border import Side
    from sarhad.scenario import Scenario


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--border",
    "line",
    required=True,
    type=click.Path(path_type=Path),
    help="The line: GeoJSON, KML, KMZ, GeoPackage or GPX.",
)
@click.option(
    "--own-side",
    type=click.Choice(["left", "right"]),
    help="Side of the own territory, walking along the line as it is drawn.",
)
@json_option
def new(folder: Path, line: Path, own_side: Side | None, as_json: bool) -> int:
    """Make a scenario FOLDER around a line, with every setting explained."""
    from sarhad.exchange.scaffold import scaffold_scenario

    side = own_side or "left"
    try:
        border = scaffold_scenario(folder, line, side, next_monday(datetime.now(UTC)))
    except FileExistsError as error:
        raise click.UsageError(f"{error}; give a new name") from None
    if own_side is None:
        say(_GUESSED_SIDE, err=True)
    if as_json:
        found = {"folder": str(folder), "own_side": side, "own_side_guessed": own_side is None}
        files = sorted(path.name for path in folder.iterdir())
        print_json({**result(), **found, "files": files, **measure(border)})
    else:
        say(f"{folder}: a scenario around {describe_border(border)}, own side {side}")
        say(f"Posts and units in it are invented. Edit its tables, then: sarhad check {folder}")
    return OK


_GUESSED_SIDE = (
    "WARNING: own side 'left' IS A GUESS. Walking along the line as it is drawn, is the own\n"
    'territory on the left? If not, set own_side = "right" in scenario.toml.'
)


def next_monday(now: datetime) -> datetime:
    """Return the midnight that begins the next Monday."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=7 - now.weekday())


@click.command()
@click.argument("scenario")
@json_option
def check(scenario: str, as_json: bool) -> int:
    """List all faults of a SCENARIO: a folder, or the name of an embedded case."""
    from sarhad.exchange.scenario_folder import find_faults, find_folder

    try:
        read, faults = find_faults(find_folder(scenario), open_heights=True)
    except ScenarioError as error:
        read, faults = None, error.faults
    summary = _summarise(read, faults)
    if as_json:
        print_json(summary)
    elif read is None:
        for fault in faults:
            say(str(fault))
        say(f"{len(faults)} fault{'s' if len(faults) > 1 else ''} in {scenario}")
    else:
        say(_describe(read, summary))
    return OK if read is not None else FAULTS


COUNTS: Final = (
    "border_km",
    "tolerance_m",
    "cells",
    "periods",
    "days",
    "parties",
    "sectors",
    "posts",
    "units",
    "mobile_units",
    "sites",
    "incidents",
    "options",
    "default_option",
    "notes",
)
"""Keys of `check --json` beside schema, ok and faults; null where faults hide them."""


def _summarise(read: Scenario | None, faults: Sequence[Fault]) -> dict[str, Any]:
    """Return what `check` says of a scenario; units are those of the default option."""
    if read is None:
        return {**result(faults), **dict.fromkeys(COUNTS)}
    from sarhad.scenario import find_notes, option_units

    units = option_units(read, read.default_option)
    return {
        **result(),
        **measure(read.border),
        "cells": max(1, round(read.border.length_m / read.cell_m)),
        "periods": read.horizon.periods,
        "days": read.horizon.days,
        "parties": len(read.parties),
        "sectors": len(read.sectors),
        "posts": len(read.posts),
        "units": sum(unit.count for unit in units),
        "mobile_units": sum(unit.count for unit in units if unit.mobile),
        "sites": len(read.sites),
        "incidents": len(read.incidents),
        "options": [option.name for option in read.options],
        "default_option": read.default_option,
        "notes": list(find_notes(read)),
    }


def _describe(read: Scenario, summary: dict[str, Any]) -> str:
    invented = " (illustrative)" if read.illustrative else ""
    lines = [
        f"{read.title}: no faults",
        f"  border     {describe_border(read.border)}, {summary['cells']:,} cells",
        f"  horizon    {read.horizon.start.isoformat()}, {read.horizon.days} days,"
        f" {summary['periods']:,} periods",
        f"  parties    {summary['parties']}",
        f"  posts      {summary['posts']}{invented}",
        f"  units      {summary['units']:,} in option {read.default_option},"
        f" {summary['mobile_units']:,} of them mobile{invented}",
        f"  sites      {summary['sites']}",
        f"  incidents  {summary['incidents']}",
        f"  options    {', '.join(summary['options'])}",
        *(f"  note       {note}" for note in summary["notes"]),
    ]
    return "\n".join(lines)


@click.command()
@click.argument("scenario")
@out_option
@heights_option
@json_option
def show(scenario: str, out: Path, rasters: Path | None, as_json: bool) -> int:
    """Draw the map of a SCENARIO as map.png and map.svg, on A4."""
    from sarhad.report.line_map import draw_line_map

    opened = open_scenario(scenario, rasters)
    read, heights = opened.scenario, opened.heights
    files = write_figure(draw_line_map(read, heights.terrain, opened.named), out, "map")
    if as_json:
        terrain = {
            "stand_in": heights.terrain.stand_in,
            "heights": heights.found,
            "void_share": heights.voids.void_share,
            "outside_share": heights.voids.outside_share,
        }
        frame = {"scale_error": heights.scale_error, "cell_m": heights.terrain.grid.cell_m}
        names = {"files": [str(path) for path in files], "notices": opened.notices}
        print_json({**result(), **measure(read.border), **terrain, **frame, **names})
    else:
        say(f"{read.title}: {describe_border(read.border)}")
        say_files(files)
    return OK
