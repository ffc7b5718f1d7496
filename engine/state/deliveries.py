"""Deliveries and routes: the one place that relates a courier to an order.

A *delivery* carries one order from a store to a customer. A *stop* is a place on a *route*:
one pickup and one drop-off (or return) per delivery. A delivery that is CREATED may be on a
route already: that is the plan, nobody was told, and the next plan may put it elsewhere. What
has ended long ago lies in the archive, and is told of as if it did not.
"""

from enum import StrEnum

from msgspec import Struct, field, msgpack

from engine.archive import Archive
from engine.changes import Changes
from engine.counts import count
from engine.deadlines import Deadlines
from engine.events import (
    CourierArrived,
    DeliveriesArchived,
    DeliveryCancelled,
    DeliveryCompleted,
    DeliveryCreated,
    DeliveryFailed,
    DeliveryOffered,
    DeliveryPickedUp,
    DeliveryRecalled,
    DeliveryReturned,
    DeliveryStranded,
    DeliveryUnassigned,
    LegStarted,
    OfferAccepted,
    RoutePlanned,
    SearchProlonged,
)
from engine.values import (
    ChangeId,
    CourierId,
    DeliveryId,
    Millis,
    OrderId,
    Skill,
    Stop,
    StopKind,
    StoreId,
)
from geo.points import Point


class DeliveryStatus(StrEnum):
    CREATED = "created"
    OFFERED = "offered"
    ASSIGNED = "assigned"
    ARRIVED_AT_PICKUP = "arrived_at_pickup"
    PICKED_UP = "picked_up"
    ARRIVED_AT_DROPOFF = "arrived_at_dropoff"
    DELIVERED = "delivered"
    RETURNING = "returning"
    RETURNED = "returned"
    CANCELLED = "cancelled"


S = DeliveryStatus
ENDED = (S.DELIVERED, S.RETURNED, S.CANCELLED)
BEFORE_PICKUP = (S.CREATED, S.OFFERED, S.ASSIGNED, S.ARRIVED_AT_PICKUP)
ACCEPTED = (S.ASSIGNED, S.ARRIVED_AT_PICKUP)
AT_DOOR = (S.PICKED_UP, S.ARRIVED_AT_DROPOFF)  # or on the way there: both may hand over
ON_BOARD = (*AT_DOOR, S.RETURNING)
REFUSALS = ("declined", "given_back", "lapsed")  # by the courier, who is not asked again at once

TRANSITIONS: dict[DeliveryStatus, tuple[DeliveryStatus, ...]] = {
    S.CREATED: (S.OFFERED, S.CANCELLED),
    S.OFFERED: (S.ASSIGNED, S.CREATED, S.CANCELLED),
    S.ASSIGNED: (S.ARRIVED_AT_PICKUP, S.PICKED_UP, S.RETURNING, S.CREATED, S.CANCELLED),
    S.ARRIVED_AT_PICKUP: (S.PICKED_UP, S.RETURNING, S.CREATED, S.CANCELLED),
    S.PICKED_UP: (S.ARRIVED_AT_DROPOFF, S.DELIVERED, S.RETURNING, S.CREATED, S.CANCELLED),
    S.ARRIVED_AT_DROPOFF: (S.DELIVERED, S.RETURNING, S.CREATED, S.CANCELLED),
    S.DELIVERED: (),
    S.RETURNING: (S.RETURNED, S.CREATED, S.CANCELLED),
    S.RETURNED: (),
    S.CANCELLED: (),
}


def _without(never: DeliveryStatus) -> dict[DeliveryStatus, tuple[DeliveryStatus, ...]]:
    """TRANSITIONS without what a pickup never leads to."""
    return {
        status: tuple(x for x in following if status not in ACCEPTED or x is not never)
        for status, following in TRANSITIONS.items()
    }


OUTWARD, HOMEWARD = _without(S.RETURNING), _without(S.PICKED_UP)


class Delivery(Struct, array_like=True):
    order: OrderId
    attempt: int
    store: StoreId
    pickup: Point  # the store, or where the goods were stranded
    dropoff: Point
    load: int
    status: DeliveryStatus = S.CREATED
    courier: CourierId | None = None  # planned for, offered to, or carried by
    offers: int = 0
    refused_by: list[CourierId] = []
    is_return: bool = False  # the goods are on their way back to the store
    failure: str = ""  # why they are
    at_store: bool = False  # and the courier stands there with them
    pickup_from_at: Millis = Millis(0)  # sooner, and it would be at the door too soon
    change: ChangeId = ChangeId("")  # it fetches goods at the door, for the store
    due_at: Millis = Millis(0)  # 0: when the order was promised
    offer_until: Millis = Millis(0)  # when the last offer lapses, or would have
    skills: list[Skill] = []  # that whoever carries it has to have
    search_until: Millis = Millis(0)  # no courier by then: it is given up; 0: never
    offered_at: Millis = Millis(0)  # the last time; 0: never

    @property
    def last_stop(self) -> StopKind:
        return StopKind.RETURN if self.is_return else StopKind.DROPOFF

    @property
    def next_statuses(self) -> tuple[DeliveryStatus, ...]:
        """TRANSITIONS, and whoever picks up a return is returning it."""
        return (HOMEWARD if self.is_return else OUTWARD)[self.status]


_THAW = msgpack.Decoder(Delivery).decode


class Route(Struct, array_like=True):
    stops: list[Stop] = []
    version: int = 0  # up by one at every change; a plan made for an older one is stale
    under_way: bool = False  # the courier is heading for the first stop: it is pinned
    left: Point | None = None  # where he set off, if that is known, and when
    left_at: Millis = Millis(0)
    step_at: Millis = Millis(0)  # when he last did something at a stop, as far as it is believed


class Deliveries(Struct, dict=True):
    """Invariant: a delivery has a courier exactly when its open stops are on that route."""

    deliveries: dict[DeliveryId, Delivery] = {}  # all but the archived
    archive: Archive[DeliveryId] = field(default_factory=Archive)
    of_order: dict[OrderId, DeliveryId] = {}  # the last to the door; what fetches a return is none
    routes: dict[CourierId, Route] = {}

    def __post_init__(self) -> None:
        self.now = Millis(0)  # of the turn that is decided or repeated: the engine says it
        # Derived indexes, hence not fields: snapshots neither write nor read them.
        open_ = {k: x for k, x in self.deliveries.items() if x.status not in ENDED}
        self.open: dict[DeliveryId, Delivery] = open_
        self.open_with: dict[tuple[Skill, ...], int] = {}  # how many ask for these
        for delivery in open_.values():
            self._count_skills(delivery, 1)
        self._waiting: dict[DeliveryId, Delivery] = self._created()
        self._is_in_order = True  # the oldest first
        told = ((k, x.offer_until) for k, x in open_.items() if x.status is S.OFFERED)
        self.offers = Deadlines[DeliveryId](told)  # that are not answered
        sought = ((k, x.search_until) for k, x in self._waiting.items())
        self.searches = Deadlines[DeliveryId](sought)  # for whoever carries it from its store
        self.changes = Changes[DeliveryId]()  # of everything but the courier
        self.route_changes = Changes[CourierId]()

    # queries

    def __getitem__(self, delivery: DeliveryId) -> Delivery:
        try:
            return self.deliveries[delivery]
        except KeyError:
            if (found := self.get(delivery)) is None:
                raise
            return found

    def get(self, delivery: DeliveryId) -> Delivery | None:
        found = self.deliveries.get(delivery)
        if found is None and (frozen := self.archive.get(delivery)) is not None:
            return _THAW(frozen)
        return found

    @property
    def are_waiting(self) -> bool:
        """Whether anything is CREATED."""
        return bool(self._waiting)

    @property
    def waiting(self) -> dict[DeliveryId, Delivery]:
        """What is CREATED, the oldest first: whoever iterates does the same after a restart."""
        if not self._is_in_order:
            self._waiting, self._is_in_order = self._created(), True
        return self._waiting

    def route(self, courier: CourierId) -> Route:
        return self.routes.get(courier) or Route()

    # events

    def delivery_created(self, e: DeliveryCreated) -> None:
        assert self.get(e.delivery) is None
        delivery = Delivery(e.order, e.attempt, e.store, e.pickup, e.dropoff, e.load)
        delivery.pickup_from_at = e.pickup_from_at
        delivery.change, delivery.due_at, delivery.is_return = e.change, e.due_at, bool(e.change)
        delivery.skills, delivery.search_until = e.skills, e.search_until
        self._count_skills(delivery, 1)
        self.deliveries[e.delivery] = self.open[e.delivery] = delivery
        self.changes.trim()
        self.route_changes.trim()
        self._waiting[e.delivery] = delivery
        self._seek(e.delivery, delivery)
        if not e.change:
            self.of_order[e.order] = e.delivery
        self.changes.note(e.delivery)

    def search_prolonged(self, e: SearchProlonged) -> None:
        delivery = self.deliveries[e.delivery]
        delivery.search_until = e.until
        if delivery.status is S.CREATED:
            self._seek(e.delivery, delivery)

    def route_planned(self, e: RoutePlanned) -> None:
        route = self._changing(e.courier)
        deliveries = self.deliveries
        for stop in route.stops:
            delivery = deliveries[stop.delivery]
            if delivery.courier == e.courier and delivery.status is S.CREATED:
                delivery.courier = None  # unless the new stops name it again
        for stop in e.stops:
            deliveries[stop.delivery].courier = e.courier
        route.stops = list(e.stops)  # ours to change; the event is for ever

    def delivery_offered(self, e: DeliveryOffered) -> None:
        delivery = self._move(e.delivery, S.OFFERED)
        assert delivery.courier == e.courier
        delivery.offers, delivery.offer_until = e.offer, e.expires_at
        delivery.offered_at = self.now
        self.offers.note(e.delivery, e.expires_at)
        del self._waiting[e.delivery]

    def offer_accepted(self, e: OfferAccepted) -> None:
        delivery = self._move(e.delivery, S.ASSIGNED)
        assert delivery.courier == e.courier

    def delivery_unassigned(self, e: DeliveryUnassigned) -> None:
        delivery = self.deliveries[e.delivery]
        assert delivery.status in BEFORE_PICKUP
        assert delivery.courier == e.courier
        self._requeue(e.delivery, e.courier)
        self._seek(e.delivery, delivery)
        if e.reason in REFUSALS and e.courier not in delivery.refused_by:
            delivery.refused_by = [*delivery.refused_by, e.courier]

    def leg_started(self, e: LegStarted) -> None:
        route = self.routes[e.courier]
        assert route.stops
        assert not route.under_way
        route.under_way, route.left, route.left_at = True, e.place, e.at
        self.route_changes.note(e.courier)

    def courier_arrived(self, e: CourierArrived) -> None:
        self._note_step(e.courier, e.occurred_at)
        if e.stop is StopKind.PICKUP:
            self._move(e.delivery, S.ARRIVED_AT_PICKUP)
        elif e.stop is StopKind.DROPOFF:
            self._move(e.delivery, S.ARRIVED_AT_DROPOFF)
        else:  # at the store again: whether it is back, the store says
            delivery = self.deliveries[e.delivery]
            assert delivery.status is S.RETURNING
            delivery.at_store = True

    def delivery_picked_up(self, e: DeliveryPickedUp) -> None:
        self._note_step(e.courier, e.occurred_at)
        is_return = self.deliveries[e.delivery].is_return
        self._move(e.delivery, S.RETURNING if is_return else S.PICKED_UP)
        self._done(e.courier, Stop(StopKind.PICKUP, e.delivery))

    def delivery_completed(self, e: DeliveryCompleted) -> None:
        self._note_step(e.courier, e.occurred_at)
        self._close(e.delivery, S.DELIVERED)
        self._done(e.courier, Stop(StopKind.DROPOFF, e.delivery))

    def delivery_failed(self, e: DeliveryFailed) -> None:
        assert self.deliveries[e.delivery].status in AT_DOOR
        if not e.recalled:
            self._note_step(e.courier, e.occurred_at)
        delivery = self._move(e.delivery, S.RETURNING)
        delivery.is_return, delivery.failure = True, e.reason
        self._done(e.courier, Stop(StopKind.DROPOFF, e.delivery))
        stops = self.routes[e.courier].stops
        position = len(stops) if e.return_at < 0 else e.return_at
        stops.insert(position, Stop(StopKind.RETURN, e.delivery))

    def delivery_stranded(self, e: DeliveryStranded) -> None:
        delivery = self.deliveries[e.delivery]
        assert delivery.status in ON_BOARD
        self._requeue(e.delivery, e.courier)
        delivery.pickup, delivery.attempt, delivery.at_store = e.pickup, e.attempt, False
        delivery.search_until = Millis(0)  # the goods are out: somebody has to see to them

    def delivery_recalled(self, e: DeliveryRecalled) -> None:
        delivery = self.deliveries[e.delivery]
        assert delivery.status is S.CREATED
        assert delivery.courier is None
        delivery.is_return, delivery.failure = True, e.reason
        self.changes.note(e.delivery)

    def delivery_returned(self, e: DeliveryReturned) -> None:
        self._close(e.delivery, S.RETURNED)
        self._done(e.courier, Stop(StopKind.RETURN, e.delivery))

    def delivery_cancelled(self, e: DeliveryCancelled) -> None:
        delivery = self._close(e.delivery, S.CANCELLED)
        self._waiting.pop(e.delivery, None)
        if delivery.courier is not None:
            if e.missed_at:
                self._note_step(delivery.courier, e.missed_at)
            self._take_off(delivery.courier, e.delivery)
        delivery.courier = None
        if e.moved:
            del self.of_order[delivery.order]

    def deliveries_archived(self, e: DeliveriesArchived) -> None:
        ended = {key: self.deliveries.pop(key) for key in e.deliveries}
        assert all(x.status in ENDED for x in ended.values())
        self.archive.put(ended)

    # internals

    def _move(self, key: DeliveryId, status: DeliveryStatus) -> Delivery:
        """The only line in the project that changes a delivery's status."""
        delivery = self.deliveries[key]
        assert status in delivery.next_statuses, f"{key}: {delivery.status} to {status}"
        if delivery.status is S.OFFERED:
            self.offers.forget(key)
        elif delivery.status is S.CREATED:
            self.searches.forget(key)
        delivery.status = status
        self.changes.note(key)
        return delivery

    def _note_step(self, courier: CourierId, occurred_at: Millis) -> None:
        """What is said without a time happens as it is heard. Earlier versions believed times
        before such a step; what they decided stands."""
        route = self.routes[courier]
        route.step_at = max(route.step_at, occurred_at or self.now)

    def _close(self, key: DeliveryId, status: DeliveryStatus) -> Delivery:
        delivery = self._move(key, status)
        del self.open[key]
        self._count_skills(delivery, -1)
        return delivery

    def _count_skills(self, delivery: Delivery, change: int) -> None:
        if delivery.skills:
            count(self.open_with, tuple(delivery.skills), change)

    def _requeue(self, key: DeliveryId, courier: CourierId) -> None:
        self._take_off(courier, key)
        delivery = self._waiting[key] = self._move(key, S.CREATED)
        delivery.courier, self._is_in_order = None, False

    def _seek(self, key: DeliveryId, delivery: Delivery) -> None:
        if delivery.search_until:
            self.searches.note(key, delivery.search_until)

    def _created(self) -> dict[DeliveryId, Delivery]:
        return {key: x for key, x in self.open.items() if x.status is S.CREATED}

    def _done(self, courier: CourierId, stop: Stop) -> None:
        route = self._changing(courier)
        if route.stops[0] == stop:
            route.under_way = False
        route.stops.remove(stop)

    def _take_off(self, courier: CourierId, delivery: DeliveryId) -> None:
        route = self._changing(courier)
        if route.stops[0].delivery == delivery:
            route.under_way = False
        route.stops = [stop for stop in route.stops if stop.delivery != delivery]

    def _changing(self, courier: CourierId) -> Route:
        route = self.routes.get(courier)
        if route is None:
            route = self.routes[courier] = Route()
        route.version += 1
        self.route_changes.note(courier)
        return route
