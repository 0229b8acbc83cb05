"""Sight lines between pairs of points by exact R3."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

import numpy as np

from sarhad.kernels.library import address, kernel, spread
from sarhad.kernels.reach import bends_of

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from sarhad.kernels.heights import HeightField

CHUNK = 1024  # pairs of one call into the library
JUST_HIDDEN = -5e-324


def pairs_within(
    observers: NDArray[np.float64],
    targets: NDArray[np.float64],
    range_m: float,
    cell_east_m: float,
    cell_north_m: float,
) -> NDArray[np.int32]:
    """Return the pairs (observer, target) no farther apart than the range [m], shape (p, 2).

    Observer by observer; parameters as for `sight_clearance`.
    """
    observers, targets = _points(observers, "observers"), _points(targets, "targets")
    if not 0.0 <= range_m < np.inf:
        raise ValueError(f"range_m must be a number of at least 0, not {range_m}")
    function = kernel("pairs_within", ctypes.c_int64)
    ends = (
        address(observers),
        ctypes.c_int64(len(observers)),
        address(targets),
        ctypes.c_int64(len(targets)),
        *map(ctypes.c_double, (cell_north_m, cell_east_m, range_m)),
    )
    pairs = np.empty((function(*ends, None), 2), np.int32)
    function(*ends, address(pairs))
    return pairs


def sight_clearance(
    heights: HeightField,
    observers: NDArray[np.float64],
    targets: NDArray[np.float64],
    pairs: NDArray[np.int32],
    cell_east_m: float,
    cell_north_m: float,
    refraction: float,
    *,
    only_sign: bool = False,
    executor: Executor | None = None,
) -> NDArray[np.float32]:
    """Return the least height of each sight line above the terrain [m], shape (p,).

    Below 0 the line is blocked. The terrain is linear between neighbouring cell centres on rows
    and columns (exact R3), the earth round, and the line compared with the terrain at every
    crossing strictly between its ends. Infinite without a crossing, NaN where an end is outside
    the raster or in a void.

    Parameters
    ----------
    heights : HeightField
        The prepared terrain.
    observers, targets : ndarray of float64, shape (n, 3) and (m, 3)
        Row and column (whole numbers at cell centres) and height above the datum [m].
    pairs : ndarray of int32, shape (p, 2)
        Observer and target of each line, for instance from `pairs_within`.
    cell_east_m, cell_north_m : float
        Sides of a cell [m].
    refraction : float
        Share of the earth's curvature that refraction takes away [1].
    only_sign : bool
        Stop at the first blocking crossing: some negative number where blocked, infinite where
        free; faster.
    executor : Executor, optional
        Threads to spread the pairs over.

    Raises
    ------
    ValueError
        If a shape is wrong or a pair names no point.
    """
    observers, targets = _points(observers, "observers"), _points(targets, "targets")
    pairs = _checked_pairs(pairs, len(observers), len(targets))
    bends = [ctypes.c_double(bend) for bend in bends_of(cell_east_m, cell_north_m, refraction)]
    enough = ctypes.c_double(JUST_HIDDEN if only_sign else -np.inf)
    clearance = np.empty(len(pairs), np.float32)
    function = kernel("clearances")
    sound = [_sound(heights, points) for points in (observers, targets)]

    def draw(first: int) -> None:
        part = clearance[first : first + CHUNK]
        function(
            ctypes.byref(heights.structure),
            address(observers),
            address(sound[0]),
            address(targets),
            address(sound[1]),
            address(pairs[first:]),
            ctypes.c_int64(len(part)),
            *bends,
            enough,
            address(part),
        )

    list(spread(draw, range(0, len(pairs), CHUNK), executor))
    return clearance


def _sound(heights: HeightField, points: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return flags of the points inside the raster and not in a void."""
    sound = np.empty(len(points), np.uint8)
    kernel("sound_points")(
        ctypes.byref(heights.structure),
        address(points),
        ctypes.c_int64(len(points)),
        address(sound),
    )
    return sound


def _points(points: NDArray[np.float64], who: str) -> NDArray[np.float64]:
    if points.ndim != 2 or points.shape[1] != 3:
        raise ValueError(
            f"{who} must have the shape (n, 3): row, column, height; not {points.shape}"
        )
    return np.ascontiguousarray(points, np.float64)


def _checked_pairs(pairs: NDArray[np.int32], observers: int, targets: int) -> NDArray[np.int32]:
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
        raise ValueError(
            f"pairs must be whole numbers of the shape (p, 2), not {pairs.dtype} of {pairs.shape}"
        )
    if len(pairs) and not (
        pairs.min() >= 0 and pairs[:, 0].max() < observers and pairs[:, 1].max() < targets
    ):
        raise ValueError(f"pairs must name observers below {observers} and targets below {targets}")
    return np.ascontiguousarray(pairs, np.int32)
