"""Facts about when stores take orders, and how busy they are."""

from engine.events.event import Event
from engine.terms import Hours, SpecialDay
from engine.values import Millis, StoreId
from geo.points import Point
from geo.zones import Polygon


class StoreHoursSet(Event, frozen=True):
    store: StoreId
    weekly: list[Hours]
    days: list[SpecialDay]


class StorePaused(Event, frozen=True):
    """No new orders until then."""

    store: StoreId
    until: Millis
    reason: str


class StoreResumed(Event, frozen=True):
    """A pause is over."""

    store: StoreId


class StoreBusySet(Event, frozen=True):
    """Everything takes so many thousandths of the usual time."""

    store: StoreId
    preparation_permille: int
    until: Millis  # 0: until somebody says otherwise


class AreaDrawn(Event, frozen=True):
    """Without an area the radius of the settings holds."""

    store: StoreId
    area: Polygon | None


class StoreChanged(Event, frozen=True):
    """Named and placed anew. What is on its way already is fetched where it was to be."""

    store: StoreId
    name: str
    location: Point
