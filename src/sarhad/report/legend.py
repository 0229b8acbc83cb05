"""The legend of a map: only what is on it, with how many of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from matplotlib.patches import Circle, Rectangle

from sarhad.report.page import FAINT_INK, INK, PAPER, Box, Page, drawable_name
from sarhad.report.relief import TINTS, VOID_COLOUR
from sarhad.report.symbols import (
    INCIDENT_COLOUR,
    LINE_COLOUR,
    POST_SYMBOLS,
    SECTOR_COLOURS,
    SITE_SYMBOL,
    party_colours,
)
from sarhad.scenario import Scenario

ROW_MM: Final = 4.6
POINTS: Final = 7.0

Sample = Callable[[Page, float, float], None]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the legend: how to draw the sample around a point [mm], and its words."""

    sample: Sample
    words: str


def draw_legend(
    page: Page,
    box: Box,
    scenario: Scenario,
    heights_m: tuple[float, float] | None,
    voids: bool,
) -> None:
    """Draw the legend into a box, in two columns where it is wide; the tints of the relief last.

    Parameters
    ----------
    page : Page
        The sheet.
    box : Box
        Room for the legend [mm].
    scenario : Scenario
        Whose kinds and parties are explained.
    heights_m : (low, high) or None
        Heights between which the tints run [m]; no tints without heights.
    voids : bool
        Whether the map shows ground without a height.
    """
    shapes = [Entry(_line_sample, "the line, marks in km from its start")]
    if scenario.sectors:
        shapes.append(Entry(_sector_sample, f"sectors in turn ({len(scenario.sectors)})"))
    shapes += place_entries(scenario, voids)
    below = draw_entries(page, box, shapes, party_entries(scenario) + _incident_entries(scenario))
    if heights_m is not None:
        _draw_tints(page, Box(below.left, below.top - 5.0, below.right, below.top - 2.0), heights_m)


def draw_entries(page: Page, box: Box, first: list[Entry], second: list[Entry]) -> Box:
    """Draw two groups of entries, side by side where the box is wide; return the room left."""
    columns = [first, second] if box.width > box.height else [first + second]
    width = box.width / len(columns)
    for index, entries in enumerate(columns):
        left = box.left + index * width
        for row, entry in enumerate(entries):
            y = box.top - 3.0 - row * ROW_MM
            entry.sample(page, left + 3.5, y)
            words = page.shorten(entry.words, POINTS, width - 9.0)
            page.write(left + 8.0, y, words, POINTS, va="center_baseline")
    return Box(box.right - width, box.bottom, box.right, box.top - ROW_MM * len(columns[-1]))


def place_entries(scenario: Scenario, voids: bool) -> list[Entry]:
    """Return the kinds of posts, the civil sites and the voids that a map shows."""
    entries = []
    kinds: Counter[str] = Counter(post.kind for post in scenario.posts)
    for kind, symbol in POST_SYMBOLS.items():
        if kinds[kind]:
            sample = _marker_sample(symbol.marker, symbol.points, "#8a8f96", PAPER)
            entries.append(Entry(sample, f"{symbol.words} ({kinds[kind]})"))
    if scenario.sites:
        sample = _marker_sample(SITE_SYMBOL.marker, SITE_SYMBOL.points, "none", INK)
        entries.append(Entry(sample, f"{SITE_SYMBOL.words} ({len(scenario.sites)})"))
    if voids:
        entries.append(Entry(_void_sample, "no heights here"))
    return entries


def party_entries(scenario: Scenario) -> list[Entry]:
    """Return the colours of the parties that hold posts."""
    held = Counter(post.party for post in scenario.posts)
    colours = party_colours(scenario.parties)
    return [
        Entry(
            _marker_sample("s", 6.0, colours[party.id], PAPER),
            f"{drawable_name(party.name, party.id)} ({held[party.id]})",
        )
        for party in scenario.parties
        if held[party.id]
    ]


def _incident_entries(scenario: Scenario) -> list[Entry]:
    entries = []
    unplaced = sum(incident.lon is None for incident in scenario.incidents)
    if len(scenario.incidents) > unplaced:
        entries.append(Entry(_incident_sample, "incident, somewhere in its circle"))
    if unplaced:
        noun = "report" if unplaced == 1 else "reports"
        entries.append(Entry(_no_sample, f"{unplaced} {noun} without a place"))
    return entries


def _line_sample(page: Page, x: float, y: float) -> None:
    page.axes.plot([x - 3, x + 3], [y, y], color=LINE_COLOUR, lw=1.5)
    page.axes.plot([x, x], [y - 1.1, y + 1.1], color=LINE_COLOUR, lw=1.1)


def _sector_sample(page: Page, x: float, y: float) -> None:
    for start, colour in zip((x - 3, x), SECTOR_COLOURS, strict=True):
        page.axes.plot(
            [start, start + 3], [y, y], color=colour, lw=6.5, alpha=0.38, solid_capstyle="butt"
        )


def _marker_sample(marker: str, points: float, face: str, edge: str) -> Sample:
    def sample(page: Page, x: float, y: float) -> None:
        page.axes.plot([x], [y], marker, ms=points, mfc=face, mec=edge, mew=0.8)

    return sample


def _incident_sample(page: Page, x: float, y: float) -> None:
    circle = Circle((x, y), 1.7)
    circle.set(facecolor="#fbe9e4", edgecolor=INCIDENT_COLOUR, lw=1.0, ls=(0, (3, 1.5)))
    page.axes.add_patch(circle)


def _void_sample(page: Page, x: float, y: float) -> None:
    page.axes.add_patch(Rectangle((x - 3, y - 1.4), 6, 2.8, facecolor=VOID_COLOUR))


def _no_sample(page: Page, x: float, y: float) -> None:
    page.write(x, y, "–", POINTS, ha="center", va="center_baseline", color=FAINT_INK)


def _draw_tints(page: Page, box: Box, heights_m: tuple[float, float]) -> None:
    edges = np.linspace(box.left + 0.5, box.right - 12.0, 49)
    for index, (left, right) in enumerate(pairwise(edges)):
        page.axes.add_patch(
            Rectangle(
                (left, box.bottom), right - left + 0.05, box.height, facecolor=TINTS(index / 47)
            )
        )
    for share in (0.0, 0.5, 1.0):
        height = heights_m[0] + share * (heights_m[1] - heights_m[0])
        x = edges[0] + share * (edges[-1] - edges[0])
        unit = " m" if share == 1.0 else ""
        page.write(x, box.bottom - 3.0, f"{height:,.0f}{unit}", 6, ha="center", color=FAINT_INK)
