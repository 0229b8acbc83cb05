"""Orders say where, when, with whom, which way and with what fuel, and nothing of others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from string import Formatter
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from tests.patrols.made_network import ground_team, walking_times
from tests.plan.made_plan import NETWORK, fly, lottery, stay, walk

from sarhad.patrols import Member
from sarhad.plan import (
    ENGLISH,
    Gazetteer,
    Order,
    Place,
    draw_calendar,
    gather_places,
    orders_for,
    say_order,
    write_orders,
)

START = datetime(2025, 12, 8, 6, tzinfo=timezone(timedelta(hours=5)))
SEED = bytes(range(32))
PARTIES = {"TJ": "Host", "RU": "Guest"}
POSTS = {
    "a": Place("Alpha", None, 70.0, 37.0), "b": Place("Bravo", None, 70.1, 37.1),
    "r": Place("Romeo", None, 70.2, 37.2), "airfield": Place("Airfield", None, 70.3, 37.3),
    "forward": Place("Forward", None, 70.4, 37.4),
}  # fmt: skip


def places(zone="Asia/Dushanbe") -> Gazetteer:
    cells = np.arange(12)
    stations = {
        (kind, party): np.column_stack([71 + shift + cells / 100, np.full(12, 36.0 + shift)])
        for kind, party, shift in (("ground", "TJ", 0.1), ("ground", "RU", 0.2), ("air", "RU", 0.3))
    }
    return Gazetteer(
        ZoneInfo(zone), POSTS, cells + 0.5, stations, PARTIES, {"RU": 0.2}, {"heli": 100.0}
    )


def orders_of(duties, network=NETWORK, start=START, zone="Asia/Dushanbe", **changes):
    plan = lottery([duties], network=network, **changes)
    calendar = draw_calendar(plan, replace(network, start_hour=start.hour), start, 1, SEED)
    return write_orders(calendar, plan, network, places(zone))


def order_of(team: str, orders: tuple[Order, ...]) -> Order:
    return next(order for order in orders if order.team == team)


def test_ground_order_reads_as_its_duty() -> None:
    # Hour 8 of the patrol day is 14:00. The post lies a quarter of an hour behind km 6.5; two cells
    # on are half an hour.
    duty = walk(0, [(6, 8, 3), (8, 9, 2), (8, 10, 4), (6, 11, 2)], start=8, hours=5)
    order = order_of("tj-foot#1", orders_of([duty]))
    base, near = "Alpha (37.00000, 70.00000)", "km 6.5 (36.10000, 71.16000)"
    far = "km 8.5 (36.10000, 71.18000)"
    assert say_order(order).splitlines() == [
        "Orders for tj-foot#1, patrol day of 2025-12-08",
        "All times are local: UTC+05:00 when the patrol day begins.",
        f"On duty at {base} from 14:00 to 19:00.",
        f"14:00 leave {base}; be at {near} by 14:15",
        f"14:15 to 15:00 stay at {near} and watch",
        f"15:00 go from {near} to {far}; be there by 15:30",
        f"15:30 to 17:00 stay at {far} and watch",
        f"17:00 go from {far} to {near}; be there by 17:30",
        f"17:30 to 18:00 stay at {near} and watch",
        f"18:00 leave {near} for home; be at {base} by 19:00",
        "Report by radio at 14:00, 15:00, 16:00, 17:00, 18:00, 19:00.",
        "Then rest: no duty before 2025-12-09 05:00.",
    ]  # fmt: skip


def test_flying_order_names_pads_track_fuel_and_officer() -> None:
    # Patrol hour 7 is 13:00; out, along and home are blocks of 15 minutes at 100 kg.
    text = say_order(order_of("heli#1", orders_of([fly()])))
    for line in (
        "An officer of Host comes along: do not set out without.",
        "Fly only in weather in which you may: otherwise stay at the base.",
        "Sortie 1: take off from Airfield (37.30000, 70.30000) at 13:00.",
        "Fuel at take-off: 500 kg, of which 100 kg are the reserve.",
        "13:15 join the line at km 0.5 (36.30000, 71.30000)",
        "13:30 abreast of km 4.5 (36.30000, 71.34000)",
        "Land at Forward (37.40000, 70.40000) by 14:00.",
        "Next take-off not before 14:30.",
        "Sortie 2: take off from Forward (37.40000, 70.40000) at 14:30.",
        "Land at Airfield (37.30000, 70.30000) by 15:30.",
    ):
        assert line in text.splitlines(), line
    assert "Next take-off" not in text.split("Sortie 2")[1]


def test_patrol_that_waits_leaves_its_base_as_late_as_it_can() -> None:
    order = order_of("tj-foot#1", orders_of([walk(0, [(6, 10, 4)], start=8, hours=4)]))
    assert [(s.doing, f"{s.begin:%H:%M}", f"{s.end:%H:%M}") for s in order.steps] == [
        ("out", "15:45", "16:00"), ("stay", "16:00", "17:00"), ("home", "17:00", "18:00"),
    ]  # fmt: skip


def test_unit_without_duty_rests_and_a_duty_without_visits_waits() -> None:
    orders = orders_of([walk(0, [], hours=2)])
    assert "Stay at the base, ready to go." in say_order(order_of("tj-foot#1", orders))
    assert "No duty on this day: rest at Bravo" in say_order(order_of("tj-west#1", orders))
    assert len(orders) == 5


def mixed_orders():
    partner = Member("ru-foot", 0, "RU", "Guest team", 4, 25.0)
    mixed = ground_team("tj-west#1", walking_times(12, 6), 12, partner=partner)
    mixed = replace(mixed, name="tj-west#1+ru-foot#1", officers=0)
    hours = {"day_from": np.full(6, 7, np.int8), "day_until": np.full(6, 20, np.int8)}
    return orders_of([stay(0, 6), fly(), stay(5, 7)], teams=(*NETWORK.teams, mixed), **hours)


def test_mixed_team_is_told_with_whom_and_keeps_the_strictest_stand_off() -> None:
    orders = mixed_orders()
    order = order_of("tj-west#1+ru-foot#1", orders)
    text = say_order(order)
    assert "You go together: Team tj-west (Host, 5 people), Guest team (Guest, 4 people)." in text
    assert "km 7.5 (36.20000, 71.27000)" in text  # the guest's stations lie farther off
    assert order in orders_for("TJ", orders)
    assert order in orders_for("RU", orders)
    # Its units have no day of rest beside it.
    assert {o.team for o in orders} == {"tj-foot#1", "tj-foot#2", "heli#1", "tj-west#1+ru-foot#1"}


def test_party_gets_its_own_orders_and_no_name_or_place_of_others() -> None:
    # The guest's foot team alone uses the post Romeo; its stations lie apart from the host's.
    teams = [replace(t, base="r") if t.name == "ru-foot#1" else t for t in NETWORK.teams]
    network = replace(NETWORK, teams=tuple(teams))
    orders = orders_of([stay(0, 6), stay(1, 7, 10), stay(3, 5, 12), fly()], network)
    own, guest = orders_for("TJ", orders), orders_for("RU", orders)
    assert {o.team for o in own} == {"tj-foot#1", "tj-foot#2", "tj-west#1"}
    assert {o.team for o in guest} == {"ru-foot#1", "heli#1"}
    for mine, theirs in ((own, guest), (guest, own)):
        said = "".join(say_order(order) for order in mine) + repr(mine)
        for order in theirs:
            assert order.team not in said
            assert order.base.name not in said
            assert order.members[0].name not in said
            assert not [s for s in order.steps if s.goal.lon and str(s.goal.lon) in said]
    assert "Romeo" in "".join(say_order(o) for o in guest)


@pytest.mark.parametrize("party", ["TJ", "RU"])
def test_orders_of_a_party_are_the_same_whatever_others_do(party: str) -> None:
    # The strongest form: no time, place or number in them depends on the others' duties.
    alike = {"TJ": [stay(0, 6), stay(1, 7, 10)], "RU": [stay(3, 5, 12), fly()]}
    others = {
        "TJ": [[], [fly()], [stay(3, 6), fly()]],
        "RU": [[], [stay(0, 6)], [stay(2, 1, 9, 1)]],
    }
    found = [
        orders_for(party, orders_of(sorted([*alike[party], *more], key=lambda duty: duty.team)))
        for more in others[party]
    ]
    assert found[0] == found[1] == found[2]
    assert len({repr(orders) for orders in found}) == 1


def test_hours_are_elapsed_hours_across_a_clock_change() -> None:
    # Berlin, 26 October 2025: at 03:00 the clocks go back to 02:00. A patrol day from midnight; a
    # duty from its hour 1 to its hour 5 lasts four hours and ends at 04:00 on the clocks.
    zone = ZoneInfo("Europe/Berlin")
    start = datetime(2025, 10, 26, 0, tzinfo=zone)
    orders = orders_of([stay(0, 6, start=1)], start=start, zone="Europe/Berlin", begin=0, until=14)
    order = order_of("tj-foot#1", orders)
    assert order.begin is not None
    assert order.end is not None
    assert order.end.astimezone(UTC) - order.begin.astimezone(UTC) == timedelta(hours=4)
    text = say_order(order)
    assert "from 01:00 to 04:00 (UTC+01:00)." in text
    assert "All times are local: UTC+02:00" in text
    stays = [s for s in order.steps if s.doing == "stay"]
    assert [f"{s.begin:%H:%M%z} {s.end:%H:%M%z}" for s in stays] == ["01:15+0200 03:00+0100"]
    assert len(order.calls) == 5
    assert order.rest_until is not None
    assert order.rest_until.astimezone(UTC) - order.end.astimezone(UTC) == timedelta(hours=10)


def test_clocks_that_go_forward_leave_hours_elapsed_too() -> None:
    zone = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 3, 29, 0, tzinfo=zone)
    orders = orders_of([stay(0, 6, start=1)], start=start, zone="Europe/Berlin", begin=0, until=14)
    text = say_order(order_of("tj-foot#1", orders))
    assert "from 01:00 to 06:00 (UTC+02:00)." in text


def test_translation_has_the_same_words_and_fields() -> None:
    loud = {key: text.upper() if "{" not in text else f"* {text}" for key, text in ENGLISH.items()}
    order = order_of("heli#1", orders_of([fly()]))
    assert say_order(order, loud).startswith("* Orders for heli#1")
    with pytest.raises(ValueError, match="lacks calls, km"):
        say_order(order, {k: t for k, t in ENGLISH.items() if k not in {"km", "calls"}})
    for key, text in ENGLISH.items():
        assert all(name is None or name for _, name, _, _ in Formatter().parse(text)), key


def test_nonsense_is_refused() -> None:
    order = order_of("tj-foot#1", orders_of([stay(0, 6)]))
    with pytest.raises(ValueError, match="day of rest"):
        replace(order, begin=None, end=None)
    with pytest.raises(ValueError, match="begin and an end"):
        replace(order, begin=None)
    with pytest.raises(ValueError, match="ends after"):
        replace(order.steps[0], end=order.steps[0].begin - timedelta(hours=1))
    with pytest.raises(ValueError, match="name or a kilometre"):
        Place("", None, None, None)


def test_places_of_a_scenario_keep_each_partys_stations() -> None:
    # Two cells of 1 km; the ally's station of cell 1 was nowhere to be had.
    scenario = SimpleNamespace(
        time_zone="Asia/Dushanbe",
        posts=[SimpleNamespace(id="a", name="Alpha", lon=70.0, lat=37.0)],
        parties=[
            SimpleNamespace(id="TJ", name="Host", stand_off_km=0.0),
            SimpleNamespace(id="RU", name="Guest", stand_off_km=0.2),
        ],
        units=[
            SimpleNamespace(id="heli", kind="helicopter", burn_kg_h=400.0, reserve_min=30.0),
            SimpleNamespace(id="foot", kind="foot", burn_kg_h=None, reserve_min=None),
        ],
    )
    cells = SimpleNamespace(edges_m=np.array([0.0, 1000.0, 2000.0]))
    observers = SimpleNamespace(
        east_m=np.array([1.0, 2.0, 3.0]), north_m=np.array([4.0, 5.0, 6.0]),
        look_observer=np.array([1, 0, 0, 0, 2]),
        look_east_m=np.array([2.0, 0.0, 1.0, 2.0, 3.0]),
        look_north_m=np.array([5.0, 4.5, 4.4, 3.1, 6.0]),
        stations={("ground", "TJ"): np.array([1, 2]), ("ground", "RU"): np.array([0, -1])},
    )  # fmt: skip
    grid = SimpleNamespace(unproject=lambda east, north: (east + 70, north + 30))
    found = gather_places(scenario, cells, observers, grid)
    assert found.posts["a"] == Place("Alpha", None, 70.0, 37.0)
    assert found.reserve_kg == {"heli": 200.0}
    host, guest = NETWORK.teams[0], NETWORK.teams[3]
    assert found.beside(1, host) == Place("", 1.5, 73.0, 36.0)
    # In a bend the mean of an observer's three looks may lie nearer to the line than its party may
    # come, or across it: the look next to the mean is where it stands.
    assert found.beside(0, guest) == Place("", 0.5, 71.0, 34.4)
    assert found.beside(1, guest) == Place("", 1.5, None, None)
