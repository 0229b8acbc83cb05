"""Reads scenario.toml: settings as nouns, each mistake with its key and its line."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar, cast, get_type_hints

from pydantic import Field
from pydantic.dataclasses import dataclass as validated

from sarhad.errors import Fault
from sarhad.exchange.fields import build, facts_of, show
from sarhad.scenario import (
    DEFAULT_ATTACKERS,
    STRICT,
    Attacker,
    Cooperation,
    DetectionSettings,
    Horizon,
    Movement,
    Option,
    PlanSettings,
    RadioSettings,
    RiskSettings,
    Rules,
    Scenario,
    TerrainSettings,
    UncertaintySettings,
)

T = TypeVar("T")

SETTINGS_FILE: Final = "scenario.toml"

RELIEF_FILE: Final = "relief_5min.tif"
"""File of a scenario folder that the stand-in relief is made from."""

LARGEST_SETTINGS: Final = 1024 * 1024
"""Bytes of a settings file."""

_KEYS_OF_SCENARIO = (
    "name",
    "title",
    "time_zone",
    "illustrative",
    "currency",
    "default_option",
    "cell_m",
    "credits",
)


def _general() -> type:
    """Return the noun of the keys outside the sections; those of Scenario are taken from there."""
    hints = get_type_hints(Scenario, include_extras=True)
    taken = [
        (item.name, hints[item.name], dataclasses.field(default=item.default))
        for item in dataclasses.fields(cast(Any, Scenario))
        if item.name in _KEYS_OF_SCENARIO
    ]
    plain = dataclasses.make_dataclass(
        "General", [*_KEYS_OF_FILE, *taken], frozen=True, kw_only=True
    )
    return validated(plain, config=STRICT, frozen=True, kw_only=True)


_KEYS_OF_FILE: Final = (
    (
        "schema",
        Annotated[Literal[1], Field(description="version of this layout")],
        dataclasses.field(default=1),
    ),
    (
        "own_side",
        Annotated[
            Literal["left", "right"],
            Field(description="side of the own territory, walking along the line as it is drawn"),
        ],
        dataclasses.field(),
    ),
    (
        "border",
        Annotated[str, Field(description="file of the line: GeoJSON, KML, KMZ, GeoPackage or GPX")],
        dataclasses.field(default="border.geojson"),
    ),
)

General: Final = _general()
"""The keys of scenario.toml outside its sections."""

SECTIONS: Final[Mapping[str, type]] = {
    "horizon": Horizon,
    "rules": Rules,
    "terrain": TerrainSettings,
    "detection": DetectionSettings,
    "radio": RadioSettings,
    "movement": Movement,
    "risk": RiskSettings,
    "plan": PlanSettings,
    "uncertainty": UncertaintySettings,
}

ROWS: Final = ("options", "attackers")
"""Tables of scenario.toml that stand in a row, each under [[name]]."""


@dataclass(slots=True)
class Settings:
    """What scenario.toml holds; a part that has faults is absent.

    Attributes
    ----------
    general : dict
        Sound keys outside the sections, by name; empty if one of them has a fault.
    sections : dict
        Horizon, rules and terrain settings, by name.
    options : list of Option
        Sound options.
    positions : list of int
        Where each of them stands among all options of the file, from 0.
    attackers : list of Attacker
        Sound attackers; the default ones where the file names none.
    attacker_positions : list of int
        Where each of them stands among all attackers of the file, from 0.
    entered : dict
        The whole file as TOML reads it, for what it names even where it has faults.
    lines : dict of str to int
        Line of the file for each dotted key.
    """

    general: dict[str, Any] = field(default_factory=dict)
    sections: dict[str, Any] = field(default_factory=dict)
    options: list[Option] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    attackers: list[Attacker] = field(default_factory=lambda: list(DEFAULT_ATTACKERS))
    attacker_positions: list[int] = field(default_factory=list)
    entered: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def line_of(self, key: str) -> int | None:
        """Return the line of a dotted key, or of the table that holds it."""
        while key:
            if key in self.lines:
                return self.lines[key]
            key = key.rpartition(".")[0]
        return None

    def label(self, position: int, table: str = "options", key: str = "name") -> str:
        """Return how an option or attacker is called in a fault: by name where it has one."""
        entered = self.entered[table][position]
        name = entered.get(key) if isinstance(entered, dict) else None
        return f"{table}.{name}" if isinstance(name, str) else f"{table}[{position}]"


def read_settings(path: Path) -> Settings:
    """Return what a settings file holds, with all its faults.

    Parameters
    ----------
    path : Path
        The TOML file.
    """
    settings = Settings()
    text = _read_text(path, settings)
    if text is None:
        return settings
    settings.lines = find_lines(text)
    try:
        settings.entered = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        settings.faults.append(_syntax_fault(text, str(error)))
        return settings
    except RecursionError:
        found = "brackets nested too deeply"
        settings.faults.append(Fault(SETTINGS_FILE, None, None, found, "plain settings"))
        return settings
    _read_general(settings)
    for name, noun in SECTIONS.items():
        _read_section(settings, name, noun)
    _read_options(settings)
    _read_attackers(settings)
    return settings


def _read_text(path: Path, settings: Settings) -> str | None:
    with path.open("rb") as file:
        raw = file.read(LARGEST_SETTINGS + 1)
    if len(raw) > LARGEST_SETTINGS:
        fault = Fault(SETTINGS_FILE, None, None, "more than 1 MB", "a settings file of a few kB")
        settings.faults.append(fault)
        return None
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        row = raw.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{raw[error.start]:02X}, which is not UTF-8"
        cure = "Save it again in UTF-8 (editors offer it under Save as, Encoding)"
        settings.faults.append(Fault(SETTINGS_FILE, row, None, found, "text in UTF-8", cure))
        return None


def _syntax_fault(text: str, message: str) -> Fault:
    place = re.search(r"\(at line (\d+), column \d+\)", message)
    row = int(place.group(1)) if place else text.count("\n") + 1
    line = text.split("\n")[row - 1].strip()
    cure = re.sub(r" \(at .*\)$", "", message)
    return Fault(SETTINGS_FILE, row, None, show(line), "TOML, such as key = value", cure)


_TABLE = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"'-]+)\s*=")


def find_lines(text: str) -> dict[str, int]:
    """Return the line of each key of a TOML text, from 1; tables in a row are counted from 0.

    Parameters
    ----------
    text : str
        The file; keys inside a line's braces are found under the key of the line.
    """
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    prefix, quoted = "", False
    for number, line in enumerate(text.split("\n"), start=1):
        if not quoted:
            if table := _TABLE.match(line):
                prefix = _table_path(table.group(2), table.group(1) == "[[", counts)
                lines.setdefault(prefix, number)
            elif key := _KEY.match(line):
                name = re.sub("[\"']", "", key.group(1))
                lines.setdefault(f"{prefix}.{name}" if prefix else name, number)
        quoted ^= (line.count('"""') + line.count("'''")) % 2 == 1
    return lines


def _table_path(name: str, repeated: bool, counts: dict[str, int]) -> str:
    first, dot, rest = name.partition(".")
    if repeated and not dot:
        counts[first] = counts.get(first, -1) + 1
    index = f"[{counts[first]}]" if first in counts else ""
    return f"{first}{index}{dot}{rest}"


def _read_general(settings: Settings) -> None:
    known = facts_of(General)
    values = {}
    for name, value in settings.entered.items():
        if name in known:
            values[name] = value
        elif name not in SECTIONS and name not in ROWS:
            names = [*known, *SECTIONS, *ROWS]
            settings.faults.append(_unknown_key(settings, "", name, names))
    general, faults = _build(settings, General, values, "")
    settings.faults += faults
    if general is not None:
        settings.general = dataclasses.asdict(cast(Any, general))


def _read_section(settings: Settings, name: str, noun: type) -> None:
    entered = settings.entered.get(name, {})
    if name == "terrain" and isinstance(entered, str | list):
        entered = {"source": entered}
    built, faults = _read_keys(settings, noun, entered, name, name)
    settings.faults += faults
    if built is not None:
        settings.sections[name] = built


def _read_options(settings: Settings) -> None:
    for position, values in enumerate(_rows(settings, "options")):
        place, label = f"options[{position}]", settings.label(position)
        option, faults = _read_option(settings, values, place, label)
        settings.faults += faults
        if option is not None and not faults:
            settings.options.append(option)
            settings.positions.append(position)


def _rows(settings: Settings, table: str) -> list[Any]:
    """Return the tables in a row of that name; anything else there is a fault."""
    entered = settings.entered.get(table, [])
    if isinstance(entered, list):
        return entered
    line = settings.line_of(table)
    cure = f"Begin each of them with [[{table}]] on a line of its own, then its name"
    fault = Fault(SETTINGS_FILE, line, table, "one table", "a row of tables", cure)
    settings.faults.append(fault)
    settings.entered[table] = []
    return []


def _read_attackers(settings: Settings) -> None:
    if "attackers" not in settings.entered:
        return
    settings.attackers = []
    for position, values in enumerate(_rows(settings, "attackers")):
        place, label = f"attackers[{position}]", settings.label(position, "attackers", "id")
        attacker, faults = _read_keys(settings, Attacker, values, place, label)
        settings.faults += faults
        if attacker is not None and not faults:
            settings.attackers.append(attacker)
            settings.attacker_positions.append(position)


def _read_option(
    settings: Settings, entered: Any, place: str, label: str
) -> tuple[Option | None, list[Fault]]:
    faults: list[Fault] = []
    if isinstance(entered, dict) and "cooperation" in entered:
        inner = ("cooperation", f"{place}.cooperation", f"{label}.cooperation")
        built, faults = _read_keys(settings, Cooperation, entered[inner[0]], *inner[1:])
        entered = {**entered, "cooperation": built}
    option, more = _read_keys(settings, Option, entered, place, label)
    return option, faults + more


def _read_keys(
    settings: Settings, noun: type[T], entered: Any, place: str, label: str
) -> tuple[T | None, list[Fault]]:
    """Return the noun that a table of keys makes, with the faults of all its keys."""
    if not isinstance(entered, dict):
        line = settings.line_of(place)
        return None, [Fault(SETTINGS_FILE, line, label, show(entered), "a table of keys")]
    facts = facts_of(noun)
    unknown = [
        _unknown_key(settings, place, name, list(facts), label)
        for name in entered
        if name not in facts
    ]
    values = {name: value for name, value in entered.items() if name in facts}
    built, faults = _build(settings, noun, values, place, label)
    return built, unknown + faults


def _build(
    settings: Settings, noun: type[T], values: dict[str, Any], place: str, label: str = ""
) -> tuple[T | None, list[Fault]]:
    facts = facts_of(noun)
    wrong = []
    for name, value in values.items():
        fact = facts.get(name)
        if fact and isinstance(value, bool) and fact.kind in (int, float):
            expected = fact.expected(toml=True)
            wrong.append(Fault(SETTINGS_FILE, None, name, show(value), expected))
        if fact and fact.many and isinstance(value, str):
            values[name] = (value,)
    built, faults = build(noun, values, SETTINGS_FILE, None, toml=True)
    told = {fault.column for fault in wrong}
    faults = wrong + [fault for fault in faults if fault.column not in told]
    placed = [_place(settings, fault, place, label) for fault in faults]
    return (None if wrong else built), placed


def _place(settings: Settings, fault: Fault, place: str, label: str) -> Fault:
    column = fault.column or ""
    row = settings.line_of(f"{place}.{column}" if place else column)
    return replace(fault, row=row, column=f"{label}.{column}".strip(".") or None)


def _unknown_key(
    settings: Settings, place: str, name: str, known: list[str], label: str = ""
) -> Fault:
    row = settings.line_of(f"{place}.{name}" if place else name)
    close = get_close_matches(name.lower(), known, n=1)
    cure = f"Did you mean '{close[0]}'?" if close else "Delete it"
    expected = f"one of {', '.join(known)}"
    column = f"{label}.{name}" if label else name
    return Fault(SETTINGS_FILE, row, column, "an unknown key", expected, cure)
