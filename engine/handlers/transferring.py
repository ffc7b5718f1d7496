"""Transferring: goods from one store to another."""

from dataclasses import dataclass
from typing import NoReturn

from engine.commands import (
    ApproveTransfer,
    DiscardTransfer,
    ReceiveTransfer,
    RequestTransfer,
    ShipTransfer,
)
from engine.events import (
    StockArrived,
    StockShipped,
    TransferApproved,
    TransferDiscarded,
    TransferReceived,
    TransferRequested,
    TransferShipped,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.pricing import summed
from engine.rules.shelving import shelf_fault
from engine.state.inventory import Inventory
from engine.state.products import Products
from engine.state.stores import Stores
from engine.state.transfers import NOT_SHIPPED, TRANSITIONS, Transfer, Transfers, TransferStatus
from engine.turn import Turn
from engine.values import Actor, Line, ProductId, StoreId, TransferId


@dataclass(eq=False, slots=True)
class Transferring:
    stores: Stores
    products: Products
    inventory: Inventory
    transfers: Transfers

    # commands

    def request_transfer(self, turn: Turn, c: RequestTransfer) -> None:
        """Of what is available there now; whether it still is, shipping will tell."""
        if c.source == c.destination:
            turn.reject(Reason.MALFORMED, field="source")
        if self.transfers.get(c.transfer):
            turn.reject(Reason.ALREADY_EXISTS)
        for store in (c.source, c.destination):
            if not self.stores.get(store):
                turn.reject(Reason.UNKNOWN, what="store", id=store)
        lines = summed(c.lines)
        for line in lines:
            turn.reject_for(shelf_fault(self.products, line.product))
        if short := self.inventory.short(c.source, lines):
            available = short.quantity
            turn.reject(Reason.INSUFFICIENT_STOCK, product=short.product, available=available)
        turn.emit(TransferRequested(c.transfer, c.source, c.destination, lines, turn.at))

    def approve_transfer(self, turn: Turn, c: ApproveTransfer) -> None:
        transfer = self._transfer(turn, c.transfer, c.store, sides=("destination",))
        if transfer.status is not TransferStatus.DRAFT:
            self._illegal(turn, transfer, TransferStatus.REQUESTED)
        turn.emit(TransferApproved(c.transfer))

    def discard_transfer(self, turn: Turn, c: DiscardTransfer) -> None:
        transfer = self._transfer(turn, c.transfer, c.store, sides=("source", "destination"))
        if transfer.status not in NOT_SHIPPED:
            self._illegal(turn, transfer, TransferStatus.DISCARDED)
        actor = Actor.STORE if c.store else Actor.OPERATOR
        turn.emit(TransferDiscarded(c.transfer, actor, turn.at))

    def ship_transfer(self, turn: Turn, c: ShipTransfer) -> None:
        """At most what was asked for, and only what no order holds."""
        transfer = self._transfer(turn, c.transfer, c.store, sides=("source",))
        if transfer.status is not TransferStatus.REQUESTED:
            self._illegal(turn, transfer, TransferStatus.SHIPPED)
        lines = summed(c.lines) or transfer.lines
        self._check_within(turn, lines, transfer.lines)
        for line in lines:
            level = self.inventory.get(transfer.source, line.product)
            free = level.free if level else 0
            if free < line.quantity:
                turn.reject(Reason.INSUFFICIENT_STOCK, product=line.product, available=free)
        turn.emit(TransferShipped(c.transfer, lines, turn.at))
        turn.emit(StockShipped(transfer.source, transfer.destination, c.transfer, lines))

    def receive_transfer(self, turn: Turn, c: ReceiveTransfer) -> None:
        """What was shipped and did not arrive is lost; there is nothing third."""
        transfer = self._transfer(turn, c.transfer, c.store, sides=("destination",))
        if transfer.status is not TransferStatus.SHIPPED:
            self._illegal(turn, transfer, TransferStatus.RECEIVED)
        lost = summed(c.lost)
        self._check_within(turn, lost, transfer.lines)
        gone = _quantities(lost)
        arrived = [Line(x.product, x.quantity - gone.get(x.product, 0)) for x in transfer.lines]
        arrived = [x for x in arrived if x.quantity]
        turn.emit(TransferReceived(c.transfer, arrived, lost, turn.at))
        turn.emit(StockArrived(transfer.destination, c.transfer, arrived, lost))

    # internals

    def _transfer(
        self, turn: Turn, key: TransferId, store: StoreId, sides: tuple[str, ...]
    ) -> Transfer:
        """One's own, on that side; an operator (no store) may look after any."""
        transfer = self.transfers.get(key)
        if not transfer or (store and store not in [getattr(transfer, x) for x in sides]):
            turn.reject(Reason.UNKNOWN, what="transfer", id=key)
        return transfer

    def _check_within(self, turn: Turn, lines: list[Line], limits: list[Line]) -> None:
        at_most = _quantities(limits)
        for line in lines:
            limit = at_most.get(line.product, 0)
            if line.quantity > limit:
                turn.reject(Reason.MALFORMED, field="lines", product=line.product, limit=limit)

    def _illegal(self, turn: Turn, transfer: Transfer, to: TransferStatus) -> NoReturn:
        allowed = [str(x) for x in TRANSITIONS[transfer.status]]
        turn.reject(
            Reason.ILLEGAL_TRANSITION, **{"from": transfer.status, "to": to}, allowed=allowed
        )


def _quantities(lines: list[Line]) -> dict[ProductId, int]:
    return {x.product: x.quantity for x in lines}
