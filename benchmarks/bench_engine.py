"""What the engine costs: deciding, applying, encoding. Milliseconds per 1,000 are µs each.

CPU time of one thread. The records are those of a scripted day (tests/scripted_day.py): 6,000
orders, 600 couriers who report every 30 s, payments, plans, offers, cancellations, timers.
"""

import time

import pytest

from engine import codec, snapshot
from engine.commands import TimerCommand
from engine.engine import Engine
from gateway.storage.recovery import collector_paused
from tests.scripted_day import ScriptedDay

N = 1_000
BATCHES = 30
pytestmark = pytest.mark.benchmark(timer=time.process_time)


@pytest.fixture(scope="module")
def records():
    with collector_paused():
        return list(ScriptedDay(1, orders=6_000, couriers=600, stores=100, hours=3))


@pytest.fixture
def middle(records):
    """An engine half a day old, and the 30 thousand records that come next."""
    half = len(records) // 2
    engine = Engine()
    with collector_paused():
        for record in records[:half]:
            engine.apply(record)
    return engine, records[half : half + N * BATCHES]


def thousand_by_thousand(benchmark, items, work):
    assert len(items) == N * BATCHES
    batches = iter([items[k : k + N] for k in range(0, N * BATCHES, N)])
    benchmark.pedantic(work, setup=lambda: ((next(batches),), {}), rounds=BATCHES)
    benchmark.extra_info["per_second"] = round(N / benchmark.stats["median"])


def test_decide_1k_commands_of_a_mixed_day(benchmark, middle):
    """Those of timers included: they are decided like any other. Goal: below 20 ms."""
    engine, records = middle

    def decide(batch):
        for record in batch:
            if not isinstance(record.command, TimerCommand):
                engine.step(record.at, record.command, record.key)

    thousand_by_thousand(benchmark, records, decide)


def test_apply_1k_records(benchmark, middle):
    engine, records = middle

    def apply(batch):
        for record in batch:
            engine.apply(record)

    thousand_by_thousand(benchmark, records, apply)


def test_encode_and_chain_1k_records(benchmark, middle):
    def write(batch):
        digest = codec.GENESIS
        for record in batch:
            digest = codec.chain(digest, codec.encode(record))

    thousand_by_thousand(benchmark, middle[1], write)


@pytest.mark.parametrize("what", ["decode", "decode_outcome"])
def test_decode_1k_records(benchmark, middle, what):
    """Whole, as for a replay, and without the command, as for recovery."""
    read = getattr(codec, what)
    bodies = [codec.encode(record) for record in middle[1]]
    thousand_by_thousand(benchmark, bodies, lambda batch: [read(body) for body in batch])


def test_dump_the_state_of_6k_orders(benchmark, records):
    engine = Engine()
    for record in records:
        engine.apply(record)
    benchmark.pedantic(snapshot.dump, args=(engine,), rounds=5)
    benchmark.extra_info["megabytes"] = round(len(snapshot.dump(engine)) / 1e6, 1)


def test_load_the_state_of_6k_orders(benchmark, records):
    engine = Engine()
    for record in records:
        engine.apply(record)
    benchmark.pedantic(snapshot.load, args=(snapshot.dump(engine),), rounds=5)
