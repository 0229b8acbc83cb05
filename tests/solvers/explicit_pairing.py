"""Pairing games solved the slow way: every joint schedule written out."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from sarhad.solvers.matchings import PairingMap
from sarhad.solvers.pairing_game import PairingGame


def all_matchings(pairing_map: PairingMap, teams: int) -> list[tuple[int, ...]]:
    edges = pairing_map.edges
    return [
        chosen
        for chosen in itertools.combinations(range(len(edges)), teams)
        if len({int(v) for v in edges[list(chosen)].ravel()}) == 2 * teams
    ]


def all_joint_schedules(game: PairingGame) -> np.ndarray:
    """Return who is covered under each joint schedule, shape (schedules, targets)."""
    posts = [
        [(int(v), area) for v in edge for area in range(game.areas)] for edge in game.map.edges
    ]
    covered = set()
    for chosen in all_matchings(game.map, game.teams):
        for places in itertools.product(*(posts[edge] for edge in chosen)):
            covered.add(tuple(sorted(v * game.areas + area for v, area in places)))
    rows = np.zeros((len(covered), game.map.precincts * game.areas))
    for row, targets in zip(rows, sorted(covered), strict=True):
        row[list(targets)] = 1.0
    return rows


def payoff_tables(game: PairingGame) -> tuple[np.ndarray, np.ndarray]:
    """Return attacker's and defender's payoff by joint schedule and target."""
    covered = all_joint_schedules(game)
    attacker = np.where(covered, game.reward_covered.ravel(), game.reward_uncovered.ravel())
    defender = -np.where(covered, game.penalty_covered.ravel(), game.penalty_uncovered.ravel())
    return attacker, defender


def value_by_many_programs(game: PairingGame) -> float:
    """Return the value of the game: one linear program per target (Conitzer, Sandholm 2006)."""
    attacker, defender = payoff_tables(game)
    values = [-np.inf]
    for target in range(attacker.shape[1]):
        worse = (attacker - attacker[:, [target]]).T
        found = linprog(
            -defender[:, target], worse, np.zeros(len(worse)), np.ones((1, len(attacker))), [1.0]
        )
        if found.status == 0:
            values.append(-found.fun)
    return max(values)


def value_by_integer_program(game: PairingGame) -> float:
    """Return the value of the game: one program, the attacker's choice in binaries.

    Columns: probabilities of the schedules, d, u, one binary per target.
    max d  with  d <= D_t + M (1 - b_t),  A_t <= u <= A_t + M (1 - b_t),  sum b = 1
    """
    attacker, defender = payoff_tables(game)
    schedules, targets = attacker.shape
    big = np.ptp(attacker) + np.ptp(defender) + 1.0
    none, one, each = np.zeros((targets, 1)), np.ones((targets, 1)), np.eye(targets)
    rows = np.vstack(
        (
            np.hstack((-defender.T, one, none, big * each)),
            np.hstack((attacker.T, none, -one, 0.0 * each)),
            np.hstack((-attacker.T, none, one, big * each)),
        )
    )
    limits = np.concatenate((np.full(targets, big), np.zeros(targets), np.full(targets, big)))
    sums = np.zeros((2, schedules + 2 + targets))
    sums[0, :schedules] = sums[1, schedules + 2 :] = 1.0
    found = milp(
        np.concatenate((np.zeros(schedules), [-1.0, 0.0], np.zeros(targets))),
        integrality=np.concatenate((np.zeros(schedules + 2), np.ones(targets))),
        bounds=Bounds(
            np.concatenate((np.zeros(schedules), [-np.inf, -np.inf], np.zeros(targets))),
            np.concatenate((np.ones(schedules), [np.inf, np.inf], np.ones(targets))),
        ),
        constraints=[LinearConstraint(rows, ub=limits), LinearConstraint(sums, 1.0, 1.0)],
        options={"mip_rel_gap": 0.0},
    )
    assert found.status == 0, found.message
    return float(-found.fun)
