"""The solvers by name, each with what it is for and what it supports."""

from importlib import import_module

from msgspec import Struct

from solvers.policies.improvement import improve
from solvers.policies.insertion import insertion, regret_insertion
from solvers.policies.matching import matching
from solvers.policies.nearest import nearest
from solvers.problem import Budget, Plan, Problem, Solver

EVERY_CONSTRAINT = (
    "capacity vectors, skills, speeds, shift ends, pins, bindings, goods on board, groups, "
    "ready times, single-store trips, travel by coordinates or table"
)


class WhenCalled(Struct, frozen=True):
    """A solver whose module is imported by its first call: OR-Tools takes half a second."""

    module: str
    name: str

    def __call__(self, problem: Problem, budget: Budget) -> Plan:
        solver: Solver = getattr(import_module(self.module), self.name)
        return solver(problem, budget)


class Entry(Struct, frozen=True):
    """One line of `o2o solvers`."""

    solver: Solver
    description: str
    constraints: str  # those its plans respect
    replans: bool  # moves orders that are planned already, where that pays
    uses_budget: bool


SOLVERS: dict[str, Entry] = {
    "nearest": Entry(
        nearest,
        "each unplanned order to the end of the route of whoever can be at its pickup first",
        EVERY_CONSTRAINT + "; makes no bundles",
        replans=False,
        uses_budget=False,
    ),
    "insertion": Entry(
        insertion,
        "each unplanned order to its cheapest place, earliest promise first: milliseconds",
        EVERY_CONSTRAINT,
        replans=False,
        uses_budget=False,
    ),
    "regret": Entry(
        regret_insertion,
        "unplanned orders in the order of their regret: better starts, slower",
        EVERY_CONSTRAINT,
        replans=False,
        uses_budget=False,
    ),
    "matching": Entry(
        matching,
        "one unplanned order for each idle courier, at the least total cost (Hungarian)",
        EVERY_CONSTRAINT + "; makes no bundles",
        replans=False,
        uses_budget=False,
    ),
    "improvement": Entry(
        improve,
        "ruin and recreate from the running plan until the budget is spent",
        EVERY_CONSTRAINT,
        replans=True,
        uses_budget=True,
    ),
    "flow": Entry(
        WhenCalled("solvers.policies.flow", "flow"),
        "all unplanned orders to couriers with several slots, at the least total price, in rounds "
        "(OR-Tools min-cost flow)",
        EVERY_CONSTRAINT,
        replans=False,
        uses_budget=False,
    ),
    "routing": Entry(
        WhenCalled("solvers.policies.routing", "routing"),
        "guided local search of the OR-Tools routing library from the running plan: a baseline, "
        "up to about 1,400 orders; holds the interpreter for tens of milliseconds at a time",
        EVERY_CONSTRAINT,
        replans=True,
        uses_budget=True,
    ),
    "exact": Entry(
        WhenCalled("solvers.policies.exact", "exact"),
        "the proven optimum (bundles by labels, chosen by CP-SAT), to judge the others; refuses "
        "problems of more than a handful of orders",
        EVERY_CONSTRAINT,
        replans=True,
        uses_budget=True,
    ),
}
