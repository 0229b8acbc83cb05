"""Mixed pairing: which precincts pair up, and where their joint teams patrol, with a proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from sarhad.solvers.lotteries import MatchingLottery, decompose_shares
from sarhad.solvers.matchings import MatchingProgram
from sarhad.solvers.odd_sets import Floats
from sarhad.solvers.pairing_game import FLAT, PairingGame

PROVEN: Final = 1e-6
"""Distance of bound and value at which a plan counts as optimal [payoff]."""

WORTH_A_LOOK: Final = 1e-8
"""A target is looked at by itself if it could be better by more than this [payoff]."""

TIE: Final = 1e-7
"""Targets whose payoffs to the attacker are nearer than this are equal to him."""

SHORT: Final = 1e-9
"""Coverage by which a precinct may fall short before a row is added."""

ROUNDING: Final = 1e-10
"""Relative allowance for rounding in the attacker's least utility."""

MOST_ROUNDS: Final = 1000
"""Rounds of rows after which something is wrong; a dozen are usual."""


@dataclass(frozen=True, slots=True, eq=False)
class PairingPlan:
    """A strong Stackelberg equilibrium of a pairing game, with its proof.

    Attributes
    ----------
    value : float
        The defender's payoff, recomputed from the lottery.
    bound : float
        No lottery over joint schedules gives the defender more than this.
    precinct, area : int
        Where the attacker strikes; among equals, where it suits the defender best.
    regret : float
        By how much another area would be better for the attacker; rounding only.
    lottery : MatchingLottery
        Joint schedules: who pairs up.
    first_end : ndarray, shape (edges,)
        Probability that a team, if formed, patrols in the first precinct of its edge.
    coverage : ndarray, shape (precincts, areas)
        Probability that an area is patrolled.
    programs : int
        Linear programs that the proof took: one, and one for each target looked at by itself.
    """

    value: float
    bound: float
    precinct: int
    area: int
    regret: float
    lottery: MatchingLottery
    first_end: Floats
    coverage: Floats
    programs: int

    @property
    def proven(self) -> bool:
        """Whether the plan is optimal to within 1e-6."""
        return abs(self.bound - self.value) <= PROVEN

    @property
    def area_shares(self) -> Floats:
        """Probability of each area, given that a team patrols there; shape of coverage."""
        total = self.coverage.sum(axis=1, keepdims=True)
        even = np.full(self.coverage.shape, 1.0 / self.coverage.shape[1])
        return np.asarray(np.divide(self.coverage, total, out=even, where=total > 0.0))


def solve_pairing(game: PairingGame) -> PairingPlan:
    """Return the best lottery over joint schedules against an attacker who knows it.

    First the least utility u that the attacker can be held to: one small linear program, whose
    coverage demands are tangents of convex functions of u. Every area that gives u is then a
    best response, and where patrols deter, a lower u is better at every one of them: the area
    that suits the defender best at u closes the proof (ORIGAMI, Kiekintveld et al. 2009, here
    over the matching polytope). Areas whose bound stays above that, because a patrol attracts
    or costs there or because the only area of a precinct must take all of its patrols, each
    get a program of their own.

    Parameters
    ----------
    game : PairingGame
        Precincts, pairs and payoffs.

    Raises
    ------
    ValueError
        If so many pairs cannot be formed at once.

    References
    ----------
    Kiekintveld, C. et al. (2009), Computing optimal randomized resource allocations for massive
    security games, AAMAS. Conitzer, V. and Sandholm, T. (2006), doi:10.1145/1134707.1134717.
    The game: Bucarey, V. et al. (2017), doi:10.1007/978-3-319-68711-7_11.
    """
    program = _PairingProgram(game, None, [])
    least = program.solve()
    if least is None:
        raise ValueError(f"no {game.teams} pairs of precincts can be formed at once")
    limits = _limit_targets(game, program.bound())
    best = _judge(game, least, int(limits.argmax()))
    looked = np.zeros(len(limits), dtype=bool)
    while (open_limits := np.where(looked, -np.inf, limits)).max() > best.value + WORTH_A_LOOK:
        target = int(open_limits.argmax())
        program, looked[target] = _PairingProgram(game, target, least.odd_sets), True
        found = program.solve()
        limits[target] = -np.inf if found is None else min(limits[target], -program.bound())
        if found is not None:
            best = max(best, _judge(game, found, target), key=lambda choice: choice.value)
    return _write_plan(game, best, float(limits.max()), 1 + int(looked.sum()))


def measure_shares(game: PairingGame, plan: PairingPlan) -> Floats:
    """Return the probability that an edge's team patrols an area, shape (edges, 2, areas).

    Recomputed from the lottery; the second index is the end of the edge.
    """
    ends = np.column_stack((plan.first_end, 1.0 - plan.first_end))
    formed = plan.lottery.shares[:, None] * ends
    return np.asarray(formed[:, :, None] * plan.area_shares[game.map.edges])


def draw_joint_schedule(
    game: PairingGame, plan: PairingPlan, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return one joint schedule of a plan, drawn.

    Returns
    -------
    ndarray of int, shape (teams, 3)
        Edge of each team, the precinct that it patrols and the area there.
    """
    drawn = plan.lottery.chosen[rng.choice(len(plan.lottery.chosen), p=plan.lottery.probability)]
    edge = np.flatnonzero(drawn)
    end = (rng.random(len(edge)) >= plan.first_end[edge]).astype(np.int64)
    precinct = game.map.edges[edge, end]
    reached = np.cumsum(plan.area_shares[precinct], axis=1)
    area = (reached <= rng.random((len(edge), 1)) * reached[:, -1:]).sum(axis=1)
    return np.column_stack((edge, precinct, area))


def pair_units(weight: Floats) -> NDArray[np.int64]:
    """Return which units of two parties pair up for the greatest total weight.

    A unit may stay single, which weighs nothing; so no pair of weight zero or less is made.

    Parameters
    ----------
    weight : ndarray, shape (units of the first party, units of the second)
        What a pair adds over its two units alone; -inf where the two may not pair up.

    Returns
    -------
    ndarray of int, shape (pairs, 2)
        Rows and columns, by row.

    Raises
    ------
    ValueError
        If a weight is not a number or is infinite.
    """
    if weight.ndim != 2:
        raise ValueError(f"weights must be (units, units), not {weight.shape}")
    if np.isnan(weight).any() or (weight == np.inf).any():
        raise ValueError("weights must be numbers, or -inf where two units may not pair up")
    row, column = linear_sum_assignment(np.maximum(weight, 0.0), maximize=True)
    pairs = np.column_stack((row, column)).astype(np.int64)
    return pairs[weight[row, column] > 0.0]


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What a program found: shares of the ends (2, edges), utility, coverage of its target."""

    ends: Floats
    utility: float
    target: int | None
    covered: float
    odd_sets: list[NDArray[np.intp]]


@dataclass(frozen=True, slots=True, eq=False)
class _Choice:
    """A lottery, judged: where the attacker strikes, though another area was meant, its value."""

    found: _Found
    favourite: int
    coverage: Floats
    target: int
    value: float


class _PairingProgram:
    """The least utility of the attacker, or the most of the defender at one target.

    Over u, the shares x of the ends of edges in the matching polytope, and q_v, the sum of x
    over the ends at v:

        min  u                                              no target, or
        min  -defender(c)    with attacker(c) = u           target at v* covered with c
        (4)  sum of needed_t(u) over the areas t of v <= q_v
        (5)  q_v <= sum of allowed_t(u) over the areas t of v

    At v* the target's own terms in (4) and (5) are c. needed is convex in u and allowed
    concave, both piecewise linear: their tangents are added where they are violated.
    """

    def __init__(
        self, game: PairingGame, target: int | None, odd_sets: list[NDArray[np.intp]]
    ) -> None:
        self._game = game
        self._target = target
        self._program = MatchingProgram(game.map, game.teams, parts=2)
        self._program.add_odd_sets(odd_sets)
        limits = (game.least_conceivable, game.greatest_conceivable)
        self._utility = self._program.add_column(*limits)
        self._covered = self._program.add_column(0.0, 0.0 if target is None else 1.0)
        cost = np.zeros(self._covered + 1)
        if target is None:
            cost[self._utility] = 1.0
        else:
            cost[self._covered] = (game.penalty_covered - game.penalty_uncovered).flat[target]
            self._attack_target(target)
        self._program.set_cost(cost)

    def _attack_target(self, target: int) -> None:
        start = float(self._game.reward_uncovered.flat[target])
        slope = float(self._game.reward_slope.flat[target])
        self._program.add_row(start, start, [self._utility, self._covered], [1.0, -slope])

    def solve(self) -> _Found | None:
        """Return the optimum, or None if the target can never be attacked."""
        for _ in range(MOST_ROUNDS):
            x = self._program.run()
            if x is None:
                return None
            if not (self._meet_needs(x) | self._keep_allowed(x) or self._program.separate(x)):
                utility, covered = float(x[self._utility]), float(x[self._covered])
                return _Found(self._ends(x), utility, self._target, covered, self.odd_sets)
        raise RuntimeError(f"rows still violated after {MOST_ROUNDS} rounds")

    def bound(self) -> float:
        """Return a lower bound on u, or on what the target costs the defender."""
        fixed = 0.0 if self._target is None else self._game.penalty_uncovered.flat[self._target]
        return self._program.bound() + float(fixed)

    @property
    def odd_sets(self) -> list[NDArray[np.intp]]:
        """The odd sets found so far."""
        return self._program.odd_sets

    def _ends(self, x: Floats) -> Floats:
        return np.clip(x[: self._utility].reshape(2, -1), 0.0, 1.0)

    def _meet_needs(self, x: Floats) -> bool:
        cover, slope = self._sum_areas(*self._game.needed(float(x[self._utility])))
        short = np.flatnonzero(cover > self._left_for_others(x) + SHORT)
        for precinct in short:
            level = cover[precinct] - slope[precinct] * x[self._utility]
            self._add_tangent(int(precinct), float(slope[precinct]), (float(level), np.inf))
        return len(short) > 0

    def _keep_allowed(self, x: Floats) -> bool:
        cover, slope = self._sum_areas(*self._game.allowed(float(x[self._utility])))
        over = np.flatnonzero(cover < self._left_for_others(x) - SHORT)
        for precinct in over:
            level = cover[precinct] - slope[precinct] * x[self._utility]
            self._add_tangent(int(precinct), float(slope[precinct]), (-np.inf, float(level)))
        return len(over) > 0

    def _sum_areas(self, cover: Floats, slope: Floats) -> tuple[Floats, Floats]:
        """Return coverage and slope summed over each precinct's areas but the target."""
        if self._target is not None:
            cover.flat[self._target] = slope.flat[self._target] = 0.0
        return cover.sum(axis=1), slope.sum(axis=1)

    def _left_for_others(self, x: Floats) -> Floats:
        """Return the patrols of each precinct but those at the target."""
        total = _patrols(self._game, self._ends(x))
        if self._target is not None:
            total[self._target // self._game.areas] -= x[self._covered]
        return total

    def _add_tangent(self, precinct: int, slope: float, limits: tuple[float, float]) -> None:
        """Add limits on q_v - slope u, at the target's precinct on q_v - slope u - c."""
        first, second = (np.flatnonzero(self._game.map.edges[:, end] == precinct) for end in (0, 1))
        ends = [*first, *(second + len(self._game.map.edges))]
        here = self._target is not None and self._target // self._game.areas == precinct
        columns = [*ends, self._utility, self._covered]
        values = [1.0] * len(ends) + [-slope, -1.0 if here else 0.0]
        self._program.add_row(*limits, columns, values)


def _patrols(game: PairingGame, ends: Floats) -> Floats:
    """Return the probability that a precinct is patrolled, shape (precincts,)."""
    return np.bincount(game.map.edges.T.ravel(), ends.ravel(), game.map.precincts).astype(float)


def _limit_targets(game: PairingGame, utility: float) -> Floats:
    """Return what the defender gets at most if an area is attacked, -inf if it never is.

    An attacked area gives the attacker at least the least utility that he can be held to,
    which limits its coverage to an interval; the defender's payoff is greatest at an end.
    """
    # Rounded outwards: a reward that equals the least utility to the last digit stays in.
    utility -= ROUNDING * max(1.0, abs(utility))
    start, slope = game.reward_uncovered, game.reward_slope
    reach = np.divide(utility - start, slope, out=np.zeros(slope.shape), where=abs(slope) > FLAT)
    low = np.where(slope > FLAT, np.maximum(reach, 0.0), 0.0)
    high = np.where(slope < -FLAT, np.minimum(reach, 1.0), 1.0)
    limit = np.maximum(*(game.defender_payoff(np.clip(end, 0.0, 1.0)) for end in (low, high)))
    never = (low > 1.0) | (high < 0.0) | ((abs(slope) <= FLAT) & (start + FLAT < utility))
    return np.where(never, -np.inf, limit).ravel()


def _judge(game: PairingGame, found: _Found, favourite: int) -> _Choice:
    """Return where the attacker strikes under a program's shares, and the defender's payoff."""
    total = _patrols(game, found.ends)
    # The shares are what is drawn; they fix the utility, to the last digit.
    utility = _least_utility(game, total)
    if found.target is not None:
        utility = max(utility, found.utility)
    covered = _cover_at(game, favourite, utility, found.covered)
    coverage = _spread(game, total, utility, favourite, covered)
    attacker = game.attacker_payoff(coverage).ravel()
    defender = game.defender_payoff(coverage).ravel()
    target = favourite
    if attacker[favourite] < attacker.max() - TIE:
        target = int(np.where(attacker >= attacker.max() - TIE, defender, -np.inf).argmax())
    return _Choice(found, favourite, coverage, target, float(defender[target]))


def _cover_at(game: PairingGame, target: int, utility: float, otherwise: float) -> float:
    """Return the coverage that gives the attacker a utility; else what was found."""
    slope = game.reward_slope.flat[target]
    if abs(slope) <= FLAT:
        return otherwise
    return float(np.clip((utility - game.reward_uncovered.flat[target]) / slope, 0.0, 1.0))


def _least_utility(game: PairingGame, total: Floats) -> float:
    """Return the least utility that patrols of each precinct can hold the attacker to."""
    low, high = game.least_conceivable, game.greatest_conceivable
    while (middle := (low + high) / 2) not in (low, high):
        enough = (game.needed(middle)[0].sum(axis=1) <= total).all()
        attracts = (game.allowed(middle)[0].sum(axis=1) < total).any()
        low, high = (low, middle) if enough and not attracts else (middle, high)
    return high


def _spread(
    game: PairingGame, total: Floats, utility: float, target: int, covered: float
) -> Floats:
    """Return coverage of the areas that holds the attacker to a utility, shape of the payoffs.

    Each area gets what it needs, the target exactly its own; what a precinct has left goes to
    the others as far as they allow.
    """
    needed, room = game.needed(utility)[0], game.allowed(utility)[0]
    needed.flat[target] = room.flat[target] = covered
    room = np.maximum(room - needed, 0.0)
    left = np.maximum(total - needed.sum(axis=1), 0.0)
    space = room.sum(axis=1)
    part = np.divide(left, space, out=np.zeros_like(left), where=space > 0.0)
    coverage = needed + np.minimum(part, 1.0)[:, None] * room
    # Rounding: a precinct's areas together get exactly its patrols.
    sums = coverage.sum(axis=1)
    coverage[sums <= 0.0] = total[sums <= 0.0, None] / game.areas
    scale = np.divide(total, sums, out=np.ones_like(sums), where=sums > 0.0)
    return np.asarray(coverage * scale[:, None])


def _write_plan(game: PairingGame, best: _Choice, bound: float, programs: int) -> PairingPlan:
    """Return the plan of a choice: its lottery, and all figures recomputed from that."""
    found = best.found
    shares = found.ends.sum(axis=0)
    lottery = decompose_shares(game.map, game.teams, shares, found.odd_sets)
    even = np.full(len(shares), 0.5)
    first_end = np.divide(found.ends[0], shares, out=even, where=shares > 0.0)
    drawn = lottery.shares * np.vstack((first_end, 1.0 - first_end))
    again = _Found(drawn, found.utility, found.target, found.covered, found.odd_sets)
    last = _judge(game, again, best.favourite)
    attacker = game.attacker_payoff(last.coverage)
    precinct, area = divmod(last.target, game.areas)
    return PairingPlan(
        value=last.value,
        bound=bound,
        precinct=precinct,
        area=area,
        regret=float(attacker.max() - attacker[precinct, area]),
        lottery=lottery,
        first_end=first_end,
        coverage=last.coverage,
        programs=programs,
    )
