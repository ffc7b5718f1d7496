"""Projections: what streams is what comes out when everything is looked up again."""

from collections import Counter
from functools import cache

import pytest

from engine import events as e
from engine.commands import Tick
from engine.engine import Engine, Record
from engine.projections import Projections, dump, load
from engine.projections.hours import KEPT_H, summed
from engine.projections.sales import StoreSales
from engine.projections.utilization import gini_permille
from engine.settings import Settings
from engine.values import HOUR, SECOND, Millis, PricedLine, Tender
from geo.points import Point
from geo.travel import Vehicle
from simulation.run import simulate
from tests import cases
from tests.batch_figures import Day
from tests.days.random_days import RandomDay
from tests.simulated_city import troubled

SEEDS = (1, 3, 6, 8, 9, 10, 12, 14, 16, 17, 29)  # between them, everything that is folded happens
STEPS = 1_000
OTHERS = {  # folded by what has tests of its own; or too rare for these days
    *(e.ConsentSet, e.CustomerForgotten, e.OrderRated),
    e.OrderReattempted,
}


@cache
def day_of(seed):
    """Records of as many hours as are kept, the projections of them, and where they led to."""
    day = RandomDay(seed)
    records = [x for x in (*day.records(STEPS), *day.heal()) if x.at < KEPT_H * HOUR]
    engine = Engine()
    engine.apply_all(records)
    return Day(records), folded(records), engine


@cache
def simulated_day():
    """A small city where everything goes wrong, with positions that mean something."""
    records = []
    run = simulate(troubled(), 3, records.append)
    return Day(records), folded(records), run


def folded(records, projections=None):
    projections = projections or Projections()
    for record in records:
        projections.fold(record)
    return projections


def seen(place, second):
    return e.PositionsReported(cases.positions((0, place, second)).batch)


def rows(hours, amount):
    """{(hour, key): amount} of a dict of dicts, without zeros."""
    found = {}
    for hour, row in hours.items():
        for key, value in row.items():
            if amount(value):
                found[hour, key] = amount(value)
    return found


def test_everything_that_is_folded_happens_on_the_days_looked_at():
    happened = {type(x) for seed in SEEDS for r in day_of(seed)[0].records for x in r.events}
    assert set(Projections().table) - happened <= OTHERS


days = pytest.mark.parametrize("seed", SEEDS)


@days
def test_sales_by_store_hour_and_category_are_those_of_the_log(seed):
    day, projections, _ = day_of(seed)
    stores = {hour: x.stores for hour, x in projections.sales.hours.items()}
    one = lambda _: 1  # noqa: E731
    assert rows(stores, lambda x: x.fulfilled) == day.by_store_hour(one, e.OrderFulfilled)
    assert rows(stores, lambda x: x.placed) == day.by_store_hour(one, e.OrderPlaced)
    assert rows(stores, lambda x: x.cancelled) == day.by_store_hour(one, e.OrderCancelled)
    lost = day.by_store_hour(one, e.OrderReturned, e.OrderWrittenOff)
    assert rows(stores, lambda x: x.returned) == lost
    assert rows(stores, lambda x: x.goods_minor) == day.by_store_hour(day.goods, e.OrderFulfilled)
    assert rows(stores, lambda x: x.charged_minor) == day.by_store_hour(day.due, e.OrderFulfilled)
    for row in projections.sales.hours.values():
        total = StoreSales()
        for store in row.stores.values():
            total.add(store)
        assert total == row.all
    categories = {hour: x.categories for hour, x in projections.sales.hours.items()}
    assert rows(categories, lambda x: x.minor) == day.categories()
    receipts, refunds = day.all(e.ReceiptRecorded), day.all(e.ReceiptRefunded)
    whole = [x.all for x in projections.sales.hours.values()]
    assert sum(x.receipts for x in whole) == len(receipts)
    assert sum(x.till_minor for x in whole) == sum(x.total_minor for _, x in receipts)
    assert sum(x.till_refunded_minor for x in whole) == sum(x.amount_minor for _, x in refunds)
    tills = [y for x in projections.sales.hours.values() for y in x.till_categories.values()]
    assert sum(x.minor for x in tills) == sum(x.till_minor for x in whole)
    paid = Counter()
    for _, x in receipts:
        paid[x.tender] += x.total_minor
    assert summed(x.tenders for x in projections.sales.hours.values()) == dict(paid)
    products = sum(x.minor for of_day in projections.sales.days.values() for x in of_day.values())
    assert products == sum(day.categories().values()) + sum(x.minor for x in tills)


@days
def test_the_books_by_hour_sum_to_the_ledger(seed):
    day, projections, engine = day_of(seed)
    books = {hour: x.books for hour, x in projections.sales.hours.items()}
    assert rows(books, int) == day.books()
    total = Counter()
    for of_hour in books.values():
        total.update(of_hour)
    ledger = Counter()
    for account, amount in engine.state.ledger.balances.items():
        kind = account if account.startswith("platform:") else account.split(":")[0]
        ledger[kind] += amount
    assert {k: x for k, x in total.items() if x} == {k: x for k, x in ledger.items() if x}


@days
def test_stores_are_credited_what_the_ledger_says(seed):
    _, projections, engine = day_of(seed)
    credited = Counter()
    for row in projections.sales.hours.values():
        for store, x in row.stores.items():
            credited[f"store:{store}"] -= x.credited_minor
    stores = {k: x for k, x in engine.state.ledger.balances.items() if k.startswith("store:") and x}
    assert {k: x for k, x in credited.items() if x} == stores


@days
def test_the_funnel_and_every_refusal_are_those_of_the_log(seed):
    day, projections, _ = day_of(seed)
    funnel = projections.funnel.hours.values()
    refusals = Counter()
    for row in funnel:
        refusals.update(row.refusals)
    assert refusals == day.refusals()
    assert sum(x.offered for x in funnel) == len(day.all(e.QuoteOffered))
    refused = sum(n for key, n in refusals.items() if key.startswith("RequestQuote/"))
    assert sum(x.asked for x in funnel) == len(day.all(e.QuoteOffered)) + refused
    for name, event in (
        ("placed", e.OrderPlaced),
        ("paid", e.OrderConfirmed),
        ("accepted", e.OrderAccepted),
        ("handed_over", e.OrderHandedOver),
        ("fulfilled", e.OrderFulfilled),
    ):
        assert sum(getattr(x, name) for x in funnel) == len(day.all(event))


@days
def test_the_delivery_clock_is_what_looking_it_up_gives(seed):
    day, projections, _ = day_of(seed)
    expected = day.durations()
    for name in ("click_to_door", "click_to_taken", "ready_to_pickup", "in_store_to_pickup"):
        durations = [x.clock[name] for x in projections.punctuality.hours.values()]
        assert sum(x.count for x in durations) == len(expected[name])
        assert sum(x.sum_ms for x in durations) == sum(expected[name])
    late = sum(x > 0 for x in expected["drop_off_lateness"])
    total = projections.punctuality.total
    assert total.delivered + total.collected == len(day.all(e.OrderFulfilled))
    ready = {x.order: at for at, x in day.all(e.OrderReady)}
    collected = [
        x.order
        for _, x in day.all(e.OrderFulfilled)
        if day.placed[x.order].fulfillment == "collection"
    ]
    in_time = sum(ready[x] <= day.promised_at(x) for x in collected)
    assert (total.collected, total.ready_on_time) == (len(collected), in_time)
    assert (total.delivered, total.delivered - total.on_time) == (
        len(expected["drop_off_lateness"]),
        late,
    )


@days
def test_demand_by_cell_is_that_of_the_log(seed):
    day, projections, _ = day_of(seed)
    cells = {hour: x.cells for hour, x in projections.demand.hours.items()}
    assert rows(cells, lambda x: [x.offered, x.refused, x.placed]) == day.cells()


@days
def test_couriers_time_and_earnings_are_those_of_the_log(seed):
    day, projections, engine = day_of(seed)
    fleet, now = projections.utilization, engine.now
    couriers = engine.state.couriers.ids
    by_courier = {x: [0, 0] for x in couriers}
    for of_day in range(now // (24 * HOUR) + 1):
        for courier, work in fleet.couriers_on(of_day, now).items():
            by_courier[courier][0] += work.on_duty_ms
            by_courier[courier][1] += work.busy_ms
    assert by_courier == {x: [*day.worked_ms(x)] for x in couriers}
    so_far = {x: fleet.so_far(x, now) for x in couriers}
    assert by_courier == {x: [work.on_duty_ms, work.busy_ms] for x, work in so_far.items()}
    by_hour = {hour: x.on_duty_ms for hour, x in fleet.fleet_since(0, now).items()}
    assert {hour: x for hour, x in by_hour.items() if x} == day.on_duty_by_hour(couriers)
    whole = fleet.fleet_since(0, now).values()
    assert sum(x.on_duty_ms for x in whole) == sum(x for x, _ in by_courier.values())
    assert sum(x.busy_ms for x in whole) == sum(x for _, x in by_courier.values())
    earned = Counter()
    for of_day in fleet.days.values():
        for courier, work in of_day.items():
            earned[courier] += work.earned_minor
    assert +earned == day.earned()
    completed = len(day.all(e.DeliveryCompleted))
    assert sum(x.delivered for x in fleet.hours.values()) == completed
    bundles, fetched = (sum(getattr(x, n) for x in whole) for n in ("bundles", "fetched"))
    assert bundles <= fetched
    assert (fetched > 0) == (bundles > 0)


@days
def test_how_steady_the_plan_was_is_what_the_log_says(seed):
    day, projections, _ = day_of(seed)
    hours = projections.churn.hours.values()
    assert sum(x.offers for x in hours) == len(day.all(e.DeliveryOffered))
    assert sum(x.accepted for x in hours) == len(day.all(e.OfferAccepted))
    assert sum(x.routes for x in hours) == len(day.all(e.RoutePlanned))
    assert sum(x.moved for x in hours) == day.moved()
    withdrawn, skipped = Counter(), Counter()
    for row in hours:
        withdrawn.update(row.withdrawn)
        skipped.update(row.skipped)
    assert withdrawn == Counter(x.reason for _, x in day.all(e.DeliveryUnassigned))
    assert skipped == Counter(x.reason for _, x in day.all(e.RouteSkipped))


@days
def test_half_a_day_kept_and_resumed_is_the_whole_day(seed):
    day, projections, _ = day_of(seed)
    half = len(day.records) // 2
    first = folded(day.records[:half])
    resumed = folded(day.records[half:], load(dump(first)))
    assert dump(resumed) == dump(projections)


def test_each_order_and_the_empty_rides_add_up_to_the_fleet():
    """To the millimeter, and every order's share is the one that looking it up gives."""
    day, projections, _ = simulated_day()
    vehicles = [y for x in projections.emissions.hours.values() for y in x.vehicles.values()]
    ridden = sum(x.ridden_mm for x in vehicles)
    assert ridden == int(projections.emissions.odometers.ridden_mm.sum()) > 0
    couriers = [x.courier for _, x in day.all(e.CourierRegistered)]
    legs = {x: sum(mm for _, mm in day.legs(x)) for x in couriers}
    assert ridden == sum(legs.values())
    grams, mm = day.shared_ug(couriers)
    carrying = sum(x.carrying_mm for x in vehicles)
    assert abs(carrying - sum(mm.values())) < 1
    assert 0 < carrying <= ridden
    fulfilled = [x.order for _, x in day.all(e.OrderFulfilled)]
    delivered = sum(x.delivered_ug for x in vehicles)
    rounding = len(fulfilled) * 20 * 17  # whole millimeters, a few changes of load each
    assert abs(delivered - sum(grams[x] for x in fulfilled)) <= rounding
    assert sum(x.delivered for x in vehicles) == len(fulfilled)


def test_a_simulated_citys_clock_is_what_looking_it_up_gives():
    day, projections, run = simulated_day()
    expected = day.durations()
    for name, durations in expected.items():
        folded_ = [x.clock[name] for x in projections.punctuality.hours.values()]
        assert sum(x.sum_ms for x in folded_) == sum(durations)
    delivered = projections.punctuality.total.delivered
    assert delivered == run.scorecard.orders.delivered == len(expected["click_to_door"])
    share = projections.punctuality.total.on_time / delivered
    assert round(share, 4) == run.scorecard.service.on_time_share


def test_what_is_open_is_all_that_is_remembered_of_single_orders():
    _, projections, _ = simulated_day()
    assert projections.clocks.open == {}
    assert projections.clocks.order_of == {}
    assert projections.carrying.of == {}
    assert projections.churn.planned == {}


def test_old_hours_make_room():
    projections = Projections()
    sales = projections.sales
    for hour in range(200):
        sales.sold_at_till(hour * HOUR, e.StockSold("s1", "tea", 1))
    assert list(sales.hours) == list(range(152, 200))


def test_what_other_code_kept_is_not_taken_for_ours():
    assert load(b"\x92\x00\xc0") is None
    assert load(b"nonsense") is None


def test_inequality_is_none_among_equals_and_near_one_if_one_has_it_all():
    assert gini_permille([5, 5, 5, 5]) == 0
    assert gini_permille([0] * 99 + [7]) == 990
    assert gini_permille([]) == 0


def test_today_begins_at_midnight_by_the_citys_clock():
    """What was sold and earned before it is yesterday's, although in UTC it is the same day."""
    midnight = Millis(16 * HOUR)  # where clocks are eight hours ahead
    opened = e.EngineOpened(Settings(utc_offset_min=480))
    line = PricedLine("tea", 2, 500)
    receipt = e.ReceiptRecorded("s", "r", "t", [line], 1_000, Tender.CASH, midnight, midnight)
    told = [
        (0, opened),
        (midnight - HOUR, e.ShiftStarted("kim", Millis(midnight + 9 * HOUR))),
        (midnight - 1, receipt),
        (midnight + 3 * HOUR, e.ShiftEnded("kim")),
    ]
    projections = folded(Record(n, at, Tick(), [x]) for n, (at, x) in enumerate(told, 1))
    now = Millis(midnight + 4 * HOUR)
    assert projections.sales.today(midnight - 1)["tea"].units == 2
    assert projections.sales.today(midnight) == {}
    fleet = projections.utilization
    assert fleet.today(midnight - 1)["kim"].on_duty_ms == HOUR
    assert fleet.today(now)["kim"].on_duty_ms == 3 * HOUR


def test_a_courier_with_another_vehicle_rode_before_the_way_it_was():
    emissions = Projections().emissions
    emissions.registered(0, e.CourierRegistered("kim", 0, Vehicle.CAR, 9))
    for second, lat_e7 in ((60, 390_000_000), (120, 390_050_000)):
        emissions.look(second * SECOND, "kim", True)
        emissions.positions(second * SECOND, seen(Point(lat_e7, 1_160_000_000), second))
    emissions.changed(200 * SECOND, e.CourierChanged("kim", Vehicle.BICYCLE, 9))
    emissions.read_all(300 * SECOND)
    [hour] = emissions.hours.values()
    by_car, by_bicycle = hour.of(Vehicle.CAR).ridden_mm, hour.of(Vehicle.BICYCLE).ridden_mm
    assert (by_car > 500_000, by_bicycle) == (True, 0)
    assert emissions.numbers == {Vehicle.CAR: [], Vehicle.BICYCLE: [0]}
