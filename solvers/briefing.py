"""State to arrays: what a solver is told of the engine. With bridge.py the way across.

Times go in as milliseconds since the epoch and become seconds from now; places become the
corners of a plane on which distances are seconds of travel for a scooter.
"""

from itertools import compress, pairwise, repeat
from operator import attrgetter

import numpy as np
from msgspec import Struct

from engine.columns import Int64s
from engine.rules.emissions import GRAMS_PER_KM
from engine.state import State
from engine.state.deliveries import ON_BOARD, Delivery, DeliveryStatus
from engine.state.orders import Order, OrderStatus
from engine.values import CourierId, DeliveryId, Millis, PlanningRoundId, StopKind, StoreId
from geo.points import Point
from geo.travel import TravelModel, Vehicle
from solvers.problem import Flags, Floats, Ints, Problem, Rules, Weights
from solvers.workforce import VEHICLES, Crew, Workforce

REFUSALS_MAX = 62  # each takes a bit of the skills
WORTH_A_RIDE_S = 3_600.0  # what can be at the door within that time is not left out
ALL_SKILLS = (1 << REFUSALS_MAX) - 1
MM_PER_KM = 1_000_000
KEPT_SPARE = 2_000  # deliveries that have ended, before they are forgotten

STATUSES = list(DeliveryStatus)
CODES = {status: code for code, status in enumerate(STATUSES)}
CREATED = CODES[DeliveryStatus.CREATED]
AT_PICKUP = CODES[DeliveryStatus.ARRIVED_AT_PICKUP]
AT_DROPOFF = CODES[DeliveryStatus.ARRIVED_AT_DROPOFF]
IS_ABOARD: Flags = np.array([x in ON_BOARD for x in STATUSES])  # by code
status_of, ready_at_of = attrgetter("status"), attrgetter("ready_at")


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
    versions: list[int]  # of their routes
    deliveries: list[DeliveryId]
    last_stops: list[StopKind]
    untold: Flags  # (N,) whether nobody has been offered the delivery yet
    on_break: Flags  # (C,) couriers who are to be told nothing new for now
    release_ahead_s: float

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


class Briefer:
    """Draws up problems of one engine's state, and keeps what does not change between two.

    A delivery's places, load and promise stay as they are until it is stranded or returns: its
    slot keeps them. The same state gives the same problem, whatever was kept.
    """

    def __init__(self, s: State, objective: Objective = USUAL) -> None:
        self._s = s
        self._objective = objective
        self._workforce = Workforce(s)
        self._forget()

    def brief(self, planning_round: PlanningRoundId, now: Millis) -> Briefing:
        """Everyone on shift whose place is known, and all they carry or could carry."""
        if len(self._orders) > 2 * len(self._s.deliveries.open) + KEPT_SPARE:
            self._forget()
        open_ = self._open()
        crew = self._workforce.look(self._slot_of)
        orders = self._gather(open_, crew)
        self._correct_places(crew, orders)
        return Briefing(
            planning_round,
            self._problem(orders, crew, now),
            crew.ids,
            crew.versions,
            orders.keys,
            orders.last_stops,
            orders.status == CREATED,
            crew.break_until > now,
            self._s.settings.current.release_ahead_ms / 1_000,
        )

    # what is kept

    def _forget(self) -> None:
        self._slot_of: dict[DeliveryId, int] = {}
        self._orders: list[Order] = []  # by slot, as all below
        self._ways: list[tuple[int, bool]] = []  # the attempt and the direction that were kept
        self._fixed: Int64s = np.zeros((256, 8), np.int64)
        self._corners: Floats = np.zeros((256, 4))  # on the plane: x, y of pickup and last stop
        self._unplaced: list[int] = []  # slots that have no corners yet
        self._drawn_for: tuple[Point, TravelModel] | None = None
        self._stores: dict[StoreId, int] = {}  # the oldest first
        self._workforce.forget()

    def _keep(self, key: DeliveryId, delivery: Delivery) -> int:
        """(Over)write what is fixed of a delivery, as it is now; its slot."""
        order = self._s.orders.orders[delivery.order]
        slot = self._slot_of.setdefault(key, len(self._orders))
        way = delivery.attempt, delivery.is_return
        if slot == len(self._orders):
            self._orders.append(order)
            self._ways.append(way)
        if slot == len(self._fixed):
            self._fixed = np.concatenate((self._fixed, np.zeros_like(self._fixed)))
            self._corners = np.concatenate((self._corners, np.zeros_like(self._corners)))
        home = self._s.stores.stores[delivery.store].location
        last, pickup = home if delivery.is_return else delivery.dropoff, delivery.pickup
        places = pickup.lat_e7, pickup.lon_e7, last.lat_e7, last.lon_e7
        self._fixed[slot] = (
            *places,
            delivery.load,
            order.placed.promised_at,
            self._store(delivery.store),
            delivery.pickup_from_at,
        )
        self._ways[slot] = way
        self._unplaced.append(slot)
        return slot

    def _store(self, key: StoreId) -> int:
        if key not in self._stores:
            self._stores = {x: n for n, x in enumerate(self._s.stores.stores)}
        return self._stores[key]

    # what is new each time

    def _open(self) -> "_Orders":
        """Open deliveries, the oldest first, each with a slot that is up to date."""
        found = self._s.deliveries.open
        keys, deliveries = list(found), list(found.values())
        slots = np.fromiter(map(self._slot_of.get, keys, repeat(-1)), np.int32, len(keys))
        for row in np.flatnonzero(slots < 0).tolist():
            slots[row] = self._keep(keys[row], deliveries[row])
        orders = _Orders(keys, deliveries, slots)
        for row in orders.unusual:
            delivery = deliveries[row]
            if self._ways[slots[row]] != (delivery.attempt, delivery.is_return):
                self._keep(keys[row], delivery)
        return orders

    def _gather(self, orders: "_Orders", crew: Crew) -> "_Orders":
        """Those of them that are to be done; not what somebody off shift still carries."""
        holder_of = np.full(len(self._orders), -1, np.int32)
        holder_of[crew.codes >> 1] = crew.row_of_stop
        holder = holder_of[orders.slots]
        wanted = (holder >= 0) | (orders.status == CREATED)
        if not wanted.all():
            chosen = wanted.tolist()
            keys, deliveries = compress(orders.keys, chosen), compress(orders.deliveries, chosen)
            orders = _Orders(list(keys), list(deliveries), orders.slots[wanted])
            holder = holder[wanted]
        orders.holder = holder
        orders.row_of = np.full(len(self._orders), -1, np.int32)
        orders.row_of[orders.slots] = np.arange(len(orders.slots), dtype=np.int32)
        return orders

    def _correct_places(self, crew: Crew, orders: "_Orders") -> None:
        """Whoever says to have arrived at the first stop is there."""
        busy = np.flatnonzero(np.diff(crew.start))
        codes = crew.codes[crew.start[busy]]
        status = orders.status[orders.row_of[codes >> 1]]
        here = np.where(codes & 1, status == AT_DROPOFF, status == AT_PICKUP)
        at = self._fixed[codes[here] >> 1, 0:4].reshape(-1, 2, 2)
        crew.places[busy[here]] = at[np.arange(len(at)), codes[here] & 1]

    def _problem(self, orders: "_Orders", crew: Crew, now: Millis) -> Problem:
        settings, n, c = self._s.settings.current, len(orders.keys), len(crew.ids)
        fixed, holder = self._fixed[orders.slots], orders.holder
        times = self._times(orders, fixed, now)
        told = orders.status != CREATED
        handling = np.full(n, settings.handling_ms / 1_000)
        order_skills, courier_skills = _skills(orders, crew)
        travel, one = settings.travel, settings.travel.speed_mm_s(Vehicle.SCOOTER)
        speed = np.array([travel.speed_mm_s(x) / one for x in VEHICLES])
        grams = [GRAMS_PER_KM[x] * travel.speed_mm_s(x) / MM_PER_KM for x in VEHICLES]
        free_s, end_s = _working_hours(crew, holder[told & (holder >= 0)], now)
        return Problem(
            xy_s=self._plane(orders, crew),
            table_s=np.zeros((0, 0), np.float32),
            round_up_s=0.0,
            courier_place=np.arange(c, dtype=np.int32),
            courier_free_s=free_s,
            courier_end_s=end_s,
            courier_capacity=crew.capacity.reshape(-1, 1),
            courier_skills=courier_skills,
            courier_speed=speed[crew.vehicle],
            courier_cost=np.ones(c),
            courier_co2e=np.array(grams, np.float64)[crew.vehicle],
            pickup_place=np.arange(c, c + n, dtype=np.int32),
            dropoff_place=np.arange(c + n, c + 2 * n, dtype=np.int32),
            store=fixed[:, 6].astype(np.int32),
            ready_s=times[0],
            ready_p90_s=times[1],
            due_s=times[2],
            pickup_service_s=handling,
            dropoff_service_s=handling,
            quantity=fixed[:, 4:5].astype(np.int32),
            priority=np.ones(n),
            skills=order_skills,
            group=np.full(n, -1, np.int32),
            unserved_cost=_unserved_costs(self._objective.weights, times),
            on_board=np.where(IS_ABOARD[orders.status], holder, -1),
            bound_to=np.where(told, holder, -1),
            route_stops=orders.row_of[crew.codes >> 1] + n * (crew.codes & 1),
            route_start=crew.start,
            pinned=crew.under_way,
            weights=self._objective.weights,
            rules=self._objective.rules,
        )

    def _times(self, orders: "_Orders", fixed: Int64s, now: Millis) -> Floats:
        """(3, N) seconds from now: ready, ready for nine of ten, promised arrival."""
        known = [self._orders[slot] for slot in orders.slots.tolist()]
        cooking = np.array([x.status is OrderStatus.ACCEPTED for x in known], np.bool_)
        stores = self._s.stores.stores
        spread_s = np.array([2 * stores[x].spread_ms / 1_000 for x in self._stores])
        ready_at = np.fromiter(map(ready_at_of, known), np.int64, len(known))
        ready_s = (np.maximum(ready_at, fixed[:, 7]) - now) / 1_000
        ready_s = np.where(cooking, np.maximum(ready_s, 0.0), ready_s)
        late_s = np.where(cooking, spread_s[fixed[:, 6]], 0.0) if len(spread_s) else ready_s
        due_s = (fixed[:, 5] - self._s.settings.current.handling_ms - now) / 1_000
        return np.stack((ready_s, ready_s + late_s, due_s))

    def _plane(self, orders: "_Orders", crew: Crew) -> Floats:
        """(C + 2N, 2) seconds of travel by scooter: couriers, pickups, last stops."""
        travel, center = self._s.settings.current.travel, self._s.stores.center()
        c = len(crew.ids)
        if center is None:
            return np.zeros((c, 2))  # no store: nothing to be carried
        if self._drawn_for != (center, travel):
            self._drawn_for = center, travel
            self._unplaced = list(range(len(self._orders)))
        new = np.array(self._unplaced, np.int32)
        places = np.concatenate((crew.places, self._fixed[new, 0:2], self._fixed[new, 2:4]))
        drawn = travel.project(places, center, travel.speed_mm_s(Vehicle.SCOOTER))
        self._corners[new, 0:2] = drawn[c : c + len(new)]
        self._corners[new, 2:4] = drawn[c + len(new) :]
        self._unplaced.clear()
        corners = self._corners[orders.slots]
        return np.concatenate((drawn[:c], corners[:, 0:2], corners[:, 2:4]))


class _Orders:
    """Open deliveries in the order of the problem's rows."""

    def __init__(self, keys: list[DeliveryId], deliveries: list[Delivery], slots: Ints) -> None:
        self.keys, self.deliveries, self.slots = keys, deliveries, slots
        codes = bytes(map(CODES.__getitem__, map(status_of, deliveries)))
        self.status = np.frombuffer(codes, np.uint8)
        self.holder = self.row_of = slots  # `_gather` says: courier's row or -1; row by slot
        # Only they have been refused, or may differ from what was kept.
        self.unusual = [
            row for row, x in enumerate(deliveries) if x.refused_by or x.attempt != 1 or x.is_return
        ]

    @property
    def last_stops(self) -> list[StopKind]:
        stops = [StopKind.DROPOFF] * len(self.keys)
        for row in self.unusual:
            stops[row] = self.deliveries[row].last_stop
        return stops


def _working_hours(crew: Crew, busy: Ints, now: Millis) -> tuple[Floats, Floats]:
    """(C,) seconds from now: when each courier is free, and until when pickups may be planned.

    A break begins when everything a courier was told of is done. Whoever is `busy` (rows) until
    then gets no more pickups, as at the end of the shift; anybody else is free after the break.
    """
    ends_at, break_until = crew.ends_at, crew.break_until
    on_break = break_until > now
    is_busy = np.zeros(len(ends_at), np.bool_)
    is_busy[busy] = True
    ends_at = np.where(on_break & is_busy, np.minimum(ends_at, now), ends_at)
    free_at = np.where(on_break & ~is_busy, break_until, now)
    return (free_at - now) / 1_000, (ends_at - now) / 1_000


def _skills(orders: _Orders, crew: Crew) -> tuple[Int64s, Int64s]:
    """Whoever refused an order lacks a skill that only this order asks for."""
    of_order = np.zeros(len(orders.keys), np.int64)
    of_courier = np.full(len(crew.ids), ALL_SKILLS, np.int64)
    refused = [row for row in orders.unusual if orders.deliveries[row].refused_by]
    row_of = {key: row for row, key in enumerate(crew.ids)} if refused else {}
    for bit, order in enumerate(refused[:REFUSALS_MAX]):
        refusers = orders.deliveries[order].refused_by
        if len(refusers) >= len(crew.ids):
            continue  # everyone has said no once: ask again
        of_order[order] = 1 << bit
        for refuser in refusers:
            row = row_of.get(refuser, -1)
            if row not in (-1, orders.holder[order]):
                of_courier[row] &= ~np.int64(1 << bit)
    return of_order, of_courier


def _unserved_costs(weights: Weights, times: Floats) -> Floats:
    """Never less than what serving an order would cost for lateness that has happened already.

    Otherwise an order that is late enough would be cheaper to leave out, and wait for ever.
    """
    ready_s, _, due_s = times
    lateness = weights.lateness_per_s * np.maximum(0.0, WORTH_A_RIDE_S - due_s)
    freshness = weights.freshness_per_s * np.maximum(0.0, WORTH_A_RIDE_S - ready_s)
    costs: Floats = weights.unserved + lateness + freshness
    return costs
