"""What a planner and an operator would tell you happened: rounds, plans, pins, overrides."""

import pytest

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.settings import Settings
from engine.values import Stop, StopKind
from tests import cases
from tests.cases import Case, cancel, city, there

D, E = "o/1", "p/1"


def two_waiting(couriers: tuple[str, ...] = ("kim", "lee"), capacity: int = 12) -> Case:
    """Orders o and p wait, and a planning round is open."""
    case = cases.accepted(city(9, couriers, capacity))
    return cases.accepted(case, "p").until_planning()


def line(case: Case, courier: str, stops: list[Stop], *release: str) -> c.RouteLine:
    return c.RouteLine(courier, case.state.deliveries.route(courier).version, stops, list(release))


def answer(case: Case, *lines: c.RouteLine) -> Case:
    return case.at(case.now_s, c.AdoptPlan(case.state.planning_rounds.open, list(lines)))


def replanned(case: Case) -> Case:
    return case.until_planning()


# rounds


def test_a_round_opens_at_once_and_the_next_no_sooner_than_the_interval():
    case = cases.accepted()
    opened_at = case.engine.now
    case.includes(e.PlanningRoundOpened(1, opened_at))
    case.plan(case.now_s + 0.1, {}).emits(e.PlanningRoundClosed(1), e.PlanningRequested)
    case.at(case.now_s, c.UpdateReadyTime("store", "o", 10**6))
    case.emits(e.ReadyTimeChanged, e.PlanningRequested(opened_at + 2_000))
    case.at(opened_at / 1_000 + 1.999, c.Tick()).emits()
    case.at(opened_at / 1_000 + 2, c.Tick()).emits(e.PlanningRoundOpened(2, opened_at + 2_000))


def test_a_silent_solver_costs_one_round():
    case = cases.accepted()
    opened_at = case.now_s
    case.at(opened_at + 4.999, c.Tick()).emits()
    case.at(opened_at + 5, c.Tick()).emits(e.PlanningRoundClosed(1), e.PlanningRequested)
    case.at(opened_at + 6, c.AdoptPlan(1, [])).rejects(Reason.STALE)  # it woke up too late
    case.at(opened_at + 20, c.Tick()).emits(e.PlanningRoundOpened(2, case.engine.now))
    case.at(opened_at + 21, c.AdoptPlan(1, [])).rejects(Reason.STALE)  # even now


def test_what_happens_while_a_solver_thinks_is_planned_right_after():
    case = cases.accepted(city(9))
    case = cases.accepted(case, "p")
    assert case.state.planning_rounds.open == 1
    case.includes(e.PlanningRequested)
    case.plan(case.now_s, {"kim": there()}).emits(e.RoutePlanned, e.PlanningRoundClosed(1))
    case.at(case.now_s, c.Tick()).emits(e.PlanningRoundOpened(2, case.engine.now))


def test_nobody_plans_when_everyone_has_been_told():
    case = cases.assigned()
    case.at(case.now_s + 300, c.Tick()).emits()
    assert case.state.planning_rounds.due_at is None


def test_while_something_waits_somebody_keeps_looking():
    case = cases.accepted(city(1, ("kim",)))
    for k in range(2, 6):
        case.plan(case.now_s, {}).at(case.now_s + 15, c.Tick())
        case.emits(e.PlanningRoundOpened(k, case.engine.now))


def test_a_change_that_opened_a_round_does_not_ask_for_another():
    case = cases.offered(cases.offered(city(2)), "p")
    case.at(case.now_s + 3, c.EndShift("kim"))
    case.emits(e.ShiftEnded, e.DeliveryUnassigned, e.DeliveryUnassigned, e.PlanningRoundOpened)


# plans


def test_a_plan_for_what_was_cancelled_meanwhile_is_skipped():
    case = two_waiting()
    lines = [line(case, "kim", there("o")), line(case, "lee", there("p"))]
    case.at(case.now_s, cancel("customer", "changed_mind"))
    answer(case, *lines).includes(
        e.RouteSkipped("kim", Reason.STALE), e.RoutePlanned("lee", there("p"))
    )


def test_a_route_that_changed_meanwhile_is_not_planned_over():
    case = two_waiting()
    stale = line(case, "kim", there("o"), D)
    case.at(case.now_s, c.AssignDelivery("kim", E, "asked for"))
    answer(case, stale).includes(e.RouteSkipped("kim", Reason.STALE))
    assert case.state.deliveries.route("kim").stops == there("p")


def test_a_delivery_nobody_was_told_of_moves_between_routes_within_one_plan():
    for order in (["kim", "lee"], ["lee", "kim"]):
        case = two_waiting().plan(8.5, {"kim": [*there("o"), *there("p")], "lee": []})
        case = replanned(case)
        routes = {"kim": there("o"), "lee": there("p")}
        case.plan(case.now_s, {x: routes[x] for x in order}, (E,))
        case.includes(e.RoutePlanned("lee", there("p")), e.DeliveryOffered)
        assert case.delivery("p").courier == "lee"
        assert case.state.deliveries.route("kim").stops == there("o")


def test_it_does_not_move_unless_the_other_route_lets_go():
    case = two_waiting().plan(8.5, {"kim": [*there("o"), *there("p")]})
    case = replanned(case)
    case.plan(case.now_s, {"lee": there("p")}).includes(e.RouteSkipped("lee", Reason.STALE))
    case = replanned(case)
    wrong = c.RouteLine("kim", 99, there("o"), [])
    answer(case, wrong, line(case, "lee", there("p"))).includes(
        e.RouteSkipped("kim", Reason.STALE), e.RouteSkipped("lee", Reason.STALE)
    )
    assert case.delivery("p").courier == "kim"


def test_two_routes_that_want_the_same_delivery_do_not_both_get_it():
    case = two_waiting()
    case.plan(case.now_s, {"kim": there("o"), "lee": [*there("p"), *there("o")]})
    case.includes(e.RoutePlanned("kim", there("o")), e.RouteSkipped("lee", Reason.STALE))


def test_a_courier_named_twice_keeps_the_old_route():
    case = two_waiting()
    answer(case, line(case, "kim", there("o")), line(case, "kim", there("p")))
    case.includes(e.RouteSkipped("kim", Reason.MALFORMED))
    assert case.state.deliveries.route("kim").stops == []


def test_what_is_released_without_being_on_the_route_is_not_offered():
    case = two_waiting()
    answer(case, line(case, "kim", there("o"), D, D, E, "nothing/1"))
    assert [x for x in case.events if isinstance(x, e.DeliveryOffered)] == [
        e.DeliveryOffered(D, "kim", 1, case.engine.now + 40_000)
    ]


PICK, DROP, BACK = (
    (lambda d, kind=kind: Stop(kind, d))
    for kind in (StopKind.PICKUP, StopKind.DROPOFF, StopKind.RETURN)
)


@pytest.mark.parametrize(
    ("stops", "reason"),
    [
        ([PICK(D)], Reason.WRONG_STOP),  # ends with the goods on board
        ([DROP(D)], Reason.STALE),  # hands over what is not there
        ([DROP(D), PICK(D)], Reason.STALE),
        ([PICK(D), DROP(D), DROP(D)], Reason.WRONG_STOP),
        ([PICK(D), PICK(D), DROP(D)], Reason.WRONG_STOP),
        ([PICK(D), DROP(D), PICK(D), DROP(D)], Reason.WRONG_STOP),
        ([PICK(D), BACK(D)], Reason.STALE),  # it did not fail
        ([PICK("x/1"), DROP("x/1")], Reason.UNKNOWN),
    ],
)
def test_a_route_nobody_could_ride_is_skipped(stops, reason):
    case = two_waiting()
    case.plan(case.now_s, {"kim": stops}).includes(e.RouteSkipped("kim", reason))


def test_a_courier_nobody_knows_is_skipped():
    case = two_waiting()
    answer(case, c.RouteLine("nobody", 0, there(), [])).includes(
        e.RouteSkipped("nobody", Reason.UNKNOWN)
    )


def test_no_route_carries_more_than_fits_at_any_stop():
    case = city(16)
    for order in "op":
        cases.accepted(case, order, pieces=8)
    case = case.until_planning()
    together = [PICK(D), PICK(E), DROP(D), DROP(E)]
    case.plan(case.now_s, {"kim": together}).includes(e.RouteSkipped("kim", Reason.OVER_CAPACITY))
    case = replanned(case)
    case.plan(case.now_s, {"kim": [*there("o"), *there("p")]}).includes(e.RoutePlanned)


# unasked


def test_a_better_plan_is_taken_at_any_time_and_a_stale_one_is_dropped():
    case = two_waiting().plan(8.5, {"kim": [*there("o"), *there("p")]})
    better = c.ImprovePlan([line(case, "kim", there("o")), line(case, "lee", there("p"), E)])
    case.at(case.now_s, better).includes(
        e.RoutePlanned("kim", there("o")),
        e.RoutePlanned("lee", there("p")),
        e.DeliveryOffered(E, "lee", 1, case.engine.now + 40_000),
    )
    case.at(case.now_s, better).includes(  # for the routes of before
        e.RouteSkipped("kim", Reason.STALE), e.RouteSkipped("lee", Reason.STALE)
    )
    assert case.delivery("p").courier == "lee"


# pins


@pytest.mark.parametrize("stage", [cases.offered, cases.assigned, cases.on_board])
def test_what_a_courier_was_told_stays_on_the_route(stage):
    case = cases.accepted(stage(city(9, ("kim", "lee"))), "p").until_planning()
    kept = case.state.deliveries.route("kim").stops
    case.plan(case.now_s, {"kim": there("p")}).includes(e.RouteSkipped("kim", Reason.PINNED))
    case = replanned(case)
    case.plan(case.now_s, {"kim": [], "lee": there("o")})
    case.includes(e.RouteSkipped("lee", Reason.STALE))
    assert case.state.deliveries.route("kim").stops == kept


def test_the_started_leg_is_pinned_and_the_rest_may_be_shuffled():
    case = cases.accepted(cases.assigned(city(9)), "p").until_planning()
    assert case.state.deliveries.route("kim").under_way
    case.plan(case.now_s, {"kim": [*there("p"), *there("o")]})
    case.includes(e.RouteSkipped("kim", Reason.PINNED))
    case = replanned(case)
    shuffled = [PICK(D), PICK(E), DROP(E), DROP(D)]
    case.plan(case.now_s, {"kim": shuffled}).includes(e.RoutePlanned("kim", shuffled))


def test_an_offer_not_yet_answered_is_no_started_leg():
    case = cases.accepted(cases.offered(city(9)), "p").until_planning()
    case.plan(case.now_s, {"kim": [*there("p"), *there("o")]}).includes(e.RoutePlanned)


# operators


def test_an_operator_overrules_the_planner_and_says_why():
    case = two_waiting().plan(8.5, {"kim": [*there("o"), *there("p")]})
    case.at(8.6, c.Tick()).at(9, c.AssignDelivery("lee", D, "knows the way")).emits(
        e.RoutePlanned("kim", there("p")),
        e.RoutePlanned("lee", there("o")),
        e.DeliveryOffered(D, "lee", 1, 49_000, "knows the way"),
    )
    case.at(9, c.AcceptOffer("lee", D)).includes(e.LegStarted("lee"))


def test_an_operator_cannot_take_what_somebody_was_told():
    case = cases.assigned(city(1, ("kim", "lee")))
    allowed = ["arrived_at_pickup", "picked_up", "created", "cancelled"]
    case.at(case.now_s, c.AssignDelivery("lee", D, "faster")).rejects(
        Reason.ILLEGAL_TRANSITION, **{"from": "assigned", "to": "offered", "allowed": allowed}
    )
    case.at(case.now_s, c.AssignDelivery("lee", "x/1", "")).rejects(
        Reason.UNKNOWN, what="delivery", id="x/1"
    )


def test_an_operator_cannot_overload_a_courier_or_call_a_stranger():
    case = city(9, ("kim",), 8)
    for order in "op":
        cases.accepted(case, order, pieces=4)
    case.at(case.now_s, c.AssignDelivery("nobody", D, "")).rejects(
        Reason.UNKNOWN, what="courier", id="nobody"
    )
    case.at(case.now_s, c.RegisterCourier("max", "walk", 3)).at(
        case.now_s, c.StartShift("max", 10**6)
    )
    case.at(case.now_s, c.AssignDelivery("max", D, "")).rejects(Reason.OVER_CAPACITY)


def test_an_operator_may_ask_who_refused():
    case = cases.offered()
    case.at(case.now_s, c.DeclineOffer("kim", D, "no"))
    case.at(case.now_s, c.AssignDelivery("kim", D, "please")).includes(e.DeliveryOffered)
    assert case.delivery().offers == 2


def test_settings_turned_while_the_engine_runs_hold_from_there():
    case = cases.offered()
    case.at(case.now_s, c.ChangeSettings(Settings(offer_timeout_ms=5_000))).emits(e.SettingsChanged)
    case.at(case.now_s + 39, c.Tick()).emits()  # the offer was made under the old ones
    case.at(case.now_s + 1, c.Tick()).includes(e.DeliveryUnassigned).until_planning()
    case.plan(case.now_s, {"kim": there()}, (D,))
    case.includes(e.DeliveryOffered(D, "kim", 2, case.engine.now + 5_000))
