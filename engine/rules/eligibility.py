"""Whether a courier may be given a route: what every plan is checked against on its way in."""

from collections.abc import Mapping

from engine.rejections import RejectionReason
from engine.state.couriers import Courier
from engine.state.deliveries import ACCEPTED, ON_BOARD, Delivery, DeliveryStatus, Route
from engine.values import CourierId, DeliveryId, Stop, StopKind


def objection(
    courier: CourierId,
    worker: Courier,
    route: Route,
    stops: list[Stop],
    deliveries: Mapping[DeliveryId, Delivery],
) -> RejectionReason | None:
    """Why these stops cannot be this courier's route now; None if they can.

    Pinned: the stop a courier is heading for, everything on board, and every delivery that
    was offered to or accepted by this courier stays; nothing is taken from anybody else.
    """
    if route.under_way and (not stops or stops[0] != route.stops[0]):
        return RejectionReason.PINNED
    load = sum(deliveries[s.delivery].load for s in route.stops if _drops(s, deliveries))
    seen: dict[DeliveryId, bool] = {}  # delivery -> it has been dropped
    for stop in stops:
        delivery = deliveries.get(stop.delivery)
        if delivery is None:
            return RejectionReason.UNKNOWN
        if stop.kind is StopKind.PICKUP:
            reason = _pickup_objection(courier, worker, delivery, stop.delivery in seen)
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


def _drops(stop: Stop, deliveries: Mapping[DeliveryId, Delivery]) -> bool:
    """Whether this is the last stop of something that is on board."""
    return stop.kind is not StopKind.PICKUP and deliveries[stop.delivery].status in ON_BOARD


def _pickup_objection(
    courier: CourierId, worker: Courier, delivery: Delivery, again: bool
) -> RejectionReason | None:
    if again:
        return RejectionReason.WRONG_STOP
    if delivery.status is DeliveryStatus.CREATED:
        return None if worker.on_shift else RejectionReason.OFF_SHIFT
    if delivery.status in (DeliveryStatus.OFFERED, *ACCEPTED):
        return None if delivery.courier == courier else RejectionReason.STALE
    return RejectionReason.STALE


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
        told = deliveries[stop.delivery].status is not DeliveryStatus.CREATED
        if told and stop.delivery not in seen:
            return RejectionReason.PINNED
    return None
