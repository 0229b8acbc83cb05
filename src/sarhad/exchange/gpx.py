"""Writes a patrol as GPX 1.1 for a handheld: the stops as a route, the whole way as a track."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from lxml import etree

from sarhad.exchange.atomic import write_atomically
from sarhad.exchange.routes import PatrolRoute, RoutePoint, fixes, utc
from sarhad.exchange.texts import clean_line

Element = etree._Element

GPX: Final = "http://www.topografix.com/GPX/1/1"


def write_gpx(path: Path, route: PatrolRoute, notice: str = "") -> None:
    """Write one patrol as GPX, whole or not at all.

    Parameters
    ----------
    path : Path
        The file; its folder exists.
    route : PatrolRoute
        The patrol.
    notice : str
        What has to be said beside it.

    Raises
    ------
    OSError
        If it cannot be written; what stood there still stands there.
    """
    write_atomically(path, gpx_of(route, notice))


def gpx_of(route: PatrolRoute, notice: str = "") -> bytes:
    """Return one patrol as a GPX document."""
    names = {None: GPX}
    root = etree.Element(f"{{{GPX}}}gpx", version="1.1", creator="Sarhad", nsmap=names)  # type: ignore[arg-type]
    name = clean_line(f"{route.day:%Y-%m-%d} {route.title}")
    metadata = _add(root, "metadata")
    _add(metadata, "name", name)
    _add(metadata, "desc", clean_line(f"{route.team}. {notice}".strip()))
    _add(metadata, "time", utc(route.start))
    way = _add(root, "rte")
    _add(way, "name", name)
    # Which unit it is, so that the file can come back in.
    _add(way, "desc", route.team)
    for number, stop in enumerate(route.stops, start=1):
        point = _point(way, "rtept", stop, utc(stop.start))
        _add(point, "name", f"{number:02d} {stop.start:%H:%M}")
        _add(point, "cmt", clean_line(stop.text))
    track = _add(root, "trk")
    _add(track, "name", name)
    _add(track, "desc", route.team)
    segment = _add(track, "trkseg")
    for when, fix in fixes(route.points):
        _point(segment, "trkpt", fix, utc(when))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _add(parent: Element, tag: str, text: str | None = None) -> Element:
    element = etree.SubElement(parent, f"{{{GPX}}}{tag}")
    element.text = text
    return element


def _point(parent: Element, tag: str, place: RoutePoint, time: str) -> Element:
    element = _add(parent, tag)
    element.set("lat", f"{place.lat:.6f}")
    element.set("lon", f"{place.lon:.6f}")
    if place.height_m is not None:
        _add(element, "ele", f"{place.height_m:.1f}")
    _add(element, "time", time)
    return element
