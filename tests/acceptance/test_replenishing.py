"""Keeping shelves full: demand is measured, and what will be short is asked for in time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.rules.replenishment import expected, needed, surplus
from engine.state.inventory import StockLevel
from engine.state.reorders import UNSEEN, Reorder
from engine.values import DAY, HOUR, MINUTE, Line
from gateway import messages as m
from geo.points import Point
from tests import cases
from tests.cases import city
from tests.serving import live, serving, small_city

NEAR, FAR = Point(390_050_000, 1_160_000_000), Point(390_300_000, 1_160_000_000)
HOUR_S, DAY_S = 3_600, 86_400


def keep(point: int, target: int, store: str = "store", lead_h: int = 1) -> c.SetReorderPoint:
    return c.SetReorderPoint(store, "ramen", point, target, lead_h, "mill")


def sell(pieces: int, store: str = "store") -> c.RecordSale:
    return c.RecordSale(store, "ramen", pieces)


def branches(stock: int = 10, spare: int = 50):
    """A store, and two others: one near, one far, both with a reorder point and something to spare."""
    case = city(stock)
    for name, place in (("far", FAR), ("near", NEAR)):
        case.at(0, c.RegisterStore(name, name, place, 10 * MINUTE))
        case.at(0, c.ReceiveStock(name, "ramen", spare))
        case.at(0, keep(5, 10, name))
    return case


def reviewed(case, hour: float):
    """What the review at that hour gave."""
    return case.at(hour * HOUR_S, c.Tick())


def drafts(case):
    made = (e.TransferRequested, e.PurchaseDrafted)
    return [x for x in case.events if isinstance(x, made)]


# measuring


def test_demand_is_measured_every_full_hour_whoever_bought():
    case = city(50).at(100, keep(1, 2))
    case.emits(e.ReorderPointSet("store", "ramen", 1, 2, 1, "mill", 0), e.StockReviewPlanned)
    case.at(200, sell(3))
    case = cases.delivered(case, pieces=2)
    reviewed(case, 1).emits(
        e.DemandMeasured("store", HOUR, [Line("ramen", 5)]),
        e.StockReviewPlanned("store", 2 * HOUR),
    )
    reviewed(case, 2).includes(e.DemandMeasured("store", 2 * HOUR, [Line("ramen", 0)]))
    hourly = case.state.reorders.get("store", "ramen").hourly_milli
    assert hourly[:3] == [5_000, 0, UNSEEN]


def test_what_was_given_back_was_no_demand():
    case = city(50).at(1, keep(1, 2))
    case = cases.placed(case, pieces=3)
    case.at(case.now_s + 1, cases.cancel("customer", "changed_mind"))
    reviewed(case, 1).includes(e.DemandMeasured("store", HOUR, [Line("ramen", 0)]))
    case = cases.accepted(case, "other", pieces=3)
    reviewed(case, 2).includes(e.DemandMeasured("store", 2 * HOUR, [Line("ramen", 3)]))
    case.at(2.1 * HOUR_S, cases.cancel("customer", "changed_mind", "other"))
    reviewed(case, 3).includes(e.DemandMeasured("store", 3 * HOUR, [Line("ramen", -3)]))
    assert case.state.reorders.get("store", "ramen").hourly_milli[2] == 0


def test_the_same_hour_of_another_day_teaches_a_quarter():
    case = city(500).at(1, keep(1, 2))
    for day, pieces in enumerate((8, 16, 0)):
        case.at(day * DAY_S + 60, sell(pieces) if pieces else c.Tick())
        reviewed(case, day * 24 + 1)
    # 8, then 8 + (16 - 8) / 4 = 10, then 10 - 10 / 4
    assert case.state.reorders.get("store", "ramen").hourly_milli[0] == 7_500


def test_nobody_measures_where_nothing_is_to_be_kept():
    case = city(50).at(1, keep(1, 2)).at(2, keep(0, 0))
    assert case.state.reorders.of_store("store") == {}
    reviewed(case, 1).emits(e.StockReviewPlanned("store", 0))
    reviewed(case, 30).emits()
    case.at(30 * HOUR_S, keep(1, 2)).emits(e.ReorderPointSet, e.StockReviewPlanned)


# asking for goods


def test_what_will_be_short_is_asked_of_the_nearest_store_that_can_spare_it():
    case = branches(10).at(60, keep(6, 20)).at(120, sell(5))
    reviewed(case, 1)
    # 5 left, 5 will go within the hour: 0 < 6, so 20 are to be there
    assert drafts(case) == [
        e.TransferRequested(
            "store/transfer/1", "near", "store", [Line("ramen", 20)], HOUR, is_draft=True
        )
    ]
    case.at(HOUR_S + 1, c.ApproveTransfer("store/transfer/1", "store")).emits(e.TransferApproved)
    case.at(HOUR_S + 2, c.ShipTransfer("store/transfer/1", "near")).includes(e.StockShipped)
    case.at(HOUR_S + 3, c.ReceiveTransfer("store/transfer/1", "store")).includes(e.StockArrived)
    assert case.available() == 25


def test_nobody_gives_what_he_will_need_himself():
    """The near one sells as fast as it has goods to spare: the far one is asked."""
    case = branches(10, spare=35).at(60, keep(6, 20)).at(120, sell(5)).at(121, sell(6, "near"))
    reviewed(case, 1)
    [draft] = drafts(case)
    assert draft.source == "far"


def test_who_has_not_said_what_he_needs_is_not_asked():
    case = branches(10).at(60, keep(6, 20)).at(120, sell(5))
    for name in ("near", "far"):
        case.at(130, keep(0, 0, name))
    reviewed(case, 1)
    assert drafts(case) == [
        e.PurchaseDrafted("store/purchase/1", "store", "mill", [Line("ramen", 20)], HOUR)
    ]


def test_if_no_store_can_spare_all_of_it_the_supplier_is_asked():
    case = branches(10, spare=29).at(60, keep(6, 20)).at(120, sell(5))
    reviewed(case, 1)
    [draft] = drafts(case)
    assert (type(draft), draft.supplier) == (e.PurchaseDrafted, "mill")


def test_what_is_asked_for_or_on_its_way_is_not_asked_for_again():
    case = city(10).at(60, keep(6, 20)).at(120, sell(5))
    reviewed(case, 1)
    assert len(drafts(case)) == 1
    assert drafts(reviewed(case, 2)) == []  # drafted
    case.at(2.5 * HOUR_S, c.OrderPurchase("store/purchase/1", "store"))
    assert drafts(reviewed(case, 3)) == []  # ordered
    part = c.ReceivePurchase("store/purchase/1", "store", [Line("ramen", 1)])
    case.at(3.5 * HOUR_S, part)
    assert drafts(reviewed(case, 4)) == []  # partly here
    case.at(4.5 * HOUR_S, c.ReceivePurchase("store/purchase/1", "store", [], True))
    assert [type(x) for x in drafts(reviewed(case, 5))] == [
        e.PurchaseDrafted
    ]  # the rest never came


def test_a_draft_thrown_away_is_not_made_again_for_a_day():
    case = city(10).at(60, keep(9, 20)).at(120, sell(5))
    reviewed(case, 1)
    case.at(HOUR_S + 1, c.DiscardPurchase("store/purchase/1", "store"))
    until = case.engine.now + DAY
    case.emits(e.PurchaseDiscarded, e.ReorderPostponed("store", ["ramen"], until))
    for hour in range(2, 26):
        assert drafts(reviewed(case, hour)) == []
    assert len(drafts(reviewed(case, 26))) == 1


def test_several_products_of_one_source_are_one_draft():
    case = branches(10).at(1, c.ListProduct("tea", "Tea", "drinks"))
    case.at(1, c.ReceiveStock("store", "tea", 1)).at(1, c.ReceiveStock("near", "tea", 90))
    case.at(1, c.SetReorderPoint("near", "tea", 1, 1, 1)).at(60, keep(6, 20)).at(120, sell(5))
    case.at(130, c.SetReorderPoint("store", "tea", 5, 8, 1))
    reviewed(case, 1)
    [draft] = drafts(case)
    assert draft.lines == [Line("ramen", 20), Line("tea", 7)]


@pytest.mark.parametrize(
    ("change", "field"),
    [({"point": -1}, "point"), ({"point": 3}, "point"), ({"lead_h": 0}, "lead_h")],
)
def test_reorder_points_that_cannot_be_are_refused(change, field):
    given = {"point": 1, "target": 2, "lead_h": 1, **change}
    case = city(1).at(1, c.SetReorderPoint("store", "ramen", **given))
    assert (case.events[0].reason, case.events[0].detail["field"]) == (Reason.MALFORMED, field)


# the rule


HOURLY = st.lists(st.integers(0, 9_000) | st.just(UNSEEN), min_size=24, max_size=24)


@given(HOURLY, st.integers(0, 10 * DAY), st.integers(1, 100), st.integers(1, 100))
def test_more_hours_take_more_and_whole_days_take_the_same_whenever_they_begin(hourly, at, a, b):
    reorder = Reorder(1, 2, 1, "", 0, hourly)
    assert expected(reorder, at, a) <= expected(reorder, at, a + b)
    assert expected(reorder, at, 24 * a) == expected(reorder, at + HOUR, 24 * a)
    if all(x != UNSEEN for x in hourly):
        first = at // HOUR % 24
        milli = sum(hourly[(first + n) % 24] for n in range(a))
        assert expected(reorder, at, a) == -(-milli // 1_000)


@given(HOURLY, st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 40))
def test_what_is_needed_fills_up_to_the_target_and_what_is_spare_leaves_it(
    hourly, on_hand, incoming, point, more
):
    level = StockLevel(on_hand=on_hand, incoming=incoming)
    reorder = Reorder(point, point + more, 5, "", 0, hourly)
    due = expected(reorder, 0, 5)
    quantity = needed(level, reorder, 0, 0)
    left = on_hand + incoming - due
    assert (quantity > 0) is (left < point)
    if quantity:
        assert left + quantity == point + more
        assert needed(level, reorder, 0, pending=quantity) == 0
    spare = surplus(level, reorder, 0, 0)
    assert spare == 0 or on_hand - spare - due >= point + more
    assert surplus(level, None, 0, 0) == 0


# over the gateway


@live
async def test_a_store_sees_its_reorder_points_and_what_is_expected(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city_:
        await city_.store.request(m.SetReorderPoint("ramen", 5, 20, 12, "mill"))
        [told] = (await city_.store.request(m.ListReorderPoints())).points
        assert (told.point, told.target, told.lead_h, told.supplier) == (5, 20, 12, "mill")
        assert (told.expected, told.hourly_milli) == (0, [-1] * 24)
