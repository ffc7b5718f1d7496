"""The server looks after its own books while it serves: a few shelves and orders at a time.

What it finds is a bug; it is told by a metric that has to be 0, and in the log, once each.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from itertools import islice

from engine.audit.stock import order_problems, shelf_problems
from engine.projections.movements import Buckets
from engine.state import State
from engine.values import OrderId, ProductId, StoreId
from gateway.metrics import Metric, gauges

log = logging.getLogger("o2o.gateway")

INTERVAL_S = 1.0
LOOKS = 200  # at shelves, and as many at open orders: a millisecond or two
ShelfTold = Callable[[StoreId, ProductId], Buckets]


class SelfAudit:
    """`told` is what subscribers were told of a shelf; `open_orders` those that have not ended."""

    def __init__(
        self, s: State, told: ShelfTold, open_orders: Callable[[], Iterator[OrderId]]
    ) -> None:
        self.looked = 0
        self.problems: dict[str, str] = {}  # by where it is: what is wrong there now
        self._state = s
        self._told = told
        self._open_orders = open_orders
        self._shelves: Iterator[tuple[StoreId, ProductId]] = iter(())
        self._orders: Iterator[OrderId] = iter(())

    async def run(self, interval_s: float = INTERVAL_S) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(interval_s)
            self.look()

    def metrics(self) -> list[Metric]:
        wrong = len(self.problems)
        return gauges(
            {
                "o2o_audit_looks": ("at shelves and orders, by the server itself", self.looked),
                "o2o_audit_problems": ("books that do not agree: has to be 0", wrong),
            }
        )

    def look(self, looks: int = LOOKS) -> None:
        """At the next few; after the last, from the beginning again."""
        for store, product in self._next_shelves(looks):
            self._note(f"{store}/{product}", self._of_shelf(store, product))
        for key in self._next_orders(looks):
            self._note(f"order {key}", order_problems(self._state, key))

    # internals

    def _of_shelf(self, store: StoreId, product: ProductId) -> Iterator[str]:
        yield from shelf_problems(self._state, store, product)
        x = self._state.inventory.levels[store][product]
        level = Buckets(x.on_hand, x.reserved, x.safety, x.damaged, x.incoming)
        told = self._told(store, product)
        if told != level:
            yield f"{level} there, {told} told"

    def _note(self, where: str, found: Iterator[str]) -> None:
        self.looked += 1
        what = "; ".join(found)
        if what and self.problems.get(where) != what:
            log.error("the books do not agree: %s: %s", where, what)
        if what:
            self.problems[where] = what
        else:
            self.problems.pop(where, None)

    def _next_shelves(self, looks: int) -> list[tuple[StoreId, ProductId]]:
        some = list(islice(self._shelves, looks))
        if len(some) < looks:
            levels = self._state.inventory.levels
            every = [(store, product) for store, products in levels.items() for product in products]
            self._shelves = iter(every)
        return some

    def _next_orders(self, looks: int) -> list[OrderId]:
        some = list(islice(self._orders, looks))
        if len(some) < looks:
            self._orders = iter(list(self._open_orders()))
        return some
