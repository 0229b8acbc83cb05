"""Measures the estimate of risk: 10,000 events x 1,344 cells x 168 hours.

Run: python benchmarks/risk_fit.py [EVENTS ...]

Simulated events around eight places of the reference line over four years, of mixed precision and
belief, each in a process of its own. Prints the time of the whole estimate (records on the line to
intervals per cell and hour) and the peak memory. The bound is 10 s and 1 GiB on 2 cores.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from sarhad.border import place_at
from sarhad.exchange.scenario_folder import read_scenario
from sarhad.risk import estimate_from_records, gather_covariates, gather_records, lay_strip
from sarhad.scenario import Incident

CELLS = 1344
START = datetime(2021, 12, 6, tzinfo=UTC)
WEEKS = 208


def simulate(count: int, border, rng: np.random.Generator) -> list[Incident]:
    hubs = rng.uniform(0, border.length_m, 8)
    at_m = hubs[rng.integers(0, 8, count)] + rng.normal(0, 8e3, count)
    lon, lat = place_at(border, np.clip(at_m, 0, border.length_m))
    lon, lat = lon + rng.normal(0, 0.09, count), lat + rng.normal(0, 0.07, count)
    hour = rng.uniform(0, WEEKS * 168 - 200, count)
    kinds = (("exact", 0.5), ("village", 5.0), ("village", 25.0))
    rows = []
    for number in range(count):
        precision, radius_km = kinds[rng.integers(3)]
        start = START + timedelta(hours=float(hour[number]))
        rows.append(
            Incident(
                id=f"e{number}", start=start, end=start + timedelta(hours=int(rng.integers(1, 24))),
                kind="armed_raid", lon=float(lon[number]), lat=float(lat[number]),
                precision=precision, radius_km=radius_km, reliability="ABC"[rng.integers(3)],
                credibility=int(rng.integers(1, 4)), source="simulated",
            )
        )  # fmt: skip
    return rows


def measure(count: int) -> None:
    scenario = read_scenario("tajik-afghan")
    rng = np.random.default_rng(count)
    incidents = simulate(count, scenario.border, rng)
    before, work = time.perf_counter(), time.process_time()
    zone = ZoneInfo("UTC")
    strip = lay_strip(scenario.border, CELLS, 50_000.0)
    records, _ = gather_records(incidents, strip, zone)
    covariates = gather_covariates(strip, scenario)
    at = START + timedelta(weeks=WEEKS)
    risk = estimate_from_records(strip, records, covariates, scenario.risk, at, zone, rng)
    seconds = time.perf_counter() - before
    worked = time.process_time() - work
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{count:6,} events: {seconds:5.2f} s ({worked:.2f} s of processor time),"
        f" peak {peak:.2f} GiB; {risk.intensity.shape} hours;"
        f" {risk.weekly.sum():.3f} a week [{risk.total_low:.3f}, {risk.total_high:.3f}],"
        f" simulated {count / WEEKS:.3f}",
        flush=True,
    )


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--one":
        measure(int(sys.argv[2]))
    else:
        for size in sys.argv[1:] or ("0", "1", "4", "10000"):
            subprocess.run([sys.executable, __file__, "--one", size], check=True)
