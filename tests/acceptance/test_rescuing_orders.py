"""Something is missing at picking, and whoever ordered it said beforehand what to do then."""

import pytest

from engine import commands as c
from engine import events as e
from engine.queries.for_customers import track
from engine.rejections import RejectionReason as Reason
from engine.settings import Settings
from engine.values import (
    MINUTE,
    Actor,
    Fulfillment,
    Instead,
    Line,
    Millis,
    PricedLine,
    Proof,
    Rescue,
    Tender,
    TillReceipt,
)
from gateway.views import tracking_told
from geo.points import Point
from tests import cases
from tests.cases import FEE, GOODS, HOME, TOTAL, Case, city, settled

OTHER_PLACE = Point(390_150_000, 1_160_150_000)  # beyond the customer, about as far as the store
FAR = Point(391_200_000, 1_161_200_000)
ELSEWHERE, UDON = [Rescue.OTHER_STORE], 1_000
MISSING = c.ReportMissing("store", "o", "ramen", 1)


def two_stores(
    stock: int = 2,
    there: int = 5,
    price: int = GOODS,
    settings: Settings | None = None,
    place: Point = OTHER_PLACE,
    preparation_min: int = 10,
) -> Case:
    case = city(stock, settings=settings)
    case.at(0, c.RegisterStore("other", "More noodles", place, preparation_min * MINUTE))
    case.at(0, c.SetPrice("other", "ramen", price))
    return case.at(0, c.ReceiveStock("other", "ramen", there)) if there else case


def ordered(case: Case, pieces: int = 2, wishes: list[Rescue] = ELSEWHERE, instead=(), **how):
    case.at(case.now_s + 1, cases.quote("q", Line("ramen", pieces), **how))
    wish = c.PlaceOrder("o", "app", "q", "bank", if_missing=wishes, instead=list(instead))
    case.at(case.now_s + 1, wish).includes(e.OrderPlaced)
    return case.at(case.now_s + 1, cases.paid("o", case.state.orders["o"].due_minor))


def accepted(case: Case | None = None, **how) -> Case:
    case = ordered(case or two_stores(), **how)
    return case.at(case.now_s + 1, c.AcceptOrder("store", "o", case.engine.now + 5 * MINUTE))


def without(case: Case) -> Case:
    """It was picked as far as there was something."""
    return case.includes(
        e.OrderReduced("o", [PricedLine("ramen", 1, GOODS)], GOODS),
        e.ShortageRemedied("o", "ramen", 1, Rescue.GO_WITHOUT),
    )


def test_all_of_it_comes_from_another_store_in_the_turn_that_finds_it_missing():
    case = accepted()
    promised_at = case.state.orders["o"].placed.promised_at
    case.at(29, c.Tick()).at(30, MISSING).emits(
        e.StockReleased("store", "o", [Line("ramen", 1)]),
        e.StockCounted("store", "ramen", -1, "o"),
        e.ItemsMissing("o", "store", "ramen", 1),
        e.StockReleased("store", "o", [Line("ramen", 1)]),
        e.StockReserved("other", "o", [Line("ramen", 2)]),
        e.OrderMoved,
        e.DeliveryCancelled("o/1", None, True),
        e.ShortageRemedied("o", "ramen", 1, "other_store"),
    )
    order = case.state.orders["o"]
    assert (order.placed.store, order.status, order.due_minor) == (
        "other",
        "confirmed",
        2 * GOODS + FEE,
    )
    assert order.placed.promised_at >= promised_at
    assert case.available() == 1  # what was kept there is for sale again
    assert case.state.inventory.available("other", "ramen") == 3


def test_the_other_store_prepares_it_a_courier_fetches_it_there_and_it_earns_the_money():
    case = accepted().at(30, MISSING)
    case.at(40, c.ReportReady("store", "o")).rejects(Reason.UNKNOWN, what="order", id="o")
    case.at(41, c.AcceptOrder("other", "o", 0)).includes(e.OrderAccepted)
    assert case.state.deliveries["o/2"].pickup == OTHER_PLACE
    assert case.state.deliveries["o/2"].attempt == 1
    case.until_planning()
    stops = [cases.Stop(kind, "o/2") for kind in (cases.StopKind.PICKUP, cases.StopKind.DROPOFF)]
    case.plan(case.now_s + 1, {"kim": stops}, ("o/2",))
    case.at(case.now_s + 1, c.AcceptOffer("kim", "o/2"))
    case.at(case.now_s + 60, c.ReportPickup("kim", "o/2"))
    case.includes(e.StockIssued("other", "o", [Line("ramen", 2)]))
    case.at(case.now_s + 60, c.ReportDropoff("kim", "o/2")).includes(e.OrderFulfilled)
    case.at(case.now_s, settled("o/1/capture"))
    balances = case.state.ledger.balances
    assert -balances["store:other"] == 2 * GOODS
    assert "store:store" not in balances


def test_the_courier_who_stood_in_the_first_store_is_free_at_once():
    case = accepted().until_planning()
    case.plan(case.now_s + 1, {"kim": cases.there()}, ("o/1",))
    case.at(case.now_s + 1, c.AcceptOffer("kim", "o/1"))
    case.at(case.now_s + 1, c.ReportArrival("kim", "o/1", cases.StopKind.PICKUP))
    case.at(case.now_s + 1, MISSING).includes(e.DeliveryCancelled("o/1", "kim", True))
    assert case.state.deliveries.route("kim").stops == []


@pytest.mark.parametrize(
    "case",
    [
        lambda: two_stores(there=1),
        lambda: two_stores(there=0),
        lambda: two_stores(price=GOODS + 1),
        lambda: two_stores().at(0, c.CloseStore("other")),
        lambda: two_stores().at(0, c.DelistInStore("other", "ramen")),
        lambda: two_stores(place=FAR),
        lambda: two_stores(settings=Settings(rescue_later_max_ms=0), preparation_min=40),
    ],
    ids=["too few", "none", "dearer", "closed", "not listed", "too far", "too late"],
)
def test_what_no_other_store_can_do_as_well_is_gone_without(case):
    case = case()
    without(accepted(case).at(30, MISSING))
    assert case.state.orders["o"].placed.store == "store"


def test_a_store_that_sells_all_of_it_for_less_does_it_at_the_price_agreed_on():
    case = accepted(two_stores(price=GOODS - 200)).at(30, MISSING).includes(e.OrderMoved)
    assert case.state.orders["o"].lines == [PricedLine("ramen", 2, GOODS)]


def test_when_it_is_expected_is_not_told_once_another_store_began_anew():
    """What half of such take was learned of the promise that was given first."""
    case = accepted(two_stores())
    told = tracking_told(track(case.state, "o", case.engine.now))
    assert told.expected_at < told.promised_at
    case.at(30, MISSING).includes(e.OrderMoved)
    assert tracking_told(track(case.state, "o", case.engine.now)).expected_at is None


def test_of_several_stores_the_soonest_gets_it_and_of_equals_the_first_by_name():
    case = two_stores()
    for name, place in (("near", HOME), ("nearer", HOME)):
        case.at(0, c.RegisterStore(name, name, place, MINUTE)).at(0, c.SetPrice(name, "ramen", 1))
        case.at(0, c.ReceiveStock(name, "ramen", 9))
    accepted(case).at(30, MISSING)
    assert case.state.orders["o"].placed.store == "near"


def test_it_moves_once_and_the_next_time_it_goes_without():
    case = accepted(two_stores()).at(30, MISSING)
    case.at(31, c.ReceiveStock("store", "ramen", 9)).at(32, c.AcceptOrder("other", "o", 0))
    without(case.at(33, c.ReportMissing("other", "o", "ramen", 1)))
    assert case.state.orders["o"].placed.store == "other"


def test_the_first_store_that_was_silent_does_not_end_what_another_was_asked_for():
    """A timer is never cancelled: the one of the store before must not count for the next."""
    case = accepted(two_stores(settings=Settings(acceptance_timeout_ms=60_000)))
    case.at(40, MISSING).includes(e.OrderMoved)
    case.at(70, c.Tick())
    assert case.state.orders["o"].status == "confirmed"
    case.at(101, c.Tick()).includes(e.OrderCancelled("o", Actor.SYSTEM, "store_silent", 100_000))


@pytest.mark.parametrize("reason", ["out_of_stock", "too_busy"])
def test_what_a_store_rejects_another_is_asked_for(reason):
    case = ordered(two_stores()).at(10, c.RejectOrder("store", "o", reason))
    case.includes(
        e.OrderGivenUp("o", "store", Actor.STORE, reason),
        e.ShortageRemedied("o", "", 0, "other_store"),
    )
    assert case.state.orders["o"].placed.store == "other"
    case.at(11, c.RejectOrder("other", "o", reason))
    case.includes(e.OrderCancelled("o", Actor.STORE, reason, 11_000))


def test_what_a_store_does_not_answer_another_is_asked_for():
    case = ordered(two_stores(settings=Settings(acceptance_timeout_ms=60_000)))
    case.at(70, c.Tick()).includes(e.OrderMoved)
    assert case.state.orders["o"].placed.store == "other"


def test_what_nobody_else_has_ends_as_the_store_said():
    case = ordered(two_stores(there=0)).at(10, c.RejectOrder("store", "o", "closing"))
    case.includes(e.OrderCancelled("o", Actor.STORE, "closing", 10_000))


def test_a_count_that_shows_too_little_moves_what_was_promised_from_it():
    """And an order that says nothing goes without, as before."""
    case = ordered(cases.confirmed(two_stores(stock=4), "o2", pieces=2))
    case.at(20, c.CountStock("store", "ramen", 1))
    case.includes(e.StockShortfall, e.OrderMoved)
    assert case.state.orders["o"].placed.store == "other"
    assert case.state.orders["o2"].lines == [PricedLine("ramen", 1, GOODS)]


def test_two_things_missing_in_the_same_moment_move_it_once():
    case = two_stores()
    for store in ("store", "other"):
        case.at(0, c.SetPrice(store, "tea", 100))
    case.at(0, c.ListProduct("tea", "Tea", "food")).at(0, c.SetPrice("store", "tea", 100))
    case.at(0, c.SetPrice("other", "tea", 100)).at(0, c.ReceiveStock("other", "tea", 5))
    case.at(0, c.ReceiveStock("store", "tea", 1))
    case.at(1, cases.quote("q", Line("ramen", 2), Line("tea", 1)))
    case.at(2, c.PlaceOrder("o", "app", "q", "bank", if_missing=ELSEWHERE))
    case.at(3, cases.paid("o", case.state.orders["o"].due_minor))
    lines = [PricedLine("ramen", 2, GOODS), PricedLine("tea", 1, 100)]
    sold = [TillReceipt("t", Millis(3_000), [*lines], Tender.CASH)]
    case.at(4, c.ReconcileTill("store", "till", sold))
    assert [type(x) for x in case.events].count(e.OrderMoved) == 1
    assert case.state.orders["o"].lines == lines
    assert case.state.orders["o"].placed.store == "other"


def with_udon(shelf: int = 5, price: int = UDON) -> Case:
    case = two_stores()
    case.at(0, c.ListProduct("udon", "Udon", "food")).at(0, c.SetPrice("store", "udon", price))
    return case.at(0, c.ReceiveStock("store", "udon", shelf)) if shelf else case


NAMED = {"wishes": [Rescue.SUBSTITUTE], "instead": [Instead("ramen", "udon")]}


def test_what_was_named_for_it_takes_its_place_without_asking_again():
    case = accepted(with_udon(), **NAMED).at(30, MISSING)
    case.includes(
        e.StockReserved("store", "o", [Line("udon", 1)]),
        e.SubstituteAccepted("o", "ramen"),
        e.ShortageRemedied("o", "ramen", 1, "substitute", "udon"),
    )
    order = case.state.orders["o"]
    assert order.lines == [PricedLine("ramen", 1, GOODS), PricedLine("udon", 1, UDON)]
    assert order.due_minor == GOODS + UDON + FEE


def test_what_was_named_never_costs_more_than_what_is_missing():
    case = accepted(with_udon(price=9_000), **NAMED).at(30, MISSING)
    assert case.state.orders["o"].due_minor == 2 * GOODS + FEE


def test_wishes_are_tried_in_their_order():
    both = {"wishes": [Rescue.SUBSTITUTE, Rescue.OTHER_STORE], "instead": NAMED["instead"]}
    case = accepted(with_udon(shelf=0), **both).at(30, MISSING)
    case.includes(e.ShortageRemedied("o", "ramen", 1, "other_store"))
    first = accepted(with_udon(), **both).at(30, MISSING)
    first.includes(e.ShortageRemedied("o", "ramen", 1, "substitute", "udon"))


def test_who_wants_all_or_nothing_gets_nothing_and_pays_nothing():
    case = accepted(wishes=[Rescue.CANCEL]).at(30, MISSING)
    case.includes(
        e.OrderCancelled("o", Actor.STORE, "item_missing", 30_000),
        e.ShortageRemedied("o", "ramen", 1, "cancel"),
    )
    assert case.available() == 1
    assert case.state.payments.instruction("o/1/void").amount_minor == TOTAL + GOODS


def test_who_says_nothing_goes_without_as_ever():
    case = accepted(wishes=[]).at(29, c.Tick()).at(30, MISSING)
    case.emits(e.StockReleased, e.StockCounted, e.OrderReduced)


def test_what_stands_packed_on_the_counter_is_not_packed_again_elsewhere():
    case = accepted().at(20, c.ReportReady("store", "o"))
    without(case.at(30, MISSING))


@pytest.mark.parametrize(
    ("field", "wishes", "instead"),
    [
        ("if_missing", [Rescue.CANCEL, Rescue.CANCEL], []),
        ("instead", [Rescue.SUBSTITUTE], []),
        ("instead", [], [Instead("ramen", "udon")]),
        ("instead", [Rescue.SUBSTITUTE], [Instead("ramen", "udon"), Instead("ramen", "ramen")]),
    ],
)
def test_wishes_that_contradict_themselves_are_refused(field, wishes, instead):
    case = with_udon().at(1, cases.quote())
    order = c.PlaceOrder("o", "app", "q", "bank", if_missing=wishes, instead=instead)
    case.at(2, order).rejects(Reason.MALFORMED, field=field)


def test_nobody_can_be_brought_what_nobody_sells():
    case = two_stores().at(1, cases.quote())
    wish = [Instead("ramen", "nothing")]
    order = c.PlaceOrder("o", "app", "q", "bank", if_missing=[Rescue.SUBSTITUTE], instead=wish)
    case.at(2, order).rejects(Reason.UNKNOWN, what="product", id="nothing")


def test_who_comes_to_the_counter_is_not_sent_to_another():
    case = two_stores().at(1, cases.quote(fulfillment=Fulfillment.COLLECTION))
    order = c.PlaceOrder("o", "app", "q", "bank", Proof.PIN, "314159", if_missing=ELSEWHERE)
    case.at(2, order).rejects(Reason.MALFORMED, field="if_missing")


def wanted_later() -> Case:
    """In the kitchen, for a window."""
    case = ordered(two_stores(), window_from_at=60 * MINUTE, window_to_at=100 * MINUTE)
    while case.state.orders["o"].status == "scheduled":
        case.at(case.now_s + 60, c.Tick())
    return case.at(case.now_s + 1, c.AcceptOrder("store", "o", 60 * MINUTE))


def test_what_is_wanted_later_moves_within_its_window():
    case = wanted_later().at(60 * 60, MISSING)
    case.includes(e.OrderMoved("o", "store", "other", 100 * MINUTE))
    assert case.state.orders.in_slot("other", 60 * MINUTE, 60 * MINUTE + 1) == 1
    assert case.state.orders.in_slot("store", 60 * MINUTE, 60 * MINUTE + 1) == 0
    without(wanted_later().at(95 * 60, MISSING))
