"""The client: it repeats until answered, resumes where it was, and knows when to give up."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from gateway import messages as m
from gateway.client import Client, GivenUpError, RequestRefusedError
from gateway.clock import wall_ms
from gateway.connections.limits import USUAL, Limits, RoleLimits
from gateway.tokens import Tokens, load_secret
from tests.serving import live, party, placed, raw, serving, small_city, tell, until

SERVE = """
import sys
from pathlib import Path
from gateway.app import App, Config
from gateway.running import run

async def main():
    async with App(Config(data=Path(sys.argv[1]), port=int(sys.argv[2]))) as app:
        print(app.server.port, flush=True)
        await app.ended()

run(main())
"""


@live
async def test_a_request_made_while_the_server_is_down_is_answered_when_it_is_back(tmp_path):
    async with serving(tmp_path) as app:
        port = app.server.port
        client = party(app, "operator", "ops")
        async with client:
            await client.request(m.RegisterCustomer("ann"), id="k-0")
            first = client.connections
    client = party(app, "operator", "ops")
    client.start()
    asking = asyncio.create_task(client.ask(m.RegisterCustomer("bob"), id="k-1"))
    repeat = asyncio.create_task(client.ask(m.RegisterCustomer("ann"), id="k-0"))
    await asyncio.sleep(0.05)
    assert not asking.done()
    async with serving(tmp_path, port=port) as again:
        assert (await asking).error is None
        assert (await repeat).seq < (await asking).seq
        assert again.engine.state.customers.get("bob")
        assert first == client.connections == 1
        await client.close()


def start(data, port):
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(data), str(port)], stdout=subprocess.PIPE, text=True
    )
    return server, int(server.stdout.readline())


@live
async def test_nothing_acknowledged_is_lost_when_the_server_is_killed(tmp_path):
    """kill -9 in the middle, several times; the clients go on by themselves."""
    secret = load_secret(tmp_path)
    url_port = 0
    server, url_port = start(tmp_path, 0)

    def token(role, subject):
        return lambda: Tokens(secret).mint(role, subject, 600, wall_ms() // 1_000)

    url = f"ws://127.0.0.1:{url_port}/ws"
    deltas, acknowledged = [], {}
    try:
        async with (
            Client(url, token("operator", "ops"), backoff_s=(0.01, 0.1)) as operator,
            Client(url, token("order_service", "shop"), m.JSON, backoff_s=(0.01, 0.1)) as shop,
        ):
            shop.subscribe("orders", deltas.append)

            async def register():
                for number in range(400):
                    reply = await operator.ask(m.RegisterCustomer(f"c{number}"), id=f"k-{number}")
                    assert reply.error is None
                    acknowledged[number] = reply

            working = asyncio.create_task(register())
            for _ in range(3):
                goal = len(acknowledged) + 30
                while len(acknowledged) < goal:
                    await asyncio.sleep(0.002)
                os.kill(server.pid, signal.SIGKILL)
                await asyncio.to_thread(server.wait)
                server.stdout.close()
                server, _ = await asyncio.to_thread(start, tmp_path, url_port)
            await working
            for number in (0, 57, 399):  # the same answers, bytes and numbers, ever after
                again = await operator.ask(m.RegisterCustomer(f"c{number}"), id=f"k-{number}")
                assert again == acknowledged[number]
            seqs = [reply.seq for reply in acknowledged.values()]
            assert seqs == sorted(set(seqs))
            assert operator.connections >= 4
            error = (await operator.ask(m.RegisterCustomer("c7"))).error
            assert error.code == "already_exists"
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


@live
async def test_not_now_is_waited_out(tmp_path):
    roles = USUAL | {"operator": RoleLimits(200, 5, 8, 8)}
    async with (
        serving(tmp_path, limits=Limits(roles=roles)) as app,
        party(app, "operator", "ops") as client,
    ):
        await asyncio.gather(*(client.request(m.RegisterCustomer(f"c{i}")) for i in range(40)))
        assert app.counters.throttled > 0


@live
async def test_no_is_an_answer(tmp_path):
    async with serving(tmp_path) as app, party(app, "operator", "ops") as client:
        with pytest.raises(RequestRefusedError) as info:
            await client.request(m.GetOrder("o9"))
        assert info.value.code == "unknown"
        assert "o9" in str(info.value)


@live
async def test_an_answer_that_does_not_come_in_time_may_be_asked_for_again(tmp_path):
    async with serving(tmp_path) as app:
        client = party(app, "operator", "ops")
        client.start()
        with pytest.raises(TimeoutError):
            await client.ask(m.RegisterCustomer("ann"), id="k-1", timeout_s=0)
        assert (await client.ask(m.RegisterCustomer("ann"), id="k-1")).error is None
        await client.close()


@live
async def test_a_refused_token_is_not_tried_for_ever(tmp_path):
    async with serving(tmp_path) as app:
        client = Client(app.url, lambda: "nonsense")
        with pytest.raises(GivenUpError):
            await client.__aenter__()
        with pytest.raises(GivenUpError):
            await client.ask(m.ListStores())
        await client.close()
        assert app.counters.turned_away == 1


@live
async def test_a_token_is_renewed_before_it_expires(tmp_path):
    async with serving(tmp_path) as app:
        lives = []

        async def token():
            lives.append(2)
            return app.mint("operator", "ops", 2)

        async with Client(app.url, token) as client:
            while len(lives) < 3:
                await asyncio.sleep(0.05)
            assert client.connections == 1
            await client.request(m.ListStores())


@live
async def test_subscriptions_end_with_the_client(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        async with party(app, "order_service", "shop") as client:
            feed = client.subscribe("orders")
            await anext(feed)
            with pytest.raises(ValueError, match="already"):
                client.subscribe("orders")
            client.unsubscribe("orders")
            assert [u async for u in feed] == []
            again = client.subscribe("orders")
            assert (await anext(again)).kind == "snapshot"
        assert [u async for u in again] == []
        await placed(city, "o1")


@live
async def test_a_callback_that_fails_is_not_hidden(tmp_path):
    async with serving(tmp_path) as app, party(app, "operator", "ops") as client:
        client.subscribe("city", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await client._life
        with pytest.raises(GivenUpError, match="callback failed"):
            await client.ask(m.ListStores())


@live
async def test_what_the_server_finds_wrong_with_positions_is_heard(tmp_path):
    async with serving(tmp_path) as app, small_city(app):
        heard = asyncio.get_running_loop().create_future()
        async with party(app, "courier", "kim", on_error=heard.set_result) as kim:
            kim.report([m.Fix(39.0, 116.0, "2000-01-01T00:00:00Z")])
            assert (await heard).error.detail == {"why": "past"}


@live
async def test_two_who_speak_different_subprotocols_meet(tmp_path):
    async with serving(tmp_path) as app, small_city(app, m.JSON) as city:
        feed = city.shop.subscribe("orders")
        await anext(feed)
        async with raw(app, "order_service", "shop") as ws:  # MessagePack, by hand
            await tell(ws, {"type": "subscribe", "feed": "orders"})
            await placed(city, "o1")
        assert (await until(feed, lambda u: True)).body.order == "o1"
