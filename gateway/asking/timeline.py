"""Everything a customer did and had done to him, on one line of time, newest first."""

from collections.abc import Iterator

from engine.engine import Engine
from engine.state import State
from engine.state.customers import Customer
from engine.state.orders import OrderStatus
from engine.values import CustomerId, OrderId
from gateway import messages as m
from gateway.asking.customer_records import may_follow, visible
from gateway.codes import Refusal
from gateway.tokens import Identity
from gateway.wire import money, time_text

Entry = tuple[int, str, str, str, int | None]  # at, kind, id, what, amount in minor units


def get_timeline(b: m.GetTimeline, who: Identity, engine: Engine) -> m.Timeline:
    """The cursor is the time of the last entry told, and how many of that time were."""
    s = engine.state
    known = visible(s, b.customer, who)
    entries = sorted(_entries(s, CustomerId(b.customer), known, who), key=lambda x: -x[0])
    start = _start(b.cursor, entries)
    page = entries[start : start + b.limit]
    currency = s.settings.current.currency
    more = None
    if start + b.limit < len(entries):
        last = page[-1][0]
        told = sum(x[0] == last for x in entries[: start + b.limit])
        more = f"{last}:{told}"
    return m.Timeline(
        b.customer,
        [
            m.TimelineEntry(
                time_text(at),
                kind,  # type: ignore[arg-type]
                key,
                what,
                None if amount is None else money(amount, currency),
            )
            for at, kind, key, what, amount in page
        ],
        more,
    )


def _start(cursor: str | None, entries: list[Entry]) -> int:
    """Raises Refusal("malformed")."""
    if cursor is None:
        return 0
    at, _, told = cursor.partition(":")
    if not (at.isascii() and at.isdigit() and told.isascii() and told.isdigit()):
        raise Refusal("malformed", detail={"field": "cursor"})
    later = sum(x[0] > int(at) for x in entries)
    same = sum(x[0] == int(at) for x in entries)
    return later + min(int(told), same)


def _entries(s: State, key: CustomerId, known: Customer, who: Identity) -> Iterator[Entry]:
    yield known.since, "registered", key, known.standing.value, None
    for purpose, since in known.consents.items():
        yield since, "consent", purpose.value, "given", None
    for spoken in known.interactions:
        yield spoken.at, "interaction", spoken.interaction, spoken.channel.value, None
    for order in s.orders.of_customer.get(key, []):
        service = s.orders[order].placed.service
        if who.role != "order_service" or service == who.subject:
            yield from _of_order(s, order)
    for complaint in s.complaints.of_customer.get(key, []):
        matter = s.complaints[complaint]
        if may_follow(matter, who):
            for move in matter.history:
                yield move.at, "complaint", complaint, move.what, None


def _of_order(s: State, key: OrderId) -> Iterator[Entry]:
    order = s.orders[key]
    yield order.placed.placed_at, "order", key, OrderStatus.PLACED.value, order.placed.total_minor
    if order.ended_at:
        yield order.ended_at, "order", key, order.why or order.status.value, order.due_minor
    payment = s.payments.get(s.payments.current(key))
    if payment is not None and payment.refunded_minor:
        status = f"refunded/{payment.status.value}"
        yield (
            order.ended_at or order.placed.placed_at,
            "payment",
            key,
            status,
            payment.refunded_minor,
        )
    for name in s.order_changes.of_order.get(key, ()):
        change = s.order_changes[name]
        if change.is_agreed:
            what = f"{change.reason}/{change.closed or change.status.value}"
            yield change.confirmed_at, "return", name, what, change.refund_minor
    rating = s.ratings.orders.get(key)
    if rating is not None:
        yield rating.at, "rating", key, f"{rating.stars}", None
