"""Writes a plan as tables: its lottery, duties, visits, and coverage; CSV, or Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sarhad.border import BorderCells
from sarhad.exchange.atomic import write_atomically
from sarhad.exchange.routes import PatrolRoute
from sarhad.exchange.sheets import write_sheet
from sarhad.exchange.texts import clean_line
from sarhad.patrols import HOURS, PLAN_TARGETS, PatrolNetwork
from sarhad.plan import Plan
from sarhad.units import METRES_PER_KILOMETRE

DIGITS: Final = 9
"""Significant digits: a longitude is good to a decimetre."""

Table = tuple[Sequence[str], Iterable[Sequence[Any]]]
"""Columns and rows."""


def write_table(path: Path, table: Table) -> None:
    """Write a table as CSV, or as Parquet where the name ends so; whole or not at all.

    Parameters
    ----------
    path : Path
        The file; its folder exists.
    table : (sequence of str, iterable of rows)
        Columns and rows; times are aware.

    Raises
    ------
    ModuleNotFoundError
        If Parquet is asked for and pyarrow is not installed.
    OSError
        If it cannot be written; what stood there still stands there.
    """
    columns, rows = table
    plain = ([_plain(cell) for cell in row] for row in rows)
    if path.suffix.lower() == ".parquet":
        write_atomically(path, parquet_of((columns, plain)))
        return
    write_sheet(path, columns, ([_as_text(cell) for cell in row] for row in plain), DIGITS)


def parquet_of(table: Table) -> bytes:
    """Return a table as a Parquet file: times as such, texts as they are."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError:
        message = "Parquet needs pyarrow: pip install 'sarhad[parquet]', or write CSV"
        raise ModuleNotFoundError(message) from None
    columns, rows = table
    listed = [*rows]
    arrays = [pa.array([row[k] for row in listed]) for k in range(len(columns))]
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table(arrays, names=list(columns)), sink)
    return bytes(sink.getvalue())


def _plain(cell: Any) -> Any:
    """Return a cell without types of numpy and without control characters."""
    if isinstance(cell, np.generic):
        cell = cell.item()
    return clean_line(cell) if isinstance(cell, str) else cell


def _as_text(cell: Any) -> Any:
    return cell.isoformat() if isinstance(cell, datetime) else cell


def tabulate_schedules(plan: Plan, network: PatrolNetwork) -> Table:
    """Return the whole lottery: who is on duty when, in which schedule, with what probability.

    It tells all parties' plans: for whoever plans, and nobody else.
    """
    columns = (
        "schedule", "probability", "team", "parties", "from_hour", "until_hour", "cells",
        "quarters", "sorties",
    )  # fmt: skip

    def rows() -> Iterator[Sequence[Any]]:
        for number, (schedule, share) in enumerate(
            zip(plan.schedules, plan.probabilities, strict=True)
        ):
            for duty in schedule.duties:
                team = plan.teams[duty.team]
                start = network.start_hour + duty.start
                yield (
                    number, float(share), team.name, " ".join(team.parties), start,
                    start + duty.hours, " ".join(str(int(cell)) for cell in duty.station),
                    int(duty.quarters.sum()), len(duty.sorties),
                )  # fmt: skip

    return columns, rows()


def tabulate_duties(routes: Iterable[PatrolRoute]) -> Table:
    """Return a row for each released duty."""
    columns = (
        "uid", "day", "date", "team", "title", "units", "parties", "kind", "base", "start",
        "until", "stops", "revision",
    )  # fmt: skip
    rows = (
        (
            r.uid, r.number, r.day.isoformat(), r.team, r.title, " ".join(r.units),
            " ".join(r.parties), r.kind, r.base, r.start, r.until, len(r.stops), r.revision,
        )
        for r in routes
    )  # fmt: skip
    return columns, rows


def tabulate_visits(routes: Iterable[PatrolRoute]) -> Table:
    """Return a row for each stay and pass of the released duties."""
    columns = (
        "uid", "team", "cell", "role", "start", "until", "minutes", "lon", "lat", "height_m",
    )  # fmt: skip
    rows = (
        (
            r.uid, r.team, p.cell, p.role, p.start, p.until, 15 * p.quarters, p.lon,
            p.lat, p.height_m,
        )
        for r in routes
        for p in r.points
        if p.cell >= 0
    )  # fmt: skip
    return columns, rows


def tabulate_coverage(
    cover: NDArray[np.float32], cells: BorderCells, network: PatrolNetwork
) -> Table:
    """Return the chance that a crossing is noticed, by cell and local hour of the mean day.

    Parameters
    ----------
    cover : ndarray, shape (cells, 24, targets)
        From `cover_of_plan`; its hours count from the start of the patrol day.
    cells, network
        What the rows stand for.
    """
    columns = ("cell", "from_km", "to_km", "sector", "hour", *PLAN_TARGETS)

    def rows() -> Iterator[Sequence[Any]]:
        km = cells.edges_m / METRES_PER_KILOMETRE
        for cell in range(len(cells)):
            sector = int(network.sector_of[cell])
            name = network.sectors[sector] if sector >= 0 else ""
            for hour in range(HOURS):
                values = cover[cell, (hour - network.start_hour) % HOURS]
                yield (cell, float(km[cell]), float(km[cell + 1]), name, hour,
                       *(float(value) for value in values))  # fmt: skip

    return columns, rows()
