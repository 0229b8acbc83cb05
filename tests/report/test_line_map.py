"""The map shows all that it should, where it should, whatever the names are."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.image import AxesImage
from matplotlib.patches import Circle
from matplotlib.text import Text
from pyproj import Geod

from sarhad.border import build_border
from sarhad.grid import Grid
from sarhad.report.course import kilometre_marks
from sarhad.report.furniture import draw_graticule
from sarhad.report.ground_map import ILLUSTRATIVE_NOTICE
from sarhad.report.line_map import draw_line_map
from sarhad.report.page import (
    SMALLEST_POINTS,
    Page,
    clean_text,
    drawable_name,
    write_png,
    write_svg,
)
from sarhad.report.sheet import lay_out_sheet
from sarhad.scenario import (
    Horizon,
    Incident,
    Option,
    Party,
    Post,
    Scenario,
    Sector,
    Site,
)
from sarhad.terrain import STAND_IN_NOTICE, Terrain

UTM_42 = "EPSG:32642"
MERIDIAN = 69.0
"""Central meridian of UTM zone 42: grid north is true north on it [degrees]."""

HOSTILE = "<script>$x$& -->\x00\x07 \\frac{"
NIGHT = datetime(2025, 11, 26, 18, tzinfo=UTC)


def _scenario(**changes: object) -> Scenario:
    border = build_border(
        [np.array([[68.0, 38.0], [68.6, 38.3], [69.4, 38.2], [70.0, 38.4]])], "left"
    )
    base = Scenario(
        name="valley",
        title="Граница ‖ مرز",
        time_zone="Asia/Dushanbe",
        default_option="alone",
        border=border,
        horizon=Horizon(start=NIGHT),
        parties=(
            Party(id="TJ", name="Own guards", role="own"),
            Party(id="AF", name="Far guards", role="neighbour"),
        ),
        sectors=(
            Sector(id="west", name="West valley", from_km=0, to_km=90),
            Sector(id="east", name="East valley", from_km=90, to_km=180),
        ),
        posts=(
            Post(id="p1", name="Первый пост", party="TJ", kind="post", lon=68.2, lat=38.2),
            Post(id="p2", name="Base", party="TJ", kind="base", lon=69.0, lat=38.4),
            Post(id="p3", name="Field", party="TJ", kind="airfield", lon=69.5, lat=38.5),
            Post(id="p4", name="Bridge", party="TJ", kind="crossing", lon=69.4, lat=38.21),
            Post(id="p5", name="Relay", party="TJ", kind="relay", lon=69.8, lat=38.45),
        ),
        sites=(
            Site(
                id="s1", name="Camp", kind="camp", lon=68.7, lat=38.4, people_day=9, people_night=9
            ),
        ),
        incidents=(
            Incident(
                id="i1",
                start=NIGHT,
                end=NIGHT + timedelta(hours=3),
                kind="armed_raid",
                lon=69.0,
                lat=38.3,
                precision="district",
                radius_km=20,
                killed_low=3,
                killed_high=5,
                source="press",
            ),
        ),
        options=(Option(name="alone", title="Alone"),),
    )
    return replace(base, **changes)


def _terrain(stand_in: bool = False, void: bool = False) -> Terrain:
    grid = Grid(
        crs=UTM_42, west_m=370_000.0, north_m=4_330_000.0, cell_m=1000.0, rows=200, columns=260
    )
    rows, columns = np.mgrid[0:256, 0:512].astype(np.float32)
    heights = 2000 + 900 * np.sin(rows / 9) * np.cos(columns / 11)
    if void:
        heights[100:130, 100:140] = np.nan
    tiles = np.stack([heights[:, :256], heights[:, 256:]]).astype(np.float32)
    index = np.array([[0, 1]], dtype=np.int32)
    return Terrain(grid, 256, index, tiles, stand_in, "Heights: invented for a test")


@pytest.fixture(scope="module")
def figure() -> Figure:
    return draw_line_map(_scenario(illustrative=True), _terrain(stand_in=True), ["© mappers, ODbL"])


def _texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def _by_gid(figure: Figure, gid: str):
    (artist,) = figure.findobj(lambda artist: artist.get_gid() == gid)
    return artist


def _at_mm(figure: Figure, gid: str) -> np.ndarray:
    return np.asarray(_by_gid(figure, gid).get_xydata())


def _metres_per_mm(figure: Figure) -> float:
    """The scale, found from two posts as drawn and as PROJ places them."""
    scenario, grid = _scenario(), _terrain().grid
    ends = [scenario.posts[0], scenario.posts[4]]
    east, north = grid.project(np.array([p.lon for p in ends]), np.array([p.lat for p in ends]))
    drawn = np.vstack([_at_mm(figure, f"post-{post.id}") for post in ends])
    return float(np.hypot(*np.ptp([east, north], axis=1)) / np.hypot(*np.ptp(drawn, axis=0)))


def test_sheet_is_a4_landscape(figure: Figure) -> None:
    assert figure.get_size_inches() * 25.4 == pytest.approx([297.0, 210.0])


def test_every_post_and_site_is_drawn_in_the_frame(figure: Figure) -> None:
    scenario = _scenario()
    gids = [f"post-{post.id}" for post in scenario.posts] + ["site-s1"]
    for gid in gids:
        (place,) = _at_mm(figure, gid)
        assert 8 < place[0] < 289
        assert 15 < place[1] < 190


def test_posts_at_one_place_are_drawn_apart() -> None:
    twins = tuple(
        Post(id=f"t{i}", name=f"Twin {i}", party="TJ", kind="base", lon=69.0, lat=38.4)
        for i in range(5)
    )
    drawn = draw_line_map(_scenario(posts=twins), _terrain())
    places = np.vstack([_at_mm(drawn, f"post-t{i}") for i in range(5)])
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    assert apart[~np.eye(5, dtype=bool)].min() > 1.2


def test_scale_bar_is_as_long_as_its_label_says(figure: Figure) -> None:
    bar_mm = np.ptp(_at_mm(figure, "scale-bar")[:, 0])
    bar_km = max(float(t.split()[0]) for t in _texts(figure) if t.endswith(" km"))
    assert bar_mm * _metres_per_mm(figure) == pytest.approx(bar_km * 1000, rel=1e-9)


def test_kilometre_marks_stand_where_the_geodesic_says(figure: Figure) -> None:
    # 20 km from the start along the first straight part, by PROJ's geodesic.
    geod = Geod(ellps="WGS84")
    azimuth = geod.inv(68.0, 38.0, 68.6, 38.3)[0]
    lon, lat, _ = geod.fwd(68.0, 38.0, azimuth, 20_000)
    post = _scenario().posts[0]
    grid, scale = _terrain().grid, _metres_per_mm(figure)
    east, north = grid.project(np.array([lon, post.lon]), np.array([lat, post.lat]))
    offset = _at_mm(figure, "mark-20").mean(axis=0) - _at_mm(figure, "post-p1")[0]
    expected = np.array([east[0] - east[1], north[0] - north[1]]) / scale
    # One step of the line's points on the page is 0.2 mm.
    assert offset == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(
    ("length_km", "length_mm", "step"), [(1344.0, 540.0, 50), (393.6, 300.0, 20), (8.0, 250.0, 0.5)]
)
def test_marks_are_round_and_cover_the_line(
    length_km: float, length_mm: float, step: float
) -> None:
    marks = [mark for mark, _ in kilometre_marks(length_km, length_mm)]
    assert np.diff(marks) == pytest.approx(step)
    assert marks[0] == 0
    assert length_km - step < marks[-1] <= length_km


def test_incident_area_has_the_radius_that_its_report_states(figure: Figure) -> None:
    circle = _by_gid(figure, "incident-i1")
    assert isinstance(circle, Circle)
    assert circle.get_radius() * _metres_per_mm(figure) == pytest.approx(20_000, rel=1e-9)
    assert "26 Nov 2025: 3–5 killed" in _texts(figure)


def test_notices_credits_title_and_length_are_on_the_sheet(figure: Figure) -> None:
    texts = _texts(figure)
    assert ILLUSTRATIVE_NOTICE in texts
    assert STAND_IN_NOTICE in texts
    assert "Граница ‖ مرز" in texts
    assert any("© mappers, ODbL" in t and "Heights: invented for a test" in t for t in texts)
    assert any("km (as drawn)" in t for t in texts)


def test_notices_stay_away_where_they_do_not_hold() -> None:
    texts = _texts(draw_line_map(_scenario(), _terrain()))
    assert ILLUSTRATIVE_NOTICE not in texts
    assert STAND_IN_NOTICE not in texts


def test_sides_are_named_on_their_sides(figure: Figure) -> None:
    # The line runs from west to east with its own side on the left: north, up on the page.
    height = {t.get_text(): t.get_position()[1] for t in figure.findobj(Text)}
    assert height["Own guards"] > height["Far guards"]


def test_no_text_overlaps_another_and_none_is_too_small(figure: Figure) -> None:
    renderer = FigureCanvasAgg(figure).get_renderer()
    texts = [t for t in figure.findobj(Text) if t.get_text()]
    boxes = [t.get_window_extent(renderer).padded(-1.5) for t in texts]
    clashes = [
        (texts[i].get_text(), texts[j].get_text())
        for i in range(len(boxes))
        for j in range(i)
        if boxes[i].overlaps(boxes[j])
    ]
    assert clashes == []
    assert min(t.get_fontsize() for t in texts) >= SMALLEST_POINTS


def test_hostile_names_come_out_as_plain_text_in_well_formed_xml() -> None:
    post = Post(id="p1", name=HOSTILE, party="TJ", kind="base", lon=68.2, lat=38.2)
    figure = draw_line_map(_scenario(title=HOSTILE, posts=(post,)), _terrain(), [HOSTILE])
    svg = write_svg(figure)
    tree = ET.fromstring(svg)  # noqa: S314
    texts = ["".join(node.itertext()) for node in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("<script>$x$& --> \\frac{") == 2
    assert b"<script" not in svg
    assert write_png(figure, dpi=50).startswith(b"\x89PNG")


def test_letters_without_a_font_give_way_to_the_identifier() -> None:
    # U+12000, cuneiform: in none of the fonts.
    assert drawable_name("\U00012000", "p1") == "p1"
    assert drawable_name("Хоруғ", "p1") == "Хоруғ"
    assert drawable_name("خاروغ", "p1") == "خاروغ"


def test_control_and_direction_characters_are_dropped() -> None:
    assert clean_text("a\x00b\u202ec\n\td\u200ce\ud800") == "a b c d\u200ce"


def test_same_input_gives_the_same_bytes() -> None:
    first, second = (draw_line_map(_scenario(), _terrain()) for _ in range(2))
    assert write_svg(first) == write_svg(second)
    assert write_png(first, dpi=60) == write_png(second, dpi=60)
    assert b"<dc:date>" not in write_svg(first)


def test_saving_one_format_leaves_the_other_as_it_was(figure: Figure) -> None:
    before = write_png(figure, dpi=60)
    write_svg(figure)
    assert write_png(figure, dpi=60) == before


def test_voids_in_the_corridor_are_shown_and_explained() -> None:
    texts = _texts(draw_line_map(_scenario(), _terrain(void=True)))
    assert "no heights here" in texts
    assert "no heights here" not in _texts(draw_line_map(_scenario(), _terrain()))


def test_relief_picture_has_the_resolution_of_the_sheet_not_of_the_heights() -> None:
    coarse = draw_line_map(_scenario(), _terrain())
    terrain = _terrain()
    fine = Terrain(
        replace(terrain.grid, cell_m=50.0, rows=4000, columns=5200),
        4096 + 1104,
        np.array([[0]], dtype=np.int32),
        np.repeat(np.repeat(terrain.tiles[:1], 21, 1), 21, 2)[:, :5200, :5200],
        False,
        "",
    )
    (image,) = draw_line_map(_scenario(), fine).findobj(AxesImage)
    assert max(image.get_array().shape) < 2500
    (plain,) = coarse.findobj(AxesImage)
    assert plain.get_array().dtype == np.uint8


def test_line_without_posts_sites_sectors_or_parties_is_drawn() -> None:
    bare = _scenario(posts=(), sites=(), sectors=(), incidents=())
    assert {"own side", "far side"} <= set(_texts(draw_line_map(bare, _terrain())))


def test_line_across_the_antimeridian_is_drawn_in_one_piece() -> None:
    border = build_border([np.array([[179.5, 65.0], [-179.5, 65.2]])], "right")
    grid = Grid(
        crs="EPSG:32601",
        west_m=300_000.0,
        north_m=7_300_000.0,
        cell_m=1000.0,
        rows=140,
        columns=140,
    )
    tiles = np.full((1, 256, 256), 100.0, dtype=np.float32)
    terrain = Terrain(grid, 256, np.zeros((1, 1), dtype=np.int32), tiles, False, "flat")
    bare = _scenario(border=border, posts=(), sites=(), sectors=(), incidents=())
    figure = draw_line_map(bare, terrain)
    steps = np.hypot(*np.diff(_at_mm(figure, "border"), axis=0).T)
    assert steps.max() < 0.5
    assert "180°" in " ".join(_texts(figure))


def test_every_font_asked_for_is_installed(figure: Figure) -> None:
    families = {name for t in figure.findobj(Text) for name in t.get_fontfamily()}
    assert "DejaVu Sans" in families
    assert FontProperties(family="DejaVu Sans").get_name() == "DejaVu Sans"


def test_middle_meridian_of_a_southern_map_has_its_degrees_at_the_edge() -> None:
    # South of the equator the lower edge holds its southernmost point where it crosses the central
    # meridian: there the meridian begins right on the edge.
    grid = Grid(
        crs="EPSG:32742",
        west_m=350_000.0,
        north_m=8_000_000.0,
        cell_m=1000.0,
        rows=200,
        columns=300,
    )
    page = Page()
    sheet = lay_out_sheet(np.array([400e3, 600e3]), np.array([7.85e6, 7.95e6]), 3.0)
    draw_graticule(page, sheet, grid)
    assert f"{MERIDIAN:g}°E" in _texts(page.figure)
