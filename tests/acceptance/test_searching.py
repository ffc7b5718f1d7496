"""What whoever ordered would tell you when nobody came to carry it: not for ever."""

import pytest

from engine import commands as c
from engine import events as e
from engine import snapshot
from engine.rules.cancelling import REASONS
from engine.settings import Settings
from engine.state.deliveries import DeliveryStatus
from engine.state.orders import OrderStatus
from engine.values import HOUR, SECOND, Actor, InstructionKind
from tests import cases
from tests.cases import Case


def given_up_s(case: Case, order: str = "o") -> float:
    """When nobody is looked for any more."""
    return (case.state.orders[order].placed.promised_at + 2 * HOUR) / SECOND


def cancelled(case: Case) -> list[str]:
    return [x.order for r in case.records for x in r.events if isinstance(x, e.OrderCancelled)]


def test_two_hours_after_its_promise_what_nobody_carries_is_cancelled_and_everything_let_go():
    case = cases.accepted()
    before, late_s = case.available(), given_up_s(case)
    case.at(late_s - 0.001, c.Tick())
    assert not cancelled(case)
    case.at(late_s, c.Tick())
    case.includes(e.OrderCancelled("o", Actor.SYSTEM, "no_courier", case.engine.now))
    case.includes(e.DeliveryCancelled("o/1", None))
    case.includes(e.StockReleased)
    issued = [x for r in case.records for x in r.events if isinstance(x, e.InstructionIssued)]
    assert [x.kind for x in issued] == [InstructionKind.VOID]
    assert case.available() > before
    assert "no_courier" in REASONS[Actor.SYSTEM]
    assert case.engine.next_due() is None or case.engine.next_due() > case.engine.now


def test_who_has_a_courier_by_then_is_not_given_up():
    case = cases.on_board()
    case.at(given_up_s(case) + 9_999, c.Tick())
    assert not cancelled(case)
    assert case.state.orders["o"].status is OrderStatus.HANDED_OVER


def test_what_is_ready_late_is_looked_for_longer():
    """Nobody is to come for what still cooks: two hours from when it is ready."""
    case = cases.accepted()
    late_s = given_up_s(case)
    ready_s = case.now_s + 5 * 3_600
    case.at(case.now_s + 1, c.UpdateReadyTime("store", "o", round(ready_s * SECOND)))
    until = round((ready_s + 2 * 3_600) * SECOND)
    case.includes(e.SearchProlonged("o/1", until))
    case.at(case.now_s + 1, c.UpdateReadyTime("store", "o", round((ready_s - 600) * SECOND)))
    assert e.SearchProlonged not in [type(x) for x in case.events]
    case.at(late_s + 1, c.Tick())
    assert not cancelled(case)
    case.at(until / SECOND - 1, c.Tick())
    assert not cancelled(case)
    case.at(until / SECOND, c.Tick())
    assert cancelled(case) == ["o"]


def test_what_the_store_accepts_for_much_later_is_looked_for_until_then():
    case = cases.confirmed()
    ready_at = round((case.now_s + 6 * 3_600) * SECOND)
    case.at(case.now_s, c.AcceptOrder("store", "o", ready_at))
    assert case.delivery().search_until == ready_at + 2 * HOUR


@pytest.mark.parametrize("reason", ["taken_sick", "family"])
def test_who_loses_him_later_is_given_up_at_once(reason):
    case = cases.assigned()
    late_s = given_up_s(case) + 60
    case.at(late_s, c.Tick())
    assert not cancelled(case)
    case.at(late_s, c.DeclineOffer("kim", "o/1", reason)).at(late_s, c.Tick())
    assert cancelled(case) == ["o"]


def test_one_timer_serves_all_and_those_that_wait_longer_are_given_up_later():
    case = cases.accepted(cases.city(9))
    case.at(case.now_s + 600, c.Tick())
    case = cases.accepted(case, "p")
    kinds = [type(x) for x in case.state.timers.commands.values()]
    assert kinds.count(c.ExpireSearch) == 1
    case.at(given_up_s(case), c.Tick())
    assert cancelled(case) == ["o"]
    case.at(given_up_s(case, "p"), c.Tick())
    assert cancelled(case) == ["o", "p"]
    assert case.state.deliveries.searches.first() is None


def test_they_are_remembered_over_a_restart():
    case = cases.accepted()
    late_s = given_up_s(case)
    again = snapshot.load(snapshot.dump(case.engine))
    records = again.step(round(late_s * SECOND), c.Tick())
    events = [x for r in records for x in r.events]
    assert [x.reason for x in events if isinstance(x, e.OrderCancelled)] == ["no_courier"]


def test_goods_that_are_out_wait_for_people():
    """They are stranded with whoever broke down: only an operator may write them off."""
    case = cases.on_board()
    case.at(case.now_s + 1, c.ReportBreakdown("kim"))
    assert case.delivery().status is DeliveryStatus.CREATED
    case.at(given_up_s(case) + 9_999, c.Tick())
    assert not cancelled(case)


def test_where_the_office_decides_nobody_is_given_up():
    case = cases.accepted(cases.city(settings=Settings(courier_search_ms=0)))
    case.at(given_up_s(case) + 99_999, c.Tick())
    assert not cancelled(case)
