"""Proof on the past: forecasts from rolling origins, scored on the weeks that followed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.risk.counts import (
    MEMORY_WEEKS,
    PRIOR_SHARES,
    count_cdf,
    fit_scatter,
    place_in_forecast,
    poisson_cdf,
)
from sarhad.risk.covariates import Covariates
from sarhad.risk.features import WEEK_DAYS, cells_of_events
from sarhad.risk.forecasts import Weeks, roll_baselines, roll_mixture
from sarhad.risk.records import EPOCH, Records, best_reports
from sarhad.risk.strip import Cells, Floats, Sparse, Strip
from sarhad.scenario import RiskSettings

OURS: Final = "sarhad"
STRETCH_M: Final = 50_000.0
"""Length of the stretches whose counts are calibrated [m]."""

HIT_SHARES: Final = (0.05, 0.1, 0.2)
EPOCH_DAY: Final = np.datetime64(EPOCH, "D")

RESAMPLES: Final = 4000
"""Draws of the bootstrap of a difference."""

LEAST_FORECAST: Final = 0.2
"""Stretch-weeks with a greater forecast are looked at by themselves [events]."""

FIRST_SCATTER: Final = 8
"""Weeks whose counts tell nothing yet of the scatter."""

LONGEST_DAYS: Final = 8.0
"""An event whose date is known to no better than this is not scored [days]."""


@dataclass(frozen=True, slots=True, eq=False)
class Forecasts:
    """Every forecast of a backtest and what it is scored on.

    Attributes
    ----------
    weeks : Weeks
        Origins and scored events.
    events : Records
        One report of each event; rows of `weeks.event`.
    means : dict of str to ndarray, each (forecasts, cells)
        Events that each model expects in each cell.
    choices : dict of str to list of str
        The setting that a baseline chose at each origin.
    counts : ndarray, shape (forecasts, stretches)
        Scored events of each stretch.
    stretch : ndarray of int, shape (cells,)
        Stretch of each cell.
    places : dict of str to ndarray, each (forecasts, stretches)
        Where the counts fell in the forecasts, 0 to 1.
    scatter : ndarray, shape (forecasts, 6)
        Shares of the negative binomial sizes in our forecast of counts.
    scores : dict of str to ndarray, each (forecasts,)
        Log score of each forecast, summed over its events.
    hits : dict of str to ndarray, each (forecasts, 3)
        Events in the 5, 10 and 20 % of the line with the highest forecast.
    """

    weeks: Weeks
    events: Records
    means: dict[str, Floats]
    choices: dict[str, list[str]]
    counts: Floats
    stretch: Cells
    places: dict[str, Floats]
    scatter: Floats
    scores: dict[str, Floats]
    hits: dict[str, Floats]


@dataclass(frozen=True, slots=True)
class ModelScore:
    """How one model did over some weeks; differences are ours minus it, None for ours.

    Attributes
    ----------
    log_score : float
        (Sum of log intensity at the events - integral) / n [nats per event].
    difference_low, difference_high : float or None
        95 % interval, single weeks drawn anew; `_blocks`: blocks of four weeks.
    hit_rate_5, hit_rate_10, hit_rate_20 : float
        Share of the events in so many per cent of the line.
    coverage_50, coverage_90 : float
        Share of the stretch-weeks whose count fell into the interval; `_busy` where at least
        0.2 events were forecast, None where there are none.
    """

    name: str
    log_score: float
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    difference_low_blocks: float | None
    difference_high_blocks: float | None
    hit_rate_5: float
    hit_rate_10: float
    hit_rate_20: float
    coverage_50: float
    coverage_90: float
    coverage_50_busy: float | None
    coverage_90_busy: float | None
    busy_stretches: int


def plan_weeks(
    strip: Strip, records: Records, ahead: int, until: float | None = None
) -> tuple[Weeks, Records]:
    """Return the weeks of a record and its events, one report each.

    Weeks begin on Mondays. An event is scored where its date is known to a week and its place
    to a point or a district; in the week that holds the middle of its date.

    Parameters
    ----------
    strip, records
        The line and its reports.
    ahead : int
        Weeks that one forecast covers.
    until : float, optional
        End of the last week at the latest [days]; that of the record where left out.

    Raises
    ------
    ValueError
        If the record is shorter than twelve weeks.
    """
    events = best_reports(records)
    if not len(events):
        raise ValueError("the record holds no event beside the line: there is nothing to score")
    start = float(np.floor(events.begin.min()))
    first = np.ceil(start / WEEK_DAYS) * WEEK_DAYS
    last = max(float(events.end.max()), 0.0) if until is None else until
    count = int((last - first) // WEEK_DAYS)
    if count < 12 + ahead:
        raise ValueError(f"the record is {max(count, 0)} weeks long: a backtest needs 12 at least")
    origins = first + WEEK_DAYS * np.arange(count)
    # A day ends where the next begins: its middle is that of the days, not of the hours.
    middle = (events.begin + np.maximum(events.end - 1.0, events.begin)) / 2
    week = np.floor((middle - first) / WEEK_DAYS).astype(np.int64)
    sharp = events.end - events.begin <= LONGEST_DAYS
    scored = np.nonzero(events.is_scored & sharp & (week >= 0) & (week < count))[0]
    scored = scored[np.argsort(week[scored], kind="stable")]
    own = week[scored]
    covered = [np.nonzero((own >= w) & (own < w + ahead))[0] for w in range(count - ahead + 1)]
    rows = np.concatenate(covered)
    where = _cells_of(strip, events.take(scored))[rows]
    forecast = np.repeat(np.arange(len(covered)), [len(part) for part in covered])
    return Weeks(origins, start, ahead, scored[rows], forecast, where), events


def _cells_of(strip: Strip, events: Records) -> Sparse:
    """Return ones in the cell of each point and in all cells of each area, (n, cells)."""
    where = cells_of_events(strip, events.east_m, events.north_m, events)
    where.data[:] = where.data > 1e-6
    where.eliminate_zeros()
    return where


def run_backtest(
    strip: Strip,
    records: Records,
    covariates: Covariates,
    settings: RiskSettings,
    *,
    ahead: int,
    rng: np.random.Generator,
    until: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Forecasts:
    """Return every forecast of every model over a record, each from what was known before.

    Parameters
    ----------
    strip, records, covariates, settings
        The line, its record, the background's columns and the settings of risk.
    ahead : int
        Weeks that one forecast covers: 1, or 4 for a month.
    rng : Generator
        Makes the places of counts in their forecast continuous.
    until, progress
        As in `plan_weeks` and `roll_mixture`.
    """
    weeks, events = plan_weeks(strip, records, ahead, until)
    ours = roll_mixture(strip, events, weeks, covariates.shares, settings, progress)
    others, choices = roll_baselines(strip, events, weeks)
    means = {OURS: ours, **others}
    stretches = max(1, round(strip.border.length_m / STRETCH_M))
    stretch = np.minimum((strip.middles_m // STRETCH_M).astype(np.int64), stretches - 1)
    counts = _count(weeks, events, stretch, stretches)
    chance = rng.random(counts.shape)
    places, scatter = _place_counts(weeks, means, counts, stretch, chance)
    scores = {name: weeks.score(mean) for name, mean in means.items()}
    hits = {name: _count_hits(weeks, mean) for name, mean in means.items()}
    return Forecasts(weeks, events, means, choices, counts, stretch, places, scatter, scores, hits)


def _count(weeks: Weeks, events: Records, stretch: Cells, stretches: int) -> Floats:
    counts = np.zeros((weeks.forecasts, stretches))
    np.add.at(counts, (weeks.week, stretch[events.cell[weeks.event]]), 1.0)
    return counts


def sum_stretches(mean: Floats, stretch: Cells) -> Floats:
    """Return forecasts (w, cells) summed over stretches, (w, stretches)."""
    return np.stack([np.bincount(stretch, row) for row in mean])


def _place_counts(
    weeks: Weeks, means: dict[str, Floats], counts: Floats, stretch: Cells, chance: Floats
) -> tuple[dict[str, Floats], Floats]:
    """Return where counts fell in each model's forecast, and the scatter of ours."""
    places = {}
    for name, mean in means.items():
        expected = sum_stretches(mean, stretch)
        below, upto = poisson_cdf(counts - 1, expected), poisson_cdf(counts, expected)
        places[name] = place_in_forecast(below, upto, chance)
    expected = sum_stretches(means[OURS], stretch)
    scatter = _roll_scatter(weeks, counts, expected)
    for week, shares in enumerate(scatter):
        below = count_cdf(counts[week] - 1, expected[week], shares)
        upto = count_cdf(counts[week], expected[week], shares)
        places[OURS][week] = place_in_forecast(below, upto, chance[week])
    return places, scatter


def _roll_scatter(weeks: Weeks, counts: Floats, expected: Floats) -> Floats:
    """Return the scatter of counts known at each origin, (forecasts, sizes)."""
    out = np.tile(PRIOR_SHARES, (weeks.forecasts, 1))
    for week in range(weeks.forecasts):
        last = week - weeks.ahead
        past = np.arange(FIRST_SCATTER, last + 1)
        if len(past):
            weight = np.exp(-(last - past) / MEMORY_WEEKS) / weeks.ahead
            out[week] = fit_scatter(counts[past], expected[past], weight)
    return out


def _count_hits(weeks: Weeks, mean: Floats) -> Floats:
    hits = np.zeros((weeks.forecasts, len(HIT_SHARES)))
    cut = np.searchsorted(weeks.week, np.arange(weeks.forecasts + 1))
    size = np.asarray(weeks.where.sum(axis=1)).ravel()
    for week in np.unique(weeks.week):
        rows = slice(cut[week], cut[week + 1])
        top = np.stack([top_cells(mean[week], share) for share in HIT_SHARES], axis=1)
        inside = weeks.where[rows] @ top
        hits[week] = (inside / size[rows, None]).sum(axis=0)
    return hits


def top_cells(mean: Floats, share: float) -> Floats:
    """Return how far each cell belongs to the share of the line with the highest forecast.

    One or nothing; cells that tie at the edge share what is left, so that no order of equals
    wins or loses.
    """
    wanted = round(share * len(mean))
    edge = np.sort(mean)[-wanted] if wanted else np.inf
    above, equal = mean > edge, mean == edge
    left = (wanted - above.sum()) / max(int(equal.sum()), 1)
    return np.asarray(above + left * equal, dtype=np.float64)


def score_models(
    forecasts: Forecasts, chosen: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[ModelScore, ...]:
    """Return the scores of all models over some forecasts, ours first.

    Parameters
    ----------
    forecasts : Forecasts
        From `run_backtest`.
    chosen : ndarray of bool, shape (forecasts,)
        Which forecasts count; they do not overlap.
    rng : Generator
        For the bootstrap.

    Raises
    ------
    ValueError
        If they hold no event.
    """
    week = np.nonzero(chosen)[0]
    count = forecasts.weeks.counts[week]
    if not count.sum():
        raise ValueError("the weeks to score hold no event")
    drawn = {block: _draw_weeks(len(week), block, rng) for block in (1, 4)}
    return tuple(_score_model(forecasts, name, week, drawn) for name in forecasts.means)


def _score_model(
    forecasts: Forecasts, name: str, week: NDArray[np.intp], drawn: dict[int, NDArray[np.intp]]
) -> ModelScore:
    events = forecasts.weeks.counts[week]
    score, n = forecasts.scores[name][week], forecasts.weeks.counts[week].sum()
    gain = forecasts.scores[OURS][week] - score
    ends: dict[int, tuple[float | None, float | None]] = {1: (None, None), 4: (None, None)}
    if name != OURS:
        ends = {block: _interval(gain, events, rows) for block, rows in drawn.items()}
    hit = forecasts.hits[name][week].sum(axis=0) / n
    place = forecasts.places[name][week]
    busy = sum_stretches(forecasts.means[name][week], forecasts.stretch) >= LEAST_FORECAST
    inside = {level: np.abs(place - 0.5) <= level / 2 for level in (0.5, 0.9)}
    some = bool(busy.any())
    return ModelScore(
        name=name,
        log_score=float(score.sum() / n),
        difference=None if name == OURS else float(gain.sum() / n),
        difference_low=ends[1][0],
        difference_high=ends[1][1],
        difference_low_blocks=ends[4][0],
        difference_high_blocks=ends[4][1],
        hit_rate_5=float(hit[0]),
        hit_rate_10=float(hit[1]),
        hit_rate_20=float(hit[2]),
        coverage_50=float(inside[0.5].mean()),
        coverage_90=float(inside[0.9].mean()),
        coverage_50_busy=float(inside[0.5][busy].mean()) if some else None,
        coverage_90_busy=float(inside[0.9][busy].mean()) if some else None,
        busy_stretches=int(busy.sum()),
    )


def _draw_weeks(count: int, block: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return weeks drawn anew in blocks that follow each other, (draws, count)."""
    block = min(block, count)
    starts = rng.integers(0, count - block + 1, (RESAMPLES, -(-count // block)))
    rows = starts[:, :, None] + np.arange(block)
    return rows.reshape(RESAMPLES, -1)[:, :count].astype(np.intp)


def _interval(gain: Floats, events: Floats, rows: NDArray[np.intp]) -> tuple[float, float]:
    mean = gain[rows].sum(axis=1) / np.maximum(events[rows].sum(axis=1), 1.0)
    low, high = np.quantile(mean, [0.025, 0.975])
    return float(low), float(high)


def coverage_over_seeds(
    forecasts: Forecasts, chosen: NDArray[np.bool_], rng: np.random.Generator, seeds: int = 20
) -> Floats:
    """Return our 90 % coverage, all stretch-weeks and busy ones, mean and range over seeds.

    Most stretch-weeks are nearly certain zeros, where the place of a count is chance alone;
    one seed is one draw of that chance.

    Returns
    -------
    ndarray, shape (2, 3)
        Rows all and busy; columns mean, least, greatest.
    """
    week = np.nonzero(chosen)[0]
    counts = forecasts.counts[week]
    expected = sum_stretches(forecasts.means[OURS][week], forecasts.stretch)
    shares = forecasts.scatter[week]
    below = np.stack(
        [count_cdf(c - 1, e, s) for c, e, s in zip(counts, expected, shares, strict=True)]
    )
    upto = np.stack([count_cdf(c, e, s) for c, e, s in zip(counts, expected, shares, strict=True)])
    busy = expected >= LEAST_FORECAST
    found = []
    for _ in range(seeds):
        place = place_in_forecast(below, upto, rng.random(counts.shape))
        inside = np.abs(place - 0.5) <= 0.45
        found.append((inside.mean(), inside[busy].mean() if busy.any() else np.nan))
    table = np.array(found).T
    return np.column_stack([table.mean(axis=1), table.min(axis=1), table.max(axis=1)])


def choose_forecasts(forecasts: Forecasts, first: float, last: float) -> NDArray[np.bool_]:
    """Return which forecasts to score: those within two days that do not overlap, (forecasts,).

    Parameters
    ----------
    forecasts : Forecasts
        From `run_backtest`.
    first, last : float
        Beginning and end of the time to score [days]; a forecast counts where it lies within.
    """
    weeks = forecasts.weeks
    origin = weeks.origins[: weeks.forecasts]
    inside = np.nonzero((origin >= first) & (origin + WEEK_DAYS * weeks.ahead <= last))[0]
    chosen = np.zeros(weeks.forecasts, dtype=bool)
    chosen[inside[:: weeks.ahead]] = True
    return chosen


def years_of(forecasts: Forecasts) -> NDArray[np.int64]:
    """Return the calendar year that holds most of each forecast's first week, (forecasts,)."""
    thursday = EPOCH_DAY + (forecasts.weeks.origins[: forecasts.weeks.forecasts] + 3).astype(int)
    return np.asarray(thursday.astype("datetime64[Y]").astype(np.int64) + 1970)
