"""The brief: which option, how much better, how sure, at what cost, what stays open."""

from sarhad.report.brief.document import (
    Answers,
    BriefDocument,
    Contribution,
    Credit,
    Derivation,
    Estimate,
    LeftOpen,
    OptionRow,
    ScenarioFacts,
    Settings,
    UncertaintyBar,
    UnitOrders,
)
from sarhad.report.brief.ground import (
    Ground,
    MapIncident,
    MapPost,
    MapSector,
    MapSite,
    Meridian,
    Place,
    ReliefPicture,
)
from sarhad.report.brief.json_form import to_json
from sarhad.report.brief.line_values import LineValues, Quantised, quantise
from sarhad.report.brief.page import build_brief
from sarhad.report.brief.survey import survey_ground
from sarhad.report.brief.wording import Message, Number, tell

__all__ = [
    "Answers",
    "BriefDocument",
    "Contribution",
    "Credit",
    "Derivation",
    "Estimate",
    "Ground",
    "LeftOpen",
    "LineValues",
    "MapIncident",
    "MapPost",
    "MapSector",
    "MapSite",
    "Meridian",
    "Message",
    "Number",
    "OptionRow",
    "Place",
    "Quantised",
    "ReliefPicture",
    "ScenarioFacts",
    "Settings",
    "UncertaintyBar",
    "UnitOrders",
    "build_brief",
    "quantise",
    "survey_ground",
    "tell",
    "to_json",
]
