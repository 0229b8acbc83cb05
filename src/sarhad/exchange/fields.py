"""What a field of a noun may hold, in plain words: for faults, scaffolds and reference pages."""

from __future__ import annotations

import re
from dataclasses import MISSING, dataclass
from datetime import datetime
from difflib import get_close_matches
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin
from zoneinfo import available_timezones

from pydantic import AwareDatetime, ValidationError
from pydantic.fields import FieldInfo

from sarhad.errors import Fault

T = TypeVar("T")

SHOWN_CHARACTERS = 60
"""A value longer than this is cut where it is shown."""


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """One field of a noun.

    Attributes
    ----------
    name : str
        Name of the field, which is the column or key.
    kind : type
        bool, int, float, str, datetime, or the noun that the key is a table of.
    many : bool
        Several values, separated by spaces in a cell.
    paired : bool
        The values are pairs, written as lists in a list.
    """

    name: str
    kind: type
    many: bool
    paired: bool
    choices: tuple[str, ...]
    lower: str
    upper: str
    pattern: str
    longest: int | None
    description: str
    required: bool
    default: Any

    @property
    def unit(self) -> str:
        """Return the unit in brackets at the end of the description, or nothing."""
        found = re.search(r"\[([^\]]+)\]$", self.description)
        return found.group(1) if found else ""

    @property
    def limits(self) -> str:
        """Return the legal range in words, or nothing."""
        return " ".join(part for part in (self.lower, self.upper) if part)

    @property
    def shape(self) -> str:
        """Return what one value looks like, with its range."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.pattern == SHORT_NAME:
            return "a short name of at most 64 letters, digits, '-', '_' and '.'"
        if self.kind is str and self.longest:
            return f"text of at most {self.longest} characters"
        text = _SHAPES.get(self.kind, "a table of keys")
        return f"{text} {self.limits}" if self.limits else text

    def expected(self, *, toml: bool = False) -> str:
        """Return what is legal here, in plain words with range and unit.

        Parameters
        ----------
        toml : bool
            Speak of a settings file, where lists have brackets and yes is `true`.
        """
        text = self.shape
        if self.paired:
            text = f"a list of pairs, each {text}"
        elif self.many:
            text = f"a list, each {text}" if toml else f"values separated by spaces, each {text}"
        if toml and self.kind is bool:
            text = "true or false"
        return f"{text}: {self.description}" if self.description else text


SHORT_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"

_SHAPES: dict[type, str] = {
    bool: "yes or no",
    int: "a whole number",
    float: "a number",
    str: "text",
    datetime: "a time with its offset from UTC, such as 2026-03-01T18:45+05:00",
}


def facts_of(noun: type) -> dict[str, FieldFacts]:
    """Return the facts of each field of a noun, in their order.

    Parameters
    ----------
    noun : type
        A pydantic dataclass of `sarhad.scenario`.
    """
    return _facts_of(noun)


@cache
def _facts_of(noun: type) -> dict[str, FieldFacts]:
    fields: dict[str, FieldInfo] = noun.__pydantic_fields__  # type: ignore[attr-defined]
    return {name: _facts(name, info) for name, info in fields.items()}


def _facts(name: str, info: FieldInfo) -> FieldFacts:
    found: dict[str, Any] = {"many": False, "paired": False, "choices": (), "kind": str}
    found |= {"lower": [], "upper": [], "pattern": "", "longest": None, "descriptions": []}
    _look_into(info.annotation, found)
    _look_at(info, found)
    required = info.is_required()
    return FieldFacts(
        name=name,
        kind=found["kind"],
        many=found["many"],
        paired=found["paired"],
        choices=found["choices"],
        lower=_tightest(found["lower"], max),
        upper=_tightest(found["upper"], min),
        pattern=found["pattern"],
        longest=found["longest"],
        description=info.description or next(iter(found["descriptions"]), ""),
        required=required,
        default=MISSING if required else info.get_default(call_default_factory=True),
    )


def _look_into(annotation: Any, found: dict[str, Any]) -> None:
    """Walk down a type to what one value is, gathering limits on the way."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        _look_into(inner[0], found)
        for item in inner[1:]:
            _look_at(item, found)
    elif origin in (Union, UnionType):
        _look_into(next(kind for kind in inner if kind is not type(None)), found)
    elif origin is tuple:
        found["paired"] = found["many"]
        found["many"] = True
        _look_into(inner[0], found)
    elif origin is Literal:
        found["choices"] = tuple(str(choice) for choice in inner)
        found["kind"] = type(inner[0])
    else:
        found["kind"] = datetime if annotation is AwareDatetime else annotation


def _look_at(item: Any, found: dict[str, Any]) -> None:
    for part in [*getattr(item, "metadata", ()), item]:
        for attribute, words in _BOUNDS.items():
            bound = getattr(part, attribute, None)
            if isinstance(bound, int | float):
                found["lower" if attribute[0] == "g" else "upper"].append((bound, words))
        found["pattern"] = getattr(part, "pattern", None) or found["pattern"]
        if not found["many"]:
            found["longest"] = getattr(part, "max_length", None) or found["longest"]
    if isinstance(item, FieldInfo) and item.description:
        found["descriptions"].insert(0, item.description)


_BOUNDS = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}


def _tightest(bounds: list[tuple[float, str]], choose: Any) -> str:
    """Return the bound that binds; an open one binds before a closed one of equal value."""
    if not bounds:
        return ""
    value = choose(bound for bound, _ in bounds)
    words = {word for bound, word in bounds if bound == value}
    word = next((w for w in ("above", "below") if w in words), None) or words.pop()
    return f"{word} {value:,g}" if value < 1e6 else f"{word} {value:,.0f}"


def show(value: object) -> str:
    """Return a value as it is quoted in a fault: short, on one line."""
    if value is None or value == "":
        return "nothing"
    text = str(value).replace("\n", " ").replace("\r", " ")
    if len(text) > SHOWN_CHARACTERS:
        text = text[: SHOWN_CHARACTERS - 1] + "…"
    return text.lower() if isinstance(value, bool) else f"'{text}'"


def build(
    noun: type[T], values: dict[str, Any], file: str, row: int | None, *, toml: bool = False
) -> tuple[T | None, list[Fault]]:
    """Return a noun made of what was entered, or every mistake in it.

    Parameters
    ----------
    noun : type
        A pydantic dataclass of `sarhad.scenario`.
    values : dict
        What was entered, by field; what is absent takes its default.
    file, row, toml
        Where it was entered, and whether that is a settings file.
    """
    facts = facts_of(noun)
    faults: dict[str, Fault] = {}
    try:
        return noun(**values), []
    except ValidationError as error:
        for item in error.errors(include_url=False):
            name = str(item["loc"][0]) if item["loc"] else ""
            if name in facts:
                mistake = _field_fault(facts[name], values.get(name), item, file, row, toml)
            else:
                mistake = _rule_fault(list(facts), values, item, file, row)
            faults.setdefault(mistake.column or "", mistake)
    return None, list(faults.values())


def _field_fault(
    facts: FieldFacts, value: Any, item: Any, file: str, row: int | None, toml: bool
) -> Fault:
    inner = len(item["loc"]) > 1 and isinstance(value, list | tuple)
    found = show(item["input"]) if inner else show(value)
    cure = _cure(facts, value, item)
    return Fault(file, row, facts.name, found, facts.expected(toml=toml), cure)


def _cure(facts: FieldFacts, value: Any, item: Any) -> str:
    text = str(value).strip()
    if value in (None, ""):
        return "Fill it in: it has no default"
    if facts.kind in (int, float) and re.fullmatch(r"[+-]?\d+,\d+", text):
        return f"Write the decimal sign as a point: {text.replace(',', '.')}"
    if item["type"] == "timezone_aware":
        return f"It does not say which time zone: add the offset, as in {text}+05:00"
    if facts.kind is datetime:
        return "Write day, hour, minute and offset"
    if facts.choices:
        return _nearest(text, facts.choices)
    if facts.name == "lat" and item["type"] in ("less_than_equal", "greater_than_equal"):
        return "Are lon and lat swapped?"
    if facts.name == "time_zone":
        return _nearest_zone(text)
    return ""


def _nearest(text: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(text.lower(), known, n=1)
    return f"Did you mean '{close[0]}'?" if close else ""


def _nearest_zone(text: str) -> str:
    close = get_close_matches(text, available_timezones(), n=1)
    return f"Did you mean '{close[0]}'?" if close else "Names look like Asia/Dushanbe"


def _rule_fault(
    names: list[str], values: dict[str, Any], item: Any, file: str, row: int | None
) -> Fault:
    """Return a broken rule between fields, naming those that the rule speaks of."""
    rule = str(item.get("ctx", {}).get("error", item["msg"]))
    named = [name for name in names if re.search(rf"\b{name}\b", rule)]
    given = [f"{name} {show(values[name])}" for name in named if name in values]
    if not named:
        return Fault(file, row, None, "values that do not fit together", rule)
    column = next((name for name in named if name in values), named[0])
    return Fault(file, row, column, ", ".join(given) or f"no {named[0]}", rule)
