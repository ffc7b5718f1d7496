"""Plans that stay: a budget of moves, and what couriers and customers feel, counted."""

from functools import cache

import pytest
from msgspec.structs import replace

from simulation.lab.asides import asides
from simulation.lab.deciding import Finding
from simulation.lab.statistics import ratio
from simulation.run import simulate
from simulation.scenarios.scenario_file import find, load
from solvers.check import violations
from solvers.policies.improvement import improve
from solvers.policies.insertion import insertion
from solvers.policies.steadiness import HOUR_MS, Steadiness, moves
from solvers.problem import Budget, Plan
from tests.solver_problems import plain_problem, running

NOTHING = Budget(iterations=0)


def crowded(orders=3):
    """Everything with the first courier, though there are two."""
    stops = [x for o in range(orders) for x in (o, orders + o)]
    return running(plain_problem(orders, 2), [stops, []])


def all_to_the_other(problem, _budget):
    first = problem.route_stops.tolist()
    return Plan.of([[], first], [])


def stubborn_half(problem, _budget):
    """Moves one order, whatever it costs."""
    first = problem.route_stops.tolist()
    return Plan.of([first[2:], first[:2]], [])


def test_what_moves_is_an_order_on_another_route():
    problem = crowded()
    assert moves(problem, all_to_the_other(problem, NOTHING)) == 3
    assert moves(problem, stubborn_half(problem, NOTHING)) == 1
    assert moves(problem, insertion(problem, NOTHING)) == 0
    fresh = plain_problem(3, 2)
    assert moves(fresh, insertion(fresh, NOTHING)) == 0, "who had no courier does not change him"


def test_a_budget_is_respected_by_any_solver_and_comes_back_after_an_hour():
    problem, steady = crowded(), Steadiness(1)
    plan = steady.solve(all_to_the_other, problem, NOTHING, 0)
    assert (moves(problem, plan), steady.left(0)) == (0, 1), "three are too many: nothing moves"
    assert moves(problem, steady.solve(stubborn_half, problem, NOTHING, 1_000)) == 1
    assert steady.left(1_000) == 0
    assert moves(problem, steady.solve(stubborn_half, problem, NOTHING, HOUR_MS)) == 0
    assert moves(problem, steady.solve(stubborn_half, problem, NOTHING, HOUR_MS + 1_001)) == 1
    assert not violations(problem, plan)


def test_without_a_move_an_improver_still_improves():
    """It is asked once more, with moves too dear, before the running plan is kept as it is."""
    problem = crowded(6)
    free = improve(problem, Budget(iterations=200))
    assert moves(problem, free) > 0, "else this shows nothing"
    steady = Steadiness(0).solve(improve, problem, Budget(iterations=200), 0)
    assert moves(problem, steady) == 0
    assert steady.route(0) != problem.route_stops.tolist(), "stops were put into a better order"


@cache
def lunch(moves_per_h):
    scenario = load(find("lunch_rush"))
    planner = replace(
        scenario.planner, policy="improvement", iterations=100, moves_per_h=moves_per_h
    )
    return simulate(replace(scenario, planner=planner), 1)


def test_the_scorecard_counts_what_couriers_and_customers_feel():
    free = lunch(None).scorecard
    assert free.stability.moved > 20
    assert free.stability.moved_per_h == pytest.approx(
        free.stability.moved / free.simulated_h, abs=0.01
    )
    assert free.stability.routes_per_courier_h > 1
    assert free.stability.eta_flips > 0
    reasons = free.planning.taken_back
    own = reasons.get("declined", 0) + reasons.get("lapsed", 0)
    assert free.stability.offer_flips == sum(reasons.values()) - own


def test_a_day_with_a_budget_keeps_it():
    few, none = lunch(10), lunch(0)
    assert few.is_sound
    assert none.is_sound
    most = 10 * (few.scorecard.simulated_h + 1)
    assert 0 < few.scorecard.stability.moved <= most
    assert none.scorecard.stability.moved == 0
    assert lunch(None).scorecard.stability.moved > few.scorecard.stability.moved


def test_a_ratio_comes_with_an_interval_or_not_at_all():
    assert ratio([2.0] * 6, [4.0] * 6) == (0.5, 0.0)
    value, width = ratio([1.0, 2.0, 3.0, 2.0, 1.0, 3.0], [2.0, 4.1, 5.9, 4.0, 2.1, 5.9])
    assert value == pytest.approx(0.5)
    assert 0 < width < 0.05
    assert ratio([1.0] * 5, [1.0] * 5) is None
    assert ratio([1.0] * 6, [1.0, 1.0, 1.0, 1.0, 1.0, -5.0]) is None


def finding(answer):
    return Finding("co2e_g_per_order", 6, 100.0, 90.0, -10.0, 1.0, 0.05, 0.01, answer)


def test_saved_co2e_has_a_price_in_minutes_and_money_and_churn_is_told():
    base = {
        "co2e_g_per_order": [100.0] * 6,
        "click_to_door_min": [20.0] * 6,
        "cost_per_order": [9.0] * 6,
        "moved_per_h": [30.0, 31.0, 29.0, 30.0, 30.0, 31.0],
        "offer_flips_per_h": [1.0] * 6,
        "eta_flips_per_h": [5.0, 6.0, 5.0, 6.0, 5.0, 6.0],
    }
    arm = base | {
        "co2e_g_per_order": [50.0] * 6,
        "click_to_door_min": [21.0] * 6,
        "cost_per_order": [8.5] * 6,
        "moved_per_h": [10.0] * 6,
        "eta_flips_per_h": [6.0, 5.0, 6.0, 5.0, 6.0, 5.0],
    }
    assert asides(base, arm, [finding("less")], "CNY") == [
        "Orders change couriers 20.2 ± 0.8 times an hour less.",
        "A kilogram of CO2e saved costs +20.0 ± 0.0 minutes of waiting and -10.0 ± 0.0 CNY.",
    ]
    assert asides(base, base, [finding("same")], "CNY") == []
