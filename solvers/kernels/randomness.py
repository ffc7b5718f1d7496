"""Random numbers for kernels: xorshift64* (Vigna 2016) on a state of one's own.

Numba's generator is shared by all threads; this one belongs to whoever made the state.
"""

import numpy as np
from numpy.typing import NDArray

from solvers.kernels.borrowing import inlined

RandomState = NDArray[np.uint64]


def random_state(seed: int) -> RandomState:
    """A state that is never zero, well apart for neighboring seeds (splitmix64)."""
    word = (seed + 1) * 0x9E3779B97F4A7C15 % 2**64
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    word = (word ^ word >> 27) * 0x94D049BB133111EB % 2**64
    return np.array([(word ^ word >> 31) or 1], np.uint64)


@inlined
def uniform(state: RandomState) -> float:
    """A float in [0, 1)."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return float((x * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(11)) * 2.0**-53


@inlined
def below(state: RandomState, limit: int) -> int:
    """An integer in 0..limit - 1."""
    return int(uniform(state) * limit)
