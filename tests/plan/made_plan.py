"""Small made plans over the joint network of the tests."""

from __future__ import annotations

import numpy as np
from tests.patrols.made_network import joint_network

from sarhad.patrols import Duty, Sortie, passes_of
from sarhad.plan import Plan, Schedule

NETWORK = joint_network()
THERE, BACK = Sortie(28, 0, 1, (0, 2, 4), 4), Sortie(34, 1, 0, (4, 2), 4)


def walk(team, visits, start=8, hours=4) -> Duty:
    station, hour, quarters = np.array(visits, int).reshape(-1, 3).T
    return Duty(
        team, start, hours, station.astype(np.int16), hour.astype(np.int8),
        quarters.astype(np.int8),
    )  # fmt: skip


def fly(team=4, sorties=(THERE, BACK), start=7, hours=6) -> Duty:
    cells, hour = passes_of(sorties, NETWORK.flights[0])
    return Duty(team, start, hours, cells, hour, np.zeros(len(cells), np.int8), sorties)


def stay(team, cell, start=8, near=6) -> Duty:
    """Return a duty of four hours: out to a cell near the post, two hours there, and home."""
    first = 3 - abs(cell - near)
    return walk(team, [(cell, start, first), (cell, start + 1, 4), (cell, start + 2, 4)], start)


def lottery(schedules, shares=None, network=NETWORK, *, begin=7, until=20, **changes) -> Plan:
    count, teams = len(schedules), len(network.teams)
    values = {
        "option": network.option, "name": "made", "teams": network.teams,
        "schedules": tuple(Schedule(tuple(duties)) for duties in schedules),
        "probabilities": np.full(count, 1 / count) if shares is None else np.asarray(shares, float),
        "day_from": np.full(teams, begin, np.int8), "day_until": np.full(teams, until, np.int8),
        "seed": 0,
    }  # fmt: skip
    return Plan(**values | changes)


def spread_plan(count=40, seed=0, network=NETWORK) -> Plan:
    """Return a lottery over many different days of three foot teams and a helicopter."""
    rng = np.random.default_rng(seed)
    days = []
    for _ in range(count):
        cells, starts = rng.integers(5, 9, 3), rng.integers(7, 16, 3)
        day = [stay(0, cells[0], starts[0]), stay(1, cells[1], starts[1])]
        day += [stay(3, cells[2], starts[2])] if rng.random() < 0.7 else []
        days.append([*day, *([fly()] if rng.random() < 0.5 else [])])
    return lottery(days, rng.dirichlet(np.full(count, 3.0)), network)
