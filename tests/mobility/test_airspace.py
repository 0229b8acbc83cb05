import numpy as np
import pytest
from tests.mobility.made_land import NORTH_M, WEST_M, line_south_of, make_terrain

from sarhad.border import LinePlane
from sarhad.mobility.airspace import build_airspace, crosses_line, find_routes, trace_route

CELL_M = 500.0


def flat(rows=96, columns=96, height=0.0):
    return np.full((rows, columns), height, np.float32)


def at(row, column):
    return np.array([[WEST_M + (column + 0.5) * CELL_M, NORTH_M - (row + 0.5) * CELL_M]])


def routes_over(heights, start, goal, highest_m=1_000.0, stand_off_m=0.0, plane=None, **rules):
    terrain = make_terrain(heights, CELL_M)
    plane = plane or line_south_of(terrain, 20_000.0)
    space = build_airspace(terrain, plane, start[:, 0], start[:, 1], cell_m=1_000.0, **rules)
    return find_routes(space, start, goal, highest_m, stand_off_m)


def test_a_leg_over_low_ground_is_straight():
    start, goal = at(10, 10), at(70, 85)
    length = routes_over(flat(), start, goal).length_m
    # Ends are joined to the middle of a cell of 1 km: never a cell too long.
    assert length[0, 0] == pytest.approx(np.hypot(*(goal - start)[0]), abs=1_000)
    assert length[0, 0] >= np.hypot(*(goal - start)[0]) - 1e-6


def test_a_wall_is_flown_around():
    heights = flat()
    heights[:80, 48] = 3_000
    start, goal = at(20, 10), at(20, 85)
    length = routes_over(heights, start, goal).length_m[0, 0]
    corner = at(81, 48)
    around = np.hypot(*(corner - start)[0]) + np.hypot(*(goal - corner)[0])
    # 16 directions and cells of 1 km: at most 2.7 % and three cells more.
    assert around <= length <= 1.027 * around + 3_000


def test_a_wall_without_a_gap_is_not_passed():
    heights = flat()
    heights[:, 48:50] = 3_000
    assert np.isinf(routes_over(heights, at(20, 10), at(20, 85)).length_m).all()


def test_the_highest_ground_of_a_way_is_that_of_its_pass():
    heights = flat()
    heights[:, 48:50] = 3_000
    heights[18:24, 48:50] = 700
    assert routes_over(heights, at(20, 10), at(20, 85)).ground_m[0, 0] == 700


def test_a_closed_circle_is_flown_around():
    start, goal = at(48, 10), at(48, 85)
    terrain = make_terrain(flat(), CELL_M)
    lon, lat = (float(v[0]) for v in terrain.grid.unproject(*at(48, 48).T))
    length = routes_over(flat(), start, goal, circles=[(lon, lat, 8.0)]).length_m[0, 0]
    # Over the edge of a circle of 8 km in the middle of 37.5 km: tangents and an arc.
    half = 37_500 / 2
    tangent, angle = np.sqrt(half**2 - 8_000**2), np.arcsin(8_000 / half)
    around = 2 * tangent + 2 * angle * 8_000
    assert around <= length <= 1.1 * around


def test_a_closed_stretch_closes_its_corridor():
    terrain = make_terrain(flat(), CELL_M)
    plane = line_south_of(terrain, 2_000.0)
    middle = 50_000 + 48 * CELL_M
    stretch = [(middle - 3_000, middle + 3_000)]
    closed = routes_over(
        flat(), at(48, 10), at(48, 85), plane=plane, stretches_m=stretch, corridor_m=100_000
    )
    assert np.isinf(closed.length_m).all()


def test_unknown_ground_is_flown_at_the_assumed_height_or_not_at_all():
    heights = flat()
    heights[:, 40:56] = np.nan
    assert np.isinf(routes_over(heights, at(20, 10), at(20, 85)).length_m).all()
    assumed = routes_over(heights, at(20, 10), at(20, 85), assumed_ground_m=800.0)
    assert assumed.ground_m[0, 0] == 800
    low = routes_over(heights, at(20, 10), at(20, 85), highest_m=700, assumed_ground_m=800.0)
    assert np.isinf(low.length_m).all()


def bulging_line(terrain):
    """Return a line along the south with a tongue of the far side that reaches north."""
    west, east, south, north = terrain.grid.extent
    middle, tip = (west + east) / 2, south + 0.7 * (north - south)
    x = np.array([west - 50_000, middle - 3_000, middle - 3_000, middle + 3_000, middle + 3_000])
    y = np.array([south - 5_000, south - 5_000, tip, tip, south - 5_000])
    x, y = np.append(x, east + 50_000), np.append(y, south - 5_000)
    chainage = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    return LinePlane(x, y, chainage, "left")


@pytest.mark.parametrize("stand_off_m", [0.0, 2_000.0])
def test_the_line_is_never_crossed_and_the_stand_off_kept(stand_off_m):
    terrain = make_terrain(flat(), CELL_M)
    plane = bulging_line(terrain)
    start, goal = at(80, 15), at(80, 80)
    length = routes_over(flat(), start, goal, plane=plane, stand_off_m=stand_off_m).length_m[0, 0]
    left, right = (np.array([plane.east_m[k], plane.north_m[k]]) for k in (2, 3))
    shortest = np.hypot(*(left - start[0])) + 6_000 + np.hypot(*(goal[0] - right))
    # The stand-off makes the way around the tip longer by less than 4 of it.
    assert shortest <= length <= 1.06 * shortest + 4 * stand_off_m + 4_000


def test_a_route_as_a_line_goes_around_the_tongue_and_is_no_longer_than_its_length():
    terrain = make_terrain(flat(), CELL_M)
    plane = bulging_line(terrain)
    start, goal = at(80, 15), at(80, 80)
    space = build_airspace(terrain, plane, start[:, 0], start[:, 1], cell_m=1_000.0)
    corners = trace_route(space, start[0], goal[0], 1_000.0, 0.0)
    legs_m = np.hypot(*np.diff(corners, axis=0).T)
    length_m = find_routes(space, start, goal, 1_000.0, 0.0).length_m[0, 0]
    assert not crosses_line(plane, corners[:-1], corners[1:]).any()
    assert 0.97 * length_m <= legs_m.sum() <= length_m + 1e-6
    assert (corners[0] == start[0]).all()
    assert (corners[-1] == goal[0]).all()


def test_a_route_through_a_wall_is_refused():
    heights = flat()
    heights[:, 48:50] = 3_000
    terrain = make_terrain(heights, CELL_M)
    start, goal = at(20, 10), at(20, 85)
    plane = line_south_of(terrain, 20_000.0)
    space = build_airspace(terrain, plane, start[:, 0], start[:, 1], cell_m=1_000.0)
    with pytest.raises(ValueError, match="no flyable way"):
        trace_route(space, start[0], goal[0], 1_000.0, 0.0)


def test_a_place_within_the_stand_off_is_not_reached():
    terrain = make_terrain(flat(), CELL_M)
    plane = line_south_of(terrain, 1_000.0)
    near, far = at(95, 20), at(20, 20)
    assert np.isfinite(routes_over(flat(), far, near, plane=plane, stand_off_m=500).length_m).all()
    assert np.isinf(routes_over(flat(), far, near, plane=plane, stand_off_m=3_000).length_m).all()


def test_near_places_are_joined_directly():
    start, goal = at(20, 20), at(21, 22)
    assert routes_over(flat(), start, goal).length_m[0, 0] == pytest.approx(
        np.hypot(*(goal - start)[0])
    )


def test_a_leg_that_touches_the_line_crosses_it():
    plane = line_south_of(make_terrain(flat(), CELL_M), 0.0)
    here, there = at(90, 10), at(100, 10)
    assert crosses_line(plane, here, there).tolist() == [True]
    assert crosses_line(plane, here, at(80, 10)).tolist() == [False]


def test_a_base_far_outside_the_heights_lies_in_the_airspace():
    far = at(-200, 40)
    assert np.isfinite(routes_over(flat(), far, at(20, 40), assumed_ground_m=500.0).length_m).all()
