"""What a customer would tell you who could not pay as he had meant to."""

import pytest

from engine import commands as c
from engine import events as e
from engine.audit import violations
from engine.rejections import RejectionReason as Reason
from engine.state.payments import PaymentStatus as P
from engine.values import CASH, PaymentMethod
from gateway import messages as m
from gateway.client import RequestRefusedError
from tests.cases import TOTAL, Case, Line, city, place, quote
from tests.serving import live, placed, serving, small_city


def waiting(case: Case | None = None) -> Case:
    return (case or city(9)).at(1, quote()).at(2, place())


def otherwise(provider: str = "wechat", method: PaymentMethod = PaymentMethod.DEFAULT):
    return c.PayOtherwise("o", "app", provider, method)


def paid(case: Case, payment: str, provider: str) -> Case:
    return case.at(case.now_s + 1, c.ReportAuthorization(provider, payment, True, TOTAL, "ref"))


def brought(case: Case) -> Case:
    """By the shortest way to the door."""
    now = case.now_s
    case.at(now, c.AcceptOrder("store", "o", case.engine.now))
    case.at(now, c.AssignDelivery("kim", "o/1", "x")).at(now, c.AcceptOffer("kim", "o/1"))
    case.at(now, c.ReportPickup("kim", "o/1")).at(now, c.ReportDropoff("kim", "o/1"))
    return case.includes(e.OrderFulfilled)


def test_another_way_is_waited_for_as_long_as_the_first_was():
    case = waiting().at(60, otherwise("wechat", PaymentMethod.APP))
    case.emits(
        e.PaymentRequested("o/2", "o", "wechat", TOTAL, expires_at=180_000, method="app"),
        e.PaymentReplaced("o", "o/2"),
        e.PaymentFailed("o/1", "paid_otherwise"),
    )
    case.at(125, c.Tick())  # when the first would have been too late
    assert case.state.orders["o"].status == "placed"
    paid(case, "o/2", "wechat").includes(e.OrderConfirmed)
    brought(case)
    assert case.state.payments["o/2"].captured_minor == TOTAL


def test_who_pays_both_ways_gets_one_back_whichever_came_first():
    case = waiting().at(60, otherwise())
    paid(case, "o/1", "bank")
    case.includes(e.PaymentAuthorized("o/1", "ref", late=True), e.InstructionIssued)
    assert case.state.payments["o/1"].status is P.VOIDED
    assert case.state.orders["o"].status == "placed"
    paid(case, "o/2", "wechat").includes(e.OrderConfirmed)
    assert violations(case.state) == []


def test_a_late_no_to_what_was_given_up_cancels_nothing():
    case = waiting().at(60, otherwise())
    case.at(61, c.ReportAuthorization("bank", "o/1", False, 0))
    case.emits(e.PaymentWithdrawn("o/1"))
    assert case.state.orders["o"].status == "placed"
    case.at(62, c.ReportAuthorization("wechat", "o/2", False, 0)).includes(e.OrderCancelled)
    assert case.available() == 9


def test_who_would_rather_pay_at_the_door_pays_there():
    case = waiting().at(60, otherwise(CASH))
    case.includes(e.PaymentAuthorized("o/2", CASH), e.OrderConfirmed)
    brought(case)
    assert case.state.ledger.balance("cash:kim") == TOTAL
    assert violations(case.state) == []


def test_goods_are_not_kept_for_ever_by_another_way_and_yet_another():
    case = waiting().at(3, otherwise("wechat")).at(4, otherwise("alipay"))
    case.at(5, otherwise("bank")).rejects(Reason.ATTEMPTS_EXHAUSTED, limit=3)
    case.at(124.1, c.Tick()).includes(e.PaymentFailed("o/3", "payment_timeout"), e.OrderCancelled)


def test_the_same_way_is_none_and_what_is_paid_or_somebody_elses_is_not_paid_otherwise():
    case = waiting().at(3, otherwise("bank")).rejects(Reason.ALREADY_EXISTS, payment="o/1")
    case.at(3, c.PayOtherwise("o", "rival", "wechat")).rejects(Reason.UNKNOWN, what="order", id="o")
    paid(case, "o/1", "bank").at(case.now_s, otherwise())
    illegal = {"from": "confirmed", "to": "paid_otherwise"}
    case.rejects(Reason.ILLEGAL_TRANSITION, **illegal, allowed=[])


def test_what_is_added_to_an_order_later_is_paid_the_way_it_was_paid():
    case = paid(waiting().at(3, otherwise("wechat", PaymentMethod.H5)), "o/2", "wechat")
    case.at(case.now_s + 1, c.EditLines("o", "app", [Line("ramen", 2)]))
    [asked] = [x for x in case.events if isinstance(x, e.PaymentRequested)]
    assert (asked.payment, asked.provider, asked.method) == ("o/3", "wechat", "h5")


@live
async def test_a_service_is_told_what_to_pay_now(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        told = await placed(city, "o1")
        other = await city.shop.request(m.PayOtherwise("o1", "wallet"))
        assert (other.payment, other.order, other.amount) == ("o1/2", "o1", told.total)
        assert other.expires_at is not None
        assert (await city.shop.request(m.GetOrder("o1"))).payment == "o1/2"
        assert (await city.shop.request(m.GetPayment("o1/1"))).status == "failed"
        at_door = await city.shop.request(m.PayOtherwise("o1", "cash"))
        assert (at_door.payment, at_door.expires_at) == ("o1/3", None)
        with pytest.raises(RequestRefusedError, match="method_unavailable"):
            await city.shop.request(m.PayOtherwise("o1", "wallet", "app"))
