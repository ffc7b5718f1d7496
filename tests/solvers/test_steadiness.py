"""Plans that stay: a budget of moves, and what couriers and customers feel, counted."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from threading import Barrier, BrokenBarrierError

import pytest
from msgspec.structs import replace

from engine.commands import AdoptPlan
from engine.engine import Engine
from engine.events import PlanningRoundOpened
from engine.values import HOUR, MINUTE
from simulation.lab.asides import asides
from simulation.lab.deciding import Finding
from simulation.lab.statistics import ratio
from simulation.run import simulate
from simulation.scenarios.scenario_file import find, load
from solvers.check import violations
from solvers.crossing.briefing import Briefer
from solvers.crossing.flips import Flips, moved
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


def test_two_solvers_at_once_do_not_spend_the_same_move_twice():
    """Both look at a budget of one, and think: the one that is done first gets it."""
    problem, steady, both = crowded(), Steadiness(1), Barrier(2, timeout=60)

    def thinks(problem, budget):
        plan = stubborn_half(problem, budget)
        with suppress(BrokenBarrierError):
            both.wait()
        both.abort()  # the second question of the one who came too late is not waited for
        return plan

    with ThreadPoolExecutor(2) as pool:
        plans = list(pool.map(lambda _: steady.solve(thinks, problem, NOTHING, 0), range(2)))
    assert sorted(moves(problem, x) for x in plans) == [0, 1]
    assert steady.left(0) == 0


def test_moves_that_came_to_nothing_are_given_back():
    problem, steady = crowded(), Steadiness(3)
    assert moves(problem, steady.solve(all_to_the_other, problem, NOTHING, 0)) == 3
    steady.give_back(0, 2)
    assert steady.left(0) == 2
    assert steady.left(HOUR_MS) == 3


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


@cache
def moving_day():
    scenario, records = load(find("lunch_rush")), []
    planner = replace(scenario.planner, policy="improvement", iterations=100)
    simulate(replace(scenario, planner=planner, hours=1.0), 1, records.append)
    return records


def test_who_counts_from_the_middle_of_a_day_counts_the_rest_of_it():
    """What is planned by then can move, too."""
    engine, records = Engine(), moving_day()
    whole, middle = Flips(engine.state), None
    for n, record in enumerate(records):
        engine.apply(record)
        whole.see(record)
        if middle is not None:
            middle.see(record)
        if n == len(records) // 2:
            middle, before = Flips(engine.state), (whole.moved, whole.offers, whole.routes)
    rest = whole.moved - before[0], whole.offers - before[1], whole.routes - before[2]
    assert (middle.moved, middle.offers, middle.routes) == rest
    assert before[0] > 20
    assert rest[0] > 20


def test_the_moves_of_a_plan_are_those_its_record_made():
    """So what the engine skipped, or found no better, can be given back to a budget."""
    engine, briefing, made, counted = Engine(), None, 0, 0
    flips, briefer = Flips(engine.state), Briefer(engine.state)
    for record in moving_day():
        engine.apply(record)
        before = flips.moved
        flips.see(record)
        if isinstance(record.command, AdoptPlan) and briefing is not None:
            mine, all_ = moved(briefing, record), flips.moved - before
            assert mine <= all_, "those of a courier who has gone are nobody's any more"
            made, counted = made + all_, counted + mine
        if any(isinstance(x, PlanningRoundOpened) for x in record.events):
            briefing = briefer.brief(0, record.at)
    assert made > 50
    assert counted > 0.98 * made


def test_the_last_hour_is_what_happened_in_it_and_no_more():
    engine, flips, at = Engine(), None, []
    for record in moving_day():
        engine.apply(record)
        flips = flips or Flips(engine.state)
        moved = flips.moved
        flips.see(record)
        at += [record.at // MINUTE] * (flips.moved - moved)
    end = moving_day()[-1].at
    for now in (end, end + 10 * MINUTE, end + 40 * MINUTE, end + 2 * HOUR):
        expected = sum(now // MINUTE - 60 < x <= now // MINUTE for x in at)
        assert flips.last_hour(now).moved == expected
    assert flips.last_hour(end + 2 * HOUR) == (0, 0, 0)


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
        "stores_earned": [100.0] * 6,
        "fees_less_couriers": [1.0] * 6,
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
