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
from sarhad.plan import expected_harm
from sarhad.scenario import UncertaintySettings

Floats = NDArray[np.float64]
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
        Which pattern of attacks by habit, a row of those given; -1: the network's.
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
class Strain:
    """A plan ready to be tried under other circumstances.

    Attributes
    ----------
    attacks : Attacks
        What may come.
    adaptivity : float
        Weight of attackers that adapt [1].
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

    attacks: Attacks
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
    return Strain(
        network.attacks, exposure.adaptivity, network.states, low, high,
        settings.unavailable_high, unwatched, *missed,
    )  # fmt: skip


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


def harm_under(strain: Strain, case: Circumstances, patterns: Floats) -> float:
    """Return the harm that the plan leaves under other circumstances [persons per attack].

    Parameters
    ----------
    strain : Strain
        The plan, from `prepare_strain`.
    case : Circumstances
        What differs.
    patterns : ndarray, shape (patterns, attacks)
        Chances of the attacks by habit; each row sums to 1.

    Raises
    ------
    ValueError
        If the case lies outside the ranges that the plan was made ready for.
    """
    attacks = strain.attacks
    if case.pattern >= 0:
        attacks = replace(attacks, pattern=patterns[case.pattern])
    return expected_harm(attacks, cover_under(strain, case), strain.adaptivity)


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
    return np.asarray(by_target @ weather_under(strain.states, case.flyable), np.float32)


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


def patterns_of(attacks: Attacks, draws: NDArray[np.float32], usual: Floats) -> Floats:
    """Return the pattern of attacks by habit under each draw of the risk, (draws, attacks) [1].

    Parameters
    ----------
    attacks : Attacks
        With the pattern of the mean risk.
    draws : ndarray, shape (draws, cells)
        Intensity of each cell in each draw [1/week].
    usual : ndarray, shape (cells,)
        Mean intensity of each cell [1/week].
    """
    factor = draws / np.maximum(usual, 1e-300)
    raw = attacks.pattern * factor[:, attacks.cell]
    total = raw.sum(axis=1, keepdims=True)
    return np.asarray(np.where(total > 0, raw / np.maximum(total, 1e-300), attacks.pattern))
