"""What happens to goods on board when a courier breaks down, or nobody opens the door."""

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.state.deliveries import DeliveryStatus as S
from engine.values import Actor, Stop, StopKind
from geo.points import Point
from tests import cases
from tests.cases import HOME, ROAD, STORE_PLACE, Case, back, city, positions, there

D = "o/1"


def stranded() -> Case:
    """Kim broke down with the goods; lee is at work."""
    case = cases.on_board(city(1, ("kim", "lee")))
    case.at(case.now_s + 1, positions((0, ROAD, case.now_s)))
    return case.at(case.now_s + 1, c.ReportBreakdown("kim"))


def rescue_planned() -> Case:
    case = stranded().until_planning()
    return case.plan(case.now_s, {"lee": there()}, (D,))


# when couriers break down


def test_a_last_fix_on_another_continent_does_not_carry_the_goods_there():
    lisbon = Point.of_degrees(38.7, -9.1)
    case = cases.on_board(city(1, ("kim", "lee")))
    case.at(case.now_s + 1, positions((0, lisbon, case.now_s)))
    case.at(case.now_s + 1, c.ReportBreakdown("kim"))
    case.includes(e.DeliveryStranded(D, "kim", STORE_PLACE, 2))


def test_goods_of_who_broke_down_wait_where_he_was_seen_for_another_courier():
    case = cases.on_board(city(2, ("kim", "lee")))
    case = cases.assigned(case, "p")
    case.at(case.now_s + 1, positions((0, ROAD, case.now_s)))
    case.at(case.now_s + 1, c.ReportBreakdown("kim")).emits(
        e.ShiftEnded("kim", True),
        e.DeliveryUnassigned("p/1", "kim", "broken_down"),
        e.DeliveryStranded(D, "kim", ROAD, 2),
        e.PlanningRoundOpened,
    )
    issued = case.state.inventory.get("store", "ramen").issued
    case.plan(case.now_s + 1, {"lee": [*there("p"), *there()]}, (D, "p/1"))
    case.at(case.now_s + 1, c.AcceptOffer("lee", D)).at(case.now_s, c.AcceptOffer("lee", "p/1"))
    case.at(case.now_s + 60, c.ReportPickup("lee", D)).emits(e.DeliveryPickedUp(D, "lee", "o"))
    assert case.state.inventory.get("store", "ramen").issued == issued  # the goods left once
    assert (case.delivery().pickup, case.delivery().attempt) == (ROAD, 2)
    case.at(case.now_s, c.ReportDropoff("kim", D)).rejects(Reason.UNKNOWN, what="delivery", id=D)
    case.at(case.now_s + 60, c.ReportDropoff("lee", D)).includes(
        e.OrderFulfilled("o", case.engine.now)
    )


def test_whoever_was_never_seen_is_thought_to_be_at_the_store():
    case = cases.on_board(city(1, ("kim", "lee")))
    case.at(case.now_s + 1, c.ReportBreakdown("kim"))
    case.includes(e.DeliveryStranded(D, "kim", STORE_PLACE, 2))


def test_the_rescuer_breaks_down_too():
    case = rescue_planned()
    case.at(case.now_s + 1, c.AcceptOffer("lee", D)).at(case.now_s + 9, c.ReportPickup("lee", D))
    case.at(case.now_s + 1, positions((1, HOME, case.now_s)))
    case.at(case.now_s + 1, c.ReportBreakdown("lee"))
    case.includes(e.DeliveryStranded(D, "lee", HOME, 3))
    case.at(case.now_s + 9, c.StartShift("kim", cases.SHIFT_END)).until_planning()
    case.plan(case.now_s, {"kim": there()}, (D,)).includes(e.DeliveryOffered)
    case.at(case.now_s, c.AcceptOffer("kim", D)).at(case.now_s + 9, c.ReportPickup("kim", D))
    case.at(case.now_s + 9, c.ReportDropoff("kim", D)).includes(e.OrderFulfilled)


def test_the_rescuer_breaks_down_before_reaching_the_goods():
    case = rescue_planned()
    case.at(case.now_s + 1, c.AcceptOffer("lee", D))
    case.at(case.now_s + 1, c.ReportBreakdown("lee")).includes(
        e.DeliveryUnassigned(D, "lee", "broken_down")
    )
    assert (case.delivery().pickup, case.delivery().attempt) == (ROAD, 2)  # still there


def test_a_return_whose_courier_breaks_down_is_rescued_to_the_store():
    case = cases.returning(city(1, ("kim", "lee")))
    case.at(case.now_s + 1, positions((0, ROAD, case.now_s)))
    case.at(case.now_s + 1, c.ReportBreakdown("kim"))
    case.includes(e.DeliveryStranded(D, "kim", ROAD, 2)).until_planning()
    case.plan(case.now_s, {"lee": there()}, (D,)).includes(e.RouteSkipped("lee", Reason.STALE))
    case.until_planning().plan(case.now_s, {"lee": back()}, (D,)).includes(e.DeliveryOffered)
    case.at(case.now_s, c.AcceptOffer("lee", D)).at(case.now_s + 9, c.ReportPickup("lee", D))
    case.emits(e.DeliveryPickedUp, e.LegStarted)
    assert case.delivery().status is S.RETURNING
    case.at(case.now_s + 1, c.ReportDropoff("lee", D))
    assert case.events[0].detail["from"] == "returning"
    case.at(case.now_s + 9, c.ReportArrival("lee", D, StopKind.RETURN)).emits(e.CourierArrived)
    case.at(case.now_s + 1, c.ReportArrival("lee", D, StopKind.RETURN))
    assert case.events[0].reason is Reason.ILLEGAL_TRANSITION  # said already
    case.at(case.now_s + 1, c.ReceiveReturn("store", D, True)).includes(
        e.OrderReturned("o", Actor.COURIER, "customer_absent", case.engine.now), e.StockReturned
    )


def test_who_is_off_shift_may_still_break_down_with_goods_on_board():
    case = cases.on_board(city(1, ("kim", "lee")))
    (
        case.at(case.now_s + 1, c.EndShift("kim"))
        .emits(e.ShiftEnded("kim"))
        .at(case.now_s + 1, c.ReportBreakdown("kim"))
        .emits(e.DeliveryStranded, e.PlanningRoundOpened)
        .at(case.now_s + 1, c.ReportBreakdown("kim"))
        .rejects(Reason.OFF_SHIFT)
    )


# when goods come back


def test_what_could_not_be_delivered_goes_back_on_the_shelf_if_it_can_be_sold():
    case = cases.returning()
    case.at(case.now_s + 60, c.ReceiveReturn("other", D, True))
    case.rejects(Reason.UNKNOWN, what="delivery", id=D)
    case.at(case.now_s + 60, c.ReceiveReturn("store", D, True)).emits(
        e.DeliveryReturned(D, "o", "kim", True),
        e.OrderReturned("o", Actor.COURIER, "customer_absent", case.engine.now),
        e.StockReturned,
        e.InstructionIssued,
        e.LedgerPosted,
    )
    assert case.available() == 1


def test_what_is_spoiled_on_the_way_does_not():
    case = cases.on_board()
    case.at(case.now_s + 1, c.ReportFailure("kim", D, "goods_damaged"))
    case.emits(e.DeliveryFailed(D, "kim", "goods_damaged", 0), e.LegStarted)
    case.at(case.now_s + 60, c.ReceiveReturn("store", D, False))
    case.emits(e.DeliveryReturned, e.OrderReturned, e.StockReturned, e.InstructionIssued)
    assert case.state.payments["o/1"].status == "voided"  # our fault: the customer pays nothing
    level = case.state.inventory.get("store", "ramen")
    assert (level.on_hand, level.issued, level.returned) == (0, 1, 0)


def test_a_failure_needs_one_of_the_couriers_reasons():
    case = cases.on_board()
    case.at(case.now_s + 1, c.ReportFailure("kim", D, "bored"))
    told = ["customer_absent", "customer_refused", "wrong_address", "goods_damaged"]
    allowed = [*told, "age_not_proven"]
    case.rejects(Reason.REASON_NOT_ALLOWED, actor="courier", allowed=allowed)


# capacity: what is on board is on board, in whatever order it happened


def big_orders(capacity: int) -> Case:
    """Two orders of 8 pieces each for one courier, first one, then the other."""
    case = city(16, ("kim",), capacity)
    for order in ("o", "p"):
        case.at(case.now_s + 1, cases.quote(order, cases.Line("ramen", 8)))
        case.at(case.now_s + 1, cases.place(order, order))
        case.at(case.now_s + 1, cases.paid(order, 8 * cases.GOODS + cases.FEE))
        case.at(case.now_s + 1, c.AcceptOrder("store", order, 0))
    case.until_planning()
    case.plan(case.now_s, {"kim": [*there("o"), *there("p")]}, ("o/1", "p/1"))
    case.at(case.now_s, c.AcceptOffer("kim", "o/1")).at(case.now_s, c.AcceptOffer("kim", "p/1"))
    return case


def test_a_pickup_out_of_order_is_fine_as_long_as_everything_fits():
    case = big_orders(16)
    case.at(case.now_s + 1, c.ReportPickup("kim", "p/1")).includes(e.DeliveryPickedUp)
    case.at(case.now_s + 1, c.ReportPickup("kim", "o/1")).includes(e.DeliveryPickedUp)


def test_a_pickup_out_of_order_that_does_not_fit_names_the_stop_that_comes_first():
    case = big_orders(12)
    case.at(case.now_s + 1, c.ReportPickup("kim", "p/1")).rejects(Reason.WRONG_STOP, next="o/1")


def test_a_return_comes_last_if_it_fits_and_before_the_next_pickup_if_not():
    back_o = Stop(StopKind.RETURN, "o/1")
    for capacity, expected in ((16, [*there("p"), back_o]), (12, [back_o, *there("p")])):
        case = big_orders(capacity)
        case.at(case.now_s + 1, c.ReportPickup("kim", "o/1"))
        case.at(case.now_s + 1, c.ReportFailure("kim", "o/1", "customer_absent"))
        assert case.state.deliveries.route("kim").stops == expected
