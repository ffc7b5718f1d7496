"""What a courier is to do: offers to answer, and the stops that are settled to be his."""

from msgspec import Struct

from engine.rules.pricing import courier_fee
from engine.rules.proving import age_checked_goods
from engine.rules.stops import place_of
from engine.state import State
from engine.state.deliveries import ACCEPTED, ON_BOARD, Delivery, DeliveryStatus
from engine.state.orders import Order
from engine.values import CourierId, DeliveryId, Millis, Minor, Stop, StopKind, StoreId
from geo.points import Point, distance_m


class OfferMade(Struct, frozen=True):
    key: DeliveryId
    delivery: Delivery
    store_name: str
    fee_minor: Minor
    distance_m: int  # from pickup to drop-off


class NextStop(Struct, frozen=True):
    stop: Stop
    order: Order
    place: Point
    store_name: str
    ready_at: Millis  # or as late as its window asks for; 0: not known
    at_door: bool = False  # goods are fetched from a customer
    age_check: bool = False  # of a drop-off: an age is to be looked at


class Work(Struct, frozen=True):
    """`under_way`: the first stop is settled. Stops merely planned are nobody's business yet."""

    on_shift: bool
    offers: list[OfferMade]
    stops: list[NextStop]
    under_way: bool
    wait_near: StoreId | None = None  # asked to, as long as there is nothing to do


def is_told(delivery: Delivery) -> bool:
    """Its courier knows of it: what is merely planned is nobody's business yet."""
    return delivery.courier is not None and delivery.status is not DeliveryStatus.CREATED


def work_of(s: State, courier: CourierId) -> Work:
    """Of somebody unknown: none."""
    registered = s.couriers.get(courier)
    route = s.deliveries.route(courier)
    offers: list[OfferMade] = []
    stops: list[NextStop] = []
    for stop in route.stops:
        delivery = s.deliveries[stop.delivery]
        if delivery.status in ACCEPTED or delivery.status in ON_BOARD:
            stops.append(_next_stop(s, stop, delivery))
        elif delivery.status is DeliveryStatus.OFFERED and stop.kind is StopKind.PICKUP:
            offers.append(_offer(s, stop.delivery, delivery))
    on_shift = registered is not None and registered.on_shift
    idle = registered is not None and on_shift and not offers and not stops
    wait_near = registered.asked_to_wait_at if registered is not None and idle else None
    return Work(on_shift, offers, stops, route.under_way, wait_near)


def bound_for(s: State, store: StoreId) -> dict[CourierId, None]:
    """Who has a stop on his route for what this store sold, and who is to wait near it."""
    deliveries = s.deliveries
    found = {
        courier: None
        for courier, route in deliveries.routes.items()
        if any(deliveries[stop.delivery].store == store for stop in route.stops)
    }
    working = (s.couriers.ids[n] for n in s.couriers.working_numbers)
    return found | {x: None for x in working if s.couriers[x].asked_to_wait_at == store}


def _offer(s: State, key: DeliveryId, delivery: Delivery) -> OfferMade:
    far_m = distance_m(delivery.pickup, delivery.dropoff)
    fee = courier_fee(s.settings.current, far_m)
    return OfferMade(key, delivery, s.stores[delivery.store].name, fee, far_m)


def _next_stop(s: State, stop: Stop, delivery: Delivery) -> NextStop:
    place = place_of(stop.kind, delivery, s.stores)
    order, name = s.orders[delivery.order], s.stores[delivery.store].name
    ready_at = max(order.ready_at, delivery.pickup_from_at)
    if delivery.change:
        return NextStop(stop, order, place, name, Millis(0), at_door=delivery.attempt == 1)
    is_dropoff = stop.kind is StopKind.DROPOFF
    age_check = is_dropoff and bool(age_checked_goods(s.products, order.lines))
    return NextStop(stop, order, place, name, ready_at, age_check=age_check)
