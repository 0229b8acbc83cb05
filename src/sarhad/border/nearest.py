"""Where any point lies beside the line: chainage and signed distance of its nearest place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarhad.border.geodesy import SAME_PLACE_M, Floats, Side, check_side, divided, sealed
from sarhad.border.line import Border, densify

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

# Points of the plane are complex numbers here, east + i north: conj(a) b then holds the
# dot product of a and b, and as its imaginary part how far b lies to the left of a.
Plane = NDArray[np.complex128]

POINTS_AT_ONCE: Final = 32_768
"""Points located in one block, measured in benchmarks/line_location.py; 8 MiB of scratch."""

FIRST_SAMPLES: Final = 3
"""Nearest samples looked at first; certain for 99 % of points around the reference line."""

CERTAIN_M: Final = 1e-6
"""A place counts as nearest when no other can be nearer by more than this [m]."""


@dataclass(frozen=True, slots=True, eq=False)
class LinePlane:
    """The line in a planar projection, ready to be asked for its nearest place.

    Attributes
    ----------
    east_m, north_m, chainage_m : ndarray, shape (n,)
        Vertices in the projection, and their chainage [m].
    own_side : {"left", "right"}
        Side of the walking direction on which distances count above zero.
    """

    east_m: Floats
    north_m: Floats
    chainage_m: Floats
    own_side: Side
    _index: _NearestIndex = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("east_m", "north_m", "chainage_m"):
            object.__setattr__(self, name, sealed(getattr(self, name)))
        shapes = {self.east_m.shape, self.north_m.shape, self.chainage_m.shape}
        if len(shapes) > 1 or self.east_m.ndim != 1 or self.east_m.size < 2:
            raise ValueError("a line in the plane has one row of at least two vertices")
        if not (np.isfinite(self.east_m).all() and np.isfinite(self.north_m).all()):
            raise ValueError("the projection does not reach every vertex of the line")
        check_side(self.own_side)
        object.__setattr__(self, "_index", _index_line(self.east_m + 1j * self.north_m))


def lay_out(
    border: Border,
    project: Callable[[Floats, Floats], tuple[Floats, Floats]],
    longest_m: float = 10_000.0,
) -> LinePlane:
    """Return the border in the plane of a projection, its chainage still geodesic.

    `project` goes from (longitude, latitude) [degrees] to (east, north) [m], as
    `Grid.project` does. Steps beyond `longest_m` [m] are divided first, since a geodesic is
    not straight on a map: 10 km leaves it within 0.1 m of itself in the reference grid.
    """
    fine = densify(border, longest_m)
    return LinePlane(*project(fine.longitude, fine.latitude), fine.chainage_m, fine.own_side)


def locate(plane: LinePlane, east_m: ArrayLike, north_m: ArrayLike) -> tuple[Floats, Floats]:
    """Return chainage and signed distance of the nearest place on the line.

    Exact, in blocks of bounded memory. Where two places of the line are equally near, one
    of them is returned.

    Parameters
    ----------
    plane : LinePlane
        The line.
    east_m, north_m : array_like
        Points in the same projection [m]; they broadcast against each other.

    Returns
    -------
    chainage_m, distance_m : ndarray
        Chainage of the nearest place [m], and its distance in the projection [m]: above
        zero on the own side, below on the far side. Where a line crosses or retraces
        itself the side is that of the place found.

    Raises
    ------
    ValueError
        Where a point is not finite.
    """
    east, north = np.broadcast_arrays(
        np.asarray(east_m, dtype=np.float64), np.asarray(north_m, dtype=np.float64)
    )
    chainage_m, distance_m = np.empty(east.size), np.empty(east.size)
    for start in range(0, east.size, POINTS_AT_ONCE):
        part = slice(start, start + POINTS_AT_ONCE)
        # `flat` copies one block at a time, however the points were broadcast.
        point = east.flat[part] + 1j * north.flat[part]
        if not np.isfinite(point).all():
            raise ValueError("every point to locate has a finite east and north")
        chainage_m[part], distance_m[part] = _locate_block(plane, point, FIRST_SAMPLES)
    return chainage_m.reshape(east.shape), distance_m.reshape(east.shape)


@dataclass(frozen=True, slots=True, eq=False)
class _NearestIndex:
    """Samples along the line, close enough together to tell which segments can be nearest.

    A piece of line between two samples, each at least d from a point, comes no closer than
    sqrt(d^2 - (piece / 2)^2): with the k-th nearest sample at d, that bounds every piece
    whose ends are not among the k.
    """

    samples: cKDTree
    before: NDArray[np.intp]  # segment that ends at, or runs through, each sample
    after: NDArray[np.intp]
    piece_m: float  # longest distance between neighbouring samples
    vertex: Plane
    step: Plane
    square: Floats  # squared length of each step [m2], 1 where it has none
    tangent: Plane  # at each vertex: sum of the unit directions in and out


def _index_line(vertex: Plane) -> _NearestIndex:
    # Imported late: a line that is only checked is never asked for its nearest place.
    from scipy.spatial import cKDTree

    step = np.diff(vertex)
    step_m = np.abs(step)
    # A denser tree is slower to ask: on the reference line 2.3, 2.7, 3.5 and 4.6 s of work per
    # million points at 400, 183, 100 and 50 m between samples.
    wanted_m = max(2 * float(step_m.sum()) / max(4_096, len(step)), SAME_PLACE_M)
    pieces = np.maximum(1, np.ceil(step_m / wanted_m)).astype(np.intp)
    segment, fraction = divided(pieces)
    samples = np.append(vertex[segment] + fraction * step[segment], vertex[-1])
    size_m = np.where(step_m > 0, step_m, 1.0)
    return _NearestIndex(
        samples=cKDTree(np.column_stack([samples.real, samples.imag])),
        before=np.append(0, segment),
        after=np.append(segment, len(step) - 1),
        piece_m=float((step_m / pieces).max()),
        vertex=vertex,
        step=step,
        square=size_m**2,
        tangent=np.append(step / size_m, 0) + np.append(0, step / size_m),
    )


def _locate_block(plane: LinePlane, point: Plane, looked: int) -> tuple[Floats, Floats]:
    """Return chainage and signed distance [m] of points, shape (m,), from `looked` samples."""
    index = plane._index
    looked = min(looked, index.samples.n)
    axes = np.column_stack([point.real, point.imag])
    apart_m, sample = index.samples.query(axes, k=range(1, looked + 1))
    segment, fraction, square = _best_segment(index, point, np.asarray(sample))
    start_m = plane.chainage_m[segment]
    chainage_m = start_m + fraction * (plane.chainage_m[segment + 1] - start_m)
    own = _is_left(index, point, segment, fraction) == (plane.own_side == "left")
    distance_m = np.where(own, 1.0, -1.0) * np.sqrt(square)
    left_out = np.asarray(apart_m)[:, -1] ** 2 - (index.piece_m / 2) ** 2
    unsure = np.flatnonzero(left_out < np.maximum(np.abs(distance_m) - CERTAIN_M, 0.0) ** 2)
    if unsure.size and looked < index.samples.n:
        more = 4 * looked
        # Fewer points at a time as more samples are looked at: the scratch stays the same.
        for block in np.array_split(unsure, -(-unsure.size * more // (8 * POINTS_AT_ONCE))):
            chainage_m[block], distance_m[block] = _locate_block(plane, point[block], more)
    return chainage_m, distance_m


def _best_segment(
    index: _NearestIndex, point: Plane, sample: NDArray[np.intp]
) -> tuple[NDArray[np.intp], Floats, Floats]:
    """Return nearest segment among the samples', fraction along it, squared distance [m2]."""
    best = index.before[sample[:, 0]]
    best_fraction, best_square = _foot(index, best, point)
    for column in sample.T:
        for segment in (index.before[column], index.after[column]):
            fraction, square = _foot(index, segment, point)
            nearer = square < best_square
            np.copyto(best, segment, where=nearer)
            np.copyto(best_fraction, fraction, where=nearer)
            np.copyto(best_square, square, where=nearer)
    return best, best_fraction, best_square


def _foot(index: _NearestIndex, segment: NDArray[np.intp], point: Plane) -> tuple[Floats, Floats]:
    """Return fraction of the nearest place on one segment per point, and squared distance."""
    step, offset = index.step[segment], point - index.vertex[segment]
    along = step.real * offset.real + step.imag * offset.imag
    fraction = np.clip(along / index.square[segment], 0.0, 1.0)
    offset -= fraction * step
    return fraction, np.square(offset.real) + np.square(offset.imag)


def _is_left(
    index: _NearestIndex, point: Plane, segment: NDArray[np.intp], fraction: Floats
) -> NDArray[np.bool_]:
    """Return whether each point lies left of the line, shape (m,).

    Nearest to a vertex, one segment alone may tell the wrong side: its two directions
    together tell the right one.
    """
    vertex = segment + (fraction >= 1.0)
    inside = (fraction > 0.0) & (fraction < 1.0)
    tangent = np.where(inside, index.step[segment], index.tangent[vertex])
    return np.asarray((np.conj(tangent) * (point - index.vertex[vertex])).imag >= 0)
