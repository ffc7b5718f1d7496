"""What becomes of an order nobody opened the door for: back to the store, and out again."""

import pytest

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.settings import Settings
from engine.values import MINUTE, Actor, InstructionKind, Line, Stop, StopKind
from tests import cases
from tests.cases import FEE, ROAD, Case, back, cancel, city, positions

FIRST, SECOND = "o/1", "o/2"
AGAIN = c.RequestRedelivery("o", "app")


def back_in_store(case: Case | None = None, *, sellable: bool = True) -> Case:
    case = case or cases.returning().at(9, c.Tick())
    return case.at(case.now_s + 60, c.ReceiveReturn("store", FIRST, sellable))


def wanted_again(case: Case | None = None) -> Case:
    case = cases.returning(case)
    return case.at(case.now_s + 1, AGAIN).emits(e.RedeliveryRequested("o"))


def going_out_again() -> Case:
    """A second courier has it."""
    case = back_in_store(wanted_again(city(1, ("kim", "lee")))).until_planning()
    stops = [Stop(StopKind.PICKUP, SECOND), Stop(StopKind.DROPOFF, SECOND)]
    case.plan(case.now_s + 1, {"lee": stops}, (SECOND,))
    case.at(case.now_s + 1, c.AcceptOffer("lee", SECOND))
    return case.at(case.now_s + 60, c.ReportPickup("lee", SECOND))


def test_a_second_attempt_is_of_the_same_order():
    case = back_in_store(wanted_again())
    promised_at = case.engine.now + 16 * MINUTE  # nothing is left to cook
    case.emits(
        e.DeliveryReturned(FIRST, "o", "kim", True),
        e.StockReturned("store", "o", [Line("ramen", 1)], FIRST),
        e.StockReserved("store", "o", [Line("ramen", 1)]),
        e.OrderReattempted("o", promised_at),
        *[e.DeliveryCreated, e.PlanningRoundOpened],
    )
    order, delivery = case.state.orders["o"], case.state.deliveries[SECOND]
    assert (order.status, order.placed.promised_at) == ("ready", promised_at)
    assert (delivery.attempt, delivery.status) == (2, "created")
    assert case.available() == 0  # nobody else may buy it meanwhile


def test_at_the_second_attempt_it_is_paid_for_once_and_leaves_the_shelf_twice():
    case = going_out_again()
    case.includes(e.OrderHandedOver("o"), e.StockIssued("store", "o", [Line("ramen", 1)]))
    case.at(case.now_s + 60, c.ReportDropoff("lee", SECOND)).includes(e.OrderFulfilled)
    captured = [x for x in case.events if isinstance(x, e.InstructionIssued)]
    assert [x.kind for x in captured] == [InstructionKind.CAPTURE]
    level = case.state.inventory.get("store", "ramen")
    assert (level.on_hand, level.issued, level.returned) == (0, 2, 1)


def test_it_is_not_tried_for_ever():
    case = going_out_again()
    case.at(case.now_s + 60, c.ReportFailure("lee", SECOND, "customer_absent"))
    case.at(case.now_s + 1, AGAIN).rejects(Reason.ATTEMPTS_EXHAUSTED, limit=2)
    case.at(case.now_s + 60, c.ReceiveReturn("store", SECOND, True))
    case.includes(e.OrderReturned("o", Actor.COURIER, "customer_absent", case.engine.now))


def test_what_came_back_spoiled_does_not_go_out_again():
    case = back_in_store(wanted_again(), sellable=False)
    case.includes(e.OrderReturned("o", Actor.COURIER, "customer_absent", case.engine.now))
    assert SECOND not in case.state.deliveries.deliveries


def test_it_is_asked_for_while_it_is_on_its_way_back_and_once():
    case = cases.on_board().at(100, AGAIN)
    not_yet = {"from": "handed_over", "to": "ready"}
    others = {"allowed": ["fulfilled", "returned", "cancelled"]}
    case.rejects(Reason.ILLEGAL_TRANSITION, **not_yet, **others)
    case = wanted_again()
    case.at(case.now_s + 1, AGAIN).rejects(Reason.ILLEGAL_TRANSITION, **not_yet, **others)
    case.at(case.now_s + 1, c.RequestRedelivery("o", "other")).rejects(
        Reason.UNKNOWN, what="order", id="o"
    )
    case = back_in_store(cases.returning()).at(900, AGAIN)
    case.rejects(Reason.ILLEGAL_TRANSITION, **{"from": "returned", "to": "ready"}, allowed=[])


def test_an_operator_may_ask_for_it_as_well():
    case = cases.returning()
    case.at(case.now_s + 1, c.RequestRedelivery("o")).emits(e.RedeliveryRequested("o"))


def test_who_was_not_there_and_then_cancels_pays_for_the_ride():
    case = back_in_store(wanted_again())
    case.at(case.now_s + 1, cancel(Actor.CUSTOMER, "changed_mind"))
    case.includes(e.OrderCancelled, e.DeliveryCancelled, e.StockReleased)
    [issued] = [x for x in case.events if isinstance(x, e.InstructionIssued)]
    assert (issued.kind, issued.amount_minor) == (InstructionKind.CAPTURE, FEE)
    assert case.available() == 1


# recalled on the way


@pytest.mark.parametrize(
    ("actor", "reason", "paid"),
    [
        (Actor.CUSTOMER, "changed_mind", FEE),
        (Actor.CUSTOMER, "too_slow", 0),
        (Actor.OPERATOR, "fraud", 0),
    ],
)
def test_what_is_on_its_way_is_not_cancelled_but_brought_back(actor, reason, paid):
    case = cases.on_board()
    case.at(100, cancel(actor, reason)).emits(
        e.OrderRecalled("o", actor, reason),
        e.DeliveryFailed(FIRST, "kim", reason, 0, recalled=True),
        e.LegStarted("kim"),
    )
    assert case.state.deliveries.route("kim").stops == [Stop(StopKind.RETURN, FIRST)]
    case.at(101, c.ReportDropoff("kim", FIRST)).rejects(
        Reason.ILLEGAL_TRANSITION,
        **{"from": "returning", "to": "delivered"},
        allowed=["returned", "created", "cancelled"],
    )
    case.at(102, cancel(actor, reason)).rejects(
        Reason.ILLEGAL_TRANSITION,
        **{"from": "handed_over", "to": "cancelled"},
        allowed=["fulfilled", "returned", "ready"],
    )
    case.at(103, AGAIN).rejects(
        Reason.ILLEGAL_TRANSITION,
        **{"from": "handed_over", "to": "ready"},
        allowed=["fulfilled", "returned", "cancelled"],
    )
    case.at(200, c.ReceiveReturn("store", FIRST, True))
    case.includes(e.OrderReturned("o", actor, reason, 200_000))
    assert case.state.payments["o/1"].captured_minor == paid
    assert case.available() == 1


def test_what_is_behind_others_on_the_route_is_recalled_without_turning_the_courier():
    case = cases.on_board(cases.on_board(city(2)), "p")
    assert [x.delivery for x in case.state.deliveries.route("kim").stops] == [FIRST, "p/1"]
    case.at(case.now_s + 1, cancel(Actor.CUSTOMER, "changed_mind", "p")).emits(
        e.OrderRecalled, e.DeliveryFailed("p/1", "kim", "changed_mind", 1, recalled=True)
    )
    assert case.state.deliveries.route("kim").under_way


def test_what_is_stranded_is_recalled_and_rescued_for_the_store():
    case = cases.on_board(city(1, ("kim", "lee")))
    case.at(case.now_s + 1, positions((0, ROAD, case.now_s)))
    case.at(case.now_s + 1, c.ReportBreakdown("kim")).includes(e.DeliveryStranded)
    case.at(case.now_s + 1, cancel(Actor.CUSTOMER, "changed_mind")).includes(
        e.OrderRecalled, e.DeliveryRecalled(FIRST, "changed_mind")
    )
    case.until_planning().plan(case.now_s + 1, {"lee": back()}, (FIRST,))
    case.at(case.now_s + 1, c.AcceptOffer("lee", FIRST))
    case.at(case.now_s + 60, c.ReportPickup("lee", FIRST))
    case.at(case.now_s + 60, c.ReceiveReturn("store", FIRST, True)).includes(
        e.OrderReturned("o", Actor.CUSTOMER, "changed_mind", case.engine.now)
    )


@pytest.mark.parametrize("is_told", [False, True])
def test_who_was_to_rescue_it_for_the_door_is_released_first(is_told):
    case = cases.on_board(city(1, ("kim", "lee")))
    case.at(case.now_s + 1, c.ReportBreakdown("kim")).until_planning()
    case.plan(case.now_s + 1, {"lee": cases.there()}, (FIRST,) if is_told else ())
    case.at(case.now_s + 1, cancel(Actor.CUSTOMER, "changed_mind"))
    freed = e.DeliveryUnassigned(FIRST, "lee", "recalled") if is_told else e.RoutePlanned("lee", [])
    case.includes(e.OrderRecalled, freed, e.DeliveryRecalled)
    assert case.state.deliveries.route("lee").stops == []


def test_a_second_attempt_is_called_off_before_it_begins():
    case = wanted_again()
    case.at(case.now_s + 1, cancel(Actor.CUSTOMER, "changed_mind"))
    case.emits(e.OrderRecalled("o", Actor.CUSTOMER, "changed_mind"))
    back_in_store(case).includes(
        e.OrderReturned("o", Actor.CUSTOMER, "changed_mind", case.engine.now)
    )


def test_three_attempts_are_a_matter_of_settings():
    case = going_out_again()
    case.at(case.now_s + 1, c.ChangeSettings(Settings(delivery_attempts_max=3)))
    case.at(case.now_s + 60, c.ReportFailure("lee", SECOND, "customer_absent"))
    case.at(case.now_s + 1, AGAIN).emits(e.RedeliveryRequested("o"))
    case.at(case.now_s + 60, c.ReceiveReturn("store", SECOND, True))
    assert case.state.deliveries["o/3"].attempt == 3
