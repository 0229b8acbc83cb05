"""The strip along the line: which cell of the line any place near it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sarhad.border import Border, BorderCells, LinePlane, lay_out, locate, place_at
from sarhad.grid import choose_grid

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

Floats = NDArray[np.float64]
Cells = NDArray[np.int64]
Sparse = Any
"""A scipy sparse matrix; its stubs name no class that all of its formats share."""

SAMPLES_PER_CELL: Final = 10
"""Samples of the line by which spread places find their cell: right to a twentieth of a cell."""

POINTS_AT_ONCE: Final = 500_000
"""Spread places that are located together; 40 MiB of scratch."""

RULES: Final = ((6.0, 6, 8), (15.0, 12, 12), (np.inf, 32, 24))
"""Radius up to which a law is told by so many rings and spokes of points [cells]: few for a narrow
one, more where a district runs along a hundred cells. For the narrow ones 48 and 96 points give
the same scores to 0.003 nats an event."""


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """The line in cells, and all places within a distance of it.

    Attributes
    ----------
    border : Border
        The line.
    cells : int
        How many cells it has.
    within_m : float
        Half width of the strip [m].
    plane : LinePlane
        The line in a plane; `project` leads there from longitude and latitude.
    """

    border: Border
    cells: int
    within_m: float
    plane: LinePlane
    project: Callable[[Any, Any], tuple[Floats, Floats]]
    _samples: cKDTree = field(repr=False)

    @property
    def cell_m(self) -> float:
        """Return the length of a cell [m]."""
        return self.border.length_m / self.cells

    @property
    def middles_m(self) -> Floats:
        """Return the chainage of the middle of each cell [m], shape (cells,)."""
        return np.asarray((np.arange(self.cells) + 0.5) * self.cell_m, dtype=np.float64)

    def cell_at(self, chainage_m: Floats) -> Cells:
        """Return the cell that holds each chainage [m]."""
        inside = np.asarray(chainage_m) / self.border.length_m * self.cells
        return np.clip(inside.astype(np.int64), 0, self.cells - 1)

    def locate(self, east_m: Floats, north_m: Floats) -> tuple[Cells, Floats]:
        """Return the cell and the signed distance [m] of the nearest place on the line, exact."""
        chainage_m, distance_m = locate(self.plane, east_m, north_m)
        return self.cell_at(chainage_m), distance_m

    def find_near(self, east_m: Floats, north_m: Floats) -> tuple[Cells, Floats]:
        """Return cell and distance [m] by samples of the line: for many places at once.

        Outside the strip the distance is infinite and the cell the last one.
        """
        points = np.column_stack([east_m, north_m])
        found_m, sample = self._samples.query(
            points, workers=-1, distance_upper_bound=self.within_m * (1 + 1e-9)
        )
        cell = np.asarray(sample, dtype=np.int64) // SAMPLES_PER_CELL
        return np.minimum(cell, self.cells - 1), np.asarray(found_m)


def lay_strip(border: Border, cells: BorderCells | int, within_m: float) -> Strip:
    """Return the strip of a line.

    Parameters
    ----------
    border : Border
        The line.
    cells : BorderCells or int
        Its cells, or how many.
    within_m : float
        Half width of the strip [m].

    Raises
    ------
    ValueError
        If there is no cell, or the width is not above zero.
    """
    from scipy.spatial import cKDTree

    count = cells if isinstance(cells, int) else len(cells)
    if count < 1 or not 0 < within_m < np.inf:
        raise ValueError("a strip has a cell at least, and a finite width above zero")
    grid, _ = choose_grid(border.longitude, border.latitude, within_m, 1000.0)
    parts = count * SAMPLES_PER_CELL
    along_m = (np.arange(parts) + 0.5) / parts * border.length_m
    samples = cKDTree(np.column_stack(grid.project(*place_at(border, along_m))))
    return Strip(border, count, within_m, lay_out(border, grid.project), grid.project, samples)


def spread_over_cells(
    strip: Strip, east_m: Floats, north_m: Floats, radius_m: Floats, *, disc: bool = False
) -> Sparse:
    """Return the share of each event in each cell, sparse (n, cells); rows sum to one.

    The event is spread in the plane first, over a normal law of that standard deviation or an
    even disc of that radius, and each part goes to its nearest cell; what falls outside the
    strip is given back to the rest. Spreading along the line instead scored 0.033 nats an event
    less (docs/background/risk.md).

    Parameters
    ----------
    strip : Strip
        The line's cells.
    east_m, north_m, radius_m : ndarray, shape (n,)
        Place, and standard deviation or radius [m].
    disc : bool
        An even disc rather than a normal law.
    """
    from scipy import sparse

    # Events share the coordinates of their town: each place is spread once.
    places = np.column_stack([east_m, north_m, radius_m])
    unique, back = np.unique(places, axis=0, return_inverse=True)
    rule_of = np.searchsorted([limit for limit, _, _ in RULES], unique[:, 2] / strip.cell_m)
    mass = sparse.csr_matrix((len(unique), strip.cells))
    for number, (_, rings, spokes) in enumerate(RULES):
        rows = np.nonzero(rule_of == number)[0]
        rule = unit_rule(rings, spokes, disc=disc)
        for some in np.array_split(rows, max(1, len(rows) * len(rule) // POINTS_AT_ONCE)):
            mass = mass + _spread(strip, unique, some, rule)
    home, _ = strip.locate(unique[:, 0], unique[:, 1])
    mass = mass + 1e-9 * at_home(home, strip.cells)
    return scale_rows(mass, 1.0 / np.asarray(mass.sum(axis=1)).ravel())[back.ravel()]


def _spread(strip: Strip, places: Floats, rows: NDArray[np.intp], rule: Floats) -> Sparse:
    """Return the mass of some places over the cells by the points of a rule, (places, cells)."""
    from scipy import sparse

    points = places[rows, None, :2] + places[rows, None, 2:] * rule
    cell, distance_m = strip.find_near(points[..., 0].ravel(), points[..., 1].ravel())
    inside = (distance_m <= strip.within_m).astype(np.float64) / len(rule)
    shape = (len(places), strip.cells)
    return sparse.csr_matrix((inside, (np.repeat(rows, len(rule)), cell)), shape)


def unit_rule(rings: int, spokes: int, *, disc: bool) -> Floats:
    """Return points of equal mass of the unit normal law or unit disc, (rings x spokes, 2)."""
    ring, spoke = np.divmod(np.arange(rings * spokes), spokes)
    share = (ring + 0.5) / rings
    radius = np.sqrt(share) if disc else np.sqrt(-2.0 * np.log1p(-share))
    angle = 2.0 * np.pi * (spoke + 0.5 * (ring % 2)) / spokes
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def scale_rows(matrix: Sparse, factor: Floats) -> Sparse:
    """Return a sparse matrix with each row times its factor."""
    from scipy import sparse

    return (sparse.diags(factor) @ matrix).tocsr()


def at_home(cell: Cells, cells: int) -> Sparse:
    """Return the sparse matrix (n, cells) that holds a one in the cell of each event."""
    from scipy import sparse

    count = len(cell)
    return sparse.csr_matrix((np.ones(count), (np.arange(count), cell)), (count, cells))
