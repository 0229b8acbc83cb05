"""Time and memory of building the reference terrain; how far the stand-in is from real heights.

Run from the project's root:

    .venv/bin/python benchmarks/terrain_build.py            # builds, each in a process of its own
    .venv/bin/python benchmarks/terrain_build.py --distance # stand-in against real heights

The real heights are DTED level 0 in ../shared/data; without that folder the script says so.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from sarhad.exchange.rasters import open_elevation
from sarhad.exchange.settings import RELIEF_FILE
from sarhad.exchange.stand_in import (
    KNOWN_FILE,
    SEED,
    open_stand_in,
    read_coarse_relief,
    read_known_heights,
)
from sarhad.grid import GEOD, choose_grid, corridor_tiles
from sarhad.terrain import build_terrain, slope
from sarhad.terrain.stand_in import (
    Relief,
    coarse_means,
    refine_relief,
    river_of_line,
    sample_relief,
)

ROOT = Path(__file__).resolve().parents[1]
CASE = ROOT / "src/sarhad/cases/tajik-afghan"
REAL = ROOT / "../shared/data/dted0_66-76E_35-41N.tif"
CORRIDOR_M = 30_000.0
STRETCHES_KM = ((0, 300), (300, 500), (500, 700), (700, 900), (900, 1160), (1160, 1345))
POST_DEG = 1 / 120
RUNS = (
    ("stand-in", 250, 1),
    ("file", 250, 1),
    ("stand-in", 30, 2),
    ("file", 30, 1),
    ("file", 30, 2),
)


def read_line() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    features = json.loads((CASE / "border.geojson").read_text(encoding="utf-8"))["features"]
    longitude, latitude = np.array(features[0]["geometry"]["coordinates"]).T
    return longitude, latitude


def build_once(source: str, cell_m: float, threads: int) -> None:
    longitude, latitude = read_line()
    grid, _ = choose_grid(longitude, latitude, CORRIDOR_M, cell_m)
    kept = corridor_tiles(grid, *grid.project(longitude, latitude), CORRIDOR_M)
    started = time.perf_counter()
    if source == "file":
        reader = open_elevation([REAL], grid)
    else:
        line = (longitude, latitude)
        reader = open_stand_in(CASE / RELIEF_FILE, grid, line, CASE / KNOWN_FILE)
    opened = time.perf_counter()
    with ThreadPoolExecutor(threads) as executor:
        terrain = build_terrain(grid, kept, reader, executor=executor if threads > 1 else None)
    built = time.perf_counter()
    print(
        f"{source:9} {cell_m:4.0f} m  {threads} thread(s)  {terrain.cells / 1e6:6.1f} M cells  "
        f"open {opened - started:5.2f} s  build {built - opened:6.2f} s  peak {peak_mb():5.0f} MB"
    )


def peak_mb() -> float:
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_distance() -> None:
    longitude, latitude = read_line()
    coarse, _ = read_coarse_relief(CASE / RELIEF_FILE)
    known = read_known_heights(CASE / KNOWN_FILE)
    river = river_of_line(coarse, longitude, latitude, known)
    fine = refine_relief(coarse, river, known, rng=np.random.default_rng(SEED))
    print(f"means kept within {np.abs(coarse_means(fine) - coarse.heights).max():.2f} m")
    miss = sample_relief(fine, known.longitude, known.latitude) - known.height_m
    print(f"known heights kept within {np.nanmax(np.abs(miss)):.1f} m")
    along = sample_relief(fine, river.longitude, river.latitude)
    rise = (along - np.minimum.accumulate(along)).max()
    print(f"river: {along[0]:.0f} m to {along[-1]:.0f} m, rises by {rise:.2f} m at most")
    place, kilometre = corridor_posts(longitude, latitude)
    plain = refine_relief(coarse, rng=np.random.default_rng(SEED), detail_share=0)
    for name, relief in (("stand-in", fine), ("means alone, smoothed", plain)):
        print_distance(name, relief, place, kilometre)


def corridor_posts(longitude: NDArray, latitude: NDArray) -> tuple[NDArray, NDArray]:
    """Return which posts of the real file lie in the corridor, and the kilometre of each."""
    with rasterio.open(REAL) as raster:
        rows, columns = raster.shape
    post_lon, post_lat = 66 + np.arange(columns) * POST_DEG, 41 - np.arange(rows) * POST_DEG
    grid, _ = choose_grid(longitude, latitude, CORRIDOR_M, 250)
    tree = cKDTree(np.transpose(grid.project(longitude, latitude)))
    lon, lat = np.meshgrid(post_lon, post_lat)
    away, vertex = tree.query(np.transpose(grid.project(lon.ravel(), lat.ravel())))
    step = GEOD.inv(longitude[:-1], latitude[:-1], longitude[1:], latitude[1:])[2]
    chainage = np.concatenate([[0], np.cumsum(step)]) / 1000
    return away.reshape(lon.shape) <= CORRIDOR_M, chainage[vertex].reshape(lon.shape)


def print_distance(name: str, relief: Relief, place: NDArray, kilometre: NDArray) -> None:
    with rasterio.open(REAL) as raster:
        real = raster.read(1).astype(np.float32)
    lon, lat = np.meshgrid(
        66 + np.arange(real.shape[1]) * POST_DEG, 41 - np.arange(real.shape[0]) * POST_DEG
    )
    made = sample_relief(relief, lon, lat)
    # Posts are 927 m apart north to south and about 735 m west to east: their geometric mean.
    side_m = 825.0
    slopes = slope(real, side_m), slope(made, side_m)
    print(f"\n{name}: stand-in minus real [m], slopes between posts [degrees]")
    print("| km | posts | mean | RMSE | 90 % within | slope 50/90/99 % real | made |")
    print("|---|---|---|---|---|---|---|")
    for low, high in (*STRETCHES_KM, (0, 1345)):
        here = place & (kilometre >= low) & (kilometre < high)
        error = (made - real)[here].astype(np.float64)
        steep = [np.percentile(s[here], [50, 90, 99]) for s in slopes]
        words = [" / ".join(f"{v:.1f}" for v in s) for s in steep]
        print(
            f"| {low}–{high} | {here.sum():,} | {error.mean():.0f} | "
            f"{np.sqrt((error**2).mean()):.0f} | {np.percentile(np.abs(error), 90):.0f} | "
            f"{words[0]} | {words[1]} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--distance", action="store_true")
    parser.add_argument("--one", nargs=3, metavar=("SOURCE", "CELL_M", "THREADS"))
    options = parser.parse_args()
    if options.one:
        build_once(options.one[0], float(options.one[1]), int(options.one[2]))
    elif options.distance:
        measure_distance() if REAL.exists() else print(f"no real heights at {REAL}")
    else:
        for source, cell_m, threads in RUNS:
            if source == "file" and not REAL.exists():
                print(f"no real heights at {REAL}")
                continue
            command = [sys.executable, __file__, "--one", source, str(cell_m), str(threads)]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
