"""Slow, obvious twins of the sight kernels, and grounds to try them on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

EARTH_RADIUS_M = 6_371_000.0
SIDES_M = (30.0, 25.0)  # east, north
REFRACTION = 0.13


def hills(rows: int, columns: int, seed: int = 0, void_share: float = 0.0) -> NDArray[np.float32]:
    """Return steep hills, some of them void [m]."""
    rng = np.random.default_rng(seed)
    z = 3 * rng.normal(0, 1, (rows, columns)).cumsum(0).cumsum(1) + 500
    z += rng.normal(0, 4, z.shape)
    z[rng.random(z.shape) < void_share] = np.nan
    return z.astype(np.float32)


def mountains(side: int, seed: int = 0, relief_m: float = 2000.0) -> NDArray[np.float32]:
    """Return a square of fractal mountains [m]."""
    noise = np.random.default_rng(seed).standard_normal((side, side))
    waves = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    z = np.fft.irfft2(np.fft.rfft2(noise) * np.maximum(waves, 4 / side) ** -1.8, s=(side, side))
    return ((z - z.min()) / np.ptp(z) * relief_m).astype(np.float32)


def crossings(
    z: NDArray[np.float32], start: ArrayLike, end: ArrayLike
) -> Iterator[tuple[float, float]]:
    """Yield the share of the way and the ground's height where a line crosses a row or column."""
    (r0, c0), (r1, c1) = np.asarray(start)[:2], np.asarray(end)[:2]
    for p0, p1, q0, q1, lines in ((r0, r1, c0, c1, z), (c0, c1, r0, r1, z.T)):
        for p in range(math.floor(min(p0, p1)) + 1, math.ceil(max(p0, p1))):
            share = (p - p0) / (p1 - p0)
            q = q0 + (q1 - q0) * share
            before, part = math.floor(q), q - math.floor(q)
            ground = float(lines[p, before])
            if part > 0:
                ground += part * (float(lines[p, before + 1]) - ground)
            if not math.isnan(ground):
                yield share, ground


def drop_m(start: ArrayLike, end: ArrayLike, refraction: float = REFRACTION) -> float:
    """Return the drop of the ground below the horizontal at the distance of two points [m]."""
    way = np.subtract(end, start)[:2] * SIDES_M[::-1]
    return float((1 - refraction) / (2 * EARTH_RADIUS_M) * (way**2).sum())


def clearance(z: NDArray[np.float32], start: ArrayLike, end: ArrayLike) -> float:
    """Return the least height of a sight line over the ground [m] by exact R3."""
    h0, h1, drop = np.asarray(start)[2], np.asarray(end)[2], drop_m(start, end)
    line = ((h0 + (h1 - h0) * u - drop * u * (1 - u), g) for u, g in crossings(z, start, end))
    return float(min((h - g for h, g in line), default=math.inf))


def viewshed(
    z: NDArray[np.float32], place: tuple[int, int], eye_m: float, target_m: float, range_m: float
) -> NDArray[np.bool_]:
    """Return the cells in view from a cell by a sight line to every one of them."""
    seen = np.zeros(z.shape, np.bool_)
    eye = (*place, float(z[place]) + eye_m)
    for cell in np.argwhere(~np.isnan(z)):
        east, north = SIDES_M
        near = ((cell[0] - place[0]) * north) ** 2 + ((cell[1] - place[1]) * east) ** 2
        if near <= range_m**2:
            top = (*cell, float(z[tuple(cell)]) + target_m)
            seen[tuple(cell)] = tuple(cell) == place or clearance(z, eye, top) >= 0
    return seen


def least_height(
    z: NDArray[np.float32], place: tuple[int, int], target_m: float, cell: tuple[int, int]
) -> float:
    """Return the least height above ground at a cell that sees a target [m].

    The clearance at each crossing is linear in it.
    """
    top, ground, drop = float(z[place]) + target_m, float(z[cell]), drop_m(place, cell)
    needed = (
        (g - top + top * u + drop * u * (1 - u)) / u - ground for u, g in crossings(z, place, cell)
    )
    return max((0.0, *needed)) if place != cell else 0.0
