"""What is asked about, if it is there and theirs to know; and which page of it."""

from bisect import bisect_right
from typing import TypeVar

from engine.state import State
from engine.values import OrderId, StoreId
from gateway.codes import Refusal, unknown
from gateway.tokens import Identity

K = TypeVar("K", bound=str)


def store_named(s: State, key: str) -> StoreId:
    """Raises Refusal("unknown")."""
    if s.stores.get(StoreId(key)) is None:
        raise unknown("store", key)
    return StoreId(key)


def store_asked(body: object, who: Identity, s: State) -> StoreId:
    """One's own, or the one an operator names. Raises Refusal("unknown")."""
    key: str = getattr(body, "store", who.subject)
    return store_named(s, key) if who.role == "operator" else StoreId(key)


def order_asked(key: str, who: Identity, s: State) -> OrderId:
    """Raises Refusal("unknown"), also for what another service placed."""
    order = s.orders.get(OrderId(key))
    if order is None or (who.role == "order_service" and order.placed.service != who.subject):
        raise unknown("order", key)
    return OrderId(key)


def page_after(keys: list[K], after: str | None, limit: int) -> tuple[list[K], K | None]:
    """By id, so that pages stay right while what is told of comes and goes; and where to go on."""
    keys.sort()
    start = bisect_right(keys, after) if after is not None else 0
    page = keys[start : start + limit]
    return page, page[-1] if start + limit < len(keys) else None


def position(cursor: str | None, at_most: int) -> int:
    """Where a page ends that is counted from the oldest. Raises Refusal("malformed")."""
    if cursor is None:
        return at_most
    if not cursor.isascii() or not cursor.isdigit() or int(cursor) > at_most:
        raise Refusal("malformed", detail={"field": "cursor"})
    return int(cursor)
