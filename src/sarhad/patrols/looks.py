"""Looks: how likely a stay or a pass at one place notices what crosses the line at another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.patrols.attacks import HOURS, PLAN_TARGETS
from sarhad.scenario import Scenario
from sarhad.units import METRES_PER_KILOMETRE, SECONDS_PER_HOUR
from sarhad.visibility import LIGHTS, Visibility
from sarhad.visibility.detection import Sensor, Target, Weather

Floats = NDArray[np.float64]
Float32 = NDArray[np.float32]
Cells = NDArray[np.int32]

QUARTERS: Final = 4
"""A stay lasts one to four quarters of an hour."""

LEAST_CHANCE: Final = 0.002
"""Pairs whose chance stays below this in every hour are left out, in value and bound alike."""

MOST_CHANCE: Final = 1.0 - 1e-6
"""No visit whatever is surer than this, so that efforts stay finite."""


@dataclass(frozen=True, slots=True)
class WeatherState:
    """One state of the weather of a whole day.

    Attributes
    ----------
    share : float
        Chance of the state [1].
    sight : {"clear", "poor"}
        How far is seen.
    flown : bool
        Whether helicopters fly.
    """

    share: float
    sight: Weather
    flown: bool


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One way of looking (from the ground or the air, by eye or imager) from every border cell.

    Channels are the pairs (target, weather), target first.

    Attributes
    ----------
    name : str
        For example "ground-eye".
    passing : bool
        True for passes of aircraft; False for stays, whose chance is in proportion to the time.
    starts : ndarray of int32, shape (cells + 1,)
    cells : ndarray of int32, shape (pairs,)
        Cells seen from each station, as `indptr` and `indices` of compressed sparse rows.
    chance : ndarray of float32, shape (pairs, 24, channels)
        Chance that a crossing begun in that hour of the day is noticed and reported from there:
        by a stay of the whole hour, or by one pass [1].
    effort : ndarray of float32, shape (4, pairs, 24, channels) or (1, ...)
        -log(1 - chance) of stays of one to four quarters, or of one pass [1].
    """

    name: str
    passing: bool
    starts: Cells
    cells: Cells
    chance: Float32
    effort: Float32

    @property
    def stations(self) -> int:
        """Return the number of stations, one for each border cell."""
        return len(self.starts) - 1


def make_look(name: str, passing: bool, starts: Cells, cells: Cells, chance: Float32) -> Look:
    """Return a look from its chances: the efforts follow.

    Raises
    ------
    ValueError
        If a chance lies outside [0, 1], or the shapes do not fit.
    """
    if chance.ndim != 3 or chance.shape[:2] != (len(cells), HOURS) or starts[-1] != len(cells):
        raise ValueError("chance has the shape (pairs, 24, channels)")
    if not ((chance >= 0) & (chance <= 1)).all():
        raise ValueError("a chance lies within 0 and 1")
    chance = np.minimum(chance, np.float32(MOST_CHANCE))
    shares = np.ones(1) if passing else np.arange(1, QUARTERS + 1) / QUARTERS
    effort = np.empty((len(shares), *chance.shape), np.float32)
    for row, share in zip(effort, shares, strict=True):
        np.negative(np.log1p(-share * chance.astype(np.float64)), out=row, casting="same_kind")
    return Look(name, passing, starts.astype(np.int32), cells.astype(np.int32), chance, effort)


def weather_states(scenario: Scenario) -> tuple[WeatherState, ...]:
    """Return the states of the weather of a day; days are flown in clear weather first."""
    poor, flown = scenario.detection.poor_weather_share, scenario.plan.flyable_share
    parts = (
        (min(flown, 1 - poor), "clear", True),
        (max(flown - (1 - poor), 0.0), "poor", True),
        (max((1 - poor) - flown, 0.0), "clear", False),
        (min(1 - flown, poor), "poor", False),
    )
    return tuple(WeatherState(s, sight, fly) for s, sight, fly in parts if s > 1e-9)  # type: ignore[arg-type]


def hourly_light(scenario: Scenario, sight: Visibility, start_hour: int = 0) -> Floats:
    """Return the light of the mean day, (24, cells, lights) [1]; hours count from its start."""
    per_day = scenario.horizon.periods_per_day
    shares = sight.light.shares.astype(np.float64)
    day = shares.reshape(scenario.horizon.days, per_day, *shares.shape[1:]).mean(axis=0)
    if per_day >= HOURS and per_day % HOURS == 0:
        hourly = day.reshape(HOURS, per_day // HOURS, *day.shape[1:]).mean(axis=1)
    else:
        hourly = day[(np.arange(HOURS) * per_day) // HOURS]
    return np.asarray(np.roll(hourly, -start_hour, axis=0)[:, sight.light.place_of_cell])


def hours_in_view(scenario: Scenario, crossing_s: NDArray[np.float32]) -> Floats:
    """Return how long a crossing is in view near the line, (targets, cells) [h].

    A walker crosses the line and the depth that is looked into at an intruder's pace off paths; a
    drone flies over that depth.
    """
    settings, movement = scenario.detection, scenario.movement
    depth_km = (settings.far_depth_m + settings.own_depth_m) / METRES_PER_KILOMETRE
    walk_h = depth_km / (movement.intruder_km_h * movement.off_path)
    walk = walk_h + crossing_s.astype(np.float64) / SECONDS_PER_HOUR
    speeds = [a.speed_km_h for a in scenario.attackers if a.path == "flight"]
    fly_h = depth_km / (max(speeds) if speeds else movement.drone_km_h)
    return np.stack([np.minimum(walk, 1.0), np.full(len(walk), min(fly_h, 1.0))])


def mean_rates(
    sight: Visibility, rows: Cells, target: Target, sensor: Sensor, weather: Weather, light: Floats
) -> tuple[Cells, Cells, Floats]:
    """Return the detection rates of observers by hour, as a pattern and (pairs, 24) [1/h].

    Rows below 0 see nothing. The light is that of the cell looked at.
    """
    there = np.flatnonzero(rows >= 0)
    pattern = sight.share(target)[rows[there]].tocsr()
    counts = np.zeros(len(rows), np.int64)
    counts[there] = np.diff(pattern.indptr)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    column = pattern.indices.astype(np.int32)
    rates = np.zeros((len(column), HOURS))
    for number, name in enumerate(LIGHTS):
        rate = sight.rate(target, name, sensor, weather)[rows[there]].tocsr().data
        rates += rate[:, None].astype(np.float64) * light[:, column, number].T
    return starts, column, rates


def stay_chance(rates: Floats, view_h: Floats) -> Floats:
    """Return the chance that a crossing within sight for `view_h` hours is noticed [1]."""
    return np.asarray(-np.expm1(-rates * view_h[:, None]))


def pass_chance(rates: Floats, view_h: Floats, pass_h: float) -> Floats:
    """Return the chance that one pass notices a crossing begun at some moment of its hour [1].

    The pass lasts `pass_h`, the crossing `view_h`; they overlap for a random part of the shorter.
    Averaged over the moment, uniform in the hour:
    (longer - shorter)(1 - exp(-r shorter)) + 2 (shorter - (1 - exp(-r shorter))/r).
    """
    shorter, longer = np.minimum(view_h, pass_h)[:, None], np.maximum(view_h, pass_h)[:, None]
    whole = -np.expm1(-rates * shorter)
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.where(rates > 1e-9, shorter - whole / rates, rates * shorter**2 / 2)
    return np.asarray(np.clip((longer - shorter) * whole + 2.0 * ends, 0.0, 1.0))


def channel(target: int, weather: int, weathers: int) -> int:
    """Return the channel of a target and a state of the weather."""
    return target * weathers + weather


def build_look(
    sight: Visibility,
    kind: str,
    party: str,
    sensor: Sensor,
    states: tuple[WeatherState, ...],
    light: Floats,
    view_h: Floats,
    pass_h: float | None,
    surest: float,
) -> Look:
    """Return how one party looks from its stations on the ground or in the air.

    A sighting that cannot be reported from there counts only on the ground, where the patrol itself
    may answer it.

    Parameters
    ----------
    sight : Visibility
        Who sees what.
    kind, party, sensor : str
        "ground" or "air", whose stations, "eye" or "thermal".
    states : tuple of WeatherState
        The states of the weather: channels.
    light : ndarray, shape (24, cells, lights)
        From `hourly_light`.
    view_h : ndarray, shape (targets, cells)
        From `hours_in_view` [h].
    pass_h : float or None
        Time of one pass through a cell [h]; none for stays.
    surest : float
        No visit is surer than this, however near it is [1].
    """
    rows = sight.observers.stations[(kind, party)]
    heard = np.zeros(len(rows), bool)
    heard[rows >= 0] = sight.reportable[rows[rows >= 0]]
    width = len(PLAN_TARGETS) * len(states)
    starts, cells, _ = mean_rates(sight, rows, "person", sensor, "clear", light)
    chance = np.zeros((len(cells), HOURS, width), np.float32)
    station = np.repeat(np.arange(len(rows)), np.diff(starts))
    for t, target in enumerate(PLAN_TARGETS):
        for w, state in enumerate(states):
            if kind == "air" and not state.flown:
                continue
            _, _, rates = mean_rates(sight, rows, target, sensor, state.sight, light)
            seen_h = view_h[t][cells]
            found = (
                stay_chance(rates, seen_h) if pass_h is None else pass_chance(rates, seen_h, pass_h)
            )
            answered = heard | (kind == "ground" and target == "person")
            found = np.minimum(found, surest) * answered[station][:, None]
            chance[:, :, channel(t, w, len(states))] = found
    kept = (chance >= LEAST_CHANCE).any(axis=(1, 2))
    counts = np.bincount(station[kept], minlength=len(rows))
    kept_starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return make_look(f"{kind}-{sensor}", pass_h is not None, kept_starts, cells[kept], chance[kept])
