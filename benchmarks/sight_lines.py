"""Sight lines of pairs beside GDAL's line of sight; and how many differ from exact R3.

100,000 pairs within 30 km on 4000 x 4000 cells. GDAL answers one bit over a flat earth on one
thread, called from C; ours is the clearance [m] over a round earth (or its sign alone) on a thread
for every processor. The judge of exactness tries every crossing, with no pruning, in C.

    .venv/bin/python benchmarks/sight_lines.py [--timed-only] [synthetic bigtujunga baltoro]
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sight_peers import (
    GROUNDS,
    GdalRaster,
    PeerMissingError,
    find_program,
    gdal_version,
    load_ground,
)

from sarhad.kernels import HeightField, pairs_within, prepare_heights, sight_clearance
from sarhad.kernels.reach import EARTH_RADIUS_M

RANGE_M, REFRACTION = 30_000.0, 0.13
TIMED_PAIRS, JUDGED_PAIRS, CHUNK = 100_000, 1_100_000, 20_000
Points = NDArray[np.float64]
Pairs = NDArray[np.int32]


@cache
def load_judge() -> ctypes.CDLL:
    compiler = find_program("cc")
    out = Path(tempfile.mkdtemp()) / "judge.so"
    source = Path(__file__).with_name("brute_sight.c")
    subprocess.run(
        [compiler, "-O2", "-shared", "-fPIC", str(source), "-o", str(out), "-lm"], check=True
    )
    return ctypes.CDLL(str(out))


def start(array: NDArray[np.generic]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def judge(
    z: NDArray[np.float32], ends: tuple[Points, Points], pairs: Pairs, cell_m: float
) -> Points:
    """Return the clearance of each pair by trying every crossing [m]."""
    bend = (1 - REFRACTION) / (2 * EARTH_RADIUS_M)
    found = np.empty(len(pairs))

    def part(first: int) -> None:
        some, out = pairs[first : first + CHUNK], found[first : first + CHUNK]
        load_judge().brute_clearances(
            start(z), *map(ctypes.c_int64, z.shape), *map(start, ends), start(some),
            ctypes.c_int64(len(some)), ctypes.c_double(cell_m), ctypes.c_double(bend), start(out),
        )  # fmt: skip

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(part, range(0, len(pairs), CHUNK)))
    return found


def gdal_lines(
    z: NDArray[np.float32], cell_m: float, ends: tuple[Points, Points], pairs: Pairs
) -> tuple[float, float]:
    """Return GDAL's seconds for these pairs, wall and processor."""
    raster, free = GdalRaster(z, cell_m), np.empty(len(pairs), np.uint8)
    visible = ctypes.cast(raster.gdal.GDALIsLineOfSightVisible, ctypes.c_void_p)
    call = (
        visible,
        raster.band,
        *map(start, ends),
        start(pairs),
        ctypes.c_int64(len(pairs)),
        start(free),
    )
    return best_s(lambda: load_judge().gdal_lines(*call))


def gdal_times(
    z: NDArray[np.float32], cell_m: float, ends: tuple[Points, Points], pairs: Pairs
) -> tuple[float, float, float]:
    """Return GDAL's seconds for all pairs: one process (wall, processor), and one on every core."""
    slices = np.array_split(pairs, os.cpu_count() or 1)
    work = [(z, cell_m, ends, np.ascontiguousarray(part)) for part in slices]
    with multiprocessing.get_context("fork").Pool(len(slices)) as pool:
        alone = pool.apply(gdal_lines, (z, cell_m, ends, pairs))
        return *alone, max(wall for wall, _ in pool.starmap(gdal_lines, work))


def best_s(work: Callable[[], object], repeats: int = 3) -> tuple[float, float]:
    """Return the least wall and processor time of some runs [s]."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter(), time.process_time()
        work()
        times.append((time.perf_counter() - started[0], time.process_time() - started[1]))
    wall, processor = zip(*times, strict=True)
    return min(wall), min(processor)


def draw_ends(
    z: NDArray[np.float32], rng: np.random.Generator, whole: bool
) -> tuple[Points, Points]:
    """Return observers 10 m and targets 1.7 m above ground, at cell centres or anywhere."""
    ends = []
    for count, height_m in ((400, 10.0), (2500, 1.7)):
        places = rng.integers(0, len(z), (count, 2)).astype(float)
        if not whole:
            places = np.minimum(places + rng.random((count, 2)), len(z) - 1)
        # The nearest cell's height: a fractional point may stand a little off its ground.
        ground = z[tuple(np.round(places).astype(int).T)]
        ends.append(np.column_stack([places, ground + height_m + 20 * (not whole)]))
    return ends[0], ends[1]


def judge_pairs(name: str, z: NDArray[np.float32], field: HeightField, cell_m: float) -> None:
    rng, done, off, off_sign, blocked, far = np.random.default_rng(1), 0, 0, 0, 0, 0.0
    while done < JUDGED_PAIRS:
        ends = draw_ends(z, rng, whole=bool(rng.integers(2)))
        pairs = pairs_within(*ends, RANGE_M, cell_m, cell_m)
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            ours = sight_clearance(
                field, *ends, pairs, cell_m, cell_m, REFRACTION, executor=threads
            )
            sign = sight_clearance(
                field, *ends, pairs, cell_m, cell_m, REFRACTION, only_sign=True, executor=threads
            )
        right = judge(z, ends, pairs, cell_m)
        done += len(pairs)
        off += int(((ours >= 0) != (right >= 0)).sum())
        off_sign += int(((sign >= 0) != (right >= 0)).sum())
        blocked += int((right < 0).sum())
        real = np.isfinite(right)
        far = max(far, float(np.abs(ours[real] - right[real]).max()))
    print(
        f"{name}: {done:,} pairs judged, {100 * blocked / done:.0f} % blocked: {off} off exact R3,"
        f" {off_sign} by the sign alone; clearance off by {far:.1e} m at most",
        flush=True,
    )


def compare(name: str) -> None:
    z, cell_m = load_ground(name)
    ends = draw_ends(z, np.random.default_rng(0), whole=True)
    pairs = pairs_within(*ends, RANGE_M, cell_m, cell_m)
    while len(pairs) < TIMED_PAIRS:
        more = draw_ends(z, np.random.default_rng(len(pairs)), whole=True)
        next_pairs = pairs_within(*more, RANGE_M, cell_m, cell_m)
        pairs = np.vstack([pairs, next_pairs + np.array([len(e) for e in ends], np.int32)])
        ends = np.vstack([ends[0], more[0]]), np.vstack([ends[1], more[1]])
    pairs = np.ascontiguousarray(pairs[:TIMED_PAIRS])
    call = (*ends, pairs, cell_m, cell_m, REFRACTION)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        field = prepare_heights(z, executor=threads)
        prepare, _ = best_s(lambda: prepare_heights(z, executor=threads))
        both = {
            words: best_s(
                lambda only_sign=only_sign: sight_clearance(
                    field, *call, only_sign=only_sign, executor=threads
                ),
                5,
            )
            for words, only_sign in (("clearance", False), ("bit", True))
        }
        one = {
            words: best_s(
                lambda only_sign=only_sign: sight_clearance(field, *call, only_sign=only_sign), 3
            )
            for words, only_sign in (("clearance", False), ("bit", True))
        }
    alone, processor, side_by_side = gdal_times(z, cell_m, ends, pairs)
    print(
        f"\n| {name}, {len(pairs):,} pairs | ours [ms] | GDAL [ms] | GDAL / ours |"
        "\n|---|---|---|---|"
    )
    for words, (wall, _) in both.items():
        row(f"{words}, all processors; GDAL one thread", wall, alone)
        row(f"{words}, the same with the field prepared in the clock", wall + prepare, alone)
        row(f"{words}, all processors each", wall, side_by_side)
        row(f"{words}, one thread each, processor time", one[words][1], processor)
    print(flush=True)
    if "--timed-only" not in sys.argv:
        judge_pairs(name, z, field, cell_m)


def row(work: str, ours: float, peer: float) -> None:
    print(f"| {work} | {1e3 * ours:.0f} | {1e3 * peer:.0f} | {peer / ours:.1f} |")


if __name__ == "__main__":
    print(f"GDAL library {gdal_version()}")
    for ground in [word for word in sys.argv[1:] if word in GROUNDS] or GROUNDS:
        try:
            compare(ground)
        except PeerMissingError as missing:
            print(f"skipped: {missing}")
