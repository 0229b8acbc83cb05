"""Writes tables of results as CSV that spreadsheets open."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from sarhad.exchange.atomic import write_atomically

Cell = str | float | int | bool | None

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A text that begins so, spaces aside, would be run as a formula by some spreadsheet."""


def write_sheet(
    path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]], digits: int = 6
) -> None:
    """Write a table with a header, whole or not at all.

    Parameters
    ----------
    path : Path
        The file; its folder exists.
    columns : sequence of str
        Names of the columns, each with its unit at the end where it has one.
    rows : iterable of sequences
        As many cells as columns; an absent number (None, NaN, infinite) becomes an empty cell,
        True and False become yes and no.
    digits : int
        Significant digits of numbers below 100,000.

    Raises
    ------
    ValueError
        If a row has more or fewer cells than there are columns.
    OSError
        If the file cannot be written.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(columns)
    for number, row in enumerate(rows, start=1):
        if len(row) != len(columns):
            raise ValueError(f"row {number} has {len(row)} cells for {len(columns)} columns")
        table.writerow([_shown(cell, digits) for cell in row])
    write_atomically(path, text.getvalue().encode())


def _shown(cell: Cell, digits: int) -> str:
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.{digits}g}" if abs(cell) < 1e5 else f"{cell:.0f}"
    if isinstance(cell, str) and (
        cell.startswith(FORMULA_STARTS) or cell.lstrip().startswith(FORMULA_STARTS)
    ):
        return f"'{cell}"
    return str(cell)
