"""Where a request fits: the cheapest feasible pair of gaps in a route, and in all routes."""

import math

import numpy as np

from solvers.pdptw.arrays import (
    HOPELESS,
    INFEASIBLE,
    STAMP,
    TOUCHED,
    Arrays,
    Problem,
    Routes,
    Row,
    Workspace,
)
from solvers.pdptw.kernel import kernel
from solvers.pdptw.randomness import uniform

_SEED, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


@kernel
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


@kernel
def view(routes: Routes, row: int) -> Row:
    """The row by itself."""
    return Row(
        routes.length[row],
        routes.node[row],
        routes.depart[row],
        routes.latest[row],
        routes.load[row],
        routes.leg[row],
    )


@kernel
def weigh_deliveries(
    problem: Problem, work: Workspace, route: Row, d: int
) -> tuple[int, int, float]:
    """What the delivery alone would cost in each gap: (first gap, last gap, smallest detour).

    Writes `work.detour`, INFEASIBLE where it does not fit, and `work.bound`, the smallest detour
    from a gap on. Without the triangle inequality, it may fit where it does not fit alone.
    """
    to_d, from_d = problem.back[d], problem.travel[d]
    ready, due, service = problem.ready[d], problem.due[d], problem.service[d]
    detour, bound = work.detour, work.bound
    last = route.length
    while problem.direct and last >= 0 and route.depart[last] > due:
        last -= 1
    first = last + 1
    smallest = INFEASIBLE
    for g in range(last, -1, -1):
        if route.latest[g + 1] < ready + service:
            break
        v, w = route.node[g], route.node[g + 1]
        detour[g] = INFEASIBLE
        arrival = route.depart[g] + to_d[v]
        fits = arrival <= due and max(arrival, ready) + service + from_d[w] <= route.latest[g + 1]
        if fits or not problem.direct:
            detour[g] = to_d[v] + from_d[w] - route.leg[g + 1]
            smallest = min(smallest, detour[g])
        bound[g] = smallest
        first = g
    return first, last, smallest


@kernel
def deliver_at_once(problem: Problem, p: int, d: int, w: int, leave: float, latest: float) -> float:
    """Travel from the pickup by way of its delivery to w; INFEASIBLE if `latest` is missed."""
    arrival = leave + problem.travel[p, d]
    done = max(arrival, problem.ready[d]) + problem.service[d] + problem.travel[d, w]
    if arrival > problem.due[d] or done > latest:
        return INFEASIBLE
    return float(problem.travel[p, d] + problem.travel[d, w])


@kernel
def deliver_later(
    problem: Problem,
    work: Workspace,
    route: Row,
    request: int,
    window: tuple[int, int, int],
    time: float,
    base: float,
    best: float,
) -> tuple[float, int, float]:
    """(cost, gap, bound): the cheapest delivery below `best` once the pickup is in its gap.

    `window` is (first gap to look at, first and last gap of the deliveries), `time` the arrival
    after the pickup's gap and `base` the pickup's detour. The gap is -1 if there is none; no gap
    that was passed over for its cost is cheaper than the bound.
    """
    d = problem.delivery[request]
    to_d, from_d = problem.back[d], problem.travel[d]
    ready, due, service = problem.ready[d], problem.due[d], problem.service[d]
    room = problem.capacity + problem.quantity[d]
    begin, first, last = window
    gap, bound = -1, INFEASIBLE
    for j in range(begin, last + 1):
        v = route.node[j]
        if time > (route.latest[j] if problem.direct else problem.due[v]) or route.load[j] > room:
            break
        time = max(time, problem.ready[v]) + problem.service[v]
        if j >= first:
            cost = base + work.detour[j]
            if cost < best:
                arrival = time + to_d[v]
                done = max(arrival, ready) + service + from_d[route.node[j + 1]]
                if arrival <= due and done <= route.latest[j + 1]:
                    best, gap = cost, j
            else:
                bound = min(bound, cost)
        if j < last and base + work.bound[max(j + 1, first)] >= best:
            bound = min(bound, base + work.bound[max(j + 1, first)])
            break
        time += route.leg[j + 1]
    return best, gap, bound


@kernel
def cheapest_in_row(arrays: Arrays, request: int, row: int, limit: float) -> tuple[float, int]:
    """(cost, gaps) of the cheapest feasible insertion below `limit`.

    gaps is pickup gap << 16 | delivery gap: gap g lies after position g. Without one, gaps is
    -1 and the cost a lower bound, INFEASIBLE if there is no insertion at any price.
    """
    problem, work = arrays.problem, arrays.work
    route = view(arrays.routes, row)
    p, d = problem.pickup[request], problem.delivery[request]
    if route.length + 4 > route.node.shape[0]:
        return INFEASIBLE, -1
    first, last, smallest = weigh_deliveries(problem, work, route, d)
    best, gaps, bound = min(limit, HOPELESS), -1, INFEASIBLE
    if problem.direct and smallest >= best:
        return smallest, -1
    to_p, from_p = problem.back[p], problem.travel[p]
    ready_p, due_p, service_p = problem.ready[p], problem.due[p], problem.service[p]
    room = problem.capacity - problem.quantity[p]
    for i in range(last + 1):
        if route.depart[i] > due_p:
            break
        if (problem.direct and route.latest[i + 1] < ready_p + service_p) or route.load[i] > room:
            continue
        v, w = route.node[i], route.node[i + 1]
        arrival = route.depart[i] + to_p[v]
        if arrival > due_p:
            continue
        leave = max(arrival, ready_p) + service_p
        base = to_p[v] - route.leg[i + 1]
        if i >= first:  # the delivery follows at once
            cost = base + deliver_at_once(problem, p, d, w, leave, route.latest[i + 1])
            if cost < best:
                best, gaps = cost, i << 16 | i
            else:
                bound = min(bound, cost)
        time = leave + from_p[w]
        if i == last or time > (route.latest[i + 1] if problem.direct else problem.due[w]):
            continue
        base += from_p[w]
        least = base + work.bound[max(i + 1, first)]
        if least >= best:
            bound = min(bound, least)
            continue
        best, j, passed = deliver_later(
            problem, work, route, request, (i + 1, first, last), time, base, best
        )
        bound = min(bound, passed)
        if j >= 0:
            gaps = i << 16 | j
    if gaps < 0:
        return (bound if bound < HOPELESS else INFEASIBLE), -1
    return best, gaps


@kernel
def next_blink(arrays: Arrays, blink: float) -> int:
    """How many slots to look at before one is overlooked."""
    return int(math.log(1.0 - uniform(arrays.rng)) / math.log(1.0 - blink))


@kernel
def recall(arrays: Arrays, request: int, blink: float) -> tuple[float, int, int, int]:
    """(cost, slot, gaps, stale): the cheapest insertion remembered.

    The first `stale` entries of `work.stale` are the slots to look at again, the one that was
    cheapest when last looked at in front. A slot is overlooked with probability `blink`.
    """
    routes, memo, work = arrays.routes, arrays.memo, arrays.work
    known, price, gap = memo.print[request], memo.cost[request], memo.gap[request]
    slots = routes.row.shape[0]
    best, slot, gaps, stale = INFEASIBLE, -1, -1, 0
    skip = next_blink(arrays, blink) if blink > 0.0 else slots
    hint = INFEASIBLE
    for k in range(slots):
        if k == skip:
            skip += 1 + next_blink(arrays, blink)
            continue
        if known[k] == routes.print[k]:
            if price[k] >= best or routes.closed[k]:
                continue
            if gap[k] >= 0:
                best, slot, gaps = price[k], k, gap[k]
                continue
        work.stale[stale] = k
        if price[k] < hint and gap[k] >= 0:
            hint = price[k]
            work.stale[stale] = work.stale[0]
            work.stale[0] = k
        stale += 1
    return best, slot, gaps, stale


@kernel
def cheapest(arrays: Arrays, request: int, blink: float) -> tuple[float, int, int]:
    """(cost, slot, gaps) of the cheapest insertion over all slots; slot is -1 if there is none.

    Each slot is overlooked with probability `blink` (Christiaens & Vanden Berghe 2020, 5.2).
    """
    problem, routes, memo, work = arrays.problem, arrays.routes, arrays.memo, arrays.work
    known, price, gap = memo.print[request], memo.cost[request], memo.gap[request]
    best, slot, gaps, stale = recall(arrays, request, blink)
    open_depot = -1
    for z in range(stale):
        k = work.stale[z]
        if known[k] == routes.print[k] and price[k] >= best:
            continue
        if routes.length[routes.row[k]] == 0:
            if routes.closed[k] or problem.depot[k] == open_depot:
                continue
            open_depot = problem.depot[k]
        cost, found = cheapest_in_row(arrays, request, routes.row[k], best)
        known[k], price[k], gap[k] = routes.print[k], cost, found
        if found >= 0:
            best, slot, gaps = cost, k, found
    return best, slot, gaps


@kernel
def new_content(arrays: Arrays, slot: int) -> None:
    """The slot's current row has new nodes: give it times and a version of its own."""
    row = arrays.routes.row[slot]
    refresh(arrays.problem, arrays.routes, row)
    arrays.routes.print[slot] = arrays.routes.prints[row]


@kernel
def touch(arrays: Arrays, slot: int) -> int:
    """Make the spare row of an untouched slot the current one; the row that was current."""
    routes, work = arrays.routes, arrays.work
    row = routes.row[slot]
    work.touched[work.tally[TOUCHED]] = slot
    work.tally[TOUCHED] += 1
    work.stamp[slot] = work.tally[STAMP]
    routes.row[slot] = row ^ 1
    return row


@kernel
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
