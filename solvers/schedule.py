"""A Problem laid out for kernels, and the timing and cost of one route.

A route is a row of TASK records, record 0 being where and when the courier is next free.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.problem import Flags, Floats, Ints, Problem

Records = NDArray[Any]

TOLERANCE_S = 1e-6
FORBIDDEN = 1e12  # in units of J: what a plan with such a route costs, so that nobody takes it

TASK = np.dtype(
    [
        ("stop", np.int32),  # as in Problem: o or N + o; -1 for the start of a route
        ("place", np.int32),
        ("store", np.int32),  # -1 unless it is a pickup
        ("slope", np.float32),  # the least that a second of delay here costs; set by refresh
        ("x", np.float64),
        ("y", np.float64),
        ("ready", np.float64),  # service does not begin before; -inf for a drop-off
        ("service", np.float64),
        (
            "latest",
            np.float64,
        ),  # service may not begin after; inf or 0, plus the shift's end on a route
        ("due", np.float64),  # inf for a pickup
        ("late", np.float64),  # cost of a second past due
        ("fresh", np.float64),  # cost of a second past origin
        ("origin", np.float64),  # when the order was ready
        ("ride", np.float64),  # seconds from the record before; set by refresh, as all below
        ("arrive", np.float64),
        ("depart", np.float64),
        ("toll", np.float64),  # lateness and freshness cost of this drop-off
        ("calm", np.float64),  # arriving between `arrive` and then changes no toll hereafter
    ],
    align=True,
)

COURIER = np.dtype(
    [
        ("place", np.int32),
        ("pinned", np.int32),
        ("carrying", np.int32),  # orders on board
        ("free", np.float64),
        ("end", np.float64),  # inf where the rule does not ask
        ("pace", np.float64),  # 1 / speed
        ("per_ride_s", np.float64),  # cost of a second of riding
        ("per_work_s", np.float64),  # cost of a second between now and the end of the route
        ("skills", np.int64),
    ],
    align=True,
)

ORDER = np.dtype(
    [
        ("group", np.int32),
        ("home", np.int32),  # courier of the running plan, or -1
        ("bound", np.int32),  # the only courier who may serve it, or -1
        ("committed", np.bool_),  # must stay with that courier
        ("anchored", np.bool_),  # on board, or its pickup pinned: only the drop-off moves
        ("frozen", np.bool_),  # its drop-off is pinned
        ("skills", np.int64),
        ("unserved", np.float64),  # cost of leaving it out
    ],
    align=True,
)


class City(NamedTuple):
    """What does not change during a search."""

    couriers: Records  # COURIER (C,)
    orders: Records  # ORDER (N,)
    tasks: Records  # TASK (2N,), by stop
    quantity: Ints  # (N, D)
    capacity: Ints  # (C, D)
    base_load: Ints  # (C, D) what is on board now
    xy: Floats  # (P, 2)
    table: NDArray[np.float32]  # (P, P) or (0, 0)
    member_start: Ints  # (G + 1,) CSR of groups
    members: Ints
    round_up_s: float
    disruption: float  # cost of an order that moves to another courier (two stops)
    metric: bool  # a detour never shortens a ride: bounds by distance are exact
    single_store: bool
    shared_service: bool


class Routes(NamedTuple):
    """The plan a search works on. Row c of `seq` is in use up to index `length[c]`."""

    seq: Records  # TASK (C, L + 1)
    load: Ints  # (C, L + 1, D) on board after so many stops
    length: Ints  # (C,) stops
    cost: Floats  # (C,)
    key: NDArray[np.uint64]  # (C,) a hash of courier and stops: equal key, equal route
    route_of: Ints  # (N,) courier, or -1
    rides: Floats  # (5, L + 1) scratch of best_place


def effective_ready_s(problem: Problem) -> Floats:
    """Ready times the plan counts on: the median, or later towards the p90. (N,) seconds."""
    caution = problem.weights.ready_caution
    if caution == 0.0:
        return problem.ready_s
    return problem.ready_s + caution * (problem.ready_p90_s - problem.ready_s)


def unserved_costs(problem: Problem) -> Floats:
    """Cost of leaving each order out. (N,)"""
    usual = problem.weights.unserved * problem.priority
    return np.where(np.isnan(problem.unserved_cost), usual, problem.unserved_cost)


def city_of(problem: Problem) -> City:
    """Lay a checked problem out for the kernels."""
    group, member_start, members = _groups(problem.group)
    home, committed, anchored, frozen = published(problem)
    orders = np.zeros(problem.orders, ORDER)
    orders["group"] = group
    orders["bound"] = np.where(problem.on_board >= 0, problem.on_board, problem.bound_to)
    orders["bound"] = np.where(committed, home, orders["bound"])
    orders["committed"] = committed
    orders["home"] = home
    orders["anchored"], orders["frozen"] = anchored, frozen
    orders["skills"] = problem.skills
    orders["unserved"] = unserved_costs(problem)
    base_load = np.zeros(problem.courier_capacity.shape, np.int32)
    on_board = np.flatnonzero(problem.on_board >= 0)
    np.add.at(base_load, problem.on_board[on_board], problem.quantity[on_board])
    return City(
        _couriers(problem),
        orders,
        _tasks(problem, committed),
        np.ascontiguousarray(problem.quantity, np.int32),
        np.ascontiguousarray(problem.courier_capacity, np.int32),
        base_load,
        np.ascontiguousarray(problem.xy_s, np.float64),
        np.ascontiguousarray(problem.table_s, np.float32),
        member_start,
        members,
        float(problem.round_up_s),
        2.0 * problem.weights.disruption_per_stop,
        problem.table_s.shape[0] == 0,
        problem.rules.single_store_trips,
        problem.rules.shared_pickup_service,
    )


def published(problem: Problem) -> tuple[Ints, Flags, Flags, Flags]:
    """From the running plan, per order: courier (-1: none), committed, anchored, frozen."""
    n = problem.orders
    per_route = np.diff(problem.route_start)
    courier_of_stop = np.repeat(np.arange(problem.couriers, dtype=np.int32), per_route)
    home = np.full(n, -1, np.int32)
    home[problem.route_stops % max(n, 1)] = courier_of_stop
    index = np.arange(len(problem.route_stops)) - np.repeat(problem.route_start[:-1], per_route)
    pinned = problem.route_stops[index < problem.pinned[courier_of_stop]]
    anchored = problem.on_board >= 0
    anchored[pinned % max(n, 1)] = True
    frozen = np.zeros(n, np.bool_)
    frozen[pinned[pinned >= n] - n] = True
    committed = anchored | ((problem.bound_to >= 0) & (problem.bound_to == home))
    return home, committed, anchored, frozen


def _couriers(problem: Problem) -> Records:
    w = problem.weights
    couriers = np.zeros(problem.couriers, COURIER)
    couriers["place"] = problem.courier_place
    couriers["pinned"] = problem.pinned
    couriers["free"] = np.maximum(problem.courier_free_s, 0.0)
    couriers["end"] = problem.courier_end_s if problem.rules.pickup_before_shift_end else np.inf
    couriers["pace"] = 1.0 / problem.courier_speed
    couriers["per_ride_s"] = w.travel_per_s + w.co2e_per_g * problem.courier_co2e
    couriers["per_work_s"] = w.courier_time_per_s * problem.courier_cost
    couriers["skills"] = problem.courier_skills
    carriers = problem.on_board[problem.on_board >= 0]
    couriers["carrying"] = np.bincount(carriers, minlength=problem.couriers)
    return couriers


def _tasks(problem: Problem, committed: Flags) -> Records:
    n, w = problem.orders, problem.weights
    tasks = np.zeros(2 * n, TASK)
    pickup, dropoff = tasks[:n], tasks[n:]
    tasks["stop"] = np.arange(2 * n)
    pickup["place"], dropoff["place"] = problem.pickup_place, problem.dropoff_place
    pickup["store"], dropoff["store"] = problem.store, -1
    if len(problem.xy_s):
        tasks["x"], tasks["y"] = problem.xy_s[tasks["place"], 0], problem.xy_s[tasks["place"], 1]
    pickup["ready"], dropoff["ready"] = effective_ready_s(problem), -np.inf
    pickup["service"], dropoff["service"] = problem.pickup_service_s, problem.dropoff_service_s
    dropoff["latest"] = np.inf
    pickup["latest"] = np.where(committed, np.inf, 0.0)
    pickup["due"], dropoff["due"] = np.inf, problem.due_s
    dropoff["late"] = w.lateness_per_s * problem.priority
    dropoff["fresh"] = w.freshness_per_s
    dropoff["origin"] = problem.ready_s
    return tasks


def _groups(group: Ints) -> tuple[Ints, Ints, Ints]:
    """Groups renumbered 0..G-1 (-1 stays), and their members in CSR."""
    numbers = np.unique(group[group >= 0])
    renumbered: Ints = np.where(group >= 0, np.searchsorted(numbers, group), -1).astype(np.int32)
    grouped = np.flatnonzero(group >= 0)
    members: Ints = grouped[np.argsort(renumbered[grouped], kind="stable")].astype(np.int32)
    start: Ints = np.zeros(len(numbers) + 1, np.int32)
    np.cumsum(np.bincount(renumbered[members], minlength=len(numbers)), out=start[1:])
    return renumbered, start, members


# The functions below take single arrays and records: handing a whole City to a function costs a
# reference count for each array in it, fifty nanoseconds where the work itself takes three.


@njit(nogil=True, cache=True)
def leg_s(table: NDArray[np.float32], round_up_s: float, a: Any, b: Any) -> float:
    """Travel time between two TASK records at speed 1, in seconds."""
    if table.shape[0] > 0:
        seconds = float(table[a.place, b.place])
    else:
        dx = b.x - a.x
        dy = b.y - a.y
        seconds = np.sqrt(dx * dx + dy * dy)
        if round_up_s > 0.0:
            # The tolerance keeps 60.000000001 s from becoming two minutes.
            seconds = np.ceil(seconds / round_up_s - 1e-9) * round_up_s
    return seconds


@njit(nogil=True, cache=True)
def shares_service(rule: bool, before: Any, task: Any) -> bool:
    """Whether a pickup is handed over together with the one before it."""
    return rule and task.store >= 0 and before.store == task.store


@njit(nogil=True, cache=True)
def begin_service(task: Any, arrive_s: float, shared: bool) -> float:
    """When service begins. A shared one may count as begun before arrival: see Rules."""
    begin = arrive_s - task.service if shared else arrive_s
    return max(begin, task.ready)


@njit(nogil=True, cache=True)
def toll_of(task: Any, arrive_s: float) -> float:
    """Cost of lateness and freshness of arriving at that time; 0 for a pickup."""
    toll = 0.0
    if task.store < 0:
        late_s = max(0.0, arrive_s - task.due)
        toll = task.late * late_s + task.fresh * (arrive_s - task.origin)
    return toll


@njit(nogil=True, cache=True)
def moved(orders: Records, o: int, c: int) -> bool:
    """Whether courier c is another than the one published for order o."""
    home = orders[o].home
    return home >= 0 and home != c


@njit(nogil=True, cache=True)
def refresh(city: City, routes: Routes, c: int) -> None:
    """Recompute times, loads, cost and key of one route from its stops."""
    seq = routes.seq[c]
    courier = city.couriers[c]
    n = routes.length[c]
    cost = 0.0
    key = np.uint64(c + 1) * np.uint64(0x9E3779B97F4A7C15)
    for k in range(1, n + 1):
        before = seq[k - 1]
        task = seq[k]
        ride = leg_s(city.table, city.round_up_s, before, task) * courier.pace
        arrive = before.depart + ride
        begin = begin_service(task, arrive, shares_service(city.shared_service, before, task))
        toll = toll_of(task, arrive)
        task.ride = ride
        task.arrive = arrive
        task.depart = begin + task.service
        task.toll = toll
        cost += ride * courier.per_ride_s + toll
        if begin > task.latest + TOLERANCE_S:
            # Only where a detour can be the shorter way: a stop was taken off, and all came later.
            cost += FORBIDDEN
        stop = task.stop
        sign, o = (1, stop) if task.store >= 0 else (-1, stop - city.orders.shape[0])
        if sign < 0 and moved(city.orders, o, c):
            cost += city.disruption
        for d in range(city.quantity.shape[1]):
            routes.load[c, k, d] = routes.load[c, k - 1, d] + sign * city.quantity[o, d]
        key = (key ^ np.uint64(stop + 1)) * np.uint64(0xBF58476D1CE4E5B9)
        key ^= key >> np.uint64(29)
    if n > 0:
        cost += courier.per_work_s * seq[n].depart
    routes.cost[c] = cost
    routes.key[c] = key
    _look_back(city.shared_service, courier.per_work_s, seq, n)


@njit(nogil=True, cache=True)
def _look_back(rule: bool, per_work_s: float, seq: Records, n: int) -> None:
    """What a delay at each stop would do to those after it: `calm` and `slope`."""
    calm = seq[n].depart if per_work_s > 0.0 else np.inf
    slope = per_work_s
    for k in range(n, 0, -1):
        task = seq[k]
        shared = shares_service(rule, seq[k - 1], task)
        calm = calm_arrival(task, calm, shared)
        if task.store >= 0:
            if task.arrive - (task.service if shared else 0.0) < task.ready:
                slope = 0.0
        else:
            slope += task.fresh
            if task.arrive >= task.due:
                slope += task.late
        task.calm = calm
        task.slope = slope * (1.0 - 1e-6)  # stays a lower bound in single precision
        calm -= task.ride


@njit(nogil=True, cache=True)
def calm_arrival(task: Any, depart_s: float, shared: bool) -> float:
    """The latest arrival that leaves by `depart_s` and changes nothing at this stop either."""
    begin = min(depart_s - task.service, task.latest)
    if begin < task.ready:
        return float(task.arrive)
    calm = begin + task.service if shared else begin
    if task.store < 0:
        calm = min(calm, task.arrive if task.fresh > 0.0 else max(task.arrive, task.due))
        if task.arrive > task.due and task.late > 0.0:
            calm = task.arrive
    return float(calm)
