"""Routes that a person drew become fixed orders, or are compared with what was planned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from sarhad.border import BorderCells, LinePlane, locate
from sarhad.errors import Fault, ScenarioError
from sarhad.exchange.drawn_files import DrawnRoute
from sarhad.exchange.routes import PatrolRoute, RoutePoint, elapsed
from sarhad.exchange.ways import Barrier
from sarhad.grid import Grid
from sarhad.scenario import Scenario, Unit, option_units, suggest
from sarhad.units import METRES_PER_KILOMETRE, SECONDS_PER_HOUR

Floats = NDArray[np.float64]
Visit = tuple[int, int, int]

TOLERANCE_M: Final = 2_000.0
"""A drawn route counts where it runs this near to the line, unless told otherwise [m]."""

SPEED_SLACK: Final = 1.25
"""Drawn ways may ask for this many times a unit's speed: hands and receivers are not exact."""

SPEED_OVER_S: Final = 900.0
"""Speed is judged over a quarter of an hour at least [s]."""

STILL_M: Final = 25.0
"""Who moves less than this in a minute stays where they are [m]."""

AT_BASE_M: Final = 30.0
QUARTER_MIN: Final = 15
GROUND_STEP_S: Final = 60.0
AIR_STEP_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class FixedOrder:
    """What a person has fixed for one unit and day.

    Attributes
    ----------
    unit : str
        Class of units.
    number : int or None
        Which unit of the class, from 1; None for any.
    day : int
        Day of the horizon, from 0.
    start, until : datetime
        When it is out, aware.
    visits : tuple of (int, int, int)
        Border cell, hour of the patrol day and quarters of an hour that it stays, in the order of
        time; quarters are 0 for passes by air.
    name : str
        Feature of the file that it comes from.
    """

    unit: str
    number: int | None
    day: int
    start: datetime
    until: datetime
    visits: tuple[Visit, ...]
    name: str

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or elapsed(self.start, self.until) <= timedelta(0):
            raise ValueError("an order has aware times and ends after it begins")
        if any(not (c >= 0 and 0 <= h < 24 and 0 <= q <= 4) for c, h, q in self.visits):
            raise ValueError("a visit is a cell, an hour of the day and 0 to 4 quarters")


@dataclass(frozen=True, slots=True)
class StopDeviation:
    """How a recorded track kept to one stop of the plan.

    Attributes
    ----------
    stop : RoutePoint
        The planned stop.
    apart_m : float
        Distance between track and stop in the middle of the planned stay [m].
    nearest_m : float
        Least distance at any time [m].
    late_min : float
        When it was nearest, after the planned arrival [min]; below 0 it was early.
    """

    stop: RoutePoint
    apart_m: float
    nearest_m: float
    late_min: float


def snap_routes(
    routes: Sequence[DrawnRoute],
    scenario: Scenario,
    option: str,
    cells: BorderCells,
    plane: LinePlane,
    grid: Grid,
    tolerance_m: float = TOLERANCE_M,
) -> tuple[FixedOrder, ...]:
    """Return drawn routes as fixed orders: snapped to border cells, hours and quarters.

    Where a route stands still near the line, its stays count, rounded to quarters of an hour; in
    one that never does, as those drawn by hand, the time in each cell counts. For aircraft each
    cell passed counts once. Waiting at the base is no visit.

    Parameters
    ----------
    routes : sequence of DrawnRoute
        From `read_drawn_routes`.
    scenario, option
        Units and horizon.
    cells, plane, grid
        The line in cells, and in the plane of the grid.
    tolerance_m : float
        How near to the line a route must run to count there [m].

    Raises
    ------
    ScenarioError
        With all faults: unknown unit, a watch, outside the horizon, over two patrol days, across
        or beyond the line, too far from it, too fast.
    """
    if not 0 < tolerance_m < np.inf:
        raise ValueError("tolerance_m is finite and above zero")
    frame = _Frame(scenario, option, Barrier(plane, len(cells)), grid, tolerance_m)
    orders: list[FixedOrder] = []
    faults: list[Fault] = []
    for route in routes:
        snapped = frame.snap(route)
        if isinstance(snapped, FixedOrder):
            orders.append(snapped)
        else:
            faults += snapped
    if faults:
        raise ScenarioError(tuple(faults))
    return tuple(orders)


def compare_track(track: DrawnRoute, route: PatrolRoute, grid: Grid) -> tuple[StopDeviation, ...]:
    """Return how a recorded track kept to each stop of a planned route."""
    seconds, at = _walk(track, grid)
    step_s = min(GROUND_STEP_S, max(1.0, float(seconds[-1] - seconds[0]) / 1000))
    every = np.arange(seconds[0], seconds[-1] + step_s, step_s)
    along = _places_at(every, seconds, at)
    deviations = []
    for stop in route.stops:
        wanted = np.column_stack(grid.project([stop.lon], [stop.lat]))
        middle = (stop.start.timestamp() + stop.until.timestamp()) / 2
        apart = np.hypot(*(_places_at(np.array([middle]), seconds, at) - wanted).T)
        away = np.hypot(*(along - wanted).T)
        nearest = int(away.argmin())
        late_min = (every[nearest] - stop.start.timestamp()) / 60
        deviations.append(
            StopDeviation(stop, float(apart[0]), float(away[nearest]), float(late_min))
        )
    return tuple(deviations)


def _walk(route: DrawnRoute, grid: Grid) -> tuple[Floats, Floats]:
    """Return time [s since 1970] and place (east, north) [m] of each vertex."""
    at = np.column_stack(grid.project(route.lon, route.lat))
    stamps = np.array([time.timestamp() for time in route.times])
    if len(stamps) == len(at):
        return stamps, at
    gone = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(at, axis=0).T))])
    share = gone / gone[-1] if gone[-1] > 0 else np.linspace(0, 1, len(at))
    return stamps[0] + share * (stamps[1] - stamps[0]), at


def _places_at(times: Floats, seconds: Floats, at: Floats) -> Floats:
    return np.column_stack([np.interp(times, seconds, at[:, axis]) for axis in (0, 1)])


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """What every route is snapped to."""

    scenario: Scenario
    option: str
    barrier: Barrier
    grid: Grid
    tolerance_m: float

    def snap(self, route: DrawnRoute) -> FixedOrder | list[Fault]:
        found = self.unit_of(route)
        faults = [] if isinstance(found, tuple) else [found]
        faults += self.day_faults(route)
        seconds, at = _walk(route, self.grid)
        if not np.isfinite(at).all():
            expected = "places on the map of the scenario"
            return [*faults, route.fault("coordinates", "a place far from the line", expected)]
        faults += self.side_faults(route, at)
        faults += self.distance_faults(route, at)
        if isinstance(found, tuple):
            faults += _speed_faults(route, found[0], seconds, at)
        if faults or not isinstance(found, tuple):
            return faults
        unit, number = found
        zone = self.scenario.horizon.start.tzinfo
        start, until = route.times[0].astimezone(zone), route.times[-1].astimezone(zone)
        visits = tuple(self.visits(unit, seconds, at))
        return FixedOrder(
            unit.id, number, self.day_of(route.times[0]), start, until, visits, route.feature
        )

    def unit_of(self, route: DrawnRoute) -> tuple[Unit, int | None] | Fault:
        units = {unit.id: unit for unit in option_units(self.scenario, self.option)}
        # A mixed team is named after both of its units, the one with the vehicle first.
        name, _, number = route.unit.partition("+")[0].partition("#")
        unit = units.get(name)
        if unit is None:
            cure = suggest(name, units)
            return route.fault("unit", f"'{route.unit}'", f"a unit of {self.option}", cure)
        if not unit.mobile:
            return route.fault("unit", f"'{name}', which stays at its post", "a unit that moves")
        if number and not (
            number.isascii() and number.isdigit() and 1 <= int(number) <= unit.count
        ):
            found = f"number {number[:20]} of '{name}'"
            return route.fault("unit", found, f"1 to {unit.count}")
        return unit, int(number) if number else None

    def day_of(self, moment: datetime) -> int:
        return int(elapsed(self.scenario.horizon.start, moment) // timedelta(days=1))

    def day_faults(self, route: DrawnRoute) -> Iterator[Fault]:
        horizon = self.scenario.horizon
        begin = horizon.start.astimezone(UTC)
        end = begin + timedelta(days=horizon.days)
        start, until = (time.astimezone(UTC) for time in (route.times[0], route.times[-1]))
        zone = horizon.start.tzinfo
        if start < begin or until > end:
            found = f"{start.astimezone(zone).isoformat()} to {until.astimezone(zone).isoformat()}"
            expected = f"within {begin.astimezone(zone).isoformat()} and "
            expected += end.astimezone(zone).isoformat()
            yield route.fault("time", found, expected, "Correct its times, or the horizon")
        elif self.day_of(start) != self.day_of(until - timedelta(seconds=1)):
            found = f"a route that goes on to {until.astimezone(zone).isoformat()}"
            expected = f"one within a patrol day, from {horizon.start:%H:%M}"
            yield route.fault("time", found, expected, "Cut it there: one line for each day")

    def side_faults(self, route: DrawnRoute, at: Floats) -> Iterator[Fault]:
        way = shapely.LineString(at)
        met = shapely.intersection(way, self.barrier.line)
        _, off_m = locate(self.barrier.plane, at[:, 0], at[:, 1])
        if not shapely.is_empty(met):
            point = shapely.get_coordinates(met)[0]
            found = f"a way over the line at km {self.km(point):.1f}"
        elif (off_m < 0).any():
            point = at[int(off_m.argmin())]
            found = f"a way beyond the line at km {self.km(point):.1f}"
        else:
            return
        expected = "a way that stays on the own side"
        yield route.fault("coordinates", found, expected, "Draw it again around that place")

    def km(self, point: Floats) -> float:
        return float(locate(self.barrier.plane, point[0], point[1])[0]) / METRES_PER_KILOMETRE

    def distance_faults(self, route: DrawnRoute, at: Floats) -> Iterator[Fault]:
        away_m = float(shapely.distance(shapely.LineString(at), self.barrier.line))
        if away_m > self.tolerance_m:
            found = f"a route that comes no nearer to the line than {away_m / 1000:.1f} km"
            expected = f"one within {self.tolerance_m / 1000:g} km"
            yield route.fault("coordinates", found, expected, "Lead it to where it shall look")

    def visits(self, unit: Unit, seconds: Floats, at: Floats) -> Iterator[Visit]:
        air = unit.kind == "helicopter"
        step_s = AIR_STEP_S if air else GROUND_STEP_S
        count = max(1, round(float(seconds[-1] - seconds[0]) / step_s))
        edges = np.linspace(seconds[0], seconds[-1], count + 1)
        ends = _places_at(edges, seconds, at)
        times = (edges[:-1] + edges[1:]) / 2
        places = _places_at(times, seconds, at)
        chainage_m, off_m = locate(self.barrier.plane, places[:, 0], places[:, 1])
        near = off_m <= self.tolerance_m
        near &= ~self.waiting(unit, places)
        cell = np.minimum(chainage_m // self.barrier.cell_m, self.barrier.cells - 1).astype(int)
        start = self.scenario.horizon.start.timestamp()
        hour = ((times - start) // SECONDS_PER_HOUR).astype(int) % 24
        if not air:
            still = np.hypot(*np.diff(ends, axis=0).T) <= STILL_M
            near = near & still if (near & still).any() else near
        pairs = list(zip(hour[near].tolist(), cell[near].tolist(), strict=True))
        minutes = float(edges[1] - edges[0]) / 60
        yield from _passes(pairs) if air else _stays(pairs, minutes)

    def waiting(self, unit: Unit, places: Floats) -> NDArray[np.bool_]:
        """Return at which places the unit waits at its base before setting out, or after."""
        post = next(post for post in self.scenario.posts if post.id == unit.base)
        base = np.column_stack(self.grid.project([post.lon], [post.lat]))
        at_base = np.hypot(*(places - base).T) <= AT_BASE_M
        before = np.logical_and.accumulate(at_base)
        after = np.logical_and.accumulate(at_base[::-1])[::-1]
        return np.asarray(before | after)


def _passes(pairs: Sequence[tuple[int, int]]) -> Iterator[Visit]:
    """Yield each cell once for each time that it is passed, in the order of flight."""
    last = -1
    for hour, cell in pairs:
        if cell != last:
            yield cell, hour, 0
        last = cell


def _stays(pairs: Sequence[tuple[int, int]], minutes: float) -> Iterator[Visit]:
    """Yield the stays of each hour, four quarters at most, the longest first served."""
    counted = Counter(pairs)
    for hour in dict.fromkeys(hour for hour, _ in pairs):
        room, kept = 4, {}
        of_hour = [(cell, n) for (h, cell), n in counted.items() if h == hour]
        for cell, n in sorted(of_hour, key=lambda each: -each[1]):
            quarters = min(room, round(n * minutes / QUARTER_MIN))
            if quarters:
                kept[cell] = quarters
                room -= quarters
        yield from ((cell, hour, kept[cell]) for cell, _ in of_hour if cell in kept)


def _speed_faults(route: DrawnRoute, unit: Unit, seconds: Floats, at: Floats) -> Iterator[Fault]:
    gone_m = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(at, axis=0).T))])
    whole_s = float(seconds[-1] - seconds[0])
    over_s = min(SPEED_OVER_S, whole_s)
    # The fastest quarter of an hour begins or ends at a vertex.
    starts = np.concatenate([seconds, seconds - over_s])
    starts = starts[(starts >= seconds[0]) & (starts + over_s <= seconds[-1])]
    run_m = np.interp(starts + over_s, seconds, gone_m) - np.interp(starts, seconds, gone_m)
    fastest = float(run_m.max(initial=0.0)) / over_s * SECONDS_PER_HOUR / METRES_PER_KILOMETRE
    most = unit.speed_km_h * SPEED_SLACK
    if fastest > most:
        found = f"{fastest:.1f} km/h over {over_s / 60:.0f} min"
        expected = f"at most {most:g} km/h for '{unit.id}'"
        yield route.fault("time", found, expected, "Give it more time, or draw a shorter way")
