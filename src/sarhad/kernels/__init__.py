"""Compiled kernels: arrays in, arrays out."""

from sarhad.kernels.heights import HeightField, prepare_heights
from sarhad.kernels.horizon import least_heights
from sarhad.kernels.sightline import pairs_within, sight_clearance
from sarhad.kernels.viewshed import BitWindow, viewshed_counts, viewsheds
from sarhad.kernels.walking import PaceTable, tabulate_pace, travel_time_field

__all__ = [
    "BitWindow",
    "HeightField",
    "PaceTable",
    "least_heights",
    "pairs_within",
    "prepare_heights",
    "sight_clearance",
    "tabulate_pace",
    "travel_time_field",
    "viewshed_counts",
    "viewsheds",
]
