"""Flights: what one class of helicopters can do in a day, in blocks of a quarter of an hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.mobility import AirTimes
from sarhad.patrols.attacks import HOURS
from sarhad.scenario import Scenario, Unit
from sarhad.units import METRES_PER_KILOMETRE, SECONDS_PER_HOUR

Floats = NDArray[np.float64]
Float32 = NDArray[np.float32]
Bools = NDArray[np.bool_]
Cells = NDArray[np.int32]

BLOCK_MIN: Final = 15.0
BLOCK_S: Final = 900.0
BLOCKS: Final = 96
"""Blocks of a day."""

TAKE_OFF_BLOCKS: Final = 2
"""Sorties begin every half hour."""

NO_BLOCK: Final = 255
WAYS_HOME: Final = 2
"""Pads that a helicopter may return to from one place: the nearest."""


@dataclass(frozen=True, slots=True, eq=False)
class Flight:
    """One class of helicopters on the track along the line.

    Attributes
    ----------
    unit : str
        Class of units.
    nodes : ndarray of int32, shape (k,)
        Border cells where it joins or leaves the track, and turns.
    up, down : ndarray of int32, shape (k,)
        Node reached in one block along the line, with and against its chainage; -1: none.
    pads : tuple of str
        Posts where it may land; the first is its base.
    out : ndarray of uint8, shape (pads, k)
        Blocks from each pad to each node, 255 where out of reach.
    home : ndarray of uint8, shape (k, pads)
        Blocks from each node to the pads that it may return to, 255 to others.
    most_blocks : int
        Blocks aloft on one filling, reserve kept.
    day_blocks : int
        Blocks aloft in a day.
    turn_blocks : int
        Blocks between landing and the next take-off.
    block_kg : float
        Fuel of one block at most [kg].
    open_blocks : ndarray of bool, shape (96,)
        Blocks of the patrol day in which it may be aloft.
    pad_kg : ndarray, shape (pads,)
        Fuel that may be taken at each pad in a day [kg].
    """

    unit: str
    nodes: Cells
    up: Cells
    down: Cells
    pads: tuple[str, ...]
    out: NDArray[np.uint8]
    home: NDArray[np.uint8]
    most_blocks: int
    day_blocks: int
    turn_blocks: int
    block_kg: float
    open_blocks: Bools
    pad_kg: Floats


def build_flight(
    unit: Unit, scenario: Scenario, air: AirTimes, open_cells: Bools, open_hours: Bools
) -> Flight:
    """Return what a class of helicopters can do in a day.

    Times and fuel of each leg are rounded up to blocks, so that every sortie keeps its reserve.

    Parameters
    ----------
    unit, scenario, air
        The class, its scenario and its times.
    open_cells : ndarray of bool, shape (cells,)
        Where its party may fly along the line.
    open_hours : ndarray of bool, shape (24,)
        Hours of the patrol day in which it may fly.
    """
    cells = len(open_cells)
    step = max(1, round(scenario.plan.entry_km * METRES_PER_KILOMETRE / scenario.cell_m))
    nodes = np.arange(0, cells, step, dtype=np.int32)
    flown = open_cells & air.track.flyable
    up, down = _runs(air.track.seconds.astype(np.float64), flown, nodes)
    block_kg = _block_kg(unit, air, flown, nodes, up, down)
    order = _pads_by_base(air, unit.base)
    usable_kg = max(unit.fuel_kg or 0.0, 0.0) - (unit.burn_kg_h or 0.0) * (
        unit.reserve_min or 0.0
    ) / 60.0  # fmt: skip
    out = _leg_blocks(air.stations_s[order][:, nodes], air.stations_kg[order][:, nodes], block_kg)
    out[:, ~flown[nodes]] = NO_BLOCK
    fuel = {post.id: post.fuel_kg for post in scenario.posts}
    pads = tuple(air.pads[i] for i in order)
    pad_kg = np.array([fuel[pad] for pad in pads])
    return Flight(
        unit=unit.id,
        nodes=nodes,
        up=up,
        down=down,
        pads=pads,
        out=out,
        home=_nearest_home(out),
        most_blocks=int(max(usable_kg, 0.0) / block_kg + 1e-9),
        day_blocks=int((unit.flying_hours or 0.0) * 60 / BLOCK_MIN + 1e-9),
        turn_blocks=int(np.ceil((unit.turnaround_min or 0.0) / BLOCK_MIN)),
        block_kg=block_kg,
        open_blocks=np.repeat(open_hours, BLOCKS // HOURS),
        pad_kg=pad_kg,
    )


def _block_kg(
    unit: Unit, air: AirTimes, flown: Bools, nodes: Cells, up: Cells, down: Cells
) -> float:
    """Return the most fuel that any block along the track takes, no less than the class's burn."""
    usual = (unit.burn_kg_h or 0.0) * BLOCK_S / SECONDS_PER_HOUR
    burnt = np.concatenate([[0.0], np.cumsum(np.where(flown, air.track.fuel_kg, 0.0))])
    runs = [
        np.abs(burnt[nodes[to[to >= 0]]] - burnt[nodes[to >= 0]]).max(initial=0.0)
        for to in (up, down)
    ]
    return max(usual, *(float(run) for run in runs))


def _pads_by_base(air: AirTimes, base: str) -> list[int]:
    first = air.pads.index(base)
    return [first, *(i for i in range(len(air.pads)) if i != first)]


def _leg_blocks(seconds: Float32, fuel_kg: Float32, block_kg: float) -> NDArray[np.uint8]:
    with np.errstate(invalid="ignore"):
        blocks = np.maximum(np.ceil(seconds / BLOCK_S), np.ceil(fuel_kg / block_kg))
    blocks = np.where(np.isfinite(blocks), np.maximum(blocks, 1), NO_BLOCK)
    # Indexing by nodes leaves the columns in order, kernels read rows.
    return np.ascontiguousarray(np.minimum(blocks, NO_BLOCK), np.uint8)


def _runs(seconds: Floats, flown: Bools, nodes: Cells) -> tuple[Cells, Cells]:
    """Return the node that one block of flight along the track leads to from each node."""
    far = 1e9
    passed = np.concatenate([[0.0], np.cumsum(np.where(flown, seconds, far))])
    at = passed[nodes]
    count = np.arange(len(nodes), dtype=np.int32)
    up = (np.searchsorted(at, at + BLOCK_S + 1e-6, side="right") - 1).astype(np.int32)
    down = np.searchsorted(at, at - BLOCK_S - 1e-6, side="left").astype(np.int32)
    return np.where(up > count, up, -1), np.where(down < count, down, -1)


def _nearest_home(out: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the way home to the base (row 0) and to the nearest pads, 255 to others."""
    home = np.full(out.T.shape, NO_BLOCK, np.uint8)
    order = np.argsort(out, axis=0, kind="stable")[:WAYS_HOME]
    node = np.arange(out.shape[1])
    for row in (*order, np.zeros(out.shape[1], np.int64)):
        home[node, row] = out[row, node]
    return home


def blocks_of_day(flight: Flight) -> Floats:
    """Return the blocks of the shortest day from the base that holds a run, (2, nodes).

    A run is the block from each node up (row 0) or down (row 1) the line. Sorties before and after
    lead from pad to pad, with the turnaround between them; infinite where no sortie holds it.
    """
    out, home = (_finite(blocks) for blocks in (flight.out, flight.home))
    between = np.full((len(flight.pads), len(flight.pads)), np.inf)
    ends = []
    for ahead in (flight.up, flight.down):
        node = np.flatnonzero(ahead >= 0)
        total = out[:, node, None] + 1.0 + home[ahead[node]][None]
        total[total > flight.most_blocks] = np.inf
        between = np.minimum(between, total.min(axis=1, initial=np.inf))
        ends.append((node, total))
    hops = between + flight.turn_blocks + 1.0
    np.fill_diagonal(hops, 0.0)
    for via in range(len(hops)):
        hops = np.minimum(hops, hops[:, via, None] + hops[None, via])
    found = np.full((2, len(flight.nodes)), np.inf)
    for row, (node, total) in zip(found, ends, strict=True):
        whole = hops[0][:, None, None] + total + hops[:, 0][None, None]
        row[node] = whole.min(axis=(0, 2), initial=np.inf)
    return found


def _finite(blocks: NDArray[np.uint8]) -> Floats:
    return np.where(blocks == NO_BLOCK, np.inf, blocks.astype(np.float64))
