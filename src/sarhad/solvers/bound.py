"""A bound on the harm of every plan, valid whatever found the plan.

For any mixture p of attacks the harm of any lottery over legal days is at least

    sum_a p_a harm_a - sum_f g_f posts_f - max over legal days of sum_(f,c) G_fc D_fc,

with g_f the stake on field f, G_fc its part in weather c that posts leave, and D_fc the chance that
patrols notice. D = 1 - prod(1 - d_i) over visits is held from above by a line in the visits, field by
field, whichever of two is lower at the presence that is expected:

    chord    D <= C + K sum d_i,            K = (1 - s)^m,  C = 1 - K - K s m,
    tangent  D <= C + K sum -log(1 - d_i),  K = exp(-e),    C = 1 - K - K e,

s the strongest visit on the field, m a whole number, e an effort: any choice is valid. The chord holds
for visits of mixed strength: the value 1 - prod(1 - d_i) - K sum d_i is linear in each d_i, so that it
is greatest with each d_i at 0 or s, and n equal visits give 1 - (1 - s)^n - K s n, greatest at n = m
and m + 1. The tangent is that of the concave 1 - exp(-x). Under such a line the days of teams fall
apart, and each team's best duty is exact by dynamic programming. Limits that couple teams enter by
multipliers, each found exactly or left at 0, which is valid too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from sarhad.kernels import worth_of_visits
from sarhad.patrols import HOURS, QUARTERS, PatrolNetwork, Team
from sarhad.solvers.game import Game, price_fields
from sarhad.solvers.pricing import ground_value, longest_from, price_air

Floats = NDArray[np.float64]
Float32 = NDArray[np.float32]
T = TypeVar("T")
R = TypeVar("R")

ROUNDING: Final = 2e-6
"""Sums of a duty in float32 are rounded up by this share of themselves, 12 times their rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """A line above D on every field: D <= constant + slope x (sum of d, or of efforts).

    Attributes
    ----------
    constant, slope : ndarray of float32, shape (cells, 24, channels)
    chord : ndarray of bool, shape (cells, 24, channels)
        Whether the line is in sum d (a chord) or in the effort (a tangent).
    """

    constant: Float32
    slope: Float32
    chord: NDArray[np.bool_]


def choose_lines(strongest: Float32, mean_chance: Float32, mean_effort: Float32) -> Lines:
    """Return the lower of chord and tangent on every field at an expected presence.

    Parameters
    ----------
    strongest : ndarray of float32, shape (cells, 24, channels)
        Chance of the strongest visit on each field [1].
    mean_chance, mean_effort : ndarray of float32, same shape
        Expected sum of d, and of -log(1 - d), over a day's visits.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = np.where(strongest > 0, np.floor(mean_chance / strongest), 0.0)
    whole = np.minimum(whole, 64.0)
    k_chord = np.power(1.0 - strongest.astype(np.float64), whole)
    c_chord = 1.0 - k_chord - k_chord * strongest * whole
    k_tangent = np.exp(-mean_effort.astype(np.float64))
    c_tangent = 1.0 - k_tangent - k_tangent * mean_effort
    chord = c_chord + k_chord * mean_chance <= c_tangent + k_tangent * mean_effort
    constant = np.where(chord, c_chord, c_tangent)
    slope = np.where(chord, k_chord, k_tangent)
    # Constants below 0 come from rounding alone.
    return Lines(np.maximum(constant, 0.0).astype(np.float32), slope.astype(np.float32), chord)


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A bound on the harm, and what it rests on.

    Attributes
    ----------
    harm : float
        No plan has less [persons per attack].
    of_teams : ndarray, shape (teams,)
        Worth of each team's best duty under the lines [persons per attack].
    air_price : dict of party to float
        Multiplier of a block aloft.
    officer_price : float
        Multiplier of an officer of the host.
    """

    harm: float
    of_teams: Floats
    air_price: dict[str, float]
    officer_price: float


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

    def value(team: Team) -> Floats:
        return _team_value(network, team, tables)

    values = dict(
        zip(groups, _spread(value, [g[0] for g in groups.values()], executor), strict=True)
    )
    ground, officer_price = _ground_total(network, groups, values, tables)
    air, air_price = _air_total(network, groups, values)
    of_teams = np.array([float(values[team.group].max(initial=0.0)) for team in network.teams])
    most = (fixed + ground + air) * (1.0 + ROUNDING)
    return Bound(posts_alone - most, of_teams, air_price, officer_price)


def _spread(work: Callable[[T], R], tasks: Iterable[T], executor: Executor | None) -> Iterator[R]:
    return iter(map(work, tasks) if executor is None else executor.map(work, tasks))


def _worth_of_looks(network: PatrolNetwork, price: Float32, lines: Lines) -> dict[int, Float32]:
    """Return what stays of one to four quarters (or a pass) are worth, (4 or 1, 24, cells)."""
    chord = price * lines.slope * lines.chord
    tangent = price * lines.slope * ~lines.chord
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


def _team_value(network: PatrolNetwork, team: Team, tables: dict[int, Float32]) -> Floats:
    """Return the worth of a team's best duty: one number, or by blocks aloft for helicopters."""
    longest = longest_from(team)
    if team.flight >= 0:
        worth = sum(tables[number][0] for number in team.looks) * team.open[None]
        day = price_air(team, network.flights[team.flight], worth, longest)
        return np.maximum(day.by_aloft, 0.0).astype(np.float64)
    return np.array([ground_value(team, _window(team, tables), longest)])


def _window(team: Team, tables: dict[int, Float32]) -> Float32:
    assert team.reach is not None  # noqa: S101 - a ground team has a reach
    part = slice(team.reach.first, team.reach.first + len(team.reach))
    worth = sum(tables[number][:, :, part] for number in team.looks)
    return np.ascontiguousarray(worth, np.float32)


def _ground_total(
    network: PatrolNetwork,
    groups: dict[int, list[Team]],
    values: dict[int, Floats],
    tables: dict[int, Float32],
) -> tuple[float, float]:
    """Return the most that ground teams earn together, guests needing officers or a host's team.

    A guest earns v less the price of an officer, or, in a mixed team, no more than `x`, what the pair
    earns above the host's best duty alone. The least over the price is at a jump of a sum of
    maxima, found by sorting.
    """
    own, guests, mixed = 0.0, [], []
    for group, teams in groups.items():
        if teams[0].flight >= 0:
            continue
        value = float(values[group][0])
        if not teams[0].officers:
            own += value * len(teams)
            continue
        gain = _mixed_gain(network, teams[0], groups, values, tables)
        guests += [value] * len(teams)
        mixed += [min(gain, value)] * len(teams)
    flying = sum(len(t) for t in groups.values() if t[0].flight >= 0 and t[0].officers)
    pool = network.limits.officers
    alone, paired = np.array(guests), np.array(mixed)
    # Helicopters take officers too; where they might need more than there are, they come free.
    if len(alone) + flying <= pool or not len(alone):
        return own + float(alone.sum()), 0.0
    need = np.sort(np.maximum(alone - paired, 0.0))[::-1]
    price = float(need[pool]) if pool < len(need) else 0.0
    return own + float(np.maximum(alone - price, paired).sum()) + price * pool, price


def _mixed_gain(
    network: PatrolNetwork,
    guest: Team,
    groups: dict[int, list[Team]],
    values: dict[int, Floats],
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
        best = max(best, pair - float(values[group][0]))
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
    reach = host.reach if len_of(host) <= len_of(guest) else guest.reach
    slower = host if reach is host.reach else guest
    return Team(
        name=f"{host.name}+{guest.name}",
        members=(*host.members, *guest.members),
        kind=host.kind,
        base=host.base,
        looks=(*host.looks, *guest.looks),
        duty_hours=min(host.duty_hours, guest.duty_hours),
        rest_hours=max(host.rest_hours, guest.rest_hours),
        working=host.working & guest.working,
        open=slower.open,
        officers=0,
        group=group,
        reach=reach,
    )


def len_of(team: Team) -> int:
    """Return the number of stations in a ground team's window."""
    return 0 if team.reach is None else len(team.reach)


def _air_total(
    network: PatrolNetwork, groups: dict[int, list[Team]], values: dict[int, Floats]
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
        worth, price = _least_over_prices([values[g] for g in of_party], counts, kg, blocks, fuel)
        total, prices[party] = total + worth, price
    return total, prices


def _least_over_prices(
    values: list[Floats], counts: Floats, kg: Floats, blocks: float, fuel: float
) -> tuple[float, float]:
    """Return min over prices m, f >= 0 of sum_c n_c max_a (V_c(a) - a (m + kg_c f)) + m blocks + f fuel."""
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
    m, f = (max(float(x), 0.0) for x in found.x[size:])
    worth = sum(
        n * float((v - np.arange(len(v)) * (m + k * f)).max())
        for n, v, k in zip(counts, values, kg, strict=True)
    )
    return worth + (m * blocks if m else 0.0) + (f * fuel if f else 0.0), m + float(kg.mean()) * f
