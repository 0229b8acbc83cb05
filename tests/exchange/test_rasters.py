import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.shutil import copy as copy_raster

from sarhad.errors import ScenarioError
from sarhad.exchange.rasters import open_elevation
from sarhad.grid import Grid
from sarhad.terrain import build_terrain, find_voids, places_of_cells

SHARED = Path(__file__).resolve().parents[2] / "../shared/data"
UTM_42N = "EPSG:32642"
OPEN_FILES = Path("/proc/self/fd")
FRAME = Grid(crs=UTM_42N, west_m=500_000, north_m=4_150_000, cell_m=100, rows=40, columns=60)


def write(path, heights, *, west=500_000, north=4_150_000, cell=100, crs=UTM_42N, **options):
    heights = np.asarray(heights)
    bands = heights if heights.ndim == 3 else heights[None]
    with rasterio.open(
        path,
        "w",
        driver=options.pop("driver", "GTiff"),
        dtype=bands.dtype,
        count=len(bands),
        height=bands.shape[1],
        width=bands.shape[2],
        crs=crs,
        transform=Affine(cell, 0, west, 0, -cell, north),
        **options,
    ) as raster:
        raster.write(bands)
    return path


def tilted(rows=40, columns=60, cell=100):
    """Rise 1 m in 100 m to the east and 2 m in 100 m to the south, 1000 m in the corner."""
    down = (np.arange(rows)[:, None] + 0.5) * cell / 50
    return (1000 + down + (np.arange(columns) + 0.5) * cell / 100).astype(np.float32)


def read_all(*files, grid=FRAME, **options):
    with open_elevation(files, grid, **options) as reader:
        return reader.read(0, 0, grid.rows, grid.columns)


def fault_of(*files, **options):
    with pytest.raises(ScenarioError) as caught:
        read_all(*files, **options)
    return str(caught.value)


def test_a_raster_on_the_frame_is_read_as_it_is(tmp_path):
    np.testing.assert_array_equal(read_all(write(tmp_path / "a.tif", tilted())), tilted())


def test_a_finer_raster_is_averaged(tmp_path):
    fine = write(tmp_path / "a.tif", tilted(400, 600, 10), cell=10)
    np.testing.assert_allclose(read_all(fine), tilted(), atol=0.02)


def test_a_coarser_raster_is_interpolated_in_straight_lines(tmp_path):
    coarse = write(tmp_path / "a.tif", tilted(8, 12, 500), cell=500)
    got = read_all(coarse)
    np.testing.assert_allclose(got[5:-5, 5:-5], tilted()[5:-5, 5:-5], atol=0.05)


def test_windows_fit_together_without_a_seam(tmp_path):
    source = write(tmp_path / "a.tif", tilted(8, 12, 500), cell=500)
    with open_elevation([source], FRAME) as reader:
        whole = reader.read(0, 0, 40, 60)
        parts = np.block(
            [[reader.read(r, c, 20, 15) for c in range(0, 60, 15)] for r in (20, 0)][::-1]
        )
    np.testing.assert_allclose(parts, whole, atol=1e-3)


def test_neighbouring_coarse_files_meet_without_a_step(tmp_path):
    heights = tilted(8, 12, 500)
    west = write(tmp_path / "w.tif", heights[:, :6], cell=500)
    east = write(tmp_path / "e.tif", heights[:, 6:], cell=500, west=503_000)
    whole = write(tmp_path / "all.tif", heights, cell=500)
    np.testing.assert_allclose(read_all(west, east), read_all(whole), atol=1e-3)


def test_the_void_of_one_file_is_served_by_the_next(tmp_path):
    holed, lower = tilted(), np.full((40, 60), 7, np.float32)
    holed[10:20, 30:40] = -32767
    first = write(tmp_path / "a.tif", holed, nodata=-32767)
    second = write(tmp_path / "b.tif", lower, nodata=-9999)
    expected = tilted()
    expected[10:20, 30:40] = 7
    np.testing.assert_array_equal(read_all(first, second), expected)


def test_a_local_survey_in_another_projection_is_laid_under_the_first(tmp_path):
    west = write(tmp_path / "a.tif", tilted()[:, :30])
    geographic = write(
        tmp_path / "b.tif",
        np.full((60, 90), 1234, np.int16),
        crs="EPSG:4326",
        west=68.98,
        north=37.52,
        cell=0.001,
        nodata=-32768,
    )
    got = read_all(west, geographic)
    np.testing.assert_array_equal(got[:, :30], tilted()[:, :30])
    np.testing.assert_allclose(got[:, 31:], 1234, atol=0.01)


@pytest.mark.parametrize("void", [-32768, -32767, -9999])
def test_undeclared_voids_are_found_and_left_void(tmp_path, void):
    heights = tilted().astype(np.int16)
    heights[5:9, 7:12] = void
    got = read_all(write(tmp_path / "a.tif", heights))
    assert np.isnan(got[5:9, 7:12]).all()
    assert np.isnan(got).sum() == 20


def test_two_undeclared_voids_are_a_fault(tmp_path):
    heights = tilted().astype(np.int16)
    heights[0, 0], heights[1, 1] = -32768, -9999
    assert "-32768 and -9999" in fault_of(write(tmp_path / "a.tif", heights))


def test_not_a_number_is_void(tmp_path):
    heights = tilted()
    heights[3, 4] = np.nan
    got = read_all(write(tmp_path / "a.tif", heights))
    assert np.argwhere(np.isnan(got)).tolist() == [[3, 4]]


def test_dem_that_covers_half_is_reported_with_its_share_and_place(tmp_path):
    half = write(tmp_path / "a.tif", tilted()[:, :30])
    with open_elevation([half], FRAME) as reader:
        terrain = build_terrain(FRAME, np.ones((3, 4), np.bool_), reader, tile=16)
        report = find_voids(terrain, reader.covers)
    assert report.outside_share == pytest.approx(0.5)
    assert report.void_cells == 0
    (patch,) = report.patches
    east, north = FRAME.project(patch.longitude, patch.latitude)
    assert (east, north) == (pytest.approx(504_500, abs=1), pytest.approx(4_148_000, abs=1))


def test_a_missing_file_is_named(tmp_path):
    assert "no such file" in fault_of(tmp_path / "nowhere.tif")


def test_a_file_that_is_no_raster_is_named(tmp_path):
    path = tmp_path / "a.tif"
    path.write_text("heights, they said")
    assert "not a raster" in fault_of(path)


def test_several_bands_are_refused(tmp_path):
    picture = write(tmp_path / "a.tif", np.ones((3, 40, 60), np.uint8))
    assert "found 3 bands, expected one band" in fault_of(picture)


def test_a_dem_without_a_coordinate_system_is_refused(tmp_path):
    assert "no coordinate system" in fault_of(write(tmp_path / "a.tif", tilted(), crs=None))


def test_heights_that_are_all_zero_are_refused(tmp_path):
    assert "all zero" in fault_of(write(tmp_path / "a.tif", np.zeros((40, 60), np.int16)))


def test_a_file_of_sea_beside_a_file_of_land_is_no_fault(tmp_path):
    land = write(tmp_path / "a.tif", tilted()[:, :30])
    sea = write(tmp_path / "b.tif", np.zeros((40, 30), np.float32), west=503_000)
    got = read_all(land, sea)
    np.testing.assert_array_equal(got[:, 30:], 0)


def test_heights_above_everest_ask_whether_they_are_feet(tmp_path):
    feet = write(tmp_path / "a.tif", tilted() * 10)
    assert "Are these feet?" in fault_of(feet)


def test_a_depth_no_land_has_asks_whether_it_is_a_void(tmp_path):
    heights = tilted()
    heights[2, 2] = -3000
    assert "value for void?" in fault_of(write(tmp_path / "a.tif", heights))


def test_a_file_that_says_feet_is_converted(tmp_path):
    path = write(tmp_path / "a.tif", tilted())
    with rasterio.open(path, "r+") as raster:
        raster.units = ("ft",)
    np.testing.assert_allclose(read_all(path), tilted() * 0.3048, rtol=1e-6)


def test_heights_said_to_be_feet_are_converted(tmp_path):
    path = write(tmp_path / "a.tif", tilted() * 10)
    np.testing.assert_allclose(read_all(path, height_unit="ft"), tilted() * 3.048, rtol=1e-6)


def test_feet_asked_of_a_file_in_metres_are_refused(tmp_path):
    path = write(tmp_path / "a.tif", tilted())
    with rasterio.open(path, "r+") as raster:
        raster.units = ("metre",)
    assert "heights in metres" in fault_of(path, height_unit="ft")


def test_a_dem_of_another_country_is_refused(tmp_path):
    elsewhere = write(tmp_path / "a.tif", tilted(), west=900_000)
    assert "no raster that touches the corridor" in fault_of(elsewhere)


def test_all_faults_are_listed_not_the_first(tmp_path):
    said = fault_of(tmp_path / "nowhere.tif", write(tmp_path / "a.tif", tilted(), crs=None))
    assert said.count("\n") == 1


def test_a_window_beyond_the_frame_is_refused(tmp_path):
    with (
        open_elevation([write(tmp_path / "a.tif", tilted())], FRAME) as reader,
        pytest.raises(ValueError, match="within the frame"),
    ):
        reader.read(30, 0, 11, 60)


def geographic_square(path, driver, size, dtype=np.int16):
    """One degree at 37 N, 69 E, as the formats want it: posts on the edges."""
    step = 1 / (size - 1)
    heights = np.add.outer(np.arange(size), np.arange(size)).astype(dtype)
    origin = write(
        path.with_suffix(".tif"),
        heights,
        crs="EPSG:4326",
        west=69 - step / 2,
        north=38 + step / 2,
        cell=step,
        nodata=-32767 if driver == "DTED" else -32768,
    )
    copy_raster(origin, path, driver=driver)
    if driver != "VRT":
        origin.unlink()
    return path


@pytest.mark.parametrize(
    ("name", "driver"), [("n37.dt1", "DTED"), ("N37E069.hgt", "SRTMHGT"), ("n37.vrt", "VRT")]
)
def test_each_format_gives_the_same_heights(tmp_path, name, driver):
    path = geographic_square(tmp_path / name, driver, 1201)
    check_square(path)


def test_a_cloud_optimised_geotiff_gives_the_same_heights(tmp_path):
    copy_raster(
        geographic_square(tmp_path / "n37.dt1", "DTED", 1201), tmp_path / "cog.tif", driver="COG"
    )
    check_square(tmp_path / "cog.tif")


def check_square(path):
    grid = Grid(crs=UTM_42N, west_m=502_000, north_m=4_148_000, cell_m=50, rows=80, columns=80)
    longitude, latitude = grid.unproject(502_025 + 50 * np.arange(80), np.full(80, 4_147_975.0))
    expected = (longitude - 69) * 1200 + (38 - latitude) * 1200
    np.testing.assert_allclose(read_all(path, grid=grid)[0], expected, atol=0.3)


def test_a_dted_void_is_void(tmp_path):
    path = geographic_square(tmp_path / "n37.dt1", "DTED", 1201)
    with rasterio.open(path) as raster:
        heights, place = raster.read(1), raster.transform
    heights[500:520, 100:120] = -32767
    origin = write(
        tmp_path / "holed.tif",
        heights,
        crs="EPSG:4326",
        west=place.c,
        north=place.f,
        cell=place.a,
        nodata=-32767,
    )
    copy_raster(origin, path, driver="DTED")
    east, north = FRAME.project(69 + 110 / 1200, 38 - 510 / 1200)
    grid = Grid(crs=UTM_42N, west_m=east - 300, north_m=north + 300, cell_m=100, rows=6, columns=6)
    assert np.isnan(read_all(path, grid=grid)).all()


def test_threads_and_pickled_copies_read_the_same(tmp_path):
    source = write(tmp_path / "a.tif", tilted(400, 600, 10), cell=10)
    with open_elevation([source], FRAME) as reader:
        alone = reader.read(0, 0, 40, 60)
        ready = threading.Barrier(2)

        def read(_):
            ready.wait()
            return reader.read(0, 0, 40, 60)

        with ThreadPoolExecutor(2) as executor:
            for spread in executor.map(read, range(2)):
                np.testing.assert_array_equal(spread, alone)
        with pickle.loads(pickle.dumps(reader)) as copied:  # noqa: S301
            np.testing.assert_array_equal(copied.read(0, 0, 40, 60), alone)


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="needs a /proc that lists open files")
def test_closing_lets_go_of_the_file(tmp_path):
    source = write(tmp_path / "a.tif", tilted())
    with open_elevation([source], FRAME) as reader:
        reader.read(0, 0, 4, 4)
        assert source in open_files()
    assert source not in open_files()


def open_files():
    return {link.resolve() for link in OPEN_FILES.iterdir()}


def test_the_frame_across_the_antimeridian_reads_files_of_both_sides(tmp_path):
    grid = Grid(crs="EPSG:32601", west_m=150_000, north_m=7e6, cell_m=1000, rows=20, columns=200)
    for name, west, height in (("w.tif", 178, 100), ("e.tif", -180, 200)):
        write(
            tmp_path / name,
            np.full((30, 80), height, np.int16),
            crs="EPSG:4326",
            west=west,
            north=64.0,
            cell=0.05,
            nodata=-32768,
        )
    with open_elevation([tmp_path / "w.tif", tmp_path / "e.tif"], grid) as reader:
        got = reader.read(0, 0, 20, 200)
        covered = reader.covers(*places_of_cells(grid, 0, 0, 20, 200))
    assert np.mean(covered == ~np.isnan(got)) > 0.97
    longitude, _ = grid.unproject(150_500 + 1000 * np.arange(200), np.full(200, 7e6 - 10_500))
    side = np.where(longitude > 0, 100, 200)
    seam = np.abs(np.abs(longitude) - 180) < 0.06
    inside = (longitude > 178.1) | (longitude < -176.1)
    np.testing.assert_allclose(got[10][inside & ~seam], side[inside & ~seam])


def test_real_heights_are_the_posts_of_their_file():
    path = SHARED / "dted0_66-76E_35-41N.tif"
    if not path.exists():
        pytest.skip("the shared data folder is not beside the project")
    grid = Grid(crs=UTM_42N, west_m=700_000, north_m=4_170_000, cell_m=50, rows=60, columns=60)
    with rasterio.open(path) as raster:
        posts = raster.read(1)
    longitude, latitude = grid.unproject(701_525.0, 4_168_475.0)
    x, y = (longitude - 66) * 120, (41 - latitude) * 120
    c, r = int(x), int(y)
    expected = (
        posts[r, c] * (1 - x + c) * (1 - y + r)
        + posts[r, c + 1] * (x - c) * (1 - y + r)
        + posts[r + 1, c] * (1 - x + c) * (y - r)
        + posts[r + 1, c + 1] * (x - c) * (y - r)
    )
    # GDAL's approximate transformer may be off by an eighth of a cell of 50 m.
    assert read_all(path, grid=grid)[30, 30] == pytest.approx(expected, abs=3)
