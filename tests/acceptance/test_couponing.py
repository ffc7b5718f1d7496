"""Coupons: whose they are, how often and how long, and who gets the last use of one."""

from engine import commands as c
from engine import events as e
from engine import terms as t
from engine.rejections import RejectionReason as Reason
from engine.settings import Settings
from engine.terms import ActionKind as K
from engine.values import Actor
from tests.cases import GOODS, TOTAL, cancel, city, place
from tests.sales import asks, finish, off, selling, total, with_coupon


def test_a_coupon_is_used_once_even_if_two_quotes_promise_it():
    case = with_coupon(limit=1)
    case.at(1, asks("q", "TEN")).at(1, asks("r", "TEN", customer="bob"))
    assert total(case) == TOTAL - 120
    case.at(2, place("o", "q")).includes(e.DiscountsReserved)
    case.at(2, place("p", "r")).rejects(Reason.COUPON_USED, coupon="TEN")
    assert case.available() == 8  # nothing was lost by the one who came second
    case.at(3, asks("s", "TEN", customer="bob")).rejects(Reason.COUPON_USED, coupon="TEN")
    case.at(4, cancel(Actor.CUSTOMER, "changed_mind")).includes(
        e.DiscountsGivenBack("o", "ann", [t.Discount("p", 120, 0, "", "TEN")])
    )
    case.at(5, place("p", "r")).includes(e.OrderPlaced)


def test_of_a_thousand_who_place_at_once_a_coupon_for_three_serves_three():
    many = Settings(open_deliveries_per_courier=10**6)
    case = city(1_000, settings=many).at(0, c.DefinePromotion("p", off(by_coupon=True)))
    case.at(0, c.IssueCoupons("TEN", "p", [], 3, 0))
    engine = case.engine
    for n in range(1_000):
        engine.step(1_000, asks(f"q{n}", "TEN"))
    answers = [engine.step(2_000, place(f"o{n}", f"q{n}"))[-1].rejection for n in range(1_000)]
    assert [x is None for x in answers] == [True] * 3 + [False] * 997
    assert all(x.reason is Reason.COUPON_USED for x in answers[3:])
    assert engine.state.promotions.coupon("TEN").uses.count == 3


def test_a_coupon_is_redeemed_when_the_order_is_fulfilled():
    case = with_coupon(limit=1).at(1, asks("q", "TEN")).at(2, place("o", "q"))
    uses = case.state.promotions.coupon("TEN").uses
    assert (uses.reserved, uses.redeemed) == (1, 0)
    finish(case)
    uses = case.state.promotions.coupon("TEN").uses
    assert (uses.reserved, uses.redeemed, uses.of) == (0, 1, {"ann": 1})
    case.at(case.now_s + 1, asks("r", "TEN")).rejects(Reason.COUPON_USED, coupon="TEN")


def test_who_pays_with_a_coupon_and_is_not_there_gets_it_back():
    case = with_coupon(limit=1).at(1, asks("q", "TEN")).at(2, place("o", "q"))
    finish(case, c.ReportFailure("kim", "o/1", "customer_absent"))
    case.at(case.now_s + 1, c.ReceiveReturn("store", "o/1", True)).includes(e.DiscountsGivenBack)
    case.at(case.now_s + 1, asks("r", "TEN")).emits(e.QuoteOffered)


def test_a_coupon_is_for_whom_it_was_issued_each_on_his_own():
    case = with_coupon(customers=("ann",)).at(1, asks("q", "TEN", customer="bob"))
    case.rejects(Reason.UNKNOWN, what="coupon", id="TEN")  # as if there were none
    case.at(2, c.IssueCoupons("TEN", "p", ["ann", "bob", "bob"])).emits(
        e.CouponsIssued("TEN", "p", ["bob"], 0, 1, 0, 0)
    )
    case.at(3, asks("q", "TEN", customer="bob")).at(3, asks("r", "TEN"))
    case.at(4, place("o", "q")).includes(e.OrderPlaced)
    case.at(4, place("p", "r")).includes(e.OrderPlaced)
    case.at(5, asks("s", "TEN")).rejects(Reason.COUPON_USED, coupon="TEN")


def test_a_coupon_is_issued_once_and_on_the_same_terms():
    case = with_coupon(customers=("ann",))
    for again in (
        c.IssueCoupons("TEN", "p", ["ann"]),
        c.IssueCoupons("TEN", "p", []),
        c.IssueCoupons("TEN", "p", ["bob"], 5),
    ):
        case.at(1, again).rejects(Reason.ALREADY_EXISTS)
    case.at(1, c.IssueCoupons("TWO", "p", ["zoe"])).rejects(
        Reason.UNKNOWN, what="customer", id="zoe"
    )
    case.at(1, c.IssueCoupons("TWO", "x", ["ann"])).rejects(
        Reason.UNKNOWN, what="promotion", id="x"
    )
    case.at(1, c.DefinePromotion("all", off())).at(1, c.IssueCoupons("TWO", "all", ["ann"]))
    case.rejects(Reason.MALFORMED, field="promotion")
    for field, wrong in (("limit", [-1]), ("until_at", [0, 1, 9, 8])):
        case.at(1, c.IssueCoupons("TWO", "p", ["ann"], *wrong)).rejects(
            Reason.MALFORMED, field=field
        )


def test_a_coupon_has_a_time():
    case = selling(off(by_coupon=True)).at(0, c.IssueCoupons("T", "p", [], 0, 1, 10_000, 20_000))
    case.at(9.999, asks("q", "T")).rejects(Reason.COUPON_NOT_VALID, coupon="T", from_at=10_000)
    case.at(10, asks("q", "T")).emits(e.QuoteOffered)
    case.at(19.999, asks("r", "T")).emits(e.QuoteOffered)
    case.at(20, asks("s", "T")).rejects(Reason.COUPON_NOT_VALID, coupon="T", until_at=20_000)
    case.at(21, place("o", "q")).includes(e.OrderPlaced)  # the price was frozen


def test_a_coupon_that_does_nothing_is_told_and_not_spent():
    case = with_coupon(when=t.Conditions(order_min_minor=2 * GOODS))
    case.at(1, asks("q", "TEN")).rejects(
        Reason.COUPON_NOT_APPLICABLE, coupon="TEN", condition="order_min"
    )
    case.at(2, asks("q", "TEN", pieces=2)).emits(e.QuoteOffered)
    case.at(3, asks("r", "NO")).rejects(Reason.UNKNOWN, what="coupon", id="NO")
    case.at(3, asks("r", "TEN", "TEN")).rejects(Reason.MALFORMED, field="coupons")
    case.at(3, c.IssueCoupons("TWO", "p", [])).at(4, asks("r", "TEN", "TWO", pieces=2))
    case.rejects(Reason.COUPON_NOT_APPLICABLE, coupon="TWO", condition="one_per_promotion")
    case.at(5, c.DefinePromotion("a", off(t.Action(K.PERCENT, 1_000), priority=-1)))
    case.at(6, asks("r", "TEN", pieces=2)).rejects(
        Reason.COUPON_NOT_APPLICABLE, coupon="TEN", condition="nothing_to_reduce"
    )


def test_a_withdrawn_coupon_is_unknown_to_new_quotes_only():
    case = with_coupon().at(1, asks("q", "TEN"))
    case.at(2, c.WithdrawCoupon("TEN")).emits(e.CouponWithdrawn("TEN"))
    case.at(3, asks("r", "TEN")).rejects(Reason.UNKNOWN, what="coupon", id="TEN")
    case.at(4, place("o", "q")).includes(e.OrderPlaced)
    case.at(5, c.IssueCoupons("TEN", "p", ["ann"])).rejects(Reason.ALREADY_EXISTS)
