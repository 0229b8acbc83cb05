"""Ways between places on the own side that never cross the line, for drawing routes."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from sarhad.border import LinePlane, locate, places_beside

Floats = NDArray[np.float64]

STEP_M: Final = 100.0
"""Spacing of the places that lead around a bend of the line [m]."""

OFFSETS_M: Final = (200.0, 100.0, 50.0, 20.0, 5.0)
"""Distances from the line at which a way around a bend is tried, one after another [m]."""


@dataclass(frozen=True, slots=True, eq=False)
class Barrier:
    """The line as what no way may cross, ready to be asked often.

    Attributes
    ----------
    plane : LinePlane
        The line.
    cells : int
        Border cells that it is cut into.
    """

    plane: LinePlane
    cells: int
    line: shapely.LineString = field(init=False, repr=False)

    def __post_init__(self) -> None:
        line = shapely.LineString(np.column_stack([self.plane.east_m, self.plane.north_m]))
        shapely.prepare(line)
        object.__setattr__(self, "line", line)

    @property
    def cell_m(self) -> float:
        """Return the length of a border cell [m]."""
        return float(self.plane.chainage_m[-1]) / self.cells


def is_crossed(barrier: Barrier, way: Floats) -> bool:
    """Return whether a way, rows of east and north [m], touches or crosses the line."""
    if (way[0] == way[-1]).all() and len(way) == 2:
        return False
    return bool(shapely.intersects(barrier.line, shapely.LineString(way[:, :2])))


def comes_near(barrier: Barrier, way: Floats, keep_m: float) -> bool:
    """Return whether a way comes nearer to the line than both of its ends and a distance [m]."""
    ends = float(np.min(shapely.distance(barrier.line, shapely.points(way[[0, -1], :2]))))
    away = float(shapely.distance(barrier.line, shapely.LineString(way[:, :2])))
    return away < min(keep_m, ends) - 1e-6


def nearest_cell(barrier: Barrier, place: Floats) -> int:
    """Return the border cell nearest to a place."""
    chainage_m, _ = locate(barrier.plane, place[0], place[1])
    return int(min(float(chainage_m) // barrier.cell_m, barrier.cells - 1))


def find_way(
    barrier: Barrier,
    start: Floats,
    goal: Floats,
    chain: Floats,
    cells: tuple[int, int],
    keep_m: float = 0.0,
    straight_m: float = np.inf,
) -> Floats:
    """Return a way between two places on the own side: straight, or along the line's stations.

    It is a sketch for a map and a handheld, not the path that the travel time was found on.

    Parameters
    ----------
    barrier : Barrier
        The line.
    start, goal : ndarray, shape (3,)
        East, north and height [m].
    chain : ndarray, shape (cells, 3)
        Stations or track to follow where the straight way would cross the line.
    cells : (int, int)
        Border cells of the two places.
    keep_m : float
        Distance from the line that a straight way keeps where both ends do [m].
    straight_m : float
        Longest straight way [m]; farther places are joined along the stations.

    Returns
    -------
    ndarray, shape (k, 3)
        Both ends included.
    """
    straight = np.stack([start, goal])
    if np.hypot(*(goal - start)[:2]) <= straight_m and not is_crossed(barrier, straight):
        near = (
            keep_m > 0 and (start[:2] != goal[:2]).any() and comes_near(barrier, straight, keep_m)
        )
        if not near:
            return straight
    return follow(barrier, np.stack([start, *_between(chain, *cells), goal]))


def follow(barrier: Barrier, way: Floats) -> Floats:
    """Return a way through given places, led around the line where a step would cross it."""
    steps = [way[:1]]
    for before, after in pairwise(way):
        step = np.stack([before, after])
        steps.append(_around(barrier, step)[1:] if is_crossed(barrier, step) else step[1:])
    return np.concatenate(steps)


def _between(chain: Floats, first: int, last: int) -> Floats:
    run = chain[first : last + 1] if first <= last else chain[last : first + 1][::-1]
    return run[np.isfinite(run[:, 0])]


def _around(barrier: Barrier, step: Floats) -> Floats:
    """Return a step along the line's own bends, at the greatest distance that does not cross it."""
    (from_m, to_m), off_m = locate(barrier.plane, step[:, 0], step[:, 1])
    count = max(2, int(abs(to_m - from_m) / STEP_M) + 2)
    along_m = np.linspace(from_m, to_m, count)
    tried = step
    for distance_m in OFFSETS_M:
        if distance_m > 1.5 * float(np.abs(off_m).max()) + OFFSETS_M[-1]:
            continue
        east, north, _ = places_beside(barrier.plane, along_m, distance_m, 2 * distance_m)
        height = np.linspace(step[0, 2], step[1, 2], count)
        bend = np.column_stack([east, north, height])
        tried = np.concatenate([step[:1], bend, step[1:]])
        if not is_crossed(barrier, tried):
            return tried
    return tried
