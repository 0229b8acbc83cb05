"""The best duty of one team for any worth of visits, exactly, as a `Duty`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.kernels import (
    NONE,
    AirSpace,
    best_sorties,
    flying_day,
    ground_duty,
    sortie_route,
)
from sarhad.patrols import (
    BLOCKS,
    HOURS,
    LEAD_HOURS,
    TAKE_OFF_BLOCKS,
    Duty,
    Flight,
    Sortie,
    Team,
    passes_of,
)

Floats = NDArray[np.float64]
Float32 = NDArray[np.float32]
Hours = NDArray[np.int8]

LEAD_BLOCKS: Final = LEAD_HOURS * (BLOCKS // HOURS)
BLOCK_RANGE: Final = np.arange(-LEAD_BLOCKS, BLOCKS + LEAD_BLOCKS)
"""Blocks in which helicopters may be aloft: the day, and the hours before and after it."""


def longest_from(team: Team, begin: int = -LEAD_HOURS, end: int = HOURS + LEAD_HOURS) -> Hours:
    """Return the longest duty that may start in each hour from `LEAD_HOURS` before the day [h].

    Parameters
    ----------
    team : Team
        Its working hours and longest duty.
    begin, end : int
        Hours of the day within which all its duties lie, ways out and home included.

    Returns
    -------
    ndarray of int8, shape (24 + 2 LEAD_HOURS,)
    """
    hours = np.arange(-LEAD_HOURS, HOURS + LEAD_HOURS)
    open_to = team.working[hours % HOURS] & (hours >= begin) & (hours < end)
    longest = np.zeros(len(hours), np.int8)
    run = 0
    for place in range(len(hours) - 1, -1, -1):
        run = run + 1 if open_to[place] else 0
        longest[place] = min(run, team.duty_hours)
    return longest


@dataclass(frozen=True, slots=True)
class Priced:
    """A team's best duty and what it is worth; no duty is worth 0."""

    value: float
    duty: Duty | None


def price_ground(team: Team, place: int, worth: Float32, longest: Hours) -> Priced:
    """Return the best duty of a ground team.

    Parameters
    ----------
    team : Team
        On the ground.
    place : int
        Its place among the plan's teams.
    worth : ndarray of float32, shape (1 or 4, 24, stations of its reach)
        Worth of a full hour's stay, or of stays of one to four quarters.
    longest : ndarray of int8, shape (24 + 2 LEAD_HOURS,)
        From `longest_from`.
    """
    reach = team.reach
    assert reach is not None  # noqa: S101 - a ground team has a reach
    best = ground_duty(
        worth,
        longest[: HOURS + LEAD_HOURS],
        team.duty_hours,
        reach.out_hours,
        reach.out_quarters,
        reach.home_hours,
        reach.low,
        reach.high,
    )
    if not best.hours:
        return Priced(0.0, None)
    station = (best.station.astype(np.int64) + reach.first).astype(np.int16)
    duty = Duty(place, best.start, best.hours, station, best.hour, best.quarters)
    return Priced(best.value, duty)


def ground_value(team: Team, worth: Float32, longest: Hours) -> float:
    """Return the worth of a ground team's best duty alone."""
    return price_ground(team, 0, worth, longest).value


def air_space(flight: Flight) -> AirSpace:
    """Return a flight in the types of the kernels."""
    return AirSpace(
        up=np.ascontiguousarray(flight.up),
        down=np.ascontiguousarray(flight.down),
        out=np.ascontiguousarray(flight.out),
        home=np.ascontiguousarray(flight.home),
        open_blocks=np.take(flight.open_blocks, BLOCK_RANGE, mode="wrap").astype(np.uint8),
        step=TAKE_OFF_BLOCKS,
        most=flight.most_blocks,
        turn=flight.turn_blocks,
        day_blocks=flight.day_blocks,
    )


def passed_worth(flight: Flight, worth: Float32) -> Float32:
    """Return the worth of passing all cells before each node, (24 + 2 LEAD_HOURS, nodes).

    Hours outside the day are worth nothing.

    Parameters
    ----------
    flight : Flight
        The class.
    worth : ndarray of float32, shape (24, cells)
        Worth of one pass of each cell.
    """
    total = np.zeros((HOURS + 2 * LEAD_HOURS, worth.shape[1] + 1))
    np.cumsum(worth, axis=1, out=total[LEAD_HOURS:-LEAD_HOURS, 1:])
    return np.ascontiguousarray(total[:, flight.nodes], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class AirDay:
    """What one helicopter can earn in a day under one worth of passes.

    Attributes
    ----------
    flight : Flight
        Its class.
    passed : ndarray of float32, shape (24, nodes)
        Worth of passes, summed along the line.
    sorties : ndarray of float32, shape (pads, slots, pads, most + 1)
        Best worth of every sortie.
    by_aloft : ndarray of float32, shape (day_blocks + 1,)
        Best worth of a day with exactly so many blocks aloft.
    """

    flight: Flight
    passed: Float32
    sorties: Float32
    by_aloft: Float32


def price_air(
    team: Team, flight: Flight, worth: Float32, longest: Hours, pad_kg: Floats | None = None
) -> AirDay:
    """Return what a helicopter can earn in a day, by blocks aloft, exactly.

    Parameters
    ----------
    team, flight : Team, Flight
        The helicopter and its class.
    worth : ndarray of float32, shape (24, cells)
        Worth of one pass of each cell.
    longest : ndarray of int8, shape (24 + 2 LEAD_HOURS,)
        From `longest_from`.
    pad_kg : ndarray, shape (pads,), optional
        Fuel left at each pad [kg]; that of a whole day where left out. No single sortie takes
        more; two of them together might.
    """
    space = air_space(flight)
    passed = passed_worth(flight, worth)
    stock = flight.pad_kg if pad_kg is None else pad_kg
    blocks = np.floor(stock / flight.block_kg + 1e-9)
    sorties = best_sorties(space, passed, (blocks >= 3).astype(np.uint8))
    for pad, most in enumerate(blocks):
        sorties[pad, :, :, int(min(most, flight.most_blocks)) + 1 :] = 10 * NONE
    by_aloft, _, _ = flying_day(space, sorties, team.duty_hours, longest)
    return AirDay(flight, passed, sorties, by_aloft)


def day_in_air(team: Team, place: int, day: AirDay, longest: Hours, aloft: int) -> Duty | None:
    """Return the best day with exactly so many blocks aloft, or None where there is none."""
    space = air_space(day.flight)
    _, landed, rows = flying_day(space, day.sorties, team.duty_hours, longest, wanted=aloft)
    if not len(rows):
        return None
    sorties = tuple(
        Sortie(
            block=int(slot) * TAKE_OFF_BLOCKS - LEAD_BLOCKS,
            pad_from=int(pad_from),
            pad_to=int(pad_to),
            nodes=tuple(
                int(node)
                for node in sortie_route(
                    space,
                    day.passed,
                    int(slot) * TAKE_OFF_BLOCKS,
                    int(pad_from),
                    int(pad_to),
                    int(blocks),
                )
            ),
            blocks=int(blocks),
        )
        for slot, pad_from, pad_to, blocks in rows
    )
    station, hour = passes_of(sorties, day.flight)
    per_hour = BLOCKS // HOURS
    start = sorties[0].block // per_hour
    hours = -(-(landed - LEAD_BLOCKS) // per_hour) - start
    return Duty(place, start, hours, station, hour, np.zeros(len(station), np.int8), sorties)
