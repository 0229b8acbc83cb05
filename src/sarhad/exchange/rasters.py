"""Heights from any raster that GDAL reads, warped window by window onto the frame."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil, floor
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from xml.sax.saxutils import escape

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform, transform_bounds
from rasterio.windows import Window, from_bounds

from sarhad.errors import Fault, ScenarioError
from sarhad.grid import Grid

HeightUnit = Literal["m", "ft"]

# Nothing on Earth is higher (8,849 m) or, above water, lower (-430 m).
HIGHEST_M = 9_000.0
LOWEST_M = -500.0
INTERNATIONAL_FOOT_M = 0.3048
FEET = {"ft", "foot", "feet", "us survey foot", "us survey feet", "international foot"}
# Values that tools write for "no height" and often forget to declare; DTED's is -32767
# (MIL-PRF-89020B).
UNDECLARED_VOIDS = (-32768.0, -32767.0, -9999.0, 32767.0)
# GDAL would otherwise keep 5 % of the machine's memory in decoded blocks.
BLOCK_CACHE_BYTES = 256 * 2**20
PROBE_CELLS = 1024
# GDAL places cells by straight lines between exact ones, off by at most this share of a cell of
# the frame or of the file, whichever is smaller.
MISPLACED_SHARE = 0.125
# A frame cell of fewer file cells than this squared is better interpolated: an average over one
# or two cells keeps their steps.
AVERAGED_FROM = 1.5
GDAL_TYPES = {
    "uint8": "Byte",
    "int16": "Int16",
    "uint16": "UInt16",
    "int32": "Int32",
    "uint32": "UInt32",
    "float32": "Float32",
    "float64": "Float64",
}


@dataclass(frozen=True, slots=True)
class _Source:
    path: str
    crs: str
    # Outer edges [units of the crs]: left, bottom, right, top.
    bounds: tuple[float, float, float, float]
    step: tuple[float, float]
    size: tuple[int, int]
    dtype: str
    void: float | None
    metres_per_unit: float
    north_up: bool
    # One tile of sea may be; all of them together are a fault.
    flat_zero: bool
    credit: str


@dataclass(frozen=True, slots=True)
class _Mosaic:
    """Files on one lattice, opened as one raster so that no seam shows between them."""

    name: str
    void: float | None
    metres_per_unit: float
    resampling: Resampling
    # How far GDAL may place a cell from its true place [source cells].
    tolerance: float


@dataclass(frozen=True)
class RasterReader:
    """Heights of raster files on the frame; a `sarhad.terrain.ElevationReader`.

    Each thread opens the files for itself: GDAL's handles must not be shared. Use it as a
    context manager, or call `close`, to let go of the files.
    """

    grid: Grid
    credit: str
    _mosaics: tuple[_Mosaic, ...]
    _sources: tuple[_Source, ...]
    stand_in: bool = False
    _local: threading.local = field(default_factory=threading.local, repr=False, compare=False)
    _opened: list[Any] = field(default_factory=list, repr=False, compare=False)

    def read(self, row: int, column: int, rows: int, columns: int) -> NDArray[np.float32]:
        """Return the heights of a window of the frame.

        Where files overlap the first one that has a height wins.

        Returns
        -------
        ndarray of float32, shape (rows, columns)
            Elevation [m], NaN where every file is void or does not reach.

        Raises
        ------
        ValueError
            If the window reaches beyond the frame.
        ScenarioError
            If a height is beyond anything on Earth.
        """
        if min(row, column) < 0 or row + rows > self.grid.rows:
            raise ValueError("the window must lie within the frame")
        if column + columns > self.grid.columns:
            raise ValueError("the window must lie within the frame")
        out = np.full((rows, columns), np.nan, np.float32)
        place = Window(column, row, columns, rows)
        with rasterio.Env(GDAL_CACHEMAX=BLOCK_CACHE_BYTES):
            for mosaic, warped in zip(self._mosaics, self._handles(), strict=True):
                heights = warped.read(1, window=place)
                heights *= np.float32(mosaic.metres_per_unit)
                np.copyto(out, heights, where=np.isnan(out))
                if not np.isnan(out).any():
                    break
        self._refuse_the_impossible(out)
        return out

    def covers(
        self, longitude: NDArray[np.float64], latitude: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Return which places lie within a file, void there or not; for `find_voids`."""
        inside = np.zeros(longitude.shape, np.bool_)
        for crs in dict.fromkeys(source.crs for source in self._sources):
            xs, ys = transform("EPSG:4326", crs, longitude.ravel(), latitude.ravel())
            x, y = np.reshape(xs, longitude.shape), np.reshape(ys, longitude.shape)
            geographic = rasterio.CRS.from_wkt(crs).is_geographic
            for source in self._sources:
                if source.crs == crs:
                    left, bottom, right, top = source.bounds
                    # A longitude counted on across the antimeridian is still the same place.
                    east_of_left = (x - left) % 360.0 if geographic else x - left
                    within = (east_of_left >= 0) & (east_of_left <= right - left)
                    inside |= within & (y >= bottom) & (y <= top)
        return inside

    def close(self) -> None:
        """Let go of every file, whichever thread opened it."""
        while self._opened:
            self._opened.pop().close()
        self._local.__dict__.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        # A worker process opens the files for itself.
        return RasterReader, (self.grid, self.credit, self._mosaics, self._sources)

    def _handles(self) -> list[WarpedVRT]:
        handles: list[WarpedVRT] | None = getattr(self._local, "handles", None)
        if handles is None:
            handles = []
            for mosaic in self._mosaics:
                # Into the list at once: `close` must know a file even if the next one fails. It
                # closes from the end, each warped view before its file.
                self._opened.append(rasterio.open(mosaic.name))
                handles.append(_warp(self._opened[-1], mosaic, self.grid))
                self._opened.append(handles[-1])
            self._local.handles = handles
        return handles

    def _refuse_the_impossible(self, heights: NDArray[np.float32]) -> None:
        # fmin and fmax pass over NaN, without a warning where there is nothing else.
        low = float(np.fmin.reduce(heights, axis=None, initial=np.inf))
        high = float(np.fmax.reduce(heights, axis=None, initial=-np.inf))
        fault = _height_fault(", ".join(source.path for source in self._sources), low, high)
        if fault is not None:
            raise ScenarioError((fault,))


def open_elevation(
    files: Sequence[Path], grid: Grid, height_unit: HeightUnit = "m"
) -> RasterReader:
    """Return a reader of the heights in one or more raster files, merged and warped.

    Files on one lattice (same projection, cell, void value) become one raster; the others are
    laid under it in the order given. Heights are averaged where the file is finer than the
    frame by half or more, and interpolated bilinearly where it is not. Files that do not touch
    the frame are passed over.

    Parameters
    ----------
    files : sequence of Path
        GeoTIFF, COG, VRT, DTED, SRTM or any other raster that GDAL reads; one band of heights.
    grid : Grid
        The frame to warp onto.
    height_unit : {"m", "ft"}
        Unit of heights whose file does not say; a file that says feet is converted anyway.

    Raises
    ------
    ScenarioError
        With every fault found: missing file, not a raster, several bands, no coordinate system,
        heights all zero, heights beyond anything on Earth (feet?), units that contradict, or no
        file that touches the frame.
    """
    if height_unit not in ("m", "ft"):
        raise ValueError(f"height_unit must be 'm' or 'ft', got {height_unit!r}")
    faults: list[Fault] = []
    sources: list[_Source] = []
    with rasterio.Env(GDAL_CACHEMAX=BLOCK_CACHE_BYTES):
        for path in files:
            found = _inspect(Path(path), grid, height_unit)
            if isinstance(found, Fault):
                faults.append(found)
            elif found is not None:
                sources.append(found)
        if not faults and not sources:
            faults.append(_no_file_touches(files))
        if sources and all(source.flat_zero for source in sources):
            faults += [_zero_fault(source) for source in sources]
        if faults:
            raise ScenarioError(tuple(faults))
        mosaics = tuple(_merge(family, grid) for family in _families(sources))
    credit = "; ".join(dict.fromkeys(source.credit for source in sources if source.credit))
    return RasterReader(grid, credit, mosaics, tuple(sources))


def _no_file_touches(files: Sequence[Path]) -> Fault:
    return Fault(
        ", ".join(str(path) for path in files) or "terrain",
        None,
        None,
        "no raster that touches the corridor",
        "heights along the line",
        "Check that the files are of this area, and longitude and latitude not swapped.",
    )


def _zero_fault(source: _Source) -> Fault:
    return Fault(
        source.path,
        None,
        None,
        "heights that are all zero",
        "heights of the ground",
        "Use a file with heights for this area.",
    )


def _inspect(path: Path, grid: Grid, height_unit: HeightUnit) -> _Source | Fault | None:
    """Return the file as found, its fault, or None where it does not touch the frame."""
    if not path.exists():
        return Fault(str(path), None, None, "no such file", "a raster of heights")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = rasterio.open(path)
    except RasterioIOError:
        return Fault(
            str(path),
            None,
            None,
            "a file that is not a raster, or is broken",
            "a raster that GDAL reads (GeoTIFF, COG, VRT, DTED, SRTM)",
        )
    with dataset:
        fault = _shape_fault(path, dataset) or _unit_fault(path, dataset, height_unit)
        return fault or _measure(path, dataset, grid, height_unit)


def _shape_fault(path: Path, dataset: Any) -> Fault | None:
    if dataset.count != 1:
        return Fault(
            str(path),
            None,
            None,
            f"{dataset.count} bands",
            "one band of heights",
            "Keep the band with the heights: rio stack --bidx 1 IN -o OUT.",
        )
    if not dataset.crs:
        return Fault(
            str(path),
            None,
            None,
            "no coordinate system",
            "a raster that says its projection",
            "State the one it was made in: rio edit-info --crs EPSG:4326 FILE.",
        )
    return None


def _says_feet(dataset: Any) -> bool:
    return (dataset.units[0] or "").strip().lower() in FEET


def _unit_fault(path: Path, dataset: Any, height_unit: HeightUnit) -> Fault | None:
    said = (dataset.units[0] or "").strip().lower()
    if said in {"m", "metre", "meter", "metres", "meters"} and height_unit == "ft":
        return Fault(
            str(path),
            None,
            None,
            "heights in metres, says the file",
            "feet, says height_unit = 'ft'",
            "Set height_unit = 'm', or mend the file's unit.",
        )
    return None


def _measure(
    path: Path, dataset: Any, grid: Grid, height_unit: HeightUnit
) -> _Source | Fault | None:
    place = _window_on_frame(dataset, grid)
    if place is None:
        return None
    metres = INTERNATIONAL_FOOT_M if height_unit == "ft" or _says_feet(dataset) else 1.0
    low, high, void = _probe(dataset, place)
    if isinstance(void, tuple):
        return Fault(
            str(path),
            None,
            None,
            f"no declared void value, and cells of {' and '.join(f'{v:g}' for v in void)}",
            "one value for void",
            "Turn them into one, then declare it: rio edit-info --nodata VALUE FILE.",
        )
    fault = _height_fault(str(path), low * metres, high * metres)
    if fault is not None:
        return fault
    step = dataset.transform
    return _Source(
        path=str(path),
        crs=dataset.crs.to_wkt(),
        bounds=tuple(dataset.bounds),
        step=(step.a, step.e),
        size=(dataset.width, dataset.height),
        dtype=dataset.dtypes[0],
        void=void,
        metres_per_unit=metres,
        north_up=step.b == 0 and step.d == 0 and step.a > 0 and step.e < 0,
        flat_zero=low == high == 0,
        credit=dataset.tags().get("TIFFTAG_COPYRIGHT", ""),
    )


def _height_fault(file: str, low_m: float, high_m: float) -> Fault | None:
    if high_m > HIGHEST_M:
        found = f"a height of {high_m:,.0f} m"
        cure = "Are these feet? Then set height_unit = 'ft'."
    elif low_m < LOWEST_M:
        found = f"a height of {low_m:,.0f} m"
        cure = "Is this the value for void? Declare it: rio edit-info --nodata VALUE FILE."
    else:
        return None
    return Fault(file, None, None, found, f"heights of {LOWEST_M:,.0f} to {HIGHEST_M:,.0f} m", cure)


def _window_on_frame(dataset: Any, grid: Grid) -> Window | None:
    west, east, south, north = grid.extent
    left, bottom, right, top = transform_bounds(grid.crs, dataset.crs, west, south, east, north)
    turn = 360.0 if dataset.crs.is_geographic else 0.0
    if turn and left > right:
        right += turn
    for shift in dict.fromkeys((0.0, turn, -turn)):
        bounds = (
            max(left + shift, dataset.bounds.left),
            max(bottom, min(dataset.bounds.bottom, dataset.bounds.top)),
            min(right + shift, dataset.bounds.right),
            min(top, max(dataset.bounds.bottom, dataset.bounds.top)),
        )
        if bounds[0] < bounds[2] and bounds[1] < bounds[3]:
            if dataset.transform.b or dataset.transform.d or dataset.transform.e > 0:
                return Window(0, 0, dataset.width, dataset.height)
            cells = from_bounds(*bounds, dataset.transform)
            (top_row, bottom_row), (left_column, right_column) = cells.toranges()
            return Window.from_slices(
                (floor(top_row), min(ceil(bottom_row), dataset.height)),
                (floor(left_column), min(ceil(right_column), dataset.width)),
            )
    return None


def _probe(dataset: Any, place: Window) -> tuple[float, float, float | tuple[float, ...] | None]:
    """Return the lowest and highest height within the frame, and the void value.

    A file that declares its void is sampled; one that does not is read through once, block row
    by block row, for the values that tools write and forget to declare.
    """
    declared = dataset.nodata
    if declared is not None or np.issubdtype(dataset.dtypes[0], np.floating):
        shape = (min(int(place.height), PROBE_CELLS), min(int(place.width), PROBE_CELLS))
        blocks: Iterable[NDArray[Any]] = (dataset.read(1, window=place, out_shape=shape),)
    else:
        blocks = (dataset.read(1, window=strip) for strip in _strips(dataset, place))
    low, high = np.inf, -np.inf
    voids: set[float] = set()
    for block in blocks:
        good = block[(block != declared) & (block == block)] if declared is not None else block
        if declared is None:
            voids.update(v for v in UNDECLARED_VOIDS if (block == v).any())
            good = block[~np.isin(block, UNDECLARED_VOIDS) & (block == block)]
        if good.size:
            low, high = min(low, float(good.min())), max(high, float(good.max()))
    if declared is not None:
        return low, high, float(declared)
    return low, high, tuple(sorted(voids)) if len(voids) > 1 else next(iter(voids), None)


def _strips(dataset: Any, place: Window) -> Iterator[Window]:
    rows = max(dataset.block_shapes[0][0], 256)
    for start in range(0, int(place.height), rows):
        height = min(rows, int(place.height) - start)
        yield Window(place.col_off, place.row_off + start, place.width, height)


def _families(sources: Sequence[_Source]) -> list[list[_Source]]:
    families: dict[Any, list[_Source]] = {}
    for number, source in enumerate(sources):
        alone = not source.north_up or source.dtype not in GDAL_TYPES
        families.setdefault(number if alone else _lattice(source), []).append(source)
    return list(families.values())


def _lattice(source: _Source) -> tuple[Any, ...]:
    # Half a thousandth of a cell decides whether two files share their cell corners.
    step_x, step_y = source.step
    phase = (source.bounds[0] / step_x % 1.0, source.bounds[3] / step_y % 1.0)
    return (
        source.crs,
        tuple(float(f"{step:.9g}") for step in source.step),
        tuple(round(part, 3) % 1.0 for part in phase),
        source.dtype,
        str(source.void),
        source.metres_per_unit,
    )


def _merge(family: Sequence[_Source], grid: Grid) -> _Mosaic:
    first = family[0]
    name = first.path if len(family) == 1 else _mosaic_xml(family)
    with rasterio.open(name) as raster:
        share = grid.cell_m / _cell_m(raster, grid)
    resampling = Resampling.average if share > AVERAGED_FROM else Resampling.bilinear
    tolerance = MISPLACED_SHARE * min(1.0, share)
    return _Mosaic(name, first.void, first.metres_per_unit, resampling, tolerance)


def _mosaic_xml(family: Sequence[_Source]) -> str:
    """Return a GDAL virtual raster of the files, the first on top."""
    first = family[0]
    step_x, step_y = first.step
    left, top = min(s.bounds[0] for s in family), max(s.bounds[3] for s in family)
    width = round((max(s.bounds[2] for s in family) - left) / step_x)
    height = round((min(s.bounds[1] for s in family) - top) / step_y)
    kind = GDAL_TYPES[first.dtype]
    void = "" if first.void is None else f"<NoDataValue>{first.void!r}</NoDataValue>"
    return (
        f'<VRTDataset rasterXSize="{width}" rasterYSize="{height}">'
        f"<SRS>{escape(first.crs)}</SRS>"
        f"<GeoTransform>{left!r}, {step_x!r}, 0, {top!r}, 0, {step_y!r}</GeoTransform>"
        f'<VRTRasterBand dataType="{kind}" band="1">{void}'
        + "".join(_source_xml(source, left, top) for source in reversed(family))
        + "</VRTRasterBand></VRTDataset>"
    )


def _source_xml(source: _Source, left: float, top: float) -> str:
    column = round((source.bounds[0] - left) / source.step[0])
    row = round((source.bounds[3] - top) / source.step[1])
    width, height = source.size
    size = f'xSize="{width}" ySize="{height}"'
    void = "" if source.void is None else f"<NODATA>{source.void!r}</NODATA>"
    return (
        "<ComplexSource>"
        f'<SourceFilename relativeToVRT="0">{escape(str(Path(source.path).resolve()))}'
        "</SourceFilename><SourceBand>1</SourceBand>"
        f'<SrcRect xOff="0" yOff="0" {size}/><DstRect xOff="{column}" yOff="{row}" {size}/>'
        f"{void}</ComplexSource>"
    )


def _cell_m(raster: Any, grid: Grid) -> float:
    """Return the side of a square with the area of one cell of the raster [m]."""
    place = _window_on_frame(raster, grid) or Window(0, 0, raster.width, raster.height)
    column, row = place.col_off + place.width / 2, place.row_off + place.height / 2
    step = raster.transform
    # A corner, its neighbour along the row, its neighbour along the column.
    corners = ((column, row), (column + 1, row), (column, row + 1))
    xs = [step.a * across + step.b * down + step.c for across, down in corners]
    ys = [step.d * across + step.e * down + step.f for across, down in corners]
    x, y = transform(raster.crs, grid.crs, xs, ys)
    area = abs((x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0]))
    return float(np.sqrt(area))


def _warp(source: Any, mosaic: _Mosaic, grid: Grid) -> WarpedVRT:
    west, _, _, north = grid.extent
    return WarpedVRT(
        source,
        crs=grid.crs,
        transform=Affine(grid.cell_m, 0.0, west, 0.0, -grid.cell_m, north),
        width=grid.columns,
        height=grid.rows,
        resampling=mosaic.resampling,
        src_nodata=np.nan if mosaic.void is None else mosaic.void,
        nodata=np.nan,
        tolerance=mosaic.tolerance,
        dtype="float32",
    )
