"""Measures mixed pairing: the game proven optimal, beside a plain integer program.

Run: python benchmarks/mixed_pairing.py [--limit SECONDS] [--seeds COUNT] [--peer-seeds COUNT]

The reference game: precincts are the vertices of a 2 x 50 ladder, 50 areas each; a joint schedule
is a matching of exactly m edges, each team patrols one area of one of its two precincts; payoffs
uniform, 1 to 100 uncovered and 0 to 5 covered. To reach: proven optimal in 5 s on 2 cores. The
peer in the same run is HiGHS on the compact program with one binary per area (ERASER of Kiekintveld
et al. 2009 over the degree rows of the ladder), stopped at the limit. Then maps with odd cycles.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable

import highspy
import numpy as np
from scipy.sparse import block_array, coo_array, csr_array, diags_array
from scipy.spatial import Delaunay

from sarhad.solvers.matchings import PairingMap
from sarhad.solvers.pairing import measure_shares, solve_pairing
from sarhad.solvers.pairing_game import PairingGame, draw_game, lay_ladder

AREAS = 50
TEAMS = (10, 25, 40, 50)
TO_REACH_S = 5.0


def solve_ours(game: PairingGame) -> tuple[str, float]:
    started = time.perf_counter()
    plan = solve_pairing(game)
    seconds = time.perf_counter() - started
    shares = measure_shares(game, plan).sum(axis=2)
    at_precincts = np.bincount(game.map.edges.ravel(), shares.ravel(), game.map.precincts)
    off = np.abs(at_precincts - plan.coverage.sum(axis=1)).max()
    row = (
        f"{seconds:7.3f} s  value {plan.value:10.6f}  bound - value {plan.bound - plan.value:8.1e}"
        f"  {plan.programs} programs  {len(plan.lottery.probability):3d} matchings"
        f"  off {off:7.1e}  {'proven' if plan.proven else 'NOT PROVEN'}"
    )
    return row, seconds


def integer_program(game: PairingGame) -> highspy.HighsLp:
    """Return the compact program: x (2 per edge), c (per area), b (binary per area), u, d."""
    edges, targets = game.map.edges, game.reward_uncovered.size
    patrols = csr_array(
        (np.ones(2 * len(edges)), (edges.T.ravel(), np.arange(2 * len(edges)))),
        shape=(game.map.precincts, 2 * len(edges)),
    )
    degree = game.map.incidence
    areas = csr_array(np.repeat(np.eye(game.map.precincts), game.areas, axis=1))
    reward = diags_array(game.reward_slope.ravel())
    saved = diags_array((game.penalty_uncovered - game.penalty_covered).ravel())
    ones = coo_array(np.ones((targets, 1)))
    base, loss = game.reward_uncovered.ravel(), game.penalty_uncovered.ravel()
    least = np.minimum(game.reward_uncovered, game.reward_covered).ravel()
    worst = np.maximum(game.penalty_uncovered, game.penalty_covered).ravel()
    far, deep = diags_array(game.greatest_conceivable - least), diags_array(worst)
    rows = block_array(
        [
            [block_array([[degree, degree]]), None, None, None, None],
            [coo_array(np.ones((1, 2 * len(edges)))), None, None, None, None],
            [patrols, -areas, None, None, None],
            [None, reward, None, -ones, None],
            [None, -reward, far, ones, None],
            [None, -saved, deep, None, ones],
            [None, None, coo_array(np.ones((1, targets))), None, None],
        ],
        format="csr",
    )
    size = game.map.precincts
    lower = (np.full(size, -np.inf), [game.teams], np.zeros(size), np.full(3 * targets, -np.inf))
    upper = (np.ones(size), [game.teams], np.zeros(size), -base)
    ends = (base + (game.greatest_conceivable - least), -loss + worst, [1.0])
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = rows.shape
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = rows.indptr, rows.indices
    lp.a_matrix_.value_ = rows.data
    lp.row_lower_ = np.concatenate((*lower, [1.0]))
    lp.row_upper_ = np.concatenate((*upper, *ends))
    lp.col_cost_ = np.append(np.zeros(lp.num_col_ - 1), -1.0)
    lp.col_lower_ = np.append(np.zeros(lp.num_col_ - 2), [-np.inf, -np.inf])
    lp.col_upper_ = np.append(np.ones(lp.num_col_ - 2), [np.inf, np.inf])
    kinds = [highspy.HighsVarType.kContinuous] * lp.num_col_
    first = 2 * len(edges) + targets
    kinds[first : first + targets] = [highspy.HighsVarType.kInteger] * targets
    lp.integrality_ = kinds
    return lp


def solve_peer(game: PairingGame, limit_s: float) -> str:
    engine = highspy.Highs()
    engine.setOptionValue("output_flag", False)
    engine.setOptionValue("time_limit", limit_s)
    engine.setOptionValue("mip_rel_gap", 0.0)
    started = time.perf_counter()
    engine.passModel(integer_program(game))
    engine.run()
    seconds = time.perf_counter() - started
    info = engine.getInfo()
    status = engine.modelStatusToString(engine.getModelStatus())
    return (
        f"{seconds:7.1f} s  value {-info.objective_function_value:10.6f}"
        f"  bound {-info.mip_dual_bound:10.6f}  {status}"
    )


def odd_maps() -> Iterable[tuple[str, PairingMap]]:
    near = [(v, v + 1) for v in range(100)] + [(v, v + 2) for v in range(99)]
    yield "strip of triangles, 101", PairingMap(101, np.array(near))
    chain = [(v, v + 1) for v in range(98)] + [(v, v + 2) for v in range(0, 99, 3)]
    yield "chain of triangles, 99", PairingMap(99, np.array(chain))
    corners = Delaunay(np.random.default_rng(5).random((100, 2))).simplices
    sides = np.sort(np.vstack((corners[:, :2], corners[:, 1:], corners[:, ::2])), axis=1)
    yield "random planar, 100", PairingMap(100, np.unique(sides, axis=0).astype(np.int64))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=float, default=60.0, help="of the peer [s]")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--peer-seeds", type=int, default=1)
    options = parser.parse_args()
    slowest = 0.0
    for teams in TEAMS:
        for seed in range(options.seeds):
            game = draw_game(lay_ladder(50), teams, AREAS, np.random.default_rng(seed))
            row, seconds = solve_ours(game)
            slowest = max(slowest, seconds)
            print(f"ladder 2 x 50, m {teams:2d}, seed {seed}: {row}", flush=True)
            if seed < options.peer_seeds:
                print(f"{'the integer program':>30}: {solve_peer(game, options.limit)}", flush=True)
    print(f"slowest of the ladder: {slowest:.3f} s; to reach {TO_REACH_S} s")
    for name, pairing_map in odd_maps():
        for teams in (10, 25, 40, 49):
            for seed in range(options.seeds):
                game = draw_game(pairing_map, teams, AREAS, np.random.default_rng(seed))
                print(f"{name}, m {teams:2d}, seed {seed}: {solve_ours(game)[0]}", flush=True)


if __name__ == "__main__":
    main()
