"""The engine loop: what it promises to whoever submits and listens."""

import asyncio
import sqlite3
from collections import Counter

import pytest

from engine import commands as c
from engine import events as e
from engine import snapshot
from engine.engine import Engine
from engine.rejections import RejectionReason
from engine.values import Line
from gateway.clock import resumed
from gateway.loop import INBOX_MAX, SALES_MAX, UNDURABLE_MAX, EngineLoop
from gateway.storage.journal import JOURNAL_FILE, SqliteJournal, StorageError, StorageFullError
from gateway.storage.recovery import recover
from gateway.storage.snapshots import Snapshots
from gateway.storage.verification import verify
from gateway.submissions import (
    IdempotencyConflictError,
    NoRoomError,
    OverloadedError,
    UnsettledError,
)
from tests.loops import ANN, BOB, HERE, MemoryJournal, moments, run, serving, several

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
                await loop.snapshotting.take()
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


@run
async def test_when_there_is_no_room_for_what_was_decided_it_is_kept_and_nobody_waits():
    """A quota, say, of which the file system tells nothing beforehand."""
    journal, heard = MemoryJournal(), []
    async with serving(journal) as loop:
        loop.on_durable(heard.extend)
        journal.failure = StorageFullError("no room for the journal")
        with pytest.raises(UnsettledError):
            await loop.submit(ANN, "k")
        assert loop.is_full
        assert loop.is_stuck
        for key in ("k", "j"):  # decided, nobody knows whether for good; and not decided
            with pytest.raises(UnsettledError if key == "k" else NoRoomError):
                await loop.submit(ANN, key)
        patient = asyncio.create_task(loop.until_durable())
        await moments()
        assert heard == journal.records == []
        assert not patient.done()
        journal.failure = None
        assert await patient == 1
        assert (await loop.submit(ANN, "k")).replayed
        assert not loop.is_stuck
        await loop.submit(BOB)
    assert [x.command for x in heard] == [x.command for x in journal.records] == [ANN, BOB]


@run
async def test_who_waits_to_tell_what_he_read_when_the_disk_fills_is_told_at_once():
    """He has somebody waiting for him: whether there is room again may take for ever."""
    journal = MemoryJournal()
    async with serving(journal) as loop:
        journal.gate.clear()
        [taken] = several(loop, [ANN])
        await moments()
        reading = [asyncio.create_task(loop.settled()) for _ in range(3)]
        gone, patient = reading.pop(), asyncio.create_task(loop.until_durable())
        await moments()
        gone.cancel()
        journal.failure = StorageFullError("no room for the journal")
        journal.gate.set()
        for asked in (taken, *reading):
            with pytest.raises(UnsettledError):
                await asked
        with pytest.raises(UnsettledError):  # nor does he wait who comes now
            await loop.settled()
        assert not patient.done()
        journal.failure = None
        assert await patient == await loop.settled() == 1


@run
async def test_who_is_stopped_while_there_is_no_room_ends_and_says_so():
    journal = MemoryJournal()
    loop = EngineLoop(Engine(), journal, resumed(0))
    running = asyncio.create_task(loop.run())
    await asyncio.sleep(0.01)
    journal.failure = StorageFullError("no room for the journal")
    with pytest.raises(UnsettledError):
        await loop.submit(ANN)
    loop.stop()
    with pytest.raises(StorageFullError):
        await running
    with pytest.raises(NoRoomError):
        await loop.submit(BOB)
    assert journal.records == []


@pytest.mark.parametrize(
    ("failure", "told"),
    [
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
