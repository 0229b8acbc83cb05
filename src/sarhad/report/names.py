"""Names on the map: where each may stand, so that none covers another, a sign or the line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from sarhad.report.course import Course
from sarhad.report.page import (
    INK,
    MM_PER_POINT,
    PAPER,
    Box,
    LabelRoom,
    Page,
    boxes_around,
    drawable_name,
)
from sarhad.report.sheet import Sheet
from sarhad.report.symbols import placed_events
from sarhad.scenario import Scenario
from sarhad.terrain import Terrain

Floats = NDArray[np.float64]


SIDE_POINTS: Final = (12.0, 10.0, 8.0, 6.5)
"""Sizes to try for the name of a side, best first [pt]."""


@dataclass(frozen=True, slots=True)
class MapSketch:
    """What every part of the map is drawn with."""

    page: Page
    sheet: Sheet
    course: Course
    room: LabelRoom
    scenario: Scenario
    terrain: Terrain

    def place(self, lon: Sequence[float], lat: Sequence[float]) -> tuple[Floats, Floats]:
        """Return where degrees lie on the page [mm]."""
        east, north = self.terrain.grid.project(np.array(lon, float), np.array(lat, float))
        return self.sheet.to_page(east, north)


def label_mark(
    sketch: MapSketch,
    text: str,
    at: tuple[float, float],
    normal: tuple[float, float],
    major: bool,
) -> None:
    """Write the kilometre of a mark off the line, on whichever side has room.

    Parameters
    ----------
    sketch : MapSketch
        The map.
    text : str
        The kilometre.
    at : (float, float)
        The mark on the page [mm].
    normal : (float, float)
        Unit vector across the line.
    major : bool
        Whether it is set in bold.
    """
    points, weight = (7.5, "bold") if major else (6.0, "normal")
    width, height = sketch.page.measure(text, points, weight)
    size = width + 0.8, height + 0.5

    def candidates() -> Any:
        for distance in (2.4, 3.2, 4.0, 5.0):
            for hand in (-1.0, 1.0):
                for turn in (0.0, 0.6, -0.6):
                    across = hand * (normal[0] * np.cos(turn) - normal[1] * np.sin(turn))
                    up = hand * (normal[0] * np.sin(turn) + normal[1] * np.cos(turn))
                    x = at[0] + across * (distance + size[0] / 2 - 1.0)
                    y = at[1] + up * (distance + size[1] / 2 - 1.0)
                    yield _box_around(x, y, size)

    box = sketch.room.place(candidates())
    if box is not None:
        _set_in_box(sketch, box, text, points, weight=weight, zorder=7, plate=0.6)


def _set_in_box(
    sketch: MapSketch, box: Box, text: str, points: float, plate: float = 0.45, **style: Any
) -> None:
    background = Rectangle((box.left, box.bottom), box.width, box.height)
    background.set(facecolor=PAPER, alpha=plate, lw=0, zorder=style.get("zorder", 6) - 0.1)
    sketch.page.axes.add_patch(background)
    x, y = (box.left + box.right) / 2, (box.bottom + box.top) / 2
    sketch.page.write(x, y, text, points, **{"ha": "center", "va": "center_baseline", **style})


def name_sides(sketch: MapSketch) -> None:
    """Write who holds each side of the line, well on that side."""
    for role, words, hand in (("own", "own side", 1.0), ("neighbour", "far side", -1.0)):
        parties = [party for party in sketch.scenario.parties if party.role == role]
        name = drawable_name(parties[0].name, parties[0].id) if parties else words
        caption = words if parties else ""
        _name_side(sketch, name, caption, hand)


def _name_side(sketch: MapSketch, name: str, caption: str, hand: float) -> None:
    page, course = sketch.page, sketch.course
    for points in SIDE_POINTS:
        text = page.shorten(name, points, sketch.sheet.frame.width * 0.45)
        width = max(page.measure(text, points, "bold")[0], page.measure(caption, 7.5)[0])
        size = width + 4.0, points * MM_PER_POINT + 6.0
        for box in _boxes_beside(course, size, hand):
            if _is_on_side(course, box, hand) and sketch.room.place([box]):
                _write_side(page, box, (text, points), caption)
                return


def _boxes_beside(course: Course, size: tuple[float, float], hand: float) -> Iterator[Box]:
    length = float(course.chainage_m[-1])
    shares = sorted(np.linspace(0.05, 0.95, 19).tolist(), key=lambda share: abs(share - 0.5))
    for offset in (16.0, 22.0, 30.0, 12.0, 40.0, 55.0, 8.0):
        for share in shares:
            x, y = course.at(share * length)
            east, north = course.own_normal(share * length, 12.0)
            yield _box_around(x + hand * east * offset, y + hand * north * offset, size)


def _box_around(x: float, y: float, size: tuple[float, float]) -> Box:
    return Box(x - size[0] / 2, y - size[1] / 2, x + size[0] / 2, y + size[1] / 2)


def _is_on_side(course: Course, box: Box, hand: float) -> bool:
    x = np.array([box.left, box.right, box.left, box.right, (box.left + box.right) / 2])
    y = np.array([box.bottom, box.bottom, box.top, box.top, (box.bottom + box.top) / 2])
    return bool((course.is_own_side(x, y) == (hand > 0)).all())


def _write_side(page: Page, box: Box, name: tuple[str, float], caption: str) -> None:
    style: dict[str, Any] = {"ha": "center", "color": "#3f4650", "zorder": 6}
    text, points = name
    x = (box.left + box.right) / 2
    page.write(x, box.bottom + 5.0, text, points, weight="bold", alpha=0.8, **style)
    page.write(x, box.bottom + 1.2, caption, 7.5, style="italic", **style)


def name_sectors(sketch: MapSketch) -> None:
    """Write the name of each sector beside its stretch of the line."""
    for index, sector in enumerate(sketch.scenario.sectors):
        text = drawable_name(sector.name, sector.id)
        width, height = sketch.page.measure(text, 7.0, "bold")
        boxes = (
            box
            for share in (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8)
            for box in boxes_around(
                *sketch.course.at(
                    1000.0 * (sector.from_km + share * (sector.to_km - sector.from_km))
                ),
                (width + 1.0, height + 0.6),
                (3.0, 5.0, 7.5),
            )
        )
        box = sketch.room.place(boxes)
        if box is not None:
            _set_in_box(
                sketch,
                box,
                text,
                7.0,
                weight="bold",
                style="italic",
                zorder=6.5,
                color=SECTOR_TEXT[index % 2],
            )


def write_beside(sketch: MapSketch, chainage_m: float, text: str, colour: str) -> None:
    """Write a remark beside a place of the line, where there is room."""
    width, height = sketch.page.measure(text, 7.0, "bold")
    near = boxes_around(*sketch.course.at(chainage_m), (width + 1.0, height + 0.6), (2.5, 4.5, 7.5))
    box = sketch.room.place(near)
    if box is not None:
        _set_in_box(sketch, box, text, 7.0, weight="bold", zorder=7, color=colour, plate=0.7)


SECTOR_TEXT: Final = ("#452a70", "#7a4c05")
"""The sectors' colours, dark enough to read."""

MOST_NAMES: Final = 60
"""Beyond so many places, small posts and relays go without a name: the marks tell where [1]."""

SAME_PLACE_MM: Final = 3.0


def name_events(sketch: MapSketch) -> None:
    """Write day and casualties of each event on the rim of where it may have happened."""
    for event in placed_events(sketch.scenario):
        area = event.areas[0]
        (x,), (y,) = sketch.place([area.lon], [area.lat])
        radius = area.radius_km * 1000.0 / sketch.sheet.metres_per_mm
        width, height = sketch.page.measure(event.words, 7.0, "bold")
        size = width + 0.8, height + 0.4
        near = boxes_around(float(x), float(y), size, (2.0, 4.0, 6.0, 9.0, 12.0))
        rim = _boxes_on_rim((float(x), float(y)), radius, size) if radius > 6.0 else ()
        box = sketch.room.place((*rim, *near))
        if box is not None:
            _set_in_box(
                sketch, box, event.words, 7.0, weight="bold", color="#a32000", plate=0.7, zorder=7
            )


def _boxes_on_rim(
    centre: tuple[float, float], radius: float, size: tuple[float, float]
) -> Iterator[Box]:
    for degrees in (90, 110, 70, 130, 50, 150, 30, 170, 10, 270, 250, 290, 230, 310, 210, 330):
        angle = np.radians(degrees)
        x, y = centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle)
        yield _box_around(float(x), float(y), size)


def name_places(sketch: MapSketch) -> None:
    """Write the names of posts and sites where there is room, the larger posts first."""
    scenario = sketch.scenario
    places = spread_posts(sketch)
    large = [post for post in scenario.posts if post.kind not in ("post", "relay")]
    small = [post for post in scenario.posts if post.kind in ("post", "relay")]
    crowded = len(scenario.posts) + len(scenario.sites) > MOST_NAMES
    for post in large:
        _name_place(sketch, places[post.id], drawable_name(post.name, post.id), 6.5)
    named = {drawable_name(post.name, post.id): places[post.id] for post in large}
    for site in scenario.sites:
        (x,), (y,) = sketch.place([site.lon], [site.lat])
        name = drawable_name(site.name, site.id)
        twin = named.get(name)
        if twin is None or np.hypot(twin[0] - x, twin[1] - y) > SAME_PLACE_MM:
            _name_place(sketch, (float(x), float(y)), name, 6.0, style="italic")
    for post in () if crowded else small:
        _name_place(sketch, places[post.id], drawable_name(post.name, post.id), 6.0)


def spread_posts(sketch: MapSketch) -> dict[str, tuple[float, float]]:
    """Return where each post is drawn [mm]: at its place, or beside one already drawn there."""
    posts = sketch.scenario.posts
    x, y = sketch.place([post.lon for post in posts], [post.lat for post in posts])
    taken: list[tuple[float, float]] = []
    for place in zip(x.tolist(), y.tolist(), strict=True):
        taken.append(_beside(place, taken))
    return {post.id: place for post, place in zip(posts, taken, strict=True)}


def _beside(place: tuple[float, float], taken: list[tuple[float, float]]) -> tuple[float, float]:
    others = np.array(taken).reshape(-1, 2)
    turns = np.radians((0, 90, 180, 270, 45, 135, 225, 315))
    steps = [(0.0, 0.0)]
    steps += [
        (r * np.cos(turn), r * np.sin(turn)) for r in (SHIFT_MM, 2 * SHIFT_MM) for turn in turns
    ]
    for across, up in steps:
        x, y = float(place[0] + across), float(place[1] + up)
        if not (np.hypot(others[:, 0] - x, others[:, 1] - y) < CLOSE_MM).any():
            return x, y
    return place


SHIFT_MM: Final = 2.3
CLOSE_MM: Final = 1.3
"""Posts nearer than this would hide each other [mm]."""


def _name_place(
    sketch: MapSketch, at: tuple[float, float], text: str, points: float, **style: Any
) -> None:
    text = sketch.page.shorten(text, points, 45.0)
    width, height = sketch.page.measure(text, points, style.get("weight", "normal"))
    near, far = (1.4, 2.2), (4.0, 6.0, 8.5)
    size = width + 0.6, height + 0.3
    box = sketch.room.place(boxes_around(*at, size, (*near, *far)))
    if box is None:
        return
    _set_in_box(sketch, box, text, points, zorder=6, **style)
    _lead(sketch, at, box)


def _lead(sketch: MapSketch, point: tuple[float, float], box: Box) -> None:
    x = min(max(point[0], box.left), box.right)
    y = min(max(point[1], box.bottom), box.top)
    if np.hypot(x - point[0], y - point[1]) > 3.2:
        sketch.page.axes.plot([point[0], x], [point[1], y], color=INK, lw=0.4, zorder=4.9)
