"""The running plan as mutable routes for a search, and back again as a Plan."""

import numpy as np
from numba import njit

from solvers.kernels.boarding import take_off
from solvers.kernels.schedule import (
    NOWHERE,
    TASK,
    City,
    Records,
    Routes,
    place_at,
    refresh,
    refresh_row,
)
from solvers.problem import Ints, Plan, Problem

SPARE_STOPS = 24  # for a search, which takes no more orders on a full row until the next chunk
FEW_STOPS = 8  # for who widens rows as soon as one is full


def routes_of(
    problem: Problem, city: City, plan: Plan | None = None, spare: int = SPARE_STOPS
) -> Routes:
    """The running plan, or another one, without the orders through which it breaks a rule.

    A row has room for so many more stops; a full row takes no more orders: see `wider`.
    """
    couriers, dimensions = city.capacity.shape
    stops = problem.route_stops if plan is None else plan.route_stops
    start = problem.route_start if plan is None else plan.route_start
    width = int(np.diff(start).max(initial=0)) + spare + 3
    routes = Routes(
        np.empty((couriers, width), TASK),  # megabytes, of which few are ever looked at
        np.empty((couriers, width, dimensions), np.int32),
        np.zeros(couriers, np.int32),
        np.zeros(couriers),
        np.zeros(couriers, np.uint64),
        np.full(problem.orders, NOWHERE, np.int32),
        np.zeros((5, width)),
    )
    _load(city, routes, np.zeros(1, TASK), stops.astype(np.int32), start.astype(np.int32))
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
    stops = np.empty(start[-1], np.int32)
    _list_stops(routes.seq, start, stops)
    return Plan(stops, start, np.flatnonzero(routes.route_of < 0).astype(np.int32))


@njit(nogil=True, cache=True)
def _list_stops(seq: Records, start: Ints, stops: Ints) -> None:
    for c in range(start.shape[0] - 1):
        for k in range(start[c], start[c + 1]):
            stops[k] = seq[c, k - start[c] + 1].stop


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
def _load(city: City, routes: Routes, blank: Records, stops: Ints, start: Ints) -> None:
    couriers, orders, tasks, quantity = city.couriers, city.orders, city.tasks, city.quantity
    xy, table, base_load, capacity = city.xy, city.table, city.base_load, city.capacity
    seq, load, length, route_of = routes.seq, routes.load, routes.length, routes.route_of
    cost, key = routes.cost, routes.key
    n = orders.shape[0]
    for c in range(couriers.shape[0]):
        place = couriers[c].place
        seq[c, 0] = blank[0]
        origin = seq[c, 0]
        origin.stop = -1
        origin.store = -1
        origin.place = place
        if xy.shape[0] > 0:
            place_at(xy, place, origin)
        origin.depart = couriers[c].free
        for d in range(quantity.shape[1]):
            load[c, 0, d] = base_load[c, d]
        for k in range(start[c + 1] - start[c]):
            stop = stops[start[c] + k]
            seq[c, k + 1] = tasks[stop]
            seq[c, k + 1].latest += couriers[c].end
            route_of[stop if stop < n else stop - n] = c
        length[c] = start[c + 1] - start[c]
        refresh_row(
            couriers,
            orders,
            quantity,
            table,
            city.round_up_s,
            city.disruption,
            city.shared_service,
            seq,
            load,
            length,
            cost,
            key,
            c,
        )
    _split_groups(city, routes)
    for c in range(couriers.shape[0]):
        if length[c] and _breach(
            couriers, orders, capacity, city.single_store, seq, load, length, c
        ):
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
    return _breach(
        city.couriers,
        city.orders,
        city.capacity,
        city.single_store,
        routes.seq,
        routes.load,
        routes.length,
        c,
    )


@njit(nogil=True, cache=True)
def _breach(
    couriers: Records,
    orders: Records,
    capacity: Ints,
    single_store: bool,
    seq: Records,
    load: Ints,
    length: Ints,
    c: int,
) -> int:
    courier = couriers[c]
    aboard = courier.carrying
    for k in range(1, length[c] + 1):
        task = seq[c, k]
        if task.store < 0:
            aboard -= 1
            continue
        order = orders[task.stop]
        if order.skills & ~courier.skills or (order.bound >= 0 and order.bound != c):
            return k
        if task.depart - task.service > task.latest:
            return k
        for d in range(capacity.shape[1]):
            if load[c, k, d] > capacity[c, d]:
                return k
        joins = aboard == 0 or seq[c, k - 1].store == task.store
        if single_store and not joins and k > courier.pinned:
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


def unplanned(city: City, routes: Routes) -> Ints:
    """Orders on no route: those with only one courier first, then by promise."""
    waiting = np.flatnonzero(routes.route_of == NOWHERE).astype(np.int32)
    due_s = city.tasks["due"][len(city.orders) + waiting]
    order: Ints = waiting[np.lexsort((due_s, city.orders["bound"][waiting] < 0))]
    return order


@njit(nogil=True, cache=True)
def is_full(routes: Routes, c: int) -> bool:
    """Whether the row of route c has no room for another order."""
    return bool(routes.length[c] + 3 > routes.seq.shape[1])
