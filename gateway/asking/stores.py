"""Questions about stores: which there are, when they take orders, where they deliver to."""

from datetime import date

from engine.engine import Engine
from engine.rules.opening import closure, desertion
from engine.state import State
from engine.state.ratings import Tally
from engine.state.stores import Store
from engine.terms import Hours
from engine.values import SECOND, Millis, StoreId
from gateway import messages as m
from gateway.asking.finding import store_named
from gateway.tokens import Identity
from gateway.translation.opening import EPOCH_DAY
from gateway.translation.weeks import clock, hours_told
from gateway.wire import place, time_text
from geo.points import Point

PERMILLE = 1_000


def list_stores(_: m.ListStores, __: Identity, engine: Engine) -> m.Stores:
    s = engine.state
    return m.Stores(
        [
            _store_listed(k, x, _hours(s, k, engine.now), s.ratings.stores.get(k))
            for k, x in s.stores.stores.items()
        ]
    )


def get_store_hours(b: m.GetStoreHours, _: Identity, engine: Engine) -> m.StoreHours:
    s = engine.state
    return _hours(s, store_named(s, b.store), engine.now)


def get_delivery_area(b: m.GetDeliveryArea, _: Identity, engine: Engine) -> m.DeliveryArea:
    s = engine.state
    store = store_named(s, b.store)
    area, told = s.stores[store].area, None
    if area is not None:
        told = m.MultiPolygon([[[_position(x) for x in z] for z in y] for y in area.parts])
    return m.DeliveryArea(store, told, s.settings.current.delivery_radius_m)


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


def _hours(s: State, key: StoreId, now: Millis) -> m.StoreHours:
    store, offset_min = s.stores[key], s.settings.current.utc_offset_min
    fault = closure(store, now, offset_min) or desertion(s.staff, key, now)
    opens_at = fault[1].get("opens_at") if fault else None
    return m.StoreHours(
        key,
        fault is None,
        hours_told(store.weekly),
        [_day_told(day, hours) for day, hours in store.days.items()],
        offset_min,
        store.busy_permille,
        time_text(opens_at) if isinstance(opens_at, int) else None,
    )


def _day_told(day: int, hours: list[Hours]) -> m.SpecialDay:
    spans = [m.Span(clock(x.opens_min), clock(x.closes_min)) for x in hours]
    return m.SpecialDay(date.fromordinal(day + EPOCH_DAY).isoformat(), spans)


def _position(point: Point) -> tuple[float, float]:
    return point.lon_deg, point.lat_deg
