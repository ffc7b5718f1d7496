"""Tips, cash at the door, and providers that take money at once: who holds what, at every step."""

import pytest

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.settings import Settings
from engine.values import (
    Actor,
    InstructionKind,
    Line,
    PaymentMethod,
    PaymentPurpose,
    Posting,
    Proof,
)
from tests import cases
from tests.acceptance.test_paying import RIDE, balances, refund
from tests.cases import FEE, GOODS, TOTAL, Case

TIP = 300


def bought(provider: str, tip: int = 0, pieces: int = 1) -> Case:
    """An order placed with that provider."""
    case = cases.city(pieces)
    case.at(1, cases.quote("q-o", Line("ramen", pieces)))
    return case.at(2, c.PlaceOrder("o", "app", "q-o", provider, Proof.NONE, tip_minor=tip))


def carried(case: Case) -> Case:
    """From confirmed to the door."""
    ready_at = case.engine.now + 600_000
    case.at(case.now_s + 1, c.AcceptOrder("store", "o", ready_at)).until_planning()
    case.plan(case.now_s + 1, {"kim": cases.there()}, ("o/1",))
    case.at(case.now_s, c.AcceptOffer("kim", "o/1")).at(case.now_s, c.ReportPickup("kim", "o/1"))
    return case


def at_the_door(case: Case) -> Case:
    return carried(case).at(case.now_s + 1, c.ReportDropoff("kim", "o/1"))


def says_yes(provider: str, amount: int, *, taken: bool) -> c.ReportAuthorization:
    return c.ReportAuthorization(provider, "o/1", True, amount, "ref", taken=taken)


def answered(provider: str, instruction: str, *, succeeded: bool = True) -> c.ReportInstruction:
    return c.ReportInstruction(provider, instruction, succeeded, "ref")


# tips


def test_a_tip_given_with_the_order_goes_to_the_courier_whole():
    case = bought("bank", TIP).includes(
        e.PaymentRequested("o/1", "o", "bank", TOTAL + TIP, expires_at=122_000)
    )
    case.at(3, says_yes("bank", TOTAL, taken=False)).rejects(
        Reason.AMOUNT_MISMATCH, expected_minor=TOTAL + TIP
    )
    at_the_door(case.at(3, says_yes("bank", TOTAL + TIP, taken=False)))
    assert balances(case) == {
        "provider:bank": TOTAL + TIP,
        "store:store": -GOODS,
        "platform:delivery_fees": -FEE,
        "platform:courier_cost": RIDE,
        "courier:kim": -RIDE - TIP,
    }


def test_nobody_is_tipped_for_what_came_back():
    case = carried(bought("bank", TIP).at(3, says_yes("bank", TOTAL + TIP, taken=False)))
    case.at(case.now_s, c.ReportFailure("kim", "o/1", "customer_absent"))
    case.at(case.now_s, c.ReceiveReturn("store", "o/1", True))
    assert balances(case) == {"provider:bank": FEE, "platform:delivery_fees": -FEE}


def test_a_tip_alone_is_paid_for_too():
    case = cases.city(settings=Settings(delivery_fee_minor=0, delivery_fee_per_km_minor=0))
    case.at(1, c.SetPrice("store", "ramen", 0)).at(1, cases.quote())
    case.at(2, c.PlaceOrder("o", "app", "q", "bank", tip_minor=TIP)).includes(e.PaymentRequested)
    at_the_door(case.at(3, says_yes("bank", TIP, taken=False)))
    assert balances(case)["courier:kim"] == -RIDE - TIP


def test_a_tip_below_nothing_is_refused():
    case = cases.city().at(1, cases.quote())
    case.at(2, c.PlaceOrder("o", "app", "q", "bank", tip_minor=-1)).rejects(
        Reason.MALFORMED, field="tip_minor"
    )


def test_a_tip_is_asked_for_where_its_giver_says():
    case = cases.delivered()
    case.at(case.now_s, c.AddTip("t", "o", "app", TIP, "bank", PaymentMethod.APP))
    case.includes(e.PaymentRequested)
    assert case.state.payments["o/tip/t"].method is PaymentMethod.APP


def test_a_tip_after_delivery_is_a_payment_of_its_own_and_confirms_nothing():
    case = cases.delivered()
    before = balances(case)
    tip, timeout_ms = c.AddTip("t", "o", "app", TIP, "bank"), 120_000
    until = case.engine.now + timeout_ms
    case.at(case.now_s, tip).emits(
        e.PaymentRequested("o/tip/t", "o", "bank", TIP, PaymentPurpose.TIP, until)
    )
    case.at(case.now_s, tip).rejects(Reason.ALREADY_EXISTS)
    paid = c.ReportAuthorization("bank", "o/tip/t", True, TIP, "ref")
    case.at(case.now_s + 1, paid).emits(
        e.PaymentAuthorized("o/tip/t", "ref"),
        e.InstructionIssued("o/tip/t/capture", "o/tip/t", InstructionKind.CAPTURE, TIP, "tip"),
        e.LedgerPosted("o", "tip", [Posting("provider:bank", TIP), Posting("courier:kim", -TIP)]),
    )
    case.at(case.now_s + 1, paid).emits()
    assert balances(case)["courier:kim"] == before["courier:kim"] - TIP


def test_a_tip_that_is_never_paid_changes_nothing_and_one_that_comes_late_goes_back():
    case = cases.delivered()
    before = balances(case)
    case.at(case.now_s, c.AddTip("t", "o", "app", TIP, "bank"))
    case.at(case.now_s + 121, c.Tick()).emits(e.PaymentFailed("o/tip/t", "payment_timeout"))
    late = c.ReportAuthorization("bank", "o/tip/t", True, TIP, "ref")
    case.at(case.now_s, late).emits(e.PaymentAuthorized, e.InstructionIssued)
    assert case.state.payments.instructions["o/tip/t/void"].amount_minor == TIP
    assert balances(case) == before


@pytest.mark.parametrize(
    ("changed", "reason", "detail"),
    [
        ({"amount_minor": 0}, Reason.MALFORMED, {"field": "amount_minor"}),
        ({"provider": "cash"}, Reason.MALFORMED, {"field": "provider"}),
        ({"order": "x"}, Reason.UNKNOWN, {"what": "order", "id": "x"}),
        ({"service": "other"}, Reason.UNKNOWN, {"what": "order", "id": "o"}),
    ],
)
def test_a_tip_that_cannot_be_is_refused(changed, reason, detail):
    case = cases.delivered()
    tip = {"tip": "t", "order": "o", "service": "app", "amount_minor": TIP, "provider": "bank"}
    case.at(case.now_s, c.AddTip(**(tip | changed))).rejects(reason, **detail)


def test_nobody_is_tipped_before_he_was_there():
    case = cases.on_board()
    case.at(case.now_s, c.AddTip("t", "o", "app", TIP, "bank")).rejects(
        Reason.ILLEGAL_TRANSITION, **{"from": "handed_over", "to": "tipped", "allowed": []}
    )


# cash


def test_cash_is_collected_at_the_door_and_handed_in_at_the_office():
    case = bought("cash", TIP).emits(
        e.StockReserved,
        e.QuoteAccepted,
        e.OrderPlaced,
        e.PaymentRequested("o/1", "o", "cash", TOTAL + TIP),
        e.PaymentAuthorized("o/1", "cash"),
        e.OrderConfirmed("o"),
    )
    at_the_door(case)
    case.includes(e.InstructionSettled("o/1/capture", "cash"))
    collected = {
        "store:store": -GOODS,
        "platform:delivery_fees": -FEE,
        "platform:courier_cost": RIDE,
        "courier:kim": -RIDE - TIP,
    }
    assert balances(case) == {"cash:kim": TOTAL + TIP, **collected}
    case.at(case.now_s, c.HandInCash("h", "kim", TOTAL + TIP + 1)).rejects(
        Reason.EXCEEDS_CASH, held_minor=TOTAL + TIP
    )
    case.at(case.now_s, c.HandInCash("h", "kim", 1_000)).emits(
        e.CashHandedIn("h", "kim", 1_000), e.LedgerPosted
    )
    case.at(case.now_s, c.HandInCash("h", "kim", 1_000)).rejects(Reason.ALREADY_EXISTS)
    case.at(case.now_s, c.HandInCash("h2", "kim", TOTAL + TIP - 1_000))
    assert balances(case) == {"provider:cash": TOTAL + TIP, **collected}
    case.at(case.now_s, c.HandInCash("h3", "kim", 0)).rejects(
        Reason.MALFORMED, field="amount_minor"
    )
    case.at(case.now_s, c.HandInCash("h3", "nobody", 1)).rejects(
        Reason.UNKNOWN, what="courier", id="nobody"
    )


def test_who_does_not_open_the_door_pays_nothing_in_cash():
    case = carried(bought("cash"))
    case.at(case.now_s, c.ReportFailure("kim", "o/1", "customer_absent"))
    case.at(case.now_s, c.ReceiveReturn("store", "o/1", True))
    assert balances(case) == {}
    assert case.state.payments.instructions["o/1/void"].status == "settled"


def test_cash_is_given_back_over_the_offices_counter():
    case = at_the_door(bought("cash"))
    case.at(case.now_s, refund("r", 500)).includes(e.InstructionIssued)
    case.at(case.now_s, answered("cash", "r")).emits(e.InstructionSettled("r", "ref"))
    assert balances(case)["provider:cash"] == -500
    assert balances(case)["platform:refunds"] == 500


# taken at once


def test_what_a_provider_has_taken_is_held_for_the_customer_until_the_door():
    case = bought("wechat").at(3, says_yes("wechat", TOTAL, taken=True))
    case.emits(
        e.PaymentAuthorized("o/1", "ref", taken=True),
        e.LedgerPosted(
            "o", "taken", [Posting("provider:wechat", TOTAL), Posting("platform:held", -TOTAL)]
        ),
        e.OrderConfirmed("o"),
    )
    at_the_door(case).includes(e.InstructionSettled("o/1/capture", "ref"))
    assert balances(case) == {
        "provider:wechat": TOTAL,
        "store:store": -GOODS,
        "platform:delivery_fees": -FEE,
        "platform:courier_cost": RIDE,
        "courier:kim": -RIDE,
    }


def test_what_was_taken_and_not_earned_goes_back():
    case = bought("wechat", pieces=2).at(3, says_yes("wechat", TOTAL + GOODS, taken=True))
    case.at(4, c.AcceptOrder("store", "o", 600_000))
    case.at(5, c.ReportMissing("store", "o", "ramen", 1)).includes(e.OrderReduced)
    case.until_planning().plan(case.now_s + 1, {"kim": cases.there()}, ("o/1",))
    case.at(case.now_s, c.AcceptOffer("kim", "o/1")).at(case.now_s, c.ReportPickup("kim", "o/1"))
    case.at(case.now_s + 1, c.ReportDropoff("kim", "o/1")).includes(
        e.InstructionIssued("o/1/rest", "o/1", InstructionKind.REFUND, GOODS, "delivered")
    )
    assert balances(case)["provider:wechat"] == TOTAL
    case.at(case.now_s, answered("wechat", "o/1/rest", succeeded=False))
    assert balances(case)["provider:wechat"] == TOTAL + GOODS
    assert balances(case)["platform:held"] == -GOODS  # we have it, and still owe it


@pytest.mark.parametrize("succeeded", [True, False])
def test_what_was_taken_for_an_order_that_ended_early_is_sent_back_once(succeeded):
    case = bought("wechat").at(3, says_yes("wechat", TOTAL, taken=True))
    case.at(4, cases.cancel(Actor.CUSTOMER, "changed_mind"))
    case.includes(e.InstructionIssued("o/1/void", "o/1", "void", TOTAL, "changed_mind"))
    assert balances(case) == {}
    case.at(5, answered("wechat", "o/1/void", succeeded=succeeded))
    owed = {} if succeeded else {"provider:wechat": TOTAL, "platform:held": -TOTAL}
    assert balances(case) == owed


def test_what_was_taken_after_we_gave_up_goes_back_and_is_booked_both_ways():
    case = bought("wechat").at(300, c.Tick())
    case.at(301, says_yes("wechat", TOTAL, taken=True)).emits(
        e.PaymentAuthorized("o/1", "ref", late=True, taken=True),
        e.LedgerPosted,
        e.InstructionIssued("o/1/void", "o/1", "void", TOTAL, "authorized_late"),
        e.LedgerPosted,
    )
    case.at(302, says_yes("wechat", TOTAL, taken=True)).emits()
    assert balances(case) == {}


def test_a_provider_that_shuts_what_we_gave_up_is_heard_once():
    case = bought("wechat").at(300, c.Tick())
    no = c.ReportAuthorization("wechat", "o/1", False, 0)
    case.at(301, no).emits(e.PaymentWithdrawn("o/1"))
    case.at(302, no).emits()
    case.at(303, says_yes("wechat", TOTAL, taken=False)).includes(e.InstructionIssued)
