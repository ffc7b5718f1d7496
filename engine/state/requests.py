"""Requests: which idempotency keys were used, and which record answered each.

Not changed by events but by the records themselves (`Record.key`): a key belongs to the
turn, not to anything that happened in it.
"""

from msgspec import Struct

from engine.values import HOUR, Millis, RequestKey

KEPT_MS = 26 * HOUR  # payment providers repeat their notices for up to 25 hours


class Requests(Struct):
    """Invariant: what was answered within the last KEPT_MS is remembered.

    Two generations, and the older one is dropped whole: to delete the oldest entry of a large
    dict, one at a time, means to search past all that were deleted before it.
    """

    recent: dict[RequestKey, int] = {}
    older: dict[RequestKey, int] = {}
    since: Millis = Millis(0)  # nothing in `recent` was answered before

    # queries

    def record_of(self, key: RequestKey) -> int | None:
        """The number of the record that answered it."""
        return self.recent.get(key) or self.older.get(key)

    # records

    def remember(self, key: RequestKey, seq: int, at: Millis) -> None:
        if at - self.since > KEPT_MS:
            self.older, self.recent, self.since = self.recent, {}, at
        assert key not in self.older
        first = self.recent.setdefault(key, seq)
        assert first == seq
