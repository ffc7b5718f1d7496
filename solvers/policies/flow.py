"""Matching of unplanned orders to couriers who may take several, as min-cost flow (OR-Tools).

The Hungarian matching gives an idle courier one order; here each courier has as many slots as
there is room on board, busy ones too, and rounds repeat until no order gains.
"""

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python import min_cost_flow

from solvers.kernels.boarding import may_serve, put_on
from solvers.kernels.layout import city_of
from solvers.kernels.placement import best_place
from solvers.kernels.routes import is_full, plan_of, routes_of, unplanned, wider
from solvers.kernels.schedule import City, Routes
from solvers.policies.insertion import insertion
from solvers.policies.matching import gains, one_per_group
from solvers.problem import Budget, Floats, Ints, Plan, Problem
from solvers.validation import check_problem

LARGEST_NETWORK = 4_000_000  # pairs of order and courier
PER_UNIT = 1_000  # costs are integers
TOLERANCE = 1e-6


def flow(problem: Problem, budget: Budget) -> Plan:
    """Match all unplanned orders at once, at the least sum of their prices on the routes so far.

    A price is that of one order alone; a second one on the same route waits for the next round
    if the first has made it dearer. Nothing planned changes courier. Falls back to `insertion`
    above LARGEST_NETWORK. Raises ProblemError.
    """
    check_problem(problem)
    city = city_of(problem)
    routes = routes_of(problem, city)
    everyone = np.arange(problem.couriers, dtype=np.int32)
    waiting = unplanned(city, routes)
    if len(waiting) * len(everyone) > LARGEST_NETWORK:
        return insertion(problem, budget)
    while len(waiting):
        taking_part = one_per_group(city, waiting)
        gain = np.zeros((len(taking_part), len(everyone)))
        gains(city, routes, taking_part, everyone, gain)
        rows, couriers = matched(gain, _slots(problem, routes))
        if not len(rows):
            break
        routes = _put_on_all(city, routes, taking_part[rows], couriers, gain[rows, couriers])
        waiting = unplanned(city, routes)
    return plan_of(routes)


def matched(gain: Floats, slots: NDArray[np.int64]) -> tuple[Ints, Ints]:
    """Pairs (row, column) of the least total gain, a row at most once, a column `slots` times.

    Only gains below zero count. The largest gains come first.
    """
    row, column = np.nonzero(gain < 0.0)
    if not len(row):
        return row.astype(np.int32), column.astype(np.int32)
    orders, couriers = gain.shape
    source, sink = orders + couriers, orders + couriers + 1
    tail = np.concatenate((row, np.full(orders, source), orders + np.arange(couriers)))
    head = np.concatenate((orders + column, np.arange(orders), np.full(couriers, sink)))
    room = np.concatenate((np.ones(len(row) + orders, np.int64), slots))
    cost = np.zeros(len(tail), np.int64)
    cost[: len(row)] = np.rint(gain[row, column] * PER_UNIT).astype(np.int64)
    network = min_cost_flow.SimpleMinCostFlow()
    network.add_arcs_with_capacity_and_unit_cost(tail, head, room, cost)
    # Whoever gains nowhere goes past the couriers, at no cost.
    past = network.add_arc_with_capacity_and_unit_cost(source, sink, orders, 0)
    network.set_node_supply(source, orders)
    network.set_node_supply(sink, -orders)
    status = network.solve()
    assert status == network.OPTIMAL, status  # `past` alone is a feasible flow
    used = network.flows(np.arange(len(row))) > 0
    assert used.sum() + network.flow(past) == orders
    row, column = row[used], column[used]
    by_gain = np.argsort(gain[row, column], kind="stable")
    return row[by_gain].astype(np.int32), column[by_gain].astype(np.int32)


def _slots(problem: Problem, routes: Routes) -> NDArray[np.int64]:
    """(C,) orders of the usual size that fit beside what the route carries at most; at least 1."""
    usual = np.maximum(1, np.median(problem.quantity, axis=0)).astype(np.int64)
    stops = np.arange(routes.load.shape[1])[None, :, None]
    driven = stops <= routes.length[:, None, None]
    peak = np.where(driven, routes.load, 0).max(axis=1)
    slots: NDArray[np.int64] = ((problem.courier_capacity - peak) // usual).min(axis=1, initial=99)
    return np.maximum(1, slots).astype(np.int64)


def _put_on_all(
    city: City, routes: Routes, orders: Ints, couriers: Ints, expected: Floats
) -> Routes:
    """Put each order on its courier's route, unless those before have made that dearer."""
    for o, c, gain in zip(orders.tolist(), couriers.tolist(), expected.tolist(), strict=True):
        if not may_serve(city, routes, c, o):
            continue
        unserved = float(city.orders[o]["unserved"])
        cost, i, j = best_place(city, routes, c, o, unserved)
        if cost - unserved <= gain + TOLERANCE:
            put_on(city, routes, c, o, i, j)
            if is_full(routes, c):
                routes = wider(routes)
    return routes
