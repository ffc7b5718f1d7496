"""Facts about deliveries and routes: who carries what, and how far it has come."""

from engine.events.event import Event
from engine.rejections import RejectionReason
from engine.values import (
    ChangeId,
    CourierId,
    DeliveryId,
    Millis,
    OrderId,
    Proof,
    Skill,
    Stop,
    StopKind,
    StoreId,
)
from geo.points import Point


class DeliveryCreated(Event, frozen=True):
    delivery: DeliveryId
    order: OrderId
    attempt: int
    store: StoreId
    pickup: Point
    dropoff: Point
    load: int
    pickup_from_at: Millis = Millis(0)  # sooner, and it would be at the door too soon
    change: ChangeId = ChangeId("")  # it fetches goods at the door, for the store
    due_at: Millis = Millis(0)  # 0: when the order was promised
    skills: list[Skill] = []  # only who has all of them may carry it
    search_until: Millis = Millis(0)  # no courier by then: it is given up; 0: never


class SearchProlonged(Event, frozen=True):
    """Its goods are ready later than was said: a courier for them is looked for longer."""

    delivery: DeliveryId
    until: Millis


class RoutePlanned(Event, frozen=True):
    """The stops a courier has still to make. Deliveries not yet offered may still move."""

    courier: CourierId
    stops: list[Stop]


class RouteSkipped(Event, frozen=True):
    """The world moved on while the solver was working. Changes no state."""

    courier: CourierId
    reason: RejectionReason


class DeliveryOffered(Event, frozen=True):
    delivery: DeliveryId
    courier: CourierId
    offer: int
    expires_at: Millis
    reason: str = ""  # why an operator overruled the planner; empty if none did


class OfferAccepted(Event, frozen=True):
    """From here on the courier is bound to it."""

    delivery: DeliveryId
    courier: CourierId


class DeliveryUnassigned(Event, frozen=True):
    """Back in the queue: the courier did not want it, did not answer, or left."""

    delivery: DeliveryId
    courier: CourierId
    reason: str  # REFUSALS, off_shift, on_break, broken_down or recalled
    note: str = ""  # the courier's own words


class LegStarted(Event, frozen=True):
    """The courier is on the way to the first stop of the route; it is pinned. `place`: where he
    set off, at `at`, if a stop was just done there."""

    courier: CourierId
    place: Point | None = None
    at: Millis = Millis(0)


class CourierArrived(Event, frozen=True):
    delivery: DeliveryId
    courier: CourierId
    stop: StopKind
    occurred_at: Millis = Millis(0)  # if the courier's phone said it; 0: when it was heard


class DeliveryPickedUp(Event, frozen=True):
    delivery: DeliveryId
    courier: CourierId
    order: OrderId
    occurred_at: Millis = Millis(0)


class DeliveryCompleted(Event, frozen=True):
    delivery: DeliveryId
    courier: CourierId
    order: OrderId
    proof: Proof = Proof.NONE
    evidence: str = ""
    occurred_at: Millis = Millis(0)
    age_checked: bool = False  # by this courier


class DeliveryFailed(Event, frozen=True):
    """It could not be handed over, or is not to be; its last stop is now a return to the store."""

    delivery: DeliveryId
    courier: CourierId
    reason: str
    return_at: int = -1  # where among the other stops; -1: after all of them
    occurred_at: Millis = Millis(0)
    recalled: bool = False  # on the way: its courier did nothing, and may not know yet


class DeliveryStranded(Event, frozen=True):
    """Its courier broke down with the goods; they wait at `pickup` for the next attempt."""

    delivery: DeliveryId
    courier: CourierId
    pickup: Point
    attempt: int


class DeliveryRecalled(Event, frozen=True):
    """It waits for a courier, who is to bring it back to the store instead of to the door."""

    delivery: DeliveryId
    reason: str


class DeliveryReturned(Event, frozen=True):
    delivery: DeliveryId
    order: OrderId
    courier: CourierId
    sellable: bool


class DeliveryCancelled(Event, frozen=True):
    """Nobody is to carry it any further: the order ended, or comes from somewhere else."""

    delivery: DeliveryId
    courier: CourierId | None = None  # who had been planned or told to carry it
    moved: bool = False  # its order goes on, from another store: by another delivery
    missed_at: Millis = Millis(0)  # when its courier stood there and left without what it was for


class DeliveriesArchived(Event, frozen=True):
    """They ended, and their orders are archived."""

    deliveries: list[DeliveryId]


DeliveryEvent = (
    DeliveryCreated
    | SearchProlonged
    | RoutePlanned
    | RouteSkipped
    | DeliveryOffered
    | OfferAccepted
    | DeliveryUnassigned
    | LegStarted
    | CourierArrived
    | DeliveryPickedUp
    | DeliveryCompleted
    | DeliveryFailed
    | DeliveryStranded
    | DeliveryRecalled
    | DeliveryReturned
    | DeliveryCancelled
    | DeliveriesArchived
)

SaidByCouriers = CourierArrived | DeliveryPickedUp | DeliveryCompleted | DeliveryFailed
