"""What is asked for about goods on shelves, as commands."""

from engine import commands as c
from engine import values as v
from engine.commands import ExternalCommand
from gateway import messages as m
from gateway.tokens import Identity
from gateway.translation.table import Table


def _adjust_stock(b: m.AdjustStock, who: Identity, _: str) -> ExternalCommand:
    store, product = v.StoreId(who.subject), v.ProductId(b.product)
    return c.AdjustStock(store, product, b.difference, b.reason, v.Actor.STORE, b.note)


def _repair_stock(b: m.RepairStock, _: Identity, __: str) -> ExternalCommand:
    store, product = v.StoreId(b.store), v.ProductId(b.product)
    return c.AdjustStock(store, product, b.difference, b.reason, v.Actor.OPERATOR, b.note)


COMMAND_OF: Table = {
    m.AdjustStock: _adjust_stock,
    m.RepairStock: _repair_stock,
    m.QuarantineStock: lambda b, who, _: c.QuarantineStock(who.subject, b.product, b.quantity),
    m.RestoreStock: lambda b, who, _: c.RestoreStock(who.subject, b.product, b.quantity),
    m.DiscardStock: lambda b, who, _: c.DiscardStock(who.subject, b.product, b.quantity),
}
