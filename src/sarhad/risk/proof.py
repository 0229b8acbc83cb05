"""The proof of a line: forecasts of a week and of a month, scored and judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sarhad.risk.backtest import (
    Forecasts,
    choose_forecasts,
    coverage_over_seeds,
    run_backtest,
    score_models,
    years_of,
)
from sarhad.risk.covariates import Covariates
from sarhad.risk.features import WEEK_DAYS
from sarhad.risk.records import EPOCH, Records
from sarhad.risk.strip import Strip
from sarhad.scenario import RiskSettings

SPANS: Final = {"week": 1, "month": 4}
"""Weeks that a forecast covers."""

GOOD_COVERAGE: Final = (0.85, 0.95)


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """Forecasts of a week and a month over a record, and what they are worth.

    Attributes
    ----------
    forecasts : mapping of "week", "month" to (Forecasts, ndarray of bool)
        Every forecast, and which of them were scored.
    scores : dict
        Scores of a week ahead, the same of each year, and under `month` those of a month ahead.
    notes : tuple of str
        Which events were scored, and how, a sentence each.
    """

    forecasts: Mapping[str, tuple[Forecasts, NDArray[np.bool_]]]
    scores: dict[str, Any]
    notes: tuple[str, ...]


def prove(
    strip: Strip,
    records: Records,
    covariates: Covariates,
    settings: RiskSettings,
    ends: tuple[datetime | None, datetime | None],
    rng: np.random.Generator,
    progress: Callable[[int, int], None] | None = None,
) -> Proof:
    """Return how well forecasts of a record did, ours and those that people make today.

    Parameters
    ----------
    strip, records, covariates, settings
        The line, its record, the background's columns and the settings of risk.
    ends : pair of datetime or None
        First and last day to score, on the wall clock; the last third of the record where the
        first is left out, to its end where the last is.
    rng : Generator
        For places of counts and the bootstrap.
    progress : callable, optional
        Called with the forecasts done and all of them.

    Raises
    ------
    ValueError
        If the record is too short, or the days to score hold no event.
    """
    day = timedelta(days=1)
    first, last = ((end - EPOCH) / day if end is not None else None for end in ends)
    until = None if last is None else last + 1.0
    done: dict[str, tuple[Forecasts, NDArray[np.bool_]]] = {}
    for label, ahead in SPANS.items():
        past = run_backtest(
            strip, records, covariates, settings,
            ahead=ahead, rng=rng, until=until, progress=progress,
        )  # fmt: skip
        origins = past.weeks.origins
        begin = first if first is not None else origins[0] + (origins[-1] - origins[0]) * 2 / 3
        done[label] = past, choose_forecasts(past, begin, origins[-1] + WEEK_DAYS)
    scores = score_forecasts(*done["week"], rng)
    scores["month"] = score_forecasts(*done["month"], rng)
    scores["verdict"] = judge(scores)
    return Proof(done, scores, say_places(done["week"][0]))


def score_forecasts(
    past: Forecasts, chosen: NDArray[np.bool_], rng: np.random.Generator
) -> dict[str, Any]:
    """Return the scores of all models over all chosen forecasts and over each year's."""
    counts, year = past.weeks.counts, years_of(past)
    models = [asdict(score) for score in score_models(past, chosen, rng)]
    seeds = coverage_over_seeds(past, chosen, rng).tolist()
    years = []
    for number in sorted(set(year[chosen].tolist())):
        of_year = chosen & (year == number)
        if counts[of_year].sum():
            scores = [asdict(score) for score in score_models(past, of_year, rng)]
            years.append({"year": number, "events": int(counts[of_year].sum()), "models": scores})
    return {
        "models": models,
        "events": int(counts[chosen].sum()),
        "forecasts": int(chosen.sum()),
        "coverage_90_over_seeds": dict(zip(("all", "busy"), seeds, strict=True)),
        "years": years,
    }


def say_places(past: Forecasts) -> tuple[str, ...]:
    """Return which events were scored as areas, and which were left out."""
    events, scored = past.events, sorted(set(past.weeks.event.tolist()))
    areas, vague = int(events.is_area[scored].sum()), int((~events.is_scored).sum())
    rest = len(events) - len(scored) - vague
    return (
        f"{len(scored)} of {len(events)} events can be scored, {areas} of them as areas"
        " (precision district or province; where_prec 3 and 4)",
        f"{vague} events of unknown place (where_prec 5 and coarser) are fitted, not scored;"
        f" {rest} others are dated to no week or lie outside the weeks",
    )


def judge(scores: Mapping[str, Any]) -> list[str]:
    """Return in words whether ours is better than each baseline, and calibrated."""
    words = []
    for model in scores["models"][1:]:
        low, high = model["difference_low"], model["difference_high"]
        says = "better" if low > 0 else "WORSE" if high < 0 else "NO PROVEN DIFFERENCE"
        words.append(f"against {model['name']}: {says}")
    ours, (least, most) = scores["models"][0], GOOD_COVERAGE
    for key, what in (("coverage_90", "all stretch-weeks"), ("coverage_90_busy", "busy ones")):
        if ours[key] is not None:
            good = "within" if least <= ours[key] <= most else "OUTSIDE"
            words.append(f"90 % intervals, {what}: {ours[key]:.3f}, {good} {least} to {most}")
    return words
