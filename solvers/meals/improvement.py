"""Ruin and recreate over the trips of all couriers, from the plan of the minute before.

Schrimpf et al., "Record breaking optimization results using the ruin and recreate principle",
J. Comput. Phys. 159 (2000); removal of related orders after Shaw (CP 1998), blinks after
Christiaens & Vanden Berghe (Transportation Science 54, 2020).
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.meals.day import Day, Ints
from solvers.meals.insertion import cheapest, insert_all
from solvers.meals.schedule import leg_s
from solvers.meals.trips import STOPS_MAX, Trips, draw, put, refresh, take

REMOVED_MAX = 8
RELATED = 24  # orders considered near a removed one
ITERATIONS_PER_ORDER = 2  # at most; small questions are soon answered
BLINK = 0.02


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
    refresh(day, trips, c)


@njit(nogil=True, cache=True)
def _ruin(day: Day, trips: Trips, near: Ints, movable: Ints, ruined: Ints) -> int:
    """Choose related movable orders; answers how many are in `ruined`."""
    seed = movable[int(draw(trips.random) * len(movable))]
    most = min(len(movable), REMOVED_MAX)
    wanted = 1 + int(draw(trips.random) * most)
    count = 0
    for j in range(near.shape[1]):
        o = near[seed, j]
        if count >= wanted:
            break
        if day.holder[o] < 0 and (j == 0 or draw(trips.random) < 0.6):
            ruined[count] = o
            count += 1
    return count


@njit(nogil=True, cache=True)
def _shuffle(trips: Trips, day: Day, ruined: Ints, count: int) -> None:
    """By ready time, by placement, by distance, or in any order."""
    mode = int(draw(trips.random) * 4.0)
    for i in range(count - 1, 0, -1):
        j = int(draw(trips.random) * (i + 1))
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
            take(day, trips, ruined[i])
    _shuffle(trips, day, ruined, count)
    for i in range(count):
        _, c, at, how = cheapest(day, trips, ruined[i], BLINK, out)
        if c < 0:
            after += day.rates.unserved_s
        else:
            before += _touch(trips, undo, c, step)
            put(day, trips, ruined[i], c, at, how, out)
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
        if change >= -heat * np.log(1.0 - draw(trips.random)):
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
