"""The engine loop: what it promises to whoever submits, listens, or restarts it."""

import asyncio
import sqlite3
import threading
from collections import Counter
from contextlib import asynccontextmanager

import pytest

from engine import commands as c
from engine import events as e
from engine import snapshot
from engine.engine import Engine
from engine.rejections import RejectionReason
from engine.settings import Settings
from engine.values import MINUTE, SECOND, Line
from gateway.clock import Clock, resumed, wall_ms
from gateway.journal import JOURNAL_FILE, SqliteJournal, StorageError, StorageFullError
from gateway.latency import Latency, OrderToPlan
from gateway.loop import INBOX_MAX, SALES_MAX, UNDURABLE_MAX, EngineLoop
from gateway.recovery import Recovery, recover
from gateway.snapshots import Snapshots
from gateway.submissions import (
    IdempotencyConflictError,
    NoRoomError,
    OverloadedError,
    StoppingError,
    UnsettledError,
)
from gateway.verification import verify
from geo.points import Point
from geo.travel import Vehicle
from tests.scripted_day import OPENS_AT, ScriptedDay

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


# durable, then told


@run
async def test_nothing_leaves_before_it_is_durable():
    """Neither the reply, nor the news, nor what was read; however long the disk takes."""
    journal, seen, told = MemoryJournal(), [], []
    async with serving(journal) as loop:
        loop.on_record(seen.append)
        loop.on_durable(told.append)
        journal.gate.clear()
        reply = asyncio.create_task(loop.submit(ANN))
        await moments()
        settled = asyncio.create_task(loop.settled())
        await moments()
        assert loop.engine.seq == 1  # decided, and yet
        assert [x.seq for x in seen] == [1]
        assert (reply.done(), settled.done(), told, loop.durable_seq) == (False, False, [], 0)
        journal.gate.set()
        record, replayed = await reply
        assert (record.command, replayed) == (ANN, False)
        assert told == [[record]] == [journal.records]
        assert await settled == loop.durable_seq == 1


@run
async def test_while_one_batch_is_written_the_next_is_decided_and_waits():
    journal = MemoryJournal()
    async with serving(journal) as loop:
        journal.gate.clear()
        first = several(loop, [ANN])
        await moments()
        second = several(loop, [BOB])
        await moments()
        assert loop.engine.seq == 2
        assert not any(x.done() for x in first + second)
        journal.gate.set()
        await asyncio.gather(*first, *second)
        assert journal.batches == 2


@run
async def test_whoever_comes_together_shares_a_commit():
    journal = MemoryJournal()
    async with serving(journal) as loop:
        await asyncio.gather(*several(loop, [c.RegisterCustomer(f"c{n}") for n in range(500)]))
    assert len(journal.records) == 500
    assert journal.batches < 10


@run
async def test_a_subscriber_sees_the_state_exactly_as_each_record_left_it():
    journal, states = MemoryJournal(), []
    async with serving(journal) as loop:
        loop.on_record(lambda record: states.append((record.seq, snapshot.dump(loop.engine))))
        await asyncio.gather(*several(loop, [c.RegisterCustomer(f"c{n}") for n in range(50)]))
    shadow = Engine()
    for record, (seq, state) in zip(journal.records, states, strict=True):
        shadow.apply(record)
        assert (record.seq, snapshot.dump(shadow)) == (seq, state)


@run
async def test_records_are_told_once_each_and_in_order():
    journal, told = MemoryJournal(), []
    async with serving(journal) as loop:
        loop.on_durable(told.extend)
        for _ in range(20):
            several(loop, [c.RegisterStore(f"s{loop.engine.seq}", "S", HERE, 0)] * 7)
            await asyncio.sleep(0.001)
    assert told == journal.records
    assert [x.seq for x in told] == list(range(1, len(told) + 1))


@run
async def test_a_client_that_left_does_not_take_its_command_along():
    journal = MemoryJournal()
    async with serving(journal) as loop:
        journal.gate.clear()
        left, stays = several(loop, [ANN, ANN], ["k", "k"])
        await moments()
        left.cancel()
        await moments()
        journal.gate.set()
        assert (await stays).record.command == ANN


# once, however often it is sent


@run
async def test_a_repeat_gets_the_first_answer():
    """On its way, decided, durable: whenever it comes."""
    journal = MemoryJournal()
    async with serving(journal) as loop:
        journal.gate.clear()
        early = several(loop, [ANN, ANN, ANN], ["k"] * 3)
        await moments()
        assert loop.engine.seq == 1
        decided = several(loop, [ANN], ["k"])
        await moments()
        journal.gate.set()
        first, *others = await asyncio.gather(*early, *decided)
        late = await loop.submit(ANN, "k")
        assert [x.replayed for x in (first, *others, late)] == [False, True, True, True, True]
        assert {x.record.seq for x in (first, *others, late)} == {1}
        assert late.record == first.record
    assert len(journal.records) == 1


@run
async def test_a_refusal_stays_a_refusal():
    """Even when the reason is gone."""
    command = c.OpenStore("s")
    async with serving(MemoryJournal()) as loop:
        first = await loop.submit(command, "k")
        assert first.record.rejection.reason is RejectionReason.UNKNOWN
        await loop.submit(c.RegisterStore("s", "Store", HERE, 0))
        again = await loop.submit(command, "k")
        assert again == (first.record, True)
        assert (await loop.submit(command, "another")).record.rejection is None


@run
async def test_a_key_used_for_something_else_is_a_conflict():
    journal = MemoryJournal()
    async with serving(journal) as loop:
        journal.gate.clear()
        first = several(loop, [ANN], ["k"])
        await moments()
        with pytest.raises(IdempotencyConflictError):  # while it is on its way
            await loop.submit(BOB, "k")
        journal.gate.set()
        await first[0]
        with pytest.raises(IdempotencyConflictError) as conflict:  # and afterwards
            await loop.submit(BOB, "k")
        assert (conflict.value.code, conflict.value.retry_after_s) == ("idempotency_conflict", None)
    assert len(journal.records) == 1


def test_keys_are_known_after_a_restart(tmp_path):
    """With a snapshot before them, after them, and without."""
    answers = {}

    @run
    async def live(life):
        journal = SqliteJournal(tmp_path / JOURNAL_FILE)
        snapshots = Snapshots(tmp_path)
        async with serving(journal, recover(journal), snapshots=snapshots) as loop:
            for n in range(life * 5):
                reply = await loop.submit(c.RegisterCustomer(f"c{n}"), f"k{n}")
                assert reply.replayed == (n in answers)
                assert answers.setdefault(n, reply.record) == reply.record
                with pytest.raises(IdempotencyConflictError):
                    await loop.submit(ANN, f"k{n}")
            if life == 2:
                await loop.take_snapshot()
        journal.close()
        if life == 3:
            for path in snapshots.paths():
                path.unlink()

    for life in (1, 2, 3, 4):
        live(life)
    assert verify(tmp_path).exit_code == 0
    assert verify(tmp_path).records == len(answers) == 20


# too much


@run
async def test_overload_sheds_new_business_first_and_then_everybody():
    journal = MemoryJournal()
    sale = c.RequestQuote("q", "svc", "ann", "s", [Line("p", 1)], HERE)
    async with serving(journal) as loop:
        journal.gate.clear()
        taken = several(loop, [c.RegisterCustomer(f"c{n}") for n in range(UNDURABLE_MAX)])
        while loop.engine.seq < UNDURABLE_MAX:
            await moments()
        more = loop.durable_seq + UNDURABLE_MAX  # one batch may be on its way to the disk
        taken += several(loop, [c.RegisterCustomer(f"d{n}") for n in range(more + SALES_MAX)])
        await moments()
        with pytest.raises(OverloadedError) as refused:
            await loop.submit(sale)
        assert refused.value.code == "overloaded"
        assert 1 <= refused.value.retry_after_s <= 30
        taken += several(
            loop, [c.RegisterCustomer(f"e{n}") for n in range(INBOX_MAX - loop.inbox_size)]
        )
        await moments()
        assert loop.inbox_size == INBOX_MAX
        with pytest.raises(OverloadedError):
            await loop.submit(ANN)
        journal.gate.set()
        await asyncio.gather(*taken)  # what was taken is answered
        assert (await loop.submit(sale)).record.rejection.reason is RejectionReason.UNKNOWN
    assert len(journal.records) == len(taken) + 1


@run
async def test_a_full_disk_refuses_and_takes_up_again():
    journal = MemoryJournal()
    journal.room = False
    async with serving(journal) as loop:
        assert loop.is_full
        with pytest.raises(NoRoomError) as refused:
            await loop.submit(ANN)
        assert (refused.value.code, refused.value.retry_after_s) == ("storage_full", 5.0)
        assert await loop.settled() == loop.engine.seq == 0  # reading goes on
        journal.room = True
        while loop.is_full:
            await asyncio.sleep(0.01)
        await loop.submit(ANN, "k")
        journal.room = False
        await loop.submit(BOB)  # decided with the last room there was, and kept
        with pytest.raises(NoRoomError):
            await loop.submit(c.RegisterCustomer("cid"))
        assert (await loop.submit(ANN, "k")).replayed  # what is known can be said
    assert [x.command for x in journal.records] == [ANN, BOB]


@run
async def test_whoever_came_before_the_disk_was_found_full_is_refused_too():
    journal = MemoryJournal()
    journal.room = False
    loop = EngineLoop(Engine(), journal, resumed(0))
    early = several(loop, [ANN])
    await asyncio.sleep(0)
    running = asyncio.create_task(loop.run())
    with pytest.raises(NoRoomError):
        await early[0]
    loop.stop()
    await running
    assert journal.records == []


@run
async def test_whoever_waits_when_room_runs_out_is_refused_and_not_decided():
    journal = MemoryJournal()
    async with serving(journal) as loop:
        journal.gate.clear()
        taken = several(loop, [c.RegisterCustomer(f"c{n}") for n in range(3 * UNDURABLE_MAX)])
        await moments()
        journal.room = False
        journal.gate.set()
        outcomes = await asyncio.gather(*taken, return_exceptions=True)
    kinds = Counter(type(x) for x in outcomes)
    assert kinds[NoRoomError] > 0
    assert kinds.total() - kinds[NoRoomError] == len(journal.records) == loop.engine.seq


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (StorageFullError("no room for the journal"), NoRoomError),
        (StorageError("disk I/O error"), UnsettledError),
        (sqlite3.DatabaseError("malformed"), UnsettledError),
    ],
)
def test_a_failed_append_ends_the_loop_and_acknowledges_nothing(failure, told):
    """An fsync that failed once proves nothing when it is repeated: only a new start does."""

    @run
    async def live():
        journal, heard = MemoryJournal(), []
        loop = EngineLoop(Engine(), journal, resumed(0))
        loop.on_durable(heard.append)
        running = asyncio.create_task(loop.run())
        journal.gate.clear()
        taken = several(loop, [c.RegisterCustomer(f"c{n}") for n in range(3 * UNDURABLE_MAX)])
        await moments()
        journal.failure = failure
        journal.gate.set()
        with pytest.raises(type(failure)):
            await running
        outcomes = await asyncio.gather(*taken, return_exceptions=True)
        assert {type(x) for x in outcomes} == {told}
        with pytest.raises(told):
            await loop.submit(ANN)
        with pytest.raises(told):
            await loop.settled()
        assert heard == journal.records == []

    live()


@run
async def test_a_bug_stops_the_engine_before_anything_of_that_turn_leaves():
    journal, engine = MemoryJournal(), Engine()

    def bug(_event):
        raise AssertionError("an invariant does not hold")

    engine._state_of[e.CustomerRegistered] = bug
    loop = EngineLoop(engine, journal, resumed(0))
    running = asyncio.create_task(loop.run())
    taken = several(loop, [ANN, c.Tick()])
    with pytest.raises(AssertionError, match="an invariant"):
        await running
    outcomes = await asyncio.gather(*taken, return_exceptions=True)
    assert [type(x) for x in outcomes] == [UnsettledError] * 2
    assert journal.records == []


# time


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


@pytest.mark.parametrize(("speed", "timeout_ms"), [(1, 40), (600, 24 * SECOND)])
def test_timers_fire_by_themselves_and_at_their_time(speed, timeout_ms):
    @run
    async def live():
        told = []
        clock = resumed(0, speed)
        async with serving(MemoryJournal(), clock=clock) as loop:
            loop.on_durable(told.extend)
            placed = await open_shop(loop, payment_timeout_ms=timeout_ms)
            while not isinstance(told[-1].command, c.ExpirePayment):
                await asyncio.sleep(0.005)
            fired = told[-1]
            assert fired.at == placed.at + timeout_ms  # however late we were
            assert fired.at <= clock.now()
            assert any(isinstance(x, e.PaymentFailed) for x in fired.events)
            assert loop.engine.state.orders["o"].status == "cancelled"

    live()


@run
async def test_on_a_full_disk_timers_wait_and_then_fire_at_their_time():
    journal = MemoryJournal()
    async with serving(journal) as loop:
        placed = await open_shop(loop, payment_timeout_ms=150)
        journal.room = False
        await loop.submit(BOB)
        while loop.clock.now() < placed.at + 200:
            await asyncio.sleep(0.01)
        assert loop.engine.next_due() == placed.at + 150
        assert loop.engine.now < placed.at + 150
        journal.room = True
        while loop.engine.next_due() is not None and loop.engine.next_due() <= placed.at + 150:
            await asyncio.sleep(0.01)
    fired = [x for x in journal.records if isinstance(x.command, c.ExpirePayment)]
    assert [x.at for x in fired] == [placed.at + 150]


def test_the_clock_runs_at_its_speed_and_never_back():
    monotonic_ns = [5_000_000_000]
    clock = Clock(1_000_000, 60, read_ns=lambda: monotonic_ns[0])
    assert clock.now() == 1_000_000
    monotonic_ns[0] += 1_000_000_000
    assert clock.now() == 1_000_000 + 60 * SECOND
    assert clock.wall_s_until(clock.now() + 60 * SECOND) == 1.0
    assert clock.wall_s_until(clock.now() - 1) == 0
    monotonic_ns[0] -= 500_000_000  # a monotonic clock does not, and if it did
    assert clock.now() == 1_000_000 + 60 * SECOND
    with pytest.raises(ValueError, match="speed 0"):
        Clock(0, 0)


def test_a_resumed_clock_goes_on_from_the_last_record_or_from_today():
    assert resumed(0).now() >= wall_ms() - SECOND
    tomorrow = wall_ms() + 24 * 60 * MINUTE
    assert resumed(tomorrow).now() >= tomorrow


# snapshots and the end


@run
async def test_a_stopped_loop_finishes_what_it_took_and_keeps_a_snapshot(tmp_path):
    journal = SqliteJournal(tmp_path / JOURNAL_FILE)
    loop = EngineLoop(
        Engine(),
        journal,
        resumed(0),
        Snapshots(tmp_path),
        feeds=lambda: b"feeds at %d" % loop.engine.seq,
    )
    running = asyncio.create_task(loop.run())
    taken = several(loop, [c.RegisterCustomer(f"c{n}") for n in range(300)])
    await asyncio.sleep(0)
    loop.stop()
    with pytest.raises(StoppingError) as refused:
        await loop.submit(ANN)
    assert refused.value.code == "stopping"
    await running
    assert len([x.result() for x in taken]) == loop.durable_seq == 300
    with pytest.raises(StoppingError):
        await loop.submit(ANN)
    recovery = Recovery(journal)
    assert (recovery.engine.seq, recovery.feeds) == (300, b"feeds at 300")
    journal.close()


@run
async def test_snapshots_are_taken_now_and_then_with_the_feeds_of_that_moment(tmp_path):
    journal, snapshots = SqliteJournal(tmp_path / JOURNAL_FILE), Snapshots(tmp_path)
    options = {"snapshots": snapshots, "snapshot_every": 50}
    async with serving(journal, feeds=lambda: b"%d" % loop.engine.seq, **options) as loop:
        for n in range(120):
            await loop.submit(c.RegisterCustomer(f"c{n}"))
        while not snapshots.paths():
            await asyncio.sleep(0.01)
        for kept in snapshots.intact():
            assert kept.feeds == b"%d" % kept.seq
            assert kept.digest == journal.digest_at(kept.seq)
    journal.close()
    assert verify(tmp_path).findings == []


@run
async def test_a_snapshot_that_fails_is_noted_and_costs_nothing_else(tmp_path):
    journal = SqliteJournal(tmp_path / JOURNAL_FILE)
    in_the_way = tmp_path / "snapshot-000000000000001.bin"
    in_the_way.mkdir()
    async with serving(journal, snapshots=Snapshots(tmp_path), snapshot_every=1) as loop:
        await loop.submit(ANN)
        while loop.snapshot_failure is None:
            await asyncio.sleep(0.01)
        assert "snapshot-000000000000001.bin" in str(loop.snapshot_failure)
        in_the_way.rmdir()
        await loop.submit(BOB)
        while loop.snapshot_failure is not None:
            await asyncio.sleep(0.01)
    assert loop.durable_seq == 2
    journal.close()


def test_what_a_loop_wrote_is_found_sound(tmp_path):
    """A day's commands, twenty at a time, with real time, timers, keys and snapshots."""
    day = [
        (x.command, x.key)
        for x in ScriptedDay(7, orders=30, couriers=6, stores=2, hours=0.2)
        if isinstance(x.command, c.ExternalCommand | c.OpenEngine)
    ]

    @run
    async def live():
        journal = SqliteJournal(tmp_path / JOURNAL_FILE)
        clock = Clock(OPENS_AT, speed=600)
        async with serving(journal, clock=clock, snapshots=Snapshots(tmp_path)) as loop:
            for k in range(0, len(day), 20):
                replies = [loop.submit(command, key) for command, key in day[k : k + 20]]
                await asyncio.gather(*replies)
                if k == 300:
                    await loop.take_snapshot()
        assert snapshot.dump(recover(journal)) == snapshot.dump(loop.engine)
        journal.close()

    live()
    report = verify(tmp_path, audit_every=100)
    assert report.findings == []
    assert report.snapshots == 2
    assert report.records > len(day)  # timers fired


# measuring


def test_quantiles_are_of_the_latest_samples():
    latency = Latency()
    assert latency.p99 == 0
    for ms in range(10_000):
        latency.add(ms)
    assert latency.count == 10_000
    assert 10_000 - 4_096 <= latency.quantile(0) < latency.p50 < latency.p99 < 10_000
    assert latency.quantile(1) == 9_999


def test_the_time_from_order_to_plan_is_measured_for_every_planned_delivery():
    order_to_plan, created, planned = OrderToPlan(), 0, set()
    for record in ScriptedDay(2, orders=20, couriers=4, stores=2, hours=0.2):
        order_to_plan([record])
        for event in record.events:
            created += isinstance(event, e.DeliveryCreated)
            if isinstance(event, e.RoutePlanned):
                planned |= {stop.delivery for stop in event.stops}
    assert order_to_plan.latency.count == len(planned) > 5
    assert order_to_plan.waiting <= created - len(planned)


@run
async def test_the_lag_of_the_loop_and_the_time_of_a_commit_are_measured():
    async with serving(MemoryJournal()) as loop:
        await loop.submit(ANN)
        while not loop.lag_ms.count:
            await asyncio.sleep(0.01)
        assert loop.lag_ms.p99 >= 0
        assert loop.sync_ms.count == loop.batches == 1
