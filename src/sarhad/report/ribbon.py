"""The line as a ribbon in classes, on the map and in the chart below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from sarhad.report.legend import Entry, Sample
from sarhad.report.names import MapSketch
from sarhad.report.page import FAINT_INK, INK, PAPER, Box, Page
from sarhad.report.profile import draw_distances, draw_sector_band
from sarhad.scenario import Scenario
from sarhad.units import METRES_PER_KILOMETRE
from sarhad.visibility.watch import stretches

Floats = NDArray[np.float64]
Classes = NDArray[np.int64]

RAMP: Final = ("#c9e3f2", "#85bbe0", "#4489c6", "#1f5a9d", "#0a2a5e")
"""Weak to strong, one hue growing darker: its order holds for every eye and in grey."""

NOTHING_COLOUR: Final = "#D55E00"
"""Nobody, never: far from blue for the colour-blind (Okabe and Ito 2008)."""

RIBBON_POINTS: Final = 4.2
SECTOR_BAND_MM: Final = 4.6
STRIP_MM: Final = 3.6
SWATCH_MM: Final = 2.6


@dataclass(frozen=True, slots=True)
class Class:
    """One class of a ribbon: its words in the legend and its colour.

    `nothing` marks the class that must not be overlooked: a white thread runs through it, so that
    it stands out without colours as well.
    """

    words: str
    colour: str
    nothing: bool = False


def draw_ribbon(
    sketch: MapSketch, classes: Sequence[Class], of_cell: Classes, edges_m: Floats, name: str
) -> None:
    """Draw the line of a map as a ribbon, each border cell in the colour of its class.

    Parameters
    ----------
    sketch : MapSketch
        The map.
    classes : sequence of Class
        What the numbers mean.
    of_cell : ndarray of int64, shape (cells,)
        Class of each cell.
    edges_m : ndarray, shape (cells + 1,)
        Chainage of the cells' edges [m].
    name : str
        Names the parts in the SVG: name-0, name-1 ...
    """
    course = sketch.course
    x, y = course.x_mm, course.y_mm
    (casing,) = sketch.page.axes.plot(x, y, color=INK, lw=RIBBON_POINTS + 1.4, zorder=3.9)
    casing.set(solid_capstyle="butt", solid_joinstyle="round", gid="border")
    for number, look in enumerate(classes):
        parts = [_part(sketch, *ends_km) for ends_km in stretches(of_cell == number, edges_m)]
        if not parts:
            continue
        ribbon = LineCollection(parts, colors=[look.colour], lw=RIBBON_POINTS, zorder=4.0)
        ribbon.set(capstyle="butt", joinstyle="round", gid=f"{name}-{number}")
        sketch.page.axes.add_collection(ribbon, autolim=False)
        if look.nothing:
            thread = LineCollection(parts, colors=[PAPER], lw=1.1, zorder=4.05)
            sketch.page.axes.add_collection(thread, autolim=False)


def _part(sketch: MapSketch, start_km: float, end_km: float) -> Floats:
    course = sketch.course
    start_m, end_m = start_km * METRES_PER_KILOMETRE, end_km * METRES_PER_KILOMETRE
    between = (course.chainage_m > start_m) & (course.chainage_m < end_m)
    inner = np.column_stack([course.x_mm[between], course.y_mm[between]])
    return np.concatenate([[course.at(start_m)], inner, [course.at(end_m)]])


def class_entries(classes: Sequence[Class], km: Sequence[float]) -> list[Entry]:
    """Return the legend of a ribbon, with the length of the line in each class [km]."""
    return [
        Entry(_ribbon_sample(look), f"{look.words} ({length:,.0f} km)")
        for look, length in zip(classes, km, strict=True)
    ]


def _ribbon_sample(look: Class) -> Sample:
    def sample(page: Page, x: float, y: float) -> None:
        ends = [x - 3, x + 3], [y, y]
        page.axes.plot(*ends, color=INK, lw=RIBBON_POINTS + 1.4, solid_capstyle="butt")
        page.axes.plot(*ends, color=look.colour, lw=RIBBON_POINTS, solid_capstyle="butt")
        if look.nothing:
            page.axes.plot(*ends, color=PAPER, lw=1.1, solid_capstyle="butt")

    return sample


@dataclass(frozen=True, slots=True)
class Strip:
    """A band of the chart: what it shows, its classes, and the class of each border cell."""

    title: str
    classes: Sequence[Class]
    of_cell: Classes


def chart_box(box: Box, scenario: Scenario, strips: int) -> Box:
    """Return the room of the curve in a chart of a curve over strips, sectors and kilometres."""
    band = SECTOR_BAND_MM if scenario.sectors else 0.0
    bottom = box.bottom + 4.0 + band + strips * STRIP_MM + 1.0
    return Box(box.left + 17.0, bottom, box.right - 2.0, box.top - 5.5)


def draw_strips(page: Page, plot: Box, scenario: Scenario, strips: Sequence[Strip]) -> None:
    """Draw strips below the curve of a chart, then the sectors and the kilometres."""
    top = plot.bottom - 1.0
    for strip in strips:
        picture = np.array([to_rgb(look.colour) for look in strip.classes])[strip.of_cell]
        frame = Box(plot.left, top - STRIP_MM + 0.5, plot.right, top)
        extent = (frame.left, frame.right, frame.bottom, frame.top)
        # `imshow` would move the limits of the page.
        limits = page.axes.get_xlim(), page.axes.get_ylim()
        page.axes.imshow(
            picture[np.newaxis], extent=extent, aspect="auto", interpolation="nearest", zorder=2
        )
        page.axes.set(xlim=limits[0], ylim=limits[1])
        edge = Rectangle((frame.left, frame.bottom), frame.width, frame.height)
        edge.set(facecolor="none", edgecolor=INK, lw=0.4, zorder=3)
        page.axes.add_patch(edge)
        middle = (frame.bottom + frame.top) / 2
        page.write(plot.left - 1.0, middle, strip.title, 6, ha="right", va="center_baseline")
        top -= STRIP_MM
    band = SECTOR_BAND_MM if scenario.sectors else 0.0
    below = Box(plot.left, top, plot.right, plot.top)
    if scenario.sectors:
        draw_sector_band(page, below, scenario, band)
    draw_distances(page, below, scenario.border.length_m / 1000.0, band)


def draw_scale(page: Page, plot: Box, marks: Sequence[tuple[float, str]]) -> None:
    """Draw the lines of a chart at shares of its height, each with its words."""
    for share, words in marks:
        y = plot.bottom + share * plot.height
        page.axes.plot([plot.left, plot.right], [y, y], color="#c9ccd1", lw=0.4, zorder=1)
        page.write(plot.left - 1.0, y, words, 6, ha="right", va="center", color=FAINT_INK)


def draw_chart_head(page: Page, box: Box, title: str, lead: str, classes: Sequence[Class]) -> None:
    """Write the title of a chart and the classes of its strips, on one line where there is room."""
    page.write(box.left, box.top - 3.0, title, 7, weight="bold")
    right, y = box.right - 2.0, box.top - 2.2
    words = [page.measure(look.words, 6)[0] for look in classes]
    width = sum(words) + len(classes) * (SWATCH_MM + 3.0) + page.measure(lead, 6)[0]
    if width + page.measure(title, 7, "bold")[0] + 4.0 > box.width:
        y += 4.2
    for look, length in zip(reversed(classes), reversed(words), strict=True):
        right -= length
        page.write(right, y, look.words, 6, va="center_baseline")
        right -= SWATCH_MM + 0.8
        swatch = Rectangle((right, y - 1.0), SWATCH_MM, 2.0)
        swatch.set(facecolor=look.colour, edgecolor=INK, lw=0.3)
        page.axes.add_patch(swatch)
        right -= 2.2
    if lead and right - page.measure(lead, 6)[0] < box.left:
        page.write(box.left, y + 3.6, lead, 6, va="center_baseline")
    else:
        page.write(right, y, lead, 6, va="center_baseline", ha="right")


def stepped(plot: Box, values: Floats, edges_m: Floats) -> tuple[Floats, Floats]:
    """Return the steps of values per cell across a chart [mm]; values are shares of its height."""
    x = plot.left + edges_m / edges_m[-1] * plot.width
    return np.repeat(x, 2)[1:-1], plot.bottom + np.repeat(values, 2) * plot.height
