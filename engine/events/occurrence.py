"""When what is said to have happened did happen."""

from engine.events.deliveries import DeliveryCancelled, SaidByCouriers
from engine.events.event import Event
from engine.events.orders import OrderFulfilled
from engine.values import Millis


def happened_at(event: Event, received_at: Millis) -> Millis:
    """What a courier's phone tells late may have been so long before it was heard."""
    if isinstance(event, SaidByCouriers):
        return event.occurred_at or received_at
    if isinstance(event, DeliveryCancelled):
        return event.missed_at or received_at
    if isinstance(event, OrderFulfilled):
        return event.delivered_at or received_at
    return received_at
