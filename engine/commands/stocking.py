"""Goods in a store, other than by orders."""

from engine.commands.command import Command
from engine.values import ProductId, StoreId


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
