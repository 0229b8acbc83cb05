from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pyproj import Geod, Proj

from sarhad.border import (
    Border,
    BorderError,
    LinePlane,
    build_border,
    cut_into_cells,
    densify,
    describe_length,
    lay_out,
    locate,
    place_at,
    simplify,
)
from sarhad.border import nearest as module

REFERENCE = Path(__file__).resolve().parents[1] / "../shared/data/border_tajik_afghan_osm.geojson"
GEOD = Geod(ellps="WGS84")
LINE = np.array([[70.0, 38.0], [70.1, 38.05], [70.2, 38.0], [70.3, 38.1], [70.5, 38.1]])
METRE = 1 / 111_319.490793  # degrees of longitude on the equator


@pytest.fixture(scope="module")
def reference() -> Border:
    if not REFERENCE.exists():
        pytest.skip("../shared/data is missing: the reference line cannot be measured")
    geometry = json.loads(REFERENCE.read_text())["features"][0]["geometry"]
    return build_border([geometry["coordinates"]], "right")


def plane_of(vertices: object, own_side: str = "left") -> LinePlane:
    """Return a line in the plane with planar chainage."""
    east, north = np.asarray(vertices, dtype=np.float64).T
    steps = np.hypot(np.diff(east), np.diff(north))
    return LinePlane(east, north, np.append(0.0, np.cumsum(steps)), own_side)  # type: ignore[arg-type]


# --- length ------------------------------------------------------------------------------


def test_quarter_meridian_has_its_printed_length() -> None:
    # Rapp (1991), Geometric geodesy I: quarter meridian of GRS 80 and WGS 84, 10 001 965.729 m.
    border = build_border([[[20, 0], [20, 45], [20, 90]]], "left")
    assert border.length_m == pytest.approx(10_001_965.729, abs=0.001)


def test_degree_of_the_equator_is_an_arc_of_the_semimajor_axis() -> None:
    border = build_border([[[7, 0], [8, 0]]], "left")
    assert border.length_m == pytest.approx(np.radians(1) * 6_378_137, abs=1e-6)


@pytest.mark.parametrize(
    ("tolerance_m", "length_km", "within_km"), [(0, 1344.0, 0.5), (90, 1326, 1), (500, 1265, 1)]
)
def test_reference_line_has_its_known_lengths(
    reference: Border, tolerance_m: float, length_km: float, within_km: float
) -> None:
    measured = simplify(reference, tolerance_m)
    assert measured.length_m / 1000 == pytest.approx(length_km, abs=within_km)
    assert measured.tolerance_m == tolerance_m


def test_length_is_said_with_its_tolerance() -> None:
    assert describe_length(1_343_956, 0) == "1,344.0 km (as drawn)"
    assert describe_length(1_264_700, 500) == "1,264.7 km (simplified to 500 m)"
    assert describe_length(900, 0.5) == "0.9 km (simplified to 0.5 m)"


def test_line_across_the_antimeridian_is_as_long_as_elsewhere() -> None:
    here = np.array([[178.5, -17], [179.6, -16.5], [-179.7, -16.8], [-178.9, -17.2]])
    there = here + np.array([[-20, 0], [-20, 0], [340, 0], [340, 0]])
    border = build_border([here], "left")
    assert border.length_m == pytest.approx(build_border([there], "left").length_m, abs=1e-6)
    assert np.abs(np.diff(border.longitude)).max() < 2
    assert place_at(border, border.length_m)[0] == pytest.approx(181.1)


def test_repeated_vertices_collapse() -> None:
    border = build_border([np.repeat(LINE, [1, 3, 1, 2, 2], axis=0)], "left")
    assert border == build_border([LINE], "left")


def test_border_cannot_be_written_to() -> None:
    border = build_border([LINE], "left")
    for values in (border.longitude, border.latitude, border.chainage_m):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 0


# --- parts -------------------------------------------------------------------------------


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_parts_in_any_order_and_direction_make_the_same_line(data: st.DataObject) -> None:
    angle = np.linspace(0, 9, 30)
    line = np.column_stack([70 + angle / 10, 38 + np.sin(angle) / 10])
    cuts = sorted(data.draw(st.sets(st.integers(1, 28), max_size=8)))
    edges = [0, *cuts, 29]
    parts = [line[a : b + 1] for a, b in pairwise(edges)]
    first = data.draw(st.integers(0, len(parts) - 1))
    rest = data.draw(st.permutations([part for i, part in enumerate(parts) if i != first]))
    turned = [part[:: data.draw(st.sampled_from([1, -1]))] for part in rest]
    assert build_border([parts[first], *turned], "left") == build_border([line], "left")


def test_line_runs_in_the_direction_of_its_first_part() -> None:
    border = build_border([LINE[2::-1], LINE[2:]], "left")
    assert np.array_equal(border.longitude, LINE[::-1, 0])


def test_gap_is_reported_with_its_place_and_size() -> None:
    parts = [LINE[:2], LINE[2:4], np.vstack([LINE[4:], [[70.6, 38.1]]])]
    with pytest.raises(BorderError, match="3 pieces") as caught:
        build_border(parts, "left")
    expected = [GEOD.inv(*LINE[1], *LINE[2])[2], GEOD.inv(*LINE[3], *LINE[4])[2]]
    assert caught.value.gaps_m == pytest.approx(expected)
    assert caught.value.places == ((70.1, 38.05), (70.3, 38.1))


def test_narrow_gap_is_joined_and_measured() -> None:
    # 100 m, a gap of 40 m, 100 m on the equator.
    parts = [[[0, 0], [100 * METRE, 0]], [[240 * METRE, 0], [140 * METRE, 0]]]
    assert build_border(parts, "left", join_m=50).length_m == pytest.approx(240, abs=1e-3)
    with pytest.raises(BorderError, match="gaps wider than 30 m"):
        build_border(parts, "left", join_m=30)


def test_part_shorter_than_the_joining_distance_keeps_its_place() -> None:
    # 0 - 500 m, 500 - 530 m, 530 - 900 m: all four inner ends lie within 50 m.
    parts = [np.array([[a, 0], [b, 0]]) * METRE for a, b in ((0, 500), (530, 500), (530, 900))]
    border = build_border(parts, "left", join_m=50)
    assert border.length_m == pytest.approx(900, abs=1e-3)
    assert border.longitude.size == 4


@pytest.mark.parametrize("spur_m", [0.0, 20.0])
def test_branching_is_refused(spur_m: float) -> None:
    spur = [[0.5, spur_m * METRE], [0.5, 0.4]]
    with pytest.raises(BorderError, match="does not branch") as caught:
        build_border([[[0, 0], [0.5, 0]], [[0.5, 0], [1, 0]], spur], "left")
    assert caught.value.places[0] == pytest.approx((0.5, 0), abs=0.001)


def test_part_drawn_twice_is_refused() -> None:
    with pytest.raises(BorderError, match="parts 1 and 2 of the line are the same"):
        build_border([LINE, LINE[::-1]], "left")


def test_ring_of_parts_starts_where_its_first_part_starts() -> None:
    ring = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]])
    border = build_border([ring[1:3], ring[:2], ring[4:1:-1]], "left")
    assert border.longitude.tolist() == [1, 1, 0, 0, 1]


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([], "no line"),
        ([[[70, 38]]], "a single point"),
        ([[[70, 38], [70, 38]]], "a single point"),
        ([LINE, [[71, 38]]], "part 2 of the line: found a single point"),
        ([[[70, 38], [np.nan, 39]]], "no number at vertex 2"),
        ([[[38, 70], [37, 95]]], "swapped"),
        ([[1.0, 2.0, 3.0]], "shape"),
    ],
)
def test_what_is_no_line_is_refused(parts: list[object], said: str) -> None:
    with pytest.raises(BorderError, match=said):
        build_border(parts, "left")  # type: ignore[arg-type]


def test_own_side_is_left_or_right() -> None:
    with pytest.raises(ValueError, match="north"):
        build_border([LINE], "north")  # type: ignore[arg-type]


# --- simplification ----------------------------------------------------------------------


@pytest.mark.parametrize("tolerance_m", [10.0, 90.0, 500.0, 5000.0])
def test_no_vertex_lies_farther_than_the_tolerance_from_the_simplified_line(
    reference: Border, tolerance_m: float
) -> None:
    simple = simplify(reference, tolerance_m)
    for start in range(0, reference.longitude.size, 500):
        part = slice(start, start + 500)
        lon, lat = reference.longitude[part], reference.latitude[part]
        local = Proj(f"+proj=aeqd +lon_0={lon.mean()} +lat_0={lat.mean()} +ellps=WGS84")
        line = shapely.linestrings(*local(simple.longitude, simple.latitude))
        # The map is true to 0.1 % over such a part; a chord of it strays a little more.
        apart = shapely.distance(line, shapely.points(*local(lon, lat)))
        assert apart.max() < tolerance_m * 1.001 + 0.5
    assert simple.longitude.size < reference.longitude.size


def test_straight_line_keeps_its_ends_only() -> None:
    border = build_border([np.column_stack([np.linspace(0, 5, 80), np.zeros(80)])], "left")
    assert simplify(border, 1.0).longitude.tolist() == [0, 5]


def test_simplified_ring_keeps_its_shape() -> None:
    angle = np.linspace(0, 2 * np.pi, 361)
    ring = np.column_stack([10 + np.cos(angle), np.sin(angle)])
    ring[-1] = ring[0]
    border = build_border([ring], "left")
    assert simplify(border, 500).length_m == pytest.approx(border.length_m, rel=0.02)


def test_simplifying_finer_than_before_changes_nothing() -> None:
    coarse = simplify(build_border([LINE], "left"), 100)
    assert simplify(coarse, 50) is coarse


# --- places and cells --------------------------------------------------------------------


def test_place_lies_on_the_geodesic_at_its_chainage() -> None:
    border = build_border([LINE], "left")
    chainage = np.linspace(0, border.length_m, 101)
    lon, lat = place_at(border, chainage)
    after = np.minimum(np.searchsorted(border.chainage_m, chainage, "right"), 4)
    here = border.longitude[after - 1], border.latitude[after - 1]
    assert GEOD.inv(*here, lon, lat)[2] == pytest.approx(
        chainage - border.chainage_m[after - 1], abs=1e-6
    )


@pytest.mark.parametrize("chainage_m", [-1.0, 1e9, np.nan])
def test_no_place_lies_off_the_line(chainage_m: float) -> None:
    with pytest.raises(ValueError, match="a chainage lies between 0 and"):
        place_at(build_border([LINE], "left"), chainage_m)


def test_reference_line_has_1344_cells_of_equal_length(reference: Border) -> None:
    cells = cut_into_cells(reference, 1000)
    assert len(cells) == 1344
    assert np.diff(cells.edges_m) == pytest.approx(cells.length_m, abs=1e-6)
    assert cells.edges_m[-1] == pytest.approx(reference.length_m, abs=1e-6)


def test_cells_of_the_equator_point_east_and_have_their_middles() -> None:
    cells = cut_into_cells(build_border([[[0, 0], [1, 0]]], "left"), 11_000)
    assert len(cells) == 10
    assert cells.bearing_deg == pytest.approx(90)
    assert cells.longitude == pytest.approx(np.arange(0.05, 1, 0.1))


def test_line_shorter_than_half_a_cell_is_one_cell() -> None:
    cells = cut_into_cells(build_border([[[0, 0], [0.001, 0]]], "left"), 1000)
    assert len(cells) == 1
    assert cells.length_m == pytest.approx(111.319, abs=0.001)


def test_cell_that_closes_a_loop_has_the_bearing_of_its_middle() -> None:
    ring = build_border([[[0, 0], [0.01, 0], [0.01, 0.01], [0, 0.01], [0, 0]]], "left")
    assert np.isfinite(cut_into_cells(ring, 1e6).bearing_deg).all()


def test_densified_line_is_the_same_line(reference: Border) -> None:
    fine = densify(reference, 300)
    assert np.diff(fine.chainage_m).max() <= 300 + 1e-6
    again = build_border([np.column_stack([fine.longitude, fine.latitude])], "right")
    assert again.chainage_m == pytest.approx(fine.chainage_m, abs=1e-3)


# --- the nearest place -------------------------------------------------------------------

whole = st.integers(-50, 50)
lines = arrays(np.int64, st.tuples(st.integers(2, 30), st.just(2)), elements=whole)


@given(lines, arrays(np.int64, (20, 2), elements=whole))
@settings(max_examples=150, deadline=None)
def test_distance_and_chainage_are_those_of_shapely(line: np.ndarray, points: np.ndarray) -> None:
    chainage, distance = locate(plane_of(line), points[:, 0], points[:, 1])
    drawn, asked = shapely.linestrings(line.astype(float)), shapely.points(points.astype(float))
    assert np.abs(distance) == pytest.approx(shapely.distance(drawn, asked), abs=1e-6)
    # Equally near places are all right: the place found is compared, not its chainage.
    found = shapely.line_interpolate_point(drawn, chainage)
    assert shapely.distance(found, asked) == pytest.approx(np.abs(distance), abs=1e-6)


def star(points: int, sharpness: float) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 2 * points + 1)
    radius = np.where(np.arange(2 * points + 1) % 2, sharpness, 1.0) * 1000
    ring = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    ring[-1] = ring[0]
    return ring


PINCHED = np.array([[0, 0], [500, 400], [900, 0], [500, -400], [0, 0], [-500, -400], [-900, 0],
                    [-500, 400], [0, 0]])  # fmt: skip


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("ring", [star(5, 0.3), star(30, 0.05), PINCHED], ids=["5", "30", "pinch"])
def test_own_side_is_where_a_polygon_says(ring: np.ndarray, side: str) -> None:
    # The start of a ring is the only place whose two directions the line does not know.
    ring = np.vstack([(ring[0] + ring[1]) / 2, ring[1:], (ring[0] + ring[1]) / 2])
    polygon = shapely.polygons(ring)
    inside_is_left = shapely.is_ccw(shapely.linearrings(ring))
    east, north = np.meshgrid(np.linspace(-1200, 1200, 101), np.linspace(-1201, 1201, 103))
    _, distance = locate(plane_of(ring, side), east, north)
    inside = shapely.contains_xy(shapely.buffer(polygon, 0), east, north)
    away = np.abs(distance) > 1e-6
    assert np.array_equal(
        ((distance > 0) == (side == "left"))[away], (inside == inside_is_left)[away]
    )


def test_touching_and_crossing_lines_are_located_like_any_other() -> None:
    touching = np.array([[0, 0], [5, 5], [10, 0], [5, 5], [5, 10], [0, 5], [10, 5]]) * 100.0
    rng = np.random.default_rng(3)
    points = rng.uniform(-200, 1200, (2000, 2))
    _, distance = locate(plane_of(touching), *points.T)
    witness = shapely.distance(shapely.linestrings(touching), shapely.points(points))
    assert np.abs(distance) == pytest.approx(witness, abs=1e-9)


def test_centre_of_a_circle_is_as_far_as_its_nearest_chord() -> None:
    angle = np.linspace(0, 2 * np.pi, 5001)
    circle = np.column_stack([np.cos(angle), np.sin(angle)]) * 1e5
    _, distance = locate(plane_of(circle), 0.0, 0.0)
    assert distance == pytest.approx(1e5 * np.cos(np.pi / 5000), abs=1e-5)
    assert distance.shape == ()


def test_answers_do_not_depend_on_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    plane = plane_of(rng.uniform(0, 1000, (40, 2)))
    points = rng.uniform(-3000, 4000, (2, 999))
    once = locate(plane, *points)
    monkeypatch.setattr(module, "POINTS_AT_ONCE", 7)
    monkeypatch.setattr(module, "FIRST_SAMPLES", 1)
    for one, other in zip(once, locate(plane, *points), strict=True):
        assert np.array_equal(one, other)


def test_place_of_the_border_is_found_again_in_the_plane(reference: Border) -> None:
    local = Proj("+proj=lcc +lat_0=37.58 +lat_1=37.58 +lon_0=71.34 +ellps=WGS84")
    plane = lay_out(reference, local)
    asked = np.linspace(0, reference.length_m, 3000)
    chainage, distance = locate(plane, *local(*place_at(reference, asked)))
    assert np.abs(distance).max() < 0.01
    assert np.abs(chainage - asked).max() < 0.01


def test_long_straight_step_stays_on_its_geodesic_in_the_plane() -> None:
    border = build_border([[[68, 39], [73, 39.5]]], "left")
    local = Proj("+proj=lcc +lat_0=37.58 +lat_1=37.58 +lon_0=71.34 +ellps=WGS84")
    asked = np.linspace(0, border.length_m, 1000)
    _, distance = locate(lay_out(border, local), *local(*place_at(border, asked)))
    assert np.abs(distance).max() < 0.1


def test_point_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="finite east and north"):
        locate(plane_of([[0, 0], [1, 0]]), [0.0, np.nan], 0.0)
