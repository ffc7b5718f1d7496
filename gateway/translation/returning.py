"""Changes of fulfilled orders, as commands and as told."""

from engine import commands as c
from engine import events as e
from engine import values as v
from engine.commands import ExternalCommand
from engine.state.order_changes import OrderChange
from gateway import messages as m
from gateway.tokens import Identity
from gateway.translation.goods import lines_of, lines_told
from gateway.translation.table import Table, service_of
from gateway.wire import money, time_text


def _preview(b: m.PreviewChange, who: Identity, _: str) -> ExternalCommand:
    return c.PreviewChange(
        v.ChangeId(b.change),
        v.OrderId(b.order),
        lines_of(b.lines),
        b.reason,
        v.ReturnWay(b.way),
        service_of(who),
    )


def _receive(b: m.ReceiveChange, who: Identity, _: str) -> ExternalCommand:
    received = [v.ReturnedLine(v.ProductId(x.product), x.sellable, x.damaged) for x in b.received]
    return c.ReceiveChange(v.StoreId(who.subject), v.ChangeId(b.change), received)


COMMAND_OF: Table = {
    m.ReceiveChange: _receive,
    m.WaiveReturn: lambda b, who, _: c.WaiveReturn(b.change, who.subject),
    m.PreviewChange: _preview,
    m.ConfirmChange: lambda b, who, _: c.ConfirmChange(b.change, service_of(who)),
    m.WithdrawChange: lambda b, who, _: c.WithdrawChange(b.change, service_of(who)),
    m.FetchReturn: lambda b, who, _: c.FetchReturn(b.change, service_of(who)),
}


def previewed_told(x: e.ChangePreviewed, currency: str) -> m.OrderChange:
    refund = x.goods_minor + x.delivery_minor - x.fee_minor
    return m.OrderChange(
        x.change,
        x.order,
        x.store,
        "previewed",
        lines_told(x.lines),
        x.reason,  # type: ignore[arg-type]
        x.way.value,
        money(x.goods_minor, currency),
        money(x.delivery_minor, currency),
        money(x.fee_minor, currency),
        money(refund, currency),
        time_text(x.expires_at),
    )


def change_told(key: v.ChangeId, x: OrderChange, currency: str) -> m.OrderChange:
    return m.OrderChange(
        key,
        x.order,
        x.store,
        x.status.value,
        lines_told(x.lines),
        x.reason,  # type: ignore[arg-type]
        x.way.value,
        money(x.goods_minor, currency),
        money(x.delivery_minor, currency),
        money(x.fee_minor, currency),
        money(x.refund_minor, currency),
        None if x.confirmed_at else time_text(x.expires_at),
        x.delivery,
        x.missed or None,
        [m.ReturnedLine(y.product, y.sellable, y.damaged) for y in x.received],
        x.closed or None,
        x.replacement,
        money(x.credit_minor, currency) if x.credit_minor else None,
    )
