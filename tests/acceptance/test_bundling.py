"""Bundles: one price for several things, and no piece of them promised twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import commands as c
from engine import events as e
from engine import terms as t
from engine.queries.assortment import on_sale
from engine.rejections import RejectionReason as Reason
from engine.rules.lines import cost, cut, goods_total, pieces_of, subsidy_total
from engine.values import Component, Line, PricedLine, Tender
from tests import cases
from tests.cases import FEE, Case, city, paid, place, quote
from tests.sales import finish

MENU_PRICE = 1_100


def shop(burgers: int = 5, colas: int = 5, cola_price: int | None = 300) -> Case:
    """A menu is a burger and two colas; a burger costs 900."""
    case = city(0)
    for product, load in (("burger", 2), ("cola", 1)):
        case.at(0, c.ListProduct(product, product, "food", load))
    case.at(0, c.ListProduct("menu", "Menu", "menus", 1, [Line("burger", 1), Line("cola", 2)]))
    for product, price in (("burger", 900), ("cola", cola_price), ("menu", MENU_PRICE)):
        if price is not None:
            case.at(0, c.SetPrice("store", product, price))
    for product, stock in (("burger", burgers), ("cola", colas)):
        if stock:
            case.at(0, c.ReceiveStock("store", product, stock))
    return case


MENU, COLA, BURGER = Line("menu", 1), Line("cola", 1), Line("burger", 1)


def test_a_thing_and_a_bundle_with_it_are_one_demand():
    """The cart that other shops oversell: one left, and it is wanted singly and in a bundle."""
    case = shop(burgers=1).at(1, quote("q", BURGER, MENU))
    case.rejects(Reason.INSUFFICIENT_STOCK, product="burger", available=1)
    case.at(2, quote("q", MENU)).emits(e.QuoteOffered).at(2, quote("r", BURGER))
    case.at(3, place("o", "q")).includes(
        e.StockReserved("store", "o", [Line("burger", 1), Line("cola", 2)])
    )
    case.at(3, place("p", "r")).rejects(Reason.INSUFFICIENT_STOCK, product="burger", available=0)


def test_a_bundle_has_its_own_price_and_the_load_of_its_parts():
    case = shop().at(1, quote("q", Line("menu", 2), COLA))
    offered = case.events[0]
    assert (offered.total_minor, offered.load) == (2 * MENU_PRICE + 300 + FEE, 2 * 2 + 5)
    parts = [Component("burger", 2, 1_320, 0), Component("cola", 4, 880, 0)]  # 900 to 2 x 300
    assert offered.lines[0].components == parts


def test_the_parts_go_back_to_the_shelf_leave_it_and_come_back_together():
    case = shop().at(1, quote("q", MENU, COLA)).at(2, place())
    whole = [Line("burger", 1), Line("cola", 3)]
    case.at(3, cases.cancel("customer", "changed_mind"))
    case.includes(e.StockReleased("store", "o", whole))
    case = finish(shop().at(1, quote("q", MENU, COLA)).at(2, place()), at_door("customer_absent"))
    assert e.StockIssued("store", "o", whole) in [x for r in case.records for x in r.events]
    case.at(case.now_s + 1, c.ReceiveReturn("store", "o/1", True))
    assert case.state.inventory.get("store", "cola").on_hand == 5


def at_door(reason: str) -> c.ReportFailure:
    return c.ReportFailure("kim", "o/1", reason)


def test_a_part_that_is_missing_is_worth_its_share():
    case = shop().at(1, quote("q", MENU)).at(2, place()).at(3, paid(amount=MENU_PRICE + FEE))
    case.at(4, c.ReportMissing("store", "o", "cola", 1))
    left = PricedLine(
        "menu",
        1,
        MENU_PRICE,
        220,
        0,
        [Component("burger", 1, 660, 0), Component("cola", 1, 220, 0)],
    )
    case.includes(e.StockReleased("store", "o", [COLA]), e.OrderReduced("o", [left], 220))
    case.at(5, c.ReportMissing("store", "o", "cola", 2)).rejects(
        Reason.MALFORMED, field="quantity", limit=1
    )
    case.at(5, c.ReportMissing("store", "o", "menu", 1)).rejects(
        Reason.IS_BUNDLE, product="menu", components=["burger", "cola"]
    )
    case.at(6, c.ReportMissing("store", "o", "cola", 1)).at(
        7, c.ReportMissing("store", "o", "burger", 1)
    )
    case.includes(e.OrderReduced("o", [], 660), e.OrderCancelled)


def test_what_was_bought_singly_goes_before_what_is_in_a_bundle():
    case = shop().at(1, quote("q", MENU, COLA)).at(2, place())
    case.at(3, paid(amount=MENU_PRICE + 300 + FEE)).at(4, c.ReportMissing("store", "o", "cola", 2))
    case.includes(e.OrderReduced)
    assert case.state.orders["o"].due_minor == MENU_PRICE + FEE - 220


def test_a_count_that_lets_an_order_down_reduces_its_bundles():
    case = shop(colas=2).at(1, quote("q", MENU)).at(2, place())
    case.at(3, paid(amount=MENU_PRICE + FEE)).at(4, c.CountStock("store", "cola", 1))
    case.includes(e.StockShortfall, e.OrderReduced)
    assert case.state.orders["o"].due_minor == MENU_PRICE + FEE - 220


def test_a_part_without_a_price_of_its_own_shares_by_pieces():
    case = shop(cola_price=None).at(1, quote("q", MENU))
    assert [x.share_minor for x in case.events[0].lines[0].components] == [367, 733]
    case.at(2, quote("r", COLA)).rejects(Reason.NO_PRICE, product="cola")  # in menus only


def test_a_bundle_is_not_sold_without_what_is_in_it():
    case = shop().at(1, quote()).at(1, quote("q", MENU)).at(2, c.DelistInStore("store", "cola"))
    case.at(3, quote("r", MENU)).rejects(Reason.NOT_LISTED, product="cola")
    case.at(3, place()).rejects(Reason.NOT_LISTED, product="cola")
    assert on_sale(case.state, "store", "menu", 3_000) is None
    case.at(4, c.ListInStore("store", "cola"))
    assert on_sale(case.state, "store", "menu", 4_000).available == 2  # of five colas


def test_an_open_order_keeps_what_was_in_its_bundle():
    case = shop().at(1, quote("q", MENU)).at(2, c.ListProduct("menu", "Menu", "menus", 1, [COLA]))
    case.at(3, place()).includes(
        e.StockReserved("store", "o", [Line("burger", 1), Line("cola", 2)])
    )
    case.at(4, quote("r", MENU))
    assert case.events[0].lines[0].components == [Component("cola", 1, MENU_PRICE, 0)]


@pytest.mark.parametrize(
    ("command", "reason", "detail"),
    [
        (c.ListProduct("x", "X", "", 2, [COLA]), Reason.MALFORMED, {"field": "load"}),
        (c.ListProduct("x", "X", "", 1, [COLA, COLA]), Reason.MALFORMED, {"field": "components"}),
        (
            c.ListProduct("x", "X", "", 1, [Line("no", 1)]),
            Reason.UNKNOWN,
            {"what": "product", "id": "no"},
        ),
        (c.ListProduct("menu", "Menu", ""), Reason.ALREADY_EXISTS, {}),
        (c.ListProduct("cola", "Cola", "", 1, [BURGER]), Reason.ALREADY_EXISTS, {}),
    ],
)
def test_what_is_no_bundle_is_refused(command, reason, detail):
    shop().at(1, command).rejects(reason, **detail)


@pytest.mark.parametrize(
    "command",
    [
        c.ReceiveStock("store", "menu", 1),
        c.RecordSale("store", "menu", 1),
        c.RecordReceipt("store", "till", "r1", [PricedLine("menu", 1, MENU_PRICE)], Tender.CASH),
        c.DraftPurchase("p", "store", "supplier", [MENU]),
        c.RequestTransfer("t", "store", "other", [MENU]),
        c.SetReorderPoint("store", "menu", 1, 2),
        c.ListProduct("x", "X", "", 1, [MENU]),
    ],
    ids=lambda x: type(x).__name__,
)
def test_a_bundle_has_no_shelf_of_its_own(command):
    case = shop().at(0, c.RegisterStore("other", "Other", cases.HOME, 0))
    case.at(1, command).rejects(Reason.IS_BUNDLE, product="menu", components=["burger", "cola"])


def test_a_discount_is_shared_by_the_parts_and_so_is_who_bears_it():
    case = shop()
    tenth = t.PromotionTerms("less", t.Conditions(), [t.Action(t.ActionKind.PERCENT, 100)])
    case.at(1, c.DefinePromotion("p", tenth)).at(2, quote("q", MENU))
    [line] = case.events[0].lines
    assert line.components == [Component("burger", 1, 594, 66), Component("cola", 2, 396, 44)]
    case.at(3, place()).at(4, paid(amount=990 + FEE)).at(
        5, c.ReportMissing("store", "o", "cola", 1)
    )
    finish_unpaid(case)
    assert case.state.ledger.balance("store:store") == -(594 + 66 + 198 + 22)
    assert case.state.ledger.balance("platform:promotions") == 66 + 22


def finish_unpaid(case: Case) -> None:
    case.at(6, c.AcceptOrder("store", "o", case.engine.now)).until_planning()
    case.plan(case.now_s + 1, {"kim": cases.there()}, ("o/1",))
    for report in (c.AcceptOffer, c.ReportPickup, c.ReportDropoff):
        case.at(case.now_s + 1, report("kim", "o/1"))


# whatever is missing, in whatever order


@st.composite
def lines(draw):
    """A few lines of few products, with discounts, some of them bundles."""
    made = []
    for _ in range(draw(st.integers(1, 4))):
        quantity, price = draw(st.integers(1, 5)), draw(st.integers(0, 999))
        discount = draw(st.integers(0, quantity * price))
        subsidy = draw(st.integers(0, discount))
        line = PricedLine(draw(st.sampled_from("abc")), quantity, price, discount, subsidy)
        parts = draw(st.lists(st.sampled_from("abc"), unique=True, max_size=3))
        if parts:
            due, ours = cost(line), subsidy
            components = []
            for n, part in enumerate(parts):
                last = n == len(parts) - 1
                share = due if last else draw(st.integers(0, due))
                subsidized = ours if last else draw(st.integers(0, ours))
                due, ours = due - share, ours - subsidized
                components.append(Component(part, draw(st.integers(1, 6)), share, subsidized))
            line = PricedLine("menu", quantity, price, discount, subsidy, components)
        made.append(line)
    return made


@given(st.data())
def test_piece_by_piece_all_that_an_order_costs_is_given_back(data):
    left = data.draw(lines())
    given_back, owed = 0, goods_total(left)
    while left:
        product = data.draw(st.sampled_from([x for x in "abc" if pieces_of(left, x)]))
        pieces = data.draw(st.integers(1, pieces_of(left, product)))
        before = pieces_of(left, product)
        left, reduction = cut(left, product, pieces)
        assert pieces_of(left, product) == before - pieces
        assert reduction >= 0
        given_back += reduction
        assert goods_total(left) == owed - given_back
        for x in left:
            assert 0 <= x.subsidy_minor <= x.discount_minor <= x.quantity * x.price_minor
            assert not x.components or sum(y.share_minor for y in x.components) == cost(x)
    assert (given_back, subsidy_total(left)) == (owed, 0)
