"""Witnesses: every sortie and every flying day of a small air space, listed one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from tests.patrols.made_network import air_team, made_network

from sarhad.kernels import NONE, AirSpace, best_sorties, fine_sortie, flying_day, sortie_route
from sarhad.kernels.library import VARIANTS, supported
from sarhad.patrols import Duty, Flight, Sortie, find_breaches, passes_of

NETWORKS = 200
STEP = 2


@dataclass
class SmallAir:
    """A random class of helicopters over a few nodes, open for part of the day."""

    seed: int

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        self.pads, self.k = int(rng.integers(1, 4)), int(rng.integers(2, 5))
        up = np.minimum(np.arange(self.k) + rng.integers(1, 3, self.k), self.k - 1)
        down = np.maximum(np.arange(self.k) - rng.integers(1, 3, self.k), 0)
        self.up = np.where(up > np.arange(self.k), up, -1).astype(np.int32)
        self.down = np.where(down < np.arange(self.k), down, -1).astype(np.int32)
        self.out = rng.choice([1, 1, 2, 3, 255], (self.pads, self.k)).astype(np.uint8)
        self.home = rng.choice([1, 1, 2, 255], (self.k, self.pads)).astype(np.uint8)
        self.open = np.zeros(96, np.uint8)
        first = int(rng.integers(0, 20)) * 4
        self.open[first : first + 14] = 1
        self.open[first + int(rng.integers(8, 14))] = rng.integers(0, 2)
        self.first = first
        self.most, self.turn = int(rng.integers(3, 6)), int(rng.integers(0, 4))
        self.day_blocks, self.duty_h = int(rng.integers(3, 13)), int(rng.integers(1, 5))
        self.longest = np.zeros(24, np.int8)
        for hour in range(first // 4, min(first // 4 + 4, 24)):
            self.longest[hour] = min(rng.integers(0, 5), 24 - hour)
        passes = rng.random((24, self.k)).astype(np.float32)
        self.passed = np.cumsum(passes, axis=1).astype(np.float32)
        self.pad_open = (rng.random(self.pads) < 0.8).astype(np.uint8)

    @property
    def space(self) -> AirSpace:
        return AirSpace(
            self.up, self.down, self.out, self.home, self.open, STEP, self.most, self.turn,
            self.day_blocks,
        )  # fmt: skip

    def run(self, block: int, a: int, b: int) -> float:
        row = self.passed[block // 4].astype(float)
        return abs(row[b] - row[a])

    def tracks(self, pad: int, block: int) -> Iterator[tuple[list[int], int, float]]:
        """Yield nodes, blocks aloft and worth of every track from a pad, in one direction each."""
        for ahead in (self.up, self.down):
            for first in np.flatnonzero(self.out[pad] < 255).tolist():
                nodes, aloft, worth = [first], int(self.out[pad, first]), 0.0
                yield nodes, aloft, worth
                while aloft + 2 <= self.most and ahead[nodes[-1]] >= 0 and block + aloft < 96:
                    worth += self.run(block + aloft, nodes[-1], int(ahead[nodes[-1]]))
                    nodes = [*nodes, int(ahead[nodes[-1]])]
                    aloft += 1
                    yield nodes, aloft, worth

    def sorties(self) -> dict[tuple[int, int, int, int], float]:
        """Return the worth of the best sortie by pad, slot, pad and blocks."""
        best: dict[tuple[int, int, int, int], float] = {}
        for pad in np.flatnonzero(self.pad_open):
            for slot in range(self.first // STEP, min(self.first // STEP + 8, 48)):
                for nodes, aloft, worth in self.tracks(int(pad), slot * STEP):
                    for to in range(self.pads):
                        blocks = aloft + int(self.home[nodes[-1], to])
                        aloft_blocks = self.open[slot * STEP : slot * STEP + blocks]
                        fits = len(aloft_blocks) == blocks and aloft_blocks.all()
                        if len(nodes) > 1 and blocks <= self.most and fits:
                            key = (int(pad), slot, to, blocks)
                            best[key] = max(best.get(key, 0.0), worth)
        return best

    def days(self, sorties) -> np.ndarray:
        """Return the best day by blocks aloft, from every chain of sorties."""
        best = np.full(self.day_blocks + 1, -np.inf)
        best[0] = 0.0
        by_pad: dict[int, list] = {}
        for (pad, slot, to, blocks), worth in sorties.items():
            by_pad.setdefault(pad, []).append((slot, to, blocks, worth))
        for start in range(24):
            end = (start + min(int(self.longest[start]), self.duty_h)) * 4
            stack = [(0, start * 4, 0, 0.0)]
            while stack and end > start * 4:
                pad, ready, aloft, total = stack.pop()
                for slot, to, blocks, worth in by_pad.get(pad, []):
                    landed = slot * STEP + blocks
                    if slot * STEP < ready or landed > end or aloft + blocks > self.day_blocks:
                        continue
                    if to == 0:
                        best[aloft + blocks] = max(best[aloft + blocks], total + worth)
                    stack.append((to, landed + self.turn, aloft + blocks, total + worth))
        return best


def test_best_sorties_equal_exhaustive_enumeration_on_random_air_spaces() -> None:
    seen = 0
    for seed in range(NETWORKS):
        air = SmallAir(seed)
        found = best_sorties(air.space, air.passed, air.pad_open)
        right = air.sorties()
        there = {tuple(map(int, key)) for key in np.argwhere(found > NONE)}
        assert there == set(right)
        for key, worth in right.items():
            assert found[key] == pytest.approx(worth, rel=1e-5)
        seen += len(right)
    assert seen > 3_000


def test_best_days_equal_exhaustive_enumeration_on_random_air_spaces() -> None:
    chains = 0
    for seed in range(NETWORKS):
        air = SmallAir(seed)
        right = air.days(air.sorties())
        best = best_sorties(air.space, air.passed, air.pad_open)
        by_aloft, _, _ = flying_day(air.space, best, air.duty_h, air.longest)
        assert np.array_equal(by_aloft < NONE, np.isinf(right))
        there = np.isfinite(right)
        assert np.allclose(by_aloft[there], right[there], rtol=1e-5)
        chains += int(there.sum()) - 1
    assert chains > 150


def flight_of(air: SmallAir) -> Flight:
    return Flight(
        unit="heli", nodes=np.arange(air.k, dtype=np.int32), up=air.up, down=air.down,
        pads=("airfield", "forward", "other")[: air.pads], out=air.out, home=air.home,
        most_blocks=air.most, day_blocks=air.day_blocks, turn_blocks=air.turn, block_kg=50.0,
        open_blocks=air.open.astype(bool), pad_kg=np.full(air.pads, 1000.0),
    )  # fmt: skip


def test_every_day_of_the_kernel_is_legal_and_worth_what_it_says() -> None:
    flown = 0
    for seed in range(NETWORKS):
        air, network = SmallAir(seed), None
        best = best_sorties(air.space, air.passed, air.pad_open)
        by_aloft, _, _ = flying_day(air.space, best, air.duty_h, air.longest)
        for wanted in np.flatnonzero(by_aloft > 0):
            _, landed, rows = flying_day(air.space, best, air.duty_h, air.longest, int(wanted))
            assert rows[:, 3].sum() == wanted
            sorties, worth = [], 0.0
            for slot, pad, to, blocks in rows.tolist():
                nodes = sortie_route(air.space, air.passed, slot * STEP, pad, to, blocks)
                sorties.append(Sortie(slot * STEP, pad, to, tuple(nodes.tolist()), blocks))
                block = slot * STEP + int(air.out[pad, nodes[0]])
                for n, (a, b) in enumerate(pairwise(nodes)):
                    worth += air.run(block + n, int(a), int(b))
            assert worth == pytest.approx(by_aloft[wanted], rel=1e-5)
            flight = flight_of(air)
            cells, hours = passes_of(tuple(sorties), flight)
            start = max(
                h for h in range(24)
                if h * 4 <= sorties[0].block
                and landed <= (h + min(int(air.longest[h]), air.duty_h)) * 4
            )  # fmt: skip
            duty = Duty(
                0, start, -(-landed // 4) - start, cells, hours, np.zeros(len(cells), np.int8),
                tuple(sorties),
            )  # fmt: skip
            team = air_team(cells=air.k)
            network = network or made_network([team], air.k, (flight,))
            assert find_breaches(duty, team, network) == ()
            flown += 1
    assert flown > 150


def fine_twin(worth: np.ndarray, hour_of: np.ndarray, start: int) -> float:
    """Return the best of all ways, by a dictionary of stations and values."""
    values = {start: 0.0}
    for hour in hour_of:
        ahead: dict[int, float] = {}
        for station, value in values.items():
            for there in (station - 1, station, station + 1):
                if 0 <= there < worth.shape[1]:
                    total = value + float(worth[hour, there])
                    ahead[there] = max(ahead.get(there, -np.inf), total)
        values = ahead
    return max(values.values())


@pytest.mark.parametrize("seed", range(30))
def test_fine_sortie_equals_its_twin_and_its_route_is_worth_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    stations, steps = int(rng.integers(1, 30)), int(rng.integers(1, 60))
    worth = rng.normal(size=(3, stations)).astype(np.float32)
    hour_of = np.sort(rng.integers(0, 3, steps)).astype(np.int32)
    start = int(rng.integers(stations))
    value, route = fine_sortie(worth, hour_of, start, with_route=True)
    assert value == pytest.approx(fine_twin(worth, hour_of, start), rel=1e-5, abs=1e-5)
    assert fine_sortie(worth, hour_of, start) == (value, None)
    assert route is not None
    assert route[0] == start
    assert (np.abs(np.diff(route)) <= 1).all()
    assert worth[hour_of, route[1:]].sum() == pytest.approx(value, rel=1e-5, abs=1e-5)


def test_variants_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    worth = rng.random((4, 1344)).astype(np.float32)
    hour_of = (np.arange(540) // 180).astype(np.int32)
    found = []
    for variant in filter(supported, VARIANTS):
        monkeypatch.setenv("SARHAD_KERNELS", variant)
        value, route = fine_sortie(worth, hour_of, 700, with_route=True)
        bits = [np.float32(value).tobytes(), route.tobytes()]
        for seed in range(40):
            air = SmallAir(seed)
            best = best_sorties(air.space, air.passed, air.pad_open)
            by_aloft, _, _ = flying_day(air.space, best, air.duty_h, air.longest)
            bits += [best.tobytes(), by_aloft.tobytes()]
        found.append(b"".join(bits))
    assert len(set(found)) == 1


def test_fine_sortie_refuses_a_start_off_the_line() -> None:
    with pytest.raises(ValueError, match="start is a station"):
        fine_sortie(np.zeros((1, 3), np.float32), np.zeros(2, np.int32), 3)


def test_arrays_in_another_layout_are_refused() -> None:
    # A transposed view holds the right numbers in an order that a kernel would misread.
    air = next(air for air in map(SmallAir, range(9)) if air.pads > 1)
    space = replace(air.space, out=np.asfortranarray(air.out))
    with pytest.raises(ValueError, match="contiguous"):
        best_sorties(space, air.passed, air.pad_open)


@pytest.mark.parametrize(
    ("name", "value"),
    [("up", np.zeros(3)), ("home", np.zeros((9, 9), np.uint8)), ("open_blocks", np.ones(96))],
)
def test_air_space_refuses_arrays_of_other_kinds(name: str, value: np.ndarray) -> None:
    with pytest.raises(ValueError, match=name):
        replace(SmallAir(1).space, **{name: value})


def test_worths_and_hours_of_other_kinds_are_refused() -> None:
    air = SmallAir(1)
    with pytest.raises(ValueError, match="passed is an array of float32"):
        best_sorties(air.space, air.passed.astype(float), air.pad_open)
    with pytest.raises(ValueError, match=r"passed has the shape"):
        best_sorties(air.space, air.passed[:, 1:].copy(), air.pad_open)
    best = best_sorties(air.space, air.passed, air.pad_open)
    with pytest.raises(ValueError, match="longest is an array of int8"):
        flying_day(air.space, best, air.duty_h, air.longest.astype(int))
    with pytest.raises(ValueError, match="ends within the day"):
        flying_day(air.space, best, air.duty_h, np.full(24, 2, np.int8))
    with pytest.raises(ValueError, match="best has the shape"):
        flying_day(air.space, best[:, :-1].copy(), air.duty_h, air.longest)
