"""Compiled kernels: arrays in, arrays out."""

from sarhad.kernels.duty import (
    NONE,
    AirSpace,
    BestDuty,
    add_visits,
    best_sorties,
    fine_sortie,
    flying_day,
    ground_duty,
    sortie_route,
    worth_of_visits,
)
from sarhad.kernels.heights import HeightField, prepare_heights
from sarhad.kernels.horizon import least_heights
from sarhad.kernels.sightline import pairs_within, sight_clearance
from sarhad.kernels.viewshed import BitWindow, viewshed_counts, viewsheds
from sarhad.kernels.walking import PaceTable, tabulate_pace, travel_time_field

__all__ = [
    "NONE",
    "AirSpace",
    "BestDuty",
    "BitWindow",
    "HeightField",
    "PaceTable",
    "add_visits",
    "best_sorties",
    "fine_sortie",
    "flying_day",
    "ground_duty",
    "least_heights",
    "pairs_within",
    "prepare_heights",
    "sight_clearance",
    "sortie_route",
    "tabulate_pace",
    "travel_time_field",
    "viewshed_counts",
    "viewsheds",
    "worth_of_visits",
]
