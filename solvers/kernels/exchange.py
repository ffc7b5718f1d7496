"""Exchange of tails: two couriers swap what they do after a moment at which both carry nothing.

The 2-opt* move of Potvin & Rousseau (1995) for pickup and delivery. With empty heads it swaps
whole routes, with an empty tail it hands one over: what ruin and recreate hardly ever finds.
"""

import numpy as np
from numpy.typing import NDArray

from solvers.kernels.borrowing import inlined
from solvers.kernels.neighbors import Neighbors, courier_row, order_row
from solvers.kernels.randomness import RandomState, below
from solvers.kernels.ruin import Undo, remember
from solvers.kernels.schedule import (
    NOWHERE,
    City,
    Records,
    Routes,
    begin_service,
    leg_s,
    moved,
    refresh,
    shares_service,
    toll_of,
)
from solvers.problem import Floats, Ints


@inlined
def exchange_tails(
    city: City,
    routes: Routes,
    neighbors: Neighbors,
    undo: Undo,
    random: RandomState,
    room: float,
    cuts: Ints,
    heads: Floats,
) -> float:
    """Make the best exchange between the routes of two couriers near a random order.

    What it changes J by; inf, and nothing changed, if there is none for less than `room`.
    `cuts` and `heads` are scratch of (2, L + 1).
    """
    o = below(random, city.orders.shape[0])
    a = routes.route_of[o]
    if a == NOWHERE:
        return np.inf
    couriers = courier_row(city, neighbors, routes.seq, o)
    related = order_row(city, neighbors, o)
    pick = below(random, couriers.shape[0] + related.shape[0])
    if pick < couriers.shape[0]:
        b = couriers[pick]
    else:
        other = related[pick - couriers.shape[0]]
        b = routes.route_of[other] if other >= 0 else NOWHERE
    if b < 0 or b == a:
        return np.inf
    before = routes.cost[a] + routes.cost[b]
    ka, kb = _best_cuts(city, routes, a, b, before + room, cuts, heads)
    if ka == NOWHERE:
        return np.inf
    if not remember(routes, undo, a) or not remember(routes, undo, b):
        return np.inf
    _swap(city, routes, undo, a, ka, b, kb)
    return float(routes.cost[a] + routes.cost[b] - before)


@inlined
def _best_cuts(
    city: City, routes: Routes, a: int, b: int, limit: float, cuts: Ints, heads: Floats
) -> tuple[int, int]:
    """The cheapest pair of cuts: stops of a and of b that stay; (-1, -1) if there is none for
    less than `limit`, both routes together."""
    na, nb = routes.length[a], routes.length[b]
    count_a = _cuts(city, routes, a, b, cuts[0])
    count_b = _cuts(city, routes, b, a, cuts[1])
    _heads(city.couriers, city.orders, city.disruption, routes.seq, a, na, heads[0])
    _heads(city.couriers, city.orders, city.disruption, routes.seq, b, nb, heads[1])
    best, best_a, best_b = limit, NOWHERE, NOWHERE
    for x in range(count_a):
        for y in range(count_b):
            ka, kb = cuts[0, x], cuts[1, y]
            nothing = ka == na and kb == nb
            fits = max(ka + nb - kb, kb + na - ka) + 3 <= routes.seq.shape[1]
            other = heads[1, kb]
            if nothing or not fits or heads[0, ka] + other >= best:
                continue
            cost = _joined_cost(city, routes, a, ka, b, kb, heads[0, ka], best - other)
            if cost + other < best:
                cost += _joined_cost(city, routes, b, kb, a, ka, other, best - cost)
                if cost < best:
                    best, best_a, best_b = cost, ka, kb
    return best_a, best_b


@inlined
def _heads(
    couriers: Records,
    orders: Records,
    disruption: float,
    seq: Records,
    c: int,
    n: int,
    heads: Floats,
) -> None:
    """What the first k stops of route c cost, the courier's time apart."""
    cost, per_ride_s = 0.0, couriers[c].per_ride_s
    heads[0] = cost
    for k in range(1, n + 1):
        task = seq[c, k]
        cost += task.ride * per_ride_s + task.toll
        if task.store < 0 and moved(orders, task.stop - orders.shape[0], c):
            cost += disruption
        heads[k] = cost


@inlined
def _cuts(city: City, routes: Routes, c: int, taker: int, cuts: Ints) -> int:
    """Fill `cuts` with the stops after which courier c carries nothing and `taker` may go on.

    From the end backwards, until an order comes that may not change couriers.
    """
    n = routes.length[c]
    cuts[0] = n
    count, aboard = 1, 0
    skills = city.couriers[taker].skills
    for k in range(n, city.couriers[c].pinned, -1):
        stop = routes.seq[c, k].stop
        if routes.seq[c, k].store < 0:
            aboard += 1
            continue
        order = city.orders[stop]
        bound = order.bound >= 0 and order.bound != taker
        if bound or order.committed or order.group >= 0 or order.skills & ~skills:
            break
        aboard -= 1
        if aboard == 0:
            cuts[count] = k - 1
            count += 1
    return count


@inlined
def _joined_cost(
    city: City, routes: Routes, c: int, k: int, d: int, m: int, head: float, limit: float
) -> float:
    """Cost of the first k stops of route c, which is `head`, then route d without its first m.

    inf: illegal, or not below `limit`.
    """
    return _sum_costs(
        city.couriers,
        city.orders,
        city.capacity,
        city.table,
        city.round_up_s,
        city.disruption,
        city.shared_service,
        routes.seq,
        routes.load,
        routes.length,
        c,
        k,
        d,
        m,
        head,
        limit,
    )


@inlined
def _sum_costs(
    couriers: Records,
    orders: Records,
    capacity: Ints,
    table: NDArray[np.float32],
    round_up_s: float,
    disruption: float,
    rule: bool,
    seq: Records,
    load: Ints,
    length: Ints,
    c: int,
    k: int,
    d: int,
    m: int,
    cost: float,
    limit: float,
) -> float:
    courier, n = couriers[c], orders.shape[0]
    same_pace = courier.pace == couriers[d].pace
    before, depart = seq[c, k], seq[c, k].depart
    for z in range(m + 1, length[d] + 1):
        task = seq[d, z]
        if same_pace and z > m + 1:
            ride = task.ride
        else:
            ride = leg_s(table, round_up_s, before, task) * courier.pace
        arrive = depart + ride
        begin = begin_service(task, arrive, shares_service(rule, before, task))
        cost += ride * courier.per_ride_s + toll_of(task, arrive)
        if task.store < 0:
            if moved(orders, task.stop - n, c):
                cost += disruption
        elif begin > courier.end:
            return np.inf
        if cost >= limit:
            return np.inf
        for dimension in range(capacity.shape[1]):
            if load[d, z, dimension] > capacity[c, dimension]:
                return np.inf
        before, depart = task, begin + task.service
    if k + length[d] - m > 0:
        cost += courier.per_work_s * depart
    return cost


@inlined
def _swap(city: City, routes: Routes, undo: Undo, a: int, ka: int, b: int, kb: int) -> None:
    """Exchange the tails, as remembered in `undo`."""
    ta, tb = undo.slot[a], undo.slot[b]
    _append(city, routes, a, ka, undo.seq, tb, kb, undo.length[tb])
    _append(city, routes, b, kb, undo.seq, ta, ka, undo.length[ta])


@inlined
def _append(
    city: City, routes: Routes, c: int, k: int, source: Records, t: int, m: int, n: int
) -> None:
    """Let stops m.. of a remembered route follow the first k of route c."""
    for z in range(m + 1, n + 1):
        stop = source[t, z].stop
        at = k + z - m
        routes.seq[c, at] = city.tasks[stop]
        routes.seq[c, at].latest += city.couriers[c].end
        if source[t, z].store < 0:
            routes.route_of[stop - city.orders.shape[0]] = c
    routes.length[c] = k + n - m
    refresh(city, routes, c)
