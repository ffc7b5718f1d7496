"""Facts about the store's own till. What they do to shelves are events of the inventory."""

from engine.events.event import Event
from engine.values import Millis, Minor, PricedLine, ReceiptId, StoreId, Tender


class ReceiptRecorded(Event, frozen=True):
    """Sold over the counter. `offline`: it was told later, and nobody could be asked."""

    store: StoreId
    receipt: ReceiptId
    till: str
    lines: list[PricedLine]
    total_minor: Minor
    tender: Tender
    sold_at: Millis
    at: Millis
    cashier: str = ""
    offline: bool = False


class ReceiptRefunded(Event, frozen=True):
    """The till gave back so much for these."""

    store: StoreId
    receipt: ReceiptId
    refund: str
    lines: list[PricedLine]
    amount_minor: Minor
    sellable: bool
    at: Millis
