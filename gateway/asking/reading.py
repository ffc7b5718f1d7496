"""Questions: answered from the state as it is, and nothing enters the journal."""

from collections.abc import Callable
from typing import Any, Protocol

from msgspec.structs import replace

from engine.engine import Engine
from engine.projections import Projections
from engine.queries import for_customers
from engine.queries.catalog_index import CatalogIndex
from engine.queries.order_index import OrderIndex
from engine.state import State
from engine.values import SECOND, Millis, OrderId, ProductId, StoreId
from gateway import messages as m
from gateway.asking.accounts import (
    list_cash,
    list_differences,
    list_failed,
    list_reconciliations,
    list_refunds,
)
from gateway.asking.analytics import analytics
from gateway.asking.attendance import list_roster, list_timecards
from gateway.asking.campaign_records import get_campaign, list_campaigns
from gateway.asking.catalog import (
    get_price_history,
    list_categories,
    list_products,
    search_products,
)
from gateway.asking.changes import get_change, list_changes, list_expected
from gateway.asking.coverage import get_coverage
from gateway.asking.customer_records import (
    get_customer,
    get_ratings,
    get_segmentation,
    list_complaints,
    list_purchases,
    list_segment_members,
)
from gateway.asking.finding import order_asked, store_asked
from gateway.asking.fleets import admit_courier, get_delivery, get_fleet_work, list_shifts
from gateway.asking.paging import page_after
from gateway.asking.promotions import (
    get_coupon,
    get_promotion,
    list_coupons,
    list_promotions,
)
from gateway.asking.searching import count_orders, search_orders
from gateway.asking.stores import get_delivery_area, get_store_hours, list_stores
from gateway.asking.suggesting import recommend
from gateway.asking.supply import list_reorder_points, list_supply
from gateway.asking.timeline import get_timeline
from gateway.codes import unknown
from gateway.tokens import LIFE_MAX_S, Identity, Tokens
from gateway.translation import settings_told
from gateway.translation.goods import priced
from gateway.views import order_told, tracking_told
from gateway.wire import money, time_text


class Indexes(Protocol):
    """What is looked up besides the state, and made of it or of records."""

    @property
    def projections(self) -> Projections: ...
    @property
    def catalog(self) -> CatalogIndex: ...
    @property
    def orders(self) -> OrderIndex: ...


Read = Callable[[Any, Identity, Engine], m.ReplyBody]
LookUp = Callable[[Any, Identity, Engine, Indexes], m.ReplyBody]


def read(
    body: m.RequestBody,
    who: Identity,
    engine: Engine,
    tokens: Tokens,
    wall_ms: int,
    indexes: Indexes,
    now: Millis | None = None,
) -> m.ReplyBody:
    """Raises Refusal: `unknown` for what is not there and for what is somebody else's.

    `now`: the engine's time, also while nothing happens in it.
    """
    if isinstance(body, m.Track):
        return _track(who, engine, now)
    if isinstance(body, m.AdmitCourier):
        return admit_courier(body, who, engine.state, tokens, wall_ms)
    if isinstance(body, m.CreateTrackingLink):
        return _tracking_link(body, who, engine.state, tokens, wall_ms)
    if (looked_up := ANSWER_FROM.get(type(body))) is not None:
        return looked_up(body, who, engine, indexes)
    return ANSWER_OF[type(body)](body, who, engine)


def _get_order(b: m.GetOrder, who: Identity, engine: Engine) -> m.Order:
    s, key = engine.state, order_asked(b.order, who, engine.state)
    lines = priced(s.orders[key].lines, s.settings.current.currency)
    payment = s.payments.current(key)
    asked = payment if s.payments.get(payment) else None  # it may cost nothing
    return replace(order_told(s, key, engine.now), lines=lines, payment=asked)


def _list_stock(b: m.ListStock | m.InspectStock, who: Identity, engine: Engine) -> m.Stock:
    s = engine.state
    store = store_asked(b, who, s)
    page, more = page_after(list(s.inventory.levels.get(store, {})), b.after, b.limit)
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
    known = engine.state.settings
    current, waiting = known.current, None
    if (x := known.proposed) is not None:
        waiting = m.SettingsProposed(settings_told(x.settings), x.by, x.why)
    return m.Settings(settings_told(current), current.travel.index_permille, waiting)


def _track(who: Identity, engine: Engine, now: Millis | None) -> m.Tracking:
    s = engine.state
    seen = for_customers.track(s, OrderId(who.subject), now or engine.now)
    if seen is None:
        raise unknown("order", who.subject)
    return tracking_told(seen)


def _tracking_link(
    b: m.CreateTrackingLink, who: Identity, s: State, tokens: Tokens, wall_ms: int
) -> m.TrackingLink:
    order = order_asked(b.order, who, s)
    now_s, ttl_s = wall_ms // SECOND, LIFE_MAX_S["customer"]
    token = tokens.mint("customer", order, ttl_s, now_s)
    return m.TrackingLink(order, token, time_text((now_s + ttl_s) * SECOND))


ANSWER_OF: dict[type, Read] = {
    m.GetOrder: _get_order,
    m.ListStores: list_stores,
    m.ListProducts: list_products,
    m.GetPriceHistory: get_price_history,
    m.GetStoreHours: get_store_hours,
    m.GetDeliveryArea: get_delivery_area,
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
    m.ListPromotions: list_promotions,
    m.GetCoupon: get_coupon,
    m.ListCoupons: list_coupons,
    m.ListCash: list_cash,
    m.ListReconciliations: list_reconciliations,
    m.ListDifferences: lambda b, _, engine: list_differences(b, engine),
    m.GetCustomer: get_customer,
    m.ListPurchases: list_purchases,
    m.GetSegmentation: get_segmentation,
    m.ListSegmentMembers: list_segment_members,
    m.ListComplaints: list_complaints,
    m.GetRatings: get_ratings,
    m.GetCampaign: get_campaign,
    m.ListCampaigns: list_campaigns,
    m.GetTimeline: get_timeline,
    m.GetDelivery: get_delivery,
}
ANSWER_FROM: dict[type, LookUp] = {
    m.SearchProducts: lambda b, _, engine, indexes: search_products(b, engine, indexes.catalog),
    m.ListCategories: lambda b, _, engine, indexes: list_categories(b, engine, indexes.catalog),
    m.SearchOrders: lambda b, who, engine, indexes: search_orders(b, who, engine, indexes.orders),
    m.CountOrders: lambda b, who, engine, indexes: count_orders(b, who, engine, indexes.orders),
    m.ListShifts: lambda b, who, engine, indexes: list_shifts(b, who, engine, indexes.projections),
    m.GetFleetWork: lambda b, who, engine, indexes: get_fleet_work(
        b, who, engine, indexes.projections
    ),
    m.Recommend: lambda b, who, engine, indexes: recommend(b, who, engine, indexes.projections),
    m.GetCoverage: lambda b, who, engine, indexes: get_coverage(
        b, who, engine, indexes.projections
    ),
    **dict.fromkeys(
        (m.GetAnalytics, m.GetStoreAnalytics, m.GetHeatMap),
        lambda b, who, engine, indexes: analytics(b, who, engine, indexes.projections),
    ),
}
READS = frozenset((*ANSWER_OF, *ANSWER_FROM, m.Track, m.CreateTrackingLink, m.AdmitCourier))
