"""The intruder: how long from the line to a site, back to cover, and by drone."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sarhad.border import BorderCells, LinePlane, locate
from sarhad.mobility.fields import Surface, read_field, time_field
from sarhad.mobility.ground import Progress, off_cell_s, read_stations, spread
from sarhad.mobility.stations import Stations
from sarhad.scenario import Movement
from sarhad.units import METRES_PER_KILOMETRE, SECONDS_PER_HOUR

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Seconds = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class IntruderTimes:
    """How long an intruder needs.

    Attributes
    ----------
    banks : Stations
        Cell of the own side where an intruder stands after crossing each border cell.
    crossing_s : ndarray of float32, shape (cells,)
        Time to cross the line itself [s].
    site_s : csr_array, shape (cells, sites)
        From the far side of the line to each site on foot [s]; nothing stored where it takes
        longer than the limit. An explicit zero is possible.
    cover_s : ndarray of float32, shape (cells,)
        From the foot station of each cell back over the line to cover [s].
    site_cover_s : ndarray of float32, shape (sites,)
        From each site to cover [s].
    drone_s : csr_array, shape (cells, sites)
        From the line to each site by drone [s]; nothing stored out of range.
    """

    banks: Stations
    crossing_s: Seconds
    site_s: csr_array
    cover_s: Seconds
    site_cover_s: Seconds
    drone_s: csr_array


def crossing_times(
    movement: Movement,
    cells: BorderCells,
    month: int,
    plane: LinePlane | None = None,
    bridges: Floats | None = None,
) -> Seconds:
    """Return the time to cross the line in each border cell, shape (cells,) [s].

    Parameters
    ----------
    movement : Movement
        Which stretches are rivers, and how long they take by month.
    cells : BorderCells
        The border cells.
    month : int
        January is 1.
    plane : LinePlane, optional
        The line; needed with bridges.
    bridges : ndarray, shape (n, 2), optional
        East and north of crossings [m]: the river takes `bridge_min` in their cells.
    """
    middle_km = (cells.edges_m[:-1] + cells.edges_m[1:]) / 2 / METRES_PER_KILOMETRE
    river = np.zeros(len(cells), bool)
    for start, end in movement.river_km:
        river |= (middle_km >= start) & (middle_km < end)
    factor = movement.river_month_factor[month - 1] if movement.river_month_factor else 1.0
    river_s = 60 * movement.river_min * factor
    seconds = np.where(river, river_s, 0.0)
    if bridges is not None and len(bridges) and plane is not None:
        chainage_m, _ = locate(plane, bridges[:, 0], bridges[:, 1])
        cell = np.searchsorted(cells.edges_m, chainage_m, side="right") - 1
        cell = np.unique(cell.clip(0, len(cells) - 1))
        seconds[cell] = np.minimum(seconds[cell], 60 * movement.bridge_min)
    return seconds.astype(np.float32)


def site_times(
    surface: Surface,
    banks: Stations,
    crossing_s: Seconds,
    sites: Stations,
    limit_s: float,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> csr_array:
    """Return times from the line to sites on foot, sparse (cells, sites) [s].

    One field per site, walked backwards; read at the bank of every cell.
    """
    from scipy.sparse import csr_array

    added = crossing_s + off_cell_s(surface, banks.moved_m).astype(np.float32)

    def times_of(site: int) -> Seconds:
        if not sites.found[site]:
            return np.full(banks.row.size, np.inf, np.float32)
        at = slice(site, site + 1)
        start_s = off_cell_s(surface, sites.moved_m[at])
        field = time_field(
            surface, sites.row[at], sites.column[at], limit_s, starts_s=start_s, towards=True
        )
        return read_stations(field, banks) + added

    rows = spread(times_of, range(sites.row.size), executor, progress)
    times = np.array(rows, np.float32).reshape(sites.row.size, banks.row.size).T
    cell, site = np.nonzero(times <= limit_s)
    return csr_array((times[cell, site], (cell, site)), shape=times.shape)


def cover_times(
    surface: Surface,
    banks: Stations,
    crossing_s: Seconds,
    places: Stations,
    cover_m: float,
    limit_s: float,
    executor: Executor | None = None,
) -> Seconds:
    """Return times from places back over the line and on to cover, shape (places,) [s].

    The least over all banks of the walk there, the crossing of the line there, and `cover_m` [m]
    beyond it over flat ground.
    """
    beyond_s = cover_m * min(surface.flat_s_m, 1e6)
    starts_s = crossing_s + off_cell_s(surface, banks.moved_m) + beyond_s

    def time_of(place: int) -> float:
        if not places.found[place]:
            return np.inf
        reach = limit_s * surface.fastest_m_s / surface.grid.cell_m + 1
        near = banks.found & (np.abs(banks.row - places.row[place]) <= reach)
        near &= np.abs(banks.column - places.column[place]) <= reach
        at = slice(place, place + 1)
        if not near.any():
            return np.inf
        # From the one place rather than from all banks: a window around it alone.
        field = time_field(surface, places.row[at], places.column[at], limit_s)
        to_bank = read_field(field, banks.row[near], banks.column[near])
        moved_s = off_cell_s(surface, places.moved_m[at])[0]
        return float((to_bank + starts_s[near]).min() + moved_s)

    return np.array(spread(time_of, range(places.row.size), executor), np.float32)


def drone_times(line: Floats, sites: Floats, speed_km_h: float, range_km: float) -> csr_array:
    """Return straight flights from border cells to sites, sparse (cells, sites) [s].

    Parameters
    ----------
    line, sites : ndarray, shapes (cells, 2) and (sites, 2)
        East and north [m].
    speed_km_h, range_km : float
        Speed [km/h]; sites farther than the range [km] are not stored.
    """
    from scipy.sparse import csr_array

    speed_m_s = speed_km_h * METRES_PER_KILOMETRE / SECONDS_PER_HOUR
    apart_m = np.hypot(*(line[:, None] - sites[None]).transpose(2, 0, 1))
    cell, site = np.nonzero(apart_m <= range_km * METRES_PER_KILOMETRE)
    seconds = (apart_m[cell, site] / speed_m_s).astype(np.float32)
    return csr_array((seconds, (cell, site)), shape=(len(line), len(sites)))
