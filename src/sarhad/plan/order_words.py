"""Orders as plain text; every word of it stands in one catalogue, to be translated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from sarhad.plan.orders import Flown, Order, Place, Step

ENGLISH: Final[Mapping[str, str]] = {
    "title": "Orders for {team}, patrol day of {day}",
    "times": "All times are local: UTC{offset} when the patrol day begins.",
    "rest": "No duty on this day: rest at {base}.",
    "on_duty": "On duty at {base} from {begin} to {end}.",
    "with": "You go together: {members}.",
    "member": "{name} ({party}, {people} people)",
    "officer": "An officer of {host} comes along: do not set out without.",
    "idle": "Stay at the base, ready to go.",
    "out": "{begin} leave {start}; be at {goal} by {end}",
    "way": "{begin} go from {start} to {goal}; be there by {end}",
    "stay": "{begin} to {end} stay at {goal} and watch",
    "home": "{begin} leave {start} for home; be at {goal} by {end}",
    "weather": "Fly only in weather in which you may: otherwise stay at the base.",
    "take_off": "Sortie {number}: take off from {pad} at {time}.",
    "fuel": "Fuel at take-off: {total:,.0f} kg, of which {reserve:,.0f} kg are the reserve.",
    "join": "{time} join the line at {place}",
    "track": "{time} abreast of {place}",
    "landing": "Land at {pad} by {time}.",
    "ready": "Next take-off not before {time}.",
    "calls": "Report by radio at {times}.",
    "rest_until": "Then rest: no duty before {time}.",
    "km": "km {km:.1f}",
    "at": "{name} ({lat:.5f}, {lon:.5f})",
    "comma": ", ",
}
"""English. A translation has the same keys and the same fields in braces."""


def say_order(order: Order, words: Mapping[str, str] = ENGLISH) -> str:
    """Return an order as text, a line for each step.

    Parameters
    ----------
    order : Order
        The order.
    words : mapping of str to str
        The catalogue: `ENGLISH`, or one with the same keys.

    Raises
    ------
    ValueError
        If the catalogue lacks words.
    """
    missing = sorted(ENGLISH.keys() - words.keys())
    if missing:
        raise ValueError(f"the catalogue lacks {', '.join(missing)}")
    return "\n".join(_lines(order, words)) + "\n"


def _lines(order: Order, words: Mapping[str, str]) -> Iterator[str]:
    day = order.day
    yield words["title"].format(team=order.team, day=f"{day:%Y-%m-%d}")
    yield words["times"].format(offset=_offset(day))
    base = _place(order.base, words)
    if order.begin is None or order.end is None or order.rest_until is None:
        yield words["rest"].format(base=base)
        return
    yield words["on_duty"].format(
        base=base, begin=_time(order.begin, day), end=_time(order.end, day)
    )
    yield from _company(order, words)
    if order.sorties:
        yield words["weather"]
    for number, sortie in enumerate(order.sorties, 1):
        yield from _sortie(number, sortie, day, words)
    for step in order.steps:
        yield _step(step, day, words)
    if not order.steps and not order.sorties:
        yield words["idle"]
    calls = words["comma"].join(_time(call, day) for call in order.calls)
    yield words["calls"].format(times=calls)
    yield words["rest_until"].format(time=_time(order.rest_until, day))


def _company(order: Order, words: Mapping[str, str]) -> Iterator[str]:
    if len(order.members) > 1:
        named = [
            words["member"].format(name=m.name, party=m.party, people=m.people)
            for m in order.members
        ]
        yield words["with"].format(members=words["comma"].join(named))
    if order.officers:
        yield words["officer"].format(host=order.host)


def _step(step: Step, day: datetime, words: Mapping[str, str]) -> str:
    return words[step.doing].format(
        begin=_time(step.begin, day),
        end=_time(step.end, day),
        start=_place(step.start, words),
        goal=_place(step.goal, words),
    )


def _sortie(number: int, sortie: Flown, day: datetime, words: Mapping[str, str]) -> Iterator[str]:
    pad_from, pad_to = (_place(pad, words) for pad in (sortie.pad_from, sortie.pad_to))
    yield words["take_off"].format(number=number, pad=pad_from, time=_time(sortie.take_off, day))
    total = sortie.fuel_kg + sortie.reserve_kg
    yield words["fuel"].format(total=total, reserve=sortie.reserve_kg)
    for place, (moment, at) in enumerate(sortie.track):
        line = words["track" if place else "join"]
        yield line.format(time=_time(moment, day), place=_place(at, words))
    yield words["landing"].format(pad=pad_to, time=_time(sortie.landing, day))
    if sortie.ready is not None:
        yield words["ready"].format(time=_time(sortie.ready, day))


def _place(place: Place, words: Mapping[str, str]) -> str:
    name = place.name or words["km"].format(km=place.km)
    if place.lon is None or place.lat is None:
        return name
    return words["at"].format(name=name, lon=place.lon, lat=place.lat)


def _time(moment: datetime, day: datetime) -> str:
    """Return hour and minute, with the date and the offset where they are not those of the day."""
    text = f"{moment:%H:%M}"
    if moment.date() != day.date():
        text = f"{moment:%Y-%m-%d} {text}"
    if moment.utcoffset() != day.utcoffset():
        text = f"{text} (UTC{_offset(moment)})"
    return text


def _offset(moment: datetime) -> str:
    digits = f"{moment:%z}"
    return f"{digits[:3]}:{digits[3:5]}"
