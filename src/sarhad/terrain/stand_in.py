"""Stand-in relief: seeded detail on the means of a coarse grid, for looking at, never for planning.

A five-minute cell is about 7 by 9 km; what lies inside it is invented here, but invented so that
the cell's mean, the fall of the border river and the heights of known places are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from sarhad.grid import Grid
from sarhad.terrain.tiles import places_of_cells

Heights = NDArray[np.float32]
Basis = Callable[[int], Heights]

# Fine cells per side of a coarse one: 5 minutes become 290 m north-south.
SUBDIVISION = 32
# Spectral slope of the detail's amplitude, and its spread as a share of the local spread of the
# coarse means: both fitted to real heights, see docs/background/relief.md.
ROUGHNESS_EXPONENT = 1.6
DETAIL_SHARE = 1.0
# Where the river's floor lies below the smooth relief, in local spreads of the coarse means, as
# long as no known height says better; and how far its valley reaches.
FLOOR_SHARE = 1.0
VALLEY_HALF_WIDTH_M = 2_500.0
# Fine cells beside the river that are as low as the river, so that no sampling between cells
# lifts it; known places nearer than KNOWN_REACH_M set the
# river's own height, and bend the ground that far around them.
FLOOR_CELLS = 1.6
KNOWN_REACH_M = 2_500.0
MEAN_ROUNDS = 10
HONOUR_ROUNDS = 10
# A coarse cell with less free ground than this share keeps the mean that valley and places give.
LEAST_FREE_SHARE = 0.1
# No detail digs below this share of the lowest coarse mean around.
LEAST_SHARE = 0.75
METRES_PER_DEGREE = 111_195.0


@dataclass(frozen=True, slots=True)
class Relief:
    """Heights on a lattice of longitude and latitude.

    Attributes
    ----------
    west, north : float
        Outer corner of the north-western cell [degrees].
    step : float
        Side of a cell [degrees].
    heights : ndarray of float32, shape (rows, columns)
        Elevation of each cell [m], north to south.
    """

    west: float
    north: float
    step: float
    heights: Heights

    def __post_init__(self) -> None:
        if self.heights.ndim != 2 or min(self.heights.shape) < 4:
            raise ValueError("a relief has at least 4 rows and 4 columns")
        if not np.isfinite(self.heights).all():
            raise ValueError("a relief to refine has a height in every cell")
        if self.step <= 0:
            raise ValueError("the side of a cell must be above 0 degrees")


@dataclass(frozen=True, slots=True)
class River:
    """A river from its source to its mouth: longitude and latitude, each shape (n,) [degrees]."""

    longitude: NDArray[np.float64]
    latitude: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class KnownHeights:
    """Places whose height is known: longitude, latitude [degrees], height_m [m], shape (n,)."""

    longitude: NDArray[np.float64]
    latitude: NDArray[np.float64]
    height_m: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StandInReader:
    """Stand-in heights on the frame; a `sarhad.terrain.ElevationReader`."""

    grid: Grid
    relief: Relief
    credit: str
    stand_in: bool = True

    def read(self, row: int, column: int, rows: int, columns: int) -> Heights:
        """Return the heights of a window, shape (rows, columns) [m]; NaN beyond the relief."""
        longitude, latitude = places_of_cells(self.grid, row, column, rows, columns)
        return sample_relief(self.relief, longitude, latitude)


def sample_relief(
    relief: Relief, longitude: NDArray[np.float64], latitude: NDArray[np.float64]
) -> Heights:
    """Return heights at places, bilinear between cell centres, shape of `longitude` [m].

    NaN beyond the relief; the outer half cell takes the height of its cell.
    """
    rows, columns = relief.heights.shape
    y, x = _cell_coordinates(relief, longitude, latitude)
    outside = (y < -0.5) | (y > rows - 0.5) | (x < -0.5) | (x > columns - 0.5)
    # Absolute coordinates in, so that a place has one height whatever window asks for it.
    heights: Heights = ndimage.map_coordinates(
        relief.heights, np.stack([y, x]), output=np.float32, order=1, mode="nearest"
    )
    heights[outside] = np.nan
    return heights


def refine_relief(
    coarse: Relief,
    river: River | None = None,
    known: KnownHeights | None = None,
    *,
    rng: np.random.Generator,
    detail_share: float = DETAIL_SHARE,
) -> Relief:
    """Return the coarse relief with invented detail, each cell cut into 32 by 32.

    1. A cubic spline whose mean over each coarse cell is the cell's height.
    2. Fractal noise of zero mean over each coarse cell, as strong as the coarse means around
       vary.
    3. The river's valley: a floor that never rises towards the mouth, and slopes up to the noise.
    4. The known heights, each bending the ground around it.
    5. What 3 and 4 did to the means is put right on the ground between them.

    Parameters
    ----------
    coarse : Relief
        Mean height of each coarse cell.
    river : River, optional
        From source to mouth.
    known : KnownHeights, optional
        Those beyond the relief are passed over. Those on the river's floor set the river's
        height; where they contradict its fall, the upstream one wins.
    rng : numpy.random.Generator
        The one source of chance: the same seed, the same heights.
    detail_share : float
        Spread of the noise as a share of the spread of the coarse means around; 0 for none.

    References
    ----------
    Saupe (1988), Algorithms for random fractals, in The Science of Fractal Images,
    doi:10.1007/978-1-4612-3784-6_2 (spectral synthesis).
    """
    spread = _coarse_spread(coarse.heights)
    heights = _keep_means(np.zeros(_fine_shape(coarse), np.float32), coarse.heights)
    smooth = Relief(coarse.west, coarse.north, coarse.step / SUBDIVISION, heights)
    fine_spread = _stretch(spread, _hat_basis)
    detail = _fractal_noise(smooth, rng)
    detail *= detail_share * fine_spread
    refined = smooth.heights + _keep_means(detail, np.zeros_like(coarse.heights))
    refined = np.maximum(refined, _stretch(_least(coarse.heights), _hat_basis))
    known = _within(smooth, known)
    free = np.ones_like(refined)
    if river is not None:
        floor_m, distance_m = _river_floor(smooth, fine_spread, river, known)
        rise = _smoothstep((distance_m - _floor_reach_m(smooth)) / np.float32(VALLEY_HALF_WIDTH_M))
        refined = floor_m + (refined - floor_m) * rise
        free *= rise
        known = _off_the_floor(smooth, known, distance_m)
    bends = _bends(smooth, known, free)
    for place, bend in bends:
        free[place] *= 1 - bend
    refined = _honour(smooth, refined, known, bends)
    refined = _keep_means_where_free(refined, coarse.heights, free)
    refined = _honour(smooth, refined, known, bends)
    return Relief(smooth.west, smooth.north, smooth.step, refined)


def river_of_line(
    coarse: Relief,
    longitude: NDArray[np.float64],
    latitude: NDArray[np.float64],
    known: KnownHeights,
) -> River | None:
    """Return the part of a border line to carve as a river, None if nothing says that it is one.

    It springs at the highest known height on the line and runs to the lower end of the line.

    Parameters
    ----------
    coarse : Relief
        Mean heights, to tell the lower end.
    longitude, latitude : ndarray, shape (n,)
        The line, walked either way [degrees].
    known : KnownHeights
        Those within 2.5 km of a vertex count as on the line.
    """
    off_north = known.latitude[:, None] - latitude
    off_east = (known.longitude[:, None] - longitude) * np.cos(np.radians(latitude))
    away_m = METRES_PER_DEGREE * np.hypot(off_east, off_north)
    on_line = np.flatnonzero(away_m.min(axis=1, initial=np.inf) <= KNOWN_REACH_M)
    if not len(on_line):
        return None
    source = int(away_m[on_line[np.argmax(known.height_m[on_line])]].argmin())
    first, last = sample_relief(coarse, longitude[[0, -1]], latitude[[0, -1]])
    course = slice(source, None, -1) if first < last else slice(source, None)
    return River(longitude[course], latitude[course])


def coarse_means(fine: Relief) -> Heights:
    """Return the mean of each block of 32 by 32 fine cells, shape of the coarse relief [m]."""
    return _block_means(fine.heights)


def _fine_shape(coarse: Relief) -> tuple[int, int]:
    rows, columns = coarse.heights.shape
    return rows * SUBDIVISION, columns * SUBDIVISION


def _block_means(fine: Heights) -> Heights:
    rows, columns = (length // SUBDIVISION for length in fine.shape)
    blocks = fine.reshape(rows, SUBDIVISION, columns, SUBDIVISION)
    means: Heights = blocks.mean(axis=(1, 3), dtype=np.float64).astype(np.float32)
    return means


def _coarse_spread(heights: Heights) -> Heights:
    mean = ndimage.uniform_filter(heights.astype(np.float64), 3, mode="nearest")
    square = ndimage.uniform_filter(heights.astype(np.float64) ** 2, 3, mode="nearest")
    spread: Heights = np.sqrt(np.maximum(square - mean**2, 0)).astype(np.float32)
    return spread


def _least(heights: Heights) -> Heights:
    lowest: Heights = ndimage.minimum_filter(heights, 3, mode="nearest")
    least: Heights = (lowest - (1 - LEAST_SHARE) * np.abs(lowest)).astype(np.float32)
    return least


@lru_cache(maxsize=4)
def _hat_basis(count: int) -> Heights:
    # Row: fine cell; column: coarse cell; straight between coarse centres, flat at the ends.
    place = (np.arange(count * SUBDIVISION) + 0.5) / SUBDIVISION - 0.5
    place = np.clip(place, 0, count - 1)
    hats: Heights = np.maximum(0, 1 - np.abs(place[:, None] - np.arange(count))).astype(np.float32)
    return hats


@lru_cache(maxsize=4)
def _mean_spline_basis(count: int) -> Heights:
    # Cubic B-splines, mirrored at the ends, recombined so that coefficients are block means.
    place = (np.arange(count * SUBDIVISION) + 0.5) / SUBDIVISION - 0.5
    away = np.abs(place[:, None] - np.arange(-2, count + 2))
    near = 2 / 3 - away**2 + away**3 / 2
    far = np.maximum(2 - away, 0) ** 3 / 6
    splines = np.where(away < 1, near, far)
    basis = splines[:, 2:-2].copy()
    basis[:, :2] += splines[:, 1::-1]
    basis[:, -2:] += splines[:, :-3:-1]
    means = basis.reshape(count, SUBDIVISION, count).mean(axis=1)
    recombined: Heights = (basis @ np.linalg.inv(means)).astype(np.float32)
    return recombined


def _stretch(coarse: Heights, basis: Basis) -> Heights:
    rows, columns = coarse.shape
    half: Heights = basis(rows) @ coarse.astype(np.float32)
    out: Heights = half @ basis(columns).T
    return out


def _smoothstep(share: Heights) -> Heights:
    share = np.clip(share, 0, 1)
    return share * share * (3 - 2 * share)


def _keep_means(fine: Heights, wanted: Heights) -> Heights:
    return fine + _stretch(wanted - _block_means(fine), _mean_spline_basis)


def _keep_means_where_free(fine: Heights, wanted: Heights, free: Heights) -> Heights:
    share = _block_means(free)
    movable = share >= LEAST_FREE_SHARE
    share = np.where(movable, share, 1)
    for _ in range(MEAN_ROUNDS):
        missing = np.where(movable, (wanted - _block_means(fine)) / share, 0).astype(np.float32)
        fine = fine + free * _stretch(missing, _mean_spline_basis)
    return fine


def _sides_m(fine: Relief) -> tuple[float, float]:
    """Return the height and width of a fine cell at the middle of the relief [m]."""
    middle = fine.north - fine.step * fine.heights.shape[0] / 2
    side = fine.step * METRES_PER_DEGREE
    return side, float(side * np.cos(np.radians(middle)))


def _floor_reach_m(fine: Relief) -> float:
    return FLOOR_CELLS * max(_sides_m(fine))


def _fractal_noise(fine: Relief, rng: np.random.Generator) -> Heights:
    rows, columns = fine.heights.shape
    side_y, side_x = _sides_m(fine)
    frequency = np.hypot(fft.fftfreq(rows, side_y)[:, None], fft.rfftfreq(columns, side_x))
    # No wave is longer than the coarse spread can know about: the means carry those.
    longest = 2 * SUBDIVISION * side_y
    amplitude = (frequency**2 + longest**-2) ** (-ROUGHNESS_EXPONENT / 2)
    white = fft.rfft2(rng.standard_normal((rows, columns), np.float32))
    noise = fft.irfft2(white * amplitude.astype(np.float32), (rows, columns))
    unit: Heights = (noise / noise.std()).astype(np.float32)
    return unit


def _cell_coordinates(
    relief: Relief, longitude: NDArray[np.float64], latitude: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y = (relief.north - latitude) / relief.step - 0.5
    # Modulo a turn, so that a relief across the antimeridian takes either way of counting.
    x = (longitude - relief.west + 90) % 360 - 90
    return y, x / relief.step - 0.5


def _within(fine: Relief, known: KnownHeights | None) -> KnownHeights:
    if known is None:
        nothing = np.zeros(0)
        return KnownHeights(nothing, nothing, nothing)
    inside = ~np.isnan(sample_relief(fine, known.longitude, known.latitude))
    return _chosen(known, inside)


def _chosen(known: KnownHeights, which: NDArray[np.bool_]) -> KnownHeights:
    return KnownHeights(known.longitude[which], known.latitude[which], known.height_m[which])


def _cells_of(fine: Relief, known: KnownHeights) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    y, x = _cell_coordinates(fine, known.longitude, known.latitude)
    rows, columns = fine.heights.shape
    row = np.clip(np.round(y).astype(np.int64), 0, rows - 1)
    return row, np.clip(np.round(x).astype(np.int64), 0, columns - 1)


def _river_floor(
    fine: Relief, spread: Heights, river: River, known: KnownHeights
) -> tuple[Heights, Heights]:
    """Return the height of the nearest river cell, and the distance to it, each cell [m]."""
    row, column = _course(fine, river)
    if not len(row):
        raise ValueError("the river must run through the relief")
    sides = np.array(_sides_m(fine))
    wet = np.ones(fine.heights.shape, np.bool_)
    wet[row, column] = False
    distance, nearest = ndimage.distance_transform_edt(wet, sampling=sides, return_indices=True)
    fall = _fall(fine, spread, row, column, known, nearest, distance.astype(np.float32))
    on_river = np.zeros(fine.heights.shape, np.float32)
    on_river[row, column] = fall
    return on_river[nearest[0], nearest[1]], distance.astype(np.float32)


def _course(fine: Relief, river: River) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the fine cells that the river passes, from source to mouth."""
    y, x = _cell_coordinates(fine, river.longitude, river.latitude)
    along = np.concatenate([[0], np.cumsum(np.hypot(np.diff(y), np.diff(x)))])
    steps = np.arange(0, along[-1], 0.25)
    row = np.round(np.interp(steps, along, y)).astype(np.int64)
    column = np.round(np.interp(steps, along, x)).astype(np.int64)
    rows, columns = fine.heights.shape
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    return row[inside], column[inside]


def _leaving(fine: Relief, row: NDArray[np.int64], column: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return, for each step of the course, the last step at or beside its cell, never going back.

    Where a meander comes back beside itself, the river lies level from the first pass to the
    last: two heights side by side would make it rise.
    """
    last = np.zeros(fine.heights.shape, np.int64)
    last[row, column] = np.arange(len(row))
    beside = ndimage.maximum_filter(last, 3)
    leaving: NDArray[np.int64] = np.maximum.accumulate(beside[row, column])
    return leaving


def _fall(
    fine: Relief,
    spread: Heights,
    row: NDArray[np.int64],
    column: NDArray[np.int64],
    known: KnownHeights,
    nearest: NDArray[np.int32],
    distance_m: Heights,
) -> Heights:
    """Return the river's height at each of its cells, never rising [m]."""
    below = fine.heights[row, column] - FLOOR_SHARE * spread[row, column]
    fall = np.minimum.accumulate(below)
    leaving = _leaving(fine, row, column)
    at_y, at_x = _cells_of(fine, known)
    on_floor = distance_m[at_y, at_x] <= KNOWN_REACH_M
    if on_floor.any():
        at_y, at_x = at_y[on_floor], at_x[on_floor]
        place = [
            int(np.flatnonzero((row == y) & (column == x))[0])
            for y, x in zip(nearest[0][at_y, at_x], nearest[1][at_y, at_x], strict=True)
        ]
        fall = _through_known(fall, leaving[place], known.height_m[on_floor])
    return fall[leaving].astype(np.float32)


def _through_known(
    fall: Heights, place: NDArray[np.int64], height_m: NDArray[np.float64]
) -> NDArray[np.float64]:
    order = np.lexsort((-height_m, place))
    place, height = place[order], np.minimum.accumulate(height_m[order])
    place, last = np.unique(place, return_index=True)
    height = height[last]
    shift = np.interp(np.arange(len(fall)), place, height - fall[place])
    # Between two known heights the river stays between them.
    ceiling = np.concatenate([[np.inf], height])
    lowest = np.concatenate([height, [-np.inf]])
    stretch = np.searchsorted(place, np.arange(len(fall)), side="right")
    bound = np.clip(fall + shift, lowest[stretch], ceiling[stretch])
    falling: NDArray[np.float64] = np.minimum.accumulate(bound)
    return falling


def _off_the_floor(fine: Relief, known: KnownHeights, distance_m: Heights) -> KnownHeights:
    return _chosen(known, distance_m[_cells_of(fine, known)] > _floor_reach_m(fine))


def _bends(
    fine: Relief, known: KnownHeights, free: Heights
) -> list[tuple[tuple[slice, slice], Heights]]:
    """Return, for each known place, the cells around it and how far each follows it (0 to 1)."""
    rows, columns = fine.heights.shape
    reach_y, reach_x = (int(KNOWN_REACH_M // side) + 2 for side in _sides_m(fine))
    y, x = _cell_coordinates(fine, known.longitude, known.latitude)
    bends = []
    for at_y, at_x in zip(y, x, strict=True):
        down = slice(max(round(at_y) - reach_y, 0), min(round(at_y) + reach_y + 1, rows))
        right = slice(max(round(at_x) - reach_x, 0), min(round(at_x) + reach_x + 1, columns))
        away = np.hypot(
            (np.arange(down.start, down.stop) - at_y)[:, None] * _sides_m(fine)[0],
            (np.arange(right.start, right.stop) - at_x) * _sides_m(fine)[1],
        )
        near = _smoothstep((1.2 - away / KNOWN_REACH_M).astype(np.float32))
        here = free[down, right]
        there = here[round(at_y) - down.start, round(at_x) - right.start]
        bends.append(((down, right), near * np.minimum(1, here / max(there, LEAST_FREE_SHARE))))
    return bends


def _honour(
    fine: Relief,
    heights: Heights,
    known: KnownHeights,
    bends: list[tuple[tuple[slice, slice], Heights]],
) -> Heights:
    heights = heights.copy()
    at = np.stack(_cell_coordinates(fine, known.longitude, known.latitude))
    for _ in range(HONOUR_ROUNDS):
        for number, (place, bend) in enumerate(bends):
            now = ndimage.map_coordinates(
                heights, at[:, number : number + 1], order=1, mode="nearest"
            )
            heights[place] += bend * np.float32(known.height_m[number] - now[0])
    return heights
