from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest

from sarhad.grid import Grid
from sarhad.terrain import build_terrain, elevation_at, places_of_cells, window

UTM_42N = "EPSG:32642"
FRAME = Grid(crs=UTM_42N, west_m=500_000, north_m=4_150_000, cell_m=100, rows=50, columns=70)


@dataclass
class Tilted:
    """Heights that name their cell: 1000 x row + column."""

    credit: str = "made up"
    stand_in: bool = False

    def read(self, row, column, rows, columns):
        down, across = np.arange(row, row + rows), np.arange(column, column + columns)
        return (1000 * down[:, None] + across).astype(np.float32)


ALL = Tilted().read(0, 0, 50, 70)


def kept_tiles(*dropped):
    kept = np.ones((4, 5), np.bool_)  # 50 x 70 cells in tiles of 16
    for place in dropped:
        kept[place] = False
    return kept


def test_a_window_over_all_tiles_gives_back_every_cell():
    terrain = build_terrain(FRAME, kept_tiles(), Tilted(), tile=16)
    np.testing.assert_array_equal(window(terrain, 0, 0, 50, 70), ALL)
    assert terrain.cells == 50 * 70


def test_a_window_is_void_where_no_tile_is_kept_and_beyond_the_frame():
    terrain = build_terrain(FRAME, kept_tiles((1, 2)), Tilted(), tile=16)
    got = window(terrain, -3, 30, 60, 50)
    expected = np.full((60, 50), np.nan, np.float32)
    expected[3:53, :40] = ALL[:, 30:]
    expected[3 + 16 : 3 + 32, 32 - 30 : 48 - 30] = np.nan
    np.testing.assert_array_equal(got, expected)


def test_only_kept_tiles_take_memory():
    kept = np.zeros((4, 5), np.bool_)
    kept[2, 3] = kept[3, 4] = True
    terrain = build_terrain(FRAME, kept, Tilted(), tile=16)
    assert terrain.tiles.shape == (2, 16, 16)
    assert terrain.tiles.dtype == np.float32
    # The tile in the lower right corner reaches beyond 50 rows and 70 columns: 2 x 6 cells.
    assert terrain.cells == 16 * 16 + 2 * 6


def test_threads_build_the_same_terrain_and_progress_ends_at_all():
    seen = []
    with ThreadPoolExecutor(3) as executor:
        spread = build_terrain(
            FRAME, kept_tiles(), Tilted(), lambda *done: seen.append(done), executor, tile=16
        )
    alone = build_terrain(FRAME, kept_tiles(), Tilted(), tile=16)
    np.testing.assert_array_equal(spread.tiles, alone.tiles)
    assert seen == [(n, 20) for n in range(1, 21)]


def test_elevation_is_exact_at_cell_centres_and_straight_between_them():
    terrain = build_terrain(FRAME, kept_tiles(), Tilted(), tile=16)
    rng = np.random.default_rng(2)
    x, y = rng.uniform(0, 69, 500), rng.uniform(0, 49, 500)
    got = elevation_at(terrain, 500_050 + 100 * x, 4_149_950 - 100 * y)
    np.testing.assert_allclose(got, 1000 * y + x, atol=0.01)


def test_elevation_next_to_a_dropped_tile_is_known_on_the_kept_side_only():
    terrain = build_terrain(FRAME, kept_tiles((0, 1)), Tilted(), tile=16)
    centre_of_last_kept = 500_050 + 100 * 15
    got = elevation_at(terrain, [centre_of_last_kept, centre_of_last_kept + 1], [4_149_950] * 2)
    np.testing.assert_array_equal(got, [15, np.nan])


def test_elevation_off_the_frame_is_unknown():
    terrain = build_terrain(FRAME, kept_tiles(), Tilted(), tile=16)
    assert np.isnan(elevation_at(terrain, [400_000, 500_010], [4_149_000, 4_149_000])).all()


def test_a_terrain_of_no_tiles_knows_no_height():
    terrain = build_terrain(FRAME, np.zeros((4, 5), np.bool_), Tilted(), tile=16)
    assert np.isnan(elevation_at(terrain, [500_050.0], [4_149_950.0])).all()


def test_kept_must_have_one_entry_per_tile():
    with pytest.raises(ValueError, match=r"\(4, 5\)"):
        build_terrain(FRAME, np.ones((5, 4), np.bool_), Tilted(), tile=16)


def test_places_of_cells_are_within_20_cm_of_the_exact_inverse():
    frame = Grid(crs=UTM_42N, west_m=300_000, north_m=4_300_000, cell_m=250, rows=900, columns=900)
    longitude, latitude = places_of_cells(frame, 100, 37, 300, 400)
    east, north = frame.project(longitude, latitude)
    off_east = east - (300_000 + (np.arange(37, 437) + 0.5) * 250)
    off_north = north - (4_300_000 - (np.arange(100, 400)[:, None] + 0.5) * 250)
    assert np.hypot(off_east, off_north).max() < 0.2


def test_a_cell_has_the_same_place_whatever_window_it_is_asked_in():
    whole = places_of_cells(FRAME, 0, 0, 50, 70)
    part = places_of_cells(FRAME, 13, 29, 5, 31)
    for all_of_it, some in zip(whole, part, strict=True):
        np.testing.assert_array_equal(all_of_it[13:18, 29:60], some)


def test_places_run_on_across_the_antimeridian():
    frame = Grid(crs="EPSG:32601", west_m=150_000, north_m=7e6, cell_m=1000, rows=20, columns=300)
    longitude, _ = places_of_cells(frame, 0, 0, 20, 300)
    assert np.abs(np.diff(longitude, axis=1)).max() < 0.05
