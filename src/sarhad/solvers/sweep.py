"""Joint pricing: one schedule for all teams, each in turn against what the others leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sarhad.kernels import worth_of_visits
from sarhad.patrols import (
    HOURS,
    LEAD_HOURS,
    Duty,
    PatrolNetwork,
    Team,
    add_duty,
    effort_of,
)
from sarhad.plan import presence_of, use_of_air
from sarhad.solvers.game import Game
from sarhad.solvers.pricing import (
    Hours,
    Priced,
    day_in_air,
    longest_from,
    price_air,
    price_ground,
)

Float32 = NDArray[np.float32]

NEIGHBOURS = (3, 9)
"""Teams that are asked anew together: at least, and one more than at most."""

WHOLE_DAY = (-LEAD_HOURS, HOURS + LEAD_HOURS)
PRESENCE_BONUS = 1e3
"""A quarter of an hour of wanted presence is worth so many best visits: it comes first."""


@dataclass(slots=True)
class Roster:
    """Teams that may go out, the hours that each keeps, and the present schedule of a search.

    Attributes
    ----------
    teams : tuple of Team
        Who may go out.
    longest : list of ndarray of int8, shape (24 + 2 LEAD_HOURS,)
        Longest duty that may start in each hour from `LEAD_HOURS` before the day, by team [h].
    duties : list of Duty or None
        The present duty of each team.
    effort : ndarray of float32, shape (cells, 24, channels)
        Of all present duties.
    air_price : dict of party to float
        Worth of a block aloft elsewhere in its budget.
    fixed : set of int
        Teams whose duty is given by order.
    """

    teams: tuple[Team, ...]
    longest: list[Hours]
    duties: list[Duty | None]
    effort: Float32
    air_price: dict[str, float] = field(default_factory=dict)
    fixed: set[int] = field(default_factory=set)


def new_roster(
    game: Game, teams: tuple[Team, ...], windows: Mapping[int, tuple[int, int]] | None = None
) -> Roster:
    """Return a roster with nobody on duty; windows are hours of the day by place of the team."""
    spans = windows or {}
    longest = [longest_from(team, *spans.get(i, WHOLE_DAY)) for i, team in enumerate(teams)]
    empty = np.zeros_like(game.open_share)
    return Roster(teams, longest, [None] * len(teams), empty)


def present_duties(roster: Roster) -> tuple[Duty, ...]:
    """Return the duties of the present schedule, by team."""
    return tuple(duty for duty in roster.duties if duty is not None)


def sweep(
    game: Game, roster: Roster, price: Float32, rng: np.random.Generator, *, air: bool = True
) -> float:
    """Improve the present schedule, one team after another, and return what it is worth.

    Each team gets the duty that is best against the chance that the others leave open; worth of a
    schedule is sum price (1 - exp(-effort)), concave in the effort, so that no step makes it worse
    (but for limits that bind).

    Parameters
    ----------
    game, roster : Game, Roster
        What is searched, and the present schedule, which changes.
    price : ndarray of float32, shape (cells, 24, channels)
        From `price_fields`.
    rng : Generator
        For the order of the teams.
    air : bool
        Whether helicopters are looked at again too.
    """
    network = game.network
    # Adding and taking away leaves crumbs of rounding: begin each sweep from what is there.
    roster.effort[:] = effort_of(present_duties(roster), roster.teams, network)
    for place in rng.permutation(len(roster.teams)):
        team = roster.teams[place]
        if int(place) in roster.fixed or (team.flight >= 0 and not air):
            continue
        _replace(game, roster, int(place), price)
    _keep_presence(game, roster, price)
    return worth_of_effort(roster.effort, price)


def worth_of_effort(effort: Float32, price: Float32) -> float:
    """Return what an effort is worth at a price."""
    return float(np.vdot(price, -np.expm1(-effort)))


def _replace(game: Game, roster: Roster, place: int, price: Float32) -> None:
    """Give one team its best duty against the others."""
    team, network = roster.teams[place], game.network
    _send_home(game, roster, place)
    found = (
        _price_air(game, roster, place, price)
        if team.flight >= 0
        else _price_ground(game, roster, place, price)
    )
    if found.duty is not None and not _officer_free(roster, team, network):
        found = Priced(0.0, None)
    if found.duty is not None:
        add_duty(roster.effort, found.duty, team, network)
        roster.duties[place] = found.duty


def _officer_free(roster: Roster, team: Team, network: PatrolNetwork) -> bool:
    if not team.officers:
        return True
    busy = sum(roster.teams[duty.team].officers for duty in roster.duties if duty is not None)
    return busy + team.officers <= network.limits.officers


def team_worth(
    game: Game, roster: Roster, team: Team, price: Float32, first: int, count: int
) -> Float32:
    """Return the worth of a full hour's stay (or a pass) in a window of stations, (24, count)."""
    network = game.network
    looks = [network.looks[number] for number in team.looks]
    pairs = [slice(look.starts[first], look.starts[first + count]) for look in looks]
    seen = [
        look.cells[part] for look, part in zip(looks, pairs, strict=True) if part.stop > part.start
    ]
    if not seen:
        return np.zeros((HOURS, count), np.float32)
    low, high = min(int(c.min()) for c in seen), max(int(c.max()) for c in seen) + 1
    # Only the cells that are seen from the window are ever looked up.
    open_price = np.empty_like(price)
    np.exp(-roster.effort[low:high], out=open_price[low:high])
    open_price[low:high] *= price[low:high]
    worth: Float32 | None = None
    for look in looks:
        worth = worth_of_visits(
            look.starts, look.cells, look.chance, open_price, first, count, worth
        )
    return np.zeros((HOURS, count), np.float32) if worth is None else worth


def _price_ground(game: Game, roster: Roster, place: int, price: Float32) -> Priced:
    team = roster.teams[place]
    reach = team.reach
    assert reach is not None  # noqa: S101 - a ground team has a reach
    worth = team_worth(game, roster, team, price, reach.first, len(reach))
    return price_ground(team, place, worth[None], roster.longest[place])


def _price_air(game: Game, roster: Roster, place: int, price: Float32) -> Priced:
    """Return the best day of a helicopter within what the others leave of budgets and fuel."""
    team, network = roster.teams[place], game.network
    flight = network.flights[team.flight]
    party = team.members[0].party
    blocks, burnt, taken = use_of_air(present_duties(roster), roster.teams, network)
    left = network.limits.air_blocks.get(party, np.inf) - blocks[party]
    left_kg = network.limits.air_kg.get(party, np.inf) - burnt[party]
    most = int(min(left, left_kg / flight.block_kg, flight.day_blocks) + 1e-9)
    pad_kg = np.array([
        network.limits.pad_kg.get(pad, 0.0) - taken[pad] for pad in flight.pads
    ])  # fmt: skip
    worth = team_worth(game, roster, team, price, 0, network.cells)
    worth *= team.open[None]
    for _ in range(4):
        day = price_air(team, flight, worth, roster.longest[place], pad_kg)
        block_price = roster.air_price.get(party, 0.0)
        gain = day.by_aloft[: most + 1] - block_price * np.arange(len(day.by_aloft[: most + 1]))
        if not len(gain) or gain.max() <= 0:
            return Priced(0.0, None)
        aloft = int(gain.argmax())
        duty = day_in_air(team, place, day, roster.longest[place], aloft)
        if duty is None:
            return Priced(0.0, None)
        over = _pads_overdrawn(duty, flight.block_kg, pad_kg)
        if not over.any():
            return Priced(float(day.by_aloft[aloft]), duty)
        pad_kg = np.where(over, pad_kg / 2, pad_kg)
    return Priced(0.0, None)


def _pads_overdrawn(duty: Duty, block_kg: float, pad_kg: NDArray[np.float64]) -> NDArray[np.bool_]:
    used = np.zeros(len(pad_kg))
    for sortie in duty.sorties:
        used[sortie.pad_from] += sortie.blocks * block_kg
    return used > pad_kg + 1e-6


def _keep_presence(game: Game, roster: Roster, price: Float32) -> None:
    """Send teams into sectors whose least presence is not met, those first that lose least."""
    network = game.network
    least = network.limits.presence_hours
    if least <= 0:
        return
    hours = presence_of(present_duties(roster), roster.teams, network)
    for sector in np.flatnonzero(hours + 1e-9 < least):
        _fill_sector(game, roster, price, int(sector), least)


def _fill_sector(game: Game, roster: Roster, price: Float32, sector: int, least: float) -> None:
    network = game.network
    inside = network.sector_of == sector
    bonus = np.float32(PRESENCE_BONUS * max(float(price.max()), 1e-9))
    for place in _who_reaches(roster, inside):
        before = presence_of(present_duties(roster), roster.teams, network)
        if before[sector] + 1e-9 >= least:
            return
        team, reach = roster.teams[place], roster.teams[place].reach
        if reach is None or place in roster.fixed:
            continue
        old = roster.duties[place]
        if old is not None:
            add_duty(roster.effort, old, team, network, -1.0)
            roster.duties[place] = None
        window = slice(reach.first, reach.first + len(reach))
        worth = team_worth(game, roster, team, price, reach.first, len(reach))
        worth += bonus * inside[window]
        found = price_ground(team, place, worth[None], roster.longest[place]).duty
        if found is not None and not _officer_free(roster, team, network):
            found = None
        new = found if found is not None else old
        roster.duties[place] = new
        after = presence_of(present_duties(roster), roster.teams, network)
        others = np.arange(len(after)) != sector
        # A team that leaves another sector bare is sent back.
        if ((after + 1e-9 < least) & (before + 1e-9 >= least) & others).any():
            new = roster.duties[place] = old
        if new is not None:
            add_duty(roster.effort, new, team, network)


def _who_reaches(roster: Roster, inside: NDArray[np.bool_]) -> list[int]:
    """Return ground teams that reach some cells, those with the smallest reach first."""
    found = []
    for place, team in enumerate(roster.teams):
        if team.reach is None:
            continue
        window = slice(team.reach.first, team.reach.first + len(team.reach))
        if (inside[window] & (team.reach.home_hours < 255)).any():
            found.append((len(team.reach), place))
    return [place for _, place in sorted(found)]


def search_around(
    game: Game, roster: Roster, price: Float32, rng: np.random.Generator, moves: int
) -> None:
    """Improve the present schedule by sending home a few neighbouring teams and asking them anew.

    A sweep ends where no team alone can do better; a neighbourhood together often can. What does
    not improve is put back.
    """
    network = game.network
    places = [
        place
        for place, team in enumerate(roster.teams)
        if team.reach is not None and place not in roster.fixed
    ]
    if len(places) < 2 or (network.limits.presence_hours > 0 and not _present(game, roster)):
        return
    middle = np.array([_middle(roster.teams[place]) for place in places])
    best = worth_of_effort(roster.effort, price)
    for _ in range(moves):
        centre = middle[rng.integers(len(places))]
        order = np.argsort(np.abs(middle - centre) + rng.random(len(places)) * 5.0)
        near = [places[i] for i in order[: int(rng.integers(*NEIGHBOURS))]]
        before, effort = [roster.duties[place] for place in near], roster.effort.copy()
        for place in near:
            _send_home(game, roster, place)
        for place in (*rng.permutation(near), *rng.permutation(near)):
            _replace(game, roster, int(place), price)
        now = worth_of_effort(roster.effort, price)
        if now >= best and (network.limits.presence_hours <= 0 or _present(game, roster)):
            best = now
            continue
        for place, duty in zip(near, before, strict=True):
            roster.duties[place] = duty
        roster.effort[:] = effort


def fill_idle(game: Game, roster: Roster, price: Float32, rng: np.random.Generator) -> None:
    """Give teams without a duty their best one; nobody else is moved."""
    for place in rng.permutation(len(roster.teams)):
        if roster.duties[place] is None and int(place) not in roster.fixed:
            _replace(game, roster, int(place), price)
    _keep_presence(game, roster, price)


def _present(game: Game, roster: Roster) -> bool:
    hours = presence_of(present_duties(roster), roster.teams, game.network)
    return bool((hours + 1e-9 >= game.network.limits.presence_hours).all())


def _middle(team: Team) -> float:
    assert team.reach is not None  # noqa: S101 - asked of ground teams
    return team.reach.first + len(team.reach) / 2


def _send_home(game: Game, roster: Roster, place: int) -> None:
    duty = roster.duties[place]
    if duty is not None:
        add_duty(roster.effort, duty, roster.teams[place], game.network, -1.0)
        roster.duties[place] = None


def keep_limits(game: Game, roster: Roster, rng: np.random.Generator) -> None:
    """Send teams home, at random, until a drawn schedule keeps what couples its teams."""
    network, limits = game.network, game.network.limits
    while True:
        duties = present_duties(roster)
        blocks, burnt, taken = use_of_air(duties, roster.teams, network)
        over = any(blocks[p] > most + 1e-6 for p, most in limits.air_blocks.items())
        over |= any(burnt[p] > most + 1e-6 for p, most in limits.air_kg.items())
        over |= any(used > limits.pad_kg.get(p, 0.0) + 1e-6 for p, used in taken.items())
        guests = sum(roster.teams[duty.team].officers for duty in duties)
        if not over and guests <= limits.officers:
            break
        leaving = [
            duty.team
            for duty in duties
            if duty.team not in roster.fixed
            and (duty.sorties if over else roster.teams[duty.team].officers)
        ]
        if not leaving:
            break
        roster.duties[int(rng.choice(leaving))] = None
    roster.effort[:] = effort_of(present_duties(roster), roster.teams, network)
