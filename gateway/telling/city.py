"""The operator's live map: what changed since the last look, collected until somebody looks."""

from collections.abc import Callable, Container
from typing import Protocol

from msgspec import Struct, field

from engine import events as e
from engine.engine import Record
from engine.projections import Projections
from engine.queries.for_couriers import bound_for
from engine.queries.open_work import OpenWork
from engine.rules.opening import takes_orders
from engine.state import State
from engine.values import CourierId, DeliveryId, Millis, OrderId, StoreId
from gateway import messages as m
from gateway.views import TOLD, age_s, city_courier, city_order, city_store
from gateway.wire import time_text

DEGREE_DIGITS = 5  # about a meter
Figures = Callable[[], dict[str, float]]
ROUTE_EVENTS = (
    e.RoutePlanned,
    e.DeliveryOffered,
    e.OfferAccepted,
    e.DeliveryUnassigned,
    e.LegStarted,
    e.CourierArrived,
    e.DeliveryPickedUp,
    e.DeliveryCompleted,
    e.DeliveryFailed,
    e.DeliveryStranded,
    e.DeliveryReturned,
    e.DeliveryCancelled,
    e.ShiftStarted,
    e.ShiftEnded,
    e.CourierRegistered,
    e.CourierChanged,
    e.CourierRepositioned,
    e.BreakPlanned,
)
ORDER_EVENTS = (e.ReadyTimeChanged, e.OrderReady, e.OrderLabelled, e.OrderGrouped, e.OrderLeftGroup)


class Changes(Struct):
    """Keys of what is out of date at whoever looks. Bounded by the size of the city."""

    orders: dict[OrderId, None] = field(default_factory=dict)
    couriers: dict[CourierId, None] = field(default_factory=dict)
    stores: dict[StoreId, None] = field(default_factory=dict)
    moved: set[int] = field(default_factory=set)  # courier numbers

    def __bool__(self) -> bool:
        return bool(self.orders or self.couriers or self.stores or self.moved)

    def note(
        self,
        record: Record,
        couriers: dict[CourierId, None],
        orders: dict[OrderId, None],
        s: State,
    ) -> None:
        """What a turn changed: the couriers and orders it touched, and who moved."""
        self.couriers |= couriers
        self.orders |= orders
        for event in record.events:
            match event:
                case e.PositionsReported():
                    self.moved.update(event.batch.columns()[0].tolist())
                case e.StoreRegistered() | e.StoreOpened() | e.StoreClosed() | e.OrderPlaced():
                    self.stores[event.store] = None
                case e.OrderMoved():
                    self.stores[event.before] = self.stores[event.store] = None
                case (
                    e.StoreChanged()
                    | e.StoreHoursSet()
                    | e.StorePaused()
                    | e.StoreResumed()
                    | e.StoreBusySet()
                ):
                    self.stores[event.store] = None
                case e.OrderGrouped() | e.OrderLeftGroup():
                    self.orders[event.order] = None
                case e.GroupDissolved():
                    self.orders |= dict.fromkeys(event.orders)
                case e.TimecardOpened(timecard=key) | e.TimecardClosed(timecard=key):
                    self.stores[s.staff[key].store] = None  # somebody picks there, or nobody does
                case (
                    e.OrderFulfilled()
                    | e.OrderCancelled()
                    | e.OrderReturned()
                    | e.OrderWrittenOff()
                ):
                    self.stores[s.orders[event.order].placed.store] = None
        if any(isinstance(x, e.RoutePlanned) for x in record.events):
            self.orders |= _replanned(record, s)

    def add(self, other: "Changes") -> None:
        self.orders |= other.orders
        self.couriers |= other.couriers
        self.stores |= other.stores
        self.moved |= other.moved


def _replanned(record: Record, s: State) -> dict[OrderId, None]:
    """Orders on the new routes, and those that were taken off one and are on none now."""
    deliveries = s.deliveries
    found = {
        deliveries[stop.delivery].order: None
        for event in record.events
        if isinstance(event, e.RoutePlanned)
        for stop in event.stops
    }
    return found | {x.order: None for x in deliveries.waiting.values() if x.courier is None}


class Doors:
    """Which stores their hours have opened or closed since the last look: no record says so."""

    def __init__(self) -> None:
        self._open: dict[StoreId, bool] = {}

    def turned(self, s: State, now: Millis) -> dict[StoreId, None]:
        offset_min = s.settings.current.utc_offset_min
        turned: dict[StoreId, None] = {}
        for key, store in s.stores.stores.items():
            if store.weekly or store.days:
                is_open = takes_orders(store, now, offset_min)
                if self._open.get(key) is not is_open:
                    self._open[key], turned[key] = is_open, None
        return turned


def touched_couriers(record: Record, s: State) -> dict[CourierId, None]:
    """Whose work, or what is told about it, this turn may have changed."""
    touched: dict[CourierId, None] = {}
    for event in record.events:
        if isinstance(event, ROUTE_EVENTS):
            if event.courier is not None:
                touched[event.courier] = None
        elif isinstance(event, e.StoreChanged):
            touched |= bound_for(s, event.store)
        elif isinstance(event, e.GroupDissolved):
            touched |= _carriers(event.orders, s)
        elif isinstance(event, ORDER_EVENTS):
            touched |= _carriers([event.order], s)
    return touched


def _carriers(orders: list[OrderId], s: State) -> dict[CourierId, None]:
    """Who has them on his route."""
    keys = (s.deliveries.of_order.get(x) for x in orders)
    couriers = (s.deliveries[key].courier for key in keys if key is not None)
    return {x: None for x in couriers if x is not None}


class Devices(Protocol):
    """What the map asks of phones."""

    def get(self, courier: str) -> m.DeviceTold | None: ...
    def take_changed(self) -> dict[str, None]: ...


class Seen(Struct):
    """What else is known of couriers and deliveries, besides the state."""

    devices: Callable[[str], m.DeviceTold | None] = lambda _: None
    late: Container[DeliveryId] = ()
    doubted: Callable[[str], int] = lambda _: 0


NOTHING = Seen()


def _courier(s: State, key: CourierId, now: Millis, seen: Seen) -> m.CityCourier:
    return city_courier(s, key, now, seen.devices(key), seen.doubted(key))


def city_whole(
    s: State, at: int, work: OpenWork, kpis: m.Kpis, seen: Seen = NOTHING
) -> m.CityWhole:
    now = Millis(at)
    return m.CityWhole(
        time_text(at),
        [_store(s, key, work, at) for key in s.stores.stores],
        [_courier(s, key, now, seen) for key in s.couriers.ids],
        [city_order(s, key, now, seen.late) for key in work.statuses],
        kpis,
    )


def city_changes(
    s: State,
    at: int,
    work: OpenWork,
    changes: Changes,
    kpis: m.Kpis | None,
    seen: Seen = NOTHING,
) -> m.CityChanges:
    now = Millis(at)
    gone = [key for key in changes.orders if key not in work.statuses]
    return m.CityChanges(
        time_text(at),
        [_store(s, key, work, at) for key in changes.stores],
        [_courier(s, key, now, seen) for key in changes.couriers],
        [city_order(s, key, now, seen.late) for key in changes.orders if key in work.statuses],
        m.CityRemoved(list(gone)) if gone else None,
        positions_told(s, changes),
        kpis,
        [age_s(s, number, now) for number in moved_alone(s, changes)],
    )


def city_kpis(
    s: State,
    work: OpenWork,
    projections: Projections,
    figures: dict[str, float],
    at_risk: int = 0,
) -> m.Kpis:
    promises, sales = projections.punctuality.total, projections.sales
    on_time = 1000 * promises.on_time // promises.delivered if promises.delivered else None
    to_plan = figures.get("p99_order_to_plan_ms")
    return m.Kpis(
        len(work.statuses),
        sales.fulfilled_total,
        sales.ended_early,
        len(s.couriers.working_numbers),
        _busy(s),
        on_time,
        None if to_plan is None else round(to_plan),
        figures.get("loop_lag_p99_ms"),
        figures,
        at_risk,
        s.settings.current.travel.index_permille,
        s.settings.current.utc_offset_min,
    )


def _busy(s: State) -> int:
    """Couriers who have accepted something and not yet brought it."""
    busy: set[CourierId | None] = set()
    for delivery in s.deliveries.open.values():
        if delivery.status not in TOLD:
            busy.add(delivery.courier)
    return len(busy)


def _store(s: State, key: StoreId, work: OpenWork, at: int) -> m.CityStore:
    return city_store(s, key, len(work.of_store.get(key, ())), Millis(at))


def positions_told(s: State, changes: Changes) -> list[tuple[str, float, float]]:
    ids, lat, lon = s.couriers.ids, s.positions.lat_e7, s.positions.lon_e7
    numbers = moved_alone(s, changes)
    return [
        (ids[n], round(a / 1e7, DEGREE_DIGITS), round(b / 1e7, DEGREE_DIGITS))
        for n, a, b in zip(numbers, lat[numbers].tolist(), lon[numbers].tolist(), strict=True)
    ]


def moved_alone(s: State, changes: Changes) -> list[int]:
    """Numbers of those of whom nothing but their place is to be told."""
    told = {s.couriers[key].number for key in changes.couriers}
    return [n for n in changes.moved if n not in told]
