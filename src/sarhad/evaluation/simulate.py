"""Simulated intrusions against drawn days: crossings at a moment, stays with a start, shared luck.

The coverage formula of `plan` is not used: each crossing is tried against each visit by itself. The
one exception is what watching attackers know, which is the cover of the days that they watched.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import repeat
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from sarhad.evaluation.chance import Keys, uniform_of
from sarhad.evaluation.rehearsal import Rehearsal

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]

ATTACKERS: Final = ("informed", "watching", "habit", "avoiding", "random")
"""Simulated attackers: `informed` knows the lottery, `watching` the last 7 drawn days, `habit`
repeats the record, `avoiding` repeats it away from posts, `random` goes anywhere."""

ADAPTIVE: Final = slice(0, 2)
"""Places in `ATTACKERS` of those that adapt."""

WATCHED_DAYS: Final = 7
DAYS_OF_WEEK: Final = 7

WEEKS_AT_ONCE: Final = 125
"""Weeks of a chunk; part of the answer, since each chunk has a seed of its own."""

CANDIDATES_AT_ONCE: Final = 256
SAME: Final = 1e-6
"""Harms within this share of each other are the same to a watching attacker."""

Placing = Literal["spread", "walked"]
"""Where in its hour a stay lies: anywhere, wrapped around (as the coverage formula has it), or at
the hour's end, after the way there."""


@dataclass(frozen=True, slots=True)
class SimulationSettings:
    """How much is simulated.

    Attributes
    ----------
    weeks : int
        Weeks, each with the seven days before it that may be watched.
    crossings : int
        Attacks on each day by each attacker; more than real ones, to narrow the intervals.
    seed : int
        The same for plans that are to be compared: they then have the same luck.
    placing : {"spread", "walked"}
        Where in its hour a stay lies.
    """

    weeks: int = 1000
    crossings: int = 4
    seed: int = 1
    placing: Placing = "spread"

    def __post_init__(self) -> None:
        if self.weeks < 1 or self.crossings < 1:
            raise ValueError("at least one week with one crossing a day is simulated")
        if self.seed < 0:
            raise ValueError("seed is not negative")


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """What came of the simulated weeks.

    Attributes
    ----------
    settings : SimulationSettings
        How much was simulated.
    weights : ndarray, shape (5,)
        Of each attacker in the default mixture, in the order of `ATTACKERS` [1].
    stopped : ndarray, shape (5, weeks)
        Share of the attacks of each week that were noticed and answered in time [1].
    harm : ndarray, shape (5, weeks)
        Harm per attack in each week [persons].
    best_response : ndarray, shape (weeks,)
        Expected harm per attack in the default mixture where the adaptive part best-responds to
        the days that it watched, against the days that were drawn [persons].
    plan_harm : float
        Exact harm of the plan [persons per attack].
    drawn : ndarray of int64, shape (weeks, 7)
        Schedule of each day.
    """

    settings: SimulationSettings
    weights: Floats
    stopped: Floats
    harm: Floats
    best_response: Floats
    plan_harm: float
    drawn: Integers

    @property
    def exploitability(self) -> Floats:
        """Return (harm under the best response - harm of the plan) / harm of the plan, by week."""
        if self.plan_harm <= 0:
            return np.zeros_like(self.best_response)
        return self.best_response / self.plan_harm - 1.0


@dataclass(frozen=True, slots=True, eq=False)
class _Luck:
    """Uniform numbers of one chunk, the same for every plan; shapes (weeks, 7, ...)."""

    days: Floats
    weather: Floats
    day_key: Keys
    choice: Floats
    kind: Floats
    moment: Floats
    post: Floats
    help: Floats
    key: Keys


def simulate(
    rehearsal: Rehearsal,
    settings: SimulationSettings,
    *,
    calendar: Integers | None = None,
    executor: Executor | None = None,
) -> Simulation:
    """Return what comes of simulated weeks of intrusions.

    Parameters
    ----------
    rehearsal : Rehearsal
        From `rehearse`.
    settings : SimulationSettings
        How much.
    calendar : ndarray of int64, shape (weeks, 14), optional
        Schedule of each day, the seven watched days of each week first. Days are drawn
        independently from the lottery without it.
    executor : concurrent.futures.Executor, optional
        Spreads chunks of weeks. The answer does not depend on it.

    Raises
    ------
    ValueError
        If the calendar does not fit.
    """
    shape = (settings.weeks, WATCHED_DAYS + DAYS_OF_WEEK)
    if calendar is not None and calendar.shape != shape:
        raise ValueError(f"the calendar has the shape {shape}, found {calendar.shape}")
    firsts = range(0, settings.weeks, WEEKS_AT_ONCE)
    parts = [None if calendar is None else calendar[f : f + WEEKS_AT_ONCE] for f in firsts]
    run = map if executor is None else executor.map
    chunks = list(run(simulate_chunk, repeat(rehearsal), repeat(settings), firsts, parts))
    stopped, harm, response, drawn = zip(*chunks, strict=True)
    return Simulation(
        settings=settings,
        weights=mixture_weights(rehearsal),
        stopped=np.concatenate(stopped, axis=1),
        harm=np.concatenate(harm, axis=1),
        best_response=np.concatenate(response),
        plan_harm=rehearsal.harm,
        drawn=np.concatenate(drawn),
    )


def mixture_weights(rehearsal: Rehearsal) -> Floats:
    """Return the weights of the attackers in the default mixture, in the order of `ATTACKERS`."""
    adaptive = rehearsal.adaptivity if rehearsal.weights.any() else 0.0
    return np.array([adaptive, 0.0, 1.0 - adaptive, 0.0, 0.0])


def simulate_chunk(
    rehearsal: Rehearsal, settings: SimulationSettings, first: int, calendar: Integers | None
) -> tuple[Floats, Floats, Floats, Integers]:
    """Return shares stopped and harm by attacker and week, best response by week, and the days.

    Parameters
    ----------
    rehearsal, settings
        As in `simulate`.
    first : int
        First week of the chunk: chooses its seed.
    calendar : ndarray of int64, shape (weeks, 14), optional
        Days of the chunk.
    """
    weeks = min(WEEKS_AT_ONCE, settings.weeks - first)
    luck = _draw_luck(weeks, settings, first)
    days = calendar if calendar is not None else _pick(rehearsal.odds, luck.days)
    lived = days[:, WATCHED_DAYS:]
    watching = _watch(rehearsal, days)
    attack = _choose(rehearsal, watching, luck)
    stopped = _is_stopped(rehearsal, lived, attack, luck, settings.placing)
    harm = np.where(stopped, 0.0, rehearsal.attacks.harm[attack])
    # Attackers that adapt carry long ways through more rarely, as the plan's harm has it.
    harm[:, :, ADAPTIVE] *= rehearsal.attacks.appeal[attack[:, :, ADAPTIVE]]
    response = _best_response(rehearsal, watching, lived)
    return stopped.mean(axis=(1, 3)).T, harm.mean(axis=(1, 3)).T, response, lived


def _draw_luck(weeks: int, settings: SimulationSettings, first: int) -> _Luck:
    rng = np.random.default_rng(np.random.SeedSequence([settings.seed, first]))
    shape = (weeks, DAYS_OF_WEEK)
    of_crossing = (*shape, len(ATTACKERS), settings.crossings)
    top = np.iinfo(np.uint64).max
    return _Luck(
        days=rng.random((weeks, WATCHED_DAYS + DAYS_OF_WEEK)),
        weather=rng.random(shape),
        day_key=rng.integers(top, size=shape, dtype=np.uint64),
        choice=rng.random(of_crossing),
        kind=rng.random(of_crossing),
        moment=rng.random(of_crossing),
        post=rng.random(of_crossing),
        help=rng.random(of_crossing),
        key=rng.integers(top, size=of_crossing, dtype=np.uint64),
    )


def _pick(sums: Floats, uniform: Floats) -> Integers:
    return np.asarray(np.searchsorted(sums, uniform, side="right"))


def _watch(rehearsal: Rehearsal, days: Integers) -> Integers:
    """Return the candidate of each type that did most harm on the watched days, -1 for none.

    Returns
    -------
    ndarray, shape (weeks, 7, attacker types)
        Places in `Rehearsal.candidates`; each day has the seven days before it.
    """
    shown = np.zeros((days.size // days.shape[1] * DAYS_OF_WEEK, len(rehearsal.odds)), np.float32)
    for later in range(DAYS_OF_WEEK):
        for day in range(later, later + WATCHED_DAYS):
            np.add.at(shown, (np.arange(len(days)) * DAYS_OF_WEEK + later, days[:, day]), 1.0)
    kind_of = rehearsal.attacks.attacker[rehearsal.candidates]
    best = [
        _worst_shown(rehearsal.candidate_left, np.flatnonzero(kind_of == kind), shown)
        for kind in range(len(rehearsal.weights))
    ]
    return np.stack(best, axis=-1).reshape(len(days), DAYS_OF_WEEK, len(best))


def _worst_shown(left: NDArray[np.float32], mine: Integers, shown: NDArray[np.float32]) -> Integers:
    """Return which of `mine` did most harm over the days shown to each watcher, -1 for none.

    They come by falling harm on their best day, so that the search ends early: where nobody who
    follows does more harm, but for rounding.
    """
    best, most = np.full(len(shown), -1), np.full(len(shown), -np.inf, np.float32)
    for begin in range(0, len(mine), CANDIDATES_AT_ONCE):
        part = left[:, mine[begin : begin + CANDIDATES_AT_ONCE]]
        open_to = np.flatnonzero(most < WATCHED_DAYS * part.max() * (1 - SAME))
        if not open_to.size:
            break
        harm = shown[open_to] @ part
        place = harm.argmax(axis=1)
        found = harm[np.arange(len(place)), place]
        better = found > most[open_to]
        best[open_to[better]] = mine[begin + place[better]]
        most[open_to[better]] = found[better]
    return best


def _choose(rehearsal: Rehearsal, watching: Integers, luck: _Luck) -> Integers:
    """Return the attack of each crossing, shape (weeks, 7, 5, crossings)."""
    attack = np.empty(luck.choice.shape, np.int64)
    kind = _pick_kind(rehearsal.weights, luck.kind)
    places = dict(zip(ATTACKERS, range(len(ATTACKERS)), strict=True))
    by_record = {"habit": rehearsal.habit, "avoiding": rehearsal.avoiding}
    for name, place in places.items():
        choice = luck.choice[:, :, place]
        if name in by_record:
            attack[:, :, place] = _pick(by_record[name], choice)
        elif name == "random" or not rehearsal.weights.any():
            attack[:, :, place] = (choice * len(rehearsal.attacks)).astype(np.int64)
        elif name == "informed":
            attack[:, :, place] = rehearsal.informed[kind[:, :, place]]
        else:
            seen = np.take_along_axis(watching, kind[:, :, place], axis=2)
            attack[:, :, place] = rehearsal.candidates[seen]
    return attack


def _pick_kind(weights: Floats, uniform: Floats) -> Integers:
    total = weights.sum()
    if total <= 0:
        return np.zeros(uniform.shape, np.int64)
    return _pick(np.cumsum(weights) / total, np.minimum(uniform, 1 - 1e-12))


def _is_stopped(
    rehearsal: Rehearsal, lived: Integers, attack: Integers, luck: _Luck, placing: Placing
) -> Bools:
    """Return which crossings are noticed and answered in time, shape (weeks, 7, 5, crossings)."""
    attacks, visits = rehearsal.attacks, rehearsal.visits
    cell, hour, target = attacks.cell[attack], attacks.hour[attack], attacks.target[attack]
    state = _pick(rehearsal.weather, luck.weather)[:, :, None, None]
    channel = target * len(rehearsal.weather) + state
    at_post = luck.post >= rehearsal.unwatched[cell, hour, channel]
    field = ((lived[:, :, None, None] * rehearsal.unwatched.shape[0] + cell) * 24 + hour).ravel()
    counts = visits.starts[field + 1] - visits.starts[field]
    who = np.repeat(np.arange(field.size), counts)
    entry = np.repeat(visits.starts[field] - (np.cumsum(counts) - counts), counts)
    entry += np.arange(len(who))
    visit = visits.visit[entry]
    chance = visits.chance[visits.pair[entry], hour.ravel()[who], channel.ravel()[who]]
    code = visits.code[visit]
    key = luck.key.ravel()[who]
    noticed = uniform_of(key, code, visits.look[visit].astype(np.uint64)) < chance
    noticed &= _is_there(visits.share[visit], code, who, luck, placing)
    by_patrol = np.bincount(who, noticed, field.size) > 0
    seen = at_post | by_patrol.reshape(attack.shape)
    return np.asarray(seen & (luck.help < attacks.timely[attack]))


def _is_there(
    share: NDArray[np.float32], code: Keys, who: Integers, luck: _Luck, placing: Placing
) -> Bools:
    """Return whether the crossing falls within the stay; a pass's chance holds its moment."""
    moment = luck.moment.ravel()[who]
    if placing == "walked":
        return np.asarray((share == 0) | (moment >= 1.0 - share))
    each_day = np.prod(luck.key.shape[2:], dtype=np.int64)
    begin = uniform_of(luck.day_key.ravel()[who // each_day], code)
    return np.asarray((share == 0) | ((moment - begin) % 1.0 < share))


def _best_response(rehearsal: Rehearsal, watching: Integers, lived: Integers) -> Floats:
    """Return the expected harm per attack where the adaptive part goes by what it watched."""
    if not rehearsal.weights.any():
        return np.full(len(lived), rehearsal.habit_harm)
    left = rehearsal.candidate_left[lived[:, :, None], watching].astype(np.float64)
    left = np.where(watching >= 0, left, 0.0)
    adaptive = (left @ rehearsal.weights).mean(axis=1)
    alpha = rehearsal.adaptivity
    return np.asarray(alpha * adaptive + (1 - alpha) * rehearsal.habit_harm)
