"""Ejection: make room for a request by taking out those whose absence costs least.

After the guided ejection search of Nagata & Kobayashi (2010), with absence counts for penalties.
"""

import numpy as np
from numba import njit

from solvers.pdptw.arrays import ABSENT, INFEASIBLE, Arrays, Problem
from solvers.pdptw.insertion import cheapest_in_row, insert, refresh
from solvers.pdptw.randomness import below
from solvers.pdptw.ruin import close_up, take_out


@njit(nogil=True, cache=True)
def in_time(problem: Problem, depot: int, a: int, b: int, c: int, d: int) -> bool:
    """Whether a vehicle can visit the four nodes in this order within their windows and load."""
    time = problem.ready[depot]
    before = depot
    carried = 0
    for v in (a, b, c, d):
        time = max(time + problem.travel[before, v], problem.ready[v])
        carried += problem.quantity[v]
        if time > problem.due[v] or carried > problem.capacity:
            return False
        time += problem.service[v]
        before = v
    return time + problem.travel[before, depot] <= problem.due[depot]


@njit(nogil=True, cache=True)
def find_compatible(problem: Problem, depots: np.ndarray) -> None:
    """Fill `problem.together`: pairs of requests that some order of their stops allows."""
    count = problem.pickup.shape[0]
    for x in range(count):
        problem.together[x, x] = True
        p, d = problem.pickup[x], problem.delivery[x]
        for y in range(x):
            q, e = problem.pickup[y], problem.delivery[y]
            fits = False
            for depot in depots:
                fits = fits or (
                    in_time(problem, depot, p, d, q, e)
                    or in_time(problem, depot, q, e, p, d)
                    or in_time(problem, depot, p, q, d, e)
                    or in_time(problem, depot, p, q, e, d)
                    or in_time(problem, depot, q, p, d, e)
                    or in_time(problem, depot, q, p, e, d)
                )
            problem.together[x, y] = problem.together[y, x] = fits


@njit(nogil=True, cache=True)
def fits_without(arrays: Arrays, request: int, slot: int, x: int, y: int) -> bool:
    """Whether the request fits into the slot once the requests x and y (or -1) have left."""
    problem, routes = arrays.problem, arrays.routes
    trial = routes.node.shape[0] - 1
    row = routes.row[slot]
    n = routes.length[row]
    old, new = routes.node[row], routes.node[trial]
    kept = 0
    new[0] = old[0]
    for m in range(1, n + 1):
        r = problem.request[old[m]]
        if r != x and r != y:
            kept += 1
            new[kept] = old[m]
    new[kept + 1] = old[n + 1]
    routes.length[trial] = kept
    refresh(problem, routes, trial)
    return cheapest_in_row(arrays, request, trial, INFEASIBLE)[1] >= 0


@njit(nogil=True, cache=True)
def list_members(arrays: Arrays, request: int, slot: int) -> tuple[int, int]:
    """Write the slot's requests to `work.route`; (their number, how many must leave).

    Those that must leave, being incompatible with the request, come first.
    """
    problem, routes, listed = arrays.problem, arrays.routes, arrays.work.route
    row = routes.row[slot]
    count = forced = 0
    for m in range(1, routes.length[row] + 1):
        v = routes.node[row, m]
        if problem.quantity[v] > 0:
            listed[count] = problem.request[v]
            if not problem.together[request, listed[count]]:
                listed[count], listed[forced] = listed[forced], listed[count]
                forced += 1
            count += 1
    return count, forced


@njit(nogil=True, cache=True)
def cheapest_single(
    arrays: Arrays, request: int, slot: int, below_count: int
) -> tuple[int, int, int]:
    """(absence count, request to eject, trials): the best of the slot below the count, or -1."""
    work = arrays.work
    count, forced = list_members(arrays, request, slot)
    best, chosen, trials = below_count, -1, 0
    if forced > 1:
        return best, chosen, trials
    for a in range(forced if forced == 1 else count):
        x = work.route[a]
        if work.failures[x] < best:
            trials += 1
            if fits_without(arrays, request, slot, x, -1):
                best, chosen = work.failures[x], x
    return best, chosen, trials


@njit(nogil=True, cache=True)
def cheapest_pair(
    arrays: Arrays, request: int, slot: int, below_count: int
) -> tuple[int, int, int, int]:
    """(absence count, two requests to eject, trials), as `cheapest_single`."""
    work = arrays.work
    count, forced = list_members(arrays, request, slot)
    best, first, second, trials = below_count, -1, -1, 0
    if forced > 2:
        return best, first, second, trials
    for a in range(1 if forced > 0 else count):
        x = work.route[a]
        for b in range(a + 1, 2 if forced == 2 else count):
            y = work.route[b]
            if work.failures[x] + work.failures[y] < best:
                trials += 1
                if fits_without(arrays, request, slot, x, y):
                    best, first, second = work.failures[x] + work.failures[y], x, y
    return best, first, second, trials


@njit(nogil=True, cache=True)
def choose(arrays: Arrays, request: int, trials: int) -> tuple[int, int, int]:
    """(slot, x, y): where the request fits after ejecting x, and y unless -1.

    The smallest total of absence counts below the request's own, single requests first; the
    slot is -1 if there is none, or none within about so many trials.
    """
    routes, failures = arrays.routes, arrays.work.failures
    slots = routes.row.shape[0]
    best, slot, first, second = failures[request], -1, -1, -1
    begin_at = below(arrays.rng, slots)
    for size in (1, 2):
        for step in range(slots):
            k = (begin_at + step) % slots
            if best <= size or trials <= 0:  # absence counts start at one
                return slot, first, second
            if routes.length[routes.row[k]] == 0:
                continue
            y = -1
            if size == 1:
                total, x, spent = cheapest_single(arrays, request, k, best)
            else:
                total, x, y, spent = cheapest_pair(arrays, request, k, best)
            trials -= spent
            if x >= 0:
                best, slot, first, second = total, k, x, y
    return slot, first, second


@njit(nogil=True, cache=True)
def eject(arrays: Arrays, request: int, trials: int) -> bool:
    """Insert the absent request after ejecting one or two whose absence counts are smaller."""
    work = arrays.work
    slot, x, y = choose(arrays, request, trials)
    if slot < 0:
        return False
    take_out(arrays, x)
    if y >= 0:
        take_out(arrays, y)
    close_up(arrays, slot)
    gaps = cheapest_in_row(arrays, request, arrays.routes.row[slot], INFEASIBLE)[1]
    insert(arrays, request, slot, gaps)
    for m in range(work.tally[ABSENT]):
        if work.absent[m] == request:
            work.tally[ABSENT] -= 1
            work.absent[m] = work.absent[work.tally[ABSENT]]
            break
    return True
