"""Ruin and recreate over the trips of all couriers, from the plan of the minute before.

Schrimpf et al., "Record breaking optimization results using the ruin and recreate principle",
J. Comput. Phys. 159 (2000); removal of related orders after Shaw (CP 1998), blinks after
Christiaens & Vanden Berghe (Transportation Science 54, 2020).
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.meals.day import Day, Floats, Ints
from solvers.meals.schedule import INFEASIBLE, leg_s, order_cost, route_cost, slots, trip_end

STOPS_MAX = 24  # of one route
REMOVED_MAX = 8
RELATED = 24  # orders considered near a removed one
ITERATIONS_PER_ORDER = 2  # at most; small questions are soon answered
BLINK = 0.02
NEW, IN_FRONT, INSIDE = 0, 1, 2  # a trip of its own; before or among those of a trip


class Trips(NamedTuple):
    """The plan while it is being changed."""

    routes: Ints  # (C, STOPS_MAX) coded stops
    length: Ints  # (C,)
    cost: Floats  # (C,)
    courier_of: Ints  # (N,) or -1
    slot_at: Ints  # (C, STOPS_MAX + 1)
    slot_s: Floats
    slot_x: Floats
    slot_y: Floats
    slot_count: Ints  # (C,)
    random: NDArray[np.uint64]  # (1,)


def trips_of(day: Day, routes: list[list[int]], seed: int) -> Trips:
    """Arrays for `routes`, the coded stops of each courier."""
    couriers = len(day.free_s)
    table = np.zeros((couriers, STOPS_MAX), np.int32)
    length = np.zeros(couriers, np.int32)
    courier_of = np.full(len(day.store), -1, np.int32)
    for c, route in enumerate(routes):
        length[c] = len(route)
        table[c, : len(route)] = route
        for stop in route:
            courier_of[stop >> 1] = c
    shape = (couriers, STOPS_MAX + 1)
    trips = Trips(
        table,
        length,
        np.zeros(couriers),
        courier_of,
        np.zeros(shape, np.int32),
        np.zeros(shape),
        np.zeros(shape),
        np.zeros(shape),
        np.zeros(couriers, np.int32),
        np.array([seed * 2 + 1], np.uint64),
    )
    _refresh_all(day, trips)
    return trips


@njit(nogil=True, cache=True)
def _draw(state: NDArray[np.uint64]) -> float:
    """Uniform in [0, 1): xorshift64* (Marsaglia 2003; Vigna 2016)."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return float((x * np.uint64(2685821657736338717)) >> np.uint64(11)) / 9007199254740992.0


@njit(nogil=True, cache=True)
def _refresh(day: Day, trips: Trips, c: int) -> None:
    n = trips.length[c]
    trips.cost[c] = route_cost(day, c, trips.routes[c], n)
    trips.slot_count[c] = slots(
        day,
        c,
        trips.routes[c],
        n,
        trips.slot_at[c],
        trips.slot_s[c],
        trips.slot_x[c],
        trips.slot_y[c],
    )


@njit(nogil=True, cache=True)
def _refresh_all(day: Day, trips: Trips) -> None:
    for c in range(len(trips.length)):
        _refresh(day, trips, c)


@njit(nogil=True, cache=True)
def _with(route: Ints, n: int, at: int, order: int, how: int, out: Ints) -> None:
    """The route with an order put in before position `at`."""
    for j in range(at):
        out[j] = route[j]
    for j in range(at, n):
        out[j + 1] = route[j]
    out[at] = order << 1 | (1 if how != INSIDE else 0)
    if how == IN_FRONT:
        out[at + 1] &= ~1


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
def _cheapest(
    day: Day, trips: Trips, o: int, blink: float, out: Ints
) -> tuple[float, int, int, int]:
    """Best place for an order nobody has: added cost, courier, position, how."""
    rates, s = day.rates, day.store[o]
    sx, sy = day.store_x_m[s], day.store_y_m[s]
    door = leg_s(rates, sx, sy, day.x_m[o], day.y_m[o])
    handing = rates.pickup_half_s + rates.dropoff_half_s
    best, best_c, best_at, best_how = rates.unserved_s, -1, 0, NEW
    for c in range(len(trips.length)):
        n, route = trips.length[c], trips.routes[c]
        if n >= STOPS_MAX or day.end_s[c] < day.ready_s[o]:
            continue
        count = trips.slot_count[c]
        for k in range(count):
            if blink > 0.0 and _draw(trips.random) < blink:
                continue
            at = trips.slot_at[c, k]
            if at == n:
                added = _append_cost(day, trips, c, o)
            else:
                begin = trips.slot_s[c, k] + rates.pickup_half_s
                begin += leg_s(rates, trips.slot_x[c, k], trips.slot_y[c, k], sx, sy)
                begin = max(begin, day.ready_s[o])
                if order_cost(rates, begin + handing + door - day.placed_s[o]) >= best:
                    continue
                _with(route, n, at, o, NEW, out)
                added = route_cost(day, c, out, n + 1) - trips.cost[c]
            if added < best:
                best, best_c, best_at, best_how = added, c, at, NEW
        k = 0
        while k < n:
            e = trip_end(route, n, k)
            if day.store[route[k] >> 1] == s:
                for at in range(k, e + 1):
                    if blink > 0.0 and _draw(trips.random) < blink:
                        continue
                    how = IN_FRONT if at == k else INSIDE
                    _with(route, n, at, o, how, out)
                    added = route_cost(day, c, out, n + 1) - trips.cost[c]
                    if added < best:
                        best, best_c, best_at, best_how = added, c, at, how
            k = e
    return best, best_c, best_at, best_how


@njit(nogil=True, cache=True)
def _put(day: Day, trips: Trips, o: int, c: int, at: int, how: int, out: Ints) -> None:
    n = trips.length[c]
    _with(trips.routes[c], n, at, o, how, out)
    trips.routes[c, : n + 1] = out[: n + 1]
    trips.length[c] = n + 1
    trips.courier_of[o] = c
    _refresh(day, trips, c)


@njit(nogil=True, cache=True)
def _take(day: Day, trips: Trips, o: int) -> None:
    c = trips.courier_of[o]
    route, n = trips.routes[c], trips.length[c]
    at = 0
    while route[at] >> 1 != o:
        at += 1
    if route[at] & 1 and at + 1 < n:
        route[at + 1] |= 1
    for j in range(at, n - 1):
        route[j] = route[j + 1]
    trips.length[c] = n - 1
    trips.courier_of[o] = -1
    _refresh(day, trips, c)


@njit(nogil=True, cache=True)
def insert_all(day: Day, trips: Trips) -> None:
    """Every order on no route, earliest ready first, where it costs least."""
    out = np.zeros(STOPS_MAX + 1, np.int32)
    for o in np.argsort(day.ready_s, kind="mergesort"):
        if trips.courier_of[o] < 0:
            _, c, at, how = _cheapest(day, trips, o, 0.0, out)
            if c >= 0:
                _put(day, trips, o, c, at, how, out)


@njit(nogil=True, cache=True)
def _related(day: Day) -> Ints:
    """(N, RELATED) for each order those that compete with it most, itself first."""
    n = len(day.store)
    width = min(n, RELATED)
    near = np.zeros((n, width), np.int32)
    score = np.zeros(n)
    for o in range(n):
        s = day.store[o]
        for p in range(n):
            r = day.store[p]
            apart = leg_s(
                day.rates, day.store_x_m[s], day.store_y_m[s], day.store_x_m[r], day.store_y_m[r]
            )
            score[p] = apart + abs(day.ready_s[o] - day.ready_s[p])
        score[o] = -1.0
        near[o] = np.argsort(score, kind="mergesort")[:width]
    return near


class Undo(NamedTuple):
    """Routes as they were before a step, of the couriers it touched."""

    routes: Ints
    length: Ints
    touched: Ints  # (C,) couriers, the first used[0] of them
    stamp: NDArray[np.int64]  # (C,) the step that touched them last
    used: Ints  # (1,)


@njit(nogil=True, cache=True)
def _touch(trips: Trips, undo: Undo, c: int, step: int) -> float:
    """Remember the route before it changes; answers its cost, once a step."""
    if undo.stamp[c] == step:
        return 0.0
    undo.stamp[c] = step
    undo.touched[undo.used[0]] = c
    undo.used[0] += 1
    undo.routes[c] = trips.routes[c]
    undo.length[c] = trips.length[c]
    return float(trips.cost[c])


@njit(nogil=True, cache=True)
def _restore(day: Day, trips: Trips, c: int, routes: Ints, length: Ints) -> None:
    trips.routes[c] = routes[c]
    trips.length[c] = length[c]
    for j in range(length[c]):
        trips.courier_of[routes[c, j] >> 1] = c
    _refresh(day, trips, c)


@njit(nogil=True, cache=True)
def _ruin(day: Day, trips: Trips, near: Ints, movable: Ints, ruined: Ints) -> int:
    """Choose related movable orders; answers how many are in `ruined`."""
    seed = movable[int(_draw(trips.random) * len(movable))]
    most = min(len(movable), REMOVED_MAX)
    wanted = 1 + int(_draw(trips.random) * most)
    count = 0
    for j in range(near.shape[1]):
        o = near[seed, j]
        if count >= wanted:
            break
        if day.holder[o] < 0 and (j == 0 or _draw(trips.random) < 0.6):
            ruined[count] = o
            count += 1
    return count


@njit(nogil=True, cache=True)
def _shuffle(trips: Trips, day: Day, ruined: Ints, count: int) -> None:
    """By ready time, by placement, by distance, or in any order."""
    mode = int(_draw(trips.random) * 4.0)
    for i in range(count - 1, 0, -1):
        j = int(_draw(trips.random) * (i + 1))
        ruined[i], ruined[j] = ruined[j], ruined[i]
    if mode == 0:
        return
    for i in range(1, count):  # insertion sort
        o, j = ruined[i], i
        while j > 0 and _key(day, ruined[j - 1], mode) > _key(day, o, mode):
            ruined[j] = ruined[j - 1]
            j -= 1
        ruined[j] = o


@njit(nogil=True, cache=True)
def _key(day: Day, o: int, mode: int) -> float:
    if mode == 1:
        return float(day.ready_s[o])
    s = day.store[o]
    door = leg_s(day.rates, day.store_x_m[s], day.store_y_m[s], day.x_m[o], day.y_m[o])
    return door if mode == 2 else -door


@njit(nogil=True, cache=True)
def _step(
    day: Day, trips: Trips, undo: Undo, ruined: Ints, count: int, step: int, out: Ints
) -> float:
    """Take the ruined orders off their routes and put them back; answers the change of cost."""
    before, after = 0.0, 0.0
    undo.used[0] = 0
    for i in range(count):
        c = trips.courier_of[ruined[i]]
        if c < 0:
            before += day.rates.unserved_s
        else:
            before += _touch(trips, undo, c, step)
            _take(day, trips, ruined[i])
    _shuffle(trips, day, ruined, count)
    for i in range(count):
        _, c, at, how = _cheapest(day, trips, ruined[i], BLINK, out)
        if c < 0:
            after += day.rates.unserved_s
        else:
            before += _touch(trips, undo, c, step)
            _put(day, trips, ruined[i], c, at, how, out)
    for i in range(undo.used[0]):
        after += trips.cost[undo.touched[i]]
    return after - before


@njit(nogil=True, cache=True)
def _undo(day: Day, trips: Trips, undo: Undo, ruined: Ints, count: int) -> None:
    for i in range(count):
        trips.courier_of[ruined[i]] = -1
    for i in range(undo.used[0]):
        _restore(day, trips, undo.touched[i], undo.routes, undo.length)


@njit(nogil=True, cache=True)
def improve(day: Day, trips: Trips, iterations: int, hot_s: float, cold_s: float) -> float:
    """Simulated annealing from `hot_s` to `cold_s` (seconds of cost); leaves the best plan found.

    Answers how much less it costs than the plan it began with, orders on no route inserted.
    """
    insert_all(day, trips)
    movable = np.flatnonzero(day.holder < 0).astype(np.int32)
    iterations = min(iterations, ITERATIONS_PER_ORDER * len(movable))
    if iterations == 0:
        return 0.0
    near = _related(day)
    couriers = len(trips.length)
    out = np.zeros(STOPS_MAX + 1, np.int32)
    ruined = np.zeros(REMOVED_MAX, np.int32)
    undo = Undo(
        trips.routes.copy(),
        trips.length.copy(),
        np.zeros(couriers, np.int32),
        np.zeros(couriers, np.int64),
        np.zeros(1, np.int32),
    )
    best, best_length = trips.routes.copy(), trips.length.copy()
    now, least = 0.0, 0.0
    for step in range(1, iterations + 1):
        heat = hot_s * (cold_s / hot_s) ** (step / iterations)
        count = _ruin(day, trips, near, movable, ruined)
        change = _step(day, trips, undo, ruined, count, step, out)
        if change >= -heat * np.log(1.0 - _draw(trips.random)):
            _undo(day, trips, undo, ruined, count)
            continue
        now += change
        if now < least - 1e-6:
            least = now
            best[:] = trips.routes
            best_length[:] = trips.length
    trips.courier_of[:] = -1
    for c in range(couriers):
        _restore(day, trips, c, best, best_length)
    return -least
