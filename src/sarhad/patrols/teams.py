"""Teams: who goes out together, where it may be, how far it gets in an hour, and when it rests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.mobility import GroundTimes, seconds_at_speed
from sarhad.patrols.attacks import HOURS
from sarhad.patrols.looks import QUARTERS
from sarhad.scenario import Party, Scenario, Sector, Unit
from sarhad.units import METRES_PER_KILOMETRE, SECONDS_PER_HOUR

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Cells = NDArray[np.int32]

QUARTER_S: Final = SECONDS_PER_HOUR / QUARTERS
UNREACHED: Final = 255
DAYS_OF_WEEK: Final = 7


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One unit: the `number`-th of a class of equal units."""

    unit: str
    number: int
    party: str
    name: str
    people: int
    cost_per_hour: float


@dataclass(frozen=True, slots=True, eq=False)
class GroundReach:
    """Where a ground team can be, within a window of stations along the line.

    Attributes
    ----------
    first : int
        Border cell of the window's first station.
    out_hours, out_quarters : ndarray of uint8, shape (m,)
        Full hours of the duty when it has come from its base to each station and stayed for the
        rest of the hour, and the quarters that it stayed; 255 where it cannot get there.
    home_hours : ndarray of uint8, shape (m,)
        Hours that the way home takes, rounded up; 255 where there is none.
    low, high : ndarray of int32, shape (5, m)
        A stay of q quarters in an hour at station j is open to whoever was at a station from
        low[q, j] to high[q, j] at the hour's start; empty where low > high.
    """

    first: int
    out_hours: NDArray[np.uint8]
    out_quarters: NDArray[np.uint8]
    home_hours: NDArray[np.uint8]
    low: Cells
    high: Cells

    def __len__(self) -> int:
        return len(self.out_hours)


@dataclass(frozen=True, slots=True, eq=False)
class Team:
    """What goes out together: one unit, or a mixed team of two.

    Attributes
    ----------
    name : str
        Unique, for example "tj-foot-panj#1" or "tj-foot-panj#1+ru-team-panj#2".
    members : tuple of Member
        One unit; in a mixed team that of the host first.
    kind : str
        foot, horse, vehicle or helicopter.
    base : str
        Post where its duties start and end.
    looks : tuple of int
        Looks of its members, places in the network's looks.
    duty_hours : int
        Longest duty [h]: whole hours, and no more than a seventh of the week's hours allow
        on every day.
    rest_hours : int
        Least rest between two duties, rounded up [h].
    working : ndarray of bool, shape (24,)
        Hours of the patrol day in which it may be on duty.
    open : ndarray of bool, shape (cells,)
        Border cells where it may be.
    officers : int
        Officers of the host that it takes from the pool.
    group : int
        Equal teams have the same number: their best duties are worth the same.
    reach : GroundReach or None
        For ground teams.
    flight : int
        Place in the network's flights for helicopters, -1 else.
    """

    name: str
    members: tuple[Member, ...]
    kind: str
    base: str
    looks: tuple[int, ...]
    duty_hours: int
    rest_hours: int
    working: Bools
    open: Bools
    officers: int
    group: int
    reach: GroundReach | None
    flight: int = -1

    def __post_init__(self) -> None:
        if (self.reach is None) == (self.flight < 0):
            raise ValueError("a team moves on the ground or flies, one of them")
        if self.duty_hours < 0 or self.duty_hours + self.rest_hours > HOURS:
            raise ValueError("duty_hours and rest_hours fit into a day")

    @property
    def parties(self) -> tuple[str, ...]:
        """Return the parties of its members, each once."""
        return tuple(dict.fromkeys(member.party for member in self.members))

    @property
    def cost_per_hour(self) -> float:
        """Return what an hour on duty costs, in the scenario's currency."""
        return sum(member.cost_per_hour for member in self.members)


def longest_duty_h(unit: Unit, scenario: Scenario) -> int:
    """Return the longest duty that a unit can do on each of seven days, whole hours [h].

    Days are drawn independently of each other, so that the week's hours hold in every week only
    if a seventh of them holds on every day.
    """
    rules = scenario.rules
    most = min(unit.duty_hours, rules.duty_hours, rules.week_hours / DAYS_OF_WEEK)
    return int(most + 1e-9)


def may_enter(party: Party, sectors: Sequence[Sector], middle_m: Floats) -> Bools:
    """Return in which cells a party may be, by the chainage of their middles [m]."""
    if "*" in party.sectors:
        return np.ones(len(middle_m), bool)
    allowed = np.zeros(len(middle_m), bool)
    for sector in sectors:
        if sector.id in party.sectors:
            from_m, to_m = (km * METRES_PER_KILOMETRE for km in (sector.from_km, sector.to_km))
            allowed |= (middle_m >= from_m) & (middle_m < to_m)
    return allowed


def build_reach(
    ground: GroundTimes, base: int, speed_km_h: float, open_cells: Bools, duty_h: int
) -> GroundReach | None:
    """Return where a ground team can be from its base, or None where it reaches no station.

    Parameters
    ----------
    ground : GroundTimes
        Times of its kind.
    base : int
        Row of its post.
    speed_km_h : float
        Its speed on good ground [km/h].
    open_cells : ndarray of bool, shape (cells,)
        Where it may be.
    duty_h : int
        Its longest duty [h].
    """
    out_s, home_s, along_s = (
        seconds_at_speed(s, ground.flat_km_h, speed_km_h).astype(np.float64)
        for s in (ground.out_s[base], ground.home_s[base], ground.along_s)
    )
    there = open_cells & ground.stations.found & np.isfinite(out_s) & np.isfinite(home_s)
    there &= out_s + home_s + QUARTER_S <= duty_h * SECONDS_PER_HOUR
    if not there.any():
        return None
    near = np.flatnonzero(there)
    part = slice(near[0], near[-1] + 1)
    hours, quarters = _arrivals(out_s[part], there[part])
    home = np.full(hours.size, UNREACHED, np.uint8)
    inside = there[part]
    home[inside] = np.ceil(home_s[part][inside] / SECONDS_PER_HOUR).astype(np.uint8)
    low, high = _windows(along_s[:, part.start : part.stop - 1], inside)
    return GroundReach(int(near[0]), hours, quarters, home, low, high)


def narrow_reach(reach: GroundReach, allowed: Bools) -> GroundReach:
    """Return a reach without the stations that are not allowed, and without ways through them.

    Parameters
    ----------
    reach : GroundReach
        Where a team can be.
    allowed : ndarray of bool, shape (cells,)
        Where it may be.
    """
    inside = allowed[reach.first : reach.first + len(reach)] & (reach.home_hours != UNREACHED)
    place = np.arange(len(reach), dtype=np.int32)
    least = np.maximum.accumulate(np.where(inside, 0, place + 1))
    most = np.minimum.accumulate(np.where(inside, len(reach), place - 1)[::-1])[::-1]
    low, high = np.maximum(reach.low, least), np.minimum(reach.high, most)
    return GroundReach(
        reach.first,
        np.where(inside, reach.out_hours, UNREACHED).astype(np.uint8),
        np.where(inside, reach.out_quarters, 0).astype(np.uint8),
        np.where(inside, reach.home_hours, UNREACHED).astype(np.uint8),
        *_monotone(low.astype(np.int32), high.astype(np.int32), inside),
    )


def _arrivals(out_s: Floats, inside: Bools) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    hours = np.full(out_s.size, UNREACHED, np.uint8)
    quarters = np.zeros(out_s.size, np.uint8)
    full = np.floor(out_s[inside] / SECONDS_PER_HOUR)
    left_s = (full + 1) * SECONDS_PER_HOUR - out_s[inside]
    hours[inside] = (full + 1).astype(np.uint8)
    quarters[inside] = np.floor(left_s / QUARTER_S + 1e-9).astype(np.uint8)
    return hours, quarters


def _windows(along_s: Floats, inside: Bools) -> tuple[Cells, Cells]:
    """Return from where a stay of 0 to 4 quarters is open to a team at each station.

    A way along the line passes no station where the team may not be.
    """
    count = inside.size
    shut = ~(inside[:-1] & inside[1:])
    far = np.float64(HOURS * SECONDS_PER_HOUR)
    steps = np.where(shut | ~np.isfinite(along_s), far, along_s)
    up, down = (np.concatenate([[0.0], np.cumsum(row)]) for row in steps)
    low, high = np.empty((2, QUARTERS + 1, count), np.int32)
    for quarters in range(QUARTERS + 1):
        left_s = SECONDS_PER_HOUR - quarters * QUARTER_S + 1e-6
        low[quarters] = np.searchsorted(up, up - left_s, side="left")
        high[quarters] = np.searchsorted(down, down + left_s, side="right") - 1
    low[:, ~inside], high[:, ~inside] = 1, 0
    return _monotone(low, high, inside)


def _monotone(low: Cells, high: Cells, inside: Bools) -> tuple[Cells, Cells]:
    """Give stations where nobody may be an empty window between those of their neighbours."""
    for quarters in range(QUARTERS + 1):
        edge = np.maximum.accumulate(np.where(inside, low[quarters], 0))
        low[quarters] = np.where(inside, low[quarters], edge)
        high[quarters] = np.where(inside, high[quarters], edge - 1)
    return low, high
