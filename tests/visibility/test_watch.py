"""What watches see of a straight line over flat land, where everything can be counted."""

from dataclasses import replace

import numpy as np
import pytest
from tests.visibility.flatland import draw_line, lay_land, make_post, make_scenario, make_unit

from sarhad.scenario import DetectionSettings
from sarhad.visibility.watch import count_views, stretches, watch_line, watches_of

FLAT = lay_land()


def watch(terrain=FLAT, at_m=((-5_000.0, 500.0), (4_000.0, 500.0)), watches=None, **detection):
    border, cells, plane = draw_line(terrain)
    posts = [make_post(terrain, f"p{n}", *place) for n, place in enumerate(at_m)]
    units = watches or [on_watch(post.id) for post in posts]
    settings = DetectionSettings(**{"range_km": 3.0, **detection})
    scenario = make_scenario(border, terrain, tuple(posts), tuple(units), detection=settings)
    scenario = replace(scenario, options=(replace(scenario.options[0], units=("*",)),))
    return watch_line(scenario, "all", cells, plane, terrain)


def on_watch(post, **fields):
    unit = make_unit(f"watch-{post}", post)
    return replace(unit, **{"kind": "watch", "speed_km_h": 0.0, **fields})


def test_range_alone_decides_what_is_seen_of_a_plain() -> None:
    # Each post sees the line within sqrt(3000^2 - 500^2) = 2958 m: from -7.96 to -2.04 km and from
    # 1.04 to 6.96 km. The line begins at -10 km, so cells 2 to 7 and 11 to 16 are touched.
    seen = watch()
    assert seen.watched.nonzero()[0].tolist() == [2, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15, 16]
    gaps = [(round(start), round(end)) for start, end in seen.unseen]
    assert gaps == [(0, 2), (8, 11), (17, 20)]
    assert seen.seen_km == pytest.approx(12.0, abs=0.02)
    assert seen.least_m[5] == pytest.approx(np.hypot(250, 500), rel=0.35)
    assert (seen.farthest_m <= 3000).all()


def test_a_wall_hides_what_lies_behind_it() -> None:
    def wall(east_m, _north_m):
        return np.where(np.abs(east_m - 5_000.0) < 150, 300.0, 0.0)

    seen = watch(lay_land(wall), at_m=((4_000.0, 500.0),))
    assert seen.watched[12:15].all()
    assert not seen.watched[16:].any()


def test_share_in_sight_lies_between_the_best_post_and_the_sum_of_all() -> None:
    rng = np.random.default_rng(5)
    rough = rng.uniform(0, 40, (400, 400))
    land = lay_land(lambda e, n: rough[(n // 100).astype(int) % 400, (e // 100).astype(int) % 400])
    seen = watch(land, at_m=((-1_000.0, 300.0), (0.0, 900.0), (1_000.0, 300.0)))
    total = seen.post_share.sum(axis=0)
    assert 0 < seen.share.sum() < total.sum()
    assert (seen.share >= seen.post_share.max(axis=0) - 1e-6).all()
    assert (seen.share <= np.minimum(total, 1.0) + 1e-6).all()


def test_a_watch_that_sleeps_at_night_notices_nothing_then() -> None:
    night, day = (
        watch(at_m=((0.0, 500.0),), watches=[on_watch("p0", night=night)])
        for night in (True, False)
    )
    assert night.night_rate.max() > 0
    assert not day.night_rate.any()
    np.testing.assert_array_equal(night.day_rate, day.day_rate)


def test_an_imager_helps_at_night() -> None:
    eyes, imager = (
        watch(at_m=((0.0, 500.0),), watches=[on_watch("p0", thermal=thermal)])
        for thermal in (False, True)
    )
    assert imager.night_rate.sum() > 5 * eyes.night_rate.sum()


def test_without_any_watch_every_post_with_a_unit_counts_and_says_so() -> None:
    seen = watch(watches=[make_unit("team", "p0")])
    assert [post.id for post in seen.posts] == ["p0"]
    assert seen.invented
    assert not watch().invented


def test_nobody_on_watch_sees_nothing() -> None:
    border, cells, plane = draw_line(FLAT)
    scenario = make_scenario(border, FLAT, detection=DetectionSettings(range_km=3.0))
    seen = watch_line(scenario, "all", cells, plane, FLAT)
    assert (seen.posts, seen.seen_km, len(seen.unseen)) == ((), 0.0, 1)
    assert (seen.best == -1).all()
    with pytest.raises(ValueError, match="no option is called 'none'"):
        watches_of(scenario, "none")


def test_on_a_plain_a_post_sees_a_disc() -> None:
    posts = (make_post(FLAT, "a", 50.0, 50.0), make_post(FLAT, "b", 950.0, 50.0))
    counts = count_views(posts, FLAT, 1.5, 5_000.0, 0.13)
    in_range = 2 * np.pi * 50**2
    assert counts.sum() == pytest.approx(in_range, rel=0.005)
    assert counts.max() == 2


def test_counts_near_the_edge_and_outside_are_cut_not_wrapped() -> None:
    corner = make_post(FLAT, "corner", -15_950.0, 15_950.0)
    outside = make_post(FLAT, "outside", 40_000.0, 0.0)
    counts = count_views((corner, outside), FLAT, 1.5, 5_000.0, 0.13)
    assert counts.sum() == pytest.approx(np.pi * 50**2 / 4, rel=0.03)
    assert counts[FLAT.index[0, 0]].sum() == counts.sum()


def test_stretches_are_the_longest_runs() -> None:
    chosen = np.array([1, 1, 0, 1, 0, 0, 1], bool)
    assert stretches(chosen, np.arange(8) * 1000.0) == ((0, 2), (3, 4), (6, 7))
    assert stretches(np.zeros(7, bool), np.arange(8) * 1000.0) == ()
