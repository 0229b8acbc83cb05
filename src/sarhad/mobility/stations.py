"""Where patrols stand: one place per border cell on the own side, and cells to stand on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sarhad.border import BorderCells, LinePlane, places_beside
from sarhad.grid import Grid
from sarhad.mobility.fields import Surface
from sarhad.scenario import Post, Site
from sarhad.terrain import window

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Stations:
    """Cells of the frame that stand for places, where one was found.

    Attributes
    ----------
    row, column : ndarray of int64, shape (n,)
        Cell on the frame of movement; -1 where none is passable near enough.
    east_m, north_m : ndarray, shape (n,)
        Its middle [m]; the wanted place itself where there is none.
    moved_m : ndarray, shape (n,)
        Distance from the wanted place [m]; infinite where there is none.
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    east_m: Floats
    north_m: Floats
    moved_m: Floats

    @property
    def found(self) -> Bools:
        """Return where there is a station, shape (n,)."""
        return self.row >= 0


def project_rows(grid: Grid, rows: Sequence[Post | Site]) -> tuple[Floats, Floats]:
    """Return east and north of posts or sites on a frame [m], each shape (n,)."""
    degrees = np.array([(row.lon, row.lat) for row in rows], np.float64).reshape(-1, 2)
    return grid.project(degrees[:, 0], degrees[:, 1])


def place_stations(
    surface: Surface, plane: LinePlane, cells: BorderCells, distance_m: float, search_m: float
) -> Stations:
    """Return the passable cell nearest to the place beside each border cell.

    Parameters
    ----------
    surface : Surface
        Ground of one kind of mover.
    plane : LinePlane
        The line on its grid.
    cells : BorderCells
        The border cells.
    distance_m, search_m : float
        Distance from the line; how far a station may move to passable ground [m].
    """
    middle_m = (cells.edges_m[:-1] + cells.edges_m[1:]) / 2
    east_m, north_m, _ = places_beside(plane, middle_m, distance_m, cells.length_m)
    return nearest_passable(surface, east_m, north_m, search_m)


def nearest_passable(
    surface: Surface, east_m: Floats, north_m: Floats, search_m: float
) -> Stations:
    """Return for each place the passable cell whose middle is nearest, within a distance [m].

    The cell that holds the place always counts as within.
    """
    grid = surface.grid
    reach = int(search_m // grid.cell_m) + 1
    side = 2 * reach + 1
    row, column = np.full(east_m.shape, -1, np.int64), np.full(east_m.shape, -1, np.int64)
    moved_m = np.full(east_m.shape, np.inf)
    x, y = (east_m - grid.west_m) / grid.cell_m - 0.5, (grid.north_m - north_m) / grid.cell_m - 0.5
    reachable = np.isfinite(x) & np.isfinite(y)
    reachable &= (np.abs(x) < 2**31) & (np.abs(y) < 2**31)
    for i in np.flatnonzero(reachable):
        top, left = round(float(y[i])) - reach, round(float(x[i])) - reach
        frame = (top, left, side, side)
        passable = np.isfinite(window(surface.friction, *frame))
        passable &= np.isfinite(window(surface.terrain, *frame))
        down, right = np.nonzero(passable)
        if not down.size:
            continue
        away_m = grid.cell_m * np.hypot(top + down - y[i], left + right - x[i])
        k = int(away_m.argmin())
        if away_m[k] <= max(search_m, grid.cell_m / np.sqrt(2)):
            row[i], column[i], moved_m[i] = top + down[k], left + right[k], away_m[k]
    found = row >= 0
    return Stations(
        row,
        column,
        np.where(found, grid.west_m + (column + 0.5) * grid.cell_m, east_m),
        np.where(found, grid.north_m - (row + 0.5) * grid.cell_m, north_m),
        moved_m,
    )
