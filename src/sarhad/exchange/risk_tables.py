"""Writes risk and backtests as tables: CSV that any spreadsheet or statistics package reads."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Final

import numpy as np

from sarhad.border import place_at
from sarhad.risk import Forecasts, IncidentRisk, sum_stretches
from sarhad.risk.backtest import OURS
from sarhad.risk.counts import SIZES
from sarhad.risk.explain import busiest_hour
from sarhad.risk.records import EPOCH

LEAST_SHARE: Final = 0.01
"""Records and factors that add less than this to a cell are not listed for it."""


def write_rows(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return a table as CSV."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(header)
    table.writerows(rows)
    return text.getvalue().encode()


def tabulate_risk(risk: IncidentRisk, notice: str = "") -> dict[str, bytes]:
    """Return the tables of a risk by file name: cells, cells and hours, reasons.

    Parameters
    ----------
    risk : IncidentRisk
        From `estimate_risk`.
    notice : str
        What each row of the cells has to say, such as that the heights are a stand-in.
    """
    return {
        "risk_cells.csv": write_rows(_CELLS, _cell_rows(risk, notice)),
        "risk_hours.csv": write_rows(_HOURS, _hour_rows(risk)),
        "risk_reasons.csv": write_rows(_REASONS, _reason_rows(risk)),
    }


_CELLS = (
    *("cell", "from_km", "to_km", "lon", "lat", "per_week", "low", "high"),
    *("busiest_hour", "notice"),
)
_HOURS = ("cell", "hour_of_week", "per_hour", "low", "high")
_REASONS = ("cell", "what", "is_record", "per_week", "share")


def _cell_rows(risk: IncidentRisk, notice: str) -> Iterable[Sequence[Any]]:
    size_km = risk.strip.cell_m / 1000
    lon, lat = place_at(risk.strip.border, risk.strip.middles_m)
    for cell in range(risk.strip.cells):
        yield (
            cell, f"{cell * size_km:.3f}", f"{(cell + 1) * size_km:.3f}",
            f"{lon[cell]:.6f}", f"{lat[cell]:.6f}", f"{risk.weekly[cell]:.6g}",
            f"{risk.weekly_low[cell]:.4g}", f"{risk.weekly_high[cell]:.4g}",
            busiest_hour(risk, cell), notice,
        )  # fmt: skip


def _hour_rows(risk: IncidentRisk) -> Iterable[Sequence[Any]]:
    for cell in range(risk.strip.cells):
        rows = zip(risk.intensity[cell], risk.low[cell], risk.high[cell], strict=True)
        for hour, (mean, low, high) in enumerate(rows):
            yield cell, hour, f"{mean:.5g}", f"{low:.4g}", f"{high:.4g}"


def _reason_rows(risk: IncidentRisk) -> Iterable[Sequence[Any]]:
    added = risk.parts.events.tocoo()
    keep = added.data > LEAST_SHARE * risk.weekly[added.col]
    order = np.lexsort((-added.data[keep], added.col[keep]))
    columns = (added.col[keep][order], added.row[keep][order], added.data[keep][order])
    for cell, row, value in zip(*columns, strict=True):
        share = value / risk.weekly[cell]
        yield cell, risk.records.ids[row], "yes", f"{value:.5g}", f"{share:.4f}"
    for number, name in enumerate(risk.covariates.names):
        for cell, value in enumerate(risk.parts.backgrounds[:, number]):
            yield cell, name, "no", f"{value:.5g}", f"{value / risk.weekly[cell]:.4f}"


def tabulate_backtest(
    forecasts: Forecasts, chosen: np.ndarray[Any, np.dtype[np.bool_]], label: str
) -> dict[str, bytes]:
    """Return every forecast that was scored, the events and the counts, by file name.

    The log score of a model is (sum over the events of log expected - sum of expected) / events,
    expected being that of the event's week and cell, or the sum over the cells of its area.

    Parameters
    ----------
    forecasts : Forecasts
        From `run_backtest`.
    chosen : ndarray of bool, shape (forecasts,)
        Origins that were scored.
    label : str
        What one forecast covers: week, month.
    """
    week = np.nonzero(chosen)[0]
    monday = [_day(origin) for origin in forecasts.weeks.origins]
    scatter = [f"share_size_{size:g}" for size in SIZES]
    return {
        f"forecasts_{label}.csv": write_rows(
            ("model", label, "cell", "expected"), _forecast_rows(forecasts, week, monday)
        ),
        f"events_{label}.csv": write_rows(
            (label, "event", "cells"), _event_rows(forecasts, chosen, monday)
        ),
        f"counts_{label}.csv": write_rows(
            (label, "stretch", "model", "events", "expected", "place", *scatter),
            _count_rows(forecasts, week, monday),
        ),
    }


def _day(days: float) -> str:
    return f"{EPOCH + timedelta(days=float(days)):%Y-%m-%d}"


def _forecast_rows(
    forecasts: Forecasts, week: np.ndarray[Any, Any], monday: list[str]
) -> Iterable[Sequence[Any]]:
    for name, mean in forecasts.means.items():
        for number in week:
            for cell, value in enumerate(mean[number].tolist()):
                yield name, monday[number], cell, f"{value:.10g}"


def _event_rows(
    forecasts: Forecasts, chosen: np.ndarray[Any, Any], monday: list[str]
) -> Iterable[Sequence[Any]]:
    weeks = forecasts.weeks
    where = weeks.where.tocsr()
    for row in np.nonzero(chosen[weeks.week])[0]:
        cells = where.indices[where.indptr[row] : where.indptr[row + 1]]
        name = forecasts.events.ids[weeks.event[row]]
        yield monday[weeks.week[row]], name, " ".join(map(str, sorted(cells)))


def _count_rows(
    forecasts: Forecasts, week: np.ndarray[Any, Any], monday: list[str]
) -> Iterable[Sequence[Any]]:
    for name, mean in forecasts.means.items():
        expected = sum_stretches(mean, forecasts.stretch)
        for number in week:
            shares = forecasts.scatter[number] if name == OURS else ()
            for stretch, count in enumerate(forecasts.counts[number]):
                place = forecasts.places[name][number, stretch]
                yield (
                    monday[number], stretch, name, int(count), f"{expected[number, stretch]:.8g}",
                    f"{place:.6f}", *(f"{share:.6f}" for share in shares),
                )  # fmt: skip
