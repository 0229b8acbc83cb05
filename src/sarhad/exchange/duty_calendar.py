"""Writes the duties of a unit as iCalendar, which phones and desktop calendars subscribe to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event, Timezone, vGeo, vText

from sarhad.exchange.atomic import write_atomically
from sarhad.exchange.routes import PatrolRoute
from sarhad.exchange.texts import clean, clean_line

ALARM: Final = timedelta(minutes=60)
"""How long before the call time a calendar reminds."""


def write_calendar(
    path: Path,
    routes: Sequence[PatrolRoute],
    zone: str,
    issued: datetime,
    *,
    withdrawn: Sequence[PatrolRoute] = (),
    alarm: timedelta = ALARM,
) -> None:
    """Write the duties of a unit as an iCalendar file, whole or not at all.

    Parameters
    ----------
    path : Path
        The file; its folder exists.
    routes : sequence of PatrolRoute
        The unit's released duties; a duty issued again with a greater `revision` replaces the
        older event, since its uid is the same.
    zone : str
        Time zone of local hours.
    issued : datetime
        When the orders were issued, aware.
    withdrawn : sequence of PatrolRoute
        Duties of an older issue that are cancelled by this one.
    alarm : timedelta
        How long before the duty begins the calendar reminds.

    Raises
    ------
    OSError
        If it cannot be written; what stood there still stands there.
    """
    write_atomically(path, calendar_of(routes, zone, issued, withdrawn=withdrawn, alarm=alarm))


def calendar_of(
    routes: Sequence[PatrolRoute],
    zone: str,
    issued: datetime,
    *,
    withdrawn: Sequence[PatrolRoute] = (),
    alarm: timedelta = ALARM,
) -> bytes:
    """Return the duties of a unit as an iCalendar document."""
    if issued.tzinfo is None:
        raise ValueError("issued says its offset from UTC")
    calendar = Calendar()
    calendar.add("prodid", "-//Sarhad//Patrol duties//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    every = [*routes, *withdrawn]
    if every:
        calendar["x-wr-calname"] = vText(clean_line(every[0].title))
        first, last = min(r.start for r in every), max(r.until for r in every)
        calendar.add_component(_zone(zone, first.date(), last.date()))
    for route in routes:
        calendar.add_component(_event(route, zone, issued, alarm))
    for route in withdrawn:
        event = _event(route, zone, issued, None)
        event["status"] = "CANCELLED"
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _zone(zone: str, first: date, last: date) -> Timezone:
    """Return the rules of a zone for the days that matter, a year more on either side."""
    year = timedelta(days=366)
    return Timezone.from_tzinfo(ZoneInfo(zone), zone, first - year, last + year)


def _event(route: PatrolRoute, zone: str, issued: datetime, alarm: timedelta | None) -> Event:
    event = Event()
    local = ZoneInfo(zone)
    event.add("uid", f"{route.uid}@sarhad")
    event.add("dtstamp", issued.astimezone(UTC))
    event.add("sequence", route.revision)
    event.add("dtstart", route.start.astimezone(local))
    event.add("dtend", route.until.astimezone(local))
    event.add("summary", clean_line(f"Duty: {route.title}"))
    event.add("location", clean_line(route.base))
    event["geo"] = vGeo((route.points[0].lat, route.points[0].lon))
    lines = [f"{p.start:%H:%M}-{p.until:%H:%M} {clean_line(p.text)}" for p in route.stops]
    event.add("description", clean("\n".join(lines)))
    event.add("status", "CONFIRMED")
    event.add("class", "CONFIDENTIAL")
    if alarm is not None:
        reminder = Alarm()
        reminder.add("action", "DISPLAY")
        reminder.add("description", clean_line(f"Duty at {route.start:%H:%M}: {route.title}"))
        reminder.add("trigger", -alarm)
        event.add_component(reminder)
    return event
