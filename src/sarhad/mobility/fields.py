"""Travel-time fields in windows bounded by a time limit, and the paths back through them."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.grid import Grid
from sarhad.kernels import PaceTable, tabulate_pace, travel_time_field
from sarhad.mobility.land import Land
from sarhad.mobility.pace import Pace
from sarhad.terrain import Terrain, window

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

STEEPEST_STEP: Final = 2.0
"""No step between two neighbouring cells is steeper than this [1]: 63 degrees."""


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """Ground as one kind of mover meets it.

    Attributes
    ----------
    terrain : Terrain
        Heights [m].
    friction : Terrain
        Factor on the time through a cell, in the same tiles; infinite where closed.
    pace : Pace
        Time by slope.
    table : PaceTable
        The same, tabulated for the cells of the frame.
    easiest : float
        Least friction anywhere [1]; it bounds the windows.
    """

    terrain: Terrain
    friction: Terrain
    pace: Pace
    table: PaceTable
    easiest: float

    @property
    def fastest_m_s(self) -> float:
        """Return the highest speed anywhere [m/s]; 0 where every cell is closed."""
        return self.pace.fastest_m_s / self.easiest

    @property
    def flat_s_m(self) -> float:
        """Return the time over a metre of flat, easiest ground [s/m]."""
        return float(self.pace.seconds_per_metre(0.0)) * self.easiest

    @property
    def grid(self) -> Grid:
        """Return the frame of movement."""
        return self.terrain.grid


def build_surface(land: Land, friction: NDArray[np.float32], pace: Pace) -> Surface:
    """Return the ground with the friction of one kind, shape (kept, tile, tile), and its pace."""
    terrain, cell_m = land.terrain, land.grid.cell_m
    factors = Terrain(terrain.grid, terrain.tile, terrain.index, friction, False, "")
    table = tabulate_pace(pace.seconds_per_metre, STEEPEST_STEP, cell_m, cell_m)
    easiest = float(friction.min(initial=np.inf))
    return Surface(terrain, factors, pace, table, easiest)


@dataclass(frozen=True, slots=True, eq=False)
class TimeField:
    """Least times within a window.

    Attributes
    ----------
    surface : Surface
        What was crossed.
    row, column : int
        First row and column of the window on the frame.
    seconds : ndarray of float32, shape (rows, columns)
        Time from the sources to each cell, or from each cell to them [s]; infinite where
        nobody gets within the limit.
    towards : bool
        True where times run towards the sources.
    """

    surface: Surface
    row: int
    column: int
    seconds: NDArray[np.float32]
    towards: bool


def time_field(
    surface: Surface,
    rows: Integers,
    columns: Integers,
    limit_s: float,
    *,
    starts_s: Floats | None = None,
    towards: bool = False,
    executor: Executor | None = None,
) -> TimeField:
    """Return the least times from sources within a limit; the window reaches no farther.

    Parameters
    ----------
    surface : Surface
        The ground.
    rows, columns : ndarray of int64, shape (n,)
        Cells of the sources on the frame; those outside it are left out.
    limit_s : float
        Longest time [s], above zero and finite.
    starts_s : ndarray, shape (n,), optional
        Time at each source [s]; 0 where left out.
    towards : bool
        Times to the sources instead of from them.
    executor : concurrent.futures.Executor, optional
        Threads to spread one large field over; none of them may wait for this very field.

    Raises
    ------
    ValueError
        If the limit is not finite and above zero.
    """
    if not 0 < limit_s < np.inf:
        raise ValueError(f"limit_s is finite and above zero, not {limit_s}")
    grid = surface.grid
    starts = np.zeros(len(rows)) if starts_s is None else np.asarray(starts_s)
    used = (rows >= 0) & (rows < grid.rows) & (columns >= 0) & (columns < grid.columns)
    used &= starts <= limit_s
    if not used.any():
        return TimeField(surface, 0, 0, np.full((1, 1), np.inf, np.float32), towards)
    rows, columns, starts = rows[used], columns[used], starts[used]
    reach = int(np.ceil((limit_s - starts.min()) * surface.fastest_m_s / grid.cell_m)) + 1
    top, bottom = max(int(rows.min()) - reach, 0), min(int(rows.max()) + reach + 1, grid.rows)
    left, right = (
        max(int(columns.min()) - reach, 0),
        min(int(columns.max()) + reach + 1, grid.columns),
    )
    frame = (top, left, bottom - top, right - left)
    seconds = travel_time_field(
        window(surface.terrain, *frame),
        surface.table,
        np.stack([rows - top, columns - left], axis=1),
        friction=window(surface.friction, *frame),
        starts_s=starts.astype(np.float32),
        limit_s=limit_s,
        towards=towards,
        executor=executor,
    )
    return TimeField(surface, top, left, seconds, towards)


def read_field(field: TimeField, rows: Integers, columns: Integers) -> NDArray[np.float32]:
    """Return the times of cells of the frame [s]; infinite outside the window."""
    y, x = rows - field.row, columns - field.column
    inside = (y >= 0) & (y < field.seconds.shape[0]) & (x >= 0) & (x < field.seconds.shape[1])
    times = field.seconds[np.where(inside, y, 0), np.where(inside, x, 0)]
    return np.where(inside, times, np.float32(np.inf))


def trace_path(field: TimeField, row: int, column: int) -> Integers:
    """Return the cells of the quickest way in the order of travel, shape (n, 2).

    Parameters
    ----------
    field : TimeField
        Times; from its sources to the cell, or from the cell to them where it runs towards.
    row, column : int
        The cell on the frame.

    Raises
    ------
    ValueError
        If nobody gets between the cell and a source within the limit.
    """
    here = (row - field.row, column - field.column)
    shape = field.seconds.shape
    inside = 0 <= here[0] < shape[0] and 0 <= here[1] < shape[1]
    if not inside or not np.isfinite(field.seconds[here]):
        raise ValueError("no way leads there within the limit of the field")
    frame = (field.row, field.column, *shape)
    heights, friction = (
        window(field.surface.terrain, *frame),
        window(field.surface.friction, *frame),
    )
    path = [here]
    while (before := _step_before(field, heights, friction, path[-1])) is not None:
        path.append(before)
    cells = np.array(path, dtype=np.int64) + np.array([field.row, field.column])
    return np.asarray(cells if field.towards else cells[::-1])


def _step_before(
    field: TimeField,
    heights: NDArray[np.float32],
    friction: NDArray[np.float32],
    here: tuple[int, int],
) -> tuple[int, int] | None:
    """Return the neighbour through which the least time came; None at a source."""
    y = np.array([here[0] + down for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right])
    x = np.array([here[1] + right for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right])
    inside = (y >= 0) & (y < heights.shape[0]) & (x >= 0) & (x < heights.shape[1])
    y, x = y[inside], x[inside]
    time = field.seconds[here]
    length_m = field.surface.grid.cell_m * np.hypot(y - here[0], x - here[1])
    rise = (heights[here] - heights[y, x]) * (-1 if field.towards else 1)
    pace = field.surface.pace.seconds_per_metre(rise / length_m)
    total = field.seconds[y, x] + length_m * pace * (friction[y, x] + friction[here]) / 2
    total[~(field.seconds[y, x] < time)] = np.inf
    best = int(np.argmin(np.nan_to_num(total, nan=np.inf)))
    # A cell whose neighbours explain no time as small as its own is where travel began. The
    # kernel interpolates a table, hence the slack.
    if not total[best] <= time * 1.002 + 1e-3:
        return None
    return int(y[best]), int(x[best])


def as_line(grid: Grid, cells: Integers) -> tuple[Floats, Floats]:
    """Return longitude and latitude [degrees] of the middles of cells (row, column), (n, 2)."""
    return grid.unproject(
        grid.west_m + (cells[:, 1] + 0.5) * grid.cell_m,
        grid.north_m - (cells[:, 0] + 0.5) * grid.cell_m,
    )
