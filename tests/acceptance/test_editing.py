"""Second thoughts about an order that is paid for and not begun: other lines, another door."""

import pytest

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.settings import Settings
from engine.terms import Action, ActionKind, Conditions, PromotionTerms
from engine.values import (
    CASH,
    HOUR,
    Actor,
    Fulfillment,
    InstructionKind,
    Line,
    PaymentMethod,
    PaymentPurpose,
    PricedLine,
    Proof,
)
from geo.points import Point
from tests import cases
from tests.cases import FEE, GOODS, HOME, Case, cancel, city, place, quote, settled

NEAR = Point(390_050_000, 1_160_050_000)  # half the way
FARTHER = Point(390_200_000, 1_160_200_000)
AGAIN, MORE = "o/1", "o/2"


def ordered(pieces: int = 2, stock: int = 9, settings: Settings | None = None) -> Case:
    """Paid for, and waiting for the store to accept it."""
    case = city(stock, settings=settings)
    case.at(0, c.ListProduct("tea", "Tea", "drinks")).at(0, c.SetPrice("store", "tea", 300))
    case.at(0, c.ReceiveStock("store", "tea", 5))
    return cases.confirmed(case, pieces=pieces)


def lines(*wanted: tuple[str, int]) -> c.EditLines:
    return c.EditLines("o", "app", [Line(*x) for x in wanted])


def held(case: Case) -> dict[str, tuple[str, int]]:
    return {k: (str(x.status), x.amount_minor) for k, x in case.state.payments.payments.items()}


def paid_more(case: Case, *, authorized: bool = True, key: str = MORE) -> Case:
    amount = case.state.payments[key].amount_minor
    answer = c.ReportAuthorization("bank", key, authorized, amount, "ref")
    return case.at(case.now_s + 1, answer)


# less


def test_what_is_left_out_is_free_again_and_less_is_captured():
    case = ordered(3).at(20, lines(("ramen", 1)))
    case.emits(e.OrderEdited, e.StockReleased("store", "o", [Line("ramen", 2)]))
    order = case.state.orders["o"]
    assert order.lines == order.placed.lines == [PricedLine("ramen", 1, GOODS)]
    assert (order.due_minor, order.placed.load) == (GOODS + FEE, 1)
    assert held(case) == {AGAIN: ("authorized", 3 * GOODS + FEE)}
    case.at(21, c.AcceptOrder("store", "o", 600_000)).until_planning()
    case.plan(case.now_s, {"kim": cases.there()}, ("o/1",))
    for report in (c.AcceptOffer, c.ReportPickup, c.ReportDropoff):
        case.at(case.now_s + 1, report("kim", "o/1"))
    assert case.state.payments[AGAIN].captured_minor == GOODS + FEE


def test_what_was_bought_keeps_its_price_and_what_is_exchanged_costs_what_it_costs_now():
    case = ordered(3).at(20, c.SetPrice("store", "ramen", 2 * GOODS))
    case.at(21, lines(("ramen", 2), ("tea", 3))).includes(e.OrderEdited)
    order = case.state.orders["o"]
    assert order.lines == [PricedLine("ramen", 2, GOODS), PricedLine("tea", 3, 300)]
    assert order.due_minor == 2 * GOODS + 900 + FEE
    case.at(22, lines(("ramen", 2), ("tea", 2))).includes(e.OrderEdited)
    assert case.available("tea") == 3


# more


def test_more_is_asked_for_where_the_customer_paid_before():
    by_phone = c.PlaceOrder("o", "app", "q", "bank", method=PaymentMethod.MINI_PROGRAM)
    case = city(9).at(1, quote()).at(2, by_phone)
    case.includes(e.PaymentRequested)
    assert case.state.payments[AGAIN].method is PaymentMethod.MINI_PROGRAM
    case.at(3, c.ReportAuthorization("bank", AGAIN, True, cases.TOTAL, "ref"))
    case.at(4, lines(("ramen", 2))).includes(e.EditRequested)
    assert case.state.payments[MORE].method is PaymentMethod.MINI_PROGRAM


def test_what_costs_more_waits_for_a_payment_that_is_for_all_of_it():
    case = ordered(2).at(20, c.SetPrice("store", "ramen", 1_500)).at(21, lines(("ramen", 3)))
    total = 2 * GOODS + 1_500 + FEE
    case.emits(
        e.StockReserved("store", "o", [Line("ramen", 1)]),
        e.EditRequested,
        e.PaymentRequested(MORE, "o", "bank", total, PaymentPurpose.EDIT, 141_000),
    )
    assert case.state.orders["o"].due_minor == 2 * GOODS + FEE
    assert case.available() == 6
    paid_more(case).emits(
        e.PaymentAuthorized(MORE, "ref"),
        e.PaymentReplaced("o", MORE),
        e.InstructionIssued("o/1/void", AGAIN, InstructionKind.VOID, 2 * GOODS + FEE, "edited"),
        e.OrderEdited,
    )
    order = case.state.orders["o"]
    assert order.lines == [PricedLine("ramen", 2, GOODS), PricedLine("ramen", 1, 1_500)]
    assert held(case) == {AGAIN: ("voided", 2 * GOODS + FEE), MORE: ("authorized", total)}


def test_from_then_on_it_is_captured_and_refunded_by_the_new_payment():
    case = paid_more(ordered(1).at(20, lines(("ramen", 2))))
    case.at(case.now_s + 1, c.AcceptOrder("store", "o", 600_000)).until_planning()
    case.plan(case.now_s, {"kim": cases.there()}, ("o/1",))
    for report in (c.AcceptOffer, c.ReportPickup, c.ReportDropoff):
        case.at(case.now_s + 1, report("kim", "o/1"))
    case.includes(
        e.InstructionIssued(
            "o/2/capture", MORE, InstructionKind.CAPTURE, 2 * GOODS + FEE, "delivered"
        )
    )
    case.at(case.now_s + 1, settled("o/2/capture"))
    case.at(case.now_s + 1, c.RefundOrder("r", "o", 100, "cold", "ann"))
    assert case.state.payments[MORE].refunded_minor == 100
    assert case.state.ledger.balance("store:store") == -2 * GOODS


@pytest.mark.parametrize("silent", [True, False])
def test_an_edit_that_is_not_paid_for_is_dropped_and_the_order_stays_as_it_was(silent):
    case = ordered(2).at(20, lines(("ramen", 3)))
    if silent:
        case.at(200, c.Tick())
    else:
        paid_more(case, authorized=False)
    reason = "payment_timeout" if silent else "payment_declined"
    case.emits(
        e.PaymentFailed(MORE, reason),
        e.EditDropped("o", reason, MORE),
        e.StockReleased("store", "o", [Line("ramen", 1)]),
    )
    assert case.state.orders["o"].lines == [PricedLine("ramen", 2, GOODS)]
    assert case.available() == 7
    if silent:  # money that is held after all goes back, as always
        paid_more(case).includes(e.PaymentAuthorized(MORE, "ref", late=True))
        assert held(case)[MORE] == ("voided", 3 * GOODS + FEE)
    case.at(case.now_s + 1, lines(("ramen", 4)))
    assert "o/3" in case.state.payments.payments


def test_only_one_edit_waits_at_a_time():
    case = ordered(2).at(20, lines(("ramen", 3)))
    case.at(21, lines(("ramen", 1))).rejects(Reason.EDIT_PENDING, payment=MORE)


def test_a_store_that_begins_ends_what_is_not_paid_for():
    case = ordered(2).at(20, lines(("ramen", 3)))
    case.at(21, c.AcceptOrder("store", "o", 600_000)).emits(
        e.OrderAccepted,
        e.EditDropped("o", "too_late", MORE),
        e.StockReleased("store", "o", [Line("ramen", 1)]),
        e.DeliveryCreated,
        e.PaymentFailed(MORE, "edit_dropped"),
        e.PlanningRoundOpened,
    )
    paid_more(case).includes(e.PaymentAuthorized(MORE, "ref", late=True))
    case.at(23, lines(("ramen", 1))).rejects(
        Reason.ILLEGAL_TRANSITION,
        **{"from": "accepted", "to": "edited"},
        allowed=["ready", "handed_over", "cancelled"],
    )


def test_an_edit_of_what_is_found_missing_meanwhile_is_dropped_and_the_rest_goes_on():
    """Or the edit would bring back, once it is paid for, what the shelf does not have."""
    case = ordered(2).at(20, lines(("ramen", 2), ("tea", 1)))
    case.at(21, c.ReportMissing("store", "o", "ramen", 1)).includes(
        e.EditDropped("o", "reduced", MORE),
        e.StockReleased("store", "o", [Line("tea", 1)]),
        e.PaymentFailed(MORE, "edit_dropped"),
    )
    paid_more(case).includes(e.PaymentAuthorized(MORE, "ref", late=True))
    assert case.state.orders["o"].lines == [PricedLine("ramen", 1, GOODS)]
    assert case.available("tea") == 5
    assert held(case)[MORE][0] == "voided"


def test_who_cancels_while_an_edit_waits_gets_everything_back():
    case = ordered(2).at(20, lines(("ramen", 3)))
    case.at(21, cancel(Actor.CUSTOMER, "changed_mind"))
    case.includes(e.EditDropped("o", "too_late", MORE), e.PaymentFailed(MORE, "edit_dropped"))
    assert case.available() == 9
    assert held(case) == {
        AGAIN: ("voided", 2 * GOODS + FEE),
        MORE: ("failed", 3 * GOODS + FEE),
    }


def test_a_provider_that_takes_money_at_once_gives_the_first_back():
    case = cases.placed(ordered(1), "p", pieces=1)
    total = GOODS + FEE
    case.at(case.now_s + 1, c.ReportAuthorization("bank", "p/1", True, total, "ref", True))
    case.at(case.now_s + 1, c.EditLines("p", "app", [Line("ramen", 2)]))
    more = c.ReportAuthorization("bank", "p/2", True, total + GOODS, "ref", True)
    case.at(case.now_s + 1, more).includes(e.PaymentReplaced("p", "p/2"), e.OrderEdited)
    assert case.state.ledger.balance("provider:bank") == total + GOODS
    assert case.state.ledger.balance("platform:held") == -total - GOODS


def test_in_cash_the_courier_just_asks_for_more():
    case = ordered()
    case.at(30, quote("p")).at(31, c.PlaceOrder("p", "app", "p", CASH))
    case.at(32, c.EditLines("p", "app", [Line("ramen", 2)])).includes(
        e.PaymentAuthorized("p/2", CASH), e.PaymentReplaced("p", "p/2"), e.OrderEdited
    )


def test_what_cost_nothing_is_paid_for_once_it_does():
    free = Settings(delivery_fee_minor=0, delivery_fee_per_km_minor=0)
    case = city(9, settings=free).at(0, c.SetPrice("store", "ramen", 0))
    case.at(0, c.ListProduct("tea", "Tea", "drinks")).at(0, c.SetPrice("store", "tea", 300))
    case.at(0, c.ReceiveStock("store", "tea", 5))
    case.at(1, quote()).at(2, place()).includes(e.OrderConfirmed)
    case.at(3, lines(("ramen", 1), ("tea", 1))).includes(e.EditRequested)
    paid_more(case).includes(e.OrderEdited)
    assert case.state.payments.current("o") == MORE


# another door


def test_another_door_costs_what_it_is_away_and_takes_its_time():
    case = ordered()
    promised_at = case.state.orders["o"].placed.promised_at
    case.at(20, c.EditDropoff("o", "app", NEAR)).emits(e.OrderEdited)
    placed = case.state.orders["o"].placed
    assert (placed.dropoff, placed.delivery_fee_minor) == (NEAR, 400)
    assert placed.promised_at == promised_at  # what was promised stays promised
    case.at(21, c.EditDropoff("o", "app", HOME)).emits(e.OrderEdited)
    case.at(22, c.EditDropoff("o", "app", FARTHER)).includes(e.EditRequested)
    paid_more(case).includes(e.OrderEdited)
    placed = case.state.orders["o"].placed
    assert placed.delivery_fee_minor == 600
    assert placed.promised_at > promised_at
    case.at(case.now_s + 1, c.AcceptOrder("store", "o", 600_000))
    assert case.delivery().dropoff == FARTHER


def test_a_longer_way_asks_the_store_sooner():
    window = {"window_from_at": 10 * HOUR, "window_to_at": 11 * HOUR}
    case = ordered()
    case.at(30, quote("p", **window)).at(31, place("p", "p")).at(32, cases.paid("p"))
    [scheduled] = [x for x in case.events if isinstance(x, e.OrderScheduled)]
    case.at(33, c.EditDropoff("p", "app", FARTHER)).includes(e.EditRequested)
    paid_more(case, key="p/2").includes(e.OrderEdited)
    assert case.state.orders["p"].placed.promised_at == 11 * HOUR
    case.at(scheduled.ask_at / 1_000 - 200, c.Tick())  # five minutes of riding more
    assert case.state.orders["p"].status == "confirmed"


def test_a_window_that_cannot_be_met_at_another_door_is_said():
    soon = Settings(window_min_ms=1_000, promise_min_ms=0)
    case = ordered(settings=soon)
    needed_ms = 31 * 60_000
    window = {"window_from_at": 60_000, "window_to_at": 30_000 + needed_ms}
    case.at(30, quote("p", **window)).at(30, place("p", "p")).at(30, cases.paid("p"))
    case.at(30, c.EditDropoff("p", "app", FARTHER))
    [refused] = case.events
    assert refused.reason is Reason.WINDOW_TOO_SOON


# refused


@pytest.mark.parametrize(
    ("wanted", "reason", "detail"),
    [
        ([("ramen", 2)], Reason.ALREADY_EXISTS, {}),
        ([("soup", 1)], Reason.UNKNOWN, {"what": "product", "id": "soup"}),
        ([("ramen", 10)], Reason.INSUFFICIENT_STOCK, {"product": "ramen", "available": 7}),
        ([("ramen", 2), ("tea", 20)], Reason.TOO_LARGE, {"load": 22, "limit": 12}),
    ],
)
def test_what_cannot_be_had_is_refused_for_its_own_reason(wanted, reason, detail):
    ordered(2).at(20, lines(*wanted)).rejects(reason, **detail)


def test_new_lines_have_to_be_for_sale_and_old_ones_need_not():
    case = ordered(2).at(20, c.DelistProduct("tea")).at(20, c.DelistProduct("ramen"))
    case.at(21, lines(("ramen", 2), ("tea", 1))).rejects(Reason.NOT_LISTED, product="tea")
    case.at(22, lines(("ramen", 1))).includes(e.OrderEdited)
    case.at(23, lines(("ramen", 2))).rejects(Reason.NOT_LISTED, product="ramen")


def test_what_was_sold_for_less_is_another_bargain():
    case = city(9)
    off = PromotionTerms("off", Conditions(), [Action(ActionKind.AMOUNT, amount_minor=100)])
    free = PromotionTerms("free", Conditions(), [Action(ActionKind.FREE_DELIVERY)])
    case.at(0, c.DefinePromotion("p", off)).at(0, c.DefinePromotion("f", free))
    cases.confirmed(case, pieces=2)
    case.at(20, lines(("ramen", 1))).rejects(Reason.DISCOUNTED)
    case.at(20, c.EditDropoff("o", "app", NEAR)).rejects(Reason.DISCOUNTED)


def test_there_is_no_other_door_for_what_is_collected_or_out_of_reach():
    case = ordered()
    case.at(20, c.EditDropoff("o", "app", HOME)).rejects(Reason.ALREADY_EXISTS)
    far = Point(391_000_000, 1_160_000_000)
    case.at(20, c.EditDropoff("o", "app", far))
    assert case.events[0].reason is Reason.OUT_OF_AREA
    collected = quote("p", fulfillment=Fulfillment.COLLECTION)
    case.at(30, collected).at(31, place("p", "p", Proof.PIN, "314159"))
    case.at(32, cases.paid("p", GOODS))
    case.at(33, c.EditDropoff("p", "app", NEAR)).rejects(Reason.MALFORMED, field="dropoff")
    case.at(34, c.EditLines("p", "app", [Line("ramen", 3)])).includes(e.EditRequested)


def test_an_order_is_edited_by_whoever_placed_it_and_once_it_is_paid_for():
    case = cases.placed()
    case.at(5, lines(("ramen", 2))).rejects(
        Reason.ILLEGAL_TRANSITION,
        **{"from": "placed", "to": "edited"},
        allowed=["scheduled", "confirmed", "cancelled"],
    )
    other = c.EditLines("o", "other", [Line("ramen", 1)])
    ordered().at(20, other).rejects(Reason.UNKNOWN, what="order", id="o")


def test_pieces_kept_for_an_edit_that_are_gone_end_it():
    case = ordered(2, stock=3).at(20, lines(("ramen", 3)))
    case.at(21, c.CountStock("store", "ramen", 2)).includes(
        e.StockShortfall, e.EditDropped("o", "short", MORE)
    )
    assert case.state.orders["o"].lines == [PricedLine("ramen", 2, GOODS)]
    paid_more(case).includes(e.PaymentAuthorized(MORE, "ref", late=True))
