from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sarhad.errors import Fault
from sarhad.exchange.scaffold import scaffold_scenario
from sarhad.exchange.scenario_folder import find_faults, read_scenario
from sarhad.scenario import DEFAULT_ATTACKERS

LINE = '{"type": "LineString", "coordinates": [[67.0, 37.0], [68.0, 37.1]]}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "line.geojson").write_text(LINE)
    start = datetime(2026, 3, 2, tzinfo=UTC)
    scaffold_scenario(tmp_path / "case", tmp_path / "line.geojson", "right", start)
    return tmp_path / "case"


def fault_after(folder: Path, old: str, new: str) -> Fault:
    path = folder / "scenario.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    _, found = find_faults(folder)
    assert len(found) == 1, "\n".join(map(str, found))
    row = text[: text.index(old)].count("\n") + 1
    assert (found[0].file, found[0].row) == ("scenario.toml", row)
    return found[0]


def test_scaffold_writes_the_default_attackers_to_be_edited(folder: Path) -> None:
    assert read_scenario(folder).attackers == DEFAULT_ATTACKERS


def test_attacker_s_range_is_checked(folder: Path) -> None:
    fault = fault_after(folder, "launch_km = 2.0", "launch_km = -1")
    assert fault.column == "attackers.drone.launch_km"
    assert "from 0 to 100" in fault.expected


def test_two_attackers_of_one_id_are_refused(folder: Path) -> None:
    fault = fault_after(folder, 'id = "drone"', 'id = "smuggling"')
    assert "an id that no other row has" in fault.expected


def test_misspelt_key_of_risk_is_named(folder: Path) -> None:
    fault = fault_after(folder, "within_km = 50.0", "withinkm = 50.0")
    assert (fault.column, fault.cure) == ("risk.withinkm", "Did you mean 'within_km'?")


def test_attackers_that_are_no_row_of_tables_are_refused(folder: Path) -> None:
    path = folder / "scenario.toml"
    head, _, _ = path.read_text().partition("\n[[attackers]]")
    path.write_text(head + "\n[attackers]\nid = 1\n")
    _, found = find_faults(folder)
    assert [fault.expected for fault in found] == ["a row of tables"]
