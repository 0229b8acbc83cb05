"""What a person may set about risk: how the record is read, and who attacks what, how."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from sarhad.scenario.nouns import (
    STRICT,
    Hours,
    Identifier,
    Instant,
    Kilometres,
    Name,
    Share,
    SiteKind,
    Source,
)

Persons = Annotated[float, Field(ge=0, le=1_000_000)]


@dataclass(frozen=True, slots=True, config=STRICT, kw_only=True)
class RiskSettings:
    """How the record of incidents becomes an intensity per cell and hour."""

    record_from: Annotated[
        Instant | None,
        Field(description="when the record begins; none: a year before it is read, or its first"),
    ] = None
    within_km: Annotated[
        Kilometres, Field(gt=0, le=200, description="incidents count to this distance [km]")
    ] = 50.0
    spread_km: Annotated[
        Kilometres, Field(gt=0, le=100, description="how far near repeats reach [km]")
    ] = 5.0
    memory_weeks: Annotated[
        float, Field(gt=0, le=10_000, description="how long the fit looks back, e-folding [weeks]")
    ] = 52.0
    background_per_week: Annotated[
        float, Field(gt=0, le=1000, description="expected before any record, whole line [1/week]")
    ] = 0.4
    prior_events: Annotated[
        float, Field(gt=0, le=1000, description="how much the prior counts [weeks of record]")
    ] = 2.0
    profile_events: Annotated[
        float, Field(gt=0, le=10_000, description="events that outweigh a flat day or week [1]")
    ] = 24.0
    harm_per_killed: Annotated[Persons, Field(description="harm of one person killed [1]")] = 1.0
    harm_per_injured: Annotated[Persons, Field(description="harm of one person injured [1]")] = 0.2
    harm_events: Annotated[
        float, Field(gt=0, le=10_000, description="events that outweigh the settings of harm [1]")
    ] = 10.0


@dataclass(frozen=True, slots=True, config=STRICT, kw_only=True)
class Attacker:
    """A kind of attack: how often, against what, by which way, and with what harm."""

    id: Identifier
    title: Name
    weight: Annotated[float, Field(ge=0, le=1e6, description="share of attacks, relative [1]")]
    kinds: Annotated[
        tuple[Identifier, ...], Field(description="kinds of incident that tell of it")
    ] = ()
    targets: Annotated[
        tuple[SiteKind, ...],
        Field(description="kinds of site that it goes for; none: it ends at the line"),
    ] = ()
    path: Annotated[
        Literal["walk", "flight"], Field(description="walk over the ground, or fly straight")
    ] = "walk"
    speed_km_h: Annotated[
        float, Field(gt=0, le=400, description="speed of a flight; a walk goes by terrain [km/h]")
    ] = 4.0
    launch_km: Annotated[
        Kilometres, Field(le=100, description="distance beyond the line where it begins [km]")
    ] = 0.0
    reach_km: Annotated[
        Kilometres, Field(gt=0, le=300, description="farthest target from the line [km]")
    ] = 30.0
    patience_hours: Annotated[
        Hours, Field(gt=0, description="targets this much farther are rarer, e-folding [h]")
    ] = 4.0
    harm_share: Annotated[
        Share, Field(description="harm for each person present at the target [1]")
    ] = 0.05
    harm_most: Annotated[
        Persons, Field(description="harm of an attack at most, however many are there [1]")
    ] = 5.0
    harm_fixed: Annotated[
        Persons, Field(description="harm of an attack whoever is present [1]")
    ] = 0.0
    source: Source = ""

    def __post_init__(self) -> None:
        if self.path == "walk" and self.launch_km > 0:
            raise ValueError("launch_km is for a flight: a walk begins at the line")


DEFAULT_ATTACKERS: Final = (
    Attacker(
        id="armed-raid",
        title="Armed raid on a site",
        weight=0.5,
        kinds=("armed_raid", "incursion"),
        targets=("camp", "mine", "village", "crossing", "other"),
        source="illustrative",
    ),
    Attacker(
        id="smuggling",
        title="Smuggling across the line",
        weight=0.3,
        kinds=("smuggling",),
        harm_fixed=0.05,
        source="illustrative",
    ),
    Attacker(
        id="drone",
        title="Drone launched near the line",
        weight=0.2,
        kinds=("drone",),
        targets=("camp", "mine", "crossing"),
        path="flight",
        speed_km_h=60.0,
        launch_km=2.0,
        reach_km=15.0,
        patience_hours=0.25,
        source="illustrative",
    ),
)
"""Attackers of a scenario that names none; every figure is a round number to be edited."""
