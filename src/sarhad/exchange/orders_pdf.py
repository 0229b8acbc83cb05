"""Writes the orders of a unit as PDF: A4, one page a day, to be read by torchlight."""

from __future__ import annotations

import logging
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fpdf import FPDF
from fpdf.fonts import TTFFont

from sarhad.exchange.atomic import write_atomically
from sarhad.exchange.routes import PatrolRoute, RoutePoint, stay_text
from sarhad.exchange.texts import clean_line
from sarhad.scenario import Scenario

MARGIN_MM: Final = 15.0
WIDTH_MM: Final = 210.0 - 2 * MARGIN_MM
BOTTOM_MM: Final = 297.0 - 18.0
TIME_MM: Final = 56.0

TITLE_PT: Final = 24.0
HEAD_PT: Final = 16.0
BODY_PT: Final = 17.0
NOTE_PT: Final = 13.0
SMALL_PT: Final = 11.0
LEAST_PT: Final = 9.0
"""A day that does not fit its page is set smaller, down to this; then the page says so."""

LINE_HEIGHT: Final = 1.3
MM_PER_POINT: Final = 25.4 / 72

ENGLISH_SHEET: Final[Mapping[str, str]] = {
    "orders": "ORDERS",
    "duty": "On duty {start} to {until}",
    "base": "Base: {base}",
    "zone": "All times: {zone}",
    "page": "Day {number} of {days}",
    "own": "For this unit only. Destroy when done.",
    "cut": "{count} more lines did not fit: ask your base.",
}
"""Words of the page; a translation has the same keys and the same fields in braces."""

FONT_FOLDERS: Final = {
    "linux": ("/usr/share/fonts", "/usr/local/share/fonts"),
    "darwin": ("/System/Library/Fonts", "/Library/Fonts"),
    "win32": ("C:/Windows/Fonts",),
}

WIDE_FONTS: Final = (
    "DroidSansFallback*.ttf", "wqy-*.ttc", "NotoSansSC*.ttf", "simhei.ttf", "msyh.ttc",
    "Arial Unicode.ttf", "NotoSansArabic-Regular.ttf",
)  # fmt: skip
"""Fonts that hold what DejaVu lacks, in the order of preference; used where they are there."""

FIRST_SHAPED: Final = 0x590
"""Hebrew, Arabic and the scripts of India and beyond begin here."""

OUTLINES: Final = (b"\x00\x01\x00\x00", b"true", b"ttcf")
"""How files of TrueType outlines begin; others are passed over."""


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order: when, what, and in small print where."""

    time: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One day of one unit.

    Attributes
    ----------
    heading : str
        The unit's name.
    code : str
        Its id, in small print: legible whatever script the name is in.
    party : str
        Who gets it.
    day : date
        Local day on which the patrol day begins.
    start, until : datetime
        On duty, in local time.
    base : str
        Post where it starts and ends.
    lines : tuple of OrderLine
        What to do when.
    remarks : tuple of str
        What else has to be known.
    """

    heading: str
    code: str
    party: str
    day: date
    start: datetime
    until: datetime
    base: str
    lines: tuple[OrderLine, ...]
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.until.tzinfo is None:
            raise ValueError("times of an order say their offset from UTC")


def pages_of(
    routes: Iterable[PatrolRoute], scenario: Scenario, party: str, remarks: Sequence[str] = ()
) -> tuple[OrderPage, ...]:
    """Return the pages of a unit's released routes.

    Parameters
    ----------
    routes : iterable of PatrolRoute
        Of one unit.
    scenario : Scenario
        Names of posts and parties.
    party : str
        Who gets them.
    remarks : sequence of str
        What every page has to say.

    Raises
    ------
    ValueError
        If the party does not take part in one of the routes.
    """
    names = {p.id: p.name for p in scenario.parties}
    posts = {post.id: post.name for post in scenario.posts}
    pages = []
    for route in routes:
        if party not in route.parties:
            raise ValueError(f"{route.team} has no member of {party}: its orders stay with others")
        lines = [
            OrderLine(_span(stop.start, stop.until), stop.text, _where(stop.lon, stop.lat))
            for stop in _merged(route.stops)
        ]
        company = tuple(f"With {names.get(p, p)}" for p in route.parties if p != party)
        pages.append(
            OrderPage(
                route.title,
                route.team,
                names.get(party, party),
                route.day,
                route.start,
                route.until,
                posts.get(route.base, route.base),
                tuple(lines),
                (*company, *remarks),
            )
        )
    return tuple(pages)


def _merged(stops: Sequence[RoutePoint]) -> list[RoutePoint]:
    """Join stays at one place that follow each other: nobody has to read them hour by hour."""
    merged: list[RoutePoint] = []
    for stop in stops:
        last = merged[-1] if merged else stop
        if last.role == stop.role == "stay" and last.cell == stop.cell and last.until == stop.start:
            text = stay_text(last.start, stop.until)
            merged[-1:] = [replace(last, until=stop.until, text=text)]
        else:
            merged.append(stop)
    return merged


def _span(start: datetime, until: datetime) -> str:
    return f"{start:%H:%M}" if until == start else f"{start:%H:%M} - {until:%H:%M}"


def _where(lon: float, lat: float) -> str:
    return f"{abs(lat):.5f} {'N' if lat >= 0 else 'S'}  {abs(lon):.5f} {'E' if lon >= 0 else 'W'}"


def write_orders(
    path: Path,
    pages: Sequence[OrderPage],
    issued: datetime,
    *,
    words: Mapping[str, str] = ENGLISH_SHEET,
    fonts: Sequence[Path] | None = None,
) -> None:
    """Write pages of orders as PDF, whole or not at all.

    Parameters
    ----------
    path : Path
        The file; its folder exists.
    pages : sequence of OrderPage
        A unit's days.
    issued : datetime
        When they were issued, aware.
    words : mapping of str to str
        `ENGLISH_SHEET`, or a translation of it.
    fonts : sequence of Path, optional
        Regular, bold, then what to fall back on; `find_fonts()` where left out.

    Raises
    ------
    OSError
        If it cannot be written, or no font is there.
    """
    write_atomically(path, pdf_of(pages, issued, words=words, fonts=fonts))


def pdf_of(
    pages: Sequence[OrderPage],
    issued: datetime,
    *,
    words: Mapping[str, str] = ENGLISH_SHEET,
    fonts: Sequence[Path] | None = None,
) -> bytes:
    """Return pages of orders as a PDF document."""
    if issued.tzinfo is None or not pages:
        raise ValueError("issued says its offset from UTC, and there is a page at least")
    missing = sorted(ENGLISH_SHEET.keys() - words.keys())
    if missing:
        raise ValueError(f"the words lack {', '.join(missing)}")
    text = clean_line(" ".join([*words.values(), *(_text_of(page) for page in pages)]))
    with closing(_Sheet(find_fonts() if fonts is None else fonts, issued, text)) as sheet:
        for number, page in enumerate(pages, start=1):
            sheet.add_order(page, words["page"].format(number=number, days=len(pages)), words)
        return sheet.bytes()


def _text_of(page: OrderPage) -> str:
    said = [part for line in page.lines for part in (line.time, line.text, line.note)]
    return " ".join([page.heading, page.code, page.party, page.base, *said, *page.remarks])


@cache
def find_fonts() -> tuple[Path, ...]:
    """Return DejaVu Sans and its bold, then the fonts of this machine that hold other scripts.

    DejaVu comes with matplotlib, which is looked for, not imported; it holds Latin, Cyrillic
    (Tajik too) and Arabic script (Persian too). Chinese needs a font of the machine.
    """
    spec = find_spec("matplotlib")
    places = list(spec.submodule_search_locations or ()) if spec else []
    dejavu = [
        Path(place) / "mpl-data" / "fonts" / "ttf" / name
        for place in places
        for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
    ]
    if not dejavu or not all(path.is_file() for path in dejavu):
        raise FileNotFoundError("no DejaVu Sans: is matplotlib installed?")
    folders = [Path(folder) for folder in FONT_FOLDERS.get(sys.platform, ())]
    found = [
        path for name in WIDE_FONTS for folder in folders for path in sorted(folder.rglob(name))[:1]
    ]
    return (*dejavu, *found)


class _Sheet:
    """The PDF while it is being written."""

    def __init__(self, fonts: Sequence[Path], issued: datetime, text: str) -> None:
        # fontTools tells about every table that it leaves out.
        logging.getLogger("fontTools").setLevel(logging.ERROR)
        self.pdf = FPDF(format="A4")
        self.pdf.set_creation_date(issued.astimezone(UTC))
        self.pdf.set_producer("Sarhad")
        self.pdf.set_title("Orders")
        self.pdf.set_auto_page_break(False)
        self.pdf.set_margins(MARGIN_MM, MARGIN_MM)
        self.pdf.add_font("sans", "", fonts[0])
        self.pdf.add_font("sans", "B", fonts[1])
        self.codes = self._codes()
        # A font takes 30 ms to open: none is where DejaVu has every letter.
        others = fonts[2:] if any(ord(c) not in self.codes for c in text) else ()
        tried = [self._try(path, number) for number, path in enumerate(others)]
        self.pdf.set_fallback_fonts([name for name in tried if name], exact_match=False)
        self.codes = self._codes()

    def _codes(self) -> set[int]:
        """Return the letters that can be set, regular and bold."""
        every = [font for font in self.pdf.fonts.values() if isinstance(font, TTFFont)]
        return {code for font in every for code in font.cmap}

    def _try(self, path: Path, number: int) -> str:
        """Return the name under which a font was taken, empty where it cannot be used."""
        name = f"other{number}"
        with path.open("rb") as file:
            if file.read(4) not in OUTLINES:
                return ""
        self.pdf.add_font(name, "", path)
        return name

    def bytes(self) -> bytes:
        return bytes(self.pdf.output())

    def close(self) -> None:
        """Close the files of the fonts, which fpdf2 leaves open."""
        for font in self.pdf.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()

    def add_order(self, page: OrderPage, number: str, words: Mapping[str, str]) -> None:
        self.pdf.add_page()
        self._head(page, words)
        self._body(page, words)
        self._foot(number, words)

    def legible(self, text: str) -> str:
        """Return a text with what no font holds as `?`: never an empty box or a wrong letter."""
        kept = (c if ord(c) in self.codes or _joins(c) else "?" for c in clean_line(text))
        shown = "".join(kept)
        return shown if is_from_right(shown) else _FROM_RIGHT.sub(_embed, shown)

    def _prepared(self, text: str) -> str:
        """Return a text as it is set, its letters joined where its script wants it.

        fpdf2 shapes letter by letter to find widths, which takes two thirds of the time of a page:
        Latin and Cyrillic do without.
        """
        shown = self.legible(text)
        self.pdf.set_text_shaping(any(ord(c) >= FIRST_SHAPED for c in shown))
        return shown

    def write(self, text: str, size_pt: float, *, bold: bool = False) -> None:
        """Write a paragraph that starts on the side where its script does."""
        shown = self._prepared(text)
        self.pdf.set_font("sans", "B" if bold else "", size_pt)
        self.pdf.multi_cell(
            0, size_pt * MM_PER_POINT * LINE_HEIGHT, shown,
            align="R" if is_from_right(text) else "L", new_x="LMARGIN", new_y="NEXT",
        )  # fmt: skip

    def rule(self, width_mm: float = 0.6) -> None:
        y = self.pdf.get_y() + 1.5
        self.pdf.set_line_width(width_mm)
        self.pdf.line(MARGIN_MM, y, MARGIN_MM + WIDTH_MM, y)
        self.pdf.set_y(y + 1.5)

    def _head(self, page: OrderPage, words: Mapping[str, str]) -> None:
        self.write(f"{words['orders']}   {page.day:%Y-%m-%d}", TITLE_PT, bold=True)
        self.write(page.heading, TITLE_PT, bold=True)
        self.write(page.party, HEAD_PT)
        self.write(page.code, SMALL_PT)
        self.rule(1.0)
        until = f"{page.until:%H:%M}"
        if page.until.date() != page.start.date():
            until += f" ({page.until:%Y-%m-%d})"
        start = f"{page.start:%H:%M}"
        self.write(words["duty"].format(start=start, until=until), TITLE_PT, bold=True)
        self.write(words["base"].format(base=page.base), HEAD_PT)
        self.write(words["zone"].format(zone=f"UTC{page.start:%z}"), SMALL_PT)
        self.rule(1.0)

    def _body(self, page: OrderPage, words: Mapping[str, str]) -> None:
        room = BOTTOM_MM - self.pdf.get_y() - 8.0 * len(page.remarks) - 8.0
        size = BODY_PT
        heights = [self._height(line, size) for line in page.lines]
        while size > LEAST_PT and sum(heights) > room:
            size -= 1.0
            heights = [self._height(line, size) for line in page.lines]
        end = self.pdf.get_y() + room
        for number, (line, height) in enumerate(zip(page.lines, heights, strict=True)):
            if self.pdf.get_y() + height > end + 0.1:
                left = len(page.lines) - number
                self.write(words["cut"].format(count=left), BODY_PT, bold=True)
                break
            self._line(line, size, height)
        for remark in page.remarks:
            self.write(remark, SMALL_PT, bold=True)

    def _height(self, line: OrderLine, size: float) -> float:
        """Return the height that a line of the order takes [mm]."""
        self.pdf.set_font("sans", "B", size)
        step = size * MM_PER_POINT * LINE_HEIGHT
        text_mm = self.pdf.multi_cell(
            WIDTH_MM - TIME_MM, step, self._prepared(line.text), dry_run=True, output="HEIGHT"
        )
        note_mm = _note_pt(size) * MM_PER_POINT * LINE_HEIGHT if line.note else 0.0
        return float(text_mm) + note_mm + 2.2  # type: ignore[arg-type]

    def _line(self, line: OrderLine, size: float, height: float) -> None:
        top = self.pdf.get_y()
        step = size * MM_PER_POINT * LINE_HEIGHT
        self.pdf.set_font("sans", "B", size)
        self.pdf.cell(TIME_MM, step, self._prepared(line.time))
        self.pdf.set_left_margin(MARGIN_MM + TIME_MM)
        self.write(line.text, size, bold=True)
        if line.note:
            self.write(line.note, _note_pt(size))
        self.pdf.set_left_margin(MARGIN_MM)
        self.pdf.set_y(top + height)
        self.pdf.set_line_width(0.2)
        self.pdf.line(MARGIN_MM, top + height - 1.1, MARGIN_MM + WIDTH_MM, top + height - 1.1)

    def _foot(self, number: str, words: Mapping[str, str]) -> None:
        self.pdf.set_y(BOTTOM_MM + 2.0)
        self.pdf.set_font("sans", "", SMALL_PT)
        step = SMALL_PT * MM_PER_POINT * LINE_HEIGHT
        self.pdf.cell(WIDTH_MM / 2, step, self._prepared(words["own"]))
        self.pdf.cell(WIDTH_MM / 2, step, self._prepared(number), align="R")


def _note_pt(size: float) -> float:
    return NOTE_PT * size / BODY_PT


_FROM_RIGHT: Final = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]"
    "(?:[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u200c\u200d ]*"
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc])?"
)


def _embed(run: re.Match[str]) -> str:
    """Mark words from the right among others: without, fpdf2 parts them at a joiner."""
    return f"\u202b{run.group()}\u202c"


def _joins(character: str) -> bool:
    # Persian is not legible without the two joiners.
    return character in "\u200c\u200d"


def is_from_right(text: str) -> bool:
    """Return whether the first letter of a text belongs to a script that runs from the right."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("L", "R", "AL"):
            return kind != "L"
    return False
