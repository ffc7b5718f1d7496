"""Receipts of the stores' own tills, for as long as anybody may bring something back."""

from msgspec import Struct

from engine.events import ReceiptRecorded, ReceiptRefunded
from engine.values import DAY, Millis, PricedLine, ProductId, ReceiptId, StoreId

KEPT_MS = 7 * DAY


class Receipt(Struct, array_like=True):
    lines: list[PricedLine]
    sold_at: Millis
    returned: dict[ProductId, int] = {}
    refunds: list[str] = []

    def left(self, product: ProductId) -> int:
        """How many may still be brought back."""
        bought = sum(x.quantity for x in self.lines if x.product == product)
        return bought - self.returned.get(product, 0)


class Receipts(Struct):
    """Invariant: 0 <= returned <= bought; a receipt is recorded once.

    Two generations, and the older one is dropped whole: KEPT_MS to twice as long.
    """

    recent: dict[StoreId, dict[ReceiptId, Receipt]] = {}
    older: dict[StoreId, dict[ReceiptId, Receipt]] = {}
    since: Millis = Millis(0)  # nothing in `recent` was recorded before

    # queries

    def get(self, store: StoreId, receipt: ReceiptId) -> Receipt | None:
        found = self.recent.get(store, {}).get(receipt)
        return found or self.older.get(store, {}).get(receipt)

    # events

    def receipt_recorded(self, e: ReceiptRecorded) -> None:
        if e.at - self.since > KEPT_MS:
            self.older, self.recent, self.since = self.recent, {}, e.at
        assert self.get(e.store, e.receipt) is None
        self.recent.setdefault(e.store, {})[e.receipt] = Receipt(e.lines, e.sold_at)

    def receipt_refunded(self, e: ReceiptRefunded) -> None:
        receipt = self.get(e.store, e.receipt)
        assert receipt is not None
        assert e.refund not in receipt.refunds
        receipt.refunds.append(e.refund)
        for line in e.lines:
            assert 0 < line.quantity <= receipt.left(line.product)
            before = receipt.returned.get(line.product, 0)
            receipt.returned[line.product] = before + line.quantity
