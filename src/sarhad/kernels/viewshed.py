"""Viewsheds from one or thousands of observers."""

from __future__ import annotations

import ctypes
import os
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sarhad.kernels.library import address, kernel, spread
from sarhad.kernels.reach import Reach, Stands, bends_of, cells_within, stands_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor, Future

    from numpy.typing import ArrayLike, NDArray

    from sarhad.kernels.heights import HeightField

CHUNK: Final = 8
"""Observers of one call into the library, at most."""

CHUNK_BYTES: Final = 1 << 24
"""Windows of one call, unless a single one is larger: memory follows the window."""


class _Viewing(ctypes.Structure):
    _fields_ = [
        *(
            (name, ctypes.c_int64)
            for name in ("half_rows", "half_columns", "row_pitch", "column_pitch", "rays_per_cell")
        ),
        *((name, ctypes.c_void_p) for name in ("reach_of_row", "reach_of_column")),
        *((name, ctypes.c_double) for name in ("target", "bend_row", "bend_column")),
        *((name, ctypes.c_int32) for name in ("skip", "exact")),
    ]


@dataclass(frozen=True, slots=True)
class BitWindow:
    """Cells in view around one observer.

    Attributes
    ----------
    row, column : int
        The observer's cell, in the middle of the window.
    half_rows, half_columns : int
        Cells from the middle to the window's edge.
    bits : ndarray of uint8, shape (2 half_rows + 1, bytes)
        One bit for each cell, least significant first; never set outside the raster or the range.
    """

    row: int
    column: int
    half_rows: int
    half_columns: int
    bits: NDArray[np.uint8]

    def unpack(self) -> NDArray[np.bool_]:
        """Return the window as booleans, shape (2 half_rows + 1, 2 half_columns + 1)."""
        cells = np.unpackbits(self.bits, axis=1, bitorder="little", count=2 * self.half_columns + 1)
        return cells.astype(np.bool_)

    def on_raster(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the cells in view as a raster of the given shape."""
        raster = np.zeros(shape, np.bool_)
        top, left = self.row - self.half_rows, self.column - self.half_columns
        rows = slice(max(top, 0), min(self.row + self.half_rows + 1, shape[0]))
        columns = slice(max(left, 0), min(self.column + self.half_columns + 1, shape[1]))
        window = self.unpack()
        raster[rows, columns] = window[
            rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
        ]
        return raster


@dataclass(frozen=True, slots=True)
class _Viewer:
    """One call's parameters, ready for any number of chunks on any thread."""

    heights: HeightField
    observers: Stands
    reach: Reach
    viewing: _Viewing
    row_shape: tuple[int, int]
    scratch_bytes: int
    lock: threading.Lock

    def chunks(self) -> range:
        chunk = CHUNK_BYTES // (self.row_shape[0] * self.row_shape[1])
        return range(0, len(self.observers), min(max(chunk, 1), CHUNK))

    def view(self, first: int) -> NDArray[np.uint8]:
        """Windows of one chunk of observers, shape (chunk, lines, bytes)."""
        chunk = slice(first, first + self.chunks().step)
        o = self.observers
        rows, columns, height_m = o.rows[chunk], o.columns[chunk], o.height_m[chunk]
        views = np.empty((len(rows), *self.row_shape), np.uint8)
        scratch = np.empty(self.scratch_bytes, np.uint8)
        kernel("viewsheds", ctypes.c_int64)(
            ctypes.byref(self.heights.structure),
            ctypes.byref(self.viewing),
            address(rows),
            address(columns),
            address(height_m),
            ctypes.c_int64(len(rows)),
            address(views),
            address(scratch),
        )
        return views

    def windows(self, first: int) -> list[BitWindow]:
        halves = self.reach.half_rows, self.reach.half_columns
        used = (2 * halves[1] + 8) // 8
        rows, columns = self.observers.rows[first:], self.observers.columns[first:]
        return [
            BitWindow(int(row), int(column), *halves, bits[: 2 * halves[0] + 1, :used])
            for row, column, bits in zip(rows, columns, self.view(first), strict=False)
        ]

    def count(self, first: int, counts: NDArray[np.uint32]) -> None:
        """Add one chunk's cells in view to the counts."""
        views = self.view(first)
        add, viewing = kernel("add_view"), ctypes.byref(self.viewing)
        shape = [ctypes.c_int64(side) for side in counts.shape]
        # Adding takes a twentieth of viewing: a lock serves better than a raster per thread.
        with self.lock:
            for n, view in enumerate(views, first):
                row = ctypes.c_int64(int(self.observers.rows[n]))
                column = ctypes.c_int64(int(self.observers.columns[n]))
                add(viewing, address(view), row, column, address(counts), *shape)


def _viewer(
    heights: HeightField,
    observers: Stands,
    target_height_m: float,
    range_m: float,
    cell_m: tuple[float, float],
    refraction: float,
    rays_per_cell: int,
    exact: bool,
    skip: bool,
) -> _Viewer:
    if not 0.0 <= target_height_m < np.inf:
        raise ValueError(f"target_height_m must be at least 0, not {target_height_m}")
    if rays_per_cell < 2:
        raise ValueError(f"rays_per_cell must be at least 2, not {rays_per_cell}")
    reach = cells_within(heights, range_m, *cell_m)
    row_pitch, column_pitch = _pitch(reach.half_columns), _pitch(reach.half_rows)
    viewing = _Viewing(
        reach.half_rows,
        reach.half_columns,
        row_pitch,
        column_pitch,
        rays_per_cell,
        reach.of_row.ctypes.data,
        reach.of_column.ctypes.data,
        target_height_m,
        *bends_of(*cell_m, refraction),
        skip,
        exact,
    )
    lines, places = _eights(reach.half_rows) + 1, _eights(reach.half_columns) + 1
    scratch_bytes = lines * row_pitch + 2 * places * column_pitch
    shape = (lines, row_pitch)
    return _Viewer(heights, observers, reach, viewing, shape, scratch_bytes, threading.Lock())


def _eights(half: int) -> int:
    return (2 * half + 8) // 8 * 8


def _pitch(half: int) -> int:
    """Bytes of one line of a window: whole words, and one to spare."""
    return -(-(2 * half + 1) // 64) * 8 + 8


def viewsheds(
    heights: HeightField,
    rows: ArrayLike,
    columns: ArrayLike,
    observer_height_m: ArrayLike,
    target_height_m: float,
    range_m: float,
    cell_east_m: float,
    cell_north_m: float,
    refraction: float,
    *,
    rays_per_cell: int = 2,
    exact: bool = False,
    skip: bool = True,
    executor: Executor | None = None,
) -> Iterator[BitWindow]:
    """Return the windows of cells in view of each observer, in their order, one by one.

    Parameters
    ----------
    heights : HeightField
        The prepared terrain.
    rows, columns : array_like of int, shape (n,)
        Cells of the observers.
    observer_height_m : array_like
        Height above ground [m], one or n.
    target_height_m : float
        Height above ground of what is looked for [m].
    range_m : float
        Farthest distance between cell centres [m].
    cell_east_m, cell_north_m : float
        Sides of a cell [m].
    refraction : float
        Share of the earth's curvature that refraction takes away [1], about 0.13 for light.
    rays_per_cell : int
        Rays per cell on the last ring, 2 or more.
    exact : bool
        Decide every cell near the horizon by its sight line; the result is exact R3.
    skip : bool
        Skip blocks of terrain below the horizon; changes no bit.
    executor : Executor, optional
        Threads to spread the observers over; memory holds four chunks of windows for each
        processor.

    Raises
    ------
    ValueError
        If an observer is outside, in a void or under ground, or a number is out of its range.

    References
    ----------
    Franklin, W. R., Ray, C. K. and Mehta, S. (1994). Geometric algorithms for siting of air
    defense missile batteries. Technical report, Battelle (R2 and R3).
    """
    observers = stands_on(heights, rows, columns, observer_height_m, "observer")
    cell_m = (cell_east_m, cell_north_m)
    viewer = _viewer(
        heights, observers, target_height_m, range_m, cell_m, refraction, rays_per_cell, exact, skip
    )
    return _in_order(viewer, executor)


def _in_order(viewer: _Viewer, executor: Executor | None) -> Iterator[BitWindow]:
    if executor is None:
        for first in viewer.chunks():
            yield from viewer.windows(first)
        return
    waiting: deque[Future[list[BitWindow]]] = deque()
    ahead = 4 * (os.cpu_count() or 1)
    for first in viewer.chunks():
        waiting.append(executor.submit(viewer.windows, first))
        if len(waiting) >= ahead:
            yield from waiting.popleft().result()
    while waiting:
        yield from waiting.popleft().result()


def viewshed_counts(
    heights: HeightField,
    rows: ArrayLike,
    columns: ArrayLike,
    observer_height_m: ArrayLike,
    target_height_m: float,
    range_m: float,
    cell_east_m: float,
    cell_north_m: float,
    refraction: float,
    *,
    rays_per_cell: int = 2,
    exact: bool = False,
    skip: bool = True,
    executor: Executor | None = None,
) -> NDArray[np.uint32]:
    """Return how many observers have each cell in view, shape (rows, columns).

    Parameters and errors as for `viewsheds`.
    """
    observers = stands_on(heights, rows, columns, observer_height_m, "observer")
    cell_m = (cell_east_m, cell_north_m)
    viewer = _viewer(
        heights, observers, target_height_m, range_m, cell_m, refraction, rays_per_cell, exact, skip
    )
    counts = np.zeros((heights.rows, heights.columns), np.uint32)
    for _ in spread(lambda first: viewer.count(first, counts), viewer.chunks(), executor):
        pass
    return counts
