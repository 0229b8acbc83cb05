"""What a helicopter of a class can do: speed, ceilings, climb and burn; no wind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarhad.mobility.atmosphere import ceiling_in_air, density_kg_m3
from sarhad.scenario import Movement, Unit
from sarhad.units import METRES_PER_KILOMETRE, SECONDS_PER_HOUR

Floats = NDArray[np.float64]

INDUCED_SHARE: Final = 0.25
"""Share of the power at cruise that makes lift, at sea level; Leishman (2006), section 5.5."""

IDLE_SHARE: Final = 0.3
"""Share of the burn at cruise that a turbine takes without giving power; see `burn_factor`."""


@dataclass(frozen=True, slots=True)
class Aircraft:
    """A class of helicopters in the air of the day.

    Attributes
    ----------
    unit : str
        Id of the unit.
    cruise_m_s, climb_m_s : float
        True air speed; rate of climb [m/s].
    burn_kg_s : float
        Burn at cruise at sea level [kg/s].
    climb_burn : float
        Extra burn while climbing, as a share of it [1].
    usable_kg : float
        Fuel less reserve [kg].
    ceiling_m, hover_m : float
        Service and hover ceiling at this temperature and weight [m].
    clearance_m : float
        Least height over the highest ground of a leg [m].
    weight_share, offset_c : float
        Weight [1] and temperature [degrees C], as in the settings.
    """

    unit: str
    cruise_m_s: float
    climb_m_s: float
    burn_kg_s: float
    climb_burn: float
    usable_kg: float
    ceiling_m: float
    hover_m: float
    clearance_m: float
    weight_share: float = 1.0
    offset_c: float = 0.0

    def __post_init__(self) -> None:
        for name in ("cruise_m_s", "climb_m_s", "burn_kg_s"):
            if not 0 < getattr(self, name) < np.inf:
                raise ValueError(f"{name} is finite and above zero")

    @property
    def range_m(self) -> float:
        """Return how far the usable fuel takes it at cruise at sea level [m]."""
        return max(self.usable_kg, 0.0) / self.burn_kg_s * self.cruise_m_s


def aircraft_of(unit: Unit, movement: Movement) -> Aircraft:
    """Return a helicopter unit as an aircraft in the air that the settings describe.

    Raises
    ------
    ValueError
        If the unit is no helicopter.
    """
    fuel_kg, burn_kg_h = unit.fuel_kg, unit.burn_kg_h
    if unit.kind != "helicopter" or not fuel_kg or not burn_kg_h or not unit.ceiling_m:
        raise ValueError(f"unit {unit.id} is no helicopter with fuel, burn and ceiling")
    offset_c, weight_share = movement.temperature_offset_c, movement.weight_share
    return Aircraft(
        unit=unit.id,
        cruise_m_s=unit.speed_km_h * METRES_PER_KILOMETRE / SECONDS_PER_HOUR,
        climb_m_s=movement.climb_m_s,
        burn_kg_s=burn_kg_h / SECONDS_PER_HOUR,
        climb_burn=movement.climb_burn,
        usable_kg=fuel_kg - burn_kg_h * (unit.reserve_min or 0.0) / 60.0,
        ceiling_m=ceiling_in_air(unit.ceiling_m, offset_c, weight_share),
        hover_m=ceiling_in_air(unit.ceiling_m * movement.hover_share, offset_c, weight_share),
        clearance_m=movement.clearance_m,
        weight_share=weight_share,
        offset_c=offset_c,
    )


def burn_factor(height_m: ArrayLike, weight_share: float = 1.0, offset_c: float = 0.0) -> Floats:
    """Return the burn at cruise as a share of that at sea level and full weight [1].

    With s the air's density as a share of that at sea level and w the weight as a share: drag of
    rotor and body goes with s, lift takes power with w^2 / s (momentum theory at a given speed),
    and a turbine's burn is a constant plus a share of its power:
    idle + (1 - idle) ((1 - i) s + i w^2 / s), with i the share of lift.

    Parameters
    ----------
    height_m : array_like
        Height above the sea [m].
    weight_share, offset_c : float
        As in the settings.

    References
    ----------
    Leishman, J. G. (2006), Principles of helicopter aerodynamics, 2nd edition, chapter 5.
    Mouillet, V. and Phu, D. (2018), BADA family H: a simple helicopter performance model for ATM
    applications, SESAR Innovation Days.
    """
    share = density_kg_m3(height_m, offset_c) / density_kg_m3(0.0)
    power = (1 - INDUCED_SHARE) * share + INDUCED_SHARE * weight_share**2 / share
    return np.asarray(IDLE_SHARE + (1 - IDLE_SHARE) * power)


def leg_cost(
    aircraft: Aircraft, length_m: ArrayLike, ground_m: ArrayLike, start_m: ArrayLike
) -> tuple[Floats, Floats]:
    """Return time [s] and fuel [kg] of legs, infinite where they cannot be flown.

    A leg is flown at one height, the clearance above its highest ground. Climbing goes on while
    cruising, but a leg takes no less than its climb; descent costs nothing extra; no wind.

    Parameters
    ----------
    aircraft : Aircraft
        The class.
    length_m, ground_m, start_m : array_like
        Length of each leg, highest ground along it, height where it starts [m]; they broadcast.
    """
    length, ground, start = np.broadcast_arrays(
        np.asarray(length_m, np.float64), np.asarray(ground_m), np.asarray(start_m)
    )
    level_m = np.maximum(ground + aircraft.clearance_m, start)
    flown = np.isfinite(length) & np.isfinite(level_m) & (level_m <= aircraft.ceiling_m)
    level_m = np.where(flown, level_m, 0.0)
    climb_s = np.where(flown, level_m - start, 0.0) / aircraft.climb_m_s
    seconds = np.maximum(length / aircraft.cruise_m_s, climb_s)
    burn_kg_s = aircraft.burn_kg_s * burn_factor(level_m, aircraft.weight_share, aircraft.offset_c)
    fuel_kg = burn_kg_s * seconds + aircraft.climb_burn * aircraft.burn_kg_s * climb_s
    flown &= fuel_kg <= aircraft.usable_kg
    return np.where(flown, seconds, np.inf), np.where(flown, fuel_kg, np.inf)
