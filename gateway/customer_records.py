"""What may be read about customers, and by whom: a service reads of its own, and what it placed."""

from engine.engine import Engine
from engine.rules.segmentation import NAMES
from engine.state import State
from engine.state.customers import Customer
from engine.values import CustomerId, OrderId
from gateway import messages as m
from gateway.auth import Identity
from gateway.codes import Refusal
from gateway.translation import money, priced
from gateway.wire import time_text


def get_customer(b: m.GetCustomer, who: Identity, engine: Engine) -> m.Customer:
    s = engine.state
    known = visible(s, b.customer, who)
    return m.Customer(
        b.customer,
        time_text(known.since),
        known.standing.value,
        [m.ConsentGiven(x.value, time_text(since)) for x, since in known.consents.items()],
        known.purchases,
        money(known.spent_minor, s.settings.current.currency),
        known.segments,
        known.service or None,
        time_text(known.first_at) if known.purchases else None,
        time_text(known.last_at) if known.purchases else None,
    )


def list_purchases(b: m.ListPurchases, who: Identity, engine: Engine) -> m.Purchases:
    """The cursor is where the page before ended, counted from the oldest: it stays right."""
    s = engine.state
    visible(s, b.customer, who)
    keys = s.orders.of_customer.get(CustomerId(b.customer), [])
    end = position(b.cursor, len(keys))
    page: list[m.Purchase] = []
    while end and len(page) < b.limit:
        end -= 1
        if who.role != "order_service" or s.orders[keys[end]].placed.service == who.subject:
            page.append(_purchase(s, keys[end]))
    return m.Purchases(b.customer, page, str(end) if end else None)


def get_segmentation(_: m.GetSegmentation, __: Identity, engine: Engine) -> m.Segmentation:
    customers = engine.state.customers
    rule = customers.segmentation
    sizes = {name: customers.sizes.get(name, 0) for name in NAMES}
    return m.Segmentation(
        list(rule.recency_days), list(rule.purchases), list(rule.spent_minor), sizes
    )


def visible(s: State, key: str, who: Identity) -> Customer:
    """Raises Refusal("unknown"): nobody hears whether somebody else's customer exists."""
    known = s.customers.get(CustomerId(key))
    is_own = who.role != "order_service" or (known and known.service == who.subject)
    if known is None or known.is_forgotten or not is_own:
        raise Refusal("unknown", detail={"what": "customer", "id": key})
    return known


def position(cursor: str | None, at_most: int) -> int:
    """Raises Refusal("malformed")."""
    if cursor is None:
        return at_most
    if not cursor.isascii() or not cursor.isdigit() or int(cursor) > at_most:
        raise Refusal("malformed", detail={"field": "cursor"})
    return int(cursor)


def _purchase(s: State, key: OrderId) -> m.Purchase:
    order, currency = s.orders[key], s.settings.current.currency
    return m.Purchase(
        key,
        order.placed.store,
        order.status.value,
        priced(order.lines, currency),
        money(order.due_minor, currency),
        time_text(order.placed.placed_at),
        time_text(order.ended_at) if order.ended_at else None,
        order.why or None,
    )
