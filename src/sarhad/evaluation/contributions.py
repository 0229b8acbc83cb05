"""What a network or scenario would be with one contribution more."""

from __future__ import annotations

from dataclasses import replace

from sarhad.patrols import PatrolNetwork, Team
from sarhad.scenario import Cooperation, Scenario


def with_more_units(network: PatrolNetwork, unit: str, count: int = 1) -> PatrolNetwork:
    """Return the network with more units of a class; what couples the teams stays.

    A party's budget of flying hours and fuel does not grow with its helicopters.

    Parameters
    ----------
    network : PatrolNetwork
        Of an option.
    unit : str
        Class of units that has a team in it.
    count : int
        How many more.

    Raises
    ------
    ValueError
        If no single team is of that class, or count is below 1.
    """
    of_class = [t for t in network.teams if len(t.members) == 1 and t.members[0].unit == unit]
    if not of_class or count < 1:
        raise ValueError(f"no team of class {unit!r} to add to, or count below 1")
    last = max(of_class, key=lambda team: team.members[0].number)
    more = tuple(_next_to(last, step + 1) for step in range(count))
    after = network.teams.index(last) + 1
    return replace(network, teams=network.teams[:after] + more + network.teams[after:])


def _next_to(team: Team, step: int) -> Team:
    number = team.members[0].number + step
    member = replace(team.members[0], number=number)
    return replace(team, name=f"{member.unit}#{number + 1}", members=(member,))


def with_more_officers(network: PatrolNetwork, count: int) -> PatrolNetwork:
    """Return the network with more officers of the host to go with guests.

    Raises
    ------
    ValueError
        If count is negative.
    """
    if count < 0:
        raise ValueError("count is not negative")
    officers = network.limits.officers + count
    return replace(network, limits=replace(network.limits, officers=officers))


def with_hotline(scenario: Scenario, option: str, minutes: float) -> Scenario:
    """Return the scenario in which a hotline with the neighbour saves minutes in an option.

    The network is to be built anew from it: a hotline changes which help comes in time.

    Raises
    ------
    ValueError
        If no option is called so.
    """
    names = {each.name: each for each in scenario.options}
    if option not in names:
        raise ValueError(f"no option is called {option!r}")
    usual = _cooperation_of(scenario, option) or Cooperation()
    changed = replace(names[option], cooperation=replace(usual, hotline_minutes=minutes))
    options = tuple(changed if each.name == option else each for each in scenario.options)
    return replace(scenario, options=options)


def _cooperation_of(scenario: Scenario, option: str) -> Cooperation | None:
    """Return what holds for an option: its own, or that of what it extends."""
    names = {each.name: each for each in scenario.options}
    following: str | None = option
    while following is not None:
        if names[following].cooperation is not None:
            return names[following].cooperation
        following = names[following].extends
    return None
