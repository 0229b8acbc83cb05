"""Baselines: plans that a person would pick instead, of the same kind and under the same rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.kernels import (
    NONE,
    AirSpace,
    best_sorties,
    flying_day,
    sortie_route,
    worth_of_visits,
)
from sarhad.patrols import (
    BLOCKS,
    HOURS,
    TAKE_OFF_BLOCKS,
    Duty,
    Flight,
    PatrolNetwork,
    Sortie,
    Team,
    add_duty,
    no_effort,
    passes_of,
)
from sarhad.plan import Plan, Schedule, presence_of, use_of_air
from sarhad.solvers.pricing import price_ground

Float32 = NDArray[np.float32]
Floats = NDArray[np.float64]

RANDOM_DAYS: Final = 60
HOT_DAYS: Final = 14
HOT_VARIATION: Final = 0.1
"""Spread of the logarithm of a hot spot's weight from day to day (assumed)."""

HOT_SPREAD_M: Final = 5_000.0
"""How far a past event warms its neighbours, standard deviation [m]."""

SWEEP_CELLS: Final = 6
"""A fixed patrol goes so many cells up and down from the nearest place on the line."""

BLOCKS_PER_HOUR: Final = BLOCKS // HOURS
SLACK: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """A plan of this kind, and what a person should know of it.

    Attributes
    ----------
    plan : Plan
        Judged by the same code as any other.
    notes : tuple of str
        Rules that do not bind it or that it cannot keep, a sentence each.
    """

    plan: Plan
    notes: tuple[str, ...] = ()


def posts_alone(network: PatrolNetwork) -> Baseline:
    """Return the plan of today's manned posts: nobody patrols."""
    plan = _lottery(network, "posts alone", [Schedule(())], np.zeros(len(network.teams), int), 0)
    if network.limits.presence_hours <= 0:
        return Baseline(plan)
    least = network.limits.presence_hours
    return Baseline(
        plan, (f"{least:g} h of patrol a day in each sector do not bind this baseline",)
    )


def fixed_timetable(network: PatrolNetwork) -> Baseline:
    """Return one day that repeats: every team goes up and down the nearest stretch of the line.

    Teams of one base take turns: the first begins with the patrol day, the next when it is home.
    """
    begins = _turns(network)
    day = _Day(network, begins)
    flat = np.broadcast_to(network.weather_shares.astype(np.float32), no_effort(network).shape)
    for number, team in enumerate(network.teams):
        if team.reach is None:
            day.fly(number, _passed(team, network, np.ascontiguousarray(flat)))
        else:
            day.walk(number, _sweep(team), only=int(begins[number]))
    notes = day.keep_presence({n: _sweep(t) for n, t in _walkers(network)})
    return Baseline(_lottery(network, "fixed timetable", [day.schedule()], begins, 0), notes)


def uniform_random(network: PatrolNetwork, seed: int, days: int = RANDOM_DAYS) -> Baseline:
    """Return a lottery over equally likely days of legal duties drawn at random.

    Each team begins at a random hour of its hours and does the best duty for rewards drawn at
    random; helicopters fly for as long as a random share of what is left lets them.

    Parameters
    ----------
    network : PatrolNetwork
        Who may do what.
    seed : int
        Of the draws.
    days : int
        How many days to draw.
    """
    rng = np.random.default_rng(seed)
    begins = np.array([rng.integers(team.rest_hours + 1) for team in network.teams], int)
    schedules: list[Schedule] = []
    notes: dict[str, None] = {}
    for _ in range(days):
        day = _Day(network, begins)
        worths = {
            n: rng.exponential(size=(HOURS, len(t.reach or ()))) for n, t in _walkers(network)
        }
        for number in rng.permutation(len(network.teams)).tolist():
            team = network.teams[number]
            if team.reach is not None:
                day.walk(number, worths[number], only=day.random_start(number, rng))
            else:
                cells = rng.exponential(size=(HOURS, network.cells))
                only = day.random_start(number, rng)
                day.fly(number, _summed(team, network, cells), float(rng.random()), only)
        notes |= dict.fromkeys(day.keep_presence(worths))
        schedules.append(day.schedule())
    return Baseline(_lottery(network, "uniform random", schedules, begins, seed), tuple(notes))


def hot_spot(
    network: PatrolNetwork,
    seed: int,
    weekly: Floats | None = None,
    days: int = HOT_DAYS,
    cell_m: float = 1000.0,
) -> Baseline:
    """Return a lottery over days that all go where it happened before, with small variations.

    One team after another does the best duty against what the teams before it have left of the
    past events, smoothed along the line; where attacks go instead is not asked.

    Parameters
    ----------
    network : PatrolNetwork
        Who may do what.
    seed : int
        Of the variations.
    weekly : ndarray, shape (cells,), optional
        Past events or their smoothed rate by cell [1/week]; the pattern of the network's attacks if
        left out.
    days : int
        How many days to draw.
    cell_m : float
        Length of a border cell, for the smoothing [m].
    """
    rng = np.random.default_rng(seed)
    heat = _heat(network, weekly, HOT_SPREAD_M / cell_m)
    begins = np.array([_warmest(team, heat) for team in network.teams], int)
    schedules: list[Schedule] = []
    notes: dict[str, None] = {}
    for _ in range(days):
        varied = heat * rng.lognormal(0.0, HOT_VARIATION, (network.cells, 1))
        price = _on_channels(network, varied)
        day, effort = _Day(network, begins), no_effort(network)
        for number, team in enumerate(network.teams):
            left = price * np.exp(-effort)
            if team.reach is None:
                duty = day.fly(number, _passed(team, network, left))
            else:
                duty = day.walk(number, _worth(team, network, left))
            if duty is not None:
                add_duty(effort, duty, team, network)
        worths = {n: _worth(t, network, price) for n, t in _walkers(network)}
        notes |= dict.fromkeys(day.keep_presence(worths))
        schedules.append(day.schedule())
    return Baseline(_lottery(network, "hot-spot", schedules, begins, seed), tuple(notes))


def all_baselines(
    network: PatrolNetwork, seed: int, weekly: Floats | None = None, cell_m: float = 1000.0
) -> tuple[Baseline, ...]:
    """Return the four baselines: fixed timetable, uniform random, hot-spot, posts alone."""
    return (
        fixed_timetable(network),
        uniform_random(network, seed),
        hot_spot(network, seed, weekly, cell_m=cell_m),
        posts_alone(network),
    )


def _lottery(
    network: PatrolNetwork, name: str, days: list[Schedule], begins: NDArray[np.int64], seed: int
) -> Plan:
    rest = np.array([team.rest_hours for team in network.teams], int)
    return Plan(
        option=network.option,
        name=name,
        teams=network.teams,
        schedules=tuple(days),
        probabilities=np.full(len(days), 1.0 / len(days)),
        day_from=begins.astype(np.int8),
        day_until=(begins + HOURS - rest).astype(np.int8),
        seed=seed,
    )


def _walkers(network: PatrolNetwork) -> Iterator[tuple[int, Team]]:
    return ((n, team) for n, team in enumerate(network.teams) if team.reach is not None)


def _turns(network: PatrolNetwork) -> NDArray[np.int64]:
    """Return the first hour of each team's own hours: those of one base follow each other."""
    begins = np.zeros(len(network.teams), int)
    at_base: dict[str, int] = {}
    for number, team in enumerate(network.teams):
        turn = at_base.get(team.base, number % 3)
        at_base[team.base] = turn + 1
        wanted = min(turn * team.duty_hours % HOURS, HOURS - team.duty_hours, team.rest_hours)
        begins[number] = _nearest_legal(team, wanted)
    return begins


def _nearest_legal(team: Team, wanted: int) -> int:
    """Return the window's first hour nearest to one in which the team may begin a whole duty."""
    fits = [h for h in range(team.rest_hours + 1) if _runs(team.working)[h] >= team.duty_hours]
    return min(fits, key=lambda hour: abs(hour - wanted), default=wanted)


def _runs(open_hours: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many open hours follow each other from each hour on."""
    runs = np.zeros(HOURS + 1, int)
    for hour in range(HOURS - 1, -1, -1):
        runs[hour] = runs[hour + 1] + 1 if open_hours[hour] else 0
    return runs[:HOURS]


def _sweep(team: Team) -> Floats:
    """Return worths that draw a team up and down the line around its nearest station."""
    assert team.reach is not None  # noqa: S101
    reach = team.reach
    station = np.arange(len(reach))
    nearest = int(np.lexsort((-reach.out_quarters.astype(int), reach.out_hours))[0])
    wave = np.abs((np.arange(HOURS) % 4) - 2) - 1.0
    goal = nearest + SWEEP_CELLS * wave
    return np.asarray(np.exp(-np.abs(station - goal[:, None]) / SWEEP_CELLS))


def _heat(network: PatrolNetwork, weekly: Floats | None, spread_cells: float) -> Floats:
    """Return the smoothed past by cell and hour, (cells, 24); its largest value is 1."""
    attacks = network.attacks
    heat = np.zeros((network.cells, HOURS))
    np.add.at(heat, (attacks.cell, attacks.hour), attacks.pattern)
    if weekly is not None:
        if weekly.shape != (network.cells,) or (weekly < 0).any():
            raise ValueError("weekly has a rate for each cell, none of them negative")
        heat = np.repeat(weekly[:, None] / HOURS, HOURS, axis=1)
    reach = int(3 * spread_cells) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(spread_cells, SLACK)) ** 2)
    smooth = [np.convolve(column, kernel / kernel.sum())[reach:-reach] for column in heat.T]
    return np.stack(smooth, axis=1) / max(float(np.max(smooth)), SLACK)


def _warmest(team: Team, heat: Floats) -> int:
    """Return the first hour of the window of a team that holds most of what it can reach."""
    reach = team.reach
    part = slice(None) if reach is None else slice(reach.first, reach.first + len(reach))
    by_hour = heat[part].sum(axis=0) * team.working
    length = HOURS - team.rest_hours
    sums = [by_hour[first : first + length].sum() for first in range(team.rest_hours + 1)]
    return int(np.argmax(sums))


def _on_channels(network: PatrolNetwork, heat: Floats) -> Float32:
    """Return rewards of noticing a walker, in proportion to heat and to the weather's shares."""
    shares = network.weather_shares * (np.arange(network.channels) < len(network.states))
    return (heat[:, :, None] * shares).astype(np.float32)


def _worth(team: Team, network: PatrolNetwork, price: Float32) -> Float32:
    """Return what an hour at each station of a ground team's reach is worth, (24, stations)."""
    assert team.reach is not None  # noqa: S101
    window = (team.reach.first, len(team.reach))
    return _of_looks(team, network, price, window)


def _of_looks(
    team: Team, network: PatrolNetwork, price: Float32, window: tuple[int, int]
) -> Float32:
    worth: Float32 | None = None
    for number in team.looks:
        look = network.looks[number]
        worth = worth_of_visits(look.starts, look.cells, look.chance, price, *window, worth)
    assert worth is not None  # noqa: S101
    return worth


def _passed(team: Team, network: PatrolNetwork, price: Float32) -> Float32:
    """Return what passing all cells before each node is worth by hour, (24, nodes)."""
    return _summed(team, network, _of_looks(team, network, price, (0, network.cells)))


def _summed(team: Team, network: PatrolNetwork, by_cell: NDArray[np.floating]) -> Float32:
    before = np.zeros((HOURS, network.cells + 1))
    np.cumsum(by_cell, axis=1, out=before[:, 1:])
    return np.ascontiguousarray(before[:, network.flights[team.flight].nodes], np.float32)


@dataclass(slots=True)
class _Day:
    """One day while it is put together: duties so far, and what they have left of the limits."""

    network: PatrolNetwork
    begins: NDArray[np.int64]
    duties: dict[int, Duty] = field(default_factory=dict)

    def schedule(self) -> Schedule:
        return Schedule(tuple(self.duties[number] for number in sorted(self.duties)))

    def longest(self, number: int) -> NDArray[np.int8]:
        """Return the longest duty of a team that may begin in each hour."""
        team = self.network.teams[number]
        begin = int(self.begins[number])
        hour = np.arange(HOURS)
        inside = (hour >= begin) & (hour < begin + HOURS - team.rest_hours)
        return np.minimum(_runs(team.working & inside), team.duty_hours).astype(np.int8)

    def random_start(self, number: int, rng: np.random.Generator) -> int | None:
        """Return an hour in which a team may begin a duty of its full length, if there is one."""
        starts = np.flatnonzero(self.longest(number) >= self.network.teams[number].duty_hours)
        return int(rng.choice(starts)) if len(starts) else None

    def starts(self, number: int, only: int | None) -> NDArray[np.int8]:
        longest = self.longest(number)
        if only is not None:
            longest[np.arange(HOURS) != only] = 0
        return longest

    def officer_left(self, team: Team) -> bool:
        teams = self.network.teams
        used = sum(teams[number].officers for number in self.duties)
        return used + team.officers <= self.network.limits.officers

    def walk(
        self, number: int, worth: NDArray[np.floating], only: int | None = None
    ) -> Duty | None:
        """Add the best duty of a ground team, in which it begins at hour `only` if that is said."""
        team = self.network.teams[number]
        if not self.officer_left(team):
            return None
        whole_hours = np.ascontiguousarray(worth[None], np.float32)
        duty = price_ground(team, number, whole_hours, self.starts(number, only)).duty
        if duty is not None:
            self.duties[number] = duty
        return duty

    def fly(
        self, number: int, passed: Float32, share: float = 1.0, only: int | None = None
    ) -> Duty | None:
        """Add the best flying day of a helicopter within a share of what its party has left."""
        network, team = self.network, self.network.teams[number]
        flight = network.flights[team.flight]
        if not self.officer_left(team):
            return None
        blocks, burnt, taken = use_of_air(self.duties.values(), network.teams, network)
        party, limits = team.members[0].party, network.limits
        most = min(
            limits.air_blocks.get(party, np.inf) - blocks[party],
            (limits.air_kg.get(party, np.inf) - burnt[party]) / flight.block_kg,
            flight.day_blocks,
        )
        left = {pad: limits.pad_kg.get(pad, np.inf) - taken[pad] for pad in flight.pads}
        aloft = int(share * max(most, 0.0) + SLACK)
        starts = self.starts(number, only)
        duty = _best_flight(number, team, flight, passed, starts, aloft, left)
        if duty is not None:
            self.duties[number] = duty
        return duty

    def keep_presence(self, worths: Mapping[int, NDArray[np.floating]]) -> tuple[str, ...]:
        """Send teams to sectors that nobody patrols enough; return those that stay short."""
        network, least = self.network, self.network.limits.presence_hours
        notes = []
        for sector in range(len(network.sectors)):
            for number in worths:
                if self._hours()[sector] + SLACK >= least:
                    break
                self._send(number, sector, worths[number])
            if self._hours()[sector] + SLACK < least:
                notes.append(f"no team was found for {least:g} h in {network.sectors[sector]}")
        return tuple(notes)

    def _hours(self) -> Floats:
        return presence_of(self.duties.values(), self.network.teams, self.network)

    def _send(self, number: int, sector: int, worth: NDArray[np.floating]) -> None:
        """Give a team its best duty within a sector, unless another sector would be short by it."""
        reach = self.network.teams[number].reach
        assert reach is not None  # noqa: S101
        inside = self.network.sector_of[reach.first : reach.first + len(reach)] == sector
        if not inside.any():
            return
        before, old = self._hours(), self.duties.pop(number, None)
        self.walk(number, np.where(inside, worth + SLACK, 0.0))
        after, least = self._hours(), self.network.limits.presence_hours
        short = (after + SLACK < np.minimum(before, least)).any()
        if number in self.duties and after[sector] > before[sector] and not short:
            return
        self.duties.pop(number, None)
        if old is not None:
            self.duties[number] = old


def _best_flight(
    number: int,
    team: Team,
    flight: Flight,
    passed: Float32,
    longest: NDArray[np.int8],
    aloft: int,
    left_kg: Mapping[str, float],
) -> Duty | None:
    """Return the best flying day of a helicopter, or None.

    Parameters
    ----------
    number, team, flight
        The helicopter.
    passed : ndarray of float32, shape (24, nodes)
        Worth of passing all cells before each node.
    longest : ndarray of int8, shape (24,)
        Longest duty that may start in each hour [h].
    aloft : int
        Most blocks aloft.
    left_kg : mapping of pad to float
        Fuel that may still be taken there [kg]. A pad that a day would overdraw is closed, and the
        day is chosen again: legal, if not the best of all.
    """
    space = _air_space(flight)
    tank_kg = min(flight.most_blocks, 3) * flight.block_kg
    pad_open = np.array([left_kg[pad] >= tank_kg for pad in flight.pads], np.uint8)
    while aloft > 0:
        best = best_sorties(space, passed, pad_open)
        by_aloft, _, _ = flying_day(space, best, team.duty_hours, longest)
        wanted = int(np.argmax(by_aloft[: aloft + 1]))
        if by_aloft[wanted] <= max(NONE, 0.0):
            return None
        _, landed, rows = flying_day(space, best, team.duty_hours, longest, wanted)
        sorties = tuple(_sortie(space, passed, row) for row in rows.tolist())
        dry = _overdrawn(sorties, flight, left_kg)
        if not dry.any():
            return _flying_duty(number, flight, sorties, landed, longest)
        pad_open[dry] = 0
    return None


def _air_space(flight: Flight) -> AirSpace:
    return AirSpace(
        flight.up,
        flight.down,
        flight.out,
        flight.home,
        flight.open_blocks.astype(np.uint8),
        TAKE_OFF_BLOCKS,
        flight.most_blocks,
        flight.turn_blocks,
        flight.day_blocks,
    )


def _sortie(space: AirSpace, passed: Float32, row: list[int]) -> Sortie:
    slot, pad_from, pad_to, blocks = row
    block = slot * TAKE_OFF_BLOCKS
    nodes = sortie_route(space, passed, block, pad_from, pad_to, blocks)
    return Sortie(block, pad_from, pad_to, tuple(nodes.tolist()), blocks)


def _overdrawn(
    sorties: tuple[Sortie, ...], flight: Flight, left_kg: Mapping[str, float]
) -> NDArray[np.bool_]:
    taken = np.zeros(len(flight.pads))
    for sortie in sorties:
        taken[sortie.pad_from] += sortie.blocks * flight.block_kg
    return np.asarray(taken > np.array([left_kg[pad] for pad in flight.pads]) + SLACK)


def _flying_duty(
    number: int,
    flight: Flight,
    sorties: tuple[Sortie, ...],
    landed: int,
    longest: NDArray[np.int8],
) -> Duty:
    """Return the duty around some sorties: the shortest, so that its crew is free again soon."""
    end = -(-landed // BLOCKS_PER_HOUR)
    latest = sorties[0].block // BLOCKS_PER_HOUR
    start = next(h for h in range(latest, -1, -1) if longest[h] >= end - h)
    cells, hours = passes_of(sorties, flight)
    return Duty(number, start, end - start, cells, hours, np.zeros(len(cells), np.int8), sorties)
