"""Viewsheds from many observers, and the least heights that see a target."""

from __future__ import annotations

import ctypes
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sarhad.kernels.heights import HeightField, earth_bend
from sarhad.kernels.library import address, kernel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future, ThreadPoolExecutor

    from numpy.typing import ArrayLike, NDArray

CHUNK = 8  # observers of one call into the library


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


class _Reverse(ctypes.Structure):
    _fields_ = [
        *(
            (name, ctypes.c_int64)
            for name in ("half_rows", "half_columns", "stride", "rays_per_cell")
        ),
        *((name, ctypes.c_void_p) for name in ("reach_of_row", "reach_of_column")),
        *((name, ctypes.c_double) for name in ("bend_row", "bend_column")),
        ("skip", ctypes.c_int64),
    ]


@dataclass(frozen=True, slots=True)
class Reach:
    """Cells within the range: half the window, and for each ring the farthest cell across.

    Attributes
    ----------
    half_rows, half_columns : int
        Cells from the observer to the window's edge, no more than the raster needs.
    of_row, of_column : ndarray of int32
        For a row (column) so many cells away, the farthest column (row) inside the range.
    """

    half_rows: int
    half_columns: int
    of_row: NDArray[np.int32]
    of_column: NDArray[np.int32]


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


def cells_within(
    heights: HeightField, range_m: float, cell_east_m: float, cell_north_m: float
) -> Reach:
    """Return the cells whose centres are within the range of a cell's centre."""
    if not (0.0 <= range_m < np.inf and 0.0 < cell_east_m < np.inf and 0.0 < cell_north_m < np.inf):
        raise ValueError("range_m must be a number of at least 0, and the cells' sides above 0")
    half_rows = int(min(range_m // cell_north_m, heights.rows - 1))
    half_columns = int(min(range_m // cell_east_m, heights.columns - 1))
    return Reach(
        half_rows,
        half_columns,
        _farthest(half_rows, half_columns, range_m, cell_north_m, cell_east_m),
        _farthest(half_columns, half_rows, range_m, cell_east_m, cell_north_m),
    )


def _farthest(
    rings: int, half: int, range_m: float, ring_m: float, cell_m: float
) -> NDArray[np.int32]:
    """For each ring, the farthest cell with (ring x ring_m)^2 + (cell x cell_m)^2 <= range^2, by that very test."""
    north = (np.arange(rings + 1) * ring_m) ** 2
    cells = np.floor(np.sqrt(np.maximum(range_m**2 - north, 0.0)) / cell_m)
    cells += north + ((cells + 1.0) * cell_m) ** 2 <= range_m**2
    cells -= north + (cells * cell_m) ** 2 > range_m**2
    return np.ascontiguousarray(np.clip(cells, -1, half).astype(np.int32))


@dataclass(frozen=True, slots=True)
class _Places:
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    height_m: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.rows)


def _places(
    heights: HeightField, rows: ArrayLike, columns: ArrayLike, height_m: ArrayLike, who: str
) -> _Places:
    """Return the cells of observers or targets, or refuse those outside, in a void or under ground."""
    r, c = np.atleast_1d(np.asarray(rows)), np.atleast_1d(np.asarray(columns))
    if not (r.ndim == 1 and r.shape == c.shape and r.dtype.kind in "iu" and c.dtype.kind in "iu"):
        raise ValueError(
            f"rows and columns of the {who}s must be whole numbers, as many of one as of the other"
        )
    h = np.ascontiguousarray(np.broadcast_to(np.asarray(height_m, np.float64), r.shape))
    outside = (r < 0) | (r >= heights.rows) | (c < 0) | (c >= heights.columns)
    if outside.any():
        n = int(outside.argmax())
        raise ValueError(
            f"{who} {n} (row {r[n]}, column {c[n]}) is outside the raster of {heights.rows} x {heights.columns} cells"
        )
    void = heights.z[r, c] < -1e29
    if void.any():
        n = int(void.argmax())
        raise ValueError(
            f"{who} {n} (row {r[n]}, column {c[n]}) stands in a void of the height field"
        )
    wrong = ~((h >= 0.0) & (h < np.inf))
    if wrong.any():
        n = int(wrong.argmax())
        raise ValueError(f"{who} {n} must stand at least 0 m above ground, not {h[n]} m")
    return _Places(np.ascontiguousarray(r, np.int64), np.ascontiguousarray(c, np.int64), h)


class _Viewer:
    """One call's parameters, ready for any number of chunks on any thread."""

    def __init__(
        self,
        heights: HeightField,
        observers: _Places,
        target_height_m: float,
        reach: Reach,
        bends: tuple[float, float],
        rays_per_cell: int,
        exact: bool,
        skip: bool,
    ) -> None:
        if not 0.0 <= target_height_m < np.inf:
            raise ValueError(f"target_height_m must be at least 0, not {target_height_m}")
        if rays_per_cell < 2:
            raise ValueError(f"rays_per_cell must be at least 2, not {rays_per_cell}")
        self.heights, self.observers, self.reach = heights, observers, reach
        row_pitch, column_pitch = (
            -(-(2 * half + 1) // 64) * 8 + 8 for half in (reach.half_columns, reach.half_rows)
        )
        self.row_shape = (_eights(reach.half_rows) + 1, row_pitch)
        self.column_shape = (_eights(reach.half_columns) + 1, column_pitch)
        self.viewing = _Viewing(
            reach.half_rows,
            reach.half_columns,
            row_pitch,
            column_pitch,
            rays_per_cell,
            reach.of_row.ctypes.data,
            reach.of_column.ctypes.data,
            target_height_m,
            *bends,
            skip,
            exact,
        )
        self.kernel = kernel("viewsheds", ctypes.c_int64)
        self.add = kernel("add_view")
        self.lock = threading.Lock()

    def chunks(self) -> range:
        return range(0, len(self.observers), CHUNK)

    def view(self, first: int) -> NDArray[np.uint8]:
        """Windows of one chunk of observers, shape (chunk, lines, bytes)."""
        places = [
            part[first : first + CHUNK] for part in (self.observers.rows, self.observers.columns)
        ]
        height_m = self.observers.height_m[first : first + CHUNK]
        views = np.empty((len(height_m), *self.row_shape), np.uint8)
        scratch = np.empty(np.prod(self.row_shape) + 2 * np.prod(self.column_shape), np.uint8)
        self.kernel(
            ctypes.byref(self.heights.structure),
            ctypes.byref(self.viewing),
            *map(address, places),
            address(height_m),
            ctypes.c_int64(len(height_m)),
            address(views),
            address(scratch),
        )
        return views

    def windows(self, first: int) -> list[BitWindow]:
        reach = self.reach
        used = (2 * reach.half_columns + 8) // 8
        return [
            BitWindow(
                int(self.observers.rows[first + n]),
                int(self.observers.columns[first + n]),
                reach.half_rows,
                reach.half_columns,
                bits[: 2 * reach.half_rows + 1, :used],
            )
            for n, bits in enumerate(self.view(first))
        ]

    def count(self, first: int, counts: NDArray[np.uint32]) -> None:
        """Add one chunk's cells in view; adding takes a twentieth of viewing, so that a lock serves better than a raster per thread."""
        views = self.view(first)
        with self.lock:
            for n, view in enumerate(views):
                place = (
                    ctypes.c_int64(int(part[first + n]))
                    for part in (self.observers.rows, self.observers.columns)
                )
                shape = (ctypes.c_int64(side) for side in counts.shape)
                self.add(ctypes.byref(self.viewing), address(view), *place, address(counts), *shape)


def _eights(half: int) -> int:
    return (2 * half + 8) // 8 * 8


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
    executor: ThreadPoolExecutor | None = None,
) -> Iterator[BitWindow]:
    """Yield the window of cells in view of each observer, in their order.

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
    executor : ThreadPoolExecutor, optional
        Threads to spread the observers over; memory holds four chunks of windows for each.

    Raises
    ------
    ValueError
        If an observer is outside, in a void or under ground, or a number is out of its range.
    """
    viewer = _viewer(
        heights, (rows, columns, observer_height_m), target_height_m, range_m, (cell_east_m, cell_north_m), refraction,
        rays_per_cell, exact, skip,
    )  # fmt: skip
    return _in_order(viewer, executor)


def _viewer(
    heights: HeightField,
    observers: tuple[ArrayLike, ArrayLike, ArrayLike],
    target_height_m: float,
    range_m: float,
    cell_m: tuple[float, float],
    refraction: float,
    rays_per_cell: int,
    exact: bool,
    skip: bool,
) -> _Viewer:
    reach = cells_within(heights, range_m, *cell_m)
    bends = bends_of(*cell_m, refraction)
    return _Viewer(
        heights,
        _places(heights, *observers, "observer"),
        target_height_m,
        reach,
        bends,
        rays_per_cell,
        exact,
        skip,
    )


def bends_of(cell_east_m: float, cell_north_m: float, refraction: float) -> tuple[float, float]:
    """Return the earth's bend per squared row and per squared column [m]."""
    if not 0.0 <= refraction <= 1.0:
        raise ValueError(f"refraction must be between 0 and 1, not {refraction}")
    return earth_bend(cell_north_m, refraction), earth_bend(cell_east_m, refraction)


def _in_order(viewer: _Viewer, executor: ThreadPoolExecutor | None) -> Iterator[BitWindow]:
    if executor is None:
        for first in viewer.chunks():
            yield from viewer.windows(first)
        return
    waiting: deque[Future[list[BitWindow]]] = deque()
    ahead = 4 * executor._max_workers
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
    executor: ThreadPoolExecutor | None = None,
) -> NDArray[np.uint32]:
    """Return how many observers have each cell in view, shape (rows, columns); parameters as for `viewsheds`."""
    viewer = _viewer(
        heights, (rows, columns, observer_height_m), target_height_m, range_m, (cell_east_m, cell_north_m), refraction,
        rays_per_cell, exact, skip,
    )  # fmt: skip
    counts = np.zeros((heights.rows, heights.columns), np.uint32)
    run = map if executor is None else executor.map
    list(run(lambda first: viewer.count(first, counts), viewer.chunks()))
    return counts


def least_heights(
    heights: HeightField,
    rows: ArrayLike,
    columns: ArrayLike,
    target_height_m: ArrayLike,
    range_m: float,
    cell_east_m: float,
    cell_north_m: float,
    refraction: float,
    *,
    stride: int = 1,
    rays_per_cell: int = 2,
    skip: bool = True,
    executor: ThreadPoolExecutor | None = None,
) -> Iterator[NDArray[np.float32]]:
    """Yield for each target the least height above ground [m] that sees it, on every stride-th cell of the window around it.

    Infinite beyond the range, NaN in voids and outside the raster; shape (2 (half_rows // stride) + 1, 2 (half_columns // stride) + 1)
    with the target in the middle. Parameters as for `viewsheds`; rows and columns are the targets'.
    """
    targets = _places(heights, rows, columns, target_height_m, "target")
    reach = cells_within(heights, range_m, cell_east_m, cell_north_m)
    if stride < 1 or rays_per_cell < 2:
        raise ValueError("stride must be at least 1 and rays_per_cell at least 2")
    reverse = _Reverse(
        reach.half_rows, reach.half_columns, stride, rays_per_cell, reach.of_row.ctypes.data, reach.of_column.ctypes.data,
        *bends_of(cell_east_m, cell_north_m, refraction), skip,
    )  # fmt: skip
    function = kernel("least_heights")
    shape = (2 * (reach.half_rows // stride) + 1, 2 * (reach.half_columns // stride) + 1)

    def one(n: int) -> NDArray[np.float32]:
        window = np.empty(shape, np.float32)
        _ = reach  # kept alive: the structure holds only addresses
        places = (
            address(part[n : n + 1]) for part in (targets.rows, targets.columns, targets.height_m)
        )
        function(
            ctypes.byref(heights.structure),
            ctypes.byref(reverse),
            *places,
            ctypes.c_int64(1),
            address(window),
        )
        return window

    run = map if executor is None else executor.map
    return iter(run(one, range(len(targets))))
