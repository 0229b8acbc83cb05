"""One viewshed as a process of its own, for benchmarks/viewsheds.py: window read, result written.

.venv/bin/python benchmarks/one_viewshed.py GROUND ROW COLUMN CELL_M

GROUND is a GeoTIFF, read through rasterio, or an array as numpy writes it.
"""

from __future__ import annotations

import sys

import numpy as np

from sarhad.kernels import prepare_heights, viewsheds

EYE_M, TARGET_M, RANGE_M, REFRACTION = 10.0, 1.7, 15_000.0, 0.13


def main(ground: str, row: int, column: int, cell_m: float) -> None:
    half = int(RANGE_M // cell_m)
    top, left = max(row - half, 0), max(column - half, 0)
    if ground.endswith(".npy"):
        z = np.load(ground, mmap_mode="r")[top : row + half + 1, left : column + half + 1]
    else:
        import rasterio

        with rasterio.open(ground) as source:
            place = ((top, min(row + half + 1, source.height)), (left, column + half + 1))
            z = source.read(1, window=place)
            transform = source.transform
    sight = (EYE_M, TARGET_M, RANGE_M, cell_m, cell_m, REFRACTION)
    [view] = viewsheds(prepare_heights(z), [row - top], [column - left], *sight)
    seen = view.on_raster(z.shape).astype(np.uint8)
    if ground.endswith(".npy"):
        np.save(ground[:-4] + "_seen.npy", seen)
        return
    shape = {"height": z.shape[0], "width": z.shape[1], "count": 1, "dtype": "uint8"}
    transform = transform * transform.translation(left, top)
    with rasterio.open(
        ground[:-4] + "_seen.tif", "w", driver="GTiff", transform=transform, **shape
    ) as out:
        out.write(seen, 1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
