from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from tests.risk.lines import report, strip_of

from sarhad.risk import (
    expect_harm,
    find_attack_paths,
    measure_harm,
    measure_to_sites,
    people_by_hour,
    recorded_harm,
)
from sarhad.scenario import DEFAULT_ATTACKERS, Attacker, RiskSettings, Site

RAID, SMUGGLING, DRONE = DEFAULT_ATTACKERS


def camp(name: str = "camp", **more: Any) -> Site:
    values = {"id": name, "name": name, "kind": "camp", "lon": 20.5, "lat": 0.05,
              "people_day": 60, "people_night": 40, "day_from": 6, "day_until": 20}  # fmt: skip
    return Site(**(values | more))


def test_people_change_with_the_hour_and_within_it() -> None:
    people = people_by_hour([camp(day_from=6.25)])[0]
    # From 6:00 a quarter of the hour is night: 0.25 x 40 + 0.75 x 60.
    assert people[[5, 6, 7, 19, 20]] == pytest.approx([40, 55, 60, 60, 40])


def test_day_may_run_through_midnight() -> None:
    people = people_by_hour([camp(day_from=22, day_until=4)])[0]
    assert people[[21, 22, 3, 4]] == pytest.approx([40, 60, 60, 40])


def test_walk_needs_ground_and_flight_does_not() -> None:
    strip, sites = strip_of(), [camp()]
    distance_m = measure_to_sites(strip, sites)
    nowhere = sparse.csr_matrix(distance_m.shape)
    paths = find_attack_paths([RAID, DRONE], sites, distance_m, nowhere)
    assert set(paths.attacker.tolist()) == {1}
    nearest = paths.seconds.min()
    # 0.05 degrees of latitude are 5.53 km, 2 km of launch behind the line, 60 km/h.
    assert nearest == pytest.approx((5.53 + 2.0) * 60, rel=0.01)


def test_walk_takes_the_seconds_of_the_ground() -> None:
    strip, sites = strip_of(), [camp()]
    distance_m = measure_to_sites(strip, sites)
    walk = sparse.csr_matrix(([3600.0], ([50], [0])), distance_m.shape)
    paths = find_attack_paths([RAID], sites, distance_m, walk)
    assert (paths.cell.tolist(), paths.seconds.tolist()) == ([50], [3600.0])


def test_shares_of_a_cell_sum_to_one_and_follow_the_weights() -> None:
    strip, sites = strip_of(), [camp(), camp("other", lon=20.6)]
    distance_m = measure_to_sites(strip, sites)
    paths = find_attack_paths(DEFAULT_ATTACKERS, sites, distance_m, distance_m / 1.0)
    total = np.bincount(paths.cell, paths.share, 100)
    assert total == pytest.approx(np.ones(100), rel=1e-5)
    here = paths.cell == 50
    by_attacker = np.bincount(paths.attacker[here], paths.share[here])
    assert by_attacker == pytest.approx([0.5, 0.3, 0.2], rel=1e-5)


def test_harm_is_that_of_the_hour_of_arrival() -> None:
    sites, attacker = [camp()], Attacker(id="a", title="a", weight=1, targets=("camp",),
                                         harm_share=0.1, harm_fixed=0.5, harm_most=50)  # fmt: skip
    distance_m = np.full((1, 1), 5_000.0)
    paths = find_attack_paths([attacker], sites, distance_m, np.full((1, 1), 7_200.0))
    harm = measure_harm(paths, [attacker], sites, [], RiskSettings()).harm[0]
    # Crossing at 3:00 it arrives at 5:00 among 40, at 4:00 among 60.
    assert harm[[3, 4]] == pytest.approx([4.5, 6.5])
    assert harm[24 + 3] == harm[3]


def test_harm_is_capped_in_a_large_town() -> None:
    sites = [camp(kind="village", people_day=40_000, people_night=40_000)]
    paths = find_attack_paths([RAID], sites, np.full((1, 1), 1e3), np.full((1, 1), 60.0))
    assert measure_harm(paths, [RAID], sites, [], RiskSettings()).harm.max() == RAID.harm_most


def test_dead_attackers_are_no_harm_and_reports_make_a_range() -> None:
    rows = [
        report("a", event="x", killed_low=1, killed_high=1, injured_low=4, injured_high=5),
        report("b", event="x", killed_low=1, killed_high=2),
        report("c", kind="incursion", killed_low=3, killed_high=3, harmed="attackers"),
    ]
    # x: from 1 killed to 2, injured 0 in one report and 4 to 5 in the other, at 0.2 each.
    assert recorded_harm(rows, RAID, RiskSettings()) == (2, pytest.approx(1.0), pytest.approx(2.0))


def test_record_moves_harm_by_its_events_against_the_setting() -> None:
    sites = [camp()]
    paths = find_attack_paths([SMUGGLING], sites, np.full((1, 1), 1e3), np.full((1, 1), 1.0))
    rows = [report(f"s{i}", kind="smuggling", killed_low=1, killed_high=2) for i in range(10)]
    harm = measure_harm(paths, [SMUGGLING], sites, rows, RiskSettings(harm_events=10))
    # Expected 0.05 an event: (10 x 0.05 + 10) / (20 x 0.05) = 10.5, and with 20 killed 20.5.
    assert harm.low_factor == pytest.approx([10.5])
    assert harm.high_factor == pytest.approx([20.5])


def test_expected_harm_is_rate_times_share_times_harm() -> None:
    sites = [camp()]
    paths = find_attack_paths([SMUGGLING], sites, np.full((2, 1), 1e3), np.full((2, 1), 1.0))
    harm = measure_harm(paths, [SMUGGLING], sites, [], RiskSettings())
    found = expect_harm(paths, harm, np.full((2, 168), 0.02))
    assert found == pytest.approx(np.full((2, 168), 0.02 * 0.05))


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="a row for each cell"):
        find_attack_paths([RAID], [camp()], np.ones((3, 1)), np.ones((2, 1)))


def test_a_walk_has_no_launch_beyond_the_line() -> None:
    with pytest.raises(ValueError, match="launch_km is for a flight"):
        Attacker(id="a", title="a", weight=1, launch_km=2.0)
