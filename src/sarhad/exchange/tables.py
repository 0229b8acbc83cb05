"""Reads the tables of a scenario folder: CSV as spreadsheets of any locale write it.

The file is streamed with limits on its lines, fields and rows, so that a wrong file of any size
takes little memory; each mistake becomes a fault with its row and column.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, BinaryIO, Final, Generic, TypeVar

from sarhad.errors import Fault
from sarhad.exchange.fields import build, facts_of, show

T = TypeVar("T")

MOST_ROWS: Final = 100_000
"""Rows of one table; a border has hundreds of posts and thousands of incidents."""

MOST_FAULTS: Final = 1_000
"""Faults listed for one table; a file with more is not the file that was meant."""

LONGEST_LINE: Final = 64 * 1024
"""Bytes of one line of a table."""

MOST_LINES_OF_ROW: Final = 100
"""Lines of one row; only a quoted text with line breaks takes more than one."""

CLOSE_QUOTES: Final = "Close every double quote, and double those inside a text"

SAVE_AS_UTF8: Final = "Save it again as 'CSV UTF-8' (spreadsheets offer it under Save as)"

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]")


@dataclass(frozen=True, slots=True)
class Table(Generic[T]):
    """The rows of one table that are sound, and what is known of the others.

    Attributes
    ----------
    rows : tuple of nouns
        Rows without a fault of their own.
    numbers : tuple of int
        Row of the file where each stands, the header being row 1.
    spoiled : frozenset of str
        Ids of the rows that have faults.
    faults : tuple of Fault
        All faults of the rows.
    unread : bool
        The table could not be read to its end.
    """

    rows: tuple[T, ...] = ()
    numbers: tuple[int, ...] = ()
    spoiled: frozenset[str] = frozenset()
    faults: tuple[Fault, ...] = ()
    unread: bool = False


class _UnreadableError(ValueError):
    """The file cannot be read any further; carries the fault that says why."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(str(fault))


def _stop(file: str, row: int | None, found: str, expected: str, cure: str) -> _UnreadableError:
    return _UnreadableError(Fault(file, row, None, found, expected, cure))


def read_table(path: Path, noun: type[T], file: str) -> Table[T]:
    """Return the rows of a table, each as a noun, with all faults.

    Parameters
    ----------
    path : Path
        The CSV file: comma, semicolon or tab between cells, UTF-8 with or without a mark.
    noun : type
        Noun of `sarhad.scenario`; its fields are the columns.
    file : str
        What the file is called in a fault.
    """
    found = _Found()
    try:
        with path.open("rb") as stream:
            _read_rows(stream, noun, file, found)
    except _UnreadableError as stop:
        return found.table([stop.fault], unread=True)
    except OSError as error:
        trouble = Fault(file, None, None, error.strerror or "an error", "a readable file")
        return found.table([trouble], unread=True)
    return found.table()


class _Found:
    """What has been read so far."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.numbers: list[int] = []
        self.spoiled: set[str] = set()
        self.places: dict[str, int] = {}
        self.faults: list[Fault] = []

    def table(self, more: list[Fault] | None = None, *, unread: bool = False) -> Table[Any]:
        return Table(
            tuple(self.rows),
            tuple(self.numbers),
            frozenset(self.spoiled),
            (*self.faults, *(more or ())),
            unread,
        )


def _read_rows(stream: BinaryIO, noun: type, file: str, found: _Found) -> None:
    lines = _read_lines(stream, file)
    header = next(lines, "")
    delimiter = max(",;\t", key=header.count)
    records = _split(_again(header, lines), delimiter, file)
    # Spreadsheets leave empty cells behind the last column.
    columns = ",".join(cell.strip() for cell in next(records, (1, []))[1]).rstrip(",").split(",")
    header_faults = _check_header(columns, noun, file)
    found.faults += header_faults
    for number, cells in records:
        if number > MOST_ROWS + 1:
            expected = f"at most {MOST_ROWS:,} rows"
            raise _UnreadableError(
                Fault(file, number, None, "more rows", expected, "Is it this file?")
            )
        if len(found.faults) >= MOST_FAULTS:
            expected = "a table with fewer faults"
            cure = "The rest was not read: mend these first"
            raise _UnreadableError(
                Fault(file, number, None, f"{MOST_FAULTS:,} faults", expected, cure)
            )
        if any(cell.strip() for cell in cells):
            _read_row(number, cells, columns, noun, file, found)


def _read_row(
    number: int, cells: list[str], columns: list[str], noun: type, file: str, found: _Found
) -> None:
    entered = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
    faults = _check_cells(number, cells, columns, file)
    facts = facts_of(noun)
    values = {
        name: _parse(text, facts[name].many)
        for name, text in entered.items()
        if name in facts and text
    }
    row, mistakes = build(noun, values, file, number)
    absent = {name for name, fact in facts.items() if fact.required and name not in columns}
    faults += [fault for fault in mistakes if fault.column not in absent]
    name = entered.get("id", "")
    sound = row is not None and not faults
    found.faults += faults
    # Of two sound rows the scenario itself says so.
    if name in found.places and not (sound and name not in found.spoiled):
        found.faults.append(_twin(file, number, name, found.places[name]))
    if name:
        found.places.setdefault(name, number)
    if sound:
        found.rows.append(row)
        found.numbers.append(number)
    else:
        found.spoiled.add(name)


def _twin(file: str, number: int, name: str, other: int) -> Fault:
    found = f"{show(name)}, also in row {other}"
    expected, cure = "an id that no other row has", "Rename one of the two, or delete it"
    return Fault(file, number, "id", found, expected, cure)


def _parse(text: str, many: bool) -> str | tuple[str, ...]:
    if not many:
        return text
    return () if text == "-" else tuple(text.split())


def _check_cells(number: int, cells: list[str], columns: list[str], file: str) -> list[Fault]:
    faults = []
    surplus = [cell for cell in cells[len(columns) :] if cell.strip()]
    if surplus:
        expected = f"{len(columns)} cells, as the header has"
        cure = "Put a text that contains the separator into double quotes"
        faults.append(Fault(file, number, None, f"{len(cells)} cells", expected, cure))
    for column, cell in zip(columns, cells, strict=False):
        if control := _CONTROL.search(cell):
            found = f"the control character U+{ord(control.group()):04X}"
            faults.append(Fault(file, number, column, found, "text", "Delete it"))
    return faults


def _check_header(columns: list[str], noun: type, file: str) -> list[Fault]:
    facts = facts_of(noun)
    if not any(columns):
        raise _stop(file, 1, "no header", f"a header: {', '.join(facts)}", "")
    faults = []
    for index, name in enumerate(columns):
        if name in columns[:index] and name:
            faults.append(Fault(file, 1, name, "the column twice", "each column once"))
        elif name not in facts:
            faults.append(
                _unknown_column(name or f"number {index + 1} without a name", facts, file)
            )
    for name, fact in facts.items():
        if fact.required and name not in columns:
            cure = f"Add the column: {fact.expected()}"
            faults.append(Fault(file, 1, name, "no such column", "this column", cure))
    return faults


def _unknown_column(name: str, facts: dict[str, Any], file: str) -> Fault:
    close = get_close_matches(name.lower(), facts, n=1)
    cure = f"Did you mean '{close[0]}'?" if close else "Delete it, or put its text into source"
    expected = f"one of {', '.join(facts)}"
    return Fault(file, 1, name[:64], f"the unknown column {show(name)}", expected, cure)


def _count(lines: Iterator[str], pending: list[int], file: str) -> Iterator[str]:
    """Hand lines on, as long as one row does not run over too many of them."""
    for line in lines:
        pending[0] += 1
        if pending[0] > MOST_LINES_OF_ROW:
            found = f"a row that runs over more than {MOST_LINES_OF_ROW} lines"
            raise _stop(file, None, found, "a table", CLOSE_QUOTES)
        yield line


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _split(lines: Iterator[str], delimiter: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows with their numbers, as a spreadsheet counts them."""
    pending = [0]
    records = csv.reader(_count(lines, pending, file), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        pending[0] = 0
        try:
            yield number, next(records)
        except StopIteration:
            return
        except csv.Error as error:
            found = f"broken quotes ({error})"
            raise _stop(file, number, found, "a row of cells", CLOSE_QUOTES) from None


def _read_lines(stream: BinaryIO, file: str) -> Iterator[str]:
    """Yield decoded lines; a line that is too long or not UTF-8 ends the reading."""
    number = 0
    while raw := stream.readline(LONGEST_LINE):
        number += 1
        if number == 1:
            raw = _without_mark(raw, file)
        if len(raw) == LONGEST_LINE and not raw.endswith(b"\n"):
            found = f"a line of more than {LONGEST_LINE // 1024} kB"
            raise _stop(file, number, found, "a table", "Is it this file?")
        try:
            yield raw.decode("utf-8")
        except UnicodeDecodeError as error:
            found = f"the byte 0x{raw[error.start]:02X}, which is not UTF-8"
            raise _stop(file, number, found, "text in UTF-8", SAVE_AS_UTF8) from None


def _without_mark(raw: bytes, file: str) -> bytes:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _UnreadableError(
            Fault(file, 1, None, "text in UTF-16", "text in UTF-8", SAVE_AS_UTF8)
        )
    if raw.startswith(b"PK\x03\x04"):
        cure = "Save the sheet as 'CSV UTF-8'"
        raise _UnreadableError(
            Fault(file, 1, None, "a spreadsheet or archive", "a CSV table", cure)
        )
    return raw.removeprefix(b"\xef\xbb\xbf")
