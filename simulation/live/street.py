"""What happens in the street and not on any wire: goods over a counter, words at a door."""

import asyncio
from collections import Counter

from geo.points import Point
from simulation.commerce.shoppers import CODES
from simulation.streams import RandomStreams


class Street:
    """Shared by stores, couriers and customers, as the street is. Keeps nothing for ever."""

    def __init__(self, streams: RandomStreams, counters: list[Point]) -> None:
        self.counters = dict.fromkeys(counters)  # where the stores are
        self._streams = streams
        self._on_counter: dict[str, asyncio.Event] = {}  # order -> it stands there
        self._handover_ms: dict[str, int] = {}  # order -> how long the counter will take
        self._rings: Counter[str] = Counter()  # at whose door somebody has been
        self._brought_back: dict[str, asyncio.Event] = {}  # delivery -> it is at the store again

    def put_on_counter(self, order: str, handover_ms: int) -> None:
        """The store: it is ready."""
        self._handover_ms[order] = handover_ms
        self._on_counter.setdefault(order, asyncio.Event()).set()

    async def fetch(self, order: str) -> int:
        """The courier: wait until it is there; returns how long the handover takes."""
        await self._on_counter.setdefault(order, asyncio.Event()).wait()
        return self._handover_ms[order]

    def ring(self, order: str) -> int:
        """At the customer's door; returns how often somebody has been there before."""
        self._rings[order] += 1
        return self._rings[order] - 1

    def brought_back(self, delivery: str) -> asyncio.Event:
        return self._brought_back.setdefault(delivery, asyncio.Event())

    def taken(self, order: str) -> None:
        """Nobody will ask at the counter for it again."""
        self._on_counter.pop(order, None)
        self._handover_ms.pop(order, None)

    def forget_return(self, delivery: str) -> None:
        self._brought_back.pop(delivery, None)

    def code(self, order: str) -> str:
        """What the customer says at the counter."""
        return f"{self._streams.named('code', order).below(CODES):06d}"

    def pin(self, order: str) -> str:
        """What the customer says at the door."""
        return f"{self._streams.named('pin', order).below(10_000):04d}"
