"""Facts about goods on shelves. One event per change of level, whatever the cause."""

from engine.events.event import Event
from engine.values import DeliveryId, Line, OrderId, ProductId, StoreId


class StockReceived(Event, frozen=True):
    store: StoreId
    product: ProductId
    quantity: int


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
    """Goods are back in the store; only sellable ones return to the shelf."""

    store: StoreId
    order: OrderId
    lines: list[Line]
    delivery: DeliveryId


class StockCounted(Event, frozen=True):
    """The books are set right by the difference."""

    store: StoreId
    product: ProductId
    difference: int
    order: OrderId = OrderId("")  # whose picking found it out


class StockSold(Event, frozen=True):
    """At the store's own till."""

    store: StoreId
    product: ProductId
    quantity: int


class SafetyStockSet(Event, frozen=True):
    store: StoreId
    product: ProductId
    quantity: int
