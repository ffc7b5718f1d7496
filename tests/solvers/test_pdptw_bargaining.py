"""Bargaining: what is kept is complete and true, and prices move as they should."""

import numpy as np
import pytest

from solvers.pdptw import Budget, Solution, check, distance, solve
from solvers.pdptw.arrays import ABSENT
from solvers.pdptw.bargaining import bargain
from solvers.pdptw.improvement import ORDERS, dissolve
from solvers.pdptw.preparation import absent_now, load, prepare, routes_kept, routes_now
from tests.solvers.test_pdptw import city


def market(instance, price, seed=1):
    """A plan of few vehicles, every request with this price of leaving it out."""
    solution = solve(instance, Budget(iterations=1000, seed=seed))
    routes = list(zip(solution.depots, solution.routes, strict=True))
    rng = np.array([seed], dtype=np.uint64)
    arrays = load(prepare(instance), list(solution.depots), routes, 124, rng)
    arrays.work.price[:] = price
    return arrays, distance(instance, solution)


def haggle(arrays, iterations, best, rise=0.01, fall=0.01, highest=1e6):
    return bargain(arrays, iterations, 20.0, best, 10.0, 10.0, 0.01, ORDERS, rise, fall, highest)


def plan(routes):
    return Solution(
        routes=tuple(nodes for _, nodes in routes), depots=tuple(depot for depot, _ in routes)
    )


@pytest.mark.parametrize("asymmetric", [False, True])
def test_what_is_kept_serves_everybody_and_is_as_long_as_said(asymmetric):
    instance = city(40, 3, asymmetric=asymmetric)
    arrays, _ = market(instance, 30.0)
    out = 0
    for _ in range(30):
        best = haggle(arrays, 100, 1e17)
        out += arrays.work.tally[ABSENT]
        if best < 1e17:
            kept = plan(routes_kept(arrays))
            assert check(instance, kept).feasible
            assert distance(instance, kept) == pytest.approx(best)
    assert out > 0


def test_prices_rise_for_who_is_out_and_fall_for_all_when_nobody_is():
    arrays, best = market(city(40, 3), 30.0)
    full = 0
    for _ in range(300):
        before = arrays.work.price.copy()
        haggle(arrays, 1, best, rise=0.02, fall=0.01)
        out = absent_now(arrays)
        full += len(out) == 0
        expected = before if len(out) else before * 0.99
        expected[out] *= 1.02
        np.testing.assert_allclose(arrays.work.price, expected)
    assert 0 < full < 300


def test_nobody_is_inserted_for_more_than_the_price():
    arrays, best = market(city(40, 3), 0.0)
    haggle(arrays, 200, best)
    assert arrays.work.tally[ABSENT] > 20


def test_a_price_has_a_ceiling():
    arrays, best = market(city(40, 3), 8.0)
    haggle(arrays, 2000, best, rise=0.5, fall=0.0, highest=50.0)
    assert arrays.work.price.max() == 50.0


def test_a_route_taken_apart_comes_back_while_there_is_a_slot_for_it():
    instance = city(40, 3)
    arrays, _ = market(instance, 30.0)
    dissolve(arrays)
    arrays.routes.closed[:] = False
    assert haggle(arrays, 3000, 1e17, rise=0.05, fall=0.001) < 1e17
    assert check(instance, plan(routes_kept(arrays))).feasible
    assert len(routes_now(arrays)) > 1
