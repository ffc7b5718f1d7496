"""Between the engine and the meal solver: state -> Day, routes -> AdoptPlan.

Not `solvers/crossing/bridge.py`: the days' rules need to know when a courier is free again to
the minute, and couriers whose shift begins within the hour, of which the common briefing knows
nothing.
"""

import numpy as np
from msgspec import Struct

from engine.commands import AdoptPlan, RouteLine
from engine.state import State
from engine.state.deliveries import BEFORE_PICKUP, DeliveryStatus, Route
from engine.values import CourierId, DeliveryId, Millis, PlanningRoundId, Stop, StopKind
from simulation.mdrp.instance import Courier, Restaurant, Spot, Terms
from simulation.mdrp.town import MIDNIGHT, UNITS_PER_M
from solvers.meals.day import Day, Rates
from solvers.meals.planning import Routes, first_trip, must_tell

LOOKAHEAD_MIN = 60.0  # couriers whose shift begins within this are planned for
SECONDS = 60.0


class Clock(Struct):
    """Where and when a courier is next free, as far as it is settled."""

    courier: Courier
    spot: Spot
    free_min: float
    way: list[tuple[float, Spot]]  # (minute, place): straight from one to the next
    trip: list[str] = []  # orders told and not picked up yet, in the order of their drop-offs
    restaurant: str = ""  # theirs
    arrival_min: float = 0.0  # there
    told_min: float = 0.0  # the list as it is now

    def place(self, at_min: float) -> Spot:
        """Where the courier is at that minute."""
        before, after = self.way[0], self.way[-1]
        for stage in self.way:
            if stage[0] > at_min:
                after = stage
                break
            before = after = stage
        if after[0] <= before[0]:
            return before[1]
        share = (at_min - before[0]) / (after[0] - before[0])
        (x, y), (u, v) = before[1], after[1]
        return Spot(x + share * (u - x), y + share * (v - y))


class Names(Struct, frozen=True):
    """What the rows of a Day are called."""

    couriers: list[str]
    deliveries: list[DeliveryId]


class Outlook:
    """Keeps what never changes: terms, places of restaurants, the roster."""

    def __init__(self, terms: Terms, restaurants: list[Restaurant], rates: Rates) -> None:
        self.terms = terms
        self.rates = rates
        self.store_row = {x.id: row for row, x in enumerate(restaurants)}
        self.store_x_m = np.array([x.spot.x_m for x in restaurants], np.float64)
        self.store_y_m = np.array([x.spot.y_m for x in restaurants], np.float64)

    def day(self, state: State, clocks: dict[str, Clock], now_min: float) -> tuple[Day, Names]:
        """Everyone on shift now or soon, and every delivery whose food is not picked up."""
        crew = [
            x
            for x in clocks.values()
            if x.trip or x.courier.on_min - LOOKAHEAD_MIN <= now_min < x.courier.off_min
        ]
        open_ = [k for k, x in state.deliveries.open.items() if x.status in BEFORE_PICKUP]
        row_of = {x.courier.id: row for row, x in enumerate(crew)}
        columns = np.array([self._courier(x, now_min) for x in crew], np.float64).reshape(-1, 6)
        orders = np.array([self._order(state, k, now_min) for k in open_], np.float64)
        orders = orders.reshape(-1, 5)
        holder = []
        for key in open_:
            delivery = state.deliveries[key]
            told = delivery.status is not DeliveryStatus.CREATED
            holder.append(row_of[delivery.courier] if told and delivery.courier else -1)
        crews, meals = columns.T.copy(), orders.T.copy()  # contiguous rows, as the kernels want
        day = Day(
            rates=self.rates,
            courier_x_m=crews[0],
            courier_y_m=crews[1],
            free_s=crews[2],
            end_s=crews[3],
            heading=crews[4].astype(np.int32),
            arrival_s=crews[5],
            store_x_m=self.store_x_m,
            store_y_m=self.store_y_m,
            store=meals[0].astype(np.int32),
            x_m=meals[1],
            y_m=meals[2],
            ready_s=meals[3],
            placed_s=meals[4],
            holder=np.array(holder, np.int32),
        )
        return day, Names([x.courier.id for x in crew], open_)

    def answer(
        self, state: State, day: Day, names: Names, routes: Routes, round_s: float
    ) -> AdoptPlan:
        """The routes that changed, and what must be told now."""
        lines = []
        for c, courier in enumerate(names.couriers):
            key = CourierId(courier)
            if not state.couriers[key].on_shift:
                continue
            route = state.deliveries.route(key)
            stops = _stops(state, route, names, routes[c])
            release: list[DeliveryId] = []
            trip = first_trip(routes[c])
            if trip and must_tell(day, c, trip, round_s):
                release = [names.deliveries[o] for o in trip if day.holder[o] < 0]
            if release or stops != route.stops:
                lines.append(RouteLine(key, route.version, stops, release))
        opened = state.planning_rounds.open
        assert opened is not None
        return AdoptPlan(PlanningRoundId(opened), lines)

    # internals

    def _courier(self, x: Clock, now_min: float) -> tuple[float, ...]:
        free_min = now_min if x.trip else max(x.free_min, x.courier.on_min, now_min)
        return (
            x.spot.x_m,
            x.spot.y_m,
            (free_min - now_min) * SECONDS,
            (x.courier.off_min - now_min) * SECONDS,
            self.store_row[x.restaurant] if x.trip else -1,
            (x.arrival_min - now_min) * SECONDS if x.trip else 0.0,
        )

    def _order(self, state: State, key: DeliveryId, now_min: float) -> tuple[float, ...]:
        delivery = state.deliveries[key]
        order = state.orders[delivery.order]
        door = delivery.dropoff
        return (
            self.store_row[delivery.store],
            door.lon_e7 / UNITS_PER_M,
            door.lat_e7 / UNITS_PER_M,
            _seconds(order.ready_at, now_min),
            _seconds(order.placed.placed_at, now_min),
        )


def _seconds(at: Millis, now_min: float) -> float:
    return (at - MIDNIGHT) / 1_000 - now_min * SECONDS


def _stops(state: State, route: Route, names: Names, planned: list[int]) -> list[Stop]:
    """What is on board goes first; then trip by trip all pickups, and all drop-offs."""
    deliveries = state.deliveries
    stops = [x for x in route.stops if deliveries[x.delivery].status not in BEFORE_PICKUP]
    told = [
        x.delivery
        for x in route.stops
        if x.kind is StopKind.PICKUP and deliveries[x.delivery].status is not DeliveryStatus.CREATED
    ]
    rest = planned
    while rest:
        trip = [names.deliveries[o] for o in first_trip(rest)]
        rest = rest[len(trip) :]
        first = [x for x in told if x in trip]  # the started leg stays the first stop
        pickups = first + [x for x in trip if x not in first]
        stops += [Stop(StopKind.PICKUP, x) for x in pickups]
        stops += [Stop(StopKind.DROPOFF, x) for x in trip]
    return stops
