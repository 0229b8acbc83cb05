"""Attacks: where and when one enters, against what, its harm, what a sighting is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.mobility import TravelTimes
from sarhad.risk import AttackHarm, AttackPaths, IncidentRisk
from sarhad.scenario import Cooperation, Scenario, Unit
from sarhad.units import METRES_PER_KILOMETRE, SECONDS_PER_HOUR
from sarhad.visibility.detection import Target

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

HOURS: Final = 24
"""Hours of a patrol day."""

LEAD_HOURS: Final = 4
"""Ways to a day's first visit may begin so many hours before it, and those home end after it."""

PLAN_TARGETS: Final[tuple[Target, ...]] = ("person", "drone")
"""What patrols look out for: who walks, and what flies."""

TIME_SPREAD: Final = 0.5
"""Travel times are held to be right within this share of themselves (assumed)."""

SECONDS_PER_MINUTE: Final = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Attacks:
    """Every attack that the plan reckons with: a path, begun in one hour of the patrol day.

    Attributes
    ----------
    cell, hour, site, attacker : ndarray of int64, shape (n,)
        Entry cell, hour of the patrol day, site (-1: it ends at the line) and attacker.
    target : ndarray of int64, shape (n,)
        Place in `PLAN_TARGETS`.
    harm : ndarray, shape (n,)
        Harm of one such attack that nobody stops [persons].
    timely : ndarray, shape (n,)
        Chance that help answers a sighting in time [1].
    appeal : ndarray, shape (n,)
        How much of its harm draws an attacker that adapts: less for long ways [1].
    pattern : ndarray, shape (n,)
        Share of attacks by habit that are this one; they sum to 1 [1].
    reachable : ndarray of bool, shape (n,)
        Whether some legal duty can influence it.
    weights : ndarray, shape (attackers,)
        Share of each attacker type among those that adapt; they sum to 1 [1].
    names : tuple of str
        Ids of the attackers.
    """

    cell: Integers
    hour: Integers
    site: Integers
    attacker: Integers
    target: Integers
    harm: Floats
    timely: Floats
    appeal: Floats
    pattern: Floats
    reachable: NDArray[np.bool_]
    weights: Floats
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.cell) and not np.isclose(self.pattern.sum(), 1.0):
            raise ValueError("the pattern of attacks sums to 1")
        if not ((self.timely >= 0) & (self.timely <= 1)).all():
            raise ValueError("timely is a chance from 0 to 1")

    def __len__(self) -> int:
        return len(self.cell)


def build_attacks(
    scenario: Scenario,
    paths: AttackPaths,
    harm: AttackHarm,
    risk: IncidentRisk,
    timely: Floats,
    warned: float,
    start_hour: int,
) -> Attacks:
    """Return all attacks on the mean day of the horizon, every one reachable as yet.

    Parameters
    ----------
    scenario : Scenario
        Attackers and horizon.
    paths, harm, risk
        Ways of attack, their harm by hour, and the intensity of the record.
    timely : ndarray, shape (paths,)
        From `chance_in_time`.
    warned : float
        Share of the people at a site who have moved when an attack comes [1].
    start_hour : int
        Local hour at which the patrol day begins.
    """
    local = (start_hour + np.arange(HOURS)) % HOURS
    by_hour = _factor(harm)[paths.attacker][:, None] * harm.harm[:, :HOURS][:, local]
    by_hour = by_hour * np.where(paths.site >= 0, 1.0 - warned, 1.0)[:, None]
    intensity = risk.intensity.reshape(-1, 7, HOURS).mean(axis=1)[:, local]
    often = intensity[paths.cell] * paths.share[:, None]
    kept = np.repeat(np.arange(len(paths)), HOURS)
    weights = np.array([a.weight for a in scenario.attackers])
    present = np.bincount(paths.attacker, minlength=len(weights)) > 0
    weights = np.where(present, weights, 0.0)
    flies = np.array([a.path == "flight" for a in scenario.attackers])
    return Attacks(
        cell=paths.cell[kept],
        hour=np.tile(np.arange(HOURS), len(paths)),
        site=paths.site[kept],
        attacker=paths.attacker[kept],
        target=flies[paths.attacker[kept]].astype(np.int64),
        harm=by_hour.ravel().astype(np.float64),
        timely=timely[kept],
        appeal=_appeal(scenario, paths)[kept],
        pattern=(often / max(float(often.sum()), 1e-300)).ravel().astype(np.float64),
        reachable=np.ones(len(kept), bool),
        weights=weights / max(float(weights.sum()), 1e-300),
        names=tuple(a.id for a in scenario.attackers),
    )


def _appeal(scenario: Scenario, paths: AttackPaths) -> Floats:
    """Return exp(-time / patience) of each path: the same rule by which habit prefers near targets.

    Without it an attacker that adapts would as soon walk ten hours to an unwatched spot as one, and
    every plan would have to spread itself evenly over the whole line.
    """
    patience_s = np.array([a.patience_hours for a in scenario.attackers]) * SECONDS_PER_HOUR
    return np.asarray(np.exp(-paths.seconds / patience_s[paths.attacker]))


def _factor(harm: AttackHarm) -> Floats:
    """Return what the record makes of the settings' harm: the middle of its range."""
    return np.asarray((harm.low_factor + harm.high_factor) / 2.0)


def chance_in_time(
    scenario: Scenario,
    units: tuple[Unit, ...],
    times: TravelTimes,
    paths: AttackPaths,
    cooperation: Cooperation | None,
) -> Floats:
    """Return for each path the chance that help answers a sighting near the line in time.

    A walker's goal is defended by whoever of the fixed posts is there first; what ends at the line
    has to be met before it is in cover; a drone is answered by a warning to the site. Time needed
    is held to be uniform within half of itself, so that the chance is a ramp.

    Parameters
    ----------
    scenario, units : Scenario, tuple of Unit
        Settings, and the units of the option: each post with a ground unit can send help.
    times : TravelTimes
        Who gets where when.
    paths : AttackPaths
        The ways of attack.
    cooperation : Cooperation, optional
        Minutes that a hotline saves.

    Returns
    -------
    ndarray, shape (paths,)
    """
    plan = scenario.plan
    saved_s = cooperation.hotline_minutes * SECONDS_PER_MINUTE if cooperation else 0.0
    call_s = max(plan.report_min * SECONDS_PER_MINUTE - saved_s, 0.0)
    site_s, line_s = _help_times(units, times)
    turnout_s = plan.turnout_min * SECONDS_PER_MINUTE
    foot_m_s = scenario.movement.intruder_km_h * METRES_PER_KILOMETRE / SECONDS_PER_HOUR
    own_s = plan.own_response_km * METRES_PER_KILOMETRE / foot_m_s
    at_line = paths.site < 0
    flies = np.array([a.path == "flight" for a in scenario.attackers])[paths.attacker]
    there_s = np.where(at_line, line_s[paths.cell], np.append(site_s, np.inf)[paths.site])
    needed_s = call_s + turnout_s + there_s
    # A patrol that saw a walker is near it already: it may answer by itself.
    needed_s = np.minimum(needed_s, own_s)
    needed_s = np.where(flies, call_s + plan.shelter_min * SECONDS_PER_MINUTE, needed_s)
    cover_s = np.nan_to_num(times.intruder.cover_s, posinf=0.0)
    left_s = np.where(at_line, cover_s[paths.cell], paths.seconds)
    return ramp(left_s, needed_s)


def ramp(left_s: Floats, needed_s: Floats) -> Floats:
    """Return the chance that a time within half of `needed_s` is at most `left_s` [1]."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(needed_s > 0, left_s / needed_s, np.inf)
    return np.clip((ratio - (1 - TIME_SPREAD)) / (2 * TIME_SPREAD), 0.0, 1.0)


def _help_times(units: tuple[Unit, ...], times: TravelTimes) -> tuple[Floats, Floats]:
    """Return the least time from a manned post to each site and each border cell [s]."""
    site_s = np.full(len(times.sites), np.inf)
    line_s = np.full(times.ground["foot"].out_s.shape[1], np.inf)
    for unit in units:
        kind = "foot" if unit.kind == "watch" else unit.kind
        if kind not in times.ground:
            continue
        ground = times.ground[kind]
        speed = ground.flat_km_h if unit.kind == "watch" else unit.speed_km_h
        slower = ground.flat_km_h / speed
        base = times.posts.index(unit.base)
        site_s = np.minimum(site_s, ground.sites_s[base] * slower)
        line_s = np.minimum(line_s, ground.out_s[base] * slower)
    return site_s, line_s


def warned_share(cooperation: Cooperation | None) -> float:
    """Return the share of the people at a site who have moved when an attack comes [1].

    The neighbour's patrols see an attack coming as often as they are there; a lead time under
    an hour counts in proportion.
    """
    if cooperation is None:
        return 0.0
    noticed = cooperation.far_bank_hours / HOURS
    return noticed * cooperation.move_share * min(cooperation.warning_hours, 1.0)
