from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from tests.risk.lines import NOON, report, strip_of

from sarhad.risk import find_record_notes, find_twins, gather_records, wall_days
from sarhad.risk.features import remember
from sarhad.risk.records import best_reports

ZONE = ZoneInfo("UTC")


def test_event_beyond_the_strip_is_left_out_with_its_distance() -> None:
    # 0.9 degrees of latitude at the equator are 99.5 km, on the map's scale 99.4.
    records, outside = gather_records([report("far", lat=0.9)], strip_of(), ZONE)
    assert len(records) == 0
    assert outside == (
        "incident far lies 99 km from the line, beyond the 50 km that count: left out",
    )


def test_event_on_the_far_side_counts_and_has_a_negative_distance() -> None:
    records, outside = gather_records([report("far-side", lat=-0.1)], strip_of(), ZONE)
    assert outside == ()
    assert records.distance_m[0] == pytest.approx(-11_057, rel=1e-3)


def test_days_are_those_of_the_wall_clock_from_a_monday() -> None:
    assert wall_days(NOON, ZONE) % 7 == 0.5
    assert wall_days(datetime(2024, 1, 1, 23, tzinfo=UTC), ZoneInfo("Asia/Dushanbe")) % 7 == (
        pytest.approx(1 + 4 / 24)
    )


def test_reports_of_one_event_weigh_together_as_the_most_believed() -> None:
    rows = [
        report("a", event="x", source="one"),
        report("b", event="x", source="two", reliability="D", credibility=3),
        report("c", source="three", reliability="E", credibility=5),
    ]
    records, _ = gather_records(rows, strip_of(), ZONE)
    assert records.weight[:2].sum() == pytest.approx(1.0)
    assert records.weight[2] == pytest.approx(np.sqrt(0.2 * 0.1))
    assert best_reports(records).ids == ("a", "c")


def test_conflicting_counts_stay_and_are_told() -> None:
    rows = [
        report("a", event="x", killed_low=3, killed_high=3),
        report("b", event="x", killed_low=5, killed_high=6),
    ]
    notes = find_record_notes(rows, ZONE)
    assert notes == ("event x: its 2 reports differ on the killed; all stay, and 3 to 6 is used",)


def test_twins_are_proposed_for_other_sources_at_the_same_place_and_time() -> None:
    one = report("one", source="a paper")
    other = report("other", source="a ministry", lon=20.55, start=NOON + timedelta(hours=6),
                   end=NOON + timedelta(hours=8))  # fmt: skip
    assert [(t.one, t.other) for t in find_twins([other, one])] == [("one", "other")]
    assert "may be one event (6 km apart" in find_twins([one, other])[0].sentence


@pytest.mark.parametrize(
    "change",
    [
        {"source": "a paper"},
        {"lon": 20.9},
        {"start": NOON + timedelta(days=3), "end": NOON + timedelta(days=3)},
    ],
    ids=["same source", "45 km away", "three days later"],
)
def test_no_twins_otherwise(change: dict[str, object]) -> None:
    other = report("other", **({"source": "a ministry"} | change))
    assert find_twins([report("one", source="a paper"), other]) == ()


def test_reports_named_as_one_event_are_no_twins() -> None:
    rows = [report("one", event="x", source="a"), report("other", event="x", source="b")]
    assert find_twins(rows) == ()


def test_future_incident_is_told() -> None:
    notes = find_record_notes([report("late")], ZONE, NOON - timedelta(days=1))
    assert notes == ("incident late lies in the future: correct its start and end",)


def test_empty_record_is_told() -> None:
    assert find_record_notes([], ZONE) == ()


def test_first_of_a_month_at_midnight_is_asked_about() -> None:
    first = datetime(2024, 3, 1, tzinfo=UTC)
    notes = find_record_notes([report("m", start=first, end=first)], ZONE)
    assert "if only the month is known, let it end with the month" in notes[0]


def test_month_is_remembered_as_the_mean_of_its_days() -> None:
    # 30 days, looked back at 10 days after their end, memory 7 days: the mean of 3,000 moments.
    moments = (np.arange(3000) + 0.5) / 100
    expected = np.exp(-(40.0 - moments) / 7.0).mean()
    found = remember(40.0, np.array([0.0]), np.array([30.0]), 7.0)[0]
    assert found == pytest.approx(expected, rel=1e-5)
    assert remember(40.0, np.array([0.0]), np.array([1.0]), 7.0)[0] < found
