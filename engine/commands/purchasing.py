"""Goods from suppliers."""

from engine.commands.command import Command
from engine.commands.transferring import ANYBODY
from engine.values import Line, PurchaseId, StoreId, SupplierId


class DraftPurchase(Command, frozen=True):
    """What a store would order, before anybody does."""

    purchase: PurchaseId
    store: StoreId
    supplier: SupplierId
    lines: list[Line]


class OrderPurchase(Command, frozen=True):
    """The supplier has been asked: from here on it is expected."""

    purchase: PurchaseId
    store: StoreId = ANYBODY


class DiscardPurchase(Command, frozen=True):
    """A draft nobody wants."""

    purchase: PurchaseId
    store: StoreId = ANYBODY


class ReceivePurchase(Command, frozen=True):
    """Some of it arrived, or more than was ordered. `is_last`: nothing more will come."""

    purchase: PurchaseId
    store: StoreId
    lines: list[Line] = []
    is_last: bool = False
