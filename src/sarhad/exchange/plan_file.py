"""A plan as a file: JSON that a person can read, and that comes back as the same plan."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from sarhad.errors import Fault, ScenarioError
from sarhad.exchange.atomic import write_atomically
from sarhad.patrols import Duty, PatrolNetwork, Sortie, Team
from sarhad.plan import Plan, Result, Schedule

SCHEMA: Final = 1


def plan_as_json(result: Result, fingerprint: str) -> dict[str, Any]:
    """Return a plan and its figures as an object of JSON.

    Parameters
    ----------
    result : Result
        The plan, its worth and its proof.
    fingerprint : str
        Of the scenario that it was made from.
    """
    plan = result.plan
    return {
        "schema": SCHEMA,
        "scenario": fingerprint,
        "option": plan.option,
        "name": plan.name,
        "seed": plan.seed,
        "harm": result.harm,
        "harm_bound": result.harm_bound,
        "harm_posts_alone": result.harm_posts_alone,
        "teams": [
            {"name": team.name, "from": int(begin), "until": int(end)}
            for team, begin, end in zip(plan.teams, plan.day_from, plan.day_until, strict=True)
        ],
        "schedules": [
            {"probability": float(share), "duties": [_duty_as_json(d) for d in schedule.duties]}
            for schedule, share in zip(plan.schedules, plan.probabilities, strict=True)
        ],
    }


def _duty_as_json(duty: Duty) -> dict[str, Any]:
    row: dict[str, Any] = {"team": int(duty.team), "start": duty.start, "hours": duty.hours}
    if duty.sorties:
        row["sorties"] = [
            [s.block, s.pad_from, s.pad_to, list(s.nodes), s.blocks] for s in duty.sorties
        ]
    row["visits"] = np.column_stack([duty.station, duty.hour, duty.quarters]).tolist()
    return row


def write_plan(path: Path, result: Result, fingerprint: str) -> None:
    """Write a plan, whole or not at all."""
    content = json.dumps(plan_as_json(result, fingerprint), separators=(",", ":"))
    write_atomically(path, lambda file: file.write(content.encode()))


def read_plan(path: Path, network: PatrolNetwork) -> tuple[Plan, str]:
    """Return a plan and the fingerprint of the scenario that it was made from.

    Parameters
    ----------
    path : Path
        Written by `write_plan`.
    network : PatrolNetwork
        Of the option that the plan is for; teams are found by their names. Duties of teams that are
        no longer there are left out.

    Raises
    ------
    ScenarioError
        If the file is no plan of this schema and option, naming what was found.
    """
    entered = _entered(path, network.option)
    known = {team.name: number for number, team in enumerate(network.teams)}
    place = {number: known.get(row["name"]) for number, row in enumerate(entered["teams"])}
    hours = {known[r["name"]]: (r["from"], r["until"]) for r in entered["teams"]
             if r["name"] in known}  # fmt: skip
    usual = [hours.get(n, (0, 24 - team.rest_hours)) for n, team in enumerate(network.teams)]
    schedules, shares = [], []
    for row in entered["schedules"]:
        duties = (_duty_of(duty, place) for duty in row["duties"])
        kept = sorted((d for d in duties if d is not None), key=lambda duty: duty.team)
        schedules.append(Schedule(tuple(kept)))
        shares.append(float(row["probability"]))
    plan = Plan(
        option=network.option,
        name=str(entered["name"]),
        teams=network.teams,
        schedules=tuple(schedules),
        probabilities=np.array(shares) / sum(shares),
        day_from=np.array([begin for begin, _ in usual], np.int8),
        day_until=np.array([end for _, end in usual], np.int8),
        seed=int(entered["seed"]),
    )
    return plan, str(entered["scenario"])


def _entered(path: Path, option: str) -> Mapping[str, Any]:
    cure = "Give a plan.json that `sarhad plan` wrote for this option"
    try:
        entered = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise ScenarioError(
            (Fault(path.name, None, "", str(error), "a plan as JSON", cure),)
        ) from None
    wanted = {"schema", "scenario", "option", "name", "seed", "teams", "schedules"}
    if not isinstance(entered, dict) or not wanted <= entered.keys():
        fault = Fault(path.name, None, "", "other keys", ", ".join(sorted(wanted)), cure)
        raise ScenarioError((fault,))
    for key, expected in (("schema", SCHEMA), ("option", option)):
        if entered[key] != expected:
            fault = Fault(path.name, None, key, repr(entered[key]), repr(expected), cure)
            raise ScenarioError((fault,))
    return entered


def _duty_of(row: Mapping[str, Any], place: Mapping[int, int | None]) -> Duty | None:
    team = place.get(row["team"])
    if team is None:
        return None
    visits = np.array(row["visits"], np.int64).reshape(-1, 3)
    sorties = tuple(
        Sortie(block, pad_from, pad_to, tuple(nodes), blocks)
        for block, pad_from, pad_to, nodes, blocks in row.get("sorties", [])
    )
    return Duty(
        team, row["start"], row["hours"], visits[:, 0].astype(np.int16),
        visits[:, 1].astype(np.int8), visits[:, 2].astype(np.int8), sorties,
    )  # fmt: skip


def match_teams(teams: tuple[Team, ...], wanted: str) -> list[int]:
    """Return the places of the teams that a name means: a team, or all of a unit's class."""
    return [
        number
        for number, team in enumerate(teams)
        if wanted == team.name or wanted in {member.unit for member in team.members}
    ]
