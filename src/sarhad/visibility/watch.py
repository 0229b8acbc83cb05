"""What the watches of an option see: of the line, cell by cell, and of the land around them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sarhad.border import BorderCells, LinePlane
from sarhad.kernels import prepare_heights, viewshed_counts
from sarhad.scenario import Option, Post, Scenario, Unit, option_units
from sarhad.terrain import Terrain, window
from sarhad.units import METRES_PER_KILOMETRE
from sarhad.visibility.light import LIGHTS, Light
from sarhad.visibility.reporting import look_points
from sarhad.visibility.sampling import Observers, SamplePoints, sample_targets
from sarhad.visibility.sightlines import SightLines, sight_from
from sarhad.visibility.visibility import Visibility, compute_visibility

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class WatchedLine:
    """What the watched posts see of the line.

    Attributes
    ----------
    posts : tuple of Post
        The watched posts: rows of the matrices.
    invented : bool
        True where the option has no watch, so that every post with a unit counts as watched.
    edges_m : ndarray, shape (cells + 1,)
        Chainage of the cells' edges [m].
    seen : ndarray of bool, shape (posts, cells)
        Whether a post sees something of a cell.
    post_share : ndarray of float32, shape (posts, cells)
        Share of the cell's sample points that each post sees [1].
    share : ndarray, shape (cells,)
        Share of the cell's sample points that at least one post sees [1].
    least_m, mean_m : ndarray, shape (cells,)
        Distance of the free sight lines [m]; NaN where there is none.
    farthest_m : ndarray, shape (posts,)
        Longest free sight line of each post to the line [m]; NaN where there is none.
    best : ndarray of int64, shape (cells,)
        Post that notices a person there first, by day; -1 where none sees the cell.
    day_rate, night_rate : ndarray, shape (cells,)
        Rate at which all watches together notice a person [1/h], over both states of the weather;
        at night over its moonlit and dark hours.
    reportable : ndarray of bool, shape (posts,)
        Whether a sighting can be reported from there.
    notes : tuple of str
        What was left out, a sentence each.
    """

    posts: tuple[Post, ...]
    invented: bool
    edges_m: Floats
    seen: NDArray[np.bool_]
    post_share: NDArray[np.float32]
    share: Floats
    least_m: Floats
    mean_m: Floats
    farthest_m: Floats
    best: NDArray[np.int64]
    day_rate: Floats
    night_rate: Floats
    reportable: NDArray[np.bool_]
    notes: tuple[str, ...]

    @property
    def length_km(self) -> Floats:
        """Return the length of each cell along the line, shape (cells,) [km]."""
        return np.diff(self.edges_m) / METRES_PER_KILOMETRE

    @property
    def watched(self) -> NDArray[np.bool_]:
        """Return which cells someone sees something of, shape (cells,)."""
        return self.share > 0

    @property
    def seen_km(self) -> float:
        """Return the length of the line of which someone sees something [km]."""
        return float(self.length_km[self.watched].sum())

    @property
    def unseen(self) -> tuple[tuple[float, float], ...]:
        """Return the stretches that nobody sees anything of, (from, to) [km]."""
        return stretches(~self.watched, self.edges_m)


def stretches(chosen: NDArray[np.bool_], edges_m: Floats) -> tuple[tuple[float, float], ...]:
    """Return the longest runs of chosen cells, (from, to) [km], in walking order."""
    turns = np.diff(np.concatenate([[False], chosen, [False]]).astype(np.int8))
    starts, ends = np.flatnonzero(turns == 1), np.flatnonzero(turns == -1)
    km = edges_m / METRES_PER_KILOMETRE
    return tuple(
        (float(km[start]), float(km[end])) for start, end in zip(starts, ends, strict=True)
    )


def watches_of(scenario: Scenario, option: str) -> dict[str, tuple[Unit, ...]]:
    """Return the watches of an option by their post; all its units where it has no watch.

    Raises
    ------
    ValueError
        If no option is called so.
    """
    units = option_units(scenario, option)
    watches = [unit for unit in units if unit.kind == "watch"] or units
    held: dict[str, tuple[Unit, ...]] = {}
    for unit in watches:
        held[unit.base] = (*held.get(unit.base, ()), unit)
    return held


def watch_line(
    scenario: Scenario,
    option: str,
    cells: BorderCells,
    plane: LinePlane,
    terrain: Terrain,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> WatchedLine:
    """Return what the watches of an option see of the line.

    Parameters
    ----------
    scenario : Scenario
        Posts, units, and the settings of detection and radio.
    option : str
        Whose watches look.
    cells, plane, terrain
        The line in cells and in the terrain's projection, and heights.
    executor : concurrent.futures.Executor, optional
        Threads to spread the sight lines over.
    progress : callable, optional
        Called with (sight lines done, sight lines in all).

    Raises
    ------
    ScenarioError
        As `compute_visibility`.
    ValueError
        If no option is called so.
    """
    held = watches_of(scenario, option)
    rows = np.array([n for n, post in enumerate(scenario.posts) if post.id in held], np.int64)
    sight = compute_visibility(
        _posts_alone(scenario), cells, plane, terrain, executor=executor, progress=progress
    )
    points = sample_targets(cells, plane, terrain, scenario.detection)
    lines = _free_lines(scenario, sight.observers, rows, points, terrain, executor)
    posts = tuple(scenario.posts[row] for row in rows)
    day, night = _rates(scenario, sight, rows, [held[post.id] for post in posts])
    seen = sight.share("person").toarray()[rows]
    best = np.where((seen > 0).any(axis=0), _first(day, len(cells)), -1)
    cell = points.cell[lines.target]
    least_m = np.full(len(cells), np.inf)
    np.minimum.at(least_m, cell, lines.distance_m)
    count = np.bincount(cell, minlength=len(cells))
    farthest_m = np.full(len(scenario.posts), -np.inf)
    np.maximum.at(farthest_m, lines.observer, lines.distance_m)
    with np.errstate(invalid="ignore"):
        mean_m = np.bincount(cell, lines.distance_m, len(cells)) / count
    seen_points = np.bincount(points.cell[np.unique(lines.target)], minlength=len(cells))
    return WatchedLine(
        posts=posts,
        invented=not any(unit.kind == "watch" for units in held.values() for unit in units),
        edges_m=cells.edges_m,
        seen=seen > 0,
        post_share=seen,
        share=seen_points / np.maximum(points.per_cell, 1),
        least_m=np.where(np.isfinite(least_m), least_m, np.nan),
        mean_m=mean_m,
        farthest_m=np.where(np.isfinite(farthest_m), farthest_m, np.nan)[rows],
        best=best,
        day_rate=day.sum(axis=0),
        night_rate=night.sum(axis=0),
        reportable=sight.reportable[rows],
        notes=sight.notes,
    )


def _posts_alone(scenario: Scenario) -> Scenario:
    """Return the scenario without its patrols, which would look from every cell of the line."""
    option = Option(name=scenario.default_option, title="Posts")
    return replace(scenario, units=(), options=(option,))


def _free_lines(
    scenario: Scenario,
    observers: Observers,
    rows: NDArray[np.int64],
    points: SamplePoints,
    terrain: Terrain,
    executor: Executor | None,
) -> SightLines:
    """Return the free sight lines from watched posts to persons at the sample points.

    Their observers are rows of the scenario's posts, their targets sample points.
    """
    settings = scenario.detection
    looking = np.flatnonzero(np.isin(observers.look_observer, rows))
    ground_m = points.ground_m + settings.person_height_m
    lines = sight_from(
        look_points(observers, observers.eye_m)[looking],
        np.column_stack([points.east_m, points.north_m, ground_m]),
        terrain,
        settings.range_km * METRES_PER_KILOMETRE,
        settings.refraction,
        executor=executor,
    )
    free = lines.in_sight
    return SightLines(
        observers.look_observer[looking][lines.observer[free]],
        lines.target[free],
        lines.clearance_m[free],
        lines.distance_m[free],
    )


def _rates(
    scenario: Scenario,
    sight: Visibility,
    rows: NDArray[np.int64],
    watches: list[tuple[Unit, ...]],
) -> tuple[Floats, Floats]:
    """Return the rates of each post's watch by day and at night, each (posts, cells) [1/h]."""
    thermal = np.array([any(unit.thermal for unit in held) for held in watches], bool)
    awake = np.array([any(unit.night for unit in held) for held in watches], bool)
    rates = {light: _rate_in(scenario, sight, rows, light, thermal) for light in LIGHTS}
    moon, dark = (sight.light.of(light).mean(axis=0) for light in ("moon", "dark"))
    with np.errstate(invalid="ignore"):
        # Where the horizon has no night, one without a moon is the safe assumption.
        moonlit = np.nan_to_num(moon / (moon + dark), nan=0.0)
    night = moonlit * rates["moon"] + (1.0 - moonlit) * rates["dark"]
    return rates["day"], night * awake[:, np.newaxis]


def _rate_in(
    scenario: Scenario,
    sight: Visibility,
    rows: NDArray[np.int64],
    light: Light,
    thermal: NDArray[np.bool_],
) -> Floats:
    poor = scenario.detection.poor_weather_share
    eye, imager = (
        (1.0 - poor) * sight.rate("person", light, sensor, "clear").toarray()[rows]
        + poor * sight.rate("person", light, sensor, "poor").toarray()[rows]
        for sensor in ("eye", "thermal")
    )
    return np.where(thermal[:, np.newaxis], imager, eye)


def _first(rates: Floats, cells: int) -> NDArray[np.int64]:
    return rates.argmax(axis=0) if len(rates) else np.full(cells, -1)


def count_views(
    posts: tuple[Post, ...],
    terrain: Terrain,
    target_height_m: float,
    range_m: float,
    refraction: float,
    *,
    progress: Progress | None = None,
) -> NDArray[np.uint16]:
    """Return how many posts see each kept cell of the terrain, in the terrain's tiles.

    Memory is that of the result and of one post's window. A post stands in the middle of its cell;
    one on no known ground sees nothing.

    Parameters
    ----------
    posts : tuple of Post
        Who looks.
    terrain : Terrain
        Heights.
    target_height_m : float
        Height of what is looked for above ground [m].
    range_m : float
        Farthest distance between cell middles [m].
    refraction : float
        Share of the earth's curvature that light bends away [1].
    progress : callable, optional
        Called with (posts done, posts in all).

    Returns
    -------
    ndarray of uint16, shape (kept, tile, tile)
    """
    counts = np.zeros(terrain.tiles.shape, np.uint16)
    half = int(range_m // terrain.grid.cell_m) + 1
    side = 2 * half + 1
    for done, post in enumerate(posts, start=1):
        east_m, north_m = terrain.grid.project(post.lon, post.lat)
        if np.isfinite(east_m) and np.isfinite(north_m):
            row, column = (int(place) for place in terrain.grid.cell_of(east_m, north_m))
            heights = window(terrain, row - half, column - half, side, side)
            if np.isfinite(heights[half, half]):
                seen = viewshed_counts(
                    prepare_heights(heights),
                    [half],
                    [half],
                    post.height_m,
                    target_height_m,
                    range_m,
                    terrain.grid.cell_m,
                    terrain.grid.cell_m,
                    refraction,
                )
                _add(counts, terrain, row - half, column - half, seen)
        if progress is not None:
            progress(done, len(posts))
    return counts


def _add(
    counts: NDArray[np.uint16], terrain: Terrain, row: int, column: int, seen: NDArray[np.uint32]
) -> None:
    """Add a window that begins at a row and column of the frame to the tiles."""
    tile = terrain.tile
    rows, columns = seen.shape
    for tile_row, tile_column in np.argwhere(terrain.index >= 0):
        top, left = tile_row * tile - row, tile_column * tile - column
        if -tile < top < rows and -tile < left < columns:
            part = seen[max(top, 0) : top + tile, max(left, 0) : left + tile]
            y, x = max(-top, 0), max(-left, 0)
            into = counts[terrain.index[tile_row, tile_column]]
            into[y : y + part.shape[0], x : x + part.shape[1]] += part.astype(np.uint16)
