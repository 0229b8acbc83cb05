"""Forecasts by one spread and one memory each, of which the model is a mixture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.risk.records import Records
from sarhad.risk.strip import Floats, Sparse, Strip, at_home, scale_rows, spread_over_cells
from sarhad.units import METRES_PER_KILOMETRE

MEMORIES_DAYS: Final = (3.5, 7.0, 14.0, 30.0, 90.0, 365.0)
"""E-folding times of what an event still says; chosen on 2016-2017 (docs/background/risk.md)."""

EXACT_M: Final = METRES_PER_KILOMETRE
"""A place is not known better than this [m]."""

WEEK_DAYS: Final = 7.0


def spread_events(strip: Strip, records: Records, spread_m: float) -> list[Sparse]:
    """Return where each event speaks for: its cell, near repeats, its own precision.

    Parameters
    ----------
    strip : Strip
        The line's cells.
    records : Records
        The events.
    spread_m : float
        Standard deviation of near repeats in the plane [m].

    Returns
    -------
    list of sparse, each (n, cells), rows summing to one
        The cell of a point or the disc of an area; a normal law of `spread_m`; a normal law of
        half the radius that holds the place. An event without a place speaks for every cell.
    """
    placed = records.cell >= 0
    east, north = np.where(placed, records.east_m, 0.0), np.where(placed, records.north_m, 0.0)
    if not placed.all():
        # Any place on the line will do: the rows are overwritten below.
        east = np.where(placed, east, strip.plane.east_m[0])
        north = np.where(placed, north, strip.plane.north_m[0])
    radius_m = records.radius_m
    own = cells_of_events(strip, east, north, records)
    near = spread_over_cells(strip, east, north, np.full(len(records), spread_m))
    precise = spread_over_cells(strip, east, north, np.maximum(EXACT_M, radius_m / 2))
    return [_everywhere(mass, ~placed) for mass in (own, near, precise)]


def cells_of_events(strip: Strip, east_m: Floats, north_m: Floats, records: Records) -> Sparse:
    """Return the cell of each point and the disc of each area, sparse (n, cells)."""
    from scipy import sparse

    home = at_home(np.maximum(records.cell, 0), strip.cells)
    area = np.nonzero(records.is_area)[0]
    if not len(area):
        return home
    disc = spread_over_cells(strip, east_m[area], north_m[area], records.radius_m[area], disc=True)
    back = sparse.csr_matrix(
        (np.ones(len(area)), (area, np.arange(len(area)))), (len(records), len(area))
    )
    return (scale_rows(home, (~records.is_area).astype(np.float64)) + back @ disc).tocsr()


def _everywhere(mass: Sparse, unplaced: NDArray[np.bool_]) -> Sparse:
    """Return the rows of events without a place spread evenly over the line."""
    from scipy import sparse

    if not unplaced.any():
        return mass.tocsr()
    even = sparse.csr_matrix(np.full((1, mass.shape[1]), 1.0 / mass.shape[1]))
    pick = sparse.csr_matrix(unplaced.astype(np.float64)[:, None])
    return (scale_rows(mass, (~unplaced).astype(np.float64)) + pick @ even).tocsr()


def remember(origin: float, begin: Floats, end: Floats, memory_days: float) -> Floats:
    """Return the mean of exp(-age / memory) over the time in which an event may have happened.

    A date known to a month is so spread over the month.

    Parameters
    ----------
    origin : float
        When it is looked back from [days].
    begin, end : ndarray
        Range of each event's time [days].
    memory_days : float
        E-folding time [days].
    """
    span = np.maximum(end - begin, 1e-6)
    return np.asarray(
        memory_days / span * np.exp(-(origin - end) / memory_days) * -np.expm1(-span / memory_days)
    )


def scale_of(origin: float, start: float, memory_days: float, period_days: float) -> float:
    """Return what turns remembered events into events expected in a period.

    The memory's whole mass, less what lies before the record begins.
    """
    seen = -np.expm1(-max(origin - start, 1.0) / memory_days)
    return float(period_days / (memory_days * seen))


def look_back(
    masses: Sequence[Sparse], records: Records, origins: Floats, start: float, period_days: float
) -> NDArray[np.float32]:
    """Return what each spread and memory forecasts at each origin.

    Parameters
    ----------
    masses : sequence of sparse, each (n, cells)
        From `spread_events`.
    records : Records
        The events; one is known from the first origin that is not before its end.
    origins : ndarray, shape (w,)
        When forecasts are made, rising [days].
    start : float
        When the record begins [days].
    period_days : float
        Length of the period that is forecast [days].

    Returns
    -------
    ndarray of float32, shape (w, cells, spreads x memories)
        Events expected in the period from each origin.
    """
    columns = len(masses) * len(MEMORIES_DAYS)
    out = np.zeros((len(origins), masses[0].shape[1], columns), dtype=np.float32)
    known = np.searchsorted(origins, records.end, side="left")
    order = np.argsort(known, kind="stable")
    cut = np.searchsorted(known[order], np.arange(len(origins) + 1))
    for spread, mass in enumerate(masses):
        sorted_mass = mass.tocsr()[order]
        for number, memory in enumerate(MEMORIES_DAYS):
            column = spread * len(MEMORIES_DAYS) + number
            state = np.zeros(mass.shape[1])
            for week, origin in enumerate(origins):
                if week:
                    state *= np.exp(-(origin - origins[week - 1]) / memory)
                rows = slice(cut[week], cut[week + 1])
                new = order[rows]
                if len(new):
                    kept = remember(origin, records.begin[new], records.end[new], memory)
                    state = state + sorted_mass[rows].T @ (records.weight[new] * kept)
                scale = scale_of(float(origin), start, memory, period_days)
                out[week, :, column] = state * scale
    return out


def event_strengths(records: Records, origin: float, start: float, period_days: float) -> Floats:
    """Return what each event adds by each memory at one origin, weight apart, (n, memories)."""
    return np.stack(
        [
            remember(origin, records.begin, records.end, memory)
            * scale_of(origin, start, memory, period_days)
            for memory in MEMORIES_DAYS
        ],
        axis=1,
    ).reshape(len(records), len(MEMORIES_DAYS))
