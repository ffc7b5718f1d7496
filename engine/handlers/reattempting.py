"""Reattempting: what could not be handed over comes back, and goes out again if it is wanted."""

from dataclasses import dataclass

from engine.commands import RequestRedelivery
from engine.events import (
    DeliveryReturned,
    OrderReattempted,
    OrderReturned,
    RedeliveryRequested,
    StockReserved,
    StockReturned,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.pricing import without_prices
from engine.rules.promising import IDLE, promised_ms
from engine.state.deliveries import Deliveries
from engine.state.orders import Order, Orders, OrderStatus
from engine.state.settings import CurrentSettings
from engine.state.stores import Stores
from engine.turn import Turn
from engine.values import Actor, Millis, OrderId
from geo.travel import Vehicle


@dataclass(eq=False, slots=True)
class Reattempting:
    settings: CurrentSettings
    stores: Stores
    orders: Orders
    deliveries: Deliveries

    # commands

    def request_redelivery(self, turn: Turn, c: RequestRedelivery) -> None:
        """While it is on its way back: there is no second attempt at what has ended."""
        order = self.orders.get(c.order)
        if not order or c.service not in ("", order.placed.service):
            turn.reject(Reason.UNKNOWN, what="order", id=c.order)
        may_ask = not order.recalled and not order.is_redelivery_wanted
        if not may_ask or not self._comes_back(c.order, order):
            allowed = [str(x) for x in order.next_statuses if x is not OrderStatus.READY]
            turn.reject(
                Reason.ILLEGAL_TRANSITION,
                **{"from": order.status, "to": OrderStatus.READY},
                allowed=allowed,
            )
        limit = self.settings.current.delivery_attempts_max
        if order.reattempts + 1 >= limit:
            turn.reject(Reason.ATTEMPTS_EXHAUSTED, limit=limit)
        turn.emit(RedeliveryRequested(c.order))

    # follow-ups

    def take_back(self, turn: Turn, e: DeliveryReturned) -> None:
        if self.deliveries[e.delivery].change:
            return  # it was fetched at the door: another bargain
        order = self.orders[e.order]
        store, lines = order.placed.store, without_prices(order.lines)
        if order.is_redelivery_wanted and e.sellable:
            turn.emit(StockReturned(store, e.order, lines, e.delivery, e.sellable))
            turn.emit(StockReserved(store, e.order, lines))  # nobody else's meanwhile
            turn.emit(OrderReattempted(e.order, self._promised_at(turn, order)))
            return
        actor, reason = order.recalled or (Actor.COURIER, self.deliveries[e.delivery].failure)
        turn.emit(OrderReturned(e.order, actor, reason, turn.at))
        turn.emit(StockReturned(store, e.order, lines, e.delivery, e.sellable))

    # internals

    def _comes_back(self, key: OrderId, order: Order) -> bool:
        delivery = self.deliveries.of_order.get(key)
        if delivery is None or order.status is not OrderStatus.HANDED_OVER:
            return False
        return self.deliveries[delivery].is_return

    def _promised_at(self, turn: Turn, order: Order) -> Millis:
        """As if it were bought now: nothing is left to cook."""
        settings, placed = self.settings.current, order.placed
        speed = settings.travel.speed_mm_s(Vehicle.SCOOTER)
        home = self.stores[placed.store].location
        ride_ms = settings.travel.travel_ms(home, placed.dropoff, speed)
        return Millis(turn.at + promised_ms(settings, 0, ride_ms, IDLE))
