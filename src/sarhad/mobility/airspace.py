"""Where aircraft may be: the highest ground, the line, what is closed; and the ways through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from sarhad.border import LinePlane, locate
from sarhad.grid import Grid
from sarhad.mobility.land import origins
from sarhad.terrain import Terrain

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

AIR_CELL_M: Final = 2000.0
"""Cell in which the highest ground is kept for legs [m]."""

MOST_CELLS: Final = 400_000
"""Cells of an airspace at most; they grow with its extent."""

MARGIN_M: Final = 20_000.0
"""The airspace reaches this far beyond the places that it serves [m]."""

JOINS: Final = 6
"""Nearest open cells to which a place is joined."""

JOIN_CELLS: Final = 4
"""Longest of those legs, in cells of the airspace."""

SAMPLE_M: Final = 250.0
"""Spacing of the places at which the stand-off of a short leg is looked at [m]."""

STEPS: Final = ((0, 1), (1, 0), (1, 1), (1, -1), (1, 2), (1, -2), (2, 1), (2, -1))
"""Half of the 16 directions of a way: at most 2.7 % longer than the straight line."""


@dataclass(frozen=True, slots=True, eq=False)
class Airspace:
    """What an aircraft of any class meets.

    Attributes
    ----------
    grid : Grid
        Coarse frame, aligned with that of the terrain.
    ground_m : ndarray of float32, shape (rows, columns)
        Highest ground in each cell [m]; NaN where it is unknown and not flown.
    line_m : ndarray of float32, shape (rows, columns)
        Distance of each cell's middle from the line, above zero on the own side [m].
    closed : ndarray of bool, shape (rows, columns)
        Cells closed by rule.
    plane : LinePlane
        The line.
    """

    grid: Grid
    ground_m: NDArray[np.float32]
    line_m: NDArray[np.float32]
    closed: Bools
    plane: LinePlane


@dataclass(frozen=True, slots=True, eq=False)
class Routes:
    """Shortest flyable ways from starts to goals.

    Attributes
    ----------
    length_m : ndarray, shape (starts, goals)
        Length [m]; infinite where there is no way.
    ground_m : ndarray, shape (starts, goals)
        Highest ground along it [m].
    """

    length_m: Floats
    ground_m: Floats


def build_airspace(
    terrain: Terrain,
    plane: LinePlane,
    east_m: Floats,
    north_m: Floats,
    *,
    assumed_ground_m: float | None = None,
    circles: Sequence[tuple[float, float, float]] = (),
    stretches_m: Sequence[tuple[float, float]] = (),
    corridor_m: float = 0.0,
    cell_m: float = AIR_CELL_M,
) -> Airspace:
    """Return the airspace around a corridor and places.

    Parameters
    ----------
    terrain : Terrain
        Heights of the corridor.
    plane : LinePlane
        The line on the terrain's grid.
    east_m, north_m : ndarray, shape (n,)
        Places that it must hold [m].
    assumed_ground_m : float, optional
        Height of ground that the terrain does not know [m]; none: not flown there.
    circles : sequence of (float, float, float)
        Closed circles: longitude, latitude [degrees], radius [km].
    stretches_m : sequence of (float, float)
        Closed corridors: the first and last chainage of each stretch of the line [m].
    corridor_m : float
        How far from the line a closed stretch reaches [m].
    cell_m : float
        Cell [m], rounded to cells of the terrain.
    """
    grid = _frame(terrain.grid, east_m, north_m, cell_m)
    ground = _highest(terrain, grid, assumed_ground_m)
    x, y = np.meshgrid(*grid.centres)
    chainage_m, line_m = locate(plane, x, y)
    closed = np.zeros(grid.shape, bool)
    half_m = grid.cell_m / np.sqrt(2)
    for longitude, latitude, radius_km in circles:
        east, north = grid.project(longitude, latitude)
        closed |= np.hypot(x - east, y - north) <= radius_km * 1000 + half_m
    for first, last in stretches_m:
        near = np.abs(line_m) <= corridor_m + half_m
        closed |= near & (chainage_m >= first) & (chainage_m <= last)
    return Airspace(grid, ground, line_m.astype(np.float32), closed, plane)


def _frame(fine: Grid, east_m: Floats, north_m: Floats, cell_m: float) -> Grid:
    west, east, south, north = fine.extent
    west = min(west, float(np.min(east_m, initial=west)))
    east = max(east, float(np.max(east_m, initial=east)))
    south = min(south, float(np.min(north_m, initial=south)))
    north = max(north, float(np.max(north_m, initial=north)))
    area = (east - west + 2 * MARGIN_M) * (north - south + 2 * MARGIN_M)
    side = max(1, round(max(cell_m, (area / MOST_CELLS) ** 0.5) / fine.cell_m)) * fine.cell_m
    left = int(np.ceil((fine.west_m - west + MARGIN_M) / side))
    up = int(np.ceil((north + MARGIN_M - fine.north_m) / side))
    corner_x, corner_y = fine.west_m - left * side, fine.north_m + up * side
    rows = int(np.ceil((corner_y - south + MARGIN_M) / side))
    columns = int(np.ceil((east + MARGIN_M - corner_x) / side))
    return Grid(fine.crs, corner_x, corner_y, side, rows, columns)


def _highest(terrain: Terrain, grid: Grid, assumed_m: float | None) -> NDArray[np.float32]:
    """Return the highest ground of each coarse cell; unknown parts count as assumed."""
    fine = terrain.grid
    ratio = round(grid.cell_m / fine.cell_m)
    left = round((fine.west_m - grid.west_m) / fine.cell_m)
    up = round((grid.north_m - fine.north_m) / fine.cell_m)
    highest = np.full(grid.shape, -np.inf, np.float32)
    known = np.zeros(grid.shape, np.int64)
    for tile, (row, column) in zip(terrain.tiles, origins(terrain), strict=True):
        # The last tiles reach beyond the frame.
        tile = tile[: fine.rows - row, : fine.columns - column]
        down = (int(row) + up + np.arange(tile.shape[0])) // ratio
        right = (int(column) + left + np.arange(tile.shape[1])) // ratio
        first_y, first_x = np.unique(down, return_index=True)[1], np.unique(right, True)[1]
        place = np.ix_(down[first_y], right[first_x])
        there = ~np.isnan(tile)
        filled = np.where(there, tile, -np.inf)
        most = np.maximum.reduceat(np.maximum.reduceat(filled, first_y, 0), first_x, 1)
        highest[place] = np.maximum(highest[place], most)
        known[place] += np.add.reduceat(np.add.reduceat(there, first_y, 0), first_x, 1)
    unknown = known < ratio**2
    if assumed_m is None:
        highest[unknown] = np.nan
    else:
        highest[unknown] = np.maximum(highest[unknown], np.float32(assumed_m))
    return highest


def ground_at(airspace: Airspace, east_m: Floats, north_m: Floats) -> Floats:
    """Return the highest ground of the coarse cells that hold places [m]; NaN outside."""
    row, column = airspace.grid.cell_of(east_m, north_m)
    rows, columns = airspace.grid.shape
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    ground = airspace.ground_m[np.where(inside, row, 0), np.where(inside, column, 0)]
    return np.where(inside, ground.astype(np.float64), np.nan)


def open_cells(airspace: Airspace, highest_m: float, stand_off_m: float) -> Bools:
    """Return the cells that may be flown through in any direction, shape (rows, columns).

    All of such a cell lies on the own side beyond the stand-off, is not closed and has no
    ground above `highest_m` [m].
    """
    away = airspace.line_m >= stand_off_m + airspace.grid.cell_m / np.sqrt(2)
    return np.asarray(away & ~airspace.closed & (airspace.ground_m <= highest_m))


def find_routes(
    airspace: Airspace,
    starts: Floats,
    goals: Floats,
    highest_m: float,
    stand_off_m: float,
    longest_m: float = np.inf,
) -> Routes:
    """Return the shortest ways that clear the ground and keep off the line.

    A straight leg where it runs through open cells alone; otherwise the shortest way over their
    middles in 16 directions. Places beside the line are joined to open cells by short legs, each
    looked at by itself.

    Parameters
    ----------
    airspace : Airspace
        Ground, line and what is closed.
    starts, goals : ndarray, shapes (s, 2) and (g, 2)
        East and north [m].
    highest_m : float
        Highest ground that may be flown over: ceiling less clearance [m].
    stand_off_m : float
        Least distance from the line [m].
    longest_m : float
        Ways longer than this are not looked for [m].
    """
    from scipy.sparse.csgraph import dijkstra

    open_ = open_cells(airspace, highest_m, stand_off_m)
    places = np.concatenate([starts, goals])
    graph, joined, ground = _graph(airspace, open_, places, highest_m, stand_off_m)
    goal = open_.size + len(starts) + np.arange(len(goals))
    shape = len(starts), len(goals)
    routes = Routes(np.full(shape, np.inf), np.full(shape, np.nan))
    # One start at a time: the memory of a search is that of the airspace.
    for s in range(len(starts)):
        length_m, before = dijkstra(
            graph,
            directed=False,
            indices=np.array(open_.size + s),
            return_predecessors=True,
            limit=longest_m,
        )
        highest = _highest_on_way(before, ground)
        routes.length_m[s], routes.ground_m[s] = length_m[goal], highest[goal]
        _straighten(airspace, open_, routes, s, places, int(joined[s]), before[goal], longest_m)
    _join_directly(airspace, routes, starts, goals, highest_m, stand_off_m)
    return routes


def trace_route(
    airspace: Airspace, start: Floats, goal: Floats, highest_m: float, stand_off_m: float
) -> Floats:
    """Return the corners of a flyable way between two places, shape (n, 2), east and north [m].

    The way of `find_routes`, its corners cut wherever open cells alone lie under the shortcut; so
    it may be shorter by a few per cent than the length given there.

    Parameters
    ----------
    airspace, highest_m, stand_off_m
        As in `find_routes`.
    start, goal : ndarray, shape (2,)
        East and north [m].

    Raises
    ------
    ValueError
        If no way leads there.
    """
    from scipy.sparse.csgraph import dijkstra

    places = np.stack([start, goal]).astype(np.float64)
    near = np.hypot(*(places[1] - places[0])) <= JOIN_CELLS * airspace.grid.cell_m
    if near and _flyable(airspace, places[:1], places[1:], highest_m, stand_off_m)[1][0]:
        return places
    open_ = open_cells(airspace, highest_m, stand_off_m)
    graph, _, _ = _graph(airspace, open_, places, highest_m, stand_off_m)
    length_m, before = dijkstra(
        graph, directed=False, indices=np.array(open_.size), return_predecessors=True
    )
    if not np.isfinite(length_m[open_.size + 1]):
        raise ValueError("no flyable way leads there")
    nodes = [int(before[open_.size + 1])]
    while before[nodes[-1]] != open_.size:
        nodes.append(int(before[nodes[-1]]))
    middles = _middle(airspace.grid, np.array(nodes[::-1]))
    return np.concatenate([places[:1], _cut_corners(airspace.grid, open_, middles), places[1:]])


def _cut_corners(grid: Grid, open_: Bools, corners: Floats) -> Floats:
    """Return the corners that are left when each leg goes as far as open cells allow."""
    kept = [0]
    while kept[-1] < len(corners) - 1:
        ahead = corners[kept[-1] + 1 :]
        here = np.broadcast_to(corners[kept[-1]], ahead.shape)
        clear = open_[grid.cell_of(*_along(here, ahead, grid.cell_m / 4))].all(axis=1)
        # The next corner itself can always be reached.
        kept.append(kept[-1] + 1 + int(np.flatnonzero(clear)[-1:].max(initial=0)))
    return corners[kept]


def _join_directly(
    airspace: Airspace,
    routes: Routes,
    starts: Floats,
    goals: Floats,
    highest_m: float,
    stand_off_m: float,
) -> None:
    """Put straight legs between near places in place of ways through the middle of a cell."""
    apart_m = np.hypot(*(starts[:, None] - goals[None]).transpose(2, 0, 1))
    s, g = np.nonzero(apart_m <= JOIN_CELLS * airspace.grid.cell_m)
    ground, good = _flyable(airspace, starts[s], goals[g], highest_m, stand_off_m)
    good &= apart_m[s, g] < routes.length_m[s, g]
    routes.length_m[s[good], g[good]] = apart_m[s[good], g[good]]
    routes.ground_m[s[good], g[good]] = ground[good]


def _flyable(
    airspace: Airspace, starts: Floats, ends: Floats, highest_m: float, stand_off_m: float
) -> tuple[Floats, Bools]:
    """Return the highest ground of short legs [m], and which may be flown, each shape (n,)."""
    ground = leg_ground(airspace, starts, ends)
    good = ground <= highest_m
    good &= ~crosses_line(airspace.plane, starts, ends)
    good &= ~_through_closed(airspace, starts, ends)
    good[good] = keeps_off(airspace.plane, starts[good], ends[good], stand_off_m)
    return ground, good


def _graph(
    airspace: Airspace, open_: Bools, places: Floats, highest_m: float, stand_off_m: float
) -> tuple[csr_array, NDArray[np.int64], Floats]:
    """Return ways between open cells and places, each place's first join, ground per node."""
    from scipy.sparse import coo_array

    heads, tails, lengths = _edges(open_, airspace.grid.cell_m)
    own, node, leg_m, leg_ground = _joins(airspace, open_, places, highest_m, stand_off_m)
    place_ground = ground_at(airspace, places[:, 0], places[:, 1])
    np.maximum.at(place_ground, own, leg_ground)
    count = open_.size + len(places)
    head = np.concatenate([heads, node])
    tail = np.concatenate([tails, open_.size + own])
    # The graph takes a zero for "not linked".
    length_m = np.maximum(np.concatenate([lengths, leg_m]), 1e-3)
    graph = coo_array((length_m, (head, tail)), shape=(count, count)).tocsr()
    joined = np.full(len(places), -1, np.int64)
    joined[own[::-1]] = node[::-1]
    return graph, joined, np.concatenate([airspace.ground_m.ravel(), place_ground])


def _edges(open_: Bools, cell_m: float) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    rows, columns = open_.shape
    number = np.arange(open_.size).reshape(open_.shape)
    heads, tails, lengths = [], [], []
    for down, right in STEPS:
        y, x = slice(0, rows - down), slice(max(0, -right), columns - max(0, right))
        y2, x2 = slice(down, rows), slice(max(0, right), columns + min(0, right))
        free = open_[y, x] & open_[y2, x2]
        if abs(down * right) == 2:
            # A knight's step passes through the two cells between.
            sign = 1 if right > 0 else -1
            between = ((0, sign), (1, sign)) if down == 1 else ((1, 0), (1, sign))
            for j, i in between:
                free &= open_[j : rows - down + j, x.start + i : x.stop + i]
        heads.append(number[y, x][free])
        tails.append(number[y2, x2][free])
        lengths.append(np.full(heads[-1].size, cell_m * np.hypot(down, right)))
    return np.concatenate(heads), np.concatenate(tails), np.concatenate(lengths)


def _joins(
    airspace: Airspace, open_: Bools, places: Floats, highest_m: float, stand_off_m: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, Floats]:
    """Return place, node, length and highest ground of the short legs that may be flown [m]."""
    from scipy.spatial import cKDTree

    grid = airspace.grid
    empty = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0)
    row, column = np.nonzero(open_)
    if not row.size or not len(places):
        return empty
    middles = np.column_stack(
        [grid.west_m + (column + 0.5) * grid.cell_m, grid.north_m - (row + 0.5) * grid.cell_m]
    )
    looked = min(JOINS, row.size)
    apart_m, near = cKDTree(middles).query(
        places, k=range(1, looked + 1), distance_upper_bound=JOIN_CELLS * grid.cell_m
    )
    own, k = np.nonzero(np.isfinite(apart_m))
    chosen = np.asarray(near)[own, k]
    ends = middles[chosen]
    ground, good = _flyable(airspace, places[own], ends, highest_m, stand_off_m)
    node = row[chosen] * grid.columns + column[chosen]
    return own[good], node[good], np.asarray(apart_m)[own, k][good], ground[good]


def _along(starts: Floats, ends: Floats, spacing_m: float) -> tuple[Floats, Floats]:
    """Return places along legs, shapes (n, samples): as many for each as the longest needs."""
    longest_m = float(np.hypot(*(ends - starts).T).max(initial=0.0))
    share = np.linspace(0, 1, max(2, int(np.ceil(longest_m / spacing_m)) + 1))
    x = starts[:, :1] + (ends - starts)[:, :1] * share
    y = starts[:, 1:] + (ends - starts)[:, 1:] * share
    return x, y


def leg_ground(airspace: Airspace, starts: Floats, ends: Floats) -> Floats:
    """Return the highest ground of the cells that short legs pass, shape (n,) [m]."""
    ground = ground_at(airspace, *_along(starts, ends, airspace.grid.cell_m / 4))
    return np.asarray(ground.max(axis=1, initial=-np.inf))


def _through_closed(airspace: Airspace, starts: Floats, ends: Floats) -> Bools:
    row, column = airspace.grid.cell_of(*_along(starts, ends, airspace.grid.cell_m / 4))
    rows, columns = airspace.grid.shape
    closed = airspace.closed[row.clip(0, rows - 1), column.clip(0, columns - 1)]
    return np.asarray(closed.any(axis=1))


def crosses_line(plane: LinePlane, starts: Floats, ends: Floats) -> Bools:
    """Return which straight legs touch the line, shape (n,)."""
    vertices = np.column_stack([plane.east_m, plane.north_m])
    steps = np.stack([vertices[:-1], vertices[1:]], axis=1)
    tree = shapely.STRtree(np.asarray(shapely.linestrings(steps)))
    legs = shapely.linestrings(np.stack([starts, ends], axis=1))
    crossing = np.zeros(len(starts), bool)
    crossing[tree.query(legs, predicate="intersects")[0]] = True
    return crossing


def keeps_off(plane: LinePlane, starts: Floats, ends: Floats, stand_off_m: float) -> Bools:
    """Return which short legs keep their distance [m] on the own side, shape (n,)."""
    if not len(starts):
        return np.zeros(0, bool)
    _, apart_m = locate(plane, *_along(starts, ends, SAMPLE_M))
    return np.asarray((apart_m >= stand_off_m * 0.999 - 1e-6).all(axis=1))


def _highest_on_way(before: NDArray[np.int32], ground: Floats) -> Floats:
    """Return the highest ground between the start of a search and each node [m].

    Looking back 1, 2, 4, 8 ... steps at once takes a dozen rounds where a walk takes hundreds.
    """
    node = np.arange(before.size)
    previous = np.where(before >= 0, before, node)
    highest = ground.copy()
    while True:
        highest = np.fmax(highest, highest[previous])
        farther = previous[previous]
        if np.array_equal(farther, previous):
            return highest
        previous = farther


def _straighten(
    airspace: Airspace,
    open_: Bools,
    routes: Routes,
    start: int,
    places: Floats,
    first: int,
    last: NDArray[np.int32],
    longest_m: float,
) -> None:
    """Put straight legs in place of ways around, where open cells alone lie under them."""
    cells, grid = open_.size, airspace.grid
    starts = len(places) - routes.length_m.shape[1]
    goal = np.flatnonzero((last >= 0) & (last < cells) & np.isfinite(routes.length_m[start]))
    if first < 0 or not goal.size:
        return
    node = last[goal]
    here = _middle(grid, np.array([first]))
    there = _middle(grid, node)
    here = np.broadcast_to(here, there.shape)
    share = routes.length_m[start, goal].max() / (grid.cell_m / 4)
    clear, ground = np.zeros(goal.size, bool), np.zeros(goal.size)
    # Few legs at a time: the longest sets the number of samples of all.
    for part in np.array_split(np.argsort(routes.length_m[start, goal]), max(1, int(share / 64))):
        x, y = _along(here[part], there[part], grid.cell_m / 4)
        row, column = grid.cell_of(x, y)
        clear[part] = open_[row, column].all(axis=1)
        ground[part] = airspace.ground_m[row, column].max(axis=1)
    ends_m = np.hypot(*(places[start] - here[0]))
    lasts_m = np.hypot(*(places[starts + goal] - there).T)
    length_m = ends_m + np.hypot(*(there - here).T) + lasts_m
    ends_ground = np.fmax(
        ground_at(airspace, *places[start][:, None])[0],
        ground_at(airspace, *places[starts + goal].T),
    )
    better = clear & (length_m < routes.length_m[start, goal]) & (length_m <= longest_m)
    routes.length_m[start, goal[better]] = length_m[better]
    routes.ground_m[start, goal[better]] = np.fmax(ground, ends_ground)[better]


def _middle(grid: Grid, node: NDArray[np.integer]) -> Floats:
    row, column = np.divmod(node.astype(np.int64), grid.columns)
    return np.column_stack(
        [grid.west_m + (column + 0.5) * grid.cell_m, grid.north_m - (row + 0.5) * grid.cell_m]
    )
