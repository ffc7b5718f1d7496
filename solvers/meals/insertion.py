"""Where an order costs least: as a trip of its own, or in a trip to its store."""

import numpy as np
from numba import njit

from solvers.meals.day import Day, Ints
from solvers.meals.schedule import INFEASIBLE, leg_s, order_cost, route_cost, trip_end
from solvers.meals.trips import IN_FRONT, INSIDE, NEW, STOPS_MAX, Trips, draw, put, with_order


@njit(nogil=True, cache=True)
def _append_cost(day: Day, trips: Trips, c: int, o: int) -> float:
    """What a trip for one order, after everything else, adds to the route."""
    rates, last = day.rates, trips.slot_count[c] - 1
    time, s = trips.slot_s[c, last], day.store[o]
    sx, sy = day.store_x_m[s], day.store_y_m[s]
    ride = leg_s(rates, trips.slot_x[c, last], trips.slot_y[c, last], sx, sy)
    begin = max(time + ride + rates.pickup_half_s, day.ready_s[o])
    if begin > day.end_s[c]:
        return INFEASIBLE
    door = begin + rates.pickup_half_s + rates.dropoff_half_s
    door += leg_s(rates, sx, sy, day.x_m[o], day.y_m[o])
    end = door + rates.dropoff_half_s
    cap = min(day.end_s[c], rates.horizon_s)
    work = end - (begin - rates.pickup_half_s - ride)
    cost = order_cost(rates, door - day.placed_s[o]) + rates.busy_rate * work
    return float(cost + rates.finish_rate * (min(end, cap) - min(time, cap)))


@njit(nogil=True, cache=True)
def _cheapest_join(
    day: Day, trips: Trips, o: int, c: int, blink: float, out: Ints
) -> tuple[float, int, int]:
    """Best place for an order in the trips of courier c to its store: added cost, position, how."""
    n, route = trips.length[c], trips.routes[c]
    best, best_at, best_how, k = INFEASIBLE, 0, INSIDE, 0
    while k < n:
        e = trip_end(route, n, k)
        if day.store[route[k] >> 1] == day.store[o]:
            for at in range(k, e + 1):
                if blink > 0.0 and draw(trips.random) < blink:
                    continue
                how = IN_FRONT if at == k else INSIDE
                with_order(route, n, at, o, how, out)
                added = route_cost(day, c, out, n + 1) - trips.cost[c]
                if added < best:
                    best, best_at, best_how = added, at, how
        k = e
    return best, best_at, best_how


@njit(nogil=True, cache=True)
def _trip_cost(day: Day, trips: Trips, o: int, c: int, k: int, out: Ints) -> float:
    """What a trip of its own for an order, before others of courier c, adds to the route."""
    n, at = trips.length[c], trips.slot_at[c, k]
    with_order(trips.routes[c], n, at, o, NEW, out)
    return float(route_cost(day, c, out, n + 1) - trips.cost[c])


@njit(nogil=True, cache=True)
def cheapest(
    day: Day, trips: Trips, o: int, blink: float, out: Ints
) -> tuple[float, int, int, int]:
    """Best place for an order nobody has: added cost, courier, position, how."""
    rates, s = day.rates, day.store[o]
    sx, sy = day.store_x_m[s], day.store_y_m[s]
    # From arrival at the store to the drop-off, if the food is ready; and since the click.
    fixed = leg_s(rates, sx, sy, day.x_m[o], day.y_m[o]) + rates.dropoff_half_s
    fixed += 2.0 * rates.pickup_half_s - day.placed_s[o]
    step_m_per_s = rates.step_m / rates.step_s
    best, best_c, best_at, best_how = rates.unserved_s, -1, 0, NEW
    for c in range(len(trips.length)):
        if trips.length[c] >= STOPS_MAX or day.end_s[c] < day.ready_s[o]:
            continue
        for k in range(trips.slot_count[c]):
            if blink > 0.0 and draw(trips.random) < blink:
                continue
            room_s = best - trips.slot_s[c, k] - fixed
            dx, dy = trips.slot_x[c, k] - sx, trips.slot_y[c, k] - sy
            reach_m = room_s * step_m_per_s
            if room_s <= 0.0 or dx * dx + dy * dy > reach_m * reach_m:
                continue  # its own click-to-door would be more than the best place costs
            if trips.slot_at[c, k] == trips.length[c]:
                added = _append_cost(day, trips, c, o)
            else:
                added = _trip_cost(day, trips, o, c, k, out)
            if added < best:
                best, best_c, best_at, best_how = added, c, trips.slot_at[c, k], NEW
        if trips.length[c] > 0:
            added, at, how = _cheapest_join(day, trips, o, c, blink, out)
            if added < best:
                best, best_c, best_at, best_how = added, c, at, how
    return best, best_c, best_at, best_how


@njit(nogil=True, cache=True)
def insert_all(day: Day, trips: Trips) -> None:
    """Every order on no route, earliest ready first, where it costs least."""
    out = np.zeros(STOPS_MAX + 1, np.int32)
    for o in np.argsort(day.ready_s, kind="mergesort"):
        if trips.courier_of[o] < 0:
            _, c, at, how = cheapest(day, trips, o, 0.0, out)
            if c >= 0:
                put(day, trips, o, c, at, how, out)
