"""Engine to holding and back: which orders are likely to come, and which trips wait for them.

Follows the records of a day, as foresight.py does. What an order to come would look like, the
last ones of its store say; how many there will be, the forecast.
"""

import numpy as np

from engine.engine import Record
from engine.events import OrderPlaced
from engine.state import State
from engine.values import MINUTE, SECOND, Fulfillment, Millis, StoreId
from geo.points import Point, places
from geo.travel import Vehicle
from solvers.crossing.briefing import Briefing
from solvers.crossing.forecast import DemandForecast
from solvers.policies.holding import Likely, Question
from solvers.problem import Plan

HORIZON_MS = 5 * MINUTE  # the rate of orders is that expected for so long
DRAWN = 4  # orders remembered of each store


class Anticipation:
    """`fold` every record; `question` between two turns; the answer may be found in any thread."""

    def __init__(self, s: State) -> None:
        self._s = s
        self._forecast = DemandForecast.since(s)
        self._drawn: dict[StoreId, list[tuple[Point, int]]] = {}  # where to, within how long
        for order in s.orders.orders.values():
            self._remember(order.placed)

    def fold(self, record: Record) -> None:
        self._forecast.fold(record)
        for event in record.events:
            if isinstance(event, OrderPlaced):
                self._remember(event)

    def look(self, now: Millis) -> Likely | None:
        """What may come; None if nothing is expected."""
        s, center = self._s, self._s.stores.center()
        expected = self._forecast.expected(now, HORIZON_MS)
        numbers = {store: n for n, store in enumerate(s.stores.stores)}
        drawn = [
            (store, dropoff, promise_ms, expected[store] / len(orders))
            for store, orders in self._drawn.items()
            if expected.get(store)
            for dropoff, promise_ms in orders
        ]
        if not drawn or center is None:
            return None
        settings = s.settings.current
        shops = [s.stores[store] for store, _, _, _ in drawn]
        corners = settings.travel.project(
            places([x.location for x in shops] + [x for _, x, _, _ in drawn]),
            center,
            settings.travel.speed_mm_s(Vehicle.SCOOTER),
        )
        promise_ms = np.array([x for _, _, x, _ in drawn])
        return Likely(
            store=np.array([numbers[x] for x, _, _, _ in drawn], np.int32),
            pickup_s=corners[: len(drawn)],
            dropoff_s=corners[len(drawn) :],
            per_s=np.array([x for _, _, _, x in drawn]) * SECOND / HORIZON_MS,
            lead_s=np.array([x.preparation_ms / SECOND for x in shops]),
            promise_s=(promise_ms - settings.handling_ms) / SECOND,
        )

    def question(self, briefing: Briefing, plan: Plan, now: Millis) -> Question | None:
        """Which trips of the plan should wait; None if nothing is expected."""
        likely = self.look(now)
        if likely is None:
            return None
        silent, ahead_s = briefing.on_break, briefing.release_ahead_s
        problem, untold = briefing.problem, briefing.untold
        return Question(problem, plan, untold, silent, ahead_s, likely, self.look_s)

    @property
    def look_s(self) -> float:
        """Until the next planning round, at the latest; and one of them may go wrong."""
        return 2 * self._s.settings.current.planning_heartbeat_ms / SECOND

    def _remember(self, placed: OrderPlaced) -> None:
        is_soon = placed.fulfillment is Fulfillment.DELIVERY and not placed.window_from_at
        if is_soon:
            orders = self._drawn.setdefault(placed.store, [])
            orders.append((placed.dropoff, placed.promised_at - placed.placed_at))
            del orders[:-DRAWN]
