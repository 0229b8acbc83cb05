"""Sight lines of many pairs over the terrain, in windows of bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from sarhad.kernels import HeightField, pairs_within, prepare_heights, sight_clearance
from sarhad.terrain import Terrain, window

Floats = NDArray[np.float64]
Pairs = NDArray[np.int32]
Progress = Callable[[int, int], None]
Answer = TypeVar("Answer")

WINDOW_CELLS: Final = 4_000_000
"""Cells of a window beyond which its pairs are divided: 50 MB with the kernels' tables."""

LARGEST_WINDOW_CELLS: Final = 64_000_000
"""Cells of the window of a single sight line beyond which it is refused."""


@dataclass(frozen=True, slots=True)
class SightLines:
    """Sight lines between pairs of points.

    Attributes
    ----------
    observer, target : ndarray of int32, shape (n,)
        Ends of each.
    clearance_m : ndarray of float32, shape (n,)
        Least height of the line above the terrain between its ends [m]: blocked below 0,
        infinite where no terrain lies between, NaN where an end has no ground.
    distance_m : ndarray of float32, shape (n,)
        Straight distance [m].
    """

    observer: NDArray[np.int32]
    target: NDArray[np.int32]
    clearance_m: NDArray[np.float32]
    distance_m: NDArray[np.float32]

    @property
    def in_sight(self) -> NDArray[np.bool_]:
        """Return which lines are free, shape (n,)."""
        return np.asarray(self.clearance_m >= 0)


@dataclass(frozen=True, slots=True)
class PairWindow:
    """Pairs of points, and the window of terrain that holds all their sight lines.

    Attributes
    ----------
    row, column, rows, columns : int
        The window on the frame.
    pairs : ndarray of int32, shape (n, 2)
        Observer and target of each.
    """

    row: int
    column: int
    rows: int
    columns: int
    pairs: Pairs

    @property
    def cells(self) -> int:
        """Return the size of the window [cells]."""
        return self.rows * self.columns


def sight_from(
    observers: Floats,
    targets: Floats,
    terrain: Terrain,
    range_m: float,
    refraction: float,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> SightLines:
    """Return the clearance of every sight line within a range, exact to the terrain (R3).

    Parameters
    ----------
    observers, targets : ndarray, shape (n, 3) and (m, 3)
        East, north and height above the datum [m].
    terrain : Terrain
        Heights; where none are kept nothing blocks.
    range_m : float
        Largest distance on the map [m].
    refraction : float
        Share of the earth's curvature that light bends away [1].
    executor : concurrent.futures.Executor, optional
        Threads to spread the windows over.
    progress : callable, optional
        Called with (pairs done, pairs in all).

    Raises
    ------
    ValueError
        If the points or the range are not finite, or a single line needs too large a window.
    """
    groups = group_pairs(observers, targets, terrain, range_m)

    def look(group: PairWindow) -> SightLines:
        field = heights_of(terrain, group)
        return look_along(field, group, observers, targets, terrain, refraction)

    lines = list(spread_windows(look, groups, executor, progress))
    if not lines:
        ends, lengths = np.empty(0, np.int32), np.empty(0, np.float32)
        return SightLines(ends, ends, lengths, lengths)
    return SightLines(
        np.concatenate([part.observer for part in lines]),
        np.concatenate([part.target for part in lines]),
        np.concatenate([part.clearance_m for part in lines]),
        np.concatenate([part.distance_m for part in lines]),
    )


def group_pairs(
    observers: Floats, targets: Floats, terrain: Terrain, range_m: float
) -> list[PairWindow]:
    """Return all pairs within a range [m], cut into windows of bounded size.

    Each window is the smallest that holds the ends of its pairs, so that the memory does not grow
    with the frame. Parameters as for `sight_from`.
    """
    for points in (observers, targets):
        if points.ndim != 2 or points.shape[1] != 3 or not np.isfinite(points).all():
            raise ValueError("points are finite, of shape (n, 3): east, north, height")
    if not 0 <= range_m < np.inf:
        raise ValueError(f"range_m is finite and at least 0, not {range_m}")
    ends = _on_lattice(observers, terrain), _on_lattice(targets, terrain)
    return [
        part
        for pairs in _near_pairs(*ends, range_m, terrain.grid.cell_m)
        for part in _divide(pairs, *ends)
    ]


def spread_windows(
    work: Callable[[PairWindow], Answer],
    groups: list[PairWindow],
    executor: Executor | None,
    progress: Progress | None,
) -> Iterator[Answer]:
    """Yield the answers for all windows in their order, on the executor's threads if any."""
    total, done = sum(len(group.pairs) for group in groups), 0
    answers = map(work, groups) if executor is None else executor.map(work, groups)
    for group, answer in zip(groups, answers, strict=True):
        yield answer
        done += len(group.pairs)
        if progress is not None:
            progress(done, total)


def heights_of(terrain: Terrain, group: PairWindow) -> HeightField:
    """Return the prepared heights of a window."""
    return prepare_heights(window(terrain, group.row, group.column, group.rows, group.columns))


def look_along(
    field: HeightField,
    group: PairWindow,
    observers: Floats,
    targets: Floats,
    terrain: Terrain,
    refraction: float,
    *,
    only_sign: bool = False,
) -> SightLines:
    """Return the sight lines of one window; parameters as for `sight_from` and its parts."""
    corner = np.array([group.row, group.column, 0.0])
    seers, observer = np.unique(group.pairs[:, 0], return_inverse=True)
    seen, target = np.unique(group.pairs[:, 1], return_inverse=True)
    clearance_m = sight_clearance(
        field,
        _on_lattice(observers[seers], terrain) - corner,
        _on_lattice(targets[seen], terrain) - corner,
        np.stack([observer, target], axis=1).astype(np.int32),
        terrain.grid.cell_m,
        terrain.grid.cell_m,
        refraction,
        only_sign=only_sign,
    )
    apart = targets[group.pairs[:, 1]] - observers[group.pairs[:, 0]]
    distance_m = np.sqrt(np.einsum("ij,ij->i", apart, apart)).astype(np.float32)
    return SightLines(group.pairs[:, 0], group.pairs[:, 1], clearance_m, distance_m)


def _on_lattice(points: Floats, terrain: Terrain) -> Floats:
    """Return row, column (whole at cell centres) and height of points, shape (n, 3)."""
    grid = terrain.grid
    return np.column_stack(
        [
            (grid.north_m - points[:, 1]) / grid.cell_m - 0.5,
            (points[:, 0] - grid.west_m) / grid.cell_m - 0.5,
            points[:, 2],
        ]
    )


def _near_pairs(
    observers: Floats, targets: Floats, range_m: float, cell_m: float
) -> Iterator[Pairs]:
    """Yield the pairs within range, by squares of observers two ranges wide."""
    reach = range_m / cell_m
    side = max(2.0 * reach, 1.0)
    square = np.floor(observers[:, :2] / side).astype(np.int64)
    _, member = np.unique(square, axis=0, return_inverse=True)
    order = np.argsort(member, kind="stable")
    for seers in np.split(order, np.flatnonzero(np.diff(member[order])) + 1):
        if not seers.size:
            continue
        low, high = observers[seers, :2].min(axis=0), observers[seers, :2].max(axis=0)
        around = (targets[:, :2] >= low - reach - 1) & (targets[:, :2] <= high + reach + 1)
        seen = np.flatnonzero(around.all(axis=1))
        pairs = pairs_within(observers[seers], targets[seen], range_m, cell_m, cell_m)
        if len(pairs):
            yield np.column_stack([seers[pairs[:, 0]], seen[pairs[:, 1]]]).astype(np.int32)


def _divide(pairs: Pairs, observers: Floats, targets: Floats) -> Iterator[PairWindow]:
    """Yield pairs in windows small enough, divided by the longer way of their middles."""
    ends = observers[pairs[:, 0], :2], targets[pairs[:, 1], :2]
    low = np.floor(np.minimum(*(end.min(axis=0) for end in ends))).astype(np.int64) - 1
    high = np.ceil(np.maximum(*(end.max(axis=0) for end in ends))).astype(np.int64) + 1
    rows, columns = (int(size) for size in high - low + 1)
    found = PairWindow(int(low[0]), int(low[1]), rows, columns, pairs)
    middle = ends[0] + ends[1]
    axis = int(np.ptp(middle, axis=0).argmax())
    if found.cells <= WINDOW_CELLS or np.ptp(middle[:, axis]) == 0:
        if found.cells > LARGEST_WINDOW_CELLS:
            raise ValueError(
                f"a sight line needs a window of {rows} x {columns} cells: "
                "shorten the range or take larger terrain cells"
            )
        yield found
        return
    first = middle[:, axis] <= np.median(middle[:, axis])
    if first.all():
        first = middle[:, axis] < middle[:, axis].max()
    yield from _divide(pairs[first], observers, targets)
    yield from _divide(pairs[~first], observers, targets)
