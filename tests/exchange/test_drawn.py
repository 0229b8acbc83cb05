"""Routes drawn by a person: what comes in, what it becomes, and what is refused with all faults."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.exchange import made_plan as made

from sarhad.errors import Fault, ScenarioError
from sarhad.exchange import drawn_files
from sarhad.exchange.drawn import FixedOrder, compare_track, snap_routes
from sarhad.exchange.drawn_files import DrawnRoute, read_drawn_routes
from sarhad.exchange.gpx import write_gpx
from sarhad.exchange.kml import MapSheet, write_kml

ZONE = "Asia/Dushanbe"
SPAN = {"start": "2025-12-08T06:00+05:00", "until": "2025-12-08T08:00+05:00"}


def station(cell: int) -> list[float]:
    lon, lat = made.grid().unproject(*made.places().ground["foot", "TJ"][cell, :2])
    return [float(lon), float(lat)]


def drawn(tmp_path: Path, *features: dict[str, Any]) -> tuple[DrawnRoute, ...]:
    path = tmp_path / "drawn.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features)}))
    return read_drawn_routes(path, ZONE)


def feature(places: list[list[float]], **properties: Any) -> dict[str, Any]:
    shape = {"type": "LineString", "coordinates": places}
    return {"type": "Feature", "geometry": shape, "properties": properties}


def snap(*routes: DrawnRoute, tolerance_m: float = 2000.0) -> tuple[FixedOrder, ...]:
    return snap_routes(routes, made.scenario(), "all", made.cells(), made.places().plane,
                       made.grid(), tolerance_m)  # fmt: skip


def faults(error: pytest.ExceptionInfo[ScenarioError]) -> list[Fault]:
    return list(error.value.faults)


# What comes in


@pytest.mark.parametrize("name", ["a.kml", "a.kmz"])
def test_own_kml_comes_back_as_the_visits_of_the_plan(name: str, tmp_path: Path) -> None:
    sheet = MapSheet("x", made.scenario(), made.routes()[:1], (), {})
    write_kml(tmp_path / name, sheet)
    (order,) = snap(*read_drawn_routes(tmp_path / name, ZONE))
    assert (order.unit, order.number, order.day) == ("foot", 1, 0)
    # A quarter and a whole hour in cell 14, half an hour in cell 17, as its duty says.
    assert order.visits == ((14, 4, 1), (14, 5, 4), (17, 6, 2))


def test_own_gpx_comes_back_as_the_visits_of_the_plan(tmp_path: Path) -> None:
    write_gpx(tmp_path / "a.gpx", made.routes()[0])
    (order,) = snap(*read_drawn_routes(tmp_path / "a.gpx", ZONE))
    assert order.visits == ((14, 4, 1), (14, 5, 4), (17, 6, 2))


def test_mixed_team_comes_back_as_its_first_unit(tmp_path: Path) -> None:
    write_gpx(tmp_path / "a.gpx", made.routes()[2])
    (order,) = snap(*read_drawn_routes(tmp_path / "a.gpx", ZONE))
    assert (order.unit, order.number) == ("car", 1)
    assert order.visits == ((33, 20, 1), (45, 21, 3))


def test_own_flight_comes_back_as_passes_without_stays(tmp_path: Path) -> None:
    write_gpx(tmp_path / "a.gpx", made.routes()[1])
    (order,) = snap(*read_drawn_routes(tmp_path / "a.gpx", ZONE))
    assert {quarters for _, _, quarters in order.visits} == {0}
    assert {(c, h) for c, h, _ in order.visits} >= {(c, 6) for c in range(1, 40)}


def test_hand_drawn_line_is_spread_evenly_over_its_span(tmp_path: Path) -> None:
    # From the middle of cell 2 to that of cell 4 in two hours: half an hour, an hour, half an hour.
    ends = [station(2), station(3), station(4)]
    (order,) = snap(*drawn(tmp_path, feature(ends, unit="foot", **SPAN)))
    assert order.number is None
    assert order.visits == ((2, 6, 2), (3, 6, 2), (3, 7, 2), (4, 7, 2))


def test_name_stands_for_the_unit_where_there_is_no_attribute(tmp_path: Path) -> None:
    (order,) = snap(*drawn(tmp_path, feature([station(3), station(4)], name="foot#2", **SPAN)))
    assert (order.unit, order.number) == ("foot", 2)


def test_kml_as_google_earth_writes_it(tmp_path: Path) -> None:
    a, b = (f"{lon:f},{lat:f},0" for lon, lat in (station(3), station(4)))
    (tmp_path / "a.kml").write_text(f"""<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>foot</name>
<TimeSpan><begin>2025-12-08T06:00:00+05:00</begin><end>2025-12-08T08:00:00+05:00</end></TimeSpan>
<LineString><tessellate>1</tessellate><coordinates>
{a} {b}
</coordinates></LineString></Placemark>
<Placemark><name>A point</name><Point><coordinates>{a}</coordinates></Point></Placemark>
</Document></kml>""")
    (order,) = snap(*read_drawn_routes(tmp_path / "a.kml", ZONE))
    assert order.start == datetime.fromisoformat("2025-12-08T06:00+05:00")


def test_waiting_at_the_base_is_no_visit(tmp_path: Path) -> None:
    post = made.scenario().posts[0]
    base = [post.lon, post.lat]
    times = [f"2025-12-08T{hour:02d}:00+05:00" for hour in (1, 5, 6, 7, 8, 9)]
    places = [base, base, station(13), station(13), base, base]
    (order,) = snap(*drawn(tmp_path, feature(places, unit="foot", times=times)))
    assert order.visits == ((13, 6, 4),)


def test_recorded_track_is_compared_with_its_plan(tmp_path: Path) -> None:
    route = made.routes()[0]
    write_gpx(tmp_path / "a.gpx", route)
    (track,) = read_drawn_routes(tmp_path / "a.gpx", ZONE)
    late = replace(track, times=tuple(time + timedelta(minutes=10) for time in track.times))
    on_time, delayed = (compare_track(t, route, made.grid()) for t in (track, late))
    assert max(stop.apart_m for stop in on_time) < 1.0
    # It reached cell 17 at 06:30; ten minutes later it was there ten minutes late.
    assert delayed[3].late_min == pytest.approx(10, abs=0.6)


# What is refused


def fault_of(tmp_path: Path, places: list[list[float]], **properties: Any) -> Fault:
    with pytest.raises(ScenarioError) as error:
        snap(*drawn(tmp_path, feature(places, **properties)))
    (fault,) = faults(error)
    return fault


def test_unknown_unit_is_named_with_what_it_may_have_meant(tmp_path: Path) -> None:
    fault = fault_of(tmp_path, [station(3), station(4)], unit="foto", name="North", **SPAN)
    assert str(fault) == (
        "drawn.geojson, feature 1 'North', column unit: found 'foto', expected a unit of all."
        " Did you mean 'foot'?"
    )


def test_watch_and_wrong_number_are_refused(tmp_path: Path) -> None:
    line = [station(3), station(4)]
    assert "stays at its post" in fault_of(tmp_path, line, unit="watch", **SPAN).found
    assert fault_of(tmp_path, line, unit="foot#3", **SPAN).expected == "1 to 2"


def test_route_over_the_line_is_refused_where_it_crosses(tmp_path: Path) -> None:
    lon, lat = station(3)
    fault = fault_of(tmp_path, [[lon, lat], [lon, lat - 0.02]], unit="foot", **SPAN)
    assert fault.found.startswith("a way over the line at km 3.")


def test_route_beyond_the_line_is_refused(tmp_path: Path) -> None:
    places = [[70.2, 37.995], [70.201, 37.995]]
    assert "beyond the line" in fault_of(tmp_path, places, unit="foot", **SPAN).found


def test_even_a_step_across_a_bend_is_refused(tmp_path: Path) -> None:
    # Both ends lie on the own side, an arm of the zigzag between them.
    places = [station(33), station(45)]
    times = {"start": "2025-12-08T00:00+05:00", "until": "2025-12-08T20:00+05:00"}
    assert "over the line" in fault_of(tmp_path, places, unit="foot", **times).found


def test_route_too_far_from_the_line_is_refused_by_the_stated_tolerance(tmp_path: Path) -> None:
    places = [[70.2, 38.12], [70.21, 38.12]]
    fault = fault_of(tmp_path, places, unit="foot", **SPAN)
    assert "no nearer to the line than" in fault.found
    assert fault.expected == "one within 2 km"
    assert snap(*drawn(tmp_path, feature(places, unit="foot", **SPAN)), tolerance_m=20_000.0)


def test_route_too_fast_for_its_unit_is_refused(tmp_path: Path) -> None:
    fault = fault_of(tmp_path, [station(1), station(4)], unit="foot",
                     start="2025-12-08T06:00+05:00", until="2025-12-08T06:10+05:00")  # fmt: skip
    assert fault.expected == "at most 12.5 km/h for 'foot'"


def test_route_outside_the_horizon_and_over_two_days_are_refused(tmp_path: Path) -> None:
    line = [station(3), station(4)]
    early = {"start": "2025-12-07T22:00+05:00", "until": "2025-12-08T02:00+05:00"}
    assert fault_of(tmp_path, line, unit="foot", **early).expected.startswith("within 2025-12-08")
    over = {"start": "2025-12-08T22:00+05:00", "until": "2025-12-09T02:00+05:00"}
    assert "Cut it there" in fault_of(tmp_path, line, unit="foot", **over).cure


def test_day_that_ends_at_midnight_is_one_day(tmp_path: Path) -> None:
    whole = {"start": "2025-12-08T22:00+05:00", "until": "2025-12-09T00:00+05:00"}
    (order,) = snap(*drawn(tmp_path, feature([station(3), station(4)], unit="foot", **whole)))
    assert order.day == 0


def test_all_faults_of_all_features_come_at_once(tmp_path: Path) -> None:
    far = [[71.5, 38.5], [71.51, 38.5]]
    with pytest.raises(ScenarioError) as error:
        snap(*drawn(tmp_path, feature([station(3), station(4)], unit="nobody", **SPAN),
                    feature(far, unit="none", **SPAN)))  # fmt: skip
    assert len(faults(error)) == 3


@pytest.mark.parametrize(
    ("properties", "column", "found"),
    [
        ({"unit": "foot"}, "start", "no time"),
        ({"unit": "foot", **SPAN, "start": "yesterday"}, "start", "'yesterday'"),
        ({"unit": "foot", "start": "2025-12-08T06:00"}, "start", "no time"),
        ({"unit": "foot", **SPAN, "until": "2025-12-08T05:00+05:00"}, "start", "times that do not"),
        ({"unit": "foot", "times": ["2025-12-08T06:00Z"] * 3}, "time", "3 times for 2 points"),
        (SPAN, "unit", "no unit"),
        ({"unit": "foot", **SPAN, "until": "2025-13-08T05:00+05:00"}, "start", "'2025-13-08"),
    ],
)
def test_route_without_unit_or_time_is_refused(
    properties: dict[str, Any], column: str, found: str, tmp_path: Path
) -> None:
    with pytest.raises(ScenarioError) as error:
        drawn(tmp_path, feature([[70.0, 38.1], [70.1, 38.2]], **properties))
    fault = faults(error)[0]
    assert fault.column == column
    assert fault.found.startswith(found)


def test_naive_time_is_told_the_offset_of_the_scenario(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as error:
        drawn(tmp_path, feature([[70.0, 38.1], [70.1, 38.2]], unit="foot",
                                start="2025-12-08T06:00", until="2025-12-08T08:00"))  # fmt: skip
    (fault,) = faults(error)
    assert fault.cure == "If it is local time, write 2025-12-08T06:00+0500"


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("a.csv", b"x", "'a.csv'"),
        ("a.kml", b"<kml><Document>", "broken XML"),
        ("a.kml", b"<gpx/>", "other content than its name says"),
        ("a.gpx", b'<!DOCTYPE g [<!ENTITY a "b">]><gpx>&a;</gpx>', "other content"),
        ("a.kmz", b"PK no", "a broken archive"),
        ("a.geojson", b"{", "broken JSON"),
        ("a.geojson", b'{"type": "Point", "coordinates": [1, 2]}', "no route"),
        ("a.geojson", b"[1, 2]", "no route"),
        ("a.kml", b'<kml xmlns="http://www.opengis.net/kml/2.2"/>', "no route"),
    ],
)
def test_file_that_is_none_is_refused(
    name: str, content: bytes, found: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ScenarioError) as error:
        read_drawn_routes(tmp_path / name, ZONE)
    assert faults(error)[0].found.startswith(found)


def test_entity_never_reads_another_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("foot")
    doctype = f'<!DOCTYPE gpx [<!ENTITY s SYSTEM "{tmp_path / "secret"}">]>'
    (tmp_path / "a.gpx").write_text(f"{doctype}<gpx><trk><desc>&s;</desc></trk></gpx>")
    with pytest.raises(ScenarioError, match="other content"):
        read_drawn_routes(tmp_path / "a.gpx", ZONE)


def test_archive_that_unpacks_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawn_files, "LARGEST_FILE", 1000)
    with zipfile.ZipFile(tmp_path / "a.kmz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("doc.kml", b" " * 100_000)
    with pytest.raises(ScenarioError, match="at most 0 MB"):
        read_drawn_routes(tmp_path / "a.kmz", ZONE)


@pytest.mark.parametrize(
    "coordinates",
    [[[70, 38]], [["a", 38], [70, 38]], [[38, 70], [38, 95]], [None, None], [[1e999, 0], [0, 0]]],
)
def test_coordinates_that_are_none_are_refused(coordinates: Any, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as error:
        drawn(tmp_path, feature(coordinates, unit="foot", **SPAN))
    assert faults(error)[0].column == "coordinates"


def test_script_in_a_name_is_only_text_in_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as error:
        drawn(tmp_path, feature([[70.0, 38.1], [70.1, 38.2]], name="<script>\x1b[2J\nx", unit="f"))
    assert "\x1b" not in faults(error)[0].file
    assert "\n" not in faults(error)[0].file


def test_drawn_route_refuses_nonsense() -> None:
    one = np.array([70.0])
    with pytest.raises(ValueError, match="two vertices"):
        DrawnRoute("f", "x", "foot", one, one, ())
