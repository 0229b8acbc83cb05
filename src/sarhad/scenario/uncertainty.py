"""What a person may set about what is not known: ranges under which options are compared."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from sarhad.scenario.nouns import STRICT, Share


@dataclass(frozen=True, slots=True, config=STRICT, kw_only=True)
class UncertaintySettings:
    """Ranges within which the ranking of the options is tried, each value as likely as another."""

    detection_low: Annotated[
        float, Field(gt=0, le=1, description="least factor on how far patrols and posts see [1]")
    ] = 0.7
    detection_high: Annotated[
        float, Field(ge=1, le=10, description="greatest factor on how far they see [1]")
    ] = 1.3
    flyable_low: Annotated[Share, Field(description="least chance that a day can be flown [1]")] = (
        0.6
    )
    flyable_high: Annotated[
        Share, Field(description="greatest chance that a day can be flown [1]")
    ] = 0.95
    intensity_low: Annotated[
        Share, Field(description="lower end of the risk's draws, ordered by their harm [1]")
    ] = 0.05
    intensity_high: Annotated[
        Share, Field(description="upper end of the risk's draws, ordered by their harm [1]")
    ] = 0.95
    unavailable_low: Annotated[
        Share, Field(le=0.9, description="least chance that a patrol on duty does not go out [1]")
    ] = 0.0
    unavailable_high: Annotated[
        Share, Field(le=0.9, description="greatest chance that a patrol does not go out [1]")
    ] = 0.15
    samples: Annotated[int, Field(ge=1, le=10_000, description="points of the Latin hypercube")] = (
        200
    )

    def __post_init__(self) -> None:
        for name in ("flyable", "intensity", "unavailable"):
            if getattr(self, f"{name}_low") > getattr(self, f"{name}_high"):
                raise ValueError(f"{name}_low is at most {name}_high")
