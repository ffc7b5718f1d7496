"""Which keys have changed lately: for whoever keeps something that was drawn up from them."""

from collections import deque
from itertools import islice
from typing import Generic, TypeVar

Key = TypeVar("Key")
KEPT = 16_384  # between two looks of a follower who is not to look at everything again


class Changes(Generic[Key]):
    """A follower remembers how many there have been, and asks for what came since then.

    Derived from events and in no snapshot; no decision reads it.
    """

    def __init__(self) -> None:
        self.count = 0
        self._lately: deque[Key] = deque(maxlen=KEPT)

    def note(self, key: Key) -> None:
        self._lately.append(key)
        self.count += 1

    def since(self, count: int) -> list[Key] | None:
        """The keys noted after the first `count`, each once, the oldest first; None: too many."""
        new = self.count - count
        if not 0 <= new <= len(self._lately):
            return None
        latest_first = list(islice(reversed(self._lately), new))
        return list(dict.fromkeys(reversed(latest_first)))
