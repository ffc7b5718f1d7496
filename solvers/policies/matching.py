"""Assignment of unplanned orders to idle couriers, one each, at the least total cost (scipy).

The Hungarian baseline of ride hailing: optimal for one order a courier, blind to bundles.
"""

import numpy as np
from numba import njit

from solvers.kernels.boarding import may_serve, put_on
from solvers.kernels.layout import city_of
from solvers.kernels.placement import best_place
from solvers.kernels.routes import plan_of, routes_of, unplanned
from solvers.kernels.schedule import City, Routes
from solvers.problem import Budget, Floats, Ints, Plan, Problem
from solvers.validation import check_problem


def matching(problem: Problem, budget: Budget) -> Plan:
    """Give each idle courier at most one unplanned order; running routes stay as they are.

    Idle are couriers without a stop. Of a group that no courier has yet only one order takes
    part, since the others would have to follow it. Raises ProblemError.
    """
    from scipy.optimize import linear_sum_assignment  # here, for it loads for long

    check_problem(problem)
    city = city_of(problem)
    routes = routes_of(problem, city)
    idle = np.flatnonzero(routes.length == 0).astype(np.int32)
    waiting = one_per_group(city, unplanned(city, routes))
    gain = np.zeros((len(waiting), len(idle)))
    gains(city, routes, waiting, idle, gain)
    for row, column in zip(*linear_sum_assignment(gain), strict=True):
        if gain[row, column] < 0.0:
            put_on(city, routes, idle[column], waiting[row], 0, 0)
    return plan_of(routes)


def one_per_group(city: City, waiting: Ints) -> Ints:
    """The orders without those whose group has another among them already."""
    group = city.orders["group"][waiting]
    _, first = np.unique(group, return_index=True)
    takes_part = group < 0
    takes_part[first] = True
    return waiting[takes_part]


@njit(nogil=True, cache=True)
def gains(city: City, routes: Routes, waiting: Ints, couriers: Ints, gain: Floats) -> None:
    """Cost of serving order z with courier y instead of leaving it out, where it is below zero."""
    for z in range(waiting.shape[0]):
        o = waiting[z]
        unserved = city.orders[o].unserved
        for y in range(couriers.shape[0]):
            if may_serve(city, routes, couriers[y], o):
                cost, _, _ = best_place(city, routes, couriers[y], o, unserved)
                gain[z, y] = min(0.0, cost - unserved)
