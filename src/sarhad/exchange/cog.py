"""Writes rasters on the scenario's frame as Cloud Optimized GeoTIFFs, in bounded memory."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.windows import Window

from sarhad.exchange.atomic import write_atomically
from sarhad.grid import Grid
from sarhad.terrain import Terrain

if TYPE_CHECKING:
    from rasterio.io import DatasetWriter

BLOCK: Final = 512
"""Side of a block of the file [cells]."""

CACHE_BYTES: Final = 64 * 1024 * 1024
"""Blocks that GDAL keeps in memory while it builds the file."""


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """One layer of a raster.

    Attributes
    ----------
    name, unit : str
        What it holds.
    tiles : ndarray, shape (kept, tile, tile)
        Its values in the tiles of the frame, all layers of one type; the value `nodata` of
        `write_cog` where there is none.
    """

    name: str
    unit: str
    tiles: NDArray[Any]


def write_cog(
    path: Path,
    frame: Terrain,
    bands: Sequence[Band],
    nodata: float,
    description: str = "",
    overview: str = "NEAREST",
) -> None:
    """Write layers in the tiles of a frame as a Cloud Optimized GeoTIFF, whole or not at all.

    Parameters
    ----------
    path : Path
        The file; its folder exists.
    frame : Terrain
        Whose grid and tiles the layers have; cells outside the tiles become `nodata`.
    bands : sequence of Band
        At least one.
    nodata : float
        Value of cells without a value.
    description : str
        What is to be known of the whole, such as that the relief is a stand-in.
    overview : str
        How GDAL makes the smaller copies: NEAREST, AVERAGE, MODE ...

    Raises
    ------
    ValueError
        If there is no layer, or one does not have the shape of the tiles.
    OSError
        If the file cannot be written; what stood there still stands.
    """
    if not bands or any(band.tiles.shape != frame.tiles.shape for band in bands):
        raise ValueError(f"every layer has the shape of the frame's tiles, {frame.tiles.shape}")
    parts = tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        plain, ready = Path(parts) / "plain.tif", Path(parts) / "ready.tif"
        with rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES):
            _write_plain(plain, frame, bands, nodata, description)
            # The layout needs all sizes of the picture before the first byte: hence a second file.
            rasterio.shutil.copy(
                plain,
                ready,
                driver="COG",
                COMPRESS="DEFLATE",
                PREDICTOR="YES",
                BLOCKSIZE=BLOCK,
                OVERVIEWS="AUTO",
                OVERVIEW_RESAMPLING=overview,
                BIGTIFF="IF_SAFER",
            )
        with ready.open("rb") as file:
            write_atomically(path, lambda into: shutil.copyfileobj(file, into))
    except rasterio.errors.RasterioError as error:
        raise OSError(f"{path} cannot be written: {error}") from error
    finally:
        shutil.rmtree(parts, ignore_errors=True)


def _write_plain(
    path: Path, frame: Terrain, bands: Sequence[Band], nodata: float, description: str
) -> None:
    grid = frame.grid
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=grid.rows,
        width=grid.columns,
        count=len(bands),
        dtype=bands[0].tiles.dtype,
        crs=CRS.from_string(grid.crs),
        transform=_transform(grid),
        nodata=nodata,
        tiled=True,
        blockxsize=BLOCK,
        blockysize=BLOCK,
        SPARSE_OK=True,
        BIGTIFF="IF_SAFER",
        compress="DEFLATE",
        ZLEVEL=1,
    ) as file:
        if description:
            file.update_tags(TIFFTAG_IMAGEDESCRIPTION=description)
        for number, band in enumerate(bands, start=1):
            file.set_band_description(number, band.name)
            file.set_band_unit(number, band.unit)
        _write_blocks(file, frame, bands, nodata)


def _transform(grid: Grid) -> Affine:
    return Affine(grid.cell_m, 0.0, grid.west_m, 0.0, -grid.cell_m, grid.north_m)


def _write_blocks(
    file: DatasetWriter, frame: Terrain, bands: Sequence[Band], nodata: float
) -> None:
    for row, column in _blocks(frame):
        rows, columns = min(BLOCK, file.height - row), min(BLOCK, file.width - column)
        place = Window(column, row, columns, rows)
        for number, band in enumerate(bands, start=1):
            values = np.full((rows, columns), nodata, band.tiles.dtype)
            _fill(values, frame, band.tiles, row, column)
            file.write(values, number, window=place)


def _blocks(frame: Terrain) -> Iterator[tuple[int, int]]:
    """Yield the corners of blocks that hold a kept tile; the others stay unwritten, as nodata."""
    tile_row, tile_column = np.nonzero(frame.index >= 0)
    first = np.stack([tile_row, tile_column], axis=1) * frame.tile
    # A tile may reach over more than one block, if neither is a multiple of the other.
    steps = range(0, frame.tile + BLOCK - 1, min(frame.tile, BLOCK))
    corners = {
        (int(row) // BLOCK * BLOCK, int(column) // BLOCK * BLOCK)
        for down in steps
        for right in steps
        for row, column in first + np.minimum([down, right], frame.tile - 1)
    }
    rows, columns = frame.grid.shape
    yield from sorted(corner for corner in corners if corner[0] < rows and corner[1] < columns)


def _fill(values: NDArray[Any], frame: Terrain, tiles: NDArray[Any], row: int, column: int) -> None:
    """Copy what of the tiles lies in the window that begins at a row and column of the frame."""
    tile, (rows, columns) = frame.tile, values.shape
    for tile_row in range(row // tile, -(-(row + rows) // tile)):
        for tile_column in range(column // tile, -(-(column + columns) // tile)):
            position = frame.index[tile_row, tile_column]
            if position < 0:
                continue
            top, left = tile_row * tile - row, tile_column * tile - column
            into = values[max(top, 0) : top + tile, max(left, 0) : left + tile]
            y, x = max(-top, 0), max(-left, 0)
            into[:] = tiles[position, y : y + into.shape[0], x : x + into.shape[1]]
