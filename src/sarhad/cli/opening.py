"""What the commands that draw a scenario share: opening it, its notices, writing its figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sarhad.cli.terminal import height_notices, say, showing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sarhad.border import BorderCells, LinePlane
    from sarhad.exchange.heights import Heights
    from sarhad.scenario import Scenario

    Parts = Sequence[NDArray[np.float64]]

Command = TypeVar("Command", bound=Callable[..., Any])

out_option = click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that the files are written to; made where it is not there.",
)
heights_option = click.option(
    "--heights",
    "rasters",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of rasters (*.tif) to use instead of the heights that the scenario names.",
)
option_option = click.option(
    "--option", "option", help="Whose units count; the default option where left out."
)

seed_option = click.option(
    "--seed", default=0, show_default=True, help="Seed of all that is drawn by chance."
)

Table = tuple[Sequence[str], Iterable[Sequence[Any]]]
"""Columns and rows."""


def lines_option(name: str, what: str) -> Callable[[Command], Command]:
    """Return the option for a file of lines."""
    return click.option(
        name,
        type=click.Path(path_type=Path),
        help=f"{what}: GeoJSON, KML, KMZ, GeoPackage or GPX; none given, none assumed.",
    )


def read_lines(path: Path | None) -> Parts | None:
    """Return the parts of a file of lines [degrees], None where no file was named."""
    from sarhad.exchange.lines import read_line_parts

    return None if path is None else read_line_parts(path)


@dataclass(frozen=True, slots=True)
class Opened:
    """A scenario with its heights, the option that counts, and whom to name for its data."""

    scenario: Scenario
    option: str
    heights: Heights
    named: Sequence[str]
    notices: list[str]


def open_scenario(
    name: str, rasters: Path | None, option: str | None = None, executor: Executor | None = None
) -> Opened:
    """Return a scenario and its heights; what has to be known of them is said at once."""
    from sarhad.exchange.heights import read_credits, read_heights
    from sarhad.exchange.scenario_folder import find_folder, read_scenario

    folder = find_folder(name)
    read = read_scenario(folder)
    chosen = choose_option(read, option)
    with showing("reading heights") as progress:
        heights = read_heights(read, folder, progress, executor, instead=rasters)
    notices = height_notices(heights, name, read.border)
    for notice in notices:
        say(f"NOTE: {notice}", err=True)
    return Opened(read, chosen, heights, read_credits(read, folder), notices)


def choose_option(scenario: Scenario, option: str | None) -> str:
    """Return the option asked for, the default one where none is."""
    from sarhad.scenario import option_units

    name = option or scenario.default_option
    try:
        option_units(scenario, name)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--option") from None
    return name


def open_for_planning(
    name: str, rasters: Path | None, option: str | None, executor: Executor
) -> Opened:
    """Return a scenario whose heights are there; invented posts are among its notices."""
    from sarhad.report.ground_map import ILLUSTRATIVE_NOTICE

    opened = open_scenario(name, rasters, option, executor)
    if not opened.heights.found:
        raise click.ClickException(
            f"no heights yet. Fetch them with: sarhad terrain fetch {name}; or give --heights"
        )
    if opened.scenario.illustrative:
        opened.notices.append(ILLUSTRATIVE_NOTICE)
        say(f"NOTE: {ILLUSTRATIVE_NOTICE}", err=True)
    return opened


def table_notice(opened: Opened) -> str:
    """Return what each row of a table has to say: that heights or units are invented."""
    from sarhad.report.ground_map import ILLUSTRATIVE_NOTICE
    from sarhad.terrain import STAND_IN_NOTICE

    grave = (STAND_IN_NOTICE, ILLUSTRATIVE_NOTICE)
    return "; ".join(notice for notice in opened.notices if notice in grave)


def lay_out_line(opened: Opened) -> tuple[BorderCells, LinePlane]:
    """Return the line in cells, and in the projection of its heights."""
    from sarhad.border import cut_into_cells, lay_out

    read = opened.scenario
    cells = cut_into_cells(read.border, read.cell_m)
    return cells, lay_out(read.border, opened.heights.terrain.grid.project)


def write_figure(figure: Any, out: Path, stem: str) -> list[Path]:
    """Write a map (a figure of `report`) as PNG and SVG, each whole or not at all."""
    from sarhad.exchange.atomic import write_atomically
    from sarhad.report.page import write_png, write_svg

    out.mkdir(parents=True, exist_ok=True)
    files = [out / f"{stem}.png", out / f"{stem}.svg"]
    with showing("drawing the map") as progress:
        for done, (path, write) in enumerate(zip(files, (write_png, write_svg), strict=True), 1):
            write_atomically(path, write(figure))
            progress(done, len(files))
    return files


def write_tables(out: Path, tables: Mapping[str, Table]) -> list[Path]:
    """Write tables by their names, each whole or not at all, and return the files."""
    from sarhad.exchange.sheets import write_sheet

    for name, (columns, rows) in tables.items():
        write_sheet(out / name, columns, rows)
    return [out / name for name in tables]


def say_files(files: Sequence[Path]) -> None:
    """Print the names of written files."""
    for path in files:
        say(f"  {path}")


def listed(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Return the rows of a table as JSON objects, without the notice that closes each."""
    return [
        {name: cell for name, cell in zip(columns, row, strict=True) if name != "notice"}
        for row in rows
    ]


def write_files(files: dict[str, bytes], out: Path) -> list[Path]:
    """Write each file whole or not at all into a folder that is made where it is not there."""
    from sarhad.exchange.atomic import write_atomically

    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        write_atomically(out / name, content)
    return [out / name for name in files]
