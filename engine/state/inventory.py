"""Inventory: what each store has, how much is reserved, and by what causes it came to that."""

from msgspec import Struct

from engine.events import (
    SafetyStockSet,
    StockAdjusted,
    StockArrived,
    StockBroughtBack,
    StockCounted,
    StockDiscarded,
    StockExpected,
    StockIssued,
    StockNotComing,
    StockQuarantined,
    StockReceived,
    StockReleased,
    StockReserved,
    StockRestored,
    StockReturned,
    StockShipped,
    StockShortfall,
    StockSold,
)
from engine.values import Line, OrderId, ProductId, StoreId


class StockLevel(Struct, array_like=True):
    """The buckets of one shelf, and the sums of the movements that filled them.

    available = on_hand - reserved - safety. What is damaged is not on hand.
    on_hand = received + arrived + returned + brought_back + counted + adjusted
              - issued - sold - shipped - quarantined.
    damaged = quarantined + spoiled - discarded. reserved = the sum of what is held.
    """

    on_hand: int = 0
    reserved: int = 0
    safety: int = 0
    received: int = 0
    issued: int = 0
    sold: int = 0
    returned: int = 0
    counted: int = 0
    damaged: int = 0  # in quarantine: in the store, not for sale
    adjusted: int = 0
    quarantined: int = 0  # and not restored
    spoiled: int = 0  # came back from customers, not fit to be sold
    discarded: int = 0
    short: int = 0  # were promised or sold and not there, ever
    brought_back: int = 0  # to the till
    incoming: int = 0  # ordered from suppliers, or shipped by other stores
    shipped: int = 0  # to other stores
    arrived: int = 0  # from other stores
    lost: int = 0  # on the way here
    held: dict[OrderId, int] = {}  # by whom; the oldest first

    @property
    def available(self) -> int:
        return max(0, self.on_hand - self.reserved - self.safety)

    @property
    def free(self) -> int:
        """What no order holds; safety stock is only kept from online orders."""
        return self.on_hand - self.reserved


class Inventory(Struct):
    """Invariant: 0 <= reserved <= on_hand for every product in every store, always."""

    levels: dict[StoreId, dict[ProductId, StockLevel]] = {}

    # queries

    def get(self, store: StoreId, product: ProductId) -> StockLevel | None:
        products = self.levels.get(store)
        return products.get(product) if products else None

    def available(self, store: StoreId, product: ProductId) -> int:
        level = self.get(store, product)
        return level.available if level else 0

    def short(self, store: StoreId, lines: list[Line]) -> Line | None:
        """The first line that cannot be reserved, with what is available. Products are unique."""
        products = self.levels.get(store, {})
        for line in lines:
            level = products.get(line.product)
            available = level.available if level else 0
            if available < line.quantity:
                return Line(line.product, available)
        return None

    # events

    def stock_received(self, e: StockReceived) -> None:
        level = self._level(e.store, e.product)
        level.on_hand += e.quantity
        level.received += e.quantity
        level.incoming -= e.expected
        assert level.incoming >= 0

    def stock_reserved(self, e: StockReserved) -> None:
        products = self.levels[e.store]
        for line in e.lines:
            level = products[line.product]
            level.reserved += line.quantity
            assert line.quantity > 0
            assert level.reserved <= level.on_hand
            level.held[e.order] = level.held.get(e.order, 0) + line.quantity

    def stock_released(self, e: StockReleased) -> None:
        products = self.levels[e.store]
        for line in e.lines:
            _let_go(products[line.product], e.order, line.quantity)

    def stock_issued(self, e: StockIssued) -> None:
        products = self.levels[e.store]
        for line in e.lines:
            level = products[line.product]
            _let_go(level, e.order, line.quantity)
            level.on_hand -= line.quantity
            level.issued += line.quantity
            assert 0 <= level.reserved <= level.on_hand

    def stock_returned(self, e: StockReturned) -> None:
        products = self.levels[e.store]
        for line in e.lines:
            level = products[line.product]
            if e.sellable:
                level.on_hand += line.quantity
                level.returned += line.quantity
            else:
                level.damaged += line.quantity
                level.spoiled += line.quantity

    def stock_counted(self, e: StockCounted) -> None:
        level = self._level(e.store, e.product)
        level.on_hand += e.difference
        level.counted += e.difference
        assert level.reserved <= level.on_hand

    def stock_sold(self, e: StockSold) -> None:
        level = self.levels[e.store][e.product]
        level.on_hand -= e.quantity
        level.sold += e.quantity
        assert level.reserved <= level.on_hand

    def safety_stock_set(self, e: SafetyStockSet) -> None:
        self._level(e.store, e.product).safety = e.quantity

    def stock_adjusted(self, e: StockAdjusted) -> None:
        level = self._level(e.store, e.product)
        level.on_hand += e.difference
        level.adjusted += e.difference
        assert level.reserved <= level.on_hand

    def stock_quarantined(self, e: StockQuarantined) -> None:
        level = self.levels[e.store][e.product]
        level.on_hand -= e.quantity
        level.damaged += e.quantity
        level.quarantined += e.quantity
        assert level.reserved <= level.on_hand

    def stock_restored(self, e: StockRestored) -> None:
        level = self.levels[e.store][e.product]
        level.on_hand += e.quantity
        level.damaged -= e.quantity
        level.quarantined -= e.quantity
        assert level.damaged >= 0

    def stock_discarded(self, e: StockDiscarded) -> None:
        level = self.levels[e.store][e.product]
        level.damaged -= e.quantity
        level.discarded += e.quantity
        assert level.damaged >= 0

    def stock_shortfall(self, e: StockShortfall) -> None:
        self.levels[e.store][e.product].short += e.quantity

    def stock_brought_back(self, e: StockBroughtBack) -> None:
        products = self.levels[e.store]
        for line in e.lines:
            level = products[line.product]
            if e.sellable:
                level.on_hand += line.quantity
                level.brought_back += line.quantity
            else:
                level.damaged += line.quantity
                level.spoiled += line.quantity

    def stock_shipped(self, e: StockShipped) -> None:
        products = self.levels[e.store]
        for line in e.lines:
            level = products[line.product]
            level.on_hand -= line.quantity
            level.shipped += line.quantity
            assert level.reserved <= level.on_hand
            self._level(e.destination, line.product).incoming += line.quantity

    def stock_arrived(self, e: StockArrived) -> None:
        products = self.levels[e.store]
        for line in e.lines:
            level = products[line.product]
            level.incoming -= line.quantity
            level.on_hand += line.quantity
            level.arrived += line.quantity
        for line in e.lost:
            level = products[line.product]
            level.incoming -= line.quantity
            level.lost += line.quantity
            assert level.incoming >= 0

    def stock_expected(self, e: StockExpected) -> None:
        for line in e.lines:
            self._level(e.store, line.product).incoming += line.quantity

    def stock_not_coming(self, e: StockNotComing) -> None:
        for line in e.lines:
            level = self.levels[e.store][line.product]
            level.incoming -= line.quantity
            assert level.incoming >= 0

    # internals

    def _level(self, store: StoreId, product: ProductId) -> StockLevel:
        return self.levels.setdefault(store, {}).setdefault(product, StockLevel())


def _let_go(level: StockLevel, order: OrderId, quantity: int) -> None:
    left = level.held[order] - quantity
    assert left >= 0
    if left:
        level.held[order] = left
    else:
        del level.held[order]
    level.reserved -= quantity
    assert level.reserved >= 0
