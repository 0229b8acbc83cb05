"""The search as a whole: a legal plan, its value recomputed, repeatable, and close to its bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.patrols.made_network import joint_network

from sarhad.patrols import PatrolNetwork
from sarhad.plan import (
    Result,
    cover_of_plan,
    expected_harm,
    find_plan_breaches,
    presence_of,
    use_of_air,
)
from sarhad.plan.conflicts import explain_conflicts
from sarhad.solvers.generate import SearchSettings, solve

NETWORK = joint_network()
WATCHED = replace(NETWORK, limits=replace(NETWORK.limits, presence_hours=0.5))


def searched(network: PatrolNetwork, *, rounds: int = 40, seed: int = 0) -> Result:
    settings = SearchSettings(gap=0.0, time_limit_s=1e6, most_rounds=rounds, seed=seed)
    return solve(network, 0.5, settings)


@pytest.fixture(scope="module")
def result() -> Result:
    return searched(NETWORK, rounds=20)


@pytest.fixture(scope="module")
def watched() -> Result:
    return searched(WATCHED)


@pytest.fixture(scope="module")
def habit() -> Result:
    return solve(NETWORK, 0.0, SearchSettings(gap=0.0, time_limit_s=1e6, most_rounds=40))


def test_gap_against_habit_alone_is_small(habit: Result) -> None:
    assert habit.harm_bound <= habit.harm <= habit.harm_posts_alone
    assert habit.gap_avoidable < 0.05
    assert habit.gap_harm < 0.005
    assert habit.gap == max(habit.gap_avoidable, habit.gap_harm)
    assert habit.status == "rounds"


@pytest.mark.slow
def test_gap_against_attackers_that_adapt_is_small_where_rest_does_not_bind() -> None:
    # With 10 h of rest the hours that four teams keep leave some hour unwatched (gap 69 %).
    tireless = tuple(replace(team, rest_hours=0) for team in NETWORK.teams)
    found = searched(replace(NETWORK, teams=tireless), rounds=60)
    assert found.gap_avoidable < 0.12
    assert found.gap_harm < 0.02


def test_value_is_that_of_all_attacks_under_the_lottery(result: Result) -> None:
    cover = cover_of_plan(result.plan, NETWORK)
    assert result.harm == expected_harm(NETWORK.attacks, cover, 0.5)
    assert result.plan.probabilities.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("network", [NETWORK, WATCHED], ids=["free", "presence"])
@pytest.mark.parametrize("seed", [0, 1])
def test_plan_breaks_no_rule(network: PatrolNetwork, seed: int) -> None:
    assert find_plan_breaches(searched(network, rounds=20, seed=seed).plan, network) == ()


def test_search_is_repeatable_and_its_seed_matters() -> None:
    first, again, other = (searched(NETWORK, rounds=20, seed=seed) for seed in (7, 7, 8))
    assert (first.harm, first.harm_bound) == (again.harm, again.harm_bound)
    assert np.array_equal(first.plan.probabilities, again.plan.probabilities)
    assert np.array_equal(first.plan.day_from, again.plan.day_from)
    for a, b in zip(first.plan.schedules, again.plan.schedules, strict=True):
        assert [d.team for d in a.duties] == [d.team for d in b.duties]
        for one, two in zip(a.duties, b.duties, strict=True):
            assert np.array_equal(one.station, two.station)
            assert one.sorties == two.sorties
    assert first.harm != other.harm


@pytest.mark.parametrize("officers", [0, 1])
def test_pool_of_officers_is_never_overdrawn(officers: int) -> None:
    network = replace(NETWORK, limits=replace(NETWORK.limits, officers=officers))
    found = searched(network, rounds=20)
    teams = found.plan.teams
    most = max(sum(teams[d.team].officers for d in s.duties) for s in found.plan.schedules)
    assert most == officers
    assert found.harm_bound <= found.harm


@pytest.mark.parametrize("blocks", [0.0, 4.0, 9.0])
def test_flying_hours_of_a_day_are_never_exceeded(blocks: float) -> None:
    network = replace(NETWORK, limits=replace(NETWORK.limits, air_blocks={"RU": blocks}))
    found = searched(network, rounds=20)
    used = [use_of_air(s.duties, found.plan.teams, network)[0]["RU"] for s in found.plan.schedules]
    assert max(used) <= blocks
    assert find_plan_breaches(found.plan, network) == ()


def test_fuel_of_a_pad_is_never_exceeded() -> None:
    dry = {"airfield": 450.0, "forward": 0.0}
    network = replace(NETWORK, limits=replace(NETWORK.limits, pad_kg=dry))
    found = searched(network, rounds=20)
    for schedule in found.plan.schedules:
        _, _, taken = use_of_air(schedule.duties, found.plan.teams, network)
        assert all(taken[pad] <= dry[pad] + 1e-6 for pad in taken)


def test_every_schedule_holds_the_least_presence(watched: Result) -> None:
    for schedule in watched.plan.schedules:
        assert presence_of(schedule.duties, watched.plan.teams, WATCHED).min() >= 0.5
    assert watched.harm_bound <= watched.harm


def test_every_team_keeps_its_hours_and_so_its_rest(result: Result) -> None:
    plan = result.plan
    for team, begin, end in zip(plan.teams, plan.day_from, plan.day_until, strict=True):
        # The next day's first hour comes 24 h after this day's.
        assert begin + 24 - end >= team.rest_hours
    for schedule in plan.schedules:
        for duty in schedule.duties:
            assert plan.day_from[duty.team] <= duty.start
            assert duty.start + duty.hours <= plan.day_until[duty.team]


def test_presence_out_of_reach_is_reported_with_its_sector_and_a_cure() -> None:
    sectors = np.where(np.arange(12) == 11, 1, 0).astype(np.int32)
    walkers = tuple(team for team in NETWORK.teams if team.name == "tj-west#1")
    network = replace(
        NETWORK, teams=walkers, flights=(), sector_of=sectors,
        limits=replace(NETWORK.limits, presence_hours=6.0),
    )  # fmt: skip
    found = searched(network, rounds=12)
    breaches = find_plan_breaches(found.plan, network)
    assert breaches
    assert all("h of patrol a day, at least 6" in said for said in breaches)
    assert any("sector east" in said for said in breaches)
    faults = explain_conflicts(breaches, network)
    assert len(faults) >= 1
    assert all(fault.cure for fault in faults)


def test_network_without_teams_has_the_harm_of_its_posts() -> None:
    found = searched(replace(NETWORK, teams=(), flights=()), rounds=10)
    assert found.harm == pytest.approx(found.harm_posts_alone)
    assert found.gap == 0.0
    assert found.plan.schedules[0].duties == ()
