"""The judge: what a plan is worth, exactly and in simulation; it never sees a solver."""

from sarhad.evaluation.compare import (
    NOT_MODELLED,
    UNCERTAINTIES,
    Comparison,
    Contribution,
    Entry,
    Standing,
    TornadoBar,
    compare,
    comparison_as_json,
    evaluate,
    value_contributions,
)
from sarhad.evaluation.contributions import with_hotline, with_more_officers, with_more_units
from sarhad.evaluation.exposure import Exposure, expose
from sarhad.evaluation.intervals import Interval, mean_interval, share_interval
from sarhad.evaluation.metrics import (
    IN_VIEW,
    Metrics,
    PartyWork,
    SectorLeft,
    avoided_in_week,
    help_minutes,
    longest_unwatched,
    measure,
)
from sarhad.evaluation.rehearsal import Rehearsal, rehearse
from sarhad.evaluation.simulate import ATTACKERS, Simulation, SimulationSettings, simulate
from sarhad.evaluation.strain import Circumstances, Strain, harm_under, prepare_strain

__all__ = [
    "ATTACKERS",
    "IN_VIEW",
    "NOT_MODELLED",
    "UNCERTAINTIES",
    "Circumstances",
    "Comparison",
    "Contribution",
    "Entry",
    "Exposure",
    "Interval",
    "Metrics",
    "PartyWork",
    "Rehearsal",
    "SectorLeft",
    "Simulation",
    "SimulationSettings",
    "Standing",
    "Strain",
    "TornadoBar",
    "avoided_in_week",
    "compare",
    "comparison_as_json",
    "evaluate",
    "expose",
    "harm_under",
    "help_minutes",
    "longest_unwatched",
    "mean_interval",
    "measure",
    "prepare_strain",
    "rehearse",
    "share_interval",
    "simulate",
    "value_contributions",
    "with_hotline",
    "with_more_officers",
    "with_more_units",
]
