"""Sentences that the brief can say in every language of its catalogues."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

NumberKind = Literal["auto", "n0", "n1", "n2", "p0", "p1"]
"""How a figure is shown: three significant digits; digits after the point; percent."""


@dataclass(frozen=True, slots=True)
class Number:
    """A figure within a sentence, and how it is shown."""

    value: float
    kind: NumberKind = "auto"


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence of the catalogues with its figures, or free text.

    Attributes
    ----------
    key : str
        Key of the catalogues, such as `notice.stand_in`; empty for free text.
    values : tuple of (str, value)
        What goes into the gaps of the sentence, by their names. A `Number` is written as the
        language writes numbers, a time as it writes dates, another message in the same language,
        a text as it stands.
    text : str
        Shown where no catalogue has the key.
    """

    key: str = ""
    values: tuple[tuple[str, str | Number | datetime | Message], ...] = ()
    text: str = ""

    def __post_init__(self) -> None:
        if not self.key and not self.text:
            raise ValueError("a message has a key of the catalogues or a text")


def tell(key: str, text: str = "", **values: str | float | Number | datetime | Message) -> Message:
    """Return the message of a key; plain numbers are shown with three significant digits."""
    given = tuple(
        (name, Number(float(value)) if isinstance(value, int | float) else value)
        for name, value in values.items()
    )
    return Message(key, given, text)
