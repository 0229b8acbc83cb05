"""Sight over the whole reference corridor at 30 m, stretch by stretch.

200 posts and 5,000 points of tracks against 6,720 sample points (five for each of the 1,344 cells
of the line) within 30 km: clearances by exact R3. Heights are DTED level 0 upsampled to 30 m.

    .venv/bin/python benchmarks/corridor_sight.py
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from terrain_build import read_line

from sarhad.border import build_border, place_at
from sarhad.exchange.rasters import open_elevation
from sarhad.grid import Grid, choose_grid, corridor_tiles
from sarhad.kernels import pairs_within, prepare_heights, sight_clearance
from sarhad.terrain import Terrain, build_terrain, elevation_at, window

REAL = Path(__file__).resolve().parents[1] / "../shared/data/dted0_66-76E_35-41N.tif"
CELL_M, RANGE_M, CORRIDOR_M = 30.0, 30_000.0, 30_000.0
STRETCH_CELLS = 50  # of the line, about 1 km each
POSTS, TRACK_POINTS = 200, 5_000
EYE_M, FLIGHT_M, PERSON_M = 10.0, 300.0, 1.7
DEPTHS_M = (-500.0, 0.0, 1000.0, 3000.0, 6000.0)  # from the far bank to the own side
REFRACTION = 0.13
OWN_SIDE = "left"  # Tajikistan lies north of a line from west to east
Points = NDArray[np.float64]


def points_beside(grid: Grid, chainage_m: Points, away_m: Points) -> Points:
    """Return east and north of points so far to the side of the line, shape (n, 2)."""
    longitude, latitude = read_line()
    border = build_border([np.column_stack([longitude, latitude])], OWN_SIDE)
    here, there = (
        np.column_stack(
            grid.project(*place_at(border, np.clip(chainage_m + d, 0, border.length_m)))
        )
        for d in (-200.0, 200.0)
    )
    along = (there - here) / np.linalg.norm(there - here, axis=1, keepdims=True)
    return (here + there) / 2 + np.column_stack([-along[:, 1], along[:, 0]]) * away_m[:, None]


def on_lattice(terrain: Terrain, places: Points, above_m: float) -> Points:
    """Return row, column and height above the datum, shape (n, 3)."""
    grid = terrain.grid
    ground = elevation_at(terrain, places[:, 0], places[:, 1])
    row = (grid.north_m - places[:, 1]) / grid.cell_m - 0.5
    column = (places[:, 0] - grid.west_m) / grid.cell_m - 0.5
    return np.column_stack([row, column, ground + above_m])


def stretches(targets: Points, per_stretch: int) -> Iterator[Points]:
    for first in range(0, len(targets), per_stretch):
        yield targets[first : first + per_stretch]


def sight_of_stretch(
    terrain: Terrain, observers: Points, targets: Points, threads: ThreadPoolExecutor
) -> tuple[int, int, int]:
    """Return the pairs within range, those in sight and the cells of the window."""
    margin = RANGE_M / CELL_M + 2
    corner = np.floor(targets[:, :2].min(axis=0) - margin).astype(int)
    rows, columns = np.ceil(targets[:, :2].max(axis=0) + margin).astype(int) - corner + 1
    near = (observers[:, :2] >= corner).all(axis=1)
    near &= (observers[:, :2] <= corner + np.array([rows - 1, columns - 1])).all(axis=1)
    field = prepare_heights(window(terrain, *corner, rows, columns), executor=threads)
    shift = np.array([*corner, 0.0])
    eyes, tops = observers[near] - shift, targets - shift
    pairs = pairs_within(eyes, tops, RANGE_M, CELL_M, CELL_M)
    clear = sight_clearance(field, eyes, tops, pairs, CELL_M, CELL_M, REFRACTION, executor=threads)
    return len(pairs), int((clear >= 0).sum()), rows * columns


def build(threads: ThreadPoolExecutor) -> tuple[Terrain, float]:
    longitude, latitude = read_line()
    grid, _ = choose_grid(longitude, latitude, CORRIDOR_M, CELL_M)
    kept = corridor_tiles(grid, *grid.project(longitude, latitude), CORRIDOR_M)
    terrain = build_terrain(grid, kept, open_elevation([REAL], grid), executor=threads)
    border = build_border([np.column_stack([longitude, latitude])], OWN_SIDE)
    return terrain, border.length_m


def main() -> None:
    if not REAL.is_file():
        print(f"skipped: no real heights at {REAL}")
        return
    rng = np.random.default_rng(0)
    started = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        terrain, length_m = build(threads)
        built = time.perf_counter()
        middle_m = (np.arange(1344) + 0.5) / 1344 * length_m
        away_m = np.tile(DEPTHS_M, 1344)
        targets = points_beside(terrain.grid, np.repeat(middle_m, len(DEPTHS_M)), away_m)
        posts = points_beside(
            terrain.grid, rng.uniform(0, length_m, POSTS), rng.uniform(200, 10_000, POSTS)
        )
        track = points_beside(
            terrain.grid, np.linspace(0, length_m, TRACK_POINTS), np.full(TRACK_POINTS, 5000.0)
        )
        tops = on_lattice(terrain, targets, PERSON_M)
        eyes = np.vstack([on_lattice(terrain, posts, EYE_M), on_lattice(terrain, track, FLIGHT_M)])
        counts = [
            sight_of_stretch(terrain, eyes, stretch, threads)
            for stretch in stretches(tops, STRETCH_CELLS * len(DEPTHS_M))
        ]
    done = time.perf_counter()
    pairs, seen, _ = np.sum(counts, axis=0)
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{terrain.cells / 1e6:.1f} M cells of {CELL_M:.0f} m, {len(counts)} stretches, windows")
    print(f"of {max(cells for *_, cells in counts) / 1e6:.1f} M cells at most")
    print(
        f"{len(eyes):,} observers x {len(tops):,} targets: {pairs:,} pairs <= 30 km, {seen:,} free"
    )
    print("| terrain [s] | sight [s] | whole [s] | peak [GiB] |\n|---|---|---|---|")
    print(f"| {built - started:.1f} | {done - built:.1f} | {done - started:.1f} | {peak_gib:.2f} |")


if __name__ == "__main__":
    main()
