"""Writes a scenario folder to start from: every setting with its range, a few invented rows."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import MISSING
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from sarhad.border import Border, BorderError, Side, build_border, place_at
from sarhad.errors import ScenarioError
from sarhad.exchange.atomic import folder_atomically, write_atomically
from sarhad.exchange.fields import FieldFacts, facts_of
from sarhad.exchange.lines import read_line_credit, read_line_parts
from sarhad.exchange.scenario_folder import JOIN_M, TABLES, find_faults, line_faults
from sarhad.exchange.settings import SECTIONS, SETTINGS_FILE, General
from sarhad.scenario import DEFAULT_ATTACKERS, Attacker, Cooperation, Option

INVENTED: Final = "illustrative: replace by your own"

POSTS: Final = 3
"""Posts that a new folder has, evenly spaced along the line."""


def scaffold_scenario(
    folder: str | Path, line: str | Path, own_side: Side, start: datetime
) -> Border:
    """Write a valid scenario folder around a line and return the line.

    Parameters
    ----------
    folder : str or Path
        Where it will stand: absent, or empty. It appears whole or not at all.
    line : str or Path
        GeoJSON, KML, KMZ, GeoPackage or GPX.
    own_side : {"left", "right"}
        Side of the walking direction on which the own territory lies.
    start : datetime
        First instant of the horizon, with its offset.

    Raises
    ------
    ScenarioError
        If the line has faults.
    FileExistsError
        If something other than an empty folder stands there.
    """
    target, source = Path(folder).absolute(), Path(line)
    try:
        border = build_border(read_line_parts(source), own_side, JOIN_M)
    except BorderError as error:
        raise ScenarioError(tuple(line_faults(error, source.name))) from None
    with folder_atomically(target) as fresh:
        for name, text in _files(border, target.name, source, start).items():
            write_atomically(fresh / name, text.encode())
        _, faults = find_faults(fresh)
        if faults:
            raise ScenarioError(faults)
    return border


def _files(border: Border, name: str, source: Path, start: datetime) -> dict[str, str]:
    files = {
        SETTINGS_FILE: _settings(border, name, start),
        "border.geojson": _geojson(border, source),
    }
    for table, rows in _rows(border).items():
        files[f"{table}.csv"] = _table(TABLES[table], rows)
    return files


def _geojson(border: Border, source: Path) -> str:
    points = np.round(np.stack([border.longitude, border.latitude], axis=1), 7).tolist()
    feature = {
        "type": "Feature",
        "properties": {"source": _text(source.name), **read_line_credit(source)},
        "geometry": {"type": "LineString", "coordinates": points},
    }
    return json.dumps({"type": "FeatureCollection", "features": [feature]}) + "\n"


def _rows(border: Border) -> dict[str, list[dict[str, Any]]]:
    at_m = (np.arange(POSTS) + 0.5) / POSTS * border.length_m
    longitude, latitude = place_at(border, at_m)
    posts, units = [], []
    for number, (lon, lat) in enumerate(zip(longitude, latitude, strict=True), start=1):
        post = {"id": f"post-{number}", "name": f"Post {number}", "party": "own", "kind": "post"}
        place = {"lon": round((lon + 180) % 360 - 180, 6), "lat": round(float(lat), 6)}
        posts.append({**post, **place, "source": INVENTED})
        unit = {"id": f"foot-{number}", "name": f"Foot patrol {number}", "party": "own"}
        way = {"kind": "foot", "base": post["id"], "people": 4, "speed_km_h": 4.0}
        units.append({**unit, **way, "source": INVENTED})
    own = {"id": "own", "name": "Border guard", "role": "own", "source": INVENTED}
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    return {**tables, "parties": [own], "posts": posts, "units": units}


def _table(noun: type, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a table with every column; cells that hold the default stay empty."""
    text = io.StringIO()
    table = csv.DictWriter(text, list(facts_of(noun)), lineterminator="\r\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def _settings(border: Border, name: str, start: datetime) -> str:
    given = {
        "name": _short_name(name),
        "title": _text(name)[:120] or "New scenario",
        "time_zone": "UTC",
        "own_side": border.own_side,
        "default_option": "alone",
        "illustrative": True,
    }
    blocks = [_HEAD, _keys(General, given)]
    for section, noun in SECTIONS.items():
        values = {"start": start} if section == "horizon" else {}
        blocks.append(f"[{section}]\n" + _keys(noun, values))
    option = {"name": "alone", "title": "Own forces alone", "units": ("*",)}
    blocks.append("# One [[options]] for each way of guarding the line.\n")
    blocks.append("[[options]]\n" + _keys(Option, option))
    cooperation = "[options.cooperation]\n" + _keys(Cooperation, {})
    blocks.append(_commented(cooperation))
    blocks.append("# One [[attackers]] for each kind of attack: round numbers, to be edited.\n")
    for attacker in DEFAULT_ATTACKERS:
        values = {name: getattr(attacker, name) for name in facts_of(Attacker)}
        blocks.append("[[attackers]]\n" + _keys(Attacker, values))
    return "\n".join(blocks)


_HEAD = """\
# Settings of a scenario. Each key is explained above it, with its range; a key behind a # is not
# set. `sarhad check` on this folder lists every mistake.
"""


def _text(name: str) -> str:
    """Return a file's name as text: it may hold what no text holds, such as half a letter."""
    return "".join("-" if unicodedata.category(c) in ("Cc", "Cs") else c for c in name)


def _short_name(name: str) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in name)
    return kept.lstrip("-_.")[:64] or "scenario"


def _keys(noun: type, given: Mapping[str, Any]) -> str:
    lines = []
    for fact in facts_of(noun).values():
        if not isinstance(fact.kind, type) or hasattr(fact.kind, "__pydantic_fields__"):
            continue
        lines.append(f"# {explain(fact)}")
        value = given.get(fact.name, fact.default)
        unset = value is None or value is MISSING
        lines.append(f"# {fact.name} =" if unset else f"{fact.name} = {_literal(value)}")
    return "\n".join(lines) + "\n"


def explain(fact: FieldFacts) -> str:
    """Return what a field means and may hold, on one line."""
    shape = "list" if fact.many else "true or false" if fact.kind is bool else fact.shape
    text = fact.description
    return f"{text}: {shape}" if fact.choices or fact.limits or fact.kind is bool else text


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    # JSON strings are TOML strings as long as nothing outside the basic plane is escaped.
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else f"{value}"


def _commented(text: str) -> str:
    lines = (line if line.startswith("#") or not line else f"# {line}" for line in text.split("\n"))
    return "\n".join(lines)
