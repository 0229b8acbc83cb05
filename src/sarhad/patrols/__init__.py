"""Patrols: teams, what each may do in a day, what they notice, and what that is against."""

from sarhad.patrols.attacks import HOURS, LEAD_HOURS, PLAN_TARGETS, Attacks
from sarhad.patrols.coverage import add_duty, covered, effort_of, no_effort
from sarhad.patrols.duties import Duty, Sortie, find_breaches, passes_of
from sarhad.patrols.flights import BLOCKS, NO_BLOCK, TAKE_OFF_BLOCKS, Flight, build_flight
from sarhad.patrols.looks import (
    LEAST_CHANCE,
    QUARTERS,
    Look,
    WeatherState,
    make_look,
    pass_chance,
    stay_chance,
)
from sarhad.patrols.network import Limits, PatrolNetwork, best_chance, build_patrol_network
from sarhad.patrols.teams import (
    UNREACHED,
    GroundReach,
    Member,
    Team,
    build_reach,
    may_enter,
    narrow_reach,
)

__all__ = [
    "BLOCKS",
    "HOURS",
    "LEAD_HOURS",
    "LEAST_CHANCE",
    "NO_BLOCK",
    "PLAN_TARGETS",
    "QUARTERS",
    "TAKE_OFF_BLOCKS",
    "UNREACHED",
    "Attacks",
    "Duty",
    "Flight",
    "GroundReach",
    "Limits",
    "Look",
    "Member",
    "PatrolNetwork",
    "Sortie",
    "Team",
    "WeatherState",
    "add_duty",
    "best_chance",
    "build_flight",
    "build_patrol_network",
    "build_reach",
    "covered",
    "effort_of",
    "find_breaches",
    "make_look",
    "may_enter",
    "narrow_reach",
    "no_effort",
    "pass_chance",
    "passes_of",
    "stay_chance",
]
