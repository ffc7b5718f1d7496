"""The store's own till: receipts, also those of a till that was off the line, and refunds."""

from engine.commands.command import Command
from engine.values import Line, PricedLine, ReceiptId, StoreId, Tender, TillReceipt


class RecordReceipt(Command, frozen=True):
    """A till asks before it sells: all lines or none. Prices are the till's."""

    store: StoreId
    till: str
    receipt: ReceiptId
    lines: list[PricedLine]
    tender: Tender
    cashier: str = ""


class ReconcileTill(Command, frozen=True):
    """A till is back on the line: these sales have happened, whatever the books say."""

    store: StoreId
    till: str
    receipts: list[TillReceipt]


class RefundReceipt(Command, frozen=True):
    """Goods are back at the till, and the customer has the money back."""

    store: StoreId
    receipt: ReceiptId
    refund: str  # the till's id for it
    lines: list[Line]
    sellable: bool
