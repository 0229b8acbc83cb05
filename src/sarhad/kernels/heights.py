"""A height field prepared once for all kernels."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sarhad.kernels.library import address, kernel, spread

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from numpy.typing import NDArray

PAD = 64
SMALL = 4
BLOCK = 16
COARSE = 128
STRIPE = 16 * BLOCK  # lines prepared by one task


class _Plane(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("z", "small", "fine", "coarse")),
        *(
            (name, ctypes.c_int64)
            for name in ("lines", "places", "pitch", "small_lines", "small_pitch")
        ),
        *(
            (name, ctypes.c_int64)
            for name in ("fine_lines", "fine_pitch", "coarse_lines", "coarse_pitch")
        ),
    ]


class _Heights(ctypes.Structure):
    _fields_ = [("by_row", _Plane), ("by_column", _Plane)]


@dataclass(frozen=True, slots=True)
class HeightField:
    """Heights padded, their transpose, and the block maxima of both.

    It takes 8.6 bytes for each cell, and 0.5 KiB for each row and column.

    Attributes
    ----------
    rows, columns : int
        Shape of the raster.
    voids : int
        Number of cells without a height; they are never in view and never block.
    arrays : tuple of ndarray
        Heights, small, fine and coarse maxima by row, and the same by column.
    structure : ctypes.Structure
        Their addresses, as the kernels take them.
    """

    rows: int
    columns: int
    voids: int
    arrays: tuple[NDArray[np.float32], ...]
    structure: _Heights

    @property
    def z(self) -> NDArray[np.float32]:
        """Heights [m], shape (rows, columns); voids are -1e30."""
        return self.arrays[0][: self.rows, PAD : PAD + self.columns]

    @property
    def nbytes(self) -> int:
        """Memory taken [bytes]."""
        return sum(array.nbytes for array in self.arrays)


def prepare_heights(z: NDArray[np.float32], *, executor: Executor | None = None) -> HeightField:
    """Return the height field of a raster.

    Parameters
    ----------
    z : ndarray of float32, shape (rows, columns)
        Heights [m]; NaN is a void.

    Raises
    ------
    ValueError
        If `z` is not a float32 raster of at least one cell.
    MemoryError
        If the field would take more than the machine has.
    """
    if z.ndim != 2 or z.size == 0 or z.dtype != np.float32:
        raise ValueError(
            "heights must be a float32 raster of at least one cell,"
            f" not {z.dtype} of shape {z.shape}"
        )
    rows, columns = z.shape
    _check_memory(rows, columns)
    if z.strides[1] != 4 or z.strides[0] < 0 or z.strides[0] % 4:
        z = np.ascontiguousarray(z)
    by_row, row_arrays = _plane(rows, columns)
    by_column, column_arrays = _plane(columns, rows)
    structure = _Heights(by_row, by_column)
    voids = _fill(structure, z, executor)
    return HeightField(rows, columns, voids, row_arrays + column_arrays, structure)


def _check_memory(rows: int, columns: int) -> None:
    """Refuse what the system would promise and then not hold."""
    needed = 9 * rows * columns + 2**9 * (rows + columns)
    present = physical_memory()
    if present and needed > present:
        raise MemoryError(
            f"the height field of {rows} x {columns} cells takes {needed / 2**30:.0f} GiB, this"
            f" machine has {present / 2**30:.0f} GiB: prepare windows of the raster"
        )


def physical_memory() -> int | None:
    """Return the machine's memory [bytes], None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _plane(lines: int, places: int) -> tuple[_Plane, tuple[NDArray[np.float32], ...]]:
    pitch = -(-(places + 2 * PAD) // BLOCK) * BLOCK
    small = (-(-lines // SMALL), pitch // SMALL)
    fine = (-(-lines // BLOCK), pitch // BLOCK)
    coarse = (-(-lines // COARSE), -(-pitch // COARSE))
    shapes = ((lines + 1, pitch), small, fine, coarse)
    arrays = tuple(np.empty(shape, np.float32) for shape in shapes)
    starts = (array.ctypes.data for array in arrays)
    return _Plane(*starts, lines, places, pitch, *small, *fine, *coarse), arrays


def _fill(structure: _Heights, z: NDArray[np.float32], executor: Executor | None) -> int:
    rows, columns = z.shape
    field = ctypes.byref(structure)
    fill_rows, fill_columns = kernel("fill_rows", ctypes.c_int64), kernel("fill_columns")
    fill_seam, fill_large = kernel("fill_seam"), kernel("fill_large")
    pitch = ctypes.c_int64(z.strides[0] // 4 if rows > 1 else columns)
    scratch_size = max(structure.by_row.pitch, structure.by_column.pitch)

    def copy(first: int) -> int:
        scratch = np.empty(scratch_size, np.float32)
        lines = ctypes.c_int64(first), ctypes.c_int64(min(first + STRIPE, rows))
        raster = ctypes.c_void_p(z.ctypes.data)  # its rows stand `pitch` apart
        return int(fill_rows(field, raster, pitch, *lines, address(scratch)))

    def turn(first: int) -> None:
        scratch = np.empty(scratch_size, np.float32)
        lines = ctypes.c_int64(first), ctypes.c_int64(min(first + STRIPE, columns))
        fill_columns(field, *lines, address(scratch))

    voids = sum(spread(copy, range(0, rows, STRIPE), executor))
    list(spread(turn, range(0, columns, STRIPE), executor))
    scratch = np.empty(scratch_size, np.float32)
    for transposed, lines in enumerate((rows, columns)):
        for seam in range(STRIPE, lines, STRIPE):
            fill_seam(field, transposed, ctypes.c_int64(seam), address(scratch))
    list(spread(lambda transposed: fill_large(field, transposed), (0, 1), executor))
    return voids
