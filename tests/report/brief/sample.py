"""A small brief that holds everything once: figures are made up, and their sums do not matter."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from io import BytesIO

import numpy as np
from PIL import Image

from sarhad.report.brief import (
    Answers,
    BriefDocument,
    Contribution,
    Credit,
    Derivation,
    Estimate,
    Ground,
    LeftOpen,
    LineValues,
    MapIncident,
    MapPost,
    MapSector,
    MapSite,
    Meridian,
    Number,
    OptionRow,
    Place,
    ReliefPicture,
    ScenarioFacts,
    Settings,
    UncertaintyBar,
    UnitOrders,
    quantise,
    tell,
)

SCRIPT_NAME = "<script>alert(1)</script>"
ZONE = timezone(timedelta(hours=5))
TITLES = {
    "alone": "National forces alone",
    "helicopters": "With the ally's helicopters",
    "joint": "Joint patrols with the ally",
    "organisation": "Joint patrols and a contingent of the organisation",
    "cooperation": "Joint patrols and cooperation of the neighbour",
    "timetable": "Fixed timetable",
    "random": "Uniformly random",
    "hot-spot": "Where it happened last",
    "posts": "Today's posts alone",
}
BASELINES = ("timetable", "random", "hot-spot", "posts")
HARMS = (0.62, 0.47, 0.36, 0.31, 0.24, 0.55, 0.49, 0.52, 0.80)


def sample_ground(cells: int = 60) -> Ground:
    """Return a line with a bend, two sectors, and one post, site and incident of each sort."""
    share = np.linspace(0.0, 1.0, cells + 1)
    east, north = share * cells * 900.0, 20_000.0 * np.sin(share * 5.0)
    rows = np.column_stack([68.0 + east / 88_000, 37.0 + north / 111_000, east, north])
    edges = tuple(Place(*row) for row in rows.tolist())
    last = float(cells)
    return Ground(
        "+proj=lcc +lat_1=36 +lat_2=38 +lon_0=68",
        tuple(map(float, range(cells + 1))),
        edges,
        relief=ReliefPicture(_picture(), "image/png", (-9e3, cells * 900 + 9e3, -3e4, 3e4), True),
        graticule=(Meridian(68.5, True, ((44_000.0, -40_000.0), (44_000.0, 40_000.0))),),
        sectors=(
            MapSector("west", "Western sector", 0.0, last / 2),
            MapSector("east", "Восточный сектор", last / 2, last),
        ),
        posts=(
            MapPost("p1", SCRIPT_NAME, "Border troops", "post", edges[5], "illustrative"),
            MapPost("p2", "پاسگاه شرق", "Ally & friends", "base", edges[-5], "illustrative"),
        ),
        sites=(MapSite("s1", "Camp “Dawn”", "camp", edges[20], 60, 40, "illustrative"),),
        incidents=(
            MapIncident("i1", "drone", "2025-11-26: camp", edges[21], 5.0, (3, 5), (1, 1), "press"),
            MapIncident("i2", "incursion", "2023-08: no place named", None, 700.0, source="press"),
        ),
    )


def _picture() -> bytes:
    shades = np.linspace(200, 240, 64, dtype=np.uint8)
    buffer = BytesIO()
    Image.fromarray(np.stack([np.tile(shades, (32, 1))] * 3, axis=-1)).save(buffer, "PNG")
    return buffer.getvalue()


def sample_options(hours: int = 24) -> tuple[OptionRow, ...]:
    """Return five options and four baselines, the neighbour's cooperation first."""
    ranks = {name: rank for rank, (_, name) in enumerate(sorted(zip(HARMS, TITLES, strict=True)))}
    return tuple(
        _row(name, harm, ranks[name] + 1, hours) for name, harm in zip(TITLES, HARMS, strict=True)
    )


def _row(name: str, harm: float, rank: int, hours: int) -> OptionRow:
    stops = 1.0 - harm
    course = stops * (0.75 + 0.25 * np.cos((np.arange(hours) / hours - 0.55) * 2 * np.pi))
    parties = (("Border troops", 61_000.0), ("Ally", 98_000.0 * stops))
    return OptionRow(
        name,
        TITLES[name],
        Estimate(harm, harm * 0.86, harm * 1.17),
        Estimate(stops, stops - 0.05, min(stops + 0.05, 1.0)),
        rank,
        0.94 if rank == 1 else 0.7,
        hours=5_200.0 * stops,
        fuel_kg=24_000.0 * stops,
        cost=sum(cost for _, cost in parties),
        description="The neighbour patrols its bank; hotline and shared warnings."
        if name == "cooperation"
        else "",
        is_baseline=name in BASELINES,
        harm_avoided=Estimate(1 - harm / 0.8, 1 - harm / 0.75, 1 - harm / 0.85)
        if harm < 0.75
        else None,
        proven_gap=None if name in BASELINES else 0.013,
        coordination_value=None if name in BASELINES else 0.041,
        cost_by_party=parties,
        exploitability=0.008,
        response_min=Estimate(42.0 * harm + 20, 35.0 * harm + 15, 60.0 * harm + 25),
        watched_share=float(course.mean()),
        longest_unwatched_h=31.0 * harm,
        watched_by_hour=tuple(course.tolist()),
    )


def sample_line(options: int, hours: int, cells: int) -> LineValues:
    """Return a line whose risk rises by night about three places, and what options make of it."""
    rng = np.random.default_rng(20)
    place = np.arange(cells) / cells
    peaks = sum(np.exp(-(((place - at) / 0.04) ** 2)) for at in (0.2, 0.45, 0.8)) + 0.02
    night = 1.0 + 0.8 * np.cos(np.arange(hours) / hours * 2 * np.pi)
    risk = 0.05 * night[:, np.newaxis] * peaks * rng.uniform(0.7, 1.3, cells)
    strength = np.linspace(0.2, 0.8, options)[:, np.newaxis, np.newaxis]
    coverage = np.clip(strength * rng.uniform(0.4, 1.3, (1, hours, cells)), 0.0, 1.0)
    return LineValues(
        quantise(risk, power=2.0),
        quantise(coverage, high=1.0),
        quantise(0.4 * risk * (1.0 - coverage), power=2.0),
        tell("unit.attacks_year_cell"),
        tell("unit.killed_year_cell"),
    )


def sample_document(
    ground: Ground | None = None, hours: int = 24, *, changed_since: bool = False
) -> BriefDocument:
    """Return the whole brief, on a small ground unless another is given."""
    ground = ground or sample_ground()
    options = sample_options(hours)
    start = datetime(2025, 12, 8, tzinfo=ZONE)
    return BriefDocument(
        scenario=ScenarioFacts(
            "sample", "A line between two rivers (illustrative)", start, start + timedelta(days=7),
            "Asia/Dushanbe", ground.edges_km[-1], 0.0, "5f1c9a7e", changed_since,
        ),
        answers=Answers(
            "cooperation", "alone", Estimate(0.61, 0.52, 0.68), 0.94, 135_480.0, 37_240.0, 0.3,
            (
                tell("", "Gorge of the eastern sector: no radio, help after 95 min"),
                tell("", "Drones at night where no thermal imager looks"),
            ),
        ),
        options=options,
        harm_unit=tell("unit.killed_week"),
        currency="USD",
        ground=ground,
        settings=Settings(
            "0.1.0", 20_260_101, (("plan.adaptivity", "0.5"), ("cell_m", "1000")),
            ("sarhad compare sample --seed 20260101 --out out",), start,
        ),
        line=sample_line(len(options), hours, len(ground.edges_km) - 1),
        notices=(tell("notice.illustrative"), tell("notice.stand_in")),
        tornado=(
            UncertaintyBar(tell("uncertainty.detection_range"), "0.7", "1.3", 0.48, 0.69),
            UncertaintyBar(tell("uncertainty.flyable_days"), "3 d", "7 d", 0.55, 0.63),
            UncertaintyBar(tell("uncertainty.intensity"), "0.5", "2.0", 0.59, 0.62),
        ),
        contributions=(
            Contribution(tell("contribution.hotline"), Estimate(0.052, 0.03, 0.07)),
            Contribution(tell("contribution.helicopter"), Estimate(0.031, 0.02, 0.044)),
            Contribution(tell("contribution.liaison"), Estimate(0.012, -0.002, 0.025)),
        ),
        left_open=tuple(
            LeftOpen(option.name, sector.id, option.harm.value / len(ground.sectors), 0.4)
            for option in options
            for sector in ground.sectors
        ),
        orders=(
            UnitOrders(
                "Mi-8 flight, first crew", "Ally",
                (
                    "Monday 06:10 take off, national officer aboard",
                    "06:52–07:40 watch km 350 to 420 from 300 m above ground",
                    "08:25 land; fuel 900 kg left",
                ),
            ),
        ),
        not_modelled=(tell("", "Floods of the spring"),),
        derivations=(
            Derivation(tell("derive.harm"), tell("derive.harm_how", attacks=Number(32_256, "n0"))),
            Derivation(
                tell("derive.interception"),
                tell("derive.interception_how", weeks=Number(1000, "n0")),
            ),
            Derivation(tell("derive.gap"), tell("derive.gap_how")),
        ),
        credits=(
            Credit("Line", "OpenStreetMap contributors", "ODbL 1.0"),
            Credit("Heights", "ITU-R P.1511", ""),
        ),
    )  # fmt: skip
