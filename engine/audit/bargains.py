"""Bargains that wait for an answer: what is kept for them, and what is held for what is owed."""

from collections.abc import Iterator

from engine.state import State
from engine.state.orders import EDITABLE, HOLDS_STOCK, Order, OrderStatus
from engine.state.payments import Payment, PaymentStatus
from engine.values import OrderId, PaymentId, PaymentPurpose

UNPAID = (OrderStatus.PLACED,)
BEFORE_LABELS = (OrderStatus.PLACED, OrderStatus.SCHEDULED, OrderStatus.CONFIRMED)
LET_GO = (PaymentStatus.FAILED, PaymentStatus.VOIDED)


def violations(s: State) -> Iterator[str]:
    for key, order in s.orders.orders.items():
        for problem in (
            *_edit(s, order),
            *_substitutes(order),
            *_labels(order),
            *_held(s, key, order),
        ):
            yield f"{key}: {problem}"


def payment_problems(s: State, key: PaymentId, payment: Payment) -> Iterator[str]:
    """An order has one payment of its own; others were let go, or wait for an edit."""
    if payment.purpose is PaymentPurpose.TIP or key == s.payments.current(payment.order):
        return
    edit = s.orders[payment.order].edit
    if payment.status not in LET_GO and (edit is None or edit.payment != key):
        yield f"{key} is {payment.status}, and nothing is paid with it"


def _edit(s: State, order: Order) -> Iterator[str]:
    if order.edit is None:
        return
    if order.status not in EDITABLE:
        yield f"an edit waits, and it is {order.status}"
    payment, due = s.payments[order.edit.payment], order.edit.amendment.total_minor
    if payment.status is not PaymentStatus.REQUESTED:
        yield f"an edit waits for a payment that is {payment.status}"
    if payment.amount_minor != due + order.placed.tip_minor - order.placed.credit_minor:
        yield f"an edit to {due} waits for {payment.amount_minor}"


def _substitutes(order: Order) -> Iterator[str]:
    if order.substitutes and order.status is not OrderStatus.ACCEPTED:
        yield f"a substitute waits, and it is {order.status}"


def _labels(order: Order) -> Iterator[str]:
    if order.labels and (order.is_collection or order.status in BEFORE_LABELS):
        yield f"its bags are labelled, and it is {order.status}"


def _held(s: State, key: OrderId, order: Order) -> Iterator[str]:
    """What is owed is held, as long as the goods are in the store."""
    payment = s.payments.get(s.payments.current(key))
    if payment is None or order.status not in HOLDS_STOCK or order.status in UNPAID:
        return
    due = order.due_minor + order.placed.tip_minor - order.placed.credit_minor
    if due > payment.amount_minor:
        yield f"{due} owed, {payment.amount_minor} held"
