"""Places at a distance from the line, abreast of it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.border.geodesy import Floats
from sarhad.border.nearest import LinePlane, locate

ROUNDS: Final = 12
"""Steps of `places_beside` towards a distance from the line; on the reference line all but the
points in the tightest bends settle in 4."""

OUT_OF_A_NOTCH: Final = 5.0
"""Times the distance, straight away, from where a second search starts."""

REACHED_M: Final = 1.0
"""A place this near to its distance from the line counts as there [m]."""


def places_beside(
    plane: LinePlane,
    chainage_m: Floats,
    distance_m: float,
    span_m: float,
    least_m: float | None = None,
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return places at a signed distance from the line, abreast of a chainage or near it.

    The first guess stands square to the line's course over `span_m`; in bends it is moved along
    the shortest way to the line until its nearest distance to ALL of the line is right.

    Parameters
    ----------
    plane : LinePlane
        The line.
    chainage_m : ndarray, shape (n,)
        Where along the line [m].
    distance_m : float
        Above 0 on the own side, below on the far side [m].
    span_m : float
        Length of line whose course counts [m].
    least_m : float, optional
        In a tongue of land too narrow for the distance, the farthest place found counts that is at
        least so far from the line on the own side [m]; none counts if this is not given.

    Returns
    -------
    east_m, north_m : ndarray, shape (n,)
        [m].
    reached : ndarray of bool, shape (n,)
        Whether the place is at the distance, or at least at `least_m`.
    """
    foot = _on_line(plane, chainage_m)
    if distance_m == 0.0:
        return foot.real, foot.imag, np.ones(foot.shape, bool)
    course = _on_line(plane, chainage_m + span_m / 2) - _on_line(plane, chainage_m - span_m / 2)
    turn = 1j if plane.own_side == "left" else -1j
    size = np.abs(course)
    across = turn * np.where(size > 0, course, 1.0) / np.where(size > 0, size, 1.0)
    tried = foot + across * distance_m
    best, best_m = tried.copy(), np.full(tried.shape, -np.inf)
    reached = np.zeros(tried.shape, bool)
    enough_m = np.inf if least_m is None else least_m
    for trial in range(2 * ROUNDS):
        if trial == ROUNDS:
            # No shortest way to the line leads out of a narrow notch, but straight away does.
            stuck = np.flatnonzero(~reached)
            out = OUT_OF_A_NOTCH * distance_m * across[stuck]
            clear = _stays_on_one_side(plane, foot[stuck], out, distance_m > 0)
            tried[stuck[clear]] = (foot[stuck] + out)[clear]
        left = np.flatnonzero(~reached)
        near_m, off_m = locate(plane, tried[left].real, tried[left].imag)
        short_m = distance_m - off_m
        there = np.abs(short_m) <= REACHED_M
        better = there | ((off_m > best_m[left]) & (short_m > 0))
        best[left[better]], best_m[left[better]] = tried[left[better]], off_m[better]
        reached[left] = there
        sure = np.abs(off_m) > REACHED_M
        away = tried[left] - _on_line(plane, near_m)
        outward = np.where(sure, away / np.where(sure, off_m, 1.0), across[left])
        # Across a narrow tongue whole steps go to and fro between the far sides of its two banks.
        tried[left] += short_m * outward * (1.0 if trial % ROUNDS < ROUNDS - 4 else 0.5)
    return best.real, best.imag, reached | (best_m >= enough_m)


def _stays_on_one_side(
    plane: LinePlane, foot: NDArray[np.complex128], way: NDArray[np.complex128], own: bool
) -> NDArray[np.bool_]:
    """Return which ways away from the line never lead across it, looked at in 16 places."""
    places = foot[:, np.newaxis] + way[:, np.newaxis] * np.linspace(1 / 16, 1, 16)
    _, off_m = locate(plane, places.real, places.imag)
    return np.asarray(((off_m > 0) == own).all(axis=1))


def _on_line(plane: LinePlane, chainage_m: Floats) -> NDArray[np.complex128]:
    east = np.interp(chainage_m, plane.chainage_m, plane.east_m)
    return east + 1j * np.interp(chainage_m, plane.chainage_m, plane.north_m)
