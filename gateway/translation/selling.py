"""What a store's tills ask for, as commands; and what they are answered."""

from engine import commands as c
from engine import events as e
from engine import values as v
from engine.commands import ExternalCommand
from engine.engine import Record
from gateway import messages as m
from gateway.tokens import Identity
from gateway.translation.goods import lines_of
from gateway.translation.table import Table
from gateway.wire import millis, minor


def _record_receipt(b: m.RecordReceipt, who: Identity, currency: str) -> ExternalCommand:
    return c.RecordReceipt(
        v.StoreId(who.subject),
        b.till,
        v.ReceiptId(b.receipt),
        _sold(b.lines, currency),
        v.Tender(b.tender),
        b.cashier or "",
    )


def _reconcile_till(b: m.ReconcileTill, who: Identity, currency: str) -> ExternalCommand:
    receipts = [
        v.TillReceipt(
            v.ReceiptId(x.receipt),
            millis(x.sold_at, "sold_at"),
            _sold(x.lines, currency),
            v.Tender(x.tender),
            x.cashier or "",
        )
        for x in b.receipts
    ]
    return c.ReconcileTill(v.StoreId(who.subject), b.till, receipts)


def _refund_receipt(b: m.RefundReceipt, who: Identity, _: str) -> ExternalCommand:
    lines = lines_of(b.lines)
    return c.RefundReceipt(
        v.StoreId(who.subject), v.ReceiptId(b.receipt), b.refund, lines, b.sellable
    )


def _sold(lines: list[m.SoldLine], currency: str) -> list[v.PricedLine]:
    return [
        v.PricedLine(v.ProductId(x.product), x.quantity, minor(x.price, currency, "price"))
        for x in lines
    ]


COMMAND_OF: Table = {
    m.RecordReceipt: _record_receipt,
    m.ReconcileTill: _reconcile_till,
    m.RefundReceipt: _refund_receipt,
}


def till_reconciled(command: c.ReconcileTill, record: Record) -> m.TillReconciled:
    news = [x.receipt for x in record.events if isinstance(x, e.ReceiptRecorded)]
    short = [
        m.WentShort(x.product, x.quantity, [y.order for y in x.orders])
        for x in record.events
        if isinstance(x, e.StockShortfall)
    ]
    return m.TillReconciled(len(news), len(command.receipts) - len(news), short)


def receipt_refunded(x: e.ReceiptRefunded, currency: str) -> m.ReceiptRefunded:
    return m.ReceiptRefunded(x.receipt, x.refund, m.Money(x.amount_minor, currency))
