"""What visits add and are worth, and the best duty of one team, by compiled dynamic programs."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sarhad.kernels.library import address, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

HOURS: Final = 24
BLOCKS: Final = 96
NONE: Final = -1e29
"""Values below this stand for "there is no such duty"."""


def _refuse_other_kinds(**arrays: tuple[NDArray[np.generic], type[np.generic]]) -> None:
    """Refuse arrays of another type than the kernels read."""
    for name, (array, kind) in arrays.items():
        if array.dtype != kind:
            raise ValueError(f"{name} is an array of {np.dtype(kind).name}, not {array.dtype}")


def _refuse_long_days(longest: NDArray[np.int8], hours: int = HOURS) -> None:
    _refuse_other_kinds(longest=(longest, np.int8))
    if len(longest) < hours:
        raise ValueError(f"longest has an entry for each of {hours} hours or more")
    if len(longest) == HOURS and (longest + np.arange(HOURS) > HOURS).any():
        raise ValueError("a duty ends within the day where no hours around it are given")


def _whole(number: int) -> ctypes.c_int64:
    return ctypes.c_int64(int(number))


def add_visits(
    effort: NDArray[np.float32],
    starts: NDArray[np.int32],
    cells: NDArray[np.int32],
    strength: NDArray[np.float32],
    station: NDArray[np.int16],
    hour: NDArray[np.int8],
    quarters: NDArray[np.int8],
    sign: float = 1.0,
) -> None:
    """Add what visits contribute to an effort in place.

    Parameters
    ----------
    effort : ndarray of float32, shape (cells, 24, channels)
        Sum of -log(1 - chance) over visits, changed.
    starts, cells : ndarray of int32
        Which cells each station sees, as compressed sparse rows.
    strength : ndarray of float32, shape (4 or 1, pairs, 24, channels)
        Effort of stays of one to four quarters, or of a pass.
    station, hour, quarters : ndarray of int16, int8, int8, shape (k,)
        The visits; quarters 0 is a pass by air, or a way through a station that adds nothing.
    sign : float
        1 to add, -1 to take away.

    Raises
    ------
    ValueError
        If shapes, types or ranges do not fit.
    """
    if effort.dtype != np.float32 or not effort.flags.c_contiguous or effort.ndim != 3:
        raise ValueError("effort is a contiguous float32 array (cells, 24, channels)")
    if strength.shape[1:] != (len(cells), HOURS, effort.shape[2]):
        raise ValueError("strength has the shape (rows, pairs, 24, channels)")
    if not len(station):
        return
    if station.min() < 0 or station.max() >= len(starts) - 1 or hour.min() < 0 or hour.max() > 23:
        raise ValueError("a visit lies outside the stations or the day")
    if quarters.max() > strength.shape[0] or quarters.min() < 0:
        raise ValueError("a visit is longer than the look knows")
    station = np.ascontiguousarray(station, np.int16)
    hour, quarters = (np.ascontiguousarray(a, np.int8) for a in (hour, quarters))
    kernel("add_visits")(
        address(effort), address(starts), address(cells), address(strength),
        _whole(strength.shape[0]), _whole(len(cells)), _whole(effort.shape[2]),
        address(station), address(hour), address(quarters), _whole(len(station)),
        ctypes.c_float(sign),
    )  # fmt: skip


def worth_of_visits(
    starts: NDArray[np.int32],
    cells: NDArray[np.int32],
    table: NDArray[np.float32],
    price: NDArray[np.float32],
    first: int,
    count: int,
    worth: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Return what a visit at each station and hour is worth, (24, count).

    Parameters
    ----------
    starts, cells : ndarray of int32
        Which cells each station sees.
    table : ndarray of float32, shape (pairs, 24, channels)
        What a visit gives on each field.
    price : ndarray of float32, shape (cells, 24, channels)
        What a unit of it is worth there.
    first, count : int
        Window of stations.
    worth : ndarray of float32, shape (24, count), optional
        Added to, if given.
    """
    if table.shape[1:] != price.shape[1:] or table.shape[0] != len(cells):
        raise ValueError("table and price have the same hours and channels")
    if not 0 <= first <= first + count < len(starts):
        raise ValueError("the window of stations lies within the line")
    if table.shape[1] * table.shape[2] > 768:
        raise ValueError("at most 32 channels")
    out = np.empty((HOURS, count), np.float32) if worth is None else worth
    kernel("worth_of_visits")(
        address(starts), address(cells), address(table), address(price), _whole(price.shape[2]),
        _whole(first), _whole(count), _whole(worth is not None), address(out),
    )  # fmt: skip
    return out


@dataclass(frozen=True, slots=True)
class BestDuty:
    """The best duty of a ground team.

    Attributes
    ----------
    value : float
        Its worth; 0 where no duty pays.
    start, hours : int
        Its first hour and length [h]; 0 hours where no duty pays.
    station, hour, quarters : ndarray
        Its visits: place in the window, hour of the day, quarters of an hour.
    by_length : ndarray of float32, shape (hours + 1,)
        Best worth of a duty of exactly so many hours, below `NONE` where there is none.
    """

    value: float
    start: int
    hours: int
    station: NDArray[np.int16]
    hour: NDArray[np.int8]
    quarters: NDArray[np.int8]
    by_length: NDArray[np.float32]


def ground_duty(
    worth: NDArray[np.float32],
    longest: NDArray[np.int8],
    hours: int,
    out_hours: NDArray[np.uint8],
    out_quarters: NDArray[np.uint8],
    home_hours: NDArray[np.uint8],
    low: NDArray[np.int32],
    high: NDArray[np.int32],
    price_per_hour: float = 0.0,
) -> BestDuty:
    """Return the best duty of a ground team, exactly.

    Parameters
    ----------
    worth : ndarray of float32, shape (1 or 4, 24, stations)
        Worth of a whole hour at each station, of which a stay has its quarters; or of stays of one
        to four quarters. Exact where none is negative: a first stay is always as long as it can be.
    longest : ndarray of int8, shape (24,) or (lead + 24,)
        Longest duty that may start in each hour [h], 0 for none. With a lead the first starts lie
        before the day, and the way home may lie after it; visits fall into the day all the same.
    hours : int
        Longest duty at all [h].
    out_hours, out_quarters, home_hours, low, high
        As in `patrols.GroundReach`.
    price_per_hour : float
        Taken off for each hour on duty.
    """
    rows, _, count = worth.shape
    if rows not in (1, 4) or worth.dtype != np.float32 or not worth.flags.c_contiguous:
        raise ValueError("worth is a contiguous float32 array (1 or 4, 24, stations)")
    if low.shape != (5, count) or len(out_hours) != count or not 0 <= hours <= HOURS:
        raise ValueError("the reach has as many stations as worth")
    _refuse_long_days(longest)
    lead = len(longest) - HOURS
    _refuse_other_kinds(
        out_hours=(out_hours, np.uint8),
        out_quarters=(out_quarters, np.uint8),
        home_hours=(home_hours, np.uint8),
        low=(low, np.int32),
        high=(high, np.int32),
    )
    layers = hours + 1
    floats = np.empty((layers + 1) * count, np.float32)
    queue = np.empty(count, np.int32)
    shorts = np.empty((layers + 1) * count, np.int16)
    stay = np.empty(layers * count, np.int8)
    by_length = np.empty(layers, np.float32)
    answer = np.zeros(2, np.int64)
    station = np.empty(layers, np.int16)
    quarters = np.zeros(layers, np.int8)
    value = kernel("ground_duty", ctypes.c_float)(
        address(worth), _whole(rows), _whole(count), _whole(hours), _whole(lead), address(longest),
        address(out_hours), address(out_quarters), address(home_hours), address(low),
        address(high), ctypes.c_float(price_per_hour), address(floats), address(queue),
        address(shorts), address(stay), address(by_length), address(answer), address(station),
        address(quarters),
    )  # fmt: skip
    layer = np.flatnonzero(station >= 0)
    return BestDuty(
        float(value), int(answer[0]), int(answer[1]), station[layer],
        (answer[0] + layer - 1).astype(np.int8), quarters[layer], by_length,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AirSpace:
    """What the flying kernels need to know of a class of helicopters, in their types.

    Attributes are those of `patrols.Flight`.

    Raises
    ------
    ValueError
        If an array does not lie in memory row by row.
    """

    up: NDArray[np.int32]
    down: NDArray[np.int32]
    out: NDArray[np.uint8]
    home: NDArray[np.uint8]
    open_blocks: NDArray[np.uint8]
    step: int
    most: int
    turn: int
    day_blocks: int

    def __post_init__(self) -> None:
        for name, kind in (("up", np.int32), ("down", np.int32), ("out", np.uint8)):
            if getattr(self, name).dtype != kind:
                raise ValueError(f"{name} is an array of {np.dtype(kind).name}")
        pads, nodes = self.out.shape
        if self.home.shape != (nodes, pads) or self.home.dtype != np.uint8:
            raise ValueError("home is an array of uint8 (nodes, pads)")
        if self.blocks < BLOCKS or self.blocks % 4 or self.open_blocks.dtype != np.uint8:
            raise ValueError("open_blocks is an array of uint8, 96 blocks or more, in whole hours")

    @property
    def blocks(self) -> int:
        """Return the blocks that it may be aloft in: a day, and some hours before and after."""
        return len(self.open_blocks)


def best_sorties(
    space: AirSpace, passed: NDArray[np.float32], pad_open: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Return the best worth of every sortie, (pads, slots, pads, most + 1), below `NONE` for none.

    Parameters
    ----------
    space : AirSpace
        The class.
    passed : ndarray of float32, shape (blocks / 4, nodes)
        Worth of passing all cells before each node, by hour.
    pad_open : ndarray of uint8, shape (pads,)
        Whether it may take off there.
    """
    pads, nodes = space.out.shape
    _refuse_other_kinds(passed=(passed, np.float32), pad_open=(pad_open, np.uint8))
    if passed.shape != (space.blocks // 4, nodes) or len(pad_open) != pads:
        raise ValueError("passed has the shape (hours, nodes), pad_open an entry for each pad")
    value = np.empty((space.most + 2) * nodes, np.float32)
    before = np.empty((space.most + 2) * nodes, np.int16)
    best = np.empty((pads, space.blocks // space.step, pads, space.most + 1), np.float32)
    kernel("sorties")(
        address(passed), _whole(nodes), address(space.up), address(space.down), _whole(pads),
        address(space.out), address(space.home), address(space.open_blocks), _whole(space.blocks),
        _whole(space.step), _whole(space.most), address(pad_open), address(value), address(before),
        address(best),
    )  # fmt: skip
    return best


def flying_day(
    space: AirSpace,
    best: NDArray[np.float32],
    duty_hours: int,
    longest: NDArray[np.int8],
    wanted: int = -1,
) -> tuple[NDArray[np.float32], int, NDArray[np.int32]]:
    """Return the best days by blocks aloft, and the sorties of the best with `wanted` blocks.

    Returns
    -------
    by_aloft : ndarray of float32, shape (day_blocks + 1,)
        Below `NONE` where there is no such day.
    landed : int
        Block of the last landing of the wanted day.
    sorties : ndarray of int32, shape (k, 4)
        Slot, pad from, pad to, blocks of each sortie of it, in order.
    """
    pads = space.out.shape[0]
    slots, width = space.blocks // space.step, space.day_blocks + 1
    _refuse_long_days(longest, space.blocks // 4)
    if best.shape != (pads, slots, pads, space.most + 1) or best.dtype != np.float32:
        raise ValueError("best has the shape (pads, slots, pads, most + 1) in float32")
    by_aloft = np.empty(width, np.float32)
    state = np.empty((slots + 1) * pads * width, np.float32)
    back = np.empty((slots + 1) * pads * width, np.int32)
    day = np.zeros(2, np.int64)
    sorties = np.empty((space.blocks, 4), np.int32)
    count = kernel("flying_day", ctypes.c_int64)(
        address(best), _whole(pads), _whole(space.blocks), _whole(space.step), _whole(space.most),
        _whole(space.turn), _whole(space.day_blocks), _whole(duty_hours), address(longest),
        _whole(wanted), address(by_aloft), address(state), address(back), address(day),
        address(sorties),
    )  # fmt: skip
    return by_aloft, int(day[1]), sorties[:count][::-1].copy()


def sortie_route(
    space: AirSpace,
    passed: NDArray[np.float32],
    block: int,
    pad_from: int,
    pad_to: int,
    blocks: int,
) -> NDArray[np.int16]:
    """Return the nodes of the best sortie of exactly so many blocks, in flight order."""
    pads, nodes = space.out.shape
    value = np.empty((space.most + 2) * nodes, np.float32)
    before = np.empty((space.most + 2) * nodes, np.int16)
    route = np.empty(space.most + 2, np.int16)
    count = kernel("sortie_route", ctypes.c_int64)(
        address(passed), _whole(nodes), address(space.up), address(space.down), _whole(pads),
        address(space.out), address(space.home), _whole(block), _whole(pad_from), _whole(pad_to),
        _whole(blocks), address(value), address(before), address(route),
    )  # fmt: skip
    return route[:count][::-1].copy()


def fine_sortie(
    worth: NDArray[np.float32],
    hour_of: NDArray[np.int32],
    start: int,
    *,
    with_route: bool = False,
) -> tuple[float, NDArray[np.int32] | None]:
    """Return the best way of one mover in fine steps: stay, one station up, or one down in each.

    Parameters
    ----------
    worth : ndarray of float32, shape (hours, stations)
        Worth of one step at each station.
    hour_of : ndarray of int32, shape (steps,)
        Row of `worth` that counts in each step.
    start : int
        Station where it begins; it may end anywhere.
    with_route : bool
        Whether to return its stations, shape (steps + 1,), too.
    """
    stations, steps = worth.shape[1], len(hour_of)
    if not 0 <= start < stations or hour_of.min() < 0 or hour_of.max() >= len(worth):
        raise ValueError("the start is a station, and hour_of names rows of worth")
    worth = np.ascontiguousarray(worth, np.float32)
    hour_of = np.ascontiguousarray(hour_of, np.int32)
    now, later = np.empty((2, stations + 2), np.float32)
    choice = np.empty((steps, stations), np.int8) if with_route else None
    route = np.empty(steps + 1, np.int32) if with_route else None
    value = kernel("fine_sortie", ctypes.c_float)(
        address(worth), address(hour_of), _whole(stations), _whole(steps), _whole(start),
        address(now), address(later), None if choice is None else address(choice),
        None if route is None else address(route),
    )  # fmt: skip
    return float(value), route
