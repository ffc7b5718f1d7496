"""Stocking: every change of a stock level that no order caused."""

from engine.commands import CountStock, ReceiveStock, RecordSale, SetSafetyStock
from engine.events import SafetyStockSet, StockCounted, StockReceived, StockSold
from engine.rejections import RejectionReason as Reason
from engine.state.inventory import Inventory, StockLevel
from engine.state.products import Products
from engine.state.stores import Stores
from engine.turn import Turn


class Stocking:
    def __init__(self, stores: Stores, products: Products, inventory: Inventory) -> None:
        self.stores = stores
        self.products = products
        self.inventory = inventory

    # commands

    def receive_stock(self, turn: Turn, c: ReceiveStock) -> None:
        self._level(turn, c, c.quantity, at_least=1)
        turn.emit(StockReceived(c.store, c.product, c.quantity))

    def count_stock(self, turn: Turn, c: CountStock) -> None:
        """A shelf with less than is reserved means short orders: picking says which."""
        level = self._level(turn, c, c.counted, at_least=0, field="counted")
        if c.counted < level.reserved:
            turn.reject(Reason.INSUFFICIENT_STOCK, product=c.product, reserved=level.reserved)
        turn.emit(StockCounted(c.store, c.product, c.counted - level.on_hand))

    def set_safety_stock(self, turn: Turn, c: SetSafetyStock) -> None:
        self._level(turn, c, c.quantity, at_least=0)
        turn.emit(SafetyStockSet(c.store, c.product, c.quantity))

    def record_sale(self, turn: Turn, c: RecordSale) -> None:
        """The till may sell what is not reserved; safety stock is only kept from online orders."""
        level = self._level(turn, c, c.quantity, at_least=1)
        free = level.on_hand - level.reserved
        if free < c.quantity:
            turn.reject(Reason.INSUFFICIENT_STOCK, product=c.product, available=free)
        turn.emit(StockSold(c.store, c.product, c.quantity))

    # internals

    def _level(
        self,
        turn: Turn,
        c: ReceiveStock | CountStock | SetSafetyStock | RecordSale,
        number: int,
        at_least: int,
        field: str = "quantity",
    ) -> StockLevel:
        if number < at_least:
            turn.reject(Reason.MALFORMED, field=field)
        if not self.stores.get(c.store):
            turn.reject(Reason.UNKNOWN, what="store", id=c.store)
        if not self.products.get(c.product):
            turn.reject(Reason.UNKNOWN, what="product", id=c.product)
        return self.inventory.get(c.store, c.product) or StockLevel()
