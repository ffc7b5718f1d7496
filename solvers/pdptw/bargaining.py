"""Shortening while requests may be left out, each for a price of its own.

With the fewest vehicles most plans are walled in by the windows: what is complete and near is
worse, and what is better is far. A way round leads through plans that leave somebody out. Prices
rise for those who are out and all fall while nobody is, so that nobody stays out for good and
complete plans keep coming.
"""

import math

from solvers.pdptw.arrays import ABSENT, INFEASIBLE, Arrays
from solvers.pdptw.improvement import arrange, begin, keep_as_best, late, over_absent, undo
from solvers.pdptw.insertion import cheapest, insert
from solvers.pdptw.kernel import kernel
from solvers.pdptw.randomness import uniform
from solvers.pdptw.ruin import ruin


@kernel
def insert_or_pay(arrays: Arrays, budget: float, level: float, blink: float, orders: int) -> float:
    """Insert the absent greedily where that costs no more than their price; the increase in cost.

    INFEASIBLE as soon as that and what is to be paid exceed `budget`. Prices are those of the
    workspace times `level`.
    """
    work = arrays.work
    count = arrange(arrays, orders)
    work.tally[ABSENT] = 0
    added, due = 0.0, 0.0
    for z in range(count):
        r = work.queue[z]
        cost, slot, gaps = cheapest(arrays, r, blink)
        price = level * work.price[r]
        if slot < 0:
            work.misfits[r] += 1
        if slot < 0 or cost > price:
            work.absent[work.tally[ABSENT]] = r
            work.tally[ABSENT] += 1
            due += price
        elif added + due + cost <= budget:
            added += insert(arrays, r, slot, gaps)
        else:
            return INFEASIBLE
        if added + due > budget:
            return INFEASIBLE
    return added


@kernel
def bargain(
    arrays: Arrays,
    iterations: int,
    temperature: float,
    best: float,
    removals: float,
    longest: float,
    blink: float,
    orders: int,
    rise: float,
    fall: float,
    highest: float,
) -> float:
    """Ruin and recreate `iterations` times; the best cost of a complete plan, kept as best.

    In every iteration the prices of the absent rise by the share `rise`, to no more than
    `highest`, or all prices fall by the share `fall` if nobody is absent.
    """
    routes, work = arrays.routes, arrays.work
    total = 0.0
    for k in range(routes.row.shape[0]):
        total += routes.cost[routes.row[k]]
    level = 1.0  # of all prices, so that they fall at once
    for _ in range(iterations):
        begin(arrays)
        absent = work.tally[ABSENT]
        owed = level * over_absent(arrays, work.price)
        budget = owed - temperature * math.log(1.0 - uniform(arrays.rng))
        saved = ruin(arrays, removals, longest)
        added = insert_or_pay(arrays, saved + budget, level, blink, orders)
        if added >= INFEASIBLE or late(arrays):
            undo(arrays, absent)
        else:
            total += added - saved
        if work.tally[ABSENT] == 0:
            level *= 1.0 - fall
            if total < best - 1e-7:
                best = total
                keep_as_best(arrays)
        for z in range(work.tally[ABSENT]):
            r = work.absent[z]
            work.price[r] = min(work.price[r] * (1.0 + rise), highest / level)
    for r in range(work.price.shape[0]):
        work.price[r] *= level
    return best
