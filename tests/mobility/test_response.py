"""The quickest help over level ground, where times are distances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.mobility.test_travel import small_scenario, travel

from sarhad.border import cut_into_cells
from sarhad.mobility import response, scenario_land
from sarhad.mobility.response import find_response, map_response
from sarhad.scenario import Party, Sector


def respond(scenario, **more):
    times, plane, terrain = travel(scenario, **more)
    cells = cut_into_cells(scenario.border, scenario.cell_m)
    return find_response(scenario, "alone", cells, plane, terrain.grid, times), times


def with_lame_helicopter():
    """Return the small scenario with a helicopter hardly quicker than a walker."""
    scenario = small_scenario()
    units = [
        replace(unit, speed_km_h=10.0) if unit.kind == "helicopter" else unit
        for unit in scenario.units
    ]
    return replace(scenario, units=tuple(units))


def test_quickest_help_is_the_least_over_all_units() -> None:
    found, times = respond(with_lame_helicopter())
    foot_s = times.ground["foot"].out_s[times.posts.index("west")]
    air = times.air["mi8"]
    least_s = np.minimum(foot_s, air.stations_s[air.pads.index("field")])
    np.testing.assert_allclose(found.line.minutes, least_s / 60.0, rtol=1e-6)
    kinds = [found.units[number].kind for number in found.line.unit]
    assert set(kinds) == {"foot", "helicopter"}
    # The team stands 3 km from the line near 68.1 E: help comes on foot there, by air elsewhere.
    assert kinds[8] == "foot"
    assert kinds[-1] == "helicopter"


def test_slower_unit_of_a_kind_needs_longer_in_proportion() -> None:
    scenario = small_scenario()
    slow = tuple(unit for unit in scenario.units if unit.id == "slow")
    both = respond(scenario)[0].of_kind["foot"]
    alone = respond(replace(scenario, units=slow))[0].of_kind["foot"]
    near = np.isfinite(alone.minutes)
    assert near.any()
    np.testing.assert_allclose(alone.minutes[near], 2 * both.minutes[near], rtol=1e-5)


def test_a_party_helps_only_in_the_sectors_that_it_may_enter() -> None:
    sectors = (
        Sector(id="a", name="A", from_km=0, to_km=20),
        Sector(id="b", name="B", from_km=20, to_km=45),
    )
    own = Party(id="own", name="Own", role="own", sectors=("b",))
    found, _ = respond(small_scenario(sectors=sectors, parties=(own,)))
    middle_km = (found.edges_m[:-1] + found.edges_m[1:]) / 2000
    np.testing.assert_array_equal(np.isfinite(found.line.minutes), middle_km >= 20)
    # The mine lies beside km 18.
    assert found.sites.unit.tolist() == [-1]
    assert found.never_km == pytest.approx(20, abs=0.6)
    assert found.within_km(1e9) + found.never_km == pytest.approx(found.edges_m[-1] / 1000)


def test_helicopters_reach_a_site_where_they_can_land() -> None:
    low, _ = respond(small_scenario())
    high, times = respond(small_scenario(), height_m=3900.0)
    assert low.units[low.sites.unit[0]].kind == "helicopter"
    assert not times.air["mi8"].site_landing.any()
    assert high.units[high.sites.unit[0]].kind == "foot"


def test_intruder_times_are_the_least_over_the_line() -> None:
    found, times = respond(small_scenario())
    dense = times.intruder.drone_s.toarray()[:, 0]
    assert found.by_drone_min[0] == pytest.approx(dense[dense > 0].min() / 60)
    assert found.on_foot_min[0] > found.by_drone_min[0]


def test_nobody_helps_without_units() -> None:
    scenario = small_scenario()
    option = replace(scenario.options[0], units=())
    found, _ = respond(replace(scenario, units=(), options=(option,)))
    assert found.units == ()
    assert np.isinf(found.line.minutes).all()
    assert not found.flyable.any()
    assert found.of_kind == {}


def test_map_agrees_with_the_table_at_the_stations() -> None:
    scenario = small_scenario()
    times, plane, terrain = travel(scenario)
    land = scenario_land(scenario, plane, terrain)
    tiles = map_response(scenario, "alone", land)["foot"]
    stations, tile = times.ground["foot"].stations, terrain.tile
    index = terrain.index[stations.row // tile, stations.column // tile]
    minutes = tiles[index, stations.row % tile, stations.column % tile]
    expected = times.ground["foot"].out_s[times.posts.index("west")] / 60
    reached = np.isfinite(expected)
    np.testing.assert_allclose(minutes[reached], expected[reached], rtol=1e-5)
    assert np.isnan(minutes[~reached]).all()


def test_dividing_the_windows_changes_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = small_scenario()
    teams = [replace(scenario.units[0], id=f"t-{base}", base=base) for base in ("west", "field")]
    scenario = replace(scenario, units=tuple(teams))
    _, plane, terrain = travel(scenario)
    land = scenario_land(scenario, plane, terrain)
    whole = map_response(scenario, "alone", land)["foot"]
    monkeypatch.setattr(response, "WINDOW_CELLS", 1)
    np.testing.assert_array_equal(map_response(scenario, "alone", land)["foot"], whole)
    assert np.isfinite(whole).any()
