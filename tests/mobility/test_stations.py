import numpy as np
import pytest
from tests.mobility.made_land import NORTH_M, WEST_M, line_south_of, make_surface, make_terrain

from sarhad.border import LinePlane, locate, places_beside
from sarhad.mobility.stations import nearest_passable


def test_places_beside_a_straight_line_lie_at_the_distance_on_the_own_side():
    plane = line_south_of(make_terrain(np.zeros((8, 8))))
    east, north, clear = places_beside(plane, np.array([2_000.0, 5_000.0]), 300.0, 1_000.0)
    assert clear.all()
    assert east - plane.east_m[0] == pytest.approx([2_000, 5_000])
    assert north - plane.north_m[0] == pytest.approx([300, 300])


def test_places_lie_right_of_a_line_whose_own_side_is_right():
    plane = LinePlane(np.array([0.0, 9_000.0]), np.zeros(2), np.array([0.0, 9_000.0]), "right")
    _, north, _ = places_beside(plane, np.array([4_000.0]), 300.0, 1_000.0)
    assert north == pytest.approx([-300])


def test_in_a_narrow_notch_a_place_moves_out_until_it_is_clear():
    # A notch 400 m wide and 800 m deep: its walls are 200 m away until the place is out of it.
    x = np.array([0.0, 4_800, 4_800, 5_200, 5_200, 10_000])
    y = np.array([0.0, 0, -800, -800, 0, 0])
    chainage = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    plane = LinePlane(x, y, chainage, "left")
    east, north, clear = places_beside(plane, np.array([5_800.0]), 300.0, 200.0)
    assert clear.all()
    assert locate(plane, east, north)[1] == pytest.approx([300.0], abs=1.0)


def test_a_place_on_open_ground_stays_in_its_cell():
    surface = make_surface(np.zeros((20, 20)))
    found = nearest_passable(surface, np.array([WEST_M + 510]), np.array([NORTH_M - 730]), 1000.0)
    assert (found.row[0], found.column[0]) == (7, 5)
    assert found.moved_m[0] == pytest.approx(np.hypot(40, 20))


def test_a_place_on_closed_ground_moves_to_the_nearest_open_cell():
    friction = np.ones((20, 20))
    friction[4:11, 4:11] = np.inf
    surface = make_surface(np.zeros((20, 20)), friction=friction)
    found = nearest_passable(surface, np.array([WEST_M + 650]), np.array([NORTH_M - 750]), 1000.0)
    assert (found.row[0], found.column[0]) == (7, 3)
    assert found.moved_m[0] == pytest.approx(300)


@pytest.mark.parametrize("search_m", [100.0, 0.0])
def test_a_place_too_far_from_open_ground_has_no_station(search_m):
    friction = np.ones((20, 20))
    friction[2:13, 2:13] = np.inf
    surface = make_surface(np.zeros((20, 20)), friction=friction)
    found = nearest_passable(surface, np.array([WEST_M + 750]), np.array([NORTH_M - 750]), search_m)
    assert not found.found.any()
    assert np.isinf(found.moved_m).all()


@pytest.mark.parametrize("east", [np.inf, np.nan, 1e300, WEST_M - 1e7])
def test_a_place_that_is_nowhere_has_no_station(east):
    surface = make_surface(np.zeros((20, 20)))
    assert not nearest_passable(surface, np.array([east]), np.array([NORTH_M]), 500.0).found.any()
