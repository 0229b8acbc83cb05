"""The game as arrays: what each field is worth to each mixture of attacks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sarhad.patrols import HOURS, PLAN_TARGETS, PatrolNetwork, best_chance
from sarhad.plan import adaptive_weights, cover_of_posts

Floats = NDArray[np.float64]
Float32 = NDArray[np.float32]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Game:
    """A patrol network with all that the search looks up over and over.

    Attributes
    ----------
    network : PatrolNetwork
        Teams, looks, attacks.
    adaptivity : float
        Weight of the attackers that adapt [1].
    field : ndarray of int64, shape (attacks,)
        Field of each attack, (cell * 24 + hour) * targets + target.
    harm, stake : ndarray, shape (attacks,)
        Harm of each attack; harm times the chance of a timely answer [persons].
    appeal : ndarray, shape (attacks,)
        Share of its harm that draws an attacker that adapts [1].
    weights : ndarray, shape (attackers,)
        Of the types that have a reachable attack; they sum to 1, or are all 0.
    members : tuple of ndarray of int64
        Reachable attacks of each type.
    posts : ndarray, shape (fields,)
        Chance that manned posts notice a crossing [1].
    strongest : ndarray of float32, shape (cells, 24, channels)
        Chance of the best visit on each field [1].
    open_share : ndarray of float32, shape (cells, 24, channels)
        Chance of the weather times the chance that no post notices: what patrols can add [1].
    """

    network: PatrolNetwork
    adaptivity: float
    field: Integers
    harm: Floats
    stake: Floats
    appeal: Floats
    weights: Floats
    members: tuple[Integers, ...]
    posts: Floats
    strongest: Float32
    open_share: Float32

    @property
    def fields(self) -> int:
        """Return the number of fields (cell, hour, target)."""
        return self.network.cells * HOURS * len(PLAN_TARGETS)


def build_game(network: PatrolNetwork, adaptivity: float) -> Game:
    """Return the game of a network and an adaptivity [1]."""
    attacks = network.attacks
    targets = len(PLAN_TARGETS)
    weights = adaptive_weights(attacks)
    return Game(
        network=network,
        adaptivity=adaptivity if weights.any() else 0.0,
        field=(attacks.cell * HOURS + attacks.hour) * targets + attacks.target,
        harm=attacks.harm,
        stake=attacks.harm * attacks.timely,
        appeal=attacks.appeal,
        weights=weights,
        members=tuple(
            np.flatnonzero(attacks.reachable & (attacks.attacker == number))
            for number in range(len(weights))
        ),
        posts=cover_of_posts(network).ravel().astype(np.float64),
        strongest=best_chance(network),
        open_share=(network.unwatched * network.weather_shares.astype(np.float32)),
    )


def left_harm(game: Game, cover: NDArray[np.floating]) -> Floats:
    """Return the harm of each attack that is left under a cover of the fields, (attacks,)."""
    return np.asarray(game.harm - game.stake * cover[game.field])


def game_harm(game: Game, left: Floats) -> float:
    """Return the harm per attack of a plan that leaves so much of each attack [persons]."""
    habit = float(game.network.attacks.pattern @ left)
    worst = sum(
        float(weight) * float((game.appeal * left)[group].max())
        for weight, group in zip(game.weights, game.members, strict=True)
        if weight > 0
    )
    return game.adaptivity * worst + (1.0 - game.adaptivity) * habit


def respond(game: Game, left: Floats, temperature: float) -> Floats:
    """Return a smoothed best response of the attackers that adapt, (attacks,), sums to 1 or is 0.

    Each type spreads its weight as exp(harm left / temperature).
    """
    mixture = np.zeros(len(left))
    for weight, group in zip(game.weights, game.members, strict=True):
        if weight > 0:
            draw = game.appeal[group] * left[group]
            height = np.exp((draw - draw.max()) / temperature)
            mixture[group] = weight * height / height.sum()
    return mixture


def attack_weights(game: Game, adaptive: Floats) -> Floats:
    """Return the weight of each attack when the adaptive part plays a mixture, (attacks,).

    The harm of the mixture under a plan is the sum of weights times harm left.
    """
    habit = game.network.attacks.pattern
    return np.asarray(game.adaptivity * game.appeal * adaptive + (1.0 - game.adaptivity) * habit)


def price_fields(game: Game, weights: Floats) -> tuple[Float32, float]:
    """Return what a unit of noticing is worth on each field, and the harm with posts alone.

    Returns
    -------
    price : ndarray of float32, shape (cells, 24, channels)
        Harm that noticing there for sure would avoid.
    posts_alone : float
        Sum of weights times harm left by the posts.
    """
    targets = len(PLAN_TARGETS)
    worth = np.bincount(game.field, weights * game.stake, minlength=game.fields)
    posts_alone = float(weights @ game.harm - worth @ game.posts)
    by_target = worth.reshape(game.network.cells, HOURS, targets, 1)
    shape = (*game.open_share.shape[:2], targets, -1)
    price = by_target * game.open_share.reshape(shape)
    return np.ascontiguousarray(price.reshape(game.open_share.shape), np.float32), posts_alone
