"""What every map of a line begins with: sheet, relief, posts, sites, kilometres and header."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from sarhad.border import describe_length
from sarhad.report.course import kilometre_marks, trace_course
from sarhad.report.furniture import draw_north_arrow, draw_scale_bar
from sarhad.report.names import MapSketch, label_mark, spread_posts
from sarhad.report.page import (
    A4_LANDSCAPE_MM,
    FAINT_INK,
    INK,
    MM_PER_POINT,
    PAPER,
    PICTURE_DPI,
    Box,
    LabelRoom,
    Page,
    clean_text,
    drawable_name,
)
from sarhad.report.relief import (
    BLANK_COLOUR,
    coarsen_heights,
    distance_from_line,
    paint_relief,
    shows_voids,
)
from sarhad.report.sheet import MARGIN_MM, lay_out_sheet
from sarhad.report.symbols import LINE_COLOUR, POST_SYMBOLS, SITE_SYMBOL, party_colours
from sarhad.scenario import Scenario
from sarhad.terrain import STAND_IN_NOTICE, Terrain

ILLUSTRATIVE_NOTICE: Final = "illustrative: posts and units are invented round numbers"

TITLE_POINTS: Final = (15.0, 13.5, 12.0, 10.5)
"""Sizes to try for the title of a map with a subject, best first [pt]."""

Floats = NDArray[np.float64]


def open_sketch(
    page: Page, scenario: Scenario, terrain: Terrain, attributions: Sequence[str]
) -> MapSketch:
    """Return the layout of a map that shows the line and all places, its sources written below."""
    border = scenario.border
    longitude, latitude = _degrees_of_places(scenario)
    east, north = terrain.grid.project(
        np.concatenate([border.longitude, longitude]), np.concatenate([border.latitude, latitude])
    )
    width = A4_LANDSCAPE_MM[0] - 2 * MARGIN_MM
    named = _credits(terrain, attributions)
    lines = page.wrap("Sources: " + " · ".join(named), 6, width) if named else []
    sheet = lay_out_sheet(east, north, footer_mm=2.7 * len(lines) + 1.0)
    for index, line in enumerate(lines):
        y = sheet.footer.top - 2.7 * (index + 1)
        page.write(sheet.footer.left, y, line, 6, color=FAINT_INK, gid=f"credits-{index}")
    course = trace_course(border, terrain.grid, sheet)
    room = LabelRoom(sheet.frame.grown(-0.8), np.column_stack([course.x_mm, course.y_mm]))
    return MapSketch(page, sheet, course, room, scenario, terrain)


def _credits(terrain: Terrain, attributions: Sequence[str]) -> list[str]:
    texts = (drawable_name(text, "") for text in [*attributions, terrain.credit])
    return list(dict.fromkeys(text for text in texts if text))


def draw_relief(sketch: MapSketch) -> bool:
    """Draw the relief into the frame and return whether it shows ground without a height."""
    sheet, course, axes = sketch.sheet, sketch.course, sketch.page.axes
    frame = sheet.frame
    (west, east), (south, north) = sheet.to_ground(
        np.array([frame.left, frame.right]), np.array([frame.bottom, frame.top])
    )
    extent = float(west), float(east), float(south), float(north)
    pixel_m = sheet.metres_per_mm * 25.4 / PICTURE_DPI
    coarse = coarsen_heights(sketch.terrain, extent, pixel_m)
    distance = distance_from_line(coarse, *sheet.to_ground(course.x_mm, course.y_mm))
    corridor_m = sketch.scenario.terrain.corridor_km * 1000.0
    heights_m = height_range(sketch.terrain) or (0.0, 1000.0)
    picture = paint_relief(coarse, distance, corridor_m, heights_m)
    (left, right), (bottom, top) = sheet.to_page(
        np.array(coarse.extent_m[:2]), np.array(coarse.extent_m[2:])
    )
    image = axes.imshow(
        picture,
        extent=(float(left), float(right), float(bottom), float(top)),
        interpolation="bilinear",
        aspect="auto",
        zorder=1,
    )
    sketch.page.clip(image, frame)
    axes.set_xlim(0.0, A4_LANDSCAPE_MM[0])
    axes.set_ylim(0.0, A4_LANDSCAPE_MM[1])
    ground = Rectangle((frame.left, frame.bottom), frame.width, frame.height)
    ground.set(facecolor=BLANK_COLOUR, lw=0, zorder=0.5)
    axes.add_patch(ground)
    edge = Rectangle((frame.left, frame.bottom), frame.width, frame.height)
    edge.set(facecolor="none", edgecolor=INK, lw=0.6, zorder=20)
    axes.add_patch(edge)
    return shows_voids(coarse, distance, corridor_m)


def height_range(terrain: Terrain) -> tuple[float, float] | None:
    """Return round heights between which the tints run [m]; None where no height is known."""
    # Every 16th cell each way finds the range to a tint's width, at any size.
    sample = terrain.tiles[:, ::16, ::16]
    known = sample[np.isfinite(sample)]
    if not known.size:
        return None
    low, high = np.percentile(known, (0.5, 99.5))
    return float(np.floor(low / 100) * 100), float(np.ceil(high / 500) * 500)


def draw_furniture(sketch: MapSketch) -> None:
    """Draw scale bar and north arrow."""
    page, sheet, grid = sketch.page, sketch.sheet, sketch.terrain.grid
    frame = sheet.frame
    # The emptiest corner, so that neither stands on the line nor on a post.
    x, y = sketch.place(*_degrees_of_places(sketch.scenario))
    x, y = np.concatenate([x, sketch.course.x_mm]), np.concatenate([y, sketch.course.y_mm])
    corners = [
        Box(left, bottom, left + 82.0, bottom + 15.0)
        for bottom in (frame.bottom, frame.top - 15.0)
        for left in (frame.left, frame.right - 82.0)
    ]
    covered = [
        int(((x > b.left) & (x < b.right) & (y > b.bottom) & (y < b.top)).sum()) for b in corners
    ]
    corner = corners[int(np.argmin(covered))]
    bar = draw_scale_bar(page, sheet, (corner.left + 15.0, corner.bottom + 5.0))
    arrow = draw_north_arrow(page, sheet, grid, (corner.left + 7.0, corner.bottom + 7.5))
    sketch.room.reserve([bar, arrow])


def _degrees_of_places(scenario: Scenario) -> tuple[list[float], list[float]]:
    posts, sites = scenario.posts, scenario.sites
    longitude = [post.lon for post in posts] + [site.lon for site in sites]
    return longitude, [post.lat for post in posts] + [site.lat for site in sites]


def draw_kilometre_marks(sketch: MapSketch) -> None:
    """Draw the marks along the line and their kilometres."""
    course, page = sketch.course, sketch.page
    length_mm = float(np.hypot(np.diff(course.x_mm), np.diff(course.y_mm)).sum())
    marks = kilometre_marks(sketch.scenario.border.length_m / 1000.0, length_mm)
    # The bold ones choose their place first.
    for kilometre, major in sorted(marks, key=lambda mark: not mark[1]):
        x, y = course.at(kilometre * 1000.0)
        east, north = course.own_normal(kilometre * 1000.0)
        reach = 1.3 if major else 0.9
        page.axes.plot(
            [x - east * reach, x + east * reach],
            [y - north * reach, y + north * reach],
            color=LINE_COLOUR,
            lw=1.2 if major else 0.8,
            solid_capstyle="butt",
            zorder=4.2,
            gid=f"mark-{kilometre:g}",
        )
        label_mark(sketch, f"{kilometre:g}", (x, y), (east, north), major)


def draw_sites(sketch: MapSketch) -> None:
    """Draw the civil sites, as rings."""
    sites = sketch.scenario.sites
    x, y = sketch.place([site.lon for site in sites], [site.lat for site in sites])
    for site, east, north in zip(sites, x, y, strict=True):
        sketch.page.axes.plot(
            [east],
            [north],
            SITE_SYMBOL.marker,
            ms=SITE_SYMBOL.points,
            mfc="none",
            mec=INK,
            mew=0.9,
            zorder=5,
            gid=f"site-{site.id}",
        )
    sketch.room.reserve(_marker_boxes(x, y, [SITE_SYMBOL.points] * len(sites)))


def draw_posts(sketch: MapSketch) -> None:
    """Draw the posts, shaped by their kind and coloured by their party."""
    colours = party_colours(sketch.scenario.parties)
    places = spread_posts(sketch)
    # Large shapes first: a post beside a base stays in sight.
    posts = sorted(sketch.scenario.posts, key=lambda post: -POST_SYMBOLS[post.kind].points)
    for post in posts:
        symbol, (x, y) = POST_SYMBOLS[post.kind], places[post.id]
        (true_x,), (true_y,) = sketch.place([post.lon], [post.lat])
        if np.hypot(true_x - x, true_y - y) > 0.1:
            sketch.page.axes.plot([true_x, x], [true_y, y], color=INK, lw=0.5, zorder=5.4)
        sketch.page.axes.plot(
            [x],
            [y],
            symbol.marker,
            ms=symbol.points,
            mfc=colours[post.party],
            mec=PAPER,
            mew=0.6,
            zorder=5.5,
            gid=f"post-{post.id}",
        )
    x_all = np.array([places[post.id][0] for post in posts])
    y_all = np.array([places[post.id][1] for post in posts])
    sizes = [POST_SYMBOLS[post.kind].points for post in posts]
    sketch.room.reserve(_marker_boxes(x_all, y_all, sizes))


def _marker_boxes(x: Floats, y: Floats, points: Sequence[float]) -> list[Box]:
    half = [size * MM_PER_POINT / 2 for size in points]
    return [
        Box(float(a) - h, float(b) - h, float(a) + h, float(b) + h)
        for a, b, h in zip(x, y, half, strict=True)
    ]


def draw_header(sketch: MapSketch, facts: str, subject: str = "") -> None:
    """Write title, facts and notices over the map.

    Parameters
    ----------
    sketch : MapSketch
        The map.
    facts : str
        The line below the title.
    subject : str
        What the map shows, behind the title of the scenario.
    """
    scenario = sketch.scenario
    notices = [ILLUSTRATIVE_NOTICE] if scenario.illustrative else []
    notices += [STAND_IN_NOTICE] if sketch.terrain.stand_in else []
    title = drawable_name(scenario.title, scenario.name) + (f": {subject}" if subject else "")
    draw_title(sketch.page, title, facts, notices, shrink=bool(subject))


def draw_title(
    page: Page, title: str, facts: str, notices: Sequence[str], *, shrink: bool = True
) -> None:
    """Write a title, a line of facts and, on yellow plates, the notices at the head of a page.

    Parameters
    ----------
    page : Page
        The sheet, A4 landscape.
    title, facts : str
        The two lines at the left.
    notices : sequence of str
        What has to be known, one below the other at the right.
    shrink : bool
        Set a long title smaller, instead of cutting it at once.
    """
    top = A4_LANDSCAPE_MM[1] - MARGIN_MM
    right = A4_LANDSCAPE_MM[0] - MARGIN_MM
    left_of_notices = right
    for index, notice in enumerate(notices):
        width = page.measure(notice, 7.5, "bold")[0] + 4.0
        left_of_notices = min(left_of_notices, right - width)
        _post_notice(
            page, Box(right - width, top - 5.0 - 5.6 * index, right, top - 5.6 * index), notice
        )
    room = left_of_notices - MARGIN_MM - 4.0
    points = _title_points(page, title, room * 0.98) if shrink else TITLE_POINTS[0]
    title = page.shorten(title, points, room * 0.93)
    page.write(MARGIN_MM, top - 5.2, title, points, weight="bold", gid="title")
    page.write(
        MARGIN_MM, top - 10.4, page.shorten(facts, 8.5, room), 8.5, color=FAINT_INK, gid="length"
    )


def _post_notice(page: Page, box: Box, notice: str) -> None:
    plate = Rectangle((box.left, box.bottom), box.width, box.height)
    plate.set(facecolor="#FFE68A", edgecolor=INK, lw=0.6, zorder=9)
    page.axes.add_patch(plate)
    page.write(
        (box.left + box.right) / 2,
        (box.bottom + box.top) / 2,
        clean_text(notice),
        7.5,
        weight="bold",
        ha="center",
        va="center_baseline",
        zorder=10,
        gid="notice",
    )


def _title_points(page: Page, title: str, width_mm: float) -> float:
    """Return the largest size in which a title fits [pt], the smallest where none does."""
    fitting = (size for size in TITLE_POINTS if page.measure(title, size, "bold")[0] <= width_mm)
    return next(fitting, TITLE_POINTS[-1])


def describe_line(scenario: Scenario) -> str:
    """Return the length of a scenario's line with the tolerance that it holds for."""
    border = scenario.border
    return f"Length {describe_length(border.length_m, border.tolerance_m)} on WGS 84"


def split_panel(panel: Box) -> tuple[Box, Box]:
    """Return the room of the legend and that of the chart: side by side, or one above the other."""
    if panel.width > 2 * panel.height:
        split = panel.left + 0.41 * panel.width
        return (
            Box(panel.left, panel.bottom, split - 4.0, panel.top),
            Box(split + 4.0, panel.bottom, panel.right, panel.top),
        )
    return (
        Box(panel.left, panel.bottom + 60.0, panel.right, panel.top),
        Box(panel.left, panel.bottom, panel.right, panel.bottom + 52.0),
    )
