"""Column generation: the best lottery over joint schedules, with a bound on every other."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.kernels import add_visits
from sarhad.patrols import (
    HOURS,
    LEAD_HOURS,
    QUARTERS,
    Duty,
    PatrolNetwork,
    Team,
    add_duty,
    covered,
    effort_of,
)
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
from sarhad.solvers.fluid import Fluid, begin_fluid
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
from sarhad.solvers.sweep import (
    Roster,
    fill_idle,
    keep_limits,
    new_roster,
    present_duties,
    search_around,
    sweep,
)

Floats = NDArray[np.float64]
Float32 = NDArray[np.float32]
Progress = Callable[[float, float, float], None]

FIRST_ROUNDS: Final = 8
"""Schedules that are found by sweeps alone, as first columns of the bound's program."""

FIRST_SHARE: Final = 0.15
"""Share of the time that they may take [1]."""

FLUID_SHARE: Final = 0.45
"""Share of the time for the bound before schedules are drawn from it [1]."""

FLUID_GAP: Final = 0.25
"""The bound's own gap that is small enough, as a share of the gap wanted [1]."""

EXACT_EVERY: Final = 6
"""Rounds between exact masters; between them the smoothed one leads."""

AIR_USED: Final = 0.9
"""Below this use of its budget a party's block aloft becomes cheaper [1]."""

HEAT: Final = 0.12
"""Temperature of the smoothed attackers as a share of the gap."""

MOST_SMOOTH: Final = 1500
"""Attacks of each type that the smoothed master looks at."""

MOST_TAKEN: Final = 12
"""Schedules of an earlier plan that a search begins from, the most frequent ones."""

SHORT_S: Final = 10.0
"""A search with less time takes in a third of them [s]."""

DRAWN: Final = 8
"""Schedules that are drawn from the bound's program before those in use are improved."""

MOVES: Final = 40
"""Neighbourhoods that are looked at anew for each schedule."""

LEAST_SHARE: Final = 1e-7
NOTHING: Final = 1e-9


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
    settings: SearchSettings
    began: float
    executor: Executor | None = None
    progress: Progress | None = None
    fluid: Fluid | None = None
    schedules: list[Schedule] = field(default_factory=list)
    shares: Floats = field(default_factory=lambda: np.zeros(0))
    harm: float = np.inf
    bound: float = -np.inf
    posts_alone: float = 0.0
    adaptive: Floats = field(default_factory=lambda: np.zeros(0))
    mean_chance: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    mean_effort: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    rounds: int = 0

    def spent(self) -> float:
        """Return the share of the time that is over [1]."""
        return (time.monotonic() - self.began) / self.settings.time_limit_s

    def gap(self) -> float:
        """Return the larger of the two gaps."""
        return max(gaps(self.harm, self.bound, self.posts_alone))

    def tell(self) -> None:
        """Show how far the search has come."""
        self.rounds += 1
        if self.progress is not None:
            self.progress(min(self.spent(), 1.0), self.harm, self.bound)


def solve(
    network: PatrolNetwork,
    adaptivity: float,
    settings: SearchSettings | None = None,
    *,
    teams: tuple[Team, ...] | None = None,
    start: Plan | None = None,
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
    start : Plan, optional
        A plan to begin from, of this or of another option: its schedules are kept as far as their
        teams are there, and those teams keep their hours. The answer is then no worse.
    executor : Executor, optional
        Threads over teams.
    progress : callable, optional
        Called with (share of the time that is over, harm, bound).
    """
    settings = settings or SearchSettings()
    began = time.monotonic()
    game = build_game(network, adaptivity)
    who = teams if teams is not None else network.teams
    roster = new_roster(game, who)
    rng = np.random.default_rng(settings.seed)
    search = Search(game, roster, Master(game), rng, settings, began, executor, progress)
    _begin(search, start)
    _find_bound(search)
    windows = settle_hours(who, _mixture(search), rng)
    if start is not None:
        windows |= kept_hours(start, who)
    search.roster = new_roster(game, who, windows)
    if start is not None:
        _take_in(search, start)
    status = _find_schedules(search)
    return _finish(search, windows, status)


def _begin(search: Search, start: Plan | None) -> None:
    """Find some schedules: they tell where presence is wanted, and start the bound's program.

    They are swept, or, where there is an earlier plan, its own.
    """
    game = search.game
    search.posts_alone = expected_harm(
        game.network.attacks, cover_of_posts(game.network), game.adaptivity
    )
    heat = HEAT * max(search.posts_alone, 1e-9)
    search.adaptive = respond(game, left_harm(game, game.posts), heat)
    search.mean_chance = np.zeros_like(game.open_share)
    search.mean_effort = np.zeros_like(game.open_share)
    master = Master(game)
    for number in range(FIRST_ROUNDS if start is None else min(FIRST_ROUNDS, len(start.schedules))):
        if start is None:
            _sweep(search, clean=number % 4 == 0)
        else:
            _recall_from(search, start, number)
        _learn(search)
        search.schedules.append(Schedule(present_duties(search.roster)))
        master.add(covered(np.exp(-search.roster.effort), game.network).ravel())
        shares, search.harm = master.solve(slack=1e-4)
        heat = HEAT * 0.3 * search.posts_alone
        search.adaptive = respond(game, left_harm(game, master.mix(shares)), heat)
        search.tell()
        if search.spent() > FIRST_SHARE:
            break


def _find_bound(search: Search) -> None:
    """Improve the bound's program until it is nearly solved, or its share of the time is over."""
    fluid = begin_fluid(search.game, search.adaptive, search.mean_chance, search.mean_effort)
    search.fluid = fluid
    for schedule in search.schedules:
        fluid.add_duties(schedule.duties, search.roster.teams)
    search.schedules = []
    while search.rounds < search.settings.most_rounds // 2 + FIRST_ROUNDS:
        _improve_bound(search)
        search.tell()
        own = max(gaps(fluid.value, search.bound, search.posts_alone))
        if own <= FLUID_GAP * search.settings.gap or search.spent() > FLUID_SHARE:
            break


def _improve_bound(search: Search) -> None:
    assert search.fluid is not None  # noqa: S101 - begun before
    _, found = search.fluid.improve(search.executor)
    search.bound = max(search.bound, found.harm)


def _mixture(search: Search) -> dict[int, tuple[list[Duty], Floats]]:
    assert search.fluid is not None  # noqa: S101 - begun before
    return search.fluid.mixture()


def settle_hours(
    teams: tuple[Team, ...],
    mixture: Mapping[int, tuple[list[Duty], Floats]],
    rng: np.random.Generator,
) -> dict[int, tuple[int, int]]:
    """Return for each team the hours of the day that its duties keep, so that it always rests.

    The teams of a class share out the duties that the class is wanted for: each keeps the hours
    that hold most of what is left.
    """
    left = {group: amounts.copy() for group, (_, amounts) in mixture.items()}
    windows: dict[int, tuple[int, int]] = {}
    for place, team in enumerate(teams):
        span = HOURS - team.rest_hours
        begins = np.arange(-LEAD_HOURS, HOURS + LEAD_HOURS - span + 1)
        duties = mixture.get(team.group, ([], np.zeros(0)))[0]
        inside = np.array([
            [_within(duty, int(b), int(b) + span) for duty in duties] for b in begins
        ])  # fmt: skip
        if not duties:
            begin = int(rng.choice(begins))
        else:
            held = np.minimum((inside * left[team.group]).sum(axis=1), 1.0)
            begin = int(begins[held.argmax()])
            _take(left[team.group], inside[int(held.argmax())])
        windows[place] = (begin, begin + span)
    return windows


def kept_hours(start: Plan, teams: tuple[Team, ...]) -> dict[int, tuple[int, int]]:
    """Return the hours that teams of an earlier plan kept, by their places now."""
    known = {team.name: place for place, team in enumerate(teams)}
    return {
        known[team.name]: (int(begin), int(end))
        for team, begin, end in zip(start.teams, start.day_from, start.day_until, strict=True)
        if team.name in known
    }


def _take_in(search: Search, start: Plan) -> None:
    """Take the schedules of an earlier plan, filled up by whoever is idle in them."""
    roster = search.roster
    order = np.argsort(-start.probabilities, kind="stable")
    most = MOST_TAKEN if search.settings.time_limit_s > SHORT_S else MOST_TAKEN // 3
    for number in order[:most]:
        _recall_from(search, start, int(number))
        _add_present(search)
        price, _ = price_fields(search.game, attack_weights(search.game, search.adaptive))
        fill_idle(search.game, roster, price, search.rng)
        _add_present(search)
    search.shares, search.harm = search.master.solve()


def _recall_from(search: Search, start: Plan, number: int) -> None:
    """Make a schedule of an earlier plan the present one, as far as its teams are still there."""
    roster = search.roster
    known = {team.name: place for place, team in enumerate(roster.teams)}
    roster.duties = [None] * len(roster.teams)
    for duty in start.schedules[number].duties:
        place = known.get(start.teams[duty.team].name)
        if place is not None:
            roster.duties[place] = replace(duty, team=place)
    keep_limits(search.game, roster, search.rng)


def _add_present(search: Search) -> None:
    """Add the present schedule to the master, if it keeps the presence that is asked for."""
    search.schedules.append(Schedule(present_duties(search.roster)))
    search.master.add(covered(np.exp(-search.roster.effort), search.game.network).ravel())


def _within(duty: Duty, begin: int, end: int) -> bool:
    return begin <= duty.start and duty.start + duty.hours <= end


def _take(left: Floats, inside: NDArray[np.bool_]) -> None:
    """Take one team's worth of duties inside its hours from what is left of its class."""
    need = 1.0
    for number in np.flatnonzero(inside):
        used = min(float(left[number]), need)
        left[number] -= used
        need -= used


def _sweep(search: Search, *, clean: bool = False) -> None:
    """Make the present schedule better against the attackers' present mixture."""
    if clean:
        search.roster.duties = [
            duty if place in search.roster.fixed else None
            for place, duty in enumerate(search.roster.duties)
        ]
    price, _ = price_fields(search.game, attack_weights(search.game, search.adaptive))
    sweep(search.game, search.roster, price, search.rng)
    sweep(search.game, search.roster, price, search.rng)
    _steer_air(search)
    search_around(search.game, search.roster, price, search.rng, MOVES)


def _recall(search: Search) -> None:
    """Make one of the schedules in use the present one, drawn by its share."""
    shares = search.shares / search.shares.sum()
    chosen = search.schedules[int(search.rng.choice(len(shares), p=shares))]
    roster = search.roster
    roster.duties = [None] * len(roster.teams)
    for duty in chosen.duties:
        roster.duties[duty.team] = duty
    roster.effort[:] = effort_of(chosen.duties, roster.teams, search.game.network)


def _explore(search: Search) -> None:
    """Improve the present schedule against the attackers' present mixture, helicopters too."""
    price, _ = price_fields(search.game, attack_weights(search.game, search.adaptive))
    search_around(search.game, search.roster, price, search.rng, MOVES)
    sweep(search.game, search.roster, price, search.rng)
    _steer_air(search)
    search_around(search.game, search.roster, price, search.rng, MOVES)


def _draw(search: Search) -> None:
    """Draw the present schedule from the fluid: each team a duty of its class in its hours."""
    mixture = _mixture(search)
    roster = search.roster
    count: dict[int, int] = {}
    for team in roster.teams:
        count[team.group] = count.get(team.group, 0) + 1
    for place, team in enumerate(roster.teams):
        if place in roster.fixed:
            continue
        roster.duties[place] = None
        duties, amounts = mixture.get(team.group, ([], np.zeros(0)))
        longest = roster.longest[place]
        fits = [longest[duty.start + LEAD_HOURS] >= duty.hours for duty in duties]
        chances = amounts * np.array(fits, bool)
        if chances.sum() <= 0 or search.rng.random() > amounts.sum() / count[team.group]:
            continue
        chosen = int(search.rng.choice(len(duties), p=chances / chances.sum()))
        roster.duties[place] = replace(duties[chosen], team=place)
    keep_limits(search.game, roster, search.rng)


def _find_schedules(search: Search) -> str:
    """Add schedules until the gap is proven, or time or rounds are over; return which.

    Every other schedule is drawn from the bound's program, the others are swept from what there is.
    """
    settings = search.settings
    number = 0
    if not search.schedules:
        search.harm = np.inf
    while True:
        if (number < DRAWN and len(search.schedules) < DRAWN) or number % 4 == 0:
            _draw(search)
            _sweep(search)
        else:
            _recall(search)
            _explore(search)
        _add_present(search)
        _respond(search, exact=number % EXACT_EVERY == EXACT_EVERY - 1 or number < 2)
        search.tell()
        number += 1
        over = search.spent() > 0.97 or search.rounds >= settings.most_rounds
        if over or search.gap() <= settings.gap:
            search.shares, search.harm = search.master.solve()
            if search.gap() <= settings.gap:
                return "gap"
            if over:
                return "time" if search.rounds < settings.most_rounds else "rounds"
        if _bound_is_behind(search):
            _improve_bound(search)


def _bound_is_behind(search: Search) -> bool:
    """Return whether more of the gap lies in the bound's program than is small enough."""
    assert search.fluid is not None  # noqa: S101 - begun before
    own = max(gaps(search.fluid.value, search.bound, search.posts_alone))
    return own > FLUID_GAP * search.settings.gap and search.rounds % 3 == 0


def _learn(search: Search) -> None:
    """Let the expected presence follow the present schedule, as fictitious play does."""
    step = np.float32(1.0 / (search.rounds + 1))
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


def _steer_air(search: Search) -> None:
    """Let the price of a block aloft follow its use: hard limits alone would feed the first to ask.

    The bound's own multipliers are of no use here: at them a helicopter that sees what the others
    see just breaks even, and one that comes after them stays at home.
    """
    network, roster = search.game.network, search.roster
    blocks, burnt, _ = use_of_air(present_duties(roster), roster.teams, network)
    limits = network.limits
    for party in {team.members[0].party for team in roster.teams if team.flight >= 0}:
        used = blocks[party] / max(limits.air_blocks.get(party, np.inf), NOTHING)
        used = max(used, burnt[party] / max(limits.air_kg.get(party, np.inf), NOTHING))
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


def _rows_near_the_top(game: Game, left: Floats, heat: float) -> NDArray[np.int64]:
    rows, draw = [], game.appeal * left
    for weight, group in zip(game.weights, game.members, strict=True):
        if weight > 0:
            near = group[draw[group] >= draw[group].max() - 14.0 * heat]
            if len(near) > MOST_SMOOTH:
                near = near[np.argpartition(-draw[near], MOST_SMOOTH)[:MOST_SMOOTH]]
            rows.append(near)
    return np.concatenate(rows) if rows else np.empty(0, np.int64)


def _finish(search: Search, windows: Mapping[int, tuple[int, int]], status: str) -> Result:
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
        seed=search.settings.seed,
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
        marginal=value_teams(plan, network, game.adaptivity, harm),
        status=status,
        runtime_s=time.monotonic() - search.began,
        peak_mib=peak_mib(),
        rounds=search.rounds,
    )


def value_teams(plan: Plan, network: PatrolNetwork, adaptivity: float, harm: float) -> Floats:
    """Return how much the harm would grow without each team, all else as it is [persons].

    Returns
    -------
    ndarray, shape (teams,)
    """
    efforts = [effort_of(s.duties, plan.teams, network) for s in plan.schedules]
    covers = [covered(np.exp(-effort), network) for effort in efforts]
    usual = np.tensordot(plan.probabilities, np.stack(covers), axes=1)
    worth = np.zeros(len(plan.teams))
    for place, team in enumerate(plan.teams):
        cover = usual.copy()
        for schedule, effort, whole, share in zip(
            plan.schedules, efforts, covers, plan.probabilities, strict=True
        ):
            for duty in schedule.duties:
                if duty.team == place:
                    less = effort.copy()
                    add_duty(less, duty, team, network, -1.0)
                    cover += share * (covered(np.exp(-less), network) - whole)
        left = expected_harm(network.attacks, cover.astype(np.float32), adaptivity)
        worth[place] = max(left - harm, 0.0)
    return worth


def peak_mib() -> float:
    """Return the most memory that this process has held [MiB]."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 / (1024 if sys.platform == "darwin" else 1)
