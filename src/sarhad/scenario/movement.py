"""How fast units, intruders and aircraft move: the figures that a person may set."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field
from pydantic.dataclasses import dataclass

from sarhad.scenario.nouns import STRICT, Identifier, Kilometres, Latitude, Longitude, Share

Metres = Annotated[float, Field(ge=0, le=12_000)]
Degrees = Annotated[float, Field(gt=0, le=80)]
Factor = Annotated[float, Field(gt=0, le=10)]
Crossing = Annotated[float, Field(ge=0, le=10_080)]

MONTHS: Final = 12


@dataclass(frozen=True, slots=True, config=STRICT, kw_only=True)
class Movement:
    """How units, intruders and aircraft move; docs/background/movement.md says by which models."""

    cell_m: Annotated[
        float,
        Field(ge=5, le=5000, description="finer heights are averaged to about this cell [m]"),
    ] = 60.0
    limit_hours: Annotated[
        float, Field(gt=0, le=72, description="ground units farther away than this: never [h]")
    ] = 6.0
    station_m: Annotated[
        float,
        Field(ge=0, le=20_000, description="distance of the patrol stations from the line [m]"),
    ] = 300.0
    search_m: Annotated[
        float,
        Field(ge=0, le=20_000, description="a station or post moves this far to passable ground"),
    ] = 3000.0
    off_path: Annotated[
        Factor, Field(le=1, description="speed off paths as a share of that on them, on foot")
    ] = 0.6
    off_road: Annotated[
        Factor, Field(le=1, description="speed off roads as a share of that on them, vehicles")
    ] = 0.3
    steepest_foot_deg: Annotated[
        Degrees, Field(description="steepest ground on foot [degrees]")
    ] = 40.0
    steepest_horse_deg: Annotated[
        Degrees, Field(description="steepest ground on horseback [degrees]")
    ] = 30.0
    steepest_vehicle_deg: Annotated[
        Degrees, Field(description="steepest ground of vehicles off roads [degrees]")
    ] = 17.0
    highest_m: Annotated[Metres, Field(description="no ground unit goes higher [m]")] = 5500.0
    snow_line_m: Annotated[
        tuple[Metres, ...],
        Field(description="height of the snow line, January to December; empty: no snow [m]"),
    ] = ()
    snow_factor: Annotated[
        Factor, Field(le=1, description="speed above the snow line as a share of that below")
    ] = 0.5
    river_km: Annotated[
        tuple[tuple[Kilometres, Kilometres], ...],
        Field(description="stretches of the line that are rivers, [[from, to], ...] [km]"),
    ] = ()
    river_min: Annotated[Crossing, Field(description="time to cross such a river [min]")] = 30.0
    river_month_factor: Annotated[
        tuple[Factor, ...],
        Field(description="factor on river_min, January to December; empty: always 1"),
    ] = ()
    bridge_min: Annotated[
        Crossing, Field(description="time to cross it at a post of kind crossing [min]")
    ] = 5.0
    cover_km: Annotated[
        Kilometres,
        Field(le=100, description="an intruder this far beyond the line is out of reach [km]"),
    ] = 1.0
    intruder_km_h: Annotated[
        float, Field(gt=0, le=20, description="intruder on foot, on a flat path [km/h]")
    ] = 5.0
    intruder_hours: Annotated[
        float, Field(gt=0, le=72, description="no intruder walks longer than this to a site [h]")
    ] = 12.0
    drone_km_h: Annotated[
        float, Field(gt=0, le=500, description="speed of a hostile drone [km/h]")
    ] = 60.0
    drone_range_km: Annotated[
        Kilometres, Field(le=1000, description="farthest site that it reaches from the line [km]")
    ] = 15.0
    temperature_offset_c: Annotated[
        float,
        Field(ge=-60, le=60, description="air warmer than the standard atmosphere by [degrees C]"),
    ] = 0.0
    climb_m_s: Annotated[
        float, Field(gt=0, le=50, description="helicopters: rate of climb [m/s]")
    ] = 4.0
    climb_burn: Annotated[
        Share, Field(description="helicopters: extra burn while climbing, share of burn_kg_h")
    ] = 0.2
    weight_share: Annotated[
        Factor,
        Field(le=2, description="helicopters: weight as a share of that of burn_kg_h, ceiling_m"),
    ] = 1.0
    hover_share: Annotated[
        Factor, Field(le=1, description="helicopters: hover ceiling as a share of ceiling_m")
    ] = 0.75
    clearance_m: Annotated[
        Metres, Field(description="helicopters: least height over the highest ground of a leg [m]")
    ] = 150.0
    track_m: Annotated[
        Metres, Field(description="helicopters: height above ground on a patrol track [m]")
    ] = 150.0
    assumed_ground_m: Annotated[
        Metres | None,
        Field(description="ground assumed where no heights are; none: not flown there [m]"),
    ] = 3000.0
    closed_circles: Annotated[
        tuple[tuple[Longitude, Latitude, Kilometres], ...],
        Field(description="closed to aircraft: [[lon, lat, radius in km], ...]"),
    ] = ()
    closed_sectors: Annotated[
        tuple[Identifier, ...], Field(description="sectors whose corridor is closed to aircraft")
    ] = ()

    def __post_init__(self) -> None:
        for name in ("snow_line_m", "river_month_factor"):
            if len(getattr(self, name)) not in (0, MONTHS):
                raise ValueError(f"{name} has one value for each of the 12 months, or none")
        if any(start >= end for start, end in self.river_km):
            raise ValueError("river_km goes from a lower to a higher chainage")
        if any(radius_km <= 0 for _, _, radius_km in self.closed_circles):
            raise ValueError("closed_circles have a radius above 0 km")
