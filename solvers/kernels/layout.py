"""A Problem laid out for the kernels: columns become records."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.kernels.schedule import COURIER, ORDER, TASK, City, Records, place_at
from solvers.problem import Floats, Ints, Problem, Singles


def city_of(problem: Problem) -> City:
    """Of a checked problem."""
    n, p, w = problem.orders, problem, problem.weights
    group, member_start, members = _groups(p.group)
    tasks, couriers, orders = (
        np.zeros(2 * n, TASK),
        np.zeros(p.couriers, COURIER),
        np.zeros(n, ORDER),
    )
    on_board, pinned = _ints(p.on_board), _ints(p.pinned)
    quantity = _ints(p.quantity)
    base_load = np.zeros(p.courier_capacity.shape, np.int32)
    xyzu = np.zeros((len(p.xy_s), 4), np.float32)
    xyzu[:, : p.xy_s.shape[1]] = p.xy_s
    _lay_out_orders(
        _ints(p.route_start),
        _ints(p.route_stops),
        pinned,
        on_board,
        _ints(p.bound_to),
        group,
        np.ascontiguousarray(p.skills, np.int64),
        unserved_costs(p),
        orders,
    )
    _lay_out_couriers(
        _ints(p.courier_place),
        pinned,
        _floats(p.courier_free_s),
        _floats(p.courier_end_s),
        _floats(p.courier_speed),
        _floats(p.courier_cost),
        _floats(p.courier_co2e),
        np.ascontiguousarray(p.courier_skills, np.int64),
        on_board,
        quantity,
        p.rules.pickup_before_shift_end,
        (w.travel_per_s, w.co2e_per_g, w.courier_time_per_s),
        couriers,
        base_load,
    )
    _lay_out_tasks(
        _ints(p.pickup_place),
        _ints(p.dropoff_place),
        _ints(p.store),
        xyzu,
        _floats(effective_ready_s(p)),
        _floats(p.pickup_service_s),
        _floats(p.dropoff_service_s),
        _floats(p.due_s),
        _floats(p.ready_s),
        _floats(p.priority),
        (w.lateness_per_s, w.freshness_per_s),
        orders,
        tasks,
    )
    return City(
        couriers,
        orders,
        tasks,
        quantity,
        _ints(p.courier_capacity),
        base_load,
        xyzu,
        np.ascontiguousarray(p.table_s, np.float32),
        member_start,
        members,
        float(p.round_up_s),
        2.0 * w.disruption_per_stop,
        _is_metric(p),
        p.rules.single_store_trips,
        p.rules.shared_pickup_service,
    )


def _is_metric(p: Problem) -> bool:
    """Whether another stop never makes the later ones earlier. A table may know a shorter way
    round, and so may a pickup that is handed over together with the slower one after it."""
    services = p.pickup_service_s
    shortens = p.rules.shared_pickup_service and len(services) and np.ptp(services) > 0
    return p.table_s.shape[0] == 0 and not bool(shortens)


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


def _ints(column: Ints) -> Ints:
    return np.ascontiguousarray(column, np.int32)


def _floats(column: Floats) -> Floats:
    return np.ascontiguousarray(column, np.float64)


def _groups(group: Ints) -> tuple[Ints, Ints, Ints]:
    """Groups renumbered 0..G-1 (-1 stays), and their members in CSR."""
    if not len(group) or group.max() < 0:
        return np.full(len(group), -1, np.int32), np.zeros(1, np.int32), np.zeros(0, np.int32)
    numbers = np.unique(group[group >= 0])
    renumbered: Ints = np.where(group >= 0, np.searchsorted(numbers, group), -1).astype(np.int32)
    grouped = np.flatnonzero(group >= 0)
    members: Ints = grouped[np.argsort(renumbered[grouped], kind="stable")].astype(np.int32)
    start: Ints = np.zeros(len(numbers) + 1, np.int32)
    np.cumsum(np.bincount(renumbered[members], minlength=len(numbers)), out=start[1:])
    return renumbered, start, members


@njit(nogil=True, cache=True)
def _lay_out_orders(
    start: Ints,
    stops: Ints,
    pinned: Ints,
    on_board: Ints,
    bound_to: Ints,
    group: Ints,
    skills: NDArray[np.int64],
    unserved: Floats,
    orders: Records,
) -> None:
    n = orders.shape[0]
    for o in range(n):
        order = orders[o]
        order.group = group[o]
        order.home = -1
        order.anchored = on_board[o] >= 0
        order.frozen = False
        order.skills = skills[o]
        order.unserved = unserved[o]
    for c in range(pinned.shape[0]):
        for k in range(start[c], start[c + 1]):
            order = orders[stops[k] if stops[k] < n else stops[k] - n]
            order.home = c
            if k - start[c] < pinned[c]:
                order.anchored = True
                order.frozen = order.frozen or stops[k] >= n
    for o in range(n):
        order = orders[o]
        order.committed = order.anchored or (bound_to[o] >= 0 and bound_to[o] == order.home)
        order.bound = on_board[o] if on_board[o] >= 0 else bound_to[o]
        if order.committed:
            order.bound = order.home


@njit(nogil=True, cache=True)
def _lay_out_couriers(
    place: Ints,
    pinned: Ints,
    free_s: Floats,
    end_s: Floats,
    speed: Floats,
    cost: Floats,
    co2e: Floats,
    skills: NDArray[np.int64],
    on_board: Ints,
    quantity: Ints,
    is_held: bool,
    prices: tuple[float, float, float],
    couriers: Records,
    base_load: Ints,
) -> None:
    """`is_held`: to the end of the shift. Prices of a second's ride, a gram, a second's work."""
    ride, gram, work = prices
    for c in range(couriers.shape[0]):
        courier = couriers[c]
        courier.place = place[c]
        courier.pinned = pinned[c]
        courier.free = max(free_s[c], 0.0)
        courier.end = end_s[c] if is_held else np.inf
        courier.pace = 1.0 / speed[c]
        courier.per_ride_s = ride + gram * co2e[c]
        courier.per_work_s = work * cost[c]
        courier.skills = skills[c]
    for o in range(on_board.shape[0]):
        if on_board[o] >= 0:
            couriers[on_board[o]].carrying += 1
            for d in range(quantity.shape[1]):
                base_load[on_board[o], d] += quantity[o, d]


@njit(nogil=True, cache=True)
def _lay_out_tasks(
    pickup_place: Ints,
    dropoff_place: Ints,
    store: Ints,
    xyzu: Singles,
    ready_s: Floats,
    pickup_service_s: Floats,
    dropoff_service_s: Floats,
    due_s: Floats,
    origin_s: Floats,
    priority: Floats,
    prices: tuple[float, float],
    orders: Records,
    tasks: Records,
) -> None:
    """Prices of a second of lateness and of one between ready and the door."""
    n = orders.shape[0]
    for o in range(n):
        pickup, dropoff = tasks[o], tasks[n + o]
        pickup.stop, dropoff.stop = o, n + o
        pickup.place, dropoff.place = pickup_place[o], dropoff_place[o]
        pickup.store, dropoff.store = store[o], -1
        if xyzu.shape[0] > 0:
            place_at(xyzu, pickup_place[o], pickup)
            place_at(xyzu, dropoff_place[o], dropoff)
        pickup.ready, dropoff.ready = ready_s[o], -np.inf
        pickup.service, dropoff.service = pickup_service_s[o], dropoff_service_s[o]
        pickup.latest, dropoff.latest = np.inf if orders[o].committed else 0.0, np.inf
        pickup.due, dropoff.due = np.inf, due_s[o]
        dropoff.late = prices[0] * priority[o]
        dropoff.fresh = prices[1]
        dropoff.origin = origin_s[o]
