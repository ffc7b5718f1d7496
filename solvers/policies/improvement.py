"""Ruin and recreate from the running plan, under simulated annealing; anytime, never worse."""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit

from solvers.kernels.borrowing import borrowed, inlined
from solvers.kernels.exchange import exchange_tails
from solvers.kernels.layout import city_of
from solvers.kernels.neighbors import Neighbors, neighbors_of
from solvers.kernels.randomness import RandomState, random_state, uniform
from solvers.kernels.recreate import Memo, Scratch, memo_of, recreate, scratch_of
from solvers.kernels.routes import is_full, routes_of, total_cost, wider
from solvers.kernels.ruin import REMOVED, Undo, forget, ruin, take_back, undo_of
from solvers.kernels.schedule import City, Routes
from solvers.policies.insertion import insert_unplanned
from solvers.problem import Budget, Floats, Ints, Plan, Problem
from solvers.validation import check_problem

CHUNK = 100  # iterations between two looks at the clock
MEAN_REMOVED = 4
LONGEST_STRING = 10
EXCHANGES = 0.7  # share of the iterations
HOT, COLD = 0.3, 0.02  # temperatures as shares of the cost per order


class Best(NamedTuple):
    """The cheapest plan so far, kept up by the routes that changed since."""

    stops: Ints  # (C, L + 1) from column 1
    length: Ints  # (C,)
    dirty: Ints  # (C,) routes that differ; dirty_count[0] of them
    is_dirty: Ints  # (C,)
    dirty_count: Ints  # (1,)
    cost: Floats  # (2,) of the best plan, of the present one


class Improver:
    """A search that can be continued: `advance` as often as you like, `plan` at any time."""

    def __init__(self, problem: Problem, seed: int = 1) -> None:
        """Start from the running plan with the unplanned inserted. Raises ProblemError."""
        check_problem(problem)
        self._city = city_of(problem)
        self._neighbors = neighbors_of(self._city)
        routes = routes_of(problem, self._city)
        self._routes = insert_unplanned(self._city, routes)
        self._random = random_state(seed)
        couriers = len(self._city.couriers)
        self._memo = memo_of(
            int(np.clip(np.ceil(np.log2(len(self._city.orders) * 75 + 1)), 10, 21))
        )
        self._scratch = scratch_of(couriers, REMOVED, self._routes.seq.shape[1])
        self._undo = undo_of(self._routes)
        self._best = _best_of(self._city, self._routes)
        self.iterations = 0

    @property
    def cost(self) -> float:
        """J of the best plan so far."""
        return float(self._best.cost[0])

    def advance(self, iterations: int, temperature: float) -> None:
        """Ruin and recreate so many times. Temperature in units of cost."""
        self.iterations += iterations
        if len(self._city.orders) == 0 or len(self._city.couriers) == 0:
            return
        _anneal(
            self._city,
            self._routes,
            self._neighbors,
            self._undo,
            self._memo,
            self._scratch,
            self._best,
            self._random,
            iterations,
            temperature,
        )
        if _any_full(self._routes):
            self._routes = wider(self._routes)
            self._undo = undo_of(self._routes)
            couriers, width = self._routes.seq.shape
            self._scratch = scratch_of(couriers, REMOVED, width)
            stops = np.zeros(self._routes.seq.shape[:2], np.int32)
            stops[:, : self._best.stops.shape[1]] = self._best.stops
            self._best = self._best._replace(stops=stops)

    def plan(self) -> Plan:
        """The best plan so far."""
        length = self._best.length
        start = np.zeros(len(length) + 1, np.int32)
        np.cumsum(length, out=start[1:])
        columns = np.arange(self._best.stops.shape[1])
        taken = (columns[None, :] >= 1) & (columns[None, :] <= length[:, None])
        stops = self._best.stops[taken]
        served = np.zeros(2 * len(self._city.orders), np.bool_)
        served[stops] = True
        unserved = np.flatnonzero(~served[len(self._city.orders) :])
        return Plan(stops, start, unserved.astype(np.int32))


def improve(
    problem: Problem, budget: Budget, clock: Callable[[], float] = time.perf_counter
) -> Plan:
    """Insert what is unplanned, then improve until the budget is spent. Raises ProblemError.

    Stopped by iterations alone, the same seed gives the same plan, bit for bit; with a deadline
    the annealing follows the clock. `clock` gives seconds.
    """
    begun = clock()
    search = Improver(problem, budget.seed)
    per_order = search.cost / max(1, problem.orders)
    while (spent := _spent(budget, search.iterations, clock() - begun)) < 1.0:
        chunk = CHUNK
        if budget.iterations is not None:
            chunk = min(chunk, budget.iterations - search.iterations)
        search.advance(chunk, per_order * HOT * (COLD / HOT) ** spent)
    return search.plan()


def _spent(budget: Budget, iterations: int, seconds: float) -> float:
    """The share of the budget that is used up; 1 if there is none."""
    shares = [1.0] if budget.iterations is None and budget.seconds is None else []
    if budget.iterations is not None:
        shares.append(iterations / budget.iterations if budget.iterations > 0 else 1.0)
    if budget.seconds is not None:
        shares.append(seconds / budget.seconds if budget.seconds > 0 else 1.0)
    return max(shares)


def _best_of(city: City, routes: Routes) -> Best:
    couriers = len(routes.length)
    cost = total_cost(city, routes)
    return Best(
        routes.seq["stop"].copy(),
        routes.length.copy(),
        np.zeros(couriers, np.int32),
        np.zeros(couriers, np.int32),
        np.zeros(1, np.int32),
        np.array([cost, cost]),
    )


@njit(nogil=True, cache=True)
def _any_full(routes: Routes) -> bool:
    full = False
    for c in range(routes.length.shape[0]):
        full = full or is_full(routes, c)
    return full


@njit(nogil=True, cache=True)
def _anneal(
    city: City,
    routes: Routes,
    neighbors: Neighbors,
    undo: Undo,
    memo: Memo,
    scratch: Scratch,
    best: Best,
    random: RandomState,
    iterations: int,
    temperature: float,
) -> None:
    city, routes, neighbors = borrowed(city), borrowed(routes), borrowed(neighbors)
    undo, memo, scratch, best = borrowed(undo), borrowed(memo), borrowed(scratch), borrowed(best)
    random = borrowed((random,))[0]
    sequence, cuts, heads = scratch.sequence, scratch.cuts, scratch.heads
    for _ in range(iterations):
        forget(undo)
        # What a change may cost is drawn beforehand, so that dearer ones are given up half-way.
        room = -temperature * np.log(1.0 - uniform(random))
        if uniform(random) < EXCHANGES:
            delta = exchange_tails(city, routes, neighbors, undo, random, room, cuts, heads)
        else:
            ruin(city, routes, neighbors, undo, random, MEAN_REMOVED, LONGEST_STRING, sequence)
            delta = recreate(city, routes, neighbors, undo, memo, scratch, random, room)
        if delta < room:
            best.cost[1] += delta
            _note(routes, undo, best)
        else:
            take_back(city, routes, undo)


@inlined
def _note(routes: Routes, undo: Undo, best: Best) -> None:
    """Mark the touched routes as different from the best plan's; keep a new best plan."""
    for t in range(undo.counts[0]):
        c = undo.touched[t]
        if best.is_dirty[c] == 0:
            best.is_dirty[c] = 1
            best.dirty[best.dirty_count[0]] = c
            best.dirty_count[0] += 1
    if best.cost[1] < best.cost[0] - 1e-7:
        best.cost[0] = best.cost[1]
        for z in range(best.dirty_count[0]):
            c = best.dirty[z]
            best.is_dirty[c] = 0
            best.length[c] = routes.length[c]
            for k in range(1, routes.length[c] + 1):
                best.stops[c, k] = routes.seq[c, k].stop
        best.dirty_count[0] = 0
