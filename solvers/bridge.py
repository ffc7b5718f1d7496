"""State to arrays, plan to command. The only solver module that knows the engine.

Times go in as milliseconds since the epoch and become seconds from now; places become the
corners of a plane on which distances are seconds of travel for a scooter.
"""

from math import ceil, hypot
from typing import Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.commands import AdoptPlan, ImprovePlan, RouteLine
from engine.rules.emissions import GRAMS_PER_KM
from engine.settings import Settings
from engine.state import State
from engine.state.couriers import Courier
from engine.state.deliveries import (
    ON_BOARD,
    Delivery,
    DeliveryStatus,
    Route,
)
from engine.state.orders import OrderStatus
from engine.state.positions import NEVER
from engine.values import CourierId, DeliveryId, Millis, PlanningRoundId, Stop, StopKind, StoreId
from geo.points import Point
from geo.sphere import Places
from geo.travel import Vehicle
from solvers.problem import Floats, Plan, Problem, Rules, Weights

S = DeliveryStatus
REFUSALS_MAX = 62  # each takes a bit of the skills
WORTH_A_RIDE_S = 3_600.0  # what can be at the door within that time is not left out
ALL_SKILLS = (1 << REFUSALS_MAX) - 1
MM_PER_KM = 1_000_000

Bits = NDArray[np.int64]


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
    stops: list[list[Stop]]
    deliveries: list[DeliveryId]
    last_stops: list[StopKind]
    untold: list[bool]  # whether nobody has been offered the delivery yet
    release_ahead_s: float


def brief(
    s: State,
    planning_round: PlanningRoundId,
    now: Millis,
    objective: Objective = USUAL,
    metric: Metric = SCOOTER_SECONDS,
) -> Briefing:
    """Everyone on shift whose place is known, and every delivery they carry or could carry."""
    draft = _Draft(s, now)
    draft.add_couriers()
    for key, delivery in s.deliveries.waiting.items():
        if key not in draft.row_of:
            draft.add_delivery(key, delivery)
    return Briefing(
        planning_round,
        draft.problem(objective, metric),
        draft.couriers,
        draft.versions,
        draft.routes,
        draft.deliveries,
        draft.last_stops,
        draft.untold,
        s.settings.current.release_ahead_ms / 1_000,
    )


def answer(briefing: Briefing, plan: Plan) -> AdoptPlan:
    """To the planning round the briefing was drawn up for."""
    return AdoptPlan(briefing.planning_round, route_lines(briefing, plan))


def improvement(briefing: Briefing, plan: Plan) -> ImprovePlan:
    """Unasked: better routes for the same orders."""
    return ImprovePlan(route_lines(briefing, plan))


def route_lines(briefing: Briefing, plan: Plan) -> list[RouteLine]:
    """The routes that changed, and what is to be offered now."""
    lines = []
    planned_stops, start = plan.route_stops.tolist(), plan.route_start.tolist()
    departures = Departures(briefing)
    orders, untold = briefing.problem.orders, briefing.untold
    for c, before in enumerate(briefing.stops):
        planned = planned_stops[start[c] : start[c + 1]]
        if not planned and not before:
            continue
        news = any(x < orders and untold[x] for x in planned)
        release = departures.due(c, planned) if news else []
        stops = [_stop(briefing, x, orders) for x in planned]
        if release or stops != before:
            lines.append(RouteLine(briefing.couriers[c], briefing.versions[c], stops, release))
    return lines


def _stop(briefing: Briefing, stop: int, orders: int) -> Stop:
    if stop < orders:
        return Stop(StopKind.PICKUP, briefing.deliveries[stop])
    return Stop(briefing.last_stops[stop - orders], briefing.deliveries[stop - orders])


class Departures:
    """When couriers should leave for each pickup, and hence which offers are due."""

    def __init__(self, briefing: Briefing) -> None:
        p = briefing.problem
        self.briefing = briefing
        self.orders = p.orders
        self.start = p.courier_place.tolist(), p.courier_free_s.tolist(), p.courier_speed.tolist()
        self.place_of = [*p.pickup_place.tolist(), *p.dropoff_place.tolist()]
        self.service_s = [*p.pickup_service_s.tolist(), *p.dropoff_service_s.tolist()]
        self.ready_s = p.ready_s.tolist()
        self.store = p.store.tolist()

    def due(self, courier: int, stops: list[int]) -> list[DeliveryId]:
        """What must be offered now, because the courier should soon leave for its pickup.

        Nobody is told before that: until then a better idea costs nothing. Leaving as late as
        waiting at the store allows; orders of one visit to a store are offered together.
        """
        briefing, due = self.briefing, []
        place, clock, speed = (column[courier] for column in self.start)
        visiting = -1  # the store of the last pickup that was due
        for stop in stops:
            there = self.place_of[stop]
            arrival = begin = clock + leg_s(briefing.problem, place, there) / speed
            if stop < self.orders:
                begin = max(arrival, self.ready_s[stop])
                leave = clock + begin - arrival
                if leave <= briefing.release_ahead_s or self.store[stop] == visiting:
                    visiting = self.store[stop]
                    if briefing.untold[stop]:
                        due.append(briefing.deliveries[stop])
                elif briefing.untold[stop]:
                    break  # whatever comes later comes later still
            clock, place = begin + self.service_s[stop], there
        return due


def leg_s(p: Problem, i: int, j: int) -> float:
    """Seconds of travel from place i to place j at unit speed."""
    if p.table_s.size:
        return float(p.table_s[i, j])
    (x, y), (u, v) = p.xy_s[i].tolist(), p.xy_s[j].tolist()
    seconds = hypot(u - x, v - y)
    if p.round_up_s > 0:
        seconds = ceil(seconds / p.round_up_s - 1e-9) * p.round_up_s
    return seconds


def _unserved_costs(weights: Weights, times: Floats) -> Floats:
    """Never less than what serving an order would cost for lateness that has happened already.

    Otherwise an order that is late enough would be cheaper to leave out, and wait for ever.
    """
    ready_s, due_s = times[:, 0], times[:, 2]
    lateness = weights.lateness_per_s * np.maximum(0.0, WORTH_A_RIDE_S - due_s)
    freshness = weights.freshness_per_s * np.maximum(0.0, WORTH_A_RIDE_S - ready_s)
    costs: Floats = weights.unserved + lateness + freshness
    return costs


class _Draft:
    """The columns of a problem while they are being written. Lives for one briefing."""

    def __init__(self, s: State, now: Millis) -> None:
        self.s = s
        self.now = now
        # couriers
        self.couriers: list[CourierId] = []
        self.versions: list[int] = []
        self.routes: list[list[Stop]] = []
        self.courier_points: list[tuple[int, int]] = []
        self.workers: list[Courier] = []
        self.pinned: list[int] = []
        self.route_rows: list[tuple[int, bool]] = []  # order row, is it a pickup
        self.route_start: list[int] = [0]
        # orders
        self.deliveries: list[DeliveryId] = []
        self.row_of: dict[DeliveryId, int] = {}
        self.holder: dict[int, int] = {}  # order row -> the courier row it is planned for
        self.times: list[tuple[float, float, float]] = []  # ready, ready p90, due
        self.loads: list[int] = []
        self.pickups: list[tuple[int, int]] = []
        self.dropoffs: list[tuple[int, int]] = []
        self.on_board: list[int] = []
        self.bound_to: list[int] = []
        self.store_rows: dict[StoreId, int] = {}
        self.stores: list[int] = []
        self.last_stops: list[StopKind] = []
        self.untold: list[bool] = []
        self.refused: list[tuple[int, list[CourierId]]] = []

    def add_couriers(self) -> None:
        s = self.s
        numbers = s.couriers.working()
        known = (s.positions.last_measured(numbers) != NEVER).tolist()
        seen = numbers[known]
        lat_e7, lon_e7 = s.positions.lat_e7[seen], s.positions.lon_e7[seen]
        places = zip(lat_e7.tolist(), lon_e7.tolist(), strict=True)
        ids, workers, routes = s.couriers.ids, s.couriers.couriers, s.deliveries.routes
        for number, is_known in zip(numbers.tolist(), known, strict=True):
            key = ids[number]
            route, place = routes.get(key), next(places) if is_known else None
            if route is not None and route.stops:
                self._add_route(key, route, place)
            elif place is not None:
                self.courier_points.append(place)
                self.routes.append([])
                self.pinned.append(0)
            else:
                continue  # nobody knows where to send from
            self.couriers.append(key)
            self.versions.append(route.version if route else 0)
            self.workers.append(workers[key])
            self.route_start.append(len(self.route_rows))

    def _add_route(self, key: CourierId, route: Route, place: tuple[int, int] | None) -> None:
        row, deliveries = len(self.couriers), self.s.deliveries.deliveries
        self.courier_points.append(self._reported_place(route) or place or self._goal(route))
        self.routes.append(list(route.stops))
        self.pinned.append(1 if route.under_way else 0)
        for stop in route.stops:
            order = self.row_of.get(stop.delivery)
            if order is None:
                delivery = deliveries[stop.delivery]
                order = self.add_delivery(stop.delivery, delivery)
                self.holder[order] = row
                self.bound_to[order] = -1 if delivery.status is S.CREATED else row
                self.on_board[order] = row if delivery.status in ON_BOARD else -1
            self.route_rows.append((order, stop.kind is StopKind.PICKUP))

    def add_delivery(self, key: DeliveryId, delivery: Delivery) -> int:
        s, row = self.s, len(self.deliveries)
        order = s.orders.orders[delivery.order]
        store = s.stores.stores[delivery.store]
        self.row_of[key] = row
        self.deliveries.append(key)
        last = store.location if delivery.is_return else delivery.dropoff
        self.pickups.append((delivery.pickup.lat_e7, delivery.pickup.lon_e7))
        self.dropoffs.append((last.lat_e7, last.lon_e7))
        self.on_board.append(-1)
        self.bound_to.append(-1)
        self.last_stops.append(delivery.last_stop)
        self.untold.append(delivery.status is S.CREATED)
        self.loads.append(delivery.load)
        self.stores.append(self.store_rows.setdefault(delivery.store, len(self.store_rows)))
        ready_s = (order.ready_at - self.now) / 1_000
        late_s = 0.0
        if order.status is OrderStatus.ACCEPTED:
            late_s = 2 * store.spread_ms / 1_000  # as in rules/promising
            ready_s = max(ready_s, 0.0)  # it is not ready, whatever was said
        handling_ms = s.settings.current.handling_ms
        due_s = (order.placed.promised_at - handling_ms - self.now) / 1_000
        self.times.append((ready_s, ready_s + late_s, due_s))
        if delivery.refused_by:
            self.refused.append((row, delivery.refused_by))
        return row

    def problem(self, objective: Objective, metric: Metric) -> Problem:
        settings, n, c = self.s.settings.current, len(self.deliveries), len(self.couriers)
        points = [*self.courier_points, *self.pickups, *self.dropoffs]
        times = np.array(self.times, np.float64).reshape(-1, 3)
        handling = np.full(n, settings.handling_ms / 1_000)
        stops = [order if is_pickup else n + order for order, is_pickup in self.route_rows]
        order_skills, courier_skills = self._skills(n, c)
        speed = {v: metric.speed(v, settings) for v in Vehicle}
        travel = settings.travel
        grams = {v: GRAMS_PER_KM[v] * travel.speed_mm_s(v) / MM_PER_KM for v in Vehicle}
        workers = self.workers
        return Problem(
            xy_s=metric.plane(np.array(points, np.int64).reshape(-1, 2), settings),
            table_s=np.zeros((0, 0), np.float32),
            round_up_s=metric.round_up_s,
            courier_place=np.arange(c, dtype=np.int32),
            courier_free_s=np.zeros(c),
            courier_end_s=np.array([(x.ends_at - self.now) / 1_000 for x in workers], np.float64),
            courier_capacity=np.array([x.capacity for x in workers], np.int32).reshape(-1, 1),
            courier_skills=courier_skills,
            courier_speed=np.array([speed[x.vehicle] for x in workers], np.float64),
            courier_cost=np.ones(c),
            courier_co2e=np.array([grams[x.vehicle] for x in workers], np.float64),
            pickup_place=np.arange(c, c + n, dtype=np.int32),
            dropoff_place=np.arange(c + n, c + 2 * n, dtype=np.int32),
            store=np.array(self.stores, np.int32),
            ready_s=times[:, 0].copy(),
            ready_p90_s=times[:, 1].copy(),
            due_s=times[:, 2].copy(),
            pickup_service_s=handling,
            dropoff_service_s=handling,
            quantity=np.array(self.loads, np.int32).reshape(-1, 1),
            priority=np.ones(n),
            skills=order_skills,
            group=np.full(n, -1, np.int32),
            unserved_cost=_unserved_costs(objective.weights, times),
            on_board=np.array(self.on_board, np.int32),
            bound_to=np.array(self.bound_to, np.int32),
            route_stops=np.array(stops, np.int32),
            route_start=np.array(self.route_start, np.int32),
            pinned=np.array(self.pinned, np.int32),
            weights=objective.weights,
            rules=objective.rules,
        )

    def _reported_place(self, route: Route) -> tuple[int, int] | None:
        """At the stop the courier says to have arrived at."""
        head, stop = self.s.deliveries[route.stops[0].delivery], route.stops[0]
        if head.status is S.ARRIVED_AT_PICKUP and stop.kind is StopKind.PICKUP:
            return head.pickup.lat_e7, head.pickup.lon_e7
        if head.status is S.ARRIVED_AT_DROPOFF:
            return head.dropoff.lat_e7, head.dropoff.lon_e7
        return None

    def _goal(self, route: Route) -> tuple[int, int]:
        """For a courier nobody has ever seen: the next stop, for want of better."""
        head = self.s.deliveries[route.stops[0].delivery]
        goal = head.pickup if route.stops[0].kind is StopKind.PICKUP else head.dropoff
        return goal.lat_e7, goal.lon_e7

    def _skills(self, orders: int, couriers: int) -> tuple[Bits, Bits]:
        """Whoever refused an order lacks a skill that only this order asks for."""
        of_order = np.zeros(orders, np.int64)
        of_courier = np.full(couriers, ALL_SKILLS, np.int64)
        rows = {key: k for k, key in enumerate(self.couriers)} if self.refused else {}
        for bit, (order, refusers) in enumerate(self.refused[:REFUSALS_MAX]):
            if len(refusers) >= couriers:
                continue  # everyone has said no once: ask again
            of_order[order] = 1 << bit
            for refuser in refusers:
                if refuser in rows and self.holder.get(order) != rows[refuser]:
                    of_courier[rows[refuser]] &= ~np.int64(1 << bit)
        return of_order, of_courier
