"""Reads events of the UCDP Georeferenced Event Dataset as incidents.

References
----------
Sundberg, R. and Melander, E. (2013), Introducing the UCDP Georeferenced Event Dataset,
doi:10.1177/0022343313484347; UCDP GED Codebook, 2023, for the precision codes.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Final

from sarhad.errors import Fault, ScenarioError
from sarhad.exchange.fields import build, show
from sarhad.scenario import Incident

NEEDED: Final = (
    "id", "where_prec", "latitude", "longitude", "date_prec", "date_start", "date_end",
    "low", "high",
)  # fmt: skip

PLACES: Final = {
    1: ("exact", 1.0),
    2: ("village", 25.0),
    3: ("district", 25.0),
    4: ("province", 60.0),
    5: ("unknown", 40.0),
    6: ("unknown", 200.0),
    7: ("unknown", 200.0),
}
"""Place precision by code: what it becomes, and the radius that stands for it [km].

1 the place itself; 2 within about 25 km; 3 the district; 4 the province; 5 a stretch or a fuzzy
place; 6 the country; 7 at sea or in the air. The dataset gives no radius beyond 2: those are ours.
"""

TYPES: Final = {1: "state_conflict", 2: "group_conflict", 3: "attack_on_civilians"}

LARGEST: Final = 512 * 1024 * 1024
"""Bytes of a file, unpacked; the whole dataset of the world takes 250 MB."""


@dataclass(frozen=True, slots=True)
class Import:
    """Incidents read from a file, and what a person should know of the reading."""

    incidents: tuple[Incident, ...]
    notes: tuple[str, ...] = ()


def read_ucdp(path: Path, zone: tzinfo = UTC, now: datetime | None = None) -> Import:
    """Return the events of a UCDP GED table as incidents.

    A date of month precision (code 4) or coarser that gives one day only is widened to its
    month or year; one of week precision (3) to seven days around it. Each event is one report,
    believed fully: the dataset is compiled from sources that it does not grade.

    Parameters
    ----------
    path : Path
        CSV, or CSV packed by gzip.
    zone : tzinfo
        Zone of its days.
    now : datetime, optional
        An event after this is a fault.

    Raises
    ------
    ScenarioError
        With every fault of the file.
    """
    incidents: list[Incident] = []
    faults: list[Fault] = []
    widened = crossed = 0
    for row, cells in _read_cells(path):
        values, fault = _values(cells, path.name, row, zone)
        if fault is not None or values is None:
            faults += [fault] if fault else []
            continue
        widened += values.pop("_widened")
        if _is_crossed(values):
            values["killed_low"], values["killed_high"] = (
                values["killed_high"],
                values["killed_low"],
            )
            crossed += 1
        incident, mistakes = build(Incident, values, path.name, row)
        faults += mistakes
        if incident is not None and now is not None and incident.start > now:
            faults.append(future_fault(path.name, row, "date_start", incident.start, now))
        elif incident is not None:
            incidents.append(incident)
    if faults:
        raise ScenarioError(tuple(faults[:1000]))
    notes = (
        (widened, "dates known to a week, month or year stood as one day: widened"),
        (crossed, "events have fewer deaths under high than under low: exchanged"),
    )
    return Import(tuple(incidents), tuple(f"{count} {text}" for count, text in notes if count))


def _is_crossed(values: dict[str, Any]) -> bool:
    """Return whether low exceeds high, as in some rows of the dataset itself."""
    low, high = values["killed_low"], values["killed_high"]
    return isinstance(low, int) and isinstance(high, int) and 0 <= high < low


def future_fault(file: str, row: int, column: str, start: datetime, now: datetime) -> Fault:
    """Return the fault of an incident that has not happened yet."""
    found = f"{start.date()}, which lies in the future"
    return Fault(file, row, column, found, f"a time before {now.date()}", "Correct the date")


def read_bytes_of(path: Path) -> bytes:
    """Return the bytes of a file of events, unpacked where it is packed by gzip.

    Raises
    ------
    ScenarioError
        If it is missing, damaged or larger than a file of events is.
    """
    if not path.is_file():
        raise ScenarioError((Fault(path.name, None, None, "no such file", "a file of events"),))
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    try:
        with (gzip.open if packed else open)(path, "rb") as stream:
            raw: bytes = stream.read(LARGEST + 1)
    except (EOFError, gzip.BadGzipFile, OSError) as error:
        found = f"a damaged file ({error})"
        raise ScenarioError((Fault(path.name, None, None, found, "a file of events"),)) from None
    if len(raw) > LARGEST:
        found = f"more than {LARGEST // 2**20} MB"
        raise ScenarioError((Fault(path.name, None, None, found, "a file of events"),))
    return raw


def decode(raw: bytes, file: str) -> str:
    """Return bytes as text.

    Raises
    ------
    ScenarioError
        If they are not UTF-8.
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = raw.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{raw[error.start]:02X}, which is not UTF-8"
        cure = "Save it again as CSV UTF-8"
        raise ScenarioError((Fault(file, row, None, found, "text in UTF-8", cure),)) from None


def _read_cells(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    text = decode(read_bytes_of(path), path.name)
    table = csv.DictReader(io.StringIO(text, newline=""), restval="")
    missing = [name for name in NEEDED if name not in (table.fieldnames or ())]
    if missing:
        cure = "Is it a UCDP GED table? For any other, name its columns: --format csv --columns"
        faults = tuple(
            Fault(path.name, 1, name, "no such column", "this column", cure) for name in missing
        )
        raise ScenarioError(faults)
    for cells in table:
        yield table.line_num, cells


def _values(
    cells: dict[str, str], file: str, row: int, zone: tzinfo
) -> tuple[dict[str, Any] | None, Fault | None]:
    codes: dict[str, int] = {}
    for name, allowed in (("where_prec", range(1, 8)), ("date_prec", range(1, 6))):
        code = _whole(cells[name])
        if code is None or code not in allowed:
            expected = f"a code from {allowed[0]} to {allowed[-1]}"
            return None, Fault(file, row, name, show(cells[name]), expected)
        codes[name] = code
    try:
        first, last = (date.fromisoformat(cells[n][:10]) for n in ("date_start", "date_end"))
    except ValueError:
        found = show(f"{cells['date_start']} to {cells['date_end']}")
        return None, Fault(file, row, "date_start", found, "two days such as 2018-03-01")
    begin, end = widen(first, last, {3: "week", 4: "month", 5: "year"}.get(codes["date_prec"]))
    precision, radius_km = PLACES[codes["where_prec"]]
    kind = TYPES.get(_whole(cells.get("type_of_violence", "")) or 0, "event")
    return {
        "id": f"ucdp-{_name(cells['id'])}",
        "start": datetime(begin.year, begin.month, begin.day, tzinfo=zone),
        "end": datetime(end.year, end.month, end.day, tzinfo=zone) + timedelta(days=1),
        "kind": kind,
        "place": cells.get("where_coordinates", "")[:400],
        "lon": cells["longitude"],
        "lat": cells["latitude"],
        "precision": precision,
        "radius_km": radius_km,
        "killed_low": _count_of(cells["low"]),
        "killed_high": _count_of(cells["high"]),
        "reliability": "A",
        "credibility": 1,
        "source": "UCDP GED",
        "_widened": int((begin, end) != (first, last)),
    }, None


def widen(first: date, last: date, known_to: str | None) -> tuple[date, date]:
    """Return the days that a date may mean, which is all of its week, month or year.

    Parameters
    ----------
    first, last : date
        As entered; a range is left as it is.
    known_to : {"week", "month", "year"} or None
        What the date is known to.
    """
    if first != last or known_to is None:
        return first, last
    if known_to == "week":
        return first - timedelta(days=3), first + timedelta(days=3)
    if known_to == "year":
        return first.replace(month=1, day=1), first.replace(month=12, day=31)
    following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
    return first.replace(day=1), following - timedelta(days=1)


def _whole(text: str) -> int | None:
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        return None


def _count_of(text: str) -> str | int:
    # The dataset writes whole numbers as 4.0; whatever else stands there is left to be refused.
    number = _whole(text)
    return number if number is not None and float(text) == number else text


def _name(text: str) -> str:
    return re.sub(r"\.0+$", "", text.strip())[:50]
