"""What is asked about many orders at once: which there are, and how many stand how."""

from typing import Annotated, Literal

from msgspec import Meta

from gateway.messages.values import Cursor, Fulfillment, Id, OrderStatus, Sent, Time

GroupedBy = Literal["hour", "day", "store", "service"]


class SearchOrders(Sent, frozen=True):
    """The newest first, `limit` a page. Answered by `orders_found`.

    Who is asked for must match in everything that is said. Order services and stores find their
    own. Times are those of placing: from, up to but without.
    """

    store: Id | None = None
    service: Id | None = None
    customer: Id | None = None
    statuses: Annotated[list[OrderStatus], Meta(max_length=20)] = []
    fulfillment: Fulfillment | None = None
    placed_from: Time | None = None
    placed_to: Time | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, Meta(ge=1, le=64)] = 64


class CountOrders(Sent, frozen=True):
    """How many stand how, by the hour, by the day (both local), by store or by service.

    Answered by `orders_counted`; of hours at most 31 days, of days 400.
    """

    by: GroupedBy = "hour"
    store: Id | None = None
    service: Id | None = None
    customer: Id | None = None
    fulfillment: Fulfillment | None = None
    placed_from: Time | None = None
    placed_to: Time | None = None
