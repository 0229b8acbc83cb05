from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from sarhad.border import build_border
from sarhad.report.page import write_svg
from sarhad.report.risk_map import draw_risk
from sarhad.report.risk_words import describe_risk
from sarhad.risk import (
    IncidentRisk,
    estimate_from_records,
    gather_covariates,
    gather_records,
    lay_strip,
)
from sarhad.scenario import Incident, RiskSettings


@pytest.fixture(scope="module")
def risk() -> IncidentRisk:
    strip = lay_strip(build_border([[(20.0, 0.0), (21.0, 0.0)]], "left"), 100, 50_000.0)
    evening = datetime(2024, 1, 1, 18, tzinfo=UTC)
    raid = Incident(
        id="raid", start=evening, end=evening + timedelta(hours=12), kind="armed_raid",
        lon=20.5, lat=0.05, precision="exact", radius_km=0.5, source="a test",
    )  # fmt: skip
    zone = ZoneInfo("UTC")
    records, _ = gather_records([raid], strip, zone)
    return estimate_from_records(
        strip, records, gather_covariates(strip), RiskSettings(), evening + timedelta(days=9),
        zone, np.random.default_rng(0),
    )  # fmt: skip


def test_night_raid_is_drawn_on_both_sides_of_midnight(risk: IncidentRisk) -> None:
    hours = draw_risk(risk, "Test").axes[2]
    bars = sorted(tuple(float(y) for y in line.get_ydata()) for line in hours.lines)
    assert bars == [(0.0, 6.0), (18.0, 24.0)]
    at_km = [float(line.get_xdata()[0]) for line in hours.lines]
    assert at_km == pytest.approx([56.2, 56.2], abs=0.1)


def test_same_risk_gives_the_same_bytes(risk: IncidentRisk) -> None:
    first, second = (write_svg(draw_risk(risk, "Test")) for _ in range(2))
    assert first == second
    assert b"Test: risk from 10 January 2024" in first


def test_words_say_the_whole_line_and_its_highest_cells(risk: IncidentRisk) -> None:
    lines = describe_risk("Test", risk)
    assert lines[1].startswith("  whole line  one event in")
    assert lines[2].startswith("  km    55.7  one event in")


def test_notices_and_sources_stand_on_the_sheet(risk: IncidentRisk) -> None:
    sheet = draw_risk(risk, "Test", notices=["stand-in relief"], attributions=["A, B (CC BY 4.0)"])
    svg = write_svg(sheet)
    assert b"stand-in relief" in svg
    assert b"Sources: A, B (CC BY 4.0)" in svg


def test_no_line_of_the_foot_leaves_the_sheet(risk: IncidentRisk) -> None:
    figure = draw_risk(risk, "Test", attributions=["a source with a long name"] * 30)
    right = [text.get_window_extent().x1 for text in figure.axes[0].texts]
    assert max(right) < figure.bbox.x1
