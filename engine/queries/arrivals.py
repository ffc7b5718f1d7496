"""When a courier will be where: his route walked in thought, from where he was last seen."""

from msgspec import Struct

from engine.rules.stops import place_of
from engine.state import State
from engine.state.deliveries import ACCEPTED, ON_BOARD, Delivery, DeliveryStatus
from engine.values import CourierId, DeliveryId, Millis, Stop, StopKind
from geo.points import Point

TOLD = (*ACCEPTED, *ON_BOARD)
PICKUP, DROPOFF = StopKind.PICKUP, StopKind.DROPOFF  # an enum is slow to ask for a member
THERE = {PICKUP: DeliveryStatus.ARRIVED_AT_PICKUP, DROPOFF: DeliveryStatus.ARRIVED_AT_DROPOFF}
NEVER = Millis(0)


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
    route = s.deliveries.routes.get(courier)
    if route is None:
        return []
    known, found = s.deliveries.deliveries, list[tuple[Stop, Delivery]]()
    for stop in route.stops:
        delivery = known[stop.delivery]
        if delivery.status in TOLD:
            found.append((stop, delivery))
    return found


def is_there(stop: Stop, delivery: Delivery) -> bool:
    """He has said so himself."""
    if stop.kind is StopKind.RETURN:
        return delivery.at_store
    return delivery.status is THERE[stop.kind]


def legs(s: State, courier: CourierId) -> list[Leg]:
    """Goods are waited for until they are ready, a customer until his window opens."""
    speed = s.settings.current.travel.speed_mm_s(s.couriers[courier].vehicle)
    return _walked(s, speed, told_stops(s, courier))


def arrivals(s: State, courier: CourierId, now: Millis) -> list[Arrival]:
    """Of every stop he has to make, in order; none if nobody knows where he is."""
    told = told_stops(s, courier)
    if not told:
        return []
    who, travel = s.couriers[courier], s.settings.current.travel
    place = s.positions.get(who.number)
    if place is None:
        return []
    speed = travel.speed_mm_s(who.vehicle)
    walked = _walked(s, speed, told)
    way_ms = 0 if is_there(*told[0]) else travel.travel_ms(place, walked[0].place, speed)
    found, set_off_at = list[Arrival](), now + way_ms
    for x in walked:
        eta_at = max(set_off_at + x.after_ms, x.not_before)
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


def _walked(s: State, speed: int, told: list[tuple[Stop, Delivery]]) -> list[Leg]:
    settings, found = s.settings.current, list[Leg]()
    travel, handling_ms = settings.travel, settings.handling_ms
    after_ms, not_before, before = 0, 0, None
    for stop, delivery in told:
        order, kind = s.orders[delivery.order], stop.kind
        place = place_of(kind, delivery, s.stores)
        way_ms = 0 if before is None else travel.travel_ms(before, place, speed)
        after_ms, not_before, before = after_ms + way_ms, not_before + way_ms, place
        due_at, waits = NEVER, 0
        if kind is DROPOFF:
            due_at, waits = order.placed.promised_at, order.placed.window_from_at
        elif kind is PICKUP and not delivery.change:
            waits = max(order.ready_at, delivery.pickup_from_at)
        found.append(Leg(stop, place, after_ms, not_before, due_at))
        after_ms += handling_ms
        not_before = max(not_before, waits) + handling_ms
    return found
