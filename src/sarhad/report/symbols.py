"""How parties, posts, sites and incidents look, in shapes and colours that all eyes tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sarhad.scenario import Incident, Party, Scenario


@dataclass(frozen=True, slots=True)
class Symbol:
    """A marker: matplotlib's shape, its size across [pt], and its words in the legend."""

    marker: str
    points: float
    words: str


POST_SYMBOLS: Final = {
    "post": Symbol("s", 5.0, "post"),
    "base": Symbol("p", 7.2, "base"),
    "airfield": Symbol("^", 6.8, "airfield"),
    "crossing": Symbol("D", 4.8, "crossing"),
    "relay": Symbol("v", 5.6, "relay"),
}
SITE_SYMBOL: Final = Symbol("o", 7.6, "civil site")
"""A ring, wide enough to stay in sight around a post at the same place."""

# Okabe and Ito (2008), Color Universal Design: distinct under the common colour blindnesses.
ROLE_COLOURS: Final = {
    "own": "#0072B2",
    "ally": "#009E73",
    "organisation": "#E69F00",
    "neighbour": "#6a6a6a",
    "civil": "#CC79A7",
}
SPARE_COLOURS: Final = ("#56B4E9", "#F0E442", "#9c6a3c", "#b9a4d8")
INCIDENT_COLOUR: Final = "#D02A00"
SECTOR_COLOURS: Final = ("#5b3a8c", "#c98a2b")
LINE_COLOUR: Final = "#111111"

# Not from the locale: the same input must give the same picture anywhere.
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def party_colours(parties: Sequence[Party]) -> dict[str, str]:
    """Return the colour of each party by its identifier: that of its role, the next if taken."""
    colours: dict[str, str] = {}
    spare = list(SPARE_COLOURS)
    for party in parties:
        colour = ROLE_COLOURS[party.role]
        if colour in colours.values() and spare:
            colour = spare.pop(0)
        colours[party.id] = colour
    return colours


@dataclass(frozen=True, slots=True)
class Area:
    """The circle that holds the true place of an event, by one report [degrees, km]."""

    id: str
    lon: float
    lat: float
    radius_km: float
    exact: bool


@dataclass(frozen=True, slots=True)
class Event:
    """The reports of one event, as a map shows them: one label for all."""

    id: str
    reports: tuple[Incident, ...]

    @property
    def areas(self) -> tuple[Area, ...]:
        """Return where it may have happened; reports that agree on the place share a circle."""
        areas: dict[tuple[float, float, float], Area] = {}
        for report in self.reports:
            if report.lon is not None and report.lat is not None:
                area = Area(
                    report.id, report.lon, report.lat, report.radius_km, report.precision == "exact"
                )
                areas.setdefault((area.lon, area.lat, area.radius_km), area)
        return tuple(areas.values())

    @property
    def days(self) -> str:
        """Return the days from the earliest to the latest that a report leaves open."""
        first = min(report.start for report in self.reports)
        # Midnight at the end of a day is still that day.
        last = max(first, max(report.end for report in self.reports) - timedelta(seconds=1))
        month = f"{MONTHS[first.month - 1]} {first.year}"
        if (last.year, last.month) != (first.year, first.month):
            return f"{month} – {MONTHS[last.month - 1]} {last.year}"
        if last.day - first.day > 3:
            return month
        return (
            f"{first.day} {month}" if last.day == first.day else f"{first.day}–{last.day} {month}"
        )

    @property
    def words(self) -> str:
        """Return the days and the killed, from the least to the most that a report counts."""
        low = min(report.killed_low for report in self.reports)
        high = max(report.killed_high for report in self.reports)
        killed = f"{low}" if low == high else f"{low}–{high}"
        return f"{self.days}: {killed} killed" if high else self.days


def placed_events(scenario: Scenario) -> tuple[Event, ...]:
    """Return the events that some report places, latest first."""
    groups: dict[str, list[Incident]] = {}
    for incident in scenario.incidents:
        if incident.lon is not None:
            groups.setdefault(incident.event or incident.id, []).append(incident)
    events = (Event(name, tuple(reports)) for name, reports in groups.items())
    return tuple(sorted(events, key=lambda event: (event.reports[0].start, event.id), reverse=True))
