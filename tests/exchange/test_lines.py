from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyproj import Transformer

from sarhad.errors import ScenarioError
from sarhad.exchange.lines import LARGEST_GEOJSON, read_line_parts

FIRST = [[67.0, 37.0], [67.5, 37.2]]
SECOND = [[67.5, 37.2], [68.0, 37.1]]
DATA = Path(__file__).resolve().parents[2] / "../shared/data"


def kml(*shapes: str) -> str:
    places = "".join(f"<Placemark>{shape}</Placemark>" for shape in shapes)
    space = 'xmlns="http://www.opengis.net/kml/2.2"'
    return f'<?xml version="1.0"?><kml {space}><Document>{places}</Document></kml>'


def kml_line(points: Sequence[Sequence[float]]) -> str:
    text = " ".join(f"{lon},{lat},0" for lon, lat in points)
    return f"<LineString><coordinates>{text}</coordinates></LineString>"


def geojson(path: Path, kind: str, coordinates: Any, **more: Any) -> Path:
    path.write_text(json.dumps({"type": kind, "coordinates": coordinates, **more}))
    return path


def geopackage(path: Path, parts: Sequence[Any], crs: str | None) -> Path:
    import shapely
    from pyogrio.raw import write

    shapes = np.array([shapely.to_wkb(shapely.LineString(part)) for part in parts], dtype=object)
    kind = {"geometry_type": "LineString", "driver": "GPKG"}
    if crs is None:
        with pytest.warns(UserWarning, match="crs"):
            write(path, shapes, field_data=[], fields=[], crs=crs, **kind)
    else:
        write(path, shapes, field_data=[], fields=[], crs=crs, **kind)
    return path


def refused(path: Path) -> str:
    with pytest.raises(ScenarioError) as caught:
        read_line_parts(path)
    assert len(caught.value.faults) == 1
    assert caught.value.faults[0].file == path.name
    return str(caught.value)


def same(parts: list[Any], *expected: Any) -> None:
    assert len(parts) == len(expected)
    for part, other in zip(parts, expected, strict=True):
        np.testing.assert_allclose(part, other, atol=1e-9)


def test_geojson_line_multi_line_and_collection_agree(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    same(read_line_parts(geojson(path, "MultiLineString", [FIRST, SECOND])), FIRST, SECOND)
    shapes = [{"type": "LineString", "coordinates": part} for part in (FIRST, SECOND)]
    features = [{"type": "Feature", "properties": {}, "geometry": shape} for shape in shapes]
    point = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [0, 0]}}
    for content in (
        {"type": "FeatureCollection", "features": [*features, point]},
        {"type": "GeometryCollection", "geometries": shapes},
    ):
        path.write_text(json.dumps(content), encoding="utf-8-sig")
        same(read_line_parts(path), FIRST, SECOND)


def test_kml_and_kmz_as_drawn_in_google_earth(tmp_path: Path) -> None:
    pin = "<Point><coordinates>67,37,0</coordinates></Point>"
    text = kml(kml_line(FIRST), pin, kml_line(SECOND))
    (tmp_path / "a.kml").write_text(text)
    same(read_line_parts(tmp_path / "a.kml"), FIRST, SECOND)
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as archive:
        archive.writestr("doc.kml", text)
    same(read_line_parts(tmp_path / "a.kmz"), FIRST, SECOND)


def test_gpx_track_is_read_once(tmp_path: Path) -> None:
    points = "".join(f'<trkpt lon="{lon}" lat="{lat}"/>' for lon, lat in FIRST)
    track = f"<trk><trkseg>{points}</trkseg></trk>"
    space = 'version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1"'
    (tmp_path / "a.gpx").write_text(f"<gpx {space}>{track}</gpx>")
    same(read_line_parts(tmp_path / "a.gpx"), FIRST)


def test_geopackage_in_utm_is_turned_into_degrees(tmp_path: Path) -> None:
    metres = Transformer.from_crs("EPSG:4326", "EPSG:32642", always_xy=True)
    part = np.stack(metres.transform(*np.array(FIRST).T), axis=1)
    same(read_line_parts(geopackage(tmp_path / "a.gpkg", [part], "EPSG:32642")), FIRST)


def test_geojson_of_the_old_standard_in_utm_is_turned_into_degrees(tmp_path: Path) -> None:
    metres = Transformer.from_crs("EPSG:4326", "EPSG:32642", always_xy=True)
    part = np.stack(metres.transform(*np.array(FIRST).T), axis=1).tolist()
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32642"}}
    same(read_line_parts(geojson(tmp_path / "a.geojson", "LineString", part, crs=crs)), FIRST)


def test_geopackage_without_a_coordinate_system_is_refused(tmp_path: Path) -> None:
    path = geopackage(tmp_path / "a.gpkg", [FIRST], None)
    assert "no coordinate system" in refused(path)


def test_polygons_are_refused_with_a_cure(tmp_path: Path) -> None:
    ring = [*FIRST, [67.2, 36.9], FIRST[0]]
    text = refused(geojson(tmp_path / "a.geojson", "Polygon", [ring]))
    assert "an area (polygon)" in text
    outline = kml_line(ring).replace("LineString", "LinearRing")
    outer = f"<outerBoundaryIs>{outline}</outerBoundaryIs>"
    (tmp_path / "a.kml").write_text(kml(f"<Polygon>{outer}</Polygon>"))
    assert "Keep only the stretch" in refused(tmp_path / "a.kml")


@pytest.mark.parametrize(
    ("coordinates", "said"),
    [
        ([[67, 37]], "one point"),
        ([[67, 37], [67, 37]], "one point"),
        ([[67, "x"], [68, 37]], "not numbers"),
        ([[37, 167], [37, 168]], "lon and lat are swapped"),
        ([[500000, 4100000], [500100, 4100000]], "look like metres"),
        ([], "one point"),
    ],
)
def test_bad_coordinates_are_told_apart(tmp_path: Path, coordinates: Any, said: str) -> None:
    assert said in refused(geojson(tmp_path / "a.geojson", "LineString", coordinates))


def test_one_point_in_kml_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a.kml").write_text(kml(kml_line(FIRST[:1])))
    assert "one point" in refused(tmp_path / "a.kml")


def test_points_alone_are_no_line(tmp_path: Path) -> None:
    assert "no line" in refused(geojson(tmp_path / "a.geojson", "Point", [67, 37]))
    (tmp_path / "a.kml").write_text(kml("<Point><coordinates>67,37,0</coordinates></Point>"))
    assert "no line" in refused(tmp_path / "a.kml")


@pytest.mark.parametrize("name", ["a.geojson", "a.kml", "a.kmz", "a.gpkg", "a.gpx"])
@pytest.mark.parametrize("content", [b"", b"\x00rubbish", b"{", b"<kml>"])
def test_rubbish_is_a_fault_in_every_format(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert refused(tmp_path / name)


def test_file_that_names_another_file_is_refused(tmp_path: Path) -> None:
    geojson(tmp_path / "secret.geojson", "LineString", FIRST)
    source = f"<SrcDataSource>{tmp_path / 'secret.geojson'}</SrcDataSource>"
    layer = f'<OGRVRTLayer name="secret">{source}</OGRVRTLayer>'
    posing = f"<OGRVRTDataSource><!-- <kml> -->{layer}</OGRVRTDataSource>"
    (tmp_path / "a.kml").write_text(posing)
    assert "other content than its name says" in refused(tmp_path / "a.kml")


def test_missing_file_and_unknown_format_are_faults(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "gone.kml")
    assert ".geojson" in refused(tmp_path / "line.dwg")


def test_deeply_nested_json_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a.geojson").write_text("[" * 200_000)
    assert "broken JSON" in refused(tmp_path / "a.geojson")
    deep = '{"type": "GeometryCollection", "geometries": [' * 5_000
    (tmp_path / "a.geojson").write_text(deep)
    assert "broken JSON" in refused(tmp_path / "a.geojson")


def test_huge_files_are_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "a.geojson").open("wb") as file:
        file.truncate(LARGEST_GEOJSON + 1)
    assert "at most" in refused(tmp_path / "a.geojson")
    with zipfile.ZipFile(tmp_path / "a.kmz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("doc.kml", bytes(300_000_000))
    assert (tmp_path / "a.kmz").stat().st_size < 1_000_000
    assert "at most" in refused(tmp_path / "a.kmz")


def test_reference_line_reads_without_gdal() -> None:
    path = DATA / "border_tajik_afghan_osm.geojson"
    if not path.is_file():
        pytest.skip("shared data are not beside the project")
    (part,) = read_line_parts(path)
    assert part.shape == (7351, 2)
