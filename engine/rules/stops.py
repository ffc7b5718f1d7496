"""Where stops are."""

from engine.state.deliveries import Delivery
from engine.state.stores import Stores
from engine.values import StopKind
from geo.points import Point


def place_of(kind: StopKind, delivery: Delivery, stores: Stores) -> Point:
    """Goods that were stranded are picked up where they are."""
    match kind:
        case StopKind.PICKUP:
            return delivery.pickup
        case StopKind.DROPOFF:
            return delivery.dropoff
        case StopKind.RETURN:
            return stores[delivery.store].location
