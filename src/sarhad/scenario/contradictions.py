"""What rows say against each other: references, duplicates, places, sectors, options.

A noun checks its own fields; this module checks them together. It knows nothing of files, so the
reader of a folder and a Scenario built in a notebook refuse the same things.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sarhad.border import Border
from sarhad.scenario.movement import Movement
from sarhad.scenario.nouns import Incident, Option, Party, Post, Sector, Site, Unit
from sarhad.scenario.risk import Attacker
from sarhad.units import EARTH_RADIUS_M, METRES_PER_KILOMETRE

FAR_KM: Final = 300.0
"""A post or site farther from the line than this is a mistake [km]."""

FAR_BASE_KM: Final = 1500.0
"""The same for bases and airfields, which may lie deep in the country [km]."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One thing that cannot hold beside the rest.

    Attributes
    ----------
    table : str
        Field of the scenario: parties, posts, ..., options; empty for the scenario itself.
    index : int
        Position in that table, from 0.
    column : str
        Field of the row.
    found, expected, cure : str
        As in `sarhad.errors.Fault`.
    twin : int or None
        Position of the other row that takes part, where there is one.
    """

    table: str
    index: int
    column: str
    found: str
    expected: str
    cure: str = ""
    twin: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A scenario whose rows are valid one by one, not yet beside each other.

    Attributes
    ----------
    spoiled : mapping of table to ids
        Ids of rows that have faults of their own: they exist, so a reference to them is no fault.
    unread : frozenset of str
        Tables that could not be read: nothing can be said of references to them.
    """

    border: Border | None
    cell_m: float
    default_option: str | None
    parties: tuple[Party, ...] = ()
    sectors: tuple[Sector, ...] = ()
    posts: tuple[Post, ...] = ()
    units: tuple[Unit, ...] = ()
    sites: tuple[Site, ...] = ()
    incidents: tuple[Incident, ...] = ()
    options: tuple[Option, ...] = ()
    movement: Movement | None = None
    attackers: tuple[Attacker, ...] = ()
    spoiled: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()


def find_contradictions(draft: Draft) -> tuple[Contradiction, ...]:
    """Return everything in which the rows of a scenario contradict each other.

    Parameters
    ----------
    draft : Draft
        The rows; `Scenario` makes its own when it is built.
    """
    return (
        *_find_twins(draft),
        *_find_missing_own_party(draft),
        *_find_unknown_references(draft),
        *_find_bad_sectors(draft),
        *_find_bad_movement(draft),
        *_find_far_places(draft),
        *_find_bad_options(draft),
    )


def ids_taken_by(pattern: str, ids: Iterable[str]) -> tuple[str, ...]:
    """Return the ids that a pattern takes: itself, or all that begin so before a final '*'."""
    if pattern.endswith("*"):
        return tuple(name for name in ids if name.startswith(pattern[:-1]))
    return tuple(name for name in ids if name == pattern)


_KEYED = {
    "parties": "id",
    "sectors": "id",
    "posts": "id",
    "units": "id",
    "sites": "id",
    "incidents": "id",
    "options": "name",
    "attackers": "id",
}


def _ids(draft: Draft, table: str) -> list[str]:
    return [getattr(row, _KEYED[table]) for row in getattr(draft, table)]


def _known(draft: Draft, table: str) -> set[str]:
    return {*_ids(draft, table), *draft.spoiled.get(table, ())}


def _find_twins(draft: Draft) -> Iterator[Contradiction]:
    for table, key in _KEYED.items():
        first: dict[str, int] = {}
        for index, name in enumerate(_ids(draft, table)):
            if name in first:
                yield Contradiction(
                    table,
                    index,
                    key,
                    f"'{name}'",
                    f"an {key} that no other row has" if key == "id" else "a name used once",
                    "Rename one of the two, or delete it",
                    twin=first[name],
                )
            first.setdefault(name, index)


def _find_missing_own_party(draft: Draft) -> Iterator[Contradiction]:
    damaged = "parties" in draft.unread or draft.spoiled.get("parties")
    if not damaged and not any(party.role == "own" for party in draft.parties):
        yield Contradiction(
            "parties",
            -1,
            "role",
            "no party with role own",
            "at least one party that guards the line",
        )


def _missing(
    draft: Draft, place: tuple[str, int, str], name: str, target: str
) -> Iterator[Contradiction]:
    """Report a reference that nothing answers to, with the closest id that exists."""
    known = _known(draft, target)
    if name in known or target in draft.unread:
        return
    yield Contradiction(*place, f"'{name}'", f"an id of {target}", suggest(name, known))


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a sentence that names the closest known name, or all where they are few."""
    names = sorted(known)
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"Did you mean '{close[0]}'?"
    if names and len(names) <= 12:
        return f"There are: {', '.join(names)}"
    return "" if names else "There are none yet"


def _find_unknown_references(draft: Draft) -> Iterator[Contradiction]:
    for index, party in enumerate(draft.parties):
        for name in party.sectors:
            if name != "*":
                yield from _missing(draft, ("parties", index, "sectors"), name, "sectors")
    for index, post in enumerate(draft.posts):
        yield from _missing(draft, ("posts", index, "party"), post.party, "parties")
    for index, unit in enumerate(draft.units):
        yield from _missing(draft, ("units", index, "party"), unit.party, "parties")
        yield from _missing(draft, ("units", index, "base"), unit.base, "posts")
    if draft.default_option is not None:
        yield from _missing(draft, ("", 0, "default_option"), draft.default_option, "options")


def _find_bad_sectors(draft: Draft) -> Iterator[Contradiction]:
    if draft.border is not None:
        length_km = draft.border.length_m / METRES_PER_KILOMETRE
        # A sector that ends at a rounded length is right; one cell of slack allows for it.
        slack_km = draft.cell_m / METRES_PER_KILOMETRE
        for index, sector in enumerate(draft.sectors):
            if sector.to_km > length_km + slack_km:
                yield Contradiction(
                    "sectors",
                    index,
                    "to_km",
                    f"{sector.to_km:g} km",
                    f"at most {length_km:.1f} km, the length of the line",
                )
    order = sorted(range(len(draft.sectors)), key=lambda i: draft.sectors[i].from_km)
    for before, after in pairwise(order):
        end, start = draft.sectors[before].to_km, draft.sectors[after].from_km
        if start < end:
            yield Contradiction(
                "sectors",
                after,
                "from_km",
                f"{start:g} km, inside sector '{draft.sectors[before].id}'",
                f"at least {end:g} km, where that sector ends",
                twin=before,
            )


def _find_bad_movement(draft: Draft) -> Iterator[Contradiction]:
    if draft.movement is None:
        return
    if "sectors" not in draft.unread:
        known = _known(draft, "sectors")
        for name in draft.movement.closed_sectors:
            if name not in known:
                expected, cure = "an id in sectors.csv", suggest(name, known)
                yield Contradiction("", -1, "movement.closed_sectors", f"'{name}'", expected, cure)
    if draft.border is not None:
        length_km = draft.border.length_m / METRES_PER_KILOMETRE
        for _, end_km in draft.movement.river_km:
            if end_km > length_km + draft.cell_m / METRES_PER_KILOMETRE:
                found = f"a stretch to {end_km:g} km"
                expected = f"at most {length_km:.1f} km, the length of the line"
                yield Contradiction("", -1, "movement.river_km", found, expected)


def _find_far_places(draft: Draft) -> Iterator[Contradiction]:
    """Report places so far from the line that they must be mistaken."""
    if draft.border is None:
        return
    line_km = _on_sphere_km(draft.border.longitude, draft.border.latitude)
    for table, limit_of in _LIMITS_KM.items():
        rows = [(i, row) for i, row in enumerate(getattr(draft, table)) if row.lon is not None]
        limits_km = np.array([limit_of(row) for _, row in rows])
        degrees = np.array([(row.lon, row.lat) for _, row in rows]).reshape(-1, 2)
        places_km = _on_sphere_km(degrees[:, 0], degrees[:, 1])
        for k in np.flatnonzero(~_surely_near(line_km, places_km, limits_km)):
            away_km = _distance_km(line_km, places_km[k])
            if away_km > limits_km[k]:
                yield _far(table, *rows[k], away_km, limits_km[k], line_km)


_LIMITS_KM: Final[Mapping[str, Callable[[Any], float]]] = {
    "posts": lambda post: FAR_BASE_KM if post.kind in ("base", "airfield") else FAR_KM,
    "sites": lambda _: FAR_KM,
    "incidents": lambda incident: FAR_KM + incident.radius_km,
}


def _far(
    table: str, index: int, row: Any, away_km: float, limit_km: float, line_km: NDArray[np.float64]
) -> Contradiction:
    mirrored = _on_sphere_km(np.array([row.lat]), np.array([row.lon]))[0]
    swapped = abs(row.lon) <= 90 and _distance_km(line_km, mirrored) <= FAR_KM
    return Contradiction(
        table,
        index,
        "lon",
        f"({row.lon:g}, {row.lat:g}), {away_km:,.0f} km from the line",
        f"a place within {limit_km:,.0f} km of the line",
        "lon and lat are swapped: exchange them" if swapped else "Correct lon and lat",
    )


def _surely_near(
    line_km: NDArray[np.float64], places_km: NDArray[np.float64], limits_km: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which places a few vertices of the line prove to be near: a cheap first look."""
    vertices = line_km[:: max(1, len(line_km) // 64)]
    nearest = np.full(len(places_km), np.inf)
    for vertex in vertices:
        np.minimum(nearest, np.linalg.norm(places_km - vertex, axis=1), out=nearest)
    return np.asarray(nearest <= limits_km)


def _distance_km(line_km: NDArray[np.float64], place_km: NDArray[np.float64]) -> float:
    """Return the least distance from a place to the line [km].

    Straight segments in space between the vertices: too short by the sag of the longest segment
    (2 km for one of 300 km), which no limit here notices, and sound across any meridian or pole.
    """
    start, along = line_km[:-1], np.diff(line_km, axis=0)
    span = np.maximum(np.einsum("ij,ij->i", along, along), 1e-12)
    share = np.clip(np.einsum("ij,ij->i", place_km - start, along) / span, 0.0, 1.0)
    offset = start + share[:, None] * along - place_km
    return float(np.sqrt(np.einsum("ij,ij->i", offset, offset).min()))


def _on_sphere_km(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (n, 3) points on the mean sphere [km]."""
    east, north = np.radians(lon), np.radians(lat)
    flat = np.cos(north)
    unit = np.stack([flat * np.cos(east), flat * np.sin(east), np.sin(north)], axis=1)
    return np.asarray(unit * (EARTH_RADIUS_M / METRES_PER_KILOMETRE), dtype=np.float64)


def _find_bad_options(draft: Draft) -> Iterator[Contradiction]:
    if not draft.options and "options" not in draft.unread and not draft.spoiled.get("options"):
        yield Contradiction("options", -1, "name", "no option", "at least one option to plan for")
    for index, option in enumerate(draft.options):
        if option.extends is not None:
            yield from _missing(draft, ("options", index, "extends"), option.extends, "options")
        for pattern in option.units:
            yield from _find_idle_pattern(draft, index, pattern)
        for name in dict.fromkeys(name for pair in option.mixed_pairs for name in pair):
            yield from _missing(draft, ("options", index, "mixed_pairs"), name, "parties")
    yield from _find_circles(draft)


def _find_idle_pattern(draft: Draft, index: int, pattern: str) -> Iterator[Contradiction]:
    known = _known(draft, "units")
    if "units" not in draft.unread and not ids_taken_by(pattern, known):
        expected = "the id of a unit, or the beginning of one before a final *"
        cure = suggest(pattern.rstrip("*"), known)
        yield Contradiction("options", index, "units", f"'{pattern}'", expected, cure)


def _find_circles(draft: Draft) -> Iterator[Contradiction]:
    """Report each circle of options that extend each other once, at its first option."""
    extends = {option.name: option.extends for option in draft.options}
    told: set[str] = set()
    for index, option in enumerate(draft.options):
        chain = [option.name]
        while (following := extends.get(chain[-1])) is not None and following not in chain:
            chain.append(following)
        if following == option.name and option.name not in told:
            told.update(chain)
            circle = " -> ".join([*chain, option.name])
            yield Contradiction(
                "options",
                index,
                "extends",
                circle,
                "options that do not extend each other in a circle",
            )
