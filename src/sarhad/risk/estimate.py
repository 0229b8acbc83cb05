"""The risk of a line: events expected per cell and hour of the week, with their error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sarhad.border import BorderCells
from sarhad.risk.covariates import Covariates, gather_covariates
from sarhad.risk.features import (
    MEMORIES_DAYS,
    WEEK_DAYS,
    event_strengths,
    look_back,
    spread_events,
)
from sarhad.risk.model import draw_mixture, fit_mixture, prior_means
from sarhad.risk.posterior import Parts, draw_intensity, draw_local, put_together
from sarhad.risk.profiles import (
    DAYS,
    HOURS,
    HOURS_OF_WEEK,
    YEAR_DAYS,
    blur_hours,
    fit_profile,
    profile_of_cells,
    season_factor,
    share_of_bins,
    week_of_hours,
)
from sarhad.risk.records import EPOCH, Records, gather_records, wall_days
from sarhad.risk.strip import Cells, Floats, Sparse, Strip, lay_strip
from sarhad.scenario import RiskSettings, Scenario
from sarhad.terrain import Terrain
from sarhad.units import METRES_PER_KILOMETRE

DRAWS: Final = 64
LOCAL_DRAWS: Final = 4
"""Local factors for each draw: with one, laws as skewed as theirs left the mean of a cell without
record above its upper end in some runs; with four the upper end was 2.3 times the mean at least."""

FIT_STEPS: Final = 100
NEAR_M: Final = 20_000.0
"""How far events tell of the hours of a cell, standard deviation [m]."""

INTERVAL: Final = (0.05, 0.95)
CELLS_AT_ONCE: Final = 128
SLOW_DAYS: Final = 365.0
"""Memories of this length and the background follow the season; shorter ones live in it [days]."""

SILENCE_DAYS: Final = 180.0
"""A record that ends longer before the forecast may have been given up: a person is told [days]."""

LEAST_WEEKS: Final = 3
"""A record of fewer weeks is padded with quiet ones, so that there is something to fit."""


@dataclass(frozen=True, slots=True, eq=False)
class IncidentRisk:
    """Events expected per cell and hour, with their error and their reasons.

    Attributes
    ----------
    strip : Strip
        The line's cells.
    at : datetime
        When the forecast is made; `origin` is the same as days of the wall clock.
    intensity, low, high : ndarray of float32, shape (cells, 168)
        Events expected and their 90 % interval, by hour of the week from Monday midnight on the
        wall clock [1/h].
    weekly, weekly_low, weekly_high : ndarray, shape (cells,)
        The same for a week [1/week].
    total_low, total_high : float
        90 % interval of the events of the whole line [1/week].
    draws : ndarray of float32, shape (draws x LOCAL_DRAWS, cells)
        Intensities drawn from the posterior [1/week].
    hours : ndarray, shape (cells, 24)
        Share of each hour of the day.
    days : ndarray, shape (7,)
        Share of each day of the week.
    season : float
        Factor of the season on the slow part of the risk [1].
    parts : Parts
        What each report and each column of the background adds to each cell.
    records : Records
        The reports that count, in the order of `parts.events`.
    covariates : Covariates
        Columns of the background, and what was left out.
    notes : tuple of str
        What a person should know, a sentence each.
    """

    strip: Strip
    at: datetime
    origin: float
    intensity: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    weekly: Floats
    weekly_low: Floats
    weekly_high: Floats
    total_low: float
    total_high: float
    draws: NDArray[np.float32]
    hours: Floats
    days: Floats
    season: float
    parts: Parts
    records: Records
    covariates: Covariates
    notes: tuple[str, ...]

    def cell_at_km(self, kilometre: float) -> int:
        """Return the cell that holds a chainage [km].

        Raises
        ------
        ValueError
            If it lies off the line.
        """
        length_km = self.strip.border.length_m / METRES_PER_KILOMETRE
        if not 0 <= kilometre <= length_km:
            raise ValueError(f"km {kilometre:g} lies off the line, which has {length_km:.1f} km")
        return int(self.strip.cell_at(np.array([kilometre * METRES_PER_KILOMETRE]))[0])


def estimate_risk(
    scenario: Scenario,
    cells: BorderCells | int,
    terrain: Terrain | None = None,
    *,
    rng: np.random.Generator,
    roads: Sequence[Floats] | None = None,
    at: datetime | None = None,
    more: Mapping[str, Floats] | None = None,
    draws: int = DRAWS,
) -> IncidentRisk:
    """Return the risk along the line of a scenario from its record.

    Parameters
    ----------
    scenario : Scenario
        Line, incidents, sites, settings of risk.
    cells : BorderCells or int
        Cells of the line, or how many.
    terrain : Terrain, optional
        Heights, for how hard the crossing is.
    rng : Generator
        For the draws.
    roads : sequence of ndarray, each (n, 2), optional
        Longitude and latitude [degrees] of roads and paths, part by part.
    at : datetime, optional
        When the forecast is made; the start of the horizon where left out. Later incidents do
        not count.
    more : mapping of name to ndarray, shape (cells,), optional
        Further exposures.
    draws : int
        Draws from the posterior.
    """
    zone, when = ZoneInfo(scenario.time_zone), at or scenario.horizon.start
    strip = lay_strip(scenario.border, cells, scenario.risk.within_km * METRES_PER_KILOMETRE)
    records, outside = gather_records(scenario.incidents, strip, zone)
    covariates = gather_covariates(strip, scenario, terrain, more, roads)
    return estimate_from_records(
        strip, records, covariates, scenario.risk, when, zone, rng, notes=outside, draws=draws
    )


def estimate_from_records(
    strip: Strip,
    records: Records,
    covariates: Covariates,
    settings: RiskSettings,
    at: datetime,
    zone: ZoneInfo,
    rng: np.random.Generator,
    *,
    notes: tuple[str, ...] = (),
    draws: int = DRAWS,
) -> IncidentRisk:
    """Return the risk from records that lie on the line already; as `estimate_risk`."""
    origin = wall_days(at, zone)
    known, later = _known(records, origin)
    start = _begin(known, origin, settings, zone)
    masses = spread_events(strip, known, settings.spread_km * METRES_PER_KILOMETRE)
    fitted, drawn = _fit(masses, known, covariates, settings, start, origin, rng, draws)
    season = season_factor(known, start, origin, origin + WEEK_DAYS / 2)
    slow = np.array([*(season if m >= SLOW_DAYS else 1.0 for m in MEMORIES_DAYS),
                     *np.full(covariates.shares.shape[1], season)])  # fmt: skip
    strengths = event_strengths(known, origin, start, WEEK_DAYS)
    parts = put_together(masses, strengths, known.weight, fitted, covariates.shares, slow)
    sample = draw_intensity(
        masses, strengths, known.weight, known.event, drawn, covariates.shares, slow, rng
    )
    local = draw_local(parts, strip.cell_m, LOCAL_DRAWS * draws, rng)
    sample = np.tile(sample, (LOCAL_DRAWS, 1)) * local
    hours, days, near = _profiles(strip, known, settings.profile_events)
    weekly = parts.total
    shape = week_of_hours(hours, days)
    low, high = _intervals(sample, hours, days, near, settings.profile_events, rng)
    weekly_low, weekly_high = np.quantile(sample, INTERVAL, axis=0)
    total_low, total_high = np.quantile(sample.sum(axis=1), INTERVAL)
    return IncidentRisk(
        strip=strip,
        at=at,
        origin=origin,
        intensity=(weekly[:, None] * shape).astype(np.float32),
        low=low,
        high=high,
        weekly=weekly,
        weekly_low=weekly_low,
        weekly_high=weekly_high,
        total_low=float(total_low),
        total_high=float(total_high),
        draws=sample.astype(np.float32),
        hours=hours,
        days=days,
        season=season,
        parts=parts,
        records=known,
        covariates=covariates,
        notes=(*_say_record(known, start, origin), *later, *notes),
    )


def _known(records: Records, origin: float) -> tuple[Records, tuple[str, ...]]:
    """Return the records over by then, and a sentence for each other one."""
    over = records.end <= origin
    later = tuple(
        f"incident {records.ids[i]} ends after the forecast is made: it does not count"
        for i in np.nonzero(~over)[0]
    )
    return records.take(np.nonzero(over)[0]), later


def _begin(records: Records, origin: float, settings: RiskSettings, zone: ZoneInfo) -> float:
    """Return when the record begins [days], before the forecast and before its first event."""
    first = float(records.begin.min()) if len(records) else origin
    asked = origin - YEAR_DAYS
    if settings.record_from is not None:
        asked = wall_days(settings.record_from, zone)
    return min(first, asked, origin - LEAST_WEEKS * WEEK_DAYS)


def _say_record(records: Records, start: float, origin: float) -> tuple[str, ...]:
    years = (origin - start) / YEAR_DAYS
    count = len(np.unique(records.event))
    notes = [f"{count} events in {len(records)} reports over {years:.1f} years of record"]
    if not count:
        notes = [
            f"no event in {years:.1f} years of record: the figures come from the settings and"
            " the quiet alone"
        ]
    silent = origin - float(records.end.max(initial=start))
    if count and silent > SILENCE_DAYS:
        last = EPOCH + timedelta(days=float(records.end.max()))
        notes.append(
            f"the last event ended on {last:%d %B %Y}, {silent / YEAR_DAYS:.1f} years before the"
            " forecast: the time since counts as quiet. If nobody kept the record, add to it"
        )
    far = [records.ids[i] for i in np.nonzero(records.distance_m < 0)[0]]
    if far:
        names = ", ".join(far[:5]) + (f" and {len(far) - 5} more" if len(far) > 5 else "")
        notes.append(
            f"{len(far)} reports lie on the far side of the line ({names}):"
            " they count at their nearest cell"
        )
    return tuple(notes)


def _fit(
    masses: list[Sparse],
    records: Records,
    covariates: Covariates,
    settings: RiskSettings,
    start: float,
    origin: float,
    rng: np.random.Generator,
    draws: int,
) -> tuple[Floats, Floats]:
    """Return the weights of the mixture, and weights drawn from their posterior."""
    count = int((origin - start) // WEEK_DAYS)
    origins = origin - WEEK_DAYS * np.arange(count, 0, -1, dtype=np.float64)
    columns = look_back(masses, records, origins, start, WEEK_DAYS)
    shares = covariates.shares
    mean = prior_means(columns.shape[2], shares.shape[1], settings.background_per_week)
    totals = columns.sum(axis=1, dtype=np.float64)
    totals = np.hstack([totals, np.tile(shares.sum(axis=0), (count, 1))])
    week_weight = np.exp(-np.arange(count - 1, -1, -1) / settings.memory_weeks)
    middle = (records.begin + records.end) / 2
    week = np.floor((middle - origins[0]) / WEEK_DAYS).astype(np.int64)
    # A range longer than the fit can see tells it of no week; it still speaks in the forecast.
    used = np.nonzero((week >= 0) & (records.end - records.begin <= 31.5))[0]
    at_events = _gather(masses[0], columns, shares, used, week)
    args = (at_events, totals, records.weight[used] * week_weight[week[used]], week_weight)
    prior = settings.prior_events
    fitted = fit_mixture(*args, mean, prior, steps=FIT_STEPS)
    return fitted, draw_mixture(*args, week[used], mean, prior, fitted, rng, draws)


def _gather(
    own: Sparse, columns: NDArray[np.float32], shares: Floats, used: Cells, week: Cells
) -> Floats:
    """Return each column where and when each event fell, averaged over its area, (n, columns)."""
    out = np.empty((len(used), columns.shape[2] + shares.shape[1]))
    out[:, columns.shape[2] :] = own[used] @ shares
    order = np.argsort(week[used], kind="stable")
    cut = np.searchsorted(week[used][order], np.arange(len(columns) + 1))
    for number in range(len(columns)):
        rows = order[cut[number] : cut[number + 1]]
        if len(rows):
            out[rows, : columns.shape[2]] = own[used[rows]] @ columns[number]
    return out


def _profiles(strip: Strip, records: Records, prior: float) -> tuple[Floats, Floats, Floats]:
    """Return hours of each cell, days of the week, and events near each cell, (cells,)."""
    day_shares = share_of_bins(records.begin, records.end, DAYS, 1.0)
    days = fit_profile(day_shares, records.weight, prior)
    shares = blur_hours(share_of_bins(records.begin, records.end, HOURS, 1.0 / HOURS))
    line = fit_profile(shares, records.weight, prior)
    near = _nearness(strip, records)
    hours = profile_of_cells(shares, records.weight, near, line, prior)
    # How much of a day each event rules out: one without an hour tells nothing.
    sharp = records.weight * (1.0 - np.minimum(records.end - records.begin, 1.0))
    told = near.T @ sharp if len(records) else np.zeros(strip.cells)
    return hours, days, np.asarray(told)


def _nearness(strip: Strip, records: Records) -> Sparse:
    """Return how near each event is to each cell along the line, (n, cells), at most one."""
    from scipy import sparse

    placed = records.cell >= 0
    middle = strip.middles_m
    at_m = middle[np.maximum(records.cell, 0)]
    low = np.searchsorted(middle, at_m - 3 * NEAR_M)
    high = np.searchsorted(middle, at_m + 3 * NEAR_M)
    count = np.where(placed, high - low, 0)
    row = np.repeat(np.arange(len(records)), count)
    cell = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + low[row]
    apart = (middle[cell] - at_m[row]) / np.maximum(NEAR_M, records.radius_m[row])
    shape = (len(records), strip.cells)
    return sparse.csr_matrix((np.exp(-0.5 * apart**2), (row, cell)), shape)


def _intervals(
    sample: Floats,
    hours: Floats,
    days: Floats,
    near: Floats,
    prior: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the 90 % interval of each cell and hour of the week [1/h], each (cells, 168).

    The share of an hour scatters by a gamma law as sure as the events near the cell make it.
    """
    draws, cells = sample.shape
    low, high = np.empty((2, cells, HOURS_OF_WEEK), dtype=np.float32)
    sure = prior + near
    for first in range(0, cells, CELLS_AT_ONCE):
        part = slice(first, min(first + CELLS_AT_ONCE, cells))
        shape = hours[part] * sure[part, None]
        hour = rng.gamma(np.broadcast_to(shape, (draws, *shape.shape)))
        hour /= np.maximum(hour.sum(axis=2, keepdims=True), 1e-300)
        ends = np.quantile((sample[:, part, None] * hour).astype(np.float32), INTERVAL, axis=0)
        for end, out in zip(ends, (low, high), strict=True):
            out[part] = week_of_hours(end, days)
    return low, high
