from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sarhad.errors import Fault, ScenarioError
from sarhad.exchange.incident_import import (
    parse_columns,
    read_date,
    read_events,
    write_incidents,
)
from sarhad.exchange.tables import read_table
from sarhad.exchange.ucdp import read_ucdp, widen
from sarhad.scenario import Incident

SHARED = Path(__file__).resolve().parents[2] / "../shared/data"
NOW = datetime(2025, 1, 1, tzinfo=UTC)
HEAD = (
    "id,type_of_violence,where_prec,where_coordinates,latitude,longitude,date_prec,date_start,"
    "date_end,low,high\n"
)


def ucdp(folder: Path, *rows: str) -> Path:
    path = folder / "events.csv"
    path.write_text(HEAD + "".join(f"{row}\n" for row in rows))
    return path


def faults_of(path: Path, columns: str = "") -> list[Fault]:
    with pytest.raises(ScenarioError) as caught:
        read_events(path, None, parse_columns(columns), UTC, NOW)
    return list(caught.value.faults)


def test_ucdp_row_keeps_its_precision_of_place_and_time(tmp_path: Path) -> None:
    path = ucdp(tmp_path, "7.0,1.0,3.0,Homs,34.7,36.7,1.0,2018-03-01,2018-03-02,2.0,5.0")
    (row,) = read_events(path).incidents
    assert (row.id, row.precision, row.radius_km) == ("ucdp-7", "district", 25.0)
    assert (row.start, row.end) == (
        datetime(2018, 3, 1, tzinfo=UTC), datetime(2018, 3, 3, tzinfo=UTC)
    )  # fmt: skip
    assert (row.killed_low, row.killed_high, row.kind) == (2, 5, "state_conflict")


def test_date_of_month_precision_is_not_read_as_its_first_day(tmp_path: Path) -> None:
    path = ucdp(tmp_path, "7,1,1,Homs,34.7,36.7,4,2018-03-01,2018-03-01,0,0")
    found = read_ucdp(path)
    assert (found.incidents[0].start.day, found.incidents[0].end) == (
        1, datetime(2018, 4, 1, tzinfo=UTC)
    )  # fmt: skip
    assert found.notes == ("1 dates known to a week, month or year stood as one day: widened",)


def test_negative_deaths_are_refused(tmp_path: Path) -> None:
    path = ucdp(tmp_path, "7,1,1,Homs,34.7,36.7,1,2018-03-01,2018-03-01,-1,2")
    (fault,) = faults_of(path)
    assert str(fault).startswith("events.csv, row 2, column killed_low: found '-1', expected a")


def test_unknown_code_and_future_day_are_refused(tmp_path: Path) -> None:
    path = ucdp(
        tmp_path,
        "7,1,9,Homs,34.7,36.7,1,2018-03-01,2018-03-01,0,0",
        "8,1,1,Homs,34.7,36.7,1,2031-03-01,2031-03-01,0,0",
        "9,1,1,Homs,34.7,36.7,1,yesterday,2031-03-01,0,0",
    )
    texts = [str(fault) for fault in faults_of(path)]
    assert "row 2, column where_prec: found '9', expected a code from 1 to 7" in texts[0]
    assert "row 3, column date_start: found 2031-03-01, which lies in the future" in texts[1]
    assert "row 4, column date_start" in texts[2]


def test_crossed_range_of_deaths_is_exchanged_and_told(tmp_path: Path) -> None:
    path = ucdp(tmp_path, "7,1,1,Homs,34.7,36.7,1,2018-03-01,2018-03-01,3,1")
    found = read_ucdp(path)
    assert (found.incidents[0].killed_low, found.incidents[0].killed_high) == (1, 3)
    assert "exchanged" in found.notes[0]


def test_whole_shared_file_is_read() -> None:
    path = SHARED / "ucdp_ged_syria_2016_2019.csv.gz"
    if not path.exists():
        pytest.skip("../shared is missing")
    assert len(read_events(path, now=NOW).incidents) == 16_566


def test_own_table_by_a_map_of_columns(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("when;x;y;dead;what\n2023-08;70.1;37.5;2;drone\n2023-08-29;70.2;37.6;0;raid\n")
    columns = parse_columns("date=when,lon=x,lat=y,killed_low=dead,killed_high=dead,kind==raid")
    zone = ZoneInfo("Asia/Dushanbe")
    found = read_events(path, "csv", columns, zone)
    month, day = found.incidents
    assert (month.id, month.kind, month.killed_high) == ("log-2", "raid", 2)
    assert month.end - month.start == datetime(2023, 9, 1) - datetime(2023, 8, 1)  # noqa: DTZ001
    assert day.start.isoformat() == "2023-08-29T00:00:00+05:00"
    assert found.notes == ("1 dates known to a week, month or year: spread over all of it",)


def test_geojson_points_with_properties(tmp_path: Path) -> None:
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [70.1, 37.5]},
        "properties": {"t": "2023-08-29T18:00+05:00", "kind": "drone", "killed_high": 3},
    }
    path = tmp_path / "log.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    (row,) = read_events(path, columns=parse_columns("start=t")).incidents
    assert (row.lon, row.lat, row.kind, row.killed_high) == (70.1, 37.5, "drone", 3)
    assert row.start == row.end


def test_geojson_polygon_is_refused(tmp_path: Path) -> None:
    feature = {"type": "Feature", "geometry": {"type": "Polygon"}, "properties": {}}
    path = tmp_path / "log.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert "expected a Point" in str(faults_of(path)[0])


def test_faults_name_the_columns_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("date,x,y,dead\n2023-08-29,70.1,37.5,-2\n2023-13-01,70.1,95,0\n")
    found = faults_of(path, "lon=x,lat=y,killed_low=dead")
    assert [(f.row, f.column) for f in found] == [(2, "dead"), (3, "date"), (3, "y")]


def test_map_of_columns_that_are_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("date,x\n2023-08-29,70.1\n")
    assert "no such column" in str(faults_of(path, "lon=longitude")[0])


def test_map_names_fields_of_an_incident() -> None:
    with pytest.raises(ValueError, match="'latitude=y' is not FIELD=COLUMN"):
        parse_columns("latitude=y")


@pytest.mark.parametrize(
    ("known_to", "expected"),
    [
        (None, (date(2024, 2, 10), date(2024, 2, 10))),
        ("week", (date(2024, 2, 7), date(2024, 2, 13))),
        ("month", (date(2024, 2, 1), date(2024, 2, 29))),
        ("year", (date(2024, 1, 1), date(2024, 12, 31))),
    ],
)
def test_day_widens_to_what_it_is_known_to(
    known_to: str | None, expected: tuple[date, date]
) -> None:
    assert widen(date(2024, 2, 10), date(2024, 2, 10), known_to) == expected


def test_year_or_month_alone_is_all_of_it() -> None:
    assert read_date("2023") == (date(2023, 1, 1), date(2023, 12, 31))
    assert read_date("2023-02") == (date(2023, 2, 1), date(2023, 2, 28))


def test_written_incidents_are_a_table_of_a_scenario(tmp_path: Path) -> None:
    path = ucdp(tmp_path, "7,1,2,Homs,34.7,36.7,1,2018-03-01,2018-03-01,1,2")
    rows = read_events(path).incidents
    (tmp_path / "incidents.csv").write_bytes(write_incidents(rows))
    table = read_table(tmp_path / "incidents.csv", Incident, "incidents.csv")
    assert (table.faults, table.rows) == ((), rows)


def test_damaged_archive_is_told(tmp_path: Path) -> None:
    path = tmp_path / "events.csv.gz"
    path.write_bytes(gzip.compress(b"id,where_prec\n" * 1000)[:60])
    assert "a damaged file" in str(faults_of(path)[0])


def test_missing_file_is_told(tmp_path: Path) -> None:
    assert "no such file" in str(faults_of(tmp_path / "none.csv")[0])
