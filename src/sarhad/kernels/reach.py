"""Which cells lie within a range, how the earth bends below them, and who stands where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from sarhad.kernels.heights import HeightField

EARTH_RADIUS_M: Final = 6_371_000.0
"""Mean radius of the earth [m] (IUGG)."""

VOID_M: Final = -1e29
"""Heights below it are voids [m]."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Cells within the range: half the window, and for each ring the farthest cell across.

    Attributes
    ----------
    half_rows, half_columns : int
        Cells from the observer to the window's edge, no more than the raster needs.
    of_row, of_column : ndarray of int32
        For a row (column) so many cells away, the farthest column (row) inside the range.
    """

    half_rows: int
    half_columns: int
    of_row: NDArray[np.int32]
    of_column: NDArray[np.int32]


def cells_within(
    heights: HeightField, range_m: float, cell_east_m: float, cell_north_m: float
) -> Reach:
    """Return the cells whose centres are within the range of a cell's centre."""
    if not (0.0 <= range_m < np.inf and 0.0 < cell_east_m < np.inf and 0.0 < cell_north_m < np.inf):
        raise ValueError("range_m must be a number of at least 0, and the cells' sides above 0")
    half_rows = int(min(range_m // cell_north_m, heights.rows - 1))
    half_columns = int(min(range_m // cell_east_m, heights.columns - 1))
    return Reach(
        half_rows,
        half_columns,
        _farthest(half_rows, half_columns, range_m, cell_north_m, cell_east_m),
        _farthest(half_columns, half_rows, range_m, cell_east_m, cell_north_m),
    )


def _farthest(
    rings: int, half: int, range_m: float, ring_m: float, cell_m: float
) -> NDArray[np.int32]:
    """For each ring, the farthest cell with (ring x ring_m)^2 + (cell x cell_m)^2 <= range^2.

    By that very test, whatever the square root made of it.
    """
    north = (np.arange(rings + 1) * ring_m) ** 2
    cells = np.floor(np.sqrt(np.maximum(range_m**2 - north, 0.0)) / cell_m)
    cells += north + ((cells + 1.0) * cell_m) ** 2 <= range_m**2
    cells -= north + (cells * cell_m) ** 2 > range_m**2
    return np.ascontiguousarray(np.clip(cells, -1, half).astype(np.int32))


def bends_of(cell_east_m: float, cell_north_m: float, refraction: float) -> tuple[float, float]:
    """Return the earth's bend per squared row and per squared column [m].

    The ground drops (1 - refraction) d^2 / (2 R) below the horizontal at the distance d.
    """
    if not (0.0 < cell_east_m < np.inf and 0.0 < cell_north_m < np.inf):
        raise ValueError("the cells' sides must be above 0")
    if not 0.0 <= refraction <= 1.0:
        raise ValueError(f"refraction must be between 0 and 1, not {refraction}")
    drop = (1.0 - refraction) / (2.0 * EARTH_RADIUS_M)
    return drop * cell_north_m * cell_north_m, drop * cell_east_m * cell_east_m


@dataclass(frozen=True, slots=True)
class Stands:
    """Cells and heights above ground [m] of observers or targets, each of shape (n,)."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    height_m: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.rows)


def stands_on(
    heights: HeightField, rows: ArrayLike, columns: ArrayLike, height_m: ArrayLike, who: str
) -> Stands:
    """Return where observers or targets stand.

    Raises
    ------
    ValueError
        If one stands outside the raster, in a void or under ground.
    """
    r, c = np.atleast_1d(np.asarray(rows)), np.atleast_1d(np.asarray(columns))
    if not (r.ndim == 1 and r.shape == c.shape and r.dtype.kind in "iu" and c.dtype.kind in "iu"):
        raise ValueError(
            f"rows and columns of the {who}s must be whole numbers, as many of one as of the other"
        )
    h = np.ascontiguousarray(np.broadcast_to(np.asarray(height_m, np.float64), r.shape))
    outside = (r < 0) | (r >= heights.rows) | (c < 0) | (c >= heights.columns)
    shape = f"the raster of {heights.rows} x {heights.columns} cells"
    _refuse(outside, r, c, f"{who} {{}} (row {{}}, column {{}}) is outside {shape}")
    void = heights.z[r, c] < VOID_M
    _refuse(void, r, c, f"{who} {{}} (row {{}}, column {{}}) stands in a void of the height field")
    wrong = ~((h >= 0.0) & (h < np.inf))
    if wrong.any():
        n = int(wrong.argmax())
        raise ValueError(f"{who} {n} must stand at least 0 m above ground, not {h[n]} m")
    return Stands(np.ascontiguousarray(r, np.int64), np.ascontiguousarray(c, np.int64), h)


def _refuse(
    wrong: NDArray[np.bool_], rows: NDArray[np.int64], columns: NDArray[np.int64], message: str
) -> None:
    if wrong.any():
        n = int(wrong.argmax())
        raise ValueError(message.format(n, rows[n], columns[n]))
