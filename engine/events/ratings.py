"""Facts about ratings."""

from engine.events.event import Event
from engine.values import CourierId, CustomerId, Millis, OrderId, ProductId, ServiceId, StoreId


class OrderRated(Event, frozen=True):
    """`courier_stars`: 0 if nothing was said of the courier, or there was none."""

    order: OrderId
    customer: CustomerId
    service: ServiceId
    store: StoreId
    stars: int
    courier: CourierId | None
    courier_stars: int
    tags: list[str]
    liked: list[ProductId]
    disliked: list[ProductId]
    at: Millis
