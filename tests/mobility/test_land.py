import numpy as np
import pytest
import shapely
from tests.mobility.made_land import degrees_of, line_south_of, make_land, make_terrain

from sarhad.border import LinePlane, locate
from sarhad.mobility.land import build_land, burn, coarsen, own_side


def winding_line(terrain, seed=1):
    west, east, south, north = terrain.grid.extent
    rng = np.random.default_rng(seed)
    x = np.linspace(west - 500, east + 500, 60)
    y = (south + north) / 2 + rng.uniform(-900, 900, x.size)
    chainage = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    return LinePlane(x, y, chainage, "left")


def test_coarse_heights_are_the_means_of_blocks():
    heights = np.arange(64 * 64, dtype=np.float32).reshape(64, 64)
    coarse = coarsen(make_terrain(heights), 2)
    assert coarse.grid.cell_m == 200.0
    assert coarse.tiles[0, 0, 0] == np.mean([0, 1, 64, 65])


def test_a_block_more_than_half_void_is_void():
    heights = np.ones((32, 32))
    heights[0, :2] = heights[4, 4] = heights[1, 0] = np.nan
    coarse = coarsen(make_terrain(heights), 2)
    assert np.isnan(coarse.tiles[0, 0, 0])
    assert coarse.tiles[0, 2, 2] == 1.0


def test_a_factor_that_cuts_tiles_is_refused():
    with pytest.raises(ValueError, match="divides"):
        coarsen(make_terrain(np.zeros((32, 32))), 3)


def test_cells_never_grow_beyond_what_was_asked():
    land = build_land(t := make_terrain(np.zeros((64, 64)), 30.0), line_south_of(t), 100.0)
    assert land.grid.cell_m == 60.0


@pytest.mark.parametrize("seed", range(3))
def test_the_own_side_found_by_blocks_is_that_of_every_single_cell(seed):
    terrain = make_terrain(np.zeros((64, 64)))
    plane = winding_line(terrain, seed)
    _, distance_m = locate(plane, *np.meshgrid(*terrain.grid.centres))
    alone = distance_m > 100 / np.sqrt(2)
    tiles = alone.reshape(2, 32, 2, 32).swapaxes(1, 2).reshape(-1, 32, 32)
    assert np.array_equal(own_side(terrain, plane), tiles)


def test_no_step_between_two_own_cells_crosses_a_winding_line():
    terrain = make_terrain(np.zeros((64, 64)), tile=64)
    plane = winding_line(terrain)
    own = own_side(terrain, plane)[0]
    east, north = np.meshgrid(*terrain.grid.centres)
    line = shapely.LineString(np.column_stack([plane.east_m, plane.north_m]))
    for down, right in ((0, 1), (1, 0), (1, 1)):
        both = own[: 64 - down, : 64 - right] & own[down:, right:]
        one = np.stack([east, north], -1)[: 64 - down, : 64 - right][both]
        other = np.stack([east, north], -1)[down:, right:][both]
        steps = shapely.linestrings(np.stack([one, other], axis=1))
        assert both.any()
        assert not shapely.intersects(steps, line).any()


def test_a_burnt_line_has_no_diagonal_gaps():
    terrain = make_terrain(np.zeros((32, 32)))
    cells = burn(terrain, [degrees_of(terrain.grid, [3, 25], [2, 29])])[0]
    # Steps from one cell of the line to the next go along rows or columns alone.
    row, column = np.nonzero(cells)
    steps = np.abs(np.subtract.outer(row, row)) + np.abs(np.subtract.outer(column, column))
    assert ((steps == 1).sum(axis=1) >= 1).all()
    assert cells.sum() == 1 + 22 + 27


def test_a_road_over_a_river_is_a_bridge():
    heights = np.zeros((32, 32))
    grid = make_terrain(heights).grid
    road, river = degrees_of(grid, [2, 28], [15, 15]), degrees_of(grid, [10, 10], [2, 28])
    land = make_land(heights, roads=[road], rivers=[river])
    assert not land.river[0, 10, 15]
    assert land.river[0, 10, 14]


def test_a_crossing_opens_the_river_around_it():
    heights = np.zeros((32, 32))
    grid = make_terrain(heights).grid
    river = degrees_of(grid, [10, 10], [2, 28])
    land = make_land(heights, rivers=[river], bridges=degrees_of(grid, [11], [20]))
    assert not land.river[0, 10, 19:22].any()
    assert land.river[0, 10, 18]


def test_no_roads_given_none_assumed():
    assert not make_land(np.zeros((32, 32))).road.any()


def test_a_part_with_a_hole_is_refused():
    with pytest.raises(ValueError, match="finite"):
        make_land(np.zeros((32, 32)), roads=[np.array([[70.0, np.nan], [70.1, 37.0]])])


def test_a_line_far_from_the_terrain_burns_nothing():
    assert not make_land(
        np.zeros((32, 32)), rivers=[np.array([[10.0, 50.0], [11.0, 51.0]])]
    ).river.any()
