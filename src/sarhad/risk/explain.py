"""Why a cell has its figure: every record and every factor with what it adds, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np

from sarhad.risk.estimate import IncidentRisk
from sarhad.risk.features import WEEK_DAYS
from sarhad.risk.profiles import HOURS
from sarhad.risk.records import EPOCH
from sarhad.risk.strip import Floats
from sarhad.units import METRES_PER_KILOMETRE

TOLD: Final = 6
"""Events and factors named one by one; the rest is told together."""

LEAST_SHARE: Final = 0.005
"""Whatever adds less than this to a cell is not named."""


OUTSTANDING: Final = 1.05
"""An hour is named where its share is so many times the mean of the day."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one record or factor adds to a cell.

    Attributes
    ----------
    what : str
        Id of a report, or name of a column of the background.
    is_record : bool
        Whether it is a report.
    per_week : float
        Events that it adds [1/week].
    words : str
        The same for a duty officer.
    event : int
        Number of the report's event; reports of one event are told together. -1 for a factor.
    """

    what: str
    is_record: bool
    per_week: float
    words: str
    event: int = -1


@dataclass(frozen=True, slots=True)
class Explanation:
    """The figure of a cell and all that it is made of.

    Attributes
    ----------
    cell : int
        The cell.
    from_km, to_km : float
        Chainage of its ends [km].
    per_week, low, high : float
        Events expected and their 90 % interval [1/week].
    contributions : tuple of Contribution
        The greatest first; together exactly `per_week`.
    busiest_hour : int or None
        Hour of the day with the highest share; None where it is hardly above the mean.
    """

    cell: int
    from_km: float
    to_km: float
    per_week: float
    low: float
    high: float
    contributions: tuple[Contribution, ...]
    busiest_hour: int | None

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return the explanation in words, a sentence each."""
        head = (
            f"Km {self.from_km:.1f} to {self.to_km:.1f}: {say_rate(self.per_week)},"
            f" with 90 % certainty between {say_rate(self.low)} and {say_rate(self.high)}."
        )
        told = sorted(_by_event(self.contributions), key=lambda item: -item[0])
        named = [item for item in told[:TOLD] if item[0] >= LEAST_SHARE * self.per_week]
        lines = [self._share(value) + words for value, words in named]
        rest = sum(value for value, _ in told[len(named) :])
        if rest > 0:
            lines.append(f"{self._share(rest)}{len(told) - len(named)} other records and factors")
        hour = "No hour of its day stands out."
        if self.busiest_hour is not None:
            hour = f"Its busiest hour begins at {self.busiest_hour:02d}:00 on the wall clock."
        return (head, *lines, hour)

    def _share(self, per_week: float) -> str:
        share = per_week / max(self.per_week, 1e-300)
        return f"{share:.0%} of it: " if share >= LEAST_SHARE else "Under 1% of it: "


def explain_cell(risk: IncidentRisk, cell: int) -> Explanation:
    """Return why a cell has its figure.

    Parameters
    ----------
    risk : IncidentRisk
        From `estimate_risk`.
    cell : int
        The cell, from 0.

    Raises
    ------
    ValueError
        If there is no such cell.
    """
    if not 0 <= cell < risk.strip.cells:
        raise ValueError(f"a cell lies between 0 and {risk.strip.cells - 1}, not {cell}")
    column = risk.parts.events[:, [cell]].tocoo()
    found = [
        _of_record(risk, int(i), float(v)) for i, v in zip(column.row, column.data, strict=True)
    ]
    for name, value in zip(risk.covariates.names, risk.parts.backgrounds[cell], strict=True):
        found.append(Contribution(name, False, float(value), f"the background, {name}"))
    size_km = risk.strip.cell_m / METRES_PER_KILOMETRE
    return Explanation(
        cell=cell,
        from_km=cell * size_km,
        to_km=(cell + 1) * size_km,
        per_week=float(risk.weekly[cell]),
        low=float(risk.weekly_low[cell]),
        high=float(risk.weekly_high[cell]),
        contributions=tuple(sorted(found, key=lambda c: -c.per_week)),
        busiest_hour=busiest_hour(risk, cell),
    )


def busiest_hour(risk: IncidentRisk, cell: int) -> int | None:
    """Return the hour of the day that stands out in a cell; None where the record tells none."""
    hours = risk.hours[cell]
    return int(hours.argmax()) if hours.max() > OUTSTANDING * hours.mean() else None


def _by_event(contributions: tuple[Contribution, ...]) -> list[tuple[float, str]]:
    """Return what each event and each factor adds, with its words; contributions come sorted."""
    events: dict[tuple[int, str], list[Contribution]] = {}
    for item in contributions:
        key = (item.event, "" if item.is_record else item.what)
        events.setdefault(key, []).append(item)
    told = []
    for reports in events.values():
        more = f", in {len(reports)} reports" if len(reports) > 1 else ""
        told.append((sum(item.per_week for item in reports), reports[0].words + more))
    return told


def _of_record(risk: IncidentRisk, row: int, per_week: float) -> Contribution:
    records = risk.records
    day = EPOCH + timedelta(days=float(records.begin[row]))
    age = risk.origin - float(records.begin[row])
    when = f"{age:.0f} days before" if age < 60 else f"{age / 30.4:.0f} months before"
    place = "place unknown, it counts everywhere"
    if records.cell[row] >= 0:
        at_km = risk.strip.middles_m[records.cell[row]] / METRES_PER_KILOMETRE
        sure_km = records.radius_m[row] / METRES_PER_KILOMETRE
        place = f"beside km {at_km:.0f}, place known to {sure_km:g} km"
    kind = records.kinds[row].replace("_", " ")
    words = (
        f"{kind} '{records.ids[row]}' of {day:%d %B %Y} ({when}; {place};"
        f" weight {records.weight[row]:.2f})"
    )
    return Contribution(records.ids[row], True, per_week, words, int(records.event[row]))


def say_rate(per_week: float) -> str:
    """Return a rate as a person says it: so many a week, or one in so many weeks or years."""
    if per_week >= 1.0:
        return f"{per_week:.1f} events a week"
    if per_week <= 1e-7:
        return "next to none"
    weeks = 1.0 / per_week
    if weeks < 1.5:
        return "one event a week"
    if weeks < 104:
        return f"one event in {weeks:.0f} weeks"
    return f"one event in {weeks * WEEK_DAYS / 365.25:,.0f} years"


def hour_table(risk: IncidentRisk) -> Floats:
    """Return the events expected by hour of the day, the mean of the week's days [1/h].

    Returns
    -------
    ndarray, shape (cells, 24)
    """
    week = risk.intensity.reshape(risk.strip.cells, -1, HOURS)
    return np.asarray(week.mean(axis=1), dtype=np.float64)
