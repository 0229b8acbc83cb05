"""The map of how long the quickest help takes to each kilometre of the line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sarhad.mobility.response import Response
from sarhad.report.furniture import draw_graticule
from sarhad.report.ground_map import (
    describe_line,
    draw_furniture,
    draw_header,
    draw_kilometre_marks,
    draw_posts,
    draw_relief,
    draw_sites,
    open_sketch,
    split_panel,
)
from sarhad.report.legend import draw_entries, party_entries, place_entries
from sarhad.report.names import MapSketch, name_places, name_sides
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

Integers = NDArray[np.int64]

MINUTES: Final = (15.0, 30.0, 60.0, 120.0)
"""Times between which the classes change [min]."""

REACH_CLASSES: Final = (
    Class("within 15 min", RAMP[4]),
    Class("within 30 min", RAMP[3]),
    Class("within 60 min", RAMP[2]),
    Class("within 120 min", RAMP[1]),
    Class("later", RAMP[0]),
    Class("nobody gets there", NOTHING_COLOUR, nothing=True),
)

# Okabe and Ito (2008), Color Universal Design.
KIND_COLOURS: Final = {
    "foot": "#F0E442",
    "horse": "#CC79A7",
    "vehicle": "#0072B2",
    "helicopter": "#009E73",
}
NO_KIND: Final = Class("none", NOTHING_COLOUR)
LONGEST_MIN: Final = 240.0
"""Top of the chart [min]."""


def draw_reach_map(
    scenario: Scenario, terrain: Terrain, response: Response, attributions: Sequence[str] = ()
) -> Figure:
    """Return the map of the quickest help along the line, as a figure of A4 landscape.

    Parameters
    ----------
    scenario : Scenario
        The border, its sectors and its civil sites.
    terrain : Terrain
        Heights; its frame's projection is that of the map.
    response : Response
        The quickest help; the bases of its units are drawn.
    attributions : sequence of str
        Who is to be named for the data drawn, beside the credit of the heights.
    """
    page = Page()
    sketch = open_sketch(page, _with_bases_alone(scenario, response), terrain, attributions)
    voids = draw_relief(sketch)
    draw_graticule(page, sketch.sheet, terrain.grid)
    draw_furniture(sketch)
    draw_ribbon(sketch, REACH_CLASSES, reach_classes(response), response.edges_m, "reach")
    draw_sites(sketch)
    draw_posts(sketch)
    draw_kilometre_marks(sketch)
    name_sides(sketch)
    name_places(sketch)
    draw_header(sketch, _facts(scenario, response), "how soon the quickest help is there")
    _draw_panel(sketch, response, voids)
    return page.figure


def reach_classes(response: Response) -> Integers:
    """Return the class of each cell by the minutes of its quickest help, shape (cells,)."""
    minutes = response.line.minutes
    return np.where(np.isfinite(minutes), np.searchsorted(MINUTES, minutes), len(MINUTES) + 1)


def _with_bases_alone(scenario: Scenario, response: Response) -> Scenario:
    bases = {unit.base for unit in response.units}
    posts = tuple(post for post in scenario.posts if post.id in bases)
    option = Option(name=scenario.default_option, title="Bases")
    return replace(scenario, posts=posts, units=(), incidents=(), options=(option,))


def _facts(scenario: Scenario, response: Response) -> str:
    within = ", ".join(
        f"{response.within_km(limit):,.0f} km within {limit:g}" for limit in (30, 60, 120)
    )
    return f"{describe_line(scenario)} · {within} min, never {response.never_km:,.0f} km"


def _draw_panel(sketch: MapSketch, response: Response, voids: bool) -> None:
    page, scenario = sketch.page, sketch.scenario
    legend, chart = split_panel(sketch.sheet.panel)
    length_km = np.diff(response.edges_m) / 1000.0
    km = np.bincount(reach_classes(response), length_km, len(REACH_CLASSES)).tolist()
    places = place_entries(scenario, voids) + party_entries(scenario)
    draw_entries(page, legend, class_entries(REACH_CLASSES, km), places)
    _draw_chart(page, chart, scenario, response)


def _draw_chart(page: Page, box: Box, scenario: Scenario, response: Response) -> None:
    plot = chart_box(box, scenario, strips=1)
    kinds = [Class(kind, KIND_COLOURS[kind]) for kind in response.of_kind]
    draw_chart_head(page, box, "Minutes of the quickest help", "", [*kinds, NO_KIND])
    marks = [(share, f"{share * LONGEST_MIN:g}") for share in (0.0, 0.25, 0.5, 0.75)]
    draw_scale(page, plot, [*marks, (1.0, f"{LONGEST_MIN:g}+")])
    minutes = response.line.minutes
    share = np.where(np.isfinite(minutes), np.minimum(minutes / LONGEST_MIN, 1.0), np.nan)
    x, y = stepped(plot, share, response.edges_m)
    page.axes.fill_between(x, plot.bottom, y, color=RAMP[1], lw=0, zorder=2)
    page.axes.plot(x, y, color=RAMP[4], lw=0.5, zorder=3, gid="minutes")
    draw_strips(page, plot, scenario, [Strip("which kind", [*kinds, NO_KIND], _kind_of(response))])


def _kind_of(response: Response) -> Integers:
    """Return for each cell which of the option's kinds is quickest, one beyond them if none is."""
    kinds = list(response.of_kind)
    number = np.array([kinds.index(unit.kind) for unit in response.units], np.int64)
    number = np.append(number, len(kinds))
    # Unit -1, nobody, is the last.
    return number[response.line.unit]
