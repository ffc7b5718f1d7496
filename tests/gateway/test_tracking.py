"""Tracking over real connections: who comes near is told of, and customers see when."""

import asyncio

import pytest

from engine.settings import Settings
from gateway import messages as m
from gateway.client import Client, RequestRefusedError
from gateway.wire import time_text
from tests.receiving import Receiver
from tests.serving import DOOR, STORE, accepted, live, party, serving, small_city, until


async def report(app, city, place, ago_s):
    """Where he was, so many seconds ago; returns when the engine knows."""
    before = app.engine.state.positions.get(0)
    at = time_text(app.loop.clock.now() - ago_s * 1_000)
    city.kim.report([m.Fix(place.lat, place.lon, at)])
    while app.engine.state.positions.get(0) == before:
        await asyncio.sleep(0.005)


def north(place, meters):
    return m.Place(place.lat + meters * 8.9932e-6, place.lon)


FAST = {"fix_interval_s": 0.02, "webhook_networks": ("127.0.0.0/8",)}


@live
async def test_service_store_and_courier_hear_of_an_arrival_and_so_does_a_webhook(tmp_path):
    async with serving(tmp_path, **FAST) as app, small_city(app) as city, Receiver() as receiver:
        kinds = ["courier_near", "courier_crossed"]
        await city.shop.request(m.SetWebhook("w", "orders", receiver.url, kinds))
        orders = city.shop.subscribe("orders")
        tickets = city.store.subscribe("tickets")
        route = city.kim.subscribe("route")
        await accepted(city, "o1")
        await report(app, city, north(STORE, 290), ago_s=100)
        await report(app, city, north(STORE, 5), ago_s=60)
        near = await until(orders, lambda u: isinstance(u.body, m.CourierNear))
        assert (near.body.order, near.body.courier, near.body.distance_m) == ("o1", "kim", 289)
        entered = await until(orders, lambda u: isinstance(u.body, m.CourierCrossed))
        assert (entered.body.crossing, entered.body.stop) == ("enter", "pickup")
        seen = await until(tickets, lambda u: isinstance(u.body, m.CourierCrossed))
        assert seen.body == entered.body
        hinted = await until(route, lambda u: any(x.seems_arrived for x in u.body.stops))
        assert [x.seems_arrived for x in hinted.body.stops] == [True, False]
        assert all(x.eta_at for x in hinted.body.stops)
        while len(receiver.events) < 2:
            await asyncio.sleep(0.01)
        assert [x["type"] for x in receiver.events] == ["courier_near", "courier_crossed"]
        assert receiver.events[0]["data"]["distance_m"] == 289


@live
async def test_a_customer_sees_when_it_will_be_there_and_not_who_brings_it(tmp_path):
    async with serving(tmp_path, **FAST) as app, small_city(app) as city:
        await accepted(city, "o1")
        await report(app, city, north(STORE, 5), ago_s=60)
        async with party(app, "customer", "o1") as ann:
            tracking = ann.subscribe("tracking")
            first = (await anext(tracking)).body
            assert first.eta_at is not None
            assert first.eta_at.endswith(":00.000Z")
            assert first.courier is None, "not yet on the way to this customer"
            await city.kim.request(m.ReportPickup("o1/1"))
            await report(app, city, north(DOOR, 900), ago_s=1)
            coming = await until(tracking, lambda u: u.body.courier is not None)
            assert "kim" not in repr(coming.body)
            assert coming.body.eta_at <= first.eta_at
            await city.kim.request(m.ReportDropoff("o1/1"))
            over = await until(tracking, lambda u: u.body.delivery_status == "delivered")
            assert (over.body.eta_at, over.body.courier) == (None, None)


@live
async def test_a_link_dies_some_time_after_the_delivery(tmp_path):
    """Of one order only; and who still looks at it then is told that there is no more to see."""
    settings = Settings(link_life_ms=1_500)
    async with serving(tmp_path, settings=settings) as app, small_city(app) as city:
        await accepted(city, "o1")
        link = await city.shop.request(m.CreateTrackingLink("o1"))
        over = []
        ann = Client(app.url, lambda: link.token, on_error=over.append)
        async with ann:
            tracking = ann.subscribe("tracking")
            assert (await anext(tracking)).body.order == "o1"
            await city.kim.request(m.ReportPickup("o1/1"))
            await city.kim.request(m.ReportDropoff("o1/1"))
            done = await until(tracking, lambda u: u.body.order_status == "fulfilled")
            assert done.body.delivery_status == "delivered"
            assert (await ann.request(m.Track())).order == "o1"
            while not over:
                await asyncio.sleep(0.02)
            assert (over[0].feed, over[0].error.code) == ("tracking", "unknown")
            with pytest.raises(RequestRefusedError) as info:
                await ann.request(m.Track())
            assert info.value.code == "unknown"
        async with Client(app.url, lambda: link.token, on_error=over.append) as again:
            again.subscribe("tracking")
            while len(over) < 2:
                await asyncio.sleep(0.02)
            assert over[1].error.code == "unknown"
