"""Where a request fits: the cheapest feasible pair of gaps in a route, and in all routes."""

import math

import numpy as np
from numba import njit

from solvers.pdptw.arrays import INFEASIBLE, STAMP, TOUCHED, Arrays, Problem, Routes
from solvers.pdptw.randomness import uniform

_SEED, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


@njit(nogil=True, cache=True)
def refresh(problem: Problem, routes: Routes, row: int) -> None:
    """Times, loads, legs and cost of a row from its nodes."""
    n = routes.length[row]
    node, depart, latest = routes.node[row], routes.depart[row], routes.latest[row]
    load, leg = routes.load[row], routes.leg[row]
    before = node[0]
    time = problem.ready[before]
    depart[0] = time
    load[0] = 0
    carried = 0
    cost = 0.0
    seal = _SEED
    for m in range(1, n + 2):
        v = node[m]
        seal = (seal ^ np.uint64(v)) * _PRIME
        seal ^= seal >> _SHIFT
        d = problem.travel[before, v]
        leg[m] = d
        cost += d
        time = max(time + d, problem.ready[v]) + problem.service[v]
        depart[m] = time
        carried += problem.quantity[v]
        load[m] = carried
        before = v
    routes.cost[row] = cost
    routes.prints[row] = seal
    limit = problem.due[before]
    latest[n + 1] = limit
    for m in range(n, 0, -1):
        v = node[m]
        limit = min(limit - leg[m + 1] - problem.service[v], problem.due[v])
        latest[m] = limit


@njit(nogil=True, cache=True)
def cheapest_in_row(arrays: Arrays, request: int, row: int, limit: float):
    """(cost, gaps) of the cheapest feasible insertion below `limit`.

    gaps is pickup gap << 16 | delivery gap: gap g lies after position g. Without one, gaps is
    -1 and cost a lower bound: `limit`, or INFEASIBLE if there is none at any price.
    """
    problem, routes, work = arrays.problem, arrays.routes, arrays.work
    n = routes.length[row]
    node, depart, latest = routes.node[row], routes.depart[row], routes.latest[row]
    load, leg = routes.load[row], routes.leg[row]
    detour, bound = work.detour, work.bound
    if n + 4 > node.shape[0]:
        return INFEASIBLE, -1
    p, d = problem.pickup[request], problem.delivery[request]
    to_p, from_p = problem.back[p], problem.travel[p]
    to_d, from_d = problem.back[d], problem.travel[d]
    due_p, ready_p, service_p = problem.due[p], problem.ready[p], problem.service[p]
    due_d, ready_d, service_d = problem.due[d], problem.ready[d], problem.service[d]
    room = problem.capacity - problem.quantity[p]
    # The delivery alone: what each gap would cost, and the cheapest from there to the end.
    last = n
    while last >= 0 and depart[last] > due_d:
        last -= 1
    first = last + 1
    smallest = INFEASIBLE
    for g in range(last, -1, -1):
        if latest[g + 1] < ready_d + service_d:
            break
        v, w = node[g], node[g + 1]
        detour[g] = INFEASIBLE
        arrival = depart[g] + to_d[v]
        if arrival <= due_d and max(arrival, ready_d) + service_d + from_d[w] <= latest[g + 1]:
            detour[g] = to_d[v] + from_d[w] - leg[g + 1]
            smallest = min(smallest, detour[g])
        bound[g] = smallest
        first = g
    if smallest >= INFEASIBLE:
        return INFEASIBLE, -1
    best, gaps = limit, -1
    pruned = False
    direct = from_p[d]
    for i in range(last + 1):
        if depart[i] > due_p:
            break
        if latest[i + 1] < ready_p + service_p or load[i] > room:
            continue
        v, w = node[i], node[i + 1]
        arrival = depart[i] + to_p[v]
        if arrival > due_p:
            continue
        leave = max(arrival, ready_p) + service_p
        base = to_p[v] - leg[i + 1]
        if i >= first:
            arrival = leave + direct
            cost = base + direct + from_d[w]
            if arrival <= due_d and max(arrival, ready_d) + service_d + from_d[w] <= latest[i + 1]:
                if cost < best:
                    best, gaps = cost, i << 16 | i
                else:
                    pruned = True
        time = leave + from_p[w]
        if i == last or time > latest[i + 1]:
            continue
        base += from_p[w]
        if bound[max(i + 1, first)] >= INFEASIBLE:
            break
        if base + bound[max(i + 1, first)] >= best:
            pruned = True
            continue
        for j in range(i + 1, last + 1):
            if time > latest[j] or load[j] > room:
                break
            v = node[j]
            time = max(time, problem.ready[v]) + problem.service[v]
            if j >= first:
                cost = base + detour[j]
                w = node[j + 1]
                if cost < best:
                    arrival = time + to_d[v]
                    if (
                        arrival <= due_d
                        and max(arrival, ready_d) + service_d + from_d[w] <= latest[j + 1]
                    ):
                        best, gaps = cost, i << 16 | j
                elif cost < INFEASIBLE:
                    pruned = True
                if j < last and base + bound[j + 1] >= best:
                    pruned = True
                    break
            time += leg[j + 1]
    if gaps < 0 and not pruned:
        return INFEASIBLE, -1
    return best, gaps


@njit(nogil=True, cache=True)
def cheapest(arrays: Arrays, request: int, blink: float):
    """(cost, slot, gaps) of the cheapest insertion over all slots; slot is -1 if there is none.

    Each slot is overlooked with probability `blink` (Christiaens & Vanden Berghe 2020, 5.2).
    """
    problem, routes, memo, work = arrays.problem, arrays.routes, arrays.memo, arrays.work
    best, slot, gaps = INFEASIBLE, -1, -1
    slots = routes.row.shape[0]
    known, price, place = memo.print[request], memo.cost[request], memo.gap[request]
    open_depot = -1
    stale = 0
    skip = slots
    if blink > 0.0:
        skip = int(math.log(1.0 - uniform(arrays.rng)) / math.log(1.0 - blink))
    for k in range(slots):
        if k == skip:
            skip += 1 + int(math.log(1.0 - uniform(arrays.rng)) / math.log(1.0 - blink))
            continue
        if known[k] != routes.print[k]:
            work.stale[stale] = k
            stale += 1
        elif price[k] < best:
            if place[k] < 0:
                work.stale[stale] = k
                stale += 1
            elif not routes.closed[k]:
                best, slot, gaps = price[k], k, place[k]
    for z in range(stale):
        k = work.stale[z]
        if known[k] == routes.print[k] and price[k] >= best:
            continue
        if routes.length[routes.row[k]] == 0:
            if routes.closed[k] or problem.depot[k] == open_depot:
                continue
            open_depot = problem.depot[k]
        cost, where = cheapest_in_row(arrays, request, routes.row[k], best)
        known[k], price[k], place[k] = routes.print[k], cost, where
        if where >= 0:
            best, slot, gaps = cost, k, where
    return best, slot, gaps


@njit(nogil=True, cache=True)
def new_content(arrays: Arrays, slot: int) -> None:
    """The slot's current row has new nodes: give it times and a version of its own."""
    row = arrays.routes.row[slot]
    refresh(arrays.problem, arrays.routes, row)
    arrays.routes.print[slot] = arrays.routes.prints[row]


@njit(nogil=True, cache=True)
def touch(arrays: Arrays, slot: int) -> int:
    """Make the spare row of an untouched slot the current one; the row that was current."""
    routes, work = arrays.routes, arrays.work
    row = routes.row[slot]
    work.touched[work.tally[TOUCHED]] = slot
    work.tally[TOUCHED] += 1
    work.stamp[slot] = work.tally[STAMP]
    routes.row[slot] = row ^ 1
    return row


@njit(nogil=True, cache=True)
def insert(arrays: Arrays, request: int, slot: int, gaps: int) -> float:
    """Put the request into the slot at the gaps; the increase in cost."""
    problem, routes, work = arrays.problem, arrays.routes, arrays.work
    i, j = gaps >> 16, gaps & 0xFFFF
    source = routes.row[slot]
    if work.stamp[slot] != work.tally[STAMP]:
        source = touch(arrays, slot)
    target = routes.row[slot]
    before = routes.cost[source]
    n = routes.length[source]
    old, new = routes.node[source], routes.node[target]
    for m in range(n + 1, j, -1):
        new[m + 2] = old[m]
    new[j + 2] = problem.delivery[request]
    for m in range(j, i, -1):
        new[m + 1] = old[m]
    new[i + 1] = problem.pickup[request]
    if source != target:
        for m in range(i + 1):
            new[m] = old[m]
    routes.length[target] = n + 2
    routes.slot[request] = slot
    new_content(arrays, slot)
    return routes.cost[target] - before
