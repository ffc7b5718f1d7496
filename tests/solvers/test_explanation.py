"""Why an order goes with whom it goes: told in the engine's names, and true when acted on."""

import pytest

from engine import commands as c
from engine.values import MINUTE, Millis, OrderId
from gateway.commands.explain import lines
from solvers.crossing.explanation import explain
from solvers.explaining.relaxation import Constraint
from tests.solvers.test_bridge import Evening


def told(evening, order, second, top=5):
    return explain(evening.engine.state, OrderId(order), Millis(second * 1_000), top)


def test_the_planned_courier_comes_first_and_terms_add_up_to_the_cost():
    evening = Evening(couriers=3)
    evening.order(10, "o", ready_s=1_200)
    evening.plan(11)
    found = told(evening, "o", 11, top=2)
    planned = evening.engine.state.deliveries["o/1"].courier
    assert found.courier == planned
    assert len(found.alternatives) == 2
    costs = [x.cost for x in found.alternatives]
    assert costs == sorted(costs)
    for x in found.alternatives:
        assert x.cost == pytest.approx(x.terms.total)
        assert x.at_store < 1_200_000 < x.at_door
    assert found.remedy is None


def test_what_is_on_board_is_settled():
    evening = Evening(couriers=2, offer_timeout_ms=0)
    evening.order(10, "o", ready_s=30)
    evening.plan(11)
    carrier = evening.engine.state.deliveries["o/1"].courier
    evening.do(60, c.ReportPickup(carrier, "o/1"))
    found = told(evening, "o", 61)
    assert found.settled
    assert (found.courier, found.alternatives) == (carrier, [])


def test_an_order_nobody_can_reach_in_time_names_the_shift_and_extending_it_places_it():
    evening = Evening(couriers=1)
    evening.do(5, c.EndShift("c0"))
    evening.do(6, c.StartShift("c0", Millis(15 * MINUTE)))
    evening.order(10, "o", ready_s=40 * 60)
    evening.plan(11)
    found = told(evening, "o", 11)
    assert found.courier is None
    assert found.alternatives == []
    assert found.remedy.binding == [Constraint.SHIFT_END]
    assert found.remedy.courier == "c0"
    order = evening.engine.state.orders["o"]
    text = "\n".join(lines(found, order, Millis(11_000)))
    assert "shift_end" in text
    assert "a shift longer by" in text
    longer_ms = 15 * MINUTE + round(found.remedy.extend_shift_s * 1_000) + MINUTE
    evening.do(12, c.EndShift("c0"))
    evening.do(12, c.StartShift("c0", Millis(longer_ms)))
    evening.plan(14)
    assert evening.engine.state.deliveries["o/1"].courier == "c0"


def test_an_order_its_store_has_not_accepted_has_nothing_to_explain():
    evening = Evening()
    evening.order(10, "o", ready_s=60)
    with pytest.raises(KeyError):
        told(evening, "nobody's", 11)
