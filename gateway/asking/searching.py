"""Questions about many orders, in the public shapes."""

from engine.engine import Engine
from engine.queries.order_index import Counted, OrderIndex, Place, Wanted
from engine.queries.statuses import delivery_status
from engine.state import State
from engine.state.orders import OrderStatus
from engine.values import (
    DAY,
    CustomerId,
    Fulfillment,
    Millis,
    OrderId,
    ServiceId,
    StoreId,
)
from gateway import messages as m
from gateway.codes import Refusal
from gateway.tokens import Identity
from gateway.wire import millis, money, time_text, time_told, window_told

SPAN_MAX_MS = {"hour": 31 * DAY, "day": 400 * DAY}
GROUPS_MAX = 1_000


def search_orders(
    b: m.SearchOrders, who: Identity, engine: Engine, index: OrderIndex
) -> m.OrdersFound:
    """Raises Refusal: `forbidden` for what is somebody else's, `malformed` for a strange cursor."""
    keys, more = index.find(_wanted(b, who, b.statuses), b.limit, _place(b.cursor))
    found = [order_found(engine.state, key, who) for key in keys]
    return m.OrdersFound(found, None if more is None else f"{more[0]}:{more[1]}")


def count_orders(
    b: m.CountOrders, who: Identity, engine: Engine, index: OrderIndex
) -> m.OrdersCounted:
    settings = engine.state.settings.current
    wanted = _wanted(b, who, [])
    if b.by in SPAN_MAX_MS:
        until = wanted.placed_to if wanted.placed_to is not None else engine.now
        longest = SPAN_MAX_MS[b.by]
        since = wanted.placed_from
        if since is not None and until - since > longest:
            raise Refusal("malformed", "too long a time", {"field": "placed_from"})
        if since is None:
            wanted = _since(wanted, Millis(until - longest))
    counted = index.count(wanted, b.by, settings.utc_offset_min)
    if len(counted) > GROUPS_MAX:
        raise Refusal("malformed", "too many of them: ask for fewer", {"field": "by"})
    return m.OrdersCounted(b.by, [_counted(x, settings.currency) for x in counted])


def order_found(s: State, key: OrderId, who: Identity) -> m.OrderFound:
    """A store does not learn who its customers are."""
    order = s.orders[key]
    placed, currency = order.placed, s.settings.current.currency
    return m.OrderFound(
        key,
        placed.service,
        placed.store,
        order.status.value,
        delivery_status(s, key, order),  # type: ignore[arg-type]
        placed.fulfillment.value,
        money(order.due_minor, currency),
        time_text(placed.placed_at),
        time_text(placed.promised_at),
        None if who.role == "store" else placed.customer,
        window_told(placed.window_from_at, placed.window_to_at),
        time_told(order.ended_at),
        order.why or None,
    )


def _wanted(
    b: m.SearchOrders | m.CountOrders, who: Identity, statuses: list[m.OrderStatus]
) -> Wanted:
    store, service = b.store, b.service
    if who.role == "store":
        store = _own(store, who, "store")
    elif who.role == "order_service":
        service = _own(service, who, "service")
    if b.customer is not None and who.role == "store":
        raise Refusal("forbidden")
    return Wanted(
        None if store is None else StoreId(store),
        None if service is None else ServiceId(service),
        None if b.customer is None else CustomerId(b.customer),
        tuple(OrderStatus(x) for x in statuses),
        None if b.fulfillment is None else Fulfillment(b.fulfillment),
        None if b.placed_from is None else millis(b.placed_from, "placed_from"),
        None if b.placed_to is None else millis(b.placed_to, "placed_to"),
    )


def _own(asked: str | None, who: Identity, field: str) -> str:
    if asked not in (None, who.subject):
        raise Refusal("forbidden", detail={"field": field})
    return who.subject


def _since(wanted: Wanted, since: Millis) -> Wanted:
    return Wanted(
        wanted.store,
        wanted.service,
        wanted.customer,
        wanted.statuses,
        wanted.fulfillment,
        since,
        wanted.placed_to,
    )


def _place(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    at, _, key = cursor.partition(":")
    if not at.isascii() or not at.isdigit() or len(at) > 15 or not key:
        raise Refusal("malformed", detail={"field": "cursor"})
    return Millis(int(at)), OrderId(key)


def _counted(x: Counted, currency: str) -> m.OrderCount:
    key = x.key if isinstance(x.key, str) else time_text(x.key)
    statuses = {status.value: count for status, count in x.statuses.items()}
    total = sum(statuses.values())
    return m.OrderCount(key, total, statuses, money(x.fulfilled_minor, currency))
