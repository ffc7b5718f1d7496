"""Who has fallen silent, or is heard of again, since the last look: no record says so."""

from collections.abc import Iterable

import numpy as np

from engine.queries.signals import WORDS, orders_with, signals
from engine.state import State
from engine.values import CourierId, DeliveryId, Millis, OrderId

STALE = WORDS.index("stale")


class Silences:
    """Of everyone on shift."""

    def __init__(self) -> None:
        self._signals = np.zeros(0, np.int64)  # by courier number, as at the last look
        self._silent: list[CourierId] = []

    def turned(self, s: State, now: Millis) -> tuple[dict[CourierId, None], dict[OrderId, None]]:
        """Couriers whose signal is another one, and the orders that wait for them."""
        size = len(s.couriers.ids)
        if size > self._signals.size:
            more = np.zeros(size - self._signals.size, np.int64)
            self._signals = np.concatenate((self._signals, more))
        numbers = s.couriers.working()
        found = signals(s, numbers, now)
        self._silent = [s.couriers.ids[n] for n in numbers[found >= STALE].tolist()]
        other = numbers[found != self._signals[numbers]]
        self._signals[numbers] = found
        couriers = {s.couriers.ids[n]: None for n in other.tolist()}
        return couriers, {key: None for x in couriers for key in orders_with(s, x)}

    def at_risk(self, s: State, late: Iterable[DeliveryId]) -> int:
        """How many orders: whose courier is silent, or whose delay can be seen coming."""
        waiting = {key: None for x in self._silent for key in orders_with(s, x)}
        return len(waiting | {s.deliveries[x].order: None for x in late})
