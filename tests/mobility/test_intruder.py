from types import SimpleNamespace

import numpy as np
import pytest
from tests.mobility.made_land import NORTH_M, WEST_M, line_south_of, make_surface, make_terrain

from sarhad.mobility.intruder import cover_times, crossing_times, drone_times, site_times
from sarhad.mobility.stations import nearest_passable
from sarhad.scenario import Movement

FLAT_S = 100 / (5.037 / 3.6)


def cells_of(count, length_m=1000.0):
    """Return what a row of border cells says of itself."""
    edges_m = np.arange(count + 1) * length_m

    class Row(SimpleNamespace):
        def __len__(self):
            return count

    return Row(edges_m=edges_m, length_m=length_m)


def stand(surface, *cells):
    row, column = np.array(cells).T
    return nearest_passable(
        surface, WEST_M + (column + 0.5) * 100, NORTH_M - (row + 0.5) * 100, 500.0
    )


def test_rivers_take_their_time_and_dry_stretches_none():
    movement = Movement(river_km=((2.0, 4.0),), river_min=30)
    assert crossing_times(movement, cells_of(6), 1).tolist() == [0, 0, 1800, 1800, 0, 0]


def test_a_river_is_slower_in_the_month_of_high_water():
    movement = Movement(
        river_km=((0.0, 1.0),), river_min=30, river_month_factor=(*[1.0] * 6, 3.0, *[1.0] * 5)
    )
    assert crossing_times(movement, cells_of(1), 7) == [5400]
    assert crossing_times(movement, cells_of(1), 8) == [1800]


def test_a_bridge_is_quick_in_its_own_cell_alone():
    plane = line_south_of(make_terrain(np.zeros((8, 8))))
    movement = Movement(river_km=((0.0, 6.0),), river_min=30, bridge_min=5)
    bridge = np.array([[plane.east_m[0] + 2_500, plane.north_m[0] + 300]])
    times = crossing_times(movement, cells_of(6), 1, plane, bridge)
    assert times.tolist() == [1800, 1800, 300, 1800, 1800, 1800]


def test_a_river_stretch_goes_upwards():
    with pytest.raises(ValueError, match="river_km"):
        Movement(river_km=((5.0, 4.0),))


def test_a_site_takes_the_walk_and_the_crossing():
    surface = make_surface(np.zeros((20, 20)))
    banks, sites = stand(surface, (18, 3), (18, 9)), stand(surface, (8, 3))
    times = site_times(surface, banks, np.array([1800, 0], np.float32), sites, 1e5).toarray()
    assert times[0, 0] == pytest.approx(1800 + 10 * FLAT_S, rel=1e-3)
    # 6 diagonal steps and 4 straight ones.
    assert times[1, 0] == pytest.approx((6 * 2**0.5 + 4) * FLAT_S, rel=1e-3)


def test_sites_beyond_the_limit_are_not_stored():
    surface = make_surface(np.zeros((20, 20)))
    banks, sites = stand(surface, (18, 3)), stand(surface, (2, 3), (15, 3))
    times = site_times(surface, banks, np.zeros(1, np.float32), sites, 5 * FLAT_S)
    assert times.nnz == 1
    assert times.indices.tolist() == [1]


def test_uphill_to_a_site_is_uphill_for_the_intruder():
    heights = np.linspace(400, 0, 20)[:, None] * np.ones(20)
    surface = make_surface(heights)
    low, high = stand(surface, (18, 5)), stand(surface, (2, 5))
    none = np.zeros(1, np.float32)
    up = site_times(surface, low, none, high, 1e5).toarray()
    down = site_times(surface, high, none, low, 1e5).toarray()
    assert up[0, 0] > 1.3 * down[0, 0]


def test_cover_is_the_quickest_bank_the_crossing_and_the_way_beyond():
    surface = make_surface(np.zeros((20, 20)))
    banks, place = stand(surface, (18, 3), (18, 13)), stand(surface, (12, 3))
    crossing_s = np.array([3600, 60], np.float32)
    times = cover_times(surface, banks, crossing_s, place, 1000.0, 1e5)
    # By the near bank 6 cells and an hour; by the far one 6 diagonal steps, 4 straight, a minute.
    expected = (6 * 2**0.5 + 4) * FLAT_S + 60 + 10 * FLAT_S
    assert times[0] == pytest.approx(expected, rel=1e-3)


def test_an_intruder_with_no_bank_in_reach_finds_no_cover():
    surface = make_surface(np.zeros((20, 20)))
    times = cover_times(
        surface, stand(surface, (18, 18)), np.zeros(1, np.float32), stand(surface, (1, 1)), 0, 60.0
    )
    assert np.isinf(times).all()


def test_a_drone_flies_straight_over_everything():
    line, sites = np.array([[0.0, 0.0], [0.0, 30_000.0]]), np.array([[3_000.0, 4_000.0]])
    times = drone_times(line, sites, speed_km_h=60, range_km=10)
    # 5 km at 60 km/h are five minutes; the second cell is out of range.
    assert times.toarray().tolist() == [[300.0], [0.0]]
    assert times.nnz == 1
