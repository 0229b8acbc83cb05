"""What the brief says, already found: the page shows these figures and adds none.

Whoever has judged the options fills a `BriefDocument`; `page.build_brief` lays it out. Sentences
that the page must say in every language are `Message`s: a key of the catalogues and what goes into
it. Names and titles are shown as they were entered.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sarhad.report.brief.ground import Ground
from sarhad.report.brief.line_values import LineValues
from sarhad.report.brief.wording import Message

INTERVAL_SLACK: Final = 1e-9
"""How far a value may lie outside its own interval by rounding [1]."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with the interval that it came with."""

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.value, self.low, self.high))):
            raise ValueError("an estimate and its interval are finite")
        slack = INTERVAL_SLACK * max(1.0, abs(self.value))
        if not self.low - slack <= self.value <= self.high + slack:
            raise ValueError(f"{self.value} lies outside its interval {self.low} to {self.high}")


@dataclass(frozen=True, slots=True)
class ScenarioFacts:
    """What the brief is about.

    Attributes
    ----------
    name, title : str
        Short name, and title as it is shown.
    start, end : datetime
        First and last instant planned for, with their zone.
    time_zone : str
        Zone of the local hours, such as Asia/Dushanbe.
    length_km, tolerance_m : float
        Length of the line [km] and the tolerance that it was drawn to [m].
    fingerprint : str
        Checksum of the scenario that the plan was made from.
    changed_since : bool
        Whether the scenario has changed since: the page says so before all else.
    """

    name: str
    title: str
    start: datetime
    end: datetime
    time_zone: str
    length_km: float
    tolerance_m: float
    fingerprint: str
    changed_since: bool = False

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("start and end carry their zone")
        if self.end <= self.start:
            raise ValueError("end lies after start")


@dataclass(frozen=True, slots=True)
class Answers:
    """The first screen.

    Attributes
    ----------
    recommended, today : str
        Names of the option with the least harm and of today's way of guarding the line.
    better : Estimate
        Share of today's harm that the recommended option avoids [1].
    ranking_probability : float
        Probability that it stays first under the stated uncertainties [1].
    cost_per_week, extra_cost_per_week : float
        Its cost, and what that is above today's [currency/week].
    open_share : float
        Share of the harm without patrols that is left [1].
    open_points : tuple of Message
        What stays open, the gravest first; three or four short sentences.
    """

    recommended: str
    today: str
    better: Estimate
    ranking_probability: float
    cost_per_week: float
    extra_cost_per_week: float
    open_share: float
    open_points: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class OptionRow:
    """One option or baseline in the comparison; None where a figure was not found.

    Attributes
    ----------
    name, title, description : str
        Short name, title and a sentence.
    is_baseline : bool
        Whether it stands there to compare with, not to choose.
    harm : Estimate
        Expected harm, in the document's `harm_unit`.
    harm_avoided : Estimate or None
        Share of the harm with posts alone that it avoids [1].
    interception : Estimate
        Probability that an intrusion is intercepted [1].
    rank : int
        1 is the least expected harm.
    rank_probability : float
        Probability that it keeps this rank [1].
    proven_gap : float or None
        How far at most from the best possible plan, as the proof says [1]; None for baselines.
    coordination_value : float or None
        How much more harm there were if the parties drew independently [1].
    hours, fuel_kg : float
        On duty [h] and aviation fuel [kg], each over the horizon.
    cost : float
        Over a week [currency].
    cost_by_party : tuple of (str, float)
        Party's name and its part of the cost [currency/week].
    exploitability : float or None
        What an attacker gains who watched the last days and responds best [1].
    response_min : Estimate or None
        Time until help arrives [min].
    watched_share : float or None
        Share of the line watched, mean over the hours [1].
    longest_unwatched_h : float or None
        Longest time that a cell goes unwatched [h].
    watched_by_hour : tuple of float
        Share of the line watched by hour of the day [1]; empty, or one value per period of the day.
    """

    name: str
    title: str
    harm: Estimate
    interception: Estimate
    rank: int
    rank_probability: float
    hours: float
    fuel_kg: float
    cost: float
    description: str = ""
    is_baseline: bool = False
    harm_avoided: Estimate | None = None
    proven_gap: float | None = None
    coordination_value: float | None = None
    cost_by_party: tuple[tuple[str, float], ...] = ()
    exploitability: float | None = None
    response_min: Estimate | None = None
    watched_share: float | None = None
    longest_unwatched_h: float | None = None
    watched_by_hour: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class UncertaintyBar:
    """One bar of the tornado: what one uncertainty does to the harm that is avoided.

    Attributes
    ----------
    name : Message
        The uncertainty.
    low_setting, high_setting : str
        The ends of its range, as entered, with unit.
    at_low, at_high : float
        Share of today's harm that the recommended option avoids at either end [1].
    """

    name: Message
    low_setting: str
    high_setting: str
    at_low: float
    at_high: float


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one more contribution is worth: harm avoided, in the document's `harm_unit`."""

    name: Message
    value: Estimate


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """What one option leaves open in one sector.

    Attributes
    ----------
    option, sector : str
        Names.
    harm : float
        Expected harm left, in the document's `harm_unit`.
    watched_share : float or None
        Share of the sector watched, mean over the hours [1].
    """

    option: str
    sector: str
    harm: float
    watched_share: float | None = None


@dataclass(frozen=True, slots=True)
class UnitOrders:
    """The orders of one unit, line by line, as its party's own sheet has them."""

    unit: str
    party: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Credit:
    """Who is to be named for a source, and under which licence."""

    what: str
    who: str
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Derivation:
    """How one figure came about."""

    figure: Message
    how: Message


@dataclass(frozen=True, slots=True)
class Settings:
    """What repeats the result.

    Attributes
    ----------
    version : str
        Of the program.
    seed : int
        Of all chance.
    values : tuple of (str, str)
        Settings by their name in the scenario.
    commands : tuple of str
        What to type, in order.
    made_at : datetime or None
        When the brief was written.
    """

    version: str
    seed: int
    values: tuple[tuple[str, str], ...] = ()
    commands: tuple[str, ...] = ()
    made_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BriefDocument:
    """All that the brief shows.

    Attributes
    ----------
    scenario, answers, settings
        See their classes.
    options : tuple of OptionRow
        Options and baselines, in the order of `line`'s first axis; shown by rank.
    harm_unit : Message
        The unit of harm, such as `unit.killed_week`.
    currency : str
        Of all costs.
    ground : Ground
        The map: relief, line, sectors, posts, sites, incidents.
    line : LineValues or None
        Risk, coverage and what is left by option, hour and cell.
    notices : tuple of Message
        Illustrative data, stand-in relief and the like; shown above the answers.
    tornado : tuple of UncertaintyBar
        The strongest first.
    contributions : tuple of Contribution
        The most valuable first.
    left_open : tuple of LeftOpen
        By option and sector.
    orders : tuple of UnitOrders
        Of one or more sample units.
    not_modelled : tuple of Message
        Beside what the catalogues say for every brief.
    derivations : tuple of Derivation
        How each figure came about.
    credits : tuple of Credit
        Sources and attributions.
    """

    scenario: ScenarioFacts
    answers: Answers
    options: tuple[OptionRow, ...]
    harm_unit: Message
    currency: str
    ground: Ground
    settings: Settings
    line: LineValues | None = None
    notices: tuple[Message, ...] = ()
    tornado: tuple[UncertaintyBar, ...] = ()
    contributions: tuple[Contribution, ...] = ()
    left_open: tuple[LeftOpen, ...] = ()
    orders: tuple[UnitOrders, ...] = ()
    not_modelled: tuple[Message, ...] = ()
    derivations: tuple[Derivation, ...] = ()
    credits: tuple[Credit, ...] = field(default=())

    def __post_init__(self) -> None:
        names = [option.name for option in self.options]
        if len(set(names)) != len(names):
            raise ValueError("every option has a name of its own")
        for name in (self.answers.recommended, self.answers.today):
            if name not in names:
                raise ValueError(f"the answers name {name!r}, which is no option of the document")
        _check_left_open(self, set(names))
        _check_line(self)

    def option(self, name: str) -> OptionRow:
        """Return the option or baseline of a name."""
        return next(option for option in self.options if option.name == name)

    @property
    def ranked(self) -> tuple[OptionRow, ...]:
        """Return the options and baselines, least harm first."""
        return tuple(sorted(self.options, key=lambda option: option.rank))


def _check_left_open(document: BriefDocument, options: set[str]) -> None:
    sectors = {sector.id for sector in document.ground.sectors}
    for row in document.left_open:
        if row.option not in options or row.sector not in sectors:
            raise ValueError(f"left_open names {row.option!r} in {row.sector!r}: one is unknown")


def _check_line(document: BriefDocument) -> None:
    line = document.line
    if line is None:
        return
    hours, cells = line.risk.shape
    wanted = (len(document.options), hours, cells)
    if line.coverage.shape != wanted or line.remaining.shape != wanted:
        raise ValueError(f"coverage and remaining have the shape {wanted}: option, hour, cell")
    if len(document.ground.edges_km) != cells + 1:
        raise ValueError(f"{cells} cells of the line have {cells + 1} edges")
