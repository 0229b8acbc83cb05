"""Harm: who is at risk where and when, by which way an attack comes, and how often each comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sarhad.border import place_at
from sarhad.risk.profiles import HOURS_OF_WEEK
from sarhad.risk.strip import Cells, Floats, Strip
from sarhad.scenario import Attacker, Incident, RiskSettings, Site
from sarhad.units import METRES_PER_KILOMETRE, SECONDS_PER_HOUR

AT_THE_LINE: Final = -1
"""Site of an attack that ends at the line."""


@dataclass(frozen=True, slots=True, eq=False)
class AttackPaths:
    """Every way an attack can come: where it crosses, to which site, by which attacker.

    Attributes
    ----------
    cell, site, attacker : ndarray of int, shape (n,)
        Entry cell, site (-1: it ends at the line) and attacker.
    seconds : ndarray of float32, shape (n,)
        From the line to the site [s].
    share : ndarray of float32, shape (n,)
        Share of the incidents of its cell that come this way; over a cell they sum to one
        where any attacker has a target in reach.
    """

    cell: Cells
    site: Cells
    attacker: Cells
    seconds: NDArray[np.float32]
    share: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.cell)


@dataclass(frozen=True, slots=True, eq=False)
class AttackHarm:
    """Harm of each attack path by the hour of the week in which it crosses the line.

    Attributes
    ----------
    harm : ndarray of float32, shape (paths, 168)
        Expected harm of one attack, in persons killed [1].
    low_factor, high_factor : ndarray, shape (attackers,)
        What the casualty ranges of the record make of it: harm times these.
    recorded_events : ndarray of int, shape (attackers,)
        Events of the record that tell of each attacker.
    """

    harm: NDArray[np.float32]
    low_factor: Floats
    high_factor: Floats
    recorded_events: Cells


def people_by_hour(sites: Sequence[Site]) -> Floats:
    """Return the people at risk at each site by hour of the day, shape (sites, 24).

    An hour that the day begins or ends in holds both, by the minutes of each. A day that begins
    after it ends runs through midnight.
    """
    people = np.empty((len(sites), 24))
    for row, site in enumerate(sites):
        day = _share_of_day(site.day_from, site.day_until)
        people[row] = day * site.people_day + (1.0 - day) * site.people_night
    return people


def _share_of_day(start: float, end: float) -> Floats:
    """Return the share of each hour that lies between two hours of the day."""
    hours = np.arange(24.0)
    if start > end:
        return np.asarray(1.0 - _share_of_day(end, start))
    return np.asarray(np.clip(np.minimum(hours + 1, end) - np.maximum(hours, start), 0.0, 1.0))


def measure_to_sites(strip: Strip, sites: Sequence[Site]) -> Floats:
    """Return the straight distance from the middle of each cell to each site [m].

    Returns
    -------
    ndarray, shape (cells, sites)
    """
    east, north = strip.project(*place_at(strip.border, strip.middles_m))
    degrees = np.array([(site.lon, site.lat) for site in sites]).reshape(-1, 2)
    site_east, site_north = strip.project(degrees[:, 0], degrees[:, 1])
    return np.hypot(east[:, None] - site_east, north[:, None] - site_north)


def find_attack_paths(
    attackers: Sequence[Attacker],
    sites: Sequence[Site],
    distance_m: Floats,
    walk_s: Any,
) -> AttackPaths:
    """Return every way from a cell to a site that an attacker may take.

    Parameters
    ----------
    attackers, sites
        Of the scenario.
    distance_m : ndarray, shape (cells, sites)
        Straight distance [m], from `measure_to_sites`; a flight takes it and ignores terrain.
    walk_s : sparse or ndarray, shape (cells, sites)
        Seconds on foot over the ground, as `mobility` finds them; what a sparse matrix does not
        hold, and what is not finite, cannot be walked.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    cells = distance_m.shape[0]
    if distance_m.shape != (cells, len(sites)) or walk_s.shape != distance_m.shape:
        raise ValueError("distance_m and walk_s have a row for each cell, a column for each site")
    seconds = _seconds_on_foot(walk_s)
    found = [
        _paths_of(number, attacker, sites, distance_m, seconds)
        for number, attacker in enumerate(attackers)
        if attacker.weight > 0
    ]
    empty = [np.zeros(0) for _ in range(5)]
    columns = [np.concatenate(part) for part in zip(*found, strict=True)] if found else empty
    cell, site, attacker_of = (part.astype(np.int64) for part in columns[:3])
    share = columns[4] / np.maximum(np.bincount(cell, columns[4], cells)[cell], 1e-300)
    return AttackPaths(
        cell, site, attacker_of, columns[3].astype(np.float32), share.astype(np.float32)
    )


def _seconds_on_foot(walk_s: Any) -> Floats:
    if not hasattr(walk_s, "tocoo"):
        return np.asarray(walk_s, dtype=np.float64)
    held = walk_s.tocoo()
    seconds = np.full(walk_s.shape, np.inf)
    seconds[held.row, held.col] = held.data
    return seconds


def _paths_of(
    number: int, attacker: Attacker, sites: Sequence[Site], distance_m: Floats, walk_s: Floats
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return cell, site, attacker, seconds and raw share of the paths of one attacker."""
    cells = distance_m.shape[0]
    if not attacker.targets:
        every = np.arange(cells, dtype=np.float64)
        ones = np.ones(cells)
        return every, ones * AT_THE_LINE, ones * number, 0 * ones, ones * attacker.weight
    seconds = walk_s
    if attacker.path == "flight":
        launch_m = attacker.launch_km * METRES_PER_KILOMETRE
        speed_m_s = attacker.speed_km_h * METRES_PER_KILOMETRE / SECONDS_PER_HOUR
        seconds = (distance_m + launch_m) / speed_m_s
    wanted = np.array([site.kind in attacker.targets for site in sites], dtype=bool)
    near = distance_m <= attacker.reach_km * METRES_PER_KILOMETRE
    cell, site = np.nonzero(near & wanted & np.isfinite(seconds))
    taken = seconds[cell, site]
    people = np.array([(s.people_day + s.people_night) / 2 for s in sites])
    draw = people[site] * np.exp(-taken / (attacker.patience_hours * SECONDS_PER_HOUR))
    total = np.bincount(cell, draw, cells)
    share = attacker.weight * draw / np.maximum(total[cell], 1e-300)
    ones = np.ones(len(cell))
    return cell.astype(np.float64), site.astype(np.float64), ones * number, taken, share


def measure_harm(
    paths: AttackPaths,
    attackers: Sequence[Attacker],
    sites: Sequence[Site],
    incidents: Sequence[Incident],
    settings: RiskSettings,
) -> AttackHarm:
    """Return the harm of each path by the hour in which it crosses the line.

    Whoever is at the site when the attack arrives is at risk: harm = fixed harm + share for each
    person present x people then, the latter at most `harm_most`. The record's casualties of
    people, not of attackers, widen it to a range: they weigh as many events as there were
    against `harm_events` of the settings.

    Parameters
    ----------
    paths : AttackPaths
        From `find_attack_paths`.
    attackers, sites, incidents, settings
        Of the scenario.
    """
    harm = np.empty((len(paths), HOURS_OF_WEEK), dtype=np.float32)
    people = np.vstack([people_by_hour(sites), np.zeros(24)])
    fixed = np.array([a.harm_fixed for a in attackers])
    for_each = np.array([a.harm_share for a in attackers])
    most = np.array([a.harm_most for a in attackers])
    late_h = np.round(paths.seconds / SECONDS_PER_HOUR).astype(np.int64)
    for hour in range(24):
        # Row -1, the line itself, holds nobody.
        present = people[paths.site, (hour + late_h) % 24]
        hurt = np.minimum(for_each[paths.attacker] * present, most[paths.attacker])
        of_hour = fixed[paths.attacker] + hurt
        harm[:, hour::24] = of_hour[:, None]
    expected = _mean_harm(harm, paths, len(attackers))
    ranges = [recorded_harm(incidents, attacker, settings) for attacker in attackers]
    events = np.array([count for count, _, _ in ranges], dtype=np.int64)
    ends = [_weigh(expected, events, np.array([r[k] for r in ranges]), settings.harm_events)
            for k in (1, 2)]  # fmt: skip
    return AttackHarm(harm, ends[0], ends[1], events)


def _mean_harm(harm: NDArray[np.float32], paths: AttackPaths, attackers: int) -> Floats:
    mean = harm.mean(axis=1, dtype=np.float64)
    total = np.bincount(paths.attacker, paths.share * mean, attackers)
    share = np.bincount(paths.attacker, paths.share, attackers)
    return np.asarray(total / np.maximum(share, 1e-300))


def _weigh(expected: Floats, events: Cells, recorded: Floats, prior: float) -> Floats:
    """Return the factor on the settings' harm that the record's sums speak for."""
    base = (prior + events) * np.maximum(expected, 1e-9)
    factor = (prior * expected + recorded) / base
    return np.where((expected > 0) & (events > 0), factor, 1.0)


def recorded_harm(
    incidents: Sequence[Incident], attacker: Attacker, settings: RiskSettings
) -> tuple[int, float, float]:
    """Return the events of the record that tell of an attacker, and the range of their harm.

    Reports of one event count once, with the least and the greatest of their figures. Dead
    attackers are no harm.

    Returns
    -------
    events : int
        How many.
    low, high : float
        Their harm together, in persons killed [1].
    """
    ranges: dict[str, tuple[float, float]] = {}
    for incident in incidents:
        if incident.kind not in attacker.kinds:
            continue
        # A report without an event is an event of its own, whatever others are called.
        name = incident.event if incident.event is not None else f" {incident.id}"
        low, high = _harm_range(incident, settings)
        known = ranges.get(name, (low, high))
        ranges[name] = min(known[0], low), max(known[1], high)
    lows, highs = zip(*ranges.values(), strict=True) if ranges else ((), ())
    return len(ranges), float(sum(lows)), float(sum(highs))


def _harm_range(incident: Incident, settings: RiskSettings) -> tuple[float, float]:
    if incident.harmed == "attackers":
        return 0.0, 0.0
    killed, injured = settings.harm_per_killed, settings.harm_per_injured
    return (
        killed * incident.killed_low + injured * incident.injured_low,
        killed * incident.killed_high + injured * incident.injured_high,
    )


def expect_harm(
    paths: AttackPaths, harm: AttackHarm, intensity: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Return the harm expected of each path by hour of the week, (paths, 168) [persons/h].

    Parameters
    ----------
    paths, harm
        From `find_attack_paths` and `measure_harm`.
    intensity : ndarray, shape (cells, 168)
        Of `IncidentRisk` [1/h].
    """
    rate = intensity[paths.cell] * paths.share[:, None]
    return np.asarray(rate * harm.harm, dtype=np.float32)
