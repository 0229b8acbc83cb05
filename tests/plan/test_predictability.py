"""What a watcher can say: by hand, by simulation, and of days that are not independent."""

from __future__ import annotations

import numpy as np
import pytest
from tests.plan.made_plan import NETWORK, fly, lottery, spread_plan, stay

from sarhad.plan import cover_by_schedule, greatest_share, measure_predictability, repeat_chance
from sarhad.plan.predictability import alike, judge_days

PLACES = [[stay(0, cell, start)] for cell in (4, 6, 8) for start in (7, 12, 16)]


def test_repeat_chance_of_equal_unlike_days_is_one_less_good_s_missing_mass() -> None:
    # Nine days that share nothing, a ninth each: 1 - (8/9)^7 = 0.5615.
    plan = lottery(PLACES)
    assert alike(cover_by_schedule(plan, NETWORK)).sum() == 9
    assert repeat_chance(plan, NETWORK) == pytest.approx(1 - (8 / 9) ** 7)


def test_fixed_timetable_repeats_surely_under_any_name() -> None:
    assert repeat_chance(lottery([[stay(0, 6)]]), NETWORK) == pytest.approx(1.0)
    # Two schedules that differ in a flight over the far end, where most of the cover is the same.
    near = [stay(0, 6), stay(1, 7), stay(3, 8)]
    assert repeat_chance(lottery([near, [*near, fly()]]), NETWORK) > 0.99
    assert repeat_chance(lottery([[], []]), NETWORK) == pytest.approx(1.0)


def test_greatest_share_keeps_the_cap_and_not_much_less() -> None:
    share = greatest_share(0.25)
    assert share == pytest.approx(0.0402644, rel=1e-4)  # 1 - exp(ln(0.75) / 7)
    assert 1 - (1 - share) ** 7 == pytest.approx(0.25)
    with pytest.raises(ValueError, match="within 0 and 1"):
        greatest_share(1.1)


def test_repeat_chance_is_that_of_simulated_weeks() -> None:
    plan = spread_plan(count=12)
    rng = np.random.default_rng(2)
    shares = plan.probabilities / plan.probabilities.sum()
    same = alike(cover_by_schedule(plan, NETWORK))
    days = rng.choice(12, (40_000, 8), p=shares)
    repeated = same[days[:, :7], days[:, 7:]].any(axis=1).mean()
    error = np.sqrt(0.25 / 40_000)
    assert abs(repeat_chance(plan, NETWORK) - repeated) < 4 * error


def test_cover_given_an_unlike_day_differs_by_no_more_than_the_repeat_chance() -> None:
    plan = spread_plan(count=12, seed=4)
    shares = plan.probabilities / plan.probabilities.sum()
    cover = cover_by_schedule(plan, NETWORK).reshape(12, -1)
    repeated = 1 - (1 - alike(cover) @ shares) ** 7
    unlike = (shares * (1 - repeated)) @ cover / (shares @ (1 - repeated))
    assert np.abs(unlike - shares @ cover).max() <= repeat_chance(plan, NETWORK)


def test_independent_days_tell_nothing_of_the_next() -> None:
    found = measure_predictability(spread_plan(), NETWORK, 20_000, np.random.default_rng(1))
    assert found.largest_z < found.limit_z
    assert found.conditional < 5 * found.conditional_error
    assert found.conditional_error < 0.05
    # A frequency of seven days has the variance p (1 - p) / 7 on top.
    assert found.watcher_skill == pytest.approx(-1 / 7, abs=0.02)
    assert 0.05 < found.watcher_error < 0.2


def test_days_that_alternate_are_found_out() -> None:
    cover = np.array([[True, False], [False, True]])
    first = np.random.default_rng(0).integers(0, 2, 2000)
    days = (first[:, None] + np.arange(8)) % 2
    found = judge_days(days, cover, np.array([0.5, 0.5]))
    assert found.conditional == pytest.approx(0.5)
    assert found.largest_z > 10 * found.limit_z


def test_a_rota_of_fixed_days_is_found_out() -> None:
    # Each schedule once in seven days, in turn: the one not seen in the last six days comes next.
    cover = np.eye(7, dtype=bool)
    first = np.random.default_rng(0).integers(0, 7, 4000)
    days = (first[:, None] + np.arange(8)) % 7
    found = judge_days(days, cover, np.full(7, 1 / 7))
    assert found.largest_z > found.limit_z
