"""What a class of helicopters can do, in the layout that the kernels read."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from sarhad.patrols import BLOCKS, HOURS, NO_BLOCK, build_flight
from sarhad.scenario import Unit

CELLS, PADS = 30, ("field", "home", "far")
HELI = Unit(
    id="heli", name="Heli", party="RU", kind="helicopter", base="home", speed_km_h=200, count=1,
    fuel_kg=1000, burn_kg_h=400, reserve_min=30, ceiling_m=5000, flying_hours=5, turnaround_min=40,
)  # fmt: skip


def made_air():
    """Return 30 km of track at 5 min a 10 km, pads 10, 20 and 40 minutes off, farther each km."""
    away_s = np.array([600.0, 1200.0, 2400.0])[:, None] + 30.0 * np.arange(CELLS)
    track = SimpleNamespace(
        flyable=np.arange(CELLS) != 20, seconds=np.full(CELLS, 30.0), fuel_kg=np.full(CELLS, 5.0)
    )
    return SimpleNamespace(pads=PADS, track=track, stations_s=away_s, stations_kg=away_s / 9)


def flight():
    scenario = SimpleNamespace(
        plan=SimpleNamespace(entry_km=5.0), cell_m=1000.0,
        posts=[SimpleNamespace(id=pad, fuel_kg=900.0) for pad in PADS],
    )  # fmt: skip
    return build_flight(HELI, scenario, made_air(), np.ones(CELLS, bool), np.ones(HOURS, bool))


def test_kernels_can_read_every_array_of_a_flight() -> None:
    made = flight()
    for name in ("nodes", "up", "down", "out", "home", "open_blocks", "pad_kg"):
        assert getattr(made, name).flags.c_contiguous, name


def test_legs_are_rounded_up_to_blocks_and_the_base_stands_first() -> None:
    made = flight()
    assert made.pads == ("home", "field", "far")
    assert made.nodes.tolist() == [0, 5, 10, 15, 20, 25]
    # 20 minutes to node 0, 22.5 to node 5: two blocks; node 20 lies in the closed cell.
    assert made.out[0].tolist() == [2, 2, 2, 2, NO_BLOCK, 3]
    assert made.out[1].tolist() == [1, 1, 1, 2, NO_BLOCK, 2]


def test_runs_end_before_a_closed_cell() -> None:
    made = flight()
    # A block flies 30 cells at 30 s: to the end, were cell 20 open.
    assert made.up.tolist() == [4, 4, 4, 4, -1, -1]
    assert made.down.tolist() == [-1, 0, 0, 0, 0, -1]


def test_filling_keeps_its_reserve_and_every_block_its_worst_burn() -> None:
    made = flight()
    # Track: 20 cells of 5 kg in one block are 100 kg, as is a quarter of 400 kg/h.
    # 1,000 kg less half an hour of 400 kg/h are 800 kg: eight blocks.
    assert (made.block_kg, made.most_blocks) == (100.0, 8)
    assert (made.day_blocks, made.turn_blocks, len(made.open_blocks)) == (20, 3, BLOCKS)
