"""The running plan as mutable routes for a search, and back again as a Plan."""

import numpy as np
from numba import njit

from solvers.placement import NOWHERE, take_off
from solvers.problem import Ints, Plan, Problem
from solvers.schedule import TASK, City, Routes, refresh

SPARE_STOPS = 24


def routes_of(problem: Problem, city: City, plan: Plan | None = None) -> Routes:
    """The running plan, or another one, without the orders through which it breaks a rule.

    A row has room for some more stops; a full row takes no more orders: see `wider`.
    """
    couriers, dimensions = city.capacity.shape
    stops = problem.route_stops if plan is None else plan.route_stops
    start = problem.route_start if plan is None else plan.route_start
    width = int(np.diff(start).max(initial=0)) + SPARE_STOPS + 3
    routes = Routes(
        np.zeros((couriers, width), TASK),
        np.zeros((couriers, width, dimensions), np.int32),
        np.zeros(couriers, np.int32),
        np.zeros(couriers),
        np.zeros(couriers, np.uint64),
        np.full(problem.orders, NOWHERE, np.int32),
        np.zeros((5, width)),
    )
    _load(city, routes, stops.astype(np.int32), start.astype(np.int32))
    return routes


def wider(routes: Routes) -> Routes:
    """The same routes in rows twice as long."""
    couriers, width = routes.seq.shape
    seq = np.zeros((couriers, 2 * width), TASK)
    seq[:, :width] = routes.seq
    load = np.zeros((couriers, 2 * width, routes.load.shape[2]), np.int32)
    load[:, :width] = routes.load
    return routes._replace(seq=seq, load=load, rides=np.zeros((5, 2 * width)))


def plan_of(routes: Routes) -> Plan:
    """The routes as a Plan."""
    start = np.zeros(len(routes.length) + 1, np.int32)
    np.cumsum(routes.length, out=start[1:])
    index = np.arange(1, routes.seq.shape[1])
    taken = index[None, :] <= routes.length[:, None]
    stops = routes.seq["stop"][:, 1:][taken]
    return Plan(stops, start, np.flatnonzero(routes.route_of < 0).astype(np.int32))


@njit(nogil=True, cache=True)
def total_cost(city: City, routes: Routes) -> float:
    """J of the routes, unserved orders included."""
    cost = 0.0
    for c in range(routes.length.shape[0]):
        cost += routes.cost[c]
    for o in range(routes.route_of.shape[0]):
        if routes.route_of[o] == NOWHERE:
            cost += city.orders[o].unserved
    return cost


@njit(nogil=True, cache=True)
def _load(city: City, routes: Routes, stops: Ints, start: Ints) -> None:
    n = city.orders.shape[0]
    for c in range(city.couriers.shape[0]):
        courier = city.couriers[c]
        origin = routes.seq[c, 0]
        origin.stop = -1
        origin.store = -1
        origin.place = courier.place
        if city.xy.shape[0] > 0:
            origin.x = city.xy[courier.place, 0]
            origin.y = city.xy[courier.place, 1]
        origin.depart = courier.free
        for d in range(city.quantity.shape[1]):
            routes.load[c, 0, d] = city.base_load[c, d]
        length = start[c + 1] - start[c]
        for k in range(length):
            stop = stops[start[c] + k]
            routes.seq[c, k + 1] = city.tasks[stop]
            routes.seq[c, k + 1].latest += courier.end
            routes.route_of[stop % n] = c
        routes.length[c] = length
        refresh(city, routes, c)
    _split_groups(city, routes)
    for c in range(city.couriers.shape[0]):
        _repair(city, routes, c)


@njit(nogil=True, cache=True)
def _split_groups(city: City, routes: Routes) -> None:
    """Take members of a group off every route but one: a committed member's, or the first's."""
    for g in range(city.member_start.shape[0] - 1):
        keeper = NOWHERE
        for m in range(city.member_start[g], city.member_start[g + 1]):
            o = city.members[m]
            c = routes.route_of[o]
            if c >= 0 and (keeper == NOWHERE or city.orders[o].committed):
                keeper = c
        for m in range(city.member_start[g], city.member_start[g + 1]):
            o = city.members[m]
            c = routes.route_of[o]
            if c >= 0 and c != keeper:
                take_off(city, routes, o)
                refresh(city, routes, c)


@njit(nogil=True, cache=True)
def first_breach(city: City, routes: Routes, c: int) -> int:
    """The first stop (counted from 1) where route c breaks a rule, or 0.

    Asked are capacity, skills, bindings, shift end and single-store trips.
    """
    seq = routes.seq[c]
    courier = city.couriers[c]
    aboard = courier.carrying
    for k in range(1, routes.length[c] + 1):
        task = seq[k]
        if task.store < 0:
            aboard -= 1
            continue
        order = city.orders[task.stop]
        if order.skills & ~courier.skills or (order.bound >= 0 and order.bound != c):
            return k
        if task.depart - task.service > task.latest:
            return k
        for d in range(city.quantity.shape[1]):
            if routes.load[c, k, d] > city.capacity[c, d]:
                return k
        joins = aboard == 0 or seq[k - 1].store == task.store
        if city.single_store and not joins and k > courier.pinned:
            return k
        aboard += 1
    return 0


@njit(nogil=True, cache=True)
def _repair(city: City, routes: Routes, c: int) -> None:
    """Take off the orders through which a route breaks a rule; the others keep their places."""
    k = first_breach(city, routes, c)
    while k > 0:
        o = routes.seq[c, k].stop
        if city.orders[o].committed:
            o = _loose_order(city, routes, c)
            if o == NOWHERE:
                return  # check_problem does not let this pass
        take_off(city, routes, o)
        refresh(city, routes, c)
        k = first_breach(city, routes, c)


@njit(nogil=True, cache=True)
def _loose_order(city: City, routes: Routes, c: int) -> int:
    """The last order of a route that is not committed, or -1."""
    for k in range(routes.length[c], 0, -1):
        o = routes.seq[c, k].stop
        if o < city.orders.shape[0] and not city.orders[o].committed:
            return int(o)
    return NOWHERE
