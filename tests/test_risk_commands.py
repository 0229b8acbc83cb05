from __future__ import annotations

import csv
import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sarhad import cli

SHARED = Path(__file__).resolve().parents[1] / "../shared/data"
LINE = '{"type": "LineString", "coordinates": [[67.0, 37.0], [67.5, 37.1], [68.0, 37.0]]}'


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    (tmp_path / "line.geojson").write_text(LINE)
    target = tmp_path / "case"
    given = ["new", str(target), "--border", str(tmp_path / "line.geojson"), "--own-side", "left"]
    assert cli.main(given) == 0
    capsys.readouterr()
    return target


@pytest.fixture
def events(tmp_path: Path) -> Path:
    rng = np.random.default_rng(8)
    rows = ["date,lon,lat"]
    for day in np.sort(rng.uniform(0, 365, 150)):
        when = np.datetime64("2022-01-03") + int(day)
        rows.append(f"{when},{67.2 + 0.6 * rng.integers(2) + rng.normal(0, 0.02)},37.05")
    (tmp_path / "events.csv").write_text("\n".join(rows))
    return tmp_path / "events.csv"


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_risk_of_a_folder_without_incidents_says_what_it_lacks(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["risk", str(folder), "--json"]) == 0
    found = printed(capsys)
    assert found["periods"] == 168
    assert found["per_week_low"] < found["per_week"] < found["per_week_high"]
    assert (
        sum("figures come from the settings and the quiet alone" in n for n in found["notes"]) == 1
    )
    assert [text.split(" left")[0] for text in found["left_out"]] == [
        "people at sites nearby", "crossings", "easy ground", "no river to cross", "roads"
    ]  # fmt: skip


def test_risk_writes_plot_and_tables(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert cli.main(["risk", str(folder), "--at", "58", "--out", str(out), "--json"]) == 0
    found = printed(capsys)
    assert sum(c["per_week"] for c in found["explanation"]["contributions"]) == pytest.approx(
        found["explanation"]["per_week"]
    )
    names = ["risk.png", "risk.svg", "risk_cells.csv", "risk_hours.csv", "risk_reasons.csv"]
    assert sorted(path.name for path in out.iterdir()) == names
    with (out / "risk_hours.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == found["cells"] * 168
    assert math.fsum(float(r["per_hour"]) for r in rows) == pytest.approx(found["per_week"], 1e-3)


def test_kilometre_off_the_line_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["risk", str(folder), "--at", "9999"]) == 2
    assert "km 9999 lies off the line" in capsys.readouterr().err


def test_same_seed_gives_the_same_risk(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = []
    for seed in ("1", "1", "2"):
        assert cli.main(["risk", str(folder), "--seed", seed, "--json"]) == 0
        runs.append(printed(capsys)["per_week_high"])
    assert runs[0] == runs[1] != runs[2]


def test_written_forecasts_give_the_printed_score(
    folder: Path, events: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    given = ["backtest", str(folder), "--events", str(events), "--out", str(out), "--json"]
    assert cli.main(given) == 0
    found = printed(capsys)
    expected: dict[tuple[str, str, str], float] = {}
    sums: dict[str, float] = defaultdict(float)
    with (out / "forecasts_week.csv").open() as file:
        for row in csv.DictReader(file):
            expected[row["model"], row["week"], row["cell"]] = float(row["expected"])
            sums[row["model"]] += float(row["expected"])
    with (out / "events_week.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == found["events"]
    for model in found["models"]:
        name = model["name"]
        told = sum(
            math.log(sum(expected[name, row["week"], cell] for cell in row["cells"].split()))
            for row in rows
        )
        assert model["log_score"] == pytest.approx((told - sums[name]) / len(rows), rel=1e-6)


def test_backtest_prints_the_keys_that_it_promises(
    folder: Path, events: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["backtest", str(folder), "--events", str(events), "--within-km", "50"]
    days = ["--from", "2022-07-04", "--to", "2022-12-31"]
    assert cli.main([*given, *days, "--json"]) == 0
    found = printed(capsys)
    assert [model["name"] for model in found["models"]] == [
        "sarhad", "uniform", "hotspot90", "kernel"
    ]  # fmt: skip
    assert found["forecasts"] == 25
    assert {"log_score", "hit_rate_10", "coverage_90", "difference", "difference_low",
            "difference_high"} <= set(found["models"][1])  # fmt: skip
    assert found["month"]["forecasts"] == 6
    assert cli.main([*given, *days]) == 0
    assert "against uniform: better" in capsys.readouterr().out


def test_backtest_of_too_short_a_record_is_told(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "few.csv").write_text("date,lon,lat\n2022-01-03,67.5,37.05\n")
    assert cli.main(["backtest", str(folder), "--events", str(tmp_path / "few.csv")]) == 3
    assert "a backtest needs 12 at least" in capsys.readouterr().err


def test_import_writes_a_new_table_and_never_over_one(
    folder: Path, events: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["incidents", "import", str(folder), "--events", str(events), "--within-km", "50"]
    out = tmp_path / "new.csv"
    assert cli.main([*given, "--out", str(out)]) == 0
    assert "150 incidents, written to" in capsys.readouterr().out
    (folder / "incidents.csv").write_bytes(out.read_bytes())
    assert cli.main(["check", str(folder)]) == 0
    assert cli.main([*given, "--out", str(out)]) == 2
    assert "is there already" in capsys.readouterr().err


def test_bad_map_of_columns_is_refused(
    folder: Path, events: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["backtest", str(folder), "--events", str(events), "--columns", "when=date"]
    assert cli.main(given) == 2
    assert "'when=date' is not FIELD=COLUMN" in capsys.readouterr().err


@pytest.mark.slow
def test_forecasts_of_syria_and_lebanon_beat_every_baseline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = SHARED / "border_syria_lebanon_osm.geojson"
    events = SHARED / "ucdp_ged_syria_2016_2019.csv.gz"
    if not events.exists():
        pytest.skip("../shared is missing")
    folder = str(tmp_path / "line")
    assert cli.main(["new", folder, "--border", str(line), "--own-side", "left"]) == 0
    capsys.readouterr()
    days = ["--from", "2018-01-01", "--to", "2019-12-31"]
    assert cli.main(["backtest", folder, "--events", str(events), *days, "--json"]) == 0
    found = printed(capsys)
    assert found["events"] == 726
    assert all(model["difference_low"] > 0 for model in found["models"][1:])
    assert 0.85 <= found["models"][0]["coverage_90"] <= 0.95
    assert 0.85 <= found["models"][0]["coverage_90_busy"] <= 0.95
