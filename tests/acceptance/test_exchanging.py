"""Something else for what comes back: paid with it, and sent once it has come."""

import pytest

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.settings import Settings
from engine.values import Actor, InstructionKind, Line, Posting, ReturnedLine, ReturnWay
from tests import cases
from tests.cases import FEE, GOODS, Case, cancel, city, quote, settled

SOBA = 2_000
NEW = "n"


def agreed(pieces: int = 1, settings: Settings | None = None) -> Case:
    """Ramen was delivered, and is to be brought back; the store also has soba."""
    case = city(pieces, settings=settings)
    case.at(0, c.ListProduct("soba", "Soba", "food")).at(0, c.SetPrice("store", "soba", SOBA))
    case.at(0, c.ReceiveStock("store", "soba", 5))
    case = cases.delivered(case, pieces=pieces)
    case.at(case.now_s + 1, settled("o/1/capture"))
    wish = c.PreviewChange("r", "o", [Line("ramen", pieces)], "unwanted", ReturnWay.STORE, "app")
    case.at(case.now_s + 1, wish)
    return case.at(case.now_s + 1, c.ConfirmChange("r", "app")).includes(e.ChangeConfirmed)


def exchange(order: str = NEW, change: str = "r", name: str = "q-n") -> c.PlaceOrder:
    return c.PlaceOrder(order, "app", name, "bank", exchange=change)


def exchanged(case: Case | None = None, what: str = "soba", number: int = 1) -> Case:
    """The new order is placed; the goods have not come back."""
    case = case or agreed()
    case.at(case.now_s + 1, quote("q-n", Line(what, number))).includes(e.QuoteOffered)
    return case.at(case.now_s + 1, exchange()).includes(e.OrderPlaced)


def paid(case: Case) -> Case:
    amount = case.state.payments[f"{NEW}/1"].amount_minor
    return case.at(case.now_s + 1, c.ReportAuthorization("bank", f"{NEW}/1", True, amount, "ref"))


def back(case: Case, pieces: int = 1) -> Case:
    received = c.ReceiveChange("store", "r", [ReturnedLine("ramen", pieces, 0)])
    return case.at(case.now_s + 60, received).includes(e.ChangeReceived)


def delivered(case: Case) -> Case:
    case.at(case.now_s + 1, c.AcceptOrder("store", NEW, case.engine.now)).until_planning()
    case.plan(case.now_s + 1, {"kim": cases.there(NEW)}, (f"{NEW}/1",))
    for report in (c.AcceptOffer, c.ReportPickup, c.ReportDropoff):
        case.at(case.now_s + 1, report("kim", f"{NEW}/1"))
    return case


def money(case: Case) -> dict[str, int]:
    accounts = ("provider:bank", "store:store", "platform:delivery_fees", "platform:exchanges")
    return {x.partition(":")[2]: case.state.ledger.balance(x) for x in accounts}


def test_who_exchanges_pays_the_difference_and_gets_it_once_the_other_is_back():
    case = exchanged()
    case.includes(
        e.ChangeExchanged("r", NEW, GOODS),
        e.PaymentRequested(
            f"{NEW}/1", NEW, "bank", SOBA + FEE - GOODS, expires_at=case.engine.now + 120_000
        ),
    )
    paid(case).emits(e.PaymentAuthorized, e.OrderScheduled(NEW, 0))
    case.at(case.now_s + 3_600, c.Tick()).emits()  # it waits, however long that takes
    back(case).emits(
        e.ChangeReceived,
        e.StockReturned("store", "o", [Line("ramen", 1)], "o/return/r"),
        e.LedgerPosted(
            "o", "credit", [Posting("store:store", GOODS), Posting("platform:exchanges", -GOODS)]
        ),
        e.OrderConfirmed(NEW),
    )
    delivered(case).includes(e.OrderFulfilled, e.InstructionIssued)
    assert case.state.payments[f"{NEW}/1"].captured_minor == SOBA + FEE - GOODS
    assert case.state.payments["o/1"].refunded_minor == 0  # it pays for the new one
    assert money(case) == {
        "bank": SOBA + 2 * FEE,
        "store": -SOBA,
        "delivery_fees": -2 * FEE,
        "exchanges": 0,
    }


def test_what_costs_less_is_free_and_the_rest_is_given_back():
    case = agreed(3)
    exchanged(case).includes(e.ChangeExchanged("r", NEW, SOBA + FEE), e.OrderScheduled(NEW, 0))
    assert f"{NEW}/1" not in case.state.payments.payments
    back(case, 3).includes(
        e.InstructionIssued(
            "o/change/r", "o/1", InstructionKind.REFUND, 3 * GOODS - SOBA - FEE, "unwanted"
        )
    )
    delivered(case).includes(e.OrderFulfilled)
    assert money(case) == {
        "bank": SOBA + 2 * FEE,
        "store": -SOBA,
        "delivery_fees": -2 * FEE,
        "exchanges": 0,
    }


def test_goods_that_come_before_the_money_wait_for_it():
    case = back(exchanged())
    assert case.state.orders[NEW].status == "placed"
    paid(case).emits(e.PaymentAuthorized, e.OrderConfirmed(NEW))


def test_less_than_was_agreed_pays_for_no_new_order():
    case = agreed(3)
    case = paid(exchanged(case, number=2))
    back(case, 1).includes(
        e.ExchangeDropped("r"),
        e.InstructionIssued("o/change/r", "o/1", InstructionKind.REFUND, GOODS, "unwanted"),
        e.OrderCancelled(NEW, Actor.SYSTEM, "exchange_incomplete", case.engine.now),
        e.StockReleased("store", NEW, [Line("soba", 2)]),
    )
    assert case.state.payments[f"{NEW}/1"].status == "voided"


@pytest.mark.parametrize("lapses", [True, False])
def test_if_nothing_comes_back_nothing_is_sent(lapses):
    case = paid(exchanged())
    if lapses:
        case.at(case.now_s + 7 * 86_400, c.Tick())
    else:
        case.at(case.now_s + 60, c.WithdrawChange("r", "app"))
    case.includes(e.ChangeClosed, e.ExchangeDropped("r"), e.StockReleased, e.InstructionIssued)
    assert case.state.orders[NEW].why == "system/exchange_lapsed"


def test_who_does_not_want_the_new_one_either_gets_everything_back():
    case = paid(exchanged())
    case.at(case.now_s + 1, cancel(Actor.CUSTOMER, "changed_mind", NEW))
    case.includes(e.OrderCancelled, e.ExchangeDropped("r"))
    back(case).includes(
        e.InstructionIssued("o/change/r", "o/1", InstructionKind.REFUND, GOODS, "unwanted")
    )
    case.at(case.now_s + 1, quote("q-m", Line("soba", 1)))
    case.at(case.now_s, exchange("m", name="q-m")).rejects(
        Reason.ILLEGAL_TRANSITION, **{"from": "received", "to": "exchanged"}, allowed=[]
    )


def test_a_new_order_that_ends_early_gives_back_what_came_for_it():
    case = back(paid(exchanged()))
    case.at(case.now_s + 1, cancel(Actor.CUSTOMER, "changed_mind", NEW)).includes(
        e.CreditReturned("r", NEW, GOODS, [Posting("platform:exchanges", GOODS)], "changed_mind"),
        e.InstructionIssued("o/exchange/r/0", "o/1", InstructionKind.REFUND, GOODS, "changed_mind"),
    )
    assert money(case)["exchanges"] == 0
    assert case.state.payments[f"{NEW}/1"].status == "voided"


def test_money_that_never_comes_ends_the_new_order_and_not_the_old_one():
    case = back(exchanged())
    case.at(case.now_s + 120, c.Tick()).includes(
        e.PaymentFailed(f"{NEW}/1", "payment_timeout"), e.OrderCancelled, e.CreditReturned
    )
    assert case.state.payments["o/1"].refunded_minor == GOODS
    assert money(case) == {"bank": FEE, "store": 0, "delivery_fees": -FEE, "exchanges": 0}


def test_what_is_missing_from_the_new_order_is_given_back_from_the_old_one():
    case = agreed(3)
    back(exchanged(case, number=1), 3)
    case.at(case.now_s + 1, c.AcceptOrder("store", NEW, case.engine.now))
    case.at(case.now_s + 1, c.ReportMissing("store", NEW, "soba", 1)).includes(
        e.OrderCancelled, e.CreditReturned
    )
    assert case.state.payments["o/1"].refunded_minor == 3 * GOODS


def test_what_was_exchanged_comes_back_for_money_from_both():
    case = delivered(back(paid(exchanged())))
    case.at(case.now_s + 1, settled(f"{NEW}/1/capture"))
    wish = c.PreviewChange("s", NEW, [Line("soba", 1)], "defective", ReturnWay.STORE, "app")
    case.at(case.now_s + 1, wish).at(case.now_s + 1, c.ConfirmChange("s", "app"))
    received = c.ReceiveChange("store", "s", [ReturnedLine("soba", 1, 0)])
    case.at(case.now_s + 1, received)
    issued = {x.instruction: x.amount_minor for x in case.events if type(x) is e.InstructionIssued}
    own = SOBA + FEE - GOODS
    assert issued == {"n/change/s": own, "o/exchange/r/0": GOODS}
    assert money(case) == {"bank": FEE, "store": 0, "delivery_fees": -FEE, "exchanges": 0}
    assert case.state.payments["o/1"].refunded_minor == GOODS


def test_goods_pay_for_one_order_of_the_same_customer():
    case = exchanged()
    case.at(case.now_s + 1, quote("q-m", Line("soba", 1)))
    case.at(case.now_s, exchange("m", name="q-m")).rejects(Reason.ALREADY_EXCHANGED)
    case.at(case.now_s, exchange("m", "x", "q-m")).rejects(Reason.UNKNOWN, what="change", id="x")
    case.at(case.now_s, c.RegisterCustomer("bob"))
    other = c.RequestQuote("q-b", "app", "bob", "store", [Line("soba", 1)], cases.HOME)
    case.at(case.now_s, other)
    case.at(case.now_s, exchange("m", "r", "q-b")).rejects(Reason.UNKNOWN, what="change", id="r")


def test_what_was_exchanged_is_not_exchanged_again():
    case = delivered(back(paid(exchanged())))
    case.at(case.now_s + 1, settled(f"{NEW}/1/capture"))
    wish = c.PreviewChange("s", NEW, [Line("soba", 1)], "unwanted", ReturnWay.STORE, "app")
    case.at(case.now_s + 1, wish).at(case.now_s + 1, c.ConfirmChange("s", "app"))
    case.at(case.now_s + 1, quote("q-m", Line("soba", 1)))
    case.at(case.now_s, exchange("m", "s", "q-m")).rejects(Reason.ALREADY_EXCHANGED)


def test_what_was_never_paid_pays_for_nothing():
    case = city(1)
    case.at(0, c.ListProduct("soba", "Soba", "food")).at(0, c.SetPrice("store", "soba", SOBA))
    case.at(0, c.ReceiveStock("store", "soba", 5))
    case = cases.delivered(case)  # the capture is not settled
    wish = c.PreviewChange("r", "o", [Line("ramen", 1)], "unwanted", ReturnWay.STORE, "app")
    case.at(case.now_s + 1, wish).at(case.now_s + 1, c.ConfirmChange("r", "app"))
    back(paid(exchanged(case))).includes(e.ExchangeDropped("r"), e.RefundProposed)


def test_an_edit_of_the_new_order_is_paid_with_what_comes_back_as_well():
    case = paid(exchanged())
    case.at(case.now_s + 1, c.EditLines(NEW, "app", [Line("soba", 2)])).includes(e.EditRequested)
    assert case.state.payments[f"{NEW}/2"].amount_minor == 2 * SOBA + FEE - GOODS
    more = c.ReportAuthorization("bank", f"{NEW}/2", True, 2 * SOBA + FEE - GOODS, "ref")
    case.at(case.now_s + 1, more).includes(e.OrderEdited)
    assert case.state.orders[NEW].status == "scheduled"
