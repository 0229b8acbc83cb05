"""The relief as a picture: heights brought to the picture's resolution, tinted and shaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from sarhad.grid import Grid
from sarhad.terrain import Terrain, shade, window

TINTS: Final = LinearSegmentedColormap.from_list(
    "muted_hypsometric",
    ["#d3dfcd", "#e6e7cf", "#efe3c4", "#e2cfae", "#d0bba4", "#dcd3cd", "#f6f5f4"],
)
"""From low green-grey by sand to white: the order of lightness holds for every eye."""

VOID_COLOUR: Final = "#b9c2d0"
BLANK_COLOUR: Final = "#f4f3ef"
EXAGGERATION: Final = 1.6
"""Factor on heights in the shading alone: averaging over a pixel flattens the slopes [1]."""

STRIP_ROWS: Final = 512
"""Fine rows in memory at one time while heights are averaged."""


@dataclass(frozen=True, slots=True)
class CoarseHeights:
    """Heights averaged to the picture's resolution.

    Attributes
    ----------
    height_m : (rows, columns) array
        Mean of the cells that have a height [m]; NaN where none has.
    cell_m : float
        Side of a coarse cell [m].
    extent_m : (west, east, south, north)
        Outer edges in the projection [m].
    """

    height_m: NDArray[np.float32]
    cell_m: float
    extent_m: tuple[float, float, float, float]


def coarsen_heights(
    terrain: Terrain, extent_m: tuple[float, float, float, float], pixel_m: float
) -> CoarseHeights:
    """Return the heights of a part of the frame, averaged over blocks of cells.

    Memory is that of the picture and of one strip of cells, however fine the frame is.

    Parameters
    ----------
    terrain : Terrain
        The heights.
    extent_m : (west, east, south, north)
        The part that the picture shows [m]; cut to the frame.
    pixel_m : float
        Side of a picture's pixel on the ground [m].
    """
    grid = terrain.grid
    factor = max(1, round(pixel_m / grid.cell_m))
    row, column, rows, columns = _window_within(grid, extent_m, factor)
    height = np.full((rows, columns), np.nan, dtype=np.float32)
    step = max(1, STRIP_ROWS // factor)
    for first in range(0, rows, step):
        count = min(step, rows - first)
        strip = window(terrain, row + first * factor, column, count * factor, columns * factor)
        height[first : first + count] = _block_mean(strip, factor)
    west = grid.west_m + column * grid.cell_m
    north = grid.north_m - row * grid.cell_m
    cell = grid.cell_m * factor
    return CoarseHeights(height, cell, (west, west + columns * cell, north - rows * cell, north))


def _window_within(
    grid: Grid, extent_m: tuple[float, float, float, float], factor: int
) -> tuple[int, int, int, int]:
    west, east, south, north = extent_m
    first_column = max(0, int((west - grid.west_m) // grid.cell_m))
    last_column = min(grid.columns, int((east - grid.west_m) // grid.cell_m) + 1)
    first_row = max(0, int((grid.north_m - north) // grid.cell_m))
    last_row = min(grid.rows, int((grid.north_m - south) // grid.cell_m) + 1)
    rows = max(1, -(-(last_row - first_row) // factor))
    columns = max(1, -(-(last_column - first_column) // factor))
    return first_row, first_column, rows, columns


def _block_mean(fine: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    if factor == 1:
        return fine
    rows, columns = fine.shape[0] // factor, fine.shape[1] // factor
    blocks = fine.reshape(rows, factor, columns, factor)
    known = np.isfinite(blocks)
    count = known.sum(axis=(1, 3))
    total = np.where(known, blocks, np.float32(0)).sum(axis=(1, 3), dtype=np.float32)
    mean = total / np.maximum(count, 1)
    return np.where(count > 0, mean, np.nan).astype(np.float32)


def distance_from_line(
    coarse: CoarseHeights, east_m: NDArray[np.float64], north_m: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return how far each coarse cell is from the line [m], to about one cell.

    Parameters
    ----------
    coarse : CoarseHeights
        The cells.
    east_m, north_m : (n,) arrays
        Points along the line, no further apart than a cell [m].
    """
    west, _, _, north = coarse.extent_m
    rows, columns = coarse.height_m.shape
    column = np.floor((east_m - west) / coarse.cell_m).astype(int)
    row = np.floor((north - north_m) / coarse.cell_m).astype(int)
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    off_line = np.ones((rows, columns), dtype=bool)
    off_line[row[inside], column[inside]] = False
    if off_line.all():
        return np.full((rows, columns), np.inf, dtype=np.float32)
    distance: NDArray[np.float32] = distance_transform_edt(off_line).astype(np.float32)
    distance *= np.float32(coarse.cell_m)
    return distance


def paint_relief(
    coarse: CoarseHeights,
    distance_m: NDArray[np.float32],
    corridor_m: float,
    height_range_m: tuple[float, float],
) -> NDArray[np.uint8]:
    """Return the picture (rows, columns, 3): tint by height, shaded, blank off the corridor.

    Cells of the corridor that have no height keep a colour of their own.
    """
    low, high = height_range_m
    height = coarse.height_m
    known = np.isfinite(height)
    level = np.where(known, (height - low) / max(high - low, 1.0), 0.0)
    colour = TINTS(np.clip(level, 0.0, 1.0))[..., :3].astype(np.float32)
    light = shade(height, coarse.cell_m, exaggeration=EXAGGERATION)
    # Flat ground keeps its tint; the divisor is the light that it gets from 45 degrees.
    relative = np.where(np.isfinite(light), light, np.sqrt(0.5)) / np.float32(np.sqrt(0.5))
    colour *= (0.42 + 0.58 * np.clip(relative, 0.0, 1.25))[..., np.newaxis]
    within = distance_m <= corridor_m
    colour[~known & within] = to_rgb(VOID_COLOUR)
    colour[~known & ~within] = to_rgb(BLANK_COLOUR)
    # Fades out with the corridor: the corners of tiles beyond it would show as steps.
    paleness = np.clip((distance_m / corridor_m - 0.92) / 0.12, 0.0, 1.0)[..., np.newaxis]
    colour += (np.array(to_rgb(BLANK_COLOUR), np.float32) - colour) * paleness
    picture: NDArray[np.uint8] = np.clip(np.rint(colour * 255.0), 0, 255).astype(np.uint8)
    return picture


def shows_voids(coarse: CoarseHeights, distance_m: NDArray[np.float32], corridor_m: float) -> bool:
    """Return whether ground within the corridor has no height."""
    return bool((np.isnan(coarse.height_m) & (distance_m <= corridor_m)).any())
