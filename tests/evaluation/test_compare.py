"""The comparison: ranks, their probability, the tornado, and its JSON."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from tests import plan_worlds as worlds

from sarhad.evaluation.compare import (
    NOT_MODELLED,
    UNCERTAINTIES,
    Comparison,
    Entry,
    compare,
    comparison_as_json,
    draw_circumstances,
    evaluate,
    rank_of,
    value_contributions,
)
from sarhad.evaluation.contributions import (
    with_hotline,
    with_more_officers,
    with_more_units,
)
from sarhad.evaluation.intervals import mean_interval, share_interval
from sarhad.evaluation.simulate import SimulationSettings
from sarhad.exchange.scenario_folder import find_folder, read_scenario
from sarhad.patrols import PatrolNetwork
from sarhad.plan import Plan, Schedule
from sarhad.scenario import UncertaintySettings

SETTINGS = UncertaintySettings(samples=40)
DRAWS = np.random.default_rng(0).gamma(2.0, 0.5, (16, 12)).astype(np.float32)


def entry(name: str, plan: Plan, world: PatrolNetwork, *, baseline: bool = False) -> Entry:
    gap = None if baseline else 0.01
    settings = SimulationSettings(weeks=60)
    return evaluate(name, plan, world, 0.5, settings, gap=gap, is_baseline=baseline)


def three() -> list[Entry]:
    """Nobody out, a patrol of some days, and the same with surer eyes."""
    world = worlds.network()
    surer = worlds.network(chance=0.9)
    idle = worlds.plan_of(world, [Schedule(())], [1.0])
    return [
        entry("posts", idle, world, baseline=True),
        entry("plan", worlds.random_plan(world), world),
        entry("surer", worlds.random_plan(surer), surer),
    ]


def compared(**more: object) -> Comparison:
    return compare(three(), SETTINGS, "posts", draws=DRAWS, usual=DRAWS.mean(0), seed=3, **more)


def test_more_sight_ranks_first_and_nobody_last() -> None:
    found = compared()
    assert [each.rank for each in found.standings] == [3, 2, 1]
    assert found.best == "surer"
    assert found.lead > 0
    assert all(each.rank_probability == 1.0 for each in found.standings)


def test_probability_of_a_rank_is_its_share_of_the_samples() -> None:
    harms = np.array([[1.0, 1.0, 3.0, 2.0], [2.0, 2.0, 1.0, 2.0]])
    ranks = rank_of(harms, np.array([1.0, 2.0]))
    # The tie of the last sample goes to the entry that is better as assumed.
    assert ranks.tolist() == [[1, 1, 2, 1], [2, 2, 1, 2]]


def test_the_same_plan_twice_is_a_tie_in_every_sample() -> None:
    world = worlds.network()
    twins = [entry(name, worlds.random_plan(world), world) for name in ("one", "other")]
    found = compare(twins, SETTINGS, "one", draws=DRAWS, usual=DRAWS.mean(0), seed=3)
    assert [each.rank for each in found.standings] == [1, 2]
    assert [each.rank_probability for each in found.standings] == [1.0, 1.0]


def test_hypercube_fills_every_stratum_of_every_range() -> None:
    points = draw_circumstances(SETTINGS, 16, 3)
    strata = np.floor((np.array([p.detection for p in points]) - 0.7) / 0.6 * 40)
    assert sorted(strata) == list(range(40))
    assert {p.pattern for p in points} <= set(range(16))


def test_tornado_has_every_uncertainty_the_widest_first() -> None:
    bars = compared().tornado
    assert {bar.uncertainty for bar in bars} == set(UNCERTAINTIES)
    assert [bar.width for bar in bars] == sorted((bar.width for bar in bars), reverse=True)
    detection = next(bar for bar in bars if bar.uncertainty == "detection")
    assert detection.lead_low < detection.lead_high


def test_same_seed_same_comparison_on_any_executor() -> None:
    with ThreadPoolExecutor(2) as executor:
        spread = compared(executor=executor)
    assert (spread.samples == compared().samples).all()


def test_json_has_the_promised_keys() -> None:
    found = comparison_as_json(compared())
    again = json.loads(json.dumps(found, allow_nan=False))
    wanted = {
        "name", "interception", "interception_low", "interception_high", "expected_harm",
        "hours", "rank", "rank_probability", "gap", "is_baseline",
    }  # fmt: skip
    assert all(wanted <= set(option) for option in again["options"])
    assert again["not_modelled"] == list(NOT_MODELLED)
    for option in again["options"]:
        assert option["interception_low"] <= option["interception"] <= option["interception_high"]


def test_unknown_reference_is_refused() -> None:
    with pytest.raises(ValueError, match="one of them is that of the reference"):
        compare(three(), SETTINGS, "yesterday", draws=DRAWS, usual=DRAWS.mean(0), seed=1)


def test_contributions_are_solved_anew_by_what_is_handed_in() -> None:
    world = worlds.network(teams=2)
    networks = {
        "one more": with_more_units(world, "own-foot"),
        "ten officers": with_more_officers(world, 10),
    }
    # A stand-in for a solver: each team lowers the harm by 1.
    found = value_contributions(networks, 8.0, lambda n: 10.0 - len(n.teams))
    assert [(each.name, each.avoided) for each in found] == [("one more", 1.0), ("ten officers", 0)]


def test_one_more_unit_is_a_team_of_its_own_beside_its_class() -> None:
    world = worlds.network(teams=3)
    more = with_more_units(world, "own-foot", 2)
    assert len({team.name for team in more.teams}) == len(more.teams) == 5
    assert more.teams[3].members[0].number == 3
    assert more.teams[3].reach is world.teams[2].reach
    with pytest.raises(ValueError, match="no team of class"):
        with_more_units(world, "nobody")


def test_a_hotline_changes_one_option_and_keeps_its_other_cooperation() -> None:
    scenario = read_scenario(find_folder("tajik-afghan"))
    found = with_hotline(scenario, "cooperation", 4.5)
    usual, changed = (
        next(o for o in each.options if o.name == "cooperation") for each in (scenario, found)
    )
    assert changed.cooperation == replace(usual.cooperation, hotline_minutes=4.5)
    assert [o for o in found.options if o != changed] == [o for o in scenario.options if o != usual]
    alone = with_hotline(scenario, "alone", 4.5)
    assert next(o for o in alone.options if o.name == "alone").cooperation.hotline_minutes == 4.5
    with pytest.raises(ValueError, match="no option is called"):
        with_hotline(scenario, "nobody", 4.5)


def test_weeks_without_success_still_have_an_interval() -> None:
    found = share_interval(np.zeros(50), 1000)
    assert found.mean == found.low == 0.0
    # Rule of three: about 3/n; Wilson's upper end is z^2/(n + z^2) = 0.0038.
    assert found.high == pytest.approx(3.8415 / 1003.8415, rel=1e-3)


def test_interval_covers_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    intervals = [mean_interval(rng.exponential(size=80)) for _ in range(200)]
    inside = np.mean([each.low <= 1.0 <= each.high for each in intervals])
    assert inside > 0.88


def test_intervals_differ_by_their_weeks_alone() -> None:
    weeks = np.random.default_rng(2).random(100)
    assert mean_interval(weeks) == mean_interval(weeks.copy())
    assert mean_interval(2 * weeks).low == pytest.approx(2 * mean_interval(weeks).low)
    assert replace(SETTINGS, samples=1).samples == 1
