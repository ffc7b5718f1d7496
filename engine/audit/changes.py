"""What comes back, and what is given back: never more than was bought, nor than was captured."""

from collections import Counter
from collections.abc import Iterator

from engine.rules.bookkeeping import EXCHANGES
from engine.rules.lines import pieces_of
from engine.state import State
from engine.state.deliveries import ENDED
from engine.state.order_changes import ChangeStatus
from engine.state.orders import ENDED as ORDER_ENDED
from engine.state.orders import OrderStatus
from engine.state.payments import PaymentStatus
from engine.values import ProductId

WAITING = (OrderStatus.PLACED, OrderStatus.SCHEDULED)


def violations(s: State) -> Iterator[str]:
    for check in (_changes, _goods, _promises, _refunds, _legs, _exchanges):
        yield from check(s)


def _changes(s: State) -> Iterator[str]:
    """Only what was fulfilled comes back, and who waits for it knows."""
    expected = [(x, key) for x, keys in s.order_changes.expected.items() for key in keys]
    for key, change in s.order_changes.changes.items():
        if s.orders[change.order].status is not OrderStatus.FULFILLED:
            yield f"{key} is about an order that is {s.orders[change.order].status}"
        if change.refund_minor < 0:
            yield f"{key} would give {change.refund_minor} back"
        is_expected = change.status is ChangeStatus.CONFIRMED
        if ((change.store, key) in expected) != is_expected:
            yield f"{key} is {change.status}, and expected: {not is_expected}"


def _goods(s: State) -> Iterator[str]:
    for key in s.order_changes.of_order:
        gone: Counter[ProductId] = Counter()
        for change in s.order_changes.of(key):
            for line in change.gone:
                gone[line.product] += line.quantity
        for product, quantity in gone.items():
            bought = pieces_of(s.orders[key].lines, product)
            if quantity > bought:
                yield f"{quantity} {product} of {key} come back, {bought} were bought"


def _promises(s: State) -> Iterator[str]:
    """What is promised to be given back is there, unless it was never paid."""
    for key in s.order_changes.of_order:
        payment = s.payments.get(s.payments.current(key))
        if payment is None or payment.status is not PaymentStatus.CAPTURED:
            continue
        promised = s.order_changes.expected_minor(key) + s.refunds.pending_minor(
            s.payments.current(key)
        )
        promised += s.order_changes.credited_minor(key)
        left = payment.captured_minor - payment.refunded_minor
        left += s.order_changes.credit_of(s.orders[key].placed)
        if promised > left:
            yield f"{promised} of {key} is promised to be given back, {left} is left"


def _refunds(s: State) -> Iterator[str]:
    for key, refund in s.refunds.pending.items():
        charged = sum(x.amount_minor for x in refund.charged)
        if charged != refund.amount_minor:
            yield f"{key} gives {refund.amount_minor} back, {charged} is borne"
        payment = s.payments[refund.payment]
        if payment.status is not PaymentStatus.CAPTURED:
            yield f"{key} waits for a payment that is {payment.status}"
        waits = refund.needs_approval
        if not waits and s.payments.refundable_minor(refund.payment) >= refund.amount_minor:
            yield f"{key} waits for nothing"


def _legs(s: State) -> Iterator[str]:
    """A courier is under way for what is expected, and for nothing else."""
    for key, delivery in s.deliveries.open.items():
        change = s.order_changes.get(delivery.change) if delivery.change else None
        if delivery.change and (change is None or change.status is not ChangeStatus.CONFIRMED):
            yield f"{key} fetches what nobody expects"
        elif change and (change.delivery != key or not delivery.is_return):
            yield f"{key} fetches for {delivery.change}, which knows {change.delivery}"
    for name, change in s.order_changes.changes.items():
        leg = s.deliveries.get(change.delivery) if change.delivery else None
        if leg is not None and leg.change != name and leg.status not in ENDED:
            yield f"{name} is fetched by a delivery of {leg.change}"


def _exchanges(s: State) -> Iterator[str]:
    """What came back and pays for something else is with us until that has ended."""
    charged = [x for refund in s.refunds.pending.values() for x in refund.charged]
    due = sum(x.amount_minor for x in charged if x.account == EXCHANGES)
    for key, change in s.order_changes.changes.items():
        if change.replacement is None:
            if change.credit_minor:
                yield f"{key} pays {change.credit_minor} of nothing"
            continue
        order = s.orders[change.replacement]
        if order.placed.exchange != key:
            yield f"{key} pays for {change.replacement}, which is paid otherwise"
        if change.status is ChangeStatus.RECEIVED and order.status not in ORDER_ENDED:
            due += change.credit_minor
        if change.status is not ChangeStatus.RECEIVED and order.status not in WAITING:
            yield f"{change.replacement} is {order.status}, and {key} has not come back"
    if s.ledger.balance(EXCHANGES) != -due:
        yield f"{EXCHANGES}: {s.ledger.balance(EXCHANGES)} booked, {-due} is with us"
