"""The reverse of a viewshed: the least heights that see a target."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

import numpy as np

from sarhad.kernels.library import address, kernel, spread
from sarhad.kernels.reach import bends_of, cells_within, stands_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from numpy.typing import ArrayLike, NDArray

    from sarhad.kernels.heights import HeightField


class _Reverse(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int64) for name in ("half_rows", "half_columns", "stride")),
        ("rays_per_cell", ctypes.c_int64),
        *((name, ctypes.c_void_p) for name in ("reach_of_row", "reach_of_column")),
        *((name, ctypes.c_double) for name in ("bend_row", "bend_column")),
        ("skip", ctypes.c_int64),
    ]


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
    executor: Executor | None = None,
) -> Iterator[NDArray[np.float32]]:
    """Return for each target the least height above ground [m] that sees it, window by window.

    A window has the shape (2 (half_rows // stride) + 1, 2 (half_columns // stride) + 1), the
    target in the middle, and holds every stride-th cell; infinite beyond the range, NaN in voids
    and outside the raster. Horizons between rays are interpolated: see docs/background/sight.md.

    Parameters
    ----------
    heights : HeightField
        The prepared terrain.
    rows, columns : array_like of int, shape (n,)
        Cells of the targets.
    target_height_m : array_like
        Height of the targets above ground [m], one or n.
    range_m, cell_east_m, cell_north_m, refraction, rays_per_cell, skip, executor
        As for `viewsheds`.
    stride : int
        Cells from one kept cell to the next, 1 or more.

    Raises
    ------
    ValueError
        If a target is outside, in a void or under ground, or a number is out of its range.
    """
    targets = stands_on(heights, rows, columns, target_height_m, "target")
    reach = cells_within(heights, range_m, cell_east_m, cell_north_m)
    if stride < 1 or rays_per_cell < 2:
        raise ValueError("stride must be at least 1 and rays_per_cell at least 2")
    reverse = _Reverse(
        reach.half_rows,
        reach.half_columns,
        stride,
        rays_per_cell,
        reach.of_row.ctypes.data,
        reach.of_column.ctypes.data,
        *bends_of(cell_east_m, cell_north_m, refraction),
        skip,
    )
    shape = (2 * (reach.half_rows // stride) + 1, 2 * (reach.half_columns // stride) + 1)

    def one(n: int) -> NDArray[np.float32]:
        window = np.empty(shape, np.float32)
        _ = reach  # kept alive: the structure holds only addresses
        stand = (part[n : n + 1] for part in (targets.rows, targets.columns, targets.height_m))
        kernel("least_heights")(
            ctypes.byref(heights.structure),
            ctypes.byref(reverse),
            *map(address, stand),
            ctypes.c_int64(1),
            address(window),
        )
        return window

    return iter(spread(one, range(len(targets)), executor))
