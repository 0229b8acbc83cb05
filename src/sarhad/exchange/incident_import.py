"""Reads incidents from tables and GeoJSON of any layout by a map of their columns."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Any, Final, Literal, cast

from sarhad.errors import Fault, ScenarioError
from sarhad.exchange.fields import build, facts_of, show
from sarhad.exchange.tables import MOST_ROWS
from sarhad.exchange.ucdp import (
    NEEDED,
    Import,
    decode,
    future_fault,
    read_bytes_of,
    read_ucdp,
    widen,
)
from sarhad.scenario import Incident

Format = Literal["ucdp", "csv", "geojson"]

MORE_FIELDS: Final = ("date", "known_to")
"""Beside those of an incident: a day, month or year instead of start and end, and what it is
known to (day, week, month, year)."""

DEFAULTS: Final = {"kind": "incident", "precision": "village", "radius_km": 5.0}
"""What an imported row takes where neither map nor column says it; the radius with it."""

MOST_FAULTS: Final = 1000


def read_events(
    path: Path,
    form: Format | None = None,
    columns: Mapping[str, str] | None = None,
    zone: tzinfo = UTC,
    now: datetime | None = None,
) -> Import:
    """Return the incidents of a file.

    Parameters
    ----------
    path : Path
        The file; packed by gzip or not.
    form : {"ucdp", "csv", "geojson"}, optional
        What it is; told by its content where left out.
    columns : mapping of field to column, optional
        From fields of an incident, or ``date`` and ``known_to``, to columns or properties of the
        file; a value that begins with ``=`` stands for every row. A column called like a field
        needs no entry.
    zone : tzinfo
        Zone of times without an offset.
    now : datetime, optional
        An incident after this is a fault.

    Raises
    ------
    ScenarioError
        With every fault of the file.
    """
    if form == "ucdp" or (form is None and _looks_like_ucdp(path)):
        return read_ucdp(path, zone, now)
    text = decode(read_bytes_of(path), path.name)
    if form == "geojson" or (form is None and text.lstrip().startswith("{")):
        rows = _features(text, path.name)
    else:
        rows = _table(text)
    return _read_rows(rows, path, dict(columns or {}), zone, now)


def _looks_like_ucdp(path: Path) -> bool:
    head = read_bytes_of(path)[:4096].split(b"\n")[0].decode("utf-8", "replace")
    return set(NEEDED) <= set(head.strip().lstrip("\ufeff").split(","))


def parse_columns(text: str) -> dict[str, str]:
    """Return a map of columns from 'lon=x,lat=y,kind==drone'; after == a value, not a column.

    Raises
    ------
    ValueError
        If a part is no pair, or names no field of an incident.
    """
    found = {}
    known = [*facts_of(Incident), *MORE_FIELDS]
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, column = part.partition("=")
        if not equals or name.strip() not in known:
            raise ValueError(f"{part!r} is not FIELD=COLUMN; the fields are {', '.join(known)}")
        found[name.strip()] = column.strip()
    return found


def write_incidents(incidents: Iterable[Incident]) -> bytes:
    """Return incidents as the table incidents.csv of a scenario folder."""
    text = io.StringIO()
    names = [field.name for field in fields(cast(Any, Incident))]
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(names)
    table.writerows([_cell(getattr(row, name)) for name in names] for row in incidents)
    return text.getvalue().encode()


def _cell(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _table(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    header = text.split("\n", 1)[0]
    table = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count), restval=""
    )
    for cells in table:
        if any(isinstance(value, str) and value.strip() for value in cells.values()):
            yield table.line_num, {k: str(v).strip() for k, v in cells.items() if k is not None}


def _features(text: str, file: str) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        collection = json.loads(text)
    except (ValueError, RecursionError) as error:
        found = f"broken JSON ({error})"
        raise ScenarioError((Fault(file, None, None, found, "GeoJSON"),)) from None
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list):
        expected = "a FeatureCollection of points"
        raise ScenarioError((Fault(file, None, None, "no list of features", expected),))
    for number, feature in enumerate(features, start=1):
        feature = feature if isinstance(feature, dict) else {}
        geometry, properties = feature.get("geometry"), feature.get("properties")
        cells = {str(k): "" if v is None else str(v) for k, v in (properties or {}).items()}
        if isinstance(geometry, dict) and geometry.get("type") == "Point":
            place = geometry.get("coordinates") or []
            cells |= dict(zip(("lon", "lat"), (str(value) for value in place[:2]), strict=False))
        elif geometry is not None:
            expected = "a Point; give an area as the point in its middle and radius_km"
            fault = Fault(file, number, "geometry", "another geometry", expected)
            raise ScenarioError((fault,))
        yield number, cells


def _read_rows(
    rows: Iterator[tuple[int, dict[str, str]]],
    path: Path,
    columns: dict[str, str],
    zone: tzinfo,
    now: datetime | None,
) -> Import:
    incidents: list[Incident] = []
    faults: list[Fault] = []
    widened = 0
    for count, (row, cells) in enumerate(rows, start=1):
        if count > MOST_ROWS or len(faults) >= MOST_FAULTS:
            break
        if count == 1:
            _check_columns(columns, cells, path.name)
        values, mistakes = _values(cells, columns, path, row, zone)
        widened += values.pop("_widened", 0)
        incident, more = build(Incident, values, path.name, row)
        # Without a readable date there is no start or end: that is told once.
        told = {"start", "end"} if mistakes else set()
        faults += mistakes + [fault for fault in more if fault.column not in told]
        if incident is not None and now is not None and incident.start > now:
            faults.append(future_fault(path.name, row, "start", incident.start, now))
        elif incident is not None and not mistakes:
            incidents.append(incident)
    if faults:
        raise ScenarioError(tuple(_by_column(fault, columns) for fault in faults))
    note = f"{widened} dates known to a week, month or year: spread over all of it"
    return Import(tuple(incidents), (note,) if widened else ())


def _check_columns(columns: dict[str, str], cells: Mapping[str, str], file: str) -> None:
    """Refuse a map that names columns which are not there."""
    missing = [c for c in columns.values() if not c.startswith("=") and c not in cells]
    expected = f"one of {', '.join(cells)}"
    if missing:
        faults = tuple(Fault(file, 1, c, "no such column", expected) for c in missing)
        raise ScenarioError(faults)


def _by_column(fault: Fault, columns: dict[str, str]) -> Fault:
    """Return the fault of a field under the name that its column has in the file."""
    column = columns.get(fault.column or "", "")
    if not column or column.startswith("="):
        return fault
    return Fault(fault.file, fault.row, column, fault.found, fault.expected, fault.cure)


def _values(
    cells: dict[str, str], columns: dict[str, str], path: Path, row: int, zone: tzinfo
) -> tuple[dict[str, Any], list[Fault]]:
    known = [*facts_of(Incident), *MORE_FIELDS]
    values: dict[str, Any] = {}
    for name in known:
        column = columns.get(name, name)
        text = column[1:] if column.startswith("=") else cells.get(column, "")
        if text:
            values[name] = text
    values.setdefault("id", f"{_short(path.name)}-{row}")
    values.setdefault("source", path.name)
    for name, value in DEFAULTS.items():
        values.setdefault(name, value)
    faults = _set_times(values, path.name, row, zone)
    return values, faults


def _short(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "-", name.split(".")[0]).strip("-_.")[:50] or "row"


def _set_times(values: dict[str, Any], file: str, row: int, zone: tzinfo) -> list[Fault]:
    """Put start and end in the place of a date, and an offset on times without one."""
    day, known_to = values.pop("date", None), values.pop("known_to", None)
    faults: list[Fault] = []
    if known_to not in (None, "day", "week", "month", "year"):
        expected = "one of day, week, month, year"
        return [Fault(file, row, "known_to", show(known_to), expected)]
    if day is not None:
        try:
            first, last = read_date(day)
        except ValueError:
            expected = "a date such as 2023-08-29, 2023-08 or 2023"
            return [Fault(file, row, "date", show(day), expected)]
        begin, end = widen(first, last, known_to)
        values["_widened"] = int(end - begin >= timedelta(days=6))
        values["start"] = datetime.combine(begin, time(), zone)
        values["end"] = datetime.combine(end, time(), zone) + timedelta(days=1)
        return faults
    for name in ("start", "end"):
        values.update({name: _with_offset(values[name], zone)} if name in values else {})
    values.setdefault("end", values.get("start"))
    return faults


def read_date(text: str) -> tuple[date, date]:
    """Return first and last day of a date, which may be a month or a year alone.

    Raises
    ------
    ValueError
        If it is no date.
    """
    if re.fullmatch(r"\d{4}", text):
        return date(int(text), 1, 1), date(int(text), 12, 31)
    if re.fullmatch(r"\d{4}-\d\d", text):
        first = date.fromisoformat(f"{text}-01")
        return widen(first, first, "month")
    day = date.fromisoformat(text[:10])
    return day, day


def _with_offset(text: str, zone: tzinfo) -> Any:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return text
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=zone)
