"""How far an order can come, and from where to where."""

from enum import StrEnum


class OrderStatus(StrEnum):
    PLACED = "placed"
    SCHEDULED = "scheduled"
    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"
    READY = "ready"
    HANDED_OVER = "handed_over"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    RETURNED = "returned"


TRANSITIONS: dict[OrderStatus, tuple[OrderStatus, ...]] = {
    OrderStatus.PLACED: (
        OrderStatus.SCHEDULED,  # wanted later
        OrderStatus.CONFIRMED,
        OrderStatus.CANCELLED,
    ),
    OrderStatus.SCHEDULED: (OrderStatus.CONFIRMED, OrderStatus.CANCELLED),
    OrderStatus.CONFIRMED: (OrderStatus.ACCEPTED, OrderStatus.CANCELLED),
    OrderStatus.ACCEPTED: (
        OrderStatus.READY,
        OrderStatus.HANDED_OVER,
        OrderStatus.CANCELLED,
        OrderStatus.CONFIRMED,  # another store is asked
    ),
    OrderStatus.READY: (OrderStatus.HANDED_OVER, OrderStatus.CANCELLED),
    OrderStatus.HANDED_OVER: (
        OrderStatus.FULFILLED,
        OrderStatus.RETURNED,
        OrderStatus.CANCELLED,  # written off: the goods are lost
        OrderStatus.READY,  # back in the store, for another attempt
    ),
    OrderStatus.FULFILLED: (),
    OrderStatus.CANCELLED: (),
    OrderStatus.RETURNED: (),
}
EDITABLE = (OrderStatus.SCHEDULED, OrderStatus.CONFIRMED)  # paid for, and nobody has begun
NEVER_COLLECTED = {
    OrderStatus.ACCEPTED: OrderStatus.HANDED_OVER,
    OrderStatus.HANDED_OVER: OrderStatus.READY,
}
ENDED = (OrderStatus.FULFILLED, OrderStatus.CANCELLED, OrderStatus.RETURNED)
HOLDS_STOCK = (
    OrderStatus.PLACED,
    OrderStatus.SCHEDULED,
    OrderStatus.CONFIRMED,
    OrderStatus.ACCEPTED,
    OrderStatus.READY,
)
TO_PREPARE = (OrderStatus.CONFIRMED, OrderStatus.ACCEPTED)
NOT_TOLD = (OrderStatus.PLACED, OrderStatus.CONFIRMED)
