"""Goods that are fetched at a customer's door: the courier, the way back, and what goes wrong."""

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.settings import Settings
from engine.values import MINUTE, ReturnWay
from solvers.crossing.briefing import brief
from tests import cases
from tests.acceptance.test_returning import RETURN_FEE, agreed, back, bought, preview, refund_of
from tests.cases import FEE, GOODS, HOME, STORE_PLACE, Case

COURIER, STORE = ReturnWay.COURIER, ReturnWay.STORE
LEG = "o/return/r/1"


def fetched(case: Case | None = None, **more) -> Case:
    """On board of Kim, on the way back."""
    case = agreed(case, way=COURIER, **more).includes(e.ReturnFetched, e.DeliveryCreated)
    case.until_planning().plan(case.now_s + 1, {"kim": leg()}, (LEG,))
    case.at(case.now_s + 1, c.AcceptOffer("kim", LEG))
    case.at(case.now_s + 60, c.ReportArrival("kim", LEG, "pickup"))
    return case.at(case.now_s + 60, c.ReportPickup("kim", LEG)).includes(e.DeliveryPickedUp)


def leg() -> list:
    return [cases.Stop(cases.StopKind.PICKUP, LEG), cases.Stop(cases.StopKind.RETURN, LEG)]


def test_a_courier_fetches_it_at_the_door_and_is_paid_for_the_ride():
    case = agreed(bought(2), pieces=2, reason="defective", way=COURIER)
    [created] = [x for x in case.events if isinstance(x, e.DeliveryCreated)]
    assert (created.pickup, created.dropoff, created.load) == (HOME, STORE_PLACE, 2)
    assert (created.change, created.due_at) == ("r", case.engine.now + 90 * MINUTE)
    problem = brief(case.state, 1, case.engine.now).problem
    assert problem.due_s.tolist() == [90 * 60 - 120]
    case = fetched(bought(2), pieces=2, reason="defective")
    owed = case.state.ledger.balance("courier:kim")
    case.at(case.now_s + 60, c.ReceiveReturn("store", LEG, True)).includes(
        e.DeliveryReturned(LEG, "o", "kim", True), e.ChangeReceived
    )
    assert refund_of(case) == 2 * GOODS + FEE
    assert case.state.ledger.balance("courier:kim") == owed - 600
    assert case.state.deliveries.of_order["o"] == "o/1"  # the order was delivered by another


def test_the_store_says_piece_by_piece_what_the_courier_brought():
    case = fetched(bought(2), pieces=2)
    case.at(case.now_s + 60, back(1, 1)).includes(
        e.ChangeReceived, e.DeliveryReturned(LEG, "o", "kim", True)
    )
    assert refund_of(case) == 2 * GOODS - RETURN_FEE
    assert case.state.ledger.balance("platform:return_fees") == -RETURN_FEE
    assert case.state.deliveries.route("kim").stops == []


def test_a_courier_who_comes_for_nothing_is_sent_once_more():
    case = agreed(way=COURIER).until_planning()
    case.plan(case.now_s + 1, {"kim": leg()}, (LEG,)).at(case.now_s + 1, c.AcceptOffer("kim", LEG))
    case.at(case.now_s + 1, c.FetchReturn("r", "app")).rejects(Reason.ALREADY_EXISTS)
    case.at(case.now_s + 60, c.ReportFailure("kim", LEG, "customer_absent")).includes(
        e.ReturnMissed("r", "customer_absent"),
        e.DeliveryCancelled(LEG, "kim", missed_at=case.engine.now),
    )
    case.at(case.now_s + 60, c.FetchReturn("r", "app")).includes(
        e.ReturnFetched("r", "o/return/r/2", case.engine.now + 90 * MINUTE), e.DeliveryCreated
    )
    case.at(case.now_s, c.WithdrawChange("r", "app")).includes(
        e.DeliveryCancelled("o/return/r/2"), e.ChangeClosed("r", "withdrawn")
    )


def test_when_he_came_for_nothing_is_known_though_it_was_told_late():
    case = agreed(way=COURIER).until_planning()
    case.plan(case.now_s + 1, {"kim": leg()}, (LEG,)).at(case.now_s + 1, c.AcceptOffer("kim", LEG))
    came_at = case.engine.now + MINUTE
    case.at(case.now_s + 600, c.ReportFailure("kim", LEG, "customer_absent", came_at)).includes(
        e.ReturnMissed("r", "customer_absent"), e.DeliveryCancelled(LEG, "kim", missed_at=came_at)
    )
    assert case.state.deliveries.route("kim").step_at == came_at


def test_nobody_is_sent_for_ever():
    case = agreed(bought(settings=Settings(delivery_attempts_max=1)), way=COURIER).until_planning()
    case.plan(case.now_s + 1, {"kim": leg()}, (LEG,)).at(case.now_s + 1, c.AcceptOffer("kim", LEG))
    case.at(case.now_s + 60, c.ReportFailure("kim", LEG, "customer_absent"))
    case.at(case.now_s + 60, c.FetchReturn("r", "app")).rejects(Reason.ATTEMPTS_EXHAUSTED, limit=1)


def test_a_courier_is_sent_after_all():
    case = agreed(way=STORE)
    case.at(case.now_s, c.FetchReturn("r", "app")).includes(e.ReturnFetched, e.DeliveryCreated)


def test_who_brings_it_himself_needs_no_courier():
    case = agreed(way=COURIER)
    case.at(case.now_s + 60, back(1)).includes(e.ChangeReceived, e.DeliveryCancelled(LEG))


def test_what_a_courier_has_on_board_is_not_withdrawn_and_does_not_lapse():
    case = fetched()
    case.at(case.now_s, c.WithdrawChange("r", "app")).rejects(
        Reason.ILLEGAL_TRANSITION,
        **{"from": "confirmed", "to": "closed"},
        allowed=["received", "closed"],
    )
    case.at(case.now_s + 8 * 86_400, c.Tick())
    assert case.state.order_changes["r"].status == "confirmed"
    case.at(case.now_s, c.ReceiveReturn("store", LEG, True)).includes(e.ChangeReceived)


def test_goods_stranded_on_the_way_back_are_rescued_like_any_other():
    case = fetched()
    case.at(case.now_s + 1, c.ReportBreakdown("kim")).includes(e.DeliveryStranded)
    case.until_planning().plan(case.now_s + 1, {"lee": leg()}, (LEG,))
    case.at(case.now_s + 1, c.AcceptOffer("lee", LEG)).at(case.now_s, c.ReportPickup("lee", LEG))
    case.at(case.now_s + 60, c.ReceiveReturn("store", LEG, False)).includes(e.ChangeReceived)
    assert case.state.inventory.get("store", "ramen").damaged == 1


def test_goods_that_are_lost_or_need_not_come_are_paid_for_by_us():
    case = fetched(reason="defective")
    case.at(case.now_s + 1, c.WaiveReturn("r", "ops")).includes(
        e.DeliveryCancelled(LEG, "kim"), e.ChangeReceived
    )
    assert refund_of(case) == GOODS
    assert case.state.ledger.balance("platform:refunds") == GOODS
    assert case.available() == 0
    case.at(case.now_s + 1, preview("s", 3)).rejects(
        Reason.EXCEEDS_BOUGHT, product="ramen", refundable=2
    )
