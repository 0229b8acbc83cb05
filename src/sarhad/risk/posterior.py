"""How sure the intensity of each cell is: the weights, the record, and what no record tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from sarhad.risk.strip import Cells, Floats, Sparse, scale_rows

BLOCK_M: Final = 10_000.0
"""Neighbouring cells share what the model does not know of a place [m]."""

BLOCK_SHAPE: Final = 0.1
"""Shape of the gamma law of a block without record: its truth scatters by 1/sqrt(0.1) around
the background. Calibrated on simulated fields by benchmarks/risk_coverage.py."""

CELL_SHAPE: Final = 8.0
"""The same of a cell within its block."""

EVENT_SCATTER: Final = 0.5
"""Each event behind a figure makes its factor surer by so much of an independent one: smoothing
misplaces part of the intensity, however many events there are."""


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What the intensity of each cell is made of.

    Attributes
    ----------
    events : sparse, shape (n, cells)
        What each report adds to each cell [1/week].
    backgrounds : ndarray, shape (cells, columns)
        What each column of the background adds [1/week].
    """

    events: Sparse
    backgrounds: Floats

    @property
    def total(self) -> Floats:
        """Return the intensity of each cell [1/week], shape (cells,)."""
        added = np.asarray(self.events.sum(axis=0)).ravel()
        return np.asarray(added + self.backgrounds.sum(axis=1))


def put_together(
    masses: list[Sparse],
    strengths: Floats,
    weight: Floats,
    fitted: Floats,
    shares: Floats,
    slow: Floats,
) -> Parts:
    """Return what every report and every column adds to each cell.

    Parameters
    ----------
    masses : list of sparse, each (n, cells)
        Spreads of the events.
    strengths : ndarray, shape (n, memories)
        From `event_strengths`.
    weight : ndarray, shape (n,)
        Belief in each report.
    fitted : ndarray, shape (spreads x memories + columns,)
        Weights of the mixture.
    shares : ndarray, shape (cells, columns)
        Columns of the background.
    slow : ndarray, shape (memories + columns,)
        Factor of the season on each memory and column.
    """
    memories = strengths.shape[1]
    added = 0.0 * masses[0]
    for number, mass in enumerate(masses):
        of_spread = fitted[number * memories : (number + 1) * memories] * slow[:memories]
        added = added + scale_rows(mass, weight * (strengths @ of_spread))
    backgrounds = shares * (fitted[len(masses) * memories :] * slow[memories:])
    return Parts(added.tocsr(), backgrounds)


def draw_intensity(
    masses: list[Sparse],
    strengths: Floats,
    belief: Floats,
    event: Cells,
    drawn: Floats,
    shares: Floats,
    slow: Floats,
    rng: np.random.Generator,
) -> Floats:
    """Return intensities drawn from their posterior, before local factors, (draws, cells) [1/week].

    Each draw has its own weights; each event counts anew by an exponential chance, and an event
    that is believed by half is there in half of the draws.

    Parameters
    ----------
    belief : ndarray, shape (n,)
        Weight of each report; over the reports of an event at most one.
    event : ndarray of int, shape (n,)
        Number of the event of each report.
    drawn : ndarray, shape (spreads x memories + columns, draws)
        From `draw_mixture`.

    Others as in `put_together`.
    """
    memories, draws = strengths.shape[1], drawn.shape[1]
    size = int(event.max()) + 1 if len(event) else 0
    believed = np.bincount(event, belief, size)
    chance = rng.exponential(size=(size, draws)) * (rng.random((size, draws)) < believed[:, None])
    counted = (belief / np.maximum(believed[event], 1e-12))[:, None] * chance[event]
    out = shares @ (drawn[len(masses) * memories :] * slow[memories:, None])
    for number, mass in enumerate(masses):
        of_spread = drawn[number * memories : (number + 1) * memories] * slow[:memories, None]
        out = out + mass.T @ (counted * (strengths @ of_spread))
    return np.asarray(out.T)


def draw_local(parts: Parts, cell_m: float, draws: int, rng: np.random.Generator) -> Floats:
    """Return what no record tells of each place: factors of mean one, (draws, cells).

    A gamma factor for each block of about 10 km and one for each cell in it. Where only the
    background speaks the block's shape is `BLOCK_SHAPE`: most such blocks are quieter than it
    says, a few far worse. Each event behind the figure makes the factor surer.

    Parameters
    ----------
    parts : Parts
        What the intensity is made of.
    cell_m : float
        Length of a cell [m].
    draws : int
        How many.
    rng : Generator
        Where chance comes from.
    """
    cells = parts.backgrounds.shape[0]
    block = np.arange(cells) // max(1, round(BLOCK_M / cell_m))
    of_block = _gamma(effective_events(parts, block), BLOCK_SHAPE, draws, rng)[:, block]
    of_cell = _gamma(effective_events(parts, np.arange(cells)), CELL_SHAPE, draws, rng)
    return np.asarray(of_block * of_cell)


def effective_events(parts: Parts, group: Cells) -> Floats:
    """Return how many equal events each group of cells rests on, shape (groups,).

    The square of the sum of what the events add over the sum of the squares, times the square
    of the events' share of the figure: a group that lives on the background rests on none.
    """
    from scipy import sparse

    cells = len(group)
    gather = sparse.csr_matrix((np.ones(cells), (np.arange(cells), group)))
    added = (parts.events @ gather).tocsr()
    total = np.asarray(added.sum(axis=0)).ravel()
    square = np.asarray(added.multiply(added).sum(axis=0)).ravel()
    background = gather.T @ parts.backgrounds.sum(axis=1)
    share = total / np.maximum(total + background, 1e-300)
    return np.asarray(total**2 / np.maximum(square, 1e-300) * share**2)


def _gamma(events: Floats, shape: float, draws: int, rng: np.random.Generator) -> Floats:
    sure = shape + EVENT_SCATTER * events
    return np.asarray(rng.gamma(np.broadcast_to(sure, (draws, len(sure)))) / sure)
