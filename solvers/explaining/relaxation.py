"""Why an order is unserved: what binds it, and the smallest change that would place it."""

from enum import StrEnum

import msgspec
import numpy as np
from msgspec import Struct
from numba import njit

from solvers.check import unserved_cost
from solvers.kernels.boarding import group_courier
from solvers.kernels.layout import city_of
from solvers.kernels.placement import keeps_trips
from solvers.kernels.routes import routes_of
from solvers.kernels.schedule import (
    NOWHERE,
    City,
    Routes,
    begin_service,
    leg_s,
    moved,
    shares_service,
    toll_of,
)
from solvers.problem import Plan, Problem
from solvers.validation import check_problem


class Constraint(StrEnum):
    """What may keep an order from being served, the easiest to relax first."""

    COST = "cost"  # serving it costs more than leaving it out
    SHIFT_END = "shift_end"
    CAPACITY = "capacity"
    SKILLS = "skills"
    GROUP = "group"
    BINDING = "binding"
    COURIERS = "couriers"  # there are none, or none with room for a stop


RELAXED = (
    "unserved_cost",
    "courier_end_s",
    "courier_capacity",
    "courier_skills",
    "group",
    "bound_to",
)


class Relaxation(Struct, frozen=True):
    """Changes of the Problem that together let one courier serve one order."""

    order: int
    binding: list[Constraint]  # what is relaxed, and nothing less would do
    courier: int = NOWHERE
    pickup_before: int = NOWHERE  # old stop of the courier's route that the pickup precedes
    dropoff_before: int = NOWHERE
    unserved_cost: float | None = None  # the new cost of leaving the order out
    extend_shift_s: float = 0.0
    add_capacity: list[int] = []  # (D,), empty for none
    add_skills: int = 0  # bit set


def explain_unserved(problem: Problem, plan: Plan) -> list[Relaxation]:
    """For each unserved order of a legal plan the smallest relaxation that places it.

    Smallest: the fewest constraints; then the easiest ones; then the least of them; then the
    cheapest plan. Raises ProblemError.
    """
    check_problem(problem)
    city = city_of(problem)
    routes = routes_of(problem, city, plan)
    return [_smallest(problem, city, routes, o) for o in plan.unserved.tolist()]


def relax(problem: Problem, plan: Plan, relaxation: Relaxation) -> tuple[Problem, Plan]:
    """The relaxed problem, and the plan with the order placed in it: legal, and no dearer."""
    r, o, c = relaxation, relaxation.order, relaxation.courier
    if c == NOWHERE:
        return problem, plan
    columns = {name: getattr(problem, name).copy() for name in RELAXED}
    if r.unserved_cost is not None:
        columns["unserved_cost"][o] = r.unserved_cost
    columns["courier_end_s"][c] += r.extend_shift_s
    if r.add_capacity:
        columns["courier_capacity"][c] += np.array(r.add_capacity, np.int32)
    columns["courier_skills"][c] |= r.add_skills
    if Constraint.GROUP in r.binding:
        columns["group"][o] = -1
    if Constraint.BINDING in r.binding:
        columns["bound_to"][o] = -1
    routes = [plan.route(k) for k in range(problem.couriers)]
    old, i, j = routes[c], r.pickup_before, r.dropoff_before
    routes[c] = [*old[:i], o, *old[i:j], problem.orders + o, *old[j:]]
    unserved = [u for u in plan.unserved.tolist() if u != o]
    return msgspec.structs.replace(problem, **columns), Plan.of(routes, unserved)


def _smallest(problem: Problem, city: City, routes: Routes, o: int) -> Relaxation:
    keeper = group_courier(city, routes, o)
    best: tuple[tuple[float, ...], Relaxation] | None = None
    for c in range(problem.couriers):
        needed = []
        if problem.bound_to[o] not in (NOWHERE, c):
            needed.append(Constraint.BINDING)
        if keeper not in (NOWHERE, c) and problem.bound_to[o] != keeper:
            needed.append(Constraint.GROUP)
        add_skills = int(problem.skills[o]) & ~int(problem.courier_skills[c])
        if add_skills:
            needed.append(Constraint.SKILLS)
        for overload, overtime in ((False, False), (False, True), (True, False), (True, True)):
            excess, late_s, cost, i, j = _least_excess(city, routes, c, o, overload, overtime)
            if i == NOWHERE:
                continue
            found = _relaxation(problem, city, routes, needed, (o, c, i, j), cost, late_s)
            size = (
                float(len(found.binding)),
                float(sum(list(Constraint).index(b) for b in found.binding)),
                float(add_skills.bit_count()),
                excess,
                late_s,
                cost,
            )
            if best is None or size < best[0]:
                best = size, found
            break
    return best[1] if best else Relaxation(o, [Constraint.COURIERS])


def _relaxation(
    problem: Problem,
    city: City,
    routes: Routes,
    needed: list[Constraint],
    place: tuple[int, int, int, int],
    cost: float,
    late_s: float,
) -> Relaxation:
    o, c, i, j = place
    peak = routes.load[c, i : j + 1].max(axis=0) + problem.quantity[o]
    extra = np.maximum(0, peak - problem.courier_capacity[c]).tolist()
    binding = list(needed)
    if any(extra):
        binding.append(Constraint.CAPACITY)
    if late_s > 0.0:
        binding.append(Constraint.SHIFT_END)
    dear = cost >= unserved_cost(problem, o)
    if dear:
        binding.append(Constraint.COST)
    return Relaxation(
        order=o,
        binding=sorted(binding, key=list(Constraint).index),
        courier=c,
        pickup_before=i,
        dropoff_before=j,
        unserved_cost=cost * (1.0 + 1e-9) + 1e-6 if dear else None,
        # A microsecond more, so that rounding does not undo it.
        extend_shift_s=late_s + 1e-6 if late_s > 0.0 else 0.0,
        add_capacity=extra if any(extra) else [],
        add_skills=int(problem.skills[o]) & ~int(problem.courier_skills[c]),
    )


@njit(nogil=True, cache=True)
def _least_excess(
    city: City, routes: Routes, c: int, o: int, overload: bool, overtime: bool
) -> tuple[float, float, float, int, int]:
    """The place of order o on route c that exceeds least what may be exceeded.

    (units over capacity, seconds after the shift, cost change, i, j); i = -1 if there is none.
    """
    best, best_excess, best_late = np.inf, np.inf, np.inf
    best_i, best_j = NOWHERE, NOWHERE
    pinned, n = city.couriers[c].pinned, routes.length[c]
    store = city.tasks[o].store
    for i in range(pinned, n + 1):
        for j in range(i, n + 1):
            excess = _overload(city, routes, c, o, i, j)
            if excess > 0.0 and not overload:
                break
            if city.single_store and not keeps_trips(city.couriers, store, routes.seq, c, n, i, j):
                continue
            cost, late = _trial(city, routes, c, o, i, j)
            if late > 0.0 and not overtime:
                continue
            if (excess, late, cost) < (best_excess, best_late, best):
                best_excess, best_late, best = excess, late, cost
                best_i, best_j = i, j
    return best_excess, best_late, best, best_i, best_j


@njit(nogil=True, cache=True)
def _overload(city: City, routes: Routes, c: int, o: int, i: int, j: int) -> float:
    """Units over capacity, summed over dimensions, with order o on board from i to j."""
    total = 0.0
    for d in range(city.quantity.shape[1]):
        peak = 0
        for k in range(i, j + 1):
            over = routes.load[c, k, d] + city.quantity[o, d] - city.capacity[c, d]
            peak = max(peak, over)
        total += peak
    return total


@njit(nogil=True, cache=True)
def _trial(city: City, routes: Routes, c: int, o: int, i: int, j: int) -> tuple[float, float]:
    """(cost change, seconds after the shift) of the route with order o at i and j."""
    courier = city.couriers[c]
    n = routes.length[c]
    cost = city.disruption if moved(city.orders, o, c) else 0.0
    cost -= routes.cost[c]
    late, before = 0.0, routes.seq[c, 0]
    depart = before.depart
    for at in range(n + 2):
        if at == i:
            task = city.tasks[o]
        elif at == j + 1:
            task = city.tasks[city.orders.shape[0] + o]
        else:
            task = routes.seq[c, 1 + at - (1 if at > i else 0) - (1 if at > j + 1 else 0)]
        ride = leg_s(city.table, city.round_up_s, before, task) * courier.pace
        arrive = depart + ride
        begin = begin_service(task, arrive, shares_service(city.shared_service, before, task))
        latest = task.latest + courier.end if at == i else task.latest
        late = max(late, begin - latest)
        cost += ride * courier.per_ride_s + toll_of(task, arrive)
        old_dropoff = at != i and at != j + 1 and task.store < 0
        if old_dropoff and moved(city.orders, task.stop - city.orders.shape[0], c):
            cost += city.disruption
        before, depart = task, begin + task.service
    return cost + courier.per_work_s * depart, late
