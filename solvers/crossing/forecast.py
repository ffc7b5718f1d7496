"""How many orders each store may expect in the next minutes, from those seen so far today.

A Gamma-Poisson rate per store, with exponentially forgotten evidence, drawn towards the mean of
the city while there is little of it. No clock and no chance: the same records, the same forecast.
"""

from math import exp
from typing import Self

from engine.engine import Record
from engine.events import (
    OrderPlaced,
    StoreClosed,
    StoreOpened,
    StorePaused,
    StoreRegistered,
    StoreResumed,
)
from engine.state import State
from engine.values import MINUTE, Millis, StoreId

MEMORY_MS = 30 * MINUTE  # after which an order counts for 1/e
PRIOR_MS = 10 * MINUTE  # of the city's mean rate, as if it had been seen at every store
QUIET_MS = MINUTE  # without an order before the first: one order is not a rate yet


class DemandForecast:
    """Folds records, in order; asked at any time after the last of them."""

    def __init__(self, memory_ms: float = MEMORY_MS, prior_ms: float = PRIOR_MS) -> None:
        if not (memory_ms > 0 and prior_ms > 0):
            raise ValueError("memory_ms and prior_ms must be positive")
        self._memory_ms, self._prior_ms = memory_ms, prior_ms
        self._closed: dict[StoreId, bool] = {}
        self._paused: dict[StoreId, bool] = {}
        self._seen: dict[StoreId, tuple[float, Millis]] = {}  # orders that still count, and when
        self._began_at: Millis | None = None  # with the first order of the day

    @classmethod
    def since(cls, s: State) -> Self:
        """For who comes later, or comes back: what folding all records until now would give.

        But for orders that are archived: after two hours one counts for a fiftieth.
        """
        forecast = cls()
        for key, x in s.stores.stores.items():
            forecast._closed[key], forecast._paused[key] = not x.is_open, x.paused_until > 0
        for order in s.orders.orders.values():
            forecast._order(order.placed.store, order.placed.placed_at)
        return forecast

    def fold(self, record: Record) -> None:
        for event in record.events:
            match event:
                case OrderPlaced(store=store):
                    self._order(store, record.at)
                case StoreRegistered(store=store) | StoreOpened(store=store):
                    self._closed[store] = self._paused[store] = False
                case StoreClosed(store=store):
                    self._closed[store] = True
                case StorePaused(store=store):
                    self._paused[store] = True
                case StoreResumed(store=store):
                    self._paused[store] = False

    def expected(self, now: Millis, horizon_ms: int) -> dict[StoreId, float]:
        """Orders per store within the horizon; 0 for stores that are closed."""
        if self._began_at is None:
            return dict.fromkeys(self._closed, 0.0)
        memory_ms = self._memory_ms
        exposure_ms = memory_ms * (1 - exp((self._began_at - now) / memory_ms))
        counts = {store: self._count(store, now) for store in self._closed}
        mean = sum(counts.values()) / len(counts) if counts else 0.0
        prior = mean * self._prior_ms / (exposure_ms + QUIET_MS)
        share = horizon_ms / (exposure_ms + self._prior_ms)
        return {
            store: 0.0 if is_closed or self._paused[store] else (counts[store] + prior) * share
            for store, is_closed in self._closed.items()
        }

    def _order(self, store: StoreId, at: Millis) -> None:
        if self._began_at is None:
            self._began_at = at
        self._seen[store] = self._count(store, at) + 1.0, at

    def _count(self, store: StoreId, now: Millis) -> float:
        count, at = self._seen.get(store, (0.0, now))
        return count * exp((at - now) / self._memory_ms)
