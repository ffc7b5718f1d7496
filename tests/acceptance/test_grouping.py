"""Orders that belong together are carried by one courier, or it is said why not; and no promise is
broken for it."""

import pytest

from engine import commands as c
from engine import events as e
from engine import snapshot
from engine.rejections import RejectionReason as Reason
from engine.rules.promising import ride_ms
from engine.settings import Settings
from engine.values import HOUR, MINUTE, SECOND, Actor, Fulfillment, Line, Proof
from geo.points import Point
from tests import cases
from tests.acceptance.test_dispatching import DROP, PICK
from tests.cases import HOME, Case, city, quote

D, E = "o/1", "p/1"
FAR = Point(390_000_000, 1_160_600_000)  # 5 km from the other store
G = "app/lunch"
AWAY = {"retry_after_s": 60}


def two_stores(couriers=("kim", "lee"), second=cases.ROAD, **more) -> Case:
    """The second is on the way."""
    case = city(50, couriers, **more)
    case.at(0, c.RegisterStore("other", "Other", second, 8 * MINUTE))
    case.at(0, c.SetPrice("other", "ramen", 1_000)).at(0, c.ReceiveStock("other", "ramen", 50))
    return case


def placed(
    case: Case, order: str, store: str, group: str = "lunch", pieces: int = 1, **more
) -> Case:
    """Or why it cannot be, by its quote."""
    wanted = Line("ramen", pieces)
    case.at(case.now_s + 1, quote(f"q-{order}", wanted, store=store, group=group, **more))
    if isinstance(case.events[-1], e.CommandRejected):
        return case
    return case.at(case.now_s + 1, c.PlaceOrder(order, "app", f"q-{order}", "bank"))


def paid(case: Case, order: str) -> Case:
    return case.at(case.now_s, cases.paid(order, case.state.orders[order].due_minor))


def accepted(case: Case, order: str, ready_min: int = 10) -> Case:
    store = case.state.orders[order].placed.store
    ready_at = case.engine.now + ready_min * MINUTE
    return case.at(case.now_s, c.AcceptOrder(store, order, ready_at))


def together(case: Case | None = None, **more) -> Case:
    """Two orders of one customer from two stores, both accepted."""
    case = case or two_stores(**more)
    for order, store in (("o", "store"), ("p", "other")):
        placed(case, order, store).includes(e.OrderGrouped(G, order))
        accepted(paid(case, order), order)
    return case


def both() -> list:
    return [PICK(D), PICK(E), DROP(D), DROP(E)]


def offered(case: Case | None = None) -> Case:
    """Both to Kim."""
    case = (case or together()).until_planning()
    return case.plan(case.now_s + 1, {"kim": both()}, (D, E)).includes(
        e.DeliveryOffered(D, "kim", 1, case.engine.now + 40_000),
        e.DeliveryOffered(E, "kim", 1, case.engine.now + 40_000),
    )


def assigned() -> Case:
    case = offered()
    return case.at(case.now_s, c.AcceptOffer("kim", D)).at(case.now_s, c.AcceptOffer("kim", E))


def carriers(case: Case) -> list:
    return [case.delivery("o").courier, case.delivery("p").courier]


# planned together


def test_two_orders_from_two_stores_go_with_one_courier_to_the_door():
    case = assigned()
    for courier_says in (
        c.ReportPickup("kim", D),
        c.ReportPickup("kim", E),
        c.ReportDropoff("kim", D),
        c.ReportDropoff("kim", E),
    ):
        case.at(case.now_s + 1, courier_says)
    case.includes(e.OrderLeftGroup(G, "p", "delivered"))
    assert case.state.groups.groups == {}


def test_a_plan_that_parts_them_is_skipped_and_nothing_else_of_it():
    case = cases.accepted(together(two_stores(("kim", "lee", "max"))), "x").until_planning()
    one, other, x = cases.there("o"), cases.there("p"), cases.there("x")
    case.plan(case.now_s + 1, {"kim": one, "lee": other, "max": x})
    case.includes(
        e.RouteSkipped("kim", Reason.NOT_TOGETHER),
        e.RouteSkipped("lee", Reason.NOT_TOGETHER),
        e.RoutePlanned("max", x),
    )
    assert carriers(case) == [None, None]


def test_they_move_to_another_courier_together_or_not_at_all():
    case = together().until_planning()
    case.plan(case.now_s + 1, {"kim": both()})
    line = c.RouteLine("lee", 0, cases.there("p"), [])
    left = c.RouteLine("kim", 1, cases.there("o"), [])
    case.at(case.now_s, c.ImprovePlan([left, line]))
    case.includes(e.RouteSkipped("lee", Reason.NOT_TOGETHER))
    assert carriers(case) == ["kim", "kim"]
    version = case.state.deliveries.route("kim").version
    all_of_it = [c.RouteLine("kim", version, [], []), c.RouteLine("lee", 0, both(), [])]
    case.at(case.now_s, c.ImprovePlan(all_of_it)).includes(e.RoutePlanned("lee", both()))


def test_nobody_is_told_of_one_before_all_of_them_are_on_his_route():
    case = two_stores()
    accepted(paid(placed(case, "o", "store"), "o"), "o")
    paid(placed(case, "p", "other"), "p")
    case.until_planning().plan(case.now_s + 1, {"kim": cases.there("o")}, (D,))
    assert not any(isinstance(x, e.DeliveryOffered) for x in case.events)
    accepted(case, "p").until_planning()
    case.plan(case.now_s + 1, {"kim": both()}, (D,)).includes(e.DeliveryOffered)
    case.until_planning().plan(case.now_s + 1, {"kim": both()}, (E,)).includes(e.DeliveryOffered)


def test_an_operator_gives_all_of_it_by_hand():
    case = together().until_planning()
    case.plan(case.now_s + 1, {"kim": both()}).at(case.now_s + 5, c.Tick())
    by_hand = [PICK(E), PICK(D), DROP(E), DROP(D)]
    case.at(case.now_s, c.AssignDelivery("lee", E, "knows them")).includes(
        e.RoutePlanned("kim", []),
        e.RoutePlanned("lee", by_hand),
        e.DeliveryOffered(D, "lee", 1, case.engine.now + 40_000, "knows them"),
        e.DeliveryOffered(E, "lee", 1, case.engine.now + 40_000, "knows them"),
    )


def test_an_operator_gives_nothing_by_hand_before_all_of_it_was_accepted_or_to_another_afterwards():
    case = two_stores()
    accepted(paid(placed(case, "o", "store"), "o"), "o")
    placed(case, "p", "other")
    by_hand = c.AssignDelivery("kim", D, "x")
    case.at(case.now_s, by_hand).rejects(Reason.NOT_TOGETHER, because="not_accepted")
    accepted(paid(case, "p"), "p").until_planning()
    case.plan(case.now_s + 1, {"kim": both()}, (D,)).at(case.now_s + 5, c.Tick())
    case.at(case.now_s, c.AssignDelivery("lee", E, "x"))
    case.rejects(Reason.NOT_TOGETHER, because="under_way", order="o")
    case.at(case.now_s, c.AssignDelivery("kim", E, "x")).includes(e.DeliveryOffered)


# given back together


def test_who_declines_one_declines_all_of_them():
    case = offered()
    case.at(case.now_s, c.AcceptOffer("kim", D)).at(case.now_s, c.DeclineOffer("kim", E, "far"))
    case.includes(
        e.DeliveryUnassigned(E, "kim", "declined", "far"),
        e.DeliveryUnassigned(D, "kim", "declined"),
    )
    assert carriers(case) == [None, None]
    assert case.delivery("o").refused_by == ["kim"]


def test_who_has_one_on_board_and_cannot_fetch_the_other_parts_them():
    case = assigned()
    case.at(case.now_s + 1, c.ReportPickup("kim", D))
    case.at(case.now_s + 1, c.DeclineOffer("kim", E, "no room"))
    case.includes(e.GroupDissolved(G, ["o", "p"], "split"))
    case.until_planning().plan(case.now_s + 1, {"lee": cases.there("p")})
    case.includes(e.RoutePlanned("lee", cases.there("p")))


def test_who_goes_home_with_one_on_board_parts_them_although_the_other_was_only_planned():
    case = together().until_planning()
    case.plan(case.now_s + 1, {"kim": both()}, (D,)).at(case.now_s, c.AcceptOffer("kim", D))
    case.at(case.now_s + 1, c.ReportPickup("kim", D)).at(case.now_s + 1, c.EndShift("kim"))
    case.includes(e.GroupDissolved(G, ["o", "p"], "split"))


def test_what_is_stranded_is_rescued_together():
    case = assigned()
    case.at(case.now_s + 1, c.ReportPickup("kim", D)).at(case.now_s + 1, c.ReportBreakdown("kim"))
    assert case.state.groups.groups == {G: ["o", "p"]}
    case.until_planning().plan(case.now_s + 1, {"lee": cases.there("p")})
    assert carriers(case) == [None, "lee"]


# fewer of them


def test_what_is_cancelled_leaves_and_the_others_stay_together():
    case = offered()
    case.at(case.now_s, cases.cancel(Actor.OPERATOR, "customer_request", "o"))
    case.includes(e.OrderLeftGroup(G, "o", "cancelled"))
    assert case.state.groups.groups == {G: ["p"]}
    assert case.delivery("p").courier == "kim"


def test_what_fails_at_the_door_goes_back_by_itself():
    case = assigned()
    for order in (D, E):
        case.at(case.now_s + 1, c.ReportPickup("kim", order))
    case.at(case.now_s + 1, c.ReportFailure("kim", D, "customer_absent"))
    case.includes(e.OrderLeftGroup(G, "o", "failed"))


# no promise is broken for it


def test_who_waits_for_the_others_until_his_promise_is_at_stake_waits_no_longer():
    """The other store is silent: the first is told of in time to be there as promised."""
    patient = Settings(acceptance_timeout_ms=2 * HOUR)
    case = two_stores(settings=patient)
    accepted(paid(placed(case, "o", "store"), "o"), "o")
    paid(placed(case, "p", "other"), "p")
    way_ms = ride_ms(patient, cases.STORE_PLACE, HOME) + 2 * patient.handling_ms
    promised_at = case.state.orders["o"].placed.promised_at
    last_call_at = promised_at - way_ms - patient.promise_buffer_ms
    case.at(last_call_at / SECOND - 1, c.Tick())
    assert case.state.groups.groups == {G: ["o", "p"]}
    case.at(last_call_at / SECOND, c.Tick()).includes(e.GroupDissolved(G, ["o", "p"], "late"))
    case.until_planning().plan(case.now_s, {"kim": cases.there("o")}, (D,))
    case.includes(e.DeliveryOffered)
    assert case.engine.now < promised_at - way_ms


def test_who_was_told_in_time_stays_together_to_the_end():
    case = assigned()
    case.at(HOUR / SECOND, c.Tick())
    assert case.state.groups.groups == {G: ["o", "p"]}


def test_who_is_quoted_with_a_group_is_promised_the_way_by_the_others():
    """And they what they were promised."""
    case = placed(two_stores(), "o", "store")
    case.at(case.now_s, quote("q", store="other"))
    alone_ms = case.events[0].promised_ms
    case.at(case.now_s, quote("r", store="other", group="lunch"))
    told = case.events[0]
    assert (told.group, told.alone_ms) == (G, alone_ms)
    assert told.promised_ms > alone_ms
    case.at(case.now_s, c.PlaceOrder("p", "app", "r", "bank")).includes(e.OrderGrouped(G, "p"))
    promised = case.state.orders["p"].placed.promised_at
    assert promised == case.engine.now + told.promised_ms


def test_what_was_promised_without_the_others_and_cannot_be_kept_with_them_is_refused():
    case = placed(two_stores(), "o", "store")
    case.at(case.now_s, quote("q", store="other"))
    case.at(case.now_s, c.PlaceOrder("p", "app", "q", "bank", group="lunch"))
    case.rejects(Reason.NOT_TOGETHER, because="promise", order="p")
    case.at(case.now_s, c.PlaceOrder("p", "app", "q", "bank")).includes(e.OrderPlaced)
    paid(case, "p")
    case.at(case.now_s, c.GroupOrders("g", ["p"])).includes(e.OrderGrouped)
    case.at(case.now_s, c.DissolveGroup("g"))
    case.at(case.now_s, c.GroupOrders(G, ["p"]))
    case.rejects(Reason.NOT_TOGETHER, because="promise", order="p")


def test_stores_that_are_far_apart_break_a_promise_and_are_refused():
    case = two_stores(second=FAR)
    accepted(paid(placed(case, "o", "store"), "o"), "o", ready_min=20)
    placed(case, "p", "other").rejects(Reason.NOT_TOGETHER, because="promise", order="o")
    placed(case, "r", "other", group="").includes(e.OrderPlaced)


# who can be together


def test_a_group_is_no_larger_than_what_any_courier_carries():
    case = two_stores()
    placed(case, "o", "store", pieces=7).includes(e.OrderGrouped)
    placed(case, "p", "other", pieces=6).rejects(Reason.TOO_LARGE, load=13, limit=12)
    placed(case, "r", "other", pieces=5).includes(e.OrderGrouped)


def test_one_courier_has_to_have_all_that_they_ask_for():
    case = two_stores()
    for name, skill in (("ice", "cold_box"), ("wine", "age_check")):
        case.at(0, c.ListProduct(name, name, "food", skills=[skill]))
        case.at(0, c.SetPrice("store", name, 500)).at(0, c.ReceiveStock("store", name, 9))
        case.at(0, c.RegisterCourier(skill, "car", 12, [skill]))
        case.at(0, c.StartShift(skill, 10 * HOUR))
    for name in ("ice", "wine"):
        case.at(1, quote(f"q-{name}", Line(name, 1)))
    case.at(2, c.PlaceOrder("o", "app", "q-ice", "bank", group="lunch")).includes(e.OrderGrouped)
    case.at(2, c.PlaceOrder("p", "app", "q-wine", "bank", group="lunch"))
    case.rejects(Reason.SKILL_MISSING, skills=["age_check", "cold_box"], **AWAY)


def test_what_is_collected_or_wanted_at_another_time_goes_by_itself():
    case = placed(two_stores(), "o", "store")
    case.at(9, quote("q", fulfillment=Fulfillment.COLLECTION))
    collected = c.PlaceOrder("p", "app", "q", "bank", Proof.PIN, "123456", group="lunch")
    case.at(9, collected).rejects(Reason.NOT_TOGETHER, because="collection", order="p")
    later = {"window_from_at": 3 * HOUR, "window_to_at": 4 * HOUR}
    placed(case, "r", "other", **later).rejects(Reason.NOT_TOGETHER, because="window", order="q-r")


def test_what_somebody_was_told_of_is_not_added_to():
    case = two_stores()
    accepted(paid(placed(case, "o", "store"), "o"), "o").until_planning()
    case.plan(case.now_s + 1, {"kim": cases.there("o")}, (D,)).includes(e.DeliveryOffered)
    placed(case, "p", "other").rejects(Reason.NOT_TOGETHER, because="under_way", order="o")


def test_a_group_is_of_one_service_and_of_ten_orders_at_most():
    case = two_stores(settings=Settings(unpaid_orders_max=0, open_deliveries_per_courier=50))
    for n in range(10):
        placed(case, f"o{n}", "store").includes(e.OrderGrouped)
    placed(case, "p", "store").rejects(Reason.MALFORMED, field="group", limit=10)
    case.at(case.now_s, c.RequestQuote("q", "shop", "ann", "store", [Line("ramen", 1)], HOME))
    case.at(case.now_s, c.PlaceOrder("r", "shop", "q", "bank", group="lunch"))
    case.includes(e.OrderGrouped("shop/lunch", "r"))


def test_an_edit_that_makes_them_too_large_parts_them():
    case = two_stores()
    for order, store in (("o", "store"), ("p", "other")):
        paid(placed(case, order, store, pieces=5), order)
    case.at(case.now_s, c.EditLines("o", "app", [Line("ramen", 8)]))
    amount = case.state.payments["o/2"].amount_minor
    case.at(case.now_s, c.ReportAuthorization("bank", "o/2", True, amount))
    case.includes(e.GroupDissolved(G, ["o", "p"], "too_large"))


# by an operator


def test_an_operator_puts_together_what_was_planned_apart():
    case = two_stores()
    for order, store in (("o", "store"), ("p", "other")):
        accepted(paid(placed(case, order, store, group=""), order), order)
    case.until_planning()
    case.plan(case.now_s + 1, {"kim": cases.there("o"), "lee": cases.there("p")})
    case.at(case.now_s, c.GroupOrders("g", ["o", "p"])).includes(
        e.OrderGrouped("g", "o"), e.OrderGrouped("g", "p"), e.RoutePlanned("lee", [])
    )
    assert carriers(case) == ["kim", None]
    case.at(case.now_s, c.DissolveGroup("g")).includes(e.GroupDissolved("g", ["o", "p"], "by_hand"))


@pytest.mark.parametrize(
    ("orders", "reason", "detail"),
    [
        ([], Reason.MALFORMED, {"field": "orders"}),
        (["o", "o"], Reason.MALFORMED, {"field": "orders"}),
        (["nobodys"], Reason.UNKNOWN, {"what": "order", "id": "nobodys"}),
        (["o"], Reason.ALREADY_EXISTS, {"group": G}),
        (["x"], Reason.NOT_TOGETHER, {"because": "ended", "order": "x"}),
    ],
)
def test_an_operator_hears_why_orders_are_not_put_together(orders, reason, detail):
    case = placed(placed(two_stores(), "o", "store"), "x", "store", group="")
    case.at(case.now_s, cases.cancel(Actor.OPERATOR, "customer_request", "x"))
    case.at(case.now_s, c.GroupOrders("g", orders)).rejects(reason, **detail)
    case.at(case.now_s, c.DissolveGroup("g")).rejects(Reason.UNKNOWN, what="group", id="g")


def test_groups_are_there_again_after_a_restart():
    case = together()
    thawed = snapshot.load(snapshot.dump(case.engine)).state.groups
    assert thawed.groups == {G: ["o", "p"]}
    assert thawed.of_order == {"o": G, "p": G}
