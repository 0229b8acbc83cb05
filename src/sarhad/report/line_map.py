"""The static map of a scenario on one A4 sheet: relief, line, posts, sites, incidents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from sarhad.report.furniture import draw_graticule
from sarhad.report.ground_map import (
    describe_line,
    draw_furniture,
    draw_header,
    draw_kilometre_marks,
    draw_posts,
    draw_relief,
    draw_sites,
    height_range,
    open_sketch,
    split_panel,
)
from sarhad.report.legend import draw_legend
from sarhad.report.names import MapSketch, name_events, name_places, name_sectors, name_sides
from sarhad.report.page import PAPER, Page
from sarhad.report.profile import draw_profile
from sarhad.report.symbols import INCIDENT_COLOUR, LINE_COLOUR, SECTOR_COLOURS, placed_events
from sarhad.scenario import Scenario
from sarhad.terrain import Terrain


def draw_line_map(scenario: Scenario, terrain: Terrain, attributions: Sequence[str] = ()) -> Figure:
    """Return the map of a scenario as a figure of A4 landscape.

    Parameters
    ----------
    scenario : Scenario
        The border, and the posts, sites and incidents along it.
    terrain : Terrain
        Heights; its frame's projection is that of the map.
    attributions : sequence of str
        Who is to be named for the data drawn, beside the credit of the heights; on the sheet.

    Returns
    -------
    matplotlib.figure.Figure
        297 x 210 mm; not known to pyplot. `page.write_png` and `page.write_svg` make bytes of it.
    """
    page = Page()
    sketch = open_sketch(page, scenario, terrain, attributions)
    voids = draw_relief(sketch)
    draw_graticule(page, sketch.sheet, terrain.grid)
    draw_furniture(sketch)
    _draw_sectors(sketch)
    _draw_line(sketch)
    _draw_incident_areas(sketch)
    draw_sites(sketch)
    draw_posts(sketch)
    draw_kilometre_marks(sketch)
    name_events(sketch)
    name_sides(sketch)
    name_sectors(sketch)
    name_places(sketch)
    draw_header(
        sketch,
        f"{describe_line(scenario)} · {len(scenario.posts)} posts · {len(scenario.sites)} civil "
        f"sites · {len(scenario.incidents)} incident reports",
    )
    _draw_panel(sketch, voids)
    return page.figure


def _draw_sectors(sketch: MapSketch) -> None:
    course = sketch.course
    for index, sector in enumerate(sketch.scenario.sectors):
        within = (course.chainage_m >= sector.from_km * 1000.0) & (
            course.chainage_m <= sector.to_km * 1000.0
        )
        sketch.page.axes.plot(
            course.x_mm[within],
            course.y_mm[within],
            color=SECTOR_COLOURS[index % 2],
            lw=6.5,
            alpha=0.48,
            solid_capstyle="butt",
            solid_joinstyle="round",
            zorder=3,
            gid=f"sector-{sector.id}",
        )


def _draw_line(sketch: MapSketch) -> None:
    x, y = sketch.course.x_mm, sketch.course.y_mm
    style: dict[str, Any] = {"solid_capstyle": "round", "solid_joinstyle": "round"}
    sketch.page.axes.plot(x, y, color=PAPER, lw=3.0, zorder=4, alpha=0.9, **style)
    sketch.page.axes.plot(x, y, color=LINE_COLOUR, lw=1.5, zorder=4.1, gid="border", **style)


def _draw_incident_areas(sketch: MapSketch) -> None:
    for event in placed_events(sketch.scenario):
        for area in event.areas:
            (x,), (y,) = sketch.place([area.lon], [area.lat])
            radius = area.radius_km * 1000.0 / sketch.sheet.metres_per_mm
            circle = Circle((float(x), float(y)), max(radius, 0.9))
            circle.set(
                facecolor=(*mpl.colors.to_rgb(INCIDENT_COLOUR), 0.07),
                edgecolor=INCIDENT_COLOUR,
                lw=1.0,
                ls="-" if area.exact else (0, (3, 1.5)),
                zorder=3.5,
                gid=f"incident-{area.id}",
            )
            sketch.page.axes.add_patch(circle)
            sketch.page.clip(circle, sketch.sheet.frame)


def _draw_panel(sketch: MapSketch, voids: bool) -> None:
    legend, profile = split_panel(sketch.sheet.panel)
    heights_m = height_range(sketch.terrain)
    draw_legend(sketch.page, legend, sketch.scenario, heights_m, voids)
    if heights_m is not None:
        draw_profile(sketch.page, profile, sketch.scenario, sketch.terrain)
