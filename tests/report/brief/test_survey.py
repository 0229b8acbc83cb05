"""The ground of the embedded case, as the brief draws it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from sarhad.exchange.scenario_folder import find_folder, read_scenario
from sarhad.grid import Grid, choose_grid
from sarhad.report.brief import survey_ground
from sarhad.report.brief.still_map import map_extent
from sarhad.scenario import Scenario
from sarhad.terrain import build_terrain


class Slope:
    """Heights that rise to the east: 100 m every kilometre."""

    credit = "made up"
    stand_in = True

    def read(self, row: int, column: int, rows: int, columns: int) -> np.ndarray:
        across = np.arange(column, column + columns, dtype=np.float32) * 100
        return np.tile(across, (rows, 1)) + 0 * row


@cache
def case() -> tuple[Scenario, Grid]:
    scenario = read_scenario(find_folder("tajik-afghan"))
    line = scenario.border
    grid, _ = choose_grid(line.longitude, line.latitude, 30_000.0, 1000.0)
    return scenario, grid


def test_the_ground_has_an_edge_more_than_the_line_has_cells() -> None:
    ground = survey_ground(case()[0], None, case()[1])
    assert len(ground.edges) == 1345
    assert ground.edges_km[-1] == pytest.approx(1344.0, abs=0.5)
    assert ground.relief is None


def test_places_stand_where_the_projection_puts_them() -> None:
    scenario, grid = case()
    ground = survey_ground(scenario, None, grid)
    post, shown = scenario.posts[3], ground.posts[3]
    east, north = grid.project(post.lon, post.lat)
    assert (shown.place.east_m, shown.place.north_m) == (float(east), float(north))
    assert shown.party == next(p.name for p in scenario.parties if p.id == post.party)


def test_a_report_that_names_no_place_has_none() -> None:
    ground = survey_ground(case()[0], None, case()[1])
    unplaced = [each for each in ground.incidents if each.place is None]
    assert [each.id for each in unplaced] == ["2023-08-month"]


def test_the_graticule_covers_the_map_in_whole_steps() -> None:
    ground = survey_ground(case()[0], None, case()[1])
    longitudes = [line.degrees for line in ground.graticule if line.is_longitude]
    assert {68.0, 70.0, 72.0, 74.0} <= set(longitudes)
    assert len(ground.graticule) < 40


def test_the_relief_is_a_small_picture_that_covers_the_map() -> None:
    scenario, grid = case()
    kept = np.ones(((grid.rows + 255) // 256, (grid.columns + 255) // 256), dtype=bool)
    terrain = build_terrain(grid, kept, Slope())
    relief = survey_ground(scenario, terrain, grid).relief
    west, east, *_ = map_extent(survey_ground(scenario, None, grid))
    assert relief.picture[8:12] == b"WEBP"
    assert len(relief.picture) < 400_000
    assert relief.stand_in
    # The frame itself ends 30 km beside the line.
    assert relief.extent_m[0] <= max(west, grid.extent[0])
    assert relief.extent_m[1] >= min(east, grid.extent[1])
