"""The standard atmosphere, warmer or colder, and ceilings in it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

SEA_LEVEL_K: Final = 288.15
"""Temperature at sea level [K]; ICAO Doc 7488/3 (1993), as all constants here."""

SEA_LEVEL_PA: Final = 101_325.0
"""Pressure at sea level [Pa]."""

LAPSE_K_M: Final = 0.0065
"""Fall of temperature with height in the troposphere [K/m]."""

TROPOPAUSE_M: Final = 11_000.0
"""Height above which the temperature stays [m]."""

GRAVITY_M_S2: Final = 9.80665
"""Standard gravity [m/s2]."""

GAS_J_KG_K: Final = 287.05287
"""Specific gas constant of air [J/(kg K)]."""

LOWEST_M: Final = -5_000.0
HIGHEST_M: Final = 20_000.0


def density_kg_m3(height_m: ArrayLike, offset_c: float = 0.0) -> Floats:
    """Return the density of air [kg/m3], in the shape of the heights.

    Parameters
    ----------
    height_m : array_like
        Pressure height [m], from -5,000 to 20,000; taken for height above the sea.
    offset_c : float
        How much warmer the air is than the standard at every height [degrees C].

    Raises
    ------
    ValueError
        Where a height lies outside the range.

    References
    ----------
    ICAO (1993), Manual of the ICAO Standard Atmosphere, Doc 7488/3.
    """
    height = np.asarray(height_m, np.float64)
    if not ((height >= LOWEST_M) & (height <= HIGHEST_M)).all():
        raise ValueError(f"a height lies between {LOWEST_M:g} and {HIGHEST_M:g} m")
    kelvin = SEA_LEVEL_K - LAPSE_K_M * np.minimum(height, TROPOPAUSE_M)
    pressure_pa = SEA_LEVEL_PA * (kelvin / SEA_LEVEL_K) ** (GRAVITY_M_S2 / (GAS_J_KG_K * LAPSE_K_M))
    above_m = np.maximum(height - TROPOPAUSE_M, 0.0)
    pressure_pa = pressure_pa * np.exp(-GRAVITY_M_S2 * above_m / (GAS_J_KG_K * kelvin))
    return np.asarray(pressure_pa / (GAS_J_KG_K * (kelvin + offset_c)))


def height_of_density(density: float, offset_c: float = 0.0) -> float:
    """Return the height at which the air has a density [kg/m3], by halving, within 1 mm [m].

    Parameters
    ----------
    density : float
        Density [kg/m3]; beyond the range of heights its end is returned.
    offset_c : float
        As in `density_kg_m3`.
    """
    low, high = LOWEST_M, HIGHEST_M
    while high - low > 0.001:
        middle = (low + high) / 2
        low, high = (middle, high) if density_kg_m3(middle, offset_c) > density else (low, middle)
    return (low + high) / 2


def ceiling_in_air(ceiling_m: float, offset_c: float = 0.0, weight_share: float = 1.0) -> float:
    """Return the height to which an aircraft gets in warmer air or with more weight [m].

    Lift and power go with density, so the aircraft reaches the height where the air is as dense
    as at its printed ceiling, times its weight as a share of that the ceiling was printed for.

    Parameters
    ----------
    ceiling_m : float
        Ceiling in the standard atmosphere [m].
    offset_c : float
        As in `density_kg_m3`.
    weight_share : float
        Weight as a share of that of the printed ceiling [1].
    """
    return height_of_density(float(density_kg_m3(ceiling_m)) * weight_share, offset_c)
