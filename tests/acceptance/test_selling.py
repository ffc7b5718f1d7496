"""The store's own till: the same shelf as every order, on the line and off it."""

import pytest

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.state.receipts import KEPT_MS
from engine.values import DAY, MINUTE, SECOND, Line, PricedLine, ShortOrder, Tender, TillReceipt
from tests import cases
from tests.cases import city, place, quote

BOWL = PricedLine("ramen", 1, 900)


def receipt(name: str = "r1", *lines: PricedLine) -> c.RecordReceipt:
    return c.RecordReceipt("store", "till-1", name, list(lines) or [BOWL], Tender.CASH, "eve")


def sold(name: str, *lines: PricedLine, at: int = 0) -> TillReceipt:
    return TillReceipt(name, at, list(lines) or [BOWL], Tender.CARD)


def reconcile(*receipts: TillReceipt) -> c.ReconcileTill:
    return c.ReconcileTill("store", "till-1", list(receipts))


def back(pieces: int = 1, refund: str = "b1", sellable: bool = True) -> c.RefundReceipt:
    return c.RefundReceipt("store", "r1", refund, [Line("ramen", pieces)], sellable)


def shelf(case):
    return case.state.inventory.get("store", "ramen")


# on the line


def test_a_receipt_says_what_was_sold_for_how_much_and_how_it_was_paid():
    case = city(5).at(1, receipt("r1", PricedLine("ramen", 2, 900), PricedLine("ramen", 1, 800)))
    lines = [PricedLine("ramen", 2, 900), PricedLine("ramen", 1, 800)]
    case.emits(
        e.ReceiptRecorded(
            "store", "r1", "till-1", lines, 2_600, Tender.CASH, 1_000, 1_000, "eve", False
        ),
        e.StockSold("store", "ramen", 3, "r1"),
    )
    assert (shelf(case).on_hand, shelf(case).sold) == (2, 3)
    case.at(2, receipt("r1")).rejects(Reason.ALREADY_EXISTS)


def test_a_receipt_is_sold_whole_or_not_at_all():
    case = city(5).at(0, c.ListProduct("tea", "Tea", "drinks"))
    case.at(1, receipt("r1", BOWL, PricedLine("tea", 1, 300)))
    case.rejects(Reason.INSUFFICIENT_STOCK, product="tea", available=0)
    case.at(2, receipt("r1", *[BOWL] * 3, PricedLine("ramen", 3, 900)))
    case.rejects(Reason.INSUFFICIENT_STOCK, product="ramen", available=5)
    assert shelf(case).on_hand == 5


def test_of_the_last_piece_a_till_and_an_order_one_gets_it():
    """Whoever comes first; the other is told, and nothing is lost."""
    till_first = city(1).at(1, quote()).at(2, receipt()).emits(e.ReceiptRecorded, e.StockSold)
    till_first.at(3, place()).rejects(Reason.INSUFFICIENT_STOCK, product="ramen", available=0)
    order_first = city(1).at(1, quote()).at(2, place()).includes(e.OrderPlaced)
    order_first.at(3, receipt())
    order_first.rejects(Reason.INSUFFICIENT_STOCK, product="ramen", available=0)


def test_two_tills_do_not_sell_the_last_piece_twice():
    case = city(1).at(1, receipt("r1")).emits(e.ReceiptRecorded, e.StockSold)
    case.at(1, receipt("r2")).rejects(Reason.INSUFFICIENT_STOCK, product="ramen", available=0)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [PricedLine("ramen", 0, 1)],
        [PricedLine("ramen", 1, -1)],
        [PricedLine("", 1, 1)],
        [PricedLine("ramen", 1, 9, 1)],
    ],
)
def test_a_receipt_that_cannot_be_is_refused(lines):
    command = c.RecordReceipt("store", "till-1", "r1", lines, Tender.CASH)
    city(5).at(1, command).rejects(Reason.MALFORMED, field="lines")
    case = city(5).at(9, c.ReconcileTill("store", "t", [TillReceipt("r1", 1, lines, "cash")]))
    case.rejects(Reason.MALFORMED, field="receipts", receipt="r1")


# off the line


def test_a_till_that_could_not_ask_tells_what_it_sold():
    case = city(5).at(600, reconcile(sold("r1", at=60_000), sold("r2", at=120_000)))
    case.emits(e.ReceiptRecorded, e.StockSold, e.ReceiptRecorded, e.StockSold)
    told = case.events[0]
    assert (told.offline, told.sold_at, told.at) == (True, 60_000, 600_000)
    assert shelf(case).on_hand == 3


def test_what_a_till_tells_again_changes_nothing():
    case = city(5).at(60, reconcile(sold("r1"), sold("r2"), sold("r1")))
    assert shelf(case).on_hand == 3
    case.at(61, reconcile(sold("r2"), sold("r1"))).emits()
    case.at(62, reconcile(sold("r1"), sold("r3"))).emits(e.ReceiptRecorded, e.StockSold)
    assert shelf(case).on_hand == 2


def test_what_was_sold_is_sold_and_the_newest_order_goes_without():
    case = cases.confirmed(cases.confirmed(city(2), "first"), "second")
    case.at(60, reconcile(sold("r1"))).emits(
        e.ReceiptRecorded,
        e.StockReleased("store", "second", [Line("ramen", 1)]),
        e.StockSold("store", "ramen", 1, "r1"),
        e.StockShortfall("store", "ramen", 1, [ShortOrder("second", 1)]),
        e.OrderReduced,
        e.OrderCancelled,
        e.InstructionIssued,
    )
    assert (shelf(case).on_hand, shelf(case).reserved) == (1, 1)


def test_what_the_books_did_not_know_of_was_there_all_the_same():
    """More sold than was on the shelf, says the till: then the books were wrong, not the till."""
    case = (
        city(2)
        .at(60, reconcile(sold("r1", PricedLine("ramen", 5, 900))))
        .emits(
            e.ReceiptRecorded,
            e.StockCounted("store", "ramen", 3, receipt="r1"),
            e.StockSold("store", "ramen", 5, "r1"),
            e.StockShortfall("store", "ramen", 3, []),
        )
    )
    assert (shelf(case).on_hand, shelf(case).short) == (0, 3)


def test_what_is_packed_on_the_counter_was_not_sold_by_mistake():
    case = cases.accepted(city(1))
    case.at(case.now_s + 1, c.ReportReady("store", "o"))
    case.at(case.now_s + 1, reconcile(sold("r1"))).emits(
        e.ReceiptRecorded,
        e.StockCounted("store", "ramen", 1, receipt="r1"),
        e.StockSold,
        e.StockShortfall("store", "ramen", 1, []),
    )
    assert (shelf(case).on_hand, shelf(case).reserved) == (1, 1)


def test_a_reconciliation_that_cannot_be_is_refused_whole_and_says_where():
    case, late = city(5), sold("r9", at=60 * SECOND + 6 * MINUTE)
    case.at(60, reconcile(sold("r1"), late))
    limit = 60 * SECOND + 5 * MINUTE
    case.rejects(Reason.MALFORMED, field="sold_at", limit_at=limit, receipt="r9")
    case.at(61, reconcile(sold("r1"), sold("r2", PricedLine("gold", 1, 900))))
    case.rejects(Reason.UNKNOWN, what="product", id="gold")
    case.at(62, reconcile()).rejects(Reason.MALFORMED, field="receipts", limit=500)
    assert shelf(case).on_hand == 5
    week_s = KEPT_MS // SECOND
    case.at(62 + week_s, reconcile(sold("r1", at=61_000))).rejects(Reason.STALE, receipt="r1")


# bringing back


def test_what_is_brought_back_is_on_the_shelf_and_its_price_given_back():
    case = city(5).at(1, receipt("r1", PricedLine("ramen", 2, 900), PricedLine("ramen", 1, 500)))
    case.at(2, back(2)).emits(
        e.ReceiptRefunded(
            "store", "r1", "b1", [PricedLine("ramen", 2, 900)], 1_800, True, 2 * SECOND
        ),
        e.StockBroughtBack("store", "r1", [Line("ramen", 2)], True),
    )
    assert shelf(case).on_hand == 4
    case.at(3, back(1, "b2", sellable=False)).includes(
        e.ReceiptRefunded(
            "store", "r1", "b2", [PricedLine("ramen", 1, 500)], 500, False, 3 * SECOND
        )
    )
    assert (shelf(case).on_hand, shelf(case).damaged) == (4, 1)


def test_nothing_is_brought_back_twice_or_that_was_never_bought():
    case = city(5).at(1, receipt()).at(2, back()).includes(e.ReceiptRefunded)
    case.at(3, back()).rejects(Reason.ALREADY_EXISTS)
    case.at(4, back(refund="b2"))
    case.rejects(Reason.EXCEEDS_BOUGHT, product="ramen", refundable=0)
    case.at(5, c.RefundReceipt("store", "r1", "b3", [Line("gold", 1)], True))
    case.rejects(Reason.EXCEEDS_BOUGHT, product="gold", refundable=0)
    case.at(6, c.RefundReceipt("store", "r7", "b3", [Line("ramen", 1)], True))
    case.rejects(Reason.UNKNOWN, what="receipt", id="r7")


def test_a_receipt_is_forgotten_after_a_while_and_not_before():
    """Two generations of a week each: what was recorded within a week is always known."""
    case, day_s = city(99), DAY // SECOND
    for day in range(1, 30):
        case.at(day * day_s, receipt(f"r-{day}"))
        known = [x for x in range(1, day + 1) if case.state.receipts.get("store", f"r-{x}")]
        assert set(range(max(1, day - 6), day + 1)) <= set(known)
        assert len(known) <= 16
