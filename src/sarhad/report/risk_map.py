"""The plot of risk along the line: by week with its error, by hour, with the incidents on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from sarhad.report.ground_map import draw_title
from sarhad.report.page import A4_LANDSCAPE_MM, FAINT_INK, Page, clean_text, font_families
from sarhad.report.sheet import HEADER_MM, MARGIN_MM
from sarhad.risk import IncidentRisk, hour_table

DECADES: Final = 3.0
"""The colours of the hours span so many powers of ten below the greatest."""

PLOT_LEFT_MM: Final = 22.0
SCALE_MM: Final = 8.0
"""Room that the name of the colour scale takes below its box [mm]."""

LINE_MM: Final = 3.0
"""From one line of the foot to the next [mm]."""

INCIDENT_COLOUR: Final = "#0b4f9e"


def draw_risk(
    risk: IncidentRisk,
    title: str,
    ax: tuple[Axes, Axes] | None = None,
    *,
    notices: Sequence[str] = (),
    attributions: Sequence[str] = (),
) -> Figure:
    """Return the plot of a risk.

    Above, events expected in a week per kilometre with their 90 % interval; below, by hour of the
    day, with each incident at its place and time: a bar over the hours in which it may have
    happened, drawn thinner the wider its place is.

    Parameters
    ----------
    risk : IncidentRisk
        From `estimate_risk`.
    title : str
        Above the plot.
    ax : pair of Axes, optional
        Where to draw; a page of A4 with title and sources where left out.
    notices : sequence of str
        What has to be known beside the figures, such as that the heights are a stand-in.
    attributions : sequence of str
        Who is to be named for the data.
    """
    import matplotlib as mpl

    with mpl.rc_context({"font.family": list(font_families()), "font.size": 8}):
        weeks, hours = ax or _lay_out_page(risk, title, notices, attributions)
        _draw_week(weeks, risk)
        _draw_hours(hours, risk)
        _draw_incidents(hours, risk)
    return weeks.get_figure(root=True)  # type: ignore[return-value]


def _lay_out_page(
    risk: IncidentRisk, title: str, notices: Sequence[str], attributions: Sequence[str]
) -> tuple[Axes, Axes]:
    """Return the two plots of a page whose head and foot are written."""
    page = Page()
    facts = (
        f"Expected in a week on the whole line: {risk.weekly.sum():.2g} events"
        f" (90 % interval {risk.total_low:.2g} to {risk.total_high:.2g})"
    )
    draw_title(page, f"{clean_text(title)}: risk from {_day(risk)}", facts, notices)
    width, height = A4_LANDSCAPE_MM
    lines = [
        line
        for text in _foot(risk, attributions)
        for line in page.wrap(clean_text(text), 6.5, width - 2 * MARGIN_MM)
    ]
    for number, line in enumerate(reversed(lines)):
        page.write(MARGIN_MM, MARGIN_MM + number * LINE_MM, line, 6.5, color=FAINT_INK)
    low, high = MARGIN_MM + len(lines) * LINE_MM + SCALE_MM, height - MARGIN_MM - HEADER_MM - 2.0
    left, wide, split = PLOT_LEFT_MM / width, 1 - (PLOT_LEFT_MM + MARGIN_MM) / width, 0.36
    above = (left, (high - split * (high - low)) / height, wide, split * (high - low) / height)
    below = (left, low / height, wide, ((1 - split) * (high - low) - 5.0) / height)
    weeks = page.figure.add_axes(above)
    return weeks, page.figure.add_axes(below, sharex=weeks)


def _day(risk: IncidentRisk) -> str:
    return f"{risk.at.day} {risk.at:%B %Y}"


def _foot(risk: IncidentRisk, attributions: Sequence[str]) -> list[str]:
    marks = (
        "Blue: incidents of the record, at the hours in which they may have happened; thin where"
        " the place is not known to 10 km."
    )
    left_out = "; ".join(risk.covariates.left_out)
    sources = "Sources: " + " · ".join(attributions)
    return [marks, *([left_out] if left_out else []), *([sources] if attributions else [])]


def _edges_km(risk: IncidentRisk) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.linspace(0.0, risk.strip.border.length_m / 1000, risk.strip.cells + 1)


def _draw_week(axes: Axes, risk: IncidentRisk) -> None:
    edges = _edges_km(risk)
    size_km = edges[1] - edges[0]
    least = max(float(risk.weekly.max()) * 1e-5, 1e-12)
    ends = [np.maximum(end / size_km, least) for end in (risk.weekly_low, risk.weekly_high)]
    axes.stairs(ends[1], edges, baseline=ends[0], fill=True, color="#e8b4a0", label="90 % interval")
    axes.stairs(
        risk.weekly / size_km, edges, baseline=None, color="#a3260f", lw=0.9, label="expected"
    )
    axes.set_yscale("log")
    axes.set_ylim(bottom=least)
    axes.set_ylabel("events a week and km")
    axes.tick_params(labelbottom=False)
    axes.legend(loc="upper right", fontsize=7, framealpha=0.9)


def _draw_hours(axes: Axes, risk: IncidentRisk) -> None:
    edges = _edges_km(risk)
    table = hour_table(risk).T / (edges[1] - edges[0])
    greatest = max(float(table.max()), 1e-12)
    least = greatest * 10.0**-DECADES
    norm, shown = LogNorm(least, greatest), np.maximum(table, least)
    mesh = axes.pcolormesh(edges, np.arange(25), shown, norm=norm, cmap="YlOrRd", rasterized=True)
    bar = axes.get_figure(root=True).colorbar(  # type: ignore[union-attr]
        mesh, ax=axes, orientation="horizontal", fraction=0.06, pad=0.16, aspect=60
    )
    bar.set_label("events an hour and km", fontsize=7)
    axes.set_yticks(range(0, 25, 3))
    axes.set_ylim(24, 0)
    axes.set_ylabel("hour of the day")
    axes.set_xlabel("km along the line")
    axes.set_xlim(edges[0], edges[-1])


def _draw_incidents(axes: Axes, risk: IncidentRisk) -> None:
    records = risk.records
    for row in np.nonzero(records.cell >= 0)[0]:
        km = risk.strip.middles_m[records.cell[row]] / 1000
        begin, span = float(records.begin[row] % 1.0 * 24), records.end[row] - records.begin[row]
        end = begin + min(float(span), 1.0) * 24
        width = 2.2 if records.radius_m[row] <= 10_000 else 0.8
        for low, high in ((begin, min(end, 24.0)), (0.0, end - 24.0)):
            if high >= low:
                high = max(high, low + 0.25)
                axes.plot([km, km], [low, high], color=INCIDENT_COLOUR, lw=width, alpha=0.7)
