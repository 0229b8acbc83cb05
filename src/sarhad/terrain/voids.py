"""Where heights are missing in the corridor, and how much of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse

from sarhad.terrain.tiles import Terrain, Tile, kept_windows, places_of_cells

Covers = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]]
Masked = tuple[NDArray[np.bool_], Tile]


@dataclass(frozen=True, slots=True)
class VoidPatch:
    """One connected patch of the corridor without heights.

    Attributes
    ----------
    longitude, latitude : float
        Its centre [degrees].
    cells : int
        How many cells.
    area_km2 : float
        Its area on the frame [square km].
    outside : bool
        True where no file covers it, False where a file has a void.
    """

    longitude: float
    latitude: float
    cells: int
    area_km2: float
    outside: bool


@dataclass(frozen=True, slots=True)
class VoidReport:
    """What the corridor lacks; nothing of it is ever filled silently.

    Attributes
    ----------
    cells : int
        Cells of the corridor: all cells of the kept tiles that lie on the frame.
    void_cells : int
        Cells where a file covers the ground but holds no height.
    outside_cells : int
        Cells that no file covers.
    patches : tuple of VoidPatch
        The largest patches, largest first.
    """

    cells: int
    void_cells: int
    outside_cells: int
    patches: tuple[VoidPatch, ...]

    @property
    def void_share(self) -> float:
        """Return the share of the corridor that is void in its file."""
        return self.void_cells / self.cells if self.cells else 0.0

    @property
    def outside_share(self) -> float:
        """Return the share of the corridor that no file covers."""
        return self.outside_cells / self.cells if self.cells else 0.0


@dataclass(slots=True)
class _Patches:
    """Patches found so far, tile by tile; `joins` says which are one across a tile edge."""

    count: int = 0
    size: list[NDArray[np.float64]] = field(default_factory=list)
    row_sum: list[NDArray[Any]] = field(default_factory=list)
    column_sum: list[NDArray[Any]] = field(default_factory=list)
    joins: list[NDArray[np.int64]] = field(default_factory=list)
    lower_edge: dict[tuple[int, int], NDArray[np.int64]] = field(default_factory=dict)
    right_edge: dict[tuple[int, int], NDArray[np.int64]] = field(default_factory=dict)


def find_voids(terrain: Terrain, covers: Covers | None = None, largest: int = 20) -> VoidReport:
    """Return the places and the share of the corridor without heights.

    Parameters
    ----------
    terrain : Terrain
        Heights of the corridor.
    covers : callable, optional
        Takes longitude and latitude [degrees] and says which places lie within a file. Without
        it every missing cell counts as a void.
    largest : int
        How many patches to name.
    """
    void = _collect(_missing(terrain, covers, outside=False))
    outside = _Patches() if covers is None else _collect(_missing(terrain, covers, outside=True))
    patches = _named(terrain, void, False, largest) + _named(terrain, outside, True, largest)
    patches.sort(key=lambda patch: -patch.cells)
    return VoidReport(
        cells=terrain.cells,
        void_cells=int(sum(size.sum() for size in void.size)),
        outside_cells=int(sum(size.sum() for size in outside.size)),
        patches=tuple(patches[:largest]),
    )


def _missing(terrain: Terrain, covers: Covers | None, outside: bool) -> Iterator[Masked]:
    for heights, place in kept_windows(terrain):
        missing = np.isnan(heights)
        if missing.any() and covers is not None:
            missing &= covers(*places_of_cells(terrain.grid, *place)) ^ outside
        if missing.any():
            yield missing, place


def _collect(masks: Iterator[Masked]) -> _Patches:
    found = _Patches()
    for mask, (row, column, rows, columns) in masks:
        labels, count = ndimage.label(mask)
        y, x = np.nonzero(mask)
        of_cell = labels[y, x] - 1
        found.size.append(np.bincount(of_cell, minlength=count).astype(np.float64))
        found.row_sum.append(np.bincount(of_cell, y + float(row), minlength=count))
        found.column_sum.append(np.bincount(of_cell, x + float(column), minlength=count))
        # -1 marks a cell with a height.
        numbers = np.where(mask, labels - 1 + found.count, -1)
        _join(found, found.lower_edge.get((row, column)), numbers[0])
        _join(found, found.right_edge.get((row, column)), numbers[:, 0])
        found.lower_edge[row + rows, column] = numbers[-1].copy()
        found.right_edge[row, column + columns] = numbers[:, -1].copy()
        found.count += count
    return found


def _join(found: _Patches, there: NDArray[np.int64] | None, here: NDArray[np.int64]) -> None:
    if there is not None:
        both = (there >= 0) & (here >= 0)
        found.joins.append(np.stack([there[both], here[both]]))


def _named(terrain: Terrain, found: _Patches, outside: bool, largest: int) -> list[VoidPatch]:
    if not found.count:
        return []
    joins = np.concatenate([np.zeros((2, 0), np.int64), *found.joins], axis=1)
    links = sparse.coo_array((np.ones(joins.shape[1]), joins), shape=(found.count, found.count))
    count, patch = sparse.csgraph.connected_components(links, directed=False)
    size, row_sum, column_sum = (
        np.bincount(patch, np.concatenate(parts), minlength=count)
        for parts in (found.size, found.row_sum, found.column_sum)
    )
    order = np.argsort(-size, kind="stable")[:largest]
    grid = terrain.grid
    longitude, latitude = grid.unproject(
        grid.west_m + (column_sum[order] / size[order] + 0.5) * grid.cell_m,
        grid.north_m - (row_sum[order] / size[order] + 0.5) * grid.cell_m,
    )
    return [
        VoidPatch(float(lon), float(lat), int(cells), float(cells * grid.cell_m**2 / 1e6), outside)
        for lon, lat, cells in zip(longitude, latitude, size[order], strict=True)
    ]
