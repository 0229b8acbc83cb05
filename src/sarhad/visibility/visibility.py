"""Who sees what of the line: shares in sight, distances and detection rates, all sparse."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sarhad.border import BorderCells, LinePlane
from sarhad.errors import Fault, ScenarioError
from sarhad.scenario import DetectionSettings, Scenario
from sarhad.terrain import Terrain
from sarhad.units import METRES_PER_KILOMETRE
from sarhad.visibility.detection import (
    SENSORS,
    TARGETS,
    WEATHERS,
    Sensor,
    Target,
    Weather,
    all_rates,
)
from sarhad.visibility.light import LIGHTS, Light, LightShares, compute_light
from sarhad.visibility.reporting import find_reportable, look_points
from sarhad.visibility.sampling import Observers, SamplePoints, place_observers, sample_targets
from sarhad.visibility.sightlines import (
    PairWindow,
    Progress,
    SightLines,
    group_pairs,
    heights_of,
    look_along,
    spread_windows,
)

if TYPE_CHECKING:
    # Not every SciPy that we run with lets the class be subscripted.
    Sparse = csr_array[np.float32]

Floats = NDArray[np.float64]

STATES: Final = (len(WEATHERS), len(LIGHTS), len(SENSORS))


@dataclass(frozen=True, slots=True)
class Visibility:
    """What each observer sees of each border cell; only pairs with something in sight are kept.

    Attributes
    ----------
    observers : Observers
        Rows of the matrices.
    light : LightShares
        How light each period is along the line.
    reportable : ndarray of bool, shape (observers,)
        Whether a sighting can be reported from there.
    cells : int
        Columns of the matrices.
    starts, columns : ndarray of int32
        The common pattern of the matrices, as `indptr` and `indices` of compressed sparse rows.
    shares, distances_m : ndarray of float32, shape (targets, kept)
        As in `share` and `distance_m`.
    rates : ndarray of float32, shape (targets, weathers, lights, sensors, kept)
        As in `rate`.
    notes : tuple of str
        What was left out, a sentence each.
    """

    observers: Observers
    light: LightShares
    reportable: NDArray[np.bool_]
    cells: int
    starts: NDArray[np.int32]
    columns: NDArray[np.int32]
    shares: NDArray[np.float32]
    distances_m: NDArray[np.float32]
    rates: NDArray[np.float32]
    notes: tuple[str, ...]

    def share(self, target: Target = "person") -> Sparse:
        """Return the share of each cell's sample points in sight, (observers, cells) [1]."""
        return self._matrix(self.shares[TARGETS.index(target)])

    def distance_m(self, target: Target = "person") -> Sparse:
        """Return the mean distance of the sample points in sight, (observers, cells) [m]."""
        return self._matrix(self.distances_m[TARGETS.index(target)])

    def rate(
        self,
        target: Target = "person",
        light: Light = "day",
        sensor: Sensor = "eye",
        weather: Weather = "clear",
    ) -> Sparse:
        """Return the detection rate of a target somewhere in each cell, (observers, cells) [1/h].

        It is the mean over the cell's sample points, those out of sight counting 0, and over the
        observer's looks.
        """
        state = WEATHERS.index(weather), LIGHTS.index(light), SENSORS.index(sensor)
        return self._matrix(self.rates[(TARGETS.index(target), *state)])

    def _matrix(self, values: NDArray[np.float32]) -> Sparse:
        shape = len(self.observers), self.cells
        return csr_array((values, self.columns, self.starts), shape=shape)


def compute_visibility(
    scenario: Scenario,
    cells: BorderCells,
    plane: LinePlane,
    terrain: Terrain,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Visibility:
    """Return who sees what of the line.

    Parameters
    ----------
    scenario : Scenario
        Posts, parties, units, horizon, and the settings of detection and radio.
    cells : BorderCells
        The line in cells.
    plane : LinePlane
        The same line in the terrain's projection.
    terrain : Terrain
        Heights.
    executor : concurrent.futures.Executor, optional
        Threads to spread the sight lines over.
    progress : callable, optional
        Called with (sight lines done, sight lines in all).

    Raises
    ------
    ScenarioError
        If a post stands on no known ground, the range exceeds the corridor of known heights, or the
        horizon lies outside the years of the sun's tables.
    """
    _check_range(scenario)
    settings = scenario.detection
    light = compute_light(scenario.horizon, cells, settings)
    points = sample_targets(cells, plane, terrain, settings)
    observers = place_observers(scenario, cells, plane, terrain)
    looks = look_points(observers, observers.eye_m)
    range_m = settings.range_km * METRES_PER_KILOMETRE
    groups = group_pairs(looks, _raised(points, 0.0), terrain, range_m)

    def look(group: PairWindow) -> _Tally:
        return _look(group, looks, points, observers, terrain, settings)

    tallies = spread_windows(look, groups, executor, progress)
    key, sums = _merge(tallies)
    starts, columns = _pattern(key, len(observers), points.cells)
    seen = sums[:, 0]
    chances = _chances(observers, points, key)
    with np.errstate(invalid="ignore"):
        distances_m = np.where(seen > 0, sums[:, 1] / seen, 0.0)
    return Visibility(
        observers=observers,
        light=light,
        reportable=find_reportable(scenario, observers, terrain, executor=executor),
        cells=points.cells,
        starts=starts,
        columns=columns,
        shares=(seen / chances).astype(np.float32),
        distances_m=distances_m.astype(np.float32),
        rates=(sums[:, 2:] / chances).astype(np.float32).reshape(len(TARGETS), *STATES, -1),
        notes=_notes(points, observers),
    )


def _check_range(scenario: Scenario) -> None:
    """Refuse a range beyond the heights: where none are known nothing would block a sight line."""
    corridor_km, range_km = scenario.terrain.corridor_km, scenario.detection.range_km
    if range_km > corridor_km:
        expected = f"at most {corridor_km:g} km, as terrain.corridor_km"
        cure = "Shorten the range, or widen the corridor of heights"
        fault = Fault(
            "scenario.toml", None, "detection.range_km", f"{range_km:g} km", expected, cure
        )
        raise ScenarioError((fault,))


def _raised(points: SamplePoints, above_m: float) -> Floats:
    return np.column_stack([points.east_m, points.north_m, points.ground_m + above_m])


@dataclass(frozen=True, slots=True)
class _Tally:
    """Sums over the free sight lines of one window.

    Attributes
    ----------
    key : ndarray of int64, shape (n,)
        observer x cells + cell, growing.
    sums : ndarray, shape (targets, 2 + states, n)
        Lines, their length [m], and their rates [1/h].
    """

    key: NDArray[np.int64]
    sums: Floats


def _look(
    group: PairWindow,
    looks: Floats,
    points: SamplePoints,
    observers: Observers,
    terrain: Terrain,
    settings: DetectionSettings,
) -> _Tally:
    field = heights_of(terrain, group)
    parts = []
    for target in TARGETS:
        seen = _raised(points, getattr(settings, f"{target}_height_m"))
        lines = look_along(field, group, looks, seen, terrain, settings.refraction, only_sign=True)
        parts.append(_tally(lines, points, observers, target, settings))
    return _Tally(*_side_by_side(parts))


def _tally(
    lines: SightLines,
    points: SamplePoints,
    observers: Observers,
    target: Target,
    settings: DetectionSettings,
) -> _Tally:
    free = lines.in_sight
    observer = observers.look_observer[lines.observer[free]].astype(np.int64)
    key = observer * points.cells + points.cell[lines.target[free]]
    order = np.argsort(key, kind="stable")
    key, distance_m = key[order], lines.distance_m[free][order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    if not first.size:
        return _Tally(key, np.empty((2 + int(np.prod(STATES)), 0)))
    rates = all_rates(distance_m, target, settings).reshape(-1, key.size)
    values = np.concatenate([[np.ones(key.size), distance_m], rates])
    return _Tally(key[first], np.add.reduceat(values, first, axis=1))


def _side_by_side(parts: list[_Tally]) -> tuple[NDArray[np.int64], Floats]:
    """Return the keys of all targets together, and the sums of each at its keys, 0 elsewhere."""
    key = np.unique(np.concatenate([part.key for part in parts]))
    sums = np.zeros((len(parts), parts[0].sums.shape[0], key.size))
    for number, part in enumerate(parts):
        sums[number][:, np.searchsorted(key, part.key)] = part.sums
    return key, sums


def _merge(tallies: Iterable[_Tally]) -> tuple[NDArray[np.int64], Floats]:
    """Return the sums of all windows, (targets, 2 + states, n), by growing keys."""
    none = np.empty((len(TARGETS), 2 + int(np.prod(STATES)), 0))
    parts = [_Tally(np.empty(0, np.int64), none), *tallies]
    keys = np.concatenate([part.key for part in parts])
    sums = np.concatenate([part.sums for part in parts], axis=2)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    if first.size:
        sums = np.add.reduceat(sums[:, :, order], first, axis=2)
    return keys[first], sums


def _pattern(
    key: NDArray[np.int64], observers: int, cells: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    starts = np.searchsorted(key, np.arange(observers + 1, dtype=np.int64) * cells)
    return starts.astype(np.int32), (key % cells).astype(np.int32)


def _chances(observers: Observers, points: SamplePoints, key: NDArray[np.int64]) -> Floats:
    """Return how many sight lines there could be at each key: looks x sample points."""
    looks = np.bincount(observers.look_observer, minlength=len(observers))
    lines = looks[key // points.cells] * points.per_cell[key % points.cells]
    return np.asarray(lines, np.float64)


def _notes(points: SamplePoints, observers: Observers) -> tuple[str, ...]:
    blind = int((points.per_cell == 0).sum())
    looks = np.bincount(observers.look_observer, minlength=len(observers))
    sightless = int((looks == 0).sum())
    counts = (
        (
            points.dropped,
            "sample points left out: no ground known, or none at that depth in a bend",
        ),
        (blind, "cells of the line without any sample point"),
        (observers.dropped, "patrols' looks left out, for the same reasons"),
        (sightless, "posts too far from the line to see it"),
    )
    return tuple(f"{count:,} {what}" for count, what in counts if count)
