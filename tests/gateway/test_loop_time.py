"""The engine loop in time: timers, stops, snapshots, and what it measures of itself."""

import asyncio

import pytest

from engine import commands as c
from engine import events as e
from engine import snapshot
from engine.engine import Engine
from engine.values import HOUR, MINUTE, SECOND
from gateway.clock import Clock, resumed, wall_ms
from gateway.latency import Latency, OrderToPlan, quantile
from gateway.loop import UNDURABLE_MAX, EngineLoop
from gateway.storage.journal import JOURNAL_FILE, SqliteJournal
from gateway.storage.recovery import Recovery, recover
from gateway.storage.snapshots import Snapshots
from gateway.storage.verification import verify
from gateway.submissions import (
    StoppingError,
)
from tests.loops import ANN, BOB, MemoryJournal, open_shop, run, serving, several
from tests.scripted_day import OPENS_AT, ScriptedDay

# time


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


@run
async def test_what_was_due_while_it_was_away_is_made_up_for_in_batches():
    """Planning rounds of a day on which somebody waited: they never fill the memory."""
    journal = MemoryJournal()
    async with serving(journal) as loop:
        placed = await open_shop(loop, courier_search_ms=0)  # nobody gives it up
        [due] = [x.amount_minor for x in placed.events if isinstance(x, e.PaymentRequested)]
        await loop.submit(c.ReportAuthorization("bank", "o/1", True, due))
        await loop.submit(c.AcceptOrder("s", "o", loop.clock.now()))
    later = loop.engine.now + 24 * HOUR
    known, told = len(journal.records), []
    async with serving(journal, loop.engine, Clock(later)) as again:
        again.on_durable(lambda batch: told.append(len(batch)))
        reply = await again.submit(BOB)
    assert reply.record.at >= later
    assert len(journal.records) - known > 3 * UNDURABLE_MAX
    assert max(told) <= 2 * UNDURABLE_MAX


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
        while loop.snapshotting.failure is None:
            await asyncio.sleep(0.01)
        assert "snapshot-000000000000001.bin" in str(loop.snapshotting.failure)
        in_the_way.rmdir()
        await loop.submit(BOB)
        while loop.snapshotting.failure is not None:
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
                    await loop.snapshotting.take()
        assert snapshot.dump(recover(journal)) == snapshot.dump(loop.engine)
        journal.close()

    live()
    report = verify(tmp_path, audit_every=100)
    assert report.findings == []
    assert report.snapshots == 2
    assert report.records > len(day)  # timers fired


# measuring


def test_a_quantile_is_one_of_the_samples():
    assert [quantile(range(1, 101), q) for q in (0, 0.5, 0.99, 1)] == [1, 50, 99, 100]
    assert quantile([7.5], 0.99) == 7.5
    assert quantile([], 0.5) == 0


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
