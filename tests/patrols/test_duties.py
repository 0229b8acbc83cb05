"""Each rule of a duty, broken on purpose: the check must name it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.patrols.made_network import (
    air_team,
    ground_team,
    made_flight,
    made_network,
    walking_times,
)

from sarhad.patrols import Duty, Sortie, find_breaches, may_enter, passes_of
from sarhad.scenario import Party, Sector

CELLS = 12
# At 4 km/h a cell takes a quarter of an hour; the post lies 1 km behind cell 6.
TEAM = ground_team("tj-foot#1", walking_times(CELLS, 6), CELLS)
HELI = air_team(cells=CELLS)
NETWORK = made_network([TEAM, HELI], CELLS, (made_flight(CELLS),))


def walk(visits, start=8, hours=4, team=0) -> Duty:
    station, hour, quarters = np.array(visits).reshape(-1, 3).T
    return Duty(
        team, start, hours, station.astype(np.int16), hour.astype(np.int8),
        quarters.astype(np.int8),
    )  # fmt: skip


def fly(*sorties, start=7, hours=6) -> Duty:
    cells, hour = passes_of(sorties, NETWORK.flights[0])
    return Duty(1, start, hours, cells, hour, np.zeros(len(cells), np.int8), sorties)


# Out to cell 6 in 15 minutes: three quarters there; two cells on in half an hour: two quarters.
LEGAL = [(6, 8, 3), (8, 9, 2), (6, 10, 2)]
# Node 0 in one block, two nodes a block along the line, one block to the other pad.
THERE = Sortie(28, 0, 1, (0, 2, 4), 4)
BACK = Sortie(34, 1, 0, (4, 2), 4)


def test_legal_duties_break_no_rule() -> None:
    assert find_breaches(walk(LEGAL), TEAM, NETWORK) == ()
    assert find_breaches(walk([], hours=2), TEAM, NETWORK) == ()
    assert find_breaches(fly(THERE, BACK), HELI, NETWORK) == ()


@pytest.mark.parametrize(
    ("duty", "rule"),
    [
        (walk(LEGAL, hours=9), "9 h on duty, at most 8"),
        (walk([(6, 7, 3)]), "visit lies outside the duty"),
        (walk([(6, 8, 4)]), "before it can be"),
        (walk([(9, 8, 1)]), "before it can be"),
        (walk([(6, 8, 3), (9, 9, 2)]), "cannot go from km 6 to km 9"),
        (walk([(6, 8, 3), (6, 10, 2)]), "every hour between its visits"),
        (walk([(6, 8, 3), (8, 9, 2), (8, 10, 4), (8, 11, 4)]), "not home at the end"),
        (walk([(6, 8, 3), (6, 9, 5)]), "longer than its hour"),
        (walk([(6, 8, 3), (6, 9, -1)]), "longer than its hour"),
        (replace(walk(LEGAL), sorties=(THERE,)), "does not fly"),
    ],
)
def test_broken_rule_of_a_ground_duty_is_named(duty: Duty, rule: str) -> None:
    said = " ".join(find_breaches(duty, TEAM, NETWORK))
    assert rule in said, said


def test_ground_beyond_its_reach_is_named() -> None:
    near = ground_team("tj-foot#1", walking_times(CELLS, 0), CELLS, duty_h=2)
    assert "leaves the ground" in find_breaches(walk([(11, 8, 1)]), near, NETWORK)[-1]


def test_sector_that_is_not_allowed_cannot_be_entered_and_is_named() -> None:
    middle_m = 1000.0 * np.arange(CELLS) + 500
    sectors = (
        Sector(id="west", name="West", from_km=0, to_km=7),
        Sector(id="east", name="East", from_km=7, to_km=12),
    )
    guest = Party(id="RU", name="Guest", role="ally", sectors=("west",))
    open_cells = may_enter(guest, sectors, middle_m)
    assert open_cells.tolist() == [True] * 7 + [False] * 5
    team = ground_team("ru#1", walking_times(CELLS, 6), CELLS, open_cells=open_cells)
    assert team.reach is not None
    assert (team.reach.first, len(team.reach)) == (0, 7)
    assert any(
        "leaves" in b or "may not enter" in b for b in find_breaches(walk(LEGAL), team, NETWORK)
    )
    # Even a reach that was built too wide does not hide it.
    wide = replace(TEAM, open=open_cells)
    assert find_breaches(walk(LEGAL), wide, NETWORK) == ("tj-foot#1 may not enter km 8",)


def test_night_rule_is_named() -> None:
    by_day = np.zeros(24, bool)
    by_day[2:10] = True
    team = replace(TEAM, working=by_day)
    assert find_breaches(walk(LEGAL), team, NETWORK) == ("tj-foot#1 works outside its hours",)


@pytest.mark.parametrize(
    ("duty", "rule"),
    [
        (fly(THERE), "not back at its base"),
        (fly(BACK), "does not follow"),
        (fly(replace(THERE, block=29), BACK), "does not follow"),
        (fly(THERE, replace(BACK, block=32)), "does not follow"),
        (fly(replace(THERE, blocks=3), BACK), "do not add up"),
        (fly(Sortie(28, 0, 1, (0, 4), 3), BACK), "not a block apart"),
        (fly(Sortie(28, 0, 0, (0, 2, 0), 4)), "in one direction"),
        (fly(replace(THERE, block=18), replace(BACK, block=26), start=4), "closed hours"),
        (fly(replace(THERE, block=84), replace(BACK, block=90), start=19, hours=5), "closed hours"),
        (fly(THERE, BACK, hours=2), "not back at its base"),
        (replace(fly(THERE, BACK), station=fly(THERE, BACK).station + np.int16(1)), "not those of"),
    ],
)
def test_broken_rule_of_a_flying_day_is_named(duty: Duty, rule: str) -> None:
    said = " ".join(find_breaches(duty, HELI, NETWORK))
    assert rule in said, said


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"most_blocks": 3}, "4 blocks aloft on one filling, at most 3"),  # reserve
        ({"day_blocks": 6}, "flies 2 h, at most 1.5"),
        ({"turn_blocks": 4}, "does not follow"),
        ({"out": np.full((2, 6), 255, np.uint8)}, "no way between pad and track"),  # ceiling
        ({"open_blocks": np.arange(96) < 30}, "closed hours"),  # quiet hours
    ],
)
def test_limit_of_a_class_of_helicopters_is_named(change: dict, rule: str) -> None:
    network = replace(NETWORK, flights=(replace(NETWORK.flights[0], **change),))
    said = " ".join(find_breaches(fly(THERE, BACK), HELI, network))
    assert rule in said, said


def test_ways_may_lie_up_to_four_hours_outside_the_patrol_day_but_no_visit() -> None:
    at_dawn = walk([(6, 0, 4)], start=-1, hours=2)
    assert find_breaches(replace(at_dawn, hours=3), TEAM, NETWORK) == ()
    assert find_breaches(walk([(6, 23, 3)], start=23, hours=2), TEAM, NETWORK) == ()
    for start, hours in ((-5, 8), (22, 7)):
        with pytest.raises(ValueError, match="within 4 h of the patrol day"):
            walk([], start=start, hours=hours)
    for hour in (-1, 24):
        with pytest.raises(ValueError, match="visits lie within"):
            walk([(6, hour, 3)], start=hour, hours=2)


def test_working_hours_bind_before_and_after_the_patrol_day() -> None:
    by_day = np.arange(24) < 22
    team = replace(TEAM, working=by_day)
    said = find_breaches(walk([(6, 0, 4)], start=-1, hours=3), team, NETWORK)
    assert said == ("tj-foot#1 works outside its hours",)


def test_duty_outside_the_patrol_day_is_refused() -> None:
    with pytest.raises(ValueError, match="one entry for each visit"):
        replace(walk(LEGAL), hour=np.zeros(1, np.int8))
