"""The line: its chainage, its cells, its places, and simpler and denser copies of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarhad.border.geodesy import (
    GEOD,
    SAME_PLACE_M,
    Floats,
    Side,
    check_side,
    divided,
    in_space,
    sealed,
    steps_m,
    unwrapped,
)
from sarhad.border.joining import BorderError, chain_parts, clean_part, merge_repeats
from sarhad.units import METRES_PER_KILOMETRE


@dataclass(frozen=True, slots=True, eq=False)
class Border:
    """A border line on WGS 84, walked from its first vertex to its last.

    Attributes
    ----------
    longitude, latitude : ndarray, shape (n,)
        Vertices [degrees]. Longitude is continuous: it leaves [-180, 180] where the line
        crosses the antimeridian.
    chainage_m : ndarray, shape (n,)
        Geodesic length from the first vertex [m].
    own_side : {"left", "right"}
        Side of the walking direction on which the own territory lies.
    tolerance_m : float
        Tolerance that the line was simplified to [m]; 0 = as drawn.
    """

    longitude: Floats
    latitude: Floats
    chainage_m: Floats
    own_side: Side
    tolerance_m: float = 0.0

    def __post_init__(self) -> None:
        for name in ("longitude", "latitude", "chainage_m"):
            object.__setattr__(self, name, sealed(getattr(self, name)))
        shape = self.longitude.shape
        if len(shape) != 1 or shape[0] < 2:
            raise BorderError(f"a border is one row of at least two vertices, not of shape {shape}")
        if self.latitude.shape != shape or self.chainage_m.shape != shape:
            raise ValueError("longitude, latitude and chainage_m have one value per vertex each")
        if self.chainage_m[0] != 0 or not (np.diff(self.chainage_m) > 0).all():
            raise ValueError("chainage_m starts at 0 and grows from vertex to vertex")
        check_side(self.own_side)
        if not 0 <= self.tolerance_m < np.inf:
            raise ValueError(f"tolerance_m is finite and not negative, not {self.tolerance_m}")

    def __eq__(self, other: object) -> bool:
        """Return whether both are the same line, vertex by vertex, with the same own side."""
        if not isinstance(other, Border):
            return NotImplemented
        return (
            (self.own_side, self.tolerance_m) == (other.own_side, other.tolerance_m)
            and np.array_equal(self.longitude, other.longitude)
            and np.array_equal(self.latitude, other.latitude)
        )

    def __hash__(self) -> int:
        return hash((self.length_m, self.own_side, self.tolerance_m, self.longitude.size))

    @property
    def length_m(self) -> float:
        """Geodesic length of the whole line [m], at `tolerance_m`."""
        return float(self.chainage_m[-1])


@dataclass(frozen=True, slots=True, eq=False)
class BorderCells:
    """The line cut into n cells of equal length.

    Attributes
    ----------
    edges_m : ndarray, shape (n + 1,)
        Chainage of the cell edges [m].
    longitude, latitude : ndarray, shape (n,)
        Midpoint of each cell along the line [degrees].
    bearing_deg : ndarray, shape (n,)
        Bearing from the first edge of a cell to its last, clockwise from north
        [degrees, 0 to 360].
    length_m : float
        Length of every cell along the line [m].
    """

    edges_m: Floats
    longitude: Floats
    latitude: Floats
    bearing_deg: Floats
    length_m: float

    def __post_init__(self) -> None:
        for name in ("edges_m", "longitude", "latitude", "bearing_deg"):
            object.__setattr__(self, name, sealed(getattr(self, name)))

    def __len__(self) -> int:
        return self.longitude.size


def build_border(parts: Sequence[ArrayLike], own_side: Side, join_m: float = 50.0) -> Border:
    """Return one border from the parts that it was drawn in.

    Parts may come in any order and direction; the border runs in the direction of the
    first. Ends within `join_m` of each other are joined by a straight piece.

    Parameters
    ----------
    parts : sequence of array_like, each of shape (k, 2)
        Longitude and latitude of the vertices [degrees].
    own_side : {"left", "right"}
        Side of the walking direction on which the own territory lies.
    join_m : float
        Widest opening between two ends that is closed without a word [m].

    Raises
    ------
    BorderError
        Where a part is a single point or holds a value that is no place, where a gap is
        wider than `join_m`, or where more than two ends meet.
    """
    if not len(parts):
        raise BorderError("the border has no line: draw at least one")
    cleaned = [clean_part(part, number) for number, part in enumerate(parts, start=1)]
    vertices = merge_repeats(np.concatenate(chain_parts(cleaned, join_m)))
    longitude = unwrapped(vertices[:, 0])
    return _measured(longitude, vertices[:, 1], own_side, tolerance_m=0.0)


def simplify(border: Border, tolerance_m: float) -> Border:
    """Return the border with the vertices dropped that lie within a tolerance of the rest.

    A vertex is dropped while the straight line between its kept neighbours passes it
    within `tolerance_m` [m]. Distances are measured in space, across the upright plane
    through the two neighbours, so no map projection and no antimeridian matters.

    References
    ----------
    Douglas, D. H. and Peucker, T. K. (1973), Algorithms for the reduction of the number
    of points required to represent a digitized line, doi:10.3138/FM57-6770-U75U-7727.
    """
    if not 0 <= tolerance_m < np.inf:
        raise ValueError(f"tolerance_m is finite and not negative, not {tolerance_m}")
    if tolerance_m <= border.tolerance_m:
        return border
    kept = kept_vertices(in_space(border.longitude, border.latitude), tolerance_m)
    return _measured(
        border.longitude[kept], border.latitude[kept], border.own_side, float(tolerance_m)
    )


def cut_into_cells(border: Border, cell_m: float) -> BorderCells:
    """Return the border in round(length / cell_m) cells of equal length, at least one."""
    if not 0 < cell_m < np.inf:
        raise ValueError(f"cell_m is finite and above zero, not {cell_m}")
    count = max(1, round(border.length_m / cell_m))
    edges_m = np.linspace(0.0, border.length_m, count + 1)
    middle_m = (edges_m[:-1] + edges_m[1:]) / 2
    longitude, latitude = place_at(border, middle_m)
    edge_longitude, edge_latitude = place_at(border, edges_m)
    bearing, _, span_m = GEOD.inv(
        edge_longitude[:-1], edge_latitude[:-1], edge_longitude[1:], edge_latitude[1:]
    )
    # A cell that closes a loop has no direction of its own: it takes that of its middle.
    closed = np.asarray(span_m) < SAME_PLACE_M
    bearing = np.where(closed, _bearing_at(border, middle_m), bearing)
    return BorderCells(
        edges_m, longitude, latitude, np.mod(bearing, 360.0), border.length_m / count
    )


def place_at(border: Border, chainage_m: ArrayLike) -> tuple[Floats, Floats]:
    """Return longitude and latitude [degrees] at each chainage [m], in its shape.

    Raises
    ------
    ValueError
        Where a chainage lies off the line, or is not a number.
    """
    wanted = np.asarray(chainage_m, dtype=np.float64)
    slack = SAME_PLACE_M
    if not ((wanted >= -slack) & (wanted <= border.length_m + slack)).all():
        raise ValueError(f"a chainage lies between 0 and {border.length_m:.3f} m")
    flat = wanted.ravel()
    first = _segment_of(border, flat)
    azimuth = _bearing_at(border, flat)
    longitude, latitude, _ = GEOD.fwd(
        border.longitude[first], border.latitude[first], azimuth, flat - border.chainage_m[first]
    )
    turns = np.round((border.longitude[first] - longitude) / 360.0)
    return (longitude + 360.0 * turns).reshape(wanted.shape), np.reshape(latitude, wanted.shape)


def densify(border: Border, longest_m: float) -> Border:
    """Return the same line with places added on it, so that no step exceeds a length [m]."""
    if not 0 < longest_m < np.inf:
        raise ValueError(f"longest_m is finite and above zero, not {longest_m}")
    pieces = np.ceil(np.diff(border.chainage_m) / longest_m).astype(np.int64)
    segment, fraction = divided(pieces)
    start_m = border.chainage_m[:-1]
    added = fraction > 0
    chainage_m = start_m[segment] + fraction * np.diff(border.chainage_m)[segment]
    longitude, latitude = border.longitude[segment], border.latitude[segment]
    longitude[added], latitude[added] = place_at(border, chainage_m[added])
    return Border(
        np.append(longitude, border.longitude[-1]),
        np.append(latitude, border.latitude[-1]),
        np.append(chainage_m, border.length_m),
        border.own_side,
        border.tolerance_m,
    )


def describe_length(length_m: float, tolerance_m: float) -> str:
    """Return a length with the tolerance that it was measured at, for a person to read."""
    detail = f"simplified to {tolerance_m:,.10g} m" if tolerance_m > 0 else "as drawn"
    return f"{length_m / METRES_PER_KILOMETRE:,.1f} km ({detail})"


def _measured(longitude: Floats, latitude: Floats, own_side: Side, tolerance_m: float) -> Border:
    chainage_m = np.concatenate([[0.0], np.cumsum(steps_m(longitude, latitude))])
    return Border(longitude, latitude, chainage_m, own_side, tolerance_m)


def _segment_of(border: Border, chainage_m: Floats) -> NDArray[np.intp]:
    found = np.searchsorted(border.chainage_m, chainage_m, side="right") - 1
    return np.clip(found, 0, border.chainage_m.size - 2)


def _bearing_at(border: Border, chainage_m: Floats) -> Floats:
    """Return the bearing at the start of the segment that holds each chainage [degrees]."""
    first = _segment_of(border, chainage_m)
    longitude, latitude = border.longitude, border.latitude
    bearing = GEOD.inv(
        longitude[first], latitude[first], longitude[first + 1], latitude[first + 1]
    )[0]
    return np.asarray(bearing, dtype=np.float64)


def kept_vertices(space: Floats, tolerance_m: float) -> NDArray[np.intp]:
    """Return the indices of the vertices to keep, all spans of one depth split at once."""
    kept = np.array([0, len(space) - 1])
    while True:
        off_m = _off_span_m(space, kept)
        # A span's own ends lie on it, so the largest of [first, last) is that of the inside.
        largest_m = np.maximum.reduceat(off_m[:-1], kept[:-1])
        span = np.repeat(np.arange(len(kept) - 1), np.diff(kept))
        worst = np.flatnonzero((off_m[:-1] == largest_m[span]) & (off_m[:-1] > tolerance_m))
        if not worst.size:
            return kept
        _, first = np.unique(span[worst], return_index=True)
        kept = np.sort(np.concatenate([kept, worst[first]]))


def _off_span_m(space: Floats, kept: NDArray[np.intp]) -> Floats:
    """Return how far each vertex lies from the straight line of its span [m], shape (n,)."""
    span = np.repeat(np.arange(len(kept) - 1), np.diff(kept))
    span = np.append(span, len(kept) - 2)
    first, last = space[kept[:-1]], space[kept[1:]]
    along = last - first
    upright = (first + last) / (1.0, 1.0, 1 - GEOD.es)
    across = np.cross(upright, along)
    length_m = np.linalg.norm(along, axis=1)
    size = np.linalg.norm(across, axis=1)
    along = along / np.where(length_m > 0, length_m, 1)[:, np.newaxis]
    across = across / np.where(size > 0, size, 1)[:, np.newaxis]
    offset = space - first[span]
    run_m = np.einsum("ij,ij->i", offset, along[span])
    side_m = np.einsum("ij,ij->i", offset, across[span])
    past_m = np.maximum(0, np.maximum(-run_m, run_m - length_m[span]))
    # Where a span closes a loop it has no direction: the distance to its one end counts.
    looped = length_m[span] < SAME_PLACE_M
    off_m = np.where(looped, np.linalg.norm(offset, axis=1), np.hypot(side_m, past_m))
    off_m[kept] = 0.0
    return np.asarray(off_m, dtype=np.float64)
