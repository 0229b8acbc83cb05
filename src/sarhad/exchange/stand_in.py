"""The stand-in relief of an embedded case: five-minute mean heights, refined when opened."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from sarhad.errors import Fault, ScenarioError
from sarhad.grid import Grid
from sarhad.terrain.stand_in import KnownHeights, Relief, River, StandInReader, refine_relief

RELIEF_FILE = "relief_5min.tif"
POINTS_FILE = "relief_points.csv"
POINT_COLUMNS = ("name", "longitude", "latitude", "height_m", "source")
ITU_CREDIT = "heights: ITU-R P.1511 (5-minute means), detail invented"
SEED = 1511


def open_stand_in(
    relief_file: Path,
    grid: Grid,
    river: River | None = None,
    known: KnownHeights | None = None,
    seed: int = SEED,
) -> StandInReader:
    """Return a reader of stand-in heights on the frame.

    Parameters
    ----------
    relief_file : Path
        Small GeoTIFF of mean heights [m] on square cells of longitude and latitude.
    grid : Grid
        The frame.
    river : River, optional
        The border river from source to mouth; see `river_of_line`.
    known : KnownHeights, optional
        Places whose height is known; see `read_known_heights`.
    seed : int
        The same seed gives the same heights.

    Raises
    ------
    ScenarioError
        If the file is missing, not a raster, not in longitude and latitude, or has voids.
    """
    coarse = read_coarse_relief(relief_file)
    relief = refine_relief(coarse, river, known, rng=np.random.default_rng(seed))
    return StandInReader(grid, relief, ITU_CREDIT)


def read_coarse_relief(path: Path) -> Relief:
    """Return the mean heights of a small GeoTIFF in longitude and latitude.

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
    if not crs or not crs.is_geographic or not np.isclose(step.a, -step.e, rtol=1e-6):
        raise _refused(path, "another lattice", "square cells of longitude and latitude")
    if np.isnan(heights).any():
        raise _refused(path, "voids", "a height in every cell")
    return Relief(step.c, step.f, step.a, heights)


def read_known_heights(path: Path) -> KnownHeights:
    """Return the places of a table with the columns name, longitude, latitude, height_m, source.

    Raises
    ------
    ScenarioError
        With every fault of the table.
    """
    if not path.exists():
        raise _refused(path, "no such file", "a table of known heights")
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = csv.DictReader(file)
        if tuple(table.fieldnames or ()) != POINT_COLUMNS:
            raise _refused(path, f"columns {table.fieldnames}", f"columns {list(POINT_COLUMNS)}")
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


RANGES = (("longitude", -180, 180), ("latitude", -90, 90), ("height_m", -430, 8849))


def river_of_line(
    longitude: NDArray[np.float64],
    latitude: NDArray[np.float64],
    source: tuple[float, float],
    mouth: tuple[float, float],
) -> River:
    """Return the part of a line that is a river, from its source to its mouth.

    Parameters
    ----------
    longitude, latitude : ndarray, shape (n,)
        Vertices of the line, walked either way [degrees].
    source, mouth : tuple of float
        Longitude and latitude near which the river part begins and ends [degrees].
    """
    first, last = (_nearest_vertex(longitude, latitude, place) for place in (source, mouth))
    step = 1 if first <= last else -1
    which = np.arange(first, last + step, step)
    return River(longitude[which], latitude[which])


def _nearest_vertex(
    longitude: NDArray[np.float64], latitude: NDArray[np.float64], place: tuple[float, float]
) -> int:
    across = (longitude - place[0]) * np.cos(np.radians(place[1]))
    return int(np.argmin(np.hypot(across, latitude - place[1])))


def _is_within(text: str | None, low: float, high: float) -> bool:
    try:
        return low <= float(text or "") <= high
    except ValueError:
        return False


def _refused(path: Path, found: str, expected: str) -> ScenarioError:
    return ScenarioError((Fault(str(path), None, None, found, expected),))
