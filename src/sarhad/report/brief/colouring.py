"""Classes that the line is coloured by: wider and darker is more, for every eye."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.report.brief.line_values import LineValues, Quantised

Floats = NDArray[np.float64]

# Samples of magma and cividis (van der Walt and Smith 2015; Nuñez et al. 2018,
# doi:10.1371/journal.pone.0199239), light to dark: their lightness falls evenly for every eye.
HARM_COLOURS: Final = ("#fcdfa6", "#feb078", "#f1605d", "#b73779", "#721f81", "#2c115f")
COVER_COLOURS: Final = ("#fee838", "#d9c55c", "#a59c74", "#7c7b78", "#445671", "#00224e")
WIDTHS_PX: Final = (2.0, 2.8, 3.6, 4.6, 5.8, 7.0)
"""Width of the line by class [px]: colour alone tells nothing that its width does not."""

COVER_STEPS: Final = (0.01, 0.1, 0.25, 0.5, 0.75)
HARM_QUANTILES: Final = (0.5, 0.75, 0.9, 0.97, 0.995)
"""Shares of the cells that have any harm between which its classes change [1]."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Classes of one layer: the values between them, and their looks, least first."""

    steps: tuple[float, ...]
    colours: tuple[str, ...]
    widths_px: tuple[float, ...] = WIDTHS_PX

    def classes(self, values: Floats) -> NDArray[np.int64]:
        """Return the class of each value."""
        return np.searchsorted(self.steps, values, side="right")


def choose_scales(line: LineValues) -> dict[str, Scale]:
    """Return the scales of risk, coverage and what is left; all options share them."""
    return {
        "risk": Scale(_round_steps(line.risk), HARM_COLOURS),
        "coverage": Scale(COVER_STEPS, COVER_COLOURS),
        "remaining": Scale(_round_steps(line.remaining), HARM_COLOURS),
    }


def _round_steps(array: Quantised) -> tuple[float, ...]:
    """Return quantiles of the values above zero, rounded so that they can be said."""
    values = array.values().ravel()
    positive = values[values > 0]
    if not positive.size:
        return tuple(float(step) for step in range(1, len(WIDTHS_PX)))
    steps = [_round_to_two(step) for step in np.quantile(positive, HARM_QUANTILES)]
    return _make_distinct(steps)


def _round_to_two(value: float) -> float:
    return float(f"{value:.1e}")


def _make_distinct(steps: Sequence[float]) -> tuple[float, ...]:
    """Return steps that grow, each moved up by a hundredth where it would equal the last."""
    grown = [steps[0]]
    for step in steps[1:]:
        grown.append(step if step > grown[-1] else _round_to_two(grown[-1] * 1.1))
    return tuple(grown)
