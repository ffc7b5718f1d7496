"""A meal-delivery day through the real engine: what is seen each minute goes in, orders for
couriers come out. Whatever the engine adopts is what couriers are told.
"""

import numpy as np
from msgspec import Struct

from engine import commands as c
from engine.columns import PositionBatch
from engine.engine import Record
from engine.events import CourierRepositioned, OfferAccepted, RouteSkipped
from engine.state.deliveries import BEFORE_PICKUP, DeliveryStatus
from engine.values import CourierId, StopKind, StoreId
from simulation.mdrp.fleet import CourierView, Instruction, dropoff_times
from simulation.mdrp.instance import Courier, MealOrder, Restaurant, Spot, Terms
from simulation.mdrp.outlook import SECONDS, Clock, Names, Outlook
from simulation.mdrp.reports import Reports
from simulation.mdrp.town import millis, open_town, point
from solvers.meals.day import Day, Floats, Rates
from solvers.meals.forecast import ORDERS_MIN, Forecast
from solvers.meals.planning import Routes, plan_trips
from solvers.meals.repositioning import moves, rides_between
from solvers.problem import Budget


class Policy(Struct, frozen=True, kw_only=True):
    """What the planner may turn. Rates are per minute of click-to-door."""

    iterations: int = 100
    late_cost_min: float = 30.0
    late_rate: float = 1.0
    busy_rate: float = 0.1
    scarcity_rate: float = 0.3  # of being busy longer, when no courier is to spare
    spare_share: float = 0.1  # of couriers on shift with nothing to do: none is scarce
    horizon_min: float = 30.0  # of demand that couriers are positioned for
    busy_share: float = 0.4  # of couriers who are taken when an order comes
    move_saves_s: float = 30.0  # expected delay that a move must save
    unserved_min: float = 10_000.0


USUAL = Policy()
LAST_MOVE_MIN = 10.0  # before the end of a shift; later, nobody is sent anywhere


class Dispatcher:
    """Sees only what it is told; `tick` once a minute (or in any other even rhythm)."""

    def __init__(
        self,
        terms: Terms,
        restaurants: list[Restaurant],
        couriers: list[Courier],
        policy: Policy = USUAL,
    ) -> None:
        self.terms = terms
        self.policy = policy
        self.engine = open_town(terms, restaurants, couriers)
        self.reports = Reports(self.engine)
        self.clocks = {x.id: Clock(x, x.spot, x.on_min, [(0.0, x.spot)]) for x in couriers}
        self.spots: dict[str, Spot] = {x.id: x.spot for x in restaurants}
        self.outlook = Outlook(terms, restaurants, _rates(terms, policy))
        self.forecast = Forecast(len(restaurants), terms.pickup_service_min / 2 * SECONDS)
        self.skipped = 0  # lines of plans that the engine did not adopt
        self._doors: dict[str, Spot] = {}
        self._ready: dict[str, float] = {}
        self._running: dict[str, list[tuple[str, bool]]] = {}
        self._between_s: Floats | None = None
        self._last_min = -1.0
        for courier in couriers:
            self.reports.shift(courier)

    def tick(
        self, now_min: float, orders: list[MealOrder], fleet: list[CourierView]
    ) -> list[Instruction]:
        """Everything new goes to the engine; what it wants couriers to be told comes back."""
        round_min = now_min - self._last_min
        self._last_min = now_min
        for order in orders:
            self._doors[order.id] = order.spot
            self._ready[order.id] = order.ready_min
            self.reports.order(order)
            placed_s, ready_s = order.placed_min * SECONDS, order.ready_min * SECONDS
            self.forecast.learn(self.outlook.store_row[order.restaurant], placed_s, ready_s)
        self._observe(fleet)
        self.reports.send(now_min)
        self._locate(now_min, fleet)
        self.engine.step(millis(now_min), c.Tick())
        day, names = self.outlook.day(self.engine.state, self.clocks, now_min)
        routes = self._warm(names)
        told: list[Instruction] = []
        if self.engine.state.planning_rounds.open is not None:
            routes = self._improved(day, names, routes, now_min)
            told = self._adopt(day, names, routes, now_min, round_min)
        idle = [x.id for x in fleet if x.state == "idle"]
        return told + self._reposition(day, names, routes, idle, now_min)

    def finish(self) -> None:
        """The day is over: what was picked up, and every drop-off, reaches the engine."""
        self._observe([])
        self.reports.send_all()

    # internals

    def _observe(self, fleet: list[CourierView]) -> None:
        """Pickups are seen by the courier no longer heading for the restaurant."""
        seen = {x.id: x for x in fleet}
        for key, clock in self.clocks.items():
            view = seen.get(key)
            if clock.trip and (view is None or view.state != "to_pickup"):
                self._picked_up(key, clock)

    def _picked_up(self, key: str, clock: Clock) -> None:
        terms = self.terms
        ready_min = max(self._ready[x] for x in clock.trip)
        half_min = terms.pickup_service_min / 2
        pickup_min = max(clock.arrival_min + half_min, clock.told_min, ready_min)
        store, doors = self.spots[clock.restaurant], [self._doors[x] for x in clock.trip]
        times = dropoff_times(terms, store, doors, pickup_min)
        clock.way = [(pickup_min + half_min, store)]
        half_min = terms.dropoff_service_min / 2
        for door, time in zip(doors, times, strict=True):
            clock.way += [(time - half_min, door), (time + half_min, door)]
        self.reports.pickup(key, clock.trip, pickup_min, times, half_min)
        clock.trip, clock.spot, clock.free_min = [], doors[-1], times[-1] + half_min

    def _locate(self, now_min: float, fleet: list[CourierView]) -> None:
        """Where everyone is now, as their phones would say."""
        couriers = self.engine.state.couriers
        rows = [couriers[CourierId(x.id)].number for x in fleet]
        if not rows:
            return
        places = [point(self.clocks[x.id].place(now_min)) for x in fleet]
        at = millis(now_min)
        batch = PositionBatch.pack(
            rows, [p.lat_e7 for p in places], [p.lon_e7 for p in places], np.full(len(rows), at)
        )
        self.engine.step(at, c.ReportPositions(batch))

    def _improved(self, day: Day, names: Names, routes: Routes, now_min: float) -> Routes:
        seed = round(now_min) + 1
        day = self._with_scarcity(day, routes)
        routes = plan_trips(day, routes, Budget(iterations=self.policy.iterations, seed=seed))
        self._running = {
            courier: [(names.deliveries[x >> 1], bool(x & 1)) for x in route]
            for courier, route in zip(names.couriers, routes, strict=True)
        }
        return routes

    def _with_scarcity(self, day: Day, routes: Routes) -> Day:
        """When hardly anyone is to spare, every minute of a courier delays orders yet to come."""
        on_shift = self.engine.state.couriers.working().size
        spare = sum(
            not route and day.free_s[c] == 0.0 and day.heading[c] < 0
            for c, route in enumerate(routes)
        )
        share = spare / max(1, on_shift) / self.policy.spare_share
        rate = self.policy.scarcity_rate * max(0.0, 1.0 - share)
        return day._replace(rates=day.rates._replace(finish_rate=rate))

    def _adopt(
        self, day: Day, names: Names, routes: Routes, now_min: float, round_min: float
    ) -> list[Instruction]:
        state = self.engine.state
        plan = self.outlook.answer(state, day, names, routes, round_min * SECONDS)
        return self._told(now_min, self.engine.step(millis(now_min), plan)[-1])

    def _reposition(
        self, day: Day, names: Names, routes: Routes, idle: list[str], now_min: float
    ) -> list[Instruction]:
        """Who has nothing to do, now or in the plan, may wait somewhere better."""
        policy, last_min = self.policy, now_min + LAST_MOVE_MIN
        demand = self.forecast.demand(
            now_min * SECONDS, policy.horizon_min * SECONDS, policy.busy_share, SECONDS
        )
        rows = {key: row for row, key in enumerate(names.couriers)}
        free = [
            rows[x]
            for x in idle
            if x in rows
            and not routes[rows[x]]
            and not self.clocks[x].trip
            and self.clocks[x].courier.on_min <= now_min
            and self.clocks[x].courier.off_min > last_min
        ]
        if demand is None or not free:
            return []
        stores = [*self.outlook.store_row]
        instructions = []
        if self._between_s is None:
            self._between_s = rides_between(day)
        saves_s = policy.move_saves_s
        for row, store in moves(day, routes, free, demand, self._between_s, saves_s):
            key, target = names.couriers[row], stores[store]
            order = c.RepositionCourier(CourierId(key), StoreId(target))
            record = self.engine.step(millis(now_min), order)[-1]
            for event in record.events:
                if isinstance(event, CourierRepositioned):
                    clock, spot = self.clocks[key], self.spots[target]
                    clock.free_min = now_min + self.terms.ride_min(clock.spot, spot)
                    clock.way = [(now_min, clock.spot), (clock.free_min, spot)]
                    clock.spot = spot
                    instructions.append(Instruction(key, move=target))
        return instructions

    def _warm(self, names: Names) -> Routes:
        """The plan of the round before, without what has been picked up since."""
        row_of: dict[str, int] = {key: row for row, key in enumerate(names.deliveries)}
        routes = []
        for courier in names.couriers:
            route: list[int] = []
            first = False
            for key, begins in self._running.get(courier, ()):
                first |= begins
                if key in row_of:
                    route.append(row_of[key] << 1 | first)
                    first = False
            routes.append(route)
        return routes

    def _told(self, now_min: float, record: Record) -> list[Instruction]:
        """The routes with something new on them, as the engine now has them."""
        self.skipped += sum(isinstance(x, RouteSkipped) for x in record.events)
        told = dict.fromkeys(x.courier for x in record.events if isinstance(x, OfferAccepted))
        deliveries = self.engine.state.deliveries
        instructions = []
        for courier in told:
            keys = [
                x.delivery
                for x in deliveries.route(courier).stops
                if x.kind is not StopKind.PICKUP
                and deliveries[x.delivery].status in BEFORE_PICKUP
                and deliveries[x.delivery].status is not DeliveryStatus.CREATED
            ]
            orders = [str(deliveries[x].order) for x in keys]
            self._send_out(now_min, courier, str(deliveries[keys[0]].store), orders)
            instructions.append(Instruction(courier, orders))
        return instructions

    def _send_out(self, now_min: float, courier: str, store: str, orders: list[str]) -> None:
        clock = self.clocks[courier]
        if not clock.trip:
            ride_min = self.terms.ride_min(clock.spot, self.spots[store])
            clock.restaurant, clock.arrival_min = store, now_min + ride_min
            clock.way = [(now_min, clock.spot), (clock.arrival_min, self.spots[store])]
            self.reports.arrival(courier, orders[0], clock.arrival_min)
        clock.trip, clock.told_min = orders, now_min


def warm_up(terms: Terms) -> None:
    """Compile every kernel, or load it from the cache, before the day begins."""
    stores = [Restaurant("r", Spot(0.0, 0.0)), Restaurant("q", Spot(900.0, 0.0))]
    orders = [
        MealOrder(f"o{k}", Spot(500.0, k), float(k), "r", k + 15.0) for k in range(2 * ORDERS_MIN)
    ]
    # More couriers than orders: some have nothing to do, and their moves are weighed too.
    couriers = [Courier(f"c{k}", Spot(9e3, k), 0.0, 600.0) for k in range(3 * ORDERS_MIN)]
    fleet = [CourierView(x.id, x.id, 0.0, "idle", []) for x in couriers]
    dispatcher = Dispatcher(terms, stores, couriers)
    dispatcher.tick(0.0, [], fleet)
    dispatcher.tick(20.0, orders, fleet)


def _rates(terms: Terms, policy: Policy) -> Rates:
    return Rates(
        step_m=terms.meters_per_minute,
        step_s=SECONDS,
        pickup_half_s=terms.pickup_service_min / 2 * SECONDS,
        dropoff_half_s=terms.dropoff_service_min / 2 * SECONDS,
        late_s=terms.max_click_to_door_min * SECONDS,
        late_cost_s=policy.late_cost_min * SECONDS,
        late_rate=policy.late_rate,
        busy_rate=policy.busy_rate,
        finish_rate=0.0,
        horizon_s=3_600.0,
        unserved_s=policy.unserved_min * SECONDS,
    )
