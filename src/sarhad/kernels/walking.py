"""Travel-time fields over terrain whose edges cost differently up and down."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sarhad.kernels.library import address, kernel

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from numpy.typing import NDArray

SAMPLES: Final = 4096
"""Samples of a pace table on each side of level ground: Tobler's kink is off by 0.06 % at most."""

BUCKET_EDGES: Final = 8.0
"""Width of a bucket in shortest edges: 2, 4, 8, 16 took 1.10, 0.99, 0.96, 0.95 s for 16 M cells."""

MOST_BUCKETS: Final = 1 << 22
"""Buckets of the ring at most (96 MiB): the longest edge and the latest start must fit."""

STRIP_ROWS: Final = 256
"""Rows of a strip at least: one thread alone brings its seams to rest."""

NOTHING_WAITS: Final = -1
"""What the kernel answers for the next bucket when all times are known."""


class _Strip(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("first", "end", "ring", "notes", "sent")),
        *((name, ctypes.c_int64) for name in ("live", "noted", "room")),
    ]


class _Field(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("heights", "friction", "seconds")),
        *((name, ctypes.c_void_p) for name in ("cells", "times", "strips")),
        *((name, ctypes.c_int64) for name in ("rows", "columns", "half", "buckets", "strip_count")),
        *((name, ctypes.c_double) for name in ("width", "limit")),
        *((name, ctypes.c_float) for name in ("per_step", "sign")),
        ("least", ctypes.c_float * 3),
    ]


@dataclass(frozen=True, slots=True)
class PaceTable:
    """Time of one edge by the height difference along it, for square or oblong cells.

    Attributes
    ----------
    seconds : ndarray of float32, shape (3, 2 * SAMPLES + 1)
        Times [s] of edges to the east, north and diagonally, at rises of
        (i - SAMPLES) * step_m; infinite where too steep. Linear between samples.
    step_m : float
        Rise between samples [m].
    """

    seconds: NDArray[np.float32]
    step_m: float


def tabulate_pace(
    pace_s_m: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    steepest: float,
    cell_east_m: float,
    cell_north_m: float,
) -> PaceTable:
    """Return the table of edge times of a pace that depends on the signed slope alone.

    Parameters
    ----------
    pace_s_m : callable
        Takes slopes (rise over horizontal distance, shape (k,)) [1] and returns seconds per
        metre of horizontal distance, shape (k,), above zero.
    steepest : float
        Slopes beyond it, up or down, are not entered [1].
    cell_east_m, cell_north_m : float
        Sides of a cell [m].
    """
    if not (0 < steepest < np.inf and cell_east_m > 0 and cell_north_m > 0):
        raise ValueError("steepest and the sides of a cell are finite and above zero")
    lengths_m = np.array([cell_east_m, cell_north_m, np.hypot(cell_east_m, cell_north_m)])
    step_m = steepest * lengths_m.max() / (SAMPLES - 1)
    rises_m = (np.arange(2 * SAMPLES + 1) - SAMPLES) * step_m
    seconds = np.empty((3, rises_m.size), np.float32)
    for times, length_m in zip(seconds, lengths_m, strict=True):
        slopes = rises_m / length_m
        # One sample beyond the limit is kept, or the table would close a step before it.
        open_slope = np.abs(slopes) <= steepest + step_m / length_m
        times[:] = np.inf
        times[open_slope] = length_m * pace_s_m(slopes[open_slope])
    if not (seconds > 0).all():
        raise ValueError("pace_s_m returns seconds per metre above zero")
    return PaceTable(seconds, step_m)


def travel_time_field(
    heights_m: NDArray[np.float32],
    pace: PaceTable,
    sources: NDArray[np.int64],
    *,
    friction: NDArray[np.float32] | None = None,
    starts_s: NDArray[np.float32] | None = None,
    limit_s: float = np.inf,
    towards: bool = False,
    executor: Executor | None = None,
) -> NDArray[np.float32]:
    """Return the least time from the sources to every cell [s], shape (rows, columns).

    Exact on the graph of 8 neighbours whose edge from u to v takes
    pace(z_v - z_u) * (friction_u + friction_v) / 2. Infinite beyond the limit and where
    nobody can go. Releases the interpreter's lock, so fields run side by side in threads.

    Parameters
    ----------
    heights_m : ndarray of float32, shape (rows, columns)
        Elevation [m]; NaN cannot be entered.
    pace : PaceTable
        Time of an edge by its rise.
    sources : ndarray of int64, shape (k, 2)
        Row and column of each source; one on a closed cell is passed over.
    friction : ndarray of float32, shape (rows, columns), optional
        Factor on the times [1]; infinite, NaN, zero or less cannot be entered.
    starts_s : ndarray of float32, shape (k,), optional
        Time at each source [s], zero or more; zero where left out.
    limit_s : float
        Times beyond it are not followed [s].
    towards : bool
        Times from every cell TO the sources instead.
    executor : Executor, optional
        Threads for one large field, cut into strips of rows: changes no bit. Not one of whose
        threads waits for this very field.

    Raises
    ------
    ValueError
        If shapes do not match, a source lies outside, or times spread over too many orders
        of magnitude.
    MemoryError
        If the working copy (16 bytes a cell) does not fit.

    References
    ----------
    Dial, R. B. (1969). Algorithm 360: shortest-path forest with topological ordering.
    Communications of the ACM 12(11), 632-633. doi:10.1145/363269.363610
    Denardo, E. V. and Fox, B. L. (1979). Shortest-route methods: 1. Reaching, pruning, and
    buckets. Operations Research 27(1), 161-186. doi:10.1287/opre.27.1.161
    """
    heights_m = np.ascontiguousarray(heights_m, np.float32)
    if heights_m.ndim != 2 or heights_m.size == 0:
        raise ValueError(f"heights_m has rows and columns, not the shape {heights_m.shape}")
    sources = _checked_sources(sources, heights_m.shape)
    starts_s = np.zeros(len(sources), np.float32) if starts_s is None else starts_s
    starts_s = np.ascontiguousarray(starts_s, np.float32)
    if starts_s.shape != (len(sources),) or not (np.isfinite(starts_s) & (starts_s >= 0)).all():
        raise ValueError("starts_s holds one finite time of at least 0 for each source")
    if not limit_s >= 0:
        raise ValueError(f"limit_s is at least 0, not {limit_s}")
    easiest, hardest = 1.0, 1.0
    if friction is not None:
        friction = np.ascontiguousarray(friction, np.float32)
        easiest, hardest = _friction_range(friction, heights_m.shape)
    # A hair below the shortest edge, since the kernel multiplies in another order.
    least_s = (pace.seconds.min(axis=1) * easiest * (1 - 1e-5)).astype(np.float32)
    width_s = float(least_s.min()) * BUCKET_EDGES
    longest_s = float(pace.seconds[np.isfinite(pace.seconds)].max()) * hardest
    ring_size = _ring_size(longest_s + float(starts_s.max(initial=0)), width_s)
    times_s = np.empty(heights_m.shape, np.float32)
    cells = np.empty((heights_m.shape[0] + 2, heights_m.shape[1] + 2, 4), np.float32)
    strips = _strip_count(heights_m.shape[0], executor)
    held = np.zeros(strips * ctypes.sizeof(_Strip), np.uint8)
    field = _Field(
        heights_m.ctypes.data,
        None if friction is None else friction.ctypes.data,
        pace.seconds.ctypes.data,
        cells.ctypes.data,
        times_s.ctypes.data,
        held.ctypes.data,
        *heights_m.shape,
        SAMPLES,
        ring_size,
        strips,
        width_s,
        limit_s,
        1 / pace.step_m,
        -1 if towards else 1,
        (ctypes.c_float * 3)(*least_s),
    )
    try:
        _spread_times(field, sources, starts_s, executor)
    finally:
        kernel("free_strips")(ctypes.byref(field))
    return times_s


def _strip_count(rows: int, executor: Executor | None) -> int:
    return 1 if executor is None else max(min(os.cpu_count() or 1, rows // STRIP_ROWS), 1)


def _spread_times(
    field: _Field,
    sources: NDArray[np.int64],
    starts_s: NDArray[np.float32],
    executor: Executor | None,
) -> None:
    """Fill the field's times, bucket by bucket; strips empty a bucket side by side."""
    at, count = ctypes.byref(field), ctypes.c_int64(len(sources))

    def on_strips(name: str, *arguments: ctypes.c_int64) -> None:
        function = kernel(name, ctypes.c_int64)
        calls = [(at, ctypes.c_int64(strip), *arguments) for strip in range(field.strip_count)]
        _check_room(*_side_by_side(function, calls, executor))

    on_strips("lay_strip")
    start, settle = kernel("start_sources", ctypes.c_int64), kernel("settle", ctypes.c_int64)
    bucket = start(at, address(sources), address(starts_s), count)
    if field.strip_count == 1 and bucket >= 0:
        bucket = kernel("settle_all", ctypes.c_int64)(at, ctypes.c_int64(bucket))
    while bucket >= 0:
        now = ctypes.c_int64(bucket)
        on_strips("empty_bucket", now)
        bucket = settle(at, now)
    _check_room(bucket - NOTHING_WAITS)
    on_strips("copy_times")


def _side_by_side(
    function: Callable[..., int], calls: list[tuple[object, ...]], executor: Executor | None
) -> list[int]:
    """Return the results of the calls; none still runs afterwards, even if a person breaks off."""
    if executor is None or len(calls) == 1:
        return [function(*call) for call in calls]
    from concurrent.futures import wait

    running = [executor.submit(function, *call) for call in calls]
    try:
        return [each.result() for each in running]
    finally:
        wait(running)


def _check_room(*codes: int) -> None:
    if any(codes):
        raise MemoryError("the travel-time field does not fit into memory")


def _checked_sources(sources: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the flat indices of the sources."""
    if sources.ndim != 2 or sources.shape[1] != 2:
        raise ValueError(f"sources have the shape (k, 2): row, column; not {sources.shape}")
    if len(sources) and not ((sources >= 0) & (sources < np.array(shape))).all():
        raise ValueError(f"every source lies within the raster of shape {shape}")
    return np.ascontiguousarray(sources[:, 0] * shape[1] + sources[:, 1], np.int64)


def _friction_range(friction: NDArray[np.float32], shape: tuple[int, ...]) -> tuple[float, float]:
    if friction.shape != shape:
        raise ValueError(f"friction has the shape of heights_m, {shape}, not {friction.shape}")
    # Reductions with `where` make no copy of a field of many millions of cells.
    passable = np.isfinite(friction) & (friction > 0)
    easiest = float(friction.min(initial=np.inf, where=passable))
    hardest = float(friction.max(initial=0.0, where=passable))
    return (easiest, hardest) if hardest > 0 else (1.0, 1.0)


def _ring_size(longest_s: float, width_s: float) -> int:
    """Return a power of two of buckets that reaches farther than the longest edge."""
    wanted = longest_s / width_s + 3
    if not wanted <= MOST_BUCKETS:
        raise ValueError(
            f"the slowest edge takes {longest_s:.3g} s, a bucket is {width_s:.3g} s wide:"
            " bring paces, frictions and starts closer together"
        )
    return 1 << int(np.ceil(np.log2(wanted)))
