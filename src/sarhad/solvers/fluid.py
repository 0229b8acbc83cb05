"""The bound's linear program: each class of teams spreads over its duties as a fluid.

    min  sum_k v_k - sum_(f,c) Q_fc D_fc - sum_i r_i x_i + constants
    s.t. v_k + appeal_a stake_a sum_c O_fc D_fc >= appeal_a (harm_a - stake_a posts_f)    (y_a)
         D_fc <= sum_m s_m z_fcm,  D_fc <= sum_m t_m e_fcm     for the fields that matter most
         sum_i d_ifc x_i - sum_m z_fcm >= 0                                              (u_fc)
         sum_i -log(1 - d_ifc) x_i - sum_m e_fcm >= 0                                    (w_fc)
         sum_(i of class g) x_i <= teams of g;  flying hours, fuel
         0 <= z, e <= widths, slopes falling: the chords and the tangents above 1 - prod(1 - d)

v_k carries adaptivity times weight of attackers k. Q is what noticing is worth by habit, O what
posts leave open; r_i is what a duty earns on all other fields, under one line each. The duals y and
u are a mixture of attacks and a price of presence: they give the bound of `bound_harm`, which is
valid whatever they are, and its best duties come in as new columns (Dantzig and Wolfe 1960,
doi:10.1287/opre.8.1.101).
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

import highspy
import numpy as np
from numpy.typing import NDArray

from sarhad.patrols import QUARTERS, Duty, PatrolNetwork, Team
from sarhad.solvers.bound import Bound, Lines, bound_harm, choose_lines, mix_lines
from sarhad.solvers.game import Game, attack_weights, left_harm, price_fields, respond
from sarhad.solvers.matchings import quiet_engine

Floats = NDArray[np.float64]
Float32 = NDArray[np.float32]
Integers = NDArray[np.int64]

HOT_FIELDS: Final = 6_000
"""Fields (cell, hour, channel) that have a row of their own."""

PIECES: Final = 4
TANGENTS: Final = np.array([0.0, 0.3, 0.8, 1.6, 3.0])
"""Efforts at which a field of many weak visits has its tangents."""

MINOR: Final = 0.05
"""A type of attacker with a smaller share of what all may do keeps its smoothed mixture [1]."""

NEAR_TOP: Final = 0.6
"""Attacks that draw this share of their type's most may become the worst [1]."""

ROWS_AT_ONCE: Final = 300
HOLD: Final = 0.5
"""Share of the old smoothed mixture that a new one keeps."""

HEAT: Final = 0.12

LEAST_PRESENCE: Final = 1e-6
"""Fields where a duty is less present than this are left out of its column [1]."""


@dataclass(frozen=True, slots=True, eq=False)
class Hot:
    """The fields with a row, and the lines above D on each.

    Attributes
    ----------
    field : ndarray of int64, shape (h,)
        Flat place in (cells, 24, channels).
    row_of : ndarray of int64, shape (cells * 24 * channels,)
        Its row, -1 for the others.
    widths, slopes : ndarray, shape (2, h, PIECES)
        Of the pieces of chords (0) and tangents (1); the last is open-ended.
    """

    field: Integers
    row_of: Integers
    widths: Floats
    slopes: Floats


def choose_hot(game: Game, price: Float32) -> Hot:
    """Return the fields on which most is at stake, with their lines."""
    worth = (price * game.strongest).ravel()
    # Whatever may become the worst attack needs its row, however little is at stake there now.
    draw = game.appeal * game.harm
    weathers = len(game.network.states)
    for weight, group in zip(game.weights, game.members, strict=True):
        top = float((weight * draw[group]).max(initial=0.0))
        if top < MINOR * float(game.weights @ _tops(game, draw)):
            continue
        near = group[draw[group] >= NEAR_TOP * draw[group].max()]
        fields = game.field[near, None] * weathers + np.arange(weathers)
        worth[fields.ravel()] += game.strongest.ravel()[fields.ravel()]
    count = min(HOT_FIELDS, int((worth > 0).sum()))
    field = np.sort(np.argpartition(-worth, max(count - 1, 0))[:count])
    row_of = np.full(worth.size, -1, np.int64)
    row_of[field] = np.arange(count)
    strong = game.strongest.ravel()[field].astype(np.float64)
    widths, slopes = np.empty((2, 2, count, PIECES))
    widths[0], slopes[0] = strong[:, None], (1.0 - strong[:, None]) ** np.arange(PIECES)
    tangent = np.exp(-TANGENTS)
    meet = np.diff(tangent * (1.0 + TANGENTS)) / np.diff(tangent)
    widths[1] = np.diff(np.concatenate([[0.0], meet]))[:PIECES]
    slopes[1] = tangent[:PIECES]
    widths[:, :, -1] = np.inf
    return Hot(field, row_of, widths, slopes)


def _tops(game: Game, draw: Floats) -> Floats:
    return np.array([float(draw[group].max(initial=0.0)) for group in game.members])


class Fluid:
    """The linear program, grown by duties and attacks."""

    def __init__(self, game: Game, adaptive: Floats, lines: Lines) -> None:
        self.game = game
        self.lines = lines
        self._smooth = adaptive
        weights = attack_weights(game, adaptive)
        price, _ = price_fields(game, weights)
        habit, self._constant = price_fields(game, attack_weights(game, np.zeros(len(adaptive))))
        self._habit = habit.ravel().astype(np.float64)
        self.hot = choose_hot(game, price)
        self._attack_rows: list[int] = []
        self._known = np.zeros(len(game.harm), bool)
        self._groups = _classes(game.network)
        self._columns: list[tuple[int, Duty]] = []
        self._seen: set[bytes] = set()
        self._open = game.open_share.ravel().astype(np.float64)
        self._model = quiet_engine()
        self._build()
        self.best: Bound | None = None
        self.value = np.inf
        self.cover = game.posts
        self._tops = np.zeros(len(self._types))
        self._hold: Floats | None = None
        self._add_attacks(game.appeal * left_harm(game, game.posts))

    def _build(self) -> None:
        """Lay out v, z, and the rows of fields, classes and limits."""
        model, game, hot = self._model, self.game, self.hot
        none = np.empty(0, np.int32)
        self._types = np.flatnonzero(game.weights > 0)
        for k in self._types:
            cost = float(game.adaptivity * game.weights[k])
            model.addCol(cost, 0.0, highspy.kHighsInf, 0, none, np.empty(0))
        count = len(hot.field)
        rows = 4 * count
        ends = np.full(rows, highspy.kHighsInf)
        model.addRows(rows, np.zeros(rows), ends, 0, np.zeros(rows, np.int32), none, np.empty(0))
        for teams in self._groups.values():
            model.addRow(-highspy.kHighsInf, float(len(teams)), 0, none, np.empty(0))
        self._limit_rows = self._add_limits()
        self._first_z = len(self._types) + count
        self._first_x = self._first_z + 2 * count * PIECES
        self._add_lines()

    def _add_lines(self) -> None:
        """Add D of each hot field, below its chords (rows 2, 3) and tangents; presence is 0, 1."""
        hot, count = self.hot, len(self.hot.field)
        place = np.arange(count, dtype=np.int32)
        below = np.column_stack([2 * count + place, 3 * count + place]).ravel().astype(np.int32)
        self._model.addCols(
            count, -self._habit[hot.field], np.zeros(count), np.ones(count), 2 * count,
            2 * place, below, np.full(2 * count, -1.0),
        )  # fmt: skip
        size = count * PIECES
        for kind in range(2):
            from_presence = np.repeat(kind * count + place, PIECES)
            to_line = np.repeat((2 + kind) * count + place, PIECES)
            index = np.column_stack([from_presence, to_line]).ravel().astype(np.int32)
            values = np.column_stack([np.full(size, -1.0), hot.slopes[kind].ravel()]).ravel()
            upper = np.minimum(hot.widths[kind].ravel(), highspy.kHighsInf)
            starts = 2 * np.arange(size, dtype=np.int32)
            self._model.addCols(
                size, np.zeros(size), np.zeros(size), upper, 2 * size, starts, index, values
            )

    def _add_limits(self) -> dict[tuple[str, str], int]:
        """Add a row for each budget that binds teams together; return their places."""
        limits = self.game.network.limits
        rows: dict[tuple[str, str], int] = {}
        place = 4 * len(self.hot.field) + len(self._groups)
        budgets = [("blocks", party, most) for party, most in limits.air_blocks.items()]
        budgets += [("kg", party, most) for party, most in limits.air_kg.items()]
        for what, party, most in budgets:
            self._model.addRow(
                -highspy.kHighsInf, float(most), 0, np.empty(0, np.int32), np.empty(0)
            )
            rows[(what, party)] = place
            place += 1
        return rows

    def add_duties(self, duties: Iterable[Duty], teams: tuple[Team, ...]) -> int:
        """Take in duties that are not there yet, and return how many."""
        added = 0
        numbers = {group: row for row, group in enumerate(self._groups)}
        for duty in duties:
            team = teams[duty.team]
            if team.group not in numbers or len(team.members) > 1:
                continue
            key = team.group.to_bytes(4, "little") + duty.station.tobytes() + duty.hour.tobytes()
            key += duty.quarters.tobytes()
            if key in self._seen:
                continue
            self._seen.add(key)
            self._add_duty(duty, team, 4 * len(self.hot.field) + numbers[team.group])
            self._columns.append((team.group, duty))
            added += 1
        return added

    def _add_duty(self, duty: Duty, team: Team, class_row: int) -> None:
        hot, lines = self.hot, self.lines
        field, chance, effort = presence_of_duty(duty, team, self.game.network)
        row = hot.row_of[field]
        inside = row >= 0
        outside = field[~inside]
        line = lines.chord.ravel()[outside] * chance[~inside]
        line += lines.tangent.ravel()[outside] * effort[~inside]
        earned = self._habit[outside] @ line
        index = [*row[inside].tolist(), *(len(hot.field) + row[inside]).tolist(), class_row]
        values = [*chance[inside].tolist(), *effort[inside].tolist(), 1.0]
        if team.flight >= 0:
            party = team.members[0].party
            flight = self.game.network.flights[team.flight]
            for what, used in (
                ("blocks", float(duty.blocks_aloft)),
                ("kg", duty.blocks_aloft * flight.block_kg),
            ):
                if (what, party) in self._limit_rows:
                    index.append(self._limit_rows[(what, party)])
                    values.append(used)
        order = np.argsort(index)
        self._model.addCol(
            -float(earned), 0.0, highspy.kHighsInf, len(index),
            np.array(index, np.int32)[order], np.array(values)[order],
        )  # fmt: skip

    def _add_attacks(self, draw: Floats) -> int:
        """Add rows for the attacks that draw most, type by type; return how many."""
        added = 0
        for place, k in enumerate(self._types):
            group = self.game.members[k]
            fresh = group[~self._known[group]]
            count = min(ROWS_AT_ONCE, len(fresh))
            if not count:
                continue
            for attack in fresh[np.argpartition(-draw[fresh], count - 1)[:count]]:
                added += self._add_attack(int(attack), place)
        return added

    def _add_attack(self, attack: int, place: int) -> int:
        game, hot = self.game, self.hot
        weathers = len(game.network.states)
        fields = game.field[attack] * weathers + np.arange(weathers)
        stake = game.appeal[attack] * game.stake[attack]
        right = game.appeal[attack] * game.harm[attack] - stake * game.posts[game.field[attack]]
        index, values = [place], [1.0]
        for field in fields:
            row = int(hot.row_of[field])
            if row < 0:
                continue
            index.append(len(self._types) + row)
            values.append(float(stake * self._open[field]))
        self._model.addRow(
            float(right), highspy.kHighsInf, len(index), np.array(index, np.int32),
            np.array(values),
        )  # fmt: skip
        self._attack_rows.append(attack)
        self._known[attack] = True
        return 1

    def improve(self, executor: Executor | None = None) -> tuple[float, Bound]:
        """Solve, price all teams, and return the program's value and the best bound.

        Teams are priced twice: under the program's duals, and under a smoothed answer of the
        attackers, whose mixture is spread where the duals sit on few attacks.

        Raises
        ------
        RuntimeError
            If HiGHS finds no optimum, which nobody on patrol always is a start for.
        """
        for _ in range(3):
            self._model.run()
            if self._model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                raise RuntimeError(f"the fluid ended with {self._model.getModelStatus()}")
            self.cover = self._cover()
            if not self._violated():
                break
        self.value = self._model.getInfo().objective_function_value + self._fixed()
        adaptive, line = self._duals()
        smooth = respond(self.game, left_harm(self.game, self.cover), self._heat())
        self._hold = smooth if self._hold is None else HOLD * self._hold + (1 - HOLD) * smooth
        for mixture in (self._hold, adaptive):
            found = self._bound(mixture, line, executor)
            if self.best is None or found.harm > self.best.harm:
                self.best = found
            self.add_duties((duty for duty, _ in found.duties), self.game.network.teams)
        assert self.best is not None  # noqa: S101 - the loop has found one
        return self.value, self.best

    def mixture(self) -> dict[int, tuple[list[Duty], Floats]]:
        """Return for each class of teams the duties in use, and how many teams do each on a day."""
        values = np.array(self._model.getSolution().col_value)[self._first_x :]
        shares: dict[int, tuple[list[Duty], list[float]]] = {}
        for (group, duty), amount in zip(self._columns, values, strict=False):
            if amount > 1e-7:
                duties, amounts = shares.setdefault(group, ([], []))
                duties.append(duty)
                amounts.append(float(amount))
        return {group: (duties, np.array(amounts)) for group, (duties, amounts) in shares.items()}

    def _heat(self) -> float:
        """Return the temperature of the smoothed attackers: a share of the gap [persons]."""
        bound = self.best.harm if self.best else 0.5 * self.value
        gap = max(self.value - bound, 1e-3 * self.value)
        return HEAT * gap / max(self.game.adaptivity, 1e-3)

    def _cover(self) -> Floats:
        """Return what the fluid covers of each field (cell, hour, target) [1]."""
        values = np.array(self._model.getSolution().col_value)
        seen = np.zeros(self._open.size)
        seen[self.hot.field] = values[len(self._types) : self._first_z]
        added = (self._open * seen).reshape(-1, len(self.game.network.states)).sum(axis=1)
        self._tops = values[: len(self._types)]
        return np.asarray(self.game.posts + added)

    def _fixed(self) -> float:
        """Return what the program leaves out: harm by habit, less what other fields' lines add."""
        hidden = self._habit * self.lines.constant.ravel()
        return self._constant - float(hidden.sum() - hidden[self.hot.field].sum())

    def _violated(self) -> int:
        """Add attacks that draw more than their type's v, and return how many there were."""
        draw = self.game.appeal * left_harm(self.game, self.cover)
        over = 0
        for place, k in enumerate(self._types):
            group = self.game.members[k]
            over += int((draw[group] > self._tops[place] * (1 + 1e-6) + 1e-9).sum())
        return self._add_attacks(draw) if over else 0

    def _duals(self) -> tuple[Floats, tuple[Floats, Floats, Floats]]:
        """Return the mixture of the attackers that adapt, and the line on each hot field.

        Returns
        -------
        adaptive : ndarray, shape (attacks,)
        chord, tangent, share : ndarray, shape (h,)
            Slopes of the two lines, and the share of the chord in their mean.
        """
        game, hot = self.game, self.hot
        dual = np.array(self._model.getSolution().row_dual)
        count = len(hot.field)
        first = 4 * count + len(self._groups) + len(self._limit_rows)
        adaptive = np.zeros(len(game.harm))
        adaptive[np.array(self._attack_rows)] = np.maximum(dual[first:], 0.0)
        tops = game.weights * _tops(game, game.appeal * game.harm)
        for k in self._types:
            group = game.members[k]
            total = float(adaptive[group].sum())
            if total <= 0 or tops[k] < MINOR * tops.sum():
                adaptive[group] = self._smooth[group]
            else:
                adaptive[group] *= game.weights[k] / total
        values = np.array(self._model.getSolution().col_value)
        parts = values[self._first_z : self._first_x].reshape(2, count, PIECES)
        presence = np.maximum(dual[: 2 * count].reshape(2, count), 0.0)
        through = np.maximum(dual[2 * count : 4 * count].reshape(2, count), 0.0)
        # Where a line does not bind, the slope of the piece that the presence is on.
        filled = (parts >= hot.widths * (1 - 1e-7)).sum(axis=2).clip(max=PIECES - 1)
        piece = np.take_along_axis(hot.slopes, filled[:, :, None], axis=2)[:, :, 0]
        binding = through > 1e-9 * max(float(through.max(initial=0.0)), 1e-30)
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(binding, presence / through, piece)
            share = np.where(binding.any(axis=0), through[0] / through.sum(axis=0), 0.5)
        seen = [(part * slopes).sum(axis=1) for part, slopes in zip(parts, hot.slopes, strict=True)]
        share = np.where(binding.any(axis=0), share, seen[0] <= seen[1])
        chord, tangent = np.clip(slope, 1e-9, 1.0)
        return adaptive, (chord, tangent, np.clip(share, 0.0, 1.0))

    def _bound(
        self, adaptive: Floats, line: tuple[Floats, Floats, Floats], executor: Executor | None
    ) -> Bound:
        hot, lines = self.hot, self.lines
        found = mix_lines(self.game.strongest.ravel()[hot.field], *line)
        whole = Lines(lines.constant.copy(), lines.chord.copy(), lines.tangent.copy())
        for name in ("constant", "chord", "tangent"):
            getattr(whole, name).ravel()[hot.field] = getattr(found, name)
        weights = attack_weights(self.game, adaptive)
        return bound_harm(self.game, weights, whole, executor)


def _classes(network: PatrolNetwork) -> dict[int, list[Team]]:
    classes: dict[int, list[Team]] = {}
    for team in network.teams:
        classes.setdefault(team.group, []).append(team)
    return classes


def presence_of_duty(
    duty: Duty, team: Team, network: PatrolNetwork
) -> tuple[Integers, Floats, Floats]:
    """Return the fields that a duty looks at, with its sums of d and of -log(1 - d) there.

    Returns
    -------
    field : ndarray of int64, shape (k,)
        Flat places in (cells, 24, channels), growing.
    chance, effort : ndarray, shape (k,)
    """
    parts: list[tuple[Integers, Floats, Floats]] = []
    width = network.channels
    for number in team.looks:
        look = network.looks[number]
        for station, hour, quarters in zip(duty.station, duty.hour, duty.quarters, strict=True):
            if not look.passing and not quarters:
                continue
            pairs = np.arange(look.starts[station], look.starts[station + 1])
            field = (look.cells[pairs, None].astype(np.int64) * 24 + int(hour)) * width
            share = 1.0 if look.passing else float(quarters) / QUARTERS
            row = 0 if look.passing else int(quarters) - 1
            parts.append((
                (field + np.arange(width)).ravel(),
                share * look.chance[pairs, hour].astype(np.float64).ravel(),
                look.effort[row, pairs, hour].astype(np.float64).ravel(),
            ))  # fmt: skip
    if not parts:
        return np.empty(0, np.int64), np.empty(0), np.empty(0)
    field, chance, effort = (np.concatenate(list(part)) for part in zip(*parts, strict=True))
    places, inverse = np.unique(field, return_inverse=True)
    sums = np.stack([np.bincount(inverse, part, len(places)) for part in (chance, effort)])
    kept = sums[0] > LEAST_PRESENCE
    return places[kept], *sums[:, kept]


def begin_fluid(game: Game, adaptive: Floats, chance: Float32, effort: Float32) -> Fluid:
    """Return the program with its lines chosen at an expected presence, and no duty yet."""
    return Fluid(game, adaptive, choose_lines(game.strongest, chance, effort))
