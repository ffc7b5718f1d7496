"""Invariants that span state modules. Every test that runs a while ends by asking here."""

from collections import Counter
from collections.abc import Iterator

from engine.audit import customers, promotions
from engine.rules.bookkeeping import HELD
from engine.rules.cancelling import REASONS, WRITE_OFF
from engine.rules.pricing import NOT_COLLECTED
from engine.state import State
from engine.state.deliveries import ACCEPTED, BEFORE_PICKUP, ENDED, ON_BOARD, DeliveryStatus
from engine.state.orders import ENDED as ORDER_ENDED
from engine.state.orders import HOLDS_STOCK, Order, OrderStatus
from engine.state.payments import (
    Instruction,
    InstructionStatus,
    Payment,
    PaymentStatus,
    payment_of,
    rest_of,
)
from engine.values import (
    CASH,
    Actor,
    CourierId,
    DeliveryId,
    InstructionId,
    InstructionKind,
    OrderId,
    StopKind,
)

WAYS_TO_END = [*((actor, REASONS[actor]) for actor in REASONS), (Actor.OPERATOR, WRITE_OFF)]
NO_SHOW = f"{Actor.SYSTEM}/{NOT_COLLECTED}"
KNOWN_WHY = [f"{actor}/{reason}" for actor, reasons in WAYS_TO_END for reason in reasons]


def violations(s: State) -> list[str]:
    """Empty, or what is wrong, in words."""
    checks = (
        *(_stock, _orders, _money, _ledger, _routes, _loads, _planning),
        *(customers.violations, promotions.violations),
    )
    return [problem for check in checks for problem in check(s)]


def _stock(s: State) -> Iterator[str]:
    reserved: Counter[tuple[str, str]] = Counter()
    for order in s.orders.orders.values():
        if order.status in HOLDS_STOCK:
            for line in order.lines:
                reserved[order.placed.store, line.product] += line.quantity
    for store, products in s.inventory.levels.items():
        for product, level in products.items():
            due = reserved[store, product]
            if level.reserved != due:
                yield f"{store}/{product}: {level.reserved} reserved, {due} on open orders"
            held = sum(level.held.values())
            if level.reserved != held:
                yield f"{store}/{product}: {level.reserved} reserved, {held} held by orders"
            moved = level.received + level.returned + level.counted + level.adjusted
            moved += level.brought_back
            moved -= level.issued + level.sold + level.quarantined
            if level.on_hand != moved:
                yield f"{store}/{product}: {level.on_hand} on hand, movements sum to {moved}"
            if not 0 <= level.reserved <= level.on_hand:
                yield f"{store}/{product}: {level.reserved} of {level.on_hand} are reserved"
            if not 0 <= level.damaged == level.quarantined + level.spoiled - level.discarded:
                yield f"{store}/{product}: {level.damaged} damaged, which nothing explains"


def _orders(s: State) -> Iterator[str]:
    """An order and its delivery say the same."""
    expected = {
        OrderStatus.HANDED_OVER: (*ON_BOARD, *BEFORE_PICKUP),  # the latter: waiting for rescue
        OrderStatus.ACCEPTED: BEFORE_PICKUP,
        OrderStatus.READY: BEFORE_PICKUP,
        OrderStatus.FULFILLED: (DeliveryStatus.DELIVERED,),
        OrderStatus.RETURNED: (DeliveryStatus.RETURNED,),
        OrderStatus.CANCELLED: (DeliveryStatus.CANCELLED, None),
        OrderStatus.PLACED: (None,),
        OrderStatus.SCHEDULED: (None,),
        OrderStatus.CONFIRMED: (None,),
    }
    still_open = sum(x.status not in ORDER_ENDED for x in s.orders.orders.values())
    if s.orders.open_count != still_open:
        yield f"{s.orders.open_count} orders counted as open, {still_open} are"
    for key, order in s.orders.orders.items():
        if order.why and order.why not in KNOWN_WHY:
            yield f"{key} ended by {order.why}, which is not in the vocabulary"
        delivery = s.deliveries.of_order.get(key)
        status = s.deliveries[delivery].status if delivery else None
        if status not in ((None,) if order.is_collection else expected[order.status]):
            yield f"{key} is {order.status}, its delivery {status}"


def _money(s: State) -> Iterator[str]:
    for key, order in s.orders.orders.items():
        payment = s.payments.get(payment_of(key))
        if payment is None:
            if order.placed.total_minor:
                yield f"{key} costs {order.placed.total_minor} and has no payment"
        elif order.is_collection and order.status is OrderStatus.HANDED_OVER:
            yield f"{key} was handed to its customer, who has not paid"
        elif problem := _payment_problem(s, key, order, payment):
            yield f"{key}: {problem}"


def _payment_problem(s: State, key: OrderId, order: Order, payment: Payment) -> str | None:
    status, expected = payment.status, _expected_payment(order.status)
    no_show = order.why == NO_SHOW
    if no_show:
        expected = (*expected, PaymentStatus.CAPTURED, PaymentStatus.UNCOLLECTED)
    if status not in expected:
        return f"{order.status} with a payment {status}"
    if no_show and payment.captured_minor > order.due_minor:
        return f"{payment.captured_minor} captured of what was not collected"
    if not 0 <= payment.refunded_minor <= payment.captured_minor <= payment.amount_minor:
        return f"{payment.refunded_minor} refunded of {payment.captured_minor} captured"
    rest = s.payments.instructions.get(rest_of(payment_of(key)))
    kept = payment.captured_minor - (rest.amount_minor if rest else 0)
    carried = key in s.deliveries.of_order
    owed = order.due_minor + (order.placed.tip_minor if carried else 0)
    collected = status is not PaymentStatus.UNCOLLECTED
    if order.status is OrderStatus.FULFILLED and collected and kept != owed:
        return f"{kept} captured, {owed} owed"
    if status is not PaymentStatus.CAPTURED and payment.captured_minor:
        return f"{payment.captured_minor} captured of a payment {status}"
    return None


def _expected_payment(status: OrderStatus) -> tuple[PaymentStatus, ...]:
    match status:
        case OrderStatus.PLACED:
            return (PaymentStatus.REQUESTED,)
        case OrderStatus.CANCELLED:
            return PaymentStatus.FAILED, PaymentStatus.VOIDED
        case OrderStatus.FULFILLED | OrderStatus.RETURNED:
            return PaymentStatus.CAPTURED, PaymentStatus.UNCOLLECTED, PaymentStatus.VOIDED
        case _:
            return (PaymentStatus.AUTHORIZED,)


def _ledger(s: State) -> Iterator[str]:
    """Every entry is balanced, and the accounts say what payments and instructions say."""
    total = sum(s.ledger.balances.values())
    if total:
        yield f"the ledger is out of balance by {total}"
    due: Counter[str] = Counter()
    for payment in s.payments.payments.values():
        if payment.taken:
            due[f"provider:{payment.provider}"] += payment.amount_minor
            due[HELD] -= payment.amount_minor * (payment.status is PaymentStatus.AUTHORIZED)
    for key, instruction in s.payments.instructions.items():
        _instructed(due, key, instruction, s.payments[instruction.payment])
    booked: Counter[str] = Counter()
    for account, amount in s.ledger.balances.items():
        kind, _, whose = account.partition(":")
        if kind in ("cash", "till") or account == f"provider:{CASH}":
            booked["cash"] += amount
            if kind == "cash" and amount < 0:
                yield f"{whose} handed in {-amount} too much"
        elif kind == "provider" or account == HELD:
            booked[account] = amount
    for account in booked | due:
        if booked[account] != due[account]:
            yield f"{account}: {booked[account]} booked, {due[account]} instructed"


def _instructed(
    due: Counter[str], key: InstructionId, instruction: Instruction, payment: Payment
) -> None:
    """What it moved, or will; and what it leaves with us if it failed."""
    kind, amount = instruction.kind, instruction.amount_minor
    sent_back = payment.taken and (
        kind is InstructionKind.VOID or key == rest_of(instruction.payment)
    )
    if instruction.status is InstructionStatus.FAILED:
        due[HELD] -= amount * sent_back
        return
    sign = {InstructionKind.CAPTURE: 1, InstructionKind.REFUND: -1, InstructionKind.VOID: 0}[kind]
    if payment.taken:
        sign = 0 if kind is InstructionKind.CAPTURE else -1
    account = "cash" if payment.provider == CASH else f"provider:{payment.provider}"
    due[account] += sign * amount


def _routes(s: State) -> Iterator[str]:
    """Every open delivery that has a courier is on that route, and nothing else is on any."""
    due: Counter[tuple[CourierId, DeliveryId, StopKind]] = Counter(
        (courier, stop.delivery, stop.kind)
        for courier, route in s.deliveries.routes.items()
        for stop in route.stops
    )
    for key, delivery in s.deliveries.deliveries.items():
        if delivery.courier is not None and delivery.status not in ENDED:
            due[delivery.courier, key, delivery.last_stop] -= 1
            due[delivery.courier, key, StopKind.PICKUP] -= delivery.status in BEFORE_PICKUP
    for stop, difference in due.items():
        if difference:
            yield f"stop {stop} is on a route {difference:+d} times too often"


def _loads(s: State) -> Iterator[str]:
    """Pickup before drop-off, never above capacity, and every route ends empty."""
    for courier, route in s.deliveries.routes.items():
        deliveries = [s.deliveries[x.delivery] for x in route.stops]
        load = sum(x.load for x in deliveries if x.status in ON_BOARD)
        capacity = s.couriers[courier].capacity
        for stop, delivery in zip(route.stops, deliveries, strict=True):
            load += delivery.load if stop.kind is StopKind.PICKUP else -delivery.load
            if not 0 <= load <= capacity:
                yield f"{courier} would carry {load} of {capacity} at {stop}"
        if load:
            yield f"the route of {courier} ends with {load} on board"
        settled = bool(deliveries) and deliveries[0].status in (*ACCEPTED, *ON_BOARD)
        if route.under_way != settled:
            yield f"{courier} is under way: {route.under_way}; the next stop is settled: {settled}"


def _planning(s: State) -> Iterator[str]:
    """Nothing waits for a courier without somebody going to think about it."""
    rounds = s.planning_rounds
    if s.deliveries.waiting and rounds.open is None and rounds.due_at is None:
        yield f"{len(s.deliveries.waiting)} deliveries wait, and no planning round is due"
    for key, delivery in s.deliveries.open.items():
        if (key in s.deliveries.waiting) != (delivery.status is DeliveryStatus.CREATED):
            yield f"{key} is {delivery.status}, and waits: {key in s.deliveries.waiting}"
