"""Matchings: the polytope, its odd sets and lotteries that meet stated shares."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tests.solvers.explicit_pairing import all_matchings
from tests.solvers.maps import (
    chain_of_triangles,
    cycle,
    join,
    path,
    planar,
    strip_of_triangles,
)

from sarhad.solvers.lotteries import MatchingLottery, decompose_shares, heaviest_matching
from sarhad.solvers.matchings import MatchingProgram, PairingMap
from sarhad.solvers.odd_sets import find_odd_sets
from sarhad.solvers.pairing_game import lay_ladder

MAPS = {
    "ladder": lay_ladder(4),
    "pentagon": cycle(5),
    "bow tie": join(5, (0, 1), (1, 2), (0, 2), (2, 3), (3, 4), (2, 4)),
    "strip": strip_of_triangles(7),
    "chain": chain_of_triangles(3),
    "planar": planar(8, np.random.default_rng(3)),
}


def most_overfull(pairing_map: PairingMap, share: np.ndarray) -> float:
    """Return the greatest excess over (|S| - 1) / 2, of all odd sets."""
    excess = -np.inf
    for size in range(3, pairing_map.precincts + 1, 2):
        for odd_set in itertools.combinations(range(pairing_map.precincts), size):
            inside = np.isin(pairing_map.edges, odd_set).all(axis=1)
            excess = max(excess, share[inside].sum() - (size - 1) / 2)
    return excess


def test_triangle_at_a_half_each_is_overfull() -> None:
    # Three halves inside, one edge at most: (3 - 1) / 2 = 1.
    (found,) = find_odd_sets(cycle(3).edges, np.full(3, 0.5), 3)
    assert found.tolist() == [0, 1, 2]


@pytest.mark.parametrize("seed", range(30))
def test_odd_sets_are_found_exactly_where_there_are_any(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairing_map = planar(8, rng)
    share = rng.exponential(1.0, len(pairing_map.edges)) ** 2
    share /= (pairing_map.incidence @ share).max() * rng.uniform(1.0, 1.2)
    share[rng.random(len(share)) < 0.3] = 0.0
    found = find_odd_sets(pairing_map.edges, share, 8)
    assert bool(found) == (most_overfull(pairing_map, share) > 1e-7)
    for odd_set in found:
        inside = np.isin(pairing_map.edges, odd_set).all(axis=1)
        assert len(odd_set) % 2 == 1
        assert share[inside].sum() > (len(odd_set) - 1) / 2


@pytest.mark.parametrize("name", MAPS)
def test_heaviest_matching_is_that_of_enumeration(name: str) -> None:
    rng = np.random.default_rng(1)
    pairing_map = MAPS[name]
    for teams in (1, 2):
        program = MatchingProgram(pairing_map, teams, parts=1)
        for _ in range(5):
            weight = rng.normal(size=len(pairing_map.edges))
            found = heaviest_matching(program, weight)
            assert found is not None
            best = max(weight[list(c)].sum() for c in all_matchings(pairing_map, teams))
            assert weight @ found == pytest.approx(best)
            assert found.sum() == teams


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("seed", range(3))
def test_lottery_meets_the_shares_that_it_was_made_from(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairing_map = MAPS[name]
    chosen = np.zeros((6, len(pairing_map.edges)))
    matchings = all_matchings(pairing_map, 2)
    for row in chosen:
        row[list(matchings[rng.integers(len(matchings))])] = 1.0
    shares = rng.dirichlet(np.ones(6)) @ chosen
    lottery = decompose_shares(pairing_map, 2, shares, [])
    assert lottery.shares == pytest.approx(shares, abs=1e-9)
    assert (lottery.chosen.sum(axis=1) == 2).all()
    assert (lottery.chosen.astype(int) @ pairing_map.incidence.T <= 1).all()


def test_lottery_of_a_map_whose_odd_sets_bind() -> None:
    # 33 triangles, 33 teams: shares at the middle of many matchings of greatest weight.
    rng = np.random.default_rng(2)
    pairing_map = chain_of_triangles(33)
    program = MatchingProgram(pairing_map, 33, parts=1)
    drawn = [heaviest_matching(program, rng.normal(size=131)) for _ in range(40)]
    shares = np.mean([d for d in drawn if d is not None], axis=0)
    lottery = decompose_shares(pairing_map, 33, shares, [])
    assert lottery.shares == pytest.approx(shares, abs=1e-8)


def test_more_teams_than_odd_sets_allow_are_refused() -> None:
    # Two triangles: by precincts alone three teams would fit, half on each side.
    two = join(6, (0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5))
    program = MatchingProgram(two, 3, parts=1)
    assert heaviest_matching(program, np.ones(6)) is None


def test_two_colours_suffice_for_ladders_not_for_triangles() -> None:
    assert lay_ladder(5).bipartite
    assert path(6).bipartite
    assert not strip_of_triangles(4).bipartite


def test_bound_holds_whatever_the_multipliers() -> None:
    # On the path 0 - 1 - 2 - 3 two teams can only take both ends: cost 1 + 4.
    program = MatchingProgram(path(4), 2, parts=1)
    program.set_cost(np.array([1.0, 2.0, 4.0]))
    program.run()
    assert program.bound() == pytest.approx(5.0)
    assert program.bound() <= 5.0 + 1e-12


@pytest.mark.parametrize(
    ("precincts", "edges", "match"),
    [
        (2, [(0, 0)], "itself"),
        (2, [(0, 2)], "0 to 1"),
        (3, [(0, 1), (1, 0)], "twice"),
        (3, np.zeros((0, 2)), "at least 1"),
    ],
)
def test_nonsense_maps_are_refused(precincts: int, edges: list, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        PairingMap(precincts, np.array(edges, dtype=np.int64))


def test_lottery_refuses_what_is_no_probability() -> None:
    with pytest.raises(ValueError, match="sum to one"):
        MatchingLottery(np.array([0.5]), np.array([[True]]))
    with pytest.raises(ValueError, match="one probability"):
        MatchingLottery(np.array([0.5, 0.5]), np.array([[True]]))
