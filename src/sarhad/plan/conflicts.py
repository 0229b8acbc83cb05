"""A question without a legal plan: the rules in conflict, and the least change that cures each."""

from __future__ import annotations

import numpy as np

from sarhad.errors import Fault
from sarhad.patrols import UNREACHED, PatrolNetwork, Team


def explain_conflicts(breaches: tuple[str, ...], network: PatrolNetwork) -> tuple[Fault, ...]:
    """Return a fault for each rule that no schedule was found to keep.

    Parameters
    ----------
    breaches : tuple of str
        From `find_plan_breaches`.
    network : PatrolNetwork
        What was asked.
    """
    faults = [_presence_fault(number, network) for number in _bare_sectors(breaches, network)]
    rest = [text for text in breaches if not text.startswith("sector ")]
    faults += [
        Fault("scenario.toml", None, "rules", text, "a schedule that keeps it", "Relax the rule")
        for text in rest
    ]
    return tuple(faults)


def _bare_sectors(breaches: tuple[str, ...], network: PatrolNetwork) -> list[int]:
    return [
        number
        for number, name in enumerate(network.sectors)
        if any(text.startswith(f"sector {name}:") for text in breaches)
    ]


def _presence_fault(sector: int, network: PatrolNetwork) -> Fault:
    """Say how much presence a sector can get at most, and what would have to give."""
    name, wanted = network.sectors[sector], network.limits.presence_hours
    able = [team for team in network.teams if longest_stay(team, sector, network) > 0]
    most = sum(longest_stay(team, sector, network) for team in able)
    found = f"{wanted:g} h in sector '{name}' a day"
    if not able:
        expected = "a sector that some ground unit of the option reaches within its duty"
        cure = f"Base a ground unit nearer to sector '{name}', or set presence_hours to 0"
        return Fault("scenario.toml", None, "rules.presence_hours", found, expected, cure)
    names = ", ".join(team.name for team in able[:3])
    expected = f"at most {most:g} h: what {names}{' and others' if len(able) > 3 else ''} can do"
    cure = f"Lower presence_hours to {most:g}, or add a ground unit near sector '{name}'"
    return Fault("scenario.toml", None, "rules.presence_hours", found, expected, cure)


def longest_stay(team: Team, sector: int, network: PatrolNetwork) -> float:
    """Return the most hours that a ground team can stay in a sector on one duty [h]."""
    reach = team.reach
    if reach is None:
        return 0.0
    inside = network.sector_of[reach.first : reach.first + len(reach)] == sector
    inside &= reach.home_hours < UNREACHED
    if not inside.any():
        return 0.0
    out = reach.out_hours[inside].astype(np.float64)
    first = reach.out_quarters[inside] / 4.0
    full = team.duty_hours - out - reach.home_hours[inside]
    stays = np.where(full >= 0, full + first, 0.0)
    return float(stays.max(initial=0.0))
