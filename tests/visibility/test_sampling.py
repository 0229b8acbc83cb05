"""Sample points and observers beside the line."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.visibility.flatland import (
    draw_line,
    flat,
    lay_land,
    make_post,
    make_scenario,
    make_unit,
)

from sarhad.border import locate, places_beside
from sarhad.errors import ScenarioError
from sarhad.scenario import DetectionSettings, Movement, Party
from sarhad.visibility import place_observers, sample_targets

FLAT = lay_land()


def test_straight_line_has_five_points_a_cell_at_the_depths_set():
    _, cells, plane = draw_line(FLAT)
    depths = DetectionSettings(far_depth_m=300.0, own_depth_m=1200.0)
    points = sample_targets(cells, plane, FLAT, depths)
    assert points.dropped == 0
    assert (points.per_cell == 5).all()
    north_m = np.round(points.north_m.reshape(len(cells), 5))
    assert (north_m == [-300, 0, 0, 600, 1200]).all()


@pytest.mark.parametrize("own_side", ["left", "right"])
def test_own_side_is_where_the_border_says(own_side):
    _, cells, plane = draw_line(FLAT, own_side=own_side)
    points = sample_targets(cells, plane, FLAT, DetectionSettings())
    deep = np.abs(points.north_m) > 600
    assert (np.sign(points.north_m[deep]) == (1 if own_side == "left" else -1)).all()


@given(st.lists(st.floats(-3000, 3000), min_size=4, max_size=8), st.floats(-1500, 1500))
@settings(max_examples=60, deadline=None)
def test_places_reached_lie_at_their_distance_from_the_whole_line(north_m, distance_m):
    line = list(zip(np.linspace(-8000, 8000, len(north_m)), north_m, strict=True))
    _, cells, plane = draw_line(FLAT, line)
    along_m = (cells.edges_m[:-1] + cells.edges_m[1:]) / 2
    east_m, north_m, reached = places_beside(plane, along_m, distance_m, cells.length_m)
    off_m = locate(plane, east_m[reached], north_m[reached])[1]
    assert np.abs(np.abs(off_m) - abs(distance_m)).max(initial=0) <= 1.001
    wide = np.abs(off_m) > 1.001
    assert (np.sign(off_m[wide]) == np.sign(distance_m)).all()


# A tongue 800 m wide: no place in it is 1,000 m from the line, but 400 m is.
TONGUE = ((-9000.0, 0.0), (0.0, 0.0), (0.0, 6000.0), (800.0, 6000.0), (800.0, 0.0), (9000.0, 0.0))


def test_patrols_in_a_narrow_tongue_keep_as_far_off_as_it_lets_them():
    _, cells, plane = draw_line(FLAT, TONGUE, own_side="right")
    inside = (cells.edges_m[:-1] > 10_500) & (cells.edges_m[:-1] < 12_500)
    along_m = cells.edges_m[:-1][inside] + 500
    strict = places_beside(plane, along_m, 1000.0, 1000.0)
    lenient = places_beside(plane, along_m, 1000.0, 1000.0, least_m=200.0)
    assert not strict[2].any()
    assert lenient[2].all()
    assert (locate(plane, *lenient[:2])[1] >= 200).all()


def test_points_in_a_void_are_dropped_and_counted():
    land = lay_land(lambda east, north: np.where((east > 0) & (north > 800), np.nan, 0.0))
    _, cells, plane = draw_line(land)
    points = sample_targets(cells, plane, land, DetectionSettings())
    assert points.dropped == 10
    assert set(points.per_cell.tolist()) == {4, 5}


def patrolled(terrain=FLAT, station_m=500.0, **detection):
    border, cells, plane = draw_line(terrain)
    posts = (make_post(terrain, "hill", 0.0, 2000.0, height_m=7.0),)
    guest = Party(id="guest", name="Guest", role="ally", stand_off_km=0.8)
    units = (
        make_unit("team", "hill"),
        make_unit("guests", "hill", party="guest"),
        make_unit("bird", "hill", "helicopter", "guest"),
    )
    scenario = make_scenario(
        border,
        terrain,
        posts,
        units,
        (guest,),
        detection=DetectionSettings(**detection),
        movement=Movement(station_m=station_m, track_m=120.0),
    )
    return scenario, cells, plane, terrain


def test_each_party_keeps_its_own_distance():
    scenario, cells, plane, terrain = patrolled(station_m=500.0)
    observers = place_observers(scenario, cells, plane, terrain)
    assert set(observers.stations) == {("ground", "own"), ("ground", "guest"), ("air", "guest")}
    for (kind, party), index in observers.stations.items():
        assert (observers.eye_m[index] == (120 if kind == "air" else 1.7)).all()
        # a metre and a thousandth more than the stand-off, so that rounding never breaks it
        away_m = 500 if party == "own" else 801.8
        np.testing.assert_allclose(observers.north_m[index], away_m, atol=1)


def test_parties_with_one_distance_share_their_stations():
    observers = place_observers(*patrolled(station_m=900.0))
    own, guest = (observers.stations["ground", party] for party in ("own", "guest"))
    assert (own == guest).all()
    assert observers.party[own[0]] == "guest own"


@given(st.lists(st.floats(-2000, 2000), min_size=4, max_size=7), st.floats(0.1, 2.0))
@settings(max_examples=30, deadline=None)
def test_no_look_of_a_guest_is_inside_its_stand_off(north_m, stand_off_km):
    line = list(zip(np.linspace(-8000, 8000, len(north_m)), north_m, strict=True))
    border, cells, plane = draw_line(FLAT, line)
    guest = Party(id="guest", name="Guest", role="ally", stand_off_km=stand_off_km)
    posts = (make_post(FLAT, "camp", 0.0, 9000.0),)
    units = (make_unit("guests", "camp", party="guest"),)
    scenario = make_scenario(border, FLAT, posts, units, (guest,))
    observers = place_observers(scenario, cells, plane, FLAT)
    looks = observers.look_observer > 0
    off_m = locate(plane, observers.look_east_m[looks], observers.look_north_m[looks])[1]
    assert (off_m >= stand_off_km * 1000).all()


def test_stations_know_their_cell_and_posts_come_first():
    observers = place_observers(*patrolled(looks_per_cell=3))
    assert observers.id[0] == "hill"
    assert observers.kind[0] == "post"
    assert observers.cell[0] == -1
    assert observers.eye_m[0] == 7.0
    for index in observers.stations.values():
        assert (observers.cell[index] == np.arange(20)).all()
    assert (np.bincount(observers.look_observer) == [1] + [3] * 60).all()


def test_post_deep_in_the_country_has_no_looks():
    border, cells, plane = draw_line(FLAT)
    far = make_post(FLAT, "capital", 0.0, 60_000.0)
    observers = place_observers(make_scenario(border, FLAT, (far,)), cells, plane, FLAT)
    assert len(observers) == 1
    assert observers.look_observer.size == 0


@pytest.mark.parametrize(
    ("land", "where"),
    [(lambda e, n: np.where(n > 1000, np.nan, 0 * e), "in a void"), (None, "outside")],
)
def test_post_without_ground_is_a_fault(land, where):
    terrain = lay_land(land or flat)
    border, cells, plane = draw_line(terrain)
    east_m = 0.0 if land else 17_000.0
    post = make_post(terrain, "lost", east_m, 1500.0)
    with pytest.raises(ScenarioError, match=f"post 'lost' at .*, {where}") as caught:
        place_observers(make_scenario(border, terrain, (post,)), cells, plane, terrain)
    assert caught.value.faults[0].file == "posts.csv"


def test_eyes_below_ground_are_refused():
    observers = place_observers(*patrolled())
    with pytest.raises(ValueError, match="nobody looks from below"):
        replace(observers, eye_m=-observers.eye_m)
