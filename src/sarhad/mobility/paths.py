"""The quickest ways of a scenario as lines: help to a site, an intruder to a site."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from sarhad.mobility.fields import Surface
from sarhad.mobility.ground import Way, ground_path
from sarhad.mobility.intruder import IntruderTimes
from sarhad.mobility.land import Land
from sarhad.mobility.pace import Kind
from sarhad.mobility.travel import fastest_km_h, surface_of
from sarhad.scenario import Post, Scenario, Site, suggest
from sarhad.units import SECONDS_PER_HOUR

Row = TypeVar("Row", Post, Site)


def response_path(scenario: Scenario, land: Land, kind: Kind, post: str, site: str) -> Way:
    """Return the quickest way of the fastest unit of a kind from a post to a civil site.

    Parameters
    ----------
    scenario : Scenario
        Posts, sites and settings.
    land : Land
        Its ground, from `scenario_land`.
    kind : str
        foot, horse or vehicle.
    post, site : str
        Their ids.

    Raises
    ------
    ValueError
        If there is no such post or site, or no way within `limit_hours`.
    """
    surface = surface_of(scenario, land, kind, fastest_km_h(scenario.units, kind))
    start, goal = _named(scenario.posts, post), _named(scenario.sites, site)
    limit_s = scenario.movement.limit_hours * SECONDS_PER_HOUR
    return _path(scenario, surface, _place(land, start), _place(land, goal), limit_s)


def intruder_path(
    scenario: Scenario, land: Land, times: IntruderTimes, cell: int, site: str
) -> Way:
    """Return the quickest way on foot from the own bank of a border cell to a civil site.

    Its time leaves out the crossing of the line, which `times.crossing_s` holds.

    Parameters
    ----------
    scenario, land
        As in `response_path`.
    times : IntruderTimes
        Knows the banks.
    cell : int
        Number of the border cell, from 0.
    site : str
        Id of the site.

    Raises
    ------
    ValueError
        If there is no such site, no bank in that cell, or no way within `intruder_hours`.
    """
    if not times.banks.found[cell]:
        raise ValueError(f"border cell {cell} has no passable bank")
    surface = surface_of(scenario, land, "foot", scenario.movement.intruder_km_h)
    start = float(times.banks.east_m[cell]), float(times.banks.north_m[cell])
    limit_s = scenario.movement.intruder_hours * SECONDS_PER_HOUR
    return _path(scenario, surface, start, _place(land, _named(scenario.sites, site)), limit_s)


def _path(
    scenario: Scenario,
    surface: Surface,
    start: tuple[float, float],
    goal: tuple[float, float],
    limit_s: float,
) -> Way:
    return ground_path(surface, start, goal, limit_s, scenario.movement.search_m)


def _place(land: Land, row: Post | Site) -> tuple[float, float]:
    east_m, north_m = land.grid.project(row.lon, row.lat)
    return float(east_m), float(north_m)


def _named(rows: Iterable[Row], name: str) -> Row:
    known = {row.id: row for row in rows}
    if name not in known:
        raise ValueError(f"there is no {name!r}. {suggest(name, known)}")
    return known[name]
