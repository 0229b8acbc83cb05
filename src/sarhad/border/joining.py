"""Parts of a line, drawn in any order and direction, joined into one run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarhad.border.geodesy import GEOD, SAME_PLACE_M, Floats, in_space, steps_m

RIVAL_M: Final = 1.0
"""Two ends join only if no third comes within this [m], or within twice their distance."""

MOST_PIECES: Final = 200
"""Pieces of a broken line whose gaps are listed."""

MOST_TURNED_DEG: Final = 360.0
"""Longitudes beyond 180 are those of lines drawn across the antimeridian, up to a full turn."""


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


def clean_part(part: ArrayLike, number: int) -> Floats:
    """Return the vertices of a part in order, repeats merged; refuse what cannot be a line."""
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
    vertices = merge_repeats(vertices)
    if len(vertices) < 2:
        places = [_place(vertex) for vertex in vertices]
        raise BorderError(f"{found} a single point, expected at least two", places)
    return vertices


def merge_repeats(vertices: Floats) -> Floats:
    """Return the vertices without those that repeat the one before."""
    fresh = np.ones(len(vertices), dtype=bool)
    fresh[1:] = steps_m(vertices[:, 0], vertices[:, 1]) >= SAME_PLACE_M
    return np.asarray(vertices[fresh])


def _place(vertex: Floats) -> tuple[float, float]:
    return float(vertex[0]), float(vertex[1])


def _say(place: tuple[float, float]) -> str:
    return f"longitude {place[0]:.5f}, latitude {place[1]:.5f}"


def chain_parts(parts: list[Floats], join_m: float) -> list[Floats]:
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
    space = in_space(ends[:, 0], ends[:, 1])
    number = np.arange(len(ends))
    # The nearest four hold the end itself, perhaps its own part's other end, and two others.
    # Imported late, as the tree below: most lines are one part, and it takes 0.2 s.
    from scipy.spatial import cKDTree

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
    space = in_space(ends[:, 0], ends[:, 1])[free]
    apart_m = np.linalg.norm(space[:, None, :, None] - space[None, :, None], axis=-1)
    apart_m = apart_m.reshape(len(free), len(free), 4)
    # The tree takes a zero for "not linked".
    from scipy.sparse.csgraph import minimum_spanning_tree

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
