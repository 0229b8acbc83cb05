"""The map that stands still: for paper, for readers without scripts, and under the moving one."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final

import numpy as np

from sarhad.report.brief.colouring import choose_scales
from sarhad.report.brief.document import BriefDocument
from sarhad.report.brief.ground import Extent, Ground, MapIncident, MapPost, MapSite, Place

WIDTH_PX: Final = 1000.0
MARGIN: Final = 0.035
"""Free room around the line, as a share of its greater extent [1]."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """A run of cells of one class: an SVG path, its colour and its width."""

    path: str
    colour: str
    width_px: float


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the picture [px]."""

    x: float
    y: float
    words: str
    radius_px: float = 0.0


@dataclass(frozen=True, slots=True)
class StillMap:
    """The picture: its size, the relief's corner and size, the line and the places on it [px]."""

    width: float
    height: float
    relief: str
    relief_box: tuple[float, float, float, float]
    course: str
    strokes: tuple[Stroke, ...]
    graticule: tuple[tuple[str, float, bool, Spot], ...]
    posts: tuple[Spot, ...]
    sites: tuple[Spot, ...]
    incidents: tuple[Spot, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """From metres on the ground to pixels of the picture."""

    west_m: float
    north_m: float
    metres_per_px: float
    height: float

    def at(self, east_m: float, north_m: float) -> tuple[float, float]:
        """Return where a point stands [px]."""
        x = (east_m - self.west_m) / self.metres_per_px
        return round(x, 1), round((self.north_m - north_m) / self.metres_per_px, 1)


def map_extent(ground: Ground) -> Extent:
    """Return what the map shows: the line and some room around it [m]."""
    west, east, south, north = ground.extent_m
    room = MARGIN * max(east - west, north - south)
    return west - room, east + room, south - room, north + room


def draw_still_map(document: BriefDocument) -> StillMap:
    """Return the picture of what is left under the recommended option, mean of the day."""
    ground = document.ground
    picture = _frame(map_extent(ground))
    places = [picture.at(edge.east_m, edge.north_m) for edge in ground.edges]
    return StillMap(
        WIDTH_PX,
        picture.height,
        relief_address(ground),
        _relief_box(ground, picture),
        _path(places),
        _strokes(document, places),
        _graticule(ground, picture),
        tuple(_spot(picture, post) for post in ground.posts),
        tuple(_spot(picture, site) for site in ground.sites),
        _areas(picture, ground),
    )


def relief_address(ground: Ground) -> str:
    """Return the relief as a data address, or an empty text."""
    if ground.relief is None:
        return ""
    picture = base64.b64encode(ground.relief.picture).decode("ascii")
    return f"data:{ground.relief.media_type};base64,{picture}"


def _frame(extent: Extent) -> Picture:
    west, east, south, north = extent
    metres_per_px = (east - west) / WIDTH_PX
    return Picture(west, north, metres_per_px, round((north - south) / metres_per_px, 1))


def _relief_box(ground: Ground, picture: Picture) -> tuple[float, float, float, float]:
    if ground.relief is None:
        return (0.0, 0.0, 0.0, 0.0)
    west, east, south, north = ground.relief.extent_m
    (left, top), (right, bottom) = picture.at(west, north), picture.at(east, south)
    return left, top, round(right - left, 1), round(bottom - top, 1)


def _path(places: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in places)


def _strokes(document: BriefDocument, places: list[tuple[float, float]]) -> tuple[Stroke, ...]:
    if document.line is None:
        return ()
    scale = choose_scales(document.line)["remaining"]
    number = [option.name for option in document.options].index(document.answers.recommended)
    classes = scale.classes(document.line.remaining.values()[number].mean(axis=0))
    starts = np.flatnonzero(np.diff(classes, prepend=-1)).tolist()
    ends = [*starts[1:], len(classes)]
    strokes = (
        Stroke(_path(places[start : end + 1]), scale.colours[kind], scale.widths_px[kind])
        for start, end, kind in zip(starts, ends, classes[starts].tolist(), strict=True)
    )
    # The least first, so that more is never hidden under less.
    return tuple(sorted(strokes, key=lambda stroke: stroke.width_px))


def _graticule(ground: Ground, picture: Picture) -> tuple[tuple[str, float, bool, Spot], ...]:
    lines = []
    for line in ground.graticule:
        points = [picture.at(*point) for point in line.points_m]
        inside = [(x, y) for x, y in points if 0 <= x <= WIDTH_PX and 0 <= y <= picture.height]
        if inside:
            x, y = min(inside, key=lambda point: -point[1] if line.is_longitude else point[0])
            lines.append((_path(points), line.degrees, line.is_longitude, Spot(x, y, "")))
    return tuple(lines)


def _spot(picture: Picture, shown: MapPost | MapSite) -> Spot:
    return Spot(*_at(picture, shown.place), shown.name)


def _areas(picture: Picture, ground: Ground) -> tuple[Spot, ...]:
    """Return where reports place events; reports that agree on the place share a circle."""
    placed = (_area(picture, each) for each in ground.incidents if each.place is not None)
    return tuple({(spot.x, spot.y, spot.radius_px): spot for spot in placed}.values())


def _area(picture: Picture, incident: MapIncident) -> Spot:
    assert incident.place is not None  # noqa: S101 (the caller asks for placed reports)
    radius = round(incident.radius_km * 1000.0 / picture.metres_per_px, 1)
    return Spot(*_at(picture, incident.place), incident.words, radius)


def _at(picture: Picture, place: Place) -> tuple[float, float]:
    return picture.at(place.east_m, place.north_m)
