"""Grounds and peers of the benchmarks of sight and movement.

GDAL is the library inside pyogrio's wheel, called with ctypes; its programs and GRASS come with
the system. Whatever is not there raises `PeerMissingError`, and the caller skips it by name.
"""

from __future__ import annotations

import ctypes
import importlib.util
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin

DATA = Path(__file__).resolve().parents[1] / "../shared/data"
REAL = {
    "bigtujunga": ("bigtujunga_srtm_30m.tif", 30.0),
    "baltoro": ("baltoro_srtm_90m.tif", 90.0),
}
GROUNDS = ("synthetic", *REAL)
SIDE = 4000
# GDAL bends by its ellipsoid's larger axis: the coefficient of refraction of 0.13 over our radius.
CURVATURE = (1 - 0.13) * 6_378_137 / 6_371_000


class PeerMissingError(Exception):
    """A peer or a ground that is not on this machine."""


def load_ground(name: str, side: int = SIDE) -> tuple[NDArray[np.float32], float]:
    """Return heights [m], shape (side, side), and the cell's side [m].

    Real ones are mirrored to size.
    """
    if name == "synthetic":
        return synthetic_mountains(side), 30.0
    file, cell_m = REAL[name]
    if not (DATA / file).is_file():
        raise PeerMissingError(f"{name}: no {file} in ../shared/data")
    with rasterio.open(DATA / file) as source:
        z = source.read(1).astype(np.float32)
    rows, columns = (-(-side // edge) for edge in z.shape)
    mirrored = np.block(
        [[z[:: 1 - i % 2 * 2, :: 1 - j % 2 * 2] for j in range(columns)] for i in range(rows)]
    )
    return np.ascontiguousarray(mirrored[:side, :side]), cell_m


def synthetic_mountains(side: int, relief_m: float = 2500.0) -> NDArray[np.float32]:
    """Return a fractal square of mountains [m]."""
    noise = np.random.default_rng(1).standard_normal((side, side)).astype(np.float32)
    waves = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    z = np.fft.irfft2(np.fft.rfft2(noise) * np.maximum(waves, 4 / side) ** -1.8, s=(side, side))
    return ((z - z.min()) / np.ptp(z) * relief_m).astype(np.float32)


def write_ground(path: Path, z: NDArray[np.float32], cell_m: float) -> Path:
    """Write a GeoTIFF for the peers that are programs."""
    transform = from_origin(300_000, 4_300_000, cell_m, cell_m)
    shape = {"height": z.shape[0], "width": z.shape[1], "count": 1, "dtype": "float32"}
    with rasterio.open(
        path, "w", driver="GTiff", crs="EPSG:32642", transform=transform, **shape
    ) as out:
        out.write(z, 1)
    return path


@cache
def load_gdal() -> ctypes.CDLL:
    """Return the GDAL library inside pyogrio's wheel."""
    spec = importlib.util.find_spec("pyogrio")
    folder = Path(spec.origin).parents[1] / "pyogrio.libs" if spec and spec.origin else Path()
    found = sorted(folder.glob("libgdal*"))
    if not found:
        raise PeerMissingError("GDAL: no library inside pyogrio's wheel")
    try:
        gdal = ctypes.CDLL(str(found[0]))
        for name in (
            "GDALGetDriverByName",
            "GDALCreate",
            "GDALGetRasterBand",
            "GDALViewshedGenerate",
        ):
            getattr(gdal, name).restype = ctypes.c_void_p
        gdal.GDALVersionInfo.restype = ctypes.c_char_p
        gdal.GDALIsLineOfSightVisible.restype = ctypes.c_bool
    except (OSError, AttributeError) as fault:
        raise PeerMissingError(f"GDAL: {fault}") from fault
    gdal.GDALAllRegister()
    return gdal


def gdal_version() -> str:
    """Return the version of the library inside pyogrio's wheel, or why there is none."""
    try:
        gdal = load_gdal()
    except PeerMissingError as missing:
        return str(missing)
    return gdal.GDALVersionInfo(b"RELEASE_NAME").decode()


class GdalRaster:
    """A raster in GDAL's memory."""

    def __init__(self, z: NDArray[np.float32], cell_m: float) -> None:
        gdal = self.gdal = load_gdal()
        self.cell_m, (self.rows, self.columns) = cell_m, z.shape
        driver = ctypes.c_void_p(gdal.GDALGetDriverByName(b"MEM"))
        self.data = ctypes.c_void_p(
            gdal.GDALCreate(driver, b"", self.columns, self.rows, 1, 6, None)
        )
        place = (0, cell_m, 0, self.rows * cell_m, 0, -cell_m)
        gdal.GDALSetGeoTransform(self.data, (ctypes.c_double * 6)(*place))
        self.band = ctypes.c_void_p(gdal.GDALGetRasterBand(self.data, 1))
        self._transfer(1, self.band, np.ascontiguousarray(z, np.float32), 6)

    def _transfer(
        self, write: int, band: ctypes.c_void_p, cells: NDArray[np.generic], kind: int
    ) -> None:
        rows, columns = cells.shape
        start = ctypes.c_void_p(cells.ctypes.data)
        self.gdal.GDALRasterIO(band, write, 0, 0, columns, rows, start, columns, rows, kind, 0, 0)

    def draw_viewshed(
        self, row: int, column: int, eye_m: float, target_m: float, range_m: float
    ) -> ctypes.c_void_p:
        """Return GDAL's dataset of one viewshed; the caller closes it."""
        x, y = (column + 0.5) * self.cell_m, (self.rows - row - 0.5) * self.cell_m
        heights = (eye_m, target_m, 1, 0, 0, -1, CURVATURE)
        view = self.gdal.GDALViewshedGenerate(
            self.band, b"MEM", b"", None, *map(ctypes.c_double, (x, y, *heights)),
            2, ctypes.c_double(range_m), None, None, 1, None,
        )  # fmt: skip
        if not view:
            raise PeerMissingError("GDAL: refuses to draw a viewshed")
        return ctypes.c_void_p(view)

    def time_viewshed(self, *place: float) -> None:
        """Draw one viewshed and throw it away; parameters as for `draw_viewshed`."""
        self.gdal.GDALClose(self.draw_viewshed(*place))  # type: ignore[arg-type]

    def viewshed(
        self, row: int, column: int, eye_m: float, target_m: float, range_m: float
    ) -> NDArray[np.bool_]:
        """Return the cells in view, shape (rows, columns)."""
        gdal, view = self.gdal, self.draw_viewshed(row, column, eye_m, target_m, range_m)
        place = (ctypes.c_double * 6)()
        gdal.GDALGetGeoTransform(view, place)
        cells = np.empty((gdal.GDALGetRasterYSize(view), gdal.GDALGetRasterXSize(view)), np.uint8)
        self._transfer(0, ctypes.c_void_p(gdal.GDALGetRasterBand(view, 1)), cells, 1)
        gdal.GDALClose(view)
        top, left = round(self.rows - place[3] / self.cell_m), round(place[0] / self.cell_m)
        seen = np.zeros((self.rows, self.columns), np.bool_)
        seen[top : top + cells.shape[0], left : left + cells.shape[1]] = cells == 1
        return seen

    def in_sight(self, start: NDArray[np.float64], end: NDArray[np.float64]) -> bool:
        """Return whether GDAL's line between two (row, column, height) is free, on a flat earth."""
        ends = (
            part
            for row, column, height in (start, end)
            for part in (int(column), int(row), ctypes.c_double(height))
        )
        where = ctypes.c_int(), ctypes.c_int()
        return bool(
            self.gdal.GDALIsLineOfSightVisible(self.band, *ends, *map(ctypes.byref, where), None)
        )


def find_program(name: str) -> str:
    """Return the path of a peer's program."""
    found = shutil.which(name)
    if found is None:
        raise PeerMissingError(f"{name}: not on the PATH")
    return found


def run_grass(z: NDArray[np.float32], cell_m: float, commands: str) -> list[str]:
    """Return what shell commands print inside a GRASS session whose region is the raster `z`."""
    grass = find_program("grass")
    with tempfile.TemporaryDirectory() as folder:
        ground = write_ground(Path(folder) / "z.tif", z, cell_m)
        job = Path(folder) / "job.sh"
        job.write_text(
            f"set -e\nr.in.gdal -o --q input={ground} output=z\ng.region raster=z\n{commands}\n"
        )
        call = [grass, "-c", "EPSG:32642", f"{folder}/place", "--exec", "sh", str(job)]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerMissingError(f"GRASS: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout.split("\n")


TIMED = """
start=$(date +%s.%N)
{} > /dev/null 2>&1
date +"%s.%N $start" | awk '{{print "seconds", $1 - $2}}'
"""


def time_grass(z: NDArray[np.float32], cell_m: float, command: str) -> float:
    """Return the seconds that one GRASS command takes, its raster already imported."""
    lines = run_grass(z, cell_m, TIMED.format(command))
    return float(next(line for line in lines if line.startswith("seconds")).split()[1])
