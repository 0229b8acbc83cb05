"""The command that shows how soon help reaches each kilometre of the line."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from sarhad.cli.opening import (
    Opened,
    heights_option,
    lay_out_line,
    lines_option,
    listed,
    open_for_planning,
    option_option,
    out_option,
    read_lines,
    say_files,
    table_notice,
    write_figure,
    write_tables,
)
from sarhad.cli.terminal import OK, json_option, measure, print_json, result, say, showing

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sarhad.border import LinePlane
    from sarhad.mobility.response import Response

    Parts = Sequence[NDArray[np.float64]]

REACH_KEYS: Final = (
    "border_km",
    "tolerance_m",
    "option",
    "stand_in",
    "within_30_min_km",
    "within_60_min_km",
    "within_120_min_km",
    "never_km",
    "sites",
    "files",
    "notices",
)
"""Keys of `reach --json` beside schema, ok and faults."""

LIMITS_MIN: Final = (30, 60, 120)


@click.command()
@click.argument("scenario")
@out_option
@option_option
@heights_option
@lines_option("--roads", "Roads and paths")
@lines_option("--rivers", "Rivers, crossed only on roads and at posts of kind crossing")
@json_option
def reach(
    scenario: str,
    out: Path,
    option: str | None,
    rasters: Path | None,
    roads: Path | None,
    rivers: Path | None,
    as_json: bool,
) -> int:
    """Map and list how soon the quickest help reaches the line and the sites of a SCENARIO."""
    from sarhad.mobility import compute_travel_times
    from sarhad.mobility.response import find_response

    lines = {"roads": read_lines(roads), "rivers": read_lines(rivers)}
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        opened = open_for_planning(scenario, rasters, option, executor)
        read, terrain = opened.scenario, opened.heights.terrain
        cells, plane = lay_out_line(opened)
        with showing("travelling") as progress:
            times = compute_travel_times(
                read, cells, plane, terrain, **lines, executor=executor, progress=progress
            )
    response = find_response(read, opened.option, cells, plane, terrain.grid, times)
    if not response.units:
        note = f"option {opened.option} has no unit that leaves its post: nobody helps"
        say(f"NOTE: {note}", err=True)
        opened.notices.append(note)
    files = _write(opened, response, out)
    if response.of_kind.keys() - {"helicopter"}:
        files.append(_write_raster(opened, plane, lines, out / "reach.tif"))
    if as_json:
        print_json(_summary(opened, response, files))
    else:
        say(_describe(opened, response))
        say_files(files)
    return OK


def _write(opened: Opened, response: Response, out: Path) -> list[Path]:
    from sarhad.report import tables
    from sarhad.report.reach_map import draw_reach_map

    read, notice = opened.scenario, table_notice(opened)
    figure = draw_reach_map(read, opened.heights.terrain, response, opened.named)
    files = write_figure(figure, out, "reach")
    sheets = {
        "reach-line.csv": (
            tables.REACH_LINE_COLUMNS,
            tables.reach_line_rows(read, response, notice),
        ),
        "reach-sites.csv": (
            tables.REACH_SITES_COLUMNS,
            tables.reach_sites_rows(read, response, notice),
        ),
    }
    return files + write_tables(out, sheets)


def _write_raster(
    opened: Opened, plane: LinePlane, lines: dict[str, Parts | None], path: Path
) -> Path:
    import numpy as np

    from sarhad.exchange.cog import Band, write_cog
    from sarhad.mobility import scenario_land
    from sarhad.mobility.response import map_response

    terrain = opened.heights.terrain
    land = scenario_land(opened.scenario, plane, terrain, **lines)
    with showing("mapping the reach") as progress, ThreadPoolExecutor(os.cpu_count()) as executor:
        fields = map_response(
            opened.scenario, opened.option, land, executor=executor, progress=progress
        )
    quickest = np.fmin.reduce(list(fields.values()))
    bands = [Band("quickest on the ground", "min", quickest)]
    bands += [Band(kind, "min", minutes) for kind, minutes in fields.items()]
    credit = "; ".join(filter(None, [table_notice(opened), terrain.credit]))
    write_cog(path, land.terrain, bands, float("nan"), credit, overview="AVERAGE")
    return path


def _summary(opened: Opened, response: Response, files: list[Path]) -> dict[str, Any]:
    from sarhad.report import tables

    rows = [*tables.reach_sites_rows(opened.scenario, response, "")]
    return {
        **result(),
        **measure(opened.scenario.border),
        "option": opened.option,
        "stand_in": opened.heights.terrain.stand_in,
        **{f"within_{limit}_min_km": round(response.within_km(limit), 3) for limit in LIMITS_MIN},
        "never_km": round(response.never_km, 3),
        "sites": listed(tables.REACH_SITES_COLUMNS, rows),
        "files": [str(path) for path in files],
        "notices": opened.notices,
    }


def _describe(opened: Opened, response: Response) -> str:
    sites = response.sites.minutes
    late = [(come < sites).sum() for come in (response.on_foot_min, response.by_drone_min)]
    within = (
        f"  {f'in {limit} min':<10} {response.within_km(limit):,.1f} km" for limit in LIMITS_MIN
    )
    lines = [
        f"{opened.scenario.title}: option {opened.option}, {len(response.units)} classes of units",
        *within,
        f"  never      {response.never_km:,.1f} km",
    ]
    if len(sites):
        lines.append(
            f"  sites      {len(sites)}; an intruder is there before help at {late[0]} on foot,"
            f" at {late[1]} by drone"
        )
    return "\n".join(lines)
