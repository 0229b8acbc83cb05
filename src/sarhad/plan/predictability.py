"""Predictability: what one who has watched for a week can say of the next day's cover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, bdtrc, ndtri

from sarhad.patrols import PatrolNetwork, effort_of
from sarhad.plan.lottery import Plan

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Days = NDArray[np.int64]

WATCHED_DAYS: Final = 7
"""Days that a watcher remembers."""

LEAST_COVER: Final = 0.1
"""A watcher calls a cell covered in an hour where patrols notice a walker this likely (assumed)."""

ALIKE: Final = 0.5
"""Two days are alike to a watcher if they share more than this of their cells and hours."""

RARE_DAYS: Final = 30
"""With fewer expected days than this, covered or not, the exact binomial is used."""

LEAST_WEEKS: Final = 200
"""Patterns seen in fewer weeks tell nothing."""


@dataclass(frozen=True, slots=True)
class Predictability:
    """What a watcher of the last seven days can say of the next day.

    Attributes
    ----------
    repeat : float
        Chance that a day is like one of the seven before it, exact; the cap is on it [1].
    conditional : float
        Largest |P(covered | pattern of the last 7 days) - P(covered)| over cells and patterns, by
        simulation [1]; its true value is 0 where days are drawn independently.
    conditional_error : float
        Monte Carlo standard error of that one [1].
    largest_z, limit_z : float
        Largest such difference in its standard errors, and what chance alone stays below with
        probability 0.95 over all of them (Bonferroni).
    watcher_error : float
        Mean |days covered / 7 - P(covered)| of the cell where it is largest: how far off is who
        takes last week's frequency for the truth [1].
    watcher_skill : float
        1 - (mean square error of last week's frequency as a forecast) / (that of the plan's own
        probability); about -1/7: the week tells less than the plan, which the attacker is assumed
        to know already.
    weeks : int
        Simulated weeks.
    """

    repeat: float
    conditional: float
    conditional_error: float
    largest_z: float
    limit_z: float
    watcher_error: float
    watcher_skill: float
    weeks: int


def cover_by_schedule(plan: Plan, network: PatrolNetwork) -> Bools:
    """Return where the patrols of each schedule cover, shape (schedules, cells, 24).

    Cover is that of a walker in the first state of the weather; manned posts do not count.
    """
    least = -np.log1p(-LEAST_COVER)
    found = np.zeros((len(plan.schedules), network.cells, 24), np.bool_)
    for row, schedule in zip(found, plan.schedules, strict=True):
        if schedule.duties:
            row[:] = effort_of(schedule.duties, plan.teams, network)[:, :, 0] >= least
    return found


def alike(cover: Bools) -> Bools:
    """Return which days a watcher takes for the same, (schedules, schedules).

    They share more than half of all cells and hours that either of them covers; days without any
    patrol are alike.
    """
    flat = cover.reshape(len(cover), -1).astype(np.float32)
    both = flat @ flat.T
    size = np.diag(both)
    either = size[:, None] + size[None] - both
    return np.asarray((both > ALIKE * either) | (either == 0))


def repeat_chance(plan: Plan, network: PatrolNetwork) -> float:
    """Return the chance that a day is like one of the seven before it [1].

    With A_s = sum of the probabilities of all schedules alike s: sum_s p_s (1 - (1 - A_s)^7), one
    less Good's expected missing mass after seven draws. Whatever cell and hour, the cover given
    that the day is unlike all seven differs from the cover itself by at most so much.

    References
    ----------
    Good, I. J. (1953): The population frequencies of species and the estimation of population
    parameters. Biometrika 40, 237-264. doi:10.1093/biomet/40.3-4.237
    """
    drawn = plan.probabilities > 0
    shares = plan.probabilities[drawn] / plan.probabilities.sum()
    same = alike(cover_by_schedule(plan, network)[drawn])
    return float(shares @ -np.expm1(WATCHED_DAYS * np.log1p(-np.minimum(same @ shares, 1 - 1e-16))))


def greatest_share(cap: float) -> float:
    """Return the largest probability of a schedule with which a plan surely keeps a cap [1].

    It does so if no two of its schedules are alike: each is then repeated with chance
    1 - (1 - p)^7.
    """
    if not 0 <= cap <= 1:
        raise ValueError("a cap on predictability lies within 0 and 1")
    return float(1.0 - (1.0 - cap) ** (1.0 / WATCHED_DAYS))


def measure_predictability(
    plan: Plan, network: PatrolNetwork, weeks: int, rng: np.random.Generator
) -> Predictability:
    """Return what a watcher can say, exactly where it can be and by simulation else.

    Parameters
    ----------
    plan, network
        The lottery and what it was made for.
    weeks : int
        Weeks of eight days to simulate.
    rng : Generator
        Source of the draws.
    """
    shares = plan.probabilities / plan.probabilities.sum()
    days = rng.choice(len(shares), (weeks, WATCHED_DAYS + 1), p=shares)
    cover = np.asarray(cover_by_schedule(plan, network).any(axis=2))
    return judge_days(days, cover, shares @ cover, repeat_chance(plan, network))


def judge_days(days: Days, cover: Bools, chance: Floats, repeat: float = 0.0) -> Predictability:
    """Return what a watcher could say of given days, wherever they come from.

    Parameters
    ----------
    days : ndarray of int64, shape (weeks, 8)
        Schedule of each day; the last is the one to foretell.
    cover : ndarray of bool, shape (schedules, cells)
        Which cells a day covers at some hour.
    chance : ndarray, shape (cells,)
        Chance that a day covers each cell [1].
    repeat : float
        Passed on.
    """
    watched = cover[days[:, :-1]].sum(axis=1)
    yesterday, tomorrow = cover[days[:, -2]], cover[days[:, -1]]
    differences, errors = _by_pattern(watched * 2 + yesterday, tomorrow, chance)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(errors > 0, differences / errors, np.where(differences > 1e-12, np.inf, 0.0))
    worst = int(differences.argmax()) if differences.size else -1
    claim = watched / WATCHED_DAYS
    knowing = float(((tomorrow - chance) ** 2).mean())
    return Predictability(
        repeat=repeat,
        conditional=float(differences[worst]) if worst >= 0 else 0.0,
        conditional_error=float(errors[worst]) if worst >= 0 else 0.0,
        largest_z=float(z.max(initial=0.0)),
        limit_z=bonferroni_limit(max(z.size, 1)),
        watcher_error=float(np.abs(claim - chance).mean(axis=0).max(initial=0.0)),
        watcher_skill=1 - float(((tomorrow - claim) ** 2).mean()) / knowing if knowing else 0.0,
        weeks=len(days),
    )


def _by_pattern(pattern: Days, tomorrow: Bools, chance: Floats) -> tuple[Floats, Floats]:
    """Return |frequency given the pattern - chance| and its error, for all that is seen enough."""
    cell = np.arange(len(chance))
    kinds = 2 * (WATCHED_DAYS + 1)
    place = (cell * kinds + pattern).ravel()
    seen = np.bincount(place, minlength=len(chance) * kinds)
    hits = np.bincount(place, tomorrow.ravel(), minlength=len(chance) * kinds)
    enough = seen >= LEAST_WEEKS
    true = np.repeat(chance, kinds)[enough]
    difference = np.abs(hits[enough] / seen[enough] - true)
    return difference, np.sqrt(true * (1 - true) / seen[enough])


def bonferroni_limit(tests: int, level: float = 0.05) -> float:
    """Return the |z| that none of so many true nulls exceeds, but with chance `level`."""
    return float(-ndtri(level / (2 * tests)))


def cover_z(weeks: Days, cover: Bools, shares: Floats) -> Floats:
    """Return how far the cover in drawn weeks is from the lottery's, in standard errors, (fields,).

    Standard errors come from the scatter of independent weeks; where fewer than 30 days are
    expected to be covered, or to be bare, z is that of the exact binomial's two-sided p-value.

    Parameters
    ----------
    weeks : ndarray of int64, shape (weeks, days)
        Schedule of each day.
    cover : ndarray of bool, shape (schedules, fields)
        What each schedule covers: cells, or cells and hours.
    shares : ndarray, shape (schedules,)
        Probabilities of the schedules.
    """
    count, days = weeks.shape
    drawn = np.zeros((count, len(shares)), np.float64)
    np.add.at(drawn, (np.arange(count)[:, None], weeks), 1.0)
    chance = np.clip(shares @ cover, 0.0, 1.0)
    by_week = drawn @ cover
    total, trials = by_week.sum(axis=0), count * days
    z = np.zeros(cover.shape[1])
    rare = trials * np.minimum(chance, 1 - chance) < RARE_DAYS
    often = ~rare
    error = by_week[:, often].std(axis=0, ddof=1) / np.sqrt(count) / days
    z[often] = (total[often] / trials - chance[often]) / error
    k, p = np.rint(total[rare]), chance[rare]
    # A chance of exactly 0 or 1 comes out of a sum of shares with its last bits.
    p = np.where(p < 1e-12, 0.0, np.where(p > 1 - 1e-12, 1.0, p))
    above = np.where(k > 0, bdtrc(k - 1, trials, p), 1.0)
    tail = 2 * np.minimum(bdtr(k, trials, p), above)
    z[rare] = np.sign(k - trials * p) * -ndtri(np.minimum(tail, 1.0) / 2)
    return z
