"""Baselines are plans like any other: legal, repeatable, and what their names say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.patrols.made_network import joint_network

from sarhad.plan import (
    cover_by_schedule,
    cover_of_plan,
    expected_harm,
    find_plan_breaches,
    fingerprint_plan,
    presence_of,
    repeat_chance,
    use_of_air,
)
from sarhad.solvers.baselines import (
    all_baselines,
    fixed_timetable,
    hot_spot,
    posts_alone,
    uniform_random,
)

NETWORK = joint_network()
WATCHED = replace(NETWORK, limits=replace(NETWORK.limits, presence_hours=1.0))


@pytest.mark.parametrize("network", [NETWORK, WATCHED], ids=["free", "presence"])
@pytest.mark.parametrize(
    "make", [fixed_timetable, lambda n: uniform_random(n, 3), lambda n: hot_spot(n, 3)]
)
def test_baseline_breaks_no_rule(make, network) -> None:
    baseline = make(network)
    assert find_plan_breaches(baseline.plan, network) == ()
    assert baseline.notes == ()


@pytest.mark.parametrize(
    "limits",
    [
        {"officers": 0}, {"officers": 1}, {"air_blocks": {"RU": 5.0}}, {"air_kg": {"RU": 450.0}},
        {"pad_kg": {"airfield": 400.0, "forward": 0.0}},
        {"pad_kg": {"airfield": 0.0, "forward": 1000.0}},
    ],
)  # fmt: skip
def test_baseline_keeps_tight_limits(limits: dict) -> None:
    network = replace(NETWORK, limits=replace(NETWORK.limits, **limits))
    for baseline in all_baselines(network, 1):
        assert find_plan_breaches(baseline.plan, network) == ()


def test_baselines_keep_working_hours_and_ground() -> None:
    by_day = np.zeros(24, bool)
    by_day[1:12] = True
    teams = tuple(replace(team, working=by_day) for team in NETWORK.teams)
    network = replace(NETWORK, teams=teams)
    for baseline in all_baselines(network, 2):
        assert find_plan_breaches(baseline.plan, network) == ()


def test_every_team_is_used_where_nothing_binds() -> None:
    for baseline in all_baselines(NETWORK, 1)[:3]:
        used = {duty.team for day in baseline.plan.schedules for duty in day.duties}
        assert used == {0, 1, 2, 3, 4}, baseline.plan.name


def test_fixed_timetable_is_one_day() -> None:
    plan = fixed_timetable(NETWORK).plan
    assert len(plan.schedules) == 1
    assert repeat_chance(plan, NETWORK) == pytest.approx(1.0)
    starts = [duty.start for duty in plan.schedules[0].duties[:2]]
    assert starts[0] != starts[1]  # teams of one base take turns


def test_random_days_differ_and_repeat_with_their_seed() -> None:
    plan = uniform_random(NETWORK, 5).plan
    assert fingerprint_plan(plan) == fingerprint_plan(uniform_random(NETWORK, 5).plan)
    assert fingerprint_plan(plan) != fingerprint_plan(uniform_random(NETWORK, 6).plan)
    cover = cover_by_schedule(plan, NETWORK).reshape(60, -1)
    assert len(np.unique(cover, axis=0)) > 50


def test_hot_spot_goes_where_it_happened() -> None:
    weekly = np.zeros(12)
    weekly[3] = 1.0
    plan = hot_spot(NETWORK, 1, weekly).plan
    cover = cover_of_plan(plan, NETWORK)[:, :, 0].sum(axis=1)
    assert cover[2:5].sum() > cover[7:].sum()
    assert repeat_chance(plan, NETWORK) > repeat_chance(uniform_random(NETWORK, 1).plan, NETWORK)


def test_hot_spot_refuses_rates_of_other_cells() -> None:
    with pytest.raises(ValueError, match="rate for each cell"):
        hot_spot(NETWORK, 1, np.ones(3))


def test_posts_alone_says_that_presence_does_not_bind_it() -> None:
    baseline = posts_alone(WATCHED)
    assert baseline.plan.schedules[0].duties == ()
    assert "do not bind" in baseline.notes[0]
    assert find_plan_breaches(posts_alone(NETWORK).plan, NETWORK) == ()
    assert len(find_plan_breaches(baseline.plan, WATCHED)) == 2


def test_sector_out_of_all_reach_is_said() -> None:
    far = replace(WATCHED, sector_of=np.full(12, 0, np.int32))
    assert fixed_timetable(far).notes == ("no team was found for 1 h in east",)


def test_presence_is_kept_by_the_smallest_change() -> None:
    free, bound = fixed_timetable(NETWORK).plan, fixed_timetable(WATCHED).plan
    hours = presence_of(bound.schedules[0].duties, bound.teams, WATCHED)
    assert (hours >= 1).all()
    pairs = zip(free.schedules[0].duties, bound.schedules[0].duties, strict=True)
    assert sum(not np.array_equal(a.station, b.station) for a, b in pairs) <= 2


def test_every_baseline_but_posts_alone_leaves_less_harm_than_posts() -> None:
    *others, posts = all_baselines(NETWORK, 1)
    none = expected_harm(NETWORK.attacks, cover_of_plan(posts.plan, NETWORK), 0.5)
    for baseline in others:
        assert expected_harm(NETWORK.attacks, cover_of_plan(baseline.plan, NETWORK), 0.5) < none


def test_helicopters_fly_within_their_budget() -> None:
    plan = uniform_random(NETWORK, 1).plan
    for day in plan.schedules:
        blocks, burnt, _ = use_of_air(day.duties, plan.teams, NETWORK)
        assert blocks["RU"] <= 40
        assert burnt["RU"] <= 6000
