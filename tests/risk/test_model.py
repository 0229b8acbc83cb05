from __future__ import annotations

import numpy as np
import pytest
from tests.risk.lines import records_at, strip_of

from sarhad.risk.model import draw_mixture, fit_mixture, prior_means
from sarhad.risk.profiles import blur_hours, fit_profile, season_factor, share_of_bins


def test_without_events_the_posterior_mean_is_that_of_gamma_and_poisson() -> None:
    # Gamma(2 x 0.4, 2), 100 weeks of exposure 1 and no event: 0.8 / 102.
    fitted = fit_mixture(np.zeros((0, 1)), np.ones((100, 1)), np.zeros(0), np.ones(100),
                         np.array([0.4]), 2.0)  # fmt: skip
    assert fitted == pytest.approx([0.8 / 102])


def test_one_column_gives_the_gamma_poisson_mean() -> None:
    # Gamma(2 x 0.4, 2) and 30 events in 100 weeks: 30.8 / 102.
    fitted = fit_mixture(np.full((30, 1), 0.01), np.ones((100, 1)), np.ones(30), np.ones(100),
                         np.array([0.4]), 2.0)  # fmt: skip
    assert fitted == pytest.approx([30.8 / 102])


def test_every_step_raises_the_posterior() -> None:
    rng = np.random.default_rng(0)
    at, totals = rng.gamma(1.0, size=(200, 4)), rng.gamma(20.0, size=(50, 4))
    mean, prior = np.full(4, 0.3), 2.0

    def posterior(a: np.ndarray) -> float:
        told = np.log(at @ a).sum() - (totals @ a).sum()
        return float(told + (prior * mean * np.log(a) - prior * a).sum())

    values = [
        posterior(fit_mixture(at, totals, np.ones(200), np.ones(50), mean, prior, steps=k))
        for k in range(1, 30)
    ]
    assert (np.diff(values) >= -1e-9).all()


def test_draws_scatter_as_the_gamma_posterior_does() -> None:
    # 400 events in 200 weeks, no prior to speak of: sd of the rate sqrt(400) / 200 = 0.1.
    rng = np.random.default_rng(3)
    week = np.repeat(np.arange(200), 2)
    drawn = draw_mixture(np.full((400, 1), 0.1), np.ones((200, 1)), np.ones(400), np.ones(200),
                         rng.integers(0, 200, 400), np.array([0.4]), 2.0, np.array([2.0]), rng,
                         2000)  # fmt: skip
    assert len(week) == 400
    assert drawn.mean() == pytest.approx(400.8 / 202, rel=0.03)
    assert drawn.std() == pytest.approx(0.1, rel=0.15)


def test_prior_means_share_what_is_given() -> None:
    assert prior_means(18, 2, 0.4) == pytest.approx([0.97 / 18] * 18 + [0.2, 0.2])


def test_night_tells_of_its_hours_together() -> None:
    # 18:00 to 06:00 of a Monday: a twelfth in each of twelve hours, nothing by day.
    shares = share_of_bins(np.array([0.75]), np.array([1.25]), 24, 1 / 24)
    assert shares[0, [18, 23, 0, 5]] == pytest.approx(1 / 12)
    assert shares[0, 6:18].sum() == pytest.approx(0.0, abs=1e-9)
    assert blur_hours(shares).sum() == pytest.approx(1.0)


def test_event_without_an_hour_changes_no_profile() -> None:
    known = share_of_bins(np.array([0.5]), np.array([0.52]), 24, 1 / 24)
    vague = share_of_bins(np.array([3.0]), np.array([9.0]), 24, 1 / 24)
    alone = fit_profile(known, np.ones(1), 24.0)
    both = fit_profile(np.vstack([known, vague]), np.ones(2), 24.0)
    assert both == pytest.approx(alone, abs=1e-9)
    # (1 + 1) / (24 + 1) in its hour.
    assert alone[12] == pytest.approx(2 / 25)


def test_many_events_overrule_the_flat_profile() -> None:
    begin = np.full(2400, 0.25)
    shares = share_of_bins(begin, begin + 0.01, 24, 1 / 24)
    assert fit_profile(shares, np.ones(2400), 24.0)[6] == pytest.approx(2401 / 2424)


def test_season_needs_a_whole_year_of_record() -> None:
    records = records_at(strip_of(), np.arange(10.0), np.full(10, 5e4))
    assert season_factor(records, 0.0, 300.0, 303.5) == 1.0


def test_season_of_equal_years_is_shrunk_by_four_flat_ones() -> None:
    # Four years, 24 events in the same fortnight of each: each counts half, 12 times the share.
    day = np.concatenate([year * 365.25 + np.linspace(0, 14, 24) for year in range(4)])
    records = records_at(strip_of(), day, np.full(96, 5e4))
    # (4 + 4 x 0.5 x 12) / (4 + 4 x 0.5) = 28 / 6
    found = season_factor(records, 0.0, 4 * 365.25, 4 * 365.25 + 7)
    assert found == pytest.approx(28 / 6, rel=0.01)
