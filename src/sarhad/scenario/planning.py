"""What a person may set about the plan: the attacker assumed, the weather, how help arrives."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from sarhad.scenario.nouns import STRICT, Kilometres, Minutes, Share


@dataclass(frozen=True, slots=True, config=STRICT, kw_only=True)
class PlanSettings:
    """How plans are chosen and what a detection is worth."""

    adaptivity: Annotated[
        Share, Field(description="weight of an attacker that watches and adapts, against a habit")
    ] = 0.5
    flyable_share: Annotated[
        Share, Field(description="chance that a day can be flown; flown days have clear weather")
    ] = 0.8
    report_min: Annotated[
        Minutes, Field(le=240, description="from a sighting to whoever answers it [min]")
    ] = 5.0
    turnout_min: Annotated[
        Minutes, Field(le=240, description="from the report to a team's leaving its post [min]")
    ] = 10.0
    shelter_min: Annotated[
        Minutes, Field(gt=0, le=240, description="people warned of a drone take shelter in [min]")
    ] = 3.0
    own_response_km: Annotated[
        Kilometres, Field(le=50, description="a patrol answers its own sighting this far [km]")
    ] = 1.0
    least_detection: Annotated[
        Share, Field(description="attacks that no duty notices this likely are out of reach [1]")
    ] = 0.01
    surest_look: Annotated[
        Share, Field(gt=0, description="no hour's watch notices a crossing more surely [1]")
    ] = 0.9
    entry_km: Annotated[
        Kilometres, Field(gt=0, le=100, description="helicopters join the track every so far [km]")
    ] = 5.0
    predictability: Annotated[
        Share, Field(description="a week's pattern may tell this much of the next day's cover [1]")
    ] = 0.25
