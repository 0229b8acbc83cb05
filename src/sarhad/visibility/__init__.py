"""Who sees what of the line, in which light, and how likely it is noticed and reported."""

from sarhad.visibility.detection import (
    SENSORS,
    TARGETS,
    WEATHERS,
    cube_rate,
    cube_strength,
    cube_sweep_width,
    detection_rate,
    effort_of_pass,
    effort_of_stay,
    noticed,
    noticed_share,
    pass_effort,
    sweep_width,
)
from sarhad.visibility.light import LIGHTS, LightShares, compute_light, light_at, sky_at
from sarhad.visibility.overlook import Overlook, overlook_cell
from sarhad.visibility.reporting import find_reportable
from sarhad.visibility.sampling import (
    Observers,
    SamplePoints,
    place_observers,
    sample_targets,
)
from sarhad.visibility.sightlines import SightLines, sight_from
from sarhad.visibility.visibility import Visibility, compute_visibility

__all__ = [
    "LIGHTS",
    "SENSORS",
    "TARGETS",
    "WEATHERS",
    "LightShares",
    "Observers",
    "Overlook",
    "SamplePoints",
    "SightLines",
    "Visibility",
    "compute_light",
    "compute_visibility",
    "cube_rate",
    "cube_strength",
    "cube_sweep_width",
    "detection_rate",
    "effort_of_pass",
    "effort_of_stay",
    "find_reportable",
    "light_at",
    "noticed",
    "noticed_share",
    "overlook_cell",
    "pass_effort",
    "place_observers",
    "sample_targets",
    "sight_from",
    "sky_at",
    "sweep_width",
]
