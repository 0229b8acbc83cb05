from __future__ import annotations

import os
import re
import shutil
import sys
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio

from sarhad.errors import Fault, ScenarioError
from sarhad.exchange.atomic import folder_atomically, write_atomically
from sarhad.exchange.fields import facts_of
from sarhad.exchange.heights import read_credits
from sarhad.exchange.scaffold import scaffold_scenario
from sarhad.exchange.scenario_folder import TABLES, find_faults, read_scenario
from sarhad.exchange.settings import SECTIONS, find_lines
from sarhad.scenario import Cooperation, Incident, Option, Party, Unit, option_units

START = datetime(2026, 3, 2, tzinfo=UTC)
LINE = '{"type": "LineString", "coordinates": [[67.0, 37.0], [68.0, 37.1], [69.0, 37.5]]}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "line.geojson").write_text(LINE)
    scaffold_scenario(tmp_path / "case", tmp_path / "line.geojson", "right", START)
    return tmp_path / "case"


def change(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))


def faults(folder: Path) -> list[Fault]:
    scenario, found = find_faults(folder)
    assert (scenario is None) == bool(found)
    return list(found)


def only(folder: Path) -> Fault:
    found = faults(folder)
    assert len(found) == 1, "\n".join(map(str, found))
    return found[0]


def place(fault: Fault) -> tuple[str, int | None, str | None]:
    return fault.file, fault.row, fault.column


def test_scaffold_is_a_valid_scenario(folder: Path) -> None:
    scenario = read_scenario(folder)
    assert scenario.border.own_side == "right"
    assert scenario.horizon.start == START
    assert len(option_units(scenario, "alone")) == len(scenario.posts) == 3


def test_scaffold_explains_every_setting(folder: Path) -> None:
    text = (folder / "scenario.toml").read_text()
    for noun in (Option, Cooperation):
        for name, fact in facts_of(noun).items():
            assert fact.description
            assert name == "cooperation" or f"{name} =" in text
    for section, noun in SECTIONS.items():
        part = text.split(f"\n[{section}]\n")[1].split("\n[")[0]
        assert all(f"{name} =" in part for name in facts_of(noun))


def test_scaffold_refuses_a_folder_with_something_in_it(folder: Path) -> None:
    with pytest.raises(FileExistsError, match="not an empty folder"):
        scaffold_scenario(folder, folder / "border.geojson", "left", START)
    assert read_scenario(folder).border.own_side == "right"


def test_scaffold_of_a_broken_line_leaves_nothing(tmp_path: Path) -> None:
    line = tmp_path / "line.geojson"
    line.write_text('{"type": "LineString", "coordinates": [[67, 37]]}')
    with pytest.raises(ScenarioError, match="one point"):
        scaffold_scenario(tmp_path / "case", line, "left", START)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["line.geojson"]


def test_all_faults_of_all_files_are_told_at_once(folder: Path) -> None:
    change(folder, "scenario.toml", "days = 7", "days = 0")
    change(folder, "posts.csv", "own,post", "ovn,post")
    change(folder, "units.csv", "4.0", "-4")
    change(folder, "parties.csv", "own,Border guard,own", "own,Border guard,owner")
    assert [fault.file for fault in faults(folder)] == [
        "scenario.toml", "parties.csv", "units.csv", "posts.csv",
    ]  # fmt: skip


def test_negative_speed_names_row_column_range_and_unit(folder: Path) -> None:
    change(
        folder,
        "units.csv",
        "foot-2,Foot patrol 2,own,foot,post-2,,4,4.0",
        "foot-2,F,own,foot,post-2,,4,-4",
    )
    fault = only(folder)
    assert place(fault) == ("units.csv", 3, "speed_km_h")
    assert fault.found == "'-4'"
    assert fault.expected.startswith("a number from 0 to 400")
    assert fault.expected.endswith("[km/h]")


def test_unknown_party_suggests_the_closest(folder: Path) -> None:
    change(folder, "posts.csv", "post-2,Post 2,own", "post-2,Post 2,owm")
    fault = only(folder)
    assert place(fault) == ("posts.csv", 3, "party")
    assert fault.cure == "Did you mean 'own'?"


def test_fault_in_the_readme_is_what_check_says(folder: Path) -> None:
    for file in ("parties.csv", "posts.csv", "units.csv"):
        text = (folder / file).read_text()
        (folder / file).write_text(re.sub(r"\bown\b(?=,(Border|post|foot))", "RU", text))
    change(folder, "posts.csv", "post-2,Post 2,RU", "post-2,Post 2,RUS")
    readme = Path(__file__).resolve().parents[2] / "README.md"
    assert f"\n    {only(folder)}\n" in readme.read_text()


def test_reference_to_a_row_with_a_fault_of_its_own_is_no_second_fault(folder: Path) -> None:
    change(folder, "posts.csv", "post-2,Post 2,own,post,", "post-2,Post 2,own,posst,")
    fault = only(folder)
    assert place(fault) == ("posts.csv", 3, "kind")
    assert "Did you mean 'post'?" in fault.cure


def test_duplicate_id_names_both_rows(folder: Path) -> None:
    change(folder, "posts.csv", "post-3,", "post-1,")
    change(folder, "units.csv", "post-3", "post-1")
    fault = only(folder)
    assert place(fault) == ("posts.csv", 4, "id")
    assert "also in row 2" in fault.found


def test_duplicate_id_is_told_beside_another_fault_of_its_row(folder: Path) -> None:
    change(folder, "posts.csv", "post-3,Post 3,own,post", "post-1,Post 3,own,tower")
    change(folder, "units.csv", "post-3", "post-1")
    kind, twin = faults(folder)
    assert place(kind) == ("posts.csv", 4, "kind")
    assert place(twin) == ("posts.csv", 4, "id")
    assert "also in row 2" in twin.found


def test_duplicate_option_names_both_lines(folder: Path) -> None:
    with (folder / "scenario.toml").open("a") as file:
        file.write('\n[[options]]\nname = "alone"\ntitle = "Twice"\n')
    fault = only(folder)
    lines = (folder / "scenario.toml").read_text().split("\n")
    rows = [number for number, line in enumerate(lines, 1) if line == 'name = "alone"']
    assert (fault.row, f"also in row {rows[0]}" in fault.found) == (rows[1], True)


def test_unknown_column_is_refused_with_the_closest(folder: Path) -> None:
    change(folder, "units.csv", "speed_km_h", "speed_kmh")
    told = {fault.found: fault for fault in faults(folder)}
    assert "Did you mean 'speed_km_h'?" in told["the unknown column 'speed_kmh'"].cure
    assert told["no such column"].column == "speed_km_h"
    assert len(told) == 2


def test_unknown_key_is_refused_with_its_line(folder: Path) -> None:
    change(folder, "scenario.toml", "rest_hours = 10.0", "rest_hour = 10.0")
    fault = only(folder)
    lines = (folder / "scenario.toml").read_text().split("\n")
    row = fault.row
    assert row is not None
    assert lines[row - 1] == "rest_hour = 10.0"
    assert (fault.column, fault.cure) == ("rules.rest_hour", "Did you mean 'rest_hours'?")


def test_missing_required_key_is_told(folder: Path) -> None:
    change(folder, "scenario.toml", 'own_side = "right"\n', "")
    fault = only(folder)
    assert (fault.column, fault.found) == ("own_side", "nothing")


def test_broken_toml_names_its_line(folder: Path) -> None:
    (folder / "scenario.toml").write_text('name = "x"\ndays 7\n')
    fault = faults(folder)[0]
    assert place(fault) == ("scenario.toml", 2, None)
    assert fault.found == "'days 7'"


def test_number_key_refuses_true(folder: Path) -> None:
    change(folder, "scenario.toml", "days = 7", "days = true")
    assert only(folder).column == "horizon.days"


@pytest.mark.parametrize("value", ["5", '"x"', "true", "{a = 1}", "[{a = 1}]", "00:01:00"])
def test_key_of_another_type_is_a_fault_and_never_a_crash(folder: Path, value: str) -> None:
    path = folder / "scenario.toml"
    text = path.read_text().replace("# [options.coop", "[options.coop")
    lines = re.sub(r"^# (\w+ = .+)$", r"\1", text, flags=re.M).split("\n")
    keys = [(row, line.split(" = ")[0]) for row, line in enumerate(lines) if " = " in line]
    assert len(keys) >= 32
    for row, key in keys:
        path.write_text("\n".join([*lines[:row], f"{key} = {value}", *lines[row + 1 :]]))
        for fault in faults(folder):
            assert (fault.row, fault.file) == (row + 1, "scenario.toml") or key in REFERRED_TO


REFERRED_TO = ("name", "units", "border", "duty_hours", "cell_m", "own_side")
"""Keys whose change may show at another place."""


def test_naive_time_in_a_table_says_to_add_the_offset(folder: Path) -> None:
    header = ",".join(facts_of(Incident))
    row = dict.fromkeys(facts_of(Incident), "")
    row |= {"id": "a", "start": "2025-11-26T18:45", "end": "2025-11-26T19:00+05:00", "kind": "raid"}
    row |= {"precision": "unknown", "radius_km": "5", "source": "press"}
    (folder / "incidents.csv").write_text(f"{header}\n{','.join(row.values())}\n")
    fault = only(folder)
    assert place(fault) == ("incidents.csv", 2, "start")
    assert "add the offset" in fault.cure


def test_naive_time_in_the_settings_is_refused(folder: Path) -> None:
    change(
        folder, "scenario.toml", "start = 2026-03-02T00:00:00+00:00", "start = 2026-03-02T00:00:00"
    )
    assert "add the offset" in only(folder).cure


def test_swapped_lon_and_lat_are_said_to_be_swapped(folder: Path) -> None:
    text = (folder / "posts.csv").read_text().split("\n")
    cells = text[2].split(",")
    cells[4], cells[5] = cells[5], cells[4]
    text[2] = ",".join(cells)
    (folder / "posts.csv").write_text("\n".join(text))
    fault = only(folder)
    assert place(fault) == ("posts.csv", 3, "lon")
    assert "swapped" in fault.cure


def test_tables_of_other_locales_are_read(folder: Path) -> None:
    before = read_scenario(folder)
    for name in TABLES:
        text = (folder / f"{name}.csv").read_text().replace(",", ";")
        (folder / f"{name}.csv").write_text(text, encoding="utf-8-sig")
    assert read_scenario(folder) == before


def test_decimal_comma_says_what_to_write(folder: Path) -> None:
    text = (folder / "units.csv").read_text().replace(",", ";").replace("4.0", "4,5", 1)
    (folder / "units.csv").write_text(text)
    fault = only(folder)
    assert (fault.column, fault.cure) == ("speed_km_h", "Write the decimal sign as a point: 4.5")


@pytest.mark.parametrize("encoding", ["cp1251", "utf-16"])
def test_other_encodings_say_how_to_save(folder: Path, encoding: str) -> None:
    text = (
        (folder / "parties.csv")
        .read_text()
        .replace("Border guard", "Сарҳадбонон".replace("ҳ", "х"))
    )
    (folder / "parties.csv").write_bytes(text.encode(encoding))
    fault = only(folder)
    assert fault.file == "parties.csv"
    assert "UTF-8" in fault.cure


def test_yes_no_and_dash_are_read(folder: Path) -> None:
    header = "id,name,role,sectors,needs_host_officer"
    (folder / "parties.csv").write_text(f"{header}\nown,A,own,,no\nally,B,ally,-,YES\n")
    own, ally = read_scenario(folder).parties
    assert (own.sectors, own.needs_host_officer) == (("*",), False)
    assert (ally.sectors, ally.needs_host_officer) == ((), True)


def test_quoted_line_breaks_count_as_a_spreadsheet_counts(folder: Path) -> None:
    rows = 'id,name,role,source\nown,A,own,"two\nlines"\nally,B,aly,\n'
    (folder / "parties.csv").write_text(rows)
    assert place(only(folder)) == ("parties.csv", 3, "role")


def test_missing_files_are_told_and_near_names_recognised(folder: Path) -> None:
    (folder / "posts.csv").rename(folder / "post.csv")
    (folder / "incidents.csv").rename(folder / "incident.csv")
    told = {fault.file: fault for fault in faults(folder)}
    assert told["posts.csv"].cure == "Rename 'post.csv' to 'posts.csv'"
    assert told["incident.csv"].cure == "Rename it to 'incidents.csv'"


@pytest.mark.parametrize("path", ["../line.geojson", "/etc/passwd", "a/../../line.geojson"])
def test_path_that_escapes_the_folder_is_refused(folder: Path, path: str) -> None:
    change(folder, "scenario.toml", '"border.geojson"', f'"{path}"')
    fault = only(folder)
    assert fault.column == "border"
    assert "leads out of the folder" in fault.found


def test_heights_outside_the_folder_are_refused(folder: Path) -> None:
    change(folder, "scenario.toml", '["copernicus-90"]', '["../dem.tif", "gone.tif"]')
    assert [fault.column for fault in faults(folder)] == ["terrain.source"] * 2


@pytest.mark.parametrize(
    ("crs", "height_m", "told"),
    [
        (None, 500, "no coordinate system"),
        ("EPSG:4326", 15_000, "a height of 15,000 m"),
        ("EPSG:32718", 500, "no raster that touches the corridor"),
    ],
)
def test_heights_that_cannot_serve_are_told_beside_other_faults(
    folder: Path, crs: str | None, height_m: int, told: str
) -> None:
    change(folder, "scenario.toml", '["copernicus-90"]', '["dem.tif"]')
    change(folder, "posts.csv", "post-2,Post 2,own", "post-2,Post 2,owm")
    profile = {"driver": "GTiff", "width": 300, "height": 100, "count": 1, "dtype": "int16"}
    place = rasterio.Affine(0.01, 0, 66.5, 0, -0.01, 37.8)
    with rasterio.open(folder / "dem.tif", "w", **profile, crs=crs, transform=place) as file:
        file.write(np.full((1, 100, 300), height_m, np.int16))
    found = {fault.file: fault.found for fault in find_faults(folder, open_heights=True)[1]}
    assert found == {"dem.tif": told, "posts.csv": "'owm'"}


def test_stand_in_needs_its_file(folder: Path) -> None:
    change(folder, "scenario.toml", '["copernicus-90"]', '["stand-in"]')
    fault = only(folder)
    assert (fault.column, fault.found) == (
        "terrain.source",
        "'relief_5min.tif', which is not there",
    )


def test_stand_in_beside_other_heights_is_refused(folder: Path) -> None:
    change(folder, "scenario.toml", '["copernicus-90"]', '["stand-in", "copernicus-90"]')
    assert only(folder).expected == "source holds 'stand-in' alone, or other heights without it"


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_link_that_leads_out_of_the_folder_is_refused(folder: Path) -> None:
    shutil.move(folder / "posts.csv", folder.parent / "posts.csv")
    (folder / "posts.csv").symlink_to(folder.parent / "posts.csv")
    assert "leads out of the folder" in only(folder).found


def test_line_with_a_gap_names_its_place_and_size(folder: Path) -> None:
    parts = "[[[67, 37], [68, 37]], [[68.1, 37], [69, 37]]]"
    (folder / "border.geojson").write_text(f'{{"type": "MultiLineString", "coordinates": {parts}}}')
    fault = only(folder)
    # 0.1 degrees along the parallel of 37 degrees are 8.9 km.
    assert "a gap of 8,90" in fault.found
    assert "(68." in fault.found


def test_ten_gigabytes_take_little_memory(folder: Path) -> None:
    with (folder / "units.csv").open("ab") as file:
        file.truncate(10_000_000_000)
    with (folder / "sites.csv").open("ab") as file:
        file.writelines(b'"x\n",' for _ in range(200_000))
    with (folder / "incidents.csv").open("ab") as file:
        file.writelines(b"a b,\n" for _ in range(200_000))
    with (folder / "posts.csv").open("ab") as file:
        file.write(b"\n" * 200_000)
    tracemalloc.start()
    found = [fault.found for fault in faults(folder)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6
    told = {"more rows", "1,000 faults", "a row that runs over more than 100 lines"}
    assert told <= set(found)
    assert any("a line of more than" in text for text in found)


def test_control_character_in_a_cell_is_refused(folder: Path) -> None:
    change(folder, "parties.csv", "Border guard", "Border\x1b[2Jguard")
    assert only(folder).found == "the control character U+001B"


def test_unclosed_quote_is_a_fault(folder: Path) -> None:
    change(folder, "parties.csv", "Border guard", '"Border guard')
    assert "broken quotes" in only(folder).found


def test_row_with_too_many_cells_is_a_fault(folder: Path) -> None:
    change(folder, "parties.csv", "replace by your own", "replace, by your own")
    assert only(folder).found == "11 cells"


def test_unknown_folder_names_the_cases() -> None:
    with pytest.raises(ScenarioError, match="no such folder"):
        read_scenario("no-such-case")


def test_embedded_case_has_what_the_issue_asks() -> None:
    case = read_scenario("tajik-afghan")
    mobile = sum(unit.count for unit in option_units(case, case.default_option) if unit.mobile)
    assert (len(case.posts) >= 50, mobile >= 100) == (True, True)
    assert abs(case.border.length_m - 1_344_000) <= 500
    assert all(row.source for row in (*case.posts, *case.units, *case.sites, *case.parties))


def test_lines_of_keys_are_found_past_long_texts_and_repeated_tables() -> None:
    text = 'a = 1\nb = """\nc = 2\n"""\n[[t]]\nd = 3\n[[t]]\nd = 4\n[t.u]\ne = 5\n'
    assert find_lines(text) == {
        "a": 1, "b": 2, "t[0]": 5, "t[0].d": 6, "t[1]": 7, "t[1].d": 8, "t[1].u": 9, "t[1].u.e": 10,
    }  # fmt: skip


def test_facts_tell_the_tightest_bounds() -> None:
    assert facts_of(Unit)["duty_hours"].limits == "above 0 to 24"
    assert facts_of(Party)["stand_off_km"].limits == "from 0 to 100"


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_atomically(path, b"old")

    def fill_the_disk(_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_atomically(path, fill_the_disk)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_interrupted_folder_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012, SIM117
        with folder_atomically(tmp_path / "a") as fresh:
            (fresh / "b").write_text("half")
            raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_credits_are_those_of_the_line_and_of_the_settings(folder: Path) -> None:
    change(folder, "scenario.toml", "credits = []", 'credits = ["places: GeoNames (CC BY 4.0)"]')
    change(folder, "border.geojson", '"source"', '"credit": "OSM", "licence": "ODbL", "source"')
    expected = ("line: OSM (ODbL)", "places: GeoNames (CC BY 4.0)")
    assert read_credits(read_scenario(folder), folder) == expected
    (folder / "border.geojson").rename(folder / "line.json")
    change(folder, "scenario.toml", '"border.geojson"', '"line.json"')
    assert read_credits(read_scenario(folder), folder) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
@pytest.mark.parametrize("name", ["half a letter \udcff", "delete \x7f and escape \x1b", "ёж ҷ"])
def test_folder_of_any_name_gets_a_valid_scenario(tmp_path: Path, name: str) -> None:
    (tmp_path / "line.geojson").write_text(LINE)
    scaffold_scenario(tmp_path / name, tmp_path / "line.geojson", "left", START)
    assert read_scenario(tmp_path / name).title.startswith(name[:5])


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("closed_sectors", '["nowhere"]', "'nowhere'"),
        ("river_km", "[[0, 999]]", "a stretch to 999 km"),
    ],
)
def test_movement_that_names_what_is_not_there_is_a_fault_with_its_line(
    folder: Path, key: str, value: str, found: str
) -> None:
    change(folder, "scenario.toml", f"\n{key} = []", f"\n{key} = {value}")
    fault = only(folder)
    assert (fault.column, fault.found) == (f"movement.{key}", found)
    assert fault.row is not None
