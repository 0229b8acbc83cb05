"""The line itself: its chainage, its cells, and where any point lies beside it.

Lengths are geodesic on WGS 84. They grow with the detail that a line is drawn in, so a
border remembers the tolerance that it was simplified to, and no length goes without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import cKDTree

from sarhad.units import METRES_PER_KILOMETRE

Floats = NDArray[np.float64]
Plane = NDArray[np.complex128]
Side = Literal["left", "right"]

GEOD: Final = Geod(ellps="WGS84")

SAME_PLACE_M: Final = 0.001
"""Neighbouring vertices closer than this [m] are one vertex."""

RIVAL_M: Final = 1.0
"""Two ends join only if no third comes within this [m], or within twice their distance."""

MOST_PIECES: Final = 200
"""Pieces of a broken line whose gaps are listed."""

MOST_TURNED_DEG: Final = 360.0
"""Longitudes beyond 180 are those of lines drawn across the antimeridian, up to a full turn."""

POINTS_AT_ONCE: Final = 32_768
"""Points located in one block, measured in benchmarks/line_location.py; 8 MiB of scratch."""

FIRST_SAMPLES: Final = 3
"""Nearest samples looked at first; certain for 99 % of points around the reference line."""

CERTAIN_M: Final = 1e-6
"""A place counts as nearest when no other can be nearer by more than this [m]."""


class BorderError(ValueError):
    """A line that cannot be a border as drawn; carries the places to look at.

    Attributes
    ----------
    places : tuple of (float, float)
        Longitude and latitude of each place at fault [degrees].
    gaps_m : tuple of float
        Size of the gap at each place [m]; empty where the fault is no gap.
    """

    def __init__(
        self,
        message: str,
        places: Sequence[tuple[float, float]] = (),
        gaps_m: Sequence[float] = (),
    ) -> None:
        self.places = tuple(places)
        self.gaps_m = tuple(gaps_m)
        super().__init__(message)


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
            object.__setattr__(self, name, _sealed(getattr(self, name)))
        shape = self.longitude.shape
        if len(shape) != 1 or shape[0] < 2:
            raise BorderError(f"a border is one row of at least two vertices, not of shape {shape}")
        if self.latitude.shape != shape or self.chainage_m.shape != shape:
            raise ValueError("longitude, latitude and chainage_m have one value per vertex each")
        if self.chainage_m[0] != 0 or not (np.diff(self.chainage_m) > 0).all():
            raise ValueError("chainage_m starts at 0 and grows from vertex to vertex")
        _check_side(self.own_side)
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
            object.__setattr__(self, name, _sealed(getattr(self, name)))
        shapes = {self.east_m.shape, self.north_m.shape, self.chainage_m.shape}
        if len(shapes) > 1 or self.east_m.ndim != 1 or self.east_m.size < 2:
            raise ValueError("a line in the plane has one row of at least two vertices")
        if not (np.isfinite(self.east_m).all() and np.isfinite(self.north_m).all()):
            raise ValueError("the projection does not reach every vertex of the line")
        _check_side(self.own_side)
        object.__setattr__(self, "_index", _index_line(self.east_m + 1j * self.north_m))


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
            object.__setattr__(self, name, _sealed(getattr(self, name)))

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
    cleaned = [_clean_part(part, number) for number, part in enumerate(parts, start=1)]
    vertices = _merge_repeats(np.concatenate(_chain_parts(cleaned, join_m)))
    longitude = _unwrapped(vertices[:, 0])
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
    kept = _kept_vertices(_in_space(border.longitude, border.latitude), tolerance_m)
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
    segment, fraction = _divided(pieces)
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


def describe_length(length_m: float, tolerance_m: float) -> str:
    """Return a length with the tolerance that it was measured at, for a person to read."""
    detail = f"simplified to {tolerance_m:,.10g} m" if tolerance_m > 0 else "as drawn"
    return f"{length_m / METRES_PER_KILOMETRE:,.1f} km ({detail})"


def _check_side(side: str) -> None:
    if side not in get_args(Side):
        raise ValueError(f'own_side is "left" or "right", not {side!r}')


def _sealed(values: ArrayLike) -> Floats:
    """Return a copy that cannot be written to."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


def _measured(longitude: Floats, latitude: Floats, own_side: Side, tolerance_m: float) -> Border:
    chainage_m = np.concatenate([[0.0], np.cumsum(_steps_m(longitude, latitude))])
    return Border(longitude, latitude, chainage_m, own_side, tolerance_m)


def _steps_m(longitude: Floats, latitude: Floats) -> Floats:
    """Return the geodesic lengths between neighbouring vertices [m], shape (n - 1,)."""
    steps = GEOD.inv(longitude[:-1], latitude[:-1], longitude[1:], latitude[1:])[2]
    return np.asarray(steps, dtype=np.float64)


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


def _unwrapped(longitude: Floats) -> Floats:
    """Return longitudes without jumps of a full turn, starting in [-180, 180)."""
    continuous = np.unwrap(longitude, period=360.0)
    turns = np.floor((continuous[0] + 180.0) / 360.0)
    return np.asarray(continuous - 360.0 * turns, dtype=np.float64)


def _in_space(longitude: ArrayLike, latitude: ArrayLike) -> Floats:
    """Return Earth-centred coordinates on the ellipsoid [m], shape (n, 3)."""
    east, north = np.radians(longitude), np.radians(latitude)
    normal_m = GEOD.a / np.sqrt(1 - GEOD.es * np.sin(north) ** 2)
    outward = (np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north))
    return np.stack(outward, axis=-1) * normal_m[..., np.newaxis] * (1, 1, 1 - GEOD.es)


def _clean_part(part: ArrayLike, number: int) -> Floats:
    vertices = np.array(part, dtype=np.float64)
    found = f"part {number} of the line: found"
    if vertices.ndim != 2 or vertices.shape[1] != 2:
        raise BorderError(f"{found} shape {vertices.shape}, expected rows of longitude, latitude")
    lost = ~np.isfinite(vertices).all(axis=1)
    if lost.any():
        raise BorderError(f"{found} no number at vertex {lost.argmax() + 1}, expected degrees")
    beyond = np.abs(vertices) > (MOST_TURNED_DEG, 90.0)
    if beyond.any():
        place = _place(vertices[beyond.any(axis=1).argmax()])
        raise BorderError(
            f"{found} {_say(place)}, expected a latitude of -90 to 90 and a longitude of "
            f"-{MOST_TURNED_DEG:g} to {MOST_TURNED_DEG:g}; are they swapped?",
            [place],
        )
    vertices = _merge_repeats(vertices)
    if len(vertices) < 2:
        places = [_place(vertex) for vertex in vertices]
        raise BorderError(f"{found} a single point, expected at least two", places)
    return vertices


def _merge_repeats(vertices: Floats) -> Floats:
    """Return the vertices without those that repeat the one before."""
    fresh = np.ones(len(vertices), dtype=bool)
    fresh[1:] = _steps_m(vertices[:, 0], vertices[:, 1]) >= SAME_PLACE_M
    return np.asarray(vertices[fresh])


def _place(vertex: Floats) -> tuple[float, float]:
    return float(vertex[0]), float(vertex[1])


def _say(place: tuple[float, float]) -> str:
    return f"longitude {place[0]:.5f}, latitude {place[1]:.5f}"


def _chain_parts(parts: list[Floats], join_m: float) -> list[Floats]:
    """Return the parts in walking order, each turned to the walking direction.

    End 2 i is the first vertex of part i, end 2 i + 1 its last; a walk is the list of
    ends through which it enters the parts.
    """
    if len(parts) == 1:
        return parts
    _refuse_doubles(parts)
    ends = np.concatenate([part[[0, -1]] for part in parts])
    partner = _pair_ends(ends, join_m)
    walks: list[list[int]] = []
    walked: set[int] = set()
    for number in range(len(parts)):
        if number not in walked:
            back = list(_walk(partner, 2 * number + 1))[-1]
            ring = partner[back ^ 1] >= 0
            walks.append(list(_walk(partner, 2 * number if ring else back ^ 1)))
            walked.update(end // 2 for end in walks[-1])
    if len(walks) > 1:
        raise _gaps_between(walks, ends, join_m)
    return [parts[end // 2][:: -1 if end % 2 else 1] for end in walks[0]]


def _refuse_doubles(parts: list[Floats]) -> None:
    seen: dict[bytes, int] = {}
    for number, part in enumerate(parts, start=1):
        key = min(part.tobytes(), part[::-1].tobytes())
        if key in seen:
            raise BorderError(
                f"parts {seen[key]} and {number} of the line are the same: drop one",
                [_place(part[0])],
            )
        seen[key] = number


def _walk(partner: NDArray[np.intp], entry: int) -> Iterator[int]:
    """Yield the ends through which a walk enters part after part, until it must stop."""
    end = entry
    while True:
        yield end
        following = int(partner[end ^ 1])
        if following in (-1, entry):
            return
        end = following


def _pair_ends(ends: Floats, join_m: float) -> NDArray[np.intp]:
    """Return for each end the one that it joins, or -1; shape (2 x parts,).

    Two ends of different parts join if each is the other's nearest within `join_m` and
    no third end competes (`RIVAL_M`).
    """
    space = _in_space(ends[:, 0], ends[:, 1])
    number = np.arange(len(ends))
    # The nearest four hold the end itself, perhaps its own part's other end, and two others.
    apart_m, near = cKDTree(space).query(space, k=4)
    apart_m = np.where(near // 2 == number[:, np.newaxis] // 2, np.inf, apart_m)
    order = np.argsort(apart_m, axis=1, kind="stable")
    nearest = np.take_along_axis(near, order, axis=1)[:, 0]
    apart_m = np.take_along_axis(apart_m, order, axis=1)
    joined = (apart_m[:, 0] <= join_m) & (nearest[nearest] == number)
    rival = apart_m[:, 1] < np.minimum(np.maximum(2 * apart_m[:, 0], RIVAL_M), join_m)
    rival &= apart_m[:, 0] <= join_m
    if rival.any():
        raise _branching([_place(vertex) for vertex in ends[rival]])
    return np.where(joined, nearest, -1)


def _branching(places: list[tuple[float, float]]) -> BorderError:
    return BorderError(
        f"more than two ends of the line meet near {_say(places[0])}: "
        "a border does not branch; remove the part that does not belong to it",
        places,
    )


def _gaps_between(walks: list[list[int]], ends: Floats, join_m: float) -> BorderError:
    """Return the error that names the openings between the pieces of a broken line."""
    free = np.array([[walk[0], walk[-1] ^ 1] for walk in walks[:MOST_PIECES]])
    space = _in_space(ends[:, 0], ends[:, 1])[free]
    apart_m = np.linalg.norm(space[:, None, :, None] - space[None, :, None], axis=-1)
    apart_m = apart_m.reshape(len(free), len(free), 4)
    # The tree takes a zero for "not linked".
    tree = minimum_spanning_tree(np.maximum(apart_m.min(axis=2), SAME_PLACE_M)).tocoo()
    pair = apart_m[tree.row, tree.col].argmin(axis=1)
    here, there = ends[free[tree.row, pair // 2]], ends[free[tree.col, pair % 2]]
    gaps_m = np.asarray(GEOD.inv(*here.T, *there.T)[2])
    if (gaps_m <= join_m).any():
        return _branching([_place(vertex) for vertex in here[gaps_m <= join_m]])
    places = [_place(vertex) for vertex in here]
    said = [
        f"{gap_m:,.0f} m from {_say(place)} to {_say(_place(other))}"
        for gap_m, place, other in zip(gaps_m, places, there, strict=True)
    ]
    wide = f"the line falls into {len(walks)} pieces, with gaps wider than {join_m:g} m: "
    return BorderError(wide + "; ".join(said), places, gaps_m.tolist())


def _kept_vertices(space: Floats, tolerance_m: float) -> NDArray[np.intp]:
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


# --- the nearest place -------------------------------------------------------------------
# Points of the plane are complex numbers here, east + i north: conj(a) b then holds the
# dot product of a and b, and as its imaginary part how far b lies to the left of a.


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


def _divided(pieces: NDArray[np.intp]) -> tuple[NDArray[np.intp], Floats]:
    """Return segment and fraction of the start of each piece, pieces counted by segment."""
    segment = np.repeat(np.arange(len(pieces)), pieces)
    first = np.cumsum(pieces) - pieces
    return segment, (np.arange(len(segment)) - first[segment]) / pieces[segment]


def _index_line(vertex: Plane) -> _NearestIndex:
    step = np.diff(vertex)
    step_m = np.abs(step)
    # A denser tree is slower to ask: on the reference line 2.3, 2.7, 3.5 and 4.6 s of work per
    # million points at 400, 183, 100 and 50 m between samples.
    wanted_m = max(2 * float(step_m.sum()) / max(4_096, len(step)), SAME_PLACE_M)
    pieces = np.maximum(1, np.ceil(step_m / wanted_m)).astype(np.intp)
    segment, fraction = _divided(pieces)
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
