"""What a simulation needs of a plan, as plain arrays: who stays or passes where, who attacks."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.evaluation.exposure import Exposure, worst_attacks
from sarhad.patrols import HOURS, Attacks, PatrolNetwork
from sarhad.plan import Plan, adaptive_weights

Floats = NDArray[np.float64]
Float32 = NDArray[np.float32]
Integers = NDArray[np.int64]
Whole = NDArray[np.int32]
Keys = NDArray[np.uint64]

AVOIDED_SHARE: Final = 0.25
"""Who avoids posts takes the quarter of the attacks that posts notice least; assumed."""


@dataclass(frozen=True, slots=True, eq=False)
class Visits:
    """Every visit of every schedule, once for each look of its team.

    Attributes
    ----------
    share : ndarray of float32, shape (visits,)
        Part of the hour that it stays [1]; 0 for a pass.
    code : ndarray of uint64, shape (visits,)
        Tells visits of a day apart; the looks of one team share the codes of its visits.
    look : ndarray of int32, shape (visits,)
        Place of its look in the network.
    starts : ndarray of int64, shape (schedules x cells x 24 + 1,)
    visit, pair : ndarray of int32, shape (entries,)
        By field (schedule, cell, hour), as compressed sparse rows: which visits look at it, and by
        which pair of `chance`.
    chance : ndarray of float32, shape (pairs, 24, channels)
        Of all looks, one after the other [1].
    """

    share: Float32
    code: Keys
    look: Whole
    starts: Integers
    visit: Whole
    pair: Whole
    chance: Float32


@dataclass(frozen=True, slots=True, eq=False)
class Rehearsal:
    """A plan made ready for simulation; small enough to be sent to another process.

    Attributes
    ----------
    odds : ndarray, shape (schedules,)
        Sums of the schedules' probabilities, up to each.
    weather : ndarray, shape (states,)
        Sums of the weather's shares, up to each.
    visits : Visits
        Who looks where.
    attacks : Attacks
        What may come.
    unwatched : ndarray of float32, shape (cells, 24, channels)
        Chance that neither a manned post nor the neighbour notices [1].
    adaptivity : float
        Weight of attackers that adapt [1].
    weights : ndarray, shape (attacker types,)
        Share of each type among them [1].
    informed : ndarray of int64, shape (attacker types,)
        Attack of each type that does most harm against the lottery, -1 for none.
    candidates : ndarray of int64, shape (k,)
        Attacks that can be the worst of their type against some days of the lottery, those whose
        best day leaves most harm first.
    candidate_left : ndarray of float32, shape (schedules, k)
        Their harm on a day of each schedule [persons].
    habit, avoiding : ndarray, shape (attacks,)
        Sums of the chances of each attack by the record, and by the record away from posts.
    harm, habit_harm : float
        Exact harm of the plan, and its part by habit before weighing [persons per attack].
    """

    odds: Floats
    weather: Floats
    visits: Visits
    attacks: Attacks
    unwatched: Float32
    adaptivity: float
    weights: Floats
    informed: Integers
    candidates: Integers
    candidate_left: Float32
    habit: Floats
    avoiding: Floats
    harm: float
    habit_harm: float


def rehearse(exposure: Exposure) -> Rehearsal:
    """Return a plan made ready for simulation.

    Parameters
    ----------
    exposure : Exposure
        From `expose`.

    Raises
    ------
    ValueError
        If the network knows no attack.
    """
    plan, network = exposure.plan, exposure.network
    attacks = network.attacks
    if not len(attacks):
        raise ValueError("a simulation needs at least one attack")
    candidates, left = _worst_on_some_days(exposure)
    return Rehearsal(
        odds=_sums(plan.probabilities),
        weather=_sums(np.array([state.share for state in network.states])),
        visits=list_visits(plan, network),
        attacks=attacks,
        unwatched=network.unwatched,
        adaptivity=exposure.adaptivity,
        weights=adaptive_weights(attacks),
        informed=worst_attacks(exposure, exposure.left),
        candidates=candidates,
        candidate_left=left,
        habit=_sums(attacks.pattern),
        avoiding=_sums(_away_from_posts(exposure)),
        harm=exposure.harm,
        habit_harm=float(attacks.pattern @ exposure.left),
    )


def _sums(chances: Floats) -> Floats:
    """Return running sums that end at 1 exactly, so that no uniform number lies beyond them."""
    sums = np.cumsum(chances)
    return np.asarray(sums / sums[-1])


def _worst_on_some_days(exposure: Exposure) -> tuple[Integers, Float32]:
    """Return the attacks that can be the worst of their type over some mean of days.

    One whose harm on its best day stays below that of another on the other's worst day cannot.
    """
    attacks = exposure.network.attacks
    open_to = np.flatnonzero(attacks.reachable)
    cell, hour, target = (a[open_to] for a in (attacks.cell, attacks.hour, attacks.target))
    cover = exposure.cover_of
    least, most = cover.min(axis=0)[cell, hour, target], cover.max(axis=0)[cell, hour, target]
    harm = attacks.appeal[open_to] * attacks.harm[open_to]
    timely = attacks.timely[open_to]
    sure = np.zeros(len(attacks.weights))
    np.maximum.at(sure, attacks.attacker[open_to], harm * (1.0 - timely * most))
    kept = harm * (1.0 - timely * least) >= sure[attacks.attacker[open_to]] - 1e-9
    seen = cover[:, cell[kept], hour[kept], target[kept]]
    left = (harm[kept] * (1.0 - timely[kept] * seen)).astype(np.float32)
    order = np.argsort(-left.max(axis=0, initial=0.0), kind="stable")
    return open_to[kept][order], np.ascontiguousarray(left[:, order])


def _away_from_posts(exposure: Exposure) -> Floats:
    attacks = exposure.network.attacks
    seen = exposure.cover_posts[attacks.cell, attacks.hour, attacks.target]
    chances = np.where(seen <= np.quantile(seen, AVOIDED_SHARE), attacks.pattern, 0.0)
    return chances if chances.sum() > 0 else attacks.pattern


def list_visits(plan: Plan, network: PatrolNetwork) -> Visits:
    """Return every visit of every schedule of a plan, and by field who looks at it."""
    columns = _visit_columns(plan)
    looks = network.looks
    first_pair = np.concatenate([[0], np.cumsum([len(look.cells) for look in looks])])
    fields, visits, pairs = [], [], []
    for number, look in enumerate(looks):
        mine = np.flatnonzero(columns["look"] == number)
        station = columns["station"][mine]
        counts = np.diff(look.starts)[station]
        visit = np.repeat(mine, counts)
        pair = np.repeat(look.starts[station] - _before(counts), counts) + np.arange(len(visit))
        place = columns["schedule"][visit] * network.cells + look.cells[pair]
        fields.append(place * HOURS + columns["hour"][visit])
        visits.append(visit)
        pairs.append(pair + first_pair[number])
    starts, order = _by_field(_joined(fields), len(plan.schedules) * network.cells * HOURS)
    passing = np.array([look.passing for look in looks], bool)
    share = np.where(passing[columns["look"]], 0.0, columns["quarters"] / 4.0)
    return Visits(
        share=share.astype(np.float32),
        code=columns["code"].astype(np.uint64),
        look=columns["look"].astype(np.int32),
        starts=starts,
        visit=_joined(visits)[order].astype(np.int32),
        pair=_joined(pairs)[order].astype(np.int32),
        chance=np.concatenate([look.chance for look in looks])
        if looks
        else np.zeros((0, HOURS, network.channels), np.float32),
    )


def _visit_columns(plan: Plan) -> dict[str, Integers]:
    """Return schedule, look, station, hour, quarters and code of each visit, once for each look."""
    names = ("schedule", "look", "station", "hour", "quarters", "code")
    parts: dict[str, list[Integers]] = {name: [] for name in names}
    codes = [zlib.crc32(team.name.encode()) << 16 for team in plan.teams]
    for number, schedule in enumerate(plan.schedules):
        for duty in schedule.duties:
            count = len(duty.station)
            for look in plan.teams[duty.team].looks:
                values = (number, look, duty.station, duty.hour, duty.quarters)
                for name, value in zip(names, values, strict=False):
                    parts[name].append(np.broadcast_to(np.asarray(value, np.int64), count))
                parts["code"].append(codes[duty.team] + np.arange(count, dtype=np.int64))
    return {name: _joined(part) for name, part in parts.items()}


def _joined(parts: list[Integers]) -> Integers:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _before(counts: Integers) -> Integers:
    return np.cumsum(counts) - counts


def _by_field(field: Integers, fields: int) -> tuple[Integers, Integers]:
    order = np.argsort(field, kind="stable")
    starts = np.zeros(fields + 1, np.int64)
    np.cumsum(np.bincount(field, minlength=fields), out=starts[1:])
    return starts, order
