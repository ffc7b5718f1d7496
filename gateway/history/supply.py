"""Rows of goods on their way to stores: purchases and transfers, a row for each product."""

from collections import Counter

from msgspec import Struct

from engine import events as e
from engine.values import Line, Millis, ProductId, PurchaseId, TransferId
from gateway.history.rows import Rows


class Purchase(Struct):
    drafted: e.PurchaseDrafted
    status: str = "draft"
    ordered_at: Millis | None = None
    ended_at: Millis | None = None
    received: dict[ProductId, int] = {}
    received_at: dict[ProductId, Millis] = {}


class Transfer(Struct):
    requested: e.TransferRequested
    status: str
    shipped_at: Millis | None = None
    ended_at: Millis | None = None
    shipped: list[Line] = []
    received: list[Line] = []
    lost: list[Line] = []


class Supply:
    """Told once they have ended; what is open is told by `finish`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._purchases: dict[PurchaseId, Purchase] = {}
        self._transfers: dict[TransferId, Transfer] = {}

    # purchases

    def drafted(self, _: Millis, x: e.PurchaseDrafted) -> None:
        self._purchases[x.purchase] = Purchase(x)

    def ordered(self, _: Millis, x: e.PurchaseOrdered) -> None:
        purchase = self._purchases[x.purchase]
        purchase.status, purchase.ordered_at = "ordered", x.at

    def purchase_received(self, _: Millis, x: e.PurchaseReceived) -> None:
        purchase = self._purchases[x.purchase]
        for line in x.lines:
            before = purchase.received.get(line.product, 0)
            purchase.received[line.product] = before + line.quantity
            purchase.received_at[line.product] = x.at

    def closed(self, _: Millis, x: e.PurchaseClosed) -> None:
        self._purchase(x.purchase, "closed", x.at)

    def purchase_discarded(self, _: Millis, x: e.PurchaseDiscarded) -> None:
        self._purchase(x.purchase, "discarded", x.at)

    # transfers

    def requested(self, _: Millis, x: e.TransferRequested) -> None:
        self._transfers[x.transfer] = Transfer(x, "draft" if x.is_draft else "requested")

    def approved(self, _: Millis, x: e.TransferApproved) -> None:
        self._transfers[x.transfer].status = "requested"

    def shipped(self, _: Millis, x: e.TransferShipped) -> None:
        transfer = self._transfers[x.transfer]
        transfer.status, transfer.shipped, transfer.shipped_at = "shipped", x.lines, x.at

    def transfer_received(self, _: Millis, x: e.TransferReceived) -> None:
        transfer = self._transfers[x.transfer]
        transfer.received, transfer.lost = x.lines, x.lost
        self._transfer(x.transfer, "received", x.at)

    def transfer_discarded(self, _: Millis, x: e.TransferDiscarded) -> None:
        self._transfer(x.transfer, "discarded", x.at)

    def finish(self) -> None:
        """What is still open, as it stands."""
        for purchase in [*self._purchases]:
            self._purchase(purchase, self._purchases[purchase].status, None)
        for transfer in [*self._transfers]:
            self._transfer(transfer, self._transfers[transfer].status, None)

    # internals

    def _purchase(self, key: PurchaseId, status: str, ended_at: Millis | None) -> None:
        purchase = self._purchases.pop(key)
        x, ordered = purchase.drafted, _pieces(purchase.drafted.lines)
        for product in dict.fromkeys((*ordered, *purchase.received)):
            self._rows["purchases"].append(
                (
                    *(key, x.store, x.supplier or None, product, status),
                    *(ordered[product], purchase.received.get(product, 0)),
                    *(x.at, purchase.ordered_at, purchase.received_at.get(product), ended_at),
                )
            )

    def _transfer(self, key: TransferId, status: str, ended_at: Millis | None) -> None:
        transfer = self._transfers.pop(key)
        x = transfer.requested
        steps = x.lines, transfer.shipped, transfer.received, transfer.lost
        counted = [_pieces(lines) for lines in steps]
        for product in dict.fromkeys(product for lines in counted for product in lines):
            self._rows["transfers"].append(
                (
                    *(key, x.source, x.destination, product, status, x.is_draft),
                    *(pieces[product] for pieces in counted),
                    *(x.at, transfer.shipped_at, ended_at),
                )
            )


def _pieces(lines: list[Line]) -> Counter[ProductId]:
    """A product may have several lines."""
    pieces = Counter[ProductId]()
    for line in lines:
        pieces[line.product] += line.quantity
    return pieces
