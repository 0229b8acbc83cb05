"""Small made lands for the tests of movement: a raster, a straight line along its south."""

from __future__ import annotations

import numpy as np

from sarhad.border import LinePlane
from sarhad.grid import Grid
from sarhad.mobility import Pace, Surface, build_surface
from sarhad.mobility.land import Land, build_land
from sarhad.terrain import Terrain

CRS = "EPSG:32642"
WEST_M, NORTH_M = 400_000.0, 4_200_000.0


def make_terrain(heights, cell_m=100.0, tile=32):
    rows, columns = heights.shape
    grid = Grid(CRS, WEST_M, NORTH_M, cell_m, rows, columns)
    shape = -(-rows // tile), -(-columns // tile)
    padded = np.full((shape[0] * tile, shape[1] * tile), np.nan, np.float32)
    padded[:rows, :columns] = heights
    tiles = padded.reshape(shape[0], tile, shape[1], tile).swapaxes(1, 2).reshape(-1, tile, tile)
    index = np.arange(shape[0] * shape[1], dtype=np.int32).reshape(shape)
    return Terrain(grid, tile, index, np.ascontiguousarray(tiles), False, "")


def line_south_of(terrain, gap_m=1000.0):
    west, east, south, _ = terrain.grid.extent
    x = np.array([west - 50_000, east + 50_000])
    return LinePlane(x, np.full(2, south - gap_m), x - x[0], "left")


def make_land(heights, cell_m=100.0, tile=32, **lines) -> Land:
    terrain = make_terrain(np.asarray(heights, np.float32), cell_m, tile)
    return build_land(terrain, line_south_of(terrain), cell_m, **lines)


def make_surface(heights, cell_m=100.0, friction=None, pace=None) -> Surface:
    """Return a surface; friction, like the heights, has the shape of the raster."""
    land = make_land(heights, cell_m)
    tiles = np.ones(land.terrain.tiles.shape, np.float32)
    if friction is not None:
        tiles = make_terrain(np.asarray(friction, np.float32), cell_m).tiles.copy()
        tiles[np.isnan(tiles)] = np.inf
    return build_surface(land, tiles, pace or Pace("foot", 5.037))


def degrees_of(grid, row, column):
    """Return longitude and latitude of the middles of cells, shape (n, 2)."""
    east_m = grid.west_m + (np.asarray(column) + 0.5) * grid.cell_m
    north_m = grid.north_m - (np.asarray(row) + 0.5) * grid.cell_m
    return np.column_stack(grid.unproject(east_m, north_m))
