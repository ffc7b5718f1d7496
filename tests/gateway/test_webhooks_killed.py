"""kill -9 while webhooks are under way: every event of every log arrives, in order of its subject."""

import asyncio
import contextlib
import random
import sys
from types import SimpleNamespace

from gateway import messages as m
from gateway.client import Client
from gateway.clock import wall_ms
from gateway.storage.journal import JOURNAL_FILE, JournalReader
from gateway.storage.recovery import Recovery
from gateway.tokens import Tokens, load_secret
from tests.receiving import Receiver
from tests.serving import accepted, delivered, later, live, set_up

KILLS = 4
ROLES = {
    "operator": ("operator", "ops"),
    "shop": ("order_service", "shop"),
    "store": ("store", "s1"),
    "kim": ("courier", "kim"),
    "bank": ("payment_provider", "bank"),
}


async def started(folder):
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.webhooks_child", str(folder), stdout=asyncio.subprocess.PIPE
    )
    return child, (await child.stdout.readline()).decode().strip()


@contextlib.asynccontextmanager
async def connected(folder, url):
    tokens = Tokens(load_secret(folder))

    def client(role, subject):
        return Client(url, lambda: tokens.mint(role, subject, 600, wall_ms() // 1_000))

    city = SimpleNamespace(**{k: client(*who) for k, who in ROLES.items()})
    for x in vars(city).values():
        x.start()
    try:
        for x in vars(city).values():
            await x.ready()
        yield city
    finally:
        for x in vars(city).values():
            await x.close()


async def opened(city, receiver):
    await set_up(city)
    await city.kim.request(m.StartShift(later()))
    await city.shop.request(m.SetWebhook("w", "orders", receiver.url))


async def work(city, prefix):
    number = 0
    while True:
        number += 1
        await accepted(city, f"{prefix}{number}")
        delivery = f"{prefix}{number}/1"
        await city.kim.request(m.ReportPickup(delivery))
        await city.kim.request(m.ReportDropoff(delivery))


@live
async def test_every_event_arrives_however_often_the_server_is_killed(tmp_path):
    chance = random.Random(5)
    async with Receiver() as receiver:
        for round_ in range(KILLS):
            child, url = await started(tmp_path)
            async with connected(tmp_path, url) as city:
                if not round_:
                    await opened(city, receiver)
                await delivered(city, f"warm{round_}")  # kernels are loaded by now
                working = asyncio.create_task(work(city, f"r{round_}-"))
                await asyncio.sleep(0.4 + chance.random() * 0.4)
                child.kill()
                await child.wait()
                working.cancel()
                await asyncio.gather(working, return_exceptions=True)
        child, url = await started(tmp_path)
        async with connected(tmp_path, url) as city:
            [state] = (await city.shop.request(m.ListWebhooks())).webhooks
            while state.pending:
                [state] = (await city.shop.request(m.ListWebhooks())).webhooks
                await asyncio.sleep(0.05)
        child.terminate()
        await child.wait()
    expected = logged(tmp_path)
    assert len(expected) > 40
    assert {x["seq"] for x in receiver.events} == expected
    assert state.dropped == state.dead == 0
    first_of = {}
    for x in receiver.events:
        first_of.setdefault(x["seq"], x)
        assert first_of[x["seq"]] == x, "the same id, the same words"
    for key in {x["data"]["order"] for x in receiver.events}:
        its = [seq for seq, x in first_of.items() if x["data"]["order"] == key]
        assert its == sorted(its)


def logged(folder):
    """All that the journal says was told."""
    from gateway.telling.feeds import FeedHub

    with JournalReader(folder / JOURNAL_FILE) as journal:
        recovery = Recovery(journal, 0)
        hub = FeedHub(recovery.engine)
        told = set()
        for record in journal.read():
            recovery.engine.apply(record)
            told |= {seq for feed, subject, seq, _ in hub.fold(record) if feed == "orders"}
    return told
