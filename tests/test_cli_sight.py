"""sarhad sight and sarhad reach from a drawn line and a raster to files, console and JSON."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from sarhad import cli
from sarhad.cli.reach import REACH_KEYS
from sarhad.cli.sight import SIGHT_KEYS
from sarhad.report import tables

ROOT = Path(__file__).resolve().parents[1]
# 90 km of the equator: posts of a new scenario stand at km 15, 45 and 75.
LINE = '{"type": "LineString", "coordinates": [[70.0, 0.0], [70.80848, 0.0]]}'
FILES = {
    "sight": ["sight.png", "sight.svg", "sight-line.csv", "sight-posts.csv", "sight.tif"],
    "reach": ["reach.png", "reach.svg", "reach-line.csv", "reach-sites.csv", "reach.tif"],
}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a scenario `case` over a plain, and the plain in `heights`."""
    root = tmp_path_factory.mktemp("plain")
    (root / "line.geojson").write_text(LINE)
    told = ["new", str(root / "case"), "--border", str(root / "line.geojson")]
    assert cli.main([*told, "--own-side", "left"]) == 0
    (root / "heights").mkdir()
    with rasterio.open(
        root / "heights/plain.tif", "w", driver="GTiff", dtype="int16", crs="EPSG:4326", count=1,
        width=280, height=160, transform=Affine(0.005, 0, 69.7, 0, -0.005, 0.4),
    ) as file:  # fmt: skip
        file.write(np.full((160, 280), 500, np.int16), 1)
    return root


def run(command: str, case: Path, out: Path, *more: str) -> int:
    heights = ["--heights", str(case / "heights")]
    return cli.main([command, str(case / "case"), "--out", str(out), *heights, *more])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("command", ["sight", "reach"])
def test_all_files_are_written_and_named(
    command: str, case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, case, tmp_path / "out", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    expected = {"sight": SIGHT_KEYS, "reach": REACH_KEYS}[command]
    assert set(told) == {"schema", "ok", "faults", *expected}
    assert told["files"] == [str(tmp_path / "out" / name) for name in FILES[command]]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FILES[command])
    invented = "illustrative: posts and units are invented round numbers"
    assert invented in told["notices"]
    assert {row["notice"] for row in rows(tmp_path / "out" / FILES[command][2])} == {invented}
    with rasterio.open(tmp_path / "out" / FILES[command][4]) as file:
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert invented in file.tags()["TIFFTAG_IMAGEDESCRIPTION"]


def test_on_a_plain_the_range_of_the_posts_leaves_four_gaps(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("sight", case, tmp_path, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    # Posts at 15, 45 and 75 km see 10 km either way, up to a kilometre more for a cell in part.
    assert told["seen_km"] == pytest.approx(60, abs=3.1)
    assert told["seen_km"] + told["unseen_km"] == pytest.approx(told["border_km"], abs=0.002)
    assert len(told["unseen"]) == 4
    assert sum(gap["length_km"] for gap in told["unseen"]) == pytest.approx(
        told["unseen_km"], abs=0.01
    )
    assert [post["post"] for post in told["posts"]] == ["post-1", "post-2", "post-3"]
    assert any("no unit of kind watch" in notice for notice in told["notices"])
    unseen = [row for row in rows(tmp_path / "sight-line.csv") if row["posts_in_sight"] == "0"]
    assert {(row["best_post"], row["least_distance_m"]) for row in unseen} == {("", "")}


def test_on_a_plain_help_on_foot_comes_at_walking_pace(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("reach", case, tmp_path, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    # Teams at km 15, 45 and 75 walk 4 km/h, 0.6 of it off paths: 2.4 km in an hour to either side,
    # and never longer than 6 hours, which is farther than the 15 km to the middle and the ends.
    assert told["within_60_min_km"] == pytest.approx(6 * 2.4, rel=0.25)
    assert told["within_120_min_km"] == pytest.approx(6 * 4.8, rel=0.2)
    assert told["never_km"] <= 8.0
    found = rows(tmp_path / "reach-line.csv")
    assert {row["quickest"] for row in found if row["minutes"]} == {"foot"}
    assert {row["flyable"] for row in found} == {"no"}


def test_roads_make_help_quicker(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    road = {"type": "LineString", "coordinates": [[70.0, 0.004], [70.80848, 0.004]]}
    (tmp_path / "road.geojson").write_text(json.dumps(road))
    assert run("reach", case, tmp_path / "a", "--json") == 0
    plain = json.loads(capsys.readouterr().out)
    assert (
        run("reach", case, tmp_path / "b", "--json", "--roads", str(tmp_path / "road.geojson")) == 0
    )
    paved = json.loads(capsys.readouterr().out)
    assert paved["within_120_min_km"] > plain["within_120_min_km"] + 5


@pytest.mark.parametrize("command", ["sight", "reach"])
def test_console_sums_up_in_words(
    command: str, case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, case, tmp_path) == 0
    out = capsys.readouterr()
    assert {"sight": "  unseen     ", "reach": "  in 30 min  "}[command] in out.out
    assert "NOTE: illustrative" in out.err


@pytest.mark.parametrize("command", ["sight", "reach"])
def test_without_heights_nothing_is_guessed(
    command: str, case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = [command, str(case / "case"), "--out", str(tmp_path / "out"), "--json"]
    assert cli.main(told) == 3
    assert "sarhad terrain fetch" in json.loads(capsys.readouterr().out)["error"]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["sight", "reach"])
def test_unknown_option_is_a_wrong_command(
    command: str, case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, case, tmp_path / "out", "--option", "alnoe") == 2
    assert "alone" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_missing_road_file_is_a_fault(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("reach", case, tmp_path / "out", "--roads", "gone.geojson", "--json") == 1
    assert json.loads(capsys.readouterr().out)["faults"][0]["file"] == "gone.geojson"


@pytest.mark.slow
@pytest.mark.parametrize("command", ["sight", "reach"])
def test_embedded_case_says_on_console_and_in_tables_that_relief_is_a_stand_in(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notice = "stand-in relief: fetch real heights before planning"
    assert cli.main([command, "tajik-afghan", "--out", str(tmp_path)]) == 0
    assert f"NOTE: {notice}" in capsys.readouterr().err
    found = rows(tmp_path / f"{command}-line.csv")
    assert len(found) == 1344
    assert all(row["notice"].startswith(notice) for row in found)
    assert notice in (tmp_path / f"{command}.svg").read_text(encoding="utf-8")


def test_every_key_and_column_is_documented() -> None:
    page = (ROOT / "docs/reference/commands.md").read_text()
    sections: dict[str, Any] = dict(
        re.findall(r"^## `sarhad (sight|reach)`\n(.*?)(?=^## |\Z)", page, re.M | re.S)
    )
    named = {
        "sight": (*SIGHT_KEYS, *tables.SIGHT_LINE_COLUMNS, *tables.SIGHT_POSTS_COLUMNS),
        "reach": (*REACH_KEYS, *tables.REACH_LINE_COLUMNS, *tables.REACH_SITES_COLUMNS),
    }
    for command, names in named.items():
        first_cells = " ".join(re.findall(r"^\| (.*?) \|", sections[command], re.M))
        missing = [name for name in names if f"`{name}`" not in first_cells and name != "notice"]
        assert not missing
