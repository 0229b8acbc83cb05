"""Walking-time field of 16 million cells beside GRASS r.walk and skimage's MCP; scipy judges it.

From the middle of 4000 x 4000 cells, Tobler's pace up and down. r.walk has its own formula of
pace (Langmuir) and MCP no slope at all: the work is a field of least times over 8 neighbours.
scipy's Dijkstra takes the very graph of ours, on a square of 1000 x 1000 cells.

    .venv/bin/python benchmarks/walking_field.py [synthetic bigtujunga baltoro]
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import Executor, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from sight_peers import GROUNDS, PeerMissingError, load_ground, time_grass

from sarhad.kernels import PaceTable, tabulate_pace, travel_time_field
from sarhad.kernels.walking import SAMPLES

STEEPEST, JUDGED_SIDE = 2.0, 1000
# Row and column of a neighbour, and which length the edge to it has: east, north, diagonal.
STEPS = (
    (0, 1, 0),
    (0, -1, 0),
    (1, 0, 1),
    (-1, 0, 1),
    (1, 1, 2),
    (1, -1, 2),
    (-1, 1, 2),
    (-1, -1, 2),
)
Heights = NDArray[np.float32]


def tobler(slope: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return seconds per metre (Tobler 1993)."""
    return 3.6 / (6 * np.exp(-3.5 * np.abs(slope + 0.05)))


def edges(z: Heights, pace: PaceTable) -> csr_array:
    """Return the graph of eight neighbours, its times read off the same table."""
    number = np.arange(z.size).reshape(z.shape)
    starts, ends, times = [], [], []
    for down, right, kind in STEPS:
        here = (
            slice(max(-down, 0), len(z) - max(down, 0)),
            slice(max(-right, 0), len(z) - max(right, 0)),
        )
        there = (
            slice(max(down, 0), len(z) + min(down, 0)),
            slice(max(right, 0), len(z) + min(right, 0)),
        )
        rise = z[there].astype(np.float64) - z[here]
        place = np.clip(rise / pace.step_m + SAMPLES, 0, 2 * SAMPLES)
        seconds = np.interp(place, np.arange(2 * SAMPLES + 1), pace.seconds[kind])
        open_edge = np.isfinite(seconds) & (np.abs(rise) < SAMPLES * pace.step_m)
        starts.append(number[here][open_edge])
        ends.append(number[there][open_edge])
        times.append(seconds[open_edge])
    graph = (np.concatenate(times), (np.concatenate(starts), np.concatenate(ends)))
    return csr_array(graph, shape=(z.size, z.size))


def off_dijkstra(z: Heights, pace: PaceTable) -> tuple[float, float, float]:
    """Return the largest relative difference from Dijkstra's times, and both times taken [s]."""
    part = np.ascontiguousarray(z[:JUDGED_SIDE, :JUDGED_SIDE])
    middle = JUDGED_SIDE // 2
    graph = edges(part, pace)
    started = time.perf_counter()
    right = dijkstra(graph, indices=middle * JUDGED_SIDE + middle).reshape(part.shape)
    judged = time.perf_counter()
    found = travel_time_field(part, pace, np.array([[middle, middle]]))
    done = time.perf_counter()
    if not np.array_equal(np.isfinite(found), np.isfinite(right)):
        raise AssertionError("a cell is reached by one and not by the other")
    known = np.isfinite(right) & (right > 0)
    return (
        float((np.abs(found - right)[known] / right[known]).max()),
        done - judged,
        judged - started,
    )


def our_time(
    z: Heights, pace: PaceTable, source: NDArray[np.int64], threads: Executor | None
) -> tuple[float, float]:
    """Return the least wall and processor time of five fields [s]."""
    times = []
    for _ in range(5):
        started = time.perf_counter(), time.process_time()
        travel_time_field(z, pace, source, executor=threads)
        times.append((time.perf_counter() - started[0], time.process_time() - started[1]))
    wall, processor = zip(*times, strict=True)
    return min(wall), min(processor)


def mcp_time(z: Heights, cell_m: float, source: NDArray[np.int64]) -> tuple[float, float]:
    """Return the wall and processor time of one field [s]."""
    try:
        from skimage.graph import MCP_Geometric
    except ImportError:
        print("skipped: skimage is not installed (benchmarks/requirements.txt)")
        return np.nan, np.nan
    costs = np.ones(z.shape)
    started = time.perf_counter(), time.process_time()
    MCP_Geometric(costs, sampling=(cell_m, cell_m)).find_costs(source.tolist())
    return time.perf_counter() - started[0], time.process_time() - started[1]


def grass_time(z: Heights, cell_m: float, source: NDArray[np.int64]) -> float:
    east = 300_000 + (source[0, 1] + 0.5) * cell_m
    north = 4_300_000 - (source[0, 0] + 0.5) * cell_m
    command = (
        "r.mapcalc --q 'one = 1' && "
        f"r.walk --q elevation=z friction=one output=walk start_coordinates={east},{north}"
        " memory=6000"
    )
    try:
        return time_grass(z, cell_m, command)
    except PeerMissingError as missing:
        print(f"skipped: {missing}")
        return np.nan


def compare(name: str) -> None:
    z, cell_m = load_ground(name)
    pace = tabulate_pace(tobler, STEEPEST, cell_m, cell_m)
    source = np.array([[len(z) // 2, len(z) // 2]])
    one_thread, _ = our_time(z, pace, source, None)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        ours, processor = our_time(z, pace, source, threads)
    mcp, mcp_processor = mcp_time(z, cell_m, source)
    off, part, judged = off_dijkstra(z, pace)
    print(
        f"\n| {name}, {z.size / 1e6:.0f} M cells | ours [s] | peer [s] | peer / ours |"
        "\n|---|---|---|---|"
    )
    for peer, seconds in (
        ("skimage MCP", mcp),
        ("GRASS r.walk", grass_time(z, cell_m, source)),
    ):
        print(f"| {peer} | {ours:.2f} | {seconds:.1f} | {seconds / ours:.1f} |", flush=True)
        print(f"| {peer}, ours on one thread | {one_thread:.2f} | | {seconds / one_thread:.1f} |")
    print(f"| scipy Dijkstra, 1 M cells | {part:.3f} | {judged:.2f} | {judged / part:.1f} |")
    print(f"processor time: ours {processor:.2f} s, skimage MCP {mcp_processor:.2f} s")
    print(f"off Dijkstra by {off:.1e} at most")
    print(flush=True)


if __name__ == "__main__":
    for ground in sys.argv[1:] or GROUNDS:
        try:
            compare(ground)
        except PeerMissingError as missing:
            print(f"skipped: {missing}")
