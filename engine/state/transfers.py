"""Transfers: goods from one store to another, asked for, shipped, received or lost."""

from enum import StrEnum

from msgspec import Struct

from engine.events import (
    TransferApproved,
    TransferDiscarded,
    TransferReceived,
    TransferRequested,
    TransferShipped,
)
from engine.values import Line, Millis, StoreId, TransferId


class TransferStatus(StrEnum):
    DRAFT = "draft"
    REQUESTED = "requested"
    SHIPPED = "shipped"
    RECEIVED = "received"
    DISCARDED = "discarded"


TRANSITIONS: dict[TransferStatus, tuple[TransferStatus, ...]] = {
    TransferStatus.DRAFT: (TransferStatus.REQUESTED, TransferStatus.DISCARDED),
    TransferStatus.REQUESTED: (TransferStatus.SHIPPED, TransferStatus.DISCARDED),
    TransferStatus.SHIPPED: (TransferStatus.RECEIVED,),
    TransferStatus.RECEIVED: (),
    TransferStatus.DISCARDED: (),
}
ENDED = (TransferStatus.RECEIVED, TransferStatus.DISCARDED)
NOT_SHIPPED = (TransferStatus.DRAFT, TransferStatus.REQUESTED)


class Transfer(Struct, array_like=True):
    source: StoreId
    destination: StoreId
    lines: list[Line]  # asked for; once shipped, what was shipped
    status: TransferStatus
    changed_at: Millis
    lost: list[Line] = []
    by_engine: bool = False


class Transfers(Struct, dict=True):
    """Invariant: a transfer only ever moves along TRANSITIONS; shipped = received + lost."""

    transfers: dict[TransferId, Transfer] = {}
    drafted: int = 0  # by the engine, ever

    def __post_init__(self) -> None:
        # Derived, hence not a field: what is open at a store, on either side; the oldest first.
        self.open: dict[StoreId, dict[TransferId, Transfer]] = {}
        for key, transfer in self.transfers.items():
            self._open(key, transfer)

    # queries

    def __getitem__(self, transfer: TransferId) -> Transfer:
        return self.transfers[transfer]

    def get(self, transfer: TransferId) -> Transfer | None:
        return self.transfers.get(transfer)

    def next_draft(self, destination: StoreId) -> TransferId:
        """No client chooses such an id: it has a slash."""
        return TransferId(f"{destination}/transfer/{self.drafted + 1}")

    # events

    def transfer_requested(self, e: TransferRequested) -> None:
        assert e.transfer not in self.transfers
        status = TransferStatus.DRAFT if e.is_draft else TransferStatus.REQUESTED
        transfer = Transfer(e.source, e.destination, e.lines, status, e.at, by_engine=e.is_draft)
        self.transfers[e.transfer] = transfer
        self.drafted += e.is_draft
        self._open(e.transfer, transfer)

    def transfer_approved(self, e: TransferApproved) -> None:
        self._move(e.transfer, TransferStatus.REQUESTED)

    def transfer_discarded(self, e: TransferDiscarded) -> None:
        self._move(e.transfer, TransferStatus.DISCARDED).changed_at = e.at
        self._close(e.transfer)

    def transfer_shipped(self, e: TransferShipped) -> None:
        transfer = self._move(e.transfer, TransferStatus.SHIPPED)
        transfer.lines, transfer.changed_at = e.lines, e.at

    def transfer_received(self, e: TransferReceived) -> None:
        transfer = self._move(e.transfer, TransferStatus.RECEIVED)
        shipped = sum(x.quantity for x in transfer.lines)
        assert shipped == sum(x.quantity for x in (*e.lines, *e.lost))
        transfer.lost, transfer.changed_at = e.lost, e.at
        self._close(e.transfer)

    # internals

    def _move(self, key: TransferId, status: TransferStatus) -> Transfer:
        transfer = self.transfers[key]
        assert status in TRANSITIONS[transfer.status], f"{key}: {transfer.status} to {status}"
        transfer.status = status
        return transfer

    def _open(self, key: TransferId, transfer: Transfer) -> None:
        if transfer.status not in ENDED:
            for store in (transfer.source, transfer.destination):
                self.open.setdefault(store, {})[key] = transfer

    def _close(self, key: TransferId) -> None:
        for store in (self.transfers[key].source, self.transfers[key].destination):
            del self.open[store][key]
