"""Visibility as a whole, and reporting."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from tests.visibility.flatland import draw_line, lay_land, make_post, make_scenario, make_unit

from sarhad.errors import ScenarioError
from sarhad.scenario import DetectionSettings, RadioSettings
from sarhad.visibility import (
    LIGHTS,
    SENSORS,
    TARGETS,
    compute_visibility,
    detection_rate,
    find_reportable,
    place_observers,
)

FLAT = lay_land()


def look(terrain=FLAT, posts=(), units=(), executor=None, radio=None, **detection):
    border, cells, plane = draw_line(terrain)
    scenario = make_scenario(
        border,
        terrain,
        posts,
        units,
        detection=DetectionSettings(**detection),
        radio=radio or RadioSettings(),
    )
    return compute_visibility(scenario, cells, plane, terrain, executor=executor)


def tower(terrain=FLAT, height_m=30.0, **fields):
    return make_post(terrain, "tower", 0.0, 1500.0, height_m=height_m, **fields)


def test_tower_on_flat_earth_sees_all_points_within_its_range():
    seen = look(posts=(tower(),), range_km=5.0)
    share = seen.share().toarray()[0]
    # 1.5 km from the line: its circle of 5 km cuts the line 4.77 km to either side.
    assert (share[6:14] == 1).all()
    assert (share[:5] == 0).all()
    assert (share[15:] == 0).all()


def test_rate_is_the_mean_over_the_sample_points():
    seen = look(posts=(tower(),))
    settings = DetectionSettings()
    # Cell 10 spans 0 to 1,000 m east; eyes at 30 m, targets at 1.5 m; east and north of its points:
    places = np.array([(500, -200), (250, 0), (750, 0), (500, 500), (500, 1000)], float)
    apart_m = np.sqrt(((places - [0, 1500]) ** 2).sum(axis=1) + 28.5**2)
    expected = detection_rate(apart_m, "person", "day", "eye", settings).mean()
    assert seen.rate()[0, 10] == pytest.approx(expected, rel=2e-3)
    assert seen.distance_m()[0, 10] == pytest.approx(apart_m.mean(), rel=1e-3)


def test_ridge_along_the_line_hides_the_far_bank_and_the_line():
    ridge = lay_land(lambda east, north: np.where((north > 50) & (north < 250), 80.0, 0 * east))
    seen = look(ridge, posts=(tower(ridge, height_m=10.0),), own_depth_m=1000.0, range_km=8.0)
    # Of five points only the two on the own side, behind the ridge, stay in sight.
    assert seen.share()[0, 10] == pytest.approx(0.4)


def test_drone_over_the_ridge_is_seen_where_a_person_is_not():
    ridge = lay_land(lambda east, north: np.where((north > 50) & (north < 250), 50.0, 0 * east))
    seen = look(ridge, posts=(tower(ridge, height_m=10.0),), drone_height_m=120.0)
    assert seen.share("drone")[0, 10] == 1
    assert seen.share("person")[0, 10] < 1


def test_every_matrix_has_one_row_an_observer_and_one_column_a_cell():
    seen = look(posts=(tower(),), units=(make_unit("team", "tower"),))
    for target in TARGETS:
        assert seen.share(target).shape == (21, 20)
        assert seen.share(target).max() <= 1
        for light in LIGHTS:
            for sensor in SENSORS:
                rate = seen.rate(target, light, sensor)
                assert rate.shape == (21, 20)
                assert np.isfinite(rate.data).all()
                poor = seen.rate(target, light, sensor, "poor")
                assert (poor.data <= rate.data).all()


def test_threads_change_nothing():
    posts = tuple(make_post(FLAT, f"p{n}", 900.0 * n, 700.0) for n in range(-5, 6))
    alone = look(posts=posts)
    with ThreadPoolExecutor(3) as executor:
        together = look(posts=posts, executor=executor)
    for name in ("starts", "columns", "shares", "distances_m", "rates", "reportable"):
        np.testing.assert_array_equal(getattr(alone, name), getattr(together, name))


def test_longer_range_never_shows_less():
    posts = (tower(height_m=4.0),)
    shares = [look(posts=posts, range_km=km).share().toarray() for km in (2.0, 4.0, 8.0)]
    assert (np.diff(shares, axis=0) >= 0).all()


def test_mirrored_land_is_seen_mirrored():
    def hills(east, north):
        return 40 * np.sin(east / 700) * np.cos(north / 500)

    land, mirrored = lay_land(hills), lay_land(lambda east, north: hills(-east, north))
    posts = [(make_post(place, "p", x, 900.0),) for place, x in ((land, 1300.0), (mirrored, -1300))]
    one, other = look(land, posts[0]), look(mirrored, posts[1])
    np.testing.assert_allclose(one.share().toarray(), other.share().toarray()[:, ::-1])


def test_nothing_is_seen_by_nobody():
    seen = look()
    assert seen.share().shape == (0, 20)
    assert seen.reportable.shape == (0,)


def test_land_without_any_height_shows_nothing():
    void = lay_land(lambda east, north: np.nan * (east + north))
    seen = look(void, posts=(make_post(void, "capital", 0.0, 90_000.0),))
    assert seen.share().nnz == 0
    assert "20 cells of the line without any sample point" in seen.notes


def test_one_huge_raster_cell_is_land_enough():
    coarse = lay_land(cell_m=5000.0, half_m=15_000.0)
    seen = look(coarse, posts=(tower(coarse),))
    assert seen.share()[0, 10] == 1


def test_posts_out_of_sight_and_points_left_out_are_told():
    land = lay_land(lambda east, north: np.where(north < -100, np.nan, 0 * east))
    seen = look(land, posts=(make_post(land, "capital", 0.0, 90_000.0),))
    assert seen.notes == (
        "20 sample points left out: no ground known, or none at that depth in a bend",
        "1 posts too far from the line to see it",
    )


def test_range_beyond_the_known_heights_is_a_fault():
    with pytest.raises(ScenarioError, match=r"detection\.range_km: found 20 km, expected at most"):
        look(posts=(tower(),), range_km=20.0)


def reportable(terrain, posts, radio):
    border, cells, plane = draw_line(terrain)
    scenario = make_scenario(border, terrain, posts, radio=radio)
    return find_reportable(scenario, place_observers(scenario, cells, plane, terrain), terrain)


def pair(terrain, apart_m, **fields):
    silent = make_post(terrain, "silent", -6000.0, 950.0, height_m=4.0, relay=False)
    return silent, make_post(terrain, "relay", apart_m - 6000, 950.0, height_m=4.0, **fields)


# Two antennas at 4 m reach 2 x sqrt(2 x 4/3 x 6,371,000 x 4) = 16,487 m by radio (the textbooks'
# 4.12 sqrt(h) km: 16.5); light with k = 0.13 ends at 2 x sqrt(2 x 6,371,000 / 0.87 x 4) = 15,308 m.
@pytest.mark.parametrize(("apart_m", "heard"), [(15_800, True), (16_400, True), (16_700, False)])
def test_radio_reaches_to_the_horizon_of_four_thirds_of_the_earth(apart_m, heard):
    land = lay_land(half_m=18_000.0)
    said = reportable(land, pair(land, apart_m), RadioSettings(range_km=40.0))
    assert said.tolist() == [heard, True]


def test_radio_ends_at_its_range_and_satellite_does_not():
    posts = pair(FLAT, 5000.0)
    assert not reportable(FLAT, posts, RadioSettings(range_km=4.9))[0]
    assert reportable(FLAT, posts, RadioSettings(range_km=5.1))[0]
    assert reportable(FLAT, posts, RadioSettings(range_km=4.9, satellite=True))[0]


def test_hill_between_silences_the_radio():
    hill = lay_land(lambda east, north: np.where(np.abs(east + 3000) < 300, 60.0, 0 * north))
    assert not reportable(hill, pair(hill, 5000.0), RadioSettings())[0]


def test_no_relay_means_no_report():
    posts = tuple(replace(post, relay=False) for post in pair(FLAT, 5000.0))
    assert not reportable(FLAT, posts, RadioSettings()).any()
