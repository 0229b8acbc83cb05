"""The commands that plan, on a small line of stand-in relief."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sarhad.cli import main

CASE = Path(__file__).resolve().parents[1] / "src/sarhad/cases/tajik-afghan"
SEED = "00112233445566778899aabbccddeeff"
LINE = {
    "type": "Feature",
    "properties": {},
    "geometry": {
        "type": "LineString",
        "coordinates": [[70.0, 37.60], [70.15, 37.62], [70.3, 37.70], [70.45, 37.82]],
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scaffolded scenario of some 50 km, with one camp and the embedded relief."""
    root = tmp_path_factory.mktemp("plan")
    line = root / "line.geojson"
    line.write_text(json.dumps(LINE))
    assert main(["new", str(root / "mine"), "--border", str(line), "--own-side", "left"]) == 0
    settings = root / "mine" / "scenario.toml"
    text = settings.read_text()
    assert "source = " in text
    lines = [
        'source = ["stand-in"]' if row.lstrip("# ").startswith("source = [") else row
        for row in text.splitlines()
    ]
    settings.write_text("\n".join(lines) + "\n")
    for name in ("relief_5min.tif", "heights.csv"):
        shutil.copy(CASE / name, root / "mine" / name)
    sites = root / "mine" / "sites.csv"
    head = sites.read_text().splitlines()[0]
    named = {
        "id": "camp", "name": "Camp <b>", "kind": "camp", "lon": "70.16", "lat": "37.66",
        "people_day": "80", "people_night": "60", "day_from": "6", "day_until": "20",
        "source": "illustrative",
    }  # fmt: skip
    row = ",".join(named.get(column, "") for column in head.split(","))
    sites.write_text(f"{head}\n{row}\n")
    return root / "mine"


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Surveys are kept in a folder of the tests, not in the user's."""
    monkeypatch.setenv("SARHAD_CACHE", str(tmp_path_factory.getbasetemp() / "kept"))


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    code = main([*arguments, "--json"])
    out = capsys.readouterr()
    assert code == 0, out.err
    found: dict[str, Any] = json.loads(out.out)
    return found


def plan_once(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> dict[str, Any]:
    base = ("plan", str(folder), "--out", str(out), "--time-limit", "2", "--calendar-seed", SEED)
    return run(capsys, *base, *more)


def test_plan_states_harm_bound_and_gap(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = plan_once(folder, tmp_path, capsys)
    assert found["harm_bound"] <= found["harm"] <= found["harm_posts_alone"]
    assert found["gap"] == max(found["gap_harm"], found["gap_avoidable"])
    for key in ("unreachable_harm", "coordination_value", "peak_mib", "schedules", "seed"):
        assert key in found
    assert (tmp_path / "plan.json").is_file()
    # The commitment can be published: it does not hold the seed.
    assert SEED not in (tmp_path / "commitment.txt").read_text()


def test_each_party_gets_its_own_orders_only(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = plan_once(folder, tmp_path, capsys)
    sheets = [Path(name) for name in found["files"] if Path(name).name.startswith("orders-")]
    assert sheets
    assert all("Orders for" in sheet.read_text() for sheet in sheets)


def test_lost_team_is_in_no_schedule_of_the_new_plan(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = plan_once(folder, tmp_path / "before", capsys)
    gone = next(iter(first["marginal"]))
    before = str(tmp_path / "before" / "plan.json")
    found = run(
        capsys, "replan", str(folder), "--plan", before, "--out", str(tmp_path / "after"),
        "--lost", gone, "--time-limit", "1",
    )  # fmt: skip
    assert gone not in found["marginal"]
    assert found["harm"] >= found["harm_bound"]


def test_unknown_lost_unit_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan_once(folder, tmp_path, capsys)
    before = str(tmp_path / "plan.json")
    code = main(
        ["replan", str(folder), "--plan", before, "--out", str(tmp_path), "--lost", "nobody"]
    )
    assert code == 2
    assert "nobody" in capsys.readouterr().err


def test_presence_that_nobody_can_keep_is_explained(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strict = tmp_path / "strict"
    shutil.copytree(folder, strict)
    settings = strict / "scenario.toml"
    rows = [
        "presence_hours = 24.0" if row.lstrip("# ").startswith("presence_hours") else row
        for row in settings.read_text().splitlines()
    ]
    settings.write_text("\n".join(rows) + "\n")
    sectors = strict / "sectors.csv"
    head = sectors.read_text().splitlines()[0]
    named = {"id": "west", "name": "West", "from_km": "0", "to_km": "20", "source": "illustrative"}
    sectors.write_text(head + "\n" + ",".join(named.get(c, "") for c in head.split(",")) + "\n")
    code = main(
        ["plan", str(strict), "--out", str(tmp_path / "out"), "--time-limit", "2", "--json"]
    )
    found = json.loads(capsys.readouterr().out)
    assert code == 1
    assert "presence_hours" in found["faults"][0]["column"]
    assert found["faults"][0]["cure"]
    assert not (tmp_path / "out" / "plan.json").exists()


def test_comparison_ranks_options_and_writes_the_brief(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run(
        capsys, "compare", str(folder), "--out", str(tmp_path), "--time-limit", "5",
        "--weeks", "20",
    )  # fmt: skip
    ranks = sorted(row["rank"] for row in found["options"])
    assert ranks == list(range(1, len(ranks) + 1))
    assert {"posts alone", "uniform random"} <= {row["name"] for row in found["options"]}
    for row in found["options"]:
        assert row["interception_low"] <= row["interception"] <= row["interception_high"]
    page = (tmp_path / "brief.html").read_text(encoding="utf-8")
    assert "Camp <b>" not in page
