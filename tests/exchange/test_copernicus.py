"""Heights fetched from a local store that fails in the ways of the real network."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from pyproj import Geod
from rasterio import Affine
from urllib3.util import Retry

from sarhad.exchange.copernicus import (
    FetchError,
    FetchReport,
    TileName,
    credit_line,
    fetch_copernicus,
    tiles_needed,
)

SPEC = importlib.util.spec_from_file_location(
    "broken_tile_server", Path(__file__).with_name("broken_tile_server.py")
)
assert SPEC is not None
assert SPEC.loader is not None
broken = importlib.util.module_from_spec(SPEC)
sys.modules["broken_tile_server"] = broken
SPEC.loader.exec_module(broken)

CASE_LINE = Path(__file__).parents[2] / "src/sarhad/cases/tajik-afghan/border.geojson"
RETRY = Retry(total=3, backoff_factor=0.01)
KHOROG = TileName(37, 71)
ISHKASHIM = TileName(36, 71)
GEOD = Geod(ellps="WGS84")


def path_of(tile: TileName, resolution: Any = 90) -> str:
    stem = tile.stem(resolution)
    return f"/{stem}/{stem}.tif"


def file_of(tile: TileName) -> str:
    return f"{tile.stem(90)}.tif"


def make_tile(path: Path, tile: TileName) -> bytes:
    """Return a small GeoTIFF of noise, which does not pack: about 300 kB, packed in blocks."""
    rng = np.random.default_rng(tile.latitude * 360 + tile.longitude)
    cells = rng.uniform(2000, 5000, (288, 288)).astype(np.float32)
    layout = {"tiled": True, "blockxsize": 64, "blockysize": 64, "compress": "deflate"}
    with rasterio.open(
        path, "w", driver="GTiff", width=288, height=288, count=1, dtype="float32",
        crs="EPSG:4326",
        transform=Affine(1 / 288, 0, tile.longitude, 0, -1 / 288, tile.latitude + 1),
        **layout,
    ) as dataset:  # fmt: skip
        dataset.write(cells, 1)
    return path.read_bytes()


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("tiles")
    return {path_of(tile): make_tile(folder / "t.tif", tile) for tile in (KHOROG, ISHKASHIM)}


@pytest.fixture
def store(contents: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    with broken.served(broken.Store(objects=dict(contents))) as running:
        yield running


@pytest.fixture
def fetch(store: Any, tmp_path: Path) -> Callable[..., FetchReport]:
    def call(*tiles: TileName, **settings: Any) -> FetchReport:
        given = {"base_url": store.url, "retry": RETRY, "timeout_s": (0.3, 0.3), **settings}
        return fetch_copernicus(tiles or (KHOROG,), tmp_path / "heights", **given)

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "heights"


def assert_whole(store: Any, folder: Path, *tiles: TileName) -> None:
    for tile in tiles:
        assert (folder / file_of(tile)).read_bytes() == store.objects[path_of(tile)]
    assert not list(folder.glob("*.part"))


def test_names_are_those_of_the_public_store() -> None:
    expected = "Copernicus_DSM_COG_10_N37_00_E071_00_DEM"
    assert TileName(37, 71).stem(30) == expected
    assert TileName(-4, -160).stem(90) == "Copernicus_DSM_COG_30_S04_00_W160_00_DEM"


def test_a_point_in_the_middle_of_a_tile_needs_that_tile_alone() -> None:
    assert tiles_needed([71.5], [37.5], 30) == (TileName(37, 71),)


def test_a_corner_needs_four_tiles() -> None:
    assert tiles_needed([72.0], [37.0], 1) == tuple(
        TileName(latitude, longitude) for latitude in (36, 37) for longitude in (71, 72)
    )


def test_a_line_across_the_antimeridian_needs_the_tiles_of_both_ends() -> None:
    needed = {TileName(65, longitude) for longitude in (178, 179, -180, -179)}
    assert set(tiles_needed([178.5, 181.5], [65.5, 65.5], 10)) == needed
    assert set(tiles_needed([178.5, -178.5], [65.5, 65.5], 10)) == needed


def test_a_corridor_over_the_pole_needs_the_whole_cap() -> None:
    assert len(tiles_needed([10.0], [89.95], 30)) == 360


def test_a_long_leg_needs_the_tiles_under_its_geodesic() -> None:
    lon, lat = np.array(GEOD.npts(60, 40.8, 80, 40.8, 2000)).T
    under = {TileName(int(row), int(column)) for row, column in np.floor([lat, lon]).T}
    assert under <= set(tiles_needed([60, 80], [40.8, 40.8], 0))
    assert max(tile.latitude for tile in under) == 41


@pytest.mark.parametrize("margin_km", [0.5, 30.0])
def test_the_reference_line_needs_just_the_tiles_within_its_margin(margin_km: float) -> None:
    lines = json.loads(CASE_LINE.read_text())["features"]
    line = np.concatenate([np.array(f["geometry"]["coordinates"], float) for f in lines])[:, :2]
    needed = set(tiles_needed(*line.T, margin_km))
    for row in range(34, 42):
        for column in range(65, 77):
            distance_km = nearest_km(line, row, column)
            if distance_km <= margin_km:
                assert TileName(row, column) in needed
            elif distance_km > 1.01 * margin_km + 1.5:
                assert TileName(row, column) not in needed


def nearest_km(line: np.ndarray, row: int, column: int) -> float:
    """Return the geodesic distance from the line's vertices to a tile, by way of its rim."""
    inside = (np.floor(line) == (column, row)).all(axis=1)
    if inside.any():
        return 0.0
    t = np.linspace(0, 1, 41)
    rim = np.concatenate(
        [np.c_[t, 0 * t], np.c_[t, 0 * t + 1], np.c_[0 * t, t], np.c_[0 * t + 1, t]]
    )
    rim += (column, row)
    coarse = line[::10]
    gap = ((rim[:, None] - coarse[None]) ** 2).sum(axis=2).min(axis=0)
    close = coarse[np.argsort(gap)[:20]]
    a, b = np.repeat(rim, len(close), axis=0), np.tile(close, (len(rim), 1))
    return float(np.min(GEOD.inv(*a.T, *b.T)[2])) / 1000


@pytest.mark.parametrize(("line", "margin"), [
    (([], []), 1.0), (([70.0], [91.0]), 1.0), (([70.0], [37.0]), -1.0), (([np.nan], [37.0]), 1.0),
])  # fmt: skip
def test_no_line_and_no_margin_are_refused(line: Any, margin: float) -> None:
    with pytest.raises(ValueError, match=r"longitude|margin"):
        tiles_needed(*line, margin)


def test_tiles_arrive_whole_with_their_credit(fetch: Any, store: Any, folder: Path) -> None:
    report = fetch(KHOROG, ISHKASHIM)
    assert report.fetched == (file_of(KHOROG), file_of(ISHKASHIM))
    assert report.fetched_bytes == sum(map(len, store.objects.values()))
    assert_whole(store, folder, KHOROG, ISHKASHIM)
    assert credit_line(90) in (folder / "credit.txt").read_text(encoding="utf-8")
    assert "WorldDEM™-90 © DLR e.V. 2010-2014" in report.credit


def test_what_is_there_is_not_fetched_again(fetch: Any, store: Any) -> None:
    fetch()
    before = len(store.requests)
    assert fetch().kept == (file_of(KHOROG),)
    assert len(store.requests) == before


def test_a_tile_that_was_changed_since_is_fetched_again(
    fetch: Any, store: Any, folder: Path
) -> None:
    fetch()
    (folder / file_of(KHOROG)).write_bytes(broken.spoiled(store.objects[path_of(KHOROG)]))
    assert fetch().fetched == (file_of(KHOROG),)
    assert_whole(store, folder, KHOROG)


def test_a_spoilt_manifest_only_costs_another_fetch(fetch: Any, store: Any, folder: Path) -> None:
    fetch()
    (folder / "manifest.json").write_text('{"schema": 1, "tiles": [')
    assert fetch().fetched == (file_of(KHOROG),)
    assert_whole(store, folder, KHOROG)


def test_the_manifest_names_size_checksum_and_source(fetch: Any, store: Any, folder: Path) -> None:
    fetch()
    entry = json.loads((folder / "manifest.json").read_text())["tiles"][file_of(KHOROG)]
    assert entry["bytes"] == len(store.objects[path_of(KHOROG)])
    assert entry["url"] == store.url + path_of(KHOROG)
    assert len(entry["sha256"]) == 64


def test_sea_is_reported_not_an_error(fetch: Any, store: Any, folder: Path) -> None:
    sea = TileName(0, -30)
    report = fetch(sea, KHOROG)
    assert report.absent == (file_of(sea),)
    assert report.fetched == (file_of(KHOROG),)
    assert_whole(store, folder, KHOROG)


def test_a_broken_line_goes_on_where_it_broke(fetch: Any, store: Any, folder: Path) -> None:
    store.answers[path_of(KHOROG)] = deque(["break"] * 2)
    fetch()
    assert_whole(store, folder, KHOROG)
    first, *later = store.gets()
    assert first is None
    assert [span is not None for span in later] == [True, True]


def test_breaks_that_bring_something_new_never_exhaust_the_patience(
    fetch: Any, store: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sarhad.exchange.download.PIECE_BYTES", 1024)
    store.answers[path_of(KHOROG)] = deque(["break"] * 6)
    fetch(retry=Retry(total=1))
    assert len(store.gets()) == 7
    assert_whole(store, folder, KHOROG)


def test_silence_in_the_middle_is_left_and_gone_on_from(
    fetch: Any, store: Any, folder: Path
) -> None:
    store.answers[path_of(KHOROG)] = deque(["stall"])
    fetch()
    assert_whole(store, folder, KHOROG)
    assert store.gets()[1] is not None


def test_a_slow_server_is_waited_for(fetch: Any, store: Any, folder: Path) -> None:
    # The whole takes 0.24 s, longer than the time-out, which is for each piece.
    store.answers[path_of(KHOROG)] = deque(["drip"])
    fetch(timeout_s=(0.3, 0.2))
    assert len(store.gets()) == 1
    assert_whole(store, folder, KHOROG)


def test_the_next_run_goes_on_where_the_last_one_gave_up(
    fetch: Any, store: Any, folder: Path
) -> None:
    store.answers[path_of(KHOROG)] = deque(["break", *["503"] * 4])
    with pytest.raises(FetchError, match="503"):
        fetch()
    held = (folder / f"{file_of(KHOROG)}.part").stat().st_size
    fetch()
    assert store.gets()[-1] == f"bytes={held}-"
    assert held > 0
    assert_whole(store, folder, KHOROG)


def test_a_server_without_ranges_sends_it_all_again(fetch: Any, store: Any, folder: Path) -> None:
    store.ranges = False
    store.answers[path_of(KHOROG)] = deque(["break"])
    fetch()
    assert_whole(store, folder, KHOROG)


def test_a_server_without_tags_is_never_asked_for_a_rest(
    fetch: Any, store: Any, folder: Path
) -> None:
    store.tags = "none"
    store.answers[path_of(KHOROG)] = deque(["break"])
    fetch()
    assert store.gets() == [None, None]
    assert_whole(store, folder, KHOROG)


def test_a_tile_that_changed_between_two_runs_starts_again(
    fetch: Any, store: Any, folder: Path
) -> None:
    store.answers[path_of(KHOROG)] = deque(["break", *["503"] * 4])
    with pytest.raises(FetchError):
        fetch()
    store.objects[path_of(KHOROG)] = store.objects[path_of(ISHKASHIM)]
    fetch()
    assert store.gets()[-1] is None
    assert_whole(store, folder, KHOROG)


@pytest.mark.parametrize("tags", ["md5", "parts", "none"])
@pytest.mark.parametrize("fault", ["spoil", "short"])
def test_a_faulty_tile_is_fetched_again(
    fetch: Any, store: Any, folder: Path, fault: str, tags: str
) -> None:
    store.tags = tags
    store.answers[path_of(KHOROG)] = deque([fault])
    fetch()
    assert len(store.gets()) == 2
    assert_whole(store, folder, KHOROG)


@pytest.mark.parametrize(("fault", "words"), [("spoil", "checksum"), ("short", "bytes arrived")])
def test_a_tile_faulty_for_good_is_named_and_the_others_stay(
    fetch: Any, store: Any, folder: Path, fault: str, words: str
) -> None:
    store.answers[path_of(KHOROG)] = deque([fault] * 9)
    with pytest.raises(FetchError, match=words) as caught:
        fetch(KHOROG, ISHKASHIM)
    assert [name for name, _ in caught.value.failures] == [file_of(KHOROG)]
    assert not (folder / file_of(KHOROG)).exists()
    assert (folder / file_of(ISHKASHIM)).read_bytes() == store.objects[path_of(ISHKASHIM)]


def test_a_page_that_is_no_raster_is_refused(fetch: Any, store: Any, folder: Path) -> None:
    store.objects[path_of(KHOROG)] = b"<html>Please log in to this network</html>"
    with pytest.raises(FetchError, match="no whole GeoTIFF"):
        fetch()
    assert not list(folder.glob("*.tif"))


def test_a_busy_server_is_asked_again(fetch: Any, store: Any, folder: Path) -> None:
    store.head_answers[path_of(KHOROG)] = deque(["503"])
    store.answers[path_of(KHOROG)] = deque(["503", "429", "refuse"])
    fetch()
    assert_whole(store, folder, KHOROG)


def test_a_refusal_is_final_and_says_what_to_do(fetch: Any, store: Any) -> None:
    store.answers[path_of(KHOROG)] = deque(["403"])
    with pytest.raises(FetchError, match=r"403 Forbidden.*whoever runs the network"):
        fetch()
    assert len(store.gets()) == 1


def test_a_tile_that_is_refused_at_once_does_not_keep_the_others_away(
    fetch: Any, store: Any, folder: Path
) -> None:
    store.head_answers[path_of(KHOROG)] = deque(["403"])
    with pytest.raises(FetchError, match="403"):
        fetch(KHOROG, ISHKASHIM)
    assert_whole(store, folder, ISHKASHIM)


def test_a_store_out_of_reach_is_named_with_the_cure(fetch: Any) -> None:
    with pytest.raises(FetchError, match=r"127\.0\.0\.1:9 cannot be reached.*HTTPS_PROXY"):
        fetch(base_url="http://127.0.0.1:9")


@pytest.mark.parametrize("store", ["heights", "ftp://heights.invalid", "http://"])
def test_an_address_that_is_none_is_refused_without_waiting(tmp_path: Path, store: str) -> None:
    # With the patience of the command line: a second attempt would be pauses of minutes.
    never = Retry(total=6, backoff_factor=1e6, backoff_max=1e6)
    with pytest.raises(FetchError, match=r"cannot be reached.*Write the whole address"):
        fetch_copernicus([KHOROG], tmp_path / "heights", base_url=store, retry=never)


def test_the_proxy_of_the_environment_is_used(
    fetch: Any, store: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", store.url)
    monkeypatch.setenv("http_proxy", store.url)
    fetch(base_url="http://heights.invalid")
    assert {path for _, path, _ in store.requests} == {f"http://heights.invalid{path_of(KHOROG)}"}
    assert_whole(store, folder, KHOROG)


def test_progress_grows_to_the_whole_and_begins_with_what_is_there(
    fetch: Any, store: Any, folder: Path
) -> None:
    store.answers[path_of(KHOROG)] = deque(["break", *["503"] * 4])
    with pytest.raises(FetchError):
        fetch()
    held = (folder / f"{file_of(KHOROG)}.part").stat().st_size
    total, seen = len(store.objects[path_of(KHOROG)]), []
    fetch(progress=lambda done, whole: seen.append((done, whole)))
    assert seen[0] == (held, total)
    assert seen[-1] == (total, total)
    assert seen == sorted(seen)


def test_an_interrupt_leaves_only_parts_to_go_on_from(
    fetch: Any, store: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sarhad.exchange.download.PIECE_BYTES", 1024)
    monkeypatch.setattr("sarhad.exchange.download.TICK_S", 0.02)
    store.answers[path_of(KHOROG)] = deque(["drip"])

    def interrupt(done: int, _total: int) -> None:
        if done:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        fetch(progress=interrupt)
    assert not list(folder.glob("*.tif"))
    held = (folder / f"{file_of(KHOROG)}.part").stat().st_size
    fetch()
    assert store.gets()[-1] == f"bytes={held}-"
    assert_whole(store, folder, KHOROG)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_named_with_the_cure(fetch: Any, folder: Path) -> None:
    folder.mkdir()
    (folder / f"{file_of(KHOROG)}.part").symlink_to("/dev/full")
    with pytest.raises(FetchError, match=r"heights: the disk is full\. Free some space"):
        fetch()


def test_too_little_room_is_said_before_the_first_byte(
    fetch: Any, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    little = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: little)
    with pytest.raises(FetchError, match="still to come and 0 MB are free"):
        fetch()
    assert store.gets() == []


def test_a_folder_that_cannot_be_written_is_named(fetch: Any, folder: Path) -> None:
    folder.write_text("a file stands here")
    with pytest.raises(FetchError, match=r"heights: cannot be written .*--out"):
        fetch()


def test_thirty_metres_has_its_own_names_and_credit(fetch: Any, store: Any, folder: Path) -> None:
    store.objects[path_of(KHOROG, 30)] = store.objects[path_of(KHOROG)]
    report = fetch(resolution=30)
    assert report.fetched == (f"{KHOROG.stem(30)}.tif",)
    assert "produced using Copernicus WorldDEM-30 © DLR" in (folder / "credit.txt").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("settings", [{"resolution": 60}, {"workers": 0}])
def test_settings_out_of_range_are_refused(fetch: Any, settings: Any) -> None:
    with pytest.raises(ValueError, match=r"is (30|at least)"):
        fetch(**settings)
