"""Styles that QGIS reads from the `layer_styles` table of a GeoPackage."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from lxml import etree

from sarhad.exchange.kml import COVER_COLOURS, PARTY_COLOURS

Element = etree._Element

COVER_LIMITS: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def write_styles(path: Path, styles: Mapping[str, str], moment: str) -> None:
    """Add the default style of each layer to a GeoPackage.

    Parameters
    ----------
    path : Path
        The GeoPackage.
    styles : mapping of layer to str
        QML of each.
    moment : str
        Time to write as that of the last change.

    Raises
    ------
    OSError
        If they cannot be written.
    """
    try:
        with closing(sqlite3.connect(path)) as base, base:
            base.execute(_TABLE)
            base.execute(
                "INSERT INTO gpkg_contents (table_name, data_type, identifier, description,"
                " last_change) VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?)",
                (moment,),
            )
            base.executemany(_ROW, [(name, name, qml, moment) for name, qml in styles.items()])
    except sqlite3.Error as error:
        raise OSError(f"{path.name} cannot be written: {error}") from error


_TABLE: Final = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),
    f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
    styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT,
    owner TEXT(30), ui TEXT(30), update_time DATETIME
)
"""
"""The columns that QGIS makes itself."""

_ROW: Final = (
    "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column,"
    " styleName, styleQML, styleSLD, useAsDefault, description, owner, ui, update_time)"
    " VALUES ('', '', ?, 'geom', ?, ?, '', 1, '', '', '', ?)"
)


def _style(renderer: Element, time_fields: tuple[str, str] | None = None, label: str = "") -> str:
    root = etree.Element("qgis", version="3.28.0", styleCategories="AllStyleCategories")
    if time_fields:
        # Mode 2: start and end stand in two fields, which feeds the temporal controller.
        etree.SubElement(
            root, "temporal", enabled="1", mode="2", startField=time_fields[0],
            endField=time_fields[1], accumulate="0", durationField="", fixedDuration="0",
            durationUnit="min", limitMode="0", startExpression="", endExpression="",
        )  # fmt: skip
    root.append(renderer)
    if label:
        labeling = etree.SubElement(root, "labeling", type="simple")
        settings = etree.SubElement(labeling, "settings")
        etree.SubElement(settings, "text-style", fieldName=label, fontSize="8", isExpression="0")
    return etree.tostring(root, encoding="unicode", doctype="<!DOCTYPE qgis>")


def _renderer(kind: str, attribute: str, symbols: Sequence[Element]) -> Element:
    renderer = etree.Element("renderer-v2", type=kind, enableorderby="0", forceraster="0")
    if attribute:
        renderer.set("attr", attribute)
    holder = etree.SubElement(renderer, "symbols")
    for number, symbol in enumerate(symbols):
        symbol.set("name", str(number))
        holder.append(symbol)
    return renderer


def _symbol(kind: str, layer: str, options: Mapping[str, str]) -> Element:
    symbol = etree.Element("symbol", type=kind, alpha="1", clip_to_extent="1")
    drawn = {"class": layer, "enabled": "1", "locked": "0", "pass": "0"}
    properties = etree.SubElement(etree.SubElement(symbol, "layer", drawn), "Option", type="Map")
    for name, value in options.items():
        etree.SubElement(properties, "Option", type="QString", name=name, value=value)
    return symbol


def _rgba(colour: str, opacity: int = 255) -> str:
    return ",".join(str(int(colour[k : k + 2], 16)) for k in (1, 3, 5)) + f",{opacity}"


def _stroke(colour: str, width: str, opacity: int = 255) -> Element:
    options = {
        "line_color": _rgba(colour, opacity), "line_width": width, "line_width_unit": "MM",
        "line_style": "solid", "capstyle": "flat", "joinstyle": "round",
    }  # fmt: skip
    return _symbol("line", "SimpleLine", options)


def _marker(colour: str, shape: str, size: str) -> Element:
    options = {
        "name": shape, "color": _rgba(colour), "outline_color": _rgba("#000000"),
        "outline_width": "0.3", "size": size, "size_unit": "MM",
    }  # fmt: skip
    return _symbol("marker", "SimpleMarker", options)


def _graduated(attribute: str, width: str) -> Element:
    renderer = _renderer("graduatedSymbol", attribute, [_stroke(c, width) for c in COVER_COLOURS])
    renderer.set("graduatedMethod", "GraduatedColor")
    ranges = etree.Element("ranges")
    for number in range(len(COVER_COLOURS)):
        low, high = COVER_LIMITS[number], COVER_LIMITS[number + 1]
        etree.SubElement(
            ranges, "range", symbol=str(number), lower=f"{low:.6f}", upper=f"{high:.6f}",
            label=f"{low:.0%} to {high:.0%}", render="true",
        )  # fmt: skip
    renderer.insert(0, ranges)
    return renderer


KINDS: Final = ("foot", "horse", "vehicle", "helicopter")


def _by_kind() -> Element:
    colours = PARTY_COLOURS[: len(KINDS)]
    renderer = _renderer("categorizedSymbol", "kind", [_stroke(c, "0.6") for c in colours])
    categories = etree.Element("categories")
    for number, kind in enumerate(KINDS):
        etree.SubElement(
            categories, "category", symbol=str(number), value=kind, label=kind, render="true"
        )
    renderer.insert(0, categories)
    return renderer


def _single(symbol: Element) -> Element:
    return _renderer("singleSymbol", "", [symbol])


_AREA: Final = {
    "color": _rgba("#d55e00", 40),
    "style": "solid",
    "outline_color": _rgba("#d55e00"),
    "outline_width": "0.3",
}

STYLES: Final[Mapping[str, str]] = {
    "line_cells": _style(_graduated("cover_mean", "1.6")),
    "sectors": _style(_graduated("cover", "3.2"), label="name"),
    "incidents": _style(_single(_symbol("fill", "SimpleFill", _AREA)), ("start", "until")),
    "routes": _style(_by_kind(), ("start", "until")),
    "route_points": _style(_single(_marker("#ffffff", "circle", "1.6")), ("start", "until")),
    "sites": _style(_single(_marker("#e69f00", "triangle", "3")), label="name"),
    "posts": _style(_single(_marker("#0072b2", "square", "3")), label="name"),
}
"""QML of each layer."""
