"""From a comparison to the brief: the same figures, laid out for whoever decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sarhad.evaluation import Comparison, Entry, Standing
from sarhad.patrols import HOURS, PLAN_TARGETS, PatrolNetwork
from sarhad.report.brief import (
    Answers,
    BriefDocument,
    Contribution,
    Credit,
    Derivation,
    Estimate,
    Ground,
    LeftOpen,
    LineValues,
    Message,
    Number,
    OptionRow,
    ScenarioFacts,
    Settings,
    UncertaintyBar,
    UnitOrders,
    quantise,
    tell,
)
from sarhad.risk import IncidentRisk
from sarhad.scenario import Scenario

Floats = NDArray[np.float64]

HOURS_OF_YEAR: Final = 8766.0
BASELINE_TITLES: Final[Mapping[str, str]] = {
    "fixed timetable": "Fixed timetable",
    "uniform random": "Drawn at random",
    "hot-spot": "Where it happened last",
    "posts alone": "Today's posts alone",
}
UNCERTAINTY_KEYS: Final[Mapping[str, str]] = {
    "detection": "uncertainty.detection_range",
    "flyable": "uncertainty.flyable_days",
    "intensity": "uncertainty.intensity",
    "unavailable": "uncertainty.unit_availability",
}


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """All that the brief is filled from; nothing is computed anew.

    Attributes
    ----------
    scenario, risk, ground
        The scenario, its risk, and the map.
    comparison : Comparison
        Options and baselines judged.
    response_min : mapping of option to ndarray, shape (cells,)
        From a sighting to the arrival of help [min]; infinite where none comes.
    fingerprint : str
        Of the scenario's files.
    seed : int
        Of all chance.
    version : str
        Of the program.
    commands : tuple of str
        What repeats the result.
    orders : tuple of UnitOrders
        Of one or more units.
    notices, credits : sequence of str
        What has to be known, and whom to name.
    made_at : datetime
        When.
    changed_since : bool
        Whether the scenario has changed since the plans were made.
    """

    scenario: Scenario
    risk: IncidentRisk
    ground: Ground
    comparison: Comparison
    response_min: Mapping[str, Floats]
    fingerprint: str
    seed: int
    version: str
    commands: tuple[str, ...]
    orders: tuple[UnitOrders, ...]
    notices: Sequence[str]
    credits: Sequence[str]
    made_at: datetime
    changed_since: bool = False


def fill_brief(found: Findings) -> BriefDocument:
    """Return the brief of a comparison."""
    scenario, comparison = found.scenario, found.comparison
    rows = tuple(
        _row(found, entry, standing)
        for entry, standing in zip(comparison.entries, comparison.standings, strict=True)
    )
    return BriefDocument(
        scenario=_facts(found),
        answers=_answers(found, rows),
        options=rows,
        harm_unit=tell("unit.killed_attack"),
        currency=scenario.currency,
        ground=found.ground,
        settings=_settings(found),
        line=_line(found),
        notices=tuple(tell("", text) for text in found.notices),
        tornado=tuple(
            UncertaintyBar(
                tell(UNCERTAINTY_KEYS[bar.uncertainty]), f"{bar.low:g}", f"{bar.high:g}",
                _share_of_reference(found, bar.lead_low), _share_of_reference(found, bar.lead_high),
            )
            for bar in comparison.tornado
        ),
        contributions=tuple(
            Contribution(tell("", each.name), Estimate(each.avoided, each.avoided, each.avoided))
            for each in comparison.contributions
        ),
        left_open=_left_open(comparison),
        orders=found.orders,
        derivations=_derivations(found),
        credits=tuple(Credit(text, "", "") for text in found.credits),
    )  # fmt: skip


def _facts(found: Findings) -> ScenarioFacts:
    scenario = found.scenario
    start = scenario.horizon.start
    return ScenarioFacts(
        scenario.name,
        scenario.title,
        start,
        start + timedelta(days=scenario.horizon.days),
        scenario.time_zone,
        scenario.border.length_m / 1000.0,
        scenario.border.tolerance_m,
        found.fingerprint[:16],
        found.changed_since,
    )


def _named(comparison: Comparison, name: str) -> tuple[Entry, Standing]:
    for entry, standing in zip(comparison.entries, comparison.standings, strict=True):
        if entry.name == name:
            return entry, standing
    raise ValueError(f"nothing called {name!r} is compared")


def _share_of_reference(found: Findings, lead: float) -> float:
    _, today = _named(found.comparison, found.comparison.reference)
    return lead / max(today.harm.mean, 1e-300)


def _answers(found: Findings, rows: Sequence[OptionRow]) -> Answers:
    comparison = found.comparison
    chosen = min((row for row in rows if not row.is_baseline), key=lambda row: row.rank)
    best, standing = _named(comparison, chosen.name)
    today, _ = _named(comparison, comparison.reference)
    names = [entry.name for entry in comparison.entries]
    share = 1.0 - comparison.samples[names.index(best.name)] / np.maximum(
        comparison.samples[names.index(today.name)], 1e-300
    )
    low, high = np.quantile(share, [0.025, 0.975])
    mean = 1.0 - best.metrics.harm / max(today.metrics.harm, 1e-300)
    return Answers(
        recommended=best.name,
        today=today.name,
        better=Estimate(mean, min(float(low), mean), max(float(high), mean)),
        ranking_probability=standing.rank_probability,
        cost_per_week=best.metrics.cost,
        extra_cost_per_week=best.metrics.cost - today.metrics.cost,
        open_share=best.metrics.harm / max(best.metrics.harm_posts_alone, 1e-300),
        open_points=_open_points(found.scenario, best),
    )


def _open_points(scenario: Scenario, best: Entry) -> tuple[Message, ...]:
    names = {sector.id: sector.name for sector in scenario.sectors}
    worst = sorted(best.metrics.sectors, key=lambda part: -part.habit_harm)[:3]
    total = max(sum(part.habit_harm for part in best.metrics.sectors), 1e-300)
    points = [
        tell(
            "open_point.sector",
            sector=names.get(part.sector, part.sector),
            share=Number(part.habit_harm / total, "p0"),
        )
        for part in worst
    ]
    out = best.metrics.unreachable_harm / max(best.metrics.harm, 1e-300)
    points.append(tell("open_point.out_of_reach", share=Number(out, "p0")))
    return tuple(points)


def _row(found: Findings, entry: Entry, standing: Standing) -> OptionRow:
    figures = entry.metrics
    options = {option.name: option for option in found.scenario.options}
    option = options.get(entry.name)
    parties = {party.id: party.name for party in found.scenario.parties}
    base = figures.harm_posts_alone
    harm = standing.harm
    return OptionRow(
        name=entry.name,
        title=option.title if option else BASELINE_TITLES.get(entry.name, entry.name),
        harm=_estimate(harm.mean, harm.low, harm.high),
        interception=_estimate(
            standing.interception.mean, standing.interception.low, standing.interception.high
        ),
        rank=standing.rank,
        rank_probability=standing.rank_probability,
        hours=figures.hours,
        fuel_kg=sum(work.fuel_kg for work in figures.work),
        cost=figures.cost,
        description=option.description if option else "",
        is_baseline=entry.is_baseline,
        harm_avoided=_estimate(1 - harm.mean / base, 1 - harm.high / base, 1 - harm.low / base),
        proven_gap=entry.gap,
        coordination_value=figures.coordination_value,
        cost_by_party=tuple((parties[work.party], work.cost) for work in figures.work),
        exploitability=standing.exploitability.mean,
        response_min=_response(found.response_min.get(entry.name)),
        watched_share=float(figures.in_view.mean()),
        longest_unwatched_h=float(entry.unwatched_h.max(initial=0.0)),
        watched_by_hour=tuple(float(share) for share in figures.in_view),
    )


def _estimate(value: float, low: float, high: float) -> Estimate:
    return Estimate(value, min(low, value), max(high, value))


def _response(minutes: Floats | None) -> Estimate | None:
    """Return median and quartiles of the help's time over the line where it comes [min]."""
    if minutes is None or not np.isfinite(minutes).any():
        return None
    low, middle, high = np.quantile(minutes[np.isfinite(minutes)], [0.25, 0.5, 0.75])
    return Estimate(float(middle), float(low), float(high))


def _line(found: Findings) -> LineValues:
    """Return risk, coverage and what is left by hour of the patrol day and cell."""
    network = found.comparison.entries[0].exposure.network
    risk = _by_hour(found.risk, network)
    harm = _harm_by_field(network)
    person = PLAN_TARGETS.index("person")
    covers = np.stack([
        entry.exposure.cover[:, :, person].T for entry in found.comparison.entries
    ])  # fmt: skip
    left = np.stack([
        risk * _left_share(entry, harm) for entry in found.comparison.entries
    ])  # fmt: skip
    return LineValues(
        quantise(risk * HOURS_OF_YEAR, power=2.0),
        quantise(covers, high=1.0),
        quantise(left * HOURS_OF_YEAR, power=2.0),
        tell("unit.attacks_year_cell"),
        tell("unit.killed_year_cell"),
    )


def _by_hour(risk: IncidentRisk, network: PatrolNetwork) -> Floats:
    """Return the intensity of the mean day, (24, cells) [1/h]."""
    local = (network.start_hour + np.arange(HOURS)) % HOURS
    return np.asarray(risk.intensity.reshape(-1, 7, HOURS).mean(axis=1)[:, local].T, np.float64)


def _harm_by_field(network: PatrolNetwork) -> Floats:
    """Return the pattern of attacks by hour and cell, (24, cells) [1]."""
    attacks = network.attacks
    total = np.zeros((HOURS, network.cells))
    np.add.at(total, (attacks.hour, attacks.cell), attacks.pattern)
    return total


def _left_share(entry: Entry, pattern: Floats) -> Floats:
    """Return the mean harm left of an attack by hour and cell, (24, cells) [persons]."""
    attacks = entry.exposure.network.attacks
    total = np.zeros_like(pattern)
    np.add.at(total, (attacks.hour, attacks.cell), attacks.pattern * entry.exposure.left)
    return np.asarray(total / np.maximum(pattern, 1e-300))


def _left_open(comparison: Comparison) -> tuple[LeftOpen, ...]:
    return tuple(
        LeftOpen(entry.name, part.sector, part.habit_harm, part.least_cover)
        for entry in comparison.entries
        for part in entry.metrics.sectors
        if part.sector
    )


def _settings(found: Findings) -> Settings:
    scenario = found.scenario
    values: list[tuple[str, Any]] = [
        ("plan.adaptivity", scenario.plan.adaptivity),
        ("plan.flyable_share", scenario.plan.flyable_share),
        ("rules.rest_hours", scenario.rules.rest_hours),
        ("rules.presence_hours", scenario.rules.presence_hours),
        ("cell_m", scenario.cell_m),
        ("terrain.source", ", ".join(scenario.terrain.source)),
    ]
    return Settings(
        found.version,
        found.seed,
        tuple((name, str(value)) for name, value in values),
        found.commands,
        found.made_at,
    )


def _derivations(found: Findings) -> tuple[Derivation, ...]:
    entry = found.comparison.entries[0]
    attacks = len(entry.exposure.network.attacks)
    weeks = entry.simulation.settings.weeks
    return (
        Derivation(tell("derive.harm"), tell("derive.harm_how", attacks=Number(attacks, "n0"))),
        Derivation(
            tell("derive.interception"), tell("derive.interception_how", weeks=Number(weeks, "n0"))
        ),
        Derivation(tell("derive.gap"), tell("derive.gap_how")),
    )
