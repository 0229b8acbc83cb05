"""The patrol network: all that a plan is made from, and judged by, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sarhad.border import BorderCells
from sarhad.errors import Fault, ScenarioError
from sarhad.mobility import TravelTimes
from sarhad.patrols.attacks import (
    HOURS,
    PLAN_TARGETS,
    Attacks,
    build_attacks,
    chance_in_time,
    warned_share,
)
from sarhad.patrols.flights import BLOCKS, Flight, blocks_of_day, build_flight
from sarhad.patrols.looks import (
    Look,
    WeatherState,
    build_look,
    channel,
    hourly_light,
    hours_in_view,
    mean_rates,
    stay_chance,
    weather_states,
)
from sarhad.patrols.teams import UNREACHED, Member, Team, build_reach, longest_duty_h, may_enter
from sarhad.risk import AttackHarm, AttackPaths, IncidentRisk
from sarhad.scenario import DEFAULT_ATTACKERS, Cooperation, Option, Scenario, Unit, option_units
from sarhad.units import METRES_PER_KILOMETRE
from sarhad.visibility import LIGHTS, Visibility

Floats = NDArray[np.float64]
Float32 = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """What all teams of a day together may use.

    Attributes
    ----------
    officers : int
        Officers of the host that can go with guests in a day.
    air_blocks : mapping of party to float
        Blocks of a quarter of an hour that its helicopters may be aloft in a day.
    air_kg : mapping of party to float
        Aviation fuel that they may burn in a day [kg].
    pad_kg : mapping of post to float
        Fuel that may be taken at a post in a day [kg].
    presence_hours : float
        Least patrol presence in each sector and day [h].
    """

    officers: int
    air_blocks: Mapping[str, float]
    air_kg: Mapping[str, float]
    pad_kg: Mapping[str, float]
    presence_hours: float


@dataclass(frozen=True, slots=True, eq=False)
class PatrolNetwork:
    """Teams, what each may do in a day, what they notice, and the attacks that this is against.

    Attributes
    ----------
    option : str
        Name of the option whose units these are.
    cells : int
        Border cells; each has one station for each way of looking.
    start_hour : int
        Local hour at which the patrol day begins.
    days : int
        Days of the horizon.
    states : tuple of WeatherState
        Weather of a day.
    looks : tuple of Look
        Ways of looking.
    teams : tuple of Team
        Single units, one each.
    flights : tuple of Flight
        Classes of helicopters.
    attacks : Attacks
        What may come.
    unwatched : ndarray of float32, shape (cells, 24, channels)
        Chance that neither a manned post nor the neighbour notices a crossing [1].
    sector_of : ndarray of int32, shape (cells,)
        Sector of each cell, -1 for none.
    sectors : tuple of str
        Ids of the sectors.
    limits : Limits
        What couples the teams.
    mixed_parties : tuple of pairs of str
        Parties whose ground units may form mixed teams.
    host : str
        The party that owns the line.
    notes : tuple of str
        What was left out, a sentence each.
    """

    option: str
    cells: int
    start_hour: int
    days: int
    states: tuple[WeatherState, ...]
    looks: tuple[Look, ...]
    teams: tuple[Team, ...]
    flights: tuple[Flight, ...]
    attacks: Attacks
    unwatched: Float32
    sector_of: NDArray[np.int32]
    sectors: tuple[str, ...]
    limits: Limits
    mixed_parties: tuple[tuple[str, str], ...]
    host: str
    notes: tuple[str, ...] = ()

    @property
    def channels(self) -> int:
        """Return the number of pairs (target, weather)."""
        return len(PLAN_TARGETS) * len(self.states)

    @property
    def weather_shares(self) -> Floats:
        """Return the chance of the weather of each channel, shape (channels,) [1]."""
        return np.tile([state.share for state in self.states], len(PLAN_TARGETS))


def build_patrol_network(
    scenario: Scenario,
    option: str,
    cells: BorderCells,
    sight: Visibility,
    times: TravelTimes,
    risk: IncidentRisk,
    paths: AttackPaths,
    harm: AttackHarm,
) -> PatrolNetwork:
    """Return the patrol network of one option.

    Parameters
    ----------
    scenario : Scenario
        Everything that a person entered.
    option : str
        Whose units patrol.
    cells, sight, times, risk, paths, harm
        What the stages before have found, all for this scenario.

    Raises
    ------
    ScenarioError
        If an attacker type has no way to any target.
    ValueError
        If no option is called so.
    """
    _check_attackers(scenario, paths)
    units = option_units(scenario, option)
    cooperation = _cooperation(scenario, option)
    start_hour = scenario.horizon.start.hour
    states = weather_states(scenario)
    light = hourly_light(scenario, sight)
    view_h = hours_in_view(scenario, times.intruder.crossing_s)
    names = _look_names(units)
    surest = scenario.plan.surest_look
    looks = tuple(
        build_look(sight, kind, party, sensor, states, light, view_h, pass_h, surest)  # type: ignore[arg-type]
        for (kind, party, sensor), pass_h in names.items()
    )
    middle_m = (cells.edges_m[:-1] + cells.edges_m[1:]) / 2
    teams, flights, notes = _build_teams(scenario, units, times, list(names), middle_m, light)
    timely = chance_in_time(scenario, units, times, paths, cooperation)
    attacks = build_attacks(
        scenario, paths, harm, risk, timely, warned_share(cooperation), start_hour
    )
    unwatched = _unwatched(scenario, units, sight, states, light, view_h, cooperation)
    bare = PatrolNetwork(
        option=option,
        cells=len(cells),
        start_hour=start_hour,
        days=scenario.horizon.days,
        states=states,
        looks=looks,
        teams=teams,
        flights=flights,
        attacks=attacks,
        unwatched=unwatched,
        sector_of=_sectors(scenario, middle_m),
        sectors=tuple(sector.id for sector in scenario.sectors),
        limits=_limits(scenario),
        mixed_parties=_mixed(scenario, option),
        host=_host(scenario),
        notes=notes,
    )
    return replace(bare, attacks=_mark_reachable(bare, scenario.plan.least_detection))


def _check_attackers(scenario: Scenario, paths: AttackPaths) -> None:
    present = set(np.unique(paths.attacker).tolist())
    # Types that nobody entered may be without a target: they then count for nothing.
    if scenario.attackers == DEFAULT_ATTACKERS and present:
        return
    faults = tuple(
        Fault(
            "scenario.toml",
            None,
            f"attackers[{number}].targets",
            f"'{attacker.id}' has no way to any target",
            "a site of its kinds within reach_km of the line",
            "Add such a site, widen reach_km or patience_hours, or set its weight to 0",
        )
        for number, attacker in enumerate(scenario.attackers)
        if attacker.weight > 0 and number not in present
    )
    if faults:
        raise ScenarioError(faults)


def _chain(scenario: Scenario, option: str) -> list[Option]:
    """Return an option and all that it extends."""
    options = {each.name: each for each in scenario.options}
    chain, following = [], options.get(option)
    while following is not None:
        chain.append(following)
        following = options[following.extends] if following.extends else None
    return chain


def _cooperation(scenario: Scenario, option: str) -> Cooperation | None:
    return next((o.cooperation for o in _chain(scenario, option) if o.cooperation), None)


def _mixed(scenario: Scenario, option: str) -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys(pair for o in _chain(scenario, option) for pair in o.mixed_pairs))


def _host(scenario: Scenario) -> str:
    return next((party.id for party in scenario.parties if party.role == "own"), "")


def _look_names(units: tuple[Unit, ...]) -> dict[tuple[str, str, str], float | None]:
    """Return the ways of looking that the units need, with the time of one pass [h] for aircraft.

    All parties on the ground share their stations unless their stand-offs differ, but a look of
    each party's own costs little and is always right.
    """
    names: dict[tuple[str, str, str], float | None] = {}
    for unit in units:
        if not unit.mobile:
            continue
        sensor = "thermal" if unit.thermal else "eye"
        kind = "air" if unit.kind == "helicopter" else "ground"
        pass_h = 1.0 / unit.speed_km_h if kind == "air" else None
        names.setdefault((kind, unit.party, sensor), pass_h)
    return names


def _build_teams(
    scenario: Scenario,
    units: tuple[Unit, ...],
    times: TravelTimes,
    names: list[tuple[str, str, str]],
    middle_m: Floats,
    light: Floats,
) -> tuple[tuple[Team, ...], tuple[Flight, ...], tuple[str, ...]]:
    parties = {party.id: party for party in scenario.parties}
    daylight = light[:, :, [LIGHTS.index("day"), LIGHTS.index("twilight")]].sum(axis=2).mean(axis=1)
    teams: list[Team] = []
    flights: list[Flight] = []
    notes: list[str] = []
    for group, unit in enumerate(u for u in units if u.mobile):
        party = parties[unit.party]
        working = np.full(HOURS, True) if unit.night else daylight > 0.5
        open_cells = may_enter(party, scenario.sectors, middle_m)
        flight = -1
        reach = None
        if unit.kind == "helicopter":
            flight = len(flights)
            hours = working & ~_quiet(scenario)
            flights.append(build_flight(unit, scenario, times.air[unit.id], open_cells, hours))
        else:
            ground = times.ground[unit.kind]
            base = times.posts.index(unit.base)
            duty_h = longest_duty_h(unit, scenario)
            reach = build_reach(ground, base, unit.speed_km_h, open_cells, duty_h)
            if reach is None:
                notes.append(f"unit {unit.id} has no legal duty: it reaches no part of the line")
                continue
        look = names.index(_look_of(unit))
        rest = int(np.ceil(scenario.rules.rest_hours - 1e-9))
        teams += [
            Team(
                name=f"{unit.id}#{number + 1}",
                members=(
                    Member(unit.id, number, unit.party, unit.name, unit.people, unit.cost_per_hour),
                ),
                kind=unit.kind,
                base=unit.base,
                looks=(look,),
                duty_hours=longest_duty_h(unit, scenario),
                rest_hours=rest,
                working=working,
                open=open_cells,
                officers=int(party.needs_host_officer),
                group=group,
                reach=reach,
                flight=flight,
            )
            for number in range(unit.count)
        ]
    return tuple(teams), tuple(flights), tuple(notes)


def _look_of(unit: Unit) -> tuple[str, str, str]:
    kind = "air" if unit.kind == "helicopter" else "ground"
    return kind, unit.party, "thermal" if unit.thermal else "eye"


def _quiet(scenario: Scenario) -> Bools:
    """Return in which hours of the patrol day nobody flies by rule."""
    rules = scenario.rules
    local = (scenario.horizon.start.hour + np.arange(HOURS)) % HOURS
    if rules.quiet_from is None or rules.quiet_until is None:
        return np.zeros(HOURS, bool)
    start, end = rules.quiet_from, rules.quiet_until
    if start < end:
        return np.asarray((local + 1 > start) & (local < end))
    return np.asarray((local + 1 > start) | (local < end))


def _sectors(scenario: Scenario, middle_m: Floats) -> NDArray[np.int32]:
    of = np.full(len(middle_m), -1, np.int32)
    for number, sector in enumerate(scenario.sectors):
        from_m, to_m = (km * METRES_PER_KILOMETRE for km in (sector.from_km, sector.to_km))
        of[(middle_m >= from_m) & (middle_m < to_m)] = number
    return of


def _limits(scenario: Scenario) -> Limits:
    """Return a seventh of each week's budget for a day: then it holds in every week."""
    week = 7.0
    flying = {
        p.id: p.flying_hours * 4 / week for p in scenario.parties if p.flying_hours is not None
    }
    fuel = {p.id: p.fuel_kg / week for p in scenario.parties if p.fuel_kg is not None}
    host = [p for p in scenario.parties if p.role == "own"]
    return Limits(
        officers=sum(p.liaison_officers for p in host),
        air_blocks=flying,
        air_kg=fuel,
        pad_kg={post.id: post.fuel_kg for post in scenario.posts},
        presence_hours=scenario.rules.presence_hours if scenario.sectors else 0.0,
    )


def _unwatched(
    scenario: Scenario,
    units: tuple[Unit, ...],
    sight: Visibility,
    states: tuple[WeatherState, ...],
    light: Floats,
    view_h: Floats,
    cooperation: Cooperation | None,
) -> Float32:
    """Return the chance that no manned post and no neighbour notices, (cells, 24, channels)."""
    width = len(PLAN_TARGETS) * len(states)
    missed = np.ones((light.shape[1], HOURS, width))
    if cooperation is not None:
        missed *= 1.0 - cooperation.far_bank_hours / HOURS
    dark = light[:, :, [LIGHTS.index("moon"), LIGHTS.index("dark")]].sum(axis=2).mean(axis=1) > 0.5
    posts = {post.id: row for row, post in enumerate(scenario.posts)}
    for unit in units:
        if unit.mobile:
            continue
        manned = min(1.0, unit.count * longest_duty_h(unit, scenario) / HOURS)
        share = np.where(dark & (not unit.night), 0.0, manned)
        row = np.array([posts[unit.base]], np.int32)
        for t, target in enumerate(PLAN_TARGETS):
            for w, state in enumerate(states):
                sensor = "thermal" if unit.thermal else "eye"
                _, seen, rates = mean_rates(sight, row, target, sensor, state.sight, light)  # type: ignore[arg-type]
                chance = stay_chance(rates, view_h[t][seen]) * share
                missed[seen, :, channel(t, w, len(states))] *= 1.0 - chance
    return missed.astype(np.float32)


def _mark_reachable(network: PatrolNetwork, least: float) -> Attacks:
    """Return the attacks, with those marked that some legal duty may influence."""
    best = best_chance(network, legal=True)
    attacks = network.attacks
    shares = network.weather_shares.reshape(len(PLAN_TARGETS), -1)
    chance = (best.reshape(network.cells, HOURS, len(PLAN_TARGETS), -1) * shares).sum(axis=3)
    found = chance[attacks.cell, attacks.hour, attacks.target] * attacks.timely
    return replace(attacks, reachable=found >= least)


def best_chance(network: PatrolNetwork, *, legal: bool = False) -> Float32:
    """Return the best chance that one visit of any team has, (cells, 24, channels) [1].

    Parameters
    ----------
    network : PatrolNetwork
        Teams and looks.
    legal : bool
        Count only visits that some legal duty holds, with the way there and home; otherwise all
        within a team's reach and working hours, which is never less.
    """
    best = np.zeros((network.cells, HOURS, network.channels), np.float32)
    stations: dict[int, Bools] = {}
    for team in network.teams:
        for place in team.looks:
            open_to = stations.setdefault(place, np.zeros((network.cells, HOURS), bool))
            there = _stations_of(team, network, legal=legal)
            open_to |= there[:, None] & team.working[None]
    for number, open_to in stations.items():
        look = network.looks[number]
        station = np.repeat(np.arange(look.stations), np.diff(look.starts))
        chance = look.chance * open_to[station][:, :, None]
        np.maximum.at(best, look.cells, chance)
    return best


def _stations_of(team: Team, network: PatrolNetwork, *, legal: bool) -> Bools:
    """Return at which stations a team can be, shape (cells,).

    What is legal is so in every working hour: ways may lie outside the patrol day.
    """
    there = np.zeros(network.cells, bool)
    if team.reach is not None:
        reach = team.reach
        part = slice(reach.first, reach.first + len(reach))
        hours = reach.out_hours.astype(int) + reach.home_hours + (reach.out_quarters == 0)
        there[part] = hours <= team.duty_hours if legal else reach.home_hours < UNREACHED
        return there
    flight = network.flights[team.flight]
    run = blocks_of_day(flight) if legal else np.zeros((2, len(flight.nodes)))
    for to, blocks in zip((flight.up, flight.down), run, strict=True):
        for node in np.flatnonzero((to >= 0) & (blocks <= team.duty_hours * BLOCKS // HOURS)):
            ends = sorted((int(flight.nodes[node]), int(flight.nodes[to[node]])))
            there[ends[0] : ends[1]] = True
    return there
