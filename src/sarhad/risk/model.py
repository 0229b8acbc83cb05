"""The mixture: how much each forecast counts, fitted to the record, with its uncertainty.

lambda(w, s) = sum over k of a(k) F(w, s, k): events expected in cell s and week w, each F(k) a
forecast by itself (`features`, `covariates`). Given the record before a week its events are
Poisson, and a(k) has a gamma prior of mean m(k) and strength `prior`: a Hawkes process in
discrete time with the triggering a mixture of fixed kernels.

References
----------
Mohler, G. O. et al. (2011), Self-exciting point process modeling of crime,
doi:10.1198/jasa.2011.ap09546. Newton, M. A. and Raftery, A. E. (1994), Approximate Bayesian
inference with the weighted likelihood bootstrap, doi:10.1111/j.2517-6161.1994.tb01956.x.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from sarhad.risk.strip import Cells, Floats

KERNEL_SHARE: Final = 0.97
"""Prior mean of all remembered columns together: events that each event brings forth [1]."""

STEPS: Final = 40
DRAW_STEPS: Final = 25
LEAST: Final = 1e-300


def prior_means(kernels: int, backgrounds: int, background_per_week: float) -> Floats:
    """Return the prior mean of each column, remembered ones first, shape (columns,)."""
    remembered = np.full(kernels, KERNEL_SHARE / max(kernels, 1))
    return np.concatenate([remembered, np.full(backgrounds, background_per_week / backgrounds)])


def fit_mixture(
    at_events: Floats,
    totals: Floats,
    event_weight: Floats,
    week_weight: Floats,
    mean: Floats,
    prior: float,
    start: Floats | None = None,
    steps: int = STEPS,
) -> Floats:
    """Return the weights of the columns that the record speaks for most, shape (k,).

    Parameters
    ----------
    at_events : ndarray, shape (n, k)
        Each column where and when each event fell.
    totals : ndarray, shape (w, k)
        Each column summed over the line, for each week of the record.
    event_weight, week_weight : ndarray, shapes (n,), (w,)
        How much each event and each week counts.
    mean, prior
        Gamma prior: means, shape (k,), and strength [weeks].
    start : ndarray, optional
        Weights to begin with.
    steps : int
        Steps of the expectation-maximisation, each of which raises the posterior.
    """
    weights = mean.copy() if start is None else start
    exposure = totals.T @ week_weight + prior
    if not len(at_events):
        return np.asarray(prior * mean / exposure)
    for _ in range(steps):
        told = at_events.T @ (event_weight / np.maximum(at_events @ weights, LEAST))
        weights = (weights * told + prior * mean) / exposure
    return np.asarray(weights)


def draw_mixture(
    at_events: Floats,
    totals: Floats,
    event_weight: Floats,
    week_weight: Floats,
    week_of_event: Cells,
    mean: Floats,
    prior: float,
    start: Floats,
    rng: np.random.Generator,
    draws: int,
) -> Floats:
    """Return weights drawn from their posterior, shape (k, draws).

    A weighted likelihood bootstrap: each draw weighs the weeks, not the events, anew, since the
    events of a week come together; the prior is drawn too.

    Parameters
    ----------
    week_of_event : ndarray of int, shape (n,)
        Row of `week_weight` that each event belongs to.
    rng : Generator
        Where chance comes from.
    draws : int
        How many.

    Other parameters are those of `fit_mixture`.
    """
    chance = rng.exponential(size=(len(week_weight), draws))
    drawn = rng.gamma((prior * mean)[:, None], size=(len(mean), draws))
    exposure = totals.T @ (week_weight[:, None] * chance) + prior
    if not len(at_events):
        return np.asarray(drawn / exposure)
    counted = event_weight[:, None] * chance[week_of_event]
    weights = np.tile(start[:, None], draws)
    for _ in range(DRAW_STEPS):
        told = at_events.T @ (counted / np.maximum(at_events @ weights, LEAST))
        weights = (weights * told + drawn) / exposure
    return np.asarray(weights)
