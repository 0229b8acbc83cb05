from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from tests.risk.lines import records_at, strip_of

from sarhad.risk import Records, gather_covariates, run_backtest, score_models
from sarhad.risk.backtest import choose_forecasts, plan_weeks, top_cells, years_of
from sarhad.risk.features import MEMORIES_DAYS, look_back, spread_events
from sarhad.risk.forecasts import Weeks, smooth_along
from sarhad.risk.model import fit_mixture, prior_means
from sarhad.scenario import RiskSettings

LENGTH_M = 111_319.0


def simulate_hawkes(background: float, branching: float, days: float, seed: int) -> Records:
    """Return events that bring forth others within 14 days and 3 km, as arrays."""
    rng = np.random.default_rng(seed)
    strip = strip_of()
    count = rng.poisson(background * days)
    waiting = list(zip(rng.uniform(0, days, count), rng.uniform(0, LENGTH_M, count), strict=True))
    found = []
    while waiting:
        day, at_m = waiting.pop()
        found.append((day, at_m))
        for _ in range(rng.poisson(branching)):
            child = day + rng.exponential(14.0), at_m + rng.normal(0, 3_000.0)
            if child[0] < days and 0 < child[1] < LENGTH_M:
                waiting.append(child)
    day, at_m = np.array(sorted(found)).T
    return records_at(strip, day, at_m)


def short_memory(records: Records, weeks: int) -> float:
    """Return the fitted weight of all columns that remember a month at most."""
    strip = strip_of()
    masses = spread_events(strip, records, 5_000.0)
    origins = 7.0 * np.arange(weeks)
    columns = look_back(masses, records, origins, 0.0, 7.0)
    even = np.full((weeks, strip.cells, 1), 1 / strip.cells, np.float32)
    columns = np.concatenate([columns, even], axis=2)
    week = (records.begin // 7).astype(int)
    used = (week >= 1) & (week < weeks)
    fitted = fit_mixture(
        columns[week[used], records.cell[used]].astype(float), columns[1:].sum(axis=1),
        np.ones(int(used.sum())), np.ones(weeks - 1), prior_means(18, 1, 0.4), 2.0, steps=300,
    )  # fmt: skip
    short = np.tile(np.array(MEMORIES_DAYS) <= 30.0, 3)
    return float(fitted[:-1][short].sum())


def test_self_excitation_of_a_simulated_hawkes_process_is_recovered() -> None:
    # Of 0.6 children an event, those of the same week cannot be forecast from the week before:
    # over a memory of 14 days that leaves 1 - 14/7 (1 - exp(-7/14)) = 21 % out.
    found = [short_memory(simulate_hawkes(0.7, 0.6, 1400, seed), 200) for seed in range(3)]
    assert np.mean(found) == pytest.approx(0.6, abs=0.2)


def test_no_self_excitation_is_found_where_there_is_none() -> None:
    found = [short_memory(simulate_hawkes(1.7, 0.0, 1400, seed), 200) for seed in range(3)]
    assert np.mean(found) < 0.2


def test_log_score_by_hand() -> None:
    # Two weeks, three cells. Week 0: a point in cell 1. Week 1: an area of cells 0 and 2.
    where = sparse.csr_matrix([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
    weeks = Weeks(np.array([0.0, 7.0]), 0.0, 1, np.array([0, 1]), np.array([0, 1]), where)
    forecast = np.array([[0.1, 0.5, 0.2], [0.3, 0.1, 0.4]])
    # log 0.5 - 0.8 and log (0.3 + 0.4) - 0.8
    assert weeks.score(forecast) == pytest.approx([np.log(0.5) - 0.8, np.log(0.7) - 0.8])


def test_month_scores_an_event_in_each_forecast_that_covers_it() -> None:
    records = records_at(strip_of(), np.arange(0, 200.0, 2.0), np.full(100, 5e4))
    weeks, _ = plan_weeks(strip_of(), records, 4)
    assert weeks.forecasts == len(weeks.origins) - 3
    # 3.5 events a week: 14 in each month.
    assert weeks.counts == pytest.approx(14.0, abs=1)


def test_events_are_known_only_after_their_end() -> None:
    strip = strip_of()
    records = records_at(strip, [6.0, 8.0], [5e4, 5e4])
    masses = spread_events(strip, records, 5_000.0)
    origins = np.array([0.0, 7.0, 14.0])
    both = look_back(masses, records, origins, 0.0, 7.0)
    first = records.take(np.array([0]))
    alone = look_back([mass[:1] for mass in masses], first, origins, 0.0, 7.0)
    assert both[0].sum() == 0
    np.testing.assert_array_equal(both[1], alone[1])
    assert both[2].sum() > alone[2].sum()


def test_a_forecast_does_not_change_with_what_comes_later() -> None:
    strip = strip_of()
    rng = np.random.default_rng(5)
    day, at_m = np.sort(rng.uniform(0, 300, 90)), rng.uniform(0, LENGTH_M, 90)
    records, covariates = records_at(strip, day, at_m), gather_covariates(strip)
    early = records.take(np.nonzero(day < 200)[0])
    whole, part = (
        run_backtest(strip, some, covariates, RiskSettings(), ahead=1, until=196.0,
                     rng=np.random.default_rng(0))
        for some in (records, early)
    )  # fmt: skip
    for name in whole.means:
        np.testing.assert_allclose(whole.means[name], part.means[name], rtol=1e-6)


def test_ours_beats_uniform_on_hot_spots_and_is_calibrated_on_even_time() -> None:
    strip = strip_of()
    rng = np.random.default_rng(6)
    day = np.sort(rng.uniform(0, 7 * 150, 600))
    at_m = np.clip(rng.choice([2e4, 8e4], 600) + rng.normal(0, 3e3, 600), 0, LENGTH_M)
    past = run_backtest(strip, records_at(strip, day, at_m), gather_covariates(strip),
                        RiskSettings(), ahead=1, rng=rng)  # fmt: skip
    chosen = choose_forecasts(past, 350.0, 1050.0)
    ours, uniform, spots, kernel = score_models(past, chosen, rng)
    assert (ours.name, ours.difference) == ("sarhad", None)
    assert uniform.difference_low > 0.5
    assert uniform.difference == pytest.approx(ours.log_score - uniform.log_score)
    assert 0.85 <= ours.coverage_90 <= 0.97
    assert {spots.name, kernel.name} == {"hotspot90", "kernel"}
    again = score_models(past, chosen, np.random.default_rng(6))
    assert replace(again[0]) == ours


def test_cells_that_tie_share_what_is_left() -> None:
    # Half of six cells: the best one whole, four equals share the other two.
    top = top_cells(np.array([9.0, 1.0, 1.0, 1.0, 1.0, 0.0]), 0.5)
    assert top == pytest.approx([1.0, 0.5, 0.5, 0.5, 0.5, 0.0])


def test_smoothing_along_the_line_keeps_every_event_on_it() -> None:
    shares = smooth_along(strip_of(), 20_000.0)
    assert shares.sum(axis=0) == pytest.approx(np.ones(100))


def test_year_is_that_of_the_week_s_thursday() -> None:
    strip = strip_of()
    # Days since Monday 5 January 1970; Monday 31 December 2018 belongs to 2019.
    monday = float((np.datetime64("2018-12-31") - np.datetime64("1970-01-05")).astype(int))
    day = monday - 7 * 20 + np.arange(0, 7 * 21, 2.0)
    past = run_backtest(strip, records_at(strip, day, np.full(len(day), 5e4)),
                        gather_covariates(strip), RiskSettings(), ahead=1,
                        rng=np.random.default_rng(0), until=monday + 7.0)  # fmt: skip
    assert years_of(past)[-1] == 2019
    assert years_of(past)[-2] == 2018


def test_too_short_a_record_is_refused() -> None:
    with pytest.raises(ValueError, match="a backtest needs 12 at least"):
        plan_weeks(strip_of(), records_at(strip_of(), [0.0, 30.0], [5e4, 5e4]), 1)


def test_record_without_an_event_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to score"):
        plan_weeks(strip_of(), records_at(strip_of(), [], []), 1)
