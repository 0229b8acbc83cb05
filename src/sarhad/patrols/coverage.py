"""Coverage: what the duties of a day together notice, field by field."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from sarhad.kernels import add_visits
from sarhad.patrols.attacks import HOURS, PLAN_TARGETS
from sarhad.patrols.duties import Duty
from sarhad.patrols.network import PatrolNetwork
from sarhad.patrols.teams import Team

Float32 = NDArray[np.float32]


def no_effort(network: PatrolNetwork) -> Float32:
    """Return the effort of nobody, zeros of shape (cells, 24, channels)."""
    return np.zeros((network.cells, HOURS, network.channels), np.float32)


def add_duty(
    effort: Float32, duty: Duty, team: Team, network: PatrolNetwork, sign: float = 1.0
) -> None:
    """Add one duty's visits to an effort in place, or take them away (sign -1).

    Every member of a mixed team looks with what it has.
    """
    for number in team.looks:
        look = network.looks[number]
        add_visits(
            effort,
            look.starts,
            look.cells,
            look.effort,
            duty.station,
            duty.hour,
            duty.quarters,
            sign,
        )


def effort_of(duties: Iterable[Duty], teams: tuple[Team, ...], network: PatrolNetwork) -> Float32:
    """Return the effort of some duties together, (cells, 24, channels) [1].

    The chance that none of them notices a crossing is exp(-effort).
    """
    effort = no_effort(network)
    together: dict[int, list[Duty]] = {}
    for duty in duties:
        for number in teams[duty.team].looks:
            together.setdefault(number, []).append(duty)
    # One call for each look: a call for each duty costs more than the visits themselves.
    for number, group in sorted(together.items()):
        look = network.looks[number]
        station, hour, quarters = (
            np.concatenate([getattr(duty, name) for duty in group])
            for name in ("station", "hour", "quarters")
        )
        add_visits(effort, look.starts, look.cells, look.effort, station, hour, quarters)
    return effort


def covered(missed: Float32, network: PatrolNetwork) -> Float32:
    """Return the chance that a crossing is noticed, over the weather, (cells, 24, targets) [1].

    Parameters
    ----------
    missed : ndarray of float32, shape (cells, 24, channels)
        Chance that no patrol notices it, by channel.
    network : PatrolNetwork
        Adds the manned posts and the neighbour.
    """
    shares = np.array([state.share for state in network.states], np.float32)
    seen = 1.0 - network.unwatched * missed
    by_target = seen.reshape(*missed.shape[:2], len(PLAN_TARGETS), len(shares))
    return np.asarray(by_target @ shares, np.float32)
