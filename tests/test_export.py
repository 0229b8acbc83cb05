"""All formats of a plan at once: which files, whose, and what a failure leaves."""

from __future__ import annotations

import errno
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from tests.exchange import made_plan as made

from sarhad.cli.export import FORMATS, Drawn, write_exports
from sarhad.exchange import atomic


def drawn() -> Drawn:
    cover = np.linspace(0, 1, made.CELLS * 48).reshape(made.CELLS, 24, 2).astype(np.float32)
    risk = np.full((made.CELLS, 24), 0.001)
    days = list(enumerate(made.plan().schedules))
    issued = datetime(2025, 12, 1, tzinfo=UTC)
    return Drawn(made.plan(), made.network(), made.scenario(), made.cells(), made.places(), days,
                 cover, risk, issued, notices=("Made up.",))  # fmt: skip


def test_staff_gets_all_and_each_party_its_own(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    files = write_exports(tmp_path, drawn(), FORMATS, lambda a, b: told.append((a, b)))
    names = {path.relative_to(tmp_path).as_posix() for path in files}
    tables = {f"{name}.{suffix}" for name in ("duties", "visits") for suffix in ("csv", "parquet")}
    staff = tables | {"plan.kmz", "plan.gpkg"}
    staff |= {
        f"{name}.{suffix}" for name in ("schedules", "coverage") for suffix in ("csv", "parquet")
    }
    mixed = {"car-1+foot-2.ics", "car-1+foot-2.pdf", "car-1+foot-2-2025-12-08.gpx"}
    own = {
        "TJ": {"foot-1.ics", "foot-1.pdf", "foot-1-2025-12-08.gpx", "foot-1-2025-12-09.gpx"},
        "RU": {"heli-1.ics", "heli-1.pdf", "heli-1-2025-12-08.gpx"},
    }
    expected = {f"staff/{name}" for name in staff}
    for party, files_of in own.items():
        every = files_of | mixed | tables | {"patrols.kmz", "patrols.gpkg"}
        expected |= {f"orders/{party}/{name}" for name in every}
    assert names == expected
    assert all(path.stat().st_size for path in files)
    assert told[-1] == (len(files), len(files))


def test_no_party_sees_the_lottery_the_coverage_or_anothers_team(tmp_path: Path) -> None:
    write_exports(tmp_path, drawn(), FORMATS)
    for path in (tmp_path / "orders" / "TJ").iterdir():
        content = path.read_bytes()
        if path.suffix == ".kmz":
            content = zipfile.ZipFile(path).read("doc.kml")
        assert b"heli#1" not in content
        assert b"Mi-8" not in content
        assert b"Crossings noticed" not in content
        assert "schedules" not in path.name
        assert "coverage" not in path.name


def test_only_formats_asked_for_are_written(tmp_path: Path) -> None:
    files = write_exports(tmp_path, drawn(), ("ics",))
    assert {path.suffix for path in files} == {".ics"}
    with pytest.raises(ValueError, match="no format doc: there are kmz, "):
        write_exports(tmp_path, drawn(), ("doc",))


def test_full_disk_half_way_names_the_file_and_breaks_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {p: p.read_bytes() for p in write_exports(tmp_path, drawn(), ("gpx", "csv"))}
    calls = iter(range(3))

    def filling(_: int) -> None:
        if next(calls, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", filling)
    with pytest.raises(OSError, match=r"No space left on device: '.*coverage\.csv'"):
        write_exports(tmp_path, drawn(), ("gpx", "csv"))
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before
