"""Plan to command: what the engine is told of a solver's answer. With briefing.py the way across.

Nobody is told anything before it is necessary: which offers are due is decided here.
"""

from math import ceil, hypot

from engine.commands import AdoptPlan, ImprovePlan, RouteLine
from engine.values import DeliveryId, Stop, StopKind
from solvers.briefing import USUAL, Briefer, Briefing, Metric, Objective, brief
from solvers.problem import Plan

__all__ = [
    "USUAL",
    "Briefer",
    "Briefing",
    "Departures",
    "Metric",
    "Objective",
    "answer",
    "brief",
    "improvement",
    "route_lines",
]


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
    for c, before in enumerate(briefing.routes):
        planned = planned_stops[start[c] : start[c + 1]]
        if not planned and not before:
            continue
        news = any(x < orders and untold[x] for x in planned)
        release = departures.due(c, planned) if news else []
        if release or planned != before:
            stops = [_stop(briefing, x, orders) for x in planned]
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
        self.xy_s = p.xy_s.tolist()

    def due(self, courier: int, stops: list[int]) -> list[DeliveryId]:
        """What must be offered now, because the courier should soon leave for its pickup.

        Nobody is told before that: until then a better idea costs nothing. Leaving as late as
        waiting at the store allows; orders of one visit to a store are offered together.
        During a break nobody is told anything.
        """
        briefing, due = self.briefing, []
        if briefing.on_break[courier]:
            return []
        place, clock, speed = (column[courier] for column in self.start)
        visiting = -1  # the store of the last pickup that was due
        for stop in stops:
            there = self.place_of[stop]
            arrival = begin = clock + self._leg_s(place, there) / speed
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

    def _leg_s(self, i: int, j: int) -> float:
        """Seconds of travel from place i to place j at unit speed."""
        p = self.briefing.problem
        if p.table_s.size:
            return float(p.table_s[i, j])
        (x, y), (u, v) = self.xy_s[i], self.xy_s[j]
        seconds = hypot(u - x, v - y)
        if p.round_up_s > 0:
            seconds = ceil(seconds / p.round_up_s - 1e-9) * p.round_up_s
        return seconds
