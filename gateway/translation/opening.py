"""When a store takes orders: requests as commands, and its hours as they are told."""

from datetime import date

from engine import commands as c
from engine import values as v
from engine.commands import ExternalCommand
from engine.rules.opening import closure, desertion
from engine.state import State
from engine.terms import Hours, SpecialDay
from gateway import messages as m
from gateway.codes import Refusal
from gateway.translation.table import Table
from gateway.translation.weeks import clock, hours_told, minutes, weekly
from gateway.wire import millis, time_text
from geo.points import Point, PointError
from geo.zones import ZoneError, polygon_of_geojson

EPOCH_DAY = date(1970, 1, 1).toordinal()


def _set_store_hours(b: m.SetStoreHours, who: str, _: str) -> ExternalCommand:
    days = [SpecialDay(_day(x.date), [_span(y) for y in x.hours]) for x in b.days]
    return c.SetStoreHours(v.StoreId(who), weekly(b.weekly), days)


def _set_busy_mode(b: m.SetBusyMode, who: str, _: str) -> ExternalCommand:
    until = v.Millis(0) if b.until is None else millis(b.until, "until")
    return c.SetBusyMode(v.StoreId(who), b.preparation_permille, until)


def _set_delivery_area(b: m.SetDeliveryArea, _: str, __: str) -> ExternalCommand:
    """Drawn as a polygon has to be: no edges that cross, holes inside."""
    if b.area is None:
        return c.SetDeliveryArea(v.StoreId(b.store))
    geometry = {"type": b.area.type, "coordinates": b.area.coordinates}
    try:
        area = polygon_of_geojson(geometry)
    except (ZoneError, PointError) as e:
        raise Refusal("malformed", str(e), {"field": "area", "hint": e.code}) from None
    return c.SetDeliveryArea(v.StoreId(b.store), area)


def _position(point: Point) -> tuple[float, float]:
    return point.lon_deg, point.lat_deg


def delivery_area(s: State, key: v.StoreId) -> m.DeliveryArea:
    area, told = s.stores[key].area, None
    if area is not None:
        told = m.MultiPolygon([[[_position(x) for x in z] for z in y] for y in area.parts])
    return m.DeliveryArea(key, told, s.settings.current.delivery_radius_m)


COMMAND_OF: Table = {
    m.SetDeliveryArea: _set_delivery_area,
    m.SetStoreHours: _set_store_hours,
    m.PauseStore: lambda b, who, _: c.PauseStore(who, millis(b.until, "until"), b.reason),
    m.SetBusyMode: _set_busy_mode,
}


def store_hours(s: State, key: v.StoreId, now: v.Millis) -> m.StoreHours:
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


def _day(text: str) -> int:
    try:
        return date.fromisoformat(text).toordinal() - EPOCH_DAY
    except ValueError:
        raise Refusal("malformed", "not a day that exists", {"field": "days.date"}) from None


def _span(x: m.Span) -> Hours:
    return Hours(minutes(x.opens), minutes(x.closes))


def _day_told(day: int, hours: list[Hours]) -> m.SpecialDay:
    spans = [m.Span(clock(x.opens_min), clock(x.closes_min)) for x in hours]
    return m.SpecialDay(date.fromordinal(day + EPOCH_DAY).isoformat(), spans)
