"""A small country to look at: a straight line from west to east, and land of any shape."""

import numpy as np

from sarhad.border import build_border, cut_into_cells, lay_out
from sarhad.grid import Grid
from sarhad.scenario import Horizon, Option, Party, Post, Scenario, TerrainSettings, Unit
from sarhad.terrain import build_terrain

CRS = (
    "+proj=tmerc +lat_0=37 +lon_0=68 +k_0=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs +type=crs"
)


class Land:
    """Heights from a function of east and north [m]."""

    credit, stand_in = "invented", False

    def __init__(self, grid, height_m):
        self.grid, self.height_m = grid, height_m

    def read(self, row, column, rows, columns):
        east, north = self.grid.centres
        part = np.meshgrid(east[column : column + columns], north[row : row + rows])
        return np.broadcast_to(self.height_m(*part), (rows, columns)).astype(np.float32)


def flat(east_m, _north_m):
    return np.zeros_like(east_m)


def lay_land(height_m=flat, cell_m=100.0, half_m=16_000.0):
    cells = round(2 * half_m / cell_m)
    grid = Grid(CRS, -half_m, half_m, cell_m, cells, cells)
    tiles = -(-cells // 256)
    return build_terrain(grid, np.ones((tiles, tiles), bool), Land(grid, height_m))


def draw_line(terrain, points=((-10_000.0, 0.0), (10_000.0, 0.0)), own_side="left"):
    """Return the border through points of the plane, its cells of 1 km and its plane."""
    longitude, latitude = terrain.grid.unproject(*np.array(points).T)
    border = build_border([np.column_stack([longitude, latitude])], own_side)
    return border, cut_into_cells(border, 1000.0), lay_out(border, terrain.grid.project, 100.0)


def make_scenario(border, terrain, posts=(), units=(), parties=(), **sections):
    own = Party(id="own", name="Own", role="own")
    return Scenario(
        name="flatland",
        title="Flatland",
        time_zone="UTC",
        default_option="all",
        border=border,
        horizon=Horizon(start="2025-12-08T00:00Z", days=1),
        terrain=TerrainSettings(cell_m=terrain.grid.cell_m, corridor_km=15.0),
        parties=(own, *parties),
        posts=posts,
        units=units,
        options=(Option(name="all", title="All"),),
        **sections,
    )


def make_post(terrain, name, east_m, north_m, **fields):
    lon, lat = terrain.grid.unproject(east_m, north_m)
    place = {"lon": float(lon), "lat": float(lat)}
    return Post(id=name, name=name, party="own", kind="post", **{**place, **fields})


def make_unit(name, base, kind="foot", party="own"):
    flight = {}
    if kind == "helicopter":
        flight = {"fuel_kg": 1000.0, "burn_kg_h": 500.0, "reserve_min": 20.0, "ceiling_m": 5000.0}
        flight |= {"flying_hours": 6.0, "turnaround_min": 30.0}
    return Unit(id=name, name=name, party=party, kind=kind, base=base, speed_km_h=5.0, **flight)
