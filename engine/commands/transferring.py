"""Goods from one store to another."""

from engine.commands.command import Command
from engine.values import Line, StoreId, TransferId

ANYBODY = StoreId("")  # an operator


class RequestTransfer(Command, frozen=True):
    """The destination would like to have these from the source."""

    transfer: TransferId
    source: StoreId
    destination: StoreId
    lines: list[Line]


class ApproveTransfer(Command, frozen=True):
    """A draft is what the destination wants indeed."""

    transfer: TransferId
    store: StoreId = ANYBODY


class DiscardTransfer(Command, frozen=True):
    """Before it is shipped, either side may call it off."""

    transfer: TransferId
    store: StoreId = ANYBODY


class ShipTransfer(Command, frozen=True):
    """It left the source: so many of each, or all that was asked for."""

    transfer: TransferId
    store: StoreId
    lines: list[Line] = []


class ReceiveTransfer(Command, frozen=True):
    """It is at its destination, but for what was lost."""

    transfer: TransferId
    store: StoreId
    lost: list[Line] = []
