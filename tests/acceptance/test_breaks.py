"""What a courier who needs a rest would tell you: what is still to be done, and what is not."""

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.values import DAY
from tests import cases
from tests.cases import Case, city, there

D, E = "o/1", "p/1"
BREAK_S = 300


def resting(case: Case, seconds: float = BREAK_S, courier: str = "kim") -> Case:
    until = case.engine.now + int(seconds * 1_000)
    return case.at(case.now_s, c.TakeBreak(courier, until)).includes(e.BreakPlanned(courier, until))


def waiting(case: Case) -> Case:
    """Order o waits, and a planning round is open."""
    return cases.accepted(case).until_planning()


def test_a_break_is_planned_and_ends_by_itself():
    case = resting(city(9))
    kim, until = case.state.couriers["kim"], case.engine.now + BREAK_S * 1_000
    case.emits(e.BreakPlanned("kim", until))
    assert kim.is_on_break(until - 1)
    assert not kim.is_on_break(until)


def test_who_is_unknown_or_off_shift_has_no_break_and_none_ends_in_the_past():
    case = city(9).at(5, c.TakeBreak("kim", 5_000))
    case.rejects(Reason.MALFORMED, field="until", limit_at=5_000 + DAY)
    case.at(5, c.TakeBreak("kim", 5_001 + DAY))
    case.rejects(Reason.MALFORMED, field="until", limit_at=5_000 + DAY)
    case.at(5, c.TakeBreak("nobody", 9_000)).rejects(Reason.UNKNOWN, what="courier", id="nobody")
    case.at(6, c.EndShift("kim")).at(6, c.TakeBreak("kim", 9_000)).rejects(Reason.OFF_SHIFT)


def test_the_last_word_about_a_break_counts():
    case = resting(resting(city(9)), 10)
    assert case.state.couriers["kim"].break_until == case.engine.now + 10_000


def test_nothing_is_offered_during_a_break():
    case = waiting(resting(city(9)))
    case.plan(case.now_s, {"kim": there()}, (D,))
    case.includes(e.RouteSkipped("kim", Reason.OFF_SHIFT))
    assert case.delivery().courier is None


def test_what_is_for_after_the_break_may_be_planned_without_a_word():
    case = waiting(resting(city(9)))
    case.plan(case.now_s, {"kim": there()}).includes(e.RoutePlanned("kim", there()))
    assert case.delivery().status == "created"


def test_after_the_break_there_are_offers_again():
    case = waiting(resting(city(9), 20))
    while case.state.couriers["kim"].is_on_break(case.engine.now):
        case.at(case.now_s + 1, c.Tick())
    case.until_planning().plan(case.now_s, {"kim": there()}, (D,))
    case.includes(e.DeliveryOffered)


def test_an_offer_that_is_not_answered_goes_to_somebody_else_and_was_not_refused():
    case = resting(cases.offered(city(9, ("kim", "lee"))))
    case.includes(e.DeliveryUnassigned(D, "kim", "on_break"))
    assert case.delivery().refused_by == []


def test_what_was_accepted_is_brought_to_its_end():
    case = resting(cases.assigned())
    assert case.delivery().courier == "kim"
    case.at(case.now_s + 1, c.ReportPickup("kim", D)).includes(e.DeliveryPickedUp)
    case.at(case.now_s + 1, c.ReportDropoff("kim", D)).includes(e.DeliveryCompleted)


def test_a_plan_may_keep_what_was_accepted_before_the_break():
    case = resting(cases.assigned(city(9)))
    case = cases.accepted(case, "p").until_planning()
    stops = [*there(), *there("p")]
    case.plan(case.now_s, {"kim": stops}, (D,)).includes(e.RoutePlanned("kim", stops))
    version = case.state.deliveries.route("kim").version
    case.at(case.now_s, c.ImprovePlan([c.RouteLine("kim", version, stops, [E])]))
    case.emits(e.RouteSkipped("kim", Reason.OFF_SHIFT))


def test_a_break_puts_the_plan_in_question():
    case = cases.planned(city(9))
    resting(case)
    rounds = case.state.planning_rounds
    assert rounds.open is not None or rounds.due_at is not None


def test_nobody_is_handed_work_or_sent_away_during_a_break():
    case = resting(cases.accepted(city(9)))
    case.at(case.now_s, c.AssignDelivery("kim", D, "by hand")).rejects(Reason.OFF_SHIFT)
    case.at(case.now_s, c.RepositionCourier("kim", "store")).rejects(Reason.OFF_SHIFT)


def test_who_goes_home_takes_no_break_along_to_the_next_shift():
    case = resting(city(9))
    case.at(case.now_s, c.EndShift("kim")).at(case.now_s, c.StartShift("kim", DAY))
    case.includes(e.ShiftStarted("kim", DAY))
    assert not case.state.couriers["kim"].is_on_break(case.engine.now)
