"""A Problem laid out for kernels, and the timing and cost of one route.

A route is a row of TASK records, record 0 being where and when the courier is next free.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.kernels.borrowing import inlined
from solvers.problem import Floats, Ints, Singles

Records = NDArray[Any]

TOLERANCE_S = 1e-6
NOWHERE = -1  # in place of a courier, or of a position on a route
FORBIDDEN = 1e12  # in units of J: what a plan with such a route costs, so that nobody takes it

TASK = np.dtype(
    [
        ("stop", np.int32),  # as in Problem: o or N + o; -1 for the start of a route
        ("place", np.int32),
        ("store", np.int32),  # -1 unless it is a pickup
        ("slope", np.float32),  # the least that a second of delay here costs; set by refresh
        ("x", np.float32),  # as in Problem.xy_s; a record of 128 bytes is two cache lines
        ("y", np.float32),
        ("z", np.float32),  # 0.0 where places are on a plane
        ("u", np.float32),
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
    xy: Singles  # (P, 4)
    table: NDArray[np.float32]  # (P, P) or (0, 0)
    member_start: Ints  # (G + 1,) CSR of groups
    members: Ints
    round_up_s: float
    disruption: float  # cost of an order that moves to another courier (two stops)
    metric: bool  # another stop never makes the later ones earlier: bounds by distance are exact
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


# The functions below take single arrays and records: handing a whole City to a function costs a
# reference count for each array in it, fifty nanoseconds where the work itself takes three.


@inlined
def place_at(xyzu: Singles, place: int, task: Any) -> None:
    """Put a TASK record where this row of places is."""
    task.x, task.y, task.z, task.u = xyzu[place, 0], xyzu[place, 1], xyzu[place, 2], xyzu[place, 3]


@inlined
def leg_s(table: NDArray[np.float32], round_up_s: float, a: Any, b: Any) -> float:
    """Travel time between two TASK records at speed 1, in seconds."""
    if table.shape[0] > 0:
        seconds = float(table[a.place, b.place])
    else:
        dx = np.float64(b.x - a.x)
        dy = np.float64(b.y - a.y)
        dz = np.float64(b.z - a.z)
        du = np.float64(b.u - a.u)
        seconds = np.sqrt((dx * dx + dy * dy) + (dz * dz + du * du))
        if round_up_s > 0.0:
            # The tolerance keeps 60.000000001 s from becoming two minutes.
            seconds = np.ceil(seconds / round_up_s - 1e-9) * round_up_s
    return seconds


@inlined
def shares_service(rule: bool, before: Any, task: Any) -> bool:
    """Whether a pickup is handed over together with the one before it."""
    return rule and task.store >= 0 and before.store == task.store


@inlined
def begin_service(task: Any, arrive_s: float, shared: bool) -> float:
    """When service begins. A shared one may count as begun before arrival: see Rules."""
    begin = arrive_s - task.service if shared else arrive_s
    return max(begin, task.ready)


@inlined
def toll_of(task: Any, arrive_s: float) -> float:
    """Cost of lateness and freshness of arriving at that time; 0 for a pickup."""
    toll = 0.0
    if task.store < 0:
        late_s = max(0.0, arrive_s - task.due)
        toll = task.late * late_s + task.fresh * (arrive_s - task.origin)
    return toll


@inlined
def moved(orders: Records, o: int, c: int) -> bool:
    """Whether courier c is another than the one published for order o."""
    home = orders[o].home
    return home >= 0 and home != c


@inlined
def refresh(city: City, routes: Routes, c: int) -> None:
    """Recompute times, loads, cost and key of one route from its stops."""
    refresh_row(
        city.couriers,
        city.orders,
        city.quantity,
        city.table,
        city.round_up_s,
        city.disruption,
        city.shared_service,
        routes.seq,
        routes.load,
        routes.length,
        routes.cost,
        routes.key,
        c,
    )


@inlined
def refresh_row(
    couriers: Records,
    orders: Records,
    quantity: Ints,
    table: NDArray[np.float32],
    round_up_s: float,
    disruption: float,
    rule: bool,
    rows: Records,
    load: Ints,
    length: Ints,
    costs: Floats,
    keys: NDArray[np.uint64],
    c: int,
) -> None:
    """`refresh` for loops over all routes."""
    seq, courier, n = rows[c], couriers[c], length[c]
    cost = 0.0
    key = np.uint64(c + 1) * np.uint64(0x9E3779B97F4A7C15)
    for k in range(1, n + 1):
        before = seq[k - 1]
        task = seq[k]
        ride = leg_s(table, round_up_s, before, task) * courier.pace
        arrive = before.depart + ride
        begin = begin_service(task, arrive, shares_service(rule, before, task))
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
        sign, o = (1, stop) if task.store >= 0 else (-1, stop - orders.shape[0])
        if sign < 0 and moved(orders, o, c):
            cost += disruption
        for d in range(quantity.shape[1]):
            load[c, k, d] = load[c, k - 1, d] + sign * quantity[o, d]
        key = (key ^ np.uint64(stop + 1)) * np.uint64(0xBF58476D1CE4E5B9)
        key ^= key >> np.uint64(29)
    if n > 0:
        cost += courier.per_work_s * seq[n].depart
    costs[c] = cost
    keys[c] = key
    _look_back(rule, courier.per_work_s, seq, n)


@inlined
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


@inlined
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
