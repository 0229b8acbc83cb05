"""Rasters of results: what is read back, and the layout that makes them cloud optimized."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from pyproj import Transformer

from sarhad.exchange.cog import Band, write_cog
from sarhad.grid import Grid
from sarhad.terrain import Terrain

PROJECTIONS = {
    "utm": "EPSG:32642",
    "lcc": "+proj=lcc +lat_0=37.58 +lat_1=37.58 +lon_0=71.34 +k_0=0.999895",
    "tmerc": "+proj=tmerc +lat_0=37.58 +lon_0=71.34 +k_0=0.9998",
    "merc": "+proj=merc +lon_0=71.34 +k_0=0.8",
    "omerc": "+proj=omerc +lat_0=37.58 +lonc=71.34 +alpha=72.5 +k_0=0.9999",
    "stere": "+proj=stere +lat_0=37.58 +lon_0=71.34 +k_0=0.9999",
    "polar": "+proj=stere +lat_0=90 +lon_0=71.34 +k_0=0.95",
    "aeqd": "+proj=aeqd +lat_0=37.58 +lon_0=71.34",
}


def crs_of(name):
    text = PROJECTIONS[name]
    return (
        text if text[0] == "E" else f"{text} +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs +type=crs"
    )


def make_frame(rows=1300, columns=1700, tile=100, crs="utm"):
    """Return a frame whose tiles lie along a diagonal; tiles and blocks are no multiples."""
    grid = Grid(crs_of(crs), 300_000.0, 4_200_000.0, 90.0, rows, columns)
    shape = -(-rows // tile), -(-columns // tile)
    kept = np.abs(np.subtract.outer(np.arange(shape[0]), np.arange(shape[1]))) < 2
    index = np.full(shape, -1, np.int32)
    index[kept] = np.arange(kept.sum())
    return Terrain(grid, tile, index, np.zeros((kept.sum(), tile, tile), np.float32), False, "")


def spread_out(frame, tiles, nodata):
    """Return the whole raster, the slow way."""
    tile = frame.tile
    whole = np.full(np.array(frame.index.shape) * tile, nodata, tiles.dtype)
    for row, column in np.argwhere(frame.index >= 0):
        place = np.s_[row * tile : (row + 1) * tile, column * tile : (column + 1) * tile]
        whole[place] = tiles[frame.index[row, column]]
    return whole[: frame.grid.rows, : frame.grid.columns]


@pytest.mark.parametrize(("dtype", "nodata"), [(np.uint16, 65535), (np.float32, np.nan)])
def test_every_cell_is_read_back_as_written(dtype, nodata, tmp_path: Path) -> None:
    frame = make_frame()
    rng = np.random.default_rng(7)
    layers = [rng.integers(0, 999, frame.tiles.shape).astype(dtype) for _ in range(2)]
    bands = [Band("first", "min", layers[0]), Band("second", "posts", layers[1])]
    write_cog(tmp_path / "out.tif", frame, bands, nodata, "stand-in relief")
    with rasterio.open(tmp_path / "out.tif") as file:
        for number, tiles in enumerate(layers, start=1):
            expected = spread_out(frame, tiles, nodata)
            np.testing.assert_array_equal(file.read(number), expected)
        assert (file.descriptions, file.units) == (("first", "second"), ("min", "posts"))
        assert file.tags()["TIFFTAG_IMAGEDESCRIPTION"] == "stand-in relief"
        assert file.bounds[0] == frame.grid.extent[0]
        assert file.bounds[3] == frame.grid.extent[3]
    assert [path.name for path in tmp_path.iterdir()] == ["out.tif"]


def directories(content: bytes) -> list[tuple[int, dict[int, list[int]]]]:
    """Return place and whole-number tags of each image of a classic TIFF, after its standard."""
    assert content[:4] == b"II*\x00"
    found = []
    (at,) = struct.unpack_from("<I", content, 4)
    while at:
        tags: dict[int, list[int]] = {}
        (count,) = struct.unpack_from("<H", content, at)
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            tag, kind, size, value = struct.unpack_from("<HHII", content, entry)
            if kind in (3, 4):
                letter, width = ("H", 2) if kind == 3 else ("I", 4)
                place = entry + 8 if size * width <= 4 else value
                tags[tag] = list(struct.unpack_from(f"<{size}{letter}", content, place))
        found.append((at, tags))
        (at,) = struct.unpack_from("<I", content, at + 2 + 12 * count)
    return found


def test_file_is_laid_out_as_a_cloud_optimized_geotiff(tmp_path: Path) -> None:
    frame = make_frame()
    rng = np.random.default_rng(3)
    values = rng.normal(size=frame.tiles.shape).astype(np.float32)
    write_cog(tmp_path / "out.tif", frame, [Band("a", "m", values)], np.nan, overview="AVERAGE")
    content = (tmp_path / "out.tif").read_bytes()
    assert b"LAYOUT=IFDS_BEFORE_DATA" in content[:300]
    images = directories(content)
    width, offsets, sides = 256, 324, (322, 323)
    # Full size first, then ever smaller ones down to one block.
    assert [tags[width][0] for _, tags in images] == [1700, 850, 425]
    assert all(tags[side] == [512] for _, tags in images for side in sides)
    data = [[offset for offset in tags[offsets] if offset] for _, tags in images]
    assert max(at for at, _ in images) < min(map(min, data))
    # The smallest picture comes first in the file, so that a reader of few bytes sees the whole.
    assert all(max(small) < min(large) for large, small in pairwise(data))


@pytest.mark.parametrize("name", PROJECTIONS)
def test_projection_survives_to_the_millimetre(name: str, tmp_path: Path) -> None:
    frame = make_frame(200, 200, crs=name)
    write_cog(tmp_path / "out.tif", frame, [Band("a", "m", frame.tiles)], np.nan)
    with rasterio.open(tmp_path / "out.tif") as file:
        stored = file.crs.to_wkt()
    longitude, latitude = np.array([70.0, 71.3, 72.9]), np.array([36.8, 37.6, 38.1])
    east, north = Transformer.from_crs("EPSG:4326", stored, always_xy=True).transform(
        longitude, latitude
    )
    expected = frame.grid.project(longitude, latitude)
    np.testing.assert_allclose((east, north), expected, rtol=0, atol=1e-3)


def test_failure_leaves_the_old_file_and_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame, path = make_frame(200, 200), tmp_path / "out.tif"
    path.write_text("old")

    def fail(*_: object, **__: object) -> None:
        raise rasterio.errors.RasterioIOError("no space left")

    monkeypatch.setattr(rasterio.shutil, "copy", fail)
    with pytest.raises(OSError, match="no space left"):
        write_cog(path, frame, [Band("a", "m", frame.tiles)], np.nan)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_layers_of_another_shape_are_refused(tmp_path: Path) -> None:
    frame = make_frame(200, 200)
    for bands in ([], [Band("a", "m", frame.tiles[:1])]):
        with pytest.raises(ValueError, match="shape of the frame's tiles"):
            write_cog(tmp_path / "out.tif", frame, bands, np.nan)
