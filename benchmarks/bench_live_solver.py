"""Kernels and solvers on the live case, compile time apart: `make bench`.

Ten new orders into a running plan, the five best couriers for one order, a chunk of the search;
in CPU seconds of the thread, for a busy machine takes it away for milliseconds at a time.
"""

from itertools import cycle
from time import thread_time

import msgspec
import numpy as np
import pytest

from benchmarks.live_case import REFEREE, problem_of, referee
from solvers.explaining.ranking import rank_couriers
from solvers.policies.improvement import CHUNK, Improver, improve
from solvers.policies.insertion import insertion
from solvers.policies.matching import matching
from solvers.problem import Budget, Plan, Problem
from solvers.validation import check_problem

pytestmark = [
    pytest.mark.benchmark(timer=thread_time),
    pytest.mark.skipif(not REFEREE.exists(), reason="the referee's live case is absent"),
]

SIZES = [(900, 300), (3000, 1000)]


def running_plan(orders: int, couriers: int, new: int = 10) -> Problem:
    """The case with a plan of a second's search, from which `new` orders are missing."""
    problem = problem_of(referee().make(orders, couriers, 1))
    plan = improve(problem, Budget(iterations=10_000))
    missing = set(np.linspace(0, orders - 1, new).astype(int).tolist())
    routes = [[s for s in plan.route(c) if s % orders not in missing] for c in range(couriers)]
    kept = Plan.of(routes, [])
    return msgspec.structs.replace(
        problem, route_stops=kept.route_stops, route_start=kept.route_start
    )


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size[0]} orders")
def problem(request):
    return running_plan(*request.param)


def test_ten_new_orders_into_the_running_plan(benchmark, problem):
    insertion(problem, Budget())
    plan = benchmark(insertion, problem, Budget())
    assert len(plan.unserved) == 0


def test_checking_the_problem(benchmark, problem):
    benchmark(check_problem, problem)


def test_five_couriers_for_each_of_200_orders(benchmark, problem):
    orders = cycle(range(0, problem.orders, problem.orders // 200))
    offers = benchmark.pedantic(
        lambda: rank_couriers(problem, next(orders), 5), rounds=400, warmup_rounds=5
    )
    assert len(offers) == 5
    p99_s = float(np.percentile(benchmark.stats.stats.data, 99))
    benchmark.extra_info["p99_ms"] = round(p99_s * 1_000, 2)
    print(f"\n{benchmark.extra_info}")


def test_matching_ten_orders(benchmark, problem):
    matching(problem, Budget())
    benchmark(matching, problem, Budget())


def test_a_chunk_of_the_search(benchmark, problem):
    search = Improver(problem)
    search.advance(CHUNK, temperature=5.0)
    benchmark.pedantic(search.advance, (CHUNK, 5.0), rounds=30)


def test_the_first_plan_of_ten_thousand_orders(benchmark):
    problem = problem_of(referee().make(10_000, 3_000, 1))
    improve(problem_of(referee().make(60, 20, 1)), Budget(iterations=10))
    plan = benchmark.pedantic(improve, (problem, Budget()), rounds=3)
    assert len(plan.unserved) == 0
