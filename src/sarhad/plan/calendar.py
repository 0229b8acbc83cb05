"""The calendar: days drawn jointly from a plan by a seed that is committed to beforehand."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.errors import PredictablePlanError
from sarhad.patrols import Duty, PatrolNetwork, Team
from sarhad.plan.lottery import Plan, Schedule
from sarhad.plan.predictability import repeat_chance

Days = NDArray[np.int64]

LEAST_SEED_BYTES: Final = 16
"""A shorter seed could be found by trying all of them against the published commitment."""

DAYS_OF_WEEK: Final = 7
DRAW_BITS: Final = 53
"""Bits of a draw: as many as a double holds exactly."""

DAY_KEY, DAY_COMMITMENT, ALL_COMMITMENT, DAY_DRAW, JOINT_SEED = (
    f"sarhad calendar 1 {what}".encode()
    for what in ("day key", "day commitment", "commitment", "draw", "joint seed")
)
"""What each hash is for stands before what is hashed, so that none can pass for another."""


@dataclass(frozen=True, slots=True)
class Commitment:
    """What may be published before the horizon: it binds the draw and tells nothing of it.

    Attributes
    ----------
    plan : str
        Fingerprint of the plan, 64 hexadecimal digits.
    starts : tuple of datetime
        When each patrol day begins, with its offset from UTC.
    days : tuple of str
        Commitment of each day, 64 hexadecimal digits.
    whole : str
        SHA-256 of all the above: this one line is enough to publish.
    """

    plan: str
    starts: tuple[datetime, ...]
    days: tuple[str, ...]
    whole: str

    def __post_init__(self) -> None:
        if len(self.starts) != len(self.days) or not self.days:
            raise ValueError("each patrol day has a start and a commitment")
        if any(start.tzinfo is None for start in self.starts):
            raise ValueError("a patrol day starts at an instant with its offset from UTC")


@dataclass(frozen=True, slots=True)
class Calendar:
    """The schedules of the days of a horizon: secret until each day is over.

    Attributes
    ----------
    commitment : Commitment
        What was, or may be, published.
    schedules : tuple of int
        Place in the plan's schedules of each day.
    """

    commitment: Commitment
    schedules: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.schedules) != len(self.commitment.days):
            raise ValueError("each patrol day has one schedule")

    @property
    def starts(self) -> tuple[datetime, ...]:
        """Return when each patrol day begins."""
        return self.commitment.starts

    def days_of(self, plan: Plan) -> tuple[Schedule, ...]:
        """Return the joint schedule of each day."""
        return tuple(plan.schedules[number] for number in self.schedules)


def draw_calendar(
    plan: Plan,
    network: PatrolNetwork,
    start: datetime,
    days: int,
    seed: bytes,
    cap: float | None = None,
) -> Calendar:
    """Return the days of a horizon, drawn jointly and independently of each other.

    Parameters
    ----------
    plan : Plan
        The lottery.
    network : PatrolNetwork
        What it was made for.
    start : datetime
        First instant of the horizon, with its offset from UTC.
    days : int
        How many patrol days; each lasts 24 elapsed hours, whatever the clocks do.
    seed : bytes
        Secret, at least 16 random bytes: from the operating system, or `join_seeds`.
    cap : float, optional
        Greatest chance that a day is like one of the seven before it
        (`scenario.plan.predictability`); none: not looked at, as for baselines.

    Raises
    ------
    PredictablePlanError
        If the lottery is more concentrated than the cap allows.
    ValueError
        If the plan is not for this network, the seed is too short, or the start has no offset
        or another hour than the network's patrol day.
    """
    _check(plan, network, start, days, seed)
    if cap is not None:
        repeat = repeat_chance(plan, network)
        if repeat > cap:
            raise PredictablePlanError(repeat, cap)
    starts = patrol_days(start, days)
    commitment = commit(plan, starts, seed)
    drawn = (draw_day(plan, day_key(seed, begin)) for begin in starts)
    return Calendar(commitment, tuple(drawn))


def _check(plan: Plan, network: PatrolNetwork, start: datetime, days: int, seed: bytes) -> None:
    if plan.option != network.option:
        raise ValueError(f"the plan is for {plan.option!r}, the network for {network.option!r}")
    if start.tzinfo is None:
        raise ValueError("the horizon starts at an instant with its offset from UTC")
    if start.hour != network.start_hour:
        raise ValueError(f"the network's patrol day begins at {network.start_hour}:00 local time")
    if days < 1:
        raise ValueError("a calendar has at least one day")
    _check_seed(seed)


def _check_seed(seed: bytes) -> None:
    if len(seed) < LEAST_SEED_BYTES:
        raise ValueError(f"a seed has at least {LEAST_SEED_BYTES} bytes, or it could be guessed")


def patrol_days(start: datetime, days: int) -> tuple[datetime, ...]:
    """Return when each patrol day begins: 24 elapsed hours after the one before."""
    begin = start.astimezone(UTC)
    return tuple(
        (begin + timedelta(days=number)).astimezone(start.tzinfo) for number in range(days)
    )


def day_key(seed: bytes, start: datetime) -> bytes:
    """Return the key of the day that begins at an instant; it tells nothing of other days."""
    return hmac.new(seed, DAY_KEY + _instant(start), hashlib.sha256).digest()


def _instant(start: datetime) -> bytes:
    return start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()


def draw_day(plan: Plan, key: bytes) -> int:
    """Return the schedule of the day with a key.

    The first 53 bits of SHA-256("sarhad calendar 1 draw" + key), as a fraction of 1, fall into one
    of the schedules' shares, laid end to end in the order of the plan.
    """
    digest = hashlib.sha256(DAY_DRAW + key).digest()
    place = (int.from_bytes(digest[:8]) >> (64 - DRAW_BITS)) / 2**DRAW_BITS
    return int(_places(plan, np.array([place]))[0])


def _places(plan: Plan, shares: NDArray[np.float64]) -> Days:
    ends = np.cumsum(plan.probabilities)
    drawn = np.searchsorted(ends, shares * ends[-1], side="right")
    last = np.flatnonzero(plan.probabilities)[-1]
    return np.asarray(np.minimum(drawn, last), np.int64)


def draw_weeks(plan: Plan, weeks: int, rng: np.random.Generator, days: int = DAYS_OF_WEEK) -> Days:
    """Return the schedules of many weeks at once, for simulations; shape (weeks, days)."""
    return _places(plan, rng.random((weeks, days)))


def commit(plan: Plan, starts: tuple[datetime, ...], seed: bytes) -> Commitment:
    """Return what may be published of a draw before it is used."""
    fingerprint = fingerprint_plan(plan)
    days = tuple(_commit_day(fingerprint, start, day_key(seed, start)) for start in starts)
    return Commitment(fingerprint, starts, days, _commit_all(fingerprint, starts, days))


def _commit_day(fingerprint: str, start: datetime, key: bytes) -> str:
    text = DAY_COMMITMENT + fingerprint.encode() + _instant(start) + key
    return hashlib.sha256(text).hexdigest()


def _commit_all(fingerprint: str, starts: tuple[datetime, ...], days: tuple[str, ...]) -> str:
    lines = [fingerprint.encode()]
    lines += [_instant(start) + day.encode() for start, day in zip(starts, days, strict=True)]
    return hashlib.sha256(ALL_COMMITMENT + b"\n".join(lines)).hexdigest()


def verify_calendar(calendar: Calendar, plan: Plan, seed: bytes, published: str) -> tuple[str, ...]:
    """Return what does not fit a published commitment, a sentence each; none if all is right.

    Parameters
    ----------
    calendar : Calendar
        The days as they were used.
    plan : Plan
        The lottery that they are said to come from.
    seed : bytes
        The seed, revealed after the horizon.
    published : str
        `Commitment.whole`, as it was published before.
    """
    told = calendar.commitment
    found = []
    if not hmac.compare_digest(told.whole, published):
        found.append("the commitment is not the published one")
    if fingerprint_plan(plan) != told.plan:
        found.append("the plan is not the one committed to")
    if commit(plan, told.starts, seed) != told:
        found.append("the seed is not the one committed to")
    for number, start in enumerate(told.starts):
        if draw_day(plan, day_key(seed, start)) != calendar.schedules[number]:
            found.append(f"the day of {start.isoformat()} was not drawn by this seed")
    return tuple(found)


def verify_day(
    commitment: Commitment, number: int, key: bytes, schedule: int, plan: Plan
) -> tuple[str, ...]:
    """Return what does not fit one day, opened by its key alone; other days stay secret."""
    start = commitment.starts[number]
    found = []
    days = commitment.days
    if _commit_all(commitment.plan, commitment.starts, days) != commitment.whole:
        found.append("the days are not those of the commitment")
    if fingerprint_plan(plan) != commitment.plan:
        found.append("the plan is not the one committed to")
    if _commit_day(commitment.plan, start, key) != days[number]:
        found.append("the key is not the one committed to")
    if draw_day(plan, key) != schedule:
        found.append(f"the day of {start.isoformat()} was not drawn by this key")
    return tuple(found)


def join_seeds(seeds: Mapping[str, bytes]) -> bytes:
    """Return one seed from those of several parties: random if that of any one of them is.

    Each party commits to its own seed (`commit_seed`) before it sees another's, so that nobody can
    choose the days; who refuses to show its seed stops the draw, which all can see.
    """
    text = JOINT_SEED
    for party in sorted(seeds):
        _check_seed(seeds[party])
        name = party.encode()
        text += len(name).to_bytes(4) + name + len(seeds[party]).to_bytes(4) + seeds[party]
    return hashlib.sha256(text).digest()


def commit_seed(party: str, seed: bytes) -> str:
    """Return the commitment of one party to its own seed, 64 hexadecimal digits."""
    _check_seed(seed)
    return hashlib.sha256(JOINT_SEED + b" of " + party.encode() + b"\0" + seed).hexdigest()


def fingerprint_plan(plan: Plan) -> str:
    """Return SHA-256 of all that a plan may do, 64 hexadecimal digits.

    Schedules in another order, a probability that differs in its last bit, or one visit more give
    another fingerprint.
    """
    digest = hashlib.sha256(b"sarhad plan 1\n")
    for line in _lines(plan):
        digest.update(json.dumps(line, ensure_ascii=True, separators=(",", ":")).encode() + b"\n")
    return digest.hexdigest()


def _lines(plan: Plan) -> Iterator[list[object]]:
    yield [plan.option, plan.name, int(plan.seed)]
    for team, begin, end in zip(plan.teams, plan.day_from, plan.day_until, strict=True):
        yield [*_team(team), int(begin), int(end)]
    for schedule, share in zip(plan.schedules, plan.probabilities, strict=True):
        yield [float(share).hex(), [_duty(duty) for duty in schedule.duties]]


def _team(team: Team) -> list[object]:
    members = [[m.unit, int(m.number), m.party] for m in team.members]
    return [team.name, members, team.kind, team.base, int(team.officers)]


def _duty(duty: Duty) -> list[object]:
    sorties = [
        [int(s.block), int(s.pad_from), int(s.pad_to), [int(n) for n in s.nodes], int(s.blocks)]
        for s in duty.sorties
    ]
    visits = [array.tolist() for array in (duty.station, duty.hour, duty.quarters)]
    return [int(duty.team), int(duty.start), int(duty.hours), *visits, sorties]
