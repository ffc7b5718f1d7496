"""What is due at one endpoint: the oldest of every subject, the rest behind it.

Numbers only; the words are in the outbox. Times are milliseconds on the wall's clock.
"""

from collections import deque
from heapq import heappop, heappush


class Queue:
    """A subject's second event waits until its first is delivered, or dead."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[tuple[int, int]]] = {}  # subject -> (seq, not before)
        self._heads: list[tuple[int, int, str]] = []  # (not before, seq, subject)
        self._since_ms: dict[int, int] = {}  # seq -> when it was noted

    def __len__(self) -> int:
        return len(self._since_ms)

    def add(self, seq: int, subject: str, since_ms: int, due_ms: int = 0) -> None:
        line = self._waiting.get(subject)
        if line is None:
            line = self._waiting[subject] = deque()
            heappush(self._heads, (due_ms, seq, subject))
        line.append((seq, due_ms))
        self._since_ms[seq] = since_ms

    def lag_ms(self, now_ms: int) -> int:
        """How long the one that was noted first has been waiting; 0 if nothing waits."""
        return max(0, now_ms - min(self._since_ms.values(), default=now_ms))

    def next_due(self) -> int | None:
        return self._heads[0][0] if self._heads else None

    def take(self, now_ms: int, at_most: int) -> list[int]:
        """Of different subjects. Each is given back by `done` or `again`."""
        taken: list[int] = []
        while self._heads and self._heads[0][0] <= now_ms and len(taken) < at_most:
            taken.append(heappop(self._heads)[1])
        return taken

    def done(self, seq: int, subject: str) -> None:
        """Delivered, or given up: the next of its subject may go."""
        line = self._waiting[subject]
        first, _ = line.popleft()
        assert first == seq
        del self._since_ms[seq]
        if line:
            heappush(self._heads, (line[0][1], line[0][0], subject))
        else:
            del self._waiting[subject]

    def again(self, seq: int, subject: str, due_ms: int) -> None:
        line = self._waiting[subject]
        assert line[0][0] == seq
        line[0] = seq, due_ms
        heappush(self._heads, (due_ms, seq, subject))

    def hurry(self) -> None:
        """Everything is due: the endpoint is back."""
        for line in self._waiting.values():
            line[0] = line[0][0], 0
        # Who is under way is not among the heads, and stays away until it is given back.
        self._heads = sorted((0, seq, subject) for _, seq, subject in self._heads)
