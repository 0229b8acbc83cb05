"""From how high a border cell is seen: least heights above ground, a map to look tracks up in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarhad.grid import Grid
from sarhad.kernels import least_heights, prepare_heights
from sarhad.terrain import Terrain, window
from sarhad.visibility.sampling import SamplePoints

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Overlook:
    """The least heights from which one border cell is seen, around it.

    Attributes
    ----------
    grid : Grid
        The frame.
    row, column : int
        First row and column of the window on the frame.
    height_m : ndarray of float32, shape (rows, columns)
        Least height above ground [m]; infinite beyond the range, NaN in voids.
    """

    grid: Grid
    row: int
    column: int
    height_m: NDArray[np.float32]

    def at(self, east_m: ArrayLike, north_m: ArrayLike) -> NDArray[np.float32]:
        """Return the least height above ground at places of a track [m], infinite outside."""
        row, column = self.grid.cell_of(east_m, north_m)
        row, column = row - self.row, column - self.column
        rows, columns = self.height_m.shape
        inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        found = self.height_m[np.where(inside, row, 0), np.where(inside, column, 0)]
        return np.where(inside, found, np.float32(np.inf))


def overlook_cell(
    points: SamplePoints,
    cell: int,
    terrain: Terrain,
    range_m: float,
    target_height_m: float,
    refraction: float,
    *,
    whole: bool = False,
    executor: ThreadPoolExecutor | None = None,
) -> Overlook:
    """Return from how high a border cell is seen, on every raster cell within a range of it.

    Sample points are taken at the centres of their raster cells, and the terrain along rays as in a
    viewshed: a map to choose tracks by. `sight_from` says exactly what a track sees.

    Parameters
    ----------
    points : SamplePoints
        Sample points of all cells.
    cell : int
        The border cell.
    terrain : Terrain
        Heights.
    range_m : float
        Largest distance on the map [m].
    target_height_m : float
        Height of what is to be seen above ground [m].
    refraction : float
        Share of the earth's curvature that light bends away [1].
    whole : bool
        All of the cell's sample points are to be seen, not any one of them.
    executor : ThreadPoolExecutor, optional
        Threads to spread the sample points over.

    Raises
    ------
    ValueError
        If the border cell has no sample point, or the range is not finite and above 0.
    """
    member = points.cell == cell
    if not member.any():
        raise ValueError(f"cell {cell} has no sample point on known ground")
    if not 0 < range_m < np.inf:
        raise ValueError(f"range_m is finite and above 0, not {range_m}")
    grid = terrain.grid
    row, column = grid.cell_of(points.east_m[member], points.north_m[member])
    reach = int(np.ceil(range_m / grid.cell_m))
    top, left = max(int(row.min()) - reach, 0), max(int(column.min()) - reach, 0)
    rows = min(int(row.max()) + reach + 1, grid.rows) - top
    columns = min(int(column.max()) + reach + 1, grid.columns) - left
    field = prepare_heights(window(terrain, top, left, rows, columns))
    side_m = grid.cell_m
    seen = least_heights(
        field, row - top, column - left, target_height_m, range_m, side_m, side_m, refraction,
        executor=executor,
    )  # fmt: skip
    start = 0.0 if whole else np.inf
    height_m = np.full((rows, columns), start, np.float32)
    combine = np.maximum if whole else np.minimum
    for here_row, here_column, around in zip(row - top, column - left, seen, strict=True):
        combine(height_m, _laid_out(around, here_row, here_column, (rows, columns)), out=height_m)
    return Overlook(grid, top, left, height_m)


def _laid_out(
    around: NDArray[np.float32], row: int, column: int, shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Return heights around a cell as a raster of a shape, infinite beyond them."""
    out = np.full(shape, np.inf, np.float32)
    into, taken = [], []
    for middle, size, length in zip((row, column), around.shape, shape, strict=True):
        first = int(middle) - size // 2
        into.append(slice(max(first, 0), min(first + size, length)))
        taken.append(slice(into[-1].start - first, into[-1].stop - first))
    out[tuple(into)] = around[tuple(taken)]
    return out
