"""Random numbers inside kernels: SplitMix64 (Steele, Lea & Flood 2014), its state an array."""

import numpy as np

from solvers.pdptw.arrays import Words
from solvers.pdptw.kernel import kernel

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_TO_UNIT = 2.0**-53


@kernel
def uniform(rng: Words) -> float:
    """A float in [0, 1) from the state `rng` (1,), which moves on."""
    rng[0] += _GAMMA
    word = rng[0]
    word = (word ^ (word >> _S30)) * _MIX_1
    word = (word ^ (word >> _S27)) * _MIX_2
    word ^= word >> _S31
    return float(word >> _S11) * _TO_UNIT


@kernel
def below(rng: Words, bound: int) -> int:
    """An integer in [0, bound)."""
    return int(uniform(rng) * bound)
