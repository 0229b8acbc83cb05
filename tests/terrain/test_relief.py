import numpy as np
import pytest

from sarhad.terrain import aspect, shade, slope

CELL_M = 30.0


def plane(to_east: float, to_north: float, rows: int = 9, columns: int = 11) -> np.ndarray:
    east = np.arange(columns) * CELL_M
    north = -np.arange(rows)[:, None] * CELL_M
    return (1000 + to_east * east + to_north * north).astype(np.float32)


def cone(fall: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    north, east = np.mgrid[50:-51:-1, -50:51] * CELL_M
    bearing = np.degrees(np.arctan2(east, north)) % 360
    return (5000 - fall * np.hypot(east, north)).astype(np.float32), bearing


def test_level_ground_has_no_slope_and_no_aspect():
    level = np.full((5, 5), 321.0, np.float32)
    assert (slope(level, CELL_M) == 0).all()
    assert np.isnan(aspect(level, CELL_M)).all()


def test_plane_rising_one_in_one_slopes_45_degrees_up_to_its_edges():
    np.testing.assert_allclose(slope(plane(1.0, 0.0), CELL_M), 45.0, atol=1e-3)


def test_three_four_five_plane_slopes_by_its_hypotenuse():
    # tan(slope) = hypot(0.3, 0.4) = 0.5; atan(0.5) = 26.565 degrees.
    np.testing.assert_allclose(slope(plane(0.3, 0.4), CELL_M), 26.565, atol=2e-3)


@pytest.mark.parametrize(
    ("to_east", "to_north", "falls_towards"),
    [(0, -1, 0), (-1, -1, 45), (-1, 0, 90), (-1, 1, 135), (0, 1, 180), (1, 0, 270)],
)
def test_aspect_is_the_downslope_bearing_of_a_plane(to_east, to_north, falls_towards):
    off = aspect(plane(to_east, to_north), CELL_M) - falls_towards
    assert np.abs((off + 180) % 360 - 180).max() < 1e-3


def test_aspect_stays_below_360():
    assert np.nanmax(aspect(plane(1e-7, -1.0), CELL_M)) < 360


def test_cone_slopes_evenly_and_falls_away_from_its_tip():
    heights, bearing = cone()
    ring = np.hypot(*np.mgrid[-50:51, -50:51])
    away = (ring > 10) & (ring < 49)
    # The second-order error of central differences falls with (cell / radius) squared.
    np.testing.assert_allclose(slope(heights, CELL_M)[away], 26.565, atol=0.1)
    off = (aspect(heights, CELL_M) - bearing + 180) % 360 - 180
    assert np.abs(off[away & (np.abs(off) < 179)]).max() < 0.3


def test_ground_facing_the_sun_is_brightest():
    # The sun stands 45 degrees high in the east: a plane falling east at 45 degrees faces it.
    assert shade(plane(-1, 0), CELL_M, 90, 45) == pytest.approx(1, abs=1e-5)
    assert shade(plane(1, 0), CELL_M, 90, 45) == pytest.approx(0, abs=1e-5)
    assert shade(plane(0, 0), CELL_M, 90, 45) == pytest.approx(np.sqrt(0.5), abs=1e-5)


def test_shading_is_the_cosine_between_sun_and_normal():
    # Normal of z = 0.3 e + 0.4 n is (-0.3, -0.4, 1) / sqrt(1.25); sun in the north-west at 30.
    sun = np.array([-np.sqrt(0.5), np.sqrt(0.5), 0]) * np.cos(np.radians(30)) + [0, 0, 0.5]
    expected = sun @ [-0.3, -0.4, 1] / np.sqrt(1.25)
    assert shade(plane(0.3, 0.4), CELL_M, 315, 30) == pytest.approx(expected, abs=1e-4)


def test_exaggeration_multiplies_the_heights():
    np.testing.assert_allclose(
        shade(plane(0.1, 0.2), CELL_M, exaggeration=3), shade(plane(0.3, 0.6), CELL_M), atol=1e-4
    )


def test_a_void_voids_itself_and_its_neighbours_keep_the_plane():
    holed = plane(0.3, 0.4)
    holed[4, 5] = np.nan
    answer = slope(holed, CELL_M)
    assert np.isnan(answer[4, 5])
    assert np.isnan(answer).sum() == 1
    np.testing.assert_allclose(answer[~np.isnan(answer)], 26.565, atol=2e-3)


def test_a_lone_cell_among_voids_has_no_slope():
    lone = np.full((3, 3), np.nan, np.float32)
    lone[1, 1] = 700
    assert np.isnan(slope(lone, CELL_M)).all()


def test_slope_agrees_with_horns_sum_written_out():
    rough = np.random.default_rng(4).uniform(300, 5000, (20, 30)).astype(np.float32)
    a, b, c, d, _, f, g, h, i = (
        rough[r : r + 18, k : k + 28].astype(float) for r in range(3) for k in range(3)
    )
    east = ((c + 2 * f + i) - (a + 2 * d + g)) / (8 * CELL_M)
    south = ((g + 2 * h + i) - (a + 2 * b + c)) / (8 * CELL_M)
    expected = np.degrees(np.arctan(np.hypot(east, south)))
    np.testing.assert_allclose(slope(rough, CELL_M)[1:-1, 1:-1], expected, atol=1e-3)


def test_a_cell_without_size_is_refused():
    with pytest.raises(ValueError, match="above 0 m"):
        slope(plane(0, 0), 0.0)
