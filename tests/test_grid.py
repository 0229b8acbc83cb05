from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from sarhad import grid as module
from sarhad.grid import Grid, cells_within, choose_grid, corridor_tiles

REFERENCE = Path(__file__).resolve().parents[1] / "../shared/data/border_tajik_afghan_osm.geojson"
GEOD = Geod(ellps="WGS84")
SMALL = Grid("EPSG:32642", 500_000.0, 4_200_000.0, 30.0, 700, 900)


@pytest.fixture(scope="module")
def reference() -> np.ndarray:
    if not REFERENCE.exists():
        pytest.skip("../shared/data is missing: the reference frame cannot be measured")
    return np.array(json.loads(REFERENCE.read_text())["features"][0]["geometry"]["coordinates"])


def measured_scale_error(grid: Grid, line: np.ndarray, margin_m: float) -> float:
    """Return the worst error of 100-metre lengths in all directions around the vertices."""
    rng = np.random.default_rng(2)
    line = line[rng.integers(0, len(line), 3000)]
    azimuth, reach = rng.uniform(0, 360, (2, 3000)), rng.uniform(0, margin_m, 3000)
    lon, lat, _ = GEOD.fwd(line[:, 0], line[:, 1], azimuth[0], reach)
    far_lon, far_lat, _ = GEOD.fwd(lon, lat, azimuth[1], np.full(3000, 100.0))
    (east, north), (far_east, far_north) = grid.project(lon, lat), grid.project(far_lon, far_lat)
    return float(np.abs(np.hypot(far_east - east, far_north - north) / 100 - 1).max())


# --- the choice --------------------------------------------------------------------------


def test_reference_frame_is_true_to_a_thousandth(reference: np.ndarray) -> None:
    grid, scale_error = choose_grid(*reference.T, 30_000, 30)
    assert scale_error < 0.001
    assert measured_scale_error(grid, reference, 30_000) == pytest.approx(scale_error, rel=0.05)
    assert grid.columns * 0.03 == pytest.approx(686, abs=10)
    assert grid.rows * 0.03 == pytest.approx(262, abs=5)


def test_frame_holds_the_line_and_its_margin(reference: np.ndarray) -> None:
    grid, _ = choose_grid(*reference.T, 30_000, 250)
    azimuth = np.random.default_rng(4).uniform(0, 360, len(reference))
    lon, lat, _ = GEOD.fwd(*reference.T, azimuth, np.full(len(reference), 30_000.0))
    row, column = grid.cell_of(*grid.project(lon, lat))
    assert ((row >= 0) & (row < grid.rows) & (column >= 0) & (column < grid.columns)).all()


def test_line_within_one_zone_gets_the_standard_grid() -> None:
    grid, scale_error = choose_grid([68.5, 69.5], [38, 38.4], 10_000, 30)
    assert grid.crs == "EPSG:32642"
    # The scale of the central meridian of UTM is 0.9996.
    assert scale_error == pytest.approx(0.0004, abs=2e-5)
    assert choose_grid([20, 20.5], [-30, -31], 10_000, 30)[0].crs == "EPSG:32734"


LINES = {
    "antimeridian": ([178, 179.5, -179, -177], [-17, -16, -18, -17]),
    "antimeridian, unwrapped": ([178, 179.5, 181, 183], [-17, -16, -18, -17]),
    "thirteen thousand km": ([-70, -20, 40, 80], [10, 60, 50, 0]),
    "round the pole": (np.linspace(0, 360, 37), np.full(37, -75.0)),
    "along the equator": ([10, 30, 60], [0, 0.5, 0]),
    "along a meridian": ([20, 20], [-30, 30]),
    "long parallel": (np.linspace(-123, -67, 57), np.full(57, 49.0)),
    "over the pole": ([30, 30, -150], [85, 89, 86]),
    "two points": ([10, 10.0001], [45, 45]),
}


@pytest.mark.parametrize("name", LINES)
def test_every_line_gets_a_frame_with_its_error_stated(name: str) -> None:
    line = np.column_stack(LINES[name]).astype(float)
    grid, scale_error = choose_grid(*line.T, 30_000, 250)
    east, north = grid.project(*line.T)
    west, east_edge, south, north_edge = grid.extent
    assert ((east > west) & (east < east_edge) & (north > south) & (north < north_edge)).all()
    assert measured_scale_error(grid, line, 30_000) <= scale_error * 1.05 + 1e-5
    lon, lat = grid.unproject(east, north)
    assert GEOD.inv(*line.T, lon, lat)[2] == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(
    ("name", "largest"),
    [("antimeridian", 0.001), ("along the equator", 0.001), ("along a meridian", 0.001),
     ("long parallel", 0.001), ("over the pole", 0.002), ("thirteen thousand km", 0.06)],
)  # fmt: skip
def test_scale_error_suits_the_shape_of_the_line(name: str, largest: float) -> None:
    assert choose_grid(*LINES[name], 30_000, 250)[1] < largest


def test_seam_never_runs_through_the_corridor() -> None:
    lon, lat = LINES["round the pole"]
    grid, _ = choose_grid(lon, lat, 30_000, 250)
    east, north = grid.project(lon, lat)
    assert np.hypot(np.diff(east), np.diff(north)).max() < 300_000


@pytest.mark.parametrize(
    ("longitude", "latitude"), [([70], [38]), ([70, np.nan], [38, 39]), ([70, 71], [38])]
)
def test_what_is_no_line_gets_no_frame(longitude: list[float], latitude: list[float]) -> None:
    with pytest.raises(ValueError, match="line"):
        choose_grid(longitude, latitude, 30_000, 250)


# --- the frame ---------------------------------------------------------------------------


@given(st.integers(0, 699), st.integers(0, 899))
@settings(max_examples=50, deadline=None)
def test_cell_of_a_centre_is_its_cell(row: int, column: int) -> None:
    east, north = SMALL.centres
    assert SMALL.cell_of(east[column], north[row]) == (row, column)


def test_corner_belongs_to_the_first_cell_and_what_is_west_of_it_to_none() -> None:
    row, column = SMALL.cell_of([500_000, 499_999], [4_200_000, 4_200_001])
    assert row.tolist() == [0, -1]
    assert column.tolist() == [0, -1]


def test_extent_spans_rows_and_columns() -> None:
    assert SMALL.extent == (500_000, 527_000, 4_179_000, 4_200_000)
    assert SMALL.shape == (700, 900)


def test_centre_of_a_utm_zone_lies_at_its_false_easting() -> None:
    east, north = Grid("EPSG:32618", 0, 0, 1, 1, 1).project(-75.0, 0.0)
    assert (float(east), float(north)) == pytest.approx((500_000, 0), abs=1e-6)


def test_threads_project_alike() -> None:
    lon = np.linspace(68, 70, 5000)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: SMALL.project(lon, lon - 30), range(16)))
    assert all(np.array_equal(answers[0], answer) for answer in answers)


@pytest.mark.parametrize(
    "change", [{"cell_m": 0.0}, {"rows": 0}, {"columns": -1}, {"west_m": float("inf")}]
)
def test_impossible_frame_is_refused(change: dict[str, float]) -> None:
    facts = {"west_m": 0.0, "north_m": 0.0, "cell_m": 1.0, "rows": 1, "columns": 1}
    with pytest.raises(ValueError, match=r"grid|cell_m"):
        Grid("EPSG:32642", **(facts | change))  # type: ignore[arg-type]


# --- the corridor ------------------------------------------------------------------------


@pytest.mark.parametrize("width_m", [0.0, 50.0, 2000.0])
def test_tiles_near_a_line_are_those_of_an_exhaustive_search(
    width_m: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TILES_AT_ONCE", 50)
    rng = np.random.default_rng(6)
    east, north = rng.uniform(495_000, 530_000, 12), rng.uniform(4_176_000, 4_203_000, 12)
    kept = corridor_tiles(SMALL, east, north, width_m, tile=64)
    line = shapely.linestrings(east, north)
    assert kept.shape == (11, 15)
    for row, column in np.ndindex(*kept.shape):
        west, top = 500_000 + column * 1920, 4_200_000 - row * 1920
        distance = shapely.distance(line, shapely.box(west, top - 1920, west + 1920, top))
        assert kept[row, column] == (distance <= width_m)


def test_tiles_of_the_reference_corridor_hold_little_more_than_its_72_million_cells(
    reference: np.ndarray,
) -> None:
    grid, _ = choose_grid(*reference.T, 30_000, 30)
    kept = corridor_tiles(grid, *grid.project(*reference.T), 30_000)
    assert 72e6 < kept.sum() * 256**2 < 85e6


@pytest.mark.parametrize("window", [(0, 0, 100, 130), (300, 410, 256, 256), (690, 5, 40, 1)])
def test_cells_within_a_distance_are_those_of_an_exhaustive_search(
    window: tuple[int, int, int, int],
) -> None:
    def distance_m(east: np.ndarray, north: np.ndarray) -> np.ndarray:
        return np.asarray(np.hypot(east - 512_000, north - 4_190_000)) - 3000

    row, column, rows, columns = window
    east = 500_000 + (column + np.arange(columns) + 0.5) * 30
    north = 4_200_000 - (row + np.arange(rows) + 0.5) * 30
    expected = np.abs(distance_m(*np.meshgrid(east, north))) <= 1500
    assert np.array_equal(cells_within(SMALL, window, distance_m, 1500), expected)
