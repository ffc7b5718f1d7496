"""Engine to repositioning and back: what may be expected, who could wait elsewhere, and where.

Follows the records of a day; whoever runs a planner asks now and then. Who was sent somewhere is
left there for a while: nobody is to ride in circles after a forecast that trembles.
"""

import numpy as np
from msgspec import Struct

from engine.commands import RepositionCourier
from engine.engine import Record
from engine.events import CourierRepositioned, LegStarted, ShiftEnded
from engine.rules.locality import are_near
from engine.rules.stops import place_of
from engine.state import State
from engine.state.deliveries import Route
from engine.state.positions import NEVER
from engine.values import MINUTE, SECOND, CourierId, Millis, StopKind, StoreId
from geo.points import Point, places
from solvers.crossing.forecast import DemandForecast
from solvers.policies.repositioning import USUAL_TERMS, Outlook, Terms, moves
from solvers.problem import Floats

ROUND_MS = MINUTE  # between two looks
HORIZON_MS = 15 * MINUTE
STAY_MS = 10 * MINUTE  # where one was sent
SHIFT_LEFT_MS = 20 * MINUTE  # less is not worth a ride
SPREAD_MIN_S = 60.0
DEVIATIONS = 1.2533  # standard deviation over mean deviation, of a normal distribution
BUSY_MAX = 0.95


class View(Struct, frozen=True):
    """An outlook, and the names its rows had."""

    outlook: Outlook
    couriers: list[CourierId]
    stores: list[StoreId]


class Foresight:
    """`fold` every record; `look` between two turns; `suggest` anywhere, in any thread."""

    def __init__(self, s: State, terms: Terms = USUAL_TERMS) -> None:
        self._s = s
        self._terms = terms
        self._forecast = DemandForecast.since(s)
        self._sent: dict[CourierId, tuple[StoreId, Millis]] = {}

    def fold(self, record: Record) -> None:
        self._forecast.fold(record)
        for event in record.events:
            if isinstance(event, CourierRepositioned):
                self._sent[event.courier] = event.store, record.at
            elif isinstance(event, LegStarted | ShiftEnded):
                self._sent.pop(event.courier, None)

    def look(self, now: Millis) -> View | None:
        """None if nobody could be sent anywhere, or nothing is expected."""
        expected = self._forecast.expected(now, HORIZON_MS)
        stores, couriers = list(expected), self._couriers(now)
        if not any(expected.values()) or not couriers:
            return None
        state, routes = self._s, self._s.deliveries.routes
        may_move = [self._may_move(x, routes.get(x), now) for x in couriers]
        if not any(may_move):
            return None
        shops = [state.stores[x] for x in stores]
        travel = state.settings.current.travel
        workers = [state.couriers[x] for x in couriers]
        begins = [self._begin(x, routes.get(x), now) for x in couriers]
        plane = travel.project(
            places([x.location for x in shops] + [x for x, _ in begins]), shops[0].location
        )
        at, of = plane[: len(shops)], plane[len(shops) :]
        speed = np.array([travel.speed_mm_s(x.vehicle) / 1_000 for x in workers])
        free_s = np.array([x for _, x in begins])
        is_busy = [bool(route and route.stops) for route in map(routes.get, couriers)]
        spread_s = np.array([x.spread_ms / SECOND for x in shops])
        outlook = Outlook(
            demand=np.array([expected[x] for x in stores]),
            lead_s=np.array([x.preparation_ms / SECOND for x in shops]),
            spread_s=np.maximum(SPREAD_MIN_S, DEVIATIONS * spread_s),
            there_s=free_s[:, None] + _rides(of, at) / speed[:, None],
            between_s=_rides(at, at),
            speed=speed,
            may_move=np.array(may_move),
            busy=min(BUSY_MAX, sum(is_busy) / len(couriers)),
        )
        return View(outlook, couriers, stores)

    def suggest(self, view: View) -> list[RepositionCourier]:
        """Who should go and wait where, the most useful first."""
        chosen = moves(view.outlook, self._terms)
        return [RepositionCourier(view.couriers[x], view.stores[y]) for x, y in chosen]

    # internals

    def _couriers(self, now: Millis) -> list[CourierId]:
        """Who is at work, seen in the city, and not about to leave or to rest."""
        s = self._s
        numbers = s.couriers.working()
        center = s.stores.center()
        if center is None or not len(numbers):
            return []
        seen = s.positions.last_measured(numbers) != NEVER
        numbers = numbers[seen]
        numbers = numbers[
            are_near(center, s.positions.lat_e7[numbers], s.positions.lon_e7[numbers])
        ]
        known = [s.couriers.ids[n] for n in numbers.tolist()]
        return [
            x
            for x in known
            if s.couriers[x].ends_at - now > SHIFT_LEFT_MS and not s.couriers[x].is_on_break(now)
        ]

    def _may_move(self, courier: CourierId, route: Route | None, now: Millis) -> bool:
        if route is not None and route.stops:
            return False
        _, sent_at = self._sent.get(courier, (None, None))
        return sent_at is None or now - sent_at >= STAY_MS

    def _begin(self, courier: CourierId, route: Route | None, now: Millis) -> tuple[Point, float]:
        """Where the courier is next free, and after how many seconds."""
        s = self._s
        here = s.positions.get(s.couriers[courier].number)
        assert here is not None, "only couriers who were seen are asked about"
        if route is None or not route.stops:
            store, _ = self._sent.get(courier, (None, None))
            return (s.stores[store].location if store is not None else here), 0.0
        settings, clock = s.settings.current, int(now)
        speed = settings.travel.speed_mm_s(s.couriers[courier].vehicle)
        for stop in route.stops:
            delivery = s.deliveries[stop.delivery]
            there = place_of(stop.kind, delivery, s.stores)
            clock += settings.travel.travel_ms(here, there, speed)
            if stop.kind is StopKind.PICKUP:
                clock = max(clock, s.orders[delivery.order].ready_at)
            clock += settings.handling_ms
            here = there
        return here, (clock - now) / SECOND


def _rides(start: Floats, goal: Floats) -> Floats:
    """(N, 2 or 4) and (M, the same) seconds at unit speed -> (N, M)."""
    rides: Floats = np.sqrt(((start[:, None, :] - goal[None, :, :]) ** 2).sum(axis=2))
    return rides
