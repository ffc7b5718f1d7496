"""What stores ask for, as commands."""

from engine import commands as c
from engine import values as v
from engine.commands import ExternalCommand
from gateway import messages as m
from gateway.translation.table import Table
from gateway.wire import millis, minor


def _report_missing(b: m.ReportMissing, who: str, _: str) -> ExternalCommand:
    return c.ReportMissing(v.StoreId(who), v.OrderId(b.order), v.ProductId(b.product), b.quantity)


COMMAND_OF: Table = {
    m.AcceptOrder: lambda b, who, _: c.AcceptOrder(who, b.order, millis(b.ready_at, "ready_at")),
    m.RejectOrder: lambda b, who, _: c.RejectOrder(who, b.order, b.reason),
    m.UpdateReadyTime: lambda b, who, _: c.UpdateReadyTime(
        who, b.order, millis(b.ready_at, "ready_at")
    ),
    m.ReportReady: lambda b, who, _: c.ReportReady(who, b.order),
    m.ReportMissing: _report_missing,
    m.ReceiveReturn: lambda b, who, _: c.ReceiveReturn(who, b.delivery, b.sellable),
    m.ReportCollection: lambda b, who, _: c.ReportCollection(who, b.order, b.code),
    m.OpenStore: lambda _, who, __: c.OpenStore(who),
    m.CloseStore: lambda _, who, __: c.CloseStore(who),
    m.SetPrice: lambda b, who, cur: c.SetPrice(who, b.product, minor(b.price, cur, "price")),
    m.ReceiveStock: lambda b, who, _: c.ReceiveStock(who, b.product, b.quantity),
    m.CountStock: lambda b, who, _: c.CountStock(who, b.product, b.counted),
    m.SetSafetyStock: lambda b, who, _: c.SetSafetyStock(who, b.product, b.quantity),
    m.RecordSale: lambda b, who, _: c.RecordSale(who, b.product, b.quantity),
}
