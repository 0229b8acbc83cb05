"""Where things go on the sheet: the frame of the map, its scale, and the panel beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.report.page import A4_LANDSCAPE_MM, Box

Floats = NDArray[np.float64]

MARGIN_MM: Final = 8.0
HEADER_MM: Final = 14.0
TICK_ROOM_MM: Final = 4.0
"""Between the frame and what lies outside it: the room of the degree labels [mm]."""

BOTTOM_PANEL_MM: Final = 46.0
SIDE_PANEL_MM: Final = 78.0
PADDING: Final = 0.025
"""Free room between what must be seen and the frame, as a share of the larger extent [1]."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The map's frame on the page and its scale; projected metres become millimetres."""

    frame: Box
    panel: Box
    footer: Box
    west_m: float
    south_m: float
    metres_per_mm: float

    def to_page(self, east_m: Floats, north_m: Floats) -> tuple[Floats, Floats]:
        """Return where projected points [m] lie on the page [mm]."""
        x = self.frame.left + (np.asarray(east_m) - self.west_m) / self.metres_per_mm
        y = self.frame.bottom + (np.asarray(north_m) - self.south_m) / self.metres_per_mm
        return x, y

    def to_ground(self, x_mm: Floats, y_mm: Floats) -> tuple[Floats, Floats]:
        """Return the projected points [m] that lie there on the page [mm]."""
        east = self.west_m + (np.asarray(x_mm) - self.frame.left) * self.metres_per_mm
        north = self.south_m + (np.asarray(y_mm) - self.frame.bottom) * self.metres_per_mm
        return east, north


def lay_out_sheet(east_m: Floats, north_m: Floats, footer_mm: float) -> Sheet:
    """Return the layout that shows all the points at the larger scale: panel below or beside.

    Parameters
    ----------
    east_m, north_m : (n,) arrays
        Projected points that must lie in the frame [m].
    footer_mm : float
        Height that the attribution takes at the foot of the page [mm].
    """
    width, height = A4_LANDSCAPE_MM
    footer = Box(MARGIN_MM, MARGIN_MM - 2.0, width - MARGIN_MM, MARGIN_MM - 2.0 + footer_mm)
    left, right = MARGIN_MM + TICK_ROOM_MM, width - MARGIN_MM
    top, bottom = height - MARGIN_MM - HEADER_MM, footer.top + 2.0
    below = _fit(
        Box(left, bottom + BOTTOM_PANEL_MM + TICK_ROOM_MM, right, top),
        Box(MARGIN_MM, bottom, right, bottom + BOTTOM_PANEL_MM - 1.0),
        footer,
        (east_m, north_m),
    )
    beside = _fit(
        Box(left, bottom + TICK_ROOM_MM, right - SIDE_PANEL_MM, top),
        Box(right - SIDE_PANEL_MM + 5.0, bottom, right, top),
        footer,
        (east_m, north_m),
    )
    return below if below.metres_per_mm <= beside.metres_per_mm else beside


def _fit(frame: Box, panel: Box, footer: Box, points_m: tuple[Floats, Floats]) -> Sheet:
    east, north = points_m
    middle = (east.min() + east.max()) / 2, (north.min() + north.max()) / 2
    padding = 2 * PADDING * max(np.ptp(east), np.ptp(north), 1000.0)
    metres_per_mm = max(
        (np.ptp(east) + padding) / frame.width, (np.ptp(north) + padding) / frame.height
    )
    return Sheet(
        frame,
        panel,
        footer,
        float(middle[0] - frame.width / 2 * metres_per_mm),
        float(middle[1] - frame.height / 2 * metres_per_mm),
        float(metres_per_mm),
    )
