"""What satellites say: the true place and an error, alike on every machine.

Bits of a counter-based generator (Philox; J. K. Salmon et al., "Parallel random numbers: as easy
as 1, 2, 3", SC 2011), keyed by the seed and counted by time, so nobody's fix depends on who else
reports. Twelve uniform numbers add up to a normal one, near enough, in integers.
"""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from engine.values import Millis
from geo.points import Point
from geo.sphere import Floats, Places, cosines
from simulation.scenarios.areas import M_PER_E7

TERMS = 12  # uniform numbers of 16 bits in one normal number: variance 2^32, nearly
WORDS = 2 * TERMS * 16 // 64  # of 64 bits for one fix


class Gps:
    """Errors of so many meters, north and east each, by courier number; another name, others."""

    def __init__(self, name: str, noise_m: list[float], center: Point) -> None:
        self._key = int.from_bytes(blake2b(f"{name}/gps".encode(), digest_size=16).digest())
        scale = float(cosines(np.array([center.lat_e7]))[0])
        noise_e7: Floats = np.array(noise_m)[:, None] / M_PER_E7
        self._noise_e7: Floats = noise_e7 / [1.0, scale]
        self.is_exact = not any(noise_m)

    def fixes(self, true: Places, numbers: NDArray[np.int64], now: Millis) -> Places:
        """(n, 2) what the phones of these couriers report."""
        if self.is_exact:
            return true
        count = len(self._noise_e7)
        bits = np.random.Philox(key=self._key, counter=int(now) << 64).random_raw(count * WORDS)
        halves = bits.astype("<u8").view("<u2").reshape(count, 2, TERMS).astype(np.int64)
        sums = (2 * halves.sum(axis=2) - TERMS * 65_535)[numbers]
        errors: Places = np.rint(sums / 131_072.0 * self._noise_e7[numbers]).astype(np.int64)
        return true + errors
