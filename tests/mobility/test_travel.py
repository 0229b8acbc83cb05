from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import numpy as np
import pytest

from sarhad.border import build_border, cut_into_cells, lay_out, locate
from sarhad.errors import ScenarioError
from sarhad.exchange.heights import read_heights
from sarhad.exchange.scenario_folder import find_folder, read_scenario
from sarhad.grid import choose_grid, corridor_tiles
from sarhad.mobility import (
    compute_travel_times,
    intruder_path,
    response_path,
    scenario_land,
    seconds_at_speed,
)
from sarhad.scenario import Horizon, Movement, Option, Party, Post, Scenario, Sector, Site, Unit
from sarhad.terrain import build_terrain

LINE = np.array([[68.0, 37.0], [68.3, 37.02], [68.5, 37.0]])


class Level:
    """Heights that are the same everywhere."""

    stand_in = False
    credit = ""

    def __init__(self, height_m):
        self.height_m = height_m

    def read(self, _row, _column, rows, columns):
        return np.full((rows, columns), self.height_m, np.float32)


def small_scenario(**changes):
    own = {"party": "own", "source": "made for a test"}
    flight = {
        "fuel_kg": 1900,
        "burn_kg_h": 700,
        "reserve_min": 30,
        "ceiling_m": 5000,
        "flying_hours": 6,
        "turnaround_min": 40,
    }
    foot = {"kind": "foot", "base": "west", "speed_km_h": 4}
    parts = {
        "name": "small",
        "title": "Small",
        "time_zone": "UTC",
        "default_option": "alone",
        "border": build_border([LINE], "left"),
        "horizon": Horizon(start=datetime(2026, 3, 2, tzinfo=UTC)),
        "parties": (Party(id="own", name="Own", role="own", stand_off_km=0.2),),
        "sectors": (Sector(id="all", name="All", from_km=0, to_km=45),),
        "posts": (
            Post(id="west", name="West", kind="post", lon=68.1, lat=37.03, **own),
            Post(
                id="field", name="Field", kind="airfield", lon=68.3, lat=37.1, fuel_kg=9000, **own
            ),
            Post(id="far", name="Far", kind="base", lon=68.3, lat=38.5, fuel_kg=9000, **own),
        ),
        "sites": (
            Site(
                id="mine",
                name="Mine",
                kind="mine",
                lon=68.2,
                lat=37.05,
                people_day=9,
                people_night=9,
            ),
        ),
        "units": (
            Unit(id="team", name="Team", **own, **foot),
            Unit(id="slow", name="Slow", **own, **{**foot, "speed_km_h": 2}),
            Unit(
                id="mi8",
                name="Mi-8",
                kind="helicopter",
                base="field",
                speed_km_h=220,
                **own,
                **flight,
            ),
        ),
        "options": (Option(name="alone", title="Alone", units=("*",)),),
    }
    return Scenario(**{**parts, **changes})


def travel(scenario, height_m=500.0, **more):
    border = scenario.border
    grid, _ = choose_grid(border.longitude, border.latitude, 15_000, 250)
    kept = corridor_tiles(grid, *grid.project(border.longitude, border.latitude), 15_000, 64)
    terrain = build_terrain(grid, kept, Level(height_m), tile=64)
    plane = lay_out(border, grid.project)
    cells = cut_into_cells(border, scenario.cell_m)
    return compute_travel_times(scenario, cells, plane, terrain, **more), plane, terrain


def test_stations_lie_on_the_own_side_near_the_distance_asked_for():
    times, plane, terrain = travel(small_scenario())
    stations = times.ground["foot"].stations
    _, distance_m = locate(plane, stations.east_m, stations.north_m)
    assert stations.found.all()
    # Half a diagonal of a 250 m cell to either side of 300 m.
    assert (distance_m > 177).all()
    assert np.abs(distance_m - 300).max() < 250
    assert terrain.grid.cell_m == times.cell_m


def test_on_level_ground_times_are_the_same_there_and_back():
    foot = travel(small_scenario())[0].ground["foot"]
    np.testing.assert_allclose(foot.out_s, foot.home_s, rtol=1e-5)
    np.testing.assert_allclose(foot.along_s[0], foot.along_s[1], rtol=1e-5)


def test_neighbouring_stations_are_an_off_path_kilometre_apart():
    foot = travel(small_scenario())[0].ground["foot"]
    # 1 km at 4 km/h and 0.6 off paths: 1500 s; cells of 250 m move stations by a cell at most.
    assert np.median(foot.along_s) == pytest.approx(1500, rel=0.1)
    assert (foot.along_s > 900).all()


def test_ground_times_are_those_of_the_fastest_unit_of_the_kind():
    foot = travel(small_scenario())[0].ground["foot"]
    assert foot.flat_km_h == 4
    np.testing.assert_array_equal(seconds_at_speed(foot.out_s, foot.flat_km_h, 2.0), 2 * foot.out_s)


def test_posts_without_heights_are_out_of_reach_on_the_ground_alone():
    times, _, _ = travel(small_scenario())
    far, air = times.posts.index("far"), times.air["mi8"]
    assert np.isinf(times.ground["vehicle"].out_s[far]).all()
    assert np.isfinite(air.pads_s).all()


def test_flight_times_are_the_distance_at_cruise_or_a_little_more():
    times, _, terrain = travel(small_scenario())
    air = times.air["mi8"]
    field, far = air.pads.index("field"), air.pads.index("far")
    apart_m = np.hypot(*np.diff(terrain.grid.project([68.3, 68.3], [37.1, 38.5]))[:, 0])
    seconds = apart_m / (220 / 3.6)
    assert seconds <= air.pads_s[field, far] <= 1.03 * seconds + 120
    assert air.pads_s[field, field] == 0


def test_the_whole_track_over_level_ground_is_flown_at_cruise():
    track = travel(small_scenario())[0].air["mi8"].track
    assert track.flyable.all()
    assert track.seconds == pytest.approx(1000 / (220 / 3.6), rel=0.02)
    assert track.height_m == pytest.approx(650)


def test_the_quickest_drone_flies_the_shortest_way_from_the_line():
    times, plane, terrain = travel(small_scenario(movement=Movement(drone_km_h=60)))
    _, distance_m = locate(plane, *terrain.grid.project([68.2], [37.05]))
    drone_m = times.intruder.drone_s.data.min() * 60 / 3.6
    # From the middles of cells of 1 km.
    assert distance_m[0] <= drone_m <= np.hypot(distance_m[0], 500) + 1


@pytest.mark.parametrize("empty", ["sites", "units", "posts"])
def test_a_scenario_may_have_none_of_a_table(empty):
    without = {empty: ()}
    if empty != "sites":
        without |= {"units": (), "options": (Option(name="alone", title="Alone"),)}
    times, _, _ = travel(small_scenario(**without))
    sizes = len(times.posts), len(times.sites)
    assert times.ground["horse"].sites_s.shape == sizes
    assert times.ground["horse"].out_s.shape == (sizes[0], times.intruder.cover_s.size)


def test_over_voids_nobody_gets_anywhere_and_nothing_fails():
    times, _, _ = travel(small_scenario(movement=Movement(assumed_ground_m=None)), np.nan)
    assert np.isinf(times.ground["foot"].out_s).all()
    assert np.isinf(times.air["mi8"].stations_s).all()
    assert times.intruder.site_s.nnz == 0
    assert np.isinf(times.intruder.cover_s).all()


def test_a_closed_sector_ends_all_flights_there():
    movement = Movement(closed_sectors=("all",))
    air = travel(small_scenario(movement=movement))[0].air["mi8"]
    assert not air.track.flyable.any()
    assert np.isinf(air.stations_s).all()


def test_a_ceiling_below_the_base_names_the_row_of_the_unit():
    units = [*small_scenario().units]
    units[2] = Unit(
        **{
            name: getattr(units[2], name)
            for name in units[2].__dataclass_fields__
            if name != "ceiling_m"
        },
        ceiling_m=400,
    )
    with pytest.raises(ScenarioError) as raised:
        travel(small_scenario(units=tuple(units)))
    fault = raised.value.faults[0]
    assert (fault.file, fault.row, fault.column) == ("units.csv", 4, "ceiling_m")
    assert "'field' at 500 m" in fault.expected


def test_a_base_above_the_hover_ceiling_is_refused_unless_it_is_an_airfield():
    assert travel(small_scenario(), height_m=4_500.0)[0].air["mi8"].pads == ("field", "far")
    posts = [*small_scenario().posts]
    posts[1] = Post(
        id="field", name="Field", party="own", kind="base", lon=68.3, lat=37.1, fuel_kg=9
    )
    with pytest.raises(ScenarioError, match="hover ceiling of 3,750 m"):
        travel(small_scenario(posts=tuple(posts)), height_m=4_500.0)


def test_threads_change_nothing_and_progress_ends_at_the_total():
    told = []
    alone, _, _ = travel(small_scenario(), progress=lambda done, total: told.append((done, total)))
    with ThreadPoolExecutor(2) as executor:
        spread, _, _ = travel(small_scenario(), executor=executor)
    for kind in alone.ground:
        np.testing.assert_array_equal(alone.ground[kind].out_s, spread.ground[kind].out_s)
    assert told == [(done, 10) for done in range(1, 11)]


def test_the_way_of_help_takes_the_time_in_the_table_and_ends_at_the_site():
    scenario = small_scenario()
    times, plane, terrain = travel(scenario)
    land = scenario_land(scenario, plane, terrain)
    way = response_path(scenario, land, "foot", "west", "mine")
    assert way.seconds == pytest.approx(times.ground["foot"].sites_s[0, 0], rel=1e-6)
    assert way.longitude[[0, -1]] == pytest.approx([68.1, 68.2], abs=0.002)
    assert way.latitude[[0, -1]] == pytest.approx([37.03, 37.05], abs=0.002)


def test_the_way_of_an_intruder_takes_the_time_in_the_table_less_the_crossing():
    scenario = small_scenario(movement=Movement(river_km=((0.0, 40.0),)))
    times, plane, terrain = travel(scenario)
    land, cell = scenario_land(scenario, plane, terrain), 18
    way = intruder_path(scenario, land, times.intruder, cell, "mine")
    off_s = times.intruder.banks.moved_m[cell] / (5 / 3.6 * 0.6)
    assert way.seconds + 1800 + off_s == pytest.approx(times.intruder.site_s[cell, 0], rel=1e-5)


def test_a_way_to_a_site_that_is_not_there_names_those_that_are():
    scenario = small_scenario()
    _, plane, terrain = travel(scenario)
    with pytest.raises(ValueError, match="mine"):
        response_path(scenario, scenario_land(scenario, plane, terrain), "foot", "west", "mina")


@pytest.mark.slow
def test_the_case_reaches_most_of_the_line_on_the_ground():
    scenario = read_scenario("tajik-afghan")
    terrain = read_heights(scenario, find_folder("tajik-afghan")).terrain
    plane = lay_out(scenario.border, terrain.grid.project)
    cells = cut_into_cells(scenario.border, scenario.cell_m)
    with ThreadPoolExecutor(2) as executor:
        times = compute_travel_times(scenario, cells, plane, terrain, executor=executor)
    assert np.isfinite(times.ground["foot"].out_s).any(axis=0).mean() > 0.95
    assert np.isfinite(times.ground["foot"].along_s).mean() > 0.99
    assert times.stand_in
