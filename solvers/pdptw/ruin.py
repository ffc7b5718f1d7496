"""Taking requests out: adjacent strings of stops from routes near a node, and whole routes.

Christiaens & Vanden Berghe (2020), Slack Induction by String Removals, section 5.1; a stop
in a string takes its partner with it.
"""

from solvers.pdptw.arrays import ABSENT, REMOVED, Arrays
from solvers.pdptw.insertion import new_content, touch
from solvers.pdptw.kernel import kernel
from solvers.pdptw.randomness import below, uniform


@kernel
def take_out(arrays: Arrays, request: int) -> None:
    """Note the request as absent; its stops stay where they are until `close_up`."""
    routes, work = arrays.routes, arrays.work
    slot = routes.slot[request]
    if slot < 0:
        return
    work.removed[work.tally[REMOVED]] = request
    work.removed_from[work.tally[REMOVED]] = slot
    work.tally[REMOVED] += 1
    work.absent[work.tally[ABSENT]] = request
    work.tally[ABSENT] += 1
    routes.slot[request] = -1


@kernel
def close_up(arrays: Arrays, slot: int) -> float:
    """Write the slot's route without the requests taken out; the decrease in cost."""
    problem, routes = arrays.problem, arrays.routes
    source = touch(arrays, slot)
    target = routes.row[slot]
    old, new = routes.node[source], routes.node[target]
    n = routes.length[source]
    new[0] = old[0]
    kept = 0
    for m in range(1, n + 1):
        if routes.slot[problem.request[old[m]]] == slot:
            kept += 1
            new[kept] = old[m]
    new[kept + 1] = old[n + 1]
    routes.length[target] = kept
    new_content(arrays, slot)
    return routes.cost[source] - routes.cost[target]


@kernel
def take_string(arrays: Arrays, slot: int, node: int, longest: float) -> None:
    """Take out a string of stops around the node, half of the time with a gap left standing."""
    routes, rng = arrays.routes, arrays.rng
    row = routes.row[slot]
    n = routes.length[row]
    stops = routes.node[row]
    at = 1
    while stops[at] != node:
        at += 1
    size = 1 + int(uniform(rng) * min(longest, float(n)))
    size = min(size, n)
    kept = 0
    if size > 1 and size < n and uniform(rng) < 0.5:
        kept = 1
        while size + kept < n and uniform(rng) > 0.01:
            kept += 1
    span = size + kept
    lowest = max(1, at - span + 1)
    highest = min(at, n - span + 1)
    begin = lowest + below(rng, highest - lowest + 1)
    hole = begin + span
    if kept > 0:
        hole = begin + 1 + below(rng, size - 1)
    for m in range(begin, begin + span):
        if m < hole or m >= hole + kept:
            take_out(arrays, arrays.problem.request[stops[m]])


@kernel
def ruin(arrays: Arrays, removals: float, longest: float) -> float:
    """Take strings out of routes near a random node; the decrease in cost.

    `removals` is the mean number of stops to take out, `longest` the greatest string.
    """
    problem, routes, work, rng = arrays.problem, arrays.routes, arrays.work, arrays.rng
    stops = 2 * (problem.pickup.shape[0] - work.tally[ABSENT])
    used = 0
    for k in range(routes.row.shape[0]):
        if routes.length[routes.row[k]] > 0:
            used += 1
    if used == 0:
        return 0.0
    size = min(longest, stops / used)
    most = max(1.0, 4.0 * removals / (1.0 + size) - 1.0)
    strings = 1 + int(uniform(rng) * most)
    r = below(rng, problem.pickup.shape[0])
    centre = problem.pickup[r] if uniform(rng) < 0.5 else problem.delivery[r]
    saved = 0.0
    stamp = work.tally[3]
    node = centre
    for z in range(-1, problem.near.shape[1]):
        if z >= 0:
            node = problem.near[centre, z]
        slot = routes.slot[problem.request[node]]
        if slot < 0 or work.stamp[slot] == stamp:
            continue
        take_string(arrays, slot, node, size)
        saved += close_up(arrays, slot)
        strings -= 1
        if strings == 0:
            break
    return saved
