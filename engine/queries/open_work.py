"""Indexes of what is not finished: derived from state once, then kept by every event.

A feed's snapshot must not cost a walk through everything that ever happened.
"""

from typing import Self

from msgspec import Struct

from engine import events as e
from engine.events import AnyEvent
from engine.queries.statuses import ENROUTE_TO_DROPOFF, ENROUTE_TO_PICKUP, delivery_status
from engine.state import State
from engine.state.deliveries import DeliveryStatus
from engine.state.orders import ENDED, OrderStatus
from engine.state.payments import InstructionStatus, PaymentStatus
from engine.values import (
    DeliveryId,
    InstructionId,
    OrderId,
    PaymentId,
    ProviderId,
    ServiceId,
    StopKind,
    StoreId,
)

D, B = DeliveryStatus, OrderStatus  # how far the goods are, and how far the bargain
TICKETS = (B.CONFIRMED, B.ACCEPTED, B.READY)  # what a store has to do with
Statuses = tuple[str, str]  # of the order, of its delivery

ORDER_BECOMES: dict[type[AnyEvent], OrderStatus] = {
    e.OrderPlaced: B.PLACED,
    e.OrderScheduled: B.SCHEDULED,
    e.OrderConfirmed: B.CONFIRMED,
    e.OrderMoved: B.CONFIRMED,
    e.OrderAccepted: B.ACCEPTED,
    e.OrderReady: B.READY,
    e.OrderReattempted: B.READY,
    e.OrderHandedOver: B.HANDED_OVER,
    e.OrderFulfilled: B.FULFILLED,
    e.OrderCancelled: B.CANCELLED,
    e.OrderReturned: B.RETURNED,
    e.OrderWrittenOff: B.CANCELLED,
}
DELIVERY_BECOMES: dict[type[AnyEvent], DeliveryStatus] = {
    e.DeliveryCreated: D.CREATED,
    e.DeliveryOffered: D.OFFERED,
    e.OfferAccepted: D.ASSIGNED,
    e.DeliveryUnassigned: D.CREATED,
    e.DeliveryCompleted: D.DELIVERED,
    e.DeliveryFailed: D.RETURNING,
    e.DeliveryStranded: D.CREATED,
    e.DeliveryReturned: D.RETURNED,
    e.DeliveryCancelled: D.CANCELLED,
}


class OpenWork(Struct):
    """Keys in the order things began. `statuses` are the last ones of every open order."""

    statuses: dict[OrderId, Statuses] = {}
    of_service: dict[ServiceId, dict[OrderId, None]] = {}
    of_store: dict[StoreId, dict[OrderId, None]] = {}
    tickets: dict[StoreId, dict[OrderId, None]] = {}
    returns: dict[StoreId, dict[DeliveryId, None]] = {}
    payments: dict[ProviderId, dict[PaymentId, None]] = {}
    instructions: dict[ProviderId, dict[InstructionId, None]] = {}

    @classmethod
    def of(cls, s: State) -> Self:
        work = cls()
        for order_key, order in s.orders.orders.items():
            if order.status not in ENDED:
                work._open(s, order_key)
                work.statuses[order_key] = order.status, delivery_status(s, order_key, order)
            if order.status in TICKETS:
                work.tickets.setdefault(order.placed.store, {})[order_key] = None
        for delivery_key, delivery in s.deliveries.open.items():
            if delivery.status is D.RETURNING:
                work.returns.setdefault(delivery.store, {})[delivery_key] = None
        for payment_key, payment in s.payments.payments.items():
            if payment.status is PaymentStatus.REQUESTED:
                work.payments.setdefault(payment.provider, {})[payment_key] = None
        for key, instruction in s.payments.instructions.items():
            if instruction.status is InstructionStatus.PENDING:
                provider = s.payments[instruction.payment].provider
                work.instructions.setdefault(provider, {})[key] = None
        return work

    def fold(self, event: AnyEvent, s: State) -> tuple[OrderId, Statuses] | None:
        """Follow one event; `s` is the state after its whole turn.

        Returns the order whose statuses it changed, and the new ones.
        """
        key = order_of(event, s)
        if key is None:
            self._fold_payment(event, s)
            return None
        if isinstance(event, e.OrderPlaced):
            self._open(s, key)
            self.statuses[key] = "", D.CREATED
        self._fold_return(event, s)
        before = self.statuses.get(key)
        if before is None:
            return None  # it has ended; its delivery only follows
        after = _next(before, event, s)
        self.statuses[key] = after
        store = s.orders[key].placed.store
        if isinstance(event, e.OrderMoved):
            for of_store in (self.of_store, self.tickets):
                of_store.get(event.before, {}).pop(key, None)
            self.of_store.setdefault(store, {})[key] = None
        if after[0] in TICKETS:
            self.tickets.setdefault(store, {})[key] = None
        else:
            self.tickets.get(store, {}).pop(key, None)
        if after[0] in ENDED:
            self._close(s, key)
        return (key, after) if after != before else None

    # internals

    def _open(self, s: State, key: OrderId) -> None:
        placed = s.orders[key].placed
        self.of_service.setdefault(placed.service, {})[key] = None
        self.of_store.setdefault(placed.store, {})[key] = None

    def _close(self, s: State, key: OrderId) -> None:
        placed = s.orders[key].placed
        self.statuses.pop(key, None)
        self.of_service.get(placed.service, {}).pop(key, None)
        self.of_store.get(placed.store, {}).pop(key, None)

    def _fold_return(self, event: AnyEvent, s: State) -> None:
        match event:
            case e.DeliveryFailed(delivery=key):
                self.returns.setdefault(s.deliveries[key].store, {})[key] = None
            case e.DeliveryPickedUp(delivery=key) if s.deliveries[key].is_return:
                self.returns.setdefault(s.deliveries[key].store, {})[key] = None
            case (
                e.DeliveryReturned(delivery=key)
                | e.DeliveryStranded(delivery=key)
                | e.DeliveryCancelled(delivery=key)
            ):
                self.returns.get(s.deliveries[key].store, {}).pop(key, None)

    def _fold_payment(self, event: AnyEvent, s: State) -> None:
        match event:
            case e.PaymentRequested(payment=key, provider=provider):
                self.payments.setdefault(provider, {})[key] = None
            case e.PaymentAuthorized(payment=key) | e.PaymentFailed(payment=key):
                self.payments.get(s.payments[key].provider, {}).pop(key, None)
            case e.InstructionIssued(instruction=instruction, payment=key):
                pending = self.instructions.setdefault(s.payments[key].provider, {})
                pending[instruction] = None
            case e.InstructionSettled() | e.InstructionFailed():
                payment = s.payments.instruction(event.instruction).payment
                pending = self.instructions.get(s.payments[payment].provider, {})
                pending.pop(event.instruction, None)


def order_of(event: AnyEvent, s: State) -> OrderId | None:
    """The order whose status an event may move."""
    kind = type(event)
    if kind in ORDER_BECOMES:
        return event.order  # type: ignore[union-attr]
    if kind in DELIVERY_BECOMES or kind in (e.CourierArrived, e.DeliveryPickedUp):
        return s.deliveries[event.delivery].order  # type: ignore[union-attr]
    if isinstance(event, e.LegStarted):
        stops = s.deliveries.route(event.courier).stops
        return s.deliveries[stops[0].delivery].order if stops else None
    return None


def _next(before: Statuses, event: AnyEvent, s: State) -> Statuses:
    order, delivery = before
    kind = type(event)
    if kind in ORDER_BECOMES:
        goods = {B.CANCELLED: D.CANCELLED, B.FULFILLED: D.DELIVERED, B.CONFIRMED: D.CREATED}
        return ORDER_BECOMES[kind], goods.get(ORDER_BECOMES[kind], delivery)
    match event:
        case e.DeliveryCancelled(moved=True):
            return before  # another will carry it
        case e.DeliveryPickedUp():
            back = s.deliveries[event.delivery].is_return
            return order, D.RETURNING if back else D.PICKED_UP
        case e.CourierArrived(stop=StopKind.PICKUP):
            return order, D.ARRIVED_AT_PICKUP
        case e.CourierArrived(stop=StopKind.DROPOFF):
            return order, D.ARRIVED_AT_DROPOFF
        case e.CourierArrived():
            return before
        case e.LegStarted():
            going = {D.ASSIGNED: ENROUTE_TO_PICKUP, D.PICKED_UP: ENROUTE_TO_DROPOFF}
            return order, going.get(D(delivery), delivery) if delivery in tuple(D) else delivery
    return order, DELIVERY_BECOMES[kind]
