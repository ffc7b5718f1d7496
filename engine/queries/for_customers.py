"""What the one who ordered may see: how far it has come, and who is coming, roughly."""

from msgspec import Struct

from engine.queries.arrivals import eta_of
from engine.queries.statuses import ENROUTE_TO_DROPOFF, delivery_status
from engine.state import State
from engine.state.deliveries import DeliveryStatus
from engine.state.orders import Order
from engine.values import Millis, OrderId
from geo.points import Point

COARSE_E7 = 10_000  # about a hundred meters
COMING = (ENROUTE_TO_DROPOFF, DeliveryStatus.ARRIVED_AT_DROPOFF)


class Tracked(Struct, frozen=True):
    key: OrderId
    order: Order
    delivery_status: str
    attempt: int
    store_name: str
    courier: Point | None = None  # rounded, and only on the last leg to this customer
    courier_seen_at: Millis = Millis(0)
    eta_at: Millis | None = None

    @property
    def is_code_shown(self) -> bool:
        """Only while it opens something."""
        return self.order.waits_for_customer


def track(s: State, key: OrderId, now: Millis) -> Tracked | None:
    """None if there is no such order, or its link has died: some time after its end."""
    order = s.orders.get(key)
    if order is None or (order.ended_at and now > order.ended_at + s.settings.current.link_life_ms):
        return None
    status = delivery_status(s, key, order)
    delivery_key = s.deliveries.of_order.get(key)
    delivery = s.deliveries[delivery_key] if delivery_key is not None else None
    attempt = delivery.attempt if delivery else 1
    name = s.stores[order.placed.store].name
    coming = delivery_key is not None and delivery is not None and not delivery.is_return
    eta_at = eta_of(s, delivery_key, now) if coming and delivery_key is not None else None
    seen = Tracked(key, order, status, attempt, name, eta_at=eta_at)
    if delivery is None or delivery.courier is None or status not in COMING:
        return seen
    number = s.couriers[delivery.courier].number
    place = s.positions.get(number)
    if place is None:
        return seen
    seen_at = Millis(int(s.positions.measured_at[number]))
    return Tracked(key, order, status, attempt, name, _coarse(place), seen_at, eta_at)


def who_comes(s: State, key: OrderId) -> int:
    """The number of the courier it is planned for, offered to or carried by; -1: nobody."""
    delivery_key = s.deliveries.of_order.get(key)
    delivery = None if delivery_key is None else s.deliveries.get(delivery_key)
    if delivery is None or delivery.courier is None:
        return -1
    return s.couriers[delivery.courier].number


def has_ended(s: State, key: OrderId) -> bool:
    order = s.orders.get(key)
    return order is None or bool(order.ended_at)


def _coarse(p: Point) -> Point:
    return Point(
        (p.lat_e7 + COARSE_E7 // 2) // COARSE_E7 * COARSE_E7,
        (p.lon_e7 + COARSE_E7 // 2) // COARSE_E7 * COARSE_E7,
    )
