"""Timing and cost of one courier's trips. Numba kernels; a route is a row of coded stops.

A stop is `order << 1 | first`, where `first` says that the order begins a new trip; the orders of
a trip are of one store and are dropped off in the order of the row.
"""

import numpy as np
from numba import njit

from solvers.meals.day import Day, Floats, Ints, Rates

INFEASIBLE = 1e12


@njit(nogil=True, cache=True)
def leg_s(rates: Rates, ax: float, ay: float, bx: float, by: float) -> float:
    """Seconds from a to b, in whole steps."""
    dx, dy = bx - ax, by - ay
    return float(np.ceil(np.sqrt(dx * dx + dy * dy) / rates.step_m) * rates.step_s)


@njit(nogil=True, cache=True)
def order_cost(rates: Rates, click_to_door_s: float) -> float:
    over = click_to_door_s - rates.late_s
    if over <= 0.0:
        return click_to_door_s
    return click_to_door_s + rates.late_cost_s + rates.late_rate * over


@njit(nogil=True, cache=True)
def trip_end(route: Ints, n: int, k: int) -> int:
    """Where the trip that begins at k is over."""
    e = k + 1
    while e < n and not route[e] & 1:
        e += 1
    return e


@njit(nogil=True, cache=True)
def route_cost(day: Day, c: int, route: Ints, n: int) -> float:
    """What the route of courier c weighs; INFEASIBLE if a pickup is after the shift."""
    rates = day.rates
    time, x, y = day.free_s[c], day.courier_x_m[c], day.courier_y_m[c]
    cost, k = 0.0, 0
    while k < n:
        e = trip_end(route, n, k)
        s = day.store[route[k] >> 1]
        sx, sy = day.store_x_m[s], day.store_y_m[s]
        begin = 0.0
        for j in range(k, e):
            begin = max(begin, day.ready_s[route[j] >> 1])
        if k == 0 and day.heading[c] >= 0:
            begin = max(begin, day.arrival_s[c] + rates.pickup_half_s)
            leave = 0.0
        else:
            ride = leg_s(rates, x, y, sx, sy)
            begin = max(begin, time + ride + rates.pickup_half_s)
            leave = begin - rates.pickup_half_s - ride
        if begin > day.end_s[c]:
            return INFEASIBLE
        time, x, y = begin + rates.pickup_half_s, sx, sy
        for j in range(k, e):
            o = route[j] >> 1
            time += leg_s(rates, x, y, day.x_m[o], day.y_m[o]) + rates.dropoff_half_s
            cost += order_cost(rates, time - day.placed_s[o])
            time += rates.dropoff_half_s
            x, y = day.x_m[o], day.y_m[o]
        cost += rates.busy_rate * (time - leave)
        k = e
    return float(cost + rates.finish_rate * min(time, min(day.end_s[c], rates.horizon_s)))


@njit(nogil=True, cache=True)
def slots(
    day: Day, c: int, route: Ints, n: int, at: Ints, time_s: Floats, x_m: Floats, y_m: Floats
) -> int:
    """Where a new trip could begin: fills (position, when, from where); answers how many."""
    rates = day.rates
    time, x, y = day.free_s[c], day.courier_x_m[c], day.courier_y_m[c]
    count, k = 0, 0
    while True:
        if k > 0 or day.heading[c] < 0:
            at[count], time_s[count], x_m[count], y_m[count] = k, time, x, y
            count += 1
        if k >= n:
            return count
        e = trip_end(route, n, k)
        s = day.store[route[k] >> 1]
        sx, sy = day.store_x_m[s], day.store_y_m[s]
        if k == 0 and day.heading[c] >= 0:
            begin = day.arrival_s[c] + rates.pickup_half_s
        else:
            begin = time + leg_s(rates, x, y, sx, sy) + rates.pickup_half_s
        begin = max(begin, 0.0)
        for j in range(k, e):
            begin = max(begin, day.ready_s[route[j] >> 1])
        time, x, y = begin + rates.pickup_half_s, sx, sy
        for j in range(k, e):
            o = route[j] >> 1
            time += leg_s(rates, x, y, day.x_m[o], day.y_m[o]) + 2.0 * rates.dropoff_half_s
            x, y = day.x_m[o], day.y_m[o]
        k = e
