"""A bound on the harm of every plan, valid whatever found the plan.

For any mixture p of attacks the harm of any lottery over legal days is at least

    sum_a p_a harm_a - sum_f g_f posts_f - max over legal days of sum_(f,c) G_fc D_fc,

with g_f the stake on field f, G_fc its part in weather c that posts leave, and D_fc the chance that
patrols notice. D = 1 - prod(1 - d_i) over visits is held from above by a line in the visits, field
by field, by one of two or a mean of both:

    chord    D <= C + K sum d_i,            C = max_n 1 - (1 - s)^n - K s n,
    tangent  D <= C + K sum -log(1 - d_i),  K = exp(-e), C = 1 - K - K e,

s the strongest visit on the field, K a slope, e an effort: any choice is valid. The chord holds for
visits of mixed strength: 1 - prod(1 - d_i) - K sum d_i is linear in each d_i, so that it is
greatest with each d_i at 0 or s, and n equal visits give 1 - (1 - s)^n - K s n. The tangent is that
of the concave 1 - exp(-x). Under such a line the days of teams fall apart, and each team's best
duty is exact by dynamic programming. Limits that couple teams enter by
multipliers, each found exactly or left at 0, which is valid too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from sarhad.kernels import worth_of_visits
from sarhad.patrols import (
    HOURS,
    QUARTERS,
    UNREACHED,
    Duty,
    GroundReach,
    PatrolNetwork,
    Team,
    narrow_reach,
)
from sarhad.solvers.game import Game, price_fields
from sarhad.solvers.pricing import (
    AirDay,
    day_in_air,
    ground_value,
    longest_from,
    price_air,
    price_ground,
)

Floats = NDArray[np.float64]
Float32 = NDArray[np.float32]
T = TypeVar("T")
R = TypeVar("R")

BLUR: Final = 0.25
ROUNDING: Final = 2e-6
"""Sums of a duty in float32 are rounded up by this share of themselves, 12 times their rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """A line above D on every field: D <= constant + chord x sum d + tangent x sum of efforts.

    Any mean of a chord and a tangent is one.

    Attributes
    ----------
    constant, chord, tangent : ndarray of float32, shape (cells, 24, channels)
    """

    constant: Float32
    chord: Float32
    tangent: Float32


def choose_lines(
    strongest: Float32, mean_chance: Float32, mean_effort: Float32, blur: float = BLUR
) -> Lines:
    """Return the lower of chord and tangent on every field at an expected presence.

    Parameters
    ----------
    strongest : ndarray of float32, shape (cells, 24, channels)
        Chance of the strongest visit on each field [1].
    mean_chance, mean_effort : ndarray of float32, same shape
        Expected sum of d, and of -log(1 - d), over a day's visits.
    blur : float
        Chords meet in corners at whole numbers of visits; within so many visits of one the slope
        goes over from chord to chord, so that a presence that just fills a field has a price
        between. Any slope is valid.
    """
    k_chord, c_chord = _chords(strongest.astype(np.float64), mean_chance, blur)
    k_tangent = np.exp(-mean_effort.astype(np.float64))
    c_tangent = tangent_constant(k_tangent)
    lower = c_chord + k_chord * mean_chance <= c_tangent + k_tangent * mean_effort
    return mix_lines(strongest, k_chord, k_tangent, lower.astype(np.float64))


def mix_lines(strongest: Float32, chord: Floats, tangent: Floats, share: Floats) -> Lines:
    """Return the mean of chords and tangents of given slopes, a share of it chord [1].

    The constants are found from the slopes as float32 holds them, and rounded up.
    """
    k_chord = np.clip(chord, 0.0, 1.0).astype(np.float32).astype(np.float64)
    k_tangent = np.clip(tangent, 1e-12, 1.0).astype(np.float32).astype(np.float64)
    c_chord = chord_constant(k_chord, strongest.astype(np.float64))
    constant = share * c_chord + (1.0 - share) * tangent_constant(k_tangent)
    up = np.float32(1.0 + 1e-6)
    return Lines(
        np.maximum(constant, 0.0).astype(np.float32) * up,
        (share * k_chord).astype(np.float32) * up,
        ((1.0 - share) * k_tangent).astype(np.float32) * up,
    )


def tangent_constant(slope: Floats) -> Floats:
    """Return max_x 1 - exp(-x) - K x over x >= 0 for slopes 0 < K <= 1: 1 - K + K log K."""
    return np.asarray(1.0 - slope + slope * np.log(slope))


def _chords(strongest: Floats, mean_chance: Float32, blur: float) -> tuple[Floats, Floats]:
    """Return slope and constant of the chords at a presence: C(K) = max_n 1 - (1-s)^n - K s n."""
    with np.errstate(divide="ignore", invalid="ignore"):
        visits = np.where(strongest > 0, mean_chance / strongest, 0.0)
    visits = np.minimum(visits, 64.0)
    miss = 1.0 - strongest
    corner = np.maximum(np.round(visits), 1.0)
    past = np.clip((visits - corner + blur) / (2 * blur), 0.0, 1.0)
    slope = miss ** (corner - 1.0) * (1.0 - past * strongest)
    # Between corners the slope is miss^m; at corner b it lies from miss^(b-1) down to miss^b, and
    # the line of either kind touches D at n = b visits.
    constant = 1.0 - miss**corner - slope * strongest * corner
    return slope, constant


def chord_constant(slope: Floats, strongest: Floats) -> Floats:
    """Return max_n 1 - (1 - s)^n - K s n over whole n >= 0, for slopes K and strengths s.

    The terms rise while (1 - s)^n > K, so that the greatest stands at the first n with
    (1 - s)^n <= K; its neighbours are looked at too, for the rounding of logarithms.
    """
    miss = 1.0 - strongest
    with np.errstate(divide="ignore", invalid="ignore"):
        turn = np.where(
            (strongest > 0) & (slope > 0), np.log(slope) / np.log(np.maximum(miss, 1e-300)), 0.0
        )
    turn = np.clip(np.ceil(turn), 0.0, 1e6)
    best = np.zeros_like(slope)
    for step in (-1.0, 0.0, 1.0):
        visits = np.maximum(turn + step, 0.0)
        best = np.maximum(best, 1.0 - miss**visits - slope * strongest * visits)
    return best


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A bound on the harm, and what it rests on.

    Attributes
    ----------
    harm : float
        No plan has less [persons per attack].
    air_price : dict of party to float
        Multiplier of a block aloft.
    officer_price : float
        Multiplier of an officer of the host.
    duties : tuple of (Duty, float)
        A best answer to the lines, and how many teams of its class do it on a day.
    """

    harm: float
    air_price: dict[str, float]
    officer_price: float
    duties: tuple[tuple[Duty, float], ...]


def bound_harm(
    game: Game, weights: Floats, lines: Lines, executor: Executor | None = None
) -> Bound:
    """Return a bound on the harm of all legal plans, from one mixture of attacks.

    Parameters
    ----------
    game : Game
        The game; its network's teams are the single units, and mixed teams that they may form are
        bounded too.
    weights : ndarray, shape (attacks,)
        Mixture of attacks as in `attack_weights`; any mixture gives a valid bound.
    lines : Lines
        From `choose_lines`; any gives a valid bound.
    executor : Executor, optional
        Threads over teams.
    """
    network = game.network
    price, posts_alone = price_fields(game, weights)
    fixed = float((price.astype(np.float64) * lines.constant).sum())
    tables = _worth_of_looks(network, price, lines)
    groups = _groups(network)

    def value(team: Team) -> Answer:
        return _answer(network, team, tables)

    found = _spread(value, [teams[0] for teams in groups.values()], executor)
    answers = dict(zip(groups, found, strict=True))
    ground, officer_price = _ground_total(network, groups, answers, tables)
    air, air_price = _air_total(network, groups, answers)
    most = (fixed + ground + air) * (1.0 + ROUNDING)
    duties = _best_answer(network, groups, answers, air_price, officer_price)
    return Bound(posts_alone - most, air_price, officer_price, duties)


def _spread(work: Callable[[T], R], tasks: Iterable[T], executor: Executor | None) -> Iterator[R]:
    return iter(map(work, tasks) if executor is None else executor.map(work, tasks))


def _worth_of_looks(network: PatrolNetwork, price: Float32, lines: Lines) -> dict[int, Float32]:
    """Return what stays of one to four quarters (or a pass) are worth, (4 or 1, 24, cells)."""
    chord, tangent = price * lines.chord, price * lines.tangent
    tables = {}
    for number, look in enumerate(network.looks):
        rows = 1 if look.passing else QUARTERS
        of_chord = worth_of_visits(look.starts, look.cells, look.chance, chord, 0, network.cells)
        table = np.empty((rows, HOURS, network.cells), np.float32)
        for row in range(rows):
            table[row] = of_chord * ((row + 1) / rows)
            worth_of_visits(
                look.starts, look.cells, look.effort[row], tangent, 0, network.cells, table[row]
            )
        tables[number] = table
    return tables


def _groups(network: PatrolNetwork) -> dict[int, list[Team]]:
    groups: dict[int, list[Team]] = {}
    for team in network.teams:
        groups.setdefault(team.group, []).append(team)
    return groups


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What the best duty of one team is worth, and the duty or, in the air, the day.

    `worth` is one number, or has one for each number of blocks aloft.
    """

    worth: Floats
    duty: Duty | None
    day: AirDay | None


def _answer(network: PatrolNetwork, team: Team, tables: dict[int, Float32]) -> Answer:
    longest = longest_from(team)
    if team.flight >= 0:
        worth = sum(tables[number][0] for number in team.looks) * team.open[None]
        day = price_air(team, network.flights[team.flight], worth, longest)
        return Answer(np.maximum(day.by_aloft, 0.0).astype(np.float64), None, day)
    best = price_ground(team, 0, _window(team, tables), longest)
    return Answer(np.array([best.value]), best.duty, None)


def _best_answer(
    network: PatrolNetwork,
    groups: dict[int, list[Team]],
    answers: dict[int, Answer],
    air_price: dict[str, float],
    officer_price: float,
) -> tuple[tuple[Duty, float], ...]:
    """Return duties that reach the bound, as nearly as budgets allow, with how many do each."""
    place = {team.name: number for number, team in enumerate(network.teams)}
    found: list[tuple[Duty, float]] = []
    for group, teams in groups.items():
        answer, count = answers[group], float(len(teams))
        team = teams[0]
        if team.officers and team.flight < 0 and answer.worth[0] < officer_price:
            continue
        duty = answer.duty
        if answer.day is not None:
            party = team.members[0].party
            price = air_price.get(party, 0.0)
            if answer.worth.max() <= 0:
                continue
            # At the price that fills a budget, staying at home is as good: take a day that flies.
            gain = answer.worth - price * np.arange(len(answer.worth))
            aloft = 1 + int(gain[1:].argmax())
            duty = day_in_air(team, 0, answer.day, longest_from(team), aloft)
            # A price that just balances leaves the number of days open: what the budget allows.
            budget = network.limits.air_blocks.get(party, np.inf)
            count = min(count, budget / aloft) if price > 0 else count
        if duty is not None:
            found.append((replace(duty, team=place[team.name]), count))
    return tuple(found)


def _window(team: Team, tables: dict[int, Float32]) -> Float32:
    assert team.reach is not None  # noqa: S101 - a ground team has a reach
    part = slice(team.reach.first, team.reach.first + len(team.reach))
    worth = sum(tables[number][:, :, part] for number in team.looks)
    return np.ascontiguousarray(worth, np.float32)


def _ground_total(
    network: PatrolNetwork,
    groups: dict[int, list[Team]],
    answers: dict[int, Answer],
    tables: dict[int, Float32],
) -> tuple[float, float]:
    """Return the most that ground teams earn together, guests needing officers or a host's team.

    A guest earns v less the price of an officer, or, in a mixed team, what the pair earns above the
    host's best duty alone, if that is more. The least over the price is at a jump of a sum of
    maxima, found by sorting.
    """
    own, guests, mixed = 0.0, [], []
    for group, teams in groups.items():
        if teams[0].flight >= 0:
            continue
        value = float(answers[group].worth[0])
        if not teams[0].officers:
            own += value * len(teams)
            continue
        gain = _mixed_gain(network, teams[0], groups, answers, tables)
        guests += [value] * len(teams)
        mixed += [gain] * len(teams)
    flying = sum(len(t) for t in groups.values() if t[0].flight >= 0 and t[0].officers)
    pool = network.limits.officers
    alone, paired = np.array(guests), np.array(mixed)
    # Helicopters take officers too; where they might need more than there are, they come free.
    if len(alone) + flying <= pool or not len(alone):
        return own + float(np.maximum(alone, paired).sum()), 0.0
    need = np.sort(np.maximum(alone - paired, 0.0))[::-1]
    price = float(need[pool]) if pool < len(need) else 0.0
    return own + float(np.maximum(alone - price, paired).sum()) + price * pool, price


def _mixed_gain(
    network: PatrolNetwork,
    guest: Team,
    groups: dict[int, list[Team]],
    answers: dict[int, Answer],
    tables: dict[int, Float32],
) -> float:
    """Return the most that a guest in a mixed team adds to what the host's team earns alone."""
    best = 0.0
    pairs = {frozenset(pair) for pair in network.mixed_parties}
    for group, teams in groups.items():
        host = teams[0]
        if host.officers or not may_mix(host, guest, pairs):
            continue
        together = mix_teams(host, guest, 0)
        pair = ground_value(together, _window(together, tables), longest_from(together))
        best = max(best, pair - float(answers[group].worth[0]))
    return best


def may_mix(host: Team, guest: Team, pairs: set[frozenset[str]]) -> bool:
    """Return whether two teams may form a mixed one: allowed parties, one base, one kind."""
    parties = frozenset((host.members[0].party, guest.members[0].party))
    same = host.base == guest.base and host.kind == guest.kind
    return same and parties in pairs and host.reach is not None and guest.reach is not None


def mix_teams(host: Team, guest: Team, group: int) -> Team:
    """Return the mixed team of a host's and a guest's team: it needs no officer from the pool.

    It goes where both may, as long as both may, in the host's vehicle or at the pace of its kind.
    """
    slower, other = (host, guest) if len_of(host) <= len_of(guest) else (guest, host)
    open_to = host.open & guest.open
    return Team(
        name=f"{host.name}+{guest.name}",
        members=(*host.members, *guest.members),
        kind=host.kind,
        base=host.base,
        looks=(*host.looks, *guest.looks),
        duty_hours=min(host.duty_hours, guest.duty_hours),
        rest_hours=max(host.rest_hours, guest.rest_hours),
        working=host.working & guest.working,
        open=open_to,
        officers=0,
        group=group,
        reach=_common_reach(slower, other, open_to),
    )


def _common_reach(slower: Team, other: Team, open_to: NDArray[np.bool_]) -> GroundReach:
    """Return the slower team's reach, closed where the other cannot be; no way leads through."""
    own, its = slower.reach, other.reach
    assert own is not None  # noqa: S101 - asked of ground teams
    assert its is not None  # noqa: S101 - asked of ground teams
    reached = np.zeros(len(open_to), bool)
    reached[its.first : its.first + len(its)] = its.home_hours != UNREACHED
    return narrow_reach(own, reached & open_to)


def len_of(team: Team) -> int:
    """Return the number of stations in a ground team's window."""
    return 0 if team.reach is None else len(team.reach)


def _air_total(
    network: PatrolNetwork, groups: dict[int, list[Team]], answers: dict[int, Answer]
) -> tuple[float, dict[str, float]]:
    """Return the most that helicopters earn together within their parties' budgets.

    The least over the multipliers of flying hours and fuel is a small linear program.
    """
    total, prices = 0.0, {}
    flying: dict[str, list[int]] = {}
    for group, teams in groups.items():
        if teams[0].flight >= 0:
            flying.setdefault(teams[0].members[0].party, []).append(group)
    for party, of_party in flying.items():
        counts = np.array([len(groups[g]) for g in of_party], np.float64)
        kg = np.array([network.flights[groups[g][0].flight].block_kg for g in of_party])
        blocks = network.limits.air_blocks.get(party, np.inf)
        fuel = network.limits.air_kg.get(party, np.inf)
        worth, price = _least_over_prices(
            [answers[g].worth for g in of_party], counts, kg, blocks, fuel
        )
        total, prices[party] = total + worth, price
    return total, prices


def _least_over_prices(
    values: list[Floats], counts: Floats, kg: Floats, blocks: float, fuel: float
) -> tuple[float, float]:
    """Return the least worth over the prices of blocks and fuel, and the price of a block.

    min over m, f >= 0 of sum_c n_c max_a (V_c(a) - a (m + kg_c f)) + m blocks + f fuel.
    """
    size = len(values)
    rows, right = [], []
    for number, value in enumerate(values):
        for aloft, worth in enumerate(value):
            row = np.zeros(size + 2)
            row[number], row[size], row[size + 1] = -1.0, -aloft, -aloft * kg[number]
            rows.append(row)
            right.append(-worth)
    limits = np.array([blocks, fuel])
    open_ended = ~np.isfinite(limits)
    cost = np.concatenate([counts, np.where(open_ended, 0.0, limits)])
    sides = [(0, None)] * size + [(0, 0) if free else (0, None) for free in open_ended]
    found = linprog(cost, np.array(rows), np.array(right), bounds=sides, method="highs")
    if found.status != 0:
        return float(sum(n * v.max() for n, v in zip(counts, values, strict=True))), 0.0
    # The prices alone decide: recompute the worth from them, so that no tolerance enters.
    assert found.x is not None  # noqa: S101 - an optimum has been found
    m, f = (max(float(x), 0.0) for x in found.x[size:])
    worth = sum(
        n * float((v - np.arange(len(v)) * (m + k * f)).max())
        for n, v, k in zip(counts, values, kg, strict=True)
    )
    return worth + (m * blocks if m else 0.0) + (f * fuel if f else 0.0), m + float(kg.mean()) * f
