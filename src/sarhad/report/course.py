"""The line on the page: its points, its directions and where its kilometre marks stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.border import Border, place_at
from sarhad.grid import Grid
from sarhad.report.sheet import Sheet

Floats = NDArray[np.float64]

STEP_MM: Final = 0.2
"""Least spacing of points along the line on the page, finer than its stroke [mm]."""

MARK_STEPS_KM: Final = (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
MARK_MAJORS_KM: Final = (5, 5, 10, 10, 50, 100, 100, 500, 1000, 1000, 5000)
LEAST_MARK_GAP_MM: Final = 12.0


@dataclass(frozen=True, slots=True)
class Course:
    """Points of the line on the page, dense and in walking order.

    Attributes
    ----------
    x_mm, y_mm : (n,) arrays
        The points [mm].
    chainage_m : (n,) array
        Their distance along the line [m].
    own_hand : float
        +1 where the own side lies to the left of the walking direction, -1 to the right.
    """

    x_mm: Floats
    y_mm: Floats
    chainage_m: Floats
    own_hand: float

    def at(self, chainage_m: float) -> tuple[float, float]:
        """Return the point of the line there [mm]."""
        return (
            float(np.interp(chainage_m, self.chainage_m, self.x_mm)),
            float(np.interp(chainage_m, self.chainage_m, self.y_mm)),
        )

    def own_normal(self, chainage_m: float, smooth_mm: float = 1.5) -> tuple[float, float]:
        """Return the unit vector across the line to the own side, bends smoothed over."""
        step_m = float(self.chainage_m[-1]) / max(len(self.chainage_m) - 1, 1)
        reach = max(1, round(smooth_mm / STEP_MM)) * step_m
        (x0, y0), (x1, y1) = self.at(chainage_m - reach), self.at(chainage_m + reach)
        length = float(np.hypot(x1 - x0, y1 - y0))
        if length == 0.0:
            return 0.0, 1.0
        return -self.own_hand * (y1 - y0) / length, self.own_hand * (x1 - x0) / length

    def is_own_side(self, x_mm: Floats, y_mm: Floats) -> NDArray[np.bool_]:
        """Return whether points of the page lie on the own side of the nearest stretch [mm]."""
        away = np.hypot(x_mm[:, np.newaxis] - self.x_mm, y_mm[:, np.newaxis] - self.y_mm)
        nearest = np.argmin(away, axis=1)
        normals = np.array([self.own_normal(c, 6.0) for c in self.chainage_m[nearest]])
        across = (x_mm - self.x_mm[nearest]) * normals[:, 0]
        result: NDArray[np.bool_] = across + (y_mm - self.y_mm[nearest]) * normals[:, 1] > 0
        return result


def trace_course(border: Border, grid: Grid, sheet: Sheet) -> Course:
    """Return the line as it runs over the page."""
    spacing_m = STEP_MM * sheet.metres_per_mm
    count = max(2, int(np.ceil(border.length_m / spacing_m)) + 1)
    chainage = np.linspace(0.0, border.length_m, count)
    x, y = sheet.to_page(*grid.project(*place_at(border, chainage)))
    return Course(x, y, chainage, 1.0 if border.own_side == "left" else -1.0)


def mark_interval_km(length_km: float, length_mm: float) -> tuple[float, float]:
    """Return the distance between kilometre marks, and between those set in bold [km].

    Parameters
    ----------
    length_km : float
        Length of the line [km].
    length_mm : float
        Length of the line on the page [mm].
    """
    for step, major in zip(MARK_STEPS_KM, MARK_MAJORS_KM, strict=True):
        if step / length_km * length_mm >= LEAST_MARK_GAP_MM:
            return float(step), float(major)
    return float(MARK_STEPS_KM[-1]), float(MARK_MAJORS_KM[-1])


def kilometre_marks(length_km: float, length_mm: float) -> list[tuple[float, bool]]:
    """Return the chainage of each mark [km] and whether it is set in bold; 0 is the first."""
    step, major = mark_interval_km(length_km, length_mm)
    marks = [index * step for index in range(int(length_km // step) + 1)]
    return [(mark, mark % major == 0) for mark in marks]
