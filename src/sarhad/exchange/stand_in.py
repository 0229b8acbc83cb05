"""The stand-in relief of an embedded case: five-minute mean heights, refined when opened."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from sarhad.errors import Fault, ScenarioError
from sarhad.grid import Grid
from sarhad.terrain.stand_in import (
    KnownHeights,
    Relief,
    StandInReader,
    refine_relief,
    river_of_line,
)

KNOWN_FILE = "heights.csv"
KNOWN_COLUMNS = ["name", "lon", "lat", "height_m", "source"]
# The Dead Sea's shore and the top of Everest [m].
RANGES = (("lon", -180, 180), ("lat", -90, 90), ("height_m", -430, 8849))
INVENTED = "Detail between the means is invented"
SEED = 1511


def open_stand_in(
    relief_file: Path,
    grid: Grid,
    line: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
    known_file: Path | None = None,
    seed: int = SEED,
) -> StandInReader:
    """Return a reader of stand-in heights on the frame.

    Parameters
    ----------
    relief_file : Path
        Small GeoTIFF of mean heights [m] on square cells of longitude and latitude.
    grid : Grid
        The frame.
    line : tuple of ndarray, optional
        Longitude and latitude of the border, each shape (n,) [degrees]. Where it is a river
        (see `sarhad.terrain.stand_in.river_of_line`) the ground falls with it.
    known_file : Path, optional
        Table of known heights, see `read_known_heights`.
    seed : int
        The same seed gives the same heights.

    Raises
    ------
    ScenarioError
        If a file is missing or faulty: see `read_coarse_relief` and `read_known_heights`.
    """
    coarse, credit = read_coarse_relief(relief_file)
    known = None if known_file is None else read_known_heights(known_file)
    river = None if line is None or known is None else river_of_line(coarse, *line, known)
    relief = refine_relief(coarse, river, known, rng=np.random.default_rng(seed))
    return StandInReader(grid, relief, f"{credit}. {INVENTED}" if credit else INVENTED)


def read_coarse_relief(path: Path) -> tuple[Relief, str]:
    """Return the mean heights of a small GeoTIFF in longitude and latitude, and its credit.

    Raises
    ------
    ScenarioError
        If the file is missing, not a raster, not in longitude and latitude, or has voids.
    """
    if not path.exists():
        raise _refused(path, "no such file", "a GeoTIFF of mean heights")
    try:
        dataset = rasterio.open(path)
    except rasterio.errors.RasterioIOError as error:
        raise _refused(path, "a file that is not a raster", "a GeoTIFF") from error
    with dataset:
        heights = dataset.read(1, masked=True).astype(np.float32).filled(np.nan)
        step, crs = dataset.transform, dataset.crs
        credit = str(dataset.tags().get("TIFFTAG_COPYRIGHT", ""))
    if not crs or not crs.is_geographic or not np.isclose(step.a, -step.e, rtol=1e-6):
        raise _refused(path, "another lattice", "square cells of longitude and latitude")
    if np.isnan(heights).any():
        raise _refused(path, "voids", "a height in every cell")
    return Relief(step.c, step.f, step.a, heights), credit


def read_known_heights(path: Path) -> KnownHeights:
    """Return the places of a table with the columns name, lon, lat, height_m, source.

    Raises
    ------
    ScenarioError
        With every fault of the table.
    """
    if not path.exists():
        raise _refused(path, "no such file", "a table of known heights")
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = csv.DictReader(file)
        if table.fieldnames != KNOWN_COLUMNS:
            raise _refused(
                path, f"columns {table.fieldnames}", f"columns {', '.join(KNOWN_COLUMNS)}"
            )
        rows = [(table.line_num, row) for row in table]
    faults = tuple(
        Fault(str(path), line, column, repr(row[column]), f"a number from {low} to {high}")
        for line, row in rows
        for column, low, high in RANGES
        if not _is_within(row[column], low, high)
    )
    if faults:
        raise ScenarioError(faults)
    numbers = [[float(row[column]) for column, _, _ in RANGES] for _, row in rows]
    longitude, latitude, height = np.array(numbers, np.float64).reshape(-1, 3).T
    return KnownHeights(longitude, latitude, height)


def _is_within(text: str | None, low: float, high: float) -> bool:
    try:
        return low <= float(text or "") <= high
    except ValueError:
        return False


def _refused(path: Path, found: str, expected: str) -> ScenarioError:
    return ScenarioError((Fault(str(path), None, None, found, expected),))
