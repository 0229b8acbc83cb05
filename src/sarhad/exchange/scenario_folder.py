"""Reads a scenario folder: settings, line and tables, with all faults of all files at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from sarhad.border import Border, BorderError, build_border
from sarhad.errors import Fault, ScenarioError
from sarhad.exchange.lines import read_line_parts
from sarhad.exchange.settings import (
    RELIEF_FILE,
    ROWS,
    SETTINGS_FILE,
    Settings,
    read_settings,
)
from sarhad.exchange.tables import Table, read_table
from sarhad.scenario import (
    Contradiction,
    Draft,
    Incident,
    Party,
    Post,
    Scenario,
    Sector,
    Site,
    Unit,
    find_contradictions,
)

TABLES: Final[Mapping[str, type]] = {
    "parties": Party,
    "sectors": Sector,
    "posts": Post,
    "units": Unit,
    "sites": Site,
    "incidents": Incident,
}
"""Tables of a scenario folder, by the field that they fill; the file is called so, with .csv."""

NEEDED_TABLES: Final = ("parties", "posts", "units")
"""Tables that every scenario has; the others may be missing."""

TERRAIN_WORDS: Final = ("stand-in", "copernicus-30", "copernicus-90")
"""Sources of heights that are no file of the folder."""

JOIN_M: Final = 50.0
"""Widest opening between two parts of a line that is closed without a word [m]."""


def read_scenario(folder_or_name: str | Path) -> Scenario:
    """Return the scenario of a folder, or the embedded case of that name.

    Parameters
    ----------
    folder_or_name : str or Path
        A scenario folder; or the name of an embedded case, such as ``tajik-afghan``.

    Raises
    ------
    ScenarioError
        With every fault, if there are any.
    """
    scenario, faults = find_faults(find_folder(folder_or_name))
    if scenario is None:
        raise ScenarioError(faults)
    return scenario


def case_names() -> tuple[str, ...]:
    """Return the names of the embedded cases."""
    cases = Path(str(files("sarhad"))) / "cases"
    if not cases.is_dir():
        return ()
    return tuple(sorted(case.name for case in cases.iterdir() if (case / SETTINGS_FILE).is_file()))


def find_folder(folder_or_name: str | Path) -> Path:
    """Return the folder of a scenario; an embedded case where no folder of that name is one.

    Raises
    ------
    ScenarioError
        If there is neither.
    """
    folder, name = Path(folder_or_name), str(folder_or_name)
    if (folder / SETTINGS_FILE).is_file():
        return folder
    cases = case_names()
    if name in cases:
        return Path(str(files("sarhad"))) / "cases" / name
    if folder.is_dir():
        cure = "`sarhad new` makes such a folder"
        raise ScenarioError(
            (Fault(name or ".", None, None, "no settings file", SETTINGS_FILE, cure),)
        )
    close = get_close_matches(name, cases, n=1)
    cure = f"Did you mean '{close[0]}'?" if close else "`sarhad new` makes such a folder"
    expected = "a scenario folder or an embedded case" + (f" ({', '.join(cases)})" if cases else "")
    raise ScenarioError((Fault(name, None, None, "no such folder", expected, cure),))


def find_faults(
    folder: str | Path, *, open_heights: bool = False
) -> tuple[Scenario | None, tuple[Fault, ...]]:
    """Return the scenario of a folder and all its faults; with a fault there is no scenario.

    Parameters
    ----------
    folder : str or Path
        The scenario folder.
    open_heights : bool
        Look into its raster files too; who goes on to read them finds their faults anyway.
    """
    read = _Reading(Path(folder))
    _read_settings_file(read)
    _read_border(read)
    _read_tables(read)
    _check_terrain_files(read, open_heights)
    draft = _draft(read)
    read.faults += [_fault(read, problem) for problem in find_contradictions(draft)]
    if read.faults or read.border is None:
        return None, tuple(read.faults)
    rows = {name: table.rows for name, table in read.tables.items()}
    parts = {**_scenario_keys(read.settings), **read.settings.sections, **rows}
    options, attackers = tuple(read.settings.options), tuple(read.settings.attackers)
    return Scenario(border=read.border, options=options, attackers=attackers, **parts), ()


@dataclass(slots=True)
class _Reading:
    """What has been read of a folder so far."""

    folder: Path
    settings: Settings = field(default_factory=Settings)
    border: Border | None = None
    tables: dict[str, Table[Any]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def _scenario_keys(settings: Settings) -> dict[str, Any]:
    apart = ("schema", "own_side", "border")
    return {name: value for name, value in settings.general.items() if name not in apart}


def _inside(folder: Path, name: str) -> Path | None:
    """Return the path of a file of the folder, or None if it leads out of it."""
    try:
        path = (folder / name).resolve()
    except (OSError, ValueError, RuntimeError):
        return None
    return path if path.is_relative_to(folder.resolve()) else None


def _find_file(read: _Reading, name: str, place: Fault) -> Path | None:
    """Return the path of a named file; what stands against reading it becomes a fault.

    `place` says where the name was entered, and what to do if the file is missing.
    """
    path = _inside(read.folder, name)
    if path is None:
        expected = "a file inside the scenario folder"
        cure = "Copy it into the folder and give its name alone"
        found = f"'{name}', which leads out of the folder"
        read.faults.append(Fault(place.file, place.row, place.column, found, expected, cure))
    elif not path.is_file():
        read.faults.append(place)
        return None
    return path


def _read_settings_file(read: _Reading) -> None:
    missing = _missing_file(read.folder, SETTINGS_FILE, "`sarhad new` makes one")
    path = _find_file(read, SETTINGS_FILE, missing)
    if path is None:
        return
    try:
        read.settings = read_settings(path)
    except OSError as error:
        found = error.strerror or "an error"
        read.faults.append(Fault(SETTINGS_FILE, None, None, found, "a readable file"))
    read.faults += read.settings.faults


def _missing_file(folder: Path, name: str, cure: str) -> Fault:
    there = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    close = [other for other in get_close_matches(name, there, n=1, cutoff=0.75) if other != name]
    cure = f"Rename '{close[0]}' to '{name}'" if close else cure
    return Fault(name, None, None, "no such file", "this file in the scenario folder", cure)


def _read_border(read: _Reading) -> None:
    entered = read.settings.entered.get("border", "border.geojson")
    if not isinstance(entered, str):
        return
    row = read.settings.line_of("border")
    cure = 'Copy the line there, or name its file: border = "line.kml"'
    place = absent = _missing_file(read.folder, entered, cure)
    if row is not None:
        found = f"'{entered}', which is not there"
        place = Fault(SETTINGS_FILE, row, "border", found, "a file of the folder", absent.cure)
    path = _find_file(read, entered, place)
    if path is None:
        return
    try:
        parts = read_line_parts(path, entered)
        # The side is checked with the settings; a border is needed here to check places.
        side = read.settings.entered.get("own_side")
        read.border = build_border(parts, side if side in ("left", "right") else "left", JOIN_M)
    except ScenarioError as error:
        read.faults += error.faults
    except BorderError as error:
        read.faults += line_faults(error, entered)


def line_faults(error: BorderError, file: str) -> list[Fault]:
    """Return the faults of a line that is no border, each with its place.

    Parameters
    ----------
    error : BorderError
        What `build_border` raised.
    file : str
        What the file is called in the faults.
    """
    if not error.gaps_m:
        return [Fault(file, None, None, str(error), "one unbroken line")]
    cure = "Draw the missing piece, or move the ends together"
    return [
        Fault(
            file,
            None,
            None,
            f"a gap of {gap_m:,.0f} m near ({lon:.5f}, {lat:.5f})",
            f"parts whose ends lie within {JOIN_M:g} m of each other",
            cure,
        )
        for (lon, lat), gap_m in zip(error.places, error.gaps_m, strict=True)
    ]


def _read_tables(read: _Reading) -> None:
    there = {path.name for path in read.folder.iterdir()} if read.folder.is_dir() else set()
    for name, noun in TABLES.items():
        file = f"{name}.csv"
        if file not in there and name not in NEEDED_TABLES:
            read.tables[name] = Table()
            read.faults += _misnamed(file, there)
            continue
        path = _find_file(read, file, _missing_file(read.folder, file, "`sarhad new` makes one"))
        read.tables[name] = Table(unread=True) if path is None else read_table(path, noun, file)
        read.faults += read.tables[name].faults


def _misnamed(file: str, there: set[str]) -> Iterator[Fault]:
    """Report a table that would silently be left out because its name is nearly right."""
    tables = {f"{name}.csv" for name in TABLES}
    others = [name for name in there - tables if name.lower().endswith(".csv")]
    for close in get_close_matches(file, others, n=1, cutoff=0.8):
        yield Fault(close, None, None, "a table of this name", file, f"Rename it to '{file}'")


def _check_terrain_files(read: _Reading, open_heights: bool) -> None:
    settings = read.settings.sections.get("terrain")
    if settings is None:
        return
    named = [name for name in settings.source if name not in TERRAIN_WORDS]
    made_from = [RELIEF_FILE] if "stand-in" in settings.source else []
    # A list: every file that is not there is to be told.
    found = [_find_terrain_file(read, name) for name in named + made_from]
    if open_heights and named and all(found) and read.border is not None:
        # Imported late: GDAL takes most of the time that a check may take.
        from sarhad.exchange.heights import find_height_faults

        read.faults += find_height_faults(read.border, settings, read.folder)


def _find_terrain_file(read: _Reading, name: str) -> Path | None:
    key = "terrain.source"
    expected = f"a raster file of the folder, or one of {', '.join(TERRAIN_WORDS)}"
    cure = "Copy the heights into the folder"
    if name == RELIEF_FILE:
        expected = "the file that the stand-in is made from"
        cure = "Use copernicus-90 and `sarhad terrain fetch`, or a raster of your own"
    row, found = read.settings.line_of(key), f"'{name}', which is not there"
    return _find_file(read, name, Fault(SETTINGS_FILE, row, key, found, expected, cure))


def _draft(read: _Reading) -> Draft:
    settings, tables = read.settings, read.tables
    entered = settings.entered.get("options", [])
    # An option with a fault and no name still means that there are options.
    names = [str(option.get("name") or "?") for option in entered if isinstance(option, dict)]
    sound = {option.name for option in settings.options}
    spoiled = {name: table.spoiled for name, table in tables.items()}
    spoiled["options"] = frozenset(name for name in names if name not in sound)
    unread = {name for name, table in tables.items() if table.unread}
    if not settings.entered:
        unread.add("options")
    default = settings.entered.get("default_option")
    return Draft(
        border=read.border,
        cell_m=settings.general.get("cell_m", 1000.0),
        default_option=default if isinstance(default, str) and default else None,
        options=tuple(settings.options),
        movement=settings.sections.get("movement"),
        attackers=tuple(settings.attackers),
        spoiled=spoiled,
        unread=frozenset(unread),
        **{name: table.rows for name, table in tables.items()},
    )


def _fault(read: _Reading, problem: Contradiction) -> Fault:
    """Return a contradiction with the file and row where it stands."""
    file = f"{problem.table}.csv" if problem.table in TABLES else SETTINGS_FILE
    row, found, column = _row(read, problem, problem.index), problem.found, problem.column
    if problem.twin is not None:
        found += f", also in row {_row(read, problem, problem.twin)}"
    if problem.table in ROWS and problem.index >= 0:
        position = _position(read, problem.table, problem.index)
        key = "name" if problem.table == "options" else "id"
        column = f"{read.settings.label(position, problem.table, key)}.{column}"
    return Fault(file, row, column, found, problem.expected, problem.cure)


def _row(read: _Reading, problem: Contradiction, index: int) -> int | None:
    if problem.table in TABLES:
        return read.tables[problem.table].numbers[index] if index >= 0 else None
    if not problem.table or index < 0:
        return read.settings.line_of(problem.column)
    position = _position(read, problem.table, index)
    return read.settings.line_of(f"{problem.table}[{position}].{problem.column}")


def _position(read: _Reading, table: str, index: int) -> int:
    """Return where a sound option or attacker stands among all of the file."""
    settings = read.settings
    return (settings.positions if table == "options" else settings.attacker_positions)[index]
