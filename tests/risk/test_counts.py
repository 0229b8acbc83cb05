from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, nbinom, poisson

from sarhad.risk.counts import (
    PRIOR_SHARES,
    SIZES,
    count_cdf,
    fit_scatter,
    log_negative_binomial,
    place_in_forecast,
    poisson_cdf,
)


def test_laws_are_those_of_scipy() -> None:
    count, mean = np.arange(-1.0, 30.0), np.full(31, 4.2)
    size = 1.7
    law = nbinom(size, size / (size + 4.2))
    assert poisson_cdf(count, mean) == pytest.approx(poisson(4.2).cdf(count))
    found = log_negative_binomial(count[1:], mean[1:], np.array(size))
    assert found == pytest.approx(law.logpmf(count[1:]))
    mixed = sum(s * nbinom(r, r / (r + 4.2)).cdf(count) for s, r in
                zip(PRIOR_SHARES, SIZES, strict=True))  # fmt: skip
    assert count_cdf(count, mean, PRIOR_SHARES) == pytest.approx(mixed)


def test_places_of_counts_are_even_under_the_true_law() -> None:
    rng = np.random.default_rng(2)
    mean = rng.gamma(0.5, 4.0, 4000)
    size = SIZES[rng.choice(len(SIZES), 4000, p=PRIOR_SHARES)]
    count = rng.poisson(mean * rng.gamma(size) / size)
    below, upto = (count_cdf(count - k, mean, PRIOR_SHARES) for k in (1, 0))
    place = place_in_forecast(below, upto, rng.random(4000))
    assert kstest(place, "uniform").pvalue > 0.01


def test_scatter_of_clustered_counts_is_found() -> None:
    rng = np.random.default_rng(4)
    mean = np.full((300, 8), 3.0)
    counts = rng.poisson(mean * rng.gamma(1.0, size=mean.shape))
    shares = fit_scatter(counts.astype(float), mean, np.ones(300))
    assert SIZES[shares.argmax()] == 1.0
    even = fit_scatter(rng.poisson(mean).astype(float), mean, np.ones(300))
    assert even[SIZES >= 10.0].sum() > 0.8
