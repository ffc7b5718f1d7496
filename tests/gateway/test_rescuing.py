"""What was missing is fetched from another store, and everybody hears once what that means."""

import contextlib

import pytest

from gateway import messages as m
from gateway.client import RequestRefusedError
from tests.serving import DOOR, STORE, live, party, serving, small_city, until


@contextlib.asynccontextmanager
async def with_another_store(app, city):
    """It has everything the first one has."""
    other = party(app, "store", "s2")
    other.start()
    await other.ready()
    await city.operator.request(m.RegisterStore("s2", "More noodles", STORE, 600))
    await other.request(m.SetPrice("ramen", m.Money(1_200, "CNY")))
    await other.request(m.ReceiveStock("ramen", 10))
    try:
        yield other
    finally:
        await other.close()


async def bought(city, **wishes) -> m.OrderPlaced:
    """Two bowls, paid for, and in the kitchen."""
    await city.shop.request(m.RequestQuote("q", "ann", "s1", [m.Line("ramen", 2)], DOOR))
    told = await city.shop.request(m.PlaceOrder("o1", "q", "bank", **wishes))
    await city.bank.request(m.ReportAuthorization(told.payment, True, told.total, "ref"))
    await city.store.request(m.AcceptOrder("o1", told.placed_at))
    return told


@live
async def test_the_customer_hears_once_that_all_of_it_comes_from_another_store(tmp_path):
    async with (
        serving(tmp_path) as app,
        small_city(app) as city,
        with_another_store(app, city) as other,
    ):
        heard, here, there = [], [], []
        orders = city.shop.subscribe("orders")
        first, second = city.store.subscribe("tickets"), other.subscribe("tickets")
        for feed in (orders, first, second):
            await anext(feed)
        told = await bought(city, if_missing=["other_store"])
        await city.store.request(m.ReportMissing("o1", "ramen", 1))
        remedied = await until(orders, lambda u: isinstance(u.body, m.ShortageRemedied), keep=heard)
        body = remedied.body
        assert (body.remedy, body.store, body.missing, body.quantity) == (
            "other_store",
            "s2",
            "ramen",
            1,
        )
        assert body.due == told.total
        assert body.promised_at >= told.promised_at
        closed = await until(first, lambda u: isinstance(u.body, m.TicketClosed), keep=here)
        assert (closed.body.order, closed.body.reason) == ("o1", "moved")
        ticket = await until(second, lambda u: isinstance(u.body, m.Ticket), keep=there)
        assert ticket.body.lines == [m.PricedLine("ramen", 2, m.Money(1_200, "CNY"))]
        found = await city.shop.request(m.GetOrder("o1"))
        assert (found.store, found.order_status, found.delivery_status) == (
            "s2",
            "confirmed",
            "created",
        )
        await other.request(m.AcceptOrder("o1", told.placed_at))
        done = await until(orders, lambda u: getattr(u.body, "delivery", "") == "o1/2")
        assert done.body.attempt == 1
        mine = await city.operator.request(m.SearchOrders(store="s2"))
        assert [x.order for x in mine.orders] == ["o1"]


@live
async def test_a_named_substitute_is_one_more_message_and_no_question(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await city.operator.request(m.ListProduct("udon", "Udon", "food"))
        await city.store.request(m.SetPrice("udon", m.Money(1_000, "CNY")))
        await city.store.request(m.ReceiveStock("udon", 5))
        orders = city.shop.subscribe("orders")
        wish = {"if_missing": ["substitute"], "instead": [m.Instead("ramen", "udon")]}
        told = await bought(city, **wish)
        await city.store.request(m.ReportMissing("o1", "ramen", 1))
        heard = await until(orders, lambda u: isinstance(u.body, m.ShortageRemedied))
        assert (heard.body.remedy, heard.body.instead) == ("substitute", "udon")
        assert heard.body.due.amount == told.total.amount - 200


@live
async def test_who_wanted_all_or_nothing_hears_that_he_owes_nothing(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        orders = city.shop.subscribe("orders")
        await bought(city, if_missing=["cancel"])
        await city.store.request(m.ReportMissing("o1", "ramen", 1))
        heard = await until(orders, lambda u: isinstance(u.body, m.ShortageRemedied))
        assert (heard.body.remedy, heard.body.due) == ("cancel", m.Money(0, "CNY"))


@live
async def test_whoever_holds_a_quote_for_it_hears_that_it_is_delisted(tmp_path):
    """Of his own quotes only, and not of those that are an order by now."""
    async with serving(tmp_path) as app, small_city(app) as city, with_another_store(app, city):
        orders = city.shop.subscribe("orders")
        for name, store in (("q1", "s1"), ("q2", "s2"), ("q3", "s1")):
            ask = m.RequestQuote(name, "ann", store, [m.Line("ramen", 1)], DOOR)
            await city.shop.request(ask)
        await city.shop.request(m.PlaceOrder("o3", "q3", "bank"))
        await city.store.request(m.DelistInStore("ramen"))
        told = await until(orders, lambda u: isinstance(u.body, m.QuoteUnavailable))
        assert told.body == m.QuoteUnavailable("q1", "s1", "ramen", "not_listed")
        await city.operator.request(m.DelistProduct("ramen"))
        more = [
            (await until(orders, lambda u: isinstance(u.body, m.QuoteUnavailable))).body.quote
            for _ in range(2)
        ]
        assert more == ["q1", "q2"]
        with pytest.raises(RequestRefusedError) as refused:  # who accepts it nevertheless
            await city.shop.request(m.PlaceOrder("o1", "q1", "bank"))
        assert refused.value.error.code == "not_listed"
