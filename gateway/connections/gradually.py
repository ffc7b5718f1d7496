"""Work that may wait a little, done piece by piece: between two pieces the asyncio loop looks at
everybody else, so that a crowd at the door delays nobody who is inside."""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial

AT_ONCE = 8  # pieces, and with what follows from each some three milliseconds


class Gradually:
    """In order. A piece is done at once as long as few were done in this round of the loop."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._done = 0  # in this round
        self._waiting: deque[Callable[[], object]] = deque()
        self._is_counting = False

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def do(self, work: Callable[..., object], *args: object) -> bool:
        """Whether it is done already. If it raises, those who wait have their turn all the same."""
        if self._waiting or self._done >= self._at_once:
            self._waiting.append(partial(work, *args))
            return False
        self._done += 1
        if not self._is_counting:
            self._is_counting = True
            asyncio.get_running_loop().call_soon(self._next_round)
        work(*args)
        return True

    def _next_round(self) -> None:
        self._done = 0
        try:
            while self._waiting and self._done < self._at_once:
                self._done += 1
                self._waiting.popleft()()
        finally:
            self._is_counting = bool(self._done)
            if self._is_counting:
                asyncio.get_running_loop().call_soon(self._next_round)
