"""Who gets where when: on foot, on horseback, by vehicle, by air, and the intruder."""

from sarhad.mobility.air import AirTimes, Track, check_aircraft
from sarhad.mobility.aircraft import Aircraft, aircraft_of, burn_factor, leg_cost
from sarhad.mobility.airspace import Airspace, Routes, build_airspace, find_routes, trace_route
from sarhad.mobility.atmosphere import ceiling_in_air, density_kg_m3
from sarhad.mobility.fields import (
    Surface,
    TimeField,
    as_line,
    build_surface,
    read_field,
    time_field,
    trace_path,
)
from sarhad.mobility.ground import GroundTimes, Way, ground_path, seconds_at_speed
from sarhad.mobility.intruder import IntruderTimes
from sarhad.mobility.land import Land, build_land
from sarhad.mobility.pace import KINDS, Pace, friction, pace_of, tobler_km_h
from sarhad.mobility.paths import intruder_path, response_path
from sarhad.mobility.stations import Stations, nearest_passable, place_stations
from sarhad.mobility.travel import (
    TravelTimes,
    build_scenario_airspace,
    compute_travel_times,
    scenario_land,
    surface_of,
)

__all__ = [
    "KINDS",
    "AirTimes",
    "Aircraft",
    "Airspace",
    "GroundTimes",
    "IntruderTimes",
    "Land",
    "Pace",
    "Routes",
    "Stations",
    "Surface",
    "TimeField",
    "Track",
    "TravelTimes",
    "Way",
    "aircraft_of",
    "as_line",
    "build_airspace",
    "build_land",
    "build_scenario_airspace",
    "build_surface",
    "burn_factor",
    "ceiling_in_air",
    "check_aircraft",
    "compute_travel_times",
    "density_kg_m3",
    "find_routes",
    "friction",
    "ground_path",
    "intruder_path",
    "leg_cost",
    "nearest_passable",
    "pace_of",
    "place_stations",
    "read_field",
    "response_path",
    "scenario_land",
    "seconds_at_speed",
    "surface_of",
    "time_field",
    "tobler_km_h",
    "trace_path",
    "trace_route",
]
