"""Reads routes that a person drew or recorded: KML, KMZ, GPX or GeoJSON, with unit and times."""

from __future__ import annotations

import json
import math
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from lxml import etree
from numpy.typing import NDArray

from sarhad.errors import Fault, ScenarioError
from sarhad.exchange.texts import clean_line

Element = etree._Element
Floats = NDArray[np.float64]

LARGEST_FILE: Final = 64 * 1024 * 1024
"""Bytes of a file of routes, unpacked; a week of 115 teams takes 6.5 MB."""

MOST_POINTS: Final = 1_000_000
SUFFIXES: Final = (".kml", ".kmz", ".gpx", ".geojson", ".json")
UNIT_KEYS: Final = ("team", "unit")
START_KEYS: Final = ("start", "begin", "from")
UNTIL_KEYS: Final = ("until", "end", "to")
TIMES_KEYS: Final = ("times", "coordTimes", "time")
SAY_TIME: Final = "Give it a TimeSpan, a time for each point, or the attributes start and until"

_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?::(\d\d)(?:\.\d+)?)?\s?([Zz]|[+-]\d\d:?\d\d)?"
)


@dataclass(frozen=True, slots=True, eq=False)
class DrawnRoute:
    """One route of a file, as it was drawn.

    Attributes
    ----------
    file, feature : str
        Where it stands, for faults.
    unit : str
        What it says of whose route it is: the attribute `unit` or `team`, or its name.
    lon, lat : ndarray, shape (n,)
        Vertices [degrees].
    times : tuple of datetime
        One for each vertex, aware; or the first and the last alone, to be spread evenly.
    """

    file: str
    feature: str
    unit: str
    lon: Floats
    lat: Floats
    times: tuple[datetime, ...]

    def __post_init__(self) -> None:
        if self.lon.shape != self.lat.shape or self.lon.size < 2:
            raise ValueError("a route has two vertices at least")
        if len(self.times) not in (2, self.lon.size) or any(t.tzinfo is None for t in self.times):
            raise ValueError("a route has a time for each vertex, or first and last, all aware")

    def fault(self, column: str | None, found: str, expected: str, cure: str = "") -> Fault:
        """Return a mistake in this route."""
        return Fault(f"{self.file}, {self.feature}", None, column, found, expected, cure)


@dataclass(slots=True)
class _Raw:
    """One route before it is checked."""

    name: str
    values: dict[str, str]
    places: list[tuple[float, float]]
    times: list[str]
    span: list[str] = field(default_factory=list)


def read_drawn_routes(path: Path, zone: str, file: str = "") -> tuple[DrawnRoute, ...]:
    """Return the routes of a file, in its order.

    Parameters
    ----------
    path : Path
        KML, KMZ, GPX or GeoJSON, in degrees on WGS 84. Points and areas beside them are left out,
        and so is a line whose attribute `route` is "no" (the line and the sectors of our own
        files), and the route of a GPX file that has a track of the same name.
    zone : str
        Time zone of local hours: what a time without an offset is told to add.
    file : str
        What the file is called in a fault; its name where empty.

    Raises
    ------
    ScenarioError
        With all faults: unreadable, no route, no unit, no time, a time without offset.
    """
    file = file or path.name
    raw = [each for each in _read(path, file) if each.values.get("route", "").lower() != "no"]
    if not raw:
        raise ScenarioError((Fault(file, None, None, "no route", "a line with times", SAY_TIME),))
    routes: list[DrawnRoute] = []
    faults: list[Fault] = []
    for number, each in enumerate(raw, start=1):
        feature = f"feature {number}" + (f" '{clean_line(each.name)[:60]}'" if each.name else "")
        checked = _check(each, file, feature, ZoneInfo(zone))
        if isinstance(checked, DrawnRoute):
            routes.append(checked)
        else:
            faults += checked
    if faults:
        raise ScenarioError(tuple(faults))
    return tuple(routes)


def _read(path: Path, file: str) -> list[_Raw]:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        expected = f"a file whose name ends in {', '.join(SUFFIXES)}"
        raise _trouble(file, f"'{path.name}'", expected)
    try:
        content = _unpacked(path, file) if suffix == ".kmz" else _content(path, file)
    except OSError as error:
        raise _trouble(file, error.strerror or "an error", "a readable file") from None
    if suffix in (".kml", ".kmz"):
        return list(_kml_routes(_parse(content, file, "kml")))
    if suffix == ".gpx":
        return list(_gpx_routes(_parse(content, file, "gpx")))
    return list(_json_routes(content, file))


def _trouble(file: str, found: str, expected: str, cure: str = "") -> ScenarioError:
    return ScenarioError((Fault(file, None, None, found, expected, cure),))


def _too_large(file: str, size: int) -> ScenarioError:
    return _trouble(file, f"{size / 1e6:,.0f} MB", f"at most {LARGEST_FILE / 1e6:,.0f} MB")


def _content(path: Path, file: str) -> bytes:
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise _too_large(file, size)
    return path.read_bytes()


def _unpacked(path: Path, file: str) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [e for e in archive.infolist() if e.filename.lower().endswith(".kml")]
            if not inside:
                raise _trouble(file, "an archive without KML", "a KMZ file")
            with archive.open(inside[0]) as stream:
                # What the archive says of its sizes may be a lie: count what comes out.
                content = stream.read(LARGEST_FILE + 1)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise _trouble(file, f"a broken archive ({error})", "a KMZ file") from None
    if len(content) > LARGEST_FILE:
        raise _too_large(file, len(content))
    return content


def _parse(content: bytes, file: str, root: str) -> Element:
    # No entities, no other files, no network: a file from elsewhere is only text.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True
    )
    try:
        tree = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        cure = "Open it in the program that made it and save it again"
        raise _trouble(file, f"broken XML ({error})", f"a {root.upper()} file", cure) from None
    doctype = tree.getroottree().docinfo.doctype  # type: ignore[union-attr]
    if doctype or etree.QName(tree).localname != root:
        raise _trouble(file, "other content than its name says", f"a {root.upper()} file")
    return tree


def _tag(element: Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _all(element: Element, *tags: str) -> Iterator[Element]:
    return (each for each in element.iter() if _tag(each) in tags)


def _child(element: Element, *path: str) -> str:
    """Return the text of a descendant by the names on the way to it, empty where there is none."""
    for tag in path:
        found = next((child for child in element if _tag(child) == tag), None)
        if found is None:
            return ""
        element = found
    return (element.text or "").strip()


def _kml_routes(root: Element) -> Iterator[_Raw]:
    for mark in _all(root, "Placemark"):
        values = {
            name: _child(data, "value") or (data.text or "").strip()
            for data in _all(mark, "Data", "SimpleData")
            if (name := data.get("name"))
        }
        span = [_child(mark, "TimeSpan", "begin"), _child(mark, "TimeSpan", "end")]
        for shape in _all(mark, "LineString", "Track"):
            if _tag(shape) == "Track":
                places = [_pair((c.text or "").split()) for c in _all(shape, "coord")]
                times = [(when.text or "").strip() for when in _all(shape, "when")]
            else:
                texts = _child(shape, "coordinates").split()
                places, times = [_pair(text.split(",")) for text in texts], []
            yield _Raw(_child(mark, "name"), values, places, times, span)


def _gpx_routes(root: Element) -> Iterator[_Raw]:
    tracks = list(_all(root, "trk"))
    named = {_child(track, "name") for track in tracks}
    routes = [way for way in _all(root, "rte") if _child(way, "name") not in named]
    for way in (*tracks, *routes):
        values = {"unit": _child(way, "desc")} if _child(way, "desc") else {}
        points = list(_all(way, "trkpt", "rtept"))
        places = [_pair([p.get("lon", ""), p.get("lat", "")]) for p in points]
        yield _Raw(_child(way, "name"), values, places, [_child(p, "time") for p in points])


def _json_routes(content: bytes, file: str) -> Iterator[_Raw]:
    try:
        top = json.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise _trouble(file, "broken JSON", "GeoJSON in UTF-8", "Export it again") from None
    features = top.get("features") if isinstance(top, dict) else None
    for feature in features if isinstance(features, list) else [top]:
        if not isinstance(feature, dict):
            continue
        shape = feature.get("geometry") or feature
        given = feature.get("properties")
        values = given if isinstance(given, dict) else {}
        kind = shape.get("type") if isinstance(shape, dict) else None
        if kind not in ("LineString", "MultiLineString"):
            continue
        parts = shape.get("coordinates")
        parts = [parts] if kind == "LineString" else parts or []
        lists: list[list[Any]] = [v for k in TIMES_KEYS if isinstance(v := values.get(k), list)]
        times = lists[0] if lists else []
        texts = {str(k): v for k, v in values.items() if isinstance(v, str)}
        places = [_pair(p) for part in parts if isinstance(part, list) for p in part]
        yield _Raw(texts.get("name", ""), texts, places, [str(time) for time in times])


def _pair(numbers: Any) -> tuple[float, float]:
    try:
        return float(numbers[0]), float(numbers[1])
    except (TypeError, ValueError, IndexError, KeyError):
        return math.nan, math.nan


def _first(values: Mapping[str, str], keys: Sequence[str]) -> str:
    lower = {key.lower(): value.strip() for key, value in values.items()}
    return next((lower[key] for key in keys if lower.get(key)), "")


def _check(raw: _Raw, file: str, feature: str, zone: ZoneInfo) -> DrawnRoute | list[Fault]:
    place = f"{file}, {feature}"
    faults: list[Fault] = []
    unit = _first(raw.values, UNIT_KEYS) or raw.name
    if not unit:
        cure = "Add an attribute unit, or name the line after the unit"
        faults.append(Fault(place, None, "unit", "no unit", "whose route it is", cure))
    at = np.array(raw.places, np.float64).reshape(-1, 2)
    faults += _place_faults(at, place)
    column, texts = _times_of(raw)
    times = [_moment(text) for text in texts]
    if not times or None in times:
        bad = next((t for t, time in zip(texts, times, strict=True) if time is None and t), "")
        found = f"'{clean_line(bad)[:40]}'" if bad else "no time"
        expected = "day, hour, minute and offset, as in 2025-12-08T06:00+05:00"
        faults.append(Fault(place, None, column, found, expected, SAY_TIME))
        return faults
    known = [time for time in times if time is not None]
    faults += _time_faults(known, len(at), place, column, zone)
    if faults:
        return faults
    return DrawnRoute(file, feature, clean_line(unit), at[:, 0], at[:, 1], tuple(known))


def _times_of(raw: _Raw) -> tuple[str, list[str]]:
    """Return where the times stand, and they: of each point, of a span, or of two attributes."""
    if any(raw.times):
        return "time", raw.times
    if any(raw.span):
        return "TimeSpan", raw.span
    given = [_first(raw.values, START_KEYS), _first(raw.values, UNTIL_KEYS)]
    return "start", given if any(given) else []


def _moment(text: str) -> datetime | None:
    """Return a time, which may lack its offset; None where it is none."""
    match = _TIME.fullmatch(text.strip())
    if not match:
        return None
    day, minute, second, offset = match.groups()
    try:
        return datetime.fromisoformat(f"{day}T{minute}:{second or '00'}{(offset or '').upper()}")
    except ValueError:
        return None


def _place_faults(at: Floats, place: str) -> Iterator[Fault]:
    if len(at) < 2 or len(at) > MOST_POINTS:
        found = f"{len(at):,} points"
        yield Fault(place, None, "coordinates", found, f"2 to {MOST_POINTS:,} points")
    elif not np.isfinite(at).all():
        yield Fault(place, None, "coordinates", "a point that is no number", "degrees")
    elif (np.abs(at) > (180, 90)).any():
        worst = at[int(np.argmax((np.abs(at) > (180, 90)).any(axis=1)))]
        found = f"({worst[0]:g}, {worst[1]:g})"
        cure = "Longitude comes first; export it in EPSG:4326"
        yield Fault(place, None, "coordinates", found, "longitude, latitude [degrees]", cure)


def _time_faults(
    times: Sequence[datetime], points: int, place: str, column: str, zone: ZoneInfo
) -> Iterator[Fault]:
    bare = [time for time in times if time.tzinfo is None]
    if bare:
        local = bare[0].replace(tzinfo=zone)
        found = f"{bare[0]:%Y-%m-%dT%H:%M} without its offset from UTC"
        cure = f"If it is local time, write {local:%Y-%m-%dT%H:%M%z}"
        yield Fault(place, None, column, found, "a time with its offset", cure)
        return
    if column == "time" and len(times) != points:
        found = f"{len(times):,} times for {points:,} points"
        yield Fault(place, None, column, found, "one time for each point")
    stamps = [time.timestamp() for time in times]
    if any(a > b for a, b in pairwise(stamps)) or stamps[0] == stamps[-1]:
        found = "times that do not grow"
        yield Fault(place, None, column, found, "the first before the last, in order")
