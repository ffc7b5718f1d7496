"""The kernels of the hard-window solver, compiled beforehand: what an iteration is made of."""

from pathlib import Path

import numpy as np
import pytest

from solvers.pdptw import Budget, bargaining, compile_kernels, improvement, read, solve
from solvers.pdptw.ejection import choose
from solvers.pdptw.insertion import cheapest, refresh
from solvers.pdptw.preparation import load, prepare

LI_LIM = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "pdptw" / "li_lim"


@pytest.fixture(scope="module", params=["LR1_10_5", "LRC2_10_7"])
def arrays(request):
    """Routes of 500 requests after a few iterations: short ones, then long ones."""
    path = LI_LIM / f"{request.param}.txt"
    if not path.exists():
        pytest.skip("the Li & Lim instances are not beside the project")
    compile_kernels()
    instance = read(path)
    solution = solve(instance, Budget(iterations=2000, seed=1))
    routes = [(0, route) for route in solution.routes]
    width = 2 * max(len(route) for route in solution.routes) + 16
    rng = np.array([1], dtype=np.uint64)
    return load(prepare(instance), [0] * len(routes), routes, width, rng)


def test_times_of_one_route(benchmark, arrays):
    benchmark(refresh, arrays.problem, arrays.routes, 0)


def test_a_remembered_insertion_over_all_routes(benchmark, arrays):
    cheapest(arrays, 0, 0.0)
    benchmark(cheapest, arrays, 0, 0.0)


def test_an_insertion_searched_in_all_routes(benchmark, arrays):
    def search():
        arrays.memo.print[0] = 0
        return cheapest(arrays, 0, 0.0)

    benchmark(search)


def test_three_requests_to_eject_searched_in_all_routes(benchmark, arrays):
    arrays.work.failures[:] = np.arange(len(arrays.work.failures)) % 7 + 1
    arrays.work.failures[0] = 9
    benchmark(choose, arrays, 0, 3, 10**9)


def test_a_hundred_iterations_of_shortening(benchmark, arrays):
    benchmark(improvement.shorten, arrays, 100, 1.0, 1e9, 10.0, 10.0, 0.01)


def test_a_hundred_iterations_of_bargaining(benchmark, arrays):
    arrays.work.price[:] = 100.0
    orders = improvement.ORDERS
    benchmark(
        bargaining.bargain, arrays, 100, 100.0, 1e9, 10.0, 10.0, 0.01, orders, 0.001, 0.001, 1e6
    )
