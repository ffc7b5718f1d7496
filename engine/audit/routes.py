"""Invariants of routes: deliveries and the couriers who carry them say the same."""

from collections import Counter
from collections.abc import Iterator

from engine.state import State
from engine.state.deliveries import ACCEPTED, BEFORE_PICKUP, ENDED, ON_BOARD, Delivery, Route
from engine.values import CourierId, DeliveryId, Stop, StopKind


def violations(s: State) -> Iterator[str]:
    for courier, route in s.deliveries.routes.items():
        yield from route_problems(s, courier, route)
    for key, delivery in s.deliveries.deliveries.items():
        yield from delivery_problems(s, key, delivery)


def route_problems(s: State, courier: CourierId, route: Route) -> Iterator[str]:
    """Each stop is his, once; pickup before drop-off, never above capacity, and it ends empty."""
    deliveries = [s.deliveries[x.delivery] for x in route.stops]
    for stop, times in Counter(route.stops).items():
        if times > 1:
            yield f"{courier} is to make {stop} {times} times"
    load = sum(x.load for x in deliveries if x.status in ON_BOARD)
    capacity = s.couriers[courier].capacity
    if load > capacity:
        yield f"{courier} carries {load} of {capacity}"
    for stop, delivery in zip(route.stops, deliveries, strict=True):
        if delivery.courier != courier or stop not in _stops_of(stop.delivery, delivery):
            yield f"{courier} is to make {stop}, and it is not his to make"
        load += delivery.load if stop.kind is StopKind.PICKUP else -delivery.load
        if not 0 <= load <= capacity:
            yield f"{courier} would carry {load} of {capacity} at {stop}"
    if load:
        yield f"the route of {courier} ends with {load} on board"
    settled = bool(deliveries) and deliveries[0].status in (*ACCEPTED, *ON_BOARD)
    if route.under_way != settled:
        yield f"{courier} is under way: {route.under_way}; the next stop is settled: {settled}"


def delivery_problems(s: State, key: DeliveryId, delivery: Delivery) -> Iterator[str]:
    """What has a courier and is open is on his route, with every stop that is still to be made."""
    if delivery.courier is not None:
        stops = s.deliveries.route(delivery.courier).stops
        for stop in _stops_of(key, delivery):
            if stop not in stops:
                yield f"{stop} is not on the route of {delivery.courier}"


def _stops_of(key: DeliveryId, delivery: Delivery) -> list[Stop]:
    if delivery.status in ENDED:
        return []
    pickup = [Stop(StopKind.PICKUP, key)] if delivery.status in BEFORE_PICKUP else []
    return [*pickup, Stop(delivery.last_stop, key)]
