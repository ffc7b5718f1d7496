"""The server looks after its own books while it serves: shelves, orders, money and routes, a few of
each at a time. What accounts say of all payments together is for `o2o verify --certificate`.

What it finds is a bug; it is told by a metric that has to be 0, and in the log, once each.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Generic, TypeVar

import engine.audit
from engine.audit import bargains, money, routes, stock
from engine.projections.movements import Buckets
from engine.state import State
from engine.values import CourierId, OrderId, PaymentId, ProductId, StoreId
from gateway.metrics import Metric, gauges

log = logging.getLogger("o2o.gateway")

INTERVAL_S = 1.0
LOOKS = 200  # at shelves, and as many at orders, payments and routes: a few milliseconds in all
ShelfTold = Callable[[StoreId, ProductId], Buckets]
Key = TypeVar("Key")


class Rounds(Generic[Key]):
    """A few keys at a time, round and round: after the last of them, those there are by then."""

    def __init__(self, every: Callable[[], Iterable[Key]]) -> None:
        self._every = every
        self._left: Iterator[Key] = iter(())

    def some(self, looks: int) -> list[Key]:
        found = list(islice(self._left, looks))
        if len(found) < looks:
            self._left = iter(list(self._every()))
        return found


class SelfAudit:
    """`told` is what subscribers were told of a shelf; `open_orders` those that have not ended."""

    def __init__(
        self, s: State, told: ShelfTold, open_orders: Callable[[], Iterator[OrderId]]
    ) -> None:
        self.looked = 0
        self.problems: dict[str, str] = {}  # by where it is: what is wrong there now
        self._state = s
        self._told = told
        self._shelves = Rounds[tuple[StoreId, ProductId]](self._every_shelf)
        self._orders = Rounds[OrderId](open_orders)
        self._payments = Rounds[PaymentId](lambda: s.payments.payments)
        self._couriers = Rounds[CourierId](lambda: s.deliveries.routes)

    async def run(self, interval_s: float = INTERVAL_S) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(interval_s)
            self.look()

    def metrics(self) -> list[Metric]:
        wrong = len(self.problems)
        looks = "at shelves, orders, payments, routes and the ledger, by the server itself"
        return gauges(
            {
                "o2o_audit_looks": (looks, self.looked),
                "o2o_audit_problems": ("books that do not agree: has to be 0", wrong),
            }
        )

    def look(self, looks: int = LOOKS) -> None:
        """At the next few of each, and at the sum of the ledger."""
        for store, product in self._shelves.some(looks):
            self._note(f"{store}/{product}", self._of_shelf(store, product))
        for order in self._orders.some(looks):
            self._note(f"order {order}", self._of_order(order))
        for payment in self._payments.some(looks):
            self._note(f"payment {payment}", self._of_payment(payment))
        for courier in self._couriers.some(looks):
            route = self._state.deliveries.route(courier)
            self._note(f"route {courier}", routes.route_problems(self._state, courier, route))
        self._note("ledger", money.ledger_problems(self._state))

    # internals

    def _of_shelf(self, store: StoreId, product: ProductId) -> Iterator[str]:
        yield from stock.shelf_problems(self._state, store, product)
        x = self._state.inventory.levels[store][product]
        level = Buckets(x.on_hand, x.reserved, x.safety, x.damaged, x.incoming)
        told = self._told(store, product)
        if told != level:
            yield f"{level} there, {told} told"

    def _of_order(self, key: OrderId) -> Iterator[str]:
        """What it holds, what is owed for it, and who is to carry it."""
        s, order = self._state, self._state.orders.get(key)
        if order is None:
            return
        yield from stock.order_problems(s, key)
        yield from engine.audit.order_problems(s, key, order)
        yield from money.order_problems(s, key, order)
        delivery = s.deliveries.of_order.get(key)
        if delivery is not None:
            yield from routes.delivery_problems(s, delivery, s.deliveries[delivery])

    def _of_payment(self, key: PaymentId) -> Iterator[str]:
        """With its instructions, and its order: also of what has ended, until it is archived."""
        s, payment = self._state, self._state.payments.payments.get(key)
        if payment is None:
            return  # archived since
        known = s.payments.instructions
        if lost := [x for x in payment.instructions if x not in known]:
            yield f"nothing is known of {', '.join(lost)}"
            return
        instructions = {x: known[x] for x in payment.instructions}
        order = s.orders.orders.get(payment.order)
        yield from chain(
            bargains.payment_problems(s, key, payment),
            money.instruction_problems(s, instructions),
            () if order is None else money.order_problems(s, payment.order, order),
        )

    def _note(self, where: str, found: Iterator[str]) -> None:
        self.looked += 1
        what = "; ".join(found)
        if what and self.problems.get(where) != what:
            log.error("the books do not agree: %s: %s", where, what)
        if what:
            self.problems[where] = what
        else:
            self.problems.pop(where, None)

    def _every_shelf(self) -> Iterator[tuple[StoreId, ProductId]]:
        levels = self._state.inventory.levels
        return ((store, product) for store, products in levels.items() for product in products)
