"""The command that shows what the posts see of the line."""

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
    listed,
    open_for_planning,
    option_option,
    out_option,
    say_files,
    table_notice,
    write_figure,
    write_tables,
)
from sarhad.cli.terminal import OK, json_option, measure, print_json, result, say, showing

if TYPE_CHECKING:
    from sarhad.visibility.watch import WatchedLine

SIGHT_KEYS: Final = (
    "border_km",
    "tolerance_m",
    "option",
    "stand_in",
    "seen_km",
    "unseen_km",
    "unseen",
    "posts",
    "files",
    "notices",
)
"""Keys of `sight --json` beside schema, ok and faults."""

MOST_LISTED: Final = 15
"""Stretches that nobody sees listed on the terminal; all are in JSON and tables."""


@click.command()
@click.argument("scenario")
@out_option
@option_option
@heights_option
@json_option
def sight(scenario: str, out: Path, option: str | None, rasters: Path | None, as_json: bool) -> int:
    """Map and list what the posts of a SCENARIO see of the line, and what nobody sees."""
    from sarhad.visibility.watch import watch_line

    with ThreadPoolExecutor(os.cpu_count()) as executor:
        opened = open_for_planning(scenario, rasters, option, executor)
        read, terrain = opened.scenario, opened.heights.terrain
        cells, plane = lay_out_line(opened)
        with showing("looking along the line") as progress:
            watched = watch_line(
                read, opened.option, cells, plane, terrain, executor=executor, progress=progress
            )
    told = [*_notes(watched, opened.option), *watched.notes]
    for notice in told:
        say(f"NOTE: {notice}", err=True)
    files = _write(opened, watched, out)
    if as_json:
        print_json({**_summary(opened, watched, files), "notices": opened.notices + told})
    else:
        say(_describe(opened, watched))
        say_files(files)
    return OK


def _notes(watched: WatchedLine, option: str) -> list[str]:
    if not watched.posts:
        return [f"option {option} has no units: nobody watches"]
    if watched.invented:
        return [
            f"option {option} has no unit of kind watch: every post with a unit counts as watched"
        ]
    return []


def _write(opened: Opened, watched: WatchedLine, out: Path) -> list[Path]:
    from sarhad.report import tables
    from sarhad.report.sight_map import draw_sight_map

    read, notice = opened.scenario, table_notice(opened)
    figure = draw_sight_map(read, opened.heights.terrain, watched, opened.named)
    files = write_figure(figure, out, "sight")
    sheets = {
        "sight-line.csv": (
            tables.SIGHT_LINE_COLUMNS,
            tables.sight_line_rows(read, watched, notice),
        ),
        "sight-posts.csv": (tables.SIGHT_POSTS_COLUMNS, tables.sight_posts_rows(watched, notice)),
    }
    files += write_tables(out, sheets)
    return [*files, _write_raster(opened, watched, out / "sight.tif", notice)]


def _write_raster(opened: Opened, watched: WatchedLine, path: Path, notice: str) -> Path:
    import numpy as np

    from sarhad.exchange.cog import Band, write_cog
    from sarhad.units import METRES_PER_KILOMETRE
    from sarhad.visibility.watch import count_views

    settings, terrain = opened.scenario.detection, opened.heights.terrain
    with showing("counting posts in sight") as progress:
        counts = count_views(
            watched.posts,
            terrain,
            settings.person_height_m,
            settings.range_km * METRES_PER_KILOMETRE,
            settings.refraction,
            progress=progress,
        )
    unknown = np.iinfo(counts.dtype).max
    counts[np.isnan(terrain.tiles)] = unknown
    credit = "; ".join(filter(None, [notice, terrain.credit]))
    write_cog(path, terrain, [Band("posts in sight", "posts", counts)], unknown, credit)
    return path


def _summary(opened: Opened, watched: WatchedLine, files: list[Path]) -> dict[str, Any]:
    from sarhad.report import tables

    gaps = [
        {"from_km": round(start, 3), "to_km": round(end, 3), "length_km": round(end - start, 3)}
        for start, end in watched.unseen
    ]
    return {
        **result(),
        **measure(opened.scenario.border),
        "option": opened.option,
        "stand_in": opened.heights.terrain.stand_in,
        "seen_km": round(watched.seen_km, 3),
        "unseen_km": round(float(watched.length_km.sum()) - watched.seen_km, 3),
        "unseen": gaps,
        "posts": listed(tables.SIGHT_POSTS_COLUMNS, [*tables.sight_posts_rows(watched, "")]),
        "files": [str(path) for path in files],
    }


def _describe(opened: Opened, watched: WatchedLine) -> str:
    gaps = watched.unseen
    unseen_km = float(watched.length_km.sum()) - watched.seen_km
    by_length = sorted(gaps, key=lambda gap: gap[0] - gap[1])
    longest = sorted(by_length[:MOST_LISTED])
    lines = [
        f"{opened.scenario.title}: option {opened.option}, {len(watched.posts)} watched posts",
        f"  seen       {watched.seen_km:,.1f} km, at least in part",
        f"  unseen     {unseen_km:,.1f} km in {len(gaps)} stretch{'es' * (len(gaps) != 1)}",
        *(f"    km {start:8,.1f} to {end:8,.1f}  {end - start:6,.1f} km" for start, end in longest),
    ]
    if len(gaps) > len(longest):
        lines.append(f"    and {len(gaps) - len(longest)} shorter ones: sight-line.csv")
    return "\n".join(lines)
