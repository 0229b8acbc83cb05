"""The map of what the watched posts see of the line, and of what nobody sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sarhad.report.furniture import draw_graticule
from sarhad.report.ground_map import (
    describe_line,
    draw_furniture,
    draw_header,
    draw_kilometre_marks,
    draw_posts,
    draw_relief,
    open_sketch,
    split_panel,
)
from sarhad.report.legend import draw_entries, party_entries, place_entries
from sarhad.report.names import MapSketch, name_places, name_sides, write_beside
from sarhad.report.page import Box, Page
from sarhad.report.ribbon import (
    NOTHING_COLOUR,
    RAMP,
    Class,
    Strip,
    chart_box,
    class_entries,
    draw_chart_head,
    draw_ribbon,
    draw_scale,
    draw_strips,
    stepped,
)
from sarhad.scenario import Option, Scenario
from sarhad.terrain import Terrain
from sarhad.visibility.watch import WatchedLine

Floats = NDArray[np.float64]

SHARES: Final = (0.25, 0.5, 0.75)
"""Shares of a cell's sample points between which the classes change [1]."""

SIGHT_CLASSES: Final = (
    Class("nobody sees any of it", NOTHING_COLOUR, nothing=True),
    Class("up to a quarter in sight", RAMP[1]),
    Class("up to half", RAMP[2]),
    Class("up to three quarters", RAMP[3]),
    Class("more than that", RAMP[4]),
)

MOST_NAMED_GAPS: Final = 8
GAP_TEXT: Final = "#8f3d00"

CHANCES: Final = (0.01, 0.1, 0.5, 0.9)
"""Chances of being noticed within an hour between which the classes change [1]."""

CHANCE_CLASSES: Final = (
    Class("unseen", NOTHING_COLOUR),
    Class("<1 %", "#f2f2ee"),
    Class("<10 %", RAMP[0]),
    Class("<50 %", RAMP[2]),
    Class("<90 %", RAMP[3]),
    Class("more", RAMP[4]),
)


def draw_sight_map(
    scenario: Scenario, terrain: Terrain, watched: WatchedLine, attributions: Sequence[str] = ()
) -> Figure:
    """Return the map of what the watched posts see of the line, as a figure of A4 landscape.

    Parameters
    ----------
    scenario : Scenario
        The border and its sectors.
    terrain : Terrain
        Heights; its frame's projection is that of the map.
    watched : WatchedLine
        What the posts see; they alone are drawn.
    attributions : sequence of str
        Who is to be named for the data drawn, beside the credit of the heights.
    """
    page = Page()
    shown = _with_posts_alone(scenario, watched)
    sketch = open_sketch(page, shown, terrain, attributions)
    voids = draw_relief(sketch)
    draw_graticule(page, sketch.sheet, terrain.grid)
    draw_furniture(sketch)
    draw_ribbon(sketch, SIGHT_CLASSES, sight_classes(watched), watched.edges_m, "sight")
    draw_posts(sketch)
    draw_kilometre_marks(sketch)
    _name_gaps(sketch, watched)
    name_sides(sketch)
    name_places(sketch)
    draw_header(sketch, _facts(scenario, watched), "what the posts see of the line")
    _draw_panel(sketch, watched, voids)
    return page.figure


def sight_classes(watched: WatchedLine) -> NDArray[np.int64]:
    """Return the class of each cell by its share in sight, shape (cells,)."""
    return np.where(watched.watched, 1 + np.searchsorted(SHARES, watched.share - 1e-9), 0)


def chance_classes(rate: Floats, watched: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the class of each cell by the chance of being noticed in an hour at a rate [1/h]."""
    chance = -np.expm1(-rate)
    return np.where(watched, 1 + np.searchsorted(CHANCES, chance, side="right"), 0)


def _with_posts_alone(scenario: Scenario, watched: WatchedLine) -> Scenario:
    option = Option(name=scenario.default_option, title="Posts")
    return replace(
        scenario, posts=watched.posts, units=(), sites=(), incidents=(), options=(option,)
    )


def _facts(scenario: Scenario, watched: WatchedLine) -> str:
    gaps = watched.unseen
    longest = max((end - start for start, end in gaps), default=0.0)
    unseen_km = scenario.border.length_m / 1000.0 - watched.seen_km
    kind = "posts with a unit" if watched.invented else "watched posts"
    stretches = "stretch" if len(gaps) == 1 else "stretches"
    return (
        f"{describe_line(scenario)} · {len(watched.posts)} {kind} · nobody sees {unseen_km:,.0f} "
        f"km in {len(gaps)} {stretches}, the longest {longest:,.0f} km"
    )


def _name_gaps(sketch: MapSketch, watched: WatchedLine) -> None:
    """Write the length of the longest stretches that nobody sees beside them."""
    gaps = sorted(watched.unseen, key=lambda gap: gap[0] - gap[1])[:MOST_NAMED_GAPS]
    for start_km, end_km in gaps:
        words = f"{end_km - start_km:,.0f} km unseen"
        write_beside(sketch, (start_km + end_km) * 500.0, words, GAP_TEXT)


def _draw_panel(sketch: MapSketch, watched: WatchedLine, voids: bool) -> None:
    page, scenario = sketch.page, sketch.scenario
    legend, chart = split_panel(sketch.sheet.panel)
    of_cell = sight_classes(watched)
    km = np.bincount(of_cell, watched.length_km, len(SIGHT_CLASSES)).tolist()
    places = place_entries(scenario, voids) + party_entries(scenario)
    draw_entries(page, legend, class_entries(SIGHT_CLASSES, km), places)
    _draw_chart(page, chart, scenario, watched)


def _draw_chart(page: Page, box: Box, scenario: Scenario, watched: WatchedLine) -> None:
    plot = chart_box(box, scenario, strips=2)
    draw_chart_head(
        page,
        box,
        "Share of each kilometre in sight",
        "a person noticed within 1 h:",
        CHANCE_CLASSES,
    )
    draw_scale(page, plot, [(0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")])
    x, y = stepped(plot, watched.share, watched.edges_m)
    page.axes.fill_between(x, plot.bottom, y, color=RAMP[2], lw=0, zorder=2)
    strips = [
        Strip(title, CHANCE_CLASSES, chance_classes(rate, watched.watched))
        for title, rate in (("by day", watched.day_rate), ("at night", watched.night_rate))
    ]
    draw_strips(page, plot, scenario, strips)
