"""The Python of the tutorial runs as it stands there."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from sarhad.cli import main

ROOT = Path(__file__).resolve().parents[1]
LINE = [[70.0, 37.60], [70.2, 37.64], [70.4, 37.78]]


def test_python_of_the_tutorial_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs/tutorial/first-brief.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
    assert blocks
    monkeypatch.chdir(tmp_path)
    line = {
        "type": "Feature",
        "properties": {},
        "geometry": {"type": "LineString", "coordinates": LINE},
    }
    Path("line.geojson").write_text(json.dumps(line))
    assert main(["new", "mine", "--border", "line.geojson", "--own-side", "left"]) == 0
    settings = Path("mine/scenario.toml")
    rows = [
        'source = ["stand-in"]' if row.lstrip("# ").startswith("source = [") else row
        for row in settings.read_text().splitlines()
    ]
    settings.write_text("\n".join(rows) + "\n")
    for name in ("relief_5min.tif", "heights.csv"):
        shutil.copy(ROOT / "src/sarhad/cases/tajik-afghan" / name, Path("mine") / name)
    capsys.readouterr()
    for block in blocks:
        exec(compile(block, "tutorial", "exec"), {})  # noqa: S102 - our own page
    assert "no plan leaves less than" in capsys.readouterr().out
