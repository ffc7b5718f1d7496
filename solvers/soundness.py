"""Whether nothing is wrong with a problem, in one pass over its columns (kernels).

validation.py asks here first, and looks for the name of what is wrong only if something is.
"""

from typing import Any

import numpy as np
from numba import njit

from solvers.problem import Ints, Problem

INT32, INT64 = np.dtype(np.int32), np.dtype(np.int64)
FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
MOST, LEAST = float(np.finfo(np.float64).max), float(np.finfo(np.float64).smallest_subnormal)
INT64_MAX = int(np.iinfo(np.int64).max)
# The columns of a problem by type: what is not exactly so, the kernel is not compiled for.
COLUMNS = {
    "courier_place": INT32,
    "courier_free_s": FLOAT64,
    "courier_end_s": FLOAT64,
    "courier_capacity": INT32,
    "courier_skills": INT64,
    "courier_speed": FLOAT64,
    "courier_cost": FLOAT64,
    "courier_co2e": FLOAT64,
    "pickup_place": INT32,
    "dropoff_place": INT32,
    "store": INT32,
    "ready_s": FLOAT64,
    "ready_p90_s": FLOAT64,
    "due_s": FLOAT64,
    "pickup_service_s": FLOAT64,
    "dropoff_service_s": FLOAT64,
    "quantity": INT32,
    "priority": FLOAT64,
    "skills": INT64,
    "group": INT32,
    "unserved_cost": FLOAT64,
    "on_board": INT32,
    "bound_to": INT32,
    "route_stops": INT32,
    "route_start": INT32,
    "pinned": INT32,
    "xy_s": FLOAT32,
}


def is_sound(problem: Problem) -> bool:
    """False if something may be wrong in the columns; shapes, table and weights aside."""
    columns = [getattr(problem, name) for name in COLUMNS]
    kinds = zip(columns, COLUMNS.values(), strict=True)
    if not all(x.dtype == kind and x.flags.c_contiguous for x, kind in kinds):
        return False
    if not problem.orders or not problem.couriers:
        return False  # nothing to be fast about
    places = max(len(problem.table_s), len(problem.xy_s))
    return bool(_is_sound(tuple(columns), places, problem.rules.single_store_trips))


@njit(nogil=True, cache=True, forceinline=True)
def _outside(column: Any, least: float, most: float) -> int:
    """How many are not within; whatever is no number is not. Without a branch: many at a time."""
    count = 0
    for x in column:
        count += not least <= x <= most
    return count


@njit(nogil=True, cache=True)
def _is_sound(columns: Any, places: int, single_store: bool) -> bool:
    place, free, end, capacity, courier_skills, speed, cost, co2e = columns[:8]
    pickup, dropoff, store, ready, ready_p90, due = columns[8:14]
    service, service_2, quantity, priority, skills, group, unserved = columns[14:21]
    on_board, bound_to, stops, start, pinned, xy = columns[21:]
    couriers, orders = place.shape[0], pickup.shape[0]
    faults = _outside(place, 0, places - 1) + _outside(courier_skills, 0, INT64_MAX)
    faults += _outside(free, -MOST, MOST) + _outside(end, -MOST, np.inf)
    faults += _outside(speed, LEAST, MOST) + _outside(cost, 0.0, MOST) + _outside(co2e, 0.0, MOST)
    faults += _outside(capacity.ravel(), 0, INT64_MAX) + _outside(quantity.ravel(), 0, INT64_MAX)
    faults += _outside(pickup, 0, places - 1) + _outside(dropoff, 0, places - 1)
    faults += _outside(store, 0, INT64_MAX) + _outside(skills, 0, INT64_MAX)
    faults += _outside(ready, -MOST, MOST) + _outside(ready_p90, -MOST, MOST)
    faults += _outside(due, -MOST, MOST) + _outside(priority, 0.0, MOST)
    faults += _outside(service, 0.0, MOST) + _outside(service_2, 0.0, MOST)
    faults += _outside(on_board, -1, couriers - 1) + _outside(bound_to, -1, couriers - 1)
    faults += _outside(xy.ravel(), -MOST, MOST)
    for o in range(orders):
        faults += ready_p90[o] < ready[o]
        faults += unserved[o] < 0.0 or unserved[o] == np.inf  # NaN is usual
        faults += group[o] >= 0  # which belong together is for the slow way
        faults += on_board[o] >= 0 and bound_to[o] >= 0 and on_board[o] != bound_to[o]
    if faults:
        return False
    keeper = np.where(on_board >= 0, on_board, bound_to)
    if not _is_plan(start, stops, pinned, on_board, keeper):
        return False
    breach, _, _ = first_breach(
        start,
        stops,
        pinned,
        keeper,
        on_board,
        skills,
        courier_skills,
        quantity,
        capacity,
        store,
        single_store,
    )
    return bool(breach < 0)


@njit(nogil=True, cache=True)
def _is_plan(start: Ints, stops: Ints, pinned: Ints, on_board: Ints, keeper: Ints) -> bool:
    """Whether the running plan is one; `keeper` becomes whom each order is tied to."""
    couriers, orders = pinned.shape[0], on_board.shape[0]
    if start.shape[0] != couriers + 1 or start[0] != 0 or start[couriers] != stops.shape[0]:
        return False
    for c in range(couriers):
        if not 0 <= pinned[c] <= start[c + 1] - start[c]:
            return False
    picked, dropped = np.full(orders, -1, np.int32), np.full(orders, -1, np.int32)
    for c in range(couriers):
        for k in range(start[c], start[c + 1]):
            if not 0 <= stops[k] < 2 * orders:
                return False
            o = stops[k] if stops[k] < orders else stops[k] - orders
            if stops[k] < orders:
                if picked[o] >= 0 or dropped[o] >= 0 or on_board[o] >= 0:
                    return False
                picked[o] = c
            else:
                if dropped[o] >= 0:
                    return False
                dropped[o] = c
            if k - start[c] < pinned[c]:
                if keeper[o] >= 0 and keeper[o] != c:
                    return False
                keeper[o] = c
    for o in range(orders):
        if dropped[o] != (on_board[o] if on_board[o] >= 0 else picked[o]):
            return False
    return True


@njit(nogil=True, cache=True)
def first_breach(
    start: Any,
    stops: Any,
    pinned: Any,
    keeper: Any,
    on_board: Any,
    skills: Any,
    courier_skills: Any,
    quantity: Any,
    capacity: Any,
    store: Any,
    single_store: bool,
) -> tuple[int, int, int]:
    """Where what may not move breaks a rule by itself; orders tied elsewhere aside.

    (0 skills | 1 capacity | 2 trips | -1 none, courier, order).
    """
    n, dimensions = quantity.shape
    load = np.zeros(dimensions, np.int64)
    for c in range(pinned.shape[0]):
        load[:] = 0
        aboard, last_store = 0, -1
        for k in range(start[c], start[c + 1]):
            o = stops[k] if stops[k] < n else stops[k] - n
            if on_board[o] == c:
                aboard += 1
                if skills[o] & ~courier_skills[c]:
                    return 0, c, o
                if _adds(load, quantity, o, 1, capacity, c):
                    return 1, c, o
        for k in range(start[c], start[c + 1]):
            o = stops[k] if stops[k] < n else stops[k] - n
            if keeper[o] != c:
                continue
            if stops[k] >= n:
                _adds(load, quantity, o, -1, capacity, c)
                aboard -= 1
                last_store = -1
                continue
            if skills[o] & ~courier_skills[c]:
                return 0, c, o
            if _adds(load, quantity, o, 1, capacity, c):
                return 1, c, o
            unpinned = k - start[c] >= pinned[c]
            if single_store and unpinned and aboard > 0 and last_store != store[o]:
                return 2, c, o
            aboard += 1
            last_store = store[o] if single_store else -1
    return -1, -1, -1


@njit(nogil=True, cache=True, forceinline=True)
def _adds(load: Any, quantity: Any, o: int, sign: int, capacity: Any, c: int) -> bool:
    """Count an order in or out; whether it is too much then."""
    too_much = False
    for d in range(load.shape[0]):
        load[d] += sign * quantity[o, d]
        too_much = too_much or load[d] > capacity[c, d]
    return too_much
