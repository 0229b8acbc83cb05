"""Odd sets of precincts that a share of matchings overfills (Padberg and Rao 1982)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, maximum_flow

Floats = NDArray[np.float64]
Edges = NDArray[np.int64]

OVERFULL: Final = 1e-7
"""Excess over (|S| - 1) / 2 from which an odd set counts as violated."""

EMPTY: Final = 1e-9
"""Shares this near to none or to one are taken for that."""

CAPACITY: Final = 1e9
"""Whole units of flow per unit of share: the flow code takes 32-bit integers, and no flow here
exceeds one share, so cuts are told apart to about 1e-7 on a thousand edges."""


def find_odd_sets(edges: Edges, share: Floats, precincts: int) -> list[NDArray[np.intp]]:
    """Return odd sets S of precincts with share(edges inside S) > (|S| - 1) / 2.

    The list is empty only if no odd set is overfull by more than about `OVERFULL`: then the
    shares, if they fill no precinct beyond one, are those of a lottery over matchings.

    With a slack node joined to each precinct by what its edges leave of one, an odd set is
    overfull exactly if the cut around it weighs less than one; the lightest odd cut is one of
    those that a cut tree shows.

    Parameters
    ----------
    edges : ndarray of int, shape (edges, 2)
        Precincts that each edge joins.
    share : ndarray, shape (edges,)
        Probability of each edge; at most one in sum at each precinct.
    precincts : int
        How many precincts there are.

    References
    ----------
    Edmonds, J. (1965), J. Res. Natl. Bur. Stand. 69B, 125-130. Padberg, M. and Rao, M. (1982),
    Odd minimum cut-sets and b-matchings,
    Mathematics of Operations Research. Gusfield, D. (1990), Very simple methods for all pairs
    network flow analysis.
    """
    # Whole edges and empty ones decide nothing, and neither does a part that two colours do:
    # an overfull set lies within one part of what is left, around an odd cycle.
    loose = edges[(share > EMPTY) & (share < 1.0 - EMPTY)]
    amount = share[(share > EMPTY) & (share < 1.0 - EMPTY)]
    found = []
    for part in odd_parts(loose, precincts):
        here = np.isin(loose[:, 0], part)
        local = np.searchsorted(part, loose[here])
        found += [part[inside] for inside in _search_part(local, amount[here], len(part))]
    return found


def odd_parts(edges: Edges, precincts: int) -> list[NDArray[np.intp]]:
    """Return the precincts of each connected part that holds an odd cycle, ascending.

    In two copies of the graph whose edges lead from one copy to the other, a precinct is
    connected with its own copy exactly if its part holds an odd cycle.
    """
    tail = np.concatenate((edges[:, 0], edges[:, 1]))
    head = np.concatenate((edges[:, 1], edges[:, 0])) + precincts
    shape = (2 * precincts, 2 * precincts)
    doubled = csr_array((np.ones(len(tail)), (tail, head)), shape=shape)
    _, label = connected_components(doubled, directed=False)
    odd = label[:precincts] == label[precincts:]
    return [
        np.flatnonzero(odd & (label[:precincts] == one))
        for one in np.unique(label[:precincts][odd])
    ]


def _search_part(edges: Edges, share: Floats, precincts: int) -> list[NDArray[np.intp]]:
    """Return the overfull odd sets of one connected part."""
    network = _slack_network(edges, share, precincts)
    found: dict[bytes, NDArray[np.intp]] = {}
    for side in _tree_cuts(network):
        # The slack node is the last; an odd set lies on the side without it.
        inside = np.flatnonzero(~side[:-1] if side[-1] else side[:-1])
        if len(inside) % 2 == 0 or len(inside) < 3:
            continue
        within = np.isin(edges, inside).all(axis=1)
        if share[within].sum() > (len(inside) - 1) / 2 + OVERFULL:
            found[inside.tobytes()] = inside
    return list(found.values())


def _slack_network(edges: Edges, share: Floats, precincts: int) -> csr_array:
    """Return whole-number capacities between precincts and the slack node, both ways."""
    slack = 1.0 - np.bincount(edges.ravel(), np.repeat(share, 2), precincts)
    every = np.arange(precincts)
    tail = np.concatenate((edges[:, 0], every))
    head = np.concatenate((edges[:, 1], np.full(precincts, precincts)))
    capacity = np.rint(np.concatenate((share, slack)) * CAPACITY).clip(0).astype(np.int32)
    both = (np.concatenate((tail, head)), np.concatenate((head, tail)))
    shape = (precincts + 1, precincts + 1)
    network = csr_array((np.tile(capacity, 2), both), shape=shape)
    network.eliminate_zeros()
    return network


def _tree_cuts(network: csr_array) -> list[NDArray[np.bool_]]:
    """Return the sides of the cuts of a cut tree (Gusfield 1990)."""
    nodes = network.shape[0]
    parent = np.zeros(nodes, dtype=np.intp)
    for node in range(1, nodes):
        above = parent[node]
        side = _near_side(network, node, int(above))
        moved = side & (parent == above)
        moved[node] = moved[0] = False
        parent[moved] = node
        if above != 0 and side[parent[above]]:
            # The cut fell beyond the one above: the two change places.
            parent[node], parent[above] = parent[above], node
    below = np.eye(nodes, dtype=bool)
    for node in range(1, nodes):
        above = parent[node]
        while above != 0:
            below[above, node] = True
            above = parent[above]
    return list(below[1:])


def _near_side(network: csr_array, source: int, sink: int) -> NDArray[np.bool_]:
    """Return the nodes on the source's side of a lightest cut between source and sink."""
    flow = maximum_flow(network, source, sink).flow
    residual = network - flow
    residual.data[residual.data < 0] = 0
    residual.eliminate_zeros()
    side = np.zeros(network.shape[0], dtype=bool)
    side[breadth_first_order(residual, source, return_predecessors=False)] = True
    return side
