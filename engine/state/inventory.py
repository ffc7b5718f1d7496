"""Inventory: what each store has, how much is reserved, and by what causes it came to that."""

from msgspec import Struct

from engine.events import (
    SafetyStockSet,
    StockCounted,
    StockIssued,
    StockReceived,
    StockReleased,
    StockReserved,
    StockReturned,
    StockSold,
)
from engine.values import Line, ProductId, StoreId


class StockLevel(Struct):
    """`on_hand` is the sum of its movements: received + returned + counted - issued - sold."""

    on_hand: int = 0
    reserved: int = 0
    safety: int = 0
    received: int = 0
    issued: int = 0
    sold: int = 0
    returned: int = 0
    counted: int = 0

    @property
    def available(self) -> int:
        return max(0, self.on_hand - self.reserved - self.safety)


class Inventory(Struct):
    """Invariant: 0 <= reserved <= on_hand for every product in every store, always."""

    levels: dict[StoreId, dict[ProductId, StockLevel]] = {}

    # queries

    def get(self, store: StoreId, product: ProductId) -> StockLevel | None:
        return self.levels.get(store, {}).get(product)

    def available(self, store: StoreId, product: ProductId) -> int:
        level = self.get(store, product)
        return level.available if level else 0

    def short(self, store: StoreId, lines: list[Line]) -> Line | None:
        """The first line that cannot be reserved, with what is available. Products are unique."""
        for line in lines:
            available = self.available(store, line.product)
            if available < line.quantity:
                return Line(line.product, available)
        return None

    # events

    def stock_received(self, e: StockReceived) -> None:
        level = self._level(e.store, e.product)
        level.on_hand += e.quantity
        level.received += e.quantity

    def stock_reserved(self, e: StockReserved) -> None:
        products = self.levels[e.store]
        for line in e.lines:
            level = products[line.product]
            level.reserved += line.quantity
            assert line.quantity > 0
            assert level.reserved <= level.on_hand

    def stock_released(self, e: StockReleased) -> None:
        products = self.levels[e.store]
        for line in e.lines:
            level = products[line.product]
            level.reserved -= line.quantity
            assert level.reserved >= 0

    def stock_issued(self, e: StockIssued) -> None:
        products = self.levels[e.store]
        for line in e.lines:
            level = products[line.product]
            level.reserved -= line.quantity
            level.on_hand -= line.quantity
            level.issued += line.quantity
            assert 0 <= level.reserved <= level.on_hand

    def stock_returned(self, e: StockReturned) -> None:
        products = self.levels[e.store]
        for line in e.lines:
            level = products[line.product]
            level.on_hand += line.quantity
            level.returned += line.quantity

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

    def _level(self, store: StoreId, product: ProductId) -> StockLevel:
        return self.levels.setdefault(store, {}).setdefault(product, StockLevel())
