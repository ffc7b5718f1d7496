"""State to arrays: what a solver is told of the engine. With bridge.py the way across.

Times go in as milliseconds since the epoch and become seconds from now; places become the
corners of a plane on which distances are seconds of travel for a scooter.
"""

from itertools import pairwise

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.columns import Int64s
from engine.rules.emissions import GRAMS_PER_KM
from engine.state import State
from engine.state.deliveries import ON_BOARD, Delivery, DeliveryStatus
from engine.state.orders import Order, OrderStatus
from engine.values import CourierId, DeliveryId, Millis, PlanningRoundId, Stop, StopKind, StoreId
from geo.points import Point
from geo.travel import TravelModel, Vehicle
from solvers.problem import Flags, Floats, Ints, Problem, Rules, Weights
from solvers.workforce import VEHICLES, Crew, Workforce

REFUSALS_MAX = 62  # each takes a bit of the skills
WORTH_A_RIDE_S = 3_600.0  # what can be at the door within that time is not left out
ALL_SKILLS = (1 << REFUSALS_MAX) - 1
MM_PER_KM = 1_000_000
KEPT_SPARE = 2_000  # deliveries that have ended, before they are forgotten
SLOTS = 256  # at first
COLUMNS = (
    "_fixed",
    "_corners",
    "_ready_at",
    "_attempt",
    "_status",
    "_is_open",
    "_is_return",
    "_is_cooking",
)

STATUSES = list(DeliveryStatus)
CODES = {status: code for code, status in enumerate(STATUSES)}
CREATED = CODES[DeliveryStatus.CREATED]
AT_PICKUP = CODES[DeliveryStatus.ARRIVED_AT_PICKUP]
AT_DROPOFF = CODES[DeliveryStatus.ARRIVED_AT_DROPOFF]
IS_ABOARD: Flags = np.array([x in ON_BOARD for x in STATUSES])  # by code


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
    keys: list[DeliveryId]  # by slot
    slots: NDArray[np.int64]  # (N,) of the rows
    is_return: Flags  # (N,) goes back to its store
    untold: Flags  # (N,) whether nobody has been offered the delivery yet
    on_break: Flags  # (C,) couriers who are to be told nothing new for now
    release_ahead_s: float

    @property
    def deliveries(self) -> list[DeliveryId]:
        """The names of the problem's orders."""
        return [self.keys[slot] for slot in self.slots.tolist()]

    def stop(self, stop: int) -> Stop:
        """One of the problem's, as the engine calls it."""
        orders = self.problem.orders
        key = self.keys[self.slots[stop % orders]]
        if stop < orders:
            return Stop(StopKind.PICKUP, key)
        is_return = self.is_return[stop - orders]
        return Stop(StopKind.RETURN if is_return else StopKind.DROPOFF, key)

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
    """Draws up problems of one engine's state from columns, a slot for each open delivery.

    What has changed since the last time is read again; a delivery's places, load and promise
    stay as they are until it is stranded or returns. The same state gives the same problem,
    whatever was kept.
    """

    def __init__(self, s: State, objective: Objective = USUAL) -> None:
        self._s = s
        self._objective = objective
        self._workforce = Workforce(s)
        self._forget()

    def brief(self, planning_round: PlanningRoundId, now: Millis) -> Briefing:
        """Everyone on shift whose place is known, and all they carry or could carry."""
        self._read()
        crew = self._workforce.look(self._slot_of)
        orders = self._gather(crew)
        self._correct_places(crew, orders)
        return Briefing(
            planning_round,
            self._problem(orders, crew, now),
            crew.ids,
            crew.versions,
            self._keys,
            orders.slots,
            self._is_return[orders.slots],
            orders.status == CREATED,
            crew.break_until > now,
            self._s.settings.current.release_ahead_ms / 1_000,
        )

    # what is kept

    def _forget(self) -> None:
        self._changes = self._order_changes = -1  # that have been read
        self._slot_of: dict[DeliveryId, int] = {}
        self._keys: list[DeliveryId] = []  # by slot, as all columns
        self._fixed: Int64s = np.zeros((SLOTS, 8), np.int64)
        self._corners: Floats = np.zeros((SLOTS, 4))  # x, y of pickup and last stop on the plane
        self._ready_at: Int64s = np.zeros(SLOTS, np.int64)
        self._attempt: Ints = np.zeros(SLOTS, np.int32)
        self._status = np.zeros(SLOTS, np.uint8)
        self._is_open = np.zeros(SLOTS, np.bool_)
        self._is_return = np.zeros(SLOTS, np.bool_)
        self._is_cooking = np.zeros(SLOTS, np.bool_)
        self._refusers: dict[int, list[CourierId]] = {}  # by slot, of open deliveries
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
        if changed is None or reordered is None or too_many:
            self._forget()
            changed, reordered = list(deliveries.open), []
        self._changes, self._order_changes = deliveries.changes.count, orders.changes.count
        for key in changed:
            self._read_delivery(key)
        for order in reordered:
            slot = self._slot_of.get(deliveries.of_order.get(order))  # type: ignore[arg-type]
            if slot is not None:
                self._read_order(slot, orders.orders[order])

    def _read_delivery(self, key: DeliveryId) -> None:
        delivery, slot = self._s.deliveries.open.get(key), self._slot_of.get(key)
        if delivery is None:
            if slot is not None:
                self._is_open[slot] = False
                self._refusers.pop(slot, None)
            return
        if slot is None:
            slot = self._new_slot(key)
        elif self._goes_another_way(slot, delivery):
            self._keep(slot, delivery)
        self._status[slot] = CODES[delivery.status]
        if delivery.refused_by:
            self._refusers[slot] = delivery.refused_by

    def _goes_another_way(self, slot: int, delivery: Delivery) -> bool:
        kept = int(self._attempt[slot]), bool(self._is_return[slot])
        return kept != (delivery.attempt, delivery.is_return)

    def _new_slot(self, key: DeliveryId) -> int:
        """For a delivery that was opened after all that have one: slots are in order of age."""
        slot = self._slot_of[key] = len(self._keys)
        self._keys.append(key)
        if slot == len(self._status):
            for name in COLUMNS:
                old = getattr(self, name)
                setattr(self, name, np.concatenate((old, np.zeros_like(old))))
        delivery = self._s.deliveries.deliveries[key]
        self._is_open[slot] = True
        self._keep(slot, delivery)
        self._read_order(slot, self._s.orders.orders[delivery.order])
        return slot

    def _keep(self, slot: int, delivery: Delivery) -> None:
        """(Over)write what is fixed of a delivery, as it is now."""
        order = self._s.orders.orders[delivery.order]
        home = self._s.stores.stores[delivery.store].location
        last, pickup = home if delivery.is_return else delivery.dropoff, delivery.pickup
        places = pickup.lat_e7, pickup.lon_e7, last.lat_e7, last.lon_e7
        self._fixed[slot] = (
            *places,
            delivery.load,
            delivery.due_at or order.placed.promised_at,
            self._store(delivery.store),
            delivery.pickup_from_at,
        )
        self._attempt[slot], self._is_return[slot] = delivery.attempt, delivery.is_return
        self._unplaced.append(slot)

    def _read_order(self, slot: int, order: Order) -> None:
        self._ready_at[slot] = order.ready_at
        self._is_cooking[slot] = order.status is OrderStatus.ACCEPTED

    def _store(self, key: StoreId) -> int:
        if key not in self._stores:
            self._stores = {x: n for n, x in enumerate(self._s.stores.stores)}
        return self._stores[key]

    # what is new each time

    def _gather(self, crew: Crew) -> "_Orders":
        """Open deliveries, the oldest first; but not what somebody off shift still carries."""
        count = len(self._keys)
        holder_of = np.full(count, -1, np.int32)
        holder_of[crew.codes >> 1] = crew.row_of_stop
        is_wanted = (holder_of >= 0) | (self._status[:count] == CREATED)
        slots = np.flatnonzero(is_wanted & self._is_open[:count])
        row_of = np.full(count, -1, np.int32)
        row_of[slots] = np.arange(len(slots), dtype=np.int32)
        return _Orders(slots, self._status[slots], holder_of[slots], row_of)

    def _correct_places(self, crew: Crew, orders: "_Orders") -> None:
        """Whoever says to have arrived at the first stop is there."""
        busy = np.flatnonzero(np.diff(crew.start))
        codes = crew.codes[crew.start[busy]]
        status = self._status[codes >> 1]
        here = np.where(codes & 1, status == AT_DROPOFF, status == AT_PICKUP)
        at = self._fixed[codes[here] >> 1, 0:4].reshape(-1, 2, 2)
        crew.places[busy[here]] = at[np.arange(len(at)), codes[here] & 1]

    def _problem(self, orders: "_Orders", crew: Crew, now: Millis) -> Problem:
        settings, n, c = self._s.settings.current, len(orders.slots), len(crew.ids)
        fixed, holder = self._fixed[orders.slots], orders.holder
        times = self._times(orders, fixed, now)
        told = orders.status != CREATED
        handling = np.full(n, settings.handling_ms / 1_000)
        order_skills, courier_skills = self._skills(orders, crew)
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
        cooking = self._is_cooking[orders.slots]
        stores = self._s.stores.stores
        spread_s = np.array([2 * stores[x].spread_ms / 1_000 for x in self._stores])
        ready_s = (np.maximum(self._ready_at[orders.slots], fixed[:, 7]) - now) / 1_000
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
            self._unplaced = list(range(len(self._keys)))
        new = np.array(self._unplaced, np.int32)
        places = np.concatenate((crew.places, self._fixed[new, 0:2], self._fixed[new, 2:4]))
        drawn = travel.project(places, center, travel.speed_mm_s(Vehicle.SCOOTER))
        self._corners[new, 0:2] = drawn[c : c + len(new)]
        self._corners[new, 2:4] = drawn[c + len(new) :]
        self._unplaced.clear()
        corners = self._corners[orders.slots]
        return np.concatenate((drawn[:c], corners[:, 0:2], corners[:, 2:4]))

    def _skills(self, orders: "_Orders", crew: Crew) -> tuple[Int64s, Int64s]:
        """Whoever refused an order lacks a skill that only this order asks for."""
        of_order = np.zeros(len(orders.slots), np.int64)
        of_courier = np.full(len(crew.ids), ALL_SKILLS, np.int64)
        rows = {int(orders.row_of[slot]): refusers for slot, refusers in self._refusers.items()}
        refused = [x for x in sorted(rows.items()) if x[0] >= 0]
        couriers = self._s.couriers.couriers
        crew_row_of = np.full(len(couriers), -1, np.int32)
        crew_row_of[crew.numbers] = np.arange(len(crew.ids), dtype=np.int32)
        for bit, (order, refusers) in enumerate(refused[:REFUSALS_MAX]):
            if len(refusers) >= len(crew.ids):
                continue  # everyone has said no once: ask again
            of_order[order] = 1 << bit
            for refuser in refusers:
                row = crew_row_of[couriers[refuser].number]
                if row not in (-1, orders.holder[order]):
                    of_courier[row] &= ~np.int64(1 << bit)
        return of_order, of_courier


class _Orders(Struct, frozen=True):
    """Those of a problem, in the order of its rows."""

    slots: NDArray[np.int64]
    status: NDArray[np.uint8]  # as in CODES
    holder: Ints  # the courier's row, or -1
    row_of: Ints  # by slot; -1 if it is not in the problem


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


def _unserved_costs(weights: Weights, times: Floats) -> Floats:
    """Never less than what serving an order would cost for lateness that has happened already.

    Otherwise an order that is late enough would be cheaper to leave out, and wait for ever.
    """
    ready_s, _, due_s = times
    lateness = weights.lateness_per_s * np.maximum(0.0, WORTH_A_RIDE_S - due_s)
    freshness = weights.freshness_per_s * np.maximum(0.0, WORTH_A_RIDE_S - ready_s)
    costs: Floats = weights.unserved + lateness + freshness
    return costs
