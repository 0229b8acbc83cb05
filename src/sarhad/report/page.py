"""A page of paper measured in millimetres: text that is safe to draw, and room for labels."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from numpy.typing import NDArray

A4_LANDSCAPE_MM: Final = (297.0, 210.0)
"""Width and height of the sheet [mm]; ISO 216 (2007)."""

MM_PER_INCH: Final = 25.4
MM_PER_POINT: Final = MM_PER_INCH / 72.0
SMALLEST_POINTS: Final = 6.0
"""No text is set smaller [pt]: the least that is read with ease on paper."""

PICTURE_DPI: Final = 150
"""Resolution of pictures such as the relief [1/inch]; finer only makes the SVG heavier."""

INK: Final = "#1c1c1c"
FAINT_INK: Final = "#5a5a5a"
PAPER: Final = "#ffffff"

# The first is part of matplotlib; the others serve scripts that it lacks, where installed.
FONT_FAMILIES: Final = (
    "DejaVu Sans",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "WenQuanYi Micro Hei",
)
JOINERS: Final = frozenset("\u200c\u200d")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the page, sides parallel to its edges [mm]."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        """Return the width [mm]."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Return the height [mm]."""
        return self.top - self.bottom

    def grown(self, by_mm: float) -> Box:
        """Return the box with each side moved outwards [mm]."""
        return Box(self.left - by_mm, self.bottom - by_mm, self.right + by_mm, self.top + by_mm)


@cache
def font_families() -> tuple[str, ...]:
    """Return the names of the fonts to draw with, best first; all of them are installed."""
    installed = set(fontManager.get_font_names())
    return tuple(family for family in FONT_FAMILIES if family in installed)


@cache
def _drawable_codes() -> frozenset[int]:
    fonts = (get_font(findfont(FontProperties(family=name))) for name in font_families())
    return frozenset(code for font in fonts for code in font.get_charmap())


def clean_text(text: str) -> str:
    """Return a text on one line, without the characters that steer instead of being read."""
    kept = (
        character if character in JOINERS or unicodedata.category(character)[0] != "C" else " "
        for character in text
    )
    return " ".join("".join(kept).split())


def drawable_name(name: str, instead: str) -> str:
    """Return the name as it can be drawn: itself, or `instead` where no font has its letters.

    Parameters
    ----------
    name : str
        A name as a person entered it, in any script.
    instead : str
        An identifier; drawn in the place of a name that would come out as empty boxes.
    """
    text = clean_text(name)
    codes = _drawable_codes()
    return text if text and all(ord(character) in codes for character in text) else instead


class Page:
    """A sheet whose drawing coordinates are millimetres from its lower left corner."""

    def __init__(self, size_mm: tuple[float, float] = A4_LANDSCAPE_MM) -> None:
        width, height = size_mm
        self.figure = Figure(
            figsize=(width / MM_PER_INCH, height / MM_PER_INCH), dpi=300, facecolor=PAPER
        )
        canvas: Any = FigureCanvasAgg(self.figure)
        self._renderer = canvas.get_renderer()
        self.axes: Axes = self.figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self.axes.set_axis_off()
        self.axes.set_xlim(0.0, width)
        self.axes.set_ylim(0.0, height)

    def write(self, x_mm: float, y_mm: float, text: str, points: float, **style: Any) -> Text:
        """Draw a text, every character as it stands, no smaller than may be read [mm, pt]."""
        style = {"color": INK, "va": "baseline", "family": list(font_families()), **style}
        size = max(points, SMALLEST_POINTS)
        return self.axes.text(x_mm, y_mm, text, fontsize=size, parse_math=False, **style)

    def clip(self, artist: Artist, box: Box) -> None:
        """Show only what of an artist lies in the box."""
        window = Rectangle((box.left, box.bottom), box.width, box.height)
        artist.set_clip_path(window.get_path(), window.get_transform() + self.axes.transData)

    def plate(self, box: Box, alpha: float = 0.82) -> None:
        """Lay a pale plate under a legend on the map."""
        window = Rectangle((box.left, box.bottom), box.width, box.height)
        window.set(facecolor=PAPER, alpha=alpha, lw=0, zorder=8)
        self.axes.add_patch(window)

    def measure(self, text: str, points: float, weight: str = "normal") -> tuple[float, float]:
        """Return the width and height of a text set on one line [mm]."""
        size = max(points, SMALLEST_POINTS)
        properties = FontProperties(family=list(font_families()), size=size, weight=weight)
        width, height, _ = self._renderer.get_text_width_height_descent(
            text, properties, ismath=False
        )
        mm_per_pixel = MM_PER_INCH / self.figure.dpi
        # Every line gets the height of one with ascenders, so that rows of labels look even.
        return width * mm_per_pixel, max(height * mm_per_pixel, size * MM_PER_POINT)

    def wrap(self, text: str, points: float, width_mm: float) -> list[str]:
        """Return the text cut into lines that are no wider than asked [mm]."""
        lines: list[str] = []
        for word in text.split():
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.measure(longer, points)[0] <= width_mm:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines

    def shorten(self, text: str, points: float, width_mm: float) -> str:
        """Return the text, cut with an ellipsis where it is wider than asked [mm]."""
        if self.measure(text, points)[0] <= width_mm:
            return text
        while text and self.measure(f"{text}…", points)[0] > width_mm:
            text = text[:-1].rstrip()
        return f"{text}…" if text else ""


def write_png(figure: Figure, dpi: int = 300) -> bytes:
    """Return the figure as a PNG; the same figure gives the same bytes."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def write_svg(figure: Figure) -> bytes:
    """Return the figure as an SVG with text as text; the same figure gives the same bytes."""
    buffer = BytesIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "sarhad"}):
        figure.savefig(
            buffer, format="svg", dpi=PICTURE_DPI, metadata={"Date": None, "Creator": None}
        )
    return buffer.getvalue()


class LabelRoom:
    """The free room of a map: what is placed first stays, what comes later makes way.

    Parameters
    ----------
    frame : Box
        Where labels may lie.
    line_mm : (n, 2) array
        Points along the line, dense against the size of a letter; no label covers one.
    """

    def __init__(self, frame: Box, line_mm: NDArray[np.float64]) -> None:
        self._frame = frame
        self._line = line_mm
        self._taken = np.empty((0, 4))

    def reserve(self, boxes: Iterable[Box]) -> None:
        """Keep labels off these boxes."""
        sides = [(box.left, box.bottom, box.right, box.top) for box in boxes]
        if sides:
            self._taken = np.vstack([self._taken, np.array(sides)])

    def is_free(self, box: Box) -> bool:
        """Return whether a label in this box would cover nothing and lie in the frame."""
        frame, taken, line = self._frame, self._taken, self._line
        if box.left < frame.left or box.right > frame.right:
            return False
        if box.bottom < frame.bottom or box.top > frame.top:
            return False
        hits = (
            (taken[:, 0] < box.right)
            & (taken[:, 2] > box.left)
            & (taken[:, 1] < box.top)
            & (taken[:, 3] > box.bottom)
        )
        if hits.any():
            return False
        x, y = line[:, 0], line[:, 1]
        covered = (x > box.left) & (x < box.right) & (y > box.bottom) & (y < box.top)
        return not bool(covered.any())

    def place(self, boxes: Iterable[Box]) -> Box | None:
        """Return the first box that is free and keep it; None where none is."""
        for box in boxes:
            if self.is_free(box):
                self.reserve([box])
                return box
        return None


def boxes_around(
    x_mm: float,
    y_mm: float,
    size_mm: tuple[float, float],
    gaps_mm: Sequence[float],
) -> Iterable[Box]:
    """Yield boxes of one size around a point, nearest first, right before left before others.

    Parameters
    ----------
    x_mm, y_mm : float
        The point [mm].
    size_mm : (float, float)
        Width and height of the box [mm].
    gaps_mm : sequence of float
        Distances between the point and the box, in the order to try [mm].
    """
    width, height = size_mm
    directions = np.radians((0, 180, 90, 270, 35, 325, 145, 215, 60, 300, 120, 240))
    for gap in gaps_mm:
        for angle in directions:
            across, up = float(np.cos(angle)), float(np.sin(angle))
            # The side of the box that faces the point lies `gap` away from it.
            x = x_mm + across * (gap + width / 2)
            y = y_mm + up * (gap + height / 2)
            yield Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
