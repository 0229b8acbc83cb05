"""Slope, aspect and shading of a window of heights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Heights = NDArray[np.float32]


def slope(z: NDArray[np.floating], cell_m: float) -> Heights:
    """Return the steepest slope in each cell.

    Parameters
    ----------
    z : ndarray, shape (rows, columns)
        Elevation [m], NaN where void.
    cell_m : float
        Side of a cell [m].

    Returns
    -------
    ndarray of float32, shape (rows, columns)
        Slope [degrees], 0 to 90; NaN where void, or where a neighbour and the one opposite to it
        are both missing. A single missing neighbour is continued in a straight line.

    References
    ----------
    Horn (1981), Hill shading and the reflectance map, doi:10.1109/PROC.1981.11918.
    """
    to_east, to_north = _gradient(z, cell_m)
    return np.degrees(np.arctan(np.hypot(to_east, to_north)))


def aspect(z: NDArray[np.floating], cell_m: float) -> Heights:
    """Return the direction in which the ground falls.

    Parameters
    ----------
    z : ndarray, shape (rows, columns)
        Elevation [m], NaN where void.
    cell_m : float
        Side of a cell [m].

    Returns
    -------
    ndarray of float32, shape (rows, columns)
        Downslope direction [degrees clockwise from the north of the grid], in [0, 360); NaN
        where flat or void.
    """
    to_east, to_north = _gradient(z, cell_m)
    # float32 rounds a bearing a hair below north up to 360 itself.
    bearing = np.degrees(np.arctan2(-to_east, -to_north)) % np.float32(360.0)
    bearing[bearing >= 360.0] = 0.0
    bearing[(to_east == 0) & (to_north == 0)] = np.nan
    return bearing


def shade(
    z: NDArray[np.floating],
    cell_m: float,
    sun_azimuth_deg: float = 315.0,
    sun_altitude_deg: float = 45.0,
    exaggeration: float = 1.0,
) -> Heights:
    """Return how brightly the sun lights each cell of a matt surface.

    Parameters
    ----------
    z : ndarray, shape (rows, columns)
        Elevation [m], NaN where void.
    cell_m : float
        Side of a cell [m].
    sun_azimuth_deg : float
        Where the light comes from [degrees clockwise from the north of the grid].
    sun_altitude_deg : float
        Height of the sun above the horizon [degrees].
    exaggeration : float
        Factor on the heights.

    Returns
    -------
    ndarray of float32, shape (rows, columns)
        Brightness, 0 (turned away) to 1 (facing the sun); NaN where the slope is unknown.

    References
    ----------
    Horn (1981), Hill shading and the reflectance map, doi:10.1109/PROC.1981.11918.
    """
    to_east, to_north = _gradient(z, cell_m / exaggeration)
    azimuth, altitude = np.radians(sun_azimuth_deg), np.radians(sun_altitude_deg)
    sun_east = np.float32(np.cos(altitude) * np.sin(azimuth))
    sun_north = np.float32(np.cos(altitude) * np.cos(azimuth))
    lit = np.float32(np.sin(altitude)) - sun_east * to_east - sun_north * to_north
    brightness: Heights = np.clip(lit / np.sqrt(1 + to_east**2 + to_north**2), 0, 1)
    return brightness


def _gradient(z: NDArray[np.floating], cell_m: float) -> tuple[Heights, Heights]:
    if cell_m <= 0:
        raise ValueError("the side of a cell must be above 0 m")
    around = _neighbours(z)
    weights_m = np.float32(8.0 * cell_m)
    east = around[0, 1] + 2 * around[1, 1] + around[2, 1]
    west = around[0, -1] + 2 * around[1, -1] + around[2, -1]
    north = around[0, -1] + 2 * around[0, 0] + around[0, 1]
    south = around[2, -1] + 2 * around[2, 0] + around[2, 1]
    to_east: Heights = ((east - west) / weights_m).astype(np.float32, copy=False)
    to_north: Heights = ((north - south) / weights_m).astype(np.float32, copy=False)
    return to_east, to_north


def _neighbours(z: NDArray[np.floating]) -> dict[tuple[int, int], Heights]:
    """Return how far each neighbour lies above the middle, by its row (0 = north) and column.

    Relative heights keep centimetres in float32 at 8,000 m. A missing neighbour continues the
    straight line through the middle; a missing corner, the plane through its two sides.
    """
    rows, columns = z.shape
    padded = np.pad(z.astype(np.float32, copy=False), 1, constant_values=np.nan)
    offsets = [(r, c) for r in (0, 1, 2) for c in (-1, 0, 1) if (r, c) != (1, 0)]
    rise = {
        (r, c): padded[r : r + rows, c + 1 : c + 1 + columns] - padded[1:-1, 1:-1]
        for r, c in offsets
    }
    around = {
        (r, c): np.where(np.isnan(rise[r, c]), -rise[2 - r, -c], rise[r, c]) for r, c in offsets
    }
    for r, c in ((0, -1), (0, 1), (2, -1), (2, 1)):
        plane = around[r, 0] + around[1, c]
        around[r, c] = np.where(np.isnan(around[r, c]), plane, around[r, c])
    return around
