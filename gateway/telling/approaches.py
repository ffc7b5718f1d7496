"""Who comes near his next stop, crosses the fence around it, leaves, or will be late: from the
positions in the journal, hence the same live and after a restart.

A position that came late says where somebody was, and raises no alarm. Nothing here loops over
couriers to whom nothing happens.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from msgspec import Struct, field, msgpack
from numpy.typing import NDArray

from engine import events as e
from engine.engine import Record
from engine.queries.arrivals import arrivals, is_there, legs, told_stops
from engine.queries.for_couriers import bound_for
from engine.rules.stops import place_of
from engine.state import State
from engine.state.positions import NEVER
from engine.values import SECOND, CourierId, DeliveryId, Millis, OrderId, Stop, StopKind, StoreId
from gateway import messages as m
from gateway.messages import Feed
from gateway.wire import time_text
from geo.fences import touch_circles
from geo.points import Point
from geo.sphere import Int64s, Places, straight_mm_between

TURNS = (
    e.RoutePlanned,
    e.OfferAccepted,
    e.DeliveryUnassigned,
    e.CourierArrived,
    e.DeliveryPickedUp,
    e.DeliveryCompleted,
    e.DeliveryFailed,
    e.DeliveryStranded,
    e.DeliveryReturned,
    e.DeliveryCancelled,
)
OVER = (
    e.DeliveryUnassigned,
    e.DeliveryCompleted,
    e.DeliveryStranded,
    e.DeliveryReturned,
    e.DeliveryCancelled,
)
WATCHED = frozenset((*TURNS, e.ReadyTimeChanged, e.OrderReady, e.StoreChanged, e.PositionsReported))
ALARM_MS = 2 * 60 * SECOND  # a fix that is older raises none
DELAY_EVERY_MS = 30 * SECOND
FAR = 2**62

Addressed = tuple[Feed, str, m.CourierNear | m.CourierCrossed | m.DelayPredicted]
Flags = NDArray[np.bool_]


class Within(Struct, array_like=True):
    """The fence somebody is in. What it is about may have ended when he leaves."""

    delivery: DeliveryId
    kind: StopKind
    order: OrderId
    service: str
    store: StoreId
    place: Point
    since: Millis


class Heard(Struct, array_like=True):
    """What was told of one delivery."""

    near: list[StopKind] = []
    dwelt: list[StopKind] = []
    late_steps: int = 0
    late_at: Millis = Millis(-DELAY_EVERY_MS)


class SavedApproaches(Struct, array_like=True):
    within: dict[int, Within] = field(default_factory=dict)
    heard: dict[DeliveryId, Heard] = field(default_factory=dict)


class Approaches:
    """Columns by courier number; of the last record, `entered` are those it brought to a stop,
    and `delayed` the orders it shows to be late."""

    def __init__(self, s: State, kept: bytes = b"") -> None:
        self._s = s
        found = msgpack.decode(kept, type=SavedApproaches) if kept else SavedApproaches()
        self.within, self.heard = found.within, found.heard
        self.entered: list[CourierId] = []
        self.delayed: dict[OrderId, None] = {}
        self._stop: dict[int, Stop] = {}  # where who is going
        self._dirty: dict[CourierId, None] = dict.fromkeys(s.deliveries.routes)
        self._target: Places = np.zeros((0, 2), np.int64)
        self._last: Places = np.zeros((0, 2), np.int64)
        self._last_at: Int64s = np.zeros(0, np.int64)
        self._aimed: Flags = np.zeros(0, np.bool_)
        self._inside: Flags = np.zeros(0, np.bool_)
        self._there: Flags = np.zeros(0, np.bool_)  # inside the fence of the next stop
        self._fence: Places = np.zeros((0, 2), np.int64)  # of where he is inside
        self._reach_mm: Int64s = np.zeros(0, np.int64)
        self._speed: Int64s = np.zeros(0, np.int64)
        self._latest: Int64s = np.zeros(0, np.int64)  # to be at the stop and nothing late
        self._dwell_at: Int64s = np.zeros(0, np.int64)
        self._grow(len(s.couriers.ids))

    def dump(self) -> bytes:
        return msgpack.encode(SavedApproaches(self.within, self.heard))

    def fold(self, record: Record) -> list[Addressed]:
        """What there is to tell; the state is as the record left it."""
        told: list[Addressed] = []
        self.entered, self.delayed = [], {}
        for event in record.events:
            if type(event) not in WATCHED:
                continue
            if isinstance(event, TURNS):
                if event.courier is not None:
                    self._dirty[event.courier] = None
                if isinstance(event, OVER):
                    self.heard.pop(event.delivery, None)
            elif isinstance(event, e.ReadyTimeChanged | e.OrderReady):
                key = self._s.deliveries.of_order.get(event.order)
                courier = self._s.deliveries[key].courier if key is not None else None
                if courier is not None:
                    self._dirty[courier] = None
            elif isinstance(event, e.StoreChanged):
                self._dirty |= bound_for(self._s, event.store)
            elif isinstance(event, e.PositionsReported):
                told += self._moved(event, record.at)
        return told

    @property
    def late(self) -> dict[DeliveryId, None]:
        """Whose delay was told of."""
        return {key: None for key, x in self.heard.items() if x.late_steps}

    def stop_reached(self, courier: CourierId) -> Stop | None:
        """The stop whose fence he is in, if it is his next."""
        registered = self._s.couriers.get(courier)
        within = None if registered is None else self.within.get(registered.number)
        stops = told_stops(self._s, courier) if within is not None else []
        if within is None or not stops:
            return None
        stop, delivery = stops[0]
        is_same = (within.delivery, within.kind) == (stop.delivery, stop.kind)
        is_where_it_was = within.place == place_of(stop.kind, delivery, self._s.stores)
        return stop if is_same and is_where_it_was else None

    # internals

    def _moved(self, event: e.PositionsReported, at: Millis) -> Iterator[Addressed]:
        number, lat, lon, measured = event.batch.columns()
        self._grow(len(self._s.couriers.ids))
        for courier in self._dirty:
            self._aim(courier)
        self._dirty.clear()
        settings = self._s.settings.current
        ends = np.column_stack((lat, lon)).astype(np.int64)
        seen = self._last_at[number] != NEVER
        starts = np.where(seen[:, None], self._last[number], ends)
        self._last[number], self._last_at[number] = ends, measured
        aimed, inside = self._aimed[number], self._inside[number]
        if not (aimed | inside).any():
            return
        target, margin = self._target[number], settings.fence_margin_m
        radius = settings.fence_radius_m
        mm = straight_mm_between(ends, target)
        touch = touch_circles(starts, ends, target, radius, margin)
        touched = aimed & touch.touched & ~self._there[number]
        away_mm = straight_mm_between(ends, self._fence[number])
        left = inside & (away_mm > (radius + margin) * 1_000)
        fresh = measured >= at - ALARM_MS
        eta = at + mm * settings.travel.line_permille // self._speed[number]
        near = aimed & fresh & (mm <= self._reach_mm[number])
        late = aimed & fresh & (eta > self._latest[number])
        dwelt = fresh & ~left & (measured >= self._dwell_at[number])
        for row in np.flatnonzero(touched | left | near | late | dwelt).tolist():
            n, fix_at = int(number[row]), Millis(int(measured[row]))
            if left[row]:
                yield from self._leave(n, fix_at, tell=bool(fresh[row]))
            if touched[row]:
                crossed = self._cross(n, fix_at, stays=bool(touch.ends_near[row]))
                yield from crossed if fresh[row] else ()
            if near[row]:
                yield from self._near(n, Millis(int(eta[row])), int(mm[row]) // 1_000, fix_at)
            if late[row]:
                yield from self._late(n, at)
            if dwelt[row]:
                yield from self._dwell(n, fix_at)

    def _cross(self, n: int, at: Millis, stays: bool) -> list[Addressed]:
        stop = self._stop[n]
        if not stays:
            return self._crossed(self._fence_of(stop, at), n, "cross", at)
        told = self._leave(n, at) if n in self.within else []
        within = self.within[n] = self._fence_of(stop, at)
        self._settle(n)
        self.entered.append(self._s.couriers.ids[n])
        return [*told, *self._crossed(within, n, "enter", at)]

    def _leave(self, n: int, at: Millis, tell: bool = True) -> list[Addressed]:
        within = self.within.pop(n)
        self._settle(n)
        return self._crossed(within, n, "exit", at) if tell else []

    def _near(self, n: int, eta_at: Millis, distance_m: int, at: Millis) -> Iterator[Addressed]:
        stop = self._stop[n]
        heard = self._heard(stop.delivery)
        heard.near = [*heard.near, stop.kind]
        self._reach_mm[n] = -1
        about = self._fence_of(stop, at)
        eta, when = time_text(eta_at), time_text(at)
        near = m.CourierNear(
            about.order,
            stop.delivery,
            self._s.couriers.ids[n],
            stop.kind.value,
            eta,
            distance_m,
            when,
        )
        yield from _to_whom(about, near)

    def _late(self, n: int, at: Millis) -> Iterator[Addressed]:
        s, courier = self._s, self._s.couriers.ids[n]
        step_ms = s.settings.current.late_step_ms
        for x in arrivals(s, courier, at):
            if x.late_ms is None:
                continue
            heard, steps = self._heard(x.stop.delivery), x.late_ms // step_ms
            if steps <= heard.late_steps or at < heard.late_at + DELAY_EVERY_MS:
                continue
            heard.late_steps, heard.late_at = steps, at
            about = self._fence_of(x.stop, at)
            self.delayed[about.order] = None
            promised = s.orders[about.order].placed.promised_at
            yield (
                "orders",
                about.service,
                m.DelayPredicted(
                    about.order,
                    x.stop.delivery,
                    courier,
                    time_text(x.eta_at),
                    time_text(promised),
                    x.late_ms // SECOND,
                ),
            )
        self._dirty[courier] = None

    def _dwell(self, n: int, at: Millis) -> list[Addressed]:
        self._dwell_at[n] = FAR
        within = self.within[n]
        heard = self._heard(within.delivery)
        heard.dwelt = [*heard.dwelt, within.kind]
        return self._crossed(within, n, "dwell", at)

    def _crossed(self, about: Within, n: int, crossing: m.Crossing, at: Millis) -> list[Addressed]:
        inside_s = max(0, at - about.since) // SECOND if crossing in ("exit", "dwell") else 0
        body = m.CourierCrossed(
            about.order,
            about.delivery,
            self._s.couriers.ids[n],
            about.kind.value,
            crossing,
            time_text(at),
            inside_s,
        )
        return list(_to_whom(about, body))

    def _fence_of(self, stop: Stop, at: Millis) -> Within:
        delivery = self._s.deliveries[stop.delivery]
        placed = self._s.orders[delivery.order].placed
        place = next(x.place for x in legs(self._s, delivery.courier) if x.stop == stop)  # type: ignore[arg-type]
        store = delivery.store if _is_at_store(self._s, stop) else StoreId("")
        return Within(stop.delivery, stop.kind, delivery.order, placed.service, store, place, at)

    def _heard(self, key: DeliveryId) -> Heard:
        return self.heard.setdefault(key, Heard())

    # columns

    def _aim(self, courier: CourierId) -> None:
        """At the next stop, anew: what is on the route may have changed."""
        s = self._s
        n, settings = s.couriers[courier].number, s.settings.current
        stops = told_stops(s, courier)
        self._aimed[n] = bool(stops)
        self._latest[n] = FAR
        if not stops:
            self._stop.pop(n, None)
            self._settle(n)
            return
        stop, delivery = stops[0]
        self._stop[n] = stop
        walked = legs(s, courier)
        self._target[n] = walked[0].place.lat_e7, walked[0].place.lon_e7
        speed = settings.travel.speed_mm_s(s.couriers[courier].vehicle)
        self._speed[n] = speed
        reach_mm = settings.near_ms * speed // settings.travel.line_permille
        known = self.heard.get(stop.delivery) or Heard()
        silent = stop.kind in known.near or is_there(stop, delivery)
        self._reach_mm[n] = -1 if silent else max(reach_mm, settings.near_m * 1_000)
        for x in walked:
            if x.due_at:
                steps = (self.heard.get(x.stop.delivery) or Heard()).late_steps + 1
                bound = x.due_at + steps * settings.late_step_ms - 1
                latest = bound - x.after_ms if x.not_before <= bound else -FAR
                self._latest[n] = min(int(self._latest[n]), latest)
        self._settle(n)

    def _settle(self, n: int) -> None:
        """What follows from where he is inside, and where he is going."""
        within, stop = self.within.get(n), self._stop.get(n)
        self._inside[n] = within is not None
        self._there[n], self._dwell_at[n] = False, FAR
        if within is None:
            return
        self._fence[n] = within.place.lat_e7, within.place.lon_e7
        if stop is None or (self._fence[n] != self._target[n]).any():
            return
        self._there[n] = True
        delivery = self._s.deliveries[stop.delivery]
        heard = self.heard.get(stop.delivery) or Heard()
        is_same = (within.delivery, within.kind) == (stop.delivery, stop.kind)
        if is_same and stop.kind not in heard.dwelt and not is_there(stop, delivery):
            self._dwell_at[n] = within.since + self._s.settings.current.dwell_ms

    def _grow(self, size: int) -> None:
        """Make room, doubling. A newcomer was where the state says before this record."""
        old = self._last_at.size
        if size <= old:
            return
        more = (1 << (size - 1).bit_length()) - old
        for name, value in _EMPTY.items():
            column = getattr(self, name)
            shape = (more, *column.shape[1:])
            setattr(self, name, np.concatenate((column, np.full(shape, value, column.dtype))))
        known = min(self._s.positions.measured_at.size, self._last_at.size) if not old else 0
        positions = self._s.positions
        self._last[:known, 0] = positions.lat_e7[:known]
        self._last[:known, 1] = positions.lon_e7[:known]
        self._last_at[:known] = positions.measured_at[:known]
        for n in self.within if not old else ():
            self._settle(n)


_EMPTY: dict[str, Any] = {
    "_target": 0,
    "_last": 0,
    "_last_at": NEVER,
    "_aimed": False,
    "_inside": False,
    "_there": False,
    "_fence": 0,
    "_reach_mm": -1,
    "_speed": 1,
    "_latest": FAR,
    "_dwell_at": FAR,
}


def _is_at_store(s: State, stop: Stop) -> bool:
    delivery = s.deliveries[stop.delivery]
    if stop.kind is StopKind.RETURN:
        return True
    return stop.kind is StopKind.PICKUP and not delivery.change and delivery.attempt == 1


def _to_whom(about: Within, body: m.CourierNear | m.CourierCrossed) -> Iterator[Addressed]:
    """The service that sold it; and the store, of what happens at its door."""
    yield "orders", about.service, body
    if about.store:
        yield "tickets", about.store, body
