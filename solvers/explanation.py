"""Why an order goes with whom it goes, or with nobody: in the engine's names.

Sees the engine, like bridge.py: it turns rows of a problem back into couriers and times.
"""

import numpy as np
from msgspec import Struct

from engine.state import State
from engine.state.deliveries import ON_BOARD, DeliveryStatus
from engine.values import CourierId, DeliveryId, Millis, OrderId, PlanningRoundId
from solvers.bridge import USUAL, Briefing, Objective, brief
from solvers.problem import Ints, Plan
from solvers.ranking import Terms, rank_couriers
from solvers.relaxation import Constraint, Relaxation, explain_unserved

NO_ROUND = PlanningRoundId(0)


class Alternative(Struct, frozen=True):
    """One courier's cheapest way to take the order: costs in units of the objective, seconds."""

    courier: CourierId
    cost: float
    terms: Terms
    at_store: Millis  # arrival; the goods may not be ready then
    at_door: Millis


class Remedy(Struct, frozen=True):
    """What keeps everybody from taking it, and the least that would have to give."""

    binding: list[Constraint]
    courier: CourierId | None
    extend_shift_s: float
    add_capacity: int
    unserved_cost: float | None


class Explanation(Struct, frozen=True):
    """`settled`: on board or under way, nobody else comes into question. `alternatives` are the
    cheapest couriers, best first; `remedy` is there when no courier may or should take it."""

    order: OrderId
    delivery: DeliveryId | None
    status: DeliveryStatus | None
    courier: CourierId | None
    settled: bool
    alternatives: list[Alternative]
    remedy: Remedy | None


def explain(
    s: State, order: OrderId, now: Millis, top: int = 5, objective: Objective = USUAL
) -> Explanation:
    """Of an order the engine knows. Raises KeyError for one it does not."""
    if s.orders.get(order) is None:
        raise KeyError(order)
    key = s.deliveries.of_order.get(order)
    if key is None:
        return Explanation(order, None, None, None, False, [], None)
    delivery = s.deliveries[key]
    settled = delivery.status in ON_BOARD or key not in s.deliveries.open
    if settled:
        return Explanation(order, key, delivery.status, delivery.courier, True, [], None)
    briefing = brief(s, NO_ROUND, now, objective)
    row = briefing.deliveries.index(key)
    offers = rank_couriers(briefing.problem, row, top)
    alternatives = [
        Alternative(
            briefing.couriers[x.courier],
            x.terms.total,
            x.terms,
            Millis(now + round(x.pickup_s * 1_000)),
            Millis(now + round(x.dropoff_s * 1_000)),
        )
        for x in offers
    ]
    remedy = None if delivery.courier else _remedy(briefing, row, bool(alternatives))
    return Explanation(order, key, delivery.status, delivery.courier, False, alternatives, remedy)


def _remedy(briefing: Briefing, row: int, may_be_served: bool) -> Remedy | None:
    """For an order on no route: what binds it. None if the next plan will simply take it."""
    problem = briefing.problem
    planned = {x % problem.orders for x in problem.route_stops.tolist()}
    unserved = [o for o in range(problem.orders) if o not in planned]
    running = Plan(problem.route_stops, problem.route_start, _ints(unserved))
    [found] = [x for x in explain_unserved(problem, running) if x.order == row]
    if may_be_served and not found.binding:
        return None
    return _named(briefing, found)


def _named(briefing: Briefing, found: Relaxation) -> Remedy:
    return Remedy(
        found.binding,
        briefing.couriers[found.courier] if found.courier >= 0 else None,
        found.extend_shift_s,
        found.add_capacity[0] if found.add_capacity else 0,
        found.unserved_cost,
    )


def _ints(values: list[int]) -> Ints:
    return np.array(values, np.int32)
