"""Goods on their way to stores, as they are told: in feeds when they change, and when asked for."""

from engine import events as e
from engine.engine import Engine
from engine.rules.replenishment import expected
from engine.state import State
from engine.values import Millis, ProductId, PurchaseId, StoreId, TransferId
from gateway import messages as m
from gateway.asking.finding import store_asked
from gateway.asking.paging import page_after
from gateway.tokens import Identity
from gateway.translation.goods import lines_told
from gateway.wire import time_text

TRANSFER_EVENTS = (
    e.TransferRequested,
    e.TransferApproved,
    e.TransferDiscarded,
    e.TransferShipped,
    e.TransferReceived,
)
PURCHASE_EVENTS = (
    e.PurchaseDrafted,
    e.PurchaseOrdered,
    e.PurchaseDiscarded,
    e.PurchaseReceived,
    e.PurchaseClosed,
)
TELLS = frozenset((*TRANSFER_EVENTS, *PURCHASE_EVENTS))


def news_of(event: e.AnyEvent, s: State) -> tuple[tuple[str, ...], m.Transfer | m.SupplierPurchase]:
    """The stores it is news for, and what is told."""
    if isinstance(event, TRANSFER_EVENTS):
        transfer = _transfer(s, event.transfer)
        return (transfer.source, transfer.destination), transfer
    assert isinstance(event, PURCHASE_EVENTS)
    purchase = _purchase(s, event.purchase)
    return (purchase.store,), purchase


def list_supply(b: m.ListSupply | m.InspectSupply, who: Identity, engine: Engine) -> m.Supply:
    s = engine.state
    store = store_asked(b, who, s)
    transfers = s.transfers.open.get(store, {})
    purchases = s.purchases.open.get(store, {})
    return m.Supply([_transfer(s, x) for x in transfers], [_purchase(s, x) for x in purchases])


def list_reorder_points(b: m.ListReorderPoints, who: Identity, engine: Engine) -> m.ReorderPoints:
    s, store = engine.state, StoreId(who.subject)
    page, more = page_after(list(s.reorders.of_store(store)), b.after, b.limit)
    return m.ReorderPoints([_point(s, store, x, engine.now) for x in page], more)


def _point(s: State, store: StoreId, product: ProductId, now: Millis) -> m.ReorderPoint:
    x = s.reorders.of_store(store)[product]
    due = expected(x, now, x.lead_h)
    return m.ReorderPoint(product, x.point, x.target, x.lead_h, x.supplier, due, x.hourly_milli)


def _transfer(s: State, key: TransferId) -> m.Transfer:
    x = s.transfers[key]
    return m.Transfer(
        key,
        x.status.value,
        x.source,
        x.destination,
        lines_told(x.lines),
        time_text(x.changed_at),
        lines_told(x.lost),
        x.by_engine,
    )


def _purchase(s: State, key: PurchaseId) -> m.SupplierPurchase:
    x = s.purchases[key]
    products = dict.fromkeys([*(y.product for y in x.lines), *x.received])
    lines = [m.ReceivedLine(y, x.ordered(y), x.received.get(y, 0)) for y in products]
    at = time_text(x.changed_at)
    return m.SupplierPurchase(key, x.status.value, x.store, x.supplier, lines, at)
