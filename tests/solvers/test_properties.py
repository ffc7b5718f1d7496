"""What holds for every plan of every solver, whatever the problem."""

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from solvers.check import evaluate, violations
from solvers.explaining.ranking import rank_couriers
from solvers.explaining.relaxation import explain_unserved, relax
from solvers.policies.exact import TooLargeError
from solvers.policies.improvement import Improver, improve
from solvers.portfolio import SOLVERS
from solvers.problem import Budget
from solvers.validation import ProblemError, check_problem
from tests.solver_problems import incumbent, random_problem

BUDGET = Budget(iterations=60)
COST = 1e-4  # rounding
SEEDS = st.integers(0, 10**6)
many = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def valid_problem(seed):
    problem = random_problem(seed)
    try:
        check_problem(problem)
    except ProblemError:
        assume(False)
    return problem


@pytest.mark.parametrize("name", SOLVERS)
@many
@given(seed=SEEDS)
def test_every_plan_is_legal_and_never_worse_than_the_running_one(name, seed):
    problem = valid_problem(seed)
    try:
        plan = SOLVERS[name].solver(problem, BUDGET)
    except TooLargeError:
        assume(False)
    assert violations(problem, plan) == []
    before = incumbent(problem)
    if not violations(problem, before):
        assert evaluate(problem, plan).j <= evaluate(problem, before).j + COST


@many
@given(seed=SEEDS)
def test_the_search_counts_what_the_judge_counts(seed):
    problem = valid_problem(seed)
    search = Improver(problem, seed)
    search.advance(80, temperature=300.0)
    plan = search.plan()
    assert violations(problem, plan) == []
    assert search.cost == pytest.approx(evaluate(problem, plan).j, abs=COST)


@many
@given(seed=SEEDS)
def test_the_same_seed_gives_the_same_plan(seed):
    problem = valid_problem(seed)
    once, again = (improve(problem, Budget(iterations=70, seed=3)) for _ in range(2))
    assert msgspec.msgpack.encode(
        [x.tolist() for x in (once.route_stops, once.route_start, once.unserved)]
    ) == msgspec.msgpack.encode(
        [x.tolist() for x in (again.route_stops, again.route_start, again.unserved)]
    )


@many
@given(seed=SEEDS)
def test_no_budget_still_gives_a_legal_plan(seed):
    problem = valid_problem(seed)
    for budget in (Budget(), Budget(iterations=0, seconds=0.0), Budget(seconds=0.0)):
        assert violations(problem, improve(problem, budget)) == []


@many
@given(seed=SEEDS)
def test_an_offer_costs_what_its_terms_add_up_to(seed):
    problem = valid_problem(seed)
    plan = SOLVERS["insertion"].solver(problem, BUDGET)
    if violations(problem, incumbent(problem)):
        return  # the offers start from a repaired plan, which has no name
    for o in np.setdiff1d(plan.unserved, [])[:2].tolist() + list(range(min(2, problem.orders))):
        offers = rank_couriers(problem, o, top=3)
        totals = [offer.terms.total for offer in offers]
        assert totals == sorted(totals)
        for offer in offers:
            before, after = _without(problem, o), _without(problem, o)
            after[offer.courier] = offer.stops
            assert _j(problem, after, o) - _j(problem, before, o) == pytest.approx(
                offer.terms.total, abs=COST
            )


def _without(problem, o):
    plan = incumbent(problem)
    own = {o, problem.orders + o}
    return [[s for s in plan.route(c) if s not in own] for c in range(problem.couriers)]


def _j(problem, routes, o):
    """J without the cost of leaving orders out."""
    score = evaluate(problem, type(incumbent(problem)).of(routes, []))
    return score.j - score.unserved


@many
@given(seed=SEEDS)
def test_applying_the_smallest_relaxation_places_the_order(seed):
    problem = valid_problem(seed)
    plan = improve(problem, BUDGET)
    for relaxation in explain_unserved(problem, plan):
        relaxed, better = relax(problem, plan, relaxation)
        assert violations(relaxed, better) == []
        assert relaxation.order not in better.unserved
        assert evaluate(relaxed, better).j <= evaluate(relaxed, plan).j + COST
