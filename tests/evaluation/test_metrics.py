"""Exact figures: by hand on small worlds, and against brute force."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from tests import plan_worlds as worlds

from sarhad.evaluation.exposure import expose, worst_attacks
from sarhad.evaluation.metrics import (
    avoided_in_week,
    help_minutes,
    longest_unwatched,
    measure,
    open_by_sector,
    weekly_work,
)
from sarhad.mobility.response import Help
from sarhad.plan import Schedule, cover_of_plan, expected_harm
from sarhad.scenario import Cooperation, PlanSettings

ADAPTIVITY = 0.5


def test_value_is_that_of_the_plan_recomputed() -> None:
    world = worlds.network(posts=0.3)
    plan = worlds.random_plan(world)
    exact = expected_harm(world.attacks, cover_of_plan(plan, world), ADAPTIVITY)
    assert expose(plan, world, ADAPTIVITY).harm == pytest.approx(exact, rel=1e-6)


def test_random_plans_of_the_made_world_are_legal() -> None:
    world = worlds.network()
    for seed in range(5):
        figures = measure(expose(worlds.random_plan(world, seed=seed), world, ADAPTIVITY))
        assert figures.breaches == ()


def test_a_breach_is_found_again() -> None:
    world = worlds.network(teams=1)
    jump = worlds.walk(0, 5, [0, 11], [2, 4])
    plan = worlds.plan_of(world, [Schedule((jump,))], [1.0])
    assert measure(expose(plan, world, ADAPTIVITY)).breaches == (
        "own-foot#0 cannot go from km 0 to km 11",
    )


def test_interception_of_one_stay_by_hand() -> None:
    # Whole hour at cell 5 in hour 7: noticed there with 0.6, answered in time with 0.9.
    world = worlds.network(cells=6, teams=1, states=(worlds.CLEAR,))
    plan = worlds.plan_of(world, [Schedule((worlds.walk(0, 6, [5, 5], [2, 4]),))], [1.0])
    exposure = expose(plan, world, 0.0)
    of_field = (world.attacks.cell == 5) & (world.attacks.hour == 7) & (world.attacks.target == 0)
    left = exposure.left[of_field] / world.attacks.harm[of_field]
    assert left == pytest.approx([1 - 0.9 * 0.6], rel=1e-6)


def test_the_adaptive_attacker_is_met_where_it_does_most_harm() -> None:
    world = worlds.network()
    exposure = expose(worlds.random_plan(world), world, 1.0)
    worst = worst_attacks(exposure, exposure.left)
    drawing = world.attacks.appeal * exposure.left
    assert world.attacks.weights @ drawing[worst] == pytest.approx(exposure.harm)
    assert (world.attacks.attacker[worst] == [0, 1]).all()


def test_no_reachable_attack_leaves_the_habit_alone() -> None:

    world = worlds.network()
    world = replace(
        world, attacks=replace(world.attacks, reachable=np.zeros(len(world.attacks), bool))
    )
    figures = measure(expose(worlds.random_plan(world), world, ADAPTIVITY))
    assert figures.interception == figures.interception_by_habit
    assert figures.harm == pytest.approx(figures.unreachable_harm)


def test_hours_and_cost_of_a_week_by_hand() -> None:
    # Own team 3 h a day for sure, the ally's 4 h on one day of four: 21 and 7 h a week at 10.
    world = worlds.network(teams=2)
    own = worlds.walk(0, 5, [1, 1], [2, 4])
    ally = worlds.walk(1, 5, [2, 2, 2], [2, 4, 4])
    plan = worlds.plan_of(world, [Schedule((own,)), Schedule((own, ally))], [0.75, 0.25])
    work = {each.party: each for each in weekly_work(plan, world)}
    assert (work["own"].hours, work["own"].cost) == pytest.approx((21.0, 210.0))
    assert (work["ally"].hours, work["ally"].cost) == pytest.approx((7.0, 70.0))
    assert work["ally"].flying_hours == work["ally"].fuel_kg == 0.0


def test_sectors_share_the_harm_by_habit() -> None:
    world = worlds.network(posts=0.5)
    exposure = expose(worlds.random_plan(world), world, ADAPTIVITY)
    parts = open_by_sector(exposure)
    assert [part.sector for part in parts] == ["west", "east"]
    total = world.attacks.pattern @ exposure.left
    assert sum(part.habit_harm for part in parts) == pytest.approx(total)
    assert all(part.habit_harm <= part.posts_harm for part in parts)


def test_longest_unwatched_time_by_brute_force() -> None:
    world = worlds.network(chance=0.9)
    exposure = expose(worlds.random_plan(world, schedules=4), world, ADAPTIVITY)
    weeks = np.random.default_rng(3).integers(4, size=(20, 7))
    found = longest_unwatched(exposure, weeks)
    for week, row in zip(weeks, found, strict=True):
        seen = np.concatenate([exposure.cover_of[day, :, :, 0] >= 0.1 for day in week], axis=1)
        for cell, hours in enumerate(seen):
            runs = "".join("x" if hour else "." for hour in hours).split("x")
            assert row[cell] == max(len(run) for run in runs)


def test_harm_avoided_in_a_week_is_in_proportion_to_the_attacks() -> None:
    world = worlds.network()
    figures = measure(expose(worlds.random_plan(world), world, ADAPTIVITY))
    assert figures.avoided > 0
    assert avoided_in_week(figures, 0.25) == pytest.approx(0.25 * figures.avoided)
    with pytest.raises(ValueError, match="not negative"):
        avoided_in_week(figures, -1.0)


def test_apart_is_never_better_in_a_plan_of_turns() -> None:
    # Two parties take turns: joint draws never leave a day empty, independent ones do.
    world = worlds.network(teams=2, states=(worlds.CLEAR,))
    days = [Schedule((worlds.walk(n, 5, [3, 3, 3], [2, 4, 4]),)) for n in (0, 1)]
    figures = measure(expose(worlds.plan_of(world, days, [0.5, 0.5]), world, 0.0))
    assert figures.coordination_value > 0


def test_help_takes_report_turnout_and_the_way() -> None:
    # 5 min to report less a hotline's 3, 10 to turn out, 20 on the way; a hotline saves no more
    # than the report takes.
    way = Help(np.array([20.0, np.inf]), np.array([0, -1]))
    response = SimpleNamespace(line=way)
    found = help_minutes(response, PlanSettings(), Cooperation(hotline_minutes=3.0))
    assert found.tolist() == [32.0, np.inf]
    assert help_minutes(response, PlanSettings(), Cooperation(hotline_minutes=60.0))[0] == 30.0
    assert help_minutes(response, PlanSettings(), None)[0] == 35.0
