"""Counts of a stretch: events cluster, so they scatter more than their mean alone says."""

from __future__ import annotations

from typing import Final

import numpy as np

from sarhad.risk.strip import Floats

SIZES: Final = np.array([0.1, 0.3, 1.0, 3.0, 10.0, 40.0])
"""Sizes of the negative binomial laws that are mixed; a small one means heavy clustering."""

PRIOR_SHARES: Final = np.array([0.03, 0.07, 0.2, 0.3, 0.25, 0.15])
PRIOR_COUNTS: Final = 20.0
MEMORY_WEEKS: Final = 26.0
LEAST_MEAN: Final = 0.05
"""Stretches with a smaller mean tell nothing of the scatter [events]."""

STEPS: Final = 15


def log_negative_binomial(count: Floats, mean: Floats, size: Floats) -> Floats:
    """Return the log probability of counts under negative binomial laws of mean and size."""
    from scipy.special import gammaln

    mean = np.maximum(mean, 1e-12)
    ways = gammaln(count + size) - gammaln(size) - gammaln(count + 1.0)
    return np.asarray(ways - size * np.log1p(mean / size) + count * np.log(mean / (size + mean)))


def fit_scatter(counts: Floats, means: Floats, week_weight: Floats) -> Floats:
    """Return the share of each size that past forecasts speak for, shape (6,).

    Parameters
    ----------
    counts, means : ndarray, shape (w, stretches)
        What happened in past weeks and what had been forecast.
    week_weight : ndarray, shape (w,)
        How much each week counts.
    """
    shares = PRIOR_SHARES
    used = week_weight[:, None] * (means >= LEAST_MEAN)
    chance = np.exp(log_negative_binomial(counts[..., None], means[..., None], SIZES))
    for _ in range(STEPS):
        part = shares * chance
        part /= np.maximum(part.sum(axis=-1, keepdims=True), 1e-300)
        shares = (part * used[..., None]).sum(axis=(0, 1)) + PRIOR_COUNTS * PRIOR_SHARES
        shares = shares / shares.sum()
    return np.asarray(shares)


def count_cdf(count: Floats, mean: Floats, shares: Floats) -> Floats:
    """Return the probability of at most so many events under the mixture."""
    from scipy.special import betainc

    mean, below = np.maximum(mean, 1e-12), np.maximum(count, 0.0)
    laws = [share * betainc(size, below + 1.0, size / (size + mean))
            for share, size in zip(shares, SIZES, strict=True)]  # fmt: skip
    return np.where(np.asarray(count) < 0, 0.0, np.sum(laws, axis=0))


def poisson_cdf(count: Floats, mean: Floats) -> Floats:
    """Return the probability of at most so many events of a Poisson law."""
    from scipy.special import gammaincc

    mean, below = np.maximum(mean, 1e-12), np.maximum(count, 0.0)
    return np.where(np.asarray(count) < 0, 0.0, gammaincc(below + 1.0, mean))


def place_in_forecast(before: Floats, upto: Floats, chance: Floats) -> Floats:
    """Return where counts fell in their forecast, 0 to 1, even if the forecast is right.

    The probability integral transform of a count, made continuous by chance: between the
    probability of fewer and that of at most so many.

    References
    ----------
    Czado, C., Gneiting, T. and Held, L. (2009), Predictive model assessment for count data,
    doi:10.1111/j.1541-0420.2009.01191.x.
    """
    return np.asarray(before + chance * (upto - before))
