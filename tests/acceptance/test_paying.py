"""What a payment provider and a bookkeeper would tell you happened."""

from itertools import permutations
from random import Random

import pytest

from engine import commands as c
from engine import events as e
from engine import snapshot
from engine.engine import Engine
from engine.rejections import RejectionReason as Reason
from engine.values import Actor, InstructionKind, Posting
from tests import cases
from tests.cases import FEE, GOODS, TOTAL, Case, paid, settled

RIDE = 600  # what the courier earns


def captured() -> Case:
    case = cases.delivered()
    return case.at(case.now_s + 1, settled("o/1/capture"))


def refund(name: str, amount: int) -> c.RefundOrder:
    return c.RefundOrder(name, "o", amount, "cold soup")


def balances(case: Case) -> dict[str, int]:
    return {account: x for account, x in case.state.ledger.balances.items() if x}


DELIVERED = {
    "provider:bank": TOTAL,
    "store:store": -GOODS,
    "platform:delivery_fees": -FEE,
    "platform:courier_cost": RIDE,
    "courier:kim": -RIDE,
}


def test_a_silent_provider_costs_the_store_nothing():
    case = cases.placed()
    due = case.now_s + 120
    (
        case.at(due - 0.001, c.Tick())
        .emits()
        .at(due, c.Tick())
        .emits(
            e.PaymentFailed("o/1", "payment_timeout"),
            e.OrderCancelled("o", Actor.PAYMENT, "payment_timeout", int(due * 1_000)),
            e.StockReleased,
        )
    )
    assert case.available() == 1


def test_a_payment_times_out_at_its_own_time_however_late_anyone_looks():
    case = cases.placed()
    due = int(case.now_s + 120) * 1_000
    case.at(5_000, c.Tick())
    assert [(r.at, type(r.command)) for r in case.records[-2:]] == [
        (due, c.ExpirePayment),
        (5_000_000, c.Tick),
    ]
    assert case.state.orders["o"].ended_at == due


def test_a_decline_gives_the_stock_back():
    case = cases.placed()
    case.at(5, paid(authorized=False)).emits(
        e.PaymentFailed("o/1", "payment_declined"),
        e.OrderCancelled("o", Actor.PAYMENT, "payment_declined", 5_000),
        e.StockReleased,
    )
    case.at(6, paid(authorized=False)).emits()  # again: the same answer
    case.at(200, c.Tick()).emits()  # and its timer finds nothing to do


@pytest.mark.parametrize("gave_up", ["timeout", "cancelled"])
def test_money_that_comes_after_we_gave_up_is_sent_back(gave_up):
    case = cases.placed()
    if gave_up == "timeout":
        case.at(300, c.Tick())
    else:
        case.at(4, cases.cancel(Actor.CUSTOMER, "changed_mind")).emits(
            e.OrderCancelled, e.StockReleased, e.PaymentFailed("o/1", "order_cancelled")
        )
    void = InstructionKind.VOID
    (
        case.at(301, paid())
        .emits(
            e.PaymentAuthorized("o/1", "ref", late=True),
            e.InstructionIssued("o/1/void", "o/1", void, TOTAL, "authorized_late"),
        )
        .at(302, paid())
        .emits()
        .at(303, settled("o/1/void"))
        .emits(e.InstructionSettled("o/1/void", "ref"))
    )
    assert case.state.orders["o"].status == "cancelled"
    assert balances(case) == {}


def test_a_wrong_amount_or_a_stranger_confirms_nothing():
    case = cases.placed()
    case.at(5, paid(amount=TOTAL - 1)).rejects(Reason.AMOUNT_MISMATCH, expected_minor=TOTAL)
    stranger = c.ReportAuthorization("thief", "o/1", True, TOTAL)
    case.at(6, stranger).rejects(Reason.UNKNOWN, what="payment", id="o/1")
    case.at(7, paid()).includes(e.OrderConfirmed)
    case.at(8, paid(authorized=False)).rejects(
        Reason.ILLEGAL_TRANSITION, **{"from": "authorized", "to": "failed", "allowed": []}
    )


def test_money_is_held_until_the_door_and_booked_there():
    case = captured()
    assert balances(case) == DELIVERED
    payment = case.state.payments["o/1"]
    assert (payment.status, payment.captured_minor) == ("captured", TOTAL)


def test_notices_in_any_order_and_any_number_lead_to_the_same_state():
    """The shuffle test: duplicates and reorderings of everything a provider may say."""
    base = captured()
    base.at(base.now_s, refund("r1", 300)).at(base.now_s, refund("r2", 200))
    start = snapshot.dump(base.engine)
    notices = [paid(), settled("o/1/capture"), settled("r1"), settled("r2", succeeded=False)]
    ends = []
    for order in permutations(notices):
        engine = snapshot.load(start)
        for notice in Random(str(order)).sample([*order, *order], 8):
            engine.step(engine.now, notice)
        ends.append(snapshot.dump(Engine(engine.state)))
    assert len(ends) == 24
    assert len({*ends}) == 1
    payment = engine.state.payments["o/1"]
    assert (payment.captured_minor, payment.refunded_minor) == (TOTAL, 300)


def test_missing_items_are_never_charged():
    case = cases.accepted(pieces=2)
    case.at(9, c.ReportMissing("store", "o", "ramen", 1)).includes(e.OrderReduced)
    case = deliver(case)
    payment = case.state.payments["o/1"]
    assert (payment.amount_minor, payment.captured_minor) == (2 * GOODS + FEE, TOTAL)
    assert balances(case) == DELIVERED


def deliver(case: Case) -> Case:
    case.until_planning().plan(case.now_s, {"kim": cases.there()}, ("o/1",))
    case.at(case.now_s, c.AcceptOffer("kim", "o/1")).at(case.now_s, c.ReportPickup("kim", "o/1"))
    return case.at(case.now_s, c.ReportDropoff("kim", "o/1"))


def test_refunds_are_partial_and_repeated_and_end_at_what_was_captured():
    refunded = InstructionKind.REFUND
    case = captured()
    (
        case.at(case.now_s, refund("r1", 1_000))
        .emits(e.InstructionIssued("r1", "o/1", refunded, 1_000, "cold soup"), e.LedgerPosted)
        .at(case.now_s, refund("r2", 701))
        .rejects(Reason.EXCEEDS_CAPTURED, refundable_minor=700)
        .at(case.now_s, refund("r1", 700))
        .rejects(Reason.ALREADY_EXISTS)
        .at(case.now_s, refund("r3", 700))
        .includes(e.InstructionIssued)
        .at(case.now_s, refund("r4", 1))
        .rejects(Reason.EXCEEDS_CAPTURED, refundable_minor=0)
    )
    assert balances(case) == {
        **{k: x for k, x in DELIVERED.items() if k != "provider:bank"},
        "platform:refunds": TOTAL,
    }


def test_a_refund_that_failed_can_be_tried_again():
    case = captured()
    case.at(case.now_s, refund("r1", TOTAL)).at(case.now_s, settled("r1", succeeded=False))
    case.emits(
        e.InstructionFailed("r1", "ref"),
        e.LedgerPosted(
            "o",
            "refund failed",
            [Posting("provider:bank", TOTAL), Posting("platform:refunds", -TOTAL)],
        ),
    )
    assert balances(case) == DELIVERED
    case.at(case.now_s, settled("r1")).rejects(
        Reason.ILLEGAL_TRANSITION, **{"from": "failed", "to": "settled", "allowed": []}
    )
    case.at(case.now_s, refund("r2", TOTAL)).includes(e.InstructionIssued)


def test_nothing_is_refunded_before_the_provider_says_it_took_the_money():
    case = cases.delivered()
    case.at(case.now_s, refund("r", 1)).rejects(Reason.EXCEEDS_CAPTURED, refundable_minor=0)


def test_what_a_provider_failed_to_collect_is_owed_to_us_and_cannot_be_refunded():
    case = cases.delivered()
    case.at(case.now_s, settled("o/1/capture", succeeded=False)).emits(
        e.InstructionFailed, e.LedgerPosted
    )
    uncollected = {k: x for k, x in DELIVERED.items() if k != "provider:bank"}
    assert balances(case) == {**uncollected, "platform:uncollected": TOTAL}
    case.at(case.now_s, refund("r", 1)).rejects(Reason.EXCEEDS_CAPTURED, refundable_minor=0)
    assert case.state.payments["o/1"].status == "uncollected"


def test_a_refund_cannot_take_the_name_of_a_capture_to_come():
    """It would have stopped the engine at the door of the other order."""
    case = captured()
    for name in ("p/1/capture", "p/1/void"):
        case.at(case.now_s, refund(name, 1)).rejects(Reason.MALFORMED, field="instruction")
    case.at(case.now_s, c.RefundOrder("r", "nobody", 1, "")).rejects(
        Reason.UNKNOWN, what="order", id="nobody"
    )
    case.at(case.now_s, refund("r", 0)).rejects(Reason.MALFORMED, field="amount_minor")


def test_a_strangers_word_on_an_instruction_counts_for_nothing():
    case = cases.delivered()
    stranger = c.ReportInstruction("thief", "o/1/capture", False)
    case.at(case.now_s, stranger).rejects(Reason.UNKNOWN, what="instruction", id="o/1/capture")
    case.at(case.now_s, settled("o/2/capture")).rejects(
        Reason.UNKNOWN, what="instruction", id="o/2/capture"
    )
    case.at(case.now_s, settled("o/1/capture")).emits(e.InstructionSettled)
    case.at(case.now_s, settled("o/1/capture")).emits()


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("customer_absent", {"provider:bank": FEE, "platform:delivery_fees": -FEE}),
        ("goods_damaged", {}),
    ],
)
def test_whoever_was_not_there_pays_for_the_ride_and_nobody_else(reason, expected):
    case = cases.on_board()
    case.at(case.now_s, c.ReportFailure("kim", "o/1", reason))
    case.at(case.now_s, c.ReceiveReturn("store", "o/1", True))
    assert balances(case) == expected
