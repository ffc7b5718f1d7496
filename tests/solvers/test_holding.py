"""Trips that wait for orders likely to come: only while it pays, and never at a promise's cost."""

from functools import cache

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.values import Millis, OrderId
from gateway.commands.explain import lines
from simulation.run import Run, simulate
from solvers.crossing.anticipation import Anticipation
from solvers.crossing.bridge import answer
from solvers.crossing.explanation import explain
from solvers.policies.holding import MARGIN_S, WAIT_MAX_S, Hold, Likely, Question, holds
from solvers.policies.insertion import insertion
from solvers.problem import Budget, Weights
from solvers.validation import ProblemError
from tests.simulated_city import small, troubled
from tests.solver_problems import incumbent, plain_problem, random_problem, running
from tests.solvers.test_bridge import Evening

LOOK_S, AHEAD_S = 30.0, 60.0
POPULAR = 1 / 60  # orders a second


def likely(store=0, per_s=POPULAR, pickup=(300.0, 0.0), dropoff=(300.0, 600.0), lead_s=0.0):
    """One order that may come, to the door where the running trip goes."""
    one = np.ones(1)
    return Likely(
        store=np.array([store], np.int32),
        pickup_s=np.array([pickup]),
        dropoff_s=np.array([dropoff]),
        per_s=one * per_s,
        lead_s=one * lead_s,
        promise_s=one * 2_400.0,
    )


def town(due_s=3_000.0, ready_s=0.0, **weights):
    """A courier five minutes from a store, ten minutes from its customer; a second one far away."""
    xy_s = np.array([[0, 0], [0, -900], [300, 0], [300, 0], [300, 600], [900, 0]], np.float32)
    chosen = {"lateness_per_s": 10.0, "freshness_per_s": 0.2} | weights
    base = plain_problem(
        2,
        2,
        xy_s=xy_s,
        store=np.zeros(2, np.int32),
        ready_s=np.full(2, ready_s),
        due_s=np.full(2, due_s),
        weights=Weights(**chosen),
    )
    return running(base, [[0, 2], []])


def held(problem, expected, untold=(True, True)) -> list[Hold]:
    nobody = np.zeros(problem.couriers, np.bool_)
    asked = Question(
        problem, incumbent(problem), np.array(untold), nobody, AHEAD_S, expected, LOOK_S
    )
    return holds(asked)


def test_a_trip_waits_where_another_order_is_likely_to_share_the_ride():
    [hold] = held(town(), likely())
    assert (hold.courier, hold.orders, hold.store) == (0, [0], 0)
    assert hold.saves_per_s > hold.costs_per_s == pytest.approx(0.2)
    # 300 s to the store, a minute there, 600 s to the door: in time for 3,000 s if left by then.
    assert hold.latest_s == pytest.approx(3_000.0 - 960.0 - MARGIN_S)


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (town(), likely(per_s=1e-5)),  # hardly anything is expected
        (town(), likely(pickup=(300.0, -500.0))),  # not next to this store
        (town(), likely(dropoff=(-900.0, -1_500.0))),  # shares nothing of the way
        (town(due_s=960.0 + MARGIN_S + LOOK_S - 1.0), likely()),  # no time to lose
        (town(freshness_per_s=90.0), likely()),  # waiting is dear
        (town(ready_s=-WAIT_MAX_S), likely()),  # it has waited for long
    ],
)
def test_it_leaves_when_waiting_does_not_pay_or_would_endanger_the_promise(problem, expected):
    assert held(problem, expected) == []


def test_nobody_waits_with_an_order_that_was_told_of_or_is_followed_by_one():
    assert held(town(), likely(), untold=(False, True)) == []
    both = running(town(), [[0, 1, 2, 3], []])
    assert held(both, likely(), untold=(True, False)) == []
    assert [x.orders for x in held(both, likely())] == [[0, 1]]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6))
def test_leaving_at_the_latest_moment_keeps_every_promise_on_the_route(seed):
    problem = replace(random_problem(seed), table_s=np.zeros((0, 0), np.float32))
    assume(problem.orders > 0)
    try:
        plan = insertion(problem, Budget())
    except ProblemError:
        assume(False)
    rng = np.random.default_rng(seed)
    untold, silent = rng.random(problem.orders) < 0.8, np.zeros(problem.couriers, np.bool_)
    o = int(rng.integers(problem.orders))
    expected = likely(
        int(problem.store[o]),
        pickup=problem.xy_s[problem.pickup_place[o]],
        dropoff=problem.xy_s[problem.dropoff_place[o]],
    )
    asked = Question(problem, plan, untold, silent, 300.0, expected, LOOK_S)
    found = holds(asked)
    assert found == holds(asked)
    for hold in found:
        route = plan.route(hold.courier)
        assert all(untold[x] for x in hold.orders)
        assert hold.latest_s >= LOOK_S
        first = min(route.index(x) for x in hold.orders)
        for stop, arrive_s in left_for_at(problem, hold, route, first):
            if stop >= problem.orders:
                assert arrive_s <= problem.due_s[stop - problem.orders] - MARGIN_S + 1e-6


def left_for_at(problem, hold, route, first):
    """(stop, arrival) from stop `first` on, if it is left for at the latest moment."""
    clock = max(0.0, float(problem.courier_free_s[hold.courier]))
    place, before = int(problem.courier_place[hold.courier]), -1
    n, w = problem.orders, problem.weights
    for k, stop in enumerate(route):
        clock = hold.latest_s if k == first else clock
        o, picking = stop % n, stop < n
        there = int(problem.pickup_place[o] if picking else problem.dropoff_place[o])
        legs = float(np.linalg.norm(np.float64(problem.xy_s[there]) - problem.xy_s[place]))
        if problem.round_up_s:
            legs = np.ceil(legs / problem.round_up_s - 1e-9) * problem.round_up_s
        arrive = clock + legs / float(problem.courier_speed[hold.courier])
        service = float((problem.pickup_service_s if picking else problem.dropoff_service_s)[o])
        clock = arrive + service
        if picking:
            ready = problem.ready_s[o] + w.ready_caution * (
                problem.ready_p90_s[o] - problem.ready_s[o]
            )
            joins = problem.rules.shared_pickup_service and problem.store[o] == before
            begun = max(arrive, ready + service) if joins else max(arrive, ready) + service
            clock = float(begun)
        if k >= first:
            yield stop, arrive
        place, before = there, int(problem.store[o]) if picking else -1


# in an engine and in a whole city


def test_an_order_is_held_until_waiting_would_not_pay_and_says_why():
    evening = Evening(couriers=2, offer_timeout_ms=0)
    for n in range(8):
        evening.order(10 + n, f"early{n}", ready_s=9_000)
    evening.order(20, "o", ready_s=30)
    asked = evening.brief(31)
    plan = insertion(asked.problem, Budget())
    question = Anticipation(evening.engine.state).question(asked, plan, Millis(31_000))
    found = holds(question)
    row = asked.deliveries.index("o/1")
    assert any(row in x.orders for x in found)
    evening.do(31, answer(asked, plan, found))
    assert evening.status("o/1") == "created"
    told = explain(evening.engine.state, OrderId("o"), Millis(31_000), holds_back=True)
    assert told.wait.store == "s"
    assert told.wait.saves_per_min > told.wait.costs_per_min
    known = evening.engine.state.orders[OrderId("o")]
    assert any("held until" in line for line in lines(told, known, Millis(31_000)))
    late = told.wait.until // 1_000 + 1
    asked = evening.brief(late)
    plan = insertion(asked.problem, Budget())
    question = Anticipation(evening.engine.state).question(asked, plan, Millis(late * 1_000))
    row = asked.deliveries.index("o/1")
    assert not any(row in x.orders for x in holds(question))
    evening.do(late, answer(asked, plan, holds(question)))
    assert evening.status("o/1") == "assigned"


@cache
def played(hold: bool, trouble: bool) -> Run:
    scenario = troubled() if trouble else small()
    planner = replace(scenario.planner, holds=hold)
    return simulate(replace(scenario, planner=planner), 2)


@pytest.mark.parametrize("trouble", [False, True])
def test_a_day_with_held_trips_ends_is_sound_and_can_be_repeated(trouble):
    run = played(True, trouble)
    assert run.is_sound
    assert run.scorecard.digest != played(False, trouble).scorecard.digest
    assert simulate(run.scenario, 2).scorecard.digest == run.scorecard.digest
