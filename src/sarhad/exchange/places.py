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
from sarhad.units import METRES_PER_KILOMETRE
from sarhad.visibility.sampling import Observers

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
    ground : mapping of (kind, party) to ndarray, shape (cells, 3)
        Station of each border cell for a party on foot, on horseback, by vehicle; NaN where there
        is none.
    air : mapping of unit to ndarray, shape (cells, 3)
        Track of each class of helicopters, at the height that it flies at.
    stand_off_m : mapping of party to float
        Distance that a party's units keep from the line [m].
    """

    grid: Grid
    plane: LinePlane
    posts: Mapping[str, Floats]
    ground: Mapping[tuple[str, str], Floats]
    air: Mapping[str, Floats]
    stand_off_m: Mapping[str, float]

    def __post_init__(self) -> None:
        tables = (*self.ground.values(), *self.air.values())
        if any(table.ndim != 2 or table.shape[1] != 3 for table in tables):
            raise ValueError("places are rows of east, north and height")


def find_places(
    scenario: Scenario,
    times: TravelTimes,
    observers: Observers,
    plane: LinePlane,
    terrain: Terrain,
) -> Places:
    """Return where stations, tracks and posts lie.

    A party without a stand-off stands on the passable ground that its travel times lead to; one
    with a stand-off where its sight was computed from, which keeps it.

    Parameters
    ----------
    scenario, times, observers, plane, terrain
        The scenario, its travel times, from where it looks, its line and its heights.
    """
    grid = terrain.grid
    posts = np.array([grid.project(post.lon, post.lat) for post in scenario.posts], np.float64)
    on_posts = _with_heights(terrain, posts.reshape(-1, 2))
    stand_off_m = {p.id: p.stand_off_km * METRES_PER_KILOMETRE for p in scenario.parties}
    looked_from = _nearest_looks(observers)
    ground: dict[tuple[str, str], Floats] = {}
    for kind, of_kind in times.ground.items():
        stations = of_kind.stations
        at = np.column_stack([stations.east_m, stations.north_m])
        passable = np.where(stations.found[:, None], _with_heights(terrain, at), np.nan)
        for party, away_m in stand_off_m.items():
            rows = observers.stations.get(("ground", party))
            apart = away_m > 0 and rows is not None
            kept = _taken(looked_from, rows) if apart and rows is not None else passable
            ground[kind, party] = kept
    air = {
        unit: np.column_stack([of.track.east_m, of.track.north_m, of.track.height_m])
        for unit, of in times.air.items()
    }
    of_post = {post.id: row for post, row in zip(scenario.posts, on_posts, strict=True)}
    return Places(grid, plane, of_post, ground, air, stand_off_m)


def _nearest_looks(observers: Observers) -> Floats:
    """Return the look of each observer nearest to the mean of its looks; every look keeps off."""
    places = np.full((len(observers), 3), np.nan)
    of = observers.look_observer
    off_m = np.hypot(
        observers.look_east_m - observers.east_m[of], observers.look_north_m - observers.north_m[of]
    )
    order = np.lexsort((off_m, of))
    seen, first = np.unique(of[order], return_index=True)
    nearest = order[first]
    looks = (observers.look_east_m, observers.look_north_m, observers.look_ground_m)
    places[seen] = np.column_stack([axis[nearest] for axis in looks])
    return places


def _taken(places: Floats, rows: NDArray[np.int32]) -> Floats:
    return np.where(rows[:, None] >= 0, places[rows], np.nan)


def _with_heights(terrain: Terrain, at: Floats) -> Floats:
    heights = np.full(len(at), np.nan)
    there = np.isfinite(at).all(axis=1)
    heights[there] = elevation_at(terrain, at[there, 0], at[there, 1])
    return np.column_stack([at, heights])
