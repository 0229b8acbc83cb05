"""Writes docs/reference/scenario-folder.md from the fields of the nouns: one definition of each.

Run it after a change to a field: python tools/write_scenario_reference.py
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING
from pathlib import Path

from sarhad.exchange.fields import FieldFacts, facts_of
from sarhad.exchange.scenario_folder import NEEDED_TABLES, TABLES
from sarhad.exchange.settings import SECTIONS, General
from sarhad.exchange.tables import LONGEST_LINE, MOST_FAULTS, MOST_ROWS
from sarhad.scenario import FAR_BASE_KM, FAR_KM, Attacker, Cooperation, Option

PAGE = Path(__file__).resolve().parents[1] / "docs/reference/scenario-folder.md"

HEAD = f"""\
# The scenario folder

<!-- Written by tools/write_scenario_reference.py from the fields themselves: edit those. -->

A scenario is a folder that a person edits. `sarhad new FOLDER --border FILE` makes one, and
`sarhad check FOLDER` lists every mistake in it: file, row, column, what was found, what was
expected, what to do.

| file | what | needed |
|---|---|---|
| `scenario.toml` | settings, rules and options | yes |
| `border.geojson` | the line; `border` may name a KML, KMZ, GeoPackage or GPX | yes |
| `parties.csv`, `posts.csv`, `units.csv` | who watches, from where, with what | yes |
| `sectors.csv`, `sites.csv`, `incidents.csv` | stretches, civil places, the record | no |
| rasters | heights that `terrain.source` names | no |

Nothing outside the folder is read, through no path and no link.

## Tables

- UTF-8, with or without a byte-order mark. Commas, semicolons or tabs between cells, whatever the
  spreadsheet writes; the decimal sign is a point.
- The first row names the columns. A column or key that is not listed here is refused.
- An empty cell takes the default. Several values in a cell are separated by spaces; `-` is none.
- Yes or no: `yes`, `no`, `true`, `false`.
- A time says its offset from UTC: `2025-11-26T18:45+05:00`.
- At most {MOST_ROWS:,} rows, and {LONGEST_LINE // 1024} kB in a line; after {MOST_FAULTS:,} faults
  a table is read no further.
- An `id` is used once in its table. A row that names a party, post, sector, unit or option names
  one that exists.
- A post, site or incident lies within {FAR_KM:g} km of the line (an incident: plus its
  radius), a base or airfield within {FAR_BASE_KM:,g} km.
"""


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)


def page() -> str:
    """Return the whole page."""
    return "\n".join([HEAD, *_tables(), "## scenario.toml\n", *_settings()])


def _tables() -> Iterator[str]:
    for name, noun in TABLES.items():
        needed = "" if name in NEEDED_TABLES else " (may be missing)"
        yield f"### {name}.csv{needed}\n\n{_summary(noun)}\n\n{_fields(noun)}\n"


def _settings() -> Iterator[str]:
    yield f"### Keys before the first section\n\n{_fields(General)}\n"
    for name, noun in SECTIONS.items():
        yield f"### [{name}]\n\n{_summary(noun)}\n\n{_fields(noun)}\n"
    yield (
        f"### [[options]]\n\n{_summary(Option)} One `[[options]]` for each; "
        f"they may extend each other, not in a circle.\n\n{_fields(Option)}\n"
    )
    yield (
        f"### [[attackers]]\n\n{_summary(Attacker)} One `[[attackers]]` for each; where there is "
        f"none, the three of `sarhad new` hold.\n\n{_fields(Attacker)}\n"
    )
    yield f"### [options.cooperation]\n\n{_summary(Cooperation)}\n\n{_fields(Cooperation)}\n"
    yield (
        '`terrain = "copernicus-90"` is short for a section with that source alone. Sectors lie\n'
        "within the line and do not overlap. A horizon may cross a change of the clocks; `check`\n"
        "notes it.\n"
    )


def _summary(noun: type) -> str:
    return (noun.__doc__ or "").split("\n")[0]


def _fields(noun: type) -> str:
    rows = [_row(fact) for fact in facts_of(noun).values()]
    return "\n".join(["| name | meaning | legal | default |", "|---|---|---|---|", *rows])


def _row(fact: FieldFacts) -> str:
    legal = f"several, each {fact.shape}" if fact.many else fact.shape
    cells = (f"`{fact.name}`", fact.description, legal, _default(fact))
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _default(fact: FieldFacts) -> str:
    value = fact.default
    if value is MISSING:
        return "**needed**"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        value = " ".join(value)
    return "none" if value in (None, "") else f"`{value}`"


if __name__ == "__main__":
    main()
