"""The profile of a line: heights, sectors and incidents against the distance along it."""

from __future__ import annotations

from typing import Final

import numpy as np
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from sarhad.border import place_at
from sarhad.report.course import kilometre_marks
from sarhad.report.page import FAINT_INK, INK, Box, Page, drawable_name
from sarhad.report.symbols import SECTOR_COLOURS
from sarhad.scenario import Scenario
from sarhad.terrain import Terrain, elevation_at

POINTS_PER_MM: Final = 4
HEIGHT_STEPS_M: Final = (50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0)


def draw_profile(page: Page, box: Box, scenario: Scenario, terrain: Terrain) -> None:
    """Draw the height of the ground along the line, with its sectors, into a box [mm]."""
    page.write(box.left, box.top - 3.0, "Height of the ground along the line [m]", 7, weight="bold")
    band = 4.6 if scenario.sectors else 0.0
    plot = Box(box.left + 8.0, box.bottom + 4.0 + band, box.right - 2.0, box.top - 5.5)
    length_m = scenario.border.length_m
    chainage = np.linspace(0.0, length_m, int(plot.width * POINTS_PER_MM))
    place = terrain.grid.project(*place_at(scenario.border, chainage))
    height = elevation_at(terrain, *place).astype(np.float64)
    x = plot.left + chainage / length_m * plot.width
    low, high, step = _height_axis(height)
    y = plot.bottom + (height - low) / (high - low) * plot.height
    _draw_height_lines(page, plot, (low, high, step))
    page.axes.fill_between(
        x, plot.bottom, y, where=np.isfinite(y).tolist(), color="#cdb99b", lw=0, zorder=2
    )
    page.axes.plot(x, y, color="#4d3b25", lw=0.8, zorder=3, gid="profile")
    if scenario.sectors:
        draw_sector_band(page, plot, scenario, band)
    draw_distances(page, plot, length_m / 1000.0, band)


def _height_axis(height: NDArray[np.float64]) -> tuple[float, float, float]:
    known = height[np.isfinite(height)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1000.0)
    step = next((s for s in HEIGHT_STEPS_M if (high - low) / s <= 4), HEIGHT_STEPS_M[-1])
    bottom = np.floor(low / step) * step
    return float(bottom), float(max(np.ceil(high / step) * step, bottom + step)), step


def _draw_height_lines(page: Page, plot: Box, axis: tuple[float, float, float]) -> None:
    low, high, step = axis
    for height in np.arange(low, high + step / 2, step):
        y = plot.bottom + (height - low) / (high - low) * plot.height
        page.axes.plot([plot.left, plot.right], [y, y], color="#c9ccd1", lw=0.4, zorder=1)
        page.write(
            plot.left - 1.0, y, f"{height:,.0f}", 6, ha="right", va="center", color=FAINT_INK
        )


def draw_sector_band(page: Page, plot: Box, scenario: Scenario, band: float) -> None:
    """Draw the sectors with their names as a band below a chart along the line [mm]."""
    length_km = scenario.border.length_m / 1000.0
    for index, sector in enumerate(scenario.sectors):
        left = plot.left + min(sector.from_km / length_km, 1.0) * plot.width
        right = plot.left + min(sector.to_km / length_km, 1.0) * plot.width
        bar = Rectangle((left, plot.bottom - band + 0.4), right - left, band - 0.8)
        bar.set(facecolor=SECTOR_COLOURS[index % 2], alpha=0.38, lw=0, zorder=2)
        page.axes.add_patch(bar)
        text = page.shorten(drawable_name(sector.name, sector.id), 6, right - left - 1.0)
        if text.endswith("…") and len(text) < 6:
            continue
        page.write(
            (left + right) / 2,
            plot.bottom - band / 2,
            text,
            6,
            ha="center",
            va="center_baseline",
            zorder=3,
        )


def draw_distances(page: Page, plot: Box, length_km: float, band: float) -> None:
    """Draw the kilometres of the line below a chart and its band [mm]."""
    bottom = plot.bottom - band
    page.axes.plot([plot.left, plot.right], [bottom, bottom], color=INK, lw=0.6)
    for kilometre, major in kilometre_marks(length_km, plot.width):
        x = plot.left + kilometre / length_km * plot.width
        page.axes.plot([x, x], [bottom, bottom - (1.0 if major else 0.6)], color=INK, lw=0.5)
        page.write(x, bottom - 3.4, f"{kilometre:g}", 6, ha="center", color=FAINT_INK)
    page.write(plot.right + 1.0, bottom + 0.4, "km", 6, color=FAINT_INK)
