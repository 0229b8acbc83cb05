"""Ground units: how long from post to station, along the line, home again, and to a civil site."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from sarhad.mobility.fields import (
    Surface,
    TimeField,
    as_line,
    read_field,
    time_field,
    trace_path,
)
from sarhad.mobility.stations import Stations, nearest_passable

Floats = NDArray[np.float64]
Seconds = NDArray[np.float32]
Progress = Callable[[int, int], None]
T = TypeVar("T")

NEAR_FACTOR: Final = 2.5
"""Neighbouring stations are first looked for within this many times the straight way's time."""


@dataclass(frozen=True, slots=True, eq=False)
class GroundTimes:
    """Times of one kind of ground unit at one speed on good ground.

    Attributes
    ----------
    flat_km_h : float
        The speed [km/h]; times of a unit with another are in inverse proportion.
    stations : Stations
        Where this kind stands in each border cell.
    out_s, home_s : ndarray of float32, shape (posts, cells)
        From each post to each station, and back [s]; infinite where it cannot.
    along_s : ndarray of float32, shape (2, cells - 1)
        From the station of cell i to that of cell i + 1, and from that back to i [s].
    sites_s : ndarray of float32, shape (posts, sites)
        From each post to each civil site [s].
    """

    flat_km_h: float
    stations: Stations
    out_s: Seconds
    home_s: Seconds
    along_s: Seconds
    sites_s: Seconds


def seconds_at_speed(seconds: Seconds, flat_km_h: float, speed_km_h: float) -> Seconds:
    """Return times of a unit with another speed on good ground [s]."""
    if not (flat_km_h > 0 and speed_km_h > 0):
        raise ValueError("speeds are above zero")
    return np.asarray(seconds * np.float32(flat_km_h / speed_km_h))


def post_times(
    surface: Surface,
    posts: Stations,
    stations: Stations,
    sites: Stations,
    limit_s: float,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> tuple[Seconds, Seconds, Seconds]:
    """Return times from posts to stations, home again, and to sites [s].

    Parameters
    ----------
    surface : Surface
        Ground of one kind of mover.
    posts, stations, sites : Stations
        Their cells. What lies off them is walked at the pace of a flat cell of this kind.
    limit_s : float
        Longest time from a post [s].
    executor : concurrent.futures.Executor, optional
        Spreads over posts; threads serve, since the kernel releases the lock.
    progress : callable, optional
        Called with (posts done, posts in all).

    Returns
    -------
    out_s, home_s, sites_s : ndarray of float32
        Shapes (posts, cells), (posts, cells), (posts, sites).
    """

    def times_of(post: int) -> tuple[Seconds, Seconds, Seconds]:
        if not posts.found[post]:
            never = np.full(stations.row.size, np.inf, np.float32)
            return never, never, np.full(sites.row.size, np.inf, np.float32)
        at = posts.row[post : post + 1], posts.column[post : post + 1]
        start_s = off_cell_s(surface, posts.moved_m[post : post + 1])
        out = time_field(surface, *at, limit_s, starts_s=start_s)
        home = time_field(surface, *at, limit_s, starts_s=start_s, towards=True)
        return (
            read_stations(out, stations),
            read_stations(home, stations),
            read_stations(out, sites) + off_cell_s(surface, sites.moved_m).astype(np.float32),
        )

    rows = spread(times_of, range(posts.row.size), executor, progress)
    sizes = stations.row.size, stations.row.size, sites.row.size
    out_s, home_s, sites_s = (
        np.array([row[k] for row in rows], np.float32).reshape(len(rows), size)
        for k, size in enumerate(sizes)
    )
    return out_s, home_s, sites_s


def along_times(
    surface: Surface, stations: Stations, limit_s: float, executor: Executor | None = None
) -> Seconds:
    """Return times between stations of neighbouring border cells, shape (2, cells - 1) [s]."""

    def times_from(station: int) -> Seconds:
        near = np.array([station + 1, station - 1]).clip(0, stations.row.size - 1)
        times = np.full(2, np.inf, np.float32)
        at = slice(station, station + 1)
        apart_m = np.hypot(
            stations.east_m[near] - stations.east_m[station],
            stations.north_m[near] - stations.north_m[station],
        )
        # Most ways are not much longer than straight ones: wide windows are for the others.
        straight_s = float(apart_m.max()) * min(surface.flat_s_m, 1e6)
        for within_s in (min(NEAR_FACTOR * straight_s + 1.0, limit_s), limit_s):
            if stations.found[station] and not np.isfinite(times[stations.found[near]]).all():
                field = time_field(surface, stations.row[at], stations.column[at], within_s)
                times = read_field(field, stations.row[near], stations.column[near])
                times[~stations.found[near]] = np.inf
        return times

    pairs = np.array(spread(times_from, range(stations.row.size), executor), np.float32)
    return np.stack([pairs[:-1, 0], pairs[1:, 1]])


def read_stations(field: TimeField, stations: Stations) -> Seconds:
    """Return the times of a field at stations [s]; infinite where there is no station."""
    times = read_field(field, stations.row, stations.column)
    times[~stations.found] = np.inf
    return times


def off_cell_s(surface: Surface, moved_m: Floats) -> Floats:
    """Return the time over distances off the raster [s]: flat, on the easiest ground there is."""
    # Nothing moved takes no time even where all ground is closed.
    return np.asarray(np.where(moved_m > 0, moved_m, 0) * min(surface.flat_s_m, 1e6))


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """A way as a line: longitude and latitude [degrees], each shape (n,), and its time [s]."""

    longitude: Floats
    latitude: Floats
    seconds: float


def ground_path(
    surface: Surface,
    start: tuple[float, float],
    goal: tuple[float, float],
    limit_s: float,
    search_m: float,
) -> Way:
    """Return the quickest way between two places, over the middles of cells.

    Parameters
    ----------
    surface : Surface
        Ground of one kind of mover.
    start, goal : tuple of float
        East and north [m]; each stands for the nearest passable cell.
    limit_s : float
        Longest time [s].
    search_m : float
        How far that cell may be [m].

    Raises
    ------
    ValueError
        If no passable cell is near, or no way leads there within the limit.
    """
    ends = np.array([start, goal], np.float64)
    cells = nearest_passable(surface, ends[:, 0], ends[:, 1], search_m)
    if not cells.found.all():
        raise ValueError(f"start and goal have passable ground within {search_m:g} m")
    off_s = off_cell_s(surface, cells.moved_m)
    field = time_field(surface, cells.row[:1], cells.column[:1], limit_s, starts_s=off_s[:1])
    path = trace_path(field, int(cells.row[1]), int(cells.column[1]))
    seconds = read_field(field, cells.row[1:], cells.column[1:])[0] + off_s[1]
    return Way(*as_line(surface.grid, path), float(seconds))


def spread(
    work: Callable[[int], T],
    items: Sequence[int],
    executor: Executor | None,
    progress: Progress | None = None,
) -> list[T]:
    """Return the results of work on items in their order; an executor works side by side."""
    results: Iterable[T] = map(work, items) if executor is None else executor.map(work, items)
    done: list[T] = []
    for result in results:
        done.append(result)
        if progress is not None:
            progress(len(done), len(items))
    return done
