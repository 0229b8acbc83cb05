"""Writes a plan as one GeoPackage whose layers open styled in QGIS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from sarhad.border import Border, BorderCells, place_at
from sarhad.exchange.atomic import file_atomically
from sarhad.exchange.kml import MapSheet, sector_places
from sarhad.exchange.qgis_styles import STYLES, write_styles
from sarhad.exchange.routes import PatrolRoute
from sarhad.exchange.texts import clean
from sarhad.grid import GEOD
from sarhad.scenario import Incident
from sarhad.units import METRES_PER_KILOMETRE, WGS84

Floats = NDArray[np.float64]

VERSION: Final = "1.3"
"""Of the standard: older than the newest, for the QGIS of years ago."""

UTC_FLAG: Final = 100
"""How GDAL says that a time is in UTC."""

CORNERS: Final = 72
"""Corners of the area that holds the true place of an incident."""

LEAST_RADIUS_KM: Final = 0.1
"""An exact place is drawn as an area of this radius, to be seen and to be one geometry type."""


@dataclass(frozen=True, slots=True, eq=False)
class LineFigures:
    """Risk and coverage along the line.

    Attributes
    ----------
    cells : BorderCells
        The border cells.
    risk : ndarray, shape (cells, 24)
        Expected incidents an hour by local hour of the mean day [1/h].
    cover : ndarray, shape (cells, 24)
        Chance that a crossing is noticed by local hour of the mean day [1].
    """

    cells: BorderCells
    risk: Floats
    cover: Floats

    def __post_init__(self) -> None:
        shape = (len(self.cells), 24)
        if self.risk.shape != shape or self.cover.shape != shape:
            raise ValueError("risk and cover have a row for each cell and 24 hours")


def write_geopackage(
    path: Path, sheet: MapSheet, figures: LineFigures | None, made: datetime
) -> None:
    """Write a plan as a GeoPackage, whole or not at all.

    Parameters
    ----------
    path : Path
        The file, whose name ends in .gpkg; its folder exists.
    sheet : MapSheet
        Line, posts, sites, incidents, sectors and the released routes.
    figures : LineFigures or None
        Risk and coverage; None where they are not released: then there is no layer of them.
    made : datetime
        When the plan was made, aware: it stands in the file instead of the clock's time, so that
        the same plan gives the same file.

    Raises
    ------
    OSError
        If it cannot be written; what stood there still stands there.
    """
    from pyogrio import get_gdal_config_option, set_gdal_config_options
    from pyogrio.errors import DataSourceError, FeatureError, GeometryError

    if path.suffix.lower() != ".gpkg" or made.tzinfo is None:
        raise ValueError("the name ends in .gpkg, and made says its offset from UTC")
    moment = made.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    before = get_gdal_config_option("OGR_CURRENT_DATE")
    set_gdal_config_options({"OGR_CURRENT_DATE": moment})
    try:
        with file_atomically(path) as fresh:
            layers = _layers(sheet, figures)
            for name, layer in layers.items():
                _write_layer(fresh, name, *layer)
            write_styles(fresh, {name: STYLES[name] for name in layers}, moment)
    except (DataSourceError, FeatureError, GeometryError) as error:
        raise OSError(f"{path} cannot be written: {error}") from error
    finally:
        set_gdal_config_options({"OGR_CURRENT_DATE": before})


Columns = dict[str, Any]
Layer = tuple[str, Sequence[Any], Columns]
"""Geometry type, geometries, and columns by name."""


def _layers(sheet: MapSheet, figures: LineFigures | None) -> dict[str, Layer]:
    scenario = sheet.scenario
    posts = [post for post in scenario.posts if post.party in sheet.parties]
    layers: dict[str, Layer] = {}
    if figures is not None:
        layers["line_cells"] = _cell_layer(scenario.border, figures)
    layers["sectors"] = _sector_layer(sheet)
    layers["incidents"] = _incident_layer(scenario.incidents)
    layers["routes"] = _route_layer(sheet.routes)
    layers["route_points"] = _stop_layer(sheet.routes)
    layers["sites"] = _place_layer(scenario.sites, ("id", "name", "kind", "source"))
    layers["posts"] = _place_layer(posts, ("id", "name", "party", "kind", "source"))
    return layers


def _cell_layer(border: Border, figures: LineFigures) -> Layer:
    edges_m = figures.cells.edges_m
    lines = []
    for from_m, to_m in pairwise(edges_m):
        inside = border.chainage_m[(border.chainage_m > from_m) & (border.chainage_m < to_m)]
        lon, lat = place_at(border, np.concatenate([[from_m], inside, [to_m]]))
        lines.append(shapely.LineString(np.column_stack([lon, lat])))
    columns: Columns = {
        "cell": np.arange(len(lines), dtype=np.int32),
        "from_km": edges_m[:-1] / METRES_PER_KILOMETRE,
        "to_km": edges_m[1:] / METRES_PER_KILOMETRE,
        "risk_week": figures.risk.sum(axis=1) * 7,
        "cover_mean": figures.cover.mean(axis=1),
        "cover_least": figures.cover.min(axis=1),
    }
    for hour in range(24):
        columns[f"risk_{hour:02d}"] = figures.risk[:, hour].astype(np.float64)
        columns[f"cover_{hour:02d}"] = figures.cover[:, hour].astype(np.float64)
    return "LineString", lines, columns


def _sector_layer(sheet: MapSheet) -> Layer:
    sectors = sheet.scenario.sectors
    border = sheet.scenario.border
    lines = [shapely.LineString(np.column_stack(sector_places(border, s))) for s in sectors]
    cover = [sheet.sector_cover.get(sector.id, np.nan) for sector in sectors]
    columns: Columns = {
        "id": _texts(s.id for s in sectors),
        "name": _texts(s.name for s in sectors),
        "from_km": np.array([s.from_km for s in sectors], np.float64),
        "to_km": np.array([s.to_km for s in sectors], np.float64),
        "cover": np.array(cover, np.float64),
    }
    return "LineString", lines, columns


def _incident_layer(incidents: Sequence[Incident]) -> Layer:
    placed = [each for each in incidents if each.lon is not None and each.lat is not None]
    areas = [_area(each.lon or 0.0, each.lat or 0.0, each.radius_km) for each in placed]
    columns: Columns = {
        name: _texts(getattr(each, name) for each in placed)
        for name in ("id", "kind", "place", "precision", "reliability", "source")
    }
    columns["radius_km"] = np.array([each.radius_km for each in placed], np.float64)
    columns["killed_low"] = np.array([each.killed_low for each in placed], np.int32)
    columns["killed_high"] = np.array([each.killed_high for each in placed], np.int32)
    columns["start"] = _moments(each.start for each in placed)
    columns["until"] = _moments(each.end for each in placed)
    return "Polygon", areas, columns


def _area(lon: float, lat: float, radius_km: float) -> Any:
    """Return the circle on the ground that holds the true place."""
    away_m = max(radius_km, LEAST_RADIUS_KM) * METRES_PER_KILOMETRE
    turn = np.linspace(0.0, -360.0, CORNERS, endpoint=False)
    ones = np.ones(CORNERS)
    east, north, _ = GEOD.fwd(lon * ones, lat * ones, turn, away_m * ones)
    # A circle over the antimeridian stays in one piece, as the line does.
    east = lon + (np.asarray(east) - lon + 180.0) % 360.0 - 180.0
    return shapely.Polygon(np.column_stack([east, north]))


def _route_layer(routes: Sequence[PatrolRoute]) -> Layer:
    lines = [_line(route) for route in routes]
    columns: Columns = {
        name: _texts(str(getattr(route, name)) for route in routes)
        for name in ("uid", "option", "team", "kind", "base", "title")
    }
    columns["unit"] = _texts(route.units[0] for route in routes)
    columns["parties"] = _texts(" ".join(route.parties) for route in routes)
    columns["day"] = np.array([route.number for route in routes], np.int32)
    columns["start"] = _moments(route.start for route in routes)
    columns["until"] = _moments(route.until for route in routes)
    return "LineString Z", lines, columns


def _line(route: PatrolRoute) -> Any:
    places = [(p.lon, p.lat, p.height_m or 0.0) for p in route.points]
    # A team that stays at its base has a line of no length, which readers still take.
    return shapely.LineString(places if len(places) > 1 else places * 2)


def _stop_layer(routes: Sequence[PatrolRoute]) -> Layer:
    stops = [(route, stop) for route in routes for stop in route.stops]
    points = [shapely.Point(stop.lon, stop.lat, stop.height_m or 0.0) for _, stop in stops]
    columns: Columns = {
        "uid": _texts(route.uid for route, _ in stops),
        "team": _texts(route.team for route, _ in stops),
        "role": _texts(stop.role for _, stop in stops),
        "text": _texts(stop.text for _, stop in stops),
        "cell": np.array([stop.cell for _, stop in stops], np.int32),
        "start": _moments(stop.start for _, stop in stops),
        "until": _moments(stop.until for _, stop in stops),
    }
    return "Point Z", points, columns


def _place_layer(rows: Sequence[Any], names: Sequence[str]) -> Layer:
    points = [shapely.Point(row.lon, row.lat) for row in rows]
    return "Point", points, {name: _texts(getattr(row, name) for row in rows) for name in names}


def _texts(texts: Any) -> NDArray[np.object_]:
    return np.array([clean(text) for text in texts], dtype=object)


def _moments(moments: Any) -> NDArray[np.datetime64]:
    naive = [moment.astimezone(UTC).replace(tzinfo=None) for moment in moments]
    return np.array(naive, dtype="datetime64[ms]")


def _write_layer(
    path: Path, name: str, kind: str, shapes: Sequence[Any], columns: Mapping[str, Any]
) -> None:
    from pyogrio.raw import write

    times = {
        key: np.full(len(shapes), UTC_FLAG)
        for key, values in columns.items()
        if values.dtype.kind == "M"
    }
    write(
        path,
        geometry=shapely.to_wkb(np.array(shapes, dtype=object)),
        field_data=list(columns.values()),
        fields=list(columns),
        gdal_tz_offsets=times,
        layer=name,
        driver="GPKG",
        geometry_type=kind,
        crs=WGS84,
        append=path.exists(),
        dataset_options=None if path.exists() else {"VERSION": VERSION},
        layer_options={"DATETIME_PRECISION": "MILLISECOND"},
    )
