"""How likely an observer notices what is in sight: rates, passes and sweep widths.

The chance of noticing something within a short time dt is rate * dt, whatever happened before;
over a longer time the rates add up to an effort e, and the chance of having noticed it is
1 - exp(-e).
Moving observers notice at the same rates as standing ones; a pass adds them up along its way.
"""

from __future__ import annotations

from typing import Final, Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarhad.scenario import DetectionSettings
from sarhad.units import METRES_PER_KILOMETRE, SECONDS_PER_HOUR
from sarhad.visibility.light import LIGHTS, Light

Floats = NDArray[np.float64]
T = TypeVar("T")
Target = Literal["person", "vehicle", "drone"]
Sensor = Literal["eye", "thermal"]
Weather = Literal["clear", "poor"]

TARGETS: Final[tuple[Target, ...]] = ("person", "vehicle", "drone")
SENSORS: Final[tuple[Sensor, ...]] = ("eye", "thermal")
WEATHERS: Final[tuple[Weather, ...]] = ("clear", "poor")

NEAREST_M: Final = 1.0
"""Nothing is nearer than this, so that no rate is infinite [m]."""

SPREAD, SLOPE = 2.7, 0.7
"""Exponent of the target transfer probability function, 2.7 + 0.7 N/N50: Howe (1993), in The
infrared and electro-optical systems handbook, volume 4, chapter 2."""


def detection_rate(
    distance_m: ArrayLike,
    target: Target,
    light: Light,
    sensor: Sensor,
    settings: DetectionSettings,
    weather: Weather = "clear",
) -> Floats:
    """Return how often an observer notices a target that stays in sight at a distance.

    Parameters
    ----------
    distance_m : array_like
        From the observer to the target [m].
    target : {"person", "vehicle", "drone"}
        What is to be noticed.
    light : {"day", "twilight", "moon", "dark"}
        Class of light.
    sensor : {"eye", "thermal"}
        Eyes alone; or eyes or a thermal imager, whichever notices more at that distance.
    settings : DetectionSettings
        Sweep widths, factors and the imager.
    weather : {"clear", "poor"}
        State of the weather.

    Returns
    -------
    ndarray, in the shape of `distance_m`
        Detection rate [1/h].

    Raises
    ------
    ValueError
        If a distance is negative or not a number, or a class is unknown.
    """
    seen = _seen(_checked(distance_m), target, light, settings, weather)
    if _known({"eye": False, "thermal": True}, sensor, "sensor"):
        return np.maximum(seen, _imaged(_checked(distance_m), target, settings, weather))
    return seen


def all_rates(distance_m: ArrayLike, target: Target, settings: DetectionSettings) -> Floats:
    """Return the rates of one target in every state, (weathers, lights, sensors, n) [1/h]."""
    distance = _checked(distance_m)
    rates = np.empty((len(WEATHERS), len(LIGHTS), len(SENSORS), distance.size))
    for weather, of_weather in zip(WEATHERS, rates, strict=True):
        imaged = _imaged(distance, target, settings, weather)
        for light, of_light in zip(LIGHTS, of_weather, strict=True):
            of_light[0] = _seen(distance, target, light, settings, weather)
            of_light[1] = np.maximum(of_light[0], imaged)
    return rates


def _seen(
    distance: Floats, target: Target, light: Light, settings: DetectionSettings, weather: Weather
) -> Floats:
    """Return the rate of eyes [1/h]."""
    sweep_m = _known(_sweep_widths_m(settings), target, "target")
    sweep_m *= _known(_light_factors(settings), light, "light")
    sweep_m *= _hindrance(target, settings, weather)
    strength = cube_strength(sweep_m, settings.sweep_speed_km_h)
    return cube_rate(distance, strength, settings.looks_per_minute)


def _imaged(
    distance: Floats, target: Target, settings: DetectionSettings, weather: Weather
) -> Floats:
    """Return the rate of a thermal imager alone [1/h]."""
    size_m = _sizes_m(settings)[target] * _hindrance(target, settings, weather)
    share = noticed_share(distance, size_m, settings.pixel_mrad, settings.cycles)
    return settings.scans_per_hour * share


def _hindrance(target: Target, settings: DetectionSettings, weather: Weather) -> float:
    """Return the factor of ground and weather; nothing grows in front of a drone."""
    sky = _known({"clear": 1.0, "poor": settings.poor_weather_factor}, weather, "weather")
    return sky * (1.0 if target == "drone" else settings.cover_factor)


def _checked(distance_m: ArrayLike) -> Floats:
    distance = np.asarray(distance_m, np.float64)
    if not (distance >= 0).all():
        raise ValueError("a distance is a number of at least 0 [m]")
    return distance


def cube_strength(sweep_m: float, speed_km_h: float) -> float:
    """Return the strength c [m3/h] of the inverse cube law with a sweep width at a speed.

    A rate of c / r^3 gives, past a straight track at speed w, the sweep width
    W = 2 sqrt(2 pi c / w); Koopman's k h is c here.

    References
    ----------
    Koopman, B. O. (1956), The theory of search II: target detection,
    doi:10.1287/opre.4.5.503; Koopman (1980), Search and screening.
    """
    return sweep_m**2 * speed_km_h * METRES_PER_KILOMETRE / (8.0 * np.pi)


def cube_sweep_width(strength: float, speed_km_h: float) -> float:
    """Return the sweep width [m] of the inverse cube law at a speed, W = 2 sqrt(2 pi c / w)."""
    return float(2.0 * np.sqrt(2.0 * np.pi * strength / (speed_km_h * METRES_PER_KILOMETRE)))


def cube_rate(distance_m: ArrayLike, strength: float, looks_per_minute: float = np.inf) -> Floats:
    """Return the rate c / r^3, no faster than one notice in each look [1/h]."""
    distance = np.maximum(np.asarray(distance_m, np.float64), NEAREST_M)
    return np.minimum(strength / (distance * distance * distance), 60.0 * looks_per_minute)


def noticed_share(distance_m: ArrayLike, size_m: float, pixel_mrad: float, cycles: float) -> Floats:
    """Return the share of scans of a thermal imager in which a target is noticed [1].

    A line pair needs two pixels, so that N = size / (2 pixel distance) pairs lie across the target,
    and the chance is x^E / (1 + x^E) with x = N / N50 and E = 2.7 + 0.7 x.

    Parameters
    ----------
    distance_m : array_like
        [m].
    size_m : float
        Critical size of the target [m]; 0 is never noticed.
    pixel_mrad : float
        Angle of one pixel [mrad].
    cycles : float
        N50, the line pairs across a target that is noticed half the time.

    References
    ----------
    Johnson, J. (1958), Analysis of image forming systems, Image Intensifier Symposium, AD220160;
    Howe, J. D. (1993), Electro-optical imaging system performance prediction.
    """
    distance = np.maximum(np.asarray(distance_m, np.float64), NEAREST_M)
    if size_m <= 0:
        return np.zeros_like(distance)
    ratio = size_m / (2.0 * pixel_mrad * 1e-3 * distance * cycles)
    return 1.0 / (1.0 + np.exp(-(SPREAD + SLOPE * ratio) * np.log(ratio)))


def pass_effort(
    lateral_m: ArrayLike,
    strength: float,
    speed_km_h: float,
    from_m: ArrayLike = -np.inf,
    to_m: ArrayLike = np.inf,
) -> Floats:
    """Return the effort of one straight pass by the inverse cube law [1].

    Parameters
    ----------
    lateral_m : array_like
        Least distance of the whole track from the target [m], above 0.
    strength : float
        As from `cube_strength` [m3/h].
    speed_km_h : float
        Speed along the track [km/h].
    from_m, to_m : array_like
        Ends of the pass along the track, 0 abreast of the target [m].

    References
    ----------
    Koopman (1956), doi:10.1287/opre.4.5.503: 2 c / (w x^2) for the whole track.
    """
    lateral = np.asarray(lateral_m, np.float64)
    sines = [_sine(lateral, np.asarray(end, np.float64)) for end in (from_m, to_m)]
    speed = speed_km_h * METRES_PER_KILOMETRE
    return np.asarray(strength / (speed * lateral**2) * (sines[1] - sines[0]))


def _sine(lateral: Floats, along: Floats) -> Floats:
    """Return along / hypot(lateral, along), 1 and -1 at the infinite ends."""
    return np.sin(np.arctan2(along, lateral))


def noticed(effort: ArrayLike) -> Floats:
    """Return the chance of having noticed at least once, 1 - exp(-effort) [1]."""
    return -np.expm1(-np.asarray(effort, np.float64))


def sweep_width(lateral_m: ArrayLike, effort: ArrayLike) -> float:
    """Return the sweep width [m] of a lateral range curve, twice the area under one side.

    Parameters
    ----------
    lateral_m : array_like, shape (n,)
        Lateral ranges, growing from 0 [m].
    effort : array_like, shape (n,)
        Effort of one pass at each [1].
    """
    lateral, chance = np.asarray(lateral_m, np.float64), noticed(effort)
    return float(((chance[1:] + chance[:-1]) * np.diff(lateral)).sum())


def effort_of_stay(rate: ArrayLike, seconds: float) -> Floats:
    """Return the effort of staying for some time [s] at rates [1/h]: [1]."""
    return np.asarray(rate, np.float64) * (seconds / SECONDS_PER_HOUR)


def effort_of_pass(rate: ArrayLike, length_m: float, speed_km_h: float) -> Floats:
    """Return the effort of travelling a stretch of the way at the rates that hold on it [1].

    With the rates of a station, which hold for the stretch of track through its cell, this is the
    integral of the rate over the passage of that cell; a longer way adds up its stations.

    Raises
    ------
    ValueError
        If the speed is not above 0.
    """
    if not speed_km_h > 0:
        raise ValueError(f"speed_km_h is above 0, not {speed_km_h}")
    return np.asarray(rate, np.float64) * (length_m / METRES_PER_KILOMETRE / speed_km_h)


def _light_factors(settings: DetectionSettings) -> dict[str, float]:
    dim = settings.twilight_factor, settings.moon_factor, settings.dark_factor
    return {"day": 1.0, "twilight": dim[0], "moon": dim[1], "dark": dim[2]}


def _sweep_widths_m(settings: DetectionSettings) -> dict[str, float]:
    return {name: getattr(settings, f"{name}_sweep_m") for name in TARGETS}


def _sizes_m(settings: DetectionSettings) -> dict[str, float]:
    return {name: getattr(settings, f"{name}_size_m") for name in TARGETS}


def _known(table: dict[str, T], name: str, what: str) -> T:
    if name not in table:
        raise ValueError(f"{what} is one of {', '.join(table)}, not {name!r}")
    return table[name]
