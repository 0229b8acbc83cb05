"""The nouns of a scenario: parties, posts, units, sites and the rest, each validated and frozen.

A noun refuses nonsense whoever builds it, file reader or notebook; the ranges, units and
descriptions of its fields stand here once and feed checks, error texts and the reference pages.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)
from pydantic.dataclasses import dataclass

STRICT = ConfigDict(extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True)

_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?\s?([Zz]|[+-]\d\d(:?\d\d)?)?")


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        raise ValueError(f"no time zone is called {name!r}") from None
    return name


def _written_out(value: object) -> object:
    """Refuse bare numbers, which would be read as seconds since 1970."""
    if isinstance(value, datetime) or (isinstance(value, str) and _ISO_TIME.fullmatch(value)):
        return value
    raise ValueError("a time is written out: day, hour, minute and offset from UTC")


Identifier = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"),
    Field(description="short name, by which it is referred to"),
]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=400),
    Field(description="free text"),
]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=120),
    Field(description="name as it is shown, in any script"),
]
Source = Annotated[Text, Field(description="where the row comes from, or 'illustrative'")]
PartyName = Annotated[Identifier, Field(description="id of the party that it belongs to")]
Longitude = Annotated[float, Field(ge=-180, le=180, description="east longitude [degrees, WGS 84]")]
Latitude = Annotated[float, Field(ge=-90, le=90, description="north latitude [degrees, WGS 84]")]
Kilometres = Annotated[float, Field(ge=0, le=50_000)]
Minutes = Annotated[float, Field(ge=0, le=100_000)]
Hours = Annotated[float, Field(ge=0, le=168)]
Share = Annotated[float, Field(ge=0, le=1)]
Kilograms = Annotated[float, Field(ge=0, le=1_000_000)]
ZoneName = Annotated[
    str,
    AfterValidator(_known_zone),
    Field(description="time zone of local hours, such as Asia/Dushanbe"),
]
Instant = Annotated[AwareDatetime, BeforeValidator(_written_out)]
HourOfDay = Annotated[float, Field(ge=0, le=24)]

PartyRole = Literal["own", "ally", "organisation", "neighbour", "civil"]
PostKind = Literal["post", "base", "airfield", "crossing", "relay"]
UnitKind = Literal["watch", "foot", "horse", "vehicle", "helicopter"]
SiteKind = Literal["camp", "mine", "village", "town", "crossing", "other"]
PlacePrecision = Literal["exact", "village", "district", "province", "unknown"]
Reliability = Literal["A", "B", "C", "D", "E", "F"]
Credibility = Annotated[int, Field(ge=1, le=6)]


@dataclass(frozen=True, slots=True, config=STRICT, kw_only=True)
class Horizon:
    """The days to plan for, cut into equal periods."""

    start: Annotated[Instant, Field(description="first instant, with its offset from UTC")]
    days: Annotated[int, Field(ge=1, le=366, description="how many days [d]")] = 7
    period_minutes: Annotated[
        int, Field(ge=5, le=1440, description="length of one period of the day [min]")
    ] = 60

    def __post_init__(self) -> None:
        if 1440 % self.period_minutes:
            raise ValueError("period_minutes must divide a day of 1440 minutes")

    @property
    def periods_per_day(self) -> int:
        """Return how many periods one day has."""
        return 1440 // self.period_minutes

    @property
    def periods(self) -> int:
        """Return how many periods the whole horizon has."""
        return self.days * self.periods_per_day


@dataclass(frozen=True, slots=True, config=STRICT, kw_only=True)
class Rules:
    """What holds for every party; a party's own rules stand in its row."""

    duty_hours: Annotated[Hours, Field(gt=0, le=24, description="longest duty of a day [h]")] = 12.0
    rest_hours: Annotated[Hours, Field(le=24, description="least rest between duties [h]")] = 10.0
    week_hours: Annotated[Hours, Field(gt=0, description="longest duty of 7 days [h]")] = 60.0
    presence_hours: Annotated[
        Hours, Field(le=24, description="least patrol presence in each sector and day [h]")
    ] = 0.0
    quiet_from: Annotated[
        HourOfDay | None, Field(description="start of the hours without flights [local hour]")
    ] = None
    quiet_until: Annotated[
        HourOfDay | None, Field(description="end of the hours without flights [local hour]")
    ] = None

    def __post_init__(self) -> None:
        if (self.quiet_from is None) != (self.quiet_until is None):
            raise ValueError("quiet_from and quiet_until are given together or not at all")
        if self.duty_hours + self.rest_hours > 24:
            raise ValueError("duty_hours + rest_hours must fit into a day of 24 hours")


@dataclass(frozen=True, slots=True, config=STRICT, kw_only=True)
class Cooperation:
    """What a neighbour's cooperation adds, as figures that a person can edit."""

    far_bank_hours: Annotated[
        Hours, Field(le=24, description="neighbour's patrol effort per far-bank cell and day [h]")
    ] = 0.0
    hotline_minutes: Annotated[
        Minutes, Field(le=1440, description="minutes that a hotline saves in a response [min]")
    ] = 0.0
    warning_hours: Annotated[
        Hours, Field(description="lead time of a shared warning before an attack [h]")
    ] = 0.0
    move_share: Annotated[
        Share, Field(description="share of the people at a site who move when warned [1]")
    ] = 0.0


@dataclass(frozen=True, slots=True, config=STRICT, kw_only=True)
class Option:
    """One way of guarding the line: which units, in which pairs, with what cooperation."""

    name: Identifier
    title: Name
    description: Annotated[Text, Field(description="the option in a sentence or two")] = ""
    extends: Annotated[
        Identifier | None, Field(description="option whose units and pairs this one adds to")
    ] = None
    units: Annotated[
        tuple[str, ...],
        Field(description="units that it adds; a final * takes all that begin so"),
    ] = ()
    mixed_pairs: Annotated[
        tuple[tuple[Identifier, Identifier], ...],
        Field(description="pairs of parties whose ground units may form mixed teams"),
    ] = ()
    cooperation: Annotated[
        Cooperation | None, Field(description="what the neighbour's side adds, if anything")
    ] = None
    source: Source = ""


@dataclass(frozen=True, slots=True, config=STRICT, kw_only=True)
class Party:
    """One of the parties that watch the line, and the rules that bind it."""

    id: Identifier
    name: Name
    role: Annotated[PartyRole, Field(description="what it is to the line; own: guards it")]
    stand_off_km: Annotated[
        Kilometres, Field(le=100, description="least distance of its units from the line [km]")
    ] = 0.0
    sectors: Annotated[
        tuple[str, ...], Field(description="sectors that it may enter; * for all, - for none")
    ] = ("*",)
    needs_host_officer: Annotated[
        bool, Field(description="an officer of the own side must be aboard or in the team")
    ] = False
    liaison_officers: Annotated[
        int, Field(ge=0, le=10_000, description="officers that it can lend to others at one time")
    ] = 0
    flying_hours: Annotated[
        float | None, Field(ge=0, le=10_000, description="flying hours a week; none: no limit [h]")
    ] = None
    fuel_kg: Annotated[
        Kilograms | None, Field(description="aviation fuel a week; none: no limit [kg]")
    ] = None
    source: Source = ""


@dataclass(frozen=True, slots=True, config=STRICT, kw_only=True)
class Sector:
    """A stretch of the line that orders, reports and permissions refer to."""

    id: Identifier
    name: Name
    from_km: Annotated[Kilometres, Field(description="chainage where it begins [km]")]
    to_km: Annotated[Kilometres, Field(description="chainage where it ends [km]")]
    source: Source = ""

    def __post_init__(self) -> None:
        if not self.to_km > self.from_km:
            raise ValueError("to_km must be greater than from_km")


@dataclass(frozen=True, slots=True, config=STRICT, kw_only=True)
class Post:
    """A fixed place of one party: post, base, airfield, crossing or relay."""

    id: Identifier
    name: Name
    party: PartyName
    kind: Annotated[PostKind, Field(description="what stands there")]
    lon: Longitude
    lat: Latitude
    height_m: Annotated[
        float, Field(ge=0, le=1000, description="eyes or antenna above ground [m]")
    ] = 3.0
    fuel_kg: Annotated[
        Kilograms, Field(description="aviation fuel that may be taken here in a day [kg]")
    ] = 0.0
    relay: Annotated[bool, Field(description="has a radio that relays reports")] = True
    source: Source = ""


@dataclass(frozen=True, slots=True, config=STRICT, kw_only=True)
class Unit:
    """A class of equal units of one party that start from one post."""

    id: Identifier
    name: Name
    party: PartyName
    kind: Annotated[
        UnitKind, Field(description="how it moves; a watch stays at its post and looks out")
    ]
    base: Annotated[Identifier, Field(description="post where its duties start and end")]
    count: Annotated[int, Field(ge=1, le=10_000, description="how many equal units")] = 1
    people: Annotated[int, Field(ge=1, le=10_000, description="people in one unit")] = 1
    speed_km_h: Annotated[
        float, Field(ge=0, le=400, description="speed on good ground, or cruise speed [km/h]")
    ]
    night: Annotated[bool, Field(description="equipped and allowed to work at night")] = True
    thermal: Annotated[bool, Field(description="carries a thermal imager")] = False
    duty_hours: Annotated[
        Hours, Field(gt=0, le=24, description="longest duty of a day, crew included [h]")
    ] = 8.0
    cost_per_hour: Annotated[
        float, Field(ge=0, le=10_000_000, description="cost of one hour on duty [currency/h]")
    ] = 0.0
    fuel_kg: Annotated[
        Kilograms | None, Field(gt=0, description="helicopter: usable fuel [kg]")
    ] = None
    burn_kg_h: Annotated[
        float | None, Field(gt=0, le=100_000, description="helicopter: fuel burn [kg/h]")
    ] = None
    reserve_min: Annotated[
        Minutes | None, Field(le=600, description="helicopter: fuel never used [min]")
    ] = None
    ceiling_m: Annotated[
        float | None, Field(gt=0, le=12_000, description="helicopter: service ceiling [m]")
    ] = None
    flying_hours: Annotated[
        Hours | None, Field(gt=0, le=24, description="helicopter: most flying hours a day [h]")
    ] = None
    turnaround_min: Annotated[
        Minutes | None, Field(le=1440, description="helicopter: time between sorties [min]")
    ] = None
    source: Source = ""

    def __post_init__(self) -> None:
        flight = {name: getattr(self, name) for name in FLIGHT_FIELDS}
        if self.kind == "helicopter":
            missing = [name for name, value in flight.items() if value is None]
            if missing:
                raise ValueError(f"a helicopter needs {', '.join(missing)}")
        elif any(value is not None for value in flight.values()):
            given = [name for name, value in flight.items() if value is not None]
            raise ValueError(f"only a helicopter has {', '.join(given)}")
        if self.kind == "watch" and self.speed_km_h != 0:
            raise ValueError("a watch stays at its post: its speed_km_h is 0")
        if self.kind != "watch" and self.speed_km_h == 0:
            raise ValueError(f"a {self.kind} unit moves: its speed_km_h is above 0")

    @property
    def mobile(self) -> bool:
        """Return whether the unit leaves its post."""
        return self.kind != "watch"


FLIGHT_FIELDS = (
    "fuel_kg",
    "burn_kg_h",
    "reserve_min",
    "ceiling_m",
    "flying_hours",
    "turnaround_min",
)
"""Fields of a unit that a helicopter must have and nothing else may."""


@dataclass(frozen=True, slots=True, config=STRICT, kw_only=True)
class Site:
    """A civil place near the line where people may come to harm."""

    id: Identifier
    name: Name
    kind: Annotated[SiteKind, Field(description="what it is")]
    lon: Longitude
    lat: Latitude
    people_day: Annotated[int, Field(ge=0, le=10_000_000, description="people there by day")]
    people_night: Annotated[int, Field(ge=0, le=10_000_000, description="people there at night")]
    day_from: Annotated[HourOfDay, Field(description="hour when its day begins [local hour]")] = 7.0
    day_until: Annotated[HourOfDay, Field(description="hour when its day ends [local hour]")] = 19.0
    source: Source = ""


@dataclass(frozen=True, slots=True, config=STRICT, kw_only=True)
class Incident:
    """What one source reports of one event; reports that disagree both stay on the record."""

    id: Identifier
    event: Annotated[
        Identifier | None, Field(description="name shared by the reports of one event")
    ] = None
    start: Annotated[Instant, Field(description="earliest time it may have happened")]
    end: Annotated[Instant, Field(description="latest time it may have happened")]
    kind: Annotated[Identifier, Field(description="for example armed_raid, drone, smuggling")]
    place: Annotated[Text, Field(description="place in the words of the source")] = ""
    lon: Longitude | None = None
    lat: Latitude | None = None
    precision: Annotated[PlacePrecision, Field(description="what the place is known to")]
    radius_km: Annotated[
        Kilometres, Field(le=2000, description="radius that holds the true place [km]")
    ]
    killed_low: Annotated[
        int, Field(ge=0, le=100_000, description="fewest people killed, by this source")
    ] = 0
    killed_high: Annotated[
        int, Field(ge=0, le=100_000, description="most people killed, by this source")
    ] = 0
    injured_low: Annotated[
        int, Field(ge=0, le=100_000, description="fewest people injured, by this source")
    ] = 0
    injured_high: Annotated[
        int, Field(ge=0, le=100_000, description="most people injured, by this source")
    ] = 0
    harmed: Annotated[
        Literal["people", "attackers"],
        Field(description="who was killed or injured; attackers do not count as harm"),
    ] = "people"
    reliability: Annotated[
        Reliability, Field(description="of the source: A (reliable) to E, F unknown")
    ] = "F"
    credibility: Annotated[
        Credibility, Field(description="of the information: 1 (confirmed) to 5, 6 unknown")
    ] = 6
    note: Annotated[Text, Field(description="what else the source says")] = ""
    source: Source

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError("end must not lie before start")
        if self.killed_high < self.killed_low or self.injured_high < self.injured_low:
            raise ValueError("a casualty range goes from low to high")
        if (self.lon is None) != (self.lat is None):
            raise ValueError("lon and lat are given together or not at all")
        if self.lon is None and self.precision != "unknown":
            raise ValueError("a report with no lon and lat has precision unknown")


@dataclass(frozen=True, slots=True, config=STRICT, kw_only=True)
class TerrainSettings:
    """Where heights come from and how fine the raster frame is."""

    source: Annotated[
        tuple[str, ...],
        Field(
            min_length=1,
            description="raster files of the folder, or stand-in, copernicus-30, copernicus-90",
        ),
    ] = ("copernicus-90",)
    cell_m: Annotated[float, Field(ge=5, le=5000, description="cell of the raster [m]")] = 250.0
    corridor_km: Annotated[
        Kilometres, Field(gt=0, le=200, description="heights are kept to this distance [km]")
    ] = 30.0
    height_unit: Annotated[Literal["m", "ft"], Field(description="unit of the heights")] = "m"

    def __post_init__(self) -> None:
        if "stand-in" in self.source and len(self.source) > 1:
            raise ValueError("source holds 'stand-in' alone, or other heights without it")
