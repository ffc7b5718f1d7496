"""Facts about goods on shelves. One event per change of level, whatever the cause."""

from engine.events.event import Event
from engine.values import (
    Actor,
    DeliveryId,
    Line,
    OrderId,
    ProductId,
    PurchaseId,
    ReceiptId,
    ShortOrder,
    StoreId,
    TransferId,
)


class StockReceived(Event, frozen=True):
    """From a supplier. `expected`: so many of them were counted as incoming."""

    store: StoreId
    product: ProductId
    quantity: int
    purchase: PurchaseId = PurchaseId("")
    expected: int = 0


class StockReserved(Event, frozen=True):
    """For all lines of an order at once, or for none; repeated products are summed."""

    store: StoreId
    order: OrderId
    lines: list[Line]


class StockReleased(Event, frozen=True):
    """Reserved goods are free again."""

    store: StoreId
    order: OrderId
    lines: list[Line]


class StockIssued(Event, frozen=True):
    """Reserved goods have left the store with a courier."""

    store: StoreId
    order: OrderId
    lines: list[Line]


class StockReturned(Event, frozen=True):
    """Goods are back in the store: on the shelf, or in quarantine if nobody can buy them."""

    store: StoreId
    order: OrderId
    lines: list[Line]
    delivery: DeliveryId
    sellable: bool = True


class StockCounted(Event, frozen=True):
    """The books are set right by the difference."""

    store: StoreId
    product: ProductId
    difference: int
    order: OrderId = OrderId("")  # whose picking found it out
    receipt: ReceiptId = ReceiptId("")  # of a sale that shows it: they must have been there


class StockSold(Event, frozen=True):
    """At the store's own till."""

    store: StoreId
    product: ProductId
    quantity: int
    receipt: ReceiptId = ReceiptId("")


class SafetyStockSet(Event, frozen=True):
    store: StoreId
    product: ProductId
    quantity: int
    before: int = 0


class StockAdjusted(Event, frozen=True):
    """Set right by hand. `reason` is damage, theft, expiry or correction."""

    store: StoreId
    product: ProductId
    difference: int
    reason: str
    actor: Actor
    note: str = ""


class StockQuarantined(Event, frozen=True):
    """Off the shelf, still in the store, not for sale."""

    store: StoreId
    product: ProductId
    quantity: int


class StockRestored(Event, frozen=True):
    """From quarantine back to the shelf."""

    store: StoreId
    product: ProductId
    quantity: int


class StockDiscarded(Event, frozen=True):
    """From quarantine out of the store."""

    store: StoreId
    product: ProductId
    quantity: int


class StockShortfall(Event, frozen=True):
    """The shelf had `quantity` fewer than were promised or sold; these orders go without.

    What they held is released by events of its own, before this one. The rest of `quantity` was
    sold by a till although the books did not know of it: no order is the worse for it.
    """

    store: StoreId
    product: ProductId
    quantity: int
    orders: list[ShortOrder]


class StockBroughtBack(Event, frozen=True):
    """To the till, by who had bought it there: on the shelf, or in quarantine."""

    store: StoreId
    receipt: ReceiptId
    lines: list[Line]
    sellable: bool


class StockShipped(Event, frozen=True):
    """Out of one store, and incoming at the other."""

    store: StoreId
    destination: StoreId
    transfer: TransferId
    lines: list[Line]


class StockArrived(Event, frozen=True):
    """From another store: these are on the shelf, those are lost."""

    store: StoreId
    transfer: TransferId
    lines: list[Line]
    lost: list[Line]


class StockExpected(Event, frozen=True):
    """Ordered from a supplier: incoming."""

    store: StoreId
    purchase: PurchaseId
    lines: list[Line]


class StockNotComing(Event, frozen=True):
    """Ordered from a supplier, and no longer expected."""

    store: StoreId
    purchase: PurchaseId
    lines: list[Line]
