"""What solvers are told of couriers who take a break, and what becomes of their plans."""

import pytest

from engine import commands as c
from engine import events as e
from engine.state.deliveries import DeliveryStatus
from engine.values import Millis
from solvers.check import violations
from solvers.crossing.bridge import answer
from solvers.policies.insertion import insertion
from tests.solvers.test_bridge import NO_TIME, Evening


def rest(evening: Evening, second: int, until_s: int, courier: str = "c0") -> None:
    evening.do(second, c.TakeBreak(courier, Millis(until_s * 1_000)))


def test_who_has_nothing_to_do_is_free_after_the_break():
    evening = Evening(couriers=2)
    rest(evening, 5, 131)
    evening.order(10, "o", ready_s=60)
    assert evening.brief(11).problem.courier_free_s.tolist() == [120.0, 0.0]


def test_somebody_else_goes_rather_than_who_rests():
    evening = Evening(couriers=2)
    rest(evening, 5, 600)
    evening.order(10, "o", ready_s=60)
    evening.plan(11)
    assert evening.engine.state.deliveries["o/1"].courier == "c1"


def test_the_only_courier_is_planned_for_after_the_break_and_told_then():
    evening = Evening(couriers=1)
    rest(evening, 5, 60)
    evening.order(10, "o", ready_s=20)
    assert e.RouteSkipped not in [type(x) for x in evening.plan(11)]
    assert evening.engine.state.deliveries["o/1"].courier == "c0"
    evening.plan(58)  # would be due by now, but for the break
    assert evening.status("o/1") is DeliveryStatus.CREATED
    evening.plan(60)
    assert evening.status("o/1") is DeliveryStatus.OFFERED


def test_who_carries_something_finishes_it_and_is_given_nothing_new():
    evening = Evening(couriers=1, offer_timeout_ms=0)
    evening.order(10, "o", ready_s=30)
    evening.plan(11)
    evening.do(60, c.ReportPickup("c0", "o/1"))
    evening.order(70, "n", ready_s=80)
    rest(evening, 71, 900)
    briefing = evening.brief(72)
    assert briefing.problem.courier_free_s.tolist() == [0.0]
    assert briefing.problem.courier_end_s.tolist() == [0.0]
    plan = insertion(briefing.problem, NO_TIME)
    assert violations(briefing.problem, plan) == []
    assert plan.unserved.tolist() == [1]
    evening.do(72, answer(briefing, plan))
    evening.do(200, c.ReportDropoff("c0", "o/1"))
    assert evening.brief(201).problem.courier_free_s.tolist() == pytest.approx([699.0])


def test_what_was_planned_but_not_told_leaves_the_route_of_who_is_busy():
    evening = Evening(couriers=2, offer_timeout_ms=0)
    evening.order(10, "o", ready_s=30)
    evening.plan(11)
    carrier = evening.engine.state.deliveries["o/1"].courier
    evening.do(60, c.ReportPickup(carrier, "o/1"))
    evening.order(70, "n", ready_s=1_200)
    evening.do(71, c.AdoptPlan(*_behind(evening, carrier)))
    rest(evening, 80, 3_000, carrier)
    evening.plan(81)
    assert evening.engine.state.deliveries["n/1"].courier not in (carrier, None)


def _behind(evening: Evening, courier: str) -> tuple[int, list[c.RouteLine]]:
    """The answer that puts n behind what the courier carries."""
    briefing = evening.brief(71)
    route = evening.engine.state.deliveries.route(courier)
    stops = [*route.stops, *(type(route.stops[0])(kind, "n/1") for kind in ("pickup", "dropoff"))]
    line = c.RouteLine(courier, route.version, stops, [])
    return briefing.planning_round, [line]
