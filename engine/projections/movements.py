"""Movements: every change of every shelf, with its cause, from the records alone.

The sum of what is told of a shelf is its level, at every record.
"""

from collections.abc import Callable, Iterator
from copy import copy
from typing import Any, Self

from msgspec import Struct

from engine import events as e
from engine.engine import Record
from engine.state import State
from engine.values import Actor, Line, Millis, OrderId, ProductId, StoreId


class Buckets(Struct, array_like=True):
    """Of a shelf; or by how much each of them changed."""

    on_hand: int = 0
    reserved: int = 0
    safety: int = 0
    damaged: int = 0
    incoming: int = 0

    def add(self, change: "Buckets") -> None:
        self.on_hand += change.on_hand
        self.reserved += change.reserved
        self.safety += change.safety
        self.damaged += change.damaged
        self.incoming += change.incoming

    def take_back(self, change: "Buckets") -> None:
        self.on_hand -= change.on_hand
        self.reserved -= change.reserved
        self.safety -= change.safety
        self.damaged -= change.damaged
        self.incoming -= change.incoming

    @property
    def available(self) -> int:
        return max(0, self.on_hand - self.reserved - self.safety)


class Movement(Struct, frozen=True):
    """One change of one shelf. `cause` is what happened, `reason` why somebody says it did."""

    seq: int  # the record
    at: Millis
    store: StoreId
    product: ProductId
    cause: str
    actor: str
    by: Buckets
    left: Buckets
    order: str = ""
    reason: str = ""
    reference: str = ""  # the receipt, transfer or purchase it is about


class Move(Struct, frozen=True):
    """What an event says of one shelf."""

    store: StoreId
    product: ProductId
    by: Buckets
    cause: str
    actor: str
    order: str = ""
    reason: str = ""
    reference: str = ""  # the receipt, transfer or purchase it is about

    def at(self, record: Record, left: Buckets) -> Movement:
        """With what it left, and when it was."""
        return Movement(
            record.seq,
            record.at,
            self.store,
            self.product,
            self.cause,
            self.actor,
            self.by,
            left,
            self.order,
            self.reason,
            self.reference,
        )


def moves(record: Record) -> Iterator[Move]:
    """What a record moved, in order."""
    for event in record.events:
        say = SAYS.get(type(event))
        if say is not None:
            yield from say(event, record)


class Movements:
    """`fold` every record, in order; the levels are those its events leave."""

    def __init__(self) -> None:
        self.levels: dict[StoreId, dict[ProductId, Buckets]] = {}

    @classmethod
    def of(cls, s: State) -> Self:
        """To go on from a state whose history is not at hand."""
        found = cls()
        for store, products in s.inventory.levels.items():
            found.levels[store] = {
                key: Buckets(x.on_hand, x.reserved, x.safety, x.damaged, x.incoming)
                for key, x in products.items()
            }
        return found

    def fold(self, record: Record) -> list[Movement]:
        """What this record moved, in order, and what that left."""
        moved = []
        for move in moves(record):
            level = self.levels.setdefault(move.store, {}).setdefault(move.product, Buckets())
            level.add(move.by)
            moved.append(move.at(record, copy(level)))
        return moved

    def level(self, store: StoreId, product: ProductId) -> Buckets:
        return self.levels.get(store, {}).get(product, Buckets())


Say = Callable[[Any, Record], Iterator[Move]]


def _lines(
    event: e.StockReserved | e.StockReleased | e.StockIssued | e.StockReturned,
    of: Callable[[Line], Buckets],
    cause: str,
    actor: str,
    reason: str = "",
) -> Iterator[Move]:
    for x in event.lines:
        yield Move(event.store, x.product, of(x), cause, actor, event.order, reason)


def _received(x: e.StockReceived, _: Record) -> Iterator[Move]:
    by = Buckets(x.quantity, 0, 0, 0, -x.expected)
    yield Move(x.store, x.product, by, "received", Actor.STORE, "", "", x.purchase)


def _reserved(x: e.StockReserved, _: Record) -> Iterator[Move]:
    yield from _lines(x, lambda y: Buckets(0, y.quantity), "reserved", Actor.CUSTOMER)


def _released(x: e.StockReleased, record: Record) -> Iterator[Move]:
    cause, actor, reason = _why_released(x.order, record)
    yield from _lines(x, lambda y: Buckets(0, -y.quantity), cause, actor, reason)


def _issued(x: e.StockIssued, record: Record) -> Iterator[Move]:
    picked_up = any(isinstance(y, e.DeliveryPickedUp) for y in record.events)
    actor = Actor.COURIER if picked_up else Actor.STORE  # or over the counter
    yield from _lines(x, lambda y: Buckets(-y.quantity, -y.quantity), "issued", actor)


def _returned(x: e.StockReturned, _: Record) -> Iterator[Move]:
    if x.sellable:
        yield from _lines(x, lambda y: Buckets(y.quantity), "returned", Actor.STORE)
    else:
        yield from _lines(x, lambda y: Buckets(0, 0, 0, y.quantity), "spoiled", Actor.STORE)


def _counted(x: e.StockCounted, _: Record) -> Iterator[Move]:
    cause = "missing" if x.order else "found" if x.receipt else "counted"
    by = Buckets(x.difference)
    yield Move(x.store, x.product, by, cause, Actor.STORE, x.order, "", x.receipt)


def _sold(x: e.StockSold, _: Record) -> Iterator[Move]:
    by = Buckets(-x.quantity)
    yield Move(x.store, x.product, by, "sold", Actor.STORE, "", "", x.receipt)


def _brought_back(x: e.StockBroughtBack, _: Record) -> Iterator[Move]:
    for line in x.lines:
        n = line.quantity
        by, cause = (Buckets(n), "brought_back") if x.sellable else (Buckets(0, 0, 0, n), "spoiled")
        yield Move(x.store, line.product, by, cause, Actor.STORE, "", "", x.receipt)


def _safety_set(x: e.SafetyStockSet, _: Record) -> Iterator[Move]:
    by = Buckets(0, 0, x.quantity - x.before)
    yield Move(x.store, x.product, by, "safety_set", Actor.STORE)


def _adjusted(x: e.StockAdjusted, _: Record) -> Iterator[Move]:
    by = Buckets(x.difference)
    yield Move(x.store, x.product, by, "adjusted", x.actor, "", x.reason)


def _quarantined(x: e.StockQuarantined, _: Record) -> Iterator[Move]:
    by = Buckets(-x.quantity, 0, 0, x.quantity)
    yield Move(x.store, x.product, by, "quarantined", Actor.STORE)


def _restored(x: e.StockRestored, _: Record) -> Iterator[Move]:
    by = Buckets(x.quantity, 0, 0, -x.quantity)
    yield Move(x.store, x.product, by, "restored", Actor.STORE)


def _discarded(x: e.StockDiscarded, _: Record) -> Iterator[Move]:
    by = Buckets(0, 0, 0, -x.quantity)
    yield Move(x.store, x.product, by, "discarded", Actor.STORE)


def _shipped(x: e.StockShipped, _: Record) -> Iterator[Move]:
    for line in x.lines:
        out, on_its_way = Buckets(-line.quantity), Buckets(0, 0, 0, 0, line.quantity)
        yield Move(x.store, line.product, out, "shipped", Actor.STORE, "", "", x.transfer)
        yield Move(
            x.destination, line.product, on_its_way, "on_its_way", Actor.STORE, "", "", x.transfer
        )


def _arrived(x: e.StockArrived, _: Record) -> Iterator[Move]:
    for line in x.lines:
        by = Buckets(line.quantity, 0, 0, 0, -line.quantity)
        yield Move(x.store, line.product, by, "arrived", Actor.STORE, "", "", x.transfer)
    for line in x.lost:
        by = Buckets(0, 0, 0, 0, -line.quantity)
        yield Move(x.store, line.product, by, "lost", Actor.STORE, "", "", x.transfer)


def _expected(x: e.StockExpected, _: Record) -> Iterator[Move]:
    for line in x.lines:
        by = Buckets(0, 0, 0, 0, line.quantity)
        yield Move(x.store, line.product, by, "ordered", Actor.STORE, "", "", x.purchase)


def _not_coming(x: e.StockNotComing, _: Record) -> Iterator[Move]:
    for line in x.lines:
        by = Buckets(0, 0, 0, 0, -line.quantity)
        yield Move(x.store, line.product, by, "not_coming", Actor.STORE, "", "", x.purchase)


SAYS: dict[type[e.AnyEvent], Say] = {
    e.StockReceived: _received,
    e.StockReserved: _reserved,
    e.StockReleased: _released,
    e.StockIssued: _issued,
    e.StockReturned: _returned,
    e.StockCounted: _counted,
    e.StockSold: _sold,
    e.StockBroughtBack: _brought_back,
    e.SafetyStockSet: _safety_set,
    e.StockAdjusted: _adjusted,
    e.StockQuarantined: _quarantined,
    e.StockRestored: _restored,
    e.StockDiscarded: _discarded,
    e.StockShipped: _shipped,
    e.StockArrived: _arrived,
    e.StockExpected: _expected,
    e.StockNotComing: _not_coming,
}


def _why_released(order: OrderId, record: Record) -> tuple[str, str, str]:
    """Cause, actor, reason: the order ended, or the shelf was short; the record says which."""
    for event in record.events:
        match event:
            case e.OrderCancelled(order=key) if key == order:
                return "cancelled", event.actor, event.reason
            case e.StockShortfall() if any(x.order == order for x in event.orders):
                return "went_short", Actor.STORE, ""
            case e.StockCounted(order=key) if key == order:
                return "went_short", Actor.STORE, ""
    return "released", Actor.CUSTOMER, ""
