"""Exact figures of a plan, recomputed from the network: nothing here is taken from a solver."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.evaluation.exposure import Exposure, mixture, worst_attacks
from sarhad.mobility.response import Response
from sarhad.patrols import HOURS, PLAN_TARGETS, PatrolNetwork
from sarhad.plan import (
    Plan,
    cover_if_apart,
    expected_harm,
    find_plan_breaches,
    harm_out_of_reach,
    use_of_air,
)
from sarhad.scenario import Cooperation, PlanSettings

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]

DAYS_OF_WEEK: Final = 7
HOURS_OF_WEEK: Final = DAYS_OF_WEEK * HOURS
BLOCKS_OF_HOUR: Final = 4

IN_VIEW: Final = 0.1
"""A cell is in view in an hour in which a person who crosses is noticed at least this likely."""


@dataclass(frozen=True, slots=True)
class PartyWork:
    """What one party does in a week, on average.

    Attributes
    ----------
    party : str
        Its id.
    hours : float
        Hours on duty of its teams [h/week].
    flying_hours : float
        Hours aloft [h/week].
    fuel_kg : float
        Aviation fuel [kg/week].
    cost : float
        Of the hours on duty, in the scenario's currency [1/week].
    """

    party: str
    hours: float
    flying_hours: float
    fuel_kg: float
    cost: float


@dataclass(frozen=True, slots=True)
class SectorLeft:
    """What a plan leaves open in one sector.

    Attributes
    ----------
    sector : str
        Its id; empty for cells outside every sector.
    habit_harm : float
        Part of the harm by habit that is left there [persons per attack].
    posts_harm : float
        The same with manned posts alone [persons per attack].
    worst_harm : float
        Greatest harm of one reachable attack there [persons].
    worst_cell, worst_hour : int
        Where it crosses and in which hour of the patrol day; -1 without reachable attacks.
    least_cover : float
        Least chance over its cells that a person who crosses is noticed, mean over the day [1].
    """

    sector: str
    habit_harm: float
    posts_harm: float
    worst_harm: float
    worst_cell: int
    worst_hour: int
    least_cover: float


@dataclass(frozen=True, slots=True, eq=False)
class Metrics:
    """Exact figures of a plan.

    Attributes
    ----------
    breaches : tuple of str
        Every rule that it breaks; none for a legal plan.
    harm, harm_posts_alone : float
        Harm that it leaves, and with manned posts alone [persons per attack].
    unreachable_harm : float
        Part of the harm by habit that no duty can influence [persons per attack].
    interception : float
        Chance that an attack is noticed and answered in time, over the default mixture of
        attackers [1].
    interception_of : ndarray, shape (attacker types,)
        The same for the adaptive attacker of each type, who goes where it does most harm [1].
    interception_by_habit : float
        The same over the pattern of the record [1].
    in_view : ndarray, shape (24,)
        Share of the line in view by hour of the patrol day (see `IN_VIEW`) [1].
    noticed : ndarray, shape (24,)
        Chance that a person who crosses anywhere is noticed, by hour of the patrol day [1].
    work : tuple of PartyWork
        By party.
    sectors : tuple of SectorLeft
        What stays open.
    coordination_value : float
        (harm if parties draw apart - harm) / harm [1].
    """

    breaches: tuple[str, ...]
    harm: float
    harm_posts_alone: float
    unreachable_harm: float
    interception: float
    interception_of: Floats
    interception_by_habit: float
    in_view: Floats
    noticed: Floats
    work: tuple[PartyWork, ...]
    sectors: tuple[SectorLeft, ...]
    coordination_value: float

    @property
    def hours(self) -> float:
        """Return the hours on duty of all parties [h/week]."""
        return sum(work.hours for work in self.work)

    @property
    def cost(self) -> float:
        """Return the cost of all parties, in the scenario's currency [1/week]."""
        return sum(work.cost for work in self.work)

    @property
    def avoided(self) -> float:
        """Return the harm that it avoids beside manned posts alone [persons per attack]."""
        return self.harm_posts_alone - self.harm


def measure(exposure: Exposure) -> Metrics:
    """Return all exact figures of a plan.

    Parameters
    ----------
    exposure : Exposure
        From `expose`.
    """
    plan, network = exposure.plan, exposure.network
    attacks, harm = network.attacks, exposure.harm
    found = attacks.timely * exposure.cover[attacks.cell, attacks.hour, attacks.target]
    worst = worst_attacks(exposure, exposure.left)
    informed = np.where(worst >= 0, found[worst], 0.0) if len(attacks) else np.zeros(len(worst))
    habit = float(attacks.pattern @ found)
    apart = expected_harm(attacks, cover_if_apart(plan, network), exposure.adaptivity)
    return Metrics(
        breaches=find_plan_breaches(plan, network),
        harm=harm,
        harm_posts_alone=exposure.harm_posts_alone,
        unreachable_harm=harm_out_of_reach(attacks, exposure.cover),
        interception=mixture(exposure, informed, habit),
        interception_of=informed,
        interception_by_habit=habit,
        in_view=np.tensordot(plan.probabilities, in_view(exposure).mean(axis=1), axes=1),
        noticed=exposure.cover[:, :, PLAN_TARGETS.index("person")].mean(axis=0, dtype=np.float64),
        work=weekly_work(plan, network),
        sectors=open_by_sector(exposure),
        coordination_value=(apart - harm) / harm if harm > 0 else 0.0,
    )


def in_view(exposure: Exposure) -> Bools:
    """Return which cells are in view in each hour, shape (schedules, cells, 24)."""
    return np.asarray(exposure.cover_of[..., PLAN_TARGETS.index("person")] >= IN_VIEW)


def weekly_work(plan: Plan, network: PatrolNetwork) -> tuple[PartyWork, ...]:
    """Return what each party of the plan's teams does in a week, on average over the lottery.

    An hour of a mixed team is an hour of each of its members; its flight is the first one's.
    """
    hours, cost = defaultdict[str, float](float), defaultdict[str, float](float)
    aloft, fuel = defaultdict[str, float](float), defaultdict[str, float](float)
    for schedule, share in zip(plan.schedules, plan.probabilities, strict=True):
        weekly = DAYS_OF_WEEK * float(share)
        for duty in schedule.duties:
            for member in plan.teams[duty.team].members:
                hours[member.party] += weekly * duty.hours
                cost[member.party] += weekly * duty.hours * member.cost_per_hour
        blocks, burnt, _ = use_of_air(schedule.duties, plan.teams, network)
        for party in blocks:
            aloft[party] += weekly * blocks[party] / BLOCKS_OF_HOUR
            fuel[party] += weekly * burnt[party]
    parties = dict.fromkeys(m.party for team in plan.teams for m in team.members)
    return tuple(PartyWork(p, hours[p], aloft[p], fuel[p], cost[p]) for p in parties)


def open_by_sector(exposure: Exposure) -> tuple[SectorLeft, ...]:
    """Return what the plan leaves open in each sector, and outside of all where cells lie so."""
    network = exposure.network
    outside = ("",) if (network.sector_of < 0).any() else ()
    numbers = (*range(len(network.sectors)), *(-1 for _ in outside))
    names = (*network.sectors, *outside)
    return tuple(
        _left_in(exposure, number, name) for number, name in zip(numbers, names, strict=True)
    )


def _left_in(exposure: Exposure, number: int, name: str) -> SectorLeft:
    network, attacks = exposure.network, exposure.network.attacks
    cells = network.sector_of == number
    inside = cells[attacks.cell]
    seen = exposure.cover_posts[attacks.cell, attacks.hour, attacks.target]
    bare = attacks.harm * (1.0 - attacks.timely * seen)
    reachable = np.flatnonzero(inside & attacks.reachable)
    worst = reachable[exposure.left[reachable].argmax()] if reachable.size else -1
    by_day = exposure.cover[cells, :, PLAN_TARGETS.index("person")].mean(axis=1)
    return SectorLeft(
        sector=name,
        habit_harm=float((attacks.pattern * exposure.left)[inside].sum()),
        posts_harm=float((attacks.pattern * bare)[inside].sum()),
        worst_harm=float(exposure.left[worst]) if worst >= 0 else 0.0,
        worst_cell=int(attacks.cell[worst]) if worst >= 0 else -1,
        worst_hour=int(attacks.hour[worst]) if worst >= 0 else -1,
        least_cover=float(by_day.min()) if by_day.size else 0.0,
    )


def longest_unwatched(exposure: Exposure, weeks: Integers) -> Floats:
    """Return the longest time that each cell goes unwatched in each week [h].

    Parameters
    ----------
    exposure : Exposure
        Cells count as watched while they are in view (see `IN_VIEW`).
    weeks : ndarray of int64, shape (weeks, days)
        Schedule drawn for each day; days follow each other.

    Returns
    -------
    ndarray, shape (weeks, cells)
        At most the hours of the week: what came before and comes after is not known.
    """
    watched = in_view(exposure)
    lead, tail, inner = _runs_of_days(watched)
    longest = np.zeros((len(weeks), exposure.network.cells), np.int16)
    running = np.zeros_like(longest)
    for day in weeks.T:
        # A day without any watched hour has a lead of 24 h: the run goes on through it.
        np.maximum(longest, running + lead[day], out=longest)
        np.maximum(longest, inner[day], out=longest)
        running = np.where(lead[day] == HOURS, running + HOURS, tail[day])
    return longest.astype(np.float64)


def _runs_of_days(watched: Bools) -> tuple[NDArray[np.int16], ...]:
    """Return unwatched hours before the first, after the last watched one, and longest between."""
    hour = np.arange(HOURS, dtype=np.int16)
    dark = ~watched.any(axis=2)
    lead = np.where(dark, HOURS, watched.argmax(axis=2)).astype(np.int16)
    tail = np.where(dark, HOURS, watched[..., ::-1].argmax(axis=2)).astype(np.int16)
    last = np.maximum.accumulate(np.where(watched, hour, -1), axis=2)
    gap = np.where(watched[..., 1:] & (last[..., :-1] >= 0), hour[1:] - last[..., :-1] - 1, 0)
    return lead, tail, gap.max(axis=2).astype(np.int16)


def help_minutes(
    response: Response, settings: PlanSettings, cooperation: Cooperation | None
) -> Floats:
    """Return the time from a sighting to the arrival of the quickest help, by cell [min].

    Parameters
    ----------
    response : Response
        From `mobility.response.find_response` for the option's units.
    settings : PlanSettings
        Time to report and to turn out.
    cooperation : Cooperation or None
        Minutes that a hotline with the neighbour saves in the report, at most all of it.

    Returns
    -------
    ndarray, shape (cells,)
        Infinite where no unit gets there.
    """
    saved = cooperation.hotline_minutes if cooperation is not None else 0.0
    return max(settings.report_min - saved, 0.0) + settings.turnout_min + response.line.minutes


def avoided_in_week(metrics: Metrics, events_per_week: float) -> float:
    """Return the harm avoided in a week beside manned posts alone [persons/week].

    Parameters
    ----------
    metrics : Metrics
        Harm per attack.
    events_per_week : float
        Attacks expected on the whole line, the sum of the risk's intensity over cells and hours
        of the week [1/week].

    Raises
    ------
    ValueError
        If events_per_week is negative.
    """
    if events_per_week < 0:
        raise ValueError("events_per_week is not negative")
    return events_per_week * metrics.avoided
