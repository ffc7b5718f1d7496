"""The judge of plans: what a Plan breaks, and what it costs, term by term.

Plain Python over the Problem alone; shares no code with any solver.
"""

import math
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from msgspec import Struct

from solvers.problem import Plan, Problem

TOLERANCE_S = 1e-6


class Score(Struct, frozen=True):
    """The terms of J, each already weighted; and counts that are not part of it."""

    lateness: float
    freshness: float
    travel: float
    courier_time: float
    co2e: float
    disruption: float
    unserved: float
    late_orders: int
    late_s: float  # unweighted, without priority
    ride_s: float
    unserved_orders: int

    @property
    def j(self) -> float:
        """The objective: the sum of the weighted terms."""
        served = self.lateness + self.freshness + self.travel + self.courier_time + self.co2e
        return served + self.disruption + self.unserved


class Visit(Struct, frozen=True):
    """One stop of one route, in time (seconds from now)."""

    stop: int
    ride_s: float
    arrive_s: float
    begin_s: float  # of service
    depart_s: float


def visits(problem: Problem, courier: int, stops: list[int]) -> Iterator[Visit]:
    """The stops of a route, timed: ride, wait until ready, serve."""
    p, n = problem, problem.orders
    place = int(p.courier_place[courier])
    clock = max(0.0, float(p.courier_free_s[courier]))
    store_before = None
    for stop in stops:
        o = stop % n
        picking = stop < n
        there = int(p.pickup_place[o] if picking else p.dropoff_place[o])
        ride = leg_s(p, place, there) / float(p.courier_speed[courier])
        arrive = clock + ride
        store = int(p.store[o]) if picking else None
        if picking:
            service = float(p.pickup_service_s[o])
            ready = _ready_s(p, o)
            if p.rules.shared_pickup_service and store == store_before:
                depart = max(arrive, ready + service)
            else:
                depart = max(arrive, ready) + service
        else:
            service = float(p.dropoff_service_s[o])
            depart = arrive + service
        yield Visit(stop, ride, arrive, depart - service, depart)
        place, clock, store_before = there, depart, store


def evaluate(problem: Problem, plan: Plan) -> Score:
    """The objective of a plan that `violations` has nothing against."""
    p, w, n = problem, problem.weights, problem.orders
    home = _courier_of_stops(p.route_stops.tolist(), p.route_start.tolist())
    lateness = freshness = work = co2e = ride = late_s = 0.0
    late_orders = moved_stops = 0
    for c in range(p.couriers):
        end = 0.0
        for visit in visits(p, c, plan.route(c)):
            ride += visit.ride_s
            co2e += visit.ride_s * float(p.courier_co2e[c])
            end = visit.depart_s
            moved_stops += home.get(visit.stop, c) != c
            if visit.stop >= n:
                o = visit.stop - n
                late = max(0.0, visit.arrive_s - float(p.due_s[o]))
                late_s += late
                late_orders += late > TOLERANCE_S
                lateness += late * float(p.priority[o])
                freshness += visit.arrive_s - float(p.ready_s[o])
        work += end * float(p.courier_cost[c])
    unserved = plan.unserved.tolist()
    return Score(
        lateness=w.lateness_per_s * lateness,
        freshness=w.freshness_per_s * freshness,
        travel=w.travel_per_s * ride,
        courier_time=w.courier_time_per_s * work,
        co2e=w.co2e_per_g * co2e,
        disruption=w.disruption_per_stop * moved_stops,
        unserved=sum(unserved_cost(p, o) for o in unserved),
        late_orders=late_orders,
        late_s=late_s,
        ride_s=ride,
        unserved_orders=len(unserved),
    )


def unserved_cost(problem: Problem, order: int) -> float:
    """What leaving one order out costs."""
    own = float(problem.unserved_cost[order])
    if math.isnan(own):
        return problem.weights.unserved * float(problem.priority[order])
    return own


def violations(problem: Problem, plan: Plan) -> list[str]:
    """Every rule the plan breaks, in words; empty if it is legal."""
    malformed = _malformed(problem, plan)
    if malformed:
        return malformed
    wrong = _accounting(problem, plan)
    for c in range(problem.couriers):
        wrong += _route_violations(problem, plan, c)
    return wrong + _group_violations(problem, plan)


def _malformed(p: Problem, plan: Plan) -> list[str]:
    start = plan.route_start.tolist()
    stops = plan.route_stops.tolist()
    if len(start) != p.couriers + 1 or start[0] != 0 or start[-1] != len(stops):
        return ["routes are not in CSR form"]
    if any(a > b for a, b in pairwise(start)):
        return ["route_start falls"]
    return [f"unknown stop {s}" for s in stops if not 0 <= s < 2 * p.orders]


def _accounting(p: Problem, plan: Plan) -> list[str]:
    """Each order whole and once: on one route, or unserved."""
    n = p.orders
    wrong = [
        f"stop {s} is made {k} times"
        for s, k in Counter(plan.route_stops.tolist()).items()
        if k > 1
    ]
    where = _courier_of_stops(plan.route_stops.tolist(), plan.route_start.tolist())
    running = _courier_of_stops(p.route_stops.tolist(), p.route_start.tolist())
    left_out = Counter(plan.unserved.tolist())
    wrong += [f"unknown order {o} unserved" for o in left_out if not 0 <= o < n]
    for o in range(n):
        aboard, bound = int(p.on_board[o]), int(p.bound_to[o])
        served = n + o in where
        if left_out[o] + served != 1:
            wrong.append(f"order {o} is served {int(served)} and left out {left_out[o]} times")
        if served and where[n + o] != where.get(o, where[n + o]):
            wrong.append(f"order {o} changes couriers")
        if (o in where) != (served and aboard < 0):
            wrong.append(f"order {o} lacks a stop, or is picked up although on board")
        if aboard >= 0 and where.get(n + o) != aboard:
            wrong.append(f"order {o} is on board of {aboard} and not on that route")
        if served and bound >= 0 and where[n + o] != bound:
            wrong.append(f"order {o} is bound to {bound}")
        if not served and bound >= 0 and running.get(n + o) == bound:
            wrong.append(f"order {o} was taken from {bound}, to whom it is bound")
    return wrong


def _route_violations(p: Problem, plan: Plan, c: int) -> list[str]:
    n, stops, wrong = p.orders, plan.route(c), []
    pinned = int(p.pinned[c])
    if stops[:pinned] != p.route_stops[p.route_start[c] : p.route_start[c] + pinned].tolist():
        wrong.append(f"pinned stops of courier {c} moved")
    aboard = {o for o in range(n) if p.on_board[o] == c}
    committed = aboard | {s % n for s in stops[:pinned]}
    committed |= {s % n for s in _running_route(p, c) if p.bound_to[s % n] == c}
    previous: int | None = None
    for k, visit in enumerate(visits(p, c, stops)):
        o = visit.stop % n
        if visit.stop < n:
            same_store = previous is not None and p.store[previous] == p.store[o]
            if p.rules.single_store_trips and aboard and not same_store and k >= pinned:
                wrong.append(f"courier {c} picks up order {o} in the middle of a trip")
            late = visit.begin_s > float(p.courier_end_s[c]) + TOLERANCE_S
            if p.rules.pickup_before_shift_end and late and o not in committed:
                wrong.append(f"courier {c} picks up order {o} after the shift")
            aboard.add(o)
            if int(p.skills[o]) & ~int(p.courier_skills[c]):
                wrong.append(f"courier {c} lacks a skill for order {o}")
            if any(
                _load(p, aboard, d) > p.courier_capacity[c, d] for d in range(p.quantity.shape[1])
            ):
                wrong.append(f"courier {c} is overloaded at the pickup of order {o}")
            previous = o
        else:
            if o not in aboard:
                wrong.append(f"courier {c} drops off order {o} without having it")
            aboard.discard(o)
            previous = None
    return wrong + [f"courier {c} keeps order {o}" for o in sorted(aboard)]


def _group_violations(p: Problem, plan: Plan) -> list[str]:
    where = _courier_of_stops(plan.route_stops.tolist(), plan.route_start.tolist())
    couriers: dict[int, set[int]] = {}
    for o in range(p.orders):
        if p.group[o] >= 0 and p.orders + o in where:
            couriers.setdefault(int(p.group[o]), set()).add(where[p.orders + o])
    return [f"group {g} is split over {sorted(cs)}" for g, cs in couriers.items() if len(cs) > 1]


def _load(p: Problem, aboard: set[int], dimension: int) -> int:
    return sum(int(p.quantity[o, dimension]) for o in aboard)


def _running_route(p: Problem, courier: int) -> list[int]:
    stops: list[int] = p.route_stops[p.route_start[courier] : p.route_start[courier + 1]].tolist()
    return stops


def _courier_of_stops(stops: list[int], start: list[int]) -> dict[int, int]:
    return {s: c for c in range(len(start) - 1) for s in stops[start[c] : start[c + 1]]}


def _ready_s(p: Problem, o: int) -> float:
    median, p90 = float(p.ready_s[o]), float(p.ready_p90_s[o])
    return median + p.weights.ready_caution * (p90 - median)


def leg_s(p: Problem, a: int, b: int) -> float:
    """Seconds from place to place at speed 1."""
    if len(p.table_s):
        return float(p.table_s[a, b])
    distance = math.dist(p.xy_s[a], p.xy_s[b])
    if p.round_up_s > 0:
        return math.ceil(distance / p.round_up_s - 1e-9) * p.round_up_s
    return distance
