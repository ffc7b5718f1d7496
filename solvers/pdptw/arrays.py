"""The arrays a search works on: the problem in kernel form, the routes under change, the memo."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Small = NDArray[np.int32]
Words = NDArray[np.uint64]

# Times may exceed a limit by this much, in the unit of the instance: sums of floats in another
# order differ in the last digits, and some best-known routes leave no slack at all.
TOLERANCE = 1e-9
INFEASIBLE = 1e18
HOPELESS = 1e17  # a cost above this has INFEASIBLE in it

# Entries of `Workspace.tally`.
ABSENT, TOUCHED, REMOVED, STAMP = 0, 1, 2, 3
TALLIES = 4

# Entries of a row of `Workspace.at`, a walk along a route from which requests have been left out.
KEPT, NEXT, LOAD, COUNT, PENDING, FORCED, OUSTED = 0, 1, 2, 3, 4, 5, 6
AT_WIDTH = 7
MOST_EJECTED = 4  # that there is room for


class Problem(NamedTuple):
    """What never changes during a search. N nodes, R requests, K route slots (sorted by depot)."""

    travel: Floats  # (N, N) cost and time from row to column
    back: Floats  # (N, N) its transpose, so that both directions are read along a row
    direct: bool  # the triangle inequality holds: no detour arrives earlier or is shorter
    ready: Floats  # (N,)
    due: Floats  # (N,) TOLERANCE already added
    service: Floats  # (N,) zero at depots
    quantity: Ints  # (N,) positive at pickups
    capacity: int
    pickup: Small  # (R,) node
    delivery: Small  # (R,) node
    request: Small  # (N,) request of the node, -1 at depots
    together: NDArray[np.bool_]  # (R, R) can the two share a route at all
    near: Small  # (N, W) the other nodes, nearest first, no depots
    depot: Small  # (K,) node where the route of the slot starts and ends


class Routes(NamedTuple):
    """K slots, each with two rows of its own: the current one and a spare to write changes to.

    Undoing a change is then a matter of pointing back. Position 0 of a row is the depot, and so
    is the position after the last stop.
    """

    row: Small  # (K,) the current row of the slot: 2k or 2k + 1
    print: Words  # (K,) fingerprint of the current row
    prints: Words  # (2K,) fingerprint of the row: equal if and only if the stops are
    length: Small  # (2K,) stops in the row, without depots
    cost: Floats  # (2K,)
    node: Small  # (2K, M)
    depart: Floats  # (2K, M) earliest end of service
    latest: Floats  # (2K, M) latest arrival that keeps the rest of the route in time
    load: Ints  # (2K, M) on leaving the stop
    leg: Floats  # (2K, M) travel from the position before
    slot: Small  # (R,) where the request is, -1 if absent
    closed: NDArray[np.bool_]  # (K,) an empty slot that must stay so


class Row(NamedTuple):
    """One row of Routes by itself."""

    length: int
    node: Small
    depart: Floats
    latest: Floats
    load: Ints
    leg: Floats


class Memo(NamedTuple):
    """The cheapest insertion of each request into each slot while the fingerprint is equal."""

    print: Words  # (R, K)
    cost: Floats  # (R, K) exact if gap >= 0; otherwise no insertion is cheaper than this
    gap: Small  # (R, K) pickup gap << 16 | delivery gap, -1 if unknown or none


class Workspace(NamedTuple):
    """What one iteration writes down: to undo itself, and to save allocating."""

    tally: Ints  # (TALLIES,)
    absent: Small  # (R,) requests in no route; the first tally[ABSENT] count
    absent_before: Small  # (R,) the same before the iteration
    queue: Small  # (R,)
    key: Floats  # (R,)
    touched: Small  # (K,) slots changed
    stamp: Ints  # (K,) equal to tally[STAMP] if changed in this iteration
    removed: Small  # (R,) requests taken out
    removed_from: Small  # (R,) and their slots
    stale: Small  # (K,) slots to look at again
    detour: Floats  # (M,) of a delivery alone, by gap
    bound: Floats  # (M,) smallest detour from the gap on
    times: Floats  # (MOST_EJECTED + 1, 3) earliest departures: without, pickup behind, both behind
    at: Ints  # (MOST_EJECTED + 1, AT_WIDTH)
    gone: NDArray[np.bool_]  # (R,) left out of the walk
    ejected: Small  # (MOST_EJECTED,) the best of a slot
    chosen: Small  # (MOST_EJECTED,) the best of all
    failures: Ints  # (R,) how often a request was left over
    misfits: Ints  # (R,) how often a plan failed because a request fitted nowhere
    price: Floats  # (R,) of leaving a request out, in the unit of the cost
    best_node: Small  # (K, M) the best routes so far
    best_length: Small  # (K,)
    best_print: Words  # (K,)


class Arrays(NamedTuple):
    """Everything a kernel needs."""

    problem: Problem
    routes: Routes
    memo: Memo
    work: Workspace
    rng: Words  # (1,) state of the random numbers
