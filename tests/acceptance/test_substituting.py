"""Something is missing at picking: what the store offers instead, and what becomes of it."""

import pytest

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.settings import Settings
from engine.values import MINUTE, Actor, Line, PricedLine, StopKind
from tests import cases
from tests.cases import FEE, GOODS, Case, cancel, city, settled

UDON = 1_000  # cheaper than ramen


def picking(pieces: int = 2, udon: int = UDON, shelf: int = 5, settings: Settings | None = None):
    """Ramen was ordered; the store also has udon."""
    case = city(pieces, settings=settings)
    case.at(0, c.ListProduct("udon", "Udon", "food")).at(0, c.SetPrice("store", "udon", udon))
    if shelf:
        case.at(0, c.ReceiveStock("store", "udon", shelf))
    return cases.accepted(case, pieces=pieces)


def offer(quantity: int = 1, pieces: int = 1, what: str = "udon") -> c.ProposeSubstitute:
    return c.ProposeSubstitute("store", "o", "ramen", quantity, what, pieces)


def offered(case: Case | None = None, **more) -> Case:
    case = case or picking()
    return case.at(case.now_s + 1, offer(**more)).includes(e.SubstituteProposed)


YES = c.AcceptSubstitute("o", "app", "ramen")
NO = c.DeclineSubstitute("o", "app", "ramen")


def test_the_store_sets_its_shelf_right_and_keeps_something_else_for_the_customer():
    case = picking()
    case.at(5, offer()).emits(
        e.StockReleased("store", "o", [Line("ramen", 1)]),
        e.StockCounted("store", "ramen", -1, "o"),
        e.StockReserved("store", "o", [Line("udon", 1)]),
        e.OrderReduced("o", [PricedLine("ramen", 1, GOODS)], GOODS),
        e.SubstituteProposed("o", "ramen", 1, PricedLine("udon", 1, UDON), 5_000 + 3 * MINUTE),
    )
    assert case.available("udon") == 4
    assert case.state.orders["o"].due_minor == GOODS + FEE  # until he says yes


def test_who_accepts_gets_it_and_pays_for_it():
    case = offered().at(6, YES).emits(e.SubstituteAccepted("o", "ramen"))
    order = case.state.orders["o"]
    assert order.lines == [PricedLine("ramen", 1, GOODS), PricedLine("udon", 1, UDON)]
    assert order.due_minor == GOODS + UDON + FEE
    case.at(7, c.ReportReady("store", "o")).until_planning()
    case.plan(case.now_s + 1, {"kim": cases.there()}, ("o/1",))
    case.at(case.now_s + 1, c.AcceptOffer("kim", "o/1")).at(
        case.now_s, c.ReportPickup("kim", "o/1")
    )
    case.includes(e.StockIssued("store", "o", [Line("ramen", 1), Line("udon", 1)]))
    case.at(case.now_s + 60, c.ReportDropoff("kim", "o/1")).at(case.now_s, settled("o/1/capture"))
    assert case.state.payments["o/1"].captured_minor == GOODS + UDON + FEE


@pytest.mark.parametrize(
    ("price", "pieces", "each"), [(UDON, 1, UDON), (5_000, 1, GOODS), (0, 1, 0)]
)
def test_it_never_costs_more_than_what_is_missing(price, pieces, each):
    case = offered(picking(udon=price), pieces=pieces)
    [proposed] = [x for x in case.events if isinstance(x, e.SubstituteProposed)]
    assert proposed.line == PricedLine("udon", pieces, each)


def test_three_for_two_cost_no_more_than_the_two():
    case = picking(pieces=3)
    case.at(60, c.ListProduct("ramen", "Ramen", "food", 2))  # it takes more room
    offered(case, quantity=2, pieces=3)
    [proposed] = [x for x in case.events if isinstance(x, e.SubstituteProposed)]
    assert proposed.line == PricedLine("udon", 3, 2 * GOODS // 3)


@pytest.mark.parametrize("answer", [NO, None])
def test_who_declines_or_says_nothing_goes_without_and_pays_less(answer):
    case = offered()
    if answer:
        case.at(case.now_s + 1, answer)
    else:
        case.at(case.now_s + 180, c.Tick())
    reason = "declined" if answer else "lapsed"
    case.includes(
        e.SubstituteDropped("o", "ramen", reason),
        e.StockReleased("store", "o", [Line("udon", 1)]),
    )
    assert case.available("udon") == 5
    assert case.state.orders["o"].due_minor == GOODS + FEE
    case.at(case.now_s, YES).rejects(Reason.UNKNOWN, what="substitute", id="ramen")


def test_an_order_that_is_left_with_nothing_ends():
    case = offered(picking(1))
    assert case.state.orders["o"].status == "accepted"
    case.at(case.now_s + 1, NO).includes(
        e.SubstituteDropped, e.OrderCancelled("o", Actor.STORE, "item_missing", case.engine.now)
    )
    case = offered(picking(1)).at(100, YES)
    assert case.state.orders["o"].lines == [PricedLine("udon", 1, UDON)]


def test_nothing_leaves_the_store_before_the_answer():
    case = offered()
    until = case.state.orders["o"].substitutes["ramen"].expires_at
    case.at(case.now_s + 1, c.ReportReady("store", "o"))
    case.rejects(Reason.SUBSTITUTE_PENDING, expires_at=until)
    case.until_planning().plan(case.now_s + 1, {"kim": cases.there()}, ("o/1",))
    case.at(case.now_s + 1, c.AcceptOffer("kim", "o/1"))
    case.at(case.now_s + 1, c.ReportArrival("kim", "o/1", StopKind.PICKUP))
    case.at(case.now_s + 1, c.ReportPickup("kim", "o/1"))
    case.rejects(Reason.SUBSTITUTE_PENDING, expires_at=until)
    case.at(until / 1_000, c.ReportPickup("kim", "o/1")).includes(e.OrderHandedOver)


@pytest.mark.parametrize(
    ("change", "reason", "detail"),
    [
        ({"store": "other"}, Reason.UNKNOWN, {"what": "order", "id": "o"}),
        ({"missing": "tea"}, Reason.UNKNOWN, {"what": "product", "id": "tea"}),
        ({"substitute": "tea"}, Reason.UNKNOWN, {"what": "product", "id": "tea"}),
        ({"quantity": 0}, Reason.MALFORMED, {"field": "quantity"}),
        ({"pieces": 0}, Reason.MALFORMED, {"field": "pieces"}),
        ({"quantity": 3}, Reason.MALFORMED, {"field": "quantity", "limit": 2}),
        ({"substitute": "ramen"}, Reason.MALFORMED, {"field": "substitute"}),
        ({"pieces": 2}, Reason.TOO_LARGE, {"load": 2, "limit": 1}),
    ],
)
def test_what_is_no_substitute_is_refused_for_its_own_reason(change, reason, detail):
    given = {"store": "store", "order": "o", "missing": "ramen", "quantity": 1}
    asked = {**given, "substitute": "udon", "pieces": 1, **change}
    picking().at(5, c.ProposeSubstitute(**asked)).rejects(reason, **detail)


def test_what_is_not_for_sale_is_no_substitute():
    picking(shelf=0).at(5, offer()).rejects(Reason.INSUFFICIENT_STOCK, product="udon", available=0)
    case = picking().at(5, c.DelistProduct("udon"))
    case.at(6, offer()).rejects(Reason.NOT_LISTED, product="udon")
    case = picking().at(5, c.ListProduct("soba", "Soba", "food"))
    case.at(6, offer(what="soba")).rejects(Reason.NO_PRICE, product="soba")


def test_it_is_offered_while_the_store_picks_and_once():
    case = cases.confirmed(city(1)).at(9, c.ListProduct("udon", "Udon", "food"))
    case.at(10, offer()).rejects(
        Reason.ILLEGAL_TRANSITION,
        **{"from": "confirmed", "to": "substituted"},
        allowed=["accepted", "cancelled"],
    )
    case = offered()
    case.at(case.now_s + 1, offer()).rejects(Reason.ALREADY_EXISTS)
    other = c.AcceptSubstitute("o", "other", "ramen")
    case.at(case.now_s + 1, other).rejects(Reason.UNKNOWN, what="order", id="o")


def test_who_cancels_lets_go_of_what_was_kept_for_him():
    case = offered().at(100, cancel(Actor.CUSTOMER, "changed_mind"))
    case.includes(
        e.SubstituteDropped("o", "ramen", "cancelled"),
        e.StockReleased("store", "o", [Line("udon", 1)]),
        e.StockReleased("store", "o", [Line("ramen", 1)]),
    )
    assert case.available("udon") == 5


def test_a_substitute_that_is_gone_as_well_is_taken_back():
    case = offered(picking(2, shelf=2), pieces=1)
    case.at(100, c.CountStock("store", "udon", 0)).includes(
        e.StockShortfall, e.SubstituteDropped("o", "ramen", "short")
    )
    assert case.state.orders["o"].lines == [PricedLine("ramen", 1, GOODS)]
    assert case.state.inventory.get("store", "udon").reserved == 0


def test_two_things_may_be_missing_at_a_time():
    case = picking(2)
    case.at(10, c.ListProduct("soba", "Soba", "food")).at(10, c.SetPrice("store", "soba", 900))
    case.at(10, c.ReceiveStock("store", "soba", 5))
    offered(case).at(100, YES)
    case.at(101, c.ProposeSubstitute("store", "o", "udon", 1, "soba", 1))
    case.includes(e.SubstituteProposed)
    case.at(102, c.AcceptSubstitute("o", "app", "udon")).includes(e.SubstituteAccepted("o", "udon"))
    assert [x.product for x in case.state.orders["o"].lines] == ["ramen", "soba"]
