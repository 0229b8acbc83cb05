"""What every command shares: exit codes, text on the terminal, JSON objects, progress."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click

from sarhad.errors import Fault

if TYPE_CHECKING:
    from sarhad.border import Border
    from sarhad.exchange.heights import Heights

SCHEMA: Final = 1
"""Version of every JSON object that a command prints."""

OK: Final = 0
FAULTS: Final = 1
USAGE: Final = 2
UNAVAILABLE: Final = 3
INTERRUPTED: Final = 130

Progress = Callable[[int, int], None]

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")


def fail(code: int, given: Sequence[str], faults: Sequence[Fault], message: str) -> int:
    """Say why a command failed, in JSON as well where asked, and return its exit code."""
    for fault in faults:
        say(str(fault), err=True)
    if message:
        say(f"sarhad: {message}", err=True)
    if "--json" in given:
        failure = {"schema": SCHEMA, "ok": False, "faults": [asdict(fault) for fault in faults]}
        print_json({**failure, "error": message or None})
    return code


def say(text: str, *, err: bool = False) -> None:
    """Print a text; characters that could steer a terminal are shown by their number."""
    click.echo("".join(c if _harmless(c) else f"\\u{ord(c):04x}" for c in text), err=err)


def _harmless(character: str) -> bool:
    # Persian is not legible without the two joiners, which count as unprintable.
    return character.isprintable() or character in "\n\u200c\u200d"


def print_json(content: dict[str, Any]) -> None:
    """Print the one object of a command."""
    click.echo(json.dumps(content, indent=2))


@contextmanager
def showing(title: str, *, in_bytes: bool = False) -> Iterator[Progress]:
    """Give a progress function: a bar on a terminal, a line for every tenth in a log."""
    if not sys.stderr.isatty():
        yield _tenths(title)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    done = DownloadColumn() if in_bytes else TaskProgressColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), done, TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(title)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def _tenths(title: str) -> Progress:
    told = 0

    def tell(done: int, total: int) -> None:
        nonlocal told
        tenth = 10 * done // max(total, 1)
        if tenth > told:
            told = tenth
            say(f"{title}: {10 * tenth} %", err=True)

    return tell


def result(faults: Sequence[Fault] = ()) -> dict[str, Any]:
    """Return the keys that every object has."""
    return {"schema": SCHEMA, "ok": not faults, "faults": [asdict(fault) for fault in faults]}


def measure(border: Border) -> dict[str, Any]:
    """Return the length of a line and the tolerance that it holds for, as keys of an object."""
    return {"border_km": round(border.length_m / 1000, 3), "tolerance_m": border.tolerance_m}


def describe_border(border: Border) -> str:
    """Return the same in words."""
    from sarhad.border import describe_length

    return describe_length(border.length_m, border.tolerance_m)


def height_notices(heights: Heights, scenario: str, border: Border) -> list[str]:
    """Return what has to be known of the heights of a scenario, a sentence each."""
    from sarhad.border import lay_out, locate
    from sarhad.terrain import STAND_IN_NOTICE

    if not heights.found:
        return [f"no heights, so no relief: sarhad terrain fetch {scenario}"]
    notices = [STAND_IN_NOTICE] if heights.terrain.stand_in else []
    voids = heights.voids
    if voids.void_cells:
        notices.append(f"{voids.void_share:.1%} of the corridor is void in the files of heights")
    if voids.outside_cells:
        notices.append(
            f"{voids.outside_share:.1%} of the corridor is covered by no file of heights"
        )
    if voids.patches:
        worst, grid = voids.patches[0], heights.terrain.grid
        chainage_m, _ = locate(
            lay_out(border, grid.project), *grid.project(worst.longitude, worst.latitude)
        )
        notices.append(
            f"the largest patch without heights, {worst.area_km2:,.1f} km2, lies around"
            f" ({worst.longitude:.3f}, {worst.latitude:.3f}),"
            f" beside km {float(chainage_m) / 1000:,.0f}"
        )
    return notices
