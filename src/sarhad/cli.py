"""The command line: reads arguments, shows progress and results, turns errors into exit codes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click

from sarhad.errors import Fault, ScenarioError

if TYPE_CHECKING:
    from sarhad.border import Border, Side
    from sarhad.exchange.copernicus import FetchReport, Resolution
    from sarhad.exchange.heights import Heights
    from sarhad.exchange.incident_import import Format
    from sarhad.exchange.ucdp import Import
    from sarhad.risk import IncidentRisk
    from sarhad.scenario import Scenario

SCHEMA: Final = 1
"""Version of every JSON object that a command prints."""

OK: Final = 0
FAULTS: Final = 1
USAGE: Final = 2
UNAVAILABLE: Final = 3
INTERRUPTED: Final = 130

Progress = Callable[[int, int], None]

_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    arguments : sequence of str or None
        What follows the program's name; those of the process where None.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that lacks a letter shows its number; it must not stop the command.
            stream.reconfigure(errors="backslashreplace")
    try:
        return cast(int, sarhad.main(given, prog_name="sarhad", standalone_mode=False) or OK)
    except ScenarioError as error:
        return _fail(FAULTS, given, error.faults, "")
    except click.UsageError as error:
        hint = f"\n{error.ctx.get_usage()}" if error.ctx else ""
        return _fail(USAGE, given, (), error.format_message() + hint)
    except click.ClickException as error:
        return _fail(UNAVAILABLE, given, (), error.format_message())
    except (click.Abort, KeyboardInterrupt):
        return _fail(INTERRUPTED, given, (), "stopped; nothing half-written is left")
    except BrokenPipeError:
        # Whoever read the output has left; Python would complain once more on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAULTS
    except OSError as error:
        return _fail(UNAVAILABLE, given, (), str(error))


def _fail(code: int, given: Sequence[str], faults: Sequence[Fault], message: str) -> int:
    for fault in faults:
        _say(str(fault), err=True)
    if message:
        _say(f"sarhad: {message}", err=True)
    if "--json" in given:
        failure = {"schema": SCHEMA, "ok": False, "faults": [asdict(fault) for fault in faults]}
        _print_json({**failure, "error": message or None})
    return code


def _say(text: str, *, err: bool = False) -> None:
    """Print a text; characters that could steer a terminal are shown by their number."""
    click.echo("".join(c if _harmless(c) else f"\\u{ord(c):04x}" for c in text), err=err)


def _harmless(character: str) -> bool:
    # Persian is not legible without the two joiners, which count as unprintable.
    return character.isprintable() or character in "\n\u200c\u200d"


def _print_json(content: dict[str, Any]) -> None:
    click.echo(json.dumps(content, indent=2))


@contextmanager
def _showing(title: str, *, in_bytes: bool = False) -> Iterator[Progress]:
    """Give a progress function: a bar on a terminal, a line for every tenth in a log."""
    if not sys.stderr.isatty():
        yield _tenths(title)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    done = DownloadColumn() if in_bytes else TaskProgressColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), done, TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(title)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def _tenths(title: str) -> Progress:
    told = 0

    def tell(done: int, total: int) -> None:
        nonlocal told
        tenth = 10 * done // max(total, 1)
        if tenth > told:
            told = tenth
            _say(f"{title}: {10 * tenth} %", err=True)

    return tell


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sarhad")
def sarhad() -> None:
    """Plan, compare and run joint patrols of a long, hard border."""


@sarhad.command()
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
@_as_json
def new(folder: Path, line: Path, own_side: Side | None, as_json: bool) -> int:
    """Make a scenario FOLDER around a line, with every setting explained."""
    from sarhad.exchange.scaffold import scaffold_scenario

    side = own_side or "left"
    try:
        border = scaffold_scenario(folder, line, side, _next_monday(datetime.now(UTC)))
    except FileExistsError as error:
        raise click.UsageError(f"{error}; give a new name") from None
    if own_side is None:
        _say(_GUESSED_SIDE, err=True)
    if as_json:
        found = {"folder": str(folder), "own_side": side, "own_side_guessed": own_side is None}
        files = sorted(path.name for path in folder.iterdir())
        _print_json({**_result(), **found, "files": files, **_measure(border)})
    else:
        _say(f"{folder}: a scenario around {_length(border)}, own side {side}")
        _say(f"Posts and units in it are invented. Edit its tables, then: sarhad check {folder}")
    return OK


_GUESSED_SIDE = (
    "WARNING: own side 'left' IS A GUESS. Walking along the line as it is drawn, is the own\n"
    'territory on the left? If not, set own_side = "right" in scenario.toml.'
)


def _next_monday(now: datetime) -> datetime:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=7 - now.weekday())


@sarhad.command()
@click.argument("scenario")
@_as_json
def check(scenario: str, as_json: bool) -> int:
    """List all faults of a SCENARIO: a folder, or the name of an embedded case."""
    from sarhad.exchange.scenario_folder import find_faults, find_folder

    try:
        read, faults = find_faults(find_folder(scenario))
    except ScenarioError as error:
        read, faults = None, error.faults
    summary = _summarise(read, faults)
    if as_json:
        _print_json(summary)
    elif read is None:
        for fault in faults:
            _say(str(fault))
        _say(f"{len(faults)} fault{'s' if len(faults) > 1 else ''} in {scenario}")
    else:
        _say(_describe(read, summary))
    return OK if read is not None else FAULTS


def _result(faults: Sequence[Fault] = ()) -> dict[str, Any]:
    return {"schema": SCHEMA, "ok": not faults, "faults": [asdict(fault) for fault in faults]}


def _measure(border: Border) -> dict[str, Any]:
    return {"border_km": round(border.length_m / 1000, 3), "tolerance_m": border.tolerance_m}


def _length(border: Border) -> str:
    from sarhad.border import describe_length

    return describe_length(border.length_m, border.tolerance_m)


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
        return {**_result(faults), **dict.fromkeys(COUNTS)}
    from sarhad.scenario import find_notes, option_units

    units = option_units(read, read.default_option)
    return {
        **_result(),
        **_measure(read.border),
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
        f"  border     {_length(read.border)}, {summary['cells']:,} cells",
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


@sarhad.command()
@click.argument("scenario")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that the map is written to; made where it is not there.",
)
@click.option(
    "--heights",
    "rasters",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of rasters (*.tif) to use instead of the heights that the scenario names.",
)
@_as_json
def show(scenario: str, out: Path, rasters: Path | None, as_json: bool) -> int:
    """Draw the map of a SCENARIO as map.png and map.svg, on A4."""
    from sarhad.exchange.heights import read_credits, read_heights
    from sarhad.exchange.scenario_folder import find_folder, read_scenario

    folder = find_folder(scenario)
    read = read_scenario(folder)
    with _showing("reading heights") as progress:
        heights = read_heights(read, folder, progress, instead=rasters)
    notices = _notices(heights, scenario, read.border)
    for notice in notices:
        _say(f"NOTE: {notice}", err=True)
    files = _write_map(read, heights, read_credits(read, folder), out)
    if as_json:
        terrain = {
            "stand_in": heights.terrain.stand_in,
            "heights": heights.found,
            "void_share": heights.voids.void_share,
            "outside_share": heights.voids.outside_share,
        }
        frame = {"scale_error": heights.scale_error, "cell_m": heights.terrain.grid.cell_m}
        names = {"files": [str(path) for path in files], "notices": notices}
        _print_json({**_result(), **_measure(read.border), **terrain, **frame, **names})
    else:
        _say(f"{read.title}: {_length(read.border)}")
        for path in files:
            _say(f"  {path}")
    return OK


def _notices(heights: Heights, scenario: str, border: Border) -> list[str]:
    from sarhad.border import lay_out, locate
    from sarhad.terrain import STAND_IN_NOTICE

    if not heights.found:
        return [f"no heights, so no relief: sarhad terrain fetch {scenario}"]
    notices = [STAND_IN_NOTICE] if heights.terrain.stand_in else []
    voids = heights.voids
    if voids.void_cells:
        notices.append(f"{voids.void_share:.1%} of the corridor is void in the files of heights")
    if voids.outside_cells:
        notices.append(
            f"{voids.outside_share:.1%} of the corridor is covered by no file of heights"
        )
    if voids.patches:
        worst, grid = voids.patches[0], heights.terrain.grid
        chainage_m, _ = locate(
            lay_out(border, grid.project), *grid.project(worst.longitude, worst.latitude)
        )
        notices.append(
            f"the largest patch without heights, {worst.area_km2:,.1f} km2, lies around"
            f" ({worst.longitude:.3f}, {worst.latitude:.3f}),"
            f" beside km {float(chainage_m) / 1000:,.0f}"
        )
    return notices


def _write_map(read: Scenario, heights: Heights, named: Sequence[str], out: Path) -> list[Path]:
    from sarhad.exchange.atomic import write_atomically
    from sarhad.report.line_map import draw_line_map, write_png, write_svg

    figure = draw_line_map(read, heights.terrain, named)
    out.mkdir(parents=True, exist_ok=True)
    files = []
    with _showing("drawing the map") as progress:
        for done, (name, write) in enumerate((("map.png", write_png), ("map.svg", write_svg)), 1):
            write_atomically(out / name, write(figure))
            files.append(out / name)
            progress(done, 2)
    return files


@sarhad.group()
def terrain() -> None:
    """Heights of the ground."""


@terrain.command()
@click.argument("scenario")
@click.option(
    "--resolution",
    type=click.Choice(["30", "90"]),
    help="Copernicus GLO-30 or GLO-90; 90 where the scenario names neither.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the tiles; terrain/copernicus-N in the scenario folder where left out.",
)
@click.option("--store", help="Address of another store that names its tiles alike.")
@_as_json
def fetch(
    scenario: str, resolution: str | None, out: Path | None, store: str | None, as_json: bool
) -> int:
    """Fetch the Copernicus heights of a SCENARIO's corridor; a break goes on where it broke."""
    from sarhad.exchange.copernicus import fetch_copernicus, tiles_needed
    from sarhad.exchange.download import FetchError
    from sarhad.exchange.heights import FETCHED
    from sarhad.exchange.scenario_folder import find_folder, read_scenario

    folder = find_folder(scenario)
    read = read_scenario(folder)
    metres = int(resolution or ("30" if "copernicus-30" in read.terrain.source else "90"))
    # An embedded case lies inside the package, where nothing is written.
    home = folder if folder == Path(scenario) else Path()
    target = out or home / FETCHED / f"copernicus-{metres}"
    border = read.border
    tiles = tiles_needed(border.longitude, border.latitude, read.terrain.corridor_km)
    try:
        with _showing(f"fetching {len(tiles)} tiles", in_bytes=True) as progress:
            report = fetch_copernicus(
                tiles,
                target,
                resolution=cast("Resolution", metres),
                base_url=store,
                progress=progress,
            )
    except FetchError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        found = asdict(report)
        _print_json({**_result(), **found, "folder": str(target), "resolution_m": metres})
    else:
        _say(_describe_fetch(report, read, scenario))
    return OK


def _describe_fetch(report: FetchReport, read: Scenario, scenario: str) -> str:
    lines = [
        f"{report.folder}: {len(report.fetched)} tiles fetched"
        f" ({report.fetched_bytes / 1e6:,.1f} MB), {len(report.kept)} there already,"
        f" {len(report.absent)} not in the store (sea, or withheld)",
        report.credit,
    ]
    if report.absent and not (report.fetched or report.kept):
        lines.append("WARNING: the store has none of the tiles: is --store right? Tiles that are")
        lines.append("withheld at 30 m may be there with --resolution 90")
    if report.folder.name not in read.terrain.source or not Path(scenario).is_dir():
        lines.append(f"To use them: sarhad show {scenario} --heights {report.folder} --out FOLDER")
    return "\n".join(lines)


def _read_terrain(read: Scenario, folder: Path, rasters: Path | None) -> tuple[Any, list[str]]:
    """Return the terrain, or None where there are no heights, and what is worth knowing of it."""
    from sarhad.exchange.heights import read_heights
    from sarhad.terrain import STAND_IN_NOTICE

    with _showing("reading heights") as progress:
        heights = read_heights(read, folder, progress, instead=rasters)
    if not heights.found:
        return None, []
    return heights.terrain, [STAND_IN_NOTICE] if heights.terrain.stand_in else []


_seed = click.option(
    "--seed", default=0, show_default=True, help="Seed of all that is drawn by chance."
)
_heights = click.option(
    "--heights",
    "rasters",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of rasters (*.tif) to use instead of the heights that the scenario names.",
)


@sarhad.command()
@click.argument("scenario")
@click.option("--at", "kilometre", type=float, help="Explain the figure of the cell at this km.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the plot (risk.png, risk.svg) and the tables (risk_*.csv).",
)
@_heights
@_seed
@_as_json
def risk(
    scenario: str,
    kilometre: float | None,
    out: Path | None,
    rasters: Path | None,
    seed: int,
    as_json: bool,
) -> int:
    """Estimate where and when incidents are to be expected along the line of a SCENARIO."""
    from zoneinfo import ZoneInfo

    import numpy as np

    from sarhad.border import cut_into_cells
    from sarhad.exchange.scenario_folder import find_folder, read_scenario
    from sarhad.report.risk_words import describe_risk, summarise_risk
    from sarhad.risk import estimate_risk, explain_cell, find_record_notes

    folder = find_folder(scenario)
    read = read_scenario(folder)
    ground, notices = _read_terrain(read, folder, rasters)
    cells = cut_into_cells(read.border, read.cell_m)
    found = estimate_risk(read, cells, ground, rng=np.random.default_rng(seed))
    zone = ZoneInfo(read.time_zone)
    look = find_record_notes(read.incidents, zone, datetime.now(UTC))
    notes = [*found.notes, *look, *found.covariates.left_out, *notices]
    explained = None
    if kilometre is not None:
        try:
            explained = explain_cell(found, found.cell_at_km(kilometre))
        except ValueError as error:
            raise click.UsageError(str(error)) from None
    files = [] if out is None else _write_risk(found, read.title, out)
    if as_json:
        why = None if explained is None else asdict(explained)
        content = {**summarise_risk(found), "seed": seed, "explanation": why, "notes": notes}
        _print_json({**_result(), **content, "files": [str(path) for path in files]})
    else:
        for line in describe_risk(read.title, found):
            _say(line)
        for line in (*(explained.sentences if explained else ()), *map(str, files)):
            _say(f"  {line}")
        for note in notes:
            _say(f"  note: {note}")
    return OK


def _write_risk(found: IncidentRisk, title: str, out: Path) -> list[Path]:
    from sarhad.exchange.risk_tables import tabulate_risk
    from sarhad.report.line_map import write_png, write_svg
    from sarhad.report.risk_map import draw_risk

    figure = draw_risk(found, title)
    files = {"risk.png": write_png(figure, 150), "risk.svg": write_svg(figure)}
    return _write_files({**files, **tabulate_risk(found)}, out)


def _write_files(files: dict[str, bytes], out: Path) -> list[Path]:
    from sarhad.exchange.atomic import write_atomically

    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        write_atomically(out / name, content)
    return [out / name for name in files]


def _events_options(command: Callable[..., int]) -> Callable[..., int]:
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


def _read_events(read: Scenario, events: Path, form: str | None, columns: str | None) -> Import:
    from zoneinfo import ZoneInfo

    from sarhad.exchange.incident_import import parse_columns, read_events

    try:
        named = parse_columns(columns or "")
    except ValueError as error:
        raise click.UsageError(f"--columns: {error}") from None
    zone, now = ZoneInfo(read.time_zone), datetime.now(UTC)
    return read_events(events, cast("Format | None", form), named, zone, now)


@sarhad.group()
def incidents() -> None:
    """Work on the record of incidents."""


@incidents.command("import")
@click.argument("scenario")
@_events_options
@click.option("--within-km", type=float, help="Keep what lies this near; all where left out.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Table to write.")
@_as_json
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
    found = _read_events(read, events, form, columns)
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
        _write_files({out.name: write_incidents(kept)}, out.parent)
    if as_json:
        _print_json({**_result(), "incidents": len(kept), "notes": notes})
    else:
        _say(f"{events}: {len(kept)} incidents" + (f", written to {out}" if out else ""))
        for note in notes[:40]:
            _say(f"  note: {note}")
    return OK


@sarhad.command()
@click.argument("scenario")
@_events_options
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
@_seed
@_as_json
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
    found = _read_events(read, events, form, columns)
    cells = max(1, round(read.border.length_m / read.cell_m))
    strip = lay_strip(read.border, cells, within_km * 1000)
    records, outside = gather_records(found.incidents, strip, ZoneInfo(read.time_zone))
    covariates, rng = gather_covariates(strip, read), np.random.default_rng(seed)
    try:
        with _showing("forecasting") as progress:
            proof = prove(strip, records, covariates, read.risk, (first, last), rng, progress)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    files: dict[str, bytes] = {}
    for label, (past, chosen) in proof.forecasts.items() if out is not None else ():
        files |= tabulate_backtest(past, chosen, label)
    written = [str(path) for path in (_write_files(files, out) if out is not None else [])]
    far = f"{len(outside)} events lie farther than {within_km:g} km from the line: left out"
    notes = [*found.notes, *covariates.left_out, *proof.notes, far]
    about = {"seed": seed, "within_km": within_km, "cells": cells, "notes": notes}
    content = {**proof.scores, **about, "covariates": list(covariates.names), "files": written}
    if as_json:
        _print_json({**_result(), **content})
    else:
        _say("\n".join(describe_backtest(read.title, content)))
    return OK


if __name__ == "__main__":
    sys.exit(main())
