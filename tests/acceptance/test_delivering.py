"""What a courier would tell you happened: offers, reports, shifts, breakdowns, returns."""

import pytest

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.settings import Settings
from engine.state.deliveries import TRANSITIONS
from engine.state.deliveries import DeliveryStatus as S
from engine.values import HOUR, MINUTE, Actor, Proof, StopKind
from tests import cases
from tests.cases import Case, city, there

D = "o/1"


def returned() -> Case:
    case = cases.returning()
    return case.at(case.now_s + 1, c.ReceiveReturn("store", D, True))


def cancelled() -> Case:
    case = cases.assigned()
    return case.at(case.now_s + 1, cases.cancel(Actor.CUSTOMER, "changed_mind"))


def arrived(case: Case, stop: StopKind) -> Case:
    return case.at(case.now_s + 1, c.ReportArrival("kim", D, stop))


STAGES = {
    S.CREATED: cases.planned,
    S.OFFERED: cases.offered,
    S.ASSIGNED: cases.assigned,
    S.ARRIVED_AT_PICKUP: lambda: arrived(cases.assigned(), StopKind.PICKUP),
    S.PICKED_UP: cases.on_board,
    S.ARRIVED_AT_DROPOFF: lambda: arrived(cases.on_board(), StopKind.DROPOFF),
    S.DELIVERED: cases.delivered,
    S.RETURNING: cases.returning,
    S.RETURNED: returned,
    S.CANCELLED: cancelled,
}
REPORTS = {  # what a courier may say, from which statuses, and what it asks for
    "accept": (c.AcceptOffer("kim", D), (S.OFFERED,), S.ASSIGNED),
    "decline": (
        c.DeclineOffer("kim", D, "too far"),
        (S.OFFERED, S.ASSIGNED, S.ARRIVED_AT_PICKUP),
        S.CREATED,
    ),
    "arrive at pickup": (
        c.ReportArrival("kim", D, StopKind.PICKUP),
        (S.ASSIGNED,),
        S.ARRIVED_AT_PICKUP,
    ),
    "pick up": (c.ReportPickup("kim", D), (S.ASSIGNED, S.ARRIVED_AT_PICKUP), S.PICKED_UP),
    "arrive at door": (
        c.ReportArrival("kim", D, StopKind.DROPOFF),
        (S.PICKED_UP,),
        S.ARRIVED_AT_DROPOFF,
    ),
    "hand over": (c.ReportDropoff("kim", D), (S.PICKED_UP, S.ARRIVED_AT_DROPOFF), S.DELIVERED),
    "fail": (
        c.ReportFailure("kim", D, "customer_absent"),
        (S.PICKED_UP, S.ARRIVED_AT_DROPOFF),
        S.RETURNING,
    ),
}


@pytest.mark.parametrize("status", STAGES, ids=str)
def test_every_report_at_every_stage_is_taken_or_refused_with_what_would_be_legal(status):
    for name, (report, legal_from, to) in REPORTS.items():
        case = STAGES[status]()
        assert case.delivery().status is status
        case.at(case.now_s + 1, report)
        if status in legal_from:
            assert case.delivery().status is to, name
            assert to in TRANSITIONS[status]
        elif case.delivery().courier is None or status is S.CREATED:
            case.rejects(Reason.UNKNOWN, what="delivery", id=D)  # not his, or not yet
        else:
            never = S.RETURNING if status in (S.ASSIGNED, S.ARRIVED_AT_PICKUP) else None
            allowed = [str(x) for x in TRANSITIONS[status] if x not in (never, to)]
            detail = {"from": str(status), "to": str(to), "allowed": allowed}
            case.rejects(Reason.ILLEGAL_TRANSITION, **detail)


@pytest.mark.parametrize("status", STAGES, ids=str)
def test_only_what_is_returning_can_be_received_back(status):
    case = STAGES[status]()
    case.at(case.now_s + 1, c.ReceiveReturn("store", D, True))
    if status is S.RETURNING:
        assert case.delivery().status is S.RETURNED
    else:
        assert case.events[0].reason is Reason.ILLEGAL_TRANSITION
        assert case.events[0].detail["to"] == "returned"


def test_from_quote_to_doorstep():
    case = city().at(1, cases.quote()).emits(e.QuoteOffered)
    promised_at = 2_000 + case.events[0].promised_ms
    (
        case.at(2, cases.place())
        .emits(e.StockReserved, e.QuoteAccepted, e.OrderPlaced, e.PaymentRequested)
        .at(3, cases.paid())
        .emits(e.PaymentAuthorized("o/1", "ref"), e.OrderConfirmed("o"))
        .at(4, c.AcceptOrder("store", "o", 10 * MINUTE))
        .emits(e.OrderAccepted("o", 600_000, 4_000), e.DeliveryCreated, e.PlanningRoundOpened)
        .plan(5, {"kim": there()})
        .emits(e.RoutePlanned("kim", there()), e.PlanningRoundClosed(1), e.PlanningRequested)
        .at(20, c.Tick())
        .emits(e.PlanningRoundOpened(2, 20_000))
        .plan(21, {"kim": there()}, (D,))
        .emits(e.DeliveryOffered(D, "kim", 1, 61_000), e.PlanningRoundClosed(2))
        .at(22, c.AcceptOffer("kim", D))
        .emits(e.OfferAccepted(D, "kim"), e.LegStarted("kim"))
        .at(300, c.ReportArrival("kim", D, StopKind.PICKUP))
        .emits(e.CourierArrived(D, "kim", StopKind.PICKUP))
        .at(590, c.ReportReady("store", "o"))
        .emits(e.OrderReady("o", 590_000), e.PreparationMeasured("store", 586_000))
        .at(600, c.ReportPickup("kim", D))
        .emits(
            e.DeliveryPickedUp(D, "kim", "o"), e.OrderHandedOver("o"), e.StockIssued, e.LegStarted
        )
        .at(880, c.ReportArrival("kim", D, StopKind.DROPOFF))
        .emits(e.CourierArrived)
        .at(900, c.ReportDropoff("kim", D))
        .emits(
            e.DeliveryCompleted(D, "kim", "o"),
            e.OrderFulfilled("o", 900_000),
            e.LedgerPosted,
            e.InstructionIssued,
            e.LedgerPosted,
        )
    )
    order = case.state.orders["o"]
    assert (order.ended_at, order.placed.promised_at) == (900_000, promised_at)
    assert case.state.deliveries.route("kim").stops == []


def test_a_report_said_twice_is_refused_and_changes_nothing():
    case = cases.on_board()
    case.at(case.now_s, c.ReportPickup("kim", D))
    assert case.events[0].detail["from"] == "picked_up"
    case.at(case.now_s + 1, c.ReportDropoff("kim", D)).includes(e.OrderFulfilled)
    case.at(case.now_s, c.ReportDropoff("kim", D))
    assert case.events[0].detail["from"] == "delivered"


def test_an_offer_that_lapses_goes_to_the_next_courier_and_is_lost_to_the_first():
    case = cases.offered(city(1, ("kim", "lee")))
    (
        case.at(case.now_s + 39.999, c.Tick())
        .emits()
        .at(case.now_s + 0.001, c.Tick())
        .emits(e.DeliveryUnassigned(D, "kim", "lapsed"), e.PlanningRoundOpened)
        .at(case.now_s + 1, c.AcceptOffer("kim", D))
        .rejects(Reason.UNKNOWN, what="delivery", id=D)
        .plan(case.now_s, {"lee": there()}, (D,))
        .at(case.now_s + 1, c.AcceptOffer("kim", D))
        .rejects(Reason.UNKNOWN, what="delivery", id=D)
        .at(case.now_s + 1, c.AcceptOffer("lee", D))
        .emits(e.OfferAccepted(D, "lee"), e.LegStarted("lee"))
        .at(case.now_s + 1, c.ReportPickup("kim", D))  # the former courier
        .rejects(Reason.UNKNOWN, what="delivery", id=D)
    )
    assert case.delivery().refused_by == ["kim"]


def test_an_old_timer_does_not_end_a_newer_offer():
    case = cases.offered()
    case.at(case.now_s + 30, c.DeclineOffer("kim", D, "busy"))
    case.emits(e.DeliveryUnassigned(D, "kim", "declined", "busy"), e.PlanningRoundOpened).plan(
        case.now_s + 1, {"kim": there()}, (D,)
    )
    case.at(case.now_s + 20, c.Tick()).emits()  # the first offer would have lapsed here
    case.at(case.now_s + 19, c.AcceptOffer("kim", D)).includes(e.OfferAccepted)


def test_who_accepted_may_give_back_until_the_goods_are_on_board():
    case = cases.assigned()
    case.at(case.now_s + 5, c.DeclineOffer("kim", D, "flat tyre"))
    case.emits(e.DeliveryUnassigned(D, "kim", "given_back", "flat tyre"), e.PlanningRoundOpened)
    assert case.delivery().refused_by == ["kim"]


def test_a_storm_of_refusals_neither_loses_nor_doubles_anything():
    couriers = tuple(f"c{n}" for n in range(12))
    case = cases.accepted(city(3, couriers))
    case = cases.accepted(case, "p")
    for n, courier in enumerate(couriers):
        case.until_planning().plan(case.now_s, {courier: [*there(), *there("p")]}, (D, "p/1"))
        for order in "op":
            refusal = c.DeclineOffer(courier, f"{order}/1", "no")
            case.at(case.now_s, refusal).at(case.now_s, refusal)
            case.rejects(Reason.UNKNOWN, what="delivery", id=f"{order}/1")
        assert case.delivery().offers == n + 1
    assert case.delivery("p").refused_by == list(couriers)
    case.until_planning().plan(case.now_s, {"c0": [*there(), *there("p")]}, (D, "p/1"))
    case.at(case.now_s, c.AcceptOffer("c0", D)).includes(e.OfferAccepted)


def test_couriers_are_told_and_not_asked_where_offers_have_no_time():
    case = city(settings=cases.Settings(offer_timeout_ms=0))
    case = cases.accepted(case)
    case.plan(case.now_s + 1, {"kim": there()}, (D,)).includes(
        e.DeliveryOffered, e.OfferAccepted, e.LegStarted
    )


# proofs


@pytest.mark.parametrize(
    ("proof", "pin", "shown", "evidence", "reason", "detail"),
    [
        (Proof.NONE, "", Proof.NONE, "", None, {}),
        (Proof.NONE, "", Proof.PHOTO, "p.jpg", None, {}),
        (Proof.PHOTO, "", Proof.NONE, "", Reason.PROOF_REQUIRED, {"proof": "photo"}),
        (Proof.PHOTO, "", Proof.PHOTO, "", Reason.PROOF_REQUIRED, {"proof": "photo"}),
        (Proof.PHOTO, "", Proof.SIGNATURE, "s.png", Reason.PROOF_REQUIRED, {"proof": "photo"}),
        (Proof.PHOTO, "", Proof.PHOTO, "p.jpg", None, {}),
        (Proof.SIGNATURE, "", Proof.SIGNATURE, "s.png", None, {}),
        (Proof.PIN, "0042", Proof.PIN, "0043", Reason.PROOF_MISMATCH, {"tries_left": 4}),
        (Proof.PIN, "0042", Proof.PHOTO, "0042", Reason.PROOF_REQUIRED, {"proof": "pin"}),
        (Proof.PIN, "0042", Proof.PIN, "0042", None, {}),
    ],
)
def test_nothing_is_delivered_without_the_proof_that_was_asked_for(
    proof, pin, shown, evidence, reason, detail
):
    case = cases.on_board(proof=proof, pin=pin)
    case.at(case.now_s + 1, c.ReportDropoff("kim", D, shown, evidence))
    if reason is None:
        case.includes(e.DeliveryCompleted(D, "kim", "o", shown, evidence), e.OrderFulfilled)
    else:
        assert case.events[0] == e.CommandRejected(reason, detail)
        case.at(case.now_s + 1, c.ReportFailure("kim", D, "customer_absent"))
        case.includes(e.DeliveryFailed)  # no proof needed to bring it back


def test_a_pin_is_not_found_by_trying():
    case = cases.on_board(proof=Proof.PIN, pin="0042")
    for left in (4, 3, 2, 1, 0):
        case.at(case.now_s + 1, c.ReportDropoff("kim", D, Proof.PIN, f"100{left}"))
        case.emits(
            e.CommandRejected(Reason.PROOF_MISMATCH, {"tries_left": left}),
            e.ProofMissed("o", 5 - left),
        )
    right = c.ReportDropoff("kim", D, Proof.PIN, "0042")
    case.at(case.now_s + 1, right).rejects(Reason.PROOF_LOCKED)  # not even the right one
    case.at(case.now_s + 1, c.RenewProof("o", "app", "0077")).emits(e.ProofRenewed("o", "0077"))
    case.at(case.now_s + 1, right).includes(e.ProofMissed("o", 1))
    case.at(case.now_s + 1, c.ReportDropoff("kim", D, Proof.PIN, "0077"))
    case.includes(e.DeliveryCompleted, e.OrderFulfilled)


# shifts


def test_who_goes_home_gives_back_what_is_not_on_board():
    case = cases.on_board(city(3), "o")
    case = cases.assigned(case, "p")
    case = cases.offered(case, "r")
    case.at(case.now_s + 1, c.EndShift("kim")).emits(
        e.ShiftEnded("kim"),
        e.DeliveryUnassigned("p/1", "kim", "off_shift"),
        e.DeliveryUnassigned("r/1", "kim", "off_shift"),
        e.PlanningRoundOpened,
    )
    assert case.state.deliveries.route("kim").stops == there("o")[1:]
    assert case.delivery("p").refused_by == []  # he did not say no: back at work, he may have it
    (
        case.at(case.now_s + 1, c.EndShift("kim"))
        .rejects(Reason.OFF_SHIFT)
        .at(case.now_s, c.ReportDropoff("kim", D))
        .includes(e.OrderFulfilled)
        .at(case.now_s, c.StartShift("kim", cases.SHIFT_END))
        .includes(e.ShiftStarted)
        .at(case.now_s, c.StartShift("kim", cases.SHIFT_END))
        .rejects(Reason.ALREADY_EXISTS)
    )


def test_nobody_works_for_ever_and_the_longest_shift_is_a_setting():
    short = Settings(shift_max_ms=8 * HOUR)
    case = city(1, (), settings=short).at(1, c.RegisterCourier("kim", "scooter", 12))
    for ends_at in (1_000, 1_001 + 8 * HOUR, 4 * 10**12):
        case.at(1, c.StartShift("kim", ends_at))
        case.rejects(Reason.MALFORMED, field="ends_at", limit_at=1_000 + 8 * HOUR)
    case.at(1, c.StartShift("kim", 1_000 + 8 * HOUR)).includes(e.ShiftStarted)


def test_what_was_only_planned_for_who_goes_home_is_planned_anew():
    case = cases.planned()
    case.at(case.now_s + 5, c.EndShift("kim"))
    case.emits(e.ShiftEnded("kim"), e.RoutePlanned("kim", []), e.PlanningRoundOpened)
    assert case.delivery().courier is None


def test_who_is_off_shift_is_given_nothing():
    case = cases.accepted(city(1, ("kim", "lee")))
    case.at(case.now_s, c.EndShift("kim"))
    case.plan(case.now_s + 1, {"kim": there()}, (D,))
    case.includes(e.RouteSkipped("kim", Reason.OFF_SHIFT))
    assert case.delivery().courier is None
    case.at(case.now_s, c.AssignDelivery("kim", D, "he offered")).rejects(Reason.OFF_SHIFT)


def test_who_has_worked_until_the_end_of_the_shift_is_given_nothing_new():
    case = city(2)
    case.at(1, c.EndShift("kim")).at(2, c.StartShift("kim", 60_000))
    case = cases.planned(case)
    case = cases.accepted(case, "p")
    case.at(61, c.Tick()).until_planning()
    case.plan(case.now_s, {"kim": [*there(), *there("p")]}).includes(
        e.RouteSkipped("kim", Reason.OFF_SHIFT)
    )
    case.until_planning().plan(case.now_s, {"kim": there()}, (D,))  # what he had, he keeps
    case.includes(e.DeliveryOffered)
