"""Why an order goes with whom it goes, or with nobody: in the engine's names.

Sees the engine, like bridge.py: it turns rows of a problem back into couriers and times.
"""

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from engine.rules.skills import lacking
from engine.stages import ENDED
from engine.state import State
from engine.state.deliveries import ON_BOARD, DeliveryStatus
from engine.values import (
    SECOND,
    CourierId,
    DeliveryId,
    Millis,
    OrderId,
    PlanningRoundId,
    Skill,
    StoreId,
)
from solvers.crossing.anticipation import Anticipation
from solvers.crossing.bridge import USUAL, Briefing, Objective, brief
from solvers.explaining.ranking import Terms, rank_couriers
from solvers.explaining.relaxation import Constraint, Relaxation, explain_unserved
from solvers.policies.holding import holds
from solvers.problem import Ints, Plan, Problem

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
    skills: list[Skill] = []  # that this courier would need, and has not


class Wait(Struct, frozen=True):
    """A trip that is due would wait, if its planner holds trips back: an order likely to come at
    `store` may share the ride. Costs in units of the objective."""

    until: Millis  # at the latest
    store: StoreId
    saves_per_min: float  # expected
    costs_per_min: float


class Explanation(Struct, frozen=True):
    """`settled`: on board or ended, nobody else comes into question. `alternatives` are the
    cheapest couriers, best first; `remedy` is there when no courier may or should take it."""

    order: OrderId
    delivery: DeliveryId | None
    status: DeliveryStatus | None
    courier: CourierId | None
    settled: bool
    alternatives: list[Alternative]
    remedy: Remedy | None
    wait: Wait | None = None


def explain(
    s: State,
    order: OrderId,
    now: Millis,
    top: int = 5,
    objective: Objective = USUAL,
    holds_back: bool = False,
) -> Explanation:
    """Of an order the engine knows; `holds_back`: and whether it would be held back.

    Raises KeyError for one it does not know.
    """
    known = s.orders.get(order)
    if known is None:
        raise KeyError(order)
    key = s.deliveries.of_order.get(order)
    if key is None:
        return Explanation(order, None, None, None, known.status in ENDED, [], None)
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
    if remedy and remedy.courier:
        missing = lacking(delivery.skills, s.couriers[remedy.courier].skills)
        remedy = replace(remedy, skills=missing)
    wait = _wait(s, briefing, row, now) if holds_back and briefing.untold[row] else None
    return Explanation(
        order, key, delivery.status, delivery.courier, False, alternatives, remedy, wait
    )


def _wait(s: State, briefing: Briefing, row: int, now: Millis) -> Wait | None:
    """Reads all orders of the day: not for a loop that serves."""
    question = Anticipation(s).question(briefing, _running(briefing.problem), now)
    for hold in holds(question) if question else ():
        if row in hold.orders:
            return Wait(
                Millis(now + round(hold.latest_s * SECOND)),
                [*s.stores.stores][hold.store],
                60.0 * hold.saves_per_s,
                60.0 * hold.costs_per_s,
            )
    return None


def _remedy(briefing: Briefing, row: int, may_be_served: bool) -> Remedy | None:
    """For an order on no route: what binds it. None if the next plan will simply take it."""
    problem = briefing.problem
    [found] = [x for x in explain_unserved(problem, _running(problem)) if x.order == row]
    if may_be_served and not found.binding:
        return None
    return _named(briefing, found)


def _running(problem: Problem) -> Plan:
    planned = {x % problem.orders for x in problem.route_stops.tolist()}
    unserved = [o for o in range(problem.orders) if o not in planned]
    return Plan(problem.route_stops, problem.route_start, _ints(unserved))


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
