import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from sarhad.errors import ScenarioError
from sarhad.exchange.stand_in import open_stand_in, read_coarse_relief, read_known_heights
from sarhad.grid import Grid, choose_grid, corridor_tiles
from sarhad.terrain import build_terrain, elevation_at, find_voids

CASE = Path(__file__).resolve().parents[2] / "src/sarhad/cases/tajik-afghan"
GRID = Grid(crs="EPSG:32642", west_m=590_000, north_m=4_200_000, cell_m=250, rows=40, columns=40)


def write(path, heights, crs="EPSG:4326", **options):
    step = 1 / 12
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        dtype=heights.dtype,
        count=1,
        height=heights.shape[0],
        width=heights.shape[1],
        crs=crs,
        transform=Affine(step, 0, 70, 0, -step, 38),
        **options,
    ) as raster:
        raster.write(heights, 1)
        raster.update_tags(TIFFTAG_COPYRIGHT="Who measured it")
    return path


def heights():
    return np.arange(64, dtype=np.int16).reshape(8, 8) * 40 + 500


def test_credit_of_the_file_and_the_invention_are_both_told(tmp_path):
    reader = open_stand_in(write(tmp_path / "a.tif", heights()), GRID)
    assert reader.credit == "Who measured it. Detail between the means is invented"
    assert reader.stand_in


def test_the_lattice_of_the_file_is_the_lattice_of_the_relief(tmp_path):
    relief, _ = read_coarse_relief(write(tmp_path / "a.tif", heights()))
    assert (relief.west, relief.north, relief.step) == (70, 38, pytest.approx(1 / 12))
    np.testing.assert_array_equal(relief.heights, heights())


def test_another_seed_gives_other_heights(tmp_path):
    path = write(tmp_path / "a.tif", heights())
    one, same, other = (open_stand_in(path, GRID, seed=s).read(0, 0, 40, 40) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_missing_relief_is_named(tmp_path):
    with pytest.raises(ScenarioError, match="no such file"):
        open_stand_in(tmp_path / "nowhere.tif", GRID)


def test_a_relief_that_is_no_raster_is_named(tmp_path):
    (tmp_path / "a.tif").write_text("hills")
    with pytest.raises(ScenarioError, match="not a raster"):
        open_stand_in(tmp_path / "a.tif", GRID)


def test_a_relief_in_metres_is_refused(tmp_path):
    with pytest.raises(ScenarioError, match="longitude and latitude"):
        open_stand_in(write(tmp_path / "a.tif", heights(), crs="EPSG:32642"), GRID)


def test_a_relief_with_voids_is_refused(tmp_path):
    with pytest.raises(ScenarioError, match="found voids"):
        open_stand_in(write(tmp_path / "a.tif", heights(), nodata=500), GRID)


def test_all_faults_of_the_known_heights_are_listed(tmp_path):
    path = tmp_path / "heights.csv"
    path.write_text("name,lon,lat,height_m,source\nA,70,38,high,x\nB,700,38,900,x\n", "utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_known_heights(path)
    assert [(f.row, f.column) for f in caught.value.faults] == [(2, "height_m"), (3, "lon")]


def test_known_heights_need_their_columns(tmp_path):
    path = tmp_path / "heights.csv"
    path.write_text("name,lon,lat\nA,70,38\n", "utf-8")
    with pytest.raises(ScenarioError, match="columns name, lon, lat, height_m, source"):
        read_known_heights(path)


def test_the_reference_case_has_a_whole_relief_and_a_river_that_falls():
    line = json.loads((CASE / "border.geojson").read_text("utf-8"))["features"][0]["geometry"]
    longitude, latitude = np.array(line["coordinates"]).T
    grid, _ = choose_grid(longitude, latitude, 30_000, 500)
    reader = open_stand_in(
        CASE / "relief_5min.tif", grid, (longitude, latitude), CASE / "heights.csv"
    )
    east, north = grid.project(longitude, latitude)
    terrain = build_terrain(grid, corridor_tiles(grid, east, north, 30_000), reader)
    assert find_voids(terrain).void_cells == 0
    river = elevation_at(terrain, east, north)[: int(np.argmax(longitude > 73.69))]
    assert (np.maximum.accumulate(river) - river).max() < 5
    # Reed beds at about 300 m in the west, Lake Zorkul at 4,130 m in the east.
    assert river[0] == pytest.approx(320, abs=40)
    assert river[-1] == pytest.approx(4130, abs=20)
