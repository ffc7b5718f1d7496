"""Requests: which idempotency keys were used, and which record answered each.

Not changed by events but by the records themselves (`Record.key`): a key belongs to the
turn, not to anything that happened in it.
"""

from msgspec import Struct

from engine.values import HOUR, Millis, RequestKey

KEPT_MS = 26 * HOUR  # payment providers repeat their notices for up to 25 hours


class Requests(Struct):
    """Invariant: oldest first; nothing is older than KEPT_MS at the last remembered request."""

    answered: dict[RequestKey, tuple[int, Millis]] = {}

    # queries

    def record_of(self, key: RequestKey) -> int | None:
        """The number of the record that answered it."""
        found = self.answered.get(key)
        return found[0] if found else None

    # records

    def remember(self, key: RequestKey, seq: int, at: Millis) -> None:
        answered = self.answered
        assert key not in answered
        answered[key] = seq, at
        oldest = next(iter(answered))
        while answered[oldest][1] < at - KEPT_MS:
            del answered[oldest]
            oldest = next(iter(answered))
