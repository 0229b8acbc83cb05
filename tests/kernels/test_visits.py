"""Witnesses: plain loops over visits, pairs, hours and channels."""

from __future__ import annotations

import numpy as np
import pytest

from sarhad.kernels import add_visits, worth_of_visits
from sarhad.kernels.library import VARIANTS, supported

CELLS, CHANNELS = 7, 3


def made(seed: int, rows: int = 4):
    """Return starts, cells and strengths of a random look."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 4, CELLS)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    cells = np.concatenate([rng.choice(CELLS, n, replace=False) for n in counts]).astype(np.int32)
    strength = rng.random((rows, len(cells), 24, CHANNELS)).astype(np.float32)
    return starts, cells, strength, rng


def visits(rng: np.random.Generator, count: int, most: int):
    station = rng.integers(0, CELLS, count).astype(np.int16)
    hour = rng.integers(0, 24, count).astype(np.int8)
    return station, hour, rng.integers(0, most + 1, count).astype(np.int8)


@pytest.mark.parametrize("rows", [4, 1])
@pytest.mark.parametrize("seed", range(20))
def test_effort_of_visits_equals_plain_loops(seed: int, rows: int) -> None:
    starts, cells, strength, rng = made(seed, rows)
    station, hour, quarters = visits(rng, 30, 4 if rows == 4 else 0)
    right = np.zeros((CELLS, 24, CHANNELS))
    for s, h, q in zip(station, hour, quarters, strict=True):
        for pair in range(starts[s], starts[s + 1]):
            if rows == 1 or q > 0:  # who does not stop at a station looks at nothing there
                right[cells[pair], h] += strength[max(q - 1, 0), pair, h]
    effort = np.zeros(right.shape, np.float32)
    add_visits(effort, starts, cells, strength, station, hour, quarters)
    assert np.allclose(effort, right, rtol=1e-5)
    add_visits(effort, starts, cells, strength, station, hour, quarters, -1.0)
    assert np.abs(effort).max() < 1e-5


@pytest.mark.parametrize("seed", range(20))
def test_worth_of_visits_equals_plain_loops(seed: int) -> None:
    starts, cells, strength, rng = made(seed, 1)
    price = rng.normal(size=(CELLS, 24, CHANNELS)).astype(np.float32)
    first, count = 2, 4
    right = np.zeros((24, count))
    for i in range(count):
        for pair in range(starts[first + i], starts[first + i + 1]):
            right[:, i] += (strength[0, pair].astype(float) * price[cells[pair]]).sum(axis=1)
    found = worth_of_visits(starts, cells, strength[0], price, first, count)
    assert np.allclose(found, right, rtol=1e-5, atol=1e-5)
    twice = worth_of_visits(starts, cells, strength[0], price, first, count, found.copy())
    assert np.allclose(twice, 2 * right, rtol=1e-5, atol=1e-5)


def test_variants_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    starts, cells, strength, rng = made(1)
    price = rng.normal(size=(CELLS, 24, CHANNELS)).astype(np.float32)
    doings = visits(rng, 500, 4)
    found = []
    for variant in filter(supported, VARIANTS):
        monkeypatch.setenv("SARHAD_KERNELS", variant)
        effort = np.zeros((CELLS, 24, CHANNELS), np.float32)
        add_visits(effort, starts, cells, strength, *doings)
        worth = worth_of_visits(starts, cells, strength[3], price, 0, CELLS)
        found.append(effort.tobytes() + worth.tobytes())
    assert len(set(found)) == 1


@pytest.mark.parametrize(
    ("station", "hour", "quarters"), [(7, 0, 1), (-1, 0, 1), (0, 24, 1), (0, 0, 5), (0, 0, -1)]
)
def test_visits_outside_the_look_are_refused(station: int, hour: int, quarters: int) -> None:
    starts, cells, strength, _ = made(0)
    effort = np.zeros((CELLS, 24, CHANNELS), np.float32)
    visit = np.array([station]), np.array([hour]), np.array([quarters])
    with pytest.raises(ValueError, match="visit"):
        add_visits(effort, starts, cells, strength, *visit)
