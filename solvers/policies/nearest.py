"""Whoever can be there first: each unplanned order to the end of one courier's route.

What many dispatchers do by hand, and the cheapest thing to compute: a baseline for the others.
Only where routes end matters, so they are walked once and not laid out for a search.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from solvers.kernels.borrowing import borrowed, inlined
from solvers.kernels.layout import city_of, effective_ready_s
from solvers.kernels.routes import FEW_STOPS, plan_of, routes_of
from solvers.kernels.schedule import NOWHERE, leg_s
from solvers.problem import Budget, Floats, Ints, Plan, Problem, Singles
from solvers.validation import check_problem


class Facts(NamedTuple):
    """Of a Problem, as it has them."""

    place: Ints  # of couriers, until `pinned`
    free_s: Floats
    end_s: Floats
    capacity: Ints
    courier_skills: Any
    speed: Floats
    cost: Floats
    co2e: Floats
    pinned: Ints
    pickup: Ints  # the place
    dropoff: Ints
    store: Ints
    ready_s: Floats  # that is planned with
    origin_s: Floats  # the median
    due_s: Floats
    pickup_service_s: Floats
    dropoff_service_s: Floats
    quantity: Ints
    priority: Floats
    skills: Any
    group: Ints
    unserved_cost: Floats
    on_board: Ints
    bound_to: Ints
    xy_s: Singles
    table_s: Singles


class Terms(NamedTuple):
    """Weights and rules of a Problem."""

    round_up_s: float
    lateness_per_s: float
    freshness_per_s: float
    travel_per_s: float
    work_per_s: float
    co2e_per_g: float
    disruption: float  # of an order: two stops
    unserved: float
    single_store: bool
    before_end: bool
    shared_service: bool


class Spot(NamedTuple):
    """A place, as schedule.leg_s takes it."""

    place: int
    x: Any
    y: Any
    z: Any
    u: Any


class Ends(NamedTuple):
    """Where the routes end, and when; `route_of` is the courier of each order, or -1."""

    place: Ints
    depart_s: Floats
    pace: Floats  # of the couriers: 1 / speed
    length: Ints
    route_of: Ints


def nearest(problem: Problem, budget: Budget) -> Plan:
    """Place what is unplanned, the earliest promise first; nothing is moved, nothing bundled.

    An order stays unserved where that is cheaper than the courier who could be at its pickup
    first, or where nobody may take it. The budget is not needed. Raises ProblemError.
    """
    check_problem(problem)
    p, facts, terms = problem, _facts(problem), _terms(problem)
    start, stops = p.route_start, p.route_stops
    ends, is_whole = _walk(facts, terms, start, stops)
    home = ends.route_of
    if not is_whole:
        plan = plan_of(routes_of(p, city_of(p), spare=FEW_STOPS))
        start, stops = plan.route_start, plan.route_stops
        ends, _ = _walk(facts, terms, start, stops)
    waiting = np.flatnonzero(ends.route_of == NOWHERE)
    in_turn = waiting[np.lexsort((p.due_s[waiting], p.bound_to[waiting] < 0))]
    taken_by = _append_all(facts, terms, ends, home, in_turn)
    stops, start = _joined(start, stops, ends.length, p.orders, in_turn, taken_by)
    return Plan(stops, start, np.flatnonzero(ends.route_of == NOWHERE).astype(np.int32))


def _facts(p: Problem) -> Facts:
    return Facts(
        p.courier_place,
        p.courier_free_s,
        p.courier_end_s,
        p.courier_capacity,
        p.courier_skills,
        p.courier_speed,
        p.courier_cost,
        p.courier_co2e,
        p.pinned,
        p.pickup_place,
        p.dropoff_place,
        p.store,
        effective_ready_s(p),
        p.ready_s,
        p.due_s,
        p.pickup_service_s,
        p.dropoff_service_s,
        p.quantity,
        p.priority,
        p.skills,
        p.group,
        p.unserved_cost,
        p.on_board,
        p.bound_to,
        p.xy_s,
        p.table_s,
    )


def _terms(p: Problem) -> Terms:
    w, rules = p.weights, p.rules
    return Terms(
        float(p.round_up_s),
        w.lateness_per_s,
        w.freshness_per_s,
        w.travel_per_s,
        w.courier_time_per_s,
        w.co2e_per_g,
        2.0 * w.disruption_per_stop,
        w.unserved,
        rules.single_store_trips,
        rules.pickup_before_shift_end,
        rules.shared_pickup_service,
    )


@inlined
def _spot(xy: Singles, place: int) -> Spot:
    x, y, z, u = np.float32(0.0), np.float32(0.0), np.float32(0.0), np.float32(0.0)
    if xy.shape[0] > 0:
        x, y = np.float32(xy[place, 0]), np.float32(xy[place, 1])
        if xy.shape[1] > 2:
            z, u = np.float32(xy[place, 2]), np.float32(xy[place, 3])
    return Spot(place, x, y, z, u)


@njit(nogil=True, cache=True)
def _walk(p: Facts, terms: Terms, start: Ints, stops: Ints) -> tuple[Ends, bool]:
    """Follow all routes to their ends; and False if an order may have to leave its route.

    That is so where a rule is broken, as on the way of a courier who fell behind, and where orders
    belong together.
    """
    p = borrowed(p)
    couriers, orders, dimensions = p.place.shape[0], p.quantity.shape[0], p.quantity.shape[1]
    place, depart_s = np.empty(couriers, np.int32), np.empty(couriers)
    length, route_of = np.empty(couriers, np.int32), np.full(orders, NOWHERE, np.int32)
    pace, is_whole = 1.0 / p.speed, True
    load = np.zeros(p.capacity.shape, np.int32)
    aboard = np.zeros(couriers, np.int32)
    for o in range(orders):
        is_whole = is_whole and p.group[o] < 0
        c = p.on_board[o]
        if c >= 0:
            aboard[c] += 1
            for d in range(dimensions):
                load[c, d] += p.quantity[o, d]
    for c in range(couriers):
        here, clock, at_store = _spot(p.xy_s, p.place[c]), max(p.free_s[c], 0.0), -1
        latest = p.end_s[c] if terms.before_end else np.inf
        for k in range(start[c], start[c + 1]):
            stop, is_pickup = stops[k], stops[k] < orders
            o = stop if is_pickup else stop - orders
            route_of[o] = c
            there = _spot(p.xy_s, p.pickup[o] if is_pickup else p.dropoff[o])
            clock += leg_s(p.table_s, terms.round_up_s, here, there) * pace[c]
            here = there
            if not is_pickup:
                clock += p.dropoff_service_s[o]
                aboard[c], at_store = aboard[c] - 1, -1
                for d in range(dimensions):
                    load[c, d] -= p.quantity[o, d]
                continue
            store, service_s = p.store[o], p.pickup_service_s[o]
            if terms.shared_service and store == at_store:
                clock -= service_s
            clock = max(clock, p.ready_s[o]) + service_s
            bound, is_pinned = p.bound_to[o], k - start[c] < p.pinned[c]
            fits = not p.skills[o] & ~p.courier_skills[c] and (bound < 0 or bound == c)
            fits = fits and (is_pinned or bound == c or clock - service_s <= latest)
            for d in range(dimensions):
                load[c, d] += p.quantity[o, d]
                fits = fits and load[c, d] <= p.capacity[c, d]
            if terms.single_store and aboard[c] > 0 and store != at_store:
                fits = fits and is_pinned
            is_whole = is_whole and fits
            aboard[c], at_store = aboard[c] + 1, store
        place[c], depart_s[c], length[c] = here.place, clock, start[c + 1] - start[c]
    return Ends(place, depart_s, pace, length, route_of), bool(is_whole)


@njit(nogil=True, cache=True)
def _append_all(p: Facts, terms: Terms, ends: Ends, home: Ints, in_turn: Any) -> Ints:
    """Place the orders one by one; the courier of each, or -1."""
    p, ends = borrowed(p), borrowed(ends)
    taken_by = np.full(in_turn.shape[0], NOWHERE, np.int32)
    for z in range(in_turn.shape[0]):
        o = in_turn[z]
        c = _first_there(p, terms, ends, o)
        if c == NOWHERE:
            continue
        pace, begun, here = ends.pace[c], ends.depart_s[c], _spot(p.xy_s, ends.place[c])
        pickup, dropoff = _spot(p.xy_s, p.pickup[o]), _spot(p.xy_s, p.dropoff[o])
        ride = leg_s(p.table_s, terms.round_up_s, here, pickup) * pace
        direct = leg_s(p.table_s, terms.round_up_s, pickup, dropoff) * pace
        depart = max(begun + ride, p.ready_s[o]) + p.pickup_service_s[o]
        arrive = depart + direct
        done = arrive + p.dropoff_service_s[o]
        late = terms.lateness_per_s * p.priority[o] * max(0.0, arrive - p.due_s[o])
        cost = (ride + direct) * (terms.travel_per_s + terms.co2e_per_g * p.co2e[c])
        cost += late + terms.freshness_per_s * (arrive - p.origin_s[o])
        cost += terms.work_per_s * p.cost[c] * (done - (begun if ends.length[c] > 0 else 0.0))
        if home[o] >= 0 and home[o] != c:
            cost += terms.disruption
        unserved = p.unserved_cost[o]
        if cost < (terms.unserved * p.priority[o] if np.isnan(unserved) else unserved):
            taken_by[z] = ends.route_of[o] = c
            ends.place[c], ends.depart_s[c] = p.dropoff[o], done
            ends.length[c] += 2
    return taken_by


@njit(nogil=True, cache=True)
def _first_there(p: Facts, terms: Terms, ends: Ends, o: int) -> int:
    """The courier who can be at the pickup first, when done with everything else; or -1."""
    p, ends = borrowed(p), borrowed(ends)
    best, first, keeper = NOWHERE, np.inf, _keeper(p, ends.route_of, o)
    ready_s, bound, skills = p.ready_s[o], p.bound_to[o], p.skills[o]
    table_s, up_s, pickup = p.table_s, terms.round_up_s, _spot(p.xy_s, p.pickup[o])
    for c in range(p.place.shape[0]):
        if skills & ~p.courier_skills[c] or (bound >= 0 and bound != c):
            continue
        ride = leg_s(table_s, up_s, _spot(p.xy_s, ends.place[c]), pickup)
        arrive = ends.depart_s[c] + ride * ends.pace[c]
        in_time = not terms.before_end or max(arrive, ready_s) <= p.end_s[c]
        if arrive >= first or not in_time or (keeper != NOWHERE and keeper != c):
            continue
        room = True
        for d in range(p.quantity.shape[1]):
            room = room and p.quantity[o, d] <= p.capacity[c, d]
        if room:
            best, first = c, arrive
    return best


@njit(nogil=True, cache=True)
def _keeper(p: Facts, route_of: Ints, o: int) -> int:
    """Who must serve order o for the sake of its group, or -1: as boarding.group_courier says."""
    keeper = NOWHERE
    for m in range(route_of.shape[0] if p.group[o] >= 0 else 0):
        if p.group[m] == p.group[o]:
            if route_of[m] >= 0:
                return int(route_of[m])
            if p.bound_to[m] >= 0:
                keeper = p.bound_to[m]
    return int(keeper)


@njit(nogil=True, cache=True)
def _joined(
    start: Ints, stops: Ints, length: Ints, orders: int, in_turn: Any, taken_by: Ints
) -> tuple[Ints, Ints]:
    """The routes in CSR, and at the end of each what was placed there."""
    begin = np.zeros(start.shape[0], np.int32)
    for c in range(length.shape[0]):
        begin[c + 1] = begin[c] + length[c]
    joined, filled = np.empty(begin[-1], np.int32), np.empty(length.shape[0], np.int32)
    for c in range(length.shape[0]):
        before = start[c + 1] - start[c]
        joined[begin[c] : begin[c] + before] = stops[start[c] : start[c + 1]]
        filled[c] = begin[c] + before
    for z in range(in_turn.shape[0]):
        c = taken_by[z]
        if c >= 0:
            joined[filled[c]], joined[filled[c] + 1] = in_turn[z], orders + in_turn[z]
            filled[c] += 2
    return joined, begin
