"""Exchanging: an order that is paid with what comes back for it, and waits until it has."""

from dataclasses import dataclass

from engine.events import (
    ChangeClosed,
    ChangeReceived,
    ExchangeDropped,
    OrderCancelled,
)
from engine.state.order_changes import ChangeStatus, OrderChanges
from engine.state.orders import HOLDS_STOCK, Orders
from engine.state.payments import Payments
from engine.turn import Turn
from engine.values import Actor, OrderId

INCOMPLETE, LAPSED = "exchange_incomplete", "exchange_lapsed"


@dataclass(eq=False, slots=True)
class Exchanging:
    orders: Orders
    payments: Payments
    changes: OrderChanges

    # follow-ups

    def check(self, turn: Turn, e: ChangeReceived) -> None:
        """Less came than the new order is to be paid with, or was never paid for: it is not sent,
        and what there is to give is given back."""
        change = self.changes[e.change]
        order = change.replacement
        if order is None:
            return
        arrived = self.payments.refundable_minor(self.payments.current(e.order))
        if min(change.refund_minor, arrived) < change.credit_minor:
            turn.emit(ExchangeDropped(e.change))
            self._call_off(turn, order, INCOMPLETE)

    def call_off(self, turn: Turn, e: ChangeClosed) -> None:
        """Nothing comes back, hence nothing is sent."""
        change = self.changes.get(e.change)
        if change is not None and change.replacement is not None:
            order = change.replacement
            turn.emit(ExchangeDropped(e.change))
            self._call_off(turn, order, LAPSED)

    def drop(self, turn: Turn, e: OrderCancelled) -> None:
        """Nobody wants the new one: what comes back is paid for in money."""
        placed = self.orders[e.order].placed
        change = self.changes.get(placed.exchange)
        if change is None or change.replacement != e.order:
            return
        if change.status is ChangeStatus.CONFIRMED:
            turn.emit(ExchangeDropped(placed.exchange))

    # internals

    def _call_off(self, turn: Turn, key: OrderId, reason: str) -> None:
        if self.orders[key].status in HOLDS_STOCK:
            turn.emit(OrderCancelled(key, Actor.SYSTEM, reason, turn.at))
