"""Witnesses of the least heights that see a target: a ridge by hand, a slow twin, the viewshed."""

from __future__ import annotations

import numpy as np
import pytest
from tests.kernels import twins

from sarhad.kernels import least_heights, prepare_heights
from sarhad.kernels.library import VARIANTS, supported

SIGHT = (*twins.SIDES_M, twins.REFRACTION)


def test_shadow_of_one_ridge_by_hand() -> None:
    # Target 10 m, ridge 20 m 10 cells away: the line over it stands at 30 m, 20 cells away.
    z = np.zeros((1, 31), np.float32)
    z[0, 10] = 20
    [window] = least_heights(prepare_heights(z), [0], [0], 10.0, 1e5, 30.0, 30.0, 1.0)
    assert window[0, 30:][20] == pytest.approx(30.0, abs=1e-4)
    assert window[0, 30:][:10].tolist() == [0.0] * 10
    assert np.isnan(window[0, :30]).all()


@pytest.mark.parametrize("stride", [1, 3])
def test_least_heights_agree_with_the_twin(stride: int) -> None:
    # Mean slope 0.24. Horizons are interpolated between rays, so errors grow with the relief.
    z, (row, column) = twins.mountains(128, 11, relief_m=250.0), (60, 50)
    field = prepare_heights(z)
    [window] = least_heights(field, [row], [column], 1.7, 1500.0, *SIGHT, stride=stride)
    half = np.array(window.shape) // 2
    off = []
    for i, j in np.ndindex(window.shape):
        cell = row + (i - half[0]) * stride, column + (j - half[1]) * stride
        if not (0 <= cell[0] < 128 and 0 <= cell[1] < 128):
            assert np.isnan(window[i, j])
        elif np.hypot((cell[0] - row) * 25, (cell[1] - column) * 30) > 1500:
            assert np.isinf(window[i, j])
        else:
            off.append(abs(window[i, j] - twins.least_height(z, (row, column), 1.7, cell)))
    assert np.median(off) < 0.05
    assert np.percentile(off, 99) < 1.0


def test_variants_and_skipping_give_the_same_heights(monkeypatch: pytest.MonkeyPatch) -> None:
    z = twins.mountains(300, 3)
    z[100:120, 200:260] = np.nan
    found = []
    for variant in filter(supported, VARIANTS):
        monkeypatch.setenv("SARHAD_KERNELS", variant)
        for skip in (True, False):
            field = prepare_heights(z)
            windows = least_heights(field, [150, 5], [150, 290], 1.7, 5e3, *SIGHT, skip=skip)
            found.append(np.array(list(windows)))
    assert all(np.array_equal(found[0], other, equal_nan=True) for other in found[1:])


def test_target_in_a_void_is_refused() -> None:
    z = twins.hills(9, 9)
    z[4, 4] = np.nan
    with pytest.raises(ValueError, match=r"target 0 \(row 4, column 4\) stands in a void"):
        least_heights(prepare_heights(z), [4], [4], 1.7, 1e3, *SIGHT)
