"""Archiving: what ended long ago is put away, so that what is alive stays small.

Nothing is lost by it: whoever asks by name is told as before, and what is given back for an
archived order brings its payment out of the archive until that is settled, too.
"""

from dataclasses import dataclass
from itertools import islice, takewhile

from engine.commands import ArchiveOrders
from engine.events import (
    ArchivingPlanned,
    DeliveriesArchived,
    OrderCancelled,
    OrderFulfilled,
    OrderReturned,
    OrdersArchived,
    OrderWrittenOff,
    PaymentsArchived,
    SettingsChanged,
)
from engine.state.deliveries import ENDED as DELIVERY_ENDED
from engine.state.deliveries import Deliveries
from engine.state.orders import Orders
from engine.state.payments import Payments
from engine.state.settings import CurrentSettings
from engine.turn import Turn
from engine.values import MINUTE, DeliveryId, Millis, OrderId, PaymentId

AT_ONCE = 128  # of each: a turn must not keep others waiting
BETWEEN_MS = 10 * MINUTE
SOON_MS = 1_000  # if there was more than that


@dataclass(eq=False, slots=True)
class Archiving:
    settings: CurrentSettings
    orders: Orders
    payments: Payments
    deliveries: Deliveries

    # commands

    def archive_orders(self, turn: Turn, _: ArchiveOrders) -> None:
        if turn.at != self.orders.archiving_at:
            return  # another look was planned since
        is_more = False
        until = turn.at - self.settings.current.archive_after_ms
        if orders := self._orders(until)[:AT_ONCE]:
            turn.emit(OrdersArchived(orders))
            is_more |= len(orders) == AT_ONCE
        if payments := self._payments():
            turn.emit(PaymentsArchived(payments))
            is_more |= len(payments) == AT_ONCE
        if deliveries := self._deliveries():
            turn.emit(DeliveriesArchived(deliveries))
            is_more |= len(deliveries) == AT_ONCE
        self._plan(turn, is_more)

    # follow-ups

    def plan(
        self,
        turn: Turn,
        _: OrderFulfilled | OrderCancelled | OrderReturned | OrderWrittenOff,
    ) -> None:
        """One look serves all that have ended until then."""
        if not self.orders.archiving_at:
            self._look(turn, self.settings.current.archive_after_ms)

    def plan_again(self, turn: Turn, _: SettingsChanged) -> None:
        after_ms = self.settings.current.archive_after_ms
        if self.orders.archiving_at > turn.at + after_ms:
            self._look(turn, after_ms)

    # internals

    def _orders(self, until: int) -> list[OrderId]:
        """As they were placed."""
        orders = self.orders.orders
        found = takewhile(lambda key: orders[key].ended_at <= until, self.orders.over)
        return sorted(found, key=lambda key: orders[key].number)

    def _payments(self) -> list[PaymentId]:
        """Those of archived orders for which nothing is waited; tips among them."""
        over, settled = self.orders.archive.places, self.payments.is_settled
        payments = self.payments.payments.items()
        found = (key for key, x in payments if x.order in over and settled(key))
        return list(islice(found, AT_ONCE))

    def _deliveries(self) -> list[DeliveryId]:
        over, deliveries = self.orders.archive.places, self.deliveries.deliveries.items()
        found = (k for k, x in deliveries if x.order in over and x.status in DELIVERY_ENDED)
        return list(islice(found, AT_ONCE))

    def _plan(self, turn: Turn, is_more: bool) -> None:
        """When the next is due, if any is: otherwise the next that ends will see to it."""
        if is_more:
            self._look(turn, SOON_MS)
        elif first := next(iter(self.orders.over), None):
            ended_at = self.orders.orders[first].ended_at
            due_at = ended_at + self.settings.current.archive_after_ms
            self._look(turn, max(BETWEEN_MS, due_at - turn.at))
        else:
            turn.emit(ArchivingPlanned(Millis(0)))

    def _look(self, turn: Turn, delay_ms: int) -> None:
        turn.emit(ArchivingPlanned(Millis(turn.at + delay_ms)))
        turn.set_timer(delay_ms, ArchiveOrders())
