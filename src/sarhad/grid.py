"""The one raster frame of a scenario: a metric projection, an origin, a cell and a shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from threading import get_ident
from typing import Final

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Geod, Proj, Transformer
from pyproj.exceptions import CRSError, ProjError

from sarhad.units import WGS84

Floats = NDArray[np.float64]

GEOD: Final = Geod(ellps="WGS84")

GOOD_SCALE_ERROR: Final = 0.001
"""A standard UTM zone is taken if no length in the corridor is wrong by more than this."""

SAMPLES: Final = 400
"""Places along the line at which the scale is looked at, each with a ring at the margin."""

RING_DEG: Final = np.arange(0.0, 360.0, 45.0)

TILES_AT_ONCE: Final = 8_192


@dataclass(frozen=True, slots=True)
class Grid:
    """A raster frame, rows from north to south, columns from west to east.

    Attributes
    ----------
    crs : str
        PROJ string or authority code of a metric projection of WGS 84.
    west_m, north_m : float
        Outer corner of the top-left cell [m].
    cell_m : float
        Side of a cell [m].
    rows, columns : int
        Shape of the frame.
    """

    crs: str
    west_m: float
    north_m: float
    cell_m: float
    rows: int
    columns: int

    def __post_init__(self) -> None:
        if not np.isfinite([self.west_m, self.north_m]).all():
            raise ValueError("the corner of a grid is finite")
        if not 0 < self.cell_m < np.inf:
            raise ValueError(f"cell_m is finite and above zero, not {self.cell_m}")
        if self.rows < 1 or self.columns < 1:
            raise ValueError(f"a grid has a row and a column at least, not {self.shape}")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Outer edges: west, east, south, north [m]."""
        east_m = self.west_m + self.columns * self.cell_m
        return self.west_m, east_m, self.north_m - self.rows * self.cell_m, self.north_m

    @property
    def centres(self) -> tuple[Floats, Floats]:
        """East of the columns' centres, shape (columns,), north of the rows', (rows,) [m]."""
        east_m = self.west_m + (np.arange(self.columns, dtype=np.float64) + 0.5) * self.cell_m
        north_m = self.north_m - (np.arange(self.rows, dtype=np.float64) + 0.5) * self.cell_m
        return east_m, north_m

    def cell_of(
        self, east_m: ArrayLike, north_m: ArrayLike
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return row and column of the cells that hold the points; may lie outside the grid."""
        row = np.floor((self.north_m - np.asarray(north_m, dtype=np.float64)) / self.cell_m)
        column = np.floor((np.asarray(east_m, dtype=np.float64) - self.west_m) / self.cell_m)
        if not (np.isfinite(row).all() and np.isfinite(column).all()):
            raise ValueError("every point has a finite east and north")
        return row.astype(np.int64), column.astype(np.int64)

    def project(self, longitude: ArrayLike, latitude: ArrayLike) -> tuple[Floats, Floats]:
        """Return east and north [m] of places [degrees]; infinite where it does not reach."""
        east_m, north_m = _transformer(self.crs, get_ident()).transform(
            np.asarray(longitude, dtype=np.float64), np.asarray(latitude, dtype=np.float64)
        )
        return np.asarray(east_m), np.asarray(north_m)

    def unproject(self, east_m: ArrayLike, north_m: ArrayLike) -> tuple[Floats, Floats]:
        """Return longitude, in [-180, 180], and latitude [degrees] of points [m]."""
        longitude, latitude = _transformer(self.crs, get_ident()).transform(
            np.asarray(east_m, dtype=np.float64),
            np.asarray(north_m, dtype=np.float64),
            direction="INVERSE",
        )
        return np.asarray(longitude), np.asarray(latitude)


def choose_grid(
    longitude: ArrayLike, latitude: ArrayLike, margin_m: float, cell_m: float
) -> tuple[Grid, float]:
    """Return the frame around a line, and the worst scale error in its corridor.

    The UTM zone of the line's middle is taken if its scale error stays below 0.1 %, since
    every receiver and map knows it. Otherwise the least error wins among projections
    fitted to the corridor: transverse Mercator, Lambert conformal conic, Mercator, oblique
    Mercator along the corridor's great circle, stereographic about its middle and about
    the pole, each with the scale factor that balances its error, and azimuthal equidistant.

    Parameters
    ----------
    longitude, latitude : array_like, shape (n,)
        Vertices of the line [degrees].
    margin_m : float
        Width of the corridor on either side of the line [m].
    cell_m : float
        Side of a cell [m]; the frame's edges are multiples of it.

    Returns
    -------
    grid : Grid
        The frame: the line's extent and the margin, rounded outwards to cells.
    scale_error : float
        Largest |k - 1| over the corridor, k the scale in any direction.

    References
    ----------
    Snyder, J. P. (1987), Map projections: a working manual, doi:10.3133/pp1395.
    """
    if not (0 <= margin_m < np.inf and 0 < cell_m < np.inf):
        raise ValueError("margin_m is not negative, cell_m is above zero, both finite")
    line = _sampled_line(np.asarray(longitude, np.float64), np.asarray(latitude, np.float64))
    corridor = _with_ring(*line, margin_m)
    crs, scale_error = _least_distorting(*corridor)
    return _frame(crs, *line, margin_m * (1 + scale_error), cell_m), scale_error


def scale_error_of(crs: str, longitude: Floats, latitude: Floats) -> float:
    """Return the largest |k - 1| of a projection over places; infinite where it fails."""
    largest, smallest = _scales(crs, longitude, latitude)
    return float(np.maximum(np.abs(largest - 1), np.abs(smallest - 1)).max())


def corridor_tiles(
    grid: Grid, east_m: ArrayLike, north_m: ArrayLike, width_m: float, tile: int = 256
) -> NDArray[np.bool_]:
    """Return which square tiles of cells lie within a distance of a polyline.

    Parameters
    ----------
    grid : Grid
        The frame; its last tiles may reach beyond it.
    east_m, north_m : array_like, shape (n,)
        Vertices of the polyline [m].
    width_m : float
        Distance [m]; a tile that it only touches counts.
    tile : int
        Cells per side of a tile.

    Returns
    -------
    ndarray of bool, shape (ceil(rows / tile), ceil(columns / tile))
    """
    if tile < 1 or not 0 <= width_m < np.inf:
        raise ValueError("tile is 1 at least, width_m finite and not negative")
    vertices = np.column_stack([np.asarray(east_m), np.asarray(north_m)])
    steps = shapely.linestrings(np.stack([vertices[:-1], vertices[1:]], axis=1))
    tree = shapely.STRtree(np.asarray(steps))
    shape = (-(-grid.rows // tile), -(-grid.columns // tile))
    kept = np.zeros(shape, dtype=bool)
    side_m = tile * grid.cell_m
    for start in range(0, kept.size, TILES_AT_ONCE):
        row, column = np.unravel_index(
            np.arange(start, min(start + TILES_AT_ONCE, kept.size)), shape
        )
        west_m, north = grid.west_m + column * side_m, grid.north_m - row * side_m
        boxes = shapely.box(west_m, north - side_m, west_m + side_m, north)
        # One answer per box: all pairs within the distance would fill the memory.
        near = tree.query_nearest(boxes, max_distance=_reach(width_m), all_matches=False)[0]
        kept[row[near], column[near]] = True
    return kept


def cells_within(
    grid: Grid,
    window: tuple[int, int, int, int],
    distance_m: Callable[[Floats, Floats], Floats],
    width_m: float,
    block: int = 16,
) -> NDArray[np.bool_]:
    """Return which cell centres of a window lie within a distance of something.

    Distances change no faster than one walks, so one distance decides for a whole block of
    cells, unless the edge of the corridor may run through it.

    Parameters
    ----------
    grid : Grid
        The frame.
    window : tuple of int
        First row, first column, rows, columns.
    distance_m : callable
        From (east, north) [m] to the distance [m], of either sign.
    width_m : float
        Distance [m].
    block : int
        Cells per side of a block.

    Returns
    -------
    ndarray of bool, shape (rows, columns) of the window
    """
    row, column, rows, columns = window
    north_m = grid.north_m - (np.arange(row, row + rows, dtype=np.float64) + 0.5) * grid.cell_m
    east_m = (
        grid.west_m + (np.arange(column, column + columns, dtype=np.float64) + 0.5) * grid.cell_m
    )
    apart_m = np.abs(distance_m(*np.meshgrid(east_m[::block], north_m[::block])))
    # From the first cell of a block to its farthest one.
    span_m = np.hypot(block - 1, block - 1) * grid.cell_m
    in_block = np.ones((block, block), dtype=bool)
    within = np.kron(apart_m <= width_m - span_m, in_block)[:rows, :columns]
    edge = np.kron(np.abs(apart_m - width_m) <= span_m, in_block)[:rows, :columns]
    asked_row, asked_column = np.nonzero(edge)
    asked_m = distance_m(east_m[asked_column], north_m[asked_row])
    within[asked_row, asked_column] = np.abs(asked_m) <= width_m
    return within


@lru_cache(maxsize=64)
def _transformer(crs: str, thread: int) -> Transformer:  # noqa: ARG001
    """Return a transformer of one thread alone: they must not be shared."""
    return Transformer.from_crs(WGS84, crs, always_xy=True)


def _reach(width_m: float) -> float:
    """Return the width as a search distance, which must be above zero."""
    return max(width_m, float(np.finfo(np.float64).tiny))


def _sampled_line(longitude: Floats, latitude: Floats) -> tuple[Floats, Floats]:
    """Return the line's places, not thinned, with geodesic places added in its long steps."""
    if longitude.ndim != 1 or longitude.shape != latitude.shape or longitude.size < 2:
        raise ValueError("a line has two vertices at least, longitude and latitude of each")
    if not (np.isfinite(longitude).all() and np.isfinite(latitude).all()):
        raise ValueError("every vertex of a line is finite")
    azimuth, _, step_m = GEOD.inv(longitude[:-1], latitude[:-1], longitude[1:], latitude[1:])
    wanted_m = max(float(np.sum(step_m)) / SAMPLES, 1.0)
    pieces = np.maximum(1, np.ceil(step_m / wanted_m)).astype(np.intp)
    step = np.repeat(np.arange(pieces.size), pieces)
    part = np.arange(step.size) - (np.cumsum(pieces) - pieces)[step]
    along_m = step_m[step] * part / pieces[step]
    east, north, _ = GEOD.fwd(longitude[step], latitude[step], azimuth[step], along_m)
    return np.append(east, longitude[-1]), np.append(north, latitude[-1])


def _with_ring(longitude: Floats, latitude: Floats, margin_m: float) -> tuple[Floats, Floats]:
    """Return some of the places, each with eight more at the margin around it."""
    some = np.unique(np.linspace(0, longitude.size - 1, SAMPLES).astype(np.intp))
    longitude, latitude = np.repeat(longitude[some], 8), np.repeat(latitude[some], 8)
    azimuth = np.tile(RING_DEG, some.size)
    east, north, _ = GEOD.fwd(longitude, latitude, azimuth, np.full(azimuth.size, margin_m))
    return np.concatenate([longitude, east]), np.concatenate([latitude, north])


def _least_distorting(longitude: Floats, latitude: Floats) -> tuple[str, float]:
    """Return the projection to use over the places, and its scale error."""
    best, least = "", np.inf
    for crs in _candidates(longitude, latitude):
        error = scale_error_of(crs, longitude, latitude)
        if not np.isfinite(error) or _is_torn(crs, longitude, latitude, error):
            continue
        if crs.startswith("EPSG:") and error < GOOD_SCALE_ERROR:
            return crs, error
        if error < least:
            best, least = crs, error
    if not best:
        raise ValueError("no projection reaches the whole corridor: divide the line")
    return best, least


def _is_torn(crs: str, longitude: Floats, latitude: Floats, scale_error: float) -> bool:
    """Return whether the projection's seam runs through the corridor.

    It does where neighbours lie farther apart on the map than the scale allows: places
    along the line, or a place and its ring.
    """
    ring = longitude.size // 2
    pairs = [(slice(0, ring), slice(ring, None)), (slice(0, ring - 8, 8), slice(8, ring, 8))]
    east_m, north_m = _transformer(crs, get_ident()).transform(longitude, latitude)
    for one, other in pairs:
        truly_m = GEOD.inv(longitude[one], latitude[one], longitude[other], latitude[other])[2]
        mapped_m = np.hypot(east_m[one] - east_m[other], north_m[one] - north_m[other])
        # A metre for rounding, a hundredth for a scale that grows between the samples.
        if not (mapped_m <= 1.0 + truly_m * (1.01 + scale_error)).all():
            return True
    return False


def _candidates(longitude: Floats, latitude: Floats) -> Iterator[str]:
    """Yield the projections to compare, the standard one first."""
    east, north, azimuth = _great_circle(longitude, latitude)
    turned = (longitude - east + 180.0) % 360.0 - 180.0
    middle_east = _wrapped(east + (turned.min() + turned.max()) / 2)
    middle_north = (latitude.min() + latitude.max()) / 2
    zone = int((middle_east + 180.0) // 6) % 60 + 1
    yield f"EPSG:{32600 + zone if middle_north >= 0 else 32700 + zone}"
    fitted = [
        f"+proj=tmerc +lat_0={middle_north:.2f} +lon_0={middle_east:.2f}",
        f"+proj=lcc +lat_0={middle_north:.2f} +lat_1={middle_north:.2f} +lon_0={middle_east:.2f}",
        f"+proj=merc +lon_0={middle_east:.2f}",
        f"+proj=omerc +lat_0={north:.2f} +lonc={east:.2f} +alpha={azimuth:.2f}",
        f"+proj=stere +lat_0={north:.2f} +lon_0={east:.2f}",
        f"+proj=stere +lat_0={np.copysign(90, north):.0f} +lon_0={middle_east:.2f}",
    ]
    for projection in fitted:
        largest, smallest = _scales(_complete(projection), longitude, latitude)
        if np.isfinite(largest).all():
            # Equal errors at the least and the greatest scale: the smallest worst error.
            balance = 2.0 / (largest.max() + smallest.min())
            yield _complete(f"{projection} +k_0={balance:.6f}")
    yield _complete(f"+proj=aeqd +lat_0={north:.2f} +lon_0={east:.2f}")


def _complete(projection: str) -> str:
    return f"{projection} +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs +type=crs"


def _great_circle(longitude: Floats, latitude: Floats) -> tuple[float, float, float]:
    """Return the middle of the places and the azimuth there of the circle that fits them."""
    east, north = np.radians(longitude), np.radians(latitude)
    outward = np.column_stack(
        [np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)]
    )
    axes = np.linalg.svd(outward.T @ outward)[0]
    pole, middle = axes[:, 2], outward.mean(axis=0)
    middle = middle - pole * (middle @ pole)
    if np.linalg.norm(middle) < 1e-6:
        middle = axes[:, 0]
    middle /= np.linalg.norm(middle)
    along = np.cross(pole, middle)
    to_east = np.array([-middle[1], middle[0], 0.0])
    to_north = np.cross(middle, to_east)
    azimuth = np.degrees(np.arctan2(along @ to_east, along @ to_north)) % 180.0
    return (
        float(np.degrees(np.arctan2(middle[1], middle[0]))),
        float(np.degrees(np.arcsin(np.clip(middle[2], -1, 1)))),
        float(azimuth),
    )


def _wrapped(longitude: float) -> float:
    return float((longitude + 180.0) % 360.0 - 180.0)


def _scales(crs: str, longitude: Floats, latitude: Floats) -> tuple[Floats, Floats]:
    """Return the largest and the smallest scale at each place; infinite where it fails."""
    nowhere = np.full(longitude.size, np.inf)
    try:
        factors = Proj(CRS.from_user_input(crs)).get_factors(
            (longitude + 180.0) % 360.0 - 180.0, latitude
        )
    except (CRSError, ProjError):
        return nowhere, nowhere
    return np.asarray(factors.tissot_semimajor), np.asarray(factors.tissot_semiminor)


def _frame(crs: str, longitude: Floats, latitude: Floats, margin_m: float, cell_m: float) -> Grid:
    east_m, north_m = _transformer(crs, get_ident()).transform(longitude, latitude)
    west = int(np.floor((np.min(east_m) - margin_m) / cell_m))
    east = int(np.ceil((np.max(east_m) + margin_m) / cell_m))
    south = int(np.floor((np.min(north_m) - margin_m) / cell_m))
    north = int(np.ceil((np.max(north_m) + margin_m) / cell_m))
    return Grid(crs, west * cell_m, north * cell_m, cell_m, north - south, east - west)
