"""The restricted master: the best lottery over the joint schedules found so far."""

from __future__ import annotations

from typing import Final

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from sarhad.solvers.game import Game, game_harm, left_harm
from sarhad.solvers.matchings import quiet_engine

Floats = NDArray[np.float64]
Float32 = NDArray[np.float32]
Integers = NDArray[np.int64]

ROWS_AT_ONCE: Final = 400
MOST_ROUNDS: Final = 40
TOLERANCE: Final = 1e-9
MOST_SHARE: Final = 0.25
"""No schedule is drawn more often than this, once there are enough of them [1]."""


class Master:
    """Joint schedules as columns, attacks near the greatest harm as rows.

    min  adaptivity sum_k weight_k v_k + (1 - adaptivity) sum_P m_P lambda_P
    s.t. v_k + appeal_a stake_a sum_P D_P(a) lambda_P >= appeal_a harm_a   for attacks a of type k
         sum_P lambda_P = 1, lambda >= 0

    with m_P the harm by habit under schedule P. Rows are added as needed, until no attack is left
    above its type's v. One HiGHS model is kept and grown.
    """

    def __init__(self, game: Game) -> None:
        self.game = game
        self.covers: list[Float32] = []
        self.habits: list[float] = []
        self._rows: list[int] = []
        self._known = np.zeros(len(game.harm), bool)
        self._types = np.flatnonzero(game.weights > 0)
        self._type_of = {int(k): i for i, k in enumerate(self._types)}
        self._model = self._begin()

    def _begin(self) -> highspy._core._Highs:
        model = quiet_engine()
        model.setOptionValue("threads", 1)
        model.setOptionValue("random_seed", 0)
        costs = self.game.adaptivity * self.game.weights[self._types]
        for cost in costs:
            model.addCol(float(cost), 0.0, highspy.kHighsInf, 0, np.empty(0, np.int32), np.empty(0))
        model.addRow(1.0, 1.0, 0, np.empty(0, np.int32), np.empty(0))
        return model

    def add(self, cover: Float32) -> None:
        """Take in a schedule by its cover of the fields, shape (fields,) [1]."""
        game = self.game
        left = left_harm(game, cover)
        habit = float(game.network.attacks.pattern @ left)
        rows = np.array(self._rows, np.int64)
        entries = game.appeal[rows] * game.stake[rows] * cover[game.field[rows]]
        index = np.arange(len(rows) + 1, dtype=np.int32)
        values = np.concatenate([[1.0], entries])
        cost = (1.0 - game.adaptivity) * habit
        self._model.addCol(cost, 0.0, 1.0, len(index), index, values)
        self.covers.append(cover)
        self.habits.append(habit)

    def mix(self, shares: Floats) -> Floats:
        """Return the cover of a lottery over the columns, shape (fields,) [1]."""
        total = np.zeros(self.game.fields)
        for share, cover in zip(shares, self.covers, strict=True):
            if share > 0:
                total += share * cover
        return total

    def solve(self, slack: float = TOLERANCE) -> tuple[Floats, float]:
        """Return the best lottery over the columns and its harm over all attacks.

        Parameters
        ----------
        slack : float
            Rows are added until no attack exceeds its type's worst by more than this share.

        Raises
        ------
        RuntimeError
            If HiGHS finds no optimum, which a lottery over at least one schedule always has.
        """
        shares = np.zeros(len(self.covers))
        shares[0] = 1.0
        self._cap_shares()
        for _ in range(MOST_ROUNDS):
            self._add_rows(self.game.appeal * left_harm(self.game, self.mix(shares)))
            self._model.run()
            if self._model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                raise RuntimeError(f"the master ended with {self._model.getModelStatus()}")
            values = np.array(self._model.getSolution().col_value)
            tops, shares = values[: len(self._types)], values[len(self._types) :].clip(0.0)
            shares /= shares.sum()
            left = left_harm(self.game, self.mix(shares))
            draw = self.game.appeal * left
            worst = np.array([draw[self.game.members[k]].max() for k in self._types])
            if (worst <= tops + slack * np.maximum(worst, 1e-12) + 1e-12).all():
                break
        return shares, game_harm(self.game, left)

    def _cap_shares(self) -> None:
        """Hold every schedule below a share: who sees one day must not have seen them all."""
        count = len(self.covers)
        cap = min(1.0, max(MOST_SHARE, 2.0 / count))
        first = len(self._types)
        places = np.arange(first, first + count, dtype=np.int32)
        self._model.changeColsBounds(count, places, np.zeros(count), np.full(count, cap))

    def _add_rows(self, draw: Floats) -> None:
        for k in self._types:
            group = self.game.members[k]
            fresh = group[~self._known[group]]
            if not len(fresh):
                continue
            count = min(ROWS_AT_ONCE, len(fresh))
            top = fresh[np.argpartition(-draw[fresh], count - 1)[:count]]
            for attack in top:
                self._add_row(int(attack), self._type_of[int(k)])

    def _add_row(self, attack: int, place: int) -> None:
        game = self.game
        field, stake = game.field[attack], game.appeal[attack] * game.stake[attack]
        gains = np.array([stake * float(cover[field]) for cover in self.covers])
        index = np.concatenate([[place], len(self._types) + np.flatnonzero(gains)])
        values = np.concatenate([[1.0], gains[gains != 0]])
        self._model.addRow(
            float(game.appeal[attack] * game.harm[attack]),
            highspy.kHighsInf,
            len(index),
            index.astype(np.int32),
            values,
        )
        self._rows.append(attack)
        self._known[attack] = True

    def smooth(self, shares: Floats, temperature: float, rows: Integers) -> Floats:
        """Return the lottery that is best when the attackers' choice is smoothed.

        Parameters
        ----------
        shares : ndarray, shape (columns,)
            Where to begin.
        temperature : float
            Of the attackers' soft maximum [persons].
        rows : ndarray of int64
            Attacks that count in it.
        """
        game = self.game
        kinds = game.network.attacks.attacker[rows]
        covers = np.array(self.covers)[:, game.field[rows]]
        gains = covers * (game.appeal[rows] * game.stake[rows])
        threat = game.appeal[rows] * game.harm[rows]
        habits = np.array(self.habits) * (1.0 - game.adaptivity)

        def loss(free: Floats) -> tuple[float, Floats]:
            height = np.exp(free - free.max())
            share = height / height.sum()
            left = threat - share @ gains
            value, slope = float(share @ habits), habits.copy()
            for k in self._types:
                of = kinds == k
                if not of.any():
                    continue
                top = float(left[of].max())
                soft = np.exp((left[of] - top) / temperature)
                scale = game.adaptivity * game.weights[k]
                value += scale * (top + temperature * float(np.log(soft.sum())))
                slope -= scale * (gains[:, of] @ (soft / soft.sum()))
            return value, share * (slope - share @ slope)

        start = np.log(np.maximum(shares, 1e-6))
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 40})
        height = np.exp(found.x - found.x.max())
        return np.asarray(height / height.sum())
