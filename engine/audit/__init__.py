"""Invariants that span state modules. Every test that runs a while ends by asking here."""

from collections import Counter
from collections.abc import Iterator

from engine.audit import (
    bargains,
    campaigns,
    changes,
    complaints,
    customers,
    groups,
    money,
    places,
    promotions,
    routes,
    shifts,
    skills,
    staff,
    stock,
)
from engine.rules.cancelling import REASONS, WRITE_OFF
from engine.state import State
from engine.state.deliveries import BEFORE_PICKUP, ON_BOARD, DeliveryStatus
from engine.state.orders import ENDED as ORDER_ENDED
from engine.state.orders import Order, OrderStatus
from engine.values import (
    Actor,
    CustomerId,
    Millis,
    OrderId,
    StoreId,
)

WAYS_TO_END = [*((actor, REASONS[actor]) for actor in REASONS), (Actor.OPERATOR, WRITE_OFF)]
KNOWN_WHY = [f"{actor}/{reason}" for actor, reasons in WAYS_TO_END for reason in reasons]


EXPECTED: dict[OrderStatus, tuple[DeliveryStatus | None, ...]] = {
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


def violations(s: State) -> list[str]:
    """Empty, or what is wrong, in words."""
    checks = (
        *(_orders, _payments, _bound, _planning),
        *(
            bargains.violations,
            campaigns.violations,
            changes.violations,
            complaints.violations,
            groups.violations,
            money.violations,
            places.violations,
            routes.violations,
            shifts.violations,
            skills.violations,
            staff.violations,
            stock.violations,
        ),
    )
    return [problem for check in checks for problem in check(s)]


def _orders(s: State) -> Iterator[str]:
    """Each, and what they come to: one look at the archive, whoever asks for what is in it."""
    fulfilled: dict[CustomerId, list[Millis]] = {}
    used = promotions.Uses()
    for key, order in s.orders.everything():
        yield from order_problems(s, key, order)
        yield from money.order_problems(s, key, order)
        yield from promotions.order_problems(key, order)
        if order.status is OrderStatus.FULFILLED:
            fulfilled.setdefault(order.placed.customer, []).append(order.ended_at)
        promotions.count(used, order)
    yield from customers.violations(s, fulfilled)
    yield from promotions.violations(s, used)


def _payments(s: State) -> Iterator[str]:
    """The same for what they were paid with."""
    due = Counter[str]()
    for key, payment, instructions in s.payments.everything():
        yield from bargains.payment_problems(s, key, payment)
        yield from money.instruction_problems(s, instructions)
        money.count(due, payment, instructions)
    yield from money.account_problems(s, due)


def order_problems(s: State, key: OrderId, order: Order) -> Iterator[str]:
    """An order and its delivery say the same."""
    if order.why and order.why not in KNOWN_WHY:
        yield f"{key} ended by {order.why}, which is not in the vocabulary"
    delivery = s.deliveries.of_order.get(key)
    status = s.deliveries[delivery].status if delivery else None
    if status not in ((None,) if order.is_collection else EXPECTED[order.status]):
        yield f"{key} is {order.status}, its delivery {status}"


def _bound(s: State) -> Iterator[str]:
    """What is open; what is to be prepared and carried now, and nobody has been told of yet."""
    still_open = sum(x.status not in ORDER_ENDED for x in s.orders.orders.values())
    if s.orders.open_count != still_open:
        yield f"{s.orders.open_count} orders counted as open, {still_open} are"
    unpaid, awaited, undispatched = Counter[StoreId](), Counter[CustomerId](), 0
    for order in s.orders.orders.values():
        placed, status = order.placed, order.status
        awaited[placed.customer] += status is OrderStatus.PLACED
        if status in (OrderStatus.PLACED, OrderStatus.CONFIRMED) and not placed.window_from_at:
            unpaid[placed.store] += status is OrderStatus.PLACED
            undispatched += not order.is_collection
    if s.orders.undispatched != undispatched:
        yield f"{s.orders.undispatched} orders counted as not dispatched, {undispatched} are"
    if s.orders.unpaid != +unpaid:
        yield f"{s.orders.unpaid} orders counted as not paid, {unpaid} are"
    if s.orders.awaited != +awaited:
        yield f"{s.orders.awaited} payments counted as awaited, {awaited} are"


def _planning(s: State) -> Iterator[str]:
    """Nothing waits for a courier without somebody going to think about it."""
    rounds = s.planning_rounds
    if s.deliveries.waiting and rounds.open is None and rounds.due_at is None:
        yield f"{len(s.deliveries.waiting)} deliveries wait, and no planning round is due"
    for key, delivery in s.deliveries.open.items():
        if (key in s.deliveries.waiting) != (delivery.status is DeliveryStatus.CREATED):
            yield f"{key} is {delivery.status}, and waits: {key in s.deliveries.waiting}"
