"""What a store would tell you happened: accepted, late, short of something, ended early."""

import pytest

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.rules.cancelling import REASONS
from engine.state.orders import TRANSITIONS
from engine.values import HOUR, Actor, Line, PricedLine
from tests import cases
from tests.cases import FEE, GOODS, Case, cancel, city

READY_MS = 900_000


def ready() -> Case:
    case = cases.accepted()
    return case.at(case.now_s + 1, c.ReportReady("store", "o"))


STAGES = {
    "placed": cases.placed,
    "confirmed": cases.confirmed,
    "accepted": cases.accepted,
    "ready": ready,
    "handed_over": cases.on_board,
    "fulfilled": cases.delivered,
    "cancelled": lambda: cases.placed().at(9, cancel(Actor.CUSTOMER, "changed_mind")),
    "returned": lambda: cases.returning().at(60, c.ReceiveReturn("store", "o/1", True)),
}
ANSWERS = {  # what a store may say, from which statuses, what it asks for and what comes of it
    "accept": (c.AcceptOrder("store", "o", READY_MS), ("confirmed",), "accepted", "accepted"),
    "reject": (
        c.RejectOrder("store", "o", "too_busy"),
        ("confirmed", "accepted", "ready"),
        "cancelled",
        "cancelled",
    ),
    "later": (c.UpdateReadyTime("store", "o", READY_MS), ("accepted",), "accepted", "accepted"),
    "ready": (c.ReportReady("store", "o"), ("accepted",), "ready", "ready"),
    "missing": (
        c.ReportMissing("store", "o", "ramen", 1),
        ("confirmed", "accepted", "ready"),
        "reduced",
        "cancelled",
    ),
}


@pytest.mark.parametrize("status", STAGES)
@pytest.mark.parametrize("answer", ANSWERS)
def test_every_answer_at_every_stage_is_taken_or_refused_with_what_would_be_legal(status, answer):
    command, legal_from, to, becomes = ANSWERS[answer]
    case = STAGES[status]()
    assert case.state.orders["o"].status == status
    case.at(case.now_s + 1, command)
    if status in legal_from:
        assert case.state.orders["o"].status == becomes
    else:
        elsewhere = "accepted", "confirmed"  # which nobody has wished for
        legal = [x for x in TRANSITIONS[status] if (status, x) != elsewhere]
        allowed = [str(x) for x in legal if x != to]  # what was asked is not
        case.rejects(Reason.ILLEGAL_TRANSITION, **{"from": status, "to": to, "allowed": allowed})
    other = type(command)("other", *command.__reduce__()[1][1:])
    case.at(case.now_s, other).rejects(Reason.UNKNOWN, what="order", id="o")


# who ends it early, when, and for which reasons


@pytest.mark.parametrize("status", STAGES)
@pytest.mark.parametrize("actor", [Actor.CUSTOMER, Actor.OPERATOR], ids=str)
def test_customers_and_operators_may_cancel_until_the_goods_have_left(status, actor):
    case = STAGES[status]()
    held = case.available()
    case.at(case.now_s + 1, cancel(actor, REASONS[actor][0]))
    if status in ("placed", "confirmed", "accepted", "ready"):
        case.includes(
            e.OrderCancelled("o", actor, REASONS[actor][0], case.engine.now), e.StockReleased
        )
        assert case.available() == held + 1
        gone = "failed" if status == "placed" else "voided"
        assert case.state.payments["o/1"].status == gone
        assert case.delivery().status == "cancelled" if "o" in case.state.deliveries.of_order else 1
    elif status == "handed_over":  # not cancelled: it comes back
        case.emits(e.OrderRecalled("o", actor, REASONS[actor][0]), e.DeliveryFailed, e.LegStarted)
    else:
        allowed = [str(x) for x in TRANSITIONS[status] if x != "cancelled"]
        detail = {"from": status, "to": "cancelled", "allowed": allowed}
        case.rejects(Reason.ILLEGAL_TRANSITION, **detail)


def test_a_cancellation_needs_one_of_its_actors_reasons():
    case = cases.placed()
    for actor in (Actor.CUSTOMER, Actor.OPERATOR):
        allowed = list(REASONS[actor])
        case.at(9, cancel(actor, "because")).rejects(
            Reason.REASON_NOT_ALLOWED, actor=str(actor), allowed=allowed
        )
    for actor in (Actor.STORE, Actor.COURIER, Actor.PAYMENT, Actor.SYSTEM):
        case.at(9, cancel(actor, REASONS[actor][0])).rejects(Reason.MALFORMED, field="actor")
    case = cases.confirmed()
    case.at(9, c.RejectOrder("store", "o", "because")).rejects(
        Reason.REASON_NOT_ALLOWED, actor="store", allowed=list(REASONS[Actor.STORE])
    )


def test_an_order_service_cancels_only_its_own_orders():
    case = cases.placed()
    rival = c.CancelOrder("o", Actor.CUSTOMER, "changed_mind", "rival")
    own = c.CancelOrder("o", Actor.CUSTOMER, "changed_mind", "app")
    case.at(9, rival).rejects(Reason.UNKNOWN, what="order", id="o")
    case.at(9, own).includes(e.OrderCancelled)


@pytest.mark.parametrize("stage", [cases.on_board, cases.returning], ids=["way", "back"])
def test_what_is_lost_with_its_courier_is_written_off(stage):
    """Without it an order whose courier vanished would stay open for ever."""
    case = stage()
    case.at(case.now_s + HOUR, cancel(Actor.OPERATOR, "goods_lost")).includes(
        e.OrderWrittenOff("o", Actor.OPERATOR, "goods_lost", case.engine.now),
        e.DeliveryCancelled("o/1", "kim"),
        e.InstructionIssued,
    )
    level = case.state.inventory.get("store", "ramen")
    assert (level.on_hand, level.reserved, level.issued) == (0, 0, 1)
    assert case.state.payments["o/1"].status == "voided"
    assert case.state.deliveries.route("kim").stops == []
    case.at(case.now_s + 1, c.ReportDropoff("kim", "o/1")).rejects(
        Reason.UNKNOWN, what="delivery", id="o/1"
    )


def test_what_is_stranded_and_lost_is_written_off():
    case = cases.on_board()
    case.at(case.now_s, c.ReportBreakdown("kim")).includes(e.DeliveryStranded)
    case.at(case.now_s, cancel(Actor.OPERATOR, "goods_lost")).includes(e.DeliveryCancelled("o/1"))
    assert case.state.orders["o"].status == "cancelled"


def test_cancelled_between_offer_and_answer():
    case = cases.offered()
    case.at(case.now_s + 1, cancel(Actor.CUSTOMER, "too_slow"))
    case.includes(e.DeliveryCancelled("o/1", "kim"))
    case.at(case.now_s + 1, c.AcceptOffer("kim", "o/1"))
    case.rejects(Reason.UNKNOWN, what="delivery", id="o/1")
    case.at(case.now_s + 60, c.Tick()).emits()  # the offer's timer finds nothing to do


def test_cancelled_while_the_courier_stands_at_the_counter():
    case = cases.assigned()
    case.at(case.now_s + 1, c.ReportArrival("kim", "o/1", "pickup"))
    case.at(case.now_s + 1, c.RejectOrder("store", "o", "out_of_stock")).includes(
        e.OrderCancelled("o", Actor.STORE, "out_of_stock", case.engine.now)
    )
    case.at(case.now_s + 1, c.ReportPickup("kim", "o/1"))
    case.rejects(Reason.UNKNOWN, what="delivery", id="o/1")
    assert not case.state.deliveries.route("kim").under_way


# time


def test_a_silent_store_loses_the_order():
    case = cases.confirmed()
    confirmed_at = case.now_s
    case.at(confirmed_at + 299.999, c.Tick()).emits()
    case.at(confirmed_at + 300, c.Tick()).emits(
        e.OrderCancelled("o", Actor.SYSTEM, "store_silent", case.engine.now),
        e.StockReleased,
        e.InstructionIssued,
    )
    case.at(case.now_s + 1, c.AcceptOrder("store", "o", READY_MS))
    assert case.events[0].reason is Reason.ILLEGAL_TRANSITION


def test_a_ready_time_gone_by_means_now_and_one_beyond_a_day_is_a_slip():
    case = cases.confirmed()
    late = case.engine.now + 24 * HOUR + 1_001
    case.at(case.now_s + 1, c.AcceptOrder("store", "o", late)).rejects(
        Reason.MALFORMED, field="ready_at", limit_at=late - 1
    )
    case.at(case.now_s, c.AcceptOrder("store", "o", -99)).includes(
        e.OrderAccepted("o", case.engine.now, case.engine.now)
    )
    case.at(case.now_s, c.UpdateReadyTime("store", "o", case.engine.now + 25 * HOUR))
    assert case.events[0].detail["field"] == "ready_at"


def test_a_later_ready_time_makes_a_new_plan():
    case = cases.planned()
    case.at(case.now_s + 5, c.UpdateReadyTime("store", "o", READY_MS))
    case.emits(e.ReadyTimeChanged("o", READY_MS), e.PlanningRoundOpened)
    case.at(case.now_s + 5, c.UpdateReadyTime("store", "o", READY_MS)).includes()
    assert e.ReadyTimeChanged not in [type(x) for x in case.events]  # the same again is no news


# missing items


def test_what_is_missing_is_taken_off_the_books_and_off_the_bill():
    case = cases.accepted(city(5), pieces=3)
    case.at(8, c.ReportMissing("store", "o", "ramen", 2)).emits(
        e.StockReleased("store", "o", [Line("ramen", 2)]),
        e.StockCounted("store", "ramen", -2, "o"),
        e.OrderReduced("o", [PricedLine("ramen", 1, GOODS)], 2 * GOODS),
    )
    level = case.state.inventory.get("store", "ramen")
    assert (level.on_hand, level.reserved) == (3, 1)
    assert case.state.orders["o"].due_minor == GOODS + FEE


def test_when_everything_is_missing_nobody_pays():
    case = cases.accepted(city(5), pieces=2)
    case.at(8, c.ReportMissing("store", "o", "ramen", 2)).emits(
        e.StockReleased,
        e.StockCounted,
        e.OrderReduced("o", [], 2 * GOODS),
        e.OrderCancelled("o", Actor.STORE, "item_missing", 8_000),
        e.DeliveryCancelled("o/1"),
        e.InstructionIssued,
    )
    assert case.state.payments["o/1"].status == "voided"
    assert not any(case.state.ledger.balances.values())


def test_no_more_can_be_missing_than_was_ordered():
    case = cases.accepted(city(5), pieces=2)
    case.at(8, c.ReportMissing("store", "o", "ramen", 3)).rejects(
        Reason.MALFORMED, field="quantity", limit=2
    )
    case.at(8, c.ReportMissing("store", "o", "ramen", 0)).rejects(
        Reason.MALFORMED, field="quantity"
    )
    case.at(8, c.ReportMissing("store", "o", "tea", 1)).rejects(
        Reason.UNKNOWN, what="product", id="tea"
    )
