"""Recreate: put removed orders back greedily with blinks, remembering prices (kernels).

Greedy insertion with blinks as in Christiaens & Vanden Berghe 2020, section 5.2. The price of an
order on a route depends on nothing else, so it is kept under a hash of both: most routes come
back again and again, and of the prices four in ten are found instead of computed while a search
is hot, and seven in ten later.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.kernels.boarding import may_serve, put_on
from solvers.kernels.borrowing import fetch_row, inlined
from solvers.kernels.neighbors import Neighbors, candidates
from solvers.kernels.placement import best_dropoff, best_place
from solvers.kernels.randomness import RandomState, uniform
from solvers.kernels.ruin import Undo, remember
from solvers.kernels.schedule import NOWHERE, City, Routes
from solvers.problem import Floats, Ints

BLINK = 0.01


class Memo(NamedTuple):
    """A cache of insertion prices: rows of WAYS entries (a cache line), newest first.

    An entry is a key, then price (float32), i, j. A price in single precision is good enough
    to choose by; what is charged is computed anew.
    """

    words: NDArray[np.uint64]  # (2^b, 2 WAYS): key and the rest, by turns
    prices: NDArray[np.float32]  # the same memory, (2^b, 4 WAYS): price in column 4 w + 2
    places: NDArray[np.uint16]  # the same memory, (2^b, 8 WAYS): i, j in columns 8 w + 6, + 7
    shift: int  # 64 - b


class Scratch(NamedTuple):
    """Buffers that recreate needs and nobody reads afterwards."""

    mark: Ints  # (C,)
    stamp: Ints  # (1,)
    near: Ints  # (C + 1,)
    wanted: NDArray[np.uint64]  # (C + 1,)
    sort_key: Floats  # (REMOVED,)
    sequence: Ints  # (L + 1,) of ruin
    cuts: Ints  # (2, L + 1) of exchange_tails, as `heads`
    heads: Floats


WAYS = 4
BOUND = 0xFFFF  # in place of i and j: the price is at least this, and was not computed


def memo_of(bits: int) -> Memo:
    """An empty memo of 2^bits rows, 64 bytes each."""
    words = np.zeros((1 << bits, 2 * WAYS), np.uint64)
    return Memo(words, words.view(np.float32), words.view(np.uint16), 64 - bits)


def scratch_of(couriers: int, removed: int, width: int) -> Scratch:
    """Buffers for that many couriers and removed orders, and rows of that width."""
    return Scratch(
        np.full(couriers, -1, np.int32),
        np.zeros(1, np.int32),
        np.zeros(couriers + 1, np.int32),
        np.zeros(couriers + 1, np.uint64),
        np.zeros(removed),
        np.zeros(width, np.int32),
        np.zeros((2, width), np.int32),
        np.zeros((2, width)),
    )


@inlined
def recreate(
    city: City,
    routes: Routes,
    neighbors: Neighbors,
    undo: Undo,
    memo: Memo,
    scratch: Scratch,
    random: RandomState,
    room: float,
) -> float:
    """Put the removed orders back, or leave them out; what all that changes J by.

    inf if an order fits nowhere, or as soon as it is certain to change by `room` or more.
    """
    _shuffle(city, undo, scratch.sort_key, random)
    delta = -undo.unserved[0]
    for t in range(undo.counts[0]):
        delta += routes.cost[undo.touched[t]] - undo.cost[t]
    for z in range(undo.counts[1]):
        o = undo.removed[z]
        order = city.orders[o]
        if order.anchored:
            c = order.bound
            _, j = best_dropoff(city, routes, c, o)
            i = j
        else:
            limit = np.inf if order.committed else order.unserved
            if city.metric:
                limit = min(limit, room - delta)
            c, i, j = _blinking(city, routes, neighbors, undo.slot, memo, scratch, random, o, limit)
        if j != NOWHERE:
            if not remember(routes, undo, c):
                return np.inf
            before = routes.cost[c]
            put_on(city, routes, c, o, i, j)
            delta += routes.cost[c] - before
        elif order.committed:
            return np.inf
        else:
            delta += order.unserved
        if city.metric and delta >= room:
            return np.inf  # no insertion makes a plan cheaper there
    return delta


@inlined
def _blinking(
    city: City,
    routes: Routes,
    neighbors: Neighbors,
    slot: Ints,
    memo: Memo,
    scratch: Scratch,
    random: RandomState,
    o: int,
    limit: float,
) -> tuple[int, int, int]:
    """The cheapest (courier, i, j), now and then overlooking one; (-1, -1, -1) if none costs
    less than `limit`."""
    order = city.orders[o]
    restricted = order.group >= 0 or order.bound >= 0 or order.skills != 0
    scratch.stamp[0] += 1
    count = candidates(city, routes, neighbors, o, scratch.mark, scratch.stamp[0], scratch.near)
    mixed = np.uint64(o + 1) * np.uint64(0xD6E8FEB86659FD93)
    kept = 0
    for y in range(count):
        c = scratch.near[y]
        if uniform(random) >= BLINK and (not restricted or may_serve(city, routes, c, o)):
            key = (routes.key[c] ^ mixed) * np.uint64(0x9E3779B97F4A7C15)
            fetch_row(memo.words, np.int64(key >> np.uint64(memo.shift)))
            scratch.near[kept], scratch.wanted[kept] = c, key
            kept += 1
    return _cheapest(
        city,
        routes,
        slot,
        memo.words,
        memo.prices,
        memo.places,
        np.uint64(memo.shift),
        scratch.near,
        scratch.wanted,
        kept,
        o,
        limit,
    )


@inlined
def _cheapest(
    city: City,
    routes: Routes,
    slot: Ints,
    words: NDArray[np.uint64],
    prices: NDArray[np.float32],
    places: NDArray[np.uint16],
    shift: np.uint64,
    near: Ints,
    wanted: NDArray[np.uint64],
    count: int,
    o: int,
    best: float,
) -> tuple[int, int, int]:
    """The cheapest of the first `count` couriers, by the memo where it knows."""
    best_c, best_i, best_j = NOWHERE, NOWHERE, NOWHERE
    missing = changed = 0
    for y in range(count):
        c, key = near[y], wanted[y]
        row = np.int64(key >> shift)
        way = 0
        while way < WAYS and words[row, 2 * way] != key:
            way += 1
        if way == WAYS or (places[row, 8 * way + 6] == BOUND and prices[row, 4 * way + 2] < best):
            near[missing], wanted[missing] = c, key
            if slot[c] >= 0:
                near[missing], near[changed] = near[changed], near[missing]
                wanted[missing], wanted[changed] = wanted[changed], wanted[missing]
                changed += 1
            missing += 1
        elif prices[row, 4 * way + 2] < best:
            best, best_c = np.float64(prices[row, 4 * way + 2]), c
            best_i, best_j = int(places[row, 8 * way + 6]), int(places[row, 8 * way + 7])
    # The others are computed last, when a good price to beat is known, and of them first who has
    # changed in this iteration, for that is where the order often goes back to.
    for y in range(missing):
        c, key = near[y], wanted[y]
        row = np.int64(key >> shift)
        way = 0
        while way < WAYS and words[row, 2 * way] != key:
            way += 1
        if way < WAYS and prices[row, 4 * way + 2] >= best:
            continue
        cost, i, j = best_place(city, routes, c, o, best)
        for older in range(2 * min(way, WAYS - 1) - 1, -1, -1):
            words[row, older + 2] = words[row, older]
        words[row, 0] = key
        prices[row, 2] = best if i == NOWHERE else cost
        places[row, 6] = BOUND if i == NOWHERE else i
        places[row, 7] = BOUND if j == NOWHERE else j
        if cost < best:
            best, best_c, best_i, best_j = cost, c, i, j
    return best_c, best_i, best_j


@inlined
def _shuffle(city: City, undo: Undo, sort_key: Floats, random: RandomState) -> None:
    """Sort the removed: anchored first; then at random, by promise, far or close ones first."""
    n = city.orders.shape[0]
    mode = uniform(random)
    for z in range(undo.counts[1]):
        o = undo.removed[z]
        pickup, dropoff = city.tasks[o], city.tasks[n + o]
        if mode < 0.4:
            sort_key[z] = uniform(random)
        elif mode < 0.7:
            sort_key[z] = dropoff.due
        else:
            far = (pickup.x - dropoff.x) ** 2 + (pickup.y - dropoff.y) ** 2
            sort_key[z] = -far if mode < 0.9 else far
        if city.orders[o].anchored:
            sort_key[z] = -1e30 + dropoff.due
        elif city.orders[o].committed:
            sort_key[z] = -1e29
    for z in range(1, undo.counts[1]):
        key, o = sort_key[z], undo.removed[z]
        y = z
        while y > 0 and sort_key[y - 1] > key:
            sort_key[y] = sort_key[y - 1]
            undo.removed[y] = undo.removed[y - 1]
            y -= 1
        sort_key[y] = key
        undo.removed[y] = o
