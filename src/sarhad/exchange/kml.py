"""Writes a plan as KML or KMZ, which Google Earth Pro opens: line, sectors, posts, timed routes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Final

import numpy as np
from lxml import etree
from numpy.typing import NDArray

from sarhad.border import Border, place_at
from sarhad.exchange.atomic import write_atomically
from sarhad.exchange.routes import PatrolRoute, fixes, utc
from sarhad.exchange.texts import as_html, clean_line
from sarhad.scenario import Post, Scenario, Sector, Site
from sarhad.units import METRES_PER_KILOMETRE

Element = etree._Element

KML: Final = "http://www.opengis.net/kml/2.2"
GX: Final = "http://www.google.com/kml/ext/2.2"
EPOCH: Final = (2000, 1, 1, 0, 0, 0)
"""Time stamp of the entry in a KMZ archive: the same plan gives the same bytes."""

PARTY_COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
"""Okabe and Ito (2008): told apart by colour-blind readers."""

COVER_COLOURS: Final = ("#440154", "#3b528b", "#21918c", "#5ec962", "#fde725")
"""Viridis in five classes: its lightness grows with the coverage."""

STEP_M: Final = 500.0
"""Spacing of the places of a sector beside the line's own vertices [m]."""


@dataclass(frozen=True, slots=True, eq=False)
class MapSheet:
    """What a map file shows; every writer shows what it is given and nothing else.

    Attributes
    ----------
    title : str
        Name of the document.
    scenario : Scenario
        Line, sectors, posts, sites and names of parties.
    routes : tuple of PatrolRoute
        The released set.
    parties : tuple of str
        Parties whose posts are shown.
    sector_cover : mapping of sector to float
        Share of crossings noticed [1]; empty where it is not released.
    notices : tuple of str
        What has to be said beside it.
    """

    title: str
    scenario: Scenario
    routes: tuple[PatrolRoute, ...]
    parties: tuple[str, ...]
    sector_cover: Mapping[str, float]
    notices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if any(not 0 <= cover <= 1 for cover in self.sector_cover.values()):
            raise ValueError("a coverage lies within 0 and 1")


def write_kml(path: Path, sheet: MapSheet) -> None:
    """Write a map sheet as KML, or as KMZ where the name ends so; whole or not at all.

    Parameters
    ----------
    path : Path
        The file; its folder exists.
    sheet : MapSheet
        What it shows.

    Raises
    ------
    OSError
        If it cannot be written; what stood there still stands there.
    """
    content = kml_of(sheet)
    write_atomically(path, packed(content) if path.suffix.lower() == ".kmz" else content)


def packed(content: bytes) -> bytes:
    """Return a KML document as a KMZ archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        entry = zipfile.ZipInfo("doc.kml", EPOCH)
        entry.external_attr = 0o644 << 16
        file.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)
    return archive.getvalue()


def kml_of(sheet: MapSheet) -> bytes:
    """Return a map sheet as a KML document."""
    root = etree.Element(f"{{{KML}}}kml", nsmap={None: KML, "gx": GX})  # type: ignore[dict-item]
    document = _add(root, "Document")
    _add(document, "name", clean_line(sheet.title))
    _add(document, "open", "1")
    _add(document, "description", "<br/>".join(as_html(notice) for notice in sheet.notices))
    colours = dict(zip((p.id for p in sheet.scenario.parties), cycle(PARTY_COLOURS), strict=False))
    _add_styles(document, colours)
    _add_line(document, sheet.scenario.border)
    _add_sectors(document, sheet)
    _add_posts(document, sheet)
    _add_sites(document, sheet.scenario.sites)
    for party in sheet.scenario.parties:
        # A mixed team stands once, with the party whose vehicle it uses.
        led = [route for route in sheet.routes if route.parties[0] == party.id]
        _add_party(document, party.id, party.name, led)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _add(parent: Element, tag: str, text: str | None = None, **attributes: str) -> Element:
    name = f"{{{GX}}}{tag[3:]}" if tag.startswith("gx:") else f"{{{KML}}}{tag}"
    element = etree.SubElement(parent, name, attributes)
    element.text = text
    return element


def _kml_colour(colour: str, opacity: str = "ff") -> str:
    """Return #rrggbb as KML writes it: aabbggrr."""
    return opacity + colour[5:7] + colour[3:5] + colour[1:3]


def _add_styles(document: Element, colours: Mapping[str, str]) -> None:
    lines = {"line": ("#000000", "3"), "sector-none": ("#888888", "8")}
    lines |= {f"sector-{k}": (colour, "8") for k, colour in enumerate(COVER_COLOURS)}
    lines |= {f"party-{party}": (colour, "4") for party, colour in colours.items()}
    icons = {f"post-{party}": colour for party, colour in colours.items()} | {"site": "#ffffff"}
    for name, (colour, width) in lines.items():
        style = _add(document, "Style", id=name)
        look = _add(style, "LineStyle")
        _add(look, "color", _kml_colour(colour))
        _add(look, "width", width)
        _add(_add(style, "BalloonStyle"), "text", "$[description]")
    for name, colour in icons.items():
        style = _add(document, "Style", id=name)
        icon = _add(style, "IconStyle")
        _add(icon, "color", _kml_colour(colour))
        _add(icon, "scale", "0.8")
        _add(_add(style, "LabelStyle"), "scale", "0.8")
        _add(_add(style, "BalloonStyle"), "text", "$[description]")


def _placemark(folder: Element, name: str, style: str, rows: Iterable[tuple[str, str]]) -> Element:
    mark = _add(folder, "Placemark")
    _add(mark, "name", clean_line(name))
    _add(mark, "Snippet", "", maxLines="0")
    _add(mark, "description", _balloon(name, rows))
    _add(mark, "styleUrl", f"#{style}")
    return mark


def _balloon(name: str, rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><th>{as_html(a)}</th><td>{as_html(b)}</td></tr>" for a, b in rows)
    return f"<h3>{as_html(name)}</h3><table>{cells}</table>"


def _add_data(mark: Element, values: Mapping[str, str]) -> None:
    extended = _add(mark, "ExtendedData")
    for name, value in values.items():
        _add(_add(extended, "Data", name=name), "value", clean_line(value))


def _coordinates(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> str:
    # KML knows no longitude beyond 180 degrees.
    return " ".join(f"{(x + 180) % 360 - 180:.6f},{y:.6f}" for x, y in zip(lon, lat, strict=True))


def _add_line(document: Element, border: Border) -> None:
    folder = _add(document, "Folder")
    _add(folder, "name", "Line")
    rows = [("Length", f"{border.length_m / METRES_PER_KILOMETRE:,.1f} km")]
    mark = _placemark(folder, "The line", "line", rows)
    _add_data(mark, {"route": "no"})
    string = _add(mark, "LineString")
    _add(string, "tessellate", "1")
    _add(string, "coordinates", _coordinates(border.longitude, border.latitude))


def sector_places(
    border: Border, sector: Sector
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitude and latitude of a sector's stretch of the line, its vertices included."""
    from_m, to_m = (
        min(km * METRES_PER_KILOMETRE, border.length_m) for km in (sector.from_km, sector.to_km)
    )
    inside = (border.chainage_m > from_m) & (border.chainage_m < to_m)
    along = np.linspace(from_m, to_m, max(2, int((to_m - from_m) / STEP_M)))
    return place_at(border, np.unique(np.concatenate([along, border.chainage_m[inside]])))


def _add_sectors(document: Element, sheet: MapSheet) -> None:
    folder = _add(document, "Folder")
    _add(folder, "name", "Sectors")
    for sector in sheet.scenario.sectors:
        cover = sheet.sector_cover.get(sector.id)
        rows = [("From km", f"{sector.from_km:g}"), ("To km", f"{sector.to_km:g}")]
        style = "sector-none"
        if cover is not None:
            rows.append(("Crossings noticed", f"{cover:.0%}"))
            style = f"sector-{min(int(cover * 5), 4)}"
        mark = _placemark(folder, sector.name, style, rows)
        _add_data(mark, {"route": "no"})
        string = _add(mark, "LineString")
        _add(string, "tessellate", "1")
        _add(string, "coordinates", _coordinates(*sector_places(sheet.scenario.border, sector)))


def _add_posts(document: Element, sheet: MapSheet) -> None:
    folder = _add(document, "Folder")
    _add(folder, "name", "Posts")
    for party in sheet.scenario.parties:
        posts = [p for p in sheet.scenario.posts if p.party == party.id in sheet.parties]
        if posts:
            of_party = _add(folder, "Folder")
            _add(of_party, "name", clean_line(party.name))
        for post in posts:
            rows = [("Id", post.id), ("Kind", post.kind), ("Party", party.name)]
            mark = _placemark(of_party, post.name, f"post-{party.id}", rows)
            _add_place(mark, post)


def _add_sites(document: Element, sites: Sequence[Site]) -> None:
    folder = _add(document, "Folder")
    _add(folder, "name", "Civil sites")
    for site in sites:
        rows = [("Id", site.id), ("Kind", site.kind)]
        _add_place(_placemark(folder, site.name, "site", rows), site)


def _add_place(mark: Element, place: Post | Site) -> None:
    _add(_add(mark, "Point"), "coordinates", f"{place.lon:.6f},{place.lat:.6f}")


def _add_party(document: Element, party: str, name: str, routes: Sequence[PatrolRoute]) -> None:
    if not routes:
        return
    folder = _add(document, "Folder")
    _add(folder, "name", clean_line(name))
    days: dict[int, Element] = {}
    for route in routes:
        if route.number not in days:
            days[route.number] = _add(folder, "Folder")
            _add(days[route.number], "name", f"{route.day:%Y-%m-%d}")
        _add_route(days[route.number], route, f"party-{party}")


def _add_route(folder: Element, route: PatrolRoute, style: str) -> None:
    rows = [("Team", route.team), ("On duty", f"{route.start:%H:%M} to {route.until:%H:%M %Z}")]
    rows += [(f"{p.start:%H:%M}", clean_line(p.text)) for p in route.stops]
    mark = _placemark(folder, route.title, style, rows)
    # The schema wants the time before the style.
    span = _add(mark, "TimeSpan")
    _add(span, "begin", utc(route.start))
    _add(span, "end", utc(route.until))
    mark.insert(3, span)
    values = {"unit": route.units[0], "team": route.team, "party": " ".join(route.parties)}
    _add_data(mark, {**values, "uid": route.uid, "kind": route.kind, "day": str(route.number)})
    track = _add(mark, "gx:Track")
    flown = route.kind == "helicopter" and all(p.height_m is not None for p in route.points)
    _add(track, "altitudeMode", "absolute" if flown else "clampToGround")
    places = list(fixes(route.points))
    for when, _ in places:
        _add(track, "when", utc(when))
    for _, point in places:
        height = point.height_m if flown else 0
        _add(track, "gx:coord", f"{point.lon:.6f} {point.lat:.6f} {height:g}")
