"""Purchasing: goods from suppliers, and what came of what was ordered."""

from dataclasses import dataclass
from typing import NoReturn

from engine.commands import DiscardPurchase, DraftPurchase, OrderPurchase, ReceivePurchase
from engine.events import (
    PurchaseClosed,
    PurchaseDiscarded,
    PurchaseDrafted,
    PurchaseOrdered,
    PurchaseReceived,
    StockExpected,
    StockNotComing,
    StockReceived,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.pricing import summed
from engine.rules.shelving import shelf_fault
from engine.state.products import Products
from engine.state.purchases import TRANSITIONS, Purchase, Purchases, PurchaseStatus
from engine.state.stores import Stores
from engine.turn import Turn
from engine.values import Actor, Line, PurchaseId, ReceivedLine, StoreId


@dataclass(eq=False, slots=True)
class Purchasing:
    stores: Stores
    products: Products
    purchases: Purchases

    # commands

    def draft_purchase(self, turn: Turn, c: DraftPurchase) -> None:
        if self.purchases.get(c.purchase):
            turn.reject(Reason.ALREADY_EXISTS)
        if not self.stores.get(c.store):
            turn.reject(Reason.UNKNOWN, what="store", id=c.store)
        lines = summed(c.lines)
        self._check_products(turn, lines)
        turn.emit(PurchaseDrafted(c.purchase, c.store, c.supplier, lines, turn.at))

    def order_purchase(self, turn: Turn, c: OrderPurchase) -> None:
        purchase = self._purchase(turn, c.purchase, c.store)
        if purchase.status is not PurchaseStatus.DRAFT:
            self._illegal(turn, purchase, PurchaseStatus.ORDERED)
        turn.emit(PurchaseOrdered(c.purchase, turn.at))
        turn.emit(StockExpected(purchase.store, c.purchase, purchase.lines))

    def discard_purchase(self, turn: Turn, c: DiscardPurchase) -> None:
        purchase = self._purchase(turn, c.purchase, c.store)
        if purchase.status is not PurchaseStatus.DRAFT:
            self._illegal(turn, purchase, PurchaseStatus.DISCARDED)
        actor = Actor.STORE if c.store else Actor.OPERATOR
        turn.emit(PurchaseDiscarded(c.purchase, actor, turn.at))

    def receive_purchase(self, turn: Turn, c: ReceivePurchase) -> None:
        """In as many parts as it comes; when nothing is outstanding, it is closed by itself."""
        if not c.lines and not c.is_last:
            turn.reject(Reason.MALFORMED, field="lines")
        purchase = self._purchase(turn, c.purchase, c.store)
        if purchase.status is not PurchaseStatus.ORDERED:
            self._illegal(turn, purchase, PurchaseStatus.CLOSED)
        lines = summed(c.lines)
        self._check_products(turn, lines)
        for line in lines:
            met = min(line.quantity, purchase.outstanding(line.product))
            turn.emit(StockReceived(purchase.store, line.product, line.quantity, c.purchase, met))
        if lines:
            turn.emit(PurchaseReceived(c.purchase, lines, turn.at))
        self._close(turn, c, purchase)

    # internals

    def _close(self, turn: Turn, c: ReceivePurchase, purchase: Purchase) -> None:
        missing = [Line(x.product, purchase.outstanding(x.product)) for x in purchase.lines]
        missing = [x for x in missing if x.quantity]
        if missing and not c.is_last:
            return
        if missing:
            turn.emit(StockNotComing(purchase.store, c.purchase, missing))
        products = dict.fromkeys([*(x.product for x in purchase.lines), *purchase.received])
        found = [
            ReceivedLine(x, purchase.ordered(x), purchase.received.get(x, 0)) for x in products
        ]
        differences = [x for x in found if x.ordered != x.received]
        turn.emit(PurchaseClosed(c.purchase, differences, turn.at))

    def _check_products(self, turn: Turn, lines: list[Line]) -> None:
        for line in lines:
            turn.reject_for(shelf_fault(self.products, line.product))

    def _purchase(self, turn: Turn, key: PurchaseId, store: StoreId) -> Purchase:
        purchase = self.purchases.get(key)
        if not purchase or store not in ("", purchase.store):
            turn.reject(Reason.UNKNOWN, what="purchase", id=key)
        return purchase

    def _illegal(self, turn: Turn, purchase: Purchase, to: PurchaseStatus) -> NoReturn:
        allowed = [str(x) for x in TRANSITIONS[purchase.status]]
        turn.reject(
            Reason.ILLEGAL_TRANSITION, **{"from": purchase.status, "to": to}, allowed=allowed
        )
