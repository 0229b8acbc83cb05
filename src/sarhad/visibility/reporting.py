"""Whether a sighting can be reported from where it is made: radio to a relay post, or satellite."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.scenario import Scenario
from sarhad.terrain import Terrain
from sarhad.units import METRES_PER_KILOMETRE
from sarhad.visibility.sampling import Observers
from sarhad.visibility.sightlines import (
    PairWindow,
    Progress,
    group_pairs,
    heights_of,
    look_along,
    spread_windows,
)

Floats = NDArray[np.float64]

RADIO_REFRACTION: Final = 0.25
"""Radio waves bend as over an earth of 4/3 its radius; Recommendation ITU-R P.310."""


def find_reportable(
    scenario: Scenario,
    observers: Observers,
    terrain: Terrain,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> NDArray[np.bool_]:
    """Return from which observers a sighting can be reported, shape (observers,).

    A relay post itself can; any other needs a free sight line, from one of its looks, between its
    antenna and that of a relay post within the radio's range. Antennas stand at the eyes of posts
    and aircraft. Relays without known ground are left out; only terrain is in the way.

    Parameters
    ----------
    scenario : Scenario
        Posts in the order of the observers, and radio settings.
    observers : Observers
        Who reports.
    terrain : Terrain
        Heights.
    executor : concurrent.futures.Executor, optional
        Threads to spread over.
    progress : callable, optional
        Called with (pairs done, pairs in all).
    """
    settings = scenario.radio
    if settings.satellite:
        return np.ones(len(observers), bool)
    relay = np.zeros(len(observers), bool)
    relay[: len(scenario.posts)] = [post.relay for post in scenario.posts]
    antenna_m = np.where(np.array(observers.kind) == "ground", settings.antenna_m, observers.eye_m)
    looks = look_points(observers, antenna_m)
    relays = looks[relay[observers.look_observer]]
    groups = group_pairs(looks, relays, terrain, settings.range_km * METRES_PER_KILOMETRE)

    def look(group: PairWindow) -> NDArray[np.int32]:
        field = heights_of(terrain, group)
        lines = look_along(field, group, looks, relays, terrain, RADIO_REFRACTION, only_sign=True)
        return lines.observer[lines.in_sight]

    reportable = relay.copy()
    for heard in spread_windows(look, groups, executor, progress):
        reportable[observers.look_observer[heard]] = True
    return reportable


def look_points(observers: Observers, above_m: Floats) -> Floats:
    """Return east, north and height above the datum of all looks, (looks, 3) [m].

    Parameters
    ----------
    observers : Observers
        Whose looks.
    above_m : ndarray, shape (observers,)
        Height above ground [m].
    """
    height_m = observers.look_ground_m + above_m[observers.look_observer]
    return np.column_stack([observers.look_east_m, observers.look_north_m, height_m])
