"""What a store sells, when, and at which price: listings, weekly hours, and prices to come."""

import pytest

from engine import commands as c
from engine import events as e
from engine.queries.assortment import on_sale
from engine.rejections import RejectionReason as Reason
from engine.settings import Settings
from engine.terms import Hours
from engine.values import DAY, HOUR, MINUTE, Line
from tests.cases import FEE, GOODS, HOME, TOTAL, Case, city, place, quote

DAY_MIN = 24 * 60
WEEK_MIN = 7 * DAY_MIN
THURSDAY_MIN = 3 * DAY_MIN  # when the epoch began
HOUR_S = 3_600


def other_store(stock: int = 5) -> Case:
    case = city(stock).at(0, c.RegisterStore("other", "Other", HOME, 0))
    case.at(0, c.SetPrice("other", "ramen", GOODS))
    return case.at(0, c.ReceiveStock("other", "ramen", stock))


# listings


def test_a_store_delists_for_itself_and_who_holds_a_quote_is_told():
    case = other_store().at(1, quote()).at(2, c.DelistInStore("store", "ramen"))
    case.emits(e.ProductDelistedInStore("store", "ramen"))
    case.at(3, quote("r")).rejects(Reason.NOT_LISTED, product="ramen")
    case.at(3, place()).rejects(Reason.NOT_LISTED, product="ramen")
    case.at(4, quote("s", store="other")).emits(e.QuoteOffered)
    case.at(5, c.ListInStore("store", "ramen")).emits(e.ProductListedInStore("store", "ramen", []))
    case.at(6, place()).includes(e.OrderPlaced)


def test_what_is_not_listed_at_all_no_store_lists():
    case = city().at(1, c.DelistProduct("ramen")).at(2, c.ListInStore("store", "ramen"))
    case.at(3, quote()).rejects(Reason.NOT_LISTED, product="ramen")


def test_outside_its_hours_a_product_is_neither_quoted_nor_placed_and_says_when_again():
    """Local time is an hour ahead: noon to two is 11:00 to 13:00 by the engine."""
    case = city(settings=Settings(utc_offset_min=60, quote_life_ms=HOUR))
    noon = THURSDAY_MIN + 12 * 60
    case.at(0, c.EndShift("kim")).at(0, c.StartShift("kim", 20 * HOUR))
    case.at(0, c.ListInStore("store", "ramen", [Hours(noon, noon + 120)]))
    no = {"product": "ramen", "available_at": 11 * HOUR}
    case.at(11 * HOUR_S - 0.001, quote()).rejects(Reason.OUT_OF_HOURS, **no)
    case.at(11 * HOUR_S, quote()).emits(e.QuoteOffered)
    case.at(13 * HOUR_S - 60, quote("r")).emits(e.QuoteOffered)
    next_week = {"product": "ramen", "available_at": 11 * HOUR + 7 * 24 * HOUR}
    case.at(13 * HOUR_S, place("p", "r")).rejects(Reason.OUT_OF_HOURS, **next_week)


def test_what_is_wanted_later_is_for_sale_when_it_is_wanted():
    evening = Hours(THURSDAY_MIN + 18 * 60, THURSDAY_MIN + 20 * 60)
    case = city().at(0, c.ListInStore("store", "ramen", [evening]))
    ask = c.RequestQuote("q", "app", "ann", "store", [Line("ramen", 1)], HOME)
    case.at(1, ask).rejects(Reason.OUT_OF_HOURS, product="ramen", available_at=18 * HOUR)
    window = c.RequestQuote(
        *("r", "app", "ann", "store", [Line("ramen", 1)], HOME),
        window_from_at=18 * HOUR,
        window_to_at=19 * HOUR,
    )
    case.at(2, window).emits(e.QuoteOffered).at(3, place("o", "r")).includes(e.OrderPlaced)


@pytest.mark.parametrize(
    ("hours", "at_min", "again_min"),
    [
        ([], 5, 5),
        ([Hours(0, WEEK_MIN)], 5, 5),
        ([Hours(THURSDAY_MIN + 10, THURSDAY_MIN + 11)], 9, 10),
        ([Hours(THURSDAY_MIN + 10, THURSDAY_MIN + 11)], 10, 10),
        ([Hours(THURSDAY_MIN + 10, THURSDAY_MIN + 11)], 11, 10 + WEEK_MIN),
        ([Hours(0, 60), Hours(WEEK_MIN - 60, WEEK_MIN)], 0, WEEK_MIN - 60 - THURSDAY_MIN),
        ([Hours(0, 60)], 0, WEEK_MIN - THURSDAY_MIN),
    ],
)
def test_weekly_hours_come_round(hours, at_min, again_min):
    case = city().at(0, c.ListInStore("store", "ramen", hours))
    sold = on_sale(case.state, "store", "ramen", at_min * MINUTE)
    assert sold.sold_at == again_min * MINUTE


def test_no_price_is_set_for_a_distant_year():
    year = 366 * DAY
    case = city().at(1, c.SetPrice("store", "ramen", 5, 1_001 + year))
    case.rejects(Reason.MALFORMED, field="from_at", limit_at=1_000 + year)
    case.at(1, c.SetPrice("store", "ramen", 5, 1_000 + year)).emits(e.PriceSet)


def test_a_listing_is_for_a_store_and_a_product_that_exist():
    case = city()
    for command in (c.ListInStore, c.DelistInStore):
        case.at(1, command("no", "ramen")).rejects(Reason.UNKNOWN, what="store", id="no")
        case.at(1, command("store", "no")).rejects(Reason.UNKNOWN, what="product", id="no")


@pytest.mark.parametrize(
    ("hours", "detail"),
    [
        ([Hours(5, 5)], {"hint": "ends_before_it_begins", "hours": "mon 00:05-00:05"}),
        ([Hours(-1, 5)], {"hint": "ends_before_it_begins", "hours": "sun 23:59-mon 00:05"}),
        (
            [Hours(0, WEEK_MIN + 1)],
            {"hint": "ends_before_it_begins", "hours": "mon 00:00-mon 00:01"},
        ),
        ([Hours(0, 60), Hours(59, 90)], {"overlap": ["mon 00:00-01:00", "mon 00:59-01:30"]}),
        ([Hours(0, 1)] * 51, {"limit": 50}),
    ],
)
def test_hours_of_a_listing_that_cannot_be_are_refused_with_what_is_wrong(hours, detail):
    case = city().at(1, c.ListInStore("store", "ramen", hours))
    case.rejects(Reason.MALFORMED, field="hours", **detail)


# prices


def total(case: Case) -> int:
    assert isinstance(case.events[0], e.QuoteOffered), case.events
    return case.events[0].total_minor


def test_a_price_begins_when_it_was_said_to():
    case = city(5).at(1, c.SetPrice("store", "ramen", 900, 10_000))
    case.emits(e.PriceSet("store", "ramen", 900, 10_000)).at(9.999, quote("q"))
    assert total(case) == TOTAL
    case.at(10, quote("r"))
    assert total(case) == 900 + FEE
    case.at(11, place("o", "q"))  # its price was frozen
    assert case.state.orders["o"].due_minor == TOTAL
    starts = case.state.prices.starts("store", "ramen")
    assert starts == [(0, GOODS), (10_000, 900)]


def test_starts_only_increase_and_the_past_is_never_rewritten():
    case = city(5).at(10, c.SetPrice("store", "ramen", 900, 20_000))
    for from_at, not_before_at in (
        (9_999, 20_001),
        (20_000, 20_001),
        (0, 20_000),
        (15_000, 20_001),
    ):
        case.at(10, c.SetPrice("store", "ramen", 800, from_at)).rejects(
            Reason.PRICE_OUT_OF_ORDER, not_before_at=not_before_at
        )
    case.at(30, c.SetPrice("store", "ramen", 800, 29_999)).rejects(
        Reason.PRICE_OUT_OF_ORDER, not_before_at=30_000
    )
    case.at(30, c.SetPrice("store", "ramen", 800)).emits(e.PriceSet("store", "ramen", 800, 30_000))
    case.at(30, c.SetPrice("store", "ramen", -1)).rejects(Reason.MALFORMED, field="price_minor")


def test_what_is_planned_can_be_taken_back_and_what_is_in_force_stays():
    case = city(5)
    for minute in (1, 2, 3):
        case.at(0, c.SetPrice("store", "ramen", 900 + minute, minute * MINUTE))
    case.at(61, c.WithdrawPrices("store", "ramen"))
    case.emits(e.PricesWithdrawn("store", "ramen", 61_000)).at(200, quote())
    assert total(case) == 901 + FEE
    case.at(201, c.WithdrawPrices("store", "ramen"))
    case.rejects(Reason.UNKNOWN, what="planned price", id="ramen")
    case.at(202, c.SetPrice("store", "ramen", 500)).at(203, quote("r"))
    assert total(case) == 500 + FEE


def test_what_has_a_price_only_from_tomorrow_on_is_not_sold_today():
    case = city().at(0, c.ListProduct("tea", "Tea", "drinks"))
    case.at(0, c.SetPrice("store", "tea", 300, 24 * HOUR)).at(0, c.ReceiveStock("store", "tea", 1))
    case.at(1, quote("q", Line("tea", 1))).rejects(Reason.NO_PRICE, product="tea")
    assert on_sale(case.state, "store", "tea", 1_000) is None
    assert on_sale(case.state, "store", "tea", 24 * HOUR).price_minor == 300
