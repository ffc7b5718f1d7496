"""State to arrays: what a solver is told of the engine. With bridge.py the way across.

Times go in as milliseconds since the epoch and become seconds from now; places become the
corners of a plane on which distances are seconds of travel for a scooter.
"""

from typing import Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.columns import Int32s
from engine.rules.emissions import GRAMS_PER_KM
from engine.rules.locality import are_near
from engine.settings import Settings
from engine.state import State
from engine.state.couriers import Courier
from engine.state.deliveries import ON_BOARD, Delivery, DeliveryStatus, Route
from engine.state.orders import Order, OrderStatus
from engine.state.positions import NEVER
from engine.values import CourierId, DeliveryId, Millis, PlanningRoundId, StopKind, StoreId
from geo.points import Point
from geo.sphere import Places
from geo.travel import Vehicle
from solvers.problem import Floats, Ints, Problem, Rules, Weights

S = DeliveryStatus
REFUSALS_MAX = 62  # each takes a bit of the skills
WORTH_A_RIDE_S = 3_600.0  # what can be at the door within that time is not left out
ALL_SKILLS = (1 << REFUSALS_MAX) - 1
MM_PER_KM = 1_000_000
KEPT_SPARE = 2_000  # deliveries that have ended, before they are forgotten

Int64s = NDArray[np.int64]


class Metric(Protocol):
    """How places become a plane, and what one leg on it costs."""

    @property
    def round_up_s(self) -> float: ...

    def plane(self, points: Places, settings: Settings) -> Floats:
        """(P, 2) seconds of travel at unit speed."""

    def speed(self, vehicle: Vehicle, settings: Settings) -> float:
        """As a multiple of the unit speed."""


class ScooterSeconds(Struct, frozen=True):
    """The engine's own travel model; the unit speed is a scooter's."""

    round_up_s: float = 0.0

    def plane(self, points: Places, settings: Settings) -> Floats:
        lat_e7, lon_e7 = points.mean(axis=0) if len(points) else (0, 0)
        unit = settings.travel.speed_mm_s(Vehicle.SCOOTER)
        return settings.travel.project(points, Point(int(lat_e7), int(lon_e7)), unit)

    def speed(self, vehicle: Vehicle, settings: Settings) -> float:
        unit = settings.travel.speed_mm_s(Vehicle.SCOOTER)
        return settings.travel.speed_mm_s(vehicle) / unit


class Objective(Struct, frozen=True):
    """What a planner may turn, besides the engine's settings."""

    weights: Weights = Weights(
        lateness_per_s=10.0, freshness_per_s=0.2, travel_per_s=1.0, unserved=7200.0
    )
    rules: Rules = Rules()


USUAL = Objective()
SCOOTER_SECONDS = ScooterSeconds()


class Briefing(Struct, frozen=True):
    """A problem, and the names its rows had when it was drawn up."""

    planning_round: PlanningRoundId
    problem: Problem
    couriers: list[CourierId]
    versions: list[int]
    routes: list[list[int]]  # of each courier, in the problem's stops
    deliveries: list[DeliveryId]
    last_stops: list[StopKind]
    untold: list[bool]  # whether nobody has been offered the delivery yet
    on_break: list[bool]  # couriers who are to be told nothing new for now
    release_ahead_s: float


def brief(
    s: State,
    planning_round: PlanningRoundId,
    now: Millis,
    objective: Objective = USUAL,
    metric: Metric = SCOOTER_SECONDS,
) -> Briefing:
    """Once; who asks again and again keeps a Briefer."""
    return Briefer(s, objective, metric).brief(planning_round, now)


class Briefer:
    """Draws up problems of one engine's state, and keeps what does not change between two.

    A delivery's places, load and promise stay as they are until it is stranded or returns; the
    row of `_fixed` that holds them is drawn up once. The same state gives the same problem,
    whatever was kept.
    """

    def __init__(
        self, s: State, objective: Objective = USUAL, metric: Metric = SCOOTER_SECONDS
    ) -> None:
        self._s = s
        self._objective = objective
        self._metric = metric
        self._forget()

    def brief(self, planning_round: PlanningRoundId, now: Millis) -> Briefing:
        """Everyone on shift whose place is known, and all they carry or could carry."""
        if len(self._slots) > 2 * len(self._s.deliveries.open) + KEPT_SPARE:
            self._forget()
        couriers = _Couriers(self._s)
        orders = self._gather(couriers)
        routes = [
            [orders.row_of[x.delivery] + (0 if x.kind is StopKind.PICKUP else orders.count)
             for x in route.stops] if route else []
            for route in couriers.routes
        ]  # fmt: skip
        return Briefing(
            planning_round,
            self._problem(orders, couriers, routes, now),
            couriers.ids,
            [route.version if route else 0 for route in couriers.routes],
            routes,
            list(orders.row_of),
            orders.last_stops,
            orders.untold,
            [x.is_on_break(now) for x in couriers.workers],
            self._s.settings.current.release_ahead_ms / 1_000,
        )

    # what is kept

    def _forget(self) -> None:
        self._slots: dict[DeliveryId, int] = {}
        self._orders: list[Order] = []  # by slot
        self._fixed: Int64s = np.zeros((256, 7), np.int64)  # by slot
        self._stores: dict[StoreId, int] = {}

    def _keep(self, key: DeliveryId, delivery: Delivery) -> None:
        """(Over)write what is fixed of a delivery, as it is now."""
        order = self._s.orders.orders[delivery.order]
        slot = self._slots.setdefault(key, len(self._orders))
        if slot == len(self._orders):
            self._orders.append(order)
        if slot == len(self._fixed):
            self._fixed = np.concatenate((self._fixed, np.zeros_like(self._fixed)))
        home = self._s.stores.stores[delivery.store].location
        last, pickup = home if delivery.is_return else delivery.dropoff, delivery.pickup
        store = self._stores.setdefault(delivery.store, len(self._stores))
        places = pickup.lat_e7, pickup.lon_e7, last.lat_e7, last.lon_e7
        self._fixed[slot] = *places, delivery.load, order.placed.promised_at, store

    # what is new each time

    def _gather(self, couriers: "_Couriers") -> "_Orders":
        """Open deliveries, the oldest first; but not what somebody off shift still carries."""
        holder_of = couriers.row_of.get
        found = [
            (key, delivery, holder_of(delivery.courier, -1))
            for key, delivery in self._s.deliveries.open.items()
        ]
        found = [x for x in found if x[2] >= 0 or x[1].status is S.CREATED]
        kept = self._slots
        for key, delivery, _ in found:
            # Only a second attempt or a return may differ from what was kept.
            if key not in kept or delivery.attempt != 1 or delivery.is_return:
                self._keep(key, delivery)
        slots = [kept[key] for key, _, _ in found]
        return _Orders(found, slots, [self._orders[slot] for slot in slots])

    def _problem(
        self, orders: "_Orders", couriers: "_Couriers", routes: list[list[int]], now: Millis
    ) -> Problem:
        settings, n, c = self._s.settings.current, orders.count, len(couriers.ids)
        fixed = self._fixed[orders.slots]
        times = self._times(orders, fixed, now)
        points = np.concatenate((couriers.places, fixed[:, 0:2], fixed[:, 2:4]))
        holder, told = np.array(orders.holder, np.int32), ~np.array(orders.untold, np.bool_)
        aboard = np.array(orders.is_aboard, np.bool_)
        handling = np.full(n, settings.handling_ms / 1_000)
        start = np.zeros(c + 1, np.int32)
        np.cumsum([len(x) for x in routes], out=start[1:])
        order_skills, courier_skills = _skills(orders, couriers)
        workers, travel = couriers.workers, settings.travel
        speed = {v: self._metric.speed(v, settings) for v in Vehicle}
        grams = {v: GRAMS_PER_KM[v] * travel.speed_mm_s(v) / MM_PER_KM for v in Vehicle}
        free_s, end_s = _working_hours(couriers, holder[told & (holder >= 0)], now)
        return Problem(
            xy_s=self._metric.plane(points, settings),
            table_s=np.zeros((0, 0), np.float32),
            round_up_s=self._metric.round_up_s,
            courier_place=np.arange(c, dtype=np.int32),
            courier_free_s=free_s,
            courier_end_s=end_s,
            courier_capacity=np.array([x.capacity for x in workers], np.int32).reshape(-1, 1),
            courier_skills=courier_skills,
            courier_speed=np.array([speed[x.vehicle] for x in workers], np.float64),
            courier_cost=np.ones(c),
            courier_co2e=np.array([grams[x.vehicle] for x in workers], np.float64),
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
            on_board=np.where(aboard, holder, -1).astype(np.int32),
            bound_to=np.where(told, holder, -1).astype(np.int32),
            route_stops=np.array([x for route in routes for x in route], np.int32),
            route_start=start,
            pinned=np.array([bool(x and x.under_way) for x in couriers.routes], np.int32),
            weights=self._objective.weights,
            rules=self._objective.rules,
        )

    def _times(self, orders: "_Orders", fixed: Int64s, now: Millis) -> Floats:
        """(3, N) seconds from now: ready, ready for nine of ten, promised arrival."""
        cooking = np.array(orders.is_cooking, np.bool_)
        stores = self._s.stores.stores
        spread_s = np.array([2 * stores[x].spread_ms / 1_000 for x in self._stores])
        ready_s = (np.array(orders.ready_at, np.float64) - now) / 1_000
        ready_s = np.where(cooking, np.maximum(ready_s, 0.0), ready_s)
        late_s = np.where(cooking, spread_s[fixed[:, 6]], 0.0) if len(spread_s) else ready_s
        due_s = (fixed[:, 5] - self._s.settings.current.handling_ms - now) / 1_000
        return np.stack((ready_s, ready_s + late_s, due_s))


class _Orders:
    """Columns of the open orders, in the order of the problem's rows."""

    def __init__(
        self, found: list[tuple[DeliveryId, Delivery, int]], slots: list[int], orders: list[Order]
    ) -> None:
        self.row_of = {key: row for row, (key, _, _) in enumerate(found)}
        self.slots = slots
        self.holder = [holder for _, _, holder in found]  # courier row, or -1
        deliveries = [delivery for _, delivery, _ in found]
        statuses = [x.status for x in deliveries]
        self.untold = [x is S.CREATED for x in statuses]
        self.is_aboard = [x in ON_BOARD for x in statuses]
        self.is_cooking = [x.status is OrderStatus.ACCEPTED for x in orders]
        self.ready_at = [x.ready_at for x in orders]
        self.last_stops = [StopKind.RETURN if x.is_return else StopKind.DROPOFF for x in deliveries]
        self.refused = [(row, x.refused_by) for row, x in enumerate(deliveries) if x.refused_by]

    @property
    def count(self) -> int:
        return len(self.slots)


class _Couriers:
    """Who is on shift and where; who was not seen in the city and has no route cannot be
    planned for."""

    def __init__(self, s: State) -> None:
        self.ids: list[CourierId] = []
        self.workers: list[Courier] = []
        self.routes: list[Route | None] = []
        self.row_of: dict[CourierId | None, int] = {}
        numbers = s.couriers.working()
        seen = _seen_in_the_city(s, numbers)
        places = np.zeros((len(numbers), 2), np.int64)
        places[seen, 0] = s.positions.lat_e7[numbers[seen]]
        places[seen, 1] = s.positions.lon_e7[numbers[seen]]
        kept = []
        ids, workers, routes = s.couriers.ids, s.couriers.couriers, s.deliveries.routes
        for k, (number, is_seen) in enumerate(zip(numbers.tolist(), seen.tolist(), strict=True)):
            key = ids[number]
            route = routes.get(key)
            if route is not None and route.stops:
                place = _reported_place(s, route)
                if place is not None or not is_seen:
                    places[k] = place or _goal(s, route)
            elif not is_seen:
                continue
            kept.append(k)
            self.row_of[key] = len(self.ids)
            self.ids.append(key)
            self.workers.append(workers[key])
            self.routes.append(route)
        self.places: Int64s = places[kept]


def _seen_in_the_city(s: State, numbers: Int32s) -> NDArray[np.bool_]:
    seen: NDArray[np.bool_] = s.positions.last_measured(numbers) != NEVER
    center = s.stores.center()
    if center is not None:
        known = numbers[seen]
        seen[seen] = are_near(center, s.positions.lat_e7[known], s.positions.lon_e7[known])
    return seen


def _reported_place(s: State, route: Route) -> tuple[int, int] | None:
    """At the stop the courier says to have arrived at."""
    stop = route.stops[0]
    head = s.deliveries.deliveries[stop.delivery]
    if head.status is S.ARRIVED_AT_PICKUP and stop.kind is StopKind.PICKUP:
        return head.pickup.lat_e7, head.pickup.lon_e7
    if head.status is S.ARRIVED_AT_DROPOFF:
        return head.dropoff.lat_e7, head.dropoff.lon_e7
    return None


def _goal(s: State, route: Route) -> tuple[int, int]:
    """For a courier nobody has ever seen: the next stop, for want of better."""
    head = s.deliveries[route.stops[0].delivery]
    goal = head.pickup if route.stops[0].kind is StopKind.PICKUP else head.dropoff
    return goal.lat_e7, goal.lon_e7


def _working_hours(couriers: _Couriers, busy: Ints, now: Millis) -> tuple[Floats, Floats]:
    """(C,) seconds from now: when each courier is free, and until when pickups may be planned.

    A break begins when everything a courier was told of is done. Whoever is `busy` (rows) until
    then gets no more pickups, as at the end of the shift; anybody else is free after the break.
    """
    workers = couriers.workers
    ends_at = np.array([x.ends_at for x in workers], np.float64)
    break_until = np.array([x.break_until for x in workers], np.float64)
    on_break = break_until > now
    is_busy = np.zeros(len(workers), np.bool_)
    is_busy[busy] = True
    ends_at = np.where(on_break & is_busy, np.minimum(ends_at, now), ends_at)
    free_at = np.where(on_break & ~is_busy, break_until, now)
    return (free_at - now) / 1_000, (ends_at - now) / 1_000


def _skills(orders: _Orders, couriers: _Couriers) -> tuple[Int64s, Int64s]:
    """Whoever refused an order lacks a skill that only this order asks for."""
    of_order = np.zeros(orders.count, np.int64)
    of_courier = np.full(len(couriers.ids), ALL_SKILLS, np.int64)
    for bit, (order, refusers) in enumerate(orders.refused[:REFUSALS_MAX]):
        if len(refusers) >= len(couriers.ids):
            continue  # everyone has said no once: ask again
        of_order[order] = 1 << bit
        for refuser in refusers:
            row = couriers.row_of.get(refuser, -1)
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
