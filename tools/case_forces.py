"""Hand-kept parties, classes of units and settings of the embedded case.

Strengths of the real forces are not public: every figure here is a plausible round number that a
user is meant to edit, except the helicopter figures, whose sources stand beside them.
"""

from __future__ import annotations

STAND_OFF_KM = 0.2
"""Illustrative. Khorog airfield and Qalaikhumb lie in the gorge, 230 m from the line: a stand-off
of 2 km would forbid them to guests, and the helicopters could not refuel in the east."""

PARTIES = (
    {
        "id": "TJ",
        "name": "Tajikistan, border troops",
        "role": "own",
        "liaison_officers": 24,
        "source": "guards the line alone since 2005 (public); figures illustrative",
    },
    {
        "id": "RU",
        "name": "Russia, base in Tajikistan",
        "role": "ally",
        "stand_off_km": STAND_OFF_KM,
        "needs_host_officer": "yes",
        "liaison_officers": 6,
        "flying_hours": 120,
        "fuel_kg": 90000,
        "source": "its largest base abroad, near Dushanbe (public); figures illustrative",
    },
    {
        "id": "CSTO",
        "name": "Collective Security Treaty Organisation",
        "role": "organisation",
        "stand_off_km": STAND_OFF_KM,
        "sectors": "shohin",
        "needs_host_officer": "yes",
        "liaison_officers": 4,
        "source": "said to be part of the talks (public); a contingent in one sector, illustrative",
    },
    {
        "id": "AF",
        "name": "Afghanistan, authorities in Kabul",
        "role": "neighbour",
        "sectors": "-",
        "source": "offers coordination between border forces (public); its patrols are figures of "
        "the option cooperation, not units",
    },
    {
        "id": "CN",
        "name": "China, state of the workers attacked",
        "role": "civil",
        "sectors": "-",
        "source": "advised its citizens to leave the border area (public)",
    },
)

CLASSES = {
    "w": ("watch", "Watch", 3, 0, "yes", 12, 20),
    "f": ("foot", "Foot team", 5, 4.5, "yes", 8, 25),
    "h": ("horse", "Horse team", 4, 8, "no", 8, 30),
    "v": ("vehicle", "Vehicle team", 6, 50, "yes", 8, 60),
}
"""Letter of a garrison: kind, name, people, speed [km/h], night, duty [h], cost [USD/h].
Speeds are on good ground: a path, a pasture, a road. Who is mobile may be on duty on each of seven
days, so that a seventh of the week's 60 hours is the most that a duty can use: 8 whole hours."""

ILLUSTRATIVE = "illustrative round number"

MI8_SOURCE = (
    "class figures, editable: cruise 220-240 km/h, range 450-500 km, ceiling 4,500-6,000 m by "
    "version and load (reference record); second source aeropedia.com.au/?p=3866: cruise 225 km/h, "
    "465 km with 30 min reserve, 4,500 m; burn 700 kg/h and 3,500 USD/h englishrussia.com "
    "2013/04/30; fuel chosen so that range is 487 km; number of aircraft illustrative"
)
"""1,900 kg / 700 kg/h = 2.71 h, less 30 min of reserve, at 220 km/h = 487 km."""

MI8 = {
    "id": "ru-mi8-dushanbe",
    "name": "Mi-8MTV class helicopter",
    "party": "RU",
    "kind": "helicopter",
    "base": "ru-base",
    "count": 6,
    "people": 8,
    "speed_km_h": 220,
    "night": "yes",
    "thermal": "yes",
    "duty_hours": 8,
    "cost_per_hour": 3500,
    "fuel_kg": 1900,
    "burn_kg_h": 700,
    "reserve_min": 30,
    "ceiling_m": 5000,
    "flying_hours": 6,
    "turnaround_min": 40,
    "source": MI8_SOURCE,
}

ALLY_BASE = (
    "ru-base",
    "Ally's helicopter base near Dushanbe",
    "RU",
    "base",
    "UTDD",
    40000,
    "the base lies near the capital (public); placed at the civil airfield, illustrative",
)

ALLY_TEAMS = (
    ("tj-panj", 2),
    ("tj-farkhor", 2),
    ("tj-shohon", 2),
    ("tj-qalaikhumb", 2),
    ("tj-khumrogi", 1),
    ("tj-tem", 2),
    ("tj-ishkoshim", 2),
    ("tj-zorkul", 1),
)
"""Posts of the host from which vehicle teams of the ally work, and how many. Each has a vehicle
team of the host for mixed teams, and stands at the line: by the stand-in relief no team of the
towns behind the gorge (Shurobod, Vanj, Khorugh, Murghob) gets there and back in a duty."""

ORGANISATION_TEAMS = (
    ("tj-bank-0378", "vehicle", 3),
    ("tj-bank-0412", "foot", 3),
    ("tj-shohon", "vehicle", 3),
)
"""The contingent: post, kind, how many. All at the line in the sector shohin."""

SCENARIO = """\
# The embedded case: the state border between Tajikistan and Afghanistan.
# Posts, units and people are illustrative round numbers at public places: see CREDITS.md.
# Made by tools/make_case.py: edit a copy, not this file.
schema = 1
name = "tajik-afghan"
title = "Tajik-Afghan border (illustrative)"
time_zone = "Asia/Dushanbe"
illustrative = true
currency = "USD"
credits = [
    "Places: GeoNames (CC BY 4.0)",
    "Airfields: airportsdata (MIT)",
    "Incidents: the press reports named in incidents.csv",
]
default_option = "organisation"
cell_m = 1000.0
border = "border.geojson"
own_side = "left"  # the line runs from west to east; Tajikistan lies north of it

[horizon]
start = "2025-12-08T00:00+05:00"
days = 7
period_minutes = 60

[rules]
duty_hours = 12.0
rest_hours = 10.0
week_hours = 60.0
presence_hours = 1.0  # illustrative

[terrain]
source = ["stand-in"]  # fetch real heights before planning: sarhad terrain fetch
cell_m = 250.0
corridor_km = 30.0

[movement]
river_km = [[0.0, 1112.0]]  # Panj and Pamir, up to the outflow of Zorkul (OSM line)

[risk]
record_from = "2023-01-01T00:00+05:00"  # illustrative: no report of the table is older
within_km = 50.0

[plan]
adaptivity = 0.5  # illustrative: as likely to watch and adapt as to keep a habit
flyable_share = 0.8  # illustrative: mountain weather grounds helicopters on one day in five

[[options]]
name = "alone"
title = "National forces alone"
description = "National posts and ground patrols only, as since 2005."
units = ["tj-*"]
source = "the state of today (public); figures illustrative"

[[options]]
name = "helicopters"
title = "With the ally's helicopters"
description = "The ally's helicopters from the base near Dushanbe, a national officer aboard."
extends = "alone"
units = ["ru-mi8-*"]
source = "what is being decided (public); figures illustrative"

[[options]]
name = "joint"
title = "Joint patrols with the ally"
description = "Helicopters and mixed ground patrols of national and ally troops."
extends = "helicopters"
units = ["ru-team-*"]
mixed_pairs = [["TJ", "RU"]]
source = "what is being decided (public); figures illustrative"

[[options]]
name = "organisation"
title = "Joint patrols and a contingent of the organisation"
description = "Joint patrols, and a contingent of the organisation in the sector shohin."
extends = "joint"
units = ["csto-*"]
mixed_pairs = [["TJ", "CSTO"]]
source = "said to be part of the talks (public); figures illustrative"

[[options]]
name = "cooperation"
title = "Joint patrols and cooperation of the neighbour"
description = "Joint patrols; the neighbour patrols its bank, a hotline and shared warnings."
extends = "joint"
source = "coordination offered by Kabul (public); figures illustrative"

[options.cooperation]
far_bank_hours = 0.25  # illustrative: a quarter of an hour at each far-bank cell and day
hotline_minutes = 20.0  # illustrative
warning_hours = 2.0  # illustrative
move_share = 0.5  # illustrative

[[attackers]]
id = "armed-raid"
title = "Armed raid on a site"
weight = 0.5
kinds = ["armed_raid", "incursion"]
targets = ["camp", "mine", "village", "crossing", "other"]
path = "walk"
harm_share = 0.05
source = "illustrative"

[[attackers]]
id = "smuggling"
title = "Smuggling across the line"
weight = 0.3
kinds = ["smuggling"]
harm_fixed = 0.05
source = "illustrative"

[[attackers]]
id = "drone"
title = "Drone launched near the line"
weight = 0.2
kinds = ["drone"]
targets = ["camp", "mine", "crossing"]
path = "flight"
speed_km_h = 60.0
launch_km = 2.0
reach_km = 15.0
patience_hours = 0.25
harm_share = 0.05
source = "illustrative"
"""
