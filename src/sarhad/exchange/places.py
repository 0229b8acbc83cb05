"""Where the stations, tracks and posts of a plan lie, for whoever writes its routes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sarhad.border import LinePlane
from sarhad.grid import Grid
from sarhad.mobility import TravelTimes
from sarhad.scenario import Scenario
from sarhad.terrain import Terrain, elevation_at

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Places in the plane of a grid, each row east, north and height above the sea [m].

    Attributes
    ----------
    grid : Grid
        Turns the plane into degrees and back.
    plane : LinePlane
        The line; no route crosses it.
    posts : mapping of post to ndarray, shape (3,)
        The height is NaN where it is not known.
    ground : mapping of kind to ndarray, shape (cells, 3)
        Station of each border cell for foot, horse and vehicle; NaN where there is none.
    air : mapping of unit to ndarray, shape (cells, 3)
        Track of each class of helicopters, at the height that it flies at.
    """

    grid: Grid
    plane: LinePlane
    posts: Mapping[str, Floats]
    ground: Mapping[str, Floats]
    air: Mapping[str, Floats]

    def __post_init__(self) -> None:
        tables = (*self.ground.values(), *self.air.values())
        if any(table.ndim != 2 or table.shape[1] != 3 for table in tables):
            raise ValueError("places are rows of east, north and height")


def find_places(
    scenario: Scenario, times: TravelTimes, plane: LinePlane, terrain: Terrain
) -> Places:
    """Return where stations, tracks and posts lie.

    Parameters
    ----------
    scenario, times, plane, terrain
        The scenario, its travel times, its line and its heights.
    """
    grid = terrain.grid
    posts = np.array([grid.project(post.lon, post.lat) for post in scenario.posts], np.float64)
    on_posts = _with_heights(terrain, posts.reshape(-1, 2))
    ground = {}
    for kind, of_kind in times.ground.items():
        stations = of_kind.stations
        at = np.column_stack([stations.east_m, stations.north_m])
        ground[kind] = np.where(stations.found[:, None], _with_heights(terrain, at), np.nan)
    air = {
        unit: np.column_stack([of.track.east_m, of.track.north_m, of.track.height_m])
        for unit, of in times.air.items()
    }
    of_post = {post.id: row for post, row in zip(scenario.posts, on_posts, strict=True)}
    return Places(grid, plane, of_post, ground, air)


def _with_heights(terrain: Terrain, at: Floats) -> Floats:
    heights = np.full(len(at), np.nan)
    there = np.isfinite(at).all(axis=1)
    heights[there] = elevation_at(terrain, at[there, 0], at[there, 1])
    return np.column_stack([at, heights])
