"""Longitudes, lengths and places on the ellipsoid, as plain arrays."""

from __future__ import annotations

from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod

Floats = NDArray[np.float64]
Side = Literal["left", "right"]

GEOD: Final = Geod(ellps="WGS84")

SAME_PLACE_M: Final = 0.001
"""Neighbouring vertices closer than this [m] are one vertex."""


def check_side(side: str) -> None:
    """Refuse a side that is neither left nor right."""
    if side not in get_args(Side):
        raise ValueError(f'own_side is "left" or "right", not {side!r}')


def sealed(values: ArrayLike) -> Floats:
    """Return a copy that cannot be written to."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


def steps_m(longitude: Floats, latitude: Floats) -> Floats:
    """Return the geodesic lengths between neighbouring vertices [m], shape (n - 1,)."""
    steps = GEOD.inv(longitude[:-1], latitude[:-1], longitude[1:], latitude[1:])[2]
    return np.asarray(steps, dtype=np.float64)


def unwrapped(longitude: Floats) -> Floats:
    """Return longitudes without jumps of a full turn, starting in [-180, 180)."""
    continuous = np.unwrap(longitude, period=360.0)
    turns = np.floor((continuous[0] + 180.0) / 360.0)
    return np.asarray(continuous - 360.0 * turns, dtype=np.float64)


def in_space(longitude: ArrayLike, latitude: ArrayLike) -> Floats:
    """Return Earth-centred coordinates on the ellipsoid [m], shape (n, 3)."""
    east, north = np.radians(longitude), np.radians(latitude)
    normal_m = GEOD.a / np.sqrt(1 - GEOD.es * np.sin(north) ** 2)
    outward = (np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north))
    return np.stack(outward, axis=-1) * normal_m[..., np.newaxis] * (1, 1, 1 - GEOD.es)


def divided(pieces: NDArray[np.intp]) -> tuple[NDArray[np.intp], Floats]:
    """Return segment and fraction of the start of each piece, pieces counted by segment."""
    segment = np.repeat(np.arange(len(pieces)), pieces)
    first = np.cumsum(pieces) - pieces
    return segment, (np.arange(len(segment)) - first[segment]) / pieces[segment]
