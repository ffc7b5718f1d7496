"""What the gateway costs: codecs, feeds, positions, and a request from socket to socket.

`pytest benchmarks/bench_gateway.py`. The last one starts a server of its own and charges it only
for its own CPU time, so that the clients beside it do not count.
"""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import msgpack
import numpy as np
import pytest

from engine import commands as c
from engine.columns import PositionBatch
from engine.engine import Engine
from engine.settings import Settings
from engine.values import HOUR, CourierId, Line, Millis, OrderId
from gateway import messages as m
from gateway.client import Client
from gateway.clock import wall_ms
from gateway.telling.feeds import FeedHub
from gateway.tokens import Tokens, load_secret
from gateway.views import order_told
from gateway.wire import CODECS
from geo.points import Point
from geo.travel import Vehicle

STORE, DOOR = Point(390_000_000, 1_160_000_000), Point(390_100_000, 1_160_100_000)
REQUESTS, CLIENTS = 20_000, 50
SERVE = """
import sys
from pathlib import Path
from gateway.app import App, Config
from gateway.connections.limits import Limits, RoleLimits
from gateway.tokens import LIFE_MAX_S

async def main():
    limits = Limits(roles=dict.fromkeys(LIFE_MAX_S, RoleLimits(1e6, 10**6, 1000, 256)))
    async with App(Config(data=Path(sys.argv[1]), port=0, limits=limits)) as app:
        print(app.server.port, flush=True)
        await app.ended()

run(main())
"""

ORDER_FRAME = {
    "type": "request",
    "id": "0123456789ab-77",
    "body": {
        "type": "request_quote",
        "quote": "q77",
        "customer": "c123456",
        "store": "s42",
        "lines": [{"product": f"p{i}", "quantity": 1 + i} for i in range(5)],
        "dropoff": {"lat": 39.0123456, "lon": 116.0123456},
    },
}
POSITIONS_FRAME = {
    "type": "positions",
    "fixes": [{"lat": 39.01, "lon": 116.01, "fix_time": "2026-01-01T12:00:00.123Z"}],
}


def city(couriers=1, orders=0):
    """An engine with a store, couriers on shift, and orders placed and paid."""
    engine, now = Engine(), Millis(1_800_000_000_000)
    commands = [
        c.OpenEngine(Settings()),
        c.RegisterStore("s", "Noodles", STORE, 600_000),
        c.ListProduct("p", "Ramen", "food"),
        c.SetPrice("s", "p", 1200),
        c.ReceiveStock("s", "p", 10**6),
        c.RegisterCustomer("ann"),
    ]
    for number in range(couriers):
        commands += [
            c.RegisterCourier(CourierId(f"c{number}"), Vehicle.SCOOTER, 12),
            c.StartShift(CourierId(f"c{number}"), Millis(now + 20 * HOUR)),
        ]
    for number in range(orders):
        commands += [
            c.RequestQuote(f"q{number}", "shop", "ann", "s", [Line("p", 1)], DOOR),
            c.PlaceOrder(f"o{number}", "shop", f"q{number}", "bank"),
        ]
    for command in commands:
        assert engine.step(now, command)[-1].rejection is None
    return engine, now


@pytest.mark.parametrize("name", ["msgpack", "json"])
def test_decode_a_request_for_a_quote_of_five_lines(benchmark, name):
    codec = CODECS[m.MSGPACK if name == "msgpack" else m.JSON]
    data = json.dumps(ORDER_FRAME) if codec.is_text else msgpack.packb(ORDER_FRAME)
    benchmark(lambda: codec.request_body(codec.client_frame(data).body))


def test_decode_one_position(benchmark):
    codec, data = CODECS[m.MSGPACK], msgpack.packb(POSITIONS_FRAME)
    benchmark(codec.client_frame, data)


def test_tell_an_order(benchmark):
    engine, now = city(orders=1)
    codec = CODECS[m.MSGPACK]
    benchmark(lambda: codec.encode(order_told(engine.state, OrderId("o0"), now)))


def test_fold_a_thousand_orders_into_the_feeds(benchmark):
    """Two records an order: quoted, and placed with its payment requested."""

    def fresh():
        engine, now = city()
        return (FeedHub(engine), engine, now), {}

    def fold(hub, engine, now):
        for number in range(1_000):
            for command in (
                c.RequestQuote(f"q{number}", "shop", "ann", "s", [Line("p", 1)], DOOR),
                c.PlaceOrder(f"o{number}", "shop", f"q{number}", "bank"),
            ):
                for record in engine.turns(now, command):
                    hub.fold(record)

    benchmark.pedantic(fold, setup=fresh, rounds=5)


class Watcher:
    """An operator's connection that reads everything."""

    def __init__(self):
        self.codec = CODECS[m.JSON]
        self.subscriptions = {}
        self.backlog_bytes = 0
        self.sent_bytes = 0

    def send(self, frame):
        self.send_bytes(self.codec.encode(frame))

    def send_bytes(self, data):
        self.sent_bytes += len(data)


class LoopStub:
    """An engine whose records are durable as soon as they are decided."""

    def __init__(self, engine):
        self.engine = engine

    def on_record(self, callback):
        self.told = callback

    def on_durable(self, callback):
        self.durable = callback

    def step(self, at, command):
        for record in self.engine.turns(at, command):
            self.told(record)
            self.durable([record])


def test_show_a_city_of_two_thousand_couriers_that_all_moved(benchmark):
    engine, now = city(couriers=2_000, orders=500)
    loop, hub, watcher = LoopStub(engine), FeedHub(engine), Watcher()
    hub.attach(loop)
    hub.subscribe(watcher, "city", "ops", None)
    rng = np.random.default_rng(7)
    moments = iter(range(1, 10**6))

    def move():
        at = now + next(moments) * 1_000
        lat, lon = (rng.integers(0, 10**6, 2_000) + base for base in (STORE.lat_e7, STORE.lon_e7))
        loop.step(at, c.ReportPositions(PositionBatch.pack(range(2_000), lat, lon, [at] * 2_000)))
        hub.tick()

    benchmark(move)
    assert watcher.sent_bytes > 50_000


def test_a_newcomer_sees_a_city_of_two_thousand_couriers(benchmark):
    engine, _ = city(couriers=2_000, orders=500)
    hub = FeedHub(engine)
    hub.attach(LoopStub(engine))

    def look():
        watcher = Watcher()
        hub.subscribe(watcher, "city", "ops", None)
        hub.drop(watcher)

    benchmark(look)


def test_requests_from_socket_to_socket(benchmark, tmp_path):
    """Durable registrations by fifty pipelining clients; the server's CPU per request."""
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    port = int(server.stdout.readline())
    secret = load_secret(tmp_path)
    spent = []

    def token():
        return Tokens(secret).mint("operator", "ops", 3600, wall_ms() // 1_000)

    async def ask(round_):
        clients = [Client(f"ws://127.0.0.1:{port}/ws", token) for _ in range(CLIENTS)]
        for client in clients:
            await client.__aenter__()
        before = cpu_s(server.pid)

        async def work(k, client):
            for i in range(REQUESTS // CLIENTS // 20):
                names = (f"{round_}-{k}-{i}-{j}" for j in range(20))
                await asyncio.gather(*(client.ask(m.RegisterCustomer(x)) for x in names))

        await asyncio.gather(*(work(k, client) for k, client in enumerate(clients)))
        spent.append((cpu_s(server.pid) - before) / REQUESTS)
        for client in clients:
            await client.close()

    rounds = iter(range(100))
    try:
        benchmark.pedantic(lambda: asyncio.run(ask(next(rounds))), rounds=2)
        benchmark.extra_info["server_cpu_us_per_request"] = round(min(spent) * 1e6, 1)
        benchmark.extra_info["requests"] = REQUESTS
        print(f"server: {min(spent) * 1e6:.1f} us of CPU a request")
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
