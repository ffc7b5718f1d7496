"""When a courier will be where: his route walked in thought, from where he was last seen."""

from msgspec import Struct

from engine.queries.for_couriers import place_of
from engine.state import State
from engine.state.deliveries import ACCEPTED, ON_BOARD, Delivery, DeliveryStatus
from engine.values import CourierId, DeliveryId, Millis, Stop, StopKind
from geo.points import Point

THERE = {
    StopKind.PICKUP: DeliveryStatus.ARRIVED_AT_PICKUP,
    StopKind.DROPOFF: DeliveryStatus.ARRIVED_AT_DROPOFF,
}


class Arrival(Struct, frozen=True):
    """At one stop, as far as anybody knows; `late_ms` below 0 is early, None if nothing is due."""

    stop: Stop
    place: Point
    eta_at: Millis
    late_ms: int | None = None


class Leg(Struct, frozen=True):
    """From the first stop of a route to one of its stops: reached `after_ms` after the first is,
    but not before `not_before`, as something on the way has to be waited for."""

    stop: Stop
    place: Point
    after_ms: int
    not_before: int
    due_at: Millis  # 0: never


def told_stops(s: State, courier: CourierId) -> list[tuple[Stop, Delivery]]:
    """What he has accepted and carries, in the order of his route."""
    deliveries = s.deliveries.deliveries
    pairs = [(x, deliveries[x.delivery]) for x in s.deliveries.route(courier).stops]
    return [(x, d) for x, d in pairs if d.status in ACCEPTED or d.status in ON_BOARD]


def is_there(stop: Stop, delivery: Delivery) -> bool:
    """He has said so himself."""
    if stop.kind is StopKind.RETURN:
        return delivery.at_store
    return delivery.status is THERE[stop.kind]


def legs(s: State, courier: CourierId) -> list[Leg]:
    """Goods are waited for until they are ready, a customer until his window opens."""
    settings, found = s.settings.current, list[Leg]()
    travel, vehicle = settings.travel, s.couriers[courier].vehicle
    speed, after_ms, not_before = travel.speed_mm_s(vehicle), 0, 0
    before: Point | None = None
    for stop, delivery in told_stops(s, courier):
        order, place = s.orders[delivery.order], place_of(s, stop, delivery)
        way_ms = 0 if before is None else travel.travel_ms(before, place, speed)
        after_ms, not_before, before = after_ms + way_ms, not_before + way_ms, place
        due_at = order.placed.promised_at if stop.kind is StopKind.DROPOFF else Millis(0)
        found.append(Leg(stop, place, after_ms, not_before, due_at))
        waits = _waits_until(s, stop, delivery)
        after_ms += settings.handling_ms
        not_before = max(not_before, waits) + settings.handling_ms
    return found


def arrivals(s: State, courier: CourierId, now: Millis) -> list[Arrival]:
    """Of every stop he has to make, in order; none if nobody knows where he is."""
    place = s.positions.get(s.couriers[courier].number)
    walked = legs(s, courier)
    if place is None or not walked:
        return []
    travel = s.settings.current.travel
    first, delivery = told_stops(s, courier)[0]
    speed = travel.speed_mm_s(s.couriers[courier].vehicle)
    way_ms = 0 if is_there(first, delivery) else travel.travel_ms(place, walked[0].place, speed)
    found = []
    for x in walked:
        eta_at = max(now + way_ms + x.after_ms, x.not_before)
        late_ms = eta_at - x.due_at if x.due_at else None
        found.append(Arrival(x.stop, x.place, Millis(eta_at), late_ms))
    return found


def eta_of(s: State, key: DeliveryId, now: Millis) -> Millis | None:
    """At the last stop of a delivery that somebody has accepted."""
    delivery = s.deliveries[key]
    if delivery.courier is None:
        return None
    last = Stop(delivery.last_stop, key)
    return next((x.eta_at for x in arrivals(s, delivery.courier, now) if x.stop == last), None)


def _waits_until(s: State, stop: Stop, delivery: Delivery) -> int:
    order = s.orders[delivery.order]
    if stop.kind is StopKind.PICKUP and not delivery.change:
        return max(order.ready_at, delivery.pickup_from_at)
    return order.placed.window_from_at if stop.kind is StopKind.DROPOFF else 0
