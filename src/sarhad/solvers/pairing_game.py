"""The game of mixed pairing: joint teams of two precincts against an attacker who watches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from sarhad.solvers.matchings import PairingMap
from sarhad.solvers.odd_sets import Floats

FLAT: Final = 1e-9
"""Payoffs nearer to each other than this do not depend on coverage."""


@dataclass(frozen=True, slots=True, eq=False)
class PairingGame:
    """Joint patrols of pairs of precincts against an attacker who sees their probabilities.

    A joint schedule pairs up exactly `teams` pairs of precincts, none twice; each joint team
    patrols one area of one of its two precincts. An attack on an area that is patrolled with
    probability c gives the attacker (1 - c) reward_uncovered + c reward_covered and the defender
    -(1 - c) penalty_uncovered - c penalty_covered.

    Attributes
    ----------
    map : PairingMap
        Precincts and who may pair up.
    teams : int
        Pairs of each joint schedule.
    reward_uncovered, reward_covered : ndarray, shape (precincts, areas)
        What an attack is worth to the attacker, unpatrolled and patrolled.
    penalty_uncovered, penalty_covered : ndarray, shape (precincts, areas)
        What it costs the defender, unpatrolled and patrolled.
    """

    map: PairingMap
    teams: int
    reward_uncovered: Floats
    reward_covered: Floats
    penalty_uncovered: Floats
    penalty_covered: Floats

    def __post_init__(self) -> None:
        if not 1 <= self.teams <= self.map.precincts // 2:
            most = self.map.precincts // 2
            raise ValueError(f"teams must be 1 to {most}, half the precincts, not {self.teams}")
        shape = self.reward_uncovered.shape
        if len(shape) != 2 or shape[0] != self.map.precincts or shape[1] < 1:
            raise ValueError(f"payoffs must be (precincts, areas), not {shape}")
        for payoff in (self.reward_covered, self.penalty_uncovered, self.penalty_covered):
            if payoff.shape != shape:
                raise ValueError(f"payoffs differ in shape: {payoff.shape} and {shape}")
        if not all(np.isfinite(payoff).all() for payoff in self._payoffs):
            raise ValueError("payoffs must be finite")

    @property
    def _payoffs(self) -> tuple[Floats, Floats, Floats, Floats]:
        rewards = (self.reward_uncovered, self.reward_covered)
        return (*rewards, self.penalty_uncovered, self.penalty_covered)

    @property
    def areas(self) -> int:
        """Areas of each precinct."""
        return int(self.reward_uncovered.shape[1])

    @property
    def reward_slope(self) -> Floats:
        """What full coverage adds to the attacker's reward; normally below zero."""
        return self.reward_covered - self.reward_uncovered

    def attacker_payoff(self, coverage: Floats) -> Floats:
        """Return the attacker's payoff at each area, shape (precincts, areas)."""
        return self.reward_uncovered + self.reward_slope * coverage

    def defender_payoff(self, coverage: Floats) -> Floats:
        """Return the defender's payoff at each area, shape (precincts, areas)."""
        saved = self.penalty_uncovered - self.penalty_covered
        return -self.penalty_uncovered + saved * coverage

    def needed(self, utility: float) -> tuple[Floats, Floats]:
        """Return the least coverage that holds the attacker to a utility, and its slope.

        Both (precincts, areas): the coverage is convex in the utility, 0 to 1 from
        `least_conceivable` on; the slope is its derivative [per unit of payoff].
        """
        falls = self.reward_slope < -FLAT
        slope = np.divide(1.0, self.reward_slope, out=np.zeros(falls.shape), where=falls)
        cover = (utility - self.reward_uncovered) * slope
        return np.clip(cover, 0.0, 1.0), np.where(cover > 0.0, slope, 0.0)

    def allowed(self, utility: float) -> tuple[Floats, Floats]:
        """Return the greatest coverage that keeps to a utility, and its slope.

        Both (precincts, areas): one, except where a patrol attracts the attacker.
        """
        rises = self.reward_slope > FLAT
        slope = np.divide(1.0, self.reward_slope, out=np.zeros(rises.shape), where=rises)
        cover = np.where(rises, (utility - self.reward_uncovered) * slope, 1.0)
        return np.clip(cover, 0.0, 1.0), np.where(cover < 1.0, slope, 0.0)

    @property
    def least_conceivable(self) -> float:
        """Utility that no coverage whatever could hold the attacker below."""
        return float(np.minimum(self.reward_uncovered, self.reward_covered).max())

    @property
    def greatest_conceivable(self) -> float:
        """Utility that no coverage whatever could exceed."""
        return float(np.maximum(self.reward_uncovered, self.reward_covered).max())


def lay_ladder(length: int) -> PairingMap:
    """Return the ladder of 2 x length precincts: two rows, joined along and across.

    ::

        0 - 1 - 2 - ...                 own side
        |   |   |
        n - n+1 - n+2 - ...             the partner's
    """
    if length < 1:
        raise ValueError(f"a ladder has at least one rung, not {length}")
    own = np.arange(length)
    across = np.column_stack((own, own + length))
    along = np.column_stack((own[:-1], own[1:]))
    return PairingMap(2 * length, np.vstack((across, along, along + length)))


def draw_game(
    pairing_map: PairingMap, teams: int, areas: int, rng: np.random.Generator
) -> PairingGame:
    """Return a game whose payoffs are uniform: 1 to 100 uncovered, 0 to 5 covered.

    Reals, each drawn by itself: rewards uncovered and covered, then penalties uncovered and
    covered. Where they overlap, a patrol may attract the attacker or cost the defender; that is
    allowed.
    """
    shape = (pairing_map.precincts, areas)
    ranges = ((1.0, 100.0), (0.0, 5.0), (1.0, 100.0), (0.0, 5.0))
    return PairingGame(pairing_map, teams, *(rng.uniform(*ends, shape) for ends in ranges))
