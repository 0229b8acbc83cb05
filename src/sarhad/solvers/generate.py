"""Column generation: the best lottery over joint schedules, with a bound on every other."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.kernels import add_visits
from sarhad.patrols import HOURS, LEAD_HOURS, QUARTERS, Duty, PatrolNetwork, Team, covered
from sarhad.plan import (
    Plan,
    Result,
    Schedule,
    cover_if_apart,
    cover_of_plan,
    cover_of_posts,
    expected_harm,
    gaps,
    harm_out_of_reach,
    use_of_air,
)
from sarhad.solvers.bound import Bound, Lines, bound_harm, choose_lines
from sarhad.solvers.game import (
    Game,
    attack_weights,
    build_game,
    game_harm,
    left_harm,
    price_fields,
    respond,
)
from sarhad.solvers.master import Master
from sarhad.solvers.sweep import Roster, new_roster, present_duties, sweep

Floats = NDArray[np.float64]
Float32 = NDArray[np.float32]
Progress = Callable[[int, float, float], None]

FREE_ROUNDS: Final = 12
"""Rounds before each team's hours of the day are settled."""

EXACT_EVERY: Final = 8
"""Rounds between exact masters; between them the smoothed one leads."""

AIR_EVERY: Final = 3
AIR_USED: Final = 0.9
"""Below this use of its budget a party's block aloft becomes cheaper [1]."""

KEEP: Final = 0.85
"""Share of the old mixture of attacks that the bound keeps from round to round."""

HEAT: Final = 0.12
"""Temperature of the smoothed attackers as a share of the gap."""

FORGET: Final = 20.0
MOST_SMOOTH: Final = 1500
"""Attacks of each type that the smoothed master looks at."""

LEAST_SHARE: Final = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSettings:
    """How long and how hard to search.

    Attributes
    ----------
    gap : float
        Stop when both gaps are at most this [1].
    time_limit_s : float
        Stop after this time [s].
    most_rounds : int
        Stop after so many rounds: with it, and without a time that cuts in, runs repeat exactly.
    seed : int
        Of the order of teams.
    """

    gap: float = 0.05
    time_limit_s: float = 60.0
    most_rounds: int = 100_000
    seed: int = 0

    def __post_init__(self) -> None:
        if not (self.gap >= 0 and self.time_limit_s > 0 and self.most_rounds > 0):
            raise ValueError("gap is at least 0, time_limit_s and most_rounds are above 0")


@dataclass(slots=True)
class Search:
    """The state of one search."""

    game: Game
    roster: Roster
    master: Master
    rng: np.random.Generator
    schedules: list[Schedule] = field(default_factory=list)
    shares: Floats = field(default_factory=lambda: np.zeros(0))
    harm: float = np.inf
    bound: float = -np.inf
    bound_found: Bound | None = None
    posts_alone: float = 0.0
    adaptive: Floats = field(default_factory=lambda: np.zeros(0))
    smooth_adaptive: Floats = field(default_factory=lambda: np.zeros(0))
    mean_chance: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    mean_effort: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    priced: int = 0


def solve(
    network: PatrolNetwork,
    adaptivity: float,
    settings: SearchSettings | None = None,
    *,
    teams: tuple[Team, ...] | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Result:
    """Return the best plan found and a proof of how close to the best possible it is.

    Parameters
    ----------
    network : PatrolNetwork
        Teams, what they notice, attacks and limits.
    adaptivity : float
        Weight of the attackers that watch and adapt [1].
    settings : SearchSettings, optional
        When to stop, and the seed.
    teams : tuple of Team, optional
        Who goes out, mixed teams included; the network's teams where left out.
    executor : Executor, optional
        Threads; the bound is found beside the next schedule.
    progress : callable, optional
        Called with (round, harm, bound).
    """
    settings = settings or SearchSettings()
    began = time.monotonic()
    game = build_game(network, adaptivity)
    who = teams if teams is not None else network.teams
    rng = np.random.default_rng(settings.seed)
    search = _begin(game, who, rng)
    windows = _settle_hours(search, executor)
    search.roster = new_roster(game, who, windows)
    status = _generate(search, settings, began, executor, progress)
    return _finish(search, settings, windows, status, began)


def _begin(game: Game, teams: tuple[Team, ...], rng: np.random.Generator) -> Search:
    search = Search(game, new_roster(game, teams), Master(game), rng)
    search.posts_alone = expected_harm(
        game.network.attacks, cover_of_posts(game.network), game.adaptivity
    )
    left = left_harm(game, game.posts)
    heat = HEAT * max(search.posts_alone, 1e-9)
    search.adaptive = respond(game, left, heat)
    search.smooth_adaptive = search.adaptive.copy()
    search.mean_chance = np.zeros_like(game.open_share)
    search.mean_effort = np.zeros_like(game.open_share)
    return search


def _settle_hours(search: Search, executor: Executor | None) -> dict[int, tuple[int, int]]:
    """Return for each team the hours of the day that its duties keep, so that it always rests.

    Some rounds without them show when each team is wanted; it keeps the hours that hold most of
    those duties.
    """
    teams = search.roster.teams
    wanted: list[list[Duty]] = [[] for _ in teams]
    cover = np.zeros(search.game.fields)
    for number in range(FREE_ROUNDS):
        price, _ = price_fields(search.game, attack_weights(search.game, search.adaptive))
        sweep(search.game, search.roster, price, search.rng, air=number % AIR_EVERY == 0)
        for duty in present_duties(search.roster):
            wanted[duty.team].append(duty)
        _learn(search)
        now = covered(np.exp(-search.roster.effort), search.game.network).ravel()
        cover += (now - cover) / (number + 1)
        left = left_harm(search.game, cover)
        heat = HEAT * 0.5 * max(search.posts_alone, 1e-9)
        search.adaptive = respond(search.game, left, heat)
    del executor
    return {
        place: _hours_kept(team, duties, search.rng)
        for place, (team, duties) in enumerate(zip(teams, wanted, strict=True))
    }


def _hours_kept(team: Team, duties: list[Duty], rng: np.random.Generator) -> tuple[int, int]:
    span = HOURS - team.rest_hours
    begins = np.arange(-LEAD_HOURS, HOURS + LEAD_HOURS - span + 1)
    inside = np.array([
        sum(b <= duty.start and duty.start + duty.hours <= b + span for duty in duties)
        for b in begins
    ])  # fmt: skip
    begin = int(rng.choice(begins[inside == inside.max()]))
    return begin, begin + span


def _learn(search: Search) -> None:
    """Let the expected presence follow the present schedule, as fictitious play does."""
    step = np.float32(2.0 / (search.priced + FORGET))
    search.priced += 1
    chance = np.zeros_like(search.mean_chance)
    network = search.game.network
    for duty in present_duties(search.roster):
        for number in search.roster.teams[duty.team].looks:
            look = network.looks[number]
            for quarters in np.unique(duty.quarters):
                of = duty.quarters == quarters
                share = 1.0 if look.passing else quarters / QUARTERS
                add_visits(
                    chance, look.starts, look.cells, look.chance[None], duty.station[of],
                    duty.hour[of], np.zeros(int(of.sum()), np.int8), float(share),
                )  # fmt: skip
    search.mean_chance += step * (chance - search.mean_chance)
    search.mean_effort += step * (search.roster.effort - search.mean_effort)


def _generate(
    search: Search,
    settings: SearchSettings,
    began: float,
    executor: Executor | None,
    progress: Progress | None,
) -> str:
    """Add schedules until the gap is proven, or time or rounds are over; return which."""
    waiting: Future[Bound] | None = None
    for number in range(settings.most_rounds):
        weights = attack_weights(search.game, search.smooth_adaptive)
        lines = _lines(search)
        if executor is not None:
            waiting = executor.submit(bound_harm, search.game, weights, lines)
        _add_schedule(search, number)
        found = waiting.result() if waiting else bound_harm(search.game, weights, lines)
        _take_bound(search, found)
        _respond(search, exact=number % EXACT_EVERY == EXACT_EVERY - 1 or number < 2)
        if progress is not None:
            progress(number + 1, search.harm, search.bound)
        over = time.monotonic() - began > settings.time_limit_s
        if over or _gap(search) <= settings.gap:
            search.shares, search.harm = search.master.solve()
            if _gap(search) <= settings.gap:
                return "gap"
            if over:
                return "time"
    search.shares, search.harm = search.master.solve()
    return "rounds"


def _gap(search: Search) -> float:
    return max(gaps(search.harm, search.bound, search.posts_alone))


def _lines(search: Search) -> Lines:
    return choose_lines(search.game.strongest, search.mean_chance, search.mean_effort)


def _add_schedule(search: Search, number: int) -> None:
    price, _ = price_fields(search.game, attack_weights(search.game, search.adaptive))
    air = number % AIR_EVERY == 0
    sweep(search.game, search.roster, price, search.rng, air=air)
    if air:
        _steer_air(search)
    _learn(search)
    search.schedules.append(Schedule(present_duties(search.roster)))
    cover = covered(np.exp(-search.roster.effort), search.game.network).ravel()
    search.master.add(cover)


def _take_bound(search: Search, found: Bound) -> None:
    if found.harm > search.bound:
        search.bound, search.bound_found = found.harm, found


def _steer_air(search: Search) -> None:
    """Let the price of a block aloft follow its use: hard limits alone would feed the first to ask.

    The bound's own multipliers are of no use here: at them a helicopter that sees what the others
    see just breaks even, and one that comes after them stays at home.
    """
    network, roster = search.game.network, search.roster
    blocks, burnt, _ = use_of_air(present_duties(roster), roster.teams, network)
    limits = network.limits
    for party in {team.members[0].party for team in roster.teams if team.flight >= 0}:
        used = blocks[party] / limits.air_blocks.get(party, np.inf)
        used = max(used, burnt[party] / limits.air_kg.get(party, np.inf))
        price = roster.air_price.get(party, 0.0)
        if used < AIR_USED:
            roster.air_price[party] = price * 0.7
        else:
            start = 1e-4 * search.posts_alone / max(blocks[party], 1)
            roster.air_price[party] = max(price * 1.1, start)


def _respond(search: Search, *, exact: bool) -> None:
    """Let the master answer the new schedule, and the attackers answer the master."""
    game, master = search.game, search.master
    shares = np.zeros(len(master.covers))
    shares[: len(search.shares)] = search.shares
    if exact:
        search.shares, search.harm = master.solve(slack=1e-6)
        shares = search.shares
    elif len(search.shares):
        shares = shares * (1 - 1 / len(shares))
        shares[-1] += 1 - shares.sum()
    left = left_harm(game, master.mix(shares))
    gap = max(search.harm - search.bound, 1e-4 * search.posts_alone)
    heat = HEAT * gap / max(game.adaptivity, 1e-3)
    rows = _rows_near_the_top(game, left, heat)
    smooth = master.smooth(shares, heat, rows)
    left = left_harm(game, master.mix(smooth))
    here = game_harm(game, left)
    if here < search.harm:
        search.harm, search.shares = here, smooth
    elif not exact:
        search.shares = smooth if len(search.shares) == 0 else shares
    search.adaptive = respond(game, left, heat)
    search.smooth_adaptive = KEEP * search.smooth_adaptive + (1 - KEEP) * search.adaptive


def _rows_near_the_top(game: Game, left: Floats, heat: float) -> NDArray[np.int64]:
    rows, draw = [], game.appeal * left
    for weight, group in zip(game.weights, game.members, strict=True):
        if weight > 0:
            near = group[draw[group] >= draw[group].max() - 14.0 * heat]
            if len(near) > MOST_SMOOTH:
                near = near[np.argpartition(-draw[near], MOST_SMOOTH)[:MOST_SMOOTH]]
            rows.append(near)
    return np.concatenate(rows) if rows else np.empty(0, np.int64)


def _finish(
    search: Search,
    settings: SearchSettings,
    windows: Mapping[int, tuple[int, int]],
    status: str,
    began: float,
) -> Result:
    network, game = search.game.network, search.game
    kept = np.flatnonzero(search.shares > LEAST_SHARE)
    shares = search.shares[kept] / search.shares[kept].sum()
    plan = Plan(
        option=network.option,
        name="sarhad",
        teams=search.roster.teams,
        schedules=tuple(search.schedules[i] for i in kept),
        probabilities=shares,
        day_from=np.array([w[0] for w in windows.values()], np.int8),
        day_until=np.array([w[1] for w in windows.values()], np.int8),
        seed=settings.seed,
    )
    cover = cover_of_plan(plan, network)
    harm = expected_harm(network.attacks, cover, game.adaptivity)
    apart = expected_harm(network.attacks, cover_if_apart(plan, network), game.adaptivity)
    avoidable, in_harm = gaps(harm, search.bound, search.posts_alone)
    return Result(
        plan=plan,
        harm=harm,
        harm_bound=search.bound,
        harm_posts_alone=search.posts_alone,
        unreachable_harm=harm_out_of_reach(network.attacks, cover),
        gap_avoidable=avoidable,
        gap_harm=in_harm,
        coordination_value=(apart - harm) / harm if harm > 0 else 0.0,
        marginal=np.zeros(len(plan.teams)),
        status=status,
        runtime_s=time.monotonic() - began,
        peak_mib=peak_mib(),
        rounds=len(search.schedules),
    )


def peak_mib() -> float:
    """Return the most memory that this process has held [MiB]."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 / (1024 if sys.platform == "darwin" else 1)
