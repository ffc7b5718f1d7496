"""What a provider could not void or refund is asked of it again, and money is where the books say."""

import pytest

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.values import Actor, InstructionKind, Posting
from tests import cases
from tests.acceptance.test_archiving import another, in_stock, put_away
from tests.acceptance.test_paying import balances
from tests.acceptance.test_refunding import captured, refund
from tests.acceptance.test_tipping import bought, says_yes
from tests.cases import FEE, GOODS, TOTAL, Case, city, settled

VOID, REFUND = InstructionKind.VOID, InstructionKind.REFUND


def answered(provider: str, instruction: str, *, succeeded: bool) -> c.ReportInstruction:
    return c.ReportInstruction(provider, instruction, succeeded, "ref")


def refund_failed() -> Case:
    case = captured().at(200, refund("r", 500))
    return case.at(201, settled("r", succeeded=False))


def void_failed(*, taken: bool) -> Case:
    """The order was cancelled, and the provider kept what it held, or had taken."""
    case = bought("bank").at(3, says_yes("bank", TOTAL, taken=taken))
    case.at(4, cases.cancel(Actor.CUSTOMER, "changed_mind"))
    return case.at(5, answered("bank", "o/1/void", succeeded=False))


def rest_failed() -> Case:
    """Two were paid for at once, one was there: the rest could not be sent back."""
    case = bought("bank", pieces=2).at(3, says_yes("bank", GOODS + TOTAL, taken=True))
    ready_at = case.engine.now + 600_000
    case.at(case.now_s + 1, c.AcceptOrder("store", "o", ready_at))
    case.at(case.now_s + 1, c.ReportMissing("store", "o", "ramen", 1)).until_planning()
    case.plan(case.now_s + 1, {"kim": cases.there()}, ("o/1",))
    case.at(case.now_s, c.AcceptOffer("kim", "o/1")).at(case.now_s, c.ReportPickup("kim", "o/1"))
    case.at(case.now_s + 1, c.ReportDropoff("kim", "o/1"))
    return case.at(case.now_s + 1, answered("bank", "o/1/rest", succeeded=False))


def test_a_refund_that_failed_is_asked_for_again_under_a_new_name():
    case = refund_failed()
    assert case.state.payments["o/1"].refunded_minor == 0
    assert [*case.state.payments.failed] == ["r"]
    case.at(202, c.InstructAgain("r", "ann")).emits(
        e.InstructionIssued("r/again/1", "o/1", REFUND, 500, "again", "r", "ann"),
        e.LedgerPosted(
            "o",
            "refund again",
            [Posting("platform:refunds", 500), Posting("provider:bank", -500)],
        ),
    )
    assert case.state.payments["o/1"].refunded_minor == 500
    assert not case.state.payments.failed
    case.at(203, settled("r/again/1")).includes(e.InstructionSettled)
    assert balances(case)["provider:bank"] == TOTAL - 500
    assert balances(case)["platform:refunds"] == 500


@pytest.mark.parametrize("taken", [False, True])
def test_a_void_that_failed_is_asked_for_again(taken):
    case = void_failed(taken=taken)
    assert balances(case).get("provider:bank", 0) == TOTAL * taken
    assert balances(case).get("platform:held", 0) == -TOTAL * taken
    case.at(6, c.InstructAgain("o/1/void", "ann"))
    assert case.events[0] == e.InstructionIssued(
        "o/1/void/again/1", "o/1", VOID, TOTAL, "again", "o/1/void", "ann"
    )
    assert not balances(case)
    case.at(7, settled("o/1/void/again/1")).includes(e.InstructionSettled)
    assert not balances(case)


def test_the_rest_that_could_not_be_sent_back_is_sent_again():
    case = rest_failed()
    assert balances(case)["platform:held"] == -GOODS
    case.at(case.now_s + 1, c.InstructAgain("o/1/rest", "ann"))
    assert "platform:held" not in balances(case)
    assert balances(case)["provider:bank"] == TOTAL
    case.at(case.now_s + 1, settled("o/1/rest/again/1", succeeded=False))
    assert balances(case)["platform:held"] == -GOODS
    case.at(case.now_s + 1, c.InstructAgain("o/1/rest/again/1", "ann"))
    case.at(case.now_s + 1, settled("o/1/rest/again/2"))
    assert "platform:held" not in balances(case)
    assert case.state.customers["ann"].spent_minor == TOTAL  # the rest never was spent


def test_one_try_at_a_time_and_none_after_it_worked():
    case = refund_failed().at(202, c.InstructAgain("r", "ann"))
    refused = {"from": "pending", "to": "pending"}
    for name in ("r", "r/again/1"):
        case.at(203, c.InstructAgain(name, "bea"))
        case.rejects(Reason.ILLEGAL_TRANSITION, **refused, allowed=[])
    case.at(204, settled("r/again/1", succeeded=False))
    case.at(205, c.InstructAgain("r", "bea"))
    assert case.events[0].instruction == "r/again/2"
    assert case.events[0].again_of == "r/again/1"
    case.at(206, settled("r/again/2"))
    case.at(207, c.InstructAgain("r/again/1", "ann"))
    case.rejects(Reason.ILLEGAL_TRANSITION, **{"from": "settled", "to": "pending"}, allowed=[])
    assert balances(case)["platform:refunds"] == 500


def test_what_was_given_back_in_another_way_meanwhile_is_not_given_back_twice():
    case = refund_failed()
    case.at(202, refund("s", TOTAL - 499)).at(202, c.EndorseRefund("s", "bea"))
    case.at(203, c.InstructAgain("r", "ann")).rejects(Reason.EXCEEDS_CAPTURED, refundable_minor=499)
    case.at(204, settled("s", succeeded=False)).at(205, c.InstructAgain("r", "ann"))
    case.includes(e.InstructionIssued)


def test_a_capture_that_failed_is_final_and_what_was_never_told_is_unknown():
    case = cases.delivered(city(1))
    case.at(case.now_s + 1, settled("o/1/capture", succeeded=False))
    case.at(case.now_s + 1, c.InstructAgain("o/1/capture", "ann")).rejects(
        Reason.ILLEGAL_TRANSITION, **{"from": "failed", "to": "pending"}, allowed=[]
    )
    case.at(case.now_s + 1, c.InstructAgain("nothing", "ann"))
    case.rejects(Reason.UNKNOWN, what="instruction", id="nothing")


def test_long_after_the_order_was_put_away_too():
    case = in_stock()
    case.at(case.now_s + 1, c.RefundOrder("r", "o", GOODS, "cold", "ann"))
    case.at(case.now_s + 1, settled("r", succeeded=False))
    put_away(another(case))
    assert "o/1" in case.state.payments.archive
    assert [*case.state.payments.failed] == ["r"]
    case.at(case.now_s + 1, c.InstructAgain("r", "ann")).includes(e.InstructionIssued)
    case.at(case.now_s + 1, settled("r/again/1"))
    assert case.state.payments["o/1"].refunded_minor == GOODS
    put_away(another(case, "q"))
    name, last = case.state.payments.last_try("r")
    assert (name, last.status) == ("r/again/1", "settled")


# what customers spent is what they did not get back


def test_what_was_given_back_was_not_spent_once_it_has_arrived():
    case = in_stock()
    paid = 3 * GOODS + FEE
    case.at(case.now_s + 1, c.RefundOrder("r", "o", GOODS, "cold", "ann"))
    assert case.state.customers["ann"].spent_minor == paid
    case.at(case.now_s + 1, settled("r", succeeded=False))
    assert case.state.customers["ann"].spent_minor == paid
    case.at(case.now_s + 1, c.InstructAgain("r", "ann"))
    case.at(case.now_s + 1, settled("r/again/1")).includes(
        e.CustomerRefunded("ann", "o", GOODS, case.engine.now)
    )
    assert case.state.customers["ann"].spent_minor == paid - GOODS
    assert case.state.customers["ann"].purchases == 1


def test_a_tip_that_is_given_back_was_no_purchase():
    case = bought("bank", tip=300).at(3, says_yes("bank", TOTAL + 300, taken=False))
    ready_at = case.engine.now + 600_000
    case.at(case.now_s + 1, c.AcceptOrder("store", "o", ready_at)).until_planning()
    case.plan(case.now_s + 1, {"kim": cases.there()}, ("o/1",))
    case.at(case.now_s, c.AcceptOffer("kim", "o/1")).at(case.now_s, c.ReportPickup("kim", "o/1"))
    case.at(case.now_s + 1, c.ReportDropoff("kim", "o/1"))
    case.at(case.now_s + 1, settled("o/1/capture"))
    case.at(case.now_s + 1, c.RefundOrder("r", "o", TOTAL - 100, "cold", "ann"))
    case.at(case.now_s + 1, settled("r"))
    assert case.state.customers["ann"].spent_minor == 100
    case.at(case.now_s + 1, c.RefundOrder("s", "o", 400, "cold", "ann"))
    case.at(case.now_s + 1, settled("s"))
    assert case.state.customers["ann"].spent_minor == 0
