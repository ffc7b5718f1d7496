"""Ruin and recreate, accepted by simulated annealing: shorter routes, or one route fewer.

Christiaens & Vanden Berghe (2020): slack induction by string removals, and the minimization
of the fleet by absence counts (section 5.4).
"""

import math

from solvers.pdptw.arrays import ABSENT, INFEASIBLE, REMOVED, STAMP, TOUCHED, Arrays, Floats, Ints
from solvers.pdptw.ejection import eject
from solvers.pdptw.insertion import cheapest, insert, new_content
from solvers.pdptw.kernel import kernel
from solvers.pdptw.randomness import below, uniform
from solvers.pdptw.ruin import close_up, ruin, take_out

_CRITERIA = 6  # for the order in which requests are inserted
ORDERS = 24  # those once each; the rest is the order of misfits


@kernel
def begin(arrays: Arrays) -> None:
    """Start an iteration: nothing touched, nothing removed, the absent written down."""
    tally, work = arrays.work.tally, arrays.work
    tally[STAMP] += 1
    tally[TOUCHED] = 0
    tally[REMOVED] = 0
    for z in range(tally[ABSENT]):
        work.absent_before[z] = work.absent[z]


@kernel
def undo(arrays: Arrays, absent: int) -> None:
    """Back to where the iteration began, when `absent` requests were absent."""
    routes, work, tally = arrays.routes, arrays.work, arrays.work.tally
    for z in range(tally[TOUCHED]):
        slot = work.touched[z]
        routes.row[slot] ^= 1
        routes.print[slot] = routes.prints[routes.row[slot]]
    for z in range(tally[REMOVED]):
        routes.slot[work.removed[z]] = work.removed_from[z]
    tally[ABSENT] = absent
    for z in range(absent):
        work.absent[z] = work.absent_before[z]
        routes.slot[work.absent[z]] = -1


@kernel
def late(arrays: Arrays) -> bool:
    """Whether a route changed in this iteration misses a window: leaving a stop out can cost time.

    Never, if the triangle inequality holds.
    """
    problem, routes, work = arrays.problem, arrays.routes, arrays.work
    if problem.direct:
        return False
    for z in range(work.tally[TOUCHED]):
        row = routes.row[work.touched[z]]
        if routes.depart[row, 0] + routes.leg[row, 1] > routes.latest[row, 1]:
            return True
    return False


@kernel
def over_absent(arrays: Arrays, values: Ints | Floats) -> float:
    """The sum of what those absent now have, of (R,) values by request."""
    work = arrays.work
    total = 0.0
    for z in range(work.tally[ABSENT]):
        total += values[work.absent[z]]
    return total


@kernel
def arrange(arrays: Arrays, orders: int) -> int:
    """Put the absent requests into the queue in the order of a random criterion; their number.

    Of so many `orders`, all but six put those first that have often fitted nowhere.
    """
    problem, work, rng = arrays.problem, arrays.work, arrays.rng
    count = work.tally[ABSENT]
    mode = int(uniform(rng) * orders)
    if mode >= _CRITERIA and over_absent(arrays, work.misfits) == 0.0:
        mode %= _CRITERIA
    depot = problem.depot[0]
    for z in range(count):
        r = work.absent[z]
        p, d = problem.pickup[r], problem.delivery[r]
        if mode == 0:
            key = uniform(rng)
        elif mode == 1:
            key = -float(problem.quantity[p])
        elif mode == 2:
            key = -problem.travel[depot, p] - problem.travel[depot, d]
        elif mode == 3:
            key = problem.due[p] - problem.ready[p] + problem.due[d] - problem.ready[d]
        elif mode == 4:
            key = -problem.travel[p, d]
        elif mode == 5:
            key = problem.due[p]
        else:
            key = -work.misfits[r] * (0.5 + uniform(rng))
        m = z
        while m > 0 and work.key[m - 1] > key:
            work.key[m] = work.key[m - 1]
            work.queue[m] = work.queue[m - 1]
            m -= 1
        work.key[m] = key
        work.queue[m] = r
    return count


@kernel
def recreate(arrays: Arrays, budget: float, may_leave: bool, blink: float) -> float:
    """Insert the absent greedily; the increase in cost.

    INFEASIBLE as soon as it exceeds `budget`, or if a request fits nowhere and none may be left.
    """
    work = arrays.work
    count = arrange(arrays, _CRITERIA if may_leave else ORDERS)
    work.tally[ABSENT] = 0
    added = 0.0
    for z in range(count):
        r = work.queue[z]
        cost, slot, gaps = cheapest(arrays, r, blink)
        if slot < 0:
            if not may_leave:
                work.misfits[r] += 1
                return INFEASIBLE
            work.absent[work.tally[ABSENT]] = r
            work.tally[ABSENT] += 1
            continue
        if added + cost > budget:
            return INFEASIBLE
        added += insert(arrays, r, slot, gaps)
    return added


@kernel
def keep_as_best(arrays: Arrays) -> None:
    """Copy the routes that differ from the best kept so far."""
    routes, work = arrays.routes, arrays.work
    for k in range(routes.row.shape[0]):
        if work.best_print[k] != routes.print[k]:
            row = routes.row[k]
            n = routes.length[row]
            work.best_print[k] = routes.print[k]
            work.best_length[k] = n
            for m in range(n):
                work.best_node[k, m] = routes.node[row, m + 1]


@kernel
def load_rows(arrays: Arrays) -> None:
    """Times and fingerprints of all slots from their nodes, kept as best."""
    for k in range(arrays.routes.row.shape[0]):
        new_content(arrays, k)
    keep_as_best(arrays)


@kernel
def construct(arrays: Arrays) -> None:
    """Insert the absent greedily; some stay absent if the slots do not suffice."""
    begin(arrays)
    recreate(arrays, INFEASIBLE, True, 0.0)
    keep_as_best(arrays)


@kernel
def shorten(
    arrays: Arrays,
    iterations: int,
    temperature: float,
    best: float,
    removals: float,
    longest: float,
    blink: float,
) -> float:
    """Ruin and recreate `iterations` times; the best cost, whose routes are kept as best.

    `best` is the best cost before. Nothing may be absent, and nothing will be.
    """
    routes = arrays.routes
    total = 0.0
    for k in range(routes.row.shape[0]):
        total += routes.cost[routes.row[k]]
    for _ in range(iterations):
        begin(arrays)
        allowance = -temperature * math.log(1.0 - uniform(arrays.rng))
        saved = ruin(arrays, removals, longest)
        added = recreate(arrays, saved + allowance, False, blink)
        if added >= INFEASIBLE or late(arrays):
            undo(arrays, 0)
            continue
        total += added - saved
        if total < best - 1e-7:
            best = total
            keep_as_best(arrays)
    return best


@kernel
def failures_of_absent(arrays: Arrays) -> int:
    """Sum of the absence counts over the requests absent now."""
    work = arrays.work
    total = 0
    for z in range(work.tally[ABSENT]):
        total += work.failures[work.absent[z]]
    return total


@kernel
def dissolve(arrays: Arrays) -> None:
    """Take out the route whose requests have been left over least often."""
    problem, routes, work = arrays.problem, arrays.routes, arrays.work
    begin(arrays)
    fewest, victim = -1, -1
    for k in range(routes.row.shape[0]):
        row = routes.row[k]
        if routes.length[row] == 0:
            continue
        failures = 0
        for m in range(1, routes.length[row] + 1):
            failures += work.failures[problem.request[routes.node[row, m]]]
        if victim < 0 or failures < fewest:
            fewest, victim = failures, k
    row = routes.row[victim]
    for m in range(1, routes.length[row] + 1):
        take_out(arrays, problem.request[routes.node[row, m]])
    close_up(arrays, victim)
    routes.closed[victim] = True


@kernel
def fill(
    arrays: Arrays,
    iterations: int,
    temperature: float,
    removals: float,
    longest: float,
    blink: float,
    ejections: float,
    most: int,
    steps: int,
) -> int:
    """Ruin and recreate until no request is absent, at most `iterations` times; the number left.

    Ruin and recreate never leaves more absent; among as many, smaller absence counts are accepted
    whatever their cost. A share `ejections` of the iterations inserts an absent request by
    ejecting up to `most` others, found in about `steps` steps: the absent may become many, until
    the counts have grown.
    """
    work = arrays.work
    for left in range(iterations, 0, -1):
        absent = work.tally[ABSENT]
        if absent == 0:
            return left
        begin(arrays)
        if uniform(arrays.rng) < ejections:
            request = work.absent[below(arrays.rng, absent)]
            work.failures[request] += 1
            if not eject(arrays, request, most, steps) or late(arrays):
                undo(arrays, absent)
            continue
        failures = failures_of_absent(arrays)
        saved = ruin(arrays, removals, longest)
        added = recreate(arrays, INFEASIBLE, True, blink)
        now = work.tally[ABSENT]
        accepted = now <= absent and failures_of_absent(arrays) < failures
        for z in range(now):
            work.failures[work.absent[z]] += 1
        if not accepted and now <= absent:
            accepted = added - saved < -temperature * math.log(1.0 - uniform(arrays.rng))
        if not accepted or late(arrays):
            undo(arrays, absent)
    return 0
