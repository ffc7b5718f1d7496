"""Who is on shift, where, until when and on which route: the couriers' half of a briefing.

What changes seldom is kept in columns: couriers until the roster changes, a route until it does.
The same state gives the same crew, whatever was kept.
"""

from itertools import compress

import numpy as np
from msgspec import Struct
from numba import njit
from numpy.typing import NDArray

from engine.columns import Int32s, Int64s
from engine.rules.locality import are_near
from engine.rules.stops import place_of
from engine.state import State
from engine.state.deliveries import Route
from engine.state.positions import NEVER
from engine.values import CourierId, DeliveryId, Millis, StopKind
from geo.travel import Vehicle
from solvers.problem import Flags, Ints

VEHICLES = list(Vehicle)
ROOM = 16  # stops a row has room for at first


class Crew(Struct, frozen=True):
    """Who can be planned for, a row each: whoever was seen in the city or has a route.

    `codes` are the stops of all routes in turn: twice the slot of the delivery, and one more
    unless it is the pickup. Route c is codes[start[c]:start[c + 1]].
    """

    ids: list[CourierId]
    numbers: Int32s  # (C,) of the couriers, rising
    places: Int64s  # (C, 2) lat_e7, lon_e7
    vehicle: Ints  # (C,) as in VEHICLES
    capacity: Ints
    ends_at: Int64s  # (C,) milliseconds
    break_until: Int64s
    versions: list[int]
    under_way: Ints
    codes: Ints
    start: Ints  # (C + 1,)


class Workforce:
    """Looks at the couriers of one engine again and again."""

    def __init__(self, s: State) -> None:
        self._s = s
        self._roster = -1  # the version of the roster that is in the columns
        self._numbers: Int32s = np.zeros(0, np.int32)
        self._ids: list[CourierId] = []
        self.forget()

    def forget(self) -> None:
        """Deliveries have other slots from now on."""
        self._changes = -1  # of routes that have been read
        self._versions = np.zeros(0, np.int64)  # by courier number, as all four
        self._under_way = np.zeros(0, np.int32)
        self._lengths = np.zeros(0, np.int32)
        self._codes = np.zeros((0, ROOM), np.int32)

    def look(self, slot_of: dict[DeliveryId, int], now: Millis) -> Crew:
        """Everyone on shift whose place is known. All that is on anybody's route has a slot.

        Who is lost gets nothing new, not even what is ready where he was seen last: it is as if
        his shift had ended a moment ago.
        """
        s = self._s
        if self._roster != s.couriers.roster_version:
            self._read_roster()
        self._read_routes(slot_of)
        numbers, ids = self._numbers, self._ids
        lengths = self._lengths[numbers]
        places, seen = self._places(numbers)
        for k in np.flatnonzero((lengths > 0) & ~seen).tolist():
            places[k] = _goal(s, s.deliveries.routes[ids[k]])
        is_known = seen | (lengths > 0)
        lost = s.positions.last_measured(numbers) < now - s.settings.current.lost_ms
        ends_at = (
            self._ends_at
            if not lost.any()
            else np.where(lost & seen, np.minimum(self._ends_at, now - 1), self._ends_at)
        )
        columns = (places, self._vehicle, self._capacity, ends_at, self._break_until)
        if not is_known.all():
            ids = list(compress(ids, is_known.tolist()))
            columns = tuple(x[is_known] for x in columns)  # type: ignore[assignment]
            numbers, lengths = numbers[is_known], lengths[is_known]
        start = np.zeros(len(ids) + 1, np.int32)
        np.cumsum(lengths, out=start[1:])
        codes = _one_after_another(self._codes, numbers, start)
        versions, under_way = self._versions[numbers].tolist(), self._under_way[numbers]
        return Crew(ids, numbers, *columns, versions, under_way, codes, start)

    # internals

    def _read_roster(self) -> None:
        couriers = self._s.couriers
        self._roster = couriers.roster_version
        self._numbers = couriers.working()
        self._ids = [couriers.ids[n] for n in self._numbers.tolist()]
        workers = [couriers.couriers[x] for x in self._ids]
        self._vehicle = np.array([VEHICLES.index(x.vehicle) for x in workers], np.int32)
        self._capacity = np.array([x.capacity for x in workers], np.int32)
        self._ends_at = np.array([x.ends_at for x in workers], np.int64)
        self._break_until = np.array([x.break_until for x in workers], np.int64)

    def _read_routes(self, slot_of: dict[DeliveryId, int]) -> None:
        """Those that have changed since they were read."""
        deliveries, couriers = self._s.deliveries, self._s.couriers.couriers
        new = len(couriers) - len(self._versions)
        if new:
            self._versions = np.append(self._versions, np.zeros(new, np.int64))
            self._under_way = np.append(self._under_way, np.zeros(new, np.int32))
            self._lengths = np.append(self._lengths, np.zeros(new, np.int32))
            self._codes = np.pad(self._codes, ((0, new), (0, 0)))
        changed = deliveries.route_changes.since(self._changes)
        self._changes = deliveries.route_changes.count
        for courier in deliveries.routes if changed is None else changed:
            self._read_route(couriers[courier].number, deliveries.routes[courier], slot_of)

    def _read_route(self, number: int, route: Route, slot_of: dict[DeliveryId, int]) -> None:
        codes = [slot_of[x.delivery] << 1 | (x.kind is not StopKind.PICKUP) for x in route.stops]
        if len(codes) > self._codes.shape[1]:
            self._codes = np.pad(self._codes, ((0, 0), (0, len(codes))))
        self._codes[number, : len(codes)] = codes
        self._lengths[number], self._versions[number] = len(codes), route.version
        self._under_way[number] = route.under_way

    def _places(self, numbers: Int32s) -> tuple[Int64s, NDArray[np.bool_]]:
        """Where they were last seen, and whether that was in the city; zeros if it was not."""
        s = self._s
        places: Int64s = np.zeros((len(numbers), 2), np.int64)
        seen: Flags = s.positions.last_measured(numbers) != NEVER
        known = numbers if seen.all() else numbers[seen]
        lat_e7, lon_e7 = s.positions.lat_e7[known], s.positions.lon_e7[known]
        center = s.stores.center()
        if center is not None:
            near = are_near(center, lat_e7, lon_e7)
            seen[seen] = near
            lat_e7, lon_e7 = lat_e7[near], lon_e7[near]
        places[seen, 0], places[seen, 1] = lat_e7, lon_e7
        return places, seen


@njit(nogil=True, cache=True)
def _one_after_another(codes: Ints, numbers: Int32s, start: Ints) -> Ints:
    found = np.empty(start[-1], np.int32)
    for row in range(numbers.shape[0]):
        for k in range(start[row], start[row + 1]):
            found[k] = codes[numbers[row], k - start[row]]
    return found


def _goal(s: State, route: Route) -> tuple[int, int]:
    """For a courier nobody has ever seen: the next stop, for want of better."""
    head = route.stops[0]
    goal = place_of(head.kind, s.deliveries[head.delivery], s.stores)
    return goal.lat_e7, goal.lon_e7
