"""Compiling a solver's kernels before they are needed, on a problem of two orders."""

import numpy as np

from solvers.explaining.ranking import rank_couriers
from solvers.explaining.relaxation import explain_unserved
from solvers.kernels.departures import news
from solvers.problem import Budget, Plan, Problem, Rules, Solver, Weights


def warm(solver: Solver) -> None:
    """Seconds, the first time on a machine; milliseconds from the cache after that."""
    problem = tiny_problem()
    plan = solver(problem, Budget(iterations=2))
    nobody = np.zeros(2, np.bool_)
    news(problem, plan, nobody, nobody, 0.0)


def warm_explanations() -> None:
    """What an operator may ask for at any moment must not keep a running city waiting."""
    problem = tiny_problem()
    rank_couriers(problem, 1)
    explain_unserved(problem, Plan.of([[0, 2], []], [1]))


def tiny_problem() -> Problem:
    """Two couriers at a corner of a square of a minute, one of them with a running route."""
    zeros, ones = np.zeros(2), np.ones(2)
    none = np.full(2, -1, np.int32)
    return Problem(
        xy_s=np.array([[0.0, 0.0], [60.0, 0.0], [60.0, 60.0], [0.0, 60.0]], np.float32),
        table_s=np.zeros((0, 0), np.float32),
        round_up_s=0.0,
        courier_place=np.array([0, 0], np.int32),
        courier_free_s=zeros,
        courier_end_s=np.full(2, np.inf),
        courier_capacity=np.full((2, 1), 4, np.int32),
        courier_skills=np.zeros(2, np.int64),
        courier_speed=ones,
        courier_cost=ones,
        courier_co2e=zeros,
        pickup_place=np.array([1, 1], np.int32),
        dropoff_place=np.array([2, 3], np.int32),
        store=np.array([0, 0], np.int32),
        ready_s=np.array([120.0, 150.0]),
        ready_p90_s=np.array([180.0, 210.0]),
        due_s=np.array([900.0, 960.0]),
        pickup_service_s=np.full(2, 60.0),
        dropoff_service_s=np.full(2, 60.0),
        quantity=np.ones((2, 1), np.int32),
        priority=ones,
        skills=np.zeros(2, np.int64),
        group=none,
        unserved_cost=np.full(2, np.nan),
        on_board=none,
        bound_to=np.array([0, -1], np.int32),
        route_stops=np.array([0, 2], np.int32),
        route_start=np.array([0, 2, 2], np.int32),
        pinned=np.array([1, 0], np.int32),
        weights=Weights(),
        rules=Rules(),
    )
