"""Goods on their way to a store: requests as commands. An operator speaks for no store."""

from engine import commands as c
from engine import values as v
from engine.commands import ExternalCommand
from gateway import messages as m
from gateway.tokens import Identity
from gateway.translation.goods import lines_of
from gateway.translation.table import Table, store_of


def _request_transfer(b: m.RequestTransfer, who: Identity, _: str) -> ExternalCommand:
    key, source, destination = v.TransferId(b.transfer), v.StoreId(b.source), v.StoreId(who.subject)
    return c.RequestTransfer(key, source, destination, lines_of(b.lines))


def _arrange_transfer(b: m.ArrangeTransfer, _: Identity, __: str) -> ExternalCommand:
    source, destination = v.StoreId(b.source), v.StoreId(b.destination)
    return c.RequestTransfer(v.TransferId(b.transfer), source, destination, lines_of(b.lines))


def _draft_purchase(b: m.DraftPurchase, who: Identity, _: str) -> ExternalCommand:
    key, supplier = v.PurchaseId(b.purchase), v.SupplierId(b.supplier)
    return c.DraftPurchase(key, v.StoreId(who.subject), supplier, lines_of(b.lines))


def _set_reorder_point(b: m.SetReorderPoint, who: Identity, _: str) -> ExternalCommand:
    store, product, supplier = (
        v.StoreId(who.subject),
        v.ProductId(b.product),
        v.SupplierId(b.supplier),
    )
    return c.SetReorderPoint(store, product, b.point, b.target, b.lead_h, supplier)


COMMAND_OF: Table = {
    m.RequestTransfer: _request_transfer,
    m.ArrangeTransfer: _arrange_transfer,
    m.ShipTransfer: lambda b, who, _: c.ShipTransfer(b.transfer, who.subject, lines_of(b.lines)),
    m.ReceiveTransfer: lambda b, who, _: c.ReceiveTransfer(
        b.transfer, who.subject, lines_of(b.lost)
    ),
    m.DraftPurchase: _draft_purchase,
    m.ReceivePurchase: lambda b, who, _: c.ReceivePurchase(
        b.purchase, who.subject, lines_of(b.lines), b.is_last
    ),
    m.SetReorderPoint: _set_reorder_point,
    m.ApproveTransfer: lambda b, who, _: c.ApproveTransfer(b.transfer, store_of(who)),
    m.DiscardTransfer: lambda b, who, _: c.DiscardTransfer(b.transfer, store_of(who)),
    m.OrderPurchase: lambda b, who, _: c.OrderPurchase(b.purchase, store_of(who)),
    m.DiscardPurchase: lambda b, who, _: c.DiscardPurchase(b.purchase, store_of(who)),
}
