"""What was wanted later: which windows are promised, and that it comes neither before nor after."""

import pytest

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.rules.scheduling import pickup_from
from engine.settings import Settings
from engine.values import HOUR, MINUTE, SECOND, Actor, Fulfillment, Line, Proof
from solvers.crossing.bridge import answer, brief
from solvers.policies.insertion import insertion
from solvers.problem import Budget
from tests import cases
from tests.cases import HOME, STORE_PLACE, Case, city, paid, place, quote

FROM, TO = 10 * HOUR, 11 * HOUR
LATER = {"window_from_at": FROM, "window_to_at": TO}
COLLECTION = Fulfillment.COLLECTION
RIDE_MS = 305_115  # 1.4 km by car, the fastest there is
PREPARATION_MS = 15 * MINUTE  # nine of ten times


def scheduled(case: Case | None = None, order: str = "o", **more) -> Case:
    case = case or city(9)
    case.at(case.now_s + 1, quote(f"q-{order}", **{**LATER, **more}))
    code = "314159" if more.get("fulfillment") is COLLECTION else ""
    proof = Proof.PIN if code else Proof.NONE
    case.at(case.now_s + 1, place(order, f"q-{order}", proof, code)).includes(e.OrderPlaced)
    return case.at(case.now_s + 1, paid(order, case.state.orders[order].due_minor))


@pytest.mark.parametrize(
    ("from_at", "to_at", "reason", "detail"),
    [
        (-1, HOUR, Reason.WINDOW_IN_PAST, {}),
        (0, HOUR, Reason.WINDOW_IN_PAST, {}),
        (SECOND, HOUR, Reason.WINDOW_IN_PAST, {}),
        (2 * HOUR, HOUR, Reason.WINDOW_TOO_SHORT, {"at_least_s": 1_800}),
        (HOUR, 90 * MINUTE - 1, Reason.WINDOW_TOO_SHORT, {"at_least_s": 1_800}),
        (HOUR, 25 * HOUR + 1, Reason.WINDOW_TOO_LONG, {"at_most_s": 24 * 3_600}),
        (73 * HOUR, 74 * HOUR, Reason.WINDOW_TOO_FAR_AHEAD, {"at_most_ahead_s": 72 * 3_600}),
    ],
)
def test_each_rule_of_a_window_has_its_own_code(from_at, to_at, reason, detail):
    asked = quote(window_from_at=from_at, window_to_at=to_at)
    city().at(1, asked).rejects(reason, **detail)


def test_a_window_that_ends_before_it_can_be_met_says_when_it_could():
    soon = Settings(window_min_ms=MINUTE)
    needed_ms = 31 * MINUTE  # cooked, carried, and a buffer; nobody else is waiting
    case = city(settings=soon)
    case.at(1, quote(window_from_at=2 * MINUTE, window_to_at=SECOND + needed_ms - 1))
    case.rejects(Reason.WINDOW_TOO_SOON, earliest_at=SECOND + needed_ms)
    case.at(1, quote(window_from_at=2 * MINUTE, window_to_at=SECOND + needed_ms))
    case.emits(e.QuoteOffered)
    case.at(2, place()).rejects(Reason.WINDOW_TOO_SOON, earliest_at=2 * SECOND + needed_ms)


def test_a_slot_takes_so_many_orders_and_no_more():
    case = city(9, settings=Settings(slot_orders_max=2))
    case.at(1, quote("late", **LATER)).emits(e.QuoteOffered)
    scheduled(scheduled(case, "o"), "p", window_from_at=FROM + 29 * MINUTE)
    full = {"from_at": FROM, "to_at": FROM + 30 * MINUTE, "limit": 2}
    case.at(10, quote("r", **LATER)).rejects(Reason.SLOT_FULL, **full)
    case.at(10, place("r", "late")).rejects(Reason.SLOT_FULL, **full)  # a quote holds no place
    next_slot = {"window_from_at": FROM + 30 * MINUTE, "window_to_at": TO}
    case.at(11, quote("s", **next_slot)).emits(e.QuoteOffered)
    case.at(12, cases.cancel(Actor.CUSTOMER, "changed_mind", "p")).includes(e.OrderCancelled)
    case.at(13, place("r", "late")).includes(e.OrderPlaced)


def test_nobody_need_be_at_work_for_what_is_wanted_tomorrow():
    case = city(1, couriers=()).at(1, quote(**LATER)).emits(e.QuoteOffered)
    case.at(2, place()).includes(e.OrderPlaced)
    placed = case.state.orders["o"].placed
    assert (placed.window_from_at, placed.window_to_at, placed.promised_at) == (FROM, TO, TO)


def test_the_store_is_asked_when_there_is_just_time_enough():
    case = scheduled()
    ask_at = FROM - RIDE_MS - 2 * MINUTE - PREPARATION_MS - 5 * MINUTE
    case.emits(e.PaymentAuthorized, e.OrderScheduled("o", ask_at))
    case.at(60, c.AcceptOrder("store", "o", FROM)).rejects(
        Reason.ILLEGAL_TRANSITION,
        **{"from": "scheduled", "to": "accepted"},
        allowed=["confirmed", "cancelled"],
    )
    case.at((ask_at - 1) / SECOND, c.Tick()).emits()
    case.at(ask_at / SECOND, c.Tick()).emits(e.OrderConfirmed("o"))
    case.at(ask_at / SECOND + 300, c.Tick()).includes(
        e.OrderCancelled("o", Actor.SYSTEM, "store_silent", ask_at + 5 * MINUTE)
    )


def test_what_begins_soon_is_asked_for_at_once():
    case = scheduled(window_from_at=20 * MINUTE, window_to_at=50 * MINUTE)
    case.emits(e.PaymentAuthorized, e.OrderConfirmed("o"))


def test_nobody_picks_it_up_so_early_that_it_is_at_the_door_before_the_window():
    case = scheduled()
    case.at(FROM / SECOND - 1_900, c.Tick())
    case.at(FROM / SECOND - 1_500, c.AcceptOrder("store", "o", FROM - 20 * MINUTE))
    [created] = [x for x in case.events if isinstance(x, e.DeliveryCreated)]
    assert created.pickup_from_at == FROM - RIDE_MS - 2 * MINUTE
    assert created.pickup_from_at == pickup_from(Settings(), STORE_PLACE, HOME, FROM)
    case.at(case.now_s + 1, cases.positions((0, STORE_PLACE, case.now_s)))
    case.at(case.now_s + 60, c.ReportReady("store", "o"))  # early, and it does not help
    problem = brief(case.state, 1, case.engine.now).problem
    waits_s = (created.pickup_from_at - case.engine.now) / SECOND
    assert problem.ready_s.tolist() == [waits_s]
    assert problem.due_s.tolist() == [(TO - 2 * MINUTE - case.engine.now) / SECOND]


def test_couriers_are_asked_in_time_and_not_before():
    """The courier stands at the store: he is asked a minute before he may leave."""
    case = scheduled()
    case.at(FROM / SECOND - 1_900, c.Tick())
    case.at(FROM / SECOND - 1_500, c.AcceptOrder("store", "o", FROM - 20 * MINUTE))
    offered_at = None
    while offered_at is None and case.engine.now < FROM:
        case.until_planning()
        case.at(case.now_s, cases.positions((0, STORE_PLACE, case.now_s)))
        briefing = brief(case.state, case.state.planning_rounds.open, case.engine.now)
        plan = insertion(briefing.problem, Budget(iterations=0))
        case.at(case.now_s, answer(briefing, plan))
        if any(isinstance(x, e.DeliveryOffered) for x in case.events):
            offered_at = case.engine.now
    may_leave_at = case.delivery().pickup_from_at
    assert may_leave_at - 60 * SECOND <= offered_at <= may_leave_at


def test_a_scheduled_collection_is_ready_when_its_window_opens():
    case = scheduled(fulfillment=COLLECTION)
    ask_at = FROM - PREPARATION_MS - 5 * MINUTE
    case.emits(e.PaymentAuthorized, e.OrderScheduled("o", ask_at))
    case.at(ask_at / SECOND, c.Tick()).emits(e.OrderConfirmed("o"))
    case.at(ask_at / SECOND + 60, c.AcceptOrder("store", "o", FROM))
    case.at(ask_at / SECOND + 600, c.ReportReady("store", "o")).includes(e.OrderReady)
    case.at((TO + 2 * HOUR) / SECOND - 1, c.Tick()).emits()  # the whole window, and two hours
    case.at((TO + 2 * HOUR) / SECOND, c.Tick()).includes(e.OrderCancelled)


@pytest.mark.parametrize("actor", [Actor.CUSTOMER, Actor.STORE, Actor.OPERATOR])
def test_everybody_may_end_it_before_the_store_was_asked(actor):
    case = scheduled()
    if actor is Actor.STORE:
        case.at(60, c.RejectOrder("store", "o", "closing"))
    else:
        reason = "changed_mind" if actor is Actor.CUSTOMER else "customer_request"
        case.at(60, cases.cancel(actor, reason))
    case.includes(e.OrderCancelled, e.StockReleased)
    case.at(TO / SECOND, c.Tick()).emits()  # the timer looks again, and finds nothing to do
    assert case.available() == 9


def test_what_costs_nothing_is_scheduled_as_well():
    free = Settings(delivery_fee_minor=0, delivery_fee_per_km_minor=0)
    case = city(1, settings=free).at(0, c.SetPrice("store", "ramen", 0))
    case.at(1, quote("q", Line("ramen", 1), **LATER)).at(2, place())
    case.includes(e.OrderPlaced, e.OrderScheduled)
