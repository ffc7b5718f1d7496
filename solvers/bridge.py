"""State to arrays, plan to command. The only solver module that knows the engine.

Times go in as milliseconds since the epoch and become seconds from now; places become the
corners of a plane on which distances are seconds of travel for a scooter.
"""

from typing import Protocol

import numpy as np
from msgspec import Struct

from engine.commands import AdoptPlan, RouteLine
from engine.rules.emissions import GRAMS_PER_KM
from engine.settings import Settings
from engine.state import State
from engine.state.couriers import Courier
from engine.state.deliveries import (
    ACCEPTED,
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
PREPARATION_P90_SHARE = 0.25  # how much later than said the slowest tenth is ready
REFUSALS_MAX = 62  # each takes a bit of the skills
ALL_SKILLS = (1 << REFUSALS_MAX) - 1
M_PER_KM = 1_000


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
        lateness_per_s=1.0, freshness_per_s=0.05, travel_per_s=1.0, unserved=7200.0
    )
    rules: Rules = Rules()


class CourierRow(Struct, frozen=True):
    """What a row of the problem was called, and the route it had."""

    courier: CourierId
    version: int
    stops: list[Stop]


USUAL = Objective()
SCOOTER_SECONDS = ScooterSeconds()


class Briefing(Struct, frozen=True):
    """A problem, and the names its rows had when it was drawn up."""

    planning_round: PlanningRoundId
    problem: Problem
    couriers: list[CourierRow]
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
    for number in s.couriers.working().tolist():
        draft.add_courier(s.couriers.ids[number])
    for key, delivery in s.deliveries.waiting.items():
        if key not in draft.row_of:
            draft.add_delivery(key, delivery)
    settings = s.settings.current
    return Briefing(
        planning_round,
        draft.problem(objective, metric),
        draft.courier_rows,
        draft.deliveries,
        draft.last_stops,
        draft.untold,
        settings.release_ahead_ms / 1_000,
    )


def answer(briefing: Briefing, plan: Plan) -> AdoptPlan:
    """The routes that changed, and what is to be offered now."""
    lines = []
    orders = briefing.problem.orders
    for c, row in enumerate(briefing.couriers):
        planned = plan.route(c)
        if not planned and not row.stops:
            continue
        stops = [_stop(briefing, s, orders) for s in planned]
        release = _due(briefing, c, planned)
        if release or stops != row.stops:
            lines.append(RouteLine(row.courier, row.version, stops, release))
    return AdoptPlan(briefing.planning_round, lines)


def _stop(briefing: Briefing, stop: int, orders: int) -> Stop:
    if stop < orders:
        return Stop(StopKind.PICKUP, briefing.deliveries[stop])
    return Stop(briefing.last_stops[stop - orders], briefing.deliveries[stop - orders])


def _due(briefing: Briefing, courier: int, stops: list[int]) -> list[DeliveryId]:
    """What must be offered now, because the courier should soon leave for its pickup.

    Nobody is told before that: until then a better idea costs nothing. Leaving as late as
    waiting at the store allows; orders of one visit to a store are offered together.
    """
    p, due = briefing.problem, []
    place, clock = int(p.courier_place[courier]), float(p.courier_free_s[courier])
    speed = float(p.courier_speed[courier])
    visiting = -1  # the store of the last pickup that was due
    for stop in stops:
        order = stop if stop < p.orders else stop - p.orders
        there = int(p.pickup_place[order] if stop < p.orders else p.dropoff_place[order])
        arrival = clock + leg_s(p, place, there) / speed
        begin = arrival
        if stop < p.orders:
            begin = max(arrival, float(p.ready_s[order]))
            leave = clock + begin - arrival
            store = int(p.store[order])
            if leave <= briefing.release_ahead_s or store == visiting:
                visiting = store
                if briefing.untold[order]:
                    due.append(briefing.deliveries[order])
            clock = begin + float(p.pickup_service_s[order])
        else:
            clock = begin + float(p.dropoff_service_s[order])
        if clock > briefing.release_ahead_s and visiting < 0 and not due:
            break
        place = there
    return due


def leg_s(p: Problem, i: int, j: int) -> float:
    """Seconds of travel from place i to place j at unit speed."""
    if p.table_s.size:
        return float(p.table_s[i, j])
    dx, dy = p.xy_s[j] - p.xy_s[i]
    seconds = float(np.hypot(dx, dy))
    if p.round_up_s > 0:
        seconds = float(np.ceil(seconds / p.round_up_s - 1e-9)) * p.round_up_s
    return seconds


class _Draft:
    """The columns of a problem while they are being written. Lives for one briefing."""

    def __init__(self, s: State, now: Millis) -> None:
        self.s = s
        self.now = now
        self.courier_rows: list[CourierRow] = []
        self.courier_columns: list[tuple[Point, Courier]] = []
        self.routes: list[int] = []
        self.route_start: list[int] = [0]
        self.pinned: list[int] = []
        self.route_stops: list[tuple[int, bool]] = []  # order row, is it a pickup
        self.deliveries: list[DeliveryId] = []
        self.row_of: dict[DeliveryId, int] = {}
        self.order_columns: list[tuple[float, float, float, int]] = []
        self.pickups: list[Point] = []
        self.dropoffs: list[Point] = []
        self.holder: dict[int, int] = {}  # order row -> the courier row it is planned for
        self.on_board: list[int] = []
        self.bound_to: list[int] = []
        self.stores: dict[StoreId, int] = {}
        self.last_stops: list[StopKind] = []
        self.untold: list[bool] = []
        self.refused: list[tuple[int, list[CourierId]]] = []

    def add_courier(self, key: CourierId) -> None:
        s = self.s
        courier, route = s.couriers[key], s.deliveries.route(key)
        place = self._place(courier, route)
        if place is None:
            return
        row = len(self.courier_rows)
        self.courier_rows.append(CourierRow(key, route.version, list(route.stops)))
        self.courier_columns.append((place, courier))
        for stop in route.stops:
            delivery = s.deliveries[stop.delivery]
            order = self.row_of.get(stop.delivery)
            if order is None:
                order = self.add_delivery(stop.delivery, delivery)
                told = delivery.status is not S.CREATED
                self.bound_to[order] = row if told else -1
                self.on_board[order] = row if delivery.status in ON_BOARD else -1
                self.holder[order] = row
            self.route_stops.append((order, stop.kind is StopKind.PICKUP))
        self.route_start.append(len(self.route_stops))
        self.pinned.append(1 if route.under_way else 0)

    def add_delivery(self, key: DeliveryId, delivery: Delivery) -> int:
        s, row = self.s, len(self.deliveries)
        order = s.orders[delivery.order]
        self.row_of[key] = row
        self.deliveries.append(key)
        home = s.stores[delivery.store].location
        self.pickups.append(delivery.pickup)
        self.dropoffs.append(home if delivery.is_return else delivery.dropoff)
        self.on_board.append(-1)
        self.bound_to.append(-1)
        self.last_stops.append(delivery.last_stop)
        self.untold.append(delivery.status is S.CREATED)
        ready_s = (order.ready_at - self.now) / 1_000
        spread_s = 0.0
        if order.status is OrderStatus.ACCEPTED:
            spread_s = s.stores[delivery.store].preparation_ms / 1_000 * PREPARATION_P90_SHARE
            ready_s = max(ready_s, 0.0)  # it is not ready, whatever was said
        handling_ms = s.settings.current.handling_ms
        due_s = (order.placed.promised_at - handling_ms - self.now) / 1_000
        self.order_columns.append((ready_s, ready_s + spread_s, due_s, delivery.load))
        self.stores.setdefault(delivery.store, len(self.stores))
        if delivery.refused_by:
            self.refused.append((row, delivery.refused_by))
        return row

    def problem(self, objective: Objective, metric: Metric) -> Problem:
        settings, n, c = self.s.settings.current, len(self.deliveries), len(self.courier_rows)
        places = [place for place, _ in self.courier_columns] + self.pickups + self.dropoffs
        points = np.array([(p.lat_e7, p.lon_e7) for p in places], np.int64).reshape(-1, 2)
        couriers = [x for _, x in self.courier_columns]
        columns = np.array(self.order_columns, np.float64).reshape(-1, 4)
        handling = np.full(n, settings.handling_ms / 1_000)
        store_of = [self.stores[self.s.deliveries[x].store] for x in self.deliveries]
        stops = [order if is_pickup else n + order for order, is_pickup in self.route_stops]
        order_skills, courier_skills = self._skills(n, c)
        speed = {v: metric.speed(v, settings) for v in Vehicle}
        grams_per_s = {
            v: GRAMS_PER_KM[v] * settings.travel.speed_mm_s(v) / 1_000 / M_PER_KM for v in Vehicle
        }
        return Problem(
            xy_s=metric.plane(points, settings),
            table_s=np.zeros((0, 0), np.float32),
            round_up_s=metric.round_up_s,
            courier_place=np.arange(c, dtype=np.int32),
            courier_free_s=np.zeros(c),
            courier_end_s=np.array([(x.ends_at - self.now) / 1_000 for x in couriers], np.float64),
            courier_capacity=np.array([[x.capacity] for x in couriers], np.int32).reshape(-1, 1),
            courier_skills=courier_skills,
            courier_speed=np.array([speed[x.vehicle] for x in couriers], np.float64),
            courier_cost=np.ones(c),
            courier_co2e=np.array([grams_per_s[x.vehicle] for x in couriers], np.float64),
            pickup_place=np.arange(c, c + n, dtype=np.int32),
            dropoff_place=np.arange(c + n, c + 2 * n, dtype=np.int32),
            store=np.array(store_of, np.int32),
            ready_s=columns[:, 0].copy(),
            ready_p90_s=columns[:, 1].copy(),
            due_s=columns[:, 2].copy(),
            pickup_service_s=handling,
            dropoff_service_s=handling,
            quantity=columns[:, 3:4].astype(np.int32),
            priority=np.ones(n),
            skills=order_skills,
            group=np.full(n, -1, np.int32),
            unserved_cost=np.full(n, np.nan),
            on_board=np.array(self.on_board, np.int32),
            bound_to=np.array(self.bound_to, np.int32),
            route_stops=np.array(stops, np.int32),
            route_start=np.array(self.route_start, np.int32),
            pinned=np.array(self.pinned, np.int32),
            weights=objective.weights,
            rules=objective.rules,
        )

    def _place(self, courier: Courier, route: Route) -> Point | None:
        """At the stop, if he said so; otherwise where he was last seen."""
        if route.stops and route.under_way:
            head = self.s.deliveries[route.stops[0].delivery]
            if head.status is S.ARRIVED_AT_PICKUP and route.stops[0].kind is StopKind.PICKUP:
                return head.pickup
            if head.status is S.ARRIVED_AT_DROPOFF:
                return head.dropoff
        positions, number = self.s.positions, courier.number
        if number < positions.measured_at.size and positions.measured_at[number] != NEVER:
            return Point(int(positions.lat_e7[number]), int(positions.lon_e7[number]))
        if not route.stops:
            return None
        head = self.s.deliveries[route.stops[0].delivery]
        return head.pickup if head.status in (S.OFFERED, *ACCEPTED) else head.dropoff

    def _skills(self, orders: int, couriers: int) -> tuple[np.ndarray, np.ndarray]:
        """Whoever refused an order lacks a skill that only this order asks for."""
        of_order = np.zeros(orders, np.int64)
        of_courier = np.full(couriers, ALL_SKILLS, np.int64)
        rows = {x.courier: k for k, x in enumerate(self.courier_rows)}
        for bit, (order, refusers) in enumerate(self.refused[:REFUSALS_MAX]):
            if len(refusers) >= couriers:
                continue  # everyone has said no once: ask again
            of_order[order] = 1 << bit
            for refuser in refusers:
                if refuser in rows and self.holder.get(order) != rows[refuser]:
                    of_courier[rows[refuser]] &= ~np.int64(1 << bit)
        return of_order, of_courier
