"""The delivery clock of every open order, named as the field names it.

click-to-door, click-to-taken, ready-to-door, ready-to-pickup, in-store-to-pickup and drop-off
lateness are what `calculate_metrics` of mdrp-sim computes (objects/order.py,
github.com/sebastian-quintero/mdrp-sim). Milliseconds; of orders that were brought to the door.
"""

from msgspec import Struct

from engine import events as e
from engine.values import (
    CourierId,
    CustomerId,
    DeliveryId,
    Fulfillment,
    Millis,
    OrderId,
    PricedLine,
    ProductId,
    StopKind,
    StoreId,
)

NEVER = Millis(-1)


class Clock(Struct, array_like=True):
    """One order's times, NEVER until they come, and what else is told of it when it ends."""

    store: StoreId
    customer: CustomerId
    lines: list[PricedLine]  # less what was missing
    fee_minor: int  # for the ride
    due_minor: int  # less what was missing
    placed_at: Millis
    promised_at: Millis  # at the door, or ready to be collected
    fulfillment: Fulfillment = Fulfillment.DELIVERY
    confirmed_at: Millis = NEVER
    accepted_at: Millis = NEVER  # by the store
    taken_at: Millis = NEVER  # accepted by the courier who fetched it
    ready_at: Millis = NEVER
    in_store_at: Millis = NEVER  # that courier's arrival there
    picked_up_at: Millis = NEVER  # the first time; a rescue fetches it once more
    ended_at: Millis = NEVER
    courier: CourierId | None = None
    deliveries: list[DeliveryId] = []
    is_fulfilled: bool = False
    attempts: int = 1  # at handing it over; the promise that counts is the first
    is_handed_over: bool = False
    carried_mm: int = 0  # ridden for it: a shared ride counts in shares
    co2e_ug: int = 0  # of that
    offered: dict[ProductId, PricedLine] = {}  # instead of what is missing
    sooner_ms: int = 0  # than promised half of such are there; 0: not known
    delivered_at: Millis = NEVER  # at the door, if that was told later

    @property
    def door_at(self) -> Millis:
        return self.ended_at if self.delivered_at == NEVER else self.delivered_at

    @property
    def click_to_door_ms(self) -> int:
        return self.door_at - self.placed_at

    @property
    def drop_off_lateness_ms(self) -> int:
        """Negative: early."""
        return self.door_at - self.promised_at

    @property
    def click_to_taken_ms(self) -> int | None:
        return _between(self.placed_at, self.taken_at)

    @property
    def ready_to_door_ms(self) -> int | None:
        return _between(self.ready_at, self.door_at)

    @property
    def ready_to_pickup_ms(self) -> int | None:
        return _between(self.ready_at, self.picked_up_at)

    @property
    def in_store_to_pickup_ms(self) -> int | None:
        return _between(self.in_store_at, self.picked_up_at)

    @property
    def expected_at(self) -> Millis:
        """Half of such are there by then; NEVER: not known."""
        return Millis(self.promised_at - self.sooner_ms) if self.sooner_ms else NEVER

    @property
    def is_collection(self) -> bool:
        return self.fulfillment is Fulfillment.COLLECTION

    @property
    def is_on_time(self) -> bool:
        """At the door by then; of a collection: on the counter, whenever its customer came."""
        return (self.ready_at if self.is_collection else self.door_at) <= self.promised_at


def _between(start: Millis, end: Millis) -> int | None:
    """None if one of them never came."""
    return None if NEVER in (start, end) else end - start


class Clocks(Struct):
    """Open orders only, and those that ended in the turn that is being folded."""

    open: dict[OrderId, Clock] = {}
    order_of: dict[DeliveryId, OrderId] = {}
    ended: list[OrderId] = []

    # queries

    def get(self, order: OrderId) -> Clock | None:
        return self.open.get(order)

    def of_delivery(self, delivery: DeliveryId) -> Clock | None:
        order = self.order_of.get(delivery)
        return None if order is None else self.open.get(order)

    # events

    def placed(self, _: Millis, x: e.OrderPlaced) -> None:
        self.open[x.order] = Clock(
            x.store,
            x.customer,
            x.lines,
            x.delivery_fee_minor,
            x.total_minor,
            x.placed_at,
            x.promised_at,
            x.fulfillment,
            sooner_ms=x.sooner_ms,
        )

    def confirmed(self, at: Millis, x: e.OrderConfirmed) -> None:
        if clock := self.open.get(x.order):
            clock.confirmed_at = at

    def accepted(self, at: Millis, x: e.OrderAccepted) -> None:
        if clock := self.open.get(x.order):
            clock.accepted_at = at

    def ready(self, at: Millis, x: e.OrderReady) -> None:
        if clock := self.open.get(x.order):
            clock.ready_at = at

    def reduced(self, _: Millis, x: e.OrderReduced) -> None:
        if clock := self.open.get(x.order):
            clock.lines = x.lines
            clock.due_minor -= x.reduction_minor

    def moved(self, at: Millis, x: e.OrderMoved) -> None:
        """Another store begins anew; the promise that counts is the one given first."""
        if clock := self.open.get(x.order):
            clock.store, clock.confirmed_at = x.store, at
            clock.accepted_at = clock.ready_at = clock.taken_at = clock.in_store_at = NEVER
            clock.courier = None

    def edited(self, _: Millis, x: e.OrderEdited) -> None:
        if clock := self.open.get(x.order):
            new = x.amendment
            clock.lines, clock.due_minor = new.lines, new.total_minor
            clock.fee_minor, clock.promised_at = new.delivery_fee_minor, new.promised_at

    def substitute_offered(self, _: Millis, x: e.SubstituteProposed) -> None:
        if clock := self.open.get(x.order):
            clock.offered[x.missing] = x.line

    def substitute_taken(self, _: Millis, x: e.SubstituteAccepted) -> None:
        if clock := self.open.get(x.order):
            line = clock.offered.pop(x.missing)
            clock.lines = [*clock.lines, line]
            clock.due_minor += line.quantity * line.price_minor

    def created(self, _: Millis, x: e.DeliveryCreated) -> None:
        if clock := self.open.get(x.order):
            clock.deliveries.append(x.delivery)
            self.order_of[x.delivery] = x.order

    def taken(self, at: Millis, x: e.OfferAccepted) -> None:
        if (clock := self.of_delivery(x.delivery)) and clock.picked_up_at == NEVER:
            clock.taken_at, clock.courier = at, x.courier

    def given_back(self, _: Millis, x: e.DeliveryUnassigned) -> None:
        """Who fetches it comes later, and so does his clock."""
        clock = self.of_delivery(x.delivery)
        if clock and clock.picked_up_at == NEVER:
            clock.taken_at = clock.in_store_at = NEVER
            clock.courier = None

    def arrived(self, at: Millis, x: e.CourierArrived) -> None:
        if x.stop is StopKind.PICKUP:
            clock = self.of_delivery(x.delivery)
            if clock and clock.picked_up_at == NEVER:
                clock.in_store_at = max(clock.taken_at, e.happened_at(x, at))

    def picked_up(self, at: Millis, x: e.DeliveryPickedUp) -> None:
        if clock := self.open.get(x.order):
            clock.courier, clock.is_handed_over = x.courier, True
            if clock.picked_up_at == NEVER:
                # A time that was given is beside others that were not: none is before the last.
                clock.picked_up_at = max(clock.in_store_at, e.happened_at(x, at))

    def reattempted(self, _: Millis, x: e.OrderReattempted) -> None:
        if clock := self.open.get(x.order):
            clock.attempts += 1
            clock.is_handed_over = False

    def over(
        self,
        at: Millis,
        x: e.OrderFulfilled | e.OrderCancelled | e.OrderReturned | e.OrderWrittenOff,
    ) -> None:
        """What follows in the same turn still finds it."""
        if clock := self.open.get(x.order):
            clock.ended_at, clock.is_fulfilled = at, type(x) is e.OrderFulfilled
            if isinstance(x, e.OrderFulfilled) and x.delivered_at:
                clock.delivered_at = max(clock.picked_up_at, x.delivered_at)
            self.ended.append(x.order)

    def forget_ended(self) -> dict[OrderId, Clock]:
        """Returns them."""
        found = {order: self.open.pop(order) for order in self.ended}
        for clock in found.values():
            for delivery in clock.deliveries:
                del self.order_of[delivery]
        self.ended.clear()
        return found
