"""Places beside the line: sample points of its cells, and where observers look from.

far depth        x            one point per cell beyond the line
the line     --x---x--        two on it
half depth       x            two on the own side, to the depth looked into
own depth        x
patrols        o   o          looks of the cell's station, at the patrols' distance
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from sarhad.border import BorderCells, LinePlane, locate, places_beside
from sarhad.border.beside import REACHED_M
from sarhad.errors import Fault, ScenarioError
from sarhad.grid import GOOD_SCALE_ERROR
from sarhad.scenario import DetectionSettings, Party, Post, Scenario
from sarhad.terrain import Terrain, elevation_at
from sarhad.units import METRES_PER_KILOMETRE

Floats = NDArray[np.float64]
ObserverKind = Literal["post", "ground", "air"]

MOBILE_KINDS: Final[Mapping[str, ObserverKind]] = {
    "foot": "ground",
    "horse": "ground",
    "vehicle": "ground",
    "helicopter": "air",
}


@dataclass(frozen=True, slots=True)
class SamplePoints:
    """Points that stand for the border cells.

    Attributes
    ----------
    east_m, north_m, ground_m : ndarray, shape (n,)
        Places and their ground above the datum [m].
    cell : ndarray of int32, shape (n,)
        Border cell of each.
    cells : int
        Number of border cells.
    dropped : int
        Points left out: in voids, outside the terrain, or in a bend where there is no such place.
    """

    east_m: Floats
    north_m: Floats
    ground_m: Floats
    cell: NDArray[np.int32]
    cells: int
    dropped: int

    @property
    def per_cell(self) -> NDArray[np.int64]:
        """Return how many points each cell has, shape (cells,)."""
        return np.bincount(self.cell, minlength=self.cells)


@dataclass(frozen=True, slots=True)
class Observers:
    """Posts and stations, and the places that each looks from.

    Attributes
    ----------
    id : tuple of str
        Of the post, or of the station: kind, distance from the line [m], cell.
    kind : tuple of {"post", "ground", "air"}
    party : tuple of str
        Parties that use it, separated by spaces.
    cell : ndarray of int32, shape (observers,)
        Border cell of a station, -1 for posts.
    east_m, north_m, eye_m : ndarray, shape (observers,)
        Place (of a station: the mean of its looks) and eyes above ground [m].
    stations : mapping of (kind, party) to ndarray of int32, shape (cells,)
        The station of each cell that a party's ground or air patrols use, -1 where there is none.
    look_observer : ndarray of int32, shape (looks,)
        Observer of each look; one without looks stands beyond sight of the line.
    look_east_m, look_north_m, look_ground_m : ndarray, shape (looks,)
        Place of each look and its ground above the datum [m].
    dropped : int
        Looks left out: in voids, outside the terrain, or in a bend where there is no such place.
    """

    id: tuple[str, ...]
    kind: tuple[ObserverKind, ...]
    party: tuple[str, ...]
    cell: NDArray[np.int32]
    east_m: Floats
    north_m: Floats
    eye_m: Floats
    stations: Mapping[tuple[str, str], NDArray[np.int32]]
    look_observer: NDArray[np.int32]
    look_east_m: Floats
    look_north_m: Floats
    look_ground_m: Floats
    dropped: int

    def __post_init__(self) -> None:
        if not (np.isfinite(self.eye_m) & (self.eye_m >= 0)).all():
            raise ValueError(
                "eye_m is a height of at least 0 above ground: nobody looks from below"
            )
        if not np.isfinite(self.look_ground_m).all():
            raise ValueError("every look stands on known ground")

    def __len__(self) -> int:
        return len(self.id)


def sample_targets(
    cells: BorderCells, plane: LinePlane, terrain: Terrain, settings: DetectionSettings
) -> SamplePoints:
    """Return the sample points of all border cells: five each, fewer beside voids and in bends.

    Parameters
    ----------
    cells : BorderCells
        The line in cells.
    plane : LinePlane
        The same line in the terrain's projection.
    terrain : Terrain
        Heights.
    settings : DetectionSettings
        Depths on the far and the own side.
    """
    half_m = settings.own_depth_m / 2
    layout = (
        (0.5, -settings.far_depth_m),
        (0.25, 0.0),
        (0.75, 0.0),
        (0.5, half_m),
        (0.5, settings.own_depth_m),
    )
    parts = [_abreast(cells, plane, terrain, share, off_m) for share, off_m in layout]
    ground_m = np.concatenate([part[2] for part in parts])
    kept = np.isfinite(ground_m)
    cell = np.tile(np.arange(len(cells), dtype=np.int32), len(layout))
    order = np.flatnonzero(kept)[np.argsort(cell[kept], kind="stable")]
    east_m, north_m = (np.concatenate([part[axis] for part in parts])[order] for axis in (0, 1))
    return SamplePoints(
        east_m, north_m, ground_m[order], cell[order], len(cells), int((~kept).sum())
    )


def _abreast(
    cells: BorderCells,
    plane: LinePlane,
    terrain: Terrain,
    share: float,
    distance_m: float,
    least_m: float | None = None,
) -> tuple[Floats, Floats, Floats]:
    """Return places at a share of each cell's length and their ground [m], NaN where none is."""
    along_m = cells.edges_m[:-1] + share * cells.length_m
    east_m, north_m, reached = places_beside(plane, along_m, distance_m, cells.length_m, least_m)
    ground_m = elevation_at(terrain, east_m, north_m).astype(np.float64)
    return east_m, north_m, np.where(reached, ground_m, np.nan)


@dataclass(frozen=True, slots=True)
class _Group:
    """Observers of one kind, and the looks of each, by the observer's place in the group."""

    ids: list[str]
    kind: ObserverKind
    parties: list[str]
    cell: NDArray[np.int32]
    eye_m: Floats
    place: NDArray[np.complex128]
    look_observer: NDArray[np.int64]
    look: NDArray[np.complex128]
    look_ground_m: Floats
    dropped: int


def place_observers(
    scenario: Scenario, cells: BorderCells, plane: LinePlane, terrain: Terrain
) -> Observers:
    """Return all posts, and a station in each cell for every distance that patrols keep.

    A party's patrols keep `movement.station_m` from the line or the party's stand-off, whichever
    is larger; parties with the same distance share their stations. In a tongue of land too narrow
    for that distance they stand as far from the line as it lets them, outside the stand-off.

    Parameters
    ----------
    scenario : Scenario
        Posts, parties, units, and settings of detection and movement.
    cells, plane, terrain
        As for `sample_targets`.

    Raises
    ------
    ScenarioError
        If a post near enough to see the line stands where no height is known.
    """
    groups = [_place_posts(scenario, plane, terrain)]
    stations: dict[tuple[str, str], NDArray[np.int32]] = {}
    first = len(scenario.posts)
    for (kind, distance_m), parties in _tracks(scenario).items():
        group = _place_stations(scenario, cells, plane, terrain, kind, distance_m, parties)
        of_cell = np.full(len(cells), -1, np.int32)
        of_cell[group.cell] = first + np.arange(len(group.ids))
        stations.update({(kind, party): of_cell for party in parties})
        groups.append(group)
        first += len(group.ids)
    return _join(groups, stations)


def _join(groups: list[_Group], stations: dict[tuple[str, str], NDArray[np.int32]]) -> Observers:
    starts = np.cumsum([0, *(len(group.ids) for group in groups)])
    observer = [
        group.look_observer + start for group, start in zip(groups, starts[:-1], strict=True)
    ]
    place = np.concatenate([group.place for group in groups])
    look = np.concatenate([group.look for group in groups])
    return Observers(
        id=tuple(name for group in groups for name in group.ids),
        kind=tuple(group.kind for group in groups for _ in group.ids),
        party=tuple(name for group in groups for name in group.parties),
        cell=np.concatenate([group.cell for group in groups]),
        east_m=place.real,
        north_m=place.imag,
        eye_m=np.concatenate([group.eye_m for group in groups]),
        stations=stations,
        look_observer=np.concatenate(observer).astype(np.int32),
        look_east_m=look.real,
        look_north_m=look.imag,
        look_ground_m=np.concatenate([group.look_ground_m for group in groups]),
        dropped=sum(group.dropped for group in groups),
    )


def _place_posts(scenario: Scenario, plane: LinePlane, terrain: Terrain) -> _Group:
    posts = scenario.posts
    lon, lat = (np.array([getattr(post, axis) for post in posts]) for axis in ("lon", "lat"))
    east_m, north_m = terrain.grid.project(lon, lat) if posts else (np.empty(0), np.empty(0))
    known = np.isfinite(east_m) & np.isfinite(north_m)
    ground_m, off_m = np.full(len(posts), np.nan), np.full(len(posts), np.inf)
    ground_m[known] = elevation_at(terrain, east_m[known], north_m[known])
    off_m[known] = np.abs(locate(plane, east_m[known], north_m[known])[1])
    settings = scenario.detection
    deepest_m = max(settings.own_depth_m, settings.far_depth_m)
    near = off_m <= settings.range_km * METRES_PER_KILOMETRE + deepest_m
    groundless = np.flatnonzero(near & np.isnan(ground_m))
    if groundless.size:
        raise ScenarioError(tuple(_groundless(posts[n], terrain) for n in groundless))
    looks = np.flatnonzero(np.isfinite(ground_m))
    place = east_m + 1j * north_m
    return _Group(
        ids=[post.id for post in posts],
        kind="post",
        parties=[post.party for post in posts],
        cell=np.full(len(posts), -1, np.int32),
        eye_m=np.array([post.height_m for post in posts], np.float64),
        place=place,
        look_observer=looks,
        look=place[looks],
        look_ground_m=ground_m[looks],
        dropped=0,
    )


def _groundless(post: Post, terrain: Terrain) -> Fault:
    east_m, north_m = terrain.grid.project(post.lon, post.lat)
    west, east, south, north = terrain.grid.extent
    inside = west <= east_m <= east and south <= north_m <= north
    where = "in a void of the heights" if inside else "outside the heights"
    return Fault(
        "posts.csv",
        None,
        "lon",
        f"post '{post.id}' at ({post.lon:g}, {post.lat:g}), {where}",
        "a post on known ground",
        "Correct lon and lat, widen terrain.corridor_km, or add heights there",
    )


def _tracks(scenario: Scenario) -> dict[tuple[ObserverKind, float], list[str]]:
    """Return the distances from the line that patrols keep, and the parties that keep them."""
    usual_m = scenario.movement.station_m
    stand_off_m = {party.id: _kept_m(party) for party in scenario.parties}
    tracks: dict[tuple[ObserverKind, float], list[str]] = {}
    moving = {(MOBILE_KINDS[u.kind], u.party) for u in scenario.units if u.kind in MOBILE_KINDS}
    for kind, party in sorted(moving, reverse=True):
        distance_m = max(usual_m, stand_off_m[party])
        tracks.setdefault((kind, distance_m), []).append(party)
    return tracks


def _kept_m(party: Party) -> float:
    """Return a party's stand-off in the projection, with the slack of its scale and of places."""
    return party.stand_off_km * METRES_PER_KILOMETRE * (1 + GOOD_SCALE_ERROR) + REACHED_M


def _place_stations(
    scenario: Scenario,
    cells: BorderCells,
    plane: LinePlane,
    terrain: Terrain,
    kind: ObserverKind,
    distance_m: float,
    parties: list[str],
) -> _Group:
    settings = scenario.detection
    count = settings.looks_per_cell
    shares = (np.arange(count) + 0.5) / count
    least_m = max(_kept_m(party) for party in scenario.parties if party.id in parties)
    parts = [_abreast(cells, plane, terrain, share, distance_m, least_m) for share in shares]
    east_m, north_m, ground_m = (np.stack([part[axis] for part in parts]) for axis in range(3))
    sound = np.isfinite(ground_m)
    cell = np.flatnonzero(sound.any(axis=0)).astype(np.int32)
    look, looker = np.nonzero(sound[:, cell])
    places = np.where(sound, east_m + 1j * north_m, 0.0)[:, cell]
    eye_m = settings.patrol_eye_m if kind == "ground" else scenario.movement.track_m
    return _Group(
        ids=[f"{kind}-{distance_m:g}-{number}" for number in cell],
        kind=kind,
        parties=[" ".join(sorted(parties))] * len(cell),
        cell=cell,
        eye_m=np.full(len(cell), eye_m),
        place=places.sum(axis=0) / sound[:, cell].sum(axis=0),
        look_observer=looker,
        look=places[look, looker],
        look_ground_m=ground_m[:, cell][look, looker],
        dropped=int((~sound).sum()),
    )
