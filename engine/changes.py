"""Which keys have changed lately: for whoever keeps something that was drawn up from them."""

from typing import Generic, TypeVar

Key = TypeVar("Key")
KEPT = 16_384  # between two looks of a follower who is not to look at everything again


class Changes(Generic[Key]):
    """A follower remembers how many there have been, and asks for what came since then.

    Derived from events and in no snapshot; no decision reads it. `note` a key that has changed;
    `trim` now and then.
    """

    def __init__(self) -> None:
        self._lately: list[Key] = []
        self._dropped = 0
        self.note = self._lately.append

    @property
    def count(self) -> int:
        """How many have been noted."""
        return self._dropped + len(self._lately)

    def since(self, count: int) -> list[Key] | None:
        """The keys noted after the first `count`, each once, the oldest first; None: too many."""
        if not self._dropped <= count <= self.count:
            return None
        return list(dict.fromkeys(self._lately[count - self._dropped :]))

    def trim(self) -> None:
        """Forget what is long ago."""
        old = len(self._lately) - KEPT
        if old > KEPT:
            del self._lately[:old]
            self._dropped += old
