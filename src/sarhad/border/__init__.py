"""The line itself: its chainage, its cells, and where any point lies beside it.

Lengths are geodesic on WGS 84. They grow with the detail that a line is drawn in, so a
border remembers the tolerance that it was simplified to, and no length goes without it.
"""

from sarhad.border.beside import places_beside
from sarhad.border.geodesy import Side
from sarhad.border.joining import BorderError
from sarhad.border.line import (
    Border,
    BorderCells,
    build_border,
    cut_into_cells,
    densify,
    describe_length,
    place_at,
    simplify,
)
from sarhad.border.nearest import LinePlane, lay_out, locate

__all__ = [
    "Border",
    "BorderCells",
    "BorderError",
    "LinePlane",
    "Side",
    "build_border",
    "cut_into_cells",
    "densify",
    "describe_length",
    "lay_out",
    "locate",
    "place_at",
    "places_beside",
    "simplify",
]
