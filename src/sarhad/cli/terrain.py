"""The commands around the heights of the ground."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from sarhad.cli.terminal import OK, json_option, print_json, result, say, showing

if TYPE_CHECKING:
    from sarhad.exchange.copernicus import FetchReport, Resolution
    from sarhad.scenario import Scenario


@click.group()
def terrain() -> None:
    """Heights of the ground."""


@terrain.command()
@click.argument("scenario")
@click.option(
    "--resolution",
    type=click.Choice(["30", "90"]),
    help="Copernicus GLO-30 or GLO-90; 90 where the scenario names neither.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the tiles; terrain/copernicus-N in the scenario folder where left out.",
)
@click.option("--store", help="Address of another store that names its tiles alike.")
@json_option
def fetch(
    scenario: str, resolution: str | None, out: Path | None, store: str | None, as_json: bool
) -> int:
    """Fetch the Copernicus heights of a SCENARIO's corridor; a break goes on where it broke."""
    from sarhad.exchange.copernicus import fetch_copernicus, tiles_needed
    from sarhad.exchange.download import FetchError
    from sarhad.exchange.heights import FETCHED
    from sarhad.exchange.scenario_folder import find_folder, read_scenario

    folder = find_folder(scenario)
    read = read_scenario(folder)
    metres = int(resolution or ("30" if "copernicus-30" in read.terrain.source else "90"))
    # An embedded case lies inside the package, where nothing is written.
    home = folder if folder == Path(scenario) else Path()
    target = out or home / FETCHED / f"copernicus-{metres}"
    border = read.border
    tiles = tiles_needed(border.longitude, border.latitude, read.terrain.corridor_km)
    try:
        with showing(f"fetching {len(tiles)} tiles", in_bytes=True) as progress:
            report = fetch_copernicus(
                tiles,
                target,
                resolution=cast("Resolution", metres),
                base_url=store,
                progress=progress,
            )
    except FetchError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        found = asdict(report)
        print_json({**result(), **found, "folder": str(target), "resolution_m": metres})
    else:
        say(_describe_fetch(report, read, scenario))
    return OK


def _describe_fetch(report: FetchReport, read: Scenario, scenario: str) -> str:
    lines = [
        f"{report.folder}: {len(report.fetched)} tiles fetched"
        f" ({report.fetched_bytes / 1e6:,.1f} MB), {len(report.kept)} there already,"
        f" {len(report.absent)} not in the store (sea, or withheld)",
        report.credit,
    ]
    if report.absent and not (report.fetched or report.kept):
        lines.append("WARNING: the store has none of the tiles: is --store right? Tiles that are")
        lines.append("withheld at 30 m may be there with --resolution 90")
    if report.folder.name not in read.terrain.source or not Path(scenario).is_dir():
        lines.append(f"To use them: sarhad show {scenario} --heights {report.folder} --out FOLDER")
    return "\n".join(lines)
