"""Insertion against brute force, threads against each other, and the live case of the referee."""

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from benchmarks.live_case import problem_of, ungrained
from solvers.check import evaluate, violations
from solvers.explaining.ranking import rank_couriers
from solvers.kernels.boarding import may_serve
from solvers.kernels.layout import city_of
from solvers.kernels.placement import best_place
from solvers.kernels.randomness import below, random_state, uniform
from solvers.kernels.routes import plan_of, routes_of
from solvers.policies.improvement import Improver, improve
from solvers.policies.insertion import insertion
from solvers.policies.matching import matching
from solvers.policies.nearest import nearest
from solvers.problem import Budget, Plan
from solvers.validation import ProblemError, check_problem
from tests.solver_problems import incumbent, plain_problem, random_problem, running

REFEREE = Path(__file__).resolve().parents[2].parent / "shared" / "referee" / "live_case.py"


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_cheapest_place_is_the_one_brute_force_finds(seed):
    problem = random_problem(seed)
    try:
        check_problem(problem)
    except ProblemError:
        assume(False)
    city = city_of(problem)
    routes = routes_of(problem, city)
    loose = np.flatnonzero(routes.route_of < 0)
    assume(len(loose) > 0)
    plan, o = plan_of(routes), int(loose[seed % len(loose)])
    base = evaluate(problem, plan)
    for c in range(problem.couriers):
        cheapest = np.inf
        old, pinned = plan.route(c), int(problem.pinned[c])
        for i, j in combinations_with_replacement(range(pinned, len(old) + 1), 2):
            tried = [plan.route(k) for k in range(problem.couriers)]
            tried[c] = [*old[:i], o, *old[i:j], problem.orders + o, *old[j:]]
            with_o = Plan.of(tried, [u for u in plan.unserved.tolist() if u != o])
            if not violations(problem, with_o):
                score = evaluate(problem, with_o)
                change = score.j - score.unserved - (base.j - base.unserved)
                cheapest = min(cheapest, change)
        found = np.inf
        if may_serve(city, routes, c, o):
            found = best_place(city, routes, c, o, np.inf)[0]
        assert found == pytest.approx(cheapest, abs=1e-6)


def test_a_search_beside_another_finds_what_it_finds_alone():
    problem = plain_problem(40, 8)
    budgets = [Budget(iterations=600, seed=seed) for seed in (1, 2)]
    alone = [improve(problem, budget) for budget in budgets]
    with ThreadPoolExecutor(2) as pool:
        beside = list(pool.map(lambda budget: improve(problem, budget), budgets))
    for one, other in zip(alone, beside, strict=True):
        assert one.route_stops.tolist() == other.route_stops.tolist()


def test_a_deadline_is_kept_by_the_clock_it_is_given():
    ticks = iter(np.arange(0.0, 1e6, 0.25))
    plan = improve(plain_problem(12, 3), Budget(seconds=2.0), clock=lambda: float(next(ticks)))
    assert next(ticks) <= 2.5
    assert violations(plain_problem(12, 3), plan) == []


def test_a_search_goes_on_where_it_stopped():
    problem = plain_problem(60, 10)
    search = Improver(problem)
    costs = [search.cost]
    for _ in range(5):
        search.advance(100, temperature=30.0)
        costs.append(search.cost)
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < costs[0]
    assert search.iterations == 500


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6))
def test_what_a_search_says_a_plan_costs_is_what_it_costs(seed):
    problem = random_problem(seed)
    try:
        search = Improver(problem)
    except ProblemError:
        assume(False)
    for temperature in (500.0, 20.0):
        search.advance(100, temperature)
        assert search.cost == pytest.approx(evaluate(problem, search.plan()).j, rel=1e-9, abs=1e-6)


def test_one_courier_takes_more_orders_than_a_row_has_room_for():
    problem = plain_problem(70, 1, due_s=np.full(70, 1e5))
    for solver in (insertion, lambda p, b: improve(p, Budget(iterations=120))):
        plan = solver(problem, Budget())
        assert violations(problem, plan) == []
        assert len(plan.unserved) == 0


def test_a_whole_route_goes_to_the_courier_who_is_nearer():
    """Two bundles, each with the wrong courier: only an exchange of all stops is cheaper."""
    base = plain_problem(
        2,
        2,
        xy_s=np.array([[0.0, 0.0], [900.0, 0.0], [890.0, 0.0], [10.0, 0.0]]),
        pickup_place=np.array([2, 3], np.int32),
        dropoff_place=np.array([2, 3], np.int32),
    )
    crossed = running(base, [[0, 2], [1, 3]])
    plan = improve(crossed, Budget(iterations=200))
    assert [plan.route(0), plan.route(1)] == [[1, 3], [0, 2]]


def test_a_published_plan_stays_when_disruption_costs_more_than_it_saves():
    crossed = running(plain_problem(12, 4), [[k, 12 + k] for k in range(4)])
    dear = type(crossed.weights)(disruption_per_stop=1e6)
    calm = improve(type(crossed)(**{**_columns(crossed), "weights": dear}), Budget(iterations=300))
    for c in range(4):
        assert {c, 12 + c} <= set(calm.route(c))


def _columns(problem):
    return {name: getattr(problem, name) for name in problem.__struct_fields__}


def test_the_nearest_is_who_can_be_there_first_after_everything_else():
    """One stands next to the store with a long errand; another is farther away, and idle."""
    xy_s = np.array([[0, 0], [300, 0], [5, 0], [5, 0], [900, 0], [10, 0]], np.float64)
    ready_s, due_s = np.zeros(2), np.full(2, 3_600.0)
    case = plain_problem(2, 2, xy_s=xy_s, ready_s=ready_s, due_s=due_s)
    busy = running(case, [[0, 2], []])
    plan = nearest(busy, Budget())
    assert [plan.route(c) for c in range(2)] == [[0, 2], [1, 3]]
    far = running(plain_problem(2, 2, xy_s=xy_s * [[1, 1], [9, 1], *[[1, 1]] * 4]), [[0, 2], []])
    assert nearest(far, Budget()).route(0) == [0, 2, 1, 3]


def test_the_nearest_leaves_out_what_costs_more_than_it_is_worth():
    hopeless = plain_problem(1, 1, due_s=np.array([-9_000.0]))
    assert nearest(hopeless, Budget()).unserved.tolist() == [0]


def test_matching_gives_each_idle_courier_at_most_one_order():
    problem = running(plain_problem(6, 4), [[0, 6], [], [], []])
    plan = matching(problem, Budget())
    assert plan.route(0) == [0, 6]
    assert all(len(plan.route(c)) == 2 for c in (1, 2, 3))
    assert len(plan.unserved) == 2


def test_the_best_offer_is_where_insertion_puts_the_order():
    problem = running(plain_problem(9, 5), [[k, 9 + k] for k in range(4)] + [[]])
    alone = type(problem)(**_columns(problem) | {"unserved_cost": _only(problem, 4)})
    plan = insertion(alone, Budget())
    offer = rank_couriers(alone, 4, top=3)[0]
    assert plan.route(offer.courier) == offer.stops


def _only(problem, order):
    cost = np.zeros(problem.orders)
    cost[order] = np.nan
    return cost


def test_random_numbers_are_even_and_their_own():
    one, other = random_state(1), random_state(1)
    drawn = np.array([uniform(one) for _ in range(4000)])
    assert 0.0 <= drawn.min() < 0.01
    assert 0.99 < drawn.max() < 1.0
    assert abs(drawn.mean() - 0.5) < 0.02
    assert [below(other, 7) for _ in range(50)] == (drawn[:50] * 7).astype(int).tolist()


@pytest.mark.skipif(not REFEREE.exists(), reason="the referee's live case is not here")
@pytest.mark.parametrize(("promise_min", "reach_min"), [(40, 580), (30, 960)])
def test_the_live_case_is_solved_as_well_as_by_its_peers(promise_min, reach_min):
    """100 orders, 40 couriers: VROOM 605 and 571, PyVRP 580; overloaded 955 to 1,037."""
    spec = importlib.util.spec_from_file_location("live_case_referee", REFEREE)
    referee = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(referee)
    case = referee.make(100, 40, 1, promise_min=promise_min)
    problem = problem_of(case)
    plan = improve(problem, Budget(iterations=12_000))
    verdict = referee.evaluate(case, [plan.route(c) for c in range(40)])
    assert verdict["ok"], verdict["errors"]
    assert verdict["unserved"] == 0
    assert verdict["J"] <= reach_min
    assert verdict["J"] == pytest.approx(evaluate(ungrained(case, problem), plan).j / 60)
    assert evaluate(problem, plan).j < evaluate(problem, incumbent(problem)).j
