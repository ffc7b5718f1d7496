"""Keeping shelves full."""

from engine.commands.command import Command
from engine.values import ProductId, StoreId, SupplierId


class SetReorderPoint(Command, frozen=True):
    """When goods that are asked for now arrive, at least `point` should be left; then fill up to
    `target`. A target of 0 ends it."""

    store: StoreId
    product: ProductId
    point: int
    target: int
    lead_h: int = 24  # until a supplier or another store delivers
    supplier: SupplierId = SupplierId("")


class ReviewStock(Command, frozen=True):
    """Another hour of demand is known: what will be short?"""

    store: StoreId
