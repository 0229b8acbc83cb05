"""Small maps of precincts: with and without odd cycles."""

from __future__ import annotations

import numpy as np
from scipy.spatial import Delaunay

from sarhad.solvers.matchings import PairingMap


def join(precincts: int, *edges: tuple[int, int]) -> PairingMap:
    return PairingMap(precincts, np.array(edges, dtype=np.int64))


def path(precincts: int) -> PairingMap:
    return join(precincts, *((v, v + 1) for v in range(precincts - 1)))


def cycle(precincts: int) -> PairingMap:
    return join(precincts, *((v, (v + 1) % precincts) for v in range(precincts)))


def strip_of_triangles(precincts: int) -> PairingMap:
    """Two rows shifted by half: each precinct next to the two before it."""
    near = [(v, v + 1) for v in range(precincts - 1)]
    return join(precincts, *near, *((v, v + 2) for v in range(precincts - 2)))


def chain_of_triangles(count: int) -> PairingMap:
    """Triangles joined by single edges: each is an odd set that can bind."""
    edges = []
    for a in range(0, 3 * count, 3):
        edges += [(a, a + 1), (a + 1, a + 2), (a, a + 2)] + ([(a - 1, a)] if a else [])
    return join(3 * count, *edges)


def planar(precincts: int, rng: np.random.Generator) -> PairingMap:
    corners = Delaunay(rng.random((precincts, 2))).simplices
    sides = np.vstack((corners[:, :2], corners[:, 1:], corners[:, ::2]))
    return PairingMap(precincts, np.unique(np.sort(sides, axis=1), axis=0).astype(np.int64))
