"""Goods on shelves: counts, losses, quarantine, and who goes without when a shelf is short."""

import pytest

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.values import Actor, Line, ShortOrder
from tests import cases
from tests.cases import FEE, GOODS, city


def adjust(difference: int, reason: str = "damage", actor: Actor = Actor.STORE) -> c.AdjustStock:
    return c.AdjustStock("store", "ramen", difference, reason, actor, "seen")


def shelf(case):
    return case.state.inventory.get("store", "ramen")


# counting


def test_a_count_sets_the_books_right_and_leaves_what_is_reserved():
    case = cases.placed(city(5)).at(5, c.CountStock("store", "ramen", 3))
    case.emits(e.StockCounted("store", "ramen", -2))
    case.at(7, c.CountStock("store", "ramen", 9)).emits(e.StockCounted("store", "ramen", 6))
    assert case.available() == 8


def test_a_negative_count_is_no_count():
    case = city(5).at(1, c.CountStock("store", "ramen", -1))
    case.rejects(Reason.MALFORMED, field="counted")
    assert shelf(case).on_hand == 5


def test_a_count_below_what_was_promised_lets_the_newest_order_down():
    """Neither the count nor an order is lost: the first come is served, the last is told."""
    case = cases.confirmed(cases.confirmed(city(3), "first"), "second", pieces=2)
    case.at(case.now_s + 1, c.CountStock("store", "ramen", 2)).emits(
        e.StockReleased("store", "second", [Line("ramen", 1)]),
        e.StockCounted("store", "ramen", -1),
        e.StockShortfall("store", "ramen", 1, [ShortOrder("second", 1)]),
        e.OrderReduced,
    )
    second = case.state.orders["second"]
    assert (second.lines[0].quantity, second.due_minor) == (1, GOODS + FEE)
    assert case.state.orders["first"].due_minor == GOODS + FEE
    assert (shelf(case).on_hand, shelf(case).reserved, shelf(case).short) == (2, 2, 1)


def test_an_order_of_which_nothing_is_left_ends_and_its_money_goes_back():
    case = cases.confirmed(city(1)).at(9, c.CountStock("store", "ramen", 0))
    case.includes(
        e.StockShortfall("store", "ramen", 1, [ShortOrder("o", 1)]),
        e.OrderCancelled("o", Actor.STORE, "item_missing", case.engine.now),
        e.InstructionIssued("o/1/void", "o/1", "void", GOODS + FEE, "item_missing"),
    )
    assert shelf(case).on_hand == shelf(case).reserved == 0


def test_an_order_that_is_not_yet_paid_for_goes_without_too():
    case = cases.placed(cases.placed(city(3), "first"), "second", pieces=2)
    case.at(case.now_s + 1, c.CountStock("store", "ramen", 2)).includes(e.OrderReduced)
    total = case.state.payments["second/1"].amount_minor  # held as asked for, captured as owed
    case.at(case.now_s + 1, cases.paid("second", total)).includes(e.OrderConfirmed)
    assert case.state.orders["second"].due_minor == GOODS + FEE


@pytest.mark.parametrize("reach", [cases.accepted, cases.planned])
def test_what_is_being_prepared_is_not_let_down_for_what_is_not(reach):
    case = reach(city(2), "old")
    case.at(case.now_s + 1, c.ReportReady("store", "old"))
    case = cases.confirmed(case, "new")
    case.at(case.now_s + 1, c.CountStock("store", "ramen", 1))
    case.includes(e.StockShortfall("store", "ramen", 1, [ShortOrder("new", 1)]))


def test_who_came_last_is_let_down_first_even_if_nearly_ready():
    """Of two that are equally far, the newer; of two that are not, the one less far."""
    case = cases.accepted(cases.accepted(city(3), "a"), "b")
    case = cases.confirmed(case, "c")
    case.at(case.now_s + 1, c.ReportReady("store", "b"))
    for counted, loser in ((2, "c"), (1, "a"), (0, "b")):
        case.at(case.now_s + 1, c.CountStock("store", "ramen", counted))
        case.includes(e.StockShortfall("store", "ramen", 1, [ShortOrder(loser, 1)]))


# losses and corrections


def test_a_loss_has_a_reason_an_actor_and_only_ever_takes_away():
    case = city(5).at(1, adjust(-2))
    case.emits(e.StockAdjusted("store", "ramen", -2, "damage", Actor.STORE, "seen"))
    case.at(2, adjust(2, "theft")).rejects(Reason.MALFORMED, field="difference")
    case.at(2, adjust(0)).rejects(Reason.MALFORMED, field="difference")
    case.at(3, adjust(-1, "magic"))
    assert case.events[0].reason is Reason.REASON_NOT_ALLOWED
    case.at(4, adjust(-4)).rejects(Reason.INSUFFICIENT_STOCK, product="ramen", available=3)
    case.at(5, adjust(-1, actor=Actor.COURIER)).rejects(Reason.MALFORMED, field="actor")
    assert (shelf(case).on_hand, shelf(case).adjusted) == (3, -2)


def test_an_operator_repairs_the_books_in_both_directions():
    case = city(5).at(1, adjust(3, "correction", Actor.OPERATOR))
    case.emits(e.StockAdjusted("store", "ramen", 3, "correction", Actor.OPERATOR, "seen"))
    case.at(2, adjust(-8, "correction", Actor.OPERATOR)).emits(e.StockAdjusted)
    assert case.available() == 0


def test_a_loss_of_what_was_promised_lets_an_order_down():
    case = cases.confirmed(city(1)).at(9, adjust(-1, "theft"))
    case.includes(e.StockAdjusted, e.StockShortfall, e.OrderCancelled)


# quarantine


def test_what_is_damaged_is_in_the_store_and_not_for_sale():
    case = city(5).at(1, c.QuarantineStock("store", "ramen", 3))
    case.emits(e.StockQuarantined("store", "ramen", 3))
    assert (shelf(case).on_hand, shelf(case).damaged, case.available()) == (2, 3, 2)
    case.at(2, c.RestoreStock("store", "ramen", 1)).emits(e.StockRestored("store", "ramen", 1))
    case.at(3, c.DiscardStock("store", "ramen", 2)).emits(e.StockDiscarded("store", "ramen", 2))
    assert (shelf(case).on_hand, shelf(case).damaged, case.available()) == (3, 0, 3)
    for kind in (c.RestoreStock, c.DiscardStock):
        case.at(4, kind("store", "ramen", 1))
        case.rejects(Reason.INSUFFICIENT_STOCK, product="ramen", available=0)
    case.at(5, c.QuarantineStock("store", "ramen", 4))
    case.rejects(Reason.INSUFFICIENT_STOCK, product="ramen", available=3)


def test_quarantine_of_what_was_promised_lets_an_order_down():
    case = cases.confirmed(city(2)).at(9, c.QuarantineStock("store", "ramen", 2))
    case.includes(e.StockQuarantined, e.StockShortfall, e.OrderCancelled)
    assert (shelf(case).on_hand, shelf(case).damaged) == (0, 2)


def test_what_comes_back_unfit_goes_into_quarantine():
    case = cases.returning()
    case.at(case.now_s + 60, c.ReceiveReturn("store", "o/1", False))
    case.includes(e.StockReturned("store", "o", [Line("ramen", 1)], "o/1", False))
    assert (shelf(case).on_hand, shelf(case).damaged) == (0, 1)
    case.at(case.now_s + 1, c.DiscardStock("store", "ramen", 1)).emits(e.StockDiscarded)


# bad input


@pytest.mark.parametrize(
    "kind", [c.ReceiveStock, c.RecordSale, c.QuarantineStock, c.RestoreStock, c.DiscardStock]
)
def test_nothing_is_moved_by_less_than_one_or_where_nothing_is(kind):
    case = city(5)
    for quantity in (0, -1):
        case.at(1, kind("store", "ramen", quantity)).rejects(Reason.MALFORMED, field="quantity")
    case.at(1, kind("nowhere", "ramen", 1)).rejects(Reason.UNKNOWN, what="store", id="nowhere")
    case.at(1, kind("store", "gold", 1)).rejects(Reason.UNKNOWN, what="product", id="gold")
