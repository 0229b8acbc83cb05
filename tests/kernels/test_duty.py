"""Witness: every legal duty of a small network, listed from its travel times in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from tests.patrols.made_network import ground_team, ground_times, made_network

from sarhad.kernels import NONE, ground_duty
from sarhad.kernels.library import VARIANTS, supported
from sarhad.patrols import Duty, GroundReach, Team, find_breaches

NETWORKS = 220
LEAD = 4
Visits = tuple[tuple[int, int, int], ...]  # station, hour of the duty from 1, quarters


class SmallGround:
    """A random ground network with its times in seconds."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.rng = rng
        self.n = int(rng.integers(2, 5))
        self.duty_h = int(rng.integers(2, 5 if self.n < 4 else 4))
        self.out_s, self.home_s = rng.uniform(200, 3600 * 1.6, (2, self.n)).astype(np.float32)
        self.along_s = rng.uniform(300, 3500, (2, self.n - 1)).astype(np.float32)
        self.open = rng.random(self.n) < 0.9
        self.longest = np.zeros(24, np.int8)
        starts = rng.choice(20, 2, replace=False)
        self.longest[starts] = rng.integers(1, 5, 2)
        rows = int(rng.choice([1, 4]))
        self.worth = np.sort(rng.random((rows, 24, self.n)).astype(np.float32), axis=0)
        self.times = ground_times(self.out_s, self.home_s, self.along_s)

    @property
    def team(self) -> Team | None:
        stays = self.stays_possible()
        if not stays.any():
            return None
        return ground_team("made#1", self.times, self.n, duty_h=self.duty_h, open_cells=self.open)

    def stays_possible(self) -> np.ndarray:
        whole = self.out_s + self.home_s + 900 <= self.duty_h * 3600
        return self.open & whole

    def way_s(self, a: int, b: int) -> float:
        """Return the time along the line from a to b; infinite through closed stations."""
        low, high = min(a, b), max(a, b)
        if not self.stays_possible()[low : high + 1].all():
            return np.inf
        return float(self.along_s[int(b < a), low:high].astype(float).sum())

    def first_visits(self) -> Iterator[tuple[int, int, int]]:
        for j in map(int, np.flatnonzero(self.stays_possible())):
            hours = int(self.out_s[j] // 3600) + 1
            left = int((hours * 3600 - float(self.out_s[j])) // 900)
            yield from ((j, hours, q) for q in range(left + 1))
            for later in range(hours + 1, self.duty_h + 1):
                yield from ((j, later, q) for q in range(5))

    def duties(self) -> Iterator[Visits]:
        """Yield the visits of every legal duty, whatever its start."""
        stays = [int(j) for j in np.flatnonzero(self.stays_possible())]
        spare_s = {(j, k): 3600 - self.way_s(j, k) for j in stays for k in stays}
        left = {way: int(s // 900) if s >= 0 else -1 for way, s in spare_s.items()}
        stack: list[Visits] = [(first,) for first in self.first_visits()]
        while stack:
            visits = stack.pop()
            j, hour, _ = visits[-1]
            if hour + np.ceil(self.home_s[j] / 3600) <= self.duty_h:
                yield visits
            if hour < self.duty_h:
                stack += [(*visits, (k, hour + 1, q)) for k in stays for q in range(left[j, k] + 1)]

    def worth_of(self, visits: Visits, start: int) -> float:
        total = 0.0
        for j, hour, q in visits:
            here = self.worth[:, start + hour - 1, j].astype(float)
            total += (q / 4 * here[0] if len(here) == 1 else here[q - 1]) if q else 0.0
        return total

    def length_of(self, visits: Visits) -> int:
        return visits[-1][1] + int(np.ceil(self.home_s[visits[-1][0]] / 3600))


def arrays(reach: GroundReach):
    return reach.out_hours, reach.out_quarters, reach.home_hours, reach.low, reach.high


def made(count: int) -> list[tuple[SmallGround, Team]]:
    """Return so many random networks in which some station can be reached."""
    found = []
    seed = 0
    while len(found) < count:
        net = SmallGround(seed)
        team = net.team
        if team is not None:
            found.append((net, team))
        seed += 1
    return found


def best_of(net: SmallGround, team: Team, price: float = 0.0):
    reach = team.reach
    window = slice(reach.first, reach.first + len(reach))
    worth = np.ascontiguousarray(net.worth[:, :, window])
    return ground_duty(worth, net.longest, net.duty_h, *arrays(reach), price)


def test_best_duty_equals_exhaustive_enumeration_on_random_networks() -> None:
    worst, duties = 0.0, 0
    for net, team in made(NETWORKS):
        by_length = np.full(net.duty_h + 1, -np.inf)
        by_length[0] = 0.0
        for visits in net.duties():
            duties += 1
            length = net.length_of(visits)
            for start in np.flatnonzero(net.longest >= length):
                by_length[length] = max(by_length[length], net.worth_of(visits, int(start)))
        found = best_of(net, team)
        assert np.array_equal(found.by_length < NONE, np.isinf(by_length))
        there = np.isfinite(by_length)
        assert np.allclose(found.by_length[there], by_length[there], rtol=1e-5, atol=1e-6)
        assert found.value == pytest.approx(by_length.max(), rel=1e-5, abs=1e-6)
        worst = max(worst, abs(found.value - by_length.max()) / max(by_length.max(), 1e-9))
    assert worst < 1e-5
    assert duties > 10_000


def test_best_duty_with_ways_outside_the_day_equals_exhaustive_enumeration() -> None:
    outside = 0
    for number, (net, team) in enumerate(made(NETWORKS // 2)):
        rng = np.random.default_rng(number)
        longest = np.zeros(24 + 2 * LEAD, np.int8)
        starts = rng.choice([*range(LEAD + 1), *range(24 + LEAD - 4, 24 + LEAD)], 3, replace=False)
        longest[starts] = np.minimum(rng.integers(1, 5, 3), len(longest) - starts)
        by_length = np.full(net.duty_h + 1, -np.inf)
        by_length[0], best_start = 0.0, 0
        for visits in net.duties():
            length, hours = net.length_of(visits), [hour for _, hour, _ in visits]
            for start in np.flatnonzero(longest >= length) - LEAD:
                if start + hours[0] - 1 >= 0 and start + hours[-1] - 1 < 24:
                    worth = net.worth_of(visits, int(start))
                    if worth > by_length.max():
                        best_start = int(start)
                    by_length[length] = max(by_length[length], worth)
        window = slice(team.reach.first, team.reach.first + len(team.reach))
        worth = np.ascontiguousarray(net.worth[:, :, window])
        found = ground_duty(worth, longest[: 24 + LEAD], net.duty_h, *arrays(team.reach))
        assert np.array_equal(found.by_length < NONE, np.isinf(by_length))
        there = np.isfinite(by_length)
        assert np.allclose(found.by_length[there], by_length[there], rtol=1e-5, atol=1e-6)
        if found.hours:
            assert found.start == best_start
            assert 0 <= found.hour.min() <= found.hour.max() < 24
            outside += found.start < 0 or found.start + found.hours > 24
    assert outside > 20


def as_duty(visits: Visits, start: int, hours: int) -> Duty:
    station, hour, quarters = np.array(visits, int).reshape(-1, 3).T
    return Duty(
        0, start, hours, station.astype(np.int16), (start + hour - 1).astype(np.int8),
        quarters.astype(np.int8),
    )  # fmt: skip


def test_every_duty_of_the_kernel_is_legal_and_worth_what_it_says() -> None:
    for net, team in made(NETWORKS):
        for price in (0.0, 0.2):
            best = best_of(net, team, price)
            if not best.hours:
                continue
            duty = Duty(
                0, best.start, best.hours, (best.station + team.reach.first).astype(np.int16),
                best.hour, best.quarters,
            )  # fmt: skip
            network = made_network([team], net.n)
            assert find_breaches(duty, team, network) == ()
            assert best.hours <= net.longest[best.start]
            visits = tuple(
                zip(duty.station, duty.hour - duty.start + 1, duty.quarters, strict=True)
            )
            assert net.worth_of(visits, duty.start) == pytest.approx(best.value, rel=1e-5)


def test_find_breaches_agrees_with_travel_times_on_random_duties() -> None:
    rng = np.random.default_rng(5)
    legal_seen = broken_seen = 0
    for net, team in made(60):
        network = made_network([team], net.n)
        legal = set(net.duties())
        some = sorted(legal)[:: max(len(legal) // 30, 1)]
        for visits in some:
            hours = net.length_of(visits)
            assert find_breaches(as_duty(visits, 3, hours), team, network) == ()
            legal_seen += 1
            bent = [list(v) for v in visits]
            place = int(rng.integers(len(bent)))
            bent[place][int(rng.choice([0, 2]))] = int(rng.integers(0, net.n))
            tried = tuple(tuple(v) for v in bent)
            if tried not in legal:
                duty = as_duty(tried, 3, min(hours, net.duty_h))
                assert find_breaches(duty, team, network)
                broken_seen += 1
    assert legal_seen > 500
    assert broken_seen > 100


def test_price_per_hour_chooses_the_duty_that_pays_best() -> None:
    # One station 10 minutes off, worth 1 an hour by day: at 0.6 an hour three quarters do not pay
    # for the hour home, at 0.2 the longest duty does.
    times = ground_times([600.0, 700.0], [600.0, 700.0], [[600.0], [600.0]])
    team = ground_team("made#1", times, 2, duty_h=4)
    worth = np.zeros((1, 24, 2), np.float32)
    worth[0, :, 0] = 1.0
    longest = np.full(24, 4, np.int8)
    longest[21:] = 0
    cheap = ground_duty(worth, longest, 4, *arrays(team.reach), 0.2)
    dear = ground_duty(worth, longest, 4, *arrays(team.reach), 1.1)
    assert (cheap.hours, cheap.value) == (4, pytest.approx(2.75))
    assert (dear.hours, dear.value) == (0, 0.0)
    assert dear.by_length[2] == pytest.approx(0.75)


def test_variants_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    n = 300
    out_s, home_s = 600 + 80.0 * np.abs(np.arange(n) - 150), 600 + 90.0 * np.abs(np.arange(n) - 150)
    team = ground_team(
        "made#1", ground_times(out_s, home_s, rng.uniform(40, 900, (2, n - 1))), n, duty_h=12
    )
    worth = rng.random((4, 24, n)).astype(np.float32)
    part = slice(team.reach.first, team.reach.first + len(team.reach))
    longest = np.minimum(np.full(24, 12), 24 - np.arange(24)).astype(np.int8)
    found = []
    for variant in filter(supported, VARIANTS):
        monkeypatch.setenv("SARHAD_KERNELS", variant)
        best = ground_duty(
            np.ascontiguousarray(worth[:, :, part]), longest, 12, *arrays(team.reach)
        )
        found.append((best.value, best.start, best.station.tobytes(), best.by_length.tobytes()))
    assert len(found[0][2]) >= 16
    assert len(set(found)) == 1


def test_worth_and_reach_of_other_sizes_are_refused() -> None:
    net, team = made(1)[0]
    reach = replace(team.reach, low=team.reach.low[:4])
    window = np.zeros((1, 24, len(reach)), np.float32)
    with pytest.raises(ValueError, match="as many stations"):
        ground_duty(window, net.longest, 2, *arrays(reach))
    with pytest.raises(ValueError, match="within the day"):
        ground_duty(window, np.full(24, 2, np.int8), 2, *arrays(team.reach))


def test_arrays_of_other_kinds_are_refused() -> None:
    # A kernel reads bytes: 64-bit hours would be taken for eight hours each.
    net, team = made(1)[0]
    window = np.zeros((1, 24, len(team.reach)), np.float32)
    with pytest.raises(ValueError, match="longest is an array of int8"):
        ground_duty(window, net.longest.astype(np.int64), 2, *arrays(team.reach))
    reach = replace(team.reach, home_hours=team.reach.home_hours.astype(np.int32))
    with pytest.raises(ValueError, match="home_hours is an array of uint8"):
        ground_duty(window, net.longest, 2, *arrays(reach))
