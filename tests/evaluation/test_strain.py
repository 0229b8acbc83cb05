"""Other circumstances: the cheap interpolation against plans computed anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests import plan_worlds as worlds

from sarhad.evaluation.exposure import expose
from sarhad.evaluation.strain import (
    Circumstances,
    cover_under,
    harm_under,
    prepare_strain,
    ratios_of,
    thin,
    weather_under,
)
from sarhad.patrols import PatrolNetwork, effort_of
from sarhad.plan import Schedule
from sarhad.scenario import UncertaintySettings

RANGES = UncertaintySettings()
NONE = np.zeros((0, 0))


def seen_further(world: PatrolNetwork, factor: float) -> PatrolNetwork:
    looks = tuple(replace(each, effort=each.effort * np.float32(factor)) for each in world.looks)
    return replace(world, looks=looks, unwatched=world.unwatched ** np.float32(factor))


def test_as_assumed_the_harm_is_that_of_the_plan() -> None:
    world = worlds.network(posts=0.3)
    exposure = expose(worlds.random_plan(world), world, 0.5)
    strain = prepare_strain(exposure, RANGES)
    assert harm_under(strain, Circumstances(), NONE) == pytest.approx(exposure.harm, rel=1e-5)


@pytest.mark.parametrize("factor", [0.7, 0.85, 1.15, 1.3])
def test_detection_is_right_at_the_ends_and_close_between(factor: float) -> None:
    world = worlds.network(posts=0.3)
    plan = worlds.random_plan(world)
    strain = prepare_strain(expose(plan, world, 0.5), RANGES)
    anew = expose(plan, seen_further(world, factor), 0.5).harm
    found = harm_under(strain, Circumstances(detection=factor), NONE)
    assert found == pytest.approx(anew, rel=1e-5 if factor in (0.7, 1.3) else 2e-3)


@pytest.mark.parametrize("unavailable", [0.05, 0.15])
def test_failing_patrols_are_right_at_the_end_and_close_between(unavailable: float) -> None:
    world = worlds.network(posts=0.3)
    plan = worlds.random_plan(world)
    strain = prepare_strain(expose(plan, world, 0.5), RANGES)
    anew = expose(plan, thin(world, unavailable), 0.5).harm
    found = harm_under(strain, Circumstances(unavailable=unavailable), NONE)
    assert found == pytest.approx(anew, rel=1e-5 if unavailable == 0.15 else 2e-3)


def test_thinned_visits_are_teams_that_fail() -> None:
    # Two teams at one cell, each there with 0.85: the mean over the four cases.
    world = worlds.network(teams=2, states=(worlds.CLEAR,))
    duties = [worlds.walk(n, 6, [3, 3], [2, 4]) for n in (0, 1)]
    cases = ((duties, 0.85**2), (duties[:1], 0.85 * 0.15), (duties[1:], 0.85 * 0.15), ([], 0.15**2))
    mean = sum(share * np.exp(-effort_of(d, world.teams, world)) for d, share in cases)
    found = np.exp(-effort_of(duties, world.teams, thin(world, 0.15)))
    assert found == pytest.approx(mean, rel=1e-5)


def test_flyable_days_shift_the_weather() -> None:
    assert weather_under(worlds.TWO_STATES, 0.5) == pytest.approx([0.5, 0.5])
    assert weather_under(worlds.TWO_STATES, None) == pytest.approx([0.8, 0.2])
    assert weather_under((worlds.CLEAR,), 0.5) == pytest.approx([1.0])


def test_cover_falls_with_every_uncertainty_at_its_worse_end() -> None:
    world = worlds.network(posts=0.3)
    strain = prepare_strain(expose(worlds.random_plan(world), world, 0.5), RANGES)
    usual = cover_under(strain, Circumstances())
    for worse in (
        Circumstances(detection=0.7),
        Circumstances(flyable=0.6),
        Circumstances(unavailable=0.15),
    ):
        cover = cover_under(strain, worse)
        assert (cover <= usual + 1e-6).all()
        assert cover.sum() < usual.sum()


def test_harm_by_habit_follows_the_draws_of_the_risk() -> None:
    # Attacks come three times as often in the west: the pattern is scaled and sums to 1 again.
    world = worlds.network(posts=0.3)
    plan = worlds.random_plan(world)
    draws = np.ones((2, 12), np.float32)
    draws[1, :6] = 3.0
    pattern = world.attacks.pattern * draws[1, world.attacks.cell]
    other = replace(world.attacks, pattern=pattern / pattern.sum())
    anew = expose(plan, replace(world, attacks=other), 0.5).harm
    strain = prepare_strain(expose(plan, world, 0.5), RANGES)
    ratios = ratios_of(draws, np.ones(12))
    assert harm_under(strain, Circumstances(pattern=1), ratios) == pytest.approx(anew, rel=1e-5)
    usual = harm_under(strain, Circumstances(), ratios)
    assert harm_under(strain, Circumstances(pattern=0), ratios) == pytest.approx(usual)
    assert usual != pytest.approx(anew, rel=1e-3)


def test_without_reachable_attacks_the_habit_alone_counts() -> None:
    world = worlds.network()
    none = np.zeros(len(world.attacks), bool)
    world = replace(world, attacks=replace(world.attacks, reachable=none))
    exposure = expose(worlds.random_plan(world), world, 0.5)
    found = harm_under(prepare_strain(exposure, RANGES), Circumstances(), NONE)
    assert found == pytest.approx(exposure.harm, rel=1e-5)


def test_cases_outside_the_ranges_are_refused() -> None:
    world = worlds.network()
    empty = worlds.plan_of(world, [Schedule(())], [1.0])
    strain = prepare_strain(expose(empty, world, 0.5), RANGES)
    with pytest.raises(ValueError, match="detection lies within"):
        harm_under(strain, Circumstances(detection=2.0), NONE)
    with pytest.raises(ValueError, match="unavailable is at most"):
        harm_under(strain, Circumstances(unavailable=0.5), NONE)
    with pytest.raises(ValueError, match="flyable_low is at most"):
        UncertaintySettings(flyable_low=0.9, flyable_high=0.5)
