"""Living with a plan: again after something changed, and what one contribution more is worth."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sarhad.patrols import Duty, PatrolNetwork, Team, WeatherState, covered, find_breaches
from sarhad.plan import Plan, Result, cover_of_plan, expected_harm
from sarhad.solvers.game import Game, attack_weights, build_game, left_harm, price_fields, respond
from sarhad.solvers.generate import SearchSettings, kept_hours, solve
from sarhad.solvers.sweep import (
    Roster,
    fill_idle,
    keep_limits,
    new_roster,
)

Float32 = NDArray[np.float32]

HEAT = 0.02


@dataclass(frozen=True, slots=True)
class Stay:
    """An order by hand: a team stays at one place.

    Attributes
    ----------
    team : str
        Name of the team.
    cell : int
        Border cell.
    """

    team: str
    cell: int


def without_teams(network: PatrolNetwork, names: Iterable[str]) -> PatrolNetwork:
    """Return the network without some teams.

    Raises
    ------
    ValueError
        If a name means no team.
    """
    gone = set(names)
    unknown = gone - {team.name for team in network.teams}
    if unknown:
        raise ValueError(f"no team is called {', '.join(sorted(unknown))}")
    return replace(network, teams=tuple(t for t in network.teams if t.name not in gone))


def in_bad_weather(network: PatrolNetwork) -> PatrolNetwork:
    """Return the network on days on which nobody can fly: its poorest weather is certain."""
    sights = [state.sight for state in network.states]
    keep = sights.index("poor") if "poor" in sights else 0
    states = tuple(
        WeatherState(1.0 if number == keep else 0.0, state.sight, state.flown)
        for number, state in enumerate(network.states)
    )
    grounded = tuple(team for team in network.teams if team.flight < 0)
    return replace(network, states=states, teams=grounded)


def hold_stay(network: PatrolNetwork, stay: Stay) -> PatrolNetwork:
    """Return the network in which a team may be nowhere but at one cell.

    Raises
    ------
    ValueError
        If no such team walks or drives, or it cannot be there on a legal duty.
    """
    places = [n for n, team in enumerate(network.teams) if team.name == stay.team]
    if not places or network.teams[places[0]].reach is None:
        raise ValueError(f"no team on the ground is called {stay.team}")
    team = network.teams[places[0]]
    reach = team.reach
    assert reach is not None  # noqa: S101 - checked above
    at = stay.cell - reach.first
    hours = np.full(len(reach), 255, np.uint8)
    if not 0 <= at < len(reach) or int(reach.out_hours[at]) + int(reach.home_hours[at]) > min(
        team.duty_hours, 200
    ):
        raise ValueError(f"{stay.team} cannot be at cell {stay.cell} on a legal duty")
    home = hours.copy()
    hours[at], home[at] = reach.out_hours[at], reach.home_hours[at]
    narrow = replace(reach, out_hours=hours, home_hours=home)
    held = replace(team, reach=narrow, group=max(t.group for t in network.teams) + 1)
    teams = (*network.teams[: places[0]], held, *network.teams[places[0] + 1 :])
    return replace(network, teams=teams)


def replan(
    network: PatrolNetwork,
    adaptivity: float,
    before: Plan,
    settings: SearchSettings,
    *,
    executor: Executor | None = None,
) -> Result:
    """Return a plan again after something changed, beginning from the plan before.

    Parameters
    ----------
    network : PatrolNetwork
        As it is now.
    adaptivity : float
        As for `solve`.
    before : Plan
        The plan before; teams are the same where their names are.
    settings : SearchSettings
        When to stop.
    executor : Executor, optional
        Threads.
    """
    return solve(network, adaptivity, settings, start=_legal_part(before, network),
                 executor=executor)  # fmt: skip


def _legal_part(before: Plan, network: PatrolNetwork) -> Plan:
    """Return the plan before without duties that are no longer legal."""
    now = {team.name: team for team in network.teams}
    places = {team.name: number for number, team in enumerate(network.teams)}
    sound: dict[int, bool] = {}

    def kept(duty: Duty) -> bool:
        name = before.teams[duty.team].name
        if name not in now:
            return False
        if id(duty) not in sound:
            moved = replace(duty, team=places[name])
            sound[id(duty)] = not find_breaches(moved, now[name], network)
        return sound[id(duty)]

    schedules = tuple(
        replace(schedule, duties=tuple(duty for duty in schedule.duties if kept(duty)))
        for schedule in before.schedules
    )
    return replace(before, schedules=schedules)


def harm_with(network: PatrolNetwork, adaptivity: float, plan: Plan) -> float:
    """Return the harm of a plan in a network with something more, filled up by who is idle.

    Nobody of the plan is moved, so that it is an upper value: with time to search, a contribution
    is worth this or more.

    Parameters
    ----------
    network : PatrolNetwork
        With the contribution.
    adaptivity : float
        As for `solve`.
    plan : Plan
        Found without it.
    """
    game = build_game(network, adaptivity)
    rng = np.random.default_rng(plan.seed)
    unmoved = cover_of_plan(plan, network)
    usual = expected_harm(network.attacks, unmoved, adaptivity)
    adaptive = respond(game, left_harm(game, unmoved.ravel()), HEAT)
    price, _ = price_fields(game, attack_weights(game, adaptive))
    roster = new_roster(game, network.teams, kept_hours(plan, network.teams))
    cover = np.zeros(game.fields)
    for schedule, share in zip(plan.schedules, plan.probabilities, strict=True):
        _lay_out(game, roster, schedule.duties, plan.teams, rng)
        fill_idle(game, roster, price, rng)
        cover += share * covered(np.exp(-roster.effort), network).ravel()
    shape = (network.cells, 24, -1)
    filled = expected_harm(network.attacks, cover.reshape(shape).astype(np.float32), adaptivity)
    return min(usual, filled)


def _lay_out(
    game: Game,
    roster: Roster,
    duties: tuple[Duty, ...],
    teams: tuple[Team, ...],
    rng: np.random.Generator,
) -> None:
    known = {team.name: place for place, team in enumerate(roster.teams)}
    roster.duties = [None] * len(roster.teams)
    for duty in duties:
        place = known.get(teams[duty.team].name)
        if place is not None:
            roster.duties[place] = replace(duty, team=place)
    keep_limits(game, roster, rng)


@dataclass(frozen=True, slots=True)
class Change:
    """What a plan does differently with one team.

    Attributes
    ----------
    team : str
        Its name.
    before, after : str
        Where it mostly was and is, in words; empty for nowhere.
    """

    team: str
    before: str
    after: str


def list_changes(before: Plan, after: Plan) -> tuple[Change, ...]:
    """Return the teams whose usual place or hours differ between two plans."""
    usual = [_usual(plan) for plan in (before, after)]
    names = dict.fromkeys([*usual[0], *usual[1]])
    return tuple(
        Change(name, usual[0].get(name, ""), usual[1].get(name, ""))
        for name in names
        if usual[0].get(name, "") != usual[1].get(name, "")
    )


def _usual(plan: Plan) -> dict[str, str]:
    """Return each team's most frequent duty in words."""
    shares: dict[str, dict[str, float]] = {}
    for schedule, share in zip(plan.schedules, plan.probabilities, strict=True):
        for duty in schedule.duties:
            cells = duty.station[(duty.quarters > 0) | bool(duty.sorties)]
            if not len(cells):
                continue
            words = f"km {int(cells.min())} to {int(cells.max()) + 1}, {duty.start}:00"
            words += f" for {duty.hours} h"
            of_team = shares.setdefault(plan.teams[duty.team].name, {})
            of_team[words] = of_team.get(words, 0.0) + float(share)
    return {name: max(words, key=lambda text: words[text]) for name, words in shares.items()}
