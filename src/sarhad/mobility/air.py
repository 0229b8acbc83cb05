"""Helicopters: time and fuel between pads, stations and sites, and the track along the line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sarhad.border import BorderCells, LinePlane, places_beside
from sarhad.errors import Fault, ScenarioError
from sarhad.mobility.aircraft import Aircraft, aircraft_of, burn_factor, leg_cost
from sarhad.mobility.airspace import Airspace, find_routes
from sarhad.mobility.stations import project_rows
from sarhad.scenario import Movement, Post, Scenario, Unit
from sarhad.terrain import Terrain, elevation_at

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Seconds = NDArray[np.float32]

TRACK_SAMPLES = 5
"""Places per border cell at which the ground under a track is read."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """The flight along the line, cell by cell.

    Attributes
    ----------
    east_m, north_m : ndarray, shape (cells,)
        Middle of the track in each cell [m].
    height_m : ndarray, shape (cells,)
        Height above the sea at which the cell is flown [m].
    flyable : ndarray of bool, shape (cells,)
        Where it can be flown at all.
    seconds, fuel_kg : ndarray of float32, shape (cells,)
        Time and fuel of each cell [s], [kg]; infinite where it cannot be flown.
    """

    east_m: Floats
    north_m: Floats
    height_m: Floats
    flyable: Bools
    seconds: Seconds
    fuel_kg: Seconds


@dataclass(frozen=True, slots=True, eq=False)
class AirTimes:
    """Time and fuel of one class of helicopters.

    Attributes
    ----------
    aircraft : Aircraft
        The class in the air of the day.
    pads : tuple of str
        Ids of the posts where it may land: its base, and where there is fuel; below the hover
        ceiling, or airfields, where it lands rolling.
    closed_pads : tuple of str
        Posts with fuel that lie too high for it.
    stand_off_m : float
        Distance that it keeps from the line [m].
    pads_s, pads_kg : ndarray of float32, shape (pads, pads)
    stations_s, stations_kg : ndarray of float32, shape (pads, cells)
        From pads to the track beside each border cell; infinite where the track is not flyable.
    sites_s, sites_kg : ndarray of float32, shape (pads, sites)
        Times [s] and fuel [kg] of one leg, infinite beyond the usable fuel.
    site_landing : ndarray of bool, shape (sites,)
        Sites below the hover ceiling.
    track : Track
        The flight along the line.
    """

    aircraft: Aircraft
    pads: tuple[str, ...]
    closed_pads: tuple[str, ...]
    stand_off_m: float
    pads_s: Seconds
    pads_kg: Seconds
    stations_s: Seconds
    stations_kg: Seconds
    sites_s: Seconds
    sites_kg: Seconds
    site_landing: Bools
    track: Track


def check_aircraft(scenario: Scenario, terrain: Terrain) -> None:
    """Refuse helicopters whose ceilings lie below their base.

    Raises
    ------
    ScenarioError
        With a fault for each, naming its row of units.csv.
    """
    faults = []
    posts = {post.id: post for post in scenario.posts}
    for index, unit in enumerate(scenario.units):
        if unit.kind == "helicopter":
            base = posts[unit.base]
            ground_m = float(post_heights(terrain, [base])[0])
            fault = _too_high(unit, base, ground_m, scenario.movement, index + 2)
            faults += [fault] if fault else []
    if faults:
        raise ScenarioError(tuple(faults))


def _too_high(
    unit: Unit, base: Post, ground_m: float, movement: Movement, row: int
) -> Fault | None:
    aircraft = aircraft_of(unit, movement)
    what, height_m = "ceiling", aircraft.ceiling_m
    if ground_m <= aircraft.ceiling_m and base.kind != "airfield":
        what, height_m = "hover ceiling", aircraft.hover_m
    # A height that is not known says nothing against it.
    if not ground_m > height_m:
        return None
    air = f"at {movement.temperature_offset_c:+g} degrees from the standard atmosphere"
    return Fault(
        "units.csv",
        row,
        "ceiling_m",
        f"{unit.ceiling_m:,g} m: a {what} of {height_m:,.0f} m {air}",
        f"one above its base '{base.id}' at {ground_m:,.0f} m",
        "Correct ceiling_m or base, or movement.hover_share, weight_share, temperature_offset_c",
    )


def post_heights(terrain: Terrain, posts: Sequence[Post]) -> Floats:
    """Return the ground at posts [m]; NaN where the terrain does not know it."""
    return _elevations(terrain, np.column_stack(project_rows(terrain.grid, posts)))


def _elevations(terrain: Terrain, places: Floats) -> Floats:
    height = np.full(len(places), np.nan)
    there = np.isfinite(places).all(axis=1)
    height[there] = elevation_at(terrain, places[there, 0], places[there, 1])
    return height


def air_times(
    unit: Unit,
    scenario: Scenario,
    cells: BorderCells,
    plane: LinePlane,
    terrain: Terrain,
    airspace: Airspace,
) -> AirTimes:
    """Return time and fuel of one class of helicopters.

    Parameters
    ----------
    unit : Unit
        The helicopters.
    scenario : Scenario
        Posts, sites, the party's stand-off and the settings of movement.
    cells, plane, terrain, airspace
        The line in cells and in the plane, heights, and where aircraft may be.
    """
    movement = scenario.movement
    aircraft = aircraft_of(unit, movement)
    party = next(party for party in scenario.parties if party.id == unit.party)
    stand_off_m = party.stand_off_km * 1000
    served = [post for post in scenario.posts if post.fuel_kg > 0 or post.id == unit.base]
    heights_m = post_heights(terrain, served)
    rolling = np.array([post.kind == "airfield" for post in served])
    too_high = heights_m > np.where(rolling, aircraft.ceiling_m, aircraft.hover_m)
    pads = [post for post, high in zip(served, too_high, strict=True) if not high]
    track = fly_track(aircraft, movement, cells, plane, terrain, airspace, stand_off_m)
    at_pads = np.column_stack(project_rows(terrain.grid, pads))
    at_sites = np.column_stack(project_rows(terrain.grid, scenario.sites))
    goals = np.concatenate([at_pads, np.column_stack([track.east_m, track.north_m]), at_sites])
    routes = find_routes(
        airspace,
        at_pads,
        goals,
        aircraft.ceiling_m - aircraft.clearance_m,
        stand_off_m,
        2 * aircraft.range_m,
    )
    # Where the pad's own height is not known it starts from the sea: the longest climb.
    start_m = np.nan_to_num(heights_m[~too_high], nan=0.0)[:, None]
    seconds, fuel_kg = leg_cost(aircraft, routes.length_m, routes.ground_m, start_m)
    for matrix in (seconds, fuel_kg):
        np.fill_diagonal(matrix[:, : len(pads)], 0.0)
        matrix[:, len(pads) : len(pads) + len(cells)][:, ~track.flyable] = np.inf
    cuts = [len(pads), len(pads) + len(cells)]
    pads_s, stations_s, sites_s = np.split(seconds.astype(np.float32), cuts, axis=1)
    pads_kg, stations_kg, sites_kg = np.split(fuel_kg.astype(np.float32), cuts, axis=1)
    return AirTimes(
        aircraft=aircraft,
        pads=tuple(post.id for post in pads),
        closed_pads=tuple(p.id for p, high in zip(served, too_high, strict=True) if high),
        stand_off_m=stand_off_m,
        pads_s=pads_s,
        pads_kg=pads_kg,
        stations_s=stations_s,
        stations_kg=stations_kg,
        sites_s=sites_s,
        sites_kg=sites_kg,
        site_landing=_elevations(terrain, at_sites) <= aircraft.hover_m,
        track=track,
    )


def fly_track(
    aircraft: Aircraft,
    movement: Movement,
    cells: BorderCells,
    plane: LinePlane,
    terrain: Terrain,
    airspace: Airspace,
    stand_off_m: float,
) -> Track:
    """Return the flight along the line at a height above ground, with where it is possible.

    It follows the patrol stations, or the stand-off where that is farther from the line. Each
    cell is flown at one height: `track_m` above the highest of five places under it; a climb to
    the next cell takes no less than the rate of climb allows.
    """
    away_m = max(movement.station_m, stand_off_m)
    span_m = np.diff(cells.edges_m)
    share = (np.arange(TRACK_SAMPLES) + 0.5) / TRACK_SAMPLES
    chainage_m = cells.edges_m[:-1, None] + share * span_m[:, None]
    east, north, clear = places_beside(plane, chainage_m.ravel(), away_m, cells.length_m)
    ground = _elevations(terrain, np.column_stack([east, north])).reshape(len(cells), -1)
    middle = slice(TRACK_SAMPLES // 2, None, TRACK_SAMPLES)
    height_m = ground.max(axis=1) + movement.track_m
    row, column = airspace.grid.cell_of(east[middle], north[middle])
    flyable = clear.reshape(ground.shape).all(axis=1) & (height_m <= aircraft.ceiling_m)
    flyable &= ~airspace.closed[row, column]
    level_m = np.where(flyable, height_m, 0.0)
    climb_m = np.diff(level_m, prepend=level_m[:1])
    climb_m[1:][~flyable[:-1]] = 0.0
    climb_s = np.maximum(climb_m, 0.0) / aircraft.climb_m_s
    seconds = np.maximum(span_m / aircraft.cruise_m_s, climb_s)
    burn = aircraft.burn_kg_s * burn_factor(level_m, aircraft.weight_share, aircraft.offset_c)
    fuel_kg = burn * seconds + aircraft.climb_burn * aircraft.burn_kg_s * climb_s
    seconds[~flyable] = fuel_kg[~flyable] = np.inf
    return Track(
        east[middle],
        north[middle],
        height_m,
        flyable,
        seconds.astype(np.float32),
        fuel_kg.astype(np.float32),
    )
