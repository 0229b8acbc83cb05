"""What a plan shows: its cover, schedule by schedule, recomputed from the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sarhad.patrols import HOURS, PLAN_TARGETS, PatrolNetwork
from sarhad.plan import (
    Plan,
    adaptive_weights,
    cover_of_posts,
    cover_of_schedule,
    expected_harm,
    harm_by_attack,
    worst_by_attacker,
)

Floats = NDArray[np.float64]
Float32 = NDArray[np.float32]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """A plan with its cover on each of the days that it may draw.

    Attributes
    ----------
    plan : Plan
        The plan.
    network : PatrolNetwork
        What it is judged by; not necessarily what it was chosen with.
    adaptivity : float
        Weight of attackers that watch and adapt, against those of habit [1].
    cover_of : ndarray of float32, shape (schedules, cells, 24, targets)
        Chance that a crossing is noticed on a day of each schedule, over the weather [1].
    cover : ndarray of float32, shape (cells, 24, targets)
        The same over the lottery [1].
    cover_posts : ndarray of float32, shape (cells, 24, targets)
        With manned posts and the neighbour alone [1].
    left : ndarray, shape (attacks,)
        Harm of each attack that the lottery leaves [persons].
    """

    plan: Plan
    network: PatrolNetwork
    adaptivity: float
    cover_of: Float32
    cover: Float32
    cover_posts: Float32
    left: Floats

    def __post_init__(self) -> None:
        if not 0 <= self.adaptivity <= 1:
            raise ValueError("adaptivity lies within 0 and 1")
        fields = (self.network.cells, HOURS, len(PLAN_TARGETS))
        if self.cover_of.shape != (len(self.plan.schedules), *fields):
            raise ValueError("cover_of has a row for each schedule of the plan")

    @property
    def harm(self) -> float:
        """Return the harm per attack that the plan leaves [persons]."""
        return expected_harm(self.network.attacks, self.cover, self.adaptivity)

    @property
    def harm_posts_alone(self) -> float:
        """Return the harm per attack with manned posts and the neighbour alone [persons]."""
        return expected_harm(self.network.attacks, self.cover_posts, self.adaptivity)


def expose(plan: Plan, network: PatrolNetwork, adaptivity: float) -> Exposure:
    """Return a plan with its cover on each day that it may draw, computed from the network anew.

    Parameters
    ----------
    plan : Plan
        Any plan for the units of the network.
    network : PatrolNetwork
        What it is judged by.
    adaptivity : float
        Weight of attackers that watch and adapt [1].

    Raises
    ------
    ValueError
        If adaptivity lies outside [0, 1].
    """
    cover_of = np.stack([cover_of_schedule(s, plan.teams, network) for s in plan.schedules])
    shares = plan.probabilities
    cover = np.tensordot(shares, cover_of, axes=1).astype(np.float32)
    left = harm_by_attack(network.attacks, cover)
    return Exposure(plan, network, adaptivity, cover_of, cover, cover_of_posts(network), left)


def worst_attacks(exposure: Exposure, left: Floats) -> Integers:
    """Return the most appealing reachable attack of each attacker type, -1 for none.

    Appeal is the harm left, long ways counting for less.

    Parameters
    ----------
    exposure : Exposure
        Attacks and types.
    left : ndarray, shape (attacks,)
        Harm of each attack [persons].

    Returns
    -------
    ndarray of int64, shape (attacker types,)
        The first of those that are equal.
    """
    attacks = exposure.network.attacks
    worst = worst_by_attacker(attacks, left)
    best = np.full(len(worst), -1)
    at_most = np.flatnonzero(attacks.reachable & (attacks.appeal * left >= worst[attacks.attacker]))
    best[attacks.attacker[at_most[::-1]]] = at_most[::-1]
    return best


def mixture(exposure: Exposure, informed: Floats, habit: float) -> float:
    """Return a mean over the default mixture of attackers, as the plan's harm weighs them.

    Parameters
    ----------
    exposure : Exposure
        Adaptivity and weights of the types that adapt.
    informed : ndarray, shape (attacker types,)
        Value for the adaptive attacker of each type.
    habit : float
        Value for attacks by the pattern of the record.
    """
    weights = adaptive_weights(exposure.network.attacks)
    if not weights.any():
        return habit
    return exposure.adaptivity * float(weights @ informed) + (1 - exposure.adaptivity) * habit
