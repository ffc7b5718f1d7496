"""The baselines built on OR-Tools: routing library, CP-SAT and min-cost flow."""

import math
import subprocess
import sys
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from solvers.check import evaluate, violations
from solvers.policies import routing as routing_module
from solvers.policies.exact import LARGEST_STATES, TooLargeError, exact, prove
from solvers.policies.flow import flow, matched
from solvers.policies.improvement import improve
from solvers.policies.insertion import insertion
from solvers.policies.matching import matching
from solvers.policies.routing import routing
from solvers.policies.routing_model import model_of
from solvers.portfolio import SOLVERS
from solvers.problem import Budget, Plan, Rules, Weights
from solvers.validation import Fault, ProblemError, check_problem
from tests.solver_problems import plain_problem, random_problem, running

COST = 1e-3  # costs are rounded to integers within
SEEDS = st.integers(0, 10**6)
SOME = Budget(iterations=20)


def examples(count):
    return settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))


def valid_problem(seed, orders=14):
    problem = random_problem(seed)
    assume(problem.orders <= orders)
    try:
        check_problem(problem)
    except ProblemError:
        assume(False)
    return problem


def j(problem, plan):
    return evaluate(problem, plan).j


def first_found(monkeypatch):
    """What the library itself answers, before it is judged."""
    found, search = [], routing_module._search

    def listening(*arguments):
        found.append(search(*arguments))
        return found[-1]

    monkeypatch.setattr(routing_module, "_search", listening)
    return found


# all three


@pytest.mark.parametrize("solver", [routing, flow])
@examples(30)
@given(seed=SEEDS)
def test_every_plan_is_legal_and_never_worse_than_nothing_done(solver, seed):
    problem = valid_problem(seed)
    plan = solver(problem, SOME)
    assert violations(problem, plan) == []
    assert j(problem, plan) <= j(problem, solver(problem, Budget())) + COST


@examples(30)
@given(seed=SEEDS)
def test_exact_is_best_then_improvement_then_insertion(seed):
    problem = valid_problem(seed, orders=7)
    try:
        proof = prove(problem, SOME)
    except TooLargeError:
        assume(False)
    improved, inserted = improve(problem, Budget(iterations=300)), insertion(problem, SOME)
    assert violations(problem, proof.plan) == []
    assert proof.optimal
    assert proof.lower_bound == pytest.approx(j(problem, proof.plan), abs=COST)
    assert j(problem, improved) <= j(problem, inserted) + COST
    for solver in (flow, routing):
        assert j(problem, proof.plan) <= j(problem, solver(problem, SOME)) + COST
    assert violations(problem, improved) == []
    assert j(problem, proof.plan) <= j(problem, improved) + COST


@pytest.mark.parametrize("solver", [routing, exact, flow])
def test_bad_input_is_refused_by_name(solver):
    problem = plain_problem(orders=2, due_s=np.array([math.nan, 900.0]))
    with pytest.raises(ProblemError) as refused:
        solver(problem, SOME)
    assert refused.value.code == Fault.NOT_A_NUMBER


@pytest.mark.parametrize("solver", [routing, exact, flow])
@pytest.mark.parametrize("budget", [Budget(), Budget(seconds=0.0), Budget(iterations=0)])
def test_no_budget_still_gives_a_legal_plan(solver, budget):
    problem = plain_problem(orders=6)
    plan = solver(problem, budget)
    assert violations(problem, plan) == []
    assert len(plan.unserved) == 0


@pytest.mark.parametrize("solver", [routing, exact, flow])
def test_a_city_without_orders_or_without_couriers_is_planned(solver):
    assert solver(plain_problem(orders=0), SOME).route_stops.tolist() == []
    assert solver(plain_problem(orders=3, couriers=0), SOME).unserved.tolist() == [0, 1, 2]


def test_the_portfolio_lists_them_without_importing_ortools():
    script = (
        "import sys; from solvers.portfolio import SOLVERS; "
        "assert {'routing', 'exact', 'flow'} <= set(SOLVERS); "
        "assert 'ortools' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_an_entry_of_the_portfolio_is_called_like_any_solver():
    problem = plain_problem(orders=4)
    for name, solver in (("routing", routing), ("exact", exact), ("flow", flow)):
        plan = SOLVERS[name].solver(problem, Budget(iterations=5))
        assert j(problem, plan) == j(problem, solver(problem, Budget(iterations=5)))


# routing


def test_the_library_answers_every_mixture_of_features_with_a_legal_plan(monkeypatch):
    """Legal before it is judged: what falls back to insertion proves nothing about the model."""
    found = first_found(monkeypatch)
    legal = 0
    for seed in range(60):
        problem = random_problem(seed)
        try:
            check_problem(problem)
        except ProblemError:
            continue
        found.clear()
        routing(problem, SOME)
        for plan in found:
            assert plan is not None, seed
            assert violations(problem, plan) == [], seed
            legal += 1
    assert legal > 40


def test_the_library_finds_what_insertion_misses():
    better = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        problem = plain_problem(
            orders=8, couriers=3, xy_s=rng.uniform(0, 900, (19, 2)), due_s=np.full(8, 1500.0)
        )
        plan = routing(problem, Budget(iterations=60))
        better += j(problem, plan) < j(problem, insertion(problem, SOME)) - 1.0
    assert better >= 4


def test_a_model_counts_every_term_of_the_objective_as_the_judge_does():
    """The cost the library gives the incumbent is its J, but for what is fixed or rounded."""
    base = plain_problem(orders=5, couriers=2)
    start = insertion(base, SOME)
    problem = running(
        base,
        [start.route(1), start.route(0)],  # each order is with the other courier: they move back
        courier_co2e=np.array([0.5, 2.0]),
        courier_speed=np.array([0.8, 1.3]),
        courier_free_s=np.array([120.0, 0.0]),
        due_s=np.full(5, 300.0),
        ready_s=np.linspace(0, 400, 5),
        ready_p90_s=np.full(5, 600.0),
        weights=Weights(
            freshness_per_s=0.5,
            courier_time_per_s=0.7,
            co2e_per_g=0.4,
            disruption_per_stop=80.0,
            ready_caution=0.5,
        ),
    )
    model = model_of(problem, 10**6)
    search = routing_module._parameters(SOME)
    model.routing.CloseModelWithParameters(search)
    found = model.routing.ReadAssignmentFromRoutes(model.rows(start), True)
    assert found.ObjectiveValue() / 100 == pytest.approx(j(problem, start), rel=2e-3)


def test_a_model_too_large_is_not_built():
    assert model_of(plain_problem(orders=30), largest_tables=1_000) is None


def test_the_same_iterations_give_the_same_plan():
    problem = random_problem(5)
    once, again = (routing(problem, Budget(iterations=30, seed=2)) for _ in range(2))
    assert once.route_stops.tolist() == again.route_stops.tolist()


def test_the_deadline_is_kept_by_the_clock_it_is_given():
    ticks = iter(range(10**9))
    plan = routing(plain_problem(orders=5), Budget(seconds=300.0), clock=lambda: next(ticks))
    assert len(plan.unserved) == 0


# exact


@pytest.mark.parametrize("seed", range(6))
def test_exact_agrees_with_trying_everything(seed):
    rng = np.random.default_rng(seed)
    problem = plain_problem(
        orders=3,
        couriers=2,
        xy_s=rng.uniform(0, 1200, (8, 2)),
        due_s=rng.uniform(300, 1500, 3),
        courier_end_s=np.array([700.0, np.inf]),
        store=np.array([0, 0, 1], np.int32),
        unserved_cost=rng.uniform(300, 2000, 3),
        rules=Rules(single_store_trips=seed % 2 == 0, shared_pickup_service=seed % 3 == 0),
        weights=Weights(freshness_per_s=0.2, courier_time_per_s=0.5),
    )
    best = min(j(problem, plan) for plan in every_plan(problem) if violations(problem, plan) == [])
    assert j(problem, exact(problem, SOME)) == pytest.approx(best, abs=COST)


def every_plan(problem):
    """All routes of all ways to hand out the orders; most are not legal."""
    n = problem.orders
    for hands in product(range(-1, problem.couriers), repeat=n):
        stops = [[o for o in range(n) if hands[o] == c] for c in range(problem.couriers)]
        both = [[*orders, *(n + o for o in orders)] for orders in stops]
        unserved = [o for o in range(n) if hands[o] < 0]
        for routes in product(*(permutations(x) for x in both)):
            yield Plan.of([list(route) for route in routes], unserved)


def test_what_is_too_large_is_refused_with_a_code():
    with pytest.raises(TooLargeError) as refused:
        exact(plain_problem(orders=20), SOME)
    assert refused.value.code == "too_large"
    assert str(LARGEST_STATES) in refused.value.detail


def test_a_proof_that_runs_out_of_time_says_so():
    ticks = iter(range(10**9))
    proof = prove(plain_problem(orders=5), Budget(seconds=1.0), clock=lambda: next(ticks))
    assert not proof.optimal
    assert proof.lower_bound == -math.inf
    assert len(proof.plan.unserved) == 0


def test_groups_stay_together_even_where_apart_is_cheaper():
    problem = plain_problem(
        orders=2,
        couriers=2,
        xy_s=np.array([[0, 0], [900, 0], [0, 60], [900, 60], [0, 120], [900, 120.0]]),
        courier_capacity=np.full((2, 1), 1, np.int32),
        unserved_cost=np.full(2, 9000.0),
    )
    apart = exact(problem, SOME)
    assert all(apart.route(c) for c in range(2))
    together = exact(
        plain_problem(
            orders=2,
            couriers=2,
            xy_s=problem.xy_s,
            courier_capacity=problem.courier_capacity,
            unserved_cost=problem.unserved_cost,
            group=np.zeros(2, np.int32),
        ),
        SOME,
    )
    assert sum(bool(together.route(c)) for c in range(2)) == 1


# flow


def test_a_courier_is_given_as_many_as_there_are_slots():
    gain = np.array([[-9.0, -1.0], [-8.0, -2.0], [-7.0, -6.0]])
    rows, couriers = matched(gain, np.array([2, 1]))
    assert sorted(zip(rows.tolist(), couriers.tolist(), strict=True)) == [(0, 0), (1, 0), (2, 1)]
    assert gain[rows, couriers].tolist() == [-9.0, -8.0, -6.0]


@examples(50)
@given(data=st.data())
def test_with_one_slot_each_the_flow_is_the_hungarian_matching(data):
    from scipy.optimize import linear_sum_assignment

    shape = data.draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    seed = data.draw(st.integers(0, 10**6))
    gain = np.minimum(0.0, np.random.default_rng(seed).integers(-40, 20, shape).astype(float))
    rows, couriers = matched(gain, np.ones(shape[1], np.int64))
    assert len(set(rows.tolist())) == len(rows)
    assert gain[rows, couriers].sum() == gain[linear_sum_assignment(gain)].sum()


def test_nothing_gained_nothing_matched():
    rows, couriers = matched(np.zeros((3, 2)), np.full(2, 5))
    assert len(rows) == len(couriers) == 0


def test_flow_bundles_where_the_hungarian_matching_leaves_orders_behind():
    problem = plain_problem(orders=6, couriers=2)
    assert len(matching(problem, SOME).unserved) == 4
    assert len(flow(problem, SOME).unserved) == 0
