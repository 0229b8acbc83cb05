"""Writes a plan in the formats that people use: all of it for the planners, each party its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sarhad.border import BorderCells
    from sarhad.exchange.kml import MapSheet
    from sarhad.exchange.places import Places
    from sarhad.exchange.routes import PatrolRoute
    from sarhad.patrols import PatrolNetwork
    from sarhad.plan import Plan, Schedule
    from sarhad.scenario import Scenario

FORMATS: Final = ("kmz", "gpkg", "gpx", "ics", "csv", "parquet", "pdf")
"""What can be written; parquet needs pyarrow and is left out unless asked for."""

USUAL: Final = ("kmz", "gpkg", "gpx", "ics", "csv", "pdf")

Task = tuple[Path, Callable[[Path], None]]
"""A file and what writes it."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A plan with the days drawn from it, and what its numbers stand for.

    Attributes
    ----------
    plan, network, scenario, cells, places
        The plan and all that it refers to.
    days : sequence of (int, Schedule)
        Day of the horizon, from 0, and what was drawn for it.
    cover : ndarray, shape (cells, 24, targets)
        From `cover_of_plan`.
    risk : ndarray, shape (cells, 24)
        Expected incidents by local hour of the mean day [1/h].
    issued : datetime
        When it was issued, aware.
    revision : int
        Issue of the orders.
    notices : tuple of str
        What has to be said beside them.
    """

    plan: Plan
    network: PatrolNetwork
    scenario: Scenario
    cells: BorderCells
    places: Places
    days: Sequence[tuple[int, Schedule]]
    cover: NDArray[np.float32]
    risk: NDArray[np.float64]
    issued: datetime
    revision: int = 0
    notices: tuple[str, ...] = ()


def write_exports(
    out: Path,
    drawn: Drawn,
    formats: Collection[str] = USUAL,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Write a plan and its orders, and return the files.

    `out/staff` holds the whole plan with coverage and risk, for those who plan; `out/orders/PARTY`
    holds what that party may be sent: patrols with a member of its own, its own posts, and no word
    of any other, of the lottery, or of what is covered where.

    Parameters
    ----------
    out : Path
        Folder; made where it is not there. Each file is written whole or not at all.
    drawn : Drawn
        The plan and its days.
    formats : collection of str
        Of `FORMATS`.
    progress : callable, optional
        Called with (files written, files in all).

    Raises
    ------
    OSError
        If a file cannot be written; its name is in the message.
    ValueError
        If a format is not known.
    """
    from sarhad.exchange.routes import make_routes, of_party

    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise ValueError(f"no format {', '.join(unknown)}: there are {', '.join(FORMATS)}")
    routes = make_routes(
        drawn.days, drawn.plan.teams, drawn.network, drawn.scenario, drawn.places, drawn.revision
    )
    tasks = [*_staff_tasks(out / "staff", drawn, routes)]
    for party in drawn.scenario.parties:
        own = of_party(routes, party.id)
        if own:
            tasks += _party_tasks(out / "orders" / party.id, drawn, party.id, own)
    wanted = [(path, write) for path, write in tasks if path.suffix[1:] in formats]
    for number, (path, write) in enumerate(wanted, start=1):
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path)
        if progress is not None:
            progress(number, len(wanted))
    return [path for path, _ in wanted]


def _sector_cover(drawn: Drawn) -> dict[str, float]:
    """Return the chance that a person's crossing is noticed, mean over cells and hours."""
    of = drawn.network.sector_of
    means = drawn.cover[:, :, 0].mean(axis=1)
    names = enumerate(drawn.network.sectors)
    return {name: float(means[of == k].mean()) for k, name in names if (of == k).any()}


def _local_hours(drawn: Drawn) -> NDArray[np.float64]:
    """Return the coverage of persons by local hour, (cells, 24)."""
    return np.roll(drawn.cover[:, :, 0], drawn.network.start_hour, axis=1).astype(np.float64)


def _sheet(
    drawn: Drawn,
    routes: Sequence[PatrolRoute],
    parties: Iterable[str],
    cover: Mapping[str, float],
) -> MapSheet:
    from sarhad.exchange.kml import MapSheet

    title = f"{drawn.scenario.title}: {drawn.network.option}"
    return MapSheet(title, drawn.scenario, tuple(routes), tuple(parties), cover, drawn.notices)


def _staff_tasks(folder: Path, drawn: Drawn, routes: Sequence[PatrolRoute]) -> Iterator[Task]:
    from sarhad.exchange.geopackage import LineFigures, write_geopackage
    from sarhad.exchange.kml import write_kml
    from sarhad.exchange.plan_tables import (
        tabulate_coverage,
        tabulate_duties,
        tabulate_schedules,
        tabulate_visits,
    )

    everyone = [party.id for party in drawn.scenario.parties]
    sheet = _sheet(drawn, routes, everyone, _sector_cover(drawn))
    figures = LineFigures(drawn.cells, drawn.risk, _local_hours(drawn))
    yield folder / "plan.kmz", lambda path: write_kml(path, sheet)
    yield folder / "plan.gpkg", lambda path: write_geopackage(path, sheet, figures, drawn.issued)
    made: dict[str, Callable[[], Any]] = {
        "schedules": lambda: tabulate_schedules(drawn.plan, drawn.network),
        "duties": lambda: tabulate_duties(routes),
        "visits": lambda: tabulate_visits(routes),
        "coverage": lambda: tabulate_coverage(drawn.cover, drawn.cells, drawn.network),
    }
    yield from _table_tasks(folder, made)


def _table_tasks(folder: Path, tables: Mapping[str, Callable[[], Any]]) -> Iterator[Task]:
    from sarhad.exchange.plan_tables import write_table

    for name, make in tables.items():
        for suffix in ("csv", "parquet"):
            yield folder / f"{name}.{suffix}", lambda path, make=make: write_table(path, make())  # type: ignore[misc]


def _party_tasks(
    folder: Path, drawn: Drawn, party: str, routes: Sequence[PatrolRoute]
) -> Iterator[Task]:
    from sarhad.exchange.geopackage import write_geopackage
    from sarhad.exchange.kml import write_kml
    from sarhad.exchange.plan_tables import tabulate_duties, tabulate_visits

    sheet = _sheet(drawn, routes, [party], {})
    yield folder / "patrols.kmz", lambda path: write_kml(path, sheet)
    yield folder / "patrols.gpkg", lambda path: write_geopackage(path, sheet, None, drawn.issued)
    made: dict[str, Callable[[], Any]] = {
        "duties": lambda: tabulate_duties(routes),
        "visits": lambda: tabulate_visits(routes),
    }
    yield from _table_tasks(folder, made)
    by_team = sorted(routes, key=lambda route: (route.team, route.number))
    for _, of_team in groupby(by_team, key=lambda route: route.team):
        yield from _team_tasks(folder, drawn, party, tuple(of_team))


def _team_tasks(
    folder: Path, drawn: Drawn, party: str, routes: Sequence[PatrolRoute]
) -> Iterator[Task]:
    from sarhad.exchange.duty_calendar import write_calendar
    from sarhad.exchange.gpx import write_gpx
    from sarhad.exchange.orders_pdf import pages_of, write_orders
    from sarhad.exchange.texts import as_file_name

    name, notice = as_file_name(routes[0].team), " ".join(drawn.notices)
    zone = drawn.scenario.time_zone
    yield folder / f"{name}.ics", lambda path: write_calendar(path, routes, zone, drawn.issued)
    yield (
        folder / f"{name}.pdf",
        lambda path: write_orders(
            path, pages_of(routes, drawn.scenario, party, drawn.notices), drawn.issued
        ),
    )
    for route in routes:
        path = folder / f"{name}-{route.day:%Y-%m-%d}.gpx"
        yield path, lambda path, route=route: write_gpx(path, route, notice)  # type: ignore[misc]
