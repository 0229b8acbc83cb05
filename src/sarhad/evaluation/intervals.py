"""Intervals of means over simulated weeks, and of rare counts.

References
----------
Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22,
doi:10.1080/01621459.1927.10502953.
Efron, B., Tibshirani, R. (1993). An introduction to the bootstrap: percentile intervals.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]

LEVEL: Final = 0.95
RESAMPLES: Final = 1000
SEED: Final = 20_251_126
"""Of the resampling: the same for every plan, so that intervals differ by their weeks alone."""


class Interval(NamedTuple):
    """A mean with its interval of 95 %."""

    mean: float
    low: float
    high: float


def mean_interval(weekly: Floats) -> Interval:
    """Return the mean over weeks with its percentile interval, weeks drawn anew.

    Parameters
    ----------
    weekly : ndarray, shape (weeks,)
        One figure for each week; what happens within a week is not independent.

    Raises
    ------
    ValueError
        If there is no week.
    """
    if not len(weekly):
        raise ValueError("a mean needs at least one week")
    rng = np.random.default_rng(SEED)
    counts = rng.multinomial(len(weekly), np.full(len(weekly), 1 / len(weekly)), size=RESAMPLES)
    ends = np.quantile(counts @ weekly / len(weekly), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    mean = float(weekly.mean())
    # Rounding must not put the mean of equal weeks outside.
    return Interval(mean, min(mean, float(ends[0])), max(mean, float(ends[1])))


def share_interval(weekly: Floats, trials: int) -> Interval:
    """Return a share with the wider of its interval over weeks and Wilson's over trials.

    Weeks that are all alike, for instance without any success, resample to nothing: Wilson's
    interval still says what so many trials can tell.

    Parameters
    ----------
    weekly : ndarray, shape (weeks,)
        Share of successes of each week [1].
    trials : int
        In all weeks together.
    """
    over_weeks = mean_interval(weekly)
    hits = min(max(round(over_weeks.mean * trials), 0), trials)
    wilson = stats.binomtest(hits, trials).proportion_ci(LEVEL, method="wilson")
    low, high = min(over_weeks.low, wilson.low), max(over_weeks.high, wilson.high)
    return Interval(over_weeks.mean, min(float(low), over_weeks.mean), float(high))
