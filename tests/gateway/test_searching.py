"""Finding and counting orders over real sockets: everybody his own, operators all."""

import pytest

from gateway import messages as m
from gateway.client import RequestRefusedError
from tests.serving import DOOR, delivered, live, party, placed, serving, small_city


async def code_of(client, body):
    with pytest.raises(RequestRefusedError) as refused:
        await client.request(body)
    return refused.value.error.code


@live
async def test_orders_are_found_page_by_page_by_whom_they_concern(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await delivered(city, "o0")
        for n in range(1, 6):
            await placed(city, f"o{n}")
        found, cursor, pages = [], None, 0
        while True:
            page = await city.shop.request(m.SearchOrders(cursor=cursor, limit=2))
            found += [x.order for x in page.orders]
            cursor, pages = page.next, pages + 1
            if cursor is None:
                break
        assert (found, pages) == ([f"o{n}" for n in range(5, -1, -1)], 3)
        done = m.SearchOrders(statuses=["fulfilled"], customer="ann")
        [order] = (await city.shop.request(done)).orders
        assert (order.order, order.customer, order.delivery_status) == ("o0", "ann", "delivered")
        [order] = (await city.store.request(m.SearchOrders(statuses=["fulfilled"]))).orders
        assert order.customer is None  # a store sells, and does not know to whom
        assert (await city.operator.request(m.SearchOrders(store="s1"))).orders
        assert not (await city.operator.request(m.SearchOrders(store="s2"))).orders


@live
async def test_nobody_finds_or_counts_what_is_somebody_elses(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await placed(city, "o1")
        rival = party(app, "order_service", "rival")
        rival.start()
        await rival.ready()
        assert (await rival.request(m.SearchOrders())).orders == []
        assert (await rival.request(m.CountOrders())).counts == []
        assert await code_of(rival, m.SearchOrders(service="shop")) == "forbidden"
        assert await code_of(city.store, m.CountOrders(store="s2")) == "forbidden"
        assert await code_of(city.store, m.SearchOrders(customer="ann")) == "forbidden"
        await rival.close()


@live
async def test_orders_are_counted_by_status_and_hour(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await delivered(city, "o1")
        first = await placed(city, "o2")
        counts = (await city.operator.request(m.CountOrders("store"))).counts
        paid = m.Money(first.total.amount, "CNY")
        assert counts == [m.OrderCount("s1", 2, {"placed": 1, "fulfilled": 1}, paid)]
        hours = (await city.shop.request(m.CountOrders("hour"))).counts
        assert sum(x.orders for x in hours) == 2
        assert all(x.key.endswith(":00:00.000Z") for x in hours)
        later = m.CountOrders("day", placed_from="2100-01-01T00:00:00Z")
        assert (await city.shop.request(later)).counts == []


@live
async def test_what_cannot_be_asked_is_refused(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        for cursor in ("x", "12", "12:", "9" * 16 + ":o1"):
            assert await code_of(city.shop, m.SearchOrders(cursor=cursor)) == "malformed"
        long = m.CountOrders("hour", placed_from="2020-01-01T00:00:00Z")
        assert await code_of(city.shop, long) == "malformed"
        quote = m.RequestQuote("q", "ann", "s1", [m.Line("ramen", 1)], DOOR)
        assert (await city.shop.request(quote)).quote == "q"  # and all goes on
