"""What a customer would tell you happened: quotes, prices, and who got the last unit."""

from msgspec.structs import replace

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.rules.promising import Workload, promised_ms
from engine.settings import Settings
from engine.values import MINUTE, Line
from geo.points import Point
from tests import cases
from tests.cases import FEE, GOODS, TOTAL, Case, city, paid, place, quote

FAR = Point(390_000_000, 1_161_000_000)  # 8.6 km


def test_the_last_unit_is_sold_once():
    (
        city(1)
        .at(1, quote("q"))
        .at(1, quote("r"))
        .emits(e.QuoteOffered)  # a quote promises a price, not yet the goods
        .at(2, place("o", "q"))
        .emits(
            e.StockReserved("store", "o", [Line("ramen", 1)]),
            *[e.QuoteAccepted, e.OrderPlaced, e.PaymentRequested],
        )
        .at(2, place("p", "r"))
        .rejects(Reason.INSUFFICIENT_STOCK, product="ramen", available=0)
        .at(2, quote("s"))
        .rejects(Reason.INSUFFICIENT_STOCK, product="ramen", available=0)
    )


def test_of_a_thousand_buyers_of_three_units_three_win():
    case = Case(Settings(open_deliveries_per_courier=10**6))
    engine = city(3, settings=Settings(open_deliveries_per_courier=10**6)).engine
    buyers = range(1_000)
    for n in buyers:
        engine.step(1_000, quote(f"q{n}"))
    answers = [engine.step(2_000, place(f"o{n}", f"q{n}"))[-1] for n in buyers]
    winners = [r for r in answers if r.rejection is None]
    assert [r.command.order for r in winners] == ["o0", "o1", "o2"]
    losers = [r.rejection for r in answers if r.rejection]
    assert len(losers) == 997
    assert all(x.reason is Reason.INSUFFICIENT_STOCK for x in losers)
    assert engine.state.inventory.get("store", "ramen").reserved == 3
    assert case.state.orders.open_count == 0


def test_nobody_keeps_the_shelf_from_all_others_without_paying():
    """Of a hundred tries of one customer ten wait for their money, and then all is back."""
    case = city(1_000, settings=Settings(open_deliveries_per_courier=10**6))
    for n in range(100):
        case.at(2, quote(f"q{n}")).at(2, place(f"o{n}", f"q{n}"))
        if n < 10:
            case.includes(e.OrderPlaced)
        else:
            case.rejects(Reason.TOO_MANY_UNPAID, limit=10)
    assert case.state.inventory.get("store", "ramen").reserved == 10
    case.at(2, c.RegisterCustomer("bob", "app")).at(2, replace(quote("bobs"), customer="bob"))
    case.at(2, place("bobs", "bobs")).includes(e.OrderPlaced)  # who buys what is left
    case.at(3, paid("o0")).at(3, place("paid", "q10")).includes(e.OrderPlaced)
    case.at(3, place("more", "q11")).rejects(Reason.TOO_MANY_UNPAID, limit=10)
    gone = Settings().payment_timeout_ms // 1_000 + 4
    case.at(gone, quote("late")).at(gone, place("late", "late")).includes(e.OrderPlaced)
    assert case.state.inventory.get("store", "ramen").reserved == 2  # what is paid, and this one


def test_how_much_may_be_kept_unpaid_is_for_an_office_to_say():
    for limit, held in ((0, 20), (1, 1)):
        roomy = Settings(open_deliveries_per_courier=10**6, unpaid_orders_max=limit)
        case = city(30, settings=roomy)
        for n in range(20):
            case.at(1, quote(f"q{n}")).at(1, place(f"o{n}", f"q{n}"))
        assert case.state.inventory.get("store", "ramen").reserved == held


def test_two_lines_of_one_product_are_one_demand():
    twice = (Line("ramen", 1), Line("ramen", 2))
    city(2).at(1, quote("q", *twice)).rejects(
        Reason.INSUFFICIENT_STOCK, product="ramen", available=2
    )
    case = city(3).at(1, quote("q", *twice)).emits(e.QuoteOffered)
    assert [(x.product, x.quantity) for x in case.events[0].lines] == [("ramen", 3)]
    case.at(2, place()).includes(e.StockReserved("store", "o", [Line("ramen", 3)]))


def test_an_order_is_reserved_whole_or_not_at_all():
    case = two_products(ramen=1, tea=1)
    both = (Line("ramen", 1), Line("tea", 1))
    case.at(1, quote("q", *both)).at(1, quote("r", *both[1:]))
    case.at(2, place("p", "r")).at(2, place("o", "q"))
    case.rejects(Reason.INSUFFICIENT_STOCK, product="tea", available=0)
    assert (case.available("ramen"), case.available("tea")) == (1, 0)


def two_products(ramen: int, tea: int) -> Case:
    return (
        city(ramen)
        .at(0, c.ListProduct("tea", "Tea", "drinks", 2))
        .at(0, c.SetPrice("store", "tea", 300))
        .at(0, c.ReceiveStock("store", "tea", tea))
    )


def test_a_price_change_leaves_open_quotes_and_orders_alone():
    case = city(3).at(1, quote()).at(2, c.SetPrice("store", "ramen", 2 * GOODS))
    case.at(3, place()).includes(e.PaymentRequested("o/1", "o", "bank", TOTAL, expires_at=123_000))
    assert case.state.orders["o"].placed.total_minor == TOTAL
    case.at(4, quote("r"))
    assert (case.events[0].delivery_fee_minor, case.events[0].total_minor) == (FEE, 2 * GOODS + FEE)


def test_what_was_delisted_under_an_open_quote_is_named():
    (
        city()
        .at(1, quote())
        .at(2, c.DelistProduct("ramen"))
        .at(3, place())
        .rejects(Reason.NOT_LISTED, product="ramen")
        .at(4, quote("r"))
        .rejects(Reason.NOT_LISTED, product="ramen")
        .at(5, c.ListProduct("ramen", "Ramen", "food"))
        .at(6, place())
        .includes(e.OrderPlaced)
    )


def test_a_store_that_closes_keeps_its_orders_and_takes_no_new_ones():
    case = cases.confirmed(city(2)).at(5, quote("late")).at(6, c.CloseStore("store"))
    (
        case.emits(e.StoreClosed("store"))
        .at(7, place("p", "late"))
        .rejects(Reason.STORE_CLOSED)
        .at(7, quote("r"))
        .rejects(Reason.STORE_CLOSED)
        .at(8, c.AcceptOrder("store", "o", 9_000))
        .includes(e.OrderAccepted)
        .at(9, c.OpenStore("store"))
        .at(10, place("p", "late"))
        .includes(e.OrderPlaced)
    )


def test_safety_stock_is_kept_from_orders_but_not_from_the_till():
    (
        city(3)
        .at(1, quote("q"))
        .at(2, c.SetSafetyStock("store", "ramen", 3))
        .at(3, place())
        .rejects(Reason.INSUFFICIENT_STOCK, product="ramen", available=0)
        .at(4, c.RecordSale("store", "ramen", 2))
        .emits(e.StockSold("store", "ramen", 2))
        .at(5, c.SetSafetyStock("store", "ramen", 0))
        .at(6, place())
        .includes(e.OrderPlaced)
    )


def test_the_last_unit_is_not_sold_at_the_till_once_it_is_reserved():
    (
        cases.placed()
        .at(5, c.RecordSale("store", "ramen", 1))
        .rejects(Reason.INSUFFICIENT_STOCK, product="ramen", available=0)
    )
    (
        city()
        .at(1, quote())
        .at(2, c.RecordSale("store", "ramen", 1))
        .at(3, place())
        .rejects(Reason.INSUFFICIENT_STOCK, product="ramen", available=0)
    )


def test_a_quote_lives_for_five_minutes_and_serves_one_order():
    case = city(9).at(1, quote())
    case.at(301, place()).rejects(Reason.QUOTE_EXPIRED, expired_at=301_000)
    case.at(302, quote("r")).at(601.999, place("o", "r")).includes(e.OrderPlaced)
    case.at(602, place("p", "r")).rejects(Reason.QUOTE_USED, order="o")  # rather than expired
    case.at(602, place("p", "nothing")).rejects(Reason.UNKNOWN, what="quote", id="nothing")
    case.at(602, place("o", "r")).rejects(Reason.ALREADY_EXISTS)
    case.at(602, quote("r")).rejects(Reason.ALREADY_EXISTS)


def test_a_quote_is_for_the_service_that_asked():
    case = city().at(1, quote())
    other = c.PlaceOrder("o", "rival", "q", "bank")
    case.at(2, other).rejects(Reason.UNKNOWN, what="quote", id="q")


def test_a_quote_that_expired_is_remembered_for_most_of_an_hour_and_then_forgotten():
    case = city().at(1, quote()).at(3_601, quote("r"))
    case.at(3_601, place()).rejects(Reason.QUOTE_EXPIRED, expired_at=301_000)
    case.at(3_601.001, quote("s")).at(3_602, place()).rejects(Reason.UNKNOWN, what="quote", id="q")


def test_a_no_says_whether_it_is_the_distance_or_the_couriers():
    far = c.RequestQuote("q", "app", "ann", "store", [Line("ramen", 1)], FAR)
    case = city().at(1, far)
    assert case.events[0].reason is Reason.OUT_OF_AREA
    assert case.events[0].detail["limit_m"] == 6_000
    assert 8_000 < case.events[0].detail["distance_m"] < 9_000
    city(couriers=()).at(1, quote()).rejects(Reason.NO_CAPACITY_NOW, retry_after_s=60)
    case.at(2, c.EndShift("kim")).at(3, quote()).rejects(Reason.NO_CAPACITY_NOW, retry_after_s=60)
    drowned = Settings(open_deliveries_per_courier=1)
    case = cases.accepted(city(9, settings=drowned))
    case.at(case.now_s, quote()).rejects(Reason.NO_CAPACITY_NOW, retry_after_s=60)


def test_nothing_is_sold_that_no_courier_at_work_can_carry():
    """It would be paid for, prepared, and stand on the counter for ever."""
    case = city(9, ("kim",), capacity=4)
    case.at(1, quote("q", Line("ramen", 5))).rejects(Reason.NO_CAPACITY_NOW, retry_after_s=60)
    case.at(2, c.RegisterCourier("lee", "car", 5)).at(2, c.StartShift("lee", 10**6))
    case.at(3, quote("q", Line("ramen", 5))).emits(e.QuoteOffered)


def test_an_order_for_more_than_anyone_carries_is_too_large():
    case = two_products(20, 20)
    case.at(1, quote("q", Line("ramen", 1), Line("tea", 6))).rejects(
        Reason.TOO_LARGE, load=13, limit=12
    )
    case.at(2, quote("q", Line("tea", 6))).emits(e.QuoteOffered)
    assert case.events[0].load == 12


def test_what_costs_nothing_is_confirmed_at_once():
    free = Settings(delivery_fee_minor=0, delivery_fee_per_km_minor=0)
    case = city(settings=free).at(0, c.SetPrice("store", "ramen", 0)).at(1, quote())
    case.at(2, place()).emits(
        e.StockReserved, e.QuoteAccepted, e.OrderPlaced, e.OrderConfirmed("o")
    )
    case.at(3, paid(amount=0)).rejects(Reason.UNKNOWN, what="payment", id="o/1")
    case.at(4, c.AcceptOrder("store", "o", 5_000)).plan(5, {"kim": cases.there()}, ("o/1",))
    case.at(6, c.AcceptOffer("kim", "o/1")).at(7, c.ReportPickup("kim", "o/1"))
    case.at(8, c.ReportDropoff("kim", "o/1")).emits(
        e.DeliveryCompleted,
        e.OrderFulfilled,
        e.LedgerPosted,  # the courier is paid nevertheless
    )


def test_a_promise_grows_with_the_queue():
    settings, ride_ms = Settings(), 10 * MINUTE
    free = promised_ms(settings, MINUTE, ride_ms, Workload(1, 0, MINUTE))
    busy = promised_ms(settings, MINUTE, ride_ms, Workload(1, 4, MINUTE))
    assert busy > free


def test_a_promise_learns_from_the_store_how_long_and_how_reliably_it_prepares():
    case = city(9).at(1, quote("q"))
    first = case.events[0].promised_ms
    cases.accepted(case)
    case.at(40 * MINUTE / 1_000, c.ReportReady("store", "o")).at(2_401, quote("s"))
    store = case.state.stores["store"]
    assert store.preparation_ms > 10 * MINUTE
    assert store.spread_ms > 10 * MINUTE // 4
    assert case.events[0].promised_ms > first


def test_a_store_that_forgets_to_say_ready_does_not_price_itself_out_of_every_promise():
    case = cases.accepted(city(9, ("kim",), settings=Settings(courier_search_ms=0)))
    case.at(20 * 3_600, c.ReportReady("store", "o"))
    case.includes(e.OrderReady, e.PreparationMeasured("store", 45 * MINUTE))
    case.at(20 * 3_600 + 1, quote("r")).emits(e.QuoteOffered)
