"""What stores ask for, as commands."""

from engine import commands as c
from engine import values as v
from engine.commands import ExternalCommand
from gateway import messages as m
from gateway.tokens import Identity
from gateway.translation.table import Table
from gateway.translation.weeks import weekly
from gateway.wire import millis, minor


def _report_missing(b: m.ReportMissing, who: Identity, _: str) -> ExternalCommand:
    return c.ReportMissing(
        v.StoreId(who.subject), v.OrderId(b.order), v.ProductId(b.product), b.quantity
    )


def _set_price(b: m.SetPrice, who: Identity, currency: str) -> ExternalCommand:
    from_at = v.Millis(0) if b.from_at is None else millis(b.from_at, "from_at")
    price = minor(b.price, currency, "price")
    return c.SetPrice(v.StoreId(who.subject), v.ProductId(b.product), price, from_at)


COMMAND_OF: Table = {
    m.AcceptOrder: lambda b, who, _: c.AcceptOrder(
        who.subject, b.order, millis(b.ready_at, "ready_at")
    ),
    m.RejectOrder: lambda b, who, _: c.RejectOrder(who.subject, b.order, b.reason),
    m.UpdateReadyTime: lambda b, who, _: c.UpdateReadyTime(
        who.subject, b.order, millis(b.ready_at, "ready_at")
    ),
    m.ReportReady: lambda b, who, _: c.ReportReady(who.subject, b.order),
    m.LabelOrder: lambda b, who, _: c.LabelOrder(who.subject, b.order, b.labels),
    m.ReportMissing: _report_missing,
    m.ReceiveReturn: lambda b, who, _: c.ReceiveReturn(who.subject, b.delivery, b.sellable),
    m.ReportCollection: lambda b, who, _: c.ReportCollection(
        who.subject, b.order, b.code, b.age_checked
    ),
    m.OpenStore: lambda _, who, __: c.OpenStore(who.subject),
    m.CloseStore: lambda _, who, __: c.CloseStore(who.subject),
    m.SetPrice: _set_price,
    m.WithdrawPrices: lambda b, who, _: c.WithdrawPrices(who.subject, b.product),
    m.ListInStore: lambda b, who, _: c.ListInStore(who.subject, b.product, weekly(b.hours)),
    m.DelistInStore: lambda b, who, _: c.DelistInStore(who.subject, b.product),
    m.ReceiveStock: lambda b, who, _: c.ReceiveStock(who.subject, b.product, b.quantity),
    m.CountStock: lambda b, who, _: c.CountStock(who.subject, b.product, b.counted),
    m.SetSafetyStock: lambda b, who, _: c.SetSafetyStock(who.subject, b.product, b.quantity),
    m.RecordSale: lambda b, who, _: c.RecordSale(who.subject, b.product, b.quantity),
}
