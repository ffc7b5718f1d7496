"""What a client waits for: wall time until 1,000 commands are decided, durable and answered."""

import asyncio
from itertools import count

import pytest

from engine.commands import RegisterCustomer
from engine.engine import Engine
from gateway.clock import resumed
from gateway.loop import EngineLoop
from gateway.storage.journal import JOURNAL_FILE, SqliteJournal

N = 1_000


class NoDisk:
    """What is left is the loop itself."""

    def append(self, records):
        pass

    def must_be_ours(self):
        pass

    def has_room(self):
        return True


@pytest.fixture(params=["sqlite", "no disk"])
def journal(request, tmp_path):
    if request.param == "no disk":
        yield NoDisk()
        return
    journal = SqliteJournal(tmp_path / JOURNAL_FILE)
    yield journal
    journal.close()


@pytest.mark.parametrize("clients", [1, 100, 1_000])
def test_1k_commands_answered_to(benchmark, journal, clients):
    """Each client waits for one answer before it asks again. A new loop every round."""
    engine, names = Engine(), count()
    lags, syncs = [], []

    async def client(loop):
        for _ in range(N // clients):
            n = next(names)
            await loop.submit(RegisterCustomer(f"customer-{n}"), f"service/k-{n:012x}")

    async def serve():
        loop = EngineLoop(engine, journal, resumed(engine.now))
        running = asyncio.create_task(loop.run())
        await asyncio.gather(*(client(loop) for _ in range(clients)))
        loop.stop()
        await running
        lags.append(loop.lag_ms.p99)
        syncs.append(loop.sync_ms.p50)

    benchmark.pedantic(lambda: asyncio.run(serve()), rounds=5)
    benchmark.extra_info["commands_per_second"] = round(N / benchmark.stats["median"])
    benchmark.extra_info["lag_p99_ms"] = round(max(lags), 1)
    benchmark.extra_info["sync_p50_ms"] = round(sorted(syncs)[len(syncs) // 2], 2)
