"""Viewsheds beside GDAL and GRASS, in one run.

4000 x 4000 cells, 15 km, an eye of 10 m, a target of 1.7 m, refraction 0.13. Ours is a thread on
every processor with the field prepared inside the clock; GDAL's library the faster of one process
and one per processor, drawn 50 times and scaled; programs are timed from process start. Wall time
is the best of some runs; processor time [CPU] is what a busy machine does not spoil.

    .venv/bin/python benchmarks/viewsheds.py [synthetic bigtujunga baltoro]
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
    time_grass,
    write_ground,
)

from sarhad.kernels import prepare_heights, viewshed_counts, viewsheds

EYE_M, TARGET_M, RANGE_M, REFRACTION = 10.0, 1.7, 15_000.0, 0.13
PEER_DRAWS, EXACT_DRAWS, REPEATS = 50, 20, 5
Ground = NDArray[np.float32]


def best_s(work: Callable[[], object], repeats: int = REPEATS) -> tuple[float, float]:
    """Return the least wall and processor time of some runs [s]."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter(), time.process_time()
        work()
        times.append((time.perf_counter() - started[0], time.process_time() - started[1]))
    wall, processor = zip(*times, strict=True)
    return min(wall), min(processor)


def sight(cell_m: float) -> tuple[float, ...]:
    return EYE_M, TARGET_M, RANGE_M, cell_m, cell_m, REFRACTION


def draw_all(
    z: Ground, cell_m: float, places: NDArray[np.int64], threads: ThreadPoolExecutor
) -> None:
    """Draw the viewsheds of some observers, the field prepared for them."""
    field = prepare_heights(z, executor=threads)
    for _ in viewsheds(field, *places, *sight(cell_m), executor=threads):
        pass


def draw_in_window(z: Ground, cell_m: float, row: int, column: int) -> None:
    """Draw one viewshed, the field prepared for its window alone."""
    half = int(RANGE_M // cell_m)
    window = z[row - half : row + half + 1, column - half : column + half + 1]
    list(viewsheds(prepare_heights(window), [half], [half], *sight(cell_m)))


def our_times(
    z: Ground, cell_m: float, places: NDArray[np.int64]
) -> dict[str, tuple[float, float]]:
    """Return the seconds of 1, 100 and 1,000 viewsheds, of counts, and of one with a warm field."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        times = {
            str(n): best_s(lambda n=n: draw_all(z, cell_m, places[:, :n], threads))
            for n in (100, 1000)
        }
        times["1"] = best_s(lambda: draw_in_window(z, cell_m, *places[:, 0]))
        field = prepare_heights(z, executor=threads)
        times["prepare"] = best_s(lambda: prepare_heights(z, executor=threads))
        times["counts"] = best_s(
            lambda: viewshed_counts(field, *places, *sight(cell_m), executor=threads)
        )
        for n in (100, 1000):
            times[f"{n} warm"] = best_s(
                lambda n=n: list(viewsheds(field, *places[:, :n], *sight(cell_m), executor=threads))
            )
        times["1 warm"] = best_s(lambda: list(viewsheds(field, *places[:, :1], *sight(cell_m))), 9)
    return times


def gdal_slice(z: Ground, cell_m: float, places: NDArray[np.int64]) -> tuple[float, float]:
    raster = GdalRaster(z, cell_m)

    def draw() -> None:
        for row, column in places.T:
            raster.time_viewshed(row, column, EYE_M, TARGET_M, RANGE_M)

    return best_s(draw, 3)


def gdal_times(z: Ground, cell_m: float, places: NDArray[np.int64]) -> tuple[float, float, float]:
    """Return GDAL's seconds for one viewshed: alone, a process on every processor, and CPU."""
    alone, processor = gdal_slice(z, cell_m, places)
    slices = np.array_split(places, os.cpu_count() or 1, axis=1)
    with multiprocessing.get_context("fork").Pool(len(slices)) as pool:
        parts = pool.starmap(gdal_slice, [(z, cell_m, part) for part in slices])
    side_by_side = max(wall for wall, _ in parts)
    return tuple(seconds / places.shape[1] for seconds in (alone, side_by_side, processor))


def off_exact(z: Ground, cell_m: float, places: NDArray[np.int64]) -> tuple[float, float]:
    """Return the shares of the disc's cells that ours and GDAL's have otherwise than exact R3."""
    field, disc = prepare_heights(z), np.pi * (RANGE_M / cell_m) ** 2
    exact = list(viewsheds(field, *places, *sight(cell_m), exact=True))
    fast = viewsheds(field, *places, *sight(cell_m))
    ours = [(a.unpack() != b.unpack()).sum() for a, b in zip(fast, exact, strict=True)]
    try:
        raster = GdalRaster(z, cell_m)
    except PeerMissingError:
        return np.mean(ours) / disc, np.nan
    theirs = [
        (raster.viewshed(w.row, w.column, EYE_M, TARGET_M, RANGE_M) != w.on_raster(z.shape)).sum()
        for w in exact[:10]
    ]
    return np.mean(ours) / disc, np.mean(theirs) / disc


def run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)


def cold_times(z: Ground, cell_m: float, place: NDArray[np.int64]) -> dict[str, float]:
    """Return the seconds of one viewshed from process start: gdal_viewshed and ours."""
    with tempfile.TemporaryDirectory() as folder:
        ground = str(write_ground(Path(folder) / "z.tif", z, cell_m))
        np.save(f"{folder}/z.npy", z)
        row, column = map(int, place)
        east, north = 300_000 + (column + 0.5) * cell_m, 4_300_000 - (row + 0.5) * cell_m
        script = [sys.executable, str(Path(__file__).with_name("one_viewshed.py"))]
        where = [str(row), str(column), str(cell_m)]
        calls = {
            "gdal_viewshed": [
                "gdal_viewshed", "-q", "-oz", str(EYE_M), "-tz", str(TARGET_M), "-md", str(RANGE_M),
                "-ox", str(east), "-oy", str(north), "-cc", "0.87", ground, f"{folder}/theirs.tif",
            ],
            "GeoTIFF": [*script, ground, *where],
            "array": [*script, f"{folder}/z.npy", *where],
            "import numpy": [sys.executable, "-c", "import numpy"],
        }  # fmt: skip
        try:
            find_program("gdal_viewshed")
        except PeerMissingError as missing:
            print(f"skipped: {missing}")
            del calls["gdal_viewshed"]
        times: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(10):  # in turns: a busy moment meets all of them
            for name, call in calls.items():
                times[name].append(best_s(lambda call=call: run(call), 1)[0])
    return {"gdal_viewshed": np.nan} | {name: min(each) for name, each in times.items()}


def grass_time(z: Ground, cell_m: float, place: NDArray[np.int64]) -> float:
    """Return the seconds of r.viewshed for one observer, import not counted."""
    east, north = 300_000 + (place[1] + 0.5) * cell_m, 4_300_000 - (place[0] + 0.5) * cell_m
    command = (
        f"r.viewshed -cb --q input=z output=v coordinates={east},{north} observer_elevation={EYE_M}"
        f" target_elevation={TARGET_M} max_distance={RANGE_M} memory=4000"
    )
    try:
        return time_grass(z, cell_m, command)
    except PeerMissingError as missing:
        print(f"skipped: {missing}")
        return np.nan


def compare(name: str) -> None:
    z, cell_m = load_ground(name)
    half = int(RANGE_M // cell_m)
    places = np.random.default_rng(0).integers(half, len(z) - half, (2, 1000))
    ours = our_times(z, cell_m, places)
    try:
        alone, side_by_side, processor = gdal_times(z, cell_m, places[:, :PEER_DRAWS])
    except PeerMissingError as missing:
        print(f"skipped: {missing}")
        alone = side_by_side = processor = np.nan
    gdal = min(alone, side_by_side), processor
    off, gdal_off = off_exact(z, cell_m, places[:, :EXACT_DRAWS])
    grass = grass_time(z, cell_m, places[:, 0])
    cold = cold_times(z, cell_m, places[:, 0])
    print(f"\n| {name} | ours [ms] | peer [ms] | peer / ours | CPU / CPU |\n|---|---|---|---|---|")
    for n in (1000, 100):
        row(f"{n:,} viewsheds, GDAL", ours[str(n)], [n * seconds for seconds in gdal])
        row(f"{n:,}, field warm, GDAL", ours[f"{n} warm"], [n * seconds for seconds in gdal])
    row("100 viewsheds, GRASS r.viewshed (1 x 100)", ours["100"][:1], [grass * 100])
    for file in ("GeoTIFF", "array"):
        row(f"1 from process start ({file}), gdal_viewshed", [cold[file]], [cold["gdal_viewshed"]])
    row("1, its window prepared in the clock, GDAL", ours["1"], (alone, processor))
    row("1, warm, GDAL", ours["1 warm"], (alone, processor))
    print(f"cells off exact R3: ours {100 * off:.4f} %, GDAL {100 * gdal_off:.3f} %")
    print(f"GDAL one at a time {1e3 * alone:.1f} ms, side by side {1e3 * side_by_side:.1f} ms")
    print(
        f"prepare {1e3 * ours['prepare'][0]:.0f} ms; 1,000 counts, warm, {ours['counts'][0]:.2f} s"
    )
    print(f"`import numpy` alone {1e3 * cold['import numpy']:.0f} ms\n", flush=True)


def row(work: str, ours: Sequence[float], peer: Sequence[float]) -> None:
    ratios = [f"{theirs / our:.1f}" for our, theirs in zip(ours, peer, strict=True)]
    last = ratios[1] if len(ratios) > 1 else ""
    print(f"| {work} | {1e3 * ours[0]:.1f} | {1e3 * peer[0]:.1f} | {ratios[0]} | {last} |")


if __name__ == "__main__":
    print(f"GDAL library {gdal_version()}")
    for ground in sys.argv[1:] or GROUNDS:
        try:
            compare(ground)
        except PeerMissingError as missing:
            print(f"skipped: {missing}")
