"""Goods in a store, other than by orders."""

from engine.commands.command import Command
from engine.values import Actor, ProductId, StoreId


class ReceiveStock(Command, frozen=True):
    """Goods arrived at a store."""

    store: StoreId
    product: ProductId
    quantity: int


class CountStock(Command, frozen=True):
    """Somebody counted the shelf, what is reserved included."""

    store: StoreId
    product: ProductId
    counted: int


class SetSafetyStock(Command, frozen=True):
    """So many are never promised online."""

    store: StoreId
    product: ProductId
    quantity: int


class RecordSale(Command, frozen=True):
    """Sold at the store's own till, from the same shelf."""

    store: StoreId
    product: ProductId
    quantity: int


class AdjustStock(Command, frozen=True):
    """The books are set right by hand, for a reason: a loss, or a correction of either sign."""

    store: StoreId
    product: ProductId
    difference: int
    reason: str  # handlers/stocking.REASONS
    actor: Actor  # the store or an operator
    note: str = ""


class QuarantineStock(Command, frozen=True):
    """So many on the shelf are not fit to be sold, as far as anybody knows."""

    store: StoreId
    product: ProductId
    quantity: int


class RestoreStock(Command, frozen=True):
    """Out of quarantine and back on the shelf: they are fit to be sold after all."""

    store: StoreId
    product: ProductId
    quantity: int


class DiscardStock(Command, frozen=True):
    """Out of quarantine and into the bin."""

    store: StoreId
    product: ProductId
    quantity: int
