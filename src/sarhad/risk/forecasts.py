"""Rolling forecasts: ours and those that people make today, each from what was known before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.risk.features import MEMORIES_DAYS, WEEK_DAYS, look_back, spread_events
from sarhad.risk.model import fit_mixture, prior_means
from sarhad.risk.records import Records
from sarhad.risk.strip import Cells, Floats, Sparse, Strip
from sarhad.scenario import RiskSettings
from sarhad.units import METRES_PER_KILOMETRE

KERNELS_KM: Final = (2.0, 5.0, 10.0, 20.0, 50.0)
WINDOWS_DAYS: Final = (90.0, 365.0, np.inf)
EVEN_SHARES: Final = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1)
"""Shares of an even forecast mixed into each baseline, the best on the past chosen: without one
a single event in a cell without record would cost it everything."""

FIRST_CHOICE: Final = 4
"""Weeks that count first when a baseline chooses among its settings."""


@dataclass(frozen=True, slots=True, eq=False)
class Weeks:
    """The weeks of a record, and the events that each forecast is scored on.

    Attributes
    ----------
    origins : ndarray, shape (w,)
        Beginning of each week [days of the wall clock].
    start : float
        When the record begins [days].
    ahead : int
        Weeks that one forecast covers.
    event, week : ndarray of int, shape (m,)
        Row of each scored event and the origin of the forecast that it is scored in; an event
        is scored in each forecast that covers it.
    where : sparse, shape (m, cells)
        Ones in the cell of each event, or in all cells of its area.
    """

    origins: Floats
    start: float
    ahead: int
    event: Cells
    week: Cells
    where: Sparse

    @property
    def forecasts(self) -> int:
        """Return how many origins have their whole forecast within the record."""
        return len(self.origins) - self.ahead + 1

    @property
    def counts(self) -> Floats:
        """Return the scored events in each forecast, shape (forecasts,)."""
        return np.bincount(self.week, minlength=self.forecasts).astype(np.float64)

    def at_events(self, forecast: NDArray[np.floating]) -> Floats:
        """Return a forecast (w, cells, ...) at the scored events, summed over areas."""
        cut = np.searchsorted(self.week, np.arange(self.forecasts + 1))
        parts = [self.where[cut[w] : cut[w + 1]] @ forecast[w] for w in range(self.forecasts)]
        return np.concatenate(parts).astype(np.float64)

    def score(self, forecast: Floats) -> Floats:
        """Return the log score of each forecast: sum at its events less its integral."""
        logs = np.log(np.maximum(self.at_events(forecast), 1e-300))
        sums = np.bincount(self.week, logs, self.forecasts)
        return np.asarray(sums - forecast[: self.forecasts].sum(axis=1))


def roll_mixture(
    strip: Strip,
    records: Records,
    weeks: Weeks,
    backgrounds: Floats,
    settings: RiskSettings,
    progress: Callable[[int, int], None] | None = None,
) -> Floats:
    """Return our forecast from each origin, fitted to what was known before, (forecasts, cells).

    Parameters
    ----------
    strip, records, weeks
        The line, its events and the weeks.
    backgrounds : ndarray, shape (cells, columns)
        From `gather_covariates`.
    settings : RiskSettings
        Spread, memory and prior.
    progress : callable, optional
        Called with the forecasts done and all of them.
    """
    spread_m = settings.spread_km * METRES_PER_KILOMETRE
    masses = spread_events(strip, records, spread_m)
    columns = look_back(masses, records, weeks.origins, weeks.start, WEEK_DAYS)
    shape = (len(weeks.origins), *backgrounds.shape)
    even = np.broadcast_to(backgrounds.astype(np.float32), shape)
    columns = np.concatenate([columns, even], axis=2) * np.float32(weeks.ahead)
    mean = prior_means(
        len(masses) * len(MEMORIES_DAYS), backgrounds.shape[1], settings.background_per_week
    )
    at_events, totals = weeks.at_events(columns), columns.sum(axis=1, dtype=np.float64)
    cut = np.searchsorted(weeks.week, np.arange(weeks.forecasts + 1))
    out, fitted = np.empty((weeks.forecasts, strip.cells)), mean
    for week in range(weeks.forecasts):
        # The newest forecast whose time is over; the first has no record behind it.
        last = week - weeks.ahead
        if last >= 1:
            used = slice(cut[1], cut[last + 1])
            age = last - np.arange(1, last + 1)
            counted = np.exp(-age / settings.memory_weeks)
            weight = counted[weeks.week[used] - 1] / weeks.ahead
            fitted = fit_mixture(
                at_events[used], totals[1 : last + 1], weight, counted / weeks.ahead,
                mean, settings.prior_events, fitted,
            )  # fmt: skip
        out[week] = columns[week] @ fitted
        if progress is not None:
            progress(week + 1, weeks.forecasts)
    return out


def roll_baselines(
    strip: Strip, records: Records, weeks: Weeks
) -> tuple[dict[str, Floats], dict[str, list[str]]]:
    """Return the forecasts that people make today, each (forecasts, cells), and their choices.

    Uniform: the mean rate of the record, evenly. Hot spots: counts of the last 90 days per
    cell. Kernel: counts of the last 90 days, 365 days or all, smoothed along the line by 2, 5,
    10, 20 or 50 km. Of the latter two the setting that scored best so far is used each time.
    """
    rates = {window: _window_rates(strip, records, weeks, window) for window in WINDOWS_DAYS}
    ahead = weeks.ahead
    # Half an event in the record, so that an empty one forecasts something.
    least = WEEK_DAYS * 0.5 / np.maximum(weeks.origins - weeks.start, 1.0)
    mean_rate = rates[np.inf].sum(axis=1) + least
    uniform = ahead * np.repeat(mean_rate[:, None] / strip.cells, strip.cells, axis=1)
    spots = {f"90 d, {s:.1%} even": ahead * _with_even(rates[90.0], least, s) for s in EVEN_SHARES}
    kernels = {}
    for width in KERNELS_KM:
        smooth = smooth_along(strip, width * METRES_PER_KILOMETRE)
        for window, rate in rates.items():
            smoothed = rate @ smooth.T
            span = "all" if np.isinf(window) else f"{window:.0f} d"
            for share in EVEN_SHARES:
                name = f"{width:g} km, {span}, {share:.1%} even"
                kernels[name] = ahead * _with_even(smoothed, least, share)
    spot, spot_names = _choose(weeks, spots)
    kernel, kernel_names = _choose(weeks, kernels)
    forecasts = {"uniform": uniform[: weeks.forecasts], "hotspot90": spot, "kernel": kernel}
    return forecasts, {"hotspot90": spot_names, "kernel": kernel_names}


def smooth_along(strip: Strip, width_m: float) -> Floats:
    """Return the share that an event in each cell (column) gives to each (row), (cells, cells)."""
    middle = strip.middles_m
    shares = np.exp(-0.5 * ((middle[:, None] - middle) / width_m) ** 2)
    return np.asarray(shares / shares.sum(axis=0))


def _window_rates(strip: Strip, records: Records, weeks: Weeks, window: float) -> Floats:
    """Return events per cell and week in a window before each origin, (w, cells)."""
    middle = (records.begin + records.end - 1.0) / 2
    placed = records.cell >= 0
    out = np.zeros((len(weeks.origins), strip.cells))
    for week, origin in enumerate(weeks.origins):
        span = min(window, max(origin - weeks.start, 1.0))
        known = placed & (records.end <= origin) & (middle >= origin - span)
        counts = np.bincount(records.cell[known], records.weight[known], strip.cells)
        out[week] = counts * WEEK_DAYS / span
    return out


def _with_even(rate: Floats, least: Floats, share: float) -> Floats:
    """Return a rate with a share of its total, and at least a little, spread evenly."""
    total = rate.sum(axis=1, keepdims=True)
    cells = rate.shape[1]
    shape = np.where(total > 0, rate / np.maximum(total, 1e-12), 1.0 / cells)
    return np.asarray((total + least[:, None]) * ((1.0 - share) * shape + share / cells))


def _choose(weeks: Weeks, candidates: dict[str, Floats]) -> tuple[Floats, list[str]]:
    """Return at each origin the candidate that scored best on the forecasts over by then."""
    names: Sequence[str] = list(candidates)
    scores = np.array([weeks.score(forecast) for forecast in candidates.values()])
    out, chosen = np.empty((weeks.forecasts, candidates[names[0]].shape[1])), []
    for week in range(weeks.forecasts):
        last = week - weeks.ahead
        past = scores[:, FIRST_CHOICE : last + 1].sum(axis=1)
        best = int(past.argmax()) if last >= FIRST_CHOICE else 0
        out[week] = candidates[names[best]][week]
        chosen.append(names[best])
    return out, chosen
