"""Constants of nature and of measure, each with its authority."""

from __future__ import annotations

from typing import Final

EARTH_RADIUS_M: Final = 6_371_008.7714
"""Mean Earth radius (2a + b)/3 of WGS 84 [m]; NGA.STND.0036 (2014), table 3.4."""

WGS84: Final = "EPSG:4326"
"""The coordinate system of every file that a person enters: degrees on WGS 84."""

FOOT_M: Final = 0.3048
"""International foot [m]; NIST SP 811 (2008), appendix B.8."""

SECONDS_PER_HOUR: Final = 3600.0
"""[s/h]; BIPM SI Brochure, 9th edition (2019), table 8."""

METRES_PER_KILOMETRE: Final = 1000.0
"""[m/km]; BIPM SI Brochure, 9th edition (2019), table 7."""
