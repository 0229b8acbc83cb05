"""What exposes a cell beside the record: ground nearest to it, people, crossings, slope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.border import place_at
from sarhad.risk.strip import Floats, Strip
from sarhad.scenario import Scenario
from sarhad.terrain import Terrain, elevation_at
from sarhad.units import METRES_PER_KILOMETRE

PEOPLE_REACH_M: Final = 10_000.0
"""How far from a site its people still draw attacks, standard deviation [m]; our judgement."""

CROSSING_REACH_M: Final = 5_000.0
"""The same for crossings [m]."""

ROAD_REACH_M: Final = 5_000.0
"""The same for roads and paths [m]."""

ROAD_PIECE_M: Final = 500.0
"""Roads are cut into pieces of at most this length, each standing at its middle [m]."""

GROUND_M: Final = 1_000.0
"""How far from the line, on either side, its ground is looked at [m]."""

EASY_SLOPE_DEG: Final = 15.0
"""Slope that makes a crossing rarer by the factor e [degrees]; our judgement."""

STRIP_STEPS: Final = 150_000
"""Places at which the strip is looked at for the ground nearest to each cell."""


@dataclass(frozen=True, slots=True, eq=False)
class Covariates:
    """Shares of the background over the cells, each a column that sums to one.

    Attributes
    ----------
    names : tuple of str
        What each column is.
    shares : ndarray, shape (cells, columns)
        The columns.
    left_out : tuple of str
        A sentence for each covariate that the scenario says nothing of.
    """

    names: tuple[str, ...]
    shares: Floats
    left_out: tuple[str, ...] = ()


def gather_covariates(
    strip: Strip,
    scenario: Scenario | None = None,
    terrain: Terrain | None = None,
    more: Mapping[str, Floats] | None = None,
    roads: Sequence[Floats] | None = None,
) -> Covariates:
    """Return the columns of the background that the scenario can tell.

    Parameters
    ----------
    strip : Strip
        The line's cells.
    scenario : Scenario, optional
        Sites and crossings.
    terrain : Terrain, optional
        Heights, for how hard the crossing is.
    more : mapping of name to ndarray, shape (cells,), optional
        Further exposures, not below zero.
    roads : sequence of ndarray, each (n, 2), optional
        Longitude and latitude [degrees] of roads and paths, part by part.
    """
    columns = {"evenly": np.ones(strip.cells), "ground nearest to the cell": _catch(strip)}
    left_out = []
    for name, (values, missing) in {
        "people at sites nearby": (_near_people(strip, scenario), "no site with people"),
        "crossings": (_near_crossings(strip, scenario), "no crossing among posts and sites"),
        "easy ground": (_easy_ground(strip, terrain), "no heights were given"),
        "no river to cross": (_dry(strip, scenario), "movement.river_km names none, or all"),
        "roads": (_near_roads(strip, roads), "none given within reach of the line"),
    }.items():
        if values is None or not values.sum() > 0:
            left_out.append(f"{name} left out: {missing}")
        else:
            columns[name] = values
    for name, values in (more or {}).items():
        columns[name] = _checked(name, values, strip.cells)
    shares = np.column_stack([column / column.sum() for column in columns.values()])
    return Covariates(tuple(columns), shares, tuple(left_out))


def _checked(name: str, values: Floats, cells: int) -> Floats:
    given = np.asarray(values, dtype=np.float64)
    sound = given.shape == (cells,) and np.isfinite(given).all() and (given >= 0).all()
    if not (sound and given.sum() > 0):
        raise ValueError(f"{name} has a figure for each of {cells} cells, none below zero")
    return given


def _catch(strip: Strip) -> Floats:
    """Return the share of the strip that lies nearest to each cell."""
    east, north = strip.plane.east_m, strip.plane.north_m
    reach = strip.within_m
    west, south = east.min() - reach, north.min() - reach
    wide, high = np.ptp(east) + 2 * reach, np.ptp(north) + 2 * reach
    step = np.sqrt(wide * high / STRIP_STEPS)
    across = west + (np.arange(int(wide / step)) + 0.5) * step
    up = south + (np.arange(int(high / step)) + 0.5) * step
    grid_east, grid_north = (axis.ravel() for axis in np.meshgrid(across, up))
    cell, distance_m = strip.find_near(grid_east, grid_north)
    count = np.bincount(cell[distance_m <= reach], minlength=strip.cells)
    return count.astype(np.float64) + 1e-3


def _around(strip: Strip, places: list[tuple[float, float, float]], reach_m: float) -> Floats:
    """Return the weight of places around each cell: longitude, latitude, weight of each."""
    degrees = np.array(places, dtype=np.float64).reshape(-1, 3)
    east, north = strip.project(degrees[:, 0], degrees[:, 1])
    here = strip.project(*place_at(strip.border, strip.middles_m))
    square = (here[0][:, None] - east) ** 2 + (here[1][:, None] - north) ** 2
    return np.asarray(np.exp(-0.5 * square / reach_m**2) @ degrees[:, 2])


def _near_people(strip: Strip, scenario: Scenario | None) -> Floats | None:
    sites = scenario.sites if scenario is not None else ()
    # The root: a town of 40,000 is not a thousand times a camp of 40.
    places = [(s.lon, s.lat, float(np.sqrt((s.people_day + s.people_night) / 2))) for s in sites]
    return _around(strip, places, PEOPLE_REACH_M) if places else None


def _near_roads(strip: Strip, roads: Sequence[Floats] | None) -> Floats | None:
    """Return the length of road around each cell [m], less the farther away."""
    from scipy.spatial import KDTree

    if not roads:
        return None
    pieces = [_cut_road(*strip.project(part[:, 0], part[:, 1])) for part in roads]
    middles, length_m = (np.concatenate(column) for column in zip(*pieces, strict=True))
    here = np.column_stack(strip.project(*place_at(strip.border, strip.middles_m)))
    near = KDTree(here).sparse_distance_matrix(
        KDTree(middles), 3 * ROAD_REACH_M, output_type="coo_matrix"
    )
    weight = np.exp(-0.5 * (near.data / ROAD_REACH_M) ** 2) * length_m[near.col]
    return np.asarray(np.bincount(near.row, weight, strip.cells), np.float64)


def _cut_road(east_m: Floats, north_m: Floats) -> tuple[Floats, Floats]:
    """Return middles (n, 2) and lengths (n,) of the pieces that a road is cut into [m]."""
    leg_m = np.hypot(np.diff(east_m), np.diff(north_m))
    cuts = np.maximum(np.ceil(leg_m / ROAD_PIECE_M), 1).astype(np.int64)
    leg = np.repeat(np.arange(len(leg_m)), cuts)
    share = (np.arange(len(leg)) - np.repeat(np.cumsum(cuts) - cuts, cuts) + 0.5) / cuts[leg]
    ends = np.column_stack([east_m, north_m])
    return ends[leg] + share[:, None] * (ends[leg + 1] - ends[leg]), leg_m[leg] / cuts[leg]


def _near_crossings(strip: Strip, scenario: Scenario | None) -> Floats | None:
    if scenario is None:
        return None
    places = [(post.lon, post.lat, 1.0) for post in scenario.posts if post.kind == "crossing"]
    places += [(site.lon, site.lat, 1.0) for site in scenario.sites if site.kind == "crossing"]
    return _around(strip, places, CROSSING_REACH_M) if places else None


def _dry(strip: Strip, scenario: Scenario | None) -> Floats | None:
    """Return 1 for each cell where the line is no river, None where that tells cells not apart."""
    rivers = scenario.movement.river_km if scenario is not None else ()
    at_km = strip.middles_m / METRES_PER_KILOMETRE
    wet = np.zeros(strip.cells, np.bool_)
    for start_km, end_km in rivers:
        wet |= (at_km >= start_km) & (at_km <= end_km)
    return None if wet.all() or not wet.any() else (~wet).astype(np.float64)


def _easy_ground(strip: Strip, terrain: Terrain | None) -> Floats | None:
    """Return how easy the ground is on both banks of each cell, from its mean slope."""
    if terrain is None:
        return None
    east, north = terrain.grid.project(*place_at(strip.border, strip.middles_m))
    step_m = max(terrain.grid.cell_m, 100.0)
    slopes = [_slope_deg(terrain, east + x, north + y, step_m) for x, y in _ring()]
    known = np.stack(slopes)
    count = np.isfinite(known).sum(axis=0)
    mean = np.where(count > 0, np.nansum(known, axis=0) / np.maximum(count, 1), np.nan)
    if not np.isfinite(mean).any():
        return None
    # A cell without heights is taken to be as hard as the middle one.
    mean = np.where(np.isfinite(mean), mean, np.nanmedian(mean))
    return np.asarray(np.exp(-mean / EASY_SLOPE_DEG))


def _ring() -> list[tuple[float, float]]:
    angles = np.arange(8) * np.pi / 4
    return [(GROUND_M * float(np.cos(a)), GROUND_M * float(np.sin(a))) for a in angles]


def _slope_deg(terrain: Terrain, east: Floats, north: Floats, step_m: float) -> NDArray[np.float64]:
    def rise(x: float, y: float) -> Floats:
        ahead = elevation_at(terrain, east + x, north + y).astype(np.float64)
        back = elevation_at(terrain, east - x, north - y).astype(np.float64)
        return (ahead - back) / (2 * step_m)

    return np.degrees(np.arctan(np.hypot(rise(step_m, 0.0), rise(0.0, step_m))))
