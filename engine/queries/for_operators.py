"""The live picture of a city: what each courier is at, and what is under way."""

from engine.rules.stops import place_of
from engine.state import State
from engine.state.deliveries import ON_BOARD, DeliveryStatus
from engine.values import CourierId, Stop
from geo.points import Point

OFF_SHIFT, IDLE, TO_PICKUP, DELIVERING = "off_shift", "idle", "to_pickup", "delivering"


def courier_status(s: State, courier: CourierId) -> str:
    """By what is on board, else by what was accepted, else by the shift."""
    status = IDLE if s.couriers[courier].on_shift else OFF_SHIFT
    for stop in s.deliveries.route(courier).stops:
        delivery = s.deliveries[stop.delivery].status
        if delivery in ON_BOARD:
            return DELIVERING
        if delivery not in (DeliveryStatus.CREATED, DeliveryStatus.OFFERED):
            status = TO_PICKUP
    return status


def stops_with_places(s: State, courier: CourierId) -> list[tuple[Stop, Point]]:
    """The whole route, merely planned stops included."""
    deliveries = s.deliveries
    return [
        (stop, place_of(stop.kind, deliveries[stop.delivery], s.stores))
        for stop in deliveries.route(courier).stops
    ]
