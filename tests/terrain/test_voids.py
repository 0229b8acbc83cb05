from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from sarhad.grid import Grid
from sarhad.terrain import build_terrain, find_voids

FRAME = Grid(crs="EPSG:32642", west_m=500_000, north_m=4_150_000, cell_m=100, rows=40, columns=60)


@dataclass
class Given:
    heights: np.ndarray
    credit: str = ""
    stand_in: bool = False

    def read(self, row, column, rows, columns):
        return self.heights[row : row + rows, column : column + columns]


def terrain_of(heights):
    return build_terrain(FRAME, np.ones((3, 4), np.bool_), Given(heights), tile=16)


def full():
    return np.full((40, 60), 1200, np.float32)


def test_whole_terrain_has_no_voids():
    report = find_voids(terrain_of(full()))
    assert (report.cells, report.void_cells, report.patches) == (2400, 0, ())


def test_a_patch_across_four_tiles_is_one_with_its_centre_and_area():
    heights = full()
    heights[12:20, 10:22] = np.nan  # 8 x 12 cells around the corner of tiles at (16, 16)
    report = find_voids(terrain_of(heights))
    assert report.void_share == pytest.approx(96 / 2400)
    (patch,) = report.patches
    assert (patch.cells, patch.area_km2, patch.outside) == (96, pytest.approx(0.96), False)
    east, north = FRAME.project(patch.longitude, patch.latitude)
    assert (east, north) == (
        pytest.approx(501_600, abs=0.1),
        pytest.approx(4_148_400, abs=0.1),
    )


def test_patches_are_named_largest_first_and_no_more_than_asked():
    heights = full()
    heights[2, 3] = heights[5:9, 30:34] = heights[30:32, 50:52] = np.nan
    patches = find_voids(terrain_of(heights), largest=2).patches
    assert [patch.cells for patch in patches] == [16, 4]


def test_ground_that_no_file_covers_is_told_from_a_void_in_a_file():
    heights = full()
    heights[:, 30:] = np.nan
    heights[4:6, 4:6] = np.nan
    edge, _ = FRAME.unproject(503_000.0, 4_149_000.0)
    report = find_voids(terrain_of(heights), lambda longitude, _: longitude < edge + 0.0002)
    assert report.outside_share == pytest.approx(0.5, abs=0.02)
    assert report.void_cells + report.outside_cells == 1200 + 4
    assert report.patches[0].outside
    assert report.patches[0].longitude > edge


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.95))
def test_patches_match_one_labelling_of_the_whole_frame(seed, share):
    heights = full()
    heights[np.random.default_rng(seed).random(heights.shape) < share] = np.nan
    report = find_voids(terrain_of(heights), largest=10_000)
    labels, count = ndimage.label(np.isnan(heights))
    assert sorted(p.cells for p in report.patches) == sorted(np.bincount(labels.ravel())[1:])
    assert len(report.patches) == count
