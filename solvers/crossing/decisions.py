"""How an order came to be with whom it is: every time it changed hands, and who else could have
taken it just then. The journal knows the hands; the engine, a record earlier, knows the rest."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from engine import commands as c
from engine import events as e
from engine.engine import Engine, Record
from engine.values import CourierId, DeliveryId, Millis, OrderId
from solvers.crossing.bridge import USUAL, Objective
from solvers.crossing.explanation import Alternative, explain

PLANS = (c.AdoptPlan, c.ImprovePlan)
HANDS = {  # what happened to its delivery, as an operator reads it
    e.DeliveryOffered: "offered",
    e.OfferAccepted: "accepted",
    e.DeliveryUnassigned: "taken back",
    e.DeliveryPickedUp: "picked up",
    e.DeliveryStranded: "stranded",
    e.DeliveryCompleted: "delivered",
    e.DeliveryReturned: "brought back",
    e.DeliveryCancelled: "called off",
}


class Decision(Struct, frozen=True):
    """`courier` was planned for it, or what is in HANDS happened; None: it went on no route.
    `could`: who could have taken it just before a planner chose, the cheapest first."""

    seq: int
    at: Millis
    what: str
    courier: CourierId | None
    why: str = ""  # a reason, and what was said with it
    could: list[Alternative] = []


def decisions(
    records: Iterable[Record],
    engine: Engine,
    order: OrderId,
    top: int = 5,
    objective: Objective = USUAL,
) -> Iterator[Decision]:
    """Of all records after the engine's last, in order; each is applied to the engine."""
    key: DeliveryId | None = None
    planned: CourierId | None = None
    for record in records:
        for event in record.events:
            if isinstance(event, e.DeliveryCreated) and event.order == order and not event.change:
                key, planned = event.delivery, None
        told = key is not None and _told(record, key, planned)
        could: list[Alternative] = []
        if told and isinstance(record.command, PLANS):
            could = explain(engine.state, order, record.at, top, objective).alternatives
        engine.apply(record)
        if key is None or not told:
            continue
        now = engine.state.deliveries[key].courier
        if now != planned and isinstance(record.command, PLANS):
            yield Decision(record.seq, record.at, "planned", now, could=could)
        planned = now
        yield from _hands(record, key)


def _told(record: Record, key: DeliveryId, planned: CourierId | None) -> bool:
    """Whether this record may have put it into other hands."""
    for event in record.events:
        if isinstance(event, e.RoutePlanned):
            has_it = any(stop.delivery == key for stop in event.stops)
            if has_it != (event.courier == planned):
                return True
        elif type(event) in HANDS and getattr(event, "delivery", None) == key:
            return True
    return False


def _hands(record: Record, key: DeliveryId) -> Iterator[Decision]:
    for event in record.events:
        what = HANDS.get(type(event))
        if what is not None and getattr(event, "delivery", None) == key:
            words = (getattr(event, "reason", ""), getattr(event, "note", ""))
            why = ": ".join(str(x).replace("_", " ") for x in words if x)
            courier = getattr(event, "courier", None)
            yield Decision(record.seq, record.at, what, courier, why)
