"""The embedded case says what the reference record says, and nothing as if it were real."""

from __future__ import annotations

import csv
import importlib.util
import json
import subprocess
import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from pyproj import Transformer
from scipy.ndimage import map_coordinates, uniform_filter

from sarhad.border import LinePlane, lay_out, locate
from sarhad.exchange.scenario_folder import find_folder, read_scenario
from sarhad.scenario import Scenario, option_units

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT / "../shared/data"
FOLDER = find_folder("tajik-afghan")

REAR = {"tj-dushanbe", "ru-base", "tj-bokhtar", "tj-murghob"}
"""Bases deep in the country; all other posts stand within 60 km of the line."""

METRIC = Transformer.from_crs(4326, "+proj=aeqd +lat_0=37.7 +lon_0=71.3", always_xy=True)


@pytest.fixture(scope="module")
def case() -> Scenario:
    return read_scenario("tajik-afghan")


@pytest.fixture(scope="module")
def plane(case: Scenario) -> LinePlane:
    return lay_out(case.border, METRIC.transform)


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"../shared/data/{name} is missing")
    return path


def distances_km(plane: LinePlane, rows: list) -> tuple[NDArray, NDArray]:
    east, north = METRIC.transform([row.lon for row in rows], [row.lat for row in rows])
    chainage_m, distance_m = locate(plane, np.array(east), np.array(north))
    return chainage_m / 1000, distance_m / 1000


def sample(path: Path, lon: NDArray, lat: NDArray, box: int = 1) -> NDArray:
    """Return heights of a raster at points, as means over a box of its cells."""
    with rasterio.open(path) as raster:
        heights, frame = raster.read(1).astype(float), raster.transform
    rows, columns = (lat - frame.f) / frame.e - 0.5, (lon - frame.c) / frame.a - 0.5
    return map_coordinates(uniform_filter(heights, box), [rows, columns], order=1)


def test_line_measures_1344_km(case: Scenario) -> None:
    assert case.border.length_m / 1000 == pytest.approx(1344.0, abs=0.5)


def test_line_is_the_run_of_vertices_that_both_time_zones_share(case: Scenario) -> None:
    witness = json.loads(shared("border_tajik_afghan_osm.geojson").read_text())
    expected = np.array(witness["features"][0]["geometry"]["coordinates"])
    stored = np.column_stack([case.border.longitude, case.border.latitude])
    np.testing.assert_array_equal(stored, expected)


def test_fifty_posts_and_a_hundred_mobile_units_at_least(case: Scenario) -> None:
    units = option_units(case, case.default_option)
    assert len([post for post in case.posts if post.party == "TJ"]) >= 50
    assert sum(unit.count for unit in units if unit.mobile) >= 100
    assert case.illustrative


@pytest.mark.parametrize(
    "table", ["parties", "sectors", "posts", "units", "sites", "incidents", "heights"]
)
def test_every_row_says_where_it_comes_from(table: str) -> None:
    with (FOLDER / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert all(row["source"].strip() for row in rows)


def test_posts_stand_near_the_line_on_the_own_side(case: Scenario, plane: LinePlane) -> None:
    _, away_km = distances_km(plane, list(case.posts))
    far = {post.id for post, km in zip(case.posts, away_km, strict=True) if km > 60}
    assert far == REAR
    assert away_km.min() > 0


def test_no_place_of_the_line_is_far_from_a_watched_post(case: Scenario, plane: LinePlane) -> None:
    watched = {unit.base for unit in case.units if unit.kind == "watch"}
    km, _ = distances_km(plane, [post for post in case.posts if post.id in watched])
    ends = np.concatenate([[0.0], np.sort(km), [case.border.length_m / 1000]])
    assert np.diff(ends).max() < 60


def test_sectors_cover_the_line_once(case: Scenario) -> None:
    assert case.sectors[0].from_km == 0
    assert case.sectors[-1].to_km == pytest.approx(case.border.length_m / 1000, abs=0.1)
    assert all(before.to_km == after.from_km for before, after in pairwise(case.sectors))


def test_every_sector_has_mobile_units_of_its_own(case: Scenario, plane: LinePlane) -> None:
    posts = {post.id: post for post in case.posts}
    teams = [unit for unit in case.units if unit.mobile and unit.party == "TJ"]
    km, _ = distances_km(plane, [posts[unit.base] for unit in teams])
    for sector in case.sectors:
        inside = (km >= sector.from_km) & (km < sector.to_km)
        assert sum(t.count for t, here in zip(teams, inside, strict=True) if here) >= 3, sector.id


def test_five_options_add_one_party_after_the_other(case: Scenario) -> None:
    parties = {
        option.name: {unit.party for unit in option_units(case, option.name)}
        for option in case.options
    }
    assert parties == {
        "alone": {"TJ"},
        "helicopters": {"TJ", "RU"},
        "joint": {"TJ", "RU"},
        "organisation": {"TJ", "RU", "CSTO"},
        "cooperation": {"TJ", "RU"},
    }
    assert case.default_option == "organisation"


def test_no_mobile_unit_is_on_duty_for_more_than_a_seventh_of_the_week(case: Scenario) -> None:
    mobile = [unit for unit in case.units if unit.mobile]
    assert {unit.duty_hours for unit in mobile} == {8}
    assert case.rules.week_hours / 7 >= 8


def test_teams_of_the_ally_stand_where_mixed_teams_can_form(case: Scenario) -> None:
    own = {(unit.base, unit.kind) for unit in case.units if unit.party == "TJ"}
    ally = [unit for unit in case.units if unit.id.startswith("ru-team-")]
    assert sum(unit.count for unit in ally) == 14
    assert {(unit.base, unit.kind) for unit in ally} <= own


def test_contingent_stands_at_the_line_in_its_sector(case: Scenario, plane: LinePlane) -> None:
    (sector,) = [sector for sector in case.sectors if sector.id == "shohin"]
    posts = {post.id: post for post in case.posts}
    contingent = [unit for unit in case.units if unit.party == "CSTO"]
    km, away_km = distances_km(plane, [posts[unit.base] for unit in contingent])
    kinds = sorted((unit.kind, unit.count) for unit in contingent)
    assert kinds == [("foot", 3), ("vehicle", 3), ("vehicle", 3)]
    assert sector.from_km < km.min()
    assert km.max() < sector.to_km
    assert away_km.max() < 1


def test_only_the_option_cooperation_counts_on_the_neighbour(case: Scenario) -> None:
    given = {option.name: option.cooperation for option in case.options if option.cooperation}
    assert list(given) == ["cooperation"]
    figures = given["cooperation"]
    assert figures.far_bank_hours > 0
    assert figures.hotline_minutes > 0
    assert figures.warning_hours > 0
    assert 0 < figures.move_share < 1
    assert not [unit for unit in case.units if unit.party == "AF"]


def test_contingent_of_the_organisation_starts_in_its_sector(
    case: Scenario, plane: LinePlane
) -> None:
    (party,) = [party for party in case.parties if party.role == "organisation"]
    (sector,) = [sector for sector in case.sectors if sector.id in party.sectors]
    bases = {unit.base for unit in case.units if unit.party == party.id}
    km, _ = distances_km(plane, [post for post in case.posts if post.id in bases])
    assert km.min() >= sector.from_km
    assert km.max() < sector.to_km


def test_helicopter_has_the_public_range_of_its_class(case: Scenario) -> None:
    (mi8,) = [unit for unit in case.units if unit.kind == "helicopter"]
    assert 220 <= mi8.speed_km_h <= 240
    assert 4500 <= mi8.ceiling_m <= 6000
    hours = mi8.fuel_kg / mi8.burn_kg_h - mi8.reserve_min / 60
    assert 450 <= hours * mi8.speed_km_h <= 500


def test_guests_may_stand_where_they_start_and_refuel(case: Scenario, plane: LinePlane) -> None:
    stand_off_km = {party.id: party.stand_off_km for party in case.parties}
    guests = {unit.base: unit.party for unit in case.units if unit.party != "TJ"}
    guests |= {post.id: "RU" for post in case.posts if post.fuel_kg}
    posts = [post for post in case.posts if post.id in guests]
    _, away_km = distances_km(plane, posts)
    assert all(away_km > [stand_off_km[guests[post.id]] for post in posts])


def test_helicopters_can_refuel_along_the_whole_line(case: Scenario) -> None:
    # Out and back from a refuelling point, and the next one within one range of 487 km.
    (mi8,) = [unit for unit in case.units if unit.kind == "helicopter"]
    range_km = (mi8.fuel_kg / mi8.burn_kg_h - mi8.reserve_min / 60) * mi8.speed_km_h
    fuel = [post for post in case.posts if post.fuel_kg]
    points = np.column_stack(METRIC.transform([p.lon for p in fuel], [p.lat for p in fuel])) / 1000
    line = METRIC.transform(case.border.longitude, case.border.latitude)
    line_km = np.column_stack(line)[::20] / 1000
    away_km = np.linalg.norm(line_km[:, None] - points[None], axis=2).min(axis=1)
    assert 2 * away_km.max() < range_km


def test_reports_that_disagree_both_stay_on_the_record(case: Scenario) -> None:
    killed = defaultdict(set)
    for row in case.incidents:
        killed[row.event].add((row.killed_low, row.killed_high))
    assert {(3, 3), (5, 5)} <= killed["2025-11-26-shohin"]
    assert killed["2025-11-30-shodak"] == {(2, 2)}
    assert killed["2024-11-18-zarbuz"] == {(1, 1)}
    assert killed["2023-08-incursion"] == {(3, 3)}


def test_a_district_is_a_wide_circle_that_reaches_the_line(
    case: Scenario, plane: LinePlane
) -> None:
    placed = [row for row in case.incidents if row.lon is not None]
    _, away_km = distances_km(plane, placed)
    least_km = {"village": 1, "district": 30}
    assert all(row.radius_km >= least_km[row.precision] for row in placed)
    assert all(np.abs(away_km) < [row.radius_km for row in placed])


def test_circle_of_shamsiddin_shohin_holds_its_whole_stretch(case: Scenario) -> None:
    (sector,) = [sector for sector in case.sectors if sector.id == "shohin"]
    row = next(row for row in case.incidents if row.event == "2025-11-26-shohin")
    km = case.border.chainage_m / 1000
    stretch = (km >= sector.from_km) & (km <= sector.to_km)
    east, north = METRIC.transform(case.border.longitude[stretch], case.border.latitude[stretch])
    here = METRIC.transform(row.lon, row.lat)
    assert np.hypot(east - here[0], north - here[1]).max() / 1000 <= row.radius_km


def test_relief_covers_the_corridor(case: Scenario) -> None:
    with rasterio.open(FOLDER / "relief_5min.tif") as relief:
        west, south, east, north = relief.bounds
        assert relief.dtypes == ("int16",)
        assert relief.crs.to_epsg() == 4326
    # 30 km are 0.27 degrees of latitude and at most 0.35 of longitude here.
    assert west < case.border.longitude.min() - 0.35
    assert east > case.border.longitude.max() + 0.35
    assert south < case.border.latitude.min() - 0.27
    assert north > case.border.latitude.max() + 0.27


def test_relief_is_the_mean_of_real_heights_over_its_cells() -> None:
    # Measured: 46 m root mean square on a relief from 260 to 6,014 m, bias below 1 m; a shift by a
    # quarter of a cell would make it 96 m, so the frame is not off by even that.
    with rasterio.open(FOLDER / "relief_5min.tif") as relief:
        heights, frame = relief.read(1).astype(float), relief.transform
    rows, columns = np.indices(heights.shape)
    lon, lat = frame.c + (columns + 0.5) * frame.a, frame.f + (rows + 0.5) * frame.e
    real = sample(shared("dted0_66-76E_35-41N.tif"), lon, lat, box=10)
    off = (heights - real)[3:-3, 3:-3]
    assert np.sqrt(np.mean(off**2)) < 55
    assert abs(off.mean()) < 3


def test_known_heights_agree_with_real_ones() -> None:
    # Measured: 31 m root mean square, 71 m at worst, on airfields in gorges whose place is
    # rounded to about 100 m and ground that rises 500 m within one 900-m cell.
    with (FOLDER / "heights.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lon, lat, height = (np.array([float(r[c]) for r in rows]) for c in ("lon", "lat", "height_m"))
    off = height - sample(shared("dted0_66-76E_35-41N.tif"), lon, lat)
    assert len(rows) >= 25
    assert np.sqrt(np.mean(off**2)) < 35
    assert np.abs(off).max() < 80


def test_line_has_a_file_of_its_own_with_its_licence() -> None:
    feature = json.loads((FOLDER / "border.geojson").read_text(encoding="utf-8"))["features"][0]
    assert feature["properties"]["licence"] == "ODbL 1.0"
    assert "OpenStreetMap" in feature["properties"]["credit"]
    credited = (FOLDER / "CREDITS.md").read_text(encoding="utf-8")
    files = {path.name for path in FOLDER.iterdir()} - {"CREDITS.md"}
    assert all(f"`{name}`" in credited for name in files)


@pytest.mark.slow
def test_stored_case_is_what_the_tool_makes() -> None:
    if importlib.util.find_spec("timezonefinder") is None:
        pytest.skip("the dependency group `case` is not installed")
    tool = [sys.executable, str(ROOT / "tools/make_case.py"), "--check"]
    done = subprocess.run(tool, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
