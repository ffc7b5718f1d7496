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
    """A few keys at a time, round and round: after the last of them, those there are by then.

    `where` names one; `wrong` are those that were, as of when they were looked at.
    """

    def __init__(self, every: Callable[[], Iterable[Key]], where: str) -> None:
        self.where = where
        self.wrong: dict[Key, None] = {}
        self._every = every
        self._there: dict[Key, None] = {}
        self._left: Iterator[Key] = iter(())

    def some(self, looks: int) -> list[Key]:
        found = list(islice(self._left, looks))
        if len(found) < looks:
            self._there = dict.fromkeys(self._every())
            self._left = iter(self._there)
        return found

    def gone(self) -> list[Key]:
        """What was wrong and is not in this round: nobody will look at it again."""
        found = [x for x in self.wrong if x not in self._there]
        for key in found:
            del self.wrong[key]
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
        self._shelves = Rounds[tuple[StoreId, ProductId]](self._every_shelf, "{0[0]}/{0[1]}")
        self._orders = Rounds[OrderId](open_orders, "order {}")
        self._payments = Rounds[PaymentId](lambda: s.payments.payments, "payment {}")
        self._couriers = Rounds[CourierId](lambda: s.deliveries.routes, "route {}")

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
        self._look_at(self._shelves, looks, self._of_shelf)
        self._look_at(self._orders, looks, self._of_order)
        self._look_at(self._payments, looks, self._of_payment)
        self._look_at(self._couriers, looks, self._of_route)
        self._note("ledger", money.ledger_problems(self._state))

    # internals

    def _look_at(
        self, rounds: Rounds[Key], looks: int, found: Callable[[Key], Iterator[str]]
    ) -> None:
        for key in rounds.some(looks):
            where = rounds.where.format(key)
            self._note(where, found(key))
            if where in self.problems:
                rounds.wrong[key] = None
            else:
                rounds.wrong.pop(key, None)
        for key in rounds.gone():
            self.problems.pop(rounds.where.format(key), None)

    def _of_route(self, courier: CourierId) -> Iterator[str]:
        yield from routes.route_problems(
            self._state, courier, self._state.deliveries.route(courier)
        )

    def _of_shelf(self, shelf: tuple[StoreId, ProductId]) -> Iterator[str]:
        store, product = shelf
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
