"""Orders: what one team does on one day, in places and local times; nothing of anybody else's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sarhad.border import BorderCells
from sarhad.grid import Grid
from sarhad.patrols import QUARTERS, Duty, GroundReach, PatrolNetwork, Team
from sarhad.plan.calendar import Calendar
from sarhad.plan.lottery import Plan
from sarhad.scenario import Scenario
from sarhad.units import METRES_PER_KILOMETRE
from sarhad.visibility.sampling import Observers

Floats = NDArray[np.float64]
Doing = Literal["out", "way", "stay", "home"]

QUARTER_MIN: Final = 15
HOUR_MIN: Final = 60
MINUTES_PER_HOUR: Final = 60.0


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere that an order names.

    Attributes
    ----------
    name : str
        Of a post; empty for a place beside the line.
    km : float or None
        Chainage of a place beside the line [km].
    lon, lat : float or None
        Of the place itself, not of the line [degrees]; none where it is not known.
    """

    name: str
    km: float | None
    lon: float | None
    lat: float | None

    def __post_init__(self) -> None:
        if not self.name and self.km is None:
            raise ValueError("a place has a name or a kilometre")


@dataclass(frozen=True, slots=True)
class Step:
    """One part of a patrol: a way or a stay.

    Attributes
    ----------
    doing : {"out", "way", "stay", "home"}
        Out from the base, along the line, staying, home.
    begin, end : datetime
        Local time.
    start, goal : Place
        Where it begins and ends; the same for a stay.
    """

    doing: Doing
    begin: datetime
    end: datetime
    start: Place
    goal: Place

    def __post_init__(self) -> None:
        # Two times of one zone compare by their clocks, which go back once a year.
        if self.end.astimezone(UTC) < self.begin.astimezone(UTC):
            raise ValueError("a step ends after it begins")


@dataclass(frozen=True, slots=True)
class Flown:
    """One sortie of a helicopter.

    Attributes
    ----------
    take_off, landing : datetime
        Local time.
    pad_from, pad_to : Place
        Where it takes off and lands.
    track : tuple of (datetime, Place)
        When it is abreast of which kilometre: where it joins the line, and after each block.
    fuel_kg : float
        For the sortie, to be aboard at take-off above the reserve [kg].
    reserve_kg : float
        Never used [kg].
    ready : datetime or None
        Earliest next take-off; none for the last sortie of the day.
    """

    take_off: datetime
    landing: datetime
    pad_from: Place
    pad_to: Place
    track: tuple[tuple[datetime, Place], ...]
    fuel_kg: float
    reserve_kg: float
    ready: datetime | None

    @property
    def calls(self) -> tuple[datetime, ...]:
        """Return when its crew reports: at take-off, after each block along the line, landed."""
        return (self.take_off, *(moment for moment, _ in self.track), self.landing)


@dataclass(frozen=True, slots=True)
class Companion:
    """A unit that goes along in one's own team."""

    name: str
    party: str
    people: int


@dataclass(frozen=True, slots=True)
class Order:
    """What one team does on one patrol day.

    Attributes
    ----------
    team, kind : str
        Who, and how it moves.
    parties : tuple of str
        Of its members: who may read this.
    day : datetime
        When the patrol day begins, local time.
    base : Place
        Where its duty starts and ends.
    begin, end : datetime or None
        Of the duty, local time; none on a day of rest.
    rest_until : datetime or None
        No duty before.
    members : tuple of Companion
        Its units; more than one in a mixed team.
    officers : int
        Officers of the host who come along.
    host : str
        Name of the host; empty where none comes along.
    steps : tuple of Step
        On the ground.
    sorties : tuple of Flown
        In the air.
    calls : tuple of datetime
        When it reports by radio.
    """

    team: str
    kind: str
    parties: tuple[str, ...]
    day: datetime
    base: Place
    begin: datetime | None
    end: datetime | None
    rest_until: datetime | None
    members: tuple[Companion, ...]
    officers: int
    host: str
    steps: tuple[Step, ...] = ()
    sorties: tuple[Flown, ...] = ()
    calls: tuple[datetime, ...] = ()

    def __post_init__(self) -> None:
        if (self.begin is None) != (self.end is None):
            raise ValueError("a duty has a begin and an end")
        if self.begin is None and (self.steps or self.sorties):
            raise ValueError("a day of rest has no steps")


@dataclass(frozen=True, slots=True, eq=False)
class Gazetteer:
    """Names and places that orders refer to.

    Attributes
    ----------
    zone : ZoneInfo
        Local time.
    posts : mapping of str to Place
        By id.
    middle_km : ndarray, shape (cells,)
        Chainage of the middle of each border cell [km].
    stations : mapping of (kind, party) to ndarray, shape (cells, 2)
        Longitude and latitude of where its patrols stand or fly, ground or air; NaN where nowhere.
    parties : mapping of str to str
        Names by id.
    stand_off_km : mapping of str to float
        Least distance of each party from the line [km].
    reserve_kg : mapping of str to float
        Fuel that each class of helicopters never uses [kg].
    """

    zone: ZoneInfo
    posts: Mapping[str, Place]
    middle_km: Floats
    stations: Mapping[tuple[str, str], Floats]
    parties: Mapping[str, str]
    stand_off_km: Mapping[str, float]
    reserve_kg: Mapping[str, float]

    def beside(self, cell: int, team: Team) -> Place:
        """Return where a team stands or flies in a border cell, by its strictest stand-off."""
        party = max(team.parties, key=lambda name: self.stand_off_km.get(name, 0.0))
        rows = self.stations.get(("air" if team.flight >= 0 else "ground", party))
        km = round(float(self.middle_km[cell]), 1)
        if rows is None or not np.isfinite(rows[cell]).all():
            return Place("", km, None, None)
        lon, lat = (round(float(degrees), 5) for degrees in rows[cell])
        return Place("", km, lon, lat)


def gather_places(
    scenario: Scenario, cells: BorderCells, observers: Observers, grid: Grid
) -> Gazetteer:
    """Return the names and places of a scenario.

    Parameters
    ----------
    scenario : Scenario
        Posts, parties, units and zone.
    cells : BorderCells
        The border cells.
    observers : Observers
        Their stations keep each party's stand-off from the line.
    grid : Grid
        The frame that the stations are placed on.
    """
    degrees = np.column_stack(grid.unproject(*_where_they_stand(observers)))
    stations = {
        key: np.where(rows[:, None] >= 0, degrees[rows], np.nan)
        for key, rows in observers.stations.items()
    }
    return Gazetteer(
        zone=ZoneInfo(scenario.time_zone),
        posts={post.id: Place(post.name, None, post.lon, post.lat) for post in scenario.posts},
        middle_km=(cells.edges_m[:-1] + cells.edges_m[1:]) / 2 / METRES_PER_KILOMETRE,
        stations=stations,
        parties={party.id: party.name for party in scenario.parties},
        stand_off_km={party.id: party.stand_off_km for party in scenario.parties},
        reserve_kg={
            unit.id: (unit.burn_kg_h or 0.0) * (unit.reserve_min or 0.0) / MINUTES_PER_HOUR
            for unit in scenario.units
            if unit.kind == "helicopter"
        },
    )


def _where_they_stand(observers: Observers) -> tuple[Floats, Floats]:
    """Return the look of each observer that is nearest to the mean of its looks [m].

    Every look keeps its party's stand-off; in a bend of the line their mean may not.
    """
    east_m, north_m = observers.east_m.copy(), observers.north_m.copy()
    of = observers.look_observer
    off_m = np.hypot(observers.look_east_m - east_m[of], observers.look_north_m - north_m[of])
    order = np.lexsort((off_m, of))
    of, first = np.unique(of[order], return_index=True)
    nearest = order[first]
    east_m[of], north_m[of] = observers.look_east_m[nearest], observers.look_north_m[nearest]
    return east_m, north_m


def write_orders(
    calendar: Calendar, plan: Plan, network: PatrolNetwork, places: Gazetteer
) -> tuple[Order, ...]:
    """Return the orders of all teams for all days: for whoever plans, and nobody else.

    A unit without a duty has a day of rest in them.

    Parameters
    ----------
    calendar, plan, network
        What was drawn, from what.
    places : Gazetteer
        From `gather_places`.
    """
    orders: list[Order] = []
    for start, schedule in zip(calendar.starts, calendar.days_of(plan), strict=True):
        duties = {duty.team: duty for duty in schedule.duties}
        busy = {m for number in duties for m in _crew(plan.teams[number])}
        for number, team in enumerate(plan.teams):
            if number in duties:
                orders.append(_order(team, duties[number], start, network, places))
            elif len(team.members) == 1 and not busy & set(_crew(team)):
                orders.append(_bare(team, start, network, places))
    return tuple(orders)


def orders_for(party: str, orders: tuple[Order, ...]) -> tuple[Order, ...]:
    """Return the orders of the teams with a member of that party, and no word of any other."""
    return tuple(order for order in orders if party in order.parties)


def _crew(team: Team) -> tuple[tuple[str, int], ...]:
    return tuple((member.unit, member.number) for member in team.members)


def _bare(team: Team, start: datetime, network: PatrolNetwork, places: Gazetteer) -> Order:
    """Return a day of rest; the order of a duty fills in the rest."""
    return Order(
        team=team.name,
        kind=team.kind,
        parties=team.parties,
        day=start.astimezone(places.zone),
        base=places.posts[team.base],
        begin=None,
        end=None,
        rest_until=None,
        members=tuple(
            Companion(m.name, places.parties.get(m.party, m.party), m.people) for m in team.members
        ),
        officers=team.officers,
        host=places.parties.get(network.host, network.host) if team.officers else "",
    )


def _order(
    team: Team, duty: Duty, start: datetime, network: PatrolNetwork, places: Gazetteer
) -> Order:
    clock = _Clock(start, places.zone)
    end = clock.at_min((duty.start + duty.hours) * HOUR_MIN)
    begin = clock.at_min(duty.start * HOUR_MIN)
    steps: tuple[Step, ...] = ()
    sorties: tuple[Flown, ...] = ()
    if team.reach is not None:
        steps = tuple(_merge(_walk(team, team.reach, duty, clock, places)))
        calls = _calls(steps, begin, end)
    else:
        sorties = tuple(_flown(team, duty, clock, network, places))
        calls = tuple(moment for sortie in sorties for moment in sortie.calls)
    rest_until = clock.at_min((duty.start + duty.hours + team.rest_hours) * HOUR_MIN)
    return replace(
        _bare(team, start, network, places),
        begin=begin,
        end=end,
        rest_until=rest_until,
        steps=steps,
        sorties=sorties,
        calls=calls,
    )


@dataclass(frozen=True, slots=True)
class _Clock:
    """Local times of a patrol day, whose hours are elapsed hours: clocks may change within it."""

    start: datetime
    zone: ZoneInfo

    def at_min(self, minutes: int) -> datetime:
        moment = self.start.astimezone(UTC) + timedelta(minutes=minutes)
        return moment.astimezone(self.zone)


def _walk(
    team: Team, reach: GroundReach, duty: Duty, clock: _Clock, places: Gazetteer
) -> Iterator[Step]:
    """Yield the steps of a ground duty: in each hour a way, then a stay to its end."""
    base = places.posts[team.base]
    if not len(duty.station):
        return
    order = np.argsort(duty.hour, kind="stable")
    visits = np.column_stack([duty.station, duty.hour, duty.quarters])[order].astype(int).tolist()
    here, doing = base, "out"
    for number, (cell, hour, quarters) in enumerate(visits):
        there = places.beside(cell, team)
        arrival = (hour + 1) * HOUR_MIN - quarters * QUARTER_MIN
        leave = arrival - _out_min(reach, cell) if number == 0 else hour * HOUR_MIN
        if there == here:
            arrival = hour * HOUR_MIN
        else:
            yield Step(doing, clock.at_min(leave), clock.at_min(arrival), here, there)  # type: ignore[arg-type]
        if quarters:
            ends = clock.at_min((hour + 1) * HOUR_MIN)
            yield Step("stay", clock.at_min(arrival), ends, there, there)
        here, doing = there, "way"
    cell, hour, _ = visits[-1]
    back = hour + 1 + int(reach.home_hours[cell - reach.first])
    yield Step(
        "home", clock.at_min((hour + 1) * HOUR_MIN), clock.at_min(back * HOUR_MIN), here, base
    )


def _out_min(reach: GroundReach, cell: int) -> int:
    """Return the minutes from the base to a station, rounded up to quarters of an hour."""
    place = cell - reach.first
    quarters = int(reach.out_hours[place]) * QUARTERS - int(reach.out_quarters[place])
    return quarters * QUARTER_MIN


def _merge(steps: Iterator[Step]) -> Iterator[Step]:
    """Join stays at one place that follow each other."""
    last: Step | None = None
    for step in steps:
        if last is not None and last.doing == step.doing == "stay" and last.goal == step.goal:
            last = replace(last, end=step.end)
            continue
        if last is not None:
            yield last
        last = step
    if last is not None:
        yield last


def _calls(steps: tuple[Step, ...], begin: datetime, end: datetime) -> tuple[datetime, ...]:
    """Return when a ground patrol reports: setting out, every hour of the way, coming home."""
    if not steps:
        return (begin, end)
    first, last = (moment.astimezone(UTC) for moment in (steps[0].begin, steps[-1].end))
    hours = int((last - first) / timedelta(hours=1))
    away = {first + timedelta(hours=number) for number in range(hours + 1)}
    return tuple(moment.astimezone(begin.tzinfo) for moment in sorted({*away, last}))


def _flown(
    team: Team, duty: Duty, clock: _Clock, network: PatrolNetwork, places: Gazetteer
) -> Iterator[Flown]:
    flight = network.flights[team.flight]
    for number, sortie in enumerate(duty.sorties):
        joined = sortie.block + int(flight.out[sortie.pad_from, sortie.nodes[0]])
        track = tuple(
            (
                clock.at_min((joined + step) * QUARTER_MIN),
                places.beside(int(flight.nodes[node]), team),
            )
            for step, node in enumerate(sortie.nodes)
        )
        landing = sortie.block + sortie.blocks
        last = number + 1 == len(duty.sorties)
        ready = None if last else clock.at_min((landing + flight.turn_blocks) * QUARTER_MIN)
        yield Flown(
            take_off=clock.at_min(sortie.block * QUARTER_MIN),
            landing=clock.at_min(landing * QUARTER_MIN),
            pad_from=places.posts[flight.pads[sortie.pad_from]],
            pad_to=places.posts[flight.pads[sortie.pad_to]],
            track=track,
            fuel_kg=sortie.blocks * flight.block_kg,
            reserve_kg=places.reserve_kg.get(flight.unit, 0.0),
            ready=ready,
        )
