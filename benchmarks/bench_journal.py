"""What storage costs: durable appends beside a bare file, recovery, verification, snapshots."""

import os
import time

import pytest

from engine import snapshot
from engine.codec import encode
from gateway.storage.journal import JOURNAL_FILE, JournalReader, SqliteJournal
from gateway.storage.recovery import collector_paused, recover
from gateway.storage.snapshots import Snapshot, Snapshots
from gateway.storage.verification import verify
from tests.scripted_day import ScriptedDay

WARM = 20_000  # records in the journal before anything is measured: its log has been around


@pytest.fixture(scope="module")
def records():
    with collector_paused():
        return list(ScriptedDay(1, orders=6_000, couriers=600, stores=100, hours=3))


@pytest.fixture(scope="module")
def day(tmp_path_factory, records):
    """A directory with all of the day's records."""
    directory = tmp_path_factory.mktemp("day")
    journal = SqliteJournal(directory / JOURNAL_FILE)
    for k in range(0, len(records), 1_000):
        journal.append(records[k : k + 1_000])
    journal.close()
    return directory


def in_batches(benchmark, records, size, append):
    batches = iter([records[k : k + size] for k in range(WARM, len(records), size)])
    rounds = min(40, (len(records) - WARM) // size)
    benchmark.pedantic(append, setup=lambda: ((next(batches),), {}), rounds=rounds)
    benchmark.extra_info["records_per_second"] = round(size / benchmark.stats["median"])


@pytest.mark.parametrize("size", [1, 10, 100, 1_000])
def test_append_durably(benchmark, tmp_path, records, size):
    """Wall time: most of it is the disk's."""
    journal = SqliteJournal(tmp_path / JOURNAL_FILE)
    for k in range(0, WARM, 1_000):
        journal.append(records[k : k + 1_000])
    in_batches(benchmark, records, size, journal.append)
    journal.close()


@pytest.mark.parametrize("size", [1, 10, 100, 1_000])
def test_append_durably_the_limit(benchmark, tmp_path, records, size):
    """The same bytes into a preallocated file: nothing can be faster on this disk."""
    file = os.open(tmp_path / "limit", os.O_CREAT | os.O_WRONLY)
    os.posix_fallocate(file, 0, 1 << 26)

    def append(batch):
        os.write(file, b"".join(map(encode, batch)))
        os.fdatasync(file)

    in_batches(benchmark, records, size, append)
    os.close(file)


@pytest.mark.benchmark(timer=time.process_time)
def test_recover_a_day_without_snapshots(benchmark, day, records):
    """Read, verify each digest, decode, apply. Goal: 150,000 records a second."""
    with JournalReader(day / JOURNAL_FILE) as journal:
        engine = benchmark.pedantic(recover, args=(journal,), rounds=3, warmup_rounds=1)
    assert engine.seq == len(records)
    benchmark.extra_info["records_per_second"] = round(len(records) / benchmark.stats["min"])


@pytest.mark.benchmark(timer=time.process_time)
def test_verify_a_day(benchmark, day, records):
    report = benchmark.pedantic(verify, args=(day,), rounds=1)
    assert (report.exit_code, report.decided) == (0, len(records))


def test_save_a_snapshot_of_a_day(benchmark, day):
    """Beside the loop, in a process of its own: no command waits for it."""
    with JournalReader(day / JOURNAL_FILE) as journal:
        engine, (seq, digest) = recover(journal), journal.head()
    taken = Snapshot(seq, digest, snapshot.dump(engine), b"")
    path = benchmark.pedantic(Snapshots(day).save, args=(taken,), rounds=5)
    path.unlink()
