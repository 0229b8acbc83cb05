"""What the page's script needs of the document, in as few bytes as may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sarhad.report.brief.catalogue import Catalogue
from sarhad.report.brief.colouring import Scale
from sarhad.report.brief.document import BriefDocument
from sarhad.report.brief.ground import Ground, Meridian, Place
from sarhad.report.brief.json_form import plain_form
from sarhad.report.brief.still_map import map_extent

DEGREE_DIGITS = 5
"""About a metre [digits after the point]."""


def page_data(
    document: BriefDocument, catalogues: Mapping[str, Catalogue], scales: Mapping[str, Scale]
) -> dict[str, Any]:
    """Return the content of the page's block of data."""
    return {
        "catalogues": [_catalogue(each) for each in catalogues.values()],
        "zone": document.scenario.time_zone,
        "recommended": document.answers.recommended,
        "options": [{"name": row.name, "title": row.title} for row in document.options],
        "ground": _ground(document.ground),
        "line": plain_form(document.line) if document.line else None,
        "scales": {name: asdict(scale) for name, scale in scales.items()},
    }


def _catalogue(catalogue: Catalogue) -> dict[str, Any]:
    return {
        "tag": catalogue.tag,
        "direction": catalogue.direction,
        "locale": catalogue.locale,
        "messages": dict(catalogue.messages),
    }


def _ground(ground: Ground) -> dict[str, Any]:
    return {
        "extent": map_extent(ground),
        "relief": ground.relief.extent_m if ground.relief else None,
        "edges_km": [round(km, 3) for km in ground.edges_km],
        "edges": [[round(edge.east_m), round(edge.north_m)] for edge in ground.edges],
        "graticule": [_meridian(line) for line in ground.graticule],
        "sectors": [asdict(sector) for sector in ground.sectors],
        "posts": [_placed(post, post.place) for post in ground.posts],
        "sites": [_placed(site, site.place) for site in ground.sites],
        "incidents": [_placed(each, each.place) for each in ground.incidents],
    }


def _meridian(line: Meridian) -> dict[str, Any]:
    points = [[round(east), round(north)] for east, north in line.points_m]
    return {"degrees": line.degrees, "is_longitude": line.is_longitude, "points": points}


def _placed(shown: Any, place: Place | None) -> dict[str, Any]:
    row: dict[str, Any] = plain_form(shown)
    row["place"] = None
    if place is not None:
        row["place"] = [round(place.east_m), round(place.north_m)]
        row["degrees"] = [round(place.lon, DEGREE_DIGITS), round(place.lat, DEGREE_DIGITS)]
    return row
