"""Selling: the store's own till, on the same shelf as every order."""

from dataclasses import dataclass

from engine.commands import ReconcileTill, RecordReceipt, RefundReceipt
from engine.events import (
    ReceiptRecorded,
    ReceiptRefunded,
    StockBroughtBack,
    StockCounted,
    StockShortfall,
    StockSold,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.bounds import TEXT_CHARACTERS, are_sound
from engine.rules.lines import goods_total
from engine.rules.pricing import summed, without_prices
from engine.rules.refunding import refunded
from engine.rules.shelving import shelf_fault
from engine.rules.shortages import going_short, packed, releases
from engine.state.inventory import Inventory, StockLevel
from engine.state.orders import Orders
from engine.state.products import Products
from engine.state.receipts import KEPT_MS, Receipts
from engine.state.stores import Stores
from engine.turn import Turn
from engine.values import MINUTE, Line, PricedLine, ReceiptId, StoreId, TillReceipt

AHEAD_MAX_MS = 5 * MINUTE  # of a till's clock
RECEIPTS_MAX = 500  # in one reconciliation


@dataclass(eq=False, slots=True)
class Selling:
    stores: Stores
    products: Products
    inventory: Inventory
    receipts: Receipts
    orders: Orders

    # commands

    def record_receipt(self, turn: Turn, c: RecordReceipt) -> None:
        """Only what no order holds; safety stock is only kept from online orders."""
        if self.receipts.get(c.store, c.receipt):
            turn.reject(Reason.ALREADY_EXISTS)
        self._check_store(turn, c.store)
        self._check_products(turn, c.lines)
        lines = summed(without_prices(c.lines))
        for line in lines:
            free = self._level(c.store, line).free
            if free < line.quantity:
                turn.reject(Reason.INSUFFICIENT_STOCK, product=line.product, available=free)
        receipt = TillReceipt(c.receipt, turn.at, c.lines, c.tender, c.cashier)
        self._record(turn, c.store, c.till, receipt, offline=False)
        for line in lines:
            turn.emit(StockSold(c.store, line.product, line.quantity, c.receipt))

    def reconcile_till(self, turn: Turn, c: ReconcileTill) -> None:
        """What is known already is passed over; the rest has happened and is booked, in order.

        All of them or, if one of them cannot be, none: the till is told which.
        """
        if not 0 < len(c.receipts) <= RECEIPTS_MAX:
            turn.reject(Reason.MALFORMED, field="receipts", limit=RECEIPTS_MAX)
        self._check_store(turn, c.store)
        news: dict[ReceiptId, TillReceipt] = {}
        for x in c.receipts:
            self._check_receipt(turn, x)
            if not self.receipts.get(c.store, x.receipt):
                news.setdefault(x.receipt, x)
        for x in news.values():
            self._record(turn, c.store, c.till, x, offline=True)
            for line in summed(without_prices(x.lines)):
                self._sell_anyway(turn, c.store, x.receipt, line)

    def refund_receipt(self, turn: Turn, c: RefundReceipt) -> None:
        if not 0 < len(c.refund) <= TEXT_CHARACTERS:
            turn.reject(Reason.MALFORMED, field="refund", limit=TEXT_CHARACTERS)
        receipt = self.receipts.get(c.store, c.receipt)
        if receipt and c.refund in receipt.refunds:
            turn.reject(Reason.ALREADY_EXISTS)
        if not receipt:
            turn.reject(Reason.UNKNOWN, what="receipt", id=c.receipt)
        lines = summed(c.lines)
        for line in lines:
            left = receipt.left(line.product)
            if line.quantity > left:
                turn.reject(Reason.EXCEEDS_BOUGHT, product=line.product, refundable=left)
        back = refunded(receipt.lines, receipt.returned, lines)
        amount = goods_total(back)
        turn.emit(ReceiptRefunded(c.store, c.receipt, c.refund, back, amount, c.sellable, turn.at))
        turn.emit(StockBroughtBack(c.store, c.receipt, lines, c.sellable))

    # internals

    def _check_store(self, turn: Turn, store: StoreId) -> None:
        if not self.stores.get(store):
            turn.reject(Reason.UNKNOWN, what="store", id=store)

    def _check_products(self, turn: Turn, lines: list[PricedLine]) -> None:
        for line in lines:
            turn.reject_for(shelf_fault(self.products, line.product))

    def _check_receipt(self, turn: Turn, x: TillReceipt) -> None:
        if not are_sound(x.lines) or not 0 < len(x.receipt) <= TEXT_CHARACTERS:
            turn.reject(Reason.MALFORMED, field="receipts", receipt=x.receipt[:TEXT_CHARACTERS])
        if x.sold_at > turn.at + AHEAD_MAX_MS:
            limit_at = turn.at + AHEAD_MAX_MS
            turn.reject(Reason.MALFORMED, field="sold_at", limit_at=limit_at, receipt=x.receipt)
        if x.sold_at < turn.at - KEPT_MS:  # whether it is known already nobody can tell any more
            turn.reject(Reason.STALE, receipt=x.receipt)
        self._check_products(turn, x.lines)

    def _record(
        self, turn: Turn, store: StoreId, till: str, x: TillReceipt, *, offline: bool
    ) -> None:
        turn.emit(
            ReceiptRecorded(
                store,
                x.receipt,
                till,
                x.lines,
                goods_total(x.lines),
                x.tender,
                x.sold_at,
                turn.at,
                x.cashier,
                offline,
            )
        )

    def _sell_anyway(self, turn: Turn, store: StoreId, receipt: ReceiptId, line: Line) -> None:
        """It is sold. Pieces the books did not know were there; pieces promised are not any more.

        First the books learn of what must have been on the shelf, then the newest orders let
        go of what is gone: so that the level never falls below what is reserved.
        """
        level, product, quantity = self._level(store, line), line.product, line.quantity
        short = quantity - level.free
        within_reach = level.on_hand - packed(level.held, self.orders)
        unknown = max(0, quantity - within_reach)
        losers = going_short(level.held, self.orders, short - unknown)
        if unknown:
            turn.emit(StockCounted(store, product, unknown, receipt=receipt))
        for release in releases(store, product, losers):
            turn.emit(release)
        turn.emit(StockSold(store, product, quantity, receipt))
        if short > 0:
            turn.emit(StockShortfall(store, product, short, losers))

    def _level(self, store: StoreId, line: Line) -> StockLevel:
        return self.inventory.get(store, line.product) or StockLevel()
