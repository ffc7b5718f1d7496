"""The best plan there is, proven: for small problems, to judge how far off other solvers are.

Every set of orders a courier could serve is a bundle, its cheapest sequence found by labels
(dynamic programming over time and cost); CP-SAT of OR-Tools chooses a bundle for each courier.
"""

import math
import time
from collections.abc import Callable

from msgspec import Struct
from ortools.sat.python import cp_model

from solvers.check import evaluate, unserved_cost
from solvers.policies.bundles import Bundle, bundles_of, states_of
from solvers.policies.insertion import insertion
from solvers.problem import Budget, Plan, Problem

LARGEST_STATES = 20_000  # seconds of labelling: 9 orders and a free courier, 7 and 9, 6 and 27
PER_UNIT = 10_000  # costs are integers in CP-SAT


class TooLargeError(ValueError):
    """The problem is too large to be solved exactly: `code` for programs, `detail` for people."""

    code = "too_large"

    def __init__(self, states: int) -> None:
        self.detail = f"{states} states of bundles, at most {LARGEST_STATES} are examined"
        super().__init__(f"{self.code}: {self.detail}")


class Proof(Struct, frozen=True):
    """A legal plan, and what no plan can cost less than."""

    plan: Plan
    lower_bound: float  # J; -inf where the budget ended before anything was known
    optimal: bool


def exact(problem: Problem, budget: Budget) -> Plan:
    """The plan of `prove`."""
    return prove(problem, budget).plan


def prove(
    problem: Problem, budget: Budget, clock: Callable[[], float] = time.perf_counter
) -> Proof:
    """The best of all legal plans, unless the budget ends the search first.

    Iterations do not apply, but 0 of them, or no budget at all, means that only the unplanned
    is inserted. `clock` gives seconds. Raises ProblemError, and TooLargeError above
    LARGEST_STATES: the sum over couriers of 3 to the power of the orders they may pick up,
    times 2 to the power of those they carry.
    """
    begun = clock()
    incumbent = insertion(problem, budget)
    if not budget.iterations and not budget.seconds:
        return Proof(incumbent, -math.inf, optimal=False)
    if budget.iterations == 0 or budget.seconds == 0.0:
        return Proof(incumbent, -math.inf, optimal=False)
    states = states_of(problem)
    if states > LARGEST_STATES:
        raise TooLargeError(states)
    left_s = math.inf if budget.seconds is None else budget.seconds
    columns = []
    for c in range(problem.couriers):
        if clock() - begun >= left_s:
            return Proof(incumbent, -math.inf, optimal=False)
        columns.append(bundles_of(problem, c))
    return _choose(problem, columns, incumbent, left_s - (clock() - begun), budget.seed)


def _choose(
    problem: Problem, columns: list[list[Bundle]], incumbent: Plan, left_s: float, seed: int
) -> Proof:
    """One bundle a courier, each order in one or left out, groups together."""
    model = cp_model.CpModel()
    cost: list[cp_model.LinearExprT] = []
    serving: list[list[cp_model.IntVar]] = [[] for _ in range(problem.orders)]
    chosen: list[list[cp_model.IntVar]] = []
    for c, bundles in enumerate(columns):
        choice = [model.new_bool_var(f"{c}.{k}") for k in range(len(bundles))]
        model.add_exactly_one(choice)
        for bundle, x in zip(bundles, choice, strict=True):
            cost.append(round(bundle.cost * PER_UNIT) * x)
            for o in bundle.orders:
                serving[o].append(x)
        chosen.append(choice)
    done = {o for bundles in columns for o in bundles[0].done} if columns else set()
    for o, served in enumerate(serving):
        if o not in done:
            left_out = model.new_bool_var(f"without {o}")
            model.add_exactly_one([*served, left_out])
            cost.append(round(unserved_cost(problem, o) * PER_UNIT) * left_out)
    _keep_groups(problem, model, columns, chosen)
    model.minimize(sum(cost))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed % 2**31
    if math.isfinite(left_s):
        solver.parameters.max_time_in_seconds = max(0.01, left_s)
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Proof(incumbent, -math.inf, optimal=False)
    routes = [
        next(b.stops for b, x in zip(bundles, choice, strict=True) if solver.value(x))
        for bundles, choice in zip(columns, chosen, strict=True)
    ]
    n = problem.orders
    served_by = {s for route in routes for s in route}
    found = Plan.of(routes, [o for o in range(n) if n + o not in served_by])
    best = min(found, incumbent, key=lambda plan: evaluate(problem, plan).j)
    bound = float(solver.best_objective_bound) / PER_UNIT
    return Proof(best, bound, optimal=status == cp_model.OPTIMAL)


def _keep_groups(
    problem: Problem,
    model: cp_model.CpModel,
    columns: list[list[Bundle]],
    chosen: list[list[cp_model.IntVar]],
) -> None:
    """At most one courier serves orders of a group."""
    for g in {int(g) for g in problem.group if g >= 0}:
        takers = []
        for c, (bundles, choice) in enumerate(zip(columns, chosen, strict=True)):
            taker = model.new_bool_var(f"group {g} with {c}")
            takers.append(taker)
            for bundle, x in zip(bundles, choice, strict=True):
                if any(problem.group[o] == g for o in (*bundle.orders, *bundle.done)):
                    model.add_implication(x, taker)
        model.add_at_most_one(takers)
