"""Risk and backtests in words and figures, for a terminal or a JSON object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from sarhad.risk import IncidentRisk
from sarhad.risk.explain import say_rate

HIGHEST: Final = 10


def summarise_risk(risk: IncidentRisk) -> dict[str, Any]:
    """Return the figures of a risk: the whole line, its highest cells, its covariates."""
    size_km = risk.strip.cell_m / 1000
    worst = np.argsort(-risk.weekly, kind="stable")[:HIGHEST]
    columns = {"per_week": risk.weekly, "low": risk.weekly_low, "high": risk.weekly_high}
    return {
        "at": risk.at.isoformat(),
        "cells": risk.strip.cells,
        "periods": risk.intensity.shape[1],
        "per_week": float(risk.weekly.sum()),
        "per_week_low": risk.total_low,
        "per_week_high": risk.total_high,
        "season": risk.season,
        "covariates": list(risk.covariates.names),
        "left_out": list(risk.covariates.left_out),
        "highest": [
            {"from_km": float(cell * size_km)}
            | {name: float(column[cell]) for name, column in columns.items()}
            for cell in worst
        ],
    }


def describe_risk(title: str, risk: IncidentRisk) -> list[str]:
    """Return the risk in a few lines."""
    summary = summarise_risk(risk)
    rates = [say_rate(summary[key]) for key in ("per_week", "per_week_low", "per_week_high")]
    lines = [
        f"{title}: risk from {risk.at.isoformat()}",
        f"  whole line  {rates[0]}, with 90 % certainty between {rates[1]} and {rates[2]}",
    ]
    for row in summary["highest"][: HIGHEST // 2]:
        ends = f"{say_rate(row['low'])} to {say_rate(row['high'])}"
        lines.append(f"  km {row['from_km']:7.1f}  {say_rate(row['per_week'])} ({ends})")
    return lines


def describe_backtest(title: str, content: Mapping[str, Any]) -> list[str]:
    """Return the scores of a backtest as tables, its verdict and its notes.

    Parameters
    ----------
    title : str
        Of the scenario.
    content : mapping
        What `sarhad backtest --json` prints.
    """
    lines = [f"{title}: {content['events']} events in {content['forecasts']} weeks scored"]
    lines += _table_of(content["models"])
    for part in content["years"]:
        lines += [f"{part['year']}: {part['events']} events", *_table_of(part["models"])]
    month = content["month"]
    lines += [f"a month ahead: {month['events']} events", *_table_of(month["models"])]
    for name, (mean, low, high) in content["coverage_90_over_seeds"].items():
        lines.append(f"  coverage over 20 seeds, {name}: {mean:.3f} ({low:.3f} to {high:.3f})")
    lines += [f"  {word}" for word in content["verdict"]]
    lines += [f"  note: {note}" for note in content["notes"]]
    return [*lines, *(f"  {path}" for path in content["files"])]


def _table_of(models: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = ["  model       log score  ours less it [95 %]         hits 5/10/20 %     90 % cover"]
    for model in models:
        gap = ""
        if model["difference"] is not None:
            ends = f"[{model['difference_low']:.3f}, {model['difference_high']:.3f}]"
            gap = f"{model['difference']:.3f} {ends}"
        hits = " ".join(f"{model[f'hit_rate_{share}']:.3f}" for share in (5, 10, 20))
        name = f"  {model['name']:10s}{model['log_score']:11.3f}"
        lines.append(f"{name}  {gap:26s}  {hits:17s}  {model['coverage_90']:.3f}")
    return lines
