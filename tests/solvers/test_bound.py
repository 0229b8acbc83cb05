"""The bound never exceeds the optimum over all joint schedules, nor that a plan's value."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from scipy.optimize import linprog
from tests.solvers.small_games import best_lottery, small_game, with_mixed_teams

from sarhad.patrols import covered, effort_of
from sarhad.plan import Result, find_plan_breaches
from sarhad.solvers.bound import (
    _least_over_prices,
    bound_harm,
    choose_lines,
    chord_constant,
    mix_lines,
    tangent_constant,
)
from sarhad.solvers.fluid import begin_fluid
from sarhad.solvers.game import attack_weights, build_game
from sarhad.solvers.generate import SearchSettings, solve

SMALL = 1e-6
OF_TANGENTS = 0.02
"""Share of harm by which four tangents may miss 1 - exp(-x) on the fields of small games."""


def made_game(seed: int):
    """Return a small network and its adaptivity; coupling limits come and go with the seed."""
    network = small_game(
        seed, strength=[0.3, 0.6, 0.95][seed % 3], mixed=seed % 2 == 1, air=seed % 4 == 2,
        officers=[9, 1, 0][seed // 3 % 3], presence=0.25 if seed % 5 == 0 else 0.0,
    )  # fmt: skip
    return network, [0.0, 0.5, 1.0][seed // 2 % 3]


def searched(network, adaptivity: float, rounds: int) -> Result:
    return solve(network, adaptivity, SearchSettings(gap=0.0, time_limit_s=1e6, most_rounds=rounds))


def judged(seed: int, rounds: int = 14) -> tuple[float, float, float, float]:
    """Return bound, optimum and value of a game, and harm with posts alone."""
    network, adaptivity = made_game(seed)
    best = best_lottery(network, adaptivity, with_mixed_teams(network))
    result = searched(network, adaptivity, rounds)
    assert result.harm_bound <= best * (1 + SMALL)
    if find_plan_breaches(result.plan, network):
        # Only presence may be out of reach, and only where no legal plan of single units has it.
        assert np.isinf(best_lottery(network, adaptivity, network.teams))
        return result.harm_bound, best, np.inf, result.harm_posts_alone
    assert best <= result.harm * (1 + SMALL)
    return result.harm_bound, best, result.harm, result.harm_posts_alone


@pytest.mark.parametrize("seed", range(8))
def test_bound_optimum_and_value_stand_in_order_on_small_games(seed: int) -> None:
    judged(seed)


@pytest.mark.slow
def test_bound_optimum_and_value_stand_in_order_on_48_games(capsys) -> None:
    rows = np.array([judged(seed) for seed in range(48)])
    bound, best, value, posts = rows[np.isfinite(rows[:, :3]).all(axis=1)].T
    assert len(bound) >= 40
    with capsys.disabled():
        for name, away in (("bound", best - bound), ("value", value - best)):
            for of, whole in (("avoidable harm", posts - best), ("harm", best)):
                off = away / whole
                said = f"\n{name} off the optimum by a mean of {off.mean():.2%} of {of}, "
                said += f"median {np.median(off):.2%}, at worst {off.max():.2%}"
                sys.stdout.write(said)


@pytest.mark.parametrize("seed", range(12))
def test_bound_is_valid_for_any_mixture_and_any_lines(seed: int) -> None:
    network, adaptivity = made_game(seed)
    best = best_lottery(network, adaptivity, with_mixed_teams(network))
    game, rng = build_game(network, adaptivity), np.random.default_rng(seed)
    for spread in (0.05, 0.3, 1.0):
        adaptive = np.zeros(len(game.harm))
        for weight, group in zip(game.weights, game.members, strict=True):
            adaptive[group] = weight * rng.dirichlet(np.full(len(group), spread))
        shape = game.strongest.shape
        chord, tangent, share = rng.random((3, *shape))
        near = np.exp(-rng.exponential(spread, shape))
        for lines in (
            mix_lines(game.strongest, chord, tangent, share),
            mix_lines(game.strongest, near, near, np.round(share)),
            choose_lines(game.strongest, chord.astype(np.float32), tangent.astype(np.float32)),
        ):
            found = bound_harm(game, attack_weights(game, adaptive), lines)
            assert found.harm <= best * (1 + SMALL)
            assert found.officer_price >= 0


@pytest.mark.parametrize("seed", range(12))
def test_fluid_is_a_relaxation_and_its_bound_only_rises(seed: int) -> None:
    network, adaptivity = made_game(seed)
    best = best_lottery(network, adaptivity, with_mixed_teams(network))
    game = build_game(network, adaptivity)
    none = np.zeros_like(game.open_share)
    fluid = begin_fluid(game, np.zeros(len(game.harm)), none, none)
    steps = [fluid.improve() for _ in range(12)]
    values, bounds = [value for value, _ in steps], [found.harm for _, found in steps]
    assert np.all(np.diff(values) <= SMALL * values[0])
    assert np.all(np.diff(bounds) >= 0)
    assert bounds[-1] <= best * (1 + SMALL)
    # The program has four tangents on each field and no pool of officers; the bound has the best
    # tangent and the pool, and may exceed the program's value by what that is worth.
    if network.limits.officers >= len(network.teams):
        assert values[-1] >= bounds[-1] * (1 - OF_TANGENTS)


def test_constants_of_chords_equal_brute_force() -> None:
    rng = np.random.default_rng(1)
    slope = np.concatenate([rng.random(300), [0.0, 1.0, 0.5, 0.25, 1e-9]])
    strong = np.concatenate([rng.uniform(0.02, 1.0, 300), [0.5, 0.5, 0.5, 0.5, 0.9]])
    visits = np.arange(2_000.0)[:, None]
    brute = (1 - (1 - strong) ** visits - slope * strong * visits).max(axis=0)
    assert np.allclose(chord_constant(slope, strong), brute, rtol=0, atol=1e-12)
    assert chord_constant(np.array([0.3]), np.array([0.0])) == 0.0


def test_constants_of_tangents_equal_brute_force() -> None:
    slope = np.array([1e-6, 0.01, 0.3, 0.77, 1.0])
    effort = np.linspace(0.0, 20.0, 400_001)[:, None]
    brute = (1 - np.exp(-effort) - slope * effort).max(axis=0)
    assert np.allclose(tangent_constant(slope), brute, rtol=0, atol=1e-8)
    assert (tangent_constant(slope) >= brute - 1e-12).all()


@pytest.mark.parametrize("seed", range(20))
def test_lines_lie_above_the_chance_of_any_visits(seed: int) -> None:
    rng = np.random.default_rng(seed)
    strong = rng.random((1, 1, 1)).astype(np.float32)
    for _ in range(50):
        lines = mix_lines(strong, *rng.random((3, 1, 1, 1)))
        visits = rng.random(int(rng.integers(0, 12))) * float(strong[0, 0, 0])
        chance = -np.expm1(np.log1p(-visits).sum())
        above = lines.constant + lines.chord * visits.sum()
        above += lines.tangent * -np.log1p(-visits).sum()
        assert chance <= float(above[0, 0, 0]) + 1e-6


@pytest.mark.parametrize("seed", range(10))
def test_least_over_air_prices_is_the_best_use_of_both_budgets(seed: int) -> None:
    # Duality: the least over prices equals the best mean use, a linear program over all days.
    rng = np.random.default_rng(seed)
    values = [np.concatenate([[0.0], np.cumsum(rng.random(6))]) for _ in range(3)]
    counts, kg = rng.integers(1, 4, 3).astype(float), rng.uniform(50, 150, 3)
    blocks, fuel = float(rng.uniform(2, 20)), float(rng.uniform(200, 3000))
    found, price = _least_over_prices(values, counts, kg, blocks, fuel)
    place = np.repeat(np.arange(3), 7)
    aloft = np.tile(np.arange(7.0), 3)
    rows = np.vstack([aloft, aloft * kg[place], place == np.arange(3)[:, None]])
    best = linprog(-np.concatenate(values), rows, [blocks, fuel, *counts], method="highs")
    assert found == pytest.approx(-best.fun, rel=1e-7)
    assert price >= 0


def test_cover_is_one_less_the_product_of_misses() -> None:
    network, _ = made_game(1)
    assert np.allclose(
        covered(np.exp(-effort_of([], network.teams, network)), network),
        (1 - network.unwatched).reshape(3, 24, 2, 2) @ [s.share for s in network.states],
        atol=1e-6,
    )
