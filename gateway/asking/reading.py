"""Questions: answered from the state as it is, and nothing enters the journal."""

from bisect import bisect_right
from collections.abc import Callable
from typing import Any, Protocol

from msgspec.structs import asdict, replace

from engine.engine import Engine
from engine.projections import Projections
from engine.queries import for_customers
from engine.queries.catalog_index import CatalogIndex
from engine.queries.order_index import OrderIndex
from engine.state import State
from engine.state.ratings import Tally
from engine.state.stores import Store
from engine.values import SECOND, Millis, OrderId, ProductId, StoreId
from gateway import messages as m
from gateway.asking.accounts import list_cash, list_differences, list_reconciliations
from gateway.asking.analytics import analytics
from gateway.asking.attendance import list_roster, list_timecards
from gateway.asking.campaign_records import get_campaign, list_campaigns
from gateway.asking.catalog import (
    get_price_history,
    list_categories,
    list_products,
    search_products,
)
from gateway.asking.customer_records import (
    get_customer,
    get_ratings,
    get_segmentation,
    list_complaints,
    list_purchases,
)
from gateway.asking.promotions import get_coupon, get_promotion, list_coupons
from gateway.asking.searching import count_orders, search_orders
from gateway.asking.suggesting import recommend
from gateway.asking.supply import list_reorder_points, list_supply
from gateway.asking.timeline import get_timeline
from gateway.auth import LIFE_MAX_S, Identity, Tokens
from gateway.codes import Refusal
from gateway.translation import opening, priced, settings_told
from gateway.translation.refunding import list_failed, list_refunds
from gateway.translation.returning import get_change, list_changes, list_expected
from gateway.views import order_told, tracking_told
from gateway.wire import money, place, time_text

PERMILLE = 1_000
Read = Callable[[Any, Identity, Engine], m.ReplyBody]


class Kept(Protocol):
    """What is remembered besides the state."""

    @property
    def projections(self) -> Projections: ...
    @property
    def catalog(self) -> CatalogIndex: ...
    @property
    def orders(self) -> OrderIndex: ...


def read(
    body: m.RequestBody,
    who: Identity,
    engine: Engine,
    tokens: Tokens,
    wall_ms: int,
    kept: Kept,
    now: Millis | None = None,
) -> m.ReplyBody:
    """Raises Refusal: `unknown` for what is not there and for what is somebody else's.

    `now`: the engine's time, also while nothing happens in it.
    """
    if isinstance(body, m.Track):
        return _track(who, engine, now)
    if isinstance(body, m.CreateTrackingLink):
        return _tracking_link(body, who, engine.state, tokens, wall_ms)
    if isinstance(body, m.SearchProducts):
        return search_products(body, engine, kept.catalog)
    if isinstance(body, m.ListCategories):
        return list_categories(body, engine, kept.catalog)
    if isinstance(body, m.SearchOrders):
        return search_orders(body, who, engine, kept.orders)
    if isinstance(body, m.CountOrders):
        return count_orders(body, who, engine, kept.orders)
    if isinstance(body, m.Recommend):
        return recommend(body, who, engine, kept.projections)
    if isinstance(body, ANALYTICS):
        return analytics(body, who, engine, kept.projections)
    return ANSWER_OF[type(body)](body, who, engine)


def _get_order(b: m.GetOrder, who: Identity, engine: Engine) -> m.Order:
    s, key = engine.state, _own_order(b.order, who, engine.state)
    lines = priced(s.orders[key].lines, s.settings.current.currency)
    payment = s.payments.current(key)
    asked = payment if s.payments.get(payment) else None  # it may cost nothing
    return replace(order_told(s, key, engine.now), lines=lines, payment=asked)


def _list_stores(_: m.ListStores, __: Identity, engine: Engine) -> m.Stores:
    s = engine.state
    return m.Stores(
        [
            _store_listed(k, x, opening.store_hours(s, k, engine.now), s.ratings.stores.get(k))
            for k, x in s.stores.stores.items()
        ]
    )


def _store_listed(
    key: StoreId, store: Store, hours: m.StoreHours, rated: Tally | None
) -> m.StoreListed:
    return m.StoreListed(
        key,
        store.name,
        place(store.location),
        hours.open,
        store.preparation_ms // SECOND,
        store.busy_permille,
        hours.opens_at,
        rated.count if rated else 0,
        rated.total * PERMILLE // rated.count if rated else None,
    )


def _get_delivery_area(b: m.GetDeliveryArea, _: Identity, engine: Engine) -> m.DeliveryArea:
    s = engine.state
    if s.stores.get(StoreId(b.store)) is None:
        raise Refusal("unknown", detail={"what": "store", "id": b.store})
    return opening.delivery_area(s, StoreId(b.store))


def _get_store_hours(b: m.GetStoreHours, _: Identity, engine: Engine) -> m.StoreHours:
    s = engine.state
    if s.stores.get(StoreId(b.store)) is None:
        raise Refusal("unknown", detail={"what": "store", "id": b.store})
    return opening.store_hours(s, StoreId(b.store), engine.now)


def _list_stock(b: m.ListStock | m.InspectStock, who: Identity, engine: Engine) -> m.Stock:
    s = engine.state
    store = _store(b, who, s)
    page, more = _page(list(s.inventory.levels.get(store, {})), b.after, b.limit)
    return m.Stock([_shelf(s, store, x, engine.now) for x in page], more)


def _shelf(s: State, store: StoreId, key: ProductId, at: Millis) -> m.Shelf:
    level, price = s.inventory.levels[store][key], s.prices.current(store, key, at)
    cost = None if price is None else money(price, s.settings.current.currency)
    return m.Shelf(
        key,
        level.on_hand,
        level.reserved,
        level.safety,
        level.available,
        cost,
        level.damaged,
        level.incoming,
    )


def _get_settings(_: m.GetSettings, __: Identity, engine: Engine) -> m.Settings:
    current = engine.state.settings.current
    return m.Settings(settings_told(current), current.travel.index_permille)


def _explain_order(b: m.ExplainOrder, _: Identity, engine: Engine) -> m.Explanation:
    """Milliseconds, once the kernels are compiled: whoever serves warms them up."""
    from solvers.crossing.explanation import explain  # here, for it loads the kernels

    s = engine.state
    if s.orders.get(OrderId(b.order)) is None:
        raise Refusal("unknown", detail={"what": "order", "id": b.order})
    found = explain(s, OrderId(b.order), engine.now, b.top)
    ways = [
        m.Alternative(
            x.courier, x.cost, asdict(x.terms), time_text(x.at_store), time_text(x.at_door)
        )
        for x in found.alternatives
    ]
    why = None
    if found.remedy is not None:
        why = m.Remedy(**asdict(found.remedy))
    return m.Explanation(found.order, found.settled, ways, found.delivery, found.courier, why)


def _track(who: Identity, engine: Engine, now: Millis | None) -> m.Tracking:
    s = engine.state
    seen = for_customers.track(s, OrderId(who.subject), now or engine.now)
    if seen is None:
        raise Refusal("unknown", detail={"what": "order", "id": who.subject})
    return tracking_told(seen)


def _tracking_link(
    b: m.CreateTrackingLink, who: Identity, s: State, tokens: Tokens, wall_ms: int
) -> m.TrackingLink:
    order = _own_order(b.order, who, s)
    now_s, ttl_s = wall_ms // SECOND, LIFE_MAX_S["customer"]
    token = tokens.mint("customer", order, ttl_s, now_s)
    return m.TrackingLink(order, token, time_text((now_s + ttl_s) * SECOND))


def _store(body: object, who: Identity, s: State) -> StoreId:
    """One's own, or the one an operator names."""
    store = StoreId(getattr(body, "store", who.subject))
    if who.role == "operator" and s.stores.get(store) is None:
        raise Refusal("unknown", detail={"what": "store", "id": store})
    return store


def _own_order(key: str, who: Identity, s: State) -> OrderId:
    order = s.orders.get(OrderId(key))
    if order is None or (who.role == "order_service" and order.placed.service != who.subject):
        raise Refusal("unknown", detail={"what": "order", "id": key})
    return OrderId(key)


def _page(
    keys: list[ProductId], after: str | None, limit: int
) -> tuple[list[ProductId], str | None]:
    """By id, so that pages stay right while products come and go."""
    keys.sort()
    start = bisect_right(keys, after) if after is not None else 0
    page = keys[start : start + limit]
    return page, page[-1] if start + limit < len(keys) else None


ANSWER_OF: dict[type, Read] = {
    m.GetOrder: _get_order,
    m.ListStores: _list_stores,
    m.ListProducts: list_products,
    m.GetPriceHistory: get_price_history,
    m.GetStoreHours: _get_store_hours,
    m.GetDeliveryArea: _get_delivery_area,
    m.ListStock: _list_stock,
    m.InspectStock: _list_stock,
    m.ListSupply: list_supply,
    m.InspectSupply: list_supply,
    m.ListReorderPoints: list_reorder_points,
    m.ListTimecards: list_timecards,
    m.ListRoster: list_roster,
    m.GetSettings: _get_settings,
    m.ListRefunds: list_refunds,
    m.ListFailedInstructions: list_failed,
    m.GetChange: get_change,
    m.ListChanges: list_changes,
    m.ListExpected: list_expected,
    m.GetPromotion: get_promotion,
    m.GetCoupon: get_coupon,
    m.ListCoupons: list_coupons,
    m.ExplainOrder: _explain_order,
    m.ListCash: list_cash,
    m.ListReconciliations: list_reconciliations,
    m.ListDifferences: lambda b, _, engine: list_differences(b, engine),
    m.GetCustomer: get_customer,
    m.ListPurchases: list_purchases,
    m.GetSegmentation: get_segmentation,
    m.ListComplaints: list_complaints,
    m.GetRatings: get_ratings,
    m.GetCampaign: get_campaign,
    m.ListCampaigns: list_campaigns,
    m.GetTimeline: get_timeline,
}
ANALYTICS = (m.GetAnalytics, m.GetStoreAnalytics, m.GetHeatMap)
CATALOG = (m.SearchProducts, m.ListCategories)
MOVEMENTS = (m.ListMovements, m.InspectMovements)
ALONE = (m.CreateTrackingLink, m.Track, m.GetPayment, m.StartPayment, m.Recommend, *MOVEMENTS)
ORDERS = (m.SearchOrders, m.CountOrders)
READS = frozenset((*ANSWER_OF, *ANALYTICS, *CATALOG, *ORDERS, *ALONE))
