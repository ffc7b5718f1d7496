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
def fits_without(arrays: Arrays, request: int, slot: int, x: int, y: int, z: int) -> bool:
    """Whether the request fits into the slot once the requests x, y and z (or -1) have left."""
    problem, routes = arrays.problem, arrays.routes
    scratch = routes.node.shape[0] - 1
    row = routes.row[slot]
    n = routes.length[row]
    old, new = routes.node[row], routes.node[scratch]
    kept = 0
    new[0] = old[0]
    for m in range(1, n + 1):
        r = problem.request[old[m]]
        if r != x and r != y and r != z:
            kept += 1
            new[kept] = old[m]
    new[kept + 1] = old[n + 1]
    routes.length[scratch] = kept
    refresh(problem, routes, scratch)
    cost, gaps = cheapest_in_row(arrays, request, scratch, INFEASIBLE)
    return gaps >= 0


@njit(nogil=True, cache=True)
def members(arrays: Arrays, request: int, slot: int):
    """Write the slot's requests to `work.route`, those incompatible first; (number, forced)."""
    problem, routes, list_ = arrays.problem, arrays.routes, arrays.work.route
    row = routes.row[slot]
    count = forced = 0
    for m in range(1, routes.length[row] + 1):
        v = routes.node[row, m]
        if problem.quantity[v] > 0:
            r = problem.request[v]
            list_[count] = r
            if not problem.together[request, r]:
                list_[count], list_[forced] = list_[forced], r
                forced += 1
            count += 1
    return count, forced


@njit(nogil=True, cache=True)
def eject(arrays: Arrays, request: int, tests: int, most: int) -> bool:
    """Insert the absent request after ejecting up to `most` requests with the smallest total of
    absence counts, if that is below its own count. Gives up after `tests` trials.
    """
    routes, work = arrays.routes, arrays.work
    failures, list_ = work.failures, work.route
    slots = routes.row.shape[0]
    best, slot = failures[request], -1
    bx = by = bz = -1
    begin_at = below(arrays.rng, slots)
    for size in range(1, most + 1):
        if size >= best:
            break
        for step in range(slots):
            k = (begin_at + step) % slots
            if routes.length[routes.row[k]] == 0:
                continue
            count, forced = members(arrays, request, k)
            if forced > size or count < size:
                continue
            low = 0
            for m in range(forced):
                low += failures[list_[m]]
            if low >= best:
                continue
            free = size - forced
            # The last `free` of the three are chosen among the members that need not leave.
            for a in range(forced if free == size else 0, count if free == size else 1):
                x = list_[a]
                for b in range(
                    (max(forced, a + 1)) if free >= size - 1 and size >= 2 else 1,
                    count if free >= size - 1 and size >= 2 else 2,
                ):
                    y = list_[b] if size >= 2 else -1
                    for c in range(
                        max(forced, b + 1) if free >= size - 2 and size >= 3 else 2,
                        count if free >= size - 2 and size >= 3 else 3,
                    ):
                        z = list_[c] if size >= 3 else -1
                        total = failures[x]
                        if size >= 2:
                            total += failures[y]
                        if size >= 3:
                            total += failures[z]
                        if total >= best:
                            continue
                        tests -= 1
                        if tests < 0:
                            break
                        if fits_without(arrays, request, k, x, y, z):
                            best, slot, bx, by, bz = total, k, x, y, z
            if best <= size or tests < 0:
                break
        if tests < 0:
            break
    if slot < 0:
        return False
    take_out(arrays, bx)
    if by >= 0:
        take_out(arrays, by)
    if bz >= 0:
        take_out(arrays, bz)
    close_up(arrays, slot)
    cost, gaps = cheapest_in_row(arrays, request, routes.row[slot], INFEASIBLE)
    insert(arrays, request, slot, gaps)
    for m in range(work.tally[ABSENT]):
        if work.absent[m] == request:
            work.tally[ABSENT] -= 1
            work.absent[m] = work.absent[work.tally[ABSENT]]
            break
    return True
