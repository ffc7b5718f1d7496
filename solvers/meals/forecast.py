"""What the orders seen so far say about those to come. Learned within the day, from nothing."""

from bisect import bisect_left

import numpy as np

from solvers.meals.repositioning import Demand

MINUTE_S = 60.0
RECENT_S = 3_600.0  # the rate of orders is that of the last hour
LEADS = 300  # the newest so many leads count
DELAY_STEPS = 61  # delays are tabulated for couriers up to an hour away
ORDERS_MIN = 5  # before that nothing is known


class Forecast:
    """Popularity of stores, rate of orders, and how early orders are placed before ready."""

    def __init__(self, stores: int, pickup_half_s: float) -> None:
        self.pickup_half_s = pickup_half_s
        self._seen = np.ones(stores)  # one each to begin with: unseen is not impossible
        self._placed_s: list[float] = []
        self._leads_s: list[float] = []

    def learn(self, store: int, placed_s: float, ready_s: float) -> None:
        """An order was placed; seconds of the day, not decreasing."""
        self._seen[store] += 1.0
        self._placed_s.append(placed_s)
        self._leads_s.append(ready_s - placed_s)

    def demand(self, now_s: float, horizon_s: float, busy: float, step_s: float) -> Demand | None:
        """What to expect within the horizon; None while too little is known."""
        if len(self._placed_s) < ORDERS_MIN:
            return None
        recent = len(self._placed_s) - bisect_left(self._placed_s, now_s - RECENT_S)
        expected = recent / RECENT_S * horizon_s
        leads = np.array(self._leads_s[-LEADS:])
        ride = np.arange(DELAY_STEPS) * step_s
        late = np.maximum(0.0, ride[:, None] + self.pickup_half_s - leads[None, :])
        return Demand(self._seen / self._seen.sum() * expected, late.mean(axis=1), busy)
