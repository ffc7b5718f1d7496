"""How many may be here, and how much they may ask: who is too many, or asks too much, hears so."""

import asyncio
from contextlib import AsyncExitStack, suppress

import pytest
from websockets.exceptions import ConnectionClosed

from gateway import loop
from gateway import messages as m
from gateway.clock import stopwatch_s
from gateway.connections.limits import Bucket, Buckets, Limits, RoleLimits, Slots
from tests.gateway.test_server import get
from tests.loops import run
from tests.serving import DOOR, hear, live, raw, serving, small_city, tell


@live
async def test_there_is_a_limit_to_connections(tmp_path):
    """Exactly: however many have shaken hands already, and whoever says hello first."""
    async with serving(tmp_path, limits=Limits(connections=3)) as app, AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(raw(app)) for _ in range(8)]
        hellos = [{"type": "hello", "token": app.mint("store", f"s{n}")} for n in range(8)]
        await asyncio.gather(*(tell(x, y) for x, y in zip(lines, hellos, strict=True)))
        heard = [await hear(x) for x in lines]
        refused = [x["error"] for x in heard if x["type"] == "error"]
        assert [(x["code"], x["retryable"], x["retry_after_s"]) for x in refused] == [
            ("server_full", True, 5.0)
        ] * 5
        assert app.desk.roll.count == 3
        assert (await get(app, "/health"))[0] == 200  # who wants a page only is no connection
        for line, told in zip(lines, heard, strict=True):
            if told["type"] == "error":
                await line.wait_closed()
                assert (line.close_code, line.close_reason) == (1013, "server_full")
        await next(
            x for x, told in zip(lines, heard, strict=True) if told["type"] != "error"
        ).close()
        while app.desk.roll.count == 3:
            await asyncio.sleep(0.001)
        await stack.enter_async_context(raw(app, "store", "late"))
        assert app.desk.roll.count == 3


@live
async def test_a_full_server_lets_whoever_was_cut_take_his_own_place_again(tmp_path):
    """His old connection may have died unnoticed: it is not what keeps him out."""
    async with (
        serving(tmp_path, limits=Limits(connections=2)) as app,
        raw(app, "courier", "kim") as died,
        raw(app, "courier", "lee"),
    ):
        app.desk.monotonic_s = lambda: stopwatch_s() + 2.0
        async with raw(app, "courier", "kim"):
            with pytest.raises(ConnectionClosed):
                await died.recv()
            assert died.close_code == 4409
            assert app.desk.roll.count == 2


def test_a_bucket_gives_what_it_holds_and_then_its_rate():
    bucket = Bucket(rate=10, burst=3, now_s=0.0)
    assert [bucket.wait_s(0.0) for _ in range(3)] == [0, 0, 0]
    assert bucket.wait_s(0.0) == pytest.approx(0.1)
    assert bucket.wait_s(0.1) == 0
    assert bucket.wait_s(0.05) > 0  # a clock that is set back gives nothing away
    assert [bucket.wait_s(100.0) for _ in range(4)][-1] > 0


def test_buckets_of_who_left_are_forgotten_and_those_in_use_are_not():
    buckets = Buckets({"courier": RoleLimits(1, 2, 1, 1)})
    for number in range(Buckets.PRUNED_AT):
        buckets.of(f"courier:{number}", "courier", 0.0).wait_s(0.0)
    busy = buckets.of("courier:busy", "courier", 100.0)
    assert len(buckets) == 1
    busy.wait_s(100.0)
    for number in range(Buckets.PRUNED_AT):
        buckets.of(f"courier:{number}", "courier", 100.0)
    assert buckets.of("courier:busy", "courier", 100.0) is busy


@live
async def test_of_those_who_never_said_a_byte_the_oldest_give_way(tmp_path):
    """Ten thousand half-open sockets cost a process 60 MiB, and it keeps them."""
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(serving(tmp_path, limits=Limits(mute=2)))

        async def mute():
            reader, writer = await asyncio.open_connection(app.server.host, app.server.port)
            stack.callback(writer.close)
            return reader, writer

        slow, pen = await mute()
        pen.write(b"G")
        while not app.server.connections or app.server.mutes:  # until it is heard
            await asyncio.sleep(0.001)
        first, second = (await mute())[0], (await mute())[0]
        async with raw(app, "operator") as honest:
            with suppress(ConnectionResetError):  # the system may tell it either way
                assert await first.read() == b""
            third = (await mute())[0]
            await (await honest.ping())
        assert not any(x.at_eof() for x in (slow, second, third))


@live
async def test_strangers_never_take_the_last_socket_however_much_they_say(tmp_path):
    """Half a request line, or a whole handshake and no hello: the oldest of them give way."""
    limits = Limits(sockets=4, open_s=60, hello_s=60)
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(serving(tmp_path, limits=limits))
        honest = await stack.enter_async_context(raw(app, "operator", "ops"))
        silent = await stack.enter_async_context(raw(app))
        while app.server.mutes:
            await asyncio.sleep(0.001)
        dawdlers = []
        for count in range(2, 8):
            reader, pen = await asyncio.open_connection(app.server.host, app.server.port)
            stack.callback(pen.close)
            pen.write(b"GET /ws HT")
            dawdlers.append(reader)
            while app.server.connections < min(count + 1, 4) or app.server.mutes:
                await asyncio.sleep(0.001)
        with pytest.raises(ConnectionClosed):
            await silent.recv()
        for gone in dawdlers[:3]:
            with suppress(ConnectionResetError):
                assert await gone.read() == b""
        async with raw(app, "store", "s1") as newcomer:
            await (await newcomer.ping())
            await (await honest.ping())


def test_a_process_that_may_open_few_files_keeps_some_for_itself():
    few, many = Limits().within(1_024), Limits().within(1_000_000)
    assert many == Limits()
    assert few.connections + few.mute <= few.sockets == 768
    assert few.sockets + few.backlog < 1_024
    assert Limits().within(20_000) == Limits()


@live
async def test_who_goes_on_asking_of_an_overloaded_engine_is_not_even_read(tmp_path, monkeypatch):
    """Refusing costs as much as many an answer: a flood must not keep others from theirs."""
    limits = Limits(overload_rest_s=1.0)
    async with serving(tmp_path, limits=limits) as app, small_city(app) as city:
        monkeypatch.setattr(loop, "SALES_MAX", 0)
        async with raw(app, "order_service", "shop") as flood:
            line, place = {"product": "ramen", "quantity": 1}, {"lat": DOOR.lat, "lon": DOOR.lon}
            for n in range(96):
                asked = {"type": "request_quote", "quote": f"q{n}", "customer": "ann"}
                asked |= {"store": "s1", "lines": [line], "dropoff": place}
                await tell(flood, {"type": "request", "id": f"f{n}", "body": asked})
            assert (await hear(flood))["error"]["code"] == "overloaded"
            for n in range(10):
                await city.operator.request(m.RegisterCourier(f"k{n}", "scooter", 12))
            assert app.desk.counters.frames_in < 100  # of 118


@live
async def test_new_business_is_refused_at_a_glance_and_what_was_decided_is_answered(
    tmp_path, monkeypatch
):
    """Not even its fields are looked at; what is promised already is served on."""
    limits = Limits(overload_rest_s=0.0)
    async with serving(tmp_path, limits=limits) as app, small_city(app) as city:
        asked = m.RequestQuote("q", "ann", "s1", [m.Line("ramen", 1)], DOOR)
        first = await city.shop.ask(asked, id="known")
        assert first.error is None
        monkeypatch.setattr(loop, "SALES_MAX", 0)
        assert (await city.shop.ask(asked, id="known")) == first
        async with raw(app, "order_service", "shop") as shop:
            for n, kind in enumerate(("request_quote", "place_order", "request_quote")):
                body = {"type": kind, "no": "such field"}
                await tell(shop, {"type": "request", "id": f"k{n}", "body": body})
                error = (await hear(shop))["error"]
                assert (error["code"], error["retryable"]) == ("overloaded", True)
                assert 1.0 <= error["retry_after_s"] <= 30.0
            for body in ({"type": "track"}, {"no": "type"}, "request_quote"):
                await tell(shop, {"type": "request", "id": "k9", "body": body})
                assert (await hear(shop))["error"]["code"] in ("malformed", "forbidden")
        await city.operator.request(m.RegisterCourier("lee", "scooter", 12))
        monkeypatch.setattr(loop, "SALES_MAX", 2_000)
        assert (await city.shop.ask(asked, id="k0")).error.code == "already_exists"  # as ever


@run
async def test_whoever_has_enough_under_way_is_read_on_when_something_is_answered():
    slots, taken = Slots(2), []

    async def reader():
        for n in range(5):
            await slots.take()
            taken.append(n)

    reading = asyncio.create_task(reader())
    seen = []
    for back in (0, 1, 2):
        for _ in range(back):
            slots.give_back()
        for _ in range(3):
            await asyncio.sleep(0)
        seen.append(len(taken))
    assert seen == [2, 3, 5]
    await reading
