"""What is asked about, if it is there and theirs to know."""

from engine.state import State
from engine.values import CourierId, OrderId, StoreId
from gateway.codes import unknown
from gateway.tokens import Identity
from gateway.translation.table import fleet_of


def store_named(s: State, key: str) -> StoreId:
    """Raises Refusal("unknown")."""
    if s.stores.get(StoreId(key)) is None:
        raise unknown("store", key)
    return StoreId(key)


def store_asked(body: object, who: Identity, s: State) -> StoreId:
    """One's own, or the one an operator names. Raises Refusal("unknown")."""
    key: str = getattr(body, "store", who.subject)
    return store_named(s, key) if who.role == "operator" else StoreId(key)


def order_asked(key: str, who: Identity, s: State) -> OrderId:
    """Raises Refusal("unknown"), also for what another service placed."""
    order = s.orders.get(OrderId(key))
    if order is None or (who.role == "order_service" and order.placed.service != who.subject):
        raise unknown("order", key)
    return OrderId(key)


def courier_asked(key: str, who: Identity, s: State) -> CourierId:
    """Raises Refusal("unknown"), also for another fleet's, or, to a courier, for somebody else."""
    courier = CourierId(key)
    is_other = who.role == "courier" and key != who.subject
    if is_other or s.couriers.known_to(fleet_of(who), courier) is None:
        raise unknown("courier", key)
    return courier
