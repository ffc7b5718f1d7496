"""The judge sees every fault planted in a plan, and its terms are counted by hand."""

import msgspec
import numpy as np
import pytest

from solvers.check import evaluate, violations
from solvers.problem import Plan, Rules, Weights
from tests.solver_problems import incumbent, plain_problem, running

N = 3


def ints(*values):
    return np.array(values, np.int32)


def problem(**changes):
    """Order 0 on the way with courier 0, order 1 on board of courier 1, order 2 waiting."""
    base = plain_problem(N, 2, on_board=ints(-1, 1, -1))
    return running(base, [[0, N], [N + 1]], **changes)


FAULTS = [
    ("keeps order 2", [[0, N, 2], [N + 1]], []),
    ("without having it", [[N, 0], [N + 1]], []),
    ("changes couriers", [[0], [N + 1, N]], [2]),
    ("made 2 times", [[0, N, N], [N + 1]], [2]),
    ("served 1 and left out 1", [[0, N], [N + 1]], [0, 2]),
    ("served 0 and left out 0", [[0, N], [N + 1]], []),
    ("on board of 1", [[0, N, N + 1], []], [2]),
    ("although on board", [[0, N], [1, N + 1]], [2]),
    ("unknown stop", [[0, N, 6], [N + 1]], [2]),
    ("unknown order", [[0, N], [N + 1]], [2, 9]),
]


@pytest.mark.parametrize(("words", "routes", "unserved"), FAULTS)
def test_a_planted_fault_is_seen(words, routes, unserved):
    found = violations(problem(), Plan.of(routes, unserved))
    assert any(words in line for line in found), found


RULES = [
    ("pinned stops", {"pinned": ints(1, 0)}, [[2, 0, N, N + 2], [N + 1]]),
    ("lacks a skill", {"skills": np.array([0, 0, 4])}, [[0, N, 2, N + 2], [N + 1]]),
    ("overloaded", {"quantity": ints([2], [1], [2])}, [[0, 2, N, N + 2], [N + 1]]),
    ("after the shift", {"courier_end_s": np.full(2, -1.0)}, [[0, N, 2, N + 2], [N + 1]]),
    ("is bound to 1", {"bound_to": ints(-1, -1, 1)}, [[0, N, 2, N + 2], [N + 1]]),
    ("taken from 0", {"bound_to": ints(0, -1, -1)}, [[2, N + 2], [N + 1]]),
    ("split", {"group": ints(8, -1, 8)}, [[0, N], [N + 1, 2, N + 2]]),
    ("middle of a trip", {"rules": Rules(single_store_trips=True)}, [[0, 2, N, N + 2], [N + 1]]),
]


@pytest.mark.parametrize(("words", "changes", "routes"), RULES)
def test_a_broken_rule_is_seen(words, changes, routes):
    served = {s - N for route in routes for s in route if s >= N}
    plan = Plan.of(routes, [o for o in range(N) if o not in served])
    found = violations(problem(**changes), plan)
    assert any(words in line for line in found), found


def test_a_malformed_plan_is_seen():
    plan = Plan(ints(0, N), ints(0, 2), ints(2))
    assert violations(problem(), plan) == ["routes are not in CSR form"]


def test_the_running_plan_is_legal():
    assert violations(problem(), incumbent(problem())) == []


def test_every_term_is_counted_by_hand():
    """One courier at 0, store at 100, door at 250 (seconds); ready at 160, due at 300."""
    weights = Weights(
        lateness_per_s=2.0,
        freshness_per_s=0.5,
        travel_per_s=1.0,
        courier_time_per_s=0.1,
        co2e_per_g=3.0,
        disruption_per_stop=40.0,
        unserved=1000.0,
    )
    one = plain_problem(
        2,
        2,
        xy_s=np.array([[0.0, 0.0], [100.0, 0.0], [250.0, 0.0]]),
        courier_place=ints(0, 0),
        courier_co2e=np.full(2, 0.2),
        courier_cost=np.full(2, 5.0),
        pickup_place=ints(1, 1),
        dropoff_place=ints(2, 2),
        ready_s=np.array([160.0, 0.0]),
        due_s=np.array([300.0, 0.0]),
        priority=np.array([3.0, 0.5]),
        weights=weights,
    )
    score = evaluate(running(one, [[], [0, 2]]), Plan.of([[0, 2], []], [1]))
    arrive = 160 + 60 + 150
    assert score.lateness == 2 * 3 * (arrive - 300)
    assert score.freshness == 0.5 * (arrive - 160)
    assert score.travel == 250
    assert score.courier_time == pytest.approx(0.1 * 5 * (arrive + 60))
    assert score.co2e == pytest.approx(3 * 0.2 * 250)
    assert score.disruption == 2 * 40
    assert score.unserved == 500
    assert (score.late_orders, score.late_s, score.unserved_orders) == (1, arrive - 300, 1)
    terms = msgspec.structs.asdict(score)
    counts = {"late_orders", "late_s", "ride_s", "unserved_orders"}
    assert score.j == pytest.approx(sum(terms[name] for name in terms.keys() - counts))


def test_shared_service_and_rounded_legs_are_timed():
    both = plain_problem(
        2,
        1,
        xy_s=np.array([[0.0, 0.0], [61.0, 0.0], [100.0, 0.0]]),
        round_up_s=60.0,
        pickup_place=ints(1, 1),
        dropoff_place=ints(2, 2),
        store=ints(7, 7),
        ready_s=np.array([0.0, 0.0]),
        due_s=np.zeros(2),
        rules=Rules(shared_pickup_service=True),
    )
    plan = Plan.of([[0, 1, 2, 3]], [])
    # 120 s to the store, one minute for both, 60 s to the door, a minute there
    assert evaluate(both, plan).late_s == (120 + 60 + 60) + (120 + 60 + 60 + 60)
    apart = msgspec.structs.replace(both, rules=Rules())
    assert evaluate(apart, plan).late_s == evaluate(both, plan).late_s + 2 * 60
