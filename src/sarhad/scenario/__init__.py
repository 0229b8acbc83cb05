"""The scenario: everything that a person enters, validated and frozen."""

from __future__ import annotations

from dataclasses import field
from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints
from pydantic.dataclasses import dataclass

from sarhad.border import Border
from sarhad.scenario.contradictions import (
    FAR_BASE_KM,
    FAR_KM,
    Contradiction,
    Draft,
    find_contradictions,
    ids_taken_by,
    suggest,
)
from sarhad.scenario.detection import DetectionSettings, RadioSettings
from sarhad.scenario.movement import Movement
from sarhad.scenario.nouns import (
    FLIGHT_FIELDS,
    STRICT,
    Cooperation,
    Horizon,
    Identifier,
    Incident,
    Name,
    Option,
    Party,
    Post,
    Rules,
    Sector,
    Site,
    TerrainSettings,
    Text,
    Unit,
    ZoneName,
)
from sarhad.scenario.planning import PlanSettings
from sarhad.scenario.risk import DEFAULT_ATTACKERS, Attacker, RiskSettings
from sarhad.scenario.uncertainty import UncertaintySettings

__all__ = [
    "DEFAULT_ATTACKERS",
    "FAR_BASE_KM",
    "FAR_KM",
    "FLIGHT_FIELDS",
    "STRICT",
    "Attacker",
    "Contradiction",
    "Cooperation",
    "DetectionSettings",
    "Draft",
    "Horizon",
    "Incident",
    "Movement",
    "Option",
    "Party",
    "PlanSettings",
    "Post",
    "RadioSettings",
    "RiskSettings",
    "Rules",
    "Scenario",
    "Sector",
    "Site",
    "TerrainSettings",
    "UncertaintySettings",
    "Unit",
    "find_contradictions",
    "find_notes",
    "option_units",
    "suggest",
]


@dataclass(frozen=True, slots=True, config=STRICT, kw_only=True)
class Scenario:
    """A border, those who watch it and what they may do: all that a plan starts from."""

    name: Annotated[Identifier, Field(description="short name of the scenario")]
    title: Annotated[Name, Field(description="title on maps and reports")]
    time_zone: ZoneName
    illustrative: Annotated[
        bool, Field(description="posts and units are invented round numbers, shown as such")
    ] = False
    currency: Annotated[
        str,
        StringConstraints(pattern="^[A-Z]{3}$"),
        Field(description="currency of all costs: three capital letters, as in ISO 4217"),
    ] = "USD"
    default_option: Annotated[Identifier, Field(description="option planned unless told otherwise")]
    cell_m: Annotated[
        float, Field(ge=50, le=50_000, description="length of a border cell, rounded to fit [m]")
    ] = 1000.0
    credits: Annotated[
        tuple[Text, ...], Field(description="who is to be named for data, on every map and report")
    ] = ()
    border: Border
    horizon: Horizon
    rules: Rules = field(default_factory=Rules)
    terrain: TerrainSettings = field(default_factory=TerrainSettings)
    detection: DetectionSettings = field(default_factory=DetectionSettings)
    radio: RadioSettings = field(default_factory=RadioSettings)
    movement: Movement = field(default_factory=Movement)
    risk: RiskSettings = field(default_factory=RiskSettings)
    plan: PlanSettings = field(default_factory=PlanSettings)
    uncertainty: UncertaintySettings = field(default_factory=UncertaintySettings)
    parties: tuple[Party, ...] = ()
    sectors: tuple[Sector, ...] = ()
    posts: tuple[Post, ...] = ()
    units: tuple[Unit, ...] = ()
    sites: tuple[Site, ...] = ()
    incidents: tuple[Incident, ...] = ()
    options: tuple[Option, ...] = ()
    attackers: tuple[Attacker, ...] = DEFAULT_ATTACKERS

    def __post_init__(self) -> None:
        rows = {name: getattr(self, name) for name in TABLES}
        draft = Draft(
            border=self.border,
            cell_m=self.cell_m,
            default_option=self.default_option,
            movement=self.movement,
            **rows,
        )
        problems = find_contradictions(draft)
        if problems:
            raise ValueError("\n".join(_say(problem) for problem in problems))


TABLES = (
    "parties",
    "sectors",
    "posts",
    "units",
    "sites",
    "incidents",
    "options",
    "attackers",
)
"""Fields of a scenario that hold rows."""


def option_units(scenario: Scenario, name: str) -> tuple[Unit, ...]:
    """Return the units that take part in an option, in the order of the scenario.

    Parameters
    ----------
    scenario : Scenario
        Where the option stands.
    name : str
        Name of the option; what it extends, and what that extends, counts too.

    Raises
    ------
    ValueError
        If no option is called so.
    """
    options = {option.name: option for option in scenario.options}
    if name not in options:
        raise ValueError(f"no option is called {name!r}. {suggest(name, options)}")
    ids = [unit.id for unit in scenario.units]
    taken: set[str] = set()
    following: str | None = name
    while following is not None:
        option = options[following]
        taken.update(*(ids_taken_by(pattern, ids) for pattern in option.units))
        following = option.extends
    return tuple(unit for unit in scenario.units if unit.id in taken)


def find_notes(scenario: Scenario) -> tuple[str, ...]:
    """Return what is allowed but worth knowing, a sentence each."""
    zone = ZoneInfo(scenario.time_zone)
    start = scenario.horizon.start
    end = start + timedelta(days=scenario.horizon.days)
    notes = []
    if start.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset():
        notes.append(f"the clocks of {scenario.time_zone} change within the horizon")
    if start.utcoffset() != start.astimezone(zone).utcoffset():
        notes.append(f"horizon.start is not written in the offset of {scenario.time_zone}")
    return tuple(notes)


def _say(problem: Contradiction) -> str:
    place = (
        f"{problem.table}[{problem.index}].{problem.column}" if problem.table else problem.column
    )
    twin = "" if problem.twin is None else f", also at {problem.table}[{problem.twin}]"
    text = f"{place}: found {problem.found}{twin}, expected {problem.expected}"
    return f"{text}. {problem.cure}" if problem.cure else text
