"""The maps of sight and of reach say what the figures say, to every eye."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from tests.mobility.test_response import respond, with_lame_helicopter
from tests.mobility.test_travel import small_scenario, travel
from tests.visibility.flatland import draw_line, lay_land, make_post, make_scenario
from tests.visibility.test_watch import on_watch

from sarhad.report import tables
from sarhad.report.ground_map import ILLUSTRATIVE_NOTICE
from sarhad.report.page import write_png, write_svg
from sarhad.report.reach_map import KIND_COLOURS, draw_reach_map, reach_classes
from sarhad.report.ribbon import NOTHING_COLOUR, RAMP
from sarhad.report.sight_map import chance_classes, draw_sight_map, sight_classes
from sarhad.scenario import DetectionSettings, Option
from sarhad.terrain import STAND_IN_NOTICE, Terrain
from sarhad.visibility.watch import WatchedLine, watch_line

# Machado, Oliveira and Fernandes (2009), doi:10.1109/TVCG.2009.113: deuteranopia and protanopia.
BLINDNESS = {
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
}


def linear(colour: str) -> np.ndarray:
    value = np.array(to_rgb(colour))
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def watched_plain() -> tuple[object, Terrain, WatchedLine]:
    terrain = lay_land()
    border, cells, plane = draw_line(terrain)
    posts = (make_post(terrain, "p0", -5_000.0, 500.0), make_post(terrain, "p1", 4_000.0, 500.0))
    scenario = make_scenario(
        border,
        terrain,
        posts,
        (on_watch("p0"), on_watch("p1")),
        detection=DetectionSettings(range_km=3.0),
        illustrative=True,
    )
    object.__setattr__(scenario, "options", (Option(name="all", title="All", units=("*",)),))
    return scenario, terrain, watch_line(scenario, "all", cells, plane, terrain)


def test_ramp_grows_darker_and_nothing_is_told_from_it_by_every_eye() -> None:
    order = [luminance(colour) for colour in RAMP]
    assert order == sorted(order, reverse=True)
    for matrix in BLINDNESS.values():
        seen = [np.array(matrix) @ linear(colour) for colour in (*RAMP, NOTHING_COLOUR)]
        apart = [np.abs(seen[-1] - other).max() for other in seen[:-1]]
        assert min(apart) > 0.2


def test_kinds_are_told_apart_by_every_eye() -> None:
    colours = [*KIND_COLOURS.values(), NOTHING_COLOUR]
    for matrix in BLINDNESS.values():
        seen = np.array([np.array(matrix) @ linear(colour) for colour in colours])
        apart = np.abs(seen[:, None] - seen[None]).max(axis=2)
        assert apart[~np.eye(len(colours), dtype=bool)].min() > 0.1


def test_sight_map_draws_both_classes_and_names_the_gaps() -> None:
    scenario, terrain, watched = watched_plain()
    figure = draw_sight_map(scenario, terrain, watched)
    svg = write_svg(figure).decode()
    assert 'id="sight-0"' in svg
    assert 'id="sight-4"' in svg
    assert "nobody sees 8 km in 3 stretches, the longest 3 km" in svg
    assert svg.count("km unseen") == 3
    assert ILLUSTRATIVE_NOTICE in svg
    assert write_png(figure, 40) == write_png(draw_sight_map(scenario, terrain, watched), 40)


def test_stand_in_relief_is_said_on_both_maps() -> None:
    scenario, terrain, watched = watched_plain()
    invented = Terrain(terrain.grid, terrain.tile, terrain.index, terrain.tiles, True, "made")
    assert STAND_IN_NOTICE in write_svg(draw_sight_map(scenario, invented, watched)).decode()
    small = small_scenario()
    land = travel(small)[2]
    land = Terrain(land.grid, land.tile, land.index, land.tiles, True, "made")
    assert STAND_IN_NOTICE in write_svg(draw_reach_map(small, land, respond(small)[0])).decode()


def test_classes_of_sight_and_chance_change_at_their_limits() -> None:
    _, _, watched = watched_plain()
    assert set(sight_classes(watched)[[0, 5, 9, 19]]) <= {0, 4}
    rate = -np.log(1 - np.array([0.0, 0.005, 0.01, 0.5, 0.95]))
    seen = np.ones(5, bool)
    assert chance_classes(rate, seen).tolist() == [1, 1, 2, 4, 5]
    assert chance_classes(rate, ~seen).tolist() == [0] * 5


def test_reach_map_draws_the_line_by_minutes() -> None:
    scenario = with_lame_helicopter()
    found, _ = respond(scenario)
    svg = write_svg(draw_reach_map(scenario, travel(scenario)[2], found)).decode()
    classes = set(reach_classes(found).tolist())
    assert len(classes) > 1
    for number in range(6):
        assert (f'id="reach-{number}"' in svg) == (number in classes)
    assert "never 0 km" in svg


@pytest.mark.parametrize("columns", [tables.SIGHT_LINE_COLUMNS, tables.REACH_LINE_COLUMNS])
def test_tables_have_a_row_per_cell_that_ends_with_the_notice(columns: tuple[str, ...]) -> None:
    if columns is tables.SIGHT_LINE_COLUMNS:
        scenario, _, watched = watched_plain()
        rows, cells = tables.sight_line_rows(scenario, watched, "made up"), 20
    else:
        scenario = small_scenario()
        found, _ = respond(scenario)
        rows, cells = tables.reach_line_rows(scenario, found, "made up"), len(found.walkable)
    rows = list(rows)
    assert len(rows) == cells
    assert {len(row) for row in rows} == {len(columns)}
    assert {row[-1] for row in rows} == {"made up"}
    assert rows[0][0] == 0.0
    assert [row[0] for row in rows[1:]] == [row[1] for row in rows[:-1]]


def test_lead_is_the_intruders_time_less_that_of_help() -> None:
    scenario = small_scenario()
    found, _ = respond(scenario)
    row = dict(
        zip(
            tables.REACH_SITES_COLUMNS,
            next(tables.reach_sites_rows(scenario, found, "")),
            strict=True,
        )
    )
    assert row["lead_foot_min"] == pytest.approx(
        row["intruder_foot_min"] - row["help_min"], abs=0.11
    )
    assert row["help_kind"] == "helicopter"
