"""What comes back after an order was fulfilled: what is promised for it, and what is given."""

import pytest

from engine import commands as c
from engine import events as e
from engine.audit import violations
from engine.rejections import RejectionReason as Reason
from engine.settings import Settings
from engine.terms import Action, ActionKind, Conditions, PromotionTerms
from engine.values import (
    DAY,
    HOUR,
    MINUTE,
    Fulfillment,
    InstructionKind,
    Line,
    Posting,
    Proof,
    ReturnedLine,
    ReturnWay,
)
from tests import cases
from tests.cases import FEE, GOODS, TOTAL, Case, city, settled

COURIER, STORE = ReturnWay.COURIER, ReturnWay.STORE
LEG = "o/return/r/1"
RETURN_FEE = 500


def bought(pieces: int = 3, settings: Settings | None = None, *, is_settled: bool = True) -> Case:
    """Delivered and paid for."""
    case = cases.delivered(city(pieces, ("kim", "lee"), settings=settings), pieces=pieces)
    return case.at(case.now_s + 1, settled("o/1/capture")) if is_settled else case


def preview(
    name: str = "r", pieces: int = 1, reason: str = "unwanted", way: ReturnWay = STORE
) -> c.PreviewChange:
    return c.PreviewChange(name, "o", [Line("ramen", pieces)], reason, way, "app")


def agreed(case: Case | None = None, name: str = "r", **more) -> Case:
    case = case or bought()
    case.at(case.now_s + 1, preview(name, **more)).emits(e.ChangePreviewed)
    return case.at(case.now_s + 1, c.ConfirmChange(name, "app")).includes(e.ChangeConfirmed)


def back(sellable: int, damaged: int = 0, name: str = "r") -> c.ReceiveChange:
    return c.ReceiveChange("store", name, [ReturnedLine("ramen", sellable, damaged)])


def refund_of(case: Case) -> int:
    issued = [x for x in case.events if isinstance(x, e.InstructionIssued)]
    assert all(x.kind is InstructionKind.REFUND for x in issued)
    return sum(x.amount_minor for x in issued)


# previewed


@pytest.mark.parametrize(
    ("pieces", "reason", "way", "numbers"),
    [
        (1, "unwanted", STORE, (GOODS, 0, 0)),
        (1, "unwanted", COURIER, (GOODS, 0, RETURN_FEE)),
        (1, "defective", COURIER, (GOODS, 0, 0)),
        (3, "defective", COURIER, (3 * GOODS, FEE, 0)),
        (3, "unwanted", STORE, (3 * GOODS, 0, 0)),
    ],
)
def test_a_preview_says_what_would_be_given_back_and_changes_nothing(pieces, reason, way, numbers):
    case = bought()
    case.at(case.now_s + 1, preview("r", pieces, reason, way)).emits(e.ChangePreviewed)
    [told] = case.events
    assert (told.goods_minor, told.delivery_minor, told.fee_minor) == numbers
    assert told.expires_at == case.engine.now + 15 * MINUTE
    assert case.state.payments["o/1"].refunded_minor == 0


def test_what_is_fetched_never_costs_more_than_it_is_worth():
    case = bought(1, Settings(return_fee_minor=10**6))
    case.at(case.now_s + 1, preview(way=COURIER))
    assert (case.events[0].goods_minor, case.events[0].fee_minor) == (GOODS, GOODS)


def test_no_more_comes_back_than_was_bought():
    case = bought(3)
    case.at(900, preview(pieces=4)).rejects(Reason.EXCEEDS_BOUGHT, product="ramen", refundable=3)
    agreed(case, pieces=2)
    case.at(case.now_s + 1, preview("s", 2)).rejects(
        Reason.EXCEEDS_BOUGHT, product="ramen", refundable=1
    )
    tea = c.PreviewChange("t", "o", [Line("tea", 1)], "unwanted", STORE, "app")
    case.at(case.now_s + 1, tea).rejects(Reason.EXCEEDS_BOUGHT, product="tea", refundable=0)


def test_who_returns_what_he_has_returned_is_told_that_he_has_not_got_it():
    case = agreed(bought(3), pieces=2)
    case.at(case.now_s + 1, back(1)).includes(e.ChangeReceived)  # the other one he kept
    case.at(case.now_s + 1, preview("s", 3)).rejects(
        Reason.EXCEEDS_BOUGHT, product="ramen", refundable=2
    )
    case.at(case.now_s + 1, preview("s", 2)).emits(e.ChangePreviewed)


@pytest.mark.parametrize(
    ("how", "reason", "detail"),
    [
        ({"order": "x"}, Reason.UNKNOWN, {"what": "order", "id": "x"}),
        ({"service": "other"}, Reason.UNKNOWN, {"what": "order", "id": "o"}),
        ({"change": "r"}, Reason.ALREADY_EXISTS, {}),
        (
            {"reason": "bored"},
            Reason.REASON_NOT_ALLOWED,
            {
                "actor": "customer",
                "allowed": ["unwanted", "defective", "damaged", "wrong_item", "late"],
            },
        ),
    ],
)
def test_what_cannot_be_returned_is_refused_for_its_own_reason(how, reason, detail):
    case = agreed()
    lines, how = [Line("ramen", 1)], {"service": "app", **how}
    given = {"change": "s", "order": "o", "lines": lines, "reason": "late", "way": STORE}
    asked = c.PreviewChange(**{**given, **how})
    case.at(case.now_s + 1, asked).rejects(reason, **detail)


def test_only_what_was_fulfilled_comes_back_and_only_for_so_long():
    case = cases.on_board()
    case.at(900, preview()).rejects(
        Reason.ILLEGAL_TRANSITION,
        **{"from": "handed_over", "to": "previewed"},
        allowed=["fulfilled", "returned", "cancelled", "ready"],
    )
    case = bought()
    until_at = case.state.orders["o"].ended_at + 7 * DAY
    case.at(until_at / 1_000, preview()).emits(e.ChangePreviewed)
    case.at(until_at / 1_000 + 0.001, preview("s")).rejects(
        Reason.RETURN_PERIOD_OVER, until_at=until_at
    )


def test_nobody_fetches_what_was_collected():
    case = city(1, couriers=())
    collected = cases.quote(fulfillment=Fulfillment.COLLECTION)
    case.at(1, collected).at(2, cases.place(proof=Proof.PIN, pin="314159"))
    case.at(3, cases.paid(amount=GOODS)).at(4, c.AcceptOrder("store", "o", 9_000))
    case.at(5, c.ReportReady("store", "o")).at(6, c.ReportCollection("store", "o", "314159"))
    case.at(7, preview(way=COURIER)).rejects(Reason.MALFORMED, field="way")
    agreed(case).at(20, c.FetchReturn("r", "app")).rejects(Reason.MALFORMED, field="change")


# agreed on


def test_an_agreement_holds_only_as_long_as_its_numbers():
    case = bought(3)
    case.at(900, preview("r", 3, "defective")).at(900, preview("s", 1, "defective"))
    case.at(901, c.ConfirmChange("s", "app")).emits(e.ChangeConfirmed("s", 901_000))
    case.at(902, c.ConfirmChange("r", "app")).rejects(
        Reason.EXCEEDS_BOUGHT, product="ramen", refundable=2
    )
    case.at(903, preview("t", 2, "defective"))  # everything that is left: the delivery fee, too
    assert case.events[0].delivery_minor == FEE
    case.at(904, c.WithdrawChange("s", "app")).emits(e.ChangeClosed("s", "withdrawn"))
    case.at(905, c.ConfirmChange("t", "app")).rejects(Reason.PREVIEW_STALE, refund_minor=2 * GOODS)


def test_a_preview_expires_and_is_forgotten_an_hour_later():
    case = bought()
    case.at(1_000, preview()).at(1_900, c.ConfirmChange("r", "app"))
    case.rejects(Reason.PREVIEW_EXPIRED, expired_at=1_900_000)
    case.at(1_000 + 4_500, c.Tick()).emits(e.ChangeClosed("r", "expired"))
    case.at(9_000, c.ConfirmChange("r", "app")).rejects(Reason.UNKNOWN, what="change", id="r")
    assert case.state.order_changes.changes == {}


def test_what_is_promised_to_a_return_is_not_given_away_otherwise():
    case = agreed(bought(1), reason="defective")
    case.at(case.now_s + 1, c.RefundOrder("x", "o", 1, "cold")).rejects(
        Reason.EXCEEDS_CAPTURED, refundable_minor=0
    )
    case.at(case.now_s + 1, c.WithdrawChange("r", "app"))
    case.at(case.now_s + 1, c.RefundOrder("x", "o", TOTAL, "cold")).includes(e.InstructionIssued)
    case.at(case.now_s + 1, preview("s")).rejects(Reason.EXCEEDS_CAPTURED, refundable_minor=0)


@pytest.mark.parametrize("kind", [c.ConfirmChange, c.WithdrawChange, c.FetchReturn])
def test_a_change_is_its_services_and_the_operators(kind):
    case = agreed()
    case.at(case.now_s + 1, kind("r", "other")).rejects(Reason.UNKNOWN, what="change", id="r")
    case.at(case.now_s + 1, kind("x", "app")).rejects(Reason.UNKNOWN, what="change", id="x")


# brought to the store


def test_goods_that_are_fit_go_back_to_the_shelf_and_money_to_the_customer():
    case = agreed(bought(3), pieces=2)
    case.at(case.now_s + 60, back(2)).emits(
        e.ChangeReceived,
        e.StockReturned("store", "o", [Line("ramen", 2)], "o/return/r"),
        e.InstructionIssued("o/change/r", "o/1", InstructionKind.REFUND, 2 * GOODS, "unwanted"),
        e.LedgerPosted(
            "o",
            "refund",
            [Posting("store:store", 2 * GOODS), Posting("provider:bank", -2 * GOODS)],
        ),
    )
    assert case.available() == 2
    case.at(case.now_s, back(1)).rejects(
        Reason.ILLEGAL_TRANSITION, **{"from": "received", "to": "received"}, allowed=[]
    )


def test_damaged_goods_are_given_money_for_and_not_sold_again():
    case = agreed(bought(3), pieces=2, reason="damaged")
    case.at(case.now_s + 60, back(1, 1)).includes(
        e.StockReturned("store", "o", [Line("ramen", 1)], "o/return/r", True),
        e.StockReturned("store", "o", [Line("ramen", 1)], "o/return/r", False),
    )
    assert refund_of(case) == 2 * GOODS
    assert case.available() == 1
    assert case.state.inventory.get("store", "ramen").damaged == 1


def test_only_what_came_is_paid_for():
    case = agreed(bought(3), pieces=3, reason="defective")
    case.at(case.now_s + 60, back(1))
    assert refund_of(case) == GOODS  # and the delivery fee is not given back: he kept two
    case.at(case.now_s + 60, preview("s", 2, "defective"))
    assert case.events[0].goods_minor == 2 * GOODS


@pytest.mark.parametrize(
    "received",
    [
        [],
        [ReturnedLine("ramen", 0, 0)],
        [ReturnedLine("ramen", -1, 2)],
        [ReturnedLine("ramen", 1, 0), ReturnedLine("ramen", 1, 0)],
    ],
)
def test_what_cannot_have_come_is_refused(received):
    case = agreed(pieces=2)
    case.at(case.now_s, c.ReceiveChange("store", "r", received)).rejects(
        Reason.MALFORMED, field="received"
    )


def test_a_store_receives_only_what_was_announced_to_it():
    case = agreed(pieces=2)
    case.at(case.now_s, back(3)).rejects(Reason.EXCEEDS_BOUGHT, product="ramen", refundable=2)
    case.at(case.now_s, c.ReceiveChange("store", "r", [ReturnedLine("tea", 1, 0)])).rejects(
        Reason.EXCEEDS_BOUGHT, product="tea", refundable=0
    )
    other = c.ReceiveChange("other", "r", [ReturnedLine("ramen", 1, 0)])
    case.at(case.now_s, other).rejects(Reason.UNKNOWN, what="change", id="r")


def test_who_never_brings_them_keeps_the_goods_and_the_bargain():
    case = agreed()
    case.at(case.now_s + 7 * 86_400, c.Tick()).emits(e.ChangeClosed("r", "lapsed"))
    assert case.state.payments["o/1"].refunded_minor == 0
    case.at(case.now_s, back(1)).rejects(
        Reason.ILLEGAL_TRANSITION, **{"from": "closed", "to": "received"}, allowed=[]
    )


# money


def test_much_is_given_back_only_by_two():
    case = agreed(bought(3, Settings(refund_alone_max_minor=GOODS)), pieces=2)
    case.at(case.now_s + 60, back(2)).includes(e.ChangeReceived, e.RefundProposed)
    case.at(case.now_s + 60, c.EndorseRefund("o/change/r", "ops")).includes(e.RefundReleased)
    assert refund_of(case) == 2 * GOODS


def test_what_was_not_captured_yet_is_given_back_when_it_is():
    case = agreed(bought(1, is_settled=False))
    case.at(case.now_s + 60, back(1)).includes(e.ChangeReceived, e.RefundProposed)
    case.at(case.now_s + 60, settled("o/1/capture")).includes(e.RefundReleased)
    assert refund_of(case) == GOODS


def test_who_never_paid_gets_nothing_back_and_owes_less():
    case = agreed(bought(1, is_settled=False))
    case.at(case.now_s + 60, back(1)).includes(e.RefundProposed)
    case.at(case.now_s + 60, settled("o/1/capture", succeeded=False)).includes(e.RefundDropped)
    assert refund_of(case) == 0
    assert case.state.ledger.balance("platform:uncollected") == FEE
    case = agreed(bought(1, is_settled=False))
    case.at(case.now_s + 60, settled("o/1/capture", succeeded=False))
    case.at(case.now_s + 60, back(1)).includes(e.ChangeReceived)
    assert refund_of(case) == 0
    assert case.state.ledger.balance("platform:uncollected") == FEE
    assert not violations(case.state)


def test_a_discount_comes_off_what_is_given_back_to_the_last_piece():
    """Three for 1,000 off by the platform: each third is worth what the lines say, all of it the
    sum; and the store gives back what it got, the platform takes back what it added."""
    case = city(3, ("kim",))
    off = Action(ActionKind.AMOUNT, amount_minor=1_000)
    case.at(0, c.DefinePromotion("p", PromotionTerms("off", Conditions(), [off])))
    cases.delivered(case, pieces=3)
    case.at(case.now_s + 1, settled("o/1/capture"))
    earned = -case.state.ledger.balance("store:store")
    total = 0
    for name in ("a", "b", "c"):
        agreed(case, name).at(case.now_s + 1, back(1, name=name))
        total += refund_of(case)
    assert total == 3 * GOODS - 1_000
    assert earned == 3 * GOODS
    assert case.state.ledger.balance("store:store") == 0
    assert case.state.ledger.balance("platform:promotions") == 0


def test_a_return_period_is_a_matter_of_settings():
    case = bought(1, Settings(after_sales_ms=HOUR))
    ended_at = case.state.orders["o"].ended_at
    case.at((ended_at + HOUR) / 1_000 + 1, preview()).rejects(
        Reason.RETURN_PERIOD_OVER, until_at=ended_at + HOUR
    )
