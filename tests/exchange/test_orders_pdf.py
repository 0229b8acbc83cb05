"""Orders on paper: what stands on the page, in every script that a name may be in."""

from __future__ import annotations

import errno
import re
import shutil
import subprocess
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from tests.exchange import made_plan as made

from sarhad.exchange import atomic, orders_pdf
from sarhad.exchange.orders_pdf import (
    ENGLISH_SHEET,
    OrderLine,
    OrderPage,
    find_fonts,
    is_from_right,
    pages_of,
    pdf_of,
    write_orders,
)

ISSUED = datetime(2025, 12, 1, tzinfo=UTC)
START = datetime.fromisoformat("2025-12-08T22:00+05:00")


def page(*lines: OrderLine, heading: str = "Team", base: str = "Post") -> OrderPage:
    until = START + timedelta(hours=4)
    return OrderPage(heading, "foot#1", "TJ", date(2025, 12, 8), START, until, base, lines)


def text_of(content: bytes, tmp_path: Path) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (Debian: poppler-utils) is not installed")
    (tmp_path / "a.pdf").write_bytes(content)
    command = ["pdftotext", "-layout", str(tmp_path / "a.pdf"), "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def page_count(content: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", content))


def test_one_page_a_day_with_times_places_and_base(tmp_path: Path) -> None:
    own = [r for r in made.routes() if r.team == "foot#1"]
    content = pdf_of(pages_of(own, made.scenario(), "TJ", ("Made up.",)), ISSUED)
    assert page_count(content) == 2
    text = text_of(content, tmp_path)
    for said in ("On duty 04:00 to 09:00", "06:30 - 07:00", "Watch the line for 30 min",
                 "All times: UTC+0500", "Made up.", "Day 2 of 2"):  # fmt: skip
        assert said in text
    assert made.NASTY_POST in text


def test_stays_at_one_place_are_one_line() -> None:
    (first, *_) = pages_of(made.routes()[:1], made.scenario(), "TJ")
    times = [line.time for line in first.lines]
    assert times == ["04:00", "04:45 - 06:00", "06:30 - 07:00", "08:00 - 09:00"]
    assert first.lines[1].text == "Watch the line for 75 min"


def test_orders_of_another_party_are_refused() -> None:
    with pytest.raises(ValueError, match="stay with others"):
        pages_of(made.routes()[:1], made.scenario(), "RU")


def test_mixed_team_is_told_with_whom() -> None:
    (order,) = pages_of([made.routes()[2]], made.scenario(), "TJ")
    assert order.remarks == (f"With {made.PERSIAN} {made.CHINESE}",)


def test_night_duty_says_on_which_day_it_ends(tmp_path: Path) -> None:
    assert "On duty 22:00 to 02:00 (2025-12-09)" in text_of(pdf_of([page()], ISSUED), tmp_path)


def test_tajik_is_set_in_its_own_letters(tmp_path: Path) -> None:
    text = text_of(pdf_of([page(heading=made.TAJIK + " ғӣқӯҳҷ")], ISSUED), tmp_path)
    assert made.TAJIK + " ғӣқӯҳҷ" in text


def test_persian_words_among_others_keep_their_order() -> None:
    # Without a mark fpdf2 parts the words at the joiner and sets the last one first.
    with closing(orders_pdf._Sheet(find_fonts(), ISSUED, made.PERSIAN)) as sheet:
        shown = sheet.legible(f"Base: {made.PERSIAN} (7)")
        assert shown == f"Base: \u202b{made.PERSIAN}\u202c (7)"
        assert sheet.legible(made.PERSIAN) == made.PERSIAN


@pytest.mark.parametrize(
    ("text", "right"), [("a پ", False), ("(پ a", True), ("12", False), ("", False), ("пост", False)]
)
def test_paragraph_starts_where_its_script_does(text: str, right: bool) -> None:
    assert is_from_right(text) is right


def test_letters_that_no_font_has_are_question_marks_beside_the_id(tmp_path: Path) -> None:
    dejavu = find_fonts()[:2]
    content = pdf_of([page(heading=made.CHINESE)], ISSUED, fonts=dejavu)
    text = text_of(content, tmp_path)
    assert "???" in text
    assert "foot#1" in text


def test_fallback_font_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    fonts = (*find_fonts()[:2], tmp_path / "broken.ttf")
    assert page_count(pdf_of([page(heading=made.CHINESE)], ISSUED, fonts=fonts)) == 1


def test_long_day_is_set_smaller_and_fits_one_page(tmp_path: Path) -> None:
    lines = [OrderLine(f"{k:02d}:00", f"Line number {k}", "37.1 N") for k in range(20)]
    content = pdf_of([page(*lines)], ISSUED)
    assert page_count(content) == 1
    assert "Line number 19" in text_of(content, tmp_path)


def test_day_that_fits_in_no_size_says_how_much_is_missing(tmp_path: Path) -> None:
    lines = [OrderLine(f"{k}", f"Line number {k}", "37.1 N") for k in range(80)]
    content = pdf_of([page(*lines)], ISSUED)
    assert page_count(content) == 1
    text = text_of(content, tmp_path)
    missing = re.search(r"(\d+) more lines did not fit", text)
    assert missing
    assert len(re.findall("Line number", text)) + int(missing.group(1)) == 80


def test_same_orders_give_the_same_bytes() -> None:
    pages = pages_of(made.routes()[:1], made.scenario(), "TJ")
    assert pdf_of(pages, ISSUED) == pdf_of(pages, ISSUED)


def test_words_can_be_translated_and_none_may_lack(tmp_path: Path) -> None:
    russian = {**ENGLISH_SHEET, "orders": "ПРИКАЗ"}
    assert "ПРИКАЗ" in text_of(pdf_of([page()], ISSUED, words=russian), tmp_path)
    with pytest.raises(ValueError, match="the words lack zone"):
        pdf_of([page()], ISSUED, words={k: v for k, v in russian.items() if k != "zone"})


def test_order_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset from UTC"):
        replace(page(), start=datetime(2025, 12, 8))  # noqa: DTZ001


def test_full_disk_leaves_the_old_orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.pdf").write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device.*a\.pdf"):
        write_orders(tmp_path / "a.pdf", [page()], ISSUED)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"]
