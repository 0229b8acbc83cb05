"""Where the marks of the brief's plots stand; the templates draw them as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sarhad.report.brief.document import BriefDocument, Estimate, OptionRow

EDGE: Final = 5.0
"""Free room at either end of an axis, for the figures at its ends [% of the width]."""

MOST_TICKS: Final = 5
CHART_WIDTH, CHART_HEIGHT = 380.0, 170.0
CHART_LEFT, CHART_TOP, CHART_BOTTOM, CHART_RIGHT = 42.0, 8.0, 24.0, 8.0


@dataclass(frozen=True, slots=True)
class Axis:
    """A horizontal axis: its ends and the values that are written on it."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """Return where a value stands [% of the width]."""
        share = (value - self.low) / (self.high - self.low)
        return round(EDGE + min(max(share, 0.0), 1.0) * (100.0 - 2 * EDGE), 2)


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of an axis and a mark on it [% of the width]."""

    start: float
    length: float
    mark: float


@dataclass(frozen=True, slots=True)
class Curve:
    """One option's course over the day: an SVG list of points, and which option it is."""

    option: OptionRow
    points: str


def make_axis(values: Sequence[float], *, from_zero: bool = True) -> Axis:
    """Return an axis with round ends that holds all the values."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high <= low:
        high = low + (abs(low) or 1.0)
    step = _round_step((high - low) / (MOST_TICKS - 1))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    # Rounded, or sums of steps would be written with their last bits.
    ticks = tuple(round(index * step, 12) for index in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks)


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(digit * power for digit in (1, 2, 2.5, 5, 10) if digit * power >= least * 0.999)


def span(axis: Axis, estimate: Estimate) -> Bar:
    """Return an interval and the mark of its estimate."""
    start, end = axis.at(estimate.low), axis.at(estimate.high)
    return Bar(start, round(end - start, 2), axis.at(estimate.value))


def between(axis: Axis, first: float, second: float, mark: float) -> Bar:
    """Return the bar between two values, in either order, and a mark."""
    start, end = sorted((axis.at(first), axis.at(second)))
    return Bar(start, round(end - start, 2), axis.at(mark))


def harm_axis(document: BriefDocument) -> Axis:
    """Return the axis of expected harm of all options."""
    return make_axis([option.harm.high for option in document.options])


def tornado_axis(document: BriefDocument) -> Axis:
    """Return the axis of the tornado plot, tight around its bars."""
    ends = [value for bar in document.tornado for value in (bar.at_low, bar.at_high)]
    return make_axis([*ends, document.answers.better.value], from_zero=False)


def contribution_axis(document: BriefDocument) -> Axis:
    """Return the axis of the contributions' worth."""
    found = [each.value for each in document.contributions]
    return make_axis([value for each in found for value in (each.low, each.high)])


def day_curves(document: BriefDocument) -> tuple[Curve, ...]:
    """Return the share watched by hour, of the recommended option and of today's."""
    names = dict.fromkeys((document.answers.recommended, document.answers.today))
    rows = (document.option(name) for name in names)
    return tuple(Curve(row, _points(row.watched_by_hour)) for row in rows if row.watched_by_hour)


def chart_x(share_of_day: float) -> float:
    """Return where a time of the day stands in the chart [px]."""
    width = CHART_WIDTH - CHART_LEFT - CHART_RIGHT
    return round(CHART_LEFT + share_of_day * width, 1)


def chart_y(share: float) -> float:
    """Return where a share stands in the chart [px]."""
    height = CHART_HEIGHT - CHART_TOP - CHART_BOTTOM
    return round(CHART_TOP + (1.0 - min(max(share, 0.0), 1.0)) * height, 1)


def _points(values: Sequence[float]) -> str:
    """Return a course of steps: each value holds for its whole period."""
    count = len(values)
    corners = [
        (chart_x(edge / count), chart_y(value))
        for index, value in enumerate(values)
        for edge in (index, index + 1)
    ]
    return " ".join(f"{x},{y}" for x, y in corners)
