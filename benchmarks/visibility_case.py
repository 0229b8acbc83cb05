"""Visibility of the embedded case: time and peak memory of the whole process, at any raster cell.

Run it: python benchmarks/visibility_case.py [cell in metres] [threads]
"""

from __future__ import annotations

import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import sarhad.exchange.scenario_folder as folders
from sarhad.border import cut_into_cells, lay_out
from sarhad.exchange.heights import read_heights
from sarhad.visibility import compute_visibility

CASE = "tajik-afghan"


def main() -> None:
    cell_m = float(sys.argv[1]) if len(sys.argv) > 1 else 250.0
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    scenario = folders.read_scenario(CASE)
    scenario = replace(scenario, terrain=replace(scenario.terrain, cell_m=cell_m))
    folder = Path(folders.__file__).parents[1] / "cases" / CASE
    with ThreadPoolExecutor(threads) as executor:
        started = time.perf_counter()
        terrain = read_heights(scenario, folder, executor=executor).terrain
        print(f"{terrain.cells:,} cells of {cell_m:g} m: {time.perf_counter() - started:.1f} s")
        cells = cut_into_cells(scenario.border, scenario.cell_m)
        plane = lay_out(scenario.border, terrain.grid.project)
        before = peak_mb()
        lines = []
        started = time.perf_counter()
        seen = compute_visibility(
            scenario,
            cells,
            plane,
            terrain,
            executor=executor,
            progress=lambda _, total: lines.append(total),
        )
    print(f"visibility: {time.perf_counter() - started:.2f} s with {threads} threads")
    print(f"{len(seen.observers.look_observer):,} looks, {lines[-1]:,} pairs for each of 3 targets")
    print(f"{len(seen.columns):,} observer-cell pairs with something in sight")
    print(f"peak {peak_mb():.0f} MB, of which {before:.0f} MB before")
    print(*seen.notes, sep="\n")


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
