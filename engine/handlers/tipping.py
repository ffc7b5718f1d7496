"""Tipping: what customers give on top goes to the courier whole, by a payment of its own."""

from dataclasses import dataclass

from engine.commands import AddTip
from engine.events import PaymentAuthorized, PaymentRequested
from engine.rejections import RejectionReason as Reason
from engine.rules.bookkeeping import of_courier, source_of
from engine.rules.instructing import captured
from engine.state.deliveries import Deliveries
from engine.state.orders import Orders, OrderStatus
from engine.state.payments import Payments, payment_of_tip
from engine.state.settings import CurrentSettings
from engine.turn import Turn
from engine.values import CASH, CourierId, Millis, OrderId, PaymentPurpose


@dataclass(eq=False, slots=True)
class Tipping:
    settings: CurrentSettings
    orders: Orders
    payments: Payments
    deliveries: Deliveries

    # commands

    def add_tip(self, turn: Turn, c: AddTip) -> None:
        """After delivery. Before, a tip is part of placing the order."""
        if c.amount_minor < 1:
            turn.reject(Reason.MALFORMED, field="amount_minor")
        if c.provider == CASH:  # what is given by hand is no business of ours
            turn.reject(Reason.MALFORMED, field="provider")
        key = payment_of_tip(c.order, c.tip)
        if self.payments.get(key):
            turn.reject(Reason.ALREADY_EXISTS)
        order = self.orders.get(c.order)
        if not order or order.placed.service != c.service:
            turn.reject(Reason.UNKNOWN, what="order", id=c.order)
        if order.status is not OrderStatus.FULFILLED or self._courier_of(c.order) is None:
            turn.reject(
                Reason.ILLEGAL_TRANSITION, **{"from": order.status, "to": "tipped"}, allowed=[]
            )
        until, tip = Millis(turn.at + self.settings.current.payment_timeout_ms), PaymentPurpose.TIP
        asked = PaymentRequested(key, c.order, c.provider, c.amount_minor, tip, until, c.method)
        turn.emit(asked)

    # follow-ups

    def pass_on(self, turn: Turn, e: PaymentAuthorized) -> None:
        payment = self.payments[e.payment]
        if payment.purpose is not PaymentPurpose.TIP or e.late:
            return
        courier, store = self._courier_of(payment.order), self.orders[payment.order].placed.store
        assert courier is not None
        source = source_of(payment, courier, store)
        earned = ((of_courier(courier), payment.amount_minor),)
        for event in captured(e.payment, payment, source, earned, "tip"):
            turn.emit(event)

    # internals

    def _courier_of(self, order: OrderId) -> CourierId | None:
        delivery = self.deliveries.of_order.get(order)
        return None if delivery is None else self.deliveries[delivery].courier
