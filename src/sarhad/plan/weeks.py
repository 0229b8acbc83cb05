"""Weeks: the rules that couple days, checked on drawn days from their duties alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from sarhad.patrols import HOURS, PatrolNetwork
from sarhad.plan.lottery import Plan, Schedule, presence_of, use_of_air
from sarhad.scenario import Scenario

DAYS_OF_WEEK: Final = 7
BLOCKS_PER_HOUR: Final = 4
SLACK: Final = 1e-6

Crew = tuple[str, int]


def find_week_breaches(
    days: Sequence[Schedule], plan: Plan, network: PatrolNetwork, scenario: Scenario
) -> tuple[str, ...]:
    """Return every rule that some drawn days break together, a sentence each.

    Rest, hours of any seven days in a row, flying hours, fuel, officers, pads and presence are
    added up from the duties against what the scenario says, not from what chose them: neither the
    plan's daily windows nor the seventh part of a week's budget is believed.

    Parameters
    ----------
    days : sequence of Schedule
        The joint schedule of each day, in order.
    plan, network : Plan, PatrolNetwork
        Whose teams and aircraft they are.
    scenario : Scenario
        The rules.
    """
    shifts = _shifts(days, plan)
    found = [
        *_crews_broken(shifts, scenario),
        *_air_broken(days, plan, network, scenario),
        *_days_broken(days, plan, network, scenario),
    ]
    return tuple(dict.fromkeys(found))


def _shifts(days: Sequence[Schedule], plan: Plan) -> dict[Crew, list[tuple[int, int, int]]]:
    """Return when each unit is on duty, in hours from the first day's start, and on which day."""
    shifts: dict[Crew, list[tuple[int, int, int]]] = defaultdict(list)
    for number, day in enumerate(days):
        for duty in day.duties:
            begin = number * HOURS + duty.start
            for member in plan.teams[duty.team].members:
                shifts[(member.unit, member.number)].append((begin, begin + duty.hours, number))
    return shifts


def _crews_broken(
    shifts: dict[Crew, list[tuple[int, int, int]]], scenario: Scenario
) -> Iterator[str]:
    rules = scenario.rules
    units = {unit.id: unit for unit in scenario.units}
    for (name, number), duties in shifts.items():
        duties.sort()
        who = f"{name} {number + 1}"
        most = min(units[name].duty_hours, rules.duty_hours)
        for begin, end, _ in duties:
            if end - begin > most + SLACK:
                yield f"{who}: {end - begin} h on duty, at most {most:g}"
        for (_, end, _), (begin, _, _) in pairwise(duties):
            rest = begin - end
            if rest < rules.rest_hours - SLACK:
                yield f"{who}: {rest} h of rest between duties, at least {rules.rest_hours:g}"
        for hours in _over_weeks(_by_day(duties)):
            if hours > rules.week_hours + SLACK:
                yield f"{who}: {hours:g} h in seven days, at most {rules.week_hours:g}"


def _by_day(duties: list[tuple[int, int, int]]) -> dict[int, float]:
    """Return hours by patrol day: one may begin a little before its day does."""
    hours: dict[int, float] = defaultdict(float)
    for begin, end, day in duties:
        hours[day] += end - begin
    return hours


def _over_weeks(by_day: dict[int, float]) -> Iterator[float]:
    """Yield the sums over seven days in a row that end on a day with something."""
    for last in sorted(by_day):
        yield float(sum(by_day.get(day, 0.0) for day in range(last - DAYS_OF_WEEK + 1, last + 1)))


def _air_broken(
    days: Sequence[Schedule], plan: Plan, network: PatrolNetwork, scenario: Scenario
) -> Iterator[str]:
    hours: dict[str, dict[int, float]] = defaultdict(dict)
    fuel: dict[str, dict[int, float]] = defaultdict(dict)
    for number, day in enumerate(days):
        blocks, burnt, _ = use_of_air(day.duties, plan.teams, network)
        for name, aloft in blocks.items():
            hours[name][number] = aloft / BLOCKS_PER_HOUR
            fuel[name][number] = burnt[name]
    for party in scenario.parties:
        for kind, by_day, most in (
            ("flying hours", hours[party.id], party.flying_hours),
            ("kg of fuel", fuel[party.id], party.fuel_kg),
        ):
            for amount in _over_weeks(by_day):
                if most is not None and amount > most + SLACK:
                    yield f"{party.id}: {amount:,g} {kind} in seven days, at most {most:,g}"


def _days_broken(
    days: Sequence[Schedule], plan: Plan, network: PatrolNetwork, scenario: Scenario
) -> Iterator[str]:
    officers = sum(p.liaison_officers for p in scenario.parties if p.role == "own")
    pads = {post.id: post.fuel_kg for post in scenario.posts}
    least = scenario.rules.presence_hours if scenario.sectors else 0.0
    for number, day in enumerate(days):
        needed = sum(plan.teams[duty.team].officers for duty in day.duties)
        if needed > officers:
            yield f"day {number + 1}: {needed} officers of the host, there are {officers}"
        for pad, amount in use_of_air(day.duties, plan.teams, network)[2].items():
            if amount > pads.get(pad, 0.0) + SLACK:
                yield f"day {number + 1}: {amount:,.0f} kg taken at {pad}, at most {pads[pad]:,.0f}"
        hours = presence_of(day.duties, plan.teams, network)
        for name in np.array(network.sectors)[hours + SLACK < least]:
            yield f"day {number + 1}: less than {least:g} h of patrol in sector {name}"
