"""Since when couriers' phones are in contact: by when their positions came, not what they tell."""

import numpy as np

from engine.columns import INT64, Int64s
from engine.events import PositionsReported
from engine.values import CourierNumber, Millis

NEVER = -(2**62)


class Contacts:
    """Columns by courier number. `kept`: both of them, as `dump` gave them."""

    def __init__(self, kept: bytes = b"") -> None:
        both = np.array([], INT64) if not kept else np.frombuffer(kept, INT64)
        self._since: Int64s = both[: both.size // 2].copy()
        self._heard_at: Int64s = both[both.size // 2 :].copy()

    def dump(self) -> bytes:
        return np.concatenate((self._since, self._heard_at)).tobytes()

    def fold(self, event: PositionsReported, at: Millis, gap_ms: int) -> None:
        """Who was not heard of for longer than `gap_ms` is in contact from now on."""
        number = event.batch.columns()[0]
        self._reserve(int(number.max()) + 1)
        lost = at - self._heard_at[number] > gap_ms
        self._since[number[lost]] = at
        self._heard_at[number] = at

    def was_throughout(
        self, number: CourierNumber, from_at: Millis, now: Millis, gap_ms: int
    ) -> bool:
        """Whether he was, all the time from then until now."""
        if number >= self._since.size or now - int(self._heard_at[number]) > gap_ms:
            return False
        return int(self._since[number]) <= from_at

    def _reserve(self, size: int) -> None:
        """Make room, doubling."""
        old = self._since.size
        if size > old:
            more = np.full((1 << (size - 1).bit_length()) - old, NEVER, INT64)
            self._since = np.concatenate((self._since, more))
            self._heard_at = np.concatenate((self._heard_at, more))
