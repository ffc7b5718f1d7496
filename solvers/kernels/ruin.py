"""Ruin: which orders to take off their routes, by strings near a seed (kernels).

Slack induction by string removals, Christiaens & Vanden Berghe 2020, section 5.1, for pickup and
delivery: a string is a run of orders in the sequence in which a route serves them.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.kernels.boarding import take_off
from solvers.kernels.borrowing import inlined
from solvers.kernels.neighbors import Neighbors, order_row
from solvers.kernels.randomness import RandomState, below
from solvers.kernels.schedule import NOWHERE, City, Records, Routes, refresh
from solvers.problem import Floats, Ints

REMOVED = 128  # at most so many orders are removed in one go
TOUCHED = 256  # and at most so many routes changed


class Undo(NamedTuple):
    """The routes an iteration has changed, as they were before."""

    touched: Ints  # (TOUCHED,) couriers; counts[0] are in use
    counts: Ints  # (2,) routes touched, orders removed
    slot: Ints  # (C,) row of the courier below, or -1
    seq: Records  # (TOUCHED, L + 1)
    load: Ints  # (TOUCHED, L + 1, D)
    length: Ints
    cost: Floats
    key: NDArray[np.uint64]
    removed: Ints  # (REMOVED,) orders
    unserved: Floats  # (1,) cost of those among the removed that were on no route


def undo_of(routes: Routes) -> Undo:
    """Room to remember changes of those routes."""
    width, dimensions = routes.seq.shape[1], routes.load.shape[2]
    return Undo(
        np.zeros(TOUCHED, np.int32),
        np.zeros(2, np.int32),
        np.full(len(routes.length), -1, np.int32),
        np.zeros((TOUCHED, width), routes.seq.dtype),
        np.zeros((TOUCHED, width, dimensions), np.int32),
        np.zeros(TOUCHED, np.int32),
        np.zeros(TOUCHED),
        np.zeros(TOUCHED, np.uint64),
        np.zeros(REMOVED, np.int32),
        np.zeros(1),
    )


@inlined
def remember(routes: Routes, undo: Undo, c: int) -> bool:
    """Keep route c as it is, once; False if there is no room to."""
    if undo.slot[c] >= 0:
        return True
    t = undo.counts[0]
    if t == undo.touched.shape[0]:
        return False
    undo.counts[0] += 1
    undo.touched[t] = c
    undo.slot[c] = t
    undo.length[t] = routes.length[c]
    undo.cost[t] = routes.cost[c]
    undo.key[t] = routes.key[c]
    for k in range(routes.length[c] + 1):
        undo.seq[t, k] = routes.seq[c, k]
        for d in range(routes.load.shape[2]):
            undo.load[t, k, d] = routes.load[c, k, d]
    return True


@inlined
def take_back(city: City, routes: Routes, undo: Undo) -> None:
    """Put every touched route back as it was."""
    for z in range(undo.counts[1]):
        routes.route_of[undo.removed[z]] = NOWHERE
    for t in range(undo.counts[0]):
        c = undo.touched[t]
        routes.length[c] = undo.length[t]
        routes.cost[c] = undo.cost[t]
        routes.key[c] = undo.key[t]
        for k in range(undo.length[t] + 1):
            routes.seq[c, k] = undo.seq[t, k]
            for d in range(routes.load.shape[2]):
                routes.load[c, k, d] = undo.load[t, k, d]
            stop = routes.seq[c, k].stop
            if k > 0 and routes.seq[c, k].store < 0:
                routes.route_of[stop - city.orders.shape[0]] = c


@inlined
def forget(undo: Undo) -> None:
    """Start another iteration."""
    for t in range(undo.counts[0]):
        undo.slot[undo.touched[t]] = NOWHERE
    undo.counts[:] = 0
    undo.unserved[0] = 0.0


@inlined
def remove(city: City, routes: Routes, undo: Undo, o: int) -> None:
    """Take one order off, and with it the members of its group that may move."""
    g = city.orders[o].group
    first = city.member_start[g] if g >= 0 else 0
    last = city.member_start[g + 1] if g >= 0 else 1
    for m in range(first, last):
        member = city.members[m] if g >= 0 else o
        c = routes.route_of[member]
        movable = member == o or not city.orders[member].committed
        room = undo.counts[1] < undo.removed.shape[0]
        if c == NOWHERE or not movable or not room or city.orders[member].frozen:
            continue
        if remember(routes, undo, c):
            take_off(city, routes, member)
            undo.removed[undo.counts[1]] = member
            undo.counts[1] += 1


@inlined
def ruin(
    city: City,
    routes: Routes,
    neighbors: Neighbors,
    undo: Undo,
    random: RandomState,
    mean_removed: float,
    longest_string: int,
    sequence: Ints,
) -> None:
    """Remove strings near a random order; unserved orders near it join the removed.

    `sequence` is scratch of (L + 1,).
    """
    n = city.orders.shape[0]
    seed = below(random, n)
    row = order_row(city, neighbors, seed)
    strings = 1 + below(random, int(mean_removed))
    for q in range(-1, row.shape[0]):
        o = seed if q < 0 else row[q]
        if o < 0 or strings == 0 or undo.counts[1] >= undo.removed.shape[0]:
            break
        c = routes.route_of[o]
        if c == NOWHERE:
            _join(city, undo, o)
        elif undo.slot[c] == NOWHERE and not city.orders[o].frozen:
            _remove_string(city, routes, undo, random, o, c, longest_string, sequence)
            strings -= 1
    for t in range(undo.counts[0]):
        refresh(city, routes, undo.touched[t])


@inlined
def _join(city: City, undo: Undo, o: int) -> None:
    for z in range(undo.counts[1]):
        if undo.removed[z] == o:
            return
    undo.removed[undo.counts[1]] = o
    undo.counts[1] += 1
    undo.unserved[0] += city.orders[o].unserved


@inlined
def _remove_string(
    city: City,
    routes: Routes,
    undo: Undo,
    random: RandomState,
    o: int,
    c: int,
    longest_string: int,
    sequence: Ints,
) -> None:
    """Remove a random string of route c that contains order o."""
    n = city.orders.shape[0]
    count = at = 0
    for k in range(1, routes.length[c] + 1):
        task = routes.seq[c, k]
        other = task.stop - n
        # Anchored orders take their place by drop-off, all others by pickup.
        if task.store >= 0 and not city.orders[task.stop].anchored:
            other = task.stop
        elif task.store >= 0 or not city.orders[other].anchored or city.orders[other].frozen:
            continue
        if other == o:
            at = count
        sequence[count] = other
        count += 1
    length = 1 + below(random, min(count, longest_string))
    first = max(0, at - below(random, length))
    first = min(first, count - length)
    for z in range(first, first + length):
        if routes.route_of[sequence[z]] == c:
            remove(city, routes, undo, sequence[z])
