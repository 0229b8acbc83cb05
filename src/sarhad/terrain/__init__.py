"""Elevation on the one raster frame: tiles near the line, slope, relief shading, voids."""

from sarhad.terrain.relief import aspect, shade, slope
from sarhad.terrain.tiles import (
    STAND_IN_NOTICE,
    TILE_CELLS,
    ElevationReader,
    Terrain,
    build_terrain,
    elevation_at,
    places_of_cells,
    window,
)
from sarhad.terrain.voids import VoidPatch, VoidReport, find_voids

__all__ = [
    "STAND_IN_NOTICE",
    "TILE_CELLS",
    "ElevationReader",
    "Terrain",
    "VoidPatch",
    "VoidReport",
    "aspect",
    "build_terrain",
    "elevation_at",
    "find_voids",
    "places_of_cells",
    "shade",
    "slope",
    "window",
]
