"""Linear programs over all lotteries of matchings of exactly so many edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import highspy
import numpy as np
from highspy import _core
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csc_array, csr_array

from sarhad.solvers.odd_sets import Edges, Floats, find_odd_sets, odd_parts

TOLERANCE: Final = 1e-10
"""How far a row or a reduced cost may be off in the linear programs."""


@dataclass(frozen=True, slots=True, eq=False)
class PairingMap:
    """Precincts and which two of them may send a joint team.

    Attributes
    ----------
    precincts : int
        How many there are, numbered from 0.
    edges : ndarray of int, shape (edges, 2)
        Precincts that may pair up; no loops, nothing twice.
    """

    precincts: int
    edges: Edges

    def __post_init__(self) -> None:
        edges = self.edges
        if edges.ndim != 2 or edges.shape[1] != 2 or len(edges) == 0:
            raise ValueError(f"edges must be (count, 2) with count at least 1, not {edges.shape}")
        if edges.min() < 0 or edges.max() >= self.precincts:
            raise ValueError(f"edges must join precincts 0 to {self.precincts - 1}")
        if (edges[:, 0] == edges[:, 1]).any():
            raise ValueError("no precinct pairs up with itself")
        if len(np.unique(np.sort(edges, axis=1), axis=0)) < len(edges):
            raise ValueError("no edge may be given twice")

    @property
    def bipartite(self) -> bool:
        """Whether two colours do, so that no odd set can be overfull."""
        return not odd_parts(self.edges, self.precincts)

    @property
    def incidence(self) -> csr_array:
        """Which edges are at which precinct, shape (precincts, edges), zeros and ones."""
        count = len(self.edges)
        columns = np.repeat(np.arange(count), 2)
        at = (self.edges.ravel(), columns)
        return csr_array((np.ones(2 * count), at), shape=(self.precincts, count))


class MatchingProgram:
    """A linear program over the edge shares y of lotteries over matchings of m edges.

    min  cost . x  over columns x = (one or two parts of each edge, then added columns)
    (1)  sum of y_e over the edges e at v <= 1              every precinct v
    (2)  sum of y_e = m
    (3)  sum of y_e inside S <= (|S| - 1) / 2               odd sets S, added when violated
    (4)  rows that the caller adds

    with y_e the sum of the parts of edge e. (1) to (3) describe exactly the lotteries: the
    matching polytope (Edmonds 1965) has these facets, and cutting it at one size makes no new
    vertex, because two neighbouring matchings differ by one path or cycle, hence by at most
    one edge in size.

    Parameters
    ----------
    pairing_map : PairingMap
        Who may pair up.
    teams : int
        Edges of a matching, m.
    parts : int
        Columns per edge: 2 where it matters in which end the team patrols.
    """

    def __init__(self, pairing_map: PairingMap, teams: int, parts: int) -> None:
        self.map = pairing_map
        self.parts = parts
        self.odd_sets: list[NDArray[np.intp]] = []
        self._needs_odd_sets = not pairing_map.bipartite
        self._engine = quiet_engine()
        count = parts * len(pairing_map.edges)
        self._engine.addVars(count, np.zeros(count), np.ones(count))
        self._fill_no_precinct_twice()
        self._form_all_teams(teams)

    def _fill_no_precinct_twice(self) -> None:
        incidence = self.map.incidence
        for precinct in range(self.map.precincts):
            at = incidence.indices[slice(*incidence.indptr[precinct : precinct + 2])]
            self._add_edge_row(at, -np.inf, 1.0)

    def _form_all_teams(self, teams: int) -> None:
        self._add_edge_row(np.arange(len(self.map.edges)), teams, teams)

    def _overfill_no_odd_set(self, odd_set: NDArray[np.intp]) -> None:
        within = np.flatnonzero(np.isin(self.map.edges, odd_set).all(axis=1))
        self._add_edge_row(within, -np.inf, (len(odd_set) - 1) / 2)
        self.odd_sets.append(odd_set)

    def _add_edge_row(self, edges: NDArray[np.integer], lower: float, upper: float) -> None:
        count = len(self.map.edges)
        columns = np.concatenate([edges + part * count for part in range(self.parts)])
        self.add_row(lower, upper, columns, np.ones(len(columns)))

    def add_column(self, lower: float, upper: float) -> int:
        """Add a column without cost; return its number."""
        self._engine.addVar(lower, upper)
        return int(self._engine.getNumCol()) - 1

    def add_row(
        self, lower: float, upper: float, columns: ArrayLike, coefficients: ArrayLike
    ) -> None:
        """Add the row lower <= coefficients . x[columns] <= upper."""
        at = np.asarray(columns, dtype=np.int32)
        values = np.asarray(coefficients, dtype=np.float64)
        self._engine.addRow(lower, upper, len(at), at, values)

    def add_odd_sets(self, odd_sets: list[NDArray[np.intp]]) -> None:
        """Add rows (3) of sets that another program found."""
        for odd_set in odd_sets:
            self._overfill_no_odd_set(odd_set)

    def set_cost(self, cost: Floats) -> None:
        """Replace the cost of the first columns; the rest keep theirs."""
        at = np.arange(len(cost), dtype=np.int32)
        self._engine.changeColsCost(len(cost), at, cost)

    def set_limits(self, upper: Floats) -> None:
        """Replace the upper limits of the first columns; their lower ones become zero."""
        at = np.arange(len(upper), dtype=np.int32)
        self._engine.changeColsBounds(len(upper), at, np.zeros(len(upper)), upper)

    def run(self) -> Floats | None:
        """Return the cheapest x under the rows known so far, or None if there is none."""
        self._engine.run()
        status = self._engine.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        if status != highspy.HighsModelStatus.kOptimal:
            raise RuntimeError(f"the linear program ended as {status.name}")
        return np.array(self._engine.getSolution().col_value)

    def shares(self, x: Floats) -> Floats:
        """Return the share of each edge, shape (edges,)."""
        count = len(self.map.edges)
        return np.asarray(x[: self.parts * count].reshape(self.parts, count).sum(axis=0))

    def separate(self, x: Floats) -> bool:
        """Add the odd sets that x overfills; return whether there were any."""
        if not self._needs_odd_sets:
            return False
        found = find_odd_sets(self.map.edges, self.shares(x), self.map.precincts)
        self.add_odd_sets(found)
        return bool(found)

    def bound(self) -> float:
        """Return a lower bound on the cost, recomputed from the multipliers of the last run.

        Any multipliers give a valid one: what they leave of the costs is put at the worse end
        of each column's limits, so the engine's tolerances cannot make it too good.
        """
        lp = self._engine.getLp()
        shape = (lp.num_row_, lp.num_col_)
        matrix = lp.a_matrix_
        rows = csc_array((matrix.value_, matrix.index_, matrix.start_), shape=shape)
        dual = np.array(self._engine.getSolution().row_dual)
        lower, upper = np.array(lp.row_lower_), np.array(lp.row_upper_)
        side = np.where(dual > 0.0, lower, upper)
        dual = np.where(np.isfinite(side), dual, 0.0)
        left = np.array(lp.col_cost_) - rows.T @ dual
        ends = np.where(left > 0.0, np.array(lp.col_lower_), np.array(lp.col_upper_))
        return float(dual[dual != 0.0] @ side[dual != 0.0] + left @ ends)


def quiet_engine() -> _core._Highs:
    """Return an empty linear program that prints nothing, at our tolerance."""
    # highspy.Highs() registers callbacks at once, and the engine greets on standard output before
    # any option could silence it; its base class has all that we call, and keeps quiet.
    engine = _core._Highs()
    engine.setOptionValue("output_flag", False)
    # Presolve would throw the last basis away: these programs change by a row or a cost.
    engine.setOptionValue("presolve", "off")
    engine.setOptionValue("primal_feasibility_tolerance", TOLERANCE)
    engine.setOptionValue("dual_feasibility_tolerance", TOLERANCE)
    return engine
