"""Switching: another way of paying, while the money for an order is waited for."""

from dataclasses import dataclass

from engine.commands import PayOtherwise
from engine.events import PaymentAuthorized, PaymentFailed, PaymentReplaced, PaymentRequested
from engine.rejections import RejectionReason as Reason
from engine.state.orders import Orders, OrderStatus
from engine.state.payments import Payments
from engine.state.settings import CurrentSettings
from engine.turn import Turn
from engine.values import CASH, Millis, PaymentPurpose

WAYS_MAX = 3  # of paying for one order: its goods are kept from others all the while


@dataclass(eq=False, slots=True)
class Switching:
    settings: CurrentSettings
    orders: Orders
    payments: Payments

    # commands

    def pay_otherwise(self, turn: Turn, c: PayOtherwise) -> None:
        """The payment before is given up, as if it had taken too long: if it is made all the
        same, it goes back in the turn that hears of it."""
        order = self.orders.get(c.order)
        if not order or order.placed.service != c.service:
            turn.reject(Reason.UNKNOWN, what="order", id=c.order)
        if order.status is not OrderStatus.PLACED:
            detail = {"from": order.status, "to": "paid_otherwise"}
            turn.reject(Reason.ILLEGAL_TRANSITION, **detail, allowed=[])
        before = self.payments.current(c.order)
        payment = self.payments[before]
        if (payment.provider, payment.method) == (c.provider, c.method):
            turn.reject(Reason.ALREADY_EXISTS, payment=before)
        if self.payments.ways(c.order) >= WAYS_MAX:
            turn.reject(Reason.ATTEMPTS_EXHAUSTED, limit=WAYS_MAX)
        another, amount = self.payments.next_of(c.order), payment.amount_minor
        if c.provider == CASH:  # the courier will ask for it, at the door
            turn.emit(PaymentRequested(another, c.order, c.provider, amount))
            turn.emit(PaymentAuthorized(another, CASH))
        else:
            until = Millis(turn.at + self.settings.current.payment_timeout_ms)
            order_itself = PaymentPurpose.ORDER, until, c.method
            turn.emit(PaymentRequested(another, c.order, c.provider, amount, *order_itself))
        turn.emit(PaymentReplaced(c.order, another))
        turn.emit(PaymentFailed(before, "paid_otherwise"))
