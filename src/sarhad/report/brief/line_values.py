"""Risk, coverage and what is left along the line, one byte each, so that the file stays small."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarhad.report.brief.wording import Message

STEPS: Final = 255
"""Largest code of a byte [1]."""


@dataclass(frozen=True, slots=True)
class Quantised:
    """An array of bytes that stand for numbers: value = high (code / 255)^power.

    Attributes
    ----------
    shape : tuple of int
        Shape of the array, last axis fastest.
    codes : bytes
        One byte per value.
    high : float
        The value of code 255, in the array's unit.
    power : float
        1 for even steps; 2 makes small values finer, for what is spread over orders of magnitude.
    """

    shape: tuple[int, ...]
    codes: bytes
    high: float
    power: float = 1.0

    def __post_init__(self) -> None:
        if len(self.codes) != math.prod(self.shape):
            raise ValueError(f"{len(self.codes)} bytes do not fill the shape {self.shape}")

    @property
    def text(self) -> str:
        """Return the codes in base 64."""
        return base64.b64encode(self.codes).decode("ascii")

    def values(self) -> NDArray[np.float64]:
        """Return the numbers, as near as a byte holds them."""
        codes = np.frombuffer(self.codes, dtype=np.uint8).reshape(self.shape)
        restored: NDArray[np.float64] = self.high * (codes / STEPS) ** self.power
        return restored


def quantise(values: ArrayLike, power: float = 1.0, high: float | None = None) -> Quantised:
    """Return numbers of zero or more as bytes; what is above `high` becomes `high`.

    Parameters
    ----------
    values : array
        Finite numbers, none below zero.
    power : float
        See `Quantised`.
    high : float, optional
        Value of the largest code; the largest value if not given.

    Raises
    ------
    ValueError
        If a value is negative or not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all() or (array < 0).any():
        raise ValueError("values along the line are finite and not below zero")
    top = float(array.max(initial=0.0)) if high is None else high
    share = np.clip(array / top, 0.0, 1.0) if top > 0 else np.zeros_like(array)
    codes = np.rint(share ** (1.0 / power) * STEPS).astype(np.uint8)
    return Quantised(array.shape, codes.tobytes(), top, power)


@dataclass(frozen=True, slots=True)
class LineValues:
    """What the map colours the line by.

    Attributes
    ----------
    risk : Quantised
        By hour of the day and cell, shape (hours, cells), in `risk_unit`.
    coverage : Quantised
        Probability that a crossing is intercepted, by option, hour and cell,
        shape (options, hours, cells) [1].
    remaining : Quantised
        Expected harm that is left, shape (options, hours, cells), in `remaining_unit`.
    risk_unit, remaining_unit : Message
        Such as `unit.attacks_year_cell` and `unit.killed_year_cell`.
    """

    risk: Quantised
    coverage: Quantised
    remaining: Quantised
    risk_unit: Message
    remaining_unit: Message

    @property
    def hours(self) -> int:
        """Return how many periods a day has."""
        return self.risk.shape[0]
