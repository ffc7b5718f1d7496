"""Whatever is suggested can be had: asked for at once, it is never refused, whatever the day was."""

import pytest

from engine import commands as c
from engine import events as e
from engine import snapshot
from engine.projections import Projections
from engine.rejections import RejectionReason as Reason
from engine.values import HOUR, Job, Line
from gateway import messages as m
from gateway.asking.suggesting import recommend
from gateway.tokens import Identity
from geo.points import E7
from tests.cases import HOME, city
from tests.days.random_days import RandomDay

SHOP = Identity("order_service", "app", 2**40)
DOOR = m.Place(HOME.lat_e7 / E7, HOME.lon_e7 / E7)
EVERY = 20  # records between two looks
ITS_OWN_FAULT = (Reason.COUPON_NOT_APPLICABLE, Reason.CUSTOMER_BLOCKED)


def suggested(engine, store, cart=(), projections=None):
    ask = m.Recommend(store, None, list(cart), DOOR, limit=20)
    told = recommend(ask, SHOP, engine, projections or Projections())
    return [x.product.product for x in told.products]


def refusal(engine, lines, store="store"):
    """Why it cannot be had, if it cannot, of an engine like this one."""
    other = snapshot.load(snapshot.dump(engine))
    other.step(engine.now, c.RegisterCustomer("somebody"))
    ask = c.RequestQuote("a-new-one", "app", "somebody", store, lines, HOME)
    record = other.step(engine.now, ask)[-1]
    return None if isinstance(record.events[0], e.QuoteOffered) else record.events[0]


@pytest.mark.parametrize("seed", [3, 4, 9, 11])
def test_on_no_day_is_anything_suggested_that_cannot_be_promised(seed):
    day, projections, looked, found = RandomDay(seed), Projections(), 0, 0
    for record in day.records(700):
        projections.fold(record)
        looked += 1
        if looked % EVERY or not day.engine.state.settings.is_open:
            continue
        for store in day.engine.state.stores.stores:
            carts = [(), *([x] for x in day.engine.state.products.products)]
            for cart in carts[: 1 + looked // EVERY % 4]:
                for product in suggested(day.engine, store, cart, projections):
                    found += 1
                    no = refusal(day.engine, [Line(product, 1)], store)
                    assert no is None, (record.seq, store, product, no)
    assert found > 10


def test_where_nobody_picks_nothing_is_suggested():
    case = city(9)
    assert suggested(case.engine, "store") == ["ramen"]
    case.at(1, c.DraftDuty("store", "d", "mia", Job.PICKER, HOUR, 2 * HOUR))
    case.at(2, c.PublishRoster("store"))
    assert suggested(case.engine, "store") == []
    case.at(3, c.ClockIn("store", "mia", Job.PICKER))
    assert suggested(case.engine, "store") == ["ramen"]


def test_where_nobody_rides_nothing_is_suggested_to_a_door():
    assert suggested(city(9, couriers=()).engine, "store") == []
    case = city(9, ("kim",), capacity=1)
    case.at(1, c.ListProduct("rice", "Rice", "food", 2)).at(1, c.SetPrice("store", "rice", 900))
    case.at(1, c.ReceiveStock("store", "rice", 9))
    assert suggested(case.engine, "store") == ["ramen"]
    assert suggested(case.engine, "store", ["ramen"]) == []  # he cannot carry both


def test_what_the_cart_takes_already_is_not_suggested_in_a_bundle():
    case = city(1).at(1, c.ListProduct("tea", "Tea", "food")).at(1, c.SetPrice("store", "tea", 300))
    case.at(1, c.ReceiveStock("store", "tea", 9))
    both = [Line("ramen", 1), Line("tea", 1)]
    case.at(1, c.ListProduct("set", "Set", "food", components=both))
    case.at(1, c.SetPrice("store", "set", 1_400))
    assert sorted(suggested(case.engine, "store")) == ["ramen", "set", "tea"]
    assert suggested(case.engine, "store", ["ramen"]) == ["tea"]
    no = refusal(case.engine, [Line("ramen", 1), Line("set", 1)])
    assert no.reason is Reason.INSUFFICIENT_STOCK
