"""How fast people, horses and vehicles go by slope: seconds per metre, and what closes a cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarhad.mobility.land import Land
from sarhad.scenario import Movement
from sarhad.units import METRES_PER_KILOMETRE, SECONDS_PER_HOUR

Floats = NDArray[np.float64]
Kind = Literal["foot", "horse", "vehicle"]

KINDS: Final[tuple[Kind, ...]] = ("foot", "horse", "vehicle")

HORSE_FACTOR: Final = 1.25
"""Speed on horseback as a share of that on foot; Tobler (1993)."""

FLAT_KM_H: Final = 6.0 * float(np.exp(-3.5 * 0.05))
"""Tobler's speed on flat ground [km/h]: 5.037."""

SLOWEST_SHARE: Final = 0.2
"""Vehicles keep this share of their speed on any slope that they may drive at all."""


def tobler_km_h(slope: ArrayLike) -> Floats:
    """Return Tobler's walking speed on a path [km/h], greatest at a slope of -0.05.

    Parameters
    ----------
    slope : array_like
        Rise over run in the direction of walking [1].

    References
    ----------
    Tobler, W. (1993), Three presentations on geographical analysis and modeling, NCGIA technical
    report 93-1: W = 6 exp(-3.5 |S + 0.05|).
    """
    return np.asarray(6.0 * np.exp(-3.5 * np.abs(np.asarray(slope, np.float64) + 0.05)))


@dataclass(frozen=True, slots=True)
class Pace:
    """How one kind of mover goes.

    Attributes
    ----------
    kind : str
        foot, horse or vehicle.
    flat_km_h : float
        Speed on flat ground, on a path or road [km/h].
    steepest_slope : float
        Slope from which a vehicle keeps the least share of its speed [1].
    """

    kind: Kind
    flat_km_h: float
    steepest_slope: float = 0.3

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"a pace is that of {', '.join(KINDS)}, not of {self.kind!r}")
        if not 0 < self.flat_km_h < np.inf:
            raise ValueError(f"flat_km_h is finite and above zero, not {self.flat_km_h}")
        if not 0 < self.steepest_slope < np.inf:
            raise ValueError("steepest_slope is finite and above zero")

    def seconds_per_metre(self, slope: ArrayLike) -> Floats:
        """Return the time over a metre of the map, on a path or road [s/m], by slope [1]."""
        tangent = np.asarray(slope, np.float64)
        if self.kind == "vehicle":
            share = np.maximum(1 - np.abs(tangent) / self.steepest_slope, SLOWEST_SHARE)
        else:
            share = tobler_km_h(tangent) / FLAT_KM_H
        metres_per_second = self.flat_km_h * METRES_PER_KILOMETRE / SECONDS_PER_HOUR
        return np.asarray(1.0 / (metres_per_second * share))

    @property
    def fastest_m_s(self) -> float:
        """Return the highest speed on any slope [m/s]."""
        return float(1.0 / self.seconds_per_metre([-0.05, 0.0]).min())


def reference_km_h(kind: Kind) -> float:
    """Return Tobler's speed of a kind on flat paths [km/h]; a round 50 km/h for vehicles."""
    if kind == "vehicle":
        return 50.0
    return FLAT_KM_H * (HORSE_FACTOR if kind == "horse" else 1.0)


def steepest_deg(kind: Kind, movement: Movement) -> float:
    """Return the steepest ground of a kind [degrees]."""
    steepest = {
        "foot": movement.steepest_foot_deg,
        "horse": movement.steepest_horse_deg,
        "vehicle": movement.steepest_vehicle_deg,
    }
    return steepest[kind]


def pace_of(kind: Kind, flat_km_h: float, movement: Movement) -> Pace:
    """Return the pace of a kind at a speed on good ground [km/h]."""
    return Pace(kind, flat_km_h, float(np.tan(np.radians(movement.steepest_vehicle_deg))))


def friction(land: Land, kind: Kind, movement: Movement, month: int) -> NDArray[np.float32]:
    """Return the factor on the time through each cell, infinite where a kind cannot go.

    Parameters
    ----------
    land : Land
        The ground; only its own side can be entered.
    kind : str
        foot, horse or vehicle.
    movement : Movement
        Factors and limits.
    month : int
        January is 1; chooses the snow line.

    Returns
    -------
    ndarray of float32, shape (kept, tile, tile)
        At least 1. Roads are graded: the limit of slope does not close them.
    """
    share = movement.off_road if kind == "vehicle" else movement.off_path
    factor = np.where(land.road, np.float32(1), np.float32(1 / share))
    heights = land.terrain.tiles
    if movement.snow_line_m:
        factor[heights > movement.snow_line_m[month - 1]] /= np.float32(movement.snow_factor)
    closed = ~land.own | np.isnan(heights) | land.river
    closed |= ~land.road & (land.slope_deg > steepest_deg(kind, movement))
    closed |= heights > movement.highest_m
    factor[closed] = np.inf
    return factor
