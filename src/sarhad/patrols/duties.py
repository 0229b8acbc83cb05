"""Duties: what one team does in one patrol day, and the check that it is walkable and legal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sarhad.patrols.attacks import HOURS, LEAD_HOURS
from sarhad.patrols.flights import BLOCKS, NO_BLOCK, TAKE_OFF_BLOCKS, Flight
from sarhad.patrols.looks import QUARTERS
from sarhad.patrols.network import PatrolNetwork
from sarhad.patrols.teams import UNREACHED, GroundReach, Team

Small = NDArray[np.int16]
Tiny = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Sortie:
    """One flight from pad to pad.

    Attributes
    ----------
    block : int
        Quarter of an hour of the patrol day in which it takes off; negative before it begins.
    pad_from, pad_to : int
        Pads of its flight (places in `Flight.pads`).
    nodes : tuple of int
        Nodes of the track: where it joins it, and where it is after each block along it, in one
        direction.
    blocks : int
        Blocks aloft, the ways to and from the track included.
    """

    block: int
    pad_from: int
    pad_to: int
    nodes: tuple[int, ...]
    blocks: int


@dataclass(frozen=True, slots=True, eq=False)
class Duty:
    """What one team does in one patrol day.

    Attributes
    ----------
    team : int
        Place in the plan's teams.
    start, hours : int
        Hour of the patrol day when it begins, and its length [h]. Its visits lie within the day;
        it may set out before the day begins (a negative start) and be home after its end.
    station : ndarray of int16, shape (k,)
        Border cell of each visit.
    hour : ndarray of int8, shape (k,)
        Hour of the patrol day of each visit.
    quarters : ndarray of int8, shape (k,)
        Quarters of an hour that it stays; 0 for a pass by air.
    sorties : tuple of Sortie
        For helicopters.
    """

    team: int
    start: int
    hours: int
    station: Small
    hour: Tiny
    quarters: Tiny
    sorties: tuple[Sortie, ...] = ()

    def __post_init__(self) -> None:
        if not -LEAD_HOURS <= self.start <= self.start + self.hours <= HOURS + LEAD_HOURS:
            raise ValueError(f"a duty lies within {LEAD_HOURS} h of the patrol day")
        if len(self.hour) and not 0 <= self.hour.min() <= self.hour.max() < HOURS:
            raise ValueError("visits lie within the patrol day")
        if not self.station.shape == self.hour.shape == self.quarters.shape:
            raise ValueError("station, hour and quarters have one entry for each visit")

    @property
    def blocks_aloft(self) -> int:
        """Return the quarters of an hour in the air."""
        return sum(sortie.blocks for sortie in self.sorties)


def find_breaches(duty: Duty, team: Team, network: PatrolNetwork) -> tuple[str, ...]:
    """Return every rule that a duty breaks, a sentence each; none for a legal duty.

    Everything is recomputed from the network, not from what chose the duty.
    """
    breaches = list(_hours_broken(duty, team))
    if team.reach is not None:
        breaches += _ground_broken(duty, team, team.reach)
    elif team.flight >= 0:
        breaches += _air_broken(duty, team, network.flights[team.flight])
    shut = [int(s) for s in np.unique(duty.station) if not team.open[s]]
    if shut:
        breaches.append(f"{team.name} may not enter km {shut[0]}")
    return tuple(breaches)


def _hours_broken(duty: Duty, team: Team) -> Iterator[str]:
    if duty.hours > team.duty_hours:
        yield f"{team.name}: {duty.hours} h on duty, at most {team.duty_hours}"
    if not team.working[np.arange(duty.start, duty.start + duty.hours) % HOURS].all():
        yield f"{team.name} works outside its hours"
    end = duty.start + duty.hours
    if len(duty.hour) and not (duty.start <= duty.hour.min() <= duty.hour.max() < end):
        yield f"{team.name}: a visit lies outside the duty"


def _ground_broken(duty: Duty, team: Team, reach: GroundReach) -> Iterator[str]:
    if duty.sorties:
        yield f"{team.name} does not fly"
    if not len(duty.station):
        return
    if duty.quarters.min() < 0 or duty.quarters.max() > QUARTERS:
        yield f"{team.name}: a stay lasts no time, or longer than its hour"
        return
    order = np.argsort(duty.hour, kind="stable")
    place = duty.station[order].astype(int) - reach.first
    hours, quarters = duty.hour[order].astype(int), duty.quarters[order].astype(int)
    if (place < 0).any() or (place >= len(reach)).any():
        yield f"{team.name} leaves the ground that it can reach"
        return
    if (np.diff(hours) != 1).any():
        yield f"{team.name} does not say where it is in every hour between its visits"
        return
    if reach.out_hours[place[0]] == UNREACHED or reach.home_hours[place[-1]] == UNREACHED:
        yield f"{team.name} cannot get there or home"
        return
    elapsed = hours[0] + 1 - duty.start
    first_quarters = int(reach.out_quarters[place[0]])
    if elapsed < reach.out_hours[place[0]] or quarters[0] > (
        first_quarters if elapsed == reach.out_hours[place[0]] else QUARTERS
    ):
        yield f"{team.name} is at its first station before it can be"
    for before, here, stay in zip(place[:-1], place[1:], quarters[1:], strict=True):
        if not reach.low[stay, here] <= before <= reach.high[stay, here]:
            yield f"{team.name} cannot go from km {before + reach.first} to km {here + reach.first}"
    if hours[-1] + 1 + int(reach.home_hours[place[-1]]) > duty.start + duty.hours:
        yield f"{team.name} is not home at the end of its duty"


def _air_broken(duty: Duty, team: Team, flight: Flight) -> Iterator[str]:
    pad, ready = 0, duty.start * (BLOCKS // HOURS)
    for sortie in duty.sorties:
        if sortie.pad_from != pad or sortie.block < ready or sortie.block % TAKE_OFF_BLOCKS:
            yield f"{team.name}: sortie at block {sortie.block} does not follow the one before"
        yield from _sortie_broken(sortie, team, flight)
        pad, ready = sortie.pad_to, sortie.block + sortie.blocks + flight.turn_blocks
    landed = ready - flight.turn_blocks if duty.sorties else ready
    if pad != 0 or landed > (duty.start + duty.hours) * (BLOCKS // HOURS):
        yield f"{team.name} is not back at its base at the end of its duty"
    if duty.blocks_aloft > flight.day_blocks:
        yield f"{team.name} flies {duty.blocks_aloft / 4:g} h, at most {flight.day_blocks / 4:g}"
    cells, hours = passes_of(duty.sorties, flight)
    if not (np.array_equal(cells, duty.station) and np.array_equal(hours, duty.hour)):
        yield f"{team.name}: its visits are not those of its sorties"


def _sortie_broken(sortie: Sortie, team: Team, flight: Flight) -> Iterator[str]:
    out = int(flight.out[sortie.pad_from, sortie.nodes[0]])
    home = int(flight.home[sortie.nodes[-1], sortie.pad_to])
    if NO_BLOCK in (out, home):
        yield f"{team.name}: no way between pad and track"
    if sortie.blocks != out + len(sortie.nodes) - 1 + home:
        yield f"{team.name}: blocks aloft do not add up"
    if sortie.blocks > flight.most_blocks:
        most = flight.most_blocks
        yield f"{team.name}: {sortie.blocks} blocks aloft on one filling, at most {most}"
    legs = list(zip(sortie.nodes[:-1], sortie.nodes[1:], strict=True))
    if not any(all(ahead[a] == b for a, b in legs) for ahead in (flight.up, flight.down)):
        yield f"{team.name}: nodes {sortie.nodes} are not a block apart in one direction"
    aloft = np.arange(sortie.block, sortie.block + sortie.blocks) % BLOCKS
    if not flight.open_blocks[aloft].all():
        yield f"{team.name} is aloft in closed hours"


def passes_of(sorties: tuple[Sortie, ...], flight: Flight) -> tuple[Small, Tiny]:
    """Return border cell and hour of each pass within the day, in flight order."""
    cells: list[np.ndarray] = []
    hours: list[np.ndarray] = []
    for sortie in sorties:
        block = sortie.block + int(flight.out[sortie.pad_from, sortie.nodes[0]])
        for here, there in zip(sortie.nodes[:-1], sortie.nodes[1:], strict=True):
            a, b = int(flight.nodes[here]), int(flight.nodes[there])
            run = np.arange(a, b) if b > a else np.arange(a - 1, b - 1, -1)
            if 0 <= block < BLOCKS:
                cells.append(run)
                hours.append(np.full(len(run), block // (BLOCKS // HOURS)))
            block += 1
    if not cells:
        return np.empty(0, np.int16), np.empty(0, np.int8)
    return np.concatenate(cells).astype(np.int16), np.concatenate(hours).astype(np.int8)
