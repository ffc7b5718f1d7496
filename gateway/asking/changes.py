"""Questions about changes of fulfilled orders, and what is to come back to a store."""

from engine.engine import Engine
from engine.state import State
from engine.values import ChangeId, StoreId
from gateway import messages as m
from gateway.asking.finding import order_asked
from gateway.asking.paging import page_after
from gateway.codes import unknown
from gateway.tokens import Identity
from gateway.translation.returning import change_told


def get_change(b: m.GetChange, who: Identity, engine: Engine) -> m.OrderChange:
    s, key = engine.state, ChangeId(b.change)
    change = s.order_changes.get(key)
    mine = {"store": change.store, "order_service": change.service} if change else {}
    if change is None or mine.get(who.role, who.subject) != who.subject:
        raise unknown("change", b.change)
    return change_told(key, change, s.settings.current.currency)


def list_changes(b: m.ListChanges, who: Identity, engine: Engine) -> m.OrderChanges:
    s = engine.state
    order = order_asked(b.order, who, s)
    return m.OrderChanges(_told(s, list(s.order_changes.of_order.get(order, ()))))


def list_expected(b: m.ListExpected, who: Identity, engine: Engine) -> m.OrderChanges:
    s = engine.state
    keys = list(s.order_changes.expected.get(StoreId(who.subject), ()))
    page, more = page_after(keys, b.after, b.limit)
    return m.OrderChanges(_told(s, page), more)


def expected_told(s: State, store: StoreId) -> list[m.OrderChange]:
    """What is to come back to a store, the oldest first."""
    return _told(s, list(s.order_changes.expected.get(store, ())))


def _told(s: State, keys: list[ChangeId]) -> list[m.OrderChange]:
    currency = s.settings.current.currency
    return [change_told(x, s.order_changes[x], currency) for x in keys]
