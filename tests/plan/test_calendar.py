"""The draw can be redone, tells nothing before, and cannot be changed after."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from tests.plan.made_plan import NETWORK, fly, lottery, spread_plan, stay

from sarhad.errors import PredictablePlanError
from sarhad.plan import (
    commit_seed,
    day_key,
    draw_calendar,
    draw_weeks,
    find_plan_breaches,
    fingerprint_plan,
    join_seeds,
    verify_calendar,
    verify_day,
)

START = datetime(2025, 12, 8, 6, tzinfo=timezone(timedelta(hours=5)))
SEED = bytes(range(32))
PLAN = spread_plan()


def test_made_plan_is_legal() -> None:
    assert find_plan_breaches(PLAN, NETWORK) == ()


def test_calendar_is_the_same_every_time_and_another_with_another_seed() -> None:
    one, two = (draw_calendar(PLAN, NETWORK, START, 28, SEED) for _ in range(2))
    other = draw_calendar(PLAN, NETWORK, START, 28, SEED[::-1])
    assert one == two
    assert one.schedules != other.schedules
    assert one.commitment.whole != other.commitment.whole


def test_auditor_can_redo_a_day_with_a_hash_alone() -> None:
    # What docs/background/calendar.md says, in so many lines, without our code.
    calendar = draw_calendar(PLAN, NETWORK, START, 7, SEED)
    for number in range(7):
        instant = (START + timedelta(days=number)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        key = hmac.new(SEED, b"sarhad calendar 1 day key" + instant.encode(), "sha256").digest()
        digest = hashlib.sha256(b"sarhad calendar 1 draw" + key).digest()
        share = int.from_bytes(digest[:8], "big") // 2**11 / 2**53
        running, schedule = 0.0, -1
        total = sum(PLAN.probabilities.tolist())
        while running <= share * total:
            schedule += 1
            running += PLAN.probabilities[schedule]
        assert calendar.schedules[number] == schedule


def test_day_is_drawn_alike_whatever_the_horizon_around_it() -> None:
    week = draw_calendar(PLAN, NETWORK, START, 7, SEED)
    later = draw_calendar(PLAN, NETWORK, START + timedelta(days=3), 9, SEED)
    assert week.schedules[3:] == later.schedules[:4]


def test_right_calendar_is_verified() -> None:
    calendar = draw_calendar(PLAN, NETWORK, START, 7, SEED)
    assert verify_calendar(calendar, PLAN, SEED, calendar.commitment.whole) == ()


def test_every_change_is_found() -> None:
    calendar = draw_calendar(PLAN, NETWORK, START, 7, SEED)
    told = calendar.commitment
    moved = replace(calendar, schedules=(calendar.schedules[0] + 1, *calendar.schedules[1:]))
    assert "was not drawn" in verify_calendar(moved, PLAN, SEED, told.whole)[0]
    assert "seed is not" in verify_calendar(calendar, PLAN, SEED[::-1], told.whole)[0]
    assert "not the published" in verify_calendar(calendar, PLAN, SEED, "0" * 64)[0]
    shares = PLAN.probabilities[::-1]
    assert (
        "plan is not"
        in verify_calendar(calendar, replace(PLAN, probabilities=shares), SEED, told.whole)[0]
    )


def test_one_day_is_opened_without_the_others() -> None:
    calendar = draw_calendar(PLAN, NETWORK, START, 7, SEED)
    told, key = calendar.commitment, day_key(SEED, calendar.starts[2])
    assert verify_day(told, 2, key, calendar.schedules[2], PLAN) == ()
    assert "was not drawn" in verify_day(told, 2, key, calendar.schedules[2] + 1, PLAN)[0]
    assert "key is not" in verify_day(told, 3, key, calendar.schedules[2], PLAN)[0]
    other = replace(told, days=told.days[::-1])
    assert "not those of the commitment" in verify_day(other, 2, key, 0, PLAN)[0]


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAN, name="other"),
        replace(PLAN, probabilities=PLAN.probabilities * (1 + 1e-15)),
        replace(PLAN, day_until=PLAN.day_until - np.int8(1)),
        replace(PLAN, schedules=PLAN.schedules[::-1]),
        replace(PLAN, schedules=(lottery([[stay(0, 7)]]).schedules[0], *PLAN.schedules[1:])),
    ],
)
def test_fingerprint_binds_all_of_a_plan(other) -> None:
    assert fingerprint_plan(other) != fingerprint_plan(PLAN)
    assert fingerprint_plan(spread_plan()) == fingerprint_plan(PLAN)


def test_joint_seed_depends_on_every_party_and_on_no_order() -> None:
    seeds = {"TJ": bytes(16), "RU": bytes(range(16)), "CSTO": b"x" * 16}
    joined = join_seeds(seeds)
    assert join_seeds(dict(reversed(seeds.items()))) == joined
    assert all(join_seeds(seeds | {party: b"y" * 16}) != joined for party in seeds)
    assert commit_seed("TJ", seeds["TJ"]) != commit_seed("RU", seeds["TJ"])


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"seed": b"short"}, "at least 16 bytes"),
        ({"start": datetime(2025, 12, 8, 6)}, "offset from UTC"),  # noqa: DTZ001
        ({"start": START + timedelta(hours=1)}, "begins at 6:00"),
        ({"days": 0}, "at least one day"),
        ({"plan": replace(PLAN, option="alone")}, "the plan is for 'alone'"),
    ],
)
def test_draw_refuses_what_cannot_be(change: dict, rule: str) -> None:
    call = {"plan": PLAN, "network": NETWORK, "start": START, "days": 7, "seed": SEED}
    with pytest.raises(ValueError, match=rule):
        draw_calendar(**call | change)


def test_days_last_24_elapsed_hours_across_a_clock_change() -> None:
    # Berlin's clocks go back on 26 October 2025: the day after begins at 05:00 on them.
    start = datetime(2025, 10, 25, 6, tzinfo=ZoneInfo("Europe/Berlin"))
    calendar = draw_calendar(PLAN, NETWORK, start, 3, SEED)
    assert [s.hour for s in calendar.starts] == [6, 5, 5]
    utc = [s.astimezone(UTC) for s in calendar.starts]
    assert utc[1] - utc[0] == utc[2] - utc[1] == timedelta(hours=24)


def test_concentrated_lottery_is_refused_under_a_cap_and_a_spread_one_is_not() -> None:
    fixed = lottery([[stay(0, 6), fly()]])
    with pytest.raises(PredictablePlanError) as caught:
        draw_calendar(fixed, NETWORK, START, 7, SEED, cap=0.25)
    assert caught.value.repeat == 1.0
    assert draw_calendar(fixed, NETWORK, START, 7, SEED).schedules == (0,) * 7
    assert len(draw_calendar(PLAN, NETWORK, START, 7, SEED, cap=0.9).schedules) == 7


def test_draws_of_both_kinds_have_the_plans_probabilities() -> None:
    # 20,000 days: a frequency lies within 4.5 standard errors of its probability.
    plan = lottery([[], [stay(0, 6)], [fly()]], [0.5, 0.3, 0.2])
    days = draw_calendar(plan, NETWORK, START, 20_000, SEED).schedules
    weeks = draw_weeks(plan, 3000, np.random.default_rng(1))
    for drawn in (np.array(days), weeks.ravel()):
        seen = np.bincount(drawn, minlength=3) / drawn.size
        error = np.sqrt(plan.probabilities * (1 - plan.probabilities) / drawn.size)
        assert (np.abs(seen - plan.probabilities) < 4.5 * error).all()


def test_schedule_without_probability_is_never_drawn() -> None:
    plan = lottery([[], [stay(0, 6)], []], [0.0, 1.0, 0.0])
    assert set(draw_weeks(plan, 100, np.random.default_rng(0)).ravel()) == {1}
