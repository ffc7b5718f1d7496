"""Who audits what is sold for less: each finding brought about by hand, and what cannot happen."""

import pytest
from msgspec import structs

from engine import commands as c
from engine import events as e
from engine import snapshot
from engine import terms as t
from engine.audit import violations
from engine.engine import Engine, Record
from engine.state import State
from engine.values import Component, Line, PricedLine
from tests.acceptance.test_bundling import shop
from tests.cases import Case, city, place
from tests.sales import asks, finish, with_coupon


def used() -> Case:
    return with_coupon(limit=1).at(1, asks("q", "TEN")).at(2, place("o", "q"))


def redeemed() -> Case:
    return finish(used())


def line(s: State, **changed: int) -> None:
    order = s.orders["o"]
    order.lines = [structs.replace(order.lines[0], **changed)]


def placed(s: State, **changed: object) -> None:
    order = s.orders["o"]
    order.placed = structs.replace(order.placed, **changed)


def uses(s: State, **numbers: object) -> None:
    for name, number in numbers.items():
        setattr(s.promotions.coupon("TEN").uses, name, number)


def with_parts() -> Case:
    return (
        shop()
        .at(1, c.RequestQuote("q", "app", "ann", "store", [Line("menu", 1)], HOME))
        .at(2, place())
    )


HOME = asks().dropoff
FINDINGS = {
    "coupon TEN: 0 reserved, 1 by the orders": (used, lambda s: uses(s, reserved=0)),
    "coupon TEN: 2 redeemed, 1 by the orders": (redeemed, lambda s: uses(s, redeemed=2)),
    "promotion p: 1 reserved, 0 by the orders": (used, lambda s: placed(s, discounts=[])),
    "coupon TEN is used 2 times of 1": (redeemed, lambda s: uses(s, redeemed=2, of={"ann": 2})),
    "is used 2 times by one of 1": (used, lambda s: uses(s, of={"ann": 2})),
    "the uses by customer do not sum to 1": (used, lambda s: uses(s, of={})),
    "owed, 1579 by its lines": (used, lambda s: line(s, discount_minor=121, subsidy_minor=0)),
    "is reduced by 1201": (used, lambda s: line(s, discount_minor=1_201)),
    "reduced by 120, 121 of it ours": (used, lambda s: line(s, subsidy_minor=121)),
    "off its lines, 0 off by promotions": (used, lambda s: placed(s, discounts=[])),
    "the platform bears 0": (
        used,
        lambda s: placed(s, discounts=[t.Discount("p", 120, 0, "store", "TEN")]),
    ),
    "the parts of menu do not cost": (
        with_parts,
        lambda s: line(s, components=[Component("burger", 1, 9, 0), Component("cola", 2, 9, 0)]),
    ),
    "store/cola: 2 reserved, 1 on open orders": (
        with_parts,
        lambda s: line(
            s, components=[Component("burger", 1, 0, 0), Component("cola", 1, 1_100, 0)]
        ),
    ),
}


@pytest.mark.parametrize("words", FINDINGS)
def test_the_audit_says_what_is_wrong(words):
    stage, tamper = FINDINGS[words]
    engine = snapshot.load(snapshot.dump(stage().engine))
    assert violations(engine.state) == []
    tamper(engine.state)
    assert any(words in x for x in violations(engine.state)), violations(engine.state)


TERMS = t.PromotionTerms("x", t.Conditions(), [t.Action(t.ActionKind.PERCENT, 1)])
TEN = [t.Discount("p", 120, 0, "", "TEN")]
IMPOSSIBLE = [
    (used, e.DiscountsReserved("x", "bob", TEN)),  # one more than its limit
    (redeemed, e.DiscountsRedeemed("o", TEN)),
    (redeemed, e.DiscountsGivenBack("o", "ann", TEN)),
    (used, e.DiscountsGivenBack("o", "bob", TEN)),
    (used, e.CouponsIssued("TEN", "p", ["bob"], 1, 1, 0, 0)),  # it is for everybody
    (used, e.CouponsIssued("NEW", "no", [], 1, 1, 0, 0)),
    (used, e.PromotionDefined("p", structs.replace(TERMS, bearer="store"))),
    (used, e.PromotionEnded("no")),
    (city, e.PriceSet("store", "ramen", 1, -1)),
    (city, e.PricesWithdrawn("store", "ramen", 0)),
    (city, e.CategoryDefined("a", "A", "no")),
    (city, e.ProductListed("ramen", "Ramen", "", 1, [Line("ramen", 1)])),
    (with_parts, e.ProductListed("x", "X", "", 1, [Line("menu", 1)])),
    (with_parts, e.OrderReduced("o", [PricedLine("menu", 1, 0)], 9_999)),
]


@pytest.mark.parametrize(
    ("stage", "event"), IMPOSSIBLE, ids=lambda x: type(x).__name__ if not callable(x) else ""
)
def test_what_cannot_have_happened_stops_the_engine(stage, event):
    engine = stage().engine
    record = Record(engine.seq + 1, engine.now, c.Tick(), [event])
    with pytest.raises((AssertionError, KeyError)):
        Engine(engine.state, engine.seq, engine.now).apply(record)


def test_no_category_is_ever_above_itself():
    case = city().at(1, c.DefineCategory("a", "A")).at(1, c.DefineCategory("b", "B", "a"))
    record = Record(case.engine.seq + 1, 1_000, c.Tick(), [e.CategoryDefined("a", "A", "b")])
    with pytest.raises(AssertionError):
        case.engine.apply(record)
