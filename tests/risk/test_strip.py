from __future__ import annotations

import numpy as np
import pytest
from tests.risk.lines import straight, strip_of

from sarhad.risk import lay_strip
from sarhad.risk.strip import spread_over_cells, unit_rule


def test_point_spread_along_a_straight_line_has_its_standard_deviation() -> None:
    strip = strip_of(cells=400)
    middle = np.array([strip.border.length_m / 2])
    east = np.interp(middle, strip.plane.chainage_m, strip.plane.east_m)
    north = np.interp(middle, strip.plane.chainage_m, strip.plane.north_m)
    mass = spread_over_cells(strip, east, north, np.array([8_000.0])).toarray()[0]
    mean = mass @ strip.middles_m
    # The outermost ring of equal mass stands for the tail: a little of the variance is lost.
    assert np.sqrt(mass @ (strip.middles_m - mean) ** 2) == pytest.approx(8_000.0, rel=0.08)
    assert mean == pytest.approx(middle[0], abs=400)


@pytest.mark.parametrize("radius_m", [500.0, 7_000.0, 40_000.0])
def test_rows_sum_to_one_even_where_part_falls_outside(radius_m: float) -> None:
    strip = strip_of()
    east, north = strip.plane.east_m[:1], strip.plane.north_m[:1] + 45_000.0
    mass = spread_over_cells(strip, east, north, np.array([radius_m]), disc=True)
    assert mass.sum() == pytest.approx(1.0)
    assert mass.min() >= 0


def test_disc_rule_has_the_mean_square_radius_of_a_disc() -> None:
    # Half of the square of the radius.
    rule = unit_rule(32, 24, disc=True)
    assert (rule**2).sum(axis=1).mean() == pytest.approx(0.5, rel=1e-3)


def test_samples_and_the_exact_place_agree_on_the_cell() -> None:
    strip = strip_of()
    rng = np.random.default_rng(1)
    east = rng.uniform(strip.plane.east_m.min(), strip.plane.east_m.max(), 500)
    north = rng.normal(strip.plane.north_m[0], 5_000.0, 500)
    exact, _ = strip.locate(east, north)
    near, _ = strip.find_near(east, north)
    assert np.abs(exact - near).max() <= 1
    assert (exact == near).mean() > 0.94


def test_strip_without_width_is_refused() -> None:
    with pytest.raises(ValueError, match="finite width above zero"):
        lay_strip(straight(), 10, 0.0)
