"""Delivers notices as unreliably as it is told to: late, twice, out of order, or not at all.

What is not acknowledged is sent again, signed anew, as every provider does.
"""

import asyncio
from collections.abc import Callable
from random import Random
from typing import NamedTuple

import aiohttp
from msgspec import Struct

from gateway.running import cancelled

RETRIES_S = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0, 180.0, 600.0)
TIMEOUT_S = 5.0


class Conduct(Struct, frozen=True, kw_only=True):
    """How customers and the network behave. Shares of 1, seconds of the wall's clock."""

    pays: float = 1.0  # by itself, and of those who do not, nobody
    pays_after_s: float = 0.2
    fails_first: float = 0.0  # a card that is declined before another one works
    drops: float = 0.0  # notices that are lost for good
    duplicates: float = 0.0
    delays_s: float = 0.0  # at most; whoever is delayed is overtaken
    refunds_take_s: float = 0.1
    refunds_fail: float = 0.0
    retries_s: tuple[float, ...] = RETRIES_S


class Letter(NamedTuple):
    """One try to tell: where, with which headers, and what."""

    url: str
    headers: dict[str, str]
    body: bytes


Write = Callable[[], Letter]  # anew for every try: each is signed at its own time
IsTaken = Callable[[int, bytes], bool]


class Postman:
    """`held` open: letters wait in `waiting` until somebody delivers them by hand."""

    def __init__(self, rng: Random) -> None:
        self.conduct = Conduct()
        self.is_held = False
        self.waiting: list[tuple[Write, IsTaken]] = []
        self.delivered = self.dropped = self.refused = 0
        self._rng = rng
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        self._session = aiohttp.ClientSession(timeout=timeout)

    async def close(self) -> None:
        await cancelled(*self._tasks)
        if self._session is not None:
            await self._session.close()

    def post(self, write: Write, is_taken: IsTaken) -> None:
        """Some time, perhaps."""
        if self.is_held:
            self.waiting.append((write, is_taken))
            return
        if self._rng.random() < self.conduct.drops:
            self.dropped += 1
            return
        copies = 1 + (self._rng.random() < self.conduct.duplicates)
        for _ in range(copies):
            task = asyncio.create_task(self._bring(write, is_taken))
            self._tasks[task] = None
            task.add_done_callback(self._tasks.pop)

    async def deliver(self, write: Write, is_taken: IsTaken) -> bool:
        """Once, now. Whether it was acknowledged."""
        assert self._session is not None
        url, headers, body = write()
        try:
            async with self._session.post(url, data=body, headers=headers) as answer:
                taken = is_taken(answer.status, await answer.content.read(10_000))
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
        self.delivered += taken
        self.refused += not taken
        return taken

    async def _bring(self, write: Write, is_taken: IsTaken) -> None:
        await asyncio.sleep(self._rng.random() * self.conduct.delays_s)
        for rest_s in (*self.conduct.retries_s, 0.0):
            if await self.deliver(write, is_taken):
                return
            await asyncio.sleep(rest_s)
