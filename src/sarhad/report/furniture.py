"""What every map carries beside its content: graticule, north arrow, scale bar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.grid import Grid
from sarhad.report.page import FAINT_INK, INK, PAPER, Box, Page
from sarhad.report.sheet import Sheet

Floats = NDArray[np.float64]

STEPS_DEG: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
BAR_LENGTHS_KM: Final = tuple(digit * 10.0**power for power in range(-1, 4) for digit in (1, 2, 5))


@dataclass(frozen=True, slots=True)
class Meridians:
    """The degrees that a map shows; longitude runs on across the antimeridian."""

    west: float
    east: float
    south: float
    north: float
    step: float

    def longitudes(self) -> Floats:
        """Return the meridians to draw [degrees]."""
        return np.arange(np.ceil(self.west / self.step), self.east / self.step + 1e-9) * self.step

    def latitudes(self) -> Floats:
        """Return the parallels to draw [degrees]."""
        first = np.ceil(self.south / self.step)
        return np.arange(first, self.north / self.step + 1e-9) * self.step


def draw_graticule(page: Page, sheet: Sheet, grid: Grid) -> None:
    """Draw meridians and parallels in the frame and their degrees along its edges."""
    degrees = _visible_degrees(sheet, grid)
    # A little beyond, for an arc that begins right on the edge does not cross it.
    beyond = degrees.step / 20
    along_lon = np.linspace(degrees.west - beyond, degrees.east + beyond, 200)
    along_lat = np.clip(
        np.linspace(degrees.south - beyond, degrees.north + beyond, 200), -90.0, 90.0
    )
    frame = sheet.frame
    for longitude in degrees.longitudes():
        x, y = sheet.to_page(*grid.project(np.full(200, longitude), along_lat))
        _draw_arc(page, sheet, x, y)
        for cut in _crossings(y, x, frame.bottom, frame.left, frame.right):
            page.write(
                cut,
                frame.bottom - 1.0,
                _name_degrees(longitude, "E", "W"),
                6,
                ha="center",
                va="top",
                color=FAINT_INK,
            )
    for latitude in degrees.latitudes():
        x, y = sheet.to_page(*grid.project(along_lon, np.full(200, latitude)))
        _draw_arc(page, sheet, x, y)
        for cut in _crossings(x, y, frame.left, frame.bottom, frame.top):
            page.write(
                frame.left - 1.0,
                cut,
                _name_degrees(latitude, "N", "S"),
                6,
                ha="right",
                va="center",
                rotation=90,
                color=FAINT_INK,
            )


def _visible_degrees(sheet: Sheet, grid: Grid) -> Meridians:
    frame = sheet.frame
    x, y = np.meshgrid(
        np.linspace(frame.left, frame.right, 25), np.linspace(frame.bottom, frame.top, 25)
    )
    longitude, latitude = grid.unproject(*sheet.to_ground(x.ravel(), y.ravel()))
    # Around the middle of the map, so that 180 degrees are no break.
    middle = longitude[len(longitude) // 2]
    longitude = (longitude - middle + 180.0) % 360.0 - 180.0 + middle
    span = max(np.ptp(latitude), np.ptp(longitude) / 2)
    step = next((step for step in STEPS_DEG if span / step <= 5), STEPS_DEG[-1])
    return Meridians(
        float(longitude.min()),
        float(longitude.max()),
        float(latitude.min()),
        float(latitude.max()),
        step,
    )


def _draw_arc(page: Page, sheet: Sheet, x: Floats, y: Floats) -> None:
    (arc,) = page.axes.plot(x, y, color="#4a5a6a", lw=0.3, alpha=0.45, zorder=2)
    page.clip(arc, sheet.frame)


def _crossings(
    across: Floats, along: Floats, edge: float, first: float, last: float
) -> Iterator[float]:
    beyond = across - edge
    for i in np.flatnonzero(beyond[:-1] * beyond[1:] < 0):
        share = beyond[i] / (beyond[i] - beyond[i + 1])
        cut = float(along[i] + share * (along[i + 1] - along[i]))
        if first + 3.0 < cut < last - 3.0:
            yield cut


def _name_degrees(degrees: float, positive: str, negative: str) -> str:
    if positive == "E":
        degrees = (degrees + 180.0) % 360.0 - 180.0
    degrees = round(degrees, 2)
    # Neither the first meridian nor the last is east or west.
    letter = "" if degrees in (0, -180) else positive if degrees > 0 else negative
    return f"{abs(degrees):.2f}".rstrip("0").rstrip(".") + "°" + letter


def bar_length_km(metres_per_mm: float, longest_mm: float) -> float:
    """Return the longest round length that fits into a scale bar [km]."""
    fitting = [length for length in BAR_LENGTHS_KM if length * 1000.0 / metres_per_mm <= longest_mm]
    return fitting[-1] if fitting else BAR_LENGTHS_KM[0]


def draw_scale_bar(page: Page, sheet: Sheet, corner: tuple[float, float]) -> Box:
    """Draw a scale bar with its lower left end there [mm] and return the room that it takes."""
    x, y = corner
    length = bar_length_km(sheet.metres_per_mm, 48.0)
    full = length * 1000.0 / sheet.metres_per_mm
    box = Box(x - 2.0, y - 1.6, x + full + 8.0, y + 5.6)
    page.plate(box)
    page.axes.plot(
        [x, x + full], [y, y], color=INK, lw=2.6, solid_capstyle="butt", zorder=9, gid="scale-bar"
    )
    page.axes.plot(
        [x + full / 2, x + full - 0.15],
        [y, y],
        color=PAPER,
        lw=1.5,
        solid_capstyle="butt",
        zorder=9,
    )
    for share in (0.0, 0.5, 1.0):
        unit = " km" if share == 1.0 else ""
        page.write(
            x + share * full, y + 1.5, f"{length * share:g}{unit}", 6.5, ha="center", zorder=9
        )
    return box


def draw_north_arrow(page: Page, sheet: Sheet, grid: Grid, centre: tuple[float, float]) -> Box:
    """Draw an arrow to true north around that point [mm] and return the room that it takes."""
    x, y = centre
    east, north = north_direction(sheet, grid, centre)
    box = Box(x - 4.0, y - 5.5, x + 4.0, y + 6.5)
    page.plate(box)
    tip, tail = np.array([east, north]), np.array([-east, -north])
    side = np.array([north, -east])
    for hand, colour in ((1.0, INK), (-1.0, PAPER)):
        corners = np.array([tip * 3.4, tail * 4.2 + hand * side * 2.0, tail * 2.8])
        page.axes.fill(
            x + corners[:, 0],
            y - 0.6 + corners[:, 1],
            facecolor=colour,
            edgecolor=INK,
            lw=0.5,
            zorder=9,
        )
    page.write(
        x + east * 4.6,
        y - 0.6 + north * 4.6,
        "N",
        7,
        ha="center",
        va="center",
        weight="bold",
        zorder=9,
    )
    return box


def north_direction(sheet: Sheet, grid: Grid, at_mm: tuple[float, float]) -> tuple[float, float]:
    """Return the unit vector on the page that points to true north from there."""
    longitude, latitude = grid.unproject(*sheet.to_ground(np.array(at_mm[:1]), np.array(at_mm[1:])))
    # Towards the pole by a thousandth of a degree, from either side of it.
    step = np.where(latitude < 89.9, 1e-3, -1e-3)
    x, y = sheet.to_page(*grid.project(longitude, latitude + step))
    vector = np.sign(step[0]) * np.array([x[0] - at_mm[0], y[0] - at_mm[1]])
    east, north = vector / np.hypot(*vector)
    return float(east), float(north)
