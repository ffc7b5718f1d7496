"""Goods on their way to stores: what is told of transfers, purchases and reorder points."""

from typing import Literal

from gateway.messages.values import Line, Part, Told

TransferStatus = Literal["draft", "requested", "shipped", "received", "discarded"]
PurchaseStatus = Literal["draft", "ordered", "closed", "discarded"]


class Transfer(Told, frozen=True):
    """Goods from one store to another. `lines` are what was asked for; once shipped, what was
    shipped; received = shipped - lost. `by_engine`: drafted because the destination will be short.
    """

    transfer: str
    status: TransferStatus
    source: str
    destination: str
    lines: list[Line]
    at: str  # of the last change
    lost: list[Line] = []
    by_engine: bool = False


class ReceivedLine(Part, frozen=True):
    """What was ordered of a product, and what came so far."""

    product: str
    ordered: int
    received: int


class SupplierPurchase(Told, frozen=True):
    """Goods from a supplier; closed when all of it came or nothing more will."""

    purchase: str
    status: PurchaseStatus
    store: str
    supplier: str
    lines: list[ReceivedLine]
    at: str  # of the last change


class Supply(Told, frozen=True):
    """What is open at a store, on either side; the oldest first."""

    transfers: list[Transfer]
    purchases: list[SupplierPurchase]


class ReorderPoint(Part, frozen=True):
    """`expected`: pieces customers will take within the lead time. `hourly_milli`: thousandths of
    a piece by hour of the day, UTC; -1 where no such hour was seen yet."""

    product: str
    point: int
    target: int
    lead_h: int
    supplier: str
    expected: int
    hourly_milli: list[int]


class ReorderPoints(Told, frozen=True):
    """`next`, if there is more: pass it as `after`."""

    points: list[ReorderPoint]
    next: str | None = None
