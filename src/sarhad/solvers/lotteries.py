"""Lotteries over matchings that give every edge a stated share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from highspy import _core
from numpy.typing import NDArray

from sarhad.solvers.matchings import MatchingProgram, PairingMap, quiet_engine
from sarhad.solvers.odd_sets import Floats

NOTHING: Final = 1e-10
"""Shares below this count as none."""

WATCHED: Final = 1e-3
"""Rests of less probability are not searched for odd sets: rounding would pass for them."""

EXACT: Final = 1e-9
"""Sum of the deviations from the stated shares with which a lottery is done."""


@dataclass(frozen=True, slots=True, eq=False)
class MatchingLottery:
    """Matchings and their probabilities.

    Attributes
    ----------
    probability : ndarray, shape (matchings,)
        Above zero, one in sum.
    chosen : ndarray of bool, shape (matchings, edges)
        Edges of each matching.
    """

    probability: Floats
    chosen: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.chosen.ndim != 2 or self.probability.shape != self.chosen.shape[:1]:
            raise ValueError("a lottery needs one probability for each matching")
        if (self.probability < 0.0).any() or abs(self.probability.sum() - 1.0) > 1e-9:
            raise ValueError("probabilities must not be negative and must sum to one")

    @property
    def shares(self) -> Floats:
        """Probability of each edge, shape (edges,)."""
        return np.asarray(self.probability @ self.chosen)


def decompose_shares(
    pairing_map: PairingMap,
    teams: int,
    shares: Floats,
    odd_sets: list[NDArray[np.intp]],
) -> MatchingLottery:
    """Return a lottery over matchings of `teams` edges with the stated edge shares.

    Matchings are peeled off: each lies on the face of the matching polytope that the rest lies
    on, and takes as much probability as keeps the rest inside, so each makes one more row
    tight. Column generation finishes what rounding leaves, its matchings priced by the same
    linear program.

    Parameters
    ----------
    pairing_map : PairingMap
        Who may pair up.
    teams : int
        Edges of each matching.
    shares : ndarray, shape (edges,)
        Probability of each edge; a point of the matching polytope.
    odd_sets : list of ndarray of int
        Sets of precincts whose rows are known already.
    """
    program = MatchingProgram(pairing_map, teams, parts=1)
    program.add_odd_sets(odd_sets)
    columns, weights, rest = _peel(program, teams, shares)
    if rest > EXACT or not columns:
        columns, weights = _generate(program, shares, columns)
    chosen, probability = np.array(columns), np.array(weights)
    return MatchingLottery(probability / probability.sum(), chosen)


def heaviest_matching(program: MatchingProgram, weight: Floats) -> NDArray[np.bool_] | None:
    """Return the matching of greatest weight within the program's limits, shape (edges,)."""
    program.set_cost(-weight)
    while (x := program.run()) is not None:
        whole = np.abs(x - np.rint(x)).max() < 1e-6
        if whole or not program.separate(x):
            return np.asarray(x > 0.5) if whole else None
    return None


def _peel(
    program: MatchingProgram, teams: int, shares: Floats
) -> tuple[list[NDArray[np.bool_]], list[float], float]:
    """Return matchings, their probabilities and the probability that is left."""
    rest, mass = shares.copy(), 1.0
    columns: list[NDArray[np.bool_]] = []
    weights: list[float] = []
    for _ in range(4 * len(shares)):
        if mass <= NOTHING:
            break
        matching, step = _next_step(program, teams, rest, mass)
        if matching is None or step <= NOTHING:
            break
        after, left = np.maximum(rest - step * matching, 0.0), mass - step
        if left > WATCHED and program.separate(after / left):
            continue  # Too far: the step again, with the odd sets that it would overfill.
        columns.append(matching)
        weights.append(step)
        rest, mass = after, left
    program.set_limits(np.ones(len(shares)))
    return columns, weights, mass


def _rows_of(program: MatchingProgram) -> tuple[Floats, Floats]:
    """Return the rows of precincts and odd sets over the edges, and their limits."""
    inside = [np.isin(program.map.edges, odd_set).all(axis=1) for odd_set in program.odd_sets]
    rows = np.vstack([program.map.incidence.toarray(), *[row.astype(float) for row in inside]])
    odd = [(len(odd_set) - 1) / 2 for odd_set in program.odd_sets]
    return rows, np.concatenate((np.ones(program.map.precincts), odd))


def _next_step(
    program: MatchingProgram, teams: int, rest: Floats, mass: float
) -> tuple[NDArray[np.bool_] | None, float]:
    """Return a matching on the face of the rest, and how much probability it can take."""
    rows, limits = _rows_of(program)
    room = mass * limits - rows @ rest
    program.set_limits((rest > NOTHING).astype(float))
    # One full row counts more than all shares together: the face comes first.
    tight = (room <= NOTHING).astype(float)
    matching = heaviest_matching(program, tight @ rows + 0.5 / teams * rest / mass)
    if matching is None:
        return None, 0.0
    spare = limits - rows @ matching
    steps = room[spare > 0.5] / spare[spare > 0.5]
    return matching, min(mass, float(rest[matching].min()), float(steps.min(initial=mass)))


def _generate(
    program: MatchingProgram, shares: Floats, columns: list[NDArray[np.bool_]]
) -> tuple[list[NDArray[np.bool_]], list[float]]:
    """Return matchings and probabilities that come nearest to the shares, by pricing.

    min  sum of |deviation_e|  with  sum_M p_M [e in M] + deviation_e = share_e,  sum_M p_M = 1
    """
    master = _shortfall_master(shares)
    columns = list(columns)
    if not columns and (first := heaviest_matching(program, shares)) is not None:
        columns.append(first)
    fresh = list(columns)
    while fresh:
        for column in fresh:
            at = np.append(np.flatnonzero(column), len(shares)).astype(np.int32)
            master.addCol(0.0, 0.0, np.inf, len(at), at, np.ones(len(at)))
        master.run()
        dual = np.array(master.getSolution().row_dual)
        better = heaviest_matching(program, dual[:-1])
        gain = -np.inf if better is None else float(dual[:-1] @ better + dual[-1])
        done = better is None or gain <= EXACT or master.getObjectiveValue() <= EXACT
        fresh = [] if done or better is None else [better]
        columns += fresh
    weights = np.array(master.getSolution().col_value)[2 * len(shares) :]
    kept = np.flatnonzero(weights > 0.0)
    return [columns[k] for k in kept], [float(weights[k]) for k in kept]


def _shortfall_master(shares: Floats) -> _core._Highs:
    """Return the master without matchings: rows and the deviations of both signs."""
    master = quiet_engine()
    none = np.array([], dtype=np.int32)
    for side in (*shares, 1.0):
        master.addRow(side, side, 0, none, none.astype(float))
    for sign in (1.0, -1.0):
        for edge in range(len(shares)):
            at = np.array([edge], dtype=np.int32)
            master.addCol(1.0, 0.0, np.inf, 1, at, np.array([sign]))
    return master
