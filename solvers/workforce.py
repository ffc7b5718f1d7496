"""Who is on shift, where, until when and on which route: the couriers' half of a briefing.

What changes seldom is kept in columns: a courier's until the roster changes, a route's until
its version does. The same state gives the same crew, whatever was kept.
"""

from itertools import compress, repeat
from operator import attrgetter

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.columns import Int32s, Int64s
from engine.rules.locality import are_near
from engine.state import State
from engine.state.deliveries import Route
from engine.state.positions import NEVER
from engine.values import CourierId, DeliveryId, StopKind
from geo.travel import Vehicle
from solvers.problem import Flags, Ints

VEHICLES = list(Vehicle)
ROOM = 16  # stops a row has room for at first
NO_ROUTE = Route()
version_of, under_way_of = attrgetter("version"), attrgetter("under_way")


class Crew(Struct, frozen=True):
    """Who can be planned for, a row each: whoever was seen in the city or has a route.

    `codes` are the stops of all routes in turn: twice the slot of the delivery, and one more
    unless it is the pickup. Route c is codes[start[c]:start[c + 1]].
    """

    ids: list[CourierId]
    places: Int64s  # (C, 2) lat_e7, lon_e7
    vehicle: Ints  # (C,) as in VEHICLES
    capacity: Ints
    ends_at: Int64s  # (C,) milliseconds
    break_until: Int64s
    versions: list[int]
    under_way: Ints
    codes: Ints
    start: Ints  # (C + 1,)

    @property
    def row_of_stop(self) -> Ints:
        """The courier's row, for each of the codes."""
        return np.repeat(np.arange(len(self.ids), dtype=np.int32), np.diff(self.start))


class Workforce:
    """Looks at the couriers of one engine again and again."""

    def __init__(self, s: State) -> None:
        self._s = s
        self._numbers: Int32s = np.zeros(0, np.int32)
        self._ids: list[CourierId] = []
        self.forget()

    def forget(self) -> None:
        """Deliveries have other slots from now on."""
        self._roster = -1  # the version of the roster that is in the columns
        self._versions = np.zeros(0, np.int64)  # by courier number, as all three; -1: never read
        self._lengths = np.zeros(0, np.int32)
        self._codes = np.zeros((0, ROOM), np.int32)

    def look(self, slot_of: dict[DeliveryId, int]) -> Crew:
        """Everyone on shift whose place is known. All that is on their routes has a slot."""
        s, couriers = self._s, self._s.couriers
        if self._roster != couriers.roster_version:
            self._read_roster()
        numbers = self._numbers
        routes = list(map(s.deliveries.routes.get, self._ids, repeat(NO_ROUTE)))
        versions = np.fromiter(map(version_of, routes), np.int64, len(routes))
        under_way = np.fromiter(map(under_way_of, routes), np.int32, len(routes))
        for k in np.flatnonzero(versions != self._versions[numbers]).tolist():
            self._read_route(int(numbers[k]), routes[k], slot_of)
        lengths = self._lengths[numbers]
        places, seen = self._places(numbers)
        for k in np.flatnonzero((lengths > 0) & ~seen).tolist():
            places[k] = _goal(s, routes[k])
        is_known = seen | (lengths > 0)
        ids = self._ids
        columns = (places, self._vehicle, self._capacity, self._ends_at, self._break_until)
        if not is_known.all():
            ids = list(compress(ids, is_known.tolist()))
            columns = tuple(x[is_known] for x in columns)  # type: ignore[assignment]
            numbers, lengths = numbers[is_known], lengths[is_known]
            versions, under_way = versions[is_known], under_way[is_known]
        start = np.zeros(len(ids) + 1, np.int32)
        np.cumsum(lengths, out=start[1:])
        taken = np.arange(self._codes.shape[1]) < lengths[:, None]
        codes = self._codes[numbers][taken]
        return Crew(ids, *columns, versions.tolist(), under_way, codes, start)

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
        new = couriers.next_number() - len(self._versions)
        self._versions = np.append(self._versions, np.full(new, -1, np.int64))
        self._lengths = np.append(self._lengths, np.zeros(new, np.int32))
        self._codes = np.append(self._codes, np.zeros((new, self._codes.shape[1]), np.int32), 0)

    def _read_route(self, number: int, route: Route, slot_of: dict[DeliveryId, int]) -> None:
        codes = [slot_of[x.delivery] << 1 | (x.kind is not StopKind.PICKUP) for x in route.stops]
        room = self._codes.shape[1]
        if len(codes) > room:
            self._codes = np.pad(self._codes, ((0, 0), (0, len(codes))))
        self._codes[number, : len(codes)] = codes
        self._lengths[number], self._versions[number] = len(codes), route.version

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


def _goal(s: State, route: Route) -> tuple[int, int]:
    """For a courier nobody has ever seen: the next stop, for want of better."""
    head = s.deliveries[route.stops[0].delivery]
    goal = head.pickup if route.stops[0].kind is StopKind.PICKUP else head.dropoff
    return goal.lat_e7, goal.lon_e7
