"""When couriers should leave for each pickup, and hence what they must be told now (kernels)."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.problem import Flags, Floats, Ints, Plan, Problem, Singles


def news(
    problem: Problem, plan: Plan, untold: Flags, silent: Flags, ahead_s: float
) -> tuple[Flags, Flags]:
    """Which routes of a plan are news for their couriers, and which orders are due to be offered.

    (C,) routes that differ from the running plan or have an order on them that is due, and (N,)
    orders that are. Due is an `untold` order if its courier should leave for its pickup within
    `ahead_s` seconds; `silent` couriers (C,) are told nothing.

    Nobody is told before that: until then a better idea costs nothing. Leaving as late as
    waiting at the store allows; orders of one visit to a store are offered together.
    """
    due = np.zeros(problem.orders, np.bool_)
    differs = _news(
        problem.route_start,
        problem.route_stops,
        plan.route_start,
        plan.route_stops,
        problem.courier_place,
        problem.courier_free_s,
        problem.courier_speed,
        np.concatenate((problem.pickup_place, problem.dropoff_place)),
        np.concatenate((problem.pickup_service_s, problem.dropoff_service_s)),
        problem.ready_s,
        problem.store,
        problem.xy_s,
        problem.table_s,
        problem.round_up_s,
        untold,
        silent,
        ahead_s,
        due,
    )
    return differs, due


@njit(nogil=True, cache=True)
def _news(
    old_start: Ints,
    old_stops: Ints,
    start: Ints,
    stops: Ints,
    courier_place: Ints,
    courier_free_s: Floats,
    courier_speed: Floats,
    place: Ints,
    service_s: Floats,
    ready_s: Floats,
    store: Ints,
    xy_s: Singles,
    table_s: NDArray[np.float32],
    round_up_s: float,
    untold: Flags,
    silent: Flags,
    ahead_s: float,
    due: Flags,
) -> Flags:
    couriers, orders = silent.shape[0], untold.shape[0]
    differs = np.zeros(couriers, np.bool_)
    for c in range(couriers):
        begin, end, before = start[c], start[c + 1], old_start[c]
        is_new = end - begin != old_start[c + 1] - before
        waits = False
        for k in range(begin, end):
            is_new = is_new or stops[k] != old_stops[before + k - begin]
            waits = waits or (stops[k] < orders and untold[stops[k]])
        if waits and not silent[c]:
            here, clock, visiting = courier_place[c], courier_free_s[c], -1
            for k in range(begin, end):
                stop = stops[k]
                there = place[stop]
                ride_s = _leg_s(xy_s, table_s, round_up_s, here, there) / courier_speed[c]
                arrive = served = clock + ride_s
                if stop < orders:
                    served = max(arrive, ready_s[stop])
                    if clock + served - arrive <= ahead_s or store[stop] == visiting:
                        visiting = store[stop]  # of the last pickup that was due
                        if untold[stop]:
                            due[stop] = is_new = True
                    elif untold[stop]:
                        break  # whatever comes later comes later still
                clock, here = served + service_s[stop], there
        differs[c] = is_new
    return differs


@njit(nogil=True, cache=True)
def _leg_s(xy_s: Singles, table_s: Singles, round_up_s: float, i: int, j: int) -> float:
    """Seconds of travel from place i to place j at unit speed."""
    if table_s.shape[0] > 0:
        return float(table_s[i, j])
    square = 0.0
    for k in range(xy_s.shape[1]):
        apart = np.float64(xy_s[j, k]) - np.float64(xy_s[i, k])
        square += apart * apart
    seconds = np.sqrt(square)
    if round_up_s > 0.0:
        seconds = np.ceil(seconds / round_up_s - 1e-9) * round_up_s
    return float(seconds)
