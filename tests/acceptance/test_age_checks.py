"""What a courier would tell you who brings what not everybody may have."""

import pytest

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.values import Actor, Fulfillment, Line, Proof
from gateway import messages as m
from gateway.client import RequestRefusedError
from tests import cases
from tests.cases import Case, city, quote
from tests.serving import accepted, live, serving, small_city

D = "o/1"
WINE = c.ListProduct("ramen", "Red wine", "drinks", age_check=True)


def at_the_door(case: Case | None = None) -> Case:
    return cases.on_board((case or city(9)).at(0, WINE))


def test_nothing_is_handed_over_before_somebody_looked_at_an_age():
    case = at_the_door()
    case.at(case.now_s + 1, c.ReportDropoff("kim", D))
    case.rejects(Reason.AGE_CHECK_REQUIRED, products=["ramen"])
    case.at(case.now_s + 1, c.ReportDropoff("kim", D, age_checked=True))
    case.includes(e.DeliveryCompleted(D, "kim", "o", age_checked=True), e.OrderFulfilled)


def test_who_cannot_show_an_age_gets_nothing_and_pays_for_the_ride():
    case = at_the_door()
    case.at(case.now_s + 1, c.ReportFailure("kim", D, "age_not_proven"))
    case.includes(e.DeliveryFailed)
    assert case.state.deliveries[D].failure == "age_not_proven"
    case.at(case.now_s + 1, c.ReceiveReturn("store", D, True)).includes(e.OrderReturned)
    assert case.state.payments["o/1"].captured_minor == cases.FEE


def test_a_missing_check_costs_no_try_of_the_code():
    case = city(9).at(0, WINE)
    case = cases.on_board(case, proof=Proof.PIN, pin="4711")
    case.at(case.now_s, c.ReportDropoff("kim", D, Proof.PIN, "0000"))
    case.rejects(Reason.AGE_CHECK_REQUIRED, products=["ramen"])
    assert case.state.orders["o"].missed_proofs == 0


def test_goods_for_everybody_ask_for_nothing_and_a_set_for_what_is_in_it():
    case = cases.on_board(city(9))
    case.at(case.now_s + 1, c.ReportDropoff("kim", D)).includes(e.OrderFulfilled)
    case = city(9).at(0, WINE)
    case.at(0, c.ListProduct("duo", "Two bottles", "drinks", 1, [Line("ramen", 2)]))
    case.at(0, c.SetPrice("store", "duo", 2_000))
    case.at(1, quote("q", Line("duo", 1))).at(2, cases.place())
    case.at(3, cases.paid(amount=case.state.payments["o/1"].amount_minor))
    case.at(3, c.AcceptOrder("store", "o", 3_000)).at(3, c.AssignDelivery("kim", D, "x"))
    case.at(4, c.AcceptOffer("kim", D)).at(5, c.ReportPickup("kim", D))
    case.at(6, c.ReportDropoff("kim", D)).rejects(Reason.AGE_CHECK_REQUIRED, products=["duo"])


def test_at_the_counter_the_store_looks():
    case = city(9).at(0, WINE).at(1, quote(fulfillment=Fulfillment.COLLECTION))
    case.at(2, cases.place(proof=Proof.PIN, pin="471100"))
    case.at(3, cases.paid(amount=case.state.payments["o/1"].amount_minor))
    case.at(4, c.AcceptOrder("store", "o", 4_000)).at(5, c.ReportReady("store", "o"))
    case.at(6, c.ReportCollection("store", "o", "471100"))
    case.rejects(Reason.AGE_CHECK_REQUIRED, products=["ramen"])
    case.at(6, c.ReportCollection("store", "o", "471100", True)).includes(e.OrderFulfilled)


def test_only_whoever_is_at_the_door_says_that_an_age_was_not_proven():
    case = city(9).at(0, WINE).at(1, quote()).at(2, cases.place())
    case.at(3, cases.cancel(Actor.CUSTOMER, "age_not_proven"))
    assert case.events[0].reason is Reason.REASON_NOT_ALLOWED


@live
async def test_the_stop_says_that_an_age_is_to_be_looked_at(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await city.operator.request(m.ListProduct("ramen", "Wine", "drinks", age_check=True))
        [offered] = (await city.shop.request(m.ListProducts("s1"))).products
        assert offered.age_check
        delivery = await accepted(city, "o")
        await city.kim.request(m.ReportPickup(delivery))
        async for update in city.kim.subscribe("route"):
            stop = next((x for x in update.body.stops if x.kind == "dropoff"), None)
            if stop is not None:
                break
        assert stop.age_check
        with pytest.raises(RequestRefusedError, match="age_check_required"):
            await city.kim.request(m.ReportDropoff(delivery))
        await city.kim.request(m.ReportDropoff(delivery, age_checked=True))
