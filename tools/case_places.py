"""Hand-kept places of the embedded case: posts, sectors, civil sites, known heights.

No real post is known or meant. A place is a public town, crossing or airfield, or a point of the
own bank at a round kilometre, and its row says so.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Town:
    """A settlement of GeoNames, by its number there."""

    geoname: str


@dataclass(frozen=True, slots=True)
class Airfield:
    """An airfield of airportsdata, by its ICAO code."""

    icao: str


@dataclass(frozen=True, slots=True)
class Bank:
    """A point of the own side, so far inland from a kilometre of the line."""

    km: float
    inland_m: float = 500.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """A point that a public page states."""

    lon: float
    lat: float
    source: str


Place = Town | Airfield | Bank | Given

CROSSINGS = "crossing named in public lists, e.g. tj.sputniknews.ru/20190213 1028262703"

SECTORS = (
    ("shahrituz", "Shahrituz and Qubodiyon", 0, 98),
    ("jayhun", "Jayhun (Dusti, Panji Poyon)", 98, 155),
    ("panj", "Panj", 155, 215),
    ("farkhor", "Farkhor", 215, 290),
    ("hamadoni", "Hamadoni", 290, 335),
    ("shohin", "Shamsiddin Shohin", 335, 495),
    ("darvoz", "Darvoz", 495, 615),
    ("vanj", "Vanj", 615, 690),
    ("rushon", "Rushon", 690, 745),
    ("shughnon", "Shughnon (Khorugh)", 745, 805),
    ("ishkoshim", "Ishkoshim", 805, 890),
    ("vakhon", "Vakhon (Ishkoshim to Langar)", 890, 1000),
    ("pamir-river", "Pamir river and Zorkul", 1000, 1165),
    ("murghob", "Murghob, east of Zorkul", 1165, 1344),
)

# id, name, kind, place, aviation fuel a day [kg], garrison of the own side.
# Garrison: a letter and a count for watch, foot, horse, vehicle.
POSTS: tuple[tuple[str, str, str, Place, int, str], ...] = (
    ("tj-dushanbe", "Dushanbe airfield", "base", Airfield("UTDD"), 20000, ""),
    ("tj-bokhtar", "Bokhtar airfield", "airfield", Airfield("UTDT"), 6000, ""),
    ("tj-kulob", "Kulob airfield", "airfield", Airfield("UTDK"), 6000, "v2"),
    ("tj-khorog-airfield", "Khorog airfield", "airfield", Airfield("UTOD"), 4000, ""),
    # lowland: Amu Darya and lower Panj
    ("tj-bank-0010", "Shahrituz bank, km 10", "post", Bank(10), 0, "w1 v1"),
    ("tj-bank-0035", "Shahrituz bank, km 35", "post", Bank(35), 0, "w1 v1"),
    ("tj-bank-0058", "Shahrituz bank, km 58", "post", Bank(58), 0, "w1 f1"),
    ("tj-shahritus", "Shahritus", "base", Town("1220576"), 0, "v2"),
    ("tj-qubodiyon", "Qubodiyon", "base", Town("1221583"), 0, "v1"),
    (
        "tj-vakhsh-mouth",
        "Vakhsh mouth, km 82",
        "post",
        Bank(82, 800, "where the Vakhsh joins the Panj"),
        0,
        "w1 f1 h1",
    ),
    ("tj-jilikul", "Jilikul", "base", Town("1221808"), 0, "v1"),
    ("tj-panji-poyon", "Panji Poyon bridge", "crossing", Town("1220910"), 0, "w1 f1 v1"),
    ("tj-dusti", "Dusti", "base", Town("1221871"), 0, "v2"),
    ("tj-bank-0126", "Jayhun bank, km 126", "post", Bank(126), 0, "w1 v1"),
    ("tj-bank-0143", "Jayhun bank, km 143", "post", Bank(143), 0, "w1 f1"),
    ("tj-bank-0160", "Panj bank, km 160", "post", Bank(160), 0, "w1 v1"),
    ("tj-panj", "Panj", "base", Town("1220750"), 1000, "w1 f1 v2"),
    ("tj-bank-0192", "Panj bank, km 192", "post", Bank(192), 0, "w1 f1"),
    ("tj-bank-0206", "Panj bank, km 206", "post", Bank(206), 0, "w1 v1"),
    (
        "tj-kokul",
        "Kokul crossing",
        "crossing",
        Bank(219, 400, f"by the Kokcha mouth; {CROSSINGS}"),
        0,
        "w1 v1",
    ),
    ("tj-bank-0236", "Farkhor bank, km 236", "post", Bank(236), 0, "w1 f1"),
    ("tj-bank-0252", "Farkhor bank, km 252", "post", Bank(252, 500, "opposite Darqad"), 0, "w1 f1"),
    ("tj-farkhor", "Farkhor", "base", Town("1220826"), 1000, "f1 v2"),
    ("tj-bank-0287", "Farkhor bank, km 287", "post", Bank(287), 0, "w1 v1"),
    ("tj-bank-0300", "Hamadoni bank, km 300", "post", Bank(300), 0, "w1 f1"),
    ("tj-hamadoni", "Moskva (Hamadoni)", "base", Town("1220988"), 0, "v2"),
    ("tj-chubek", "Chubek", "base", Town("1221997"), 0, "f1 v1"),
    ("tj-bank-0324", "Hamadoni bank, km 324", "post", Bank(324), 0, "w1 f1"),
    # Shamsiddin Shohin: the gorge begins
    ("tj-bank-0342", "Shohin bank, km 342", "post", Bank(342), 0, "w1 f1 h1"),
    (
        "tj-bank-0360",
        "Shohin bank, km 360",
        "post",
        Bank(360, 500, "opposite Shahri Buzurg"),
        0,
        "w1 f2 h1",
    ),
    ("tj-bank-0378", "Shohin bank, km 378", "post", Bank(378), 0, "w1 f1 h1"),
    ("tj-bank-0396", "Shohin bank, km 396", "post", Bank(396), 0, "w1 f1 h1"),
    ("tj-bank-0412", "Shohin bank, km 412", "post", Bank(412), 0, "w1 f1"),
    (
        "tj-shohon",
        "Shohon bridge",
        "crossing",
        Bank(428, 400, f"opposite Khwahan; {CROSSINGS}"),
        0,
        "w1 f1 v1",
    ),
    ("tj-shurobod", "Shurobod", "base", Town("1220479"), 1000, "f1 h2 v1"),
    ("tj-muminobod", "Mu'minobod", "base", Town("1221091"), 0, "f1 v1"),
    ("tj-khovaling", "Khovaling", "base", Town("1221321"), 0, "v1"),
    ("tj-bank-0447", "Shohin bank, km 447", "post", Bank(447), 0, "w1 f1 h1"),
    ("tj-bank-0465", "Shohin bank, km 465", "post", Bank(465), 0, "w1 f1 h1"),
    ("tj-bank-0484", "Shohin bank, km 484", "post", Bank(484), 0, "w1 f1"),
    # Darvoz and Vanj
    ("tj-bank-0505", "Darvoz bank, km 505", "post", Bank(505), 0, "w1 f1"),
    ("tj-bank-0524", "Darvoz bank, km 524", "post", Bank(524), 0, "w1 f1"),
    ("tj-qalaikhumb", "Qalaikhumb", "base", Town("1221559"), 2000, "w1 f1 h1 v2"),
    (
        "tj-ruzvay",
        "Ruzvay bridge",
        "crossing",
        Bank(543, 300, f"opposite Nusay; {CROSSINGS}"),
        0,
        "w1 f1",
    ),
    ("tj-tavildara", "Tavildara", "base", Town("1220324"), 0, "v1"),
    (
        "tj-vishkharv",
        "Vishkharv",
        "post",
        Given(70.987865, 38.492468, "tojkiston.ucoz.ru/index/dekha_vishkharv/0-3724"),
        0,
        "w1 f1 v1",
    ),
    ("tj-bank-0588", "Darvoz bank, km 588", "post", Bank(588, 500, "opposite Maymay"), 0, "w1 f1"),
    ("tj-bank-0606", "Darvoz bank, km 606", "post", Bank(606), 0, "w1 h1"),
    ("tj-bank-0622", "Vanj bank, km 622", "post", Bank(622), 0, "w1 f1"),
    (
        "tj-khumrogi",
        "Khumrogi bridge",
        "crossing",
        Bank(638, 400, f"Vanj district; {CROSSINGS}"),
        0,
        "w1 f1 v1",
    ),
    ("tj-vanj", "Vanj", "base", Town("1220210"), 1000, "f1 v1"),
    ("tj-bank-0660", "Vanj bank, km 660", "post", Bank(660), 0, "w1 h1"),
    ("tj-bank-0678", "Vanj bank, km 678", "post", Bank(678), 0, "w1 f1"),
    # Rushon, Shughnon
    ("tj-bank-0699", "Rushon bank, km 699", "post", Bank(699), 0, "w1 f1"),
    ("tj-rushon", "Rushon", "base", Town("1220685"), 1000, "w1 f1 v1"),
    ("tj-bank-0736", "Rushon bank, km 736", "post", Bank(736), 0, "w1 f1"),
    ("tj-bank-0754", "Shughnon bank, km 754", "post", Bank(754), 0, "w1 h1"),
    (
        "tj-tem",
        "Tem bridge",
        "crossing",
        Bank(771, 300, f"north of Khorugh; {CROSSINGS}"),
        0,
        "w1 f1 v1",
    ),
    ("tj-khorugh", "Khorugh", "base", Town("1221328"), 0, "f1 v2"),
    ("tj-bank-0795", "Shughnon bank, km 795", "post", Bank(795), 0, "w1 h1"),
    ("tj-roshtqala", "Roshtqal'a", "base", Town("1220694"), 0, "h1 v1"),
    # Ishkoshim, Vakhon
    ("tj-bank-0816", "Ishkoshim bank, km 816", "post", Bank(816), 0, "w1 f1"),
    ("tj-bank-0838", "Ishkoshim bank, km 838", "post", Bank(838), 0, "w1 h1"),
    ("tj-bank-0860", "Ishkoshim bank, km 860", "post", Bank(860), 0, "w1 f1"),
    (
        "tj-ishkoshim-bridge",
        "Ishkoshim bridge",
        "crossing",
        Bank(877, 300, CROSSINGS),
        0,
        "w1 v1",
    ),
    ("tj-ishkoshim", "Ishkoshim", "base", Town("1221614"), 3000, "h1 v2"),
    ("tj-bank-0906", "Vakhon bank, km 906", "post", Bank(906), 0, "w1 h1"),
    ("tj-bank-0932", "Vakhon bank, km 932", "post", Bank(932), 0, "w1 h1"),
    ("tj-bank-0961", "Vakhon bank, km 961", "post", Bank(961, 500, "opposite Khandud"), 0, "w1 h1"),
    (
        "tj-langar",
        "Langar",
        "base",
        Bank(994, 800, "where the Pamir river joins; village named on every map"),
        1000,
        "w1 h1 v1",
    ),
    # the Pamir river, Zorkul and the east
    ("tj-bank-1020", "Pamir river bank, km 1020", "post", Bank(1020), 0, "w1 h1"),
    ("tj-bank-1046", "Pamir river bank, km 1046", "post", Bank(1046), 0, "w1 h1"),
    ("tj-bank-1072", "Pamir river bank, km 1072", "post", Bank(1072), 0, "w1 h1"),
    (
        "tj-zorkul",
        "Zorkul, western end",
        "base",
        Bank(1112, 1000, "the lake is on every map"),
        1000,
        "w1 h2 v1",
    ),
    ("tj-bank-1125", "Zorkul, northern shore", "post", Bank(1125, 3500), 0, "w1 h1"),
    # Here the line runs over ridges near 5,000 m: the posts stand in the valleys below.
    ("tj-valley-1144", "Murghob side, km 1144", "post", Bank(1144, 5000), 0, "w1 h1"),
    ("tj-valley-1166", "Murghob side, km 1166", "post", Bank(1166, 5000), 0, "w1 h1"),
    ("tj-valley-1198", "Murghob side, km 1198", "post", Bank(1198, 6000), 0, "w1 h1"),
    ("tj-valley-1218", "Murghob side, km 1218", "post", Bank(1218, 6000), 0, "w1 h1"),
    ("tj-valley-1253", "Murghob side, km 1253", "post", Bank(1253, 4000), 0, "w1 h1"),
    ("tj-valley-1290", "Murghob side, km 1290", "post", Bank(1290, 2000), 0, "w1 h1"),
    ("tj-valley-1315", "Murghob side, km 1315", "post", Bank(1315, 1000), 0, "w1 h1"),
    ("tj-murghob", "Murghob", "base", Town("1220962"), 3000, "h1 v2"),
)

# id, name, kind, place, people by day and at night (None: the population of GeoNames), day from
# and until, what is behind the figures.
SITES: tuple[tuple[str, str, str, Place, int | None, int | None, float, float, str], ...] = (
    (
        "camp-shohin-sm",
        "Camp of LLC Shohin SM",
        "camp",
        Bank(360, 4000),
        60,
        40,
        6,
        20,
        "district named in the reports of 26 November 2025; place and people illustrative",
    ),
    (
        "mine-zarbuz",
        "Gold mine, Zarbuz gorge",
        "mine",
        Bank(450, 5000),
        80,
        50,
        6,
        20,
        "gorge in the Dashtijum reserve named by 24.kg 311756; place and people illustrative",
    ),
    (
        "camp-shodak",
        "Road works at Shodak",
        "camp",
        Bank(580.6, 300),
        50,
        30,
        6,
        20,
        "5.1 km upstream of Vishkharv (tojkiston.ucoz.ru 0-3724); people illustrative",
    ),
    (
        "camp-road-600",
        "Road works, km 600",
        "camp",
        Bank(600, 300),
        50,
        30,
        6,
        20,
        "illustrative, along the road Qalaikhumb-Vanj-Rushon under construction (exclusive.kz)",
    ),
    (
        "camp-road-650",
        "Road works, km 650",
        "camp",
        Bank(650, 300),
        50,
        30,
        6,
        20,
        "illustrative, along the road Qalaikhumb-Vanj-Rushon under construction (exclusive.kz)",
    ),
    (
        "camp-road-690",
        "Road works, km 690",
        "camp",
        Bank(690, 300),
        50,
        30,
        6,
        20,
        "illustrative, along the road Qalaikhumb-Vanj-Rushon under construction (exclusive.kz)",
    ),
    (
        "mine-hamadoni",
        "Placer mine, Hamadoni",
        "mine",
        Bank(330, 6000),
        60,
        30,
        6,
        20,
        "illustrative",
    ),
    ("mine-darvoz", "Placer mine, Darvoz", "mine", Bank(515, 3000), 60, 30, 6, 20, "illustrative"),
    (
        "crossing-panji-poyon",
        "Panji Poyon bridge and customs",
        "crossing",
        Bank(110, 300),
        300,
        40,
        8,
        18,
        f"{CROSSINGS}; people illustrative",
    ),
    (
        "crossing-tem",
        "Tem bridge and market",
        "crossing",
        Bank(771, 150),
        200,
        20,
        8,
        18,
        f"{CROSSINGS}; people illustrative",
    ),
    (
        "crossing-ishkoshim",
        "Ishkoshim bridge and market",
        "crossing",
        Bank(877, 150),
        200,
        20,
        8,
        18,
        f"{CROSSINGS}; people illustrative",
    ),
    (
        "crossing-ruzvay",
        "Ruzvay bridge and market",
        "crossing",
        Bank(543, 150),
        150,
        20,
        8,
        18,
        f"{CROSSINGS}; people illustrative",
    ),
    ("town-shahritus", "Shahritus", "town", Town("1220576"), None, None, 7, 19, ""),
    ("village-panji-poyon", "Panji Poyon", "village", Town("1220910"), None, None, 7, 19, ""),
    ("town-dusti", "Dusti", "town", Town("1221871"), None, None, 7, 19, ""),
    ("town-panj", "Panj", "town", Town("1220750"), None, None, 7, 19, ""),
    ("town-farkhor", "Farkhor", "town", Town("1220826"), None, None, 7, 19, ""),
    (
        "town-hamadoni",
        "Moskva (Hamadoni)",
        "town",
        Town("1220988"),
        20000,
        20000,
        7,
        19,
        "people illustrative",
    ),
    ("village-chubek", "Chubek", "village", Town("1221997"), None, None, 7, 19, ""),
    (
        "village-shurobod",
        "Shurobod",
        "village",
        Town("1220479"),
        4000,
        4000,
        7,
        19,
        "people illustrative",
    ),
    ("village-qalaikhumb", "Qalaikhumb", "village", Town("1221559"), None, None, 7, 19, ""),
    (
        "village-vishkharv",
        "Vishkharv",
        "village",
        Given(70.987865, 38.492468, "tojkiston.ucoz.ru/index/dekha_vishkharv/0-3724"),
        140,
        140,
        7,
        19,
        "people by the same page",
    ),
    ("village-vanj", "Vanj", "village", Town("1220210"), None, None, 7, 19, ""),
    ("village-rushon", "Rushon", "village", Town("1220685"), None, None, 7, 19, ""),
    ("town-khorugh", "Khorugh", "town", Town("1221328"), None, None, 7, 19, ""),
    ("town-ishkoshim", "Ishkoshim", "town", Town("1221614"), None, None, 7, 19, ""),
    (
        "village-langar",
        "Langar",
        "village",
        Bank(994, 600),
        1500,
        1500,
        7,
        19,
        "village on every map; people illustrative",
    ),
)

# Airfields of airportsdata whose stated place and height cannot both hold.
WRONG_AIRFIELDS = {
    "OAQM": "stated 1,293 m below the ground of its stated place",
    "OAKG": "stated 103 m below the ground of its stated place, in a plain",
}

# name, longitude, latitude, height [m], source
HEIGHTS = (
    ("Panji Poyon", 68.57861, 37.19528, 332, "en.wikipedia.org/wiki/Panji_Poyon"),
    ("Murghob", 73.96639, 38.17417, 3650, "wikimapia.org/5055510/Murghab"),
    ("Zorkul, lake level", 73.7, 37.45, 4130, "silkadv.com lake-zorkul (4129.9 m)"),
    ("Ftur, Panj valley", 71.64639, 36.68639, 2528, "ru.wikipedia.org Ftur"),
    ("Sargaz, Vakhan valley", 72.91222, 36.96889, 3068, "world.wikisort.org Sargaz"),
)
