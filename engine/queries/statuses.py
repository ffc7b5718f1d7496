"""The one word for how far a delivery has come, as people follow it."""

from engine.state import State
from engine.state.deliveries import DeliveryStatus, Route
from engine.state.orders import Order, OrderStatus
from engine.values import DeliveryId, OrderId, StopKind

ENROUTE_TO_PICKUP, ENROUTE_TO_DROPOFF = "enroute_to_pickup", "enroute_to_dropoff"
D = DeliveryStatus


def delivery_status(s: State, key: OrderId, order: Order) -> str:
    """A DeliveryStatus, or on the way: that is derived from the route, nobody stores it.

    What is collected has no delivery: it counts as delivered once the customer has it.
    """
    delivery_key = s.deliveries.of_order.get(key)
    if delivery_key is None:
        ended = {OrderStatus.CANCELLED: D.CANCELLED, OrderStatus.FULFILLED: D.DELIVERED}
        return ended.get(order.status, D.CREATED)
    delivery = s.deliveries[delivery_key]
    if delivery.courier is not None:
        heading = heading_for(s.deliveries.route(delivery.courier), delivery_key)
        if heading is StopKind.PICKUP and delivery.status is D.ASSIGNED:
            return ENROUTE_TO_PICKUP
        if heading is StopKind.DROPOFF and delivery.status is D.PICKED_UP:
            return ENROUTE_TO_DROPOFF
    return delivery.status


def heading_for(route: Route, delivery: DeliveryId) -> StopKind | None:
    """Which stop of this delivery the courier is on the way to, if any."""
    if not route.under_way or not route.stops:
        return None
    head = route.stops[0]
    return head.kind if head.delivery == delivery else None
