"""Opens the heights that a scenario names, on a frame around its line."""

from __future__ import annotations

import os
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from sarhad.errors import Fault, ScenarioError
from sarhad.exchange.lines import read_line_credit
from sarhad.exchange.rasters import open_elevation
from sarhad.exchange.settings import RELIEF_FILE, SETTINGS_FILE, read_settings
from sarhad.exchange.stand_in import KNOWN_FILE, open_stand_in
from sarhad.grid import Grid, choose_grid, corridor_tiles
from sarhad.scenario import Scenario, TerrainSettings
from sarhad.terrain import ElevationReader, Terrain, VoidReport, build_terrain, find_voids
from sarhad.units import METRES_PER_KILOMETRE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sarhad.border import Border

STAND_IN: Final = "stand-in"

CREDIT_FILE: Final = "credit.txt"
"""File beside rasters whose first line says who is to be named for them."""

FETCHED: Final = "terrain"
"""Folder inside a scenario folder where fetched heights are kept, by their source."""


@dataclass(frozen=True, slots=True)
class Heights:
    """The terrain of a scenario, and how it came about.

    Attributes
    ----------
    terrain : Terrain
        Heights of the corridor; all void where there are none.
    found : bool
        Whether there were any heights.
    scale_error : float
        Largest scale error of the frame over the corridor [1].
    voids : VoidReport
        What the corridor lacks, and where.
    """

    terrain: Terrain
    found: bool
    scale_error: float
    voids: VoidReport


def read_heights(
    scenario: Scenario,
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
    executor: Executor | None = None,
    instead: Path | None = None,
) -> Heights:
    """Return the terrain of a scenario's corridor, all void where its heights are not fetched yet.

    Parameters
    ----------
    scenario : Scenario
        Its terrain settings name the heights.
    folder : Path
        The scenario folder.
    progress : callable, optional
        Called with (tiles done, tiles in all).
    executor : concurrent.futures.Executor, optional
        Reads tiles side by side.
    instead : Path, optional
        Folder of rasters (``*.tif``) to read instead of what the settings name.

    Raises
    ------
    ScenarioError
        If a file of heights has faults.
    """
    border, settings = scenario.border, scenario.terrain
    grid, scale_error, width_m = _choose_frame(border, settings)
    east_m, north_m = grid.project(border.longitude, border.latitude)
    kept = corridor_tiles(grid, east_m, north_m, width_m)
    files = _files(settings.source, folder) if instead is None else _rasters_in(instead)
    with ExitStack() as stack:
        reader: ElevationReader = _Void()
        if instead is None and STAND_IN in settings.source:
            reader = _open_stand_in(scenario, folder, grid)
        elif files:
            reader = stack.enter_context(open_elevation(files, grid, settings.height_unit))
        found = not isinstance(reader, _Void)
        terrain = build_terrain(grid, kept, reader, progress if found else None, executor)
    credit = "; ".join(filter(None, [terrain.credit, *_credits_beside(files)]))
    voids = find_voids(terrain, covers=getattr(reader, "covers", None))
    return Heights(replace(terrain, credit=credit), found, scale_error, voids)


def find_height_faults(
    border: Border, settings: TerrainSettings, folder: Path
) -> tuple[Fault, ...]:
    """Return the faults of the raster files that terrain settings name, without reading them all.

    Parameters
    ----------
    border : Border
        The line whose corridor they must reach.
    settings : TerrainSettings
        They name the files.
    folder : Path
        The scenario folder.
    """
    grid, _, _ = _choose_frame(border, settings)
    try:
        open_elevation(_files(settings.source, folder), grid, settings.height_unit).close()
    except ScenarioError as error:
        # In a list of faults every file is called as it is named in the folder.
        root = f"{folder}{os.sep}"
        return tuple(replace(fault, file=fault.file.replace(root, "")) for fault in error.faults)
    return ()


def _choose_frame(border: Border, settings: TerrainSettings) -> tuple[Grid, float, float]:
    """Return the frame, its scale error [1] and the half width of the corridor [m]."""
    width_m = settings.corridor_km * METRES_PER_KILOMETRE
    return *choose_grid(border.longitude, border.latitude, width_m, settings.cell_m), width_m


def _rasters_in(folder: Path) -> list[Path]:
    files = sorted(folder.glob("*.tif"))
    if not files:
        raise ScenarioError((Fault(str(folder), None, None, "no *.tif", "rasters of heights"),))
    return files


class _Void:
    """Heights that are not there."""

    stand_in = False
    credit = ""

    def read(self, _row: int, _column: int, rows: int, columns: int) -> NDArray[np.float32]:
        """Return a window without heights."""
        return np.full((rows, columns), np.nan, np.float32)


def _files(sources: Sequence[str], folder: Path) -> list[Path]:
    """Return the raster files that terrain settings name, fetched tiles among them."""
    files: list[Path] = []
    for name in sources:
        fetched = name.startswith("copernicus-")
        files += sorted((folder / FETCHED / name).glob("*.tif")) if fetched else [folder / name]
    return files


def _credits_beside(files: Sequence[Path]) -> list[str]:
    """Return the first line of each credit file beside rasters."""
    beside = dict.fromkeys(file.parent / CREDIT_FILE for file in files)
    return [path.read_text("utf-8").split("\n")[0] for path in beside if path.is_file()]


def _open_stand_in(scenario: Scenario, folder: Path, grid: Grid) -> ElevationReader:
    border = scenario.border
    known = folder / KNOWN_FILE
    line = border.longitude, border.latitude
    return open_stand_in(folder / RELIEF_FILE, grid, line, known if known.is_file() else None)


def read_credits(scenario: Scenario, folder: Path) -> tuple[str, ...]:
    """Return who is to be named on a map: what the line's file says, and the scenario's credits.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    folder : Path
        Its folder; a GeoJSON line may carry `credit` and `licence` among its properties.
    """
    line = folder / read_settings(folder / SETTINGS_FILE).general.get("border", "")
    named = read_line_credit(line)
    words = [f"line: {named['credit']}"] if "credit" in named else []
    if words and "licence" in named:
        words = [f"{words[0]} ({named['licence']})"]
    return tuple(dict.fromkeys(text for text in (*words, *scenario.credits) if text))
