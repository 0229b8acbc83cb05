"""The ground of a scenario as the brief draws it: places, relief and degrees on one plane."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sarhad.border import cut_into_cells, densify, place_at
from sarhad.grid import Grid
from sarhad.report.brief.ground import (
    Extent,
    Ground,
    MapIncident,
    MapPost,
    MapSector,
    MapSite,
    Meridian,
    Place,
    ReliefPicture,
)
from sarhad.report.brief.still_map import map_extent
from sarhad.report.furniture import STEPS_DEG
from sarhad.report.ground_map import height_range
from sarhad.report.relief import coarsen_heights, distance_from_line, paint_relief
from sarhad.scenario import Incident, Scenario
from sarhad.terrain import Terrain
from sarhad.units import METRES_PER_KILOMETRE

Floats = NDArray[np.float64]

RELIEF_PX: Final = 1_800
"""Width of the relief's picture [px]: with WebP at this quality about 200 kB."""

RELIEF_QUALITY: Final = 72
RELIEF_ROOM: Final = 0.05
GRATICULE_ROOM: Final = 0.3
"""What lies beyond the map's extent, for windows of other shapes, as a share of its width [1]."""

MOST_MERIDIANS: Final = 16
MERIDIAN_POINTS: Final = 40


def survey_ground(scenario: Scenario, terrain: Terrain | None, grid: Grid) -> Ground:
    """Return the map's ground.

    Parameters
    ----------
    scenario : Scenario
        Line, sectors, posts, sites and incidents, on the map or beyond its first view.
    terrain : Terrain or None
        Heights; without them the map has no relief.
    grid : Grid
        Whose projection the map is drawn in.
    """
    edges_m = cut_into_cells(scenario.border, scenario.cell_m).edges_m
    bare = Ground(
        projection=grid.crs,
        edges_km=tuple((edges_m / METRES_PER_KILOMETRE).tolist()),
        edges=tuple(_places(grid, *place_at(scenario.border, edges_m))),
    )
    shown = map_extent(bare)
    posts = _places(grid, *_degrees(scenario.posts))
    sites = _places(grid, *_degrees(scenario.sites))
    parties = {party.id: party.name for party in scenario.parties}
    return Ground(
        bare.projection,
        bare.edges_km,
        bare.edges,
        relief=_picture(scenario, terrain, _grown(shown, RELIEF_ROOM))
        if terrain is not None
        else None,
        graticule=tuple(_graticule(grid, _grown(shown, GRATICULE_ROOM))),
        sectors=tuple(MapSector(s.id, s.name, s.from_km, s.to_km) for s in scenario.sectors),
        posts=tuple(
            MapPost(post.id, post.name, parties[post.party], post.kind, place, post.source)
            for post, place in zip(scenario.posts, posts, strict=True)
        ),
        sites=tuple(
            MapSite(s.id, s.name, s.kind, place, s.people_day, s.people_night, s.source)
            for s, place in zip(scenario.sites, sites, strict=True)
        ),
        incidents=tuple(_incident(grid, each) for each in scenario.incidents),
    )


def _places(grid: Grid, longitude: Floats, latitude: Floats) -> Iterator[Place]:
    east, north = grid.project(longitude, latitude)
    rows = zip(longitude.tolist(), latitude.tolist(), east.tolist(), north.tolist(), strict=True)
    return (Place(*row) for row in rows)


def _degrees(rows: tuple[object, ...]) -> tuple[Floats, Floats]:
    pairs = [(row.lon, row.lat) for row in rows]  # type: ignore[attr-defined]
    lon, lat = np.array(pairs, dtype=np.float64).reshape(-1, 2).T
    return lon, lat


def _incident(grid: Grid, report: Incident) -> MapIncident:
    place = None
    if report.lon is not None and report.lat is not None:
        (place,) = _places(grid, np.array([report.lon]), np.array([report.lat]))
    day, last = report.start.date(), report.end.date()
    days = day.isoformat() if day == last else f"{day.isoformat()} – {last.isoformat()}"
    return MapIncident(
        report.id,
        report.kind,
        f"{days}: {report.place}" if report.place else days,
        place,
        report.radius_km,
        (report.killed_low, report.killed_high),
        (report.injured_low, report.injured_high),
        report.source,
    )


def _picture(scenario: Scenario, terrain: Terrain, extent: Extent) -> ReliefPicture:
    pixel_m = (extent[1] - extent[0]) / RELIEF_PX
    coarse = coarsen_heights(terrain, extent, pixel_m)
    dense = densify(scenario.border, coarse.cell_m / 2)
    distance = distance_from_line(coarse, *terrain.grid.project(dense.longitude, dense.latitude))
    corridor_m = scenario.terrain.corridor_km * METRES_PER_KILOMETRE
    heights_m = height_range(terrain) or (0.0, 1000.0)
    painted = paint_relief(coarse, distance, corridor_m, heights_m)
    buffer = BytesIO()
    Image.fromarray(painted).save(buffer, "WEBP", quality=RELIEF_QUALITY, method=4)
    return ReliefPicture(buffer.getvalue(), "image/webp", coarse.extent_m, terrain.stand_in)


def _grown(extent: Extent, room: float) -> Extent:
    west, east, south, north = extent
    more = room * (east - west)
    return west - more, east + more, south - more, north + more


def _graticule(grid: Grid, extent: Extent) -> Iterator[Meridian]:
    west, east, south, north = extent
    x, y = np.meshgrid(np.linspace(west, east, 20), np.linspace(south, north, 20))
    longitude, latitude = grid.unproject(x, y)
    # Runs on across the antimeridian, as the line does.
    longitude = np.unwrap(longitude, period=360.0)
    lows, highs = (longitude.min(), latitude.min()), (longitude.max(), latitude.max())
    across = max(highs[0] - lows[0], highs[1] - lows[1])
    step = next((each for each in STEPS_DEG if across / each <= MOST_MERIDIANS), STEPS_DEG[-1])
    for axis in (0, 1):
        along = np.linspace(lows[1 - axis], highs[1 - axis], MERIDIAN_POINTS)
        for degrees in np.arange(np.ceil(lows[axis] / step), highs[axis] / step + 1e-9) * step:
            fixed = np.full_like(along, degrees)
            points = grid.project(fixed, along) if axis == 0 else grid.project(along, fixed)
            rows = np.column_stack(points).tolist()
            yield Meridian(float(degrees), axis == 0, tuple((a, b) for a, b in rows))
