"""A straight line and incidents beside it, for the tests of risk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from sarhad.border import Border, build_border
from sarhad.risk import Records, Strip, lay_strip
from sarhad.scenario import Incident

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
"""A Monday."""


def straight(length_deg: float = 1.0) -> Border:
    """Return a line along the equator, the own side to its north."""
    return build_border([[(20.0, 0.0), (20.0 + length_deg, 0.0)]], "left")


def strip_of(cells: int = 100, length_deg: float = 1.0, within_m: float = 50_000.0) -> Strip:
    return lay_strip(straight(length_deg), cells, within_m)


def report(name: str, **more: Any) -> Incident:
    values: dict[str, Any] = {
        "id": name, "start": NOON, "end": NOON + timedelta(hours=1), "kind": "armed_raid",
        "lon": 20.5, "lat": 0.05, "precision": "exact", "radius_km": 0.5,
        "reliability": "A", "credibility": 1, "source": "a test",
    }  # fmt: skip
    return Incident(**(values | more))


def records_at(strip: Strip, day: Any, at_m: Any) -> Records:
    """Return exact reports on the line itself at chainages [m] and days."""
    day, at_m = np.asarray(day, dtype=np.float64), np.asarray(at_m, dtype=np.float64)
    count, one = len(day), np.ones(len(day))
    east = np.interp(at_m, strip.plane.chainage_m, strip.plane.east_m)
    north = np.interp(at_m, strip.plane.chainage_m, strip.plane.north_m)
    yes = np.ones(count, dtype=bool)
    return Records(
        tuple(f"e{i}" for i in range(count)), ("raid",) * count, np.arange(count), east, north,
        500.0 * one, ~yes, yes, day, day + 0.01, one, strip.cell_at(at_m), 0 * one,
    )  # fmt: skip
