"""When a store takes orders, and where it delivers to: requests as commands."""

from datetime import date

from engine import commands as c
from engine import values as v
from engine.commands import ExternalCommand
from engine.terms import Hours, SpecialDay
from gateway import messages as m
from gateway.codes import Refusal
from gateway.tokens import Identity
from gateway.translation.table import Table
from gateway.translation.weeks import minutes, weekly
from gateway.wire import millis
from geo.points import PointError
from geo.zones import ZoneError, polygon_of_geojson

EPOCH_DAY = date(1970, 1, 1).toordinal()


def _set_store_hours(b: m.SetStoreHours, who: Identity, _: str) -> ExternalCommand:
    days = [SpecialDay(_day(x.date), _spans(x.hours)) for x in b.days]
    return c.SetStoreHours(v.StoreId(who.subject), weekly(b.weekly), days)


def _set_busy_mode(b: m.SetBusyMode, who: Identity, _: str) -> ExternalCommand:
    until = v.Millis(0) if b.until is None else millis(b.until, "until")
    return c.SetBusyMode(v.StoreId(who.subject), b.preparation_permille, until)


def _set_delivery_area(b: m.SetDeliveryArea, _: Identity, __: str) -> ExternalCommand:
    """Drawn as a polygon has to be: no edges that cross, holes inside."""
    if b.area is None:
        return c.SetDeliveryArea(v.StoreId(b.store))
    geometry = {"type": b.area.type, "coordinates": b.area.coordinates}
    try:
        area = polygon_of_geojson(geometry)
    except (ZoneError, PointError) as e:
        raise Refusal("malformed", str(e), {"field": "area", "hint": e.code}) from None
    return c.SetDeliveryArea(v.StoreId(b.store), area)


COMMAND_OF: Table = {
    m.SetDeliveryArea: _set_delivery_area,
    m.SetStoreHours: _set_store_hours,
    m.PauseStore: lambda b, who, _: c.PauseStore(who.subject, millis(b.until, "until"), b.reason),
    m.SetBusyMode: _set_busy_mode,
}


def _day(text: str) -> int:
    try:
        return date.fromisoformat(text).toordinal() - EPOCH_DAY
    except ValueError:
        raise Refusal("malformed", "not a day that exists", {"field": "days.date"}) from None


def _spans(hours: list[m.Span]) -> list[Hours]:
    found = [Hours(minutes(x.opens), minutes(x.closes)) for x in hours]
    return sorted(found, key=lambda x: x.opens_min)
