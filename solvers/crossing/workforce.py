"""Who is on shift, where, until when and on which route: the couriers' half of a briefing.

What changes seldom is kept in columns: couriers until the roster changes, a route until it does.
The same state gives the same crew, whatever was kept.
"""

from typing import Any, NamedTuple

import numpy as np
from msgspec import Struct
from numba import njit

from engine.columns import Int32s, Int64s
from engine.rules.locality import are_near
from engine.rules.stops import place_of
from engine.state import State
from engine.state.deliveries import Route
from engine.state.positions import NEVER
from engine.values import CourierId, DeliveryId, Millis, Skill, StopKind
from geo.travel import Vehicle
from solvers.problem import Flags, Ints

VEHICLES = list(Vehicle)
CODES = {vehicle: code for code, vehicle in enumerate(VEHICLES)}
PICKUP = StopKind.PICKUP  # an enum is slow to ask for a member
ROOM = 16  # stops a row has room for at first


class Roster(NamedTuple):
    """Whoever is on shift, by number."""

    numbers: Int32s  # (W,) rising
    vehicle: Ints  # as in VEHICLES
    capacity: Ints
    ends_at: Int64s  # milliseconds, as all times
    break_until: Int64s


class Ways(NamedTuple):
    """The routes of all couriers, by their numbers: how many stops, and the codes of them."""

    lengths: Ints
    versions: Int64s
    under_way: Ints
    codes: Ints  # (numbers, room)


class Crew(Struct, frozen=True):
    """Who can be planned for, a row each: whoever was seen in the city or has a route.

    `codes` are the stops of all routes in turn: twice the slot of the delivery, and one more
    unless it is the pickup. Route c is codes[start[c]:start[c + 1]].
    """

    ids: list[CourierId]
    kinds: list[tuple[Skill, ...]]  # of the skills somebody on shift has
    kind: Ints  # (C,) which of them
    numbers: Int32s  # (C,) of the couriers, rising
    places: Int64s  # (C, 2) lat_e7, lon_e7
    vehicle: Ints  # (C,) as in VEHICLES
    capacity: Ints
    ends_at: Int64s  # (C,) milliseconds
    break_until: Int64s
    versions: Int64s
    under_way: Ints
    codes: Ints
    start: Ints  # (C + 1,)


class Workforce:
    """Looks at the couriers of one engine again and again."""

    def __init__(self, s: State) -> None:
        self._s = s
        self._version = -1  # of the roster that is in the columns
        self._ids: list[CourierId] = []
        self._kind, self._kinds = np.zeros(0, np.int32), list[tuple[Skill, ...]]()
        self.forget()

    def forget(self) -> None:
        """Deliveries have other slots from now on."""
        self._changes = -1  # of routes that have been read
        self._ways = _empty_ways(0, ROOM)

    def look(self, slot_of: dict[DeliveryId, int], now: Millis) -> Crew:
        """Everyone on shift whose place is known. All that is on anybody's route has a slot.

        Who is lost gets nothing new, not even what is ready where he was seen last: it is as if
        his shift had ended a moment ago.
        """
        s, ids = self._s, self._ids
        if self._version != s.couriers.roster_version:
            ids = self._read_roster()
        self._read_routes(slot_of)
        center, seen, count = s.stores.center(), s.positions, len(s.couriers.couriers)
        places = seen.lat_e7[:count], seen.lon_e7[:count]
        near = np.ones(count, np.bool_) if center is None else are_near(center, *places)
        lost_before = now - s.settings.current.lost_ms
        found = _muster(self._roster, self._ways, *places, seen.measured_at, near, lost_before, now)
        rows, unseen, *columns = found
        if len(rows) < len(ids):
            ids = [ids[row] for row in rows.tolist()]
        crew = Crew(ids, self._kinds, self._kind[rows], *columns)
        for row in np.flatnonzero(unseen).tolist():
            crew.places[row] = _goal(s, s.deliveries.routes[ids[row]])
        return crew

    # internals

    def _read_roster(self) -> list[CourierId]:
        couriers = self._s.couriers
        self._version, numbers = couriers.roster_version, couriers.working()
        self._ids = [couriers.ids[n] for n in numbers.tolist()]
        workers = [couriers.couriers[x] for x in self._ids]
        kinds = dict[tuple[Skill, ...], int]()
        rows = [kinds.setdefault(tuple(x.skills), len(kinds)) for x in workers]
        self._kind, self._kinds = np.array(rows, np.int32), list(kinds)
        self._roster = Roster(
            numbers,
            np.array([CODES[x.vehicle] for x in workers], np.int32),
            np.array([x.capacity for x in workers], np.int32),
            np.array([x.ends_at for x in workers], np.int64),
            np.array([x.break_until for x in workers], np.int64),
        )
        return self._ids

    def _read_routes(self, slot_of: dict[DeliveryId, int]) -> None:
        """Those that have changed since they were read; all at once into the columns."""
        deliveries, couriers = self._s.deliveries, self._s.couriers.couriers
        changed = deliveries.route_changes.since(self._changes)
        self._changes = deliveries.route_changes.count
        routes, heads, codes = deliveries.routes, list[int](), list[int]()
        longest = 0
        for courier in routes if changed is None else changed:
            route = routes[courier]
            stops = route.stops
            heads += couriers[courier].number, len(stops), route.version, route.under_way
            codes += [slot_of[x.delivery] << 1 | (x.kind is not PICKUP) for x in stops]
            longest = max(longest, len(stops))
        count, room = self._ways.codes.shape
        if count < len(couriers) or room < longest:
            self._ways = _with_room(self._ways, len(couriers), max(room, 2 * longest))
        rows = np.array(heads, np.int64).reshape(-1, 4)
        _note(self._ways, rows, np.array(codes, np.int32))


def _empty_ways(couriers: int, room: int) -> Ways:
    zeros = np.zeros(couriers, np.int32)
    codes = np.zeros((couriers, room), np.int32)
    return Ways(zeros, np.zeros(couriers, np.int64), zeros.copy(), codes)


def _with_room(ways: Ways, couriers: int, room: int) -> Ways:
    """The same for so many couriers and stops."""
    wider, (count, width) = _empty_ways(couriers, room), ways.codes.shape
    wider.lengths[:count], wider.versions[:count] = ways.lengths, ways.versions
    wider.under_way[:count] = ways.under_way
    wider.codes[:count, :width] = ways.codes
    return wider


@njit(nogil=True, cache=True)
def _note(ways: Ways, heads: Int64s, codes: Ints) -> None:
    """Routes as they are now: number, length, version and whether the courier is under way."""
    k = 0
    for row in range(heads.shape[0]):
        number, length = heads[row, 0], heads[row, 1]
        ways.lengths[number], ways.versions[number] = length, heads[row, 2]
        ways.under_way[number] = heads[row, 3]
        ways.codes[number, :length] = codes[k : k + length]
        k += length


@njit(nogil=True, cache=True)
def _muster(
    roster: Roster,
    ways: Ways,
    lat_e7: Int32s,
    lon_e7: Int32s,
    measured_at: Int64s,
    near: Flags,
    lost_before: int,
    now: int,
) -> Any:
    """Rows of the roster, whether their places are not known, and what a Crew has after its ids.

    Places are zeros then.
    """
    most = roster.numbers.shape[0]
    rows, unseen, start = (
        np.empty(most, np.int32),
        np.zeros(most, np.bool_),
        np.zeros(most + 1, np.int32),
    )
    places, ends_at = np.zeros((most, 2), np.int64), np.empty(most, np.int64)
    n = 0
    for row in range(most):
        number, end_at = roster.numbers[row], roster.ends_at[row]
        length = ways.lengths[number]
        is_seen = number < lat_e7.shape[0] and measured_at[number] != NEVER and near[number]
        if not is_seen and length == 0:
            continue
        if is_seen:
            places[n, 0], places[n, 1] = lat_e7[number], lon_e7[number]
            if measured_at[number] < lost_before:
                end_at = min(end_at, now - 1)
        rows[n], unseen[n], ends_at[n], start[n + 1] = row, not is_seen, end_at, start[n] + length
        n += 1
    rows = rows[:n]
    numbers, codes = roster.numbers[rows], np.empty(start[n], np.int32)
    for c in range(n):
        codes[start[c] : start[c + 1]] = ways.codes[numbers[c], : start[c + 1] - start[c]]
    return (
        rows,
        unseen[:n],
        numbers,
        places[:n],
        roster.vehicle[rows],
        roster.capacity[rows],
        ends_at[:n],
        roster.break_until[rows],
        ways.versions[numbers],
        ways.under_way[numbers],
        codes,
        start[: n + 1],
    )


def _goal(s: State, route: Route) -> tuple[int, int]:
    """For a courier nobody has ever seen: the next stop, for want of better."""
    head = route.stops[0]
    goal = place_of(head.kind, s.deliveries[head.delivery], s.stores)
    return goal.lat_e7, goal.lon_e7
