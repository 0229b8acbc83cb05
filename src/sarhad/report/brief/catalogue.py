"""Message catalogues: the sentences of one language, and numbers and dates as it writes them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final, Literal

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_decimal, format_percent

from sarhad.report.brief.wording import Message, Number, NumberKind

FALLBACK: Final = "en"
"""Language whose sentence stands where another catalogue lacks one."""

GAP: Final = re.compile(r"\{([a-z_]+)\}")

DIGITS: Final[Mapping[NumberKind, int]] = {"n0": 0, "n1": 1, "n2": 2, "p0": 0, "p1": 1}
SIGNIFICANT: Final = 3
ZEROS: Final = {"arabext": 0x06F0, "arab": 0x0660, "deva": 0x0966, "beng": 0x09E6}
"""Code of the digit zero by CLDR's numbering systems: Babel gives their signs, not their digits."""

DIRECTION_OPEN, DIRECTION_CLOSE = "\u2068", "\u2069"
"""First-strong isolate around entered text, so that its direction stays its own; UAX 9."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One language.

    Attributes
    ----------
    tag : str
        BCP 47 tag, for the page and the browser's formatting.
    name : str
        What the language calls itself.
    direction : {"ltr", "rtl"}
        Of its writing.
    locale : str
        Locale by which numbers and dates are written.
    messages : mapping
        Sentences by key; keys of nested tables are joined by a dot.
    """

    tag: str
    name: str
    direction: Literal["ltr", "rtl"]
    locale: str
    messages: Mapping[str, str]


def parse_catalogue(text: str) -> Catalogue:
    """Return the catalogue that a TOML text holds.

    Raises
    ------
    ValueError
        If it is no TOML, lacks its head, or holds something other than texts.
    """
    content = tomllib.loads(text)
    head = content.pop("language", None)
    if not isinstance(head, dict) or set(head) != {"tag", "name", "direction", "locale"}:
        raise ValueError("a catalogue has [language] with tag, name, direction and locale")
    if head["direction"] not in {"ltr", "rtl"}:
        raise ValueError("direction is ltr or rtl")
    return Catalogue(**head, messages=dict(_flatten(content, "")))


def complete(catalogue: Catalogue, fallback: Catalogue) -> Catalogue:
    """Return a catalogue that says in the fallback's language what it lacks."""
    messages = {**fallback.messages, **catalogue.messages}
    head = (catalogue.tag, catalogue.name, catalogue.direction, catalogue.locale)
    return Catalogue(*head, messages)


def gaps(sentence: str) -> frozenset[str]:
    """Return the names of a sentence's gaps."""
    return frozenset(GAP.findall(sentence))


def say(catalogue: Catalogue, message: Message) -> str:
    """Return a message in a language; its text where the catalogue has no such key."""
    sentence = catalogue.messages.get(message.key, message.text or message.key)
    words = {name: _word(catalogue, value) for name, value in message.values}
    return GAP.sub(lambda gap: words.get(gap[1], gap[0]), sentence)


def write_number(catalogue: Catalogue, value: float, kind: NumberKind = "auto") -> str:
    """Return a number as the language writes it."""
    return _western_number(catalogue, value, kind).translate(_digits_of(catalogue))


def _western_number(catalogue: Catalogue, value: float, kind: NumberKind) -> str:
    locale = Locale.parse(catalogue.locale, sep="-")
    number = Decimal(repr(float(value)))
    if kind == "auto":
        return format_decimal(
            _round_significant(number),
            format="#,##0.#########",
            locale=locale,
            numbering_system="default",
        )
    digits = DIGITS[kind] + (2 if kind[0] == "p" else 0)
    rounded = number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN)
    places = "." + "0" * DIGITS[kind] if DIGITS[kind] else ""
    if kind[0] == "n":
        pattern = f"#,##0{places}"
        return format_decimal(rounded, pattern, locale, numbering_system="default")
    pattern = locale.percent_formats[None].pattern.replace("0%", f"0{places}%")
    pattern = pattern.replace("0\xa0%", f"0{places}\xa0%")
    return format_percent(rounded, pattern, locale, numbering_system="default")


def write_time(catalogue: Catalogue, moment: datetime) -> str:
    """Return a day and an hour as the language writes them, in the moment's own zone."""
    locale = Locale.parse(catalogue.locale, sep="-")
    day = format_date(moment.date(), format="long", locale=locale)
    hour = format_time(moment.timetz(), format="HH:mm", locale=locale)
    return f"{day}, {hour}".translate(_digits_of(catalogue))


def _digits_of(catalogue: Catalogue) -> dict[int, str]:
    system = Locale.parse(catalogue.locale, sep="-").default_numbering_system
    zero = ZEROS.get(system, ord("0"))
    return {ord("0") + digit: chr(zero + digit) for digit in range(10)}


def _round_significant(number: Decimal) -> Decimal:
    if not number:
        return Decimal(0)
    places = max(SIGNIFICANT - 1 - number.adjusted(), 0)
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)


def _word(catalogue: Catalogue, value: str | Number | datetime | Message) -> str:
    if isinstance(value, Number):
        return write_number(catalogue, value.value, value.kind)
    if isinstance(value, datetime):
        return write_time(catalogue, value)
    if isinstance(value, Message):
        return say(catalogue, value)
    return f"{DIRECTION_OPEN}{value}{DIRECTION_CLOSE}"


def _flatten(table: Mapping[str, Any], above: str) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        key = f"{above}.{name}" if above else name
        if isinstance(value, dict):
            yield from _flatten(value, key)
        elif isinstance(value, str):
            yield key, value
        else:
            raise ValueError(f"{key} is no text")
