import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sarhad.grid import Grid
from sarhad.terrain.stand_in import (
    SUBDIVISION,
    KnownHeights,
    Relief,
    River,
    StandInReader,
    coarse_means,
    refine_relief,
    river_of_line,
    sample_relief,
)

STEP = 1 / 12


def mountains(rows=8, columns=10):
    """Means that rise from 1,000 m in the west to 2,000 m in the east, with seeded unevenness."""
    uneven = np.random.default_rng(3).uniform(-400, 400, (rows, columns))
    return Relief(70.0, 38.0, STEP, (np.linspace(1000, 2000, columns) + uneven).astype(np.float32))


def refined(coarse=None, river=None, known=None, seed=1):
    return refine_relief(coarse or mountains(), river, known, rng=np.random.default_rng(seed))


def winding_river():
    """From east to west, with meanders that come back beside themselves."""
    turn = np.linspace(0, 12 * np.pi, 4000)
    along = np.linspace(70.78, 70.06, 4000)
    return River(along + 0.03 * np.sin(2 * turn), 37.66 + 0.03 * np.cos(turn))


def places(*rows):
    longitude, latitude, height = np.array(rows, np.float64).T
    return KnownHeights(longitude, latitude, height)


def test_the_means_of_the_coarse_cells_are_kept():
    coarse = mountains()
    np.testing.assert_allclose(coarse_means(refined(coarse)), coarse.heights, atol=0.05)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_means_are_kept_whatever_the_means_and_the_seed(seed):
    heights = np.random.default_rng(seed).uniform(0, 6000, (5, 6)).astype(np.float32)
    coarse = Relief(10.0, 50.0, STEP, np.sort(heights, axis=1))
    # Where noise would dig below the lowest mean around, putting that right takes the rounds.
    off = coarse_means(refined(coarse, seed=seed)) - coarse.heights
    assert np.abs(off).max() < 1.0


def test_a_level_plain_stays_level():
    plain = Relief(70.0, 38.0, STEP, np.full((6, 6), 320, np.float32))
    np.testing.assert_allclose(refined(plain).heights, 320, atol=0.01)


def test_detail_grows_with_the_relief_around():
    heights = np.full((8, 20), 400, np.float32)
    heights[:, 12:] += np.random.default_rng(5).uniform(0, 3000, (8, 8)).astype(np.float32)
    fine = refined(Relief(70.0, 38.0, STEP, heights)).heights
    west, east = fine[:, : 6 * SUBDIVISION], fine[:, 14 * SUBDIVISION :]
    assert west.std() < 5
    assert east.std() > 500


def test_the_same_seed_gives_the_same_heights_and_another_seed_others():
    np.testing.assert_array_equal(refined(seed=7).heights, refined(seed=7).heights)
    assert np.abs(refined(seed=7).heights - refined(seed=8).heights).max() > 100


def test_the_river_never_rises_towards_its_mouth():
    river = winding_river()
    along = sample_relief(refined(river=river), river.longitude, river.latitude)
    assert (along - np.minimum.accumulate(along)).max() < 1.0
    assert along[0] - along[-1] > 500


def test_the_river_lies_below_the_ground_that_was_there():
    river = winding_river()
    carved, whole = (
        sample_relief(refined(river=cut), river.longitude, river.latitude) for cut in (river, None)
    )
    assert np.mean(whole - carved) > 200


def test_means_are_kept_beside_a_river_and_known_places():
    coarse = mountains()
    known = places((70.2, 37.9, 1500), (70.6, 37.4, 2500))
    off = coarse_means(refined(coarse, winding_river(), known)) - coarse.heights
    assert np.abs(off).max() < 5.0


def test_known_heights_off_the_river_are_honoured():
    known = places((70.2, 37.9, 1500), (70.6, 37.4, 2500), (70.61, 37.41, 2600))
    got = sample_relief(refined(known=known), known.longitude, known.latitude)
    np.testing.assert_allclose(got, known.height_m, atol=0.5)


def test_known_heights_on_the_river_set_its_height():
    river = winding_river()
    known = places(
        *((river.longitude[n], river.latitude[n], h) for n, h in ((900, 1500), (3000, 1000)))
    )
    got = sample_relief(refined(river=river, known=known), known.longitude, known.latitude)
    np.testing.assert_allclose(got, known.height_m, atol=5)


def test_where_known_heights_would_make_the_river_rise_the_upstream_one_wins():
    river = winding_river()
    known = places(
        *((river.longitude[n], river.latitude[n], h) for n, h in ((900, 1300), (3000, 1500)))
    )
    fine = refined(river=river, known=known)
    along = sample_relief(fine, river.longitude, river.latitude)
    assert along[900] == pytest.approx(1300, abs=5)
    assert (along - np.minimum.accumulate(along)).max() < 1.0


def test_known_heights_beyond_the_relief_are_passed_over():
    far = refined(known=places((60.0, 20.0, 100)))
    np.testing.assert_array_equal(far.heights, refined().heights)


def test_windows_meet_without_a_seam_in_any_order():
    grid = Grid(
        crs="EPSG:32642", west_m=595_000, north_m=4_190_000, cell_m=200, rows=90, columns=120
    )
    reader = StandInReader(grid, refined(river=winding_river()), "made up")
    whole = reader.read(0, 0, 90, 120)
    for row in (60, 0, 30):
        for column in (80, 40, 0):
            part = reader.read(row, column, 30, 40)
            np.testing.assert_array_equal(part, whole[row : row + 30, column : column + 40])
    assert reader.stand_in


def test_beyond_the_relief_there_is_no_height():
    got = sample_relief(refined(), np.array([69.99, 70.01, 70.84]), np.array([37.9, 37.9, 37.9]))
    assert np.isnan(got).tolist() == [True, False, True]


def test_a_relief_across_the_antimeridian_takes_both_ways_of_counting():
    relief = Relief(179.5, 10.0, 0.25, np.arange(20, dtype=np.float32).reshape(4, 5))
    east = sample_relief(relief, np.array([-179.875, 180.125]), np.array([9.875, 9.875]))
    np.testing.assert_array_equal(east, [2, 2])


def test_the_river_springs_at_the_highest_known_height_on_the_line():
    longitude = np.linspace(70.05, 70.8, 100)
    latitude = np.full(100, 37.7)
    known = places((longitude[80], 37.7, 3500), (longitude[20], 37.7, 900), (70.3, 37.4, 5000))
    river = river_of_line(mountains(), longitude, latitude, known)
    np.testing.assert_array_equal(river.longitude, longitude[80::-1])
    backwards = river_of_line(mountains(), longitude[::-1], latitude, known)
    np.testing.assert_array_equal(backwards.longitude, longitude[80::-1])


def test_a_line_without_a_known_height_on_it_is_no_river():
    longitude, latitude = np.linspace(70.05, 70.8, 100), np.full(100, 37.7)
    assert river_of_line(mountains(), longitude, latitude, places((70.3, 37.4, 5000))) is None


def test_a_relief_with_a_void_is_refused():
    heights = mountains().heights.copy()
    heights[2, 2] = np.nan
    with pytest.raises(ValueError, match="every cell"):
        Relief(70.0, 38.0, STEP, heights)


def test_a_river_elsewhere_is_refused():
    with pytest.raises(ValueError, match="through the relief"):
        refined(river=River(np.array([10.0, 11.0]), np.array([50.0, 50.0])))
