"""Options side by side: ranked by harm, with the probability that the rank holds, and why.

References
----------
McKay, M. D., Beckman, R. J., Conover, W. J. (1979). A comparison of three methods for selecting
values of input variables. Technometrics 21, doi:10.1080/00401706.1979.10489755: Latin hypercube.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from sarhad.evaluation.exposure import Exposure, expose
from sarhad.evaluation.intervals import Interval, mean_interval, share_interval
from sarhad.evaluation.metrics import Metrics, longest_unwatched, measure
from sarhad.evaluation.rehearsal import rehearse
from sarhad.evaluation.simulate import Simulation, SimulationSettings, simulate
from sarhad.evaluation.strain import (
    Circumstances,
    Strain,
    habit_harms,
    harm_under,
    prepare_strain,
    ratios_of,
    sum_habit,
)
from sarhad.patrols import PatrolNetwork
from sarhad.plan import Plan
from sarhad.scenario import UncertaintySettings

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

UNCERTAINTIES: Final = ("detection", "flyable", "intensity", "unavailable")
"""What is varied, in the order of the hypercube's columns."""

NOT_MODELLED: Final = (
    "not_modelled.escalation",
    "not_modelled.politics",
    "not_modelled.consent",
    "not_modelled.displacement_beyond_the_line",
    "not_modelled.attackers_who_learn_within_a_day",
)
"""Keys of the texts that say what no figure here holds."""

SAME_HARM: Final = 1e-9
"""Harms within this share of each other are a tie, which the nominal order breaks."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One option or baseline that is compared.

    Attributes
    ----------
    name : str
        Unique among those compared.
    exposure : Exposure
        Its plan and cover.
    metrics : Metrics
        Its exact figures.
    simulation : Simulation
        What came of the simulated weeks.
    unwatched_h : ndarray, shape (cells,)
        Longest time of a week that each cell goes unwatched, mean over the simulated weeks [h].
    gap : float or None
        Proven gap of its plan [1]; none where nothing is proven, as for a baseline.
    is_baseline : bool
        Whether a user would draw it up by hand instead.
    """

    name: str
    exposure: Exposure
    metrics: Metrics
    simulation: Simulation
    unwatched_h: Floats
    gap: float | None = None
    is_baseline: bool = False


def evaluate(
    name: str,
    plan: Plan,
    network: PatrolNetwork,
    adaptivity: float,
    settings: SimulationSettings,
    *,
    calendar: Integers | None = None,
    gap: float | None = None,
    is_baseline: bool = False,
    executor: Executor | None = None,
) -> Entry:
    """Return a plan with its exact figures and what came of simulated weeks.

    Parameters
    ----------
    name : str
        Unique among those to be compared.
    plan, network, adaptivity
        As in `expose`.
    settings : SimulationSettings
        How much is simulated; the same for all that are to be compared.
    calendar : ndarray of int64, shape (weeks, 14), optional
        As in `simulate`.
    gap, is_baseline
        As in `Entry`.
    executor : concurrent.futures.Executor, optional
        Spreads the simulation.
    """
    exposure = expose(plan, network, adaptivity)
    found = simulate(rehearse(exposure), settings, calendar=calendar, executor=executor)
    return Entry(
        name=name,
        exposure=exposure,
        metrics=measure(exposure),
        simulation=found,
        unwatched_h=longest_unwatched(exposure, found.drawn).mean(axis=0),
        gap=gap,
        is_baseline=is_baseline,
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one option stands.

    Attributes
    ----------
    name : str
        Its name.
    rank : int
        By harm as assumed; 1 is best.
    rank_probability : float
        Share of the samples in which it has exactly this rank among all that are compared [1].
    best_probability : float
        Share of the samples in which it is the best of all [1].
    harm : Interval
        Exact harm per attack, with the middle 95 % of the samples [persons].
    interception, simulated_harm, exploitability : Interval
        From the simulation, over the default mixture of attackers.
    """

    name: str
    rank: int
    rank_probability: float
    best_probability: float
    harm: Interval
    interception: Interval
    simulated_harm: Interval
    exploitability: Interval


@dataclass(frozen=True, slots=True)
class TornadoBar:
    """What one uncertainty alone does to the lead of the best option.

    Attributes
    ----------
    uncertainty : str
        One of `UNCERTAINTIES`.
    low, high : float
        Ends of its range.
    lead_low, lead_high : float
        Harm of the reference - harm of the best at both ends, all else as assumed
        [persons per attack].
    """

    uncertainty: str
    low: float
    high: float
    lead_low: float
    lead_high: float

    @property
    def width(self) -> float:
        """Return how much of the lead hangs on it [persons per attack]."""
        return abs(self.lead_high - self.lead_low)


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one more contribution would be worth.

    Attributes
    ----------
    name : str
        For example "one more helicopter".
    harm : float
        With it, solved anew [persons per attack].
    avoided : float
        Harm without it - harm with it [persons per attack].
    """

    name: str
    harm: float
    avoided: float


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """All that is known of the options side by side.

    Attributes
    ----------
    entries : tuple of Entry
        In the order given.
    standings : tuple of Standing
        In the same order.
    reference : str
        What the lead is measured against, for example today's posts and patrols.
    lead : float
        Harm of the reference - harm of the best, as assumed [persons per attack].
    tornado : tuple of TornadoBar
        The widest first.
    samples : ndarray, shape (entries, samples)
        Harm in each sample [persons per attack].
    contributions : tuple of Contribution
        Marginal values, the greatest first.
    not_modelled : tuple of str
        Keys of texts.
    """

    entries: tuple[Entry, ...]
    standings: tuple[Standing, ...]
    reference: str
    lead: float
    tornado: tuple[TornadoBar, ...]
    samples: Floats
    contributions: tuple[Contribution, ...] = ()
    not_modelled: tuple[str, ...] = NOT_MODELLED

    @property
    def best(self) -> str:
        """Return the name of the option with least harm."""
        return next(each.name for each in self.standings if each.rank == 1)


def compare(
    entries: Sequence[Entry],
    settings: UncertaintySettings,
    reference: str,
    *,
    draws: NDArray[np.float32],
    usual: Floats,
    seed: int,
    contributions: Sequence[Contribution] = (),
    executor: Executor | None = None,
) -> Comparison:
    """Return options and baselines side by side.

    Every sample of the hypercube is one world for all of them: the same sight, weather, pattern of
    attacks and failures of patrols.

    Parameters
    ----------
    entries : sequence of Entry
        At least one; their networks have the same attack paths.
    settings : UncertaintySettings
        Ranges and number of samples.
    reference : str
        Name of the entry that the lead is measured against.
    draws : ndarray, shape (draws, cells)
        Of the risk: `IncidentRisk.draws` [1/week].
    usual : ndarray, shape (cells,)
        `IncidentRisk.weekly` [1/week].
    seed : int
        Of the hypercube.
    contributions : sequence of Contribution
        From `value_contributions`.
    executor : concurrent.futures.Executor, optional
        Spreads the entries. The answer does not depend on it.

    Raises
    ------
    ValueError
        If names repeat, or none is that of the reference.
    """
    names = [entry.name for entry in entries]
    if len(set(names)) < len(names) or reference not in names:
        raise ValueError("names are unique, and one of them is that of the reference")
    today = names.index(reference)
    ratios = _ordered_ratios(entries[today], draws, usual)
    points = draw_circumstances(settings, len(ratios), seed)
    ends = [end for low_high in range_ends(settings, len(ratios)).values() for end in low_high]
    cases = [Circumstances(), *ends, *points]
    run = map if executor is None else executor.map
    exposures = [entry.exposure for entry in entries]
    harms = np.array(list(run(try_cases, exposures, repeat(settings), repeat(cases),
                              repeat(ratios))))  # fmt: skip
    exact, samples = harms[:, 0], harms[:, 1 + len(ends) :]
    ranks = rank_of(exact[:, None], exact)[:, 0]
    best = int(ranks.argmin())
    return Comparison(
        entries=tuple(entries),
        standings=_stand(entries, exact, samples),
        reference=reference,
        lead=float(exact[today] - exact[best]),
        tornado=_tornado(harms[today] - harms[best], settings),
        samples=samples,
        contributions=tuple(sorted(contributions, key=lambda each: -each.avoided)),
    )


def try_cases(
    exposure: Exposure,
    settings: UncertaintySettings,
    cases: Sequence[Circumstances],
    ratios: Floats,
) -> Floats:
    """Return the harm of one plan in each case, shape (cases,) [persons per attack]."""
    strain: Strain = prepare_strain(exposure, settings)
    return np.array([harm_under(strain, case, ratios) for case in cases])


def _ordered_ratios(entry: Entry, draws: NDArray[np.float32], usual: Floats) -> Floats:
    """Return the ratios of the risk's draws, by growing harm where the reference is in force."""
    ratios, exposure = ratios_of(draws, usual), entry.exposure
    harms = habit_harms(sum_habit(exposure.network), exposure.cover, ratios)
    return np.asarray(ratios[np.argsort(harms, kind="stable")])


def draw_circumstances(
    settings: UncertaintySettings, patterns: int, seed: int
) -> list[Circumstances]:
    """Return the points of a Latin hypercube over the ranges."""
    cube = qmc.LatinHypercube(len(UNCERTAINTIES), rng=np.random.default_rng(seed))
    low, high = np.array([_range(settings, name) for name in UNCERTAINTIES]).T
    points = low + (high - low) * cube.random(settings.samples)
    return [Circumstances(float(d), float(f), _row(i, patterns), float(u)) for d, f, i, u in points]


def range_ends(
    settings: UncertaintySettings, patterns: int
) -> dict[str, tuple[Circumstances, Circumstances]]:
    """Return for each uncertainty the cases at both ends of its range, all else as assumed."""
    ends = {name: _range(settings, name) for name in UNCERTAINTIES}
    return {
        "detection": (
            Circumstances(detection=ends["detection"][0]),
            Circumstances(detection=ends["detection"][1]),
        ),
        "flyable": (
            Circumstances(flyable=ends["flyable"][0]),
            Circumstances(flyable=ends["flyable"][1]),
        ),
        "intensity": (
            Circumstances(pattern=_row(ends["intensity"][0], patterns)),
            Circumstances(pattern=_row(ends["intensity"][1], patterns)),
        ),
        "unavailable": (
            Circumstances(unavailable=ends["unavailable"][0]),
            Circumstances(unavailable=ends["unavailable"][1]),
        ),
    }


def _range(settings: UncertaintySettings, name: str) -> tuple[float, float]:
    return getattr(settings, f"{name}_low"), getattr(settings, f"{name}_high")


def _row(quantile: float, patterns: int) -> int:
    return min(int(quantile * patterns), patterns - 1)


def rank_of(harms: Floats, exact: Floats) -> Integers:
    """Return the rank of each entry in each sample, 1 for the least harm.

    Parameters
    ----------
    harms : ndarray, shape (entries, samples)
        Harm in each sample.
    exact : ndarray, shape (entries,)
        Harm as assumed; it orders entries whose harms are the same in a sample.
    """
    order = np.argsort(exact, kind="stable")
    size = np.maximum(np.abs(harms).max(axis=0, initial=0.0), 1e-300) * SAME_HARM
    sorted_harms = np.round(harms[order] / size)
    place = np.argsort(np.argsort(sorted_harms, axis=0, kind="stable"), axis=0, kind="stable")
    ranks = np.empty(harms.shape, np.int64)
    ranks[order] = place + 1
    return ranks


def _stand(entries: Sequence[Entry], exact: Floats, samples: Floats) -> tuple[Standing, ...]:
    nominal, ranks = rank_of(exact[:, None], exact)[:, 0], rank_of(samples, exact)
    return tuple(
        _standing(entry, float(harm), int(rank), row, rows)
        for entry, harm, rank, row, rows in zip(
            entries, exact, nominal, samples, ranks, strict=True
        )
    )


def _standing(entry: Entry, harm: float, rank: int, samples: Floats, ranks: Integers) -> Standing:
    found = entry.simulation
    trials = found.settings.weeks * 7 * found.settings.crossings
    low, high = np.quantile(samples, [0.025, 0.975])
    return Standing(
        name=entry.name,
        rank=rank,
        rank_probability=float((ranks == rank).mean()),
        best_probability=float((ranks == 1).mean()),
        harm=Interval(harm, float(low), float(high)),
        interception=share_interval(found.weights @ found.stopped, trials),
        simulated_harm=mean_interval(found.weights @ found.harm),
        exploitability=mean_interval(found.exploitability),
    )


def _tornado(lead: Floats, settings: UncertaintySettings) -> tuple[TornadoBar, ...]:
    bars = [
        TornadoBar(name, *_range(settings, name), float(lead[1 + 2 * k]), float(lead[2 + 2 * k]))
        for k, name in enumerate(UNCERTAINTIES)
    ]
    return tuple(sorted(bars, key=lambda bar: -bar.width))


def value_contributions(
    networks: Mapping[str, PatrolNetwork], harm: float, solve: Callable[[PatrolNetwork], float]
) -> tuple[Contribution, ...]:
    """Return what contributions would be worth, each solved anew by what is handed in.

    Parameters
    ----------
    networks : mapping of name to PatrolNetwork
        The network with each contribution, from `with_more_units` and the like.
    harm : float
        Without them, solved with the same effort [persons per attack].
    solve : callable
        Takes a network and returns the harm of the plan found for it [persons per attack].
    """
    solved = {name: float(solve(network)) for name, network in networks.items()}
    return tuple(Contribution(name, found, harm - found) for name, found in solved.items())


def comparison_as_json(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as an object of JSON, under the keys of `sarhad compare --json`."""
    rows = zip(comparison.entries, comparison.standings, strict=True)
    return {
        "best": comparison.best,
        "reference": comparison.reference,
        "lead": comparison.lead,
        "options": [_option_as_json(entry, standing) for entry, standing in rows],
        "tornado": [
            {name: getattr(bar, name)
             for name in ("uncertainty", "low", "high", "lead_low", "lead_high")}
            for bar in comparison.tornado
        ],
        "contributions": [
            {"name": each.name, "harm": each.harm, "avoided": each.avoided}
            for each in comparison.contributions
        ],
        "not_modelled": list(comparison.not_modelled),
    }  # fmt: skip


def _option_as_json(entry: Entry, standing: Standing) -> dict[str, Any]:
    figures = entry.metrics
    return {
        "name": entry.name,
        "is_baseline": entry.is_baseline,
        "rank": standing.rank,
        "rank_probability": standing.rank_probability,
        "best_probability": standing.best_probability,
        "interception": standing.interception.mean,
        "interception_low": standing.interception.low,
        "interception_high": standing.interception.high,
        "interception_exact": figures.interception,
        "expected_harm": standing.harm.mean,
        "expected_harm_low": standing.harm.low,
        "expected_harm_high": standing.harm.high,
        "simulated_harm": standing.simulated_harm.mean,
        "simulated_harm_low": standing.simulated_harm.low,
        "simulated_harm_high": standing.simulated_harm.high,
        "exploitability": standing.exploitability.mean,
        "exploitability_low": standing.exploitability.low,
        "exploitability_high": standing.exploitability.high,
        "harm_posts_alone": figures.harm_posts_alone,
        "harm_out_of_reach": figures.unreachable_harm,
        "coordination_value": figures.coordination_value,
        "gap": entry.gap,
        "hours": figures.hours,
        "cost": figures.cost,
        "work": [
            {name: getattr(work, name)
             for name in ("party", "hours", "flying_hours", "fuel_kg", "cost")}
            for work in figures.work
        ],
        "unwatched_h_median": float(np.median(entry.unwatched_h)),
        "unwatched_h_most": float(entry.unwatched_h.max(initial=0.0)),
        "in_view": figures.in_view.tolist(),
        "sectors": [
            {name: getattr(part, name) for name in part.__slots__} for part in figures.sectors
        ],
        "breaches": list(figures.breaches),
    }  # fmt: skip
