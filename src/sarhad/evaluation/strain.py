"""A plan's harm when the world differs from what was assumed, at little cost for each case.

The plan stays what it is; what it meets changes. Efforts add up in search theory, so that a factor
on how far is seen is a factor on the exponent (sweep width, Koopman 1980). The mean chance to miss
is computed at the ends of the ranges, and its logarithm is interpolated between them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sarhad.evaluation.exposure import Exposure
from sarhad.patrols import (
    HOURS,
    PLAN_TARGETS,
    Attacks,
    Look,
    PatrolNetwork,
    WeatherState,
    effort_of,
    no_effort,
)
from sarhad.plan import adaptive_weights
from sarhad.scenario import UncertaintySettings

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Float32 = NDArray[np.float32]

LEAST_MISS = np.float32(1e-30)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """One case of what is not known.

    Attributes
    ----------
    detection : float
        Factor on how far patrols and posts see [1].
    flyable : float or None
        Chance that a day can be flown [1]; none: as the network has it.
    pattern : int
        Which draw of the risk shapes the pattern of attacks by habit, a row of the ratios given;
        -1: the network's own pattern.
    unavailable : float
        Chance that a patrol on duty does not go out [1].
    """

    detection: float = 1.0
    flyable: float | None = None
    pattern: int = -1
    unavailable: float = 0.0

    def __post_init__(self) -> None:
        if self.detection <= 0 or not 0 <= self.unavailable < 1:
            raise ValueError("detection is above 0, unavailable from 0 to below 1")
        if self.flyable is not None and not 0 <= self.flyable <= 1:
            raise ValueError("flyable is a chance from 0 to 1")


@dataclass(frozen=True, slots=True, eq=False)
class Habit:
    """Attacks by habit, summed so that a case costs no more than its cover.

    Attributes
    ----------
    share, harm : ndarray, shape (cells,)
        Share of the attacks that cross in each cell [1], and of their harm [persons per attack].
    stake : ndarray of float32, shape (cells, 24, targets)
        Harm that a sure sighting there would prevent [persons per attack].
    """

    share: Floats
    harm: Floats
    stake: Float32


@dataclass(frozen=True, slots=True, eq=False)
class Hunt:
    """Attacks that can be the choice of attackers that adapt, by type.

    Attributes
    ----------
    field : ndarray of int64, shape (k,)
        Place of (cell, hour, target) in a cover.
    harm, timely : ndarray, shape (k,)
        Harm times appeal [persons], and chance that help comes in time [1].
    starts : ndarray of int64, shape (types,)
        Where each type with a reachable attack begins.
    weights : ndarray, shape (types,)
        Their weights; they sum to 1 [1].
    """

    field: Integers
    harm: Floats
    timely: Floats
    starts: Integers
    weights: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Strain:
    """A plan ready to be tried under other circumstances.

    Attributes
    ----------
    habit : Habit
        Attacks by the pattern of the record, by field.
    hunt : Hunt
        Attacks that can be the choice of attackers that adapt.
    adaptivity : float
        Weight of attackers that adapt; 0 where none has a reachable attack [1].
    states : tuple of WeatherState
        Weather of a day.
    low, high, most_unavailable : float
        Where the logarithms below were computed [1].
    unwatched : ndarray of float32, shape (cells, 24, channels)
        log(chance that neither post nor neighbour notices).
    missed, missed_low, missed_high, missed_thinned : ndarray of float32
        log(chance that no patrol notices), over the lottery: as assumed, with detection at both
        ends, and with patrols that fail at the greatest rate; (cells, 24, channels).
    """

    habit: Habit
    hunt: Hunt
    adaptivity: float
    states: tuple[WeatherState, ...]
    low: float
    high: float
    most_unavailable: float
    unwatched: Float32
    missed: Float32
    missed_low: Float32
    missed_high: Float32
    missed_thinned: Float32


def prepare_strain(exposure: Exposure, settings: UncertaintySettings) -> Strain:
    """Return a plan ready to be tried within the ranges of the settings."""
    plan, network = exposure.plan, exposure.network
    low, high = settings.detection_low, settings.detection_high
    thinned = thin(network, settings.unavailable_high)
    sums = np.zeros((4, *no_effort(network).shape), np.float64)
    for schedule, share in zip(plan.schedules, plan.probabilities, strict=True):
        if share <= 0:
            continue
        effort = effort_of(schedule.duties, plan.teams, network)
        fewer = effort_of(schedule.duties, plan.teams, thinned)
        for row, exponent in zip(sums, (effort, low * effort, high * effort, fewer), strict=True):
            row += share * np.exp(-exponent)
    missed = np.log(np.maximum(sums, LEAST_MISS)).astype(np.float32)
    unwatched = np.log(np.maximum(network.unwatched, LEAST_MISS))
    hunt = find_hunt(network.attacks)
    adaptivity = exposure.adaptivity if hunt.weights.size else 0.0
    return Strain(
        sum_habit(network), hunt, adaptivity, network.states, low, high,
        settings.unavailable_high, unwatched, *missed,
    )  # fmt: skip


def sum_habit(network: PatrolNetwork) -> Habit:
    """Return the attacks by the pattern of the record, summed by cell and field."""
    attacks, cells = network.attacks, network.cells
    harm = attacks.pattern * attacks.harm
    shape = (cells, HOURS, len(PLAN_TARGETS))
    stake = np.bincount(_field(attacks), harm * attacks.timely, int(np.prod(shape)))
    return Habit(
        np.asarray(np.bincount(attacks.cell, attacks.pattern, cells), np.float64),
        np.asarray(np.bincount(attacks.cell, harm, cells), np.float64),
        stake.reshape(shape).astype(np.float32),
    )


def find_hunt(attacks: Attacks) -> Hunt:
    """Return the attacks that can be the worst of their type under some cover.

    One that does less harm unwatched than another does even when it is surely noticed cannot.
    """
    full = attacks.appeal * attacks.harm
    sure = np.zeros(len(attacks.weights))
    open_to = attacks.reachable
    np.maximum.at(sure, attacks.attacker[open_to], (full * (1.0 - attacks.timely))[open_to])
    kept = np.flatnonzero(open_to & (full >= sure[attacks.attacker]))
    kept = kept[np.argsort(attacks.attacker[kept], kind="stable")]
    kinds, starts = np.unique(attacks.attacker[kept], return_index=True)
    return Hunt(
        _field(attacks)[kept], full[kept], attacks.timely[kept], starts.astype(np.int64),
        adaptive_weights(attacks)[kinds],
    )  # fmt: skip


def _field(attacks: Attacks) -> Integers:
    return (attacks.cell * HOURS + attacks.hour) * len(PLAN_TARGETS) + attacks.target


def thin(network: PatrolNetwork, unavailable: float) -> PatrolNetwork:
    """Return the network in which each visit fails to take place with a chance.

    A visit that takes place with chance 1 - u misses with u + (1 - u) exp(-effort). On the ground a
    team makes one visit in an hour, so that a visit fails as its team does.
    """
    looks = tuple(_thin_look(look, unavailable) for look in network.looks)
    return replace(network, looks=looks)


def _thin_look(look: Look, unavailable: float) -> Look:
    missed = unavailable + (1.0 - unavailable) * np.exp(-look.effort)
    return replace(look, effort=np.ascontiguousarray(-np.log(missed), dtype=np.float32))


def harm_under(strain: Strain, case: Circumstances, ratios: Floats) -> float:
    """Return the harm that the plan leaves under other circumstances [persons per attack].

    Parameters
    ----------
    strain : Strain
        The plan, from `prepare_strain`.
    case : Circumstances
        What differs.
    ratios : ndarray, shape (draws, cells)
        How much more often than on average attacks come in each cell [1].

    Raises
    ------
    ValueError
        If the case lies outside the ranges that the plan was made ready for.
    """
    cover = cover_under(strain, case)
    ratio = ratios[case.pattern] if case.pattern >= 0 else np.ones(len(strain.habit.share))
    habit = float(habit_harms(strain.habit, cover, ratio[None])[0])
    if strain.adaptivity == 0.0:
        return habit
    hunt = strain.hunt
    left = hunt.harm * (1.0 - hunt.timely * cover.ravel()[hunt.field])
    adaptive = float(hunt.weights @ np.maximum.reduceat(left, hunt.starts))
    return strain.adaptivity * adaptive + (1.0 - strain.adaptivity) * habit


def habit_harms(habit: Habit, cover: Float32, ratios: Floats) -> Floats:
    """Return the harm by habit under each draw of the risk, shape (draws,) [persons per attack].

    Attacks come more often in some cells and less in others; the pattern sums to 1 in each draw.
    """
    stopped = np.einsum("cht,cht->c", habit.stake, cover, dtype=np.float64)
    total = (ratios * habit.share).sum(axis=1)
    left = (ratios * (habit.harm - stopped)).sum(axis=1)
    usual = float((habit.harm - stopped).sum())
    return np.asarray(np.where(total > 0, left / np.maximum(total, 1e-300), usual))


def cover_under(strain: Strain, case: Circumstances) -> Float32:
    """Return the chance that a crossing is noticed in a case, (cells, 24, targets) [1]."""
    missed = strain.missed + _by_detection(strain, case.detection)
    if case.unavailable > 0:
        if case.unavailable > strain.most_unavailable:
            raise ValueError(f"unavailable is at most {strain.most_unavailable:g} here")
        part = np.float32(case.unavailable / strain.most_unavailable)
        missed += part * (strain.missed_thinned - strain.missed)
    missed += np.float32(case.detection) * strain.unwatched
    seen = -np.expm1(missed)
    by_target = seen.reshape(seen.shape[0], HOURS, len(PLAN_TARGETS), -1)
    shares = weather_under(strain.states, case.flyable)
    # Few states: adding them up is faster than a matrix product, which starts threads of its own.
    cover = np.zeros(by_target.shape[:3], np.float32)
    for state, share in enumerate(shares):
        cover += share * by_target[..., state]
    return cover


def _by_detection(strain: Strain, factor: float) -> Float32:
    """Return what a factor on detection adds to the logarithm of the chance to miss."""
    if not strain.low <= factor <= strain.high:
        raise ValueError(f"detection lies within {strain.low:g} and {strain.high:g} here")
    if factor == 1.0:
        return np.zeros_like(strain.missed)
    end, at = (strain.high, strain.missed_high) if factor > 1 else (strain.low, strain.missed_low)
    return np.asarray(np.float32((factor - 1.0) / (end - 1.0)) * (at - strain.missed))


def weather_under(states: tuple[WeatherState, ...], flyable: float | None) -> Float32:
    """Return the chance of each state of the weather where another share of days can be flown.

    Within flown and not flown days the shares keep their proportions; where all days or none can
    be flown as assumed, there is nothing to shift and the shares stay.
    """
    shares = np.array([state.share for state in states])
    flown = np.array([state.flown for state in states])
    usual = float(shares[flown].sum())
    if flyable is None or not 0 < usual < 1:
        return shares.astype(np.float32)
    scale = np.where(flown, flyable / usual, (1.0 - flyable) / (1.0 - usual))
    return np.asarray(shares * scale, np.float32)


def ratios_of(draws: NDArray[np.float32], usual: Floats) -> Floats:
    """Return how much more often attacks come in each cell in each draw, (draws, cells) [1].

    Parameters
    ----------
    draws : ndarray, shape (draws, cells)
        Intensity of each cell in each draw [1/week].
    usual : ndarray, shape (cells,)
        Mean intensity of each cell [1/week].
    """
    return np.asarray(draws / np.maximum(usual, 1e-300), np.float64)
