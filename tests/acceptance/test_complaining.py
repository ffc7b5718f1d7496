"""Complaints and ratings: every answer has a clock, and refunded means that the money has landed."""

import pytest

from engine import commands as c
from engine import events as e
from engine import snapshot
from engine.rejections import RejectionReason as Reason
from engine.rules.complaints import ANSWER_WITHIN_MS, NO_REPLY_MS, REASONS
from engine.values import DAY, HOUR, SECOND, Actor, Channel, InstructionKind
from tests import cases
from tests.cases import settled

HOUR_S, WEEK_S = HOUR // SECOND, NO_REPLY_MS // SECOND
REFUND = "o/complaint/c/1"


def delivered() -> cases.Case:
    """Ann has her ramen, and the bank has the money."""
    case = cases.delivered()
    return case.at(case.now_s + 1, settled("o/1/capture"))


def complained(reason: str = "quality", service: str = "app") -> cases.Case:
    case = delivered()
    return case.at(case.now_s + 1, c.OpenComplaint("c", "ann", reason, "o", service))


def of(case):
    return case.state.complaints["c"]


def refunding() -> cases.Case:
    case = complained()
    return case.at(case.now_s + 1, c.ApproveRefund("c", 700))


# from the first word to the last


def test_a_complaint_is_answered_and_the_customer_is_satisfied():
    case = complained()
    at = case.engine.now
    case.emits(e.ComplaintOpened("c", "ann", "app", "quality", "o", at + 24 * HOUR, at))
    case.at(case.now_s + 60, c.AnswerComplaint("c")).emits(
        e.ComplaintAnswered("c", Actor.OPERATOR, case.engine.now)
    )
    case.at(case.now_s + 60, c.CloseComplaint("c", "satisfied", "app")).emits(
        e.ComplaintClosed("c", Actor.CUSTOMER, "satisfied", case.engine.now)
    )
    assert [x.what for x in of(case).history] == ["opened", "answered", "satisfied"]
    assert case.state.complaints.open == {}


def test_who_waits_too_long_for_an_answer_is_escalated_once_for_each_question():
    case = complained("food_safety")
    opened_s = case.now_s
    case.at(opened_s + HOUR_S - 0.001, c.Tick())
    assert of(case).escalations == 0
    case.at(opened_s + HOUR_S, c.Tick())
    assert of(case).escalations == 1
    case.at(opened_s + 2 * HOUR_S, c.AnswerComplaint("c", "app"))  # "is anybody there?"
    case.at(opened_s + 9 * HOUR_S, c.Tick())
    assert of(case).escalations == 1
    case.at(opened_s + 9 * HOUR_S, c.AnswerComplaint("c"))
    case.at(opened_s + 10 * HOUR_S, c.AnswerComplaint("c", "app"))  # another question
    assert of(case).answer_by == case.engine.now + HOUR
    case.at(opened_s + 11 * HOUR_S, c.Tick())
    assert of(case).escalations == 2


def test_saying_more_does_not_make_the_wait_longer():
    case = complained()
    due = of(case).answer_by
    case.at(case.now_s + 3_600, c.AnswerComplaint("c", "app"))
    assert of(case).answer_by == due
    case.at(due / SECOND, c.Tick())
    assert of(case).escalations == 1


def test_an_answer_nobody_replies_to_settles_it_after_a_week():
    case = complained()
    case.at(case.now_s + 10, c.AnswerComplaint("c"))
    answered_s = case.now_s
    case.at(answered_s + WEEK_S - 1, c.AnswerComplaint("c", "app"))  # in time
    case.at(answered_s + WEEK_S, c.Tick())
    assert of(case).status == "open"
    case.at(case.now_s, c.AnswerComplaint("c"))
    case.at(case.now_s + WEEK_S, c.Tick())
    assert (of(case).status, of(case).outcome) == ("closed", "no_reply")


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_its_own_deadline(reason):
    case = complained(reason)
    assert of(case).answer_by - case.engine.now == ANSWER_WITHIN_MS[reason]


def test_each_may_end_it_in_his_own_words_only_and_nobody_twice():
    case = complained()
    case.at(case.now_s, c.CloseComplaint("c", "refunded")).rejects(
        Reason.REASON_NOT_ALLOWED,
        actor=Actor.OPERATOR,
        allowed=["resolved", "compensated", "rejected", "duplicate"],
    )
    case.at(case.now_s, c.CloseComplaint("c", "resolved", "app")).rejects(
        Reason.REASON_NOT_ALLOWED, actor=Actor.CUSTOMER, allowed=["satisfied", "withdrawn"]
    )
    case.at(case.now_s, c.CloseComplaint("c", "rejected")).emits(e.ComplaintClosed)
    for more in (
        c.CloseComplaint("c", "rejected"),
        c.AnswerComplaint("c"),
        c.AnswerComplaint("c", "app"),
        c.ApproveRefund("c", 1),
    ):
        case.at(case.now_s, more)
        assert case.events[0].reason is Reason.ILLEGAL_TRANSITION


# money


def test_an_approved_refund_closes_the_complaint_only_when_the_money_has_landed():
    case = refunding().emits(
        e.RefundApproved("c", "o", REFUND, 700, "quality", refunding().engine.now),
        e.InstructionIssued(REFUND, "o/1", InstructionKind.REFUND, 700, "quality"),
        e.LedgerPosted,
    )
    assert (of(case).status, of(case).outcome) == ("refunding", "")
    for early in (c.CloseComplaint("c", "resolved"), c.AnswerComplaint("c")):
        case.at(case.now_s + 1, early)
        assert case.events[0].reason is Reason.ILLEGAL_TRANSITION
    case.at(case.now_s + 90 * 86_400, c.Tick())
    assert of(case).status == "refunding"
    case.at(case.now_s + 1, settled(REFUND)).emits(
        e.InstructionSettled, e.ComplaintClosed("c", Actor.SYSTEM, "refunded", case.engine.now)
    )
    assert of(case).refund_minor == 700


def test_a_refund_that_fails_leaves_the_customer_waiting_for_an_answer_and_can_be_tried_again():
    case = refunding()
    case.at(case.now_s + 1, settled(REFUND, succeeded=False)).includes(
        e.RefundMissed("c", case.engine.now, case.engine.now + 24 * HOUR)
    )
    assert (of(case).status, of(case).refund_minor) == ("open", 0)
    case.at(case.now_s + 1, c.ApproveRefund("c", 300)).includes(e.RefundApproved)
    case.at(case.now_s + 1, settled("o/complaint/c/2"))
    assert (of(case).outcome, of(case).refund_minor) == ("refunded", 300)
    assert case.state.payments["o/1"].refunded_minor == 300


def test_no_more_is_given_back_than_was_taken():
    case = complained()
    case.at(case.now_s, c.ApproveRefund("c", cases.TOTAL + 1)).rejects(
        Reason.EXCEEDS_CAPTURED, refundable_minor=cases.TOTAL
    )
    case.at(case.now_s, c.ApproveRefund("c", 0)).rejects(Reason.MALFORMED, field="amount_minor")
    case.at(case.now_s, c.OpenComplaint("d", "ann", "payment", "", ""))
    case.at(case.now_s, c.ApproveRefund("d", 1)).rejects(
        Reason.EXCEEDS_CAPTURED, refundable_minor=0
    )
    case.at(case.now_s, c.RefundOrder("r", "o", cases.TOTAL, "x")).includes(e.InstructionIssued)
    case.at(case.now_s, c.ApproveRefund("c", 1)).rejects(
        Reason.EXCEEDS_CAPTURED, refundable_minor=0
    )


# whose it is


def test_a_service_complains_of_its_own_orders_for_its_own_customers():
    case = delivered().at(9_000, c.RegisterCustomer("bob", "rival"))
    ask = c.OpenComplaint("x", "ann", "late", "o", "rival")
    case.at(9_001, ask).rejects(Reason.UNKNOWN, what="customer", id="ann")
    case.at(9_001, c.OpenComplaint("x", "bob", "late", "o", "rival")).rejects(
        Reason.UNKNOWN, what="order", id="o"
    )
    case.at(9_001, c.OpenComplaint("x", "bob", "late", "", "rival")).rejects(
        Reason.UNKNOWN, what="order", id=""
    )
    case.at(9_001, c.OpenComplaint("x", "bob", "question", "", "rival")).emits(e.ComplaintOpened)
    unknown = {"what": "complaint", "id": "x"}
    case.at(9_002, c.AnswerComplaint("x", "app")).rejects(Reason.UNKNOWN, **unknown)
    case.at(9_002, c.CloseComplaint("x", "withdrawn", "app")).rejects(Reason.UNKNOWN, **unknown)
    case.at(9_003, c.OpenComplaint("x", "bob", "question", "", "rival")).rejects(
        Reason.ALREADY_EXISTS
    )


def test_who_is_forgotten_is_not_answered_any_more():
    case = complained().at(9_000, c.OpenComplaint("d", "ann", "question", "", ""))
    case.at(9_001, c.ApproveRefund("c", 10)).at(9_002, c.ForgetCustomer("ann"))
    case.emits(e.CustomerForgotten, e.ComplaintClosed("d", Actor.SYSTEM, "forgotten", 9_002_000))
    case.at(9_003, settled(REFUND))
    assert of(case).outcome == "refunded"  # the money was hers
    rate = c.RateOrder("o", "app", 5, 0, [], [], [])
    case.at(9_004, rate).rejects(Reason.UNKNOWN, what="order", id="o")


def test_what_is_derived_of_complaints_is_the_same_after_a_snapshot():
    case = refunding().at(9_000, c.OpenComplaint("d", "ann", "question", "", ""))
    live, kept = case.state.complaints, snapshot.load(snapshot.dump(case.engine)).state.complaints
    assert kept.open.keys() == live.open.keys() == {"c", "d"}
    assert kept.refunding == live.refunding == {REFUND: "c"}
    assert kept.of_customer == live.of_customer == {"ann": ["c", "d"]}


# ratings


def rate(stars=4, courier=5, tags=(), liked=(), disliked=(), order="o", service="app"):
    return c.RateOrder(order, service, stars, courier, [*tags], [*liked], [*disliked])


def test_an_order_is_rated_once_by_who_placed_it_and_only_after_it_ended():
    case = cases.on_board()
    case.at(case.now_s, rate()).rejects(
        Reason.ILLEGAL_TRANSITION,
        **{"from": "handed_over", "to": "rated"},
        allowed=["fulfilled", "cancelled", "returned"],
    )
    case.at(case.now_s + 1, c.ReportDropoff("kim", "o/1"))
    case.at(case.now_s + 1, rate(service="rival")).rejects(Reason.UNKNOWN, what="order", id="o")
    case.at(case.now_s + 1, rate(4, 5, ["fresh", "fresh"], ["ramen"])).emits(
        e.OrderRated(
            "o", "ann", "app", "store", 4, "kim", 5, ["fresh"], ["ramen"], [], case.engine.now
        )
    )
    case.at(case.now_s + 1, rate(1)).rejects(Reason.ALREADY_EXISTS)
    ratings = case.state.ratings
    assert (ratings.stores["store"].total, ratings.stores["store"].count) == (4, 1)
    assert (ratings.couriers["kim"].total, ratings.couriers["kim"].count) == (5, 1)
    assert (ratings.products["ramen"].liked, ratings.products["ramen"].disliked) == (1, 0)


@pytest.mark.parametrize(
    ("nonsense", "reason"),
    [
        (rate(0), Reason.MALFORMED),
        (rate(6), Reason.MALFORMED),
        (rate(5, 6), Reason.MALFORMED),
        (rate(5, -1), Reason.MALFORMED),
        (rate(tags=["purple"]), Reason.REASON_NOT_ALLOWED),
        (rate(tags=["fresh"] * 9), Reason.REASON_NOT_ALLOWED),
        (rate(liked=["cake"]), Reason.UNKNOWN),
        (rate(liked=["ramen"], disliked=["ramen"]), Reason.MALFORMED),
        (rate(order="nothing"), Reason.UNKNOWN),
    ],
)
def test_a_rating_that_makes_no_sense_is_refused(nonsense, reason):
    case = delivered()
    assert case.at(case.now_s, nonsense).events[0].reason is reason


def test_a_rating_comes_within_thirty_days_or_not_at_all():
    case = cases.delivered()
    ended = case.state.orders["o"].ended_at
    case.at((ended + 30 * DAY) / SECOND + 0.001, rate())
    assert case.events[0].reason is Reason.ILLEGAL_TRANSITION
    case = cases.delivered()
    case.at((ended + 30 * DAY) / SECOND, rate()).emits(e.OrderRated)


def test_nobody_is_rated_for_bringing_what_nobody_brought():
    case = cases.confirmed().at(9, cases.cancel("customer", "too_slow"))
    case.at(10, rate(1, 1)).rejects(Reason.MALFORMED, field="courier_stars")
    case.at(10, rate(1, 0)).emits(e.OrderRated)
    assert case.state.ratings.couriers == {}


# speaking with customers


def test_what_was_spoken_is_kept_as_a_line_and_only_the_latest():
    case = delivered()
    for n in range(105):
        spoke = c.RecordInteraction(f"i{n}", "ann", Channel.PHONE, "delivery", "o")
        case.at(9_000 + n, spoke).emits(e.InteractionRecorded)
    kept = case.state.customers["ann"].interactions
    assert [kept[0].interaction, kept[-1].interaction, len(kept)] == ["i5", "i104", 100]
    case.at(9_200, c.RecordInteraction("i9", "ann", Channel.CHAT, "order")).rejects(
        Reason.ALREADY_EXISTS
    )
    case.at(9_200, c.RecordInteraction("j", "ann", Channel.CHAT, "order", "p")).rejects(
        Reason.UNKNOWN, what="order", id="p"
    )
    case.at(9_200, c.RecordInteraction("j", "ann", Channel.CHAT, "order", "", "app")).rejects(
        Reason.UNKNOWN, what="customer", id="ann"
    )
