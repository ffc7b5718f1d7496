"""Purchases: what stores order from suppliers, and what came of it."""

from enum import StrEnum

from msgspec import Struct

from engine.events import (
    PurchaseClosed,
    PurchaseDiscarded,
    PurchaseDrafted,
    PurchaseOrdered,
    PurchaseReceived,
)
from engine.values import (
    Line,
    Millis,
    ProductId,
    PurchaseId,
    ReceivedLine,
    StoreId,
    SupplierId,
)


class PurchaseStatus(StrEnum):
    DRAFT = "draft"
    ORDERED = "ordered"
    CLOSED = "closed"
    DISCARDED = "discarded"


TRANSITIONS: dict[PurchaseStatus, tuple[PurchaseStatus, ...]] = {
    PurchaseStatus.DRAFT: (PurchaseStatus.ORDERED, PurchaseStatus.DISCARDED),
    PurchaseStatus.ORDERED: (PurchaseStatus.CLOSED,),
    PurchaseStatus.CLOSED: (),
    PurchaseStatus.DISCARDED: (),
}
ENDED = (PurchaseStatus.CLOSED, PurchaseStatus.DISCARDED)


class Purchase(Struct, array_like=True):
    store: StoreId
    supplier: SupplierId
    lines: list[Line]
    status: PurchaseStatus
    changed_at: Millis
    received: dict[ProductId, int] = {}
    differences: list[ReceivedLine] = []

    def ordered(self, product: ProductId) -> int:
        return sum(x.quantity for x in self.lines if x.product == product)

    def outstanding(self, product: ProductId) -> int:
        """What is still expected of it."""
        return max(0, self.ordered(product) - self.received.get(product, 0))


class Purchases(Struct, dict=True):
    """Invariant: received = ordered, or the difference is booked when it is closed."""

    purchases: dict[PurchaseId, Purchase] = {}
    drafted: int = 0  # ever

    def __post_init__(self) -> None:
        # Derived, hence not a field: what is open at a store, the oldest first.
        self.open: dict[StoreId, dict[PurchaseId, Purchase]] = {}
        for key, purchase in self.purchases.items():
            if purchase.status not in ENDED:
                self.open.setdefault(purchase.store, {})[key] = purchase

    # queries

    def __getitem__(self, purchase: PurchaseId) -> Purchase:
        return self.purchases[purchase]

    def get(self, purchase: PurchaseId) -> Purchase | None:
        return self.purchases.get(purchase)

    def next_draft(self, store: StoreId) -> PurchaseId:
        """No client chooses such an id: it has a slash."""
        return PurchaseId(f"{store}/purchase/{self.drafted + 1}")

    # events

    def purchase_drafted(self, e: PurchaseDrafted) -> None:
        assert e.purchase not in self.purchases
        purchase = Purchase(e.store, e.supplier, e.lines, PurchaseStatus.DRAFT, e.at)
        self.purchases[e.purchase] = purchase
        self.open.setdefault(e.store, {})[e.purchase] = purchase
        self.drafted += 1

    def purchase_ordered(self, e: PurchaseOrdered) -> None:
        self._move(e.purchase, PurchaseStatus.ORDERED, e.at)

    def purchase_discarded(self, e: PurchaseDiscarded) -> None:
        purchase = self._move(e.purchase, PurchaseStatus.DISCARDED, e.at)
        del self.open[purchase.store][e.purchase]

    def purchase_received(self, e: PurchaseReceived) -> None:
        purchase = self.purchases[e.purchase]
        assert purchase.status is PurchaseStatus.ORDERED
        for line in e.lines:
            before = purchase.received.get(line.product, 0)
            purchase.received[line.product] = before + line.quantity

    def purchase_closed(self, e: PurchaseClosed) -> None:
        purchase = self._move(e.purchase, PurchaseStatus.CLOSED, e.at)
        purchase.differences = e.differences
        del self.open[purchase.store][e.purchase]

    # internals

    def _move(self, key: PurchaseId, status: PurchaseStatus, at: Millis) -> Purchase:
        purchase = self.purchases[key]
        assert status in TRANSITIONS[purchase.status], f"{key}: {purchase.status} to {status}"
        purchase.status, purchase.changed_at = status, at
        return purchase
