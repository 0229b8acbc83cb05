"""Measures reading and checking the embedded case.

Run: python benchmarks/check_case.py

Prints the best of five runs of `sarhad check tajik-afghan`, interpreter start included, with its
processor time and peak memory, and the time of `read_scenario` alone.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

from sarhad.exchange.scenario_folder import read_scenario

CASE = "tajik-afghan"
RUNS = 5


def main() -> None:
    walls, users = [], []
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "sarhad.cli", "check", CASE],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        walls.append(time.perf_counter() - start)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        users.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"sarhad check {CASE}: {min(walls):.2f} s, {min(users):.2f} s of processor time,")
    print(f"  peak {peak_mb:.0f} MiB (best of {RUNS})")
    reads = []
    for _ in range(RUNS):
        start = time.perf_counter()
        read_scenario(CASE)
        reads.append(time.perf_counter() - start)
    print(f"read_scenario alone: {min(reads) * 1000:.0f} ms (best of {RUNS})")


if __name__ == "__main__":
    main()
