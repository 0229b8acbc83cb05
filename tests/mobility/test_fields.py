import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from tests.mobility.made_land import NORTH_M, WEST_M, make_surface

from sarhad.mobility import as_line, ground_path, read_field, time_field, trace_path

FLAT_S = 100 / (5.037 / 3.6)  # one cell of 100 m on flat ground


def rough(seed, rows=24, columns=30):
    return np.random.default_rng(seed).uniform(0, 60, (rows, columns))


def one(number):
    return np.array([number])


def slow_times(surface, heights, friction, source, towards=False):
    """Return the times by scipy's Dijkstra over the same edges, spelled out one by one."""
    rows, columns = heights.shape
    edges = []
    for y in range(rows):
        for x in range(columns):
            for down, right in [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]:
                v, u = y + down, x + right
                if 0 <= v < rows and 0 <= u < columns:
                    length = 100 * np.hypot(down, right)
                    slope = (heights[v, u] - heights[y, x]) / length
                    factor = (friction[v, u] + friction[y, x]) / 2
                    seconds = length * surface.pace.seconds_per_metre(slope) * factor
                    if np.isfinite(seconds):
                        edges.append((y * columns + x, v * columns + u, seconds))
    tail, head, weight = map(np.array, zip(*edges, strict=True))
    if towards:
        tail, head = head, tail
    graph = coo_array((weight, (tail, head)), shape=(rows * columns,) * 2).tocsr()
    return dijkstra(graph, indices=source[0] * columns + source[1]).reshape(rows, columns)


@pytest.mark.parametrize("towards", [False, True])
def test_times_are_those_of_scipys_dijkstra_on_the_same_graph(towards):
    heights = rough(1)
    friction = np.random.default_rng(2).choice([1.0, 1.7, np.inf], heights.shape, p=[0.4, 0.4, 0.2])
    heights[5, 6], friction[10, 10] = np.nan, 1.0
    surface = make_surface(heights, friction=friction)
    field = time_field(surface, one(10), one(10), 1e5, towards=towards)
    expected = slow_times(surface, heights, friction, (10, 10), towards)
    assert np.array_equal(np.isfinite(field.seconds), np.isfinite(expected))
    np.testing.assert_allclose(field.seconds, expected, rtol=1e-3)


def test_flat_ground_is_walked_at_the_flat_speed_along_a_row():
    field = time_field(make_surface(np.zeros((20, 20))), one(5), one(3), 1e5)
    assert field.seconds[5, 13] == pytest.approx(10 * FLAT_S, rel=1e-3)
    assert field.seconds[9, 7] == pytest.approx(4 * 2**0.5 * FLAT_S, rel=1e-3)


def test_a_ridge_costs_its_climb_and_its_descent():
    heights = np.zeros((1, 5))
    heights[0, 2] = 30.0
    field = time_field(make_surface(heights), one(0), one(1), 1e5)
    # 100 m up at 30 %: 6 exp(-3.5 x 0.35) = 1.763 km/h; down: 6 exp(-3.5 x 0.25) = 2.501 km/h.
    assert field.seconds[0, 2] == pytest.approx(360 / 1.763, rel=2e-3)
    assert field.seconds[0, 3] == pytest.approx(360 / 1.763 + 360 / 2.501, rel=2e-3)


@given(seed=st.integers(0, 99), a=st.integers(0, 719), b=st.integers(0, 719), c=st.integers(0, 719))
@settings(max_examples=25, deadline=None)
def test_times_obey_the_triangle_inequality(seed, a, b, c):
    surface = make_surface(rough(seed))
    (ay, ax), (by, bx), (cy, cx) = (divmod(k, 30) for k in (a, b, c))
    from_a = time_field(surface, one(ay), one(ax), 1e6).seconds
    from_b = time_field(surface, one(by), one(bx), 1e6).seconds
    assert from_a[cy, cx] <= (from_a[by, bx] + from_b[cy, cx]) * (1 + 1e-5)


@given(seed=st.integers(0, 99), a=st.integers(0, 719), b=st.integers(0, 719))
@settings(max_examples=25, deadline=None)
def test_times_towards_a_place_are_those_from_the_other_end(seed, a, b):
    surface = make_surface(rough(seed))
    (ay, ax), (by, bx) = divmod(a, 30), divmod(b, 30)
    there = time_field(surface, one(ay), one(ax), 1e6).seconds[by, bx]
    back = time_field(surface, one(by), one(bx), 1e6, towards=True).seconds[ay, ax]
    assert there == pytest.approx(back, rel=1e-5)


def test_flat_ground_takes_as_long_there_as_back():
    surface = make_surface(np.zeros((20, 20)))
    there = time_field(surface, one(4), one(5), 1e5).seconds[16, 9]
    assert there == pytest.approx(time_field(surface, one(16), one(9), 1e5).seconds[4, 5], rel=1e-6)


def test_a_barrier_with_one_crossing_is_crossed_there():
    friction = np.ones((20, 20))
    friction[10] = np.inf
    friction[10, 17] = 1.0
    field = time_field(make_surface(np.zeros((20, 20)), friction=friction), one(2), one(3), 1e5)
    path = trace_path(field, 18, 3)
    assert [10, 17] in path.tolist()
    assert path[0].tolist() == [2, 3]
    assert path[-1].tolist() == [18, 3]


def test_a_closed_barrier_is_never_crossed():
    friction = np.ones((20, 20))
    friction[10] = np.inf
    field = time_field(make_surface(np.zeros((20, 20)), friction=friction), one(2), one(3), 1e5)
    assert np.isinf(field.seconds[10:]).all()
    with pytest.raises(ValueError, match="no way"):
        trace_path(field, 18, 3)


@pytest.mark.parametrize("towards", [False, True])
def test_the_steps_of_a_path_add_up_to_its_time(towards):
    heights = rough(7)
    surface = make_surface(heights)
    field = time_field(surface, one(2), one(2), 1e6, towards=towards)
    path = trace_path(field, 20, 27)
    step = np.diff(path, axis=0)
    length = 100 * np.hypot(*step.T)
    slope = np.diff(heights[path[:, 0], path[:, 1]]) / length
    total = (length * surface.pace.seconds_per_metre(slope)).sum()
    assert np.abs(step).max() == 1
    assert total == pytest.approx(field.seconds[20, 27], rel=1e-3)


def test_a_window_reaches_as_far_as_the_limit_and_no_farther():
    surface = make_surface(np.zeros((200, 200)))
    small = time_field(surface, one(100), one(100), 900.0)
    large = time_field(surface, one(100), one(100), 1e5)
    inside = large.seconds <= 900
    rows, columns = np.nonzero(inside)
    # 900 s at 6 km/h are 15 cells.
    assert max(small.seconds.shape) <= 2 * 17 + 1
    assert np.array_equal(read_field(small, rows, columns), large.seconds[inside])
    assert np.isinf(read_field(small, *np.nonzero(~inside))).all()


def test_sources_outside_the_frame_reach_nothing():
    field = time_field(make_surface(np.zeros((9, 9))), one(-5), one(400), 1e4)
    assert np.isinf(read_field(field, one(4), one(4))).all()


@pytest.mark.parametrize("limit", [0.0, -1.0, np.inf, np.nan])
def test_a_limit_is_finite_and_above_zero(limit):
    with pytest.raises(ValueError, match="limit_s"):
        time_field(make_surface(np.zeros((9, 9))), one(1), one(1), limit)


def test_a_path_between_places_is_a_line_in_degrees():
    surface = make_surface(np.zeros((40, 40)))
    start, goal = (WEST_M + 550, NORTH_M - 550), (WEST_M + 3050, NORTH_M - 550)
    way = ground_path(surface, start, goal, 1e5, 300.0)
    east, north = surface.grid.project(way.longitude, way.latitude)
    assert (east[0], east[-1]) == pytest.approx((start[0], goal[0]), abs=0.01)
    assert np.abs(north - start[1]).max() < 0.01
    assert way.seconds == pytest.approx(25 * FLAT_S, rel=1e-3)


def test_the_middle_of_a_cell_comes_back_from_degrees():
    surface = make_surface(np.zeros((8, 8)))
    row, column = surface.grid.cell_of(
        *surface.grid.project(*as_line(surface.grid, np.array([[3, 5]])))
    )
    assert (row.item(), column.item()) == (3, 5)
