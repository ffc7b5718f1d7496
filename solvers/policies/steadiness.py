"""A budget of changes the optimizer must respect: so many orders an hour go to another courier.

A move is an order that the running plan gives to one courier and a new plan to another. What
couriers were told of stays anyway; this keeps plans steady that nobody has heard of yet.
"""

from itertools import pairwise
from threading import Lock

from msgspec.structs import replace

from solvers.policies.insertion import insertion
from solvers.problem import Budget, Ints, Plan, Problem, Solver

HOUR_MS = 3_600_000
FORBIDDEN = 1e6  # seconds of riding for a stop that moves: dearer than leaving orders out
NOWHERE = -1


class Steadiness:
    """Counts moves over the last hour, and keeps solvers to what is left of the budget."""

    def __init__(self, moves_per_h: int) -> None:
        self.moves_per_h = moves_per_h
        self._moved: list[tuple[int, int]] = []  # (when, how many), within the last hour
        self._lock = Lock()  # two solvers may share a budget

    def left(self, now_ms: int) -> int:
        """Moves that are still allowed."""
        with self._lock:
            self._forget(now_ms)
            return self.moves_per_h - sum(n for _, n in self._moved)

    def solve(self, solver: Solver, problem: Problem, budget: Budget, now_ms: int) -> Plan:
        """The solver's plan; one with fewer moves if it has too many; the running plan, and what
        is new inserted, if that has too many still."""
        plan = solver(problem, budget)
        if self._take(now_ms, moves(problem, plan)):
            return plan
        steady = replace(problem.weights, disruption_per_stop=FORBIDDEN)
        plan = solver(replace(problem, weights=steady), budget)
        if self._take(now_ms, moves(problem, plan)):
            return plan
        plan = insertion(problem, budget)
        forced = moves(problem, plan)  # whose courier can no longer take them
        with self._lock:
            self._moved.append((now_ms, forced))
        return plan

    def give_back(self, now_ms: int, unused: int) -> None:
        """Of the moves taken at `now_ms`, so many came to nothing: the world had gone on."""
        with self._lock:
            self._moved.append((now_ms, -unused))

    def _take(self, now_ms: int, wanted: int) -> bool:
        """Looks and takes at once, for others look, too, while a solver thinks."""
        with self._lock:
            self._forget(now_ms)
            is_left = wanted <= 0 or wanted <= self.moves_per_h - sum(n for _, n in self._moved)
            if is_left:
                self._moved.append((now_ms, wanted))
        return is_left

    def _forget(self, now_ms: int) -> None:
        self._moved = [x for x in self._moved if x[0] > now_ms - HOUR_MS]


def moves(problem: Problem, plan: Plan) -> int:
    """Orders the plan gives to another courier than the running plan does."""
    before = _courier_of(problem.route_stops, problem.route_start, problem.orders)
    after = _courier_of(plan.route_stops, plan.route_start, problem.orders)
    return sum(a not in (NOWHERE, b) for a, b in zip(before, after, strict=True))


def _courier_of(stops: Ints, start: Ints, orders: int) -> list[int]:
    """By order: whose route its drop-off is on."""
    found, bounds = [NOWHERE] * orders, start.tolist()
    listed: list[int] = stops.tolist()
    for courier, (first, last) in enumerate(pairwise(bounds)):
        for stop in listed[first:last]:
            if stop >= orders:
                found[stop - orders] = courier
    return found
