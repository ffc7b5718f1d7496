"""What a bookkeeper finds who lays the provider's bill beside our books."""

import pytest

from engine import commands as c
from engine import events as e
from engine import snapshot
from engine.rejections import RejectionReason as Reason
from engine.values import HOUR, BillLine, DifferenceKind, MovementKind, Posting
from tests import cases
from tests.acceptance.test_paying import balances, refund
from tests.acceptance.test_tipping import at_the_door, bought
from tests.cases import TOTAL, Case, paid, settled

PAY, BACK = MovementKind.PAYMENT, MovementKind.REFUND
DAY_MS = 24 * HOUR
KEY = "wechat/1970-01-01"


def taken(at_ms: int, order: str = "o", *, case: Case | None = None) -> Case:
    """Paid by somebody who takes the money at once and says when."""
    if case is None:
        case = bought("wechat")
    report = c.ReportAuthorization("wechat", f"{order}/1", True, TOTAL, "ref", True, at_ms)
    return case.at(case.now_s + 1, report)


def several(orders: int, at_ms: int = 5_000) -> Case:
    """As many orders, each paid at that time."""
    case = cases.city(orders)
    for number in range(orders):
        name = f"o{number}"
        case.at(case.now_s + 1, cases.quote(f"q-{name}"))
        case.at(case.now_s + 1, c.PlaceOrder(name, "app", f"q-{name}", "wechat"))
        taken(at_ms, name, case=case)
    return case


def line(key: str, amount: int = TOTAL, kind=PAY, fee: int = 0, *, moved: bool = True):
    state = "SUCCESS" if moved else "PROCESSING"
    return BillLine(kind, key, f"n-{key}", amount, fee, moved, state)


def opened(case: Case, key: str = KEY, from_at: int = 0) -> Case:
    return case.at(
        case.now_s, c.OpenReconciliation(key, "wechat", from_at, from_at + DAY_MS)
    ).emits(e.ReconciliationOpened)


def read(case: Case, *lines: BillLine, key: str = KEY) -> Case:
    return case.at(case.now_s, c.ReportBillLines(key, list(lines)))


def closed(case: Case, lines: int, key: str = KEY) -> Case:
    return case.at(case.now_s, c.CloseReconciliation(key, lines)).includes(e.ReconciliationClosed)


def found(case: Case, key: str = KEY) -> list[tuple]:
    differences = case.state.reconciliations[key].differences
    return [(x.kind.value, x.key, x.ours_minor, x.theirs_minor) for x in differences]


def test_money_that_moves_is_remembered_until_a_bill_shows_it():
    case = taken(5_000).includes(e.MoneyMoved("wechat", PAY, "o/1", "o/1", TOTAL, 5_000))
    at_the_door(case)
    case.at(case.now_s, refund("r", 300))
    back = c.ReportInstruction("wechat", "r", True, "ref", 9_000)
    case.at(case.now_s, back).includes(e.MoneyMoved("wechat", BACK, "r", "o/1", 300, 9_000))
    read(opened(case), line("o/1"), line("r", 300, BACK)).emits(e.BillLinesRead)
    closed(case, 2)
    assert found(case) == []
    assert case.state.reconciliations[KEY].agreed == 2
    assert case.state.reconciliations.unbilled["wechat"].movements == {}


def test_what_is_only_held_moves_when_it_is_captured_and_what_is_let_go_never_does():
    case = cases.delivered()
    at = case.engine.now
    capture = c.ReportInstruction("bank", "o/1/capture", True, "ref", at)
    case.at(case.now_s, capture).emits(
        e.InstructionSettled("o/1/capture", "ref"),
        e.MoneyMoved("bank", PAY, "o/1", "o/1", TOTAL, at),
    )
    other = cases.confirmed()
    other.at(other.now_s, cases.cancel("customer", "changed_mind"))
    other.at(other.now_s, c.ReportInstruction("bank", "o/1/void", True, "ref", at)).emits(
        e.InstructionSettled
    )


def test_a_provider_without_a_bill_leaves_nothing_to_compare():
    case = cases.delivered()
    case.at(case.now_s, settled("o/1/capture")).emits(e.InstructionSettled)
    assert case.state.reconciliations.unbilled == {}


def test_five_defects_are_five_differences():
    case = several(6)
    case.at(case.now_s, cases.cancel("customer", "changed_mind", "o5"))
    opened(case)
    read(
        case,
        line("o0/1"),
        line("o1/1", TOTAL + 1),  # 1: another amount
        line("o2/1", moved=False),  # 2: another state
        line(""),  # 3: nobody here knows it
        line("o3/1"),
        line("o3/1"),  # 4: twice there, once here
        line("o5/1"),
    )
    closed(case, 7)  # 5: o4 is not on it
    assert found(case) == [
        ("amount_differs", "o1/1", TOTAL, TOTAL + 1),
        ("state_differs", "o2/1", TOTAL, 0),
        ("missing_here", "", 0, TOTAL),
        ("missing_here", "o3/1", 0, TOTAL),
        ("missing_there", "o4/1", TOTAL, 0),
    ]
    assert case.state.reconciliations[KEY].agreed == 3


def test_money_we_thought_we_would_not_get_is_a_difference_of_state():
    case = bought("wechat").at(300, c.Tick())
    closed(read(opened(case), line("o/1")), 1)
    assert found(case) == [("state_differs", "o/1", 0, TOTAL)]
    assert case.state.reconciliations[KEY].differences[0].ours == "failed"
    late = c.ReportAuthorization("wechat", "o/1", True, TOTAL, "ref", True, 5_000)
    case.at(301, late).includes(e.DifferenceResolved(KEY, 0, "heard of later"))
    assert case.state.reconciliations.unbilled["wechat"].movements == {}


def test_what_one_bill_lacks_may_be_on_the_next():
    case = taken(DAY_MS - 1)
    closed(opened(case), 0)
    assert found(case) == [("missing_there", "o/1", TOTAL, 0)]
    case.at(DAY_MS / 1000, c.Tick())
    read(opened(case, "wechat/2", DAY_MS), line("o/1"), key="wechat/2")
    closed(case, 1, "wechat/2").includes(e.DifferenceResolved(KEY, 0, "on the bill wechat/2"))
    assert found(case, "wechat/2") == []


def test_only_the_days_own_movements_are_missed():
    case = several(1, 5_000)
    name = "o9"
    case.at(9, c.ReceiveStock("store", "ramen", 1)).at(10, cases.quote("q9"))
    case.at(11, c.PlaceOrder(name, "app", "q9", "wechat"))
    taken(DAY_MS, name, case=case)
    closed(opened(case), 0)
    assert found(case) == [("missing_there", "o0/1", TOTAL, 0)]


def test_a_reading_that_was_broken_off_begins_again():
    case = several(3)
    read(opened(case), line("o0/1"), line("o1/1", TOTAL - 1))
    before = snapshot.dump(case.engine)
    read(opened(case), line("o0/1"), line("o1/1", TOTAL - 1))
    assert len(snapshot.dump(case.engine)) == len(before)
    read(case, line("o2/1"))
    closed(case, 3)
    assert found(case) == [("amount_differs", "o1/1", TOTAL, TOTAL - 1)]
    again = c.OpenReconciliation(KEY, "wechat", 0, DAY_MS)
    case.at(case.now_s, again).rejects(Reason.ALREADY_EXISTS)


def test_a_line_that_says_a_failed_refund_failed_agrees():
    case = at_the_door(taken(5_000))
    case.at(case.now_s, refund("r", 300))
    case.at(case.now_s, c.ReportInstruction("wechat", "r", False, "ref", 9_000))
    read(opened(case), line("o/1"), line("r", 300, BACK, moved=False))
    closed(case, 2)
    assert found(case) == []


def test_fees_are_booked_once_the_bill_is_read():
    case = at_the_door(taken(5_000))
    before = balances(case)
    closed(read(opened(case), line("o/1", fee=11), line("", fee=-1)), 2)
    after = balances(case)
    assert after["platform:provider_fees"] == 10
    assert after["provider:wechat"] == before["provider:wechat"] - 10


@pytest.mark.parametrize("booked", [True, False])
def test_a_difference_is_looked_at_once_and_the_books_may_follow_the_bill(booked):
    case = several(1)
    closed(read(opened(case), line("o0/1", TOTAL - 5)), 1)
    before = balances(case)
    case.at(case.now_s, c.ResolveDifference(KEY, 0, " ")).rejects(Reason.MALFORMED, field="note")
    resolve = c.ResolveDifference(KEY, 0, "their coupon", booked)
    case.at(case.now_s, resolve)
    if booked:
        entry = [Posting("provider:wechat", -5), Posting("platform:differences", 5)]
        posted = e.LedgerPosted("", f"difference 0 of {KEY}", entry)
        case.emits(e.DifferenceResolved(KEY, 0, "their coupon", True), posted)
    else:
        case.emits(e.DifferenceResolved(KEY, 0, "their coupon", False))
        assert balances(case) == before
    case.at(case.now_s, resolve).rejects(Reason.ALREADY_EXISTS)
    other = c.ResolveDifference(KEY, 1, "what?")
    case.at(case.now_s, other).rejects(Reason.UNKNOWN, what="difference", id=f"{KEY}/1")


def test_a_bill_that_cannot_be_is_refused_and_nothing_is_lost():
    case = several(1)
    case.at(case.now_s, c.OpenReconciliation(KEY, "wechat", 5, 5)).rejects(
        Reason.MALFORMED, field="to_at"
    )
    read(case, line("o0/1")).rejects(Reason.UNKNOWN, what="reconciliation", id=KEY)
    opened(case)
    read(case).rejects(Reason.MALFORMED, field="lines", limit=1_000)
    read(case, line("o0/1", -1)).rejects(Reason.MALFORMED, field="lines")
    read(case, line("o0/1"))
    case.at(case.now_s, c.CloseReconciliation(KEY, 2)).rejects(
        Reason.MALFORMED, field="lines", limit=1
    )
    closed(case, 1)
    assert found(case) == []
    assert case.state.reconciliations[KEY].agreed == 1


def test_another_providers_payment_is_nothing_this_bill_should_show():
    case = cases.city(2)
    case.at(1, cases.quote("q-o")).at(2, cases.place("o", "q-o")).at(3, paid())
    closed(read(opened(case), line("o/1")), 1)
    assert found(case) == [(DifferenceKind.MISSING_HERE.value, "o/1", 0, TOTAL)]


def test_a_refund_under_way_when_the_bill_was_made_is_not_missed_on_the_next():
    case = at_the_door(taken(5_000))
    case.at(case.now_s, refund("r", 300))
    under_way = BillLine(BACK, "r", "n-r", 300, 0, True, "PROCESSING", False)
    read(opened(case), line("o/1"), under_way)
    closed(case, 2)
    assert found(case) == []
    done = c.ReportInstruction("wechat", "r", True, "ref", DAY_MS + 1)
    case.at(case.now_s, done).includes(e.MoneyMoved)
    closed(opened(case, "wechat/2", DAY_MS), 0, "wechat/2")
    assert found(case, "wechat/2") == []
