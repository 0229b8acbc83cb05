"""Names that people typed, made fit for a format without changing what they say."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

_UNPRINTABLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\u2028\u2029]"
)
"""No XML text may hold the first of these; line separators break scripts and calendars."""

_STEERING: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Marks that turn the direction of all that follows: a name with one could disguise an order."""


def clean(text: str) -> str:
    """Return a text without control characters, each replaced by U+FFFD, and without steering."""
    return _STEERING.sub("", _UNPRINTABLE.sub("\ufffd", text))


def clean_line(text: str) -> str:
    """Return the same on one line."""
    return " ".join(clean(text).split())


def as_html(text: str) -> str:
    """Return a text for a page: markup is shown, never run, and no `$[...]` is filled in."""
    return html.escape(clean(text), quote=True).replace("$", "&#36;")


def as_file_name(text: str) -> str:
    """Return a name that every file system takes and no shell or archive reads as a path."""
    plain = unicodedata.normalize("NFC", clean_line(text))
    safe = re.sub(r"[^\w.+-]", "-", plain, flags=re.ASCII).strip("-.")[:80]
    return safe or "unnamed"
