"""What a customer, a store and the books say about promotions."""

import pytest

from engine import commands as c
from engine import events as e
from engine import terms as t
from engine.rejections import RejectionReason as Reason
from engine.settings import Settings
from engine.terms import ActionKind as K
from engine.values import DAY, HOUR, Actor, Line, PricedLine
from tests import cases
from tests.cases import FEE, GOODS, HOME, TOTAL, Case, cancel, city, paid, place, quote
from tests.sales import ANY, TENTH, WEEK_MIN, asks, finish, off, selling, total

# what a customer pays


def test_a_promotion_takes_off_and_the_quote_says_which_and_of_what():
    case = selling(off()).at(1, quote())
    offered = case.events[0]
    assert offered.lines == [PricedLine("ramen", 1, GOODS, 120, 120)]
    assert offered.discounts == [t.Discount("p", 120, 0)]
    assert offered.total_minor == TOTAL - 120
    case.at(2, place()).includes(
        e.DiscountsReserved("o", "ann", [t.Discount("p", 120, 0)]), e.PaymentRequested
    )
    assert case.state.payments["o/1"].amount_minor == TOTAL - 120


def test_free_delivery_leaves_nothing_of_the_fee():
    case = selling(off(t.Action(K.FREE_DELIVERY))).at(1, quote())
    assert (case.events[0].delivery_fee_minor, total(case)) == (0, GOODS)
    assert case.events[0].discounts == [t.Discount("p", 0, FEE)]


@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        (t.Conditions(order_min_minor=2 * GOODS), True),
        (t.Conditions(order_min_minor=2 * GOODS + 1), False),
        (t.Conditions(contains=t.Selection(["ramen"])), True),
        (t.Conditions(contains=t.Selection(["tea"])), False),
        (t.Conditions(contains=t.Selection([], ["food"])), True),
        (t.Conditions(contains=t.Selection([], ["all"])), True),  # above food
        (t.Conditions(contains=t.Selection([], ["hot"])), False),  # below it
        (t.Conditions(pieces_min=2), True),
        (t.Conditions(pieces_min=3), False),
        (t.Conditions(first_order=True), True),
        (t.Conditions(segments=["champions"]), False),
        (t.Conditions(stores=["store"]), True),
        (t.Conditions(stores=["other"]), False),
        (t.Conditions(from_at=10_000), True),
        (t.Conditions(from_at=10_001), False),
        (t.Conditions(until_at=10_001), True),
        (t.Conditions(until_at=10_000), False),
        (t.Conditions(hours=[t.Hours(3 * 1440 + 60, 3 * 1440 + 61)]), True),  # Thursday, 1:00
        (t.Conditions(hours=[t.Hours(3 * 1440 + 61, WEEK_MIN)]), False),
    ],
)
def test_a_promotion_holds_when_all_that_it_asks_for_is_so(conditions, holds):
    case = city(9, settings=Settings(utc_offset_min=60)).at(0, c.DefineCategory("all", "All"))
    case.at(0, c.DefineCategory("food", "Food", "all")).at(0, c.DefineCategory("hot", "", "food"))
    case.at(0, c.RegisterStore("other", "Other", HOME, 0))
    case.at(0, c.DefinePromotion("p", off(when=conditions)))
    case.at(10, quote("q", Line("ramen", 2)))
    assert total(case) == 2 * GOODS + FEE - (240 if holds else 0)


def test_who_is_in_a_segment_pays_less():
    case = finish(city(9).at(1, quote("first")).at(2, place("o", "first")))
    [segment] = case.state.customers["ann"].segments
    case.at(case.now_s, c.DefinePromotion("p", off(when=t.Conditions(segments=["x", segment]))))
    case.at(case.now_s, c.RegisterCustomer("bob")).at(case.now_s, asks("q", customer="bob"))
    assert total(case) == TOTAL
    case.at(case.now_s, asks("r"))
    assert total(case) == TOTAL - 120


def test_a_first_order_is_one_that_has_none_before_it_that_came_to_something():
    case = selling(off(when=t.Conditions(first_order=True)))
    case.at(1, quote("q")).at(1, quote("r"))
    assert total(case) == TOTAL - 120
    case.at(2, place("o", "q")).includes(e.DiscountsReserved)
    case.at(2, place("p", "r")).rejects(Reason.PROMOTION_USED, promotion="p")
    case.at(3, quote("s"))
    assert total(case) == TOTAL
    case.at(4, cancel(Actor.CUSTOMER, "changed_mind")).includes(e.DiscountsGivenBack)
    case.at(5, place("p", "r")).includes(e.OrderPlaced)


# how promotions stand to each other


def two(first: t.PromotionTerms, second: t.PromotionTerms) -> Case:
    return selling(first, name="a").at(0, c.DefinePromotion("b", second)).at(1, quote())


def test_promotions_add_up_each_on_what_the_one_before_has_left():
    case = two(off(), off(t.Action(K.PERCENT, 500)))
    assert [(x.promotion, x.goods_minor) for x in case.events[0].discounts] == [
        ("a", 120),
        ("b", 540),
    ]


def test_priority_goes_before_the_alphabet():
    case = two(off(), off(t.Action(K.PERCENT, 500), priority=-1))
    assert [(x.promotion, x.goods_minor) for x in case.events[0].discounts] == [
        ("b", 600),
        ("a", 60),
    ]


def test_an_exclusive_promotion_stands_alone_or_not_at_all():
    case = two(off(exclusive=True), off(t.Action(K.PERCENT, 500)))
    assert [x.promotion for x in case.events[0].discounts] == ["a"]
    case = two(off(), off(t.Action(K.PERCENT, 500), exclusive=True))
    assert [x.promotion for x in case.events[0].discounts] == ["a"]


def test_a_promotion_may_be_changed_and_ended_and_open_quotes_keep_it():
    case = (
        selling(off())
        .at(1, quote("q"))
        .at(2, c.DefinePromotion("p", off(t.Action(K.AMOUNT, amount_minor=1))))
    )
    case.at(3, quote("r"))
    assert total(case) == TOTAL - 1
    case.at(4, c.EndPromotion("p")).emits(e.PromotionEnded("p")).at(5, quote("s"))
    assert total(case) == TOTAL
    case.at(6, place("o", "q"))
    assert case.state.payments["o/1"].amount_minor == TOTAL - 120


def test_limits_of_a_promotion_count_orders_of_everybody_and_of_each():
    case = selling(off(limit=2, limit_per_customer=1))
    for name in ("q", "r"):
        case.at(1, quote(name))
    case.at(2, place("o", "q")).at(2, place("p", "r"))
    case.rejects(Reason.PROMOTION_USED, promotion="p")
    case.at(3, quote("s"))
    assert total(case) == TOTAL
    case.at(4, asks("t", customer="bob")).at(5, place("p", "t"))
    case.at(6, c.RegisterCustomer("zoe")).at(6, asks("u", customer="zoe"))
    assert total(case) == TOTAL


# who bears it


def balances(case: Case) -> dict[str, int]:
    return {k: x for k, x in case.state.ledger.balances.items() if "courier" not in k}


def test_the_platform_makes_up_to_the_store_what_it_promised_the_customer():
    case = selling(off(TENTH, t.Action(K.FREE_DELIVERY))).at(1, quote()).at(2, place())
    finish(case)
    assert balances(case) == {
        "provider:bank": GOODS - 120,
        "store:store": -GOODS,
        "platform:delivery_fees": -FEE,
        "platform:promotions": 120 + FEE,
    }


def test_a_store_bears_its_own_promotions():
    case = selling(off(TENTH, t.Action(K.FREE_DELIVERY), bearer="store")).at(1, quote())
    assert case.events[0].lines[0].subsidy_minor == 0
    finish(case.at(2, place()))
    assert balances(case) == {
        "provider:bank": GOODS - 120,
        "store:store": -(GOODS - 120) + FEE,
        "platform:delivery_fees": -FEE,
    }


def test_a_store_is_paid_for_what_the_platform_gave_away():
    gift = off(t.Action(K.PERCENT, 1_000), t.Action(K.FREE_DELIVERY))
    case = selling(gift).at(1, quote()).at(2, place()).includes(e.OrderConfirmed)
    finish(case)
    assert balances(case) == {
        "store:store": -GOODS,
        "platform:delivery_fees": -FEE,
        "platform:promotions": GOODS + FEE,
    }


def test_what_is_missing_is_given_back_at_what_it_cost_to_the_last_unit():
    thirds = off(t.Action(K.AMOUNT, amount_minor=100))
    case = selling(thirds).at(1, quote("q", Line("ramen", 3))).at(2, place())
    case.at(3, paid(amount=3 * GOODS + FEE - 100))
    case.at(4, c.ReportMissing("store", "o", "ramen", 1))
    case.includes(e.OrderReduced("o", [PricedLine("ramen", 2, GOODS, 66, 66)], GOODS - 34))
    case.at(5, c.ReportMissing("store", "o", "ramen", 1))
    case.includes(e.OrderReduced("o", [PricedLine("ramen", 1, GOODS, 33, 33)], GOODS - 33))
    case.at(6, c.AcceptOrder("store", "o", case.engine.now)).until_planning()
    case.plan(case.now_s + 1, {"kim": cases.there()}, ("o/1",))
    for report in (c.AcceptOffer, c.ReportPickup, c.ReportDropoff):
        case.at(case.now_s + 1, report("kim", "o/1"))
    assert balances(case) == {
        "provider:bank": GOODS - 33 + FEE,
        "store:store": -GOODS,
        "platform:delivery_fees": -FEE,
        "platform:promotions": 33,
    }


# what a promotion may be


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (t.PromotionTerms("", ANY, [TENTH]), "name"),
        (t.PromotionTerms("x", ANY, []), "actions"),
        (off(t.Action(K.PERCENT, 0)), "actions.permille"),
        (off(t.Action(K.PERCENT, 1_001)), "actions.permille"),
        (off(t.Action(K.AMOUNT)), "actions.amount"),
        (off(t.Action(K.AMOUNT, 5, 5)), "actions.permille"),
        (off(t.Action(K.AMOUNT_EACH, amount_minor=-1)), "actions.amount"),
        (off(t.Action(K.PERCENT, 1, limit_minor=-1)), "actions.limit_amount"),
        (off(t.Action(K.FREE_DELIVERY, targets=t.Selection(["ramen"]))), "actions.targets"),
        (off(t.Action(K.X_FOR_Y, buy=3, pay=3)), "actions.pay"),
        (off(t.Action(K.X_FOR_Y, buy=0, pay=0)), "actions.buy"),
        (off(t.Action(K.BUY_GET, 500, buy=2)), "actions.get"),
        (off(when=t.Conditions(order_min_minor=-1)), "order_min"),
        (off(when=t.Conditions(pieces_min=-1)), "pieces_min"),
        (off(when=t.Conditions(contains=t.Selection([""]))), "contains"),
        (off(when=t.Conditions(until_at=5, from_at=5)), "until_at"),
        (off(limit=-1), "limit"),
        (off(priority=5_000), "priority"),
    ],
)
def test_what_nobody_can_sell_by_is_refused_by_its_field(terms, field):
    city().at(1, c.DefinePromotion("p", terms)).rejects(Reason.MALFORMED, field=field)


@pytest.mark.parametrize(
    ("hours", "detail"),
    [
        (
            [t.Hours(60, 90), t.Hours(80, 100)],
            {"overlap": ["mon 01:00-01:30", "mon 01:20-01:40"]},
        ),
        ([t.Hours(5, 5)], {"hint": "ends_before_it_begins", "hours": "mon 00:05-00:05"}),
        (
            [t.Hours(0, WEEK_MIN + 1)],
            {"hint": "ends_before_it_begins", "hours": "mon 00:00-mon 00:01"},
        ),
    ],
)
def test_hours_of_a_promotion_that_cannot_be_are_refused_with_what_is_wrong(hours, detail):
    case = city().at(1, c.DefinePromotion("p", off(when=t.Conditions(hours=hours))))
    case.rejects(Reason.MALFORMED, field="hours", **detail)


def test_a_promotion_and_a_coupon_begin_within_a_year_and_end_within_three():
    year = 366 * DAY
    for times, field, limit_at in (
        ({"from_at": 1_001 + year}, "from_at", 1_000 + year),
        ({"until_at": 1_001 + 3 * year}, "until_at", 1_000 + 3 * year),
    ):
        case = city().at(1, c.DefinePromotion("p", off(when=t.Conditions(**times))))
        case.rejects(Reason.MALFORMED, field=field, limit_at=limit_at)
        case.at(1, c.DefinePromotion("p", off(by_coupon=True))).emits(e.PromotionDefined)
        case.at(1, c.IssueCoupons("C", "p", [], **times))
        case.rejects(Reason.MALFORMED, field=field, limit_at=limit_at)
    longest = {"from_at": 1_000 + year, "until_at": 1_000 + 3 * year}
    case.at(1, c.DefinePromotion("q", off(when=t.Conditions(**longest)))).emits(e.PromotionDefined)
    case.at(1, c.IssueCoupons("C", "p", [], **longest)).includes(e.CouponsIssued)


def test_a_promotion_names_stores_that_exist_and_keeps_its_bearer():
    case = city().at(1, c.DefinePromotion("p", off(bearer="nowhere")))
    case.rejects(Reason.UNKNOWN, what="store", id="nowhere")
    case.at(1, c.DefinePromotion("p", off(when=t.Conditions(stores=["nowhere"]))))
    case.rejects(Reason.UNKNOWN, what="store", id="nowhere")
    case.at(2, c.DefinePromotion("p", off(bearer="store"))).emits(e.PromotionDefined)
    case.at(3, c.DefinePromotion("p", off())).rejects(Reason.ALREADY_EXISTS)
    case.at(4, c.RegisterStore("other", "Other", HOME, HOUR))
    for command in (c.EndPromotion("p", "other"), c.IssueCoupons("C", "p", [], bearer="other")):
        case.at(5, command).rejects(Reason.UNKNOWN, what="promotion", id="p")
    case.at(5, quote())
    assert case.events[0].discounts == [t.Discount("p", 120, 0, "store")]
    case.at(6, c.EndPromotion("p", "store")).emits(e.PromotionEnded("p"))


# categories


def test_categories_are_a_tree():
    case = (
        city()
        .at(1, c.DefineCategory("drinks", "Drinks"))
        .emits(e.CategoryDefined("drinks", "Drinks", ""))
    )
    case.at(2, c.DefineCategory("tea", "Tea", "hot")).rejects(
        Reason.UNKNOWN, what="category", id="hot"
    )
    case.at(3, c.DefineCategory("hot", "Hot drinks", "drinks"))
    case.at(3, c.DefineCategory("tea", "Tea", "hot")).emits(e.CategoryDefined)
    case.at(4, c.DefineCategory("drinks", "Drinks", "tea")).rejects(
        Reason.CATEGORY_CYCLE, path=["tea", "hot", "drinks"]
    )
    case.at(5, c.DefineCategory("hot", "Hot", "hot")).rejects(
        Reason.CATEGORY_CYCLE, path=["hot", "drinks"]
    )
    case.at(6, c.DefineCategory("tea", "Tea")).emits(e.CategoryDefined("tea", "Tea", ""))
