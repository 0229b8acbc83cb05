"""Reads a line as planners draw it: GeoJSON, KML, KMZ, GeoPackage or GPX, in degrees on WGS 84."""

from __future__ import annotations

import json
import math
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sarhad.errors import Fault, ScenarioError
from sarhad.units import WGS84

LARGEST_LINE_FILE: Final = 256 * 1024 * 1024
"""Bytes of a line file, unpacked; the reference line of 1,344 km takes 0.2 MB."""

LARGEST_GEOJSON: Final = 64 * 1024 * 1024
"""Bytes of a GeoJSON file, which takes some 20 times as much memory while it is read."""

SUFFIXES: Final = (".geojson", ".json", ".kml", ".kmz", ".gpkg", ".gpx")

DRAW_A_LINE: Final = "Draw or export the line itself, as a path or LineString"

_WGS84_NAMES = ("CRS84", "EPSG::4326", "EPSG:4326")


def read_line_parts(path: Path, file: str = "") -> list[NDArray[np.float64]]:
    """Return the parts of a line, in the order of the file.

    Parameters
    ----------
    path : Path
        GeoJSON, KML, KMZ, GeoPackage or GPX; other coordinate systems are turned into WGS 84.
    file : str
        What the file is called in a fault; its name where empty.

    Returns
    -------
    list of ndarray, shape (k, 2)
        Longitude and latitude [degrees] of each part; points beside the line are left out.

    Raises
    ------
    ScenarioError
        If the file cannot be read, holds areas or no line, or says no coordinate system.
    """
    file = file or path.name
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        expected = f"a file whose name ends in {', '.join(SUFFIXES)}"
        raise _trouble(file, f"'{path.name}'", expected)
    if not path.is_file():
        raise _trouble(file, "no such file", "the file of the line")
    _check_size(path, suffix, file)
    parts = _read_json(path, file) if suffix in (".geojson", ".json") else None
    if parts is None:
        parts = _read_with_gdal(path, file)
    parts = [_without_repeats(part) for part in parts]
    _check_parts(parts, file)
    return parts


def _trouble(file: str, found: str, expected: str, cure: str = "") -> ScenarioError:
    return ScenarioError((Fault(file, None, None, found, expected, cure),))


def _check_size(path: Path, suffix: str, file: str) -> None:
    size = path.stat().st_size
    largest = LARGEST_GEOJSON if "json" in suffix else LARGEST_LINE_FILE
    if suffix == ".kmz":
        try:
            with zipfile.ZipFile(path) as archive:
                size = sum(entry.file_size for entry in archive.infolist())
        except (zipfile.BadZipFile, OSError) as error:
            raise _trouble(file, f"a broken archive ({error})", "a KMZ file") from None
    if size == 0:
        raise _trouble(file, "an empty file", "a line", DRAW_A_LINE)
    if size > largest:
        found, expected = f"{size / 1e6:,.0f} MB", f"at most {largest / 1e6:,.0f} MB"
        raise _trouble(file, found, expected, "Simplify the line, or leave out what is beside it")


def read_line_credit(path: str | Path) -> dict[str, str]:
    """Return `credit` and `licence` of the first feature of a GeoJSON file that carries a credit.

    Empty where none does, and for other formats, which have no place for them.
    """
    if "json" not in Path(path).suffix.lower():
        return {}
    content = json.loads(Path(path).read_text("utf-8-sig"))
    for feature in content.get("features") or [content]:
        carried = feature.get("properties") if isinstance(feature, dict) else None
        if isinstance(carried, dict) and isinstance(carried.get("credit"), str):
            keys = ("credit", "licence")
            return {key: carried[key] for key in keys if isinstance(carried.get(key), str)}
    return {}


def _read_json(path: Path, file: str) -> list[NDArray[np.float64]] | None:
    """Return the parts of a GeoJSON file, or None if it is not in WGS 84.

    Starting GDAL takes 0.4 s, most of what `sarhad check` may take; this takes 10 ms.
    """
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise _trouble(file, "text that is not UTF-8", "GeoJSON in UTF-8") from None
    except (json.JSONDecodeError, RecursionError) as error:
        place = f" in line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise _trouble(file, f"broken JSON{place}", "GeoJSON", "Export it again") from None
    if not isinstance(content, dict):
        raise _trouble(file, "JSON without a geometry", "GeoJSON")
    crs = content.get("crs")
    if crs is not None and not any(name in str(crs) for name in _WGS84_NAMES):
        return None
    return [_coordinates(part, file) for part in _json_lines(content, file)]


def _json_lines(item: Any, file: str) -> Iterator[Any]:
    """Yield the coordinates of every line in a GeoJSON object."""
    if not isinstance(item, dict):
        return
    kind = item.get("type")
    if kind == "LineString":
        yield item.get("coordinates")
    elif kind == "MultiLineString":
        yield from item.get("coordinates") or ()
    elif kind in ("Polygon", "MultiPolygon"):
        raise _polygon(file)
    inner = item.get("features") or item.get("geometries") or [item.get("geometry")]
    for part in inner if isinstance(inner, list) else ():
        yield from _json_lines(part, file)


def _coordinates(points: Any, file: str) -> NDArray[np.float64]:
    try:
        pairs = [(float(point[0]), float(point[1])) for point in points]
    except (TypeError, ValueError, IndexError, KeyError):
        raise _trouble(file, "coordinates that are not numbers", "[longitude, latitude]") from None
    return np.array(pairs, dtype=np.float64).reshape(-1, 2)


def _polygon(file: str) -> ScenarioError:
    cure = "Keep only the stretch of its outline that is the border, as a path or LineString"
    return _trouble(file, "an area (polygon)", "a line", cure)


def _read_with_gdal(path: Path, file: str) -> list[NDArray[np.float64]]:
    """Return the parts of every layer, turned into WGS 84."""
    _check_signature(path, file)
    from pyogrio import list_layers
    from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, GeometryError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # GPX repeats each track and route as loose points.
            names = [
                str(name) for name, _ in list_layers(path) if not str(name).endswith("_points")
            ]
            layers = [_read_layer(path, name, file) for name in names]
    except (DataSourceError, DataLayerError, FeatureError, GeometryError) as error:
        cure = "Open it in the program that made it and save it again"
        raise _trouble(file, f"a broken file ({error})", "a line", cure) from None
    return [part for layer in layers for part in layer]


_SIGNATURES: Final = {
    ".kml": b"<kml",
    ".kmz": b"PK",
    ".gpkg": b"SQLite format 3",
    ".gpx": b"<gpx",
}


def _check_signature(path: Path, file: str) -> None:
    """Refuse a file that is not what its name says.

    GDAL goes by the content: one that poses as KML could name other files, or servers, to read.
    """
    with path.open("rb") as stream:
        head = stream.read(64 * 1024)
    suffix = path.suffix.lower()
    if _SIGNATURES.get(suffix, b"{") not in head or b"<OGRVRT" in head:
        raise _trouble(file, "other content than its name says", f"a {suffix[1:].upper()} file")


def _read_layer(path: Path, layer: str, file: str) -> list[NDArray[np.float64]]:
    import shapely
    from pyogrio.raw import read

    meta, _, wkb, _ = read(path, layer=layer, columns=[])
    if wkb is None or not len(wkb):
        return []
    try:
        shapes = shapely.get_parts(shapely.get_parts(shapely.from_wkb(wkb)))
    except shapely.errors.GEOSException:
        found = "a line with one point"
        raise _trouble(file, found, "at least two points", DRAW_A_LINE) from None
    kinds = {shape.geom_type for shape in shapes}
    if kinds & {"Polygon", "MultiPolygon"}:
        raise _polygon(file)
    lines = [shape for shape in shapes if shape.geom_type in ("LineString", "LinearRing")]
    parts = [np.asarray(shapely.get_coordinates(line), dtype=np.float64) for line in lines]
    return _to_degrees(parts, meta["crs"], file) if parts else []


def _to_degrees(
    parts: list[NDArray[np.float64]], crs: str | None, file: str
) -> list[NDArray[np.float64]]:
    from pyproj import Transformer
    from pyproj.exceptions import ProjError

    if not crs:
        cure = "Export it again as GeoJSON, or set its coordinate system to EPSG:4326"
        raise _trouble(file, "no coordinate system", "a line that says its own", cure)
    if crs == WGS84:
        return parts
    try:
        transform = Transformer.from_crs(crs, WGS84, always_xy=True).transform
    except ProjError:
        cure = "Export it again in EPSG:4326"
        raise _trouble(file, "an unknown coordinate system", "EPSG:4326", cure) from None
    return [np.stack(transform(part[:, 0], part[:, 1]), axis=1) for part in parts]


def _without_repeats(part: NDArray[np.float64]) -> NDArray[np.float64]:
    fresh = np.ones(len(part), dtype=bool)
    fresh[1:] = np.any(part[1:] != part[:-1], axis=1)
    return part[fresh]


def _check_parts(parts: list[NDArray[np.float64]], file: str) -> None:
    if not parts:
        raise _trouble(file, "no line (points at most)", "a line", DRAW_A_LINE)
    for number, part in enumerate(parts, start=1):
        which = f"part {number} of the line" if len(parts) > 1 else "a line"
        if len(part) < 2:
            raise _trouble(file, f"{which} with one point", "at least two points", DRAW_A_LINE)
        if not np.isfinite(part).all():
            raise _trouble(file, f"{which} with an empty coordinate", "numbers")
        _check_degrees(part, which, file)


def _check_degrees(part: NDArray[np.float64], which: str, file: str) -> None:
    worst_lon, worst_lat = np.abs(part).max(axis=0)
    if worst_lon <= 360 and worst_lat <= 90:
        return
    k = int(np.argmax(np.maximum(np.abs(part[:, 0]) / 360, np.abs(part[:, 1]) / 90)))
    found = f"{which} through ({part[k, 0]:g}, {part[k, 1]:g})"
    swapped = worst_lon <= 90 and worst_lat <= 360
    metres = not math.isfinite(worst_lon) or max(worst_lon, worst_lat) > 360
    cure = (
        "lon and lat are swapped: longitude comes first"
        if swapped
        else "These look like metres: export it in EPSG:4326"
        if metres
        else "Export it again in EPSG:4326"
    )
    raise _trouble(file, found, "degrees: longitude, then latitude from -90 to 90", cure)
