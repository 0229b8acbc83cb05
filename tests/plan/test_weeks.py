"""Rules of weeks, each broken on purpose; and 1,000 drawn weeks that break none."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from tests.patrols.made_network import ground_team, walking_times
from tests.plan.made_plan import BACK, NETWORK, THERE, fly, lottery, spread_plan, stay, walk

from sarhad.patrols import Limits, Member
from sarhad.plan import (
    Schedule,
    bonferroni_limit,
    cover_by_schedule,
    cover_z,
    draw_weeks,
    find_plan_breaches,
    find_week_breaches,
)
from sarhad.scenario import Party, Post, Rules, Unit

CAPS = {
    "fuel_kg": 900, "burn_kg_h": 400, "reserve_min": 15, "ceiling_m": 5000, "flying_hours": 4,
    "turnaround_min": 30,
}  # fmt: skip


def scenario(rules: Rules, hours=None, fuel=None, officers=4, pad=5000.0):
    """Return what the check reads of a scenario."""
    kinds = (("tj-foot", "TJ", "foot"), ("tj-west", "TJ", "foot"), ("ru-foot", "RU", "foot"))
    units = [
        Unit(id=i, name=i, party=party, kind=kind, base="a", speed_km_h=4, duty_hours=8, count=2)
        for i, party, kind in kinds
    ]
    heli = Unit(
        id="heli",
        name="Heli",
        party="RU",
        kind="helicopter",
        base="airfield",
        speed_km_h=200,
        **CAPS,
    )
    parties = (
        Party(id="TJ", name="TJ", role="own", liaison_officers=officers),
        Party(id="RU", name="RU", role="ally", flying_hours=hours, fuel_kg=fuel),
    )
    places = {"lon": 70.0, "lat": 37.0, "party": "TJ", "kind": "airfield", "fuel_kg": pad}
    posts = tuple(Post(id=name, name=name, **places) for name in ("airfield", "forward"))
    return SimpleNamespace(
        rules=rules, units=(*units, heli), parties=parties, posts=posts, sectors=("west", "east")
    )


RULES = Rules(duty_hours=12, rest_hours=10, week_hours=60)
PLAN = lottery([[stay(0, 6)]])


def days(*duties) -> list[Schedule]:
    return [Schedule(tuple(day)) for day in duties]


def test_lawful_days_break_nothing() -> None:
    week = days(*[[stay(0, 6), stay(1, 7, 10), fly()]] * 7)
    free = scenario(RULES)
    assert find_week_breaches(week, PLAN, NETWORK, free) == ()
    just = scenario(replace(RULES, week_hours=42), hours=14, fuel=5600)
    assert find_week_breaches(week, PLAN, NETWORK, just) == ()


def test_rest_between_days_is_counted_in_elapsed_hours() -> None:
    # Home at 22, out again at 7 the next day: 9 hours.
    week = days([stay(0, 6, 18)], [stay(0, 6, 7)])
    assert find_week_breaches(week, PLAN, NETWORK, scenario(RULES)) == (
        "tj-foot 1: 9 h of rest between duties, at least 10",
    )
    apart = days([stay(0, 6, 18)], [], [stay(0, 6, 0)])
    assert find_week_breaches(apart, PLAN, NETWORK, scenario(RULES)) == ()


def test_rest_holds_for_a_unit_that_changes_teams() -> None:
    partner = Member("ru-foot", 0, "RU", "Guest", 5, 25.0)
    mixed = ground_team("tj-west#2", walking_times(12, 6), 12, partner=partner)
    teams = (*NETWORK.teams, mixed)
    hours = {"day_from": np.zeros(6, np.int8), "day_until": np.full(6, 24, np.int8)}
    plan = lottery([[stay(3, 6)]], teams=teams, **hours)
    week = days([stay(5, 6, 18)], [stay(3, 6, 7)])
    said = find_week_breaches(week, plan, NETWORK, scenario(RULES))
    assert said == ("ru-foot 1: 9 h of rest between duties, at least 10",)


@pytest.mark.parametrize(
    ("week", "change", "rule"),
    [
        ([[walk(0, [(6, 8, 3)], hours=9)]], {}, "tj-foot 1: 9 h on duty, at most 8"),
        ([[stay(0, 6)]] * 7, {"rules": replace(RULES, week_hours=27)}, "28 h in seven days"),
        ([[fly()]] * 7, {"hours": 13.5}, "RU: 14 flying hours in seven days, at most 13.5"),
        ([[fly()]] * 7, {"fuel": 5000}, "RU: 5,600 kg of fuel in seven days, at most 5,000"),
        ([[fly()], [stay(3, 6)]], {"officers": 0}, "day 2: 1 officers of the host, there are 0"),
        ([[fly()]], {"pad": 300.0}, "day 1: 400 kg taken at airfield, at most 300"),
        ([[stay(0, 6)]], {"rules": replace(RULES, presence_hours=1)}, "1 h of patrol in sector"),
    ],
)  # fmt: skip
def test_broken_rule_of_a_week_is_named(week, change, rule: str) -> None:
    said = find_week_breaches(days(*week), PLAN, NETWORK, scenario(**{"rules": RULES} | change))
    assert any(rule in sentence for sentence in said), said


def test_any_seven_days_in_a_row_count_and_not_calendar_weeks_alone() -> None:
    # Three days off, seven of four hours, four off: both weeks of the calendar have 16 or 12 hours.
    fortnight = days(*[[]] * 3, *[[stay(0, 6)]] * 7, *[[]] * 4)
    tight = scenario(replace(RULES, week_hours=27))
    assert "28 h in seven days" in find_week_breaches(fortnight, PLAN, NETWORK, tight)[0]


@pytest.mark.parametrize("seed", range(3))
def test_a_thousand_drawn_weeks_have_the_lotterys_cover_and_break_no_rule(seed: int) -> None:
    plan = spread_plan(count=40, seed=seed)
    assert find_plan_breaches(plan, NETWORK) == ()
    weeks = draw_weeks(plan, 1000, np.random.default_rng(seed))
    cover = cover_by_schedule(plan, NETWORK)
    shares = plan.probabilities / plan.probabilities.sum()
    for fields in (cover.any(axis=2), cover.reshape(len(cover), -1)):
        z = cover_z(weeks, fields, shares)
        assert np.abs(z).max() < bonferroni_limit(z.size)
    rules = scenario(replace(RULES, week_hours=56), hours=7 * 2, fuel=7 * 800)
    stream = [plan.schedules[s] for s in weeks.ravel()]
    assert find_week_breaches(stream, plan, NETWORK, rules) == ()


def test_z_finds_weeks_that_are_drawn_wrongly() -> None:
    plan = spread_plan(count=40)
    weeks = draw_weeks(plan, 1000, np.random.default_rng(0))
    shares = plan.probabilities / plan.probabilities.sum()
    cover = cover_by_schedule(plan, NETWORK).any(axis=2)
    favoured = int(np.argmax(cover.sum(axis=1) < cover.sum(axis=1).max()))
    weeks[:60] = favoured
    assert np.abs(cover_z(weeks, cover, shares)).max() > bonferroni_limit(cover.shape[1])


def test_z_of_a_rare_cell_is_that_of_the_exact_binomial() -> None:
    # 700 days at chance 0.001: P(5 or more) = 0.00081 (binomial), twice that is z = 3.16.
    cover, shares = np.array([[True], [False]]), np.array([0.001, 0.999])
    weeks = np.ones((100, 7), np.int64)
    weeks.ravel()[:5] = 0
    from_tables = 3.16
    assert cover_z(weeks, cover, shares)[0] == pytest.approx(from_tables, abs=0.02)
    never = cover_z(weeks, cover, np.array([0.0, 1.0]))[0]
    assert never == np.inf


@pytest.mark.parametrize(
    ("day", "limits", "rule"),
    [
        ([stay(3, 6), fly()], {"officers": 1}, "2 officers of the host are needed, there are 1"),
        ([fly()], {"air_blocks": {"RU": 7.0}}, "RU: 8 quarters of an hour aloft a day, at most 7"),
        ([fly()], {"air_kg": {"RU": 700.0}}, "RU: 800 kg of fuel a day, at most 700"),
        ([fly()], {"pad_kg": {"airfield": 5e3, "forward": 300.0}}, "forward: 400 kg of fuel from"),
        ([stay(0, 6)], {"presence_hours": 1.0}, "sector west: 0 h of patrol a day, at least 1"),
    ],
)
def test_broken_limit_of_a_day_is_named(day, limits: dict, rule: str) -> None:
    known = NETWORK.limits
    values = {f: getattr(known, f) for f in Limits.__slots__} | limits
    network = replace(NETWORK, limits=Limits(**values))
    said = find_plan_breaches(lottery([day], network=network), network)
    assert any(rule in sentence for sentence in said), said


def test_plan_that_leaves_no_rest_or_its_hours_is_named() -> None:
    assert "outside its hours" in find_plan_breaches(lottery([[stay(0, 6)]], begin=9), NETWORK)[0]
    wide = lottery([[stay(0, 6)]], begin=6, until=21)
    assert "cannot rest 10 h" in find_plan_breaches(wide, NETWORK)[0]


def test_unit_in_two_teams_is_named() -> None:
    partner = Member("ru-foot", 0, "RU", "Guest", 5, 25.0)
    mixed = ground_team("tj-west#2", walking_times(12, 6), 12, partner=partner)
    plan = lottery([[stay(3, 6), stay(5, 6)]], teams=(*NETWORK.teams, mixed),
        day_from=np.full(6, 7, np.int8), day_until=np.full(6, 20, np.int8))  # fmt: skip
    assert "ru-foot 0 is in two teams" in find_plan_breaches(plan, NETWORK)


def test_made_sorties_are_legal() -> None:
    assert THERE.blocks + BACK.blocks == fly().blocks_aloft == 8
