"""Stocking: every change of a stock level that no order caused."""

from dataclasses import dataclass

from engine.commands import (
    AdjustStock,
    CountStock,
    DiscardStock,
    QuarantineStock,
    ReceiveStock,
    RecordSale,
    RestoreStock,
    SetSafetyStock,
)
from engine.events import (
    SafetyStockSet,
    StockAdjusted,
    StockCounted,
    StockDiscarded,
    StockQuarantined,
    StockReceived,
    StockRestored,
    StockShortfall,
    StockSold,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.shelving import shelf_fault
from engine.rules.shortages import going_short, releases
from engine.state.inventory import Inventory, StockLevel
from engine.state.orders import Orders
from engine.state.products import Products
from engine.state.stores import Stores
from engine.turn import Turn
from engine.values import Actor, ProductId, ShortOrder, StoreId

LOSSES = ("damage", "theft", "expiry")
CORRECTION = "correction"
REASONS = (*LOSSES, CORRECTION)
ADJUSTING = (Actor.STORE, Actor.OPERATOR)


@dataclass(eq=False, slots=True)
class Stocking:
    stores: Stores
    products: Products
    inventory: Inventory
    orders: Orders

    # commands

    def receive_stock(self, turn: Turn, c: ReceiveStock) -> None:
        self._level(turn, c.store, c.product, c.quantity)
        turn.emit(StockReceived(c.store, c.product, c.quantity))

    def count_stock(self, turn: Turn, c: CountStock) -> None:
        """The shelf is what it is: if it has less than was promised, the latest go without."""
        if c.counted < 0:
            turn.reject(Reason.MALFORMED, field="counted")
        level = self._level(turn, c.store, c.product)
        short = self._let_go(turn, c.store, c.product, level.reserved - c.counted)
        turn.emit(StockCounted(c.store, c.product, c.counted - level.on_hand))
        self._tell_shortfall(turn, c.store, c.product, short)

    def set_safety_stock(self, turn: Turn, c: SetSafetyStock) -> None:
        if c.quantity < 0:
            turn.reject(Reason.MALFORMED, field="quantity")
        before = self._level(turn, c.store, c.product).safety
        turn.emit(SafetyStockSet(c.store, c.product, c.quantity, before))

    def record_sale(self, turn: Turn, c: RecordSale) -> None:
        """The till may sell what is not reserved; safety stock is only kept from online orders."""
        level = self._level(turn, c.store, c.product, c.quantity)
        self._at_most(turn, c, level.free)
        turn.emit(StockSold(c.store, c.product, c.quantity))

    def adjust_stock(self, turn: Turn, c: AdjustStock) -> None:
        """A loss or a correction; it may leave promised orders short, but never fewer than none."""
        if c.actor not in ADJUSTING:
            turn.reject(Reason.MALFORMED, field="actor")
        if c.difference == 0 or (c.reason in LOSSES and c.difference > 0):
            turn.reject(Reason.MALFORMED, field="difference")
        level = self._level(turn, c.store, c.product)
        if c.reason not in REASONS:
            turn.reject(Reason.REASON_NOT_ALLOWED, actor=c.actor, allowed=list(REASONS))
        left = level.on_hand + c.difference
        if left < 0:
            turn.reject(Reason.INSUFFICIENT_STOCK, product=c.product, available=level.on_hand)
        short = self._let_go(turn, c.store, c.product, level.reserved - left)
        turn.emit(StockAdjusted(c.store, c.product, c.difference, c.reason, c.actor, c.note))
        self._tell_shortfall(turn, c.store, c.product, short)

    def quarantine_stock(self, turn: Turn, c: QuarantineStock) -> None:
        level = self._level(turn, c.store, c.product, c.quantity)
        self._at_most(turn, c, level.on_hand)
        missing = level.reserved - (level.on_hand - c.quantity)
        short = self._let_go(turn, c.store, c.product, missing)
        turn.emit(StockQuarantined(c.store, c.product, c.quantity))
        self._tell_shortfall(turn, c.store, c.product, short)

    def restore_stock(self, turn: Turn, c: RestoreStock) -> None:
        level = self._level(turn, c.store, c.product, c.quantity)
        self._at_most(turn, c, level.damaged)
        turn.emit(StockRestored(c.store, c.product, c.quantity))

    def discard_stock(self, turn: Turn, c: DiscardStock) -> None:
        level = self._level(turn, c.store, c.product, c.quantity)
        self._at_most(turn, c, level.damaged)
        turn.emit(StockDiscarded(c.store, c.product, c.quantity))

    # internals

    def _level(
        self, turn: Turn, store: StoreId, product: ProductId, quantity: int = 1
    ) -> StockLevel:
        """Of a shelf that can be; at least one piece must be meant."""
        if quantity < 1:
            turn.reject(Reason.MALFORMED, field="quantity")
        if not self.stores.get(store):
            turn.reject(Reason.UNKNOWN, what="store", id=store)
        turn.reject_for(shelf_fault(self.products, product))
        return self.inventory.get(store, product) or StockLevel()

    def _at_most(
        self,
        turn: Turn,
        c: RecordSale | QuarantineStock | RestoreStock | DiscardStock,
        available: int,
    ) -> None:
        if c.quantity > available:
            turn.reject(Reason.INSUFFICIENT_STOCK, product=c.product, available=available)

    def _let_go(
        self, turn: Turn, store: StoreId, product: ProductId, missing: int
    ) -> list[ShortOrder]:
        """So many pieces were promised and are not there: some orders go without."""
        if missing <= 0:
            return []
        level = self.inventory.levels[store][product]
        short = going_short(level.held, self.orders, missing)
        for release in releases(store, product, short):
            turn.emit(release)
        return short

    def _tell_shortfall(
        self, turn: Turn, store: StoreId, product: ProductId, short: list[ShortOrder]
    ) -> None:
        if short:
            missing = sum(x.quantity for x in short)
            turn.emit(StockShortfall(store, product, missing, short))
