from __future__ import annotations

import functools
import hashlib
import http.server
import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import Geod
from tools import write_scenario_reference

from sarhad import cli
from sarhad.cli import scenario, terminal
from sarhad.exchange.lines import read_line_credit

ROOT = Path(__file__).resolve().parents[1]
LINE = '{"type": "LineString", "coordinates": [[67.0, 37.0], [68.0, 37.1], [69.0, 37.5]]}'


@pytest.fixture
def line(tmp_path: Path) -> Path:
    (tmp_path / "line.geojson").write_text(LINE)
    return tmp_path / "line.geojson"


@pytest.fixture
def folder(tmp_path: Path, line: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert cli.main(["new", str(tmp_path / "case"), "--border", str(line)]) == 0
    capsys.readouterr()
    return tmp_path / "case"


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_new_then_check_passes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", str(folder)]) == 0
    assert "no faults" in capsys.readouterr().out


def test_own_side_not_given_is_loudly_called_a_guess(
    tmp_path: Path, line: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["new", str(tmp_path / "a"), "--border", str(line)]) == 0
    assert "IS A GUESS" in capsys.readouterr().err
    told = ["new", str(tmp_path / "b"), "--border", str(line), "--own-side", "right", "--json"]
    assert cli.main(told) == 0
    out = capsys.readouterr()
    assert "GUESS" not in out.err
    assert (json.loads(out.out)["own_side"], json.loads(out.out)["own_side_guessed"]) == (
        "right",
        False,
    )


def test_new_refuses_a_folder_with_something_in_it(
    folder: Path, line: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["new", str(folder), "--border", str(line)]) == 2
    assert "not an empty folder" in capsys.readouterr().err


def test_new_horizon_starts_on_the_monday_to_come() -> None:
    for day in range(2, 9):  # 2026-03-02 is a Monday
        start = scenario.next_monday(datetime(2026, 3, day, 13, 30, tzinfo=UTC))
        assert start == datetime(2026, 3, 9, tzinfo=UTC)


def test_check_lists_every_fault_and_exits_1(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (folder / "units.csv").read_text().replace("4.0", "-4")
    (folder / "units.csv").write_text(text)
    assert cli.main(["check", str(folder)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == [
        f"units.csv, row {row}, column speed_km_h" for row in (2, 3, 4)
    ]
    assert lines[3].startswith("3 faults")


def test_check_json_has_the_same_keys_with_and_without_faults(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check", str(folder), "--json"]) == 0
    good = printed(capsys)
    (folder / "units.csv").unlink()
    assert cli.main(["check", str(folder), "--json"]) == 1
    bad = printed(capsys)
    assert list(good) == list(bad)
    assert (good["schema"], good["ok"], bad["ok"]) == (1, True, False)
    assert bad["faults"][0]["file"] == "units.csv"
    needed = "schema ok faults border_km tolerance_m cells periods parties posts units "
    needed += "mobile_units sites incidents options"
    assert set(needed.split()) <= set(good)


def test_check_counts_units_of_the_default_option(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = "id,name,party,kind,base,count,speed_km_h"
    rows = ["w,W,own,watch,post-1,5,0", "f,F,own,foot,post-1,3,4", "x,X,own,horse,post-1,9,8"]
    (folder / "units.csv").write_text("\n".join([header, *rows]))
    settings = (folder / "scenario.toml").read_text().replace('["*"]', '["w", "f"]')
    (folder / "scenario.toml").write_text(settings)
    assert cli.main(["check", str(folder), "--json"]) == 0
    told = printed(capsys)
    assert (told["units"], told["mobile_units"]) == (8, 3)


def test_embedded_case_is_checked_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "tajik-afghan", "--json"]) == 0
    told = printed(capsys)
    assert told["border_km"] == pytest.approx(1344.0, abs=0.5)
    assert (told["cells"], told["tolerance_m"]) == (1344, 0)
    assert told["options"] == ["alone", "helicopters", "joint", "organisation", "cooperation"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["check", "no-such-case"], 1),
        (["chek"], 2),
        (["check"], 2),
        (["new", "x", "--border", "gone.kml"], 1),
        (["new", "x", "--border", "gone.kml", "--own-side", "up"], 2),
    ],
)
def test_failures_have_their_code_and_one_json_object(
    arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == code
    assert "Traceback" not in "".join(capsys.readouterr())
    assert cli.main([*arguments, "--json"]) == code
    told = printed(capsys)
    assert (told["schema"], told["ok"]) == (1, False)


@pytest.mark.parametrize(
    ("error", "code"),
    [(KeyboardInterrupt(), 130), (OSError(28, "No space left on device"), 3)],
)
def test_interrupt_and_full_disk_leave_no_folder(
    error: BaseException,
    code: int,
    tmp_path: Path,
    line: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop(*_: object) -> None:
        raise error

    monkeypatch.setattr("sarhad.exchange.scaffold.write_atomically", stop)
    assert cli.main(["new", str(tmp_path / "a"), "--border", str(line)]) == code
    assert "Traceback" not in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [line]


def test_show_draws_a_map_even_without_heights(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "deep" / "out"
    assert cli.main(["show", str(folder), "--out", str(out), "--json"]) == 0
    told = printed(capsys)
    assert (told["ok"], told["heights"], told["stand_in"]) == (True, False, False)
    assert "sarhad terrain fetch" in told["notices"][0]
    assert told["files"] == [str(out / "map.png"), str(out / "map.svg")]
    assert (out / "map.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in (out / "map.svg").read_bytes()[:2000]
    assert sorted(path.name for path in out.iterdir()) == ["map.png", "map.svg"]


def test_show_with_a_folder_that_holds_no_raster_is_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "none").mkdir()
    told = [
        "show",
        str(folder),
        "--out",
        str(tmp_path / "out"),
        "--heights",
        str(tmp_path / "none"),
    ]
    assert cli.main(told) == 1
    assert "found no *.tif, expected rasters of heights" in capsys.readouterr().err


def test_show_of_a_faulty_scenario_writes_nothing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "units.csv").unlink()
    assert cli.main(["show", str(folder), "--out", str(tmp_path / "out")]) == 1
    assert "units.csv" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_show_of_the_embedded_case_says_that_relief_is_a_stand_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["show", "tajik-afghan", "--out", str(tmp_path)]) == 0
    assert "stand-in relief: fetch real heights before planning" in capsys.readouterr().err


def test_found_text_cannot_steer_the_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (folder / "parties.csv").read_text()
    (folder / "parties.csv").write_text(text.replace("own,Border", "\x1b[2Jown\u202e,Border"))
    assert cli.main(["check", str(folder)]) == 1
    out = capsys.readouterr().out
    assert "\\u001b[2Jown\\u202e" in out
    assert "\x1b" not in out


def test_progress_in_a_log_is_a_line_for_every_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.showing("reading heights") as progress:
        for done in range(1001):
            progress(done, 1000)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"reading heights: {10 * tenth} %" for tenth in range(1, 11)]


def test_check_starts_none_of_the_slow_libraries(folder: Path) -> None:
    slow = "{'matplotlib', 'scipy', 'rasterio', 'pyogrio', 'requests', 'shapely', 'rich'}"
    code = (
        "import sys; from sarhad.cli import main\n"
        f"assert main(['check', {str(folder)!r}]) == 0\n"
        f"assert not {slow} & set(sys.modules), {slow} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def _commands(group: click.Group, prefix: str = "sarhad") -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        path = f"{prefix} {name}"
        if isinstance(command, click.Group):
            found |= _commands(command, path)
        else:
            found[path] = command
    return found


def test_every_command_and_option_is_documented() -> None:
    page = (ROOT / "docs/reference/commands.md").read_text()
    sections = dict(re.findall(r"^## `(sarhad [a-z ]+)`\n(.*?)(?=^## |\Z)", page, re.M | re.S))
    commands = _commands(cli.sarhad)
    assert set(sections) == set(commands)
    block = re.compile(r"^    sarhad (?:.*\n    )*.*", re.M)
    usage = {path: block.findall(text)[0] for path, text in sections.items()}
    for path, command in commands.items():
        for parameter in command.params:
            name = parameter.opts[0] if parameter.opts[0][0] == "-" else parameter.opts[0].upper()
            assert name in usage[path], (path, name)
            if name.startswith("-") and name != "--json":
                assert f"| `{name}` |" in sections[path], (path, name)


def test_every_key_of_check_json_is_documented() -> None:
    page = (ROOT / "docs/reference/commands.md").read_text()
    for key in ("schema", "ok", "faults", *scenario.COUNTS):
        assert f"| `{key}` |" in page


def test_page_of_the_scenario_folder_is_up_to_date() -> None:
    written = (ROOT / "docs/reference/scenario-folder.md").read_text()
    assert written == write_scenario_reference.page(), "run tools/write_scenario_reference.py"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="another signal there")
def test_ctrl_c_while_drawing_leaves_nothing_half_written(folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sarhad.cli", "show", str(folder), "--json", "--out"]
    with subprocess.Popen(
        [*command, str(tmp_path / "out")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        # Said once the heights are read, before anything is drawn.
        while "NOTE: no heights" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert json.loads(out)["ok"] is False
    assert not list((tmp_path / "out").glob("*.part"))


class _Store(http.server.SimpleHTTPRequestHandler):
    """Files of a folder, each with its checksum, as the object store gives them."""

    def end_headers(self) -> None:
        path = Path(self.translate_path(self.path))
        if path.is_file():
            digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
            self.send_header("ETag", f'"{digest}"')
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def store(tmp_path: Path) -> Iterator[str]:
    import rasterio

    name = "Copernicus_DSM_COG_30_N37_00_E067_00_DEM"
    (tmp_path / "store" / name).mkdir(parents=True)
    shape = {"width": 120, "height": 120, "count": 1, "dtype": "float32", "crs": "EPSG:4326"}
    place = {
        "transform": rasterio.Affine(1 / 120, 0, 67, 0, -1 / 120, 38),
        "driver": "GTiff",
    }
    with rasterio.open(tmp_path / "store" / name / f"{name}.tif", "w", **shape, **place) as file:
        file.write(np.full((1, 120, 120), 800, np.float32))
    handler = functools.partial(_Store, directory=str(tmp_path / "store"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_fetched_heights_are_drawn_with_their_credit(
    tmp_path: Path, store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = '{"type": "LineString", "coordinates": [[67.45, 37.5], [67.55, 37.5]]}'
    (tmp_path / "line.geojson").write_text(line)
    folder = str(tmp_path / "case")
    assert cli.main(["new", folder, "--border", str(tmp_path / "line.geojson")]) == 0
    capsys.readouterr()
    assert cli.main(["terrain", "fetch", folder, "--store", store, "--json"]) == 0
    told = printed(capsys)
    assert (told["resolution_m"], len(told["fetched"]), told["kept"]) == (90, 1, [])
    assert told["folder"] == str(tmp_path / "case" / "terrain" / "copernicus-90")
    assert cli.main(["show", folder, "--out", str(tmp_path / "out"), "--json"]) == 0
    shown = printed(capsys)
    assert (shown["heights"], shown["stand_in"], shown["notices"]) == (True, False, [])
    assert "Copernicus" in (tmp_path / "out" / "map.svg").read_text()
    assert cli.main(["terrain", "fetch", folder, "--store", store, "--json"]) == 0
    assert len(printed(capsys)["kept"]) == 1


def test_a_store_without_any_of_the_tiles_is_called_suspect(
    folder: Path, store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # The line runs from 67 to 69 E; the store of the fixture has no tile of 30 m.
    told = ["terrain", "fetch", str(folder), "--store", store, "--resolution", "30"]
    assert cli.main(told) == 0
    assert "WARNING: the store has none of the tiles" in capsys.readouterr().out


def test_show_tells_uncovered_ground_from_voids_in_a_file(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heights = np.full((300, 300), 500, np.int16)
    heights[:150] = -32768
    rasters = tmp_path / "rasters"
    rasters.mkdir()
    # From 66.5 to 68.5 E, half of the line; its northern half is void.
    profile: dict[str, Any] = {"driver": "GTiff", "count": 1, "width": 300, "height": 300}
    place = Affine(0.00667, 0, 66.5, 0, -0.00667, 38.1)
    with rasterio.open(
        rasters / "part.tif", "w", dtype="int16", crs="EPSG:4326", transform=place,
        nodata=-32768, **profile,
    ) as file:  # fmt: skip
        file.write(heights, 1)
    told = ["show", str(folder), "--out", str(tmp_path / "out"), "--heights", str(rasters)]
    assert cli.main([*told, "--json"]) == 0
    found = printed(capsys)
    assert found["void_share"] == pytest.approx(0.25, abs=0.2)
    assert found["outside_share"] == pytest.approx(0.4, abs=0.2)
    assert "is void in the files" in found["notices"][0]
    assert "beside km" in found["notices"][2]


def _drawn(name: str) -> list[list[float]]:
    turn = np.linspace(0, 2 * np.pi, 60)
    if name == "antimeridian":
        return [[(179 + 2 * t / 6.28 + 180) % 360 - 180, -16 + 0.1 * np.sin(t)] for t in turn]
    ring = np.column_stack([-70 + 0.2 * np.cos(turn), -33 + 0.2 * np.sin(turn)])
    return [*ring[:-1].tolist(), ring[0].tolist()]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "meridian"), [("antimeridian", "180°"), ("southern ring", "70°W")]
)
def test_lines_of_unusual_shape_go_all_the_way(
    name: str, meridian: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = {"type": "LineString", "coordinates": _drawn(name)}
    (tmp_path / "line.geojson").write_text(json.dumps(line))
    folder, out = str(tmp_path / "case"), tmp_path / "out"
    assert cli.main(["new", folder, "--border", str(tmp_path / "line.geojson")]) == 0
    assert cli.main(["check", folder]) == 0
    capsys.readouterr()
    assert cli.main(["show", folder, "--out", str(out), "--json"]) == 0
    told = printed(capsys)
    lon, lat = np.transpose(line["coordinates"])
    length_km = Geod(ellps="WGS84").line_length(lon, lat) / 1000
    assert told["border_km"] == pytest.approx(length_km, abs=0.001)
    assert told["scale_error"] < 0.001
    assert f">{meridian}<" in (out / "map.svg").read_text(encoding="utf-8")


def test_line_of_200_000_vertices_is_taken_and_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # 2 degrees of the equator: an arc of the semimajor axis, 6378.137 km.
    points = [[70 + 2 * i / 199_999, 0.0] for i in range(200_000)]
    line = {"type": "LineString", "coordinates": points}
    (tmp_path / "line.geojson").write_text(json.dumps(line))
    told = ["new", str(tmp_path / "case"), "--border", str(tmp_path / "line.geojson"), "--json"]
    assert cli.main(told) == 0
    assert printed(capsys)["border_km"] == pytest.approx(6378.137 * np.radians(2), abs=0.001)


def test_a_new_folder_keeps_whom_to_name_for_the_line(tmp_path: Path) -> None:
    line = json.loads(LINE)
    feature = {"type": "Feature", "geometry": line, "properties": {"credit": "A", "licence": "B"}}
    (tmp_path / "line.geojson").write_text(json.dumps(feature))
    told = ["new", str(tmp_path / "case"), "--border", str(tmp_path / "line.geojson")]
    assert cli.main([*told, "--own-side", "left"]) == 0
    assert read_line_credit(tmp_path / "case" / "border.geojson") == {"credit": "A", "licence": "B"}


def test_a_folder_without_settings_is_one_plain_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check", str(tmp_path), "--json"]) == 1
    (fault,) = printed(capsys)["faults"]
    assert (fault["found"], fault["expected"]) == ("no settings file", "scenario.toml")
