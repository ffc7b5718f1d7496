"""Replenishing: demand is measured every hour, and what will be short is asked for in time."""

from dataclasses import dataclass

from engine.commands import ReviewStock, SetReorderPoint
from engine.events import (
    DemandMeasured,
    PurchaseDiscarded,
    PurchaseDrafted,
    ReorderPointSet,
    ReorderPostponed,
    StockReviewPlanned,
    TransferDiscarded,
    TransferRequested,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.replenishment import needed, surplus, taken
from engine.rules.shelving import shelf_fault
from engine.state.inventory import Inventory, StockLevel
from engine.state.products import Products
from engine.state.purchases import Purchases, PurchaseStatus
from engine.state.reorders import Reorders
from engine.state.stores import Stores
from engine.state.transfers import NOT_SHIPPED, Transfers
from engine.turn import Turn
from engine.values import DAY, HOUR, Line, Millis, ProductId, StoreId, SupplierId
from geo.points import distance_m

LEAD_H_MAX = 24 * 60
POSTPONED_MS = DAY


@dataclass(eq=False, slots=True)
class Replenishing:
    stores: Stores
    products: Products
    inventory: Inventory
    transfers: Transfers
    purchases: Purchases
    reorders: Reorders

    # commands

    def set_reorder_point(self, turn: Turn, c: SetReorderPoint) -> None:
        if not 0 <= c.point <= c.target:
            turn.reject(Reason.MALFORMED, field="point", limit=c.target)
        if not 1 <= c.lead_h <= LEAD_H_MAX:
            turn.reject(Reason.MALFORMED, field="lead_h", limit=LEAD_H_MAX)
        if not self.stores.get(c.store):
            turn.reject(Reason.UNKNOWN, what="store", id=c.store)
        turn.reject_for(shelf_fault(self.products, c.product))
        gone = taken(self._level(c.store, c.product))
        turn.emit(
            ReorderPointSet(c.store, c.product, c.point, c.target, c.lead_h, c.supplier, gone)
        )
        if c.store not in self.reorders.next_review and c.target:
            self._plan_review(turn, c.store)

    def review_stock(self, turn: Turn, c: ReviewStock) -> None:
        """Every full hour, as long as the store has a reorder point."""
        shelves = self.reorders.of_store(c.store)
        if not shelves:
            turn.emit(StockReviewPlanned(c.store, Millis(0)))
            return
        pieces = [Line(x, taken(self._level(c.store, x)) - shelves[x].gone) for x in shelves]
        turn.emit(DemandMeasured(c.store, turn.at, pieces))
        self._ask_for_goods(turn, c.store)
        self._plan_review(turn, c.store)

    # follow-ups

    def postpone(self, turn: Turn, e: TransferDiscarded | PurchaseDiscarded) -> None:
        """Whoever throws a draft away is not shown the next one within the hour."""
        if isinstance(e, TransferDiscarded):
            transfer = self.transfers[e.transfer]
            store, lines = transfer.destination, transfer.lines
        else:
            purchase = self.purchases[e.purchase]
            store, lines = purchase.store, purchase.lines
        products = [x.product for x in lines if self.reorders.get(store, x.product)]
        if products:
            until = Millis(turn.at + POSTPONED_MS)
            turn.emit(ReorderPostponed(store, products, until))

    # internals

    def _plan_review(self, turn: Turn, store: StoreId) -> None:
        wait_ms = HOUR - turn.at % HOUR
        turn.emit(StockReviewPlanned(store, Millis(turn.at + wait_ms)))
        turn.set_timer(wait_ms, ReviewStock(store))

    def _ask_for_goods(self, turn: Turn, store: StoreId) -> None:
        """From the nearest store that can spare all of it, else from the supplier; one draft for
        each of them, and none for what is asked for or on its way already."""
        from_stores: dict[StoreId, list[Line]] = {}
        from_suppliers: dict[SupplierId, list[Line]] = {}
        pending = self._pending(store)
        for product, reorder in self.reorders.of_store(store).items():
            if turn.at < reorder.quiet_until:
                continue
            level = self._level(store, product)
            quantity = needed(level, reorder, turn.at, pending.get(product, 0))
            if quantity <= 0:
                continue
            source = self._source(turn.at, store, product, quantity)
            if source is not None:
                from_stores.setdefault(source, []).append(Line(product, quantity))
            else:
                from_suppliers.setdefault(reorder.supplier, []).append(Line(product, quantity))
        for source, lines in from_stores.items():
            key = self.transfers.next_draft(store)
            turn.emit(TransferRequested(key, source, store, lines, turn.at, is_draft=True))
        for supplier, lines in from_suppliers.items():
            draft = self.purchases.next_draft(store)
            turn.emit(PurchaseDrafted(draft, store, supplier, lines, turn.at))

    def _source(self, at: int, store: StoreId, product: ProductId, quantity: int) -> StoreId | None:
        here, able = self.stores[store].location, []
        for key, other in self.stores.stores.items():
            reorder = self.reorders.get(key, product)
            if key == store or reorder is None:
                continue
            leaving = self._leaving(key, product)
            if surplus(self._level(key, product), reorder, at, leaving) >= quantity:
                able.append((distance_m(here, other.location), key))
        return min(able)[1] if able else None

    def _pending(self, store: StoreId) -> dict[ProductId, int]:
        """Asked for and not yet on its way: what is on its way is incoming at the shelf."""
        asked = [
            x.lines
            for x in self.transfers.open.get(store, {}).values()
            if x.destination == store and x.status in NOT_SHIPPED
        ]
        asked += [
            x.lines
            for x in self.purchases.open.get(store, {}).values()
            if x.status is PurchaseStatus.DRAFT
        ]
        pending: dict[ProductId, int] = {}
        for line in (line for lines in asked for line in lines):
            pending[line.product] = pending.get(line.product, 0) + line.quantity
        return pending

    def _leaving(self, store: StoreId, product: ProductId) -> int:
        """Asked of it by others, and still on its shelf."""
        return sum(
            line.quantity
            for x in self.transfers.open.get(store, {}).values()
            if x.source == store and x.status in NOT_SHIPPED
            for line in x.lines
            if line.product == product
        )

    def _level(self, store: StoreId, product: ProductId) -> StockLevel:
        return self.inventory.get(store, product) or StockLevel()
