"""Thousands at the door at once: whoever is inside is heard all the same, and who leaves is gone."""

import asyncio
import gc
import itertools
import socket
from contextlib import AsyncExitStack, contextmanager

import pytest
from websockets.server import ServerProtocol

from gateway import messages as m
from gateway.client import Client
from gateway.connections.gradually import Gradually
from gateway.connections.guarding import Guarded
from gateway.connections.limits import Limits
from gateway.connections.requests import Requests
from gateway.connections.server import ACCEPTED_AT_ONCE
from gateway.connections.sessions import Session
from tests.loops import run
from tests.serving import hear, live, party, raw, serving, tell

KINDS = (Session, Requests, Guarded, ServerProtocol)


@contextmanager
def shut(door):
    """It is nobody's turn; afterwards it is everybody's."""
    door._at_once = 0
    try:
        yield
    finally:
        door._at_once = 8
        door._next_round()


@run
async def test_of_much_work_a_little_is_done_in_each_round_of_the_loop_and_in_order():
    gradually, done, seen = Gradually(3), [], []
    here = [gradually.do(done.append, n) for n in range(10)]
    assert (here, done, len(gradually)) == ([True] * 3 + [False] * 7, [0, 1, 2], 7)
    while gradually:
        await asyncio.sleep(0)
        seen.append(len(done))
    assert seen == [6, 9, 10]
    assert not gradually.do(done.append, 10) or len(done) == 11
    for _ in range(3):  # a loop that has nothing to do counts no rounds
        await asyncio.sleep(0)
    assert done == [*range(11)]
    assert not gradually._is_counting


@run
async def test_what_goes_wrong_at_the_door_shuts_it_for_nobody_else():
    gradually, done, wrong = Gradually(2), [], []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: wrong.append(told))
    for work in (done.append, done.append, {}.pop, done.append, {}.pop, done.append):
        gradually.do(work, "x")
    while gradually:
        await asyncio.sleep(0)
    assert (len(done), [type(x["exception"]) for x in wrong]) == (4, [KeyError, KeyError])
    for _ in range(3):
        await asyncio.sleep(0)
    assert gradually.do(done.append, "y")


@live
async def test_of_many_sockets_a_few_are_accepted_in_each_round_of_the_loop(tmp_path):
    async with serving(tmp_path) as app:
        where = ("127.0.0.1", app.server.port)
        crowd = [socket.create_connection(where) for _ in range(100)]  # none waits to be accepted
        seen = [0]
        while seen[-1] < len(crowd):
            await asyncio.sleep(0)
            seen.append(app.server._guarded.open_count)
        assert max(b - a for a, b in itertools.pairwise(seen)) <= ACCEPTED_AT_ONCE
        for each in crowd:
            each.close()


@live
async def test_who_is_inside_is_heard_while_others_still_wait_at_the_door(tmp_path):
    async with serving(tmp_path) as app, AsyncExitStack() as stack:
        inside = await stack.enter_async_context(party(app, "operator", "ops"))
        leaving = await stack.enter_async_context(raw(app, "courier", "lee"))
        door = app.server._guarded.gradually
        with shut(door):
            coming = asyncio.create_task(stack.enter_async_context(raw(app, "courier", "kim")))
            while not door:
                assert not coming.done()
                await asyncio.sleep(0.001)
            leaving.transport.abort()
            while len(door) < 2:
                await inside.request(m.ListStores())
            assert (coming.done(), app.desk.roll.count) == (False, 2)
        await coming
        assert {x.who.subject for x in app.desk.roll.all()} == {"ops", "kim"}


@live
async def test_whoever_says_much_before_he_is_let_in_is_heard_in_order_and_not_read_meanwhile(
    tmp_path,
):
    """Bytes of a stranger wait one chunk long: the rest stays in his own socket."""
    async with serving(tmp_path, limits=Limits(malformed=1_000)) as app:
        door = app.server._guarded.gradually
        async with raw(app) as newcomer:
            with shut(door):
                await tell(newcomer, {"type": "hello", "token": app.mint("operator", "ops")})
                while not door:
                    assert not app.desk.roll.count
                    await asyncio.sleep(0.001)
                for n in range(200):
                    await tell(newcomer, {"type": "request", "id": f"k{n}", "body": "x" * 1_000})
                [stranger] = app.server._guarded.strangers
                while stranger.transport.is_reading():
                    await asyncio.sleep(0.001)
                assert len(door) == 1
            assert (await hear(newcomer))["type"] == "welcome"
            for n in range(200):
                told = await hear(newcomer)
                assert (told["id"], told["error"]["code"]) == (f"k{n}", "malformed")


@pytest.mark.parametrize("way", ["abort", "close", "turned away", "before hello", "no handshake"])
def test_who_has_left_is_gone_without_a_search_for_cycles(tmp_path, way):
    """That search stops the server; after thousands have left, for as long as a quarter second."""

    @live
    async def come_and_go():
        async with serving(tmp_path) as app:
            gc.collect()
            gc.disable()
            try:
                for n in range(5):
                    if way == "no handshake":
                        _, pen = await asyncio.open_connection(app.server.host, app.server.port)
                        pen.write(b"GET /ws HTTP")
                        while app.server.mutes or not app.server.connections:
                            await asyncio.sleep(0.001)
                        pen.close()
                        continue
                    async with raw(app) as ws:
                        token = "o2o1.no" if way == "turned away" else app.mint("store", f"s{n}")
                        if way != "before hello":
                            await tell(ws, {"type": "hello", "token": token})
                            await hear(ws)
                        if way == "abort":
                            ws.transport.abort()
                while app.server.connections:
                    await asyncio.sleep(0.001)
                ws = None
                async with asyncio.timeout(3):
                    while [x for x in gc.get_objects() if issubclass(type(x), KINDS)]:
                        await asyncio.sleep(0.1)
            finally:
                gc.enable()

    come_and_go()


@live
async def test_a_client_comes_back_as_late_as_a_full_server_asks_for(tmp_path):
    async with serving(tmp_path, limits=Limits(connections=1)) as app:
        waits = []

        class Waiting(Client):
            def _wait_s(self, attempts):
                waits.append(super()._wait_s(attempts))
                return 0.05

        async with raw(app, "operator", "ops") as here:
            late = Waiting(app.url, lambda: app.mint("store", "s1"), backoff_s=(0.01, 0.02))
            late.start()
            while len(waits) < 2:
                await asyncio.sleep(0.001)
            await here.close()
        await late.ready()
        assert all(5.0 <= x <= 10.0 for x in waits[:2])
        await late.close()
