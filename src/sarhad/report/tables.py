"""Rows of the tables of results: who sees what of the line, and who is where how soon."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.mobility.response import HELP_KINDS, Help, Response
from sarhad.scenario import Scenario
from sarhad.units import METRES_PER_KILOMETRE
from sarhad.visibility.watch import WatchedLine, stretches

Floats = NDArray[np.float64]
Row = list[str | float | int | bool | None]

SIGHT_LINE_COLUMNS: Final = (
    "from_km",
    "to_km",
    "sector",
    "posts_in_sight",
    "best_post",
    "share_in_sight",
    "least_distance_m",
    "mean_distance_m",
    "day_rate_per_h",
    "night_rate_per_h",
    "reportable",
    "notice",
)
SIGHT_POSTS_COLUMNS: Final = (
    "post",
    "name",
    "seen_km",
    "longest_km",
    "longest_from_km",
    "longest_to_km",
    "farthest_km",
    "reportable",
    "notice",
)
REACH_LINE_COLUMNS: Final = (
    "from_km",
    "to_km",
    "sector",
    "quickest",
    "unit",
    "base",
    "minutes",
    *(f"{kind}_min" for kind in HELP_KINDS),
    "helicopter_fuel_kg",
    "walkable",
    "flyable",
    "notice",
)
REACH_SITES_COLUMNS: Final = (
    "site",
    "name",
    "help_kind",
    "unit",
    "base",
    "help_min",
    "intruder_foot_min",
    "intruder_drone_min",
    "lead_foot_min",
    "lead_drone_min",
    "notice",
)


def sight_line_rows(scenario: Scenario, watched: WatchedLine, notice: str) -> Iterator[Row]:
    """Yield a row of `SIGHT_LINE_COLUMNS` for each border cell; the notice closes each row."""
    posts = watched.seen.sum(axis=0)
    reportable = np.any(watched.seen & watched.reportable[:, np.newaxis], axis=0)
    for cell, place in enumerate(_places(scenario, watched.edges_m)):
        best = int(watched.best[cell])
        yield [
            *place,
            int(posts[cell]),
            watched.posts[best].id if best >= 0 else None,
            round(float(watched.share[cell]), 3),
            round(float(watched.least_m[cell])) if posts[cell] else None,
            round(float(watched.mean_m[cell])) if posts[cell] else None,
            float(watched.day_rate[cell]),
            float(watched.night_rate[cell]),
            bool(reportable[cell]),
            notice,
        ]


def sight_posts_rows(watched: WatchedLine, notice: str) -> Iterator[Row]:
    """Yield a row of `SIGHT_POSTS_COLUMNS` for each watched post."""
    seen_km = watched.seen @ watched.length_km
    for number, post in enumerate(watched.posts):
        runs = stretches(watched.seen[number], watched.edges_m)
        start, end = max(runs, key=lambda run: run[1] - run[0], default=(0.0, 0.0))
        yield [
            post.id,
            post.name,
            round(float(seen_km[number]), 3),
            round(end - start, 3),
            round(start, 3) if runs else None,
            round(end, 3) if runs else None,
            round(float(watched.farthest_m[number]) / METRES_PER_KILOMETRE, 3) if runs else None,
            bool(watched.reportable[number]),
            notice,
        ]


def reach_line_rows(scenario: Scenario, response: Response, notice: str) -> Iterator[Row]:
    """Yield a row of `REACH_LINE_COLUMNS` for each border cell."""
    nobody = np.full(len(response.walkable), np.inf)
    by_kind = [
        response.of_kind[kind].minutes if kind in response.of_kind else nobody
        for kind in HELP_KINDS
    ]
    for cell, place in enumerate(_places(scenario, response.edges_m)):
        yield [
            *place,
            *_who(response, response.line, cell),
            *(_tenths(minutes[cell]) for minutes in (response.line.minutes, *by_kind)),
            _tenths(response.fuel_kg[cell]),
            bool(response.walkable[cell]),
            bool(response.flyable[cell]),
            notice,
        ]


def reach_sites_rows(scenario: Scenario, response: Response, notice: str) -> Iterator[Row]:
    """Yield a row of `REACH_SITES_COLUMNS` for each civil site.

    A lead is the intruder's time less that of the help: above zero where help comes first.
    """
    for number, site in enumerate(scenario.sites):
        helped = response.sites.minutes[number]
        foot, drone = response.on_foot_min[number], response.by_drone_min[number]
        # Where neither comes there is no lead to speak of.
        leads = [come - helped if np.isfinite(come + helped) else np.inf for come in (foot, drone)]
        yield [
            site.id,
            site.name,
            *_who(response, response.sites, number),
            *(_tenths(minutes) for minutes in (helped, foot, drone, *leads)),
            notice,
        ]


def _who(response: Response, helping: Help, place: int) -> Row:
    number = int(helping.unit[place])
    if number < 0:
        return [None, None, None]
    unit = response.units[number]
    return [unit.kind, unit.id, unit.base]


def _tenths(value: float) -> float | None:
    return round(float(value), 1) if np.isfinite(value) else None


def _places(scenario: Scenario, edges_m: Floats) -> Iterator[Row]:
    """Yield from, to [km] and sector of each border cell; the sector is that of its middle."""
    km = edges_m / METRES_PER_KILOMETRE
    for start, end in zip(km[:-1].tolist(), km[1:].tolist(), strict=True):
        middle = (start + end) / 2
        within = (s.id for s in scenario.sectors if s.from_km <= middle < s.to_km)
        yield [round(start, 3), round(end, 3), next(within, None)]
