"""Facts about goods on their way to stores: transfers, purchases, and what makes them due."""

from engine.events.event import Event
from engine.values import (
    Actor,
    Line,
    Millis,
    ProductId,
    PurchaseId,
    ReceivedLine,
    StoreId,
    SupplierId,
    TransferId,
)


class TransferRequested(Event, frozen=True):
    """`is_draft`: by the engine; the destination has to approve it."""

    transfer: TransferId
    source: StoreId
    destination: StoreId
    lines: list[Line]
    at: Millis
    is_draft: bool = False


class TransferApproved(Event, frozen=True):
    transfer: TransferId


class TransferDiscarded(Event, frozen=True):
    """Called off before it was shipped."""

    transfer: TransferId
    actor: Actor
    at: Millis


class TransferShipped(Event, frozen=True):
    transfer: TransferId
    lines: list[Line]
    at: Millis


class TransferReceived(Event, frozen=True):
    """Shipped = received + lost."""

    transfer: TransferId
    lines: list[Line]
    lost: list[Line]
    at: Millis


class PurchaseDrafted(Event, frozen=True):
    purchase: PurchaseId
    store: StoreId
    supplier: SupplierId
    lines: list[Line]
    at: Millis


class PurchaseOrdered(Event, frozen=True):
    purchase: PurchaseId
    at: Millis


class PurchaseDiscarded(Event, frozen=True):
    purchase: PurchaseId
    actor: Actor
    at: Millis


class PurchaseReceived(Event, frozen=True):
    """Some of it."""

    purchase: PurchaseId
    lines: list[Line]
    at: Millis


class PurchaseClosed(Event, frozen=True):
    """Nothing more will come. `differences`: where it was not what was ordered."""

    purchase: PurchaseId
    differences: list[ReceivedLine]
    at: Millis


class ReorderPointSet(Event, frozen=True):
    """`gone`: pieces customers had taken until then; what they take from now on is demand."""

    store: StoreId
    product: ProductId
    point: int
    target: int
    lead_h: int
    supplier: SupplierId
    gone: int


class DemandMeasured(Event, frozen=True):
    """What customers took, or were promised, in the hour that ends at `at`, of every shelf that
    has a reorder point. Negative: they brought back more."""

    store: StoreId
    at: Millis
    pieces: list[Line]


class StockReviewPlanned(Event, frozen=True):
    """The next review of this store; 0: none, it has no reorder points."""

    store: StoreId
    at: Millis


class ReorderPostponed(Event, frozen=True):
    """Somebody did not want a draft: not again before then."""

    store: StoreId
    products: list[ProductId]
    until: Millis
