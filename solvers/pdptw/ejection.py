"""Ejection: make room for a request by taking out those whose absence costs least.

Nagata & Kobayashi (2010), guided ejection search for pickup and delivery: the smallest sum of
absence counts, looked for in lexicographic order of the stops. Instead of an insertion tried at
every pair of gaps before the ejections, the walk along a route carries the earliest times of all
of them at once: an earlier departure from the same stop with the same load is never worse.
"""

import numpy as np

from solvers.pdptw.arrays import (
    ABSENT,
    COUNT,
    FORCED,
    INFEASIBLE,
    KEPT,
    LOAD,
    NEXT,
    OUSTED,
    PENDING,
    Arrays,
    Problem,
    Workspace,
)
from solvers.pdptw.insertion import cheapest_in_row, insert
from solvers.pdptw.kernel import kernel
from solvers.pdptw.randomness import below
from solvers.pdptw.ruin import close_up, take_out


@kernel
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


@kernel
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


@kernel
def must_leave(arrays: Arrays, request: int, row: int, enough: int) -> int:
    """How many requests of the row cannot share a route with the request; at most `enough`."""
    problem, routes = arrays.problem, arrays.routes
    count = 0
    for m in range(1, routes.length[row] + 1):
        v = routes.node[row, m]
        if problem.quantity[v] > 0 and not problem.together[request, problem.request[v]]:
            count += 1
            if count == enough:
                break
    return count


@kernel
def start_walk(arrays: Arrays, request: int, row: int, most: int) -> int:
    """The walk at the depot, nothing left out, depth 0; or -1 if too many would have to be."""
    forced = must_leave(arrays, request, row, most + 1)
    times, at = arrays.work.times, arrays.work.at
    times[0, 0] = arrays.problem.ready[arrays.routes.node[row, 0]]
    times[0, 1] = times[0, 2] = INFEASIBLE
    at[0, KEPT], at[0, NEXT], at[0, LOAD] = 0, 1, 0
    at[0, COUNT], at[0, PENDING], at[0, FORCED] = 0, 0, forced
    return 0 if forced <= most else -1


@kernel
def may_leave(arrays: Arrays, depth: int, request: int, node: int, most: int, best: int) -> bool:
    """Whether leaving out what is picked up at the node can end below the count `best`."""
    problem, at = arrays.problem, arrays.work.at
    if depth == most or problem.quantity[node] <= 0:
        return False
    r = problem.request[node]
    others = at[depth, FORCED] - (0 if problem.together[request, r] else 1)
    return bool(at[depth, COUNT] + arrays.work.failures[r] < best and others < most - depth)


@kernel
def leave_out(arrays: Arrays, depth: int, m: int, request: int, ousted: int) -> None:
    """A new entry of the walk, like the one at `depth` but without what is picked up at m."""
    times, at = arrays.work.times, arrays.work.at
    for z in range(times.shape[1]):
        times[depth + 1, z] = times[depth, z]
    for z in range(at.shape[1]):
        at[depth + 1, z] = at[depth, z]
    at[depth + 1, NEXT] = m + 1
    at[depth + 1, COUNT] += arrays.work.failures[ousted]
    at[depth + 1, PENDING] += 1
    if not arrays.problem.together[request, ousted]:
        at[depth + 1, FORCED] -= 1
    at[depth + 1, OUSTED] = ousted
    arrays.work.gone[ousted] = True


@kernel
def visit(arrays: Arrays, depth: int, request: int, row: int, m: int, limit: float) -> float:
    """Go on to position m, which is kept; the earliest arrival there with both stops behind."""
    problem, work = arrays.problem, arrays.work
    times, at = work.times, work.at
    node = arrays.routes.node[row]
    p, d = problem.pickup[request], problem.delivery[request]
    v, w = node[at[depth, KEPT]], node[m]
    away = problem.travel[v, w]
    without, behind, both = times[depth, 0], times[depth, 1], times[depth, 2]
    room = problem.capacity - problem.quantity[p]
    picked = INFEASIBLE
    if at[depth, LOAD] <= room and without < INFEASIBLE:
        arrival = without + problem.back[p, v]
        if arrival <= problem.due[p]:
            picked = max(arrival, problem.ready[p]) + problem.service[p]
    arrival = min(behind + problem.back[d, v], picked + problem.travel[p, d])
    done = INFEASIBLE
    if arrival <= problem.due[d]:
        done = max(arrival, problem.ready[d]) + problem.service[d]
    without += away
    behind = min(behind + away, picked + problem.travel[p, w])
    both = min(both + away, done + problem.travel[d, w])
    at[depth, KEPT] = m
    at[depth, LOAD] += problem.quantity[w]
    if at[depth, LOAD] > room:
        behind = INFEASIBLE
    ready, service = problem.ready[w], problem.service[w]
    times[depth, 0] = INFEASIBLE if without > limit else max(without, ready) + service
    times[depth, 1] = INFEASIBLE if behind > limit else max(behind, ready) + service
    times[depth, 2] = INFEASIBLE if both > limit else max(both, ready) + service
    return both


@kernel
def stuck(arrays: Arrays, depth: int, request: int) -> bool:
    """Whether the request cannot be picked up any more, and was not."""
    times = arrays.work.times
    return bool(
        times[depth, 0] > arrays.problem.due[arrays.problem.pickup[request]]
        and min(times[depth, 1], times[depth, 2]) >= INFEASIBLE
    )


@kernel
def note_ejected(work: Workspace, depth: int) -> None:
    """Write what the walk has left out to `work.ejected`."""
    for z in range(depth):
        work.ejected[z] = work.at[z + 1, OUSTED]


@kernel
def cheapest_ejection(
    arrays: Arrays, request: int, slot: int, most: int, below_count: int
) -> tuple[int, int, int]:
    """(sum of absence counts, how many to eject, steps): the best of the slot below the count.

    Those to eject are written to `work.ejected`; their number is 0 if there is none. Depth first:
    entry k of the walk has left out k requests.
    """
    problem, routes, work, at = arrays.problem, arrays.routes, arrays.work, arrays.work.at
    row = routes.row[slot]
    end = routes.length[row] + 1
    best, found, steps = below_count, 0, 1
    depth = start_walk(arrays, request, row, most)
    while depth >= 0:
        m = at[depth, NEXT]
        if m > end or at[depth, COUNT] >= best:
            if depth > 0:
                work.gone[at[depth, OUSTED]] = False
            depth -= 1
            continue
        steps += 1
        at[depth, NEXT] = m + 1
        w = routes.node[row, m]
        r = problem.request[w]
        if r >= 0 and work.gone[r]:  # its delivery
            at[depth, PENDING] -= 1
            continue
        branch = may_leave(arrays, depth, request, w, most, best)
        if branch:
            leave_out(arrays, depth, m, request, r)
        if r >= 0 and not problem.together[request, r]:
            at[depth, NEXT] = end + 1  # it cannot stay
        else:
            whole = at[depth, PENDING] == 0  # the rest of the route is as it was
            limit = problem.due[w]
            if whole and depth == most and problem.direct:
                limit = routes.latest[row, m]
            both = visit(arrays, depth, request, row, m, limit)
            if depth > 0 and whole and both <= routes.latest[row, m]:
                best, found = at[depth, COUNT], depth
                note_ejected(work, depth)
                at[depth, NEXT] = end + 1
            elif stuck(arrays, depth, request):
                at[depth, NEXT] = end + 1
        if branch:
            depth += 1
    return best, found, steps


@kernel
def choose(arrays: Arrays, request: int, most: int, steps: int) -> tuple[int, int]:
    """(slot, how many): where the request fits after ejecting those in `work.chosen`.

    The smallest sum of absence counts below the request's own; the slot is -1 if there is none,
    or none within about so many steps.
    """
    routes, work = arrays.routes, arrays.work
    slots = routes.row.shape[0]
    best, slot, count = work.failures[request], -1, 0
    begin_at = below(arrays.rng, slots)
    for step in range(slots):
        k = (begin_at + step) % slots
        if best <= 1 or steps <= 0:  # absence counts start at one
            break
        if routes.length[routes.row[k]] == 0:
            continue
        total, found, spent = cheapest_ejection(arrays, request, k, most, best)
        steps -= spent
        if found > 0:
            best, slot, count = total, k, found
            for z in range(found):
                work.chosen[z] = work.ejected[z]
    return slot, count


@kernel
def eject(arrays: Arrays, request: int, most: int, steps: int) -> bool:
    """Insert the absent request after ejecting a few whose absence counts are smaller.

    False if that is not possible, and then the iteration has to be undone.
    """
    work = arrays.work
    slot, count = choose(arrays, request, most, steps)
    if slot < 0:
        return False
    for z in range(count):
        take_out(arrays, work.chosen[z])
    close_up(arrays, slot)
    gaps = cheapest_in_row(arrays, request, arrays.routes.row[slot], INFEASIBLE)[1]
    if gaps < 0:  # sums of floats in another order
        return False
    insert(arrays, request, slot, gaps)
    for m in range(work.tally[ABSENT]):
        if work.absent[m] == request:
            work.tally[ABSENT] -= 1
            work.absent[m] = work.absent[work.tally[ABSENT]]
            break
    return True
