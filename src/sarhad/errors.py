"""The few errors that a caller may catch, each carrying what it needs to act."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in what a person entered, said so that they can mend it.

    Attributes
    ----------
    file : str
        Path of the file, relative to the scenario folder where it lies in it.
    row : int or None
        Line of the file, counted from 1 with the header, as a spreadsheet shows it.
    column : str or None
        Column of a table, or dotted key of a settings file.
    found : str
        What stands there.
    expected : str
        What would have been right.
    cure : str
        What to do about it; empty where `expected` says it all.
    """

    file: str
    row: int | None
    column: str | None
    found: str
    expected: str
    cure: str = ""

    def __str__(self) -> str:
        """Return the fault on one line: place, found, expected, cure."""
        place = self.file
        if self.row is not None:
            place += f", row {self.row}"
        if self.column is not None:
            place += f", column {self.column}"
        text = f"{place}: found {self.found}, expected {self.expected}"
        return f"{text}. {self.cure}" if self.cure else text


class ScenarioError(ValueError):
    """A scenario folder with faults; carries all of them, not the first."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


class PredictablePlanError(ValueError):
    """A lottery so concentrated that a week's pattern tells too much of the next day.

    Attributes
    ----------
    repeat : float
        Chance that a day is like one of the seven before it [1].
    cap : float
        What the scenario allows [1].
    """

    def __init__(self, repeat: float, cap: float) -> None:
        self.repeat, self.cap = repeat, cap
        super().__init__(
            f"a day repeats one of the seven before it with chance {repeat:.2f}, at most "
            f"{cap:.2f} is allowed: spread the lottery over more schedules"
        )
