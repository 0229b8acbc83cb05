"""Chainage and distance of many points: sarhad against shapely, in the same projection.

Run it with

    .venv/bin/python benchmarks/line_location.py            # 1 million points, some minutes
    .venv/bin/python benchmarks/line_location.py 100000     # a quick look

Both get the same vertices and the same points as arrays, and both answer with planar
chainage and distance. Points lie within 30 km of the line's vertices. Shapely's points are
made, and its line prepared, before its clock starts; sarhad's index is built within its own
time. Where two places of the line are equally near either answer is right: such points are
counted, and both places are checked to be as near.
"""

from __future__ import annotations

import json
import platform
import resource
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import shapely

from sarhad.border import LinePlane, build_border, locate
from sarhad.grid import choose_grid

ROOT = Path(__file__).resolve().parents[1]
LINES = (
    ROOT / "src/sarhad/cases/tajik-afghan/border.geojson",
    ROOT / "../shared/data/border_tajik_afghan_osm.geojson",
)
MARGIN_M = 30_000.0
SEED = 20251126
TIE_M = 0.001


def read_line() -> np.ndarray:
    for path in LINES:
        if path.exists():
            geometry = json.loads(path.read_text(encoding="utf-8"))["features"][0]["geometry"]
            return np.array(geometry["coordinates"], dtype=np.float64)[:, :2]
    sys.exit("skipped: neither the embedded case nor ../shared/data holds the reference line")


def main(count: int) -> None:
    border = build_border([read_line()], "right")
    grid, scale_error = choose_grid(border.longitude, border.latitude, MARGIN_M, 30.0)
    east, north = grid.project(border.longitude, border.latitude)
    planar = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(east), np.diff(north)))])
    rng = np.random.default_rng(SEED)
    vertex = rng.integers(0, east.size, count)
    point_east = east[vertex] + rng.uniform(-MARGIN_M, MARGIN_M, count)
    point_north = north[vertex] + rng.uniform(-MARGIN_M, MARGIN_M, count)
    print(
        f"{platform.machine()}, Python {platform.python_version()}, shapely {shapely.__version__}"
    )
    print(f"projection: {grid.crs} (scale error {scale_error:.3%})")
    print(
        f"line: {east.size:,} vertices, {planar[-1] / 1000:,.1f} km in the plane; {count:,} points"
    )

    start = time.perf_counter()
    plane = LinePlane(east, north, planar, "left")
    chainage, distance = locate(plane, point_east, point_north)
    ours = time.perf_counter() - start
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    tracemalloc.start()
    locate(plane, point_east, point_north)
    scratch = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    print(f"sarhad:  {ours:9.2f} s (peak resident so far {resident:.0f} MiB; while it locates,")
    print(
        f"         {scratch:.0f} MiB of arrays, of which {16 * count / 2**20:.0f} MiB the answer)"
    )

    line = shapely.linestrings(np.column_stack([east, north]))
    shapely.prepare(line)
    points = shapely.points(point_east, point_north)
    start = time.perf_counter()
    their_chainage = shapely.line_locate_point(line, points)
    located = time.perf_counter() - start
    their_distance = shapely.distance(line, points)
    theirs = time.perf_counter() - start
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"shapely: {theirs:9.2f} s (line_locate_point {located:.2f} s, "
        f"peak resident so far {resident:.0f} MiB)"
    )
    print(f"ratio:   {theirs / ours:9.1f} (against line_locate_point alone {located / ours:.1f})")

    apart = np.abs(chainage - their_chainage)
    tied = apart > TIE_M
    place = shapely.line_interpolate_point(line, chainage[tied])
    other = shapely.line_interpolate_point(line, their_chainage[tied])
    uneven = np.abs(shapely.distance(place, points[tied]) - shapely.distance(other, points[tied]))
    off = np.abs(np.abs(distance) - their_distance).max()
    print(f"largest difference in distance: {off * 1000:.6f} mm")
    print(f"largest difference in chainage, but for ties: {apart[~tied].max() * 1000:.6f} mm")
    print(f"ties: {tied.sum()} points; there the two places differ in distance by at most "
          f"{(uneven.max() if tied.any() else 0.0) * 1000:.6f} mm")  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
