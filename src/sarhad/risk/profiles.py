"""When in the day, the week and the year: profiles shrunk to flat, unknown hours left unknown."""

from __future__ import annotations

from typing import Final

import numpy as np

from sarhad.risk.records import Records
from sarhad.risk.strip import Floats, Sparse

HOURS: Final = 24
DAYS: Final = 7
HOURS_OF_WEEK: Final = 168
STEPS: Final = 50
PRIOR_YEARS: Final = 4.0
"""Years without a season that outweigh the years of the record."""

FULL_YEAR_EVENTS: Final = 24.0
"""A year with so many events counts half in the season."""

YEAR_DAYS: Final = 365.25


def share_of_bins(begin: Floats, end: Floats, bins: int, bin_days: float) -> Floats:
    """Return how much of each event's time falls into each bin of a cycle, (n, bins).

    Parameters
    ----------
    begin, end : ndarray, shape (n,)
        When it may have happened [days since a Monday].
    bins : int
        Bins of the cycle.
    bin_days : float
        Length of a bin [days].

    Returns
    -------
    ndarray, shape (n, bins)
        Rows sum to one; a range of a whole cycle or more says nothing and is even.
    """
    cycle = bins * bin_days
    span = np.clip(end - begin, 1e-4, cycle)
    start = np.mod(begin, cycle)[:, None]
    edges = np.arange(bins) * bin_days
    inside = np.zeros((len(begin), bins))
    for turn in (0.0, cycle):
        low = np.maximum(start, edges + turn)
        high = np.minimum(start + span[:, None], edges + turn + bin_days)
        inside += np.maximum(high - low, 0.0)
    return np.asarray(inside / inside.sum(axis=1, keepdims=True))


def blur_hours(shares: Floats) -> Floats:
    """Return shares of the hours spread over the two hours before and after, (n, 24).

    An attack at seven in the evening speaks of the evening, not of that hour alone.
    """
    weights = (1.0, 2.0, 3.0, 2.0, 1.0)
    parts = [w * np.roll(shares, k - 2, axis=1) for k, w in enumerate(weights)]
    return np.asarray(np.sum(parts, axis=0) / sum(weights))


def fit_profile(shares: Floats, weight: Floats, prior: float) -> Floats:
    """Return the profile over the bins that the events speak for, shrunk to flat, (bins,).

    Expectation-maximisation for times known to ranges: a night of twelve hours tells of those
    hours together, not of each, and an event without an hour changes nothing.

    Parameters
    ----------
    shares : ndarray, shape (n, bins)
        From `share_of_bins`.
    weight : ndarray, shape (n,)
        How much each event counts.
    prior : float
        Events that a flat profile counts as.

    References
    ----------
    Turnbull, B. W. (1976), The empirical distribution function with arbitrarily grouped,
    censored and truncated data, doi:10.1111/j.2517-6161.1976.tb01597.x.
    """
    bins = shares.shape[1]
    profile = np.full(bins, 1.0 / bins)
    for _ in range(STEPS if len(shares) else 0):
        part = _places(shares, profile)
        profile = (prior / bins + weight @ part) / (prior + weight.sum())
    return profile


def _places(shares: Floats, profile: Floats) -> Floats:
    """Return where each event fell within its range, given the profile, (n, bins)."""
    part = shares * profile
    return np.asarray(part / np.maximum(part.sum(axis=1, keepdims=True), 1e-300))


def profile_of_cells(
    shares: Floats, weight: Floats, near: Sparse, line: Floats, prior: float
) -> Floats:
    """Return the profile of each cell, shrunk to that of the line, (cells, bins).

    Parameters
    ----------
    near : sparse, shape (n, cells)
        How near each event is to each cell, at most one.
    line : ndarray, shape (bins,)
        Profile of the whole line.
    """
    if not len(shares):
        return np.tile(line, (near.shape[1], 1))
    local = near.T @ (weight[:, None] * _places(shares, line))
    return np.asarray((local + prior * line) / (local.sum(axis=1, keepdims=True) + prior))


def season_factor(records: Records, start: float, origin: float, at: float) -> float:
    """Return how the season at a time raises or lowers the slow part of the risk.

    The share of each whole year's events in the twelfth of the year around `at`, averaged over
    the years and shrunk to flat by four years without a season. Years, not events, are counted:
    the events of one offensive are no thousand witnesses of a season.

    Parameters
    ----------
    records : Records
        The events known at `origin`.
    start, origin, at : float
        Beginning of the record, its end, and the time asked for [days].
    """
    years = int((origin - start) // YEAR_DAYS)
    width = YEAR_DAYS / 12
    told, weight = PRIOR_YEARS, PRIOR_YEARS
    for year in range(years):
        last = origin - year * YEAR_DAYS
        inside = _overlap(records, last - YEAR_DAYS, last) * records.weight
        # The same season of that year; it may run over the year's edge.
        offset = np.mod(at - last, YEAR_DAYS) - YEAR_DAYS
        middle = last + offset
        season = sum(
            _overlap(records, middle + turn - width / 2, middle + turn + width / 2, last)
            for turn in (0.0, YEAR_DAYS)
        )
        total = float(inside.sum())
        if total > 0:
            counted = total / (total + FULL_YEAR_EVENTS)
            told += counted * 12.0 * float((season * records.weight).sum()) / total
            weight += counted
    return float(told / weight)


def _overlap(records: Records, low: float, high: float, last: float | None = None) -> Floats:
    """Return the share of each event's time within a window [days], cut to its year."""
    if last is not None:
        low, high = max(low, last - YEAR_DAYS), min(high, last)
    inside = np.minimum(records.end, high) - np.maximum(records.begin, low)
    return np.asarray(np.clip(inside, 0.0, None) / np.maximum(records.end - records.begin, 1e-6))


def week_of_hours(hours: Floats, days: Floats) -> Floats:
    """Return the share of each hour of the week, Monday first, (cells, 168)."""
    return np.asarray((days[:, None] * hours[:, None, :]).reshape(len(hours), HOURS_OF_WEEK))
