"""Changes of fulfilled orders, as commands and as told."""

from bisect import bisect_right

from engine import commands as c
from engine import events as e
from engine import values as v
from engine.commands import ExternalCommand
from engine.engine import Engine
from engine.state import State
from engine.state.order_changes import OrderChange
from gateway import messages as m
from gateway.auth import Identity
from gateway.codes import Refusal
from gateway.translation.ordering import service_of
from gateway.translation.table import IdentityTable, Table
from gateway.wire import money, time_text


def _preview(b: m.PreviewChange, who: Identity, _: str) -> ExternalCommand:
    return c.PreviewChange(
        v.ChangeId(b.change),
        v.OrderId(b.order),
        [v.Line(v.ProductId(x.product), x.quantity) for x in b.lines],
        b.reason,
        v.ReturnWay(b.way),
        service_of(who),
    )


def _receive(b: m.ReceiveChange, who: str, _: str) -> ExternalCommand:
    received = [v.ReturnedLine(v.ProductId(x.product), x.sellable, x.damaged) for x in b.received]
    return c.ReceiveChange(v.StoreId(who), v.ChangeId(b.change), received)


COMMAND_OF: Table = {
    m.ReceiveChange: _receive,
    m.WaiveReturn: lambda b, who, _: c.WaiveReturn(b.change, who),
}
BY_IDENTITY: IdentityTable = {
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
        [m.Line(line.product, line.quantity) for line in x.lines],
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
        [m.Line(line.product, line.quantity) for line in x.lines],
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


# questions


def get_change(b: m.GetChange, who: Identity, engine: Engine) -> m.OrderChange:
    s, key = engine.state, v.ChangeId(b.change)
    change = s.order_changes.get(key)
    mine = {"store": change.store, "order_service": change.service} if change else {}
    if change is None or mine.get(who.role, who.subject) != who.subject:
        raise Refusal("unknown", detail={"what": "change", "id": b.change})
    return change_told(key, change, s.settings.current.currency)


def list_changes(b: m.ListChanges, who: Identity, engine: Engine) -> m.OrderChanges:
    s, key = engine.state, v.OrderId(b.order)
    order = s.orders.get(key)
    if order is None or (who.role == "order_service" and order.placed.service != who.subject):
        raise Refusal("unknown", detail={"what": "order", "id": b.order})
    return m.OrderChanges(_told(s, list(s.order_changes.of_order.get(key, ()))))


def list_expected(b: m.ListExpected, who: Identity, engine: Engine) -> m.OrderChanges:
    s = engine.state
    keys = sorted(s.order_changes.expected.get(v.StoreId(who.subject), ()))
    start = bisect_right(keys, b.after) if b.after is not None else 0
    page = keys[start : start + b.limit]
    more = page[-1] if start + b.limit < len(keys) else None
    return m.OrderChanges(_told(s, page), more)


def expected_told(s: State, store: v.StoreId) -> list[m.OrderChange]:
    """What is to come back to a store, the oldest first."""
    return _told(s, list(s.order_changes.expected.get(store, ())))


def _told(s: State, keys: list[v.ChangeId]) -> list[m.OrderChange]:
    currency = s.settings.current.currency
    return [change_told(x, s.order_changes[x], currency) for x in keys]
