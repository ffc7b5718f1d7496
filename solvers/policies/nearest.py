"""Whoever can be there first: each unplanned order to the end of one courier's route.

What many dispatchers do by hand, and the cheapest thing to compute: a baseline for the others.
"""

import numpy as np
from numba import njit

from solvers.kernels.boarding import may_serve, put_on
from solvers.kernels.layout import city_of
from solvers.kernels.routes import FEW_STOPS, is_full, plan_of, routes_of, unplanned, wider
from solvers.kernels.schedule import NOWHERE, City, Routes, begin_service, leg_s, moved, toll_of
from solvers.problem import Budget, Ints, Plan, Problem
from solvers.validation import check_problem


def nearest(problem: Problem, budget: Budget) -> Plan:
    """Place what is unplanned, the earliest promise first; nothing is moved, nothing bundled.

    An order stays unserved where that is cheaper than the courier who could be at its pickup
    first, or where nobody may take it. The budget is not needed. Raises ProblemError.
    """
    check_problem(problem)
    city = city_of(problem)
    routes = routes_of(problem, city, spare=FEW_STOPS)
    waiting, done = unplanned(city, routes), 0
    while (done := _append_all(city, routes, waiting, done)) < len(waiting):
        routes = wider(routes)
    return plan_of(routes)


@njit(nogil=True, cache=True)
def _append_all(city: City, routes: Routes, waiting: Ints, done: int) -> int:
    """Place waiting[done:] until a row fills up; how many have been dealt with then."""
    for z in range(done, waiting.shape[0]):
        o = waiting[z]
        c = _first_there(city, routes, o)
        if c != NOWHERE and _cost_at_end(city, routes, c, o) < city.orders[o].unserved:
            n = routes.length[c]
            put_on(city, routes, c, o, n, n)
            if is_full(routes, c):
                return z + 1
    return int(waiting.shape[0])


@njit(nogil=True, cache=True)
def _first_there(city: City, routes: Routes, o: int) -> int:
    """The courier who can be at the pickup first, when done with everything else; or -1."""
    couriers, capacity, quantity = city.couriers, city.capacity, city.quantity
    table, up, pickup = city.table, city.round_up_s, city.tasks[o]
    seq, length = routes.seq, routes.length
    best, first = NOWHERE, np.inf
    for c in range(couriers.shape[0]):
        last = seq[c, length[c]]
        arrive = last.depart + leg_s(table, up, last, pickup) * couriers[c].pace
        if arrive >= first or max(arrive, pickup.ready) > pickup.latest + couriers[c].end:
            continue
        room = True
        for d in range(quantity.shape[1]):
            room = room and quantity[o, d] <= capacity[c, d]
        if room and may_serve(city, routes, c, o):
            best, first = c, arrive
    return best


@njit(nogil=True, cache=True)
def _cost_at_end(city: City, routes: Routes, c: int, o: int) -> float:
    """What J grows by, if order o is the last on route c."""
    courier, last = city.couriers[c], routes.seq[c, routes.length[c]]
    pickup, dropoff = city.tasks[o], city.tasks[city.orders.shape[0] + o]
    ride = leg_s(city.table, city.round_up_s, last, pickup) * courier.pace
    direct = leg_s(city.table, city.round_up_s, pickup, dropoff) * courier.pace
    depart = begin_service(pickup, last.depart + ride, False) + pickup.service
    arrive = depart + direct
    cost = (ride + direct) * courier.per_ride_s + toll_of(dropoff, arrive)
    begun = last.depart if routes.length[c] > 0 else 0.0
    cost += courier.per_work_s * (arrive + dropoff.service - begun)
    if moved(city.orders, o, c):
        cost += city.disruption
    return float(cost)
