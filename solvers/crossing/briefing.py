"""State to arrays: what a solver is told of the engine. With bridge.py the way across.

Times go in as milliseconds since the epoch and become seconds from now; places become the
corners of a plane, or of the streets' space, where distances are seconds of travel by scooter.
"""

from itertools import pairwise

import numpy as np
from msgspec import Struct

from engine.columns import Int64s
from engine.rules.emissions import GRAMS_PER_KM
from engine.state import State
from engine.state.deliveries import ON_BOARD, Delivery, DeliveryStatus
from engine.state.orders import Order, OrderStatus
from engine.values import (
    CourierId,
    DeliveryId,
    Millis,
    PlanningRoundId,
    Stop,
    StopKind,
    StoreId,
)
from geo.points import Point
from geo.space import DIMENSIONS
from geo.travel import TravelModel, Vehicle
from solvers.crossing.abilities import Abilities
from solvers.crossing.drafting import (
    Prices,
    Statuses,
    choose,
    draw_up_couriers,
    draw_up_orders,
    empty_columns,
    with_more_room,
)
from solvers.crossing.workforce import VEHICLES, Crew, Workforce
from solvers.problem import Flags, Floats, Ints, Problem, Rules, Singles, Weights, grained

MM_PER_KM = 1_000_000
KEPT_SPARE = 2_000  # deliveries that have ended, before they are forgotten
SLOTS = 256  # at first

S = DeliveryStatus
CODES = {status: code for code, status in enumerate(S)}
STATUSES = Statuses(
    CODES[S.CREATED],
    CODES[S.ARRIVED_AT_PICKUP],
    CODES[S.ARRIVED_AT_DROPOFF],
    np.array([x in ON_BOARD for x in S]),
)
# An enum is slow to ask for a member.
ACCEPTED = OrderStatus.ACCEPTED
PICKUP, DROPOFF, RETURN = StopKind.PICKUP, StopKind.DROPOFF, StopKind.RETURN
NONE = DeliveryId("")
NO_WAY = (-1, False)  # of a delivery that has not been read yet


class Objective(Struct, frozen=True):
    """What a planner may turn, besides the engine's settings."""

    weights: Weights = Weights(
        lateness_per_s=10.0, freshness_per_s=0.2, travel_per_s=1.0, unserved=7200.0
    )
    rules: Rules = Rules()


USUAL = Objective()


class Briefing(Struct, frozen=True):
    """A problem, and the names its rows had when it was drawn up."""

    planning_round: PlanningRoundId
    problem: Problem
    couriers: list[CourierId]
    versions: Int64s  # of their routes
    keys: list[DeliveryId]  # by slot
    slots: Ints  # (N,) of the rows
    is_return: Flags  # (N,) goes back to its store
    untold: Flags  # (N,) whether nobody has been offered the delivery yet
    on_break: Flags  # (C,) couriers who are to be told nothing new for now
    release_ahead_s: float

    @property
    def deliveries(self) -> list[DeliveryId]:
        """The names of the problem's orders."""
        return [self.keys[slot] for slot in self.slots.tolist()]

    def stops(self, route: list[int]) -> list[Stop]:
        """Those of the problem, as the engine calls them."""
        orders, keys, slots, is_return = self.problem.orders, self.keys, self.slots, self.is_return
        found = list[Stop]()
        for x in route:
            if x < orders:
                found.append(Stop(PICKUP, keys[slots[x]]))
            else:
                o = x - orders
                found.append(Stop(RETURN if is_return[o] else DROPOFF, keys[slots[o]]))
        return found

    @property
    def routes(self) -> list[list[int]]:
        """Of each courier, in the problem's stops."""
        p = self.problem
        ends = p.route_start.tolist()
        stops: list[int] = p.route_stops.tolist()
        return [stops[a:b] for a, b in pairwise(ends)]


def brief(
    s: State, planning_round: PlanningRoundId, now: Millis, objective: Objective = USUAL
) -> Briefing:
    """Once; who asks again and again keeps a Briefer."""
    return Briefer(s, objective).brief(planning_round, now)


def warm() -> None:
    """Compile what draws problems up: seconds once on a machine, then milliseconds."""
    brief(State(), PlanningRoundId(0), Millis(0))
    TravelModel().project(np.zeros((1, 2), np.int64), Point(0, 0))


class Briefer:
    """Draws up problems of one engine's state from columns, a slot for each open delivery.

    What has changed since the last time is read again; a delivery's places, load and promise
    stay as they are until it is stranded or returns, or a store moves. The same state gives the
    same problem, whatever was kept.
    """

    def __init__(self, s: State, objective: Objective = USUAL) -> None:
        self._s = s
        self._objective = objective
        self._workforce = Workforce(s)
        self._forget()

    def brief(self, planning_round: PlanningRoundId, now: Millis) -> Briefing:
        """Everyone on shift whose place is known, and all they carry or could carry."""
        self._read()
        crew = self._workforce.look(self._slot_of, now)
        count, created = len(self._keys), STATUSES.created
        orders = _Orders(*choose(self._columns, count, created, crew.codes, crew.start))
        problem, flags = self._problem(orders, crew, now)
        return Briefing(
            planning_round,
            problem,
            crew.ids,
            crew.versions,
            self._keys,
            orders.slots,
            flags[0],
            flags[1],
            crew.break_until > now,
            self._s.settings.current.release_ahead_ms / 1_000,
        )

    # what is kept

    def _forget(self) -> None:
        self._changes = self._order_changes = -1  # that have been read
        self._moves = self._s.stores.moves  # places are of then
        self._slot_of: dict[DeliveryId, int] = {}
        self._keys: list[DeliveryId] = []  # by slot, as all columns
        self._ways: list[tuple[int, bool]] = []  # attempt, is_return: what is fixed goes by them
        self._columns = empty_columns(SLOTS)
        self._abilities = Abilities()
        self._unplaced: list[int] = []  # slots that have no corners yet
        self._drawn_for: tuple[Point, TravelModel] | None = None
        self._stores: dict[StoreId, int] = {}  # the oldest first
        self._workforce.forget()

    def _read(self) -> None:
        """All that has changed since the last time; everything, if that is too long ago."""
        deliveries, orders = self._s.deliveries, self._s.orders
        changed = deliveries.changes.since(self._changes)
        reordered = orders.changes.since(self._order_changes)
        too_many = len(self._keys) > 2 * len(deliveries.open) + KEPT_SPARE
        has_moved = self._moves != self._s.stores.moves
        if changed is None or reordered is None or too_many or has_moved:
            self._forget()
            changed, reordered = list(deliveries.open), []
        self._changes, self._order_changes = deliveries.changes.count, orders.changes.count
        found = self._read_deliveries(changed)
        slot_of, of_order = self._slot_of, deliveries.of_order
        for order in reordered:
            slot = slot_of.get(of_order.get(order))  # type: ignore[arg-type]
            if slot is not None:
                found.append((slot, orders[order]))
        slots = [slot for slot, _ in found]
        self._columns.ready_at[slots] = [x.ready_at for _, x in found]
        self._columns.is_cooking[slots] = [x.status is ACCEPTED for _, x in found]

    def _read_deliveries(self, keys: list[DeliveryId]) -> list[tuple[int, Order]]:
        """One by one in Python, into the columns at once: a cell of an array is dear to write.

        Slots that were written anew, with their orders.
        """
        open_, slot_of, ways, names = self._s.deliveries.open, self._slot_of, self._ways, self._keys
        slots, codes, closed = list[int](), list[int](), list[int]()
        anew = list[tuple[int, Delivery]]()
        for key in keys:
            delivery, slot = open_.get(key), slot_of.get(key)
            if delivery is None:
                if slot is not None:
                    closed.append(slot)
                continue
            if slot is None:  # opened after all that have one: slots are in order of age
                slot = slot_of[key] = len(names)
                names.append(key)
                ways.append(NO_WAY)
            way = delivery.attempt, delivery.is_return
            if ways[slot] != way:
                ways[slot] = way
                anew.append((slot, delivery))
            slots.append(slot)
            codes.append(CODES[delivery.status])
            if delivery.refused_by:
                known = self._s.couriers
                self._abilities.refused(slot, [known[x].number for x in delivery.refused_by])
        while len(self._columns.status) < len(names):
            self._columns = with_more_room(self._columns)
        self._columns.status[slots] = codes
        self._close(closed)
        return self._write(anew)

    def _write(self, found: list[tuple[int, Delivery]]) -> list[tuple[int, Order]]:
        """(Over)write what is fixed of deliveries, as it is now; their orders."""
        rows, written = list[tuple[int, ...]](), list[tuple[int, Order]]()
        for slot, x in found:
            if x.skills:
                self._abilities.needed(slot, x.skills)
            order = self._s.orders[x.order]
            last = self._s.stores.stores[x.store].location if x.is_return else x.dropoff
            due_at, store = x.due_at or order.placed.promised_at, self._store(x.store)
            places = x.pickup.lat_e7, x.pickup.lon_e7, last.lat_e7, last.lon_e7
            rows.append((*places, x.load, due_at, store, x.pickup_from_at))
            written.append((slot, order))
        if rows:
            slots = [slot for slot, _ in found]
            self._columns.fixed[slots] = rows
            self._columns.is_return[slots] = [x.is_return for _, x in found]
            self._columns.is_open[slots] = True
            self._unplaced += slots
        return written

    def _close(self, slots: list[int]) -> None:
        self._columns.is_open[slots] = False
        for slot in slots:
            self._abilities.forget(slot)

    def _store(self, key: StoreId) -> int:
        if key not in self._stores:
            self._stores = {x: n for n, x in enumerate(self._s.stores.stores)}
        return self._stores[key]

    # what is new each time

    def _problem(self, orders: "_Orders", crew: Crew, now: Millis) -> tuple[Problem, Flags]:
        """And of each order, whether it is a return, and not told to anybody."""
        columns = self._columns
        settings, n, c = self._s.settings.current, len(orders.slots), len(crew.ids)
        hours, stops = np.empty((4, c)), np.empty(len(crew.codes), np.int32)
        draw_up_couriers(
            columns,
            STATUSES,
            n,
            orders.row_of,
            crew.codes,
            crew.start,
            crew.ends_at,
            crew.break_until,
            now,
            crew.vehicle,
            self._paces(),
            crew.places,
            hours,
            stops,
        )
        xy_s = self._plane(crew.places, n)
        times, counts, flags = (
            np.empty((4, n)),
            np.empty((4, n), np.int32),
            np.empty((2, n), np.bool_),
        )
        weights, handling_ms = self._objective.weights, settings.handling_ms
        draw_up_orders(
            columns,
            STATUSES,
            orders.slots,
            orders.holder,
            self._spreads_ms(),
            now,
            handling_ms,
            Prices(weights.unserved, weights.lateness_per_s, weights.freshness_per_s),
            times,
            counts,
            flags,
            xy_s[c:],
        )
        handling = np.full(n, handling_ms / 1_000)
        skills = self._abilities.draw_up(orders.row_of, orders.holder, flags[1], crew)
        places = np.arange(c + 2 * n, dtype=np.int32)
        problem = Problem(
            xy_s=xy_s,
            table_s=np.zeros((0, 0), np.float32),
            round_up_s=0.0,
            courier_place=places[:c],
            courier_free_s=hours[0],
            courier_end_s=hours[1],
            courier_capacity=crew.capacity.reshape(-1, 1),
            courier_skills=skills[1],
            courier_speed=hours[2],
            courier_cost=np.ones(c),
            courier_co2e=hours[3],
            pickup_place=places[c : c + n],
            dropoff_place=places[c + n :],
            store=counts[1],
            ready_s=times[0],
            ready_p90_s=times[1],
            due_s=times[2],
            pickup_service_s=handling,
            dropoff_service_s=handling,
            quantity=counts[0].reshape(-1, 1),
            priority=np.ones(n),
            skills=skills[0],
            group=self._groups(orders),
            unserved_cost=times[3],
            on_board=counts[2],
            bound_to=counts[3],
            route_stops=stops,
            route_start=crew.start,
            pinned=crew.under_way,
            weights=weights,
            rules=self._objective.rules,
        )
        return problem, flags

    def _paces(self) -> Floats:
        """(2, V) how fast each vehicle is, a scooter being 1.0; grams of CO2e a second."""
        travel = self._s.settings.current.travel
        mm_s = [travel.speed_mm_s(x) for x in VEHICLES]
        grams = [GRAMS_PER_KM[x] * mm / MM_PER_KM for x, mm in zip(VEHICLES, mm_s, strict=True)]
        one = travel.speed_mm_s(Vehicle.SCOOTER)
        return np.array([[mm / one for mm in mm_s], grams])

    def _spreads_ms(self) -> Int64s:
        """How much later than its median nine of ten orders of a store are ready."""
        return 2 * np.array([x.spread_ms for x in self._s.stores.stores.values()], np.int64)

    def _plane(self, couriers: Int64s, orders: int) -> Singles:
        """(C + 2N, 2 or 4) seconds of travel by scooter: of couriers, here; of the rest, room."""
        travel, center = self._s.settings.current.travel, self._s.stores.center()
        c = len(couriers)
        axes = 2 if travel.streets is None else DIMENSIONS
        xy_s = np.zeros((c + 2 * orders, axes), np.float32)
        if center is None:
            return xy_s  # no store: nothing to be carried
        if self._drawn_for != (center, travel):
            self._drawn_for = center, travel
            self._unplaced = list(range(len(self._keys)))
        new = np.array(self._unplaced, np.int32)
        places = np.concatenate(
            (couriers, self._columns.fixed[new, 0:2], self._columns.fixed[new, 2:4])
        )
        drawn = grained(travel.project(places, center, travel.speed_mm_s(Vehicle.SCOOTER)))
        self._columns.corners[new, :axes] = drawn[c : c + len(new)]
        self._columns.corners[new, DIMENSIONS : DIMENSIONS + axes] = drawn[c + len(new) :]
        self._unplaced.clear()
        xy_s[:c] = drawn[:c]
        return xy_s

    def _groups(self, orders: "_Orders") -> Ints:
        """(N,) which go with one courier, by number; -1 for all others."""
        s = self._s
        found = np.full(len(orders.slots), -1, np.int32)
        for number, members in enumerate(s.groups.groups.values()):
            slots = (self._slot_of.get(s.deliveries.of_order.get(x, NONE), -1) for x in members)
            rows = [orders.row_of[slot] for slot in slots if slot >= 0]
            found[[row for row in rows if row >= 0]] = number
        return found


class _Orders(Struct, frozen=True):
    """Those of a problem, in the order of its rows."""

    slots: Ints
    holder: Ints  # the courier's row, or -1
    row_of: Ints  # by slot; -1 if it is not in the problem
