"""Uniform numbers that belong to a thing, not to a place in a sequence.

Whether a given patrol notices a given crossing has one uniform number, whatever else happens in the
run: so that two plans are compared on the same luck, and chunks may run in any order.

References
----------
Steele, G. L., Lea, D., Flood, C. H. (2014). Fast splittable pseudorandom number generators.
OOPSLA, doi:10.1145/2660193.2660195: the mixing function (splitmix64).
Law, A. M. (2015). Simulation modeling and analysis, 5th ed., section 11.2: common random numbers.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]

_GAMMA: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_TO_UNIT: Final = 2.0**-53


def mixed(key: Keys) -> Keys:
    """Return keys whose bits are mixed, as splitmix64 does it."""
    z = key + _GAMMA
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    return np.asarray(z ^ (z >> np.uint64(31)))


def uniform_of(key: Keys, *codes: Keys) -> NDArray[np.float64]:
    """Return the uniform number in [0, 1) of a key and codes, always the same for the same.

    Parameters
    ----------
    key : ndarray of uint64
        Drawn at random, one for each crossing or day.
    *codes : ndarray of uint64
        Tell apart what happens to it; shapes broadcast.
    """
    state = mixed(key)
    for code in codes:
        state = mixed(state ^ mixed(code))
    return (state >> np.uint64(11)).astype(np.float64) * _TO_UNIT
