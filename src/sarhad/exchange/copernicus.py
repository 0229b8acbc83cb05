"""Names the Copernicus tiles that a corridor touches and fetches them from their public store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import requests
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod
from urllib3.util import Retry

from sarhad.exchange.atomic import write_atomically
from sarhad.exchange.download import RETRY, TIMEOUT_S, Fetch, FetchError, disk_faults, new_session
from sarhad.units import METRES_PER_KILOMETRE

__all__ = ["FetchError", "FetchReport", "TileName", "fetch_copernicus", "tiles_needed"]

Resolution = Literal[30, 90]

STORES: Final[dict[Resolution, str]] = {
    30: "https://copernicus-dem-30m.s3.eu-central-1.amazonaws.com",
    90: "https://copernicus-dem-90m.s3.eu-central-1.amazonaws.com",
}
"""Public address of each product, by its resolution [m]."""

PRODUCTS: Final[dict[Resolution, str]] = {30: "WorldDEM-30", 90: "WorldDEM™-90"}
"""Names that the licences of both products, article 6, ask to be credited."""

CREDIT_FILE: Final = "credit.txt"

GEOD: Final = Geod(ellps="WGS84")
MEAN_RADIUS_M: Final = 6_371_008.8
SAMPLE_M: Final = 1000.0
"""Spacing of the points that stand for the line [m]."""

ELLIPSOID_SHARE: Final = 0.006
"""Distances on WGS 84 and on its mean sphere differ by less than this share."""

RIM_M: Final = 300.0
"""Added to the margin [m]: tiles lie half a cell off the whole degree, and bilinear reading asks
for one more cell of 90 m."""

WORKERS: Final = 4
"""Tiles fetched at a time."""


@dataclass(frozen=True, slots=True, order=True)
class TileName:
    """One tile of a degree by a degree, named after its south-west corner.

    Attributes
    ----------
    latitude, longitude : int
        South and west edge [degrees]; -90 to 89 and -180 to 179.
    """

    latitude: int
    longitude: int

    def __post_init__(self) -> None:
        if not (-90 <= self.latitude < 90 and -180 <= self.longitude < 180):
            raise ValueError(f"no tile has its corner at {self.latitude}, {self.longitude}")

    def stem(self, resolution: Resolution) -> str:
        """Return the name of the tile in the store of a resolution [m], without its ending."""
        north, east = self.latitude >= 0, self.longitude >= 0
        corner = f"{'N' if north else 'S'}{abs(self.latitude):02d}_00"
        corner += f"_{'E' if east else 'W'}{abs(self.longitude):03d}_00"
        return f"Copernicus_DSM_COG_{10 if resolution == 30 else 30}_{corner}_DEM"


@dataclass(frozen=True, slots=True)
class FetchReport:
    """What a fetch brought.

    Attributes
    ----------
    folder : Path
        Where the tiles lie.
    fetched, kept, absent : tuple of str
        File names of the tiles that were fetched now, that were there already, and that the
        store does not have: sea, or land that is withheld at 30 m.
    fetched_bytes : int
        Size of the fetched tiles [bytes], with what earlier runs had brought of them.
    credit : str
        Line that the licence asks for wherever the heights, or what is made of them, are shown.
    """

    folder: Path
    fetched: tuple[str, ...]
    kept: tuple[str, ...]
    absent: tuple[str, ...]
    fetched_bytes: int
    credit: str


def credit_line(resolution: Resolution) -> str:
    """Return the notice that the licence of a product asks for, by its resolution [m]."""
    return (
        f"produced using Copernicus {PRODUCTS[resolution]} © DLR e.V. 2010-2014 and © Airbus "
        "Defence and Space GmbH 2014-2018 provided under COPERNICUS by the European Union and "
        "ESA; all rights reserved"
    )


def liability_line(resolution: Resolution) -> str:
    """Return the sentence that the licence wants passed on with a product, by resolution [m]."""
    return (
        "The organisations in charge of the Copernicus programme by law or by delegation do not "
        f"incur any liability for any use of the Copernicus {PRODUCTS[resolution]}"
    )


def tiles_needed(
    longitude: ArrayLike, latitude: ArrayLike, margin_km: float
) -> tuple[TileName, ...]:
    """Return the tiles that a corridor around a line touches, south to north, west to east.

    Parameters
    ----------
    longitude, latitude : array_like, shape (n,)
        Vertices of the line [degrees], n >= 1; it may cross the antimeridian.
    margin_km : float
        Width of the corridor on each side [km].

    Raises
    ------
    ValueError
        If the line or the margin is no such thing.

    Notes
    -----
    Each point of the line stands for a disc of angular radius r on a sphere. On the parallel phi
    the disc around (phi_0, lambda_0) spans the longitudes within acos((cos r - sin phi sin phi_0)
    / (cos phi cos phi_0)) of lambda_0, widest where sin phi = sin phi_0 / cos r.
    """
    east, north = _sampled(*_checked_line(longitude, latitude))
    if not 0 <= margin_km < np.inf:
        raise ValueError(f"margin_km is finite and not negative, not {margin_km}")
    margin_m = margin_km * METRES_PER_KILOMETRE * (1 + ELLIPSOID_SHARE) + RIM_M + SAMPLE_M / 2
    reach = np.degrees(margin_m / MEAN_RADIUS_M)
    south, top = max(-90.0, north.min() - reach), min(89.0, north.max() + reach)
    found: set[TileName] = set()
    for row in range(int(np.floor(south)), int(np.floor(top)) + 1):
        near = (north + reach >= row) & (north - reach <= row + 1)
        half = _half_width_deg(north[near], row, reach)
        spans = np.column_stack([np.floor(east[near] - half), np.floor(east[near] + half)])
        for first, last in np.unique(spans.astype(int), axis=0):
            columns = range(first, min(last, first + 359) + 1)
            found |= {TileName(row, (column + 180) % 360 - 180) for column in columns}
    return tuple(sorted(found))


def _checked_line(
    longitude: ArrayLike, latitude: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    east, north = np.asarray(longitude, np.float64), np.asarray(latitude, np.float64)
    if east.ndim != 1 or east.shape != north.shape or not east.size:
        raise ValueError("longitude and latitude are rows of the same length, at least 1")
    if not (np.isfinite(east).all() and (np.abs(north) <= 90).all()):
        raise ValueError("longitudes are finite and latitudes lie in [-90, 90]")
    return east, north


def _sampled(
    east: NDArray[np.float64], north: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points along the geodesics between the vertices, no further apart than SAMPLE_M."""
    azimuth, _, length = GEOD.inv(east[:-1], north[:-1], east[1:], north[1:])
    count = np.maximum(1, np.ceil(np.asarray(length) / SAMPLE_M)).astype(int)
    segment = np.repeat(np.arange(count.size), count)
    step = np.arange(segment.size) - np.repeat(np.cumsum(count) - count, count)
    along = np.asarray(length)[segment] * step / count[segment]
    lon, lat, _ = GEOD.fwd(east[segment], north[segment], np.asarray(azimuth)[segment], along)
    return np.append(lon, east[-1]), np.append(lat, north[-1])


def _half_width_deg(north: NDArray[np.float64], row: int, reach: float) -> NDArray[np.float64]:
    """Return how far east and west discs reach within a row of tiles [degrees]."""
    radius, centre = np.radians(reach), np.radians(north)
    widest = np.degrees(np.arcsin(np.clip(np.sin(centre) / np.cos(radius), -1, 1)))
    parallel = np.radians(np.clip(widest, row, row + 1))
    below = np.maximum(np.cos(parallel) * np.cos(centre), 1e-12)
    cosine = (np.cos(radius) - np.sin(parallel) * np.sin(centre)) / below
    half = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return np.where(np.abs(north) + reach >= 90, 180.0, half)


def fetch_copernicus(
    tiles: Iterable[TileName],
    folder: Path,
    *,
    resolution: Resolution = 90,
    base_url: str | None = None,
    session: requests.Session | None = None,
    progress: Callable[[int, int], None] | None = None,
    workers: int = WORKERS,
    retry: Retry = RETRY,
    timeout_s: tuple[float, float] = TIMEOUT_S,
) -> FetchReport:
    """Bring tiles of heights into a folder and return what came, what was there, what is absent.

    A tile that is complete already is not fetched again, one that broke off goes on where it
    broke. Proxies are those of the environment (HTTPS_PROXY, NO_PROXY), as are certificates
    (REQUESTS_CA_BUNDLE). An interrupt leaves nothing under a tile's name that is not whole.

    Parameters
    ----------
    tiles : iterable of TileName
        What to fetch.
    folder : Path
        Where to; made if need be. One folder holds one resolution and serves one run at a time.
    resolution : {30, 90}
        Product [m].
    base_url : str, optional
        Address of another store that names its tiles alike.
    session : requests.Session, optional
        Used as it is and left open.
    progress : callable, optional
        Called from this thread with (bytes done, bytes in all); what earlier runs brought of
        unfinished tiles counts as done. Bytes done fall back where a tile has to start again.
    workers : int
        Tiles fetched at a time.
    retry : urllib3.util.Retry
        How many attempts in a row may bring nothing new, and how long to wait between them.
    timeout_s : (float, float)
        Longest wait for a connection, and between two pieces of an answer [s].

    Raises
    ------
    FetchError
        If the store is out of reach, a tile fails for good, or the folder cannot be written.
    """
    if resolution not in STORES:
        raise ValueError(f"resolution is 30 or 90, not {resolution}")
    if workers < 1:
        raise ValueError(f"workers is at least 1, not {workers}")
    stems = [tile.stem(resolution) for tile in dict.fromkeys(tiles)]
    opened = nullcontext(session) if session is not None else new_session(workers)
    with disk_faults(folder), opened as live:
        folder.mkdir(parents=True, exist_ok=True)
        notice = f"{credit_line(resolution)}\n\n{liability_line(resolution)}\n"
        write_atomically(folder / CREDIT_FILE, notice.encode())
        store = (base_url or STORES[resolution]).rstrip("/")
        fetch = Fetch(live, store, folder, retry, timeout_s)
        kept = [stem for stem in stems if fetch.manifest.holds(f"{stem}.tif")]
        missing = [stem for stem in stems if stem not in set(kept)]
        asked = fetch.side_by_side(fetch.ask, missing, workers, lambda: None)
        wanted = [item for item in asked if item is not None]
        fetch.bring(wanted, workers, progress or _silent)
        fetch.raise_failures()
    have = {item.name for item in wanted}
    return FetchReport(
        folder=folder,
        fetched=tuple(item.name for item in wanted),
        kept=tuple(f"{stem}.tif" for stem in kept),
        absent=tuple(f"{stem}.tif" for stem in missing if f"{stem}.tif" not in have),
        fetched_bytes=sum(item.size for item in wanted),
        credit=credit_line(resolution),
    )


def _silent(_done: int, _total: int) -> None:
    """Tell nobody."""
