"""What support would say about giving money back: small sums at once, large ones only by two."""

import pytest

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.settings import Settings
from engine.values import InstructionKind, Posting
from tests import cases
from tests.cases import TOTAL, Case, city, settled

CAREFUL = Settings(refund_alone_max_minor=500)


def captured(settings: Settings = CAREFUL) -> Case:
    case = cases.delivered(city(1, settings=settings))
    return case.at(case.now_s + 1, settled("o/1/capture"))


def refund(name: str, amount: int, by: str = "ann") -> c.RefundOrder:
    return c.RefundOrder(name, "o", amount, "cold soup", by)


def issued(name: str, amount: int) -> list[e.AnyEvent]:
    postings = [Posting("platform:refunds", amount), Posting("provider:bank", -amount)]
    return [
        e.InstructionIssued(name, "o/1", InstructionKind.REFUND, amount, "cold soup"),
        e.LedgerPosted("o", "refund", postings),
    ]


def test_up_to_the_limit_one_person_gives_back_alone():
    captured().at(200, refund("r", 500)).emits(*issued("r", 500))


def test_beyond_the_limit_a_second_person_has_to_agree():
    case = captured().at(200, refund("r", 501))
    [proposed] = case.events
    assert isinstance(proposed, e.RefundProposed)
    assert (proposed.by, proposed.needs_approval) == ("ann", True)
    case.at(201, c.EndorseRefund("r", "ann")).rejects(Reason.SECOND_PERSON_NEEDED)
    case.at(202, c.EndorseRefund("r", "bea")).emits(
        e.RefundEndorsed("r", "bea"), e.RefundReleased("r"), *issued("r", 501)
    )
    case.at(203, c.EndorseRefund("r", "cat")).rejects(Reason.UNKNOWN, what="refund", id="r")


def test_dividing_a_large_refund_into_small_ones_does_not_help():
    case = captured().at(200, refund("r", 300)).emits(*issued("r", 300))
    case.at(201, refund("s", 300)).emits(e.RefundProposed)
    case.at(202, refund("t", 1)).emits(e.RefundProposed)
    assert case.state.payments["o/1"].refunded_minor == 300


def test_what_waits_is_spoken_for():
    case = captured().at(200, refund("r", 1_000))
    left = TOTAL - 1_000
    case.at(201, refund("s", left + 1)).rejects(Reason.EXCEEDS_CAPTURED, refundable_minor=left)
    case.at(202, refund("r", 1)).rejects(Reason.ALREADY_EXISTS)


@pytest.mark.parametrize("by", ["ann", "bea"])
def test_anyone_may_decline_it_also_who_asked(by):
    case = captured().at(200, refund("r", TOTAL))
    case.at(201, c.DeclineRefund("r", by, "too much")).emits(e.RefundDropped("r", by, "too much"))
    case.at(202, c.EndorseRefund("r", "bea")).rejects(Reason.UNKNOWN, what="refund", id="r")
    case.at(203, c.DeclineRefund("r", "bea", "")).rejects(Reason.UNKNOWN, what="refund", id="r")
    case.at(204, refund("r", 500)).emits(*issued("r", 500))


def test_what_was_taken_and_never_owed_does_not_count_against_the_limit():
    case = cases.placed(city(2, settings=CAREFUL), pieces=2)
    total = case.state.orders["o"].due_minor
    case.at(9, c.ReportAuthorization("bank", "o/1", True, total, "ref", True))
    case.at(10, c.AcceptOrder("store", "o", 20_000))
    case.at(11, c.ReportMissing("store", "o", "ramen", 1)).until_planning()
    case.plan(case.now_s, {"kim": cases.there()}, ("o/1",))
    for report in (c.AcceptOffer, c.ReportPickup, c.ReportDropoff):
        case.at(case.now_s + 1, report("kim", "o/1"))
    assert case.state.payments["o/1"].refunded_minor == cases.GOODS  # sent back at once
    case.at(50, refund("r", 500)).emits(*issued("r", 500))


def test_a_limit_of_nothing_asks_two_people_always():
    captured(Settings(refund_alone_max_minor=0)).at(200, refund("r", 1)).emits(e.RefundProposed)


# the limit itself


def raised(by: str, limit: int = 10_000, why: str = "a busy week") -> c.ChangeSettings:
    return c.ChangeSettings(Settings(refund_alone_max_minor=limit), by, why)


def test_nobody_raises_the_limit_and_then_gives_back_alone():
    case = captured().at(200, raised("ann"))
    case.emits(e.SettingsProposed(raised("ann").settings, "ann", "a busy week"))
    case.at(201, refund("r", 501)).emits(e.RefundProposed)
    case.at(202, raised("ann")).rejects(Reason.SECOND_PERSON_NEEDED)
    assert case.state.settings.current.refund_alone_max_minor == 500


def test_two_who_ask_for_the_same_raise_it():
    case = captured().at(200, raised("ann")).at(201, raised("bea", why="I agree"))
    settings = raised("ann").settings
    case.includes(e.SettingsChanged(settings, "bea", "I agree", "ann"))
    case.at(202, refund("r", 501)).emits(*issued("r", 501))


def test_what_waited_before_is_no_agreement_to_more_nor_to_anything_later():
    case = captured().at(200, raised("ann")).at(201, raised("bea", 20_000))
    case.emits(e.SettingsProposed)
    case.at(202, raised("bea")).emits(e.SettingsProposed)  # hers was another wish
    lower = c.ChangeSettings(Settings(refund_alone_max_minor=400), "cat")
    case.at(203, lower).includes(e.SettingsChanged)
    case.at(204, raised("ann")).emits(e.SettingsProposed)


@pytest.mark.parametrize("limit", [0, 499, 500])
def test_one_is_enough_to_be_more_careful(limit):
    captured().at(200, raised("ann", limit)).includes(
        e.SettingsChanged(Settings(refund_alone_max_minor=limit), "ann", "a busy week")
    )


# complaints


def complained() -> Case:
    case = captured().at(200, c.OpenComplaint("c", "ann", "quality", "o", "app"))
    case.at(201, c.ApproveRefund("c", 501, "ann"))
    return case.emits(e.RefundApproved, e.RefundProposed)


def test_what_a_complaint_gives_back_is_limited_in_the_same_way():
    name = "o/complaint/c/1"
    case = complained().at(202, c.EndorseRefund(name, "ann")).rejects(Reason.SECOND_PERSON_NEEDED)
    case.at(203, c.EndorseRefund(name, "bea"))
    case.includes(e.RefundEndorsed(name, "bea"), e.InstructionIssued)
    case.at(204, settled(name)).includes(e.InstructionSettled, e.ComplaintClosed)


def test_a_customer_whose_refund_is_declined_waits_for_another_answer():
    case = complained().at(202, c.DeclineRefund("o/complaint/c/1", "bea", "too much"))
    case.emits(e.RefundDropped, e.RefundMissed)
    case.at(203, c.ApproveRefund("c", 500, "ann")).includes(e.InstructionIssued)
