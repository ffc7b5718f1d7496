"""Plan to command: what the engine is told of a solver's answer. With briefing.py the way across.

Nobody is told anything before it is necessary: which offers are due is decided here.
"""

from collections.abc import Sequence

import numpy as np

from engine.commands import AdoptPlan, ImprovePlan, RouteLine
from solvers.crossing.briefing import USUAL, Briefer, Briefing, Objective, brief
from solvers.kernels.departures import news
from solvers.policies.holding import Hold
from solvers.problem import Plan

__all__ = [
    "USUAL",
    "Briefer",
    "Briefing",
    "Objective",
    "answer",
    "brief",
    "improvement",
    "route_lines",
]


def answer(briefing: Briefing, plan: Plan, held: Sequence[Hold] = ()) -> AdoptPlan:
    """To the planning round the briefing was drawn up for."""
    return AdoptPlan(briefing.planning_round, route_lines(briefing, plan, held))


def improvement(briefing: Briefing, plan: Plan, held: Sequence[Hold] = ()) -> ImprovePlan:
    """Unasked: better routes for the same orders."""
    return ImprovePlan(route_lines(briefing, plan, held))


def route_lines(briefing: Briefing, plan: Plan, held: Sequence[Hold] = ()) -> list[RouteLine]:
    """The routes that changed, and what is to be offered now; not what is held."""
    problem, n = briefing.problem, briefing.problem.orders
    untold = briefing.untold
    if held:
        untold = untold.copy()
        for hold in held:
            untold[hold.orders] = False
    differs, due = news(problem, plan, untold, briefing.on_break, briefing.release_ahead_s)
    lines = []
    for c in np.flatnonzero(differs).tolist():
        planned = plan.route(c)
        stops = briefing.stops(planned)
        pairs = zip(planned, stops, strict=True)
        release = [stop.delivery for x, stop in pairs if x < n and due[x]]
        lines.append(RouteLine(briefing.couriers[c], int(briefing.versions[c]), stops, release))
    return lines
