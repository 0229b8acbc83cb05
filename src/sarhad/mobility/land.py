"""The ground that people move over: heights, side of the line, roads and rivers on one frame.

Everything lies in the tiles of the terrain, averaged to the cell that movement is computed on, so
that memory grows with the length of the line and not with the area of the frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.border import LinePlane, locate
from sarhad.grid import Grid
from sarhad.terrain import Terrain, slope, window

Bools = NDArray[np.bool_]
Parts = Sequence[NDArray[np.float64]]

BLOCKS: Final = (16, 4, 1)
"""Cells per side of the blocks in which the side of the line is asked for, coarse to fine."""


@dataclass(frozen=True, slots=True, eq=False)
class Land:
    """What movement needs to know of every cell near the line.

    Attributes
    ----------
    terrain : Terrain
        Heights on the frame of movement [m].
    slope_deg : ndarray of float32, shape (kept, tile, tile)
        Steepest slope [degrees]; 0 where it is unknown.
    own : ndarray of bool, shape (kept, tile, tile)
        Cells of the own side so far from the line that no step between two of them crosses it.
    road, river : ndarray of bool, shape (kept, tile, tile)
        Cells on a road or path; cells of a river that nobody crosses.
    """

    terrain: Terrain
    slope_deg: NDArray[np.float32]
    own: Bools
    road: Bools
    river: Bools

    def __post_init__(self) -> None:
        for name in ("slope_deg", "own", "road", "river"):
            if getattr(self, name).shape != self.terrain.tiles.shape:
                raise ValueError(f"{name} has one value per cell of the terrain's tiles")

    @property
    def grid(self) -> Grid:
        """Return the frame of movement."""
        return self.terrain.grid


def build_land(
    terrain: Terrain,
    plane: LinePlane,
    cell_m: float,
    roads: Parts | None = None,
    rivers: Parts | None = None,
    bridges: NDArray[np.float64] | None = None,
) -> Land:
    """Return the ground of movement.

    Parameters
    ----------
    terrain : Terrain
        Heights of the corridor.
    plane : LinePlane
        The line on the terrain's grid.
    cell_m : float
        Heights finer than this are averaged, by 2, 4, 8 ..., to at most this cell [m].
    roads, rivers : sequence of ndarray, each of shape (k, 2), optional
        Longitude and latitude [degrees] of each part; none given, none assumed.
    bridges : ndarray, shape (n, 2), optional
        Places where rivers can be crossed [degrees], besides where roads cross them.
    """
    coarse = coarsen(terrain, _factor(terrain, cell_m))
    road, river = burn(coarse, roads or ()), burn(coarse, rivers or ())
    # A road over a river is a bridge or a ford; what road data draw is passable.
    river &= ~road
    if bridges is not None and len(bridges):
        river &= ~_around(coarse, bridges)
    return Land(coarse, _slopes(coarse), own_side(coarse, plane), road, river)


def _factor(terrain: Terrain, cell_m: float) -> int:
    factor = 1
    while terrain.grid.cell_m * factor * 2 <= cell_m and terrain.tile % (factor * 2) == 0:
        factor *= 2
    return factor


def coarsen(terrain: Terrain, factor: int) -> Terrain:
    """Return the heights averaged over blocks of factor x factor cells.

    A block is void where more than half of it is.

    Raises
    ------
    ValueError
        If the factor does not divide the side of a tile.
    """
    if factor == 1:
        return terrain
    if factor < 1 or terrain.tile % factor:
        raise ValueError(f"the factor divides the {terrain.tile} cells of a tile, not {factor}")
    fine, tile = terrain.grid, terrain.tile // factor
    shape = -(-fine.rows // factor), -(-fine.columns // factor)
    grid = Grid(fine.crs, fine.west_m, fine.north_m, fine.cell_m * factor, *shape)
    tiles = np.empty((len(terrain.tiles), tile, tile), np.float32)
    for k, heights in enumerate(terrain.tiles):
        blocks = heights.reshape(tile, factor, tile, factor)
        known = ~np.isnan(blocks)
        count = known.sum(axis=(1, 3))
        total = np.where(known, blocks, 0).sum(axis=(1, 3), dtype=np.float64)
        tiles[k] = np.where(2 * count >= factor**2, total / np.maximum(count, 1), np.nan)
    return Terrain(grid, tile, terrain.index, tiles, terrain.stand_in, terrain.credit)


def origins(terrain: Terrain) -> NDArray[np.int64]:
    """Return first row and column of each kept tile, in the order of the tiles, shape (k, 2)."""
    places = np.argwhere(terrain.index >= 0)
    order = np.argsort(terrain.index[places[:, 0], places[:, 1]])
    return np.asarray(places[order] * terrain.tile, dtype=np.int64)


def own_side(terrain: Terrain, plane: LinePlane) -> Bools:
    """Return which cells lie on the own side, farther from the line than half a cell's diagonal.

    A step between two neighbouring centres stays within half a diagonal of one of them: so no
    step between two such cells crosses the line, however it winds.
    """
    cell_m, tile = terrain.grid.cell_m, terrain.tile
    margin_m = cell_m / np.sqrt(2)
    own = np.zeros(terrain.tiles.shape, bool)
    first = origins(terrain)
    # Blocks still to be asked: tile, row and column of their first cell in it.
    asked = np.stack([np.arange(len(first)), np.zeros(len(first), int), np.zeros(len(first), int)])
    size = tile
    for block in (b for b in BLOCKS if tile % b == 0):
        inner = np.arange(0, size, block)
        down, right = (part.ravel() for part in np.meshgrid(inner, inner, indexing="ij"))
        k = np.repeat(asked[0], down.size)
        row = (asked[1][:, None] + down).ravel()
        column = (asked[2][:, None] + right).ravel()
        centre_y, centre_x = first[k, 0] + row + block / 2, first[k, 1] + column + block / 2
        _, distance_m = locate(
            plane,
            terrain.grid.west_m + centre_x * cell_m,
            terrain.grid.north_m - centre_y * cell_m,
        )
        # From a block's middle to its farthest cell centre the distance changes no more than so.
        span_m = (block - 1) / np.sqrt(2) * cell_m
        inside = distance_m > margin_m + span_m
        offset = np.arange(block)
        own[
            k[inside, None, None],
            row[inside, None, None] + offset[:, None],
            column[inside, None, None] + offset,
        ] = True
        unsure = ~inside & (distance_m > margin_m - span_m) & (block > 1)
        asked, size = np.stack([k[unsure], row[unsure], column[unsure]]), block
    return own


def _slopes(terrain: Terrain) -> NDArray[np.float32]:
    steep = np.empty(terrain.tiles.shape, np.float32)
    side = terrain.tile + 2
    for k, (row, column) in enumerate(origins(terrain)):
        around = window(terrain, int(row) - 1, int(column) - 1, side, side)
        steep[k] = np.nan_to_num(slope(around, terrain.grid.cell_m)[1:-1, 1:-1], nan=0.0)
    return steep


def burn(terrain: Terrain, parts: Parts) -> Bools:
    """Return the cells that lines touch; no diagonal step slips through a burnt line.

    Parameters
    ----------
    terrain : Terrain
        The frame.
    parts : sequence of ndarray, each of shape (k, 2)
        Longitude and latitude [degrees].
    """
    burnt = np.zeros(terrain.tiles.shape, bool)
    for part in parts:
        x, y = _in_cells(terrain.grid, np.asarray(part, np.float64))
        _mark(terrain, burnt, *_cells_along(x, y, terrain.grid.shape))
    return burnt


def _in_cells(
    grid: Grid, degrees: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if degrees.ndim != 2 or degrees.shape[1] != 2 or not np.isfinite(degrees).all():
        raise ValueError("a part has rows of finite longitude, latitude [degrees]")
    east_m, north_m = grid.project(degrees[:, 0], degrees[:, 1])
    return (east_m - grid.west_m) / grid.cell_m, (grid.north_m - north_m) / grid.cell_m


def _cells_along(
    x: NDArray[np.float64], y: NDArray[np.float64], shape: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return row and column of the cells that a polyline in cell coordinates touches.

    Segments wholly beside the frame of that shape are left out: a road file may hold a country.
    """
    near = np.isfinite(x[:-1]) & np.isfinite(y[:-1]) & np.isfinite(x[1:]) & np.isfinite(y[1:])
    near &= (np.maximum(x[:-1], x[1:]) >= 0) & (np.minimum(x[:-1], x[1:]) <= shape[1])
    near &= (np.maximum(y[:-1], y[1:]) >= 0) & (np.minimum(y[:-1], y[1:]) <= shape[0])
    rows, columns = [], []
    for i in np.flatnonzero(near):
        # Between two neighbouring crossings of grid lines a segment stays in one cell.
        cuts = [np.array([0.0, 1.0])]
        for start, end in ((x[i], x[i + 1]), (y[i], y[i + 1])):
            low, high = sorted((start, end))
            grid_lines = np.arange(np.ceil(low), np.floor(high) + 1)
            if high > low:
                cuts.append(np.clip((grid_lines - start) / (end - start), 0, 1))
        at = np.unique(np.concatenate(cuts))
        middle = (at[:-1] + at[1:]) / 2
        rows.append(np.floor(y[i] + middle * (y[i + 1] - y[i])))
        columns.append(np.floor(x[i] + middle * (x[i + 1] - x[i])))
    empty = [np.zeros(0)]
    return (
        np.concatenate(rows or empty).astype(np.int64),
        np.concatenate(columns or empty).astype(np.int64),
    )


def _mark(
    terrain: Terrain, burnt: Bools, row: NDArray[np.int64], column: NDArray[np.int64]
) -> None:
    inside = (row >= 0) & (row < terrain.grid.rows)
    inside &= (column >= 0) & (column < terrain.grid.columns)
    row, column = row[inside], column[inside]
    position = terrain.index[row // terrain.tile, column // terrain.tile]
    kept = position >= 0
    burnt[position[kept], row[kept] % terrain.tile, column[kept] % terrain.tile] = True


def _around(terrain: Terrain, places: NDArray[np.float64]) -> Bools:
    """Return the cells within one step of places [degrees]."""
    x, y = _in_cells(terrain.grid, places)
    row, column = np.floor(y).astype(np.int64), np.floor(x).astype(np.int64)
    marked = np.zeros(terrain.tiles.shape, bool)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            _mark(terrain, marked, row + down, column + right)
    return marked
