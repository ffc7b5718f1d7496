"""When something is wanted later: which windows can be promised, and when work on them begins."""

from engine.commands import RequestQuote
from engine.events import OrderPlaced, QuoteOffered
from engine.rejections import Detail, RejectionReason
from engine.settings import Settings
from engine.state.orders import Orders
from engine.values import HOUR, SECOND, Fulfillment, Millis, StoreId
from geo.points import Point
from geo.travel import Vehicle

Fault = tuple[RejectionReason, Detail]
Window = tuple[int, int]  # from, to
WINDOW_MAX_MS = 24 * HOUR


def window_fault(settings: Settings, now: int, from_at: int, to_at: int) -> Fault | None:
    """Why this is no window anything can be promised for."""
    if from_at <= now:
        return RejectionReason.WINDOW_IN_PAST, {}
    if to_at - from_at < settings.window_min_ms:
        return RejectionReason.WINDOW_TOO_SHORT, {"at_least_s": settings.window_min_ms // SECOND}
    if to_at - from_at > WINDOW_MAX_MS:
        return RejectionReason.WINDOW_TOO_LONG, {"at_most_s": WINDOW_MAX_MS // SECOND}
    if from_at > now + settings.schedule_ahead_ms:
        return RejectionReason.WINDOW_TOO_FAR_AHEAD, {
            "at_most_ahead_s": settings.schedule_ahead_ms // SECOND
        }
    return None


def window_of(wanted: RequestQuote | QuoteOffered | OrderPlaced) -> Window | None:
    """None: as soon as possible."""
    from_at, to_at = wanted.window_from_at, wanted.window_to_at
    return (from_at, to_at) if from_at or to_at else None


def slot_of(settings: Settings, from_at: int) -> tuple[int, int]:
    """The slot a window begins in: from, and up to but without."""
    began_at = from_at // settings.slot_ms * settings.slot_ms
    return began_at, began_at + settings.slot_ms


def slot_fault(
    settings: Settings, orders: Orders, store: StoreId, window: Window, earliest_at: int
) -> Fault | None:
    """Why this store cannot meet it: it ends too soon, or others have the time already."""
    from_at, to_at = window
    if earliest_at > to_at:
        return RejectionReason.WINDOW_TOO_SOON, {"earliest_at": earliest_at}
    began_at, ends_at = slot_of(settings, from_at)
    limit = settings.slot_orders_max
    if orders.in_slot(store, began_at, ends_at) >= limit:
        return RejectionReason.SLOT_FULL, {"from_at": began_at, "to_at": ends_at, "limit": limit}
    return None


def pickup_from(settings: Settings, store: Point, dropoff: Point, from_at: int) -> int:
    """Whoever picks up then is not at the door before the window opens, on any vehicle."""
    fastest = max(settings.travel.speed_mm_s(x) for x in Vehicle)
    ride_ms = settings.travel.travel_ms(store, dropoff, fastest)
    return from_at - ride_ms - settings.handling_ms


def search_until(settings: Settings, now: Millis, promised_at: Millis, ready_at: Millis) -> Millis:
    """How long a courier is looked for: from when it is promised or ready, whichever is later.
    0: for ever."""
    search_ms = settings.courier_search_ms
    return Millis(max(now, promised_at, ready_at) + search_ms) if search_ms else Millis(0)


def ask_store_at(
    settings: Settings,
    fulfillment: Fulfillment,
    store: Point,
    dropoff: Point,
    from_at: int,
    preparation_ms: int,
) -> int:
    """When the store is asked: so that it is ready when the window opens, or the ride begins."""
    ready_at = from_at
    if fulfillment is Fulfillment.DELIVERY:
        ready_at = pickup_from(settings, store, dropoff, from_at)
    return ready_at - preparation_ms - settings.acceptance_timeout_ms
