"""Whether a courier may be given a route: what every plan is checked against on its way in."""

from collections.abc import Mapping

from engine.rejections import RejectionReason
from engine.rules.skills import lacking
from engine.state.couriers import Courier
from engine.state.deliveries import ACCEPTED, ON_BOARD, Delivery, DeliveryStatus, Route
from engine.values import CourierId, DeliveryId, Stop, StopKind

PICKUP, CREATED = StopKind.PICKUP, DeliveryStatus.CREATED  # asked for at every stop of a plan
TOLD = (DeliveryStatus.OFFERED, *ACCEPTED)


def objection(
    courier: CourierId,
    worker: Courier,
    route: Route,
    stops: list[Stop],
    deliveries: Mapping[DeliveryId, Delivery],
    now: int,
) -> RejectionReason | None:
    """Why these stops cannot be this courier's route now; None if they can.

    Pinned: the stop a courier is heading for, everything on board, and every delivery that
    was offered to or accepted by this courier stays; nothing is taken from anybody else.
    Whoever has worked until the end of the shift is given nothing new.
    """
    if route.under_way and (not stops or stops[0] != route.stops[0]):
        return RejectionReason.PINNED
    load = load_on_board(route.stops, deliveries)
    seen: dict[DeliveryId, bool] = {}  # delivery -> it has been dropped
    for stop in stops:
        delivery = deliveries.get(stop.delivery)
        if delivery is None:
            return RejectionReason.UNKNOWN
        if stop.kind is PICKUP:
            reason = _pickup_objection(courier, worker, delivery, stop.delivery in seen, now)
            seen[stop.delivery] = False
            load += delivery.load
        else:
            reason = _drop_objection(courier, stop, delivery, seen)
            seen[stop.delivery] = True
            load -= delivery.load
        if reason is not None:
            return reason
        if load > worker.capacity:
            return RejectionReason.OVER_CAPACITY
    if not all(seen.values()):
        return RejectionReason.WRONG_STOP
    return _missing(route, deliveries, seen)


def release_objection(
    worker: Courier,
    release: list[DeliveryId],
    deliveries: Mapping[DeliveryId, Delivery],
    now: int,
) -> RejectionReason | None:
    """Why these may not be offered now; during a break plans may be made, but not told."""
    if not worker.is_on_break(now):
        return None
    told_of = (deliveries.get(x) for x in release)
    is_news = any(x is not None and x.status is CREATED for x in told_of)
    return RejectionReason.OFF_SHIFT if is_news else None


def load_on_board(stops: list[Stop], deliveries: Mapping[DeliveryId, Delivery]) -> int:
    """Of a courier with this route: everything on board has a last stop there."""
    load = 0
    for stop in stops:
        if stop.kind is not PICKUP:
            delivery = deliveries[stop.delivery]
            if delivery.status in ON_BOARD:
                load += delivery.load
    return load


def fits(capacity: int, stops: list[Stop], deliveries: Mapping[DeliveryId, Delivery]) -> bool:
    """Whether a courier can make these stops in this order without carrying too much."""
    load = load_on_board(stops, deliveries)
    for stop in stops:
        pieces = deliveries[stop.delivery].load
        load += pieces if stop.kind is PICKUP else -pieces
        if load > capacity:
            return False
    return True


def return_position(
    capacity: int, stops: list[Stop], key: DeliveryId, deliveries: Mapping[DeliveryId, Delivery]
) -> int:
    """Where on the route what failed at its door goes back: as late as the load allows.

    In place of the drop-off there is always room, as there was room for it until then.
    """
    door = stops.index(Stop(StopKind.DROPOFF, key))
    others = [*stops[:door], *stops[door + 1 :]]
    back = Stop(StopKind.RETURN, key)
    for position in range(len(others), door, -1):
        if fits(capacity, [*others[:position], back, *others[position:]], deliveries):
            return position
    return door


def _pickup_objection(
    courier: CourierId, worker: Courier, delivery: Delivery, again: bool, now: int
) -> RejectionReason | None:
    if again:
        return RejectionReason.WRONG_STOP
    if delivery.skills and lacking(delivery.skills, worker.skills):
        return RejectionReason.SKILL_MISSING
    if delivery.status is CREATED:
        is_new = delivery.courier != courier
        working = worker.on_shift and not (is_new and now >= worker.ends_at)
        return None if working else RejectionReason.OFF_SHIFT
    its_own = delivery.status in TOLD and delivery.courier == courier
    return None if its_own else RejectionReason.STALE


def _drop_objection(
    courier: CourierId, stop: Stop, delivery: Delivery, seen: Mapping[DeliveryId, bool]
) -> RejectionReason | None:
    if stop.kind is not delivery.last_stop:
        return RejectionReason.STALE
    if stop.delivery in seen:
        return RejectionReason.WRONG_STOP if seen[stop.delivery] else None
    carried = delivery.status in ON_BOARD and delivery.courier == courier
    return None if carried else RejectionReason.STALE


def _missing(
    route: Route, deliveries: Mapping[DeliveryId, Delivery], seen: Mapping[DeliveryId, bool]
) -> RejectionReason | None:
    """Only what nobody was told about may leave a route."""
    for stop in route.stops:
        if stop.delivery not in seen and deliveries[stop.delivery].status is not CREATED:
            return RejectionReason.PINNED
    return None
