"""Patrol routes: what each team does on each day of a calendar, as places and times to export."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sarhad.exchange.places import Places
from sarhad.exchange.ways import Barrier, find_way, follow, nearest_cell
from sarhad.patrols import QUARTERS, Duty, Flight, PatrolNetwork, Sortie, Team
from sarhad.plan import Schedule
from sarhad.scenario import Scenario
from sarhad.units import METRES_PER_KILOMETRE

Floats = NDArray[np.float64]
Role = Literal["base", "stay", "pass", "way"]

QUARTER: Final = timedelta(minutes=15)
HOUR: Final = timedelta(hours=1)

WALKED_STRAIGHT_M: Final = 5_000.0
"""Ground teams that go farther are drawn along the stations, if they have the time for it [m]."""


@dataclass(frozen=True, slots=True)
class RoutePoint:
    """One place of a route and when the team is there.

    Attributes
    ----------
    lon, lat : float
        Place [degrees, WGS 84].
    height_m : float or None
        Height above the sea [m]; None where it is not known.
    start, until : datetime
        Arrival and departure, aware.
    role : {"base", "stay", "pass", "way"}
        Post or pad; a stay beside the line; a pass by air; a point between.
    cell : int
        Border cell that it stands or passes in, -1 where it looks at none.
    text : str
        What happens there, for a person.
    """

    lon: float
    lat: float
    height_m: float | None
    start: datetime
    until: datetime
    role: Role = "way"
    cell: int = -1
    text: str = ""

    def __post_init__(self) -> None:
        if not (-180 <= self.lon <= 180 and -90 <= self.lat <= 90):
            raise ValueError(f"({self.lon}, {self.lat}) is no place in degrees")
        if self.start.tzinfo is None or self.until.tzinfo is None:
            raise ValueError("times of a route say their offset from UTC")
        if elapsed(self.start, self.until) < timedelta(0):
            raise ValueError("a stay ends after it begins")
        if self.height_m is not None and not np.isfinite(self.height_m):
            raise ValueError("a height is a number, or None")

    @property
    def quarters(self) -> int:
        """Return the quarters of an hour that the team stays."""
        return round(elapsed(self.start, self.until) / QUARTER)


@dataclass(frozen=True, slots=True)
class PatrolRoute:
    """What one team does on one day.

    Attributes
    ----------
    uid : str
        The same for the same team, day and option, however often the plan is drawn again.
    option : str
        Option of the plan.
    number : int
        Day of the horizon, from 1.
    day : date
        Local day on which the patrol day begins.
    team : str
        Name of the team.
    units : tuple of str
        Ids of the units in it, one or two.
    parties : tuple of str
        Parties of its members, each once; whoever releases orders sends it to these alone.
    kind : str
        foot, horse, vehicle or helicopter.
    base : str
        Post where it starts and ends.
    title : str
        Name for people.
    start, until : datetime
        First and last instant on duty, in the scenario's zone.
    points : tuple of RoutePoint
        In the order of time, base first and last.
    revision : int
        Grows with each new issue.
    """

    uid: str
    option: str
    number: int
    day: date
    team: str
    units: tuple[str, ...]
    parties: tuple[str, ...]
    kind: str
    base: str
    title: str
    start: datetime
    until: datetime
    points: tuple[RoutePoint, ...]
    revision: int = 0

    def __post_init__(self) -> None:
        if not self.parties or not self.units or not self.points:
            raise ValueError("a route has a party, a unit and a point at least")
        if self.start.tzinfo is None or elapsed(self.start, self.until) <= timedelta(0):
            raise ValueError("a duty has aware times and ends after it begins")
        times = [self.start, *(t for p in self.points for t in (p.start, p.until)), self.until]
        if any(elapsed(a, b) < timedelta(0) for a, b in pairwise(times)):
            raise ValueError("points of a route follow each other in time, within its duty")
        if self.revision < 0 or self.number < 1:
            raise ValueError("days count from 1, revisions from 0")

    @property
    def stops(self) -> tuple[RoutePoint, ...]:
        """Return the points that an order names: all but those between."""
        return tuple(point for point in self.points if point.text)


def elapsed(start: datetime, until: datetime) -> timedelta:
    """Return the time between two instants; those of one zone would subtract by their clocks."""
    return until.astimezone(UTC) - start.astimezone(UTC)


def of_party(routes: Iterable[PatrolRoute], party: str) -> tuple[PatrolRoute, ...]:
    """Return the routes that a party takes part in: all that it may be sent."""
    return tuple(route for route in routes if party in route.parties)


def utc(moment: datetime) -> str:
    """Return an instant as XML formats write it, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fixes(points: Iterable[RoutePoint]) -> Iterator[tuple[datetime, RoutePoint]]:
    """Yield time and place of a track: arrival and, where it stays, departure."""
    for point in points:
        yield point.start, point
        if point.until > point.start:
            yield point.until, point


def make_routes(
    days: Iterable[tuple[int, Schedule]],
    teams: Sequence[Team],
    network: PatrolNetwork,
    scenario: Scenario,
    places: Places,
    revision: int = 0,
) -> tuple[PatrolRoute, ...]:
    """Return the routes of the schedules drawn for some days, by day and team.

    Parameters
    ----------
    days : iterable of (int, Schedule)
        Day of the horizon, from 0, and what was drawn for it.
    teams : sequence of Team
        Those of the plan, mixed teams included.
    network, scenario, places
        What a duty's numbers stand for.
    revision : int
        Issue of the orders; a new one replaces an older one in calendars.

    Raises
    ------
    ValueError
        If a day lies outside the horizon.
    """
    barrier = Barrier(places.plane, network.cells)
    routes = []
    for day, schedule in days:
        if not 0 <= day < scenario.horizon.days:
            raise ValueError(f"day {day} lies outside the {scenario.horizon.days} of the horizon")
        for duty in schedule.duties:
            sketch = _Sketch(scenario, network, places, barrier, teams[duty.team], duty, day)
            routes.append(sketch.route(revision))
    return tuple(routes)


@dataclass(frozen=True, slots=True, eq=False)
class _Sketch:
    """One duty on its way to becoming a route; it only carries what every step needs."""

    scenario: Scenario
    network: PatrolNetwork
    places: Places
    barrier: Barrier
    team: Team
    duty: Duty
    day: int

    def route(self, revision: int) -> PatrolRoute:
        start, until = self.hour(self.duty.start), self.hour(self.duty.start + self.duty.hours)
        points = self.flown() if self.team.flight >= 0 else self.walked()
        members = self.team.members
        return PatrolRoute(
            uid=f"{self.scenario.name}-{self.network.option}-{self.day + 1}-{self.team.name}",
            option=self.network.option,
            number=self.day + 1,
            day=self.local(self.hour(0)).date(),
            team=self.team.name,
            units=tuple(dict.fromkeys(member.unit for member in members)),
            parties=self.team.parties,
            kind=self.team.kind,
            base=self.team.base,
            title=" + ".join(f"{m.name}\u00a0({m.number + 1})" for m in members),
            start=self.local(start),
            until=self.local(until),
            points=tuple(points),
            revision=revision,
        )

    def hour(self, hour: float) -> datetime:
        """Return an hour of the patrol day in UTC: clocks that change do not change a march."""
        begin = self.scenario.horizon.start.astimezone(UTC)
        return begin + timedelta(days=self.day) + hour * HOUR

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.scenario.time_zone))

    def lead(
        self, start: Floats, goal: Floats, chain: Floats, cells: tuple[int, int], time: timedelta
    ) -> Floats:
        """Return a way on the own side: along the stations where time allows, or straight."""
        keep_m = max(self.places.stand_off_m.get(party, 0.0) for party in self.team.parties)
        lead = partial(find_way, self.barrier, start, goal, chain, cells, keep_m)
        if self.team.flight >= 0:
            return lead()
        along = lead(straight_m=WALKED_STRAIGHT_M)
        length_m = float(np.hypot(*np.diff(along[:, :2], axis=0).T).sum())
        units = {unit.id: unit for unit in self.scenario.units}
        km_h = min(units[member.unit].speed_km_h for member in self.team.members)
        return along if length_m / METRES_PER_KILOMETRE <= km_h * (time / HOUR) else lead()

    def stations(self) -> Floats:
        """Return the stations of whichever member keeps the greatest distance from the line."""
        off_m = self.places.stand_off_m
        strictest = max(self.team.parties, key=lambda party: off_m.get(party, 0.0))
        return self.places.ground[self.team.kind, strictest]

    def point(
        self, at: Floats, times: tuple[datetime, datetime], role: Role, cell: int, text: str
    ) -> RoutePoint:
        lon, lat = self.places.grid.unproject(at[0], at[1])
        height = float(at[2]) if np.isfinite(at[2]) else None
        return RoutePoint(
            round(float(lon), 6), round(float(lat), 6),
            None if height is None else round(height, 1),
            self.local(times[0]), self.local(times[1]), role, cell, text,
        )  # fmt: skip

    def way(self, places: Floats, start: datetime, until: datetime) -> Iterator[RoutePoint]:
        """Yield the points between two places, by the distance gone; neither end."""
        for at, when in zip(places[1:-1], _by_distance(places, start, until)[1:-1], strict=True):
            yield self.point(at, (when, when), "way", -1, "")

    def walked(self) -> Iterator[RoutePoint]:
        duty, reach = self.duty, self.team.reach
        base = self.places.posts[self.team.base]
        chain = self.stations()
        post = _post_name(self.scenario, self.team.base)
        begin, end = self.hour(duty.start), self.hour(duty.start + duty.hours)
        if not len(duty.station) or reach is None:
            yield self.point(base, (begin, end), "base", -1, f"Stay ready at {post}")
            return
        order = np.argsort(duty.hour, kind="stable")
        cells = [int(c) for c in duty.station[order]]
        hours = [int(h) for h in duty.hour[order]]
        place = cells[0] - reach.first
        out = int(reach.out_hours[place]) - int(reach.out_quarters[place]) / QUARTERS
        home_h = int(reach.home_hours[cells[-1] - reach.first])
        leave = self.hour(max(duty.start, hours[0] + 1 - int(duty.quarters[order][0]) / 4 - out))
        yield self.point(base, (begin, leave), "base", -1, f"Leave {post}")
        here, cell, since = base, nearest_cell(self.barrier, base), leave
        for cell_next, hour, quarters in zip(cells, hours, duty.quarters[order], strict=True):
            # Who does not move on stays the whole hour, whatever part of it the plan counts on.
            stays = here is not base and cell_next == cell
            arrival = self.hour(hour if stays else hour + 1 - int(quarters) / QUARTERS)
            there, until = chain[cell_next], self.hour(hour + 1)
            if not stays:
                way = self.lead(here, there, chain, (cell, cell_next), arrival - since)
                yield from self.way(way, since, arrival)
            yield self.point(there, (arrival, until), "stay", cell_next, stay_text(arrival, until))
            here, cell, since = there, cell_next, until
        back = min(end, self.hour(hours[-1] + 1 + home_h))
        way = self.lead(here, base, chain, (cell, nearest_cell(self.barrier, base)), back - since)
        yield from self.way(way, since, back)
        yield self.point(base, (back, end), "base", -1, f"Back at {post}")

    def flown(self) -> Iterator[RoutePoint]:
        flight = self.network.flights[self.team.flight]
        begin, end = self.hour(self.duty.start), self.hour(self.duty.start + self.duty.hours)
        base = self.places.posts[self.team.base]
        post = _post_name(self.scenario, self.team.base)
        if not self.duty.sorties:
            yield self.point(base, (begin, end), "base", -1, f"Stay ready at {post}")
            return
        landed = begin
        for sortie in self.duty.sorties:
            yield from self.sortie(sortie, flight, landed)
            landed = self.hour((sortie.block + sortie.blocks) / 4)
        pad = flight.pads[self.duty.sorties[-1].pad_to]
        name = _post_name(self.scenario, pad)
        yield self.point(self.places.posts[pad], (landed, end), "base", -1, f"Land at {name}")

    def sortie(self, sortie: Sortie, flight: Flight, since: datetime) -> Iterator[RoutePoint]:
        track = self.places.air[flight.unit]
        pads = [flight.pads[pad] for pad in (sortie.pad_from, sortie.pad_to)]
        at_pads = [self.places.posts[pad] for pad in pads]
        first, last = (int(flight.nodes[node]) for node in (sortie.nodes[0], sortie.nodes[-1]))
        off = self.hour(sortie.block / 4)
        on_block = sortie.block + int(flight.out[sortie.pad_from, sortie.nodes[0]])
        joined, left = self.hour(on_block / 4), self.hour((on_block + len(sortie.nodes) - 1) / 4)
        name = _post_name(self.scenario, pads[0])
        yield self.point(at_pads[0], (since, off), "base", -1, f"Take off from {name}")
        near = [nearest_cell(self.barrier, at) for at in at_pads]
        yield from self.way(
            self.lead(at_pads[0], track[first], track, (near[0], first), joined - off), off, joined
        )
        yield self.point(track[first], (joined, joined), "pass", first, "Join the track")
        for number, (a, b) in enumerate(zip(sortie.nodes[:-1], sortie.nodes[1:], strict=True)):
            here, there = int(flight.nodes[a]), int(flight.nodes[b])
            when = [self.hour((on_block + number + more) / 4) for more in (0, 1)]
            yield from self.along(track, here, there, when[0], when[1])
            text = "Leave the track" if number == len(sortie.nodes) - 2 else "On the track"
            yield self.point(track[there], (when[1], when[1]), "pass", there, text)
        landed = self.hour((sortie.block + sortie.blocks) / 4)
        yield from self.way(
            self.lead(track[last], at_pads[1], track, (last, near[1]), landed - left), left, landed
        )

    def along(
        self, track: Floats, here: int, there: int, start: datetime, until: datetime
    ) -> Iterator[RoutePoint]:
        step = 1 if there > here else -1
        cells = list(range(here, there + step, step))
        times = _by_distance(track[cells], start, until)
        for k, cell in enumerate(cells[1:], start=1):
            led = follow(self.barrier, track[[cells[k - 1], cell]])
            yield from self.way(led, times[k - 1], times[k])
            if cell != there:
                yield self.point(track[cell], (times[k], times[k]), "pass", cell, "")


SECOND: Final = timedelta(seconds=1)


def stay_text(start: datetime, until: datetime) -> str:
    """Return what a stay beside the line says."""
    minutes = round(elapsed(start, until) / timedelta(minutes=1))
    return f"Watch the line for {minutes} min" if minutes else "Pass this place"


def _by_distance(places: Floats, start: datetime, until: datetime) -> list[datetime]:
    """Return when each place of a way is reached at an even speed, to the second."""
    step_m = np.hypot(*np.diff(places[:, :2], axis=0).T)
    share = np.concatenate([[0.0], np.cumsum(step_m)]) / max(float(step_m.sum()), 1e-9)
    seconds = (until - start) / SECOND
    return [start + round(float(part) * seconds) * SECOND for part in share]


def _post_name(scenario: Scenario, post: str) -> str:
    return next((p.name for p in scenario.posts if p.id == post), post)
