"""Elevation kept in tiles near the line, on the scenario's one raster frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarhad.grid import Grid

STAND_IN_NOTICE = "stand-in relief: fetch real heights before planning"
TILE_CELLS = 256
# Tiles handed to an executor at a time: enough to keep workers busy, and 16 MB in flight.
BATCH_TILES = 64
# Between exact inverse projections this far apart, straight interpolation of longitude and
# latitude is off by less than 0.2 m at 45 degrees of latitude (s squared over 8 R).
NODE_SPACING_M = 3_000.0

Tile = tuple[int, int, int, int]
Progress = Callable[[int, int], None]


class ElevationReader(Protocol):
    """Whatever gives heights for a window of the frame."""

    @property
    def credit(self) -> str:
        """Whom to name wherever the heights show."""

    @property
    def stand_in(self) -> bool:
        """Whether the heights are a stand-in that nobody may plan with."""

    def read(self, row: int, column: int, rows: int, columns: int) -> NDArray[np.float32]:
        """Return heights, shape (rows, columns) [m], NaN where void."""


@dataclass(frozen=True, slots=True)
class Terrain:
    """Elevation of the corridor, in square tiles of the frame.

    Attributes
    ----------
    grid : Grid
        The raster frame.
    tile : int
        Cells per side of a tile.
    index : ndarray of int32, shape (tile rows, tile columns)
        Position of each tile in `tiles`, -1 where it is not kept.
    tiles : ndarray of float32, shape (kept, tile, tile)
        Elevation [m]; NaN where void and beyond the edge of the frame.
    stand_in : bool
        Show `STAND_IN_NOTICE` wherever these heights are drawn or used.
    credit : str
        Whom to name wherever these heights show.
    """

    grid: Grid
    tile: int
    index: NDArray[np.int32]
    tiles: NDArray[np.float32]
    stand_in: bool
    credit: str

    def __post_init__(self) -> None:
        expected = tile_shape(self.grid, self.tile)
        if self.index.shape != expected:
            raise ValueError(f"index must have the shape {expected}, got {self.index.shape}")
        if self.tiles.dtype != np.float32 or self.tiles.shape[1:] != (self.tile, self.tile):
            raise ValueError(f"tiles must be float32 of shape (kept, {self.tile}, {self.tile})")
        if not np.array_equal(np.sort(self.index[self.index >= 0]), np.arange(len(self.tiles))):
            raise ValueError("index must name every kept tile exactly once")

    @property
    def cells(self) -> int:
        """Return how many cells of the frame are kept."""
        return sum(rows * columns for _, (_, _, rows, columns) in kept_windows(self))


def tile_shape(grid: Grid, tile: int) -> tuple[int, int]:
    """Return how many tile rows and tile columns cover the frame."""
    return -(-grid.rows // tile), -(-grid.columns // tile)


def build_terrain(
    grid: Grid,
    kept: NDArray[np.bool_],
    reader: ElevationReader,
    progress: Progress | None = None,
    executor: Executor | None = None,
    tile: int = TILE_CELLS,
) -> Terrain:
    """Return the elevation of the kept tiles, read window by window.

    Parameters
    ----------
    grid : Grid
        The raster frame.
    kept : ndarray of bool, shape (tile rows, tile columns)
        Which tiles lie near the line.
    reader : ElevationReader
        Gives the heights of a window.
    progress : callable, optional
        Called with (tiles done, tiles in all).
    executor : concurrent.futures.Executor, optional
        Reads tiles side by side.
    tile : int
        Cells per side of a tile, as in `kept`.

    Raises
    ------
    ValueError
        If `kept` does not have one entry per tile of the frame.
    """
    if kept.shape != tile_shape(grid, tile):
        raise ValueError(
            f"kept must have the shape {tile_shape(grid, tile)}: one entry per {tile}-cell tile "
            f"of the frame, got {kept.shape}"
        )
    index = np.full(kept.shape, -1, np.int32)
    index[kept] = np.arange(np.count_nonzero(kept))
    tiles = np.full((np.count_nonzero(kept), tile, tile), np.nan, np.float32)
    windows = [_tile_window(grid, tile, row, column) for row, column in np.argwhere(kept)]
    for position, block in enumerate(_read_all(reader, windows, executor)):
        tiles[position, : block.shape[0], : block.shape[1]] = block
        if progress is not None:
            progress(position + 1, len(windows))
    return Terrain(grid, tile, index, tiles, reader.stand_in, reader.credit)


def _tile_window(grid: Grid, tile: int, tile_row: int, tile_column: int) -> Tile:
    row, column = int(tile_row) * tile, int(tile_column) * tile
    return row, column, min(tile, grid.rows - row), min(tile, grid.columns - column)


def _read_window(reader: ElevationReader, place: Tile) -> NDArray[np.float32]:
    return reader.read(*place)


def _read_all(
    reader: ElevationReader, windows: list[Tile], executor: Executor | None
) -> Iterator[NDArray[np.float32]]:
    spread: Callable[..., Iterable[NDArray[np.float32]]]
    spread = map if executor is None else executor.map
    for start in range(0, len(windows), BATCH_TILES):
        yield from spread(partial(_read_window, reader), windows[start : start + BATCH_TILES])


def kept_windows(terrain: Terrain) -> Iterator[tuple[NDArray[np.float32], Tile]]:
    """Yield the heights [m] of each kept tile and its (row, column, rows, columns)."""
    for tile_row, tile_column in np.argwhere(terrain.index >= 0):
        place = _tile_window(terrain.grid, terrain.tile, tile_row, tile_column)
        position = terrain.index[tile_row, tile_column]
        yield terrain.tiles[position, : place[2], : place[3]], place


def window(terrain: Terrain, row: int, column: int, rows: int, columns: int) -> NDArray[np.float32]:
    """Return the heights of a window of the frame, NaN outside what is kept.

    Parameters
    ----------
    terrain : Terrain
        Heights of the corridor.
    row, column : int
        First row and column of the window; it may reach beyond the frame.
    rows, columns : int
        Size of the window.

    Returns
    -------
    ndarray of float32, shape (rows, columns)
        Elevation [m].
    """
    out = np.full((rows, columns), np.nan, np.float32)
    tile = terrain.tile
    tile_rows, tile_columns = terrain.index.shape
    for tile_row in range(max(row // tile, 0), min(-(-(row + rows) // tile), tile_rows)):
        for tile_column in range(
            max(column // tile, 0), min(-(-(column + columns) // tile), tile_columns)
        ):
            position = terrain.index[tile_row, tile_column]
            if position >= 0:
                into_y, from_y = _overlap(row, rows, tile_row * tile, tile)
                into_x, from_x = _overlap(column, columns, tile_column * tile, tile)
                out[into_y, into_x] = terrain.tiles[position, from_y, from_x]
    return out


def _overlap(start: int, length: int, tile_start: int, tile: int) -> tuple[slice, slice]:
    first, last = max(start, tile_start), min(start + length, tile_start + tile)
    return slice(first - start, last - start), slice(first - tile_start, last - tile_start)


def elevation_at(terrain: Terrain, east_m: ArrayLike, north_m: ArrayLike) -> NDArray[np.float32]:
    """Return the height at points, bilinear between the four cell centres around each.

    Parameters
    ----------
    terrain : Terrain
        Heights of the corridor.
    east_m, north_m : array_like, shape (n,)
        Places on the frame [m].

    Returns
    -------
    ndarray of float32, shape (n,)
        Elevation [m]; NaN where one of the four heights is void or not kept.
    """
    x = (np.asarray(east_m, np.float64) - terrain.grid.west_m) / terrain.grid.cell_m - 0.5
    y = (terrain.grid.north_m - np.asarray(north_m, np.float64)) / terrain.grid.cell_m - 0.5
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    out = np.zeros(np.broadcast_shapes(x.shape, y.shape), np.float64)
    for down, weight_y in ((0, 1 - (y - row)), (1, y - row)):
        for right, weight_x in ((0, 1 - (x - column)), (1, x - column)):
            weight = weight_y * weight_x
            height = _heights_of(terrain, row + down, column + right)
            # A void that has no weight must not void the answer at a cell centre.
            out += np.where(weight == 0, 0.0, weight * height)
    return out.astype(np.float32)


def _heights_of(
    terrain: Terrain, row: NDArray[np.int64], column: NDArray[np.int64]
) -> NDArray[np.float32]:
    tile = terrain.tile
    inside = (row >= 0) & (row < terrain.grid.rows)
    inside &= (column >= 0) & (column < terrain.grid.columns)
    row, column = np.where(inside, row, 0), np.where(inside, column, 0)
    position = np.where(inside, terrain.index[row // tile, column // tile], -1)
    if not len(terrain.tiles):
        return np.full(position.shape, np.nan, np.float32)
    height = terrain.tiles[np.maximum(position, 0), row % tile, column % tile]
    return np.where(position >= 0, height, np.float32(np.nan))


def places_of_cells(
    grid: Grid, row: int, column: int, rows: int, columns: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitude and latitude of the cell centres of a window.

    Exact at nodes at most 3 km apart, straight between them. The nodes belong to the frame, not
    to the window, so that a cell has the same place whatever window it is asked in.

    Returns
    -------
    longitude, latitude : ndarray, shape (rows, columns)
        [degrees], within 0.2 m of the exact inverse projection below 45 degrees of latitude.
    """
    step = max(1, int(NODE_SPACING_M // grid.cell_m))
    node_y, top, fall = _nodes(row, rows, step)
    node_x, left, along = _nodes(column, columns, step)
    east, north = np.meshgrid(
        grid.west_m + (node_x + 0.5) * grid.cell_m, grid.north_m - (node_y + 0.5) * grid.cell_m
    )
    longitude, latitude = grid.unproject(east, north)
    # A frame across the antimeridian must not average +180 with -180.
    longitude = longitude[0, 0] + (longitude - longitude[0, 0] + 180.0) % 360.0 - 180.0
    return (
        _between(longitude, top, fall, left, along),
        _between(latitude, top, fall, left, along),
    )


def _nodes(
    start: int, count: int, step: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    cells = np.arange(start, start + count)
    nodes = np.arange(start // step, (start + count - 1) // step + 2) * step
    return nodes, cells // step - start // step, (cells % step) / step


def _between(
    nodes: NDArray[np.float64],
    top: NDArray[np.int64],
    fall: NDArray[np.float64],
    left: NDArray[np.int64],
    along: NDArray[np.float64],
) -> NDArray[np.float64]:
    rows = nodes[top] + fall[:, None] * (nodes[top + 1] - nodes[top])
    out: NDArray[np.float64] = rows[:, left] + along * (rows[:, left + 1] - rows[:, left])
    return out
