"""Who is waited for until when: one timer for the first of them serves them all."""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

from engine.values import Millis

Key = TypeVar("Key", bound=str)
AT_ONCE = 128  # a turn must not keep others waiting


class Deadlines(Generic[Key]):
    """By key; those of one moment in order of their keys. Derived from events, in no snapshot.

    Who has answered is forgotten by the heap when he comes to its top.
    """

    def __init__(self, waiting: Iterable[tuple[Key, Millis]] = ()) -> None:
        """Without those of whom it is not known until when."""
        self._until = {key: at for key, at in waiting if at}
        self._heap = [(at, key) for key, at in self._until.items()]
        heapify(self._heap)

    def first(self) -> tuple[Millis, Key] | None:
        """Until when the first to be due is waited for, and who that is."""
        heap, until = self._heap, self._until
        while heap and until.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        return heap[0] if heap else None

    def due(self, now: Millis) -> list[Key]:
        """Those for whom there is no more waiting now; not all, if they are very many."""
        heap, found = self._heap, dict[Key, Millis]()
        while len(found) < AT_ONCE and (first := self.first()) and first[0] <= now:
            found[first[1]] = first[0]
            heappop(heap)
        for key, at in found.items():  # whether they are to be forgotten, others decide
            heappush(heap, (at, key))
        return list(found)

    # for their owner

    def note(self, key: Key, at: Millis) -> None:
        self._until[key] = at
        heappush(self._heap, (at, key))

    def forget(self, key: Key) -> None:
        self._until.pop(key, None)
