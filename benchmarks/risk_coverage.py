"""Do the 90 % intervals of the intensity hold? Simulated fields with known truth.

Run: python benchmarks/risk_coverage.py [--runs N]

Events fall evenly in time around six places of the reference line (8 km along and across) and, by
a tenth, anywhere. The intensity of each of 1,344 cells is estimated from 0 to 2,000 events in two
years and its interval compared with the truth: of the whole line, of all cells, of the 50 cells
with the highest forecast, of the 50 with the highest truth (which nobody can pick beforehand: no
interval is made for them), of all stretches of 50 km and of those with 2 % of the truth.
"""

from __future__ import annotations

import argparse
import warnings
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from sarhad.exchange.scenario_folder import read_scenario
from sarhad.risk import Records, estimate_from_records, gather_covariates, lay_strip, wall_days
from sarhad.scenario import RiskSettings

CELLS, HUBS, WEEKS, EVEN = 1344, 6, 104, 0.1
START = datetime(2023, 1, 2, tzinfo=UTC)
START_DAY = wall_days(START, ZoneInfo("UTC"))
TRUTH_EVENTS = 300_000
COLUMNS = ("whole line", "all cells", "top forecast", "top truth", "stretches", "top stretches")


def place(strip, hubs, count, rng):
    length_m = strip.border.length_m
    at_m = hubs[rng.integers(0, HUBS, count)] + rng.normal(0, 8e3, count)
    at_m = np.where(rng.random(count) < EVEN, rng.uniform(0, length_m, count), at_m)
    at_m = np.clip(at_m, 0, length_m)
    plane = strip.plane
    east = np.interp(at_m, plane.chainage_m, plane.east_m) + rng.normal(0, 8e3, count)
    return east, np.interp(at_m, plane.chainage_m, plane.north_m) + rng.normal(0, 8e3, count)


def simulate(strip, count, rng):
    hubs = rng.uniform(0, strip.border.length_m, HUBS)
    cell, _ = strip.find_near(*place(strip, hubs, TRUTH_EVENTS, rng))
    truth = np.bincount(cell, minlength=CELLS) / TRUTH_EVENTS * count / WEEKS
    n = rng.poisson(count)
    east, north = place(strip, hubs, n, rng)
    cell, distance_m = strip.locate(east, north) if n else (np.zeros(0, int), np.zeros(0))
    day = START_DAY + np.sort(rng.uniform(0, WEEKS * 7, n))
    one, yes = np.ones(n), np.ones(n, bool)
    records = Records(
        tuple(map(str, range(n))), ("raid",) * n, np.arange(n), east, north, 1e3 * one, ~yes, yes,
        day, day + 0.01, one, cell, distance_m,
    )  # fmt: skip
    return truth, records


def measure(strip, covariates, count, rng):
    truth, records = simulate(strip, count, rng)
    at = START + timedelta(weeks=WEEKS)
    settings = RiskSettings(record_from=START)
    zone = ZoneInfo("UTC")
    risk = estimate_from_records(strip, records, covariates, settings, at, zone, rng)
    inside = (risk.weekly_low <= truth) & (truth <= risk.weekly_high)
    stretch = (strip.middles_m // 50_000).astype(int)
    drawn = np.stack([np.bincount(stretch, row) for row in risk.draws])
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    of_stretch = np.bincount(stretch, truth)
    good = (low <= of_stretch) & (of_stretch <= high)
    top, known = np.argsort(-risk.weekly)[:50], np.argsort(-truth)[:50]
    busy = of_stretch > 0.02 * of_stretch.sum()
    whole = risk.total_low <= truth.sum() <= risk.total_high
    return [whole, inside.mean(), inside[top].mean(), inside[known].mean(), good.mean(),
            good[busy].mean() if busy.any() else np.nan]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=40)
    runs = parser.parse_args().runs
    scenario = read_scenario("tajik-afghan")
    strip = lay_strip(scenario.border, CELLS, 50_000.0)
    covariates = gather_covariates(strip)
    print("share of true intensities within their 90 % interval; wanted 0.80 to 0.97")
    print(f"{'events':>7s} {'runs':>5s} " + " ".join(f"{name:>13s}" for name in COLUMNS))
    for count in (1, 4, 50, 500, 2000):
        number = max(4, runs // (1 if count < 500 else 2))
        seeds = [np.random.default_rng([77, count, run]) for run in range(number)]
        table = np.array([measure(strip, covariates, count, rng) for rng in seeds], float)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            mean = np.nanmean(table, axis=0)
        cells = " ".join(
            f"{v:13.2f}" if 0.8 <= round(v, 2) <= 0.97 else f"{v:12.2f}!" for v in mean
        )
        print(f"{count:7,} {number:5d} {cells}", flush=True)
    print("! outside 0.80 to 0.97")


if __name__ == "__main__":
    main()
