"""How soon the quickest help of an option is at each kilometre of the line, and at each site."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from sarhad.border import BorderCells, LinePlane, locate
from sarhad.grid import Grid
from sarhad.mobility.fields import Surface, TimeField, time_field
from sarhad.mobility.ground import off_cell_s, seconds_at_speed
from sarhad.mobility.land import Land
from sarhad.mobility.pace import KINDS
from sarhad.mobility.stations import Stations, nearest_passable, project_rows
from sarhad.mobility.travel import TravelTimes, surface_of
from sarhad.scenario import Scenario, Unit, option_units
from sarhad.units import METRES_PER_KILOMETRE, SECONDS_PER_HOUR

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Seconds = NDArray[np.float32]
Integers = NDArray[np.int64]
Progress = Callable[[int, int], None]

SECONDS_PER_MINUTE: Final = 60.0

HELP_KINDS: Final = (*KINDS, "helicopter")
"""Kinds of units that come to help, in the order in which ties are decided."""

WINDOW_CELLS: Final = 16_000_000
"""Cells of a window beyond which its starting points are divided: 200 MB in the kernel."""


@dataclass(frozen=True, slots=True, eq=False)
class Help:
    """The quickest of some units at each of some places.

    Attributes
    ----------
    minutes : ndarray, shape (places,)
        From the start to the arrival [min]; infinite where none gets there.
    unit : ndarray of int64, shape (places,)
        Which unit of the option it is, -1 where none gets there.
    """

    minutes: Floats
    unit: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """The quickest help of an option.

    Attributes
    ----------
    units : tuple of Unit
        The option's units that leave their post.
    edges_m : ndarray, shape (cells + 1,)
        Chainage of the cells' edges [m].
    line : Help
        The quickest of all units at the station of each border cell.
    of_kind : mapping of kind to Help
        The quickest of each kind that the option has.
    fuel_kg : ndarray, shape (cells,)
        What the quickest helicopter burns on its way there [kg]; infinite where none flies.
    walkable : ndarray of bool, shape (cells,)
        Whether ground units on foot have a place to stand in the cell.
    flyable : ndarray of bool, shape (cells,)
        Whether some helicopter can fly along the line there; False without helicopters.
    sites : Help
        The quickest of all units at each civil site; helicopters where they can land.
    on_foot_min, by_drone_min : ndarray, shape (sites,)
        Least time of an intruder from the line to each site [min]; infinite where it takes
        longer than an intruder walks, or lies out of the drone's range.
    """

    units: tuple[Unit, ...]
    edges_m: Floats
    line: Help
    of_kind: Mapping[str, Help]
    fuel_kg: Floats
    walkable: NDArray[np.bool_]
    flyable: NDArray[np.bool_]
    sites: Help
    on_foot_min: Floats
    by_drone_min: Floats

    def within_km(self, minutes: float) -> float:
        """Return the length of the line that help reaches within a time [min], in km."""
        length_km = np.diff(self.edges_m) / METRES_PER_KILOMETRE
        return float(length_km[self.line.minutes <= minutes].sum())

    @property
    def never_km(self) -> float:
        """Return the length of the line that no help reaches [km]."""
        length_km = np.diff(self.edges_m) / METRES_PER_KILOMETRE
        return float(length_km[np.isinf(self.line.minutes)].sum())


def find_response(
    scenario: Scenario,
    option: str,
    cells: BorderCells,
    plane: LinePlane,
    grid: Grid,
    times: TravelTimes,
) -> Response:
    """Return the quickest help of an option, unit by unit from its base.

    A unit of a party that may enter some sectors only helps in those. Helicopters start fuelled at
    their base and do not land on the line; turning out and crewing take no time here.

    Parameters
    ----------
    scenario : Scenario
        Units, parties and sectors.
    option : str
        Whose units help.
    cells, plane : BorderCells, LinePlane
        The line in cells, and in the plane.
    grid : Grid
        The terrain's frame.
    times : TravelTimes
        Of that scenario.

    Raises
    ------
    ValueError
        If no option is called so.
    """
    units = tuple(unit for unit in option_units(scenario, option) if unit.kind in HELP_KINDS)
    middle_m = (cells.edges_m[:-1] + cells.edges_m[1:]) / 2
    beside_m, _ = locate(plane, *project_rows(grid, scenario.sites))
    line_s, fuel_kg = np.full((2, len(units), len(cells)), np.inf)
    site_s = np.full((len(units), len(scenario.sites)), np.inf)
    for number, unit in enumerate(units):
        to_line_s, to_sites_s, burnt_kg = _times_of(unit, times)
        line_s[number] = np.where(_may_enter(scenario, unit, middle_m), to_line_s, np.inf)
        fuel_kg[number] = burnt_kg
        site_s[number] = np.where(_may_enter(scenario, unit, beside_m), to_sites_s, np.inf)
    kinds = np.array([unit.kind for unit in units], str)
    of_kind = {
        kind: _quickest(line_s, np.flatnonzero(kinds == kind))
        for kind in HELP_KINDS
        if (kinds == kind).any()
    }
    return Response(
        units=units,
        edges_m=cells.edges_m,
        line=_quickest(line_s, np.arange(len(units))),
        of_kind=of_kind,
        fuel_kg=_fuel_of(of_kind.get("helicopter"), fuel_kg, len(cells)),
        walkable=times.ground["foot"].stations.found,
        flyable=_flyable(units, times, len(cells)),
        sites=_quickest(site_s, np.arange(len(units))),
        on_foot_min=_least_min(times.intruder.site_s),
        by_drone_min=_least_min(times.intruder.drone_s),
    )


def _may_enter(scenario: Scenario, unit: Unit, chainage_m: Floats) -> NDArray[np.bool_]:
    """Return at which places beside the line a unit's party may be."""
    party = next(party for party in scenario.parties if party.id == unit.party)
    if "*" in party.sectors:
        return np.ones(chainage_m.shape, bool)
    allowed = np.zeros(chainage_m.shape, bool)
    for sector in scenario.sectors:
        if sector.id in party.sectors:
            from_m, to_m = (km * METRES_PER_KILOMETRE for km in (sector.from_km, sector.to_km))
            allowed |= (chainage_m >= from_m) & (chainage_m <= to_m)
    return allowed


def _times_of(unit: Unit, times: TravelTimes) -> tuple[Seconds, Seconds, Seconds]:
    """Return a unit's times to stations and sites [s], and its fuel to stations [kg]."""
    if unit.kind == "helicopter":
        air = times.air[unit.id]
        pad = air.pads.index(unit.base)
        to_sites_s = np.where(air.site_landing, air.sites_s[pad], np.float32(np.inf))
        return air.stations_s[pad], to_sites_s, air.stations_kg[pad]
    ground = times.ground[unit.kind]
    base = times.posts.index(unit.base)
    out_s, sites_s = (
        seconds_at_speed(seconds[base], ground.flat_km_h, unit.speed_km_h)
        for seconds in (ground.out_s, ground.sites_s)
    )
    return out_s, sites_s, np.zeros_like(out_s)


def _quickest(seconds: Floats, chosen: Integers) -> Help:
    places = seconds.shape[1]
    if not chosen.size:
        return Help(np.full(places, np.inf), np.full(places, -1))
    best = chosen[seconds[chosen].argmin(axis=0)]
    minutes = seconds[best, np.arange(places)] / SECONDS_PER_MINUTE
    return Help(minutes, np.where(np.isfinite(minutes), best, -1))


def _fuel_of(flight: Help | None, fuel_kg: Floats, cells: int) -> Floats:
    if flight is None:
        return np.full(cells, np.inf)
    return np.where(flight.unit >= 0, fuel_kg[flight.unit, np.arange(cells)], np.inf)


def _flyable(units: tuple[Unit, ...], times: TravelTimes, cells: int) -> NDArray[np.bool_]:
    tracks = [times.air[unit.id].track.flyable for unit in units if unit.kind == "helicopter"]
    return np.any(tracks, axis=0) if tracks else np.zeros(cells, bool)


def _least_min(seconds: csr_array) -> Floats:
    """Return the least stored time of each column [min]; infinite where nothing is stored."""
    least_s = np.full(seconds.shape[1], np.inf)
    np.minimum.at(least_s, seconds.indices, seconds.data)
    return least_s / SECONDS_PER_MINUTE


def map_response(
    scenario: Scenario,
    option: str,
    land: Land,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Return how long the quickest ground unit of each kind needs to each cell near the line.

    Parameters
    ----------
    scenario : Scenario
        Posts, units and the settings of movement.
    option : str
        Whose units move; each kind at the speed of its fastest unit of the option.
    land : Land
        The ground, from `scenario_land`.
    executor : concurrent.futures.Executor, optional
        Threads to spread each field over.
    progress : callable, optional
        Called with (kinds done, kinds in all).

    Returns
    -------
    mapping of kind to ndarray of float32, shape (kept, tile, tile)
        In the tiles of the land [min]; NaN where none gets within `movement.limit_hours`. Kinds
        that the option lacks are left out.
    """
    units = option_units(scenario, option)
    kinds = [kind for kind in KINDS if any(unit.kind == kind for unit in units)]
    fields: dict[str, Seconds] = {}
    for done, kind in enumerate(kinds, start=1):
        moving = [unit for unit in units if unit.kind == kind]
        flat_km_h = max(unit.speed_km_h for unit in moving)
        bases = {unit.base for unit in moving}
        posts = [post for post in scenario.posts if post.id in bases]
        surface = surface_of(scenario, land, kind, flat_km_h)
        starts = nearest_passable(
            surface, *project_rows(land.grid, posts), scenario.movement.search_m
        )
        limit_s = scenario.movement.limit_hours * SECONDS_PER_HOUR
        fields[kind] = _least_times(surface, starts, limit_s, executor)
        fields[kind] /= np.float32(SECONDS_PER_MINUTE)
        if progress is not None:
            progress(done, len(kinds))
    return fields


def _least_times(
    surface: Surface, starts: Stations, limit_s: float, executor: Executor | None
) -> NDArray[np.float32]:
    """Return the least time from any of the starts in the tiles of the ground [s], NaN if none."""
    least_s = np.full(surface.terrain.tiles.shape, np.inf, np.float32)
    reach = limit_s * surface.fastest_m_s / surface.grid.cell_m + 1
    for group in _groups(np.flatnonzero(starts.found), starts, reach, surface.grid.shape):
        field = time_field(
            surface,
            starts.row[group],
            starts.column[group],
            limit_s,
            starts_s=off_cell_s(surface, starts.moved_m[group]),
            executor=executor,
        )
        _lower(least_s, field)
    least_s[np.isinf(least_s)] = np.nan
    return least_s


def _groups(
    members: Integers, starts: Stations, reach: float, shape: tuple[int, int]
) -> Iterator[Integers]:
    """Yield starts in groups whose common window is small enough, or that cannot be divided."""
    if not members.size:
        return
    places = np.stack([starts.row[members], starts.column[members]])
    low = np.maximum(places.min(axis=1) - reach, 0)
    high = np.minimum(places.max(axis=1) + reach, np.array(shape))
    if members.size == 1 or float((high - low).prod()) <= WINDOW_CELLS:
        yield members
        return
    order = np.argsort(places[int(np.ptp(places, axis=1).argmax())], kind="stable")
    half = members.size // 2
    yield from _groups(members[order[:half]], starts, reach, shape)
    yield from _groups(members[order[half:]], starts, reach, shape)


def _lower(least_s: NDArray[np.float32], field: TimeField) -> None:
    """Put the times of a window into the tiles where they are less."""
    terrain = field.surface.terrain
    tile, (rows, columns) = terrain.tile, field.seconds.shape
    for tile_row, tile_column in np.argwhere(terrain.index >= 0):
        top, left = tile_row * tile - field.row, tile_column * tile - field.column
        if -tile < top < rows and -tile < left < columns:
            part = field.seconds[max(top, 0) : top + tile, max(left, 0) : left + tile]
            y, x = max(-top, 0), max(-left, 0)
            into = least_s[terrain.index[tile_row, tile_column]]
            into = into[y : y + part.shape[0], x : x + part.shape[1]]
            np.minimum(into, part, out=into)
