"""Goods that come back, over real sockets: the preview, the courier, the money."""

import pytest

from gateway import messages as m
from gateway.client import RequestRefusedError
from tests.serving import DOOR, delivered, live, party, serving, small_city, until

PAID = m.Money(1200, "CNY")


def wish(way="courier", reason="unwanted"):
    return m.PreviewChange("r1", "o1", [m.Line("ramen", 1)], reason, way)


async def code_of(client, body):
    with pytest.raises(RequestRefusedError) as refused:
        await client.request(body)
    return refused.value.error.code


@live
async def test_a_return_is_previewed_confirmed_fetched_and_paid(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await delivered(city, "o1")
        orders, tickets = city.shop.subscribe("orders"), city.store.subscribe("tickets")
        for feed in (orders, tickets):
            await anext(feed)
        told = await city.shop.request(wish())
        assert (told.status, told.goods, told.fee.amount, told.refund.amount) == (
            *("previewed", PAID),
            *(500, 700),
        )
        assert await city.shop.request(m.GetChange("r1")) == told
        await city.shop.request(m.ConfirmChange("r1"))
        announced = await until(tickets, lambda u: isinstance(u.body, m.OrderChange))
        assert announced.body.status == "confirmed"
        [expected] = (await city.store.request(m.ListExpected())).changes
        assert (expected.delivery, expected.refund.amount) == ("o1/return/r1/1", 700)
        await city.operator.request(m.AssignDelivery("kim", expected.delivery, "by_hand"))
        route = city.kim.subscribe("route")
        offer = (await until(route, lambda u: u.body.offers)).body.offers[0]
        assert (offer.returns, offer.pickup) == (True, m.Place(39.01, 116.01))
        await city.kim.request(m.AcceptOffer(expected.delivery))
        stops = (await until(route, lambda u: u.body.stops)).body.stops
        assert [(x.kind, x.returns) for x in stops] == [("pickup", True), ("return", False)]
        await city.kim.request(m.ReportPickup(expected.delivery))
        due = await until(tickets, lambda u: isinstance(u.body, m.ReturnDue))
        assert (due.body.courier, due.body.reason) == ("kim", "unwanted")
        await city.store.request(m.ReceiveChange("r1", [m.ReturnedLine("ramen", 1)]))
        closed = await until(tickets, lambda u: isinstance(u.body, m.ReturnClosed))
        assert closed.body == m.ReturnClosed("o1/return/r1/1")
        done = await until(orders, lambda u: getattr(u.body, "status", "") == "received")
        assert done.body.received == [m.ReturnedLine("ramen", 1)]
        await city.bank.request(m.ReportInstruction("o1/change/r1", True, "ref"))
        assert (await city.store.request(m.ListExpected())).changes == []


@live
async def test_a_change_is_told_to_whom_it_concerns_and_to_nobody_else(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await delivered(city, "o1")
        await city.shop.request(wish("store"))
        rival = party(app, "order_service", "rival")
        rival.start()
        await rival.ready()
        for body in (m.GetChange("r1"), m.ListChanges("o1"), m.ConfirmChange("r1"), wish()):
            assert await code_of(rival, body) in ("unknown", "already_exists")
        await rival.close()
        [known] = (await city.operator.request(m.ListChanges("o1"))).changes
        assert known.change == "r1"
        await city.operator.request(m.ConfirmChange("r1"))
        await city.operator.request(m.WaiveReturn("r1"))
        assert (await city.shop.request(m.GetChange("r1"))).status == "received"
        assert await code_of(city.shop, m.WithdrawChange("r1")) == "illegal_transition"
        assert await code_of(city.shop, m.FetchReturn("r1")) == "illegal_transition"


@live
async def test_an_exchange_is_paid_with_what_comes_back(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await delivered(city, "o1")
        orders = city.shop.subscribe("orders")
        await anext(orders)
        await city.shop.request(wish("store"))
        await city.shop.request(m.ConfirmChange("r1"))
        await city.shop.request(m.RequestQuote("q2", "ann", "s1", [m.Line("ramen", 2)], DOOR))
        told = await city.shop.request(m.PlaceOrder("o2", "q2", "bank", exchange="r1"))
        assert told.credit == PAID
        linked = await until(orders, lambda u: getattr(u.body, "replacement", None))
        assert (linked.body.replacement, linked.body.credit) == ("o2", PAID)
        due = m.Money(told.total.amount - PAID.amount, "CNY")
        await city.bank.request(m.ReportAuthorization(told.payment, True, due, "ref"))
        assert (await city.shop.request(m.GetOrder("o2"))).order_status == "scheduled"
        await city.store.request(m.ReceiveChange("r1", [m.ReturnedLine("ramen", 1)]))
        order = await city.shop.request(m.GetOrder("o2"))
        assert (order.order_status, order.exchange) == ("confirmed", "r1")
