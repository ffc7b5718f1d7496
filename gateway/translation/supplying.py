"""Goods on their way to a store: requests as commands. An operator speaks for no store."""

from engine import commands as c
from engine import values as v
from engine.commands import ExternalCommand
from gateway import messages as m
from gateway.auth import Identity
from gateway.translation.table import Table, TableByRole


def _lines(lines: list[m.Line]) -> list[v.Line]:
    return [v.Line(v.ProductId(x.product), x.quantity) for x in lines]


def _request_transfer(b: m.RequestTransfer, who: str, _: str) -> ExternalCommand:
    key, source, destination = v.TransferId(b.transfer), v.StoreId(b.source), v.StoreId(who)
    return c.RequestTransfer(key, source, destination, _lines(b.lines))


def _arrange_transfer(b: m.ArrangeTransfer, _: str, __: str) -> ExternalCommand:
    source, destination = v.StoreId(b.source), v.StoreId(b.destination)
    return c.RequestTransfer(v.TransferId(b.transfer), source, destination, _lines(b.lines))


def _draft_purchase(b: m.DraftPurchase, who: str, _: str) -> ExternalCommand:
    key, supplier = v.PurchaseId(b.purchase), v.SupplierId(b.supplier)
    return c.DraftPurchase(key, v.StoreId(who), supplier, _lines(b.lines))


def _set_reorder_point(b: m.SetReorderPoint, who: str, _: str) -> ExternalCommand:
    store, product, supplier = v.StoreId(who), v.ProductId(b.product), v.SupplierId(b.supplier)
    return c.SetReorderPoint(store, product, b.point, b.target, b.lead_h, supplier)


def _store_of(who: Identity) -> v.StoreId:
    return v.StoreId(who.subject if who.role == "store" else "")


COMMAND_OF: Table = {
    m.RequestTransfer: _request_transfer,
    m.ArrangeTransfer: _arrange_transfer,
    m.ShipTransfer: lambda b, who, _: c.ShipTransfer(b.transfer, who, _lines(b.lines)),
    m.ReceiveTransfer: lambda b, who, _: c.ReceiveTransfer(b.transfer, who, _lines(b.lost)),
    m.DraftPurchase: _draft_purchase,
    m.ReceivePurchase: lambda b, who, _: c.ReceivePurchase(
        b.purchase, who, _lines(b.lines), b.is_last
    ),
    m.SetReorderPoint: _set_reorder_point,
}
COMMAND_BY: TableByRole = {
    m.ApproveTransfer: lambda b, who: c.ApproveTransfer(b.transfer, _store_of(who)),
    m.DiscardTransfer: lambda b, who: c.DiscardTransfer(b.transfer, _store_of(who)),
    m.OrderPurchase: lambda b, who: c.OrderPurchase(b.purchase, _store_of(who)),
    m.DiscardPurchase: lambda b, who: c.DiscardPurchase(b.purchase, _store_of(who)),
}
