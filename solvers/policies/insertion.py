"""Insertion of unplanned orders into the running plan; nothing that is planned changes courier.

Greedy takes the orders by promise, each to its cheapest place over all routes. Regret takes
next the order that would lose most by waiting (Potvin & Rousseau 1993).
"""

import numpy as np
from numba import njit

from solvers.kernels.boarding import may_serve, put_on
from solvers.kernels.borrowing import borrowed
from solvers.kernels.layout import city_of
from solvers.kernels.neighbors import Neighbors, candidates, neighbors_of
from solvers.kernels.placement import best_place
from solvers.kernels.reach import Reach, best_of_all, note, reach_of
from solvers.kernels.routes import FEW_STOPS, is_full, plan_of, routes_of, unplanned, wider
from solvers.kernels.schedule import NOWHERE, City, Routes
from solvers.problem import Budget, Floats, Ints, Plan, Problem
from solvers.validation import check_problem

# Up to so many pairs of order and route, every route is taken into account for every order. For
# a plan from nothing, whoever is near or serves related orders makes the better bundles.
THOROUGH_PAIRS = 1_000_000
REGRET_PAIRS = 4_000_000


def insertion(problem: Problem, budget: Budget) -> Plan:
    """Place what is unplanned, the earliest promise first; the budget is not needed.

    An order stays unserved where that is cheaper, or where no courier may take it.
    Raises ProblemError.
    """
    check_problem(problem)
    city = city_of(problem)
    routes = routes_of(problem, city, spare=FEW_STOPS)
    return plan_of(insert_unplanned(city, routes))


def regret_insertion(problem: Problem, budget: Budget) -> Plan:
    """Place what is unplanned, each time the order with the largest regret (second - best).

    Falls back to `insertion` where orders x couriers would not fit in memory.
    Raises ProblemError.
    """
    check_problem(problem)
    city = city_of(problem)
    routes = routes_of(problem, city)
    waiting = unplanned(city, routes)
    if len(waiting) * len(city.couriers) <= REGRET_PAIRS:
        left = len(waiting)
        while left and (left := _regret(city, routes, waiting[:left])):
            routes = wider(routes)
    return plan_of(insert_unplanned(city, routes))


def insert_unplanned(city: City, routes: Routes) -> Routes:
    """Greedy insertion. The routes come back because rows that fill up are replaced."""
    waiting, done = unplanned(city, routes), 0
    thorough = len(waiting) * len(city.couriers) <= THOROUGH_PAIRS
    if thorough and city.metric:
        reach = reach_of(city, routes)
        while (done := _place_all(city, routes, reach, waiting, done)) < len(waiting):
            routes = wider(routes)
        return routes
    neighbors = neighbors_of(city)
    while (done := _place_near(city, routes, neighbors, waiting, done, thorough)) < len(waiting):
        routes = wider(routes)
    return routes


@njit(nogil=True, cache=True)
def _place_all(city: City, routes: Routes, reach: Reach, waiting: Ints, done: int) -> int:
    """Place waiting[done:] until a row fills up; how many have been dealt with then."""
    city, routes, reach = borrowed(city), borrowed(routes), borrowed(reach)
    for z in range(done, waiting.shape[0]):
        o = waiting[z]
        _, c, i, j = best_of_all(city, routes, reach, o, city.orders[o].unserved)
        if c != NOWHERE:
            put_on(city, routes, c, o, i, j)
            note(city, routes, reach, c)
            if is_full(routes, c):
                return z + 1
    return int(waiting.shape[0])


@njit(nogil=True, cache=True)
def _place_near(
    city: City, routes: Routes, neighbors: Neighbors, waiting: Ints, done: int, thorough: bool
) -> int:
    """The same, near couriers first, and if not `thorough`, nobody else."""
    city, routes, neighbors = borrowed(city), borrowed(routes), borrowed(neighbors)
    everyone = np.arange(city.couriers.shape[0]).astype(np.int32)
    mark = np.full(city.couriers.shape[0], -1, np.int32)
    near = np.empty(city.couriers.shape[0], np.int32)
    for z in range(done, waiting.shape[0]):
        o = waiting[z]
        count = candidates(city, routes, neighbors, o, mark, z, near)
        limit = city.orders[o].unserved
        cost, c, i, j = best_route(city, routes, o, near[:count], limit)
        if thorough or c == NOWHERE:
            _, c2, i2, j2 = best_route(city, routes, o, everyone, min(limit, cost))
            if c2 != NOWHERE:
                c, i, j = c2, i2, j2
        if c != NOWHERE:
            put_on(city, routes, c, o, i, j)
            if is_full(routes, c):
                return z + 1
    return int(waiting.shape[0])


@njit(nogil=True, cache=True)
def best_route(
    city: City, routes: Routes, o: int, couriers: Ints, limit: float
) -> tuple[float, int, int, int]:
    """The cheapest place of order o on those couriers' routes: (cost, courier, i, j).

    (limit, -1, -1, -1) if there is none below the limit.
    """
    best, best_c, best_i, best_j = limit, NOWHERE, NOWHERE, NOWHERE
    for c in couriers:
        if may_serve(city, routes, c, o):
            cost, i, j = best_place(city, routes, c, o, best)
            if cost < best:
                best, best_c, best_i, best_j = cost, c, i, j
    return best, best_c, best_i, best_j


@njit(nogil=True, cache=True)
def _regret(city: City, routes: Routes, waiting: Ints) -> int:
    """Place by regret until a row fills up; how many orders are left, moved to the front."""
    city, routes = borrowed(city), borrowed(routes)
    left = waiting.shape[0]
    couriers = city.couriers.shape[0]
    cost = np.full((left, couriers), np.inf)
    alive = np.ones(left, np.bool_)
    for z in range(left):
        for c in range(couriers):
            _price(city, routes, waiting[z], c, cost[z])
    full = False
    while not full:
        z, c = _most_regretted(city, waiting, cost, alive)
        if z == NOWHERE:
            return 0
        o = waiting[z]
        alive[z] = False
        _, i, j = best_place(city, routes, c, o, np.inf)
        put_on(city, routes, c, o, i, j)
        full = is_full(routes, c)
        group = city.orders[o].group
        for y in range(left):
            if alive[y]:
                _price(city, routes, waiting[y], c, cost[y])
                if group >= 0 and city.orders[waiting[y]].group == group:
                    cost[y, :c] = np.inf
                    cost[y, c + 1 :] = np.inf
    still = waiting[alive]
    waiting[: still.shape[0]] = still
    return int(still.shape[0])


@njit(nogil=True, cache=True)
def _price(city: City, routes: Routes, o: int, c: int, row: Floats) -> None:
    row[c] = np.inf
    if may_serve(city, routes, c, o):
        row[c] = best_place(city, routes, c, o, city.orders[o].unserved)[0]


@njit(nogil=True, cache=True)
def _most_regretted(city: City, waiting: Ints, cost: Floats, alive: Ints) -> tuple[int, int]:
    """(index in waiting, courier) of the largest regret; (-1, -1) if nothing can be placed."""
    most, best_z, best_c = -np.inf, NOWHERE, NOWHERE
    for z in range(waiting.shape[0]):
        if not alive[z]:
            continue
        first, second, at = np.inf, city.orders[waiting[z]].unserved, NOWHERE
        for c in range(cost.shape[1]):
            if cost[z, c] < first:
                second = min(second, first)
                first, at = cost[z, c], c
            elif cost[z, c] < second:
                second = cost[z, c]
        if at != NOWHERE and second - first > most:
            most, best_z, best_c = second - first, z, at
    return best_z, best_c
