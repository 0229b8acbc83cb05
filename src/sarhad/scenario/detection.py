"""How observers see and report: what the detection rates, the light and the radio start from.

Every default has its source, or the word "assumed", in docs/background/detection.md.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from sarhad.scenario.nouns import STRICT, Kilometres, Share

Metres = Annotated[float, Field(ge=0, le=10_000)]
Factor = Annotated[float, Field(ge=0, le=2)]


@dataclass(frozen=True, slots=True, config=STRICT, kw_only=True)
class DetectionSettings:
    """Where observers look from and to, and how likely they notice what is in sight."""

    range_km: Annotated[
        Kilometres, Field(gt=0, le=100, description="nothing is noticed beyond this [km]")
    ] = 10.0
    refraction: Annotated[
        float, Field(ge=-1, lt=1, description="share of the earth's curvature that light bends [1]")
    ] = 0.13
    far_depth_m: Annotated[
        Metres, Field(description="far side: how deep it is looked into [m]")
    ] = 200.0
    own_depth_m: Annotated[
        Metres, Field(description="own side: how deep it is looked into [m]")
    ] = 1000.0
    looks_per_cell: Annotated[
        int, Field(ge=1, le=20, description="places in each cell from which a patrol looks")
    ] = 3
    patrol_eye_m: Annotated[
        Metres, Field(le=100, description="eyes of a ground patrol above ground [m]")
    ] = 1.7
    person_height_m: Annotated[
        Metres, Field(le=100, description="seen part of a person above ground [m]")
    ] = 1.5
    vehicle_height_m: Annotated[
        Metres, Field(le=100, description="seen part of a vehicle above ground [m]")
    ] = 2.0
    drone_height_m: Annotated[Metres, Field(description="a drone's height above ground [m]")] = 60.0
    sweep_speed_km_h: Annotated[
        float, Field(gt=0, le=1000, description="speed that the sweep widths are for [km/h]")
    ] = 166.7
    person_sweep_m: Annotated[
        Metres, Field(description="eye, day: sweep width for a person on open ground [m]")
    ] = 700.0
    vehicle_sweep_m: Annotated[
        Metres, Field(description="eye, day: sweep width for a vehicle on open ground [m]")
    ] = 2400.0
    drone_sweep_m: Annotated[Metres, Field(description="eye, day: sweep width for a drone [m]")] = (
        300.0
    )
    cover_factor: Annotated[
        Factor, Field(description="sweep widths on this ground against open ground [1]")
    ] = 0.5
    twilight_factor: Annotated[
        Factor, Field(description="eye, twilight: sweep width against day [1]")
    ] = 0.5
    moon_factor: Annotated[
        Factor, Field(description="eye, moonlit night: sweep width against day [1]")
    ] = 0.1
    dark_factor: Annotated[
        Factor, Field(description="eye, dark night: sweep width against day [1]")
    ] = 0.02
    looks_per_minute: Annotated[
        float, Field(gt=0, le=600, description="eye: no place is looked at more often [1/min]")
    ] = 60.0
    scans_per_hour: Annotated[
        float, Field(gt=0, le=3600, description="thermal imager: turns over its sector [1/h]")
    ] = 30.0
    pixel_mrad: Annotated[
        float, Field(gt=0, le=10, description="thermal imager: angle of one pixel [mrad]")
    ] = 0.28
    cycles: Annotated[
        float, Field(gt=0, le=20, description="line pairs across a target noticed half the time")
    ] = 1.0
    person_size_m: Annotated[
        Metres, Field(gt=0, le=100, description="thermal: critical size of a person [m]")
    ] = 0.75
    vehicle_size_m: Annotated[
        Metres, Field(gt=0, le=100, description="thermal: critical size of a vehicle [m]")
    ] = 2.3
    drone_size_m: Annotated[
        Metres, Field(gt=0, le=100, description="thermal: critical size of a drone [m]")
    ] = 0.35
    poor_weather_share: Annotated[
        Share, Field(description="share of the time with poor weather [1]")
    ] = 0.2
    poor_weather_factor: Annotated[
        Share, Field(description="distances and sweep widths in poor weather against clear [1]")
    ] = 0.5
    twilight_ends_deg: Annotated[
        float, Field(ge=-18, le=-0.9, description="height of the sun where night begins [degrees]")
    ] = -12.0
    moon_height_deg: Annotated[
        float, Field(ge=0, le=90, description="a night is moonlit with the moon above [degrees]")
    ] = 5.0
    moon_lit_share: Annotated[
        Share, Field(description="and at least this share of its disk lit [1]")
    ] = 0.25


@dataclass(frozen=True, slots=True, config=STRICT, kw_only=True)
class RadioSettings:
    """How a sighting is reported: by radio to a relay post in sight, or by satellite."""

    range_km: Annotated[
        Kilometres, Field(le=500, description="largest distance to a relay post [km]")
    ] = 30.0
    antenna_m: Annotated[
        Metres, Field(le=100, description="antenna of a ground patrol above ground [m]")
    ] = 2.0
    satellite: Annotated[
        bool, Field(description="every observer has a satellite telephone as well")
    ] = False
