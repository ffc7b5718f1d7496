"""Webhooks out, over real connections, to a receiver that comes and goes."""

import asyncio

import pytest

from gateway import messages as m
from gateway.client import RequestRefusedError
from gateway.hooks.postman import DOWN_AFTER
from tests.receiving import Receiver
from tests.serving import accepted, delivered, live, party, placed, serving, small_city

NEAR = {"webhook_networks": ("127.0.0.0/8",)}


async def until(what):
    while not what():
        await asyncio.sleep(0.01)


@live
async def test_orders_tickets_and_shelves_are_told_to_who_asked(tmp_path):
    async with serving(tmp_path, **NEAR) as app, small_city(app) as city, Receiver() as receiver:
        shop = await city.shop.request(m.SetWebhook("w", "orders", receiver.url))
        store = await city.store.request(m.SetWebhook("w", "tickets", receiver.url, ["ticket"]))
        shelf = await city.operator.request(m.SetWebhook("w", "stock", receiver.url))
        receiver.secrets = [shop.secret, store.secret, shelf.secret]
        told = []
        city.shop.subscribe("orders", told.append)
        await delivered(city, "o1")
        await until(lambda: told and told[-1].body.order_status == "fulfilled")
        states = (await city.operator.request(m.ListWebhooks())).webhooks
        while any(x.pending for x in states) or len(receiver.events) < 20:
            states = (await city.operator.request(m.ListWebhooks())).webhooks
            await asyncio.sleep(0.01)
        orders = [x for x in receiver.events if x["feed"] == "orders"]
        assert [x["seq"] for x in orders] == [x.seq for x in told[1:]]
        assert [x["data"]["delivery_status"] for x in orders] == [
            x.body.delivery_status for x in told[1:]
        ]
        assert {x["type"] for x in receiver.events if x["feed"] == "tickets"} == {"ticket"}
        assert {x["data"]["product"] for x in receiver.events if x["feed"] == "stock"} == {"ramen"}
        assert {(x.owner, x.dropped, x.dead) for x in states} == {
            ("order_service:shop", 0, 0),
            ("store:s1", 0, 0),
            ("operator:ops", 0, 0),
        }


@live
async def test_a_receiver_that_is_killed_and_comes_back_has_missed_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.hooks.postman.OUTAGE_S", (0.05,))
    async with serving(tmp_path, **NEAR) as app, small_city(app) as city, Receiver() as receiver:
        await city.shop.request(m.SetWebhook("w", "orders", receiver.url))
        told = []
        city.shop.subscribe("orders", told.append)
        await delivered(city, "o1")
        await until(lambda: receiver.events)
        await receiver.stop()
        for number in range(2, 7):
            await delivered(city, f"o{number}")
        await until(lambda: app.hooks.metrics()[1].value > DOWN_AFTER)
        await receiver.start()
        await delivered(city, "o7")
        [postman] = app.hooks._postmen.values()
        await until(lambda: told[-1].seq == postman.endpoint.noted and not len(postman.queue))
        seqs = [x["seq"] for x in receiver.events]
        assert sorted(set(seqs)) == [x.seq for x in told[1:]]
        for key in {x.body.order for x in told[1:]}:
            its = [x["seq"] for x in receiver.events if x["data"]["order"] == key]
            assert its == sorted(its)
        [state] = (await city.shop.request(m.ListWebhooks())).webhooks
        assert (state.dropped, state.dead, state.pending, state.down) == (0, 0, 0, False)


@live
async def test_after_access_was_revoked_nothing_is_sent_until_it_is_set_again(tmp_path):
    async with serving(tmp_path, **NEAR) as app, small_city(app) as city, Receiver() as receiver:
        await city.shop.request(m.SetWebhook("w", "orders", receiver.url))
        await city.operator.request(m.RevokeAccess("order_service", "shop"))
        [postman] = app.hooks._postmen.values()
        await app.loop.settled()
        app.desk.revocations._until_s.clear()
        async with party(app, "order_service", "shop") as shop:
            city.shop = shop
            await placed(city, "o1")
            await until(lambda: len(postman.queue))
            await asyncio.sleep(0.05)
            assert receiver.attempts == []
            assert (await shop.request(m.ListWebhooks())).webhooks[0].suspended
            await shop.request(m.SetWebhook("w", "orders", receiver.url))
            await until(lambda: receiver.events)


@live
async def test_an_address_inside_is_refused_when_it_is_set(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        for url in ("http://127.0.0.1:9/", "https://169.254.169.254/latest/meta-data"):
            with pytest.raises(RequestRefusedError) as info:
                await city.shop.request(m.SetWebhook("w", "orders", url))
            assert info.value.code == "webhook_refused"


@live
async def test_figures_of_each_webhook_are_in_the_metrics(tmp_path):
    async with serving(tmp_path, **NEAR) as app, small_city(app) as city, Receiver() as receiver:
        await city.shop.request(m.SetWebhook("w", "orders", receiver.url))
        await accepted(city, "o1")
        await until(lambda: receiver.events)
        reader, writer = await asyncio.open_connection("127.0.0.1", app.server.port)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        text = (await reader.read(-1)).decode()
        writer.close()
        assert 'o2o_webhook_dropped_total{owner="order_service:shop",webhook="w"} 0' in text
        assert 'o2o_webhook_lag_seconds{owner="order_service:shop",webhook="w"} ' in text
        assert text.count("# TYPE o2o_webhook_pending gauge") == 1
