"""Measures exact pricing of one sortie over the whole line at 20-s steps, beside PyVRP.

Run: python benchmarks/fine_sortie.py [--seconds SECONDS]

One mover, 1,344 cells of 1 km, 540 steps of 20 s: in each it stays, goes one cell up or one down;
worth by (cell, hour). To reach: 25 ms on one core, route included. PyVRP gets the same mover with
the most valuable (cell, hour) visits as clients with prizes and time windows: passes of one step,
and for the best of them stays, cut into six clients of ten minutes each. Prizes dominate: distance
costs nothing. Both routes are judged by the same sum over steps, one without a legal route as none.
A peer that is not installed is skipped by name.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from sarhad.kernels import fine_sortie

CELLS, STEPS, STEP_S, HOURS = 1344, 540, 20, 3
PASSES, STAYS, PIECES, PIECE = 120, 20, 6, 30
SCALE = 1_000
"""Prize of the best step: PyVRP allows no penalty of lateness above 100,000 a step."""
TO_REACH_MS = 25.0


def made_worth(seed: int) -> np.ndarray:
    """Return worth of a step by (hour, cell): clusters along the line that come and go."""
    rng = np.random.default_rng(seed)
    middle, width = rng.uniform(0, CELLS, 40), rng.uniform(1, 12, 40)
    bumps = np.exp(-(((np.arange(CELLS)[:, None] - middle) / width) ** 2))
    return (rng.pareto(1.5, (HOURS, 40)) @ bumps.T).astype(np.float32)


def hours_of() -> np.ndarray:
    """Return the hour that each step falls into."""
    return (np.arange(STEPS) * STEP_S // 3600).astype(np.int32)


def with_pyvrp(worth: np.ndarray, start: int, seconds: float) -> float | None:
    """Return what PyVRP's route is worth by the sum over steps, or None without PyVRP."""
    try:
        import pyvrp
        from pyvrp.stop import MaxRuntime
    except ModuleNotFoundError:
        return None
    near = np.abs(np.arange(CELLS) - start) <= STEPS
    order = np.argsort(-np.where(near, worth, 0.0).ravel())
    order = np.concatenate([order[:PASSES], np.repeat(order[:STAYS], PIECES)])
    steps_of = np.repeat([1, PIECE], [PASSES, STAYS * PIECES])
    hour, cell = np.unravel_index(order, worth.shape)
    model = pyvrp.Model()
    depot = model.add_depot(location=model.add_location(x=start, y=0))
    sink = model.add_depot(location=model.add_location(x=start, y=0))
    model.add_vehicle_type(
        num_available=1, start_depot=depot, end_depot=sink, tw_early=0, tw_late=STEPS,
        unit_distance_cost=0, unit_duration_cost=0,
    )  # fmt: skip
    for h, c, last in zip(hour, cell, steps_of, strict=True):
        model.add_client(
            location=model.add_location(x=int(c), y=0), required=False,
            service_duration=int(last),
            prize=int(last * worth[h, c] / worth.max() * SCALE),
            tw_early=int(h) * 180, tw_late=int(h) * 180 + 180 - int(last),
        )  # fmt: skip
    places = [start, start, *cell.tolist()]
    for a, from_ in zip(model.locations, places, strict=True):
        for b, to in zip(model.locations, places, strict=True):
            # It may end anywhere: the way to the last depot costs no time.
            steps = 0 if b is model.locations[1] else abs(int(from_) - int(to))
            model.add_edge(a, b, distance=0, duration=steps)
    found = model.solve(stop=MaxRuntime(seconds), display=False)
    served = [a.idx for route in found.best.routes() for a in route if a.is_client()]
    return walked(worth, start, [(int(hour[v]), int(cell[v]), int(steps_of[v])) for v in served])


def walked(worth: np.ndarray, start: int, visits: list[tuple[int, int, int]]) -> float:
    """Return the worth of going straight from visit to visit, waiting there, to the end."""
    at, step, total, of = start, 0, 0.0, hours_of()
    for hour, cell, last in visits:
        left = last
        while step < STEPS and left:
            left -= at == cell and step >= hour * 180
            at += int(np.sign(cell - at))
            total += float(worth[of[step], at])
            step += 1
    return total + float(sum(worth[of[k], at] for k in range(step, STEPS)))


def main() -> None:
    """Print the time of the kernel, and its value beside PyVRP's in more and more time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    seconds = parser.parse_args().seconds
    times, ratios, longer = [], [], []
    for seed in range(5):
        worth, start = made_worth(seed), 200 * (seed + 1)
        fine_sortie(worth, hours_of(), start, with_route=True)
        began = time.perf_counter()
        for _ in range(50):
            value, _ = fine_sortie(worth, hours_of(), start, with_route=True)
        times.append((time.perf_counter() - began) / 50 * 1e3)
        for limit, kept in ((max(times[-1] / 1e3, 1e-3), ratios), (seconds, longer)):
            peer = with_pyvrp(worth, start, limit)
            if peer is not None:
                kept.append(value / max(peer, 1e-12))
    print(f"exact with route: median {np.median(times):.2f} ms, most {max(times):.2f} ms; "
          f"to reach {TO_REACH_MS:g} ms")  # fmt: skip
    if not ratios:
        print("PyVRP is not installed: skipped")
        return
    print(f"value of ours / PyVRP's in the same time: median {np.median(ratios):.2f} "
          f"({min(ratios):.2f} to {max(ratios):.2f})")  # fmt: skip
    print(f"the same where PyVRP has {seconds:g} s: median {np.median(longer):.2f} "
          f"({min(longer):.2f} to {max(longer):.2f})")  # fmt: skip


if __name__ == "__main__":
    main()
