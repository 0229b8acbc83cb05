"""Runs `sarhad backtest` on the Syria-Lebanon line with the UCDP events within 50 km.

Run: python benchmarks/risk_backtest.py

Makes the scenario with `sarhad new` from ../shared/data, scores 2018-2019 and checks the written
forecasts by scoring them again from the tables alone. Prints time and peak memory; the bound is
10 minutes.
"""

from __future__ import annotations

import csv
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
LINE = SHARED / "border_syria_lebanon_osm.geojson"
EVENTS = SHARED / "ucdp_ged_syria_2016_2019.csv.gz"


def sarhad(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "sarhad.cli", *arguments], check=True)


def score_again(folder: Path, label: str) -> dict[str, float]:
    forecast: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    with (folder / f"forecasts_{label}.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            forecast[row["model"], row[label]][int(row["cell"])] = float(row["expected"])
    with (folder / f"events_{label}.csv").open(newline="") as file:
        events = [
            (row[label], [int(c) for c in row["cells"].split()]) for row in csv.DictReader(file)
        ]
    scores: dict[str, float] = defaultdict(float)
    for (model, _), cells in forecast.items():
        scores[model] -= sum(cells.values())
    for model in scores:
        for week, cells in events:
            scores[model] += math.log(sum(forecast[model, week][cell] for cell in cells))
    return {model: total / len(events) for model, total in scores.items()}


def main() -> None:
    if not EVENTS.exists():
        raise SystemExit(f"skipped: {EVENTS} is missing")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sarhad("new", str(folder / "line"), "--border", str(LINE), "--own-side", "left")
        before = time.perf_counter()
        sarhad(
            "backtest", str(folder / "line"), "--events", str(EVENTS), "--within-km", "50",
            "--from", "2018-01-01", "--to", "2019-12-31", "--out", str(folder / "out"),
        )  # fmt: skip
        seconds = time.perf_counter() - before
        for label in ("week", "month"):
            again = score_again(folder / "out", label)
            print(f"scored again from the tables, {label}:", end="")
            print("".join(f" {model} {score:.4f}" for model, score in again.items()))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"{seconds:.1f} s, peak {peak:.2f} GiB")


if __name__ == "__main__":
    main()
