"""Plan files, read back by other programs' readers: GDAL, gpxpy, icalendar, csv, pyarrow."""

from __future__ import annotations

import csv
import errno
import re
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import gpxpy
import numpy as np
import pyogrio
import pytest
import shapely
from icalendar import Calendar
from lxml import etree
from pyarrow import parquet
from tests.exchange import made_plan as made

from sarhad.exchange import atomic
from sarhad.exchange.duty_calendar import calendar_of, write_calendar
from sarhad.exchange.geopackage import LineFigures, write_geopackage
from sarhad.exchange.gpx import write_gpx
from sarhad.exchange.kml import KML, MapSheet, kml_of, write_kml
from sarhad.exchange.plan_tables import (
    tabulate_coverage,
    tabulate_duties,
    tabulate_schedules,
    tabulate_visits,
    write_table,
)
from sarhad.exchange.routes import of_party
from sarhad.grid import GEOD

ISSUED = datetime(2025, 12, 1, tzinfo=UTC)
COVER = np.linspace(0, 1, made.CELLS * 24 * 2).reshape(made.CELLS, 24, 2).astype(np.float32)


def sheet(*parties: str) -> MapSheet:
    routes = [r for r in made.routes() if set(parties) & set(r.parties)]
    cover = {"west": 0.15, "east": 1.0}
    return MapSheet("Made <b>", made.scenario(), tuple(routes), parties, cover, ("<i>note</i>",))


def figures() -> LineFigures:
    return LineFigures(made.cells(), np.full((made.CELLS, 24), 0.001), COVER[:, :, 0])


def marks(name: str) -> list[Any]:
    root = etree.fromstring(kml_of(sheet("TJ", "RU")))
    places = root.iter(f"{{{KML}}}Placemark")
    return [m for m in places if name in (m.findtext(f"{{{KML}}}name") or "")]


def layer(path: Path, name: str) -> tuple[list[str], Any, dict[str, Any]]:
    meta, _, shapes, values = pyogrio.raw.read(path, layer=name)
    return list(meta["fields"]), shapes, dict(zip(meta["fields"], values, strict=True))


# KML


def test_gdal_reads_every_folder_of_a_kmz(tmp_path: Path) -> None:
    write_kml(tmp_path / "a.kmz", sheet("TJ", "RU"))
    names = [str(name) for name, _ in pyogrio.list_layers(tmp_path / "a.kmz")]
    assert {"Line", "Sectors", "Civil sites", "2025-12-08", "2025-12-09"} <= set(names)
    assert zipfile.ZipFile(tmp_path / "a.kmz").namelist() == ["doc.kml"]


def test_kml_track_has_a_time_for_each_place_and_spans_its_duty() -> None:
    (heli,) = marks("Mi-8")
    track = heli.find("{*}Track")
    assert len(track.findall("{*}when")) == len(track.findall("{*}coord"))
    assert track.findtext("{*}altitudeMode") == "absolute"
    # 05:00 in Dushanbe is midnight in Greenwich.
    assert heli.findtext("{*}TimeSpan/{*}begin") == "2025-12-08T00:00:00Z"


def test_kml_elements_stand_in_the_order_of_the_schema() -> None:
    order = ["name", "Snippet", "description", "TimeSpan", "styleUrl", "ExtendedData", "Track"]
    found = [etree.QName(child).localname for child in marks("Mi-8")[0]]
    assert found == order


def test_script_in_a_name_is_shown_and_never_run() -> None:
    (post,) = marks("<script>")
    assert post.findtext("{*}name") == made.NASTY_POST
    balloon = post.findtext("{*}description")
    assert "<script" not in balloon
    assert "&lt;script&gt;" in balloon
    assert b"<script" not in kml_of(sheet("TJ", "RU"))


def test_balloons_fill_in_no_field_that_a_name_asks_for() -> None:
    post = replace(made.scenario().posts[0], name="$[description] $[id]")
    named = replace(made.scenario(), posts=(post, *made.scenario().posts[1:]))
    text = kml_of(replace(sheet("TJ"), scenario=named)).decode()
    balloons = re.findall("<description>(.*?)</description>", text, re.DOTALL)
    assert not [balloon for balloon in balloons if "$[" in balloon]


def test_sectors_take_the_colour_of_their_coverage() -> None:
    styles = [m.findtext("{*}styleUrl") for m in marks("low") + marks("@SUM")]
    assert styles == ["#sector-0", "#sector-4"]


def test_a_name_with_control_characters_makes_no_broken_xml() -> None:
    post = replace(made.scenario().posts[0], name="a\x00b\x1bc\ufffe\u202ed")
    named = replace(made.scenario(), posts=(post, *made.scenario().posts[1:]))
    text = kml_of(replace(sheet("TJ"), scenario=named)).decode()
    assert "a\ufffdb\ufffdc\ufffdd" in text


# GeoPackage


def test_geopackage_layers_are_read_back(tmp_path: Path) -> None:
    write_geopackage(tmp_path / "a.gpkg", sheet("TJ", "RU"), figures(), ISSUED)
    names = {str(name) for name, _ in pyogrio.list_layers(tmp_path / "a.gpkg")}
    assert names == {
        "line_cells", "sectors", "incidents", "routes", "route_points", "sites", "posts",
        "layer_styles",
    }  # fmt: skip
    _, shapes, routes = layer(tmp_path / "a.gpkg", "routes")
    assert len(shapes) == 4
    assert list(routes["team"]) == ["foot#1", "heli#1", "car#1+foot#2", "foot#1"]
    assert routes["start"][1] == np.datetime64("2025-12-08T00:00:00")
    assert made.NASTY_POST in layer(tmp_path / "a.gpkg", "posts")[2]["name"]
    _, _, cells = layer(tmp_path / "a.gpkg", "line_cells")
    np.testing.assert_allclose(cells["cover_07"], COVER[:, 7, 0])
    # 0.001 an hour, 168 hours a week.
    np.testing.assert_allclose(cells["risk_week"], 0.168)


def test_incident_is_an_area_of_its_stated_radius(tmp_path: Path) -> None:
    write_geopackage(tmp_path / "a.gpkg", sheet("TJ"), None, ISSUED)
    _, shapes, values = layer(tmp_path / "a.gpkg", "incidents")
    corners = shapely.get_coordinates(shapely.from_wkb(shapes[0]))
    away = GEOD.inv(*np.broadcast_to([70.2, 38.05], corners.shape).T, *corners.T)[2]
    np.testing.assert_allclose(away, 5000.0, atol=0.01)
    assert list(values["radius_km"]) == [5.0]


def test_every_layer_has_a_style_that_is_sound_xml(tmp_path: Path) -> None:
    write_geopackage(tmp_path / "a.gpkg", sheet("TJ"), figures(), ISSUED)
    with sqlite3.connect(tmp_path / "a.gpkg") as base:
        rows = base.execute("SELECT f_table_name, styleQML, useAsDefault FROM layer_styles")
        styles = {name: (etree.fromstring(qml), used) for name, qml, used in rows}
    base.close()
    assert len(styles) == 7
    assert all(used == 1 and qml.find("renderer-v2") is not None for qml, used in styles.values())
    assert styles["routes"][0].find("temporal").get("startField") == "start"


def test_same_plan_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_geopackage(tmp_path / name / "x.gpkg", sheet("TJ"), figures(), ISSUED)
        write_kml(tmp_path / name / "x.kmz", sheet("TJ"))
    for name in ("x.gpkg", "x.kmz"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def validator() -> list[str] | None:
    """Return the command of gdal-utils' validator, from whichever Python has it."""
    for python in (sys.executable, "/usr/bin/python3", shutil.which("python3")):
        if python is None:
            continue
        run = [python, "-m", "osgeo_utils.samples.validate_gpkg"]
        tried = subprocess.run([*run, "--help"], capture_output=True, text=True, check=False)
        if "validate_gpkg" in tried.stdout:
            return run
    return None


def test_geopackage_passes_validate_gpkg(tmp_path: Path) -> None:
    run = validator()
    if run is None:
        pytest.skip("validate_gpkg of gdal-utils is not installed (Debian: python3-gdal)")
    write_geopackage(tmp_path / "a.gpkg", sheet("TJ", "RU"), figures(), ISSUED)
    done = subprocess.run([*run, str(tmp_path / "a.gpkg")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


# GPX


def test_gpxpy_reads_stops_as_a_route_and_the_way_as_a_timed_track(tmp_path: Path) -> None:
    route = made.routes()[0]
    write_gpx(tmp_path / "a.gpx", route, "made up")
    found = gpxpy.parse((tmp_path / "a.gpx").read_text("utf-8"))
    assert [p.comment for p in found.routes[0].points] == [stop.text for stop in route.stops]
    points = found.tracks[0].segments[0].points
    assert points[0].time == route.start.astimezone(UTC)
    assert points[-1].time == route.until.astimezone(UTC)
    assert all(a.time <= b.time for a, b in pairwise(points))
    assert found.tracks[0].name == f"2025-12-08 {' '.join(route.title.split())}"


def test_gdal_reads_the_same_places_of_a_gpx(tmp_path: Path) -> None:
    write_gpx(tmp_path / "a.gpx", made.routes()[1])
    _, shapes, _ = layer(tmp_path / "a.gpx", "tracks")
    lon = shapely.get_coordinates(shapely.from_wkb(shapes[0]))[:, 0]
    # A point with a stay stands twice.
    assert set(lon) == {point.lon for point in made.routes()[1].points}


# iCalendar


def events(content: bytes) -> list[Any]:
    return list(Calendar.from_ical(content).walk("VEVENT"))


def test_calendar_holds_each_duty_in_local_time_with_an_alarm(tmp_path: Path) -> None:
    own = [r for r in made.routes() if r.team == "foot#1"]
    write_calendar(tmp_path / "a.ics", own, "Asia/Dushanbe", ISSUED)
    content = (tmp_path / "a.ics").read_bytes()
    first, second = events(content)
    assert first["uid"] == "made-all-1-foot#1@sarhad"
    assert first.decoded("dtstart") == own[0].start
    assert first["dtstart"].params["TZID"] == "Asia/Dushanbe"
    assert b"BEGIN:VTIMEZONE" in content
    assert second.decoded("dtend") == own[1].until
    (alarm,) = first.walk("VALARM")
    assert alarm.decoded("trigger") == timedelta(hours=-1)


def test_calendar_lines_are_folded_and_texts_escaped() -> None:
    content = calendar_of(made.routes()[:1], "Asia/Dushanbe", ISSUED)
    assert max(len(line) for line in content.split(b"\r\n")) <= 75
    assert b"\n" not in content.replace(b"\r\n", b"")
    (event,) = events(content)
    name = " ".join(made.NASTY_UNIT.split())
    assert str(event["summary"]) == f"Duty: {name} (1)"
    assert made.NASTY_POST in str(event["description"])


def test_name_cannot_smuggle_in_another_event() -> None:
    evil = "x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:other\u2028END:VCALENDAR"
    route = replace(made.routes()[0], title=evil, base=evil)
    assert len(events(calendar_of([route], "Asia/Dushanbe", ISSUED))) == 1


def test_new_issue_keeps_the_uid_and_raises_the_sequence() -> None:
    old = made.routes()[0]
    new = replace(old, revision=1)
    a, b = (events(calendar_of([r], "Asia/Dushanbe", ISSUED))[0] for r in (old, new))
    assert a["uid"] == b["uid"]
    assert (a["sequence"], b["sequence"]) == (0, 1)


def test_withdrawn_duty_is_cancelled_without_an_alarm() -> None:
    content = calendar_of((), "Asia/Dushanbe", ISSUED, withdrawn=made.routes()[:1])
    (event,) = events(content)
    assert event["status"] == "CANCELLED"
    assert not event.walk("VALARM")


# Tables


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_csv_names_are_never_formulas(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", tabulate_duties(made.routes()))
    found = rows(tmp_path / "a.csv")
    assert found[0]["title"].startswith("'=cmd()|")
    assert found[0]["start"] == "2025-12-08T04:00:00+05:00"
    assert len(found) == 4


def test_csv_keeps_places_to_a_decimetre(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", tabulate_visits(made.routes()))
    visits = [p for r in made.routes() for p in r.points if p.cell >= 0]
    found = rows(tmp_path / "a.csv")
    assert [float(row["lon"]) for row in found] == [p.lon for p in visits]
    assert [int(row["minutes"]) for row in found[:3]] == [15, 60, 30]


def test_western_longitude_is_a_number_and_no_formula(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", (("lon",), [(-70.123456,)]))
    assert rows(tmp_path / "a.csv") == [{"lon": "-70.123456"}]


def test_lottery_and_coverage_have_a_row_for_everything(tmp_path: Path) -> None:
    write_table(tmp_path / "s.csv", tabulate_schedules(made.plan(), made.network()))
    found = rows(tmp_path / "s.csv")
    assert [(r["schedule"], r["probability"], r["team"]) for r in found] == [
        ("0", "0.25", "foot#1"), ("0", "0.25", "heli#1"), ("0", "0.25", "car#1+foot#2"),
        ("1", "0.75", "foot#1"),
    ]  # fmt: skip
    shifted = replace(made.network(), start_hour=6)
    write_table(tmp_path / "c.csv", tabulate_coverage(COVER, made.cells(), shifted))
    found = rows(tmp_path / "c.csv")
    assert len(found) == made.CELLS * 24
    # Local hour 7 is hour 1 of a patrol day that begins at 6.
    assert float(found[7]["person"]) == pytest.approx(COVER[0, 1, 0])


def test_parquet_keeps_types_and_texts(tmp_path: Path) -> None:
    write_table(tmp_path / "a.parquet", tabulate_duties(made.routes()))
    table = parquet.read_table(tmp_path / "a.parquet")
    assert table["title"][0].as_py().startswith("=cmd()|")
    assert table["start"][0].as_py() == made.routes()[0].start
    assert str(table.schema.field("start").type).startswith("timestamp")


def test_without_pyarrow_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ModuleNotFoundError, match=r"sarhad\[parquet\]"):
        write_table(tmp_path / "a.parquet", tabulate_duties(made.routes()))
    assert not list(tmp_path.iterdir())


# A party's own, and a full disk


def written(path: Path) -> Callable[[], None]:
    write = {
        ".kmz": lambda: write_kml(path, sheet("TJ")),
        ".gpkg": lambda: write_geopackage(path, sheet("TJ"), figures(), ISSUED),
        ".gpx": lambda: write_gpx(path, made.routes()[0]),
        ".ics": lambda: write_calendar(path, made.routes()[:1], "Asia/Dushanbe", ISSUED),
        ".csv": lambda: write_table(path, tabulate_duties(made.routes())),
        ".parquet": lambda: write_table(path, tabulate_duties(made.routes())),
    }
    return write[path.suffix]


ALL = [".kmz", ".gpkg", ".gpx", ".ics", ".csv", ".parquet"]


@pytest.mark.parametrize("suffix", ALL)
def test_full_disk_leaves_the_old_file(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"plan{suffix}"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(OSError, match=rf"No space left on device.*plan\{suffix}'$") as caught:
        written(path)()
    assert caught.value.errno == errno.ENOSPC
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", ALL)
def test_interrupt_leaves_the_old_file(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"plan{suffix}"
    path.write_bytes(b"old")

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic.os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        written(path)()
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"]


LIMITED = """
import resource, signal, sys
from pathlib import Path
from tests.exchange.test_plan_files import written
path = Path(sys.argv[1])
write = written(path)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    write()
except OSError as error:
    print("refused:", error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_geopackage_that_does_not_fit_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "plan.gpkg"
    path.write_bytes(b"old")
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, cwd=root
    )
    assert re.search("refused: .*plan.gpkg", done.stdout), done.stdout + done.stderr
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"]


def test_what_a_party_gets_has_no_word_of_another(tmp_path: Path) -> None:
    own = of_party(made.routes(), "TJ")
    theirs = replace(sheet("TJ"), routes=own, sector_cover={})
    write_kml(tmp_path / "a.kml", theirs)
    write_geopackage(tmp_path / "a.gpkg", theirs, None, ISSUED)
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        assert b"heli" not in content.replace(b"helicopter", b"")
        assert b"Mi-8" not in content
    assert "Crossings noticed" not in (tmp_path / "a.kml").read_text("utf-8")
    assert list(layer(tmp_path / "a.gpkg", "posts")[2]["party"]) == ["TJ"]
