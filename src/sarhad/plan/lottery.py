"""A plan: joint schedules and their probabilities, and its harm recomputed from the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarhad.patrols import (
    Attacks,
    Duty,
    PatrolNetwork,
    Team,
    covered,
    effort_of,
    find_breaches,
    no_effort,
)

Floats = NDArray[np.float64]
Float32 = NDArray[np.float32]

NO_AVOIDABLE: Final = 1e-9
"""Below this share of the harm with posts alone nothing is avoidable, and the gap is 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """One joint schedule of a patrol day: at most one duty for each team.

    Attributes
    ----------
    duties : tuple of Duty
        By growing team; teams without a duty rest.
    """

    duties: tuple[Duty, ...]

    def __post_init__(self) -> None:
        teams = [duty.team for duty in self.duties]
        if sorted(set(teams)) != teams:
            raise ValueError("a team has at most one duty a day, and duties stand in their order")


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A lottery over joint schedules; every day of the horizon is drawn from it independently.

    Attributes
    ----------
    option : str
        The option that it is for.
    name : str
        For example "sarhad", or that of a baseline.
    teams : tuple of Team
        Who goes out; mixed teams stand after the single units of the network.
    schedules : tuple of Schedule
        The joint schedules.
    probabilities : ndarray, shape (schedules,)
        They sum to 1.
    day_from, day_until : ndarray of int8, shape (teams,)
        Hours of the patrol day within which all duties of a team lie, so that it rests between
        them on every two days in a row.
    seed : int
        Of the search that found it.
    """

    option: str
    name: str
    teams: tuple[Team, ...]
    schedules: tuple[Schedule, ...]
    probabilities: Floats
    day_from: NDArray[np.int8]
    day_until: NDArray[np.int8]
    seed: int

    def __post_init__(self) -> None:
        if len(self.schedules) != len(self.probabilities) or not self.schedules:
            raise ValueError("every schedule has a probability, and there is at least one")
        if (self.probabilities < 0).any() or not np.isclose(self.probabilities.sum(), 1.0):
            raise ValueError("probabilities are not negative and sum to 1")


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A plan with its worth and the proof of how good it is.

    Attributes
    ----------
    plan : Plan
        The plan.
    harm : float
        Its harm, recomputed over all attacks [persons per attack].
    harm_bound : float
        No plan has less [persons per attack].
    harm_posts_alone : float
        With manned posts alone [persons per attack].
    unreachable_harm : float
        Part of the harm by habit that no duty can influence [persons per attack].
    gap_avoidable, gap_harm : float
        (H - B) / (H0 - B) and (H - B) / H.
    coordination_value : float
        (H of independent draws by party - H) / H.
    marginal : ndarray, shape (teams,)
        How much harm would grow without each team [persons per attack].
    status : str
        "gap", "time", "rounds" or "exact".
    runtime_s, peak_mib : float
        Time and memory that it took.
    rounds : int
        Rounds of column generation.
    """

    plan: Plan
    harm: float
    harm_bound: float
    harm_posts_alone: float
    unreachable_harm: float
    gap_avoidable: float
    gap_harm: float
    coordination_value: float
    marginal: Floats
    status: str
    runtime_s: float
    peak_mib: float
    rounds: int

    @property
    def gap(self) -> float:
        """Return the larger of the two gaps."""
        return max(self.gap_avoidable, self.gap_harm)


def gaps(harm: float, bound: float, posts_alone: float) -> tuple[float, float]:
    """Return the gap in avoidable harm and in harm; 0 where nothing is avoidable."""
    if posts_alone - bound < NO_AVOIDABLE * posts_alone:
        return 0.0, 0.0
    return (harm - bound) / (posts_alone - bound), (harm - bound) / harm


def harm_by_attack(attacks: Attacks, cover: Float32) -> Floats:
    """Return the harm of each attack that is left, shape (attacks,) [persons].

    Parameters
    ----------
    attacks : Attacks
        The attacks.
    cover : ndarray, shape (cells, 24, targets)
        Chance that each crossing is noticed.
    """
    seen = cover[attacks.cell, attacks.hour, attacks.target].astype(np.float64)
    return np.asarray(attacks.harm * (1.0 - attacks.timely * seen))


def worst_by_attacker(attacks: Attacks, left: Floats) -> Floats:
    """Return the harm of each type's most appealing reachable attack, appeal counted [persons].

    A type without a reachable attack has 0 and no weight.
    """
    worst = np.zeros(len(attacks.weights))
    open_to = attacks.reachable
    np.maximum.at(worst, attacks.attacker[open_to], (attacks.appeal * left)[open_to])
    return worst


def adaptive_weights(attacks: Attacks) -> Floats:
    """Return the weights of the types that have a reachable attack; they sum to 1, or are all 0."""
    there = np.bincount(attacks.attacker[attacks.reachable], minlength=len(attacks.weights)) > 0
    weights = np.where(there, attacks.weights, 0.0)
    total = float(weights.sum())
    return weights / total if total > 0 else weights


def expected_harm(attacks: Attacks, cover: Float32, adaptivity: float) -> float:
    """Return the harm per attack that a plan leaves [persons].

    H = adaptivity sum_k weight_k max_(a of k, reachable) appeal_a L_a
        + (1 - adaptivity) sum_a q_a L_a
    with L_a = harm_a (1 - timely_a D_a): each type of attacker that adapts goes where it does most
    harm, long ways counting for less.
    """
    left = harm_by_attack(attacks, cover)
    habit = float(attacks.pattern @ left)
    weights = adaptive_weights(attacks)
    if not weights.any():
        return habit
    return adaptivity * float(weights @ worst_by_attacker(attacks, left)) + (1 - adaptivity) * habit


def harm_out_of_reach(attacks: Attacks, cover: Float32) -> float:
    """Return the part of the harm by habit that no duty can influence [persons per attack]."""
    left = harm_by_attack(attacks, cover)
    return float((attacks.pattern * left)[~attacks.reachable].sum())


def cover_of_posts(network: PatrolNetwork) -> Float32:
    """Return the chance that manned posts alone notice a crossing, (cells, 24, targets) [1]."""
    return covered(np.exp(-no_effort(network)), network)


def cover_of_schedule(
    schedule: Schedule, teams: tuple[Team, ...], network: PatrolNetwork
) -> Float32:
    """Return the chance that a crossing is noticed on a day of that schedule."""
    return covered(np.exp(-effort_of(schedule.duties, teams, network)), network)


def cover_of_plan(plan: Plan, network: PatrolNetwork) -> Float32:
    """Return the chance that a crossing is noticed over the lottery, (cells, 24, targets) [1]."""
    total = np.zeros((*no_effort(network).shape[:2], 2), np.float64)
    for schedule, share in zip(plan.schedules, plan.probabilities, strict=True):
        if share > 0:
            total += share * cover_of_schedule(schedule, plan.teams, network)
    return total.astype(np.float32)


def cover_if_apart(plan: Plan, network: PatrolNetwork) -> Float32:
    """Return the same where each party draws its part independently of the others.

    E[exp(-sum of efforts)] is then the product of the parties' E[exp(-effort)], exactly. A mixed
    team belongs to the party of its first member, whose vehicle it uses.
    """
    owners = [team.members[0].party for team in plan.teams]
    missed = np.ones(no_effort(network).shape, np.float64)
    for party in dict.fromkeys(owners):
        of_party = np.zeros_like(missed)
        for schedule, share in zip(plan.schedules, plan.probabilities, strict=True):
            own = [duty for duty in schedule.duties if owners[duty.team] == party]
            of_party += share * np.exp(-effort_of(own, plan.teams, network))
        missed *= of_party
    return covered(missed.astype(np.float32), network)


def find_plan_breaches(plan: Plan, network: PatrolNetwork) -> tuple[str, ...]:
    """Return every rule that a plan breaks on some day that it may draw, a sentence each.

    Duties are checked one by one, then what couples them: officers, flying hours, fuel, presence,
    that nobody is in two teams at once, and rest.
    """
    seen: dict[int, tuple[str, ...]] = {}
    breaches: list[str] = []
    for schedule, share in zip(plan.schedules, plan.probabilities, strict=True):
        if share <= 0:
            continue
        for duty in schedule.duties:
            if id(duty) not in seen:
                seen[id(duty)] = find_breaches(duty, plan.teams[duty.team], network)
                seen[id(duty)] += tuple(_rest_broken(duty, plan))
            breaches += seen[id(duty)]
        breaches += _coupling_broken(schedule, plan.teams, network)
    return tuple(dict.fromkeys(breaches))


def _rest_broken(duty: Duty, plan: Plan) -> Iterator[str]:
    team = plan.teams[duty.team]
    begin, end = int(plan.day_from[duty.team]), int(plan.day_until[duty.team])
    if duty.start < begin or duty.start + duty.hours > end:
        yield f"{team.name} works outside its hours {begin} to {end} of the patrol day"
    if end - begin + team.rest_hours > 24:
        yield f"{team.name} cannot rest {team.rest_hours} h between two days"


def _coupling_broken(
    schedule: Schedule, teams: tuple[Team, ...], network: PatrolNetwork
) -> Iterator[str]:
    limits = network.limits
    members = Counter((m.unit, m.number) for d in schedule.duties for m in teams[d.team].members)
    yield from (
        f"{unit} {number} is in two teams" for (unit, number), n in members.items() if n > 1
    )
    officers = sum(teams[duty.team].officers for duty in schedule.duties)
    if officers > limits.officers:
        yield f"{officers} officers of the host are needed, there are {limits.officers}"
    blocks, burnt, taken = use_of_air(schedule.duties, teams, network)
    for what, used, most in (
        ("quarters of an hour aloft", blocks, limits.air_blocks),
        ("kg of fuel", burnt, limits.air_kg),
        ("kg of fuel from the pad", taken, limits.pad_kg),
    ):
        for name, amount in used.items():
            if amount > most.get(name, np.inf) + 1e-6:
                yield f"{name}: {amount:,.0f} {what} a day, at most {most[name]:,.0f}"
    hours = presence_of(schedule.duties, teams, network)
    for name, amount in zip(network.sectors, hours, strict=True):
        if amount + 1e-6 < limits.presence_hours:
            yield f"sector {name}: {amount:g} h of patrol a day, at least {limits.presence_hours:g}"


def use_of_air(
    duties: Iterable[Duty], teams: tuple[Team, ...], network: PatrolNetwork
) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Return blocks aloft and fuel [kg] by party, and fuel taken by pad [kg], of a day."""
    blocks: Counter[str] = Counter()
    burnt: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    for duty in duties:
        team = teams[duty.team]
        if team.flight < 0:
            continue
        flight = network.flights[team.flight]
        party = team.members[0].party
        for sortie in duty.sorties:
            blocks[party] += sortie.blocks
            burnt[party] += sortie.blocks * flight.block_kg  # type: ignore[assignment]
            taken[flight.pads[sortie.pad_from]] += sortie.blocks * flight.block_kg  # type: ignore[assignment]
    return blocks, burnt, taken


def presence_of(duties: Iterable[Duty], teams: tuple[Team, ...], network: PatrolNetwork) -> Floats:
    """Return the hours that patrols stay in each sector on a day, shape (sectors,) [h].

    A pass by air is no stay.
    """
    hours = np.zeros(len(network.sectors) + 1)
    for duty in duties:
        if teams[duty.team].flight < 0:
            np.add.at(hours, network.sector_of[duty.station], duty.quarters / 4.0)
    return hours[:-1]
