"""An engine loop for tests, and a journal that a test can hold up."""

import asyncio
import threading
from contextlib import asynccontextmanager

from engine import commands as c
from engine.engine import Engine
from engine.settings import Settings
from engine.values import MINUTE, Line
from gateway.clock import resumed
from gateway.loop import EngineLoop
from geo.points import Point
from geo.travel import Vehicle

HERE = Point(411_500_000, -86_100_000)
ANN, BOB = c.RegisterCustomer("ann"), c.RegisterCustomer("bob")


class MemoryJournal:
    """Keeps records in a list. `gate` closed: the disk takes its time. `failure`: it refuses."""

    def __init__(self):
        self.records = []
        self.batches = 0
        self.gate = threading.Event()
        self.gate.set()
        self.room = True
        self.failure = None

    def append(self, records):
        assert self.gate.wait(timeout=10)
        if self.failure:
            raise self.failure
        self.records.extend(records)
        self.batches += 1

    def record(self, seq):
        return self.records[seq - 1]

    def digest_at(self, _seq):
        return bytes(16)

    def has_room(self):
        return self.room

    def must_be_ours(self):
        pass


@asynccontextmanager
async def serving(journal, engine=None, clock=None, **options):
    engine = engine or Engine()
    loop = EngineLoop(engine, journal, clock or resumed(engine.now), **options)
    running = asyncio.create_task(loop.run())
    await asyncio.sleep(0.01)  # it looks for room first
    try:
        yield loop
    finally:
        if isinstance(journal, MemoryJournal):
            journal.gate.set()
        if not running.done():
            loop.stop()
            await running


def several(loop, commands, keys=None):
    keys = keys or [""] * len(commands)
    pairs = zip(commands, keys, strict=True)
    return [asyncio.create_task(loop.submit(command, key)) for command, key in pairs]


async def moments():
    """Enough for everything that can happen to happen."""
    for _ in range(20):
        await asyncio.sleep(0.001)


def run(test):
    """So that a test is one coroutine and its name a sentence."""

    def sync(*args, **kwargs):
        async def in_time():
            async with asyncio.timeout(30):
                await test(*args, **kwargs)

        asyncio.run(in_time())

    sync.__name__, sync.__doc__ = test.__name__, test.__doc__
    sync.__signature__ = __import__("inspect").signature(test)
    return sync


async def open_shop(loop, **settings):
    """Everything an order needs, up to an accepted quote."""
    await loop.submit(c.OpenEngine(Settings(**settings)))
    soon = loop.clock.now() + 600 * MINUTE
    for command in (
        c.RegisterStore("s", "Store", HERE, 0),
        c.ListProduct("p", "Ramen", "food"),
        c.SetPrice("s", "p", 900),
        c.ReceiveStock("s", "p", 10),
        ANN,
        c.RegisterCourier("kim", Vehicle.SCOOTER, 12),
        c.StartShift("kim", soon),
        c.RequestQuote("q", "svc", "ann", "s", [Line("p", 1)], HERE),
    ):
        assert (await loop.submit(command)).record.rejection is None
    return (await loop.submit(c.PlaceOrder("o", "svc", "q", "bank"))).record
