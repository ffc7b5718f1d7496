"""How long things take: the loop's lag, and the time from an order to its first plan."""

import math
from collections import deque
from collections.abc import Iterable

from engine.engine import Record
from engine.events import DeliveryCancelled, DeliveryCreated, RoutePlanned
from gateway.clock import stopwatch_s

SAMPLES = 4_096


def quantile(samples: Iterable[float], q: float) -> float:
    """The smallest of them that at least `q` of them, from 0 to 1, do not exceed; 0 of none."""
    ranked = sorted(samples)
    return ranked[max(0, math.ceil(q * len(ranked)) - 1)] if ranked else 0.0


class Latency:
    """The last few thousand samples, in milliseconds: bounded, and recent enough to be news."""

    def __init__(self) -> None:
        self._samples: deque[float] = deque(maxlen=SAMPLES)
        self.count = 0

    def add(self, ms: float) -> None:
        self._samples.append(ms)
        self.count += 1

    def quantile(self, q: float) -> float:
        return quantile(self._samples, q)

    @property
    def p50(self) -> float:
        return self.quantile(0.50)

    @property
    def p99(self) -> float:
        return self.quantile(0.99)


class OrderToPlan:
    """On the wall's clock: from a delivery that waits to the first route it is on.

    A subscriber of `EngineLoop.on_durable`: both ends are what the outside could have seen.
    """

    def __init__(self) -> None:
        self.latency = Latency()
        self._since_s: dict[str, float] = {}

    def __call__(self, records: list[Record]) -> None:
        now_s = stopwatch_s()
        for record in records:
            for event in record.events:
                match event:
                    case DeliveryCreated(delivery=delivery):
                        self._since_s[delivery] = now_s
                    case DeliveryCancelled(delivery=delivery):
                        self._since_s.pop(delivery, None)
                    case RoutePlanned(stops=stops):
                        for stop in stops:
                            self._planned(stop.delivery, now_s)

    @property
    def waiting(self) -> int:
        """Deliveries no plan has taken up yet."""
        return len(self._since_s)

    def _planned(self, delivery: str, now_s: float) -> None:
        since_s = self._since_s.pop(delivery, None)
        if since_s is not None:
            self.latency.add((now_s - since_s) * 1_000)
