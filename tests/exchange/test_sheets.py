"""Tables of results as spreadsheets read them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from sarhad.exchange.sheets import write_sheet


def test_table_is_read_back_with_absent_numbers_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    row = ["Мост, km 3", 0.1234567, 12_345_678.9, None, float("nan"), float("inf"), True, 3]
    write_sheet(path, [*"abcdefgh"], [row])
    with path.open(encoding="utf-8", newline="") as file:
        header, found = csv.reader(file)
    assert header == [*"abcdefgh"]
    assert found == ["Мост, km 3", "0.123457", "12345679", "", "", "", "yes", "3"]


@pytest.mark.parametrize("text", ["=1+1", "+49", "-x", "@SUM(A1)", "\tx"])
def test_no_name_becomes_a_formula(text: str, tmp_path: Path) -> None:
    write_sheet(tmp_path / "a.csv", ["name", "lead_min"], [[text, -3.5]])
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1] == [f"'{text}", "-3.5"]


def test_row_of_another_length_is_refused_and_nothing_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="row 2 has 1 cells for 2 columns"):
        write_sheet(tmp_path / "a.csv", ["a", "b"], [[1, 2], [3]])
    assert not list(tmp_path.iterdir())
