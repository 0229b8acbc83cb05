"""The record of incidents as arrays beside the line; what in it a person should look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sarhad.risk.strip import Cells, Floats, Strip
from sarhad.scenario import Incident
from sarhad.units import METRES_PER_KILOMETRE

EPOCH: Final = datetime(1970, 1, 5)  # noqa: DTZ001 (a Monday on the wall clock of any zone)
"""Days are counted from this Monday, on the wall clock of the scenario."""

RELIABILITY: Final = {"A": 1.0, "B": 0.9, "C": 0.75, "D": 0.5, "E": 0.2, "F": 0.5}
"""How far a source is believed: our reading of the Admiralty letters, F being unknown."""

CREDIBILITY: Final = {1: 1.0, 2: 0.85, 3: 0.6, 4: 0.3, 5: 0.1, 6: 0.5}
"""How far a report is believed: our reading of the Admiralty figures, 6 being unknown."""

AREAS: Final = ("district", "province", "unknown")
"""Precisions whose place is an area, not a point."""

TWIN_DAYS: Final = 1.0
TWIN_KM: Final = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """Reports of incidents beside the line, one row each; reports of one event share its weight.

    Attributes
    ----------
    ids, kinds : tuple of str
        Id and kind of each report.
    event : ndarray of int, shape (n,)
        Number of its event.
    east_m, north_m, radius_m : ndarray, shape (n,)
        Place in the plane of the strip, not a number where it has none, and its radius [m].
    is_area, is_scored : ndarray of bool, shape (n,)
        The place is an area; the place is known well enough to score a forecast by.
    begin, end : ndarray, shape (n,)
        When it may have happened [days of the wall clock since `EPOCH`].
    weight : ndarray, shape (n,)
        Belief in the report, 0 to 1; over the reports of an event at most 1.
    cell : ndarray of int, shape (n,)
        Nearest cell, -1 without a place.
    distance_m : ndarray, shape (n,)
        Signed distance from the line [m], below zero on the far side.
    """

    ids: tuple[str, ...]
    kinds: tuple[str, ...]
    event: Cells
    east_m: Floats
    north_m: Floats
    radius_m: Floats
    is_area: NDArray[np.bool_]
    is_scored: NDArray[np.bool_]
    begin: Floats
    end: Floats
    weight: Floats
    cell: Cells
    distance_m: Floats

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: NDArray[np.intp]) -> Records:
        """Return some of the reports, in that order."""
        taken: dict[str, Any] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            many = isinstance(value, tuple)
            taken[item.name] = tuple(value[i] for i in rows) if many else value[rows]
        return Records(**taken)


def believe(incident: Incident) -> float:
    """Return how far a report is believed: the geometric mean of its source's and its own."""
    return float(np.sqrt(RELIABILITY[incident.reliability] * CREDIBILITY[incident.credibility]))


def wall_days(instant: datetime, zone: ZoneInfo) -> float:
    """Return an instant as days of the wall clock since `EPOCH`."""
    return (instant.astimezone(zone).replace(tzinfo=None) - EPOCH) / timedelta(days=1)


def gather_records(
    incidents: Sequence[Incident], strip: Strip, zone: ZoneInfo
) -> tuple[Records, tuple[str, ...]]:
    """Return the incidents beside the line as arrays, and a sentence for each left out.

    Parameters
    ----------
    incidents : sequence of Incident
        Reports; those with no place count over the whole line.
    strip : Strip
        The line; what lies outside is left out, by the place that the report names.
    zone : ZoneInfo
        Zone of the wall clock.
    """
    placed = np.array([incident.lon is not None for incident in incidents], dtype=bool)
    degrees = np.array(
        [(incident.lon, incident.lat) if incident.lon is not None else (np.nan, np.nan)
         for incident in incidents], dtype=np.float64,
    ).reshape(-1, 2)  # fmt: skip
    count = len(incidents)
    east, north, distance_m = np.full((3, count), np.nan)
    cell = np.full(count, -1, dtype=np.int64)
    east[placed], north[placed] = strip.project(*degrees[placed].T)
    reached = placed & np.isfinite(east) & np.isfinite(north)
    cell[reached], distance_m[reached] = strip.locate(east[reached], north[reached])
    inside = ~placed | (reached & (np.abs(distance_m) <= strip.within_m))
    records = Records(
        ids=tuple(incident.id for incident in incidents),
        kinds=tuple(incident.kind for incident in incidents),
        event=_number_events(incidents),
        east_m=east,
        north_m=north,
        radius_m=np.array([i.radius_km * METRES_PER_KILOMETRE for i in incidents], np.float64),
        is_area=np.array([i.precision in AREAS for i in incidents], dtype=bool),
        is_scored=placed & np.array([i.precision != "unknown" for i in incidents], dtype=bool),
        begin=np.array([wall_days(i.start, zone) for i in incidents], np.float64),
        end=np.array([wall_days(i.end, zone) for i in incidents], np.float64),
        weight=np.array([believe(i) for i in incidents], np.float64),
        cell=cell,
        distance_m=distance_m,
    )
    outside = tuple(
        _say_outside(incidents[i], distance_m[i], strip) for i in map(int, np.nonzero(~inside)[0])
    )
    return share_weights(records.take(np.nonzero(inside)[0])), outside


def _number_events(incidents: Sequence[Incident]) -> Cells:
    numbers: dict[str, int] = {}
    # A report without an event is an event of its own, whatever others are called.
    names = [i.event if i.event is not None else f" {i.id}" for i in incidents]
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)


def _say_outside(incident: Incident, distance_m: float, strip: Strip) -> str:
    away = f"{abs(distance_m) / METRES_PER_KILOMETRE:,.0f} km from the line"
    limit = strip.within_m / METRES_PER_KILOMETRE
    return f"incident {incident.id} lies {away}, beyond the {limit:g} km that count: left out"


def share_weights(records: Records) -> Records:
    """Return the records with the belief in each event shared among its reports.

    An event counts as much as its most believed report: papers copy each other, so that two
    reports are not two witnesses. Its place and time are spread over its reports by belief.
    """
    if not len(records):
        return records
    size = int(records.event.max()) + 1
    best = np.zeros(size)
    np.maximum.at(best, records.event, records.weight)
    total = np.bincount(records.event, records.weight, size)
    weight = best[records.event] * records.weight / np.maximum(total[records.event], 1e-12)
    values = {item.name: getattr(records, item.name) for item in fields(records)}
    return Records(**{**values, "weight": weight})


def best_reports(records: Records) -> Records:
    """Return one report of each event: the most believed, then the best placed."""
    order = np.lexsort((np.arange(len(records)), records.radius_m, -records.weight))
    _, first = np.unique(records.event[order], return_index=True)
    kept = records.take(np.sort(order[first]))
    size = int(records.event.max()) + 1 if len(records) else 0
    total = np.bincount(records.event, records.weight, size)
    values = {item.name: getattr(kept, item.name) for item in fields(kept)}
    return Records(**{**values, "weight": total[kept.event]})


def find_record_notes(
    incidents: Sequence[Incident], zone: ZoneInfo, now: datetime | None = None
) -> tuple[str, ...]:
    """Return what a person should look at in a record, a sentence each; nothing is changed.

    Parameters
    ----------
    incidents : sequence of Incident
        The reports.
    zone : ZoneInfo
        Zone of the wall clock.
    now : datetime, optional
        What begins later is in the future.
    """
    late = [i.id for i in incidents if now is not None and i.start > now]
    notes = [f"incident {name} lies in the future: correct its start and end" for name in late]
    notes += [
        f"incident {incident.id} is dated on the first of a month at midnight exactly: if only the"
        " month is known, let it end with the month"
        for incident in incidents
        if _is_first_of_month(incident, zone)
    ]
    return (*notes, *_say_conflicts(incidents), *(twin.sentence for twin in find_twins(incidents)))


def _is_first_of_month(incident: Incident, zone: ZoneInfo) -> bool:
    start, end = incident.start.astimezone(zone), incident.end.astimezone(zone)
    at_midnight = (start.hour, start.minute) == (0, 0)
    return start.day == 1 and at_midnight and end - start < timedelta(minutes=1)


def _say_conflicts(incidents: Sequence[Incident]) -> Iterator[str]:
    events: dict[str, list[Incident]] = defaultdict(list)
    for incident in incidents:
        if incident.event is not None:
            events[incident.event].append(incident)
    for name, reports in events.items():
        for what in ("killed", "injured"):
            ranges = {(getattr(r, f"{what}_low"), getattr(r, f"{what}_high")) for r in reports}
            if len(ranges) > 1:
                low, high = min(a for a, _ in ranges), max(b for _, b in ranges)
                yield (
                    f"event {name}: its {len(reports)} reports differ on the {what}; all stay,"
                    f" and {low} to {high} is used"
                )


@dataclass(frozen=True, slots=True)
class Twin:
    """Two reports that may tell of one event, for a person to decide."""

    one: str
    other: str
    apart_km: float

    @property
    def sentence(self) -> str:
        """Return what to do, in words."""
        return (
            f"incidents {self.one} and {self.other} may be one event ({self.apart_km:.0f} km"
            " apart, at the same time, other sources): give both the same name in the column"
            " event, or leave them apart"
        )


def find_twins(incidents: Sequence[Incident]) -> tuple[Twin, ...]:
    """Return the pairs of reports by different sources that may tell of one event.

    Their times come within a day of each other, their places within 10 km and both radii.
    One source that lists two events knows them to be two, so its rows are never paired.
    """
    order = sorted(range(len(incidents)), key=lambda i: incidents[i].start)
    slack = timedelta(days=TWIN_DAYS)
    open_: list[Incident] = []
    twins = []
    for index in order:
        new = incidents[index]
        open_ = [old for old in open_ if old.end + slack >= new.start]
        twins += [twin for old in open_ if (twin := _pair(old, new)) is not None]
        open_.append(new)
    return tuple(twins)


def _pair(one: Incident, other: Incident) -> Twin | None:
    same_event = one.event is not None and one.event == other.event
    if same_event or one.source == other.source:
        return None
    if one.lon is None or other.lon is None or one.lat is None or other.lat is None:
        return None
    north_km = 111.2 * (one.lat - other.lat)
    turn = (one.lon - other.lon + 180.0) % 360.0 - 180.0
    east_km = 111.2 * turn * float(np.cos(np.radians((one.lat + other.lat) / 2)))
    apart_km = float(np.hypot(east_km, north_km))
    if apart_km > TWIN_KM + one.radius_km + other.radius_km:
        return None
    return Twin(one.id, other.id, apart_km)
