"""The command line: reads arguments, shows progress and results, turns errors into exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import cast

import click

from sarhad.cli.compare import compare
from sarhad.cli.incidents import backtest, incidents
from sarhad.cli.plan import plan
from sarhad.cli.reach import reach
from sarhad.cli.replan import replan
from sarhad.cli.risk import risk
from sarhad.cli.scenario import check, new, show
from sarhad.cli.sight import sight
from sarhad.cli.terminal import FAULTS, INTERRUPTED, OK, UNAVAILABLE, USAGE, fail
from sarhad.cli.terrain import terrain
from sarhad.errors import ScenarioError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    arguments : sequence of str or None
        What follows the program's name; those of the process where None.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that lacks a letter shows its number; it must not stop the command.
            stream.reconfigure(errors="backslashreplace")
    try:
        return cast(int, sarhad.main(given, prog_name="sarhad", standalone_mode=False) or OK)
    except ScenarioError as error:
        return fail(FAULTS, given, error.faults, "")
    except click.UsageError as error:
        hint = f"\n{error.ctx.get_usage()}" if error.ctx else ""
        return fail(USAGE, given, (), error.format_message() + hint)
    except click.ClickException as error:
        return fail(UNAVAILABLE, given, (), error.format_message())
    except (click.Abort, KeyboardInterrupt):
        return fail(INTERRUPTED, given, (), "stopped; nothing half-written is left")
    except BrokenPipeError:
        # Whoever read the output has left; Python would complain once more on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAULTS
    except OSError as error:
        return fail(UNAVAILABLE, given, (), str(error))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sarhad")
def sarhad() -> None:
    """Plan, compare and run joint patrols of a long, hard border."""


for command in (
    new,
    check,
    show,
    sight,
    reach,
    risk,
    backtest,
    plan,
    replan,
    compare,
    incidents,
    terrain,
):
    sarhad.add_command(command)
