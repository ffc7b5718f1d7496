"""Who has fallen silent, and whose order waits for somebody nobody hears of."""

from typing import Literal

import numpy as np

from engine.columns import Int32s, Int64s
from engine.queries.arrivals import told_stops
from engine.state import State
from engine.state.positions import NEVER
from engine.values import CourierId, Millis, OrderId

Signal = Literal["unseen", "live", "stale", "lost"]
WORDS: tuple[Signal, ...] = ("unseen", "live", "stale", "lost")


def signals(s: State, numbers: Int32s, now: Millis) -> Int64s:
    """(n,) which of WORDS holds for each courier, by the age of the last position."""
    settings, seen = s.settings.current, s.positions.last_measured(numbers)
    age = now - seen
    known = 1 + (age > settings.stale_ms).astype(np.int64) + (age > settings.lost_ms)
    found: Int64s = np.where(seen == NEVER, 0, known)
    return found


def signal_of(s: State, courier: CourierId, now: Millis) -> Signal:
    """Nobody listens for who is off shift."""
    if not s.couriers[courier].on_shift:
        return "unseen"
    number = np.array([s.couriers[courier].number], np.int32)
    return WORDS[int(signals(s, number, now)[0])]


def orders_with(s: State, courier: CourierId) -> list[OrderId]:
    """What he has accepted or carries."""
    return list(dict.fromkeys(x.order for _, x in told_stops(s, courier)))


def risk_of(s: State, key: OrderId, now: Millis) -> str:
    """`courier_stale` or `courier_lost`: who has accepted it is not heard of; else empty."""
    delivery_key = s.deliveries.of_order.get(key)
    delivery = None if delivery_key is None else s.deliveries[delivery_key]
    if delivery is None or delivery.courier is None:
        return ""
    if key not in orders_with(s, delivery.courier):
        return ""  # planned, and he does not know of it
    signal = signal_of(s, delivery.courier, now)
    return f"courier_{signal}" if signal in ("stale", "lost") else ""
