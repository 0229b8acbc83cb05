"""All travel times of a scenario: ground units, helicopters, intruders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sarhad.border import BorderCells, LinePlane
from sarhad.mobility.air import AirTimes, air_times, check_aircraft
from sarhad.mobility.airspace import Airspace, build_airspace
from sarhad.mobility.fields import Surface, build_surface
from sarhad.mobility.ground import GroundTimes, Progress, along_times, post_times
from sarhad.mobility.intruder import (
    IntruderTimes,
    cover_times,
    crossing_times,
    drone_times,
    site_times,
)
from sarhad.mobility.land import Land, Parts, build_land
from sarhad.mobility.pace import KINDS, Kind, friction, pace_of, reference_km_h
from sarhad.mobility.stations import nearest_passable, place_stations, project_rows
from sarhad.scenario import Scenario, Unit
from sarhad.terrain import Terrain
from sarhad.units import METRES_PER_KILOMETRE, SECONDS_PER_HOUR

Floats = NDArray[np.float64]

ALONG_HOURS = 2.0
"""Stations of neighbouring cells farther apart than this are not neighbours on the ground [h]."""


@dataclass(frozen=True, slots=True, eq=False)
class TravelTimes:
    """Who gets where when.

    Attributes
    ----------
    posts, sites : tuple of str
        Ids, in the order of the rows and columns.
    cell_m : float
        Cell on which movement was computed [m].
    month : int
        Month of snow and rivers; January is 1.
    ground : mapping of kind to GroundTimes
        foot, horse and vehicle, at the speed of the scenario's fastest unit of the kind.
    air : mapping of unit id to AirTimes
        Each class of helicopters.
    intruder : IntruderTimes
        Those who cross the line.
    stand_in : bool
        True where the heights are a stand-in that nobody may plan with.
    """

    posts: tuple[str, ...]
    sites: tuple[str, ...]
    cell_m: float
    month: int
    ground: Mapping[str, GroundTimes]
    air: Mapping[str, AirTimes]
    intruder: IntruderTimes
    stand_in: bool


def compute_travel_times(
    scenario: Scenario,
    cells: BorderCells,
    plane: LinePlane,
    terrain: Terrain,
    *,
    roads: Parts | None = None,
    rivers: Parts | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> TravelTimes:
    """Return how long everyone needs from everywhere to everywhere that matters.

    Parameters
    ----------
    scenario : Scenario
        Posts, units, sites, parties, and the settings of movement.
    cells, plane : BorderCells, LinePlane
        The line in cells, and in the plane of the terrain's grid.
    terrain : Terrain
        Heights of the corridor.
    roads, rivers : sequence of ndarray, each of shape (k, 2), optional
        Longitude and latitude of each part [degrees]; none given, none assumed.
    executor : concurrent.futures.Executor, optional
        Threads over origins: the kernel releases the interpreter's lock.
    progress : callable, optional
        Called with (origins done, origins in all).

    Raises
    ------
    ScenarioError
        If a helicopter's ceiling lies below its base.
    """
    check_aircraft(scenario, terrain)
    count = progress_in_all(scenario, progress)
    land = build_land(terrain, plane, scenario.movement.cell_m, roads, rivers, _crossings(scenario))
    ground: dict[str, GroundTimes] = {
        kind: _ground(scenario, cells, plane, land, kind, executor, count) for kind in KINDS
    }
    return TravelTimes(
        posts=tuple(post.id for post in scenario.posts),
        sites=tuple(site.id for site in scenario.sites),
        cell_m=land.grid.cell_m,
        month=scenario.horizon.start.month,
        ground=ground,
        air=_air(scenario, cells, plane, terrain),
        intruder=_intruder(scenario, cells, plane, land, ground["foot"], executor, count),
        stand_in=terrain.stand_in,
    )


def scenario_land(
    scenario: Scenario,
    plane: LinePlane,
    terrain: Terrain,
    roads: Parts | None = None,
    rivers: Parts | None = None,
) -> Land:
    """Return the ground of a scenario, the same that its travel times are computed on."""
    crossings = _crossings(scenario)
    return build_land(terrain, plane, scenario.movement.cell_m, roads, rivers, crossings)


def progress_in_all(scenario: Scenario, progress: Progress | None) -> Callable[[], Progress | None]:
    """Return a maker of progress for one stage after another that counts origins in all."""
    total = len(KINDS) * len(scenario.posts) + len(scenario.sites)
    before = 0

    def stage() -> Progress | None:
        start = before

        def told(done: int, _: int) -> None:
            nonlocal before
            before = start + done
            if progress is not None:
                progress(before, total)

        return told

    return stage


def _crossings(scenario: Scenario) -> Floats:
    """Return longitude and latitude of the posts of kind crossing, shape (n, 2) [degrees]."""
    at = [(post.lon, post.lat) for post in scenario.posts if post.kind == "crossing"]
    return np.array(at, np.float64).reshape(-1, 2)


def fastest_km_h(units: tuple[Unit, ...], kind: Kind) -> float:
    """Return the speed of the fastest unit of a kind on good ground [km/h], or its usual one."""
    speeds = [unit.speed_km_h for unit in units if unit.kind == kind]
    return max(speeds, default=reference_km_h(kind))


def surface_of(scenario: Scenario, land: Land, kind: Kind, flat_km_h: float) -> Surface:
    """Return the ground as a kind meets it in the month of the horizon's start."""
    month = scenario.horizon.start.month
    factors = friction(land, kind, scenario.movement, month)
    return build_surface(land, factors, pace_of(kind, flat_km_h, scenario.movement))


def _ground(
    scenario: Scenario,
    cells: BorderCells,
    plane: LinePlane,
    land: Land,
    kind: Kind,
    executor: Executor | None,
    count: Callable[[], Progress | None],
) -> GroundTimes:
    movement = scenario.movement
    flat_km_h = fastest_km_h(scenario.units, kind)
    surface = surface_of(scenario, land, kind, flat_km_h)
    find = partial(nearest_passable, surface, search_m=movement.search_m)
    stations = place_stations(surface, plane, cells, movement.station_m, movement.search_m)
    posts, sites = (
        find(*project_rows(land.grid, rows)) for rows in (scenario.posts, scenario.sites)
    )
    limit_s = movement.limit_hours * SECONDS_PER_HOUR
    out_s, home_s, sites_s = post_times(surface, posts, stations, sites, limit_s, executor, count())
    along_s = along_times(surface, stations, ALONG_HOURS * SECONDS_PER_HOUR, executor)
    return GroundTimes(flat_km_h, stations, out_s, home_s, along_s, sites_s)


def build_scenario_airspace(scenario: Scenario, plane: LinePlane, terrain: Terrain) -> Airspace:
    """Return the airspace of a scenario: its heights, its posts, what its settings close."""
    movement = scenario.movement
    used = [post for post in scenario.posts if _is_pad(scenario, post.id, post.fuel_kg)]
    stretches_m = [
        (sector.from_km * METRES_PER_KILOMETRE, sector.to_km * METRES_PER_KILOMETRE)
        for sector in scenario.sectors
        if sector.id in movement.closed_sectors
    ]
    return build_airspace(
        terrain,
        plane,
        *project_rows(terrain.grid, used),
        assumed_ground_m=movement.assumed_ground_m,
        circles=movement.closed_circles,
        stretches_m=stretches_m,
        corridor_m=scenario.terrain.corridor_km * METRES_PER_KILOMETRE,
    )


def _is_pad(scenario: Scenario, post: str, fuel_kg: float) -> bool:
    helicopters = (unit for unit in scenario.units if unit.kind == "helicopter")
    return fuel_kg > 0 or any(unit.base == post for unit in helicopters)


def _air(
    scenario: Scenario, cells: BorderCells, plane: LinePlane, terrain: Terrain
) -> dict[str, AirTimes]:
    helicopters = [unit for unit in scenario.units if unit.kind == "helicopter"]
    if not helicopters:
        return {}
    airspace = build_scenario_airspace(scenario, plane, terrain)
    return {
        unit.id: air_times(unit, scenario, cells, plane, terrain, airspace) for unit in helicopters
    }


def _intruder(
    scenario: Scenario,
    cells: BorderCells,
    plane: LinePlane,
    land: Land,
    foot: GroundTimes,
    executor: Executor | None,
    count: Callable[[], Progress | None],
) -> IntruderTimes:
    movement, month = scenario.movement, scenario.horizon.start.month
    surface = surface_of(scenario, land, "foot", movement.intruder_km_h)
    line = np.column_stack(land.grid.project(cells.longitude, cells.latitude))
    crossings = _crossings(scenario)
    bridges = np.column_stack(land.grid.project(crossings[:, 0], crossings[:, 1]))
    banks = nearest_passable(surface, line[:, 0], line[:, 1], movement.search_m)
    at_sites = project_rows(land.grid, scenario.sites)
    sites = nearest_passable(surface, *at_sites, movement.search_m)
    crossing_s = crossing_times(movement, cells, month, plane, bridges)
    limit_s = movement.intruder_hours * SECONDS_PER_HOUR
    cover_m = movement.cover_km * METRES_PER_KILOMETRE
    to_cover = partial(cover_times, surface, banks, crossing_s, cover_m=cover_m, executor=executor)
    return IntruderTimes(
        banks=banks,
        crossing_s=crossing_s,
        site_s=site_times(surface, banks, crossing_s, sites, limit_s, executor, count()),
        cover_s=to_cover(foot.stations, limit_s=ALONG_HOURS * SECONDS_PER_HOUR),
        site_cover_s=to_cover(sites, limit_s=limit_s),
        drone_s=drone_times(
            line, np.column_stack(at_sites), movement.drone_km_h, movement.drone_range_km
        ),
    )
