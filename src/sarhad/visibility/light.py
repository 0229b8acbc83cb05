"""How light it is: sun, twilight and moon over the periods of a horizon, along the line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import erfa
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarhad.border import BorderCells
from sarhad.errors import Fault, ScenarioError
from sarhad.scenario import DetectionSettings, Horizon
from sarhad.units import METRES_PER_KILOMETRE

Floats = NDArray[np.float64]
Light = Literal["day", "twilight", "moon", "dark"]

LIGHTS: Final[tuple[Light, ...]] = ("day", "twilight", "moon", "dark")
"""Classes of light, brightest first: day, twilight, moonlit night, dark night."""

SUNRISE_DEG: Final = -50 / 60
"""Height of the sun's centre at sunrise and sunset: 34' of refraction and 16' of radius [degrees];
Urban and Seidelmann (2013), Explanatory supplement to the astronomical almanac."""

UNIX_EPOCH_JD: Final = 2_440_587.5
"""Julian date of 1970-01-01T00:00Z [d]."""

TT_FROM_UTC_S: Final = 69.184
"""Terrestrial time minus UTC since 2017 [s]; a few seconds off elsewhere turn the sky by 0.02
degrees, and UT1 is taken as UTC (within 0.9 s)."""

ASTRONOMICAL_UNIT_M: Final = 149_597_870_700.0
"""[m]; IAU resolution B2 (2012)."""

YEARS: Final = (1901, 2099)
"""Years for which `erfa.epv00` knows the earth's orbit, whatever the zone."""

STEP_MINUTES: Final = 4
"""The sky is looked at this often or more; a period of an hour is cut within 1/30 of itself."""

PLACE_KM: Final = 25.0
"""One place for so many kilometres of line: sunrise is 0.6 minutes off at 38 degrees."""

WGS84_OF_ERFA: Final = 1


@dataclass(frozen=True, slots=True)
class LightShares:
    """Shares of each period in each class of light.

    Attributes
    ----------
    shares : ndarray of float32, shape (periods, places, 4)
        In the order of `LIGHTS`; they add up to 1 [1].
    place_of_cell : ndarray of int32, shape (cells,)
        The place whose light each border cell has.
    """

    shares: NDArray[np.float32]
    place_of_cell: NDArray[np.int32]

    def of(self, light: Light) -> NDArray[np.float32]:
        """Return the share of one class of light in each period and cell, (periods, cells) [1]."""
        return self.shares[:, self.place_of_cell, LIGHTS.index(light)]


def compute_light(horizon: Horizon, cells: BorderCells, settings: DetectionSettings) -> LightShares:
    """Return how light each period is along the line.

    Parameters
    ----------
    horizon : Horizon
        The periods.
    cells : BorderCells
        The line; a place is looked at about every 25 km.
    settings : DetectionSettings
        Where twilight ends and what makes a night moonlit.

    Raises
    ------
    ScenarioError
        If the horizon lies outside the years that the earth's orbit is known for.
    """
    if not YEARS[0] <= horizon.start.year <= YEARS[1] - 1:
        expected = f"a year from {YEARS[0]} to {YEARS[1] - 1}"
        found = str(horizon.start.year)
        raise ScenarioError((Fault("scenario.toml", None, "horizon.start", found, expected),))
    step = max(1, int(PLACE_KM * METRES_PER_KILOMETRE / cells.length_m))
    count = -(-len(cells) // step)
    place_of_cell = (np.arange(len(cells)) // step).astype(np.int32)
    middle = np.minimum(np.arange(count) * step + step // 2, len(cells) - 1)
    longitude, latitude = cells.longitude[middle], cells.latitude[middle]
    shares = np.empty((horizon.periods, count, len(LIGHTS)), np.float32)
    steps = -(-horizon.period_minutes // STEP_MINUTES)
    period_s = horizon.period_minutes * 60.0
    per_day = horizon.periods_per_day
    within_s = (np.arange(per_day * steps) + 0.5) * (period_s / steps)
    for day in range(horizon.days):
        seen_s = horizon.start.timestamp() + day * per_day * period_s + within_s
        classes = light_at(seen_s, longitude, latitude, settings)
        found = classes.reshape(per_day, steps, count, 1) == np.arange(len(LIGHTS))
        shares[day * per_day : (day + 1) * per_day] = found.mean(axis=1, dtype=np.float32)
    return LightShares(shares, place_of_cell)


def light_at(
    seconds: ArrayLike, longitude: ArrayLike, latitude: ArrayLike, settings: DetectionSettings
) -> NDArray[np.int8]:
    """Return the class of light at times and places, shape (times, places), as places in `LIGHTS`.

    Parameters
    ----------
    seconds : array_like, shape (times,)
        Since 1970-01-01T00:00Z [s].
    longitude, latitude : array_like, shape (places,)
        [degrees].
    settings : DetectionSettings
        Where twilight ends and what makes a night moonlit.
    """
    sun_deg, moon_deg, lit = sky_at(seconds, longitude, latitude)
    moonlit = (moon_deg > settings.moon_height_deg) & (lit >= settings.moon_lit_share)[:, None]
    night = np.where(moonlit, LIGHTS.index("moon"), LIGHTS.index("dark"))
    dusk = np.where(sun_deg > settings.twilight_ends_deg, LIGHTS.index("twilight"), night)
    return np.where(sun_deg > SUNRISE_DEG, LIGHTS.index("day"), dusk).astype(np.int8)


def sky_at(
    seconds: ArrayLike, longitude: ArrayLike, latitude: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """Return the heights of sun and moon, without refraction, and the lit share of the moon.

    Parameters
    ----------
    seconds : array_like, shape (times,)
        Since 1970-01-01T00:00Z [s].
    longitude, latitude : array_like, shape (places,)
        [degrees].

    Returns
    -------
    sun_deg, moon_deg : ndarray, shape (times, places)
        Height of the centre above the horizon [degrees]; the moon as seen from the place.
    lit_share : ndarray, shape (times,)
        Lit share of the moon's disk [1].

    References
    ----------
    Earth and moon by ERFA's epv00 and moon98, turned by mean equinox and mean sidereal time
    (Capitaine et al. 2003, doi:10.1051/0004-6361:20031539); nutation, 0.005 degrees, is left out.
    """
    sun, moon_m = _earth_fixed(np.atleast_1d(np.asarray(seconds, np.float64)))
    east = np.radians(np.atleast_1d(np.asarray(longitude, np.float64)))
    north = np.radians(np.atleast_1d(np.asarray(latitude, np.float64)))
    flat = np.cos(north)
    up = np.stack([flat * np.cos(east), flat * np.sin(east), np.sin(north)], axis=-1)
    place_m = np.asarray(erfa.gd2gc(WGS84_OF_ERFA, east, north, 0.0))
    to_moon = moon_m[:, None, :] - place_m
    moon_sine = np.einsum("tpk,pk->tp", to_moon, up) / np.linalg.norm(to_moon, axis=-1)
    moon = moon_m / np.linalg.norm(moon_m, axis=-1, keepdims=True)
    lit_share = (1.0 - np.einsum("tk,tk->t", sun, moon)) / 2.0
    return np.degrees(np.arcsin(sun @ up.T)), np.degrees(np.arcsin(moon_sine)), lit_share


def _earth_fixed(seconds: Floats) -> tuple[Floats, Floats]:
    """Return the direction of the sun and the place of the moon [m] in axes fixed to the earth."""
    universal, terrestrial = seconds / 86_400.0, (seconds + TT_FROM_UTC_S) / 86_400.0
    earth = erfa.epv00(UNIX_EPOCH_JD, terrestrial)[0]["p"]
    sun = -earth / np.linalg.norm(earth, axis=-1, keepdims=True)
    moon = erfa.moon98(UNIX_EPOCH_JD, terrestrial)["p"] * ASTRONOMICAL_UNIT_M
    angle = erfa.gmst06(UNIX_EPOCH_JD, universal, UNIX_EPOCH_JD, terrestrial)
    turned = erfa.rz(angle, erfa.pmat06(UNIX_EPOCH_JD, terrestrial))
    return np.einsum("tij,tj->ti", turned, sun), np.einsum("tij,tj->ti", turned, moon)
