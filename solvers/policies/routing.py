"""The routing library of OR-Tools behind the contract of our solvers: a baseline to compare with.

Guided local search (Voudouris & Tsang 1999) from the running plan, with its own model of time,
loads and rules in whole tenths of a second. Its answer is judged like any other.
"""

import time
from collections.abc import Callable
from typing import Any

from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from solvers.check import evaluate, violations
from solvers.policies.insertion import insertion
from solvers.policies.routing_model import Model, model_of
from solvers.problem import Budget, Plan, Problem

# Cells of all travel tables together: beyond them building the model takes longer than deciding.
LARGEST_TABLES = 20_000_000
# A round in which nothing better is found counts too, or a search for so many solutions that do
# not exist would never end.
LOOKS_PER_ITERATION = 1_000
WALL_PER_CPU = 20.0  # the clock may be one of CPU time
LONGEST_S = 3_600.0


def routing(
    problem: Problem, budget: Budget, clock: Callable[[], float] = time.perf_counter
) -> Plan:
    """Insert what is unplanned, then search with OR-Tools until the budget is spent.

    Iterations are solutions accepted. The insertion's plan comes back where OR-Tools finds no
    better legal one, and above LARGEST_TABLES cells (about 1,400 orders of one kind of courier),
    where it is not asked. `clock` gives seconds. Raises ProblemError.
    """
    begun = clock()
    incumbent = insertion(problem, budget)
    if not (budget.iterations or budget.seconds) or problem.orders == 0 or problem.couriers == 0:
        return incumbent
    if budget.iterations == 0 or budget.seconds == 0.0:
        return incumbent
    model = model_of(problem, LARGEST_TABLES)
    if model is None:
        return incumbent
    found = _search(model, incumbent, budget, lambda: clock() - begun)
    if found is None or violations(problem, found):
        return incumbent
    better = evaluate(problem, found).j < evaluate(problem, incumbent).j
    return found if better else incumbent


def _search(
    model: Model, incumbent: Plan, budget: Budget, spent_s: Callable[[], float]
) -> Plan | None:
    search = _parameters(budget)
    looks = 0

    def is_over() -> bool:
        nonlocal looks
        looks += 1
        if budget.iterations is not None and looks > LOOKS_PER_ITERATION * budget.iterations:
            return True
        return budget.seconds is not None and spent_s() >= budget.seconds

    solver = model.routing.solver()
    solver.ReSeed(budget.seed % 2**31)
    model.routing.AddSearchMonitor(solver.CustomLimit(is_over))
    model.routing.CloseModelWithParameters(search)
    start = model.routing.ReadAssignmentFromRoutes(model.rows(incumbent), True)
    if start is None:  # a deadline kept to the last tenth of a second
        found = model.routing.SolveWithParameters(search)
    else:
        found = model.routing.SolveFromAssignmentWithParameters(start, search)
    return None if found is None else model.plan(found)


def _parameters(budget: Budget) -> Any:
    enums = routing_enums_pb2
    search = pywrapcp.DefaultRoutingSearchParameters()
    search.first_solution_strategy = enums.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    search.local_search_metaheuristic = enums.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    if budget.iterations is not None:
        search.solution_limit = budget.iterations
    # What the library's own limits measure is wall time, and the load of the machine would decide:
    # with a tenth of a second for its inner searches it may fail to take over the running plan.
    wall_s = LONGEST_S
    if budget.seconds is not None:
        wall_s = min(LONGEST_S, WALL_PER_CPU * budget.seconds)
    search.time_limit.FromMilliseconds(int(1_000 * wall_s) + 1)
    search.lns_time_limit.FromMilliseconds(int(1_000 * wall_s) + 1)
    return search
