"""The ground of the brief's map: relief, line, sectors, posts, sites and incidents on one plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Extent = tuple[float, float, float, float]
"""West, east, south, north in the map's projection [m]."""


@dataclass(frozen=True, slots=True)
class Place:
    """A point: degrees on WGS 84, and metres in the projection of the map."""

    lon: float
    lat: float
    east_m: float
    north_m: float

    def __post_init__(self) -> None:
        if not np.isfinite([self.lon, self.lat, self.east_m, self.north_m]).all():
            raise ValueError("a place on the map has finite coordinates")


@dataclass(frozen=True, slots=True)
class ReliefPicture:
    """The relief as a picture (WebP, PNG or JPEG), and the outer edges that it fills [m]."""

    picture: bytes
    media_type: Literal["image/webp", "image/png", "image/jpeg"]
    extent_m: Extent
    stand_in: bool = False


@dataclass(frozen=True, slots=True)
class Meridian:
    """A line of the graticule: its degrees, and its points in the projection [m]."""

    degrees: float
    is_longitude: bool
    points_m: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class MapSector:
    """A sector of the line, from one kilometre to another."""

    id: str
    name: str
    from_km: float
    to_km: float


@dataclass(frozen=True, slots=True)
class MapPost:
    """A post: its name and its party's name are shown as entered; `kind` as in the scenario."""

    id: str
    name: str
    party: str
    kind: str
    place: Place
    source: str = ""


@dataclass(frozen=True, slots=True)
class MapSite:
    """A civil site and the people there by day and at night."""

    id: str
    name: str
    kind: str
    place: Place
    people_day: int
    people_night: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class MapIncident:
    """A report of an event.

    Attributes
    ----------
    id, kind : str
        As in the scenario.
    words : str
        When and where, in the words of the record.
    place : Place or None
        None where the source names no place; such a report stands in the table alone.
    radius_km : float
        Radius that holds the true place [km].
    killed, injured : (int, int)
        From the least to the most that the source counts.
    """

    id: str
    kind: str
    words: str
    place: Place | None
    radius_km: float
    killed: tuple[int, int] = (0, 0)
    injured: tuple[int, int] = (0, 0)
    source: str = ""


@dataclass(frozen=True, slots=True)
class Ground:
    """The map without its results.

    Attributes
    ----------
    projection : str
        PROJ string or code of the plane that all metres refer to.
    edges_km : tuple of float
        Chainage of the edges of the border cells, one more than cells [km].
    edges : tuple of Place
        Where they lie.
    relief : ReliefPicture or None
        None where there are no heights.
    graticule : tuple of Meridian
        Meridians and parallels to draw.
    """

    projection: str
    edges_km: tuple[float, ...]
    edges: tuple[Place, ...]
    relief: ReliefPicture | None = None
    graticule: tuple[Meridian, ...] = ()
    sectors: tuple[MapSector, ...] = ()
    posts: tuple[MapPost, ...] = ()
    sites: tuple[MapSite, ...] = ()
    incidents: tuple[MapIncident, ...] = ()

    def __post_init__(self) -> None:
        if len(self.edges) != len(self.edges_km) or len(self.edges) < 2:
            raise ValueError("the line has a place for each of its two or more edges")

    @property
    def extent_m(self) -> Extent:
        """Return the rectangle around the line [m]."""
        east = [edge.east_m for edge in self.edges]
        north = [edge.north_m for edge in self.edges]
        return min(east), max(east), min(north), max(north)
