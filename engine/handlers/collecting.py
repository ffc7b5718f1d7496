"""Collecting: the customer comes to the counter with a code, or does not come at all."""

from dataclasses import dataclass

from engine.commands import ExpireCollection, ReportCollection
from engine.events import (
    OrderCancelled,
    OrderFulfilled,
    OrderHandedOver,
    OrderReady,
    ProofMissed,
    StockIssued,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.pricing import without_prices
from engine.rules.proving import age_fault, is_same_code
from engine.state.orders import Orders, OrderStatus
from engine.state.products import Products
from engine.state.settings import CurrentSettings
from engine.turn import Turn
from engine.values import Actor


@dataclass(eq=False, slots=True)
class Collecting:
    settings: CurrentSettings
    orders: Orders
    products: Products

    # commands

    def report_collection(self, turn: Turn, c: ReportCollection) -> None:
        order = self.orders.get(c.order)
        if not order or order.placed.store != c.store:
            turn.reject(Reason.UNKNOWN, what="order", id=c.order)
        if not order.waits_for_customer:
            allowed = [str(x) for x in order.next_statuses if x != OrderStatus.HANDED_OVER]
            turn.reject(
                Reason.ILLEGAL_TRANSITION,
                **{"from": order.status, "to": OrderStatus.HANDED_OVER},
                allowed=allowed,
            )
        turn.reject_for(age_fault(self.products, order.lines, checked=c.age_checked))
        tries_left = self.settings.current.proof_tries_max - order.missed_proofs
        if tries_left < 1:
            turn.reject(Reason.PROOF_LOCKED)
        if not is_same_code(c.code, order.placed.pin):
            turn.refuse(Reason.PROOF_MISMATCH, tries_left=tries_left - 1)
            turn.emit(ProofMissed(c.order, order.missed_proofs + 1))
            return
        turn.emit(OrderHandedOver(c.order))
        turn.emit(StockIssued(c.store, c.order, without_prices(order.lines)))
        turn.emit(OrderFulfilled(c.order, turn.at))

    def expire_collection(self, turn: Turn, c: ExpireCollection) -> None:
        if self.orders[c.order].waits_for_customer:
            turn.emit(OrderCancelled(c.order, Actor.SYSTEM, "not_collected", turn.at))

    # follow-ups

    def await_customer(self, turn: Turn, e: OrderReady) -> None:
        """From when it is ready, or was promised to be: who comes at that time is in time."""
        order = self.orders[e.order]
        if order.is_collection:
            wait_ms = max(0, order.placed.promised_at - turn.at)
            life_ms = self.settings.current.collection_life_ms
            turn.set_timer(wait_ms + life_ms, ExpireCollection(e.order))
