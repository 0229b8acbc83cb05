"""Simulation against theory, against the exact value, and on the same luck."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from tests import plan_worlds as worlds

from sarhad.evaluation.chance import uniform_of
from sarhad.evaluation.exposure import expose
from sarhad.evaluation.metrics import measure
from sarhad.evaluation.rehearsal import rehearse
from sarhad.evaluation.simulate import ATTACKERS, Simulation, SimulationSettings, simulate
from sarhad.patrols import PatrolNetwork
from sarhad.plan import Plan, Schedule

ADAPTIVITY = 0.5
MANY = SimulationSettings(weeks=1000, crossings=20, seed=7)


def run(plan: Plan, world: PatrolNetwork, settings: SimulationSettings = MANY) -> Simulation:
    return simulate(rehearse(expose(plan, world, ADAPTIVITY)), settings)


def near(found: np.ndarray, exact: float) -> bool:
    """Whether a mean over weeks lies within four of its standard errors."""
    error = found.std(ddof=1) / np.sqrt(len(found))
    return bool(abs(found.mean() - exact) <= 4 * error + 1e-12)


def single(cell: int, hour: int, chance: float, cells: int = 6, teams: int = 2) -> PatrolNetwork:
    """A world with one attack only, always answered in time."""
    world = worlds.network(cells, teams, chance, states=(worlds.CLEAR,))
    one = np.array([cell * 24 + hour])
    parts = {
        name: getattr(world.attacks, name)[one]
        for name in ("cell", "hour", "site", "attacker", "target", "harm", "reachable")
    }
    lone = replace(world.attacks, **parts, timely=np.ones(1), appeal=np.ones(1), pattern=np.ones(1))
    return replace(world, attacks=lone)


@pytest.mark.parametrize("quarters", [1, 2, 3, 4])
def test_random_passer_meets_a_periodic_patrol_for_its_share_of_the_hour(quarters: int) -> None:
    # A stay of S of every hour notices all that it sees: a passer at a random moment meets it
    # with probability S.
    world = single(cell=3, hour=8, chance=1.0)
    duty = worlds.walk(0, 6, [3] * 5, [2] + [quarters] * 4)
    plan = worlds.plan_of(world, [Schedule((duty,))], [1.0])
    habit = run(plan, world).stopped[ATTACKERS.index("habit")]
    assert near(habit, quarters / 4)


def test_alternating_presence_is_met_for_its_long_run_share() -> None:
    # Days on with 0.3 and off with 0.7, a stay of half the hour when on: on/(on + off) x S.
    world = single(cell=3, hour=8, chance=1.0)
    on = Schedule((worlds.walk(0, 6, [3] * 4, [2, 2, 2, 2]),))
    plan = worlds.plan_of(world, [on, Schedule(())], [0.3, 0.7])
    assert near(run(plan, world).stopped[ATTACKERS.index("habit")], 0.3 * 0.5)


def test_two_patrols_apart_multiply_what_they_miss() -> None:
    # Stays of 2 and 3 quarters, each noticing 0.6: 1 - (1 - 0.5 x 0.6)(1 - 0.75 x 0.6) = 0.615.
    world = single(cell=3, hour=8, chance=0.6)
    duties = [worlds.walk(n, 6, [3] * 4, [2, 2, n + 2, 2]) for n in (0, 1)]
    plan = worlds.plan_of(world, [Schedule(tuple(duties))], [1.0])
    assert near(run(plan, world).stopped[ATTACKERS.index("habit")], 0.615)


def test_stays_at_the_end_of_the_hour_overlap() -> None:
    # The same two stays both end the hour: sure to notice, the longer one covers the shorter.
    world = single(cell=3, hour=8, chance=1.0)
    duties = [worlds.walk(n, 6, [3] * 4, [2, 2, n + 2, 2]) for n in (0, 1)]
    plan = worlds.plan_of(world, [Schedule(tuple(duties))], [1.0])
    walked = run(plan, world, replace(MANY, placing="walked"))
    assert near(walked.stopped[ATTACKERS.index("habit")], 0.75)


def test_members_of_a_mixed_team_share_their_stay() -> None:
    # Two sure looks from one stay of half an hour: met with 0.5. The coverage formula adds their
    # efforts as if the members came apart, 1 - 0.5 x 0.5: it says too much of mixed teams.
    world = single(cell=3, hour=8, chance=1.0, teams=1)
    both = replace(world.teams[0], looks=(0, 0))
    world = replace(world, teams=(both,))
    plan = worlds.plan_of(world, [Schedule((worlds.walk(0, 6, [3] * 4, [2] * 4),))], [1.0])
    assert near(run(plan, world).stopped[ATTACKERS.index("habit")], 0.5)
    assert expose(plan, world, 0.0).cover[3, 8, 0] == pytest.approx(0.75, rel=1e-4)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_simulation_agrees_with_the_exact_value(seed: int) -> None:
    world = worlds.network(posts=0.3)
    plan = worlds.random_plan(world, seed=seed)
    figures, found = measure(expose(plan, world, ADAPTIVITY)), run(plan, world)
    assert near(found.weights @ found.harm, figures.harm)
    assert near(found.weights @ found.stopped, figures.interception)


def test_shared_weather_does_not_change_the_mean() -> None:
    rough = (replace(worlds.TWO_STATES[0], share=0.5), replace(worlds.TWO_STATES[1], share=0.5))
    world = worlds.network(states=rough)
    plan = worlds.random_plan(world)
    found = run(plan, world)
    assert near(found.weights @ found.harm, expose(plan, world, ADAPTIVITY).harm)


def two_places() -> tuple[PatrolNetwork, Plan]:
    """A world with two equal attacks, and a plan that is sure to meet one of them each day."""
    world = worlds.network(12, 1, 1.0, states=(worlds.CLEAR,))
    both = np.array([3 * 24 + 8, 9 * 24 + 8])
    names = ("cell", "hour", "site", "attacker", "target", "reachable")
    parts = {name: getattr(world.attacks, name)[both] for name in names}
    even = {
        "harm": np.ones(2),
        "timely": np.ones(2),
        "appeal": np.ones(2),
        "pattern": np.full(2, 0.5),
    }
    world = replace(world, attacks=replace(world.attacks, **parts, **even))
    days = [Schedule((worlds.walk(0, 5, [c] * 7, [2] + [4] * 6),)) for c in (3, 9)]
    return world, worlds.plan_of(world, days, [0.5, 0.5])


def test_independent_days_cannot_be_exploited() -> None:
    # What is drawn tomorrow does not depend on the last seven days: no response to them beats
    # the one that knows the lottery, whose harm is 0.5 here.
    world, plan = two_places()
    found = run(plan, world).exploitability
    assert near(found, 0.0)
    assert found.std() > 0


def test_days_that_come_in_runs_are_exploited() -> None:
    # Whole fortnights at one place: who watched a week goes to the other, and is never met.
    world, plan = two_places()
    ready = rehearse(expose(plan, world, 1.0))
    runs = np.repeat(np.arange(200)[:, None] % 2, 14, axis=1)
    found = simulate(ready, replace(MANY, weeks=200), calendar=runs)
    assert found.exploitability == pytest.approx(np.ones(200), rel=1e-5)
    assert found.stopped[ATTACKERS.index("watching")].max() == 0.0


def test_watching_takes_the_worst_attack_of_the_last_seven_days() -> None:
    world = worlds.network()
    exposure = expose(worlds.random_plan(world), world, 1.0)
    calendar = np.random.default_rng(0).integers(5, size=(20, 14))
    found = simulate(rehearse(exposure), replace(MANY, weeks=20), calendar=calendar)
    attacks, field = world.attacks, (world.attacks.cell, world.attacks.hour, world.attacks.target)
    by_day = (
        attacks.appeal
        * attacks.harm
        * (1 - attacks.timely * exposure.cover_of[:, *field].astype(float))
    )
    for week, days in enumerate(calendar):
        total = 0.0
        for day in range(7, 14):
            seen = by_day[days[day - 7 : day]].mean(axis=0)
            worst = [np.where(attacks.attacker == k, seen, -1).argmax() for k in (0, 1)]
            total += attacks.weights @ by_day[days[day], worst]
        assert found.best_response[week] == pytest.approx(total / 7, rel=1e-4)


def test_more_watchfulness_stops_every_crossing_that_less_does() -> None:
    # Common luck: the same crossings, moments and draws against surer patrols.
    weak, strong = (worlds.network(chance=c) for c in (0.3, 0.6))
    plan = worlds.random_plan(weak)
    habit = ATTACKERS.index("habit")
    less, more = (run(plan, world).stopped[habit] for world in (weak, strong))
    assert (more >= less).all()
    assert more.mean() > less.mean()


def test_who_avoids_posts_is_met_by_them_less() -> None:
    world = worlds.network(posts=0.5, teams=1)
    found = run(worlds.plan_of(world, [Schedule(())], [1.0]), world).stopped.mean(axis=1)
    assert found[ATTACKERS.index("avoiding")] == 0.0
    assert found[ATTACKERS.index("habit")] > 0.1


def test_same_seed_same_answer_on_any_executor() -> None:
    world = worlds.network()
    ready = rehearse(expose(worlds.random_plan(world), world, ADAPTIVITY))
    settings = SimulationSettings(weeks=300, seed=5)
    alone = simulate(ready, settings)
    with ThreadPoolExecutor(2) as executor:
        spread = simulate(ready, settings, executor=executor)
    assert (alone.harm == spread.harm).all()
    assert (alone.stopped == spread.stopped).all()
    assert (alone.harm != simulate(ready, replace(settings, seed=6)).harm).any()


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one week"):
        SimulationSettings(weeks=0)
    world = worlds.network()
    ready = rehearse(expose(worlds.random_plan(world), world, ADAPTIVITY))
    with pytest.raises(ValueError, match="calendar has the shape"):
        simulate(ready, MANY, calendar=np.zeros((3, 7), int))


def test_numbers_of_keys_are_uniform_and_their_own() -> None:
    key = np.arange(200_000, dtype=np.uint64)
    first, second = (uniform_of(key, np.array([code], np.uint64)) for code in (1, 2))
    assert np.histogram(first, 10, (0, 1))[0] == pytest.approx(20_000, rel=0.03)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.01
    assert (first == uniform_of(key, np.array([1], np.uint64))).all()
